//! What the database says of an invoice of a run after the healing.

use serde_json::Value;

use super::judge::{Confirmed, PaymentBook, PaysTwice, RunBooks, Share, Taker, TooMuch};
use super::payer::{Debt, RunRecord};
use super::plan::{Behaviour, Plan};
use super::{StormError, TENANT};
use crate::domain::el_qr::EL_QR;
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::payment::PaymentState;
use crate::store::events::{self, EventRow};
use crate::store::payments::PaymentRow;
use crate::store::{Db, Reads, StoreError, el_qr_results, invoices, payments};

/// Reads the books of what a run owes, beside what its payer has in hand and what is proposed to go back.
pub async fn read(
    db: &Db,
    (record, debt): (&RunRecord, &Debt),
    (confirmed, too_much): (Confirmed, TooMuch),
    seed: u64,
) -> Result<RunBooks, StormError> {
    let broken = || StormError::Failed(format!("run {} has no invoice", record.number));
    let tenant = TenantCode::parse(TENANT).ok_or_else(broken)?;
    let id: InvoiceId = debt.invoice.parse().map_err(|_| broken())?;
    let read = db.read(move |tx| {
        let missing = || StoreError::Inconsistent(format!("no invoice {id}"));
        let invoice = invoices::find(tx, &tenant, id)?.ok_or_else(missing)?;
        let events = events::of_case(tx, &tenant, invoice.application_id)?;
        let mut attempts = Vec::new();
        for row in payments::of_invoice(tx, &tenant, id)? {
            attempts.push((place(tx, &row)?, row));
        }
        Ok::<_, StoreError>((attempts, invoice.state, events))
    });
    let (attempts, invoice_state, events) = read.await?;
    let books = attempts.into_iter().map(|(Place { reference, share }, row)| PaymentBook {
        confirmations: confirmations(&row, &events),
        reference,
        share,
        taker: match record.at_counter {
            _ if row.method == EL_QR => Taker::Organisation,
            0 => Taker::Gateway,
            counted => Taker::Clerk(counted),
        },
        state: row.state.clone(),
        captured: row.captured.amount(),
        refunded: row.refunded.amount(),
        charged_back: row.charged_back.amount(),
    });
    let mut books: Vec<PaymentBook> = books.collect();
    books.extend(unheard_of(record, &books));
    let pays_twice = match Plan::draw(seed, record.number).behaviour {
        Behaviour::Switches | Behaviour::PaysLate => PaysTwice::Perhaps,
        _ => PaysTwice::No,
    };
    Ok(RunBooks { total: debt.total, invoice_state, payments: books, pays_twice, too_much, confirmed })
}

/// The eL number of a run of which the books say nothing: right only where nobody paid by it.
fn unheard_of(record: &RunRecord, books: &[PaymentBook]) -> Option<PaymentBook> {
    let reference = record.el_number.as_ref()?.payment_number.clone();
    let is_known = books.iter().any(|payment| payment.reference == reference);
    (!is_known).then(|| PaymentBook {
        reference,
        taker: Taker::Organisation,
        share: None,
        state: "expired".to_owned(),
        captured: 0,
        refunded: 0,
        charged_back: 0,
        confirmations: 0,
    })
}

/// Where the truth about a payment is found.
struct Place {
    reference: String,
    share: Option<Share>,
}

/// Of an act of several invoices its gateway knows the reference of the first share; the organisation knows the eL number.
fn place(tx: &mut impl Reads, row: &PaymentRow) -> Result<Place, StoreError> {
    if let Some(key) = row.gateway_payment_id.as_ref().filter(|_| row.method == EL_QR) {
        let line = el_qr_results::known(tx, &row.tenant_id, std::slice::from_ref(key))?.remove(key);
        let reference = line.map(|line| line.payment_number).unwrap_or_default();
        return Ok(Place { reference, share: None });
    }
    let Some(first) = row.share_of else {
        return Ok(Place { reference: row.gateway_reference(), share: None });
    };
    let shares = payments::shares(tx, row)?;
    let whole = shares.iter().map(|share| share.amount.amount()).sum();
    let lead = shares.iter().find(|share| share.id == first).unwrap_or(row);
    let share = Share { amount: row.amount.amount(), whole, is_first: first == row.id };
    Ok(Place { reference: lead.merchant_reference.clone(), share: Some(share) })
}

/// How often the record of the case says that the money of this payment came: from no money to money, once.
fn confirmations(row: &PaymentRow, events: &[EventRow]) -> u64 {
    let payment = row.id.to_string();
    let has_money =
        |state: &Value| state.as_str().and_then(PaymentState::parse).is_some_and(PaymentState::is_captured);
    let came = events.iter().filter(|event| {
        let facts: Value = serde_json::from_str(&event.facts).unwrap_or_default();
        let fact = |name: &str| facts.get(name).cloned().unwrap_or_default();
        let is_ours = fact("payment").as_str() == Some(payment.as_str());
        is_ours && event.kind == "payment_moved" && has_money(&fact("to")) && !has_money(&fact("from"))
    });
    u64::try_from(came.count()).unwrap_or(u64::MAX)
}
