//! What came on paper and was entered by staff: the same commands, the attested instant, and no way round anybody.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::policy_coverage::world::{DEPARTMENT, PROCEDURE, paper_draft};
use crate::support::app::{AOMORI, Answer, ON_ISSUE, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::money::Books;
use crate::support::traces::traces;

const BEGIN: &str = "/v1/tenants/020001/departments/kiki-shobo-hoan/applications";
const CASES: &str = "/v1/tenants/020001/applications";
/// Monday, two days before the clock of the tests begins.
const RECEIVED: &str = "2026-03-30T05:00:00Z";

struct Office {
    app: TestApp,
    clerk: Person,
    chief: Person,
}

impl Office {
    async fn open(db: &TestDb) -> Self {
        let app = TestApp::start(db).await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        Self { app, clerk, chief }
    }

    /// A complete draft of what came by that way.
    async fn draft(&self, who: &Person, procedure: &str, channel: &str) -> String {
        let example = self.app.example(AOMORI, procedure).await;
        let mut body = paper_draft();
        body["procedure"] = json!(procedure);
        body["form"] = example["form"].clone();
        body["channel"] = json!(channel);
        body["received_at"] = json!(RECEIVED);
        let draft = self.app.post(who, BEGIN, body).await.expect(201);
        let id = draft["id"].as_str().unwrap().to_owned();
        for file in example["attachments"].as_array().unwrap() {
            self.app.attach(who, AOMORI, &id, file).await.expect(201);
        }
        format!("{CASES}/{id}")
    }

    async fn submit(&self, who: &Person, case: &str) -> Value {
        self.app.post(who, &format!("{case}/submit"), json!({})).await.expect(200)
    }

    async fn act(&self, who: &Person, case: &str, what: &str, body: Value) -> Answer {
        let version = self.app.get(who, case).await.etag();
        self.app.post_if(who, &format!("{case}/{what}"), &version, body).await
    }
}

on_both_databases!(
    /// it arrived when the office received it, as the officer who handed it in attests; its number bears that day
    /// and not the one on which it was entered.
    r194_paper_arrives_at_the_attested_instant_and_is_paid_at_the_counter,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let (app, clerk) = (&office.app, &office.clerk);
        let case = office.draft(clerk, PROCEDURE, "post").await;
        let version = app.get(clerk, &case).await.etag();
        let key = new_key();
        let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
        let phone = Some(json!({ "form": { "phone": "0177221111" } }));
        app.call(Method::PATCH, &case, Some(clerk), &headers, phone).await.expect(200);
        let submitted = office.submit(clerk, &case).await;
        assert_eq!((&submitted["state"], &submitted["arrived_at"]), (&json!("submitted"), &json!(RECEIVED)));
        assert!(submitted["number"].as_str().unwrap().starts_with("20260330-"), "R-122: {submitted}");
        let clock = app.get(clerk, &format!("{case}/clock")).await.expect(200);
        assert_eq!(clock["arrived_on"], "2026-03-30", "the clock runs from there (R-19)");
        let attested = format!("(SELECT COUNT(*) FROM arrivals WHERE channel = 'post' AND attested_by = '{}' \
                                AND recorded_at > arrived_at)", clerk.id);
        assert_eq!(db.count(attested.leak()).await, 1);
        let timeline = app.get(clerk, &format!("{case}/timeline")).await.expect(200);
        let arrival = &timeline["items"][0];
        assert_eq!((&arrival["kind"], &arrival["actor"]["kind"]), (&json!("submitted"), &json!("officer")));
        assert_eq!((&arrival["facts"]["channel"], &arrival["facts"]["received_at"]), (&json!("post"), &json!(RECEIVED)));
        assert_eq!(arrival["facts"]["attested_by"], json!(clerk.id));
        assert_eq!(timeline["chain"], "intact");

        // The money lay in the envelope, so it came before the notice was written.
        let invoice = submitted["invoice"]["id"].as_str().unwrap().to_owned();
        let pay = format!("/v1/tenants/020001/invoices/{invoice}/counter-payments");
        let payment = |day: &str| json!({ "means": "cash", "amount": 22_000, "received_on": day });
        assert_eq!(app.post(clerk, &pay, payment("2026-03-29")).await.problem(), "422 validation_failed");
        app.post(clerk, &pay, payment("2026-03-30")).await.expect(201);
        let receipt = app.get(clerk, &format!("/v1/tenants/020001/invoices/{invoice}/receipt")).await.expect(200);
        assert_eq!((&receipt["kind"], &receipt["obligor"]), (&json!("official_receipt"), &json!("有限会社りんご電設")));
        Books::read(&db.db, AOMORI, &invoice).await.assert_proven();
        let queue = app.get(clerk, "/v1/tenants/020001/departments/kiki-shobo-hoan/queue").await.expect(200);
        assert_eq!(queue["items"][0]["applicant_name"], "有限会社りんご電設");
        app.drain().await;
        assert_eq!(std::fs::read_dir(&app.core.settings.mail.directory).unwrap().count(), 0, "nobody to mail");
        for (table, column) in [("parties", "sealed_party"), ("applications", "sealed_form")] {
            let leak = format!("(SELECT COUNT(*) FROM {table} WHERE CAST({column} AS TEXT) LIKE '%りんご%')");
            assert_eq!(db.count(leak.leak()).await, 0, "{table}");
        }
    }
);

