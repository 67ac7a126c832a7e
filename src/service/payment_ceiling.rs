//! What decides today, beside settings and designations, how an invoice can be paid: how much a method may still take, and
//! whether a slip is still in time.
//!
//! Invariant: what an account took of a body and what is open at it never exceeds its ceiling, however many open at once: whoever
//! opens under a ceiling holds the account's root ([`write`]) and judges inside of the same transaction. Where an account has no
//! ceiling nobody waits for anybody, and nothing is summed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Ctx, Failure};
use crate::catalogue::Catalogue;
use crate::domain::calendar::jst_day;
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::{MethodCode, Taken};
use crate::gateway::MerchantAccount;
use crate::store::invoices::InvoiceRow;
use crate::store::payments::PaymentRow;
use crate::store::{Reads, Root, Tx, demands, merchant_ceilings};

/// What is known today of accounts and claims.
#[derive(Debug)]
pub struct PayableNow {
    now: Timestamp,
    /// By account, then by method; only accounts that have a ceiling.
    taken: BTreeMap<String, BTreeMap<MethodCode, Taken>>,
    /// The last day of each claim that has one.
    last_days: BTreeMap<InvoiceId, Date>,
}

impl PayableNow {
    /// Reads it for some invoices of one body. What is open of `leaving` does not count: it is closed before another attempt
    /// opens.
    pub fn of(
        tx: &mut impl Reads,
        ctx: &Ctx,
        invoices: &[&InvoiceRow],
        leaving: &[PaymentRow],
    ) -> Result<Self, Failure> {
        let now = tx.now();
        let (mut taken, mut last_days) = (BTreeMap::new(), BTreeMap::new());
        for invoice in invoices {
            if let Some(last_day) = last_day(tx, &ctx.catalogue, invoice, jst_day(now))? {
                last_days.insert(invoice.id, last_day);
            }
        }
        if let Some(first) = invoices.first() {
            let tenant = &first.tenant_id;
            for account in ctx.core.gateways.serving(tenant).filter(|account| account.has_ceiling()) {
                let mut sums = merchant_ceilings::taken(tx, tenant, &account.name, jst_day(now))?;
                for attempt in leaving.iter().filter(|attempt| attempt.gateway == account.name) {
                    leave(&mut sums, attempt)?;
                }
                taken.insert(account.name.clone(), sums);
            }
        }
        Ok(Self { now, taken, last_days })
    }

    /// The instant it was read at.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether an account may take `amount` more by a method.
    pub fn has_room(&self, account: &MerchantAccount, method: &MethodCode, amount: Yen) -> bool {
        self.taken.get(&account.name).is_none_or(|taken| account.terms.admits(method, amount, taken))
    }

    /// Whether an account still issues a slip for a claim by a method.
    pub fn is_in_time(&self, account: &MerchantAccount, method: &MethodCode, invoice: InvoiceId) -> bool {
        self.last_day(account, method, invoice).is_none_or(|last| jst_day(self.now) <= last)
    }

    /// The last day on which what an account issues for a claim by a method is taken; none where that has no end.
    pub fn last_day(
        &self,
        account: &MerchantAccount,
        method: &MethodCode,
        invoice: InvoiceId,
    ) -> Option<Date> {
        self.last_days.get(&invoice).copied().filter(|_| account.terms.of(method).until_due_day)
    }
}

/// Takes what is open of an attempt off what its account has open.
fn leave(sums: &mut BTreeMap<MethodCode, Taken>, attempt: &PaymentRow) -> Result<(), Failure> {
    let payment = attempt.payment()?;
    let is_open = payment.state.is_live() && attempt.captured_on.is_none();
    if let Some(sum) = sums.get_mut(&payment.method).filter(|_| is_open) {
        sum.today = sum.today.minus(attempt.amount).unwrap_or(Yen::ZERO);
        sum.this_month = sum.this_month.minus(attempt.amount).unwrap_or(Yen::ZERO);
    }
    Ok(())
}

/// The last day of a claim: its due day moved off days off, or that of a demand.
pub(super) fn last_day(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    invoice: &InvoiceRow,
    today: Date,
) -> Result<Option<Date>, Failure> {
    let (Some(due), Some(body)) = (invoice.due_on, catalogue.tenant(&invoice.tenant_id)) else {
        return Ok(None);
    };
    let mut last = body.calendar.roll(due.0);
    if last < today {
        let demand = demands::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
        last = demand.map_or(last, |demand| last.max(body.calendar.roll(demand.pay_until.0)));
    }
    Ok(Some(last))
}

/// Writes under the roots of some cases, and under those of every account with a ceiling that may take a payment by `method`.
pub(super) async fn write<T: Send + 'static>(
    ctx: &Ctx,
    (tenant, method): (&TenantCode, &MethodCode),
    mut roots: Vec<Root>,
    f: impl Fn(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let serving = ctx.core.gateways.serving(tenant).filter(|account| account.terms.bound(method));
    let bound: Vec<String> = serving.map(|account| account.name.clone()).collect();
    if !bound.is_empty() {
        roots.extend(ceiling_roots(ctx, tenant, bound).await?);
    }
    match roots.as_slice() {
        [only] => ctx.core.db.write(*only, f).await,
        _ => ctx.core.db.write_alone(roots, f).await,
    }
}

/// The roots of some accounts; the first time each is asked for it is made.
async fn ceiling_roots(ctx: &Ctx, tenant: &TenantCode, accounts: Vec<String>) -> Result<Vec<Root>, Failure> {
    let find = |tenant: TenantCode, accounts: Vec<String>| {
        ctx.core.db.read(move |tx| Ok::<_, Failure>(merchant_ceilings::roots(tx, &tenant, &accounts)?))
    };
    let found = find(tenant.clone(), accounts.clone()).await?;
    if found.len() == accounts.len() {
        return Ok(found);
    }
    let (of, names) = (tenant.clone(), accounts.clone());
    let make = move |tx: &mut Tx<'_>| {
        for name in &names {
            merchant_ceilings::make_root(tx, &of, name)?;
        }
        Ok::<_, Failure>(())
    };
    ctx.core.db.write_alone(Vec::new(), make).await?;
    find(tenant.clone(), accounts).await
}
