//! What is asked and answered about the accounts of a body: the bank, exceptions, closed days.

use super::*;
use crate::payment_alerts::unknown_word;
use crate::policy_coverage::world::exception;
use crate::reconciliation::office::{csv, table};

/// The bank's statement, an exception and a closed day.
pub async fn accounting(walk: &mut Walk<'_>, one: &Person, two: &Person) {
    let statements = "/v1/tenants/020001/bank-statements";
    let made = walk.app.post(one, statements, csv(&table(&[("2026-03-31", 700, "ｱ")]))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = walk.seen("import_bank_statement", made);
    walk.get("list_bank_statements", one, statements).await;
    walk.get("get_bank_statement", one, &format!("{statements}/{}", made["id"].as_str().unwrap())).await;
    let exceptions = "/v1/tenants/020001/reconciliation/exceptions";
    let found = exception(walk.app).await;
    walk.get("list_exceptions", one, exceptions).await;
    let path = format!("{exceptions}/{found}");
    let proposal = || json!({ "resolution": "explained", "comment": "確認した" });
    for (operation, who, step, body) in [
        ("claim_exception", one, "claim", json!({})),
        ("propose_resolution", one, "resolution", proposal()),
        ("return_resolution", two, "return", json!({ "comment": "証拠" })),
        ("propose_resolution", one, "resolution", proposal()),
        ("approve_resolution", two, "approve", json!({})),
    ] {
        let done = walk.app.post(who, &format!("{path}/{step}"), body).await;
        assert_eq!(done.status, 200, "{operation}: {}", done.body);
        walk.seen(operation, done);
    }
    walk.get("get_exception", one, &path).await;
    alerts(walk, one).await;
    let closes = "/v1/tenants/020001/day-closes";
    let first = walk.app.post(one, closes, json!({ "day": "2026-03-31" })).await;
    assert_eq!(first.status, 201, "{}", first.body);
    walk.seen("create_day_close", first);
    walk.refused("create_day_close", one, closes, json!({ "day": "2026-03-31" }), "409 day_closed").await;
    let day = format!("{closes}/2026-03-31");
    let confirmed = walk.app.post(two, &format!("{day}/confirm"), json!({})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    walk.seen("confirm_day_close", confirmed);
    walk.get("list_day_closes", one, closes).await;
    walk.get("get_day_close", one, &day).await;
    walk.get("export_day_close", one, &format!("{day}/export")).await;
    let control = "/v1/tenants/020001/internal-control";
    walk.get("get_internal_control", one, &format!("{control}?fiscal_year=2026")).await;
    let snapshots = format!("{control}/snapshots");
    let running = json!({ "fiscal_year": 2026 });
    walk.refused("issue_control_snapshot", one, &snapshots, running, "409 year_not_over").await;
    let issued = walk.app.post(one, &snapshots, json!({ "fiscal_year": 2025 })).await;
    assert_eq!(issued.status, 201, "{}", issued.body);
    walk.seen("issue_control_snapshot", issued);
    walk.get("list_control_snapshots", one, &format!("{snapshots}?fiscal_year=2025")).await;
}

/// What a person must look at about a payment: with a slip, so that its numbers are shown too.
async fn alerts(walk: &mut Walk<'_>, accountant: &Person) {
    let payer = walk.app.register("odd@example.jp", "business").await;
    let submitted = walk.app.submitted(&payer, AOMORI, PROCEDURE).await;
    let invoice = submitted["invoice"]["id"].as_str().unwrap();
    let path = format!("/v1/tenants/020001/invoices/{invoice}");
    let opened = walk.app.post(&payer, &format!("{path}/payments"), json!({ "method": "konbini" })).await;
    let opened = walk.seen("open_payment", opened);
    walk.app.at_gateway(opened["redirect_url"].as_str().unwrap(), "konbini", "").await;
    let payment = format!("/v1/tenants/020001/payments/{}", opened["id"].as_str().unwrap());
    let app = walk.app;
    let issued = async || app.get(&payer, &payment).await.expect(200)["slip"].is_object();
    app.until("the slip is issued", issued).await;
    walk.get("get_payment", &payer, &payment).await;
    walk.get("get_payment_notice", &payer, &format!("{path}/notice")).await;
    unknown_word(app, invoice, "strange").await;
    let alerts = "/v1/tenants/020001/payment-alerts";
    let list = walk.get("list_payment_alerts", accountant, alerts).await;
    let path = format!("{alerts}/{}/handle", list["items"][0]["id"].as_str().unwrap());
    let word = || json!({ "comment": "照会した" });
    let handled = walk.app.post(accountant, &path, word()).await;
    assert_eq!(handled.status, 200, "{}", handled.body);
    walk.seen("handle_payment_alert", handled);
    walk.refused("handle_payment_alert", accountant, &path, word(), "409 alert_handled").await;
}
