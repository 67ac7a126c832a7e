//! What is asked and answered about claims that were not paid in time. It comes last: a month goes by.

use jiff::SignedDuration;

use super::*;

pub async fn late(walk: &mut Walk<'_>, business: &Person, clerk: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
    walk.app.advance(SignedDuration::from_hours(24 * 31)).await;
    let business = walk.app.sign_in("business@example.jp", &business.id).await;
    let clerk = walk.app.sign_in("clerk@example.jp", &clerk.id).await;
    let office = "suito-kaikei-kanri";
    let accountant = walk.app.officer(AOMORI, office, Role::Accountant, "taino@example.jp").await;
    let list = walk.get("list_arrears", &accountant, "/v1/tenants/020001/arrears").await;
    assert!(!list["items"].as_array().unwrap().is_empty());
    let demanded = walk.app.post(&clerk, &format!("{invoice}/demand"), json!({})).await;
    assert_eq!(demanded.status, 201, "{}", demanded.body);
    walk.seen("issue_demand", demanded);
    let again = format!("{invoice}/demand");
    walk.refused("issue_demand", &clerk, &again, json!({}), "409 already_demanded").await;
    walk.get("get_arrears", &business, &format!("{invoice}/arrears")).await;
    let given_up = json!({ "ground": "waived-by-assembly", "reasons": ["議決第1号"] });
    walk.change("propose_write_off", &clerk, &format!("{invoice}/write-off"), &case, given_up).await;
}
