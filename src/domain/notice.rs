//! The notice of a decision, of its correction or of an order about a permit (処分の通知) on its way to the addressee: a machine of its own, beside case and money.
//!
//! Paper is the rule; electronic is the exception of whoever asked for it, and never for what the law wants on paper
//! . An electronic notice arrives when the addressee first retrieves it, and only then: neither an e-mail nor an
//! officer's look is an arrival. Of a posted letter nobody here knows when it arrived; that it came back (返戻) is known, and
//! then it waits for the office again.

use jiff::Timestamp;
use jiff::civil::Date;

use super::calendar::jst_day;

/// By which way a notice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Retrieved by the addressee's own computer.
    Electronic,
    /// By letter.
    Paper,
}

impl Way {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Electronic, Self::Paper];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Electronic => "electronic",
            Self::Paper => "paper",
        }
    }

    /// The way of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }
}

/// What a notice gives notice of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The decision of a case.
    Decision,
    /// The correction of an issued decision (更正).
    Correction,
    /// An order about a permit (取消し・効力の停止).
    PermitOrder,
}

impl About {
    /// Everything there is notice of.
    pub const ALL: [Self; 3] = [Self::Decision, Self::Correction, Self::PermitOrder];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Correction => "correction",
            Self::PermitOrder => "permit_order",
        }
    }

    /// What a stored name means.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|about| about.as_str() == text)
    }
}

/// What the law lets a notice be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Electronic where the addressee wants it.
    Either,
    /// Never electronic (政令別表, R-39).
    PaperOnly,
}

/// The way a notice goes: electronic only by the addressee's last wish, and only where the law lets it.
pub fn way_of(last_wish: Option<Way>, form: Form) -> Way {
    match (last_wish, form) {
        (Some(Way::Electronic), Form::Either) => Way::Electronic,
        _ => Way::Paper,
    }
}

/// Where a notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeState {
    /// It can be retrieved; it has not arrived.
    Available,
    /// The addressee has retrieved it (到達).
    Arrived(Timestamp),
    /// It waits to be printed and posted.
    ToPrint,
    /// It was posted on that day.
    Posted(Date),
    /// It came back (返戻); it was posted on that day.
    Returned(Date),
}

/// A step of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeStep {
    /// The addressee has retrieved it.
    Retrieve(Timestamp),
    /// The office has posted it.
    Post(Date),
    /// The post has brought it back.
    Return(Date),
    /// Nobody retrieves it, so it is to go by letter after all.
    TurnToPaper,
}

/// What a step means for a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It stands there now.
    To(NoticeState),
    /// It had arrived before: the first retrieval counts.
    Stays,
}

/// Why a step is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not where the notice stands.
    WrongState,
    /// The day lies before the day that must come first, or in the future.
    BadDay {
        /// The first possible day.
        first: Date,
        /// The last possible day.
        last: Date,
    },
}

