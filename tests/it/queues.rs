//! Queues that staff work with: criteria, order, pages, saved views, taking over, absences, many cases at once.

mod pages;
mod rows;
mod standing_still;

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::policy_coverage::world::{DEPARTMENT, PROCEDURE};
use crate::support::app::{AOMORI, Answer, Person, TestApp, new_key};
use crate::support::db::{TestDb, execute};

/// An empty queue.
const NOBODYS: [String; 0] = [];
const NOTIFICATION: &str = "denki-koji-henko-todoke";

/// A department with work in it.
struct Desk<'a> {
    app: &'a TestApp,
    business: Person,
    clerk: Person,
    colleague: Person,
    chief: Person,
}

impl<'a> Desk<'a> {
    async fn set(app: &'a TestApp) -> Self {
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let colleague = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "colleague@example.jp").await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        Self { app, business, clerk, colleague, chief }
    }

    /// Tokens do not live as long as cases: everybody signs in again.
    async fn later(&mut self, by: SignedDuration) {
        self.app.advance(by).await;
        for (who, email) in [
            (&mut self.business, "business@example.jp"),
            (&mut self.clerk, "clerk@example.jp"),
            (&mut self.colleague, "colleague@example.jp"),
            (&mut self.chief, "chief@example.jp"),
        ] {
            *who = self.app.sign_in(email, &who.id).await;
        }
    }

    async fn submitted(&self, procedure: &str) -> String {
        let submitted = self.app.submitted(&self.business, AOMORI, procedure).await;
        submitted["id"].as_str().unwrap().to_owned()
    }

    async fn claimed(&self) -> String {
        let id = self.submitted(PROCEDURE).await;
        self.act(&self.clerk, &id, "claim", json!({})).await.expect(200);
        id
    }

    /// The fee is paid at the counter.
    async fn pay(&self, id: &str, received_on: &str) {
        let shown =
            self.app.get(&self.clerk, &format!("/v1/tenants/020001/applications/{id}")).await.expect(200);
        let (invoice, total) = (shown["invoice"]["id"].as_str().unwrap(), &shown["invoice"]["total"]);
        let payment = json!({ "means": "cash", "amount": total, "received_on": received_on });
        let path = format!("/v1/tenants/020001/invoices/{invoice}/counter-payments");
        self.app.post(&self.clerk, &path, payment).await.expect(201);
    }

    async fn act(&self, who: &Person, id: &str, step: &str, body: Value) -> Answer {
        self.app.post(who, &format!("/v1/tenants/020001/applications/{id}/{step}"), body).await
    }

    async fn ask(&self, id: &str) {
        let items = json!([{ "pointer": "/form/phone", "message": "市外局番から" }]);
        let asked = json!({ "items": items, "due_on": "2026-04-20" });
        self.act(&self.clerk, id, "corrections", asked).await.expect(201);
    }

    async fn queue(&self, who: &Person, query: &str) -> Vec<String> {
        let page = self.app.get(who, &queue(&format!("?{query}"))).await.expect(200);
        ids(&page)
    }

    async fn bulk(&self, who: &Person, body: Value) -> Answer {
        self.app.post(who, &queue("/bulk"), body).await
    }

    async fn events(&self, id: &str) -> Vec<String> {
        let path = format!("/v1/tenants/020001/applications/{id}/timeline");
        let timeline = self.app.get(&self.chief, &path).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
        let kinds = timeline["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap());
        kinds.map(str::to_owned).collect()
    }
}

fn queue(rest: &str) -> String {
    format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/queue{rest}")
}

fn absences(rest: &str) -> String {
    format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/absences{rest}")
}

