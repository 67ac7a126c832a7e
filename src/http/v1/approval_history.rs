//! What was done and said at the desks about a subject of a case, also what no longer counts.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::service::approval::{GivenInstruction, HistoryAct};

/// The look afterwards at an act in an absent officer's place (後閲).
#[derive(Serialize, ToSchema)]
pub struct HistoryReviewBody {
    /// `agreed` or `objected`.
    #[schema(example = "agreed")]
    verdict: String,
    /// What was said.
    comment: Option<String>,
    /// Who looked.
    reviewer: Uuid,
    /// Under which title of that day.
    reviewer_title: String,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    reviewed_at: String,
}

/// In whose place an act was done, and what allowed it (代決).
#[derive(Serialize, ToSchema)]
pub struct HistoryActingBody {
    /// The absent officer.
    absent: Uuid,
    /// The title of the absent officer on that day.
    absent_title: String,
    /// The absence on record.
    absence: Uuid,
    /// The instruction given beforehand, where there was one.
    instruction: Option<Uuid>,
    /// The look afterwards; null while it is owed.
    post_review: Option<HistoryReviewBody>,
}

/// An act at a desk.
#[derive(Serialize, ToSchema)]
pub struct HistoryActBody {
    /// The act.
    id: String,
    /// The proposal it was done to; one whose place another took stays in the history.
    proposal: Uuid,
    /// Number of the step; of `voided` the one whose seal no longer counts.
    step: i64,
    /// `approved`, `dissented`, `returned`, `voided` or `escalated`.
    #[schema(example = "approved")]
    act: String,
    /// Who acted; of `voided` by whose act the seal no longer counts.
    officer: Uuid,
    /// Under which title of that day.
    title: String,
    /// SHA-256 of the text that was acted on, as it lies sealed.
    body_sha256: String,
    /// SHA-256 of all that would have been issued then, as the seal saw it; of seals and disagreements.
    content_sha256: Option<String>,
    /// What was said.
    comment: Option<String>,
    /// Where it was done in an absent officer's place.
    acting: Option<HistoryActingBody>,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    acted_at: String,
}

impl From<HistoryAct> for HistoryActBody {
    fn from(act: HistoryAct) -> Self {
        let HistoryAct { row, comment, acting, review } = act;
        let post_review = review.map(|(review, comment)| HistoryReviewBody {
            verdict: review.verdict,
            comment,
            reviewer: review.reviewer_id.0,
            reviewer_title: review.reviewer_title,
            reviewed_at: review.reviewed_at.0.to_string(),
        });
        let acting = acting.map(|acting| HistoryActingBody {
            absent: acting.absent_id.0,
            absent_title: acting.absent_title,
            absence: acting.absence_id.0,
            instruction: acting.instruction_id.map(|id| id.0),
            post_review,
        });
        Self {
            id: row.id,
            proposal: row.proposal_id.0,
            step: row.step_no,
            act: row.act,
            officer: row.officer_id.0,
            title: row.officer_title,
            body_sha256: row.body_sha256,
            content_sha256: row.content_sha256,
            comment,
            acting,
            acted_at: row.acted_at.0.to_string(),
        }
    }
}

/// What an officer said beforehand to whoever acts in the own place.
#[derive(Serialize, ToSchema)]
pub struct InstructionGivenBody {
    /// The instruction.
    id: Uuid,
    /// The proposal.
    proposal: Uuid,
    /// Number of the officer's step.
    step: i64,
    /// Who gave it.
    officer: Uuid,
    /// Under which title of that day.
    title: String,
    /// SHA-256 of the text it is about, as it lies sealed; another text needs another instruction.
    body_sha256: String,
    /// What was said.
    instruction: String,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    given_at: String,
}

impl From<GivenInstruction> for InstructionGivenBody {
    fn from(given: GivenInstruction) -> Self {
        let GivenInstruction { row, text } = given;
        Self {
            id: row.id.0,
            proposal: row.proposal_id.0,
            step: row.step_no,
            officer: row.officer_id.0,
            title: row.officer_title,
            body_sha256: row.body_sha256,
            instruction: text,
            given_at: row.given_at.0.to_string(),
        }
    }
}
