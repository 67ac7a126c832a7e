//! The vectors of R-75 and T-6 over a body's own terms, and the faults of a table that cannot be true.

use jiff::civil::date;
use serde_json::json;

use super::{Due, RevenueMasters};
use crate::domain::calendar::tests::aomori;
use crate::domain::fiscal_year::FiscalYear;

fn account(code: &str, first_year: i16, last_year: Option<i16>) -> serde_json::Value {
    let name =
        json!({"kan": "使用料及び手数料", "kou": "手数料", "moku": "総務手数料", "setsu": "登録手数料"});
    json!({"code": code, "name": name, "first_year": first_year, "last_year": last_year})
}

fn masters() -> RevenueMasters {
    let term = |revenues: &[&str], timing: &str, days: u16| {
        json!({"revenues": revenues, "timing": timing, "within": {"unit": "days", "count": days},
            "basis": "見本県財務規則", "valid_from": "2020-04-01"})
    };
    serde_json::from_value(json!({
        "accounts": [account("08-02-01", 2020, Some(2026)), account("08-02-01", 2027, None), account("08-01-08", 2020, Some(2025))],
        "terms": [term(&["08-01-08"], "fixed_due", 30), term(&["*"], "occasional", 30)],
        "places": [
            {"name": {"ja": "会計管理課", "en": "Treasury"}, "methods": ["counter"], "valid_from": "2020-04-01"},
            {"name": {"ja": "指定納付受託者", "en": "Agents"}, "methods": ["card", "paypay"], "valid_from": "2020-04-01"},
        ],
        "qualified_issuers": [{"registration_number": "T2000020020001", "valid_from": "2023-10-01"}],
        "source": "試験用", "sample": true,
    }))
    .unwrap()
}

#[test]
fn r75_the_year_follows_the_last_day_for_fixed_dues_and_the_notice_otherwise() {
    // (account, day of issue, last day, the day by which paying is in time, year)
    for (account, issued_on, last_day, in_time, year) in [
        // The vector of R-75: the last day 2029-03-31 is a Saturday, paying is in time on 04-02, the year stays 2028.
        ("08-01-08", date(2029, 3, 1), date(2029, 3, 31), date(2029, 4, 2), 2028),
        // A fixed due in the next year belongs to that year.
        ("08-01-08", date(2029, 3, 20), date(2029, 4, 19), date(2029, 4, 19), 2029),
        // T-6: a notice of March 31 belongs to the old year, whenever it is paid.
        ("08-02-01", date(2027, 3, 31), date(2027, 4, 30), date(2027, 4, 30), 2026),
        ("08-02-01", date(2027, 4, 1), date(2027, 5, 1), date(2027, 5, 6), 2027),
    ] {
        let due = masters().due(account, issued_on);
        let expected = Due { last_day: Some(last_day), fiscal_year: FiscalYear::starting_in(year) };
        assert_eq!(due, expected, "{account} of {issued_on}");
        assert_eq!(aomori().roll(last_day), in_time, "R-24 moves the day for paying only");
    }
}

#[test]
fn where_no_term_is_in_force_a_claim_says_no_day_and_belongs_to_the_year_of_its_notice() {
    let before = masters().due("08-02-01", date(2019, 5, 1));
    assert_eq!(before, Due { last_day: None, fiscal_year: FiscalYear::starting_in(2019) });
}

#[test]
fn r67_the_notice_names_the_places_that_take_a_method_of_the_procedure() {
    let masters = masters();
    let places = |methods: &[&str]| -> Vec<String> {
        let methods: Vec<String> = methods.iter().map(|method| (*method).to_owned()).collect();
        masters.places(&methods, date(2026, 4, 1)).iter().map(|place| place.name.ja.clone()).collect()
    };
    assert_eq!(places(&["card", "counter"]), ["会計管理課", "指定納付受託者"]);
    assert_eq!(places(&["counter"]), ["会計管理課"]);
    assert!(places(&["konbini"]).is_empty());
}

#[test]
fn r73_an_account_is_looked_for_in_every_year_of_the_fee() {
    let masters = masters();
    assert_eq!(masters.first_year_without("08-02-01", 2025, None), None, "one row follows another");
    assert_eq!(masters.first_year_without("08-02-01", 2019, None), Some(2019));
    assert_eq!(masters.first_year_without("08-01-08", 2025, None), Some(2026));
    assert_eq!(masters.first_year_without("08-01-08", 2024, Some(2025)), None);
    assert_eq!(masters.first_year_without("99", 2025, Some(2025)), Some(2025));
}

#[test]
fn r102_a_registration_number_is_t_and_a_corporate_number_with_its_check_digit() {
    let mut masters = masters();
    assert_eq!(masters.faults(), []);
    assert_eq!(masters.registration_number(date(2023, 9, 30)), None);
    assert_eq!(masters.registration_number(date(2023, 10, 1)), Some("T2000020020001"));
    for wrong in ["2000020020001", "T3000020020001", "T200002002000", "t2000020020001", "T", ""] {
        wrong.clone_into(&mut masters.qualified_issuers[0].registration_number);
        let faults: Vec<_> = masters.faults().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(faults, ["/revenue/qualified_issuers/0/registration_number"], "{wrong}");
    }
}

#[test]
fn every_fault_of_a_table_is_named_at_once() {
    let mut masters = masters();
    masters.source = String::new();
    masters.accounts[0].name.setsu = " ".to_owned();
    masters.accounts[1].last_year = Some(2026);
    masters.terms[0].valid_to = Some(date(2020, 3, 31));
    let faults: Vec<_> = masters.faults().into_iter().map(|fault| fault.pointer).collect();
    let expected = [
        "/revenue/source",
        "/revenue/accounts/0",
        "/revenue/accounts/1/last_year",
        "/revenue/terms/0/valid_to",
    ];
    assert_eq!(faults, expected);
}
