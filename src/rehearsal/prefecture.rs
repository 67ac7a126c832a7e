//! The prefecture of a rehearsal: the shipped one, with one department that is reorganised in autumn and procedures of its own.
//!
//! Every department has an application with a whole ladder of desks (R-112) and a notification. In every other department what
//! costs little is closed by the section chief under a standing decision (R-113), and the fee is due at issue.

use jiff::civil::{Date, date};

use super::RehearsalError;
use crate::catalogue::{Catalogue, ConfigurationFiles};
use crate::domain::organisation::{Department, Tenant};
use crate::domain::procedure::Bilingual;

/// The code of the body: 青森県.
pub const TENANT: &str = "020001";

/// The departments that take part, each with its staff.
pub(super) const DEPARTMENTS: [&str; 12] = [
    "kiki-shobo-hoan",
    "kenko-hoken-eisei",
    "kankyo-hozen",
    "kankyo-shizen-hogo",
    "kendo-kanri",
    "kendo-doro",
    "kendo-kenchiku-jutaku",
    "kanko-seisaku",
    "kodomo-wakamono",
    "zaimu-zeimu",
    "norin-rinsei",
    "hokensho-tosei",
];

/// The place in [`DEPARTMENTS`] of the department that is reorganised.
const REORGANISED: usize = 3;

/// The department that takes its work over.
const SUCCESSOR: &str = "kankyo-kyosei";

/// The first day of the fiscal year.
pub(super) const YEAR_BEGINS: Date = date(2026, 4, 1);
/// The last day of the fiscal year.
pub(super) const YEAR_ENDS: Date = date(2027, 3, 31);
/// The morning on which everybody has another post (T-7).
pub(super) const TRANSFER: Date = date(2027, 4, 1);
/// The last day of the department that is reorganised.
pub(super) const LAST_DAY_BEFORE: Date = date(2026, 9, 30);
/// The first day of its successor.
pub(super) const REORGANISATION: Date = date(2026, 10, 1);

/// The limit of the standing decision, in yen.
const LIMIT: i64 = 100_000;

/// The code of a department, by its place, on a day.
pub(super) fn department_on(place: usize, day: Date) -> &'static str {
    let place = place.checked_rem(DEPARTMENTS.len()).unwrap_or(0);
    if place == REORGANISED && day > LAST_DAY_BEFORE {
        return SUCCESSOR;
    }
    DEPARTMENTS.get(place).copied().unwrap_or(SUCCESSOR)
}

/// Whether the department of this place is the one that is reorganised.
pub(super) fn is_reorganised(place: usize) -> bool {
    place.checked_rem(DEPARTMENTS.len()) == Some(REORGANISED)
}

/// The id of the application of a department.
pub(super) fn application_of(place: usize) -> String {
    format!("rehearsal-permit-{place}")
}

/// The id of its notification.
pub(super) fn notification_of(place: usize) -> String {
    format!("rehearsal-notice-{place}")
}

/// The configuration that a rehearsal runs on: holidays, municipalities and documents as shipped, one body, its own procedures.
pub fn configuration() -> Result<ConfigurationFiles, RehearsalError> {
    let mut files = Catalogue::shipped_files();
    let name = format!("tenants/{TENANT}.yaml");
    let text = files.get(&name).cloned().unwrap_or_default();
    files.retain(|name, _| !name.starts_with("tenants/") && !name.starts_with("procedures/"));
    let refused = |error: yaml_serde::Error| RehearsalError::Configuration(error.to_string());
    let mut body: Tenant = yaml_serde::from_str(&text).map_err(refused)?;
    reorganise(&mut body);
    files.insert(name, yaml_serde::to_string(&body).map_err(refused)?);
    for place in 0..DEPARTMENTS.len() {
        let kinds: [(String, TextOfProcedure); 2] =
            [(application_of(place), permit), (notification_of(place), notice)];
        for (id, text) in kinds {
            for offered in offered(place) {
                let name = format!("procedures/{TENANT}/{id}.v{}.yaml", offered.version);
                files.insert(name, text(place, &id, &offered));
            }
        }
    }
    Ok(files)
}

/// Writes the file of a procedure: the place of its department, its id, its version.
type TextOfProcedure = fn(usize, &str, &Offered) -> String;

fn reorganise(body: &mut Tenant) {
    let old = department_on(REORGANISED, LAST_DAY_BEFORE);
    let mut bureau = None;
    for department in body.departments.iter_mut().filter(|department| department.code == old) {
        department.valid_to = Some(LAST_DAY_BEFORE);
        department.successor = Some(SUCCESSOR.to_owned());
        bureau.clone_from(&department.bureau);
    }
    body.departments.push(Department {
        code: SUCCESSOR.to_owned(),
        name: Bilingual {
            ja: "自然環境共生課".to_owned(), en: "Nature and Environment Division".to_owned()
        },
        bureau,
        disposing_authority: None,
        independent_authority: false,
        valid_from: REORGANISATION,
        valid_to: None,
        successor: None,
        source: "通し稽古の改組".to_owned(),
        sample: true,
    });
}

