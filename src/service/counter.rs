//! Money at the counter (窓口収納): a clerk or the accounting post enters cash, a terminal's payment or a bank slip.
//!
//! Cash and bank slips the body itself received, so the invoice is paid on the day they came (R-77 does not apply, R-81 neither), and
//! the payer gets an official receipt (領収証書). What a terminal takes is entrusted to its agent ([`super::counter_terminal`]): the
//! payer gets a confirmation, and the agent's payout makes it paid. Invariants: an online attempt that is open meanwhile is closed at its gateway,
//! for the first payment wins; an entry is undone by another officer, and undoing books back instead of deleting. What an entry
//! must be is said in [`crate::domain::payment::counter_faults`].

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::counter_terminal::{self, Taker};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::payment_standing::{self, Source};
use super::{Ctx, Effect, Failure, Refusal, charge, payment, review, separation, striking_out};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, InvoiceId, PaymentId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::my_number;
use crate::domain::payment::{
    COUNTER_METHOD, CounterMeans, Payment, PaymentState, counter_faults, merchant_reference,
};
use crate::domain::policy::Action;
use crate::store::counter_payments::{self, CounterPaymentRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx};

/// The longest reference and the longest reason, in characters.
const LONGEST_TEXT: usize = 200;

/// What a clerk enters.
#[derive(Clone, Debug)]
pub struct CounterEntry {
    /// By which means the money came.
    pub means: CounterMeans,
    /// How much, in yen.
    pub amount: i64,
    /// On which day, in Japan.
    pub received_on: Date,
    /// Number of the slip or of the terminal's receipt.
    pub reference: Option<String>,
}

/// An entry with its payment and what became of the invoice.
#[derive(Clone, Debug)]
pub struct CounterPayment {
    /// The entry.
    pub entry: CounterPaymentRow,
    /// Its reference, opened.
    pub reference: Option<String>,
    /// Why it was taken back, opened.
    pub reason: Option<String>,
    /// The payment.
    pub payment: PaymentRow,
    /// The invoice.
    pub invoice: InvoiceRow,
}

