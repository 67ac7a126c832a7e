//! A step of the interest on a refund becomes our standing: state, file, ledger and event, in one transaction.
//!
//! Callers hold the root lock of the case. Interest follows its refund where that goes by bank transfer, and has a transfer of its
//! own where the refund goes another way; each step follows from the state machine once.

use jiff::civil::Date;
use serde_json::json;

use super::Failure;
use super::refund_refusal::RefundRefusal;
use super::refund_standing::left_on;
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::id::PayoutId;
use crate::domain::ledger::{self, Account, Entry, Portion, interest_cause};
use crate::domain::refund::{
    InterestEffect, InterestState, InterestStep, RefundCommand, RefundEffect, RefundFate, RefundRoute,
    RefundState,
};
use crate::store::applications::ApplicationRow;
use crate::store::events::{self, NewEvent};
use crate::store::refunds::{self, RefundRow};
use crate::store::{Reads, StoreError, Tx, invoices, refund_interest};

/// What a step of the refund itself means for its interest; the caller stores the refund, then books with [`book`].
pub(super) fn follow(
    row: &mut RefundRow,
    command: RefundCommand,
    effect: RefundEffect,
) -> Result<InterestEffect, Failure> {
    let by_bank = row.refund()?.route == RefundRoute::BankTransfer;
    let step = match (command, effect) {
        (_, RefundEffect::Undo) => InterestStep::End,
        (RefundCommand::SendPayout, _) if by_bank => InterestStep::Send,
        (RefundCommand::ConfirmPayout, _) if by_bank => InterestStep::Confirm,
        (RefundCommand::ReturnPayout, _) if by_bank => InterestStep::Return { refund: RefundFate::Stands },
        _ => return Ok(InterestEffect::Nothing),
    };
    let file = row.payout_id;
    advance(row, step, file)
}

/// Takes a step; nothing where the refund has no interest to pay.
fn advance(
    row: &mut RefundRow,
    step: InterestStep,
    file: Option<PayoutId>,
) -> Result<InterestEffect, Failure> {
    let Some((_, state)) = row.interest_to_pay()? else { return Ok(InterestEffect::Nothing) };
    let refused = RefundRefusal::WrongState { state: state.as_str() };
    let (next, effect) = state.apply(step).ok_or(refused)?;
    row.interest_state = Some(next.as_str().to_owned());
    row.interest_payout_id = match next {
        InterestState::Sent if step == InterestStep::Send => file,
        InterestState::Sent | InterestState::Paid => row.interest_payout_id,
        InterestState::Due | InterestState::Undone => None,
    };
    Ok(effect)
}

/// Books that interest is owed, in the transaction that decides its refund.
pub(super) fn book_decision(tx: &mut Tx<'_>, row: &RefundRow) -> Result<(), Failure> {
    let Some((interest, _)) = row.interest_to_pay()? else { return Ok(()) };
    let terms = refund_interest::terms(tx, &row.tenant_id, row.id)?;
    let terms =
        terms.ok_or_else(|| StoreError::Inconsistent(format!("no terms of interest of {}", row.id)))?;
    let cause = interest_cause(&row.id.to_string(), jst_day(Reads::now(tx)));
    let entries = ledger::interest(&cause, &terms.expense_account, interest);
    Ok(invoices::book(tx, &row.tenant_id, row.application_id, &entries)?)
}

/// Books what follows from a step.
pub(super) fn book(tx: &mut Tx<'_>, row: &RefundRow, effect: InterestEffect) -> Result<(), Failure> {
    let today = jst_day(Reads::now(tx));
    let entries = match effect {
        InterestEffect::Nothing => return Ok(()),
        InterestEffect::Pay => {
            let leaves_on = left_on(tx, row, row.interest_payout_id, today)?;
            let decided = payable(tx, row, (leaves_on, today))?;
            let portion = |entry: &Entry| Portion { fiscal_year: entry.fiscal_year, amount: entry.amount };
            let portions: Vec<Portion> = decided.iter().map(portion).collect();
            ledger::interest_paid(&interest_cause(&row.id.to_string(), leaves_on), &portions)
        }
        InterestEffect::Undo => {
            let decided = decided(tx, row)?;
            decided.iter().filter_map(|entry| ledger::reverse(entry, today)).collect()
        }
    };
    Ok(invoices::book(tx, &row.tenant_id, row.application_id, &entries)?)
}

/// The entries by which the interest stands decided.
fn decided(tx: &mut Tx<'_>, row: &RefundRow) -> Result<Vec<Entry>, Failure> {
    Ok(ledger::standing(&booked(tx, row)?))
}

/// All that was booked of the interest.
fn booked(tx: &mut Tx<'_>, row: &RefundRow) -> Result<Vec<Entry>, Failure> {
    let source = interest_cause(&row.id.to_string(), jst_day(Reads::now(tx))).source_id;
    let entries = invoices::entries_of_case(tx, &row.tenant_id, row.application_id)?;
    Ok(entries.into_iter().filter(|entry| entry.source_id == source).collect())
}

/// The entries out of which the interest is paid: those of its decision, which is booked back and made anew where it lapsed with the
/// books of its year before the money left.
fn payable(
    tx: &mut Tx<'_>,
    row: &RefundRow,
    (leaves_on, today): (Date, Date),
) -> Result<Vec<Entry>, Failure> {
    let stands = decided(tx, row)?;
    if !stands.iter().any(|entry| ledger::has_lapsed(entry, leaves_on)) {
        return Ok(stands);
    }
    let cause = interest_cause(&row.id.to_string(), leaves_on);
    let anew = stands.iter().filter_map(|entry| match &entry.debit_account {
        Account::InterestExpense(account) => Some(ledger::interest(&cause, account, entry.amount)),
        _ => None,
    });
    let anew = ledger::numbered_after(&booked(tx, row)?, anew.flatten().collect());
    let mut entries: Vec<Entry> = stands.iter().filter_map(|entry| ledger::reverse(entry, today)).collect();
    entries.extend(anew.iter().cloned());
    invoices::book(tx, &row.tenant_id, row.application_id, &entries)?;
    Ok(anew)
}

/// What happens to interest that has a transfer of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnTransfer {
    /// It goes into this file.
    Send(PayoutId),
    /// The bank paid it.
    Confirm,
    /// The bank could not pay it.
    Return,
}

/// Takes a step of interest that has a transfer of its own, and stores the refund; the caller stores the case.
pub(super) fn step(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    row: &mut RefundRow,
    what: OwnTransfer,
    actor: EventActor,
) -> Result<(), Failure> {
    let from = row.interest_state.clone();
    let refund = match row.refund()?.state {
        RefundState::Failed => RefundFate::Failed,
        _ => RefundFate::Stands,
    };
    let effect = match what {
        OwnTransfer::Send(file) => advance(row, InterestStep::Send, Some(file))?,
        OwnTransfer::Confirm => advance(row, InterestStep::Confirm, None)?,
        OwnTransfer::Return => advance(row, InterestStep::Return { refund }, None)?,
    };
    if what == OwnTransfer::Confirm && refund == RefundFate::Failed {
        tracing::warn!(refund = %row.id, "interest of a refund that came to nothing was paid");
    }
    refunds::update(tx, row)?;
    book(tx, row, effect)?;
    let facts = json!({ "refund": row.id.to_string(), "interest": row.interest, "from": from,
        "to": row.interest_state });
    Ok(events::append(
        tx,
        case,
        NewEvent { kind: "refund_interest_moved", actor, facts, sealed_detail: None },
    )?)
}
