//! Payments that a payer's bank contests: a dimension of its own, whatever order and number its news come in.

mod owed_again;

use jiff::SignedDuration;
use madoguchi::clock::Clock;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::payment::LegalRole;
use madoguchi::domain::policy::Role;
use madoguchi::jobs::Periodic;
use madoguchi::service::dispute::REMIND_OF_DISPUTES;
use madoguchi::store::StoreError;
use serde_json::{Value, json};

use crate::payment_faults::payer::{client, notifications_arrive};
use crate::policy_coverage::world::PROCEDURE;
use crate::refunds::desk::{Desk, FEE, Paid};
use crate::refunds::payouts::payee;
use crate::support::app::{AOMORI, TestApp, gateway_first};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;

const DISPUTES: &str = "/v1/tenants/020001/disputes";
const GATEWAYS: [&str; 2] = ["stripe", "komoju"];

/// The payer's bank moves its dispute of a payment on, or opens one there.
async fn bank(app: &TestApp, paid: &Paid<'_>, state: &str, more: Value) {
    let mut order = json!({ "payment": paid.books().await.payment().merchant_reference, "state": state });
    for (name, value) in more.as_object().unwrap() {
        order[name] = value.clone();
    }
    let sent = client().post(format!("{}/_sim/disputes", app.simulator)).json(&order).send().await.unwrap();
    assert!(sent.status().is_success(), "{}", sent.text().await.unwrap());
    notifications_arrive(app).await;
    app.drain().await;
}

/// The states of a payment's disputes as the API shows them, and what the payment counts as pulled back.
async fn standing(desk: &Desk<'_>, paid: &Paid<'_>) -> (Vec<String>, i64) {
    let books = paid.books().await;
    let path = format!("/v1/tenants/{AOMORI}/payments/{}", books.payment().id);
    let shown = desk.app.get(&desk.accountant, &path).await.expect(200);
    let states = shown["disputes"].as_array().unwrap().iter();
    let states = states.map(|dispute| dispute["state"].as_str().unwrap().to_owned()).collect();
    (states, books.payment().charged_back.amount())
}

/// How many alerts of this kind the record holds.
async fn alerts(db: &TestDb) -> i64 {
    let alerts = "(SELECT COUNT(*) FROM events WHERE kind = 'payment_alert' AND facts LIKE '%charged_back%')";
    db.count(alerts).await
}

/// Runs the daily look after disputes.
async fn daily(app: &TestApp, db: &TestDb) {
    let now = db.clock.now();
    let look = Periodic { kind: REMIND_OF_DISPUTES, every_s: 86_400 };
    let enqueue = move |tx: &mut madoguchi::store::Tx<'_>| look.enqueue(tx, now);
    db.db.write_alone(vec![], enqueue).await.unwrap_or_else(|error: StoreError| panic!("{error}"));
    app.drain().await;
}

on_both_databases!(
    /// Stripe tells of each step by its payment's id alone, and not of every one; KOMOJU shows only what is lost.
    f32_a_dispute_is_opened_reviewed_and_won_or_lost_and_counted_once,
    async |db: TestDb| {
        let mut told = 0;
        for (gateway, email) in GATEWAYS.into_iter().zip(["s", "k"]) {
            let app = TestApp::start_with(&db, |settings| gateway_first(settings, gateway)).await;
            let desk = Desk::open_as(&app, &db, email).await;
            let shown = |states: &[&str]| -> Vec<String> {
                let seen = states.iter().filter(|state| gateway == "stripe" || **state == "lost");
                seen.map(|state| (*state).to_owned()).collect()
            };
            for end in ["won", "lost"] {
                let paid = desk.paid("card").await;
                bank(&app, &paid, "needs_response", json!({})).await;
                assert_eq!(standing(&desk, &paid).await, (shown(&["needs_response"]), 0), "{gateway}");
                bank(&app, &paid, "under_review", json!({})).await;
                assert_eq!(standing(&desk, &paid).await, (shown(&["under_review"]), 0), "{gateway}");
                assert_eq!(paid.available().await, FEE, "an open dispute has taken nothing");
                bank(&app, &paid, end, json!({})).await;
                let back = if end == "lost" { FEE } else { 0 };
                assert_eq!(standing(&desk, &paid).await, (shown(&[end]), back), "{gateway}");
                assert_eq!(paid.available().await, FEE - back, "what was pulled back is not refunded as well");
                // In law nothing follows: the agent guarantees its remittance.
                assert_eq!(paid.standing().await, ("entrusted".into(), "captured".into(), 0));
                let before = (paid.books().await.standing(), standing(&desk, &paid).await);
                everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
                assert_eq!((paid.books().await.standing(), standing(&desk, &paid).await), before);
            }
            told += 1;
            assert_eq!(alerts(&db).await, told, "a person is told of what was lost, once");
        }
        let own_loss = "(SELECT COUNT(*) FROM reconciliation_exceptions WHERE kind = 'lost_dispute')";
        assert_eq!(db.count(own_loss).await, 0, "an agent guarantees it");
        let parked = "(SELECT COUNT(*) FROM gateway_notifications WHERE state <> 'applied')";
        assert_eq!(db.count(parked).await, 0, "each event found its payment");
    }
);

