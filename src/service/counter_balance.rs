//! One sum at the counter for a late claim and what is owed beside it (充当, R-92): taken in the order of the ordinance, at once.
//!
//! The sum pays the first debts of that order whole: all of them, or as many as it covers to the yen. Each gets a payment and a
//! receipt of its own; nothing is split, so a sum that pays no whole number of debts is refused with the sums that do.

use jiff::Timestamp;

use super::arrears::{self, Arrears};
use super::cases::{self, OpenCase};
use super::counter::{CounterEntry, CounterPayment, enter, present};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Ctx, Effect, Failure, Refusal, charge, counter_terminal, payment, separation};
use crate::domain::arrears::{ChargeOrder, paid_by};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::CounterMeans;
use crate::domain::policy::Action;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::{Root, Tx};

/// What separates the payments in the record of a key.
const BETWEEN: char = ',';

/// A sum that came today.
#[derive(Clone, Debug)]
pub struct BalanceEntry {
    /// By which means it came.
    pub means: CounterMeans,
    /// How much, in yen.
    pub amount: i64,
    /// Number of the slip or of the terminal's receipt.
    pub reference: Option<String>,
}

/// Enters a sum for a claim and what is owed beside it, once.
pub async fn receive(
    ctx: Ctx,
    request: IdempotencyRequest,
    claim: InvoiceId,
    entry: BalanceEntry,
) -> Result<Effect<Vec<CounterPayment>>, Failure> {
    let root = payment::application_of(&ctx, &request.tenant, claim).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let take = |tx: &mut Tx<'_>, now| take(tx, &ctx, (&request.tenant, claim), &entry, now);
        once(tx, &request, "counter_balance", take, |tx, ids| {
            ids.split(BETWEEN).map(|id| present(tx, &ctx, &request.tenant, id)).collect()
        })
    })
    .await
}

fn take(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, InvoiceId),
    entry: &BalanceEntry,
    now: Timestamp,
) -> Result<Made<Vec<CounterPayment>>, Failure> {
    let claim = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, claim.application_id, Action::ReceiveAtCounter)?;
    let found = arrears::read(tx, &ctx.catalogue, &claim)?.ok_or(Refusal::NotFound)?;
    refuse_ended(tx, &case, &found)?;
    separation::refuse_own_assessment(tx, &case, &claim)?;
    counter_terminal::taker(ctx, &claim, entry.means, jst_day(now))?;
    let debts = amounts(&found)?;
    if paid_by(&debts, entry.amount).is_none() {
        return Err(no_whole_number(&debts).into());
    }

    // From here on everything changes rows; every refusal stands above.
    if found.order == Some(ChargeOrder::ChargesFirst)
        && charge::assess_today(tx, ctx, &mut case, &claim, now)?.is_some()
    {
        case.save(tx)?;
    }
    let (mut left, mut made) = (entry.amount, Vec::new());
    while left > 0 {
        let claim = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
        let found = arrears::read(tx, &ctx.catalogue, &claim)?.ok_or(Refusal::NotFound)?;
        let next = open_debts(&found)?.into_iter().next().map(|row| (row.id, row.owed().amount()));
        let (debt, amount) = next.filter(|(_, amount)| *amount <= left).ok_or_else(|| {
            Failure::Internal(format!("{left} yen of the balance of invoice {id} pay no debt"))
        })?;
        let (means, reference) = (entry.means, entry.reference.clone());
        let one = CounterEntry { means, amount, received_on: jst_day(now), reference };
        made.push(enter(tx, ctx, (tenant, &[]), debt, &one, now)?.value);
        left -= amount;
    }
    let ids: Vec<String> = made.iter().map(|payment| payment.payment.id.to_string()).collect();
    Ok(Made { resource_id: ids.join(&BETWEEN.to_string()), value: made })
}

/// Refuses where anything that the sum would pay is not owed any more, since its case ended; of what is all paid, the claim is asked.
fn refuse_ended(tx: &mut Tx<'_>, case: &OpenCase, found: &Arrears) -> Result<(), Failure> {
    let open = open_debts(found)?;
    for debt in &open {
        payment::refuse_ended(tx, case, debt)?;
    }
    if open.is_empty() { payment::refuse_ended(tx, case, &found.invoice) } else { Ok(()) }
}

/// The open invoices of a claim in the order in which they are taken.
fn open_debts(found: &Arrears) -> Result<Vec<&InvoiceRow>, Failure> {
    let claim = std::iter::once(&found.invoice);
    let beside = found.charges.iter().map(|(_, row)| row);
    let in_order: Vec<&InvoiceRow> = match found.order {
        Some(ChargeOrder::ChargesFirst) => beside.chain(claim).collect(),
        Some(ChargeOrder::PrincipalFirst) | None => claim.chain(beside).collect(),
    };
    let mut open = Vec::new();
    for row in in_order {
        if row.is_open()? {
            open.push(row);
        }
    }
    Ok(open)
}

/// What is to be paid today, debt by debt in their order, with what will be assessed on the way.
fn amounts(found: &Arrears) -> Result<Vec<Yen>, Failure> {
    let open = open_debts(found)?;
    let mut debts: Vec<Yen> = open.iter().map(|row| row.owed()).collect();
    let accruing =
        if found.order.is_some() && found.demand.is_some() { found.accruing()? } else { Yen::ZERO };
    if accruing > Yen::ZERO {
        let claim_last = found.order == Some(ChargeOrder::ChargesFirst) && found.invoice.is_open()?;
        let place = if claim_last { debts.len().saturating_sub(1) } else { debts.len() };
        debts.insert(place, accruing);
    }
    Ok(debts)
}

fn no_whole_number(debts: &[Yen]) -> Refusal {
    let mut sum = 0_i64;
    let sums = debts.iter().map(|debt| {
        sum = sum.saturating_add(debt.amount());
        sum.to_string()
    });
    let sums = sums.collect::<Vec<_>>();
    let ja = format!("充当の順に納付できる額は次のいずれかです：{}円", sums.join("円、"));
    let en =
        format!("Taken in their order, the debts are paid by one of these sums: {} yen", sums.join(", "));
    Refusal::Invalid(vec![Fault::new("/amount", "pays_no_whole_debt", ja, en)])
}
