//! Routes of approval over HTTP: 回議, parallel 合議, 専決, escalation, returns, posts that change hands, other subjects.

use jiff::{SignedDuration, civil};
use madoguchi::config::Settings;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::policy::{Post, Role};
use madoguchi::service::officer::{self, Appointment};
use madoguchi::store::officers::Term;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Answer, PASSWORD, Person, ROUTES, TestApp};
use crate::support::db::TestDb;
use crate::support::traces::rounds;

/// The department of the procedure.
pub const DEPARTMENT: &str = "kiki-shobo-hoan";

/// Everybody on the route, from the drafter to the head of the body.
pub struct Office {
    pub app: TestApp,
    pub business: Person,
    pub clerk: Person,
    pub manager: Person,
    pub kankyo: Person,
    pub zaisei: Person,
    pub chief: Person,
    pub director: Person,
    pub head: Person,
}

impl Office {
    pub async fn open(db: &TestDb) -> Self {
        Self::open_with(db, |_| {}).await
    }

    /// As [`Office::open`], with other settings.
    pub async fn open_with(db: &TestDb, change: impl FnOnce(&mut Settings)) -> Self {
        Self::with(TestApp::start_with(db, change).await).await
    }

    async fn with(app: TestApp) -> Self {
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let manager = app.officer(AOMORI, DEPARTMENT, Role::GroupManager, "gm@example.jp").await;
        let kankyo = app.officer(AOMORI, "kankyo-hozen", Role::SectionChief, "kankyo@example.jp").await;
        let zaisei = app.officer(AOMORI, "zaimu-zaisei", Role::SectionChief, "zaisei@example.jp").await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        let director = app.officer(AOMORI, "somu-jinji", Role::Director, "director@example.jp").await;
        let head = app.officer(AOMORI, AOMORI, Role::Head, "head@example.jp").await;
        Self { app, business, clerk, manager, kankyo, zaisei, chief, director, head }
    }

