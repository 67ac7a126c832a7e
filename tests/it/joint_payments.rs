//! Several invoices paid in one act (納付単位): one charge at the gateway, and each debt ends by its own share of it.

use data_encoding::BASE64;
use futures_util::future::join_all;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::payment_faults::payer::{client, notifications_arrive};
use crate::refunds::after_giving_up::{booked_by_two, gateway_sends_back};
use crate::refunds::desk::{Desk, FEE, Paid};
use crate::settlements::second_charges::charged_again;
use crate::support::app::{AOMORI, Answer, Person, TestApp, gateway_first, new_key};
use crate::support::db::{TestDb, execute};
use crate::support::repeat::everything_again;
use crate::support::traces::rounds;

const PAYMENTS: &str = "/v1/tenants/020001/payments";
const PROCEDURE: &str = "denki-koji-toroku";

/// Invoices that one business owes.
async fn owed(desk: &Desk<'_>, count: usize) -> Vec<String> {
    let mut invoices = Vec::new();
    for _ in 0..count {
        let submitted = desk.app.submitted(&desk.business, AOMORI, PROCEDURE).await;
        invoices.push(submitted["invoice"]["id"].as_str().unwrap().to_owned());
    }
    invoices
}

/// Opens one payment of some invoices.
async fn open(app: &TestApp, who: &Person, invoices: &[String]) -> Answer {
    app.post(who, PAYMENTS, json!({ "invoices": invoices, "method": "card" })).await
}

/// The payer pays by card on the page of an opened payment, and everything that follows is done.
async fn pay(app: &TestApp, opened: &Value) {
    let page = opened["redirect_url"].as_str().unwrap();
    app.at_gateway(page, "card", "number=4111111111111111").await;
    app.at_gateway(page, "3ds", "result=ok").await;
    notifications_arrive(app).await;
    app.drain().await;
}

/// What two invoices come to that were opened and paid in one act.
async fn two_paid<'a>(desk: &'a Desk<'_>) -> [Paid<'a>; 2] {
    let invoices = owed(desk, 2).await;
    let opened = open(desk.app, &desk.business, &invoices).await.expect(201);
    pay(desk.app, &opened).await;
    let both = [Paid::of(desk, &invoices[0]), Paid::of(desk, &invoices[1])];
    for paid in &both {
        assert_eq!(paid.standing().await, ("entrusted".into(), "captured".into(), 0));
    }
    both
}

/// The gateway's own ledger of an act, by its first share.
async fn truth(app: &TestApp, first: &Paid<'_>) -> Value {
    app.truth(&first.books().await.payment().merchant_reference).await
}

/// All that we hold of some invoices.
async fn standing(all: &[Paid<'_>]) -> Vec<String> {
    let mut standing = Vec::new();
    for paid in all {
        standing.push(paid.books().await.standing());
    }
    standing
}

fn faults(answer: &Answer) -> Vec<(&str, &str)> {
    assert_eq!(answer.problem(), "422 validation_failed");
    let list = answer.body["errors"].as_array().unwrap();
    list.iter().map(|it| (it["pointer"].as_str().unwrap(), it["code"].as_str().unwrap())).collect()
}

on_both_databases!(one_act_is_one_charge_and_ends_each_debt_by_its_own_share, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let invoices = owed(&desk, 3).await;
    let body = json!({ "invoices": invoices, "method": "card" });
    let key = [("idempotency-key", new_key())];
    let headers: Vec<(&str, &str)> = key.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let call = || app.call(Method::POST, PAYMENTS, Some(&desk.business), &headers, Some(body.clone()));
    let mut copies: Vec<Value> = Vec::new();
    for copy in join_all([call(), call(), call()]).await {
        copies.push(copy.expect(201));
    }
    copies.push(call().await.expect(201));
    let opened = copies[0].clone();
    assert!(
        copies.iter().all(|copy| *copy == opened),
        "the same key opens nothing a second time: {copies:?}"
    );
    assert_eq!(opened["total"], 3 * FEE);
    let shares: Vec<_> =
        opened["payments"].as_array().unwrap().iter().map(|it| it["invoice"].clone()).collect();
    assert_eq!(shares, invoices);
    assert!(opened["payments"].as_array().unwrap().iter().all(|it| it["amount"] == FEE));
    let all: Vec<Paid<'_>> = invoices.iter().map(|invoice| Paid::of(&desk, invoice)).collect();
    for paid in &all {
        assert_eq!(paid.standing().await, ("pending".into(), "requires_action".into(), 0));
    }
    pay(&app, &opened).await;
    let order = truth(&app, &all[0]).await;
    assert_eq!((&order["captured"], &order["charges"]), (&json!(3 * FEE), &json!(1)));
    for paid in &all {
        // The proof of each share is judged on the way.
        paid.books().await.assert_entrusted_once();
    }
    let before = standing(&all).await;
    everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
    assert_eq!(standing(&all).await, before, "hearing all of it again changes nothing");

    let first = opened["payments"][0]["id"].as_str().unwrap();
    let shown = app.get(&desk.business, &format!("{PAYMENTS}/{first}")).await.expect(200);
    let beside: Vec<_> =
        shown["paid_with"].as_array().unwrap().iter().map(|it| it["invoice"].clone()).collect();
    assert_eq!(beside, invoices[1..]);
});

