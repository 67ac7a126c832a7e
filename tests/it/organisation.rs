//! Importing the organisation: the difference before it is done, what is refused, and that work follows the posts.

use jiff::SignedDuration;
use madoguchi::domain::organisation_import::COLUMNS;
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, AOMORI_CITY, Answer, Person, ROUTES, TestApp};
use crate::support::db::TestDb;

const HERE: &str = "kiki-shobo-hoan";
const SUCCESSOR: &str = "kiki-hoan";
const IMPORTS: &str = "/v1/tenants/020001/organisation/imports";
const APPLICATIONS: &str = "/v1/tenants/020001/applications";

struct Office {
    app: TestApp,
    administrator: Person,
    clerk: Person,
    manager: Person,
    chief: Person,
}

impl Office {
    async fn open(db: &TestDb) -> Self {
        let app = TestApp::start(db).await;
        let administrator = app.officer(AOMORI, "somu-jinji", Role::Administrator, "admin@example.jp").await;
        let clerk = app.officer(AOMORI, HERE, Role::Clerk, "clerk@example.jp").await;
        let manager = app.officer(AOMORI, HERE, Role::GroupManager, "manager@example.jp").await;
        let chief = app.officer(AOMORI, HERE, Role::SectionChief, "chief@example.jp").await;
        Self { app, administrator, clerk, manager, chief }
    }

    async fn import(&self, query: &str, format: &str, source: &str) -> Answer {
        let body = json!({ "format": format, "source": source });
        self.app.post(&self.administrator, &format!("{IMPORTS}{query}"), body).await
    }

    /// A case that nobody has taken up.
    async fn submitted(&self, who: &Person) -> String {
        let draft = json!({ "procedure": ROUTES, "form": { "amount": 1 } });
        let draft = self.app.post(who, APPLICATIONS, draft).await.expect(201);
        let case = format!("{APPLICATIONS}/{}", draft["id"].as_str().unwrap());
        self.app.post(who, &format!("{case}/submit"), json!({})).await.expect(200);
        case
    }

