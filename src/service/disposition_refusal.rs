//! Why a disposition cannot be issued, or a permit not be renewed.

use super::{Failure, Refusal};
use crate::domain::disposition::UnknownAppeal;
use crate::domain::permit::PermitState;

impl From<DispositionRefusal> for Failure {
    fn from(refusal: DispositionRefusal) -> Self {
        Self::Refused(Refusal::Disposition(refusal))
    }
}

/// A refusal about dispositions and permits; the general ones are in [`super::Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DispositionRefusal {
    /// The body has no rule for the numbers of this department's documents today (T-4).
    NoNumberRule,
    /// What to say of appeals cannot be told, so nothing is decided (T-4).
    InstructionUnknown(UnknownAppeal),
    /// The permit has ended, or nothing says how it is renewed.
    NotRenewable,
    /// A renewal of the permit is open already.
    RenewalOpen,
    /// The permit that would be renewed was revoked, or another renewal of it was granted.
    RenewsNothing,
    /// The permit does not stand so that it could be ordered about like this.
    OrderDoesNotFit {
        /// Where it stands, today or on the day from which the order counts.
        state: PermitState,
    },
    /// The day from which the order counts has passed while it was on its route.
    OrderDayPassed,
    /// The decision lacks the signature of office that it needs to be handed over electronically.
    NotSigned,
    /// The document bears no signature of office.
    NoSignature,
}

impl DispositionRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoNumberRule => "document_number_not_set",
            Self::InstructionUnknown(_) => "instruction_not_determined",
            Self::NotRenewable => "permit_not_renewable",
            Self::RenewalOpen => "renewal_open",
            Self::RenewsNothing => "renewed_permit_ended",
            Self::OrderDoesNotFit { .. } => "order_does_not_fit",
            Self::OrderDayPassed => "order_day_passed",
            Self::NotSigned => "decision_not_signed",
            Self::NoSignature => "no_office_signature",
        }
    }

    /// The sentences in Japanese and English.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::NoNumberRule => (
                "担当課の文書番号の記号が設定されていないため、処分できません。",
                "No decision can be made: nothing says how the documents of the department are numbered.",
            ),
            Self::InstructionUnknown(unknown) => match unknown {
                UnknownAppeal::ClericalKind | UnknownAppeal::SecondOfPrefecture => (
                    "手続の事務区分が定められておらず、教示（審査庁）を示せないため、処分できません。",
                    "No decision can be made: whose business this is by law, and so where to appeal, is not settled.",
                ),
                UnknownAppeal::Minister | UnknownAppeal::Governor => (
                    "法定受託事務の審査庁が定められておらず、教示を示せないため、処分できません。",
                    "No decision can be made: the authority that reviews entrusted business is not named.",
                ),
                UnknownAppeal::ManagerBeyondFacility => (
                    "指定管理者が処分できるのは施設の利用に限られます。",
                    "A designated manager decides on the use of a facility only.",
                ),
            },
            Self::NotRenewable => (
                "この許可は更新の申請ができません（失効しているか、更新の手続がありません）。",
                "This permit cannot be renewed: it has ended, or no renewal exists.",
            ),
            Self::RenewalOpen => {
                ("この許可の更新の申請が既にあります。", "A renewal of this permit is open already.")
            }
            Self::RenewsNothing => (
                "更新の対象の許可は、取り消されたか、既に更新されています。拒否処分をするか、申請の取下げを待ってください。",
                "The permit that it would renew was revoked, or is renewed already: refuse it, or let it be withdrawn.",
            ),
            Self::OrderDoesNotFit { .. } => (
                "許可の状態（{}）では、この命令はできません（効力の停止とその解除は、効力が生じる日の状態によります）。",
                "The permit is {} then: it cannot be ordered about like this.",
            ),
            Self::OrderDayPassed => (
                "効力の生じる日を過ぎています。差し戻して、改めて起案してください。",
                "The day from which the order counts has passed: send it back and propose it anew.",
            ),
            Self::NoSignature => (
                "この文書には処分庁の電子署名が付されていません。",
                "This document bears no electronic signature of the authority.",
            ),
            Self::NotSigned => (
                "この処分には処分庁の電子署名が必要ですが、有効な職責証明書の鍵がないため、電子的に交付できません。書面で交付します。",
                "This decision needs an electronic signature of the authority, which had no key in force: it is handed over on paper.",
            ),
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::OrderDoesNotFit { state } => state.as_str().to_owned(),
            Self::NoNumberRule
            | Self::InstructionUnknown(_)
            | Self::NotRenewable
            | Self::RenewalOpen
            | Self::RenewsNothing
            | Self::OrderDayPassed
            | Self::NotSigned
            | Self::NoSignature => String::new(),
        }
    }
}
