//! A checkout that charges twice: `POST /_sim/second-charges` takes the money of a payment once more.
//!
//! `{payment}`; `payment` is any name of a payment that took money. The same method is charged with the same sum again, as another
//! payment of the same session and reference, and the merchant is notified of it. No vendor means to do so, and none says that it cannot.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use jiff::Timestamp;
use serde::Deserialize;

use super::clock::IdSource;
use super::core::Simulator;
use super::disputes::made;
use super::engine::{Change, Refusal};
use super::model::{EventKind, MovementKind, Payment, PaymentStatus, Step};
use super::state::State;

/// What is charged again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondCharge {
    payment: String,
}

/// Charges it; gives the id of the second payment.
pub async fn charge(sim: Data<Simulator>, order: Json<SecondCharge>) -> HttpResponse {
    made(sim.act(|state, now, ids| decide(state, &order.payment, now, ids)))
}

fn decide(
    state: &State,
    name: &str,
    now: Timestamp,
    ids: &mut IdSource,
) -> Result<(Change, String), Refusal> {
    let names = state.aliases(name);
    let first = names.iter().find_map(|name| state.payments.get(name)).ok_or(Refusal::NotFound)?;
    if first.captured == 0 {
        return Err(Refusal::WrongStatus("no money was taken"));
    }
    let second = Payment {
        id: first.vendor.payment_id(ids.next()),
        status: PaymentStatus::Captured,
        captured: first.amount,
        refunded: 0,
        refunds: Vec::new(),
        disputes: Vec::new(),
        step: Step::None,
        created_at: now,
        captured_at: Some(now),
        ..first.clone()
    };
    let mut change = Change::default();
    change.movement(&second, MovementKind::Authorize, second.amount, now);
    change.movement(&second, MovementKind::Capture, second.amount, now);
    change.payment(&second, Some(EventKind::Captured));
    Ok((change, second.id))
}
