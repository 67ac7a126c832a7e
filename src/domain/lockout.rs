//! How long somebody waits after wrong passwords (サインイン試行の制限).
//!
//! Failures are counted by (e-mail, source address) and, apart from that, by e-mail over all addresses. Waits double
//! up to the longest one; nothing is ever locked for good. Nobody can be locked out by others: an attempt refused
//! during a wait is neither tried nor counted, so hammering never prolongs a wait; the wait over all addresses does
//! not hold an address from which the account has signed in before; and a tally is forgotten after a quiet day.

use jiff::{SignedDuration, Timestamp};

/// A tally with no failure for this long begins anew.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// The numbers of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockoutRules {
    /// Failures of one address for one e-mail after which it waits.
    pub after_failures: i64,
    /// Failures from everywhere for one e-mail after which new addresses wait.
    pub account_after_failures: i64,
    /// The first wait in seconds.
    pub first_s: i64,
    /// The longest wait in seconds.
    pub longest_s: i64,
}

/// Which tally a failure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One e-mail from one address.
    Pair,
    /// One e-mail from everywhere.
    Account,
}

/// The failures counted so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many in a row.
    pub failures: i64,
    /// When the last one was.
    pub last_failed_at: Timestamp,
    /// Until when nothing is tried.
    pub locked_until: Option<Timestamp>,
}

/// Whether the account has signed in from this address before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It has: only its own failures hold it back.
    Known,
    /// It has not, or nobody can tell.
    New,
}

/// All that decides whether an attempt may be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Failures of this address.
    pub pair: Option<Tally>,
    /// Failures of all addresses.
    pub account: Option<Tally>,
    /// The address.
    pub source: Source,
}

impl Standing {
    /// Whole seconds to wait before the next attempt; `None`: it may be made now.
    pub fn wait_s(&self, now: Timestamp) -> Option<i64> {
        let account = match self.source {
            Source::Known => None,
            Source::New => self.account,
        };
        [self.pair, account].into_iter().flatten().filter_map(|tally| tally.wait_s(now)).max()
    }
}

impl Tally {
    /// Whole seconds left of the wait, rounded up; `None` when there is none.
    pub fn wait_s(&self, now: Timestamp) -> Option<i64> {
        let left = self.locked_until?.duration_since(now);
        let whole = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        (left > SignedDuration::ZERO).then_some(whole)
    }

    /// The tally after one more failure.
    pub fn after_failure(before: Option<Self>, scope: Scope, rules: &LockoutRules, now: Timestamp) -> Self {
        let counted = before.filter(|tally| now.duration_since(tally.last_failed_at) < FORGOTTEN_AFTER);
        let failures = counted.map_or(0, |tally| tally.failures).saturating_add(1);
        let threshold = match scope {
            Scope::Pair => rules.after_failures,
            Scope::Account => rules.account_after_failures,
        };
        let wait = wait_after(failures, threshold, rules);
        let locked_until = wait.and_then(|wait| now.checked_add(wait).ok());
        Self { failures, last_failed_at: now, locked_until }
    }
}

/// The wait that the n-th failure brings: none below the threshold, then the first wait, then twice as long each time.
fn wait_after(failures: i64, threshold: i64, rules: &LockoutRules) -> Option<SignedDuration> {
    let doublings = failures.checked_sub(threshold).filter(|over| *over >= 0)?;
    let factor = u32::try_from(doublings).ok().and_then(|shift| 1_i64.checked_shl(shift)).filter(|f| *f > 0);
    let seconds = rules.first_s.saturating_mul(factor.unwrap_or(i64::MAX)).min(rules.longest_s);
    Some(SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: LockoutRules =
        LockoutRules { after_failures: 5, account_after_failures: 100, first_s: 30, longest_s: 900 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn after(scope: Scope, failures: i64) -> Tally {
        let before = Tally { failures: failures - 1, last_failed_at: at(0), locked_until: None };
        Tally::after_failure(Some(before), scope, &RULES, at(1))
    }

    #[test]
    fn waits_begin_at_the_threshold_double_and_never_exceed_the_longest() {
        use Scope::{Account, Pair};
        for (scope, failures, expected) in [
            (Pair, 1, None),
            (Pair, 4, None),
            (Pair, 5, Some(30)),
            (Pair, 6, Some(60)),
            (Pair, 7, Some(120)),
            (Pair, 9, Some(480)),
            (Pair, 10, Some(900)),
            (Pair, 69, Some(900)),
            (Pair, 1_000_000, Some(900)),
            (Pair, i64::MAX, Some(900)),
            (Account, 99, None),
            (Account, 100, Some(30)),
            (Account, 104, Some(480)),
            (Account, 1_000, Some(900)),
        ] {
            assert_eq!(after(scope, failures).wait_s(at(1)), expected, "{scope:?} {failures}");
        }
    }

    #[test]
    fn a_wait_is_rounded_up_and_over_at_its_end() {
        let tally = after(Scope::Pair, 5);
        let halfway = at(1).checked_add(SignedDuration::from_millis(500)).unwrap();
        assert_eq!(tally.wait_s(halfway), Some(30));
        assert_eq!(tally.wait_s(at(30)), Some(1));
        assert_eq!(tally.wait_s(at(31)), None);
    }

    #[test]
    fn a_quiet_day_forgets_the_failures() {
        let day = 24 * 3600;
        let before = Tally { failures: 50, last_failed_at: at(0), locked_until: Some(at(900)) };
        assert_eq!(Tally::after_failure(Some(before), Scope::Pair, &RULES, at(day - 1)).failures, 51);
        let anew = Tally::after_failure(Some(before), Scope::Pair, &RULES, at(day));
        assert_eq!((anew.failures, anew.locked_until), (1, None));
        assert_eq!(Tally::after_failure(None, Scope::Pair, &RULES, at(0)).failures, 1);
    }

    #[test]
    fn failures_from_everywhere_do_not_hold_a_known_address() {
        let account = Some(after(Scope::Account, 1_000));
        let standing = |source| Standing { pair: None, account, source };
        assert_eq!(standing(Source::New).wait_s(at(1)), Some(900));
        assert_eq!(standing(Source::Known).wait_s(at(1)), None);
        let own = Standing { pair: Some(after(Scope::Pair, 5)), ..standing(Source::Known) };
        assert_eq!(own.wait_s(at(1)), Some(30));
    }
}
