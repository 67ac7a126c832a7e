//! What the payer is told and given: the notice with every item, and one living proof a payment that took money.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::SignedDuration;
use madoguchi::domain::ledger::{EntryKind, Posting};
use madoguchi::domain::policy::Role;
use madoguchi::store::{Reads, StoreError};
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::policy_coverage::world::{DEPARTMENT, PROCEDURE};
use crate::support::app::{AFTER_REVIEW, AOMORI, ON_ISSUE, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::money::Books;
use crate::support::repeat::everything_again;
use crate::support::traces::traces;

pub(crate) struct Scene<'a> {
    app: &'a TestApp,
    pub business: Person,
    clerk: Person,
    pub accountant: Person,
    invoice: String,
}

impl<'a> Scene<'a> {
    pub async fn set(app: &'a TestApp, procedure: &str) -> Self {
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let accountant =
            app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
        let submitted = app.submitted(&business, AOMORI, procedure).await;
        let invoice = submitted["invoice"]["id"].as_str().unwrap().to_owned();
        Self { app, business, clerk, accountant, invoice }
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{AOMORI}/invoices/{}{rest}", self.invoice)
    }

    async fn receipts(&self) -> Vec<Value> {
        let list = self.app.get(&self.business, &self.path("/receipts")).await.expect(200);
        list["items"].as_array().unwrap().clone()
    }

    async fn states(&self) -> Vec<(String, Value)> {
        let said = |it: &Value| (it["state"].as_str().unwrap().to_owned(), it["revocation_ground"].clone());
        self.receipts().await.iter().map(said).collect()
    }

    pub async fn pay_cash(&self) -> Value {
        let entry = json!({ "means": "cash", "amount": 22_000, "received_on": "2026-04-01" });
        self.app.post(&self.clerk, &self.path("/counter-payments"), entry).await.expect(201)
    }

    pub async fn pay_by_card(&self) {
        let body = json!({ "method": "card" });
        let opened = self.app.post(&self.business, &self.path("/payments"), body).await.expect(201);
        let page = opened["redirect_url"].as_str().unwrap().to_owned();
        self.app.at_gateway(&page, "card", "number=4111111111111111").await;
        self.app.at_gateway(&page, "3ds", "result=ok").await;
        let covered =
            async || self.app.get(&self.business, &self.path("")).await.expect(200)["state"] == "entrusted";
        self.app.until("the invoice is entrusted", covered).await;
    }

    async fn act(
        &self,
        who: &Person,
        receipt: &Value,
        act: &str,
        reason: &str,
    ) -> crate::support::app::Answer {
        let path = format!("/v1/tenants/{AOMORI}/receipts/{}/{act}", receipt["id"].as_str().unwrap());
        self.app.post(who, &path, json!({ "reason": reason })).await
    }
}

async fn run(db: &TestDb, sql: &'static str) -> Result<usize, StoreError> {
    db.db
        .write_alone(vec![], move |tx| Ok::<_, StoreError>(diesel::sql_query(sql).execute(tx.change())?))
        .await
}

on_both_databases!(
    /// year, account, sum, due day, place and reason; the screen where one pays shows the same.
    r67_the_notice_names_every_item_and_reads_the_same_for_ever,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, PROCEDURE).await;
        let notice = app.get(&scene.business, &scene.path("/notice")).await.expect(200);
        assert_eq!((&notice["total"], &notice["fiscal_year"]), (&json!(22_000), &json!(2026)));
        assert_eq!(notice["fiscal_year_label"], "令和8年度");
        assert_eq!((&notice["due_on"], &notice["payable_until"]), (&json!("2026-05-01"), &json!("2026-05-01")));
        let account = &notice["lines"][0]["account"];
        assert_eq!((&account["kan"], &account["kou"]), (&json!("使用料及び手数料"), &json!("手数料")));
        assert!(account["moku"].is_string() && account["setsu"].is_string());
        assert!(notice["places"].as_array().is_some_and(|places| places.len() == 2), "{notice}");
        assert!(notice["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
        assert_eq!((&notice["way"], &notice["obligor"]), (&json!("electronic"), &json!("工藤 太郎")));

        let invoice = app.get(&scene.business, &scene.path("")).await.expect(200);
        assert_eq!(invoice["due_on"], notice["due_on"]);
        for item in ["due_on", "payable_until", "places", "methods", "reason", "way"] {
            assert_eq!(invoice["notice"][item], notice[item], "{item}");
        }
        assert_eq!(invoice["lines"][0]["account"], notice["lines"][0]["account"]);
        assert_eq!((&invoice["number"], &invoice["total"]), (&notice["number"], &notice["total"]));

        scene.pay_cash().await;
        app.advance(SignedDuration::from_hours(24 * 400)).await;
        let business = app.sign_in("business@example.jp", &scene.business.id).await;
        assert_eq!(app.get(&business, &scene.path("/notice")).await.expect(200), notice);
        assert!(run(&db, "UPDATE payment_notices SET way = 'oral'").await.is_err(), "it is never rewritten");
        assert!(run(&db, "DELETE FROM payment_notices").await.is_err());
        let reads = "(SELECT COUNT(*) FROM access_log WHERE operation = 'payment_notice')";
        assert_eq!(db.count(reads).await, 0, "nobody of the staff looked");
    }
);

