//! A checkout in which the gateway took the money twice: it is found, stands in the books as what it is, goes back, and is settled.

use jiff::SignedDuration;
use madoguchi::domain::ledger::{Account, balances};
use serde_json::{Value, json};

use super::{Office, reference, report};
use crate::payment_faults::payer::{client, notifications_arrive};
use crate::refunds::desk::{Desk, FEE, Paid};
use crate::support::app::TestApp;
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;

/// The gateway takes the money of a paid invoice once more; gives its id of the second payment.
pub async fn charged_again(app: &TestApp, paid: &Paid<'_>) -> String {
    let order = json!({ "payment": paid.books().await.payments[0].merchant_reference });
    let sent =
        client().post(format!("{}/_sim/second-charges", app.simulator)).json(&order).send().await.unwrap();
    assert_eq!(sent.status(), 201);
    sent.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

/// State of the invoice, states of its payments, what is too much by the books, and how often people were told.
async fn standing(db: &TestDb, paid: &Paid<'_>) -> (String, Vec<String>, i64, i64) {
    let books = paid.books().await;
    let states = books.payments.iter().map(|payment| payment.state.clone()).collect();
    let too_much = -balances(&books.entries).get(&Account::Overpayment).copied().unwrap_or(0);
    let told = db.count("(SELECT COUNT(*) FROM payment_alerts WHERE code = 'second_charge')").await;
    (books.invoice.state, states, too_much, told)
}

fn twice() -> (String, Vec<String>, i64, i64) {
    ("overpaid".to_owned(), vec!["captured".to_owned(); 2], FEE, 1)
}

on_both_databases!(
    /// R-95, T-3: the second charge is a payment of its own that is too much; two people send it back by the way it came, and the
    /// agent's payout names both by one reference.
    r95_a_second_charge_in_one_checkout_is_booked_beside_goes_back_and_is_settled,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let desk = &office.desk;
        let paid = desk.paid("card").await;
        let reference = reference(&paid).await;
        let second = charged_again(&app, &paid).await;
        for _ in 0..2 {
            notifications_arrive(&app).await;
            app.drain().await;
            assert_eq!(standing(&db, &paid).await, twice());
            everything_again(&db.db, async || {
                app.drain().await;
            })
            .await;
        }
        let truth = app.truth(&reference).await;
        assert_eq!((&truth["charges"], &truth["captured"]), (&json!(2), &json!(2 * FEE)));
        let books = paid.books().await;
        let [first, beside] = books.payments.as_slice() else { panic!("{:?}", books.payments) };
        assert_eq!(beside.gateway_payment_id.as_ref(), Some(&second));
        assert_eq!((beside.charged_beside, beside.gateway_reference()), (Some(first.id), reference.clone()));

        let back = json!({ "amount": FEE, "reason": "overpaid", "refund_amount_available": paid.available().await });
        let asked = paid.ask_with(&desk.accountant, back).await.expect(201);
        assert_eq!(asked["payment"], beside.id.to_string());
        assert_eq!(paid.decide(&desk.chief, &asked, "approve").await.expect(200)["state"], "succeeded");
        assert_eq!(app.truth(&reference).await["refunded"], FEE);
        notifications_arrive(&app).await;
        app.drain().await;
        let gone = ("entrusted".to_owned(), vec!["captured".to_owned(), "refunded".to_owned()], 0, 1);
        assert_eq!(standing(&db, &paid).await, gone);

        let row = |key: &str, kind: &str, id: &str, gross: i64| {
            format!("{key},{kind},{reference},{id},{gross},0,0,{gross},2026-04-01")
        };
        let known = first.gateway_payment_id.clone().unwrap();
        let lines = [
            row("a", "capture", &known, FEE),
            row("b", "capture", &second, FEE),
            row("c", "refund", &second, -FEE),
        ];
        let made = office.upload(report("R", &lines, 0)).await;
        assert_eq!(office.arrived(&made, "2026-04-01").await["state"], "settled");
        let held = balances(&paid.books().await.entries);
        assert_eq!((held[&Account::Entrusted("komoju".to_owned())], held[&Account::Cash("bank".to_owned())]), (0, FEE));
        assert_eq!(paid.books().await.invoice.state, "paid");
    }
);

on_both_databases!(a_second_charge_that_nobody_tells_of_is_found_by_looking, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let paid = desk.paid("card").await;
    let named = paid.books().await.payment().merchant_reference.clone();
    silence(&app, &named).await;
    charged_again(&app, &paid).await;
    notifications_arrive(&app).await;
    app.drain().await;
    assert_eq!(standing(&db, &paid).await.0, "entrusted");
    app.advance(SignedDuration::from_hours(25)).await;
    app.drain().await;
    assert_eq!(standing(&db, &paid).await, twice());
});

/// How the news of a second charge fare.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    /// The charge is told of, and then the loss.
    InOrder,
    /// The charge is told of by its loss only.
    Together,
}

