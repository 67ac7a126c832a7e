//! How a body classifies and keeps what its procedures leave (文書分類表), as dated data of the body.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{PlannedMeasure, RetentionClass};
use crate::domain::fault::Fault;
use crate::domain::procedure::is_slug;

/// All procedures that no other rule names.
const EVERY: &str = "*";

/// One entry of the classification table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordRule {
    /// The key of the entry.
    pub code: String,
    /// The procedures it is for; `*` for those that no other entry names.
    pub procedures: Vec<String>,
    /// 大分類.
    pub large: String,
    /// 中分類.
    pub middle: String,
    /// 小分類.
    pub small: String,
    /// 標準行政文書ファイル; `{procedure}` stands for the title of the procedure.
    pub standard_file: String,
    /// 名称 of a year's file; `{procedure}` and `{year}` (令和8年度) stand for what they say.
    pub name: String,
    /// 保存期間, where the table sets a longer one than the procedure, whose years are never cut short by it.
    #[serde(default)]
    pub retention: Option<RetentionClass>,
    /// What is to happen at expiry; left out: nobody has judged it.
    #[serde(default)]
    pub measure: PlannedMeasure,
    /// 保存場所.
    pub place: String,
    /// 管理者; `{department}` stands for the name of the department.
    pub manager: String,
    /// 記録媒体.
    pub medium: String,
    /// The first day on which a case that ends goes by it.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Where it was taken from.
    pub source: String,
    /// True while the body has not confirmed it.
    #[serde(default)]
    pub sample: bool,
}

impl RecordRule {
    fn is_for(&self, procedure: &str) -> bool {
        self.procedures.iter().any(|named| named == procedure)
    }

    fn is_used_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }

    /// The class of a procedure that says itself for how many years its records are kept.
    pub fn class(&self, procedure_years: u8) -> RetentionClass {
        let own = RetentionClass::covering(procedure_years);
        self.retention.map_or(own, |class| class.max(own))
    }
}

/// The entry for a case of `procedure` that ended on `day`: one that names the procedure before one for every procedure, the
/// youngest of them. None where the body has none: the case is then in no file, and nothing becomes of it.
pub fn rule_for<'a>(rules: &'a [RecordRule], procedure: &str, day: Date) -> Option<&'a RecordRule> {
    let used = || rules.iter().filter(move |rule| rule.is_used_on(day));
    let named = used().filter(|rule| rule.is_for(procedure)).max_by_key(|rule| rule.valid_from);
    named.or_else(|| used().filter(|rule| rule.is_for(EVERY)).max_by_key(|rule| rule.valid_from))
}

/// What the tables for cases and for books have in common.
pub(super) struct Entry<'a> {
    /// The key of the entry.
    pub code: &'a str,
    /// Its first and its last day.
    pub days: (Date, Option<Date>),
    /// What may not be blank, by field.
    pub texts: Vec<(&'static str, &'a String)>,
    /// The field that names what it is for, where that is nothing.
    pub nothing: Option<&'static str>,
}

/// Every fault of a body's table; pointers go into the file of the body.
pub fn record_rule_faults(rules: &[RecordRule]) -> Vec<Fault> {
    let entries = rules.iter().map(|rule| Entry {
        code: &rule.code,
        days: (rule.valid_from, rule.valid_to),
        texts: vec![
            ("large", &rule.large),
            ("middle", &rule.middle),
            ("small", &rule.small),
            ("standard_file", &rule.standard_file),
            ("name", &rule.name),
            ("place", &rule.place),
            ("manager", &rule.manager),
            ("medium", &rule.medium),
            ("source", &rule.source),
        ],
        nothing: rule.procedures.is_empty().then_some("procedures"),
    });
    entry_faults("record_files", entries)
}

