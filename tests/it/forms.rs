//! A form with every kind of condition, from the draft to its correction.

use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Person, TestApp, new_key};
use crate::support::db::TestDb;

const STALLS: &str = r#"
id: roten
version: 1
tenant: "020001"
title: { ja: 露店の届出, en: Notice of stalls }
kind: notification
legal_basis: { law: 試験条例, article: 第1条, basis_kind: ordinance, online_basis: 試験条例第2条, review_criteria: 試験用の審査基準 }
department: kiki-shobo-hoan
applicant_kinds: [resident]
assurance: id
fee_due: none
form:
  - { name: who, label: { ja: 届出者, en: Notifier }, type: person_name, required: true }
  - { name: place, label: { ja: 場所, en: Place }, type: address, required: true }
  - { name: held_on, label: { ja: 開催日, en: Day }, type: date, required: true }
  - { name: has_fire, label: { ja: 火気の使用, en: Fire is used }, type: boolean, required: true }
  - { name: extinguishers, label: { ja: 消火器の数, en: Extinguishers }, type: integer, required: true, min: 1, max: 99, visible_if: form.has_fire }
  - name: stalls
    label: { ja: 露店, en: Stalls }
    type: table
    required: true
    columns:
      - { name: width, label: { ja: 幅, en: Width }, type: decimal, scale: 1, unit: m, required: true, min: 0, max: 10 }
      - { name: goods, label: { ja: 品目, en: Goods }, type: text, required: true, max_length: 20 }
  - { name: total_width, label: { ja: 幅の合計, en: Total width }, type: calculated, value: "sum(form.stalls.map(s, s.width))" }
retention_years: 3
effective_from: 2025-04-01
examples:
  - title: { ja: 火気なし, en: Without fire }
    applicant_kind: resident
    form:
      who: { family: 髙橋, given: 花子, family_kana: タカハシ, given_kana: ハナコ }
      place: { text: 青森市長島一丁目1番1号 }
      held_on: 令和8年8月2日
      has_fire: false
      stalls: [{ width: "2.5", goods: 焼きそば }, { width: "3", goods: 金魚 }]
    total: 0
sources: [試験]
"#;

async fn start(db: &TestDb) -> (TestApp, Person) {
    let files = [("procedures/020001/roten.yaml".to_owned(), STALLS.to_owned())];
    let app = TestApp::start_over(db, files, |_| {}).await;
    let resident = app.register("resident@example.jp", "resident").await;
    (app, resident)
}

fn case(answer: &Value) -> String {
    format!("/v1/tenants/020001/applications/{}", answer["id"].as_str().unwrap())
}

fn faults(answer: &Value) -> Vec<(&str, &str)> {
    let faults = answer["errors"].as_array().unwrap().iter();
    faults.map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap())).collect()
}

on_both_databases!(
    r168_answers_are_stored_tidied_and_what_is_computed_follows_each_change,
    async |db: TestDb| {
        let (app, resident) = start(&db).await;
        let applications = "/v1/tenants/020001/applications";
        let form =
            json!({ "held_on": "令和８年８月２日", "stalls": [{ "width": "２．５", "goods": "焼きそば" }] });
        let draft = json!({ "procedure": "roten", "form": form });
        let draft = app.post(&resident, applications, draft).await.expect(201);
        let case = case(&draft);
        let seen = app.get(&resident, &case).await;
        let version = seen.etag();
        let form = &seen.body["form"];
        assert_eq!((&form["held_on"], &form["total_width"]), (&json!("2026-08-02"), &json!(25)));
        assert_eq!(form["stalls"], json!([{ "width": "2.5", "goods": "焼きそば" }]));

        let change = json!({ "form": { "stalls": [{ "width": "3", "goods": "金魚" }], "has_fire": false, "extinguishers": 2 } });
        let headers = [("idempotency-key", new_key()), ("if-match", version)];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        app.call(Method::PATCH, &case, Some(&resident), &headers, Some(change)).await.expect(200);
        let seen = app.get(&resident, &case).await;
        assert_eq!(seen.body["form"]["total_width"], 30);
        let refused = app.post(&resident, &format!("{case}/submit"), json!({})).await.expect(422);
        let expected = [
            ("/form/who", "required"),
            ("/form/place", "required"),
            ("/form/extinguishers", "not_applicable"),
        ];
        assert_eq!(faults(&refused), expected);
    }
);

on_both_databases!(t9_an_individual_number_never_reaches_the_database, async |db: TestDb| {
    let (app, resident) = start(&db).await;
    let form = json!({ "stalls": [{ "width": "1", "goods": "1234-5678-9018" }] });
    let draft = json!({ "procedure": "roten", "form": form });
    let refused = app.post(&resident, "/v1/tenants/020001/applications", draft).await.expect(422);
    assert_eq!(faults(&refused), [("/form/stalls/0/goods", "individual_number")]);
    assert!(!refused.to_string().contains("5678"), "{refused}");
    let mine = app.get(&resident, "/v1/me/applications").await.expect(200);
    assert_eq!(mine["items"], json!([]));
});

on_both_databases!(r10_a_correction_unlocks_one_cell_of_a_table_and_nothing_else, async |db: TestDb| {
    let (app, resident) = start(&db).await;
    let submitted = app.submitted(&resident, AOMORI, "roten").await;
    let case = case(&submitted);
    let clerk = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, "clerk@example.jp").await;
    app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let ask = |pointers: &[&str]| {
        let item = |pointer: &&str| json!({ "pointer": pointer, "message": "確認してください。" });
        json!({ "items": pointers.iter().map(item).collect::<Vec<_>>(), "due_on": "2026-04-15" })
    };
    let corrections = format!("{case}/corrections");
    for nowhere in ["/form/stalls/0/price", "/form/total_width", "/form/stalls/x", "/form/who/first"] {
        let refused = app.post(&clerk, &corrections, ask(&[nowhere])).await.expect(422);
        assert_eq!(faults(&refused), [("/items/0/pointer", "unknown_pointer")], "{nowhere}");
    }
    app.post(&clerk, &corrections, ask(&["/form/stalls/1/width", "/form/has_fire"])).await.expect(201);

    let version = app.get(&resident, &case).await.etag();
    let resubmit = format!("{case}/resubmit");
    let first = json!({ "width": "2.5", "goods": "焼きそば" });
    let too_much = json!({ "form": { "stalls": [first, { "width": "4", "goods": "綿あめ" }] } });
    let refused = app.post_if(&resident, &resubmit, &version, too_much).await.expect(422);
    assert_eq!(faults(&refused), [("/form/stalls/1/goods", "not_asked")]);
    // With fire comes the number of extinguishers: nobody asked for it, but it can be neither given nor left out else.
    let stalls = json!([first, { "width": "4", "goods": "金魚" }]);
    let half = json!({ "form": { "stalls": stalls, "has_fire": true } });
    let refused = app.post_if(&resident, &resubmit, &version, half).await.expect(422);
    assert_eq!(faults(&refused), [("/form/extinguishers", "required")]);
    let whole = json!({ "form": { "stalls": stalls, "has_fire": true, "extinguishers": 2 } });
    app.post_if(&resident, &resubmit, &version, whole).await.expect(200);
    let seen = app.get(&resident, &case).await.expect(200);
    assert_eq!((&seen["form"]["total_width"], &seen["form"]["extinguishers"]), (&json!(65), &json!(2)));
});
