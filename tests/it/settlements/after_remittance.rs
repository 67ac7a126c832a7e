//! Money that goes back after the agent sent it, and money that the agent sends after the books of its year closed.

use futures_util::future::join;
use jiff::civil::date;
use madoguchi::domain::ledger::{Account, EntryKind, Posting, balances};
use serde_json::{Value, json};

use super::{Office, held, line, reference, report};
use crate::refunds::desk::{FEE, Paid};
use crate::refunds::payouts::payee;
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::support::traces::rounds;

const TENANT: &str = include_str!("../../../config/tenants/020001.yaml");
const PROCEDURE: &str = "denki-koji-toroku";
const OPEN_TASKS: &str = "(SELECT COUNT(*) FROM case_tasks WHERE kind = 'payee_missing' AND state = 'open')";
const ALL_TASKS: &str = "(SELECT COUNT(*) FROM case_tasks WHERE kind = 'payee_missing')";
const TOLD: &str = "(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_refund')";
const CHANGES: &str = "(SELECT COUNT(*) FROM events WHERE kind = 'refund_route_changed')";

/// State, route and reason of a refund.
fn way(refund: &Value) -> [&str; 3] {
    ["state", "route", "route_reason"].map(|name| refund[name].as_str().unwrap())
}

/// The agent sends the money of a payment on a day.
async fn sent(office: &Office<'_>, paid: &Paid<'_>, batch: &str, day: &str) {
    let reference = reference(paid).await;
    let made = office.upload(report(batch, &[line("a", "capture", &reference, FEE, 440)], 0)).await;
    assert_eq!(office.arrived(&made, day).await["state"], "settled");
}

/// Gives the account of a refund, by whoever paid.
async fn gives_account(office: &Office<'_>, refund: &Value) {
    let path = format!("/v1/tenants/{AOMORI}/refunds/{}/payee", refund["id"].as_str().unwrap());
    let given = office.desk.app.post(&office.desk.business, &path, payee("クドウ タロウ")).await.expect(200);
    assert_eq!(given["payee_known"], true);
}

/// Puts what is due into a file and says what the bank returned of it.
async fn paid_out(office: &Office<'_>, returned: &[&Value]) {
    let path = format!("/v1/tenants/{AOMORI}/payouts");
    let on = json!({ "transfer_on": "2026-04-30" });
    let made = office.desk.app.post(&office.desk.accountant, &path, on).await.expect(201);
    let ids: Vec<&Value> = returned.iter().map(|refund| &refund["id"]).collect();
    let confirm = format!("{path}/{}/confirm", made["id"].as_str().unwrap());
    office.desk.app.post(&office.second, &confirm, json!({ "returned": ids })).await.expect(200);
}

