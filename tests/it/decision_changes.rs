//! What is done about a decision later: it is corrected, its permit is suspended and revoked, and nothing issued is rewritten.

use jiff::SignedDuration;
use madoguchi::domain::id::TenantCode;
use madoguchi::service::document_number;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::policy_coverage::world::{approve, draft_of, pay, propose, submit};
use crate::support::app::{AOMORI, Answer, ON_ISSUE};
use crate::support::db::TestDb;

pub(crate) fn parts(clause: &str) -> Value {
    json!({ "fact": "事務所が移転している", "clause": clause, "criterion": "審査基準第3" })
}

/// A hearing that was held before today, the second of April at the latest.
pub(crate) fn hearing() -> Value {
    json!({ "kind": "held", "form": "hearing", "noticed_on": "2026-03-10", "held_on": "2026-03-30",
        "record": "代理人が出頭し、事実を認めた。" })
}

/// Seals the proposal about `subject` as the chief.
pub(crate) async fn seal(counter: &Counter, case: &str, subject: &str) -> Answer {
    let version = counter.app.get(&counter.chief, case).await.etag();
    let path = format!("{case}/approval/approve");
    counter.app.post_if(&counter.chief, &path, &version, json!({ "subject": subject })).await
}

/// A case whose registration was granted; gives its path and that of the permit.
pub(crate) async fn registered(counter: &Counter) -> (String, String) {
    let (app, business) = (&counter.app, &counter.business);
    let case = submit(app, business, draft_of(app, business).await).await;
    pay(app, business, &case).await;
    propose(app, &counter.clerk, &case).await;
    approve(app, &counter.chief, &case).await;
    let mine = app.get(business, "/v1/me/permits").await.expect(200);
    let permit = format!("/v1/tenants/{AOMORI}/permits/{}", mine["items"][0]["id"].as_str().unwrap());
    (format!("/v1/tenants/{AOMORI}/applications/{}", case.id), permit)
}

pub(crate) async fn order(counter: &Counter, case: &str, permit: &str, body: Value) -> Answer {
    let version = counter.app.get(&counter.clerk, case).await.etag();
    counter.app.post_if(&counter.clerk, &format!("{permit}/orders"), &version, body).await
}

async fn state(counter: &Counter, permit: &str) -> Value {
    counter.app.get(&counter.clerk, permit).await.expect(200)["state"].clone()
}

on_both_databases!(an_issued_decision_is_corrected_by_a_version_behind_it, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let (app, business) = (&counter.app, &counter.business);
    let case = counter.claimed(ON_ISSUE).await;
    let path = format!("{case}/decision/corrections");
    let correct = async |reasons: Value| {
        let version = app.get(&counter.clerk, &case).await.etag();
        let body = json!({ "error": "条項の号の誤り", "reasons": reasons });
        app.post_if(&counter.clerk, &path, &version, body).await
    };
    assert_eq!(correct(json!([parts("第3条")])).await.problem(), "409 wrong_state", "nothing is decided");
    counter.propose(&case, "refuse").await;
    assert_eq!(counter.seal(&case).await, "decided");
    let before = app.get(business, &format!("{case}/decision")).await.expect(200);

    let unchanged = correct(before["reasons"].clone()).await;
    assert_eq!(unchanged.body["errors"][0]["code"], "nothing_changed");
    let bare = correct(json!([])).await;
    assert_eq!(bare.body["errors"][0]["pointer"], "/reasons", "R-27 holds for every version");
    let proposal = correct(json!([parts("第4条第2号")])).await.expect(201);
    assert_eq!((&proposal["subject"], &proposal["error"]), (&json!("correction"), &json!("条項の号の誤り")));
    let unsealed = app.get(business, &format!("{case}/decision")).await.expect(200);
    assert_eq!(unsealed["reasons"], before["reasons"], "a proposal corrects nothing");

    // the drafter never seals; the route is that of the decision.
    let version = app.get(&counter.clerk, &case).await.etag();
    let own = json!({ "subject": "correction" });
    let own = app.post_if(&counter.clerk, &format!("{case}/approval/approve"), &version, own).await;
    assert_eq!(own.problem(), "403 own_proposal");
    seal(&counter, &case, "correction").await.expect(200);
    let after = app.get(business, &format!("{case}/decision")).await.expect(200);
    assert_eq!((&after["version"], &after["reasons"]), (&json!(2), &json!([parts("第4条第2号")])));
    for same in ["id", "decision", "document_number", "instruction", "decided_at"] {
        assert_eq!(after[same], before[same], "R-120: the same matter keeps {same}");
    }
    let versions = app.get(business, &format!("{case}/decision/versions")).await.expect(200);
    let said: Vec<_> = versions["items"].as_array().unwrap().iter().map(|item| &item["reasons"]).collect();
    assert_eq!(said, [&before["reasons"], &after["reasons"]], "what was issued stays");
    let stranger = app.register("stranger@example.jp", "business").await;
    assert_eq!(app.get(&stranger, &format!("{case}/decision/versions")).await.problem(), "404 not_found");
    let timeline = app.get(business, &format!("{case}/timeline")).await.expect(200);
    let corrected =
        timeline["items"].as_array().unwrap().iter().any(|item| item["kind"] == "decision_corrected");
    assert!(corrected, "{timeline}");
});

