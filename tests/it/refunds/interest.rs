//! Interest on refunds (還付加算金): fixed at the approval, an expenditure of its own, paid by bank transfer once.

use jiff::SignedDuration;
use madoguchi::config::Settings;
use madoguchi::domain::ledger::{Account, BANK, balances};
use madoguchi::domain::policy::Role;
use madoguchi::domain::zengin;
use serde_json::{Value, json};

use super::desk::{Desk, FEE, Paid};
use super::payouts::payee;
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;

pub(super) const PAYOUTS: &str = "/v1/tenants/020001/payouts";
const EXPENSE: &str = "02-01-05-22";
const SHIPPED: &str = include_str!("../../../config/tenants/020001.yaml");
const SHIPPED_RATES: &str = "        - { from: 2021-01-01, per_ten_thousand: 100 }
        - { from: 2022-01-01, per_ten_thousand: 90 }
        - { from: 2026-01-01, per_ten_thousand: 130 }
";
/// High enough for weeks to bear something, and another one from May on.
const RATES: &str = "        - { from: 2026-01-01, per_ten_thousand: 7300 }
        - { from: 2026-05-01, per_ten_thousand: 3650 }
";

async fn start(db: &TestDb) -> TestApp {
    start_with(db, |_| {}).await
}

/// With rates at which weeks bear something, and other settings.
pub(super) async fn start_with(db: &TestDb, change: impl FnOnce(&mut Settings)) -> TestApp {
    let text = SHIPPED.replace(SHIPPED_RATES, RATES);
    assert_ne!(text, SHIPPED);
    TestApp::start_over(db, [("tenants/020001.yaml".to_owned(), text)], change).await
}

/// Lets days go by; everybody signs in again.
pub(super) async fn days(desk: &mut Desk<'_>, days: i64) {
    desk.app.advance(SignedDuration::from_hours(24 * days)).await;
    for (email, person) in [
        ("business@example.jp", &mut desk.business),
        ("kaikei@example.jp", &mut desk.accountant),
        ("chief@example.jp", &mut desk.chief),
    ] {
        *person = desk.app.sign_in(email, &person.id).await;
    }
}

pub(super) fn path(refund: &Value, rest: &str) -> String {
    format!("/v1/tenants/{AOMORI}/refunds/{}{rest}", refund["id"].as_str().unwrap())
}

pub(super) async fn post(desk: &Desk<'_>, who: &Person, refund: &Value, rest: &str, body: Value) -> Answer {
    desk.app.post(who, &path(refund, rest), body).await
}

async fn shown(desk: &Desk<'_>, refund: &Value) -> Value {
    desk.app.get(&desk.business, &path(refund, "/interest")).await.expect(200)
}

/// Makes a file of everything that is due, by the accountant; gives its path.
async fn export(desk: &Desk<'_>, total: i64) -> String {
    let made = desk.app.post(&desk.accountant, PAYOUTS, json!({ "transfer_on": "2026-06-10" })).await;
    let made = made.expect(201);
    assert_eq!((&made["count"], &made["total"]), (&json!(1), &json!(total)));
    format!("{PAYOUTS}/{}", made["id"].as_str().unwrap())
}

/// What the ledger says of interest: spent, owed, and what left the bank in all.
pub(super) async fn booked(paid: &Paid<'_>) -> (i64, i64, i64) {
    let held = balances(&paid.books().await.entries);
    let of = |account: Account| held.get(&account).copied().unwrap_or(0);
    let spent = of(Account::InterestExpense(EXPENSE.to_owned()));
    (spent, -of(Account::InterestPayable), -of(Account::Cash(BANK.to_owned())))
}

