//! What is asked and answered about corrections.

use super::*;

pub async fn correction(walk: &mut Walk<'_>, business: &Person, clerk: &Person, case: &str) {
    let items = json!([{ "pointer": "/form/phone", "message": "市外局番から" }]);
    let asked = json!({ "items": items, "due_on": "2026-04-20" });
    walk.change("request_correction", clerk, &format!("{case}/corrections"), case, asked).await;
    let answer = json!({ "form": { "phone": "0177222222" } });
    walk.change("resubmit_application", business, &format!("{case}/resubmit"), case, answer).await;
    let (path, asked_in_error) = (
        format!("{case}/corrections"),
        json!({ "items": [{ "pointer": "/form/phone",
        "message": "再度の確認" }], "due_on": "2026-04-20" }),
    );
    let made = walk.app.post(clerk, &path, asked_in_error).await.expect(201);
    let end = format!("{path}/{}/end", made["id"].as_str().unwrap());
    walk.refused("end_correction", clerk, &end, json!({ "reason": "" }), "422 validation_failed").await;
    let ended = walk.app.post(clerk, &end, json!({ "reason": "誤って求めたため" })).await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    walk.seen("end_correction", ended);
    walk.refused("end_correction", clerk, &end, json!({ "reason": "再度" }), "409 wrong_state").await;
    walk.get("list_corrections", business, &format!("{case}/corrections")).await;
    walk.get("list_form_versions", business, &format!("{case}/versions")).await;
    walk.get("get_forecast", business, &format!("{case}/forecast")).await;
    tasks(walk, business, clerk).await;
    checklist(walk, business).await;
    originals(walk, business).await;
}

/// What is shown apart from the system.
async fn originals(walk: &mut Walk<'_>, business: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, "sogo-hyotei").await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    let clerk = walk.app.officer(AOMORI, "kendo-kanri", Role::Clerk, "kanri-clerk@example.jp").await;
    let path = format!("{case}/originals");
    let seen = json!({ "part": "document", "code": "analysis", "shown_by": "by_post", "result": "differs",
        "seen_on": "2026-04-01", "note": "日付が異なる" });
    let seen = walk.app.post(&clerk, &path, seen).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    walk.seen("record_original", seen);
    for who in [business, &clerk] {
        walk.get("get_originals", who, &path).await;
    }
    let nothing =
        json!({ "part": "identity", "shown_by": "in_person", "result": "agrees", "seen_on": "2026-04-01" });
    walk.refused("record_original", &clerk, &path, nothing, "422 validation_failed").await;
}

/// A day that went by, and what the office says of it.
async fn tasks(walk: &mut Walk<'_>, business: &Person, clerk: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    let why = json!({ "reason": "現地調査の日程調整に時間を要しています。", "expected_on": "2026-06-30" });
    let told = walk.app.post(clerk, &format!("{case}/delay-reasons"), why).await;
    assert_eq!(told.status, 201, "{}", told.body);
    walk.seen("record_delay_reason", told);
    walk.get("list_delay_reasons", business, &format!("{case}/delay-reasons")).await;
    let day = walk.app.get(business, &format!("{case}/clock")).await.expect(200)["arrived_on"].clone();
    let pause = json!({ "reason": "extra_documents", "asked_on": day, "note": "境界の図面を待っています。" });
    let pause = walk.app.post(clerk, &format!("{case}/clock-pauses"), pause).await;
    assert_eq!(pause.status, 201, "{}", pause.body);
    let pause = walk.seen("record_clock_pause", pause);
    walk.get("list_clock_pauses", business, &format!("{case}/clock-pauses")).await;
    let end = format!("/v1/tenants/020001/clock-pauses/{}/end", pause["id"].as_str().unwrap());
    let ended = walk.app.post(clerk, &end, json!({ "ended_on": day })).await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    walk.seen("end_clock_pause", ended);
    let task = crate::policy_coverage::world::task(walk.app, submitted["id"].as_str().unwrap()).await;
    walk.get("list_tasks", clerk, &format!("/v1/tenants/020001/departments/{DEPARTMENT}/tasks")).await;
    let why = json!({ "reason": "電話で確認した。" });
    let closed = walk.app.post(clerk, &format!("/v1/tenants/020001/tasks/{task}/close"), why).await;
    assert_eq!(closed.status, 200, "{}", closed.body);
    walk.seen("close_task", closed);
}

/// A review with a checklist.
async fn checklist(walk: &mut Walk<'_>, business: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, "doro-senyo").await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    let office = submitted_office(walk, &case, business).await;
    let clerk = walk.app.officer(AOMORI, &office, Role::Clerk, "doro-clerk@example.jp").await;
    walk.app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let path = format!("{case}/checklist");
    walk.get("get_checklist", &clerk, &path).await;
    let marks = json!({ "marks": [{ "item": "police", "result": "not_met", "comment": "協議中" }] });
    let marked = walk.app.post(&clerk, &path, marks).await;
    assert_eq!(marked.status, 200, "{}", marked.body);
    walk.seen("mark_checklist", marked);
    let version = walk.app.get(&clerk, &case).await.etag();
    let grant = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    let refused = walk.app.post_if(&clerk, &format!("{case}/proposal"), &version, grant).await;
    assert_eq!(refused.problem(), "409 checklist_open");
    walk.seen("create_proposal", refused);
}

/// The department in whose queue a case lies.
async fn submitted_office(walk: &mut Walk<'_>, case: &str, business: &Person) -> String {
    let timeline = walk.app.get(business, &format!("{case}/timeline")).await.expect(200);
    timeline["items"][0]["facts"]["department"].as_str().unwrap().to_owned()
}
