//! The bytes sent to Stripe. A stored request is `POST <path>`, an empty line, and the form-encoded body.

use form_urlencoded::Serializer;
use jiff::SignedDuration;

use crate::domain::calendar::jst_day;
use crate::gateway::{
    Cancel, Capabilities, Capture, CreateCheckout, CreateRefund, OperationKind, PayerFlow, PreparedRequest,
    Unpreparable,
};

/// The longest idempotency key, and the longest identifier we send.
const LONGEST_KEY: usize = 255;
const LONGEST_IDENTIFIER: usize = 255;
/// The longest address and the longest text we send, in characters.
const LONGEST_URL: usize = 2_000;
const LONGEST_TEXT: usize = 200;
/// The shortest life of a session that Stripe takes, in seconds.
const SHORTEST_SESSION_S: u32 = 1_800;
/// How many days a konbini slip can be paid, to the end of the last one in Japan.
const SLIP_DAYS: i32 = 3;
/// What an answer must show beside the object: the payment with its charge.
pub(super) const EXPAND_CHARGE: (&str, &str) = ("expand[]", "latest_charge");

/// A stored request taken apart.
pub(super) struct Envelope<'a> {
    /// The path below the host.
    pub path: &'a str,
    /// The form.
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
        && (1..=LONGEST_TEXT).contains(&request.description.chars().count())
        && (1..=capabilities.longest_checkout_s).contains(&request.expires_in_s)
        && matches!(request.locale.as_str(), "ja" | "en");
    if !fits {
        return Err(Unpreparable::FieldOutOfBounds);
    }
    let reference = identifier(&request.merchant_reference)?;
    let life = i64::from(request.expires_in_s.max(SHORTEST_SESSION_S));
    let expires_at = request.requested_at.as_second().saturating_add(life).to_string();
    let amount = request.amount.amount().to_string();
    let mut fields = vec![
        ("mode", "payment"),
        ("payment_method_types[0]", method.gateway_code.as_str()),
        ("line_items[0][price_data][currency]", "jpy"),
        ("line_items[0][price_data][unit_amount]", amount.as_str()),
        ("line_items[0][price_data][product_data][name]", request.description.as_str()),
        ("line_items[0][quantity]", "1"),
        ("success_url", request.return_url.as_str()),
        ("cancel_url", request.return_url.as_str()),
        ("client_reference_id", reference),
        ("metadata[merchant_reference]", reference),
        ("payment_intent_data[metadata][merchant_reference]", reference),
        ("expires_at", expires_at.as_str()),
        ("locale", request.locale.as_str()),
    ];
    if method.gateway_code == "card" {
        // 3-D Secure is always asked for: mandatory in Japan since April 2025.
        fields.push(("payment_method_options[card][request_three_d_secure]", "any"));
    }
    let slip_days = slip_days(request).to_string();
    if method.gateway_code == "konbini" && method.flow == PayerFlow::Slip {
        fields.push(("payment_method_options[konbini][expires_after_days]", slip_days.as_str()));
    }
    prepared(OperationKind::CreateCheckout, key, "/v1/checkout/sessions", &fields)
}

/// How many days a slip can be paid: not past the last day on which it may be, but the vendor takes no less than one.
fn slip_days(request: &CreateCheckout) -> i32 {
    let left = request.payable_until.map(|until| {
        let before = until.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(until);
        (jst_day(before) - jst_day(request.requested_at)).get_days()
    });
    left.map_or(SLIP_DAYS, |left| left.clamp(1, SLIP_DAYS))
}

/// Takes held money.
pub(super) fn capture(key: &str, request: &Capture) -> Result<PreparedRequest, Unpreparable> {
    let path = format!("/v1/payment_intents/{}/capture", identifier(&request.gateway_payment_id)?);
    let amount = request.amount.amount().to_string();
    prepared(OperationKind::Capture, key, &path, &[("amount_to_capture", &amount), EXPAND_CHARGE])
}

