//! Books, payouts and the bank: what agrees is booked, what does not is raised once and resolved by two, and days are closed.

mod arrivals;
mod closes;
mod lapsed;
pub mod office;

use jiff::civil::date;
use madoguchi::domain::id::PaymentId;
use madoguchi::service::reconciliation::{run, run_all};
use serde_json::{Value, json};

use self::office::{Office, STATEMENTS, credit, csv, table};
use crate::policy_coverage::world::DEPARTMENT;
use crate::refunds::desk::FEE;
use crate::support::app::{AOMORI, TestApp, new_key};
use crate::support::db::{TestDb, execute};
use madoguchi::domain::policy::Role;

/// Where what does not agree is listed.
const EXCEPTIONS: &str = "/v1/tenants/020001/reconciliation/exceptions";

on_both_databases!(
    a_bank_file_is_taken_in_once_and_a_broken_one_is_explained_line_by_line,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let file = table(&[("2026-03-31", 21_560, "ｺﾓｼﾞﾕ"), ("2026-03-31", 500, "ｸﾄﾞｳ ﾀﾛｳ")]);
        assert_eq!(app.post(&clerk, STATEMENTS, csv(&file)).await.problem(), "404 not_found");
        let key = new_key();
        let send = async || {
            let headers = [("idempotency-key", key.as_str())];
            app.call(reqwest::Method::POST, STATEMENTS, Some(&office.one), &headers, Some(csv(&file))).await
        };
        let first = send().await.expect(201);
        assert_eq!((&first["credits"], &first["new_credits"]), (&json!(2), &json!(2)));
        let again = send().await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.expect(201), first);
        let other_key = app.post(&office.two, STATEMENTS, csv(&file)).await.expect(201);
        assert_eq!(other_key["id"], first["id"], "the same bytes are one statement");
        let longer = table(&[
            ("2026-03-31", 21_560, "ｺﾓｼﾞﾕ"),
            ("2026-03-31", 500, "ｸﾄﾞｳ ﾀﾛｳ"),
            ("2026-03-31", 500, "ｸﾄﾞｳ ﾀﾛｳ"),
        ]);
        let longer = app.post(&office.one, STATEMENTS, csv(&longer)).await.expect(201);
        assert_eq!((&longer["credits"], &longer["new_credits"]), (&json!(3), &json!(1)));

        let broken = table(&[("2026-03-32", 1, "a"), ("2026-03-31", -1, "b"), ("2026-03-31", 1, "c")]);
        let refused = app.post(&office.one, STATEMENTS, csv(&broken)).await;
        assert_eq!(refused.problem(), "422 validation_failed");
        let codes: Vec<_> = refused.body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| (error["code"].as_str().unwrap(), error["message"].as_str().unwrap()))
            .collect();
        assert_eq!(
            codes,
            [
                ("day", "line 2 has a day that cannot be read."),
                ("amount", "line 3 has an amount that cannot be read.")
            ]
        );
        let no_base64 = json!({ "format": "csv", "content_base64": "*" });
        assert_eq!(app.post(&office.one, STATEMENTS, no_base64).await.problem(), "400 malformed_request");

        let listed = app.get(&office.one, STATEMENTS).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        let looks = "(SELECT COUNT(*) FROM access_log WHERE operation = 'bank_statement')";
        assert_eq!(db.count(looks).await, 0);
        let path = format!("{STATEMENTS}/{}", first["id"].as_str().unwrap());
        let shown = app.get(&office.one, &path).await.expect(200);
        assert_eq!(shown["items"][1]["remitter"], "ｸﾄﾞｳ ﾀﾛｳ");
        assert_eq!(db.count(looks).await, 1);
        let in_clear = "(SELECT COUNT(*) FROM bank_credits WHERE credit_key LIKE '%ｸ%')";
        assert_eq!(db.count(in_clear).await, 0);
        for rewriting in ["UPDATE bank_credits SET amount = 1", "DELETE FROM bank_statements"] {
            let url = db.settings.url.clone();
            assert!(std::thread::spawn(move || execute(&url, rewriting)).join().is_err(), "{rewriting}");
        }
    }
);

