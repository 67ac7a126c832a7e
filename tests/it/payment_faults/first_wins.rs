//! One number, many ways to pay: the first payment wins, the others are closed at their gateways, and money that still
//! arrives is proposed to go back.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use super::drop_at_once;
use super::payer::Payer;
use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AOMORI, Answer, Person, TestApp, gateway_first, new_key};
use crate::support::db::TestDb;
use crate::support::traces::{rounds, traces};

/// The staff who receive and who send back.
struct Office<'a> {
    app: &'a TestApp,
    clerk: Person,
    accountant: Person,
    chief: Person,
}

impl<'a> Office<'a> {
    async fn open(app: &'a TestApp) -> Self {
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let accountant =
            app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        Self { app, clerk, accountant, chief }
    }

    async fn receives(&self, payer: &Payer<'_>) -> Answer {
        let total = payer.books().await.invoice.total.amount();
        let cash = json!({ "means": "cash", "amount": total, "received_on": "2026-04-01" });
        self.app.post(&self.clerk, &payer.path("/counter-payments"), cash).await
    }

    async fn proposals(&self) -> Vec<Value> {
        let path = format!("/v1/tenants/{AOMORI}/refund-proposals");
        let page = self.app.get(&self.accountant, &path).await.expect(200);
        assert_eq!(page["next_cursor"], Value::Null);
        page["items"].as_array().unwrap().clone()
    }
}

on_both_databases!(an_unpaid_slip_gives_way_to_another_method_and_cannot_be_paid_then, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    let slip = payer.slip().await;
    assert_eq!(payer.open("card").await.problem(), "409 payment_in_progress");
    let key = new_key();
    let card = payer.replace_with("card", &key).await.expect(201);
    assert_eq!(payer.books().await.sorted_states(), ["canceled", "requires_action"]);
    assert_eq!(app.at_gateway(&slip, "konbini/pay", "").await.0, 409, "the slip is worth nothing");
    let again = payer.replace_with("card", &key).await;
    assert_eq!((again.status.as_u16(), &again.body["id"]), (201, &card["id"]));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(
        payer.books().await.sorted_states(),
        ["canceled", "requires_action"],
        "a repeat closes nothing"
    );
    payer.pays_by_card(card["redirect_url"].as_str().unwrap()).await;
    payer.assert_entrusted().await;
});

on_both_databases!(each_gateway_closes_its_checkout_before_another_one_opens, async |db: TestDb| {
    for (gateway, method) in [("stripe", "card"), ("paypay", "paypay"), ("veritrans", "nanaco")] {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, gateway)).await;
        let payer = Payer::with_invoice(&app, &db).await;
        let opened = payer.open(method).await.expect(201);
        let first = opened["id"].as_str().unwrap();
        assert_eq!(payer.books().await.payment().gateway, gateway);
        let second = payer.replace(method).await;
        if second.status == 201 {
            let closed = payer.state_of(first).await;
            assert!(["canceled", "expired"].contains(&closed.as_str()), "{gateway}: {closed}");
            assert_eq!(payer.books().await.payments.len(), 2);
        } else {
            assert_eq!(second.problem(), "409 open_payment_not_closed", "{gateway}");
            assert_eq!(payer.books().await.payments.len(), 1);
        }
    }
});

on_both_databases!(nothing_else_opens_before_the_close_is_confirmed, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    payer.page("card").await;
    // What cannot be opened closes nothing.
    let before = traces(&db).await;
    assert_eq!(payer.replace("no_such_method").await.problem(), "422 method_not_offered");
    assert_eq!(traces(&db).await, before);

    let on = json!({ "op": "cancel_session" });
    app.fault(json!({ "match": on, "fault": "F01", "args": drop_at_once() })).await;
    let refused = payer.replace("nanaco").await;
    assert_eq!(refused.problem(), "409 open_payment_not_closed");
    assert_eq!(refused.headers["retry-after"], "10");
    assert_eq!(payer.books().await.states(), ["requires_action"]);
    app.advance(SignedDuration::from_secs(10)).await;
    app.drain().await;
    assert_eq!(payer.books().await.states(), ["canceled"], "the worker brought it to its end");
    let page = payer.replace("nanaco").await.expect(201);
    payer.does(page["redirect_url"].as_str().unwrap(), "nanaco", "result=ok").await;
    payer.assert_entrusted().await;
});

on_both_databases!(an_attempt_of_unknown_outcome_bars_every_other_method, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let payer = Payer::with_invoice(&app, &db).await;
    app.fault(json!({ "match": { "op": "create" }, "fault": "F02", "args": drop_at_once() })).await;
    assert_eq!(payer.open("card").await.expect(201)["state"], "unknown");
    assert_eq!(payer.replace("nanaco").await.problem(), "409 open_payment_not_closed");
    assert_eq!(payer.books().await.states(), ["unknown"]);
    let page = payer.page_after_healing().await;
    payer.pays_by_card(&page).await;
    payer.assert_entrusted().await;
});

