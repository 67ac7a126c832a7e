//! Who binds the body by a contract, or takes its offer back: whoever decides in the department, and whoever sits at a desk
//! above it that decides in the line of the case, wherever that desk stands.

use jiff::civil::Date;

use super::super::cases::{self, OpenCase};
use super::super::{Ctx, Failure, Refusal, approval, review};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::policy::{Action, Actor, Decision, OfficerAuthority};
use crate::store::applications::ApplicationRow;
use crate::store::{Reads, contracts};

/// Opens the case of a contract to look at it, or to sign it or take it back for the body: besides those whom the policy lets in, who
/// decides above the department. Of a case without a contract those see nothing.
pub(super) fn open(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    action: Action,
) -> Result<OpenCase, Failure> {
    match cases::open(tx, ctx, tenant, id, action) {
        Err(Failure::Refused(refusal @ (Refusal::NotFound | Refusal::Forbidden))) => {
            let case = cases::approach(tx, ctx, tenant, id)?;
            let today = jst_day(tx.now());
            let above = match &case.actor {
                Actor::Officer(me) => sits_at_a_deciding_desk(ctx, me, &case.row, today)?,
                Actor::Anonymous | Actor::Person(_) => false,
            };
            if above && contracts::of_case(tx, tenant, id)?.is_some() {
                case.enter(ctx, Decision::Allow)
            } else {
                Err(refusal.into())
            }
        }
        opened => opened,
    }
}

/// Refuses who does not decide for the department by a post in it (専決 or above) or at a desk above it: any seal is not enough to bind
/// the body, or to take back what it offered.
pub(super) fn refuse_undeciding(ctx: &Ctx, case: &OpenCase, today: Date) -> Result<(), Failure> {
    let me = review::officer(case)?;
    let mut posts = me.posts.iter();
    let decides = posts.any(|post| post.department == case.row.department && post.role.decides());
    if decides || sits_at_a_deciding_desk(ctx, me, &case.row, today)? {
        Ok(())
    } else {
        Err(Refusal::Forbidden.into())
    }
}

fn sits_at_a_deciding_desk(
    ctx: &Ctx,
    me: &OfficerAuthority,
    row: &ApplicationRow,
    today: Date,
) -> Result<bool, Failure> {
    let desks = approval::deciding_desks(ctx, row, today)?;
    Ok(me.tenant == row.tenant_id && desks.iter().any(|desk| desk.post_of(me).is_some()))
}
