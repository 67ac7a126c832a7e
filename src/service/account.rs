//! Accounts: registering, and what somebody sees of the own account.
//!
//! Nobody can find out by registering whether an e-mail address has an account: the answer and the work are the same,
//! and the owner of a taken address is told by mail.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Core, Ctx, Failure, Refusal};
use crate::domain::account::{self, AccountKind, Statement, comparable_email};
use crate::domain::calendar::jst_day;
use crate::domain::id::{AccountId, TenantCode};
use crate::domain::policy::Post;
use crate::seal::{Keyring, SealError};
use crate::store::accounts::{self, AccountRow, Inserted};
use crate::store::{Reads, Root, StoreError, Tx, jobs, officers};

/// The job that tells the owner of an account that somebody tried to register the address again. Its subject is the
/// account's id and the minute, so that the owner gets at most one mail a minute.
pub const MAIL_ACCOUNT_EXISTS: &str = "mail_account_exists";

/// What is personal about an account; sealed under the account's own key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// 氏名又は名称.
    pub name: String,
    /// As typed, without surrounding blanks.
    pub email: String,
    /// 法人番号 as stated: unverified.
    pub corporate_number: Option<String>,
}

/// Somebody's wish to have an account.
#[derive(Debug)]
pub struct Register {
    /// The address to sign in with.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// 氏名又は名称.
    pub name: String,
    /// Whom the account stands for; officers are appointed.
    pub kind: AccountKind,
    /// 法人番号 of a business.
    pub corporate_number: Option<String>,
}

/// The answer to every registration without faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The new account's id; an id of nothing when the address was taken.
    pub id: AccountId,
}

/// Makes an account, or tells the owner of the address that it has one already.
pub async fn register(core: &Core, command: Register) -> Result<Registered, Failure> {
    if command.kind == AccountKind::Officer {
        return Err(Refusal::Forbidden.into());
    }
    let statement = Statement {
        email: &command.email,
        password_length: command.password.expose_secret().chars().count(),
        name: &command.name,
        kind: command.kind,
        corporate_number: command.corporate_number.as_deref(),
    };
    let faults = account::faults(&statement, core.settings.identity.password_min_length);
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults).into());
    }
    let profile = Profile {
        name: command.name.trim().to_owned(),
        email: command.email.trim().to_owned(),
        corporate_number: command.corporate_number,
    };
    let hash = core.passwords.hash(command.password).await?;
    let row = new_row(core, command.kind, &profile, hash);
    let id = row.id;
    core.db.write(Root::Account(id), move |tx| keep_or_tell(tx, &row)).await?;
    Ok(Registered { id })
}

fn keep_or_tell(tx: &mut Tx<'_>, row: &AccountRow) -> Result<(), Failure> {
    let owner = match accounts::find_by_email(tx, &row.email_index)? {
        Some(owner) => owner,
        None => match accounts::insert(tx, &AccountRow { created_at: tx.now(), ..row.clone() })? {
            Inserted::New => return Ok(()),
            // Somebody was faster between the look and the insert.
            Inserted::EmailTaken => accounts::find_by_email(tx, &row.email_index)?
                .ok_or_else(|| StoreError::Inconsistent("a taken address without account".to_owned()))?,
        },
    };
    let now = tx.now();
    let subject = format!("{}:{}", owner.id, now.as_second().div_euclid(60));
    jobs::enqueue(tx, jobs::ALL_TENANTS, MAIL_ACCOUNT_EXISTS, &subject, now)?;
    Ok(())
}

/// The row of a new account with everything personal sealed.
pub(super) fn new_row(
    core: &Core,
    kind: AccountKind,
    profile: &Profile,
    password_hash: String,
) -> AccountRow {
    let now = core.clock.now();
    let id = AccountId(core.ids.uuid(now));
    let key = core.keys.new_account_key(core.ids.as_ref());
    AccountRow {
        id,
        kind,
        email_index: email_index(&core.keys, &profile.email),
        sealed_profile: key.key.seal_json(&profile_place(id), profile, core.ids.as_ref()),
        wrapped_key: key.wrapped,
        password_hash,
        version: 1,
        created_at: now,
    }
}

/// The keyed hash under which the account of an address is found.
pub fn email_index(keys: &Keyring, email: &str) -> Vec<u8> {
    keys.blind_index("accounts.email_index", &comparable_email(email))
}

/// Opens what is personal about an account.
pub fn open_profile(keys: &Keyring, row: &AccountRow) -> Result<Profile, SealError> {
    keys.open_account_key(&row.wrapped_key)?.open_json(&profile_place(row.id), &row.sealed_profile)
}

/// Whom a signed-in account stands for and what is personal about it; `None` when the account is gone.
pub fn kind_and_profile(
    tx: &mut impl Reads,
    keys: &Keyring,
    id: AccountId,
) -> Result<Option<(AccountKind, Profile)>, Failure> {
    let Some(row) = accounts::find(tx, id)? else { return Ok(None) };
    Ok(Some((row.kind, open_profile(keys, &row)?)))
}

fn profile_place(id: AccountId) -> String {
    format!("accounts.sealed_profile:{id}")
}

/// What somebody sees of the own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// The account.
    pub id: AccountId,
    /// Whom it stands for.
    pub kind: AccountKind,
    /// Name and address.
    pub profile: Profile,
    /// Posts in force today, over all bodies.
    pub posts: Vec<(TenantCode, Post)>,
}

/// The signed-in account.
pub async fn me(ctx: &Ctx) -> Result<Me, Failure> {
    let id = ctx.account()?;
    let found =
        ctx.core.db.read(move |tx| Ok::<_, Failure>((accounts::find(tx, id)?, posts_today(tx, id)?))).await?;
    // A token may outlive its account.
    let (Some(row), posts) = found else { return Err(Refusal::NotSignedIn.into()) };
    let profile = open_profile(&ctx.core.keys, &row)?;
    Ok(Me { id, kind: row.kind, profile, posts })
}

fn posts_today(tx: &mut impl Reads, account: AccountId) -> Result<Vec<(TenantCode, Post)>, StoreError> {
    let today = jst_day(tx.now());
    officers::posts_of_account(tx, account, today)
}
