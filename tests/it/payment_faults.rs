//! What can go wrong between us and a gateway: afterwards our books and the gateway's own ledger tell one story.

mod first_wins;
pub mod payer;
mod slow_and_stale;
mod vendors;
mod veritrans;
mod webhooks;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use madoguchi::clock::{IdGen, SystemIds};
use serde_json::json;
use uuid::Uuid;

use self::payer::Payer;
use crate::support::app::TestApp;
use crate::support::db::TestDb;

/// Randomness of the system whose jitter never draws a wait of nothing, so that no second try follows within one drain.
#[derive(Default)]
struct NeverAtOnce(SystemIds);

impl IdGen for NeverAtOnce {
    fn uuid(&self, at: Timestamp) -> Uuid {
        self.0.uuid(at)
    }

    fn fill(&self, bytes: &mut [u8]) {
        match <&mut [u8; 8]>::try_from(&mut *bytes) {
            Ok(jitter) => *jitter = 999_u64.to_le_bytes(),
            Err(_) => self.0.fill(bytes),
        }
    }
}

/// Silence without a long wait: the connection is dropped.
fn drop_at_once() -> serde_json::Value {
    json!({ "hold_ms": 0, "end": "drop" })
}

on_both_databases!(f01_to_f06_a_checkout_whose_answer_is_lost_is_never_opened_twice, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut payers = Vec::new();
    for (fault, args) in [
        ("F01", drop_at_once()),
        ("F02", drop_at_once()),
        ("F02", json!({ "hold_ms": 0 })),
        ("F04", json!({ "style": "truncated" })),
        ("F04", json!({ "style": "html" })),
        ("F06", json!({ "status": 503 })),
    ] {
        let payer = Payer::with_invoice(&app, &db).await;
        app.fault(json!({ "match": { "op": "create" }, "fault": fault, "args": args })).await;
        let payment = payer.open("card").await.expect(201);
        assert_eq!(payment["state"], "unknown", "{fault}: neither success nor failure");
        assert_eq!(payment["redirect_url"], serde_json::Value::Null);
        assert_eq!(payer.open("card").await.problem(), "409 payment_in_progress");
        let page = payer.page_after_healing().await;
        payer.pays_by_card(&page).await;
        payer.is_entrusted().await;
        payers.push(payer);
    }
    payer::assert_repetition_changes_nothing(&payers).await;
});

on_both_databases!(
    /// The call takes longer than its lease: the next holder asks and sends the same key while the first is still at it.
    f11_an_answer_that_comes_after_its_lease_was_lost_is_discarded_and_found_again,
    async |db: TestDb| {
        let app = TestApp::start_drawing_from(&db, Arc::new(NeverAtOnce::default())).await;
        let payer = Payer::with_invoice(&app, &db).await;
        app.fault(json!({ "match": { "op": "create" }, "fault": "F11", "args": { "hold_ms": 800 } })).await;
        let (opened, ()) = tokio::join!(payer.open("card"), async {
            payer::fault_has_hit(&app).await;
            app.advance(SignedDuration::from_secs(91)).await;
            app.drain().await;
        });
        opened.expect(201);
        assert_eq!(db.count("(SELECT MAX(lease_no) FROM gateway_operations)").await, 2, "the lease was lost");
        let page = payer.page_after_healing().await;
        payer.pays_by_card(&page).await;
        payer.assert_entrusted().await;
    }
);

on_both_databases!(
    /// A refusal speaks of its own attempt: the one before may have opened a checkout, so only time and a question decide.
    a_refusal_after_an_attempt_of_unknown_outcome_is_no_failure_yet,
    async |db: TestDb| {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = TestApp::start_with(&db, |settings| payer::point_at(settings, address)).await;
        let sent = payer::silent_then_refusing(listener);
        let payer = Payer::with_invoice(&app, &db).await;
        assert_eq!(payer.open("card").await.expect(201)["state"], "unknown");
        app.advance(SignedDuration::from_secs(5)).await;
        app.drain().await;
        assert_eq!(sent.load(std::sync::atomic::Ordering::SeqCst), 2, "sent again, and refused");
        assert_eq!(payer.books().await.states(), ["unknown"]);
        app.advance(SignedDuration::from_mins(11)).await;
        app.drain().await;
        assert_eq!(payer.books().await.states(), ["failed"]);
        payer.books().await.assert_unpaid();
        assert_eq!(sent.load(std::sync::atomic::Ordering::SeqCst), 2, "what was refused is not sent again");
    }
);

