//! A step of a refund becomes our standing: headroom, ledger, payment, invoice and event, in one transaction.
//!
//! Callers hold the root locks of the case and of all cases that were paid in one act with it. Each step follows from the state machine once, so hearing the same thing again
//! changes nothing.

use jiff::civil::Date;
use serde_json::json;

use super::payment_standing::{end_without_money, settle_invoice};
use super::refund_call::POLL_REFUND;
use super::{
    Core, Failure, Refusal, dispute, receipt_year, refund_call, refund_interest_standing, refund_money,
    refund_payee,
};
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::PayoutId;
use crate::domain::ledger::{self, Account, Cause, Portion, Receipt, RefundSource};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::{LegalRole, PaymentSnapshot};
use crate::domain::refund::{
    InterestState, PlannedPart, RefundCommand, RefundEffect, RefundMoved, RefundPart, RefundRejection,
    RefundRoute, RefundState, SET_OFF,
};
use crate::service::refund_refusal::RefundRefusal;
use crate::store::applications::ApplicationRow;
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::refunds::{self, RefundRow};
use crate::store::{Reads, StoreError, Tx, jobs, payouts};

/// The place that manual refunds are paid from, in the ledger.
const BANK: &str = "bank";

impl From<RefundRejection> for Failure {
    fn from(rejection: RefundRejection) -> Self {
        Self::Refused(match rejection {
            RefundRejection::WrongState { state } => {
                Refusal::Refund(RefundRefusal::WrongState { state: state.as_str() })
            }
            RefundRejection::OwnRequest => Refusal::Refund(RefundRefusal::OwnRequest),
            RefundRejection::NotTheRequester => Refusal::Forbidden,
        })
    }
}

/// Takes a step with everything that follows from it, and stores the refund; the caller stores the case.
pub fn step(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    row: &mut RefundRow,
    command: RefundCommand,
    actor: EventActor,
) -> Result<RefundMoved, Failure> {
    let before = row.refund()?;
    let moved = before.apply(command)?;
    if moved.next == before.state {
        return Ok(moved);
    }
    let mut invoice = invoices::find(tx, &row.tenant_id, row.invoice_id)?.ok_or_else(|| missing(row))?;
    let mut payment = payments::find(tx, &row.tenant_id, row.payment_id)?.ok_or_else(|| missing(row))?;
    moved.next.as_str().clone_into(&mut row.state);
    let interest = refund_interest_standing::follow(row, command, moved.effect)?;
    refunds::update(tx, row)?;
    refund_interest_standing::book(tx, row, interest)?;
    match moved.effect {
        RefundEffect::Nothing => {}
        RefundEffect::Owe => book_decision(tx, row, (&invoice, &payment))?,
        RefundEffect::SetOff => {
            book_decision(tx, row, (&invoice, &payment))?;
            book_payment(tx, row, (&invoice, &payment))?;
        }
        RefundEffect::Release => release(tx, row)?,
        RefundEffect::Pay => {
            book_payment(tx, row, (&invoice, &payment))?;
            if before.route == RefundRoute::Gateway {
                return_money(tx, &mut payment, row.amount, Way::Out)?;
            }
        }
        RefundEffect::Undo => {
            release(tx, row)?;
            book_back(tx, row)?;
            refund_payee::not_needed(tx, row)?;
            if before.state == RefundState::Succeeded {
                return_money(tx, &mut payment, row.amount, Way::Back)?;
            }
        }
        RefundEffect::Revive => {
            reserve_again(tx, row)?;
            let today = jst_day(Reads::now(tx));
            decide_anew(tx, row, (&invoice, &payment), (&[], today))?;
            book_payment(tx, row, (&invoice, &payment))?;
            return_money(tx, &mut payment, row.amount, Way::Out)?;
        }
    }
    let decided = matches!(moved.effect, RefundEffect::Owe | RefundEffect::SetOff);
    let interest_waits = matches!(row.interest_to_pay()?, Some((_, InterestState::Due)));
    if decided && (moved.next == RefundState::PayoutDue || interest_waits) {
        refund_payee::ask(tx, row)?;
    }
    let facts = json!({ "refund": row.id.to_string(), "invoice": row.invoice_id.to_string(),
        "payment": row.payment_id.to_string(), "amount": row.amount.amount(), "ground": row.ground,
        "route": row.route, "from": before.state.as_str(), "to": row.state, "interest": row.interest });
    events::append(tx, case, NewEvent { kind: "refund_moved", actor, facts, sealed_detail: None })?;
    let left = matches!(moved.effect, RefundEffect::Pay | RefundEffect::SetOff | RefundEffect::Revive);
    if left && refund_money::left_of(tx, &payment)? == Yen::ZERO {
        end_without_money(tx, core, case, &mut payment)?;
    }
    if left || moved.effect == RefundEffect::Undo {
        settle_invoice(tx, core, case, &mut invoice)?;
    }
    Ok(moved)
}