on_both_databases!(
    /// who entered a case and drafted its decision does not seal it; the notice goes by letter.
    r118_whoever_entered_it_does_not_decide_it_alone_and_the_notice_is_a_letter,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let (app, chief) = (&office.app, &office.chief);
        let case = office.draft(chief, ON_ISSUE, "counter").await;
        office.submit(chief, &case).await;
        app.post(chief, &format!("{case}/claim"), json!({})).await.expect(200);
        let grant = json!({ "decision": "grant", "reasons": [], "conditions": [] });
        office.act(chief, &case, "proposal", grant).await.expect(201);
        let own = office.act(chief, &case, "approval/approve", json!({})).await;
        assert_eq!(own.problem(), "403 own_proposal");
        let other = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "second@example.jp").await;
        office.act(&other, &case, "approval/approve", json!({})).await.expect(200);
        let notices = app.get(chief, &format!("{case}/notices")).await.expect(200);
        assert_eq!((&notices["items"][0]["way"], &notices["items"][0]["state"]), (&json!("paper"), &json!("to_print")));
        let letters = "/v1/tenants/020001/departments/kiki-shobo-hoan/paper-notices";
        let letters = app.get(&office.clerk, letters).await.expect(200);
        assert_eq!(letters["items"][0]["addressee"], "有限会社りんご電設");
        assert_eq!(letters["items"][0]["address"], "青森市長島一丁目1番1号");
        // 14,000 of the nation and 2,300 on paper; through the system it would have been 1,900.
        let shown = app.get(chief, &case).await.expect(200);
        assert_eq!(shown["invoice"]["total"], 16_300);
    }
);

on_both_databases!(
    a_correction_is_answered_on_paper_too_and_only_what_was_asked_unlocks,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let (app, clerk) = (&office.app, &office.clerk);
        let case = office.draft(clerk, PROCEDURE, "phone").await;
        let submitted = office.submit(clerk, &case).await;
        app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let early = office.act(clerk, &case, "resubmit", json!({ "form": { "phone": "0177223333" } })).await;
        assert_eq!(early.problem(), "409 wrong_state", "nothing was asked");
        let items = json!([{ "pointer": "/form/phone", "message": "市外局番から" }]);
        app.post(clerk, &format!("{case}/corrections"), json!({ "items": items, "due_on": "2026-04-20" }))
            .await
            .expect(201);
        let other =
            office.act(clerk, &case, "resubmit", json!({ "form": { "office_name": "別の営業所" } })).await;
        assert_eq!(other.problem(), "422 validation_failed");
        office.act(clerk, &case, "resubmit", json!({ "form": { "phone": "0177223333" } })).await.expect(200);
        let shown = app.get(clerk, &case).await.expect(200);
        assert_eq!(
            (&shown["state"], &shown["arrived_at"]),
            (&json!("under_review"), &submitted["arrived_at"])
        );
        assert_eq!(shown["form"]["phone"], "0177223333");
    }
);

