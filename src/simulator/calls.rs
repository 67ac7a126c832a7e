//! The way every merchant's call takes: meet an ordered fault, mind the idempotency key, decide, answer.

use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;

use super::clock::IdSource;
use super::core::{CallFault, Keyed, Reply, Simulator};
use super::engine::Change;
use super::faults::{FaultKind, FaultOrder, Op};
use super::settlement::ReportSpoil;
use super::shaping;
use super::state::State;

/// A call after a façade has checked who calls and read its frame.
pub trait Call: Sized + 'static {
    /// What it asks for, as faults name it.
    fn op(&self) -> Op;
    /// Session, payment or merchant's reference; empty when the call names none.
    fn target(&self) -> &str;
    /// Its idempotency key, where the vendor has such keys.
    fn keyed(&self) -> Option<&Keyed>;
    /// Whether a key keeps this answer.
    fn keeps(&self, _reply: &Reply) -> bool {
        true
    }
    /// Whether a failure that comes after the effect is what the key gives from then on.
    fn keeps_failures(&self) -> bool {
        false
    }
    /// What the vendor does and says.
    fn decide(&self, state: &State, now: Timestamp, ids: &mut IdSource) -> Result<(Change, Reply), Reply>;
    /// The vendor's words for what no call is to blame for.
    fn words(&self) -> &'static Words;
    /// The same call, whose refund is accepted and fails so many virtual seconds later (F28).
    #[must_use]
    fn with_failing_refund(self, after_seconds: u32) -> Self;
    /// The same call, whose settlement report has this fault (F34–F37); a vendor that publishes none has none.
    #[must_use]
    fn with_spoilt_report(self, _spoil: ReportSpoil) -> Self {
        self
    }
}

/// A vendor's own words for trouble.
pub struct Words {
    /// A failure of its servers with this status.
    pub failure: fn(u16) -> Reply,
    /// Too many requests.
    pub throttled: fn() -> Reply,
    /// The first request with this key is not finished.
    pub in_flight: fn() -> Reply,
    /// The key was used with another request.
    pub key_reused: fn() -> Reply,
    /// A refund that is not possible for this payment (F26).
    pub refund_refused: fn() -> Reply,
    /// A refund that the method, or the moment, does not allow (F27).
    pub refund_unfit: fn() -> Reply,
    /// Whether a refund that was accepted can still fail (F28).
    pub accepted_refund: AcceptedRefund,
    /// The caller's clock is too far off; none where the vendor does not mind (F38).
    pub clock_off: Option<fn() -> Reply>,
    /// A query that finds nothing.
    pub nothing_found: fn(Op) -> Reply,
}

/// What becomes of a refund that a vendor has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedRefund {
    /// It is made; trouble on the way is the vendor's own to heal.
    IsMade,
    /// It may fail, and the vendor tells of it.
    CanFail,
}

/// Answers a call.
pub async fn serve<C: Call>(sim: Data<Simulator>, call: C) -> HttpResponse {
    match sim.take_fault(&call) {
        None => shaping::plain(&perform(&sim, &call)),
        Some(order) => faulty(sim, call, &order).await,
    }
}

/// Carries a call out, or not, and spoils the answer as ordered.
async fn faulty<C: Call>(sim: Data<Simulator>, call: C, order: &FaultOrder) -> HttpResponse {
    let (words, args) = (call.words(), &order.args);
    match order.fault {
        FaultKind::F01 => shaping::silence(args, &(words.failure)(504)).await,
        FaultKind::F02 => {
            perform(&sim, &call);
            shaping::silence(args, &(words.failure)(504)).await
        }
        FaultKind::F03 => shaping::broken(&perform(&sim, &call)),
        FaultKind::F04 => shaping::spoilt(&perform(&sim, &call), args.style),
        FaultKind::F05 => {
            let failure = (words.failure)(args.status);
            perform_saying(&sim, &call, Some(&failure).filter(|_| call.keeps_failures()));
            shaping::plain(&failure)
        }
        FaultKind::F06 => shaping::plain(&(words.failure)(args.status)),
        FaultKind::F07 => shaping::plain(&(words.in_flight)()),
        FaultKind::F08 => shaping::retry_after(&(words.throttled)(), args.retry_after),
        FaultKind::F09 => {
            perform(&sim, &call);
            sim.lose_answer(call.target(), order);
            shaping::nothing()
        }
        FaultKind::F10 => shaping::dripping(perform(&sim, &call)),
        FaultKind::F13 => shaping::plain(&sim.ask_the_past(&call).unwrap_or_else(|| perform(&sim, &call))),
        FaultKind::F26 => shaping::plain(&(words.refund_refused)()),
        FaultKind::F27 => shaping::plain(&(words.refund_unfit)()),
        FaultKind::F28 => shaping::plain(&perform(&sim, &call.with_failing_refund(args.delay_seconds))),
        FaultKind::F12 => shaping::plain(&(words.nothing_found)(call.op())),
        FaultKind::F38 => {
            shaping::plain(&words.clock_off.map_or_else(|| perform(&sim, &call), |said| said()))
        }
        FaultKind::F40 => shaping::plain(&shaping::of_tomorrow(perform(&sim, &call))),
        FaultKind::F34 | FaultKind::F35 | FaultKind::F36 | FaultKind::F37 => {
            let spoil = ReportSpoil::of(order.fault, args.report);
            shaping::plain(&perform(&sim, &call.with_spoilt_report(spoil)))
        }
        FaultKind::F11 => slowly(sim, call, args.hold_ms).await,
        _ => shaping::plain(&perform(&sim, &call)),
    }
}

/// Works on after the caller has hung up: the effect comes late, and the key is in flight until then.
async fn slowly<C: Call>(sim: Data<Simulator>, call: C, hold_ms: u64) -> HttpResponse {
    let words = call.words();
    if sim.enter(call.keyed()).is_err() {
        return shaping::plain(&(words.in_flight)());
    }
    let work = actix_web::rt::spawn(async move {
        shaping::pause(hold_ms).await;
        sim.leave(call.keyed());
        perform(&sim, &call)
    });
    shaping::plain(&work.await.unwrap_or_else(|_| (words.failure)(504)))
}

fn perform(sim: &Simulator, call: &impl Call) -> Reply {
    perform_saying(sim, call, None)
}

/// Carries a call out and answers with `instead`, where it is given: to this caller and to whoever repeats the key.
fn perform_saying(sim: &Simulator, call: &impl Call, instead: Option<&Reply>) -> Reply {
    // A key that another request holds is refused before anything is looked at.
    if let Err(fault) = sim.enter(call.keyed()) {
        return refused(&fault, call.words());
    }
    let decide = |state: &State, now, ids: &mut IdSource| {
        let (change, reply) = call.decide(state, now, ids).unwrap_or_else(|reply| (Change::default(), reply));
        (change, instead.cloned().unwrap_or(reply))
    };
    let outcome = sim.call(call.keyed(), |reply| call.keeps(reply), decide);
    sim.leave(call.keyed());
    outcome.unwrap_or_else(|fault| refused(&fault, call.words()))
}

fn refused(fault: &CallFault, words: &Words) -> Reply {
    match fault {
        CallFault::KeyInFlight => (words.in_flight)(),
        CallFault::KeyReused => (words.key_reused)(),
        CallFault::Journal(error) => {
            tracing::error!(%error, "the simulator's journal cannot be written");
            (words.failure)(500)
        }
    }
}