fn missing(row: &RefundRow) -> StoreError {
    StoreError::Inconsistent(format!("no payment or invoice of refund {}", row.id))
}

fn internal(error: YenOutOfRange) -> Failure {
    Failure::Internal(error.to_string())
}

/// Gives the headroom of a refund back, of the whole payment and of each part.
fn release(tx: &mut Tx<'_>, row: &RefundRow) -> Result<(), Failure> {
    for part in of_all_parts(row)? {
        refunds::release(tx, &row.tenant_id, row.payment_id, &part)?;
    }
    Ok(())
}

/// Whether a refund that was given up would still fit beside what was asked for since.
pub(super) fn has_room_again(tx: &mut impl Reads, row: &RefundRow) -> Result<bool, Failure> {
    let room = refunds::headroom(tx, &row.tenant_id, row.payment_id)?;
    let fits = |part: &PlannedPart| room.get(&part.part).is_some_and(|left| left.available() >= part.amount);
    Ok(of_all_parts(row)?.iter().all(fits))
}

fn reserve_again(tx: &mut Tx<'_>, row: &RefundRow) -> Result<(), Failure> {
    let room = refunds::headroom(tx, &row.tenant_id, row.payment_id)?;
    for part in of_all_parts(row)? {
        let ceiling = room.get(&part.part).map_or(Yen::ZERO, |known| known.ceiling);
        refunds::reserve(tx, &row.tenant_id, row.payment_id, &part, ceiling)?;
    }
    Ok(())
}

/// What a refund takes up: of the whole payment, and of each part.
fn of_all_parts(row: &RefundRow) -> Result<Vec<PlannedPart>, StoreError> {
    let whole = PlannedPart { part: RefundPart::Whole, amount: row.amount };
    Ok(std::iter::once(whole).chain(row.planned()?).collect())
}

fn book_decision(
    tx: &mut Tx<'_>,
    row: &RefundRow,
    (invoice, payment): (&InvoiceRow, &PaymentRow),
) -> Result<(), Failure> {
    let today = jst_day(Reads::now(tx));
    let known = invoices::entries_of_case(tx, &row.tenant_id, row.application_id)?;
    let receipt = receipt_year::receipt_of(tx, payment, &known, today)?;
    let occasion = row.id.to_string();
    let going = (receipt, row.amount);
    let mut entries = receipt_year::carry_what_goes_back(tx, (payment, &known), going, (&occasion, today))?;
    let sources = sources(row, invoice, (receipt, today))?;
    entries.extend(ledger::refund(&Cause { source_id: occasion, booked_on: today }, &sources));
    invoices::book(tx, &row.tenant_id, row.application_id, &entries)?;
    refund_interest_standing::book_decision(tx, row)
}