on_both_databases!(
    /// no invoice without its notice, and the obligor is told once where the fee is fixed later.
    r66_a_fee_that_is_fixed_later_is_notified_once,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = counter.claimed(AFTER_REVIEW).await;
        counter.fix(&case, 3, false).await.expect(201);
        let other = counter.claimed(ON_ISSUE).await;
        counter.propose(&other, "grant").await;
        counter.seal(&other).await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 2);
        assert_eq!(db.count("(SELECT COUNT(*) FROM payment_notices)").await, 2);
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_fee')").await, 2);
        counter.app.drain().await;
        everything_again(&db.db, async || { counter.app.drain().await; }).await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM payment_notices)").await, 2);
    }
);

on_both_databases!(
    /// money at the counter has the body's own receipt, with place, officer, year and account.
    r80_cash_has_an_official_receipt_that_ends_when_the_entry_is_taken_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, PROCEDURE).await;
        assert!(scene.receipts().await.is_empty(), "nothing before money is certain");
        let entry = scene.pay_cash().await;
        let receipt = app.get(&scene.business, &scene.path("/receipt")).await.expect(200);
        assert_eq!((&receipt["kind"], &receipt["state"]), (&json!("official_receipt"), &json!("valid")));
        assert_eq!((&receipt["total"], &receipt["fiscal_year"]), (&json!(22_000), &json!(2026)));
        assert_eq!((&receipt["means"], &receipt["received_by"]), (&json!("cash"), &json!(scene.clerk.id)));
        assert_eq!((&receipt["received_on"], &receipt["paid_on"]), (&json!("2026-04-01"), &json!("2026-04-01")));
        assert_eq!((&receipt["obligor"], &receipt["payer"]), (&json!("工藤 太郎"), &json!("工藤 太郎")));
        assert!(receipt["lines"][0]["account"]["setsu"].is_string());
        // a fee of an office is not taxable, so nothing of a qualified invoice stands there.
        assert_eq!(receipt["tax_summary"], json!({ "rates": [], "not_taxable": 22_000 }));
        assert_eq!(receipt["registration_number"], Value::Null);

        let reverse = format!("/v1/tenants/{AOMORI}/counter-payments/{}/reverse", entry["id"].as_str().unwrap());
        app.post(&scene.accountant, &reverse, json!({ "reason": "誤入力" })).await.expect(200);
        assert_eq!(scene.states().await, [("revoked".to_owned(), json!("payment_undone"))]);
        assert_eq!(app.get(&scene.business, &scene.path("/receipt")).await.problem(), "404 not_found");
        app.advance(SignedDuration::from_secs(60)).await;
        scene.pay_cash().await;
        let states: Vec<String> = scene.states().await.into_iter().map(|(state, _)| state).collect();
        assert_eq!(states, ["revoked", "valid"]);
        Books::read(&db.db, AOMORI, &scene.invoice).await.assert_proven();
        assert!(run(&db, "UPDATE receipts SET amount = 1").await.is_err(), "a receipt is never rewritten");
        assert!(run(&db, "DELETE FROM receipt_revocations").await.is_err());
    }
);

on_both_databases!(
    /// entrusted money never has a receipt of the body, and hearing of it again gives nothing more.
    r80_an_entrusted_payment_has_one_confirmation_and_one_mail,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, PROCEDURE).await;
        scene.pay_by_card().await;
        let receipt = app.get(&scene.business, &scene.path("/receipt")).await.expect(200);
        assert_eq!((&receipt["kind"], &receipt["paid_on"]), (&json!("entrustment_confirmation"), &Value::Null));
        assert_eq!((&receipt["entrusted_on"], &receipt["means"]), (&json!("2026-04-01"), &Value::Null));
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(scene.receipts().await.len(), 1);
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_receipt')").await, 1);
        assert_eq!(db.count("(SELECT COUNT(*) FROM receipts WHERE kind = 'official_receipt')").await, 0);
        let forged = "INSERT INTO receipts SELECT tenant_id, 'x', application_id, invoice_id, payment_id, 9, \
                      'official_receipt', legal_role, 'x', amount, content, content_sha256, sealed_names, issued_at \
                      FROM receipts";
        assert!(run(&db, forged).await.is_err(), "the database refuses it, too");
        let entrusted = EntryKind::Booked(Posting::Entrust);
        let books = Books::read(&db.db, AOMORI, &scene.invoice).await;
        assert!(books.entries.iter().any(|entry| entry.kind == entrusted));
        books.assert_proven();
    }
);

