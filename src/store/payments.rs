//! Payments (支払) and what they pay (納付単位).

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::Timestamp;

use super::schema::{payable_invoices, payables, payments};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, InvoiceId, PayableId, PaymentId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::{
    LegalRole, MethodCode, Payment, PaymentCounters, PaymentState, merchant_reference,
};

/// A payment as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = payments, treat_none_as_default_value = false)]
pub struct PaymentRow {
    /// The body paid.
    pub tenant_id: TenantCode,
    /// The payment.
    pub id: PaymentId,
    /// The case.
    pub application_id: ApplicationId,
    /// What is paid in one act.
    pub payable_id: PayableId,
    /// The invoice of the (one-invoice) payable.
    pub invoice_id: InvoiceId,
    /// Name of the merchant account.
    pub gateway: String,
    /// What a capture means in law.
    pub legal_role: String,
    /// The method's code.
    pub method: String,
    /// What the payer is asked for.
    pub amount: Yen,
    /// Name of the state.
    pub state: String,
    /// Our reference at the gateway.
    pub merchant_reference: String,
    /// The gateway's id of the checkout.
    pub gateway_session_id: Option<String>,
    /// The gateway's id of the payment.
    pub gateway_payment_id: Option<String>,
    /// Where the payer goes.
    pub redirect_url: Option<String>,
    /// Where the payer comes back to.
    pub return_url: Option<String>,
    /// The gateway's own word for its state.
    pub raw_status: String,
    /// Held.
    pub authorized: Yen,
    /// Taken.
    pub captured: Yen,
    /// Sent back.
    pub refunded: Yen,
    /// Pulled back.
    pub charged_back: Yen,
    /// JST day of the capture.
    pub captured_on: Option<IsoDate>,
    /// When the checkout lapses.
    pub expires_at: Option<Micros>,
    /// How often the gateway was asked in the present state.
    pub poll_count: i64,
    /// Rises with every change.
    pub version: i64,
    /// When it was opened.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
    /// The first share, where several invoices are paid in one act; the first names itself.
    pub share_of: Option<PaymentId>,
    /// The payment in whose checkout the gateway took this money as well; none of what was asked for.
    pub charged_beside: Option<PaymentId>,
}

impl PaymentRow {
    /// The payment as the rules see it.
    pub fn payment(&self) -> Result<Payment, StoreError> {
        Ok(Payment {
            id: self.id,
            merchant_reference: self.gateway_reference(),
            method: MethodCode::parse(&self.method).ok_or_else(|| self.broken("method"))?,
            legal_role: LegalRole::parse(&self.legal_role).ok_or_else(|| self.broken("legal_role"))?,
            amount: self.amount,
            state: PaymentState::parse(&self.state).ok_or_else(|| self.broken("state"))?,
            counters: PaymentCounters {
                authorized: self.authorized,
                captured: self.captured,
                refunded: self.refunded,
                charged_back: self.charged_back,
            },
            raw_status: self.raw_status.clone(),
            gateway_session_id: self.gateway_session_id.clone(),
            gateway_payment_id: self.gateway_payment_id.clone(),
            redirect_url: self.redirect_url.clone(),
            expires_at: self.expires_at.map(|at| at.0),
        })
    }

    /// The reference by which the gateway knows the payment: of a share, that of the first; of a second charge, that of the checkout.
    pub fn gateway_reference(&self) -> String {
        match self.charged_beside.or(self.share_of) {
            Some(lead) if lead != self.id => merchant_reference(&self.tenant_id, lead),
            _ => self.merchant_reference.clone(),
        }
    }

    /// Takes the payment's new standing over into the row.
    pub fn take_over(&mut self, payment: &Payment) {
        if self.state != payment.state.as_str() {
            self.poll_count = 0;
        }
        payment.state.as_str().clone_into(&mut self.state);
        self.authorized = payment.counters.authorized;
        self.captured = payment.counters.captured;
        self.refunded = payment.counters.refunded;
        self.charged_back = payment.counters.charged_back;
        self.raw_status.clone_from(&payment.raw_status);
        self.gateway_session_id.clone_from(&payment.gateway_session_id);
        self.gateway_payment_id.clone_from(&payment.gateway_payment_id);
        self.redirect_url.clone_from(&payment.redirect_url);
        self.expires_at = payment.expires_at.map(Micros);
    }

    fn broken(&self, column: &str) -> StoreError {
        StoreError::Inconsistent(format!("payments.{column} of {}", self.id))
    }
}

