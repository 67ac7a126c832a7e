//! What is sealed is what is issued: the look before the seal, another text on the route, many seals at once.

use jiff::{SignedDuration, civil};
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::policy::{Post, Role};
use madoguchi::service::officer::{self, Appointment};
use madoguchi::store::officers::Term;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::approval_routes::{DEPARTMENT, Office, states};
use crate::resubmissions::claimed;
use crate::support::app::{AOMORI, Answer, PASSWORD, Person, TestApp, new_key};
use crate::support::db::{Kind, TestDb};
use crate::support::traces::rounds;
use crate::waivers::office::Office as Waiving;

impl Office {
    async fn look(&self, who: &Person, case: &str) -> Value {
        self.app.get(who, &format!("{case}/proposal")).await.expect(200)
    }

    async fn revise(&self, who: &Person, case: &str, change: Value) -> Answer {
        let version = self.app.get(&self.clerk, case).await.etag();
        let key = new_key();
        let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
        self.app.call(Method::PATCH, &format!("{case}/proposal"), Some(who), &headers, Some(change)).await
    }

    async fn item(&self, case: &str) -> Value {
        let id = case.rsplit('/').next().unwrap();
        let version = self.app.get(&self.clerk, case).await.expect(200)["version"].clone();
        json!({ "application": id, "version": version })
    }

    async fn seal_all(&self, who: &Person, items: &[Value]) -> Answer {
        self.app.post(who, &format!("/v1/tenants/{AOMORI}/approvals/bulk"), json!({ "items": items })).await
    }
}

fn acts(proposal: &Value) -> Vec<(String, i64)> {
    let history = proposal["history"].as_array().unwrap();
    let act = |act: &Value| (act["act"].as_str().unwrap().to_owned(), act["step"].as_i64().unwrap());
    history.iter().map(act).collect()
}

on_both_databases!(t4_the_approver_sees_exactly_what_is_issued, async |db: TestDb| {
    let office = Office::open(&db).await;
    let case = office.proposed(1, "ordinary").await;
    for who in [&office.manager, &office.zaisei, &office.kankyo] {
        office.approve(who, &case).await;
    }
    let seen = office.look(&office.chief, &case).await;
    let issue = &seen["issue"];
    assert_eq!(issue["missing"], json!([]));
    assert_eq!((&issue["fee"]["total"], &issue["fee"]["lines"][0]["code"]), (&json!(119_999), &json!("own")));
    let stale = json!({ "content_sha256": "0".repeat(64) });
    assert_eq!(office.act(&office.chief, &case, "approve", stale).await.problem(), "412 content_changed");
    let old =
        office.app.post_if(&office.chief, &format!("{case}/approval/approve"), "\"1\"", json!({})).await;
    assert_eq!(old.problem(), "412 stale_version");
    let seal = json!({ "content_sha256": issue["content_sha256"] });
    let done = office.act(&office.chief, &case, "approve", seal).await.expect(200);
    assert_eq!((&done["application_state"], &done["issue"]), (&json!("decided"), &Value::Null));
    let last = done["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["content_sha256"], &last["body_sha256"]),
        (&issue["content_sha256"], &seen["body_sha256"])
    );
    let decision = office.app.get(&office.business, &format!("{case}/decision")).await.expect(200);
    for member in ["authority", "sealed_as", "instruction", "valid_from", "valid_to"] {
        assert_eq!(decision[member], issue[member], "{member}");
    }
    assert_eq!((&decision["reasons"], &decision["conditions"]), (&seen["reasons"], &seen["conditions"]));
    let invoice = format!("/v1/tenants/{AOMORI}/invoices/{}", decision["invoice"].as_str().unwrap());
    let invoice = office.app.get(&office.business, &invoice).await.expect(200);
    assert_eq!(invoice["total"], issue["fee"]["total"]);
});

