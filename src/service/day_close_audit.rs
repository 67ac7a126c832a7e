//! Checking the closed days: each follows from the one before, is signed, was agreed to by somebody else, and still says
//! what the ledger holds.

use jiff::civil::Date;

use super::day_close::totals;
use super::{Core, Failure};
use crate::domain::audit::CHAIN_START;
use crate::domain::day_close::{self, CloseStatement, confirmation_bytes, signed_bytes};
use crate::domain::id::TenantCode;
use crate::seal::signer::{SignatureCheck, StatementSigner};
use crate::store::day_closes::{self, Closed};

/// Closes read in one go.
const PAGE: i64 = 50;

/// What is wrong with a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseFault {
    /// One before it is missing.
    Missing,
    /// It does not follow from the one before.
    NotLinked,
    /// Its statement was changed, or its columns say something else.
    Rewritten,
    /// It was not signed by this installation.
    NotSigned,
    /// The agreement to it was not signed by this installation.
    ConfirmationNotSigned,
    /// The entries of the ledger are not those that were closed.
    EntriesDiffer,
    /// The sums are not those of the entries.
    TotalsDiffer,
}

/// The closes of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloseReport {
    /// How many were read.
    pub closes: u64,
    /// Everything that does not hold.
    pub broken: Vec<(Date, CloseFault)>,
}

/// Checks all closes of a body.
pub async fn verify(core: &Core, tenant: &TenantCode) -> Result<CloseReport, Failure> {
    let mut report = CloseReport::default();
    let (mut after, mut prev_hash) = (0, CHAIN_START.to_vec());
    loop {
        let of = tenant.clone();
        let page = core.db.read(move |tx| day_closes::after(tx, &of, after, PAGE)).await?;
        if page.is_empty() {
            return Ok(report);
        }
        for closed in page {
            report.closes += 1;
            let (row, day) = (&closed.0, closed.0.day.0);
            let mut faults = of_row(core.keys.checkpoints(), &closed);
            if row.close_no != after + 1 {
                faults.push(CloseFault::Missing);
            } else if row.prev_hash != prev_hash {
                faults.push(CloseFault::NotLinked);
            }
            if let Ok(statement) = serde_json::from_str(&row.statement) {
                faults.extend(of_ledger(core, tenant, statement).await?);
            }
            (after, prev_hash) = (row.close_no, row.hash.clone());
            report.broken.extend(faults.into_iter().map(|fault| (day, fault)));
        }
    }
}

/// What a close by itself shows to be wrong.
fn of_row(signer: &StatementSigner, (row, confirmation): &Closed) -> Vec<CloseFault> {
    let mut faults = Vec::new();
    let says = serde_json::from_str::<CloseStatement>(&row.statement).ok();
    let same = says.is_some_and(|says| {
        let columns = (row.day.0, row.close_no, row.closed_by.to_string(), row.closed_at.0);
        let hash = data_encoding::HEXLOWER.encode(&row.prev_hash);
        (says.day, says.close_no, says.closed_by.clone(), says.closed_at) == columns
            && (&says.tenant, &says.prev_hash, &says.key_id) == (&row.tenant_id, &hash, &row.key_id)
            && says.to_json() == row.statement
    });
    if !same || row.hash != day_close::hash(&row.statement) {
        faults.push(CloseFault::Rewritten);
    }
    let holds = |key_id: &str, bytes: &[u8], signature: &[u8]| {
        key_id == signer.key_id() && signer.check(bytes, signature) == SignatureCheck::Valid
    };
    if !holds(&row.key_id, &signed_bytes(&row.statement), &row.signature) {
        faults.push(CloseFault::NotSigned);
    }
    if let Some(agreed) = confirmation {
        let by = agreed.confirmed_by.to_string();
        let bytes = confirmation_bytes(&row.hash, &by, agreed.confirmed_at.0);
        if agreed.confirmed_by == row.closed_by || !holds(&agreed.key_id, &bytes, &agreed.signature) {
            faults.push(CloseFault::ConfirmationNotSigned);
        }
    }
    faults
}

/// Whether the ledger still holds what was closed.
async fn of_ledger(
    core: &Core,
    tenant: &TenantCode,
    says: CloseStatement,
) -> Result<Option<CloseFault>, Failure> {
    let (of, span) = (tenant.clone(), (says.recorded_from, says.recorded_until));
    let (rows, count, hash) =
        core.db.read(move |tx| Ok::<_, Failure>(totals(tx, &of, span)?.finish())).await?;
    Ok(match (count == says.entry_count && hash == says.entries_sha256, rows == says.rows) {
        (false, _) => Some(CloseFault::EntriesDiffer),
        (true, false) => Some(CloseFault::TotalsDiffer),
        (true, true) => None,
    })
}