    /// A case whose proposal has passed its first desk.
    async fn sealed_by_manager(&self, who: &Person) -> String {
        let case = self.submitted(who).await;
        self.app.post(&self.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let grant = json!({ "decision": "grant" });
        self.act(&self.clerk, &case, "proposal", grant).await.expect(201);
        self.act(&self.manager, &case, "approval/approve", json!({})).await.expect(200);
        case
    }

    /// An act under the version of the case as it is now.
    async fn act(&self, who: &Person, case: &str, act: &str, body: Value) -> Answer {
        let version = self.app.get(&self.clerk, case).await.etag();
        self.app.post_if(who, &format!("{case}/{act}"), &version, body).await
    }

    async fn again(&self, email: &str, who: &Person) -> Person {
        self.app.sign_in(email, &who.id).await
    }
}

/// A CSV file of these rows, each given by its columns.
fn csv(rows: &[&[(&str, &str)]]) -> String {
    let cell = |row: &[(&str, &str)], column: &str| {
        row.iter().find(|(name, _)| *name == column).map_or("", |(_, text)| text).to_owned()
    };
    let line = |row: &&[(&str, &str)]| COLUMNS.map(|column| cell(row, column)).join(",");
    let lines = rows.iter().map(line).collect::<Vec<_>>().join("\n");
    format!("{}\n{lines}\n", COLUMNS.join(","))
}

fn texts(body: &Value) -> Vec<String> {
    let changes = body["changes"].as_array().unwrap().iter();
    changes.map(|change| change["text_en"].as_str().unwrap().to_owned()).collect()
}

on_both_databases!(an_import_is_shown_done_once_and_takes_effect_on_its_day, async |db: TestDb| {
    let office = Office::open(&db).await;
    let file = csv(&[
        &[("record", "officer"), ("email", "new@example.jp"), ("name", "新 人")],
        &[
            ("record", "holding"),
            ("email", "new@example.jp"),
            ("department", HERE),
            ("role", "clerk"),
            ("title", "主事"),
            ("appointment", "fixed_term"),
            ("valid_from", "2026-04-02"),
            ("valid_to", "2027-03-31"),
        ],
        &[
            ("record", "holding"),
            ("email", "clerk@example.jp"),
            ("department", HERE),
            ("role", "clerk"),
            ("title", "clerk（試験）"),
            ("valid_from", "2025-04-01"),
            ("valid_to", "2026-04-01"),
        ],
    ]);
    let expected = [
        "+ officer added  新 人 new@example.jp",
        "+ post added  new@example.jp kiki-shobo-hoan 主事（clerk）  2026-04-02～2027-03-31",
        "- post ended  clerk@example.jp kiki-shobo-hoan clerk（試験）（clerk）  2025-04-01～2026-04-01",
    ];
    let shown = office.import("?dry_run=true", "csv", &file).await.expect(200);
    assert_eq!((texts(&shown), shown["id"].clone()), (expected.map(String::from).to_vec(), Value::Null));
    assert_eq!(shown["changes"][1]["pointer"], "/rows/3");
    assert_eq!(shown["first_passwords"], json!([]));
    // A dry run changed nothing: the second shows the same.
    assert_eq!(texts(&office.import("?dry_run=true", "csv", &file).await.expect(200)), expected);

    let key = crate::support::app::new_key();
    let headers = [("idempotency-key", key.as_str())];
    let body = json!({ "format": "csv", "source": file });
    let send = async || {
        office
            .app
            .call(Method::POST, IMPORTS, Some(&office.administrator), &headers, Some(body.clone()))
            .await
    };
    let done = send().await.expect(201);
    assert_eq!(
        (done["added"].clone(), done["ended"].clone(), done["changed"].clone()),
        (json!(2), json!(1), json!(0))
    );
    assert_eq!(texts(&done), expected);
    let replayed = send().await.expect(201);
    assert_eq!(
        (replayed["id"].clone(), replayed["first_passwords"].clone()),
        (done["id"].clone(), json!([]))
    );
    let twice = office.import("", "csv", &file).await.expect(200);
    assert_eq!((twice["id"].clone(), texts(&twice)), (Value::Null, Vec::new()));

    // Until the evening the post is the old one's, from tomorrow the new one's; both sessions are of today.
    let first = done["first_passwords"][0].clone();
    assert_eq!(first["email"], "new@example.jp");
    let session = json!({ "email": "new@example.jp", "password": first["password"] });
    let tokens = office.app.call(Method::POST, "/v1/sessions", None, &[], Some(session)).await.expect(200);
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let new = Person { token, id: String::new() };
    let queue = format!("/v1/tenants/{AOMORI}/departments/{HERE}/queue");
    office.app.get(&office.clerk, &queue).await.expect(200);
    assert_eq!(office.app.get(&new, &queue).await.problem(), "404 not_found");
    office.app.advance(SignedDuration::from_hours(24)).await;
    let (old, new) = (office.again("clerk@example.jp", &office.clerk).await, {
        let session = json!({ "email": "new@example.jp", "password": first["password"] });
        let tokens =
            office.app.call(Method::POST, "/v1/sessions", None, &[], Some(session)).await.expect(200);
        Person { token: tokens["access_token"].as_str().unwrap().to_owned(), id: String::new() }
    });
    office.app.get(&new, &queue).await.expect(200);
    assert_eq!(office.app.get(&old, &queue).await.problem(), "404 not_found");
});

on_both_databases!(
    contradictions_are_told_at_once_with_row_and_column_and_change_nothing,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        office.app.register("resident@example.jp", "resident").await;
        let holding = |email, department, from, to| {
            vec![
                ("record", "holding"),
                ("email", email),
                ("department", department),
                ("role", "clerk"),
                ("title", "主事"),
                ("appointment", "fixed_term"),
                ("valid_from", from),
                ("valid_to", to),
            ]
        };
        let rows = [
            holding("nobody@example.jp", HERE, "2026-04-02", "2027-03-31"),
            holding("manager@example.jp", "atlantis", "2026-04-02", "2027-03-31"),
            holding("manager@example.jp", HERE, "2026-04-02", "2027-04-01"),
            holding("manager@example.jp", HERE, "2026-03-01", "2026-03-31"),
            holding("resident@example.jp", HERE, "2026-04-02", "2027-03-31"),
        ];
        let file = csv(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for query in ["?dry_run=true", ""] {
            let refused = office.import(query, "csv", &file).await.expect(422);
            let mut faults: Vec<String> = refused["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|fault| {
                    format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap())
                })
                .collect();
            faults.sort();
            let expected = [
                "/rows/2/email unknown_officer",
                "/rows/3/department unknown_department",
                "/rows/4/valid_to beyond_fiscal_year",
                "/rows/5/valid_from past",
                "/rows/6/email not_an_officer",
                "/rows/6/email unknown_officer",
            ];
            assert_eq!(faults, expected, "{refused}");
        }
        // The section chief is the only one who decides: the post cannot end without another.
        let alone = "holdings: [{ email: chief@example.jp, department: kiki-shobo-hoan, role: section_chief, \
        title: section_chief（試験）, valid_from: 2025-04-01, valid_to: 2026-04-30 }]";
        let refused = office.import("", "yaml", alone).await.expect(422);
        assert_eq!(refused["errors"][0]["code"], "nobody_decides");
        let none = office.import("", "yaml", "holdings: {").await.expect(422);
        assert_eq!(none["errors"][0]["code"], "yaml");
        assert_eq!(db.count("(SELECT COUNT(*) FROM organisation_imports)").await, 0);