/// Enters money that came at the counter, once.
pub async fn receive(
    ctx: Ctx,
    request: IdempotencyRequest,
    invoice: InvoiceId,
    entry: CounterEntry,
) -> Result<Effect<CounterPayment>, Failure> {
    let tenant = request.tenant.clone();
    let root = payment::application_of(&ctx, &tenant, invoice).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let enter = |tx: &mut Tx<'_>, now| enter(tx, &ctx, (&request.tenant, &[]), invoice, &entry, now);
        once(tx, &request, "counter_payment", enter, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

/// What is to be entered where nothing forbids it.
pub(super) struct Judged {
    /// The case.
    pub case: OpenCase,
    /// The invoice.
    pub invoice: InvoiceRow,
    /// Who took the money.
    pub taker: Taker,
}

/// Everything that forbids an entry, for money that also pays the invoices `together` with this one; changes nothing.
pub(super) fn judge(
    tx: &mut impl Reads,
    ctx: &Ctx,
    (tenant, together): (&TenantCode, &[InvoiceId]),
    id: InvoiceId,
    entry: &CounterEntry,
    now: Timestamp,
) -> Result<Judged, Failure> {
    let invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let case = cases::open(tx, ctx, tenant, invoice.application_id, Action::ReceiveAtCounter)?;
    refuse_entry(&case, &invoice, entry, now)?;
    payment::refuse_not_owed(tx, &case, &invoice)?;
    counter_terminal::refuse_other_methods(ctx, &case.row, &invoice)?;
    let taker = counter_terminal::taker(ctx, &invoice, entry.means, entry.received_on)?;
    charge::refuse_out_of_order(tx, &ctx.catalogue, &invoice, together)?;
    separation::refuse_own_assessment(tx, &case, &invoice)?;
    Ok(Judged { case, invoice, taker })
}

pub(super) fn enter(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, together): (&TenantCode, &[InvoiceId]),
    id: InvoiceId,
    entry: &CounterEntry,
    now: Timestamp,
) -> Result<Made<CounterPayment>, Failure> {
    let Judged { mut case, mut invoice, taker } = judge(tx, ctx, (tenant, together), id, entry, now)?;
    let officer = review::officer(&case)?.officer;

    // From here on everything changes rows; every refusal stands above.
    let mut row = new_payment(tx, &invoice, (&taker, COUNTER_METHOD), entry.received_on, now)?;
    // What one receipt of the terminal pays together, its agent names once: that is found by our own references.
    row.gateway_payment_id = taker.number_of(entry.reference.as_deref()).filter(|_| together.len() <= 1);
    payments::insert(tx, &row)?;
    let seal = |text: &String| {
        case.key.seal(&counter_payments::reference_place(row.id), text.as_bytes(), ctx.core.ids.as_ref())
    };
    let stored = CounterPaymentRow {
        tenant_id: tenant.clone(),
        payment_id: row.id,
        application_id: case.row.id,
        invoice_id: id,
        means: entry.means.as_str().to_owned(),
        received_on: IsoDate(entry.received_on),
        sealed_reference: entry.reference.as_ref().map(seal),
        recorded_by: officer,
        recorded_at: Micros(now),
        reversed_by: None,
        reversed_at: None,
        sealed_reason: None,
    };
    counter_payments::insert(tx, &stored)?;
    let facts = json!({ "payment": row.id.to_string(), "invoice": id.to_string(), "means": stored.means,
        "amount": row.amount.amount(), "received_on": entry.received_on.to_string() });
    case.record(tx, "counter_payment_received", facts, None)?;
    let received = |payment: &Payment| payment.received_at_counter(entry.means);
    payment_standing::apply(tx, &ctx.core, &mut case.row, &mut row, received, Source::Counter)?;
    invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    charge::assess_at_counter(tx, ctx, &mut case, &invoice, now)?;
    let value = CounterPayment {
        entry: stored,
        reference: entry.reference.clone(),
        reason: None,
        payment: row,
        invoice,
    };
    Ok(Made { resource_id: value.payment.id.to_string(), value })
}

/// Money that came with a paper came before the office wrote the notice.
fn refuse_entry(
    case: &OpenCase,
    invoice: &InvoiceRow,
    entry: &CounterEntry,
    now: Timestamp,
) -> Result<(), Failure> {
    let first_day =
        case.paper.map_or(invoice.issued_at.0, |paper| paper.received_at.min(invoice.issued_at.0));
    let days = (jst_day(first_day), jst_day(now));
    let mut faults = counter_faults((entry.amount, invoice.owed()), entry.received_on, days);
    faults.extend(entry.reference.as_deref().and_then(|text| text_fault("/reference", text)));
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults).into()) }
}

/// What is wrong with a free text: empty, too long, on several lines, or with an individual number in it.
pub(super) fn text_fault(pointer: &str, text: &str) -> Option<Fault> {
    let fits = !text.trim().is_empty()
        && text.chars().count() <= LONGEST_TEXT
        && !text.chars().any(char::is_control);
    if !fits {
        let ja = format!("1～{LONGEST_TEXT}文字で、改行なしで入力してください。");
        let en = format!("Please enter 1 to {LONGEST_TEXT} characters on one line.");
        return Some(Fault::new(pointer, "bad_text", ja, en));
    }
    let (ja, en) = ("個人番号は入力できません。", "An individual number must not be entered.");
    my_number::stands_in(text).then(|| Fault::new(pointer, "individual_number", ja, en))
}

/// A payment of all that is owed of an invoice, which somebody takes on a day, by a method; the caller stores it.
pub(super) fn new_payment(
    tx: &mut Tx<'_>,
    invoice: &InvoiceRow,
    (taker, method): (&Taker, &str),
    received_on: Date,
    now: Timestamp,
) -> Result<PaymentRow, Failure> {
    let (tenant, application) = (&invoice.tenant_id, invoice.application_id);
    let payable_id = match payments::payable_of_invoice(tx, tenant, invoice.id)? {
        Some(payable) => payable,
        None => payments::insert_payable(tx, tenant, application, &[invoice.id], invoice.owed())?,
    };
    let id = PaymentId(tx.new_id());
    Ok(PaymentRow {
        tenant_id: tenant.clone(),
        id,
        application_id: application,
        payable_id,
        invoice_id: invoice.id,
        gateway: taker.place.clone(),
        legal_role: taker.legal_role.as_str().to_owned(),
        method: method.to_owned(),
        amount: invoice.owed(),
        state: PaymentState::Created.as_str().to_owned(),
        merchant_reference: merchant_reference(tenant, id),
        gateway_session_id: None,
        gateway_payment_id: None,
        redirect_url: None,
        return_url: None,
        raw_status: String::new(),
        authorized: Yen::ZERO,
        captured: Yen::ZERO,
        refunded: Yen::ZERO,
        charged_back: Yen::ZERO,
        captured_on: Some(IsoDate(received_on)),
        expires_at: None,
        poll_count: 0,
        version: 1,
        created_at: Micros(now),
        updated_at: Micros(now),
        share_of: None,
        charged_beside: None,
    })
}

