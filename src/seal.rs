//! Sealing of personal data: every name, address, answer and message is ciphertext in the database.
//!
//! Three levels of keys: the installation's key (from a secret, never stored) wraps one key a tenant and one a
//! person's account; a tenant's key wraps one key a case. Erasing a case's personal data is destroying its key.
//! AES-256-GCM throughout; the place of a value (`table.column:id`) is authenticated, so that a sealed value moved
//! to another row does not open. Look-ups (an e-mail address) go through a keyed hash.
//!
//! This module is pure but for the random bytes it is handed.

pub mod signer;

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, hkdf, hmac};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::signer::StatementSigner;
use crate::clock::IdGen;
use crate::domain::id::TenantCode;

const KEY_LEN: usize = 32;

/// A sealed value does not open: wrong key, wrong place, or changed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The ciphertext, its place or its key is not the one it was sealed with.
    #[error("a sealed value does not open at {0}")]
    DoesNotOpen(&'static str),
    /// The tenant has no key under that number.
    #[error("no key of that number for the tenant")]
    UnknownTenantKey,
    /// The key was destroyed with the records it opened (廃棄, R-124).
    #[error("the key was destroyed")]
    Destroyed,
}

/// One symmetric key, of a case, an account or a tenant.
pub struct DataKey {
    bytes: [u8; KEY_LEN],
    key: LessSafeKey,
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey([REDACTED])")
    }
}

impl Clone for DataKey {
    fn clone(&self) -> Self {
        Self::from_bytes(self.bytes)
    }
}

impl DataKey {
    /// Draws a new key.
    pub fn generate(ids: &dyn IdGen) -> Self {
        let mut bytes = [0; KEY_LEN];
        ids.fill(&mut bytes);
        Self::from_bytes(bytes)
    }

    fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        #[expect(clippy::expect_used, reason = "AES-256 takes any 32 bytes; the length is in the type")]
        let unbound = UnboundKey::new(&AES_256_GCM, &bytes).expect("a key of 32 bytes");
        Self { bytes, key: LessSafeKey::new(unbound) }
    }

    /// Seals `plain` for `place` (`table.column:id`): nonce, ciphertext, tag.
    pub fn seal(&self, place: &str, plain: &[u8], ids: &dyn IdGen) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        ids.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        let aad = Aad::from(place.as_bytes());
        #[expect(
            clippy::expect_used,
            reason = "sealing fails only beyond 64 GiB; bodies are capped far below"
        )]
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body)
            .expect("a body of sealable size");
        sealed.append(&mut body);
        sealed
    }

    /// Opens what [`DataKey::seal`] made for the same place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let refused = SealError::DoesNotOpen("value");
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(refused)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused)?;
        let mut body = body.to_vec();
        let plain =
            self.key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body).map_err(|_| refused)?;
        Ok(plain.to_vec())
    }

    /// Seals a value as JSON.
    pub fn seal_json<T: Serialize>(&self, place: &str, value: &T, ids: &dyn IdGen) -> Vec<u8> {
        // Our own types always have a JSON form; a value without one is sealed as null and fails at opening.
        let plain = serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec());
        self.seal(place, &plain, ids)
    }

    /// Opens a value sealed as JSON.
    pub fn open_json<T: DeserializeOwned>(&self, place: &str, sealed: &[u8]) -> Result<T, SealError> {
        serde_json::from_slice(&self.open(place, sealed)?).map_err(|_| SealError::DoesNotOpen("json"))
    }
}

/// A case's or an account's key together with its wrapped form, which is what the row keeps.
#[derive(Clone, Debug)]
pub struct WrappedKey {
    /// The key itself, for use now.
    pub key: DataKey,
    /// The key under its parent's key, for the row.
    pub wrapped: Vec<u8>,
}

/// All keys this process holds.
pub struct Keyring {
    installation: DataKey,
    index: hmac::Key,
    tenants: RwLock<HashMap<TenantCode, (u32, DataKey)>>,
    checkpoints: StatementSigner,
    documents: StatementSigner,
    /// What the keys of office are derived from.
    offices: [u8; KEY_LEN],
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring([REDACTED])")
    }
}

