//! Money in another sum than was asked for: no success, neither when it comes nor when it goes back.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use madoguchi::store::payments::PaymentRow;
use serde_json::{Value, json};

use super::desk::{Desk, FEE, Paid};
use super::payouts::payee;
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;
use crate::support::money::ask_for_another_sum;
use crate::support::repeat::everything_again;

const PAYOUTS: &str = "/v1/tenants/020001/payouts";
const PROCEDURE: &str = "denki-koji-toroku";

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
    let page = opened["redirect_url"].as_str().unwrap();
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
