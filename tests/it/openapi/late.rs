//! What is asked and answered about claims that were not paid in time. It comes last: a month goes by.

mod setting_off;
mod stamping;

use jiff::SignedDuration;

use super::*;

pub async fn late(walk: &mut Walk<'_>, business: &Person, clerk: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
    let office = "suito-kaikei-kanri";
    let cashier = walk.app.officer(AOMORI, office, Role::Accountant, "shoshi@example.jp").await;
    let other = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let other = other["invoice"]["id"].as_str().unwrap();
    let path = format!("/v1/tenants/020001/invoices/{other}/balance-payments");
    let short = json!({ "means": "cash", "amount": 21_999 });
    walk.refused("receive_balance", clerk, &path, short, "422 validation_failed").await;
    let paid = walk.app.post(clerk, &path, json!({ "means": "cash", "amount": 22_000 })).await;
    assert_eq!(paid.status, 201, "{}", paid.body);
    walk.seen("receive_balance", paid);
    stamping::stamping(walk, business, clerk, &cashier).await;
    let overpaid = setting_off::overpaid(walk, business, clerk).await;
    walk.app.advance(SignedDuration::from_hours(24 * 31)).await;
    let business = walk.app.sign_in("business@example.jp", &business.id).await;
    let clerk = walk.app.sign_in("clerk@example.jp", &clerk.id).await;
    let accountant = walk.app.officer(AOMORI, office, Role::Accountant, "taino@example.jp").await;
    let list = walk.get("list_arrears", &accountant, "/v1/tenants/020001/arrears").await;
    assert!(!list["items"].as_array().unwrap().is_empty());
    let claim = invoice.rsplit('/').next().unwrap();
    setting_off::setting_off(walk, &accountant, &overpaid, claim).await;
    let demanded = walk.app.post(&clerk, &format!("{invoice}/demand"), json!({})).await;
    assert_eq!(demanded.status, 201, "{}", demanded.body);
    walk.seen("issue_demand", demanded);
    let again = format!("{invoice}/demand");
    walk.refused("issue_demand", &clerk, &again, json!({}), "409 already_demanded").await;
    let charges = format!("{invoice}/charges");
    walk.refused("assess_late_charge", &clerk, &charges, json!({}), "409 nothing_accrued").await;
    walk.app.advance(SignedDuration::from_hours(24 * 45)).await;
    let business = walk.app.sign_in("business@example.jp", &business.id).await;
    let clerk = walk.app.sign_in("clerk@example.jp", &clerk.id).await;
    let accountant = walk.app.sign_in("taino@example.jp", &accountant.id).await;
    let assessed = walk.app.post(&clerk, &charges, json!({})).await;
    assert_eq!(assessed.status, 201, "{}", assessed.body);
    walk.seen("assess_late_charge", assessed);
    let acknowledgements = format!("{invoice}/acknowledgements");
    let said = json!({ "acknowledged_on": "2026-05-10", "form": "written", "evidence": "債務承認書" });
    let recorded = walk.app.post(&clerk, &acknowledgements, said.clone()).await;
    assert_eq!(recorded.status, 201, "{}", recorded.body);
    let made = recorded.body["id"].as_str().unwrap().to_owned();
    walk.seen("record_acknowledgement", recorded);
    walk.refused("record_acknowledgement", &business, &acknowledgements, said, "403 forbidden").await;
    walk.get("list_acknowledgements", &clerk, &acknowledgements).await;
    let strike = format!("/v1/tenants/020001/acknowledgements/{made}/reverse");
    let why = json!({ "reason": "別の事案の書面だった" });
    walk.refused("reverse_acknowledgement", &clerk, &strike, why.clone(), "403 own_entry").await;
    let struck = walk.app.post(&accountant, &strike, why).await;
    assert_eq!(struck.status, 200, "{}", struck.body);
    walk.seen("reverse_acknowledgement", struck);
    walk.get("get_arrears", &business, &format!("{invoice}/arrears")).await;
    let given_up = json!({ "ground": "waived-by-assembly", "reasons": ["議決第1号"] });
    walk.change("propose_write_off", &clerk, &format!("{invoice}/write-off"), &case, given_up).await;
}
