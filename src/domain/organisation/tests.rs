//! Whose name a decision bears, and who is in charge, day by day.

use jiff::civil::date;
use serde_json::json;

use super::{Author, Bilingual, Tenant};

fn body() -> Tenant {
    let department = |code: &str, from: &str, to: Option<&str>, authority: Option<&str>| {
        let authority = authority.map(|ja| json!({ "ja": ja, "en": "Authority" }));
        json!({ "code": code, "name": { "ja": code, "en": code }, "valid_from": from, "valid_to": to,
            "disposing_authority": authority, "source": "試験用" })
    };
    let departments = [
        department("kanri", "2024-04-01", None, None),
        department("keisatsu", "2024-04-01", None, Some("青森県公安委員会")),
        department("hokensho", "2024-04-01", Some("2025-03-31"), Some("東青地域県民局長")),
        department("hokensho", "2025-04-01", None, Some("東青保健所長")),
    ];
    let text = json!({
        "code": "020001", "name": { "ja": "青森県", "en": "Aomori" }, "kind": "prefecture",
        "disposing_authority": { "ja": "青森県知事", "en": "Governor" },
        "calendar": { "basis": "条例", "year_end": { "december_from": 29, "january_to": 3 } },
        "departments": departments, "sources": ["試験用"],
    });
    serde_json::from_value(text).unwrap()
}

#[test]
fn r111_and_r205_a_department_decides_in_the_name_of_its_own_authority_on_that_day() {
    let body = body();
    let says = |department: &str, day| body.authority(None, department, day).ja.clone();
    assert_eq!(says("kanri", date(2026, 4, 1)), "青森県知事");
    assert_eq!(says("keisatsu", date(2026, 4, 1)), "青森県公安委員会");
    assert_eq!(says("hokensho", date(2025, 3, 31)), "東青地域県民局長");
    assert_eq!(says("hokensho", date(2025, 4, 1)), "東青保健所長");
    assert_eq!(says("nowhere", date(2025, 4, 1)), "青森県知事");
}

#[test]
fn r111_what_a_procedure_says_of_its_authority_goes_before_the_department() {
    let governor = Bilingual { ja: "青森県知事".into(), en: "Governor".into() };
    let (body, day) = (body(), date(2026, 4, 1));
    assert_eq!(body.authority(Some(&governor), "hokensho", day), &governor);
}

#[test]
fn r34_an_authority_is_the_head_a_commission_or_a_delegate() {
    let mut body = body();
    body.departments[1].independent_authority = true;
    let day = date(2026, 4, 1);
    let other = Bilingual { ja: "東青保健所長".into(), en: "Head".into() };
    let head = body.disposing_authority.clone();
    assert_eq!(body.author(None, "kanri", day), Author::Head);
    assert_eq!(body.author(None, "keisatsu", day), Author::Commission);
    assert_eq!(body.author(None, "hokensho", day), Author::Delegate);
    assert_eq!(body.author(Some(&other), "keisatsu", day), Author::Delegate);
    assert_eq!(body.author(Some(&head), "keisatsu", day), Author::Head);
}

#[test]
fn r127_work_goes_to_the_successor_and_on_to_the_successor_of_that() {
    let mut body = body();
    let record = |code: &str, to: Option<&str>, successor: Option<&str>| {
        serde_json::from_value(
            json!({ "code": code, "name": { "ja": code, "en": code }, "valid_from": "2024-04-01",
            "valid_to": to, "successor": successor, "source": "試験用" }),
        )
        .unwrap()
    };
    body.departments.push(record("ko", Some("2025-03-31"), Some("otsu")));
    body.departments.push(record("otsu", Some("2026-03-31"), Some("kanri")));
    body.departments.push(record("maru", Some("2025-03-31"), Some("batsu")));
    body.departments.push(record("batsu", Some("2025-03-31"), Some("maru")));
    let charge = |code: &str, day| body.department_in_charge(code, day).map(|found| found.code.clone());
    assert_eq!(charge("ko", date(2025, 3, 31)).as_deref(), Some("ko"));
    assert_eq!(charge("ko", date(2025, 4, 1)).as_deref(), Some("otsu"));
    assert_eq!(charge("ko", date(2026, 4, 1)).as_deref(), Some("kanri"));
    assert_eq!(charge("maru", date(2025, 4, 1)), None, "they name each other");
    assert_eq!(charge("ko", date(2024, 3, 31)), None, "before its first day");
    let gone = |day| {
        let pairs = body.succeeded_on(day).into_iter();
        pairs.map(|(code, to)| format!("{code}>{}", to.code)).collect::<Vec<_>>()
    };
    assert_eq!(gone(date(2025, 4, 1)), ["ko>otsu"]);
    assert_eq!(gone(date(2026, 4, 1)), ["ko>kanri", "otsu>kanri"]);
    assert_eq!(body.check(), vec![]);
    body.departments[0].successor = Some("nobody".into());
    assert_eq!(body.check()[0].pointer, "/departments/0/successor");
}

#[test]
fn an_authority_without_a_name_is_a_fault() {
    let mut body = body();
    body.departments[1].disposing_authority = Some(Bilingual { ja: " ".into(), en: "x".into() });
    let faults: Vec<_> = body.check().into_iter().map(|fault| fault.pointer).collect();
    assert_eq!(faults, ["/departments/1/disposing_authority"]);
}

#[test]
fn r123_books_are_kept_by_a_department_that_the_body_has_or_had() {
    let mut body = body();
    let rule = |department: &str| {
        json!({ "code": department, "kinds": ["bank_statement"], "department": department, "large": "会計", "middle": "収入",
            "small": "帳票", "standard_file": "会計帳票", "name": "会計帳票", "retention": "5", "place": "書庫", "manager": "課長",
            "medium": "電子", "valid_from": "2024-04-01", "source": "試験用" })
    };
    let rules = json!([rule("hokensho"), rule("kaikei"), rule("kanri")]);
    body.record_books = serde_json::from_value(rules).unwrap();
    let faults = body.rule_faults();
    let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    assert_eq!(found, [("/record_books/1/department", "unknown_department")]);
}