on_both_databases!(
    /// 22,000 yen paid on 1 April: 29 days of April at 73 % and 31 days of May at 36.5 % are 1,958 yen, cut to 1,900.
    r96_interest_is_fixed_at_the_approval_and_paid_with_the_refund,
    async |db: TestDb| {
        let app = start(&db).await;
        let mut desk = Desk::open(&app, &db).await;
        let invoice = desk.paid("nanaco").await.invoice;
        days(&mut desk, 60).await;
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "second@example.jp").await;
        let paid = Paid::of(&desk, &invoice);
        let asked = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
        assert_eq!((&asked["interest"], &asked["interest_state"]), (&Value::Null, &Value::Null));
        let expected = shown(&desk, &asked).await;
        assert_eq!((&expected["outcome"], &expected["interest"]), (&json!("expected"), &json!(1_900)));
        post(&desk, &desk.business, &asked, "/payee", payee("クドウ タロウ")).await.expect(200);
        let own = paid.decide(&desk.accountant, &asked, "approve").await;
        assert_eq!(own.problem(), "403 own_refund", "four eyes as the refund");
        assert_eq!(booked(&paid).await, (0, 0, 0), "nothing is owed before it is decided");
        let approved = paid.decide(&desk.chief, &asked, "approve").await.expect(200);
        assert_eq!((&approved["interest"], &approved["interest_state"]), (&json!(1_900), &json!("due")));
        assert_eq!(booked(&paid).await, (1_900, 1_900, 0), "an expenditure, not less revenue");
        assert_eq!(paid.booked().await, (0, FEE, FEE));

        days(&mut desk, 5).await;
        let second = app.sign_in("second@example.jp", &second.id).await;
        let paid = Paid::of(&desk, &invoice);
        let fixed = shown(&desk, &asked).await;
        assert_eq!((&fixed["outcome"], &fixed["interest"]), (&json!("fixed"), &json!(1_900)), "later days bear none");
        let terms = &fixed["terms"];
        assert_eq!((&terms["counted_to"], &terms["sample"]), (&json!("2026-05-31"), &json!(true)));
        let part = &terms["parts"][0];
        assert_eq!((&part["cause"], &part["base"]), (&json!("assessment_error"), &json!(FEE)));
        let spans: Vec<_> =
            part["spans"].as_array().unwrap().iter().map(|it| (&it["from"], &it["days"])).collect();
        assert_eq!(spans, [(&json!("2026-04-02"), &json!(29)), (&json!("2026-05-01"), &json!(31))]);
        let file = export(&desk, FEE + 1_900).await;
        let confirmed = app.post(&second, &format!("{file}/confirm"), json!({})).await.expect(200);
        assert_eq!(confirmed["state"], "paid");
        let after = app.get(&desk.business, &path(&asked, "")).await.expect(200);
        assert_eq!((&after["state"], &after["interest_state"]), (&json!("paid_out"), &json!("paid")));
        assert_eq!(booked(&paid).await, (1_900, 0, FEE + 1_900));

        days(&mut desk, 1).await;
        let close = json!({ "day": "2026-06-05" });
        app.post(&desk.accountant, "/v1/tenants/020001/day-closes", close).await.expect(201);
        let csv = app.raw(reqwest::Method::GET, "/v1/tenants/020001/day-closes/2026-06-05/export?format=csv");
        let csv = csv.bearer_auth(&desk.accountant.token).send().await.unwrap().text().await.unwrap();
        let rows: Vec<_> = csv.lines().filter(|row| row.contains("interest_expense:02-01-05-22")).collect();
        assert!(rows.iter().any(|row| row.contains(",2026-05-31,2026,") && row.ends_with(",1900,0")), "{csv}");
        assert!(rows.iter().any(|row| row.contains(",2026-06-05,2026,") && row.ends_with(",0,1900")), "{csv}");
    }
);

