//! What the organisation reports once more, too late, or of no slip that is open: every yen of it reaches the books (R-84, T-3).

use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use super::desk::{Counter, taken_in, uploads};
use super::{asks, booked, files, handed_in, nobodys_payment, referred, results};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::{TestDb, execute};
use crate::support::repeat::everything_again;
use crate::waivers::office::FEE;

/// Two of the treasury look at the only exception of a kind, and agree to end it so.
pub async fn ends(counter: &Counter<'_>, second: &Person, kind: &str, resolution: &str) -> Answer {
    let exceptions = format!("/v1/tenants/{AOMORI}/reconciliation/exceptions");
    let listed = counter.get(&format!("{exceptions}?kind={kind}&state=open")).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    counter.ends_one(second, &listed["items"][0], resolution).await
}

fn execute_on(db: &TestDb, statement: String) {
    let url = db.settings.url.clone();
    std::thread::spawn(move || execute(&url, &statement)).join().unwrap();
}

on_both_databases!(
    r84_money_of_a_slip_that_was_withdrawn_reaches_the_books_once_two_people_agree_and_is_proposed_to_go_back,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let mut counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        let number = counter.number(&owing).await;
        let (upload, _) = counter.uploaded().await;
        counter.told(&upload).await;
        app.drain().await;
        counter.office.pays(&owing).await;
        let (withdrawal, asked) = counter.uploaded().await;
        assert_eq!(asked, [asks("withdraw", Some("paid_otherwise"))]);
        counter.told(&withdrawal).await;
        assert_eq!(counter.pays(&number, "channel=02&read_before=1").await, 200);
        assert_eq!(counter.imported(&counter.report().await).await, referred("withdrawn"));
        counter.office.sign_in_again().await;
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "suito@example.jp").await;
        ends(&counter, &second, "status_mismatch", "book_line").await.expect(200);
        app.drain().await;
        assert_eq!(counter.office.stands(&owing).await.0, "overpaid");
        let proposed = counter.office.proposals().await;
        assert_eq!(proposed, [(owing.invoice.clone(), FEE, "overpaid".to_owned())]);
        let held = balances(&counter.office.books(&owing).await.entries);
        assert_eq!(held.get(&Account::Cash("el_qr".to_owned())).copied(), Some(FEE));
        assert_eq!(db.count("(SELECT COUNT(*) FROM el_qr_lines WHERE state = 'booked')").await, 1);
        let before = counter.office.books(&owing).await.standing();
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(counter.office.books(&owing).await.standing(), before);
    }
);

on_both_databases!(
    r84_another_amount_than_the_slips_is_booked_as_it_came_and_a_number_of_nobody_is_not,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        let number = counter.number(&owing).await["payment_number"].as_str().unwrap().to_owned();
        let much = results(&[("S1", &number, FEE + 500, "20260401")]);
        assert_eq!(counter.imported(&much).await, referred("amount_differs"));
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "suito@example.jp").await;
        ends(&counter, &second, "amount_mismatch", "book_line").await.expect(200);
        app.drain().await;
        assert_eq!(counter.office.stands(&owing).await.0, "overpaid");
        assert_eq!(counter.office.proposals().await, [(owing.invoice.clone(), 500, "overpaid".to_owned())]);

        assert_eq!(counter.imported(&nobodys_payment()).await, referred("unknown_number"));
        let refused = ends(&counter, &second, "missing_at_us", "book_line").await;
        assert_eq!(refused.problem(), "409 exception_without_slip");
    }
);