on_both_databases!(
    /// R-84, R-98 (F30, F31): the slip is paid after the counter: one refund is proposed, and it is gone once taken up.
    money_that_arrives_beside_the_counter_is_proposed_to_go_back_once,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let (payer, office) = (Payer::with_invoice(&app, &db).await, Office::open(&app).await);
        let slip = payer.slip().await;
        office.receives(&payer).await.expect(201);
        assert!(office.proposals().await.is_empty());
        // The payer was at the shop before the worker reached the gateway.
        payer.does(&slip, "konbini/pay", "").await;
        let paid_twice = async || payer.books().await.states() == ["captured", "captured"];
        app.until("the late money is seen", paid_twice).await;
        assert_eq!(payer.invoice().await["state"], "overpaid");
        let books = payer.books().await;
        let late = books.payments.iter().find(|payment| payment.method == "konbini").unwrap().id.to_string();
        let total = payer.books().await.invoice.total.amount();
        for _ in 0..2 {
            let found = office.proposals().await;
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!((&found[0]["payment"], &found[0]["amount"]), (&json!(late), &json!(total)));
            assert_eq!((&found[0]["reason"], &found[0]["invoice"]), (&json!("overpaid"), &payer.invoice().await["id"]));
            app.drain().await;
        }
        payer.assert_agreement_and_repetition().await;
        for stranger in [&office.clerk, &office.chief] {
            let path = format!("/v1/tenants/{AOMORI}/refund-proposals");
            assert_eq!(app.get(stranger, &path).await.problem(), "404 not_found");
        }

        let found = office.proposals().await.remove(0);
        let body = json!({ "amount": found["amount"], "reason": found["reason"], "payment": found["payment"],
            "refund_amount_available": found["refund_amount_available"] });
        let asked = app.post(&office.accountant, &payer.path("/refunds"), body).await.expect(201);
        assert!(office.proposals().await.is_empty(), "taken up");
        let refund = format!("/v1/tenants/{AOMORI}/refunds/{}", asked["id"].as_str().unwrap());
        app.post(&office.chief, &format!("{refund}/reject"), json!({})).await.expect(200);
        assert_eq!(office.proposals().await.len(), 1, "refused, so it is too much as before");
    }
);

on_both_databases!(
    /// The call that closes is lost with the whole gateway: it is made again until the slip is closed.
    a_close_that_fails_beside_covered_money_is_made_until_it_is_done,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let (payer, office) = (Payer::with_invoice(&app, &db).await, Office::open(&app).await);
        payer.page("card").await;
        let on = json!({ "op": "cancel_session" });
        app.fault(json!({ "match": on, "fault": "F01", "args": { "hold_ms": 0, "end": "drop", "times": 3 } })).await;
        office.receives(&payer).await.expect(201);
        for _ in 0..6 {
            app.drain().await;
            app.advance(SignedDuration::from_secs(95)).await;
        }
        assert_eq!(payer.books().await.sorted_states(), ["canceled", "captured"]);
        assert_eq!(payer.invoice().await["state"], "paid");
        payer.assert_agreement_and_repetition().await;
    }
);

on_both_databases!(methods_and_counter_at_once_leave_one_payment_and_nothing_open, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app).await;
    for _ in 0..rounds(3) {
        let payer = Payer::with_invoice(&app, &db).await;
        payer.page("card").await;
        let (one, other, cash) =
            tokio::join!(payer.replace("nanaco"), payer.replace("card"), office.receives(&payer));
        cash.expect(201);
        for answer in [one, other] {
            let refused =
                ["409 invoice_not_payable", "409 payment_in_progress", "409 open_payment_not_closed"];
            assert!(answer.status == 201 || refused.contains(&answer.problem().as_str()), "{}", answer.body);
        }
        app.drain().await;
        let books = payer.books().await;
        let closed = books.states().iter().filter(|state| **state == "canceled").count();
        assert_eq!(closed + 1, books.payments.len(), "{:?}", books.states());
        assert_eq!(books.invoice.state, "paid");
        books.assert_agrees_with(&payer.truth().await);
    }
});

on_both_databases!(two_who_replace_at_once_leave_one_open_attempt, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    for _ in 0..rounds(3) {
        let payer = Payer::with_invoice(&app, &db).await;
        payer.page("card").await;
        let answers = tokio::join!(payer.replace("nanaco"), payer.replace("card"), payer.replace("nanaco"));
        let opened = [answers.0, answers.1, answers.2].iter().filter(|answer| answer.status == 201).count();
        let books = payer.books().await;
        assert_eq!(books.payments.len(), opened + 1);
        let open = books.states().iter().filter(|state| **state != "canceled").count();
        assert_eq!(open, 1, "{:?}", books.states());
    }
});

on_both_databases!(
    /// one number of the debt, whichever way it is paid: whoever receives at the counter finds it by that.
    the_number_leads_the_counter_to_the_debt_and_nobody_else,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let (payer, office) = (Payer::with_invoice(&app, &db).await, Office::open(&app).await);
        let invoice = payer.invoice().await;
        let number = invoice["number"].as_str().unwrap();
        let path = format!("/v1/tenants/{AOMORI}/invoices?number={number}");
        for who in [&office.clerk, &office.accountant] {
            assert_eq!(app.get(who, &path).await.expect(200)["id"], invoice["id"]);
        }
        assert_eq!(app.get(&office.chief, &path).await.expect(200)["number"], invoice["number"]);
        let stranger = app.register("nobody@example.jp", "business").await;
        assert_eq!(app.get(&stranger, &path).await.problem(), "404 not_found");
        let unknown = format!("{path}0");
        assert_eq!(app.get(&office.clerk, &unknown).await.problem(), "404 not_found");
        let none = format!("/v1/tenants/{AOMORI}/invoices");
        assert_eq!(app.get(&office.clerk, &none).await.problem(), "404 not_found");
    }
);
