//! What is asked and answered about the records of ended cases.

use super::*;
use crate::policy_coverage::world::{expired_file, hold_on_records};

pub async fn recording(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person) {
    let mut files = Vec::new();
    let mut last = String::new();
    for _ in 0..2 {
        let submitted = walk.app.submitted(business, AOMORI, PROCEDURE).await;
        last = submitted["id"].as_str().unwrap().to_owned();
        walk.app.post(business, &format!("{CASES}/{last}/withdraw"), json!({})).await.expect(200);
        files.push(expired_file(walk.app, &last).await);
    }
    let register = "/v1/tenants/020001/record-files";
    walk.open("list_record_files", Method::GET, register, None).await;
    let file = format!("{register}/{}", files[1]);
    let holds = format!("{CASES}/{last}/record-holds");
    let held = walk.app.post(clerk, &holds, hold_on_records()).await;
    assert_eq!(held.status, 201, "{}", held.body);
    let held = walk.seen("place_record_hold", held);
    walk.get("list_record_cases", clerk, &format!("{file}/cases")).await;
    walk.get("list_record_books", clerk, &format!("{file}/books")).await;
    let over_file = walk.app.post(clerk, &format!("{file}/holds"), hold_on_records()).await;
    assert_eq!(over_file.status, 201, "{}", over_file.body);
    let over_file = walk.seen("place_record_file_hold", over_file);
    walk.get("list_record_file_holds", clerk, &format!("{file}/holds")).await;
    let end = format!("/v1/tenants/020001/record-file-holds/{}/release", over_file["id"].as_str().unwrap());
    let ended = walk.app.post(clerk, &end, json!({ "reason": "監査の終了" })).await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    walk.seen("release_record_file_hold", ended);
    let measures = format!("{file}/measures");
    let transfer = || json!({ "measure": "transfer", "reason": "歴史公文書に当たる" });
    walk.refused("propose_record_measure", clerk, &measures, transfer(), "409 disposal_blocked").await;
    let release = format!("/v1/tenants/020001/record-holds/{}/release", held["id"].as_str().unwrap());
    let released = walk.app.post(clerk, &release, json!({ "reason": "監査の終了" })).await;
    assert_eq!(released.status, 200, "{}", released.body);
    walk.seen("release_record_hold", released);
    walk.get("list_record_holds", clerk, &holds).await;
    let proposed = walk.app.post(clerk, &measures, transfer()).await;
    assert_eq!(proposed.status, 201, "{}", proposed.body);
    let proposed = walk.seen("propose_record_measure", proposed);
    let measure = format!("/v1/tenants/020001/record-measures/{}", proposed["id"].as_str().unwrap());
    decided(walk, "approve_record_measure", chief, &format!("{measure}/approve")).await;
    walk.app.drain().await;
    let exported = walk.get("get_record_measure", clerk, &measure).await;
    walk.get("list_record_bundles", clerk, &format!("{measure}/bundles")).await;
    walk.get("get_record_bundle", chief, &format!("{measure}/bundles/{last}")).await;
    let said = json!({ "bundles_sha256": exported["bundles_sha256"], "receipt": "受領第1号" });
    let handed = walk.app.post(chief, &format!("{measure}/hand-over"), said).await;
    assert_eq!(handed.status, 200, "{}", handed.body);
    walk.seen("hand_over_records", handed);
    walk.get("get_record_file", clerk, &file).await;

    let dispose = json!({ "measure": "dispose", "reason": "満了" });
    let path = format!("{register}/{}/measures", files[0]);
    let proposed = walk.app.post(clerk, &path, dispose).await.expect(201);
    let measure = format!("/v1/tenants/020001/record-measures/{}", proposed["id"].as_str().unwrap());
    decided(walk, "reject_record_measure", chief, &format!("{measure}/reject")).await;
}

async fn decided(walk: &mut Walk<'_>, operation: &str, who: &Person, path: &str) {
    let answer = walk.app.post(who, path, json!({})).await;
    assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
    walk.seen(operation, answer);
}
