//! 代決 with 後閲: who seals in whose place, under which absence and instruction, and who looks afterwards.

use jiff::{SignedDuration, civil};
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::approval_routes::{DEPARTMENT, Office, posted};
use crate::support::app::{AOMORI, Answer, Person};
use crate::support::db::{TestDb, execute};
use crate::support::traces::rounds;

/// The office with a deputy who serves beside the chief.
struct Covered {
    office: Office,
    deputy: Person,
}

impl Covered {
    async fn open(db: &TestDb) -> Self {
        let office = Office::open(db).await;
        let deputy = office.app.officer(AOMORI, DEPARTMENT, Role::Clerk, "deputy@example.jp").await;
        Self { office, deputy }
    }

    /// Enters that the cover acts for somebody of the department from 1 to 3 April.
    async fn away(&self, absent: &Person, cover: &Person) -> Value {
        let path = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/absences");
        let away = json!({ "officer": absent.id, "cover": cover.id, "from_on": "2026-04-01", "to_on": "2026-04-03" });
        self.office.app.post(&self.office.chief, &path, away).await.expect(201)
    }

    /// A case that lies on the desk of the chief.
    async fn at_the_chief(&self, weight: &str) -> String {
        let case = self.office.proposed(1, weight).await;
        for who in [&self.office.manager, &self.office.zaisei, &self.office.kankyo] {
            self.office.approve(who, &case).await;
        }
        case
    }

    async fn seal_for(&self, who: &Person, absent: &Person, case: &str) -> Answer {
        self.office.act(who, case, "approve", json!({ "acting_for": absent.id })).await
    }

    async fn owed(&self, who: &Person) -> Vec<Value> {
        let page = self.office.app.get(who, "/v1/me/post-reviews").await.expect(200);
        page["items"].as_array().unwrap().clone()
    }

    async fn look(&self, who: &Person, act: &str, body: Value) -> Answer {
        self.office.app.post(who, &format!("/v1/tenants/{AOMORI}/post-reviews/{act}"), body).await
    }
}

on_both_databases!(r115_a_cover_seals_for_the_absent_chief_who_looks_afterwards_once, async |db: TestDb| {
    let covered = Covered::open(&db).await;
    let (office, deputy) = (&covered.office, &covered.deputy);
    let case = covered.at_the_chief("ordinary").await;
    let before = covered.seal_for(deputy, &office.chief, &case).await;
    assert_eq!(before.problem(), "403 not_covering", "without an absence on record nobody stands in");
    let absence = covered.away(&office.chief, deputy).await;
    let listed = office.app.get(deputy, "/v1/me/approvals").await.expect(200);
    assert_eq!(listed["items"][0]["acting_for"], office.chief.id.as_str());
    assert_eq!(office.act(deputy, &case, "approve", json!({})).await.status, 403, "not in one's own name");
    let made = covered.seal_for(deputy, &office.chief, &case).await.expect(200);
    assert_eq!(made["application_state"], "decided");
    let step = &made["steps"][3];
    assert_eq!((&step["officer"], &step["title"]), (&json!(deputy.id), &json!("clerk（試験）")));
    assert_eq!(step["acting_for"], office.chief.id.as_str());
    let act = made["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(act["acting"]["absent_title"], "section_chief（試験）", "both titles are on record");
    assert_eq!((&act["acting"]["absence"], &act["acting"]["post_review"]), (&absence["id"], &Value::Null));
    assert_eq!(act["body_sha256"], made["body_sha256"]);

    let owed = covered.owed(&office.chief).await;
    assert_eq!(
        (owed.len(), covered.owed(deputy).await.len(), covered.owed(&office.manager).await.len()),
        (1, 0, 0)
    );
    let department = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/post-reviews");
    let tracked = office.app.get(&office.clerk, &department).await.expect(200);
    assert_eq!(tracked["items"], json!(owed));
    let id = owed[0]["id"].as_str().unwrap();
    assert_eq!(covered.look(deputy, id, json!({ "verdict": "agreed" })).await.status, 403);
    assert_eq!(covered.look(&office.manager, id, json!({ "verdict": "agreed" })).await.status, 403);
    assert_eq!(covered.look(&office.kankyo, id, json!({ "verdict": "agreed" })).await.status, 404);
    let bare = covered.look(&office.chief, id, json!({ "verdict": "objected" })).await;
    assert_eq!(bare.status, 422, "an objection says why");
    let why = json!({ "verdict": "objected", "comment": "協議が不足している。" });
    let done = covered.look(&office.chief, id, why.clone()).await.expect(201);
    assert_eq!((&done["verdict"], &done["comment"]), (&why["verdict"], &why["comment"]));
    assert_eq!(covered.look(&office.chief, id, why).await.problem(), "409 already_reviewed");
    assert_eq!(covered.owed(&office.chief).await, Vec::<Value>::new());
    let after = office.app.get(&office.chief, &format!("{case}/proposal")).await.expect(200);
    let kept = &after["history"].as_array().unwrap().last().unwrap()["acting"]["post_review"];
    assert_eq!((&kept["verdict"], &kept["comment"]), (&json!("objected"), &json!("協議が不足している。")));
    assert_eq!(after["application_state"], "decided", "an objection undoes nothing");
    assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'post_reviewed')").await, 1);
});

