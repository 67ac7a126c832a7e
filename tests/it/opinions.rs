//! Asking another office: it sees the case until it has answered, answers once, and stops no clock.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::support::app::{AOMORI, Answer, ON_ISSUE, Person, new_key};
use crate::support::db::TestDb;
use crate::support::traces::{rounds, traces};

const OTHER: &str = "kendo-doro";

/// The counter with a case in review and an officer of another department.
async fn scene(db: &TestDb) -> (Counter, String, Person) {
    let counter = Counter::open(db).await;
    let other = counter.app.officer(AOMORI, OTHER, Role::Clerk, "doro@example.jp").await;
    let case = counter.claimed(ON_ISSUE).await;
    (counter, case, other)
}

fn question() -> Value {
    json!({ "department": OTHER, "question": "道路管理上の支障の有無", "due_on": "2026-04-10" })
}

async fn ask(counter: &Counter, case: &str) -> String {
    let asked = counter.app.post(&counter.clerk, &format!("{case}/opinions"), question()).await.expect(201);
    format!("/v1/tenants/020001/opinions/{}", asked["id"].as_str().unwrap())
}

async fn listed(counter: &Counter, who: &Person, state: &str) -> Vec<Value> {
    let path = format!("/v1/tenants/020001/departments/{OTHER}/opinions?state={state}");
    counter.app.get(who, &path).await.expect(200)["items"].as_array().unwrap().clone()
}

on_both_databases!(
    /// T-8: the case and what belongs to it, while the request is open; no other case, no notes, no messages, no drafts.
    t8_the_office_that_is_asked_sees_exactly_the_case_until_it_has_answered,
    async |db: TestDb| {
        let (counter, case, other) = scene(&db).await;
        let elsewhere = counter.claimed(ON_ISSUE).await;
        let sees = async |case: &str, part: &str| {
            counter.app.get(&other, &format!("{case}{part}")).await.status.as_u16()
        };
        assert_eq!(sees(&case, "").await, 404);
        let opinion = ask(&counter, &case).await;
        for part in ["", "/timeline", "/clock", "/corrections"] {
            assert_eq!((sees(&case, part).await, sees(&elsewhere, part).await), (200, 404), "{part}");
        }
        for part in ["/notes", "/messages", "/opinions"] {
            assert_eq!((sees(&case, part).await, sees(&elsewhere, part).await), (403, 404), "{part}");
        }
        assert_eq!(sees(&case, "/proposal").await, 404);
        let looked = db.count("(SELECT COUNT(*) FROM access_log WHERE operation = 'get_application')").await;
        assert_eq!(looked, 1, "that they looked is recorded");
        let claim = counter.app.post(&other, &format!("{case}/claim"), json!({})).await;
        assert_eq!(claim.problem(), "403 forbidden");
        let mine = listed(&counter, &other, "open").await;
        assert_eq!((mine.len(), mine[0]["question"].as_str()), (1, Some("道路管理上の支障の有無")));
        let answer = json!({ "stance": "agree_with_conditions", "text": "側溝を付け替えること" });
        let (key, path) = (new_key(), format!("{opinion}/answer"));
        let headers = [("idempotency-key", key.as_str())];
        for _ in 0..2 {
            let given =
                counter.app.call(Method::POST, &path, Some(&other), &headers, Some(answer.clone())).await;
            assert_eq!(given.expect(200)["stance"], "agree_with_conditions");
        }
        let again = counter.app.post(&other, &path, json!({ "stance": "agree" })).await;
        assert_eq!(again.problem(), "409 wrong_state", "an office answers once");
        assert_eq!(sees(&case, "").await, 404, "its look ended with the answer");
        assert!(listed(&counter, &other, "open").await.is_empty());
        assert_eq!(listed(&counter, &other, "given").await[0]["answer"], "側溝を付け替えること");
    }
);

