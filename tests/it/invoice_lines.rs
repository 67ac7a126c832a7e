//! An invoice explains each line as the quote did, to those who may see the case.

use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;

const PROCEDURE: &str = "denki-koji-toroku";
const LINE: [&str; 8] =
    ["code", "item", "amount", "basis", "explanation", "inputs", "formula_version", "sample"];

/// What a quote and an invoice say alike of each line.
fn said(lines: &Value) -> Vec<Value> {
    let of = |line: &Value| LINE.iter().map(|name| line[*name].clone()).collect();
    lines.as_array().unwrap().iter().map(of).collect()
}

on_both_databases!(r50_each_line_of_an_invoice_is_explained_as_the_quote_explained_it, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    for procedure in [PROCEDURE, "keiei-kibo-hyoka"] {
        let form = app.example(AOMORI, procedure).await["form"].clone();
        let quote = format!("/v1/tenants/020001/procedures/{procedure}/quote");
        let quoted = app.post(&business, &quote, json!({ "form": form })).await.expect(200);
        let submitted = app.submitted(&business, AOMORI, procedure).await;
        assert_eq!(submitted["invoice"]["lines"][0]["explanation"], Value::Null);
        let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
        let shown = app.get(&business, &invoice).await.expect(200);
        assert_eq!(said(&shown["lines"]), said(&quoted["lines"]), "{procedure}");
        let steps = shown["lines"][0]["explanation"].as_array().unwrap();
        assert!(steps.iter().any(|step| step.as_str().is_some_and(|step| step.contains("yen"))), "{steps:?}");
    }
});

on_both_databases!(the_explanation_is_told_to_nobody_who_sees_money_but_no_case, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let accountant = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
    let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
    let submitted = app.submitted(&business, AOMORI, PROCEDURE).await;
    let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
    let reads = "(SELECT COUNT(*) FROM access_log WHERE operation = 'invoice')";

    let line = app.get(&accountant, &invoice).await.expect(200)["lines"][0].clone();
    assert_eq!((&line["explanation"], &line["inputs"]), (&Value::Null, &Value::Null));
    assert!(line["amount"].as_i64().is_some_and(|amount| amount > 0) && line["formula_version"].is_string());
    assert_eq!(db.count(reads).await, 0, "the accountant was shown no answers");
    let line = app.get(&clerk, &invoice).await.expect(200)["lines"][0].clone();
    assert!(line["explanation"].is_array() && line["inputs"].is_object(), "{line}");
    assert_eq!(db.count(reads).await, 1, "who was shown answers is recorded");
});
