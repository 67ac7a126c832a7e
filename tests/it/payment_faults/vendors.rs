//! The same trouble at every gateway: whatever a vendor calls it, our books and its own ledger tell one story.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::drop_at_once;
use super::payer::{self, Payer, client, notifications_arrive};
use crate::support::app::{AOMORI, TestApp, gateway_first};
use crate::support::db::{TestDb, execute};

/// One gateway, one of its methods, and what a payer does there.
struct Vendor {
    /// The merchant account.
    gateway: &'static str,
    /// Our code of the method.
    method: &'static str,
    /// The forms of the hosted page that lead to money, in order.
    acts: &'static [(&'static str, &'static str)],
    /// The call by which we ask, as faults name it.
    query: &'static str,
    /// What a checkout is called that we closed.
    closed: &'static str,
}

const CARD: &[(&str, &str)] = &[("card", "number=4111111111111111"), ("3ds", "result=ok")];

const VENDORS: [Vendor; 3] = [
    Vendor { gateway: "komoju", method: "card", acts: CARD, query: "get_session", closed: "canceled" },
    Vendor { gateway: "stripe", method: "card", acts: CARD, query: "get_session", closed: "expired" },
    Vendor {
        gateway: "paypay",
        method: "paypay",
        acts: &[("paypay", "result=ok")],
        query: "get_payment",
        closed: "canceled",
    },
];

impl Vendor {
    /// The service with this gateway in front of the others.
    async fn app(&self, db: &TestDb) -> TestApp {
        TestApp::start_with(db, |settings| gateway_first(settings, self.gateway)).await
    }

    /// The payer pays on the hosted page.
    async fn pays(&self, payer: &Payer<'_>, page: &str) {
        for (step, fields) in self.acts {
            payer.does(page, step, fields).await;
        }
    }
}

/// Lets a hint's moment come.
async fn hints_are_followed_up(app: &TestApp) {
    notifications_arrive(app).await;
    app.drain().await;
    app.advance(SignedDuration::from_secs(5)).await;
}

on_both_databases!(f01_to_f06_at_every_gateway_a_lost_answer_never_makes_two_charges, async |db: TestDb| {
    for vendor in VENDORS {
        let app = vendor.app(&db).await;
        let mut payers = Vec::new();
        for (fault, args) in [
            ("F01", drop_at_once()),
            ("F02", drop_at_once()),
            ("F03", json!({})),
            ("F04", json!({ "style": "truncated" })),
            ("F05", json!({ "status": 500 })),
            ("F06", json!({ "status": 503 })),
        ] {
            let payer = Payer::with_invoice(&app, &db).await;
            app.fault(json!({ "match": { "op": "create" }, "fault": fault, "args": args })).await;
            let payment = payer.open(vendor.method).await.expect(201);
            assert_eq!(payment["state"], "unknown", "{} {fault}", vendor.gateway);
            assert_eq!(payment["redirect_url"], Value::Null);
            assert_eq!(payer.open(vendor.method).await.problem(), "409 payment_in_progress");
            let page = payer.page_at_last(vendor.method).await;
            vendor.pays(&payer, &page).await;
            hints_are_followed_up(&app).await;
            payer.is_entrusted().await;
            payers.push(payer);
        }
        payer::assert_repetition_changes_nothing(&payers).await;
    }
});

on_both_databases!(f14_f15_f18_copies_and_silence_have_one_effect_at_every_gateway, async |db: TestDb| {
    for vendor in VENDORS {
        let app = vendor.app(&db).await;
        for fault in ["F14", "F15", "F18"] {
            let payer = Payer::with_invoice(&app, &db).await;
            let page = payer.page(vendor.method).await;
            let args = json!({ "copies": 5 });
            app.fault(json!({ "match": { "op": "webhook" }, "fault": fault, "args": args })).await;
            vendor.pays(&payer, &page).await;
            hints_are_followed_up(&app).await;
            payer.assert_entrusted().await;
        }
    }
    let stored = db.count("(SELECT COUNT(*) FROM gateway_notifications)").await;
    assert_eq!(stored, 2 * i64::try_from(VENDORS.len()).unwrap(), "one each, and none that never came");
});

on_both_databases!(f17_a_notification_that_comes_days_late_changes_nothing, async |db: TestDb| {
    for vendor in VENDORS {
        let app = vendor.app(&db).await;
        let payer = Payer::with_invoice(&app, &db).await;
        let page = payer.page(vendor.method).await;
        let args = json!({ "delay_seconds": 172_800 });
        app.fault(json!({ "match": { "op": "webhook" }, "fault": "F17", "args": args })).await;
        vendor.pays(&payer, &page).await;
        app.advance(SignedDuration::from_secs(3)).await;
        payer.is_entrusted().await;
        let standing = payer.books().await.standing();
        app.advance(SignedDuration::from_hours(49)).await;
        notifications_arrive(&app).await;
        hints_are_followed_up(&app).await;
        app.drain().await;
        assert_eq!(payer.books().await.standing(), standing, "{}", vendor.gateway);
    }
});

