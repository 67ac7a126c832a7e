//! Money at the counter: entered by staff, paid on the day it came, undone only by somebody else.

use jiff::SignedDuration;
use madoguchi::domain::ledger::{Account, EntryKind, Posting, balances};
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::policy_coverage::world::{DEPARTMENT, PROCEDURE};
use crate::support::app::{AOMORI, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::money::Books;
use crate::support::traces::traces;

/// A business that owes a fee, and two clerks.
struct Scene<'a> {
    app: &'a TestApp,
    db: &'a TestDb,
    business: Person,
    clerk: Person,
    colleague: Person,
    case: String,
    invoice: String,
}

impl<'a> Scene<'a> {
    async fn set(app: &'a TestApp, db: &'a TestDb) -> Self {
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let colleague =
            app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
        let submitted = app.submitted(&business, AOMORI, PROCEDURE).await;
        let case = submitted["id"].as_str().unwrap().to_owned();
        let invoice = submitted["invoice"]["id"].as_str().unwrap().to_owned();
        Self { app, db, business, clerk, colleague, case, invoice }
    }

    async fn sign_in_again(&mut self) {
        for (email, person) in [
            ("business@example.jp", &mut self.business),
            ("clerk@example.jp", &mut self.clerk),
            ("kaikei@example.jp", &mut self.colleague),
        ] {
            *person = self.app.sign_in(email, &person.id).await;
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{AOMORI}/invoices/{}{rest}", self.invoice)
    }

    async fn enter(&self, who: &Person, entry: Value) -> crate::support::app::Answer {
        self.app.post(who, &self.path("/counter-payments"), entry).await
    }

    async fn reverse(&self, who: &Person, id: &str, reason: &str) -> crate::support::app::Answer {
        let path = format!("/v1/tenants/{AOMORI}/counter-payments/{id}/reverse");
        self.app.post(who, &path, json!({ "reason": reason })).await
    }

    async fn books(&self) -> Books {
        Books::read(&self.db.db, AOMORI, &self.invoice).await
    }

    async fn events(&self) -> Vec<String> {
        let path = format!("/v1/tenants/{AOMORI}/applications/{}/timeline", self.case);
        let timeline = self.app.get(&self.business, &path).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
        let kinds = timeline["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap());
        kinds.map(str::to_owned).collect()
    }
}

fn cash() -> Value {
    json!({ "means": "cash", "amount": 22_000, "received_on": "2026-04-01", "reference": "No. 12" })
}

on_both_databases!(
    /// R-77 is about agents: what the body itself receives is paid on that day, and the receipt is its own.
    money_at_the_counter_is_paid_on_the_day_it_came_and_has_an_official_receipt,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, &db).await;
        let shown = app.get(&scene.business, &format!("/v1/tenants/{AOMORI}/procedures/{PROCEDURE}")).await.expect(200);
        let methods = shown["allowed_methods"]["methods"].as_array().unwrap();
        assert!(methods.contains(&json!("counter")), "{methods:?}");
        assert_eq!(scene.app.get(&scene.business, &scene.path("/receipt")).await.problem(), "404 not_found");

        let key = new_key();
        let headers = [("idempotency-key", key.as_str())];
        let path = scene.path("/counter-payments");
        let first = app.call(Method::POST, &path, Some(&scene.clerk), &headers, Some(cash())).await.expect(201);
        assert_eq!((&first["state"], &first["invoice_state"]), (&json!("captured"), &json!("paid")));
        assert_eq!((&first["reference"], &first["recorded_by"]), (&json!("No. 12"), &json!(scene.clerk.id)));
        let again = app.call(Method::POST, &path, Some(&scene.clerk), &headers, Some(cash())).await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.expect(201), first);

        let invoice = app.get(&scene.business, &scene.path("")).await.expect(200);
        assert_eq!((&invoice["state"], &invoice["paid_on"]), (&json!("paid"), &json!("2026-04-01")));
        assert_eq!(invoice["entrusted_on"], Value::Null);
        let receipt = app.get(&scene.business, &scene.path("/receipt")).await.expect(200);
        assert_eq!((&receipt["kind"], &receipt["method"]), (&json!("official_receipt"), &json!("counter")));
        let books = scene.books().await;
        let received: Vec<_> =
            books.entries.iter().filter(|it| it.kind == EntryKind::Booked(Posting::Receive)).collect();
        assert!(received.iter().all(|it| it.debit_account == Account::Cash("counter_cash".into())));
        assert_eq!(received.iter().map(|it| it.amount.amount()).sum::<i64>(), 22_000);
        assert!(received.iter().all(|it| it.booked_on == jiff::civil::date(2026, 4, 1)));
        assert!(scene.events().await.contains(&"counter_payment_received".to_owned()));
    }
);

