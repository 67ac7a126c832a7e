//! Taking a claimed case over (引継ぎ): from somebody who is away, has left, or let it lie.

use std::collections::HashMap;

use jiff::civil::Date;
use serde_json::json;

use super::cases::OpenCase;
use super::{Ctx, Failure, Refusal, review};
use crate::domain::application::Command;
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};
use crate::domain::takeover::{BROUGHT_BACK, CausedBy, Claim, ground, lease_began};
use crate::store::events::{self, DeskEvent};
use crate::store::{Reads, StoreError, Tx, absences, officers};

/// The last day of each of these claims (case and holder), read in one statement: every act of the holder prolongs the own claim, and so
/// does whatever brings the case back to that desk.
pub(super) fn claimed_until(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    claims: &[(ApplicationId, OfficerId)],
) -> Result<HashMap<ApplicationId, Date>, StoreError> {
    let Some(body) = ctx.catalogue.tenant(tenant) else { return Ok(HashMap::new()) };
    let days = ctx.core.settings.review.claim_lease_open_days;
    let cases: Vec<_> = claims.iter().map(|(case, _)| *case).collect();
    let events = events::at_desks(tx, tenant, &cases, &BROUGHT_BACK)?;
    let mut by_case: HashMap<ApplicationId, Vec<&DeskEvent>> = HashMap::new();
    for event in &events {
        by_case.entry(event.case).or_default().push(event);
    }
    let until = |(case, holder): &(ApplicationId, OfficerId)| {
        let holder = holder.to_string();
        let of_case = by_case.get(case)?.iter().map(|event| {
            let by_holder = event.actor_kind == "officer" && event.actor_id == holder;
            (event.at.0, event.kind.as_str(), if by_holder { CausedBy::Holder } else { CausedBy::Another })
        });
        let began = lease_began(of_case)?;
        Some((*case, body.calendar.after_open_days(jst_day(began), days)))
    };
    Ok(claims.iter().filter_map(until).collect())
}

/// Takes the case over, or says that it stays where it is.
pub(super) fn take_over(tx: &mut Tx<'_>, ctx: &Ctx, case: &mut OpenCase) -> Result<(), Failure> {
    let holder = case.state.assignee().ok_or(Refusal::WrongState { state: case.state.name() })?;
    let me = review::officer(case)?.officer;
    let today = jst_day(tx.now());
    let (tenant, department) = (&case.row.tenant_id, &case.row.department);
    let posts = officers::posts_in_force(tx, tenant, holder, today)?;
    let lease = claimed_until(tx, ctx, tenant, &[(case.row.id, holder)])?;
    let claim = Claim {
        caller_leads: review::leads(review::officer(case)?, department),
        caller_covers: absences::covered_by(tx, tenant, department, me, today)?.contains(&holder),
        holder_serves: review::serves(&posts, department),
        // A claim that nothing shows keeps nobody out.
        lease_until: lease.get(&case.row.id).copied().unwrap_or(Date::MIN),
    };
    let ground = ground(&claim, today).ok_or(Refusal::AlreadyClaimed)?;
    case.step(Command::Assign(me))?;
    let facts = json!({ "from": holder, "assignee": me, "ground": ground.as_str() });
    case.record(tx, "taken_over", facts, None)
}
