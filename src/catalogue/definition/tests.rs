//! From a text to a definition, and from a fault back to its line.

use super::{locate, read};
use crate::catalogue::{Catalogue, CatalogueFault, ConfigurationFiles};

const FILE: &str = "procedures/020001/takken-menkyo.yaml";

fn with(from: &str, to: &str) -> ConfigurationFiles {
    let mut files = Catalogue::shipped_files();
    let text = files[FILE].replacen(from, to, 1);
    assert_ne!(text, files[FILE], "{from} is not in the file");
    files.insert(FILE.to_owned(), text);
    files
}

/// `line:code` of every fault of the changed file, with the text of that line.
fn lines(files: &ConfigurationFiles) -> Vec<(String, &'static str)> {
    let faults = Catalogue::load_files(files.clone()).unwrap_err();
    let line = |fault: &CatalogueFault| {
        let located = locate(files, fault);
        let line = located.position.unwrap().line;
        (files[&located.file].lines().nth(line - 1).unwrap().trim().to_owned(), located.fault.code)
    };
    faults.iter().map(line).collect()
}

#[test]
fn a_fault_is_shown_on_the_line_it_was_made() {
    for (from, to, line, code) in [
        ("retention_years: 10", "retention_years: ten", "retention_years: ten", "wrong_type"),
        ("retention_years: 10", "retention_years: 0", "retention_years: 0", "retention"),
        ("retention_years: 10", "retention_year: 10", "retention_year: 10", "unknown_key"),
        ("retention_years: 10", "retention_years: 10\nid: again", "id: again", "duplicate_key"),
        ("retention_years: 10", "retention_years: [10", "", "yaml"),
        ("kind: application", "kind: &x application\nkeywords: [*x]", "keywords: [*x]", "yaml_alias"),
    ] {
        let found = lines(&with(from, to));
        assert!(
            found.iter().any(|(text, other)| *other == code && (line.is_empty() || text == line)),
            "{to}: {found:?}"
        );
    }
}

#[test]
fn a_fault_of_a_file_with_a_template_is_shown_in_the_file_that_set_the_value() {
    let (own, template) = ("procedures/022021/okugai-kokoku.yaml", "templates/okugai-kokoku.v1.yaml");
    for (changed, from, to, file, line) in [
        (own, "total: 2400", "total: 1", own, "広告板2単位の新規: { total: 1 }"),
        (own, "department: toshi-keikaku", "department: no-such", own, "department: no-such"),
        (own, "overrides:", "overrides:\n  retention_years: 0", own, "retention_years: 0"),
        (own, "  department: toshi-keikaku\n", "", own, "overrides:"),
        (own, "overrides:", "overrides:\n  kind: notification", own, "kind: notification"),
        (own, "overrides:", "overrides:\n  feees: 1", own, "feees: 1"),
        (own, "version: 1 }", "version: 7 }", own, "extends: { template: okugai-kokoku, version: 7 }"),
        (own, "unit_amount: 1200", "unit_amounts: 1200", own, "formula: { unit_amounts: 1200 }"),
        (template, "retention_years: 5", "retention_years: 0", template, "retention_years: 0"),
        (template, "days: 14,", "dayz: 14,", template, "processing: { dayz: 14,"),
    ] {
        let mut files = Catalogue::shipped_files();
        let text = files[changed].replacen(from, to, 1);
        assert_ne!(text, files[changed], "{from}");
        files.insert(changed.to_owned(), text);
        let faults = Catalogue::load_files(files.clone()).unwrap_err();
        let shown = |fault: &CatalogueFault| {
            let located = locate(&files, fault);
            let line = located.position.unwrap().line;
            (files[&located.file].lines().nth(line - 1).unwrap().trim().to_owned(), located.file)
        };
        let shown: Vec<_> = faults.iter().map(shown).collect();
        assert!(shown.iter().any(|(text, other)| text.starts_with(line) && other == file), "{to}: {shown:?}");
    }
}

#[test]
fn what_the_types_refuse_beyond_the_schema_keeps_its_pointer() {
    let files = Catalogue::shipped_files();
    // A day that the format allows and the calendar of the type does not.
    let text = files[FILE].replacen("effective_from: 2025-04-01", "effective_from: 2025-04-01T00:00:00Z[", 1);
    let faults = read(&text, &files).unwrap_err();
    assert!(faults.iter().all(|fault| fault.pointer == "/effective_from"), "{faults:?}");
}

#[test]
fn hostile_texts_are_refused_and_nothing_panics() {
    let files = Catalogue::shipped_files();
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n".to_owned();
    for text in [
        String::new(),
        "null".into(),
        "[]".into(),
        "- 1".into(),
        "\u{0}".into(),
        "{".repeat(9_000),
        "a: ".repeat(9_000),
        bomb,
        "? {a: b}\n: c".into(),
        "!x {}".into(),
        "%YAML 9.9\n---\n".into(),
        "\"\\x".into(),
        "a: !!binary x".into(),
        "extends: 1".into(),
        "extends: {template: ../../secret, version: 1}\ntenant: '020001'\nversion: 1".into(),
        "id: 9999999999999999999999999999999".into(),
        "version: .nan".into(),
        "version: -1".into(),
        "1: 2".into(),
    ] {
        assert!(!read(&text, &files).unwrap_err().is_empty(), "{text:.20}");
    }
}