on_both_databases!(each_means_has_a_place_of_its_own_and_opens_the_decision, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let scene = Scene::set(&app, &db).await;
    let case = format!("/v1/tenants/{AOMORI}/applications/{}", scene.case);
    app.post(&scene.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
    let version = app.get(&scene.clerk, &case).await.etag();
    let proposal = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    app.post_if(&scene.clerk, &format!("{case}/proposal"), &version, proposal).await.expect(201);
    let version = app.get(&chief, &case).await.etag();
    let approve = format!("{case}/approval/approve");
    assert_eq!(app.post_if(&chief, &approve, &version, json!({})).await.problem(), "409 fee_not_settled");
    let slip = json!({ "means": "bank_slip", "amount": 22_000, "received_on": "2026-04-01" });
    scene.enter(&scene.colleague, slip).await.expect(201);
    let version = app.get(&chief, &case).await.etag();
    app.post_if(&chief, &approve, &version, json!({})).await.expect(200);
    assert_eq!(scene.books().await.payment().gateway, "counter_bank_slip");
});

on_both_databases!(an_entry_that_cannot_be_true_is_refused_and_leaves_no_trace, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let scene = Scene::set(&app, &db).await;
    let before = traces(&db).await;
    for (field, value, pointer) in [
        ("amount", json!(21_999), "/amount"),
        ("amount", json!(-22_000), "/amount"),
        ("received_on", json!("2026-04-02"), "/received_on"),
        ("received_on", json!("2026-03-31"), "/received_on"),
        ("reference", json!(""), "/reference"),
        ("reference", json!("二行の\n番号"), "/reference"),
    ] {
        let mut entry = cash();
        entry[field] = value;
        let refused = scene.enter(&scene.clerk, entry).await;
        assert_eq!(refused.problem(), "422 validation_failed", "{field}");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    let mut cheque = cash();
    cheque["means"] = json!("cheque");
    assert_eq!(scene.enter(&scene.clerk, cheque).await.problem(), "400 malformed_request");
    assert_eq!(traces(&db).await, before);
});

on_both_databases!(
    /// money at the counter is taken whatever is open online, and what is open is closed at its gateway.
    money_at_the_counter_closes_what_is_open_online,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, &db).await;
        let payments = scene.path("/payments");
        let payment = app.post(&scene.business, &payments, json!({ "method": "card" })).await.expect(201);
        let entry = scene.enter(&scene.clerk, cash()).await.expect(201);
        assert_eq!(entry["invoice_state"], "paid");
        assert_eq!(scene.books().await.sorted_states(), ["captured", "requires_action"]);
        app.drain().await;
        assert_eq!(scene.books().await.sorted_states(), ["canceled", "captured"]);
        let page = payment["redirect_url"].as_str().unwrap();
        assert_eq!(app.at_gateway(page, "card", "number=4242424242424242").await.0, 409);
        assert_eq!(scene.enter(&scene.clerk, cash()).await.problem(), "409 invoice_not_payable");
        for wanted in [json!({ "method": "card" }), json!({ "method": "card", "replace_open": true })] {
            let online = app.post(&scene.business, &payments, wanted).await;
            assert_eq!(online.problem(), "409 invoice_not_payable");
        }
        let counter = app.post(&scene.business, &payments, json!({ "method": "counter" })).await;
        assert!(counter.status.is_client_error(), "nobody enters it alone: {}", counter.body);
    }
);

