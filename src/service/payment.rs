//! Paying (納付): a payment is opened, looked at, given up.
//!
//! Opening is three steps (intent, call, record). The intent with its exact bytes commits first; the call is made at once by the
//! process that holds the operation's lease; the result is recorded in a second transaction. Whatever dies in between
//! is found by the job that was enqueued with the intent. See [`super::gateway_call`] for the call and the record.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::payment_ceiling::PayableNow;
use super::payment_link::PaidBy;
use super::payment_refusal::PaymentRefusal;
use super::{Core, Ctx, Effect, Failure, Origin, Refusal};
use super::{
    charge, checkout, gateway_call, intake, joint_payment, payment_ceiling, payment_closing, payment_method,
    payment_replacement, payment_standing, pulled_back, waiver_claim,
};
use crate::domain::application::StateName;
use crate::domain::fault::Fault;
use crate::domain::id::{InvoiceId, OperationId, PayableId, PaymentId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::{MethodCode, PayerEmail, PaymentState, Slip, merchant_reference};
use crate::domain::policy::Action;
use crate::drill::CrashPoint;
use crate::gateway::{CreateCheckout, MerchantAccount, PreparedRequest};
use crate::seal::DataKey;
use crate::store::disputes::{self, DisputeRow};
use crate::store::events::{self, NewEvent};
use crate::store::gateway_operations::{self, OperationRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::sql::Micros;
use crate::store::{ReadTx, Reads, Root, Tx, jobs, payment_slips};

/// Kind of the job that finds an operation whose caller died or got no answer.
pub const RECOVER_OPERATION: &str = "recover_operation";

/// How often a repeated request looks whether the first one has heard from the gateway.
const RECORD_LOOK: Duration = Duration::from_millis(50);

/// How somebody wants to pay.
#[derive(Clone, Debug)]
pub struct OpenPayment {
    /// The method's code.
    pub method: String,
    /// Where to come back to; the counter's own page by default.
    pub return_url: Option<String>,
    /// `ja` or `en`, for the gateway's page.
    pub locale: &'static str,
    /// What becomes of an attempt that is open.
    pub beside_open: BesideOpen,
    /// Where an invitation goes, of whoever has no account.
    pub payer_email: Option<PayerEmail>,
    /// What the payer saw to be paid, in yen; another sum is refused.
    pub expected_total: Option<i64>,
}

impl OpenPayment {
    /// Refuses to open a payment over another sum than the payer saw.
    pub(super) fn refuse_other_total(&self, total: Yen) -> Result<(), PaymentRefusal> {
        match self.expected_total {
            Some(seen) if seen != total.amount() => {
                Err(PaymentRefusal::TotalChanged { total: total.amount() })
            }
            _ => Ok(()),
        }
    }
}

/// What becomes of an attempt that is open when another one is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BesideOpen {
    /// The new one is refused.
    Refuse,
    /// The open one is closed at its gateway first.
    Replace,
}

/// The operation that an opened payment waits for.
#[derive(Clone, Debug)]
struct Opened {
    payment: PaymentRow,
    operation: Option<OperationId>,
}

/// Opens a payment of an invoice and waits a moment for the gateway.
pub async fn open(
    ctx: Ctx,
    request: IdempotencyRequest,
    invoice: InvoiceId,
    wanted: OpenPayment,
) -> Result<Effect<PaymentRow>, Failure> {
    open_as(ctx, request, invoice, wanted, PaidBy::Party).await
}

/// As [`open`], for a party or for the holder of a link.
pub(super) async fn open_as(
    ctx: Ctx,
    request: IdempotencyRequest,
    invoice: InvoiceId,
    wanted: OpenPayment,
    paid_by: PaidBy,
) -> Result<Effect<PaymentRow>, Failure> {
    let method = MethodCode::parse(&wanted.method).ok_or(Refusal::MethodNotOffered)?;
    refuse_foreign_return(&ctx, wanted.return_url.as_deref())?;
    let application = application_of(&ctx, &request.tenant, invoice).await?;
    if wanted.beside_open == BesideOpen::Replace {
        let target = (invoice, application);
        payment_replacement::close_open(&ctx, &request, target, &method, (Some(&wanted), paid_by)).await?;
    }
    let (inner, tenant, by) = (ctx.clone(), request.tenant.clone(), method.clone());
    let open = move |tx: &mut Tx<'_>| {
        let begin = |tx: &mut Tx<'_>, now| {
            begin(tx, &inner, (&request.tenant, invoice), &method, (&wanted, paid_by), now)
        };
        let made = once(tx, &request, "payment", begin, |tx, id| {
            let payment = find(tx, &request.tenant, id)?;
            paid_by.case(tx, &inner, (&request.tenant, payment.application_id), Action::ReadMoney)?;
            Ok(Opened { payment, operation: None })
        })?;
        inner.core.drill.reach(CrashPoint::PaymentBeforeIntentCommit);
        Ok::<_, Failure>(made)
    };
    let roots = vec![Root::Application(application)];
    let opened = payment_ceiling::write(&ctx, (&tenant, &by), roots, open).await?;
    let Some(operation) = opened.value.operation else {
        let payment = await_record(&ctx, &tenant, opened.value.payment).await?;
        return Ok(Effect { value: payment, origin: opened.origin });
    };
    let payment = await_call(&ctx, &tenant, operation, opened.value.payment).await?;
    ctx.core.drill.reach_async(CrashPoint::PaymentAfterRecordBeforeRedirect).await;
    Ok(Effect { value: payment, origin: Origin::Fresh })
}

