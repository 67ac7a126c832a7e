//! How a decision reaches whom it concerns: electronically where that was wished for, else by letter.

use diesel::prelude::*;
use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use madoguchi::store::StoreError;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AOMORI, Answer, ON_ISSUE, Person, new_key};
use crate::support::db::TestDb;
use crate::support::font::without_font;
use crate::support::repeat::everything_again;
use crate::support::traces::traces;

const LETTERS: &str = "/v1/tenants/020001/departments/kiki-shobo-hoan/paper-notices";

/// A case with its notice.
struct Scene {
    counter: Counter,
    case: String,
}

impl Scene {
    /// A case that waits for its decision.
    async fn set(db: &TestDb) -> Self {
        Self::set_with(Counter::open(db).await).await
    }

    /// Another case of the same people.
    async fn set_with(counter: Counter) -> Self {
        let case = counter.claimed(ON_ISSUE).await;
        Self { counter, case }
    }

    async fn wish(&self, way: &str) -> Answer {
        let path = format!("{}/notice-way", self.case);
        self.counter.app.post(&self.counter.business, &path, json!({ "way": way })).await
    }

    async fn decide(&self, decision: &str) {
        self.counter.propose(&self.case, decision).await;
        assert_eq!(self.counter.seal(&self.case).await, "decided");
    }

    async fn list(&self, who: &Person) -> Value {
        self.counter.app.get(who, &format!("{}/notices", self.case)).await.expect(200)
    }

    /// The only notice, as staff see it.
    async fn notice(&self) -> Value {
        let items = self.list(&self.counter.clerk).await["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
        items[0].clone()
    }

    async fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/020001/notices/{}{rest}", self.notice().await["id"].as_str().unwrap())
    }

    async fn letters(&self) -> Vec<Value> {
        let page = self.counter.app.get(&self.counter.clerk, LETTERS).await.expect(200);
        page["items"].as_array().unwrap().clone()
    }

    async fn say(&self, who: &Person, what: &str, body: Value) -> Answer {
        self.counter.app.post(who, &self.path(what).await, body).await
    }

    async fn later(self, days: i64) -> Self {
        self.counter.app.advance(SignedDuration::from_hours(24 * days)).await;
        let again = async |email: &str, who: &Person| self.counter.app.sign_in(email, &who.id).await;
        let business = again("business@example.jp", &self.counter.business).await;
        let clerk = again("clerk@example.jp", &self.counter.clerk).await;
        let chief = again("chief@example.jp", &self.counter.chief).await;
        let counter = Counter { business, clerk, chief, app: self.counter.app };
        Self { counter, case: self.case }
    }
}

fn acts(notice: &Value) -> Vec<&str> {
    notice["acts"].as_array().unwrap().iter().map(|act| act["act"].as_str().unwrap()).collect()
}

async fn run(db: &TestDb, sql: &'static str) -> Result<usize, StoreError> {
    let statement = move |tx: &mut madoguchi::store::Tx<'_>| {
        Ok::<_, StoreError>(diesel::sql_query(sql).execute(tx.change())?)
    };
    db.db.write_alone(vec![], statement).await
}

on_both_databases!(
    /// an electronic notice that nobody retrieves is somebody's work after ten open days; it neither arrives by that nor turns
    /// to paper by itself.
    r195_an_electronic_notice_that_nobody_retrieves_comes_onto_the_list_of_letters,
    async |db: TestDb| {
        let scene = Scene::set(&db).await;
        scene.wish("electronic").await.expect(201);
        scene.decide("grant").await;
        let scene = scene.later(14).await;
        assert_eq!(scene.letters().await, Vec::<Value>::new(), "2026-04-15 is the tenth open day");
        let scene = scene.later(1).await;
        let letters = scene.letters().await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        let word = |name: &str| letters[0][name].as_str().unwrap().to_owned();
        assert_eq!((word("way"), word("state")), ("electronic".to_owned(), "available".to_owned()));
        let notice = scene.notice().await;
        assert_eq!((&notice["state"], &notice["arrived_at"]), (&json!("available"), &Value::Null));
        scene.say(&scene.counter.clerk, "/paper", json!({ "reason": "受領されないため" })).await.expect(200);
        let letters = scene.letters().await;
        assert_eq!((letters.len(), &letters[0]["way"], &letters[0]["state"]), (1, &json!("paper"), &json!("to_print")));

        // One that is retrieved is nobody's work.
        let other = Scene::set_with(scene.counter).await;
        other.wish("electronic").await.expect(201);
        other.decide("grant").await;
        let other = other.later(20).await;
        assert_eq!(other.letters().await.len(), 2);
        other.counter.app.get(&other.counter.business, &other.path("").await).await.expect(200);
        assert_eq!(other.letters().await.len(), 1);
    }
);

