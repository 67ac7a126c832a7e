//! Taking in what the organisation says was paid (納付情報, 消込, R-82), and showing it.
//!
//! A file is taken in as a whole or not at all, with every fault at once; the same bytes again, and a payment that an earlier
//! file had, have no effect but that what waits is booked. A payment of which an earlier file said another thing stays as it is, and
//! people are told of both; so they are of what the organisation takes back ([`super::el_qr_cancellation`]). What becomes of each
//! payment is booked afterwards, case by case ([`super::el_qr_booking`]).

use jiff::Timestamp;
use serde_json::json;

use super::accounting::accountant;
use super::el_qr_booking::BOOK_EL_QR;
use super::el_qr_upload::told;
use super::exceptions::{self, Subject};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Core, Ctx, Effect, Failure, Refusal, el_qr_cancellation};
use crate::domain::calendar::jst_day;
use crate::domain::el_qr::{EL_QR, ResultLine, Results, latest_begun, read_results};
use crate::domain::fault::Fault;
use crate::domain::id::{ElQrFileId, ElQrLineId, ElQrUploadId, OfficerId, TenantCode};
use crate::domain::settlement::ExceptionKind;
use crate::seal::sha256_hex;
use crate::store::el_qr_cancellations::{self, CancellationRow};
use crate::store::el_qr_results::{self, FileRow, LineRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Tx, jobs};

/// Files on a page.
pub const PAGE: i64 = 50;

/// A file with the payments that it had first.
#[derive(Clone, Debug)]
pub struct ResultsDetail {
    /// The file.
    pub row: FileRow,
    /// Its payments, in their order; without those that an earlier file had.
    pub lines: Vec<LineRow>,
    /// What it takes back, in its order; without what an earlier file did.
    pub cancellations: Vec<CancellationRow>,
}

/// A file of the organisation that is taken in.
#[derive(Clone, Copy, Debug)]
pub(super) struct TakenFile<'a> {
    /// What it is.
    pub kind: &'static str,
    /// The upload that it is about.
    pub upload: Option<ElQrUploadId>,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// How many lines it has, and how many of them are new.
    pub counts: (usize, usize),
    /// Who takes it in.
    pub officer: OfficerId,
}

/// Keeps a file of the organisation, sealed with a key of its own.
pub(super) fn keep_file(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    taken: &TakenFile<'_>,
    now: Timestamp,
) -> Result<FileRow, Failure> {
    let id = ElQrFileId(tx.new_id());
    let key = core.keys.new_case_key(tenant, core.ids.as_ref())?;
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let row = FileRow {
        tenant_id: tenant.clone(),
        id,
        kind: taken.kind.to_owned(),
        upload_id: taken.upload,
        sha256: sha256_hex(taken.bytes),
        line_count: count(taken.counts.0),
        new_count: count(taken.counts.1),
        sealed_file: key.key.seal(&el_qr_results::file_place(id), taken.bytes, core.ids.as_ref()),
        wrapped_key: key.wrapped,
        imported_by: taken.officer,
        recorded_at: Micros(now),
    };
    el_qr_results::insert(tx, &row)?;
    Ok(row)
}

/// Takes a file of payments in, or names everything that is wrong with it.
pub async fn import(
    ctx: Ctx,
    request: IdempotencyRequest,
    bytes: Vec<u8>,
) -> Result<Effect<FileRow>, Failure> {
    let (inner, of) = (ctx.clone(), request.tenant.clone());
    ctx.core.db.read(move |tx| accountant(tx, &inner, &of).map(drop)).await?;
    let today = jst_day(ctx.now());
    let body = ctx.catalogue.tenant(&request.tenant);
    let terms = body.and_then(|body| latest_begun(&body.definition.el_qr, today)).ok_or_else(no_terms)?;
    let whose = (request.tenant.as_str(), today);
    let results = read_results(&terms.layout, &bytes, whose).map_err(|faults| told(&faults))?;
    let db = ctx.core.db.clone();
    db.write_alone(vec![], move |tx| {
        let tenant = &request.tenant;
        let keep = |tx: &mut Tx<'_>, now: Timestamp| -> Result<Made<FileRow>, Failure> {
            let officer = accountant(tx, &ctx, tenant)?;
            let row = keep(tx, &ctx.core, tenant, (&bytes, &results), (officer, now))?;
            Ok(Made { resource_id: row.id.to_string(), value: row })
        };
        once(tx, &request, "el_qr_results", keep, |tx, id| {
            accountant(tx, &ctx, tenant)?;
            let id = id.parse().map_err(|_| Failure::Internal("a record names no file".to_owned()))?;
            Ok(el_qr_results::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?)
        })
    })
    .await
}

