//! What is issued with a decision: number, instruction on appeals, permit; and what the days bring to a permit.

use std::sync::Arc;

use data_encoding::BASE64;
use futures_util::future::join_all;
use jiff::SignedDuration;
use madoguchi::domain::document_number::Series;
use madoguchi::domain::id::{AccountId, ApplicationId, TenantCode};
use madoguchi::domain::issued_document::{DocumentKind, DocumentName};
use madoguchi::service::{Caller, Ctx, Failure, Refusal, document, document_number};
use madoguchi::store::{Root, document_numbers};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::decision_changes::{hearing, order, parts, registered, seal};
use crate::fee_timing::Counter;
use crate::policy_coverage::world::{Case, approve, draft_of, pay, propose, submit};
use crate::support::app::{AOMORI, ON_ISSUE, Person, TestApp, new_key};
use crate::support::db::TestDb;

/// How many decisions are made at once.
const AT_ONCE: usize = 64;

on_both_databases!(
    /// Decisions at once never share, skip or lose a number, and nobody waits in a circle.
    r120_numbers_have_no_gaps_or_duplicates_however_many_decide_at_once,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let mut cases = Vec::new();
        for _ in 0..AT_ONCE {
            let case = counter.claimed(ON_ISSUE).await;
            counter.propose(&case, "grant").await;
            cases.push(case);
        }
        // Beside the seals: others who draw a number and then undo everything, and seals that come too late.
        let undone = join_all((1..=16).map(|root| draw_and_undo(&counter, root)));
        let sealed = join_all(cases.iter().map(|case| counter.seal(case)));
        let twice = join_all(cases.iter().map(|case| counter.seal(case)));
        let (_, first, second) = tokio::join!(undone, sealed, twice);
        for (first, second) in first.iter().zip(&second) {
            let decided = [first, second].iter().filter(|state| **state == "decided").count();
            assert_eq!(decided, 1, "{first} {second}");
        }
        let mut numbers = Vec::new();
        for case in &cases {
            let decision = counter.app.get(&counter.business, &format!("{case}/decision")).await.expect(200);
            let text = decision["document_number"].as_str().unwrap().to_owned();
            let number = text.trim_start_matches("青森県指令（消保）第").trim_end_matches('号').parse::<usize>();
            numbers.push(number.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=AT_ONCE).collect::<Vec<_>>());
        let tenant = TenantCode::parse(AOMORI).unwrap();
        let report = document_number::check(&counter.app.core, &tenant).await.unwrap();
        assert_eq!((report.numbers, report.irregularities), (AT_ONCE, vec![]));
    }
);

/// Draws the next number of the sequence that the decisions draw from, and refuses after all.
async fn draw_and_undo(counter: &Counter, root: u128) {
    let tenant = TenantCode::parse(AOMORI).unwrap();
    let root = Root::Application(ApplicationId(Uuid::from_u128(root)));
    let drawn = counter.app.core.db.write_alone(vec![root], move |tx| {
        let series = Series { key: "answer:kiki-shobo-hoan".to_owned(), year: 2026 };
        document_numbers::next(tx, &tenant, &series)?;
        Err::<(), Failure>(Refusal::Forbidden.into())
    });
    assert!(drawn.await.is_err());
}

