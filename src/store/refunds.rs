//! Refunds (還付) and the headroom they take up.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::backend::on_either;
use super::schema::refunds::{refund_headroom, refunds};
use super::sql::{Json, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{
    ApplicationId, InvoiceId, OfficerId, OperationId, PaymentId, PayoutId, RefundId, TenantCode,
};
use crate::domain::money::Yen;
use crate::domain::refund::{
    Headroom, InterestState, PlannedPart, Refund, RefundGround, RefundPart, RefundRoute, RefundState,
};

/// How much of a part goes back, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredPart {
    /// Name of the part.
    pub part: String,
    /// How much.
    pub amount: Yen,
}

/// A refund as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = refunds, treat_none_as_default_value = false)]
pub struct RefundRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The refund.
    pub id: RefundId,
    /// The case.
    pub application_id: ApplicationId,
    /// The invoice that was paid.
    pub invoice_id: InvoiceId,
    /// The payment that goes back.
    pub payment_id: PaymentId,
    /// Name of the ground.
    pub ground: String,
    /// Name of the route.
    pub route: String,
    /// Name of the reason why it takes that route; none of a refund from before reasons were kept.
    pub route_reason: Option<String>,
    /// Name of the state.
    pub state: String,
    /// How much.
    pub amount: Yen,
    /// Which parts of the payment.
    pub parts: Json<Vec<StoredPart>>,
    /// Who asked.
    pub requested_by: OfficerId,
    /// Who decided.
    pub decided_by: Option<OfficerId>,
    /// When.
    pub decided_at: Option<Micros>,
    /// The call to the gateway.
    pub operation_id: Option<OperationId>,
    /// The gateway's id of the refund.
    pub gateway_refund_id: Option<String>,
    /// Why the gateway did not do it.
    pub failure_code: Option<String>,
    /// The payee's bank account, sealed with the case's key.
    pub sealed_payee: Option<Vec<u8>>,
    /// The transfer file it is in.
    pub payout_id: Option<PayoutId>,
    /// How often the gateway was asked.
    pub poll_count: i64,
    /// Rises with every change.
    pub version: i64,
    /// When it was asked for.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
    /// 還付加算金, fixed at the approval; nothing before it.
    pub interest: Option<Yen>,
    /// Where the interest stands, where there is any to pay.
    pub interest_state: Option<String>,
    /// The transfer file that the interest is in.
    pub interest_payout_id: Option<PayoutId>,
}

impl RefundRow {
    /// The refund as its state machine sees it.
    pub fn refund(&self) -> Result<Refund, StoreError> {
        Ok(Refund {
            state: RefundState::parse(&self.state).ok_or_else(|| self.broken("state"))?,
            route: RefundRoute::parse(&self.route).ok_or_else(|| self.broken("route"))?,
            requested_by: self.requested_by,
        })
    }

    /// The interest that is to be paid beside it, with where that stands; none where there is none.
    pub fn interest_to_pay(&self) -> Result<Option<(Yen, InterestState)>, StoreError> {
        let Some(state) = &self.interest_state else { return Ok(None) };
        let state = InterestState::parse(state).ok_or_else(|| self.broken("interest_state"))?;
        Ok(self.interest.map(|interest| (interest, state)))
    }

    /// Its ground.
    pub fn refund_ground(&self) -> Result<RefundGround, StoreError> {
        RefundGround::parse(&self.ground).ok_or_else(|| self.broken("ground"))
    }

    /// The parts it is taken from.
    pub fn planned(&self) -> Result<Vec<PlannedPart>, StoreError> {
        let part = |stored: &StoredPart| {
            let part = RefundPart::parse(&stored.part).ok_or_else(|| self.broken("parts"))?;
            Ok(PlannedPart { part, amount: stored.amount })
        };
        self.parts.0.iter().map(part).collect()
    }

    /// Our reference at the gateway.
    pub fn reference(&self) -> String {
        format!("refund-{}", self.id)
    }

    fn broken(&self, column: &str) -> StoreError {
        StoreError::Inconsistent(format!("refunds.{column} of {}", self.id))
    }
}

