//! The event chain of a case: each event carries the hash of the one before it.
//!
//! Only ciphertext and facts that name nobody are hashed, so destroying a case's key leaves its chain verifiable.

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;

use super::id::{ApplicationId, TenantCode};

/// A link of a chain: 32 bytes.
pub type ChainHash = [u8; 32];

/// Where every chain begins.
pub const CHAIN_START: ChainHash = [0; 32];

/// Who acted: an account, an officer, a gateway or the system itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventActor {
    /// `applicant`, `officer`, `gateway` or `system`.
    pub kind: &'static str,
    /// The actor's id, or the name of the gateway or job.
    pub id: String,
}

/// What is hashed of one event.
#[derive(Clone, Debug)]
pub struct EventRecord<'a> {
    /// The tenant of the case.
    pub tenant: &'a TenantCode,
    /// The case.
    pub application: ApplicationId,
    /// 1 for the first event of a case, then without gaps.
    pub seq: i64,
    /// What happened.
    pub kind: &'a str,
    /// Who did it, kind and id.
    pub actor: (&'a str, &'a str),
    /// When, to the microsecond.
    pub at: Timestamp,
    /// Facts without personal data, as JSON text.
    pub facts: &'a str,
    /// Ciphertext of what is personal, if anything.
    pub sealed_detail: Option<&'a [u8]>,
}

/// The hash of an event that follows `prev`.
///
/// Each field goes in with its length before it, so that no two different records give the same bytes.
pub fn link(prev: &ChainHash, event: &EventRecord<'_>) -> ChainHash {
    let mut context = Context::new(&SHA256);
    let mut put = |bytes: &[u8]| {
        context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(bytes);
    };
    put(prev);
    put(event.tenant.as_str().as_bytes());
    put(event.application.0.as_bytes());
    put(&event.seq.to_be_bytes());
    put(event.kind.as_bytes());
    put(event.actor.0.as_bytes());
    put(event.actor.1.as_bytes());
    put(&event.at.as_microsecond().to_be_bytes());
    put(event.facts.as_bytes());
    match event.sealed_detail {
        Some(detail) => put(detail),
        None => put(b""),
    }
    let mut hash = CHAIN_START;
    for (slot, byte) in hash.iter_mut().zip(context.finish().as_ref()) {
        *slot = *byte;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record<'a>(tenant: &'a TenantCode, kind: &'a str, facts: &'a str) -> EventRecord<'a> {
        EventRecord {
            tenant,
            application: ApplicationId(uuid::Uuid::nil()),
            seq: 1,
            kind,
            actor: ("applicant", "a"),
            at: Timestamp::UNIX_EPOCH,
            facts,
            sealed_detail: None,
        }
    }

    #[test]
    fn every_field_and_its_border_changes_the_hash() {
        let tenant = TenantCode::parse("020001").unwrap();
        let base = link(&CHAIN_START, &record(&tenant, "submitted", "{}"));
        assert_ne!(base, link(&[1; 32], &record(&tenant, "submitted", "{}")));
        assert_ne!(base, link(&CHAIN_START, &record(&tenant, "submitted{", "}")));
        assert_ne!(base, link(&CHAIN_START, &EventRecord { seq: 2, ..record(&tenant, "submitted", "{}") }));
        let detail: &[u8] = b"x";
        let sealed = EventRecord { sealed_detail: Some(detail), ..record(&tenant, "submitted", "{}") };
        assert_ne!(base, link(&CHAIN_START, &sealed));
    }
}
