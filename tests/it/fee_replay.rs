//! Every stored fee is computed again from its pinned version and its stored inputs, to the yen (T-2).

use std::sync::Arc;

use madoguchi::domain::fee::Difference;
use madoguchi::domain::money::Yen;
use madoguchi::service::fee_replay::{Finding, ReplayReport, replay};

use crate::fee_timing::Counter;
use crate::support::app::{AFTER_REVIEW, AOMORI, ON_ISSUE};
use crate::support::core::core;
use crate::support::db::{TestDb, execute};

/// Invoices of every timing: on submission, after review, at issue.
async fn invoices(counter: &Counter) {
    for procedure in ["keiei-kibo-hyoka", "denki-koji-toroku", "takken-menkyo"] {
        counter.app.submitted(&counter.business, AOMORI, procedure).await;
    }
    let case = counter.claimed(AFTER_REVIEW).await;
    counter.fix(&case, 3, false).await.expect(201);
    let case = counter.claimed(AFTER_REVIEW).await;
    counter.fix(&case, 3, true).await.expect(201);
    let case = counter.claimed(ON_ISSUE).await;
    counter.propose(&case, "grant").await;
    assert_eq!(counter.seal(&case).await, "decided");
}

/// The findings as `line: stored, computed`.
fn texts(report: &ReplayReport) -> Vec<String> {
    let yen = |amount: Option<Yen>| amount.map_or(-1, Yen::amount);
    let text = |finding: &Finding| match finding {
        Finding::Differs(Difference { line, stored, computed }) => {
            format!("{line}: {}, {}", yen(*stored), yen(*computed))
        }
        Finding::NotComputable(reason) => reason.clone(),
    };
    let mut texts: Vec<_> = report.findings.iter().map(|found| text(&found.finding)).collect();
    texts.sort();
    texts
}

on_both_databases!(t2_every_stored_fee_is_computed_again_to_the_yen, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    assert_eq!(replay(&counter.app.core).await.unwrap(), ReplayReport::default());
    invoices(&counter).await;
    let report = replay(&counter.app.core).await.unwrap();
    assert_eq!((report.invoices, report.lines, texts(&report)), (6, 7, vec![]));

    // Another program, which was shipped without these procedures, finds their text in the database.
    let stranger = core(&db);
    let tenant = madoguchi::domain::id::TenantCode::parse(AOMORI).unwrap();
    let (from, to) = (Arc::clone(&counter.app.core), Arc::clone(&stranger));
    let key =
        db.db.read(move |tx| madoguchi::store::tenant_keys::newest(tx, &tenant)).await.unwrap().unwrap();
    let tenant = madoguchi::domain::id::TenantCode::parse(AOMORI).unwrap();
    to.keys.adopt_tenant_key(&tenant, key.key_no, &key.wrapped_key).unwrap();
    assert!(from.catalogue.current().procedure_version(&tenant, AFTER_REVIEW, 1).is_some());
    assert!(to.catalogue.current().procedure_version(&tenant, AFTER_REVIEW, 1).is_none());
    let elsewhere = replay(&stranger).await.unwrap();
    assert_eq!((elsewhere.invoices, texts(&elsewhere)), (6, vec![]));
});

on_both_databases!(t2_a_tampered_amount_line_total_or_text_is_found, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    invoices(&counter).await;
    let url = &db.settings.url;
    let change = |from: &str, to: &str| {
        execute(url, &format!("UPDATE invoices SET lines = REPLACE(lines, '{from}', '{to}')"));
    };
    change("\"amount\":15000", "\"amount\":14999");
    let line = "keiei-kibo-hyoka/1/evaluation@2020-04-01: 14999, 15000";
    assert_eq!(texts(&replay(&counter.app.core).await.unwrap()), [line]);
    change("\"amount\":14999", "\"amount\":15000");
    execute(url, "UPDATE invoices SET total = 14000 WHERE total = 15000");
    assert_eq!(texts(&replay(&counter.app.core).await.unwrap()), ["total: 14000, 15000"]);
    execute(url, "UPDATE invoices SET total = 15000 WHERE total = 14000");
    execute(url, "UPDATE invoices SET lines = '[]' WHERE total = 2850");
    let line = "test-after-review/1/occupation@2020-04-01: -1, 2850";
    assert_eq!(texts(&replay(&counter.app.core).await.unwrap()), [line]);
    execute(
        url,
        "UPDATE invoices SET lines = (SELECT lines FROM invoices WHERE total = 0) WHERE total = 2850; \
         UPDATE procedure_versions SET definition = REPLACE(definition, '22000', '23000')",
    );
    let found = texts(&replay(&counter.app.core).await.unwrap());
    let expected = [
        "denki-koji-toroku/1/registration@2020-04-01: 22000, 23000",
        "test-after-review/1/occupation@2020-04-01: 0, 2850",
        "total: 22000, 23000",
    ];
    assert_eq!(found, expected);
    execute(url, "DELETE FROM procedure_versions WHERE procedure = 'denki-koji-toroku'");
    let found = texts(&replay(&counter.app.core).await.unwrap());
    assert!(found.contains(&"version 1 of denki-koji-toroku is not stored".to_owned()), "{found:?}");
});