impl Keyring {
    /// Derives the wrapping, the look-up and the checkpoint key from the installation's secret.
    pub fn new(installation_secret: &[u8; KEY_LEN]) -> Self {
        let installation = DataKey::from_bytes(derive(installation_secret, b"madoguchi wrap v1"));
        let index = hmac::Key::new(hmac::HMAC_SHA256, &derive(installation_secret, b"madoguchi index v1"));
        let checkpoints = StatementSigner::new(installation_secret, signer::CHECKPOINTS);
        let documents = StatementSigner::new(installation_secret, signer::DOCUMENTS);
        let offices = derive(installation_secret, signer::OFFICES);
        Self { installation, index, tenants: RwLock::default(), checkpoints, documents, offices }
    }

    /// The key that signs checkpoints.
    pub fn checkpoints(&self) -> &StatementSigner {
        &self.checkpoints
    }

    /// The key that signs the proofs of documents.
    pub fn documents(&self) -> &StatementSigner {
        &self.documents
    }

    /// The key of office of that name: the same for the same body and name, another one for every other.
    pub fn office(&self, tenant: &TenantCode, key: &str) -> StatementSigner {
        StatementSigner::new(&self.offices, format!("{tenant}:{key}").as_bytes())
    }

    /// Derives a 32-byte secret for another purpose (a signing seed) from the installation's secret.
    pub fn derive_secret(installation_secret: &[u8; KEY_LEN], purpose: &str) -> [u8; KEY_LEN] {
        derive(installation_secret, purpose.as_bytes())
    }

    /// Draws a tenant's key; the caller stores the wrapped form and then calls [`Keyring::adopt_tenant_key`].
    pub fn new_tenant_key(&self, tenant: &TenantCode, ids: &dyn IdGen) -> Vec<u8> {
        let key = DataKey::generate(ids);
        self.installation.seal(&format!("tenant_keys.wrapped_key:{tenant}"), &key.bytes, ids)
    }

    /// Unwraps a stored tenant key and holds it for use.
    pub fn adopt_tenant_key(
        &self,
        tenant: &TenantCode,
        key_no: u32,
        wrapped: &[u8],
    ) -> Result<(), SealError> {
        let place = format!("tenant_keys.wrapped_key:{tenant}");
        let key = unwrap_key(&self.installation, &place, wrapped)?;
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), (key_no, key));
        Ok(())
    }

    /// Draws the key of a new case.
    pub fn new_case_key(&self, tenant: &TenantCode, ids: &dyn IdGen) -> Result<WrappedKey, SealError> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let (key_no, tenant_key) = tenants.get(tenant).ok_or(SealError::UnknownTenantKey)?;
        let key = DataKey::generate(ids);
        let mut wrapped = key_no.to_be_bytes().to_vec();
        wrapped.extend(tenant_key.seal("case key", &key.bytes, ids));
        Ok(WrappedKey { key, wrapped })
    }

    /// Unwraps the key of a stored case; of one whose key was destroyed nothing is left but no bytes.
    pub fn open_case_key(&self, tenant: &TenantCode, wrapped: &[u8]) -> Result<DataKey, SealError> {
        if wrapped.is_empty() {
            return Err(SealError::Destroyed);
        }
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let (key_no, tenant_key) = tenants.get(tenant).ok_or(SealError::UnknownTenantKey)?;
        let (wanted_no, sealed) = wrapped.split_at_checked(4).ok_or(SealError::DoesNotOpen("case key"))?;
        if wanted_no != key_no.to_be_bytes() {
            return Err(SealError::UnknownTenantKey);
        }
        unwrap_key(tenant_key, "case key", sealed)
    }

    /// The key of a stored case for a list: what of an erased case stands in it goes without what is personal.
    pub fn open_kept_case_key(
        &self,
        tenant: &TenantCode,
        wrapped: &[u8],
    ) -> Result<Option<DataKey>, SealError> {
        match self.open_case_key(tenant, wrapped) {
            Ok(key) => Ok(Some(key)),
            Err(SealError::Destroyed) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Draws the key of a new account.
    pub fn new_account_key(&self, ids: &dyn IdGen) -> WrappedKey {
        let key = DataKey::generate(ids);
        let wrapped = self.installation.seal("account key", &key.bytes, ids);
        WrappedKey { key, wrapped }
    }

    /// Unwraps the key of a stored account.
    pub fn open_account_key(&self, wrapped: &[u8]) -> Result<DataKey, SealError> {
        unwrap_key(&self.installation, "account key", wrapped)
    }

    /// A keyed hash for look-ups: equal texts of one purpose give equal bytes, and only the key's holder can make them.
    pub fn blind_index(&self, purpose: &str, text: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(text.as_bytes());
        context.sign().as_ref().to_vec()
    }
}

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (slot, byte) in hash.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()) {
        *slot = *byte;
    }
    hash
}

