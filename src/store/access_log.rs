//! The access log (閲覧記録): who read which cases, append-only and chained (`domain::access`).

use diesel::prelude::*;

use super::schema::access_log;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::access::{self, AccessRecord};
use crate::domain::audit::{CHAIN_START, ChainHash};
use crate::domain::id::TenantCode;

/// A row of the access log.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = access_log)]
pub struct AccessRow {
    /// The body of the cases.
    pub tenant_id: TenantCode,
    /// The process that wrote it.
    pub node: String,
    /// 1, 2, 3 … without gaps in one chain.
    pub seq: i64,
    /// When.
    pub at: Micros,
    /// The officer who read.
    pub actor_id: String,
    /// The request.
    pub request_id: String,
    /// What was asked for.
    pub operation: String,
    /// The cases that were shown, as JSON text.
    pub cases: String,
    /// Hash of the row before.
    pub prev_hash: Vec<u8>,
    /// Hash of this row.
    pub hash: Vec<u8>,
}

impl AccessRow {
    /// The hash this row must have after `prev`.
    pub fn link(&self, prev: &ChainHash) -> ChainHash {
        let record = AccessRecord {
            tenant: &self.tenant_id,
            node: &self.node,
            seq: self.seq,
            at: self.at.0,
            actor: &self.actor_id,
            request_id: &self.request_id,
            operation: &self.operation,
            cases: &self.cases,
        };
        access::link(prev, &record)
    }
}

/// What a request says of its reading; number, time and hashes come from the chain and the transaction.
#[derive(Clone, Debug)]
pub struct NewAccess {
    /// The body of the cases.
    pub tenant: TenantCode,
    /// The process.
    pub node: String,
    /// The officer who read.
    pub actor_id: String,
    /// The request.
    pub request_id: String,
    /// What was asked for.
    pub operation: &'static str,
    /// The cases, as JSON text.
    pub cases: String,
}

/// Appends a row to the chain of its tenant and node. Writers of one chain must share a root.
pub fn append(tx: &mut Tx<'_>, access: &NewAccess) -> Result<(), StoreError> {
    let last: Option<(i64, Vec<u8>)> = access_log::table
        .filter(access_log::tenant_id.eq(&access.tenant))
        .filter(access_log::node.eq(&access.node))
        .order(access_log::seq.desc())
        .select((access_log::seq, access_log::hash))
        .first(tx.read())
        .optional()?;
    let (seq, head) = last.unwrap_or((0, CHAIN_START.to_vec()));
    let prev: ChainHash = head
        .as_slice()
        .try_into()
        .map_err(|_| StoreError::Inconsistent(format!("access_log.hash of {} {seq}", access.node)))?;
    let mut row = AccessRow {
        tenant_id: access.tenant.clone(),
        node: access.node.clone(),
        seq: seq + 1,
        at: Micros(tx.now()),
        actor_id: access.actor_id.clone(),
        request_id: access.request_id.clone(),
        operation: access.operation.to_owned(),
        cases: access.cases.clone(),
        prev_hash: head,
        hash: Vec::new(),
    };
    row.hash = row.link(&prev).to_vec();
    diesel::insert_into(access_log::table).values(&row).execute(tx.change())?;
    Ok(())
}

/// A page of a tenant's rows, chain by chain; `after` is node and number of the last row of the page before.
pub fn page(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<(&str, i64)>,
    limit: i64,
) -> Result<Vec<AccessRow>, StoreError> {
    let mut query = access_log::table
        .filter(access_log::tenant_id.eq(tenant))
        .order((access_log::node, access_log::seq))
        .limit(limit)
        .select(AccessRow::as_select())
        .into_boxed();
    if let Some((node, seq)) = after {
        let later_node = access_log::node.gt(node.to_owned());
        let same_node = access_log::node.eq(node.to_owned()).and(access_log::seq.gt(seq));
        query = query.filter(later_node.or(same_node));
    }
    Ok(query.load(tx.read())?)
}
