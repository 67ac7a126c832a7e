//! Filings that a law opens to the public: masked, logged, from the moment the rule names, and gone when they are taken back.

use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;

const CASES: &str = "/v1/tenants/020001/applications";

/// The procedure of the corrections, open to the public by this rule.
async fn app(db: &TestDb, opens_on: &str, online: &str) -> TestApp {
    app_with(db, opens_on, online, "").await
}

/// The same, with more of the rule; the plan is said to be without personal data.
async fn app_with(db: &TestDb, opens_on: &str, online: &str, more: &str) -> TestApp {
    let rule = format!(
        "public_inspection:\n  basis: 試験法第13条\n  opens_on: {opens_on}\n  fields: [place]\n  documents: [plan, photo]\n  \
         place: {{ ja: 閲覧所, en: Reading room }}\n  days: {{ ja: 県の休日を除く日, en: Working days }}\n  from: \"08:30:00\"\n  \
         until: \"17:00:00\"\n  online: {online}\n  source: 試験用\n  sample: true\n{more}approval_route:"
    );
    let text = include_str!("support/procedures/corrections.yaml")
        .replace("approval_route:", &rule)
        .replace("en: Plan }, required: true,", "en: Plan }, required: true, personal_data: false,");
    assert!(text.contains("personal_data"));
    TestApp::start_offering(db, "procedures/020001/test-corrections.yaml", &text).await
}

/// Anybody's look.
async fn look(app: &TestApp, procedure: &str, rest: &str) -> Answer {
    let path = format!("/v1/tenants/020001/procedures/{procedure}/public-inspection{rest}");
    app.call(Method::GET, &path, None, &[], None).await
}

async fn submitted(app: &TestApp, who: &Person) -> String {
    app.submitted(who, AOMORI, "test-corrections").await["id"].as_str().unwrap().to_owned()
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

on_both_databases!(
    /// anybody sees what the rule names and nothing else, without an account, and each look leaves a row in the access log.
    r47_anybody_sees_the_masked_filing_and_every_look_is_logged,
    async |db: TestDb| {
        let app = app(&db, "arrival", "always").await;
        let business = app.register("business@example.jp", "business").await;
        let draft = app.draft(&business, AOMORI, "test-corrections").await;
        assert_eq!(look(&app, "test-corrections", &format!("/{draft}")).await.problem(), "404 not_found", "a draft is nobody's");
        let id = submitted(&app, &business).await;
        let logged = "(SELECT COUNT(*) FROM access_log WHERE actor_id = 'public')";
        let before = db.count(logged).await;
        let page = look(&app, "test-corrections", "").await.expect(200);
        assert_eq!((ids(&page), &page["next_cursor"]), (vec![id.as_str()], &Value::Null));
        let rule = &page["rule"];
        assert_eq!((&rule["basis"], &rule["from"], &rule["until"]), (&json!("試験法第13条"), &json!("08:30"), &json!("17:00")));
        let shown = look(&app, "test-corrections", &format!("/{id}")).await.expect(200);
        assert_eq!(shown["answers"], json!([{ "name": "place", "label": "Area", "value": "west" }]));
        assert_eq!(shown["documents"], json!([{ "code": "plan", "title": "Plan", "file": null }]), "only what was handed in");
        let text = shown.to_string();
        for masked in ["ねぶた電工", "工藤", "business@example.jp", "\"count\"", "sha256"] {
            assert!(!text.contains(masked), "{masked}: {text}");
        }
        assert_eq!(db.count(logged).await, before + 2);
        let case = "(SELECT COUNT(*) FROM access_log WHERE actor_id = 'public' AND operation = 'public_filing' AND cases LIKE '%-%')";
        assert_eq!(db.count(case).await, 1);
        // A procedure whose filings no law opens has none to look at.
        assert_eq!(look(&app, "denki-koji-toroku", "").await.problem(), "404 not_found");
        assert_eq!(look(&app, "denki-koji-toroku", &format!("/{id}")).await.problem(), "404 not_found");

        app.post(&business, &format!("{CASES}/{id}/withdraw"), json!({})).await.expect(200);
        assert_eq!(ids(&look(&app, "test-corrections", "").await.expect(200)), Vec::<&str>::new());
        let gone = look(&app, "test-corrections", &format!("/{id}")).await;
        assert_eq!(gone.problem(), "404 not_found", "what was taken back is open no more");
    }
);

on_both_databases!(
    /// anybody reads the list, without an account: a full page asks the database no oftener than one with a single filing.
    r47_the_list_asks_the_database_as_often_for_many_filings_as_for_one,
    async |db: TestDb| {
        let app = app(&db, "arrival", "always").await;
        let business = app.register("business@example.jp", "business").await;
        let shown = async || ids(&look(&app, "test-corrections", "").await.expect(200)).len();
        submitted(&app, &business).await;
        assert_eq!(shown().await, 1);
        let one = db.queries_of(async || assert_eq!(shown().await, 1)).await;
        for _ in 0..3 {
            submitted(&app, &business).await;
        }
        let four = db.queries_of(async || assert_eq!(shown().await, 4)).await;
        assert_eq!(one.len(), four.len(), "{four:#?}");
    }
);

on_both_databases!(
    /// where the rule opens filings with a decision, nothing is seen before it; a refusal opens nothing where a grant is named.
    r47_a_filing_opens_with_the_decision_that_the_rule_names,
    async |db: TestDb| {
        let app = app(&db, "grant", "always").await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, "kiki-shobo-hoan", Role::SectionChief, "chief@example.jp").await;
        let mut decided = Vec::new();
        for decision in ["refuse", "grant"] {
            let made = app.submitted(&business, AOMORI, "test-corrections").await;
            let id = made["id"].as_str().unwrap().to_owned();
            let case = format!("{CASES}/{id}");
            let invoice = format!("/v1/tenants/020001/invoices/{}", made["invoice"]["id"].as_str().unwrap());
            let taken = json!({ "means": "cash", "amount": made["invoice"]["total"], "received_on": "2026-04-01" });
            app.post(&clerk, &format!("{invoice}/counter-payments"), taken).await.expect(201);
            app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
            let version = app.get(&clerk, &case).await.etag();
            let reason = json!({ "fact": "位置が重なる", "clause": "第3条", "criterion": "審査基準第3" });
            let body = json!({ "decision": decision, "reasons": [reason], "conditions": [] });
            app.post_if(&clerk, &format!("{case}/proposal"), &version, body).await.expect(201);
            assert_eq!(look(&app, "test-corrections", &format!("/{id}")).await.problem(), "404 not_found");
            let version = app.get(&chief, &case).await.etag();
            app.post_if(&chief, &format!("{case}/approval/approve"), &version, json!({})).await.expect(200);
            decided.push(id);
        }
        let page = look(&app, "test-corrections", "").await.expect(200);
        assert_eq!(ids(&page), [decided[1].as_str()]);
        assert_eq!(look(&app, "test-corrections", &format!("/{}", decided[0])).await.problem(), "404 not_found");
        look(&app, "test-corrections", &format!("/{}", decided[1])).await.expect(200);
    }
);