/// Takes a wrong entry back: another officer, with a reason, once.
pub async fn reverse(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: PaymentId,
    reason: String,
) -> Result<Effect<CounterPayment>, Failure> {
    let root = application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let strike = |tx: &mut Tx<'_>, now| strike_out(tx, &ctx, &request.tenant, id, &reason, now);
        once(tx, &request, "counter_payment_reversal", strike, |tx, id| {
            present(tx, &ctx, &request.tenant, id)
        })
    })
    .await
}

fn strike_out(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: PaymentId,
    reason: &str,
    now: Timestamp,
) -> Result<Made<CounterPayment>, Failure> {
    let mut entry = counter_payments::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, entry.application_id, Action::ReceiveAtCounter)?;
    let officer = review::officer(&case)?.officer;
    if officer == entry.recorded_by {
        return Err(Refusal::OwnEntry.into());
    }
    if let Some(fault) = text_fault("/reason", reason) {
        return Err(Refusal::Invalid(vec![fault]).into());
    }
    let mut row = payments::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut invoice = invoices::find(tx, tenant, entry.invoice_id)?.ok_or(Refusal::NotFound)?;
    let strikable = striking_out::judge(tx, &row, &invoice)?.filter(|_| entry.reversed_by.is_none());
    let strikable = strikable.ok_or(Refusal::EntryNotReversible)?;

    // From here on everything changes rows; every refusal stands above.
    striking_out::strike_out(tx, &mut row, strikable.with_name_freed())?;
    let place = counter_payments::reason_place(id);
    entry.reversed_by = Some(officer);
    entry.reversed_at = Some(Micros(now));
    entry.sealed_reason = Some(case.key.seal(&place, reason.as_bytes(), ctx.core.ids.as_ref()));
    counter_payments::reverse(tx, &entry)?;
    let facts = json!({ "payment": id.to_string(), "invoice": invoice.id.to_string(), "means": entry.means,
        "amount": row.amount.amount() });
    case.record(tx, "counter_payment_reversed", facts, None)?;
    payment_standing::settle_invoice(tx, &ctx.core, &mut case.row, &mut invoice)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: opened(&case, entry, row, invoice)? })
}

pub(super) fn present(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: &str,
) -> Result<CounterPayment, Failure> {
    let id =
        id.parse().map_err(|_| Failure::Internal("an idempotency record names no payment".to_owned()))?;
    let entry = counter_payments::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let case = cases::open(tx, ctx, tenant, entry.application_id, Action::ReceiveAtCounter)?;
    let row = payments::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let invoice = invoices::find(tx, tenant, entry.invoice_id)?.ok_or(Refusal::NotFound)?;
    opened(&case, entry, row, invoice)
}

fn opened(
    case: &OpenCase,
    entry: CounterPaymentRow,
    payment: PaymentRow,
    invoice: InvoiceRow,
) -> Result<CounterPayment, Failure> {
    let open = |place: String, sealed: &Option<Vec<u8>>| -> Result<Option<String>, Failure> {
        let Some(sealed) = sealed else { return Ok(None) };
        let text = String::from_utf8(case.key.open(&place, sealed)?);
        text.map(Some).map_err(|_| Failure::Internal(format!("a text of payment {}", payment.id)))
    };
    let reference = open(counter_payments::reference_place(entry.payment_id), &entry.sealed_reference)?;
    let reason = open(counter_payments::reason_place(entry.payment_id), &entry.sealed_reason)?;
    Ok(CounterPayment { entry, reference, reason, payment, invoice })
}

/// The case of an entry, which is the root to lock; the policy is asked again inside the transaction.
async fn application_of(ctx: &Ctx, tenant: &TenantCode, id: PaymentId) -> Result<ApplicationId, Failure> {
    let tenant = tenant.clone();
    let found =
        ctx.core.db.read(move |tx| Ok::<_, Failure>(counter_payments::find(tx, &tenant, id)?)).await?;
    Ok(found.ok_or(Refusal::NotFound)?.application_id)
}
