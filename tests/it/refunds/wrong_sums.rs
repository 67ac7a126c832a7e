//! Money in another sum than was asked for: no success, neither when it comes nor when it goes back, nor when more comes after.

use jiff::SignedDuration;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::money::Yen;
use madoguchi::domain::payment::{PaymentCounters, PaymentSnapshot, SnapshotStatus};
use madoguchi::domain::policy::Role;
use madoguchi::service::payment_standing::{self, Source};
use madoguchi::store::payments::PaymentRow;
use madoguchi::store::{Root, applications, payments};
use serde_json::{Value, json};

use super::desk::{Desk, FEE, Paid};
use super::payouts::payee;
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;
use crate::support::money::ask_for_another_sum;
use crate::support::repeat::everything_again;

const PAYOUTS: &str = "/v1/tenants/020001/payouts";
const PROCEDURE: &str = "denki-koji-toroku";
/// Of the fee, all but 2,000 yen.
const PART: i64 = FEE - 2_000;

/// Invoices that one business owes.
async fn owed<'a>(desk: &'a Desk<'_>, count: usize) -> Vec<Paid<'a>> {
    let mut all = Vec::new();
    for _ in 0..count {
        let submitted = desk.app.submitted(&desk.business, AOMORI, PROCEDURE).await;
        all.push(Paid::of(desk, submitted["invoice"]["id"].as_str().unwrap()));
    }
    all
}

/// Opens one payment of some invoices by card or e-money; its payer pays while our record asks `asked` yen for each.
async fn pays(desk: &Desk<'_>, all: &[&Paid<'_>], method: &str, asked: Option<i64>) {
    let invoices: Vec<&String> = all.iter().map(|paid| &paid.invoice).collect();
    let wanted = json!({ "invoices": invoices, "method": method });
    let opened =
        desk.app.post(&desk.business, &format!("/v1/tenants/{AOMORI}/payments"), wanted).await.expect(201);
    // Under load the address comes a moment later than the answer.
    let payment = format!("/v1/tenants/{AOMORI}/payments/{}", opened["payments"][0]["id"].as_str().unwrap());
    let shown = async || desk.app.get(&desk.business, &payment).await.expect(200);
    desk.app.until("the page is there", async || shown().await["redirect_url"].is_string()).await;
    let shown = shown().await;
    let page = shown["redirect_url"].as_str().unwrap();
    if method == "card" {
        desk.app.at_gateway(page, "card", "number=4111111111111111").await;
    }
    for paid in all {
        if let Some(asked) = asked {
            ask_for_another_sum(&desk.db.db, &paid.invoice, asked).await;
        }
    }
    match method {
        "card" => desk.app.at_gateway(page, "3ds", "result=ok").await,
        _ => desk.app.at_gateway(page, method, "result=ok").await,
    };
    let came = async || {
        let books = all[0].books().await;
        let took = |payment: &PaymentRow| match asked {
            Some(_) => payment.captured.amount() > 0,
            None => payment.state == "captured",
        };
        books.payments.iter().any(took)
    };
    desk.app.until("the money is here", came).await;
}

/// What the accountants are proposed to send back: invoice, amount, ground.
async fn proposals(desk: &Desk<'_>) -> Vec<(String, i64, String)> {
    let path = format!("/v1/tenants/{AOMORI}/refund-proposals");
    let page = desk.app.get(&desk.accountant, &path).await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let item = |it: &Value| (text(&it["invoice"]), it["amount"].as_i64().unwrap(), text(&it["reason"]));
    page["items"].as_array().unwrap().iter().map(item).collect()
}

/// Sends all of another sum back, by a way; gives the refund.
async fn sent_back(desk: &Desk<'_>, paid: &Paid<'_>, amount: i64, route: &str) -> Value {
    let part = json!({ "amount": 1, "reason": "overpaid", "refund_amount_available": amount });
    assert_eq!(
        paid.ask_with(&desk.accountant, part).await.problem(),
        "422 validation_failed",
        "it goes as a whole"
    );
    let whole =
        json!({ "amount": amount, "reason": "overpaid", "refund_amount_available": amount, "route": route });
    let asked = paid.ask_with(&desk.accountant, whole).await.expect(201);
    let approved = paid.decide(&desk.chief, &asked, "approve").await.expect(200);
    if route == "gateway" {
        assert_eq!(approved["state"], "succeeded");
        return approved;
    }
    assert_eq!(approved["state"], "payout_due");
    let path = format!("/v1/tenants/{AOMORI}/refunds/{}/payee", asked["id"].as_str().unwrap());
    desk.app.post(&desk.business, &path, payee("クドウ タロウ")).await.expect(200);
    let made =
        desk.app.post(&desk.accountant, PAYOUTS, json!({ "transfer_on": "2026-04-30" })).await.expect(201);
    let second = format!("{}@example.jp", made["id"].as_str().unwrap());
    let second = desk.app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, &second).await;
    let path = format!("{PAYOUTS}/{}/confirm", made["id"].as_str().unwrap());
    desk.app.post(&second, &path, json!({})).await.expect(200);
    approved
}