on_both_databases!(
    /// Told on 2 April, so 2 May is the thirtieth day after it.
    r96_days_on_which_a_payee_who_was_told_does_not_ask_bear_nothing,
    async |db: TestDb| {
        let app = start(&db).await;
        let mut desk = Desk::open(&app, &db).await;
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push((desk.paid("nanaco").await.invoice, Value::Null));
        }
        days(&mut desk, 1).await;
        for (invoice, asked) in &mut all {
            *asked = Paid::of(&desk, invoice).ask(&desk.accountant, FEE, FEE).await.expect(201);
        }
        let [never, late, account, told_nothing] = [0, 1, 2, 3].map(|index: usize| all[index].1.clone());
        for asked in [&never, &late, &account] {
            let early = post(&desk, &desk.business, asked, "/claim", json!({})).await;
            assert_eq!(early.problem(), "409 refund_not_told");
            let refused = post(&desk, &desk.business, asked, "/notice", json!({})).await;
            assert_eq!(refused.problem(), "403 forbidden", "the office tells");
            let told = post(&desk, &desk.accountant, asked, "/notice", json!({})).await.expect(201);
            assert_eq!((&told["noticed_on"], &told["claimed_on"]), (&json!("2026-04-02"), &Value::Null));
            let twice = post(&desk, &desk.accountant, asked, "/notice", json!({})).await;
            assert_eq!(twice.problem(), "409 refund_already_told");
        }
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_overpaid')").await, 3);
        days(&mut desk, 30).await;
        post(&desk, &desk.business, &account, "/payee", payee("クドウ タロウ")).await.expect(200);
        let by_account = shown(&desk, &account).await;
        assert_eq!((&by_account["claimed_on"], &by_account["claim_entered_by"]), (&json!("2026-05-02"), &Value::Null));
        let again = post(&desk, &desk.business, &account, "/claim", json!({})).await;
        assert_eq!(again.problem(), "409 refund_already_claimed");
        days(&mut desk, 29).await;
        let on = |day: &str| json!({ "claimed_on": day });
        let own = post(&desk, &desk.business, &late, "/claim", on("2026-05-12")).await;
        assert_eq!(own.problem(), "422 validation_failed", "who asks in person asks today");
        for day in ["2026-04-01", "2026-06-01"] {
            let wrong = post(&desk, &desk.accountant, &late, "/claim", on(day)).await;
            assert_eq!(wrong.body["errors"][0]["pointer"], "/claimed_on", "{day}");
        }
        let entered = post(&desk, &desk.accountant, &late, "/claim", on("2026-05-12")).await.expect(201);
        assert!(entered["claim_entered_by"].is_string(), "{entered}");
        for (invoice, asked, interest) in [
            (&all[0].0, &never, 1_300),
            (&all[1].0, &late, 1_700),
            (&all[2].0, &account, 1_900),
            (&all[3].0, &told_nothing, 1_900),
        ] {
            let approved = Paid::of(&desk, invoice).decide(&desk.chief, asked, "approve").await.expect(200);
            assert_eq!(approved["interest"], interest);
        }
        let late = post(&desk, &desk.business, &never, "/claim", json!({})).await;
        assert_eq!(late.problem(), "409 wrong_state", "what is fixed is fixed");
    }
);