on_both_databases!(
    /// the way is chosen at the approval; who is to be paid is asked, by mail and by a task, until the account is there.
    r98_a_remittance_between_request_and_approval_sends_the_refund_by_bank_transfer,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        let asked = paid.ask(&office.desk.accountant, 5_000, FEE).await.expect(201);
        assert_eq!(way(&asked), ["requested", "gateway", "method"]);
        let early = paid.ask(&office.desk.accountant, 1_000, FEE - 5_000).await.expect(201);
        assert_eq!(way(&paid.decide(&office.desk.chief, &early, "approve").await.expect(200)), ["succeeded", "gateway", "method"]);
        assert_eq!((db.count(ALL_TASKS).await, db.count(TOLD).await), (0, 1));
        sent(&office, &paid, "R", "2026-04-01").await;

        let left = FEE - 6_000;
        let named = json!({ "amount": 1, "refund_amount_available": left, "route": "gateway" });
        assert_eq!(paid.ask_with(&office.desk.accountant, named).await.problem(), "409 refund_after_remittance");
        let usual = paid.ask(&office.desk.accountant, 100, left).await.expect(201);
        assert_eq!(way(&usual), ["requested", "bank_transfer", "remitted"]);
        paid.decide(&office.desk.accountant, &usual, "withdraw").await.expect(200);

        let approved = paid.decide(&office.desk.chief, &asked, "approve").await.expect(200);
        assert_eq!(way(&approved), ["payout_due", "bank_transfer", "remitted"]);
        assert_eq!((&approved["payee_known"], paid.truth().await), (&json!(false), 1_000));
        assert_eq!((db.count(CHANGES).await, db.count(OPEN_TASKS).await, db.count(TOLD).await), (1, 1, 2));
        let nothing = app.post(&office.desk.accountant, &format!("/v1/tenants/{AOMORI}/payouts"), json!({ "transfer_on": "2026-04-30" })).await;
        assert_eq!(nothing.problem(), "409 nothing_due", "nobody guesses an account");
        gives_account(&office, &approved).await;
        assert_eq!(db.count(OPEN_TASKS).await, 0);

        // The bank returns it: the account is asked for again, once.
        paid_out(&office, &[&approved]).await;
        assert_eq!((db.count(OPEN_TASKS).await, db.count(ALL_TASKS).await, db.count(TOLD).await), (1, 2, 3));
        gives_account(&office, &approved).await;
        paid_out(&office, &[]).await;
        let mut states = paid.states().await;
        states.sort();
        assert_eq!(states, ["paid_out", "succeeded", "withdrawn"]);
        assert_eq!(paid.books().await.invoice.state, "partially_refunded");
        assert_eq!((db.count(OPEN_TASKS).await, paid.truth().await), (0, 1_000));
        assert_eq!(held(&paid).await, (-1_000, FEE - 440 - 5_000, 440), "out of the bank, not off the agent");
        let before = paid.books().await.standing();
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!((paid.books().await.standing(), db.count(ALL_TASKS).await), (before, 2));
    }
);

on_both_databases!(
    /// where the body's rule is silent the gateway stays the way.
    r98_without_a_rule_the_gateway_sends_back_what_was_remitted,
    async |db: TestDb| {
        let silent: Vec<&str> = TENANT.lines().filter(|line| !line.contains("refund_after_remittance")).collect();
        let app = TestApp::start_offering(&db, "tenants/020001.yaml", &silent.join("\n")).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        sent(&office, &paid, "R", "2026-04-01").await;
        assert_eq!(way(&paid.refunded(5_000, FEE).await), ["succeeded", "gateway", "method"]);
        assert_eq!((paid.truth().await, db.count(ALL_TASKS).await), (5_000, 0));
    }
);

on_both_databases!(
    /// approval and remittance at once: what the approval saw under the case's lock decides, and the books agree either way.
    r98_an_approval_beside_a_remittance_takes_one_way,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        for round in 0..rounds(3) {
            let paid = office.desk.paid("card").await;
            let asked = paid.ask(&office.desk.accountant, 5_000, FEE).await.expect(201);
            let batch = format!("race-{round}");
            let (approved, ()) = join(
                paid.decide(&office.desk.chief, &asked, "approve"),
                sent(&office, &paid, &batch, "2026-04-01"),
            )
            .await;
            let approved = approved.expect(200);
            let by_gateway = approved["route"] == "gateway";
            let ended = if by_gateway { "succeeded" } else { "payout_due" };
            app.until("the refund is on its way", async || paid.states().await == [ended]).await;
            assert_eq!(paid.truth().await, if by_gateway { 5_000 } else { 0 });
            assert!(paid.books().await.invoice.paid_on.is_some());
        }
    }
);

/// The years of some postings, in their order.
async fn years(paid: &Paid<'_>, posting: Posting) -> Vec<i16> {
    let entries = paid.books().await.entries;
    let ours = entries.iter().filter(|entry| entry.kind == EntryKind::Booked(posting));
    let mut years: Vec<i16> = ours.map(|entry| entry.fiscal_year).collect();
    years.sort_unstable();
    years
}