/// Waits for the gateway as the first of several copies does, so that all of them get the same answer.
pub(super) async fn await_record(
    ctx: &Ctx,
    tenant: &TenantCode,
    mut payment: PaymentRow,
) -> Result<PaymentRow, Failure> {
    let mut left = Duration::from_millis(ctx.core.settings.payments.open_wait_ms);
    while payment.state == PaymentState::Submitting.as_str() && !left.is_zero() {
        tokio::time::sleep(RECORD_LOOK.min(left)).await;
        left = left.saturating_sub(RECORD_LOOK);
        let (tenant, id) = (tenant.clone(), payment.id);
        let find = move |tx: &mut ReadTx<'_>| Ok(payments::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?);
        payment = ctx.core.db.read::<_, Failure>(find).await?;
    }
    Ok(payment)
}

/// Makes the call and shows the payment as it stands then.
async fn await_call(
    ctx: &Ctx,
    tenant: &TenantCode,
    operation: OperationId,
    payment: PaymentRow,
) -> Result<PaymentRow, Failure> {
    call_and_wait(ctx, tenant, operation).await;
    let (tenant, id) = (tenant.clone(), payment.id);
    ctx.core.db.read(move |tx| Ok(payments::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?)).await
}

/// Makes a call in a task of its own, so that a caller who leaves does not cut it off, and waits as long as settings say.
pub(super) async fn call_and_wait(ctx: &Ctx, tenant: &TenantCode, operation: OperationId) {
    let (core, id) = (Arc::clone(&ctx.core), tenant.clone());
    let call = tokio::spawn(async move { gateway_call::carry_out(&core, &id, operation, 1).await });
    let wait = Duration::from_millis(ctx.core.settings.payments.open_wait_ms);
    match tokio::time::timeout(wait, call).await {
        Ok(Ok(Err(failure))) => {
            tracing::warn!(operation = %operation, error = %failure, "the call is left to the worker");
        }
        Ok(Err(died)) => {
            tracing::error!(operation = %operation, error = %died, "the call is left to the worker");
        }
        Ok(Ok(Ok(_))) | Err(_) => {}
    }
}

