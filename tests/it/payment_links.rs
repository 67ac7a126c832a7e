//! Links to pay by: who holds one pays without an account, days later, and learns nothing of the person who owes.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::policy_coverage::world::PROCEDURE;
use crate::support::app::{AOMORI, Answer, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::money::Books;
use crate::support::traces::{rounds, traces};

/// A business that owes a fee, and the way to what it owes.
struct Debt<'a> {
    app: &'a TestApp,
    db: &'a TestDb,
    business: Person,
    case: String,
    invoice: String,
}

impl<'a> Debt<'a> {
    async fn of(app: &'a TestApp, db: &'a TestDb, email: &str) -> Self {
        Self::owing(app, db, email, (PROCEDURE, "business")).await
    }

    async fn owing(app: &'a TestApp, db: &'a TestDb, email: &str, what: (&str, &str)) -> Self {
        let (procedure, kind) = what;
        let business = app.register(email, kind).await;
        let submitted = app.submitted(&business, AOMORI, procedure).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (case, invoice) = (text(&submitted["id"]), text(&submitted["invoice"]["id"]));
        Self { app, db, business, case, invoice }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{AOMORI}/invoices/{}{rest}", self.invoice)
    }

    /// A new link; gives its id and its secret.
    async fn link(&self, body: Value) -> (String, String) {
        let made = self.app.post(&self.business, &self.path("/payment-links"), body).await.expect(201);
        (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
    }

    /// Looks at a link, as somebody without an account.
    async fn look(&self, token: &str) -> Answer {
        self.app.call(Method::GET, &format!("/v1/payment-links/{token}"), None, &[], None).await
    }

    /// Pays by a link, as somebody without an account.
    async fn pay(&self, token: &str, key: &str, body: Value) -> Answer {
        let path = format!("/v1/payment-links/{token}/payments");
        self.app.call(Method::POST, &path, None, &[("idempotency-key", key)], Some(body)).await
    }

    async fn opens(&self, body: Value) -> Answer {
        self.app.post(&self.business, &self.path("/payments"), body).await
    }

    async fn revoke(&self, id: &str) -> Answer {
        let (path, key) = (format!("/v1/tenants/{AOMORI}/payment-links/{id}"), new_key());
        let headers = [("idempotency-key", key.as_str())];
        self.app.call(Method::DELETE, &path, Some(&self.business), &headers, Some(json!({}))).await
    }

    async fn books(&self) -> Books {
        Books::read(&self.db.db, AOMORI, &self.invoice).await
    }
}

on_both_databases!(
    /// the notice is shown and nothing of the person; somebody else pays it days later.
    whoever_holds_the_link_sees_the_notice_and_pays_it_days_later,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let debt = Debt::of(&app, &db, "business@example.jp").await;
        let (_, token) = debt.link(json!({})).await;
        app.advance(SignedDuration::from_hours(24 * 10)).await;
        let shown = debt.look(&token).await.expect(200);
        let invoice = debt.books().await.invoice;
        assert_eq!((&shown["number"], &shown["total"]), (&json!(invoice.number), &json!(22_000)));
        assert_eq!((&shown["fiscal_year"], &shown["state"]), (&json!(2026), &json!("unpaid")));
        let line = &shown["lines"][0];
        for field in ["item", "basis", "revenue_account"] {
            assert!(line[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {shown}");
        }
        assert!(shown["title"].as_str().is_some_and(|title| !title.is_empty()));
        assert!(shown["payable_by"].as_array().unwrap().contains(&json!("card")), "{shown}");
        let text = shown.to_string();
        for secret in ["工藤", "business@example.jp", &debt.case, &debt.business.id] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }

        let key = new_key();
        let card = json!({ "method": "card" });
        let opened = debt.pay(&token, &key, card.clone()).await.expect(201);
        let again = debt.pay(&token, &key, card).await;
        assert_eq!((again.headers["idempotency-replayed"].to_str().unwrap(), &again.body["id"]), ("true", &opened["id"]));
        assert_eq!(debt.look(&token).await.expect(200)["payment"]["state"], "requires_action");
        let page = opened["redirect_url"].as_str().unwrap();
        app.at_gateway(page, "card", "number=4111111111111111").await;
        app.at_gateway(page, "3ds", "result=ok").await;
        app.until("it is paid", async || debt.books().await.invoice.state == "entrusted").await;
        debt.books().await.assert_entrusted_once();
        let shown = debt.look(&token).await.expect(200);
        assert_eq!((&shown["state"], &shown["payment"]["state"]), (&json!("entrusted"), &json!("captured")));
        assert_eq!(shown["payable_by"], json!([]));
        let second = debt.pay(&token, &new_key(), json!({ "method": "card" })).await;
        assert_eq!(second.problem(), "409 invoice_not_payable");

        let business = app.sign_in("business@example.jp", &debt.business.id).await;
        // somebody else paid, and whoever that was can prove it.
        let receipt = app.get(&business, &debt.path("/receipt")).await.expect(200);
        assert_eq!((&receipt["payer"], &receipt["obligor"]), (&json!("納付用リンクによる納付者"), &json!("工藤 太郎")));
        let proof = &shown["proofs"][0];
        let found = (&proof["kind"], &proof["number"], &proof["amount"]);
        assert_eq!(found, (&json!("entrustment_confirmation"), &receipt["number"], &json!(22_000)), "{shown}");
        assert!(!shown.to_string().contains("工藤"), "{shown}");
        let path = format!("/v1/tenants/{AOMORI}/applications/{}/timeline", debt.case);
        let timeline = app.get(&business, &path).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
        let opened = timeline["items"].as_array().unwrap().iter().find(|item| item["kind"] == "payment_opened");
        assert_eq!(opened.unwrap()["actor"]["kind"], "payer", "{timeline}");
    }
);

on_both_databases!(an_unknown_expired_or_revoked_link_is_not_found, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let debt = Debt::of(&app, &db, "business@example.jp").await;
    let (_, short) = debt.link(json!({ "expires_on": "2026-04-01" })).await;
    let (id, revoked) = debt.link(json!({})).await;
    let (_, good) = debt.link(json!({})).await;
    debt.look(&short).await.expect(200);
    assert_eq!(debt.revoke(&id).await.status, 204);
    assert_eq!(debt.revoke(&id).await.status, 204, "it stays as it is");
    app.advance(SignedDuration::from_hours(24)).await;
    let mut wrong = good.clone();
    let last = wrong.pop().unwrap();
    wrong.push(if last == 'A' { 'Q' } else { 'A' });
    let other_body = good.replace(AOMORI, "022012");
    let before = traces(&db).await;
    for token in [&short, &revoked, &wrong, &other_body, &"020001-x".to_owned(), &id] {
        assert_eq!(debt.look(token).await.problem(), "404 not_found", "{token}");
        let paid = debt.pay(token, &new_key(), json!({ "method": "card" })).await;
        assert_eq!(paid.problem(), "404 not_found", "{token}");
    }
    assert_eq!(traces(&db).await, before);
    debt.look(&good).await.expect(200);
    let business = app.sign_in("business@example.jp", &debt.business.id).await;
    let listed = app.get(&business, &debt.path("/payment-links")).await.expect(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items.iter().filter(|item| !item["revoked_at"].is_null()).count(), 1);
    assert!(!listed.to_string().contains(good.split_once('-').unwrap().1));
});