/// Every fault of the entries of a table of that name.
pub(super) fn entry_faults<'a>(table: &str, entries: impl Iterator<Item = Entry<'a>>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, entry) in entries.enumerate() {
        let place = format!("/{table}/{index}");
        let (first, last) = entry.days;
        if !is_slug(entry.code) {
            let (ja, en) = ("英小文字で始まる識別子にしてください", "must be a lower-case identifier");
            faults.push(Fault::new(format!("{place}/code"), "slug", ja, en));
        }
        if !seen.insert((entry.code, first)) {
            faults.push(Fault::new(format!("{place}/code"), "duplicate", "重複しています", "is given twice"));
        }
        if last.is_some_and(|last| last < first) {
            let (ja, en) = ("終わりの日が始まりの日より前です", "it ends before it begins");
            faults.push(Fault::new(format!("{place}/valid_to"), "ends_before_it_begins", ja, en));
        }
        let blank =
            entry.texts.into_iter().filter(|(_, text)| text.trim().is_empty()).map(|(field, _)| field);
        for field in blank.chain(entry.nothing) {
            faults.push(Fault::new(
                format!("{place}/{field}"),
                "empty",
                "空にできません",
                "must not be empty",
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn rule(code: &str, procedure: &str, valid_from: Date) -> RecordRule {
        let text = |text: &str| text.to_owned();
        RecordRule {
            code: text(code),
            procedures: vec![text(procedure)],
            large: text("許認可"),
            middle: text("産業"),
            small: text("登録"),
            standard_file: text("申請書"),
            name: text("{procedure}"),
            retention: None,
            measure: PlannedMeasure::Undecided,
            place: text("書庫"),
            manager: text("{department}長"),
            medium: text("電子"),
            valid_from,
            valid_to: None,
            source: text("試験用"),
            sample: true,
        }
    }

    #[test]
    fn r123_the_entry_that_names_the_procedure_goes_before_the_one_for_all_and_the_youngest_first() {
        let ended =
            RecordRule { valid_to: Some(date(2025, 3, 31)), ..rule("ended", "toroku", date(2020, 4, 1)) };
        let rules = [
            rule("rest", EVERY, date(2024, 4, 1)),
            rule("toroku", "toroku", date(2024, 4, 1)),
            rule("toroku-new", "toroku", date(2026, 4, 1)),
            ended,
        ];
        let found = |procedure, day| rule_for(&rules, procedure, day).map(|rule| rule.code.as_str());
        assert_eq!(found("toroku", date(2025, 4, 1)), Some("toroku"));
        assert_eq!(found("toroku", date(2026, 4, 1)), Some("toroku-new"));
        assert_eq!(found("menjo", date(2026, 4, 1)), Some("rest"));
        assert_eq!(found("toroku", date(2022, 4, 1)), Some("ended"));
        assert_eq!(found("menjo", date(2022, 4, 1)), None, "unknown stays unknown");
    }

    #[test]
    fn r124_a_table_lengthens_what_a_procedure_says_and_never_shortens_it() {
        let class =
            |retention, years| RecordRule { retention, ..rule("a", EVERY, date(2024, 4, 1)) }.class(years);
        assert_eq!(class(None, 5), RetentionClass::Five);
        assert_eq!(class(Some(RetentionClass::Thirty), 5), RetentionClass::Thirty);
        assert_eq!(class(Some(RetentionClass::One), 5), RetentionClass::Five);
    }

    #[test]
    fn all_faults_of_a_classification_table_are_named_at_once() {
        let mut bad = rule("X y", "toroku", date(2026, 4, 1));
        bad.valid_to = Some(date(2026, 3, 31));
        bad.place = " ".to_owned();
        bad.procedures.clear();
        let twice = || rule("rest", EVERY, date(2024, 4, 1));
        let faults = record_rule_faults(&[twice(), twice(), bad]);
        let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(
            found,
            [
                ("/record_files/1/code", "duplicate"),
                ("/record_files/2/code", "slug"),
                ("/record_files/2/valid_to", "ends_before_it_begins"),
                ("/record_files/2/place", "empty"),
                ("/record_files/2/procedures", "empty"),
            ]
        );
    }
}