/// Stores a payment as the next attempt of its invoice. Attempts are counted, because two of them can bear the same instant; the caller
/// holds the root of the case, and a constraint refuses what races all the same.
pub fn insert(tx: &mut Tx<'_>, row: &PaymentRow) -> Result<(), StoreError> {
    let before: Option<i64> = payments::table
        .filter(payments::tenant_id.eq(&row.tenant_id))
        .filter(payments::invoice_id.eq(row.invoice_id))
        .select(diesel::dsl::max(payments::attempt_no))
        .first(tx.read())?;
    let attempt_no = before.unwrap_or(0).saturating_add(1);
    diesel::insert_into(payments::table)
        .values((row, payments::attempt_no.eq(attempt_no)))
        .execute(tx.change())?;
    Ok(())
}

/// One payment.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PaymentId,
) -> Result<Option<PaymentRow>, StoreError> {
    Ok(payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::id.eq(id))
        .select(PaymentRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The payment of a reference we gave to a gateway.
pub fn find_by_reference(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    reference: &str,
) -> Result<Option<PaymentRow>, StoreError> {
    Ok(payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::merchant_reference.eq(reference))
        .select(PaymentRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The payment of a gateway's own id, of shares the first; none where the gateway gave the id to more than one.
pub fn find_by_gateway_id(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    gateway_payment_id: &str,
) -> Result<Option<PaymentRow>, StoreError> {
    let mut found: Vec<PaymentRow> = payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::gateway.eq(gateway))
        .filter(payments::gateway_payment_id.eq(gateway_payment_id))
        .filter(payments::share_of.is_null().or(payments::share_of.eq(payments::id.nullable())))
        .limit(2)
        .select(PaymentRow::as_select())
        .load(tx.read())?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// What was charged beside a payment, oldest first.
pub fn charged_beside(tx: &mut impl Reads, row: &PaymentRow) -> Result<Vec<PaymentRow>, StoreError> {
    Ok(payments::table
        .filter(payments::tenant_id.eq(&row.tenant_id))
        .filter(payments::charged_beside.eq(row.id))
        .order((payments::created_at, payments::id))
        .select(PaymentRow::as_select())
        .load(tx.read())?)
}

/// The payments of some references that we gave to gateways.
pub fn of_references(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    references: &[&str],
) -> Result<Vec<PaymentRow>, StoreError> {
    Ok(payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::merchant_reference.eq_any(references))
        .select(PaymentRow::as_select())
        .load(tx.read())?)
}

/// The payments of some ids that a gateway gave, of shares the first; it may have given one to several.
pub fn of_gateway_ids(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    gateway_payment_ids: &[&str],
) -> Result<Vec<PaymentRow>, StoreError> {
    Ok(payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::gateway.eq(gateway))
        .filter(payments::gateway_payment_id.eq_any(gateway_payment_ids))
        .filter(payments::share_of.is_null().or(payments::share_of.eq(payments::id.nullable())))
        .select(PaymentRow::as_select())
        .load(tx.read())?)
}

/// Some payments, in no order.
pub fn of_ids(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[PaymentId],
) -> Result<Vec<PaymentRow>, StoreError> {
    Ok(payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::id.eq_any(ids))
        .select(PaymentRow::as_select())
        .load(tx.read())?)
}

/// As the partial index of live attempts says it, so that it is used.
const IS_LIVE: &str = "payments.state IN ('submitting', 'requires_action', 'awaiting_payment', 'processing', \
     'authorized', 'unknown')";

/// Attempts in one of these states that were opened by an instant, in the order of their invoices, of which each has one; after one of
/// these. Live states only.
pub fn live_since(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (states, opened_by): (&[PaymentState], Timestamp),
    after: Option<InvoiceId>,
    limit: i64,
) -> Result<Vec<PaymentRow>, StoreError> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let mut query = payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(sql::<Bool>(IS_LIVE))
        .filter(payments::state.eq_any(states))
        .filter(payments::created_at.le(Micros(opened_by)))
        .order(payments::invoice_id)
        .limit(limit)
        .select(PaymentRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(payments::invoice_id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// All attempts to pay these invoices, oldest first, in one statement.
pub fn of_invoices(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[InvoiceId],
) -> Result<Vec<PaymentRow>, StoreError> {
    Ok(payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::invoice_id.eq_any(ids))
        .order(payments::attempt_no)
        .select(PaymentRow::as_select())
        .load(tx.read())?)
}

/// All attempts to pay an invoice, oldest first.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<PaymentRow>, StoreError> {
    Ok(payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::invoice_id.eq(id))
        .order(payments::attempt_no)
        .select(PaymentRow::as_select())
        .load(tx.read())?)
}

