//! When to ask a gateway again, because a notification may never come.

use jiff::{SignedDuration, Timestamp};

use crate::domain::payment::PaymentState;

/// Whether the payer waits in front of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayerPresence {
    /// The payer came back or is on the payment page.
    Present,
    /// Nobody waits.
    Away,
}

/// What the schedule depends on.
#[derive(Clone, Copy, Debug)]
pub struct PollFacts {
    /// Where the payment stands.
    pub state: PaymentState,
    /// How often the gateway was asked since the payment entered this state.
    pub poll_count: u32,
    /// Whether the payer waits.
    pub presence: PayerPresence,
    /// When the checkout or slip lapses.
    pub expires_at: Option<Timestamp>,
}

/// How often, and how fast, a waiting payer is served.
const PRESENT_POLLS: u32 = 40;
const PRESENT_EVERY: SignedDuration = SignedDuration::from_secs(3);

/// How long after its end, and then after each of these questions, a payment that ended without money is asked about: money
/// may come late, and one answer may be an old one, told before the money came.
const LATE_CHECKS: [SignedDuration; 3] =
    [SignedDuration::from_hours(24), SignedDuration::from_hours(48), SignedDuration::from_hours(96)];

/// How long after the money came, and then after each of these questions, a captured payment is asked about: the news of a contested
/// payment, or of a refund that failed after all, may be lost. The days are 1, 3, 7, 30, 60 and 120; a card can be contested for
/// about four months.
const CAPTURED_CHECKS: [SignedDuration; 6] = [
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(48),
    SignedDuration::from_hours(96),
    SignedDuration::from_hours(24 * 23),
    SignedDuration::from_hours(24 * 30),
    SignedDuration::from_hours(24 * 60),
];

/// The wait before the next question about a payment that is at rest, ended or captured, of which so many were answered; none after
/// the last, and none for what is in motion.
pub fn late_check(state: PaymentState, answered: u32) -> Option<SignedDuration> {
    let checks: &[SignedDuration] = if state.is_closed_without_money() {
        &LATE_CHECKS
    } else if state.is_captured() {
        &CAPTURED_CHECKS
    } else {
        &[]
    };
    checks.get(usize::try_from(answered).ok()?).copied()
}

/// When to ask next; none when nothing more can be learned by asking.
pub fn next_poll(facts: PollFacts, now: Timestamp) -> Option<Timestamp> {
    match facts.state {
        // The operation's own lease drives both.
        PaymentState::Created | PaymentState::Submitting => None,
        PaymentState::RequiresAction | PaymentState::Processing | PaymentState::Authorized => {
            sooner(later(now, active_wait(facts)), deadline_check(facts.expires_at, now))
        }
        PaymentState::AwaitingPayment => awaiting(facts, now),
        PaymentState::Unknown => later(now, doubling(facts.poll_count, 5, 600)),
        PaymentState::Captured
        | PaymentState::PartiallyRefunded
        | PaymentState::Refunded
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => {
            late_check(facts.state, facts.poll_count).and_then(|wait| later(now, wait))
        }
    }
}

/// When to ask about a refund that is not final: one minute, doubling up to a day.
pub fn next_refund_poll(poll_count: u32, now: Timestamp) -> Option<Timestamp> {
    later(now, doubling(poll_count, 60, 86_400))
}

fn active_wait(facts: PollFacts) -> SignedDuration {
    if facts.presence == PayerPresence::Present && facts.poll_count < PRESENT_POLLS {
        return PRESENT_EVERY;
    }
    let step = match facts.presence {
        PayerPresence::Present => facts.poll_count.saturating_sub(PRESENT_POLLS),
        PayerPresence::Away => facts.poll_count,
    };
    SignedDuration::from_mins(match step {
        0 => 1,
        1 => 2,
        2 => 5,
        3 => 15,
        _ => 60,
    })
}

/// Hourly, and soon after the deadline; a day after it, daily until the gateway names an end.
fn awaiting(facts: PollFacts, now: Timestamp) -> Option<Timestamp> {
    let Some(deadline) = facts.expires_at.filter(|deadline| *deadline <= now) else {
        let hourly = later(now, SignedDuration::from_hours(1));
        return sooner(hourly, deadline_check(facts.expires_at, now));
    };
    deadline_check(Some(deadline), now).or_else(|| later(now, SignedDuration::from_hours(24)))
}

