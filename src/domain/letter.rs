//! Letters to whom no mail can reach (書面による通知): what the office sends in the place of a mail about a case.
//!
//! Whoever came on paper has no account, and so no mail box here. What a mail would say to others is then a task of the department,
//! with the name of the paper to print where there is one.

use uuid::Uuid;

use super::case_mail::CaseMail;
use super::issued_document::{DocumentKind, DocumentName};

/// What the office sends where no mail can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    /// Nothing: a list of its own has it (the notices that go by letter), or it was handed over.
    Elsewhere,
    /// This paper, about what the mail is about.
    Paper(DocumentKind),
    /// Words of its own.
    Words,
}

impl Letter {
    /// What goes in the place of a mail.
    pub fn instead_of(mail: CaseMail) -> Self {
        match mail {
            // A notice of a decision waits in the list of letters; a receipt is handed over where the money is.
            CaseMail::DecisionMade | CaseMail::ReceiptIssued => Self::Elsewhere,
            CaseMail::FeeFixed | CaseMail::ChargeAssessed => Self::Paper(DocumentKind::PaymentNotice),
            CaseMail::DemandIssued => Self::Paper(DocumentKind::Demand),
            CaseMail::QuestionAsked | CaseMail::CorrectionMissed => {
                Self::Paper(DocumentKind::CorrectionRequest)
            }
            _ => Self::Words,
        }
    }
}

/// The name of a reminder to renew a permit, where a mail about a case has its own.
pub const RENEWAL_DUE: &str = "renewal_due";

/// What a task about a letter is about: what the mail would have told, and what that mail was about.
pub fn subject(mail: &str, about: &str) -> String {
    format!("{mail}:{about}")
}

/// The paper that a letter of this subject is, where there is one.
pub fn paper(subject: &str) -> Option<DocumentName> {
    let mut parts = subject.split(':');
    let name = parts.next()?;
    let mail = CaseMail::ALL.into_iter().find(|mail| mail.as_str() == name)?;
    let Letter::Paper(kind) = Letter::instead_of(mail) else { return None };
    let about: Uuid = parts.nth(1)?.parse().ok()?;
    Some(DocumentName::new(kind, about))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_names_the_paper_to_print() {
        let (case, about) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let of = |mail: CaseMail| subject(mail.as_str(), &format!("{case}:{about}"));
        for (mail, kind) in [
            (CaseMail::QuestionAsked, DocumentKind::CorrectionRequest),
            (CaseMail::FeeFixed, DocumentKind::PaymentNotice),
            (CaseMail::DemandIssued, DocumentKind::Demand),
        ] {
            assert_eq!(paper(&of(mail)), Some(DocumentName::new(kind, about)));
        }
        assert_eq!(paper(&of(CaseMail::CaseMoved)), None, "words of its own");
        assert_eq!(paper(&subject(RENEWAL_DUE, &format!("{about}:90"))), None);
        assert_eq!(paper(&subject("fee_fixed", &case.to_string())), None, "nothing says which invoice");
        assert_eq!(Letter::instead_of(CaseMail::DecisionMade), Letter::Elsewhere);
    }
}