/// The accounts that the parts of a refund come out of: those of the year in which the money was received.
fn sources(
    row: &RefundRow,
    invoice: &InvoiceRow,
    (receipt, today): (Receipt, Date),
) -> Result<Vec<RefundSource>, Failure> {
    let fiscal_year = i16::try_from(invoice.fiscal_year).map_err(|_| missing(row))?;
    let source = |part: PlannedPart| match part.part {
        RefundPart::Line(number) => {
            let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            let line = index.and_then(|index| invoice.lines.0.get(index)).ok_or_else(|| missing(row))?;
            Ok(ledger::refund_source(line, part.amount, receipt, today))
        }
        RefundPart::Overpaid | RefundPart::Whole => {
            Ok(ledger::overpaid_source(fiscal_year, part.amount, receipt, today))
        }
    };
    row.planned()?.into_iter().map(source).collect()
}

/// Books that the money left, in the same portions as the decision, which is made anew where it lapsed.
fn book_payment(
    tx: &mut Tx<'_>,
    row: &RefundRow,
    (invoice, payment): (&InvoiceRow, &PaymentRow),
) -> Result<(), Failure> {
    let through = match (row.refund()?.route, payment.payment()?.legal_role) {
        (RefundRoute::BankTransfer, _) => Account::Cash(BANK.to_owned()),
        (RefundRoute::SetOff, _) => Account::Cash(SET_OFF.to_owned()),
        (RefundRoute::Gateway, LegalRole::DesignatedAgent) => Account::Entrusted(payment.gateway.clone()),
        (RefundRoute::Gateway, _) => Account::Cash(payment.gateway.clone()),
    };
    let today = jst_day(Reads::now(tx));
    let leaves_on = left_on(tx, row, row.payout_id, today)?;
    let mut decided = ledger::standing(&booked(tx, row)?);
    if decided.iter().any(|entry| ledger::has_lapsed(entry, leaves_on)) {
        decided = decide_anew(tx, row, (invoice, payment), (&decided, leaves_on))?;
    }
    decided.sort_by_key(|entry| entry.line_no);
    let portions: Vec<Portion> = decided
        .iter()
        .map(|entry| Portion { fiscal_year: entry.fiscal_year, amount: entry.amount })
        .collect();
    let cause = Cause { source_id: row.id.to_string(), booked_on: leaves_on };
    let entries = ledger::refund_paid(&cause, &through, &portions);
    Ok(invoices::book(tx, &row.tenant_id, row.application_id, &entries)?)
}

/// The JST day on which money leaves: the one that a transfer file names, known by `today`, else today.
pub(super) fn left_on(
    tx: &mut impl Reads,
    row: &RefundRow,
    file: Option<PayoutId>,
    today: Date,
) -> Result<Date, StoreError> {
    let Some(file) = file else { return Ok(today) };
    let file = payouts::find(tx, &row.tenant_id, file)?;
    Ok(file.map_or(today, |file| file.transfer_on.0.min(today)))
}

/// Books back a decision that lapsed with the books of its year before its money left, and decides it anew out of the year in which it
/// leaves; so it decides what was booked back because it was given up. Gives what stands instead.
fn decide_anew(
    tx: &mut Tx<'_>,
    row: &RefundRow,
    (invoice, payment): (&InvoiceRow, &PaymentRow),
    (lapsed, leaves_on): (&[ledger::Entry], Date),
) -> Result<Vec<ledger::Entry>, Failure> {
    let today = jst_day(Reads::now(tx));
    let known = invoices::entries_of_case(tx, &row.tenant_id, row.application_id)?;
    let receipt = receipt_year::receipt_of(tx, payment, &known, leaves_on)?;
    let occasion = format!("{}:{}", row.id, FiscalYear::of(leaves_on).year());
    let going = (receipt, row.amount);
    let mut entries =
        receipt_year::carry_what_goes_back(tx, (payment, &known), going, (&occasion, leaves_on))?;
    entries.extend(lapsed.iter().filter_map(|entry| ledger::reverse(entry, today)));
    let sources = sources(row, invoice, (receipt, leaves_on))?;
    let cause = Cause { source_id: row.id.to_string(), booked_on: leaves_on };
    let anew = ledger::numbered_after(&booked(tx, row)?, ledger::refund(&cause, &sources));
    entries.extend(anew.iter().cloned());
    invoices::book(tx, &row.tenant_id, row.application_id, &entries)?;
    Ok(anew)
}

