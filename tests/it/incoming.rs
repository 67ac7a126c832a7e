//! What comes in gets a number and a day (収受番号・収受日, R-122): without gaps or doubles however many arrive and number at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use madoguchi::domain::document_number::{Irregularity, Series};
use madoguchi::domain::id::TenantCode;
use madoguchi::service::incoming::Look;
use madoguchi::service::{document_number, incoming};
use madoguchi::store::StoreError;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::policy_coverage::world::{DEPARTMENT, paper_draft};
use crate::support::app::{AOMORI, ON_ISSUE, TestApp};
use crate::support::core::core_over;
use crate::support::db::{TestDb, execute};

/// How many cases arrive while numbers are given.
const AT_ONCE: usize = 24;
/// Monday, in the fiscal year before the one in which the tests begin.
const RECEIVED: &str = "2026-03-30T05:00:00Z";

/// Hands in what lay in the letter box two days before; gives its path.
async fn on_paper(counter: &Counter) -> String {
    let example = counter.app.example(AOMORI, ON_ISSUE).await;
    let mut body = paper_draft();
    body["procedure"] = json!(ON_ISSUE);
    body["form"] = example["form"].clone();
    body["received_at"] = json!(RECEIVED);
    let path = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/applications");
    let draft = counter.app.post(&counter.clerk, &path, body).await.expect(201);
    let case = format!("/v1/tenants/{AOMORI}/applications/{}", draft["id"].as_str().unwrap());
    for file in example["attachments"].as_array().unwrap() {
        counter.app.attach(&counter.clerk, AOMORI, draft["id"].as_str().unwrap(), file).await.expect(201);
    }
    counter.app.post(&counter.clerk, &format!("{case}/submit"), json!({})).await.expect(200);
    case
}

async fn register(counter: &Counter, query: &str) -> Value {
    let path = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/incoming{query}");
    counter.app.get(&counter.clerk, &path).await.expect(200)
}

on_both_databases!(
    r122_what_comes_in_is_numbered_by_office_and_year_of_its_arrival_without_gaps_however_many_number_at_once,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, tenant) = (&counter.app, TenantCode::parse(AOMORI).unwrap());
        let paper = on_paper(&counter).await;
        let before = app.get(&counter.clerk, &paper).await.expect(200);
        assert_eq!((&before["incoming_number"], &before["incoming_on"]), (&Value::Null, &Value::Null));
        // Some arrive while four workers number what is there already.
        let arrive = join_all((0..AT_ONCE).map(|_| app.submitted(&counter.business, AOMORI, ON_ISSUE)));
        let number = async || {
            let runs = join_all((0..4).map(|_| incoming::number(&app.core, &tenant))).await;
            runs.into_iter().map(Result::unwrap).sum::<u64>()
        };
        let (_, during) = tokio::join!(arrive, number());
        let after = number().await;
        assert_eq!(during + after, u64::try_from(AT_ONCE + 1).unwrap(), "nothing is numbered twice");
        assert_eq!(number().await, 0, "nothing waits any more");
        let report = document_number::check(&app.core, &tenant).await.unwrap();
        assert_eq!((report.numbers, report.incoming, report.irregularities), (0, AT_ONCE + 1, vec![]));

        // 収受日 is the day the paper came, and so is the year it is counted in; nobody's work on the case is undone by it.
        let shown = app.get(&counter.clerk, &paper).await.expect(200);
        assert_eq!(shown["incoming_number"], "消保収第1号");
        assert_eq!(shown["incoming_on"], "2026-03-30");
        assert_eq!(shown["version"], before["version"]);
        let former = register(&counter, "?year=2025").await;
        assert_eq!(former["items"].as_array().unwrap().len(), 1);
        assert_eq!(former["items"][0]["channel"], shown_channel());
        let present = register(&counter, "").await;
        let lines = present["items"].as_array().unwrap();
        let numbers: Vec<_> = lines.iter().map(|line| line["incoming_number"].as_str().unwrap()).collect();
        let expected: Vec<_> = (1..=AT_ONCE).map(|number| format!("消保収第{number}号")).collect();
        assert_eq!(numbers, expected);
        assert!(lines.iter().all(|line| line["incoming_on"] == "2026-04-01"), "{present}");
        assert_eq!((&present["year"], &present["next_cursor"]), (&json!(2026), &Value::Null));
        let rest = register(&counter, &format!("?cursor={}", AT_ONCE - 1)).await;
        assert_eq!(rest["items"][0]["incoming_number"], expected[AT_ONCE - 1].as_str());
        let queue = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/queue?limit=1");
        let queue = app.get(&counter.clerk, &queue).await.expect(200);
        assert_eq!(queue["items"][0]["incoming_number"], "消保収第1号");

        // A counter that somebody moved is found.
        let series = Series { key: format!("incoming:{DEPARTMENT}"), year: 2026 };
        let moved = "UPDATE document_counters SET last_number = last_number + 1 WHERE series LIKE 'incoming:%' AND year = 2026";
        execute(&db.settings.url, moved);
        let report = document_number::check(&app.core, &tenant).await.unwrap();
        let missing = i64::try_from(AT_ONCE + 1).unwrap();
        assert_eq!(report.irregularities, [Irregularity::Gap { series, from: missing, to: missing }]);
    }
);

