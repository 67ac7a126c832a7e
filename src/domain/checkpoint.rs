//! Checkpoints over the chains of a tenant (監査記録の封印): what is sealed, and in which bytes.
//!
//! A chain alone shows that a row in its middle was changed; whoever can write the database can still cut its end off, or
//! change a row and hash everything after it anew. A checkpoint fixes how long each chain was and what its head was:
//! the heads are the leaves of a Merkle tree (RFC 6962 §2.1), its root goes with the hash of the checkpoint before into a
//! statement that is signed with a key the database does not hold. Leaves carry no personal data.

use aws_lc_rs::digest::{Context, SHA256};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use jiff::Timestamp;
use sha2::Sha256;
use uuid::Uuid;

use super::audit::{CHAIN_START, ChainHash};
use super::id::{ApplicationId, TenantCode};

/// Which chain a leaf speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainName {
    /// The events of a case.
    Events(ApplicationId),
    /// The access log (閲覧記録) of a node.
    AccessLog(String),
}

/// A chain as it was: its length and the hash of its last row then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// The chain.
    pub chain: ChainName,
    /// Number of its last row, from 1.
    pub length: i64,
    /// Hash of that row.
    pub head: ChainHash,
}

const EVENTS: u8 = 1;
const ACCESS_LOG: u8 = 2;
/// The longest name of a node in bytes; one byte tells the length in a leaf.
pub const LONGEST_NODE_NAME: usize = 64;

impl Leaf {
    /// The bytes that are hashed and stored: kind, length of the name, name, length of the chain, head.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, name) = match &self.chain {
            ChainName::Events(case) => (EVENTS, case.0.as_bytes().as_slice()),
            ChainName::AccessLog(node) => (ACCESS_LOG, node.as_bytes()),
        };
        let mut bytes = vec![kind, u8::try_from(name.len()).unwrap_or(u8::MAX)];
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&self.length.to_be_bytes());
        bytes.extend_from_slice(&self.head);
        bytes
    }

    /// Reads the first leaf of `bytes` and gives what comes after it.
    fn split_off(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let ([kind, name_length], rest) = bytes.split_first_chunk::<2>()?;
        let (name, rest) = rest.split_at_checked(usize::from(*name_length))?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (head, rest) = rest.split_first_chunk::<32>()?;
        let chain = match *kind {
            EVENTS => ChainName::Events(ApplicationId(Uuid::from_slice(name).ok()?)),
            ACCESS_LOG => ChainName::AccessLog(String::from_utf8(name.to_vec()).ok()?),
            _ => return None,
        };
        Some((Self { chain, length: i64::from_be_bytes(*length), head: *head }, rest))
    }
}

/// The leaves one after the other, as they are stored.
pub fn pack(leaves: &[Leaf]) -> Vec<u8> {
    leaves.iter().flat_map(Leaf::to_bytes).collect()
}

/// The leaves of stored bytes; `None` when the bytes are no whole number of leaves.
pub fn unpack(mut bytes: &[u8]) -> Option<Vec<Leaf>> {
    let mut leaves = Vec::new();
    while !bytes.is_empty() {
        let (leaf, rest) = Leaf::split_off(bytes)?;
        leaves.push(leaf);
        bytes = rest;
    }
    Some(leaves)
}

/// The root of the Merkle tree over the leaves (RFC 6962 §2.1).
pub fn merkle_root(leaves: &[Leaf]) -> ChainHash {
    root_of(leaves.iter().map(Leaf::to_bytes))
}

fn root_of(leaves: impl IntoIterator<Item = Vec<u8>>) -> ChainHash {
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for leaf in leaves {
        tree.push(leaf);
    }
    copied(tree.root().as_bytes())
}

/// What a checkpoint states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The tenant.
    pub tenant: &'a TenantCode,
    /// 1 for the tenant's first checkpoint, then without gaps.
    pub checkpoint_no: i64,
    /// Hash of the checkpoint before, [`CHAIN_START`] for the first.
    pub prev_hash: &'a ChainHash,
    /// What was recorded before this instant is sealed, by this checkpoint or an earlier one.
    pub covered_until: Timestamp,
    /// How many leaves there are.
    pub leaf_count: i64,
    /// The root over the leaves.
    pub root: &'a ChainHash,
    /// The key that signs.
    pub key_id: &'a str,
    /// When it was made.
    pub made_at: Timestamp,
}

impl Statement<'_> {
    /// The bytes that are signed: each field with its length before it, so that no two statements give the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |field: &[u8]| {
            bytes.extend_from_slice(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(field);
        };
        put(b"madoguchi checkpoint v1");
        put(self.tenant.as_str().as_bytes());
        put(&self.checkpoint_no.to_be_bytes());
        put(self.prev_hash);
        put(&self.covered_until.as_microsecond().to_be_bytes());
        put(&self.leaf_count.to_be_bytes());
        put(self.root);
        put(self.key_id.as_bytes());
        put(&self.made_at.as_microsecond().to_be_bytes());
        bytes
    }

    /// The hash that the next checkpoint carries.
    pub fn hash(&self) -> ChainHash {
        let mut context = Context::new(&SHA256);
        context.update(&self.to_bytes());
        copied(context.finish().as_ref())
    }
}

fn copied(bytes: &[u8]) -> ChainHash {
    let mut hash = CHAIN_START;
    for (slot, byte) in hash.iter_mut().zip(bytes) {
        *slot = *byte;
    }
    hash
}

#[cfg(test)]
mod tests;