/// A version of a procedure: the department in charge changes its name in autumn.
struct Offered {
    version: u32,
    department: &'static str,
    from: Date,
    to: Option<Date>,
}

fn offered(place: usize) -> Vec<Offered> {
    let from = date(2025, 4, 1);
    let whole = Offered { version: 1, department: department_on(place, from), from, to: None };
    if !is_reorganised(place) {
        return vec![whole];
    }
    let department = department_on(place, REORGANISATION);
    vec![
        Offered { to: Some(LAST_DAY_BEFORE), ..whole },
        Offered { version: 2, department, from: REORGANISATION, to: None },
    ]
}

fn head(id: &str, title: &str, kind: &str, offered: &Offered) -> String {
    let Offered { version, department, from, to } = offered;
    let to = to.map(|to| format!("effective_to: {to}\n")).unwrap_or_default();
    format!(
        r#"id: {id}
version: {version}
tenant: "{TENANT}"
title: {{ ja: {title}（通し稽古）, en: {title} (rehearsal) }}
kind: {kind}
legal_basis: {{ law: 通し稽古法, article: 第3条第1項, basis_kind: law, clerical_kind: autonomous, online_basis: 情報通信技術を活用した行政の推進等に関する法律第6条第1項, review_criteria: 試験用の審査基準 }}
department: {department}
applicant_kinds: [business]
assurance: id
retention_years: 5
effective_from: {from}
{to}sources: [通し稽古]
form:
  - {{ name: amount, label: {{ ja: 規模, en: Size }}, type: integer, required: true, min: 1, max: 1000000 }}
  - {{ name: note, label: {{ ja: 内容, en: Content }}, type: text, required: true, max_length: 400 }}
"#
    )
}

fn permit(place: usize, id: &str, offered: &Offered) -> String {
    let charges = place.is_multiple_of(2);
    // Standard periods differ by procedure, and so does whether days off count (R-16, R-17).
    let days = 10 + place;
    let holidays = if place.is_multiple_of(3) { "include" } else { "exclude" };
    let mut parts = vec![
        head(id, "許可申請", "application", offered),
        format!("processing: {{ days: {days}, holidays: {holidays}, source: 通し稽古, sample: true }}\n"),
        "approval_route:\n  - { role: group_manager, kind: pass, deadline_days: 3 }\n  - { role: section_chief }\n  - { role: director }\n"
            .to_owned(),
    ];
    if charges {
        parts.push(format!(
            r"standing_decisions:
  - {{ closes_at: section_chief, amount_below: {LIMIT}, basis: 事務専決規程（見本）, sample: true }}
fee_due: on_issue
fees:
  - code: fee
    label: {{ ja: 手数料, en: Fee }}
    basis: 通し稽古条例第2条
    revenue_account: 08-02-09-01
    formula: {{ kind: by_condition, cases: [{{ when: form.amount >= 500000, amount: 120000 }}], otherwise: 8000 }}
    effective_from: 2020-04-01
    source: 通し稽古
    sample: true
allowed_methods: {{ basis: 通し稽古, methods: [card, nanaco], sample: true }}
"
        ));
    } else {
        parts.push("fee_due: none\n".to_owned());
    }
    parts.push(example(if charges { 8000 } else { 0 }));
    parts.concat()
}

fn notice(_: usize, id: &str, offered: &Offered) -> String {
    head(id, "届出", "notification", offered) + "fee_due: none\n" + &example(0)
}

fn example(total: i64) -> String {
    format!(
        "examples:\n  - title: {{ ja: 例, en: Example }}\n    applicant_kind: business\n    form: {{ amount: 1, note: 例 }}\n    \
         total: {total}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_of_a_rehearsal_can_be_used() {
        let catalogue = Catalogue::load_files(configuration().unwrap()).unwrap();
        assert_eq!(catalogue.tenants().count(), 1);
        assert_eq!(catalogue.all_versions().count(), 2 * DEPARTMENTS.len() + 2);
        for place in 0..DEPARTMENTS.len() {
            for day in [YEAR_BEGINS, LAST_DAY_BEFORE, REORGANISATION, TRANSFER] {
                let tenant = crate::domain::id::TenantCode::parse(TENANT).unwrap();
                let found = catalogue.find_procedure(&tenant, &application_of(place), day).unwrap();
                assert_eq!(found.definition.department, department_on(place, day));
            }
        }
    }
}