/// All shares of the act that a payment belongs to, the first in front; of any other payment the row alone.
pub fn shares(tx: &mut impl Reads, row: &PaymentRow) -> Result<Vec<PaymentRow>, StoreError> {
    let Some(lead) = row.share_of else { return Ok(vec![row.clone()]) };
    let mut found: Vec<PaymentRow> = payments::table
        .filter(payments::tenant_id.eq(&row.tenant_id))
        .filter(payments::share_of.eq(lead))
        .order(payments::id)
        .select(PaymentRow::as_select())
        .load(tx.read())?;
    found.sort_by_key(|share| share.id != lead);
    Ok(found)
}

/// The shares that some payments lead, each by its first.
pub fn of_leads(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    leads: &[PaymentId],
) -> Result<Vec<PaymentRow>, StoreError> {
    let leads = leads.iter().map(|lead| Some(*lead));
    let mut found: Vec<PaymentRow> = payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::share_of.eq_any(leads.collect::<Vec<_>>()))
        .order(payments::id)
        .select(PaymentRow::as_select())
        .load(tx.read())?;
    found.sort_by_key(|share| share.share_of != Some(share.id));
    Ok(found)
}

/// Stores the changed standing of a payment under the next version.
pub fn update(tx: &mut Tx<'_>, row: &mut PaymentRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    row.updated_at = Micros(tx.now());
    let target = payments::table
        .filter(payments::tenant_id.eq(&row.tenant_id))
        .filter(payments::id.eq(row.id))
        .filter(payments::version.eq(before));
    let affected = diesel::update(target)
        .set((
            (
                payments::state.eq(&row.state),
                payments::gateway_session_id.eq(&row.gateway_session_id),
                payments::gateway_payment_id.eq(&row.gateway_payment_id),
                payments::redirect_url.eq(&row.redirect_url),
                payments::raw_status.eq(&row.raw_status),
                payments::authorized.eq(row.authorized),
                payments::captured.eq(row.captured),
                payments::refunded.eq(row.refunded),
            ),
            (
                payments::charged_back.eq(row.charged_back),
                payments::captured_on.eq(row.captured_on),
                payments::expires_at.eq(row.expires_at),
                payments::poll_count.eq(row.poll_count),
                payments::version.eq(row.version),
                payments::updated_at.eq(row.updated_at),
            ),
        ))
        .execute(tx.change())?;
    if affected == 1 { Ok(()) } else { Err(row.broken("version")) }
}

/// The payable of an invoice alone, if a payment was ever opened for it.
pub fn payable_of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    invoice: InvoiceId,
) -> Result<Option<PayableId>, StoreError> {
    let all: Vec<PayableId> = payable_invoices::table
        .filter(payable_invoices::tenant_id.eq(tenant))
        .filter(payable_invoices::invoice_id.eq(invoice))
        .order(payable_invoices::payable_id)
        .select(payable_invoices::payable_id)
        .load(tx.read())?;
    for payable in all {
        let invoices: i64 = payable_invoices::table
            .filter(payable_invoices::tenant_id.eq(tenant))
            .filter(payable_invoices::payable_id.eq(payable))
            .count()
            .get_result(tx.read())?;
        if invoices == 1 {
            return Ok(Some(payable));
        }
    }
    Ok(None)
}

/// Makes the payable of some invoices; `application` is the case of the first.
pub fn insert_payable(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    application: ApplicationId,
    invoices: &[InvoiceId],
    total: Yen,
) -> Result<PayableId, StoreError> {
    let (id, now) = (PayableId(tx.new_id()), Micros(tx.now()));
    diesel::insert_into(payables::table)
        .values((
            payables::tenant_id.eq(tenant),
            payables::id.eq(id),
            payables::application_id.eq(application),
            payables::total.eq(total),
            payables::created_at.eq(now),
        ))
        .execute(tx.change())?;
    for invoice in invoices {
        diesel::insert_into(payable_invoices::table)
            .values((
                payable_invoices::tenant_id.eq(tenant),
                payable_invoices::payable_id.eq(id),
                payable_invoices::invoice_id.eq(*invoice),
            ))
            .execute(tx.change())?;
    }
    Ok(id)
}
