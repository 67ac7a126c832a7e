//! The shipped configuration, and what a faulty one is told.

mod vectors;

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::{Date, date};

use super::{Catalogue, embedded, read};
use crate::domain::fee::{Channel, assess};
use crate::domain::form::Circumstances;
use crate::domain::id::TenantCode;
use crate::domain::procedure::ProcedureKind;

const DAY: Date = date(2026, 6, 1);

fn shipped() -> Catalogue {
    match Catalogue::load_embedded() {
        Ok(catalogue) => catalogue,
        Err(faults) => panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

fn tenant(code: &str) -> TenantCode {
    TenantCode::parse(code).unwrap()
}

const PROCEDURE: &str = "procedures/020001/takken-menkyo.yaml";

/// The procedure with its first example only, which says nothing of days and queue.
fn with_one_example(text: &str) -> String {
    let (head, rest) = text.split_once("\nexamples:\n").unwrap();
    let (examples, tail) = rest.split_once("\nsources:").unwrap();
    let first = examples.split("\n  - title").next().unwrap();
    let is_said = |line: &&str| {
        ["arrived_on:", "due_on:", "queue:"].iter().any(|key| line.trim_start().starts_with(key))
    };
    let first: String = first.lines().filter(|line| !is_said(line)).flat_map(|line| [line, "\n"]).collect();
    format!("{head}\nexamples:\n{first}sources:{tail}")
}

fn changed(file: &str, from: &str, to: &str) -> Vec<(String, String, &'static str)> {
    let files = embedded::FILES
        .iter()
        .filter(|(name, _)| !name.starts_with("procedures/") || *name == PROCEDURE)
        .map(|(name, text)| {
            let text = if *name == PROCEDURE { with_one_example(text) } else { (*text).to_owned() };
            let text = if *name == file { text.replacen(from, to, 1) } else { text };
            ((*name).to_owned(), text)
        })
        .collect();
    let faults = read::load(files).err().unwrap_or_default();
    faults.into_iter().map(|fault| (fault.file, fault.fault.pointer, fault.fault.code)).collect()
}

#[test]
fn the_folder_and_the_embedded_files_are_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let files = read::files_of(&folder).unwrap();
    let embedded: BTreeSet<_> = embedded::FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files.keys().cloned().collect::<BTreeSet<_>>(), embedded);
    let from_folder = Catalogue::load_dir(&folder).unwrap();
    let digests = |catalogue: &Catalogue| -> Vec<String> {
        catalogue.all_versions().map(|version| version.digest.clone()).collect()
    };
    assert_eq!(digests(&from_folder), digests(&shipped()));
}

#[test]
fn the_shipped_catalogue_has_five_tenants_and_fifty_one_procedures() {
    let catalogue = shipped();
    let codes: Vec<_> = catalogue.tenants().map(|tenant| tenant.definition.code.to_string()).collect();
    assert_eq!(codes, ["020001", "022012", "022021", "022039", "022071"]);
    assert_eq!(catalogue.municipalities().iter().count(), 41);
    let offered: BTreeSet<_> = catalogue
        .all_versions()
        .map(|version| (version.definition.tenant.clone(), version.definition.id.clone()))
        .collect();
    assert_eq!((offered.len(), catalogue.all_versions().count()), (51, 54));
    let notifications = catalogue
        .all_versions()
        .filter(|version| version.definition.kind == ProcedureKind::Notification)
        .map(|version| version.definition.id.as_str());
    assert_eq!(notifications.collect::<Vec<_>>(), ["denki-koji-henko-todoke"]);
    assert!(catalogue.all_versions().all(|version| !version.definition.examples.is_empty()));
}

#[test]
fn r56_and_r54_hold_for_the_shipped_procedures() {
    let catalogue = shipped();
    let total = |code: &str, id: &str, channel| {
        let procedure = catalogue.find_procedure(&tenant(code), id, DAY).unwrap();
        let form = &procedure.definition.examples[0].form;
        let known = Circumstances { channel, applicant_kind: None, arrived_on: DAY };
        let facts = procedure.form.facts(form, &known.facts());
        assess(&procedure.fees, &facts, DAY).unwrap().total.amount()
    };
    assert_eq!(total("020001", "denki-koji-toroku", Channel::Online), 22_000);
    assert_eq!(total("020001", "keiei-kibo-hyoka", Channel::Online), 15_000);
    assert_eq!(total("020001", "takken-menkyo", Channel::Online), 26_500);
    assert_eq!(total("020001", "takken-menkyo", Channel::Window), 33_000);
    assert_eq!(total("020001", "kikenbutsu-menjo", Channel::Online), 2_900);
    assert_eq!(total("022012", "koseki-shomei", Channel::Online), 900);
    assert_eq!(total("020001", "denki-koji-henko-todoke", Channel::Online), 0);
}