on_both_databases!(
    /// by consent, and arrived at the first retrieval by the addressee, once for ever.
    r38_the_first_retrieval_by_the_addressee_is_the_arrival,
    async |db: TestDb| {
        let scene = Scene::set(&db).await;
        assert_eq!(scene.list(&scene.counter.business).await["wish"], json!({ "way": "paper", "recorded_at": null }));
        let wished = scene.wish("electronic").await.expect(201);
        assert_eq!((&wished["way"], &wished["recorded_at"]), (&json!("electronic"), &json!("2026-04-01T00:00:00Z")));
        scene.decide("grant").await;
        let notice = scene.notice().await;
        assert_eq!((&notice["way"], &notice["state"], &notice["arrived_at"]), (&json!("electronic"), &json!("available"), &Value::Null));
        assert_eq!(scene.letters().await, Vec::<Value>::new());

        let scene = scene.later(2).await;
        let app = &scene.counter.app;
        let path = scene.path("").await;
        // A mail is no arrival, and neither is an officer's look, nor that the addressee sees that there is one.
        app.drain().await;
        for looking in [path.clone(), format!("{}/decision", scene.case), format!("{}/notices", scene.case)] {
            app.get(&scene.counter.clerk, &looking).await.expect(200);
        }
        app.get(&scene.counter.chief, &format!("{}/documents/decision", scene.case)).await;
        scene.list(&scene.counter.business).await;
        assert_eq!(scene.notice().await["arrived_at"], Value::Null);
        let stranger = app.register("stranger@example.jp", "business").await;
        assert_eq!(app.get(&stranger, &path).await.problem(), "404 not_found");

        let both = tokio::join!(app.get(&scene.counter.business, &path), app.get(&scene.counter.business, &path));
        for answer in [both.0, both.1] {
            let retrieved = answer.expect(200);
            assert_eq!(retrieved["decision"]["decision"], "grant");
            assert_eq!((&retrieved["notice"]["state"], &retrieved["notice"]["arrived_at"]), (&json!("arrived"), &json!("2026-04-03T00:00:00Z")));
        }
        let scene = scene.later(1).await;
        let app = &scene.counter.app;
        everything_again(&db.db, async || { app.drain().await; }).await;
        let again = app.get(&scene.counter.business, &path).await.expect(200)["notice"].clone();
        assert_eq!(again["arrived_at"], "2026-04-03T00:00:00Z");
        assert_eq!(acts(&again), ["made", "arrived"]);
        let timeline = app.get(&scene.counter.clerk, &format!("{}/timeline", scene.case)).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
        let kinds: Vec<_> = timeline["items"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "notice_arrived").count(), 1, "{kinds:?}");
        let letter = scene.say(&scene.counter.clerk, "/paper", json!({ "reason": "念のため" })).await;
        assert_eq!(letter.problem(), "409 notice_stands_elsewhere", "what has arrived stays arrived");
        assert!(run(&db, "UPDATE notices SET arrived_at = arrived_at + 1").await.is_err(), "it arrives once");
        assert!(run(&db, "DELETE FROM notices").await.is_err());
        assert!(run(&db, "UPDATE notice_consents SET way = 'paper'").await.is_err());
        assert!(run(&db, "DELETE FROM notice_acts").await.is_err());
        assert_eq!(db.count("(SELECT COUNT(*) FROM notices)").await, 1);
    }
);