on_both_databases!(f16_an_older_event_of_stripe_that_comes_later_changes_nothing, async |db: TestDb| {
    let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("card").await;
    let on = json!({ "op": "webhook", "event": "payment_intent.payment_failed" });
    app.fault(json!({ "match": on, "fault": "F16" })).await;
    payer.does(&page, "card", "number=4000000000000002").await;
    payer.pays_by_card(&page).await;
    notifications_arrive(&app).await;
    payer.assert_entrusted().await;
    assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 2, "both came");
});

on_both_databases!(f19_a_forged_event_of_stripe_has_no_effect, async |db: TestDb| {
    let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("card").await;
    app.fault(json!({ "match": { "op": "webhook" }, "fault": "F19" })).await;
    // The true event says that the card was declined; the forged one before it, that the money is there.
    payer.does(&page, "card", "number=4000000000000002").await;
    app.until("the true event", async || {
        db.count("(SELECT COUNT(*) FROM gateway_notifications WHERE state = 'applied')").await == 1
    })
    .await;
    assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 1, "nothing else is stored");
    let books = payer.books().await;
    assert_eq!((books.payment().state.as_str(), books.entrusted().1), ("requires_action", 0));
});

on_both_databases!(f40_a_status_of_tomorrow_is_unknown_and_told_and_never_success, async |db: TestDb| {
    let mut alerts = 0;
    for vendor in VENDORS {
        let app = vendor.app(&db).await;
        let payer = Payer::with_invoice(&app, &db).await;
        let page = payer.page(vendor.method).await;
        app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18" })).await;
        app.fault(json!({ "match": { "op": vendor.query }, "fault": "F40" })).await;
        vendor.pays(&payer, &page).await;
        app.advance(SignedDuration::from_secs(3)).await;
        app.drain().await;
        let books = payer.books().await;
        assert_eq!(
            (books.payment().state.as_str(), books.invoice.state.as_str(), books.entrusted().1),
            ("unknown", "pending", 0),
            "{}",
            vendor.gateway
        );
        alerts += 1;
        let told = db.count("(SELECT COUNT(*) FROM events WHERE kind = 'payment_alert')").await;
        assert_eq!(told, alerts, "a person is told");
        app.advance(SignedDuration::from_secs(10)).await;
        payer.assert_entrusted().await;
    }
});

on_both_databases!(a_checkout_that_is_given_up_is_closed_at_every_gateway, async |db: TestDb| {
    for vendor in VENDORS {
        let app = vendor.app(&db).await;
        for fault in ["", "F02"] {
            let payer = Payer::with_invoice(&app, &db).await;
            let page = payer.page(vendor.method).await;
            if !fault.is_empty() {
                let on = json!({ "op": "cancel_session" });
                app.fault(json!({ "match": on, "fault": fault, "args": drop_at_once() })).await;
            }
            payer.cancel().await.expect(200);
            app.advance(SignedDuration::from_secs(100)).await;
            app.drain().await;
            assert_eq!(payer.books().await.states(), [vendor.closed], "{} {fault}", vendor.gateway);
            payer.books().await.assert_unpaid();
            let (step, fields) = vendor.acts[0];
            assert_eq!(app.at_gateway(&page, step, fields).await.0, 409, "nobody can pay in it any more");
        }
    }
});

on_both_databases!(
    /// PayPay signs nothing: whoever sends a hint, and whatever it claims, it makes us ask, once in five seconds.
    f24_a_hint_that_lies_only_makes_us_ask_and_seldom,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "paypay")).await;
        let payer = Payer::with_invoice(&app, &db).await;
        payer.page("paypay").await;
        let reference = payer.books().await.payment().merchant_reference.clone();
        // A fault that never fires counts the questions.
        app.fault(json!({ "match": { "op": "get_payment", "nth": 1_000_000 }, "fault": "F06" })).await;
        for order_id in 0..10 {
            assert_eq!(hint(&app, &reference, order_id).await, 200);
        }
        app.drain().await;
        assert_eq!(asked(&app).await, 0, "not before the next beat");
        app.advance(SignedDuration::from_secs(5)).await;
        app.drain().await;
        assert_eq!(asked(&app).await, 1);
        for order_id in 10..20 {
            assert_eq!(hint(&app, &reference, order_id).await, 200);
        }
        app.drain().await;
        assert_eq!(asked(&app).await, 1, "ten more within the same five seconds");
        let books = payer.books().await;
        assert_eq!((books.payment().state.as_str(), books.entrusted().1), ("requires_action", 0));
        assert_eq!(hint(&app, "020001-nobody", 1).await, 200);
        app.drain().await;
        let parked = "(SELECT COUNT(*) FROM gateway_notifications WHERE state = 'parked')";
        assert_eq!(db.count(parked).await, 1, "F25: kept for a person");
    }
);

