//! Taking a report into the payout that it names, whoever brought it: an accountant's upload or the gateway's interface.
//!
//! Invariants: the same report again has no effect; lines are added, never changed, and once the money arrived not even added;
//! whatever differs is an exception. Which line is which, and which of two statements holds, `domain::settlement` decides.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::json;

use super::exceptions::{self, Subject};
use super::{Core, Failure, remittance};
use crate::domain::id::{OfficerId, SettlementId, SettlementLineId, TenantCode};
use crate::domain::settlement::{
    Agreement, Arrived, BatchFault, ExceptionKind, KnownLine, LineKind, ReportOrigin, SettlementLine,
    SettlementReport, batch_faults, fault_exception, head_news, line_news, same_content,
};
use crate::seal::sha256_hex;
use crate::store::settlements::{self, LineRow, SettlementRow, SourceIs, SourceRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Tx};

/// Where a report came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// By which way.
    pub origin: ReportOrigin,
    /// Who uploaded it.
    pub imported_by: Option<OfficerId>,
    /// Its bytes.
    pub file: &'a [u8],
}

/// Keeps a report's file, sealed, unless it was kept before.
pub(super) fn keep_file(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    gateway: &str,
    source: &Source<'_>,
) -> Result<SourceIs, Failure> {
    let sha256 = sha256_hex(source.file);
    let key = core.keys.new_case_key(tenant, core.ids.as_ref())?;
    let sealed = key.key.seal(&settlements::source_place(&sha256), source.file, core.ids.as_ref());
    let row = SourceRow {
        tenant_id: tenant.clone(),
        gateway: gateway.to_owned(),
        sha256,
        origin: source.origin.as_str().to_owned(),
        imported_by: source.imported_by,
        wrapped_key: Some(key.wrapped),
        sealed_file: Some(sealed),
        recorded_at: Micros(tx.now()),
    };
    Ok(settlements::insert_source(tx, &row)?)
}

/// Takes a report into the payout that it names: a new one, or lines that an earlier report lacked (F37). The caller has kept
/// its file.
pub(super) fn take_in(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    report: &SettlementReport,
    source: &Source<'_>,
) -> Result<SettlementRow, Failure> {
    let (batch, now) = (&report.batch, Reads::now(tx));
    let sha256 = sha256_hex(source.file);
    let found = settlements::find_by_reference(tx, tenant, &batch.gateway, &batch.batch_reference)?;
    let mut row = if let Some(row) = found {
        row
    } else if let Some(row) = under_another_name(tx, tenant, report)? {
        // Nothing of it counts a second time; people hear that the name differs.
        let facts = json!({ "gateway": row.gateway, "batch": row.batch_reference, "reported_as": batch.batch_reference });
        exceptions::raise(tx, tenant, ExceptionKind::BatchReissued, &Subject::Settlement(row.id), facts)?;
        return Ok(row);
    } else {
        let row = new_row(tenant, SettlementId(tx.new_id()), report, now);
        settlements::insert(tx, &row)?;
        row
    };
    let mut known: Vec<LineRow> = settlements::lines(tx, tenant, row.id)?;
    let news = line_news(&known_lines(tx, &row, &known)?, &report.lines, source.origin);
    let mut agreement = news.agreement;
    let arrived = if row.arrived_on.is_some() { Arrived::Arrived } else { Arrived::NotYet };
    if arrived == Arrived::Arrived && !news.new.is_empty() {
        // The money has come: what it was for cannot grow any more.
        agreement = Agreement::Differs;
    } else {
        for line in &news.new {
            let line = line_row(tenant, &row, SettlementLineId(tx.new_id()), line, &sha256, now);
            settlements::insert_line(tx, &line)?;
            known.push(line);
        }
    }
    let lines: Vec<SettlementLine> = known.iter().map(LineRow::line).collect::<Result<_, _>>()?;
    let stated = row.batch();
    let head = head_news(&stated, batch, &lines, arrived);
    row.restate(&head.batch);
    let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    if row.line_count != count || row.batch() != stated {
        row.line_count = count;
        settlements::update(tx, &mut row)?;
    }
    if agreement == Agreement::Differs || head.agreement == Agreement::Differs {
        let facts = json!({ "gateway": row.gateway, "batch": row.batch_reference, "report": sha256,
            "net": batch.net.amount() });
        exceptions::raise(tx, tenant, ExceptionKind::BatchReissued, &Subject::Settlement(row.id), facts)?;
    }
    raise_faults(tx, &row, &known, &batch_faults(&row.batch(), &lines))?;
    remittance::ask_for_work(tx, &row)?;
    Ok(row)
}

/// The payout that was reported before under another name: of the same agent, with the same lines to the yen and the day, of which one
/// at least is the capture of a payment: a payment is taken once. Lines without one, such as fees and equal refunds of a payment in
/// parts, may well be equal in two payouts.
fn under_another_name(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    report: &SettlementReport,
) -> Result<Option<SettlementRow>, Failure> {
    let captures = |line: &&SettlementLine| line.kind == LineKind::Capture && line.names_a_payment();
    let Some(named) = report.lines.iter().find(captures) else { return Ok(None) };
    for id in settlements::with_line_like(tx, tenant, &report.batch.gateway, named)? {
        let known = settlements::lines(tx, tenant, id)?;
        let known: Vec<SettlementLine> = known.iter().map(LineRow::line).collect::<Result<_, _>>()?;
        if same_content(&known, &report.lines) {
            return Ok(settlements::find(tx, tenant, id)?);
        }
    }
    Ok(None)
}

/// The lines of a payout, each with the way it came.
fn known_lines(
    tx: &mut impl Reads,
    row: &SettlementRow,
    known: &[LineRow],
) -> Result<Vec<KnownLine>, Failure> {
    let files: BTreeSet<&str> = known.iter().map(|line| line.source_sha256.as_str()).collect();
    let files: Vec<&str> = files.into_iter().collect();
    let origins = settlements::origins(tx, &row.tenant_id, &row.gateway, &files)?;
    let of = |line: &LineRow| {
        let origin = origins.get(&line.source_sha256).copied().unwrap_or(ReportOrigin::Upload);
        Ok(KnownLine { line: line.line()?, origin })
    };
    known.iter().map(of).collect()
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