        // Nobody but an administrator of this body.
        let other = office.app.officer(AOMORI_CITY, "somu", Role::Administrator, "city@example.jp").await;
        for who in [&office.chief, &other] {
            let body = json!({ "format": "yaml", "source": alone });
            assert_eq!(office.app.post(who, IMPORTS, body).await.problem(), "404 not_found");
        }
    }
);

/// The department becomes another one on the first of May, with everybody in it.
pub(crate) fn reorganisation() -> String {
    let mut lines = vec![format!(
        "departments:\n  - {{ code: {HERE}, name_ja: 消防保安課, name_en: Fire and Safety Division, parent: kiki-kanri, \
         valid_from: 2024-04-01, valid_to: 2026-04-30, successor: {SUCCESSOR} }}\n  - {{ code: {SUCCESSOR}, name_ja: 保安課, \
         name_en: Safety Division, parent: kiki-kanri, valid_from: 2026-05-01 }}\nholdings:\n"
    )];
    for (email, role) in [("clerk", "clerk"), ("manager", "group_manager"), ("chief", "section_chief")] {
        for (department, from, to) in
            [(HERE, "2025-04-01", ", valid_to: 2026-04-30"), (SUCCESSOR, "2026-05-01", "")]
        {
            lines.push(format!(
                "  - {{ email: {email}@example.jp, department: {department}, role: {role}, title: {role}（試験）, \
                 valid_from: {from}{to} }}\n"
            ));
        }
    }
    lines.concat()
}

