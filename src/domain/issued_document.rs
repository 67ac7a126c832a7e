//! Documents that leave the counter on paper or as PDF, and the token by which anybody can check one.
//!
//! The token says which document of which body it is, of which day, and the digest of everything it prints; it is signed
//! and printed as a QR code. It carries no personal data. A copied or altered paper shows at the check: the token of
//! another document names another digest. Invariant: the token of a document is a function of the document alone.

use data_encoding::BASE64URL_NOPAD;
use jiff::civil::Date;
use uuid::Uuid;

use super::id::TenantCode;

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// 申請書・届出書の控え.
    ApplicationCopy,
    /// 許可書・拒否の通知書.
    Decision,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::ApplicationCopy, Self::Decision];

    /// The name in addresses and tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationCopy => "application_copy",
            Self::Decision => "decision",
        }
    }

    /// The kind of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What a token says of its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentClaims {
    /// The body that issued it.
    pub tenant: TenantCode,
    /// What it is.
    pub kind: DocumentKind,
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

/// The version of the token's form.
const FORM: &str = "1";

impl DocumentClaims {
    /// What is signed.
    pub fn statement(&self) -> String {
        let digest = BASE64URL_NOPAD.encode(&self.digest);
        let application = BASE64URL_NOPAD.encode(self.application.as_bytes());
        [FORM, self.tenant.as_str(), self.kind.as_str(), &application, &self.issued_on.to_string(), &digest]
            .join("~")
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
            let [FORM, tenant, kind, application, issued_on, digest] = parts.as_slice() else { return None };
            let claims = Self {
                tenant: TenantCode::parse(tenant)?,
                kind: DocumentKind::parse(kind)?,
                application: Uuid::from_slice(&BASE64URL_NOPAD.decode(application.as_bytes()).ok()?).ok()?,
                issued_on: issued_on.parse().ok()?,
                digest: BASE64URL_NOPAD.decode(digest.as_bytes()).ok()?.try_into().ok()?,
            };
            Some((claims, BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?))
        };
        read().ok_or(NotADocumentToken)
    }
}

/// What a document is worth today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentStatus {
    /// What it prints is what stands today.
    Current,
    /// What it prints has been replaced since: by a correction of the application, by a later decision.
    Superseded,
}

impl DocumentStatus {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Superseded => "superseded",
        }
    }

    /// The status of a printed digest beside that of what would be printed today.
    pub fn of(printed: [u8; 32], today: [u8; 32]) -> Self {
        if printed == today { Self::Current } else { Self::Superseded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> DocumentClaims {
        DocumentClaims {
            tenant: TenantCode::parse("020001").unwrap(),
            kind: DocumentKind::Decision,
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
    fn a_document_is_current_while_it_prints_what_stands() {
        assert_eq!(DocumentStatus::of([1; 32], [1; 32]), DocumentStatus::Current);
        assert_eq!(DocumentStatus::of([1; 32], [2; 32]), DocumentStatus::Superseded);
    }
}