on_both_databases!(what_would_refuse_the_last_seal_is_told_before_it, async |db: TestDb| {
    let office = Office::open(&db).await;
    let submitted = office.app.submitted(&office.business, AOMORI, "denki-koji-toroku").await;
    let case = format!("/v1/tenants/{AOMORI}/applications/{}", submitted["id"].as_str().unwrap());
    office.app.post(&office.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let proposed = office.propose(&case, "ordinary").await.expect(201);
    assert_eq!(proposed["issue"]["missing"][0]["code"], "fee_not_settled");
    assert_eq!(proposed["issue"]["invoices"][0]["state"], "unpaid");
    assert!(proposed["issue"]["instruction"]["text"].as_str().unwrap().len() > 20);
    let (from, to) = (&proposed["issue"]["valid_from"], &proposed["issue"]["valid_to"]);
    assert_eq!(from, "2026-04-01", "{to}");
    let refused = office.act(&office.chief, &case, "approve", json!({})).await;
    assert_eq!(refused.problem(), "409 fee_not_settled");
    // The term begins with the day: who looked yesterday has not seen what would be issued today.
    let seal = json!({ "content_sha256": proposed["issue"]["content_sha256"] });
    let mut office = office;
    office.later(SignedDuration::from_hours(24)).await;
    assert_eq!(office.act(&office.chief, &case, "approve", seal).await.problem(), "412 content_changed");
});

on_both_databases!(
    r117_a_changed_text_voids_every_seal_behind_it_and_asks_everybody_again,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let case = office.proposed(1, "novel").await;
        for who in [&office.manager, &office.zaisei] {
            office.approve(who, &case).await;
        }
        let before = office.look(&office.clerk, &case).await;
        let reason = json!({ "reasons": ["設備が基準に適合する。"] });
        for who in [&office.manager, &office.chief, &office.kankyo] {
            assert_eq!(office.revise(who, &case, reason.clone()).await.problem(), "403 forbidden");
        }
        assert_eq!(office.revise(&office.business, &case, reason.clone()).await.status, 403);
        assert_eq!(office.revise(&office.head, &case, reason.clone()).await.status, 404);
        let same = office.revise(&office.clerk, &case, json!({ "decision": "grant" })).await;
        assert_eq!(same.body["errors"][0]["code"], "nothing_changed");
        let wrong = office.revise(&office.clerk, &case, json!({ "decision": "refuse" })).await;
        assert_eq!((wrong.status.as_u16(), &wrong.body["errors"][0]["pointer"]), (422, &json!("/reasons")));
        let after = office.revise(&office.clerk, &case, reason).await.expect(200);
        assert_eq!(states(&after), ["waiting"; 4]);
        assert_eq!((&after["predecessor"], &after["weight"]), (&before["id"], &json!("novel")));
        assert_ne!(after["body_sha256"], before["body_sha256"]);
        assert_ne!(after["issue"]["content_sha256"], before["issue"]["content_sha256"]);
        let known = |act: &str, step| (act.to_owned(), step);
        assert_eq!(
            acts(&after),
            [known("approved", 1), known("approved", 3), known("voided", 1), known("voided", 3)]
        );
        let hashes = after["history"].as_array().unwrap().iter();
        assert!(hashes.clone().all(|act| act["body_sha256"] == before["body_sha256"]), "{after}");
        assert_eq!((office.waits_for(&office.manager).await, office.waits_for(&office.kankyo).await), (1, 0));
        for who in [&office.manager, &office.zaisei, &office.kankyo] {
            office.approve(who, &case).await;
        }
        let done = office.approve(&office.chief, &case).await;
        assert_eq!(done["application_state"], "decided");
        let decision = office.app.get(&office.business, &format!("{case}/decision")).await.expect(200);
        assert_eq!(decision["reasons"], json!(["設備が基準に適合する。"]));
        let late = office.revise(&office.clerk, &case, json!({ "reasons": ["x"] })).await;
        assert_eq!(late.problem(), "409 wrong_state", "after the last seal another text is another proposal");
    }
);

on_both_databases!(
    /// a seal was set on what would be issued then. When that has changed, nobody seals on top of it; a return asks anew. What
    /// only follows from the day of issue is no change.
    r117_no_seal_is_set_on_top_of_one_that_saw_something_else,
    async |db: TestDb| {
        let route = "approval_route:\n  - { role: group_manager, kind: pass }\n  - { role: section_chief }\n\
                     validity: { years: 5, basis: 試験用 }\n";
        let text = include_str!("support/procedures/corrections.yaml")
            .replace("approval_route:\n  - { role: section_chief }\n", route);
        let app = TestApp::start_offering(&db, "procedures/020001/test-corrections.yaml", &text).await;
        let mut office = Waiving::open(&app, &db).await;
        let act = async |office: &Waiving<'_>, who: &Person, case: &str, act: &str, body: Value| {
            let version = app.get(&office.clerk, case).await.etag();
            app.post_if(who, &format!("{case}/{act}"), &version, body).await
        };
        let (same, changed) = (claimed(&office).await, claimed(&office).await);
        office.pays(&same).await;
        for owing in [&same, &changed] {
            act(&office, &office.clerk, &owing.case, "proposal", json!({ "decision": "grant" })).await.expect(201);
            act(&office, &office.manager, &owing.case, "approval/approve", json!({})).await.expect(200);
        }
        office.waived(&changed, "half").await;
        office.pays(&changed).await;
        app.advance(SignedDuration::from_hours(72)).await;
        office.sign_in_again().await;
        let sealed = act(&office, &office.chief, &same.case, "approval/approve", json!({})).await.expect(200);
        assert_eq!(sealed["application_state"], "decided", "its term begins with another day, and nothing else differs");

        let seen = app.get(&office.chief, &format!("{}/proposal", changed.case)).await.expect(200);
        let looked = json!({ "content_sha256": seen["issue"]["content_sha256"] });
        for seal in [json!({}), looked] {
            let refused = act(&office, &office.chief, &changed.case, "approval/approve", seal).await;
            assert_eq!(refused.problem(), "409 sealed_other_content");
        }
        let back = json!({ "to_step": 1, "comment": "手数料が変わりました。" });
        act(&office, &office.chief, &changed.case, "approval/return", back).await.expect(200);
        act(&office, &office.manager, &changed.case, "approval/approve", json!({})).await.expect(200);
        let sealed = act(&office, &office.chief, &changed.case, "approval/approve", json!({})).await.expect(200);
        assert_eq!(sealed["application_state"], "decided");
    }
);

