//! Revenue stamps (証紙): cancelled by an officer they settle a fee, without money and without a receipt.

use jiff::SignedDuration;
use madoguchi::domain::ledger::{Account, EntryKind, Posting, balances};
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::policy_coverage::world::PROCEDURE;
use crate::support::app::{AOMORI, Answer, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::money::Books;
use crate::support::traces::traces;

const TENANT: &str = include_str!("../../config/tenants/020001.yaml");
/// A procedure that is paid in stamps.
const GUNS: &str = "ryoju-seizo";
const GUNS_FEE: i64 = 85_000;

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
    async fn set(app: &'a TestApp, db: &'a TestDb, procedure: &str) -> Self {
        let shown = app
            .call(Method::GET, &format!("/v1/tenants/{AOMORI}/procedures/{procedure}"), None, &[], None)
            .await;
        let department = shown.expect(200)["department"].as_str().unwrap().to_owned();
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, &department, Role::Clerk, "clerk@example.jp").await;
        let colleague =
            app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
        let submitted = app.submitted(&business, AOMORI, procedure).await;
        let case = format!("/v1/tenants/{AOMORI}/applications/{}", submitted["id"].as_str().unwrap());
        let invoice = submitted["invoice"]["id"].as_str().unwrap().to_owned();
        Self { app, db, business, clerk, colleague, case, invoice }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{AOMORI}/invoices/{}{rest}", self.invoice)
    }

    async fn cancel(&self, who: &Person, stamps: Value, day: &str) -> Answer {
        let wanted = json!({ "stamps": stamps, "cancelled_on": day });
        self.app.post(who, &self.path("/stamp-uses"), wanted).await
    }

    async fn reverse(&self, who: &Person, id: &str, reason: &str) -> Answer {
        let path = format!("/v1/tenants/{AOMORI}/stamp-uses/{id}/reverse");
        self.app.post(who, &path, json!({ "reason": reason })).await
    }

    async fn books(&self) -> Books {
        Books::read(&self.db.db, AOMORI, &self.invoice).await
    }
}

fn exact() -> Value {
    json!([{ "face": 10_000, "count": 8 }, { "face": 5_000, "count": 1 }])
}

on_both_databases!(
    /// the fee is paid on the day of the cancellation; no payment, no receipt, no money in the books.
    r71_cancelled_stamps_settle_a_fee_without_money_and_without_a_receipt,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, &db, GUNS).await;
        let shown = app.get(&scene.business, &scene.path("")).await.expect(200);
        assert_eq!((&shown["payable_by"], &shown["total"]), (&json!([]), &json!(GUNS_FEE)), "R-70: no cashless method");
        assert_eq!(scene.cancel(&scene.business, exact(), "2026-04-01").await.problem(), "403 forbidden");
        let key = new_key();
        let headers = [("idempotency-key", key.as_str())];
        let wanted = json!({ "stamps": exact(), "cancelled_on": "2026-04-01" });
        let path = scene.path("/stamp-uses");
        let made = app.call(Method::POST, &path, Some(&scene.clerk), &headers, Some(wanted.clone())).await.expect(201);
        assert_eq!((&made["amount"], &made["invoice_state"]), (&json!(GUNS_FEE), &json!("paid")));
        assert_eq!((&made["cancelled_by"], &made["stamps"]), (&json!(scene.clerk.id), &exact()));
        let again = app.call(Method::POST, &path, Some(&scene.clerk), &headers, Some(wanted)).await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.expect(201), made);
        assert_eq!(scene.cancel(&scene.clerk, exact(), "2026-04-01").await.problem(), "409 invoice_not_payable");

        let invoice = app.get(&scene.business, &scene.path("")).await.expect(200);
        assert_eq!((&invoice["state"], &invoice["paid_on"]), (&json!("paid"), &json!("2026-04-01")));
        assert_eq!(invoice["entrusted_on"], Value::Null);
        assert_eq!(app.get(&scene.business, &scene.path("/receipt")).await.problem(), "404 not_found");
        let books = scene.books().await;
        assert_eq!((books.payments.len(), books.receipts.len()), (0, 0));
        let held = balances(&books.entries);
        assert_eq!((held[&Account::Receivable], held[&Account::Stamps]), (0, GUNS_FEE));
        let money = books.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Booked(Posting::Receive | Posting::Entrust)));
        assert_eq!(money.count(), 0, "the revenue was the sale of the stamps");
        app.post(&scene.clerk, &format!("{}/claim", scene.case), json!({})).await.expect(200);
        let version = app.get(&scene.clerk, &scene.case).await.etag();
        let proposal = json!({ "decision": "grant", "reasons": [], "conditions": [] });
        app.post_if(&scene.clerk, &format!("{}/proposal", scene.case), &version, proposal).await.expect(201);
    }
);

