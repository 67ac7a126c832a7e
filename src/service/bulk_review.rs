//! One act on many cases (一括処理): each case is judged for itself, what is refused is told case by case.
//!
//! All of it is one transaction over all cases, locked in one order; a refused case is left as it was, whatever had been changed
//! of it before the refusal.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::idempotency::{IdempotencyRequest, Made, once};
use super::queue::staff;
use super::{Ctx, Effect, Failure, Refusal, cases, review, takeover};
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, BulkReviewId, OfficerId, TenantCode};
use crate::domain::policy::Action;
use crate::store::bulk_reviews::{self, BulkItem, BulkRefusal, BulkReviewRow};
use crate::store::sql::{Json, Micros};
use crate::store::{ReadTx, Root, Tx, queue};

/// The most cases of one act.
pub const MOST_CASES: usize = 200;

/// What is to be done with each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkAction {
    /// Take it up.
    Claim,
    /// Give it back.
    Release,
    /// Hand it to a colleague.
    Assign(OfficerId),
    /// Take it over.
    TakeOver,
}

impl BulkAction {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Release => "release",
            Self::Assign(_) => "assign",
            Self::TakeOver => "take_over",
        }
    }
}

/// With which cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selected {
    /// These.
    Cases(Vec<ApplicationId>),
    /// Those that this officer has, oldest first, [`MOST_CASES`] at the most; cases on their approval route stay.
    AssignedTo(OfficerId),
}

/// An act on many cases of a department.
#[derive(Clone, Debug)]
pub struct NewBulkReview {
    /// Code of the department.
    pub department: String,
    /// What is to be done.
    pub action: BulkAction,
    /// With which cases.
    pub selected: Selected,
}

/// Does it, case by case.
pub async fn run(
    ctx: Ctx,
    request: IdempotencyRequest,
    new: NewBulkReview,
) -> Result<Effect<BulkReviewRow>, Failure> {
    let (inner, tenant, wanted) = (ctx.clone(), request.tenant.clone(), new.clone());
    let (cases, left_over) = ctx.core.db.read(move |tx| select(tx, &inner, &tenant, &wanted)).await?;
    let db = ctx.core.db.clone();
    let roots = cases.iter().copied().map(Root::Application).collect();
    db.write_alone(roots, move |tx| {
        let act = |tx: &mut Tx<'_>, now| act(tx, &ctx, &request.tenant, &new, (&cases, left_over), now);
        once(tx, &request, "bulk_review", act, |tx, id| {
            let id = id.parse().map_err(|_| Failure::Internal("a bulk review's id".to_owned()))?;
            bulk_reviews::find(tx, &request.tenant, id)?.ok_or(Failure::Refused(Refusal::NotFound))
        })
    })
    .await
}

/// The cases meant, and how many more there are.
fn select(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    new: &NewBulkReview,
) -> Result<(Vec<ApplicationId>, i64), Failure> {
    staff(tx, ctx, tenant, &new.department, Action::Review)?;
    match &new.selected {
        Selected::Cases(cases) => {
            refuse(cases)?;
            Ok((cases.clone(), 0))
        }
        Selected::AssignedTo(officer) => {
            let most = i64::try_from(MOST_CASES).unwrap_or(i64::MAX);
            let cases = queue::assigned_to(tx, tenant, &new.department, *officer, most)?;
            let all = queue::count_assigned_to(tx, tenant, &new.department, *officer)?;
            let taken = i64::try_from(cases.len()).unwrap_or(i64::MAX);
            Ok((cases, all.saturating_sub(taken)))
        }
    }
}

fn refuse(cases: &[ApplicationId]) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    if !(1..=MOST_CASES).contains(&cases.len()) {
        let ja = format!("案件は1～{MOST_CASES}件を指定してください。");
        let en = format!("Name 1 to {MOST_CASES} cases.");
        faults.push(Fault::new("/applications", "count", ja, en));
    }
    let mut seen = BTreeSet::new();
    for (index, case) in cases.iter().enumerate() {
        if !seen.insert(*case) {
            let (ja, en) = ("重複しています。", "It is named twice.");
            faults.push(Fault::new(format!("/applications/{index}"), "duplicate", ja, en));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

fn act(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    new: &NewBulkReview,
    (cases, left_over): (&[ApplicationId], i64),
    now: Timestamp,
) -> Result<Made<BulkReviewRow>, Failure> {
    let me = staff(tx, ctx, tenant, &new.department, Action::Review)?.officer;
    let mut items = Vec::with_capacity(cases.len());
    for &application in cases {
        let refused = match tx.part(|tx| act_on(tx, ctx, tenant, new, application)) {
            Ok(()) => None,
            Err(Failure::Refused(refusal)) => Some(told(&refusal)),
            Err(broken) => return Err(broken),
        };
        items.push(BulkItem { application, refused });
    }
    let row = BulkReviewRow {
        tenant_id: tenant.clone(),
        id: BulkReviewId(tx.new_id()),
        department: new.department.clone(),
        officer_id: me,
        action: new.action.as_str().to_owned(),
        items: Json(items),
        left_over,
        created_at: Micros(now),
    };
    bulk_reviews::insert(tx, &row)?;
    Ok(Made { resource_id: row.id.to_string(), value: row })
}

fn act_on(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    new: &NewBulkReview,
    id: ApplicationId,
) -> Result<(), Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    if case.row.department != new.department {
        return Err(Refusal::NotFound.into());
    }
    match new.action {
        BulkAction::Claim => review::claim_case(tx, &mut case)?,
        BulkAction::Release => review::release_case(tx, &mut case)?,
        BulkAction::Assign(colleague) => review::assign_case(tx, &mut case, colleague)?,
        BulkAction::TakeOver => takeover::take_over(tx, ctx, &mut case)?,
    }
    case.save(tx)
}

/// What is told of a refused case; the first fault says more than the sentence over all faults.
pub(super) fn told(refusal: &Refusal) -> BulkRefusal {
    if let Some(fault) = refusal.faults().first() {
        let (ja, en) = (fault.message_ja.clone(), fault.message_en.clone());
        return BulkRefusal { code: fault.code.to_owned(), ja, en };
    }
    let (ja, en) = refusal.sentence();
    BulkRefusal { code: refusal.code().to_owned(), ja, en }
}
