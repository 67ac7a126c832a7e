//! The commands with which procedures are written, as a clerk at a terminal sees them.

use std::path::{Path, PathBuf};
use std::process::Command;

use madoguchi::catalogue::Catalogue;
use serde_json::Value;

use crate::support::db::new_folder;

/// Exit code, standard output, standard error.
fn procedures(arguments: &[&str]) -> (i32, String, String) {
    let done =
        Command::new(env!("CARGO_BIN_EXE_madoguchi")).arg("procedures").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

/// A shipped file with changes, under its own name in a folder of its own.
fn changed(name: &str, changes: &[(&str, &str)]) -> PathBuf {
    let mut text = Catalogue::shipped_files()[name].clone();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let path = new_folder().join(Path::new(name).file_name().unwrap());
    std::fs::write(&path, text).unwrap();
    path
}

const CITY: &str = "procedures/022021/okugai-kokoku.yaml";

#[test]
fn check_finds_no_fault_in_what_is_shipped() {
    let (code, out, error) = procedures(&["check"]);
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    assert!(out.contains("ok  022021/okugai-kokoku@1  弘前市屋外広告物許可申請（記入例3件）"), "{out}");
    assert!(out.lines().last().unwrap().contains("誤りなし"), "{out}");
}

#[test]
fn check_names_every_fault_with_file_line_column_and_hint() {
    let path = changed(
        CITY,
        &[("total: 2400", "total: 1"), ("total: 12000", "total: 2"), ("version: 1\n", "version: 0\n")],
    );
    let (code, out, error) = procedures(&["check", path.to_str().unwrap()]);
    assert_eq!(code, 1, "{out}");
    let shown = path.display().to_string();
    for (line, column, fault) in [(5, 1, "version"), (17, 18, "total"), (18, 20, "total")] {
        let start = format!("{shown}:{line}:{column}: {fault}: ");
        assert!(out.lines().any(|it| it.starts_with(&start)), "{start} is missing in\n{out}");
    }
    let faults = out.lines().filter(|it| it.starts_with(&shown)).count();
    assert_eq!(out.lines().filter(|it| it.starts_with("  hint: ")).count(), faults);
    assert!(error.contains(&format!("誤りが{faults}件あります")), "{error}");
}

#[test]
fn check_takes_a_whole_folder_and_refuses_what_it_cannot_read() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    assert_eq!(procedures(&["check", config.to_str().unwrap()]).0, 0);
    let folder = config.join("procedures/022021");
    let (code, out, _) = procedures(&["check", folder.to_str().unwrap()]);
    assert_eq!((code, out.matches("ok  022021/").count()), (0, out.lines().count() - 1), "{out}");
    assert_eq!(procedures(&["check", "/nonexistent.yaml"]).0, 1);
    let latin = new_folder().join("x.yaml");
    std::fs::write(&latin, b"title: \xe9").unwrap();
    let (code, _, error) = procedures(&["check", latin.to_str().unwrap()]);
    assert!(code == 1 && error.contains("UTF-8"), "{error}");
}

#[test]
fn diff_says_by_its_exit_code_whether_something_differs() {
    let (code, out, _) = procedures(&["diff", "022021/okugai-kokoku@1", "022021/okugai-kokoku"]);
    assert_eq!((code, out.as_str()), (0, "同じ内容です / no difference\n"));
    let path = changed(CITY, &[("department: toshi-keikaku", "department: shimin")]);
    let path = path.to_str().unwrap();
    let (code, out, error) = procedures(&["diff", "022021/okugai-kokoku", path]);
    assert_eq!((code, error.as_str()), (1, ""));
    assert!(out.starts_with("変更 ~ /department: \"toshi-keikaku\" → \"shimin\"\n"), "{out}");
    let (code, out, _) = procedures(&["diff", "--json", "022021/okugai-kokoku", path]);
    let changes: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &changes[0]["op"], &changes[0]["at"]),
        (1, &Value::from("changed"), &Value::from("/department"))
    );
    let (code, _, error) = procedures(&["diff", "022021/no-such", path]);
    assert!(code == 1 && error.contains("022021/no-such"), "{error}");
}

#[test]
fn what_a_municipality_overrides_is_visible() {
    let (code, out, _) = procedures(&["diff", "--template", "022021/okugai-kokoku"]);
    assert_eq!(code, 0);
    assert!(out.contains("変更 ~ /fees/permit@2020-04-01/formula/unit_amount: 1000 → 1200"), "{out}");
    assert!(out.contains("追加 + /department: \"toshi-keikaku\""), "{out}");
    assert!(!out.contains("/form/"), "{out}");
    let (code, _, error) = procedures(&["diff", "--template", "020001/takken-menkyo"]);
    assert!(code == 1 && error.contains("雛形を使っていません"), "{error}");
}

#[test]
fn a_newer_template_is_offered_to_those_who_use_the_older() {
    let folder = new_folder();
    let mut files = Catalogue::shipped_files();
    let newer = files["templates/okugai-kokoku.v1.yaml"]
        .replacen("version: 1", "version: 2", 1)
        .replacen("retention_years: 5", "retention_years: 10", 1)
        .replacen("unit_amount: 1000", "unit_amount: 1100", 1);
    files.insert("templates/okugai-kokoku.v2.yaml".to_owned(), newer);
    for (name, text) in &files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let (code, out, _) = procedures(&["upstream", folder.to_str().unwrap()]);
    assert_eq!(code, 0);
    assert!(out.contains("procedures/022021/okugai-kokoku.yaml: okugai-kokoku v1 → v2"), "{out}");
    assert!(out.contains("取り込める / offered  変更 ~ /retention_years: 5 → 10"), "{out}");
    assert!(
        out.contains("独自のまま / kept     変更 ~ /fees/permit@2020-04-01/formula/unit_amount: 1000 → 1100"),
        "{out}"
    );
    assert!(out.ends_with("雛形に新しい版がある手続 2件 / 2 files with a newer template\n"), "{out}");
    // Offered and not imposed: the folder still loads as it did.
    assert_eq!(procedures(&["check", folder.to_str().unwrap()]).0, 0);
}
