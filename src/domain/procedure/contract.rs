//! That a grant offers a contract (契約, R-103) as data: its text, who signs for the body, and how long there is to sign.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bilingual;

/// The contract that a decided grant offers. It is concluded once both sides have signed it electronically, and not before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractTerms {
    /// The title of the contract, e.g. 県有財産賃貸借契約書.
    pub title: Bilingual,
    /// The clauses in Japanese, in their order. Placeholders: `{authority}`, `{counterpart}`, `{document_number}`, `{price}`,
    /// `{offered_on}`, `{sign_by}`, and `{form.NAME}` for an answer.
    pub clauses: Vec<String>,
    /// Who signs for the body: the title of an authority that has a key of office, e.g. 青森県知事.
    pub authority: String,
    /// Within how many days both have to sign, the day of the offer not counted; a last day that is a day off moves on.
    pub signing_days: u16,
    /// The trust anchors of the body that certificates of counterparts are traced back to, by name; all of them where none is named.
    #[serde(default)]
    pub trust_anchors: Vec<String>,
    /// The clause by which it is made, e.g. 地方自治法第238条の5第1項.
    pub basis: String,
    /// Where the clauses were taken from.
    pub source: String,
    /// True while they have not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}
