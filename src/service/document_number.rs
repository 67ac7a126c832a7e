//! Document numbers (文書番号, R-120): given in the transaction of what they stand on, and checked for gaps.

use std::collections::{BTreeMap, BTreeSet};

use super::{Core, Failure};
use crate::domain::document_number::{Irregularity, Numbering, Series, irregularities};
use crate::domain::id::{DecisionId, TenantCode};
use crate::store::document_numbers::{self, DocumentNumberRow};
use crate::store::sql::Micros;
use crate::store::{StoreError, Tx, incoming_documents};

/// Gives a decision the next number of its sequence, and says how it is written.
///
/// The counter is locked until the transaction ends, so this stands last in a write that goes alone
/// ([`crate::store::Db::write_alone`]). Many seals at once draw in the order of their sequences: nobody waits in a circle.
pub fn assign(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    numbering: &Numbering,
    decision: DecisionId,
) -> Result<String, StoreError> {
    let number = document_numbers::next(tx, tenant, &numbering.series)?;
    let row = DocumentNumberRow {
        tenant_id: tenant.clone(),
        series: numbering.series.key.clone(),
        year: numbering.series.year,
        number,
        document_number: numbering.text(number),
        decision_id: decision,
        assigned_at: Micros(tx.now()),
    };
    document_numbers::insert(tx, &row)?;
    Ok(row.document_number)
}

/// How many numbers a body has given, and what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberReport {
    /// Numbers on documents.
    pub numbers: usize,
    /// Numbers of what came in.
    pub incoming: usize,
    /// Gaps, duplicates and numbers that nobody counted.
    pub irregularities: Vec<Irregularity>,
}

/// Holds every sequence of a body against its counter.
pub async fn check(core: &Core, tenant: &TenantCode) -> Result<NumberReport, Failure> {
    let body = tenant.clone();
    let read = core.db.read(move |tx| {
        let counters = document_numbers::counters(tx, &body)?;
        let given = document_numbers::given(tx, &body)?;
        Ok::<_, Failure>((counters, given, incoming_documents::given(tx, &body)?))
    });
    let (counters, given, came_in) = read.await?;
    let counted: BTreeMap<Series, i64> = counters.into_iter().collect();
    let (numbers, incoming) = (given.len(), came_in.len());
    let mut by_series: BTreeMap<Series, Vec<i64>> = BTreeMap::new();
    for (series, number) in given.into_iter().chain(came_in) {
        by_series.entry(series).or_default().push(number);
    }
    let all: BTreeSet<&Series> = counted.keys().chain(by_series.keys()).collect();
    let held = |series: &Series| {
        let last = counted.get(series).copied().unwrap_or(0);
        irregularities(series, last, by_series.get(series).cloned().unwrap_or_default())
    };
    Ok(NumberReport { numbers, incoming, irregularities: all.into_iter().flat_map(held).collect() })
}
