//! In which year the money of a payment was received: read from what was booked for it and from the payout it came
//! with. What a designated agent holds of a year whose books are closed is carried over when it is sent, or before that as far as
//! it goes back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::Failure;
use crate::domain::id::PaymentId;
use crate::domain::ledger::{
    Account, Cause, Entry, EntryKind, Portion, Posting, Receipt, carry_claim, of_closed_years, standing,
};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::LegalRole;
use crate::store::payments::PaymentRow;
use crate::store::{Reads, refunds, settlement_matches};

/// When the money of a payment came, by the entries of its case.
pub(super) fn receipt_of(
    tx: &mut impl Reads,
    payment: &PaymentRow,
    entries: &[Entry],
    today: Date,
) -> Result<Receipt, Failure> {
    let took = entries.iter().filter(|entry| is_of(payment.id, entry));
    let took = took.filter(|entry| entry.kind == EntryKind::Booked(taking(entry)));
    // What settled the debt counts before what came beside it.
    let last = |account: &Account| {
        took.clone().filter(|entry| entry.credit_account == *account).map(|entry| entry.booked_on).max()
    };
    let taken_on = last(&Account::Receivable).or_else(|| last(&Account::Overpayment));
    let taken_on = taken_on.or_else(|| payment.captured_on.map(|day| day.0)).unwrap_or(today);
    let arrived_on = match payment.payment()?.legal_role {
        LegalRole::DesignatedAgent => {
            let found = settlement_matches::remitted_on(tx, &payment.tenant_id, &[payment.id])?;
            found.get(&payment.id).copied()
        }
        LegalRole::CollectionAgent | LegalRole::Direct => Some(taken_on),
    };
    Ok(Receipt { taken_on, arrived_on })
}

fn taking(entry: &Entry) -> Posting {
    match entry.kind {
        EntryKind::Booked(Posting::Receive) => Posting::Receive,
        _ => Posting::Entrust,
    }
}

fn is_of(payment: PaymentId, entry: &Entry) -> bool {
    entry.source_id.split(':').next() == Some(payment.to_string().as_str())
}

/// What a payment stands booked to have taken, by fiscal year.
pub(super) fn taken_by_year(payment: &PaymentRow, entries: &[Entry]) -> Result<Vec<Portion>, Failure> {
    let mut years: BTreeMap<i16, i64> = BTreeMap::new();
    for entry in standing(entries).iter().filter(|entry| is_of(payment.id, entry)) {
        if let EntryKind::Booked(Posting::Entrust | Posting::Receive) = entry.kind {
            *years.entry(entry.fiscal_year).or_default() += entry.amount.amount();
        }
    }
    let portion =
        |(fiscal_year, amount): (i16, i64)| Yen::new(amount).map(|amount| Portion { fiscal_year, amount });
    let portions: Result<Vec<Portion>, _> = years.into_iter().map(portion).collect();
    portions.map_err(|error| Failure::Internal(format!("payment {}: {error}", payment.id)))
}

/// What a designated agent still owes of a payment, by the fiscal year that it is owed to: what it was entrusted with, less what
/// went back through it and what it sent.
pub(super) fn claim_by_year(
    tx: &mut impl Reads,
    payment: &PaymentRow,
    entries: &[Entry],
) -> Result<Vec<Portion>, Failure> {
    let refunds = refunds::of_payment(tx, &payment.tenant_id, payment.id)?;
    let refunds: BTreeSet<String> = refunds.iter().map(|refund| refund.id.to_string()).collect();
    let matches = settlement_matches::of_payments(tx, &payment.tenant_id, &[payment.id])?;
    let lines: BTreeSet<String> = matches.iter().map(|found| found.line_id.to_string()).collect();
    let id = payment.id.to_string();
    let is_ours = |entry: &Entry| {
        let mut parts = entry.source_id.split(':');
        let (first, occasion) = (parts.next().unwrap_or_default(), parts.next());
        // A line of a payout that is about several payments is booked for each of them.
        let of_line = lines.contains(first) && occasion.is_none_or(|of| of == id);
        first == id || refunds.contains(first) || of_line
    };
    let mut years: BTreeMap<i16, i64> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| is_ours(entry)) {
        let amount = entry.amount.amount();
        for (account, moved) in [(&entry.debit_account, amount), (&entry.credit_account, -amount)] {
            if matches!(account, Account::Entrusted(_)) {
                *years.entry(entry.fiscal_year).or_default() += moved;
            }
        }
    }
    let owed = years.into_iter().filter(|(_, amount)| *amount > 0);
    let portion =
        |(fiscal_year, amount): (i16, i64)| Yen::new(amount).map(|amount| Portion { fiscal_year, amount });
    let portions: Result<Vec<Portion>, _> = owed.map(portion).collect();
    portions.map_err(|error| Failure::Internal(format!("payment {}: {error}", payment.id)))
}

/// The entries that carry over what an agent holds of a payment in closed years, as far as `amount` of it goes back before it was
/// sent: it is received and given back in the present year. `occasion` is the id of what sends it back.
pub(super) fn carry_what_goes_back(
    tx: &mut impl Reads,
    (payment, entries): (&PaymentRow, &[Entry]),
    (receipt, amount): (Receipt, Yen),
    (occasion, today): (&str, Date),
) -> Result<Vec<Entry>, Failure> {
    if receipt.arrived_on.is_some() {
        return Ok(Vec::new());
    }
    let internal = |error: YenOutOfRange| Failure::Internal(error.to_string());
    let held = claim_by_year(tx, payment, entries)?;
    let held = of_closed_years(&held, amount, today).map_err(internal)?;
    let cause = Cause { source_id: format!("{}:{occasion}", payment.id), booked_on: today };
    Ok(carry_claim(&cause, &Account::Entrusted(payment.gateway.clone()), &held))
}
