//! The rules of text, R-151…R-171, and every type of answer.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{at, compiled, faults, field, form, found, good, known};

/// A form of one optional field called `x`.
fn one(field_type: &str, more: Value) -> super::CompiledForm {
    compiled(json!([field("x", field_type, more)]))
}

/// The answer as it is stored, and the code of its fault.
#[expect(clippy::needless_pass_by_value, reason = "written in place by every caller")]
fn stored(form: &super::CompiledForm, answer: Value) -> (Value, Option<&'static str>) {
    let tidied = form.tidy(json!({"x": answer}));
    let fault = form.validate(&tidied, &known()).first().map(|fault| fault.code);
    (tidied["x"].clone(), fault)
}

#[test]
fn r166_names_and_addresses_stay_as_written_and_only_typed_answers_are_folded() {
    let mut answers = good();
    answers["name"] = json!("ﾀｶﾊｼ１");
    answers["name_kana"] = json!("ﾀｶﾊｼ ﾊﾅｺ");
    answers["phone"] = json!("０１７－７２２－１１１１");
    let tidied = form().tidy(answers);
    assert_eq!(tidied["name"], "ﾀｶﾊｼ１");
    assert_eq!(tidied["name_kana"], "タカハシ ハナコ");
    assert_eq!(tidied["phone"], "017-722-1111");
    assert_eq!(form().validate(&tidied, &known()), []);
}

#[test]
fn r166_variants_of_a_character_stay_apart_and_keep_their_selectors() {
    let form = compiled(json!([
        field("note", "text", json!({})),
        field("person", "person_name", json!({})),
        field("place", "address", json!({})),
    ]));
    // 神 as compatibility ideograph U+FA19 and as U+795E; 葛 with a variation selector; a combining mark left apart.
    for word in ["\u{FA19}", "\u{795E}", "葛\u{E0100}城", "髙﨑𠮷", "か\u{3099}", "①㈱ｱ"] {
        let answers =
            json!({"note": word, "person": {"family": word, "family_kana": "ア"}, "place": {"text": word}});
        let tidied = form.tidy(answers.clone());
        assert_eq!(tidied, answers);
        assert_eq!(form.validate(&tidied, &known()), []);
    }
}

#[test]
fn r166_a_length_counts_characters_as_people_do() {
    let form = one("text", json!({"max_length": 3}));
    for good in ["葛葛葛", "葛\u{E0100}葛\u{E0100}葛\u{E0100}", "が\u{3099}がが", "𠮷𠮷𠮷"] {
        assert_eq!(stored(&form, json!(good)).1, None, "{good}");
    }
    for long in ["葛葛葛葛", "葛\u{E0100}葛\u{E0100}葛\u{E0100}葛", "a\u{301}".repeat(4).as_str()] {
        assert_eq!(stored(&form, json!(long)).1, Some("too_long"), "{long}");
    }
    // One grapheme of endless marks is bounded by the schema.
    let endless = format!("a{}", "\u{301}".repeat(100));
    assert_eq!(stored(&form, json!(endless)).1, Some("too_long"));
    let faults = form.validate(&json!({"x": endless}), &known());
    assert_eq!(faults[0].message_ja, "xは3文字以内にしてください");
}

