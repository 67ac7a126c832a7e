//! The shipped configuration, and what a faulty one is told.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::{Date, date};

use super::{Catalogue, embedded, read};
use crate::domain::fee::{Channel, assess};
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

fn changed(file: &str, from: &str, to: &str) -> Vec<(String, String, &'static str)> {
    let files = embedded::FILES
        .iter()
        .map(|(name, text)| {
            let text = if *name == file { text.replacen(from, to, 1) } else { (*text).to_owned() };
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
fn the_shipped_catalogue_has_four_tenants_and_six_procedures() {
    let catalogue = shipped();
    let codes: Vec<_> = catalogue.tenants().map(|tenant| tenant.definition.code.to_string()).collect();
    assert_eq!(codes, ["020001", "022012", "022021", "022039"]);
    assert_eq!(catalogue.municipalities().iter().count(), 41);
    assert_eq!(catalogue.all_versions().count(), 6);
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
        assess(&procedure.definition, form, channel, DAY).unwrap().total.amount()
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
    assert!(catalogue.find_procedure(&tenant("022021"), "koseki-shomei", DAY).is_none());
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
    assert_eq!(found("電気工事"), ["denki-koji-henko-todoke", "denki-koji-toroku"]);
    assert_eq!(found("電気工事　登録申請"), ["denki-koji-toroku"]);
    assert_eq!(found("ＴＡＫＫＥＮ"), ["takken-menkyo"]);
    assert_eq!(found("監理課"), ["keiei-kibo-hyoka"]);
    assert_eq!(found("").len(), 5);
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
    assert_eq!(changed(file, "version: 1", "version: 1\nversion: 2"), one("", "yaml"));
    assert_eq!(changed(file, "version: 1", "version: 1\ncolour: red"), one("", "yaml"));
    assert_eq!(
        changed(file, "department: kendo-", "department: no-"),
        one("/department", "unknown_department")
    );
    assert_eq!(changed(file, "id: takken-menkyo", "id: takken"), one("/id", "misplaced"));
    assert_eq!(changed(file, "total: 26500", "total: 33000"), one("/examples/0/total", "total"));
    let holidays = "calendars/japan.yaml";
    let found = changed(holidays, "  - { date: 2026-09-22, name: 休日 }\n", "");
    assert_eq!(found, [(holidays.to_owned(), "/holidays".to_owned(), "holiday")]);
}

#[test]
fn a_missing_folder_is_a_fault_and_no_panic() {
    let faults = Catalogue::load_dir(Path::new("/nonexistent")).unwrap_err();
    assert!(faults.iter().all(|fault| fault.fault.code == "unreadable"));
}