on_both_databases!(r115_what_is_flagged_waits_for_an_instruction_about_this_very_text, async |db: TestDb| {
    let covered = Covered::open(&db).await;
    let (office, deputy) = (&covered.office, &covered.deputy);
    covered.away(&office.chief, deputy).await;
    for weight in ["novel", "important", "unusual"] {
        let case = covered.at_the_chief(weight).await;
        let refused = covered.seal_for(deputy, &office.chief, &case).await;
        assert_eq!(refused.problem(), "403 not_instructed", "{weight}");
        let back = json!({ "acting_for": office.chief.id, "comment": "保留" });
        assert_eq!(office.act(deputy, &case, "return", back).await.problem(), "403 not_instructed");
        let text = json!({ "instruction": "原案のとおり進めること。" });
        let own = office.act(&office.clerk, &case, "instruct", text.clone()).await;
        assert_eq!(own.problem(), "403 own_proposal");
        assert_eq!(office.act(deputy, &case, "instruct", text.clone()).await.status, 403);
        assert_eq!(
            office.act(&office.manager, &case, "instruct", text.clone()).await.problem(),
            "403 forbidden"
        );
        let given = office.act(&office.chief, &case, "instruct", text.clone()).await.expect(200);
        assert_eq!(given["instructions"][0]["instruction"], "原案のとおり進めること。");
        assert_eq!(given["instructions"][0]["body_sha256"], given["body_sha256"]);
        if weight == "novel" {
            // Another text needs another instruction.
            office.act(&office.clerk, &case, "recall", json!({})).await.expect(200);
            office.propose(&case, weight).await.expect(201);
            for who in [&office.manager, &office.zaisei, &office.kankyo] {
                office.approve(who, &case).await;
            }
            let again = covered.seal_for(deputy, &office.chief, &case).await;
            assert_eq!(again.problem(), "403 not_instructed");
            office.act(&office.chief, &case, "instruct", text).await.expect(200);
        }
        let sealed = covered.seal_for(deputy, &office.chief, &case).await.expect(200);
        let last = sealed["history"].as_array().unwrap().last().unwrap().clone();
        assert!(last["acting"]["instruction"].is_string(), "{last}");
    }
});

