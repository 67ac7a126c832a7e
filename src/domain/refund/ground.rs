//! Why money goes back: the ground, held against the ordinance's policy and the case.

use serde::{Deserialize, Serialize};

use crate::domain::money::Yen;
use crate::domain::procedure::RefundPolicy;

/// The ground of a refund (還付事由).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundGround {
    /// More came than was owed (過納).
    Overpaid,
    /// The assessment was wrong (誤納).
    AssessmentError,
    /// The fee was waived after it had been paid (減免).
    Waiver,
    /// The application could not be accepted, or was taken back or sent on without a decision.
    NotAccepted,
    /// A reason the payer does not answer for, such as the authority's own cancellation.
    NotAttributable,
}

impl RefundGround {
    /// Every ground.
    pub const ALL: [Self; 5] =
        [Self::Overpaid, Self::AssessmentError, Self::Waiver, Self::NotAccepted, Self::NotAttributable];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overpaid => "overpaid",
            Self::AssessmentError => "assessment_error",
            Self::Waiver => "waiver",
            Self::NotAccepted => "not_accepted",
            Self::NotAttributable => "not_attributable",
        }
    }

    /// The ground of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str() == text)
    }
}

/// Where the case stands, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseStage {
    /// Taken back or sent elsewhere: it ended without a decision.
    EndedWithoutDecision,
    /// On its way.
    Open,
    /// Decided or closed: the service that the fee pays for was rendered.
    Decided,
}

/// A ground that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroundRejection {
    /// The ordinance gives this fee back for no such reason (既納の手数料は還付しない).
    #[error("the ordinance does not allow a refund of this fee for this reason")]
    NotByOrdinance,
    /// The case does not stand where this ground could arise.
    #[error("the case does not stand where this reason could arise")]
    NotInThisState,
    /// A waiver that is decided makes what was paid too much: that goes back as overpaid. The word alone takes nothing off a fee.
    #[error("what a decided waiver made too much goes back as overpaid")]
    DecidedAsWaiver,
}

/// Whether the lines of a fee of this policy may go back for this ground. Money that was never owed always may; a
/// waiver is decided on a route of its own and never asked for as a refund.
pub fn permits(ground: RefundGround, policy: RefundPolicy, stage: CaseStage) -> Result<(), GroundRejection> {
    match (ground, policy) {
        (RefundGround::Overpaid | RefundGround::AssessmentError, _) => Ok(()),
        (RefundGround::Waiver, _) => Err(GroundRejection::DecidedAsWaiver),
        (RefundGround::NotAttributable, RefundPolicy::NotAttributable) => Ok(()),
        (RefundGround::NotAccepted, RefundPolicy::IfNotAccepted) => {
            if stage == CaseStage::EndedWithoutDecision {
                Ok(())
            } else {
                Err(GroundRejection::NotInThisState)
            }
        }
        (RefundGround::NotAccepted | RefundGround::NotAttributable, _) => {
            Err(GroundRejection::NotByOrdinance)
        }
    }
}

/// The ground that case and money suggest by themselves; none where a person must judge.
pub fn proposed(policy: RefundPolicy, stage: CaseStage, overpaid: Yen) -> Option<RefundGround> {
    if overpaid > Yen::ZERO {
        return Some(RefundGround::Overpaid);
    }
    let unaccepted = policy == RefundPolicy::IfNotAccepted && stage == CaseStage::EndedWithoutDecision;
    unaccepted.then_some(RefundGround::NotAccepted)
}
