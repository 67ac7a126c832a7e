//! Payouts of agents (払込, R-78): reports are taken in, their money arrives, accountants look at both.
//!
//! Invariants: the same report again has no effect; a payout is one payout however often it is reported: lines are added,
//! never changed, and once its money arrived not even added; whatever differs becomes an exception.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::accounting::accountant;
use super::counter_terminal::is_terminal;
use super::exceptions::Subject;
use super::idempotency::{IdempotencyRequest, Made, is_used, once};
use super::remittance::{self, Arrival, Recorded, Witness};
use super::settlement_intake::{self, Source};
use super::settlement_refusal::SettlementRefusal;
use super::{Ctx, Effect, Failure, Refusal};
use crate::domain::calendar::jst_day;
use crate::domain::el_qr::EL_QR;
use crate::domain::fault::Fault;
use crate::domain::id::{PaymentId, SettlementId, SettlementLineId, TenantCode};
use crate::domain::settlement::{
    OpenExceptions, ReportOrigin, SettlementReport, SettlementState, settlement_state,
};
use crate::store::payments::PaymentRow;
use crate::store::settlement_matches::{self, MatchRow};
use crate::store::settlements::{self, LineRow, SettlementRow};
use crate::store::{Reads, Root, Tx, reconciliation_exceptions};

/// The most payouts of one page.
pub const PAGE: i64 = 50;

/// The longest words of a bank, in characters.
const LONGEST_TEXT: usize = 200;

/// A report as somebody uploads it.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The payout and its lines.
    pub report: SettlementReport,
    /// The file, byte for byte; it is kept, sealed.
    pub file: Vec<u8>,
}

/// A payout with its lines and what they are matched to.
#[derive(Clone, Debug)]
pub struct SettlementDetail {
    /// The payout.
    pub row: SettlementRow,
    /// Its lines, in their order.
    pub lines: Vec<(LineRow, Vec<MatchRow>)>,
}

/// Takes an uploaded report in, once. `read` judges the file; nobody but an accountant hears what it says.
pub async fn upload(
    ctx: Ctx,
    request: IdempotencyRequest,
    read: impl FnOnce() -> Result<Upload, Refusal>,
) -> Result<Effect<SettlementRow>, Failure> {
    let db = ctx.core.db.clone();
    let (inner, tenant) = (ctx.clone(), request.tenant.clone());
    db.read(move |tx| accountant(tx, &inner, &tenant).map(drop)).await?;
    let upload = read()?;
    // The payout need not exist yet, so there is no root to lock; its name is unique.
    db.write_alone(vec![], move |tx| {
        let take = |tx: &mut Tx<'_>, _: Timestamp| take(tx, &ctx, &request.tenant, &upload);
        once(tx, &request, "settlement", take, |tx, id| {
            let id = id.parse().map_err(|_| Failure::Internal("a record names no payout".to_owned()))?;
            present(tx, &ctx, &request.tenant, id)
        })
    })
    .await
}

fn present(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: SettlementId,
) -> Result<SettlementRow, Failure> {
    accountant(tx, ctx, tenant)?;
    Ok(settlements::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?)
}

fn take(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    upload: &Upload,
) -> Result<Made<SettlementRow>, Failure> {
    let officer = accountant(tx, ctx, tenant)?;
    let gateway = upload.report.batch.gateway.as_str();
    let takes_by_el_qr = ctx.catalogue.tenant(tenant).is_some_and(|body| !body.definition.el_qr.is_empty());
    let is_known = ctx.core.gateways.find(tenant, gateway).is_some()
        || gateway == EL_QR && takes_by_el_qr
        || is_terminal(ctx, tenant, gateway);
    if !is_known {
        let (ja, en) = ("この団体の決済事業者ではありません。", "No such merchant account serves this body.");
        return Err(Refusal::Invalid(vec![Fault::new("/gateway", "unknown_gateway", ja, en)]).into());
    }
    let source = Source { origin: ReportOrigin::Upload, imported_by: Some(officer), file: &upload.file };
    settlement_intake::keep_file(tx, &ctx.core, tenant, &upload.report.batch.gateway, &source)?;
    let row = settlement_intake::take_in(tx, tenant, &upload.report, &source)?;
    Ok(Made { resource_id: row.id.to_string(), value: row })
}

/// The payouts of a body, youngest first; `before` is the last id of the page before.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    before: Option<SettlementId>,
) -> Result<Vec<SettlementRow>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        Ok(settlements::youngest(tx, &tenant, None, before, PAGE)?)
    })
    .await
}

