//! Payers' banks that contest payments: `POST /_sim/disputes` opens a dispute or moves it on.
//!
//! `{payment, state, amount?, reason?, respond_in_seconds?}`; `payment` is any name of the payment. The youngest dispute of the
//! payment that is open moves to `state`; without one a new dispute is opened there, of the whole payment unless `amount`
//! says otherwise. Money moves when it is lost, whatever was refunded before.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::clock::IdSource;
use super::core::{ActFault, Simulator};
use super::engine::{Change, Refusal, after_seconds};
use super::model::{Dispute, DisputeStatus, EventKind, MovementKind};
use super::state::State;

/// How long a bank gives for evidence, in virtual seconds, unless the order says otherwise: fourteen days.
const RESPOND_IN_SECONDS: u32 = 14 * 86_400;

/// What the bank does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisputeOrder {
    payment: String,
    state: DisputeStatus,
    #[serde(default)]
    amount: Option<u64>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    respond_in_seconds: Option<u32>,
}

/// Carries out an order; gives the dispute's id.
pub async fn contest(sim: Data<Simulator>, order: Json<DisputeOrder>) -> HttpResponse {
    made(sim.act(|state, now, ids| decide(state, &order, now, ids)))
}

/// What the test bench is told of an order that made something: its id, or why it made nothing.
pub(super) fn made(done: Result<String, ActFault>) -> HttpResponse {
    match done {
        Ok(id) => HttpResponse::Created().json(json!({ "id": id })),
        Err(ActFault::Refused(refusal)) => {
            HttpResponse::Conflict().json(json!({ "error": format!("{refusal:?}") }))
        }
        Err(ActFault::Journal(error)) => {
            HttpResponse::InternalServerError().json(json!({ "error": error.to_string() }))
        }
    }
}

fn decide(
    state: &State,
    order: &DisputeOrder,
    now: Timestamp,
    ids: &mut IdSource,
) -> Result<(Change, String), Refusal> {
    let names = state.aliases(&order.payment);
    let payment = names.iter().find_map(|name| state.payments.get(name)).ok_or(Refusal::NotFound)?;
    if payment.captured == 0 {
        return Err(Refusal::WrongStatus("no money was taken"));
    }
    let mut payment = payment.clone();
    let open = payment.disputes.iter().rposition(|dispute| !dispute.status.is_closed());
    let opened = open.is_none();
    let mut dispute = match open {
        Some(index) => payment.disputes.remove(index),
        None => Dispute {
            id: format!("dp_{}", ids.next()),
            amount: order.amount.unwrap_or(payment.captured).min(payment.captured),
            reason: order.reason.clone().unwrap_or_else(|| "fraudulent".to_owned()),
            status: order.state,
            respond_by: after_seconds(now, order.respond_in_seconds.unwrap_or(RESPOND_IN_SECONDS)),
            created_at: now,
        },
    };
    dispute.status = order.state;
    let (id, amount) = (dispute.id.clone(), dispute.amount);
    // The one that moved last stands last: notifications tell of it.
    payment.disputes.push(dispute);
    let mut change = Change::default();
    if order.state == DisputeStatus::Lost {
        change.movement(&payment, MovementKind::Chargeback, amount, now);
    }
    let kind = match (opened, order.state.is_closed()) {
        (_, true) => EventKind::DisputeClosed,
        (true, false) => EventKind::DisputeOpened,
        (false, false) => EventKind::DisputeUpdated,
    };
    change.payment(&payment, Some(kind));
    Ok((change, id))
}
