//! The clock stands still because the office says so: recorded with a reason, explained line by line, ended by an officer or by the
//! applicant's answer.

use jiff::SignedDuration;
use madoguchi::domain::calendar::jst_day;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::policy::Role;
use madoguchi::store::parties;
use serde_json::{Value, json};

use crate::clock::{BUSINESS, CLERK, clock, days_later, pay, texts};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;

struct Desk {
    app: TestApp,
    business: Person,
    clerk: Person,
    case: String,
}

impl Desk {
    /// A case that arrived on Wednesday 2026-04-01, whose fee was paid at once and which the clerk has taken up: 16 days end on
    /// 04-23.
    async fn open(db: &TestDb) -> Self {
        let app = TestApp::start(db).await;
        let business = app.register(BUSINESS, "business").await;
        let clerk = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, CLERK).await;
        let submitted = app.submitted(&business, AOMORI, "denki-koji-toroku").await;
        let case = format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap());
        let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
        pay(&app, &business, &invoice).await;
        app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        Self { app, business, clerk, case }
    }

    async fn later(&mut self, days: i64) {
        days_later(&self.app, days, [(&mut self.business, BUSINESS), (&mut self.clerk, CLERK)]).await;
    }

    async fn pause(&self, reason: &str, asked_on: &str) -> Answer {
        let body = json!({ "reason": reason, "asked_on": asked_on, "note": "境界の図面を待っています。" });
        self.app.post(&self.clerk, &format!("{}/clock-pauses", self.case), body).await
    }

    async fn end(&self, pause: &Value, ended_on: &str) -> Answer {
        let path = format!("/v1/tenants/020001/clock-pauses/{}/end", pause["id"].as_str().unwrap());
        self.app.post(&self.clerk, &path, json!({ "ended_on": ended_on })).await
    }

    async fn due_on(&self) -> Value {
        self.app.get(&self.business, &self.case).await.expect(200)["due_on"].clone()
    }
}

on_both_databases!(
    /// R-18(4) and (5): both reasons at once cost their days once, and the applicant sees why.
    r18_the_office_stops_the_clock_for_a_change_of_the_applicant_and_for_further_documents,
    async |db: TestDb| {
        let mut desk = Desk::open(&db).await;
        assert_eq!(clock(&desk.app, &desk.clerk, &desk.case).await["due_on"], "2026-04-23");
        desk.later(2).await;
        let early = desk.pause("extra_documents", "2026-03-31").await;
        assert_eq!(early.problem(), "422 validation_failed");
        assert_eq!(early.body["errors"][0]["code"], "before_arrival");
        let documents = desk.pause("extra_documents", "2026-04-03").await.expect(201);
        assert_eq!(desk.pause("extra_documents", "2026-04-03").await.problem(), "409 pause_open");
        // Of two for the same days the one that was recorded first explains them.
        desk.app.advance(SignedDuration::from_secs(1)).await;
        let change = desk.pause("applicant_change", "2026-04-03").await.expect(201);
        let stopped = clock(&desk.app, &desk.business, &desk.case).await;
        assert_eq!(stopped["due_on"], Value::Null);
        assert_eq!(
            texts(&stopped).last().unwrap(),
            &"from 2026-04-04: further documents awaited (clock stopped)"
        );
        assert_eq!(desk.due_on().await, "2026-04-23", "an open pause has no length yet");
        let forecast = desk.app.get(&desk.business, &format!("{}/forecast", desk.case)).await.expect(200);
        assert!(forecast.to_string().contains("the further documents have come"), "R-14: {forecast}");
        let listed = desk.app.get(&desk.business, &format!("{}/clock-pauses", desk.case)).await.expect(200);
        assert_eq!(listed["items"][0]["note"], "境界の図面を待っています。");
        let forecast = desk.app.get(&desk.business, &format!("{}/forecast", desk.case)).await.expect(200);
        let awaited: Vec<_> = forecast["awaited"].as_array().unwrap().iter().map(|one| &one["what"]).collect();
        assert_eq!(awaited[..2], ["extra_documents", "applicant_change"], "R-14: {forecast}");
        let told = "(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_pause')";
        assert_eq!(db.count(told).await, 2, "each pause is told once; a refused one never");

        desk.later(4).await;
        assert_eq!(desk.end(&documents, "2026-04-02").await.problem(), "422 validation_failed");
        let ended = desk.end(&documents, "2026-04-07").await.expect(200);
        assert_eq!(ended["ended_on"], "2026-04-07");
        assert_eq!(desk.due_on().await, "2026-04-27");
        assert_eq!(clock(&desk.app, &desk.clerk, &desk.case).await["due_on"], Value::Null, "one is left");
        desk.end(&change, "2026-04-06").await.expect(200);
        let explained = clock(&desk.app, &desk.clerk, &desk.case).await;
        assert_eq!((&explained["due_on"], desk.due_on().await), (&json!("2026-04-27"), json!("2026-04-27")));
        assert_eq!(
            texts(&explained)[..4],
            [
                "2026-04-01: arrival (the first day does not count)",
                "2026-04-02 to 2026-04-03: counted (2 so far)",
                "2026-04-04 to 2026-04-07: further documents awaited (clock stopped)",
                "2026-04-08 to 2026-04-10: counted (5 so far)",
            ]
        );
        assert_eq!(desk.end(&change, "2026-04-07").await.problem(), "409 pause_ended");
        let timeline = desk.app.get(&desk.business, &format!("{}/timeline", desk.case)).await.expect(200);
        let items = timeline["items"].as_array().unwrap();
        let moved = items.iter().filter(|item| item["kind"] == "clock_resumed").map(|item| &item["facts"]["due_on"]);
        assert_eq!(moved.collect::<Vec<_>>(), ["2026-04-27", "2026-04-27"]);

        // What was awaited when the case ended is awaited no more, and an ended case has no clock to stop.
        let open = desk.pause("applicant_change", "2026-04-07").await.expect(201);
        desk.later(1).await;
        desk.app.post(&desk.business, &format!("{}/withdraw", desk.case), json!({})).await.expect(200);
        assert_eq!(desk.end(&open, "2026-04-08").await.problem(), "409 no_period_runs");
        assert_eq!(desk.pause("extra_documents", "2026-04-08").await.problem(), "409 no_period_runs");
        let last = clock(&desk.app, &desk.business, &desk.case).await["pauses"].as_array().unwrap().last().cloned();
        assert_eq!(last.unwrap()["answered_on"], "2026-04-08");
    }
);