on_both_databases!(
    /// The proposer sees it beside the case and on the proposal; the applicant that there was one, not what it says.
    an_opinion_stands_beside_the_proposal,
    async |db: TestDb| {
        let (counter, case, other) = scene(&db).await;
        let opinion = ask(&counter, &case).await;
        let body = json!({ "stance": "object", "text": "占用の余地がない" });
        let silent = counter.app.post(&other, &format!("{opinion}/answer"), json!({ "stance": "object" })).await;
        assert_eq!(silent.problem(), "422 validation_failed", "who objects says why");
        counter.app.post(&other, &format!("{opinion}/answer"), body).await.expect(200);
        counter.propose(&case, "refuse").await;
        for who in [&counter.clerk, &counter.chief] {
            let proposal = counter.app.get(who, &format!("{case}/proposal")).await.expect(200);
            assert_eq!(proposal["opinions"][0]["answer"], "占用の余地がない", "{proposal}");
            let list = counter.app.get(who, &format!("{case}/opinions")).await.expect(200);
            assert_eq!(list["items"], proposal["opinions"]);
        }
        assert_eq!(counter.app.get(&counter.business, &format!("{case}/opinions")).await.problem(), "403 forbidden");
        let timeline = counter.app.get(&counter.business, &format!("{case}/timeline")).await.expect(200);
        let items = timeline["items"].as_array().unwrap();
        let about: Vec<_> = items.iter().filter(|item| item["kind"].as_str().unwrap().starts_with("opinion_")).collect();
        assert_eq!(about.len(), 2);
        assert!(about.iter().all(|item| item["facts"].is_null()), "{about:?}");
        assert_eq!(timeline["chain"], "intact");
    }
);

on_both_databases!(
    /// that another office is asked is no pause; the due date stays, open or answered.
    r15_an_open_opinion_pauses_no_clock,
    async |db: TestDb| {
        let (counter, case, other) = scene(&db).await;
        let clock = async |who: &Person| counter.app.get(who, &format!("{case}/clock")).await.expect(200);
        let before = clock(&counter.clerk).await;
        assert!(before["due_on"].is_string() && before["pauses"] == json!([]), "{before}");
        let opinion = ask(&counter, &case).await;
        assert_eq!(clock(&counter.clerk).await, before);
        counter.app.advance(SignedDuration::from_hours(24 * 6)).await;
        let clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        let other = counter.app.sign_in("doro@example.jp", &other.id).await;
        counter.app.post(&other, &format!("{opinion}/answer"), json!({ "stance": "agree" })).await.expect(200);
        let after = clock(&clerk).await;
        assert_eq!((&after["due_on"], &after["pauses"]), (&before["due_on"], &before["pauses"]));
    }
);

on_both_databases!(
    /// The day after the due day, once, however often the job runs; not of what was answered, recalled or ended.
    a_late_opinion_is_raised_once,
    async |db: TestDb| {
        let (counter, case, other) = scene(&db).await;
        let late = ask(&counter, &case).await;
        let answered = counter.claimed(ON_ISSUE).await;
        let opinion = ask(&counter, &answered).await;
        counter.app.post(&other, &format!("{opinion}/answer"), json!({ "stance": "no_opinion" })).await.expect(200);
        let recalled = counter.claimed(ON_ISSUE).await;
        let opinion = ask(&counter, &recalled).await;
        counter.app.post(&counter.clerk, &format!("{opinion}/recall"), json!({})).await.expect(200);
        let withdrawn = counter.claimed(ON_ISSUE).await;
        ask(&counter, &withdrawn).await;
        counter.app.post(&counter.business, &format!("{withdrawn}/withdraw"), json!({})).await.expect(200);
        let raised = async || {
            counter.app.drain().await;
            db.count("(SELECT COUNT(*) FROM events WHERE kind = 'opinion_overdue')").await
        };
        // 2026-04-01T09:00 in Japan plus 9 days and 14 hours is still the 10th.
        counter.app.advance(SignedDuration::from_hours(24 * 9 + 14)).await;
        assert_eq!(raised().await, 0);
        counter.app.advance(SignedDuration::from_hours(1)).await;
        assert_eq!(raised().await, 1);
        let id: madoguchi::domain::id::OpinionId = late.rsplit('/').next().unwrap().parse().unwrap();
        let tenant = madoguchi::domain::id::TenantCode::parse(AOMORI).unwrap();
        madoguchi::service::opinion::raise_overdue(&counter.app.core, tenant, id).await.unwrap();
        assert_eq!(raised().await, 1);
        let clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        let list = counter.app.get(&clerk, &format!("{case}/opinions")).await.expect(200);
        assert!(list["items"][0]["overdue_at"].is_string() && list["items"][0]["state"] == "open", "{list}");
        // It can still be answered; what has ended is no longer on the list of the office.
        let other = counter.app.sign_in("doro@example.jp", &other.id).await;
        assert_eq!(listed(&counter, &other, "open").await.len(), 1);
        counter.app.post(&other, &format!("{late}/answer"), json!({ "stance": "agree" })).await.expect(200);
    }
);