on_both_databases!(every_invoice_that_cannot_be_paid_with_the_others_is_named, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let mine = owed(&desk, 2).await;
    let stranger = app.register("stranger@example.jp", "business").await;
    let foreign = app.submitted(&stranger, AOMORI, PROCEDURE).await;
    let foreign = foreign["invoice"]["id"].as_str().unwrap().to_owned();
    let paid = desk.paid("card").await.invoice;

    let all = [mine[0].clone(), foreign.clone(), paid, mine[1].clone()];
    let refused = open(&app, &desk.business, &all).await;
    let found = [("/invoices/1", "not_found"), ("/invoices/2", "invoice_not_payable")];
    assert_eq!(faults(&refused), found, "what is hidden is not there");
    let twice = open(&app, &desk.business, &[mine[0].clone(), mine[0].clone()]).await;
    assert_eq!(faults(&twice), [("/invoices/1", "duplicate")]);
    assert_eq!(faults(&open(&app, &desk.business, &[]).await), [("/invoices", "count")]);
    let wanted = json!({ "invoices": mine, "method": "suica" });
    let method = app.post(&desk.business, PAYMENTS, wanted).await;
    assert_eq!(method.problem(), "422 method_not_offered", "the sum is more than this method takes");
    for invoice in &mine {
        Paid::of(&desk, invoice).books().await.assert_unpaid();
    }
    let accountant = open(&app, &desk.accountant, &mine).await;
    assert_eq!(faults(&accountant), [("/invoices/0", "not_found"), ("/invoices/1", "not_found")]);
    open(&app, &desk.business, &mine).await.expect(201);
});

on_both_databases!(
    /// what counts is who owes it by its notice, not who stands in the case by now.
    what_another_person_owes_is_paid_alone_whoever_stands_in_its_case,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let mine = owed(&desk, 1).await.remove(0);
        let stranger = app.register("stranger@example.jp", "business").await;
        let foreign = app.submitted(&stranger, AOMORI, PROCEDURE).await;
        let theirs = foreign["invoice"]["id"].as_str().unwrap().to_owned();
        let (url, case) = (db.settings.url.clone(), foreign["id"].as_str().unwrap());
        let handed_over =
            format!("UPDATE parties SET account_id = '{}' WHERE application_id = '{case}'", desk.business.id);
        std::thread::spawn(move || execute(&url, &handed_over)).join().unwrap();

        let both = open(&app, &desk.business, &[mine.clone(), theirs.clone()]).await;
        assert_eq!(faults(&both), [("/invoices/1", "another_obligor")]);
        let links = format!("/v1/tenants/{AOMORI}/invoices/{mine}/payment-links");
        let link = app.post(&desk.business, &links, json!({ "further_invoices": [theirs] })).await;
        assert_eq!(faults(&link), [("/further_invoices/0", "another_obligor")]);
        open(&app, &desk.business, &[theirs]).await.expect(201);
    }
);

