//! Everything that was done at the desks about a subject of a case, also what no longer counts.

use uuid::Uuid;

use crate::domain::approval::Subject;
use crate::domain::id::{ActingDecisionId, ProposalId};
use crate::seal::SealError;
use crate::service::Failure;
use crate::service::cases::OpenCase;
use crate::store::Reads;
use crate::store::acting_decisions::{self, ActingDecisionRow, InstructionRow, PostReviewRow};
use crate::store::approval_acts::{self, ActRow};

/// An act at a desk, in clear.
#[derive(Clone, Debug)]
pub struct HistoryAct {
    /// The stored act.
    pub row: ActRow,
    /// What was said.
    pub comment: Option<String>,
    /// Where it was done in an absent officer's place: with what allowed it.
    pub acting: Option<ActingDecisionRow>,
    /// The look at it afterwards, where there was one, with what was said.
    pub review: Option<(PostReviewRow, Option<String>)>,
}

/// An instruction given beforehand, in clear.
#[derive(Clone, Debug)]
pub struct GivenInstruction {
    /// The stored row.
    pub row: InstructionRow,
    /// What was said.
    pub text: String,
}

/// What was done and said about a subject.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Every act in its order.
    pub acts: Vec<HistoryAct>,
    /// Every instruction in its order.
    pub instructions: Vec<GivenInstruction>,
}

/// The history of a case about a subject.
pub(super) fn of_subject(
    tx: &mut impl Reads,
    case: &OpenCase,
    subject: Subject,
    proposal: ProposalId,
) -> Result<History, Failure> {
    let tenant = &case.row.tenant_id;
    let rows = approval_acts::of_subject(tx, tenant, case.row.id, subject)?;
    let mut proposals: Vec<ProposalId> = rows.iter().map(|row| row.proposal_id).collect();
    proposals.push(proposal);
    proposals.sort_unstable();
    proposals.dedup();
    let acting = acting_decisions::of_proposals(tx, tenant, &proposals)?;
    let acts = rows.into_iter().map(|row| in_clear(case, row, &acting)).collect::<Result<_, _>>()?;
    let given = acting_decisions::instructions_of(tx, tenant, &proposals)?;
    let instructions = given.into_iter().map(|row| {
        let text = open(case, &acting_decisions::instruction_place(row.id), &row.sealed_text)?;
        Ok::<_, Failure>(GivenInstruction { row, text })
    });
    Ok(History { acts, instructions: instructions.collect::<Result<_, _>>()? })
}

fn in_clear(
    case: &OpenCase,
    row: ActRow,
    acting: &[acting_decisions::Reviewed],
) -> Result<HistoryAct, Failure> {
    let id: Uuid = row.id.parse().map_err(|_| Failure::Internal(format!("the act {}", row.id)))?;
    let comment = row.sealed_comment.as_deref();
    let comment = comment.map(|sealed| open(case, &approval_acts::comment_place(id), sealed)).transpose()?;
    let found = acting.iter().find(|(act, _)| act.id == ActingDecisionId(id)).cloned();
    let (acting, review) = found.map_or((None, None), |(act, review)| (Some(act), review));
    let review = review.map(|review| {
        let said = review_comment(case, &review)?;
        Ok::<_, Failure>((review, said))
    });
    Ok(HistoryAct { row, comment, acting, review: review.transpose()? })
}

/// What was said with a look afterwards.
pub(in crate::service) fn review_comment(
    case: &OpenCase,
    review: &PostReviewRow,
) -> Result<Option<String>, Failure> {
    let place = acting_decisions::comment_place(review.acting_decision_id);
    let sealed = review.sealed_comment.as_deref();
    Ok(sealed.map(|sealed| open(case, &place, sealed)).transpose()?)
}

fn open(case: &OpenCase, place: &str, sealed: &[u8]) -> Result<String, SealError> {
    let text = case.key.open(place, sealed)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