#[test]
fn r165_a_name_has_parts_and_may_have_only_one() {
    let form =
        compiled(json!([{"name": "who", "label": {"ja": "申請者", "en": "Applicant"}, "type": "person_name",
                                "required": true}]));
    for good in [
        json!({"family": "髙橋", "given": "花子", "family_kana": "ﾀｶﾊｼ", "given_kana": "ハナコ"}),
        json!({"family": "スカルノ", "family_kana": "スカルノ", "roman": "Sukarno"}),
        json!({"family": "山田", "given": "愛", "family_kana": "ヤマダ", "given_kana": "アイ", "former_family": "﨑本",
               "former_family_kana": "サキモト", "alias": "山本 愛", "roman": "Yamada Ai"}),
    ] {
        assert_eq!(found(&form, json!({"who": good})), []);
    }
    for (bad, pointer, code) in [
        (
            json!({"family": "髙橋", "family_kana": "タカハシ", "given": "花子"}),
            "/who/given_kana",
            "required",
        ),
        (json!({"given": "花子", "given_kana": "ハナコ", "family_kana": "タ"}), "/who/family", "required"),
        (json!({"family": "　", "family_kana": "タ"}), "/who/family", "required"),
        (json!({"family": "髙橋", "family_kana": "たかはし"}), "/who/family_kana", "pattern"),
        (json!({"family": "髙橋", "family_kana": "タ", "roman": "髙橋"}), "/who/roman", "pattern"),
        (json!({"family": "髙橋", "family_kana": "タ", "middle": "x"}), "/who/middle", "unknown_field"),
        (json!("髙橋 花子"), "/who", "type"),
        (json!({}), "/who", "required"),
    ] {
        assert_eq!(found(&form, json!({"who": bad})), at(pointer, code), "{bad}");
    }
    let faults = form.validate(&json!({"who": {"family": "髙橋"}}), &known());
    assert_eq!(faults[0].message_ja, "申請者の氏（フリガナ）は必須です");
    assert_eq!(faults[0].message_en, "Applicant: family name in katakana is required");
}

#[test]
fn r168_days_are_taken_in_both_calendars_and_stored_as_iso_8601() {
    let form = one("date", json!({}));
    for (written, day) in [
        ("令和7年4月1日", "2025-04-01"),
        ("R7.4.1", "2025-04-01"),
        ("令和元年5月1日", "2019-05-01"),
        ("令和７年４月１日", "2025-04-01"),
        ("２０２５－０４－０１", "2025-04-01"),
    ] {
        assert_eq!(stored(&form, json!(written)), (json!(day), None));
    }
    for bad in ["平成31年5月1日", "令和7年2月29日", "2023-02-29", "昨日"] {
        assert_eq!(stored(&form, json!(bad)).1, Some("date"), "{bad}");
    }
    let faults = form.validate(&form.tidy(json!({"x": "平成31年5月1日"})), &known());
    assert_eq!(faults[0].message_ja, "xは平成の期間にない日です");
}

#[test]
fn r169_a_postcode_says_nothing_about_the_municipality() {
    let form = one("postcode", json!({}));
    for (written, kept) in
        [("０３０－８５７０", "030-8570"), ("〒030-8570", "030-8570"), ("0308570", "0308570")]
    {
        assert_eq!(stored(&form, json!(written)), (json!(kept), None));
    }
    assert_eq!(stored(&form, json!("030-857")).1, Some("pattern"));
    let address = one("address", json!({}));
    let tidied = address.tidy(json!({"x": {"postcode": "〒０３０－８５７０", "text": "青森市長島"}}));
    assert_eq!(tidied, json!({"x": {"postcode": "030-8570", "text": "青森市長島"}}));
}

#[test]
fn r170_an_address_keeps_its_words_beside_its_parts() {
    let form = one("address", json!({}));
    let full = json!({"postcode": "030-8570", "text": "青森県青森市長島１－１－１", "municipality": "02201",
                      "town": "長島一丁目", "block": "１番１号", "building": "県庁"});
    let (kept, fault) = stored(&form, full);
    assert_eq!((kept["text"].as_str(), fault), (Some("青森県青森市長島１－１－１"), None));
    assert_eq!(kept["municipality"], "022012");
    assert_eq!(kept["block"], "１番１号");
    assert_eq!(found(&form, json!({"x": {"town": "長島"}})), at("/x/text", "required"));
    assert_eq!(
        found(&form, json!({"x": {"text": "a", "municipality": "022013"}})),
        at("/x/municipality", "municipality_code")
    );
}

#[test]
fn r160_r162_a_municipality_has_its_check_digit_and_lies_in_the_prefecture() {
    let form = one("municipality", json!({}));
    for (written, kept) in [("022012", "022012"), ("02201", "022012"), ("０２２０１", "022012")] {
        assert_eq!(stored(&form, json!(written)), (json!(kept), None));
    }
    assert_eq!(stored(&form, json!("022013")).1, Some("municipality_code"));
    // The prefecture itself, and 盛岡市.
    assert_eq!(stored(&form, json!("020001")).1, Some("municipality_code"));
    assert_eq!(stored(&form, json!("032018")).1, Some("pattern"));
    assert_eq!(stored(&form, json!("2201")).1, Some("pattern"));
}

