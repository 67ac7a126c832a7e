//! Revenue stamps at the counter (証紙の消印, R-70, R-71): an officer cancels what is affixed, and the fee is settled without money.
//!
//! No payment and no receipt come of it: the revenue was the sale of the stamps, so their use is booked against the claim alone.
//! What is open online meanwhile is closed at its gateway; an entry that was wrong is taken back by another officer and booked back.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::counter::text_fault;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::payment_standing::settle_invoice;
use super::{Ctx, Effect, Failure, Refusal, access, charge, intake, payment, review, separation};
use crate::domain::calendar::jst_day;
use crate::domain::id::{InvoiceId, StampUseId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::ledger::{self, Cause, EntryKind, Posting};
use crate::domain::money::Yen;
use crate::domain::payment::day_faults;
use crate::domain::policy::Action;
use crate::domain::stamps::{self, STAMP_METHOD, StampTerms};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::stamp_uses::{self, StampUseRow};
use crate::store::{Reads, Root, Tx, reassessments};

/// What an officer cancelled.
#[derive(Clone, Debug)]
pub struct CancelStamps {
    /// Face values in yen with their numbers.
    pub stamps: Vec<(i64, i64)>,
    /// 消印の日, in Japan.
    pub cancelled_on: Date,
}

/// An entry with what became of the invoice.
#[derive(Clone, Debug)]
pub struct StampUse {
    /// The entry.
    pub row: StampUseRow,
    /// Why it was taken back, opened.
    pub reason: Option<String>,
    /// The invoice.
    pub invoice: InvoiceRow,
}

/// Records that stamps were cancelled, once.
pub async fn cancel_stamps(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: InvoiceId,
    wanted: CancelStamps,
) -> Result<Effect<StampUse>, Failure> {
    let root = payment::application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let settle = |tx: &mut Tx<'_>, now| settle(tx, &ctx, (&request.tenant, id), &wanted, now);
        once(tx, &request, "stamp_use", settle, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn settle(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, InvoiceId),
    wanted: &CancelStamps,
    now: Timestamp,
) -> Result<Made<StampUse>, Failure> {
    let mut invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, invoice.application_id, Action::ReceiveAtCounter)?;
    let officer = review::officer(&case)?.officer;
    refuse_where_none(ctx, &case)?;
    let terms = terms_on(ctx, tenant, wanted.cancelled_on)?;
    let affixed = judged(&case, &invoice, terms, wanted, now)?;
    payment::refuse_not_owed(tx, &case, &invoice)?;
    charge::refuse_out_of_order(tx, &ctx.catalogue, &invoice, &[])?;
    separation::refuse_own_assessment(tx, &case, &invoice)?;

    // From here on everything changes rows; every refusal stands above.
    let row = StampUseRow {
        tenant_id: tenant.clone(),
        id: StampUseId(tx.new_id()),
        application_id: case.row.id,
        invoice_id: id,
        stamps: Json(affixed),
        amount: invoice.owed(),
        cancelled_on: IsoDate(wanted.cancelled_on),
        cancelled_by: officer,
        recorded_at: Micros(now),
        reversed_by: None,
        reversed_at: None,
        sealed_reason: None,
    };
    stamp_uses::insert(tx, &row)?;
    let lines = reassessments::owed_lines(tx, &invoice)?;
    let portions = ledger::portions(&lines).map_err(|error| Failure::Internal(error.to_string()))?;
    let booked_for = Cause { source_id: format!("{id}:{}", row.id), booked_on: wanted.cancelled_on };
    invoices::book(tx, tenant, case.row.id, &ledger::use_stamps(&booked_for, &portions))?;
    invoice.stamped = row.amount;
    invoices::update_standing(tx, &mut invoice)?;
    let facts = json!({ "stamp_use": row.id.to_string(), "invoice": id.to_string(), "stamps": row.stamps.0,
        "amount": row.amount.amount(), "cancelled_on": wanted.cancelled_on.to_string() });
    case.record(tx, "stamps_cancelled", facts, None)?;
    settle_invoice(tx, &ctx.core, &mut case.row, &mut invoice)?;
    charge::assess_at_counter(tx, ctx, &mut case, &invoice, now)?;
    case.save(tx)?;
    Ok(Made { resource_id: row.id.to_string(), value: StampUse { row, reason: None, invoice } })
}

/// Refuses where the procedure does not name stamps among its methods.
fn refuse_where_none(ctx: &Ctx, case: &OpenCase) -> Result<(), Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    let allowed = procedure.definition.allowed_methods.as_ref();
    let named = allowed.is_some_and(|allowed| allowed.methods.iter().any(|code| code == STAMP_METHOD));
    if named { Ok(()) } else { Err(Refusal::MethodNotOffered.into()) }
}