/// Closes a session, or voids a payment that took no money.
pub(super) fn cancel(key: &str, request: &Cancel) -> Result<PreparedRequest, Unpreparable> {
    let (path, fields) = match request {
        Cancel::Checkout { gateway_session_id } => {
            (format!("/v1/checkout/sessions/{}/expire", identifier(gateway_session_id)?), Vec::new())
        }
        Cancel::Payment { gateway_payment_id } => {
            (format!("/v1/payment_intents/{}/cancel", identifier(gateway_payment_id)?), vec![EXPAND_CHARGE])
        }
        // The same key gives the answer again, so the ids are always found.
        Cancel::Reference { .. } => return Err(Unpreparable::NotPossible),
    };
    prepared(OperationKind::Cancel, key, &path, &fields)
}

/// Sends money back.
pub(super) fn refund(key: &str, request: &CreateRefund) -> Result<PreparedRequest, Unpreparable> {
    if request.description.chars().count() > LONGEST_TEXT {
        return Err(Unpreparable::FieldOutOfBounds);
    }
    if request.amount.amount() == 0 {
        return Err(Unpreparable::AmountOutOfBounds);
    }
    let amount = request.amount.amount().to_string();
    let fields = [
        ("payment_intent", identifier(&request.gateway_payment_id)?),
        ("amount", amount.as_str()),
        ("metadata[reason]", request.description.as_str()),
        ("expand[]", "payment_intent.latest_charge"),
    ];
    prepared(OperationKind::Refund, key, "/v1/refunds", &fields)
}

