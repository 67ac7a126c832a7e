//! Credits of the bank that leave the days that are looked at without a payout: somebody is told of each, once.

use jiff::civil::date;
use madoguchi::service::reconciliation::run;
use serde_json::{Value, json};

use super::EXCEPTIONS;
use super::office::{Office, STATEMENTS, csv, table};
use crate::refunds::desk::FEE;
use crate::support::app::TestApp;
use crate::support::db::TestDb;

async fn about_credits(office: &Office<'_>) -> Vec<Value> {
    let listed = office.app.get(&office.one, &format!("{EXCEPTIONS}?kind=bank_mismatch")).await.expect(200);
    let is_credit = |item: &&Value| item["subject"].as_str().unwrap().starts_with("bank_credit:");
    listed["items"].as_array().unwrap().iter().filter(is_credit).cloned().collect()
}

on_both_databases!(
    /// The bank's file may come late: what it names was never within the days that are looked at.
    a_credit_from_before_the_days_that_are_looked_at_is_told_once_and_ends_by_two_people,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let file = table(&[("2025-11-03", 777, "ｸﾄﾞｳ ﾀﾛｳ")]);
        app.post(&office.one, STATEMENTS, csv(&file)).await.expect(201);
        let first = run(&app.core, &Office::tenant(), office.today()).await.unwrap();
        assert_eq!((first.findings.get("bank_mismatch"), first.raised, first.credits), (Some(&1), 1, 0), "{first:?}");
        let again = run(&app.core, &Office::tenant(), office.today()).await.unwrap();
        assert_eq!((again.findings.len(), again.raised), (0, 0), "somebody was told: {again:?}");

        app.advance(jiff::SignedDuration::from_hours(24 * 3)).await;
        let one = app.sign_in("one@example.jp", &office.one.id).await;
        let two = app.sign_in("two@example.jp", &office.two.id).await;
        let office = Office { one, two, ..office };
        let [item] = <[Value; 1]>::try_from(about_credits(&office).await).unwrap();
        assert_eq!((&item["age_days"], &item["owner"]), (&json!(3), &Value::Null));
        assert_eq!((&item["facts"]["amount"], &item["facts"]["credited_on"]), (&json!(777), &json!("2025-11-03")));
        let step = async |who, step: &str, body: Value| {
            let path = format!("{EXCEPTIONS}/{}/{step}", item["id"].as_str().unwrap());
            app.post(who, &path, body).await.expect(200)
        };
        let proposal = json!({ "resolution": "other_income", "comment": "別の収入だった" });
        let proposed = step(&office.one, "resolution", proposal).await;
        assert_eq!(proposed["exception"]["owner"], office.one.id.as_str());
        step(&office.two, "approve", json!({})).await;
        let ended = run(&app.core, &Office::tenant(), office.today()).await.unwrap();
        assert_eq!((ended.findings.len(), ended.raised), (0, 0), "it was answered: {ended:?}");
    }
);

on_both_databases!(
    /// Two credits that could not be told apart were told of beside their payout alone.
    credits_that_could_be_one_payout_or_the_other_are_told_when_their_days_are_over,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        office.payout("b1", &[&paid], 0).await;
        let file = table(&[("2026-04-01", FEE, "ｺﾓｼﾞﾕ"), ("2026-04-01", FEE, "ｸﾄﾞｳ ﾀﾛｳ")]);
        app.post(&office.one, STATEMENTS, csv(&file)).await.expect(201);
        for day in [office.today(), date(2026, 7, 10)] {
            run(&app.core, &Office::tenant(), day).await.unwrap();
            assert_eq!(about_credits(&office).await.len(), 0, "their payout is told of on {day}");
        }
        for raised in [2, 0] {
            let lapsed = run(&app.core, &Office::tenant(), date(2026, 7, 11)).await.unwrap();
            assert_eq!(lapsed.raised, raised, "{lapsed:?}");
            assert_eq!(about_credits(&office).await.len(), 2);
        }
    }
);
