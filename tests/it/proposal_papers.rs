//! The approver sees exactly what will be issued: the papers of a proposal, set in type before its last seal.

use reqwest::Method;
use serde_json::{Value, json};

use crate::decision_changes::{hearing, order, parts, registered, seal};
use crate::fee_timing::Counter;
use crate::policy_coverage::world::{draft_of, pay, propose, submit};
use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::font::without_font;

/// The page of a paper at `path`.
async fn page(app: &TestApp, who: &Person, path: &str) -> String {
    let answer = app.raw(Method::GET, path).bearer_auth(&who.token).send().await.unwrap();
    let status = answer.status().as_u16();
    let html = answer.text().await.unwrap();
    assert_eq!(status, 200, "{path}: {html}");
    html
}

/// What a page says before its proof, without the mark of a draft and without the number that is drawn at the issue.
fn words(html: &str, number: &str) -> String {
    let (before, _) = html.split_once("<div class=\"proof\">").unwrap();
    assert!(before.contains(number), "{number}: {before}");
    before.replace("【案】", "").replace(number, "")
}

async fn paid_and_proposed(counter: &Counter) -> String {
    let (app, business) = (&counter.app, &counter.business);
    let case = submit(app, business, draft_of(app, business).await).await;
    pay(app, business, &case).await;
    propose(app, &counter.clerk, &case).await;
    format!("/v1/tenants/{AOMORI}/applications/{}", case.id)
}

on_both_databases!(
    r117_and_r120_the_papers_before_the_last_seal_say_what_is_issued_but_for_the_number,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, chief, business) = (&counter.app, &counter.chief, &counter.business);
        let case = paid_and_proposed(&counter).await;
        let (mut drafts, kinds) = (Vec::new(), ["decision", "permit"]);
        let shown = app.get(chief, &format!("{case}/proposal")).await.expect(200);
        for kind in kinds {
            let draft = page(app, chief, &format!("{case}/proposal/papers/{kind}/page")).await;
            let sha256 = shown["issue"]["content_sha256"].as_str().unwrap();
            assert!(draft.contains("【案】") && draft.contains(sha256), "{draft}");
            assert!(
                draft.contains("効力はありません") && !draft.contains("/v1/verify/"),
                "it proves nothing: {draft}"
            );
            drafts.push(draft);
        }
        seal(&counter, &case, "decision").await.expect(200);
        for (kind, draft) in kinds.into_iter().zip(&drafts) {
            let issued = page(app, business, &format!("{case}/documents/{kind}/page")).await;
            let (before, after) = ("青森県指令（消保）第　　号", "青森県指令（消保）第1号");
            assert_eq!(words(draft, before), words(&issued, after), "{kind}");
        }
    }
);

on_both_databases!(
    r117_the_papers_of_a_correction_and_of_an_order_are_seen_before_their_seal,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, chief, business) = (&counter.app, &counter.chief, &counter.business);
        let (case, permit) = registered(&counter).await;
        let version = app.get(&counter.clerk, &case).await.etag();
        let right = json!({ "error": "条項の誤り", "reasons": [parts("第3条")] });
        let path = format!("{case}/decision/corrections");
        app.post_if(&counter.clerk, &path, &version, right).await.expect(201);
        let number = "青森県指令（消保）第1号";
        let of = |subject: &str, kind: &str| format!("{case}/proposal/papers/{kind}/page?subject={subject}");
        let (letter, certificate) = (
            page(app, chief, &of("correction", "decision")).await,
            page(app, chief, &of("correction", "permit")).await,
        );
        assert!(
            letter.contains("更正（第2版）：条項の誤り") && letter.contains("適用した条項：第3条"),
            "{letter}"
        );
        seal(&counter, &case, "correction").await.expect(200);
        for (kind, draft) in [("decision", letter), ("permit", certificate)] {
            let issued = page(app, business, &format!("{case}/documents/{kind}/page")).await;
            assert_eq!(
                words(&draft, number),
                words(&issued, number),
                "R-120: the matter keeps its number: {kind}"
            );
        }

        let mut heard = hearing();
        heard["form"] = json!("explanation");
        let suspend = json!({ "order": "suspension", "ground": "第28条第2項", "effective_on": "2026-04-01",
            "until": "2026-04-30", "hearing": heard, "reasons": [parts("第28条第2項")] });
        order(&counter, &case, &permit, suspend).await.expect(201);
        let draft = page(app, chief, &of("permit_order", "permit_order")).await;
        let shown = app.get(chief, &format!("{case}/proposal?subject=permit_order")).await.expect(200);
        let instruction = shown["issue"]["instruction"].clone();
        seal(&counter, &case, "permit_order").await.expect(200);
        let listed = app.get(business, &format!("{case}/documents")).await.expect(200);
        let items = listed["items"].as_array().unwrap();
        let id = items.iter().find(|item| item["kind"] == "permit_order").unwrap()["id"].as_str().unwrap();
        let issued = page(app, business, &format!("{case}/documents/{id}/page")).await;
        let (before, after) = ("青森県達（消保）第　　号", "青森県達（消保）第1号");
        assert_eq!(words(&draft, before), words(&issued, after));
        // what the approver is shown is what was issued and what the paper prints.
        let orders = app.get(business, &format!("{permit}/orders")).await.expect(200);
        assert_eq!(
            (&shown["issue"]["authority"], &shown["issue"]["missing"]),
            (&json!("青森県知事"), &json!([]))
        );
        assert_eq!(instruction, orders["items"][0]["instruction"]);
        assert!(issued.contains("青森県知事に対して審査請求をすることができます"), "{issued}");
    }
);

on_both_databases!(papers_of_a_proposal_are_for_staff_on_its_route_while_it_is_there, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let (app, chief) = (&counter.app, &counter.chief);
    let case = paid_and_proposed(&counter).await;
    let path = format!("{case}/proposal/papers/decision");
    assert_eq!(app.get(&counter.business, &path).await.problem(), "404 not_found", "no draft is told of");
    for strange in ["permit_order", "receipt", "nonsense"] {
        let path = format!("{case}/proposal/papers/{strange}");
        assert_eq!(app.get(chief, &path).await.problem(), "404 not_found", "{strange}");
    }
    let pdf = app.raw(Method::GET, &path).bearer_auth(&chief.token).send().await.unwrap();
    match pdf.status().as_u16() {
        200 => assert!(pdf.bytes().await.unwrap().starts_with(b"%PDF-")),
        503 => {
            let problem: Value = pdf.json().await.unwrap();
            assert_eq!(problem["code"], "font_missing");
            without_font();
        }
        other => panic!("{other}"),
    }
    let looked = "(SELECT COUNT(*) FROM access_log WHERE operation = 'proposal')";
    assert!(db.count(looked).await > 0, "R-183: who saw personal data is recorded");
    seal(&counter, &case, "decision").await.expect(200);
    assert_eq!(app.get(chief, &path).await.problem(), "404 not_found", "what was issued is a document");
});
