//! The bytes sent to PayPay. A stored request is `<METHOD> <path>`, an empty line, and the JSON body, if it has one.

use serde::{Deserialize, Serialize};

use crate::gateway::{
    Cancel, Capabilities, CreateCheckout, CreateRefund, OperationKind, PreparedRequest, Unpreparable,
};

/// PayPay's longest identifier of a merchant's.
const LONGEST_IDENTIFIER: usize = 64;
/// The longest address and the longest text we send, in characters.
const LONGEST_URL: usize = 2_000;
const LONGEST_TEXT: usize = 200;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeRequest<'a> {
    merchant_payment_id: &'a str,
    amount: Amount<'a>,
    code_type: &'a str,
    order_description: &'a str,
    is_authorization: bool,
    redirect_url: &'a str,
    redirect_type: &'a str,
}

#[derive(Serialize)]
struct Amount<'a> {
    amount: i64,
    currency: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundRequest<'a> {
    merchant_refund_id: &'a str,
    payment_id: &'a str,
    amount: Amount<'a>,
    reason: &'a str,
}

/// What the answer to a refund must be read against.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AskedRefund {
    /// Our id of the refund.
    pub merchant_refund_id: String,
    /// PayPay's id of the payment.
    pub payment_id: String,
}

/// A stored request taken apart.
pub(super) struct Envelope<'a> {
    /// `POST` or `DELETE`.
    pub method: &'a str,
    /// The path below the host.
    pub path: &'a str,
    /// The JSON body; empty when there is none.
    pub body: &'a [u8],
}

/// Makes a code for one payment.
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
        && (1..=capabilities.longest_checkout_s).contains(&request.expires_in_s);
    if !fits {
        return Err(Unpreparable::FieldOutOfBounds);
    }
    let body = CodeRequest {
        merchant_payment_id: identifier(&request.merchant_reference)?,
        amount: Amount { amount: request.amount.amount(), currency: "JPY" },
        code_type: &method.gateway_code,
        order_description: &request.description,
        is_authorization: false,
        redirect_url: &request.return_url,
        redirect_type: "WEB_LINK",
    };
    with_body(OperationKind::CreateCheckout, key, "/v2/codes", &body)
}

/// Closes a code, or calls off whatever there is under our reference: PayPay sees to it that no money stays.
pub(super) fn cancel(key: &str, request: &Cancel) -> Result<PreparedRequest, Unpreparable> {
    let path = match request {
        Cancel::Checkout { gateway_session_id } => format!("/v2/codes/{}", identifier(gateway_session_id)?),
        Cancel::Reference { merchant_reference } => {
            format!("/v2/payments/{}", identifier(merchant_reference)?)
        }
        // No slip and no held money exists here.
        Cancel::Payment { .. } => return Err(Unpreparable::NotPossible),
    };
    let bytes = format!("DELETE {path}\n\n").into_bytes();
    Ok(PreparedRequest::new(OperationKind::Cancel, checked_key(key)?, bytes))
}

/// Sends money back; the key is PayPay's `merchantRefundId`, unique for good.
pub(super) fn refund(key: &str, request: &CreateRefund) -> Result<PreparedRequest, Unpreparable> {
    if request.description.chars().count() > LONGEST_TEXT {
        return Err(Unpreparable::FieldOutOfBounds);
    }
    if request.amount.amount() == 0 {
        return Err(Unpreparable::AmountOutOfBounds);
    }
    let body = RefundRequest {
        merchant_refund_id: identifier(key)?,
        payment_id: identifier(&request.gateway_payment_id)?,
        amount: Amount { amount: request.amount.amount(), currency: "JPY" },
        reason: &request.description,
    };
    with_body(OperationKind::Refund, key, "/v2/refunds", &body)
}

/// Takes a stored request apart; none when it is not one of ours.
pub(super) fn open(request: &PreparedRequest) -> Option<Envelope<'_>> {
    let bytes = request.bytes();
    let split = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, rest) = bytes.split_at_checked(split)?;
    let (method, path) = std::str::from_utf8(head).ok()?.split_once(' ')?;
    let known = matches!(method, "POST" | "DELETE") && path.starts_with("/v2/");
    known.then_some(())?;
    Some(Envelope { method, path, body: rest.get(2..)? })
}