    /// A claimed case over that amount, and a grant proposed on it.
    pub async fn proposed(&self, amount: i64, weight: &str) -> String {
        let applications = format!("/v1/tenants/{AOMORI}/applications");
        let draft = json!({ "procedure": ROUTES, "form": { "amount": amount } });
        let draft = self.app.post(&self.business, &applications, draft).await.expect(201);
        let case = format!("{applications}/{}", draft["id"].as_str().unwrap());
        self.app.post(&self.business, &format!("{case}/submit"), json!({})).await.expect(200);
        self.app.post(&self.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        self.propose(&case, weight).await.expect(201);
        case
    }

    pub async fn propose(&self, case: &str, weight: &str) -> Answer {
        let version = self.app.get(&self.clerk, case).await.etag();
        let grant = json!({ "decision": "grant", "weight": weight });
        self.app.post_if(&self.clerk, &format!("{case}/proposal"), &version, grant).await
    }

    pub async fn act(&self, who: &Person, case: &str, act: &str, body: Value) -> Answer {
        let version = self.app.get(&self.clerk, case).await.etag();
        self.app.post_if(who, &format!("{case}/approval/{act}"), &version, body).await
    }

    pub async fn approve(&self, who: &Person, case: &str) -> Value {
        self.act(who, case, "approve", json!({})).await.expect(200)
    }

    /// Tokens do not live as long as cases: everybody signs in again.
    pub async fn later(&mut self, by: SignedDuration) {
        self.app.advance(by).await;
        for (who, email) in [
            (&mut self.business, "business@example.jp"),
            (&mut self.clerk, "clerk@example.jp"),
            (&mut self.manager, "gm@example.jp"),
            (&mut self.kankyo, "kankyo@example.jp"),
            (&mut self.zaisei, "zaisei@example.jp"),
            (&mut self.chief, "chief@example.jp"),
            (&mut self.director, "director@example.jp"),
            (&mut self.head, "head@example.jp"),
        ] {
            *who = self.app.sign_in(email, &who.id).await;
        }
    }

    pub async fn waits_for(&self, who: &Person) -> usize {
        self.app.get(who, "/v1/me/approvals").await.expect(200)["items"].as_array().unwrap().len()
    }
}

pub fn states(proposal: &Value) -> Vec<&str> {
    proposal["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect()
}

on_both_databases!(r113_the_amount_chooses_who_closes_the_route, async |db: TestDb| {
    let office = Office::open(&db).await;
    let below = office.proposed(1, "ordinary").await;
    let proposal = office.app.get(&office.chief, &format!("{below}/proposal")).await.expect(200);
    assert_eq!(
        (proposal["amount"].clone(), proposal["steps"].as_array().unwrap().len()),
        (json!(119_999), 4)
    );
    assert_eq!(proposal["standing_decision"], "事務専決規程第4条");
    office.approve(&office.manager, &below).await;
    office.approve(&office.zaisei, &below).await;
    office.approve(&office.kankyo, &below).await;
    assert_eq!(office.approve(&office.chief, &below).await["application_state"], "decided");
    let decision = office.app.get(&office.business, &format!("{below}/decision")).await.expect(200);
    assert_eq!(decision["authority"], "青森県知事", "R-110: a standing decision leaves the name alone");

    let at_limit = office.proposed(120_000, "ordinary").await;
    for who in [&office.manager, &office.zaisei, &office.kankyo, &office.chief] {
        assert_eq!(office.approve(who, &at_limit).await["application_state"], "in_approval");
    }
    assert_eq!(office.approve(&office.director, &at_limit).await["application_state"], "decided");
});

on_both_databases!(
    /// who closes a route by a standing decision closes it in the name of the authority, as the whole route does.
    r110_a_standing_decision_leaves_the_name_of_the_authority,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let seals = [&office.manager, &office.zaisei, &office.kankyo, &office.chief];
        let (standing, whole) = (office.proposed(1, "ordinary").await, office.proposed(120_000, "ordinary").await);
        for case in [&standing, &whole] {
            for who in seals {
                office.approve(who, case).await;
            }
        }
        office.approve(&office.director, &whole).await;
        for (case, basis) in [(&standing, json!("事務専決規程第4条")), (&whole, Value::Null)] {
            let proposal = office.app.get(&office.chief, &format!("{case}/proposal")).await.expect(200);
            assert_eq!(proposal["standing_decision"], basis);
            let decision = office.app.get(&office.business, &format!("{case}/decision")).await.expect(200);
            assert_eq!(decision["authority"], "青森県知事", "{basis}");
        }
    }
);

on_both_databases!(
    /// what the regulation leaves to the chief closes there, be it a correction; what it does not name goes the whole route.
    r113_a_standing_decision_may_name_a_correction,
    async |db: TestDb| {
        let rule = "standing_decisions:\n  - { closes_at: section_chief, decisions: [correction], basis: 事務専決規程第7条, sample: true }\n";
        let text = include_str!("support/procedures/routes.yaml").replace("standing_decisions:\n", rule);
        let app = TestApp::start_offering(&db, "procedures/020001/test-routes.yaml", &text).await;
        let office = Office::with(app).await;
        let case = office.proposed(1, "ordinary").await;
        for who in [&office.manager, &office.zaisei, &office.kankyo, &office.chief] {
            office.approve(who, &case).await;
        }
        let version = office.app.get(&office.clerk, &case).await.etag();
        let reasons = json!([{ "fact": "区域の確認", "clause": "第3条第1項", "criterion": "審査基準第1" }]);
        let body = json!({ "error": "条項の脱落", "reasons": reasons });
        let path = format!("{case}/decision/corrections");
        let proposal = office.app.post_if(&office.clerk, &path, &version, body).await.expect(201);
        assert_eq!((&proposal["standing_decision"], states(&proposal).len()), (&json!("事務専決規程第7条"), 4));
        for who in [&office.manager, &office.zaisei, &office.kankyo, &office.chief] {
            office.act(who, &case, "approve", json!({ "subject": "correction" })).await.expect(200);
        }
        let decision = office.app.get(&office.business, &format!("{case}/decision")).await.expect(200);
        assert_eq!((&decision["version"], &decision["reasons"]), (&json!(2), &reasons));
    }
);

on_both_databases!(r114_an_important_matter_and_r116_a_disagreement_go_up, async |db: TestDb| {
    let office = Office::open(&db).await;
    for important in [true, false] {
        let case = office.proposed(1, if important { "important" } else { "ordinary" }).await;
        office.approve(&office.manager, &case).await;
        office.approve(&office.zaisei, &case).await;
        let why = json!({ "comment": "所管の基準に合わない。" });
        let last = if important {
            office.approve(&office.kankyo, &case).await
        } else {
            office.act(&office.kankyo, &case, "dissent", why).await.expect(200)
        };
        assert_eq!((last["standing_decision"].clone(), states(&last).len()), (Value::Null, 6), "{important}");
        office.approve(&office.chief, &case).await;
        office.approve(&office.director, &case).await;
        assert_eq!(office.waits_for(&office.head).await, 1);
        let done = office.approve(&office.head, &case).await;
        assert_eq!(done["application_state"], "decided");
        let consulted = if important { "approved" } else { "dissented" };
        assert_eq!(states(&done)[1], consulted, "nothing overwrites what was said");
    }
    let acts = "(SELECT COUNT(*) FROM approval_acts WHERE act = 'dissented' AND sealed_comment IS NOT NULL)";
    assert_eq!(db.count(acts).await, 1);
});

on_both_databases!(r117_a_return_voids_the_seals_behind_it_and_keeps_them_on_record, async |db: TestDb| {
    let office = Office::open(&db).await;
    let case = office.proposed(1, "ordinary").await;
    let due = |proposal: &Value, step: usize| proposal["steps"][step]["due_on"].clone();
    let first = office.app.get(&office.clerk, &format!("{case}/proposal")).await.expect(200);
    // 2026-04-01 is a Wednesday: Thursday, Friday, Monday.
    assert_eq!((due(&first, 0), due(&first, 1)), (json!("2026-04-06"), Value::Null));
    let second = office.approve(&office.manager, &case).await;
    assert_eq!((due(&second, 1), due(&second, 2)), (json!("2026-04-08"), json!("2026-04-08")));
    office.approve(&office.zaisei, &case).await;
    office.approve(&office.kankyo, &case).await;
    let back = json!({ "to_step": 2, "comment": "再協議" });
    let back = office.act(&office.chief, &case, "return", back).await.expect(200);
    assert_eq!(states(&back), ["approved", "waiting", "waiting", "waiting"]);
    assert_eq!(back["current_step"], 2);
    assert_eq!(db.count("(SELECT COUNT(*) FROM approval_acts WHERE act = 'voided')").await, 2);
    assert_eq!((office.waits_for(&office.zaisei).await, office.waits_for(&office.chief).await), (1, 0));
    office.act(&office.clerk, &case, "recall", json!({})).await.expect(200);
    assert_eq!(db.count("(SELECT COUNT(*) FROM approval_acts WHERE act = 'voided')").await, 3);
    let again = office.propose(&case, "ordinary").await.expect(201);
    assert_eq!((again["predecessor"].clone(), states(&again)), (back["id"].clone(), vec!["waiting"; 4]));
    assert_eq!(db.count("(SELECT COUNT(*) FROM approval_acts WHERE act = 'approved')").await, 3);
});

on_both_databases!(two_consulted_sections_at_once_both_count, async |db: TestDb| {
    let office = Office::open(&db).await;
    for _ in 0..rounds(3) {
        let case = office.proposed(1, "ordinary").await;
        office.approve(&office.manager, &case).await;
        let (one, other) = tokio::join!(
            office.act(&office.zaisei, &case, "approve", json!({})),
            office.act(&office.kankyo, &case, "approve", json!({})),
        );
        let late = match (one.status.as_u16(), other.status.as_u16()) {
            (200, 200) => None,
            (200, 412) => Some(&office.kankyo),
            (412, 200) => Some(&office.zaisei),
            other => panic!("{other:?}"),
        };
        if let Some(late) = late {
            office.approve(late, &case).await;
        }
        let proposal = office.app.get(&office.chief, &format!("{case}/proposal")).await.expect(200);
        assert_eq!(states(&proposal), ["approved", "approved", "approved", "waiting"]);
    }
    let sealed = rounds(3) * 3;
    let acts = db.count("(SELECT COUNT(*) FROM approval_acts WHERE act = 'approved')").await;
    assert_eq!(acts, i64::try_from(sealed).unwrap());
});

/// Somebody with one post for a term.
pub async fn posted(
    app: &TestApp,
    role: Role,
    email: &str,
    from: civil::Date,
    to: Option<civil::Date>,
) -> Person {
    let post = Post { department: DEPARTMENT.into(), role, title: email.to_owned() };
    let appointment = Appointment {
        tenant: TenantCode::parse(AOMORI).unwrap(),
        email: email.to_owned(),
        name: "異動 職員".to_owned(),
        password: SecretString::from(PASSWORD),
        posts: vec![(post, Term { from, to })],
    };
    let appointed = officer::appoint(&app.core, appointment).await.unwrap();
    app.sign_in(email, &appointed.officer.to_string()).await
}

on_both_databases!(
    t7_when_everybody_swaps_posts_nothing_is_lost_and_no_former_holder_decides,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let (last, first) = (civil::date(2026, 4, 2), civil::date(2026, 4, 3));
        let before = civil::date(2025, 4, 1);
        let old = posted(&office.app, Role::GroupManager, "old-gm@example.jp", before, Some(last)).await;
        let new = posted(&office.app, Role::GroupManager, "new-gm@example.jp", first, None).await;
        let (sealed, waiting) = (office.proposed(1, "ordinary").await, office.proposed(1, "ordinary").await);
        assert_eq!(office.approve(&old, &sealed).await["steps"][0]["title"], "old-gm@example.jp");
        assert_eq!(office.act(&new, &waiting, "approve", json!({})).await.status, 404);
        office.app.advance(SignedDuration::from_hours(48)).await;
        let old = office.app.sign_in("old-gm@example.jp", &old.id).await;
        let new = office.app.sign_in("new-gm@example.jp", &new.id).await;
        let clerk = office.app.sign_in("clerk@example.jp", &office.clerk.id).await;
        let office = Office { clerk, ..office };
        assert_eq!(office.act(&old, &waiting, "approve", json!({})).await.status, 404);
        assert_eq!(office.waits_for(&new).await, 1, "what lay on the desk lies there still");
        let passed = office.approve(&new, &waiting).await;
        assert_eq!(passed["steps"][0]["title"], "new-gm@example.jp");
        let kept = office.app.get(&new, &format!("{sealed}/proposal")).await.expect(200);
        assert_eq!(
            kept["steps"][0]["title"], "old-gm@example.jp",
            "R-126: the seal shows the title of its day"
        );
    }
);

