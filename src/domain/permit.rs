//! Permits (許可・登録): what a grant gave, and where it stands on a day.
//!
//! A permit is never rewritten. What happens to it is appended, and its state is a function of term, happenings and day.

use jiff::civil::Date;
use uuid::Uuid;

/// What happened to a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PermitHappening {
    /// 交付: it was granted.
    Issued,
    /// 効力の停止.
    Suspended,
    /// The suspension ended.
    Resumed,
    /// 取消し・撤回.
    Revoked,
    /// 更新: a permit that followed took its place.
    Superseded,
    /// 満了: its term ended.
    Expired,
}

impl PermitHappening {
    /// All, for tables and tests.
    pub const ALL: [Self; 6] =
        [Self::Issued, Self::Suspended, Self::Resumed, Self::Revoked, Self::Superseded, Self::Expired];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
        }
    }

    /// The happening of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|happening| happening.as_str() == text)
    }

    /// Whether nothing can follow.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Revoked | Self::Superseded | Self::Expired)
    }
}

/// What happened, and from which day it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermitEvent {
    /// What.
    pub happening: PermitHappening,
    /// The first day it counts.
    pub effective_on: Date,
    /// The permit, decision or order behind it; a suspension and its own end have the same.
    pub cause: Option<Uuid>,
}

/// How long a permit runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermitTerm {
    /// The first day.
    pub from: Date,
    /// The last day; none where the law states no term.
    pub to: Option<Date>,
}

/// Whether a renewal holds the term open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalStanding {
    /// None is pending, or the law gives it no such effect.
    None,
    /// One was filed in time and is not decided.
    HoldsOpen,
}

/// Where a permit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PermitState {
    /// Its first day has not come.
    Upcoming,
    /// In force.
    Valid,
    /// In force past its last day, because a renewal is not decided.
    Continued,
    /// Suspended.
    Suspended,
    /// Revoked.
    Revoked,
    /// Renewed: another permit took its place.
    Superseded,
    /// Its term ended.
    Expired,
}

impl PermitState {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::Valid => "valid",
            Self::Continued => "continued",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
        }
    }

    /// Whether it can still be renewed by an application filed that day.
    pub fn is_renewable(self) -> bool {
        matches!(self, Self::Upcoming | Self::Valid | Self::Continued | Self::Suspended)
    }
}

/// Where a permit stands on `day`. Happenings come in their order; a revocation goes before every other end.
pub fn permit_state(
    term: PermitTerm,
    happenings: &[PermitEvent],
    renewal: RenewalStanding,
    day: Date,
) -> PermitState {
    let counting =
        || happenings.iter().filter(|event| event.effective_on <= day).map(|event| event.happening);
    let has = |wanted| counting().any(|happening| happening == wanted);
    if has(PermitHappening::Revoked) {
        return PermitState::Revoked;
    }
    if has(PermitHappening::Superseded) {
        return PermitState::Superseded;
    }
    let past = term.to.is_some_and(|last| last < day);
    // What was filed in time and became known only after the end holds the term open all the same.
    if (past || has(PermitHappening::Expired)) && renewal == RenewalStanding::None {
        return PermitState::Expired;
    }
    match (is_suspended(happenings, day), day < term.from, past) {
        (true, _, _) => PermitState::Suspended,
        (_, true, _) => PermitState::Upcoming,
        (_, _, true) => PermitState::Continued,
        _ => PermitState::Valid,
    }
}