/// The terms by which the body used stamps on a day.
fn terms_on<'a>(ctx: &'a Ctx, tenant: &TenantCode, day: Date) -> Result<&'a StampTerms, Refusal> {
    let body = ctx.catalogue.tenant(tenant).ok_or(Refusal::NotFound)?;
    stamps::in_use(&body.definition.stamps, day).ok_or(Refusal::MethodNotOffered)
}

/// The stamps, if they are what is owed on a day that can be; every fault at once.
fn judged(
    case: &OpenCase,
    invoice: &InvoiceRow,
    terms: &StampTerms,
    wanted: &CancelStamps,
    now: Timestamp,
) -> Result<Vec<stamps::Stamps>, Failure> {
    // Stamps that came with a paper came before the office wrote the notice.
    let issued_at = invoice.issued_at.0;
    let first_day = case.paper.map_or(issued_at, |paper| paper.received_at.min(issued_at));
    let days = (jst_day(first_day), jst_day(now));
    let mut faults = day_faults("/cancelled_on", wanted.cancelled_on, days);
    match stamps::read(terms, &wanted.stamps) {
        Ok(affixed) => {
            let differs = stamps::sum_fault(&affixed, invoice.owed());
            faults.extend(differs.map_err(|error| Failure::Internal(error.to_string()))?);
            if faults.is_empty() {
                return Ok(affixed);
            }
        }
        Err(found) => faults.extend(found),
    }
    Err(Refusal::Invalid(faults).into())
}

/// Takes a wrong entry back: another officer, with a reason, once.
pub async fn reverse(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: StampUseId,
    reason: String,
) -> Result<Effect<StampUse>, Failure> {
    let tenant = request.tenant.clone();
    let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(stamp_uses::find(tx, &tenant, id)?)).await?;
    let root = found.ok_or(Refusal::NotFound)?.application_id;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let strike = |tx: &mut Tx<'_>, now| strike_out(tx, &ctx, (&request.tenant, id), &reason, now);
        once(tx, &request, "stamp_use_reversal", strike, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn strike_out(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, StampUseId),
    reason: &str,
    now: Timestamp,
) -> Result<Made<StampUse>, Failure> {
    let mut row = stamp_uses::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, row.application_id, Action::ReceiveAtCounter)?;
    let officer = review::officer(&case)?.officer;
    if officer == row.cancelled_by {
        return Err(Refusal::OwnEntry.into());
    }
    if let Some(fault) = text_fault("/reason", reason) {
        return Err(Refusal::Invalid(vec![fault]).into());
    }
    let mut invoice = invoices::find(tx, tenant, row.invoice_id)?.ok_or(Refusal::NotFound)?;
    // Where money came beside it, a person decides first what becomes of that.
    if row.reversed_by.is_some() || invoice.invoice_state()? != InvoiceState::Paid {
        return Err(Refusal::EntryNotReversible.into());
    }

    // From here on everything changes rows; every refusal stands above.
    let (source, kind) = (format!("{}:{id}", invoice.id), EntryKind::Booked(Posting::UseStamps));
    let entries = invoices::entries_of_case(tx, tenant, case.row.id)?;
    let ours = entries.iter().filter(|entry| entry.kind == kind && entry.source_id == source);
    let undone: Vec<_> = ours.filter_map(|entry| ledger::reverse(entry, jst_day(now))).collect();
    invoices::book(tx, tenant, case.row.id, &undone)?;
    let place = stamp_uses::reason_place(id);
    row.reversed_by = Some(officer);
    row.reversed_at = Some(Micros(now));
    row.sealed_reason = Some(case.key.seal(&place, reason.as_bytes(), ctx.core.ids.as_ref()));
    stamp_uses::reverse(tx, &row)?;
    invoice.stamped = Yen::ZERO;
    invoices::update_standing(tx, &mut invoice)?;
    let facts = json!({ "stamp_use": id.to_string(), "invoice": invoice.id.to_string(),
        "amount": row.amount.amount() });
    case.record(tx, "stamps_reversed", facts, None)?;
    settle_invoice(tx, &ctx.core, &mut case.row, &mut invoice)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: opened(&case, row, invoice)? })
}

