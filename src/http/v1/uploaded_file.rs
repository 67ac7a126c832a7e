//! A whole file in the body of a request, as base64: read in one place for every call that takes one in.

use data_encoding::BASE64;

use crate::domain::fault::Fault;
use crate::service::Refusal;

/// The bytes of a member `content_base64`, or the refusal of what is no base64 (RFC 4648 §4).
pub fn bytes_of(content_base64: &str) -> Result<Vec<u8>, Refusal> {
    BASE64.decode(content_base64.as_bytes()).map_err(|_| {
        let (ja, en) = ("base64として読み取れません。", "This is no base64.");
        Refusal::Malformed(vec![Fault::new("/content_base64", "base64", ja, en)])
    })
}
