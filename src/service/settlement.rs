//! Payouts of agents (払込, R-78): reports are taken in, their money arrives, accountants look at both.
//!
//! Invariants: the same report again has no effect; a payout is one payout however often it is reported: lines are added,
//! never changed, and once its money arrived not even added; whatever differs becomes an exception.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::accounting::accountant;
use super::exceptions::{self, Subject};
use super::idempotency::{IdempotencyRequest, Made, is_used, once};
use super::remittance::{self, Arrival, Recorded, Witness};
use super::settlement_refusal::SettlementRefusal;
use super::{Ctx, Effect, Failure, Refusal};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{OfficerId, PaymentId, SettlementId, SettlementLineId, TenantCode};
use crate::domain::settlement::{
    BatchFault, ExceptionKind, OpenExceptions, SettlementLine, SettlementReport, SettlementState,
    batch_faults, fault_exception, settlement_state, sums,
};
use crate::seal::sha256_hex;
use crate::store::payments::PaymentRow;
use crate::store::settlement_matches::{self, MatchRow};
use crate::store::settlements::{self, LineRow, SettlementRow, SourceRow};
use crate::store::sql::{IsoDate, Micros};
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
        let take = |tx: &mut Tx<'_>, now| take(tx, &ctx, &request.tenant, &upload, now);
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
    now: Timestamp,
) -> Result<Made<SettlementRow>, Failure> {
    let officer = accountant(tx, ctx, tenant)?;
    if ctx.core.gateways.find(tenant, &upload.report.batch.gateway).is_none() {
        let (ja, en) = ("この団体の決済事業者ではありません。", "No such merchant account serves this body.");
        return Err(Refusal::Invalid(vec![Fault::new("/gateway", "unknown_gateway", ja, en)]).into());
    }
    let sha256 = sha256_hex(&upload.file);
    keep_file(tx, ctx, tenant, upload, (&sha256, officer), now)?;
    let row = take_in(tx, tenant, &upload.report, &sha256, now)?;
    Ok(Made { resource_id: row.id.to_string(), value: row })
}

fn keep_file(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    upload: &Upload,
    (sha256, officer): (&str, OfficerId),
    now: Timestamp,
) -> Result<(), Failure> {
    let key = ctx.core.keys.new_case_key(tenant, ctx.core.ids.as_ref())?;
    let sealed = key.key.seal(&settlements::source_place(sha256), &upload.file, ctx.core.ids.as_ref());
    let source = SourceRow {
        tenant_id: tenant.clone(),
        gateway: upload.report.batch.gateway.clone(),
        sha256: sha256.to_owned(),
        origin: "upload".to_owned(),
        imported_by: Some(officer),
        wrapped_key: Some(key.wrapped),
        sealed_file: Some(sealed),
        recorded_at: Micros(now),
    };
    settlements::insert_source(tx, &source)?;
    Ok(())
}

/// Takes a report into the payout that it names: a new one, or lines that an earlier report lacked (F37).
pub fn take_in(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    report: &SettlementReport,
    sha256: &str,
    now: Timestamp,
) -> Result<SettlementRow, Failure> {
    let batch = &report.batch;
    let found = settlements::find_by_reference(tx, tenant, &batch.gateway, &batch.batch_reference)?;
    let mut row = if let Some(row) = found {
        row
    } else {
        let row = new_row(tenant, SettlementId(tx.new_id()), report, now);
        settlements::insert(tx, &row)?;
        row
    };
    let mut known: Vec<LineRow> = settlements::lines(tx, tenant, row.id)?;
    let mut places: HashMap<String, usize> =
        known.iter().zip(0..).map(|(line, place)| (line.line_key.clone(), place)).collect();
    let mut differs = false;
    for line in &report.lines {
        match places.get(&line.line_key).and_then(|place| known.get(*place)) {
            Some(same) => differs |= !same.line()?.says_the_same(line),
            // The money has come: what it was for cannot grow any more.
            None if row.arrived_on.is_some() => differs = true,
            None => {
                let line = line_row(tenant, &row, SettlementLineId(tx.new_id()), line, sha256, now);
                settlements::insert_line(tx, &line)?;
                places.insert(line.line_key.clone(), known.len());
                known.push(line);
            }
        }
    }
    let lines: Vec<SettlementLine> = known.iter().map(LineRow::line).collect::<Result<_, _>>()?;
    let stated = row.batch();
    if stated != *batch {
        // Of two statements the one that the lines bear out holds, whichever came first.
        let borne_out = sums(&lines).3;
        if row.arrived_on.is_none() && batch.net.amount() == borne_out && stated.net.amount() != borne_out {
            row.restate(batch);
        } else {
            differs = true;
        }
    }
    let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    if row.line_count != count || row.batch() != stated {
        row.line_count = count;
        settlements::update(tx, &mut row)?;
    }
    if differs {
        let facts = json!({ "gateway": row.gateway, "batch": row.batch_reference, "report": sha256,
            "net": batch.net.amount() });
        exceptions::raise(tx, tenant, ExceptionKind::BatchReissued, &Subject::Settlement(row.id), facts)?;
    }
    raise_faults(tx, &row, &known, &batch_faults(&row.batch(), &lines))?;
    remittance::ask_for_work(tx, &row)?;
    Ok(row)
}