fn present(tx: &mut Tx<'_>, ctx: &Ctx, tenant: &TenantCode, id: &str) -> Result<StampUse, Failure> {
    let id = id.parse().map_err(|_| Failure::Internal("a record names no use of stamps".to_owned()))?;
    let row = stamp_uses::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let case = cases::open(tx, ctx, tenant, row.application_id, Action::ReceiveAtCounter)?;
    let invoice = invoices::find(tx, tenant, row.invoice_id)?.ok_or(Refusal::NotFound)?;
    opened(&case, row, invoice)
}

fn opened(case: &OpenCase, row: StampUseRow, invoice: InvoiceRow) -> Result<StampUse, Failure> {
    let reason = match &row.sealed_reason {
        None => None,
        Some(sealed) => {
            let text = String::from_utf8(case.key.open(&stamp_uses::reason_place(row.id), sealed)?);
            Some(text.map_err(|_| Failure::Internal(format!("the reason of {}", row.id)))?)
        }
    };
    Ok(StampUse { row, reason, invoice })
}

/// The entries of an invoice, for whoever receives its money at the counter.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<Vec<StampUse>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, case, found) = ctx
        .core
        .db
        .read(move |tx| {
            let invoice = invoices::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
            let case = cases::open(tx, &inner, &body, invoice.application_id, Action::ReceiveAtCounter)?;
            let rows = stamp_uses::of_invoice(tx, &body, id)?.into_iter();
            let found = rows.map(|row| opened(&case, row, invoice.clone())).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, Failure>((access::reader(&case.actor), case.row.id, found))
        })
        .await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "stamp_uses", &[case]).await?;
    }
    Ok(found)
}

/// The day on which the living stamps of an invoice were cancelled.
pub(super) fn cancelled_on(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<Option<Date>, Failure> {
    if invoice.stamped == Yen::ZERO {
        return Ok(None);
    }
    let rows = stamp_uses::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    let living = rows.iter().find(|row| row.reversed_at.is_none()).map(|row| row.cancelled_on.0);
    let missing = || Failure::Internal(format!("no stamps of invoice {}", invoice.id));
    living.map(Some).ok_or_else(missing)
}

/// What unused stamps are given back at.
#[derive(Clone, Debug)]
pub struct StampRefundQuote {
    /// What they are worth by their face values.
    pub face_total: Yen,
    /// What is paid for them.
    pub cash: Yen,
    /// The terms.
    pub terms: StampTerms,
}

/// What the body pays for unused stamps today; not found where it gives none back.
pub fn quote_refund(
    ctx: &Ctx,
    tenant: &TenantCode,
    entered: &[(i64, i64)],
) -> Result<StampRefundQuote, Failure> {
    let body = ctx.catalogue.tenant(tenant).ok_or(Refusal::NotFound)?;
    let terms = stamps::given_back(&body.definition.stamps, jst_day(ctx.now())).ok_or(Refusal::NotFound)?;
    let unused = stamps::read(terms, entered).map_err(Refusal::Invalid)?;
    let internal = |error: crate::domain::money::YenOutOfRange| Failure::Internal(error.to_string());
    let (face_total, cash) =
        (stamps::sum(&unused).map_err(internal)?, terms.refund(&unused).map_err(internal)?);
    Ok(StampRefundQuote { face_total, cash, terms: terms.clone() })
}
