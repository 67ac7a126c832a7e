//! Documents over HTTP: who gets them, that they are the same bytes again, and what anybody can check of a paper.

use std::sync::Arc;

use jiff::SignedDuration;
use madoguchi::domain::id::{AccountId, ApplicationId, TenantCode};
use madoguchi::domain::issued_document::{DocumentKind, DocumentName};
use madoguchi::domain::policy::Role;
use madoguchi::service::{Caller, Ctx, document, incoming};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::decision_changes::{hearing, order, parts, registered, seal};
use crate::fee_timing::Counter;
use crate::receipts::Scene;
use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::font::without_font;

const PROCEDURE: &str = "denki-koji-toroku";

/// The status, the media type and the bytes.
async fn fetch(app: &TestApp, who: &Person, path: &str) -> (u16, String, Vec<u8>) {
    let answer = app.raw(Method::GET, path).bearer_auth(&who.token).send().await.unwrap();
    let status = answer.status().as_u16();
    let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (status, media_type, answer.bytes().await.unwrap().to_vec())
}

/// Makes the copy of the application; `None` on a machine without a Japanese font, where the API says so and somebody permitted it.
async fn copy(app: &TestApp, who: &Person, case: &str) -> Option<Vec<u8>> {
    let (status, media_type, bytes) = fetch(app, who, &format!("{case}/documents/application_copy")).await;
    if status == 503 {
        let problem: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(problem["code"], "font_missing");
        without_font();
        return None;
    }
    assert_eq!(
        (status, media_type.as_str()),
        (200, "application/pdf"),
        "{}",
        String::from_utf8_lossy(&bytes)
    );
    Some(bytes)
}

/// The token of a document of the case's applicant.
async fn token(app: &TestApp, applicant: &Person, id: &str, kind: DocumentKind) -> String {
    let account = AccountId(applicant.id.parse().unwrap());
    let ctx = Ctx::new(Arc::clone(&app.core), Caller::Account(account), Uuid::nil());
    let tenant = TenantCode::parse(AOMORI).unwrap();
    let name = DocumentName::new(kind, Uuid::nil());
    document::make(ctx, tenant, ApplicationId(id.parse().unwrap()), name).await.unwrap().token
}

/// What anybody is told who checks a paper by its token: the status and the body.
pub(crate) async fn checked(app: &TestApp, token: &str) -> (u16, Value) {
    let answer = app.raw(Method::GET, &format!("/v1/verify/{token}")).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

on_both_databases!(the_copy_of_an_application_is_its_parties_and_the_same_bytes_again, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let stranger = app.register("stranger@example.jp", "business").await;
    let draft = app.draft(&business, AOMORI, PROCEDURE).await;
    let of_draft = format!("/v1/tenants/{AOMORI}/applications/{draft}/documents");
    assert_eq!(app.get(&business, &of_draft).await.expect(200)["items"], json!([]));
    assert_eq!(app.get(&business, &format!("{of_draft}/application_copy")).await.problem(), "404 not_found");

    let submitted = app.submitted(&business, AOMORI, PROCEDURE).await;
    let case = format!("/v1/tenants/{AOMORI}/applications/{}", submitted["id"].as_str().unwrap());
    let listed = app.get(&business, &format!("{case}/documents")).await.expect(200);
    assert_eq!(listed["items"][0]["id"], "application_copy");
    let kinds: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["kind"].clone()).collect();
    assert_eq!(kinds, ["application_copy", "payment_notice"], "nothing is decided");
    let nobodys = format!("documents/receipt.{}", Uuid::nil());
    for path in ["documents/decision", "documents/poem", "documents/receipt", &nobodys] {
        assert_eq!(app.get(&business, &format!("{case}/{path}")).await.problem(), "404 not_found");
    }
    for path in ["documents", "documents/application_copy"] {
        assert_eq!(app.get(&stranger, &format!("{case}/{path}")).await.problem(), "404 not_found");
    }
    let Some(first) = copy(&app, &business, &case).await else { return };
    assert!(first.starts_with(b"%PDF-"));
    assert_eq!(copy(&app, &business, &case).await.unwrap(), first);
});