on_both_databases!(
    a_payout_that_is_exactly_a_credit_has_arrived_and_everything_twice_changes_nothing,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        let payout = office.payout("b1", &[&paid], 440).await;
        let other = office.payout("b2", &[], 0).await;
        let report = run(&app.core, &Office::tenant(), office.today()).await.unwrap();
        assert_eq!((report.payments, report.lines, report.matched_lines), (1, 1, 1));
        assert_eq!((report.findings.len(), report.arrivals), (0, 0), "{report:?}");

        let file = table(&[("2026-04-01", FEE - 440, "ｺﾓｼﾞﾕ")]);
        let statement = app.post(&office.one, STATEMENTS, csv(&file)).await.expect(201);
        app.drain().await;
        let matched = credit(&app, &office.one, &statement).await;
        assert_eq!(matched["settlement_id"], payout.to_string());
        let row = office.settlement(payout).await;
        assert!(["arrived", "settled"].contains(&row.state.as_str()), "{}", row.state);
        assert_eq!(row.arrived_amount.unwrap().amount(), FEE - 440);
        assert_eq!(office.settlement(other).await.state, "imported");
        for _ in 0..2 {
            let again = run(&app.core, &Office::tenant(), office.today()).await.unwrap();
            assert_eq!((again.arrivals, again.raised), (0, 0), "{again:?}");
        }
        assert_eq!(office.settlement(payout).await.version, row.version);
    }
);

on_both_databases!(
    /// A report is no money: what a payout names and has not come by the designated day is overdue, until it is here.
    r77_a_payout_that_was_reported_and_has_not_come_by_the_designated_day_is_overdue,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        let payout = office.payout("b1", &[&paid], 440).await;
        let overdue = async |day| {
            let report = run(&app.core, &Office::tenant(), day).await.unwrap();
            report.findings.get("overdue_settlement").copied()
        };
        assert_eq!(overdue(office.today()).await, None);
        assert_eq!(overdue(date(2026, 5, 26)).await, Some(1));
        let listed = app.get(&office.one, &format!("{EXCEPTIONS}?kind=overdue_settlement")).await.expect(200);
        assert_eq!(listed["items"][0]["subject"], format!("settlement:{payout}"));
        assert_eq!(listed["items"][0]["facts"]["ours"], FEE);
        let file = table(&[("2026-04-01", FEE - 440, "ｺﾓｼﾞﾕ")]);
        app.post(&office.one, STATEMENTS, csv(&file)).await.expect(201);
        assert_eq!(overdue(date(2026, 5, 27)).await, None, "its credit is found by this very run");
        assert_eq!(overdue(date(2026, 5, 28)).await, None);
    }
);

on_both_databases!(what_does_not_agree_is_raised_once_with_its_facts, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let paid = office.desk.paid("card").await;
    let unknown = office.payout_of_stranger("b1", 5_000).await;
    office.payout_short("b2", &paid, 1).await;
    let first = run(&app.core, &Office::tenant(), office.today()).await.unwrap();
    let kinds: Vec<_> = first.findings.iter().map(|(kind, count)| (*kind, *count)).collect();
    assert_eq!(kinds, [("amount_mismatch", 1), ("missing_at_us", 1)]);
    assert_eq!(first.raised, 2);
    let second = run(&app.core, &Office::tenant(), office.today()).await.unwrap();
    assert_eq!((second.findings, second.raised), (first.findings, 0));
    let listed = app.get(&office.one, &format!("{EXCEPTIONS}?kind=missing_at_us")).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["subject"], format!("line:{unknown}"));
    assert_eq!(listed["items"][0]["facts"]["gross"], 5_000);
    app.advance(jiff::SignedDuration::from_hours(72)).await;
    let one = app.sign_in("one@example.jp", "").await;
    let aged = app.get(&one, &format!("{EXCEPTIONS}?state=open")).await.expect(200);
    assert!(aged["items"].as_array().unwrap().iter().all(|item| item["age_days"] == 3));
    for wrong in ["state=lost", "kind=nothing"] {
        assert_eq!(app.get(&one, &format!("{EXCEPTIONS}?{wrong}")).await.problem(), "400 malformed_request");
    }
});