on_both_databases!(
    /// reading the decision, or its document, is a retrieval like any other.
    r38_reading_the_decision_or_its_document_is_a_retrieval,
    async |db: TestDb| {
        let scene = Scene::set(&db).await;
        scene.wish("electronic").await.expect(201);
        scene.decide("grant").await;
        scene.counter.app.get(&scene.counter.business, &format!("{}/decision", scene.case)).await.expect(200);
        assert_eq!(scene.notice().await["state"], "arrived");
        let case = scene.counter.claimed(ON_ISSUE).await;
        let scene = Scene { counter: scene.counter, case };
        scene.wish("electronic").await.expect(201);
        scene.decide("grant").await;
        let document = format!("{}/documents/decision", scene.case);
        let made = scene.counter.app.get(&scene.counter.business, &document).await;
        let expected = if made.status == 200 { "arrived" } else { "available" };
        if made.status != 200 {
            assert_eq!(made.problem(), "503 font_missing");
            without_font();
        }
        assert_eq!(scene.notice().await["state"], expected, "{}", made.status);
        let copy = format!("{}/documents/application_copy", scene.case);
        scene.counter.app.get(&scene.counter.business, &copy).await;
        assert_eq!(scene.notice().await["state"], expected, "a copy of the application is no notice");
    }
);

on_both_databases!(
    /// without consent a notice goes by letter, and reading it here is no arrival.
    r37_without_consent_a_letter_waits_for_the_department,
    async |db: TestDb| {
        let scene = Scene::set(&db).await;
        scene.wish("electronic").await.expect(201);
        scene.wish("paper").await.expect(201);
        scene.decide("refuse").await;
        scene.wish("electronic").await.expect(201);
        let letters = scene.letters().await;
        assert_eq!(letters.len(), 1, "a wish counts for decisions that follow it");
        assert_eq!((&letters[0]["state"], &letters[0]["addressee"]), (&json!("to_print"), &json!("工藤 太郎")));
        let reads = "(SELECT COUNT(*) FROM access_log WHERE operation = 'paper_notices')";
        assert_eq!(db.count(reads).await, 1, "that somebody looked is recorded");
        let path = scene.path("").await;
        let read = scene.counter.app.get(&scene.counter.business, &path).await.expect(200);
        assert_eq!((&read["notice"]["state"], &read["notice"]["arrived_at"]), (&json!("to_print"), &Value::Null));

        let (business, clerk) = (&scene.counter.business, &scene.counter.clerk);
        let other = scene.counter.app.officer(AOMORI, "kendo-doro", Role::SectionChief, "doro@example.jp").await;
        let before = traces(&db).await;
        let posted = json!({ "posted_on": "2026-04-01", "tracking": "123-45-67890-1" });
        assert_eq!(scene.say(business, "/posted", posted.clone()).await.problem(), "403 forbidden");
        for (body, problem) in [
            (json!({ "posted_on": "2026-03-31" }), "422 validation_failed"),
            (json!({ "posted_on": "2026-04-02" }), "422 validation_failed"),
            (json!({ "posted_on": "2026-04-01", "tracking": " " }), "422 validation_failed"),
        ] {
            assert_eq!(scene.say(clerk, "/posted", body.clone()).await.problem(), problem, "{body}");
        }
        let back = json!({ "returned_on": "2026-04-01", "reason": "あて所に尋ねあたりません" });
        assert_eq!(scene.say(clerk, "/returned", back.clone()).await.problem(), "409 notice_stands_elsewhere");
        let notices = scene.path("/posted").await;
        assert_eq!(scene.counter.app.post(&other, &notices, posted.clone()).await.problem(), "404 not_found");
        assert_eq!(scene.counter.app.get(&other, LETTERS).await.problem(), "404 not_found");
        let looked = |now: Vec<(&'static str, i64)>| now.into_iter().filter(|(name, _)| *name != "access log").collect::<Vec<_>>();
        assert_eq!(looked(traces(&db).await), looked(before), "a refusal leaves nothing behind");
    }
);

on_both_databases!(a_letter_that_came_back_waits_again_and_every_posting_is_kept, async |db: TestDb| {
    let scene = Scene::set(&db).await;
    scene.decide("grant").await;
    let clerk = &scene.counter.clerk;
    let key = new_key();
    let headers = [("idempotency-key", key.as_str())];
    let path = scene.path("/posted").await;
    let body = || Some(json!({ "posted_on": "2026-04-01", "tracking": "123-45-67890-1" }));
    let send = || scene.counter.app.call(Method::POST, &path, Some(clerk), &headers, body());
    let posted = send().await.expect(200);
    assert_eq!((&posted["state"], &posted["posted_on"]), (&json!("posted"), &json!("2026-04-01")));
    let again = send().await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(200), posted);
    assert_eq!(scene.letters().await, Vec::<Value>::new());
    let second = scene.say(clerk, "/posted", json!({ "posted_on": "2026-04-01" })).await;
    assert_eq!(second.problem(), "409 notice_stands_elsewhere");

    let scene = scene.later(6).await;
    let clerk = &scene.counter.clerk;
    let back = |day: &str| json!({ "returned_on": day, "reason": "あて所に尋ねあたりません" });
    assert_eq!(scene.say(clerk, "/returned", back("2026-03-31")).await.problem(), "422 validation_failed");
    scene.say(clerk, "/returned", back("2026-04-06")).await.expect(200);
    let letters = scene.letters().await;
    assert_eq!((&letters[0]["state"], &letters[0]["posted_on"]), (&json!("returned"), &json!("2026-04-01")));
    scene.say(clerk, "/posted", json!({ "posted_on": "2026-04-07" })).await.expect(200);
    let notice = scene.notice().await;
    assert_eq!(acts(&notice), ["made", "posted", "returned", "posted"]);
    assert_eq!(notice["acts"][1]["text"], "123-45-67890-1");
    assert_eq!(notice["acts"][2]["text"], "あて所に尋ねあたりません");
    assert_eq!((&notice["posted_on"], &notice["arrived_at"]), (&json!("2026-04-07"), &Value::Null));
    let leak = "(SELECT COUNT(*) FROM notice_acts WHERE CAST(sealed_text AS TEXT) LIKE '%67890%')";
    assert_eq!(db.count(leak).await, 0, "texts are sealed");
    let timeline = scene.counter.app.get(clerk, &format!("{}/timeline", scene.case)).await.expect(200);
    assert_eq!(timeline["chain"], "intact");
});

