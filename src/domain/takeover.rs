//! When a colleague may take a claimed case over (引継ぎ): a claim is exclusive, and does not outlive its holder's work.

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
    /// Nothing happened to the case for as long as a claim lasts.
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
