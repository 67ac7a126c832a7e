//! Setting off (充当): what was overpaid settles a claim in arrears of the same obligor, once, and never twice with a refund.

use futures_util::future::join;
use jiff::SignedDuration;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::refund::SET_OFF;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::support::traces::rounds;
use crate::waivers::office::{FEE, Office, Owing};

const HALF: i64 = FEE / 2;

pub(super) async fn days(office: &mut Office<'_>, days: i64) {
    office.app.advance(SignedDuration::from_hours(24 * days)).await;
    office.sign_in_again().await;
}

/// What the body itself received at the counter.
async fn at_counter(office: &Office<'_>, owing: &Owing, amount: i64, day: &str) -> Answer {
    let entry = json!({ "means": "cash", "amount": amount, "received_on": day });
    office.app.post(&office.clerk, &owing.path("/counter-payments"), entry).await
}

/// Paid at the counter, and waived after that: all of it is too much, or half.
pub(super) async fn overpaid(office: &Office<'_>, ground: &str) -> Owing {
    let owing = office.owing().await;
    at_counter(office, &owing, FEE, "2026-04-01").await.expect(201);
    office.waived(&owing, ground).await;
    owing
}

async fn propose(office: &Office<'_>, who: &Person, (from, to): (&Owing, &Owing), available: i64) -> Answer {
    let body = json!({ "claim": to.invoice, "refund_amount_available": available });
    office.app.post(who, &from.path("/set-offs"), body).await
}

pub(super) async fn decide(office: &Office<'_>, who: &Person, set_off: &Value, verdict: &str) -> Answer {
    let refund = set_off["refund"]["id"].as_str().unwrap();
    office.app.post(who, &format!("/v1/tenants/{AOMORI}/refunds/{refund}/{verdict}"), json!({})).await
}

pub(super) async fn ask_back(office: &Office<'_>, owing: &Owing, amount: i64, available: i64) -> Answer {
    let body = json!({ "amount": amount, "reason": "overpaid", "refund_amount_available": available });
    office.app.post(&office.accountant, &owing.path("/refunds"), body).await
}

on_both_databases!(
    /// It counts as paid on the day on which both debts could be set off, so no late charge is borne although it was decided later.
    r96_what_was_overpaid_settles_a_claim_and_the_rest_goes_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let from = overpaid(&office, "hardship").await;
        let to = office.owing().await;
        office.waived(&to, "half").await;
        let early = propose(&office, &office.accountant, (&from, &to), FEE).await;
        assert_eq!(early.problem(), "409 not_in_arrears", "it is not due yet");
        days(&mut office, 40).await;
        office.app.post(&office.clerk, &to.path("/demand"), json!({})).await.expect(201);
        assert_eq!(propose(&office, &office.business, (&from, &to), FEE).await.problem(), "403 forbidden");
        let stale = propose(&office, &office.accountant, (&from, &to), HALF).await;
        assert_eq!(stale.problem(), "409 refund_amount_changed");
        let proposed = propose(&office, &office.accountant, (&from, &to), FEE).await.expect(201);
        let refund = &proposed["refund"];
        assert_eq!((&refund["route"], &refund["state"], &refund["amount"]), (&json!("set_off"), &json!("requested"), &json!(HALF)));
        assert_eq!(office.stands(&to).await, ("unpaid".to_owned(), HALF), "nothing is settled by a proposal");
        let own = decide(&office, &office.accountant, &proposed, "approve").await;
        assert_eq!(own.problem(), "403 own_refund");
        let done = decide(&office, &office.chief, &proposed, "approve").await.expect(200);
        assert_eq!(done["state"], "paid_out");

        let books = office.books(&to).await;
        let paid_on = books.invoice.paid_on.unwrap().0.to_string();
        assert_eq!((books.invoice.state.as_str(), paid_on.as_str()), ("paid", "2026-05-01"));
        app.drain().await;
        let arrears = app.get(&office.business, &to.path("/arrears")).await.expect(200);
        assert_eq!(arrears["charge"], 0, "{arrears}");
        for owing in [&from, &to] {
            let shown = app.get(&office.business, &owing.path("/set-offs")).await.expect(200);
            let one = &shown["items"][0];
            assert_eq!((shown["items"].as_array().unwrap().len(), &one["fit_on"]), (1, &json!("2026-05-01")));
            assert_eq!((&one["overpaid_invoice"], &one["claim"]), (&json!(from.invoice), &json!(to.invoice)));
            assert!(one["payment"].is_string(), "{one}");
        }
        let receipt = app.get(&office.business, &to.path("/receipt")).await;
        assert_eq!(receipt.problem().split(' ').next(), Some("404"), "nobody handed money in: {}", receipt.body);
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_set_off')").await, 2);
        let asked = "(SELECT COUNT(*) FROM jobs JOIN payments ON payments.id = subject WHERE method = 'set_off')";
        assert_eq!(db.count(asked).await, 0, "no gateway knows of it, so none is asked");
        assert_eq!(decide(&office, &office.chief, &proposed, "approve").await.problem(), "409 wrong_state");

        assert_eq!(ask_back(&office, &from, HALF + 1, HALF).await.problem(), "422 validation_failed");
        let rest = ask_back(&office, &from, HALF, HALF).await.expect(201);
        let approve = format!("/v1/tenants/{AOMORI}/refunds/{}/approve", rest["id"].as_str().unwrap());
        let approved = app.post(&office.chief, &approve, json!({})).await.expect(200);
        assert_eq!((&approved["route"], &approved["state"]), (&json!("bank_transfer"), &json!("payout_due")));
        let standing = async || (office.books(&from).await.standing(), office.books(&to).await.standing());
        let before = standing().await;
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(standing().await, before);
        let entries = [office.books(&from).await.entries, office.books(&to).await.entries].concat();
        let held = balances(&entries);
        assert_eq!((held[&Account::Cash(SET_OFF.to_owned())], held[&Account::Overpayment]), (0, 0));
    }
);

