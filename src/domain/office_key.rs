//! Keys of office (職責証明書の鍵): with them an authority signs what it issues, where the law wants a signature of it.
//!
//! Which authority has which key, from when until when, and what certificate stands for it, is dated configuration of the
//! body. What is signed is a statement that names everything it is about, so a signature of one document fits no other.

use data_encoding::HEXLOWER;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::fault::Fault;
use super::id::TenantCode;
use super::issued_document::{DocumentClaims, DocumentKind};
use super::procedure::is_slug;

/// A key of office, as dated data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeKey {
    /// The name of the key within the body; a new key has a new name.
    pub id: String,
    /// Whose it is: the title of the disposing authority (処分庁) in Japanese, as it stands on its decisions.
    pub authority: String,
    /// The certificate that stands for it (職責証明書): issuer, subject and serial number.
    pub certificate: String,
    /// The first day it signs.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl OfficeKey {
    /// Whether it signs on `day`.
    pub fn is_in_force_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }
}

/// The key by which `authority` signs on `day`; nothing where it has none, and then it signs nothing.
pub fn key_of<'a>(keys: &'a [OfficeKey], authority: &str, day: Date) -> Option<&'a OfficeKey> {
    keys.iter().find(|key| key.authority == authority && key.is_in_force_on(day))
}

/// Faults of a body's keys: names that are no names or are given twice, what is empty, and two keys of one authority on one day.
pub fn office_key_faults(keys: &[OfficeKey]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let at = |member: &str| format!("/office_keys/{index}/{member}");
        let before = || keys.iter().take(index);
        if !is_slug(&key.id) {
            let (ja, en) = ("英小文字で始まる識別子にしてください", "must be a lower-case identifier");
            faults.push(Fault::new(at("id"), "slug", ja, en));
        }
        if before().any(|other| other.id == key.id) {
            faults.push(Fault::new(at("id"), "duplicate", "重複しています", "is given twice"));
        }
        for (member, text) in
            [("authority", &key.authority), ("certificate", &key.certificate), ("source", &key.source)]
        {
            if text.trim().is_empty() {
                faults.push(Fault::new(at(member), "empty", "空にできません", "must not be empty"));
            }
        }
        if key.valid_to.is_some_and(|last| last < key.valid_from) {
            let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
            faults.push(Fault::new(at("valid_to"), "span", ja, en));
        }
        let meets = |other: &&OfficeKey| {
            other.authority == key.authority
                && other.valid_to.is_none_or(|last| key.valid_from <= last)
                && key.valid_to.is_none_or(|last| other.valid_from <= last)
        };
        if before().any(|other| meets(&other)) {
            let ja = "同じ処分庁の鍵の期間が重なっています";
            let en = "two keys of one authority are in force on one day";
            faults.push(Fault::new(at("valid_from"), "overlap", ja, en));
        }
    }
    faults
}

/// What a signature of office is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDocument {
    /// The body.
    pub tenant: TenantCode,
    /// What it is: a decision, a permit or an order about one.
    pub document: DocumentKind,
    /// The decision, the permit or the order.
    pub subject: Uuid,
    /// 1 as it was issued, more after corrections.
    pub version: i64,
    /// In whose name it was made.
    pub authority: String,
    /// The name of the key.
    pub key: String,
    /// SHA-256 of everything the document prints.
    pub content: [u8; 32],
    /// The day of the signature.
    pub signed_on: Date,
}

impl SignedDocument {
    /// The bytes that are signed: one line each, in this order; no title of an authority has a line break in it.
    pub fn statement(&self) -> String {
        let Self { tenant, document, subject, version, authority, key, content, signed_on } = self;
        let (document, content) = (document.as_str(), HEXLOWER.encode(content));
        format!(
            "madoguchi {document} v1\n{tenant}\n{subject}\n{version}\n{authority}\n{key}\n{content}\n{signed_on}\n"
        )
    }

    /// Takes a statement apart; nothing of it is believed before the signature was checked over it.
    pub fn parse(statement: &str) -> Option<Self> {
        let lines: Vec<&str> = statement.strip_suffix('\n')?.split('\n').collect();
        let [head, tenant, subject, version, authority, key, content, signed_on] = lines.as_slice() else {
            return None;
        };
        let document = head.strip_prefix("madoguchi ")?.strip_suffix(" v1")?;
        let read = Self {
            tenant: TenantCode::parse(tenant)?,
            document: DocumentKind::parse(document)?,
            subject: subject.parse().ok()?,
            version: version.parse().ok()?,
            authority: (*authority).to_owned(),
            key: (*key).to_owned(),
            content: HEXLOWER.decode(content.as_bytes()).ok()?.try_into().ok()?,
            signed_on: signed_on.parse().ok()?,
        };
        (read.statement() == statement).then_some(read)
    }

    /// Whether it is about the document that a paper's token names.
    pub fn is_about(&self, claims: &DocumentClaims) -> bool {
        self.tenant == claims.tenant
            && self.document == claims.name.kind()
            && claims.name.subject().is_none_or(|subject| subject == self.subject)
            && self.content == claims.digest
    }
}

/// What a stored signature turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfficeSignature {
    /// Made with the key that the authority had on that day, over this content.
    Valid,
    /// Not made with that key, or over another content.
    Invalid,
    /// The body knows no such key of that authority on that day.
    UnknownKey,
}

impl OfficeSignature {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::UnknownKey => "unknown_key",
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::issued_document::DocumentName;
    use super::*;