on_both_databases!(
    /// what the law wants on paper goes by letter whatever was wished for; a refusal hands no permit over.
    r39_a_permit_that_is_paper_by_law_is_never_given_electronically,
    async |db: TestDb| {
        let text = include_str!("support/procedures/on-issue.yaml")
            .replace("id: test-on-issue", "id: test-paper-only")
            .replace("retention_years:", "issuance: { channel: paper_only, basis: 旅券法第8条 }\nretention_years:");
        let name = "procedures/020001/test-paper-only.yaml".to_owned();
        let app = crate::support::app::TestApp::start_over(&db, [(name, text)], |_| {}).await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        let counter = Counter { app, business, clerk, chief };
        let case = counter.claimed("test-paper-only").await;
        let scene = Scene { counter, case };
        scene.wish("electronic").await.expect(201);
        scene.decide("grant").await;
        assert_eq!(scene.notice().await["way"], "paper");
        let case = scene.counter.claimed("test-paper-only").await;
        let scene = Scene { case, ..scene };
        scene.wish("electronic").await.expect(201);
        scene.decide("refuse").await;
        assert_eq!(scene.notice().await["way"], "electronic");
        // What is granted in part or under conditions is a permit too, and so is its correction.
        for granted in ["partial_refusal", "conditional_grant"] {
            let case = scene.counter.claimed("test-paper-only").await;
            let counter = &scene.counter;
            let way = json!({ "way": "electronic" });
            counter.app.post(&counter.business, &format!("{case}/notice-way"), way).await.expect(201);
            let conditions = if granted == "conditional_grant" { json!(["毎年報告すること"]) } else { json!([]) };
            let reason = |clause: &str| json!([{ "fact": "位置が重なる", "clause": clause, "criterion": "審査基準第3" }]);
            let body = json!({ "decision": granted, "reasons": reason("第3条"), "conditions": conditions });
            let version = counter.app.get(&counter.clerk, &case).await.etag();
            counter.app.post_if(&counter.clerk, &format!("{case}/proposal"), &version, body).await.expect(201);
            assert_eq!(counter.seal(&case).await, "decided");
            let version = counter.app.get(&counter.clerk, &case).await.etag();
            let body = json!({ "error": "条項の誤り", "reasons": reason("第4条"), "conditions": conditions });
            let path = format!("{case}/decision/corrections");
            counter.app.post_if(&counter.clerk, &path, &version, body).await.expect(201);
            crate::decision_changes::seal(counter, &case, "correction").await.expect(200);
            let listed = counter.app.get(&counter.clerk, &format!("{case}/notices")).await.expect(200);
            let ways: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["way"].clone()).collect();
            assert_eq!(ways, ["paper", "paper"], "{granted}: {listed}");
        }
    }
);

