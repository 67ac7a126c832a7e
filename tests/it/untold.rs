//! What an electronic notice has not told yet, no other door tells: neither the permit, nor its document, nor the timeline.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::decision_changes::{hearing, order, parts, registered, seal};
use crate::dispositions::renew;
use crate::fee_timing::Counter;
use crate::policy_coverage::world::{approve, draft_of, pay, propose, submit};
use crate::support::app::{AOMORI, Person};
use crate::support::db::TestDb;

const PERMITS: &str = "/v1/tenants/020001/permits";

/// A registration that was granted to somebody who wished for electronic notices; gives its path and that of the permit.
async fn granted_electronically(counter: &Counter) -> (String, String) {
    let (app, business) = (&counter.app, &counter.business);
    let case = submit(app, business, draft_of(app, business).await).await;
    let path = format!("/v1/tenants/{AOMORI}/applications/{}", case.id);
    wish(counter, &path).await;
    pay(app, business, &case).await;
    propose(app, &counter.clerk, &case).await;
    approve(app, &counter.chief, &case).await;
    let granted = app.get(&counter.clerk, PERMITS).await.expect(200);
    (path, format!("{PERMITS}/{}", granted["items"][0]["id"].as_str().unwrap()))
}

async fn wish(counter: &Counter, case: &str) {
    let way = json!({ "way": "electronic" });
    counter.app.post(&counter.business, &format!("{case}/notice-way"), way).await.expect(201);
}

/// The state of the only notice about that, as staff see it.
async fn notice(counter: &Counter, case: &str, about: &str) -> Value {
    let listed = counter.app.get(&counter.clerk, &format!("{case}/notices")).await.expect(200);
    let mut of_kind = listed["items"].as_array().unwrap().iter().filter(|item| item["about"] == about);
    of_kind.next().unwrap()["state"].clone()
}

/// The facts of the events of a kind, as somebody reads them.
async fn told(counter: &Counter, who: &Person, case: &str, kind: &str) -> Vec<Value> {
    let timeline = counter.app.get(who, &format!("{case}/timeline")).await.expect(200);
    let items = timeline["items"].as_array().unwrap().iter();
    items.filter(|item| item["kind"] == kind).map(|item| item["facts"].clone()).collect()
}

async fn document_kinds(counter: &Counter, who: &Person, case: &str) -> Vec<Value> {
    let listed = counter.app.get(who, &format!("{case}/documents")).await.expect(200);
    listed["items"].as_array().unwrap().iter().map(|item| item["kind"].clone()).collect()
}

async fn page_status(counter: &Counter, who: &Person, path: &str) -> u16 {
    let answer = counter.app.raw(Method::GET, path).bearer_auth(&who.token).send().await.unwrap();
    answer.status().as_u16()
}

on_both_databases!(
    /// until the notice is retrieved no timeline, list or permit says what was decided; the permit's document is a retrieval.
    r38_nothing_tells_what_was_decided_before_its_notice_is_retrieved,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, business, clerk) = (&counter.app, &counter.business, &counter.clerk);
        let (case, permit) = granted_electronically(&counter).await;
        assert_eq!(notice(&counter, &case, "decision").await, "available");

        assert_eq!(told(&counter, business, &case, "decided").await, [Value::Null]);
        assert_eq!(told(&counter, clerk, &case, "decided").await[0]["decision"], "grant");
        assert_eq!(app.get(business, "/v1/me/permits").await.expect(200)["items"], json!([]));
        assert_eq!(app.get(business, &permit).await.problem(), "404 not_found");
        let renewal = app.post(business, &format!("{permit}/renewal"), json!({})).await;
        assert_eq!(renewal.problem(), "404 not_found");
        app.get(clerk, &permit).await.expect(200);
        let kinds = document_kinds(&counter, business, &case).await;
        assert!(kinds.contains(&json!("decision")) && !kinds.contains(&json!("permit")), "{kinds:?}");
        assert!(document_kinds(&counter, clerk, &case).await.contains(&json!("permit")));
        let waits = app.get(business, &format!("{case}/notices")).await.expect(200);
        assert_eq!(waits["items"][0]["state"], "available", "that one waits is seen, and none of this was a retrieval");

        let page = format!("{case}/documents/permit/page");
        assert_eq!(page_status(&counter, clerk, &page).await, 200);
        assert_eq!(notice(&counter, &case, "decision").await, "available", "an officer's look is no retrieval");
        assert_eq!(page_status(&counter, business, &page).await, 200);
        assert_eq!(notice(&counter, &case, "decision").await, "arrived", "the permit says what was decided");
        assert_eq!(told(&counter, business, &case, "decided").await[0]["decision"], "grant");
        let mine = app.get(business, "/v1/me/permits").await.expect(200);
        assert_eq!(mine["items"][0]["state"], "valid");
        app.get(business, &permit).await.expect(200);
    }
);

