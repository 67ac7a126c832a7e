//! Taking in what the organisation says was paid (納付情報, 消込, R-82), and showing it.
//!
//! A file is taken in as a whole or not at all, with every fault at once; the same bytes again, and a payment that an earlier
//! file had, have no effect. What becomes of each payment is booked afterwards, case by case ([`super::el_qr_booking`]).

use jiff::Timestamp;

use super::accounting::accountant;
use super::el_qr_booking::BOOK_EL_QR;
use super::el_qr_upload::told;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Core, Ctx, Effect, Failure, Refusal};
use crate::domain::calendar::jst_day;
use crate::domain::el_qr::{Field, FileFault, FileFaultKind, ResultLine, latest_begun, read_results};
use crate::domain::fault::Fault;
use crate::domain::id::{ElQrFileId, ElQrLineId, ElQrUploadId, OfficerId, TenantCode};
use crate::seal::sha256_hex;
use crate::store::el_qr_results::{self, FileRow, LineRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Tx, jobs};

/// Files on a page.
pub const PAGE: i64 = 50;

/// A file with the payments that it had first.
#[derive(Clone, Debug)]
pub struct ResultsDetail {
    /// The file.
    pub row: FileRow,
    /// Its payments, in their order; without those that an earlier file had.
    pub lines: Vec<LineRow>,
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
    let lines = read_results(&terms.layout.results, &bytes, today).map_err(|faults| told(&faults))?;
    let db = ctx.core.db.clone();
    db.write_alone(vec![], move |tx| {
        let tenant = &request.tenant;
        let keep = |tx: &mut Tx<'_>, now: Timestamp| -> Result<Made<FileRow>, Failure> {
            let officer = accountant(tx, &ctx, tenant)?;
            let row = keep(tx, &ctx.core, tenant, (&bytes, &lines), (officer, now))?;
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
    (bytes, lines): (&[u8], &[ResultLine]),
    (officer, now): (OfficerId, Timestamp),
) -> Result<FileRow, Failure> {
    if let Some(row) = el_qr_results::find_by_sha256(tx, tenant, None, &sha256_hex(bytes))? {
        return Ok(row);
    }
    let new = new_lines(tx, tenant, lines)?;

    // From here on everything changes rows; every refusal stands above.
    let counts = (lines.len(), new.len());
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
    jobs::enqueue_again(tx, tenant.as_str(), BOOK_EL_QR, &row.id.to_string(), now)?;
    Ok(row)
}

/// The lines that no earlier file had; refused where an earlier one said another thing of the same payment.
fn new_lines<'a>(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    lines: &'a [ResultLine],
) -> Result<Vec<&'a ResultLine>, Failure> {
    let keys: Vec<String> = lines.iter().map(|line| line.payment_key.clone()).collect();
    let known = el_qr_results::known(tx, tenant, &keys)?;
    let differs =
        |line: &&ResultLine| known.get(&line.payment_key).is_some_and(|row| !row.says_the_same(line));
    let faults: Vec<FileFault> = lines
        .iter()
        .filter(differs)
        .map(|line| FileFault {
            line_no: line.line_no,
            field: Some(Field::PaymentKey),
            kind: FileFaultKind::Contradicts,
        })
        .collect();
    if !faults.is_empty() {
        return Err(told(&faults).into());
    }
    Ok(lines.iter().filter(|line| !known.contains_key(&line.payment_key)).collect())
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
        Ok(ResultsDetail { row, lines })
    })
    .await
}