/// By which way the paper of the tests comes.
fn shown_channel() -> Value {
    paper_draft()["channel"].clone()
}

/// Does something while somebody else writes alone.
async fn while_somebody_writes_alone<T>(db: &TestDb, doing: impl Future<Output = T>) -> T {
    let (begun, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (begins, ends) = (Arc::clone(&begun), Arc::clone(&over));
    let writing = db.db.write_alone(vec![], move |_| {
        begins.store(true, Ordering::SeqCst);
        while !ends.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok::<_, StoreError>(())
    });
    let meanwhile = async {
        while !begun.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let done = tokio::time::timeout(Duration::from_secs(20), doing).await;
        over.store(true, Ordering::SeqCst);
        done
    };
    let (written, done) = tokio::join!(writing, meanwhile);
    written.unwrap();
    // Whoever waited for the other's turn ran out of time.
    done.unwrap()
}

on_both_databases!(
    /// what no rule numbers is held against the rules once, and again when a day has passed or the configuration is another one;
    /// it takes nobody's turn to write.
    r122_what_no_rule_numbers_is_judged_once_a_day_and_holds_up_nobody_who_writes,
    async |db: TestDb| {
        let shipped = include_str!("../../config/tenants/020001.yaml");
        let of_all = "  - { kind: incoming, symbol: \"{department}収\"";
        let rules: String = shipped.lines().filter(|line| !line.starts_with(of_all)).flat_map(|line| [line, "\n"]).collect();
        let rules = rules.replace("kind: incoming, department: kiki-shobo-hoan", "kind: incoming, department: kendo-doro");
        let app = TestApp::start_offering(&db, "tenants/020001.yaml", &rules).await;
        let (counter, tenant) = (Counter::over(app).await, TenantCode::parse(AOMORI).unwrap());
        let look = async || incoming::look(&counter.app.core, &tenant).await.unwrap();
        let is = |judged, numbered| Look { judged, numbered };
        for _ in 0..3 {
            counter.app.submitted(&counter.business, AOMORI, ON_ISSUE).await;
        }
        assert_eq!(while_somebody_writes_alone(&db, look()).await, is(3, 0));
        assert_eq!(look().await, is(0, 0), "nothing has changed");
        counter.app.submitted(&counter.business, AOMORI, ON_ISSUE).await;
        assert_eq!((look().await, look().await), (is(1, 0), is(0, 0)), "only what is new");
        counter.app.advance(SignedDuration::from_hours(24)).await;
        assert_eq!((look().await, look().await), (is(4, 0), is(0, 0)), "a day has passed");

        // A node with another configuration has judged nothing yet.
        let node = core_over(db.another_node(|_| {}), db.clock.clone(), |_| {});
        let there = async || incoming::look(&node, &tenant).await.unwrap();
        assert_eq!((there().await, there().await), (is(4, 4), is(0, 0)));
        assert_eq!(look().await, is(0, 0), "what has its number waits nowhere");
    }
);
