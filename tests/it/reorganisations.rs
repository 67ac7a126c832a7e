//! What departments that end or merge leave behind: steps, absences, looks afterwards, opinions, and the hour before work follows.

use jiff::SignedDuration;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::policy::Role;
use madoguchi::service::{document_number, incoming};
use serde_json::{Value, json};

use crate::approval_routes::{DEPARTMENT, Office, states};
use crate::policy_coverage::world::{PROCEDURE, paper_draft};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::waivers::office::Office as Corrections;

const MERGED: &str = "kiki-hoan";
const CONSULTED: &str = "kankyo-hozen";

/// A post that ends with April, and the one after it where there is one.
fn holding(email: &str, role: &str, from: &str, to: Option<&str>) -> String {
    let post = |department: &str, term: &str| {
        format!(
            "  - {{ email: {email}@example.jp, department: {department}, role: {role}, title: {role}（試験）, {term} }}\n"
        )
    };
    let after = to.map(|to| post(to, "valid_from: 2026-05-01")).unwrap_or_default();
    format!("{}{after}", post(from, "valid_from: 2025-04-01, valid_to: 2026-04-30"))
}

fn ends(department: &str, ja: &str, en: &str, parent: &str, successor: &str) -> String {
    format!(
        "  - {{ code: {department}, name_ja: {ja}, name_en: {en}, parent: {parent}, valid_from: 2024-04-01, \
         valid_to: 2026-04-30, successor: {successor} }}\n"
    )
}

/// The section in charge and the one it consults become one; the chief of the latter goes.
fn merger(others: &[&str]) -> String {
    let mut file = "departments:\n".to_owned();
    file += &ends(DEPARTMENT, "消防保安課", "Fire and Safety Division", "kiki-kanri", MERGED);
    file += &ends(CONSULTED, "環境保全課", "Environmental Conservation Division", "kankyo-energy", MERGED);
    let merged = format!(
        "  - {{ code: {MERGED}, name_ja: 保安課, name_en: Safety Division, parent: kiki-kanri, valid_from: 2026-05-01 }}\n"
    );
    file += &merged;
    file += "holdings:\n";
    for (email, role) in [("clerk", "clerk"), ("gm", "group_manager"), ("chief", "section_chief")] {
        file += &holding(email, role, DEPARTMENT, Some(MERGED));
    }
    for email in others {
        file += &holding(email, "clerk", DEPARTMENT, Some(MERGED));
    }
    file + &holding("kankyo", "section_chief", CONSULTED, None)
}

/// The budget division takes over what the environmental one did.
fn taken_over() -> String {
    let name = "Environmental Conservation Division";
    format!("departments:\n{}", ends(CONSULTED, "環境保全課", name, "kankyo-energy", "zaimu-zaisei"))
}

async fn import(app: &TestApp, source: &str) {
    let administrator = app.officer(AOMORI, "somu-jinji", Role::Administrator, "admin@example.jp").await;
    let path = format!("/v1/tenants/{AOMORI}/organisation/imports");
    let body = json!({ "format": "yaml", "source": source });
    app.post(&administrator, &path, body).await.expect(201);
}

async fn steps(office: &Office, case: &str) -> Value {
    office.app.get(&office.zaisei, &format!("{case}/proposal")).await.expect(200)
}

/// A complete draft of what a clerk enters at a department.
async fn paper(office: &Office, department: &str) -> Answer {
    let example = office.app.example(AOMORI, PROCEDURE).await;
    let mut body = paper_draft();
    body["procedure"] = json!(PROCEDURE);
    body["form"] = example["form"].clone();
    let path = format!("/v1/tenants/{AOMORI}/departments/{department}/applications");
    let answer = office.app.post(&office.clerk, &path, body).await;
    if let Some(id) = answer.body["id"].as_str() {
        for file in example["attachments"].as_array().unwrap() {
            office.app.attach(&office.clerk, AOMORI, id, file).await.expect(201);
        }
    }
    answer
}

const MONTH: SignedDuration = SignedDuration::from_hours(24 * 30);

