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

/// What a desk of a route does with a proposal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// 回議: sees it on its way up and passes it on.
    Pass,
    /// 合議: another section agrees, or disagrees on the record.
    Consult,
    /// 決裁: sets its seal.
    #[default]
    Seal,
}

impl StepKind {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Consult => "consult",
            Self::Seal => "seal",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pass, Self::Consult, Self::Seal].into_iter().find(|kind| kind.as_str() == text)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_seal(&self) -> bool {
        *self == Self::Seal
    }
}

/// One step of the approval route (決裁の段).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStep {
    /// The role that acts, e.g. `section_chief` 課長.
    pub role: String,
    /// The department whose role it is; the one in charge of the case when absent.
    #[serde(default)]
    pub department: Option<String>,
    /// What the desk does: `pass` 回議, `consult` 合議 or `seal` 決裁; the last step seals.
    #[serde(default, skip_serializing_if = "StepKind::is_seal")]
    pub kind: StepKind,
    /// Neighbouring steps with the same number lie on their desks at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<u8>,
    /// Within how many business days after it came to the desk the step is to be done; no deadline when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_days: Option<u16>,
}

/// A standing decision (専決, R-113): below these limits an officer closes the route in the name of the authority. The
/// authority itself does not move; where it does (委任, R-111), the disposing authority is another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StandingDecision {
    /// The role whose step closes the route.
    pub closes_at: String,
    /// What it covers; everything on the route when empty. Of a procedure: `grant`, `conditional_grant`, `partial_refusal`, `refuse`,
    /// `correction`, `permit_order`, or `revocation`, `suspension` and `resumption` of these; of a body's route of
    /// waivers: `grant`, `refuse` or `revocation`.
    #[serde(default)]
    pub decisions: Vec<String>,
    /// Only matters of less than this many yen, counted whole (1件); no limit when absent.
    #[serde(default)]
    pub amount_below: Option<i64>,
    /// The regulation that allows it, e.g. 事務専決規程.
    pub basis: String,
    /// True while the regulation has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}
