//! What a person must look at about a payment (要確認の支払): raised once, handled once.

use diesel::prelude::*;

use super::schema::payment_desk::payment_alerts;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, OfficerId, PaymentAlertId, PaymentId, TenantCode};

/// An alert as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_alerts, treat_none_as_default_value = false)]
pub struct PaymentAlertRow {
    /// The body paid.
    pub tenant_id: TenantCode,
    /// The alert; ids follow the order of time.
    pub id: PaymentAlertId,
    /// The case.
    pub application_id: ApplicationId,
    /// The payment.
    pub payment_id: PaymentId,
    /// What is the matter, such as `late_payment`.
    pub code: String,
    /// What was found, where the code does not say all.
    pub found: Option<String>,
    /// When it was heard.
    pub raised_at: Micros,
    /// When somebody had looked at it.
    pub handled_at: Option<Micros>,
    /// Who.
    pub handled_by: Option<OfficerId>,
    /// What they say of it; without personal data.
    pub comment: Option<String>,
}

/// Which alerts are wanted.
#[derive(Clone, Debug, Default)]
pub struct AlertFilter {
    /// Handled, or still open; both where it is left out.
    pub handled: Option<bool>,
    /// Of this code.
    pub code: Option<String>,
}

/// Stores a new alert.
pub fn insert(tx: &mut Tx<'_>, row: &PaymentAlertRow) -> Result<(), StoreError> {
    diesel::insert_into(payment_alerts::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One alert.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PaymentAlertId,
) -> Result<Option<PaymentAlertRow>, StoreError> {
    Ok(payment_alerts::table
        .filter(payment_alerts::tenant_id.eq(tenant))
        .filter(payment_alerts::id.eq(id))
        .select(PaymentAlertRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// A page of alerts, oldest first; `after` is the last id of the page before.
pub fn page(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    filter: &AlertFilter,
    after: Option<PaymentAlertId>,
    limit: i64,
) -> Result<Vec<PaymentAlertRow>, StoreError> {
    let mut query = payment_alerts::table
        .filter(payment_alerts::tenant_id.eq(tenant))
        .order(payment_alerts::id)
        .limit(limit)
        .select(PaymentAlertRow::as_select())
        .into_boxed();
    query = match filter.handled {
        Some(true) => query.filter(payment_alerts::handled_at.is_not_null()),
        Some(false) => query.filter(payment_alerts::handled_at.is_null()),
        None => query,
    };
    if let Some(code) = &filter.code {
        query = query.filter(payment_alerts::code.eq(code.clone()));
    }
    if let Some(after) = after {
        query = query.filter(payment_alerts::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// Stores that somebody looked at an open alert.
pub fn handle(tx: &mut Tx<'_>, row: &PaymentAlertRow) -> Result<(), StoreError> {
    let target = payment_alerts::table
        .filter(payment_alerts::tenant_id.eq(&row.tenant_id))
        .filter(payment_alerts::id.eq(row.id))
        .filter(payment_alerts::handled_at.is_null());
    let affected = diesel::update(target)
        .set((
            payment_alerts::handled_at.eq(row.handled_at),
            payment_alerts::handled_by.eq(row.handled_by),
            payment_alerts::comment.eq(&row.comment),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("payment_alerts.handled_at of {}", row.id)))
    }
}