on_both_databases!(r118_an_exception_ends_by_one_who_proposes_and_another_who_agrees, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    office.payout_of_stranger("b1", 5_000).await;
    run(&app.core, &Office::tenant(), office.today()).await.unwrap();
    let item = app.get(&office.one, EXCEPTIONS).await.expect(200)["items"][0].clone();
    let path = format!("{EXCEPTIONS}/{}", item["id"].as_str().unwrap());
    let step = async |who, step: &str, body: Value| app.post(who, &format!("{path}/{step}"), body).await;
    let proposal = json!({ "resolution": "explained", "comment": "別の団体の入金だった" });

    let claimed = step(&office.one, "claim", json!({})).await.expect(200);
    assert_eq!(claimed["exception"]["owner"], office.one.id.as_str());
    let mine = app.get(&office.two, &format!("{EXCEPTIONS}?owner={}", office.one.id)).await.expect(200);
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    assert_eq!(step(&office.two, "approve", json!({})).await.problem(), "409 wrong_state");
    let wrong = json!({ "resolution": "accept_late", "comment": " " });
    let refused = step(&office.one, "resolution", wrong).await;
    let pointers: Vec<_> =
        refused.body["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/comment", "/resolution"], "{}", refused.body);
    step(&office.one, "resolution", proposal.clone()).await.expect(200);
    assert_eq!(step(&office.two, "resolution", proposal.clone()).await.problem(), "409 wrong_state");
    assert_eq!(step(&office.one, "approve", json!({})).await.problem(), "403 own_resolution");
    let sent_back =
        step(&office.two, "return", json!({ "comment": "証拠を付けてください" })).await.expect(200);
    assert_eq!(sent_back["exception"]["state"], "open");
    step(&office.one, "resolution", proposal).await.expect(200);
    let url = db.settings.url.clone();
    let alone =
        "UPDATE reconciliation_exceptions SET state = 'resolved', resolved_by = proposed_by, resolved_at = 1";
    assert!(
        std::thread::spawn(move || execute(&url, alone)).join().is_err(),
        "the database refuses one person"
    );
    let ended = step(&office.two, "approve", json!({})).await.expect(200);
    assert_eq!(ended["exception"]["state"], "resolved");
    let kinds: Vec<_> =
        ended["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["claimed", "proposed", "returned", "proposed", "approved"]);
    let again = run(&app.core, &Office::tenant(), office.today()).await.unwrap();
    assert_eq!(again.raised, 0, "what was resolved is not raised again");
});

/// The payments that exceptions of a kind are about, of which there is one at most.
async fn about(app: &TestApp, office: &Office<'_>, kind: &str) -> Option<String> {
    let one = app.sign_in("one@example.jp", &office.one.id).await;
    let listed = app.get(&one, &format!("{EXCEPTIONS}?kind={kind}")).await.expect(200);
    assert!(listed["items"].as_array().unwrap().len() <= 1, "{listed}");
    listed["items"][0]["subject"].as_str().map(str::to_owned)
}

fn subject(payment: PaymentId) -> String {
    format!("payment:{payment}")
}

on_both_databases!(
    r77_money_that_is_in_no_payout_on_the_designated_day_is_overdue_on_the_next,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let (waits, back) = (office.desk.paid("card").await, office.desk.paid("card").await);
        let sent = office.desk.paid("card").await;
        back.refunded(FEE, FEE).await;
        app.drain().await;
        assert_eq!(back.books().await.payment().refunded.amount(), FEE);
        office.payout("b1", &[&sent], 0).await;
        let here = table(&[("2026-04-01", FEE, "ｺﾓｼﾞﾕ")]);
        app.post(&office.one, STATEMENTS, csv(&here)).await.expect(201);
        let payment = waits.books().await.payment().id;
        // 2026-05-25 is the designated day for what was entrusted on 2026-04-01.
        let on_time = run(&app.core, &Office::tenant(), date(2026, 5, 25)).await.unwrap();
        assert_eq!(on_time.findings.get("overdue_settlement"), None, "{on_time:?}");
        app.advance(jiff::SignedDuration::from_hours(24 * 56)).await;
        assert_eq!(about(&app, &office, "overdue_settlement").await, None);
        for _ in 0..2 {
            run_all(&app.core).await.unwrap();
            assert_eq!(about(&app, &office, "overdue_settlement").await, Some(subject(payment)));
        }
        let late = run(&app.core, &Office::tenant(), date(2026, 5, 26)).await.unwrap();
        assert_eq!((late.findings.get("overdue_settlement"), late.raised), (Some(&1), 0), "{late:?}");
    }
);

on_both_databases!(
    a_payment_that_is_not_in_the_payout_of_its_day_is_missing_at_the_gateway,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let (missing, sent) = (office.desk.paid("card").await, office.desk.paid("card").await);
        office.payout("b1", &[&sent], 440).await;
        let payment = missing.books().await.payment().id;
        let tenant = Office::tenant();
        let first = run(&app.core, &tenant, office.today()).await.unwrap();
        assert_eq!(first.findings.len(), 0, "around midnight it may be in the next payout: {first:?}");
        app.advance(jiff::SignedDuration::from_hours(24)).await;
        office.payout("b2", &[], 0).await;
        let second = run(&app.core, &tenant, office.today()).await.unwrap();
        assert_eq!((second.findings.get("missing_at_gateway"), second.raised), (Some(&1), 1), "{second:?}");
        assert_eq!(about(&app, &office, "missing_at_gateway").await, Some(subject(payment)));
    }
);
