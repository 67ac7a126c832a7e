//! Setting off a part (一部の充当): a named amount is divided off the claim and settled, the rest of the money goes back.

use futures_util::future::join;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::refund::SET_OFF;
use madoguchi::service::fee_replay::replay;
use serde_json::{Value, json};

use super::set_offs::{ask_back, days, decide, overpaid};
use crate::support::app::{AOMORI, Answer, TestApp};
use crate::support::db::TestDb;
use crate::support::money::Books;
use crate::support::repeat::everything_again;
use crate::support::traces::rounds;
use crate::waivers::office::{FEE, Office, Owing};

const HALF: i64 = FEE / 2;

async fn propose(office: &Office<'_>, (from, to): (&Owing, &Owing), amount: i64, available: i64) -> Answer {
    let body = json!({ "claim": to.invoice, "amount": amount, "refund_amount_available": available });
    office.app.post(&office.accountant, &from.path("/set-offs"), body).await
}

/// The invoice that a payment of a set-off settled.
async fn settled(office: &Office<'_>, set_off: &Value) -> Books {
    let path = format!("/v1/tenants/{AOMORI}/payments/{}", set_off["payment"].as_str().unwrap());
    let payment = office.app.get(&office.business, &path).await.expect(200);
    Books::read(&office.db.db, AOMORI, payment["invoice"].as_str().unwrap()).await
}

/// A claim of which a part was set off 25 days after its due day, five days ago, and that part.
async fn settled_late(office: &mut Office<'_>, amount: i64) -> (Owing, String) {
    let (to, from) = (office.owing().await, office.owing().await);
    let entry = json!({ "means": "cash", "amount": FEE, "received_on": "2026-04-01" });
    office.app.post(&office.clerk, &from.path("/counter-payments"), entry).await.expect(201);
    days(office, 31).await;
    office.app.post(&office.clerk, &to.path("/demand"), json!({})).await.expect(201);
    days(office, 24).await;
    office.waived(&from, "half").await;
    days(office, 5).await;
    let part = propose(office, (&from, &to), amount, FEE).await.expect(201);
    decide(office, &office.chief, &part, "approve").await.expect(200);
    office.app.drain().await;
    let shown = office.app.get(&office.business, &to.path("/set-offs")).await.expect(200)["items"][0].clone();
    assert_eq!(shown["fit_on"], "2026-05-26", "the day on which it became too much");
    let part = settled(office, &shown).await.invoice.id.to_string();
    (to, part)
}

async fn arrears(office: &Office<'_>, invoice: &str) -> Value {
    let path = format!("/v1/tenants/{AOMORI}/invoices/{invoice}/arrears");
    office.app.get(&office.business, &path).await.expect(200)
}