/// The place that a payee's account is bound to.
pub fn payee_place(id: RefundId) -> String {
    format!("refunds.sealed_payee:{id}")
}

/// Stores a new refund.
pub fn insert(tx: &mut Tx<'_>, row: &RefundRow) -> Result<(), StoreError> {
    on_either!(tx.change(), |conn| diesel::insert_into(refunds::table).values(row).execute(conn))?;
    Ok(())
}

/// One refund.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: RefundId) -> Result<Option<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::id.eq(id))
        .select(RefundRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The refund that a call to a gateway is about.
pub fn of_operation(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: OperationId,
) -> Result<Option<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::operation_id.eq(id))
        .select(RefundRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The refunds of an invoice, oldest first.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::invoice_id.eq(id))
        .order((refunds::created_at, refunds::id))
        .select(RefundRow::as_select())
        .load(tx.read())?)
}

/// The refunds of these invoices, oldest first, in one statement.
pub fn of_invoices(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[InvoiceId],
) -> Result<Vec<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::invoice_id.eq_any(ids))
        .order((refunds::created_at, refunds::id))
        .select(RefundRow::as_select())
        .load(tx.read())?)
}

/// The refunds of a payment, oldest first.
pub fn of_payment(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PaymentId,
) -> Result<Vec<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::payment_id.eq(id))
        .order((refunds::created_at, refunds::id))
        .select(RefundRow::as_select())
        .load(tx.read())?)
}

/// The refunds in a state, oldest first: what waits for a transfer file, for instance.
pub fn in_state(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    state: RefundState,
    limit: i64,
) -> Result<Vec<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::state.eq(state.as_str()))
        .order(refunds::id)
        .limit(limit)
        .select(RefundRow::as_select())
        .load(tx.read())?)
}

/// The refunds that wait for a transfer file and whose payee has named an account, oldest first.
pub fn payable_by_transfer(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    limit: i64,
) -> Result<Vec<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::state.eq(RefundState::PayoutDue.as_str()))
        .filter(refunds::sealed_payee.is_not_null())
        .order(refunds::id)
        .limit(limit)
        .select(RefundRow::as_select())
        .load(tx.read())?)
}

/// The next refunds after `after` that wait for a transfer file, oldest first.
pub fn payout_due_after(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<RefundId>,
    limit: i64,
) -> Result<Vec<RefundRow>, StoreError> {
    let mut query = refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::state.eq(RefundState::PayoutDue.as_str()))
        .order(refunds::id)
        .limit(limit)
        .select(RefundRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(refunds::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// The refunds of a transfer file, oldest first.
pub fn of_payout(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PayoutId,
) -> Result<Vec<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::payout_id.eq(id))
        .order(refunds::id)
        .select(RefundRow::as_select())
        .load(tx.read())?)
}

/// The refunds whose interest waits for a transfer file of its own although they go another way, oldest first.
pub fn interest_due(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    limit: i64,
) -> Result<Vec<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::interest_state.eq(InterestState::Due.as_str()))
        .filter(refunds::route.ne(RefundRoute::BankTransfer.as_str()))
        .order(refunds::id)
        .limit(limit)
        .select(RefundRow::as_select())
        .load(tx.read())?)
}

/// Those of [`interest_due`] whose payee has named an account, oldest first.
pub fn interest_payable(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    limit: i64,
) -> Result<Vec<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::interest_state.eq(InterestState::Due.as_str()))
        .filter(refunds::route.ne(RefundRoute::BankTransfer.as_str()))
        .filter(refunds::sealed_payee.is_not_null())
        .order(refunds::id)
        .limit(limit)
        .select(RefundRow::as_select())
        .load(tx.read())?)
}

/// The refunds of which a transfer file pays only the interest, oldest first.
pub fn interest_of_payout(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PayoutId,
) -> Result<Vec<RefundRow>, StoreError> {
    Ok(refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::interest_payout_id.eq(id))
        .filter(refunds::route.ne(RefundRoute::BankTransfer.as_str()))
        .order(refunds::id)
        .select(RefundRow::as_select())
        .load(tx.read())?)
}