fn begin(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, InvoiceId),
    method: &MethodCode,
    (wanted, paid_by): (&OpenPayment, PaidBy),
    now: Timestamp,
) -> Result<Made<Opened>, Failure> {
    let mut invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = paid_by.case(tx, ctx, (tenant, invoice.application_id), Action::Pay)?;
    let attempts = payments::of_invoice(tx, tenant, id)?;
    refuse_unpayable(tx, &case, &invoice, &attempts)?;
    charge::refuse_out_of_order(tx, &ctx.catalogue, &invoice, &[])?;
    wanted.refuse_other_total(invoice.owed())?;
    let procedure = intake::pinned(ctx, &case.row)?;
    let today = PayableNow::of(tx, ctx, &[&invoice], &[])?;
    let account = paid_by.account(ctx, &procedure.definition, &invoice, method, &today)?;
    let payment_id = PaymentId(tx.new_id());
    let subject = checkout::Subject {
        payment: payment_id,
        amount: invoice.owed(),
        description: checkout::description(&invoice.number, &procedure.definition.title.ja),
        payable_until: payment_method::last_payable_day(ctx, account, &[&invoice], method, &today),
    };
    let checkout = checkout::wanted(tx, ctx, tenant, (account, method), subject, wanted, now)?;
    let operation_id = OperationId(tx.new_id());
    let prepared = account.adapter.prepare_create_checkout(&operation_id.to_string(), &checkout);
    let prepared =
        prepared.map_err(|reason| Failure::Internal(format!("cannot prepare a checkout: {reason}")))?;

    // From here on everything changes rows; every refusal stands above.
    let payable = match payments::payable_of_invoice(tx, tenant, id)? {
        Some(payable) => payable,
        None => payments::insert_payable(tx, tenant, case.row.id, &[id], invoice.owed())?,
    };
    let row = new_payment(&invoice, payable, payment_id, account, &checkout, wanted);
    payments::insert(tx, &row)?;
    insert_operation(tx, &ctx.core, &case.key, &row, &prepared, (operation_id, own_lease(ctx, now)))?;
    let facts = json!({ "payment": row.id.to_string(), "invoice": id.to_string(), "method": row.method,
        "gateway": row.gateway, "amount": row.amount.amount() });
    paid_by.note(tx, &row)?;
    let actor = paid_by.event_actor(&case);
    events::append(
        tx,
        &mut case.row,
        NewEvent { kind: "payment_opened", actor, facts, sealed_detail: None },
    )?;
    payment_standing::settle_invoice(tx, &ctx.core, &mut case.row, &mut invoice)?;
    case.save(tx)?;
    Ok(Made {
        resource_id: row.id.to_string(),
        value: Opened { payment: row, operation: Some(operation_id) },
    })
}

/// Refuses what nobody owes, and what is being paid already.
pub(super) fn refuse_unpayable(
    tx: &mut impl Reads,
    case: &OpenCase,
    invoice: &InvoiceRow,
    attempts: &[PaymentRow],
) -> Result<(), Failure> {
    for attempt in attempts {
        if attempt.payment()?.state.is_live() {
            return Err(Refusal::PaymentInProgress.into());
        }
    }
    refuse_not_owed(tx, case, invoice)
}

/// Refuses what nobody owes (any more).
pub(super) fn refuse_not_owed(
    tx: &mut impl Reads,
    case: &OpenCase,
    invoice: &InvoiceRow,
) -> Result<(), Failure> {
    refuse_ended(tx, case, invoice)?;
    if invoice.is_open()? { Ok(()) } else { Err(Refusal::InvoiceNotPayable.into()) }
}