on_both_databases!(
    /// First payment wins: what is open of one invoice bars the act, and giving it up frees all that were in it.
    an_act_stands_alone_for_each_of_its_invoices,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let invoices = owed(&desk, 3).await;
        let opened = open(&app, &desk.business, &invoices[..2]).await.expect(201);
        let second = open(&app, &desk.business, &invoices[1..]).await;
        assert_eq!(faults(&second), [("/invoices/0", "payment_in_progress")]);
        let alone = format!("/v1/tenants/{AOMORI}/invoices/{}/payments", invoices[0]);
        let barred = app.post(&desk.business, &alone, json!({ "method": "card" })).await;
        assert_eq!(barred.problem(), "409 payment_in_progress");

        let wanted = json!({ "invoices": invoices[1..], "method": "card", "replace_open": true });
        let other = app.post(&desk.business, PAYMENTS, wanted).await.expect(201);
        assert_eq!(Paid::of(&desk, &invoices[0]).books().await.invoice.state, "unpaid", "its act was given up");
        pay(&app, &other).await;
        for invoice in &invoices[1..] {
            assert_eq!(Paid::of(&desk, invoice).books().await.invoice.state, "entrusted");
        }
        let page = opened["redirect_url"].as_str().unwrap();
        app.at_gateway(page, "card", "number=4111111111111111").await;
        app.at_gateway(page, "3ds", "result=ok").await;
        notifications_arrive(&app).await;
        app.drain().await;
        Paid::of(&desk, &invoices[0]).books().await.assert_unpaid();
    }
);

on_both_databases!(money_at_the_counter_for_one_invoice_closes_the_whole_act, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let invoices = owed(&desk, 2).await;
    open(&app, &desk.business, &invoices).await.expect(201);
    let clerk =
        app.officer(AOMORI, crate::policy_coverage::world::DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
    let entry = json!({ "means": "cash", "received_on": "2026-04-01", "amount": FEE });
    let path = format!("/v1/tenants/{AOMORI}/invoices/{}/counter-payments", invoices[0]);
    app.post(&clerk, &path, entry).await.expect(201);
    app.drain().await;
    assert_eq!(Paid::of(&desk, &invoices[0]).books().await.invoice.state, "paid");
    let other = Paid::of(&desk, &invoices[1]).books().await;
    assert_eq!((other.invoice.state.as_str(), other.payment().state.as_str()), ("unpaid", "canceled"));
    open(&app, &desk.business, &invoices[1..]).await.expect(201);
});

on_both_databases!(two_acts_over_one_invoice_at_once_never_both_open, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    for _ in 0..rounds(2) {
        let invoices = owed(&desk, 3).await;
        let both = [&invoices[..2], &invoices[1..]].map(|some| open(&app, &desk.business, some));
        let mut problems: Vec<_> = join_all(both).await.iter().map(Answer::problem).collect();
        problems.sort();
        assert_eq!(problems, ["201 -", "422 validation_failed"]);
        let shared = Paid::of(&desk, &invoices[1]).books().await;
        assert_eq!(shared.payment().state, "requires_action");
    }
});

on_both_databases!(each_share_goes_back_by_itself_and_never_more_than_it, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let [first, second] = two_paid(&desk).await;
    assert_eq!(second.ask(&desk.accountant, FEE + 1, FEE).await.problem(), "422 validation_failed");
    assert_eq!(second.refunded(FEE, FEE).await["state"], "succeeded");
    notifications_arrive(&app).await;
    app.drain().await;
    assert_eq!(second.standing().await, ("refunded".into(), "refunded".into(), FEE));
    assert_eq!(first.standing().await, ("entrusted".into(), "captured".into(), 0));
    assert_eq!(truth(&app, &first).await["refunded"], FEE);
    assert_eq!(first.refunded(1_000, FEE).await["state"], "succeeded");
    notifications_arrive(&app).await;
    app.drain().await;
    assert_eq!(first.standing().await, ("partially_refunded".into(), "partially_refunded".into(), 1_000));
    assert_eq!(truth(&app, &first).await["refunded"], FEE + 1_000);
    let all = [first, second];
    let before = standing(&all).await;
    everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
    assert_eq!(standing(&all).await, before);
});