on_both_databases!(r27_and_t4_a_refusal_says_why_in_three_parts_and_where_to_appeal, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let case = counter.claimed(ON_ISSUE).await;
    let version = counter.app.get(&counter.clerk, &case).await.etag();
    let path = format!("{case}/proposal");
    let part = json!({ "fact": "柱の位置が歩道にかかる", "clause": "道路法第33条第1項", "criterion": "審査基準第3" });
    let lacking =
        json!({ "decision": "refuse", "reasons": [{ "fact": "x", "clause": " ", "criterion": "y" }] });
    let refused = counter.app.post_if(&counter.clerk, &path, &version, lacking).await;
    assert_eq!(refused.problem(), "422 validation_failed");
    assert_eq!(refused.body["errors"][0]["pointer"], "/reasons/0/clause");
    let plain = json!({ "decision": "refuse", "reasons": ["第33条"] });
    let refused = counter.app.post_if(&counter.clerk, &path, &version, plain).await;
    assert_eq!(refused.body["errors"][0]["code"], "parts_required");
    let good = json!({ "decision": "refuse", "reasons": [part] });
    counter.app.post_if(&counter.clerk, &path, &version, good).await.expect(201);
    assert_eq!(counter.seal(&case).await, "decided");
    let decision = counter.app.get(&counter.business, &format!("{case}/decision")).await.expect(200);
    assert_eq!(decision["decision"], "refuse");
    assert_eq!(decision["reasons"], json!([part]));
    assert_eq!(decision["document_number"], "青森県指令（消保）第1号");
    assert_eq!(decision["instruction"]["review_months"], 3);
    assert_eq!(decision["instruction"]["defendant"], "Aomori Prefecture");
    assert!(decision["sealed_as"].as_str().unwrap().contains("section_chief"));
    assert_eq!(db.count("(SELECT COUNT(*) FROM permits)").await, 0);
});

on_both_databases!(
    /// whatever burdens says that, to whom and within what time one may appeal; be it an answer or an order.
    r32_a_refusal_and_an_order_say_to_whom_and_within_what_time_one_appeals,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let refused = counter.claimed(ON_ISSUE).await;
        counter.propose(&refused, "refuse").await;
        assert_eq!(counter.seal(&refused).await, "decided");
        let decision = counter.app.get(&counter.business, &format!("{refused}/decision")).await.expect(200);
        let (case, permit) = registered(&counter).await;
        let revocation = json!({ "order": "revocation", "ground": "電気工事業の業務の適正化に関する法律第28条第1項",
            "effective_on": "2026-04-03", "hearing": hearing(), "reasons": [parts("第28条第1項第1号")] });
        order(&counter, &case, &permit, revocation).await.expect(201);
        seal(&counter, &case, "permit_order").await.expect(200);
        let orders = counter.app.get(&counter.business, &format!("{permit}/orders")).await.expect(200);
        for instruction in [&decision["instruction"], &orders["items"][0]["instruction"]] {
            assert_eq!(instruction["review_authority"], "Governor of Aomori Prefecture");
            assert_eq!(instruction["review_months"], 3, "{instruction}");
            let text = instruction["text"].as_str().unwrap();
            assert!(text.contains("Governor of Aomori Prefecture"), "{text}");
        }
    }
);

on_both_databases!(
    r195_a_decided_case_is_closed_once_and_only_when_nothing_of_it_is_open,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let mut cases = Vec::new();
        for _ in 0..2 {
            let case = counter.claimed(ON_ISSUE).await;
            counter.propose(&case, "partial_refusal").await;
            assert_eq!(counter.seal(&case).await, "decided");
            cases.push(case);
        }
        let (paid, unpaid) = (&cases[0], &cases[1]);
        let decision = counter.app.get(&counter.business, &format!("{paid}/decision")).await.expect(200);
        counter.pay(decision["invoice"].as_str().unwrap()).await;
        counter.app.drain().await;
        counter.app.clock.advance(SignedDuration::from_hours(24));
        for _ in 0..2 {
            counter.app.drain().await;
        }
        let clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        let state =
            async |who: &Person, case: &str| counter.app.get(who, case).await.expect(200)["state"].clone();
        assert_eq!(
            state(&clerk, paid).await,
            "decided",
            "nobody has posted its letter: nothing was told yet"
        );
        for case in [paid, unpaid] {
            counter.app.post_letters(&clerk, case).await;
        }
        counter.app.clock.advance(SignedDuration::from_hours(24));
        for _ in 0..2 {
            counter.app.drain().await;
        }
        let clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        let state = async |case: &str| state(&clerk, case).await;
        assert_eq!((state(paid).await, state(unpaid).await), (json!("closed"), json!("decided")));
        assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'closed')").await, 1);
    }
);

