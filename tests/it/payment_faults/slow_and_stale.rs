//! Gateways that answer too slowly, too late or with what was true before, and keys that nobody remembers any more.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::payer::{Payer, client, notifications_arrive};
use crate::refunds::desk::{Desk, FEE};
use crate::support::app::{TestApp, gateway_first};
use crate::support::db::TestDb;

/// What the gateway's own ledger knows under a reference: one line a checkout.
async fn checkouts(app: &TestApp, reference: &str) -> usize {
    let url = format!("{}/_sim/ledger?external_order_num={reference}", app.simulator);
    let ledger: Value = client().get(url).send().await.unwrap().json().await.unwrap();
    ledger["orders"].as_array().unwrap().len()
}

/// How often each armed fault has hit, in the order of arming.
async fn hits(app: &TestApp) -> Vec<u64> {
    let url = format!("{}/_sim/faults", app.simulator);
    let armed: Value = client().get(url).send().await.unwrap().json().await.unwrap();
    armed["items"].as_array().unwrap().iter().map(|item| item["fired"].as_u64().unwrap()).collect()
}

on_both_databases!(
    /// The answer is lost and nobody is there for a day. Stripe minds no reference: sent again, the key would open a second
    /// checkout, and the payer could pay in both.
    f09_a_key_that_the_gateway_has_forgotten_is_never_sent_again,
    async |db: TestDb| {
        for gateway in ["stripe", "komoju"] {
            let app = TestApp::start_with(&db, |settings| gateway_first(settings, gateway)).await;
            let payer = Payer::with_invoice(&app, &db).await;
            app.fault(json!({ "match": { "op": "create" }, "fault": "F09" })).await;
            assert_eq!(payer.open("card").await.expect(201)["state"], "unknown", "{gateway}");
            assert_eq!(hits(&app).await, [0], "nothing is forgotten yet");
            app.advance(SignedDuration::from_hours(25)).await;
            app.drain().await;
            let books = payer.books().await;
            assert_eq!(books.states(), ["failed"], "{gateway}");
            books.assert_unpaid();
            let reference = &books.payment().merchant_reference;
            assert_eq!(checkouts(&app, reference).await, 1, "{gateway}: as many as were opened before");
            assert_eq!(hits(&app).await, [1], "{gateway}: the key was forgotten unasked");
            payer.sign_in_again().await;
            let page = payer.page("card").await;
            payer.pays_by_card(&page).await;
            payer.assert_entrusted().await;
        }
    }
);

on_both_databases!(
    /// Within its day the same key gives the same checkout, and the fault has not happened.
    f09_a_lost_answer_that_is_asked_for_in_time_is_found,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
        let payer = Payer::with_invoice(&app, &db).await;
        app.fault(json!({ "match": { "op": "create" }, "fault": "F09" })).await;
        payer.open("card").await.expect(201);
        let page = payer.page_after_healing().await;
        payer.pays_by_card(&page).await;
        payer.assert_entrusted().await;
        app.advance(SignedDuration::from_hours(25)).await;
        let reference = payer.books().await.payment().merchant_reference.clone();
        assert_eq!((checkouts(&app, &reference).await, hits(&app).await), (1, vec![0]));
    }
);

on_both_databases!(f10_an_answer_that_drips_is_not_waited_for_and_found_by_asking, async |db: TestDb| {
    for gateway in ["komoju", "stripe"] {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, gateway)).await;
        let payer = Payer::with_invoice(&app, &db).await;
        app.fault(json!({ "match": { "op": "create" }, "fault": "F10" })).await;
        let began = std::time::Instant::now();
        assert_eq!(payer.open("card").await.expect(201)["state"], "unknown", "{gateway}");
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "each byte is no sign of life");
        let page = payer.page_after_healing().await;
        payer.pays_by_card(&page).await;
        payer.is_entrusted().await;
        let reference = payer.books().await.payment().merchant_reference.clone();
        assert_eq!(checkouts(&app, &reference).await, 1, "{gateway}");
    }
});

on_both_databases!(
    /// Counters never fall: the gateway has told that the money is there, and a query shows how it was before.
    f13_a_query_that_shows_an_older_state_takes_nothing_back,
    async |db: TestDb| {
        for gateway in ["komoju", "stripe"] {
            let app = TestApp::start_with(&db, |settings| gateway_first(settings, gateway)).await;
            let payer = Payer::with_invoice(&app, &db).await;
            let page = payer.page("card").await;
            app.fault(json!({ "match": { "op": "get_session" }, "fault": "F13" })).await;
            payer.pays_by_card(&page).await;
            notifications_arrive(&app).await;
            app.drain().await;
            assert_eq!(payer.books().await.invoice.state, "entrusted");
            assert_eq!(hits(&app).await, [0]);
            app.advance(SignedDuration::from_secs(3)).await;
            app.drain().await;
            assert_eq!(hits(&app).await, [1], "{gateway}: asked, and told what was true before");
            payer.assert_entrusted().await;
        }
    }
);

