//! What is issued after a decision is told as the decision was: the correction of it, and an order about its permit.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::decision_changes::{hearing, order, parts, registered, seal};
use crate::fee_timing::Counter;
use crate::support::app::{Person, TestApp};
use crate::support::db::{TestDb, execute};

const LETTERS: &str = "/v1/tenants/020001/departments/kiki-shobo-hoan/paper-notices";

/// A suspension of the permit, issued.
async fn suspend(counter: &Counter, case: &str, permit: &str) {
    let mut held = hearing();
    held["form"] = json!("explanation");
    let body = json!({ "order": "suspension", "ground": "第28条第2項", "effective_on": "2026-04-10",
        "hearing": held, "reasons": [parts("第28条第2項")] });
    order(counter, case, permit, body).await.expect(201);
    seal(counter, case, "permit_order").await.expect(200);
}

async fn correct(counter: &Counter, case: &str) {
    let version = counter.app.get(&counter.clerk, case).await.etag();
    let body = json!({ "error": "条項の誤り", "reasons": [parts("第3条第1項")] });
    let path = format!("{case}/decision/corrections");
    counter.app.post_if(&counter.clerk, &path, &version, body).await.expect(201);
    seal(counter, case, "correction").await.expect(200);
}

async fn wish(counter: &Counter, case: &str, way: &str) {
    let path = format!("{case}/notice-way");
    counter.app.post(&counter.business, &path, json!({ "way": way })).await.expect(201);
}

/// The notice about that, as staff see it; exactly one.
async fn notice(counter: &Counter, case: &str, about: &str) -> Value {
    let listed = counter.app.get(&counter.clerk, &format!("{case}/notices")).await.expect(200);
    let items = listed["items"].as_array().unwrap();
    let mut found = items.iter().filter(|item| item["about"] == about);
    let notice = found.next().unwrap().clone();
    assert!(found.next().is_none(), "{listed}");
    notice
}

/// The status of a document as a page to print.
async fn page_status(app: &TestApp, who: &Person, path: &str) -> u16 {
    let answer = app.raw(Method::GET, path).bearer_auth(&who.token).send().await.unwrap();
    answer.status().as_u16()
}

/// Two days later, with everybody signed in anew.
async fn later(counter: Counter) -> Counter {
    counter.app.advance(SignedDuration::from_hours(48)).await;
    let again = async |email: &str, who: &Person| counter.app.sign_in(email, &who.id).await;
    let business = again("business@example.jp", &counter.business).await;
    let clerk = again("clerk@example.jp", &counter.clerk).await;
    let chief = again("chief@example.jp", &counter.chief).await;
    Counter { business, clerk, chief, app: counter.app }
}

on_both_databases!(
    /// an order about a permit arrives when its holder first retrieves it; reading the decision is not reading the order.
    r38_an_order_about_a_permit_arrives_when_it_is_first_retrieved,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (case, permit) = registered(&counter).await;
        wish(&counter, &case, "electronic").await;
        suspend(&counter, &case, &permit).await;
        assert_eq!(notice(&counter, &case, "decision").await["state"], "to_print", "decided before the wish");
        let made = notice(&counter, &case, "permit_order").await;
        assert_eq!((&made["way"], &made["state"]), (&json!("electronic"), &json!("available")));
        let orders = format!("{permit}/orders");
        let path = format!("/v1/tenants/020001/notices/{}", made["id"].as_str().unwrap());

        let counter = later(counter).await;
        let app = &counter.app;
        let stranger = app.register("stranger@example.jp", "business").await;
        assert_eq!(app.get(&stranger, &path).await.problem(), "404 not_found");
        for officer in [&counter.clerk, &counter.chief] {
            app.get(officer, &orders).await.expect(200);
            app.get(officer, &path).await.expect(200);
        }
        app.get(&counter.business, &format!("{case}/decision")).await.expect(200);
        app.get(&counter.business, &format!("{case}/notices")).await.expect(200);
        assert_eq!(notice(&counter, &case, "permit_order").await["arrived_at"], Value::Null);

        let both = tokio::join!(app.get(&counter.business, &orders), app.get(&counter.business, &path));
        both.0.expect(200);
        let retrieved = both.1.expect(200);
        assert_eq!(retrieved["decision"], Value::Null);
        assert_eq!(retrieved["permit_order"]["text"]["order"], "suspension");
        assert_eq!(retrieved["permit_order"]["id"], made["permit_order"]);

        let counter = later(counter).await;
        counter.app.get(&counter.business, &orders).await.expect(200);
        let arrived = notice(&counter, &case, "permit_order").await;
        assert_eq!((&arrived["state"], &arrived["arrived_at"]), (&json!("arrived"), &json!("2026-04-03T00:00:00Z")));
        let acts: Vec<_> = arrived["acts"].as_array().unwrap().iter().map(|act| act["act"].clone()).collect();
        assert_eq!(acts, ["made", "arrived"], "it arrives once");
        let timeline = counter.app.get(&counter.clerk, &format!("{case}/timeline")).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
    }
);