async fn stands(paid: &Paid<'_>, invoice: &str, payment: &str) {
    let (of_invoice, of_payment, _) = paid.standing().await;
    assert_eq!((of_invoice.as_str(), of_payment.as_str()), (invoice, payment));
}

on_both_databases!(
    /// less and more than was asked for, through the gateway and by bank transfer.
    another_sum_that_goes_back_is_no_success_has_no_proof_and_leaves_the_debt_to_be_paid,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let mut all = Vec::new();
        for (asked, method, route) in [
            (FEE + 8_000, "card", "gateway"),
            (FEE - 1_000, "card", "gateway"),
            (FEE + 8_000, "nanaco", "bank_transfer"),
            (FEE - 1_000, "nanaco", "bank_transfer"),
        ] {
            let paid = owed(&desk, 1).await.remove(0);
            pays(&desk, &[&paid], method, Some(asked)).await;
            stands(&paid, "pending", "unknown").await;
            assert_eq!(paid.booked().await, (FEE, 0, FEE));
            assert_eq!(proposals(&desk).await, [(paid.invoice.clone(), FEE, "overpaid".to_owned())]);
            sent_back(&desk, &paid, FEE, route).await;
            stands(&paid, "unpaid", "canceled").await;
            assert_eq!(paid.booked().await, (FEE, 0, if route == "gateway" { 0 } else { FEE }));
            assert_eq!((paid.available().await, proposals(&desk).await), (0, vec![]));
            all.push(paid);
        }
        app.drain().await;
        let told = "(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_receipt')";
        assert_eq!((db.count(told).await, db.count("(SELECT COUNT(*) FROM receipts)").await), (0, 0));
        for paid in &all {
            pays(&desk, &[paid], "card", None).await;
            let books = paid.books().await;
            assert_eq!((books.invoice.state.as_str(), books.sorted_states()), ("entrusted", vec!["canceled", "captured"]));
        }
        for _ in 0..2 {
            app.advance(SignedDuration::from_hours(24)).await;
            app.drain().await;
        }
        let mut before = Vec::new();
        for paid in &all {
            before.push(paid.books().await.standing());
        }
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        for (paid, before) in all.iter().zip(before) {
            assert_eq!(paid.books().await.standing(), before, "the gateway's word again changes nothing");
        }
    }
);

on_both_databases!(
    /// The lead alone says nothing: each share ends with its own part, those without money with the last of it.
    another_sum_of_a_joint_act_ends_share_by_share,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        // All of it lies with the first share: the other one never had any.
        let both = owed(&desk, 2).await;
        pays(&desk, &[&both[0], &both[1]], "card", Some(2 * FEE + 6_000)).await;
        for paid in &both {
            stands(paid, "pending", "unknown").await;
        }
        sent_back(&desk, &both[0], 2 * FEE, "gateway").await;
        for paid in &both {
            stands(paid, "unpaid", "canceled").await;
        }
        // Both have a part: the second one's goes by bank transfer.
        let parts = owed(&desk, 2).await;
        pays(&desk, &[&parts[0], &parts[1]], "card", Some(FEE + 500)).await;
        assert_eq!(proposals(&desk).await.len(), 2);
        sent_back(&desk, &parts[0], FEE + 500, "gateway").await;
        stands(&parts[0], "unpaid", "canceled").await;
        stands(&parts[1], "pending", "unknown").await;
        app.advance(SignedDuration::from_secs(60)).await;
        app.drain().await;
        stands(&parts[0], "unpaid", "canceled").await;
        sent_back(&desk, &parts[1], FEE - 500, "bank_transfer").await;
        let before = [parts[0].books().await.standing(), parts[1].books().await.standing()];
        for paid in &parts {
            stands(paid, "unpaid", "canceled").await;
        }
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!([parts[0].books().await.standing(), parts[1].books().await.standing()], before);
        assert_eq!(db.count("(SELECT COUNT(*) FROM receipts)").await, 0);
        pays(&desk, &[&parts[0], &both[1]], "card", None).await;
        for paid in [&parts[0], &both[1]] {
            assert_eq!(paid.books().await.invoice.state, "entrusted");
        }
    }
);