on_both_databases!(
    /// The money had gone back already: it is not gone from this payment a second time.
    f33_a_chargeback_after_a_refund_is_kept_and_never_counted_beyond_what_the_payment_holds,
    async |db: TestDb| {
        for (gateway, email) in GATEWAYS.into_iter().zip(["s", "k"]) {
            let app = TestApp::start_with(&db, |settings| gateway_first(settings, gateway)).await;
            let desk = Desk::open_as(&app, &db, email).await;
            for (refunded, counted, state) in [(FEE, 0, "refunded"), (5_000, FEE - 5_000, "partially_refunded")] {
                let paid = desk.paid("card").await;
                assert_eq!(paid.refunded(refunded, FEE).await["state"], "succeeded");
                notifications_arrive(&app).await;
                app.drain().await;
                bank(&app, &paid, "lost", json!({})).await;
                assert_eq!(standing(&desk, &paid).await, (vec!["lost".to_owned()], counted), "{gateway}");
                assert_eq!(paid.standing().await, (state.into(), state.into(), refunded), "{gateway}");
                assert_eq!(paid.available().await, 0);
                everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
                assert_eq!(standing(&desk, &paid).await, (vec!["lost".to_owned()], counted), "{gateway}");
            }
        }
        assert_eq!(alerts(&db).await, 4, "a person is told of each");
        let failed = "(SELECT COUNT(*) FROM jobs WHERE state NOT IN ('done', 'ready'))";
        assert_eq!(db.count(failed).await, 0, "no news was refused");
    }
);

on_both_databases!(f33_a_refund_asked_for_before_a_chargeback_is_not_decided_after_it, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let paid = desk.paid("card").await;
    let asked = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
    bank(&app, &paid, "lost", json!({})).await;
    assert_eq!(paid.decide(&desk.chief, &asked, "approve").await.problem(), "409 refund_pulled_back");
    assert_eq!(paid.decide(&desk.chief, &asked, "reject").await.expect(200)["state"], "rejected");
    assert_eq!((paid.truth().await, paid.available().await), (0, 0));
    assert_eq!(standing(&desk, &paid).await, (vec!["lost".to_owned()], FEE));
});