on_both_databases!(
    /// a wrong entry is booked back, never deleted, and not by the one who made it.
    a_wrong_entry_is_taken_back_by_another_officer_and_the_invoice_is_owed_again,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, &db).await;
        let entry = scene.enter(&scene.clerk, cash()).await.expect(201);
        let id = entry["id"].as_str().unwrap();
        let reason = "別の申請の納付書を誤って入力した。";
        assert_eq!(scene.reverse(&scene.clerk, id, reason).await.problem(), "403 own_entry");
        assert_eq!(scene.reverse(&scene.colleague, id, " ").await.problem(), "422 validation_failed");
        let reversed = scene.reverse(&scene.colleague, id, reason).await.expect(200);
        assert_eq!((&reversed["state"], &reversed["invoice_state"]), (&json!("canceled"), &json!("unpaid")));
        assert_eq!((&reversed["reason"], &reversed["reversed_by"]), (&json!(reason), &json!(scene.colleague.id)));
        let invoice = app.get(&scene.business, &scene.path("")).await.expect(200);
        assert_eq!((&invoice["state"], &invoice["paid_on"]), (&json!("unpaid"), &Value::Null));
        assert_eq!(app.get(&scene.business, &scene.path("/receipt")).await.problem(), "404 not_found");
        let books = scene.books().await;
        let sum = |kind: EntryKind| -> i64 {
            books.entries.iter().filter(|it| it.kind == kind).map(|it| it.amount.amount()).sum()
        };
        assert_eq!(sum(EntryKind::Booked(Posting::Receive)), 22_000);
        assert_eq!(sum(EntryKind::Reversed(Posting::Receive)), 22_000);
        assert_eq!(scene.reverse(&scene.colleague, id, reason).await.problem(), "409 entry_not_reversible");
        let events = scene.events().await;
        assert!(events.contains(&"counter_payment_reversed".to_owned()), "{events:?}");

        app.advance(SignedDuration::from_secs(1)).await;
        let mut pos = cash();
        pos["means"] = json!("pos");
        scene.enter(&scene.colleague, pos).await.expect(201);
        let books = scene.books().await;
        assert_eq!((books.invoice.state.as_str(), books.states()), ("entrusted", vec!["canceled", "captured"]));
    }
);

on_both_databases!(
    /// after 31 May it is revenue of the present year (過年度収入), to which the debt was carried over; a wrong entry takes both back.
    r74_money_that_comes_after_the_books_are_closed_counts_to_the_present_year,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut scene = Scene::set(&app, &db).await;
        app.advance(SignedDuration::from_hours(24 * 426)).await;
        scene.sign_in_again().await;
        let late = json!({ "means": "cash", "received_on": "2027-06-01", "amount": cash()["amount"] });
        let years = async || {
            let entries = scene.books().await.entries;
            let of = |posting: Posting| {
                let ours = entries.iter().filter(move |entry| entry.kind == EntryKind::Booked(posting));
                let mut years: Vec<i16> = ours.map(|entry| entry.fiscal_year).collect();
                years.sort_unstable();
                years
            };
            (of(Posting::Assess)[0], of(Posting::CarryOver), of(Posting::Receive))
        };
        let wrong = scene.enter(&scene.clerk, late.clone()).await.expect(201);
        assert_eq!(years().await, (2026, vec![2026, 2027], vec![2027]));
        let id = wrong["id"].as_str().unwrap();
        scene.reverse(&scene.colleague, id, "二重の入力でした。").await.expect(200);
        scene.enter(&scene.colleague, late).await.expect(201);
        assert_eq!(years().await, (2026, vec![2026, 2026, 2027, 2027], vec![2027, 2027]));
        assert_eq!(scene.books().await.invoice.state, "paid");
    }
);

on_both_databases!(
    /// what a closed year received stays in it. The money of a wrong entry is missing in the present year, to which the debt does not
    /// go before it is paid.
    r74_an_entry_of_a_closed_year_that_was_wrong_is_taken_out_of_the_present_one,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut scene = Scene::set(&app, &db).await;
        app.advance(SignedDuration::from_hours(24 * 420)).await;
        scene.sign_in_again().await;
        let in_time = json!({ "means": "cash", "received_on": "2027-05-26", "amount": cash()["amount"] });
        let wrong = scene.enter(&scene.clerk, in_time).await.expect(201);
        app.advance(SignedDuration::from_hours(24 * 6)).await;
        scene.sign_in_again().await;
        scene.reverse(&scene.colleague, wrong["id"].as_str().unwrap(), "二重の入力でした。").await.expect(200);
        let held = async |year: i16| {
            let entries = scene.books().await.entries;
            let held = balances(entries.iter().filter(|entry| entry.fiscal_year == year));
            let of = |account: Account| held.get(&account).copied().unwrap_or(0);
            (of(Account::Cash("counter_cash".into())), of(Account::Receivable), of(Account::CarriedOver))
        };
        assert_eq!(held(2026).await, (22_000, 22_000, -22_000));
        assert_eq!(held(2027).await, (-22_000, 0, 22_000));
        assert_eq!(scene.books().await.invoice.state, "unpaid");
        let late = json!({ "means": "cash", "received_on": "2027-06-01", "amount": cash()["amount"] });
        scene.enter(&scene.colleague, late).await.expect(201);
        assert_eq!((held(2026).await, held(2027).await), ((22_000, 0, 0), (0, 0, 0)));
        assert_eq!(scene.books().await.invoice.state, "paid");
    }
);