/// Stores the changed standing of a refund under the next version.
pub fn update(tx: &mut Tx<'_>, row: &mut RefundRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    row.updated_at = Micros(tx.now());
    let target = refunds::table
        .filter(refunds::tenant_id.eq(&row.tenant_id))
        .filter(refunds::id.eq(row.id))
        .filter(refunds::version.eq(before));
    let affected = diesel::update(target)
        .set((
            refunds::state.eq(&row.state),
            refunds::route.eq(&row.route),
            refunds::route_reason.eq(&row.route_reason),
            refunds::decided_by.eq(row.decided_by),
            refunds::decided_at.eq(row.decided_at),
            refunds::operation_id.eq(row.operation_id),
            refunds::gateway_refund_id.eq(&row.gateway_refund_id),
            refunds::failure_code.eq(&row.failure_code),
            refunds::sealed_payee.eq(&row.sealed_payee),
            refunds::payout_id.eq(row.payout_id),
            refunds::poll_count.eq(row.poll_count),
            refunds::interest.eq(row.interest),
            refunds::interest_state.eq(&row.interest_state),
            refunds::interest_payout_id.eq(row.interest_payout_id),
            refunds::version.eq(row.version),
            refunds::updated_at.eq(row.updated_at),
        ))
        .execute(tx.change())?;
    if affected == 1 { Ok(()) } else { Err(row.broken("version")) }
}

/// What is left of a payment and its parts, as far as refunds have ever touched them.
pub fn headroom(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payment: PaymentId,
) -> Result<BTreeMap<RefundPart, Headroom>, StoreError> {
    let rows: Vec<(String, Yen, Yen)> = refund_headroom::table
        .filter(refund_headroom::tenant_id.eq(tenant))
        .filter(refund_headroom::payment_id.eq(payment))
        .select((refund_headroom::part, refund_headroom::ceiling, refund_headroom::reserved))
        .load(tx.read())?;
    let read = |(part, ceiling, reserved): (String, Yen, Yen)| {
        let part = RefundPart::parse(&part)
            .ok_or_else(|| StoreError::Inconsistent(format!("refund_headroom.part of {payment}")))?;
        Ok((part, Headroom { ceiling, reserved }))
    };
    rows.into_iter().map(read).collect()
}

/// Takes headroom up. The table's check refuses more than the ceiling, whatever the caller had read.
pub fn reserve(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    payment: PaymentId,
    part: &PlannedPart,
    ceiling: Yen,
) -> Result<(), StoreError> {
    let name = part.part.to_string();
    or_ignore(diesel::insert_into(refund_headroom::table).values((
        refund_headroom::tenant_id.eq(tenant),
        refund_headroom::payment_id.eq(payment),
        refund_headroom::part.eq(&name),
        refund_headroom::ceiling.eq(ceiling),
        refund_headroom::reserved.eq(Yen::ZERO),
    )))
    .execute(tx.change())?;
    let target = refund_headroom::table
        .filter(refund_headroom::tenant_id.eq(tenant))
        .filter(refund_headroom::payment_id.eq(payment))
        .filter(refund_headroom::part.eq(&name));
    let reserved = refund_headroom::reserved.eq(refund_headroom::reserved + part.amount.amount());
    diesel::update(target).set((refund_headroom::ceiling.eq(ceiling), reserved)).execute(tx.change())?;
    Ok(())
}

/// Gives headroom back.
pub fn release(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    payment: PaymentId,
    part: &PlannedPart,
) -> Result<(), StoreError> {
    let target = refund_headroom::table
        .filter(refund_headroom::tenant_id.eq(tenant))
        .filter(refund_headroom::payment_id.eq(payment))
        .filter(refund_headroom::part.eq(part.part.to_string()));
    let reserved = refund_headroom::reserved.eq(refund_headroom::reserved - part.amount.amount());
    let affected = diesel::update(target).set(reserved).execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("refund_headroom of {payment}")))
    }
}
