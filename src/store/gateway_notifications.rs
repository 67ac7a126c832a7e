//! The inbox of notifications: stored before they are acknowledged, applied later, once.

use diesel::prelude::*;

use super::schema::gateway_notifications as n;
use super::sql::{Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::TenantCode;

/// A notification as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = n, treat_none_as_default_value = false)]
pub struct NotificationRow {
    /// The body it came for.
    pub tenant_id: TenantCode,
    /// Name of the merchant account.
    pub gateway: String,
    /// Unique to one delivery.
    pub delivery_key: String,
    /// Unique to one event.
    pub event_id: String,
    /// The gateway's word for what happened.
    pub event_kind: String,
    /// Our reference, if it is about one payment.
    pub merchant_reference: Option<String>,
    /// Headers and body as they came, sealed.
    pub sealed_body: Vec<u8>,
    /// The key they are sealed with, wrapped.
    pub wrapped_key: Vec<u8>,
    /// `received`, `applied`, `ignored` or `parked`.
    pub state: String,
    /// When it came.
    pub received_at: Micros,
    /// When it was applied.
    pub applied_at: Option<Micros>,
}

/// Whether a delivery was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The first of its event.
    New,
    /// Delivered before.
    Repeated,
}

/// Stores a notification unless its delivery or its event is there already.
pub fn insert(tx: &mut Tx<'_>, row: &NotificationRow) -> Result<Delivery, StoreError> {
    let affected = or_ignore(diesel::insert_into(n::table).values(row)).execute(tx.change())?;
    Ok(if affected == 1 { Delivery::New } else { Delivery::Repeated })
}

/// One notification.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    delivery_key: &str,
) -> Result<Option<NotificationRow>, StoreError> {
    Ok(n::table
        .filter(n::tenant_id.eq(tenant))
        .filter(n::gateway.eq(gateway))
        .filter(n::delivery_key.eq(delivery_key))
        .select(NotificationRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Ends a notification that waits, as `applied`, `ignored` or `parked`.
pub fn finish(tx: &mut Tx<'_>, row: &NotificationRow, state: &str) -> Result<(), StoreError> {
    let now = Micros(tx.now());
    let target = n::table
        .filter(n::tenant_id.eq(&row.tenant_id))
        .filter(n::gateway.eq(&row.gateway))
        .filter(n::delivery_key.eq(&row.delivery_key))
        .filter(n::state.eq("received"));
    diesel::update(target).set((n::state.eq(state), n::applied_at.eq(Some(now)))).execute(tx.change())?;
    Ok(())
}