on_both_databases!(
    r119_nobody_stands_in_for_a_draft_or_a_seal_of_the_own_or_beyond_the_days,
    async |db: TestDb| {
        let mut covered = Covered::open(&db).await;
        covered.away(&covered.office.chief, &covered.office.clerk).await;
        covered.away(&covered.office.chief, &covered.office.manager).await;
        let case = covered.at_the_chief("ordinary").await;
        let drafter = covered.seal_for(&covered.office.clerk, &covered.office.chief, &case).await;
        assert_eq!(drafter.problem(), "403 own_proposal");
        let twice = covered.seal_for(&covered.office.manager, &covered.office.chief, &case).await;
        assert_eq!(twice.problem(), "403 already_sealed", "one desk, one act");
        let oneself = covered.seal_for(&covered.office.chief, &covered.office.chief, &case).await;
        assert_eq!(oneself.problem(), "403 not_covering");
        let stranger = covered.seal_for(&covered.office.business, &covered.office.chief, &case).await;
        assert_eq!(stranger.status, 403, "the applicant sees the case and seals nothing");
        let elsewhere = covered.seal_for(&covered.office.head, &covered.office.chief, &case).await;
        assert_eq!(elsewhere.status, 404);

        let absence = covered.away(&covered.office.chief, &covered.deputy).await;
        let end = format!(
            "/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/absences/{}/end",
            absence["id"].as_str().unwrap()
        );
        covered.office.app.post(&covered.office.chief, &end, json!({})).await.expect(200);
        let ended = covered.seal_for(&covered.deputy, &covered.office.chief, &case).await;
        assert_eq!(ended.problem(), "403 not_covering");
        covered.away(&covered.office.chief, &covered.deputy).await;
        covered.office.app.advance(SignedDuration::from_hours(72)).await;
        covered.deputy = covered.office.app.sign_in("deputy@example.jp", &covered.deputy.id).await;
        covered.office.clerk = covered.office.app.sign_in("clerk@example.jp", &covered.office.clerk.id).await;
        let over = covered.seal_for(&covered.deputy, &covered.office.chief, &case).await;
        assert_eq!(over.problem(), "403 not_covering", "4 April is not among the days");
        assert_eq!(db.count("(SELECT COUNT(*) FROM acting_decisions)").await, 0);
    }
);

on_both_databases!(
    r115_r126_a_cover_who_moved_to_another_department_stands_in_for_nobody,
    async |db: TestDb| {
        let covered = Covered::open(&db).await;
        let (office, deputy) = (&covered.office, &covered.deputy);
        let case = covered.at_the_chief("ordinary").await;
        covered.away(&office.chief, deputy).await;
        let listed = async || office.app.get(deputy, "/v1/me/approvals").await.expect(200)["items"].clone();
        assert_eq!(listed().await.as_array().unwrap().len(), 1);
        let id = &deputy.id;
        let moved = format!("UPDATE officer_posts SET department = 'kankyo-hozen' WHERE officer_id = '{id}'");
        execute(&db.settings.url, &moved);
        assert_eq!(listed().await, json!([]), "the absence outlives the transfer, the cover does not");
        assert_eq!(covered.seal_for(deputy, &office.chief, &case).await.problem(), "403 not_covering");
    }
);

on_both_databases!(of_two_covers_who_seal_the_same_step_at_once_one_does, async |db: TestDb| {
    let covered = Covered::open(&db).await;
    let office = &covered.office;
    let second = office.app.officer(AOMORI, DEPARTMENT, Role::Clerk, "second@example.jp").await;
    covered.away(&office.chief, &covered.deputy).await;
    covered.away(&office.chief, &second).await;
    for _ in 0..rounds(3) {
        let case = covered.at_the_chief("ordinary").await;
        let (one, other) = tokio::join!(
            covered.seal_for(&covered.deputy, &office.chief, &case),
            covered.seal_for(&second, &office.chief, &case),
        );
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert!(matches!(statuses, [200, 404 | 409 | 412]), "{statuses:?}: {} {}", one.body, other.body);
    }
    let sealed = i64::try_from(rounds(3)).unwrap();
    assert_eq!(db.count("(SELECT COUNT(*) FROM acting_decisions)").await, sealed);
    assert_eq!(db.count("(SELECT COUNT(*) FROM decisions)").await, sealed);
});