#[test]
fn r171_a_phone_number_has_digits_and_perhaps_an_extension() {
    let form = one("phone", json!({}));
    for (written, kept) in [
        ("017-722-1111", "017-722-1111"),
        ("０１７７２２１１１１", "0177221111"),
        ("+81-17-722-1111", "+81-17-722-1111"),
        ("017-722-1111 内線２３４", "017-722-1111 内線234"),
        ("017-722-1111（内線234）", "017-722-1111(内線234)"),
        ("09012345678", "09012345678"),
    ] {
        assert_eq!(stored(&form, json!(written)), (json!(kept), None));
    }
    for bad in ["017", "017--722-1111", "abc", "017-722-1111 内線", "-0177221111"] {
        assert_eq!(stored(&form, json!(bad)).1, Some("pattern"), "{bad}");
    }
}

#[test]
fn r151_a_corporate_number_is_checked_in_any_width() {
    let form = one("corporate_number", json!({}));
    assert_eq!(stored(&form, json!("２００００２００２０００１")), (json!("2000020020001"), None));
    assert_eq!(stored(&form, json!("20000200200010")).1, Some("pattern"));
    assert_eq!(stored(&form, json!("2000020020001")).1, None);
    assert_eq!(stored(&form, json!("2000020020002")).1, Some("corporate_number"));
}

#[test]
fn an_e_mail_address_is_judged_by_the_standard() {
    let form = one("email", json!({}));
    for good in ["hanako@example.jp", "a.b+c@sub.example.co.jp"] {
        assert_eq!(stored(&form, json!(good)).1, None, "{good}");
    }
    for bad in [
        "hanako",
        "hanako@",
        "@example.jp",
        "a b@example.jp",
        "花子 <hanako@example.jp>",
        "hanako@localhost",
        "x@[127.0.0.1]",
    ] {
        assert_eq!(stored(&form, json!(bad)).1, Some("email"), "{bad}");
    }
    let endless = format!("a@{}.jp", "a.".repeat(200));
    assert!(stored(&form, json!(endless)).1.is_some());
}

#[test]
fn r62_a_decimal_is_a_text_with_its_digits() {
    let form = one("decimal", json!({"scale": 2, "min": 0, "max": 100}));
    for (written, kept) in [("12.5", "12.50"), ("１２．５", "12.50"), ("0", "0.00"), ("100", "100.00")] {
        assert_eq!(stored(&form, json!(written)), (json!(kept), None));
    }
    for (bad, code) in [
        (json!("12.505"), "pattern"),
        (json!("abc"), "pattern"),
        (json!("-0.01"), "minimum"),
        (json!("100.01"), "maximum"),
        (json!(12.5), "type"),
        (json!("12.5.1"), "pattern"),
    ] {
        assert_eq!(stored(&form, bad.clone()).1, Some(code), "{bad}");
    }
}

#[test]
fn money_choices_and_statements_have_their_bounds() {
    let choices = json!([{"value": "a", "label": {"ja": "甲", "en": "A"}}, {"value": "b", "label": {"ja": "乙", "en": "B"}}]);
    let form = compiled(json!([
        field("price", "money", json!({})),
        field("kinds", "multi_choice", json!({"choices": choices, "required": true})),
        field("agreed", "statement", json!({"required": true})),
        field("known", "boolean", json!({"required": true})),
    ]));
    let good = json!({"price": 0, "kinds": ["b", "a"], "agreed": true, "known": false});
    assert_eq!(found(&form, good.clone()), []);
    for (name, bad, pointer, code) in [
        ("price", json!(-1), "/price", "minimum"),
        ("price", json!(1.0), "/price", "type"),
        ("price", json!("1"), "/price", "type"),
        ("kinds", json!([]), "/kinds", "required"),
        ("kinds", json!(["a", "a"]), "/kinds", "duplicate"),
        ("kinds", json!(["a", "c"]), "/kinds/1", "choice"),
        ("agreed", json!(false), "/agreed", "required"),
        ("agreed", json!("true"), "/agreed", "type"),
        ("known", json!(null), "/known", "type"),
    ] {
        let mut answers = good.clone();
        answers[name] = bad;
        assert_eq!(found(&form, answers), at(pointer, code));
    }
    let faults = form.validate_draft(&json!({"agreed": false, "kinds": []}), &known());
    assert_eq!(faults, [], "not agreed yet");
}

