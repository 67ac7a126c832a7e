//! Who takes what comes at the counter (窓口収納), and whether it may be taken there at all.
//!
//! Cash and bank slips are received by the body. A card or e-money at the terminal is taken by the agent behind it, which must be
//! designated for every revenue of the invoice on that day (T-5): its money is entrusted until a payout brings it.

use jiff::civil::Date;

use super::payment_refusal::PaymentRefusal;
use super::{Ctx, Failure, Refusal, intake};
use crate::domain::id::TenantCode;
use crate::domain::payment::{COUNTER_METHOD, CounterMeans, LegalRole, MethodCode, may_take, terminal_on};
use crate::store::applications::ApplicationRow;
use crate::store::invoices::InvoiceRow;

/// The most characters of a terminal's number by which its agent's reports name a payment.
const LONGEST_NUMBER: usize = 64;

/// Whose hands money lies in that came outside of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taker {
    /// Where it lies: the place in the ledger, and the name in `payments.gateway`.
    pub place: String,
    /// In which legal role it was taken.
    pub legal_role: LegalRole,
}

impl Taker {
    /// The body itself, at a place.
    pub fn body(place: &str) -> Self {
        Self { place: place.to_owned(), legal_role: LegalRole::Direct }
    }

    /// The number by which an agent's reports may name a payment; free words of a clerk are not repeated in clear.
    pub fn number_of(&self, reference: Option<&str>) -> Option<String> {
        let is_number = |text: &&str| {
            text.len() <= LONGEST_NUMBER
                && text.bytes().all(|byte| byte.is_ascii_graphic())
                && text.bytes().any(|byte| byte.is_ascii_digit())
        };
        reference.filter(|_| self.legal_role != LegalRole::Direct).filter(is_number).map(str::to_owned)
    }
}

/// Who takes what an invoice owes by a means on a day.
pub(super) fn taker(
    ctx: &Ctx,
    invoice: &InvoiceRow,
    means: CounterMeans,
    day: Date,
) -> Result<Taker, Refusal> {
    if means != CounterMeans::Pos {
        return Ok(Taker::body(means.place()));
    }
    let body = ctx.catalogue.tenant(&invoice.tenant_id).map(|body| &body.definition);
    let terminal = body.and_then(|body| terminal_on(&body.counter_terminals, day));
    let (Some(body), Some(terminal)) = (body, terminal) else {
        return Err(Refusal::Payment(PaymentRefusal::NoCounterTerminal));
    };
    let method = MethodCode::parse(COUNTER_METHOD).ok_or(Refusal::MethodNotOffered)?;
    let revenues = invoice.lines.0.iter().map(|line| line.revenue_account.as_str());
    if !may_take(&body.payment_agents, (&terminal.account, &method), revenues, day) {
        return Err(Refusal::AgentNotDesignated);
    }
    Ok(Taker { place: terminal.account.clone(), legal_role: terminal.legal_role })
}

/// Refuses money at the counter for a fee whose ordinance names other methods only, such as stamps. What is charged beside a
/// claim, and what arises in a procedure without a fee, is no such fee.
pub(super) fn refuse_other_methods(
    ctx: &Ctx,
    case: &ApplicationRow,
    invoice: &InvoiceRow,
) -> Result<(), Failure> {
    if invoice.principal_id.is_some() {
        return Ok(());
    }
    let procedure = intake::pinned(ctx, case)?;
    let allowed = procedure.definition.allowed_methods.as_ref();
    let named = allowed.is_none_or(|allowed| allowed.methods.iter().any(|code| code == COUNTER_METHOD));
    if named { Ok(()) } else { Err(Refusal::MethodNotOffered.into()) }
}

/// Whether an account is that of the terminals of a body, on whatever day: its payouts are taken in.
pub(super) fn is_terminal(ctx: &Ctx, tenant: &TenantCode, account: &str) -> bool {
    let body = ctx.catalogue.tenant(tenant);
    body.is_some_and(|body| body.definition.counter_terminals.iter().any(|one| one.account == account))
}