/// Undoes whatever was booked for a refund that came to nothing (F28, F29).
fn book_back(tx: &mut Tx<'_>, row: &RefundRow) -> Result<(), Failure> {
    let today = jst_day(Reads::now(tx));
    let stands = ledger::standing(&booked(tx, row)?);
    let undone = ledger::undo_refund(&stands, today);
    Ok(invoices::book(tx, &row.tenant_id, row.application_id, &undone)?)
}

fn booked(tx: &mut Tx<'_>, row: &RefundRow) -> Result<Vec<ledger::Entry>, Failure> {
    let id = row.id.to_string();
    let entries = invoices::entries_of_case(tx, &row.tenant_id, row.application_id)?;
    Ok(entries.into_iter().filter(|entry| entry.source_id == id).collect())
}

/// Which way the money of a payment goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Out,
    Back,
}

/// Counts what went back of a payment, or did not after all.
fn return_money(tx: &mut Tx<'_>, row: &mut PaymentRow, amount: Yen, way: Way) -> Result<(), Failure> {
    let payment = row.payment()?;
    let refunded = match way {
        Way::Out => payment.counters.refunded.plus(amount),
        Way::Back => payment.counters.refunded.minus(amount),
    };
    let charged_back = dispute::lost_of(tx, row)?;
    row.take_over(&payment.with_refunded(refunded.map_err(internal)?, charged_back));
    Ok(payments::update(tx, row)?)
}

/// Counts money no more that went back without a refund of ours: from here on the steps of its refund count it.
pub(super) fn uncount(tx: &mut Tx<'_>, row: &mut PaymentRow, amount: Yen) -> Result<(), Failure> {
    return_money(tx, row, amount, Way::Back)
}

/// Whether money of an act of paying was decided to go back and does: of what was no success by then nothing settles a debt any
/// more, whatever its gateway takes later.
pub(super) fn is_going_back(tx: &mut impl Reads, shares: &[PaymentRow]) -> Result<bool, Failure> {
    for share in shares {
        for refund in refunds::of_payment(tx, &share.tenant_id, share.id)? {
            if refund.refund()?.state.is_decided() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The snapshot without what our own refunds explain: they are counted by their own steps, exactly once, so that an old
/// or repeated answer of the gateway can neither repeat nor undo them. A sum that differs from ours makes us ask, also about those
/// that were given up because they had not arrived: until the gateway says that they did not, the sum may be theirs.
pub fn without_own_refunds(
    tx: &mut Tx<'_>,
    shares: &[PaymentRow],
    snapshot: &PaymentSnapshot,
) -> Result<PaymentSnapshot, Failure> {
    let mut rest = snapshot.clone();
    let claimed = snapshot.counters.refunded;
    let known = Yen::sum(shares.iter().map(|share| share.refunded)).map_err(internal)?;
    if claimed == known {
        return Ok(rest);
    }
    let mut ours = Vec::new();
    for share in shares {
        ours.extend(refunds::of_payment(tx, &share.tenant_id, share.id)?);
    }
    let (mut settled, mut explained) = (Yen::ZERO, Yen::ZERO);
    for refund in ours {
        let state = refund.refund()?.state;
        let more_went = claimed > known && refund_call::is_given_up(&refund)?;
        let told = state.is_in_flight() || state == RefundState::Succeeded || more_went;
        // An old answer may still show what the gateway first accepted and then did not do.
        if told || refund.gateway_refund_id.is_some() {
            explained = explained.plus(refund.amount).map_err(internal)?;
        }
        if state == RefundState::Succeeded {
            settled = settled.plus(refund.amount).map_err(internal)?;
        }
        if told {
            let now = tx.now();
            jobs::enqueue_again(tx, refund.tenant_id.as_str(), POLL_REFUND, &refund.id.to_string(), now)?;
        }
    }
    let outside = claimed.minus(explained).unwrap_or(Yen::ZERO);
    rest.counters.refunded = known.max(settled.plus(outside).map_err(internal)?);
    Ok(rest)
}
