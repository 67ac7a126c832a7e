//! Sealing (記録の封印): a periodic checkpoint over every chain that grew, signed with a key outside the database.
//!
//! What is sealed lies before the instant at which the look began. An event may be committed a little later than its own
//! instant says, after that look: so each look begins [`OVERLAP`] before the end of the last one, and what is sealed
//! already is left out. Two nodes that seal at once cannot both win: the numbers of checkpoints have no gaps and no twins.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::{Core, Failure};
use crate::domain::audit::{CHAIN_START, ChainHash};
use crate::domain::checkpoint::{ChainName, Leaf, Statement, merkle_root, pack, unpack};
use crate::domain::id::TenantCode;
use crate::seal::Keyring;
use crate::store::checkpoints::{self, CheckpointRow, Grown, Position, Window};
use crate::store::sql::Micros;
use crate::store::{Reads, StoreError, Tx};

/// Kind of the periodic job.
pub const SEAL_CHECKPOINTS: &str = "seal_checkpoints";

/// How much later than its own instant a row may become visible: far longer than any statement or lock may take.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// Rows read in one go.
const PAGE: i64 = 1_000;

/// The most chains of one checkpoint: about half a megabyte. What is beyond goes into the next one, at once.
const MOST_LEAVES: usize = 10_000;

/// What came of a wish to seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// This many checkpoints were made; none when nothing had grown.
    Made(u32),
    /// Another node was faster; it or the next period seals what is left.
    Overtaken,
}

/// Seals every chain of a tenant that grew since its last checkpoint.
pub async fn seal(core: &Core, tenant: &TenantCode) -> Result<Sealed, Failure> {
    let mut look = Look::begin(core, tenant).await?;
    let mut made = 0;
    loop {
        let leaves = look.next_leaves(core, tenant).await?;
        // Without leaves there is still something to say when what was sealed is not yet covered by a finished look.
        if leaves.is_empty() && look.uncovered == Uncovered::Nothing {
            return Ok(Sealed::Made(made));
        }
        // Only the last one may say that everything before the look is sealed.
        let covered_until = if look.is_over() { look.window.until } else { look.covered_before };
        match append(core, tenant, look.newest.take(), leaves, covered_until).await? {
            Some(row) => {
                tracing::info!(tenant = %tenant, checkpoint = row.checkpoint_no, leaves = row.leaf_count,
                    hash = %data_encoding::HEXLOWER.encode(&row.hash), "sealed");
                look.newest = Some(row);
            }
            None => return Ok(Sealed::Overtaken),
        }
        made += 1;
        if look.is_over() {
            return Ok(Sealed::Made(made));
        }
    }
}

/// How far a table was looked through.
enum Progress<Name> {
    Begin,
    After(Position<Name>),
    End,
}

impl<Name: Clone> Progress<Name> {
    fn is_over(&self) -> bool {
        matches!(self, Self::End)
    }

    /// Where to go on.
    fn position(&self) -> Option<Position<Name>> {
        match self {
            Self::After(position) => Some(position.clone()),
            Self::Begin | Self::End => None,
        }
    }
}

/// Whether a look met rows after the end of the last full look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Uncovered {
    /// None.
    Nothing,
    /// Some; a row that a checkpoint must cover.
    Something,
}

/// A look through what grew.
struct Look {
    window: Window,
    /// The end of the last full look.
    covered_before: Timestamp,
    newest: Option<CheckpointRow>,
    /// The length of each chain that was sealed around the beginning of the window.
    sealed: HashMap<ChainName, i64>,
    events: Progress<crate::domain::id::ApplicationId>,
    access_logs: Progress<String>,
    uncovered: Uncovered,
}

impl Look {
    async fn begin(core: &Core, tenant: &TenantCode) -> Result<Self, Failure> {
        let wanted = tenant.clone();
        core.db
            .read(move |tx| {
                let newest = checkpoints::newest(tx, &wanted)?;
                let covered_before = newest.as_ref().map_or(Timestamp::UNIX_EPOCH, |row| row.covered_until.0);
                let from = covered_before.checked_sub(OVERLAP).unwrap_or(covered_before);
                let sealed = sealed_since(tx, &wanted, newest.as_ref(), from)?;
                let window = Window { from, until: Reads::now(tx) };
                let (events, access_logs) = (Progress::Begin, Progress::Begin);
                let uncovered = Uncovered::Nothing;
                Ok::<_, Failure>(Self {
                    window,
                    covered_before,
                    newest,
                    sealed,
                    events,
                    access_logs,
                    uncovered,
                })
            })
            .await
    }

    fn is_over(&self) -> bool {
        self.events.is_over() && self.access_logs.is_over()
    }