on_both_databases!(
    r22_r41_and_r42_a_permit_is_granted_reminded_of_renewed_from_and_ends,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, business) = (&counter.app, &counter.business);
        let case = submit(app, business, draft_of(app, business).await).await;
        pay(app, business, &case).await;
        propose(app, &counter.clerk, &case).await;
        approve(app, &counter.chief, &case).await;
        let mine = app.get(business, "/v1/me/permits").await.expect(200);
        let permit = &mine["items"][0];
        assert_eq!((&permit["state"], &permit["application"]), (&json!("valid"), &json!(case.id)));
        let (from, to): (jiff::civil::Date, jiff::civil::Date) =
            (day(&permit["valid_from"]), day(&permit["valid_to"]));
        assert_eq!(to, from.checked_add(jiff::Span::new().years(5)).unwrap().yesterday().unwrap());
        let path = format!("/v1/tenants/020001/permits/{}", permit["id"].as_str().unwrap());
        let staff = app.get(&counter.clerk, "/v1/tenants/020001/permits").await.expect(200);
        assert_eq!(staff["items"][0]["id"], permit["id"]);
        let nobody = format!("/v1/tenants/020001/permits?holder={}", case.id);
        assert_eq!(app.get(&counter.clerk, &nobody).await.expect(200)["items"], json!([]));

        // the case is closed on the day after, once the notice went out.
        app.post_letters(&counter.clerk, &format!("/v1/tenants/020001/applications/{}", case.id)).await;
        app.drain().await;
        let state = async || {
            let path = format!("/v1/tenants/020001/applications/{}", case.id);
            app.get(&app.sign_in("business@example.jp", &business.id).await, &path).await.expect(200)["state"]
                .clone()
        };
        assert_eq!(state().await, "decided");
        app.clock.advance(SignedDuration::from_hours(24));
        app.drain().await;
        assert_eq!(state().await, "closed");

        // 90 days before the end the holder is reminded, once.
        let until_reminder = from.until(to).unwrap().get_days() - 90;
        app.clock.advance(SignedDuration::from_hours(24 * i64::from(until_reminder)));
        app.drain().await;
        app.drain().await;
        assert_eq!(reminders(&counter), 1);

        let business = app.sign_in("business@example.jp", &business.id).await;
        let opened = app.post(&business, &format!("{path}/renewal"), json!({})).await.expect(201);
        let draft = format!("/v1/tenants/020001/applications/{}", opened["id"].as_str().unwrap());
        let form = app.get(&business, &draft).await.expect(200)["form"].clone();
        assert_eq!(form["expires_on"], to.to_string());
        assert_eq!(form["registered_on"], from.to_string());
        assert_eq!(form["registration_number"], permit["document_number"]);
        assert!(
            form["applicant_name"].is_string() && form["office_name"].is_string(),
            "nothing is lost: {form}"
        );
        let misfits: Vec<_> =
            opened["misfits"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
        assert!(
            misfits.iter().any(|pointer| pointer.as_str().unwrap().ends_with("/office_name")),
            "{misfits:?}"
        );
        let again = app.post(&business, &format!("{path}/renewal"), json!({})).await;
        assert_eq!(again.problem(), "409 renewal_open");

        // Nobody handed the renewal in: the term ends, once.
        app.clock.advance(SignedDuration::from_hours(24 * 91));
        app.drain().await;
        app.drain().await;
        let business = app.sign_in("business@example.jp", &business.id).await;
        let ended = app.get(&business, &path).await.expect(200);
        assert_eq!(ended["state"], "expired");
        let happened: Vec<_> =
            ended["events"].as_array().unwrap().iter().map(|event| event["happening"].clone()).collect();
        assert_eq!(happened, ["issued", "expired"]);
        assert_eq!(ended["events"][1]["effective_on"], to.tomorrow().unwrap().to_string());
        let late = app.post(&business, &format!("{path}/renewal"), json!({})).await;
        assert_eq!(late.problem(), "409 permit_not_renewable");
    }
);

