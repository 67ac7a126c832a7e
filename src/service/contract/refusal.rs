//! Why something cannot be done about a contract.

use super::super::{Failure, Refusal};
use crate::domain::contract::ContractRejection;
use crate::domain::contract::certificate::CertificateFault;

impl From<ContractRefusal> for Failure {
    fn from(refusal: ContractRefusal) -> Self {
        Self::Refused(Refusal::Contract(refusal))
    }
}

impl From<ContractRejection> for Failure {
    fn from(rejection: ContractRejection) -> Self {
        ContractRefusal::Rejected(rejection).into()
    }
}

impl From<CertificateFault> for Failure {
    fn from(fault: CertificateFault) -> Self {
        ContractRefusal::Certificate(fault).into()
    }
}

/// A refusal about contracts; the general ones are in [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContractRefusal {
    /// No contract was offered in the case.
    NoContract,
    /// It does not stand so that this could be done.
    Rejected(ContractRejection),
    /// The body takes no certificates today: none of its trust anchors is in force.
    NoTrustAnchor,
    /// The signature of the counterpart is not taken.
    Certificate(CertificateFault),
    /// The authority that signs has no key of office today.
    NoOfficeKey,
    /// What a grant would offer cannot be signed today: the body takes no certificates for it, or its authority has no key of office.
    NotSignable,
    /// The officer did the other of two acts that want two officers.
    OwnAct,
}

impl ContractRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoContract => "no_contract",
            Self::NoTrustAnchor => "no_trust_anchor",
            Self::NoOfficeKey => "no_office_key",
            Self::NotSignable => "contract_not_signable",
            Self::OwnAct => "own_contract_act",
            Self::Rejected(rejection) => match rejection {
                ContractRejection::Ended { .. } => "contract_ended",
                ContractRejection::AlreadySigned => "contract_already_signed",
                ContractRejection::NothingToJudge => "no_signature_to_judge",
                ContractRejection::AlreadyConfirmed => "signature_already_confirmed",
                ContractRejection::Over => "contract_offer_over",
                ContractRejection::NotOver => "contract_offer_stands",
                ContractRejection::SignedByBoth => "contract_signed_by_both",
            },
            Self::Certificate(fault) => match fault {
                CertificateFault::Unreadable => "certificate_unreadable",
                CertificateFault::Untrusted => "certificate_untrusted",
                CertificateFault::NotYetValid => "certificate_not_yet_valid",
                CertificateFault::Expired => "certificate_expired",
                CertificateFault::NotForSignatures => "certificate_not_for_signatures",
                CertificateFault::SignatureInvalid => "signature_invalid",
            },
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::Rejected(ContractRejection::Ended { state }) => state.to_owned(),
            _ => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::NoContract => {
                ("この手続に契約の申込みはありません。", "No contract was offered in this case.")
            }
            Self::NoTrustAnchor => (
                "この団体が受け入れる認証業務の証明書が登録されていないため、電子署名を受け付けられません。",
                "The body has no trust anchor in force today, so no electronic signature can be taken.",
            ),
            Self::NoOfficeKey => (
                "団体の側で署名する者に、本日有効な職責証明書の鍵がありません。",
                "The authority that signs for the body has no key of office in force today.",
            ),
            Self::NotSignable => (
                "契約を電子署名で確定できないため、決定できません（受け入れる認証業務の証明書又は職責証明書の鍵で、本日有効なものがありません）。",
                "The contract could not be concluded by electronic signatures, so it is not offered: no trust anchor that the procedure \
                 takes, or no key of office of the authority, is in force today.",
            ),
            Self::OwnAct => (
                "相手方の電子署名の確認と団体の側の電子署名は、同じ職員が行うことはできません。",
                "The officer who confirms the counterpart's signature and the one who signs for the body must be two.",
            ),
            Self::Rejected(rejection) => text_of_rejection(rejection),
            Self::Certificate(fault) => text_of_fault(fault),
        }
    }
}

fn text_of_rejection(rejection: ContractRejection) -> (&'static str, &'static str) {
    match rejection {
        ContractRejection::Ended { .. } => {
            ("契約の手続は既に終わっています（{}）。", "The contract is {} already.")
        }
        ContractRejection::AlreadySigned => ("既に電子署名がされています。", "It has been signed already."),
        ContractRejection::NothingToJudge => (
            "確認すべき相手方の電子署名がありません。",
            "There is no signature of the counterpart to be confirmed or rejected.",
        ),
        ContractRejection::AlreadyConfirmed => (
            "相手方の電子署名は既に確認されています。",
            "The signature of the counterpart has been confirmed already.",
        ),
        ContractRejection::Over => {
            ("電子署名の期限を過ぎています。", "The last day for the signatures is over.")
        }
        ContractRejection::NotOver => {
            ("契約の申込みは効力を失っていません。", "The offer of the contract still stands.")
        }
        ContractRejection::SignedByBoth => (
            "双方の電子署名がされています。先に相手方の電子署名を確認してください。",
            "Both have signed; confirm or reject the signature of the counterpart first.",
        ),
    }
}

fn text_of_fault(fault: CertificateFault) -> (&'static str, &'static str) {
    match fault {
        CertificateFault::Unreadable => (
            "証明書を読み取れません（DER形式、署名者のものを先頭に、発行者を順に並べてください）。",
            "A certificate cannot be read: DER, the signer's first, each followed by its issuer.",
        ),
        CertificateFault::Untrusted => (
            "証明書が、この団体が受け入れる認証業務のものと確認できません。",
            "The certificates are not traced back to a certification service that the body takes.",
        ),
        CertificateFault::NotYetValid => {
            ("証明書の有効期間がまだ始まっていません。", "A certificate is not valid yet.")
        }
        CertificateFault::Expired => ("証明書の有効期間が満了しています。", "A certificate has expired."),
        CertificateFault::NotForSignatures => (
            "電子署名のための証明書ではありません。",
            "The certificate is not one for electronic signatures.",
        ),
        CertificateFault::SignatureInvalid => (
            "電子署名が契約書の内容と一致しません。",
            "The signature was not made over the exact text of the contract with the key of the certificate.",
        ),
    }
}
