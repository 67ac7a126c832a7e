//! Notifications that come twice, late, never, in the wrong order, or from somebody else.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use jiff::SignedDuration;
use madoguchi::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::payer::{Payer, client, notifications_arrive};
use crate::support::app::{AOMORI, TestApp, VERITRANS_KEY, WEBHOOK_SECRET, gateway_first};
use crate::support::db::TestDb;

on_both_databases!(f14_f15_copies_of_a_notification_have_one_effect, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    for fault in ["F14", "F15"] {
        let payer = Payer::with_invoice(&app, &db).await;
        let page = payer.page("card").await;
        let args = json!({ "copies": 5 });
        app.fault(json!({ "match": { "op": "webhook" }, "fault": fault, "args": args })).await;
        payer.pays_by_card(&page).await;
        notifications_arrive(&app).await;
        payer.assert_entrusted().await;
    }
    assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 2);
});

on_both_databases!(f16_an_older_notification_that_comes_later_changes_nothing, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("card").await;
    let on = json!({ "op": "webhook", "event": "payment.failed" });
    app.fault(json!({ "match": on, "fault": "F16" })).await;
    payer.does(&page, "card", "number=4000000000000002").await;
    payer.pays_by_card(&page).await;
    notifications_arrive(&app).await;
    payer.assert_entrusted().await;
    assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 2, "both came");
});

on_both_databases!(f18_a_lost_notification_is_made_up_for_by_asking, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("card").await;
    app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18" })).await;
    payer.pays_by_card(&page).await;
    assert_eq!(payer.books().await.invoice.state, "pending");
    app.advance(SignedDuration::from_secs(3)).await;
    payer.assert_entrusted().await;
    assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 0);
});

on_both_databases!(
    /// A secret is rotated and the old one taken out after a notification was acknowledged and before it was applied: what it
    /// told of is asked for.
    a_notification_whose_secret_was_taken_out_since_is_not_lost,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let payer = Payer::with_invoice(&app, &db).await;
        let page = payer.page("card").await;
        payer.pays_by_card(&page).await;
        notifications_arrive(&app).await;
        let waiting = "(SELECT COUNT(*) FROM gateway_notifications WHERE state = 'received')";
        assert_eq!(db.count(waiting).await, 1);
        let simulator = format!("{}/api/v1", app.simulator);
        let rotated = TestApp::start_with(&db, |settings| {
            settings.secrets.set_of_gateway("komoju", "webhook_secret", "whsec_of_tomorrow");
            let komoju = settings.gateways.iter_mut().find(|gateway| gateway.name == "komoju").unwrap();
            komoju.base_url = simulator;
        })
        .await;
        rotated.drain().await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications WHERE state = 'applied')").await, 1);
        rotated.advance(SignedDuration::from_secs(5)).await;
        rotated.drain().await;
        payer.assert_entrusted().await;
    }
);

on_both_databases!(f19_a_forged_notification_is_counted_and_has_no_effect, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("card").await;
    let before = rejected(&app).await;
    app.fault(json!({ "match": { "op": "webhook" }, "fault": "F19" })).await;
    // The true event says that the card was declined; the forged one before it, that the money is there.
    payer.does(&page, "card", "number=4000000000000002").await;
    app.until("the true notification", async || {
        db.count("(SELECT COUNT(*) FROM gateway_notifications WHERE state = 'applied')").await == 1
    })
    .await;
    app.until("the forged one is refused", async || rejected(&app).await > before).await;
    assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 1, "nothing of it is stored");
    let books = payer.books().await;
    assert_eq!(
        (books.payment().state.as_str(), books.invoice.state.as_str()),
        ("requires_action", "pending")
    );
    assert_eq!(books.entrusted().1, 0);
    payer.pays_by_card(&page).await;
    payer.assert_entrusted().await;
});

