//! Tests of the bytes that are sent.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use secrecy::SecretString;
use serde_json::Value;

use super::{OrderName, Sender, cancel, create_checkout, open, refund, search};
use crate::domain::money::Yen;
use crate::gateway::veritrans::Mode;
use crate::gateway::veritrans::brands::BRANDS;
use crate::gateway::veritrans::fixtures::{CCID, KEY, KEYS, ORDER, capabilities, checkout};
use crate::gateway::{Cancel, CreateCheckout, CreateRefund, PreparedRequest, Unpreparable};

fn with<T>(mode: Mode, act: impl FnOnce(&Sender<'_>) -> T) -> T {
    let secret_key = SecretString::from(KEYS[0]);
    act(&Sender { merchant_ccid: CCID, secret_key: &secret_key, mode })
}

fn prepared(request: &CreateCheckout) -> Result<PreparedRequest, Unpreparable> {
    with(Mode::Test, |sender| create_checkout(sender, &capabilities(), KEY, request))
}

fn params(request: &PreparedRequest) -> (String, Value) {
    let envelope = open(request.bytes()).unwrap();
    let body: Value = serde_json::from_slice(envelope.body).unwrap();
    (envelope.path.to_owned(), body["params"].clone())
}

#[test]
fn the_hash_is_over_the_very_bytes_that_stand_beside_it() {
    let request = prepared(&checkout("nanaco")).unwrap();
    let body = open(request.bytes()).unwrap().body;
    let text = std::str::from_utf8(body).unwrap();
    let (params, hash) = text.strip_prefix("{\"params\":").unwrap().split_once(",\"authHash\":\"").unwrap();
    let expected = digest(&SHA256, format!("{CCID}{params}{}", KEYS[0]).as_bytes());
    assert_eq!(hash, format!("{}\"}}", HEXLOWER.encode(expected.as_ref())));
    let tail = format!("\"txnVersion\":\"2.0.0\",\"dummyRequest\":\"1\",\"merchantCcid\":\"{CCID}\"}}");
    assert!(params.ends_with(&tail), "{params}");
    assert!(!params.contains(": ") && !params.contains(", "), "minified");
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    for brand in &BRANDS {
        let (one, two) = (prepared(&checkout(brand.method)), prepared(&checkout(brand.method)));
        assert_eq!(one.unwrap(), two.unwrap(), "{}", brand.method);
    }
}

#[test]
fn test_orders_go_to_paths_of_their_own() {
    for (mode, path, dummy) in
        [(Mode::Live, "/paynow/v2/Authorize/em", "0"), (Mode::Test, "/test-paynow/v2/Authorize/em", "1")]
    {
        let made = with(mode, |sender| create_checkout(sender, &capabilities(), KEY, &checkout("edy")));
        let (found, params) = params(&made.unwrap());
        assert_eq!((found.as_str(), params["dummyRequest"].as_str()), (path, Some(dummy)));
    }
}

#[test]
fn each_brand_gets_the_fields_it_takes_and_no_other() {
    let common = ["amount", "dummyRequest", "merchantCcid", "orderId", "serviceOptionType", "txnVersion"];
    for (method, own) in [
        ("suica", vec!["mailAddr", "screenTitle", "settlementLimit"]),
        ("suica_app", vec!["screenTitle", "settlementLimit"]),
        ("edy", vec!["completeNoticeUrl"]),
        ("edy_mail", vec!["mailAddr", "settlementLimit"]),
        ("edy_pc", vec!["completeNoticeUrl"]),
        ("waon", vec!["cancelLimit", "settlementLimit"]),
        ("waon_pc", vec!["cancelLimit", "cancelUrl", "failureUrl", "settlementLimit", "successUrl"]),
        ("nanaco", vec!["transactionKind", "userId"]),
    ] {
        let (_, params) = params(&prepared(&checkout(method)).unwrap());
        let mut names: Vec<&str> = params.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let mut expected = [common.to_vec(), own].concat();
        expected.sort_unstable();
        assert_eq!(names, expected, "{method}");
        assert_eq!((&params["orderId"], &params["amount"]), (&Value::from(ORDER), &Value::from("8000")));
    }
}

#[test]
fn limits_are_written_in_japan_time_from_the_birth_of_the_key() {
    let (_, suica) = params(&prepared(&checkout("suica")).unwrap());
    assert_eq!(suica["settlementLimit"], "20260404090000", "three days after 9:00 in Japan");
    let longer = CreateCheckout { expires_in_s: 10 * 86_400, ..checkout("suica") };
    let (_, suica) = params(&prepared(&longer).unwrap());
    assert_eq!(suica["settlementLimit"], "20260411090000");
    // not past the last payable day.
    let payable_until = Some(crate::domain::payment::end_of_day(jiff::civil::date(2026, 4, 2)));
    let (_, suica) = params(&prepared(&CreateCheckout { payable_until, ..checkout("suica") }).unwrap());
    assert_eq!(suica["settlementLimit"], "20260403000000");
    let (_, waon) = params(&prepared(&checkout("waon")).unwrap());
    assert_eq!(
        (waon["settlementLimit"].as_str(), waon["cancelLimit"].as_str()),
        (Some("20260404090000"), Some("20260703090000"))
    );
}

#[test]
fn a_title_is_cut_where_a_character_ends() {
    let long = CreateCheckout {
        description: "危険物取扱者免状交付手数料".to_owned(), ..checkout("suica")
    };
    let (_, sent) = params(&prepared(&long).unwrap());
    assert_eq!(sent["screenTitle"], "危険物取扱者免状交付手数料", "13 characters of three bytes");
    let longer = CreateCheckout { description: "あ".repeat(14) + "\r\nい", ..checkout("suica") };
    let (_, sent) = params(&prepared(&longer).unwrap());
    assert_eq!(sent["screenTitle"], "あ".repeat(13));
}

#[test]
fn what_cannot_be_sent_is_refused_before_it_is_stored() {
    let refused = |request: CreateCheckout| prepared(&request).unwrap_err();
    assert_eq!(refused(checkout("card")), Unpreparable::UnknownMethod);
    for (method, amount) in [("suica", 20_001), ("nanaco", 50_001), ("edy", 0), ("waon", 50_001)] {
        let amount = Yen::new(amount).unwrap();
        assert_eq!(refused(CreateCheckout { amount, ..checkout(method) }), Unpreparable::AmountOutOfBounds);
    }
    for merchant_reference in ["", "a/../b", "窓口", &"x".repeat(41)] {
        let merchant_reference = merchant_reference.to_owned();
        let request = CreateCheckout { merchant_reference, ..checkout("suica") };
        assert_eq!(refused(request), Unpreparable::BadIdentifier);
    }
    for payer_email in [None, Some("nobody"), Some("a b@example.jp")] {
        let payer_email = payer_email.map(str::to_owned);
        let request = CreateCheckout { payer_email, ..checkout("suica") };
        assert_eq!(refused(request), Unpreparable::FieldOutOfBounds);
    }
    let unknown = CreateCheckout { payer_email: None, ..checkout("suica_app") };
    assert!(prepared(&unknown).is_ok(), "only a mail needs an address");
    for return_url in ["javascript:alert(1)".to_owned(), format!("https://a.example/{}", "x".repeat(120))] {
        let request = CreateCheckout { return_url, ..checkout("edy") };
        assert_eq!(refused(request), Unpreparable::FieldOutOfBounds);
    }
    for key in ["", "key-1", "4f6b8a1e-0000-4000-8000-000000000001"] {
        let made = with(Mode::Test, |sender| create_checkout(sender, &capabilities(), key, &checkout("edy")));
        assert_eq!(made.unwrap_err(), Unpreparable::BadKey, "{key}: says no birth");
    }
}

fn named(option: &str) -> String {
    OrderName { option: option.to_owned(), order_id: ORDER.to_owned() }.text()
}

#[test]
fn an_order_is_called_off_where_its_brand_can() {
    for (option, possible) in
        [("suica-mobile-mail", true), ("tcc-redirect", true), ("edy-direct", false), ("waon-mobile", false)]
    {
        let checkout = Cancel::Checkout { gateway_session_id: named(option) };
        let payment = Cancel::Payment { gateway_payment_id: named(option) };
        for request in [checkout, payment] {
            match with(Mode::Test, |sender| cancel(sender, KEY, &request)) {
                Ok(made) => {
                    let (path, params) = params(&made);
                    assert_eq!(
                        (path.as_str(), &params["orderId"]),
                        ("/test-paynow/v2/Cancel/em", &ORDER.into())
                    );
                    assert!(possible, "{option}");
                }
                Err(reason) => assert_eq!((reason, possible), (Unpreparable::NotPossible, false), "{option}"),
            }
        }
    }
    let forged = Cancel::Payment { gateway_payment_id: "edy-direct:a/b".into() };
    assert_eq!(with(Mode::Test, |it| cancel(it, KEY, &forged)).unwrap_err(), Unpreparable::BadIdentifier);
}

#[test]
fn a_refund_is_an_order_of_its_own_that_one_key_makes_once() {
    let amount = Yen::new(400).unwrap();
    let back = |option: &str| CreateRefund {
        gateway_payment_id: named(option),
        amount,
        description: "refund".into(),
    };
    let made = |option: &str| with(Mode::Test, |sender| refund(sender, KEY, &back(option)));
    let (path, sent) = params(&made("suica-mobile-mail").unwrap());
    assert_eq!(path, "/test-paynow/v2/Refund/em");
    assert_eq!(sent["orderId"], "r-019d4657000070008000000000000001");
    assert_eq!((&sent["orderKind"], &sent["refundOrderId"]), (&"refund".into(), &ORDER.into()));
    assert_eq!((&sent["amount"], &sent["settlementLimit"]), (&"400".into(), &"20260501090000".into()));
    let (_, edy) = params(&made("edy-direct").unwrap());
    assert!(edy.get("settlementLimit").is_none() && edy.get("screenTitle").is_none());
    assert_eq!(made("tcc-redirect").unwrap_err(), Unpreparable::NotPossible, "nanaco: by bank transfer");
    let nothing = CreateRefund { amount: Yen::ZERO, ..back("edy-direct") };
    assert_eq!(
        with(Mode::Test, |it| refund(it, KEY, &nothing)).unwrap_err(),
        Unpreparable::AmountOutOfBounds
    );
}

#[test]
fn a_search_names_one_order_and_includes_tests_only_in_tests() {
    for (mode, start, flag) in
        [(Mode::Live, "/paynow-search/", "false"), (Mode::Test, "/test-paynow-search/", "true")]
    {
        let (path, body) = with(mode, |sender| search(sender, ORDER)).unwrap();
        assert_eq!(path, format!("{start}v2/Search/search"));
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["params"]["containDummyFlag"], flag);
        assert_eq!(body["params"]["searchParameters"]["common"]["orderId"], ORDER);
    }
}