on_both_databases!(
    /// two sections of one route become one section: it seals once, in charge, and is not asked beside that.
    r119_r127_sections_that_merge_are_asked_once,
    async |db: TestDb| {
        let mut office = Office::open(&db).await;
        let (open, last) = (office.proposed(1, "ordinary").await, office.proposed(1, "ordinary").await);
        for case in [&open, &last] {
            office.approve(&office.manager, case).await;
        }
        office.approve(&office.zaisei, &last).await;
        import(&office.app, &merger(&[])).await;
        office.later(MONTH).await;
        office.app.drain().await;

        let shown = steps(&office, &last).await;
        assert_eq!(states(&shown), ["approved", "not_needed", "approved", "waiting"]);
        assert_eq!((&shown["current_step"], &shown["steps"][3]["department"]), (&json!(4), &json!(MERGED)));
        let nowhere = json!({ "to_step": 2, "comment": "再協議" });
        assert_eq!(office.act(&office.chief, &last, "return", nowhere).await.status, 422, "nobody would be asked");
        assert_eq!(office.approve(&office.chief, &last).await["application_state"], "decided");

        let shown = steps(&office, &open).await;
        assert_eq!(states(&shown), ["approved", "not_needed", "waiting", "waiting"]);
        let back = json!({ "to_step": 1, "comment": "もう一度" });
        let back = office.act(&office.zaisei, &open, "return", back).await.expect(200);
        assert_eq!(states(&back), ["waiting", "not_needed", "waiting", "waiting"]);
        for who in [&office.manager, &office.zaisei] {
            office.approve(who, &open).await;
        }
        assert_eq!(office.approve(&office.chief, &open).await["application_state"], "decided");

        let new = office.proposed(1, "ordinary").await;
        let shown = steps(&office, &new).await;
        let desks = shown["steps"].as_array().unwrap().iter();
        let desks: Vec<_> = desks.map(|it| (it["stage"].clone(), it["department"].clone())).collect();
        let desk = |stage: i64, department: &str| (json!(stage), json!(department));
        assert_eq!(desks, [desk(1, MERGED), desk(2, "zaimu-zaisei"), desk(3, MERGED)]);
    }
);

on_both_databases!(
    /// what came on paper is entered where the work is done now, and what was begun before goes on there.
    r127_r194_paper_is_taken_in_after_the_department_has_ended,
    async |db: TestDb| {
        let mut office = Office::open(&db).await;
        let begun = paper(&office, DEPARTMENT).await.expect(201);
        let online = office.app.draft(&office.business, AOMORI, PROCEDURE).await;
        import(&office.app, &merger(&[])).await;
        office.later(MONTH).await;
        office.app.drain().await;

        let case = |draft: &Value| format!("/v1/tenants/{AOMORI}/applications/{}", draft["id"].as_str().unwrap());
        let moved = office.app.get(&office.clerk, &case(&begun)).await.expect(200);
        assert_eq!((&moved["state"], &moved["department"]), (&json!("draft"), &json!(MERGED)));
        assert_eq!(paper(&office, DEPARTMENT).await.problem(), "404 not_found", "that desk is closed");
        let new = paper(&office, MERGED).await.expect(201);
        assert_eq!(new["department"], MERGED);
        for draft in [&begun, &new] {
            let submit = format!("{}/submit", case(draft));
            office.app.post(&office.clerk, &submit, json!({})).await.expect(200);
            let shown = office.app.get(&office.clerk, &case(draft)).await.expect(200);
            assert_eq!((&shown["state"], &shown["department"]), (&json!("submitted"), &json!(MERGED)));
            let timeline = office.app.get(&office.clerk, &format!("{}/timeline", case(draft))).await.expect(200);
            assert_eq!((&timeline["items"][0]["kind"], &timeline["chain"]), (&json!("submitted"), &json!("intact")));
        }
        // Both were received while the department stood, by it.
        let received = format!("(SELECT COUNT(*) FROM arrivals WHERE office = '{DEPARTMENT}')");
        assert_eq!(db.count(received.leak()).await, 2);
        // A resident's draft is nobody's but theirs, and is handed over when it is handed in.
        let own = format!("/v1/tenants/{AOMORI}/applications/{online}");
        assert_eq!(office.app.get(&office.business, &own).await.expect(200)["department"], DEPARTMENT);
    }
);

