//! A gateway in trouble is spared: after several failures in a row its methods are not offered for a while, and never more
//! calls run at once than it is meant to bear. Asking about open payments goes on, and heals the state.
//!
//! Each node judges by its own calls. The state is in memory: a node that starts again begins with trust.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};

use super::{Outcome, TransportKind};

/// So many failures in a row open the circuit.
const FAILURES: u32 = 5;
/// So long it stays open; then the next call decides.
const REST: SignedDuration = SignedDuration::from_secs(30);

/// The state of one account.
#[derive(Debug)]
pub struct Breaker {
    failures: AtomicU32,
    open_until_ms: AtomicI64,
    running: AtomicUsize,
    most_calls: usize,
}

/// A call that runs; its place is free again when this is dropped.
#[derive(Debug)]
pub struct Running<'a>(&'a Breaker);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Breaker {
    /// A closed circuit that bears so many calls at once.
    pub fn new(most_calls: usize) -> Self {
        Self {
            failures: AtomicU32::new(0),
            open_until_ms: AtomicI64::new(i64::MIN),
            running: AtomicUsize::new(0),
            most_calls,
        }
    }

    /// Whether the account is to be spared at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now.as_millisecond() < self.open_until_ms.load(Ordering::Acquire)
    }

    /// A place for one call; none when as many run as may.
    pub fn enter(&self) -> Option<Running<'_>> {
        let before = self.running.fetch_add(1, Ordering::AcqRel);
        let running = Running(self);
        (before < self.most_calls).then_some(running)
    }

    /// Learns from a call. A refusal is an answer, so it counts as health.
    pub fn learn<T>(&self, outcome: &Outcome<T>, now: Timestamp) {
        match outcome {
            Outcome::NotSent(_) => self.fail(now),
            Outcome::Unknown(transport) => match transport.kind {
                // The gateway is there and works, on this very key or on too many others.
                TransportKind::InFlight | TransportKind::Throttled => {}
                _ => self.fail(now),
            },
            Outcome::Done(_) | Outcome::Declined(_) | Outcome::Rejected(_) => {
                self.failures.store(0, Ordering::Release);
                self.open_until_ms.store(i64::MIN, Ordering::Release);
            }
        }
    }

    fn fail(&self, now: Timestamp) {
        let failures = self.failures.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        if failures >= FAILURES {
            let until = now.checked_add(REST).unwrap_or(now);
            self.open_until_ms.store(until.as_millisecond(), Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::Breaker;
    use crate::gateway::{Outcome, Transport, TransportKind};

    fn failed(kind: TransportKind) -> Outcome<()> {
        Outcome::Unknown(Transport { kind, detail: String::new(), retry_after_s: None })
    }

    #[test]
    fn five_failures_in_a_row_open_the_circuit_for_half_a_minute() {
        let (breaker, now) = (Breaker::new(1), Timestamp::UNIX_EPOCH);
        for _ in 0..4 {
            breaker.learn(&failed(TransportKind::Timeout), now);
        }
        assert!(!breaker.is_open(now));
        breaker.learn(&Outcome::Done(()), now);
        for _ in 0..4 {
            breaker.learn(&failed(TransportKind::ServerError), now);
        }
        assert!(!breaker.is_open(now), "an answer between them makes it begin anew");
        breaker.learn(&failed(TransportKind::ServerError), now);
        assert!(breaker.is_open(now));
        let at = |seconds| now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        assert!(breaker.is_open(at(29)) && !breaker.is_open(at(30)));
        breaker.learn(&failed(TransportKind::Timeout), at(30));
        assert!(breaker.is_open(at(59)), "one more failure is enough after the rest");
        breaker.learn(&Outcome::Done(()), at(40));
        assert!(!breaker.is_open(at(41)), "an answer to a question heals it");
    }

    #[test]
    fn a_busy_or_refusing_gateway_is_not_in_trouble() {
        let (breaker, now) = (Breaker::new(1), Timestamp::UNIX_EPOCH);
        for _ in 0..20 {
            breaker.learn(&failed(TransportKind::Throttled), now);
            breaker.learn(&failed(TransportKind::InFlight), now);
        }
        assert!(!breaker.is_open(now));
    }

    #[test]
    fn no_more_calls_run_at_once_than_may() {
        let breaker = Breaker::new(2);
        let (one, two) = (breaker.enter(), breaker.enter());
        assert!(one.is_some() && two.is_some());
        assert!(breaker.enter().is_none());
        drop(one);
        assert!(breaker.enter().is_some());
    }
}