on_both_databases!(
    /// a filing that opens with a grant would tell it: it is seen once the notice of the grant is retrieved.
    r38_a_filing_that_opens_with_a_grant_is_seen_once_the_applicant_was_told,
    async |db: TestDb| {
        let app = app(&db, "grant", "always").await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, "kiki-shobo-hoan", Role::SectionChief, "chief@example.jp").await;
        let made = app.submitted(&business, AOMORI, "test-corrections").await;
        let id = made["id"].as_str().unwrap();
        let case = format!("{CASES}/{id}");
        let way = json!({ "way": "electronic" });
        app.post(&business, &format!("{case}/notice-way"), way).await.expect(201);
        let invoice = format!("/v1/tenants/020001/invoices/{}", made["invoice"]["id"].as_str().unwrap());
        let taken = json!({ "means": "cash", "amount": made["invoice"]["total"], "received_on": "2026-04-01" });
        app.post(&clerk, &format!("{invoice}/counter-payments"), taken).await.expect(201);
        app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let version = app.get(&clerk, &case).await.etag();
        let body = json!({ "decision": "grant", "reasons": [], "conditions": [] });
        app.post_if(&clerk, &format!("{case}/proposal"), &version, body).await.expect(201);
        let version = app.get(&chief, &case).await.etag();
        app.post_if(&chief, &format!("{case}/approval/approve"), &version, json!({})).await.expect(200);

        let one = format!("/{id}");
        assert_eq!(ids(&look(&app, "test-corrections", "").await.expect(200)), Vec::<&str>::new());
        assert_eq!(look(&app, "test-corrections", &one).await.problem(), "404 not_found");
        app.get(&business, &format!("{case}/decision")).await.expect(200);
        assert_eq!(ids(&look(&app, "test-corrections", "").await.expect(200)), [id]);
        look(&app, "test-corrections", &one).await.expect(200);
    }
);

