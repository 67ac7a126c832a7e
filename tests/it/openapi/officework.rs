//! What applicant and offices tell each other about a case.

use super::*;
use crate::policy_coverage::world::inspection;

pub async fn officework(walk: &mut Walk<'_>, business: &Person, clerk: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    messages(walk, business, clerk, &case).await;
    opinions(walk, clerk, &case).await;
    inspections(walk, business, clerk, &case).await;
    links(walk, business, clerk, &case).await;
    transfers(walk, business, clerk, &case).await;
}

async fn made(walk: &mut Walk<'_>, operation: &str, who: &Person, path: &str, body: Value) -> Value {
    let answer = walk.app.post(who, path, body).await;
    assert!(answer.status.is_success(), "{operation}: {}", answer.body);
    walk.seen(operation, answer)
}

async fn messages(walk: &mut Walk<'_>, business: &Person, clerk: &Person, case: &str) {
    let path = format!("{case}/messages");
    made(walk, "create_message", business, &path, json!({ "text": "いつ頃になりますか。" })).await;
    let record = json!({ "purpose": "説明を求める", "content": "説明会を開く", "responsible": clerk.id });
    made(walk, "create_message", clerk, &path, json!({ "kind": "oral_guidance", "guidance": record })).await;
    walk.get("list_messages", clerk, &path).await;
    made(walk, "refuse_guidance", business, &format!("{case}/guidance-refusal"), json!({})).await;
    walk.get("list_messages", business, &path).await;
    let guidance = json!({ "kind": "guidance_to_withdraw", "text": "取下げを" });
    walk.refused("create_message", clerk, &path, guidance, "409 guidance_refused").await;
}

async fn opinions(walk: &mut Walk<'_>, clerk: &Person, case: &str) {
    let other = walk.app.officer(AOMORI, "kendo-doro", Role::Clerk, "kendo@example.jp").await;
    let path = format!("{case}/opinions");
    let question = json!({ "department": "kendo-doro", "question": "支障の有無", "due_on": "2026-04-10" });
    let first = made(walk, "ask_opinion", clerk, &path, question.clone()).await;
    let list = "/v1/tenants/020001/departments/kendo-doro/opinions";
    walk.get("list_department_opinions", &other, list).await;
    let recall = format!("/v1/tenants/020001/opinions/{}/recall", first["id"].as_str().unwrap());
    made(walk, "recall_opinion", clerk, &recall, json!({})).await;
    walk.refused("recall_opinion", clerk, &recall, json!({}), "409 wrong_state").await;
    let second = made(walk, "ask_opinion", clerk, &path, question).await;
    let answer = format!("/v1/tenants/020001/opinions/{}/answer", second["id"].as_str().unwrap());
    made(walk, "answer_opinion", &other, &answer, json!({ "stance": "object", "text": "側溝に支障" })).await;
    walk.get("list_opinions", clerk, &path).await;
    walk.get("list_department_opinions", &other, &format!("{list}?state=given")).await;
}

async fn inspections(walk: &mut Walk<'_>, business: &Person, clerk: &Person, case: &str) {
    let path = format!("{case}/inspections");
    let first = made(walk, "plan_inspection", clerk, &path, inspection(clerk)).await;
    let of = |inspection: &Value, act: &str| {
        format!("/v1/tenants/020001/inspections/{}/{act}", inspection["id"].as_str().unwrap())
    };
    let moved = json!({ "planned_at": "2026-04-12T01:00:00Z", "reason": "荒天" });
    made(walk, "reschedule_inspection", clerk, &of(&first, "reschedule"), moved).await;
    let result =
        json!({ "result": "failed", "carried_out_on": "2026-04-01", "findings": "施設基準に不適合" });
    made(walk, "carry_out_inspection", clerk, &of(&first, "result"), result).await;
    walk.get("list_inspections", business, &path).await;
    made(walk, "release_inspection", clerk, &of(&first, "release"), json!({})).await;
    let second = made(walk, "plan_inspection", clerk, &path, inspection(clerk)).await;
    let off = json!({ "reason": "書面で確認できたため" });
    made(walk, "cancel_inspection", clerk, &of(&second, "cancel"), off.clone()).await;
    walk.refused("cancel_inspection", clerk, &of(&second, "cancel"), off, "409 wrong_state").await;
    walk.get("list_inspections", clerk, &path).await;
}

async fn links(walk: &mut Walk<'_>, business: &Person, clerk: &Person, case: &str) {
    let other = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let path = format!("{case}/links");
    let body = json!({ "application": other["id"], "kind": "duplicate_of", "reason": "二重の申請" });
    let link = made(walk, "link_application", clerk, &path, body.clone()).await;
    walk.refused("link_application", clerk, &path, body, "409 already_linked").await;
    for who in [business, clerk] {
        walk.get("list_links", who, &path).await;
    }
    let end = format!("/v1/tenants/020001/case-links/{}/end", link["id"].as_str().unwrap());
    made(walk, "end_link", clerk, &end, json!({ "reason": "別の申請" })).await;
}

async fn transfers(walk: &mut Walk<'_>, business: &Person, clerk: &Person, case: &str) {
    let path = format!("{case}/transfer");
    let to = json!({ "department": "kendo-doro", "reason": "県道の管理に係るため", "legal_basis": "道路法第15条" });
    let nowhere = json!({ "department": "nowhere", "reason": "", "legal_basis": "" });
    walk.refused("transfer_application", clerk, &path, nowhere, "422 validation_failed").await;
    made(walk, "transfer_application", clerk, &path, to).await;
    walk.get("list_transfers", business, &format!("{case}/transfers")).await;
}
