//! What of an invoice's payments can go back: per payment, per line, and beyond the debt.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::refund_refusal::RefundRefusal;
use super::{Failure, Refusal};
use crate::domain::id::{PaymentId, PaymentLinkId};
use crate::domain::invoice::{InvoiceLine, Settles};
use crate::domain::ledger::{Account, Entry, EntryKind, Posting};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::refund::{Headroom, RefundPart, RefundState};
use crate::store::Reads;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::refunds::{self, RefundRow};
use crate::store::{payment_links, reassessments, settlement_matches};

/// A payment that took money.
#[derive(Clone, Debug)]
pub struct PaidMoney {
    /// The payment.
    pub payment: PaymentRow,
    /// The link by which somebody else paid, if it was not a party.
    pub by_link: Option<PaymentLinkId>,
    /// The JST day on which a designated agent's money arrived; none while it holds it, and of other money.
    pub remitted_on: Option<Date>,
    /// What is left of the whole, of what came beyond the debt, and of each line.
    pub headroom: BTreeMap<RefundPart, Headroom>,
}

impl PaidMoney {
    /// What is left of a part.
    pub fn available(&self, part: RefundPart) -> Yen {
        self.headroom.get(&part).map_or(Yen::ZERO, |headroom| headroom.available())
    }

    /// The most that refunds of a part may come to.
    pub fn ceiling(&self, part: RefundPart) -> Yen {
        self.headroom.get(&part).map_or(Yen::ZERO, |headroom| headroom.ceiling)
    }

    /// Whether its money covers the debt.
    pub fn covers(&self) -> bool {
        self.headroom.keys().any(|part| matches!(part, RefundPart::Line(_)))
    }
}

/// The payments of an invoice that took money, oldest first.
pub fn of_invoice(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<Vec<PaidMoney>, Failure> {
    let (tenant, case) = (&invoice.tenant_id, invoice.application_id);
    let entries = invoices::entries_of_case(tx, tenant, case)?;
    let lines = reassessments::owed_lines(tx, invoice)?;
    let mut attempts = payments::of_invoice(tx, tenant, invoice.id)?;
    attempts.retain(|payment| payment.captured > Yen::ZERO);
    let ids: Vec<PaymentId> = attempts.iter().map(|payment| payment.id).collect();
    let remitted = settlement_matches::remitted_on(tx, tenant, &ids)?;
    let mut paid = Vec::new();
    for payment in attempts {
        let taken = refunds::headroom(tx, tenant, payment.id)?;
        let outside = sent_outside(tx, &payment)?;
        let headroom = of_payment(&payment, outside, &lines, &entries, &taken);
        let headroom = headroom.map_err(|error| Failure::Internal(error.to_string()))?;
        let by_link = payment_links::link_of_payment(tx, tenant, payment.id)?;
        let remitted_on = remitted.get(&payment.id).copied();
        paid.push(PaidMoney { payment, by_link, remitted_on, headroom });
    }
    Ok(paid)
}

/// What is left of all payments together.
pub fn available(paid: &[PaidMoney]) -> Result<Yen, Failure> {
    let sum = Yen::sum(paid.iter().map(|one| one.available(RefundPart::Whole)));
    sum.map_err(|error| Failure::Internal(error.to_string()))
}

/// Whether the money that a refund holds is still there to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyStanding {
    /// It is.
    Held,
    /// The payer's bank pulled it back since the refund was asked for (F33), or its entry was struck out.
    Gone,
    /// It was asked for as too much, and settles the debt since the rest arrived.
    Settled,
}

/// Whether the money that a refund holds is still there: what is gone does not go back a second time (F33).
pub fn standing(tx: &mut impl Reads, row: &RefundRow) -> Result<MoneyStanding, Failure> {
    let invoice = invoices::find(tx, &row.tenant_id, row.invoice_id)?.ok_or(Refusal::NotFound)?;
    let paid = of_invoice(tx, &invoice)?;
    let money = paid.iter().find(|money| money.payment.id == row.payment_id);
    let is_held = |part: RefundPart| {
        let room = money.and_then(|money| money.headroom.get(&part));
        room.is_some_and(|room| room.reserved <= room.ceiling)
    };
    if !is_held(RefundPart::Whole) {
        return Ok(MoneyStanding::Gone);
    }
    let beyond = row.planned()?.iter().any(|part| part.part == RefundPart::Overpaid);
    Ok(if beyond && !is_held(RefundPart::Overpaid) { MoneyStanding::Settled } else { MoneyStanding::Held })
}

