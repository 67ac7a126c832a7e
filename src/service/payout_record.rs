//! What one record of a transfer file pays: a refund with its interest, or the interest alone where the refund goes another way.

use super::refund_interest_standing::{self, OwnTransfer};
use super::refund_money::{self, MoneyStanding};
use super::{Core, Failure, Refusal, refund_payee, refund_standing};
use crate::domain::audit::EventActor;
use crate::domain::id::{PayoutId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::refund::{InterestState, RefundCommand};
use crate::store::applications::{self, ApplicationRow};
use crate::store::refunds::{self, RefundRow};
use crate::store::{Reads, Tx};

/// The most records of one file.
pub(super) const MOST: i64 = 1_000;

/// A record of a transfer file.
#[derive(Clone, Debug)]
pub(super) enum PayoutRecord {
    /// A refund by bank transfer, with its interest.
    Refund(RefundRow),
    /// The interest of a refund that goes back through its gateway or settles another debt.
    Interest(RefundRow),
}

impl PayoutRecord {
    /// The refund that it is about: of each a file has one record at most.
    pub(super) fn row(&self) -> &RefundRow {
        match self {
            Self::Refund(row) | Self::Interest(row) => row,
        }
    }

    /// What the bank is asked to pay.
    pub(super) fn amount(&self) -> Result<Yen, Failure> {
        let interest = match self.row().interest_to_pay()? {
            Some((interest, InterestState::Due | InterestState::Sent)) => interest,
            _ => Yen::ZERO,
        };
        match self {
            Self::Refund(row) => {
                row.amount.plus(interest).map_err(|error| Failure::Internal(error.to_string()))
            }
            Self::Interest(_) => Ok(interest),
        }
    }

    /// Puts it into a file.
    pub(super) fn send(
        self,
        tx: &mut Tx<'_>,
        core: &Core,
        file: PayoutId,
        by: EventActor,
    ) -> Result<(), Failure> {
        match self {
            Self::Refund(mut row) => {
                row.payout_id = Some(file);
                move_refund(tx, core, &mut row, RefundCommand::SendPayout, by)
            }
            Self::Interest(mut row) => move_interest(tx, &mut row, OwnTransfer::Send(file), by),
        }
    }

    /// Takes the bank's word that it was paid.
    pub(super) fn confirm(self, tx: &mut Tx<'_>, core: &Core, by: EventActor) -> Result<(), Failure> {
        match self {
            Self::Refund(mut row) => move_refund(tx, core, &mut row, RefundCommand::ConfirmPayout, by),
            Self::Interest(mut row) => move_interest(tx, &mut row, OwnTransfer::Confirm, by),
        }
    }

    /// Takes the bank's word that it could not be paid out of this file: the account was wrong, and must be given anew.
    pub(super) fn give_back(
        self,
        tx: &mut Tx<'_>,
        core: &Core,
        file: PayoutId,
        by: EventActor,
    ) -> Result<(), Failure> {
        match self {
            Self::Refund(mut row) => {
                row.payout_id = None;
                row.sealed_payee = None;
                refund_payee::ask_again(tx, &row, file)?;
                move_refund(tx, core, &mut row, RefundCommand::ReturnPayout, by)
            }
            Self::Interest(mut row) => {
                row.sealed_payee = None;
                move_interest(tx, &mut row, OwnTransfer::Return, by)?;
                // With a refund that came to nothing the interest did too: nothing is left to pay.
                match row.interest_to_pay()? {
                    Some((_, InterestState::Due)) => refund_payee::ask_again(tx, &row, file),
                    _ => refund_payee::not_needed(tx, &row),
                }
            }
        }
    }
}

/// What can go into a file: due, with a payee, with money that nobody pulled back since, and of interest alone only that of
/// money that is back or settled another debt.
pub(super) fn ready(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Vec<PayoutRecord>, Failure> {
    let mut ready = Vec::new();
    for row in refunds::payable_by_transfer(tx, tenant, MOST)? {
        if refund_money::standing(tx, &row)? == MoneyStanding::Held {
            ready.push(PayoutRecord::Refund(row));
        }
    }
    for row in refunds::interest_payable(tx, tenant, MOST)? {
        if row.refund()?.state.is_paid() {
            ready.push(PayoutRecord::Interest(row));
        }
    }
    ready.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
    Ok(ready)
}

/// What a file asks the bank to pay.
pub(super) fn of_payout(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PayoutId,
) -> Result<Vec<PayoutRecord>, Failure> {
    let whole = refunds::of_payout(tx, tenant, id)?.into_iter().map(PayoutRecord::Refund);
    let interest = refunds::interest_of_payout(tx, tenant, id)?.into_iter().map(PayoutRecord::Interest);
    Ok(whole.chain(interest).collect())
}

/// The case of a refund.
pub(super) fn case_of(tx: &mut impl Reads, row: &RefundRow) -> Result<ApplicationRow, Failure> {
    Ok(applications::find(tx, &row.tenant_id, row.application_id)?.ok_or(Refusal::NotFound)?)
}

/// Takes a step of a refund with its case.
pub(super) fn move_refund(
    tx: &mut Tx<'_>,
    core: &Core,
    row: &mut RefundRow,
    command: RefundCommand,
    actor: EventActor,
) -> Result<(), Failure> {
    let mut case = case_of(tx, row)?;
    refund_standing::step(tx, core, &mut case, row, command, actor)?;
    Ok(applications::update(tx, &mut case)?)
}

fn move_interest(
    tx: &mut Tx<'_>,
    row: &mut RefundRow,
    what: OwnTransfer,
    actor: EventActor,
) -> Result<(), Failure> {
    let mut case = case_of(tx, row)?;
    refund_interest_standing::step(tx, &mut case, row, what, actor)?;
    Ok(applications::update(tx, &mut case)?)
}