on_both_databases!(two_refunds_of_one_act_are_not_on_their_way_at_once, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    for _ in 0..rounds(2) {
        let [first, second] = two_paid(&desk).await;
        let one = first.ask(&desk.accountant, FEE, FEE).await.expect(201);
        let other = second.ask(&desk.accountant, FEE, FEE).await.expect(201);
        let both =
            [first.decide(&desk.chief, &one, "approve"), second.decide(&desk.chief, &other, "approve")];
        for (paid, answer, refund) in [(&first, &one), (&second, &other)]
            .iter()
            .zip(join_all(both).await)
            .map(|(it, got)| (it.0, got, it.1))
        {
            if answer.problem() == "409 refund_in_progress" {
                app.drain().await;
                paid.decide(&desk.chief, refund, "approve").await.expect(200);
            } else {
                answer.expect(200);
            }
        }
        app.drain().await;
        assert_eq!(truth(&app, &first).await["refunded"], 2 * FEE);
        for paid in [&first, &second] {
            assert_eq!(paid.standing().await, ("refunded".into(), "refunded".into(), FEE));
        }
    }
});

on_both_databases!(f32_a_lost_dispute_of_the_whole_is_pulled_back_of_each_share_once, async |db: TestDb| {
    let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
    let desk = Desk::open(&app, &db).await;
    let [first, second] = two_paid(&desk).await;
    for state in ["needs_response", "lost"] {
        let reference = first.books().await.payment().merchant_reference.clone();
        let order = json!({ "payment": reference, "state": state });
        let sent =
            client().post(format!("{}/_sim/disputes", app.simulator)).json(&order).send().await.unwrap();
        assert!(sent.status().is_success(), "{}", sent.text().await.unwrap());
        notifications_arrive(&app).await;
        app.drain().await;
    }
    for paid in [&first, &second] {
        let books = paid.books().await;
        assert_eq!((books.payment().charged_back.amount(), paid.available().await), (FEE, 0));
        assert_eq!(books.invoice.state, "entrusted", "the agent guarantees its remittance");
    }
    assert_eq!(db.count("(SELECT COUNT(*) FROM disputes WHERE state = 'lost')").await, 2);
    let all = [first, second];
    let before = standing(&all).await;
    everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
    assert_eq!(standing(&all).await, before);
});

/// Where the money of an invoice is by its ledger: at the agent, at the bank, kept as a fee.
async fn held(paid: &Paid<'_>) -> (i64, i64, i64) {
    let held = balances(&paid.books().await.entries);
    let of = |account: &Account| held.get(account).copied().unwrap_or(0);
    let (agent, bank) = (Account::Entrusted("komoju".to_owned()), Account::Cash("bank".to_owned()));
    (of(&agent), of(&bank), of(&Account::FeeExpense))
}

on_both_databases!(r72_r77_the_one_line_of_a_payout_pays_every_invoice_of_the_act, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let other = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "suito@example.jp").await;
    let [first, second] = two_paid(&desk).await;
    let reference = first.books().await.payment().merchant_reference.clone();
    let (gross, fee) = (2 * FEE, 1_431);
    let table = format!(
        "line_key,kind,merchant_reference,gateway_payment_id,gross,fee,tax,net,occurred_on\n\
         1,capture,{reference},,{gross},{fee},0,{},2026-04-01",
        gross - fee
    );
    let report = json!({ "gateway": "komoju", "batch_reference": "b1", "gross": gross, "fee": fee,
        "net": gross - fee, "content_base64": BASE64.encode(table.as_bytes()) });
    let settlements = format!("/v1/tenants/{AOMORI}/settlements");
    let made = app.post(&desk.accountant, &settlements, report).await.expect(201);
    app.drain().await;
    let path = format!("{settlements}/{}", made["id"].as_str().unwrap());
    let line = app.get(&desk.accountant, &path).await.expect(200)["lines"][0].clone();
    assert_eq!(line["payments"].as_array().unwrap().len(), 2, "{line}");
    let arrival = json!({ "arrived_on": "2026-04-01", "amount": gross - fee, "reference": "ｶ)ｺﾓｼﾞﾕ" });
    app.post(&desk.accountant, &format!("{path}/arrival"), arrival).await.expect(200);
    app.post(&other, &format!("{path}/arrival/confirm"), json!({})).await.expect(200);
    app.drain().await;
    let settled = app.get(&desk.accountant, &path).await.expect(200);
    assert_eq!((&settled["state"], &settled["lines"][0]["booked"]), (&json!("settled"), &json!(true)));
    // The fee is borne in proportion, to the last yen.
    assert_eq!((held(&first).await, held(&second).await), ((0, FEE - 715, 715), (0, FEE - 716, 716)));
    for paid in [&first, &second] {
        let invoice = paid.books().await.invoice;
        assert_eq!((invoice.state.as_str(), invoice.paid_on), ("paid", invoice.entrusted_on));
    }
    let all = [first, second];
    let before = standing(&all).await;
    everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
    assert_eq!(standing(&all).await, before);
});

