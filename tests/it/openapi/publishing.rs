//! A version of a procedure from its draft to its end.

use super::*;

/// A version is written, sent back, approved; another is given up; the old one is closed; a draft moves.
pub async fn publishing(walk: &mut Walk<'_>, business: &Person) {
    let first = walk.app.officer(AOMORI, DEPARTMENT, Role::Administrator, "first@example.jp").await;
    let second = walk.app.officer(AOMORI, DEPARTMENT, Role::Administrator, "second@example.jp").await;
    let source = "officers: [{ email: n@example.jp, name: 新人 }]\nholdings: [{ email: n@example.jp, department: kiki-shobo-hoan, \
        role: clerk, title: 主事, valid_from: 2026-05-01 }]";
    for query in ["?dry_run=true", ""] {
        let file = json!({ "format": "yaml", "source": source });
        let imported =
            walk.app.post(&first, &format!("/v1/tenants/020001/organisation/imports{query}"), file).await;
        assert!(imported.status.is_success(), "{}", imported.body);
        walk.seen("import_organisation", imported);
    }
    let papers = "/v1/tenants/020001/procedure-versions";
    let text = include_str!("../../../config/procedures/020001/denki-koji-toroku.yaml");
    let text = crate::publishing::without_days(text).replacen("version: 1", "version: 2", 1);
    let text = text.replacen("effective_from: 2025-04-01", "effective_from: 2026-04-01", 1);
    let written = walk.app.post(&first, papers, json!({ "source": "id: x" })).await;
    let written = walk.seen("create_procedure_version", written);
    let paper = format!("{papers}/{}", written["id"].as_str().unwrap());
    let key = new_key();
    let headers = [("idempotency-key", key.as_str()), ("if-match", "\"1\"")];
    let body = Some(json!({ "source": text }));
    let edited = walk.app.call(Method::PATCH, &paper, Some(&first), &headers, body).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    walk.seen("edit_procedure_version", edited);
    walk.change("propose_procedure_version", &first, &format!("{paper}/propose"), &paper, json!({})).await;
    let comment = json!({ "comment": "根拠を補うこと" });
    walk.change("return_procedure_version", &second, &format!("{paper}/return"), &paper, comment).await;
    walk.change("propose_procedure_version", &first, &format!("{paper}/propose"), &paper, json!({})).await;
    let draft = json!({ "procedure": PROCEDURE, "form": {} });
    let draft = walk.app.post(business, CASES, draft).await.expect(201);
    walk.change("approve_procedure_version", &second, &format!("{paper}/approve"), &paper, json!({})).await;
    walk.get("get_procedure_version", &second, &paper).await;
    walk.get("list_procedure_versions", &first, papers).await;
    let upgrade = format!("{CASES}/{}/upgrade", draft["id"].as_str().unwrap());
    let moved = walk.app.post(business, &upgrade, json!({})).await;
    assert_eq!(moved.body["procedure_version"], 2, "{}", moved.body);
    walk.seen("upgrade_application", moved);
    let other = walk.app.post(&first, papers, json!({ "source": "id: y" })).await.expect(201);
    let other = format!("{papers}/{}", other["id"].as_str().unwrap());
    walk.change("withdraw_procedure_version", &first, &format!("{other}/withdraw"), &other, json!({})).await;
    let dates = json!({ "last_day": "2026-04-30", "drain_until": "2026-05-31" });
    let close = format!("/v1/tenants/020001/procedures/{PROCEDURE}/versions/2/close");
    let closing = walk.app.post(&first, &close, dates).await;
    assert_eq!(closing.status, 201, "{}", closing.body);
    walk.seen("close_procedure_version", closing);
    let alone = walk.app.post(&first, papers, json!({ "source": text })).await;
    assert_eq!(alone.problem(), "409 version_taken");
    walk.seen("create_procedure_version", alone);
}