on_both_databases!(
    /// days and hours are shown with every filing; here they bind only where the rule says so.
    r47_days_and_hours_bind_the_view_here_only_where_the_rule_says_so,
    async |db: TestDb| {
        let app = app(&db, "arrival", "opening_hours").await;
        let business = app.register("business@example.jp", "business").await;
        let id = submitted(&app, &business).await;
        let at = async |instant: &str| {
            use madoguchi::clock::Clock;
            let instant: jiff::Timestamp = instant.parse().unwrap();
            app.advance(instant.duration_since(app.clock.now())).await;
            (look(&app, "test-corrections", "").await.problem(), look(&app, "test-corrections", &format!("/{id}")).await.problem())
        };
        let closed = ("409 inspection_closed".to_owned(), "409 inspection_closed".to_owned());
        let open = ("200 -".to_owned(), "200 -".to_owned());
        assert_eq!(at("2026-04-02T08:00:00Z").await, closed, "17:00 in Japan");
        assert_eq!(at("2026-04-02T23:29:00Z").await, closed, "08:29");
        assert_eq!(at("2026-04-02T23:30:00Z").await, open, "08:30");
        assert_eq!(at("2026-04-04T03:00:00Z").await, closed, "a Saturday");
    }
);

on_both_databases!(
    /// the file of a document is given out where the rule names it, as it was handed in, within the period, and every look is logged;
    /// no other file ever leaves.
    r47_a_named_file_is_given_out_within_the_period_and_every_look_is_logged,
    async |db: TestDb| {
        let app = app_with(&db, "arrival", "always", "  files: [plan]\n  open_days: 3\n").await;
        let business = app.register("business@example.jp", "business").await;
        let id = submitted(&app, &business).await;
        let shown = look(&app, "test-corrections", &format!("/{id}")).await.expect(200);
        let plan = data_encoding::BASE64.decode(b"JVBERi0xLjQKJSVFT0YK").unwrap();
        assert_eq!(
            shown["documents"],
            json!([{ "code": "plan", "title": "Plan", "file": { "media_type": "application/pdf", "size": plan.len() } }])
        );
        let file = format!("/v1/tenants/020001/procedures/test-corrections/public-inspection/{id}/files");
        let logged = "(SELECT COUNT(*) FROM access_log WHERE actor_id = 'public' AND operation = 'public_file')";
        let answer = app.raw(Method::GET, &format!("{file}/plan")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((header("content-type"), header("content-disposition")), ("application/pdf".to_owned(), "attachment; filename=\"plan.pdf\"".to_owned()));
        assert_eq!(answer.bytes().await.unwrap().to_vec(), plan, "as it was handed in");
        assert_eq!(db.count(logged).await, 1);
        for other in ["photo", "letter", "plan.pdf", "..%2Fplan"] {
            let refused = app.call(Method::GET, &format!("{file}/{other}"), None, &[], None).await;
            assert_eq!(refused.problem(), "404 not_found", "{other}");
        }
        assert_eq!(db.count(logged).await, 1, "what is not shown is no look");
        // The third day after the first of April is a Saturday: the last day is Monday the sixth; then nothing of it is seen
        // any more.
        let plan = format!("{file}/plan");
        app.advance(jiff::SignedDuration::from_hours(5 * 24)).await;
        assert_eq!(look(&app, "test-corrections", &format!("/{id}/files/plan")).await.status, 200);
        app.advance(jiff::SignedDuration::from_hours(24)).await;
        let over = app.call(Method::GET, &plan, None, &[], None).await;
        assert_eq!(over.problem(), "404 not_found");
        assert_eq!(look(&app, "test-corrections", &format!("/{id}")).await.problem(), "404 not_found");
        assert_eq!(ids(&look(&app, "test-corrections", "").await.expect(200)), Vec::<&str>::new());
    }
);

/// 建設業許可 is the shipped case: open by law from the grant, the personal items masked.
#[test]
fn r47_the_shipped_construction_permit_is_open_and_masks_personal_items() {
    let catalogue = crate::support::catalogue::shipped();
    let open: Vec<_> =
        catalogue.all_versions().filter(|version| version.definition.public_inspection.is_some()).collect();
    assert_eq!(
        open.iter().map(|version| version.definition.id.as_str()).collect::<Vec<_>>(),
        ["kensetsu-kyoka", "kensetsu-kyoka"]
    );
    let mut given = Vec::new();
    for version in &open {
        let (definition, rule) =
            (&version.definition, version.definition.public_inspection.as_ref().unwrap());
        assert_eq!(rule.basis, "建設業法第13条");
        for masked in
            ["phone", "email", "address", "manager", "engineer", "tax_consent", "pledge", "permit_number"]
        {
            assert!(
                definition.field(masked).is_some() && !rule.fields.iter().any(|name| name == masked),
                "{masked}"
            );
        }
        let files = rule.files.iter().map(|code| definition.attachment(code).unwrap().personal_data);
        given.push((definition.version, files.collect::<Vec<_>>()));
    }
    let expected = [(1, vec![]), (2, vec![false])];
    assert_eq!(given, expected, "only what is without personal data is given out, and from version 2 on");
}