on_both_databases!(
    /// a link needs a notice that is owed; its secret is told once, and it ends within what the body allows.
    a_link_is_made_for_what_is_owed_and_its_secret_is_told_once,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let debt = Debt::of(&app, &db, "business@example.jp").await;
        let path = debt.path("/payment-links");
        for day in ["2026-03-31", "2026-06-01"] {
            let refused = app.post(&debt.business, &path, json!({ "expires_on": day })).await;
            assert_eq!(refused.problem(), "422 validation_failed");
            assert_eq!(refused.body["errors"][0]["pointer"], "/expires_on");
        }
        let key = new_key();
        let headers = [("idempotency-key", key.as_str())];
        let body = json!({ "expires_on": "2026-04-30" });
        let first = app.call(Method::POST, &path, Some(&debt.business), &headers, Some(body.clone())).await;
        let again = app.call(Method::POST, &path, Some(&debt.business), &headers, Some(body)).await.expect(201);
        let first = first.expect(201);
        assert_eq!(first["expires_at"], "2026-04-30T15:00:00Z");
        assert!(first["url"].as_str().unwrap().ends_with(first["token"].as_str().unwrap()));
        assert_eq!((&again["id"], &again["token"], &again["url"]), (&first["id"], &Value::Null, &Value::Null));
        assert_eq!(db.count("(SELECT COUNT(*) FROM payment_links)").await, 1);

        let page = debt.opens(json!({ "method": "nanaco" })).await.expect(201);
        app.at_gateway(page["redirect_url"].as_str().unwrap(), "nanaco", "result=ok").await;
        app.until("it is paid", async || debt.books().await.invoice.state == "entrusted").await;
        let refused = app.post(&debt.business, &path, json!({})).await;
        assert_eq!(refused.problem(), "409 invoice_not_payable");
    }
);

