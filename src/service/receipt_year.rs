//! In which year the money of a payment was received: read from what was booked for it and from the payout it came
//! with. What a designated agent holds of a year whose books are closed is carried over when it is sent, or before that as far as
//! it goes back.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Failure;
use crate::domain::id::PaymentId;
use crate::domain::ledger::{
    Account, Cause, Entry, EntryKind, Portion, Posting, Receipt, carry_claim, of_closed_years,
};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::LegalRole;
use crate::store::payments::PaymentRow;
use crate::store::{Reads, settlement_matches};

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

/// What a payment was booked to have taken, by the fiscal year that it is owed to now.
pub(super) fn taken_by_year(payment: &PaymentRow, entries: &[Entry]) -> Result<Vec<Portion>, Failure> {
    let mut years: BTreeMap<i16, i64> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| is_of(payment.id, entry)) {
        let (EntryKind::Booked(posting) | EntryKind::Reversed(posting)) = entry.kind;
        let amount = entry.amount.amount();
        let signed = if entry.kind == EntryKind::Booked(posting) { amount } else { -amount };
        let moved = match posting {
            Posting::Entrust | Posting::Receive => signed,
            Posting::CarryOver => match (&entry.debit_account, &entry.credit_account) {
                (Account::Entrusted(_), _) => amount,
                (_, Account::Entrusted(_)) => -amount,
                _ => 0,
            },
            _ => 0,
        };
        *years.entry(entry.fiscal_year).or_default() += moved;
    }
    years.retain(|_, amount| *amount != 0);
    let portion =
        |(fiscal_year, amount): (i16, i64)| Yen::new(amount).map(|amount| Portion { fiscal_year, amount });
    let portions: Result<Vec<Portion>, _> = years.into_iter().map(portion).collect();
    portions.map_err(|error| Failure::Internal(format!("payment {}: {error}", payment.id)))
}

/// The entries that carry over what an agent holds of a payment in closed years, as far as `amount` of it goes back before it was
/// sent: it is received and given back in the present year. `occasion` is the id of what sends it back.
pub(super) fn carry_what_goes_back(
    payment: &PaymentRow,
    entries: &[Entry],
    (receipt, amount): (Receipt, Yen),
    (occasion, today): (&str, Date),
) -> Result<Vec<Entry>, Failure> {
    if receipt.arrived_on.is_some() {
        return Ok(Vec::new());
    }
    let internal = |error: YenOutOfRange| Failure::Internal(error.to_string());
    let held = of_closed_years(&taken_by_year(payment, entries)?, amount, today).map_err(internal)?;
    let cause = Cause { source_id: format!("{}:{occasion}", payment.id), booked_on: today };
    Ok(carry_claim(&cause, &Account::Entrusted(payment.gateway.clone()), &held))
}