    /// The next chains that grew, at most [`MOST_LEAVES`] and a page; each page is a read transaction of its own.
    async fn next_leaves(&mut self, core: &Core, tenant: &TenantCode) -> Result<Vec<Leaf>, Failure> {
        let mut found = BTreeMap::new();
        while found.len() < MOST_LEAVES {
            let (tenant, window) = (tenant.clone(), self.window.clone());
            if !self.events.is_over() {
                let after = self.events.position();
                let page = core
                    .db
                    .read(move |tx| checkpoints::grown_events(tx, &tenant, &window, after.as_ref(), PAGE));
                self.events = self.take(&mut found, page.await?, ChainName::Events);
            } else if !self.access_logs.is_over() {
                let after = self.access_logs.position();
                let page = core.db.read(move |tx| {
                    checkpoints::grown_access_logs(tx, &tenant, &window, after.as_ref(), PAGE)
                });
                self.access_logs = self.take(&mut found, page.await?, ChainName::AccessLog);
            } else {
                break;
            }
        }
        let leaf = |(chain, (length, head))| Leaf { chain, length, head };
        Ok(found.into_iter().map(leaf).collect())
    }

    fn take<Name: Clone>(
        &mut self,
        found: &mut BTreeMap<ChainName, (i64, ChainHash)>,
        page: Vec<Grown<Name>>,
        chain_of: impl Fn(Name) -> ChainName,
    ) -> Progress<Name> {
        let last = page.last().map(|(position, _)| position.clone());
        // Pages come in the order of time.
        if last.as_ref().is_some_and(|position| position.at.0 >= self.covered_before) {
            self.uncovered = Uncovered::Something;
        }
        for (position, head) in page {
            let (chain, length) = (chain_of(position.name), position.seq);
            let known = self.sealed.get(&chain).copied().max(found.get(&chain).map(|(length, _)| *length));
            if known.is_none_or(|known| known < length) {
                found.insert(chain, (length, head));
            }
        }
        last.map_or(Progress::End, Progress::After)
    }
}

/// The chains in the checkpoints made at `from` or later, with the length that was sealed: a row recorded since then can
/// have been sealed by no other.
fn sealed_since(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    newest: Option<&CheckpointRow>,
    from: Timestamp,
) -> Result<HashMap<ChainName, i64>, StoreError> {
    let mut sealed = HashMap::new();
    let mut next = newest.cloned();
    while let Some(row) = next.filter(|row| row.made_at.0 >= from) {
        // Bytes that are no leaves leave nothing out; `audit verify` names them.
        for leaf in unpack(&row.leaves).unwrap_or_default() {
            let length = sealed.entry(leaf.chain).or_insert(leaf.length);
            *length = leaf.length.max(*length);
        }
        next = checkpoints::find(tx, tenant, row.checkpoint_no.saturating_sub(1))?;
    }
    Ok(sealed)
}

/// Signs and stores the checkpoint that follows `newest`, unless another one does already.
async fn append(
    core: &Core,
    tenant: &TenantCode,
    newest: Option<CheckpointRow>,
    leaves: Vec<Leaf>,
    covered_until: Timestamp,
) -> Result<Option<CheckpointRow>, Failure> {
    let (keys, tenant, root) = (core.keys.clone(), tenant.clone(), merkle_root(&leaves));
    let (before, prev_hash) = match newest {
        Some(row) => (row.checkpoint_no, row.hash),
        None => (0, CHAIN_START.to_vec()),
    };
    let prev_hash: ChainHash = prev_hash
        .try_into()
        .map_err(|_| Failure::Internal(format!("checkpoints.hash of {tenant} {before}")))?;
    core.db
        .write_alone(vec![], move |tx| {
            let found = checkpoints::newest(tx, &tenant)?.map_or(0, |row| row.checkpoint_no);
            if found != before {
                return Ok(None);
            }
            let row = sign(tx, &keys, &tenant, before + 1, &prev_hash, &leaves, &root, covered_until);
            checkpoints::insert(tx, &row)?;
            Ok::<_, Failure>(Some(row))
        })
        .await
}

#[expect(clippy::too_many_arguments, reason = "a statement is put together from everything it states")]
fn sign(
    tx: &Tx<'_>,
    keys: &Keyring,
    tenant: &TenantCode,
    checkpoint_no: i64,
    prev_hash: &ChainHash,
    leaves: &[Leaf],
    root: &ChainHash,
    covered_until: Timestamp,
) -> CheckpointRow {
    let signer = keys.checkpoints();
    let statement = Statement {
        tenant,
        checkpoint_no,
        prev_hash,
        covered_until,
        leaf_count: i64::try_from(leaves.len()).unwrap_or(i64::MAX),
        root,
        key_id: signer.key_id(),
        made_at: tx.now(),
    };
    CheckpointRow {
        tenant_id: tenant.clone(),
        checkpoint_no,
        covered_until: Micros(covered_until),
        leaf_count: statement.leaf_count,
        leaves: pack(leaves),
        root: root.to_vec(),
        prev_hash: prev_hash.to_vec(),
        hash: statement.hash().to_vec(),
        key_id: signer.key_id().to_owned(),
        signature: signer.sign(&statement.to_bytes()),
        made_at: Micros(statement.made_at),
    }
}