/// Out of which accounts and years refunds were decided.
async fn decided(paid: &Paid<'_>) -> Vec<(Account, i16)> {
    let entries = paid.books().await.entries;
    let ours = entries.iter().filter(|entry| entry.kind == EntryKind::Booked(Posting::Refund));
    ours.map(|entry| (entry.debit_account.clone(), entry.fiscal_year)).collect()
}

/// Pays an invoice by card, until the agent holds it.
async fn pays(office: &Office<'_>, paid: &Paid<'_>) {
    let (app, desk) = (office.desk.app, &office.desk);
    let path = format!("/v1/tenants/{AOMORI}/invoices/{}/payments", paid.invoice);
    let opened = app.post(&desk.business, &path, json!({ "method": "card" })).await.expect(201);
    let payment = format!("/v1/tenants/{AOMORI}/payments/{}", opened["id"].as_str().unwrap());
    let shown = async || app.get(&desk.business, &payment).await.expect(200);
    app.until("the page is there", async || shown().await["redirect_url"].is_string()).await;
    let shown = shown().await;
    let page = shown["redirect_url"].as_str().unwrap();
    app.at_gateway(page, "card", "number=4111111111111111").await;
    app.at_gateway(page, "3ds", "result=ok").await;
    app.until("the agent holds it", async || paid.books().await.invoice.state == "entrusted").await;
}

async fn later(office: &mut Office<'_>, days: i64) {
    office.days_later(days).await;
    let (app, id) = (office.desk.app, office.desk.chief.id.clone());
    office.desk.chief = app.sign_in("chief@example.jp", &id).await;
}

on_both_databases!(
    /// entrusted before the books close and sent after it, money pays on the day of the entrustment, and is received
    /// and given back in the present year; what was received in the closed year is an expense of the present one.
    r74_r95_what_the_agent_sends_after_the_books_closed_is_received_and_goes_back_in_the_present_year,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let mut invoices = Vec::new();
        for _ in 0..3 {
            let submitted = app.submitted(&office.desk.business, AOMORI, PROCEDURE).await;
            invoices.push(submitted["invoice"]["id"].as_str().unwrap().to_owned());
        }
        // 2027-05-16: the books of fiscal year 2026 are open for two weeks more.
        later(&mut office, 410).await;
        for invoice in &invoices {
            pays(&office, &Paid::of(&office.desk, invoice)).await;
        }
        later(&mut office, 15).await;
        sent(&office, &Paid::of(&office.desk, &invoices[0]), "A", "2027-05-31").await;
        later(&mut office, 10).await;
        let [within, late, held_back] = [0, 1, 2].map(|place: usize| Paid::of(&office.desk, &invoices[place]));
        sent(&office, &late, "B", "2027-06-10").await;
        for paid in [&within, &late] {
            let books = paid.books().await;
            assert_eq!((books.invoice.state.as_str(), books.invoice.paid_on.unwrap().0), ("paid", date(2027, 5, 16)), "R-77");
        }
        assert_eq!((years(&within, Posting::CarryOver).await, years(&within, Posting::Remit).await), (vec![], vec![2026]));
        assert_eq!((years(&late, Posting::CarryOver).await, years(&late, Posting::Remit).await), (vec![2026, 2027], vec![2027]));
        assert_eq!(years(&late, Posting::Entrust).await, [2026]);

        let revenue = Account::Revenue(late.books().await.invoice.lines.0[0].revenue_account.clone());
        for (paid, way_of, from) in [
            (&within, ["payout_due", "bank_transfer", "remitted"], (Account::RefundExpense, 2027)),
            (&late, ["payout_due", "bank_transfer", "remitted"], (revenue.clone(), 2027)),
            (&held_back, ["succeeded", "gateway", "method"], (revenue.clone(), 2027)),
        ] {
            assert_eq!(way(&paid.refunded(5_000, FEE).await), way_of);
            assert_eq!(decided(paid).await, [from]);
        }
        // What the agent still holds of the third is sent with what went back taken off it.
        let reference = reference(&held_back).await;
        let lines = [
            line("a", "capture", &reference, FEE, 440),
            line("b", "refund", &reference, -5_000, 0),
        ];
        let made = office.upload(report("C", &lines, 0)).await;
        assert_eq!(office.arrived(&made, "2027-06-10").await["state"], "settled");
        assert_eq!(held(&held_back).await, (0, FEE - 440 - 5_000, 440));
        let entries = held_back.books().await.entries;
        for year in [2026, 2027] {
            let of_year = balances(entries.iter().filter(|entry| entry.fiscal_year == year));
            let claim = of_year.get(&Account::Entrusted("komoju".to_owned())).copied().unwrap_or(0);
            assert_eq!(claim, 0, "the claim of {year}");
            assert!(year == 2027 || !of_year.contains_key(&Account::Cash("bank".to_owned())), "no cash in a closed year");
        }
        let before = held_back.books().await.standing();
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(held_back.books().await.standing(), before);
    }
);

