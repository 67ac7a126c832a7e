//! Tests of leaves, roots and statements.

use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;

fn sha256(parts: &[&[u8]]) -> ChainHash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    copied(context.finish().as_ref())
}

#[test]
fn the_root_is_the_one_of_rfc_6962() {
    // The published values of Certificate Transparency for no leaf and for one empty leaf.
    let hex = |root: ChainHash| HEXLOWER.encode(&root);
    assert_eq!(hex(root_of([])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(hex(root_of([vec![]])), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    let leaf = |byte: u8| sha256(&[&[0], &[byte]]);
    let left = sha256(&[&[1], &leaf(1), &leaf(2)]);
    assert_eq!(root_of([vec![1], vec![2], vec![3]]), sha256(&[&[1], &left, &leaf(3)]));
}

#[test]
fn every_field_of_a_statement_changes_its_hash() {
    let (tenant, other) = (TenantCode::parse("020001").unwrap(), TenantCode::parse("022012").unwrap());
    let base = Statement {
        tenant: &tenant,
        checkpoint_no: 1,
        prev_hash: &CHAIN_START,
        covered_until: Timestamp::UNIX_EPOCH,
        leaf_count: 1,
        root: &CHAIN_START,
        key_id: "k",
        made_at: Timestamp::UNIX_EPOCH,
    };
    let later = Timestamp::from_second(1).unwrap();
    let changed = [
        Statement { tenant: &other, ..base.clone() },
        Statement { checkpoint_no: 2, ..base.clone() },
        Statement { prev_hash: &[1; 32], ..base.clone() },
        Statement { covered_until: later, ..base.clone() },
        Statement { leaf_count: 2, ..base.clone() },
        Statement { root: &[1; 32], ..base.clone() },
        Statement { key_id: "l", ..base.clone() },
        Statement { made_at: later, ..base.clone() },
    ];
    let mut hashes: Vec<_> = changed.iter().map(Statement::hash).collect();
    hashes.push(base.hash());
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 9);
}

fn leaves() -> impl Strategy<Value = Vec<Leaf>> {
    let chain = prop_oneof![
        any::<u128>().prop_map(|id| ChainName::Events(ApplicationId(Uuid::from_u128(id)))),
        "[a-z0-9-]{1,64}".prop_map(ChainName::AccessLog),
    ];
    let leaf = (chain, any::<i64>(), any::<ChainHash>());
    proptest::collection::vec(leaf.prop_map(|(chain, length, head)| Leaf { chain, length, head }), 0..20)
}

proptest! {
    #[test]
    fn leaves_are_read_as_they_were_written(leaves in leaves()) {
        prop_assert_eq!(unpack(&pack(&leaves)), Some(leaves));
    }

    #[test]
    fn other_bytes_are_other_leaves_or_none(leaves in leaves(), at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let mut bytes = pack(&leaves);
        prop_assume!(!bytes.is_empty());
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_ne!(unpack(&bytes), Some(leaves));
    }

    #[test]
    fn any_bytes_are_leaves_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Some(leaves) = unpack(&bytes) {
            prop_assert_eq!(pack(&leaves), bytes);
        }
    }
}