on_both_databases!(
    r27_conditions_and_partial_refusals_burden_and_the_paper_says_all_of_it,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, business) = (&counter.app, &counter.business);
        let part = json!({ "fact": "設備が古い", "clause": "第20条", "criterion": "審査基準第4" });
        let decided = async |decision: &str, conditions: Value| {
            let case = counter.claimed(ON_ISSUE).await;
            let version = app.get(&counter.clerk, &case).await.etag();
            let body = json!({ "decision": decision, "reasons": [part], "conditions": conditions });
            let path = format!("{case}/proposal");
            app.post_if(&counter.clerk, &path, &version, body).await.expect(201);
            assert_eq!(counter.seal(&case).await, "decided");
            let decision = app.get(business, &format!("{case}/decision")).await.expect(200);
            (case, decision)
        };
        let (granted, conditional) = decided("conditional_grant", json!(["毎年報告すること"])).await;
        assert_eq!(conditional["decision"], "conditional_grant");
        assert_ne!(conditional["invoice"], Value::Null, "what is granted costs its fee at issue");
        let (_, partial) = decided("partial_refusal", json!([])).await;
        assert_eq!((&partial["decision"], &partial["reasons"]), (&json!("partial_refusal"), &json!([part])));

        // A plain grant carries no conditions, and a conditional one carries some.
        let case = counter.claimed(ON_ISSUE).await;
        let version = app.get(&counter.clerk, &case).await.etag();
        for (decision, conditions, pointer) in
            [("grant", json!(["x"]), "/decision"), ("conditional_grant", json!([]), "/conditions")]
        {
            let body = json!({ "decision": decision, "reasons": [part], "conditions": conditions });
            let refused = app.post_if(&counter.clerk, &format!("{case}/proposal"), &version, body).await;
            assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{decision}");
        }

        let id = granted.rsplit('/').next().unwrap();
        let printed = printed(app, business, id).await;
        assert_eq!(printed["head"], json!(["青森県指令（消保）第1号", "令和8年4月1日"]));
        assert_eq!(printed["sender"], "青森県知事");
        let sections = printed["sections"].as_array().unwrap();
        let section = |label: &str| sections.iter().find(|section| section["label"] == label).unwrap();
        assert_eq!(section("条件")["items"], json!([["毎年報告すること"]]));
        let lines = ["原因となる事実：設備が古い", "適用した条項：第20条", "審査基準：審査基準第4"];
        assert_eq!(section("理由")["items"], json!([lines]));
        let instruction = section("教示")["text"][0].as_str().unwrap();
        assert!(instruction.contains("3か月以内に、青森県知事に対して審査請求"), "R-199b: {instruction}");
        assert!(instruction.contains("青森県を被告として"), "R-33: {instruction}");
    }
);

/// What the decision of a case prints, for its applicant.
async fn printed(app: &TestApp, applicant: &Person, id: &str) -> Value {
    let account = AccountId(applicant.id.parse().unwrap());
    let ctx = Ctx::new(Arc::clone(&app.core), Caller::Account(account), Uuid::nil());
    let tenant = TenantCode::parse(AOMORI).unwrap();
    let id = ApplicationId(id.parse().unwrap());
    document::prepare(&ctx, tenant, id, DocumentName::new(DocumentKind::Decision, Uuid::nil()))
        .await
        .unwrap()
        .data
}