on_both_databases!(r117_a_change_and_a_last_seal_at_once_never_meet, async |db: TestDb| {
    let office = Office::open(&db).await;
    for _ in 0..rounds(3) {
        let case = office.proposed(1, "ordinary").await;
        for who in [&office.manager, &office.zaisei, &office.kankyo] {
            office.approve(who, &case).await;
        }
        let (sealed, changed) = tokio::join!(
            office.act(&office.chief, &case, "approve", json!({})),
            office.revise(&office.clerk, &case, json!({ "reasons": ["別の理由"] })),
        );
        match (sealed.status.as_u16(), changed.status.as_u16()) {
            (200, 409 | 412) => {
                let decision =
                    office.app.get(&office.business, &format!("{case}/decision")).await.expect(200);
                assert_eq!(decision["reasons"], json!([]));
            }
            (412 | 403, 200) => assert_eq!(states(&changed.body), ["waiting"; 4]),
            other => panic!("{other:?}: {} {}", sealed.body, changed.body),
        }
    }
});

on_both_databases!(many_seals_are_judged_and_recorded_each_for_itself, async |db: TestDb| {
    let office = Office::open(&db).await;
    let mut cases = Vec::new();
    for _ in 0..3 {
        let case = office.proposed(1, "ordinary").await;
        for who in [&office.manager, &office.zaisei, &office.kankyo] {
            office.approve(who, &case).await;
        }
        cases.push(case);
    }
    let at_first_desk = office.proposed(1, "ordinary").await;
    let mut items = Vec::new();
    for case in cases.iter().chain([&at_first_desk]) {
        items.push(office.item(case).await);
    }
    items[1]["version"] = json!(1);
    items[2]["content_sha256"] = json!("0".repeat(64));
    items.push(json!({ "application": new_key(), "version": 1 }));
    let key = new_key();
    let path = format!("/v1/tenants/{AOMORI}/approvals/bulk");
    let body = json!({ "items": items });
    let call = async || {
        let headers = [("idempotency-key", key.as_str())];
        office.app.call(Method::POST, &path, Some(&office.chief), &headers, Some(body.clone())).await
    };
    let done = call().await.expect(200);
    let outcome = |item: &Value| {
        let code = item["problem"]["code"].as_str().unwrap_or("-");
        format!("{} {} {code}", item["outcome"].as_str().unwrap(), item["application_state"])
    };
    let outcomes: Vec<_> = done["items"].as_array().unwrap().iter().map(outcome).collect();
    let expected = [
        "sealed \"decided\" -",
        "refused null stale_version",
        "refused null content_changed",
        "refused null forbidden",
        "refused null not_found",
    ];
    assert_eq!(outcomes, expected);
    let again = call().await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.body, done, "the same act, told again");
    assert_eq!(
        (
            db.count("(SELECT COUNT(*) FROM decisions)").await,
            db.count("(SELECT COUNT(*) FROM bulk_approvals)").await
        ),
        (1, 1)
    );

    let mut items = Vec::new();
    for case in &cases[1..] {
        items.push(office.item(case).await);
    }
    let done = office.seal_all(&office.chief, &items).await.expect(200);
    assert!(done["items"].as_array().unwrap().iter().all(|item| item["outcome"] == "sealed"), "{done}");
    let mut numbers = Vec::new();
    for case in &cases {
        let decision = office.app.get(&office.business, &format!("{case}/decision")).await.expect(200);
        numbers.push(decision["document_number"].as_str().unwrap().to_owned());
        let seals = office.look(&office.chief, case).await;
        assert_eq!(acts(&seals).len(), 4, "a seal of its own: {seals}");
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 3, "a number of its own: {numbers:?}");
    assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'decided')").await, 3);
});