on_both_databases!(
    /// Approved, and waiting for its file: what the payer's bank pulled back meanwhile does not go back a second time.
    f33_a_refund_by_bank_transfer_whose_money_was_pulled_back_is_in_no_file_and_ends,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let (gone, other) = (desk.paid("card").await, desk.paid("card").await);
        let by_hand = json!({ "amount": FEE, "refund_amount_available": FEE, "route": "bank_transfer" });
        for paid in [&gone, &other] {
            let asked = paid.ask_with(&desk.accountant, by_hand.clone()).await.expect(201);
            let path = format!("/v1/tenants/{AOMORI}/refunds/{}/payee", asked["id"].as_str().unwrap());
            app.post(&desk.business, &path, payee("クドウ タロウ")).await.expect(200);
            paid.decide(&desk.chief, &asked, "approve").await.expect(200);
        }
        bank(&app, &gone, "lost", json!({})).await;
        assert_eq!(gone.states().await, ["payout_due"]);
        let payouts = format!("/v1/tenants/{AOMORI}/payouts");
        let export = async || app.post(&desk.accountant, &payouts, json!({ "transfer_on": "2026-04-30" })).await;
        let made = export().await.expect(201);
        assert_eq!((&made["count"], &made["total"]), (&json!(1), &json!(FEE)));
        assert_eq!((gone.states().await, other.states().await), (vec!["failed".into()], vec!["payout_sent".into()]));
        assert_eq!(gone.rows().await[0].failure_code.as_deref(), Some("pulled_back"));
        assert_eq!(gone.booked().await, (FEE, 0, FEE), "the decision is booked back");
        assert_eq!(gone.standing().await, ("entrusted".into(), "captured".into(), 0));
        let tenant = madoguchi::domain::id::TenantCode::parse(AOMORI).unwrap();
        let payment = gone.books().await.payment().id;
        let room = db.db.read(move |tx| madoguchi::store::refunds::headroom(tx, &tenant, payment)).await.unwrap();
        assert!(room.values().all(|room| room.reserved.amount() == 0), "its headroom is free again: {room:?}");
        let ended = "(SELECT COUNT(*) FROM events WHERE kind = 'refund_moved' AND facts LIKE '%\"to\":\"failed\"%')";
        assert_eq!(db.count(ended).await, 1);
        assert_eq!(export().await.problem(), "409 nothing_due");
        assert_eq!(db.count(ended).await, 1, "it ends once");
    }
);

on_both_databases!(
    /// No notification comes: the daily look finds what became of it, and reminds while there is time.
    f18_an_open_dispute_is_asked_about_daily_and_reminded_of_before_its_deadline,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
        let desk = Desk::open(&app, &db).await;
        let paid = desk.paid("card").await;
        bank(&app, &paid, "needs_response", json!({ "respond_in_seconds": 8 * 86_400 })).await;
        let given = "(SELECT COUNT(*) FROM events WHERE kind = 'dispute_reminder')";
        for (day, reminders) in [(0, 0), (1, 1), (2, 1), (5, 2), (7, 3), (8, 3)] {
            let ahead = SignedDuration::from_hours(24 * day) + "2026-04-01T01:00:00Z"
                .parse::<jiff::Timestamp>()
                .unwrap()
                .duration_since(db.clock.now());
            if !ahead.is_negative() {
                app.advance(ahead).await;
            }
            daily(&app, &db).await;
            daily(&app, &db).await;
            assert_eq!(db.count(given).await, reminders, "day {day}");
        }
        app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18", "args": { "times": 9 } })).await;
        bank(&app, &paid, "lost", json!({})).await;
        assert_eq!(paid.books().await.payment().charged_back.amount(), 0, "nobody told us");
        app.advance(SignedDuration::from_hours(24)).await;
        daily(&app, &db).await;
        assert_eq!(paid.books().await.payment().charged_back.amount(), FEE);
    }
);

on_both_databases!(
    /// Nobody tells us that it is contested at all: the looks at the captured payment find it, and one that is not answered is repeated.
    f18_a_dispute_that_nobody_told_us_of_is_found_by_the_looks_at_the_captured_payment,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
        let desk = Desk::open(&app, &db).await;
        let paid = desk.paid("card").await;
        app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18", "args": { "times": 9 } })).await;
        for state in ["needs_response", "lost"] {
            bank(&app, &paid, state, json!({})).await;
        }
        let lost = async || paid.books().await.payment().charged_back.amount();
        assert_eq!(lost().await, 0);
        app.fault(json!({ "match": { "op": "get_session" }, "fault": "F05", "args": { "times": 1 } })).await;
        app.advance(SignedDuration::from_hours(25)).await;
        app.drain().await;
        assert_eq!(lost().await, 0, "nobody answered");
        app.advance(SignedDuration::from_hours(2)).await;
        app.drain().await;
        assert_eq!(lost().await, FEE);
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(lost().await, FEE);
    }
);

