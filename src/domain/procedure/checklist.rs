//! What is checked in the review (審査のチェックリスト) as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bilingual;

/// One item that staff look at in the review, and mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecklistItem {
    /// The key of the item; it never changes its meaning within a version.
    pub id: String,
    /// What is looked at.
    pub text: Bilingual,
    /// The clause or criterion (審査基準) it comes from.
    pub clause: String,
    /// Whether nothing is granted before it is marked as met, or as not applicable.
    #[serde(default = "required")]
    pub required: bool,
}

fn required() -> bool {
    true
}
