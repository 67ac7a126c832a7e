//! The vendor's three proofs: the hash of a request, the seal of a notification, the hash of a browser's return.
//!
//! All three stand on the merchant's CCID and secret key. The request's hash is no MAC but a plain SHA-256 over a
//! concatenation: it is the vendor's rule and is used for nothing of ours. Comparisons take constant time.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use secrecy::{ExposeSecret, SecretString};

/// Lowercase hex SHA-256 of CCID, parameters as sent, and the secret key as text.
pub(super) fn auth_hash(merchant_ccid: &str, params: &[u8], secret_key: &SecretString) -> String {
    sha256_hex([merchant_ccid.as_bytes(), params, secret_key.expose_secret().as_bytes()])
}

/// The key that seals notifications: the secret key read as hex; none when it is no hex.
pub(super) fn notification_key(secret_key: &SecretString) -> Option<hmac::Key> {
    let bytes = HEXLOWER_PERMISSIVE.decode(secret_key.expose_secret().as_bytes()).ok()?;
    (!bytes.is_empty()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// The header `content-hmac`, taken apart: `…;s=<CCID>;v=<hex>`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seal<'a> {
    /// Whose notification it is.
    pub merchant_ccid: &'a str,
    /// The tag.
    pub tag: Vec<u8>,
}

/// Reads the header; none when a part is missing, repeated or no hex.
pub(super) fn seal(header: &str) -> Option<Seal<'_>> {
    let part = |name: &str| {
        let mut found = header.split(';').filter_map(|part| part.trim().strip_prefix(name));
        found.next().filter(|_| found.next().is_none())
    };
    let tag = HEXLOWER_PERMISSIVE.decode(part("v=")?.as_bytes()).ok()?;
    Some(Seal { merchant_ccid: part("s=")?, tag })
}

/// Why a browser's return proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReturnRejected {
    /// `authParams` or `vAuthInfo` is missing, repeated or unreadable, or a listed value is not there exactly once.
    #[error("the return carries no readable proof")]
    Malformed,
    /// A value that is relied upon is not among those the proof covers.
    #[error("the proof does not cover {0}")]
    NotCovered(&'static str),
    /// The hash fits none of our keys.
    #[error("the proof of the return is wrong")]
    WrongHash,
}