on_both_databases!(
    /// Stripe names the payment of a dispute by its own id alone, which we learn with the news that the money came.
    f19_news_of_a_dispute_that_come_before_those_of_the_money_wait_for_them,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
        let desk = Desk::open(&app, &db).await;
        let submitted = app.submitted(&desk.business, AOMORI, PROCEDURE).await;
        let invoice = submitted["invoice"]["id"].as_str().unwrap();
        let path = format!("/v1/tenants/{AOMORI}/invoices/{invoice}/payments");
        let payment = app.post(&desk.business, &path, json!({ "method": "card" })).await.expect(201);
        app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18", "args": { "times": 1 } })).await;
        let page = payment["redirect_url"].as_str().unwrap();
        app.at_gateway(page, "card", "number=4111111111111111").await;
        app.at_gateway(page, "3ds", "result=ok").await;
        let paid = Paid::of(&desk, invoice);
        for state in ["needs_response", "lost"] {
            bank(&app, &paid, state, json!({})).await;
        }
        assert_eq!(paid.books().await.payment().state, "requires_action", "of the money nobody told us");
        let waiting = "(SELECT COUNT(*) FROM gateway_notifications WHERE state = 'received')";
        assert_eq!(db.count(waiting).await, 2, "nothing is thrown away");
        for _ in 0..4 {
            app.advance(SignedDuration::from_mins(2)).await;
            app.drain().await;
        }
        let books = paid.books().await;
        assert_eq!((books.invoice.state.as_str(), books.payment().charged_back.amount()), ("entrusted", FEE));
        assert_eq!(db.count(waiting).await, 0);
    }
);

on_both_databases!(accountants_see_the_disputes_of_their_body_by_state, async |db: TestDb| {
    let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
    let desk = Desk::open(&app, &db).await;
    let (one, other) = (desk.paid("card").await, desk.paid("card").await);
    bank(&app, &one, "needs_response", json!({ "reason": "duplicate" })).await;
    bank(&app, &other, "lost", json!({ "amount": 700 })).await;
    let all = app.get(&desk.accountant, DISPUTES).await.expect(200);
    assert_eq!((all["items"].as_array().unwrap().len(), &all["next_cursor"]), (2, &Value::Null));
    let open = app.get(&desk.accountant, &format!("{DISPUTES}?state=needs_response")).await.expect(200);
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
    let item = &open["items"][0];
    assert_eq!((&item["reason_code"], &item["amount"]), (&json!("duplicate"), &json!(FEE)));
    let respond_by = item["respond_by"].as_str().unwrap();
    assert!(respond_by.starts_with("2026-04-15T00:0"), "fourteen days: {respond_by}");
    let lost = app.get(&desk.accountant, &format!("{DISPUTES}?state=lost")).await.expect(200);
    assert_eq!(lost["items"][0]["amount"], 700);
    let after = format!("{DISPUTES}?cursor={}", all["items"][0]["id"].as_str().unwrap());
    let rest = app.get(&desk.accountant, &after).await.expect(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    let wrong = app.get(&desk.accountant, &format!("{DISPUTES}?state=open&cursor=x")).await;
    assert_eq!(
        (wrong.problem(), wrong.body["errors"].as_array().unwrap().len()),
        ("422 validation_failed".into(), 2)
    );
    let city = app.officer("022012", "shimin", Role::Accountant, "city@example.jp").await;
    assert_eq!(app.get(&city, DISPUTES).await.problem(), "404 not_found");
    let theirs = app.get(&city, "/v1/tenants/022012/disputes").await.expect(200);
    assert_eq!(theirs["items"], json!([]), "T-8");
});

on_both_databases!(
    /// Nobody guarantees what the body received itself: people are told of it, and two of them make the debt owed again.
    f32_what_was_pulled_back_of_the_bodys_own_money_is_owed_again_once_two_people_agree,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| {
            gateway_first(settings, "stripe");
            settings.gateways.iter_mut().for_each(|gateway| gateway.legal_role = LegalRole::Direct);
        })
        .await;
        let desk = Desk::open(&app, &db).await;
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "suito@example.jp").await;
        let submitted = app.submitted(&desk.business, AOMORI, PROCEDURE).await;
        let paid = Paid::of(&desk, submitted["invoice"]["id"].as_str().unwrap());
        let path = format!("/v1/tenants/{AOMORI}/invoices/{}", paid.invoice);
        let opens = async || {
            let wanted = json!({ "method": "card" });
            app.post(&desk.business, &format!("{path}/payments"), wanted).await.expect(201)
        };
        let pays = async |payment: Value| {
            let page = payment["redirect_url"].as_str().unwrap();
            app.at_gateway(page, "card", "number=4111111111111111").await;
            app.at_gateway(page, "3ds", "result=ok").await;
            app.until("it is paid", async || paid.books().await.invoice.state == "paid").await;
        };
        pays(opens().await).await;
        bank(&app, &paid, "lost", json!({})).await;
        assert_eq!(paid.standing().await, ("paid".into(), "captured".into(), 0), "people decide");
        let exceptions = format!("/v1/tenants/{AOMORI}/reconciliation/exceptions");
        let listed = app.get(&second, &format!("{exceptions}?kind=lost_dispute")).await.expect(200);
        let item = listed["items"][0].clone();
        assert_eq!(item["subject"], format!("payment:{}", paid.books().await.payment().id));
        let step = async |who, step: &str, body: Value| {
            app.post(who, &format!("{exceptions}/{}/{step}", item["id"].as_str().unwrap()), body).await
        };
        let proposal = json!({ "resolution": "owed_again", "comment": "カード会社が取り戻した" });
        step(&desk.accountant, "resolution", proposal).await.expect(200);
        assert_eq!(step(&desk.accountant, "approve", json!({})).await.problem(), "403 own_resolution");
        step(&second, "approve", json!({})).await.expect(200);
        let books = paid.books().await;
        let held = balances(&books.entries);
        let of = |account: Account| held.get(&account).copied().unwrap_or(0);
        assert_eq!((books.invoice.state.as_str(), books.invoice.paid_on.is_none()), ("unpaid", true));
        assert_eq!((of(Account::Receivable), of(Account::Cash("stripe".into()))), (FEE, 0));
        assert!(books.receipts.iter().all(|receipt| receipt.revocation.is_some()), "the receipt ended");
        let before = books.standing();
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(paid.books().await.standing(), before);
        app.advance(SignedDuration::from_secs(1)).await;
        pays(opens().await).await;
        assert_eq!(balances(&paid.books().await.entries).get(&Account::Receivable).copied().unwrap_or(0), 0);
    }
);

