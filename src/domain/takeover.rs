//! When a colleague may take a claimed case over (引継ぎ): a claim is exclusive, and does not outlive its holder's work.

use jiff::Timestamp;
use jiff::civil::Date;

/// Why a case may be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeoverGround {
    /// The caller leads the department.
    Superior,
    /// The holder serves in the department no more (R-126, T-7).
    HolderLeft,
    /// The caller covers for the holder today.
    Cover,
    /// The holder did nothing about the case for as long as a claim lasts.
    LeaseOver,
}

impl TakeoverGround {
    /// The name in the record of events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Superior => "superior",
            Self::HolderLeft => "holder_left",
            Self::Cover => "cover",
            Self::LeaseOver => "lease_over",
        }
    }
}

/// The events that bring a case onto its holder's desk, whoever caused them: the days of the claim begin anew with each.
pub const BROUGHT_BACK: [&str; 5] = ["assigned", "resubmitted", "question_ended", "returned", "recalled"];

/// When the days of a claim began: with the last act of the holder, or when the case last came to that desk. What anybody else does to a
/// case (a payment, a message, a colleague's note) shows no work of the holder and prolongs nothing.
///
/// Each event comes with its instant, its kind, and whether the holder caused it.
pub fn lease_began<'a>(
    events: impl IntoIterator<Item = (Timestamp, &'a str, CausedBy)>,
) -> Option<Timestamp> {
    let counts = |kind: &str, by: CausedBy| by == CausedBy::Holder || BROUGHT_BACK.contains(&kind);
    events.into_iter().filter(|(_, kind, by)| counts(kind, *by)).map(|(at, ..)| at).max()
}

/// Who caused an event of a claimed case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CausedBy {
    /// Whoever has the case.
    Holder,
    /// Anybody else.
    Another,
}

/// What is to be known of a claim and of whoever wants the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The caller leads the department (グループマネージャー, 課長).
    pub caller_leads: bool,
    /// The caller covers for the holder today.
    pub caller_covers: bool,
    /// The holder holds a post in the department today.
    pub holder_serves: bool,
    /// The last day of the claim.
    pub lease_until: Date,
}

/// Why the case may be taken over on `today`; none: it stays with its holder.
pub fn ground(claim: &Claim, today: Date) -> Option<TakeoverGround> {
    if claim.caller_leads {
        Some(TakeoverGround::Superior)
    } else if !claim.holder_serves {
        Some(TakeoverGround::HolderLeft)
    } else if claim.caller_covers {
        Some(TakeoverGround::Cover)
    } else if today > claim.lease_until {
        Some(TakeoverGround::LeaseOver)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn t7_only_work_of_the_holder_and_what_comes_to_the_desk_prolongs_a_claim() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let claimed = (at(1), "claimed", CausedBy::Holder);
        for (event, expected) in [
            ((at(2), "note_added", CausedBy::Holder), 2),
            ((at(2), "note_added", CausedBy::Another), 1),
            ((at(2), "payment_moved", CausedBy::Another), 1),
            ((at(2), "message_written", CausedBy::Another), 1),
            ((at(2), "resubmitted", CausedBy::Another), 2),
            ((at(2), "assigned", CausedBy::Another), 2),
        ] {
            assert_eq!(lease_began([claimed, event]), Some(at(expected)), "{event:?}");
            assert_eq!(lease_began([event, claimed]), Some(at(expected)), "{event:?}: in whatever order");
        }
        assert_eq!(lease_began([]), None);
    }

    #[test]
    fn t7_a_case_is_taken_over_for_exactly_these_reasons() {
        let today = date(2026, 4, 1);
        let held = Claim {
            caller_leads: false,
            caller_covers: false,
            holder_serves: true,
            lease_until: date(2026, 4, 1),
        };
        let yesterday = date(2026, 3, 31);
        for (claim, expected) in [
            (held, None),
            (Claim { lease_until: yesterday, ..held }, Some(TakeoverGround::LeaseOver)),
            (Claim { caller_covers: true, ..held }, Some(TakeoverGround::Cover)),
            (Claim { holder_serves: false, ..held }, Some(TakeoverGround::HolderLeft)),
            (Claim { caller_leads: true, ..held }, Some(TakeoverGround::Superior)),
            (Claim { caller_leads: true, holder_serves: false, ..held }, Some(TakeoverGround::Superior)),
        ] {
            assert_eq!(ground(&claim, today), expected, "{claim:?}");
        }
    }
}
