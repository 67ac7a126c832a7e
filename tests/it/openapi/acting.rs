//! What is asked and answered when somebody acts in the place of somebody absent, and about the look afterwards.

use super::*;

/// The chief instructs, a deputy acts, the chief looks afterwards.
pub async fn acting(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person) {
    let deputy = walk.app.officer(AOMORI, DEPARTMENT, Role::Clerk, "deputy@example.jp").await;
    let department = format!("/v1/tenants/020001/departments/{DEPARTMENT}");
    let away =
        json!({ "officer": chief.id, "cover": deputy.id, "from_on": "2026-04-01", "to_on": "2026-04-30" });
    walk.app.post(chief, &format!("{department}/absences"), away).await.expect(201);
    let submitted = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    walk.app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let draft = json!({ "decision": "grant", "weight": "novel" });
    walk.change("create_proposal", clerk, &format!("{case}/proposal"), &case, draft).await;
    let text = json!({ "instruction": "原案のとおり" });
    walk.change("instruct_proposal", chief, &format!("{case}/approval/instruct"), &case, text).await;
    walk.get("list_my_approvals", &deputy, "/v1/me/approvals").await;
    let back = json!({ "acting_for": chief.id, "comment": "補記" });
    walk.change("return_proposal", &deputy, &format!("{case}/approval/return"), &case, back).await;
    walk.get("list_post_reviews", clerk, &format!("{department}/post-reviews")).await;
    let owed = walk.get("my_post_reviews", chief, "/v1/me/post-reviews").await;
    let path = format!("/v1/tenants/020001/post-reviews/{}", owed["items"][0]["id"].as_str().unwrap());
    let why = json!({ "verdict": "objected", "comment": "協議が不足している。" });
    let looked = walk.app.post(chief, &path, why).await;
    assert_eq!(looked.status, 201, "{}", looked.body);
    walk.seen("create_post_review", looked);
    let proposal = format!("{case}/proposal");
    walk.get("get_proposal", chief, &proposal).await;
    changing(walk, clerk, chief, &case, &proposal).await;
}

/// Another text on the route, and many seals at once.
async fn changing(walk: &mut Walk<'_>, clerk: &Person, chief: &Person, case: &str, proposal: &str) {
    walk.change("create_proposal", clerk, proposal, case, json!({ "decision": "grant" })).await;
    walk.get("get_proposal_paper_page", chief, &format!("{proposal}/papers/decision/page")).await;
    let version = walk.app.get(clerk, case).await.etag();
    let key = new_key();
    let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
    let change = Some(json!({ "reasons": ["基準に適合する。"] }));
    let revised = walk.app.call(Method::PATCH, proposal, Some(clerk), &headers, change).await;
    assert_eq!(revised.status, 200, "{}", revised.body);
    let revised = walk.seen("revise_proposal", revised);
    let items = json!([{ "application": revised["application"], "version": revised["version"] }]);
    let bulk = "/v1/tenants/020001/approvals/bulk";
    let sealed = walk.app.post(chief, bulk, json!({ "items": items })).await;
    assert_eq!(sealed.status, 200, "{}", sealed.body);
    let sealed = walk.seen("approve_in_bulk", sealed);
    assert_eq!(sealed["items"][0]["problem"]["code"], "fee_not_settled");
}