/// Whether a suspension counts on `day`. Each stands for itself: the end of one that has a last day ends no other, and an order
/// that lifts suspensions lifts those ordered before it that have begun by its day.
fn is_suspended(happenings: &[PermitEvent], day: Date) -> bool {
    let counting = || {
        let at = happenings.iter().enumerate();
        at.filter(|(_, event)| event.effective_on <= day)
    };
    let has_own_end = |event: &PermitEvent| {
        let same =
            |stop: &PermitEvent| stop.happening == PermitHappening::Suspended && stop.cause == event.cause;
        event.cause.is_some() && happenings.iter().any(same)
    };
    let is_ended = |index: usize, stop: &PermitEvent| {
        counting().filter(|(_, event)| event.happening == PermitHappening::Resumed).any(|(at, event)| {
            if has_own_end(event) {
                event.cause == stop.cause
            } else {
                at > index && event.effective_on >= stop.effective_on
            }
        })
    };
    let mut stops = counting().filter(|(_, event)| event.happening == PermitHappening::Suspended);
    stops.any(|(index, stop)| !is_ended(index, stop))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const TERM: PermitTerm = PermitTerm { from: date(2024, 8, 19), to: Some(date(2029, 8, 18)) };

    fn event(happening: PermitHappening, effective_on: Date) -> PermitEvent {
        PermitEvent { happening, effective_on, cause: None }
    }

    #[test]
    fn r41_the_state_follows_from_term_happenings_and_day() {
        use PermitHappening::{Expired, Issued, Resumed, Revoked, Superseded, Suspended};
        let issued = event(Issued, TERM.from);
        let stop = event(Suspended, date(2025, 1, 10));
        let open = RenewalStanding::HoldsOpen;
        let none = RenewalStanding::None;
        let table: [(&[PermitEvent], RenewalStanding, Date, &str); 14] = [
            (&[issued], none, date(2024, 8, 18), "upcoming"),
            (&[issued], none, date(2024, 8, 19), "valid"),
            (&[issued], none, date(2029, 8, 18), "valid"),
            (&[issued], none, date(2029, 8, 19), "expired"),
            (&[issued], open, date(2029, 8, 19), "continued"),
            (&[issued], open, date(2029, 8, 18), "valid"),
            (&[issued, event(Expired, date(2029, 9, 1))], none, date(2029, 9, 1), "expired"),
            (&[issued, event(Expired, date(2029, 8, 19))], open, date(2029, 9, 1), "continued"),
            (&[issued, stop], none, date(2025, 1, 9), "valid"),
            (&[issued, stop], none, date(2025, 1, 10), "suspended"),
            (&[issued, stop, event(Resumed, date(2025, 2, 1))], none, date(2025, 2, 1), "valid"),
            (&[issued, event(Superseded, date(2029, 8, 19))], open, date(2029, 8, 18), "valid"),
            (&[issued, event(Superseded, date(2029, 8, 19))], none, date(2029, 8, 19), "superseded"),
            (&[issued, stop, event(Revoked, date(2025, 3, 1))], open, date(2030, 1, 1), "revoked"),
        ];
        for (happenings, renewal, day, expected) in table {
            assert_eq!(
                permit_state(TERM, happenings, renewal, day).as_str(),
                expected,
                "{happenings:?} {day}"
            );
        }
        let endless = PermitTerm { to: None, ..TERM };
        assert_eq!(permit_state(endless, &[issued], none, date(2099, 1, 1)), PermitState::Valid);
    }

    #[test]
    fn each_suspension_stands_until_its_own_last_day_or_until_it_is_lifted() {
        use PermitHappening::{Issued, Resumed, Suspended};
        let by = |order: u128, happening, effective_on| PermitEvent {
            cause: Some(Uuid::from_u128(order)),
            ..event(happening, effective_on)
        };
        let issued = by(1, Issued, TERM.from);
        let suspended = |happenings: &[PermitEvent], day| {
            permit_state(TERM, happenings, RenewalStanding::None, day) == PermitState::Suspended
        };
        // Without an end from April on; then another one from the third to the twentieth of March.
        let april = by(2, Suspended, date(2025, 4, 1));
        let march = [by(3, Suspended, date(2025, 3, 3)), by(3, Resumed, date(2025, 3, 21))];
        let both = [issued, april, march[0], march[1]];
        let on = |happenings: &[PermitEvent]| {
            [(3, 2), (3, 3), (3, 20), (3, 21), (3, 31), (4, 1), (5, 1)]
                .map(|(month, day)| suspended(happenings, date(2025, month, day)))
        };
        assert_eq!(on(&both), [false, true, true, false, false, true, true]);
        assert_eq!(on(&[issued, march[0], march[1], april]), on(&both), "in whichever order they came");
        // What is lifted in March leaves April alone; what is lifted on its first day never begins.
        let lifted = |day| [&both[..], &[by(4, Resumed, day)]].concat();
        assert_eq!(on(&lifted(date(2025, 3, 20))), [false, true, false, false, false, true, true]);
        assert_eq!(on(&lifted(date(2025, 4, 1))), [false, true, true, false, false, false, false]);
        // What is ordered after a lifting stands, though it counts from an earlier day.
        let again = [&lifted(date(2025, 4, 1))[..], &[by(5, Suspended, date(2025, 3, 31))]].concat();
        assert_eq!(on(&again), [false, true, true, false, true, true, true]);
        // Two that overlap: the end of the longer one counts.
        let longer = [by(6, Suspended, date(2025, 2, 1)), by(6, Resumed, date(2025, 3, 31))];
        assert_eq!(
            on(&[longer[0], longer[1], march[0], march[1]]),
            [true, true, true, true, false, false, false]
        );
        assert_eq!(
            on(&[march[0], march[1], longer[0], longer[1]]),
            [true, true, true, true, false, false, false]
        );
    }

    #[test]
    fn every_happening_reads_back_from_its_name() {
        for happening in PermitHappening::ALL {
            assert_eq!(PermitHappening::parse(happening.as_str()), Some(happening));
        }
        assert_eq!(
            PermitHappening::ALL.map(PermitHappening::is_end),
            [false, false, false, true, true, true]
        );
        assert_eq!(PermitHappening::parse("lost"), None);
    }

    proptest! {
        /// Whatever happened: an end that counts stays, and a suspension never revives what has ended.
        #[test]
        fn once_ended_always_ended(
            walk in prop::collection::vec((0_usize..6, 0_i32..3000), 0..12),
            first in 0_i32..3000,
            later in 0_i32..3000,
        ) {
            let on = |days: i32| TERM.from.checked_add(jiff::Span::new().days(days)).unwrap();
            let happenings: Vec<_> =
                walk.iter().map(|(which, days)| event(PermitHappening::ALL[*which], on(*days))).collect();
            let ended = |state: PermitState| !state.is_renewable();
            let before = permit_state(TERM, &happenings, RenewalStanding::None, on(first));
            let after = permit_state(TERM, &happenings, RenewalStanding::None, on(first + later));
            prop_assert!(!ended(before) || ended(after), "{before:?} {after:?}");
        }
    }
}
