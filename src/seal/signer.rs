//! The keys that sign statements of the installation, one a purpose: checkpoints, and the proofs of documents. Ed25519, derived
//! from the installation's secret, so the database does not hold them.
//!
//! They are other keys than that of the access tokens: who may sign one must not be able to sign the other.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{KEY_LEN, derive, sha256};

/// The purpose of the key that signs checkpoints.
pub(super) const CHECKPOINTS: &[u8] = b"madoguchi checkpoint v1";
/// The purpose of the key that signs the proofs of documents.
pub(super) const DOCUMENTS: &[u8] = b"madoguchi document v1";

/// The purpose of what the keys of office are derived from.
pub(super) const OFFICES: &[u8] = b"madoguchi office keys v1";

/// What a signature turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureCheck {
    /// Made by this installation's key over exactly these bytes.
    Valid,
    /// Not made by that key, or over other bytes.
    Invalid,
}

/// Signs and checks statements of one purpose.
pub struct StatementSigner {
    pair: Ed25519KeyPair,
    /// RFC 7638 thumbprint of the public key.
    key_id: String,
}

impl std::fmt::Debug for StatementSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatementSigner").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl StatementSigner {
    /// Derives the key of a purpose from the installation's secret.
    pub(super) fn new(installation_secret: &[u8; KEY_LEN], purpose: &[u8]) -> Self {
        let seed = derive(installation_secret, purpose);
        #[expect(clippy::expect_used, reason = "Ed25519 takes any 32 bytes; the length is in the type")]
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed of 32 bytes");
        let x = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
        // The members of RFC 8037 §2 in the order and without the blanks that RFC 7638 §3 wants.
        let thumbprint = sha256(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes());
        Self { pair, key_id: BASE64URL_NOPAD.encode(&thumbprint) }
    }

    /// The key's name: the RFC 7638 thumbprint of its public half.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Signs `statement`: 64 bytes.
    pub fn sign(&self, statement: &[u8]) -> Vec<u8> {
        self.pair.sign(statement).as_ref().to_vec()
    }

    /// Checks a signature of this key.
    pub fn check(&self, statement: &[u8], signature: &[u8]) -> SignatureCheck {
        let public = UnparsedPublicKey::new(&ED25519, self.pair.public_key().as_ref());
        match public.verify(statement, signature) {
            Ok(()) => SignatureCheck::Valid,
            Err(_) => SignatureCheck::Invalid,
        }
    }

    /// The public key as a JWK (RFC 8037), for an auditor who checks without our secret.
    pub fn jwk(&self) -> Value {
        let x = BASE64URL_NOPAD.encode(self.pair.public_key().as_ref());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.key_id, "x": x })
    }
}

/// Checks a signature by whichever of the public keys of a JWK set (RFC 7517) made it, without any secret.
pub fn check_with_jwks(keys: &Value, statement: &[u8], signature: &[u8]) -> SignatureCheck {
    let known = keys["keys"].as_array().into_iter().flatten().filter(|key| key["crv"] == "Ed25519");
    let points = known.filter_map(|key| BASE64URL_NOPAD.decode(key["x"].as_str()?.as_bytes()).ok());
    for point in points {
        if UnparsedPublicKey::new(&ED25519, point).verify(statement, signature).is_ok() {
            return SignatureCheck::Valid;
        }
    }
    SignatureCheck::Invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_and_the_same_bytes_make_a_valid_signature() {
        let (ours, theirs) =
            (StatementSigner::new(&[7; 32], CHECKPOINTS), StatementSigner::new(&[8; 32], CHECKPOINTS));
        let signature = ours.sign(b"statement");
        assert_eq!(
            StatementSigner::new(&[7; 32], CHECKPOINTS).check(b"statement", &signature),
            SignatureCheck::Valid
        );
        assert_eq!(ours.check(b"statemenT", &signature), SignatureCheck::Invalid);
        assert_eq!(theirs.check(b"statement", &signature), SignatureCheck::Invalid);
        assert_eq!(ours.check(b"statement", &signature[1..]), SignatureCheck::Invalid);
        assert_ne!(ours.key_id(), theirs.key_id());
        let keys = json!({ "keys": [theirs.jwk(), ours.jwk()] });
        assert_eq!(check_with_jwks(&keys, b"statement", &signature), SignatureCheck::Valid);
        let others = json!({ "keys": [theirs.jwk()] });
        assert_eq!(check_with_jwks(&others, b"statement", &signature), SignatureCheck::Invalid);
        let documents = StatementSigner::new(&[7; 32], DOCUMENTS);
        assert_eq!(documents.check(b"statement", &signature), SignatureCheck::Invalid, "one key a purpose");
    }
}
