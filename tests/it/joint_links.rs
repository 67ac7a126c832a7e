//! Links to pay several invoices by: whoever holds one sees every notice and pays what is still owed in one act.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::policy_coverage::world::PROCEDURE;
use crate::support::app::{AOMORI, Answer, Person, TestApp, new_key};
use crate::support::db::{TestDb, execute};
use crate::support::money::Books;
use crate::support::traces::{rounds, traces};
use crate::waivers::office::{Office, Owing};

const FEE: i64 = 22_000;

/// A business that owes several fees.
struct Debts<'a> {
    app: &'a TestApp,
    db: &'a TestDb,
    business: Person,
    invoices: Vec<String>,
}

impl<'a> Debts<'a> {
    async fn of(app: &'a TestApp, db: &'a TestDb, count: usize) -> Self {
        let business = app.register("business@example.jp", "business").await;
        let mut debts = Self { app, db, business, invoices: Vec::new() };
        for _ in 0..count {
            debts.one_more().await;
        }
        debts
    }

    async fn one_more(&mut self) {
        let submitted = self.app.submitted(&self.business, AOMORI, PROCEDURE).await;
        self.invoices.push(submitted["invoice"]["id"].as_str().unwrap().to_owned());
    }

    fn path(&self, which: usize, rest: &str) -> String {
        format!("/v1/tenants/{AOMORI}/invoices/{}{rest}", self.invoices[which])
    }

    async fn makes(&self, further: Value) -> Answer {
        let wanted = json!({ "further_invoices": further });
        self.app.post(&self.business, &self.path(0, "/payment-links"), wanted).await
    }

    /// A link for all of them; gives its id and its secret.
    async fn link(&self) -> (String, String) {
        let made = self.makes(json!(self.invoices[1..])).await.expect(201);
        assert_eq!(made["invoices"], json!(self.invoices));
        (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
    }

    async fn look(&self, token: &str) -> Answer {
        self.app.call(Method::GET, &format!("/v1/payment-links/{token}"), None, &[], None).await
    }

    async fn pay(&self, token: &str, key: &str, total: Value) -> Answer {
        let path = format!("/v1/payment-links/{token}/payments");
        let body = json!({ "method": "card", "expected_total": total });
        self.app.call(Method::POST, &path, None, &[("idempotency-key", key)], Some(body)).await
    }

    async fn at_gateway(&self, payment: &Value) {
        let page = payment["redirect_url"].as_str().unwrap();
        self.app.at_gateway(page, "card", "number=4111111111111111").await;
        self.app.at_gateway(page, "3ds", "result=ok").await;
    }

    async fn books(&self, which: usize) -> Books {
        Books::read(&self.db.db, AOMORI, &self.invoices[which]).await
    }
}

on_both_databases!(
    /// every notice is shown and nothing of the person; one act pays them, and each is proven by itself.
    whoever_holds_a_link_for_several_sees_every_line_and_pays_them_in_one_act,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let debts = Debts::of(&app, &db, 3).await;
        let (_, token) = debts.link().await;
        let shown = debts.look(&token).await.expect(200);
        let notices = shown["invoices"].as_array().unwrap();
        assert_eq!((notices.len(), &shown["total"]), (3, &json!(3 * FEE)));
        for (which, notice) in notices.iter().enumerate() {
            assert_eq!(notice["number"], json!(debts.books(which).await.invoice.number));
            assert_eq!((&notice["total"], &notice["owed"], &notice["lines"][0]["amount"]), (&json!(FEE), &json!(true), &json!(FEE)));
        }
        assert!(shown["payable_by"].as_array().unwrap().contains(&json!("card")), "{shown}");
        for secret in ["工藤", "business@example.jp", &debts.business.id] {
            assert!(!shown.to_string().contains(secret), "{secret}: {shown}");
        }
        for which in 0..3 {
            let listed = app.get(&debts.business, &debts.path(which, "/payment-links")).await.expect(200);
            assert_eq!(listed["items"][0]["invoices"], json!(debts.invoices), "each of them shows it");
        }

        let before = traces(&db).await;
        let blind = debts.pay(&token, &new_key(), Value::Null).await;
        assert_eq!((blind.problem().as_str(), &blind.body["errors"][0]["pointer"]), ("422 validation_failed", &json!("/expected_total")));
        assert_eq!(debts.pay(&token, &new_key(), json!(FEE)).await.problem(), "409 total_changed");
        assert_eq!(traces(&db).await, before);
        let key = new_key();
        let opened = debts.pay(&token, &key, json!(3 * FEE)).await.expect(201);
        assert_eq!((&opened["total"], opened["payments"].as_array().unwrap().len()), (&json!(3 * FEE), 3));
        debts.at_gateway(&opened).await;
        for which in 0..3 {
            app.until("it is paid", async || debts.books(which).await.invoice.state == "entrusted").await;
            debts.books(which).await.assert_entrusted_once();
        }
        let again = debts.pay(&token, &key, json!(3 * FEE)).await;
        assert_eq!((again.headers["idempotency-replayed"].to_str().unwrap(), &again.body["id"]), ("true", &opened["id"]));
        let shown = debts.look(&token).await.expect(200);
        assert_eq!((&shown["total"], &shown["payable_by"], &shown["payment"]["state"]), (&json!(0), &json!([]), &json!("captured")));
        assert_eq!(debts.pay(&token, &new_key(), json!(0)).await.problem(), "409 invoice_not_payable");
        assert_eq!(db.count("(SELECT COUNT(*) FROM payment_payers)").await, 3, "R-86: money that goes back goes to the obligor");
        assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'payment_opened' AND actor_kind = 'payer')").await, 3);
    }
);

