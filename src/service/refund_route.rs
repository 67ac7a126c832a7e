//! Which way a refund takes: asked when somebody requests it, and again under the lock at the moment it is approved, so
//! that a remittance between the two sends it by bank transfer and nothing goes out of a gateway that no longer holds the money.

use serde_json::json;

use super::refund_money::{self, PaidMoney};
use super::refund_refusal::RefundRefusal;
use super::{Ctx, Failure, Refusal};
use crate::domain::fault::Fault;
use crate::domain::money::Yen;
use crate::domain::payment::{LegalRole, MethodCode, refund_after_remittance};
use crate::domain::refund::{
    ChosenRoute, GatewayWay, HeldBy, Payer, RefundRoute, RouteFacts, RouteReason, RouteRejection,
    choose_route, reroute,
};
use crate::gateway::RefundSupport;
use crate::store::Reads;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::PaymentRow;
use crate::store::refunds::RefundRow;

/// The way that is taken where nobody names one.
pub(super) fn usual(
    ctx: &Ctx,
    invoice: &InvoiceRow,
    money: &PaidMoney,
    amount: Yen,
) -> Result<ChosenRoute, Failure> {
    choose_route(facts(ctx, invoice, money, amount)?, None).map_err(refusal)
}

/// The way that somebody names, or the usual one.
pub(super) fn wanted(
    ctx: &Ctx,
    invoice: &InvoiceRow,
    money: &PaidMoney,
    amount: Yen,
    named: Option<&str>,
) -> Result<ChosenRoute, Failure> {
    // What is set off is proposed at the claim that it settles.
    let known = |text| RefundRoute::parse(text).filter(|route| *route != RefundRoute::SetOff);
    let named = named.map(|text| known(text).ok_or_else(unknown)).transpose()?;
    choose_route(facts(ctx, invoice, money, amount)?, named).map_err(refusal)
}

fn unknown() -> Refusal {
    let (ja, en) = ("この値は使えません。", "This value is not known.");
    Refusal::Invalid(vec![Fault::new("/route", "unknown_value", ja, en)])
}

fn refusal(rejection: RouteRejection) -> Failure {
    match rejection {
        RouteRejection::NotByGateway => RefundRefusal::NotByGateway.into(),
        RouteRejection::Remitted => RefundRefusal::Remitted.into(),
    }
}

/// Sends a refund another way where its agent sent the money since it was asked for; gives what the record of the case says of
/// it. The caller holds the case's root, stores the refund, and approves it afterwards.
pub(super) fn change_at_approval(
    tx: &mut impl Reads,
    ctx: &Ctx,
    row: &mut RefundRow,
) -> Result<Option<serde_json::Value>, Failure> {
    let invoice = invoices::find(tx, &row.tenant_id, row.invoice_id)?.ok_or(Refusal::NotFound)?;
    let paid = refund_money::of_invoice(tx, &invoice)?;
    let money = paid.iter().find(|money| money.payment.id == row.payment_id);
    let money = money.ok_or(Refusal::NotFound)?;
    let asked = row.refund()?.route;
    let Some(instead) = reroute(facts(ctx, &invoice, money, row.amount)?, asked) else { return Ok(None) };
    instead.route.as_str().clone_into(&mut row.route);
    row.route_reason = Some(instead.reason.as_str().to_owned());
    Ok(Some(json!({ "refund": row.id.to_string(), "from": asked.as_str(), "to": row.route,
        "why": instead.reason.as_str(), "remitted_on": money.remitted_on.map(|day| day.to_string()) })))
}

/// The reason of a stored name; nothing where the refund is older than the reasons.
pub fn reason_of(row: &RefundRow) -> Option<RouteReason> {
    row.route_reason.as_deref().and_then(RouteReason::parse)
}

fn facts(ctx: &Ctx, invoice: &InvoiceRow, money: &PaidMoney, amount: Yen) -> Result<RouteFacts, Failure> {
    let payment = &money.payment;
    Ok(RouteFacts {
        gateway: gateway_way(ctx, payment, amount),
        payer: if money.by_link.is_some() { Payer::Another } else { Payer::Party },
        held_by: if money.remitted_on.is_some() { HeldBy::Body } else { HeldBy::Taker },
        after_remittance: rule(ctx, invoice, payment)?,
    })
}

/// The rule of the designation under which the money was entrusted; of money that no designated agent took there is none.
fn rule(ctx: &Ctx, invoice: &InvoiceRow, row: &PaymentRow) -> Result<RefundRoute, Failure> {
    let payment = row.payment()?;
    let Some(entrusted_on) = row.captured_on.filter(|_| payment.legal_role == LegalRole::DesignatedAgent)
    else {
        return Ok(RefundRoute::Gateway);
    };
    let body = ctx.catalogue.tenant(&row.tenant_id);
    let designations = body.map_or(&[][..], |body| body.definition.payment_agents.as_slice());
    let revenues = invoice.lines.0.iter().map(|line| line.revenue_account.as_str());
    Ok(refund_after_remittance(designations, (&row.gateway, &payment.method), revenues, entrusted_on.0))
}

/// Whether the method can send this much back through its gateway.
fn gateway_way(ctx: &Ctx, row: &PaymentRow, amount: Yen) -> GatewayWay {
    let account = ctx.core.gateways.find(&row.tenant_id, &row.gateway);
    let method = MethodCode::parse(&row.method);
    let support = account.zip(method).and_then(|(account, method)| {
        account.adapter.capabilities().method(&method).map(|capability| capability.refund)
    });
    let known = row.gateway_payment_id.is_some();
    match support {
        Some(RefundSupport::Partial) if known => GatewayWay::Open,
        // Of several invoices paid in one act the gateway could only send back all of it.
        Some(RefundSupport::FullOnly) if known && row.share_of.is_none() && amount == row.captured => {
            GatewayWay::Open
        }
        _ => GatewayWay::Closed,
    }
}