on_both_databases!(
    /// R-18(1), R-194: the clock stood still until the answer reached the office, not until somebody entered it.
    r18_r194_an_answer_on_paper_is_dated_by_its_receipt,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let app = &office.app;
        let case = office.draft(&office.clerk, PROCEDURE, "post").await;
        office.submit(&office.clerk, &case).await;
        app.post(&office.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let asked = json!({ "items": [{ "pointer": "/form/phone", "message": "市外局番から" }], "due_on": "2026-04-20" });
        app.post(&office.clerk, &format!("{case}/corrections"), asked).await.expect(201);
        app.advance(SignedDuration::from_hours(24 * 12)).await;
        let clerk = app.sign_in("clerk@example.jp", &office.clerk.id).await;
        for (reason, asked_on) in [("extra_documents", "2026-04-02"), ("applicant_change", "2026-04-08")] {
            let pause = json!({ "reason": reason, "asked_on": asked_on, "note": "図面を待っています。" });
            app.post(&clerk, &format!("{case}/clock-pauses"), pause).await.expect(201);
        }
        let answer = json!({ "form": { "phone": "0177223333" }, "channel": "post" });
        let missing = office.act(&clerk, &case, "resubmit", answer.clone()).await;
        assert_eq!((missing.problem(), &missing.body["errors"][0]["pointer"]), ("422 validation_failed".into(), &json!("/received_at")));
        let at = |instant: &str| {
            let mut answer = answer.clone();
            answer["received_at"] = json!(instant);
            answer
        };
        for (instant, code) in [("2026-03-31T23:00:00Z", "before_request"), ("2026-04-14T00:00:00Z", "future")] {
            let refused = office.act(&clerk, &case, "resubmit", at(instant)).await;
            assert_eq!(refused.body["errors"][0]["code"], code, "{}", refused.body);
        }
        let received = "2026-04-06T01:00:00Z";
        office.act(&clerk, &case, "resubmit", at(received)).await.expect(200);
        let shown = app.get(&clerk, &format!("{case}/corrections")).await.expect(200);
        assert_eq!(shown["items"][0]["answered_at"], received);
        let clock = app.get(&clerk, &format!("{case}/clock")).await.expect(200);
        let ended = |reason: &str| {
            let pauses = clock["pauses"].as_array().unwrap();
            pauses.iter().find(|pause| pause["reason"] == reason).unwrap()["answered_on"].clone()
        };
        assert_eq!((ended("correction"), ended("extra_documents")), (json!("2026-04-06"), json!("2026-04-06")), "{clock}");
        assert_eq!(ended("applicant_change"), "2026-04-08", "what was asked later costs no day");
        let timeline = app.get(&clerk, &format!("{case}/timeline")).await.expect(200);
        let event = timeline["items"].as_array().unwrap().iter().find(|it| it["kind"] == "resubmitted").unwrap();
        let facts = ["channel", "received_at", "attested_by"].map(|fact| event["facts"][fact].clone());
        assert_eq!((facts, &timeline["chain"]), ([json!("post"), json!(received), json!(clerk.id)], &json!("intact")));
        assert_eq!(db.count("(SELECT COUNT(*) FROM resubmissions WHERE answered_at = 1775437200000000)").await, 1);
    }
);

on_both_databases!(
    /// who answers through the system says nothing of when: the system knows it.
    r10_of_an_answer_through_the_system_nothing_is_stated,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let app = &office.app;
        let business = app.register("business@example.jp", "business").await;
        let filed = app.submitted(&business, AOMORI, PROCEDURE).await;
        let case = format!("{CASES}/{}", filed["id"].as_str().unwrap());
        app.post(&office.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let asked = json!({ "items": [{ "pointer": "/form/phone", "message": "市外局番から" }], "due_on": "2026-04-20" });
        app.post(&office.clerk, &format!("{case}/corrections"), asked).await.expect(201);
        let mut answer = json!({ "form": { "phone": "0177223333" }, "channel": "post", "received_at": "2026-04-01T00:00:00Z" });
        let refused = office.act(&business, &case, "resubmit", answer.clone()).await;
        let faults = refused.body["errors"].as_array().unwrap();
        assert_eq!(faults.iter().map(|fault| fault["code"].clone()).collect::<Vec<_>>(), ["paper_only", "paper_only"]);
        answer.as_object_mut().unwrap().retain(|member, _| member == "form");
        office.act(&business, &case, "resubmit", answer).await.expect(200);
    }
);

