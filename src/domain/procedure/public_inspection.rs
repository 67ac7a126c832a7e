//! That filings are open to the public by law (閲覧, R-47) as data: from when, what of them, where and at which hours.

use jiff::civil::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bilingual;

/// From when a filing is open to the public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpensOn {
    /// From its arrival.
    Arrival,
    /// From the decision on it, whatever that says.
    Decision,
    /// From the decision that grants it.
    Grant,
}

/// When it can be looked at here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnlineView {
    /// At any time; days and hours are those of the place.
    Always,
    /// On the days and at the hours of the place only, because the rule says so.
    OpeningHours,
}

/// Statutory inspection of the filings of a procedure. Nothing is shown that is not named here: what the rule masks never leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicInspection {
    /// The clause, e.g. 建設業法第13条.
    pub basis: String,
    /// From when.
    pub opens_on: OpensOn,
    /// The fields of the form that are shown, each as a whole; every other one is masked.
    pub fields: Vec<String>,
    /// The documents that can be looked at in the place, by code.
    #[serde(default)]
    pub documents: Vec<String>,
    /// Those of them whose files are given out here as they were handed in, by code; only documents that are said to be without personal
    /// data (`personal_data: false`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// For how many days a filing is open (縦覧期間), counted from the day after its opening and ending on a day on which the body is
    /// open; without it it stays open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_days: Option<u16>,
    /// 閲覧所: where.
    pub place: Bilingual,
    /// On which days, in words.
    pub days: Bilingual,
    /// From when on such a day, e.g. 08:30.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// When it can be looked at here.
    pub online: OnlineView,
    /// Where days, hours and masks were taken from.
    pub source: String,
    /// True while they have not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}
