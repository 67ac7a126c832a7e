//! Publishing over HTTP: one administrator writes, another approves, every node offers it, drafts find their way.

mod bad_texts;
mod drafts;
mod races;
mod search;
mod stored;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use madoguchi::clock::SystemIds;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::policy::Role;
use madoguchi::drill::Drill;
use madoguchi::service::Core;
use madoguchi::start::{Sources, build_core_on};
use reqwest::Method;
use serde_json::{Value, json};

use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AOMORI, Answer, Person, TestApp, new_key};
use crate::support::db::TestDb;

const PAPERS: &str = "/v1/tenants/020001/procedure-versions";
const PROCEDURE: &str = "denki-koji-toroku";
const SHIPPED: &str = include_str!("../../config/procedures/020001/denki-koji-toroku.yaml");

/// The shipped procedure with another number, first day and fee, and with one field under another name.
fn text(version: u32, from: &str, amount: u32) -> String {
    without_days(SHIPPED)
        .replacen("version: 1", &format!("version: {version}"), 1)
        .replace("effective_from: 2025-04-01", &format!("effective_from: {from}"))
        .replace("22000", &amount.to_string())
        .replace("licence_number", "licence_no")
}

/// The examples arrive on the first day of the version then, whenever that is.
pub fn without_days(text: &str) -> String {
    let is_day =
        |line: &&str| ["arrived_on:", "due_on:"].iter().any(|key| line.trim_start().starts_with(key));
    text.lines().filter(|line| !is_day(line)).flat_map(|line| [line, "\n"]).collect()
}

/// Two administrators.
struct Office {
    app: TestApp,
    first: Person,
    second: Person,
}

impl Office {
    async fn open(db: &TestDb) -> Self {
        let app = TestApp::start(db).await;
        let first = app.officer(AOMORI, DEPARTMENT, Role::Administrator, "first@example.jp").await;
        let second = app.officer(AOMORI, DEPARTMENT, Role::Administrator, "second@example.jp").await;
        Self { app, first, second }
    }

    /// Tokens do not outlive a move of the clock.
    async fn sign_in_again(&mut self) {
        self.first = self.app.sign_in("first@example.jp", &self.first.id).await;
        self.second = self.app.sign_in("second@example.jp", &self.second.id).await;
    }

    async fn write(&self, source: &str) -> Value {
        self.app.post(&self.first, PAPERS, json!({ "source": source })).await.expect(201)
    }

    async fn edit(&self, who: &Person, id: &str, etag: &str, source: &str) -> Answer {
        let key = new_key();
        let headers = [("idempotency-key", key.as_str()), ("if-match", etag)];
        let body = Some(json!({ "source": source }));
        self.app.call(Method::PATCH, &format!("{PAPERS}/{id}"), Some(who), &headers, body).await
    }

    async fn act(&self, who: &Person, id: &str, act: &str) -> Answer {
        let etag = self.app.get(who, &format!("{PAPERS}/{id}")).await.etag();
        self.app.post_if(who, &format!("{PAPERS}/{id}/{act}"), &etag, json!({})).await
    }

    async fn publish(&self, id: &str) -> Value {
        self.act(&self.first, id, "propose").await.expect(200);
        self.act(&self.second, id, "approve").await.expect(200)
    }

    async fn offered(&self, query: &str) -> Answer {
        let path = format!("/v1/tenants/020001/procedures/{PROCEDURE}{query}");
        self.app.call(Method::GET, &path, None, &[], None).await
    }
}

fn id(paper: &Value) -> String {
    paper["id"].as_str().unwrap().to_owned()
}

/// Another node over the same database, with the settings of the first.
async fn another_node(db: &TestDb, app: &TestApp, poll_ms: u64) -> Arc<Core> {
    let mut settings = (*app.core.settings).clone();
    settings.catalogue.poll_ms = poll_ms;
    let sources = Sources {
        clock: db.clock.clone(),
        ids: Arc::new(SystemIds::default()),
        drill: Arc::new(Drill::default()),
    };
    let catalogue = crate::support::catalogue::shipped();
    build_core_on(db.another_node(|_| {}), settings, sources, catalogue).await.unwrap()
}

fn version_on(core: &Core, day: jiff::civil::Date) -> Option<u32> {
    let tenant = TenantCode::parse(AOMORI).unwrap();
    core.catalogue.current().find_procedure(&tenant, PROCEDURE, day).map(|found| found.definition.version)
}