on_both_databases!(a_gateway_that_is_down_is_tried_until_it_is_there, async |db: TestDb| {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let app = TestApp::start_with(&db, |settings| payer::point_at(settings, address)).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let payment = payer.open("card").await.expect(201);
    assert_eq!(payment["state"], "submitting", "nothing was sent");
    app.advance(SignedDuration::from_secs(40)).await;
    app.drain().await;
    assert_eq!(payer.open("card").await.problem(), "409 payment_in_progress");
    assert_eq!(payer.books().await.payments.len(), 1);

    payer::forward(address, &app.simulator).await;
    let page = payer.page_after_healing().await;
    payer.pays_by_card(&page).await;
    payer.assert_entrusted().await;
});

on_both_databases!(
    /// The gateway never answers: after the last try and the guard the payment is failed, and the invoice is free again.
    a_payment_given_up_frees_its_invoice_and_late_money_is_still_taken_in,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let payer = Payer::with_invoice(&app, &db).await;
        let args = json!({ "hold_ms": 0, "end": "drop", "times": 6 });
        app.fault(json!({ "match": { "op": "create" }, "fault": "F02", "args": args })).await;
        let first = payer.open("card").await.expect(201);
        let id = first["id"].as_str().unwrap();
        for _ in 0..6 {
            app.advance(SignedDuration::from_secs(95)).await;
            app.drain().await;
        }
        assert_eq!(payer.state_of(id).await, "unknown", "the guard has not passed");
        app.advance(SignedDuration::from_mins(11)).await;
        app.drain().await;
        assert_eq!(payer.state_of(id).await, "failed");
        payer.books().await.assert_unpaid();

        // The checkout was there all the time, and its notification is lost too.
        let session = app.truth(&payer.books().await.payments[0].merchant_reference).await;
        let page = format!("{}/hosted/{}", app.simulator, session["session_id"].as_str().unwrap());
        app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18" })).await;
        payer.pays_by_card(&page).await;
        app.drain().await;
        payer.books().await.assert_unpaid();
        app.advance(SignedDuration::from_hours(24)).await;
        payer.assert_entrusted().await;
    }
);

on_both_databases!(
    /// Both the checkout that was given up and the one after it are paid: one settles the claim, one is too much.
    money_that_comes_twice_is_booked_once_as_the_fee_and_once_as_too_much,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let payer = Payer::with_invoice(&app, &db).await;
        let args = json!({ "hold_ms": 0, "end": "drop", "times": 6 });
        app.fault(json!({ "match": { "op": "create" }, "fault": "F02", "args": args })).await;
        payer.open("card").await.expect(201);
        for minutes in [2, 2, 2, 2, 2, 2, 11, 11] {
            app.advance(SignedDuration::from_mins(minutes)).await;
            app.drain().await;
        }
        payer.books().await.assert_unpaid();
        payer::disarm(&app).await;
        payer.sign_in_again().await;
        let second = payer.open("card").await.expect(201);
        payer.pays_by_card(second["redirect_url"].as_str().unwrap()).await;
        payer.assert_entrusted().await;

        let first = app.truth(&payer.books().await.payments[0].merchant_reference).await;
        let page = format!("{}/hosted/{}", app.simulator, first["session_id"].as_str().unwrap());
        payer.pays_by_card(&page).await;
        app.until("the late money is seen", async || payer.books().await.states() == ["captured", "captured"]).await;
        let books = payer.books().await;
        assert_eq!(books.invoice.state, "overpaid");
        assert_eq!(books.entrusted(), (books.invoice.total.plus(books.invoice.total).unwrap(), 2));
        payer.assert_agreement_and_repetition().await;
    }
);

on_both_databases!(the_payer_can_pay_with_e_money, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("nanaco").await;
    payer.does(&page, "nanaco", "result=insufficient").await;
    app.drain().await;
    assert_eq!(payer.books().await.payment().state, "requires_action");
    payer.does(&page, "nanaco", "result=ok").await;
    payer.assert_entrusted().await;
});