on_both_databases!(two_who_enter_the_same_money_at_once_enter_it_once, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let scene = Scene::set(&app, &db).await;
    let (one, two) = tokio::join!(scene.enter(&scene.clerk, cash()), scene.enter(&scene.colleague, cash()));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(scene.books().await.payments.len(), 1);
});

on_both_databases!(
    /// what goes back was there; an entry is struck out, or its money goes back, never both.
    an_entry_is_not_taken_back_while_a_refund_holds_its_money,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, &db).await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        let reason = "別の申請の納付書を誤って入力した。";
        let wanted = json!({ "amount": 22_000, "reason": "assessment_error", "refund_amount_available": 22_000 });
        let ask = async || app.post(&scene.colleague, &scene.path("/refunds"), wanted.clone()).await.expect(201);
        let decide = async |who: &Person, refund: &Value, verdict: &str| {
            let path = format!("/v1/tenants/{AOMORI}/refunds/{}/{verdict}", refund["id"].as_str().unwrap());
            app.post(who, &path, json!({})).await.expect(200)["state"].clone()
        };
        let entry = scene.enter(&scene.clerk, cash()).await.expect(201);
        let id = entry["id"].as_str().unwrap();
        let asked = ask().await;
        assert_eq!(asked["route"], "bank_transfer");
        assert_eq!(scene.reverse(&scene.colleague, id, reason).await.problem(), "409 entry_not_reversible");
        assert_eq!(decide(&scene.colleague, &asked, "withdraw").await, "withdrawn");
        assert_eq!(scene.reverse(&scene.colleague, id, reason).await.expect(200)["state"], "canceled");

        app.advance(SignedDuration::from_secs(1)).await;
        let entry = scene.enter(&scene.clerk, cash()).await.expect(201);
        let asked = ask().await;
        assert_eq!(decide(&chief, &asked, "approve").await, "payout_due");
        let refused = scene.reverse(&scene.colleague, entry["id"].as_str().unwrap(), reason).await;
        assert_eq!(refused.problem(), "409 entry_not_reversible");
        assert_eq!(scene.books().await.sorted_states(), ["canceled", "captured"]);
    }
);

on_both_databases!(
    /// without the entry the fee would have ended with the case: it is booked back with the entry, and nobody is asked for it.
    r87_an_entry_that_is_taken_back_after_the_case_was_withdrawn_leaves_nothing_owed,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, &db).await;
        let entry = scene.enter(&scene.clerk, cash()).await.expect(201);
        let withdraw = format!("/v1/tenants/{AOMORI}/applications/{}/withdraw", scene.case);
        app.post(&scene.business, &withdraw, json!({})).await.expect(200);
        assert_eq!(scene.books().await.invoice.state, "paid", "what was paid stays");
        let reason = "別の申請の納付書を誤って入力した。";
        let id = entry["id"].as_str().unwrap();
        let reversed = scene.reverse(&scene.colleague, id, reason).await.expect(200);
        assert_eq!((&reversed["state"], &reversed["invoice_state"]), (&json!("canceled"), &json!("canceled")));
        let books = scene.books().await;
        assert_eq!(books.invoice.state, "canceled");
        assert!(balances(&books.entries).values().all(|balance| *balance == 0), "{:?}", books.entries);
        let again = scene.enter(&scene.clerk, cash()).await;
        assert_eq!(again.problem(), "409 invoice_not_payable");
    }
);
