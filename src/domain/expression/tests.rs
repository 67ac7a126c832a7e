//! Tests of expressions.

use serde_json::json;

use super::*;

/// A form with a field of every kind an expression may read.
fn scope() -> Scope {
    let applicant = ValueType::record([
        ("family", ValueType::Text),
        ("kana", ValueType::Text),
        ("former", ValueType::Text),
    ]);
    let item = ValueType::record([
        ("kind", ValueType::Text),
        ("quantity", ValueType::Int),
        ("discount", ValueType::Int),
        ("since", ValueType::Date),
    ]);
    let form = ValueType::record([
        ("trades", ValueType::Int),
        ("copies", ValueType::Int),
        ("kind", ValueType::Text),
        ("note", ValueType::Text),
        ("agreed", ValueType::Bool),
        ("born_on", ValueType::Date),
        ("ends_on", ValueType::Date),
        ("purposes", ValueType::list(ValueType::Text)),
        ("numbers", ValueType::list(ValueType::Int)),
        ("items", ValueType::list(item)),
        ("applicant", applicant),
    ]);
    Scope::new()
        .with("form", form)
        .with("office", ValueType::record([("area", ValueType::Int)]))
        .with("channel", ValueType::Text)
        .with("arrived_on", ValueType::Date)
}

fn facts() -> Facts {
    let facts = json!({
        "form": {
            "trades": 3, "kind": "road", "agreed": true, "born_on": "2008-02-29", "ends_on": "2026-04-30",
            "purposes": ["stall", "work"], "numbers": [1, 2, 3],
            "items": [
                {"kind": "a", "quantity": 2, "since": "2026-01-01"},
                {"kind": "b", "quantity": 5, "discount": 1, "since": "2026-02-01"},
            ],
            "applicant": {"family": "髙﨑", "kana": "タカサキ", "former": null},
        },
        "channel": "online", "arrived_on": "2026-02-27",
    });
    match facts {
        serde_json::Value::Object(values) => Facts::new(values),
        _ => unreachable!("an object"),
    }
}

fn compiled(text: &str, expected: &ValueType) -> Result<Expression, ExpressionFault> {
    compile(&ExpressionText(text.to_owned()), &scope(), expected)
}

fn evaluated(text: &str, expected: &ValueType) -> Result<Answer, EvaluationFault> {
    let expression = compiled(text, expected).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
    expression.evaluate(&facts())
}

#[test]
fn whole_numbers_are_computed_exactly() {
    let table = [
        ("form.trades * 2300 + 8100", 15_000),
        ("(form.trades * 105 + 99) / 100 * 100", 400),
        ("-form.trades % 2", -1),
        ("channel == 'online' ? 100 : channel == 'post' ? 200 : 300", 100),
        ("size(form.purposes) + form.applicant.family.size()", 4),
        ("sum(form.numbers)", 6),
        ("sum(form.items.map(i, i.quantity * 10))", 70),
        ("sum(form.items.map(i, i.kind == 'b', i.quantity))", 5),
        ("sum(form.items.map(i, has(i.discount) ? i.quantity - i.discount : i.quantity))", 6),
        ("sum(form.items.filter(i, has(i.discount)).map(i, i.discount))", 1),
        ("size(form.items.filter(i, i.since >= '2026-02-01'))", 1),
        ("form.items[1].quantity", 5),
        ("min(form.trades, 2) + max(form.trades, 2)", 5),
        ("has(form.copies) ? form.copies : 1", 1),
        ("has(form.trades) ? form.trades : 1", 3),
        ("year_of(arrived_on)", 2026),
        ("days_between('2024-02-28', '2024-03-01')", 2),
        ("days_between(form.ends_on, arrived_on)", -62),
    ];
    for (text, expected) in table {
        assert_eq!(evaluated(text, &ValueType::Int), Ok(Answer::Known(Outcome::Int(expected))), "{text}");
    }
}

#[test]
fn conditions_are_yes_or_no() {
    let table = [
        ("form.agreed && form.trades >= 3", true),
        ("!form.agreed || form.kind in ['stall', 'work']", false),
        ("'stall' in form.purposes", true),
        ("form.purposes.exists(p, p == 'work')", true),
        ("form.items.all(i, i.quantity > 2)", false),
        ("form.items.exists(i, has(i.discount) && i.discount > 0)", true),
        ("has(form.applicant.kana) && !has(form.applicant.former)", true),
        ("has(form.copies) && form.copies > 1", false),
        ("!has(form.copies) || form.copies > 1", true),
        ("form.ends_on > arrived_on && arrived_on < '2026-03-01'", true),
        ("arrived_on in ['2026-02-27', '2026-02-28']", true),
        ("form.applicant.kana.matches('^[ァ-ヶー]+$')", true),
        ("form.kind.startsWith('ro') && form.kind.endsWith('ad') && !form.kind.contains('x')", true),
        ("min(form.ends_on, '2026-01-01') == '2026-01-01'", true),
    ];
    for (text, expected) in table {
        assert_eq!(evaluated(text, &ValueType::Bool), Ok(Answer::Known(Outcome::Bool(expected))), "{text}");
    }
}