on_both_databases!(
    /// KOMOJU's signature carries no time: what was true once may be sent again at any time, under any delivery id.
    f22_a_replayed_notification_cannot_lower_or_repeat_anything,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let payer = Payer::with_invoice(&app, &db).await;
        let page = payer.page("card").await;
        payer.does(&page, "card", "number=4111111111111111").await;
        let reference = payer.books().await.payment().merchant_reference.clone();
        let pending = at_gateway(&app, &reference).await;
        payer.does(&page, "3ds", "result=ok").await;
        payer.assert_entrusted().await;
        let (standing, captured) = (payer.books().await.standing(), at_gateway(&app, &reference).await);
        for (delivery, event, kind, data) in [
            ("d1", "e1", "payment.updated", &pending),
            ("d2", "e1", "payment.updated", &pending),
            ("d3", "e2", "payment.captured", &captured),
            ("d3", "e2", "payment.captured", &captured),
            ("d4", "e3", "payment.failed", &pending),
        ] {
            assert_eq!(notify(&app, delivery, event, kind, data).await, 200);
        }
        app.drain().await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 4, "e1, e2, e3 and the true one");
        assert_eq!(payer.books().await.standing(), standing);

        // The right signature over another amount is the gateway's word and a contradiction: never success.
        let other = Payer::with_invoice(&app, &db).await;
        other.page("card").await;
        let mut lie = captured.clone();
        lie["external_order_num"] = json!(other.books().await.payment().merchant_reference);
        lie["amount"] = json!(1);
        lie["total"] = json!(1);
        assert_eq!(notify(&app, "d5", "e4", "payment.captured", &lie).await, 200);
        app.drain().await;
        let books = other.books().await;
        assert_eq!((books.payment().state.as_str(), books.invoice.state.as_str()), ("unknown", "pending"));
        let events = books.events;
        assert_eq!(notify(&app, "d6", "e5", "payment.captured", &lie).await, 200);
        app.drain().await;
        assert_eq!(other.books().await.events, events, "one alert, however often it is heard");
    }
);

on_both_databases!(
    /// Stripe's signature carries its instant: what was overheard is worth nothing five minutes later, whatever it says.
    f21_a_signature_that_is_too_old_is_refused_and_leaves_no_trace,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
        let payer = Payer::with_invoice(&app, &db).await;
        payer.page("card").await;
        let books = payer.books().await;
        let (session, now) = (books.payment().gateway_session_id.clone().unwrap(), app.clock.now().as_second());
        let standing = books.standing();
        let lie = json!({ "id": session, "object": "checkout.session", "status": "complete", "payment_status": "paid",
            "amount_total": books.payment().amount.amount(), "currency": "jpy", "payment_method_types": ["card"],
            "client_reference_id": books.payment().merchant_reference, "payment_intent": "pi_of_a_stranger" });
        for (at, status) in [(now - 301, 401), (now + 301, 401), (now - 86_400, 401)] {
            assert_eq!(stripe_says(&app, &format!("evt_{at}"), at, &lie).await, status, "{at}");
        }
        app.drain().await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 0, "nothing is stored");
        assert_eq!(payer.books().await.standing(), standing);
        // In time the same words would be believed: it is the instant alone that is wrong.
        assert_eq!(stripe_says(&app, "evt_in_time", now - 299, &lie).await, 200);
        assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 1);
    }
);

/// Sends an event of Stripe's about a session, signed at that instant under the right secret.
async fn stripe_says(app: &TestApp, event: &str, at: i64, session: &Value) -> u16 {
    let body = json!({ "id": event, "object": "event", "type": "checkout.session.completed", "created": at,
        "data": { "object": session } })
    .to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes());
    let tag = HEXLOWER.encode(hmac::sign(&key, format!("{at}.{body}").as_bytes()).as_ref());
    app.raw(Method::POST, &format!("/v1/tenants/{AOMORI}/gateways/stripe/notifications"))
        .header("content-type", "application/json")
        .header("stripe-signature", format!("t={at},v1={tag}"))
        .body(body)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

/// The payment as the gateway shows it now.
async fn at_gateway(app: &TestApp, reference: &str) -> Value {
    let url = format!("{}/api/v1/payments?external_order_num={reference}", app.simulator);
    let request = client().get(url).basic_auth("sk_test_simulator", Some(""));
    let list: Value = request.send().await.unwrap().json().await.unwrap();
    list["data"][0].clone()
}

/// Sends a notification under the right secret.
async fn notify(app: &TestApp, delivery: &str, event: &str, kind: &str, data: &Value) -> u16 {
    let body = json!({ "id": event, "type": kind, "resource": "event", "created_at": "2026-04-01T00:00:00Z", "data": data });
    let body = body.to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"whsec_test_simulator");
    let signature = HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref());
    app.raw(Method::POST, &format!("/v1/tenants/{AOMORI}/gateways/komoju/notifications"))
        .header("content-type", "application/json")
        .header("x-komoju-id", delivery)
        .header("x-komoju-event", kind)
        .header("x-komoju-signature", signature)
        .body(body)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

/// The header of a VeriTrans notification in this merchant's name, under the right key.
pub fn veritrans_seal(merchant: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &HEXLOWER.decode(VERITRANS_KEY.as_bytes()).unwrap());
    let tag = HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref());
    format!("h=HmacSHA256;s={merchant};v={tag}")
}

/// How many notifications this process has rejected.
async fn rejected(app: &TestApp) -> u64 {
    let text = app.raw(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with("madoguchi_notifications_rejected_total{"));
    line.and_then(|line| line.rsplit(' ').next()).map_or(0, |count| count.parse().unwrap())
}
