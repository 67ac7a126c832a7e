//! Days are closed by two people, in order, once, and what was closed cannot be changed unnoticed.

use jiff::SignedDuration;
use jiff::civil::date;
use madoguchi::domain::day_close::CloseStatement;
use madoguchi::service::day_close_audit::{CloseFault, verify};
use serde_json::json;

use super::office::Office;
use crate::refunds::desk::FEE;
use crate::support::app::{Answer, Person, TestApp};
use crate::support::db::{TestDb, execute};

const CLOSES: &str = "/v1/tenants/020001/day-closes";

async fn close(app: &TestApp, who: &Person, day: &str) -> Answer {
    app.post(who, CLOSES, json!({ "day": day })).await
}

async fn confirm(app: &TestApp, who: &Person, day: &str) -> Answer {
    app.post(who, &format!("{CLOSES}/{day}/confirm"), json!({})).await
}

fn statement(answer: &serde_json::Value) -> CloseStatement {
    serde_json::from_str(answer["statement"].as_str().unwrap()).unwrap()
}

on_both_databases!(
    r118_a_day_is_closed_by_one_and_confirmed_by_another_in_order_and_once,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        office.desk.paid("card").await;
        assert_eq!(close(&app, &office.one, "2026-04-01").await.problem(), "409 day_not_over");
        app.advance(SignedDuration::from_hours(24 * 2)).await;
        let (one, two) = (app.sign_in("one@example.jp", "").await, app.sign_in("two@example.jp", "").await);

        let first = close(&app, &one, "2026-04-01").await.expect(201);
        let says = statement(&first);
        assert_eq!((says.close_no, says.entry_count, says.recorded_from), (1, 2, None));
        let sums: Vec<_> = says
            .rows
            .iter()
            .map(|row| {
                (
                    row.key.gateway.as_str(),
                    row.key.method.as_str(),
                    row.amounts.assessed,
                    row.amounts.entrusted,
                )
            })
            .collect();
        assert_eq!(sums, [("", "", FEE, 0), ("komoju", "card", 0, FEE)]);
        assert!(
            says.rows.iter().all(|row| row.key.account == says.rows[0].key.account),
            "R-73: of one revenue account"
        );
        assert_eq!(close(&app, &two, "2026-04-01").await.problem(), "409 day_closed");
        assert_eq!(close(&app, &two, "2026-04-02").await.problem(), "409 earlier_day_open");
        assert_eq!(confirm(&app, &one, "2026-04-01").await.problem(), "403 own_close");
        assert_eq!(confirm(&app, &two, "2026-04-02").await.problem(), "404 not_found");
        let confirmed = confirm(&app, &two, "2026-04-01").await.expect(200);
        assert_eq!((&confirmed["state"], &confirmed["hash"]), (&json!("confirmed"), &first["hash"]));
        assert_eq!(confirm(&app, &two, "2026-04-01").await.problem(), "409 close_confirmed");
        let second = close(&app, &two, "2026-04-02").await.expect(201);
        assert_eq!(statement(&second).prev_hash, first["hash"].as_str().unwrap());
        assert_eq!(statement(&second).rows, []);
        assert_eq!(close(&app, &two, "2026-04-03").await.problem(), "409 earlier_day_open");

        let csv = app.raw(reqwest::Method::GET, &format!("{CLOSES}/2026-04-01/export?format=csv"));
        let csv = csv.bearer_auth(&one.token).send().await.unwrap().text().await.unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[2].starts_with("020001,2026-04-01,2026-04-01,2026,")
                && lines[2].contains(",card,komoju,0,0,0,0,22000,0,")
        );
        let listed = app.get(&one, CLOSES).await.expect(200);
        let days: Vec<_> =
            listed["items"].as_array().unwrap().iter().map(|close| close["day"].clone()).collect();
        assert_eq!(days, ["2026-04-02", "2026-04-01"]);
        assert_eq!(
            app.get(&one, &format!("{CLOSES}/2026-04-01/export?format=xls")).await.problem(),
            "400 malformed_request"
        );
    }
);

on_both_databases!(what_becomes_known_after_a_close_stands_in_a_later_one_as_such, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let submitted = app.submitted(&office.desk.business, "020001", "denki-koji-toroku").await;
    app.advance(SignedDuration::from_hours(24)).await;
    let one = app.sign_in("one@example.jp", "").await;
    close(&app, &one, "2026-04-01").await.expect(201);
    let two = app.sign_in("two@example.jp", "").await;
    confirm(&app, &two, "2026-04-01").await.expect(200);
    // Entered on the second day, received on the first.
    let path = format!(
        "/v1/tenants/020001/invoices/{}/counter-payments",
        submitted["invoice"]["id"].as_str().unwrap()
    );
    let entry = json!({ "means": "cash", "amount": FEE, "received_on": "2026-04-01" });
    app.post(&one, &path, entry).await.expect(201);
    app.advance(SignedDuration::from_hours(24)).await;
    let one = app.sign_in("one@example.jp", "").await;
    let second = close(&app, &one, "2026-04-02").await.expect(201);
    let says = statement(&second);
    let late: Vec<_> = says.of_other_days().collect();
    assert_eq!(late.len(), 1);
    assert_eq!((late[0].key.booked_on, late[0].amounts.received), (date(2026, 4, 1), FEE));
    assert_eq!(verify(&app.core, &Office::tenant()).await.unwrap().broken, []);
});

on_both_databases!(a_closed_day_that_was_changed_is_found_out, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    office.desk.paid("card").await;
    app.advance(SignedDuration::from_hours(24)).await;
    let (one, two) = (app.sign_in("one@example.jp", "").await, app.sign_in("two@example.jp", "").await);
    close(&app, &one, "2026-04-01").await.expect(201);
    confirm(&app, &two, "2026-04-01").await.expect(200);
    let found = async || verify(&app.core, &Office::tenant()).await.unwrap();
    assert_eq!((found().await.closes, found().await.broken), (1, vec![]));
    let change = |statement: &'static str| {
        let url = db.settings.url.clone();
        std::thread::spawn(move || execute(&url, statement)).join()
    };
    for refused in ["UPDATE day_closes SET close_no = 2", "DELETE FROM day_close_confirmations"] {
        assert!(change(refused).is_err(), "{refused}");
    }
    // Somebody who is master of the database takes the triggers away.
    let disarm = match db.kind {
        crate::support::db::Kind::Sqlite => {
            "DROP TRIGGER day_closes_no_update; DROP TRIGGER ledger_entries_no_update;"
        }
        crate::support::db::Kind::Postgres => {
            "DROP TRIGGER day_closes_append_only ON day_closes; DROP TRIGGER ledger_entries_append_only ON ledger_entries;"
        }
    };
    change(disarm).unwrap();
    change("UPDATE ledger_entries SET booked_on = '2026-03-31' WHERE kind = 'entrust'").unwrap();
    let day = date(2026, 4, 1);
    assert_eq!(found().await.broken, [(day, CloseFault::EntriesDiffer)]);
    change("UPDATE ledger_entries SET booked_on = '2026-04-01' WHERE kind = 'entrust'").unwrap();
    assert_eq!(found().await.broken, []);
    change(
        "UPDATE day_closes SET statement = REPLACE(statement, '\"entrusted\":22000', '\"entrusted\":21000')",
    )
    .unwrap();
    let faults: Vec<_> = found().await.broken.into_iter().map(|(_, fault)| fault).collect();
    assert_eq!(faults, [CloseFault::Rewritten, CloseFault::NotSigned, CloseFault::TotalsDiffer]);
});
