//! Both formats, the difference, and everything that is refused.

use jiff::civil::date;
use serde_json::{Value, json};

use super::*;
use crate::domain::fault::Fault;
use crate::domain::procedure::Bilingual;

const TODAY: Date = date(2026, 10, 1);

fn department(code: &str, to: Option<Date>) -> Department {
    Department {
        code: code.into(),
        name: Bilingual { ja: code.into(), en: code.into() },
        bureau: Some("somu".into()),
        disposing_authority: None,
        independent_authority: false,
        valid_from: date(2024, 4, 1),
        valid_to: to,
        successor: None,
        source: "試験用".into(),
        sample: false,
    }
}

fn held(id: &str, officer: &str, department: &str, role: Role, to: Option<Date>) -> KnownHolding {
    let (id, officer, department, title) = (id.into(), officer.into(), department.into(), "職".into());
    KnownHolding { id, officer, department, role, title, valid_from: date(2025, 4, 1), valid_to: to }
}

/// Two departments; 1 leads and 2 works in the first, 3 leads the second.
fn known() -> Known {
    let officer = |number: &str| (format!("{number}@example.jp"), number.to_owned());
    Known {
        body: "020001".into(),
        bureaus: vec!["somu".into()],
        departments: vec![department("ka", None), department("ki", None)],
        in_charge: ["ki".to_owned()].into(),
        officers: ["1", "2", "3"].map(officer).into(),
        holdings: vec![
            held("a", "1", "ka", Role::SectionChief, None),
            held("b", "2", "ka", Role::Clerk, None),
            held("c", "3", "ki", Role::SectionChief, None),
        ],
    }
}

fn holding(email: &str, department: &str, role: &str, from: &str, to: &str) -> Value {
    json!({ "email": email, "department": department, "role": role, "title": "職", "valid_from": from, "valid_to": to })
}

fn stated(tree: &Value) -> Statement {
    read(&raw_tree(tree).unwrap()).unwrap()
}

