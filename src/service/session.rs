//! Sessions: signing in, refreshing, signing out.
//!
//! Signing in is read, hash on the pool, write; no password is hashed in a transaction. Nothing tells an unknown
//! e-mail address from a wrong password: same answer, same work, same tallies.
//!
//! A refresh token is good once. Whoever shows a used one, even the same client a moment later, closes the whole
//! session, because one of the two who had it is a thief. Access tokens of a session that has ended are believed
//! until they expire, which takes minutes (`identity.access_token_minutes`).

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::password::Verdict;
use super::sign_in_tally::{Attempt, refuse_while_waiting};
use super::token::{Bearer, refresh_token_end};
use super::{Core, Failure, Refusal};
use crate::domain::procedure::Assurance;
use crate::seal::sha256;
use crate::store::accounts::{self, AccountRow};
use crate::store::sessions::{self, RefreshTokenRow, SessionRow, SessionState};
use crate::store::{Root, Tx};

pub use super::sign_in_tally::SourceAddress;

/// Somebody wants to sign in.
#[derive(Debug)]
pub struct SignIn {
    /// As typed.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// Where the connection comes from.
    pub source: SourceAddress,
}

/// Tokens for the caller.
#[derive(Debug)]
pub struct Grant {
    /// For the requests of the next minutes.
    pub access_token: SecretString,
    /// For the next grant; good once.
    pub refresh_token: SecretString,
    /// Life of the access token in seconds.
    pub expires_in_s: i64,
}

/// What a write leaves to be told to the caller.
#[derive(Clone)]
struct Opened {
    bearer: Bearer,
    refresh_token: SecretString,
}

/// What became of a refresh token that was shown.
enum Exchange {
    Granted(Opened),
    Reused,
    Dead,
}

/// Opens a session for the right e-mail address and password.
pub async fn sign_in(core: &Core, command: SignIn) -> Result<Grant, Failure> {
    let attempt = Attempt::new(&core.keys, &core.settings.identity, &command.email, command.source);
    let reading = attempt.clone();
    let found = core.db.read(move |tx| {
        Ok::<_, Failure>((reading.standing(tx)?, accounts::find_by_email(tx, reading.email_index())?))
    });
    let (standing, account) = found.await?;
    refuse_while_waiting(&standing, core.clock.now())?;
    let stored = account.as_ref().map(|row| row.password_hash.clone());
    let verdict = core.passwords.verify(command.password, stored).await?;
    match (verdict, account) {
        (Verdict::Right, Some(row)) => open(core, attempt, row, None).await,
        (Verdict::RightButOutdated { rehashed }, Some(row)) => open(core, attempt, row, Some(rehashed)).await,
        (_, account) => {
            let root = account.map_or_else(|| attempt.stand_in(), |row| row.id);
            core.db
                .write(Root::Account(root), move |tx| attempt.count_failure(tx).map_err(Failure::from))
                .await?;
            Err(Refusal::WrongCredentials.into())
        }
    }
}

async fn open(
    core: &Core,
    attempt: Attempt,
    row: AccountRow,
    rehashed: Option<String>,
) -> Result<Grant, Failure> {
    let days = core.settings.identity.refresh_token_days;
    let root = Root::Account(row.id);
    let write = move |tx: &mut Tx<'_>| {
        let now = tx.now();
        // Attempts that ran beside this one may have begun a wait meanwhile: then a lucky guess counts for nothing.
        refuse_while_waiting(&attempt.standing(tx)?, now)?;
        let present = accounts::find(tx, row.id)?;
        if present.is_none_or(|present| present.password_hash != row.password_hash) {
            return Err(Failure::from(Refusal::WrongCredentials));
        }
        attempt.count_success(tx)?;
        if let Some(rehashed) = &rehashed {
            accounts::set_password_hash(tx, row.id, rehashed)?;
        }
        let session = SessionRow {
            id: tx.new_id(),
            account: row.id,
            assurance: Assurance::Id,
            state: SessionState::Open,
            created_at: now,
            expires_at: refresh_token_end(now, days),
            ended_at: None,
        };
        sessions::insert(tx, &session)?;
        let refresh_token = new_refresh_token(tx, session.id, now, session.expires_at)?;
        Ok(Opened { bearer: bearer_of(&session), refresh_token })
    };
    let opened = core.db.write(root, write).await?;
    grant(core, opened)
}

