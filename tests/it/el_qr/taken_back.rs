//! What the organisation takes back of the payments that it reported (収納取消, R-82, R-87): people are told, and two of them end it.

use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use super::desk::{Counter, taken_in};
use super::restated::ends;
use super::{Line, booked, files, files_with, handed_in, referred, results, told};
use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::waivers::office::{FEE, Owing};

async fn second(app: &TestApp) -> Person {
    app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "suito@example.jp").await
}

async fn number(counter: &Counter<'_>, owing: &Owing) -> String {
    counter.number(owing).await["payment_number"].as_str().unwrap().to_owned()
}

/// A file that takes these payments back.
fn taken_back(lines: &[Line<'_>]) -> Vec<u8> {
    let lines: Vec<(&str, Line<'_>)> = lines.iter().map(|line| ("9", *line)).collect();
    told(&lines)
}

async fn exceptions(counter: &Counter<'_>) -> Vec<Value> {
    let listed = counter.get(&format!("/v1/tenants/{AOMORI}/reconciliation/exceptions?state=open")).await;
    listed["items"].as_array().unwrap().clone()
}

/// What the ledger holds of an account.
async fn holds(counter: &Counter<'_>, owing: &Owing, account: Account) -> i64 {
    balances(&counter.office.books(owing).await.entries).get(&account).copied().unwrap_or(0)
}

fn cash() -> Account {
    Account::Cash("el_qr".to_owned())
}

on_both_databases!(
    r87_what_the_organisation_takes_back_is_owed_again_once_two_people_agree_and_its_receipt_holds_no_more,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files_with(&[("proof: elsewhere", "proof: body")]), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        let paid = number(&counter, &owing).await;
        assert_eq!(counter.imported(&results(&[("K1", &paid, FEE, "20260401")])).await, booked());
        app.get(&counter.office.business, &owing.path("/receipt")).await.expect(200);
        let file = taken_back(&[("K1", &paid, FEE, "20260401")]);
        let made = counter.post(&taken_in(""), handed_in(&file)).await.expect(201);
        assert_eq!((&made["count"], &made["new_count"]), (&json!(1), &json!(1)));
        app.drain().await;
        let shown = counter.get(&taken_in(&format!("/{}", made["id"].as_str().unwrap()))).await;
        assert_eq!((&shown["items"], &shown["cancellations"][0]["payment_key"]), (&json!([]), &json!("K1")));
        assert_eq!(counter.office.stands(&owing).await.0, "paid", "people decide");

        // The same bytes, and the same cancellation in another file, are nothing new.
        counter.post(&taken_in(""), handed_in(&file)).await.expect(201);
        let other =
            taken_back(&[("K1", &paid, FEE, "20260401"), ("K9", "02000100000000000000", 5, "20260401")]);
        let again = counter.post(&taken_in(""), handed_in(&other)).await.expect(201);
        assert_eq!(again["new_count"], 1, "{again}");
        app.drain().await;
        let open = exceptions(&counter).await;
        assert_eq!(open.len(), 2, "one for each payment: {open:?}");
        let of = |key: &str| open.iter().find(|item| item["facts"]["payment_key"] == key).unwrap();
        assert_eq!(of("K1")["facts"]["ours"]["state"], "booked");
        assert_eq!(of("K9")["facts"]["ours"], Value::Null, "nobody reported that payment");
        let known = of("K1")["resolutions"].as_array().unwrap();
        assert!(known.contains(&json!("owed_again")) && !known.contains(&json!("book_line")), "{known:?}");

        let second = second(&app).await;
        let strange = counter.ends_one(&second, of("K9"), "owed_again").await;
        assert_eq!(strange.problem(), "409 exception_without_payment");
        counter.ends_one(&second, of("K1"), "owed_again").await.expect(200);
        let books = counter.office.books(&owing).await;
        assert_eq!((books.invoice.state.as_str(), books.invoice.paid_on.is_none()), ("unpaid", true));
        assert_eq!(books.states(), ["canceled"]);
        assert_eq!((books.payments[0].captured.amount(), books.payments[0].captured_on.is_none()), (0, true));
        assert_eq!(holds(&counter, &owing, Account::Receivable).await, FEE);
        assert_eq!(holds(&counter, &owing, cash()).await, 0);
        assert!(books.receipts.iter().all(|receipt| receipt.revocation.is_some()), "the receipt ended");
        assert_eq!(books.receipts.len(), 1);
        let before = books.standing();
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(counter.office.books(&owing).await.standing(), before);

        // The debt is paid under another number.
        app.advance(jiff::SignedDuration::from_secs(1)).await;
        let next = number(&counter, &owing).await;
        assert_ne!(next, paid);
        assert_eq!(counter.imported(&results(&[("K2", &next, FEE, "20260401")])).await, booked());
        assert_eq!(counter.office.stands(&owing).await.0, "paid");
        assert_eq!(holds(&counter, &owing, cash()).await, FEE);
    }
);

on_both_databases!(
    r82_a_payment_that_was_taken_back_before_it_was_reported_is_left_to_people,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let (first, second_owing) = (counter.office.owing().await, counter.office.owing().await);
        let (one, two) = (number(&counter, &first).await, number(&counter, &second_owing).await);
        counter.imported(&taken_back(&[("A1", &one, FEE, "20260401")])).await;
        assert_eq!(
            counter.imported(&results(&[("A1", &one, FEE, "20260401")])).await,
            referred("taken_back")
        );
        let both = told(&[("9", ("A2", &two, FEE, "20260401")), ("1", ("A2", &two, FEE, "20260401"))]);
        assert_eq!(counter.imported(&both).await, referred("taken_back"), "in one file");
        for owing in [&first, &second_owing] {
            assert_eq!(counter.office.stands(owing).await, ("unpaid".to_owned(), FEE));
            assert!(counter.office.books(owing).await.payments.is_empty(), "nothing was booked");
        }
        // Of each the cancellation and the payment; neither is booked by itself.
        let open = exceptions(&counter).await;
        let subjects = |kind: &str| {
            open.iter().filter(|item| item["subject"].as_str().unwrap().starts_with(kind)).count()
        };
        assert_eq!((subjects("el_qr_cancellation:"), subjects("el_qr_line:"), open.len()), (2, 2, 4));
        let second = second(&app).await;
        let cancellation = open.iter().find(|item| item["facts"]["ours"].is_null()).unwrap();
        let refused = counter.ends_one(&second, cancellation, "owed_again").await;
        assert_eq!(refused.problem(), "409 exception_without_payment", "there is nothing to take back");
    }
);

