//! Documents that leave the counter on paper or as PDF, and the token by which anybody can check one.
//!
//! The token says which document of which body it is, of which day, and the digest of everything it prints; it is signed
//! and printed as a QR code. It carries no personal data. A copied or altered paper shows at the check: the token of
//! another document names another digest. Invariant: the token of a document is a function of the document alone.

use data_encoding::BASE64URL_NOPAD;
use jiff::civil::Date;
use uuid::Uuid;

use super::id::TenantCode;
use super::permit::PermitState;

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// 申請書・届出書の控え.
    ApplicationCopy,
    /// 補正の求め, 照会: one of perhaps several of a case.
    CorrectionRequest,
    /// 納入通知書 of an invoice.
    PaymentNotice,
    /// 督促状 of an invoice.
    Demand,
    /// 領収証書, or the confirmation of an entrusted payment.
    Receipt,
    /// 決定の通知書: what was granted or refused.
    Decision,
    /// 許可証.
    Permit,
    /// 達: an order about a permit.
    PermitOrder,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::ApplicationCopy,
        Self::CorrectionRequest,
        Self::PaymentNotice,
        Self::Demand,
        Self::Receipt,
        Self::Decision,
        Self::Permit,
        Self::PermitOrder,
    ];

    /// The name in addresses and tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationCopy => "application_copy",
            Self::CorrectionRequest => "correction_request",
            Self::PaymentNotice => "payment_notice",
            Self::Demand => "demand",
            Self::Receipt => "receipt",
            Self::Decision => "decision",
            Self::Permit => "permit",
            Self::PermitOrder => "permit_order",
        }
    }

    /// The kind of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// How many a case may have.
    pub fn count(self) -> DocumentCount {
        match self {
            Self::ApplicationCopy | Self::Decision | Self::Permit => DocumentCount::One,
            Self::CorrectionRequest
            | Self::PaymentNotice
            | Self::Demand
            | Self::Receipt
            | Self::PermitOrder => DocumentCount::Many,
        }
    }

    /// For whom it is.
    pub fn audience(self) -> DocumentAudience {
        match self {
            Self::PaymentNotice | Self::Demand | Self::Receipt => DocumentAudience::OfMoney,
            Self::ApplicationCopy
            | Self::CorrectionRequest
            | Self::Decision
            | Self::Permit
            | Self::PermitOrder => DocumentAudience::OfCase,
        }
    }
}

/// How many documents of a kind a case may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentCount {
    /// One at most; its kind is its name.
    One,
    /// One of each thing that it is about, which its name says too.
    Many,
}

/// Who may read a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentAudience {
    /// Whoever may read the case.
    OfCase,
    /// Whoever may see its money.
    OfMoney,
}

/// Which document of a case. Invariant: it names a subject exactly where a case may have several of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DocumentName {
    kind: DocumentKind,
    subject: Option<Uuid>,
}

impl DocumentName {
    /// The name of a document of `kind` about `subject` (a correction, an invoice, a receipt, an order), which counts for
    /// kinds that a case may have several of only.
    pub fn new(kind: DocumentKind, subject: Uuid) -> Self {
        Self { kind, subject: (kind.count() == DocumentCount::Many).then_some(subject) }
    }

    /// What kind it is.
    pub fn kind(self) -> DocumentKind {
        self.kind
    }

    /// What it is about, where a case may have several of its kind.
    pub fn subject(self) -> Option<Uuid> {
        self.subject
    }

    /// Reads `decision` or `receipt.{id}`.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, subject) = match text.split_once('.') {
            Some((kind, subject)) => (kind, Some(subject.parse().ok()?)),
            None => (text, None),
        };
        Self::whole(DocumentKind::parse(kind)?, subject)
    }

    fn whole(kind: DocumentKind, subject: Option<Uuid>) -> Option<Self> {
        let fits = subject.is_some() == (kind.count() == DocumentCount::Many);
        fits.then_some(Self { kind, subject })
    }
}

impl std::fmt::Display for DocumentName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.subject {
            Some(subject) => write!(f, "{}.{subject}", self.kind.as_str()),
            None => f.write_str(self.kind.as_str()),
        }
    }
}

/// What a token says of its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentClaims {
    /// The body that issued it.
    pub tenant: TenantCode,
    /// Which document of its case.
    pub name: DocumentName,
    /// The case it belongs to.
    pub application: Uuid,
    /// The JST day it bears.
    pub issued_on: Date,
    /// SHA-256 of everything it prints.
    pub digest: [u8; 32],
}

/// A text that is no token of ours, whoever signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of a document")]
pub struct NotADocumentToken;

/// The form of a token of a document that a case has one of.
const FORM_OF_ONE: &str = "1";
/// The form of a token that names its subject as well.
const FORM_OF_MANY: &str = "2";

impl DocumentClaims {
    /// What is signed.
    pub fn statement(&self) -> String {
        let short = |id: &Uuid| BASE64URL_NOPAD.encode(id.as_bytes());
        let form = if self.name.subject.is_some() { FORM_OF_MANY } else { FORM_OF_ONE };
        let mut parts = vec![
            form.to_owned(),
            self.tenant.to_string(),
            self.name.kind.as_str().to_owned(),
            short(&self.application),
        ];
        parts.extend(self.name.subject.as_ref().map(short));
        parts.extend([self.issued_on.to_string(), BASE64URL_NOPAD.encode(&self.digest)]);
        parts.join("~")
    }

    /// The token: statement and signature.
    pub fn token(&self, signature: &[u8]) -> String {
        format!("{}.{}", self.statement(), BASE64URL_NOPAD.encode(signature))
    }

