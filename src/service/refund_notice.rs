//! Telling a payee what is to go back (還付通知), and the payee's asking for it (還付請求): both are days on which interest depends
//! recorded once and never rewritten.
//!
//! A refund is told of before it is decided, for the payee has thirty days to ask; a refund that nobody was told of is decided
//! without, and every day counts. Giving the account is asking for the money.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::refund_refusal::RefundRefusal;
use super::{Ctx, Effect, Failure, Refusal, access, refund, refund_interest};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, RefundId, TenantCode};
use crate::domain::policy::{Action, Actor, Decision};
use crate::domain::refund::RefundState;
use crate::store::refund_interest::{self as stored, InterestTermsRow, RefundClaimRow, RefundNoticeRow};
use crate::store::refunds::{self, RefundRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, jobs};

/// The job that tells the payee that something is to go back; its subject is the application's id and the refund's.
pub const NOTIFY_OVERPAID: &str = "notify_overpaid";

/// What is known of the interest on a refund.
#[derive(Clone, Debug)]
pub struct RefundInterest {
    /// The refund.
    pub refund: RefundRow,
    /// That the payee was told.
    pub notice: Option<RefundNoticeRow>,
    /// That the payee asked.
    pub claim: Option<RefundClaimRow>,
    /// How it was computed, or would be if it were decided now; none where nothing bears interest.
    pub terms: Option<InterestTermsRow>,
}

/// What is known of the interest on a refund, for the payer and for staff.
pub async fn interest(ctx: Ctx, tenant: TenantCode, id: RefundId) -> Result<RefundInterest, Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let (reader, found) = ctx
        .core
        .db
        .read(move |tx| {
            let row = refunds::find(tx, &of, id)?.ok_or(Refusal::NotFound)?;
            let case = cases::open(tx, &inner, &of, row.application_id, Action::ReadMoney)?;
            Ok::<_, Failure>((access::reader(&case.actor), read(tx, &inner, row)?))
        })
        .await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "refund_interest", &[found.refund.application_id]).await?;
    }
    Ok(found)
}

fn read(tx: &mut impl Reads, ctx: &Ctx, row: RefundRow) -> Result<RefundInterest, Failure> {
    let terms = if row.refund()?.state == RefundState::Requested {
        refund_interest::computed(tx, ctx, &row, jst_day(tx.now()))?
    } else {
        stored::terms(tx, &row.tenant_id, row.id)?
    };
    Ok(RefundInterest {
        notice: stored::notice(tx, &row.tenant_id, row.id)?,
        claim: stored::claim(tx, &row.tenant_id, row.id)?,
        terms,
        refund: row,
    })
}

async fn application_of(ctx: &Ctx, tenant: &TenantCode, id: RefundId) -> Result<ApplicationId, Failure> {
    let tenant = tenant.clone();
    let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(refunds::find(tx, &tenant, id)?)).await?;
    Ok(found.ok_or(Refusal::NotFound)?.application_id)
}

fn present(tx: &mut Tx<'_>, ctx: &Ctx, tenant: &TenantCode, id: RefundId) -> Result<RefundInterest, Failure> {
    let row = refunds::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    cases::open(tx, ctx, tenant, row.application_id, Action::ReadMoney)?;
    read(tx, ctx, row)
}

/// Tells the payee what is to go back: the day is recorded, and a mail goes out.
pub async fn tell(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: RefundId,
) -> Result<Effect<RefundInterest>, Failure> {
    let root = application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let tell = |tx: &mut Tx<'_>, now| note(tx, &ctx, &request.tenant, id, now);
        once(tx, &request, "refund_notice", tell, |tx, _| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn note(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: RefundId,
    now: Timestamp,
) -> Result<Made<RefundInterest>, Failure> {
    let row = refunds::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, row.application_id, Action::Refund)?;
    let officer = refund::officer(&case)?;
    refuse_decided(&row)?;
    if stored::notice(tx, tenant, id)?.is_some() {
        return Err(RefundRefusal::AlreadyTold.into());
    }
    let notice = RefundNoticeRow {
        tenant_id: tenant.clone(),
        refund_id: id,
        noticed_on: IsoDate(jst_day(now)),
        noticed_by: officer,
        recorded_at: Micros(now),
    };
    stored::insert_notice(tx, &notice)?;
    let facts = json!({ "refund": id.to_string(), "amount": row.amount.amount(),
        "noticed_on": notice.noticed_on.0.to_string() });
    case.record(tx, "refund_told", facts, None)?;
    let subject = format!("{}:{id}", case.row.id);
    jobs::enqueue(tx, tenant.as_str(), NOTIFY_OVERPAID, &subject, now)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: read(tx, ctx, row)? })
}