on_both_databases!(
    /// who agreed for a consulted section and became chief of the case's own section holds nothing up.
    r119_a_consulted_chief_who_becomes_chief_of_the_own_section_seals_there,
    async |db: TestDb| {
        let mut office = Office::open(&db).await;
        let (last, first) = (civil::date(2026, 4, 2), civil::date(2026, 4, 3));
        let chief_of = |department: &str, title: &str| Post {
            department: department.into(),
            role: Role::SectionChief,
            title: title.into(),
        };
        let posts = vec![
            (chief_of("kankyo-hozen", "環境保全課長"), Term { from: civil::date(2025, 4, 1), to: Some(last) }),
            (chief_of(DEPARTMENT, "消防保安課長"), Term { from: first, to: None }),
        ];
        let appointment = Appointment {
            tenant: TenantCode::parse(AOMORI).unwrap(),
            email: "moves@example.jp".to_owned(),
            name: "異動 課長".to_owned(),
            password: SecretString::from(PASSWORD),
            posts,
        };
        let appointed = officer::appoint(&office.app.core, appointment).await.unwrap();
        let moves = office.app.sign_in("moves@example.jp", &appointed.officer.to_string()).await;
        let case = office.proposed(1, "ordinary").await;
        office.approve(&office.manager, &case).await;
        office.approve(&office.zaisei, &case).await;
        office.approve(&moves, &case).await;
        assert_eq!(office.act(&moves, &case, "approve", json!({})).await.status, 403, "the new desk is not theirs yet");
        office.later(SignedDuration::from_hours(48)).await;
        let moves = office.app.sign_in("moves@example.jp", &moves.id).await;
        assert_eq!(office.waits_for(&moves).await, 1);
        let done = office.approve(&moves, &case).await;
        assert_eq!(done["application_state"], "decided");
        let titles: Vec<_> = done["steps"].as_array().unwrap().iter().map(|step| step["title"].clone()).collect();
        assert!(titles.contains(&json!("環境保全課長")) && titles.contains(&json!("消防保安課長")), "{titles:?}");
    }
);