on_both_databases!(r115_t7_whoever_follows_at_the_desk_takes_over_what_is_owed, async |db: TestDb| {
    let mut covered = Covered::open(&db).await;
    let before = civil::date(2025, 4, 1);
    let app = &covered.office.app;
    let old =
        posted(app, Role::GroupManager, "old-gm@example.jp", before, Some(civil::date(2026, 4, 2))).await;
    let new = posted(app, Role::GroupManager, "new-gm@example.jp", civil::date(2026, 4, 3), None).await;
    covered.away(&old, &covered.deputy).await;
    let (case, late) =
        (covered.office.proposed(1, "ordinary").await, covered.office.proposed(1, "ordinary").await);
    covered.seal_for(&covered.deputy, &old, &case).await.expect(200);
    assert_eq!(covered.owed(&old).await.len(), 1);
    covered.office.app.advance(SignedDuration::from_hours(48)).await;
    let app = &covered.office.app;
    let old = app.sign_in("old-gm@example.jp", &old.id).await;
    let new = app.sign_in("new-gm@example.jp", &new.id).await;
    covered.deputy = app.sign_in("deputy@example.jp", &covered.deputy.id).await;
    covered.office.clerk = app.sign_in("clerk@example.jp", &covered.office.clerk.id).await;
    let nobody = covered.seal_for(&covered.deputy, &old, &late).await;
    assert_eq!(nobody.status, 403, "T-7: nobody acts for a former holder");
    let owed = covered.owed(&new).await;
    assert_eq!((owed.len(), covered.owed(&old).await.len()), (1, 0));
    let id = owed[0]["id"].as_str().unwrap();
    assert_eq!(covered.look(&old, id, json!({ "verdict": "agreed" })).await.status, 404);
    let done = covered.look(&new, id, json!({ "verdict": "agreed" })).await.expect(201);
    assert_eq!(done["reviewer_title"], "new-gm@example.jp");
});

/// From 2 April on an officer sits at this desk (department, role, title) and at no former one.
fn moves(db: &TestDb, who: &Person, to: Option<(&str, &str, &str)>) {
    let id = &who.id;
    let left = format!("UPDATE officer_posts SET valid_to = '2026-04-01' WHERE officer_id = '{id}'");
    execute(&db.settings.url, &left);
    if let Some((department, role, title)) = to {
        let post = format!("'{AOMORI}', '{id}', '{id}', '{department}', '{role}', '{title}', '2026-04-02'");
        let columns = "tenant_id, id, officer_id, department, role, title, valid_from";
        execute(&db.settings.url, &format!("INSERT INTO officer_posts ({columns}) VALUES ({post})"));
    }
}

on_both_databases!(
    /// R-115, T-7: the cover becomes the chief and the chief moves on. Nobody else sits at the desk, so the one who was absent looks, wherever
    /// that officer serves now, and reads for it what was sealed.
    r115_t7_where_the_cover_becomes_the_chief_the_absent_officer_looks_from_the_new_post,
    async |db: TestDb| {
        let mut covered = Covered::open(&db).await;
        covered.away(&covered.office.chief, &covered.deputy).await;
        let case = covered.at_the_chief("ordinary").await;
        covered.seal_for(&covered.deputy, &covered.office.chief, &case).await.expect(200);
        moves(&db, &covered.office.chief, Some(("kendo-doro", "section_chief", "道路課長")));
        moves(&db, &covered.deputy, Some((DEPARTMENT, "section_chief", "消防保安課長")));
        covered.office.later(SignedDuration::from_hours(24)).await;
        covered.deputy = covered.office.app.sign_in("deputy@example.jp", &covered.deputy.id).await;
        let office = &covered.office;
        for who in [&covered.deputy, &office.manager, &office.kankyo, &office.head] {
            assert_eq!(covered.owed(who).await, Vec::<Value>::new());
        }
        let owed = covered.owed(&office.chief).await;
        assert_eq!(owed.len(), 1, "somebody can look at it");
        let id = owed[0]["id"].as_str().unwrap();
        let proposal = format!("{case}/proposal");
        assert_eq!(office.app.get(&office.chief, &proposal).await.expect(200)["state"], "approved");
        assert_eq!(covered.look(&covered.deputy, id, json!({ "verdict": "agreed" })).await.status, 403);
        let done = covered.look(&office.chief, id, json!({ "verdict": "agreed" })).await.expect(201);
        assert_eq!(done["reviewer_title"], "道路課長");
        assert_eq!(covered.owed(&office.chief).await, Vec::<Value>::new());
        assert_eq!(office.app.get(&office.chief, &proposal).await.status, 404, "there is nothing left to look at");
        let department = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/post-reviews");
        assert_eq!(office.app.get(&office.clerk, &department).await.expect(200)["items"], json!([]));
    }
);