on_both_databases!(
    /// All faults at once, one question at a time; whoever asked takes it back, or a superior, not a colleague.
    what_may_be_asked_and_who_takes_it_back,
    async |db: TestDb| {
        let (counter, case, other) = scene(&db).await;
        let path = format!("{case}/opinions");
        let before = traces(&db).await;
        for (body, codes) in [
            (json!({ "department": "nowhere", "question": "", "due_on": "2026-04-01" }), vec!["length", "not_future", "unknown_department"]),
            (json!({ "department": "kiki-shobo-hoan", "question": "?", "due_on": "2026-04-02" }), vec!["own_department"]),
        ] {
            let refused = counter.app.post(&counter.clerk, &path, body).await;
            let faults = refused.body["errors"].as_array().unwrap();
            assert_eq!(faults.iter().map(|fault| fault["code"].as_str().unwrap()).collect::<Vec<_>>(), codes);
        }
        assert_eq!(traces(&db).await, before);
        let opinion = ask(&counter, &case).await;
        let twice = counter.app.post(&counter.chief, &path, question()).await;
        assert_eq!(twice.problem(), "409 already_asked");
        let colleague = counter.app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, "sato@example.jp").await;
        let recall = format!("{opinion}/recall");
        assert_eq!(counter.app.post(&colleague, &recall, json!({})).await.problem(), "403 forbidden");
        counter.app.post(&counter.chief, &recall, json!({})).await.expect(200);
        let gone = counter.app.post(&other, &format!("{opinion}/answer"), json!({ "stance": "agree" })).await;
        assert_eq!(gone.problem(), "409 wrong_state");
        ask(&counter, &case).await;
    }
);

