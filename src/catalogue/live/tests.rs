//! What lies over the shipped files, and what does not load.

use jiff::civil::date;

use super::*;
use crate::catalogue::embedded;

const FILE: &str = "procedures/020001/takken-menkyo.yaml";

fn tenant() -> TenantCode {
    TenantCode::parse("020001").unwrap()
}

fn shipped() -> LiveCatalogue {
    LiveCatalogue::new(Arc::new(Catalogue::load_embedded().unwrap()))
}

fn text(version: u32, from: &str) -> String {
    let (_, text) = embedded::FILES.iter().find(|(name, _)| *name == FILE).unwrap();
    let first = text.lines().find(|line| line.starts_with("effective_from:")).unwrap();
    // The examples arrive on the first day of the version then, whenever that is.
    let is_day =
        |line: &&str| ["arrived_on:", "due_on:"].iter().any(|key| line.trim_start().starts_with(key));
    let text: String = text.lines().filter(|line| !is_day(line)).flat_map(|line| [line, "\n"]).collect();
    text.replacen("version: 1", &format!("version: {version}"), 1).replacen(
        first,
        &format!("effective_from: {from}"),
        1,
    )
}

fn published(live: &LiveCatalogue, version: u32, from: Date) -> PublishedText {
    let text = text(version, &from.to_string());
    let examined = live.current().examine(&text);
    assert_eq!(examined.faults, []);
    let digest = examined.digest.unwrap();
    PublishedText {
        tenant: tenant(),
        procedure: "takken-menkyo".into(),
        version,
        effective_from: from,
        digest,
        text,
    }
}

fn offered(live: &LiveCatalogue, day: Date) -> Option<u32> {
    let current = live.current();
    current.find_procedure(&tenant(), "takken-menkyo", day).map(|found| found.definition.version)
}

#[test]
fn a_published_version_is_in_force_from_its_first_day_and_cases_keep_theirs() {
    let live = shipped();
    let second = published(&live, 2, date(2026, 7, 1));
    let before = live.current();
    assert_eq!(live.lay(1, vec![second], Vec::new(), Vec::new()), Laid::Taken);
    assert_eq!(offered(&live, date(2026, 6, 30)), Some(1));
    assert_eq!(offered(&live, date(2026, 7, 1)), Some(2));
    assert!(live.current().procedure_version(&tenant(), "takken-menkyo", 1).is_some());
    assert!(before.procedure_version(&tenant(), "takken-menkyo", 2).is_none(), "a snapshot never changes");
    let first = live.current().procedure_version(&tenant(), "takken-menkyo", 1).cloned().unwrap();
    let (standing, last_day) = live.current().standing(&first, date(2026, 7, 1));
    assert_eq!(
        (standing, last_day),
        (crate::domain::procedure_version::Standing::Superseded, Some(date(2026, 6, 30)))
    );
}

#[test]
fn an_older_revision_never_replaces_a_newer_one() {
    let live = shipped();
    let second = published(&live, 2, date(2026, 7, 1));
    assert_eq!(live.lay(5, vec![second], Vec::new(), Vec::new()), Laid::Taken);
    assert_eq!(live.lay(4, Vec::new(), Vec::new(), Vec::new()), Laid::NotNewer);
    assert_eq!(live.lay(5, Vec::new(), Vec::new(), Vec::new()), Laid::NotNewer);
    assert_eq!(offered(&live, date(2026, 7, 1)), Some(2));
}

#[test]
fn a_closing_ends_a_version_and_never_brings_the_one_before_back() {
    let live = shipped();
    let second = published(&live, 2, date(2026, 7, 1));
    let closing = Closing { last_day: date(2026, 9, 30), drain_until: date(2026, 10, 31) };
    let key = (tenant(), "takken-menkyo".to_owned(), 2);
    live.lay(1, vec![second], vec![(key, closing)], Vec::new());
    assert_eq!(offered(&live, date(2026, 9, 30)), Some(2));
    assert_eq!(offered(&live, date(2026, 10, 1)), None);
    assert!(live.current().has_ended(&tenant(), "takken-menkyo", date(2026, 10, 1)));
    let pinned = live.current().procedure_version(&tenant(), "takken-menkyo", 2).cloned().unwrap();
    assert_eq!(live.current().span(&pinned).drain_until, Some(date(2026, 10, 31)));
}

#[test]
fn a_text_that_no_longer_loads_is_reported_and_nothing_older_is_offered_instead() {
    for broken in ["colour: red\n", "{", "retention_years: 0\n"] {
        let live = shipped();
        let mut second = published(&live, 2, date(2026, 7, 1));
        second.text = if broken.starts_with("retention") {
            second.text.replacen("retention_years: 10", "retention_years: 0", 1)
        } else {
            format!("{}{broken}", second.text)
        };
        live.lay(1, vec![second], Vec::new(), Vec::new());
        assert_eq!(offered(&live, date(2026, 6, 30)), Some(1), "{broken}");
        assert_eq!(offered(&live, date(2026, 7, 1)), None, "{broken}");
        assert_eq!(live.current().unusable().len(), 1, "{broken}");
        assert!(!live.current().unusable()[0].faults.is_empty());
    }
}

#[test]
fn a_form_that_still_compiles_serves_its_cases_though_the_rest_has_faults() {
    let live = shipped();
    let mut second = published(&live, 2, date(2026, 7, 1));
    second.text = second.text.replacen("department: kendo-", "department: no-", 1);
    second.digest = live.current().examine(&second.text).digest.unwrap();
    live.lay(1, vec![second.clone()], Vec::new(), Vec::new());
    assert_eq!(offered(&live, date(2026, 7, 1)), None);
    assert!(live.current().procedure_version(&tenant(), "takken-menkyo", 2).is_some());
    live.lay(2, vec![second], Vec::new(), Vec::new());
    assert_eq!(live.current().unusable().len(), 1, "it stays reported when it was compiled before");
}

/// what is published from now on accounts for its criteria; what was published before goes on as it was.
#[test]
fn r31_a_version_published_without_criteria_is_still_offered_but_no_new_one_is_taken() {
    let live = shipped();
    let mut second = published(&live, 2, date(2026, 7, 1));
    let criteria =
        second.text.lines().find(|line| line.starts_with("  review_criteria:")).unwrap().to_owned();
    second.text = second.text.replacen(&format!("{criteria}\n"), "", 1);
    let examined = live.current().examine(&second.text);
    let codes: Vec<_> = examined.faults.iter().map(|found| found.fault.code).collect();
    assert_eq!(codes, ["criteria"], "whoever publishes it today is told");
    second.digest = examined.digest.unwrap();
    live.lay(1, vec![second], Vec::new(), Vec::new());
    assert_eq!(offered(&live, date(2026, 7, 1)), Some(2));
    assert!(live.current().unusable().is_empty());
}
