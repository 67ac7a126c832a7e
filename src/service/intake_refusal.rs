//! What handing something in can be refused for beyond faults of its content.

use super::{Failure, Refusal};
use crate::domain::fault::Fault;
use crate::domain::identification::Shortfall;

impl From<IntakeRefusal> for Failure {
    fn from(refusal: IntakeRefusal) -> Self {
        Self::Refused(Refusal::Intake(refusal))
    }
}

/// A refusal of a submission; the general ones are in [`super::Refusal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntakeRefusal {
    /// The session does not identify the applicant as surely as is asked for.
    AssuranceTooLow(Shortfall),
    /// The office has not said how it confirmed whose paper it is.
    IdentityNotAttested,
}

impl IntakeRefusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AssuranceTooLow(_) => "assurance_too_low",
            Self::IdentityNotAttested => "identity_not_attested",
        }
    }

    /// Who asks for what, where the refusal names it.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::AssuranceTooLow(shortfall) => &shortfall.faults,
            Self::IdentityNotAttested => &[],
        }
    }

    /// The level that the sentence names.
    pub fn argument(&self) -> String {
        match self {
            Self::AssuranceTooLow(shortfall) => shortfall.asked.as_str().to_owned(),
            Self::IdentityNotAttested => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(&self) -> (&'static str, &'static str) {
        match self {
            Self::AssuranceTooLow(_) => (
                "オンラインで提出するには、より確かな本人確認（{}）が必要です。窓口への持参または郵送（書面）でも申請できます。",
                "Online this needs a surer identification ({}). It can also be filed on paper, at the counter or by post.",
            ),
            Self::IdentityNotAttested => (
                "この手続では、本人確認の方法を記録した受付が必要です。本人確認のうえ、改めて入力してください。",
                "This procedure needs the office to say how the identity was confirmed: confirm it and enter the filing anew.",
            ),
        }
    }
}