#[test]
fn texts_and_days_are_texts() {
    let table = [
        ("form.kind + '-' + channel", ValueType::Text, "road-online"),
        ("form.agreed ? form.ends_on : '2026-01-01'", ValueType::Date, "2026-04-30"),
        ("'期限 ' + form.ends_on", ValueType::Text, "期限 2026-04-30"),
    ];
    for (text, expected, outcome) in table {
        assert_eq!(
            evaluated(text, &expected),
            Ok(Answer::Known(Outcome::Text(outcome.to_owned()))),
            "{text}"
        );
    }
}

#[test]
fn an_age_is_attained_on_the_day_before_the_birthday() {
    let table = [
        ("2006-04-02", "2024-03-31", 17),
        ("2006-04-02", "2024-04-01", 18),
        ("2006-04-02", "2024-04-02", 18),
        ("2008-02-29", "2026-02-27", 17),
        ("2008-02-29", "2026-02-28", 18),
        ("2008-02-29", "2028-02-28", 20),
        ("2008-01-01", "2025-12-31", 18),
        ("2027-01-01", "2026-01-01", -1),
    ];
    for (born_on, day, age) in table {
        let text = format!("age_on('{born_on}', '{day}')");
        assert_eq!(evaluated(&text, &ValueType::Int), Ok(Answer::Known(Outcome::Int(age))), "{text}");
    }
}

#[test]
fn whole_months_follow_the_calendar() {
    let table = [
        ("2026-01-31", "2026-02-27", 0),
        ("2026-01-31", "2026-02-28", 1),
        ("2026-01-15", "2026-02-14", 0),
        ("2026-01-15", "2027-02-15", 13),
        ("2026-02-28", "2026-01-31", -1),
        ("2026-03-31", "2026-03-31", 0),
    ];
    for (from, to, months) in table {
        let text = format!("months_between('{from}', '{to}')");
        assert_eq!(evaluated(&text, &ValueType::Int), Ok(Answer::Known(Outcome::Int(months))), "{text}");
    }
}

#[test]
fn what_is_not_answered_is_named() {
    let table = [
        ("form.copies > 1", vec!["form.copies"]),
        ("form.trades > 1 || form.copies > 1", vec!["form.copies"]),
        ("has(form.copies) || form.copies > 1", vec!["form.copies"]),
        ("has(form.applicant) && form.applicant.former == 'x'", vec!["form.applicant.former"]),
        ("form.items.all(i, i.discount > 0)", vec!["form.items.0.discount"]),
        ("office.area > form.copies", vec!["form.copies", "office.area"]),
    ];
    for (text, missing) in table {
        let missing = missing.into_iter().map(str::to_owned).collect();
        assert_eq!(evaluated(text, &ValueType::Bool), Ok(Answer::Unanswered(missing)), "{text}");
    }
}

#[test]
fn an_expression_that_cannot_be_right_is_refused() {
    let table = [
        ("form.nothing > 1", "expression_unknown_name"),
        ("nothing", "expression_unknown_name"),
        ("int", "expression_unknown_name"),
        ("has(form.nothing)", "expression_unknown_name"),
        ("form.items.all(i, i.nothing == 1)", "expression_unknown_name"),
        ("form.trades.nothing == 1", "expression_unknown_name"),
        ("nothing(form.trades) == 1", "expression_unknown_function"),
        ("sum(form.purposes) == 1", "expression_unknown_function"),
        ("int('1') == 1", "expression_unknown_function"),
        ("form.trades", "expression_type"),
        ("form.trades == 'a'", "expression_type"),
        ("form.trades && true", "expression_type"),
        ("form.trades + 'a' == 'b'", "expression_type"),
        ("form.kind < 'b'", "expression_type"),
        ("form.ends_on > '2026-02-30'", "expression_type"),
        ("form.ends_on > 'tomorrow'", "expression_type"),
        ("form.applicant == form.applicant", "expression_type"),
        ("form.items == form.items", "expression_type"),
        ("form.agreed ? form.trades : 'a'", "expression_type"),
        ("1 in ['a']", "expression_type"),
        ("[1, 'a'].exists(x, true)", "expression_type"),
        ("form.trades * 1.5 > 2.0", "expression_not_supported"),
        ("1u == 1u", "expression_not_supported"),
        ("form.kind == null", "expression_not_supported"),
        ("b'a' == b'a'", "expression_not_supported"),
        ("{'a': 1}['a'] == 1", "expression_not_supported"),
        ("form.items.exists(i, form.items.exists(j, j.kind == i.kind))", "expression_not_supported"),
        ("form.items.exists_one(i, i.kind == 'a')", "expression_not_supported"),
        ("form.items.exists(form, true)", "expression_not_supported"),
        ("form.kind.matches(form.note)", "expression_not_supported"),
        ("form.kind.matches('(')", "expression_literal"),
        ("form.kind.matches('(\\\\w{1000}){1000}')", "expression_literal"),
        ("", "expression_syntax"),
        ("form.trades >", "expression_syntax"),
        ("form.?trades == 1", "expression_syntax"),
    ];
    for (text, code) in table {
        let refused = compiled(text, &ValueType::Bool).map(|_| ()).map_err(|fault| fault.code());
        assert_eq!(refused, Err(code), "{text}");
    }
}