on_both_databases!(
    r84_taking_back_what_was_too_much_leaves_the_debt_paid_and_what_a_payout_has_stays,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        let slip = number(&counter, &owing).await;
        let (upload, _) = counter.uploaded().await;
        counter.told(&upload).await;
        // What the clock has to do this hour is done, so that the slip is not withdrawn in between.
        app.drain().await;
        counter.office.pays(&owing).await;
        assert_eq!(counter.imported(&results(&[("B1", &slip, FEE, "20260401")])).await, booked());
        assert_eq!(counter.office.stands(&owing).await.0, "overpaid");
        let second = second(&app).await;
        counter.imported(&taken_back(&[("B1", &slip, FEE, "20260401")])).await;
        ends(&counter, &second, "status_mismatch", "owed_again").await.expect(200);
        assert_eq!(counter.office.stands(&owing).await.0, "entrusted", "the card's money is here");
        assert_eq!(holds(&counter, &owing, Account::Overpayment).await, 0);
        assert_eq!(counter.office.proposals().await, [], "nothing is too much");

        // Another amount than the payment's takes nothing back.
        let other = counter.office.owing().await;
        let slip = number(&counter, &other).await;
        counter.imported(&results(&[("B2", &slip, FEE, "20260401")])).await;
        counter.imported(&taken_back(&[("B2", &slip, FEE - 1, "20260401")])).await;
        let refused = ends(&counter, &second, "status_mismatch", "owed_again").await;
        assert_eq!(refused.problem(), "409 not_taken_back_so");
        assert_eq!(counter.office.stands(&other).await.0, "paid");
    }
);

on_both_databases!(
    /// another sum than the fee settles nothing; taken back it is out of the books, and the fee is open as before.
    r84_a_sum_that_settled_nothing_may_be_taken_back_while_the_debt_is_open,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        let slip = number(&counter, &owing).await;
        let second = second(&app).await;
        let part = ("P1", slip.as_str(), FEE - 400, "20260401");
        assert_eq!(counter.imported(&results(&[part])).await, referred("amount_differs"));
        ends(&counter, &second, "amount_mismatch", "book_line").await.expect(200);
        app.drain().await;
        assert_eq!(counter.office.stands(&owing).await.0, "pending");
        counter.imported(&taken_back(&[part])).await;
        ends(&counter, &second, "status_mismatch", "owed_again").await.expect(200);
        assert_eq!(counter.office.stands(&owing).await, ("unpaid".to_owned(), FEE));
        assert_eq!(holds(&counter, &owing, Account::Overpayment).await, 0);
        assert_eq!(holds(&counter, &owing, cash()).await, 0);
        assert_eq!(counter.office.proposals().await, []);
    }
);
