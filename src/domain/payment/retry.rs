//! When an operation may be sent again.
//!
//! A gateway forgets a key after about a day; after that the same bytes would charge again. So a key is sent for at
//! most [`KEY_LIFETIME_HOURS`] hours, and an unknown outcome is asked about before anything is sent.

use jiff::SignedDuration;

use crate::domain::payment::{OutcomeKind, TransportKind};

/// The age from which a key is never sent again, below the shortest window of a gateway (24 h).
pub const KEY_LIFETIME_HOURS: i64 = 20;
/// How often one operation is sent before it is left to the poller.
pub const TRIES: u32 = 6;
/// The first and the longest wait between two tries, in milliseconds.
const FIRST_WAIT_MS: u64 = 1_000;
const LONGEST_WAIT_MS: u64 = 60_000;
/// The least time after sending before "there is none" is believed, in minutes.
const LEAST_GUARD_MINUTES: i64 = 10;

/// What is known about an operation when an outcome comes in.
#[derive(Clone, Copy, Debug)]
pub struct RetryFacts {
    /// The time since its key was born.
    pub key_age: SignedDuration,
    /// How many times it was tried, this one included.
    pub attempt_no: u32,
    /// How long the gateway asks us to wait, in seconds.
    pub retry_after_s: Option<u32>,
    /// A random number, drawn by the caller.
    pub random: u64,
}

/// What to do with an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Definite: nothing more is to be done.
    Settled,
    /// Send the same bytes with the same key.
    RetrySameKey {
        /// The wait before it.
        after: SignedDuration,
    },
    /// Ask the gateway, then decide by [`after_nothing_found`] or the snapshot.
    QueryFirst {
        /// The wait before it.
        after: SignedDuration,
    },
    /// The tries are used up; the poller goes on asking.
    LeaveToPoller,
    /// The key is closed and nobody could tell what happened: a person decides.
    GiveUpToHuman,
}

/// The full-jitter wait before try `attempt_no + 1`: anything from nothing to 1 s · 2ⁿ, at most 60 s.
pub fn backoff(attempt_no: u32, random: u64) -> SignedDuration {
    let factor = 1_u64.checked_shl(attempt_no.saturating_sub(1)).unwrap_or(u64::MAX);
    let ceiling = FIRST_WAIT_MS.saturating_mul(factor).min(LONGEST_WAIT_MS);
    let wait = random.checked_rem(ceiling.saturating_add(1)).unwrap_or(0);
    SignedDuration::from_millis(i64::try_from(wait).unwrap_or(0))
}

/// What follows from an outcome.
pub fn next_step(facts: RetryFacts, outcome: OutcomeKind) -> NextStep {
    let after = wait(facts);
    let closed = is_closed(facts.key_age);
    let tries_left = facts.attempt_no < TRIES;
    match outcome {
        OutcomeKind::Done | OutcomeKind::Declined | OutcomeKind::Rejected => NextStep::Settled,
        OutcomeKind::NotSent if closed => NextStep::GiveUpToHuman,
        OutcomeKind::NotSent if tries_left => NextStep::RetrySameKey { after },
        OutcomeKind::Unknown(TransportKind::InFlight | TransportKind::Throttled) if !closed && tries_left => {
            NextStep::RetrySameKey { after }
        }
        OutcomeKind::Unknown(_) if closed => NextStep::GiveUpToHuman,
        OutcomeKind::Unknown(_) if tries_left => NextStep::QueryFirst { after },
        OutcomeKind::NotSent | OutcomeKind::Unknown(_) => NextStep::LeaveToPoller,
    }
}

/// What to do when the gateway says it has no such payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NothingFound {
    /// Send the same bytes with the same key: it is remembered if it did arrive.
    RetrySameKey {
        /// The wait before it.
        after: SignedDuration,
    },
    /// Too early to believe it: ask again.
    QueryAgain {
        /// The wait before it.
        after: SignedDuration,
    },
    /// Close the operation's key (`abandoned`) and the payment (`failed`) in one transaction.
    CloseAsFailed,
}

/// "None" is believed only when nothing will be sent any more and the guard since the last sending has passed.
pub fn after_nothing_found(
    facts: RetryFacts,
    since_last_sent: SignedDuration,
    total_timeout: SignedDuration,
) -> NothingFound {
    if may_send(facts) {
        return NothingFound::RetrySameKey { after: wait(facts) };
    }
    let guard = late_arrival_guard(total_timeout);
    if since_last_sent < guard {
        return NothingFound::QueryAgain { after: guard.saturating_sub(since_last_sent) };
    }
    NothingFound::CloseAsFailed
}

/// Whether an operation may still be sent after an outcome that is not known: its key is young and tries are left.
pub fn may_send(facts: RetryFacts) -> bool {
    !is_closed(facts.key_age) && facts.attempt_no < TRIES
}