fn ids(page: &Value) -> Vec<String> {
    let rows = page["items"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

on_both_databases!(a_queue_shows_exactly_what_is_asked_for, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::set(&app).await;
    let waiting = desk.submitted(PROCEDURE).await;
    app.advance(SignedDuration::from_secs(60)).await;
    let reviewed = desk.claimed().await;
    let asked = desk.claimed().await;
    desk.ask(&asked).await;
    let notice = desk.submitted(NOTIFICATION).await;
    let clerk = &desk.clerk;
    let everything = [&waiting, &reviewed, &asked, &notice].map(String::clone);
    for (query, expected) in [
        ("", everything.to_vec()),
        ("state=submitted", vec![waiting.clone(), notice.clone()]),
        ("assignee=me", vec![reviewed.clone(), asked.clone()]),
        ("waiting_on=applicant", vec![asked.clone()]),
        ("waiting_on=office", vec![waiting.clone(), reviewed.clone(), notice.clone()]),
        ("waiting_on=approver", vec![]),
        ("waiting_on=applicant&state=submitted", vec![]),
        (&format!("procedure={NOTIFICATION}"), vec![notice.clone()]),
        ("state=closed", vec![]),
        ("due=2026-04-01", vec![]),
        ("due=overdue", vec![]),
    ] {
        // Those that arrived at one instant stand in the order of their ids.
        let (mut seen, mut expected) = (desk.queue(clerk, query).await, expected);
        seen.sort_unstable();
        expected.sort_unstable();
        assert_eq!(seen, expected, "{query}");
    }
    let by_officer = format!("assignee={}", desk.clerk.id);
    assert_eq!(desk.queue(&desk.colleague, &by_officer).await.len(), 2);
    let row = &app.get(clerk, &queue("?waiting_on=applicant")).await.expect(200)["items"][0];
    assert_eq!((&row["waiting_on"], &row["overdue"]), (&json!("applicant"), &json!(false)));
    assert_eq!(row["claimed_until"], json!(null), "the applicant is waited for");
    let counts = app.get(clerk, &queue("/counts")).await.expect(200);
    let count = |state: &str| {
        let states = counts["states"].as_array().unwrap();
        states.iter().find(|row| row["state"] == state).unwrap()["count"].as_i64().unwrap()
    };
    assert_eq!((count("submitted"), count("under_review"), count("correction_requested")), (2, 1, 1));
    assert_eq!((&counts["mine"], &counts["overdue"]), (&json!(2), &json!(0)));
    let wrong = app.get(clerk, &queue("?state=draft&due=soon&sort=colour")).await;
    assert_eq!(wrong.problem(), "422 validation_failed");
    assert_eq!(wrong.body["errors"].as_array().unwrap().len(), 3, "{}", wrong.body);
});

on_both_databases!(r19_what_is_overdue_is_shown_first_and_nothing_else_happens_to_it, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut desk = Desk::set(&app).await;
    let notice = desk.submitted(NOTIFICATION).await;
    let old = desk.submitted(PROCEDURE).await;
    desk.pay(&old, "2026-04-01").await;
    desk.later(SignedDuration::from_hours(24 * 90)).await;
    let young = desk.submitted(PROCEDURE).await;
    let by_due_date = desk.queue(&desk.clerk, "sort=due_on").await;
    let place = |id: &String| by_due_date.iter().position(|row| row == id).unwrap();
    assert!(place(&old) < place(&young), "{by_due_date:?}");
    let rows = app.get(&desk.clerk, &queue("?due=overdue&sort=due_on")).await.expect(200);
    assert!(ids(&rows).contains(&old) && !ids(&rows).contains(&young), "{rows}");
    assert!(rows["items"].as_array().unwrap().iter().all(|row| row["overdue"] == true), "{rows}");
    let counts = app.get(&desk.clerk, &queue("/counts")).await.expect(200);
    assert_eq!(counts["overdue"], json!(ids(&rows).len()));
    assert_eq!(desk.queue(&desk.clerk, "state=submitted").await.len(), 3, "{notice} waits as before");
});

on_both_databases!(a_view_is_kept_shared_and_taken_away_by_whoever_made_it, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::set(&app).await;
    let (waiting, mine) = (desk.submitted(PROCEDURE).await, desk.claimed().await);
    let views = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/queue-views");
    let view = |name: &str, audience: &str, criteria: Value| json!({ "name": name, "audience": audience, "criteria": criteria });
    let shared = view("担当分", "department", json!({ "assignee": "me" }));
    let shared = app.post(&desk.clerk, &views, shared).await.expect(201)["id"].as_str().unwrap().to_owned();
    let own = view("未着手", "own", json!({ "state": "submitted" }));
    let own = app.post(&desk.clerk, &views, own.clone()).await.expect(201)["id"].as_str().unwrap().to_owned();
    let twice = app.post(&desk.clerk, &views, view("未着手", "own", json!({}))).await;
    assert_eq!(
        (twice.problem(), &twice.body["errors"][0]["code"]),
        ("422 validation_failed".into(), &json!("duplicate"))
    );
    let wrong = view("", "own", json!({ "state": "x", "due": "y" }));
    let wrong = app.post(&desk.clerk, &views, wrong).await;
    let pointers: Vec<_> =
        wrong.body["errors"].as_array().unwrap().iter().map(|fault| &fault["pointer"]).collect();
    assert_eq!(pointers, ["/criteria/state", "/criteria/due", "/name"]);
    let seen = |list: Value| list["items"].as_array().unwrap().len();
    assert_eq!(seen(app.get(&desk.clerk, &views).await.expect(200)), 2);
    assert_eq!(seen(app.get(&desk.colleague, &views).await.expect(200)), 1);
    // "Mine" is whoever looks; what is asked for beside the view goes before it.
    assert_eq!(desk.queue(&desk.clerk, &format!("view={shared}")).await, std::slice::from_ref(&mine));
    assert_eq!(desk.queue(&desk.colleague, &format!("view={shared}")).await, NOBODYS);
    assert_eq!(desk.queue(&desk.clerk, &format!("view={own}")).await, [waiting]);
    assert_eq!(desk.queue(&desk.clerk, &format!("view={own}&state=under_review")).await, [mine]);
    let hidden = app.get(&desk.colleague, &queue(&format!("?view={own}"))).await;
    assert_eq!(hidden.problem(), "404 not_found");
    let delete = async |who: &Person, id: &str, key: &str| {
        let headers = [("idempotency-key", key)];
        app.call(Method::DELETE, &format!("{views}/{id}"), Some(who), &headers, Some(json!({}))).await
    };
    assert_eq!(delete(&desk.colleague, &shared, &new_key()).await.problem(), "403 forbidden");
    let key = new_key();
    for _ in 0..2 {
        assert_eq!(delete(&desk.clerk, &shared, &key).await.status, 204, "once or again");
    }
    assert_eq!(seen(app.get(&desk.colleague, &views).await.expect(200)), 0);
});

