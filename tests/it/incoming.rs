//! What comes in gets a number and a day (収受番号・収受日, R-122): without gaps or doubles however many arrive and number at once.

use futures_util::future::join_all;
use madoguchi::domain::document_number::{Irregularity, Series};
use madoguchi::domain::id::TenantCode;
use madoguchi::service::{document_number, incoming};
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::policy_coverage::world::{DEPARTMENT, paper_draft};
use crate::support::app::{AOMORI, ON_ISSUE};
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
