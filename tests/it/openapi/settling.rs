//! What is asked and answered about payouts of agents.

use super::*;
use crate::policy_coverage::world::settlement;

pub async fn settling(walk: &mut Walk<'_>, clerk: &Person) {
    let officer =
        async |email: &str| walk.app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, email).await;
    let (one, two) = (officer("harai-1@example.jp").await, officer("harai-2@example.jp").await);
    let path = "/v1/tenants/020001/settlements";
    let report = settlement();
    walk.refused("create_settlement", clerk, path, report.clone(), "404 not_found").await;
    let made = walk.app.post(&one, path, report).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = walk.seen("create_settlement", made);
    walk.get("list_settlements", &one, path).await;
    let path = format!("{path}/{}", made["id"].as_str().unwrap());
    walk.get("get_settlement", &one, &path).await;
    let arrival =
        |amount: i64| json!({ "arrived_on": "2026-04-01", "amount": amount, "reference": "手数料" });
    let arrived = format!("{path}/arrival");
    walk.refused("record_arrival", &one, &arrived, arrival(0), "409 arrival_amount_differs").await;
    let recorded = walk.app.post(&one, &arrived, arrival(-500)).await;
    assert_eq!(recorded.status, 200, "{}", recorded.body);
    walk.seen("record_arrival", recorded);
    let confirm = format!("{arrived}/confirm");
    walk.refused("confirm_arrival", &one, &confirm, json!({}), "403 own_arrival").await;
    let confirmed = walk.app.post(&two, &confirm, json!({})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    walk.seen("confirm_arrival", confirmed);
}