on_both_databases!(nobody_else_writes_in_or_sees_what_the_office_enters, async |db: TestDb| {
    let office = Office::open(&db).await;
    let (app, clerk) = (&office.app, &office.clerk);
    let business = app.register("business@example.jp", "business").await;
    let elsewhere = app.officer(AOMORI, "kendo-doro", Role::SectionChief, "doro@example.jp").await;
    let accountant = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
    let draft = office.draft(clerk, PROCEDURE, "counter").await;
    let arrived = office.draft(clerk, PROCEDURE, "counter").await;
    office.submit(clerk, &arrived).await;
    let online = format!("{CASES}/{}", app.draft(&business, AOMORI, PROCEDURE).await);
    let filed = app.submitted(&business, AOMORI, PROCEDURE).await;
    let filed = format!("{CASES}/{}", filed["id"].as_str().unwrap());
    let before = traces(&db).await;
    for who in [&business, &elsewhere, &accountant] {
        assert_eq!(app.post(who, BEGIN, paper_draft()).await.problem(), "404 not_found");
        for case in [&draft, &arrived] {
            assert_eq!(app.get(who, case).await.problem(), "404 not_found");
            assert_eq!(app.post(who, &format!("{case}/submit"), json!({})).await.problem(), "404 not_found");
        }
    }
    // what only an applicant does, nobody does for one, and a withdrawal that nobody received is none; a resident's own draft
    // is nobody else's.
    for (case, what, problem) in [
        (&draft, "withdraw", "403 forbidden"),
        (&arrived, "withdraw", "422 validation_failed"),
        (&filed, "withdraw", "403 forbidden"),
        (&draft, "claim", "403 forbidden"),
        (&online, "submit", "404 not_found"),
    ] {
        assert_eq!(app.post(clerk, &format!("{case}/{what}"), json!({})).await.problem(), problem, "{what}");
    }
    let way = app.post(clerk, &format!("{arrived}/notice-way"), json!({ "way": "electronic" })).await;
    assert_eq!(way.problem(), "403 forbidden", "nobody consents for somebody else");
    let second = office.draft(clerk, PROCEDURE, "counter").await;
    let ids = [&draft, &second].map(|case| case.rsplit('/').next().unwrap());
    let together = app.post(clerk, "/v1/tenants/020001/baskets", json!({ "applications": ids })).await;
    assert_eq!(together.problem(), "422 validation_failed", "nobody knows whether they are one person");
    let counted = ["arrivals", "events", "invoices", "keys", "paper filings"];
    let of = |traces: Vec<(&'static str, i64)>| {
        traces.into_iter().filter(|(name, _)| counted.contains(name)).collect::<Vec<_>>()
    };
    let mut expected = of(before);
    // The second draft and its files.
    for (name, more) in [("keys", 1 + files(&office).await), ("paper filings", 1)] {
        expected.iter_mut().find(|(it, _)| *it == name).unwrap().1 += more;
    }
    assert_eq!(of(traces(&db).await), expected);
});

