//! E-money through VeriTrans: whatever becomes of an answer or a notification, our books and the gateway tell one story.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::drop_at_once;
use super::payer::{self, Payer, notifications_arrive};
use super::webhooks::veritrans_seal;
use crate::support::app::{AOMORI, TestApp, VERITRANS_CCID};
use crate::support::db::TestDb;

const PROCEDURE: &str = "kikenbutsu-menjo";

/// The service with VeriTrans as its only gateway.
async fn start(db: &TestDb) -> TestApp {
    TestApp::start_with(db, |settings| {
        for gateway in &mut settings.gateways {
            gateway.enabled = gateway.name == "veritrans";
        }
    })
    .await
}

async fn resident<'a>(app: &'a TestApp, db: &'a TestDb) -> Payer<'a> {
    Payer::owing(app, db, PROCEDURE, "resident").await
}

/// The page behind the link of the invitation of the youngest payment.
async fn invited(app: &TestApp, payer: &Payer<'_>) -> String {
    let reference = payer.books().await.payments.last().unwrap().merchant_reference.clone();
    let order = app.truth(&reference).await;
    format!("{}/hosted/{}", app.simulator, order["session_id"].as_str().unwrap())
}

async fn becomes(app: &TestApp, payer: &Payer<'_>, states: &[&str]) {
    for _ in 0..20 {
        app.advance(SignedDuration::from_secs(10)).await;
        app.drain().await;
        if payer.books().await.states() == states {
            return;
        }
    }
    panic!("{:?} never became {states:?}", payer.books().await.states());
}

on_both_databases!(f01_to_f06_an_order_whose_answer_is_lost_is_never_paid_twice, async |db: TestDb| {
    let app = start(&db).await;
    let mut payers = Vec::new();
    for (fault, args, ordered) in [
        ("F01", drop_at_once(), false),
        ("F02", drop_at_once(), true),
        ("F02", json!({ "hold_ms": 0 }), true),
        ("F04", json!({ "style": "truncated" }), true),
        ("F04", json!({ "style": "html" }), true),
        ("F05", json!({ "status": 502 }), true),
        ("F06", json!({ "status": 503 }), false),
    ] {
        let payer = resident(&app, &db).await;
        app.fault(json!({ "match": { "op": "create" }, "fault": fault, "args": args })).await;
        let payment = payer.open("nanaco").await.expect(201);
        assert_eq!(payment["state"], "unknown", "{fault}: neither success nor failure");
        assert_eq!(payer.open("nanaco").await.problem(), "409 payment_in_progress");
        let page = if ordered {
            // The order is there, and the address of its page is lost: nobody was sent there, so the payer begins anew.
            becomes(&app, &payer, &["failed"]).await;
            payer.page("nanaco").await
        } else {
            payer.page_after_healing().await
        };
        payer.does(&page, "nanaco", "result=ok").await;
        payer.is_entrusted().await;
        payers.push(payer);
    }
    payer::assert_repetition_changes_nothing(&payers).await;
});

on_both_databases!(nanaco_is_paid_on_the_page_the_payer_is_sent_to, async |db: TestDb| {
    let app = start(&db).await;
    let payer = resident(&app, &db).await;
    let page = payer.page("nanaco").await;
    payer.does(&page, "nanaco", "result=insufficient").await;
    app.drain().await;
    assert_eq!(payer.books().await.payment().state, "requires_action");
    payer.does(&page, "nanaco", "result=ok").await;
    payer.assert_entrusted().await;
    assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications WHERE state = 'applied')").await, 1);
});

on_both_databases!(suica_is_paid_by_the_link_of_an_invitation, async |db: TestDb| {
    let app = start(&db).await;
    let payer = resident(&app, &db).await;
    let payment = payer.open("suica").await.expect(201);
    assert_eq!((&payment["state"], &payment["redirect_url"]), (&json!("awaiting_payment"), &json!(null)));
    assert_eq!(payment["expires_at"], "2026-04-04T00:00:00Z", "three days, as the invitation says");
    let page = invited(&app, &payer).await;
    payer.does(&page, "suica", "result=ok").await;
    payer.assert_entrusted().await;
});

on_both_databases!(f02_an_invitation_whose_answer_is_lost_still_stands, async |db: TestDb| {
    let app = start(&db).await;
    let payer = resident(&app, &db).await;
    app.fault(json!({ "match": { "op": "create" }, "fault": "F02", "args": drop_at_once() })).await;
    assert_eq!(payer.open("suica").await.expect(201)["state"], "unknown");
    becomes(&app, &payer, &["awaiting_payment"]).await;
    let page = invited(&app, &payer).await;
    payer.does(&page, "suica", "result=ok").await;
    payer.assert_entrusted().await;
});

on_both_databases!(f07_an_order_that_the_vendor_holds_is_asked_about, async |db: TestDb| {
    let app = start(&db).await;
    let payer = resident(&app, &db).await;
    app.fault(json!({ "match": { "op": "create" }, "fault": "F07" })).await;
    assert_eq!(payer.open("suica").await.expect(201)["state"], "unknown");
    becomes(&app, &payer, &["awaiting_payment"]).await;
    let page = invited(&app, &payer).await;
    payer.does(&page, "suica", "result=ok").await;
    payer.assert_entrusted().await;
});

