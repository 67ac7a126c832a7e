//! How often somebody may call (呼出し回数の制限): so many calls at once, then one after the other at a steady pace.
//!
//! Purpose: the rule of a bucket that leaks, kept as one instant a caller (GCRA). Invariants: a caller who keeps to the pace never
//! waits; a refused call is not counted, so hammering never prolongs a wait; whoever is told to wait may call when the wait is over.

use jiff::{SignedDuration, Timestamp};

/// A limit of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateRule {
    /// The steady pace, in calls a minute; at least 1.
    pub per_minute: u32,
    /// How many calls may come at once; at least 1.
    pub burst: u32,
}

impl RateRule {
    /// The time that one call takes up.
    fn interval(self) -> SignedDuration {
        SignedDuration::from_micros(60_000_000 / i64::from(self.per_minute.max(1)))
    }

    /// How far ahead of the pace a caller may be before another call.
    fn ahead(self) -> SignedDuration {
        let calls = i32::try_from(self.burst.max(1) - 1).unwrap_or(i32::MAX);
        self.interval().saturating_mul(calls)
    }

    /// Judges a call: the instant from which the caller has kept to the pace again, or the whole seconds to wait, rounded up.
    /// `paced_until` is what the call before gave.
    pub fn admit(self, paced_until: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, i64> {
        let paced_until = paced_until.map_or(now, |until| until.max(now));
        let excess = paced_until.duration_since(now).saturating_sub(self.ahead());
        if excess > SignedDuration::ZERO {
            return Err(excess.as_secs() + i64::from(excess.subsec_nanos() > 0));
        }
        Ok(paced_until.checked_add(self.interval()).unwrap_or(paced_until))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULE: RateRule = RateRule { per_minute: 30, burst: 5 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_burst_is_admitted_then_one_call_every_two_seconds() {
        let mut until = None;
        for call in 0..5 {
            until = Some(RULE.admit(until, at(0)).unwrap_or_else(|_| panic!("call {call}")));
        }
        assert_eq!(RULE.admit(until, at(0)), Err(2));
        assert_eq!(RULE.admit(until, at(1)), Err(1), "a refused call prolonged nothing");
        until = Some(RULE.admit(until, at(2)).unwrap());
        assert_eq!(RULE.admit(until, at(2)), Err(2));
        for call in 0..5 {
            until = Some(
                RULE.admit(until, at(60)).unwrap_or_else(|_| panic!("call {call} after a quiet minute")),
            );
        }
        assert!(RULE.admit(until, at(60)).is_err());
    }

    #[test]
    fn a_clock_that_went_back_locks_nobody_out_for_longer_than_it_went() {
        let until = RULE.admit(None, at(100)).unwrap();
        assert_eq!(RULE.admit(Some(until), at(90)), Err(4));
    }

    proptest! {
        /// However calls are spread, no span admits more than the burst and the pace; whoever waits as told is admitted.
        #[test]
        fn no_span_admits_more_than_burst_and_pace(
            gaps in proptest::collection::vec(0_i64..5_000, 1..200), per_minute in 1_u32..600, burst in 1_u32..20,
        ) {
            let rule = RateRule { per_minute, burst };
            let (mut until, mut now, mut admitted) = (None, at(0), 0_i64);
            for gap in gaps {
                now = now.checked_add(SignedDuration::from_millis(gap)).unwrap();
                match rule.admit(until, now) {
                    Ok(next) => {
                        until = Some(next);
                        admitted += 1;
                    }
                    Err(wait_s) => {
                        let later = now.checked_add(SignedDuration::from_secs(wait_s)).unwrap();
                        prop_assert!(rule.admit(until, later).is_ok());
                    }
                }
            }
            let elapsed_us = now.duration_since(at(0)).as_micros();
            let paced = elapsed_us / i128::from(60_000_000 / i64::from(per_minute)) + 1;
            prop_assert!(i128::from(admitted) <= i128::from(burst) + paced);
        }
    }
}