on_both_databases!(
    f27_a_method_that_cannot_send_money_back_is_refunded_by_bank_transfer,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        for method in ["nanaco", "konbini"] {
            let paid = desk.paid(method).await;
            let wanted =
                |route: Value| json!({ "amount": FEE, "refund_amount_available": FEE, "route": route });
            let refused = paid.ask_with(&desk.accountant, wanted(json!("gateway"))).await;
            assert_eq!(refused.problem(), "409 refund_not_by_gateway", "{method}");
            assert_eq!(paid.available().await, FEE, "a refusal takes nothing up");
            let asked = paid.ask_with(&desk.accountant, wanted(Value::Null)).await.expect(201);
            assert_eq!(asked["route"], "bank_transfer", "{method}");
            let approved = paid.decide(&desk.chief, &asked, "approve").await.expect(200);
            assert_eq!(approved["state"], "payout_due");
            assert_eq!(paid.booked().await, (0, FEE, FEE), "owed to the payer");
            assert_eq!(paid.truth().await, 0, "nothing was asked of the gateway");
        }
    }
);

on_both_databases!(
    /// By the second person, and by the bank that cannot pay it.
    f29_a_manual_refund_that_is_rejected_gives_its_headroom_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let paid = desk.paid("nanaco").await;
        let asked = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
        assert_eq!((asked["route"].as_str(), paid.available().await), (Some("bank_transfer"), 0));
        assert_eq!(paid.decide(&desk.chief, &asked, "reject").await.expect(200)["state"], "rejected");
        assert_eq!(paid.available().await, FEE);
        assert_eq!(paid.booked().await, (FEE, 0, FEE), "nothing was booked");
        assert_eq!(paid.decide(&desk.chief, &asked, "approve").await.problem(), "409 wrong_state");
        // The same money may be asked for again, and only once.
        let again = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
        assert_eq!(paid.ask(&desk.accountant, 1, 0).await.problem(), "422 validation_failed");
        assert_eq!(paid.decide(&desk.accountant, &again, "withdraw").await.expect(200)["state"], "withdrawn");
        assert_eq!((paid.available().await, paid.states().await.len()), (FEE, 2));
        assert_eq!(paid.standing().await, ("entrusted".into(), "captured".into(), 0));
    }
);