/// Refuses a refund whose money is gone, or is too much no longer.
pub fn refuse_gone(tx: &mut impl Reads, row: &RefundRow) -> Result<(), Failure> {
    match standing(tx, row)? {
        MoneyStanding::Held => Ok(()),
        MoneyStanding::Gone => Err(RefundRefusal::PulledBack.into()),
        MoneyStanding::Settled => Err(RefundRefusal::Settled.into()),
    }
}

/// What is left of the money that a payment took: neither sent back, nor pulled back, nor paid out by bank transfer.
pub fn left_of(tx: &mut impl Reads, payment: &PaymentRow) -> Result<Yen, Failure> {
    if payment.captured == Yen::ZERO {
        return Ok(Yen::ZERO);
    }
    let by_hand = sum_in(tx, payment, RefundState::PaidOut)?;
    let gone = by_hand.plus(payment.refunded).and_then(|gone| gone.plus(payment.charged_back));
    let gone = gone.map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(payment.captured.minus(gone).unwrap_or(Yen::ZERO))
}

/// What the refunds of a payment in a state come to.
fn sum_in(tx: &mut impl Reads, payment: &PaymentRow, state: RefundState) -> Result<Yen, Failure> {
    let ours = refunds::of_payment(tx, &payment.tenant_id, payment.id)?;
    let sum =
        Yen::sum(ours.iter().filter(|refund| refund.state == state.as_str()).map(|refund| refund.amount));
    sum.map_err(|error| Failure::Internal(error.to_string()))
}

/// What went back by a way that the gateway does not count: by bank transfer or set-off.
pub(super) fn paid_by_hand(tx: &mut impl Reads, payment: &PaymentRow) -> Result<Yen, Failure> {
    sum_in(tx, payment, RefundState::PaidOut)
}

/// What went back through the gateway without a refund of ours.
pub(super) fn sent_outside(tx: &mut impl Reads, payment: &PaymentRow) -> Result<Yen, Failure> {
    let ours = sum_in(tx, payment, RefundState::Succeeded)?;
    Ok(payment.refunded.minus(ours).unwrap_or(Yen::ZERO))
}

fn of_payment(
    payment: &PaymentRow,
    outside: Yen,
    lines: &[InvoiceLine],
    entries: &[Entry],
    taken: &BTreeMap<RefundPart, Headroom>,
) -> Result<BTreeMap<RefundPart, Headroom>, YenOutOfRange> {
    let gone = outside.plus(payment.charged_back)?;
    let mut ceilings = vec![(RefundPart::Whole, payment.captured.minus(gone).unwrap_or(Yen::ZERO))];
    let beyond = booked_from(payment, entries, &Account::Overpayment);
    if beyond > 0 {
        ceilings.push((RefundPart::Overpaid, Yen::new(beyond)?));
    }
    if settles(payment, entries) == Settles::Debt {
        let lines = lines.iter().zip(1..);
        ceilings.extend(lines.map(|(line, number)| (RefundPart::Line(number), line.amount)));
    }
    let with_taken = |(part, ceiling): (RefundPart, Yen)| {
        let reserved = taken.get(&part).map_or(Yen::ZERO, |headroom| headroom.reserved);
        (part, Headroom { ceiling, reserved })
    };
    Ok(ceilings.into_iter().map(with_taken).collect())
}

/// What the money of a payment was booked as: what it settled of a debt that is owed again it settles no more.
pub(super) fn settles(payment: &PaymentRow, entries: &[Entry]) -> Settles {
    if booked_from(payment, entries, &Account::Receivable) > 0 { Settles::Debt } else { Settles::Nothing }
}

/// What a payment was booked to have brought against an account, and was not taken out of it again: its debt, or beyond it.
fn booked_from(payment: &PaymentRow, entries: &[Entry], account: &Account) -> i64 {
    let id = payment.id.to_string();
    let ours = entries.iter().filter(|entry| entry.source_id.split(':').next() == Some(id.as_str()));
    ours.map(|entry| match entry.kind {
        // What is owed goes from year to year, and nothing comes by it.
        EntryKind::Booked(Posting::CarryOver) | EntryKind::Reversed(Posting::CarryOver) => 0,
        EntryKind::Booked(_) if entry.credit_account == *account => entry.amount.amount(),
        EntryKind::Reversed(_) | EntryKind::Booked(Posting::PullBack) if entry.debit_account == *account => {
            -entry.amount.amount()
        }
        _ => 0,
    })
    .sum()
}
