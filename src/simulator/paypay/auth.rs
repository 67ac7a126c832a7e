//! Who calls: the HMAC header, checked as PayPay documents it, with the two minutes its clock allows.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::BASE64;
use jiff::Timestamp;
use md5::{Digest, Md5};

/// How far the caller's clock may be off, in seconds.
const SKEW_SECONDS: u64 = 120;

/// The parts of `hmac OPA-Auth:<key>:<mac>:<nonce>:<epoch>:<body hash>`.
struct Claim<'a> {
    key: &'a str,
    mac: &'a str,
    nonce: &'a str,
    epoch: &'a str,
    body_hash: &'a str,
}

/// Whether the request proves itself under this key and secret.
pub fn authorised(request: &HttpRequest, body: &[u8], key: &str, secret: &str, now: Timestamp) -> bool {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(claim) = header.and_then(claim) else { return false };
    let in_time = claim.epoch.parse().is_ok_and(|epoch: i64| epoch.abs_diff(now.as_second()) < SKEW_SECONDS);
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = if body.is_empty() { "empty" } else { content_type.unwrap_or_default() };
    let hash = if body.is_empty() { "empty".to_owned() } else { body_hash(content_type, body) };
    let lines =
        [request.path(), request.method().as_str(), claim.nonce, claim.epoch, content_type, hash.as_str()];
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), lines.join("\n").as_bytes());
    let right = BASE64.encode(mac.as_ref());
    let is_right = verify_slices_are_equal(claim.mac.as_bytes(), right.as_bytes()).is_ok();
    in_time && claim.key == key && claim.body_hash == hash && is_right
}

fn claim(header: &str) -> Option<Claim<'_>> {
    let mut parts = header.strip_prefix("hmac OPA-Auth:")?.split(':');
    let claim = Claim {
        key: parts.next()?,
        mac: parts.next()?,
        nonce: parts.next()?,
        epoch: parts.next()?,
        body_hash: parts.next()?,
    };
    parts.next().is_none().then_some(claim)
}

fn body_hash(content_type: &str, body: &[u8]) -> String {
    let mut hash = Md5::new();
    hash.update(content_type.as_bytes());
    hash.update(body);
    BASE64.encode(&hash.finalize())
}