on_both_databases!(
    /// The first payment wins: what was paid meanwhile is told and left out, and the rest can be paid.
    of_a_link_for_several_what_was_paid_meanwhile_is_told_and_the_rest_is_paid,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let debts = Debts::of(&app, &db, 3).await;
        let (id, token) = debts.link().await;
        let own = app.post(&debts.business, &debts.path(1, "/payments"), json!({ "method": "card" })).await.expect(201);
        let busy = debts.pay(&token, &new_key(), json!(3 * FEE)).await;
        assert_eq!((busy.problem().as_str(), &busy.body["errors"][0]["code"]), ("422 validation_failed", &json!("payment_in_progress")));
        debts.at_gateway(&own).await;
        app.until("it is paid", async || debts.books(1).await.invoice.state == "entrusted").await;
        assert_eq!(debts.pay(&token, &new_key(), json!(3 * FEE)).await.problem(), "409 total_changed");
        let shown = debts.look(&token).await.expect(200);
        let owed: Vec<bool> =
            shown["invoices"].as_array().unwrap().iter().map(|notice| notice["owed"].as_bool().unwrap()).collect();
        assert_eq!((owed, &shown["total"]), (vec![true, false, true], &json!(2 * FEE)));
        let opened = debts.pay(&token, &new_key(), shown["total"].clone()).await.expect(201);
        let paid: Vec<&Value> =
            opened["payments"].as_array().unwrap().iter().map(|payment| &payment["invoice"]).collect();
        assert_eq!(paid, [&json!(debts.invoices[0]), &json!(debts.invoices[2])]);
        debts.at_gateway(&opened).await;
        for which in [0, 2] {
            app.until("the rest is paid", async || debts.books(which).await.invoice.state == "entrusted").await;
        }
        for which in 0..3 {
            debts.books(which).await.assert_entrusted_once();
        }
        let (path, key) = (format!("/v1/tenants/{AOMORI}/payment-links/{id}"), new_key());
        let headers = [("idempotency-key", key.as_str())];
        let ended = app.call(Method::DELETE, &path, Some(&debts.business), &headers, Some(json!({}))).await;
        assert_eq!(ended.status, 204);
        assert_eq!(debts.look(&token).await.problem(), "404 not_found");
    }
);

on_both_databases!(
    /// only what one obligor owes, and the caller may pay, is put into one link; all that is wrong is said at once.
    a_link_names_only_debts_of_one_obligor_that_are_owed,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let debts = Debts::of(&app, &db, 3).await;
        let stranger = app.register("stranger@example.jp", "business").await;
        let foreign = app.submitted(&stranger, AOMORI, PROCEDURE).await["invoice"]["id"].clone();
        let own = app.post(&debts.business, &debts.path(2, "/payments"), json!({ "method": "card" })).await.expect(201);
        debts.at_gateway(&own).await;
        app.until("it is paid", async || debts.books(2).await.invoice.state == "entrusted").await;
        let before = traces(&db).await;
        let refused = debts.makes(json!([debts.invoices[1], foreign, debts.invoices[2]])).await;
        let found: Vec<(&Value, &Value)> =
            refused.body["errors"].as_array().unwrap().iter().map(|it| (&it["pointer"], &it["code"])).collect();
        let (hidden, paid) = (json!("/further_invoices/1"), json!("/further_invoices/2"));
        assert_eq!(found, [(&hidden, &json!("not_found")), (&paid, &json!("invoice_not_payable"))]);
        let twice = debts.makes(json!([debts.invoices[0]])).await;
        assert_eq!(twice.body["errors"][0]["code"], "duplicate");
        assert_eq!(traces(&db).await, before);
    }
);