on_both_databases!(
    /// And what a query shows too late is found by the next one, in the state that it had.
    f13_a_query_that_lags_is_asked_again,
    async |db: TestDb| {
        for (gateway, method, query) in [("stripe", "card", "get_session"), ("paypay", "paypay", "get_payment")] {
            let app = TestApp::start_with(&db, |settings| gateway_first(settings, gateway)).await;
            let payer = Payer::with_invoice(&app, &db).await;
            let page = payer.page(method).await;
            app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18", "args": { "times": 9 } })).await;
            app.fault(json!({ "match": { "op": query }, "fault": "F13" })).await;
            match method {
                "card" => payer.pays_by_card(&page).await,
                _ => payer.does(&page, method, "result=ok").await,
            }
            app.advance(SignedDuration::from_secs(3)).await;
            app.drain().await;
            assert_eq!(hits(&app).await, [1, 1], "{gateway}");
            assert_eq!(payer.books().await.states(), ["requires_action"], "{gateway}: nobody has said otherwise");
            app.advance(SignedDuration::from_secs(10)).await;
            payer.assert_entrusted().await;
        }
    }
);

on_both_databases!(
    /// PayPay: not so soon after another one. It is made when the minute is over, once, under the same id.
    f27_a_refund_that_comes_too_soon_waits_and_is_made_once,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "paypay")).await;
        let desk = Desk::open(&app, &db).await;
        let paid = paid_by_paypay(&app, &desk).await;
        app.fault(json!({ "match": { "op": "refund" }, "fault": "F27" })).await;
        let asked = paid.refunded(5_000, FEE).await;
        assert_ne!(asked["state"], "failed", "the gateway only asks for patience: {asked}");
        assert_eq!((hits(&app).await, paid.truth().await), (vec![1], 0));
        paid.heals_to("succeeded").await;
        assert_eq!((paid.truth().await, paid.available().await), (5_000, FEE - 5_000));
    }
);

on_both_databases!(
    f27_a_refund_that_the_method_cannot_make_fails_and_can_be_paid_out_by_hand,
    async |db: TestDb| {
        for (gateway, email) in [("komoju", "k"), ("stripe", "s")] {
            let app = TestApp::start_with(&db, |settings| gateway_first(settings, gateway)).await;
            let desk = Desk::open_as(&app, &db, email).await;
            let paid = desk.paid("card").await;
            app.fault(json!({ "match": { "op": "refund" }, "fault": "F27" })).await;
            assert_eq!(paid.refunded(FEE, FEE).await["state"], "failed", "{gateway}");
            assert_eq!((paid.available().await, paid.truth().await), (FEE, 0), "{gateway}");
            let by_hand = json!({ "amount": FEE, "refund_amount_available": FEE, "route": "bank_transfer" });
            let asked = paid.ask_with(&desk.accountant, by_hand).await.expect(201);
            assert_eq!(paid.decide(&desk.chief, &asked, "approve").await.expect(200)["state"], "payout_due");
            assert_eq!(paid.truth().await, 0, "{gateway}");
        }
    }
);

on_both_databases!(
    /// A refund that is told of in a word that nobody knows is unknown and shown to people; it holds its headroom, and counts as gone
    /// only once its gateway says so in a word that is known.
    f40_a_refund_of_a_status_of_tomorrow_is_unknown_and_told_and_never_success,
    async |db: TestDb| {
        let told = "(SELECT COUNT(*) FROM payment_alerts WHERE found = 'refund:a_status_of_tomorrow')";
        for (gateway, email, alerts) in [("stripe", "s", 1), ("paypay", "p", 2)] {
            let app = TestApp::start_with(&db, |settings| gateway_first(settings, gateway)).await;
            let desk = Desk::open_as(&app, &db, email).await;
            let paid = match gateway {
                "paypay" => paid_by_paypay(&app, &desk).await,
                _ => desk.paid("card").await,
            };
            app.fault(json!({ "match": { "op": "refund" }, "fault": "F40" })).await;
            assert_eq!(paid.refunded(5_000, FEE).await["state"], "unknown", "{gateway}");
            assert_eq!(db.count(told).await, alerts, "{gateway}: a person is told, once");
            assert_eq!((paid.standing().await.2, paid.available().await), (0, FEE - 5_000), "{gateway}");
            assert_eq!(paid.truth().await, 5_000, "{gateway}: it was made");
            paid.heals_to("succeeded").await;
            let standing = ("partially_refunded".to_owned(), "partially_refunded".to_owned(), 5_000);
            assert_eq!(paid.standing().await, standing, "{gateway}");
            assert_eq!(db.count(told).await, alerts, "{gateway}");
        }
    }
);