    /// Takes a token apart; nothing of it is believed before the signature was checked over [`Self::statement`].
    pub fn parse(token: &str) -> Result<(Self, Vec<u8>), NotADocumentToken> {
        let read = || {
            let (statement, signature) = token.split_once('.')?;
            let parts: Vec<&str> = statement.split('~').collect();
            let (tenant, kind, application, subject, issued_on, digest) = match parts.as_slice() {
                [FORM_OF_ONE, tenant, kind, application, issued_on, digest] => {
                    (tenant, kind, application, None, issued_on, digest)
                }
                [FORM_OF_MANY, tenant, kind, application, subject, issued_on, digest] => {
                    (tenant, kind, application, Some(id_of(subject)?), issued_on, digest)
                }
                _ => return None,
            };
            let claims = Self {
                tenant: TenantCode::parse(tenant)?,
                name: DocumentName::whole(DocumentKind::parse(kind)?, subject)?,
                application: id_of(application)?,
                issued_on: issued_on.parse().ok()?,
                digest: BASE64URL_NOPAD.decode(digest.as_bytes()).ok()?.try_into().ok()?,
            };
            Some((claims, BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?))
        };
        read().ok_or(NotADocumentToken)
    }
}

fn id_of(short: &str) -> Option<Uuid> {
    Uuid::from_slice(&BASE64URL_NOPAD.decode(short.as_bytes()).ok()?).ok()
}

/// What a document is worth today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentStatus {
    /// What it prints is what stands today.
    Current,
    /// What it prints has been replaced since: by a correction of the application, by a later decision or permit.
    Superseded,
    /// The permit that it proves has not begun.
    NotYetValid,
    /// The permit that it proves is suspended.
    Suspended,
    /// The receipt or the permit that it proves ended before its time.
    Revoked,
    /// The permit that it proves ran out.
    Expired,
    /// It is ours, but the records of its case were destroyed or handed to the archive when their time was over: nothing tells
    /// any more whether it says what stands.
    RecordsGone,
}

impl DocumentStatus {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Superseded => "superseded",
            Self::NotYetValid => "not_yet_valid",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::RecordsGone => "records_gone",
        }
    }

    /// What a paper with a printed digest is worth beside that of what would be printed today, and beside how the thing it
    /// proves stands.
    pub fn of(printed: [u8; 32], today: [u8; 32], standing: Self) -> Self {
        if printed == today { standing } else { Self::Superseded }
    }

    /// How a paper stands that proves a permit.
    pub fn of_permit(state: PermitState) -> Self {
        match state {
            PermitState::Valid | PermitState::Continued => Self::Current,
            PermitState::Upcoming => Self::NotYetValid,
            PermitState::Suspended => Self::Suspended,
            PermitState::Revoked => Self::Revoked,
            PermitState::Superseded => Self::Superseded,
            PermitState::Expired => Self::Expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> DocumentClaims {
        DocumentClaims {
            tenant: TenantCode::parse("020001").unwrap(),
            name: DocumentName::new(DocumentKind::Decision, Uuid::nil()),
            application: Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0001),
            issued_on: "2026-11-29".parse().unwrap(),
            digest: [7; 32],
        }
    }

    #[test]
    fn a_token_says_what_it_was_made_of_and_fits_an_address() {
        let token = claims().token(&[1; 64]);
        assert_eq!(DocumentClaims::parse(&token), Ok((claims(), vec![1; 64])));
        assert!(token.chars().all(|it| it.is_ascii_alphanumeric() || "~.-_".contains(it)), "{token}");
    }

    #[test]
    fn whatever_is_cut_or_changed_in_form_is_no_token() {
        let token = claims().token(&[1; 64]);
        let cut = (0..token.len() - 1).filter(|end| DocumentClaims::parse(&token[..*end]).is_ok());
        // Base64 without its last characters may still be whole; the signature is shorter then and proves nothing.
        assert!(cut.clone().all(|end| DocumentClaims::parse(&token[..end]).unwrap().1.len() < 64));
        for (from, to) in
            [("1~", "2~"), ("020001", "020002"), ("decision", "poem"), ("2026-11-29", "2026-02-30")]
        {
            assert_eq!(DocumentClaims::parse(&token.replacen(from, to, 1)), Err(NotADocumentToken), "{to}");
        }
    }

    #[test]
    fn a_token_of_a_receipt_names_the_receipt_and_one_of_a_decision_nothing() {
        for kind in DocumentKind::ALL {
            let name = DocumentName::new(kind, Uuid::from_u128(7));
            let claims = DocumentClaims { name, ..claims() };
            assert_eq!(DocumentClaims::parse(&claims.token(&[1; 64])), Ok((claims, vec![1; 64])));
            assert_eq!(DocumentName::parse(&name.to_string()), Some(name), "{name}");
        }
        let many = format!("receipt.{}", Uuid::from_u128(7));
        assert!(DocumentName::parse(&many).is_some());
        let one = format!("decision.{}", Uuid::from_u128(7));
        for text in ["receipt", "receipt.", "receipt.7", one.as_str(), "poem", ""] {
            assert_eq!(DocumentName::parse(text), None, "{text}");
        }
        let of_one = claims().token(&[1; 64]);
        for stranger in [of_one.replacen("1~", "2~", 1), of_one.replacen("decision", "receipt", 1)] {
            assert_eq!(DocumentClaims::parse(&stranger), Err(NotADocumentToken), "{stranger}");
        }
    }

    #[test]
    fn a_document_is_current_while_it_prints_what_stands() {
        let of = |printed, standing| DocumentStatus::of([1; 32], printed, standing);
        assert_eq!(of([1; 32], DocumentStatus::Current), DocumentStatus::Current);
        assert_eq!(of([1; 32], DocumentStatus::Revoked), DocumentStatus::Revoked);
        assert_eq!(of([2; 32], DocumentStatus::Revoked), DocumentStatus::Superseded);
    }
}