on_both_databases!(
    /// Answer ∥ recall: one of them wins, never both.
    an_opinion_is_never_answered_and_recalled_at_once,
    async |db: TestDb| {
        let (counter, case, other) = scene(&db).await;
        for _ in 0..rounds(4) {
            let opinion = ask(&counter, &case).await;
            let (answer, recall) = (format!("{opinion}/answer"), format!("{opinion}/recall"));
            let (answered, recalled) = futures_util::future::join(
                counter.app.post(&other, &answer, json!({ "stance": "agree" })),
                counter.app.post(&counter.clerk, &recall, json!({})),
            )
            .await;
            let mut statuses = [answered.status.as_u16(), recalled.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", answered.body, recalled.body);
        }
    }
);

/// What the clerk's draft is answered with; `why` says why no opinion is waited for.
async fn draft(counter: &Counter, case: &str, decision: &str, why: Value) -> Answer {
    let version = counter.app.get(&counter.clerk, case).await.etag();
    let body = json!({
        "decision": decision,
        "reasons": [{ "fact": "位置が重なる", "clause": "第3条", "criterion": "審査基準第3" }],
        "without_opinion": why,
    });
    counter.app.post_if(&counter.clerk, &format!("{case}/proposal"), &version, body).await
}

fn fault(answer: &Answer) -> (&str, &str) {
    let faults = answer.body["errors"].as_array().unwrap();
    assert_eq!(faults.len(), 1, "{}", answer.body);
    (faults[0]["pointer"].as_str().unwrap(), faults[0]["code"].as_str().unwrap())
}

on_both_databases!(
    /// an open question holds every draft; a reason, the answer or the end of the question lets it go on.
    r116_nothing_is_proposed_over_the_head_of_an_office_that_was_asked,
    async |db: TestDb| {
        let (counter, case, _) = scene(&db).await;
        let opinion = ask(&counter, &case).await;
        // The clerk looks at the case before each draft, which is recorded as it should.
        let traces = async || traces(&db).await.into_iter().filter(|(name, _)| *name != "access log").collect::<Vec<_>>();
        let before = traces().await;
        for decision in ["grant", "refuse"] {
            let held = draft(&counter, &case, decision, Value::Null).await;
            assert_eq!(held.problem(), "422 validation_failed");
            assert_eq!(fault(&held), ("/without_opinion", "opinion_awaited"));
            let said = held.body["errors"][0]["message"].as_str().unwrap();
            assert!(said.starts_with("The opinion of Roads Division is still awaited."), "{said}");
        }
        assert_eq!(fault(&draft(&counter, &case, "grant", json!(" ")).await), ("/without_opinion", "required"));
        assert_eq!(traces().await, before);
        let why = "道路課から口頭で異議なしと確認した";
        draft(&counter, &case, "grant", json!(why)).await.expect(201);
        let seen = counter.app.get(&counter.chief, &format!("{case}/proposal")).await.expect(200);
        assert_eq!((&seen["without_opinion"], &seen["opinions_awaited"]), (&json!(why), &json!(["Roads Division"])));
        assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'proposed' AND facts LIKE '%without_opinion_of%kendo-doro%')").await, 1);
        let timeline = counter.app.get(&counter.business, &format!("{case}/timeline")).await.expect(200);
        assert!(!timeline.to_string().contains("kendo-doro"), "the office's own matter: {timeline}");
        let version = counter.app.get(&counter.clerk, &case).await.etag();
        counter.app.post_if(&counter.clerk, &format!("{case}/approval/recall"), &version, json!({})).await.expect(200);

        counter.app.post(&counter.clerk, &format!("{opinion}/recall"), json!({})).await.expect(200);
        let vain = draft(&counter, &case, "grant", json!(why)).await;
        assert_eq!(fault(&vain), ("/without_opinion", "nothing_awaited"));
        draft(&counter, &case, "grant", Value::Null).await.expect(201);
        let seen = counter.app.get(&counter.chief, &format!("{case}/proposal")).await.expect(200);
        assert_eq!((&seen["without_opinion"], &seen["opinions_awaited"]), (&Value::Null, &json!([])));
        assert_eq!(counter.seal(&case).await, "decided");
    }
);

on_both_databases!(
    /// who seals sees that an office was asked after the draft, and is not held by it; another text says why it does not wait.
    r116_an_office_that_is_asked_after_the_draft_holds_no_seal_but_is_seen,
    async |db: TestDb| {
        let (counter, case, other) = scene(&db).await;
        draft(&counter, &case, "grant", Value::Null).await.expect(201);
        let opinion = ask(&counter, &case).await;
        let look = async || counter.app.get(&counter.chief, &format!("{case}/proposal")).await.expect(200);
        let seen = look().await;
        assert_eq!((&seen["opinions_awaited"], &seen["opinions"][0]["state"]), (&json!(["Roads Division"]), &json!("open")));
        assert_eq!(seen["issue"]["missing"], json!([]), "it holds no seal");
        let revise = async |change: Value| {
            let (version, key) = (counter.app.get(&counter.clerk, &case).await.etag(), new_key());
            let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
            let path = format!("{case}/proposal");
            counter.app.call(Method::PATCH, &path, Some(&counter.clerk), &headers, Some(change)).await
        };
        let refuse = json!({ "decision": "refuse" });
        assert_eq!(fault(&revise(refuse.clone()).await), ("/without_opinion", "opinion_awaited"));
        let why = json!({ "decision": "refuse", "without_opinion": "期限を過ぎても回答がない" });
        revise(why).await.expect(200);
        assert_eq!(look().await["without_opinion"], "期限を過ぎても回答がない");
        counter.app.post(&other, &format!("{opinion}/answer"), json!({ "stance": "agree" })).await.expect(200);
        revise(json!({ "decision": "grant" })).await.expect(200);
        let seen = look().await;
        assert_eq!((&seen["without_opinion"], &seen["opinions_awaited"]), (&Value::Null, &json!([])));

        ask(&counter, &case).await;
        assert_eq!(counter.seal(&case).await, "decided");
        assert_eq!(look().await["opinions_awaited"], json!([]), "nothing is awaited of a case that is decided");
    }
);