on_both_databases!(a_claim_is_exclusive_until_nothing_happened_for_five_working_days, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut desk = Desk::set(&app).await;
    let case = desk.claimed().await;
    let row = &app.get(&desk.clerk, &queue("")).await.expect(200)["items"][0];
    assert_eq!(row["claimed_until"], "2026-04-08", "five working days after Wednesday, the first of April");
    for step in ["claim", "takeover"] {
        let refused = desk.act(&desk.colleague, &case, step, json!({})).await;
        assert_eq!(refused.problem(), "409 already_claimed", "{step}");
    }
    desk.later(SignedDuration::from_hours(24 * 7)).await;
    assert_eq!(desk.act(&desk.colleague, &case, "takeover", json!({})).await.status, 409, "the last day");
    desk.later(SignedDuration::from_hours(24)).await;
    desk.act(&desk.colleague, &case, "takeover", json!({})).await.expect(200);
    assert_eq!(desk.queue(&desk.colleague, "assignee=me").await, std::slice::from_ref(&case));
    // The step prolonged the claim, now of the other; a superior needs no reason.
    assert_eq!(desk.act(&desk.clerk, &case, "takeover", json!({})).await.problem(), "409 already_claimed");
    desk.act(&desk.chief, &case, "takeover", json!({})).await.expect(200);
    assert_eq!(desk.events(&case).await.iter().filter(|kind| *kind == "taken_over").count(), 2);
    let untouched = desk.submitted(PROCEDURE).await;
    assert_eq!(desk.act(&desk.clerk, &untouched, "takeover", json!({})).await.problem(), "409 wrong_state");
});

on_both_databases!(whoever_covers_sees_the_cases_as_own_ones_and_may_take_them_over, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut desk = Desk::set(&app).await;
    let case = desk.claimed().await;
    desk.ask(&case).await;
    let absence = |officer: &Person, cover: &Person, from: &str, to: &str| json!({ "officer": officer.id, "cover": cover.id, "from_on": from, "to_on": to });
    let not_mine = absence(&desk.clerk, &desk.colleague, "2026-04-02", "2026-04-03");
    let foreign = app.post(&desk.colleague, &absences(""), not_mine).await;
    assert_eq!(foreign.problem(), "403 forbidden", "only the own, or of whom one leads");
    let nobody = json!({ "officer": desk.clerk.id, "cover": desk.clerk.id, "from_on": "2026-03-03", "to_on": "2026-03-02" });
    let wrong = app.post(&desk.chief, &absences(""), nobody).await;
    let codes: Vec<_> = wrong.body["errors"].as_array().unwrap().iter().map(|fault| &fault["code"]).collect();
    assert_eq!(codes, ["own_cover", "span"]);
    let away = absence(&desk.clerk, &desk.colleague, "2026-04-02", "2026-04-03");
    let away = app.post(&desk.clerk, &absences(""), away).await.expect(201);
    assert_eq!(desk.queue(&desk.colleague, "assignee=me").await, NOBODYS, "not yet");
    desk.later(SignedDuration::from_hours(24)).await;
    assert_eq!(desk.queue(&desk.colleague, "assignee=me").await, std::slice::from_ref(&case));
    let list = app.get(&desk.colleague, &absences("")).await.expect(200);
    assert_eq!(ids(&list), [away["id"].as_str().unwrap()]);
    let end = absences(&format!("/{}/end", away["id"].as_str().unwrap()));
    app.post(&desk.chief, &end, json!({})).await.expect(200);
    assert_eq!(desk.queue(&desk.colleague, "assignee=me").await, NOBODYS, "the clerk is back");
    let again = absence(&desk.clerk, &desk.colleague, "2026-04-02", "2026-04-02");
    app.post(&desk.chief, &absences(""), again).await.expect(201);
    desk.act(&desk.colleague, &case, "takeover", json!({})).await.expect(200);
    // The request stays as it was asked; only its answer comes to somebody else.
    assert_eq!(desk.queue(&desk.colleague, "state=correction_requested&assignee=me").await, [case]);
});