on_both_databases!(a_hint_from_an_unlisted_address_is_refused, async |db: TestDb| {
    let app = TestApp::start_with(&db, |settings| {
        gateway_first(settings, "paypay");
        for gateway in &mut settings.gateways {
            gateway.notification_sources = vec!["192.0.2.0/24".to_owned()];
        }
    })
    .await;
    assert_eq!(hint(&app, "020001-x", 1).await, 401);
    assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 0);
});

on_both_databases!(a_paypay_code_that_lapses_frees_its_invoice, async |db: TestDb| {
    let app = TestApp::start_with(&db, |settings| gateway_first(settings, "paypay")).await;
    let payer = Payer::with_invoice(&app, &db).await;
    payer.page("paypay").await;
    app.advance(SignedDuration::from_secs(301)).await;
    app.drain().await;
    assert_eq!(payer.books().await.states(), ["expired"], "PayPay itself still says CREATED");
    let page = payer.page("paypay").await;
    payer.does(&page, "paypay", "result=insufficient").await;
    payer.does(&page, "paypay", "result=ok").await;
    hints_are_followed_up(&app).await;
    payer.assert_entrusted().await;
});

on_both_databases!(
    /// A code was seen, its address never, and the call that opened it was given up: PayPay shows it as open until it forgets
    /// it, so it is called off as long as it is there, and over when it is not.
    a_code_that_nobody_can_reach_does_not_hold_its_invoice,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "paypay")).await;
        for (later, end) in [(SignedDuration::from_mins(6), "canceled"), (SignedDuration::from_hours(25), "expired")] {
            let payer = Payer::with_invoice(&app, &db).await;
            payer.page("paypay").await;
            execute(&db.settings.url, "UPDATE gateway_operations SET state = 'abandoned' WHERE kind = 'create_checkout'");
            let lost = "UPDATE payments SET redirect_url = NULL, gateway_session_id = NULL, expires_at = NULL \
                        WHERE state = 'requires_action'";
            execute(&db.settings.url, lost);
            app.advance(later).await;
            for _ in 0..4 {
                app.drain().await;
                app.advance(SignedDuration::from_mins(2)).await;
            }
            assert_eq!(payer.books().await.states(), [end]);
            payer.books().await.assert_unpaid();
        }
    }
);

on_both_databases!(a_konbini_slip_of_stripe_is_issued_and_paid_later, async |db: TestDb| {
    let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
    for webhook in ["comes", "never comes"] {
        let payer = Payer::with_invoice(&app, &db).await;
        let page = payer.page("konbini").await;
        payer.does(&page, "konbini", "").await;
        app.until("the slip is issued", async || payer.books().await.states() == ["awaiting_payment"]).await;
        assert_eq!(payer.books().await.invoice.entrusted_on, None, "a slip is no money");
        if webhook == "never comes" {
            app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18" })).await;
        }
        payer.does(&page, "konbini/pay", "").await;
        if webhook == "never comes" {
            app.advance(SignedDuration::from_hours(1)).await;
        }
        payer.assert_entrusted().await;
    }
});

/// Sends a hint that lies about the amount; gives the status of the answer.
async fn hint(app: &TestApp, reference: &str, order_id: u32) -> u16 {
    let body = json!({
        "notification_type": "Transaction", "merchant_id": "", "store_id": "", "order_id": order_id.to_string(),
        "merchant_order_id": reference, "state": "COMPLETED", "paid_at": "2026-04-01T00:00:00Z", "order_amount": "1",
    });
    let request = app.raw(Method::POST, &format!("/v1/tenants/{AOMORI}/gateways/paypay/notifications"));
    request.json(&body).send().await.unwrap().status().as_u16()
}

/// How often we asked about a payment since the counting fault was armed.
async fn asked(app: &TestApp) -> u64 {
    let url = format!("{}/_sim/faults", app.simulator);
    let armed: Value = client().get(url).send().await.unwrap().json().await.unwrap();
    armed["items"][0]["seen"].as_u64().unwrap()
}
