//! The three sources of a reconciliation, as far as a scope of days reaches.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::dsl::max;
use diesel::prelude::*;
use jiff::Timestamp;
use jiff::civil::Date;

use super::schema::refunds::refunds;
use super::schema::settlements::{settlement_lines, settlements};
use super::schema::{invoices, payments};
use super::settlements::{LineRow, SettlementRow};
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError};
use crate::domain::calendar::jst_day;
use crate::domain::id::{InvoiceId, PaymentId, SettlementId, TenantCode};
use crate::domain::invoice::InvoiceLine;
use crate::domain::money::Yen;
use crate::domain::payment::LegalRole;
use crate::domain::reconciliation::OurPayment;

/// Names looked up in one go.
const AT_ONCE: usize = 500;

type Named =
    (PaymentId, InvoiceId, String, String, String, Option<String>, Option<PaymentId>, Option<PaymentId>);
type Counted = (Yen, Yen, Yen, Option<IsoDate>);

/// A payment as reconciliation sees it, with what decides by when its money must be here.
#[derive(Clone, Debug)]
pub struct TakenPayment {
    /// The payment; its days of refund and remittance are not filled in yet.
    pub ours: OurPayment,
    /// The method.
    pub method: String,
    /// The invoices it pays.
    pub invoices: Vec<InvoiceId>,
    /// The payments of these invoices: itself, or the shares that it leads.
    pub shares: Vec<PaymentId>,
}

impl TakenPayment {
    /// Takes another share of the same act in.
    fn join(&mut self, share: Self) {
        self.ours.captured += share.ours.captured;
        self.ours.refunded += share.ours.refunded;
        self.ours.charged_back += share.ours.charged_back;
        self.ours.captured_on = self.ours.captured_on.or(share.ours.captured_on);
        self.invoices.extend(share.invoices);
        self.shares.extend(share.shares);
    }
}

fn payment((named, counted): (Named, Counted)) -> TakenPayment {
    let (id, invoice, gateway, method, merchant_reference, gateway_payment_id, _, charged_beside) = named;
    let (captured, refunded, charged_back, day) = counted;
    let ours = OurPayment {
        id,
        gateway,
        merchant_reference,
        gateway_payment_id,
        charged_beside,
        captured: captured.amount(),
        refunded: refunded.amount(),
        charged_back: charged_back.amount(),
        captured_on: day.map(|day| day.0),
        refunded_on: None,
        due_on: None,
    };
    TakenPayment { ours, method, invoices: vec![invoice], shares: vec![id] }
}

/// What is selected of a payment.
macro_rules! columns {
    () => {
        (
            (
                payments::id,
                payments::invoice_id,
                payments::gateway,
                payments::method,
                payments::merchant_reference,
                payments::gateway_payment_id,
                payments::share_of,
                payments::charged_beside,
            ),
            (payments::captured, payments::refunded, payments::charged_back, payments::captured_on),
        )
    };
}

/// The payments as agents know them: shares of one act are one payment, by the name of the first.
fn as_agents_know_them(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    rows: Vec<(Named, Counted)>,
) -> Result<Vec<TakenPayment>, StoreError> {
    let leads: BTreeSet<PaymentId> = rows.iter().filter_map(|(named, _)| named.6).collect();
    let alone = rows.into_iter().filter(|(named, _)| named.6.is_none());
    let mut found: Vec<TakenPayment> = alone.map(payment).collect();
    let leads: Vec<Option<PaymentId>> = leads.into_iter().map(Some).collect();
    let mut acts: BTreeMap<PaymentId, TakenPayment> = BTreeMap::new();
    for some in leads.chunks(AT_ONCE) {
        let mut shares: Vec<(Named, Counted)> = payments::table
            .filter(payments::tenant_id.eq(tenant))
            .filter(payments::share_of.eq_any(some))
            .order(payments::id)
            .select(columns!())
            .load(tx.read())?;
        shares.sort_by_key(|(named, _)| named.6 != Some(named.0));
        for (named, counted) in shares {
            let Some(lead) = named.6 else { continue };
            let share = payment((named, counted));
            match acts.get_mut(&lead) {
                Some(act) => act.join(share),
                None => drop(acts.insert(lead, share)),
            }
        }
    }
    found.extend(acts.into_values());
    Ok(found)
}