#[test]
fn t8_a_procedure_belongs_to_one_tenant() {
    let catalogue = shipped();
    assert!(catalogue.find_procedure(&tenant("022012"), "koseki-shomei", DAY).is_some());
    assert!(catalogue.find_procedure(&tenant("022039"), "koseki-shomei", DAY).is_none());
    assert!(catalogue.find_procedure(&tenant("020001"), "koseki-shomei", DAY).is_none());
}

#[test]
fn a_procedure_is_found_only_from_its_first_day_but_its_version_always() {
    let catalogue = shipped();
    let (code, id) = (tenant("020001"), "takken-menkyo");
    assert!(catalogue.find_procedure(&code, id, date(2025, 3, 31)).is_none());
    assert!(catalogue.find_procedure(&code, id, date(2025, 4, 1)).is_some());
    assert!(catalogue.procedure_version(&code, id, 1).is_some());
    assert!(catalogue.procedure_version(&code, id, 2).is_none());
}

#[test]
fn r163_search_folds_widths_and_words() {
    let catalogue = shipped();
    let found = |query: &str| -> Vec<&str> {
        let found = catalogue.search(&tenant("020001"), query, DAY);
        found.into_iter().map(|procedure| procedure.definition.id.as_str()).collect()
    };
    assert_eq!(
        found("電気工事"),
        [
            "denki-koji-henko-todoke",
            "denki-koji-koshin",
            "denki-koji-shi-menjo",
            "denki-koji-tohon",
            "denki-koji-toroku",
            "denki-koji-torokusho"
        ]
    );
    assert_eq!(found("電気工事　登録申請"), ["denki-koji-koshin", "denki-koji-toroku"]);
    assert_eq!(found("ＴＡＫＫＥＮ"), ["takken-menkyo", "takkenshi-sho", "takkenshi-toroku"]);
    assert_eq!(
        found("監理課"),
        [
            "keiei-kibo-hyoka",
            "kensetsu-funso-assen",
            "kensetsu-funso-chotei",
            "kensetsu-funso-chusai",
            "kensetsu-kyoka",
            "sogo-hyotei"
        ]
    );
    assert_eq!(found("").len(), 44);
    assert_eq!(found("無い手続"), Vec::<&str>::new());
}

#[test]
fn r204_departments_have_full_names() {
    let catalogue = shipped();
    let aomori = &catalogue.tenant(&tenant("020001")).unwrap().definition;
    let department = aomori.department("kiki-shobo-hoan", DAY).unwrap();
    assert_eq!(aomori.full_name_ja(department), "危機管理局消防保安課");
    assert!(catalogue.department(&tenant("020001"), "kiki-shobo-hoan", date(2024, 3, 31)).is_none());
    assert_eq!(aomori.bureaus.len(), 14);
}

#[test]
fn a_digest_ignores_comments_and_follows_the_content() {
    let digest = |text: &str| {
        let mut files: std::collections::BTreeMap<String, String> =
            embedded::FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        files.insert("procedures/020001/takken-menkyo.yaml".to_owned(), text.to_owned());
        let catalogue = read::load(files).unwrap();
        catalogue.procedure_version(&tenant("020001"), "takken-menkyo", 1).unwrap().digest.clone()
    };
    let (_, text) =
        embedded::FILES.iter().find(|(name, _)| *name == "procedures/020001/takken-menkyo.yaml").unwrap();
    assert_eq!(digest(text), digest(&format!("# a remark\n{text}")));
    assert_ne!(digest(text), digest(&text.replacen("retention_years: 10", "retention_years: 5", 1)));
    assert_eq!(digest(text).len(), 64);
}

#[test]
fn faults_are_named_with_their_file() {
    let file = "procedures/020001/takken-menkyo.yaml";
    let one = |pointer: &str, code| vec![(file.to_owned(), pointer.to_owned(), code)];
    assert_eq!(changed(file, "version: 1", "version: 1\nversion: 2"), one("/version", "duplicate_key"));
    assert_eq!(changed(file, "version: 1", "version: 1\ncolour: red"), one("/colour", "unknown_key"));
    assert_eq!(
        changed(file, "department: kendo-", "department: no-"),
        one("/department", "unknown_department")
    );
    let renamed = [one("/id", "misplaced"), one("/validity/renewal/procedure", "unknown_procedure")].concat();
    assert_eq!(changed(file, "id: takken-menkyo", "id: takken"), renamed);
    assert_eq!(changed(file, "total: 26500", "total: 33000"), one("/examples/0/total", "total"));
    let holidays = "calendars/japan.yaml";
    let found = changed(holidays, "  - { date: 2026-09-22, name: 休日 }\n", "");
    assert_eq!(found, [(holidays.to_owned(), "/holidays".to_owned(), "holiday")]);
}