/// Whether anybody owes it (still).
pub(super) fn is_owed(tx: &mut impl Reads, case: &OpenCase, invoice: &InvoiceRow) -> Result<bool, Failure> {
    match refuse_not_owed(tx, case, invoice) {
        Ok(()) => Ok(true),
        Err(Failure::Refused(_)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Refuses to take money for a case that ended without an answer, but for what outlives it.
pub(super) fn refuse_ended(
    tx: &mut impl Reads,
    case: &OpenCase,
    invoice: &InvoiceRow,
) -> Result<(), Failure> {
    let is_owed = outlives(tx, case.state.name(), invoice)?;
    if is_owed { Ok(()) } else { Err(Refusal::InvoiceNotPayable.into()) }
}

/// Whether what is open of an invoice is owed where its case is in this state. A case that was answered ends with nothing owed; what is
/// claimed after it, because a waiver was revoked, is paid like anything else. So it is of one that was withdrawn: what was examined
/// until then was paid but for what a false statement had taken off. What was assessed beside a claim ends with that claim and
/// not with the case: where the claim was paid, it stays owed and payable. What had been paid and was pulled back is owed
/// again, whatever became of the case.
pub(super) fn outlives(tx: &mut impl Reads, state: StateName, invoice: &InvoiceRow) -> Result<bool, Failure> {
    Ok(match state {
        StateName::Transferred => invoice.principal_id.is_some() || pulled_back::is_owed_again(tx, invoice)?,
        StateName::Withdrawn => {
            invoice.principal_id.is_some()
                || waiver_claim::is_one(tx, invoice)?
                || pulled_back::is_owed_again(tx, invoice)?
        }
        _ => true,
    })
}

/// The payment of an invoice by a checkout.
pub(super) fn new_payment(
    invoice: &InvoiceRow,
    payable_id: PayableId,
    id: PaymentId,
    account: &MerchantAccount,
    checkout: &CreateCheckout,
    wanted: &OpenPayment,
) -> PaymentRow {
    let now = checkout.requested_at;
    PaymentRow {
        tenant_id: invoice.tenant_id.clone(),
        id,
        application_id: invoice.application_id,
        payable_id,
        invoice_id: invoice.id,
        gateway: account.name.clone(),
        legal_role: account.legal_role.as_str().to_owned(),
        method: checkout.method.as_str().to_owned(),
        amount: invoice.owed(),
        state: PaymentState::Submitting.as_str().to_owned(),
        merchant_reference: merchant_reference(&invoice.tenant_id, id),
        gateway_session_id: None,
        gateway_payment_id: None,
        redirect_url: None,
        return_url: wanted.return_url.clone(),
        raw_status: String::new(),
        authorized: Yen::ZERO,
        captured: Yen::ZERO,
        refunded: Yen::ZERO,
        charged_back: Yen::ZERO,
        captured_on: None,
        expires_at: None,
        poll_count: 0,
        version: 1,
        created_at: Micros(now),
        updated_at: Micros(now),
        share_of: None,
        charged_beside: None,
    }
}

/// Stores the intent with a lease, and the job that looks after it when the lease runs out.
pub(super) fn insert_operation(
    tx: &mut Tx<'_>,
    core: &Core,
    key: &DataKey,
    payment: &PaymentRow,
    prepared: &PreparedRequest,
    (id, leased_until): (OperationId, Timestamp),
) -> Result<(), Failure> {
    let now = tx.now();
    let place = gateway_operations::request_place(id);
    let row = OperationRow {
        tenant_id: payment.tenant_id.clone(),
        id,
        application_id: payment.application_id,
        payment_id: payment.id,
        gateway: payment.gateway.clone(),
        kind: prepared.kind().as_str().to_owned(),
        idempotency_key: prepared.idempotency_key().to_owned(),
        sealed_request: key.seal(&place, prepared.bytes(), core.ids.as_ref()),
        request_sha256: prepared.sha256().to_owned(),
        state: "intent".to_owned(),
        attempt_no: 0,
        lease_no: 1,
        leased_until: Micros(leased_until),
        key_born_at: Micros(now),
        created_at: Micros(now),
        updated_at: Micros(now),
    };
    gateway_operations::insert(tx, &row)?;
    jobs::enqueue(tx, payment.tenant_id.as_str(), RECOVER_OPERATION, &id.to_string(), leased_until)?;
    Ok(())
}

/// The lease of a call that this process makes at once.
pub(super) fn own_lease(ctx: &Ctx, now: Timestamp) -> Timestamp {
    let lease = SignedDuration::from_millis(ctx.core.settings.payments.lease_ms);
    now.checked_add(lease).unwrap_or(now)
}

/// Gives an open payment up: the checkout is closed at the gateway, so that nobody can pay in it any more.
pub async fn cancel(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: PaymentId,
) -> Result<Effect<PaymentRow>, Failure> {
    let tenant = request.tenant.clone();
    let application = {
        let tenant = tenant.clone();
        ctx.core.db.read(move |tx| Ok::<_, Failure>(payments::find(tx, &tenant, id)?)).await?
    };
    let application = application.ok_or(Refusal::NotFound)?.application_id;
    let (db, inner) = (ctx.core.db.clone(), ctx.clone());
    let opened = db
        .write(Root::Application(application), move |tx| {
            let begin = |tx: &mut Tx<'_>, now| begin_cancel(tx, &inner, &request.tenant, id, now);
            once(tx, &request, "payment_cancellation", begin, |tx, _| {
                let payment = payments::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
                cases::open(tx, &inner, &request.tenant, payment.application_id, Action::ReadMoney)?;
                Ok(Opened { payment, operation: None })
            })
        })
        .await?;
    let Some(operation) = opened.value.operation else { return Ok(opened.map(|opened| opened.payment)) };
    let payment = await_call(&ctx, &tenant, operation, opened.value.payment).await?;
    Ok(Effect { value: payment, origin: Origin::Fresh })
}

fn begin_cancel(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: PaymentId,
    now: Timestamp,
) -> Result<Made<Opened>, Failure> {
    let payment = payments::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, payment.application_id, Action::Pay)?;
    let operation_id = OperationId(tx.new_id());
    let prepared = payment_closing::prepare(&ctx.core, &payment, operation_id)?;
    let lease = (operation_id, own_lease(ctx, now));
    insert_operation(tx, &ctx.core, &case.key, &payment, &prepared, lease)?;
    case.record(tx, "payment_cancel_requested", json!({ "payment": id.to_string() }), None)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: Opened { payment, operation: Some(operation_id) } })
}

