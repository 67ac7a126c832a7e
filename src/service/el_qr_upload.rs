//! Files of slips for the organisation (納付書情報のアップロード, R-82); its answers: [`super::el_qr_acceptance`].
//!
//! What a file must say follows from what is stored now: new slips, and slips that are to be taken no more because the debt was
//! paid by another way, waived, canceled, is another amount, is past its day, or is not offered any more. So paying by card asks
//! for nothing here, and no crash forgets a withdrawal. All of that but the terms stands in the rows, so that by the hour only the slips
//! are read that something is to be said of; every open one is, once the terms may have changed. Invariants: a file is kept as it was
//! made, sealed, with its digest; a slip is in one file for each thing that is asked about it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::accounting::accountant;
use super::exceptions::{self, Subject};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Core, Ctx, Effect, Failure, JobEnd, Refusal, access, el_qr};
use crate::domain::calendar::jst_day;
use crate::domain::el_qr::{
    Cell, ElQrTerms, Field, FileFault, Record, SlipOperation, SlipState, SlipStep, WithdrawalReason,
    latest_begun, next_step, why_withdrawn,
};
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, ElQrSlipId, ElQrUploadId, OfficerId, TenantCode};
use crate::domain::settlement::ExceptionKind;
use crate::seal::sha256_hex;
use crate::store::el_qr_slips::{self, OpenSlips, SlipRow};
use crate::store::el_qr_uploads::{self, UploadRecordRow, UploadRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, StoreError, Tx};

/// Kind of the periodic job that makes the files of every body.
pub const UPLOAD_EL_QR: &str = "upload_el_qr";

/// Files on a page.
pub const PAGE: i64 = 50;

/// The most slips of one file, but for those that take the place of withdrawn ones.
const MOST: usize = 1_000;

/// Slips read in one go.
const AT_ONCE: i64 = 500;

/// A file with what it asks about each slip.
#[derive(Clone, Debug)]
pub struct UploadDetail {
    /// The file.
    pub row: UploadRow,
    /// Its lines, in their order.
    pub records: Vec<(UploadRecordRow, SlipRow)>,
}

/// Makes the files of every body that takes part; the failure of one does not hold up the others.
pub async fn run_all(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut end = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if tenant.definition.el_qr.is_empty() {
            continue;
        }
        if let Err(failure) = look(core, &tenant.definition.code).await {
            end = Err(failure);
        }
    }
    end
}

/// Under which terms this node has looked at every open slip of a body. Whether the terms still offer a slip is asked again once they may
/// have changed: with another catalogue, or on another day. Nobody else needs it; a node that starts looks at everything once.
#[derive(Debug, Default)]
pub struct SlipsSeen(Mutex<BTreeMap<TenantCode, (i64, Date)>>);

impl SlipsSeen {
    /// Which slips are to be looked at under a revision of the catalogue, on a day.
    fn wanted(&self, tenant: &TenantCode, at: (i64, Date)) -> OpenSlips {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.get(tenant) == Some(&at) { OpenSlips::WithNews(at.1) } else { OpenSlips::All }
    }

    fn remember(&self, tenant: &TenantCode, at: (i64, Date)) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), at);
    }
}

/// What came of a look at the open slips of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Slips that were held against their debts and the terms, each as often as it was read.
    pub judged: usize,
    /// Files that were made.
    pub files: usize,
}

/// Makes the files of one body until there is nothing more to say, and says what was read for it.
pub async fn look(core: &Arc<Core>, tenant: &TenantCode) -> Result<Look, Failure> {
    let mut look = Look::default();
    loop {
        // Asked for before the catalogue: under one that is newer than its number a slip is looked at once more, never less.
        let at = (core.catalogue.revision(), jst_day(core.clock.now()));
        let wanted = core.slips_seen.wanted(tenant, at);
        let (of, inner) = (tenant.clone(), Arc::clone(core));
        let found = core.db.read(move |tx| due(tx, &inner, &of, wanted)).await?;
        look.judged += found.judged;
        if found.due.is_empty() {
            core.slips_seen.remember(tenant, at);
            return Ok(look);
        }
        let (of, inner, roots) = (tenant.clone(), Arc::clone(core), roots(&found.due));
        let made = core.db.write_alone(roots, move |tx| make(tx, &inner, &of, &found.due, None)).await?;
        look.files += usize::from(made.is_some());
    }
}

