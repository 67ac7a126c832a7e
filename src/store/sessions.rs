//! Sessions and their rotating refresh tokens. Of a refresh token only its SHA-256 is stored.

use diesel::prelude::*;
use jiff::Timestamp;
use uuid::Uuid;

use super::error::StoreError;
use super::schema::{refresh_tokens, sessions};
use super::sql::Micros;
use super::tx::{Reads, Tx};
use crate::domain::id::AccountId;
use crate::domain::procedure::Assurance;

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// In use.
    Open,
    /// Ended by its owner.
    Closed,
    /// Ended by us, because a refresh token was used twice.
    Revoked,
}

impl SessionState {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Revoked => "revoked",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Closed, Self::Revoked].into_iter().find(|state| state.as_str() == text)
    }
}

/// A session as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id; the `sid` of its access tokens.
    pub id: Uuid,
    /// Whose it is.
    pub account: AccountId,
    /// How surely the account was identified when it was opened.
    pub assurance: Assurance,
    /// How it stands.
    pub state: SessionState,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// When it was closed or revoked.
    pub ended_at: Option<Timestamp>,
}

/// A refresh token as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshTokenRow {
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// Its session.
    pub session: Uuid,
    /// When it was given.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When it was exchanged for the next one.
    pub used_at: Option<Timestamp>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = sessions)]
struct RawSession {
    id: String,
    account_id: AccountId,
    state: String,
    created_at: Micros,
    expires_at: Micros,
    ended_at: Option<Micros>,
    assurance: String,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = refresh_tokens)]
struct RawToken {
    token_hash: Vec<u8>,
    session_id: String,
    issued_at: Micros,
    expires_at: Micros,
    used_at: Option<Micros>,
}

/// Stores a new session.
pub fn insert(tx: &mut Tx<'_>, row: &SessionRow) -> Result<(), StoreError> {
    let raw = RawSession {
        id: row.id.to_string(),
        account_id: row.account,
        state: row.state.as_str().to_owned(),
        created_at: row.created_at.into(),
        expires_at: row.expires_at.into(),
        ended_at: row.ended_at.map(Micros),
        assurance: row.assurance.as_str().to_owned(),
    };
    diesel::insert_into(sessions::table).values(raw).execute(tx.change())?;
    Ok(())
}

/// The session of an id.
pub fn find(tx: &mut impl Reads, id: Uuid) -> Result<Option<SessionRow>, StoreError> {
    let found =
        sessions::table.filter(sessions::id.eq(id.to_string())).first::<RawSession>(tx.read()).optional()?;
    found.as_ref().map(session).transpose()
}

/// Ends an open session; one that has ended already stays as it is.
pub fn end(tx: &mut Tx<'_>, id: Uuid, state: SessionState, now: Timestamp) -> Result<(), StoreError> {
    let open = sessions::id.eq(id.to_string()).and(sessions::state.eq(SessionState::Open.as_str()));
    diesel::update(sessions::table.filter(open))
        .set((sessions::state.eq(state.as_str()), sessions::ended_at.eq(Some(Micros(now)))))
        .execute(tx.change())?;
    Ok(())
}

/// Moves the end of a session.
pub fn prolong(tx: &mut Tx<'_>, id: Uuid, expires_at: Timestamp) -> Result<(), StoreError> {
    diesel::update(sessions::table.filter(sessions::id.eq(id.to_string())))
        .set(sessions::expires_at.eq(Micros(expires_at)))
        .execute(tx.change())?;
    Ok(())
}

/// Stores a new refresh token.
pub fn insert_refresh_token(tx: &mut Tx<'_>, row: &RefreshTokenRow) -> Result<(), StoreError> {
    let raw = RawToken {
        token_hash: row.hash.clone(),
        session_id: row.session.to_string(),
        issued_at: row.issued_at.into(),
        expires_at: row.expires_at.into(),
        used_at: row.used_at.map(Micros),
    };
    diesel::insert_into(refresh_tokens::table).values(raw).execute(tx.change())?;
    Ok(())
}

/// The refresh token of a hash, used or not, with its session.
pub fn find_refresh_token(
    tx: &mut impl Reads,
    hash: &[u8],
) -> Result<Option<(RefreshTokenRow, SessionRow)>, StoreError> {
    let found = refresh_tokens::table
        .filter(refresh_tokens::token_hash.eq(hash))
        .first::<RawToken>(tx.read())
        .optional()?;
    let Some(raw) = found else { return Ok(None) };
    let token = RefreshTokenRow {
        hash: raw.token_hash,
        session: parse_id(&raw.session_id)?,
        issued_at: raw.issued_at.into(),
        expires_at: raw.expires_at.into(),
        used_at: raw.used_at.map(Timestamp::from),
    };
    let session = find(tx, token.session)?;
    let session =
        session.ok_or_else(|| StoreError::Inconsistent("a refresh token without session".to_owned()))?;
    Ok(Some((token, session)))
}

/// Notes that a refresh token was exchanged.
pub fn use_refresh_token(tx: &mut Tx<'_>, hash: &[u8], now: Timestamp) -> Result<(), StoreError> {
    let unused = refresh_tokens::token_hash.eq(hash).and(refresh_tokens::used_at.is_null());
    let changed = diesel::update(refresh_tokens::table.filter(unused))
        .set(refresh_tokens::used_at.eq(Some(Micros(now))))
        .execute(tx.change())?;
    // The account is locked and the token was read unused: anything else is a fault of ours.
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent("a refresh token was used twice".to_owned()))
    }
}

/// Sessions that ended by themselves before `before`: at most `limit` of their ids.
pub fn expired(tx: &mut impl Reads, before: Timestamp, limit: i64) -> Result<Vec<String>, StoreError> {
    let expired = sessions::table.filter(sessions::expires_at.lt(Micros(before))).limit(limit);
    Ok(expired.select(sessions::id).load(tx.read())?)
}

/// Forgets expired sessions with their tokens; one that was prolonged since stays. Says how many went.
///
/// A session ends no earlier than its last token, so none of the tokens is good any more.
pub fn forget_expired(tx: &mut Tx<'_>, ids: &[String], before: Timestamp) -> Result<usize, StoreError> {
    let still_expired = sessions::table
        .filter(sessions::id.eq_any(ids))
        .filter(sessions::expires_at.lt(Micros(before)))
        .select(sessions::id);
    let ids: Vec<String> = still_expired.load(tx.read())?;
    if ids.is_empty() {
        return Ok(0);
    }
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::session_id.eq_any(&ids)))
        .execute(tx.change())?;
    Ok(diesel::delete(sessions::table.filter(sessions::id.eq_any(&ids))).execute(tx.change())?)
}

fn session(raw: &RawSession) -> Result<SessionRow, StoreError> {
    let state = SessionState::parse(&raw.state);
    let assurance = Assurance::parse(&raw.assurance);
    Ok(SessionRow {
        id: parse_id(&raw.id)?,
        account: raw.account_id,
        assurance: assurance
            .ok_or_else(|| StoreError::Inconsistent(format!("a session of level {}", raw.assurance)))?,
        state: state.ok_or_else(|| StoreError::Inconsistent(format!("a session that is {}", raw.state)))?,
        created_at: raw.created_at.into(),
        expires_at: raw.expires_at.into(),
        ended_at: raw.ended_at.map(Timestamp::from),
    })
}

fn parse_id(text: &str) -> Result<Uuid, StoreError> {
    text.parse().map_err(|_| StoreError::Inconsistent(format!("{text} is no session id")))
}
