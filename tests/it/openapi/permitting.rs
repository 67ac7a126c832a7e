//! What a grant gave, and what is done about it later.

use serde_json::json;

use super::Walk;
use crate::support::app::Person;

/// What the grant gave, and how its holder begins the renewal.
pub async fn permits(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person, case: &str) {
    let mine = walk.get("my_permits", business, "/v1/me/permits").await;
    let permit = format!("/v1/tenants/020001/permits/{}", mine["items"][0]["id"].as_str().unwrap());
    walk.get("get_permit", business, &permit).await;
    walk.get("list_permits", clerk, "/v1/tenants/020001/permits").await;
    let opened = walk.app.post(business, &format!("{permit}/renewal"), json!({})).await;
    assert_eq!(opened.status, 201, "{}", opened.body);
    walk.seen("renew_permit", opened);
    afterwards(walk, (business, clerk, chief), case, &permit).await;
}

/// The decision is corrected, and its permit suspended.
async fn afterwards(
    walk: &mut Walk<'_>,
    (business, clerk, chief): (&Person, &Person, &Person),
    case: &str,
    permit: &str,
) {
    let why = json!({ "fact": "設備が古い", "clause": "第21条", "criterion": "審査基準第4" });
    let right = json!({ "error": "条項の誤り", "reasons": [why], "conditions": ["毎年報告すること"] });
    let path = format!("{case}/decision/corrections");
    walk.change("propose_decision_correction", clerk, &path, case, right).await;
    let order = json!({ "order": "suspension", "ground": "第28条第2項", "effective_on": "2026-04-01",
        "until": "2026-04-30", "reasons": [why], "hearing": { "kind": "exempt", "clause": "行政手続法第13条第2項第1号" } });
    walk.change("propose_permit_order", clerk, &format!("{permit}/orders"), case, order).await;
    for subject in ["correction", "permit_order"] {
        walk.get("get_proposal", chief, &format!("{case}/proposal?subject={subject}")).await;
        let seal = json!({ "subject": subject });
        walk.change("approve_proposal", chief, &format!("{case}/approval/approve"), case, seal).await;
    }
    walk.get("list_decision_versions", business, &format!("{case}/decision/versions")).await;
    walk.get("list_permit_orders", business, &format!("{permit}/orders")).await;
    let notices = walk.get("list_notices", business, &format!("{case}/notices")).await;
    for notice in notices["items"].as_array().unwrap() {
        let path = format!("/v1/tenants/020001/notices/{}", notice["id"].as_str().unwrap());
        walk.get("get_notice", business, &path).await;
    }
    walk.get("get_permit", business, permit).await;
}
