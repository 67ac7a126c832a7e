//! That a place is looked at before anything is granted (現地調査の義務) as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An inspection that must have been passed before a grant is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequiredInspection {
    /// The clause or criterion (審査基準) it comes from.
    pub basis: String,
    /// True while the basis has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}
