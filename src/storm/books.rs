//! What the database says of a run after the healing.

use serde_json::Value;

use super::judge::{Confirmed, PaymentBook, PaysTwice, RunBooks, Taker};
use super::payer::RunRecord;
use super::plan::{Behaviour, Plan};
use super::{StormError, TENANT};
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::payment::PaymentState;
use crate::store::events::{self, EventRow};
use crate::store::payments::PaymentRow;
use crate::store::{Db, StoreError, invoices, payments};

/// Reads the books of a run, beside what its payer has in hand.
pub async fn read(
    db: &Db,
    record: &RunRecord,
    confirmed: Confirmed,
    seed: u64,
) -> Result<RunBooks, StormError> {
    let broken = || StormError::Failed(format!("run {} has no invoice", record.number));
    let tenant = TenantCode::parse(TENANT).ok_or_else(broken)?;
    let id: InvoiceId = record.invoice.parse().map_err(|_| broken())?;
    let read = db.read(move |tx| {
        let missing = || StoreError::Inconsistent(format!("no invoice {id}"));
        let invoice = invoices::find(tx, &tenant, id)?.ok_or_else(missing)?;
        let events = events::of_case(tx, &tenant, invoice.application_id)?;
        Ok::<_, StoreError>((payments::of_invoice(tx, &tenant, id)?, invoice.state, events))
    });
    let (rows, invoice_state, events) = read.await?;
    let books = rows.iter().map(|row| PaymentBook {
        reference: row.merchant_reference.clone(),
        taker: if record.at_counter > 0 { Taker::Clerk(record.at_counter) } else { Taker::Gateway },
        state: row.state.clone(),
        captured: row.captured.amount(),
        refunded: row.refunded.amount(),
        charged_back: row.charged_back.amount(),
        confirmations: confirmations(row, &events),
    });
    let pays_twice = match Plan::draw(seed, record.number).behaviour {
        Behaviour::Switches | Behaviour::PaysLate => PaysTwice::Perhaps,
        _ => PaysTwice::No,
    };
    Ok(RunBooks {
        total: record.total,
        invoice_state,
        payments: books.collect(),
        pays_twice,
        confirmed,
        seen_wrong: record.believed + record.headroom_lost,
    })
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