fn codes(faults: Vec<Fault>) -> Vec<(String, &'static str)> {
    faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

fn refused(tree: &Value) -> Vec<(String, &'static str)> {
    codes(plan(&stated(tree), &known(), TODAY).unwrap_err())
}

fn changes(tree: &Value) -> Vec<String> {
    let plan = plan(&stated(tree), &known(), TODAY).unwrap();
    assert_eq!(plan.changes.len(), plan.effects.len());
    plan.changes.iter().map(|change| change.text_en.clone()).collect()
}

#[test]
fn a_transfer_of_the_first_of_april_is_a_difference_line_by_line() {
    let tree = json!({
        "officers": [{ "email": "new@example.jp", "name": "新 人" }],
        "holdings": [
            holding("1@example.jp", "ka", "section_chief", "2025-04-01", "2027-03-31"),
            holding("1@example.jp", "ki", "section_chief", "2027-04-01", ""),
            holding("3@example.jp", "ki", "section_chief", "2025-04-01", "2027-03-31"),
            holding("3@example.jp", "ka", "section_chief", "2027-04-01", ""),
            holding("new@example.jp", "ka", "clerk", "2027-04-01", ""),
            holding("2@example.jp", "ka", "clerk", "2025-04-01", ""),
        ],
    });
    assert_eq!(
        changes(&tree),
        [
            "+ officer added  新 人 new@example.jp",
            "- post ended  1@example.jp ka 職（section_chief）  2025-04-01～2027-03-31",
            "+ post added  1@example.jp ki 職（section_chief）  2027-04-01～",
            "- post ended  3@example.jp ki 職（section_chief）  2025-04-01～2027-03-31",
            "+ post added  3@example.jp ka 職（section_chief）  2027-04-01～",
            "+ post added  new@example.jp ka 職（clerk）  2027-04-01～",
        ]
    );
}

#[test]
fn r127_a_reorganisation_moves_posts_and_names_its_successor() {
    let tree = json!({
        "departments": [
            { "code": "ka", "name_ja": "ka", "name_en": "ka", "parent": "somu", "valid_from": "2024-04-01",
                "valid_to": "2026-12-31", "successor": "ku" },
            { "code": "ku", "name_ja": "新課", "name_en": "New", "parent": "somu", "valid_from": "2027-01-01" },
        ],
        "holdings": [
            holding("1@example.jp", "ka", "section_chief", "2025-04-01", "2026-12-31"),
            holding("1@example.jp", "ku", "section_chief", "2027-01-01", ""),
            holding("2@example.jp", "ka", "clerk", "2025-04-01", "2026-12-31"),
            holding("2@example.jp", "ku", "clerk", "2027-01-01", ""),
        ],
    });
    let changes = changes(&tree);
    assert_eq!(changes.len(), 6);
    assert_eq!(changes[0], "- department ended  ka ka  2024-04-01～2026-12-31");
    assert_eq!(changes[1], "+ department added  ku 新課  2027-01-01～");
}

#[test]
fn r127_a_department_with_procedures_ends_only_with_a_successor() {
    let ends = |successor: &str| {
        json!({
            "departments": [{ "code": "ki", "name_ja": "ki", "name_en": "ki", "parent": "somu", "valid_from": "2024-04-01",
                "valid_to": "2027-03-31", "successor": successor }],
            "holdings": [holding("3@example.jp", "ki", "section_chief", "2025-04-01", "2027-03-31")],
        })
    };
    assert_eq!(refused(&ends("")), [("/departments/0/successor".to_owned(), "required")]);
    assert_eq!(changes(&ends("ka")).len(), 2);
}

#[test]
fn what_stands_already_is_no_difference() {
    let tree = json!({
        "departments": [{ "code": "ki", "name_ja": "ki", "name_en": "ki", "parent": "somu", "valid_from": "2024-04-01" }],
        "officers": [{ "email": "1@example.jp", "name": "誰か" }],
        "holdings": [holding("1@example.jp", "ka", "section_chief", "2025-04-01", "")],
    });
    assert_eq!(changes(&tree), Vec::<String>::new());
}

#[test]
fn every_contradiction_is_told_at_once_with_row_and_column() {
    let tree = json!({
        "departments": [
            { "code": "ka", "name_ja": "別名", "name_en": "ka", "parent": "nowhere", "valid_from": "2024-04-01",
                "valid_to": "2026-12-31", "successor": "nobody" },
            { "code": "ki", "name_ja": "ki", "name_en": "ki", "parent": "somu", "valid_from": "2027-01-01" },
            { "code": "ko", "name_ja": "ko", "name_en": "ko", "parent": "somu", "valid_from": "2026-09-30" },
        ],
        "holdings": [
            holding("nobody@example.jp", "ki", "clerk", "2027-04-01", ""),
            holding("2@example.jp", "mu", "clerk", "2027-04-01", ""),
            holding("2@example.jp", "ka", "clerk", "2027-04-01", ""),
            holding("3@example.jp", "ki", "section_chief", "2025-04-01", "2027-03-31"),
        ],
    });
    let expected = [
        ("/departments/0/parent", "unknown_bureau"),
        ("/departments/0/name_ja", "past"),
        ("/departments/0/parent", "past"),
        ("/departments/2/valid_from", "past"),
        ("/holdings/0/email", "unknown_officer"),
        ("/departments/0/successor", "unknown_department"),
        ("/departments/1/valid_from", "overlap"),
        ("/holdings/2/valid_from", "overlap"),
        ("/departments/0/valid_to", "post_with_holder"),
        ("/holdings/2/department", "no_department"),
        ("/holdings/1/department", "unknown_department"),
        ("/holdings/3/department", "nobody_decides"),
    ];
    let mut expected = expected.map(|(pointer, code)| (pointer.to_owned(), code)).to_vec();
    let mut found = refused(&tree);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn r126_the_past_is_never_rewritten() {
    let mut before = known();
    before.holdings.push(held("d", "2", "ki", Role::Clerk, Some(date(2026, 3, 31))));
    for (row, pointer) in [
        (holding("1@example.jp", "ka", "section_chief", "2025-04-01", "2026-09-30"), "/holdings/0/valid_to"),
        (holding("2@example.jp", "ki", "clerk", "2025-04-01", ""), "/holdings/0/valid_to"),
        (holding("2@example.jp", "ki", "clerk", "2026-09-01", ""), "/holdings/0/valid_from"),
    ] {
        let tree = json!({ "holdings": [row] });
        let found = codes(plan(&stated(&tree), &before, TODAY).unwrap_err());
        assert!(found.contains(&(pointer.to_owned(), "past")), "{found:?}");
    }
    let mut renamed = holding("1@example.jp", "ka", "section_chief", "2025-04-01", "");
    renamed["title"] = json!("部長");
    let found = codes(plan(&stated(&json!({ "holdings": [renamed] })), &before, TODAY).unwrap_err());
    assert_eq!(found, [("/holdings/0/title".to_owned(), "past")]);
}

#[test]
fn r128_a_fixed_term_ends_with_the_fiscal_year_at_the_latest() {
    let with_end = |to: &str| {
        let mut row = holding("2@example.jp", "ki", "clerk", "2026-10-01", to);
        row["appointment"] = json!("fixed_term");
        plan(&stated(&json!({ "holdings": [row] })), &known(), TODAY).map_err(codes)
    };
    assert!(with_end("2027-03-31").is_ok());
    for to in ["2027-04-01", ""] {
        assert_eq!(with_end(to).unwrap_err(), [("/holdings/0/valid_to".to_owned(), "beyond_fiscal_year")]);
    }
}

#[test]
fn both_formats_carry_the_same() {
    let tree = json!({
        "departments": [{ "code": "ku", "name_ja": "新,\"課\"", "name_en": "New", "parent": "somu", "valid_from": "2027-01-01",
            "valid_to": "2028-03-31", "successor": "ka" }],
        "officers": [{ "email": "new@example.jp", "name": "新 人" }],
        "holdings": [{ "email": "new@example.jp", "department": "ku", "role": "clerk", "title": "主事", "appointment": "fixed_term",
            "valid_from": "2027-01-01", "valid_to": "2027-03-31" }],
    });
    let bare = |mut statement: Statement| {
        statement.departments.iter_mut().for_each(|it| it.place.clear());
        statement.officers.iter_mut().for_each(|it| it.place.clear());
        statement.holdings.iter_mut().for_each(|it| it.place.clear());
        statement
    };
    let from_tree = stated(&tree);
    let csv = write_csv(&from_tree);
    let from_csv = read(&raw_csv(&csv).unwrap()).unwrap();
    assert_eq!(from_csv.departments[0].place, "/rows/2");
    assert_eq!(bare(from_csv.clone()), bare(from_tree));
    assert_eq!(write_tree(&from_csv), tree);
    assert_eq!(write_csv(&stated(&write_tree(&from_csv))), csv);
}

#[test]
fn what_cannot_be_read_is_told_all_at_once() {
    assert_eq!(codes(raw_csv("record,code\n").unwrap_err()).len(), COLUMNS.len() - 2);
    let header = COLUMNS.join(",");
    let row =
        format!("{header}\nholding,,,,,,x,,ka,king,,sometimes,2026-13-01,\nnonsense{}\n", ",".repeat(13));
    let found = codes(read(&raw_csv(&row).unwrap()).unwrap_err());
    let expected = [
        ("/rows/2/email", "email"),
        ("/rows/2/role", "role"),
        ("/rows/2/title", "required"),
        ("/rows/2/appointment", "appointment"),
        ("/rows/2/valid_from", "date"),
        ("/rows/3/record", "record"),
    ];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    assert_eq!(codes(raw_csv("\"record").unwrap_err()), [("/rows/1".to_owned(), "quote")]);
    assert_eq!(
        codes(raw_tree(&json!({ "kings": [] })).unwrap_err()),
        [("/kings".to_owned(), "unknown_list")]
    );
    assert_eq!(codes(raw_tree(&json!([])).unwrap_err()), [(String::new(), "shape")]);
}
