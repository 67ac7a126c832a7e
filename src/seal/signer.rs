//! The key that signs checkpoints: Ed25519, derived from the installation's secret, so the database does not hold it.
//!
//! It is another key than that of the access tokens: who may sign one must not be able to sign the other.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{KEY_LEN, derive, sha256};

const PURPOSE: &[u8] = b"madoguchi checkpoint v1";

/// What a signature turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureCheck {
    /// Made by this installation's key over exactly these bytes.
    Valid,
    /// Not made by that key, or over other bytes.
    Invalid,
}

/// Signs and checks checkpoints.
pub struct CheckpointSigner {
    pair: Ed25519KeyPair,
    /// RFC 7638 thumbprint of the public key.
    key_id: String,
}

impl std::fmt::Debug for CheckpointSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckpointSigner").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl CheckpointSigner {
    /// Derives the key from the installation's secret.
    pub(super) fn new(installation_secret: &[u8; KEY_LEN]) -> Self {
        let seed = derive(installation_secret, PURPOSE);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_and_the_same_bytes_make_a_valid_signature() {
        let (ours, theirs) = (CheckpointSigner::new(&[7; 32]), CheckpointSigner::new(&[8; 32]));
        let signature = ours.sign(b"statement");
        assert_eq!(CheckpointSigner::new(&[7; 32]).check(b"statement", &signature), SignatureCheck::Valid);
        assert_eq!(ours.check(b"statemenT", &signature), SignatureCheck::Invalid);
        assert_eq!(theirs.check(b"statement", &signature), SignatureCheck::Invalid);
        assert_eq!(ours.check(b"statement", &signature[1..]), SignatureCheck::Invalid);
        assert_ne!(ours.key_id(), theirs.key_id());
    }
}