on_both_databases!(
    /// PayPay shows no single refund. The request is lost, and the question about it is answered in a word that nobody knows: that
    /// neither ends the refund nor stands for it, and it is made once in the end.
    f40_a_question_about_a_refund_that_is_answered_in_a_strange_word_neither_ends_nor_makes_it,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "paypay")).await;
        let desk = Desk::open(&app, &db).await;
        let paid = paid_by_paypay(&app, &desk).await;
        let lost = json!({ "hold_ms": 0, "end": "drop" });
        app.fault(json!({ "match": { "op": "refund" }, "fault": "F01", "args": lost })).await;
        app.fault(json!({ "match": { "op": "get_payment" }, "fault": "F40" })).await;
        assert_eq!(paid.refunded(5_000, FEE).await["state"], "unknown");
        assert_eq!(paid.truth().await, 0);
        paid.heals_to("succeeded").await;
        assert_eq!(hits(&app).await, [1, 1]);
        assert_eq!((paid.truth().await, paid.standing().await.2), (5_000, 5_000));
        let told = "(SELECT COUNT(*) FROM payment_alerts WHERE found = 'a_status_of_tomorrow')";
        assert_eq!(db.count(told).await, 1, "a person is told");
    }
);

on_both_databases!(
    /// PayPay minds a clock that is two minutes off: nothing was done, and the payer can begin anew once it is right.
    f38_a_clock_that_is_off_is_refused_and_costs_nothing,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "paypay")).await;
        let payer = Payer::with_invoice(&app, &db).await;
        app.fault(json!({ "match": { "op": "create" }, "fault": "F38" })).await;
        let refused = payer.open("paypay").await.expect(201);
        assert_eq!((refused["state"].as_str(), hits(&app).await), (Some("failed"), vec![1]));
        let reference = payer.books().await.payment().merchant_reference.clone();
        assert_eq!(checkouts(&app, &reference).await, 0);
        let page = payer.page("paypay").await;
        app.fault(json!({ "match": { "op": "get_payment" }, "fault": "F38" })).await;
        payer.does(&page, "paypay", "result=ok").await;
        notifications_arrive(&app).await;
        for _ in 0..3 {
            app.drain().await;
            app.advance(SignedDuration::from_secs(5)).await;
        }
        assert_eq!(hits(&app).await, [1, 1], "a question that is refused is asked again");
        payer.assert_entrusted().await;
    }
);

on_both_databases!(
    /// The answer with the address is lost, and so is every call that closes the code: nobody can pay in it, and nobody but us
    /// can call it off. It is called off anew under a key of its own, or the invoice would wait for ever.
    f09_a_code_that_nobody_can_reach_is_called_off_even_when_its_close_was_given_up,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "paypay")).await;
        let payer = Payer::with_invoice(&app, &db).await;
        let lost = json!({ "hold_ms": 0, "end": "drop" });
        app.fault(json!({ "match": { "op": "create" }, "fault": "F02", "args": lost })).await;
        let lost = json!({ "hold_ms": 0, "end": "drop", "times": 6 });
        app.fault(json!({ "match": { "op": "cancel" }, "fault": "F01", "args": lost })).await;
        assert_eq!(payer.open("paypay").await.expect(201)["state"], "unknown");
        let page = payer.page_at_last("paypay").await;
        let closes = "(SELECT COUNT(*) FROM gateway_operations WHERE kind = 'cancel' AND state = 'abandoned')";
        assert_eq!(db.count(closes).await, 1, "the first one was given up");
        payer.does(&page, "paypay", "result=ok").await;
        notifications_arrive(&app).await;
        for _ in 0..3 {
            app.drain().await;
            app.advance(SignedDuration::from_secs(5)).await;
        }
        payer.assert_entrusted().await;
        assert_eq!(payer.books().await.states(), ["canceled", "captured"]);
    }
);

/// A fee that was paid by PayPay.
async fn paid_by_paypay<'a>(app: &TestApp, desk: &'a Desk<'a>) -> crate::refunds::desk::Paid<'a> {
    let submitted = app.submitted(&desk.business, "020001", "denki-koji-toroku").await;
    let invoice = submitted["invoice"]["id"].as_str().unwrap();
    let path = format!("/v1/tenants/020001/invoices/{invoice}/payments");
    let payment = app.post(&desk.business, &path, json!({ "method": "paypay" })).await.expect(201);
    app.at_gateway(payment["redirect_url"].as_str().unwrap(), "paypay", "result=ok").await;
    let paid = crate::refunds::desk::Paid::of(desk, invoice);
    for _ in 0..4 {
        app.drain().await;
        app.advance(SignedDuration::from_secs(5)).await;
    }
    assert_eq!(paid.books().await.invoice.state, "entrusted");
    paid
}
