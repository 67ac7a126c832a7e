//! What the office is shown and says about telling people.

use super::*;
use crate::policy_coverage::world::{paper_draft, undelivered_mail};
use crate::support::app::ON_ISSUE;

/// A mail was refused, and somebody called instead.
pub async fn mails(walk: &mut Walk<'_>, clerk: &Person, case: &str) {
    let mail = undelivered_mail(walk.app, case.rsplit('/').next().unwrap()).await;
    let list = format!("/v1/tenants/020001/departments/{DEPARTMENT}/undelivered-mails");
    walk.get("list_undelivered_mails", clerk, &list).await;
    let settle = format!("/v1/tenants/020001/undelivered-mails/{mail}/settle");
    let settled = walk.app.post(clerk, &settle, json!({})).await;
    assert_eq!(settled.status, 200, "{}", settled.body);
    walk.seen("settle_undelivered_mail", settled);
}

/// Two decisions: one goes by letter, comes back and is posted again; the other was to be retrieved, and goes by letter too.
pub async fn notices(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person) {
    let letter = decided(walk, business, clerk, chief, "paper").await;
    let path = format!("/v1/tenants/020001/notices/{letter}");
    walk.get("get_notice", business, &path).await;
    let list = format!("/v1/tenants/020001/departments/{DEPARTMENT}/paper-notices");
    walk.get("list_paper_notices", clerk, &list).await;
    let posted = json!({ "posted_on": "2026-04-01", "tracking": "123-45-67890-1" });
    let back = json!({ "returned_on": "2026-04-01", "reason": "あて所に尋ねあたりません" });
    for (operation, act, body) in [("post_notice", "posted", posted), ("return_notice", "returned", back)] {
        let said = walk.app.post(clerk, &format!("{path}/{act}"), body).await;
        assert_eq!(said.status, 200, "{}", said.body);
        walk.seen(operation, said);
    }
    walk.get("list_paper_notices", clerk, &list).await;
    let electronic = decided(walk, business, clerk, chief, "electronic").await;
    let path = format!("/v1/tenants/020001/notices/{electronic}");
    let why = json!({ "reason": "取得されないため" });
    let turned = walk.app.post(clerk, &format!("{path}/paper"), why.clone()).await;
    assert_eq!(turned.status, 200, "{}", turned.body);
    walk.seen("turn_notice_to_paper", turned);
    let refused = format!("{path}/paper");
    walk.refused("turn_notice_to_paper", clerk, &refused, why, "409 notice_stands_elsewhere").await;
}

/// A decided case whose applicant wished to be told by that way; gives its notice.
async fn decided(
    walk: &mut Walk<'_>,
    business: &Person,
    clerk: &Person,
    chief: &Person,
    way: &str,
) -> String {
    let submitted = walk.app.submitted(business, AOMORI, ON_ISSUE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    let wished = walk.app.post(business, &format!("{case}/notice-way"), json!({ "way": way })).await;
    assert_eq!(wished.status, 201, "{}", wished.body);
    walk.seen("choose_notice_way", wished);
    walk.change("claim_application", clerk, &format!("{case}/claim"), &case, json!({})).await;
    let proposal = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    walk.change("create_proposal", clerk, &format!("{case}/proposal"), &case, proposal).await;
    walk.change("approve_proposal", chief, &format!("{case}/approval/approve"), &case, json!({})).await;
    let notices = walk.get("list_notices", business, &format!("{case}/notices")).await;
    notices["items"][0]["id"].as_str().unwrap().to_owned()
}

/// A clerk enters what came on paper.
pub async fn on_paper(walk: &mut Walk<'_>, clerk: &Person) {
    let path = format!("/v1/tenants/020001/departments/{DEPARTMENT}/applications");
    let made = walk.app.post(clerk, &path, paper_draft()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    walk.seen("create_paper_application", made);
}

/// How long the work takes.
pub async fn figures(walk: &mut Walk<'_>, clerk: &Person) {
    let path = "/v1/tenants/020001/statistics/casework?from=2026-04-01&to=2026-04-30";
    walk.get("get_casework", clerk, path).await;
}
