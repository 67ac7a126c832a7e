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
