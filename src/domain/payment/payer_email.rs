//! The e-mail address of somebody who pays without an account: their gateway sends the invitation there.
//!
//! Invariants: it has the shape of an address, and no log, panic or debug output shows it.

use std::fmt;

use crate::domain::account::{comparable_email, has_email_shape};
use crate::domain::fault::Fault;

/// Where the field stands in the request.
const POINTER: &str = "/email";

/// The address.
#[derive(Clone, PartialEq, Eq)]
pub struct PayerEmail(String);

impl PayerEmail {
    /// Reads what somebody wrote.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        if has_email_shape(&comparable_email(text)) {
            return Ok(Self(text.to_owned()));
        }
        let ja = "メールアドレスの形式が正しくありません。";
        Err(Fault::new(POINTER, "email", ja, "This is not an e-mail address."))
    }

    /// What is wrong where a method needs an address and none was given.
    pub fn missing() -> Fault {
        let ja = "この支払方法では、決済事業者が案内を送るメールアドレスが必要です。";
        let en = "For this method the gateway sends an invitation: an e-mail address is required.";
        Fault::new(POINTER, "required", ja, en)
    }

    /// The address in clear, for the gateway.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PayerEmail {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PayerEmail(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::PayerEmail;

    #[test]
    fn an_address_is_read_and_never_shown() {
        let read = PayerEmail::parse(" payer@example.jp ").unwrap();
        assert_eq!((read.as_str(), format!("{read:?}").contains("payer")), ("payer@example.jp", false));
        for wrong in ["", "payer", "payer@example", "pay er@example.jp", "payer@example.jp\r\nBcc: a@b.jp"] {
            assert_eq!(PayerEmail::parse(wrong).unwrap_err().pointer, "/email", "{wrong}");
        }
        assert_eq!(PayerEmail::missing().code, "required");
    }
}