on_both_databases!(
    /// exactly what is owed is cancelled: what is missing is added, what is too much is given back uncancelled.
    r71_what_is_short_over_or_unknown_leaves_no_trace,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, &db, GUNS).await;
        let before = traces(&db).await;
        for (stamps, day, pointer, code) in [
            (json!([{ "face": 10_000, "count": 8 }]), "2026-04-01", "/stamps", "stamps_short"),
            (json!([{ "face": 10_000, "count": 9 }]), "2026-04-01", "/stamps", "stamps_over"),
            (json!([{ "face": 7, "count": 1 }]), "2026-04-01", "/stamps/0/face", "unknown_denomination"),
            (json!([{ "face": 10_000, "count": -8 }]), "2026-04-01", "/stamps/0/count", "out_of_range"),
            (json!([]), "2026-04-01", "/stamps", "empty"),
            (exact(), "2026-04-02", "/cancelled_on", "in_the_future"),
            (exact(), "2026-03-31", "/cancelled_on", "before_the_notice"),
        ] {
            let refused = scene.cancel(&scene.clerk, stamps, day).await;
            assert_eq!(refused.problem(), "422 validation_failed", "{code}");
            let fault = &refused.body["errors"][0];
            assert_eq!((&fault["pointer"], &fault["code"]), (&json!(pointer), &json!(code)));
        }
        assert_eq!(traces(&db).await, before);
    }
);

on_both_databases!(
    /// only where the ordinance still knows stamps and the procedure names them.
    r70_no_stamps_where_their_use_ended_or_the_procedure_names_none,
    async |db: TestDb| {
        let ended = TENANT.replace("basis: 青森県証紙による収入に関する条例（青森県例規集299）\n    valid_from: 2020-04-01",
            "basis: 青森県証紙による収入に関する条例（青森県例規集299）\n    valid_from: 2020-04-01\n    valid_to: 2026-03-31\n    refund_until: 2026-04-30");
        assert_ne!(ended, TENANT);
        let app = TestApp::start_offering(&db, "tenants/020001.yaml", &ended).await;
        let scene = Scene::set(&app, &db, GUNS).await;
        assert_eq!(scene.cancel(&scene.clerk, exact(), "2026-04-01").await.problem(), "422 method_not_offered");
        let quote = format!("/v1/tenants/{AOMORI}/stamp-refund-quote");
        let unused = json!({ "stamps": [{ "face": 10_000, "count": 3 }, { "face": 1_000, "count": 3 }] });
        let back = app.call(Method::POST, &quote, None, &[], Some(unused.clone())).await.expect(200);
        assert_eq!((&back["face_total"], &back["cash"]), (&json!(33_000), &json!(31_930)), "R-71");
        app.advance(SignedDuration::from_hours(24 * 30)).await;
        assert_eq!(app.call(Method::POST, &quote, None, &[], Some(unused)).await.problem(), "404 not_found");
    }
);

on_both_databases!(r70_a_procedure_that_names_no_stamps_takes_none, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let scene = Scene::set(&app, &db, PROCEDURE).await;
    let stamps = json!([{ "face": 10_000, "count": 2 }, { "face": 2_000, "count": 1 }]);
    assert_eq!(scene.cancel(&scene.clerk, stamps, "2026-04-01").await.problem(), "422 method_not_offered");
});

on_both_databases!(
    /// a wrong entry is taken back by another officer, booked back, once; then the fee is owed again and can be settled again.
    r87_a_wrong_entry_is_taken_back_by_another_officer_and_booked_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, &db, GUNS).await;
        let made = scene.cancel(&scene.clerk, exact(), "2026-04-01").await.expect(201);
        let id = made["id"].as_str().unwrap();
        assert_eq!(scene.reverse(&scene.clerk, id, "誤入力").await.problem(), "403 own_entry");
        assert_eq!(scene.reverse(&scene.colleague, id, "").await.problem(), "422 validation_failed");
        let undone = scene.reverse(&scene.colleague, id, "別の申請書の証紙").await.expect(200);
        assert_eq!((&undone["invoice_state"], &undone["reason"]), (&json!("unpaid"), &json!("別の申請書の証紙")));
        assert_eq!(scene.reverse(&scene.colleague, id, "誤入力").await.problem(), "409 entry_not_reversible");
        let held = balances(&scene.books().await.entries);
        assert_eq!((held[&Account::Receivable], held[&Account::Stamps]), (GUNS_FEE, 0));
        app.advance(SignedDuration::from_secs(1)).await;
        scene.cancel(&scene.colleague, exact(), "2026-04-01").await.expect(201);
        let list = app.get(&scene.colleague, &scene.path("/stamp-uses")).await.expect(200);
        let living: Vec<bool> =
            list["items"].as_array().unwrap().iter().map(|item| item["reversed_at"].is_null()).collect();
        assert_eq!(living, [false, true]);
        assert_eq!(scene.books().await.invoice.state, "paid");
        assert_eq!(app.get(&scene.business, &scene.path("/stamp-uses")).await.problem(), "403 forbidden");
    }
);

on_both_databases!(
    /// However two officers race, stamps settle an invoice once; money at the counter beside them is refused.
    two_officers_at_once_cancel_the_stamps_of_a_fee_once,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, &db, GUNS).await;
        let (one, two) = tokio::join!(
            scene.cancel(&scene.clerk, exact(), "2026-04-01"),
            scene.cancel(&scene.colleague, exact(), "2026-04-01"),
        );
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", one.body, two.body);
        let cash = json!({ "means": "cash", "amount": GUNS_FEE, "received_on": "2026-04-01" });
        let beside = app.post(&scene.clerk, &scene.path("/counter-payments"), cash).await;
        assert_eq!(beside.problem(), "409 invoice_not_payable");
        assert_eq!(balances(&scene.books().await.entries)[&Account::Stamps], GUNS_FEE);
    }
);
