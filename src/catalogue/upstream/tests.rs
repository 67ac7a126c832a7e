//! What is overridden is visible; a newer template is offered where nothing was overridden.

use super::{overridden, upstream};
use crate::catalogue::ConfigurationFiles;

const NAME: &str = "procedures/022021/kanban.yaml";

fn files() -> ConfigurationFiles {
    let template = |version: u32, amount: u32, days: u32, title: &str| {
        format!(
            "id: kanban\nversion: {version}\nkind: application\ntitle: {{ ja: {title}, en: Permit }}\nprocessing: {{ days: {days} }}\n\
             fees:\n  - {{ code: a, formula: {{ kind: flat, amount: {amount} }} }}\n"
        )
    };
    let own = "extends: { template: kanban, version: 1 }\ntenant: \"022021\"\nversion: 5\noverrides:\n  department: toshi\n  \
               fees:\n    a: { formula: { amount: 330 } }\n";
    [
        ("templates/kanban.v1.yaml".to_owned(), template(1, 100, 10, "許可")),
        ("templates/kanban.v2.yaml".to_owned(), template(2, 100, 12, "許可")),
        ("templates/kanban.v10.yaml".to_owned(), template(10, 200, 14, "許可申請")),
        ("templates/kanban-2.v11.yaml".to_owned(), template(11, 1, 1, "別")),
        (NAME.to_owned(), own.to_owned()),
    ]
    .into()
}

#[test]
fn what_is_overridden_is_shown_against_the_template() {
    let found = overridden(&files(), NAME).unwrap().unwrap();
    let places: Vec<String> = found.changes.iter().map(|change| change.at().to_string()).collect();
    assert_eq!(places, ["/fees/a/formula/amount", "/department"]);
    assert!(overridden(&files(), "templates/kanban.v1.yaml").unwrap().is_none());
}

#[test]
fn a_newer_template_is_offered_and_ones_own_is_kept() {
    let found = upstream(&files(), NAME).unwrap().unwrap();
    let places = |changes: &[super::Change]| changes.iter().map(|it| it.at().to_string()).collect::<Vec<_>>();
    assert_eq!(found.newest, 10);
    assert_eq!(places(&found.offered), ["/processing/days", "/title/ja"]);
    assert_eq!(places(&found.kept), ["/fees/a/formula/amount"]);
}

#[test]
fn who_has_the_newest_template_is_offered_nothing() {
    let mut files = files();
    let text = files[NAME].replace("version: 1 }", "version: 10 }");
    files.insert(NAME.to_owned(), text);
    assert!(upstream(&files, NAME).unwrap().is_none());
}