/// How long a request may still arrive after we stopped waiting: twice the timeout, at least ten minutes.
pub fn late_arrival_guard(total_timeout: SignedDuration) -> SignedDuration {
    total_timeout.saturating_mul(2).max(SignedDuration::from_mins(LEAST_GUARD_MINUTES))
}

fn is_closed(key_age: SignedDuration) -> bool {
    key_age > SignedDuration::from_hours(KEY_LIFETIME_HOURS)
}

fn wait(facts: RetryFacts) -> SignedDuration {
    let asked = SignedDuration::from_secs(i64::from(facts.retry_after_s.unwrap_or(0)));
    backoff(facts.attempt_no, facts.random).max(asked)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::{
        NextStep, NothingFound, RetryFacts, after_nothing_found, backoff, late_arrival_guard, next_step,
    };
    use crate::domain::payment::{OutcomeKind, TransportKind};

    fn facts(hours: i64, attempt_no: u32) -> RetryFacts {
        RetryFacts {
            key_age: SignedDuration::from_hours(hours),
            attempt_no,
            retry_after_s: None,
            random: 700,
        }
    }

    const TIMEOUT: OutcomeKind = OutcomeKind::Unknown(TransportKind::Timeout);

    #[test]
    fn an_unknown_outcome_is_asked_about_first() {
        let after = SignedDuration::from_millis(700);
        assert_eq!(next_step(facts(0, 1), TIMEOUT), NextStep::QueryFirst { after });
        assert_eq!(next_step(facts(0, 1), OutcomeKind::NotSent), NextStep::RetrySameKey { after });
        let in_flight = OutcomeKind::Unknown(TransportKind::InFlight);
        assert_eq!(next_step(facts(0, 1), in_flight), NextStep::RetrySameKey { after });
    }

    #[test]
    fn a_definite_outcome_is_never_retried() {
        for outcome in [OutcomeKind::Done, OutcomeKind::Declined, OutcomeKind::Rejected] {
            assert_eq!(next_step(facts(0, 1), outcome), NextStep::Settled);
        }
    }

    #[test]
    fn a_key_older_than_twenty_hours_is_never_sent_again() {
        let outcomes = [
            OutcomeKind::NotSent,
            TIMEOUT,
            OutcomeKind::Unknown(TransportKind::InFlight),
            OutcomeKind::Unknown(TransportKind::Throttled),
        ];
        for outcome in outcomes {
            for attempt_no in 0..10 {
                let step = next_step(facts(21, attempt_no), outcome);
                assert!(!matches!(step, NextStep::RetrySameKey { .. }), "{outcome:?}");
            }
        }
        let hour = SignedDuration::from_hours(1);
        let none = after_nothing_found(facts(21, 1), hour, SignedDuration::from_secs(30));
        assert_eq!(none, NothingFound::CloseAsFailed);
    }

    #[test]
    fn after_six_tries_the_poller_takes_over() {
        assert_eq!(next_step(facts(0, 6), TIMEOUT), NextStep::LeaveToPoller);
        assert_eq!(next_step(facts(0, 6), OutcomeKind::NotSent), NextStep::LeaveToPoller);
    }

    #[test]
    fn nothing_found_means_failed_only_after_the_guard() {
        let timeout = SignedDuration::from_secs(30);
        let early = after_nothing_found(facts(0, 6), SignedDuration::from_mins(4), timeout);
        assert_eq!(early, NothingFound::QueryAgain { after: SignedDuration::from_mins(6) });
        let late = after_nothing_found(facts(0, 6), SignedDuration::from_mins(10), timeout);
        assert_eq!(late, NothingFound::CloseAsFailed);
        assert_eq!(late_arrival_guard(SignedDuration::from_mins(6)), SignedDuration::from_mins(12));
    }

    #[test]
    fn the_wait_is_jittered_and_never_above_a_minute() {
        for attempt_no in [0, 1, 6, 64, u32::MAX] {
            for random in [0, 999, 1_001, u64::MAX] {
                assert!(backoff(attempt_no, random) <= SignedDuration::from_secs(60));
            }
        }
        assert!(backoff(1, 1_000) <= SignedDuration::from_secs(1));
        assert_eq!(backoff(2, 2_000), SignedDuration::from_secs(2));
    }

    #[test]
    fn the_gateway_may_ask_for_a_longer_wait() {
        let facts = RetryFacts { retry_after_s: Some(90), ..facts(0, 1) };
        let throttled = OutcomeKind::Unknown(TransportKind::Throttled);
        let after = SignedDuration::from_secs(90);
        assert_eq!(next_step(facts, throttled), NextStep::RetrySameKey { after });
    }
}
