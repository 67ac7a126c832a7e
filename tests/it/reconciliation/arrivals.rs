//! The day on which an agent's money came: a word that nobody confirmed gives way, a confirmed one is held against the bank's.

use jiff::civil::{Date, date};
use madoguchi::domain::id::SettlementId;
use madoguchi::service::reconciliation::run;
use serde_json::{Value, json};

use super::office::{Office, STATEMENTS, csv, table};
use crate::refunds::desk::FEE;
use crate::support::app::{Answer, Person, TestApp};
use crate::support::db::TestDb;

const EXCEPTIONS: &str = "/v1/tenants/020001/reconciliation/exceptions";

fn path(payout: SettlementId, rest: &str) -> String {
    format!("/v1/tenants/020001/settlements/{payout}{rest}")
}

async fn says(office: &Office<'_>, who: &Person, payout: SettlementId, day: &str) -> Answer {
    let body = json!({ "arrived_on": day, "amount": FEE - 440, "reference": "ｶ)ｺﾓｼﾞﾕ" });
    office.app.post(who, &path(payout, "/arrival"), body).await
}

async fn bank_says(office: &Office<'_>, credits: &[(&str, i64, &str)]) {
    office.app.post(&office.one, STATEMENTS, csv(&table(credits))).await.expect(201);
    office.app.drain().await;
}

async fn day_of(office: &Office<'_>, payout: SettlementId) -> Option<Date> {
    office.settlement(payout).await.arrived_on.map(|day| day.0)
}

async fn mismatches(office: &Office<'_>) -> Vec<Value> {
    let listed = office.app.get(&office.one, &format!("{EXCEPTIONS}?kind=bank_mismatch")).await.expect(200);
    listed["items"].as_array().unwrap().clone()
}

on_both_databases!(
    /// one officer's slip of the pen decides nothing, and stops neither this payout nor those behind it.
    r77_the_banks_day_takes_the_place_of_one_that_nobody_confirmed,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let (paid, other) = (office.desk.paid("card").await, office.desk.paid("card").await);
        let payout = office.payout("b1", &[&paid], 440).await;
        let behind = office.payout("b2", &[&other], 450).await;
        says(&office, &office.one, payout, "2026-03-31").await.expect(200);
        bank_says(&office, &[("2026-04-01", FEE - 440, "ｺﾓｼﾞﾕ"), ("2026-04-01", FEE - 450, "ｺﾓｼﾞﾕ")]).await;
        run(&app.core, &Office::tenant(), office.today()).await.unwrap();
        app.drain().await;
        for one in [payout, behind] {
            assert_eq!(day_of(&office, one).await, Some(date(2026, 4, 1)));
            assert_eq!(office.settlement(one).await.state, "settled");
        }
        assert_eq!(mismatches(&office).await, Vec::<Value>::new());
        assert_eq!(says(&office, &office.two, payout, "2026-03-31").await.problem(), "409 wrong_state");
    }
);

on_both_databases!(
    /// the second officer agrees to the day that they read, and to no other one that came in between.
    r118_a_recorded_day_is_corrected_before_another_officer_confirms_what_they_read,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        let payout = office.payout("b1", &[&paid], 440).await;
        says(&office, &office.one, payout, "2026-03-30").await.expect(200);
        let read = app.get(&office.two, &path(payout, "")).await;
        let read = read.headers["etag"].to_str().unwrap().to_owned();
        says(&office, &office.one, payout, "2026-03-31").await.expect(200);
        let confirm = path(payout, "/arrival/confirm");
        let stale = app.post_if(&office.two, &confirm, &read, json!({})).await;
        assert_eq!(stale.problem(), "412 stale_version");
        assert_eq!(app.post(&office.one, &confirm, json!({})).await.problem(), "403 own_arrival");
        app.post(&office.two, &confirm, json!({})).await.expect(200);
        assert_eq!(day_of(&office, payout).await, Some(date(2026, 3, 31)));
    }
);

on_both_databases!(
    /// by the day it is judged whether the money came in time, so another day at the bank is looked at by a person.
    r77_a_confirmed_day_that_is_not_the_banks_is_raised_once,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        let payout = office.payout("b1", &[&paid], 440).await;
        says(&office, &office.one, payout, "2026-03-31").await.expect(200);
        app.post(&office.two, &path(payout, "/arrival/confirm"), json!({})).await.expect(200);
        bank_says(&office, &[("2026-04-01", FEE - 440, "ｺﾓｼﾞﾕ")]).await;
        for _ in 0..2 {
            run(&app.core, &Office::tenant(), office.today()).await.unwrap();
            let found = mismatches(&office).await;
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0]["subject"], format!("settlement:{payout}"));
            let days = (&found[0]["facts"]["arrived_on"], &found[0]["facts"]["credited_on"]);
            assert_eq!(days, (&json!("2026-03-31"), &json!("2026-04-01")));
        }
    }
);
