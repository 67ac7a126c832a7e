//! A second charge: another payment of the gateway that took money in the checkout of one of ours.
//!
//! The money is there, so it stands in the books as a payment of its own, of the same invoice, under the gateway's own id. Where the
//! debt is covered it is too much, and is proposed to go back like all that is; two people send it. Invariants: one charge is
//! one payment, however often and by whatever way it is heard; what the gateway says of it later moves that payment and no other.

use serde_json::json;

use super::cases::system_actor;
use super::payment_standing::{self, Source};
use super::{Core, Failure};
use crate::domain::id::PaymentId;
use crate::domain::money::Yen;
use crate::domain::payment::{Alert, PaymentSnapshot, PaymentState, merchant_reference};
use crate::store::applications::ApplicationRow;
use crate::store::events::{self, NewEvent};
use crate::store::payments::{self, PaymentRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Tx, applications, payment_links};

/// Takes in what a gateway says of another payment in the checkout of `asked_for`, of shares the first. The caller holds the root of its
/// case and has stored it.
pub(super) fn take_in(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    asked_for: &PaymentRow,
    (charge, source): (&PaymentSnapshot, Source),
) -> Result<(), Failure> {
    // Whoever asks about a second charge may be shown the first: that one has its own questions.
    let Some(id) = charge.gateway_payment_id.as_deref().filter(|_| asked_for.charged_beside.is_none()) else {
        return Ok(());
    };
    tell(tx, case, asked_for, id)?;
    let known = payments::find_by_gateway_id(tx, &asked_for.tenant_id, &asked_for.gateway, id)?;
    let mut row = match known {
        Some(row) if row.charged_beside == Some(asked_for.id) => row,
        // It is the payment of another checkout of ours: its own news say what became of it.
        Some(_) => return Ok(()),
        None => open(tx, case, asked_for, charge)?,
    };
    payment_standing::apply_snapshot(tx, core, case, &mut row, charge, source)?;
    Ok(())
}

/// Tells people, once: nobody meant to charge twice.
fn tell(tx: &mut Tx<'_>, case: &mut ApplicationRow, asked_for: &PaymentRow, id: &str) -> Result<(), Failure> {
    let events_before = case.event_count;
    let alert = Alert::SecondCharge { gateway_payment_id: id.to_owned() };
    payment_standing::raise(tx, case, asked_for, &alert)?;
    if case.event_count != events_before {
        applications::update(tx, case)?;
    }
    Ok(())
}

/// The payment of a charge that was not known before; its money is booked by what its gateway says of it.
fn open(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    asked_for: &PaymentRow,
    charge: &PaymentSnapshot,
) -> Result<PaymentRow, Failure> {
    let (id, now) = (PaymentId(tx.new_id()), Micros(Reads::now(tx)));
    let method = charge.method.as_ref().map_or(asked_for.method.as_str(), |method| method.as_str());
    let row = PaymentRow {
        id,
        method: method.to_owned(),
        amount: charge.counters.captured,
        state: PaymentState::Captured.as_str().to_owned(),
        merchant_reference: merchant_reference(&asked_for.tenant_id, id),
        gateway_session_id: None,
        gateway_payment_id: charge.gateway_payment_id.clone(),
        redirect_url: None,
        return_url: None,
        raw_status: charge.raw_status.clone(),
        authorized: Yen::ZERO,
        captured: Yen::ZERO,
        refunded: Yen::ZERO,
        charged_back: Yen::ZERO,
        captured_on: None,
        expires_at: None,
        poll_count: 0,
        version: 1,
        created_at: now,
        updated_at: now,
        share_of: None,
        charged_beside: Some(asked_for.id),
        ..asked_for.clone()
    };
    payments::insert(tx, &row)?;
    if let Some(link) = payment_links::link_of_payment(tx, &row.tenant_id, asked_for.id)? {
        payment_links::insert_payer(tx, &row.tenant_id, id, link)?;
    }
    let facts = json!({ "payment": id.to_string(), "beside": asked_for.id.to_string(),
        "invoice": row.invoice_id.to_string(), "method": row.method, "amount": row.amount.amount() });
    let actor = system_actor("billing");
    events::append(tx, case, NewEvent { kind: "second_charge_found", actor, facts, sealed_detail: None })?;
    applications::update(tx, case)?;
    Ok(row)
}