on_both_databases!(what_nobody_retrieves_goes_by_letter_after_all, async |db: TestDb| {
    let scene = Scene::set(&db).await;
    scene.wish("electronic").await.expect(201);
    scene.decide("grant").await;
    let scene = scene.later(15).await;
    let (clerk, business) = (&scene.counter.clerk, &scene.counter.business);
    let why = json!({ "reason": "2週間経過しても取得されないため" });
    assert_eq!(scene.say(business, "/paper", why.clone()).await.problem(), "403 forbidden");
    assert_eq!(scene.say(clerk, "/paper", json!({ "reason": "" })).await.problem(), "422 validation_failed");
    scene.say(clerk, "/paper", why.clone()).await.expect(200);
    assert_eq!(scene.letters().await.len(), 1);
    scene.counter.app.get(business, &scene.path("").await).await.expect(200);
    let notice = scene.notice().await;
    assert_eq!(
        (&notice["way"], &notice["state"], &notice["arrived_at"]),
        (&json!("paper"), &json!("to_print"), &Value::Null)
    );
    assert_eq!(scene.say(clerk, "/paper", why).await.problem(), "409 notice_stands_elsewhere");
});

on_both_databases!(
    /// what nobody retrieves has not arrived, so the case is not closed; after the retrieval, or by letter, it is.
    r195_a_case_stays_open_until_its_electronic_notice_is_retrieved_or_goes_by_letter,
    async |db: TestDb| {
        let mut scene = Scene::set(&db).await;
        scene.wish("electronic").await.expect(201);
        scene.decide("refuse").await;
        let first = scene.case.clone();
        scene.case = scene.counter.claimed(ON_ISSUE).await;
        scene.wish("electronic").await.expect(201);
        scene.decide("refuse").await;
        let state = async |scene: &Scene, case: &str| scene.counter.app.get(&scene.counter.clerk, case).await.expect(200)["state"].clone();
        for _ in 0..3 {
            scene = scene.later(1).await;
            scene.counter.app.drain().await;
        }
        assert_eq!((state(&scene, &first).await, state(&scene, &scene.case).await), (json!("decided"), json!("decided")));
        let why = json!({ "reason": "取得されないため" });
        scene.say(&scene.counter.clerk, "/paper", why).await.expect(200);
        scene.counter.app.get(&scene.counter.business, &format!("{first}/decision")).await.expect(200);
        scene = scene.later(1).await;
        scene.counter.app.drain().await;
        assert_eq!((state(&scene, &first).await, state(&scene, &scene.case).await), (json!("closed"), json!("decided")));
        scene.counter.app.post_letters(&scene.counter.clerk, &scene.case).await;
        scene = scene.later(1).await;
        scene.counter.app.drain().await;
        assert_eq!(state(&scene, &scene.case).await, "closed");
    }
);