on_both_databases!(
    /// who applied on paper takes it back on paper; an officer enters that act of the applicant and attests it.
    r195_an_application_on_paper_is_taken_back_by_its_applicant_through_the_office,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let (app, clerk) = (&office.app, &office.clerk);
        let case = office.draft(clerk, PROCEDURE, "post").await;
        let invoice = office.submit(clerk, &case).await["invoice"]["id"].as_str().unwrap().to_owned();
        let withdraw = format!("{case}/withdraw");
        let stated = |received_at: &str, reason: &str| json!({ "channel": "post", "received_at": received_at, "reason": reason });
        let faults = async |body: Value| {
            let refused = app.post(clerk, &withdraw, body).await;
            assert_eq!(refused.problem(), "422 validation_failed");
            let faults = refused.body["errors"].as_array().unwrap().iter();
            faults.map(|it| format!("{} {}", it["pointer"].as_str().unwrap(), it["code"].as_str().unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(faults(json!({})).await, ["/channel required", "/received_at required", "/reason required"]);
        let early = stated("2026-03-29T00:00:00Z", "");
        assert_eq!(faults(early).await, ["/received_at before_arrival", "/reason bad_text"]);
        let body = stated("2026-03-31T01:00:00Z", "りんご電設の廃業のため");
        let taken_back = app.post(clerk, &withdraw, body.clone()).await.expect(200);
        assert_eq!(taken_back["state"], "withdrawn");
        assert_eq!(app.post(clerk, &withdraw, body).await.problem(), "409 wrong_state");
        let owed = app.get(clerk, &format!("/v1/tenants/020001/invoices/{invoice}")).await.expect(200);
        assert_eq!(owed["state"], "canceled");
        let timeline = app.get(clerk, &format!("{case}/timeline")).await.expect(200);
        let items = timeline["items"].as_array().unwrap();
        let event = items.iter().find(|item| item["kind"] == "withdrawn").unwrap();
        let facts = json!({ "from": "submitted", "channel": "post", "received_at": "2026-03-31T01:00:00Z", "attested_by": clerk.id,
            "reason": "りんご電設の廃業のため" });
        assert_eq!((&event["facts"], &event["actor"]["kind"], &timeline["chain"]), (&facts, &json!("officer"), &json!("intact")));
        let sealed = "(SELECT COUNT(*) FROM events WHERE kind = 'withdrawn' AND sealed_detail IS NOT NULL \
            AND facts NOT LIKE '%りんご%')";
        assert_eq!(db.count(sealed).await, 1, "why is sealed");
    }
);

on_both_databases!(
    /// online, the act of the applicant is the applicant's alone, and says nothing that the system does not know itself.
    r195_nobody_takes_back_what_was_filed_online_but_its_applicant,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let app = &office.app;
        let business = app.register("business@example.jp", "business").await;
        let filed = app.submitted(&business, AOMORI, PROCEDURE).await;
        let withdraw = format!("{CASES}/{}/withdraw", filed["id"].as_str().unwrap());
        let stated = json!({ "channel": "counter", "received_at": "2026-04-01T00:00:00Z", "reason": "廃業のため" });
        for who in [&office.clerk, &office.chief] {
            assert_eq!(app.post(who, &withdraw, stated.clone()).await.problem(), "403 forbidden");
        }
        let own = app.post(&business, &withdraw, stated).await;
        assert_eq!((own.problem(), own.body["errors"].as_array().unwrap().len()), ("422 validation_failed".into(), 3));
        assert_eq!(app.post(&business, &withdraw, json!({})).await.expect(200)["state"], "withdrawn");
    }
);

async fn files(office: &Office) -> i64 {
    let example = office.app.example(AOMORI, PROCEDURE).await;
    i64::try_from(example["attachments"].as_array().unwrap().len()).unwrap()
}

on_both_databases!(every_fault_of_what_a_clerk_states_is_named_at_once, async |db: TestDb| {
    let office = Office::open(&db).await;
    let before = traces(&db).await;
    let mut body = paper_draft();
    body["received_at"] = json!("2026-04-01T00:00:01Z");
    body["applicant"] =
        json!({ "kind": "business", "name": "", "address": "一行目\n二行目", "corporate_number": "1" });
    let refused = office.app.post(&office.clerk, BEGIN, body).await;
    assert_eq!(refused.problem(), "422 validation_failed");
    let mut pointers: Vec<_> =
        refused.body["errors"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        ["/applicant/address", "/applicant/corporate_number", "/applicant/name", "/received_at"]
    );
    let mut elsewhere = paper_draft();
    elsewhere["procedure"] = json!("nowhere");
    assert_eq!(office.app.post(&office.clerk, BEGIN, elsewhere).await.problem(), "404 not_found");
    assert_eq!(traces(&db).await, before, "a refusal leaves nothing behind");
    office.app.clock.advance(SignedDuration::from_secs(1));
    let key = new_key();
    let headers = [("idempotency-key", key.as_str())];
    let send = || office.app.call(Method::POST, BEGIN, Some(&office.clerk), &headers, Some(paper_draft()));
    let first = send().await.expect(201);
    let again = send().await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(201)["id"], first["id"]);
});
