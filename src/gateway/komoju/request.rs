//! The bytes sent to KOMOJU. A stored request is `POST <path>`, an empty line, and the JSON body.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::gateway::{
    Cancel, Capabilities, Capture, CreateCheckout, CreateRefund, OperationKind, PreparedRequest, Unpreparable,
};

/// The longest idempotency key, and the longest identifier we send.
const LONGEST_KEY: usize = 100;
const LONGEST_IDENTIFIER: usize = 64;
/// The longest address and the longest text we send, in characters.
const LONGEST_URL: usize = 2_000;
const LONGEST_TEXT: usize = 200;

#[derive(Serialize)]
struct SessionRequest<'a> {
    mode: &'a str,
    amount: i64,
    currency: &'a str,
    return_url: &'a str,
    payment_types: [&'a str; 1],
    default_locale: &'a str,
    expires_in_seconds: u32,
    line_items: [LineItem<'a>; 1],
    metadata: BTreeMap<&'a str, &'a str>,
    payment_data: PaymentData<'a>,
}

#[derive(Serialize)]
struct LineItem<'a> {
    description: &'a str,
    amount: i64,
    quantity: u32,
}

#[derive(Serialize)]
struct PaymentData<'a> {
    external_order_num: &'a str,
    capture: &'a str,
}

#[derive(Serialize)]
struct CaptureRequest {
    amount: i64,
}

#[derive(Serialize)]
struct RefundRequest<'a> {
    amount: i64,
    description: &'a str,
}

#[derive(Serialize)]
struct Nothing {}

/// What an answer must be read against.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// The life asked for, in seconds.
    pub expires_in_seconds: Option<i64>,
    /// The amount asked for.
    pub amount: Option<i64>,
    /// The reason given for a refund.
    pub description: Option<String>,
}

/// A stored request taken apart.
pub(super) struct Envelope<'a> {
    /// The path below the base address.
    pub path: &'a str,
    /// The JSON body.
    pub body: &'a [u8],
}

/// Opens a session for one method.
pub(super) fn create_checkout(
    capabilities: &Capabilities,
    key: &str,
    request: &CreateCheckout,
) -> Result<PreparedRequest, Unpreparable> {
    let method = capabilities.method(&request.method).ok_or(Unpreparable::UnknownMethod)?;
    if !(method.least..=method.most).contains(&request.amount) {
        return Err(Unpreparable::AmountOutOfBounds);
    }
    let web = request.return_url.starts_with("https://") || request.return_url.starts_with("http://");
    let fits = web
        && request.return_url.len() <= LONGEST_URL
        && request.description.chars().count() <= LONGEST_TEXT
        && (1..=capabilities.longest_checkout_s).contains(&request.expires_in_s)
        && matches!(request.locale.as_str(), "ja" | "en");
    if !fits {
        return Err(Unpreparable::FieldOutOfBounds);
    }
    let reference = identifier(&request.merchant_reference)?;
    let amount = request.amount.amount();
    let body = SessionRequest {
        mode: "payment",
        amount,
        currency: "JPY",
        return_url: &request.return_url,
        payment_types: [&method.gateway_code],
        default_locale: &request.locale,
        expires_in_seconds: request.expires_in_s,
        line_items: [LineItem { description: &request.description, amount, quantity: 1 }],
        metadata: BTreeMap::from([("merchant_reference", reference)]),
        payment_data: PaymentData { external_order_num: reference, capture: "auto" },
    };
    prepared(OperationKind::CreateCheckout, key, "/sessions", &body)
}

/// Takes held money.
pub(super) fn capture(key: &str, request: &Capture) -> Result<PreparedRequest, Unpreparable> {
    let path = format!("/payments/{}/capture", identifier(&request.gateway_payment_id)?);
    prepared(OperationKind::Capture, key, &path, &CaptureRequest { amount: request.amount.amount() })
}

/// Closes a session or voids a payment.
pub(super) fn cancel(key: &str, request: &Cancel) -> Result<PreparedRequest, Unpreparable> {
    let path = match request {
        Cancel::Checkout { gateway_session_id } => {
            format!("/sessions/{}/cancel", identifier(gateway_session_id)?)
        }
        Cancel::Payment { gateway_payment_id } => {
            format!("/payments/{}/cancel", identifier(gateway_payment_id)?)
        }
        // The same key gives the answer again, so the ids are always found.
        Cancel::Reference { .. } => return Err(Unpreparable::NotPossible),
    };
    prepared(OperationKind::Cancel, key, &path, &Nothing {})
}

/// Sends money back.
pub(super) fn refund(key: &str, request: &CreateRefund) -> Result<PreparedRequest, Unpreparable> {
    if request.description.chars().count() > LONGEST_TEXT {
        return Err(Unpreparable::FieldOutOfBounds);
    }
    if request.amount.amount() == 0 {
        return Err(Unpreparable::AmountOutOfBounds);
    }
    let path = format!("/payments/{}/refund", identifier(&request.gateway_payment_id)?);
    let body = RefundRequest { amount: request.amount.amount(), description: &request.description };
    prepared(OperationKind::Refund, key, &path, &body)
}