/// Makes a file of what is to be said now, for the treasury.
pub async fn create(ctx: Ctx, request: IdempotencyRequest) -> Result<Effect<UploadRow>, Failure> {
    let (inner, tenant) = (ctx.clone(), request.tenant.clone());
    let at = (ctx.core.catalogue.revision(), jst_day(ctx.core.clock.now()));
    let wanted = ctx.core.slips_seen.wanted(&tenant, at);
    let due = ctx.core.db.read(move |tx| {
        accountant(tx, &inner, &tenant)?;
        due(tx, &inner.core, &tenant, wanted)
    });
    let due = due.await?.due;
    let db = ctx.core.db.clone();
    db.write_alone(roots(&due), move |tx| {
        let tenant = &request.tenant;
        let effect = |tx: &mut Tx<'_>, _: Timestamp| -> Result<Made<UploadRow>, Failure> {
            let officer = accountant(tx, &ctx, tenant)?;
            if due.is_empty() {
                return Err(nothing().into());
            }
            let made = make(tx, &ctx.core, tenant, &due, Some(officer))?.ok_or_else(nothing)?;
            Ok(Made { resource_id: made.id.to_string(), value: made })
        };
        once(tx, &request, "el_qr_upload", effect, |tx, id| {
            let id = id.parse().map_err(|_| Failure::Internal("a record names no upload".to_owned()))?;
            accountant(tx, &ctx, tenant)?;
            Ok(el_qr_uploads::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?)
        })
    })
    .await
}

fn nothing() -> Refusal {
    let (ja, en) = ("送るべき納付書情報がありません。", "There is nothing to tell of any slip.");
    Refusal::Invalid(vec![Fault::new("", "nothing_to_upload", ja, en)])
}

pub(super) fn roots(due: &[(ElQrSlipId, ApplicationId)]) -> Vec<Root> {
    let cases: BTreeSet<ApplicationId> = due.iter().map(|(_, case)| *case).collect();
    cases.into_iter().map(Root::Application).collect()
}

/// The slips about which there is something to say now, and how many were read for that.
struct Found {
    /// Each with its case.
    due: Vec<(ElQrSlipId, ApplicationId)>,
    judged: usize,
}

fn due(tx: &mut impl Reads, core: &Core, tenant: &TenantCode, wanted: OpenSlips) -> Result<Found, Failure> {
    let (mut found, mut after) = (Found { due: Vec::new(), judged: 0 }, None);
    while found.due.len() < MOST {
        let page = el_qr_slips::open(tx, tenant, wanted, after, AT_ONCE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.id);
        found.judged += page.len();
        for (slip, invoice) in page {
            if step(tx, core, &slip, &invoice)? != SlipStep::Nothing {
                found.due.push((slip.id, slip.application_id));
            }
        }
    }
    found.due.truncate(MOST);
    Ok(found)
}

fn step(tx: &mut impl Reads, core: &Core, slip: &SlipRow, invoice: &InvoiceRow) -> Result<SlipStep, Failure> {
    let (catalogue, today) = (core.catalogue.current(), jst_day(tx.now()));
    let facts = el_qr::facts(catalogue.tenant(&slip.tenant_id), slip, invoice, today)?;
    Ok(next_step(slip.slip_state()?, why_withdrawn(facts)))
}

fn invoice_of(tx: &mut impl Reads, slip: &SlipRow) -> Result<InvoiceRow, Failure> {
    let found = invoices::find(tx, &slip.tenant_id, slip.invoice_id)?;
    Ok(found.ok_or_else(|| StoreError::Inconsistent(format!("no invoice of slip {}", slip.id)))?)
}

/// What a line of a file says.
struct Asked {
    slip: SlipRow,
    operation: SlipOperation,
    record: Record,
}

