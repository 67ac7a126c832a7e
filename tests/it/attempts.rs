//! Attempts to pay an invoice stand in the order in which they were made, also those of one instant, and none is closed for nothing.

use serde_json::{Value, json};

use crate::support::app::{AOMORI, TestApp};
use crate::support::db::{TestDb, execute};
use crate::waivers::office::{FEE, Office};

on_both_databases!(attempts_of_one_instant_stand_in_the_order_in_which_they_were_made, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let owing = office.owing().await;
    let mut made = Vec::new();
    for method in ["card", "nanaco", "card", "nanaco", "card", "nanaco", "card", "nanaco"] {
        let wanted = json!({ "method": method, "replace_open": true });
        let opened = app.post(&office.business, &owing.path("/payments"), wanted).await.expect(201);
        made.push(opened["id"].clone());
    }
    // As a batch of the writer would have stored them.
    let url = db.settings.url.clone();
    let same = "UPDATE payments SET created_at = 1775001600000000";
    std::thread::spawn(move || execute(&url, same)).join().unwrap();
    let found: Vec<Value> =
        office.books(&owing).await.payments.iter().map(|payment| json!(payment.id.to_string())).collect();
    assert_eq!(found, made);
    let twice = "UPDATE payments SET attempt_no = 1";
    let url = db.settings.url.clone();
    assert!(std::thread::spawn(move || execute(&url, twice)).join().is_err(), "each has a number of its own");
});

on_both_databases!(
    /// Whoever saw another sum is told so before anything is closed, of one invoice and of several.
    a_stale_total_closes_no_open_attempt,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let (one, other) = (office.owing().await, office.owing().await);
        office.opens(&one).await;
        let stale = |total: i64| json!({ "method": "nanaco", "replace_open": true, "expected_total": total });
        let refused = app.post(&office.business, &one.path("/payments"), stale(FEE - 1)).await;
        assert_eq!(refused.problem(), "409 total_changed");
        let mut both = stale(2 * FEE - 1);
        both["invoices"] = json!([one.invoice, other.invoice]);
        let payments = format!("/v1/tenants/{AOMORI}/payments");
        assert_eq!(app.post(&office.business, &payments, both).await.problem(), "409 total_changed");
        assert_eq!(office.books(&one).await.states(), ["requires_action"], "nothing was closed");
        app.post(&office.business, &one.path("/payments"), stale(FEE)).await.expect(201);
        assert_eq!(office.books(&one).await.states(), ["canceled", "requires_action"]);
    }
);
