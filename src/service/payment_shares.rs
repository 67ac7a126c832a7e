//! The shares of one act of paying (納付単位): one payment an invoice, of which the gateway knows the whole.
//!
//! Invariants: whatever is heard of the act moves all its shares in one transaction under the roots of all their cases; any
//! other payment is an act of one share, whose case is the only root.

use std::collections::{BTreeMap, BTreeSet};

use super::{Core, Failure, Refusal, dispute, refund_money};
use crate::domain::id::ApplicationId;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::{KnownOfShare, Payment, divided, whole_of};
use crate::store::applications::{self, ApplicationRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::{Reads, Root, StoreError, Tx};

/// The shares of an act with their cases; the first share leads.
#[derive(Debug)]
pub(super) struct Shares<'a> {
    /// The case that the caller holds.
    case: &'a mut ApplicationRow,
    other_cases: BTreeMap<ApplicationId, ApplicationRow>,
    rows: Vec<PaymentRow>,
}

impl<'a> Shares<'a> {
    /// The shares of the act that a payment belongs to. The caller holds the roots of all their cases.
    pub(super) fn of(
        tx: &mut impl Reads,
        case: &'a mut ApplicationRow,
        row: &PaymentRow,
    ) -> Result<Self, Failure> {
        let mut rows = payments::shares(tx, row)?;
        // What the caller knows of its own share and has not stored yet.
        if let Some(own) = rows.iter_mut().find(|share| share.id == row.id) {
            own.clone_from(row);
        }
        let mut other_cases = BTreeMap::new();
        for share in rows.iter().filter(|share| share.application_id != case.id) {
            let found = applications::find(tx, &share.tenant_id, share.application_id)?;
            other_cases.insert(share.application_id, found.ok_or(Refusal::NotFound)?);
        }
        Ok(Self { case, other_cases, rows })
    }

    /// The payments, the first in front.
    pub(super) fn rows(&self) -> &[PaymentRow] {
        &self.rows
    }

    /// A share with its case.
    pub(super) fn at(&mut self, index: usize) -> Option<(&mut ApplicationRow, &mut PaymentRow)> {
        let row = self.rows.get_mut(index)?;
        let case = if row.application_id == self.case.id {
            &mut *self.case
        } else {
            self.other_cases.get_mut(&row.application_id)?
        };
        Some((case, row))
    }

    /// The payment that they make together.
    pub(super) fn whole(&self) -> Result<Payment, Failure> {
        let whole = whole_of(&self.payments()?).map_err(out_of_range)?;
        whole.ok_or_else(|| StoreError::Inconsistent("an act of paying without a share".to_owned()).into())
    }

    /// The shares after the whole moved.
    pub(super) fn divided(&self, tx: &mut impl Reads, whole: &Payment) -> Result<Vec<Payment>, Failure> {
        if self.rows.len() == 1 {
            return Ok(vec![whole.clone()]);
        }
        let mut known = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let pulled_back = dispute::lost_of(tx, row)?;
            known.push(KnownOfShare { pulled_back, paid_by_hand: refund_money::paid_by_hand(tx, row)? });
        }
        divided(whole, &self.payments()?, &known).map_err(out_of_range)
    }

    /// The share of the caller as it stands now.
    pub(super) fn own(&self, known: &PaymentRow) -> PaymentRow {
        let own = self.rows.iter().find(|share| share.id == known.id);
        own.unwrap_or(known).clone()
    }

    fn payments(&self) -> Result<Vec<Payment>, StoreError> {
        self.rows.iter().map(PaymentRow::payment).collect()
    }
}

fn out_of_range(error: YenOutOfRange) -> Failure {
    Failure::Internal(error.to_string())
}

/// What went back of an act as a whole, by all that is known.
pub(super) fn refunded(tx: &mut impl Reads, row: &PaymentRow) -> Result<Yen, Failure> {
    let shares = payments::shares(tx, row)?;
    Yen::sum(shares.iter().map(|share| share.refunded)).map_err(out_of_range)
}

/// Writes under the roots of every case that an act of paying touches: which these are never changes.
pub(super) async fn write<T: Send + 'static>(
    core: &Core,
    row: &PaymentRow,
    f: impl Fn(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    if row.share_of.is_none() {
        return core.db.write(Root::Application(row.application_id), f).await;
    }
    let row = row.clone();
    let cases = core.db.read(move |tx| cases_of(tx, &row)).await?;
    write_cases(core, cases, f).await
}

/// The cases of an act of paying: which these are never changes.
pub(super) fn cases_of(tx: &mut impl Reads, row: &PaymentRow) -> Result<BTreeSet<ApplicationId>, Failure> {
    if row.share_of.is_none() {
        return Ok(BTreeSet::from([row.application_id]));
    }
    Ok(payments::shares(tx, row)?.iter().map(|share| share.application_id).collect())
}

/// Writes under the roots of some cases, in their order.
pub(super) async fn write_cases<T: Send + 'static>(
    core: &Core,
    cases: BTreeSet<ApplicationId>,
    f: impl Fn(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let mut roots: Vec<Root> = cases.into_iter().map(Root::Application).collect();
    match (roots.pop(), roots.is_empty()) {
        (Some(only), true) => core.db.write(only, f).await,
        (last, _) => {
            roots.extend(last);
            core.db.write_alone(roots, f).await
        }
    }
}