on_both_databases!(r127_open_work_goes_to_the_successor_and_the_past_keeps_its_names, async |db: TestDb| {
    let office = Office::open(&db).await;
    let app = &office.app;
    let business = app.register("business@example.jp", "business").await;
    let waiting = office.submitted(&business).await;
    let proposed = office.sealed_by_manager(&business).await;

    assert_eq!(office.import("", "yaml", &reorganisation()).await.expect(201)["added"], 4);
    // Today nothing has changed yet.
    app.drain().await;
    app.get(&office.clerk, &waiting).await.expect(200);

    app.advance(SignedDuration::from_hours(24 * 30)).await;
    let clerk = office.again("clerk@example.jp", &office.clerk).await;
    let chief = office.again("chief@example.jp", &office.chief).await;
    let business = office.again("business@example.jp", &business).await;
    app.drain().await;
    let queue = format!("/v1/tenants/{AOMORI}/departments/{SUCCESSOR}/queue");
    let found = app.get(&clerk, &queue).await.expect(200)["items"].as_array().unwrap().len();
    assert_eq!(found, 2, "both cases lie with the successor");
    app.post(&clerk, &format!("{waiting}/claim"), json!({})).await.expect(200);
    let proposal = app.get(&chief, &format!("{proposed}/proposal")).await.expect(200);
    let steps: Vec<(String, String)> = proposal["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (step["department"].as_str().unwrap().to_owned(), step["state"].as_str().unwrap().to_owned())
        })
        .collect();
    let step = |department: &str, state: &str| (department.to_owned(), state.to_owned());
    assert_eq!(steps[0], step(HERE, "approved"), "R-126: what was sealed keeps its department");
    assert_eq!(steps[3], step(SUCCESSOR, "waiting"), "what was not goes to the successor's desk");
    // The law's text still names the old department; what arrives now reaches the successor, and so do its desks.
    let later = office.submitted(&business).await;
    app.post(&clerk, &format!("{later}/claim"), json!({})).await.expect(200);
    let moved = db.count("(SELECT COUNT(*) FROM events WHERE kind = 'department_succeeded')").await;
    assert_eq!(moved, 2);
    app.drain().await;
    assert_eq!(
        db.count("(SELECT COUNT(*) FROM events WHERE kind = 'department_succeeded')").await,
        moved,
        "once"
    );
    // The same file is no difference even when all of it is past.
    let administrator = office.again("admin@example.jp", &office.administrator).await;
    let body = json!({ "format": "yaml", "source": reorganisation() });
    let same = app.post(&administrator, IMPORTS, body).await.expect(200);
    assert_eq!((texts(&same), same["id"].clone()), (Vec::new(), Value::Null));
});

on_both_databases!(
    /// What was sealed keeps its department; opened again it lies with whoever does the work now, at once.
    r126_r127_a_return_after_a_reorganisation_goes_to_the_desk_of_the_successor,
    async |db: TestDb| {
        let mut office = Office::open(&db).await;
        let business = office.app.register("business@example.jp", "business").await;
        let app = &office.app;
        let consulted = app.officer(AOMORI, "kankyo-hozen", Role::SectionChief, "consulted@example.jp").await;
        let case = office.sealed_by_manager(&business).await;
        office.import("", "yaml", &reorganisation()).await.expect(201);
        app.advance(SignedDuration::from_hours(24 * 30)).await;
        app.drain().await;
        let consulted = office.again("consulted@example.jp", &consulted).await;
        let manager = office.again("manager@example.jp", &office.manager).await;
        office.clerk = office.again("clerk@example.jp", &office.clerk).await;

        let weightier = office.act(&manager, &case, "approval/escalate", json!({ "weight": "important" })).await;
        assert_eq!(weightier.problem(), "403 forbidden", "it does not wait for this desk");
        let back = json!({ "to_step": 1, "comment": "もう一度検討してください。" });
        let returned = office.act(&consulted, &case, "approval/return", back).await.expect(200);
        let first = &returned["steps"][0];
        assert_eq!((&first["department"], &first["state"]), (&json!(SUCCESSOR), &json!("waiting")), "{returned}");

        let important = json!({ "weight": "important" });
        let escalated = office.act(&manager, &case, "approval/escalate", important).await.expect(200);
        let desks = escalated["steps"].as_array().unwrap().iter();
        let here: Vec<_> = desks.filter(|step| step["department"] == SUCCESSOR).map(|it| &it["role"]).collect();
        assert_eq!(here, ["group_manager", "section_chief"], "no desk stands twice on the route");
        office.act(&manager, &case, "approval/approve", json!({})).await.expect(200);
    }
);