on_both_databases!(a_link_for_several_and_a_party_at_once_open_one_payment_of_each, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut debts = Debts::of(&app, &db, 0).await;
    for _ in 0..rounds(4) {
        debts.invoices.clear();
        for _ in 0..2 {
            debts.one_more().await;
        }
        let (_, token) = debts.link().await;
        let key = new_key();
        let (path, card) = (debts.path(1, "/payments"), json!({ "method": "card" }));
        let (all, one) =
            tokio::join!(debts.pay(&token, &key, json!(2 * FEE)), app.post(&debts.business, &path, card));
        let mut statuses = [all.status.as_u16(), one.status.as_u16()];
        statuses.sort_unstable();
        assert!([[201, 409], [201, 422]].contains(&statuses), "{statuses:?}: {} {}", all.body, one.body);
        assert_eq!(debts.books(1).await.payments.len(), 1);
        assert_eq!(debts.books(0).await.payments.len(), usize::from(all.status == 201));
    }
});

on_both_databases!(
    /// What the holder of a link is shown as owed is what is paid by it: not what ended with the case that it was owed for.
    what_a_link_shows_as_owed_is_what_is_paid_by_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let late = office.owing().await;
        app.advance(SignedDuration::from_hours(24 * 31)).await;
        office.sign_in_again().await;
        app.post(&office.clerk, &late.path("/demand"), json!({})).await.expect(201);
        let (owing, ended) = (office.owing().await, office.owing().await);
        office.pays(&late).await;
        app.drain().await;
        let shown = app.get(&office.business, &late.path("/arrears")).await.expect(200);
        let fee = shown["charges"][0]["invoice"].as_str().unwrap().to_owned();
        let fee = Owing { case: late.case.clone(), invoice: fee };
        let wanted = json!({ "further_invoices": [fee.invoice, ended.invoice] });
        let made = app.post(&office.business, &owing.path("/payment-links"), wanted).await.expect(201);
        // The fee of the demand outlives the case of the claim that was paid; what nobody paid ends with its own.
        for case in [&late.case, &ended.case] {
            app.post(&office.business, &format!("{case}/withdraw"), json!({})).await.expect(200);
        }
        let books = office.books(&fee).await;
        assert_eq!(books.invoice.state, "unpaid");
        let total = FEE + books.invoice.total.amount();
        let debts = Debts { app: &app, db: &db, business: office.business, invoices: Vec::new() };
        let token = made["token"].as_str().unwrap();
        let shown = debts.look(token).await.expect(200);
        let owed: Vec<_> = shown["invoices"].as_array().unwrap().iter().map(|one| one["owed"].clone()).collect();
        assert_eq!((&shown["total"], owed), (&json!(total), vec![json!(true), json!(true), json!(false)]));
        let opened = debts.pay(token, &new_key(), shown["total"].clone()).await.expect(201);
        assert_eq!(opened["total"], total);
    }
);

on_both_databases!(
    /// who is a party of one case sees of a link what is theirs, and takes it back; so does who gave it out.
    a_party_of_one_case_sees_its_own_of_a_link_and_takes_it_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let debts = Debts::of(&app, &db, 2).await;
        let (first, _) = debts.link().await;
        let (second, token) = debts.link().await;
        let other = app.register("other@example.jp", "business").await;
        let stranger = app.register("stranger@example.jp", "business").await;
        let (url, case) = (db.settings.url.clone(), debts.books(1).await.invoice.application_id);
        let hand_over = format!("UPDATE parties SET account_id = '{}' WHERE application_id = '{case}'", other.id);
        std::thread::spawn(move || execute(&url, &hand_over)).join().unwrap();
        for (who, which) in [(&debts.business, 0), (&other, 1)] {
            let listed = app.get(who, &debts.path(which, "/payment-links")).await.expect(200);
            for item in listed["items"].as_array().unwrap() {
                assert_eq!(item["invoices"], json!([debts.invoices[which]]));
            }
        }
        let revoke = async |who: &Person, id: &str| {
            let (path, key) = (format!("/v1/tenants/{AOMORI}/payment-links/{id}"), new_key());
            app.call(Method::DELETE, &path, Some(who), &[("idempotency-key", key.as_str())], Some(json!({}))).await
        };
        assert_eq!(revoke(&stranger, &first).await.problem(), "404 not_found");
        assert_eq!(revoke(&debts.business, &first).await.status, 204);
        assert_eq!(revoke(&other, &second).await.status, 204);
        assert_eq!(debts.look(&token).await.problem(), "404 not_found");
    }
);