/// Makes a file of these slips, and takes back those that nobody was told of; none where there is nothing to tell. The caller
/// holds the roots of their cases.
fn make(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    due: &[(ElQrSlipId, ApplicationId)],
    by: Option<OfficerId>,
) -> Result<Option<UploadRow>, Failure> {
    let (catalogue, now) = (core.catalogue.current(), Reads::now(tx));
    let terms = catalogue.tenant(tenant).map_or(&[][..], |body| body.definition.el_qr.as_slice());
    let terms = latest_begun(terms, jst_day(now)).ok_or(Refusal::NotFound)?;
    let mut asked = Vec::new();
    for (id, _) in due {
        let Some(mut slip) = el_qr_slips::find(tx, tenant, *id)? else { continue };
        let invoice = invoice_of(tx, &slip)?;
        let reason = match step(tx, core, &slip, &invoice)? {
            SlipStep::Nothing => continue,
            SlipStep::Add => {
                asked.push(ask(tx, terms, slip, &invoice)?);
                continue;
            }
            SlipStep::Withdraw(reason) => {
                slip.withdrawal_reason = Some(reason.as_str().to_owned());
                asked.push(asked_of(terms, slip, &invoice, (SlipOperation::Withdraw, None)));
                reason
            }
            SlipStep::Drop(reason) => {
                SlipState::Withdrawn.as_str().clone_into(&mut slip.state);
                slip.withdrawal_reason = Some(reason.as_str().to_owned());
                el_qr_slips::update(tx, &mut slip)?;
                reason
            }
        };
        let youngest = el_qr_slips::youngest(tx, tenant, invoice.id)?;
        let is_youngest = youngest.is_some_and(|youngest| youngest.id == *id);
        if reason == WithdrawalReason::AmountChanged && is_youngest {
            // The file that takes one slip back brings the one in its place.
            if let Some(next) = el_qr::make(tx, core, &invoice)? {
                asked.push(ask(tx, terms, next, &invoice)?);
            }
        }
    }
    // What is taken back stands before what takes its place, whichever slip was made first.
    asked.sort_by_key(|one| Reverse(one.operation));
    if asked.is_empty() { Ok(None) } else { keep(tx, core, (tenant, terms), asked, by) }
}

/// A line that tells of a new slip; it names the one whose place it takes, where the organisation was told of that.
fn ask(
    tx: &mut impl Reads,
    terms: &ElQrTerms,
    slip: SlipRow,
    invoice: &InvoiceRow,
) -> Result<Asked, Failure> {
    let before = slip.replaces.map(|id| el_qr_slips::find(tx, &slip.tenant_id, id)).transpose()?.flatten();
    let told =
        |before: &SlipRow| before.amount != slip.amount && before.state != SlipState::Withdrawn.as_str();
    let before = before.filter(told).map(|before| before.payment_number);
    let operation = if before.is_some() { SlipOperation::Replace } else { SlipOperation::Add };
    Ok(asked_of(terms, slip, invoice, (operation, before)))
}

fn asked_of(
    terms: &ElQrTerms,
    slip: SlipRow,
    invoice: &InvoiceRow,
    (operation, replaces): (SlipOperation, Option<String>),
) -> Asked {
    let until = slip.payable_until.map(|day| day.0);
    let mut record = el_qr::record_of(&slip.number(), invoice, (slip.amount.amount(), until));
    let code = terms.layout.upload.operations.of(operation).to_owned();
    record.insert(Field::Operation, Cell::Text(code));
    record.extend(replaces.map(|number| (Field::Replaces, Cell::Text(number))));
    Asked { slip, operation, record }
}

/// Stores the file, what it asks, and that the organisation is told; none where nothing of it can be written.
fn keep(
    tx: &mut Tx<'_>,
    core: &Core,
    (tenant, terms): (&TenantCode, &ElQrTerms),
    asked: Vec<Asked>,
    by: Option<OfficerId>,
) -> Result<Option<UploadRow>, Failure> {
    let now = Reads::now(tx);
    let head = Record::from([(Field::Body, Cell::Text(tenant.to_string()))]);
    let layout = &terms.layout.upload.file;
    let fits = |asked: &Asked| layout.write(std::slice::from_ref(&asked.record), &head).is_some();
    let (asked, misfits): (Vec<Asked>, Vec<Asked>) = asked.into_iter().partition(fits);
    for one in misfits {
        set_aside(tx, one, &terms.layout.version)?;
    }
    if asked.is_empty() {
        return Ok(None);
    }
    let records: Vec<Record> = asked.iter().map(|asked| asked.record.clone()).collect();
    let bytes = layout.write(&records, &head);
    let bytes = bytes.ok_or_else(|| Failure::Internal(format!("a file of slips of body {tenant}")))?;
    let id = ElQrUploadId(tx.new_id());
    let key = core.keys.new_case_key(tenant, core.ids.as_ref())?;
    let row = UploadRow {
        tenant_id: tenant.clone(),
        id,
        record_count: i64::try_from(records.len()).unwrap_or(i64::MAX),
        layout_version: terms.layout.version.clone(),
        file_sha256: sha256_hex(&bytes),
        sealed_file: key.key.seal(&el_qr_uploads::file_place(id), &bytes, core.ids.as_ref()),
        wrapped_key: key.wrapped,
        made_by: by,
        made_at: Micros(now),
    };
    el_qr_uploads::insert(tx, &row)?;
    for (line_no, Asked { mut slip, operation, .. }) in (1..).zip(asked) {
        let record = UploadRecordRow {
            tenant_id: tenant.clone(),
            upload_id: id,
            line_no,
            slip_id: slip.id,
            operation: operation.as_str().to_owned(),
            outcome: None,
            outcome_code: None,
            answered_at: None,
        };
        el_qr_uploads::insert_record(tx, &record)?;
        let told = match operation {
            SlipOperation::Add | SlipOperation::Replace => SlipState::Uploaded,
            SlipOperation::Withdraw => SlipState::Withdrawing,
        };
        told.as_str().clone_into(&mut slip.state);
        el_qr_slips::update(tx, &mut slip)?;
    }
    Ok(Some(row))
}