/// Payments that agents took from a day up to a day (inclusive).
pub fn payments_taken(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    from: Date,
    until: Date,
) -> Result<Vec<TakenPayment>, StoreError> {
    let rows: Vec<(Named, Counted)> = payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::captured_on.ge(IsoDate(from)))
        .filter(payments::captured_on.le(IsoDate(until)))
        .filter(payments::legal_role.ne(LegalRole::Direct.as_str()))
        .select(columns!())
        .load(tx.read())?;
    as_agents_know_them(tx, tenant, rows)
}

/// The payments of these references and ids of gateways, wherever they were taken.
pub fn payments_named(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    references: &[String],
    gateway_ids: &[String],
) -> Result<Vec<TakenPayment>, StoreError> {
    let mut found: HashMap<PaymentId, TakenPayment> = HashMap::new();
    for some in references.chunks(AT_ONCE) {
        let rows: Vec<(Named, Counted)> = payments::table
            .filter(payments::tenant_id.eq(tenant))
            .filter(payments::merchant_reference.eq_any(some))
            .select(columns!())
            .load(tx.read())?;
        let known = as_agents_know_them(tx, tenant, rows)?;
        found.extend(known.into_iter().map(|row| (row.ours.id, row)));
    }
    for some in gateway_ids.chunks(AT_ONCE) {
        let rows: Vec<(Named, Counted)> = payments::table
            .filter(payments::tenant_id.eq(tenant))
            .filter(payments::gateway_payment_id.eq_any(some))
            .select(columns!())
            .load(tx.read())?;
        let known = as_agents_know_them(tx, tenant, rows)?;
        found.extend(known.into_iter().map(|row| (row.ours.id, row)));
    }
    Ok(found.into_values().collect())
}

/// The revenue accounts of some invoices (歳入科目).
pub fn revenues(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[InvoiceId],
) -> Result<HashMap<InvoiceId, Vec<String>>, StoreError> {
    let mut found = HashMap::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        let rows: Vec<(InvoiceId, Json<Vec<InvoiceLine>>)> = invoices::table
            .filter(invoices::tenant_id.eq(tenant))
            .filter(invoices::id.eq_any(some))
            .select((invoices::id, invoices::lines))
            .load(tx.read())?;
        let accounts = |lines: Vec<InvoiceLine>| lines.into_iter().map(|line| line.revenue_account).collect();
        found.extend(rows.into_iter().map(|(id, lines)| (id, accounts(lines.0))));
    }
    Ok(found)
}

/// The JST day on which the last refund of each payment left, of those that left since `since`.
pub fn refund_days(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    since: Timestamp,
) -> Result<HashMap<PaymentId, Date>, StoreError> {
    let rows: Vec<(PaymentId, Option<Micros>)> = refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::route.eq("gateway"))
        .filter(refunds::state.eq("succeeded"))
        .filter(refunds::updated_at.ge(Micros(since)))
        .group_by(refunds::payment_id)
        .select((refunds::payment_id, max(refunds::updated_at)))
        .load(tx.read())?;
    Ok(rows.into_iter().filter_map(|(id, at)| Some((id, jst_day(at?.0)))).collect())
}

/// Payouts that were reported since an instant.
pub fn payouts_reported(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    since: Timestamp,
) -> Result<Vec<SettlementRow>, StoreError> {
    Ok(settlements::table
        .filter(settlements::tenant_id.eq(tenant))
        .filter(settlements::created_at.ge(Micros(since)))
        .order(settlements::id)
        .select(SettlementRow::as_select())
        .load(tx.read())?)
}

/// All lines of some payouts.
pub fn lines_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payouts: &[SettlementId],
) -> Result<Vec<LineRow>, StoreError> {
    let mut lines = Vec::new();
    for some in payouts.chunks(AT_ONCE) {
        let rows: Vec<LineRow> = settlement_lines::table
            .filter(settlement_lines::tenant_id.eq(tenant))
            .filter(settlement_lines::settlement_id.eq_any(some))
            .select(LineRow::as_select())
            .load(tx.read())?;
        lines.extend(rows);
    }
    Ok(lines)
}