/// The only payment of an invoice hears that `captured` yen were taken in all.
async fn hears(desk: &Desk<'_>, paid: &Paid<'_>, captured: i64) {
    let (core, id) = (desk.app.core.clone(), paid.books().await.payment().id);
    let (tenant, case) = (paid.books().await.invoice.tenant_id, paid.books().await.invoice.application_id);
    let heard = desk.db.db.write(Root::Application(case), move |tx| {
        let mut row = applications::find(tx, &tenant, case)?.unwrap();
        let mut payment = payments::find(tx, &tenant, id)?.unwrap();
        let captured = Yen::new(captured).unwrap();
        let snapshot = PaymentSnapshot {
            status: SnapshotStatus::Captured,
            merchant_reference: Some(payment.merchant_reference.clone()),
            counters: PaymentCounters { authorized: captured, captured, ..PaymentCounters::default() },
            amount: None,
            raw_status: "captured".to_owned(),
            gateway_session_id: payment.gateway_session_id.clone(),
            gateway_payment_id: None,
            also_captured: Vec::new(),
            disputes: Vec::new(),
            method: None,
            version: None,
            captured_at: Some(tx.now()),
            expires_at: None,
            observed_at: tx.now(),
            slip: None,
        };
        payment_standing::apply_snapshot(tx, &core, &mut row, &mut payment, &snapshot, Source::Notification)
    });
    heard.await.unwrap();
}

/// An invoice with an open payment, of which `captured` yen were taken.
async fn taken<'a>(desk: &'a Desk<'_>, captured: i64) -> Paid<'a> {
    let paid = owed(desk, 1).await.remove(0);
    let path = format!("/v1/tenants/{AOMORI}/invoices/{}/payments", paid.invoice);
    desk.app.post(&desk.business, &path, json!({ "method": "card" })).await.expect(201);
    hears(desk, &paid, captured).await;
    stands(&paid, "pending", "unknown").await;
    paid
}

/// What of a case stands as too much, and as owed.
async fn beyond(paid: &Paid<'_>) -> (i64, i64) {
    let held = balances(&paid.books().await.entries);
    let of = |account: &Account| held.get(account).copied().unwrap_or(0);
    (-of(&Account::Overpayment), of(&Account::Receivable))
}

on_both_databases!(
    /// what went back is not booked back a second time when the gateway takes the rest; the rest goes back too.
    r95_a_rest_that_comes_after_a_part_went_back_settles_nothing,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        // Decided and not paid out yet, and paid out.
        for is_out in [false, true] {
            let paid = taken(&desk, PART).await;
            if is_out {
                sent_back(&desk, &paid, PART, "bank_transfer").await;
                stands(&paid, "unpaid", "canceled").await;
            } else {
                let whole = json!({ "amount": PART, "reason": "overpaid", "refund_amount_available": PART });
                let asked = paid.ask_with(&desk.accountant, whole).await.expect(201);
                assert_eq!(paid.decide(&desk.chief, &asked, "approve").await.expect(200)["state"], "payout_due");
            }
            for _ in 0..2 {
                hears(&desk, &paid, FEE).await;
                assert_eq!(beyond(&paid).await, (2_000, FEE), "only the rest is too much");
                stands(&paid, if is_out { "unpaid" } else { "pending" }, if is_out { "canceled" } else { "unknown" }).await;
                assert_eq!(proposals(&desk).await, [(paid.invoice.clone(), 2_000, "overpaid".to_owned())]);
            }
            if !is_out {
                let due = paid.list().await["items"][0].clone();
                let path = format!("/v1/tenants/{AOMORI}/refunds/{}/payee", due["id"].as_str().unwrap());
                desk.app.post(&desk.business, &path, payee("クドウ タロウ")).await.expect(200);
            }
            // The rest goes back as a whole, with what was due before.
            sent_back(&desk, &paid, 2_000, "bank_transfer").await;
            stands(&paid, "unpaid", "canceled").await;
            assert_eq!((beyond(&paid).await, proposals(&desk).await), ((0, FEE), vec![]));
        }
    }
);

on_both_databases!(
    /// a refund that was asked for and not decided gives way to the rest: the money settles the debt, and is not too much.
    r95_a_rest_that_comes_before_the_decision_settles_the_debt,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let paid = taken(&desk, PART).await;
        let whole = json!({ "amount": PART, "reason": "overpaid", "refund_amount_available": PART });
        let asked = paid.ask_with(&desk.accountant, whole).await.expect(201);
        hears(&desk, &paid, FEE).await;
        stands(&paid, "entrusted", "captured").await;
        assert_eq!(beyond(&paid).await, (0, 0));
        assert_eq!(paid.decide(&desk.chief, &asked, "approve").await.problem(), "409 refund_money_settled");
        paid.decide(&desk.accountant, &asked, "withdraw").await.expect(200);
        assert_eq!((paid.available().await, beyond(&paid).await), (FEE, (0, 0)));
    }
);
