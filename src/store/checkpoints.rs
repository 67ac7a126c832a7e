//! Signed checkpoints over the chains (`domain::checkpoint`): append-only, one chain of them a tenant.
//!
//! Sealing reads which chains grew from the indexes by time, page by page, and writes one row of its own; it touches no
//! row that a use case writes.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::Timestamp;

use super::schema::{access_log, checkpoints, events};
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::audit::ChainHash;
use crate::domain::checkpoint::{ChainName, Leaf};
use crate::domain::id::{ApplicationId, TenantCode};

/// A checkpoint as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = checkpoints)]
pub struct CheckpointRow {
    /// The body whose chains it seals.
    pub tenant_id: TenantCode,
    /// 1, 2, 3 … without gaps.
    pub checkpoint_no: i64,
    /// What was recorded before this instant is sealed.
    pub covered_until: Micros,
    /// How many leaves there are.
    pub leaf_count: i64,
    /// The packed leaves.
    pub leaves: Vec<u8>,
    /// Their Merkle root.
    pub root: Vec<u8>,
    /// Hash of the checkpoint before.
    pub prev_hash: Vec<u8>,
    /// Hash of this one.
    pub hash: Vec<u8>,
    /// The key that signed it.
    pub key_id: String,
    /// The signature over the statement.
    pub signature: Vec<u8>,
    /// When it was made.
    pub made_at: Micros,
}

