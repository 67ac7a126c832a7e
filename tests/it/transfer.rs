//! T-7: on the first of April everybody has another post, while cases are open in every state. Nothing is lost, and nobody
//! decides under the post of yesterday (R-126).

use jiff::SignedDuration;
use jiff::civil::date;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::policy::{Post, Role};
use madoguchi::service::officer::{self, Appointment};
use madoguchi::store::officers::Term;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, PASSWORD, Person, TestApp};
use crate::support::db::TestDb;

const HERE: &str = "kiki-shobo-hoan";
const THERE: &str = "kankyo-hozen";
const PROCEDURE: &str = "test-transfer";
const NOTIFICATION: &str = "denki-koji-henko-todoke";
const APPLICATIONS: &str = "/v1/tenants/020001/applications";

/// A ladder of three desks in the department itself.
const TEXT: &str = r#"
id: test-transfer
version: 1
tenant: "020001"
title: { ja: 異動の試験, en: Transfers (for tests) }
kind: application
legal_basis: { law: 試験法, article: 第3条第1項, basis_kind: law, clerical_kind: autonomous, online_basis: 情報通信技術を活用した行政の推進等に関する法律第6条第1項, review_criteria: 試験用の審査基準 }
department: kiki-shobo-hoan
applicant_kinds: [business]
assurance: id
fee_due: none
form:
  - { name: amount, label: { ja: 額, en: Amount }, type: integer, required: true, min: 1, max: 1000000 }
processing: { days: 10, holidays: exclude, source: 試験用, sample: true }
approval_route:
  - { role: group_manager, kind: pass }
  - { role: section_chief }
  - { role: director }
retention_years: 5
effective_from: 2025-04-01
examples:
  - title: { ja: 例, en: Example }
    applicant_kind: business
    form: { amount: 1 }
    total: 0
sources: [試験用]
"#;

/// Those who sit in a department: clerk, group manager, section chief, director.
struct Desks {
    clerk: Person,
    manager: Person,
    chief: Person,
    director: Person,
}

struct Office {
    app: TestApp,
    business: Person,
    /// Here until the 31st of March.
    old: Desks,
    /// Here from the first of April.
    new: Desks,
}

async fn desks(app: &TestApp, name: &str, (until, from): (&str, &str)) -> Desks {
    let hire = async |role: Role| {
        let email = format!("{name}-{}@example.jp", role.as_str());
        let post = |department: &str, title: &str| Post {
            department: department.to_owned(),
            role,
            title: format!("{department}の{title}"),
        };
        let posts = vec![
            (post(until, role.as_str()), Term { from: date(2025, 4, 1), to: Some(date(2026, 3, 31)) }),
            (post(from, role.as_str()), Term { from: date(2026, 4, 1), to: None }),
        ];
        let (tenant, name) = (TenantCode::parse(AOMORI).unwrap(), format!("{name} {}", role.as_str()));
        let password = SecretString::from(PASSWORD);
        let appointment = Appointment { tenant, email: email.clone(), name, password, posts };
        let appointed = officer::appoint(&app.core, appointment).await.unwrap();
        app.sign_in(&email, &appointed.officer.to_string()).await
    };
    Desks {
        clerk: hire(Role::Clerk).await,
        manager: hire(Role::GroupManager).await,
        chief: hire(Role::SectionChief).await,
        director: hire(Role::Director).await,
    }
}

impl Office {
    /// The evening of the 31st of March; sessions outlast the night.
    async fn open(db: &TestDb) -> Self {
        db.clock.advance(SignedDuration::from_hours(-16));
        let file = (format!("procedures/020001/{PROCEDURE}.yaml"), TEXT.to_owned());
        let app =
            TestApp::start_over(db, [file], |settings| settings.identity.access_token_minutes = 3_000).await;
        let business = app.register("business@example.jp", "business").await;
        let old = desks(&app, "old", (HERE, THERE)).await;
        let new = desks(&app, "new", (THERE, HERE)).await;
        Self { app, business, old, new }
    }

    async fn submitted(&self, procedure: &str) -> String {
        let submitted = self.app.submitted(&self.business, AOMORI, procedure).await;
        format!("{APPLICATIONS}/{}", submitted["id"].as_str().unwrap())
    }

