//! The clock of a case over HTTP: it stops for the fee and for corrections, and says so line by line.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;

pub(crate) const BUSINESS: &str = "business@example.jp";
pub(crate) const CLERK: &str = "clerk@example.jp";

/// Moves on by whole days; tokens do not live that long.
pub(crate) async fn days_later(app: &TestApp, days: i64, people: [(&mut Person, &str); 2]) {
    app.advance(SignedDuration::from_hours(24 * days)).await;
    for (person, email) in people {
        *person = app.sign_in(email, &person.id.clone()).await;
    }
}

pub(crate) async fn clock(app: &TestApp, who: &Person, case: &str) -> Value {
    app.get(who, &format!("{case}/clock")).await.expect(200)
}

pub(crate) fn texts(clock: &Value) -> Vec<&str> {
    clock["lines"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap()).collect()
}

pub(crate) async fn pay(app: &TestApp, business: &Person, invoice: &str) {
    let payment =
        app.post(business, &format!("{invoice}/payments"), json!({ "method": "nanaco" })).await.expect(201);
    app.at_gateway(payment["redirect_url"].as_str().unwrap(), "nanaco", "result=ok").await;
    app.until("the invoice is entrusted", async || {
        app.get(business, invoice).await.expect(200)["state"] == "entrusted"
    })
    .await;
}

on_both_databases!(
    /// 16 days from Wednesday 2026-04-01 end on 04-23. Paying on Friday 04-03 and a correction from 04-06 to 04-08 each cost
    /// two days, and 04-29 is a holiday.
    r18_the_due_date_moves_when_the_fee_is_paid_and_when_a_correction_is_answered,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut business = app.register(BUSINESS, "business").await;
        let mut clerk = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, CLERK).await;
        let submitted = app.submitted(&business, AOMORI, "denki-koji-toroku").await;
        assert_eq!(submitted["due_on"], "2026-04-23");
        let case = format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap());
        let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());

        days_later(&app, 2, [(&mut business, BUSINESS), (&mut clerk, CLERK)]).await;
        let waiting = clock(&app, &business, &case).await;
        assert_eq!((&waiting["due_on"], &waiting["forecast_on"]), (&Value::Null, &json!("2026-04-27")));
        assert_eq!(texts(&waiting)[1], "from 2026-04-02: fee payment awaited (clock stopped)");
        let shown = app.get(&business, &case).await.expect(200);
        assert_eq!(shown["due_on"], "2026-04-23", "an open pause has no length yet");

        pay(&app, &business, &invoice).await;
        assert_eq!(clock(&app, &clerk, &case).await["due_on"], "2026-04-27");
        assert_eq!(app.get(&business, &case).await.expect(200)["due_on"], "2026-04-27");

        app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        days_later(&app, 3, [(&mut business, BUSINESS), (&mut clerk, CLERK)]).await;
        let items = json!([{ "pointer": "/form/phone", "message": "市外局番から" }]);
        let ask = json!({ "items": items, "due_on": "2026-04-20" });
        app.post(&clerk, &format!("{case}/corrections"), ask).await.expect(201);
        days_later(&app, 2, [(&mut business, BUSINESS), (&mut clerk, CLERK)]).await;
        let version = app.get(&business, &case).await.etag();
        let answer = json!({ "form": { "phone": "0177222222" } });
        let answered = app.post_if(&business, &format!("{case}/resubmit"), &version, answer).await.expect(200);
        assert_eq!(answered["due_on"], "2026-04-30");

        let explained = clock(&app, &clerk, &case).await;
        assert_eq!(explained["due_on"], "2026-04-30");
        assert_eq!(explained["forecast_on"], explained["due_on"], "nothing is awaited");
        assert_eq!(
            texts(&explained),
            [
                "2026-04-01: arrival (the first day does not count)",
                "2026-04-02 to 2026-04-03: fee payment awaited (clock stopped)",
                "2026-04-04 to 2026-04-05: weekend (not counted)",
                "2026-04-06: counted (1 so far)",
                "2026-04-07 to 2026-04-08: correction asked for (clock stopped)",
                "2026-04-09 to 2026-04-10: counted (3 so far)",
                "2026-04-11 to 2026-04-12: weekend (not counted)",
                "2026-04-13 to 2026-04-17: counted (8 so far)",
                "2026-04-18 to 2026-04-19: weekend (not counted)",
                "2026-04-20 to 2026-04-24: counted (13 so far)",
                "2026-04-25 to 2026-04-26: weekend (not counted)",
                "2026-04-27 to 2026-04-28: counted (15 so far)",
                "2026-04-29: 昭和の日 (not counted)",
                "2026-04-30: counted (16 so far)",
            ]
        );
        let pause = json!({ "reason": "correction", "text": "correction asked for",
            "asked_on": "2026-04-06", "answered_on": "2026-04-08" });
        assert_eq!(explained["pauses"][1], pause);
        assert_eq!((&explained["holidays"], &explained["sample"]), (&json!("exclude"), &json!(true)));
        let timeline = app.get(&clerk, &format!("{case}/timeline")).await.expect(200);
        let moves: Vec<_> = timeline["items"].as_array().unwrap().iter().map(|item| &item["facts"]["due_on"]).collect();
        assert!(moves.contains(&&json!("2026-04-27")) && moves.contains(&&json!("2026-04-30")), "{moves:?}");
    }
);

on_both_databases!(
    /// A notification has no period, a draft no arrival, and what was awaited when a case ended is awaited no more.
    r19_a_case_without_a_period_has_no_due_date_and_an_ended_one_waits_for_nothing,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let business = app.register(BUSINESS, "business").await;
        let notice = app.submitted(&business, AOMORI, "denki-koji-henko-todoke").await;
        let cases = "/v1/tenants/020001/applications";
        let none = clock(&app, &business, &format!("{cases}/{}", notice["id"].as_str().unwrap())).await;
        assert_eq!((&none["arrived_on"], &none["days"]), (&json!("2026-04-01"), &Value::Null));
        assert_eq!((&none["due_on"], &none["lines"]), (&Value::Null, &json!([])));

        let draft = app.draft(&business, AOMORI, "denki-koji-toroku").await;
        let case = format!("{cases}/{draft}");
        let before = clock(&app, &business, &case).await;
        assert_eq!((&before["arrived_on"], &before["days"]), (&Value::Null, &json!(16)));
        app.post(&business, &format!("{case}/submit"), json!({})).await.expect(200);
        app.post(&business, &format!("{case}/withdraw"), json!({})).await.expect(200);
        let ended = clock(&app, &business, &case).await;
        assert_eq!((&ended["ended_on"], &ended["due_on"]), (&json!("2026-04-01"), &json!("2026-04-23")));
        assert_eq!(ended["pauses"], json!([]), "its invoice is canceled: nobody waits for it");
    }
);