on_both_databases!(
    /// the section that is consulted has the case itself now: it is asked once, and the route does not end at its second desk.
    r119_a_case_moved_to_the_consulted_section_is_not_consulted_there_as_well,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let clerk = office.app.officer(AOMORI, "kankyo-hozen", Role::Clerk, "kankyo-clerk@example.jp").await;
        let manager = office.app.officer(AOMORI, "kankyo-hozen", Role::GroupManager, "kankyo-gm@example.jp").await;
        let case = office.proposed(1, "ordinary").await;
        office.act(&office.clerk, &case, "recall", json!({})).await.expect(200);
        let to = json!({ "department": "kankyo-hozen", "reason": "所管違い", "legal_basis": "事務分掌規程" });
        office.app.post(&office.clerk, &format!("{case}/transfer"), to).await.expect(201);
        office.app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let office = Office { clerk, manager, ..office };
        let proposal = office.propose(&case, "ordinary").await.expect(201);
        let steps = proposal["steps"].as_array().unwrap().iter();
        let steps: Vec<_> = steps.map(|it| (it["stage"].as_i64().unwrap(), it["kind"].as_str().unwrap())).collect();
        assert_eq!(steps, [(1, "pass"), (2, "consult"), (3, "seal")]);
        office.approve(&office.manager, &case).await;
        office.approve(&office.zaisei, &case).await;
        assert_eq!(office.approve(&office.kankyo, &case).await["application_state"], "decided");
    }
);