    async fn claimed(&self, procedure: &str) -> String {
        let case = self.submitted(procedure).await;
        self.app.post(&self.old.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        case
    }

    async fn asked(&self, procedure: &str, pointer: &str) -> String {
        let case = self.claimed(procedure).await;
        let ask = json!({ "items": [{ "pointer": pointer, "message": "確かめてください。" }], "due_on": "2026-04-20" });
        self.app.post(&self.old.clerk, &format!("{case}/corrections"), ask).await.expect(201);
        case
    }

    async fn version(&self, case: &str) -> String {
        self.app.get(&self.business, case).await.etag()
    }

    async fn propose(&self, who: &Person, case: &str) {
        let version = self.version(case).await;
        let grant = json!({ "decision": "grant" });
        self.app.post_if(who, &format!("{case}/proposal"), &version, grant).await.expect(201);
    }

    async fn proposed(&self, sealed_by: &[&Person]) -> String {
        let case = self.claimed(PROCEDURE).await;
        self.propose(&self.old.clerk, &case).await;
        for who in sealed_by {
            self.seal(who, &case).await;
        }
        case
    }

    async fn seal(&self, who: &Person, case: &str) {
        let version = self.version(case).await;
        self.app.post_if(who, &format!("{case}/approval/approve"), &version, json!({})).await.expect(200);
    }

    /// What an act of somebody is refused with.
    async fn refused(&self, who: &Person, case: &str, act: &str, body: Value) -> String {
        let version = self.version(case).await;
        self.app.post_if(who, &format!("{case}/{act}"), &version, body).await.problem()
    }

    async fn seals(&self, who: &Person, case: &str) -> Vec<(String, String)> {
        let proposal = self.app.get(who, &format!("{case}/proposal")).await.expect(200);
        let text = |step: &Value, name: &str| step[name].as_str().unwrap_or("-").to_owned();
        let steps = proposal["steps"].as_array().unwrap().iter();
        steps.map(|step| (text(step, "state"), text(step, "title"))).collect()
    }

    async fn state(&self, case: &str) -> String {
        self.app.get(&self.business, case).await.expect(200)["state"].as_str().unwrap().to_owned()
    }
}

on_both_databases!(t7_everybody_swaps_posts_overnight_and_nothing_is_lost, async |db: TestDb| {
    let office = Office::open(&db).await;
    let (old, new) = (&office.old, &office.new);
    let waiting = office.submitted(PROCEDURE).await;
    let claimed = office.claimed(PROCEDURE).await;
    let asked = office.asked(PROCEDURE, "/form/amount").await;
    let inquiry = office.asked(NOTIFICATION, "/form/before").await;
    let at_manager = office.proposed(&[]).await;
    let at_chief = office.proposed(&[&old.manager]).await;
    let at_director = office.proposed(&[&old.manager, &old.chief]).await;
    let sent_back = office.proposed(&[]).await;
    let version = office.version(&sent_back).await;
    let back = json!({ "to_step": 0, "comment": "もう一度。" });
    office
        .app
        .post_if(&old.manager, &format!("{sent_back}/approval/return"), &version, back)
        .await
        .expect(200);
    let decided = office.proposed(&[&old.manager, &old.chief, &old.director]).await;
    assert_eq!(office.state(&decided).await, "decided");

    office.app.advance(SignedDuration::from_hours(12)).await;

    // Whoever sat here until yesterday is nobody here today, whatever the token of yesterday says.
    let (grant, nothing) = (json!({ "decision": "grant" }), json!({}));
    let tries: [(&Person, &str, &str, &Value); 8] = [
        (&old.clerk, &waiting, "claim", &nothing),
        (&old.clerk, &claimed, "proposal", &grant),
        (&old.clerk, &claimed, "release", &nothing),
        (&old.clerk, &sent_back, "proposal", &grant),
        (&old.clerk, &at_manager, "approval/recall", &nothing),
        (&old.manager, &at_manager, "approval/approve", &nothing),
        (&old.chief, &at_chief, "approval/approve", &nothing),
        (&old.director, &at_director, "approval/approve", &nothing),
    ];
    for (who, case, act, body) in tries {
        let before = office.version(case).await;
        assert_eq!(office.refused(who, case, act, body.clone()).await, "404 not_found", "{act}");
        assert_eq!(office.version(case).await, before, "{act} changed nothing");
    }

    // The work stayed with the posts: the new clerk finds all of it in the queue.
    let queue = format!("/v1/tenants/{AOMORI}/departments/{HERE}/queue");
    let found = office.app.get(&new.clerk, &queue).await.expect(200);
    let found: Vec<String> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{APPLICATIONS}/{}", row["id"].as_str().unwrap()))
        .collect();
    let open = [&waiting, &claimed, &asked, &inquiry, &at_manager, &at_chief, &at_director, &sent_back];
    assert!(open.iter().all(|case| found.contains(case)), "{found:?}");
    assert_eq!(office.app.get(&old.clerk, &queue).await.problem(), "404 not_found");
    for (who, count) in [(&new.manager, 1), (&new.chief, 1), (&new.director, 1), (&old.chief, 0)] {
        let mine = office.app.get(who, "/v1/me/approvals").await.expect(200);
        assert_eq!(
            mine["items"].as_array().unwrap().len(),
            count,
            "what waits for the new holder of each desk"
        );
    }

    // And goes on: what was claimed is taken over, what was asked is answered, what lies on a desk is sealed there.
    office.app.post(&new.clerk, &format!("{waiting}/claim"), json!({})).await.expect(200);
    let answer = async |case: &str, form: Value| {
        let version = office.version(case).await;
        office
            .app
            .post_if(&office.business, &format!("{case}/resubmit"), &version, json!({ "form": form }))
            .await
            .expect(200);
    };
    answer(&asked, json!({ "amount": 2 })).await;
    answer(&inquiry, json!({ "before": "佐藤 一郎" })).await;
    for case in [&claimed, &asked, &inquiry, &sent_back] {
        office.app.post(&new.clerk, &format!("{case}/takeover"), json!({})).await.expect(200);
    }
    office.app.post(&new.clerk, &format!("{inquiry}/close"), json!({})).await.expect(200);
    assert_eq!(office.state(&inquiry).await, "closed");
    for case in [&waiting, &claimed, &asked, &sent_back] {
        office.propose(&new.clerk, case).await;
        office.seal(&new.manager, case).await;
        office.seal(&new.chief, case).await;
        office.seal(&new.director, case).await;
    }
    for (case, left) in [
        (&at_manager, &[&new.manager, &new.chief, &new.director][..]),
        (&at_chief, &[&new.chief, &new.director]),
        (&at_director, &[&new.director]),
    ] {
        for who in left {
            office.seal(who, case).await;
        }
    }
    for case in [&waiting, &claimed, &asked, &sent_back, &at_manager, &at_chief, &at_director] {
        assert_eq!(office.state(case).await, "decided");
        let decision = office.app.get(&office.business, &format!("{case}/decision")).await.expect(200);
        assert!(decision["document_number"].is_string(), "{decision}");
    }

    // R-126: each seal shows the title of its day.
    let sealed = |title: &str| ("approved".to_owned(), format!("{HERE}の{title}"));
    let all = [sealed("group_manager"), sealed("section_chief"), sealed("director")];
    for case in [&decided, &at_chief, &claimed] {
        assert_eq!(office.seals(&new.chief, case).await, all);
    }
});

on_both_databases!(
    /// R-130: whoever left is bound to secrecy, and sees nothing more of what she knew of.
    r128_and_r130_a_fixed_term_ends_with_its_last_day_and_with_it_every_sight_of_the_cases,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let post =
            Post { department: HERE.to_owned(), role: Role::Clerk, title: "会計年度任用職員".to_owned() };
        let appointment = Appointment {
            tenant: TenantCode::parse(AOMORI).unwrap(),
            email: "year@example.jp".to_owned(),
            name: "年度 職員".to_owned(),
            password: SecretString::from(PASSWORD),
            posts: vec![(post, Term { from: date(2025, 4, 1), to: Some(date(2026, 3, 31)) })],
        };
        let appointed = officer::appoint(&office.app.core, appointment).await.unwrap();
        let clerk = office.app.sign_in("year@example.jp", &appointed.officer.to_string()).await;
        let case = office.submitted(PROCEDURE).await;
        office.app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let queue = format!("/v1/tenants/{AOMORI}/departments/{HERE}/queue");
        let seen = [case.clone(), format!("{case}/timeline"), queue];
        for path in &seen {
            office.app.get(&clerk, path).await.expect(200);
        }
        office.app.advance(SignedDuration::from_hours(12)).await;
        assert_eq!(
            office.refused(&clerk, &case, "proposal", json!({ "decision": "grant" })).await,
            "404 not_found"
        );
        for path in &seen {
            office.app.get(&clerk, path).await.expect(404);
        }
        office.app.post(&office.new.clerk, &format!("{case}/takeover"), json!({})).await.expect(200);
    }
);