#[test]
fn a_long_deep_or_costly_expression_is_refused() {
    let long = format!("true{}", " ".repeat(997));
    let costly = format!("form.numbers.all(n, {})", vec!["n != 7"; 60].join(" && "));
    let deep_sum = format!("{} == 1", vec!["1"; 200].join("+"));
    let table = [
        (long.as_str(), "expression_too_long"),
        (&costly, "expression_cost"),
        (&deep_sum, "expression_not_supported"),
    ];
    for (text, code) in table {
        let refused = compiled(text, &ValueType::Bool).map(|_| ()).map_err(|fault| fault.code());
        assert_eq!(refused, Err(code), "{text}");
    }
}

#[test]
fn an_evaluation_that_fails_names_its_fault() {
    let table = [
        ("9223372036854775807 + form.trades", EvaluationFault::Overflow),
        ("-(-9223372036854775807 - 1)", EvaluationFault::Overflow),
        ("(-9223372036854775807 - 1) / -1", EvaluationFault::Overflow),
        ("(-9223372036854775807 - 1) % -1", EvaluationFault::Overflow),
        ("sum([9223372036854775807, 1])", EvaluationFault::Overflow),
        ("form.trades / (form.trades - 3)", EvaluationFault::DivisionByZero),
        ("form.trades % 0", EvaluationFault::DivisionByZero),
        ("form.numbers[3]", EvaluationFault::OutOfRange),
        ("form.numbers[-1]", EvaluationFault::OutOfRange),
        ("age_on(arrived_on, '9999-12-31')", EvaluationFault::OutOfRange),
    ];
    for (text, fault) in table {
        assert_eq!(evaluated(text, &ValueType::Int), Err(fault), "{text}");
    }
}

#[test]
fn facts_of_another_kind_than_promised_are_a_fault() {
    let path = |path: &str| path.to_owned();
    let table = [
        (
            json!({"trades": "3"}),
            "form.trades == 3",
            EvaluationFault::WrongFact { path: path("form.trades") },
        ),
        (
            json!({"trades": 1.5}),
            "form.trades == 3",
            EvaluationFault::WrongFact { path: path("form.trades") },
        ),
        (
            json!({"trades": u64::MAX}),
            "form.trades == 3",
            EvaluationFault::WrongFact { path: path("form.trades") },
        ),
        (
            json!({"ends_on": "2026-02-30"}),
            "form.ends_on < arrived_on",
            EvaluationFault::WrongFact { path: path("form.ends_on") },
        ),
        (
            json!({"items": ["a"]}),
            "form.items.all(i, i.kind == 'a')",
            EvaluationFault::WrongFact { path: path("form.items") },
        ),
        (
            json!({"numbers": vec![1; MAX_LIST + 1]}),
            "1 in form.numbers",
            EvaluationFault::TooLong { path: path("form.numbers") },
        ),
        (
            json!({"kind": "a".repeat(MAX_TEXT_BYTES + 1)}),
            "form.kind == 'a'",
            EvaluationFault::TooLong { path: path("form.kind") },
        ),
    ];
    for (form, text, fault) in table {
        let mut values = serde_json::Map::new();
        values.insert("form".to_owned(), form);
        values.insert("arrived_on".to_owned(), json!("2026-02-27"));
        let expression = compiled(text, &ValueType::Bool);
        let outcome = expression.map(|expression| expression.evaluate(&Facts::new(values)));
        assert_eq!(outcome, Ok(Err(fault)), "{text}");
    }
}

#[test]
fn facts_narrowed_to_the_inputs_give_the_same_answer() {
    for text in [
        "has(form.copies) ? form.copies : form.trades",
        "sum(form.items.map(i, i.quantity)) + (has(form.applicant.kana) ? 1 : 0)",
    ] {
        let expression = compiled(text, &ValueType::Int).unwrap_or_else(|fault| panic!("{fault:?}"));
        let narrowed = Facts::new(facts().narrowed(expression.inputs()));
        assert!(!narrowed.narrowed([&"channel".to_owned()]).contains_key("channel"));
        assert_eq!(expression.evaluate(&narrowed), expression.evaluate(&facts()), "{text}");
    }
}

#[test]
fn reads_are_the_paths_outside_of_has() {
    let expression =
        compiled("has(form.copies) && form.items.exists(i, i.kind == form.applicant.kana)", &ValueType::Bool)
            .unwrap_or_else(|fault| panic!("{fault:?}"));
    let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(*expression.reads(), paths(&["form.applicant.kana", "form.items"]));
    assert_eq!(*expression.inputs(), paths(&["form.applicant.kana", "form.copies", "form.items"]));
}

#[test]
fn an_expression_is_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Expression>();
}
