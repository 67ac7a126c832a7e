//! Taking a claimed case over (引継ぎ): from somebody who is away, has left, or let it lie.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::OpenCase;
use super::{Ctx, Failure, Refusal, review};
use crate::domain::application::Command;
use crate::domain::calendar::jst_day;
use crate::domain::id::TenantCode;
use crate::domain::takeover::{Claim, ground};
use crate::store::{Tx, absences, officers};

/// The last day of a claim on a case that was changed last at `changed_at`: every step on the case prolongs it.
pub fn claimed_until(ctx: &Ctx, tenant: &TenantCode, changed_at: Timestamp) -> Date {
    let (day, days) = (jst_day(changed_at), ctx.core.settings.review.claim_lease_open_days);
    let tenant = ctx.catalogue.tenant(tenant);
    tenant.map_or(day, |tenant| tenant.calendar.after_open_days(day, days))
}

/// Takes the case over, or says that it stays where it is.
pub(super) fn take_over(tx: &mut Tx<'_>, ctx: &Ctx, case: &mut OpenCase) -> Result<(), Failure> {
    let holder = case.state.assignee().ok_or(Refusal::WrongState { state: case.state.name() })?;
    let me = review::officer(case)?.officer;
    let today = jst_day(tx.now());
    let (tenant, department) = (&case.row.tenant_id, &case.row.department);
    let posts = officers::posts_in_force(tx, tenant, holder, today)?;
    let claim = Claim {
        caller_leads: review::leads(review::officer(case)?, department),
        caller_covers: absences::covered_by(tx, tenant, department, me, today)?.contains(&holder),
        holder_serves: review::serves(&posts, department),
        lease_until: claimed_until(ctx, tenant, case.row.updated_at.0),
    };
    let ground = ground(&claim, today).ok_or(Refusal::AlreadyClaimed)?;
    case.step(Command::Assign(me))?;
    let facts = json!({ "from": holder, "assignee": me, "ground": ground.as_str() });
    case.record(tx, "taken_over", facts, None)
}