/// A request for a waiver of that amount, and its draft.
async fn waive(office: &Office, case: &str, amount: i64) -> Answer {
    let shown = office.app.get(&office.business, case).await.expect(200);
    let invoice =
        format!("/v1/tenants/{AOMORI}/invoices/{}/waivers", shown["invoice"]["id"].as_str().unwrap());
    let asked = json!({ "ground": "special", "statement": "災害により納付が困難" });
    let open = office.app.get(&office.clerk, &invoice).await.expect(200);
    let open = open["items"].as_array().unwrap().iter().find(|it| it["decided_at"].is_null()).cloned();
    let waiver = match open {
        Some(open) => open,
        None => office.app.post(&office.business, &invoice, asked).await.expect(201),
    };
    let path = format!("/v1/tenants/{AOMORI}/waivers/{}/proposal", waiver["id"].as_str().unwrap());
    let draft = json!({ "decision": "grant", "amount": amount, "reasons": ["災害により納付が困難"] });
    let version = office.app.get(&office.clerk, case).await.etag();
    office.app.post_if(&office.clerk, &path, &version, draft).await
}

on_both_databases!(a_waiver_goes_its_own_route_and_r113_parts_count_as_one_matter, async |db: TestDb| {
    let office = Office::open(&db).await;
    let case = office.proposed(1, "ordinary").await;
    for who in [&office.manager, &office.zaisei, &office.kankyo, &office.chief] {
        office.approve(who, &case).await;
    }
    assert_eq!(waive(&office, &case, 0).await.status, 422);
    waive(&office, &case, 60_000).await.expect(201);
    let of_waiver = format!("{case}/proposal?subject=waiver");
    let routed = office.app.get(&office.clerk, &of_waiver).await.expect(200);
    assert_eq!(routed["standing_decision"], "事務専決規程（見本）");
    assert_eq!(waive(&office, &case, 60_000).await.problem(), "409 proposal_in_progress");
    let waiver = json!({ "subject": "waiver" });
    let own = office.act(&office.clerk, &case, "approve", waiver.clone()).await;
    assert_eq!(own.problem(), "403 own_proposal");
    office.act(&office.manager, &case, "approve", waiver.clone()).await.expect(200);
    let done = office.act(&office.chief, &case, "approve", waiver.clone()).await.expect(200);
    let stands = (done["state"].clone(), done["subject"].clone(), done["application_state"].clone());
    assert_eq!(
        stands,
        (json!("approved"), json!("waiver"), json!("decided")),
        "the case goes on its own way"
    );
    let decision = office.app.get(&office.clerk, &format!("{case}/proposal")).await.expect(200);
    assert_eq!(
        (decision["subject"].as_str(), decision["state"].as_str()),
        (Some("decision"), Some("approved"))
    );
    let approved = "(SELECT COUNT(*) FROM events WHERE kind = 'waiver_approved')";
    assert_eq!(db.count(approved).await, 1);

    waive(&office, &case, 40_000).await.expect(201);
    let routed = office.app.get(&office.clerk, &of_waiver).await.expect(200);
    assert_eq!(routed["standing_decision"], Value::Null, "together they pass the limit");
    for who in [&office.manager, &office.chief] {
        assert_eq!(
            office.act(who, &case, "approve", waiver.clone()).await.expect(200)["state"],
            "in_approval"
        );
    }
    assert_eq!(office.act(&office.head, &case, "approve", waiver).await.expect(200)["state"], "approved");
    let shown = office.app.get(&office.business, &case).await.expect(200);
    assert_eq!((&shown["invoice"]["reduced"], &shown["invoice"]["owed"]), (&json!(100_000), &json!(19_999)));
});
