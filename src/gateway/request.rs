//! A request prepared once, stored byte for byte, and sent as stored.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

/// What an operation does (`gateway_operations.kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Opens a checkout.
    CreateCheckout,
    /// Closes a checkout or voids a payment.
    Cancel,
    /// Takes held money.
    Capture,
    /// Sends money back.
    Refund,
}

impl OperationKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::CreateCheckout, Self::Cancel, Self::Capture, Self::Refund];

    /// The name stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateCheckout => "create_checkout",
            Self::Cancel => "cancel",
            Self::Capture => "capture",
            Self::Refund => "refund",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A request that can be sent any number of times: `bytes` holds the path and the body in the adapter's own form.
#[derive(Clone, PartialEq, Eq)]
pub struct PreparedRequest {
    kind: OperationKind,
    idempotency_key: String,
    bytes: Vec<u8>,
    sha256: String,
}

/// The stored bytes are not those that were prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored request does not match its digest")]
pub struct StoredRequestDamaged;

/// A request that no bytes can be made for; a fault of ours or of the configuration, found before anything is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpreparable {
    /// The gateway does not know the method.
    #[error("the gateway does not offer this method")]
    UnknownMethod,
    /// The amount lies outside the method's bounds.
    #[error("the amount is outside the method's bounds")]
    AmountOutOfBounds,
    /// The gateway has no such call.
    #[error("the gateway cannot do this")]
    NotPossible,
    /// The key is empty, too long or not visible ASCII.
    #[error("the idempotency key is not usable")]
    BadKey,
    /// A reference or a gateway's id holds characters it must not.
    #[error("an identifier is not usable")]
    BadIdentifier,
    /// A text or duration breaks the gateway's limits.
    #[error("a field breaks the gateway's limits")]
    FieldOutOfBounds,
}

impl PreparedRequest {
    /// Takes bytes an adapter made.
    pub fn new(kind: OperationKind, idempotency_key: String, bytes: Vec<u8>) -> Self {
        let sha256 = HEXLOWER.encode(digest(&SHA256, &bytes).as_ref());
        Self { kind, idempotency_key, bytes, sha256 }
    }

    /// Takes bytes read back from the store, and checks them.
    pub fn from_stored(
        kind: OperationKind,
        idempotency_key: String,
        bytes: Vec<u8>,
        sha256: &str,
    ) -> Result<Self, StoredRequestDamaged> {
        let request = Self::new(kind, idempotency_key, bytes);
        if request.sha256 == sha256 { Ok(request) } else { Err(StoredRequestDamaged) }
    }

    /// What it does.
    pub fn kind(&self) -> OperationKind {
        self.kind
    }

    /// The key it is always sent with.
    pub fn idempotency_key(&self) -> &str {
        &self.idempotency_key
    }

    /// The bytes to store (sealed: they may hold personal data).
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the bytes, lowercase hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

impl fmt::Debug for PreparedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedRequest")
            .field("kind", &self.kind)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{OperationKind, PreparedRequest, StoredRequestDamaged};

    #[test]
    fn a_changed_stored_request_is_never_sent() {
        let kind = OperationKind::Refund;
        let made = PreparedRequest::new(kind, "k".into(), b"abc".to_vec());
        assert_eq!(made.sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(PreparedRequest::from_stored(kind, "k".into(), b"abc".to_vec(), made.sha256()).is_ok());
        let damaged = PreparedRequest::from_stored(kind, "k".into(), b"abd".to_vec(), made.sha256());
        assert_eq!(damaged, Err(StoredRequestDamaged));
        assert!(!format!("{made:?}").contains("abc"));
    }
}
