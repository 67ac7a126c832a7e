//! Stripe's payouts and the balance transactions they are made of.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::simulator::clock::IdSource;
use crate::simulator::core::Reply;
use crate::simulator::engine::{Change, Refusal};
use crate::simulator::faults::ReportFault;
use crate::simulator::model::Vendor;
use crate::simulator::settlement::{Batch, ReportSpoil, Row, RowKind, reissued, shown_rows};
use crate::simulator::state::{Entry, State};

use super::request::Form;
use super::wire;

/// Objects on a page, unless the query says otherwise, and at most.
const USUAL_PAGE: u64 = 10;
const LARGEST_PAGE: u64 = 100;

/// One page of payouts, the youngest first.
pub fn list(state: &State, form: &Form, now: Timestamp) -> Result<Reply, Reply> {
    let from = form.number("created[gte]")?.and_then(|second| i64::try_from(second).ok());
    let until = form.number("created[lt]")?.and_then(|second| i64::try_from(second).ok());
    let wanted = |batch: &&Batch| {
        let made = batch.cutoff_at.as_second();
        batch.vendor == Vendor::Stripe
            && from.is_none_or(|from| made >= from)
            && until.is_none_or(|until| made < until)
    };
    let mut found: Vec<&Batch> = state.settlements.values().filter(wanted).collect();
    found.sort_by(|one, other| (other.cutoff_at, &other.id).cmp(&(one.cutoff_at, &one.id)));
    let found: Vec<Value> = found.into_iter().map(|batch| payout(batch, now)).collect();
    page(&found, form, "/v1/payouts")
}

/// One payout.
pub fn show(
    state: &State,
    id: &str,
    spoil: Option<ReportSpoil>,
    now: Timestamp,
    ids: &mut IdSource,
) -> Result<(Change, Reply), Reply> {
    let batch = find(state, id)?;
    let again = (spoil == Some(ReportSpoil::Whole(ReportFault::Reissued))).then(|| reissued(batch, ids));
    let reply = wire::ok(&payout(again.as_ref().unwrap_or(batch), now));
    let mut change = Change::default();
    change.entries.extend(again.map(Entry::Settlement));
    Ok((change, reply))
}

/// One page of what a payout is made of; the payout's own transaction stands first.
pub fn transactions(
    state: &State,
    payout: &str,
    spoil: Option<ReportSpoil>,
    form: &Form,
) -> Result<Reply, Reply> {
    let batch = find(state, payout)?;
    let mut found = vec![own_transaction(batch)];
    found.extend(shown_rows(batch, spoil).iter().map(|row| transaction(state, row)));
    page(&found, form, "/v1/balance_transactions")
}

fn find<'a>(state: &'a State, id: &str) -> Result<&'a Batch, Reply> {
    let batch = state.settlements.get(id).filter(|batch| batch.vendor == Vendor::Stripe);
    batch.ok_or_else(|| wire::refusal(&Refusal::NotFound))
}

/// The page that begins after the object that the query names.
fn page(found: &[Value], form: &Form, url: &str) -> Result<Reply, Reply> {
    let limit = form.number("limit")?.unwrap_or(USUAL_PAGE).clamp(1, LARGEST_PAGE);
    let after = form.text("starting_after");
    let begin = match &after {
        None => 0,
        Some(id) => {
            let place =
                found.iter().position(|object| object.get("id").and_then(Value::as_str) == Some(id.as_str()));
            place.ok_or_else(|| wire::refusal(&Refusal::NotFound))? + 1
        }
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let data: Vec<&Value> = found.iter().skip(begin).take(limit).collect();
    let has_more = begin + data.len() < found.len();
    Ok(wire::ok(&json!({ "object": "list", "url": url, "has_more": has_more, "data": data })))
}

fn payout(batch: &Batch, now: Timestamp) -> Value {
    let arrival =
        jiff::tz::TimeZone::UTC.to_timestamp(batch.transfer_on.to_datetime(jiff::civil::Time::midnight()));
    let arrival = arrival.unwrap_or(batch.cutoff_at);
    json!({
        "id": batch.id,
        "object": "payout",
        "amount": batch.paid_out(),
        "arrival_date": arrival.as_second(),
        "automatic": true,
        "balance_transaction": format!("txn_{}", batch.id),
        "created": batch.cutoff_at.as_second(),
        "currency": "jpy",
        "description": "STRIPE PAYOUT",
        "livemode": false,
        "method": "standard",
        "reconciliation_status": "completed",
        "source_type": "card",
        "status": if now >= arrival { "paid" } else { "in_transit" },
        "type": "bank_account",
    })
}

fn own_transaction(batch: &Batch) -> Value {
    json!({
        "id": format!("txn_{}", batch.id),
        "object": "balance_transaction",
        "amount": -batch.paid_out(),
        "available_on": batch.cutoff_at.as_second(),
        "created": batch.cutoff_at.as_second(),
        "currency": "jpy",
        "fee": 0,
        "fee_details": [],
        "net": -batch.paid_out(),
        "reporting_category": "payout",
        "source": { "id": batch.id, "object": "payout" },
        "status": "available",
        "type": "payout",
    })
}

fn transaction(state: &State, row: &Row) -> Value {
    let (kind, category, object) = match row.kind {
        RowKind::Capture => ("charge", "charge", "charge"),
        RowKind::Refund => ("refund", "refund", "refund"),
        RowKind::Chargeback => ("adjustment", "dispute", "dispute"),
        RowKind::Correction => ("adjustment", "other_adjustment", "adjustment"),
    };
    let payment = row.payment_id.as_deref().and_then(|id| state.payments.get(id));
    // A charge carries the metadata of its payment; refunds and disputes have their own.
    let metadata = match (row.kind, payment) {
        (RowKind::Capture, Some(payment)) => Value::Object(payment.metadata.clone()),
        _ => json!({}),
    };
    let source = (row.kind != RowKind::Correction).then(|| {
        json!({ "id": format!("{object}_{}", row.id), "object": object, "payment_intent": row.payment_id,
            "metadata": metadata })
    });
    let fees = [("stripe_fee", row.fee), ("tax", row.tax)];
    let fee_details: Vec<Value> = fees
        .iter()
        .filter(|(_, amount)| *amount != 0)
        .map(|(kind, amount)| json!({ "amount": amount, "currency": "jpy", "type": kind }))
        .collect();
    json!({
        "id": format!("txn_{}", row.id),
        "object": "balance_transaction",
        "amount": row.amount,
        "available_on": row.at.as_second(),
        "created": row.at.as_second(),
        "currency": "jpy",
        "description": null,
        "exchange_rate": null,
        "fee": row.fee + row.tax,
        "fee_details": fee_details,
        "net": row.net,
        "reporting_category": category,
        "source": source,
        "status": "available",
        "type": kind,
    })
}