on_both_databases!(
    /// the document of an order is a retrieval of that order, and the versions of a decision one of its correction.
    r38_a_document_or_the_versions_are_a_retrieval_of_what_they_show,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, business) = (&counter.app, &counter.business);
        let (case, permit) = registered(&counter).await;
        wish(&counter, &case, "electronic").await;
        suspend(&counter, &case, &permit).await;
        let first = notice(&counter, &case, "permit_order").await;
        let lift = json!({ "order": "resumption", "ground": "第28条第2項", "effective_on": "2026-04-09",
            "reasons": ["是正が確認された。"] });
        // The suspension counts from a later day: nothing is lifted before.
        assert_eq!(order(&counter, &case, &permit, lift).await.problem(), "409 order_does_not_fit");
        let document = first["permit_order"].as_str().unwrap();
        let page = format!("{case}/documents/decision/page");
        assert_eq!(page_status(app, business, &page).await, 200);
        assert_eq!(notice(&counter, &case, "permit_order").await["state"], "available");
        let page = format!("{case}/documents/permit_order.{document}/page");
        assert_eq!(page_status(app, business, &page).await, 200);
        assert_eq!(notice(&counter, &case, "permit_order").await["state"], "arrived");

        correct(&counter, &case).await;
        let made = notice(&counter, &case, "correction").await;
        assert_eq!((&made["state"], &made["decision_version"]), (&json!("available"), &json!(2)));
        app.get(business, &format!("{permit}/orders")).await.expect(200);
        assert_eq!(notice(&counter, &case, "correction").await["state"], "available");
        app.get(business, &format!("{case}/decision/versions")).await.expect(200);
        assert_eq!(notice(&counter, &case, "correction").await["state"], "arrived");
    }
);

on_both_databases!(
    /// without consent an order and a correction wait for the department as letters, with the document to print.
    r37_without_consent_an_order_and_a_correction_go_by_letter,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (case, permit) = registered(&counter).await;
        suspend(&counter, &case, &permit).await;
        correct(&counter, &case).await;
        let letters = counter.app.get(&counter.clerk, LETTERS).await.expect(200);
        let letters = letters["items"].as_array().unwrap();
        let mut about: Vec<_> = letters.iter().map(|letter| letter["about"].as_str().unwrap()).collect();
        about.sort_unstable();
        assert_eq!(about, ["correction", "decision", "permit_order"]);
        for letter in letters {
            let page = format!("{case}/documents/{}/page", letter["document"].as_str().unwrap());
            assert_eq!(page_status(&counter.app, &counter.clerk, &page).await, 200, "{letter}");
        }
        counter.app.get(&counter.business, &format!("{permit}/orders")).await.expect(200);
        let order = notice(&counter, &case, "permit_order").await;
        assert_eq!((&order["state"], &order["arrived_at"]), (&json!("to_print"), &Value::Null));
        let posted = format!("/v1/tenants/020001/notices/{}/posted", order["id"].as_str().unwrap());
        let body = json!({ "posted_on": "2026-04-01" });
        counter.app.post(&counter.clerk, &posted, body).await.expect(200);
        let letters = counter.app.get(&counter.clerk, LETTERS).await.expect(200);
        assert_eq!(letters["items"].as_array().unwrap().len(), 2);
    }
);

on_both_databases!(
    /// Notices are listed by the instant at which they were made, those of one instant in the order in which they came to be; their ids
    /// say neither.
    notices_of_a_case_are_listed_in_the_order_in_which_they_were_made,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (case, permit) = registered(&counter).await;
        correct(&counter, &case).await;
        suspend(&counter, &case, &permit).await;
        let listed = async || {
            let listed = counter.app.get(&counter.clerk, &format!("{case}/notices")).await.expect(200);
            let items = listed["items"].as_array().unwrap().clone();
            items.iter().map(|item| item["about"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(listed().await, ["decision", "correction", "permit_order"], "all of one instant");
        let a_day_before = "UPDATE notices SET made_at = made_at - 86400000000 WHERE about = 'permit_order'";
        execute(&db.settings.url, a_day_before);
        assert_eq!(listed().await, ["permit_order", "decision", "correction"]);
    }
);