fn raise_faults(
    tx: &mut Tx<'_>,
    row: &SettlementRow,
    known: &[LineRow],
    faults: &[BatchFault],
) -> Result<(), Failure> {
    let by_key: HashMap<&str, SettlementLineId> =
        known.iter().map(|line| (line.line_key.as_str(), line.id)).collect();
    for fault in faults {
        let key = match fault {
            BatchFault::NetDiffers { .. } | BatchFault::FeeDiffers { .. } => None,
            BatchFault::LineDoesNotAdd { line_key }
            | BatchFault::WrongSign { line_key }
            | BatchFault::DuplicateLine { line_key, .. } => Some(line_key),
        };
        let line = key.and_then(|key| by_key.get(key.as_str()).copied());
        let subject = line.map_or(Subject::Settlement(row.id), Subject::Line);
        let mut facts = json!({ "gateway": row.gateway, "batch": row.batch_reference, "line": key });
        if let BatchFault::NetDiffers { stated, lines } | BatchFault::FeeDiffers { stated, lines } = fault {
            facts = json!({ "gateway": row.gateway, "batch": row.batch_reference, "stated": stated, "lines": lines });
        }
        exceptions::raise(tx, &row.tenant_id, fault_exception(fault), &subject, facts)?;
    }
    Ok(())
}

fn new_row(
    tenant: &TenantCode,
    id: SettlementId,
    report: &SettlementReport,
    now: Timestamp,
) -> SettlementRow {
    let batch = &report.batch;
    SettlementRow {
        tenant_id: tenant.clone(),
        id,
        gateway: batch.gateway.clone(),
        batch_reference: batch.batch_reference.clone(),
        period_from: batch.period_from.map(IsoDate),
        period_to: batch.period_to.map(IsoDate),
        payout_on: batch.payout_on.map(IsoDate),
        gross: batch.gross,
        fee: batch.fee,
        tax: batch.tax,
        net: batch.net,
        line_count: 0,
        state: "imported".to_owned(),
        arrived_on: None,
        arrived_amount: None,
        arrival_reference: None,
        arrival_recorded_by: None,
        arrival_confirmed_by: None,
        version: 1,
        created_at: Micros(now),
        updated_at: Micros(now),
    }
}

fn line_row(
    tenant: &TenantCode,
    row: &SettlementRow,
    id: SettlementLineId,
    line: &SettlementLine,
    sha256: &str,
    now: Timestamp,
) -> LineRow {
    LineRow {
        tenant_id: tenant.clone(),
        id,
        settlement_id: row.id,
        line_key: line.line_key.clone(),
        line_no: line.line_no,
        kind: line.kind.as_str().to_owned(),
        merchant_reference: line.merchant_reference.clone(),
        gateway_payment_id: line.gateway_payment_id.clone(),
        gross: line.gross,
        fee: line.fee,
        tax: line.tax,
        net: line.net,
        occurred_on: IsoDate(line.occurred_on),
        source_sha256: sha256.to_owned(),
        recorded_at: Micros(now),
    }
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

/// Confirms an arrival that somebody else recorded; then its lines are booked.
pub async fn confirm(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: SettlementId,
) -> Result<Effect<SettlementRow>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::settlement(id), move |tx| {
        let confirm = |tx: &mut Tx<'_>, _: Timestamp| -> Result<Made<SettlementRow>, Failure> {
            let officer = accountant(tx, &ctx, &request.tenant)?;
            let row = remittance::confirm_arrival(tx, &request.tenant, id, officer)?;
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
