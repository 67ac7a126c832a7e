//! Checking the chains: every event of every case, and every row of the access log, hashed anew; then every checkpoint, and
//! every chain against what was sealed of it.

use jiff::Timestamp;

use super::audit_checkpoints::{self, Witness};
use super::{Core, Failure};
use crate::domain::audit::{CHAIN_START, ChainHash, EventRecord, link};
use crate::domain::id::{ApplicationId, TenantCode};
use crate::store::access_log::{self, AccessRow};
use crate::store::applications::ApplicationRow;
use crate::store::audit_pages;
use crate::store::events::{self, EventRow};

/// Whether a chain is what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Every link fits, and the head is the case's.
    Intact,
    /// Something was changed, removed or added.
    Broken {
        /// Number of the first event that does not fit; one past the last when the end is missing.
        seq: i64,
    },
}

impl Chain {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Broken { .. } => "broken",
        }
    }
}

/// Hashes the events of a case anew and holds them against the head that the case keeps.
pub fn verify_case(case: &ApplicationRow, rows: &[EventRow]) -> Chain {
    let mut head = CHAIN_START;
    for (expected, row) in (1_i64..).zip(rows) {
        let record = EventRecord {
            tenant: &case.tenant_id,
            application: case.id,
            seq: expected,
            kind: &row.kind,
            actor: (&row.actor_kind, &row.actor_id),
            at: row.at.0,
            facts: &row.facts,
            sealed_detail: row.sealed_detail.as_deref(),
        };
        let hash = link(&head, &record);
        if row.seq != expected || row.prev_hash != head || row.hash != hash {
            return Chain::Broken { seq: expected };
        }
        head = hash;
    }
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if case.event_count == count && case.event_head == head {
        Chain::Intact
    } else {
        Chain::Broken { seq: count.saturating_add(1) }
    }
}

/// A chain that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokenChain {
    /// The events of a case.
    Case {
        /// The case.
        application: ApplicationId,
        /// First event that does not fit.
        seq: i64,
    },
    /// A node's access log.
    AccessLog {
        /// The node.
        node: String,
        /// First row that does not fit.
        seq: i64,
    },
    /// The events of a case are not those that were sealed.
    SealedCase {
        /// The case.
        application: ApplicationId,
        /// The event that was sealed; it or one before it was touched.
        seq: i64,
        /// The checkpoint that says so.
        checkpoint_no: i64,
        /// What was done.
        touched: Touched,
    },
    /// A node's access log is not the one that was sealed.
    SealedAccessLog {
        /// The node.
        node: String,
        /// The row that was sealed; it or one before it was touched.
        seq: i64,
        /// The checkpoint that says so.
        checkpoint_no: i64,
        /// What was done.
        touched: Touched,
    },
    /// A checkpoint does not hold.
    Checkpoint {
        /// Its number.
        checkpoint_no: i64,
        /// What is wrong with it.
        fault: CheckpointFault,
    },
    /// Rows that ought to be sealed are not: sealing has stopped, or the newest checkpoints were removed.
    NotSealed {
        /// The instant of the oldest of them.
        since: Timestamp,
    },
}

/// What was done to a sealed chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// The sealed row is gone.
    Cut,
    /// The sealed row is another one, even if it and all after it were hashed anew.
    Rewritten,
}

/// What is wrong with a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointFault {
    /// There is none of this number, and perhaps of others after it.
    Missing,
    /// It does not follow from the one before it.
    NotLinked,
    /// Its content is not what it was hashed from.
    Altered,
    /// The signature is not one of this installation's key over its content.
    NotSigned,
    /// It is not the one that a witness noted.
    NotAsWitnessed,
}

/// What a check of a tenant found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Cases checked.
    pub cases: u64,
    /// Events hashed.
    pub events: u64,
    /// Rows of the access log hashed.
    pub access_rows: u64,
    /// Checkpoints checked.
    pub checkpoints: u64,
    /// Number and hash of the newest checkpoint, for a witness to note.
    pub newest_checkpoint: Option<(i64, ChainHash)>,
    /// Every chain that does not hold.
    pub broken: Vec<BrokenChain>,
}

/// Rows read in one go.
const PAGE: i64 = 200;

/// Checks all chains and checkpoints of a tenant, page by page, each page in a read transaction of its own.
///
/// Whoever can write the database could also remove its newest checkpoints. `witnesses` are checkpoints that somebody
/// noted elsewhere: they must still be there.
pub async fn verify(core: &Core, tenant: &TenantCode, witnesses: &[Witness]) -> Result<AuditReport, Failure> {
    let mut report = AuditReport::default();
    let mut after = None;
    loop {
        let wanted = tenant.clone();
        let page = core.db.read(move |tx| {
            let cases = audit_pages::cases(tx, &wanted, after, PAGE)?;
            let mut found = Vec::with_capacity(cases.len());
            for case in cases {
                let rows = events::of_case(tx, &wanted, case.id)?;
                found.push((case.id, rows.len(), verify_case(&case, &rows)));
            }
            Ok::<_, Failure>(found)
        });
        let page = page.await?;
        let Some((last, _, _)) = page.last() else { break };
        after = Some(*last);
        for (application, count, chain) in page {
            report.cases += 1;
            report.events += u64::try_from(count).unwrap_or(0);
            if let Chain::Broken { seq } = chain {
                report.broken.push(BrokenChain::Case { application, seq });
            }
        }
    }
    verify_access_log(core, tenant, &mut report).await?;
    audit_checkpoints::verify(core, tenant, witnesses, &mut report).await?;
    Ok(report)
}

async fn verify_access_log(
    core: &Core,
    tenant: &TenantCode,
    report: &mut AuditReport,
) -> Result<(), Failure> {
    let mut state: Option<AccessCheck> = None;
    loop {
        let (wanted, after) = (tenant.clone(), state.as_ref().map(|check| (check.node.clone(), check.seq)));
        let page = core.db.read(move |tx| {
            let after = after.as_ref().map(|(node, seq)| (node.as_str(), *seq));
            Ok::<_, Failure>(access_log::page(tx, &wanted, after, PAGE)?)
        });
        let page = page.await?;
        if page.is_empty() {
            return Ok(());
        }
        for row in page {
            report.access_rows += 1;
            let check = match state.take() {
                Some(check) if check.node == row.node => check,
                _ => AccessCheck { node: row.node.clone(), seq: 0, head: CHAIN_START, fits: true },
            };
            state = Some(check.follow(&row, &mut report.broken));
        }
    }
}

/// How far the chain of one node was followed.
struct AccessCheck {
    node: String,
    seq: i64,
    head: ChainHash,
    /// False after the first break, which is reported once.
    fits: bool,
}

impl AccessCheck {
    fn follow(mut self, row: &AccessRow, broken: &mut Vec<BrokenChain>) -> Self {
        let hash = row.link(&self.head);
        let expected = self.seq.saturating_add(1);
        if self.fits && (row.seq != expected || row.prev_hash != self.head || row.hash != hash) {
            self.fits = false;
            broken.push(BrokenChain::AccessLog { node: self.node.clone(), seq: expected });
        }
        self.seq = row.seq;
        self.head = hash;
        self
    }
}
