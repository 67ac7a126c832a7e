//! One sum at the counter for several invoices, of one person or of several (窓口での一括収納): a payer brings what is owed for all of
//! them at once.
//!
//! Invariants: everything is entered or nothing, under the roots of all the cases; the sum is exactly what they owe together; each
//! invoice gets a payment and a receipt of its own, so that each can be struck out or refunded by itself.

use jiff::Timestamp;

use super::catalogue::member;
use super::counter::{CounterEntry, CounterPayment, enter, judge, present};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::joint_payment::{cases_of, refuse_list};
use super::{Ctx, Effect, Failure, Refusal};
use crate::domain::fault::Fault;
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::money::Yen;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::{Reads, Root, Tx};

/// What separates the payments in the record of a key.
const BETWEEN: char = ',';

/// Enters one sum for the invoices, once; `entry.amount` is the whole.
pub async fn receive(
    ctx: Ctx,
    request: IdempotencyRequest,
    ids: Vec<InvoiceId>,
    entry: CounterEntry,
) -> Result<Effect<Vec<CounterPayment>>, Failure> {
    refuse_list(&ids)?;
    let cases = cases_of(&ctx, &request.tenant, &ids).await?;
    let roots = cases.iter().map(|(_, case)| Root::Application(*case)).collect();
    let db = ctx.core.db.clone();
    db.write_alone(roots, move |tx| {
        let take = |tx: &mut Tx<'_>, now| take(tx, &ctx, (&request.tenant, &ids), &entry, now);
        once(tx, &request, "counter_payments", take, |tx, made| {
            made.split(BETWEEN).map(|id| present(tx, &ctx, &request.tenant, id)).collect()
        })
    })
    .await
}

fn take(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, ids): (&TenantCode, &[InvoiceId]),
    entry: &CounterEntry,
    now: Timestamp,
) -> Result<Made<Vec<CounterPayment>>, Failure> {
    let members = judge_all(tx, ctx, (tenant, ids), entry, now)?;

    // From here on everything changes rows; every refusal stands above.
    let mut made = Vec::new();
    for invoice in &members {
        let share = share_of(entry, invoice);
        made.push(enter(tx, ctx, (tenant, ids), invoice.id, &share, now)?.value);
    }
    let ids: Vec<String> = made.iter().map(|payment| payment.payment.id.to_string()).collect();
    Ok(Made { resource_id: ids.join(&BETWEEN.to_string()), value: made })
}

/// The invoices in the order in which they were named, or the faults of all of them and of the sum.
fn judge_all(
    tx: &mut impl Reads,
    ctx: &Ctx,
    (tenant, ids): (&TenantCode, &[InvoiceId]),
    entry: &CounterEntry,
    now: Timestamp,
) -> Result<Vec<InvoiceRow>, Failure> {
    let (mut members, mut faults) = (Vec::new(), Vec::new());
    for (index, id) in ids.iter().enumerate() {
        let judged = match invoices::find(tx, tenant, *id)? {
            Some(invoice) => {
                let share = share_of(entry, &invoice);
                judge(tx, ctx, (tenant, ids), *id, &share, now).map(|judged| judged.invoice)
            }
            None => Err(Refusal::NotFound.into()),
        };
        members.extend(member("/invoices", index, judged, &mut faults)?);
    }
    if faults.is_empty() {
        faults.extend(sum_fault(entry.amount, &members)?);
    }
    if faults.is_empty() { Ok(members) } else { Err(Refusal::Invalid(faults).into()) }
}

/// What an invoice gets of the sum: what it owes.
fn share_of(entry: &CounterEntry, invoice: &InvoiceRow) -> CounterEntry {
    CounterEntry { amount: invoice.owed().amount(), ..entry.clone() }
}

/// The whole is told only where every invoice can be paid: what one of them owes is nobody else's business.
fn sum_fault(amount: i64, members: &[InvoiceRow]) -> Result<Option<Fault>, Failure> {
    let owed = Yen::sum(members.iter().map(InvoiceRow::owed));
    let owed = owed.map_err(|error| Failure::Internal(error.to_string()))?.amount();
    let ja = format!("納付すべき額の合計（{owed}円）と一致しません。");
    let en = format!("It is not what is owed in all ({owed} yen).");
    Ok((amount != owed).then(|| Fault::new("/amount", "amount_differs", ja, en)))
}
