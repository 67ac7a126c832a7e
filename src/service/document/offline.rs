//! Checking a document without us: by public keys alone, its proof and the signature of office that it bears.

use data_encoding::BASE64URL_NOPAD;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::catalogue::Catalogue;
use crate::domain::issued_document::DocumentClaims;
use crate::domain::office_key::{OfficeKey, OfficeSignature, SignedDocument};
use crate::seal::Keyring;
use crate::seal::signer::{SignatureCheck, check_with_jwks};

/// The public keys of the installation as a JWK set (RFC 7517): those of checkpoints and proofs, and those of the offices of every
/// body, each of which says under `office` whose it is and when it signs.
pub fn public_keys(catalogue: &Catalogue, keys: &Keyring) -> Value {
    let mut all = vec![keys.checkpoints().jwk(), keys.documents().jwk()];
    for body in catalogue.tenants() {
        for key in &body.definition.office_keys {
            let tenant = &body.definition.code;
            let mut jwk = keys.office(tenant, &key.id).jwk();
            if let Some(members) = jwk.as_object_mut() {
                members.insert("office".to_owned(), json!({ "tenant": tenant, "key": key }));
            }
            all.push(jwk);
        }
    }
    json!({ "keys": all })
}

/// A signature of office that was checked by public keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineSignature {
    /// In whose name, with which key, over what, on which day.
    pub signed: SignedDocument,
    /// The certificate that stands for the key; none where the key set does not have it.
    pub certificate: Option<String>,
    /// What it turned out to be.
    pub check: OfficeSignature,
}

/// Holds a detached signature, as `GET …/documents/{document}/signature` gives it, against a paper's claims and a key set. None where it
/// is no such text; a signature over another paper is invalid.
pub fn check_signature(keys: &Value, claims: &DocumentClaims, detached: &Value) -> Option<OfflineSignature> {
    let statement = detached["statement"].as_str()?;
    let signature = BASE64URL_NOPAD.decode(detached["signature"].as_str()?.as_bytes()).ok()?;
    let signed = SignedDocument::parse(statement)?;
    let found = keys["keys"].as_array().into_iter().flatten().find_map(|jwk| office_of(jwk, &signed));
    let Some((jwk, office)) = found else {
        return Some(OfflineSignature { signed, certificate: None, check: OfficeSignature::UnknownKey });
    };
    let made = check_with_jwks(&json!({ "keys": [jwk] }), statement.as_bytes(), &signature);
    let check = if made == SignatureCheck::Valid && signed.is_about(claims) {
        OfficeSignature::Valid
    } else {
        OfficeSignature::Invalid
    };
    Some(OfflineSignature { signed, certificate: Some(office.certificate), check })
}

/// The key of the set by which the authority signed on that day, if this is it.
fn office_of<'a>(jwk: &'a Value, signed: &SignedDocument) -> Option<(&'a Value, OfficeKey)> {
    let office: OfficeKey = serde_json::from_value(jwk.pointer("/office/key")?.clone()).ok()?;
    let on: Date = signed.signed_on;
    let fits = jwk.pointer("/office/tenant")? == signed.tenant.as_str()
        && office.id == signed.key
        && office.authority == signed.authority
        && office.is_in_force_on(on);
    fits.then_some((jwk, office))
}