on_both_databases!(
    /// The card gets the refund, the bank pays the interest, once, whatever is repeated.
    r96_interest_of_a_refund_through_the_gateway_is_a_transfer_of_its_own,
    async |db: TestDb| {
        let app = start(&db).await;
        let mut desk = Desk::open(&app, &db).await;
        let invoice = desk.paid("card").await.invoice;
        days(&mut desk, 60).await;
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "second@example.jp").await;
        let paid = Paid::of(&desk, &invoice);
        let asked = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
        let approved = paid.decide(&desk.chief, &asked, "approve").await.expect(200);
        assert_eq!((&approved["state"], &approved["interest_state"]), (&json!("succeeded"), &json!("due")));
        assert_eq!((paid.truth().await, booked(&paid).await), (FEE, (1_900, 1_900, 0)));
        let desk_of = async || app.get(&desk.accountant, PAYOUTS).await.expect(200);
        let waits = desk_of().await;
        assert_eq!((waits["due"].as_array().unwrap().len(), &waits["interest_due"][0]["id"]), (0, &asked["id"]));
        let nothing = app.post(&desk.accountant, PAYOUTS, json!({ "transfer_on": "2026-06-10" })).await;
        assert_eq!(nothing.problem(), "409 nothing_due", "no account is known");

        // The bank returns the first one: it waits for another account.
        let mut files = Vec::new();
        for back in [json!([asked["id"]]), json!([])] {
            let given = post(&desk, &desk.business, &asked, "/payee", payee("クドウ タロウ")).await.expect(200);
            assert_eq!(given["payee_known"], true);
            let file = export(&desk, 1_900).await;
            let bytes = app.raw(reqwest::Method::GET, &format!("{file}/file")).bearer_auth(&desk.accountant.token);
            let read = zengin::parse(&bytes.send().await.unwrap().bytes().await.unwrap()).unwrap();
            assert_eq!(read.transfers.iter().map(|it| it.amount.amount()).collect::<Vec<_>>(), [1_900]);
            let sent = post(&desk, &desk.business, &asked, "/payee", payee("ミウラ")).await;
            assert_eq!(sent.problem(), "409 wrong_state", "the bank has it");
            let body = json!({ "returned": back });
            app.post(&second, &format!("{file}/confirm"), body).await.expect(200);
            files.push(file);
        }
        let after = app.get(&desk.business, &path(&asked, "")).await.expect(200);
        assert_eq!((&after["state"], &after["interest_state"]), (&json!("succeeded"), &json!("paid")));
        assert_eq!(booked(&paid).await, (1_900, 0, 1_900));
        let twice = app.post(&second, &format!("{}/confirm", files[1]), json!({})).await;
        assert_eq!(twice.problem(), "409 wrong_state");
        // What sixty days brought about is done first, then done again.
        app.drain().await;
        let before = paid.books().await.standing();
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!((paid.books().await.standing(), booked(&paid).await), (before, (1_900, 0, 1_900)));
        assert_eq!(desk_of().await["interest_due"], json!([]));
    }
);

on_both_databases!(r96_a_refund_that_fails_takes_its_interest_with_it, async |db: TestDb| {
    let app = start(&db).await;
    let mut desk = Desk::open(&app, &db).await;
    let invoice = desk.paid("card").await.invoice;
    days(&mut desk, 60).await;
    let paid = Paid::of(&desk, &invoice);
    let args = json!({ "delay_seconds": 40 });
    app.fault(json!({ "match": { "op": "refund" }, "fault": "F28", "args": args })).await;
    let pending = paid.refunded(FEE, FEE).await;
    assert_eq!((&pending["state"], &pending["interest_state"]), (&json!("pending"), &json!("due")));
    post(&desk, &desk.business, &pending, "/payee", payee("クドウ タロウ")).await.expect(200);
    let early = app.post(&desk.accountant, PAYOUTS, json!({ "transfer_on": "2026-06-10" })).await;
    assert_eq!(early.problem(), "409 nothing_due", "the money is not back yet");
    paid.heals_to("failed").await;
    assert_eq!(paid.rows().await[0].interest_state.as_deref(), Some("undone"));
    assert_eq!((paid.available().await, booked(&paid).await), (FEE, (0, 0, 0)), "all of it is booked back");
    let by_hand = json!({ "amount": FEE, "refund_amount_available": FEE, "route": "bank_transfer" });
    let asked = paid.ask_with(&desk.accountant, by_hand).await.expect(201);
    let approved = paid.decide(&desk.chief, &asked, "approve").await.expect(200);
    assert_eq!((&approved["interest"], &approved["interest_state"]), (&json!(1_900), &json!("due")));
    assert_eq!(booked(&paid).await, (1_900, 1_900, 0));
});
