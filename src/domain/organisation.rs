//! Tenants (団体) and their departments (部局・課) as dated data (R-126, R-127, R-200…R-204).

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::calendar::ClosingDays;
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::procedure::{Bilingual, is_slug};

/// What kind of body a tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantKind {
    /// 都道府県.
    Prefecture,
    /// 市町村.
    Municipality,
}

/// A bureau (部・局): what departments belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bureau {
    /// The key of the bureau.
    pub code: String,
    /// Its name.
    pub name: Bilingual,
    /// The first day it exists.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
}

/// A department (課): it has a queue and posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// The key of the department, e.g. `kiki-shobo-hoan`.
    pub code: String,
    /// Its name, e.g. 消防保安課.
    pub name: Bilingual,
    /// The code of its bureau, where it has one.
    #[serde(default)]
    pub bureau: Option<String>,
    /// The first day it exists.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Where name and place were taken from.
    pub source: String,
    /// True while the place in the organisation has not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

impl Department {
    /// Whether the department exists on `day`.
    pub fn exists_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }
}

/// One tenant with its organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// 全国地方公共団体コード.
    pub code: TenantCode,
    /// The name of the body.
    pub name: Bilingual,
    /// Prefecture or municipality.
    pub kind: TenantKind,
    /// The title of the disposing authority (処分庁), e.g. 青森県知事.
    pub disposing_authority: Bilingual,
    /// Its own days off.
    pub calendar: ClosingDays,
    /// Its bureaus.
    #[serde(default)]
    pub bureaus: Vec<Bureau>,
    /// Its departments.
    pub departments: Vec<Department>,
    /// Where the content of the file was taken from.
    pub sources: Vec<String>,
}

impl Tenant {
    /// The department called `code` as it is on `day`.
    pub fn department(&self, code: &str, day: Date) -> Option<&Department> {
        self.departments.iter().find(|department| department.code == code && department.exists_on(day))
    }

    /// The first day of a span on which the department called `code` does not exist; a span without an end never ends.
    pub fn first_day_without(&self, code: &str, from: Date, to: Option<Date>) -> Option<Date> {
        let mut day = from;
        while to.is_none_or(|to| day <= to) {
            let Some(department) = self.department(code, day) else { return Some(day) };
            // One record follows another when a department is renamed or moves to another bureau.
            day = department.valid_to?.tomorrow().ok()?;
        }
        None
    }

    /// The full name of a department, bureau first: 危機管理局消防保安課.
    pub fn full_name_ja(&self, department: &Department) -> String {
        let bureau = department.bureau.as_deref().and_then(|code| self.bureau(code));
        format!("{}{}", bureau.map_or("", |bureau| bureau.name.ja.as_str()), department.name.ja)
    }

    fn bureau(&self, code: &str) -> Option<&Bureau> {
        self.bureaus.iter().find(|bureau| bureau.code == code)
    }

    /// Every fault of the file; empty when it may be used.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if TenantCode::parse(self.code.as_str()).is_none() {
            let (ja, en) = ("団体コードの検査数字が正しくありません", "not a six-digit body code (R-160)");
            faults.push(Fault::new("/code", "tenant_code", ja, en));
        }
        let year_end = self.calendar.year_end;
        if !(1..=31).contains(&year_end.december_from) || !(0..=31).contains(&year_end.january_to) {
            let (ja, en) = ("年末年始の日付が正しくありません", "not days of December and January");
            faults.push(Fault::new("/calendar/year_end", "year_end", ja, en));
        }
        if self.sources.is_empty() {
            faults.push(Fault::new("/sources", "empty", "空にできません", "must not be empty"));
        }
        let mut seen = BTreeSet::new();
        for (index, department) in self.departments.iter().enumerate() {
            let pointer = format!("/departments/{index}");
            if !is_slug(&department.code) {
                let (ja, en) = ("英小文字で始まる識別子にしてください", "must be a lower-case identifier");
                faults.push(Fault::new(format!("{pointer}/code"), "slug", ja, en));
            }
            if !seen.insert((&department.code, department.valid_from)) {
                faults.push(Fault::new(
                    format!("{pointer}/code"),
                    "duplicate",
                    "重複しています",
                    "is given twice",
                ));
            }
            if department.bureau.as_deref().is_some_and(|code| self.bureau(code).is_none()) {
                let (ja, en) = ("この部局はありません", "there is no such bureau");
                faults.push(Fault::new(format!("{pointer}/bureau"), "unknown_bureau", ja, en));
            }
            if department.valid_to.is_some_and(|to| to < department.valid_from) {
                let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
                faults.push(Fault::new(format!("{pointer}/valid_to"), "span", ja, en));
            }
        }
        faults
    }
}
