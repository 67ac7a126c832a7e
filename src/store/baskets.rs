//! Baskets (同時申請): which cases arrived together, and which full prices others of the same basket bear (R-58b).

use diesel::prelude::*;

use super::schema::{basket_applications, baskets};
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::fee::SameTimeTerms;
use crate::domain::id::{AccountId, ApplicationId, BasketId, TenantCode};
use crate::domain::money::Yen;

/// A basket as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = baskets)]
pub struct BasketRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The basket.
    pub id: BasketId,
    /// Who handed it in.
    pub account_id: AccountId,
    /// What was settled by the arrival, over all applications.
    pub total: Yen,
    /// The arrival instant.
    pub created_at: Micros,
}

/// A case of a basket as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = basket_applications)]
pub struct BasketMemberRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The case; it arrives once, so it stands in one basket at most.
    pub application_id: ApplicationId,
    /// The basket.
    pub basket_id: BasketId,
    /// Its place, counted from 0.
    pub position: i64,
    /// The full prices that other cases bear.
    pub terms: Json<SameTimeTerms>,
}

/// Stores a new basket.
pub fn insert(tx: &mut Tx<'_>, row: &BasketRow) -> Result<(), StoreError> {
    diesel::insert_into(baskets::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Stores a case of a basket.
pub fn insert_member(tx: &mut Tx<'_>, row: &BasketMemberRow) -> Result<(), StoreError> {
    diesel::insert_into(basket_applications::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One basket.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: BasketId) -> Result<Option<BasketRow>, StoreError> {
    Ok(baskets::table
        .filter(baskets::tenant_id.eq(tenant))
        .filter(baskets::id.eq(id))
        .select(BasketRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The cases of a basket, in the order they were given.
pub fn members(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: BasketId,
) -> Result<Vec<BasketMemberRow>, StoreError> {
    Ok(basket_applications::table
        .filter(basket_applications::tenant_id.eq(tenant))
        .filter(basket_applications::basket_id.eq(id))
        .order(basket_applications::position)
        .select(BasketMemberRow::as_select())
        .load(tx.read())?)
}

/// The full prices of a case that others bear; none where it arrived by itself.
pub fn terms_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<SameTimeTerms, StoreError> {
    let found: Option<Json<SameTimeTerms>> = basket_applications::table
        .filter(basket_applications::tenant_id.eq(tenant))
        .filter(basket_applications::application_id.eq(application))
        .select(basket_applications::terms)
        .first(tx.read())
        .optional()?;
    Ok(found.map(|terms| terms.0).unwrap_or_default())
}