on_both_databases!(a_receipt_is_given_again_as_a_copy_and_replaced_with_a_reason, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let scene = Scene::set(&app, PROCEDURE).await;
    scene.pay_cash().await;
    let first = scene.receipts().await.remove(0);
    let before = traces(&db).await;
    for (who, act, reason, problem) in [
        (&scene.business, "reissue", "紛失", "403 forbidden"),
        (&scene.business, "revoke", "紛失", "403 forbidden"),
        (&scene.accountant, "reissue", " ", "422 validation_failed"),
        (&scene.accountant, "revoke", "", "422 validation_failed"),
    ] {
        assert_eq!(scene.act(who, &first, act, reason).await.problem(), problem, "{act}");
    }
    assert_eq!(traces(&db).await, before, "a refusal leaves nothing behind");

    for number in 1..=2 {
        let copy =
            scene.act(&scene.accountant, &first, "reissue", "納付者が紛失したため。").await.expect(201);
        let copies = copy["reissues"].as_array().unwrap();
        assert_eq!((copies.len(), &copies[copies.len() - 1]["reissue_no"]), (number, &json!(number)));
        assert_eq!(copy["number"], first["number"], "a copy is no new receipt");
    }
    let second = scene.act(&scene.accountant, &first, "revoke", "宛名の誤り。").await.expect(200);
    assert_ne!(second["number"], first["number"]);
    assert_eq!(second["state"], "valid");
    let gone = scene.act(&scene.accountant, &first, "reissue", "紛失").await;
    assert_eq!(gone.problem(), "409 receipt_revoked");
    assert_eq!(scene.states().await[0], ("revoked".to_owned(), json!("replaced")));
    let shown = app.get(&scene.business, &scene.path("/receipt")).await.expect(200);
    assert_eq!(shown["id"], second["id"]);
    Books::read(&db.db, AOMORI, &scene.invoice).await.assert_proven();
});

on_both_databases!(
    /// A payment taken before receipts were kept gets its own at the first reading, however many read at once.
    a_payment_from_before_gets_its_receipt_once_at_the_first_reading,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, PROCEDURE).await;
        scene.pay_cash().await;
        forget(&db).await;
        let (notice, receipt) = (scene.path("/notice"), scene.path("/receipt"));
        let stranger = app.register("stranger@example.jp", "business").await;
        assert_eq!(app.get(&stranger, &receipt).await.problem(), "404 not_found");
        assert_eq!(db.count("(SELECT COUNT(*) FROM receipts)").await, 0, "a stranger causes nothing");
        let (one, two) = tokio::join!(app.get(&scene.business, &receipt), app.get(&scene.clerk, &receipt));
        assert_eq!(one.expect(200)["id"], two.expect(200)["id"]);
        let (one, two) = tokio::join!(app.get(&scene.business, &notice), app.get(&scene.clerk, &notice));
        assert_eq!(one.expect(200), two.expect(200));
        assert_eq!(db.count("(SELECT COUNT(*) FROM receipts)").await, 1);
        Books::read(&db.db, AOMORI, &scene.invoice).await.assert_proven();
    }
);

/// Makes the database what it was before notices and receipts were kept.
async fn forget(db: &TestDb) {
    let off = |table: &str| {
        if db.is_sqlite() {
            vec![format!("DROP TRIGGER {table}_no_delete")]
        } else {
            vec![format!("DROP TRIGGER {table}_append_only ON {table}")]
        }
    };
    let mut statements = off("receipts");
    statements.extend(off("payment_notices"));
    statements.push("DELETE FROM receipts".to_owned());
    statements.push("DELETE FROM payment_notices".to_owned());
    db.db
        .write_alone(vec![], move |tx| {
            for statement in &statements {
                diesel::sql_query(statement.clone()).execute(tx.change())?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

on_both_databases!(
    /// the use of a hall is taxed, and its receipt is one of a qualified invoice.
    r102_a_taxed_use_fee_carries_the_registration_number_and_the_tax_by_rate,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, "skate-kashigutsu").await;
        let invoice = app.get(&scene.business, &scene.path("")).await.expect(200);
        let total = invoice["total"].as_i64().unwrap();
        let entry = json!({ "means": "cash", "amount": total, "received_on": "2026-04-01" });
        app.post(&scene.accountant, &scene.path("/counter-payments"), entry).await.expect(201);
        let receipt = app.get(&scene.business, &scene.path("/receipt")).await.expect(200);
        assert_eq!(receipt["registration_number"], "T2000020020001");
        let expected = json!({ "rates": [{ "percent": 10, "total": total, "tax": total * 10 / 110 }], "not_taxable": 0 });
        assert_eq!(receipt["tax_summary"], expected);
        assert!(receipt["lines"].as_array().unwrap().iter().all(|line| line["tax"]["percent"] == 10));
        let count: Count = db
            .db
            .read(|tx| {
                let query = "SELECT COUNT(*) AS count FROM receipts WHERE content LIKE '%工藤%'";
                Ok::<_, StoreError>(diesel::sql_query(query).get_result(tx.read())?)
            })
            .await
            .unwrap();
        assert_eq!(count.count, 0, "no name stands in clear");
    }
);