on_both_databases!(
    r41_a_renewal_filed_in_time_holds_the_permit_open_and_its_term_follows_the_old_one,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let app = &counter.app;
        let case = submit(app, &counter.business, draft_of(app, &counter.business).await).await;
        pay(app, &counter.business, &case).await;
        propose(app, &counter.clerk, &case).await;
        approve(app, &counter.chief, &case).await;
        let mine = app.get(&counter.business, "/v1/me/permits").await.expect(200);
        let permit = &mine["items"][0];
        let path = format!("/v1/tenants/020001/permits/{}", permit["id"].as_str().unwrap());
        assert_eq!(permit["valid_to"], "2031-03-31", "R-22: five years from the day it was granted");
        let printed = printed(app, &counter.business, &case.id).await;
        let mut rows =
            printed["sections"].as_array().unwrap().iter().flat_map(|it| it["rows"].as_array().unwrap());
        let term = rows.rfind(|row| row["label"] == "有効期間").unwrap();
        assert_eq!(term["value"], "令和8年4月1日から令和13年3月31日まで");

        app.clock.advance(SignedDuration::from_hours(24 * (365 * 5 - 40)));
        app.drain().await;
        let business = app.sign_in("business@example.jp", &counter.business.id).await;
        let renewal = renew(app, &business, &path).await;
        app.clock.advance(SignedDuration::from_hours(24 * 60));
        for _ in 0..2 {
            app.drain().await;
        }
        let business = app.sign_in("business@example.jp", &counter.business.id).await;
        let held = app.get(&business, &path).await.expect(200);
        assert_eq!(held["state"], "continued", "it stays valid until the renewal is decided");

        let clerk = app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        let chief = app.sign_in("chief@example.jp", &counter.chief.id).await;
        propose(app, &clerk, &renewal).await;
        approve(app, &chief, &renewal).await;
        app.drain().await;
        assert_eq!(app.get(&business, &path).await.expect(200)["state"], "superseded");
        let mine = app.get(&business, "/v1/me/permits").await.expect(200);
        let next = &mine["items"][0];
        assert_eq!((&next["state"], &next["renews"]), (&json!("valid"), &permit["id"]));
        assert_eq!((&next["valid_from"], &next["valid_to"]), (&json!("2031-04-01"), &json!("2036-03-31")));
        assert_eq!(db.count("(SELECT COUNT(*) FROM permit_events WHERE happening = 'expired')").await, 0);
    }
);

/// Begins the renewal of a permit, completes it as the example says, hands it in and pays.
pub(crate) async fn renew(app: &TestApp, business: &Person, permit: &str) -> Case {
    let opened = app.post(business, &format!("{permit}/renewal"), json!({})).await.expect(201);
    let id = opened["id"].as_str().unwrap().to_owned();
    let draft = format!("/v1/tenants/020001/applications/{id}");
    let example = app.example(AOMORI, "denki-koji-koshin").await;
    let now = app.get(business, &draft).await;
    let mut form = example["form"].clone();
    for (field, value) in now.body["form"].as_object().unwrap() {
        if !form.as_object().unwrap().contains_key(field) {
            form[field] = Value::Null;
        } else if ["expires_on", "registered_on", "registration_number"].contains(&field.as_str()) {
            form[field] = value.clone();
        }
    }
    let key = new_key();
    let etag = now.etag();
    let headers = [("idempotency-key", key.as_str()), ("if-match", etag.as_str())];
    let body = json!({ "form": form });
    app.call(Method::PATCH, &draft, Some(business), &headers, Some(body)).await.expect(200);
    for file in example["attachments"].as_array().unwrap() {
        app.attach(business, AOMORI, &id, file).await.expect(201);
    }
    let case = submit(app, business, id).await;
    pay(app, business, &case).await;
    case
}

fn day(value: &Value) -> jiff::civil::Date {
    value.as_str().unwrap().parse().unwrap()
}

fn reminders(counter: &Counter) -> usize {
    reminders_about(counter, "")
}

/// How many mails told of the permit with this id.
pub(crate) fn reminders_about(counter: &Counter, permit: &str) -> usize {
    let about = format!("/permits/{permit}");
    let folder = std::fs::read_dir(&counter.app.core.settings.mail.directory).unwrap();
    let body = |text: String| {
        let (_, encoded) = text.split_once("\r\n\r\n").unwrap();
        String::from_utf8(BASE64.decode(encoded.replace("\r\n", "").as_bytes()).unwrap()).unwrap()
    };
    let texts = folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts.filter(|text| body(text.clone()).contains(&about)).count()
}
