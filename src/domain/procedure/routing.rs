//! Where a case goes (所管・経由・移譲) and how long it takes, as data.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bilingual;
use crate::domain::expression::ExpressionText;
use crate::domain::id::TenantCode;

/// Jurisdiction by the place of the facility (R-172…R-175): which field names the municipality, and which table of
/// `config/jurisdictions.yaml` says who is in charge there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jurisdiction {
    /// The table, e.g. `public-health`.
    pub area: String,
    /// What gives the six-digit code of the municipality, e.g. `form.facility.municipality`. Never the postcode.
    pub municipality: ExpressionText,
}

/// One rule of routing. Rules are tried in order; the first that applies gives the queue, else the procedure's own
/// `department` has it, so that every case reaches some queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    /// The rule applies while this is true; always when absent.
    #[serde(default)]
    pub when: Option<ExpressionText>,
    /// The department that gets the case.
    pub department: String,
    /// The first arrival day of the rule.
    #[serde(default)]
    pub effective_from: Option<Date>,
    /// The last arrival day.
    #[serde(default)]
    pub effective_to: Option<Date>,
    /// The rule or notice that says so.
    pub basis: String,
}

/// Who is in charge in some municipalities (one row of a table of `config/jurisdictions.yaml`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JurisdictionRow {
    /// The municipalities it concerns.
    pub municipalities: Vec<TenantCode>,
    /// The body in charge there; each municipality itself when absent.
    #[serde(default)]
    pub authority: Option<TenantCode>,
    /// The department of that body, where it is settled and differs from the procedure's own.
    #[serde(default)]
    pub department: Option<String>,
    /// The first day.
    pub effective_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub effective_to: Option<Date>,
    /// The ordinance (e.g. 事務処理特例条例).
    pub basis: String,
    /// True while it has not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

/// Who is in charge of an area of business, by municipality and date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JurisdictionTable {
    /// The key, e.g. `public-health`.
    pub area: String,
    /// Its name.
    pub title: Bilingual,
    /// The rows; a municipality that stands in none belongs to the prefecture.
    pub rows: Vec<JurisdictionRow>,
    /// Where the table was taken from.
    pub source: String,
}

/// Whether the body's holidays count as days of the standard processing period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HolidayRule {
    /// 期間中の休日を含まない.
    Exclude,
    /// 期間中の休日を含む.
    Include,
}

/// The standard processing period (標準処理期間, R-16), in days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Processing {
    /// Days at the deciding authority (処理機関での期間), consultation included.
    pub days: u32,
    /// Of these, days at the consulted authority (うち協議機関での期間).
    #[serde(default)]
    pub consultation_days: u32,
    /// Days at the offices it passes through (経由機関での期間).
    #[serde(default)]
    pub transit_days: u32,
    /// Whether holidays count.
    pub holidays: HolidayRule,
    /// Where the number of days is published.
    pub source: String,
    /// True while the number has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// One step of the approval route (決裁の段).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStep {
    /// The role that approves, e.g. `section_chief` 課長.
    pub role: String,
    /// The department whose role it is; the one in charge of the case when absent.
    #[serde(default)]
    pub department: Option<String>,
}