on_both_databases!(an_attempt_that_fails_is_not_the_end_of_the_payment, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("card").await;
    payer.does(&page, "card", "number=4000000000000002").await;
    payer.does(&page, "card", "number=4111111111111111").await;
    payer.does(&page, "3ds", "result=fail").await;
    payer.does(&page, "card", "number=4111111111111111").await;
    payer.does(&page, "3ds", "result=abandon").await;
    payer::notifications_arrive(&app).await;
    app.advance(SignedDuration::from_secs(5)).await;
    app.drain().await;
    let books = payer.books().await;
    assert_eq!(
        (books.payment().state.as_str(), books.invoice.state.as_str()),
        ("requires_action", "pending")
    );
    payer.pays_by_card(&page).await;
    payer.assert_entrusted().await;
});

on_both_databases!(a_payer_who_gives_up_at_the_gateway_can_pay_anew, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("card").await;
    payer.does(&page, "cancel", "").await;
    app.advance(SignedDuration::from_secs(5)).await;
    app.drain().await;
    let books = payer.books().await;
    assert_eq!(books.states(), ["canceled"]);
    books.assert_unpaid();
    payer.assert_agreement_and_repetition().await;
    let page = payer.page("nanaco").await;
    payer.does(&page, "nanaco", "result=ok").await;
    payer.assert_entrusted().await;
    assert_eq!(payer.books().await.states(), ["canceled", "captured"]);
});

on_both_databases!(a_checkout_that_lapses_frees_its_invoice, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("card").await;
    app.advance(SignedDuration::from_secs(3_600 + 301)).await;
    app.drain().await;
    let books = payer.books().await;
    assert_eq!(books.states(), ["expired"]);
    books.assert_unpaid();
    let (status, _) = app.at_gateway(&page, "card", "number=4242424242424242").await;
    assert_eq!(status, 409, "nobody can pay in it any more");
    payer.sign_in_again().await;
    let page = payer.page("card").await;
    payer.pays_by_card(&page).await;
    payer.assert_entrusted().await;
    assert_eq!(payer.books().await.states(), ["expired", "captured"]);
});

on_both_databases!(
    a_cancelled_payment_is_closed_at_the_gateway_whatever_became_of_the_answer,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut payers = Vec::new();
        for fault in ["", "F01", "F02", "F04"] {
            let payer = Payer::with_invoice(&app, &db).await;
            let page = payer.page("card").await;
            if !fault.is_empty() {
                let on = json!({ "op": "cancel_session" });
                app.fault(json!({ "match": on, "fault": fault, "args": drop_at_once() })).await;
            }
            payer.cancel().await.expect(200);
            app.advance(SignedDuration::from_secs(2)).await;
            app.drain().await;
            assert_eq!(payer.books().await.states(), ["canceled"], "{fault}");
            payer.books().await.assert_unpaid();
            let (status, _) = app.at_gateway(&page, "card", "number=4242424242424242").await;
            assert_eq!(status, 409);
            assert_eq!(payer.cancel().await.problem(), "409 payment_not_cancelable");
            let page = payer.page("nanaco").await;
            payer.does(&page, "nanaco", "result=ok").await;
            payer.is_entrusted().await;
            payers.push(payer);
        }
        payer::assert_repetition_changes_nothing(&payers).await;
    }
);

on_both_databases!(a_slip_can_be_cancelled_and_cannot_be_paid_then, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("konbini").await;
    payer.does(&page, "konbini", "").await;
    app.until("the slip is issued", async || payer.books().await.states() == ["awaiting_payment"]).await;
    payer.cancel().await.expect(200);
    app.drain().await;
    assert_eq!(payer.books().await.states(), ["canceled"]);
    assert_eq!(app.at_gateway(&page, "konbini/pay", "").await.0, 409);
    payer.assert_agreement_and_repetition().await;
});

on_both_databases!(a_payment_that_was_made_cannot_be_cancelled, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let page = payer.page("card").await;
    app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18" })).await;
    payer.pays_by_card(&page).await;
    payer.cancel().await.expect(200);
    // No notification and no time passes: the refusal itself makes us ask.
    payer.assert_entrusted().await;
});