fn no_terms() -> Refusal {
    let (ja, en) = (
        "この団体は eL-QR による公金の収納に参加していません。",
        "This body does not take public money by eL-QR.",
    );
    Refusal::Invalid(vec![Fault::new("", "no_el_qr", ja, en)])
}

fn keep(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    (bytes, results): (&[u8], &Results),
    (officer, now): (OfficerId, Timestamp),
) -> Result<FileRow, Failure> {
    if let Some(row) = el_qr_results::find_by_sha256(tx, tenant, None, &sha256_hex(bytes))? {
        // What failed too often is tried again when somebody hands the file in again.
        if el_qr_results::has_waiting(tx, tenant, row.id)? {
            jobs::enqueue_again(tx, tenant.as_str(), BOOK_EL_QR, &row.id.to_string(), now)?;
        }
        return Ok(row);
    }
    let keys =
        |lines: &[ResultLine]| -> Vec<String> { lines.iter().map(|line| line.payment_key.clone()).collect() };
    let Results { paid: lines, canceled } = results;
    let known = el_qr_results::known(tx, tenant, &keys(lines))?;
    let new: Vec<&ResultLine> = lines.iter().filter(|line| !known.contains_key(&line.payment_key)).collect();
    let taken_back = el_qr_cancellations::known(tx, tenant, &keys(canceled))?;

    // From here on everything changes rows; every refusal stands above.
    let newly_canceled = canceled.len() - taken_back.len();
    let counts = (lines.len() + canceled.len(), new.len() + newly_canceled);
    let taken = TakenFile { kind: el_qr_results::RESULTS, upload: None, bytes, counts, officer };
    let row = keep_file(tx, core, tenant, &taken, now)?;
    for line in new {
        let stored = LineRow {
            tenant_id: tenant.clone(),
            id: ElQrLineId(tx.new_id()),
            file_id: row.id,
            line_no: i64::try_from(line.line_no).unwrap_or(i64::MAX),
            payment_key: line.payment_key.clone(),
            institution_number: line.institution_number.clone(),
            payment_number: line.payment_number.clone(),
            confirmation_number: line.confirmation_number.clone(),
            amount: line.amount,
            paid_on: IsoDate(line.paid_on),
            channel: line.channel.clone(),
            state: "waiting".to_owned(),
            trouble: None,
            slip_id: None,
            payment_id: None,
            proof: None,
            judged_at: None,
            recorded_at: Micros(now),
        };
        el_qr_results::insert_line(tx, &stored)?;
    }
    for line in lines {
        if let Some(before) = known.get(&line.payment_key).filter(|before| !before.says_the_same(line)) {
            tell_restated(tx, &row, before, line)?;
        }
    }
    el_qr_cancellation::take_in(tx, &row, canceled, &taken_back)?;
    jobs::enqueue_again(tx, tenant.as_str(), BOOK_EL_QR, &row.id.to_string(), now)?;
    Ok(row)
}

/// Tells people that the organisation says another thing of a payment than before: what stands in the books is not changed by it. It is
/// about the restatement, not the line, so that it is not lost where the line waits for a person itself.
fn tell_restated(
    tx: &mut Tx<'_>,
    file: &FileRow,
    before: &LineRow,
    line: &ResultLine,
) -> Result<(), Failure> {
    let facts = json!({ "gateway": EL_QR, "file": file.id.to_string(), "line": line.line_no,
        "payment_key": line.payment_key, "state": before.state,
        "ours": { "payment_number": before.payment_number, "amount": before.amount.amount(),
            "paid_on": before.paid_on.0.to_string() },
        "theirs": { "payment_number": line.payment_number, "amount": line.amount.amount(),
            "paid_on": line.paid_on.to_string() } });
    let subject = Subject::Other("el_qr_restated", before.id.to_string());
    exceptions::raise(tx, &file.tenant_id, ExceptionKind::StatusMismatch, &subject, facts)?;
    Ok(())
}

/// The youngest files of payments; `before` is the last one of the page before.
pub async fn list(ctx: Ctx, tenant: TenantCode, before: Option<ElQrFileId>) -> Result<Vec<FileRow>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        Ok(el_qr_results::youngest(tx, &tenant, before, PAGE)?)
    })
    .await
}

/// One file with its payments and what became of each.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: ElQrFileId) -> Result<ResultsDetail, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        let row = el_qr_results::find(tx, &tenant, id)?;
        // What was disposed of as a record is nothing to anybody.
        let row = row.filter(|row| !row.wrapped_key.is_empty()).ok_or(Refusal::NotFound)?;
        let lines = el_qr_results::lines(tx, &tenant, id)?;
        let cancellations = el_qr_cancellations::of_file(tx, &tenant, id)?;
        Ok(ResultsDetail { row, lines, cancellations })
    })
    .await
}