/// Exchanges a refresh token for new tokens of the same session.
pub async fn refresh(core: &Core, token: &SecretString) -> Result<Grant, Failure> {
    let hash = sha256(token.expose_secret().as_bytes());
    let found = core.db.read(move |tx| sessions::find_refresh_token(tx, &hash)).await?;
    let Some((_, session)) = found else { return Err(Refusal::NotSignedIn.into()) };
    let days = core.settings.identity.refresh_token_days;
    let exchanged =
        core.db.write(Root::Account(session.account), move |tx| exchange(tx, &hash, days)).await?;
    match exchanged {
        Exchange::Granted(opened) => grant(core, opened),
        Exchange::Reused => Err(Refusal::RefreshTokenReused.into()),
        Exchange::Dead => Err(Refusal::NotSignedIn.into()),
    }
}

/// Judges the token under the lock of its account. Revoking is a change, so reuse is told after the commit.
fn exchange(tx: &mut Tx<'_>, hash: &[u8], days: i64) -> Result<Exchange, Failure> {
    let now = tx.now();
    let Some((token, session)) = sessions::find_refresh_token(tx, hash)? else { return Ok(Exchange::Dead) };
    if token.used_at.is_some() {
        if session.state == SessionState::Open {
            sessions::end(tx, session.id, SessionState::Revoked, now)?;
        }
        return Ok(Exchange::Reused);
    }
    if session.state != SessionState::Open || token.expires_at <= now || session.expires_at <= now {
        return Ok(Exchange::Dead);
    }
    sessions::use_refresh_token(tx, hash, now)?;
    let expires_at = refresh_token_end(now, days);
    sessions::prolong(tx, session.id, expires_at)?;
    let refresh_token = new_refresh_token(tx, session.id, now, expires_at)?;
    Ok(Exchange::Granted(Opened { bearer: bearer_of(&session), refresh_token }))
}

/// Closes the session of an access token; closing it again is no fault.
pub async fn sign_out(core: &Core, bearer: Bearer) -> Result<(), Failure> {
    let close = move |tx: &mut Tx<'_>| {
        let open =
            sessions::find(tx, bearer.session)?.is_some_and(|session| session.state == SessionState::Open);
        if open {
            let now = tx.now();
            sessions::end(tx, bearer.session, SessionState::Closed, now)?;
        }
        Ok(())
    };
    core.db.write(Root::Account(bearer.account), close).await
}

fn new_refresh_token(
    tx: &mut Tx<'_>,
    session: Uuid,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<SecretString, Failure> {
    let mut bytes = [0; 32];
    tx.fill_random(&mut bytes);
    let token = BASE64URL_NOPAD.encode(&bytes);
    let hash = sha256(token.as_bytes()).to_vec();
    sessions::insert_refresh_token(
        tx,
        &RefreshTokenRow { hash, session, issued_at: now, expires_at, used_at: None },
    )?;
    Ok(SecretString::from(token))
}

fn bearer_of(session: &SessionRow) -> Bearer {
    Bearer { account: session.account, session: session.id, assurance: session.assurance }
}

fn grant(core: &Core, opened: Opened) -> Result<Grant, Failure> {
    let now = core.clock.now();
    let (access, expires_in_s) = core.tokens.issue(opened.bearer, now, core.ids.as_ref())?;
    Ok(Grant { access_token: SecretString::from(access), refresh_token: opened.refresh_token, expires_in_s })
}