/// Takes a stored request apart; none when it is not one of ours.
pub(super) fn open(request: &PreparedRequest) -> Option<Envelope<'_>> {
    let bytes = request.bytes();
    let split = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, rest) = bytes.split_at_checked(split)?;
    let path = std::str::from_utf8(head).ok()?.strip_prefix("POST ")?;
    path.starts_with("/v1/").then_some(())?;
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
    fields: &[(&str, &str)],
) -> Result<PreparedRequest, Unpreparable> {
    let visible = key.bytes().all(|b| b.is_ascii_graphic());
    if !visible || !(1..=LONGEST_KEY).contains(&key.len()) {
        return Err(Unpreparable::BadKey);
    }
    let form = Serializer::new(String::new()).extend_pairs(fields).finish();
    Ok(PreparedRequest::new(kind, key.to_owned(), format!("POST {path}\n\n{form}").into_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{cancel, capture, create_checkout, open, refund};
    use crate::domain::money::Yen;
    use crate::domain::payment::MethodCode;
    use crate::gateway::stripe::fixtures::{capabilities, checkout};
    use crate::gateway::{Cancel, Capture, CreateCheckout, CreateRefund, PreparedRequest, Unpreparable};

    fn form(request: &PreparedRequest) -> BTreeMap<String, String> {
        form_urlencoded::parse(open(request).unwrap().body).into_owned().collect()
    }

    #[test]
    fn a_session_is_asked_for_with_the_documented_fields() {
        let made = create_checkout(&capabilities(), "key-1", &checkout()).unwrap();
        assert_eq!(made, create_checkout(&capabilities(), "key-1", &checkout()).unwrap());
        assert_eq!(open(&made).unwrap().path, "/v1/checkout/sessions");
        let form = form(&made);
        for (field, value) in [
            ("mode", "payment"),
            ("payment_method_types[0]", "card"),
            ("line_items[0][price_data][currency]", "jpy"),
            ("line_items[0][price_data][unit_amount]", "18000"),
            ("line_items[0][price_data][product_data][name]", "電気工事業登録手数料"),
            ("line_items[0][quantity]", "1"),
            ("success_url", "https://madoguchi.example/back?a=1"),
            ("client_reference_id", "020001-payment1"),
            ("payment_intent_data[metadata][merchant_reference]", "020001-payment1"),
            ("payment_method_options[card][request_three_d_secure]", "any"),
            ("expires_at", "1790003600"),
            ("locale", "ja"),
        ] {
            assert_eq!(form.get(field).map(String::as_str), Some(value), "{field}");
        }
    }

    #[test]
    fn a_slip_has_its_days_and_a_short_life_becomes_stripes_shortest() {
        let (method, expires_in_s) = (MethodCode::parse("konbini").unwrap(), 60);
        let wanted = CreateCheckout { method, expires_in_s, ..checkout() };
        let form = form(&create_checkout(&capabilities(), "k", &wanted).unwrap());
        assert_eq!(form["payment_method_options[konbini][expires_after_days]"], "3");
        assert_eq!(form["expires_at"], "1790001800");
        assert!(!form.contains_key("payment_method_options[card][request_three_d_secure]"));
    }

    #[test]
    fn r84_a_slip_does_not_outlive_the_last_payable_day() {
        let method = MethodCode::parse("konbini").unwrap();
        let today = super::jst_day(checkout().requested_at);
        for (days, expected) in [(0, "1"), (1, "1"), (2, "2"), (9, "3")] {
            let last = today.saturating_add(jiff::Span::new().days(days));
            let payable_until = Some(crate::domain::payment::end_of_day(last));
            let wanted = CreateCheckout { method: method.clone(), payable_until, ..checkout() };
            let form = form(&create_checkout(&capabilities(), "k", &wanted).unwrap());
            assert_eq!(form["payment_method_options[konbini][expires_after_days]"], expected, "{days}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused_before_it_is_stored() {
        let refused = |request: &CreateCheckout| create_checkout(&capabilities(), "k", request).unwrap_err();
        let method = MethodCode::parse("suica").unwrap();
        assert_eq!(refused(&CreateCheckout { method, ..checkout() }), Unpreparable::UnknownMethod);
        for amount in [49, 10_000_000] {
            let amount = Yen::new(amount).unwrap();
            assert_eq!(refused(&CreateCheckout { amount, ..checkout() }), Unpreparable::AmountOutOfBounds);
        }
        let merchant_reference = "a/../b".to_owned();
        assert_eq!(
            refused(&CreateCheckout { merchant_reference, ..checkout() }),
            Unpreparable::BadIdentifier
        );
        for key in ["", "with space", "鍵", "x".repeat(256).as_str()] {
            assert_eq!(create_checkout(&capabilities(), key, &checkout()).unwrap_err(), Unpreparable::BadKey);
        }
        let lost = Cancel::Reference { merchant_reference: "r".into() };
        assert_eq!(cancel("k", &lost).unwrap_err(), Unpreparable::NotPossible);
    }

    #[test]
    fn capture_cancel_and_refund_name_their_object() {
        let path = |request: &PreparedRequest| open(request).unwrap().path.to_owned();
        let amount = Yen::new(400).unwrap();
        let id = || "pi_1".to_owned();
        let taken = capture("k", &Capture { gateway_payment_id: id(), amount }).unwrap();
        assert_eq!(path(&taken), "/v1/payment_intents/pi_1/capture");
        assert_eq!(form(&taken)["amount_to_capture"], "400");
        let closed = cancel("k", &Cancel::Checkout { gateway_session_id: "cs_1".into() }).unwrap();
        assert_eq!(path(&closed), "/v1/checkout/sessions/cs_1/expire");
        let voided = cancel("k", &Cancel::Payment { gateway_payment_id: id() }).unwrap();
        assert_eq!(path(&voided), "/v1/payment_intents/pi_1/cancel");
        let back = CreateRefund { gateway_payment_id: id(), amount, description: "取下げ".into() };
        let back = refund("k", &back).unwrap();
        assert_eq!(path(&back), "/v1/refunds");
        assert_eq!((form(&back)["payment_intent"].as_str(), form(&back)["amount"].as_str()), ("pi_1", "400"));
    }
}
