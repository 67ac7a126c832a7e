//! Tallies of wrong passwords, by keyed hashes of e-mail and source address: neither stands here in clear, and there
//! are tallies of e-mails that have no account, so that nobody can tell them apart.
//!
//! Three kinds of row share the table, told apart by the purpose of the source's hash: one address, all addresses,
//! and the note (no failures, no wait) that the account has signed in from an address before.

use diesel::prelude::*;
use jiff::Timestamp;

use super::error::StoreError;
use super::schema::sign_in_failures as table;
use super::sql::{Micros, or_ignore};
use super::tx::{Reads, Tx};
use crate::domain::lockout::Tally;

#[derive(Insertable)]
#[diesel(table_name = table)]
struct Raw {
    email_index: Vec<u8>,
    source_index: Vec<u8>,
    failures: i64,
    last_failed_at: Micros,
    locked_until: Option<Micros>,
}

/// The tally of an e-mail and a source.
pub fn find(tx: &mut impl Reads, email: &[u8], source: &[u8]) -> Result<Option<Tally>, StoreError> {
    let found = table::table
        .filter(table::email_index.eq(email).and(table::source_index.eq(source)))
        .select((table::failures, table::last_failed_at, table::locked_until))
        .first::<(i64, Micros, Option<Micros>)>(tx.read())
        .optional()?;
    Ok(found.map(|(failures, last, until)| Tally {
        failures,
        last_failed_at: last.into(),
        locked_until: until.map(Into::into),
    }))
}

/// Stores a tally in place of the former one.
pub fn put(tx: &mut Tx<'_>, email: &[u8], source: &[u8], tally: &Tally) -> Result<(), StoreError> {
    let same = table::email_index.eq(email).and(table::source_index.eq(source));
    let changed = diesel::update(table::table.filter(same))
        .set((
            table::failures.eq(tally.failures),
            table::last_failed_at.eq(Micros(tally.last_failed_at)),
            table::locked_until.eq(tally.locked_until.map(Micros)),
        ))
        .execute(tx.change())?;
    if changed == 0 {
        let raw = Raw {
            email_index: email.to_vec(),
            source_index: source.to_vec(),
            failures: tally.failures,
            last_failed_at: tally.last_failed_at.into(),
            locked_until: tally.locked_until.map(Micros),
        };
        or_ignore(diesel::insert_into(table::table).values(raw)).execute(tx.change())?;
    }
    Ok(())
}

/// Forgets a tally.
pub fn remove(tx: &mut Tx<'_>, email: &[u8], source: &[u8]) -> Result<(), StoreError> {
    let same = table::email_index.eq(email).and(table::source_index.eq(source));
    diesel::delete(table::table.filter(same)).execute(tx.change())?;
    Ok(())
}

/// What names a tally: the two halves of its key.
type TallyKey = (Vec<u8>, Vec<u8>);

/// Tallies whose last failure, and notes whose last sign-in, is long ago: at most `limit` of them, as (e-mail, source).
pub fn outdated(
    tx: &mut impl Reads,
    failed_before: Timestamp,
    seen_before: Timestamp,
    limit: i64,
) -> Result<Vec<TallyKey>, StoreError> {
    let tally = table::failures.gt(0).and(table::last_failed_at.lt(Micros(failed_before)));
    let note = table::failures.eq(0).and(table::last_failed_at.lt(Micros(seen_before)));
    let outdated = table::table.filter(tally.or(note)).limit(limit);
    Ok(outdated.select((table::email_index, table::source_index)).load(tx.read())?)
}

/// Forgets a tally or note unless something was added to it since `before`; says how many rows went.
pub fn remove_older(
    tx: &mut Tx<'_>,
    email: &[u8],
    source: &[u8],
    before: Timestamp,
) -> Result<usize, StoreError> {
    let same = table::email_index.eq(email).and(table::source_index.eq(source));
    let old = table::table.filter(same).filter(table::last_failed_at.lt(Micros(before)));
    Ok(diesel::delete(old).execute(tx.change())?)
}
