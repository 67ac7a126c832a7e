//! The import of an organisation (組織・人事異動の取込み): departments, officers and the posts they hold, all of them dated.
//!
//! A file states records; what it does not name is left alone. A department is known by its code and first day, an officer by the
//! address to sign in with, a holding (officer × post) by officer, department, role and first day. Naming a known record again
//! changes nothing; an earlier end ends it; other words change it where its first day is still to come. The past is never rewritten
//! neither what began nor what ended before today changes. All contradictions are told at once, each with row and column.

mod file;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use serde::Serialize;

use super::fiscal_year::FiscalYear;
use super::organisation::Department;
use super::policy::Role;

pub use file::{COLUMNS, RawRecord, raw_csv, raw_tree, read, write_csv, write_tree};
pub use plan::plan;

/// How somebody was appointed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Appointed {
    /// 任期の定めのない職員.
    Regular,
    /// 会計年度任用職員: at the latest until the 31st of March of the fiscal year.
    FixedTerm,
}

impl Appointed {
    /// The name in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::FixedTerm => "fixed_term",
        }
    }

    /// What that name means.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Regular, Self::FixedTerm].into_iter().find(|kind| kind.as_str() == text)
    }

    /// What is wrong with a term of this kind: in Japanese and in English.
    pub fn term_fault(self, from: Date, to: Option<Date>) -> Option<(String, String)> {
        let year_ends = date(FiscalYear::of(from).year().saturating_add(1), 3, 31);
        if self == Self::Regular || to.is_some_and(|to| to <= year_ends) {
            return None;
        }
        let ja = format!("会計年度任用職員の任期は{year_ends}までです（地方公務員法第22条の2第2項）。");
        let en = format!("A fixed-term appointment ends on {year_ends} at the latest (R-128).");
        Some((ja, en))
    }
}

/// Where a record stands in its file: `/rows/3` of CSV (the header is row 1), `/holdings/0` of YAML.
pub type Place = String;

/// A department as a file states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedDepartment {
    /// Where.
    pub place: Place,
    /// Its key.
    pub code: String,
    /// Its name in Japanese.
    pub name_ja: String,
    /// Its name in English.
    pub name_en: String,
    /// The bureau it belongs to.
    pub parent: Option<String>,
    /// The first day.
    pub valid_from: Date,
    /// The last day.
    pub valid_to: Option<Date>,
    /// Who takes its work over.
    pub successor: Option<String>,
}

/// An officer as a file states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedOfficer {
    /// Where.
    pub place: Place,
    /// The address to sign in with.
    pub email: String,
    /// 氏名.
    pub name: String,
}

/// A post that somebody holds, as a file states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedHolding {
    /// Where.
    pub place: Place,
    /// The address of the officer.
    pub officer: String,
    /// The department.
    pub department: String,
    /// What the post allows.
    pub role: Role,
    /// The title shown beside a seal.
    pub title: String,
    /// How the officer was appointed to it.
    pub appointment: Appointed,
    /// The first day.
    pub valid_from: Date,
    /// The last day.
    pub valid_to: Option<Date>,
}

/// Everything that a file states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Departments.
    pub departments: Vec<StatedDepartment>,
    /// Officers.
    pub officers: Vec<StatedOfficer>,
    /// Holdings.
    pub holdings: Vec<StatedHolding>,
}

/// A post that somebody holds, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHolding {
    /// Its id.
    pub id: String,
    /// The officer's id.
    pub officer: String,
    /// The department.
    pub department: String,
    /// What the post allows.
    pub role: Role,
    /// The title.
    pub title: String,
    /// The first day.
    pub valid_from: Date,
    /// The last day.
    pub valid_to: Option<Date>,
}

/// The organisation as it stands.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The body's own code, which stands for the department of its head.
    pub body: String,
    /// The codes of its bureaus.
    pub bureaus: Vec<String>,
    /// All records of departments, past and to come.
    pub departments: Vec<Department>,
    /// The departments that procedures on offer name.
    pub in_charge: BTreeSet<String>,
    /// The ids of the officers whom the file names, by their addresses.
    pub officers: BTreeMap<String, String>,
    /// Every holding of the body, past and to come.
    pub holdings: Vec<KnownHolding>,
}

/// What happens to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It gets its end.
    Ended,
    /// It says something else from a day that is still to come.
    Changed,
}

/// One line of the difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What happens.
    pub kind: ChangeKind,
    /// `department`, `officer` or `holding`.
    pub record: &'static str,
    /// Where it stands in the file.
    pub place: Place,
    /// The key of the record: code or address, department and role.
    pub subject: Vec<String>,
    /// The first day.
    pub valid_from: Option<Date>,
    /// The last day from now on.
    pub valid_to: Option<Date>,
    /// The line in Japanese.
    pub text_ja: String,
    /// The line in English.
    pub text_en: String,
}

/// What is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A record of a department, new or in place of the one with its code and first day.
    Department(StatedDepartment),
    /// A new officer.
    Officer(StatedOfficer),
    /// A new holding.
    Holding(StatedHolding),
    /// A known holding gets this title and this last day.
    HoldingStands {
        /// Its id.
        id: String,
        /// The title.
        title: String,
        /// The last day.
        valid_to: Option<Date>,
    },
}

/// What an import would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// For people and machines, in the order of the file.
    pub changes: Vec<Change>,
    /// For the store, in the same order.
    pub effects: Vec<Effect>,
}