/// An identifier that is safe in a path.
pub(super) fn identifier(text: &str) -> Result<&str, Unpreparable> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if fits && (1..=LONGEST_IDENTIFIER).contains(&text.len()) {
        Ok(text)
    } else {
        Err(Unpreparable::BadIdentifier)
    }
}

fn checked_key(key: &str) -> Result<String, Unpreparable> {
    identifier(key).map(str::to_owned).map_err(|_| Unpreparable::BadKey)
}

fn with_body(
    kind: OperationKind,
    key: &str,
    path: &str,
    body: &impl Serialize,
) -> Result<PreparedRequest, Unpreparable> {
    let mut bytes = format!("POST {path}\n\n").into_bytes();
    serde_json::to_writer(&mut bytes, body).map_err(|_| Unpreparable::FieldOutOfBounds)?;
    Ok(PreparedRequest::new(kind, checked_key(key)?, bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{cancel, create_checkout, open, refund};
    use crate::domain::money::Yen;
    use crate::domain::payment::MethodCode;
    use crate::gateway::paypay::fixtures::{capabilities, checkout};
    use crate::gateway::{Cancel, CreateCheckout, CreateRefund, Unpreparable};

    #[test]
    fn a_code_is_asked_for_with_the_documented_fields() {
        let made = create_checkout(&capabilities(), "key-1", &checkout()).unwrap();
        let envelope = open(&made).unwrap();
        assert_eq!((envelope.method, envelope.path), ("POST", "/v2/codes"));
        let body: Value = serde_json::from_slice(envelope.body).unwrap();
        assert_eq!(
            body,
            json!({
                "merchantPaymentId": "020001-payment1", "amount": { "amount": 18_000, "currency": "JPY" },
                "codeType": "ORDER_QR", "orderDescription": "電気工事業登録手数料", "isAuthorization": false,
                "redirectUrl": "https://madoguchi.example/back", "redirectType": "WEB_LINK"
            })
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused_before_it_is_stored() {
        let refused = |request: &CreateCheckout| create_checkout(&capabilities(), "k", request).unwrap_err();
        let method = MethodCode::parse("card").unwrap();
        assert_eq!(refused(&CreateCheckout { method, ..checkout() }), Unpreparable::UnknownMethod);
        let amount = Yen::new(500_001).unwrap();
        assert_eq!(refused(&CreateCheckout { amount, ..checkout() }), Unpreparable::AmountOutOfBounds);
        for wrong in ["a/../b", "", "x".repeat(65).as_str()] {
            let merchant_reference = wrong.to_owned();
            assert_eq!(
                refused(&CreateCheckout { merchant_reference, ..checkout() }),
                Unpreparable::BadIdentifier
            );
        }
        let held = Cancel::Payment { gateway_payment_id: "1".into() };
        assert_eq!(cancel("k", &held).unwrap_err(), Unpreparable::NotPossible);
    }

    #[test]
    fn closing_a_code_calling_a_payment_off_and_refunding_have_their_own_addresses() {
        let path = |request: &Cancel| {
            let made = cancel("k", request).unwrap();
            let envelope = open(&made).unwrap();
            assert!(envelope.body.is_empty());
            format!("{} {}", envelope.method, envelope.path)
        };
        let code = Cancel::Checkout { gateway_session_id: "04-abc".into() };
        assert_eq!(path(&code), "DELETE /v2/codes/04-abc");
        let lost = Cancel::Reference { merchant_reference: "020001-payment1".into() };
        assert_eq!(path(&lost), "DELETE /v2/payments/020001-payment1");
        let amount = Yen::new(400).unwrap();
        let back = CreateRefund { gateway_payment_id: "123".into(), amount, description: "r".into() };
        let made = refund("refund-1", &back).unwrap();
        let body: Value = serde_json::from_slice(open(&made).unwrap().body).unwrap();
        assert_eq!(body["merchantRefundId"], "refund-1");
        assert_eq!(body["paymentId"], "123");
    }
}
