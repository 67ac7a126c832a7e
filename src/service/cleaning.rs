//! Cleaning (整理): what a crash left behind and what is of no use any more is removed, in small steps.
//!
//! Each step may be repeated, and each looks again at what it removes inside its transaction. What the law or an open case
//! needs is never touched here.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Core, Failure};
use crate::store::{attachments, sessions, sign_in_failures};

/// Kind of the job that removes files without a row.
pub const SWEEP_FILES: &str = "sweep_files";

/// Kind of the job that forgets old sign-in tallies, sessions and tokens.
pub const FORGET_SIGN_INS: &str = "forget_sign_ins";

/// A file is written before its row commits; an upload takes minutes at most.
const UPLOAD_OVER_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// A tally begins anew after a quiet day (`domain::lockout`); nothing is decided by one older than that.
const TALLY_FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// How long an address counts as known to an account without a sign-in from there.
const ADDRESS_KNOWN_FOR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// How long an expired session is kept, so that a late question about it can be answered.
const SESSION_KEPT_FOR: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Rows read in one go.
const PAGE: i64 = 1_000;
/// Rows removed in one transaction: others wait for it.
const AT_ONCE: usize = 200;

/// Removes sealed files of this machine that are more than a day old and that no attachment names; says how many.
pub async fn sweep_files(core: &Core) -> Result<usize, Failure> {
    let older_than = before(core.clock.now(), UPLOAD_OVER_AFTER);
    let (mut known, mut after) = (HashSet::new(), None);
    loop {
        let from = after.clone();
        let page = core.db.read(move |tx| attachments::object_keys(tx, from.as_ref(), PAGE)).await?;
        let Some((tenant, id, _)) = page.last() else { break };
        after = Some((tenant.clone(), *id));
        for (_, id, key) in page {
            // A name that cannot be read might be any file's: nothing is swept then.
            let key: Uuid = key.parse().map_err(|_| Failure::Internal(format!("object key of {id}")))?;
            known.insert(key);
        }
    }
    let swept = core.files.sweep(known, older_than).await;
    swept.map_err(|error| Failure::Internal(format!("the files cannot be swept: {error}")))
}

/// Forgets old tallies of wrong passwords and sessions that expired long ago; says how many rows went.
pub async fn forget_sign_ins(core: &Core) -> Result<usize, Failure> {
    let now = core.clock.now();
    Ok(forget_tallies(core, now).await? + forget_sessions(core, now).await?)
}

async fn forget_tallies(core: &Core, now: Timestamp) -> Result<usize, Failure> {
    let (failed, seen) = (before(now, TALLY_FORGOTTEN_AFTER), before(now, ADDRESS_KNOWN_FOR));
    let mut forgotten = 0;
    loop {
        let found = core.db.read(move |tx| sign_in_failures::outdated(tx, failed, seen, PAGE)).await?;
        let mut removed = 0;
        for some in found.chunks(AT_ONCE) {
            let some = some.to_vec();
            removed += core
                .db
                .write_alone(vec![], move |tx| {
                    some.iter().try_fold(0, |count, (email, source)| {
                        Ok::<_, Failure>(count + sign_in_failures::remove_older(tx, email, source, failed)?)
                    })
                })
                .await?;
        }
        forgotten += removed;
        if removed == 0 {
            return Ok(forgotten);
        }
    }
}

async fn forget_sessions(core: &Core, now: Timestamp) -> Result<usize, Failure> {
    let expired = before(now, SESSION_KEPT_FOR);
    let mut forgotten = 0;
    loop {
        let found = core.db.read(move |tx| sessions::expired(tx, expired, PAGE)).await?;
        let mut removed = 0;
        for some in found.chunks(AT_ONCE) {
            let some = some.to_vec();
            let forget = core.db.write_alone(vec![], move |tx| sessions::forget_expired(tx, &some, expired));
            removed += forget.await?;
        }
        forgotten += removed;
        if removed == 0 {
            return Ok(forgotten);
        }
    }
}

fn before(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_sub(by).unwrap_or(Timestamp::MIN)
}