fn refuse_decided(row: &RefundRow) -> Result<(), Failure> {
    let state = row.refund()?.state;
    if state == RefundState::Requested {
        Ok(())
    } else {
        Err(RefundRefusal::WrongState { state: state.as_str() }.into())
    }
}

/// Records that the payee asks for the money: the payee today, or an officer who was told, with the day on which that was.
pub async fn claim(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: RefundId,
    claimed_on: Option<Date>,
) -> Result<Effect<RefundInterest>, Failure> {
    let root = application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let ask = |tx: &mut Tx<'_>, now| ask(tx, &ctx, &request.tenant, (id, claimed_on), now);
        once(tx, &request, "refund_claim", ask, |tx, _| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn ask(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, named): (RefundId, Option<Date>),
    now: Timestamp,
) -> Result<Made<RefundInterest>, Failure> {
    let row = refunds::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let case = cases::approach(tx, ctx, tenant, row.application_id)?;
    let decision = match case.may(Action::Pay, &case.row.department) {
        Decision::Allow => Decision::Allow,
        _ => case.may(Action::Refund, &case.row.department),
    };
    let mut case = case.enter(ctx, decision)?;
    refuse_decided(&row)?;
    let notice = stored::notice(tx, tenant, id)?.ok_or(RefundRefusal::NotTold)?;
    if stored::claim(tx, tenant, id)?.is_some() {
        return Err(RefundRefusal::AlreadyClaimed.into());
    }
    let today = jst_day(now);
    let day = named.unwrap_or(today);
    let by_office = matches!(case.actor, Actor::Officer(_));
    if !(notice.noticed_on.0..=today).contains(&day) || (!by_office && day != today) {
        let ja = "通知の日から今日までの日を指定してください。本人の請求は今日の日付になります。";
        let en = "Must be a day from the notice to today; who asks in person asks today.";
        return Err(Refusal::Invalid(vec![Fault::new("/claimed_on", "day_out_of_range", ja, en)]).into());
    }
    record(tx, &mut case, &row, day, now)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: read(tx, ctx, row)? })
}

fn record(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    row: &RefundRow,
    day: Date,
    now: Timestamp,
) -> Result<(), Failure> {
    let entered_by = match &case.actor {
        Actor::Officer(officer) => Some(officer.officer),
        Actor::Person(_) | Actor::Anonymous => None,
    };
    let claim = RefundClaimRow {
        tenant_id: row.tenant_id.clone(),
        refund_id: row.id,
        claimed_on: IsoDate(day),
        entered_by,
        recorded_at: Micros(now),
    };
    stored::insert_claim(tx, &claim)?;
    let facts = json!({ "refund": row.id.to_string(), "claimed_on": day.to_string() });
    case.record(tx, "refund_claimed", facts, None)
}

/// Giving an account is asking for the money today, where the payee was told and had not asked; the caller stores the case.
pub(super) fn claim_by_account(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    row: &RefundRow,
    now: Timestamp,
) -> Result<(), Failure> {
    let waits = row.refund()?.state == RefundState::Requested;
    let told = stored::notice(tx, &row.tenant_id, row.id)?.is_some();
    if waits && told && stored::claim(tx, &row.tenant_id, row.id)?.is_none() {
        record(tx, case, row, jst_day(now), now)?;
    }
    Ok(())
}