on_both_databases!(
    /// each by its own approval; the part counts as paid on the day both debts could be set off, the rest stays owed.
    r96_a_named_amount_is_set_off_and_the_rest_of_the_money_goes_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (from, to) = (overpaid(&office, "half").await, office.owing().await);
        days(&mut office, 40).await;
        app.post(&office.clerk, &to.path("/demand"), json!({})).await.expect(201);
        for wrong in [0, FEE + 1] {
            let refused = propose(&office, (&from, &to), wrong, FEE).await;
            assert_eq!((refused.problem().as_str(), &refused.body["errors"][0]["pointer"]), ("422 validation_failed", &json!("/amount")));
        }
        assert_eq!(propose(&office, (&from, &to), HALF + 1, FEE).await.problem(), "409 less_than_claim");
        let part = propose(&office, (&from, &to), 5_000, FEE).await.expect(201);
        assert_eq!((&part["extent"], &part["refund"]["amount"]), (&json!("part"), &json!(5_000)));
        assert_eq!(ask_back(&office, &from, HALF, FEE - 5_000).await.problem(), "422 validation_failed");
        let rest = ask_back(&office, &from, HALF - 5_000, FEE - 5_000).await.expect(201);
        assert_eq!(office.stands(&to).await, ("unpaid".to_owned(), FEE), "nothing is settled by a proposal");
        assert_eq!(decide(&office, &office.accountant, &part, "approve").await.problem(), "403 own_refund");
        assert_eq!(decide(&office, &office.chief, &part, "approve").await.expect(200)["state"], "paid_out");
        let approve = format!("/v1/tenants/{AOMORI}/refunds/{}/approve", rest["id"].as_str().unwrap());
        assert_eq!(app.post(&office.chief, &approve, json!({})).await.expect(200)["state"], "payout_due");

        assert_eq!(office.stands(&to).await, ("unpaid".to_owned(), FEE - 5_000), "the rest stays owed");
        let shown = app.get(&office.business, &to.path("/set-offs")).await.expect(200)["items"][0].clone();
        assert_eq!((&shown["claim"], &shown["fit_on"], &shown["extent"]), (&json!(to.invoice), &json!("2026-05-01"), &json!("part")));
        let books = settled(&office, &shown).await;
        let notice = format!("/v1/tenants/{AOMORI}/invoices/{}/notice", books.invoice.id);
        let refused = app.get(&office.business, &notice).await;
        assert_eq!(refused.problem(), "404 not_found", "R-66: it is owed under the notice of its claim");
        assert_eq!(db.count("(SELECT COUNT(*) FROM payment_notices)").await, 3, "of both fees and of the fee of the demand");
        let paid_on = books.invoice.paid_on.unwrap().0.to_string();
        assert_eq!((books.invoice.state.as_str(), books.invoice.total.amount(), paid_on.as_str()), ("paid", 5_000, "2026-05-01"));
        let claim = office.books(&to).await.invoice;
        let of_case = app.get(&office.business, &to.case).await.expect(200);
        assert_eq!(of_case["invoice"]["id"], json!(to.invoice), "the case shows its fee");
        assert_eq!((books.invoice.fiscal_year, books.invoice.due_on), (claim.fiscal_year, claim.due_on), "R-75: as the claim");
        app.drain().await;
        let late = app.get(&office.business, &to.path("/arrears")).await.expect(200);
        assert_eq!(late["balance"], json!(FEE - 5_000 + 20 + 50), "{late}");
        let report = replay(&app.core).await.unwrap();
        assert_eq!((report.invoices, report.findings), (3, vec![]), "T-2");

        let standing = async || (office.books(&from).await.standing(), office.books(&to).await.standing());
        let before = standing().await;
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(standing().await, before);
        assert_eq!(decide(&office, &office.chief, &part, "approve").await.problem(), "409 wrong_state");
        office.pays(&to).await;
        let of_cases = [office.books(&from).await.entries, office.books(&to).await.entries].concat();
        let held = balances(&of_cases);
        assert_eq!((held[&Account::Cash(SET_OFF.to_owned())], held[&Account::Overpayment]), (0, 0));
    }
);

on_both_databases!(
    /// a part of money that came when the claim had long been demanded bears its late charge up to that day, and the rest goes on.
    r91_a_part_that_is_set_off_late_bears_its_own_late_charge,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (to, part) = settled_late(&mut office, 10_000).await;
        let of_part = arrears(&office, &part).await;
        // 10,000 yen for 25 days at 10.75 % are 73 yen, cut to 70.
        assert_eq!((&of_part["charge"], &of_part["computed_to"], &of_part["balance"]), (&json!(70), &json!("2026-05-26"), &json!(70)));
        // 12,000 yen for 30 days so far are 106 yen, cut to 100; beside it the fee of the demand.
        let of_rest = arrears(&office, &to.invoice).await;
        assert_eq!((&of_rest["charge"], &of_rest["balance"]), (&json!(100), &json!(FEE - 10_000 + 100 + 20)));
    }
);

on_both_databases!(
    /// base and charge of a claim are cut down once, not part by part: what the part loses by its own cuts the rest bears.
    r91_a_divided_claim_bears_in_all_what_the_one_claim_would_have_borne,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (to, part) = settled_late(&mut office, 8_100).await;
        // 8,100 yen for 25 days are 59 yen, cut to 50.
        assert_eq!(arrears(&office, &part).await["charge"], 50);
        // 22,000 yen for 25 days and 13,900 for five more are 182 yen, cut to 180; by itself the rest would bear 120.
        let of_rest = arrears(&office, &to.invoice).await;
        assert_eq!((&of_rest["charge"], &of_rest["balance"]), (&json!(130), &json!(FEE - 8_100 + 130 + 20)));
        let steps = of_rest["charge_explanation"].as_array().unwrap();
        let last = "less 50 yen on parts that were divided off: 130 yen";
        assert_eq!(steps.last().unwrap(), last, "{of_rest}");
        office.pays(&to).await;
        app.drain().await;
        let charged = "(SELECT CAST(SUM(amount) AS BIGINT) FROM charges WHERE kind = 'late_charge')";
        assert_eq!(db.count(charged).await, 180);
    }
);