/// The first of deadline + 5 min, + 1 h, + 1 d that is still to come.
fn deadline_check(deadline: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let waits = [SignedDuration::from_mins(5), SignedDuration::from_hours(1), SignedDuration::from_hours(24)];
    let deadline = deadline?;
    waits.into_iter().filter_map(|wait| later(deadline, wait)).find(|at| *at > now)
}

fn doubling(count: u32, first_s: i64, longest_s: i64) -> SignedDuration {
    let factor = 1_i64.checked_shl(count.min(20)).unwrap_or(i64::MAX);
    SignedDuration::from_secs(first_s.saturating_mul(factor).min(longest_s))
}

fn later(at: Timestamp, wait: SignedDuration) -> Option<Timestamp> {
    at.checked_add(wait).ok()
}

fn sooner(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{PayerPresence, PollFacts, next_poll, next_refund_poll};
    use crate::domain::payment::PaymentState;

    fn wait(state: PaymentState, poll_count: u32, presence: PayerPresence) -> Option<i64> {
        let now = Timestamp::UNIX_EPOCH;
        let facts = PollFacts { state, poll_count, presence, expires_at: None };
        next_poll(facts, now).map(|at| at.duration_since(now).as_secs())
    }

    #[test]
    fn a_waiting_payer_is_served_every_three_seconds_forty_times() {
        let state = PaymentState::RequiresAction;
        assert_eq!(wait(state, 0, PayerPresence::Present), Some(3));
        assert_eq!(wait(state, 39, PayerPresence::Present), Some(3));
        assert_eq!(wait(state, 40, PayerPresence::Present), Some(60));
        let away: Vec<_> = (0..6).filter_map(|n| wait(state, n, PayerPresence::Away)).collect();
        assert_eq!(away, [60, 120, 300, 900, 3_600, 3_600]);
    }

    #[test]
    fn an_unknown_payment_is_asked_about_from_five_seconds_to_ten_minutes() {
        let waits: Vec<_> =
            [0, 1, 6, 7, 200].map(|n| wait(PaymentState::Unknown, n, PayerPresence::Away)).to_vec();
        assert_eq!(waits, [Some(5), Some(10), Some(320), Some(600), Some(600)]);
    }

    #[test]
    fn a_closed_payment_is_asked_about_one_three_and_seven_days_later() {
        for state in [PaymentState::Failed, PaymentState::Canceled, PaymentState::Expired] {
            let waits = [0, 1, 2, 3].map(|answered| wait(state, answered, PayerPresence::Away));
            assert_eq!(waits, [Some(86_400), Some(2 * 86_400), Some(4 * 86_400), None], "{state:?}");
        }
        assert_eq!(wait(PaymentState::Submitting, 0, PayerPresence::Away), None);
    }

    #[test]
    fn a_captured_payment_is_asked_about_while_it_can_be_contested() {
        for state in [PaymentState::Captured, PaymentState::PartiallyRefunded, PaymentState::Refunded] {
            let mut day = 0;
            let days: Vec<_> = (0..7)
                .filter_map(|answered| wait(state, answered, PayerPresence::Away))
                .map(|seconds| {
                    day += seconds / 86_400;
                    day
                })
                .collect();
            assert_eq!(days, [1, 3, 7, 30, 60, 120], "{state:?}");
        }
    }

    #[test]
    fn a_slip_is_asked_about_hourly_and_after_its_deadline() {
        let deadline = Timestamp::UNIX_EPOCH;
        let at = |seconds: i64| deadline.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let facts = PollFacts {
            state: PaymentState::AwaitingPayment,
            poll_count: 3,
            presence: PayerPresence::Away,
            expires_at: Some(deadline),
        };
        for (now, next) in
            [(-7_200, -3_600), (-600, 300), (0, 300), (300, 3_600), (3_600, 86_400), (86_400, 172_800)]
        {
            assert_eq!(next_poll(facts, at(now)), Some(at(next)), "{now}");
        }
    }

    #[test]
    fn a_refund_is_asked_about_from_a_minute_to_a_day() {
        let now = Timestamp::UNIX_EPOCH;
        let waits: Vec<_> = [0, 1, 30]
            .into_iter()
            .filter_map(|n| next_refund_poll(n, now))
            .map(|at| at.duration_since(now).as_secs())
            .collect();
        assert_eq!(waits, [60, 120, 86_400]);
    }
}