    fn key(id: &str, authority: &str, from: Date, to: Option<Date>) -> OfficeKey {
        OfficeKey {
            id: id.to_owned(),
            authority: authority.to_owned(),
            certificate: "LGPKI 青森県知事 第1号".to_owned(),
            valid_from: from,
            valid_to: to,
            source: "試験用".to_owned(),
            sample: true,
        }
    }

    fn codes(keys: &[OfficeKey]) -> Vec<(String, &'static str)> {
        office_key_faults(keys).into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn r40_an_authority_signs_with_the_key_of_the_day_and_with_none_without_one() {
        let keys = [
            key("chiji-1", "青森県知事", date(2024, 4, 1), Some(date(2026, 3, 31))),
            key("chiji-2", "青森県知事", date(2026, 4, 1), None),
            key("koan-1", "青森県公安委員会", date(2025, 1, 1), None),
        ];
        assert_eq!(codes(&keys), []);
        let of = |authority, day| key_of(&keys, authority, day).map(|key| key.id.as_str());
        assert_eq!(of("青森県知事", date(2024, 3, 31)), None);
        assert_eq!(of("青森県知事", date(2026, 3, 31)), Some("chiji-1"));
        assert_eq!(of("青森県知事", date(2026, 4, 1)), Some("chiji-2"));
        assert_eq!(of("青森県公安委員会", date(2026, 4, 1)), Some("koan-1"));
        assert_eq!(of("青森県教育委員会", date(2026, 4, 1)), None);
    }

    #[test]
    fn r40_every_fault_of_the_keys_is_named_at_once() {
        let mut wrong = key("Chiji", "", date(2026, 4, 1), Some(date(2026, 3, 31)));
        wrong.certificate = " ".to_owned();
        wrong.source = String::new();
        let expected = [
            ("id", "slug"),
            ("authority", "empty"),
            ("certificate", "empty"),
            ("source", "empty"),
            ("valid_to", "span"),
        ];
        let expected = expected.map(|(member, code)| (format!("/office_keys/0/{member}"), code));
        assert_eq!(codes(&[wrong]), expected);
        let one = key("a", "知事", date(2026, 4, 1), None);
        let same = key("a", "知事", date(2027, 4, 1), None);
        let twice = [("/office_keys/1/id", "duplicate"), ("/office_keys/1/valid_from", "overlap")];
        assert_eq!(codes(&[one.clone(), same]), twice.map(|(at, code)| (at.to_owned(), code)));
        assert_eq!(codes(&[one, key("b", "市長", date(2026, 4, 1), None)]), [], "another authority");
    }

    #[test]
    fn r40_a_statement_changes_with_everything_it_is_about() {
        let signed = SignedDocument {
            tenant: TenantCode::parse("020001").unwrap(),
            document: DocumentKind::Decision,
            subject: Uuid::from_u128(1),
            version: 1,
            authority: "青森県知事".to_owned(),
            key: "chiji-1".to_owned(),
            content: [7; 32],
            signed_on: date(2026, 4, 1),
        };
        let others = [
            SignedDocument { tenant: TenantCode::parse("022012").unwrap(), ..signed.clone() },
            SignedDocument { document: DocumentKind::Permit, ..signed.clone() },
            SignedDocument { subject: Uuid::from_u128(2), ..signed.clone() },
            SignedDocument { version: 2, ..signed.clone() },
            SignedDocument { authority: "青森市長".to_owned(), ..signed.clone() },
            SignedDocument { key: "chiji-2".to_owned(), ..signed.clone() },
            SignedDocument { content: [8; 32], ..signed.clone() },
            SignedDocument { signed_on: date(2026, 4, 2), ..signed.clone() },
        ];
        for other in others {
            assert_ne!(other.statement(), signed.statement(), "{other:?}");
            assert_eq!(SignedDocument::parse(&other.statement()), Some(other));
        }
        assert!(
            signed.statement().starts_with("madoguchi decision v1\n020001\n"),
            "what was signed before reads so"
        );
        assert!(signed.statement().ends_with("\n2026-04-01\n"));
    }
    #[test]
    fn r40_what_is_cut_or_longer_is_no_statement_and_a_signature_is_about_one_paper_only() {
        let signed = SignedDocument {
            tenant: TenantCode::parse("020001").unwrap(),
            document: DocumentKind::PermitOrder,
            subject: Uuid::from_u128(1),
            version: 1,
            authority: "青森県知事".to_owned(),
            key: "chiji-1".to_owned(),
            content: [7; 32],
            signed_on: date(2026, 4, 1),
        };
        let text = signed.statement();
        for wrong in
            [&text[..text.len() - 1], &text[1..], &format!("{text}x\n"), &text.replace("2026", "26"), ""]
        {
            assert_eq!(SignedDocument::parse(wrong), None, "{wrong}");
        }
        let claims = |kind, subject, digest| DocumentClaims {
            tenant: TenantCode::parse("020001").unwrap(),
            name: DocumentName::new(kind, Uuid::from_u128(subject)),
            application: Uuid::nil(),
            issued_on: date(2026, 4, 1),
            digest,
        };
        assert!(signed.is_about(&claims(DocumentKind::PermitOrder, 1, [7; 32])));
        for other in [
            claims(DocumentKind::PermitOrder, 2, [7; 32]),
            claims(DocumentKind::PermitOrder, 1, [8; 32]),
            claims(DocumentKind::Permit, 1, [7; 32]),
            DocumentClaims {
                tenant: TenantCode::parse("022012").unwrap(),
                ..claims(DocumentKind::PermitOrder, 1, [7; 32])
            },
        ] {
            assert!(!signed.is_about(&other), "{other:?}");
        }
    }
}