/// Takes a stored request apart; none when it is not one of ours.
pub(super) fn open(request: &PreparedRequest) -> Option<Envelope<'_>> {
    let bytes = request.bytes();
    let split = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, rest) = bytes.split_at_checked(split)?;
    let path = std::str::from_utf8(head).ok()?.strip_prefix("POST ")?;
    path.starts_with('/').then_some(())?;
    Some(Envelope { path, body: rest.get(2..)? })
}

/// An identifier that is safe in a path and in a query.
pub(super) fn identifier(text: &str) -> Result<&str, Unpreparable> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if fits && (1..=LONGEST_IDENTIFIER).contains(&text.len()) {
        Ok(text)
    } else {
        Err(Unpreparable::BadIdentifier)
    }
}

fn prepared(
    kind: OperationKind,
    key: &str,
    path: &str,
    body: &impl Serialize,
) -> Result<PreparedRequest, Unpreparable> {
    let visible = key.bytes().all(|b| b.is_ascii_graphic());
    if !visible || !(1..=LONGEST_KEY).contains(&key.len()) {
        return Err(Unpreparable::BadKey);
    }
    let mut bytes = format!("POST {path}\n\n").into_bytes();
    serde_json::to_writer(&mut bytes, body).map_err(|_| Unpreparable::FieldOutOfBounds)?;
    Ok(PreparedRequest::new(kind, key.to_owned(), bytes))
}

#[cfg(test)]
mod tests {
    use super::{cancel, create_checkout, open, refund};
    use crate::domain::money::Yen;
    use crate::domain::payment::MethodCode;
    use crate::gateway::komoju::fixtures::{capabilities, checkout};
    use crate::gateway::{Cancel, CreateCheckout, CreateRefund, Unpreparable};

    #[test]
    fn the_same_request_gives_the_same_bytes() {
        let capabilities = capabilities();
        let one = create_checkout(&capabilities, "key-1", &checkout()).unwrap();
        let two = create_checkout(&capabilities, "key-1", &checkout()).unwrap();
        assert_eq!(one, two);
        let envelope = open(&one).unwrap();
        assert_eq!(envelope.path, "/sessions");
        let body: serde_json::Value = serde_json::from_slice(envelope.body).unwrap();
        assert_eq!(body["amount"], 18_000);
        assert_eq!(body["currency"], "JPY");
        assert_eq!(body["payment_types"], serde_json::json!(["credit_card"]));
        assert_eq!(body["payment_data"]["external_order_num"], "t-payment1-1");
        assert_eq!(body["payment_data"]["capture"], "auto");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_before_it_is_stored() {
        let capabilities = capabilities();
        let refused = |request: &CreateCheckout| create_checkout(&capabilities, "k", request).unwrap_err();
        let method = MethodCode::parse("suica").unwrap();
        assert_eq!(refused(&CreateCheckout { method, ..checkout() }), Unpreparable::UnknownMethod);
        let amount = Yen::ZERO;
        assert_eq!(refused(&CreateCheckout { amount, ..checkout() }), Unpreparable::AmountOutOfBounds);
        let method = MethodCode::parse("konbini").unwrap();
        let amount = Yen::new(300_001).unwrap();
        assert_eq!(
            refused(&CreateCheckout { amount, method, ..checkout() }),
            Unpreparable::AmountOutOfBounds
        );
        let merchant_reference = "a/../b".to_owned();
        assert_eq!(
            refused(&CreateCheckout { merchant_reference, ..checkout() }),
            Unpreparable::BadIdentifier
        );
        let expires_in_s = 86_401;
        assert_eq!(refused(&CreateCheckout { expires_in_s, ..checkout() }), Unpreparable::FieldOutOfBounds);
        let return_url = "javascript:alert(1)".to_owned();
        assert_eq!(refused(&CreateCheckout { return_url, ..checkout() }), Unpreparable::FieldOutOfBounds);
        for key in ["", "with space", "鍵", "x".repeat(101).as_str()] {
            assert_eq!(create_checkout(&capabilities, key, &checkout()).unwrap_err(), Unpreparable::BadKey);
        }
    }

    #[test]
    fn cancel_and_refund_name_their_object_in_the_path() {
        let session = Cancel::Checkout { gateway_session_id: "s1".into() };
        assert_eq!(open(&cancel("k", &session).unwrap()).unwrap().path, "/sessions/s1/cancel");
        let payment = Cancel::Payment { gateway_payment_id: "p1".into() };
        assert_eq!(open(&cancel("k", &payment).unwrap()).unwrap().path, "/payments/p1/cancel");
        let amount = Yen::new(400).unwrap();
        let back = CreateRefund { gateway_payment_id: "p1".into(), amount, description: "r1".into() };
        assert_eq!(open(&refund("k", &back).unwrap()).unwrap().path, "/payments/p1/refund");
        let forged = Cancel::Payment { gateway_payment_id: "p1/capture?x=".into() };
        assert_eq!(cancel("k", &forged).unwrap_err(), Unpreparable::BadIdentifier);
    }
}