on_both_databases!(a_link_replaces_its_own_attempt_and_nobody_elses, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let debt = Debt::of(&app, &db, "business@example.jp").await;
    let (_, token) = debt.link(json!({})).await;
    let (_, other) = debt.link(json!({})).await;
    let wanted = |method: &str| json!({ "method": method, "replace_open": true });
    debt.opens(json!({ "method": "card" })).await.expect(201);
    assert_eq!(debt.pay(&token, &new_key(), wanted("nanaco")).await.problem(), "409 payment_in_progress");
    debt.opens(wanted("nanaco")).await.expect(201);
    assert_eq!(debt.books().await.sorted_states(), ["canceled", "requires_action"]);
    let books = debt.books().await;
    let open = books.payments.iter().find(|payment| payment.state == "requires_action").unwrap();
    let path = format!("/v1/tenants/{AOMORI}/payments/{}/cancel", open.id);
    app.post(&debt.business, &path, json!({})).await.expect(200);

    debt.pay(&token, &new_key(), json!({ "method": "card" })).await.expect(201);
    assert_eq!(debt.pay(&other, &new_key(), wanted("card")).await.problem(), "409 payment_in_progress");
    debt.pay(&token, &new_key(), wanted("nanaco")).await.expect(201);
    debt.opens(wanted("card")).await.expect(201);
    let states = ["canceled", "canceled", "canceled", "canceled", "requires_action"];
    assert_eq!(debt.books().await.sorted_states(), states, "the party decides in the end");
    assert_eq!(debt.look(&token).await.expect(200)["payment"]["state"], "canceled");
});

on_both_databases!(
    /// an invitation goes to whoever pays, and their address is nowhere to be read but at the gateway.
    whoever_holds_a_link_says_where_the_invitation_goes,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| {
            for gateway in &mut settings.gateways {
                gateway.enabled = gateway.name == "veritrans";
            }
        })
        .await;
        let debt = Debt::owing(&app, &db, "resident@example.jp", ("kikenbutsu-menjo", "resident")).await;
        let (_, token) = debt.link(json!({})).await;
        let shown = debt.look(&token).await.expect(200);
        let has = |field: &str, code: &str| shown[field].as_array().unwrap().contains(&json!(code));
        assert!(has("payable_by", "suica") && has("payable_by", "nanaco"), "{shown}");
        assert!(has("email_needed_for", "suica") && !has("email_needed_for", "nanaco"), "{shown}");
        assert_eq!(debt.pay(&token, &new_key(), json!({ "method": "nanaco" })).await.status, 201);

        // What is not whole closes nothing and stores nothing.
        let before = traces(&db).await;
        for (email, code) in [(Value::Null, "required"), (json!("nobody"), "email"), (json!("a@b.jp\r\nBcc: c@d.jp"), "email")] {
            let wanted = json!({ "method": "suica", "replace_open": true, "email": email });
            let refused = debt.pay(&token, &new_key(), wanted).await;
            assert_eq!(refused.problem(), "422 validation_failed");
            let fault = &refused.body["errors"][0];
            assert_eq!((&fault["pointer"], &fault["code"]), (&json!("/email"), &json!(code)));
        }
        assert_eq!(traces(&db).await, before);

        let (key, email) = (new_key(), "Payer.Elsewhere@example.jp");
        let wanted = json!({ "method": "suica", "replace_open": true, "email": email });
        let opened = debt.pay(&token, &key, wanted.clone()).await.expect(201);
        assert_eq!((&opened["state"], &opened["redirect_url"]), (&json!("awaiting_payment"), &Value::Null));
        let again = debt.pay(&token, &key, wanted).await;
        assert_eq!((again.headers["idempotency-replayed"].to_str().unwrap(), &again.body["id"]), ("true", &opened["id"]));
        let books = debt.books().await;
        assert_eq!(books.sorted_states(), ["awaiting_payment", "canceled"]);
        let reference = &books.payments.iter().find(|payment| payment.method == "suica").unwrap().merchant_reference;
        let order = app.truth(reference).await;
        let page = format!("{}/hosted/{}", app.simulator, order["session_id"].as_str().unwrap());
        assert_eq!(app.at_gateway(&page, "suica", "result=ok").await.0, 303, "whoever got the invitation pays");
        app.until("it is paid", async || debt.books().await.invoice.state == "entrusted").await;
        debt.books().await.assert_entrusted_once();

        for shown in [debt.look(&token).await.expect(200), app.get(&debt.business, &debt.path("")).await.expect(200)] {
            assert!(!shown.to_string().to_lowercase().contains("elsewhere"), "{shown}");
        }
        let facts = "(SELECT COUNT(*) FROM events WHERE facts LIKE '%lsewhere%')";
        assert_eq!(db.count(facts).await, 0);
    }
);