on_both_databases!(
    /// R-115, T-7: as before, but the chief has left the body: whoever stands above the desk looks.
    r115_t7_where_the_absent_officer_has_left_the_body_whoever_stands_above_looks,
    async |db: TestDb| {
        let mut covered = Covered::open(&db).await;
        let bureau = covered.office.app.officer(AOMORI, "kiki-kanri", Role::Director, "kyokucho@example.jp").await;
        covered.away(&covered.office.chief, &covered.deputy).await;
        let case = covered.at_the_chief("ordinary").await;
        covered.seal_for(&covered.deputy, &covered.office.chief, &case).await.expect(200);
        assert_eq!(covered.owed(&bureau).await, Vec::<Value>::new(), "the chief is back tomorrow");
        moves(&db, &covered.office.chief, None);
        moves(&db, &covered.deputy, Some((DEPARTMENT, "section_chief", "消防保安課長")));
        covered.office.later(SignedDuration::from_hours(24)).await;
        covered.deputy = covered.office.app.sign_in("deputy@example.jp", &covered.deputy.id).await;
        let bureau = covered.office.app.sign_in("kyokucho@example.jp", &bureau.id).await;
        let office = &covered.office;
        for who in [&covered.deputy, &office.manager, &office.kankyo, &office.director] {
            assert_eq!(covered.owed(who).await, Vec::<Value>::new());
        }
        let owed = covered.owed(&bureau).await;
        assert_eq!((owed.len(), covered.owed(&office.head).await.len()), (1, 1));
        let id = owed[0]["id"].as_str().unwrap();
        assert_eq!(covered.look(&office.director, id, json!({ "verdict": "agreed" })).await.status, 404);
        office.app.get(&bureau, &format!("{case}/proposal")).await.expect(200);
        let done = covered.look(&bureau, id, json!({ "verdict": "agreed" })).await.expect(201);
        assert_eq!(done["reviewer_title"], "director（試験）");
        assert_eq!(covered.owed(&office.head).await, Vec::<Value>::new());
    }
);

on_both_databases!(
    /// A cover seals. So whoever stands lower opens no absence above, and nobody makes themselves the cover of another's desk.
    r115_r112_nobody_opens_the_desk_above_to_themselves,
    async |db: TestDb| {
        let covered = Covered::open(&db).await;
        let office = &covered.office;
        let hire = async |role, email: &str| office.app.officer(AOMORI, DEPARTMENT, role, email).await;
        let (other, second) =
            (hire(Role::SectionChief, "other@example.jp").await, hire(Role::DeputyChief, "second@example.jp").await);
        let keeper = hire(Role::Administrator, "keeper@example.jp").await;
        let path = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/absences");
        let enter = async |who: &Person, cover: &Person| {
            let away = json!({ "officer": office.chief.id, "cover": cover.id, "from_on": "2026-04-01",
                "to_on": "2026-04-03" });
            office.app.post(who, &path, away).await
        };
        for lower in [&office.manager, &second, &office.clerk] {
            assert_eq!(enter(lower, lower).await.problem(), "403 forbidden");
            assert_eq!(enter(lower, &covered.deputy).await.problem(), "403 forbidden");
        }
        let own = enter(&other, &other).await;
        assert_eq!((own.problem().as_str(), &own.body["errors"][0]["pointer"]), ("422 validation_failed", &json!("/cover")));
        assert_eq!(own.body["errors"][0]["code"], "recorder");
        enter(&other, &covered.deputy).await.expect(201);
        // Nobody so high is at work: those who keep the organisation enter it.
        let entered = enter(&keeper, &covered.deputy).await.expect(201);
        let end = format!("{path}/{}/end", entered["id"].as_str().unwrap());
        assert_eq!(office.app.post(&office.manager, &end, json!({})).await.problem(), "403 forbidden");
        office.app.post(&keeper, &end, json!({})).await.expect(200);
    }
);

