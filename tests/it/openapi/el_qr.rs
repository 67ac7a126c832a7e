//! What is asked and answered about public money by eL-QR.

use super::*;
use crate::el_qr::{handed_in, nobodys_payment};

/// A file of slips with the organisation's report about it, and a file of payments.
pub async fn by_el_qr(walk: &mut Walk<'_>) {
    let one = walk.app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "el-qr@example.jp").await;
    let payer = walk.app.register("el-qr-payer@example.jp", "business").await;
    walk.app.submitted(&payer, AOMORI, PROCEDURE).await;
    let uploads = "/v1/tenants/020001/el-qr-uploads";
    let made = walk.app.post(&one, uploads, json!({})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = walk.seen("create_el_qr_upload", made);
    walk.refused("create_el_qr_upload", &one, uploads, json!({}), "422 validation_failed").await;
    walk.get("list_el_qr_uploads", &one, uploads).await;
    let path = format!("{uploads}/{}", made["id"].as_str().unwrap());
    let shown = walk.get("get_el_qr_upload", &one, &path).await;
    walk.app.get(&one, &format!("{path}/file")).await.expect(200);
    let numbers =
        shown["items"].as_array().unwrap().iter().map(|item| item["payment_number"].as_str().unwrap());
    let lines: Vec<String> = numbers.map(|number| format!("2,{number},0,\r\n")).collect();
    let report = format!("1,020001,受付結果\r\n{}8,{}\r\n", lines.concat(), lines.len());
    let report = handed_in(&encoding_rs::SHIFT_JIS.encode(&report).0);
    let taken = walk.app.post(&one, &format!("{path}/acceptance"), report).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    walk.seen("import_el_qr_acceptance", taken);
    let results = "/v1/tenants/020001/el-qr-results";
    let made = walk.app.post(&one, results, handed_in(&nobodys_payment())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = walk.seen("import_el_qr_results", made);
    walk.app.drain().await;
    walk.get("list_el_qr_results", &one, results).await;
    walk.get("get_el_qr_results", &one, &format!("{results}/{}", made["id"].as_str().unwrap())).await;
}