on_both_databases!(
    /// an absence and what is owed a look afterwards go on at the desk that does the work now.
    r115_r127_cover_and_look_afterwards_outlive_the_department,
    async |db: TestDb| {
        let mut office = Office::open(&db).await;
        let deputy = office.app.officer(AOMORI, DEPARTMENT, Role::Clerk, "deputy@example.jp").await;
        let of = |department: &str, what: &str| format!("/v1/tenants/{AOMORI}/departments/{department}/{what}");
        let away = json!({ "officer": office.manager.id, "cover": deputy.id, "from_on": "2026-04-01",
            "to_on": "2026-05-31" });
        office.app.post(&office.chief, &of(DEPARTMENT, "absences"), away).await.expect(201);
        let (before, after) = (office.proposed(1, "ordinary").await, office.proposed(1, "ordinary").await);
        let for_manager = json!({ "acting_for": office.manager.id });
        office.act(&deputy, &before, "approve", for_manager.clone()).await.expect(200);
        import(&office.app, &merger(&["deputy"])).await;
        office.later(MONTH).await;
        office.app.drain().await;
        let deputy = office.app.sign_in("deputy@example.jp", &deputy.id).await;

        let mine = async || office.app.get(&office.manager, "/v1/me/post-reviews").await.expect(200)["items"].clone();
        let owed = mine().await;
        assert_eq!(owed.as_array().unwrap().len(), 1, "{owed}");
        let listed = office.app.get(&office.chief, &of(MERGED, "post-reviews")).await.expect(200);
        assert_eq!(listed["items"], owed);
        let look = format!("/v1/tenants/{AOMORI}/post-reviews/{}", owed[0]["id"].as_str().unwrap());
        let agreed = json!({ "verdict": "agreed" });
        assert_eq!(office.app.post(&deputy, &look, agreed.clone()).await.status, 403);
        let done = office.app.post(&office.manager, &look, agreed).await.expect(201);
        assert_eq!(done["reviewer_title"], "group_manager（試験）");
        assert_eq!(mine().await, json!([]));

        let absences = office.app.get(&office.chief, &of(MERGED, "absences")).await.expect(200);
        assert_eq!(absences["items"].as_array().unwrap().len(), 1, "{absences}");
        office.act(&deputy, &after, "approve", for_manager).await.expect(200);
        assert_eq!(mine().await.as_array().unwrap().len(), 1, "of what was done at the new desk");
        office.app.drain().await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM absences)").await, 1);
    }
);

on_both_databases!(
    /// who took the work over is asked in the place of who was asked, also beside a request of its own.
    r127_an_open_opinion_is_given_by_who_took_the_work_over,
    async |db: TestDb| {
        let mut office = Office::open(&db).await;
        let case = office.proposed(1, "ordinary").await;
        let mut opinions = Vec::new();
        let question =
            |department: &str| json!({ "department": department, "question": "支障の有無", "due_on": "2026-05-20" });
        for department in [CONSULTED, "zaimu-zaisei"] {
            let path = format!("{case}/opinions");
            let asked = office.app.post(&office.clerk, &path, question(department)).await.expect(201);
            opinions.push(format!("/v1/tenants/{AOMORI}/opinions/{}/answer", asked["id"].as_str().unwrap()));
        }
        let early = office.app.post(&office.zaisei, &opinions[0], json!({ "stance": "agree" })).await;
        assert_eq!(early.status, 404, "it is asked of another department");
        let ended = format!("{}holdings:\n{}", taken_over(), holding("kankyo", "section_chief", CONSULTED, None));
        import(&office.app, &ended).await;
        office.later(MONTH).await;
        // Before any work was moved: who is asked follows from the day alone.
        let list = format!("/v1/tenants/{AOMORI}/departments/zaimu-zaisei/opinions");
        let open = office.app.get(&office.zaisei, &list).await.expect(200);
        assert_eq!(open["items"].as_array().unwrap().len(), 2, "{open}");
        let again = office.app.post(&office.clerk, &format!("{case}/opinions"), question("zaimu-zaisei")).await;
        assert_eq!(again.problem(), "409 already_asked");
        office.app.drain().await;
        assert_eq!(office.app.get(&office.zaisei, &case).await.status, 200, "it sees the case it is asked about");
        for opinion in &opinions {
            office.app.post(&office.zaisei, opinion, json!({ "stance": "agree" })).await.expect(200);
        }
        assert_eq!(office.app.get(&office.zaisei, &case).await.status, 404);
        assert_eq!(states(&steps(&office, &case).await), ["waiting", "not_needed", "waiting", "waiting"]);
    }
);