on_both_databases!(
    /// What was won is about nothing any more: the next dispute is about all shares again.
    f32_a_second_dispute_after_a_won_one_is_divided_over_all_shares,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
        let desk = Desk::open(&app, &db).await;
        let [first, second] = two_paid(&desk).await;
        for state in ["needs_response", "won", "needs_response", "lost"] {
            let reference = first.books().await.payment().merchant_reference.clone();
            let order = json!({ "payment": reference, "state": state });
            let sent =
                client().post(format!("{}/_sim/disputes", app.simulator)).json(&order).send().await.unwrap();
            assert!(sent.status().is_success(), "{}", sent.text().await.unwrap());
            notifications_arrive(&app).await;
            app.drain().await;
        }
        for paid in [&first, &second] {
            let books = paid.books().await;
            assert_eq!((books.payment().charged_back.amount(), paid.available().await), (FEE, 0));
        }
        let whole = "(SELECT COUNT(*) FROM disputes WHERE state IN ('won', 'lost') AND amount = 22000)";
        assert_eq!(db.count(whole).await, 4, "two parts of each");
        let all = [first, second];
        let before = standing(&all).await;
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(standing(&all).await, before);
    }
);

on_both_databases!(an_act_that_no_account_takes_closes_nothing_that_is_open, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let invoices = owed(&desk, 3).await;
    let alone = format!("/v1/tenants/{AOMORI}/invoices/{}/payments", invoices[0]);
    app.post(&desk.business, &alone, json!({ "method": "nanaco" })).await.expect(201);
    // Each alone is no more than this method takes; their sum is.
    let wanted = json!({ "invoices": invoices, "method": "nanaco", "replace_open": true });
    let refused = app.post(&desk.business, PAYMENTS, wanted).await;
    assert_eq!(refused.problem(), "422 method_not_offered");
    app.drain().await;
    let open = Paid::of(&desk, &invoices[0]);
    assert_eq!(
        open.standing().await,
        ("pending".into(), "requires_action".into(), 0),
        "it is open as before"
    );
    let wanted = json!({ "invoices": invoices[..2], "method": "nanaco", "replace_open": true });
    app.post(&desk.business, PAYMENTS, wanted).await.expect(201);
    assert_eq!(open.books().await.sorted_states(), ["canceled", "requires_action"]);
});

on_both_databases!(
    /// of what was sent back at the gateway's desk of one act, each invoice has its part, and two accountants book all of it at once.
    r95_what_was_sent_back_of_an_act_of_two_invoices_is_booked_of_each_by_two_accountants,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let both = two_paid(&desk).await;
        gateway_sends_back(&app, &both[0], FEE + 5_000, "管理画面からの返金").await;
        let back = async || {
            let mut back = Vec::new();
            for paid in &both {
                back.push((paid.books().await.payment().refunded.amount(), paid.booked().await.0));
            }
            back.sort_unstable();
            back
        };
        assert_eq!(back().await, [(5_000, FEE), (FEE, FEE)], "the books wait for two people");
        booked_by_two(&app, &desk).await;
        for _ in 0..2 {
            assert_eq!(back().await, [(5_000, FEE - 5_000), (FEE, 0)]);
            for paid in &both {
                assert_eq!(paid.states().await, ["succeeded"]);
            }
            everything_again(&db.db, async || {
                app.drain().await;
            })
            .await;
        }
        assert_eq!(truth(&app, &both[0]).await["refunded"], FEE + 5_000);
    }
);

on_both_databases!(
    t3_a_second_charge_of_an_act_of_two_invoices_is_too_much_of_the_first,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let [first, second] = two_paid(&desk).await;
        charged_again(&app, &first).await;
        for _ in 0..2 {
            notifications_arrive(&app).await;
            app.drain().await;
            let books = first.books().await;
            assert_eq!((books.invoice.state.as_str(), books.payments.len()), ("overpaid", 2));
            assert_eq!(balances(&books.entries)[&Account::Overpayment], -2 * FEE);
            assert_eq!(second.standing().await, ("entrusted".into(), "captured".into(), 0));
            everything_again(&db.db, async || {
                app.drain().await;
            })
            .await;
        }
    }
);