/// A payment with what is said against it, and what was paid with it.
#[derive(Clone, Debug)]
pub struct PaymentDetail {
    /// The payment.
    pub row: PaymentRow,
    /// Its disputes, oldest first.
    pub disputes: Vec<DisputeRow>,
    /// The payments of the other invoices that were paid in the same act.
    pub beside: Vec<PaymentRow>,
    /// What the payer needs to pay cash or by Pay-easy.
    pub slip: Option<Slip>,
}

/// A payment as it is now.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: PaymentId) -> Result<PaymentDetail, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let row = payments::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        cases::open(tx, &ctx, &tenant, row.application_id, Action::ReadMoney)?;
        let disputes = disputes::of_payment(tx, &tenant, id)?;
        let slip = payment_slips::of_payment(tx, &tenant, id)?;
        Ok(PaymentDetail { disputes, beside: joint_payment::beside(tx, &ctx, &row)?, slip, row })
    })
    .await
}

fn find(tx: &mut impl Reads, tenant: &TenantCode, id: &str) -> Result<PaymentRow, Failure> {
    let id =
        id.parse().map_err(|_| Failure::Internal("an idempotency record names no payment".to_owned()))?;
    Ok(payments::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?)
}

/// The case of an invoice, which is the root to lock; the policy is asked again inside the transaction.
pub(super) async fn application_of(
    ctx: &Ctx,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<crate::domain::id::ApplicationId, Failure> {
    let tenant = tenant.clone();
    let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(invoices::find(tx, &tenant, id)?)).await?;
    Ok(found.ok_or(Refusal::NotFound)?.application_id)
}

/// A payer is sent back only to places that are registered: an open redirect would lend our name to anybody.
pub(super) fn refuse_foreign_return(ctx: &Ctx, return_url: Option<&str>) -> Result<(), Refusal> {
    let Some(url) = return_url else { return Ok(()) };
    let http = &ctx.core.settings.http;
    let mut origins = http.return_origins.iter().chain(std::iter::once(&http.public_url));
    let inside = |origin: &String| {
        url.strip_prefix(origin.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    };
    let printable = url.len() <= 1000 && url.bytes().all(|byte| byte.is_ascii_graphic());
    if printable && origins.any(inside) {
        return Ok(());
    }
    let ja = "戻り先のURLが登録されていません。";
    let en = "The return URL is not under a registered origin.";
    Err(Refusal::Invalid(vec![Fault::new("/return_url", "foreign_origin", ja, en)]))
}