on_both_databases!(many_seals_have_their_bounds_and_their_readers, async |db: TestDb| {
    let office = Office::open(&db).await;
    let case = office.proposed(1, "ordinary").await;
    let item = office.item(&case).await;
    for wrong in [vec![], vec![item.clone(); 2], vec![item.clone(); 101]] {
        assert_eq!(office.seal_all(&office.manager, &wrong).await.status, 422, "{}", wrong.len());
    }
    assert_eq!(office.seal_all(&office.business, std::slice::from_ref(&item)).await.status, 404);
    let own = office.seal_all(&office.clerk, std::slice::from_ref(&item)).await.expect(200);
    assert_eq!(own["items"][0]["problem"]["code"], "own_proposal");
    let sealed = office.seal_all(&office.manager, std::slice::from_ref(&item)).await.expect(200);
    assert_eq!(
        (&sealed["items"][0]["outcome"], &sealed["items"][0]["state"]),
        (&json!("sealed"), &json!("in_approval"))
    );
});

on_both_databases!(
    /// the counters of two departments are taken in one order whatever the caller's is; so two bulks never wait for each other.
    r120_many_seals_take_their_counters_in_one_order_and_are_answered_in_the_order_of_the_request,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let app = &office.app;
        let clerk = app.officer(AOMORI, "kankyo-hozen", Role::Clerk, "kankyo-clerk@example.jp").await;
        let manager = app.officer(AOMORI, "kankyo-hozen", Role::GroupManager, "kankyo-gm@example.jp").await;
        let both = chief_of_both(&office).await;

        let shobo = office.proposed(1, "ordinary").await;
        for who in [&office.manager, &office.zaisei, &office.kankyo] {
            office.approve(who, &shobo).await;
        }
        let mut items = vec![office.item(&shobo).await];
        let kankyo = office.proposed(1, "ordinary").await;
        office.act(&office.clerk, &kankyo, "recall", json!({})).await.expect(200);
        let to = json!({ "department": "kankyo-hozen", "reason": "所管違い", "legal_basis": "事務分掌規程" });
        app.post(&office.clerk, &format!("{kankyo}/transfer"), to).await.expect(201);
        app.post(&clerk, &format!("{kankyo}/claim"), json!({})).await.expect(200);
        let office = Office { clerk, manager, ..office };
        office.propose(&kankyo, "ordinary").await.expect(201);
        for who in [&office.manager, &office.zaisei] {
            office.approve(who, &kankyo).await;
        }
        items.push(office.item(&kankyo).await);

        let done = office.seal_all(&both, &items).await.expect(200);
        let answered: Vec<_> = done["items"].as_array().unwrap().iter().map(|item| &item["application"]).collect();
        assert_eq!(answered, [&items[0]["application"], &items[1]["application"]]);
        assert!(done["items"].as_array().unwrap().iter().all(|item| item["application_state"] == "decided"), "{done}");
        let (numbers, against_the_order) = match db.kind {
            Kind::Sqlite => (
                "(SELECT COUNT(*) FROM document_numbers)",
                "(SELECT COUNT(*) FROM document_numbers a JOIN document_numbers b ON a.series < b.series AND a.rowid > b.rowid)",
            ),
            Kind::Postgres => (
                "(SELECT COUNT(*) FROM document_numbers)",
                "(SELECT COUNT(*) FROM document_numbers a JOIN document_numbers b ON a.series < b.series AND a.ctid > b.ctid)",
            ),
        };
        assert_eq!((db.count(numbers).await, db.count(against_the_order).await), (2, 0));
    }
);

/// Somebody who is chief of both sections (兼務).
async fn chief_of_both(office: &Office) -> Person {
    let of = |department: &str, title: &str| {
        let post = Post { department: department.into(), role: Role::SectionChief, title: title.into() };
        (post, Term { from: civil::date(2025, 4, 1), to: None })
    };
    let appointment = Appointment {
        tenant: TenantCode::parse(AOMORI).unwrap(),
        email: "both@example.jp".to_owned(),
        name: "兼務 課長".to_owned(),
        password: SecretString::from(PASSWORD),
        posts: vec![of(DEPARTMENT, "消防保安課長"), of("kankyo-hozen", "環境保全課長")],
    };
    let appointed = officer::appoint(&office.app.core, appointment).await.unwrap();
    office.app.sign_in("both@example.jp", &appointed.officer.to_string()).await
}