#[test]
fn r154_t9_an_individual_number_in_free_words_is_refused_and_never_repeated() {
    let form = compiled(json!([
        field("note", "text", json!({})),
        field("place", "address", json!({})),
        field("phone", "phone", json!({})),
        field("rows", "table", json!({"columns": [field("what", "text", json!({}))]})),
    ]));
    let secret = "123456789018";
    for (answers, pointer) in [
        (json!({"note": format!("番号は{secret}です")}), "/note"),
        (json!({"note": "１２３４－５６７８－９０１８"}), "/note"),
        (json!({"place": {"text": "青森市", "building": secret}}), "/place/building"),
        (json!({"rows": [{"what": "x"}, {"what": secret}]}), "/rows/1/what"),
    ] {
        assert_eq!(found(&form, answers.clone()), at(pointer, "individual_number"));
        // A draft is stored as well, so it is refused there too.
        let faults = form.validate_draft(&form.tidy(answers), &known());
        assert_eq!(faults.len(), 1);
        let said = format!("{faults:?}");
        assert!(!said.contains("5678"), "{said}");
    }
    // typed answers are exempt, and other numbers are left alone.
    assert_eq!(found(&form, json!({"phone": secret, "note": "123456789017"})), []);
}

#[test]
fn an_empty_text_is_no_answer() {
    let tidied = form().tidy(json!({"name": "", "phone": "", "note": " "}));
    assert_eq!(tidied, json!({"note": " "}));
    assert_eq!(faults(|answers| answers["name"] = json!("")), at("/name", "required"));
}

#[test]
fn answers_beyond_a_megabyte_are_refused() {
    let form = compiled(json!([field(
        "rows",
        "table",
        json!({"max_rows": 200, "columns": [
        field("a", "text", json!({"max_length": 10_000})), field("b", "text", json!({"max_length": 10_000}))]})
    )]));
    let row = json!({"a": "あ".repeat(2_000), "b": "い".repeat(2_000)});
    assert_eq!(found(&form, json!({"rows": vec![row.clone(); 50]})), []);
    assert_eq!(found(&form, json!({"rows": vec![row; 150]})), at("", "too_large"));
}

#[test]
fn a_flood_of_nonsense_is_not_answered_with_a_greater_one() {
    let choices = json!([{"value": "a", "label": {"ja": "甲", "en": "A"}}]);
    let form = compiled(json!([
        field("kinds", "multi_choice", json!({"choices": choices})),
        field("rows", "table", json!({"columns": [field("n", "money", json!({}))]})),
    ]));
    let rows = vec![json!({"n": 1.0}); 50_000];
    let faults = form.validate(&json!({"kinds": vec![1; 100_000], "rows": rows}), &known());
    assert!((1_000..=2_000).contains(&faults.len()), "{}", faults.len());
}

/// Any JSON, shaped by chance like answers.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[0-9０-９.-]{0,14}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("name".to_owned()),
        Just("rows".to_owned()),
        Just("amount".to_owned()),
        Just("family".to_owned()),
        "\\PC{0,4}",
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_answers_make_a_form_panic_and_tidying_twice_changes_nothing(answers in any_json()) {
        let form = compiled(json!([
            field("name", "person_name", json!({"required": true})),
            field("amount", "decimal", json!({"scale": 2})),
            field("rows", "table", json!({"columns": [
                field("amount", "money", json!({"required": true})),
                field("twice", "calculated", json!({"value": "row.amount * 2"}))]})),
            field("total", "calculated", json!({"value": "sum(form.rows.map(r, r.amount))"})),
        ]));
        let once = form.tidy(answers);
        let _ = form.validate(&once, &known());
        let completed = form.complete(once.clone(), &known());
        prop_assert_eq!(form.tidy(once.clone()), once);
        prop_assert_eq!(form.complete(completed.clone(), &known()), completed);
    }
}
