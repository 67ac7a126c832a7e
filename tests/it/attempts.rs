//! Attempts to pay an invoice stand in the order in which they were made, also those of one instant.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::db::{TestDb, execute};
use crate::waivers::office::Office;

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