on_both_databases!(
    /// What is awaited of the applicant ends with their answer; what lies with another office ends when an officer says so.
    r18_an_answer_ends_what_is_awaited_of_the_applicant_and_no_transit,
    async |db: TestDb| {
        let mut desk = Desk::open(&db).await;
        desk.later(2).await;
        for reason in ["applicant_change", "extra_documents"] {
            desk.pause(reason, "2026-04-03").await.expect(201);
        }
        let transit = desk.pause("in_transit", "2026-04-03").await.expect(201);
        let items = json!([{ "pointer": "/form/phone", "message": "市外局番から" }]);
        let ask = json!({ "items": items, "due_on": "2026-04-20" });
        desk.app.post(&desk.clerk, &format!("{}/corrections", desk.case), ask).await.expect(201);
        desk.later(4).await;
        let version = desk.app.get(&desk.business, &desk.case).await.etag();
        let answer = json!({ "form": { "phone": "0177222222" } });
        let path = format!("{}/resubmit", desk.case);
        let answered = desk.app.post_if(&desk.business, &path, &version, answer).await.expect(200);
        assert_eq!(answered["due_on"], "2026-04-27");
        let pauses = clock(&desk.app, &desk.clerk, &desk.case).await["pauses"].clone();
        let mut days: Vec<(&str, Option<&str>)> = pauses
            .as_array()
            .unwrap()
            .iter()
            .map(|pause| (pause["reason"].as_str().unwrap(), pause["answered_on"].as_str()))
            .filter(|(reason, _)| *reason != "fee_payment")
            .collect();
        days.sort_unstable();
        let answer = Some("2026-04-07");
        let expected =
            [("applicant_change", answer), ("correction", answer), ("extra_documents", answer), ("in_transit", None)];
        assert_eq!(days, expected);
        desk.later(2).await;
        desk.end(&transit, "2026-04-09").await.expect(200);
        assert_eq!(desk.due_on().await, "2026-04-30", "two days more, and 04-29 is a holiday");
        assert_eq!(clock(&desk.app, &desk.business, &desk.case).await["due_on"], "2026-04-30");
    }
);

on_both_databases!(
    /// what comes from the office it passed through arrives once more, and the first arrival stays what fee and clock go by.
    r6_the_end_of_a_transit_is_one_more_leg_of_the_arrival,
    async |db: TestDb| {
        let mut desk = Desk::open(&db).await;
        desk.later(2).await;
        let transit = desk.pause("in_transit", "2026-04-03").await.expect(201);
        let documents = desk.pause("extra_documents", "2026-04-03").await.expect(201);
        desk.later(4).await;
        desk.end(&documents, "2026-04-06").await.expect(200);
        let legs = "(SELECT COUNT(*) FROM arrivals)";
        let before = db.count(legs).await;
        desk.end(&transit, "2026-04-06").await.expect(200);
        assert_eq!(db.count(legs).await, before + 1, "documents that came are no arrival, the papers are");
        let leg = format!("(SELECT COUNT(*) FROM arrivals WHERE leg = 2 AND office = 'kiki-shobo-hoan' AND channel = 'online' \
            AND attested_by = '{}' AND recorded_at > arrived_at)", desk.clerk.id);
        assert_eq!(db.count(leg.leak()).await, 1);
        let id = desk.case.rsplit('/').next().unwrap().parse().unwrap();
        let tenant = TenantCode::parse(AOMORI).unwrap();
        let legs = db.db.read(move |tx| parties::arrivals_of(tx, &tenant, id)).await.unwrap();
        let days: Vec<_> = legs.iter().map(|leg| jst_day(leg.arrived_at.0).to_string()).collect();
        assert_eq!(days, ["2026-04-01", "2026-04-06"]);
        let clock = clock(&desk.app, &desk.clerk, &desk.case).await;
        assert_eq!(clock["arrived_on"], "2026-04-01", "R-4: the period runs from the first");
    }
);

on_both_databases!(a_case_without_a_period_has_no_clock_to_stop, async |db: TestDb| {
    let mut desk = Desk::open(&db).await;
    let notice = desk.app.submitted(&desk.business, AOMORI, "denki-koji-henko-todoke").await;
    desk.case = format!("/v1/tenants/020001/applications/{}", notice["id"].as_str().unwrap());
    assert_eq!(desk.pause("extra_documents", "2026-04-01").await.problem(), "409 no_period_runs");
    assert_eq!(db.count("(SELECT COUNT(*) FROM clock_pauses)").await, 0);
});