/// Believes the values of a browser's return that are relied upon.
///
/// `authParams` is the base64 of a comma-separated list of names, `vAuthInfo` the hex SHA-256 of CCID, the values in that
/// order, and the secret key. The list is the sender's, so it must name whatever we rely on. The values are joined without
/// a separator, so the proof cannot tell where one ends: what is returned is only a reason to ask the gateway.
pub fn verify_return(
    merchant_ccid: &str,
    secret_keys: &[SecretString],
    values: &[(String, String)],
    relied_on: &[&'static str],
) -> Result<(), ReturnRejected> {
    let single = |name: &str| {
        let mut found = values.iter().filter(|(key, _)| key == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value.as_str())
    };
    let list = single("authParams").and_then(|text| BASE64.decode(text.as_bytes()).ok());
    let list = list.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(ReturnRejected::Malformed)?;
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    if let Some(missing) = relied_on.iter().find(|name| !names.contains(name)) {
        return Err(ReturnRejected::NotCovered(missing));
    }
    let covered: Option<Vec<&str>> = names.iter().map(|name| single(name)).collect();
    let covered = covered.ok_or(ReturnRejected::Malformed)?.concat();
    let given = single("vAuthInfo").ok_or(ReturnRejected::Malformed)?.to_ascii_lowercase();
    // Every key is tried: how long this takes tells nothing about which one fitted.
    let fitting = secret_keys.iter().filter(|key| {
        let hash = sha256_hex([merchant_ccid.as_bytes(), covered.as_bytes(), key.expose_secret().as_bytes()]);
        verify_slices_are_equal(hash.as_bytes(), given.as_bytes()).is_ok()
    });
    if fitting.count() == 0 { Err(ReturnRejected::WrongHash) } else { Ok(()) }
}

fn sha256_hex(parts: [&[u8]; 3]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    HEXLOWER.encode(context.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use secrecy::SecretString;

    use super::{ReturnRejected, Seal, auth_hash, notification_key, seal, verify_return};

    const CCID: &str = "A100000000000000000000cc";

    fn keys() -> [SecretString; 2] {
        ["00ff", "abcdef0123456789"].map(SecretString::from)
    }

    /// Computed with `printf '%s' … | sha256sum`, not with this code.
    #[test]
    fn the_request_hash_is_sha256_of_ccid_params_and_key() {
        let hash =
            auth_hash(CCID, br#"{"orderId":"a","amount":"5"}"#, &SecretString::from("abcdef0123456789"));
        assert_eq!(hash, "19984c3decb736e991b58da9bff84a0634612e2377812c1494d51f4fc10c9f75");
    }

    #[test]
    fn the_notification_key_is_the_secret_read_as_hex() {
        assert!(notification_key(&SecretString::from("00ffAB")).is_some());
        for wrong in ["", "0", "zz", "00 ff"] {
            assert!(notification_key(&SecretString::from(wrong)).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_header_of_a_notification_is_taken_apart() {
        let whole = seal("h=HmacSHA256;s=A1;v=00ff").unwrap();
        assert_eq!(whole, Seal { merchant_ccid: "A1", tag: vec![0, 255] });
        assert!(seal("v=00; s=A1").is_some());
        for wrong in ["", "s=A1", "v=00", "s=A1;v=0", "s=A1;v=zz", "s=A1;s=A2;v=00", "s=A1;v=00;v=01"] {
            assert_eq!(seal(wrong), None, "{wrong}");
        }
    }

    fn returned(list: &str, hash: &str) -> Vec<(String, String)> {
        let pairs = [
            ("orderId", "020001-a"),
            ("mstatus", "success"),
            ("authParams", &BASE64.encode(list.as_bytes())),
            ("vAuthInfo", hash),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// The hash was computed with `printf '%s' … | sha256sum`, not with this code.
    #[test]
    fn a_return_is_believed_for_what_its_list_covers() {
        let hash = "36a61dd47ab1253a603a683c4f5a5a8d1f2a2d6e6c070fa58c3e86cc54fa18e3";
        let values = returned("orderId,mstatus", hash);
        assert_eq!(verify_return(CCID, &keys(), &values, &["orderId", "mstatus"]), Ok(()));
        assert_eq!(verify_return(CCID, &keys(), &values, &["orderId"]), Ok(()));
        let refused = verify_return(CCID, &keys(), &values, &["orderId", "amount"]);
        assert_eq!(refused, Err(ReturnRejected::NotCovered("amount")));
        let wrong = Err(ReturnRejected::WrongHash);
        assert_eq!(verify_return("A2", &keys(), &values, &["orderId"]), wrong);
        assert_eq!(verify_return(CCID, &keys()[..1], &values, &["orderId"]), wrong);
        assert_eq!(verify_return(CCID, &[], &values, &["orderId"]), wrong);
        let mut changed = values.clone();
        changed[0].1.push('b');
        assert_eq!(verify_return(CCID, &keys(), &changed, &["orderId"]), wrong);
    }

    #[test]
    fn a_return_without_a_readable_proof_is_refused() {
        let malformed = Err(ReturnRejected::Malformed);
        let whole = returned("orderId,mstatus", "00");
        for missing in [0, 2, 3] {
            let mut values = whole.clone();
            values.remove(missing);
            assert_eq!(verify_return(CCID, &keys(), &values, &["orderId"]), malformed, "{missing}");
            let mut values = whole.clone();
            values.push(whole[missing].clone());
            assert_eq!(verify_return(CCID, &keys(), &values, &["orderId"]), malformed, "{missing} twice");
        }
        let mut values = whole;
        "no base64!".clone_into(&mut values[2].1);
        assert_eq!(verify_return(CCID, &keys(), &values, &["orderId"]), malformed);
    }
}
