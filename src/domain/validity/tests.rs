//! Terms of validity and renewal windows against the vectors of the rulebook.

use jiff::civil::{Date, date};
use serde_json::{Value, json};

use super::{CompiledRenewal, Term, term};
use crate::domain::form::scope;
use crate::domain::procedure::specimen::{changed, facts};
use crate::domain::procedure::{ProcedureDefinition, Validity};

fn validity(years: Option<u8>, months: Option<u8>, continues: bool) -> Validity {
    Validity {
        years,
        months,
        basis: "法".into(),
        continues_while_renewal_pending: continues,
        renewal: None,
        sample: false,
    }
}

#[test]
fn r22_five_years_from_the_day_of_the_grant_end_the_day_before() {
    let found = term(&validity(Some(5), None, false), date(2024, 8, 19), None);
    assert_eq!(found, Some(Term { from: date(2024, 8, 19), to: date(2029, 8, 18) }));
    let months = term(&validity(None, Some(3), false), date(2026, 11, 30), None);
    assert_eq!(months, Some(Term { from: date(2026, 11, 30), to: date(2027, 2, 28) }));
    assert_eq!(term(&validity(None, None, false), date(2026, 1, 1), None), None);
}

#[test]
fn r41_a_renewal_begins_the_day_after_the_old_term_whenever_it_is_decided() {
    let expired = Some(date(2026, 3, 31));
    let five = Term { from: date(2026, 4, 1), to: date(2031, 3, 31) };
    for decided_on in [date(2026, 3, 10), date(2026, 4, 20)] {
        assert_eq!(term(&validity(Some(5), None, true), decided_on, expired), Some(five));
    }
    // Where the law does not say so, the new term begins with the grant.
    let own = Term { from: date(2026, 4, 20), to: date(2031, 4, 19) };
    assert_eq!(term(&validity(Some(5), None, false), date(2026, 4, 20), expired), Some(own));
}

#[test]
fn a_term_beyond_the_calendar_is_none() {
    assert_eq!(term(&validity(Some(255), None, false), date(9_990, 1, 1), None), None);
}

fn renewable(change: impl FnOnce(&mut Value)) -> ProcedureDefinition {
    changed(|it| {
        let label = json!({"ja": "項目", "en": "Field"});
        it["form"] = json!([
            {"name": "kind", "label": label, "type": "choice", "choices": [
                {"value": "new", "label": label}, {"value": "renewal", "label": label}]},
            {"name": "expires_on", "label": label, "type": "date"},
        ]);
        it["renewal"] = json!({"when": "form.kind == 'renewal'", "expiry_field": "expires_on",
            "from_days_before": 90, "to_days_before": 30, "basis": "宅地建物取引業法施行規則第3条"});
        change(it);
    })
}

fn warning(definition: &ProcedureDefinition, form: &Value, day: Date) -> Option<(&'static str, String)> {
    let compiled = CompiledRenewal::compile(definition, &scope(definition)).unwrap().unwrap();
    compiled.warning(&facts(form, day), day).map(|it| (it.code, it.message.ja))
}

#[test]
fn r42_a_real_estate_licence_is_renewed_from_90_to_30_days_before_it_expires() {
    let definition = renewable(|_| {});
    let form = json!({"kind": "renewal", "expires_on": "2026-12-31"});
    let code = |day| warning(&definition, &form, day).map(|(code, _)| code);
    assert_eq!(code(date(2026, 10, 1)), Some("renewal_early"));
    assert_eq!(code(date(2026, 10, 2)), None);
    assert_eq!(code(date(2026, 12, 1)), None);
    assert_eq!(code(date(2026, 12, 2)), Some("renewal_late"));
    assert_eq!(code(date(2026, 12, 31)), Some("renewal_late"));
    assert_eq!(code(date(2027, 1, 1)), Some("renewal_expired"));
    let (_, text) = warning(&definition, &form, date(2026, 12, 2)).unwrap();
    assert_eq!(text, "更新の申請は2026-12-01までにすることとされています。");
}

#[test]
fn r42_a_construction_licence_has_a_last_day_only_and_a_new_one_none() {
    let definition = renewable(|it| it["renewal"]["from_days_before"] = Value::Null);
    let form = json!({"kind": "renewal", "expires_on": "2026-12-31"});
    assert_eq!(warning(&definition, &form, date(2020, 1, 1)), None);
    let first = json!({"kind": "new", "expires_on": "2026-12-31"});
    assert_eq!(warning(&definition, &first, date(2027, 1, 1)), None);
    for form in [json!({}), json!({"kind": "renewal"}), json!({"kind": "renewal", "expires_on": "x"})] {
        assert_eq!(warning(&definition, &form, date(2027, 1, 1)), None, "{form}");
    }
}

#[test]
fn r42_the_ends_of_the_calendar_are_no_trouble() {
    let definition = renewable(|_| {});
    for day in ["-009999-01-01", "9999-12-31"] {
        let form = json!({"kind": "renewal", "expires_on": day});
        assert_ne!(warning(&definition, &form, date(2027, 1, 1)).map(|it| it.0), Some("renewal_late"));
    }
}

#[test]
fn a_window_at_fault_is_named() {
    let pointers = |change: fn(&mut Value)| -> Vec<String> {
        let definition = renewable(change);
        let faults = CompiledRenewal::compile(&definition, &scope(&definition)).err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.pointer).collect()
    };
    assert_eq!(pointers(|it| it["renewal"]["expiry_field"] = json!("kind")), ["/renewal/expiry_field"]);
    assert_eq!(pointers(|it| it["renewal"]["expiry_field"] = json!("none")), ["/renewal/expiry_field"]);
    assert_eq!(pointers(|it| it["renewal"]["to_days_before"] = json!(91)), ["/renewal/from_days_before"]);
    assert_eq!(pointers(|it| it["renewal"]["when"] = json!("form.kind")), ["/renewal/when"]);
}