on_both_databases!(
    /// 指令 answers an application, 達 orders somebody; each kind has a sequence of its own.
    r121_a_permit_bears_a_number_of_shirei_and_an_order_about_it_one_of_tatsu,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (case, permit) = registered(&counter).await;
        let decision = counter.app.get(&counter.business, &format!("{case}/decision")).await.expect(200);
        assert_eq!(decision["document_number"], "青森県指令（消保）第1号");
        let revocation = json!({ "order": "revocation", "ground": "電気工事業の業務の適正化に関する法律第28条第1項",
            "effective_on": "2026-04-03", "hearing": hearing(), "reasons": [parts("第28条第1項第1号")] });
        order(&counter, &case, &permit, revocation).await.expect(201);
        seal(&counter, &case, "permit_order").await.expect(200);
        let orders = counter.app.get(&counter.business, &format!("{permit}/orders")).await.expect(200);
        assert_eq!(orders["items"][0]["document_number"], "青森県達（消保）第1号");
    }
);

on_both_databases!(r29_a_permit_is_revoked_on_a_ground_after_a_hearing_and_stays_so, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let (case, permit) = registered(&counter).await;
    let ground = "電気工事業の業務の適正化に関する法律第28条第1項";
    let body = |hearing: Value, effective_on: &str| {
        json!({ "order": "revocation", "ground": ground, "effective_on": effective_on, "hearing": hearing,
            "reasons": [parts("第28条第1項第1号")] })
    };
    let unheard = order(&counter, &case, &permit, body(Value::Null, "2026-04-03")).await;
    assert_eq!(unheard.problem(), "422 validation_failed");
    assert_eq!(unheard.body["errors"][0]["pointer"], "/hearing");
    let mut explained = hearing();
    explained["form"] = json!("explanation");
    let explained = order(&counter, &case, &permit, body(explained, "2026-03-01")).await;
    let pointers: Vec<_> =
        explained.body["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
    assert_eq!(pointers, ["/hearing/form", "/effective_on"], "all faults at once");
    let version = counter.app.get(&counter.business, &case).await.etag();
    let own = counter
        .app
        .post_if(&counter.business, &format!("{permit}/orders"), &version, body(hearing(), "2026-04-03"))
        .await;
    assert_eq!(own.problem(), "403 forbidden", "a holder orders nothing");

    let proposal = order(&counter, &case, &permit, body(hearing(), "2026-04-03")).await.expect(201);
    assert_eq!(proposal["subject"], "permit_order");
    assert_eq!(proposal["order"]["ground"], ground, "who seals sees exactly what will be issued");
    assert_eq!(state(&counter, &permit).await, "valid");
    let sealed = seal(&counter, &case, "permit_order").await.expect(200);
    assert_eq!(sealed["application_state"], "decided", "the case stays where it is");
    assert_eq!(state(&counter, &permit).await, "valid", "it counts from its day on");

    let orders = counter.app.get(&counter.business, &format!("{permit}/orders")).await.expect(200);
    let issued = &orders["items"][0];
    assert_eq!(
        issued["document_number"], "青森県達（消保）第1号",
        "R-121: an order has a sequence of its own"
    );
    assert_eq!(issued["authority"], "Governor of Aomori Prefecture");
    assert_eq!(issued["instruction"]["review_months"], 3, "T-4");
    assert_eq!(issued["text"]["hearing"]["held_on"], "2026-03-30");
    counter.app.clock.advance(SignedDuration::from_hours(48));
    counter.app.drain().await;
    let clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
    let revoked = counter.app.get(&clerk, &permit).await.expect(200);
    assert_eq!(revoked["state"], "revoked");
    let version = counter.app.get(&clerk, &case).await.etag();
    let again = body(hearing(), "2026-05-01");
    let again = counter.app.post_if(&clerk, &format!("{permit}/orders"), &version, again).await;
    assert_eq!(again.problem(), "409 order_does_not_fit", "nothing is taken away twice");
    let business = counter.app.sign_in("business@example.jp", &counter.business.id).await;
    let renewal = counter.app.post(&business, &format!("{permit}/renewal"), json!({})).await;
    assert_eq!(renewal.problem(), "409 permit_not_renewable");
    let tenant = TenantCode::parse(AOMORI).unwrap();
    let report = document_number::check(&counter.app.core, &tenant).await.unwrap();
    assert_eq!((report.numbers, report.irregularities), (2, vec![]), "one decision, one order");
});