on_both_databases!(
    anybody_can_check_a_paper_and_sees_whether_it_still_says_what_stands,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, "clerk@example.jp").await;
        let submitted = app.submitted(&business, AOMORI, PROCEDURE).await;
        let id = submitted["id"].as_str().unwrap();
        let case = format!("/v1/tenants/{AOMORI}/applications/{id}");
        if copy(&app, &business, &case).await.is_none() {
            return;
        }
        let paper = token(&app, &business, id, DocumentKind::ApplicationCopy).await;
        let (status, found) = checked(&app, &paper).await;
        assert_eq!((status, &found["authentic"], &found["status"]), (200, &json!(true), &json!("current")));
        assert_eq!((&found["number"], &found["tenant"]), (&submitted["number"], &json!(AOMORI)));
        assert!(!found.to_string().contains("business@example.jp"));
        // the number of what came in is given after the copy was taken, and takes nothing from it.
        let tenant = TenantCode::parse(AOMORI).unwrap();
        assert_eq!(incoming::number(&app.core, &tenant).await.unwrap(), 1);
        assert_eq!(checked(&app, &paper).await.1["status"], "current");
        let copies = of_kind(&app, &business, &case, "application_copy").await;
        assert!(page(&app, &business, &case, &copies[0]).await.0.contains("消保収第1号"));

        let (forged, signature) = paper.split_at(paper.len() - 4);
        let other_digest = paper.replacen(&paper[60..64], "AAAA", 1);
        for forged in
            [format!("{forged}AAAA"), other_digest, forged.to_owned(), signature.to_owned(), "x".to_owned()]
        {
            let (status, problem) = checked(&app, &forged).await;
            assert_eq!((status, &problem["code"]), (404, &json!("document_not_authentic")), "{forged}");
        }

        app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let items = json!([{ "pointer": "/form/office_name", "message": "正式な名称を" }]);
        let asked = json!({ "items": items, "due_on": "2026-04-30" });
        app.post(&clerk, &format!("{case}/corrections"), asked).await.expect(201);
        let version = app.get(&business, &case).await.etag();
        let answer = json!({ "form": { "office_name": "別の名の営業所" } });
        app.post_if(&business, &format!("{case}/resubmit"), &version, answer).await.expect(200);
        assert_eq!(checked(&app, &paper).await.1["status"], "superseded", "the answers were corrected since");
        let anew = token(&app, &business, id, DocumentKind::ApplicationCopy).await;
        assert_eq!(checked(&app, &anew).await.1["status"], "current");
        let asked = of_kind(&app, &business, &case, "correction_request").await;
        let (html, _) = page(&app, &business, &case, &asked[0]).await;
        for words in [
            "補正の求め",
            "消防保安課号外",
            "正式な名称を",
            "令和8年4月30日",
            "根拠法令",
            "取り下げられたものとはみなしません",
        ] {
            assert!(html.contains(words), "R-10, R-11 {words}: {html}");
        }
        assert!(!html.contains("/form/office_name"), "the place is named as the form names it: {html}");
    }
);

/// The page to print of a document, and the token that it bears.
pub(crate) async fn page(app: &TestApp, who: &Person, case: &str, document: &str) -> (String, String) {
    let (status, media_type, bytes) = fetch(app, who, &format!("{case}/documents/{document}/page")).await;
    let html = String::from_utf8(bytes).unwrap();
    assert_eq!((status, media_type.as_str()), (200, "text/html; charset=utf-8"), "{document}: {html}");
    let (_, address) = html.split_once("/v1/verify/").expect(document);
    let token = address.split_once("</p>").unwrap().0.replace("<br>", "");
    (html, token)
}

