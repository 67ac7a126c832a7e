//! Checking the checkpoints: each follows from the one before, is signed, and every chain still is what it sealed.

use std::collections::HashSet;

use jiff::SignedDuration;

use super::audit::{AuditReport, BrokenChain, CheckpointFault, Touched};
use super::{Core, Failure};
use crate::domain::audit::{CHAIN_START, ChainHash};
use crate::domain::checkpoint::{ChainName, Leaf, Statement, merkle_root, unpack};
use crate::domain::id::TenantCode;
use crate::seal::signer::{SignatureCheck, StatementSigner};
use crate::store::Reads;
use crate::store::checkpoints::{self, CheckpointRow, Window};

/// Checkpoints read in one go; each may have half a megabyte of leaves.
const PAGE: i64 = 10;

/// Leaves looked up in one go.
const LEAVES_AT_ONCE: usize = 200;

/// Sealing may be late by this many periods before it counts as stopped.
const LATE_PERIODS: i64 = 3;

/// A checkpoint that somebody noted outside the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its number.
    pub checkpoint_no: i64,
    /// Its hash.
    pub hash: ChainHash,
}

/// Checks all checkpoints of a tenant and every chain against them, and adds what it finds to `report`.
pub(super) async fn verify(
    core: &Core,
    tenant: &TenantCode,
    witnesses: &[Witness],
    report: &mut AuditReport,
) -> Result<(), Failure> {
    let mut walk = Walk { after: 0, prev_hash: Some(CHAIN_START), touched: HashSet::new() };
    let mut newest: Option<CheckpointRow> = None;
    loop {
        let (wanted, after) = (tenant.clone(), walk.after);
        let page = core.db.read(move |tx| checkpoints::page(tx, &wanted, after, PAGE)).await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            walk.step(core.keys.checkpoints(), &row, witnesses, report);
            if let Some(leaves) = sound_leaves(&row) {
                walk.compare(core, tenant, row.checkpoint_no, &leaves, report).await?;
            }
            newest = Some(row);
        }
    }
    for witness in witnesses.iter().filter(|witness| witness.checkpoint_no > walk.after) {
        let fault = CheckpointFault::Missing;
        report.broken.push(BrokenChain::Checkpoint { checkpoint_no: witness.checkpoint_no, fault });
    }
    report.newest_checkpoint =
        newest.as_ref().and_then(|row| Some((row.checkpoint_no, row.hash.as_slice().try_into().ok()?)));
    find_unsealed(core, tenant, newest.as_ref(), report).await
}

/// How far the checkpoints were followed.
struct Walk {
    /// The number of the last one.
    after: i64,
    /// What the next one must carry; unknown after a gap.
    prev_hash: Option<ChainHash>,
    /// Chains that were reported: the first checkpoint that does not fit says enough.
    touched: HashSet<ChainName>,
}

impl Walk {
    /// Holds one checkpoint against the one before it, its own content and the signature.
    fn step(
        &mut self,
        signer: &StatementSigner,
        row: &CheckpointRow,
        witnesses: &[Witness],
        report: &mut AuditReport,
    ) {
        report.checkpoints += 1;
        let mut found =
            |checkpoint_no, fault| report.broken.push(BrokenChain::Checkpoint { checkpoint_no, fault });
        let number = row.checkpoint_no;
        let expected = self.after.saturating_add(1);
        if number != expected {
            // However many are missing, the first of them says enough.
            found(expected, CheckpointFault::Missing);
            self.prev_hash = None;
        }
        if self.prev_hash.is_some_and(|hash| row.prev_hash != hash) {
            found(number, CheckpointFault::NotLinked);
        }
        let statement = statement(row);
        let hashed = statement.as_ref().is_some_and(|statement| row.hash == statement.hash());
        if !hashed || sound_leaves(row).is_none() {
            found(number, CheckpointFault::Altered);
        }
        let checked = statement.map(|statement| signer.check(&statement.to_bytes(), &row.signature));
        if checked != Some(SignatureCheck::Valid) {
            found(number, CheckpointFault::NotSigned);
        }
        if witnesses.iter().any(|witness| witness.checkpoint_no == number && row.hash != witness.hash) {
            found(number, CheckpointFault::NotAsWitnessed);
        }
        self.after = number;
        self.prev_hash = row.hash.as_slice().try_into().ok();
    }

    /// Holds the present rows against sealed leaves.
    async fn compare(
        &mut self,
        core: &Core,
        tenant: &TenantCode,
        checkpoint_no: i64,
        leaves: &[Leaf],
        report: &mut AuditReport,
    ) -> Result<(), Failure> {
        for some in leaves.chunks(LEAVES_AT_ONCE) {
            let (wanted, asked) = (tenant.clone(), some.to_vec());
            let present = core.db.read(move |tx| checkpoints::present_heads(tx, &wanted, &asked)).await?;
            for leaf in some {
                let touched = match present.get(&(leaf.chain.clone(), leaf.length)) {
                    None => Touched::Cut,
                    Some(hash) if *hash == leaf.head => continue,
                    Some(_) => Touched::Rewritten,
                };
                if self.touched.insert(leaf.chain.clone()) {
                    report.broken.push(broken(leaf, checkpoint_no, touched));
                }
            }
        }
        Ok(())
    }
}

fn broken(leaf: &Leaf, checkpoint_no: i64, touched: Touched) -> BrokenChain {
    let seq = leaf.length;
    match leaf.chain.clone() {
        ChainName::Events(application) => {
            BrokenChain::SealedCase { application, seq, checkpoint_no, touched }
        }
        ChainName::AccessLog(node) => BrokenChain::SealedAccessLog { node, seq, checkpoint_no, touched },
    }
}

/// What the columns state; `None` when a hash has not 32 bytes.
fn statement(row: &CheckpointRow) -> Option<Statement<'_>> {
    Some(Statement {
        tenant: &row.tenant_id,
        checkpoint_no: row.checkpoint_no,
        prev_hash: row.prev_hash.as_slice().try_into().ok()?,
        covered_until: row.covered_until.0,
        leaf_count: row.leaf_count,
        root: row.root.as_slice().try_into().ok()?,
        key_id: &row.key_id,
        made_at: row.made_at.0,
    })
}

/// The leaves, when they are those of the root.
fn sound_leaves(row: &CheckpointRow) -> Option<Vec<Leaf>> {
    let leaves = unpack(&row.leaves)?;
    let counted = i64::try_from(leaves.len()).is_ok_and(|count| count == row.leaf_count);
    (counted && row.root == merkle_root(&leaves)).then_some(leaves)
}

/// Finds rows that the newest checkpoint ought to cover and does not.
async fn find_unsealed(
    core: &Core,
    tenant: &TenantCode,
    newest: Option<&CheckpointRow>,
    report: &mut AuditReport,
) -> Result<(), Failure> {
    let covered = newest.map_or(jiff::Timestamp::UNIX_EPOCH, |row| row.covered_until.0);
    let late = SignedDuration::from_mins(core.settings.audit.checkpoint_minutes.saturating_mul(LATE_PERIODS));
    let wanted = tenant.clone();
    let oldest = core.db.read(move |tx| {
        let now = Reads::now(tx);
        let window = Window { from: covered, until: now.checked_sub(late).unwrap_or(now) };
        checkpoints::oldest(tx, &wanted, &window)
    });
    if let Some(since) = oldest.await? {
        report.broken.push(BrokenChain::NotSealed { since });
    }
    Ok(())
}