/// SHA-256 of some bytes as lowercase hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&sha256(bytes))
}

fn unwrap_key(parent: &DataKey, place: &str, wrapped: &[u8]) -> Result<DataKey, SealError> {
    let bytes = parent.open(place, wrapped)?;
    let bytes: [u8; KEY_LEN] = bytes.try_into().map_err(|_| SealError::DoesNotOpen("key"))?;
    Ok(DataKey::from_bytes(bytes))
}

fn derive(secret: &[u8], purpose: &[u8]) -> [u8; KEY_LEN] {
    let mut out = [0; KEY_LEN];
    let info = [purpose];
    let filled = hkdf::Salt::new(hkdf::HKDF_SHA256, b"madoguchi")
        .extract(secret)
        .expand(&info, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut out));
    debug_assert!(filled.is_ok(), "32 bytes are within HKDF's reach");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededIds;

    #[test]
    fn a_sealed_value_opens_only_in_its_place_and_unchanged() {
        let ids = SeededIds::new(1);
        let key = DataKey::generate(&ids);
        let sealed = key.seal("accounts.sealed_profile:1", "工藤 太郎".as_bytes(), &ids);
        assert_eq!(key.open("accounts.sealed_profile:1", &sealed).unwrap(), "工藤 太郎".as_bytes());
        assert!(key.open("accounts.sealed_profile:2", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open("accounts.sealed_profile:1", &changed).is_err(), "byte {at}");
        }
        assert!(DataKey::generate(&ids).open("accounts.sealed_profile:1", &sealed).is_err());
    }

    #[test]
    fn r124_a_destroyed_key_opens_nothing_and_is_told_from_a_broken_one() {
        let (ids, tenant) = (SeededIds::new(3), TenantCode::parse("020001").unwrap());
        let ring = Keyring::new(&[7; 32]);
        let stored = ring.new_tenant_key(&tenant, &ids);
        ring.adopt_tenant_key(&tenant, 1, &stored).unwrap();
        let case = ring.new_case_key(&tenant, &ids).unwrap();
        assert!(ring.open_kept_case_key(&tenant, &case.wrapped).unwrap().is_some());
        assert!(ring.open_kept_case_key(&tenant, &[]).unwrap().is_none());
        assert!(matches!(ring.open_case_key(&tenant, &[]), Err(SealError::Destroyed)));
        assert!(matches!(
            ring.open_kept_case_key(&tenant, &case.wrapped[..9]),
            Err(SealError::DoesNotOpen(_))
        ));
    }

    #[test]
    fn a_case_key_survives_a_restart_and_belongs_to_its_tenant() {
        let ids = SeededIds::new(2);
        let (aomori, hirosaki) = (TenantCode::parse("020001").unwrap(), TenantCode::parse("022021").unwrap());
        let ring = Keyring::new(&[7; 32]);
        let stored = ring.new_tenant_key(&aomori, &ids);
        ring.adopt_tenant_key(&aomori, 1, &stored).unwrap();
        let case = ring.new_case_key(&aomori, &ids).unwrap();
        let sealed = case.key.seal("x", b"secret", &ids);

        let restarted = Keyring::new(&[7; 32]);
        restarted.adopt_tenant_key(&aomori, 1, &stored).unwrap();
        let again = restarted.open_case_key(&aomori, &case.wrapped).unwrap();
        assert_eq!(again.open("x", &sealed).unwrap(), b"secret");
        assert!(matches!(
            restarted.open_case_key(&hirosaki, &case.wrapped),
            Err(SealError::UnknownTenantKey)
        ));
        assert!(Keyring::new(&[8; 32]).adopt_tenant_key(&aomori, 1, &stored).is_err());
    }
}
