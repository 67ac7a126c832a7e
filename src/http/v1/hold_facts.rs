//! What a hold says, of a case or of a whole record file: the one presenter of both.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::service::records::file_hold::FileHoldView;
use crate::service::records::hold::HoldView;

/// What a hold says.
#[derive(Serialize, ToSchema)]
pub struct HoldFacts {
    /// The hold.
    id: Uuid,
    /// `appeal`, `litigation`, `disclosure` or `audit`; of a record file also `claim`.
    #[schema(example = "litigation")]
    ground: String,
    /// The first day.
    #[schema(format = Date)]
    from_on: String,
    /// The last day, when it is known.
    #[schema(format = Date)]
    until_on: Option<String>,
    /// What it is about.
    note: String,
    /// Whether it bars a disposal now.
    stands: bool,
    /// Who placed it.
    placed_by: Uuid,
    /// When.
    #[schema(format = DateTime)]
    placed_at: String,
    /// Who released it.
    released_by: Option<Uuid>,
    /// When.
    #[schema(format = DateTime)]
    released_at: Option<String>,
    /// Why.
    release_reason: Option<String>,
}

impl From<&HoldView> for HoldFacts {
    fn from(view: &HoldView) -> Self {
        let (hold, release) = &view.stored;
        Self {
            id: hold.id.0,
            ground: hold.ground.clone(),
            from_on: hold.from_on.0.to_string(),
            until_on: hold.until_on.map(|day| day.0.to_string()),
            note: view.note.clone(),
            stands: view.stands,
            placed_by: hold.placed_by.0,
            placed_at: hold.placed_at.0.to_string(),
            released_by: release.as_ref().map(|release| release.released_by.0),
            released_at: release.as_ref().map(|release| release.released_at.0.to_string()),
            release_reason: view.reason.clone(),
        }
    }
}

impl From<&FileHoldView> for HoldFacts {
    fn from(view: &FileHoldView) -> Self {
        let (hold, release) = &view.stored;
        Self {
            id: hold.id.0,
            ground: hold.ground.clone(),
            from_on: hold.from_on.0.to_string(),
            until_on: hold.until_on.map(|day| day.0.to_string()),
            note: hold.note.clone(),
            stands: view.stands,
            placed_by: hold.placed_by.0,
            placed_at: hold.placed_at.0.to_string(),
            released_by: release.as_ref().map(|release| release.released_by.0),
            released_at: release.as_ref().map(|release| release.released_at.0.to_string()),
            release_reason: release.as_ref().map(|release| release.reason.clone()),
        }
    }
}
