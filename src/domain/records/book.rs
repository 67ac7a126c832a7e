//! Books that belong to no case (会計帳票, R-123): which kinds there are, and how a body classifies and keeps them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::rule::{Entry, entry_faults};
use super::{PlannedMeasure, RetentionClass};
use crate::domain::fault::Fault;

/// What is in a record file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileContent {
    /// Cases that have ended.
    Cases,
    /// Books of a year that is over.
    Books,
}

impl FileContent {
    /// Both, for tables and tests.
    pub const ALL: [Self; 2] = [Self::Cases, Self::Books];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cases => "cases",
            Self::Books => "books",
        }
    }

    /// The content of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|content| content.as_str() == text)
    }
}

/// A kind of book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookKind {
    /// 払込報告: the report of an agent about its payouts.
    SettlementReport,
    /// 入出金取引明細: a file of the bank.
    BankStatement,
    /// 総合振込データ: a file that asks the bank to pay refunds out.
    TransferFile,
    /// 日締め: the signed close of a day.
    DayClose,
    /// 納付書情報: a file of slips for the organisation of eL-QR.
    ElQrUpload,
    /// 受付結果・納付情報: a file that came from it.
    ElQrFile,
}

impl BookKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::SettlementReport,
        Self::BankStatement,
        Self::TransferFile,
        Self::DayClose,
        Self::ElQrUpload,
        Self::ElQrFile,
    ];

    /// The stored, public and configured name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SettlementReport => "settlement_report",
            Self::BankStatement => "bank_statement",
            Self::TransferFile => "transfer_file",
            Self::DayClose => "day_close",
            Self::ElQrUpload => "el_qr_upload",
            Self::ElQrFile => "el_qr_file",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One entry of the classification table for books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookRule {
    /// The key of the entry.
    pub code: String,
    /// The kinds of book it is for.
    pub kinds: Vec<BookKind>,
    /// The code of the department that keeps them.
    pub department: String,
    /// 大分類.
    pub large: String,
    /// 中分類.
    pub middle: String,
    /// 小分類.
    pub small: String,
    /// 標準行政文書ファイル.
    pub standard_file: String,
    /// 名称 of a year's file; `{year}` (令和8年度) stands for what it says.
    pub name: String,
    /// 保存期間.
    pub retention: RetentionClass,
    /// What is to happen at expiry; left out: nobody has judged it.
    #[serde(default)]
    pub measure: PlannedMeasure,
    /// 保存場所.
    pub place: String,
    /// 管理者; `{department}` stands for the name of the department.
    pub manager: String,
    /// 記録媒体.
    pub medium: String,
    /// The first day whose books go by it.
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

impl BookRule {
    fn is_used_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }
}

/// The youngest entry for a book of `day`. None where the body has none: the book is then in no file, and nothing becomes of it.
pub fn book_rule_for(rules: &[BookRule], kind: BookKind, day: Date) -> Option<&BookRule> {
    let used = rules.iter().filter(|rule| rule.kinds.contains(&kind) && rule.is_used_on(day));
    used.max_by_key(|rule| rule.valid_from)
}

/// Every fault of a body's table of books; pointers go into the file of the body.
pub fn book_rule_faults(rules: &[BookRule]) -> Vec<Fault> {
    let entries = rules.iter().map(|rule| Entry {
        code: &rule.code,
        days: (rule.valid_from, rule.valid_to),
        texts: vec![
            ("department", &rule.department),
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
        nothing: rule.kinds.is_empty().then_some("kinds"),
    });
    entry_faults("record_books", entries)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn rule(code: &str, kinds: &[BookKind], valid_from: Date) -> BookRule {
        let text = |text: &str| text.to_owned();
        BookRule {
            code: text(code),
            kinds: kinds.to_vec(),
            department: text("kaikei"),
            large: text("会計"),
            middle: text("収入"),
            small: text("帳票"),
            standard_file: text("会計帳票"),
            name: text("会計帳票（{year}）"),
            retention: RetentionClass::Five,
            measure: PlannedMeasure::Dispose,
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
    fn r123_a_book_goes_by_the_youngest_entry_that_is_for_its_kind_on_its_day() {
        let ended = BookRule {
            valid_to: Some(date(2025, 3, 31)),
            ..rule("ended", &[BookKind::TransferFile], date(2020, 4, 1))
        };
        let rules = [
            rule("bank", &[BookKind::BankStatement, BookKind::DayClose], date(2024, 4, 1)),
            rule("bank-new", &[BookKind::BankStatement], date(2026, 4, 1)),
            ended,
        ];
        for (kind, day, expected) in [
            (BookKind::BankStatement, date(2024, 3, 31), None),
            (BookKind::BankStatement, date(2024, 4, 1), Some("bank")),
            (BookKind::BankStatement, date(2026, 4, 1), Some("bank-new")),
            (BookKind::DayClose, date(2026, 4, 1), Some("bank")),
            (BookKind::TransferFile, date(2025, 3, 31), Some("ended")),
            (BookKind::TransferFile, date(2025, 4, 1), None),
            (BookKind::ElQrFile, date(2026, 4, 1), None),
        ] {
            let found = book_rule_for(&rules, kind, day).map(|rule| rule.code.as_str());
            assert_eq!(found, expected, "{kind:?} on {day}");
        }
    }

    #[test]
    fn r123_every_kind_and_every_content_has_a_name_of_its_own() {
        for kind in BookKind::ALL {
            assert_eq!(BookKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str(), "stored and configured alike");
        }
        for content in FileContent::ALL {
            assert_eq!(FileContent::parse(content.as_str()), Some(content));
        }
        assert_eq!((BookKind::parse("case"), FileContent::parse("")), (None, None));
    }

    #[test]
    fn all_faults_of_a_table_of_books_are_named_at_once() {
        let mut bad = rule("X y", &[], date(2026, 4, 1));
        bad.valid_to = Some(date(2026, 3, 31));
        bad.department = " ".to_owned();
        bad.source = String::new();
        let twice = || rule("bank", &[BookKind::BankStatement], date(2024, 4, 1));
        let faults = book_rule_faults(&[twice(), twice(), bad]);
        let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(
            found,
            [
                ("/record_books/1/code", "duplicate"),
                ("/record_books/2/code", "slug"),
                ("/record_books/2/valid_to", "ends_before_it_begins"),
                ("/record_books/2/department", "empty"),
                ("/record_books/2/source", "empty"),
                ("/record_books/2/kinds", "empty"),
            ]
        );
    }
}
