//! Proving ourselves to PayPay: `Authorization: hmac OPA-Auth:<key>:<mac>:<nonce>:<epoch>:<bodyHash>`.
//!
//! The MAC covers path (no host, no query), method, nonce, epoch seconds, content type and body hash, each on its own
//! line. MD5 is the vendor's rule for the body hash and serves nothing else here.

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use md5::{Digest, Md5};

/// What stands for content type and body hash of a request without a body.
const EMPTY: &str = "empty";

/// What is proven.
pub(super) struct Proven<'a> {
    /// The path of the address, without host and query.
    pub path: &'a str,
    /// The HTTP method, in capitals.
    pub method: &'a str,
    /// Drawn for this request.
    pub nonce: &'a str,
    /// Seconds since 1970; PayPay allows two minutes.
    pub epoch: i64,
    /// Content type and body, exactly as sent; none for a request without a body.
    pub body: Option<(&'a str, &'a [u8])>,
}

/// base64(MD5(content type ‖ body)).
pub(super) fn body_hash(content_type: &str, body: &[u8]) -> String {
    let mut hash = Md5::new();
    hash.update(content_type.as_bytes());
    hash.update(body);
    BASE64.encode(&hash.finalize())
}

/// The value of the `Authorization` header.
pub(super) fn authorization(key: &str, secret: &str, proven: &Proven<'_>) -> String {
    let Proven { path, method, nonce, epoch, body } = proven;
    let (content_type, hash) = match body {
        Some((content_type, bytes)) => (*content_type, body_hash(content_type, bytes)),
        None => (EMPTY, EMPTY.to_owned()),
    };
    let message = format!("{path}\n{method}\n{nonce}\n{epoch}\n{content_type}\n{hash}");
    let signing = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mac = BASE64.encode(hmac::sign(&signing, message.as_bytes()).as_ref());
    format!("hmac OPA-Auth:{key}:{mac}:{nonce}:{epoch}:{hash}")
}

#[cfg(test)]
mod tests {
    use super::{Proven, authorization, body_hash};

    /// The body of PayPay's help page: pretty-printed with four spaces, LF, no final newline, 253 bytes.
    const BODY: &str = include_str!("vectors/create_code.json");

    #[test]
    fn the_published_vector_of_a_post_is_met_bit_by_bit() {
        assert_eq!(BODY.len(), 253);
        assert_eq!(body_hash("application/json", BODY.as_bytes()), "T9wzkv1tUWIxzIHQUT7iDQ==");
        let proven = Proven {
            path: "/v2/codes",
            method: "POST",
            nonce: "fedaa4",
            epoch: 1_743_138_611,
            body: Some(("application/json", BODY.as_bytes())),
        };
        assert_eq!(
            authorization("sample_key", "sample_secret", &proven),
            "hmac OPA-Auth:sample_key:C2a7jD7OjL1DXnZhSYQfRI2Oxfdh43htV7pG8cwgCy4=:fedaa4:1743138611:T9wzkv1tUWIxzIHQUT7iDQ=="
        );
    }

    #[test]
    fn the_published_vector_of_a_get_is_met_bit_by_bit() {
        // The page names /v2/codes/payments/…; its value is that of this path.
        let proven = Proven {
            path: "/v2/payments/TEST_merchantPaymentID",
            method: "GET",
            nonce: "a360e2",
            epoch: 1_743_139_337,
            body: None,
        };
        assert_eq!(
            authorization("sample_key", "sample_secret", &proven),
            "hmac OPA-Auth:sample_key:JbUZwAUKeQ+WDClEjkCGwYG/juFR+Dd5RK5AfL0gK9w=:a360e2:1743139337:empty"
        );
    }
}