/// The names of the documents of a kind, oldest first.
pub(crate) async fn of_kind(app: &TestApp, who: &Person, case: &str, kind: &str) -> Vec<String> {
    let listed = app.get(who, &format!("{case}/documents")).await.expect(200);
    let items = listed["items"].as_array().unwrap().iter().filter(|item| item["kind"] == kind);
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

on_both_databases!(
    r29_the_permit_and_its_orders_are_papers_that_say_how_the_permit_stands,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, business) = (&counter.app, &counter.business);
        let (case, permit) = registered(&counter).await;
        let kinds = ["application_copy", "payment_notice", "receipt", "decision", "permit"];
        for kind in kinds {
            let names = of_kind(app, business, &case, kind).await;
            assert_eq!(names.len(), 1, "{kind}");
            let (_, token) = page(app, business, &case, &names[0]).await;
            let found = checked(app, &token).await.1;
            assert_eq!((&found["document"], &found["status"]), (&json!(kind), &json!("current")));
        }
        let (html, of_permit) = page(app, business, &case, "permit").await;
        for words in ["許可証", "有効期間", "令和8年4月1日から令和13年3月31日まで", "青森県指令（消保）第1号"]
        {
            assert!(html.contains(words), "{words}: {html}");
        }
        let (_, of_decision) = page(app, business, &case, "decision").await;

        let mut heard = hearing();
        heard["form"] = json!("explanation");
        let suspend = json!({ "order": "suspension", "ground": "第28条第2項", "effective_on": "2026-04-01",
            "until": "2026-04-30", "hearing": heard, "reasons": [parts("第28条第2項")] });
        order(&counter, &case, &permit, suspend).await.expect(201);
        assert_eq!(
            of_kind(app, business, &case, "permit_order").await,
            Vec::<String>::new(),
            "not yet issued"
        );
        seal(&counter, &case, "permit_order").await.expect(200);
        for paper in [&of_permit, &of_decision] {
            assert_eq!(checked(app, paper).await.1["status"], "suspended");
        }
        let orders = of_kind(app, business, &case, "permit_order").await;
        assert_eq!(orders.len(), 1);
        let (html, of_order) = page(app, business, &case, &orders[0]).await;
        for words in ["効力停止通知書", "青森県達（消保）第1号", "第28条第2項", "令和8年4月30日まで", "教示"]
        {
            assert!(html.contains(words), "{words}: {html}");
        }
        assert_eq!(checked(app, &of_order).await.1["status"], "current");
        let stranger = app.register("stranger@example.jp", "business").await;
        for name in orders.iter().map(String::as_str).chain(["permit"]) {
            for path in [format!("{case}/documents/{name}"), format!("{case}/documents/{name}/page")] {
                assert_eq!(app.get(&stranger, &path).await.problem(), "404 not_found", "{path}");
            }
        }
    }
);

on_both_databases!(r39_a_permit_that_the_law_wants_on_paper_is_printed_by_staff_only, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let department = "kendo-kenchiku-jutaku";
    let resident = app.register("resident@example.jp", "resident").await;
    let clerk = app.officer(AOMORI, department, Role::Clerk, "clerk@example.jp").await;
    let chief = app.officer(AOMORI, department, Role::SectionChief, "chief@example.jp").await;
    let submitted = app.submitted(&resident, AOMORI, "takkenshi-sho").await;
    let case = format!("/v1/tenants/{AOMORI}/applications/{}", submitted["id"].as_str().unwrap());
    let invoice = format!("/v1/tenants/{AOMORI}/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
    let taken =
        json!({ "means": "cash", "amount": submitted["invoice"]["total"], "received_on": "2026-04-01" });
    app.post(&clerk, &format!("{invoice}/counter-payments"), taken).await.expect(201);
    app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let version = app.get(&clerk, &case).await.etag();
    let grant = json!({ "decision": "grant", "reasons": [] });
    app.post_if(&clerk, &format!("{case}/proposal"), &version, grant).await.expect(201);
    let version = app.get(&chief, &case).await.etag();
    app.post_if(&chief, &format!("{case}/approval/approve"), &version, json!({})).await.expect(200);

    assert_eq!(of_kind(&app, &resident, &case, "permit").await, Vec::<String>::new());
    for path in ["documents/permit", "documents/permit/page"] {
        let refused = app.get(&resident, &format!("{case}/{path}")).await;
        assert_eq!(refused.problem(), "403 issued_on_paper_only");
    }
    assert_eq!(of_kind(&app, &clerk, &case, "permit").await, ["permit"]);
    page(&app, &clerk, &case, "permit").await;
    page(&app, &resident, &case, "decision").await;
});