/// The newest checkpoint of a tenant.
pub fn newest(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Option<CheckpointRow>, StoreError> {
    Ok(checkpoints::table
        .filter(checkpoints::tenant_id.eq(tenant))
        .order(checkpoints::checkpoint_no.desc())
        .select(CheckpointRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// One checkpoint.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    checkpoint_no: i64,
) -> Result<Option<CheckpointRow>, StoreError> {
    Ok(checkpoints::table
        .filter(checkpoints::tenant_id.eq(tenant))
        .filter(checkpoints::checkpoint_no.eq(checkpoint_no))
        .select(CheckpointRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// A page of a tenant's checkpoints after number `after`.
pub fn page(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: i64,
    limit: i64,
) -> Result<Vec<CheckpointRow>, StoreError> {
    Ok(checkpoints::table
        .filter(checkpoints::tenant_id.eq(tenant))
        .filter(checkpoints::checkpoint_no.gt(after))
        .order(checkpoints::checkpoint_no)
        .limit(limit)
        .select(CheckpointRow::as_select())
        .load(tx.read())?)
}

/// Stores a checkpoint; its number must be new.
pub fn insert(tx: &mut Tx<'_>, row: &CheckpointRow) -> Result<(), StoreError> {
    diesel::insert_into(checkpoints::table).values(row).execute(tx.change())?;
    Ok(())
}

/// What lies between two instants of a table in the order of its time.
#[derive(Clone, Debug)]
pub struct Window {
    /// The first instant that is looked at.
    pub from: Timestamp,
    /// The first instant that is left for later.
    pub until: Timestamp,
}

/// Where a look through a window stands: instant, name of the chain and number of the last row seen.
#[derive(Clone, Debug)]
pub struct Position<Name> {
    /// Its instant.
    pub at: Micros,
    /// Its chain.
    pub name: Name,
    /// Its number.
    pub seq: i64,
}

/// A row of a chain as a checkpoint sees it.
pub type Grown<Name> = (Position<Name>, ChainHash);

/// Events recorded in a window, in the order of time.
pub fn grown_events(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    window: &Window,
    after: Option<&Position<ApplicationId>>,
    limit: i64,
) -> Result<Vec<Grown<ApplicationId>>, StoreError> {
    let from = after.map_or(Micros(window.from), |position| position.at);
    let mut query = events::table
        .filter(events::tenant_id.eq(tenant))
        .filter(events::at.ge(from))
        .filter(events::at.lt(Micros(window.until)))
        .order((events::at, events::application_id, events::seq))
        .limit(limit)
        .select((events::at, events::application_id, events::seq, events::hash))
        .into_boxed();
    if let Some(last) = after {
        let same_case = events::application_id.eq(last.name).and(events::seq.gt(last.seq));
        let same_instant = events::at.eq(last.at).and(events::application_id.gt(last.name).or(same_case));
        query = query.filter(events::at.gt(last.at).or(same_instant));
    }
    let rows: Vec<(Micros, ApplicationId, i64, Vec<u8>)> = query.load(tx.read())?;
    rows.into_iter().map(|(at, name, seq, hash)| Ok((Position { at, name, seq }, head(hash)?))).collect()
}

/// Rows of the access log recorded in a window, in the order of time.
pub fn grown_access_logs(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    window: &Window,
    after: Option<&Position<String>>,
    limit: i64,
) -> Result<Vec<Grown<String>>, StoreError> {
    let from = after.map_or(Micros(window.from), |position| position.at);
    let mut query = access_log::table
        .filter(access_log::tenant_id.eq(tenant))
        .filter(access_log::at.ge(from))
        .filter(access_log::at.lt(Micros(window.until)))
        .order((access_log::at, access_log::node, access_log::seq))
        .limit(limit)
        .select((access_log::at, access_log::node, access_log::seq, access_log::hash))
        .into_boxed();
    if let Some(last) = after {
        let same_node = access_log::node.eq(last.name.clone()).and(access_log::seq.gt(last.seq));
        let same_instant =
            access_log::at.eq(last.at).and(access_log::node.gt(last.name.clone()).or(same_node));
        query = query.filter(access_log::at.gt(last.at).or(same_instant));
    }
    let rows: Vec<(Micros, String, i64, Vec<u8>)> = query.load(tx.read())?;
    rows.into_iter().map(|(at, name, seq, hash)| Ok((Position { at, name, seq }, head(hash)?))).collect()
}

/// The present hashes of the rows that `leaves` name; a row that is gone is not in the answer.
pub fn present_heads(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    leaves: &[Leaf],
) -> Result<HashMap<(ChainName, i64), Vec<u8>>, StoreError> {
    let (mut cases, mut nodes, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for leaf in leaves {
        match &leaf.chain {
            ChainName::Events(case) => cases.push(*case),
            ChainName::AccessLog(node) => nodes.push(node.clone()),
        }
        numbers.push(leaf.length);
    }
    numbers.sort_unstable();
    numbers.dedup();
    let of_events: Vec<(ApplicationId, i64, Vec<u8>)> = events::table
        .filter(events::tenant_id.eq(tenant))
        .filter(events::application_id.eq_any(cases))
        .filter(events::seq.eq_any(numbers.clone()))
        .select((events::application_id, events::seq, events::hash))
        .load(tx.read())?;
    let of_nodes: Vec<(String, i64, Vec<u8>)> = access_log::table
        .filter(access_log::tenant_id.eq(tenant))
        .filter(access_log::node.eq_any(nodes))
        .filter(access_log::seq.eq_any(numbers))
        .select((access_log::node, access_log::seq, access_log::hash))
        .load(tx.read())?;
    let events = of_events.into_iter().map(|(case, seq, hash)| ((ChainName::Events(case), seq), hash));
    let nodes = of_nodes.into_iter().map(|(node, seq, hash)| ((ChainName::AccessLog(node), seq), hash));
    Ok(events.chain(nodes).collect())
}

/// The instant of the oldest row of any chain in a window.
pub fn oldest(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    window: &Window,
) -> Result<Option<Timestamp>, StoreError> {
    let event = grown_events(tx, tenant, window, None, 1)?.into_iter().map(|(position, _)| position.at.0);
    let access = grown_access_logs(tx, tenant, window, None, 1)?;
    Ok(event.chain(access.into_iter().map(|(position, _)| position.at.0)).min())
}

fn head(hash: Vec<u8>) -> Result<ChainHash, StoreError> {
    hash.try_into().map_err(|_| StoreError::Inconsistent("a hash of a chain has not 32 bytes".to_owned()))
}