/// One payout with its lines.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: SettlementId) -> Result<SettlementDetail, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        let row = settlements::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        let matches = settlement_matches::of_settlement(tx, &tenant, id)?;
        let mut of: HashMap<SettlementLineId, Vec<MatchRow>> = HashMap::new();
        for found in matches {
            of.entry(found.line_id).or_default().push(found);
        }
        let mut lines = Vec::new();
        for line in settlements::lines(tx, &tenant, id)? {
            let found = of.remove(&line.id).unwrap_or_default();
            lines.push((line, found));
        }
        Ok(SettlementDetail { row, lines })
    })
    .await
}

/// Records that the money of a payout arrived; another officer confirms it. Another amount than the lines come to is
/// refused, and an exception stays.
pub async fn arrive(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: SettlementId,
    arrival: Arrival,
) -> Result<Effect<SettlementRow>, Failure> {
    let db = ctx.core.db.clone();
    let judged = db.write(Root::settlement(id), move |tx| judge_arrival(tx, &ctx, &request, id, &arrival));
    judged.await?.map_err(Failure::from)
}

/// The arrival, stored once; or the refusal of another amount, which is no failure here: its exception must be committed.
fn judge_arrival(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    request: &IdempotencyRequest,
    id: SettlementId,
    arrival: &Arrival,
) -> Result<Result<Effect<SettlementRow>, SettlementRefusal>, Failure> {
    let officer = accountant(tx, ctx, &request.tenant)?;
    let again = |tx: &mut Tx<'_>, _: &str| present(tx, ctx, &request.tenant, id);
    if is_used(tx, request)? {
        let nothing = |_: &mut Tx<'_>, _: Timestamp| -> Result<Made<SettlementRow>, Failure> {
            Err(Failure::Internal("a key that was used has no second effect".to_owned()))
        };
        return Ok(Ok(once(tx, request, "settlement_arrival", nothing, again)?));
    }
    settlements::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
    refuse_arrival(arrival, jst_day(Reads::now(tx)))?;
    match remittance::record_arrival(tx, &request.tenant, id, arrival, Witness::Officer(officer))? {
        Recorded::Differs { net } => Ok(Err(SettlementRefusal::AmountDiffers { net })),
        Recorded::Stored(row) => {
            let made = |_: &mut Tx<'_>, _: Timestamp| -> Result<Made<SettlementRow>, Failure> {
                Ok(Made { resource_id: id.to_string(), value: *row })
            };
            Ok(Ok(once(tx, request, "settlement_arrival", made, again)?))
        }
    }
}

fn refuse_arrival(arrival: &Arrival, today: Date) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    if arrival.arrived_on > today {
        let (ja, en) = ("未来の日は入力できません。", "This day has not come yet.");
        faults.push(Fault::new("/arrived_on", "future", ja, en));
    }
    let text = arrival.reference.trim();
    if text.is_empty() || text.chars().count() > LONGEST_TEXT || text.chars().any(char::is_control) {
        let (ja, en) =
            ("1～200文字で、改行なしで入力してください。", "Please enter 1 to 200 characters on one line.");
        faults.push(Fault::new("/reference", "bad_text", ja, en));
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

/// Confirms an arrival that somebody else recorded, as of the version that was `read`, where the caller names one; then its
/// lines are booked.
pub async fn confirm(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: SettlementId,
    read: Option<i64>,
) -> Result<Effect<SettlementRow>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::settlement(id), move |tx| {
        let confirm = |tx: &mut Tx<'_>, _: Timestamp| -> Result<Made<SettlementRow>, Failure> {
            let officer = accountant(tx, &ctx, &request.tenant)?;
            let row = remittance::confirm_arrival(tx, &request.tenant, id, officer, read)?;
            Ok(Made { resource_id: id.to_string(), value: row })
        };
        once(tx, &request, "settlement_confirmation", confirm, |tx, _| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

/// Where a payment stands on its way to the bank account. The caller has asked whether it may be seen.
pub async fn standing_of(ctx: &Ctx, payment: &PaymentRow) -> Result<SettlementState, Failure> {
    let (tenant, id) = (payment.tenant_id.clone(), payment.id);
    ctx.core.db.read(move |tx| standing(tx, &tenant, id)).await
}

fn standing(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payment: PaymentId,
) -> Result<SettlementState, Failure> {
    let matches = settlement_matches::of_payments(tx, tenant, &[payment])?;
    let mut subjects = vec![Subject::Payment(payment).text()];
    subjects.extend(matches.iter().map(|row| Subject::Line(row.line_id).text()));
    let open = reconciliation_exceptions::unresolved(tx, tenant, &subjects)?;
    let open = if open > 0 { OpenExceptions::Some } else { OpenExceptions::None };
    let lines: Vec<_> = matches.iter().map(MatchRow::matched).collect::<Result<_, _>>()?;
    Ok(settlement_state(&lines, open))
}