on_both_databases!(f18_a_lost_notification_is_made_up_for_by_asking, async |db: TestDb| {
    let app = start(&db).await;
    for (method, wait) in [("nanaco", SignedDuration::from_secs(5)), ("suica", SignedDuration::from_hours(1))]
    {
        let payer = resident(&app, &db).await;
        payer.open(method).await.expect(201);
        app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18" })).await;
        let page = invited(&app, &payer).await;
        payer.does(&page, method, "result=ok").await;
        app.drain().await;
        assert_eq!(payer.books().await.invoice.state, "pending", "{method}");
        app.advance(wait).await;
        payer.is_entrusted().await;
    }
    assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_notifications)").await, 0);
});

on_both_databases!(f14_to_f20_copies_and_forgeries_of_a_notification_have_no_effect, async |db: TestDb| {
    let app = start(&db).await;
    let mut payers = Vec::new();
    for fault in ["F14", "F15", "F19", "F20"] {
        let payer = resident(&app, &db).await;
        let page = payer.page("nanaco").await;
        app.fault(json!({ "match": { "op": "webhook" }, "fault": fault, "args": { "copies": 5 } })).await;
        payer.does(&page, "nanaco", "result=ok").await;
        // A forger has no answer of success and tries again and again; only the true one counts.
        app.until("the true notification", async || {
            db.count("(SELECT COUNT(*) FROM gateway_notifications WHERE state = 'applied')").await
                == i64::try_from(payers.len()).unwrap() + 1
        })
        .await;
        payer.is_entrusted().await;
        payers.push(payer);
    }
    assert_eq!(
        db.count("(SELECT COUNT(*) FROM gateway_notifications)").await,
        4,
        "one a payment, and nothing forged"
    );
    payer::assert_repetition_changes_nothing(&payers).await;
});

on_both_databases!(a_notification_proves_nothing_but_that_we_should_ask, async |db: TestDb| {
    let app = start(&db).await;
    let payer = resident(&app, &db).await;
    payer.page("nanaco").await;
    let reference = payer.books().await.payment().merchant_reference.clone();
    let body = format!(
        "numberOfNotify=1&pushTime=20260401090000&pushId=9&orderId0000={reference}&mstatus0000=success"
    );
    let forged = format!("h=HmacSHA256;s={VERITRANS_CCID};v=00ff");
    assert_eq!(notify(&app, &forged, &body).await, 401);
    assert_eq!(notify(&app, &veritrans_seal("A9", &body), &body).await, 401);
    let seal = veritrans_seal(VERITRANS_CCID, &body);
    assert_eq!(notify(&app, &seal, &body).await, 200, "the right seal over the lie that it is paid");
    notifications_arrive(&app).await;
    app.drain().await;
    let books = payer.books().await;
    assert_eq!(
        (books.payment().state.as_str(), books.invoice.state.as_str()),
        ("requires_action", "pending")
    );
    assert_eq!(books.entrusted().1, 0);
});

/// Sends a notification to the gateway's address.
async fn notify(app: &TestApp, seal: &str, body: &str) -> u16 {
    let request = app.raw(Method::POST, &format!("/v1/tenants/{AOMORI}/gateways/veritrans/notifications"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.header("content-hmac", seal).body(body.to_owned()).send().await.unwrap().status().as_u16()
}

on_both_databases!(an_order_is_called_off_where_the_brand_can_and_lapses_otherwise, async |db: TestDb| {
    let app = start(&db).await;
    let payer = resident(&app, &db).await;
    payer.open("suica").await.expect(201);
    let page = invited(&app, &payer).await;
    payer.cancel().await.expect(200);
    app.drain().await;
    assert_eq!(payer.books().await.states(), ["canceled"]);
    assert_eq!(app.at_gateway(&page, "suica", "result=ok").await.0, 409, "nobody can pay by it any more");

    let page = payer.page("edy").await;
    assert_eq!(payer.cancel().await.problem(), "409 payment_not_cancelable", "Edy has no cancellation");
    payer.does(&page, "edy", "result=ok").await;
    payer.assert_entrusted().await;

    let waon = resident(&app, &db).await;
    assert_eq!(waon.open("waon").await.expect(201)["state"], "awaiting_payment");
    app.advance(SignedDuration::from_secs(3 * 86_400 + 301)).await;
    app.drain().await;
    assert_eq!(waon.books().await.states(), ["expired"]);
    waon.books().await.assert_unpaid();
});

on_both_databases!(
    /// Edy and nanaco take no limit, and Edy cannot be called off: without an end of ours the invoice could never be paid.
    a_page_without_a_limit_that_nobody_pays_at_frees_its_invoice_after_a_day,
    async |db: TestDb| {
        let app = start(&db).await;
        let payer = resident(&app, &db).await;
        let page = payer.page("edy").await;
        app.advance(SignedDuration::from_hours(23)).await;
        app.drain().await;
        assert_eq!(payer.books().await.states(), ["requires_action"]);
        app.advance(SignedDuration::from_hours(2)).await;
        app.drain().await;
        assert_eq!(payer.books().await.states(), ["expired"]);
        payer.books().await.assert_unpaid();
        payer.sign_in_again().await;
        let second = payer.page("nanaco").await;
        payer.does(&second, "nanaco", "result=ok").await;
        payer.is_entrusted().await;
        payer.does(&page, "edy", "result=ok").await;
        app.until("the late money is seen", async || payer.books().await.states() == ["captured", "captured"]).await;
        assert_eq!(payer.books().await.invoice.state, "overpaid", "late, not lost");
    }
);
