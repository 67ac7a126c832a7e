//! Many seals at once (一括決裁): each proposal is judged, sealed and recorded for itself; what is refused is told case by case.
//!
//! All of it is one transaction over all cases, locked in one order; a refused case is left as it was, whatever had been changed
//! of it before the refusal.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::acting::{Act, Desk, Seat};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, BulkApprovalId, TenantCode};
use crate::service::bulk_review::told;
use crate::service::idempotency::{IdempotencyRequest, Made, once};
use crate::service::intake::refuse_faults;
use crate::service::{Ctx, Effect, Failure, Refusal, officer};
use crate::store::bulk_approvals::{self, BulkApprovalItem, BulkApprovalRow};
use crate::store::sql::{Json, Micros};
use crate::store::{Root, Tx};

/// The most proposals of one act.
pub const MOST_PROPOSALS: usize = 100;

/// One proposal to seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealWanted {
    /// The case.
    pub application: ApplicationId,
    /// Which proposal of it, and in whose place.
    pub seat: Seat,
    /// Version of the case that the caller looked at.
    pub version: i64,
    /// The hash of what the caller saw that would be issued, where the caller names it.
    pub content_sha256: Option<String>,
}

/// Seals each proposal for itself.
pub async fn seal_all(
    ctx: Ctx,
    request: IdempotencyRequest,
    wanted: Vec<SealWanted>,
) -> Result<Effect<BulkApprovalRow>, Failure> {
    refuse_faults(faults(&wanted))?;
    let db = ctx.core.db.clone();
    let roots = wanted.iter().map(|wanted| Root::Application(wanted.application)).collect();
    db.write_alone(roots, move |tx| {
        let seal = |tx: &mut Tx<'_>, now| seal_each(tx, &ctx, &request.tenant, &wanted, now);
        once(tx, &request, "bulk_approval", seal, |tx, id| {
            let id = id.parse().map_err(|_| Failure::Internal("a bulk approval's id".to_owned()))?;
            bulk_approvals::find(tx, &request.tenant, id)?.ok_or(Failure::Refused(Refusal::NotFound))
        })
    })
    .await
}

fn faults(wanted: &[SealWanted]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !(1..=MOST_PROPOSALS).contains(&wanted.len()) {
        let ja = format!("案件は1～{MOST_PROPOSALS}件を指定してください。");
        let en = format!("Name 1 to {MOST_PROPOSALS} cases.");
        faults.push(Fault::new("/items", "count", ja, en));
    }
    let mut seen = BTreeSet::new();
    for (index, wanted) in wanted.iter().enumerate() {
        if !seen.insert(wanted.application) {
            let (ja, en) = ("重複しています。", "It is named twice.");
            faults.push(Fault::new(format!("/items/{index}/application"), "duplicate", ja, en));
        }
    }
    faults
}

fn seal_each(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    wanted: &[SealWanted],
    now: Timestamp,
) -> Result<Made<BulkApprovalRow>, Failure> {
    let me = officer::authority(tx, tenant, ctx.account()?, jst_day(now))?.ok_or(Refusal::NotFound)?;
    let mut items = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        items.push(seal_one(tx, ctx, tenant, wanted, now)?);
    }
    let row = BulkApprovalRow {
        tenant_id: tenant.clone(),
        id: BulkApprovalId(tx.new_id()),
        officer_id: me.officer,
        items: Json(items),
        created_at: Micros(now),
    };
    bulk_approvals::insert(tx, &row)?;
    Ok(Made { resource_id: row.id.to_string(), value: row })
}

fn seal_one(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    wanted: &SealWanted,
    now: Timestamp,
) -> Result<BulkApprovalItem, Failure> {
    let SealWanted { application, seat, version, content_sha256 } = wanted.clone();
    let act = Act::Approve { version, content_sha256 };
    let sealed = tx.part(|tx| {
        let desk = Desk::open(tx, ctx, (tenant, application), seat, &act, now)?;
        desk.carry_out(tx, &act)
    });
    let subject = seat.subject.as_str().to_owned();
    match sealed {
        Ok(standing) => Ok(BulkApprovalItem {
            application,
            subject,
            state: Some(standing.routed.row.state),
            application_state: Some(standing.case.state),
            refused: None,
        }),
        Err(Failure::Refused(refusal)) => Ok(BulkApprovalItem {
            application,
            subject,
            state: None,
            application_state: None,
            refused: Some(told(&refusal)),
        }),
        Err(broken) => Err(broken),
    }
}
