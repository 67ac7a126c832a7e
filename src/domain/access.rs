//! The record of who read personal data (閲覧記録): chained like events, one chain a tenant and a node.

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;

use super::audit::{CHAIN_START, ChainHash};
use super::id::TenantCode;

/// What is hashed of one row of the access log.
#[derive(Clone, Debug)]
pub struct AccessRecord<'a> {
    /// The tenant of the cases.
    pub tenant: &'a TenantCode,
    /// The process that wrote it.
    pub node: &'a str,
    /// 1 for the first row of a chain, then without gaps.
    pub seq: i64,
    /// When, to the microsecond.
    pub at: Timestamp,
    /// The officer who read.
    pub actor: &'a str,
    /// The request in the log.
    pub request_id: &'a str,
    /// What was asked for, such as `queue`.
    pub operation: &'a str,
    /// The cases that were shown, as JSON text.
    pub cases: &'a str,
}

/// The hash of a row that follows `prev`; each field goes in with its length before it.
pub fn link(prev: &ChainHash, record: &AccessRecord<'_>) -> ChainHash {
    let mut context = Context::new(&SHA256);
    let mut put = |bytes: &[u8]| {
        context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(bytes);
    };
    put(prev);
    put(record.tenant.as_str().as_bytes());
    put(record.node.as_bytes());
    put(&record.seq.to_be_bytes());
    put(&record.at.as_microsecond().to_be_bytes());
    put(record.actor.as_bytes());
    put(record.request_id.as_bytes());
    put(record.operation.as_bytes());
    put(record.cases.as_bytes());
    let mut hash = CHAIN_START;
    for (slot, byte) in hash.iter_mut().zip(context.finish().as_ref()) {
        *slot = *byte;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_and_its_border_changes_the_hash() {
        let tenant = TenantCode::parse("020001").unwrap();
        let record = AccessRecord {
            tenant: &tenant,
            node: "n",
            seq: 1,
            at: Timestamp::UNIX_EPOCH,
            actor: "a",
            request_id: "r",
            operation: "queue",
            cases: "[]",
        };
        let base = link(&CHAIN_START, &record);
        assert_ne!(base, link(&[1; 32], &record));
        assert_ne!(base, link(&CHAIN_START, &AccessRecord { seq: 2, ..record.clone() }));
        assert_ne!(
            base,
            link(&CHAIN_START, &AccessRecord { operation: "queue[", cases: "]", ..record.clone() })
        );
        assert_ne!(base, link(&CHAIN_START, &AccessRecord { actor: "b", ..record }));
    }
}