on_both_databases!(links_and_party_at_once_open_one_payment, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    for round in 0..rounds(3) {
        let debt = Debt::of(&app, &db, &format!("business{round}@example.jp")).await;
        let ((_, one), (_, two)) = (debt.link(json!({})).await, debt.link(json!({})).await);
        let (card, key, other_key) = (|| json!({ "method": "card" }), new_key(), new_key());
        let answers = tokio::join!(
            debt.pay(&one, &key, card()),
            debt.pay(&two, &other_key, card()),
            debt.opens(json!({ "method": "nanaco" }))
        );
        let answers = [answers.0, answers.1, answers.2];
        let won = answers.iter().filter(|answer| answer.status == 201).count();
        let lost = answers.iter().filter(|answer| answer.problem() == "409 payment_in_progress").count();
        assert_eq!((won, lost), (1, 2));
        assert_eq!(debt.books().await.payments.len(), 1);
    }
});

on_both_databases!(
    /// what somebody else paid by a link goes back to the obligor, unless the office says otherwise.
    money_paid_by_a_link_goes_back_to_the_obligor,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let debt = Debt::of(&app, &db, "business@example.jp").await;
        let kaikei = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
        let (_, token) = debt.link(json!({})).await;
        let opened = debt.pay(&token, &new_key(), json!({ "method": "card" })).await.expect(201);
        let page = opened["redirect_url"].as_str().unwrap();
        app.at_gateway(page, "card", "number=4111111111111111").await;
        app.at_gateway(page, "3ds", "result=ok").await;
        app.until("it is paid", async || debt.books().await.invoice.state == "entrusted").await;
        let wanted = |left: i64| {
            json!({ "amount": 1_000, "reason": "assessment_error", "refund_amount_available": left })
        };
        let asked = app.post(&kaikei, &debt.path("/refunds"), wanted(22_000)).await.expect(201);
        assert_eq!(asked["route"], "bank_transfer");
    }
);

on_both_databases!(
    /// nobody signs in, so calls are counted: by link from wherever, by address over all links; the clock lets them in again.
    too_many_calls_about_links_wait_and_recover_with_the_clock,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| {
            let payments = &mut settings.payments;
            (payments.link_per_minute, payments.link_burst) = (30, 3);
            (payments.link_address_per_minute, payments.link_address_burst) = (60, 6);
        })
        .await;
        let debt = Debt::of(&app, &db, "business@example.jp").await;
        let ((_, token), (_, other)) = (debt.link(json!({})).await, debt.link(json!({})).await);
        for _ in 0..3 {
            debt.look(&token).await.expect(200);
        }
        let before = traces(&db).await;
        for refused in [debt.look(&token).await, debt.pay(&token, &new_key(), json!({ "method": "card" })).await] {
            assert_eq!(refused.problem(), "429 too_many_attempts");
            assert_eq!(refused.headers["retry-after"], "2");
            assert_eq!(refused.headers["content-type"], "application/problem+json");
        }
        assert_eq!(traces(&db).await, before);
        // Five calls came from here: one more, about another link, is the last that may come at once.
        debt.look(&other).await.expect(200);
        let guess = debt.look("020001-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        assert_eq!(guess.problem(), "429 too_many_attempts");
        assert_eq!(guess.headers["retry-after"], "1");

        app.advance(SignedDuration::from_secs(2)).await;
        debt.look(&token).await.expect(200);
        let guess = debt.look("020001-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        assert_eq!(guess.problem(), "404 not_found");
        app.advance(SignedDuration::from_secs(60)).await;
        for _ in 0..3 {
            debt.look(&token).await.expect(200);
        }
        assert_eq!(debt.pay(&token, &new_key(), json!({ "method": "card" })).await.problem(), "429 too_many_attempts");
        app.advance(SignedDuration::from_secs(2)).await;
        debt.pay(&token, &new_key(), json!({ "method": "card" })).await.expect(201);
    }
);