on_both_databases!(t7_when_everybody_swaps_posts_overnight_no_case_is_lost, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut desk = Desk::set(&app).await;
    let elsewhere = app.officer(AOMORI, "kendo-doro", Role::Clerk, "doro@example.jp").await;
    let (waiting, case) = (desk.submitted(PROCEDURE).await, desk.claimed().await);
    for (officer, next) in
        [(&desk.clerk, "kendo-doro"), (&desk.colleague, "kendo-doro"), (&elsewhere, DEPARTMENT)]
    {
        let id = &officer.id;
        let swap = format!(
            "UPDATE officer_posts SET valid_to = '2026-04-01' WHERE officer_id = '{id}'; \
             INSERT INTO officer_posts (tenant_id, id, officer_id, department, role, title, valid_from) \
             VALUES ('{AOMORI}', '{id}', '{id}', '{next}', 'clerk', '主事', '2026-04-02')"
        );
        execute(&db.settings.url, &swap);
    }
    desk.later(SignedDuration::from_hours(24)).await;
    let newcomer = app.sign_in("doro@example.jp", &elsewhere.id).await;
    assert_eq!(
        app.get(&desk.clerk, &queue("")).await.problem(),
        "404 not_found",
        "yesterday's desk is closed"
    );
    assert_eq!(desk.act(&desk.clerk, &case, "release", json!({})).await.problem(), "404 not_found");
    assert_eq!(desk.queue(&newcomer, "").await.len(), 2);
    desk.act(&newcomer, &waiting, "claim", json!({})).await.expect(200);
    desk.act(&newcomer, &case, "takeover", json!({})).await.expect(200);
    assert_eq!(desk.queue(&newcomer, "assignee=me").await.len(), 2);
});

on_both_databases!(many_cases_are_judged_one_by_one_and_only_once, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::set(&app).await;
    let (one, two, taken) = (
        desk.submitted(PROCEDURE).await,
        desk.submitted(NOTIFICATION).await,
        desk.submitted(PROCEDURE).await,
    );
    desk.act(&desk.colleague, &taken, "claim", json!({})).await.expect(200);
    let nothing = "00000000-0000-7000-8000-000000000000";
    let claim = json!({ "action": "claim", "applications": [one, taken, nothing, two] });
    let key = new_key();
    let headers = [("idempotency-key", key.as_str())];
    let mut answers = Vec::new();
    for _ in 0..2 {
        answers.push(
            app.call(Method::POST, &queue("/bulk"), Some(&desk.clerk), &headers, Some(claim.clone()))
                .await
                .expect(200),
        );
    }
    assert_eq!(answers[0], answers[1]);
    let told: Vec<_> = answers[0]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            format!(
                "{} {}",
                item["outcome"].as_str().unwrap(),
                item["problem"]["code"].as_str().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(told, ["done -", "refused already_claimed", "refused not_found", "done -"]);
    assert_eq!(desk.events(&one).await.iter().filter(|kind| *kind == "claimed").count(), 1);
    // Handing over: what the clerk has goes to the colleague; a case on its route stays with its drafter.
    let hand_over = json!({ "action": "assign", "officer": desk.colleague.id, "assigned_to": desk.clerk.id });
    let foreign = desk.bulk(&desk.colleague, hand_over.clone()).await.expect(200);
    assert_eq!(foreign["items"][0]["problem"]["code"], "forbidden", "not a superior, not the own cases");
    let done = desk.bulk(&desk.chief, hand_over).await.expect(200);
    // They arrived at one instant: the id decides.
    let mut both = vec![one.clone(), two.clone()];
    both.sort_unstable();
    assert_eq!((ids_of(&done), &done["left_over"]), (both, &json!(0)));
    assert_eq!(desk.queue(&desk.colleague, "assignee=me").await.len(), 3);
    let wrong = json!({ "action": "assign", "applications": [one], "assigned_to": desk.clerk.id });
    let wrong = desk.bulk(&desk.chief, wrong).await;
    assert_eq!(wrong.body["errors"].as_array().unwrap().len(), 2, "{}", wrong.body);
    let doubled = desk.bulk(&desk.chief, json!({ "action": "release", "applications": [one, one] })).await;
    assert_eq!(
        (doubled.problem(), &doubled.body["errors"][0]["pointer"]),
        ("422 validation_failed".into(), &json!("/applications/1"))
    );
});

fn ids_of(bulk: &Value) -> Vec<String> {
    let items = bulk["items"].as_array().unwrap().iter();
    items.map(|item| item["application"].as_str().unwrap().to_owned()).collect()
}
