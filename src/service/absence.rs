//! Days on which an officer is away, and who covers (不在・代行): the cover sees the cases, may take them over, and seals for whoever is
//! absent (代決, R-115). So nobody opens that door to themselves: whoever enters another's absence stands at least as high and
//! is not the cover of somebody who seals, on any day of the absence. Where nobody so high is there, those who keep the organisation
//! enter it.

use jiff::civil::Date;

use super::idempotency::{IdempotencyRequest, Made, once};
use super::queue::staff;
use super::review::{not_in_department, serves};
use super::{Ctx, Effect, Failure, Refusal, cases, officer};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{AbsenceId, OfficerId, TenantCode};
use crate::domain::policy::{self, Action, Actor, CaseFacts, Decision, OfficerAuthority, Post};
use crate::store::absences::{self, AbsenceRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, officers};

/// Somebody will be away.
#[derive(Clone, Debug)]
pub struct NewAbsence {
    /// Code of the department.
    pub department: String,
    /// Who is away.
    pub officer: OfficerId,
    /// Who covers.
    pub cover: OfficerId,
    /// The first day.
    pub from_on: Date,
    /// The last day.
    pub to_on: Date,
}

/// The absences of a department from today on, for its staff.
pub async fn list(ctx: Ctx, tenant: TenantCode, department: String) -> Result<Vec<AbsenceRow>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        staff(tx, &ctx, &tenant, &department, Action::ReadQueue)?;
        Ok(absences::from_day(tx, &tenant, &department, jst_day(tx.now()))?)
    })
    .await
}

/// Enters an absence: one's own, or that of anybody above whom one does not stand lower.
pub async fn record(
    ctx: Ctx,
    request: IdempotencyRequest,
    new: NewAbsence,
) -> Result<Effect<AbsenceRow>, Failure> {
    let root = Root::Account(ctx.account()?);
    let db = ctx.core.db.clone();
    db.write(root, move |tx| {
        let me = recorder(tx, &ctx, &request.tenant, &new.department)?;
        let enter = |tx: &mut Tx<'_>, now| {
            permit(tx, &me, &new.department, (new.officer, span(new.from_on, new.to_on)))?;
            let faults = faults(tx, &me, &new, jst_day(now))?;
            if !faults.is_empty() {
                return Err(Refusal::Invalid(faults).into());
            }
            let row = AbsenceRow {
                tenant_id: request.tenant.clone(),
                id: AbsenceId(tx.new_id()),
                department: new.department.clone(),
                officer_id: new.officer,
                cover_id: new.cover,
                from_on: IsoDate(new.from_on),
                to_on: IsoDate(new.to_on),
                recorded_by: me.officer,
                recorded_at: Micros(now),
                ended_at: None,
            };
            absences::insert(tx, &row)?;
            Ok(Made { resource_id: row.id.to_string(), value: row })
        };
        once(tx, &request, "absence", enter, |tx, id| present(tx, &request.tenant, id))
    })
    .await
}

/// Says that an absence is over before its last day, or will not be.
pub async fn end(
    ctx: Ctx,
    request: IdempotencyRequest,
    department: String,
    id: AbsenceId,
) -> Result<Effect<AbsenceRow>, Failure> {
    let root = Root::Account(ctx.account()?);
    let db = ctx.core.db.clone();
    db.write(root, move |tx| {
        let me = recorder(tx, &ctx, &request.tenant, &department)?;
        let end = |tx: &mut Tx<'_>, now| {
            let found = absences::find(tx, &request.tenant, id)?.filter(|row| row.department == department);
            let mut row = found.ok_or(Refusal::NotFound)?;
            permit(tx, &me, &department, (row.officer_id, span(row.from_on.0, row.to_on.0)))?;
            absences::end(tx, &row)?;
            row.ended_at = row.ended_at.or(Some(Micros(now)));
            Ok(Made { value: row, resource_id: id.to_string() })
        };
        once(tx, &request, "ended_absence", end, |tx, id| present(tx, &request.tenant, id))
    })
    .await
}

