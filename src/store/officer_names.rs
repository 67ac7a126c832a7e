//! Officers by their ids, with what a page needs to show them: the sealed name and every post with its term.

use diesel::prelude::*;

use super::schema::{accounts, officer_posts, officers};
use super::sql::IsoDate;
use super::{Reads, StoreError};
use crate::domain::id::{AccountId, OfficerId, TenantCode};

/// An officer's name, sealed under the account's key.
#[derive(Clone, Debug, Queryable)]
pub struct SealedName {
    /// The officer.
    pub officer: OfficerId,
    /// The officer's account.
    pub account: AccountId,
    /// The account's key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The account's profile, sealed.
    pub sealed_profile: Vec<u8>,
}

/// A post with its term, both days within it.
#[derive(Clone, Debug, Queryable)]
pub struct DatedPost {
    /// The officer.
    pub officer: OfficerId,
    /// Code of the department.
    pub department: String,
    /// The title.
    pub title: String,
    /// First day.
    pub from: IsoDate,
    /// Last day, if it is known.
    pub to: Option<IsoDate>,
}

/// The sealed names of officers, in one statement.
pub fn names(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[OfficerId],
) -> Result<Vec<SealedName>, StoreError> {
    Ok(officers::table
        .inner_join(accounts::table.on(accounts::id.eq(officers::account_id)))
        .filter(officers::tenant_id.eq(tenant))
        .filter(officers::id.eq_any(ids))
        .select((officers::id, accounts::id, accounts::wrapped_key, accounts::sealed_profile))
        .load(tx.read())?)
}

/// All posts officers have ever held, in one statement, oldest first.
pub fn posts(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[OfficerId],
) -> Result<Vec<DatedPost>, StoreError> {
    Ok(officer_posts::table
        .filter(officer_posts::tenant_id.eq(tenant))
        .filter(officer_posts::officer_id.eq_any(ids))
        .order((officer_posts::valid_from, officer_posts::id))
        .select((
            officer_posts::officer_id,
            officer_posts::department,
            officer_posts::title,
            officer_posts::valid_from,
            officer_posts::valid_to,
        ))
        .load(tx.read())?)
}
