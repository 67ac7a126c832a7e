//! Access tokens: Ed25519 JWTs (RFC 9068) that name an account and its session for a few minutes.
//!
//! A token is believed until it expires, also when its session was closed meanwhile: that is why it lives for minutes
//! only, and why what somebody may do is looked up in the same transaction as the act and never stands in a token.
//! Expiry is judged by the clock of the request. A token that was found good is remembered by its hash until it
//! expires, because checking a signature costs more than all the rest of a small request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Failure, Refusal};
use crate::clock::IdGen;
use crate::domain::id::AccountId;
use crate::domain::procedure::Assurance;
use crate::seal::{Keyring, sha256};

const PURPOSE: &str = "madoguchi access token v1";
const TOKEN_TYPE: &str = "at+jwt";
const AUDIENCE: &str = "madoguchi-api";
/// Tokens remembered as good; each takes about 100 bytes.
const REMEMBERED_MAX: usize = 10_000;
/// Longer texts are not looked at.
const LONGEST_TOKEN: usize = 2_048;

/// What a token says (RFC 9068 §2.2).
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: AccountId,
    sid: Uuid,
    /// How surely the session identifies (RFC 9068 §2.2.1); a token from before the claim came of a password.
    #[serde(default = "of_password")]
    acr: Assurance,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

fn of_password() -> Assurance {
    Assurance::Id
}

/// Whom a good token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The account.
    pub account: AccountId,
    /// The session that the token was given to.
    pub session: Uuid,
    /// How surely that session identifies the account.
    pub assurance: Assurance,
}

/// Makes and checks access tokens.
pub struct TokenSigner {
    signing: EncodingKey,
    checking: DecodingKey,
    /// RFC 7638 thumbprint of the public key.
    key_id: String,
    public_key: String,
    issuer: String,
    life_s: i64,
    remembered: Mutex<HashMap<[u8; 32], (Bearer, Timestamp)>>,
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSigner").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl TokenSigner {
    /// Derives the signing key from the installation's secret; `issuer` is the public address of the service.
    pub fn new(installation_secret: &[u8; 32], issuer: &str, life_minutes: i64) -> Result<Self, Failure> {
        let seed = Keyring::derive_secret(installation_secret, PURPOSE);
        let unusable = |what: &str| Failure::Internal(format!("the token key: {what}"));
        let pair =
            Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|error| unusable(&error.to_string()))?;
        let private = pair.to_pkcs8v1().map_err(|_| unusable("no PKCS#8 form"))?;
        let public = pair.public_key().as_ref();
        let public_key = BASE64URL_NOPAD.encode(public);
        // The members of RFC 8037 §2 in the order and without the blanks that RFC 7638 §3 wants.
        let thumbprint = sha256(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public_key}"}}"#).as_bytes());
        Ok(Self {
            signing: EncodingKey::from_ed_der(private.as_ref()),
            checking: DecodingKey::from_ed_der(public),
            key_id: BASE64URL_NOPAD.encode(&thumbprint),
            public_key,
            issuer: issuer.to_owned(),
            life_s: life_minutes.saturating_mul(60),
            remembered: Mutex::default(),
        })
    }

    /// A token for an account in its session, and the seconds it lives.
    pub fn issue(&self, bearer: Bearer, now: Timestamp, ids: &dyn IdGen) -> Result<(String, i64), Failure> {
        let iat = now.as_second();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: bearer.account,
            sid: bearer.session,
            acr: bearer.assurance,
            iat,
            exp: iat.saturating_add(self.life_s),
            jti: ids.uuid(now),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(self.key_id.clone());
        let token = jsonwebtoken::encode(&header, &claims, &self.signing)
            .map_err(|error| Failure::Internal(format!("a token could not be signed: {error}")))?;
        Ok((token, self.life_s))
    }

    /// The account that a token names; anything but a good token of ours means that nobody is signed in.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<AccountId, Refusal> {
        self.bearer(token, now).map(|bearer| bearer.account)
    }

    /// As [`TokenSigner::verify`], with the session.
    pub fn bearer(&self, token: &str, now: Timestamp) -> Result<Bearer, Refusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::NotSignedIn);
        }
        let hash = sha256(token.as_bytes());
        let found = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).copied();
        let (bearer, expires_at) = match found {
            Some(known) => known,
            None => self.check(token).ok_or(Refusal::NotSignedIn)?,
        };
        if now >= expires_at {
            return Err(Refusal::NotSignedIn);
        }
        if found.is_none() {
            self.remember(hash, bearer, expires_at, now);
        }
        Ok(bearer)
    }

    /// The public key as a JWK set (RFC 7517), for others who want to check our tokens.
    pub fn jwks(&self) -> Value {
        let (kid, x) = (&self.key_id, &self.public_key);
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x }] })
    }

    /// Header, signature and claims; not the time.
    fn check(&self, token: &str) -> Option<(Bearer, Timestamp)> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would ask the machine's clock.
        validation.validate_exp = false;
        let data = jsonwebtoken::decode::<Claims>(token, &self.checking, &validation).ok()?;
        let header = &data.header;
        let ours = header.kid.as_deref() == Some(&self.key_id) && header.typ.as_deref() == Some(TOKEN_TYPE);
        let foreign_key =
            header.jwk.is_some() || header.jku.is_some() || header.x5u.is_some() || header.x5c.is_some();
        if !ours || foreign_key || header.crit.is_some() {
            return None;
        }
        let claims = data.claims;
        // A token that lives longer than we ever grant was not issued by this version of us.
        if claims.exp.checked_sub(claims.iat)? > self.life_s {
            return None;
        }
        let expires_at = Timestamp::from_second(claims.exp).ok()?;
        let bearer = Bearer { account: claims.sub, session: claims.sid, assurance: claims.acr };
        Some((bearer, expires_at))
    }

    fn remember(&self, hash: [u8; 32], bearer: Bearer, expires_at: Timestamp, now: Timestamp) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, (_, until)| *until > now);
        }
        if remembered.len() >= REMEMBERED_MAX {
            // Rather check some signatures again than sweep at every request.
            remembered.clear();
        }
        remembered.insert(hash, (bearer, expires_at));
    }
}

/// How long after `now` a refresh token given now is good.
pub fn refresh_token_end(now: Timestamp, days: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(days.saturating_mul(24))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