on_both_databases!(
    /// that a permit was renewed shows in the old one once the notice of the new one is retrieved.
    r38_the_old_permit_does_not_tell_that_a_new_one_took_its_place,
    async |db: TestDb| {
        let mut counter = Counter::open(&db).await;
        let (_, permit) = registered(&counter).await;
        counter.app.advance(SignedDuration::from_hours(24 * (365 * 5 - 40))).await;
        counter.app.drain().await;
        counter.business = counter.app.sign_in("business@example.jp", &counter.business.id).await;
        counter.clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        counter.chief = counter.app.sign_in("chief@example.jp", &counter.chief.id).await;
        let renewal = renew(&counter.app, &counter.business, &permit).await;
        let path = format!("/v1/tenants/{AOMORI}/applications/{}", renewal.id);
        wish(&counter, &path).await;
        propose(&counter.app, &counter.clerk, &renewal).await;
        approve(&counter.app, &counter.chief, &renewal).await;
        let happened = async |who: &Person| {
            let shown = counter.app.get(who, &permit).await.expect(200);
            (shown["state"].clone(), shown["events"].as_array().unwrap().len())
        };
        let mine = async || {
            let mine = counter.app.get(&counter.business, "/v1/me/permits").await.expect(200);
            mine["items"].as_array().unwrap().len()
        };
        assert_eq!(happened(&counter.business).await, (Value::Null, 1));
        assert_eq!(happened(&counter.clerk).await, (json!("valid"), 2), "the new term begins after the old one");
        assert_eq!(mine().await, 1);
        counter.app.get(&counter.business, &format!("{path}/decision")).await.expect(200);
        assert_eq!(happened(&counter.business).await, (json!("valid"), 2));
        assert_eq!(mine().await, 2);
    }
);

on_both_databases!(
    /// an order about a permit and a correction are told by their notices first.
    r38_nothing_tells_of_an_order_or_a_correction_before_its_notice_is_retrieved,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, business, clerk) = (&counter.app, &counter.business, &counter.clerk);
        let (case, permit) = registered(&counter).await;
        wish(&counter, &case).await;
        let mut held = hearing();
        held["form"] = json!("explanation");
        let body = json!({ "order": "suspension", "ground": "第28条第2項", "effective_on": "2026-04-01",
            "hearing": held, "reasons": [parts("第28条第2項")] });
        order(&counter, &case, &permit, body).await.expect(201);
        seal(&counter, &case, "permit_order").await.expect(200);
        let version = app.get(clerk, &case).await.etag();
        let body = json!({ "error": "条項の誤り", "reasons": [parts("第3条第1項")] });
        app.post_if(clerk, &format!("{case}/decision/corrections"), &version, body).await.expect(201);
        seal(&counter, &case, "correction").await.expect(200);

        let shown = async |who: &Person| {
            let shown = app.get(who, &permit).await.expect(200);
            let events = shown["events"].as_array().unwrap().iter();
            (shown["state"].clone(), events.map(|event| event["happening"].clone()).collect::<Vec<_>>())
        };
        assert_eq!(shown(business).await, (Value::Null, vec![json!("issued")]));
        assert_eq!(shown(clerk).await, (json!("suspended"), vec![json!("issued"), json!("suspended")]));
        let mine = app.get(business, "/v1/me/permits").await.expect(200);
        assert_eq!((&mine["items"][0]["state"], &mine["items"][0]["events"][1]), (&Value::Null, &Value::Null));
        assert_eq!(told(&counter, business, &case, "permit_suspended").await, Vec::<Value>::new());
        assert_eq!(told(&counter, clerk, &case, "permit_suspended").await.len(), 1);
        assert_eq!(told(&counter, business, &case, "decision_corrected").await, [Value::Null]);
        assert_eq!(notice(&counter, &case, "permit_order").await, "available", "none of this was a retrieval");

        app.get(business, &format!("{permit}/orders")).await.expect(200);
        assert_eq!(shown(business).await, shown(clerk).await);
        assert_eq!(told(&counter, business, &case, "permit_suspended").await.len(), 1);
        assert_eq!(told(&counter, business, &case, "decision_corrected").await, [Value::Null], "that is another notice");
        app.get(business, &format!("{case}/decision")).await.expect(200);
        assert_eq!(told(&counter, business, &case, "decision_corrected").await[0]["version"], 2);
    }
);