fn present(tx: &mut impl Reads, tenant: &TenantCode, id: &str) -> Result<AbsenceRow, Failure> {
    let id = id.parse().map_err(|_| Failure::Internal("an absence's id".to_owned()))?;
    absences::find(tx, tenant, id)?.ok_or(Failure::Refused(Refusal::NotFound))
}

/// Whoever asks, as staff of the department or as one of those who keep the organisation of the body.
fn recorder(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    department: &str,
) -> Result<OfficerAuthority, Failure> {
    let actor = officer::actor(tx, tenant, ctx.account()?, jst_day(tx.now()))?;
    if may_keep(&actor, tenant) != Decision::Allow {
        cases::permit(policy::may(&actor, Action::Review, &CaseFacts::of_department(tenant, department)))?;
    }
    match actor {
        Actor::Officer(authority) => Ok(authority),
        Actor::Person(_) | Actor::Anonymous => Err(Refusal::NotFound.into()),
    }
}

fn may_keep(actor: &Actor, tenant: &TenantCode) -> Decision {
    policy::may(actor, Action::ManageOrganisation, &CaseFacts::of_body(tenant))
}

/// How high an officer with these posts stands in a department.
fn rank_in(posts: &[Post], department: &str) -> Option<u8> {
    posts.iter().filter(|post| post.department == department).filter_map(|post| post.role.rank()).max()
}

/// The days of an absence; of one that ends before it begins, which is refused, the first.
fn span(from_on: Date, to_on: Date) -> (Date, Date) {
    (from_on, to_on.max(from_on))
}

/// One's own absence is everybody's to enter; another's is entered by whoever leads the department and stands no lower than they do
/// on any of its days: the cover seals with whatever desk they come to meanwhile.
fn permit(
    tx: &mut impl Reads,
    me: &OfficerAuthority,
    department: &str,
    (officer, days): (OfficerId, (Date, Date)),
) -> Result<(), Failure> {
    let keeps = may_keep(&Actor::Officer(me.clone()), &me.tenant) == Decision::Allow;
    if me.officer == officer || keeps {
        return Ok(());
    }
    let theirs = rank_in(&officers::posts_in_span(tx, &me.tenant, officer, days)?, department);
    let mine = rank_in(&me.posts, department);
    if mine > Some(0) && mine >= theirs { Ok(()) } else { Err(Refusal::Forbidden.into()) }
}

/// All faults of an absence at once.
fn faults(
    tx: &mut impl Reads,
    me: &OfficerAuthority,
    new: &NewAbsence,
    today: Date,
) -> Result<Vec<Fault>, Failure> {
    let mut faults = Vec::new();
    let days = span(new.from_on, new.to_on);
    let absent = officers::posts_in_span(tx, &me.tenant, new.officer, days)?;
    let seals = absent.iter().any(|post| post.department == new.department && post.role.seals());
    if seals && new.cover == me.officer && new.officer != me.officer {
        let (ja, en) = (
            "決裁を行う職員の不在を登録する職員は、その代行者になれません。",
            "Whoever enters the absence of somebody who seals does not cover for them.",
        );
        faults.push(Fault::new("/cover", "recorder", ja, en));
    }
    for (pointer, officer) in [("/officer", new.officer), ("/cover", new.cover)] {
        let posts = officers::posts_in_force(tx, &me.tenant, officer, new.from_on)?;
        if !serves(&posts, &new.department) {
            faults.push(not_in_department(pointer));
        }
    }
    if new.officer == new.cover {
        let (ja, en) = ("本人は代行できません。", "Nobody covers for themselves.");
        faults.push(Fault::new("/cover", "own_cover", ja, en));
    }
    if new.to_on < new.from_on {
        let (ja, en) = ("終わりが始まりより前です。", "It ends before it begins.");
        faults.push(Fault::new("/to_on", "span", ja, en));
    } else if new.to_on < today {
        let (ja, en) = ("過去の期間は登録できません。", "The days are over already.");
        faults.push(Fault::new("/to_on", "past", ja, en));
    }
    Ok(faults)
}
