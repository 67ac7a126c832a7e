//! Refunds across the closing of the books (出納閉鎖, 31 May).

use jiff::SignedDuration;
use madoguchi::domain::ledger::{Account, EntryKind, Posting, balances};
use madoguchi::domain::payment::LegalRole;
use serde_json::json;

use super::desk::{Desk, FEE, Paid};
use crate::payment_faults::payer::notifications_arrive;
use crate::support::app::{AOMORI, TestApp, gateway_first};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;

const PROCEDURE: &str = "denki-koji-toroku";

/// Some days later everybody signs in again.
async fn days_later(desk: &mut Desk<'_>, days: i64) {
    let app = desk.app;
    app.advance(SignedDuration::from_hours(24 * days)).await;
    for (who, email) in [
        (&mut desk.business, "business@example.jp"),
        (&mut desk.accountant, "kaikei@example.jp"),
        (&mut desk.chief, "chief@example.jp"),
    ] {
        *who = app.sign_in(email, &who.id.clone()).await;
    }
}

/// A debt of fiscal year 2026 that is paid by card on 2027-05-26; gives its invoice.
async fn paid_in_the_last_days(desk: &mut Desk<'_>) -> String {
    let submitted = desk.app.submitted(&desk.business, AOMORI, PROCEDURE).await;
    let invoice = submitted["invoice"]["id"].as_str().unwrap().to_owned();
    days_later(desk, 420).await;
    let path = format!("/v1/tenants/{AOMORI}/invoices/{invoice}/payments");
    let opened = desk.app.post(&desk.business, &path, json!({ "method": "card" })).await.expect(201);
    let page = opened["redirect_url"].as_str().unwrap();
    desk.app.at_gateway(page, "card", "number=4111111111111111").await;
    desk.app.at_gateway(page, "3ds", "result=ok").await;
    let taken = async || Paid::of(desk, &invoice).books().await.payment().state == "captured";
    desk.app.until("the money was taken", taken).await;
    invoice
}

/// A refund leaves in the last days of the books and fails after they closed: what comes back is revenue of the present year, the closed
/// one keeps what it gave back, and a refund that is asked for anew is an expense of the present one (施行令160条).
async fn fails_after_the_books_closed(db: &TestDb, role: LegalRole) {
    let app = TestApp::start_with(db, |settings| {
        gateway_first(settings, "stripe");
        settings.gateways.iter_mut().for_each(|gateway| gateway.legal_role = role);
    })
    .await;
    let mut desk = Desk::open(&app, db).await;
    let invoice = paid_in_the_last_days(&mut desk).await;
    let args = json!({ "delay_seconds": 8 * 86_400 });
    app.fault(json!({ "match": { "op": "refund" }, "fault": "F28", "args": args })).await;
    assert_eq!(Paid::of(&desk, &invoice).refunded(5_000, FEE).await["state"], "succeeded");
    days_later(&mut desk, 9).await;
    notifications_arrive(&app).await;
    app.drain().await;
    let paid = Paid::of(&desk, &invoice);
    paid.heals_to("failed").await;

    let place = match role {
        LegalRole::DesignatedAgent => Account::Entrusted("stripe".to_owned()),
        LegalRole::CollectionAgent | LegalRole::Direct => Account::Cash("stripe".to_owned()),
    };
    let books = paid.books().await;
    let revenue = Account::Revenue(books.invoice.lines.0[0].revenue_account.clone());
    let held = |year: i16| {
        let of_year = balances(books.entries.iter().filter(|entry| entry.fiscal_year == year));
        [&place, &revenue, &Account::RefundPayable].map(|account| of_year.get(account).copied().unwrap_or(0))
    };
    assert_eq!(held(2026), [FEE - 5_000, 5_000 - FEE, 0]);
    assert_eq!(held(2027), [5_000, -5_000, 0]);

    assert_eq!(paid.refunded(5_000, FEE).await["state"], "succeeded");
    let before = paid.books().await;
    let decided = before.entries.iter().filter(|entry| entry.kind == EntryKind::Booked(Posting::Refund));
    let decided: Vec<_> = decided.map(|entry| (entry.debit_account.clone(), entry.fiscal_year)).collect();
    // What an agent has not sent yet would be received, and so given back, in the present year.
    let anew = if role == LegalRole::Direct { Account::RefundExpense } else { revenue.clone() };
    assert_eq!(decided, [(revenue, 2026), (anew, 2027)]);
    everything_again(&db.db, async || {
        app.drain().await;
    })
    .await;
    assert_eq!(paid.books().await.standing(), before.standing());
}

on_both_databases!(
    r95_a_refund_of_the_bodys_own_money_that_fails_after_the_books_closed_is_income_of_the_present_year,
    async |db: TestDb| { fails_after_the_books_closed(&db, LegalRole::Direct).await }
);

on_both_databases!(
    r95_a_refund_through_an_agent_that_fails_after_the_books_closed_is_income_of_the_present_year,
    async |db: TestDb| { fails_after_the_books_closed(&db, LegalRole::DesignatedAgent).await }
);