/// The payer's bank pulls the second charge back. The first one is not touched by it, and two accountants take what was too much out of
/// the books.
async fn pulled_back(db: &TestDb, news: News) {
    let app = TestApp::start(db).await;
    let mut office = Office::open(&app, db).await;
    let invoice = office.desk.paid("card").await.invoice;
    if news == News::Together {
        silence(&app, &reference(&Paid::of(&office.desk, &invoice)).await).await;
    }
    let second = charged_again(&app, &Paid::of(&office.desk, &invoice)).await;
    notifications_arrive(&app).await;
    app.drain().await;
    let order = json!({ "payment": second, "state": "lost" });
    let url = format!("{}/_sim/disputes", app.simulator);
    assert!(client().post(url).json(&order).send().await.unwrap().status().is_success());
    notifications_arrive(&app).await;
    app.drain().await;
    office.days_later(2).await;
    app.drain().await;
    let paid = Paid::of(&office.desk, &invoice);
    let pulled: Vec<i64> = paid.books().await.payments.iter().map(|one| one.charged_back.amount()).collect();
    assert_eq!(pulled, [0, FEE]);
    assert_eq!(db.count("(SELECT COUNT(*) FROM disputes)").await, 1);
    assert_eq!(standing(db, &paid).await, twice(), "the books wait for two people");

    let exceptions = "/v1/tenants/020001/reconciliation/exceptions";
    let open = format!("{exceptions}?kind=lost_dispute&state=open");
    let listed = app.get(&office.desk.accountant, &open).await.expect(200);
    let [only] = listed["items"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    let path = format!("{exceptions}/{}", only["id"].as_str().unwrap());
    let proposal = json!({ "resolution": "owed_again", "comment": "カード会社が取り戻した" });
    app.post(&office.desk.accountant, &format!("{path}/resolution"), proposal).await.expect(200);
    app.post(&office.second, &format!("{path}/approve"), json!({})).await.expect(200);
    let (state, _, too_much, _) = standing(db, &paid).await;
    assert_eq!((state.as_str(), too_much), ("entrusted", 0));
    let before = paid.books().await.standing();
    everything_again(&db.db, async || {
        app.drain().await;
    })
    .await;
    assert_eq!(paid.books().await.standing(), before);
}

/// Nothing is told of the captures of a reference.
async fn silence(app: &TestApp, reference: &str) {
    let on = json!({ "op": "webhook", "event": "payment.captured", "payment": reference });
    app.fault(json!({ "match": on, "fault": "F18", "args": { "times": 9 } })).await;
}

on_both_databases!(
    r95_a_second_charge_that_the_payers_bank_pulls_back_is_too_much_no_more_and_the_first_one_stands,
    async |db: TestDb| { pulled_back(&db, News::InOrder).await }
);

on_both_databases!(
    r95_a_second_charge_that_is_told_of_by_its_loss_is_too_much_no_more_and_the_first_one_stands,
    async |db: TestDb| { pulled_back(&db, News::Together).await }
);

on_both_databases!(
    /// the payout names the second charge first, and nobody has told of it. It is not taken for the payment that was asked for.
    r77_a_payout_that_names_an_unknown_second_charge_first_settles_each_payment_by_its_own_line,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        let reference = reference(&paid).await;
        let first = paid.books().await.payment().gateway_payment_id.clone().unwrap();
        silence(&app, &reference).await;
        let second = charged_again(&app, &paid).await;
        let row = |key: &str, id: &str| format!("{key},capture,{reference},{id},{FEE},0,0,{FEE},2026-04-01");
        let made = office.upload(report("R", &[row("a", &second), row("b", &first)], 0)).await;
        app.drain().await;
        assert_eq!(standing(&db, &paid).await, twice(), "the duplicate of it made us ask");
        let settled = office.arrived(&made, "2026-04-01").await;
        app.drain().await;
        assert_eq!(settled["state"], "settled");
        let held = balances(&paid.books().await.entries);
        let agent = &Account::Entrusted("komoju".to_owned());
        assert_eq!((held[agent], held[&Account::Cash("bank".to_owned())]), (0, 2 * FEE));
    }
);

on_both_databases!(
    /// the two lines come in two payouts, and that of the unknown charge comes first.
    r77_the_line_of_a_second_charge_that_was_not_known_yet_leaves_the_other_line_to_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        let reference = reference(&paid).await;
        let first = paid.books().await.payment().gateway_payment_id.clone().unwrap();
        silence(&app, &reference).await;
        let second = charged_again(&app, &paid).await;
        let row = |key: &str, id: &str| format!("{key},capture,{reference},{id},{FEE},0,0,{FEE},2026-04-01");
        for (batch, line) in [("A", row("a", &second)), ("B", row("b", &first))] {
            let made = office.upload(report(batch, &[line], 0)).await;
            app.drain().await;
            assert_eq!(office.arrived(&made, "2026-04-01").await["state"], "settled", "{batch}");
        }
        assert_eq!(standing(&db, &paid).await, twice());
        let held = balances(&paid.books().await.entries);
        let agent = &Account::Entrusted("komoju".to_owned());
        assert_eq!((held[agent], held[&Account::Cash("bank".to_owned())]), (0, 2 * FEE));
    }
);
