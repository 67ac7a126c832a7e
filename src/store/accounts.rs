//! Accounts: rows of `accounts`. What is personal is sealed; an account is found by its id or by the keyed hash of
//! its e-mail address.

use diesel::prelude::*;
use jiff::Timestamp;

use super::backend::on_either;
use super::error::StoreError;
use super::schema::accounts;
use super::sql::{Micros, or_ignore};
use super::tx::{Reads, Tx};
use crate::domain::account::AccountKind;
use crate::domain::id::AccountId;

/// An account as stored.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// Whom it stands for.
    pub kind: AccountKind,
    /// Keyed hash of the comparable e-mail address.
    pub email_index: Vec<u8>,
    /// The account's data key under the installation's.
    pub wrapped_key: Vec<u8>,
    /// Name, e-mail address and corporate number, sealed at `accounts.sealed_profile:{id}`.
    pub sealed_profile: Vec<u8>,
    /// argon2id, PHC string.
    pub password_hash: String,
    /// Rises with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = accounts)]
struct Raw {
    id: AccountId,
    kind: String,
    email_index: Vec<u8>,
    wrapped_key: Vec<u8>,
    sealed_profile: Vec<u8>,
    password_hash: String,
    version: i64,
    created_at: Micros,
}

/// Whether a row was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It was.
    New,
    /// One with the same e-mail address is there already; nothing was changed.
    EmailTaken,
}

/// Stores a new account unless its e-mail address has one.
pub fn insert(tx: &mut Tx<'_>, row: &AccountRow) -> Result<Inserted, StoreError> {
    let raw = Raw {
        id: row.id,
        kind: row.kind.as_str().to_owned(),
        email_index: row.email_index.clone(),
        wrapped_key: row.wrapped_key.clone(),
        sealed_profile: row.sealed_profile.clone(),
        password_hash: row.password_hash.clone(),
        version: row.version,
        created_at: row.created_at.into(),
    };
    let stored = or_ignore(diesel::insert_into(accounts::table).values(raw)).execute(tx.change())?;
    Ok(if stored == 0 { Inserted::EmailTaken } else { Inserted::New })
}

/// The account of an id.
pub fn find(tx: &mut impl Reads, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
    let query = accounts::table.filter(accounts::id.eq(id));
    let raw = on_either!(tx.read(), |conn| query.get_result::<Raw>(conn)).optional()?;
    raw.map(row).transpose()
}

/// The account of an e-mail address.
pub fn find_by_email(tx: &mut impl Reads, email_index: &[u8]) -> Result<Option<AccountRow>, StoreError> {
    let raw = accounts::table
        .filter(accounts::email_index.eq(email_index))
        .get_result::<Raw>(tx.read())
        .optional()?;
    raw.map(row).transpose()
}

/// Stores a new hash of the same or of another password.
pub fn set_password_hash(tx: &mut Tx<'_>, id: AccountId, password_hash: &str) -> Result<(), StoreError> {
    let changed = diesel::update(accounts::table.filter(accounts::id.eq(id)))
        .set((accounts::password_hash.eq(password_hash), accounts::version.eq(accounts::version + 1)))
        .execute(tx.change())?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Inconsistent(format!("no account {id}"))) }
}

fn row(raw: Raw) -> Result<AccountRow, StoreError> {
    let kind = AccountKind::parse(&raw.kind);
    Ok(AccountRow {
        id: raw.id,
        kind: kind.ok_or_else(|| StoreError::Inconsistent(format!("an account of kind {}", raw.kind)))?,
        email_index: raw.email_index,
        wrapped_key: raw.wrapped_key,
        sealed_profile: raw.sealed_profile,
        password_hash: raw.password_hash,
        version: raw.version,
        created_at: raw.created_at.into(),
    })
}