on_both_databases!(
    /// a part that counts as paid on a day before the demand bears nothing, neither by itself nor with the rest.
    r91_a_part_that_was_settled_before_the_demand_bears_nothing,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let mut pairs = Vec::new();
        for amount in [3_300, 4_100] {
            let (to, from) = (office.owing().await, office.owing().await);
            let entry = json!({ "means": "cash", "amount": FEE, "received_on": "2026-04-01" });
            app.post(&office.clerk, &from.path("/counter-payments"), entry).await.expect(201);
            pairs.push((to, from, amount));
        }
        days(&mut office, 40).await;
        for (_, from, _) in &pairs {
            office.waived(from, "half").await;
        }
        days(&mut office, 21).await;
        for (to, from, amount) in &pairs {
            app.post(&office.clerk, &to.path("/demand"), json!({})).await.expect(201);
            let part = propose(&office, (from, to), *amount, FEE).await.expect(201);
            decide(&office, &office.chief, &part, "approve").await.expect(200);
        }
        days(&mut office, 28).await;
        // 18,700 yen and 17,900 yen for 59 days are 324 yen and 311 yen, cut to ten.
        for ((to, ..), of_rest) in pairs.iter().zip([320, 310]) {
            let shown = app.get(&office.business, &to.path("/set-offs")).await.expect(200)["items"][0].clone();
            assert_eq!(shown["fit_on"], "2026-05-11", "ten days after the last day in time, 21 before the demand");
            let part = settled(&office, &shown).await.invoice.id.to_string();
            assert_eq!(arrears(&office, &part).await["charge"], 0);
            assert_eq!(arrears(&office, &to.invoice).await["charge"], of_rest);
        }
    }
);

on_both_databases!(
    /// the fee of a decision is the claim itself, however much of it was divided off and settled before.
    a_decision_names_the_invoice_of_its_fee_and_never_a_part_that_was_divided_off,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (from, to) = (overpaid(&office, "half").await, office.owing().await);
        days(&mut office, 40).await;
        let part = propose(&office, (&from, &to), 5_000, FEE).await.expect(201);
        decide(&office, &office.chief, &part, "approve").await.expect(200);
        let rest = json!({ "means": "cash", "amount": FEE - 5_000, "received_on": "2026-05-11" });
        app.post(&office.clerk, &to.path("/counter-payments"), rest).await.expect(201);
        app.post(&office.clerk, &format!("{}/claim", to.case), json!({})).await.expect(200);
        let grant = json!({ "decision": "grant", "reasons": [], "conditions": [] });
        for (who, act, body) in [(&office.clerk, "proposal", grant), (&office.chief, "approval/approve", json!({}))] {
            let version = app.get(who, &to.case).await.etag();
            let answer = app.post_if(who, &format!("{}/{act}", to.case), &version, body).await;
            assert!(answer.status.is_success(), "{act}: {}", answer.body);
        }
        let decision = app.get(&office.business, &format!("{}/decision", to.case)).await.expect(200);
        assert_eq!((&decision["fee"], &decision["invoice"]), (&json!("covered"), &json!(to.invoice)));
    }
);

on_both_databases!(
    r96_what_is_owed_beside_a_claim_and_what_changed_meanwhile_is_not_divided,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (from, to) = (overpaid(&office, "hardship").await, office.owing().await);
        days(&mut office, 40).await;
        app.post(&office.clerk, &to.path("/demand"), json!({})).await.expect(201);
        let proposed = propose(&office, (&from, &to), 15_000, FEE).await.expect(201);
        office.waived(&to, "half").await;
        let smaller = decide(&office, &office.chief, &proposed, "approve").await;
        assert_eq!(smaller.problem(), "409 owed_amount_changed", "less is owed than was to be set off");
        decide(&office, &office.chief, &proposed, "reject").await.expect(200);
        app.post(&office.clerk, &to.path("/charges"), json!({})).await.expect(201);
        let charged = propose(&office, (&from, &to), 5_000, FEE).await;
        assert_eq!(charged.problem(), "409 claim_not_divisible");
    }
);

on_both_databases!(
    /// Two parts of 60 % of the same money can never both pass, one set off and one sent back.
    r96_a_part_that_is_set_off_and_a_refund_never_take_more_than_came,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let mut pairs = Vec::new();
        for _ in 0..rounds(2) {
            pairs.push((overpaid(&office, "hardship").await, office.owing().await));
        }
        days(&mut office, 40).await;
        for (from, to) in &pairs {
            let part = FEE * 6 / 10;
            let both = join(propose(&office, (from, to), part, FEE), ask_back(&office, from, part, FEE)).await;
            let mut problems = [both.0.problem(), both.1.problem()];
            problems.sort();
            assert_eq!(problems, ["201 -", "409 refund_amount_changed"]);
        }
    }
);
