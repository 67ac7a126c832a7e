//! Sending a case on (移送, R-198): to another department of the body here, to another body in [`super::transfer_between`].
//!
//! Within the body the case moves, with its arrival, its clock and everything on it; the claim ends, and the queue of the
//! other department has it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::refuse_faults;
use super::opinion::unknown_department;
use super::{Ctx, Effect, Failure, Refusal, access, review, transfer_between};
use crate::domain::application::Command;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, OfficerId, TenantCode, TransferId};
use crate::domain::policy::Action;
use crate::domain::transfer::{TransferDirection, TransferGrounds};
use crate::seal::DataKey;
use crate::store::sql::{Json, Micros};
use crate::store::transfers::{self, TransferRow};
use crate::store::{Reads, Root, Tx, jobs};

/// The job that tells the applicant that another department of the body has the case; its subject is the application's id and the
/// transfer's.
pub const NOTIFY_MOVE: &str = "notify_move";

/// Where somebody wants to send a case.
#[derive(Clone, Debug)]
pub struct NewTransfer {
    /// To another body; the own one without it.
    pub tenant: Option<TenantCode>,
    /// The department; between bodies the one that the receiving procedure names, without it.
    pub department: Option<String>,
    /// The procedure of the receiving body; between bodies only.
    pub procedure: Option<String>,
    /// Why.
    pub grounds: TransferGrounds,
}

/// A transfer in clear, as one body keeps it.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// The stored row.
    pub row: TransferRow,
    /// Why.
    pub grounds: TransferGrounds,
    /// 到達日時 of the applicant at the first office.
    pub first_arrived_at: Option<Timestamp>,
    /// Name of the state of this body's case.
    pub case_state: String,
}

/// Sends a case on: its officer, a superior, or anybody who reviews if nobody has it.
pub async fn transfer(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    new: NewTransfer,
) -> Result<Effect<Transfer>, Failure> {
    match &new.tenant {
        Some(to) if *to != request.tenant => {
            let to = to.clone();
            transfer_between::transfer(ctx, request, id, to, new).await
        }
        _ => within(ctx, request, id, new).await,
    }
}

async fn within(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    new: NewTransfer,
) -> Result<Effect<Transfer>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let go = |tx: &mut Tx<'_>, now| move_case(tx, &ctx, &request.tenant, id, &new, now);
        once(tx, &request, "transfer", go, |tx, made| present(tx, &ctx, &request.tenant, made))
    })
    .await
}

fn move_case(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    new: &NewTransfer,
    now: Timestamp,
) -> Result<Made<Transfer>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    let me = mover(&case)?;
    case.step(Command::TransferWithin)?;
    // Laws and old letters name departments that have ended: the case goes to the one that does their work today.
    let named = new.department.as_deref().unwrap_or_default();
    let in_charge = ctx.catalogue.in_charge(tenant, named, jst_day(now));
    let to = in_charge.as_str();
    refuse_faults(faults_within(ctx, &case, new, to, jst_day(now)))?;
    let from = std::mem::replace(&mut case.row.department, to.to_owned());
    let transfer = TransferId(tx.new_id());
    let row = TransferRow {
        tenant_id: tenant.clone(),
        id: transfer,
        application_id: id,
        direction: TransferDirection::Within.as_str().to_owned(),
        from_tenant: tenant.clone(),
        from_department: from,
        to_tenant: tenant.clone(),
        to_department: to.to_owned(),
        other_application_id: None,
        sealed_grounds: seal_grounds(ctx, &case.key, transfer, &new.grounds),
        pauses: Json(Vec::new()),
        officer_id: me,
        transferred_at: Micros(now),
    };
    transfers::insert(tx, &row)?;
    let facts = json!({ "transfer": transfer, "from": row.from_department, "department": row.to_department });
    case.record(tx, "transferred_within", facts, Some(row.sealed_grounds.clone()))?;
    case.save(tx)?;
    jobs::enqueue(tx, tenant.as_str(), NOTIFY_MOVE, &format!("{id}:{transfer}"), now)?;
    Ok(Made { value: opened(&case, row)?, resource_id: transfer.to_string() })
}

/// The officer who may send the case on.
pub(super) fn mover(case: &OpenCase) -> Result<OfficerId, Refusal> {
    let officer = review::officer(case)?;
    let mine = case.state.assignee().is_none_or(|assignee| assignee == officer.officer);
    let leads = review::leads(officer, &case.row.department);
    if mine || leads { Ok(officer.officer) } else { Err(Refusal::Forbidden) }
}

fn faults_within(ctx: &Ctx, case: &OpenCase, new: &NewTransfer, to: &str, today: Date) -> Vec<Fault> {
    let mut faults = new.grounds.faults();
    if new.procedure.is_some() {
        let ja = "団体内の移送では手続は変わりません。";
        let en = "Within the body the procedure stays as it is.";
        faults.push(Fault::new("/procedure", "not_expected", ja, en));
    }
    if to == case.row.department {
        let (ja, en) = ("現在の担当課です。", "This is the department in charge already.");
        faults.push(Fault::new("/department", "own_department", ja, en));
    } else if ctx.catalogue.department(&case.row.tenant_id, to, today).is_none() {
        faults.push(unknown_department("/department"));
    }
    faults
}

/// Seals why a case was sent on with the key of one body's case.
pub(super) fn seal_grounds(ctx: &Ctx, key: &DataKey, id: TransferId, grounds: &TransferGrounds) -> Vec<u8> {
    key.seal_json(&transfers::grounds_place(id), grounds, ctx.core.ids.as_ref())
}

/// A transfer as an opened case shows it.
pub(super) fn opened(case: &OpenCase, row: TransferRow) -> Result<Transfer, Failure> {
    let grounds = case.key.open_json(&transfers::grounds_place(row.id), &row.sealed_grounds)?;
    let first_arrived_at = case.row.arrived_at.map(|at| at.0);
    Ok(Transfer { row, grounds, first_arrived_at, case_state: case.row.state.clone() })
}

/// What a key made that was used before: whoever sent a case on may not see it any more, but sees what became of the act.
pub(super) fn present(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    made: &str,
) -> Result<Transfer, Failure> {
    let id = made.parse().map_err(|_| Failure::Internal("a transfer's id".to_owned()))?;
    let row = transfers::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    opened(&cases::open_for_system(tx, &ctx.core, tenant, row.application_id)?, row)
}

/// Where a case came from and went, for its parties and the department.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<Transfer>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        let rows = transfers::of_case(tx, &body, id)?;
        let items = rows.into_iter().map(|row| opened(&case, row)).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, Failure>((access::reader(&case.actor), items))
    });
    let (reader, items) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "transfers", &[id]).await?;
    }
    Ok(items)
}
