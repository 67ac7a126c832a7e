//! Contracts (契約, R-103): offered with a decision, concluded only when both sides have signed.
//!
//! 地方自治法 第234条第5項: a contract made as an electromagnetic record is not settled until both sides have applied what shows who
//! made it. So a contract is concluded by the second signature and never before, and the counterpart's counts once an officer has
//! confirmed whose certificate it is. Where a contract stands is a function of what was done about it; acts are never rewritten.

pub mod certificate;
pub mod statement;
pub mod trust_anchor;

use jiff::civil::Date;

/// The signature of the other side (相手方).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterpartSide {
    /// None, or the last one was rejected.
    Awaited,
    /// Applied and checked over the exact bytes; whose certificate it is has not been confirmed.
    Signed,
    /// Applied, and the certificate is the counterpart's.
    Confirmed,
}

/// The signature of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfficeSide {
    /// None.
    Awaited,
    /// Applied with the key of office.
    Signed,
}

/// Where a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContractStanding {
    /// Offered; not concluded.
    Offered {
        /// The signature of the other side.
        counterpart: CounterpartSide,
        /// The signature of the body.
        office: OfficeSide,
    },
    /// 契約確定: both have signed, and the counterpart's signature is confirmed.
    Concluded,
    /// The last day for the signatures went by.
    Lapsed,
    /// The body took the offer back.
    Withdrawn,
}

/// What is done about a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContractAct {
    /// The counterpart signs.
    SignByCounterpart,
    /// An officer confirms that the certificate is the counterpart's and holds.
    Confirm,
    /// An officer rejects the counterpart's signature; another one may follow.
    Reject,
    /// The body signs with the key of office of its authority.
    SignByOffice,
    /// The body takes the offer back.
    Withdraw,
    /// The last day went by.
    Lapse,
}

/// Whether the last day for the signatures is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timeliness {
    /// It is not.
    InTime,
    /// It is.
    Late,
}

impl Timeliness {
    /// On `today`, where `sign_by` is the last day.
    pub fn on(today: Date, sign_by: Date) -> Self {
        if today <= sign_by { Self::InTime } else { Self::Late }
    }
}

/// Why something cannot be done about a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractRejection {
    /// It is concluded, lapsed or withdrawn.
    #[error("the contract is {state}")]
    Ended {
        /// Its state.
        state: &'static str,
    },
    /// That side has signed already.
    #[error("signed already")]
    AlreadySigned,
    /// There is no signature of the counterpart that could be judged.
    #[error("no signature to judge")]
    NothingToJudge,
    /// The counterpart's signature was confirmed already.
    #[error("confirmed already")]
    AlreadyConfirmed,
    /// The last day for the signatures is over.
    #[error("the offer is over")]
    Over,
    /// The last day is not over, or both had signed by then.
    #[error("the offer stands")]
    NotOver,
    /// Both have signed: the counterpart's signature is confirmed or rejected first.
    #[error("signed by both")]
    SignedByBoth,
}

impl ContractAct {
    /// All, for tables and tests.
    pub const ALL: [Self; 6] = [
        Self::SignByCounterpart,
        Self::Confirm,
        Self::Reject,
        Self::SignByOffice,
        Self::Withdraw,
        Self::Lapse,
    ];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignByCounterpart => "signed_by_counterpart",
            Self::Confirm => "confirmed",
            Self::Reject => "rejected",
            Self::SignByOffice => "signed_by_office",
            Self::Withdraw => "withdrawn",
            Self::Lapse => "lapsed",
        }
    }

    /// The act of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == text)
    }
}

impl ContractStanding {
    /// An offer that nobody has signed.
    pub const OFFERED: Self =
        Self::Offered { counterpart: CounterpartSide::Awaited, office: OfficeSide::Awaited };

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offered { .. } => "offered",
            Self::Concluded => "concluded",
            Self::Lapsed => "lapsed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Takes a step, or says why it cannot be taken. Signing ends with the last day; what both had signed by then may still be
    /// confirmed, because it does not depend on how fast the office is.
    pub fn apply(self, act: ContractAct, when: Timeliness) -> Result<Self, ContractRejection> {
        use ContractRejection as No;
        let Self::Offered { counterpart, office } = self else {
            return Err(No::Ended { state: self.as_str() });
        };
        let both = counterpart != CounterpartSide::Awaited && office == OfficeSide::Signed;
        let late = when == Timeliness::Late;
        match (act, counterpart, office) {
            (ContractAct::SignByCounterpart, CounterpartSide::Awaited, _) if late => Err(No::Over),
            (ContractAct::SignByCounterpart, CounterpartSide::Awaited, _) => {
                Ok(standing(CounterpartSide::Signed, office))
            }
            (ContractAct::SignByCounterpart, ..) => Err(No::AlreadySigned),
            (ContractAct::Confirm | ContractAct::Reject, CounterpartSide::Awaited, _) => {
                Err(No::NothingToJudge)
            }
            (ContractAct::Confirm | ContractAct::Reject, CounterpartSide::Confirmed, _) => {
                Err(No::AlreadyConfirmed)
            }
            (ContractAct::Confirm, CounterpartSide::Signed, OfficeSide::Awaited) if late => Err(No::Over),
            (ContractAct::Confirm, CounterpartSide::Signed, _) => {
                Ok(standing(CounterpartSide::Confirmed, office))
            }
            (ContractAct::Reject, CounterpartSide::Signed, _) => {
                Ok(standing(CounterpartSide::Awaited, office))
            }
            (ContractAct::SignByOffice, _, OfficeSide::Signed) => Err(No::AlreadySigned),
            (ContractAct::SignByOffice, _, OfficeSide::Awaited) if late => Err(No::Over),
            (ContractAct::SignByOffice, _, OfficeSide::Awaited) => {
                Ok(standing(counterpart, OfficeSide::Signed))
            }
            (ContractAct::Withdraw, ..) if both => Err(No::SignedByBoth),
            (ContractAct::Withdraw, ..) => Ok(Self::Withdrawn),
            (ContractAct::Lapse, ..) if both || !late => Err(No::NotOver),
            (ContractAct::Lapse, ..) => Ok(Self::Lapsed),
        }
    }

    /// Where a contract stands after acts that were all possible when they were done.
    pub fn after(acts: &[ContractAct]) -> Result<Self, ContractRejection> {
        let step = |standing: Self, act: &ContractAct| {
            let when = if *act == ContractAct::Lapse { Timeliness::Late } else { Timeliness::InTime };
            standing.apply(*act, when)
        };
        acts.iter().try_fold(Self::OFFERED, step)
    }
}

/// Concluded when both sides stand, an offer while one does not.
fn standing(counterpart: CounterpartSide, office: OfficeSide) -> ContractStanding {
    match (counterpart, office) {
        (CounterpartSide::Confirmed, OfficeSide::Signed) => ContractStanding::Concluded,
        _ => ContractStanding::Offered { counterpart, office },
    }
}

/// The day a contract was concluded: that of the later one of the two signatures that stand. The confirmation says whose the
/// signature was, it does not make it. Nothing while a signature is missing.
pub fn concluded_on(acts: &[(ContractAct, Date)]) -> Option<Date> {
    let last = |wanted| acts.iter().rfind(|(act, _)| *act == wanted).map(|(_, day)| *day);
    Some(last(ContractAct::SignByCounterpart)?.max(last(ContractAct::SignByOffice)?))
}

#[cfg(test)]
mod tests;
