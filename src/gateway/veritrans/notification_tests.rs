//! Tests of who is believed.

use aws_lc_rs::hmac;
use data_encoding::{HEXLOWER, HEXUPPER};

use crate::gateway::veritrans::fixtures::{CCID, KEYS, ORDER, gateway, now};
use crate::gateway::{
    Notification, NotificationRejected, PaymentGateway, RawNotification, SignedNotification,
};

fn push(order: &str) -> String {
    format!(
        "numberOfNotify=1&pushTime=20260401090000&pushId=1&orderId0000={order}&vResultCode0000=E001000000000000"
    )
}

fn tag(key: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &HEXLOWER.decode(key.as_bytes()).unwrap());
    HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref())
}

fn raw(header: &str, body: &str) -> RawNotification {
    RawNotification {
        headers: vec![("Content-Hmac".to_owned(), header.to_owned())],
        body: body.as_bytes().to_vec(),
        source: None,
    }
}

fn sealed(key: &str, body: &str) -> RawNotification {
    raw(&format!("h=HmacSHA256;s={CCID};v={}", tag(key, body)), body)
}

fn verify(raw: &RawNotification) -> Result<SignedNotification, NotificationRejected> {
    match gateway("http://127.0.0.1:9").verify_notification(raw, now())? {
        Notification::Signed(signed) => Ok(*signed),
        Notification::Hint(_) => panic!("what is sealed is no hint"),
    }
}

#[test]
fn a_sealed_notification_names_an_order_and_only_makes_us_ask() {
    for key in KEYS {
        let found = verify(&sealed(key, &push(ORDER))).unwrap();
        assert_eq!(found.head.merchant_reference.as_deref(), Some(ORDER));
        assert!(found.snapshot.is_none(), "nothing in it is believed but the order");
    }
    let (one, two) = (verify(&sealed(KEYS[0], &push(ORDER))), verify(&sealed(KEYS[1], &push(ORDER))));
    assert_eq!(one.unwrap().head.delivery_key, two.unwrap().head.delivery_key, "one body is one delivery");
    let other = verify(&sealed(KEYS[0], &(push(ORDER) + "&x=1"))).unwrap();
    assert_ne!(other.head.delivery_key, verify(&sealed(KEYS[0], &push(ORDER))).unwrap().head.delivery_key);
}

/// Computed with `openssl dgst -sha256 -mac HMAC -macopt hexkey:…`, not with this code.
#[test]
fn the_seal_is_an_hmac_under_the_key_read_as_hex() {
    let body = push(ORDER);
    assert!(
        verify(&raw(
            &format!(
                "h=HmacSHA256;s={CCID};v=69e6221fdb9651a63ae19138133cfc23554dc225ea3a9439d811979b8032f27f"
            ),
            &body
        ))
        .is_ok()
    );
}

#[test]
fn f19_to_f23_forged_changed_and_foreign_notifications_are_refused() {
    let body = push(ORDER);
    let wrong = Err(NotificationRejected::WrongSignature);
    assert_eq!(verify(&sealed("ffff", &body)).map(|_| ()), wrong);
    let mut changed = sealed(KEYS[0], &body);
    changed.body.push(b' ');
    assert_eq!(verify(&changed).map(|_| ()), wrong);
    let foreign = raw(&format!("s=A9;v={}", tag(KEYS[0], &body)), &body);
    assert_eq!(verify(&foreign).map(|_| ()), wrong, "another merchant's");
    let text_key = hmac::Key::new(hmac::HMAC_SHA256, KEYS[0].as_bytes());
    let as_text = HEXLOWER.encode(hmac::sign(&text_key, body.as_bytes()).as_ref());
    assert_eq!(verify(&raw(&format!("s={CCID};v={as_text}"), &body)).map(|_| ()), wrong, "the key is hex");
    assert_eq!(verify(&raw(&format!("s={CCID};v=00"), &body)).map(|_| ()), wrong);
}

#[test]
fn a_missing_or_repeated_header_is_refused() {
    let body = push(ORDER);
    let whole = sealed(KEYS[0], &body);
    let mut twice = whole.clone();
    twice.headers.push(whole.headers[0].clone());
    let mut none = whole.clone();
    none.headers.clear();
    for broken in [twice, none, raw("", &body), raw(&format!("s={CCID}"), &body), raw("s=;v=zz", &body)] {
        assert_eq!(verify(&broken).map(|_| ()), Err(NotificationRejected::HeaderMissing));
    }
    let upper = raw(
        &format!("s={CCID};v={}", HEXUPPER.encode(&HEXLOWER.decode(tag(KEYS[0], &body).as_bytes()).unwrap())),
        &body,
    );
    assert!(verify(&upper).is_ok(), "hex is hex");
}

#[test]
fn too_large_and_senseless_bodies_are_refused() {
    let large = "x".repeat(256 * 1024 + 1);
    assert_eq!(verify(&sealed(KEYS[0], &large)).map(|_| ()), Err(NotificationRejected::TooLarge));
    for body in ["", "{}", "orderId0000=", "orderId0000=a%2Fb", "orderId0000=a&orderId0000=b", &push("x y")] {
        assert_eq!(
            verify(&sealed(KEYS[0], body)).map(|_| ()),
            Err(NotificationRejected::Malformed),
            "{body}"
        );
    }
}

#[test]
fn a_refunds_own_order_is_no_payment_of_ours() {
    let found = verify(&sealed(KEYS[0], &push("r-019d4657000070008000000000000001"))).unwrap();
    assert_eq!(found.head.merchant_reference, None);
}