on_both_databases!(a_suspension_ends_by_itself_or_is_lifted_before, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let (case, permit) = registered(&counter).await;
    let mut suspend = json!({ "order": "suspension", "ground": "第28条第2項", "effective_on": "2026-04-01",
        "until": "2026-04-30", "hearing": hearing(), "reasons": [parts("第28条第2項")] });
    suspend["hearing"]["form"] = json!("explanation");
    order(&counter, &case, &permit, suspend.clone()).await.expect(201);
    let version = counter.app.get(&counter.clerk, &case).await.etag();
    let second = counter.app.post_if(&counter.clerk, &format!("{permit}/orders"), &version, suspend).await;
    assert_eq!(second.problem(), "409 proposal_in_progress");
    seal(&counter, &case, "permit_order").await.expect(200);
    assert_eq!(state(&counter, &permit).await, "suspended");

    let lift = json!({ "order": "resumption", "ground": "第28条第2項", "effective_on": "2026-04-10",
        "reasons": ["是正が確認された。"] });
    order(&counter, &case, &permit, lift).await.expect(201);
    seal(&counter, &case, "permit_order").await.expect(200);
    let at = async |days: i64| {
        counter.app.clock.advance(SignedDuration::from_hours(24 * days));
        let clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        counter.app.get(&clerk, &permit).await.expect(200)["state"].clone()
    };
    assert_eq!(at(8).await, "suspended");
    assert_eq!(at(1).await, "valid", "lifted on the tenth");
    assert_eq!(at(30).await, "valid");
});

on_both_databases!(an_order_whose_day_has_passed_on_its_route_is_not_issued, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let (case, permit) = registered(&counter).await;
    let body = json!({ "order": "revocation", "ground": "第28条第1項", "effective_on": "2026-04-02",
        "hearing": hearing(), "reasons": [parts("第28条第1項")] });
    order(&counter, &case, &permit, body).await.expect(201);
    counter.app.clock.advance(SignedDuration::from_hours(72));
    let chief = counter.app.sign_in("chief@example.jp", &counter.chief.id).await;
    let version = counter.app.get(&chief, &case).await.etag();
    let path = format!("{case}/approval/approve");
    let late = counter.app.post_if(&chief, &path, &version, json!({ "subject": "permit_order" })).await;
    assert_eq!(late.problem(), "409 order_day_passed");
    assert_eq!(db.count("(SELECT COUNT(*) FROM permit_orders)").await, 0);
    let back = json!({ "subject": "permit_order", "to_step": 0, "comment": "日を改めること" });
    counter.app.post_if(&chief, &format!("{case}/approval/return"), &version, back).await.expect(200);
});
