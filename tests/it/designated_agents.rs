//! Who may take which revenue, by which method, in which period (R-76…, T-5).

use jiff::SignedDuration;
use madoguchi::clock::Clock;
use madoguchi::domain::calendar::jst_day;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;

const TENANT: &str = include_str!("../../config/tenants/020001.yaml");

/// The service whose body has this designation in place of every `from`.
async fn app_with(db: &TestDb, from: &str, to: &str) -> TestApp {
    assert!(TENANT.contains(from), "{from}");
    TestApp::start_offering(db, "tenants/020001.yaml", &TENANT.replace(from, to)).await
}

/// A submitted application's invoice.
async fn invoice(app: &TestApp, email: &str) -> (Person, String) {
    let person = app.register(email, "business").await;
    let submitted = app.submitted(&person, AOMORI, "denki-koji-toroku").await;
    let id = submitted["invoice"]["id"].as_str().unwrap();
    (person, format!("/v1/tenants/{AOMORI}/invoices/{id}"))
}

/// The methods that are shown for it.
async fn shown(app: &TestApp, person: &Person, invoice: &str) -> Value {
    app.get(person, invoice).await.expect(200)["payable_by"].clone()
}

on_both_databases!(t5_no_method_is_shown_or_taken_outside_of_the_period_of_its_notice, async |db: TestDb| {
    let today = jst_day(db.clock.now());
    let (yesterday, tomorrow) = (today.yesterday().unwrap(), today.tomorrow().unwrap());
    let ended = format!("valid_from: 2024-04-01\n    valid_to: {yesterday}\n    notice: 指定納付受託者");
    let to_come = format!("valid_from: {tomorrow}\n    notice: 指定納付受託者");
    for period in [ended, to_come] {
        let from = "valid_from: 2024-04-01\n    notice: 指定納付受託者";
        let app = app_with(&db, from, &period).await;
        let email = format!("t5-{}@example.jp", period.len());
        let (person, invoice) = invoice(&app, &email).await;
        assert_eq!(shown(&app, &person, &invoice).await, json!([]));
        for method in ["card", "nanaco", "konbini"] {
            let refused =
                app.post(&person, &format!("{invoice}/payments"), json!({ "method": method })).await;
            assert_eq!(refused.problem(), "422 agent_not_designated", "{method}");
        }
        let state = app.get(&person, &invoice).await.expect(200)["state"].clone();
        assert_eq!(state, "unpaid");
    }
    assert_eq!(db.count("(SELECT COUNT(*) FROM payments)").await, 0);
    assert_eq!(db.count("(SELECT COUNT(*) FROM gateway_operations)").await, 0, "nothing was ever sent");
});

on_both_databases!(
    /// What was opened on the last day of the notice is taken no more on the next one.
    t5_what_is_open_does_not_outlive_the_designation,
    async |db: TestDb| {
        let today = jst_day(db.clock.now());
        let from = "valid_from: 2024-04-01\n    notice: 指定納付受託者";
        let until = format!("valid_from: 2024-04-01\n    valid_to: {today}\n    notice: 指定納付受託者");
        let app = app_with(&db, from, &until).await;
        let (person, invoice) = invoice(&app, "t5-last@example.jp").await;
        let wanted = json!({ "method": "konbini" });
        let opened = app.post(&person, &format!("{invoice}/payments"), wanted).await.expect(201);
        let page = opened["redirect_url"].as_str().unwrap().to_owned();
        assert_eq!(app.at_gateway(&page, "konbini", "").await.0, 303);
        let waits = "(SELECT COUNT(*) FROM payments WHERE state = 'awaiting_payment')";
        app.until("the slip is issued", async || db.count(waits).await == 1).await;
        app.advance(SignedDuration::from_hours(24)).await;
        let closed = "(SELECT COUNT(*) FROM payments WHERE state = 'canceled')";
        app.until("the slip is closed", async || db.count(closed).await == 1).await;
        assert_eq!(app.at_gateway(&page, "konbini/pay", "").await.0, 409, "the shop takes it no more");
    }
);

on_both_databases!(
    t5_r85_a_method_is_offered_only_for_the_revenues_its_agent_may_take,
    async |db: TestDb| {
        // Of the first agent's methods only the card, and only for another revenue than this procedure's.
        let from = "account: komoju\n    agent: KOMOJU（見本）\n    address: 告示で確認する\n    revenues: [\"*\"]\n    methods: [\"*\"]";
        let other = from.replace("revenues: [\"*\"]", "revenues: [99-99-99-99]");
        let app = app_with(&db, from, &other).await;
        let (person, invoice) = invoice(&app, "other-revenue@example.jp").await;
        assert_eq!(shown(&app, &person, &invoice).await, json!([]));
        let pay = format!("{invoice}/payments");
        let refused = app.post(&person, &pay, json!({ "method": "card" })).await;
        assert_eq!(refused.problem(), "422 agent_not_designated");
        drop(app);

        let only_card = from.replace("methods: [\"*\"]", "methods: [card]");
        let app = app_with(&db, from, &only_card).await;
        let (person, invoice) = self::invoice(&app, "only-card@example.jp").await;
        assert_eq!(shown(&app, &person, &invoice).await, json!(["card"]));
        let pay = format!("{invoice}/payments");
        let refused = app.post(&person, &pay, json!({ "method": "nanaco" })).await;
        assert_eq!(refused.problem(), "422 agent_not_designated");
        let opened = app.post(&person, &pay, json!({ "method": "card" })).await.expect(201);
        assert_eq!(opened["state"], "requires_action");
    }
);

on_both_databases!(
    /// The circuit: five failures in a row, and its methods are gone; polling goes on, and an answer brings them back.
    a_gateway_that_does_not_answer_is_not_offered_until_it_does,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let (person, invoice) = invoice(&app, "down@example.jp").await;
        let all = shown(&app, &person, &invoice).await;
        assert_eq!(all, json!(["card", "nanaco", "konbini", "pay_easy"]));
        let pay = format!("{invoice}/payments");
        app.post(&person, &pay, json!({ "method": "card" })).await.expect(201);
        let args = json!({ "status": 503, "times": 5 });
        app.fault(json!({ "match": { "op": "get_session" }, "fault": "F06", "args": args })).await;
        for _ in 0..5 {
            app.advance(SignedDuration::from_secs(3)).await;
            app.drain().await;
        }
        assert_eq!(shown(&app, &person, &invoice).await, json!([]));
        let other = app.register("down2@example.jp", "business").await;
        let submitted = app.submitted(&other, AOMORI, "denki-koji-toroku").await;
        let second = submitted["invoice"]["id"].as_str().unwrap();
        let pay = format!("/v1/tenants/{AOMORI}/invoices/{second}/payments");
        assert_eq!(app.post(&other, &pay, json!({ "method": "card" })).await.problem(), "503 busy");
        app.advance(SignedDuration::from_secs(3)).await;
        app.drain().await;
        assert_eq!(shown(&app, &person, &invoice).await, all, "a question was answered");
        app.post(&other, &pay, json!({ "method": "card" })).await.expect(201);
    }
);