on_both_databases!(
    /// R-127, T-4: a department that has ended numbers nothing, also in the hour before its cases have moved.
    r127_what_is_decided_before_the_work_has_moved_bears_the_successors_name,
    async |db: TestDb| {
        let mut office = Office::open(&db).await;
        let case = office.proposed(1, "important").await;
        for who in [&office.manager, &office.zaisei, &office.kankyo, &office.chief, &office.director] {
            office.approve(who, &case).await;
        }
        import(&office.app, &merger(&[])).await;
        office.later(MONTH).await;
        let version = office.app.get(&office.business, &case).await.etag();
        let path = format!("{case}/approval/approve");
        let done = office.app.post_if(&office.head, &path, &version, json!({})).await.expect(200);
        assert_eq!(done["application_state"], "decided");
        let decision = office.app.get(&office.business, &format!("{case}/decision")).await.expect(200);
        let number = decision["document_number"].as_str().unwrap();
        assert!(number.contains("保安課"), "{number}");
    }
);

on_both_databases!(
    /// corrected answers that name the work of a department that has ended reach the one that does it now.
    r127_a_corrected_answer_reaches_the_successor,
    async |db: TestDb| {
        let app = crate::resubmissions::app(&db).await;
        let mut office = Corrections::open(&app, &db).await;
        let case = crate::resubmissions::claimed(&office).await.case;
        crate::resubmissions::ask(&office, &case, &["/form/place"]).await;
        import(&app, &taken_over()).await;
        app.advance(MONTH).await;
        office.sign_in_again().await;
        crate::resubmissions::answer(&office, &case, json!({ "place": "east" })).await.expect(200);
        let chief: Person = app.officer(AOMORI, "zaimu-zaisei", Role::SectionChief, "zaisei@example.jp").await;
        let shown = app.get(&chief, &case).await.expect(200);
        assert_eq!((&shown["department"], &shown["state"]), (&json!("zaimu-zaisei"), &json!("submitted")));
    }
);