on_both_databases!(a_version_is_written_proposed_approved_and_offered_on_every_node, async |db: TestDb| {
    let office = Office::open(&db).await;
    let neighbour = another_node(&db, &office.app, 50).await;
    let drafted = office.write(&text(2, "2026-05-01", 25000).replace("department:", "departmant:")).await;
    assert_eq!((&drafted["state"], &drafted["version"]), (&json!("draft"), &json!(2)));
    assert!(!drafted["faults"].as_array().unwrap().is_empty(), "a draft may have faults: {drafted}");
    let paper = id(&drafted);
    let refused = office.act(&office.first, &paper, "propose").await;
    assert_eq!(refused.problem(), "422 validation_failed", "publishing may not");

    let good = text(2, "2026-05-01", 25000);
    let edited = office.edit(&office.first, &paper, "\"1\"", &good).await.expect(200);
    assert_eq!((&edited["faults"], &edited["compared_with"]), (&json!([]), &json!(1)), "{edited}");
    let changed: Vec<&str> =
        edited["changes"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    for pointer in
        ["/version", "/effective_from", "/form/licence_no", "/fees/registration@2020-04-01/formula/amount"]
    {
        assert!(changed.contains(&pointer), "{pointer} in {changed:?}");
    }
    office.act(&office.first, &paper, "propose").await.expect(200);
    let own = office.act(&office.first, &paper, "approve").await;
    assert_eq!(own.problem(), "403 own_proposal", "four eyes");
    assert_eq!(version_on(&neighbour, date(2026, 5, 1)), Some(1));
    let published = office.act(&office.second, &paper, "approve").await.expect(200);
    assert_eq!((&published["state"], &published["chain"]), (&json!("published"), &json!("whole")));
    let happened: Vec<&str> =
        published["events"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(happened, ["drafted", "edited", "proposed", "approved"]);

    let today = office.offered("").await.expect(200);
    assert_eq!((&today["version"], &today["effective_to"]), (&json!(1), &json!("2026-04-30")));
    let later = office.offered("?on=2026-05-01").await.expect(200);
    assert_eq!((&later["version"], &later["digest"]), (&json!(2), &published["digest"]));
    assert_eq!(office.offered("?on=yesterday").await.status, 400);
    for _ in 0..100 {
        if version_on(&neighbour, date(2026, 5, 1)) == Some(2) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(version_on(&neighbour, date(2026, 5, 1)), Some(2), "the neighbour sees it within seconds");
    let fresh = another_node(&db, &office.app, 0).await;
    assert_eq!(version_on(&fresh, date(2026, 5, 1)), Some(2), "and so does a node that starts later");
    for act in ["propose", "approve", "withdraw"] {
        let refused = office.act(&office.second, &paper, act).await;
        assert_eq!(refused.problem(), "409 wrong_state", "{act}: what is published never changes");
    }
    let listed = office.app.get(&office.second, PAPERS).await.expect(200);
    assert_eq!(
        (&listed["items"][0]["id"], &listed["items"][0]["state"]),
        (&json!(paper), &json!("published"))
    );
});

on_both_databases!(an_edit_after_the_proposal_voids_it_and_a_return_says_why, async |db: TestDb| {
    let office = Office::open(&db).await;
    let paper = id(&office.write(&text(2, "2026-05-01", 25000)).await);
    office.act(&office.first, &paper, "propose").await.expect(200);
    let returned = json!({ "comment": "手数料の根拠を確認してください。" });
    let own = office.app.post(&office.first, &format!("{PAPERS}/{paper}/return"), returned.clone()).await;
    assert_eq!(own.problem(), "403 own_proposal");
    let empty =
        office.app.post(&office.second, &format!("{PAPERS}/{paper}/return"), json!({ "comment": " " })).await;
    assert_eq!(empty.problem(), "422 validation_failed");
    let back =
        office.app.post(&office.second, &format!("{PAPERS}/{paper}/return"), returned).await.expect(200);
    assert_eq!(back["state"], "returned");
    office.act(&office.first, &paper, "propose").await.expect(200);
    let etag = office.app.get(&office.second, &format!("{PAPERS}/{paper}")).await.etag();
    let edited = office.edit(&office.second, &paper, &etag, &text(2, "2026-05-01", 26000)).await.expect(200);
    assert_eq!((&edited["state"], &edited["proposer"]), (&json!("draft"), &Value::Null));
    let void = office.act(&office.second, &paper, "approve").await;
    assert_eq!(void.problem(), "409 wrong_state", "the proposal is void");
    office.act(&office.first, &paper, "propose").await.expect(200);
    let writer = office.act(&office.second, &paper, "approve").await;
    assert_eq!(writer.problem(), "403 own_proposal", "who wrote on it does not approve it");
});

on_both_databases!(a_repeated_approval_is_the_same_approval, async |db: TestDb| {
    let office = Office::open(&db).await;
    let paper = id(&office.write(&text(2, "2026-05-01", 25000)).await);
    office.act(&office.first, &paper, "propose").await.expect(200);
    let headers = [("idempotency-key", "approve-once"), ("if-match", "\"2\"")];
    let path = format!("{PAPERS}/{paper}/approve");
    let approve = || office.app.call(Method::POST, &path, Some(&office.second), &headers, Some(json!({})));
    let (once, again) = (approve().await, approve().await);
    assert_eq!((once.status.as_u16(), again.status.as_u16()), (200, 200), "{}", again.body);
    assert!(again.headers.contains_key("idempotency-replayed"));
    assert_eq!(once.body, again.body);
    assert_eq!(db.count("(SELECT revision FROM catalogue_state)").await, 1);
    let stale = office.app.post_if(&office.second, &path, "\"1\"", json!({})).await;
    assert_eq!(stale.problem(), "412 stale_version");
});