on_both_databases!(
    /// Whoever comes to a higher desk inside the days of an absence stands as high as that desk from its first day on.
    r115_r126_the_highest_desk_of_all_the_days_says_who_may_enter_an_absence,
    async |db: TestDb| {
        let covered = Covered::open(&db).await;
        let (office, app) = (&covered.office, &covered.office.app);
        let rising =
            posted(app, Role::Clerk, "rising@example.jp", civil::date(2025, 4, 1), Some(civil::date(2026, 4, 1))).await;
        let higher = format!(
            "INSERT INTO officer_posts (tenant_id, id, officer_id, department, role, title, valid_from, valid_to) VALUES \
             ('{AOMORI}', 'ffffffff-0000-7000-8000-000000000001', '{}', '{DEPARTMENT}', 'section_chief', '課長', '2026-04-03', NULL)",
            rising.id
        );
        execute(&db.settings.url, &higher);
        let path = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/absences");
        let enter = async |who: &Person, cover: &Person, to_on: &str| {
            let away = json!({ "officer": rising.id, "cover": cover.id, "from_on": "2026-04-01", "to_on": to_on });
            app.post(who, &path, away).await
        };
        for cover in [&office.manager, &covered.deputy] {
            assert_eq!(enter(&office.manager, cover, "2026-04-03").await.problem(), "403 forbidden");
        }
        let own = enter(&office.chief, &office.chief, "2026-04-03").await;
        assert_eq!(own.problem(), "422 validation_failed", "a chief seals on one of the days");
        assert_eq!(own.body["errors"][0]["code"], "recorder");
        let entered = enter(&office.chief, &covered.deputy, "2026-04-03").await.expect(201);
        let end = format!("{path}/{}/end", entered["id"].as_str().unwrap());
        assert_eq!(app.post(&office.manager, &end, json!({})).await.problem(), "403 forbidden");
        enter(&office.manager, &covered.deputy, "2026-04-02").await.expect(201);
    }
);

on_both_databases!(
    /// what is owed longest comes first, page by page, whatever the ids say: those of two machines are in no order.
    r115_what_is_owed_longest_comes_first_and_pages_lose_nothing,
    async |db: TestDb| {
        use std::fmt::Write as _;
        let covered = Covered::open(&db).await;
        let office = &covered.office;
        covered.away(&office.chief, &covered.deputy).await;
        let case = covered.at_the_chief("ordinary").await;
        covered.seal_for(&covered.deputy, &office.chief, &case).await.expect(200);
        let mut copies = String::new();
        for number in 1..=60 {
            // The later the id, the older the act; two of each instant.
            let (id, earlier) = (format!("ffffffff-0000-7000-8000-{number:012}"), number / 2 * 1_000_000);
            for (table, columns) in [
                ("approval_acts", "application_id, proposal_id, step_no, act, officer_id, officer_title, acting_for, body_sha256"),
                (
                    "acting_decisions",
                    "application_id, proposal_id, step_no, act, officer_id, officer_title, body_sha256, role, department, absence_id, \
                     absent_id, absent_title, drafter_id",
                ),
            ] {
                writeln!(
                    copies,
                    "INSERT INTO {table} (tenant_id, id, acted_at, {columns}) SELECT tenant_id, '{id}', acted_at - {earlier}, {columns} \
                     FROM {table} WHERE id = (SELECT MIN(id) FROM acting_decisions);"
                )
                .unwrap();
            }
        }
        execute(&db.settings.url, &copies);
        let department = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/post-reviews");
        for list in ["/v1/me/post-reviews", department.as_str()] {
            let first = office.app.get(&office.chief, list).await.expect(200);
            let cursor = first["next_cursor"].as_str().unwrap();
            let second = office.app.get(&office.chief, &format!("{list}?cursor={cursor}")).await.expect(200);
            assert_eq!(second["next_cursor"], Value::Null);
            let items = [&first, &second].map(|page| page["items"].as_array().unwrap().clone()).concat();
            let places: Vec<(String, String)> = items
                .iter()
                .map(|item| (item["acted_at"].as_str().unwrap().to_owned(), item["id"].as_str().unwrap().to_owned()))
                .collect();
            assert_eq!((first["items"].as_array().unwrap().len(), places.len()), (50, 61), "{list}");
            let mut sorted = places.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(places, sorted, "{list}: oldest first, each once");
            let wrong = office.app.get(&office.chief, &format!("{list}?cursor=x")).await;
            assert_eq!(wrong.problem(), "400 malformed_request");
            // A full page asks the database as often as one with eleven acts.
            let rest = format!("{list}?cursor={cursor}");
            let asked = async |path: &str| db.queries_of(async || assert_eq!(office.app.get(&office.chief, path).await.status, 200)).await;
            let (full, rest) = (asked(list).await, asked(&rest).await);
            assert_eq!(full.len(), rest.len(), "{list}: no query for each act: {full:#?}");
        }
    }
);