/// Puts what is due into a file for a day; gives where it is confirmed.
async fn file_for(office: &Office<'_>, day: &str) -> String {
    let path = format!("/v1/tenants/{AOMORI}/payouts");
    let on = json!({ "transfer_on": day });
    let made = office.desk.app.post(&office.desk.accountant, &path, on).await.expect(201);
    assert_eq!(made["count"], 1);
    format!("{path}/{}/confirm", made["id"].as_str().unwrap())
}

on_both_databases!(
    /// a refund out of the revenue of a year lapses with its books: what leaves after that is an expense of the present year. What
    /// the bank paid before it was of that year, whenever somebody confirms it.
    r95_a_refund_that_leaves_after_the_books_closed_is_decided_anew_out_of_the_present_year,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let mut invoices = Vec::new();
        for _ in 0..2 {
            let submitted = app.submitted(&office.desk.business, AOMORI, PROCEDURE).await;
            invoices.push(submitted["invoice"]["id"].as_str().unwrap().to_owned());
        }
        later(&mut office, 410).await;
        for invoice in &invoices {
            pays(&office, &Paid::of(&office.desk, invoice)).await;
        }
        // 2027-05-31: the last day of the books of fiscal year 2026.
        later(&mut office, 15).await;
        let mut in_time = String::new();
        for (invoice, batch) in invoices.iter().zip(["A", "B"]) {
            let paid = Paid::of(&office.desk, invoice);
            sent(&office, &paid, batch, "2027-05-31").await;
            let refund = paid.refunded(5_000, FEE).await;
            assert_eq!(refund["state"], "payout_due");
            gives_account(&office, &refund).await;
            if in_time.is_empty() {
                in_time = file_for(&office, "2027-05-31").await;
            }
        }
        later(&mut office, 10).await;
        let late = file_for(&office, "2027-06-10").await;
        for confirm in [in_time, late] {
            app.post(&office.second, &confirm, json!({})).await.expect(200);
        }
        let [in_time, late] = [0, 1].map(|place: usize| Paid::of(&office.desk, &invoices[place]));
        let revenue = Account::Revenue(late.books().await.invoice.lines.0[0].revenue_account.clone());
        assert_eq!(decided(&in_time).await, [(revenue.clone(), 2026)]);
        assert_eq!(years(&in_time, Posting::RefundPaid).await, [2026]);
        let anew = (Account::RefundExpense, 2027);
        assert_eq!(decided(&late).await, [(revenue.clone(), 2026), anew]);
        assert_eq!(years(&late, Posting::RefundPaid).await, [2027], "no cash in a closed year");
        let entries = late.books().await.entries;
        let closed = balances(entries.iter().filter(|entry| entry.fiscal_year == 2026));
        assert_eq!((closed[&revenue], closed[&Account::RefundPayable]), (-FEE, 0), "what the year received stays");
        assert_eq!(late.states().await, ["paid_out"]);
    }
);
