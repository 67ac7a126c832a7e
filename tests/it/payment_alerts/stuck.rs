//! Attempts that stay where none should: held for days, or open past the last day of their claim. People are told once.

use jiff::SignedDuration;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::money::Yen;
use madoguchi::domain::payment::{PaymentCounters, SnapshotStatus};
use madoguchi::service::payment_watch;
use serde_json::{Value, json};

use super::{hears, list};
use crate::slips::slip;
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::waivers::office::{FEE, Office};

async fn told(office: &Office<'_>, code: &str) -> Vec<Value> {
    list(office, &format!("?code={code}")).await["items"].as_array().unwrap().clone()
}

on_both_databases!(money_that_is_held_for_days_is_told_once_and_not_before, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut office = Office::open(&app, &db).await;
    let owing = office.owing().await;
    let payment = office.opens(&owing).await;
    let held = PaymentCounters { authorized: Yen::new(FEE).unwrap(), ..PaymentCounters::default() };
    hears(&app, &owing.invoice, (SnapshotStatus::Authorized, "authorized"), held).await;
    let tenant = TenantCode::parse(AOMORI).unwrap();
    // The clock alone: a question would hear that the checkout lapsed meanwhile.
    for (hours, count) in [(71, 0), (1, 1), (24, 1)] {
        app.clock.advance(SignedDuration::from_hours(hours));
        office.sign_in_again().await;
        for _ in 0..2 {
            payment_watch::run(&app.core, &tenant).await.unwrap();
            assert_eq!(told(&office, "held_long").await.len(), count, "{hours} more hours");
        }
    }
    let alert = told(&office, "held_long").await.remove(0);
    assert_eq!((&alert["payment"], &alert["payment_state"]), (&payment["id"], &json!("authorized")));
    let path = format!("{}/{}/handle", crate::payment_alerts::ALERTS, alert["id"].as_str().unwrap());
    app.post(&office.accountant, &path, json!({ "comment": "売上の確定を依頼した" })).await.expect(200);
    payment_watch::run(&app.core, &tenant).await.unwrap();
    assert_eq!(told(&office, "held_long").await.len(), 1, "it was looked at");
});

on_both_databases!(
    r84_a_slip_that_its_gateway_does_not_close_past_the_last_day_is_told_once,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        // 2026-05-01
        app.advance(SignedDuration::from_hours(24 * 30)).await;
        office.sign_in_again().await;
        slip(&office, &owing).await;
        let refuses = json!({ "status": 503, "times": 1_000 });
        app.fault(json!({ "match": { "op": "cancel" }, "fault": "F06", "args": refuses })).await;
        assert_eq!(told(&office, "open_past_last_day").await.len(), 0, "the day is not over");
        for _ in 0..2 {
            app.advance(SignedDuration::from_hours(24)).await;
            app.drain().await;
            office.sign_in_again().await;
            assert_eq!(office.books(&owing).await.states(), ["awaiting_payment"], "nobody closed it");
            let [alert] = <[Value; 1]>::try_from(told(&office, "open_past_last_day").await).unwrap();
            assert_eq!(alert["found"], "2026-05-01");
        }
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(told(&office, "open_past_last_day").await.len(), 1);
    }
);