on_both_databases!(
    /// One that fails holds up no other one, and handing the file in again takes it up again.
    r82_a_line_that_fails_does_not_stop_the_file_and_is_booked_when_the_file_comes_again,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let (first, second) = (counter.office.owing().await, counter.office.owing().await);
        let number = async |owing| counter.number(owing).await["payment_number"].as_str().unwrap().to_owned();
        let (one, two) = (number(&first).await, number(&second).await);
        let change = |from: &str, to: &str| {
            let statement = format!("UPDATE el_qr_slips SET application_id = '{to}' WHERE application_id = '{from}'");
            execute_on(&db, statement);
        };
        let case = first.case.rsplit('/').next().unwrap();
        let nobodys = "01890000-0000-7000-8000-000000000000";
        change(case, nobodys);
        let file = results(&[("A1", &one, FEE, "20260401"), ("A2", &two, FEE, "20260401")]);
        let states: Vec<String> = counter.imported(&file).await.into_iter().map(|(state, _)| state).collect();
        assert_eq!(states, ["waiting", "booked"]);
        assert_eq!(counter.office.stands(&second).await.0, "paid");
        change(nobodys, case);
        execute_on(&db, "UPDATE jobs SET state = 'failed' WHERE kind = 'book_el_qr'".to_owned());
        assert_eq!(counter.imported(&file).await, [booked(), booked()].concat());
        assert_eq!(counter.office.stands(&first).await.0, "paid");
    }
);

on_both_databases!(
    /// What contradicts an earlier file is told to people; the rest of the file is taken.
    r82_a_payment_that_is_told_otherwise_later_is_a_matter_for_people_and_holds_up_nothing,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let (first, second) = (counter.office.owing().await, counter.office.owing().await);
        let number = async |owing| counter.number(owing).await["payment_number"].as_str().unwrap().to_owned();
        let (one, two) = (number(&first).await, number(&second).await);
        assert_eq!(counter.imported(&results(&[("A1", &one, FEE, "20260401")])).await, booked());
        let file = results(&[("A1", &one, FEE - 1, "20260401"), ("A2", &two, FEE, "20260401")]);
        assert_eq!(counter.imported(&file).await, booked(), "the other one");
        assert_eq!((counter.office.stands(&first).await.0, counter.office.stands(&second).await.0), ("paid".into(), "paid".into()));
        assert_eq!(counter.exceptions().await, ["status_mismatch"]);
        let listed = counter.get(&format!("/v1/tenants/{AOMORI}/reconciliation/exceptions")).await;
        let facts = &listed["items"][0]["facts"];
        assert_eq!((&facts["ours"]["amount"], &facts["theirs"]["amount"]), (&json!(FEE), &json!(FEE - 1)));
        let known = listed["items"][0]["resolutions"].as_array().unwrap();
        assert!(!known.contains(&json!("book_line")), "it is booked: {known:?}");
    }
);

on_both_databases!(
    /// A slip of which a value does not fit is set aside; the others are told.
    r82_a_slip_that_does_not_fit_into_the_file_holds_up_no_other_one,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let (first, second) = (counter.office.owing().await, counter.office.owing().await);
        let (one, _) = (counter.number(&first).await, counter.number(&second).await);
        // A comma parts the columns of this file; nothing but a test writes one.
        let on = if db.is_sqlite() { "" } else { " ON el_qr_slips" };
        execute_on(&db, format!("DROP TRIGGER el_qr_slips_never_change{on}"));
        let number = one["payment_number"].as_str().unwrap();
        execute_on(&db, format!("UPDATE el_qr_slips SET payment_category = '0,1' WHERE payment_number = '{number}'"));
        let (_, asked) = counter.uploaded().await;
        assert_eq!(asked, [asks("add", None)]);
        assert_eq!(counter.exceptions().await, ["status_mismatch"]);
        let states = "(SELECT COUNT(*) FROM el_qr_slips WHERE state = 'refused')";
        assert_eq!(db.count(states).await, 1);
        let nothing: Value = counter.post(&uploads(""), json!({})).await.body;
        assert_eq!(nothing["errors"][0]["code"], "nothing_to_upload");
    }
);

on_both_databases!(r82_a_file_of_another_body_is_refused, async |db: TestDb| {
    let app = TestApp::start_over(&db, files(), |_| {}).await;
    let counter = Counter::open(&app, &db).await;
    let text = String::from_utf8(nobodys_payment()).unwrap();
    let theirs = text.replacen("1020001", "1022012", 1).into_bytes();
    let refused = counter.post(&taken_in(""), handed_in(&theirs)).await;
    assert_eq!(refused.problem(), "422 validation_failed");
    assert_eq!(refused.body["errors"][0]["code"], "other_body", "{}", refused.body);
    assert_eq!(db.count("(SELECT COUNT(*) FROM el_qr_files)").await, 0);
});