impl NoticeState {
    /// Where a new notice of that way stands.
    pub fn first(way: Way) -> Self {
        match way {
            Way::Electronic => Self::Available,
            Way::Paper => Self::ToPrint,
        }
    }

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Arrived(_) => "arrived",
            Self::ToPrint => "to_print",
            Self::Posted(_) => "posted",
            Self::Returned(_) => "returned",
        }
    }

    /// The state of a stored name with what is stored beside it.
    pub fn parse(name: &str, arrived_at: Option<Timestamp>, posted_on: Option<Date>) -> Option<Self> {
        match name {
            "available" => Some(Self::Available),
            "arrived" => arrived_at.map(Self::Arrived),
            "to_print" => Some(Self::ToPrint),
            "posted" => posted_on.map(Self::Posted),
            "returned" => posted_on.map(Self::Returned),
            _ => None,
        }
    }

    /// Whether it is out of the house: retrieved by the addressee, or posted (施行, R-195). What waits to be retrieved is not, nor is
    /// what came back.
    pub fn is_out(self) -> bool {
        matches!(self, Self::Arrived(_) | Self::Posted(_))
    }

    /// By which way it goes.
    pub fn way(self) -> Way {
        match self {
            Self::Available | Self::Arrived(_) => Way::Electronic,
            Self::ToPrint | Self::Posted(_) | Self::Returned(_) => Way::Paper,
        }
    }

    /// Takes a step of a notice that was made at `made_at`, or refuses it at `now`.
    pub fn step(self, step: NoticeStep, made_at: Timestamp, now: Timestamp) -> Result<Moved, Refused> {
        let today = jst_day(now);
        let on = |day: Date, first: Date, next: Self| {
            let possible = first <= day && day <= today;
            if possible { Ok(Moved::To(next)) } else { Err(Refused::BadDay { first, last: today }) }
        };
        match (self, step) {
            (Self::Available, NoticeStep::Retrieve(at)) => Ok(Moved::To(Self::Arrived(at))),
            (Self::Arrived(_), NoticeStep::Retrieve(_)) => Ok(Moved::Stays),
            (Self::Available, NoticeStep::TurnToPaper) => Ok(Moved::To(Self::ToPrint)),
            (Self::ToPrint, NoticeStep::Post(day)) => on(day, jst_day(made_at), Self::Posted(day)),
            (Self::Returned(before), NoticeStep::Post(day)) => on(day, before, Self::Posted(day)),
            (Self::Posted(before), NoticeStep::Return(day)) => on(day, before, Self::Returned(before)),
            _ => Err(Refused::WrongState),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_hours(hours)).unwrap()
    }

    fn day(number: i64) -> Date {
        jst_day(at(number * 24))
    }

    /// without a wish, after another wish, or against the law a notice goes by paper.
    #[test]
    fn r37_paper_is_the_rule() {
        for (wish, form, way) in [
            (None, Form::Either, Way::Paper),
            (Some(Way::Paper), Form::Either, Way::Paper),
            (Some(Way::Electronic), Form::Either, Way::Electronic),
            (Some(Way::Electronic), Form::PaperOnly, Way::Paper),
            (None, Form::PaperOnly, Way::Paper),
        ] {
            assert_eq!(way_of(wish, form), way, "{wish:?} {form:?}");
        }
    }

    /// Every step at every state.
    #[test]
    fn the_machine_is_exactly_this() {
        let states = [
            NoticeState::Available,
            NoticeState::Arrived(at(30)),
            NoticeState::ToPrint,
            NoticeState::Posted(day(2)),
            NoticeState::Returned(day(2)),
        ];
        let steps = [
            NoticeStep::Retrieve(at(70)),
            NoticeStep::Post(day(3)),
            NoticeStep::Return(day(3)),
            NoticeStep::TurnToPaper,
        ];
        let row = |state: NoticeState| {
            let next = steps.map(|step| match state.step(step, at(24), at(72)) {
                Ok(Moved::To(next)) => next.as_str(),
                Ok(Moved::Stays) => "stays",
                Err(Refused::WrongState) => "-",
                Err(Refused::BadDay { .. }) => "bad day",
            });
            format!("{}: {}", state.as_str(), next.join(" "))
        };
        let expected = [
            "available: arrived - - to_print",
            "arrived: stays - - -",
            "to_print: - posted - -",
            "posted: - - returned -",
            "returned: - posted - -",
        ];
        assert_eq!(states.map(row), expected);
        assert_eq!(states.map(NoticeState::is_out), [false, true, false, true, false], "R-195");
        for state in states {
            let beside = match state {
                NoticeState::Arrived(at) => (Some(at), None),
                NoticeState::Posted(day) | NoticeState::Returned(day) => (None, Some(day)),
                _ => (None, None),
            };
            assert_eq!(NoticeState::parse(state.as_str(), beside.0, beside.1), Some(state));
        }
    }

    #[test]
    fn a_letter_is_posted_after_it_was_made_and_comes_back_after_it_was_posted() {
        let bad = |state: NoticeState, step| {
            matches!(state.step(step, at(24), at(96)), Err(Refused::BadDay { .. }))
        };
        assert!(bad(NoticeState::ToPrint, NoticeStep::Post(day(0))), "before the decision");
        assert!(bad(NoticeState::ToPrint, NoticeStep::Post(day(5))), "tomorrow");
        assert!(bad(NoticeState::Posted(day(2)), NoticeStep::Return(day(1))));
        assert!(bad(NoticeState::Returned(day(2)), NoticeStep::Post(day(1))));
    }

    proptest! {
        /// whatever happens, the arrival is the first retrieval, and only an addressee makes one.
        #[test]
        fn r38_the_first_retrieval_is_the_arrival_for_ever(
            walk in prop::collection::vec((0_u8..4, 0_i64..50), 0..40),
            electronic in any::<bool>(),
        ) {
            let way = if electronic { Way::Electronic } else { Way::Paper };
            let (mut state, mut now, mut first) = (NoticeState::first(way), 24, None);
            for (step, hours) in walk {
                now += hours;
                let today = jst_day(at(now));
                let step = match step {
                    0 => NoticeStep::Retrieve(at(now)),
                    1 => NoticeStep::Post(today),
                    2 => NoticeStep::Return(today),
                    _ => NoticeStep::TurnToPaper,
                };
                let retrieves = matches!(step, NoticeStep::Retrieve(_));
                if let Ok(Moved::To(next)) = state.step(step, at(24), at(now)) {
                    state = next;
                    if retrieves {
                        prop_assert!(first.is_none());
                        first = Some(at(now));
                    }
                }
                let arrived = if let NoticeState::Arrived(at) = state { Some(at) } else { None };
                prop_assert_eq!(arrived, first);
            }
        }
    }
}
