//! By which methods an invoice can be paid, and through whose hands (T-5).
//!
//! A method is offered only where six things meet: the ordinance lets the procedure be paid by it, an account of
//! the body takes the amount by it, the agent behind the account is designated for every revenue of the invoice on this
//! day, what it issues is still taken, the account's ceilings leave room for the amount, and the gateway
//! answers. The same judgement is made when methods are shown and when a payment is
//! opened, there inside of the transaction. What is open is closed once designation or last day are over.

use std::sync::Arc;

use jiff::Span;
use jiff::civil::Date;

use super::payment_ceiling::{self, PayableNow};
use super::payment_refusal::PaymentRefusal;
use super::{Core, Ctx, Failure, Refusal};
use crate::catalogue::Catalogue;
use crate::domain::calendar::jst_day;
use crate::domain::money::Yen;
use crate::domain::payment::{LegalRole, MethodCode, may_take};
use crate::domain::procedure::ProcedureDefinition;
use crate::gateway::MerchantAccount;
use crate::store::Reads;
use crate::store::invoices::InvoiceRow;
use crate::store::payments::PaymentRow;

/// The most days for which anything that is opened today can be paid.
const LONGEST_LIFE_DAYS: i64 = 3;

/// When somebody who was turned away because a gateway does not answer may come again, in seconds.
const COME_AGAIN_S: i64 = 30;

/// The account that takes an invoice by a method today: the first of the settings that may and can.
pub fn account_for<'a>(
    ctx: &'a Ctx,
    procedure: &ProcedureDefinition,
    invoice: &InvoiceRow,
    method: &MethodCode,
    today: &PayableNow,
) -> Result<&'a Arc<MerchantAccount>, Refusal> {
    account_for_all(ctx, &[(procedure, invoice)], method, today)
}

/// The account that takes several invoices of one body in one act: the procedure of each allows the method, the account
/// takes their sum, and whoever is behind it may take every revenue of every invoice.
pub fn account_for_all<'a>(
    ctx: &'a Ctx,
    invoices: &[(&ProcedureDefinition, &InvoiceRow)],
    method: &MethodCode,
    today: &PayableNow,
) -> Result<&'a Arc<MerchantAccount>, Refusal> {
    let now = today.now();
    let allows = |(procedure, _): &(&ProcedureDefinition, &InvoiceRow)| {
        let mut allowed = procedure.allowed_methods.iter().flat_map(|allowed| &allowed.methods);
        allowed.any(|code| code == method.as_str())
    };
    let sum = Yen::sum(invoices.iter().map(|(_, invoice)| invoice.owed()));
    let (Some((_, first)), Ok(sum), true) = (invoices.first(), sum, invoices.iter().all(allows)) else {
        return Err(Refusal::MethodNotOffered);
    };
    let taking: Vec<_> = ctx.core.gateways.taking(&first.tenant_id, method, sum).collect();
    if taking.is_empty() {
        return Err(Refusal::MethodNotOffered);
    }
    let may_take_all = |account: &&Arc<MerchantAccount>| {
        invoices
            .iter()
            .all(|(_, invoice)| is_designated(&ctx.catalogue, account, invoice, method, jst_day(now)))
    };
    let in_time = |account: &&Arc<MerchantAccount>| {
        invoices.iter().all(|(_, invoice)| today.is_in_time(account, method, invoice.id))
    };
    let has_room = |account: &&Arc<MerchantAccount>| today.has_room(account, method, sum);
    let is_healthy = |account: &&Arc<MerchantAccount>| account.is_healthy(now);
    let left = sifted(taking, may_take_all, Refusal::AgentNotDesignated)?;
    let left = sifted(left, in_time, Refusal::Payment(PaymentRefusal::PastDueDay))?;
    let left = sifted(left, has_room, Refusal::Payment(PaymentRefusal::CeilingReached))?;
    let left = sifted(left, is_healthy, Refusal::Busy { retry_after_s: COME_AGAIN_S })?;
    left.into_iter().next().ok_or(Refusal::MethodNotOffered)
}

/// The accounts that pass, in their order; the refusal where none does.
fn sifted<'a>(
    accounts: Vec<&'a Arc<MerchantAccount>>,
    passes: impl Fn(&&'a Arc<MerchantAccount>) -> bool,
    otherwise: Refusal,
) -> Result<Vec<&'a Arc<MerchantAccount>>, Refusal> {
    let left: Vec<_> = accounts.into_iter().filter(passes).collect();
    if left.is_empty() { Err(otherwise) } else { Ok(left) }
}

/// The methods by which an invoice can be paid now, in the procedure's order.
pub fn offered(
    ctx: &Ctx,
    procedure: &ProcedureDefinition,
    invoice: &InvoiceRow,
    today: &PayableNow,
) -> Vec<String> {
    let allowed = procedure.allowed_methods.iter().flat_map(|allowed| &allowed.methods);
    let can_pay = |code: &&String| {
        let method = MethodCode::parse(code);
        method.is_some_and(|method| account_for(ctx, procedure, invoice, &method, today).is_ok())
    };
    allowed.filter(can_pay).cloned().collect()
}

/// The last day on which an account may take some invoices by a method, as far as it comes within the life of what is opened today: the
/// last day of a claim, or the last one of its agent's designation.
pub(super) fn last_payable_day(
    ctx: &Ctx,
    account: &MerchantAccount,
    invoices: &[&InvoiceRow],
    method: &MethodCode,
    today: &PayableNow,
) -> Option<Date> {
    let first = jst_day(today.now());
    let is_designated =
        |day: &Date| invoices.iter().all(|one| is_designated(&ctx.catalogue, account, one, method, *day));
    let day_after = |days: i64| first.saturating_add(Span::new().days(days));
    let ended = (1..=LONGEST_LIFE_DAYS).map(day_after).find(|day| !is_designated(day));
    let designated = ended.and_then(|day| day.yesterday().ok());
    let of_claims = invoices.iter().filter_map(|one| today.last_day(account, method, one.id));
    of_claims.chain(designated).min()
}

/// Whether an attempt that is open may still take money today: nothing that was issued outlives the claim's last day, or the
/// designation of whoever takes the money (T-5, R-85).
pub(super) fn still_takes(
    tx: &mut impl Reads,
    core: &Core,
    invoice: &InvoiceRow,
    attempt: &PaymentRow,
) -> Result<bool, Failure> {
    let Some(account) = core.gateways.find(&attempt.tenant_id, &attempt.gateway) else { return Ok(true) };
    let (catalogue, today, method) = (core.catalogue.current(), jst_day(tx.now()), attempt.payment()?.method);
    if !is_designated(&catalogue, account, invoice, &method, today) {
        return Ok(false);
    }
    if !account.terms.of(&method).until_due_day {
        return Ok(true);
    }
    let last = payment_ceiling::last_day(tx, &catalogue, invoice, today)?;
    Ok(last.is_none_or(|last| today <= last))
}

/// Whether whoever stands behind the account may take every revenue of the invoice on this day. The body itself may.
fn is_designated(
    catalogue: &Catalogue,
    account: &MerchantAccount,
    invoice: &InvoiceRow,
    method: &MethodCode,
    day: Date,
) -> bool {
    let tenant = catalogue.tenant(&invoice.tenant_id);
    let designations = tenant.map_or(&[][..], |tenant| tenant.definition.payment_agents.as_slice());
    let revenues = invoice.lines.0.iter().map(|line| line.revenue_account.as_str());
    account.legal_role == LegalRole::Direct || may_take(designations, (&account.name, method), revenues, day)
}