/// Sets a slip aside of which a value does not fit into its column, so that it holds up no other one: the organisation is not told of
/// it, and people are.
fn set_aside(tx: &mut Tx<'_>, asked: Asked, layout_version: &str) -> Result<(), Failure> {
    let Asked { mut slip, operation, .. } = asked;
    let facts = json!({ "slip": slip.id.to_string(), "invoice": slip.invoice_id.to_string(),
        "operation": operation.as_str(), "layout": layout_version, "code": "does_not_fit" });
    let subject = Subject::Other("el_qr_slip", slip.id.to_string());
    exceptions::raise(tx, &slip.tenant_id, ExceptionKind::StatusMismatch, &subject, facts)?;
    let stands = match operation {
        SlipOperation::Add | SlipOperation::Replace => SlipState::Refused,
        SlipOperation::Withdraw => SlipState::WithdrawalRefused,
    };
    stands.as_str().clone_into(&mut slip.state);
    Ok(el_qr_slips::update(tx, &mut slip)?)
}

/// The youngest files of a body; `before` is the last one of the page before.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    before: Option<ElQrUploadId>,
) -> Result<Vec<UploadRow>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        Ok(el_qr_uploads::youngest(tx, &tenant, before, PAGE)?)
    })
    .await
}

/// One file with what it asks about each slip.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: ElQrUploadId) -> Result<UploadDetail, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        detail(tx, &tenant, id)
    })
    .await
}

pub(super) fn detail(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ElQrUploadId,
) -> Result<UploadDetail, Failure> {
    let row = el_qr_uploads::find(tx, tenant, id)?;
    // What was disposed of as a record is nothing to anybody.
    let row = row.filter(|row| !row.wrapped_key.is_empty()).ok_or(Refusal::NotFound)?;
    Ok(UploadDetail { row, records: el_qr_uploads::records(tx, tenant, id)? })
}

/// The bytes of a file, for the organisation; the look is recorded for each case in it.
pub async fn file(ctx: Ctx, tenant: TenantCode, id: ElQrUploadId) -> Result<Vec<u8>, Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let officer = accountant(tx, &inner, &of)?;
        let UploadDetail { row, records } = detail(tx, &of, id)?;
        let key = inner.core.keys.open_case_key(&of, &row.wrapped_key)?;
        let bytes = key.open(&el_qr_uploads::file_place(id), &row.sealed_file)?;
        let cases: BTreeSet<ApplicationId> = records.iter().map(|(_, slip)| slip.application_id).collect();
        Ok::<_, Failure>((officer, cases.into_iter().collect::<Vec<_>>(), bytes))
    });
    let (officer, cases, bytes) = read.await?;
    access::record(&ctx, &tenant, officer, "el_qr_upload_file", &cases).await?;
    Ok(bytes)
}

/// The day in Japan on which a slip got its number.
pub(super) fn issued_on(slip: &SlipRow) -> Date {
    jst_day(slip.issued_at.0)
}

/// The faults of a file as the caller is told of them.
pub(super) fn told(faults: &[FileFault]) -> Refusal {
    Refusal::Invalid(faults.iter().map(|fault| fault.fault()).collect())
}