on_both_databases!(
    /// the paper of an entrusted payment never calls itself a receipt; one that ended says so at the check.
    r67_and_r80_notices_and_receipts_are_papers_that_say_what_they_are,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, PROCEDURE).await;
        let case = app.get(&scene.business, &scene.path("")).await.expect(200)["application"].clone();
        let case = format!("/v1/tenants/{AOMORI}/applications/{}", case.as_str().unwrap());
        let notice = of_kind(&app, &scene.business, &case, "payment_notice").await;
        let (html, _) = page(&app, &scene.business, &case, &notice[0]).await;
        for words in ["納入通知書", "22,000円", "令和8年度", "令和8年5月1日", "（款）使用料及び手数料", "納入場所", "工藤 太郎　様"] {
            assert!(html.contains(words), "R-67 {words}: {html}");
        }
        assert!(of_kind(&app, &scene.business, &case, "receipt").await.is_empty());
        let entry = scene.pay_cash().await;
        let receipts = of_kind(&app, &scene.business, &case, "receipt").await;
        let (html, token) = page(&app, &scene.business, &case, &receipts[0]).await;
        for words in ["<h1>領収証書</h1>", "22,000円", "窓口", "領収しました"] {
            assert!(html.contains(words), "{words}: {html}");
        }
        assert_eq!(checked(&app, &token).await.1["status"], "current");
        let reverse =
            format!("/v1/tenants/{AOMORI}/counter-payments/{}/reverse", entry["id"].as_str().unwrap());
        app.post(&scene.accountant, &reverse, json!({ "reason": "誤入力" })).await.expect(200);
        assert_eq!(checked(&app, &token).await.1["status"], "revoked");

        app.advance(SignedDuration::from_secs(60)).await;
        scene.pay_by_card().await;
        let receipts = of_kind(&app, &scene.business, &case, "receipt").await;
        let (html, _) = page(&app, &scene.business, &case, receipts.last().unwrap()).await;
        assert!(html.contains("<h1>納付委託確認書</h1>") && html.contains("クレジットカード"), "{html}");
        assert!(!html.contains("領収しました"), "{html}");
    }
);

on_both_databases!(without_a_font_the_api_says_which_package_has_one, async |db: TestDb| {
    let app = TestApp::start_with(&db, |settings| {
        settings.documents.font_families = vec!["A Family Nobody Has".to_owned()];
    })
    .await;
    let business = app.register("business@example.jp", "business").await;
    let submitted = app.submitted(&business, AOMORI, PROCEDURE).await;
    let path = format!("/v1/tenants/{AOMORI}/applications/{}", submitted["id"].as_str().unwrap());
    for (language, words) in [("ja", "日本語フォントがない"), ("en", "no Japanese font")] {
        let document = app.raw(Method::GET, &format!("{path}/documents/application_copy"));
        let refused =
            document.header("accept-language", language).bearer_auth(&business.token).send().await.unwrap();
        assert_eq!(refused.status().as_u16(), 503);
        let problem: Value = refused.json().await.unwrap();
        let detail = problem["detail"].as_str().unwrap();
        assert_eq!(problem["code"], "font_missing");
        assert!(detail.contains(words) && detail.contains("fonts-noto-cjk"), "{detail}");
    }
    page(&app, &business, &path, "application_copy").await;
});