on_both_databases!(
    r96_only_a_claim_in_arrears_of_the_same_obligor_is_settled_and_whole,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (from, small) = (overpaid(&office, "hardship").await, overpaid(&office, "half").await);
        let with_agent = office.owing().await;
        office.pays(&with_agent).await;
        office.waived(&with_agent, "hardship").await;
        let (to, paying) = (office.owing().await, office.owing().await);
        let stranger = app.register("stranger@example.jp", "business").await;
        let theirs = std::mem::replace(&mut office.business, stranger);
        let foreign = office.owing().await;
        office.business = theirs;
        days(&mut office, 40).await;
        office.opens(&paying).await;
        for (from, to, available, problem) in [
            (&from, &paying, FEE, "409 not_in_arrears"),
            (&from, &foreign, FEE, "409 other_obligor"),
            (&small, &to, FEE, "409 less_than_claim"),
            (&with_agent, &to, FEE, "409 money_not_in_hand"),
        ] {
            let refused = propose(&office, &office.accountant, (from, to), available).await;
            assert_eq!(refused.problem(), problem, "{}", refused.body);
        }
        let nowhere = Owing { case: String::new(), invoice: uuid::Uuid::nil().to_string() };
        let hidden = propose(&office, &office.accountant, (&from, &nowhere), FEE).await;
        assert_eq!(hidden.problem(), "404 not_found");
        let by_route = json!({ "amount": FEE, "reason": "overpaid", "refund_amount_available": FEE, "route": "set_off" });
        let refused = app.post(&office.accountant, &from.path("/refunds"), by_route).await;
        assert_eq!(refused.problem(), "422 validation_failed", "a set-off names its claim");

        // What was proposed must still be owed when it is approved; a refusal frees what it had taken up.
        let proposed = propose(&office, &office.accountant, (&from, &to), FEE).await.expect(201);
        at_counter(&office, &to, FEE, "2026-05-11").await.expect(201);
        let late = decide(&office, &office.chief, &proposed, "approve").await;
        assert_eq!(late.problem(), "409 not_in_arrears");
        assert_eq!(office.stands(&to).await.0, "paid");
        decide(&office, &office.chief, &proposed, "reject").await.expect(200);
        ask_back(&office, &from, FEE, FEE).await.expect(201);
    }
);

on_both_databases!(r96_a_set_off_and_a_refund_of_the_same_money_never_both_pass, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut office = Office::open(&app, &db).await;
    let mut pairs = Vec::new();
    for _ in 0..rounds(2) {
        pairs.push((overpaid(&office, "hardship").await, office.owing().await));
    }
    days(&mut office, 40).await;
    for (from, to) in &pairs {
        let part = FEE * 6 / 10;
        let set_off = propose(&office, &office.accountant, (from, to), FEE);
        let (set_off, refund) = join(set_off, ask_back(&office, from, part, FEE)).await;
        let mut problems = [set_off.problem(), refund.problem()];
        problems.sort();
        assert_eq!(problems, ["201 -", "409 refund_amount_changed"]);
    }
});