#[test]
fn r42_a_renewal_names_a_procedure_of_the_body_and_fields_that_take_what_is_filled_in() {
    let one = |member: &str, code| vec![(PROCEDURE.to_owned(), format!("/validity/renewal/{member}"), code)];
    let cases = [
        ("procedure: takken-menkyo, preset", "procedure: no-such, preset", "procedure", "unknown_procedure"),
        ("preset: { licence_kind:", "preset: { no_such:", "preset/no_such", "unknown_field"),
        (
            "expiry_field: expires_on, number",
            "expiry_field: no_such, number",
            "expiry_field",
            "unknown_field",
        ),
        ("number_field: licence_number", "number_field: expires_on", "number_field", "field_type"),
    ];
    for (from, to, member, code) in cases {
        assert_eq!(changed(PROCEDURE, from, to), one(member, code), "{to}");
    }
}

#[test]
fn a_missing_folder_is_a_fault_and_no_panic() {
    let faults = Catalogue::load_dir(Path::new("/nonexistent")).unwrap_err();
    assert!(faults.iter().all(|fault| fault.fault.code == "unreadable"));
}

#[test]
fn every_department_exists_as_long_as_a_case_can_reach_it() {
    let (tenant, procedure) = ("tenants/020001.yaml", "procedures/020001/takken-menkyo.yaml");
    let department = "  - { code: kendo-kenchiku-jutaku,";
    let ends = format!("{department} valid_to: 2026-03-31,");
    let missing = |pointer: &str| vec![(procedure.to_owned(), pointer.to_owned(), "unknown_department")];
    // The version has no last day, so the department may have none either …
    assert_eq!(changed(tenant, department, &ends), missing("/department"));
    // … unless another record of it follows without a gap.
    let name = "name: { ja: 住宅課, en: Housing }, source: s";
    let follows =
        |from: &str| format!("  - {{ code: kendo-kenchiku-jutaku, {name}, valid_from: {from} }}\n{ends}");
    assert_eq!(changed(tenant, department, &follows("2026-04-01")), []);
    assert_eq!(changed(tenant, department, &follows("2026-04-02")), missing("/department"));
    // A rule of routing needs its department for the days on which it applies.
    let rule = |days: &str| {
        let rule = format!("{{ department: kendo-doro, basis: b, {days} }}");
        changed(procedure, "fee_due: on_submit", &format!("fee_due: on_submit\nrouting: [{rule}]"))
    };
    assert_eq!(rule("effective_from: 2030-01-01"), []);
    assert_eq!(rule("effective_to: 2024-03-31"), []);
    let unknown = changed(
        procedure,
        "fee_due: on_submit",
        "fee_due: on_submit\nrouting: [{ department: nobody, basis: b, effective_from: 2030-01-01 }]",
    );
    assert_eq!(unknown, missing("/routing/0/department"));
}

#[test]
fn a_place_needs_a_table_and_a_table_known_bodies() {
    let procedure = "procedures/020001/takken-menkyo.yaml";
    let found = changed(
        procedure,
        "fee_due: on_submit",
        "fee_due: on_submit\njurisdiction: { area: nowhere, municipality: form.address }",
    );
    let at = |pointer: &str, code| (procedure.to_owned(), pointer.to_owned(), code);
    let no_table = at("/jurisdiction/area", "unknown_area");
    assert_eq!(found, [no_table, at("/examples/0/form/address", "unknown_municipality")]);
    let tables = "jurisdictions.yaml";
    let found = changed(tables, "authority: \"022012\"", "authority: \"131016\"");
    assert_eq!(found, [(tables.to_owned(), "/tables/0/rows/0/authority".to_owned(), "unknown_body")]);
}

#[test]
fn an_example_is_handed_in_at_the_counter_of_its_tenant() {
    let procedure = "procedures/020001/takken-menkyo.yaml";
    let example =
        |line: &str| changed(procedure, "    total: 26500", &format!("    total: 26500\n    {line}"));
    let wrong = |pointer: &str, code| vec![(procedure.to_owned(), pointer.to_owned(), code)];
    // 30 open days from Tuesday 2025-04-01, over the holidays of spring.
    assert_eq!(example("due_on: 2025-05-16"), []);
    assert_eq!(example("due_on: 2025-05-15"), wrong("/examples/0/due_on", "due_on"));
    assert_eq!(example("queue: kendo-doro"), wrong("/examples/0/queue", "queue"));
    // The same days at a body that is closed on one more.
    let closed =
        "  year_end: { december_from: 29, january_to: 3 }\n  closures: [{ date: 2025-04-02, name: 点検 }]";
    let mut files: std::collections::BTreeMap<String, String> =
        embedded::FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let year_end = "  year_end: { december_from: 29, january_to: 3 }";
    for (name, from, to) in [
        ("tenants/020001.yaml", year_end, closed),
        (procedure, "    total: 26500", "    total: 26500\n    due_on: 2025-05-16"),
    ] {
        let text = if name == procedure { with_one_example(&files[name]) } else { files[name].clone() };
        let text = text.replacen(from, to, 1);
        files.insert(name.to_owned(), text);
    }
    let faults = read::load(files).unwrap_err();
    assert_eq!(faults[0].fault.message_en, "it is due on 2025-05-19");
}