on_both_databases!(
    /// whoever sends a case to a department that has ended sends it to the one that does its work; under its own name that
    /// one is reached as well, and the arrival stays.
    r127_a_case_that_is_sent_to_an_ended_department_reaches_its_successor,
    async |db: TestDb| {
        let counter = crate::fee_timing::Counter::open(&db).await;
        let app = &counter.app;
        let mut cases = Vec::new();
        for _ in 0..3 {
            cases.push(counter.claimed(crate::support::app::ON_ISSUE).await);
        }
        import(app, &taken_over()).await;
        let send = async |who: &Person, case: &str, department: &str| {
            let body = json!({ "department": department, "reason": "所管の課に送るため", "legal_basis": "行政組織規則第5条" });
            app.post(who, &format!("{case}/transfer"), body).await
        };
        let before = app.get(&counter.business, &cases[0]).await.expect(200);
        send(&counter.clerk, &cases[0], CONSULTED).await.expect(201);
        let early = app.get(&counter.business, &cases[0]).await.expect(200);
        assert_eq!(early["department"], CONSULTED, "until its last day it is asked itself");
        app.advance(MONTH).await;
        let clerk = app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        let business = app.sign_in("business@example.jp", &counter.business.id).await;
        let moved = send(&clerk, &cases[1], CONSULTED).await.expect(201);
        assert_eq!(moved["to_department"], "zaimu-zaisei", "{moved}");
        send(&clerk, &cases[2], "zaimu-zaisei").await.expect(201);
        let nowhere = send(&clerk, &cases[2], "kankyo-kanri").await;
        assert_eq!(nowhere.status, 404, "who sent it on does not see it any more");
        for case in &cases[1..] {
            let after = app.get(&business, case).await.expect(200);
            assert_eq!((&after["department"], &after["state"]), (&json!("zaimu-zaisei"), &json!("submitted")));
            assert_eq!(after["arrived_at"].as_str().unwrap()[..10], before["arrived_at"].as_str().unwrap()[..10]);
        }
        let zaisei = app.officer(AOMORI, "zaimu-zaisei", Role::Clerk, "zaisei@example.jp").await;
        let queue = app.get(&zaisei, &format!("/v1/tenants/{AOMORI}/departments/zaimu-zaisei/queue")).await.expect(200);
        assert!(queue["items"].as_array().unwrap().len() >= 2, "{queue}");
    }
);

on_both_databases!(
    /// under the symbol that it took over, an office goes on in the register of the year, without gap or double.
    r120_the_register_of_what_came_in_goes_on_under_the_inherited_symbol,
    async |db: TestDb| {
        let shipped = include_str!("../../config/tenants/020001.yaml");
        let of_all = "  - { kind: incoming, symbol: \"{department}収\"";
        let rules: String = shipped.lines().filter(|line| !line.starts_with(of_all)).flat_map(|line| [line, "\n"]).collect();
        let app = TestApp::start_offering(&db, "tenants/020001.yaml", &rules).await;
        let counter = crate::fee_timing::Counter::over(app).await;
        let (app, tenant) = (&counter.app, TenantCode::parse(AOMORI).unwrap());
        let arrive = async |business: &Person| {
            app.submitted(business, AOMORI, crate::support::app::ON_ISSUE).await;
            assert_eq!(incoming::number(&app.core, &tenant).await.unwrap(), 1);
        };
        for _ in 0..2 {
            arrive(&counter.business).await;
        }
        let mut file = "departments:\n".to_owned();
        file += &ends(DEPARTMENT, "消防保安課", "Fire and Safety Division", "kiki-kanri", MERGED);
        let merged = format!(
            "  - {{ code: {MERGED}, name_ja: 保安課, name_en: Safety Division, parent: kiki-kanri, valid_from: 2026-05-01 }}\nholdings:\n"
        );
        file += &merged;
        file += &holding("clerk", "clerk", DEPARTMENT, Some(MERGED));
        import(app, &(file + &holding("chief", "section_chief", DEPARTMENT, Some(MERGED)))).await;
        app.advance(MONTH).await;
        let business = app.sign_in("business@example.jp", &counter.business.id).await;
        let clerk = app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        for _ in 0..2 {
            arrive(&business).await;
        }
        for department in [MERGED, DEPARTMENT] {
            let path = format!("/v1/tenants/{AOMORI}/departments/{department}/incoming");
            let register = app.get(&clerk, &path).await.expect(200);
            let lines = register["items"].as_array().unwrap().iter();
            let numbers: Vec<_> = lines.map(|line| line["incoming_number"].as_str().unwrap()).collect();
            assert_eq!(numbers, ["消保収第1号", "消保収第2号", "消保収第3号", "消保収第4号"], "{department}");
        }
        let at_successor = "(SELECT COUNT(*) FROM incoming_documents WHERE department = 'kiki-hoan')";
        assert_eq!(db.count(at_successor).await, 2, "each line names the office it came in at");
        let report = document_number::check(&app.core, &tenant).await.unwrap();
        assert_eq!((report.incoming, report.irregularities), (4, vec![]));
    }
);
