//! What is asked and answered about papers.

use madoguchi::domain::id::TenantCode;
use madoguchi::domain::issued_document::{DocumentClaims, DocumentKind, DocumentName};

use super::*;

/// The documents of a case, a paper of ours that says what no longer stands, and one of somebody else's.
pub async fn papers(walk: &mut Walk<'_>, business: &Person, case: &str) {
    walk.get("list_documents", business, &format!("{case}/documents")).await;
    let page = format!("{case}/documents/application_copy/page");
    walk.get("get_document_page", business, &page).await;
    let claims = DocumentClaims {
        tenant: TenantCode::parse(AOMORI).unwrap(),
        name: DocumentName::new(DocumentKind::ApplicationCopy, uuid::Uuid::nil()),
        application: case.rsplit('/').next().unwrap().parse().unwrap(),
        issued_on: "2026-04-01".parse().unwrap(),
        digest: [0; 32],
    };
    let signature = walk.app.core.keys.documents().sign(claims.statement().as_bytes());
    let ours = format!("/v1/verify/{}", claims.token(&signature));
    let found = walk.open("verify_document", Method::GET, &ours, None).await;
    assert_eq!(found["status"], "superseded");
    let strange = walk.app.call(Method::GET, "/v1/verify/no-paper-of-ours", None, &[], None).await;
    assert_eq!(strange.problem(), "404 document_not_authentic");
    walk.seen("verify_document", strange);
}

/// A decision that the authority signed.
pub async fn signatures(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, ON_ISSUE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    let path = format!("{case}/documents/decision/signature");
    let none = walk.app.get(business, &path).await;
    assert_eq!(none.problem(), "409 no_office_signature");
    walk.seen("get_document_signature", none);
    walk.app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let reason = json!({ "fact": "位置が重なる", "clause": "第3条", "criterion": "審査基準第3" });
    let refuse = json!({ "decision": "refuse", "reasons": [reason], "conditions": [] });
    walk.change("create_proposal", clerk, &format!("{case}/proposal"), &case, refuse).await;
    walk.change("approve_proposal", chief, &format!("{case}/approval/approve"), &case, json!({})).await;
    walk.get("get_document_signature", business, &path).await;
    let page = walk.app.get(business, &format!("{case}/documents/decision/page")).await;
    let html = page.body.as_str().unwrap();
    let (_, address) = html.split_once("/v1/verify/").unwrap();
    let token = address.split_once("</p>").unwrap().0.replace("<br>", "");
    let found = walk.open("verify_document", Method::GET, &format!("/v1/verify/{token}"), None).await;
    assert_eq!(found["signature"]["check"], "valid");
}

/// Filings that a law opens to the public.
pub async fn inspection(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person) {
    let list = format!("/v1/tenants/{AOMORI}/procedures/{ON_ISSUE}/public-inspection");
    let page = walk.open("list_public_filings", Method::GET, &list, None).await;
    let before = page["items"].as_array().unwrap().len();
    signatures(walk, business, clerk, chief).await;
    let page = walk.open("list_public_filings", Method::GET, &list, None).await;
    assert_eq!(page["items"].as_array().unwrap().len(), before + 1);
    let filing = format!("{list}/{}", page["items"][0]["id"].as_str().unwrap());
    walk.open("get_public_filing", Method::GET, &filing, None).await;
    let file = format!("{list}/{}/files/photo", uuid::Uuid::nil());
    let no_file = walk.app.call(Method::GET, &file, None, &[], None).await;
    assert_eq!(no_file.problem(), "404 not_found");
    walk.seen("get_public_file", no_file);
    let nothing = walk.app.call(Method::GET, &format!("{list}/{}", uuid::Uuid::nil()), None, &[], None).await;
    assert_eq!(nothing.problem(), "404 not_found");
    walk.seen("get_public_filing", nothing);
}
