//! Who may do what about a contract, what is claimed with it, when none is offered, and what stands in the tables.

use diesel::prelude::*;
use diesel::sql_types::Text;
use madoguchi::service::contract::lapse_all;
use madoguchi::store::DatabaseUrl;

use super::*;
use crate::policy_coverage::world::paper_draft;
use crate::support::app::Person;

impl Desk {
    /// A grant that was sent in on paper and entered by the clerk, ready to be decided; gives its path.
    async fn on_paper(&self) -> String {
        let (app, clerk) = (&self.counter.app, &self.counter.clerk);
        let mut body = paper_draft();
        body["procedure"] = json!(ON_ISSUE);
        body["form"] = app.example(AOMORI, ON_ISSUE).await["form"].clone();
        let begin = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/applications");
        let draft = app.post(clerk, &begin, body).await.expect(201);
        let case = format!("/v1/tenants/{AOMORI}/applications/{}", draft["id"].as_str().unwrap());
        app.post(clerk, &format!("{case}/submit"), json!({})).await.expect(200);
        app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        self.counter.propose(&case, "grant").await;
        case
    }

    async fn colleague(&self, role: Role, email: &str) -> Person {
        self.counter.app.officer(AOMORI, DEPARTMENT, role, email).await
    }

    /// What somebody's act on the contract of a case is answered with.
    async fn by(&self, who: &Person, case: &str, what: &str, body: Value) -> String {
        code(&self.counter.app.post(who, &format!("{case}/contract/{what}"), body).await)
    }
}

on_both_databases!(
    /// who granted it fixed the price, who concluded it had it claimed; neither records the money, a colleague does.
    r118_neither_who_granted_a_contract_nor_who_concluded_it_records_its_money,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let case = desk.offered().await;
        desk.sign(&case).await.expect(200);
        let second = desk.colleague(Role::SectionChief, "second@example.jp").await;
        assert_eq!(desk.by(&second, &case, "sign", json!({})).await, "offered");
        assert_eq!(code(&desk.confirm(&case).await), "concluded", "by the clerk, with the last act");
        let shown = desk.counter.app.get(&desk.counter.clerk, &case).await.expect(200);
        let invoice = shown["invoice"]["id"].as_str().unwrap();
        let path = format!("/v1/tenants/{AOMORI}/invoices/{invoice}/counter-payments");
        let entry = json!({ "means": "cash", "amount": 15_900, "received_on": "2026-04-01" });
        let colleague = desk.colleague(Role::Clerk, "colleague@example.jp").await;
        for who in [&desk.counter.clerk, &desk.counter.chief] {
            let refused = desk.counter.app.post(who, &path, entry.clone()).await;
            assert_eq!(refused.problem(), "403 own_assessment");
        }
        assert_eq!(desk.counter.app.post(&colleague, &path, entry).await.expect(201)["state"], "captured");
    }
);

on_both_databases!(
    /// Who applied on paper has no account to sign with: the contract is concluded outside, the price claimed with the grant.
    r103_a_case_on_paper_offers_no_electronic_contract_and_is_charged_with_the_grant,
    async |db: TestDb| {
        let ended = "valid_from: 2026-04-01\n    valid_to: 2026-04-02\n    source: 試験用";
        let mut desk =
            Desk::over(&db, |body| body.replace("valid_from: 2026-04-01\n    source: 試験用", ended)).await;
        desk.days_later(5).await;
        let case = desk.on_paper().await;
        assert_eq!(desk.counter.seal(&case).await, "decided", "nothing electronic is needed");
        let shown = desk.counter.app.get(&desk.counter.clerk, &case).await.expect(200);
        assert_eq!(shown["invoice"]["total"], 16_300);
        let none = desk.counter.app.get(&desk.counter.clerk, &format!("{case}/contract")).await;
        assert_eq!(none.problem(), "409 no_contract");
        assert_eq!(db.count("(SELECT COUNT(*) FROM contracts)").await, 0);
    }
);

on_both_databases!(
    /// Offered while the anchor was in force, signed when it is not: no signature is taken, and no further contract is offered.
    r103_an_anchor_that_ended_after_the_offer_takes_no_signature,
    async |db: TestDb| {
        let ended = "valid_from: 2026-04-01\n    valid_to: 2026-04-02\n    source: 試験用";
        let mut desk =
            Desk::over(&db, |body| body.replace("valid_from: 2026-04-01\n    source: 試験用", ended)).await;
        let case = desk.offered().await;
        desk.days_later(5).await;
        assert_eq!(code(&desk.sign(&case).await), "409 no_trust_anchor");
        let late = desk.counter.claimed(ON_ISSUE).await;
        desk.counter.propose(&late, "grant").await;
        assert_eq!(desk.counter.seal(&late).await, "409 contract_not_signable");
    }
);

on_both_databases!(
    /// Without a key of office of the authority the body could not sign either.
    r103_without_a_key_of_office_no_contract_is_offered,
    async |db: TestDb| {
        let (key, ended) =
            ("valid_from: 2024-04-01, source: 職責", "valid_from: 2024-04-01, valid_to: 2026-03-31, source: 職責");
        assert!(BODY.contains(key));
        let desk = Desk::over(&db, |body| body.replace(key, ended)).await;
        let case = desk.counter.claimed(ON_ISSUE).await;
        desk.counter.propose(&case, "grant").await;
        assert_eq!(desk.counter.seal(&case).await, "409 contract_not_signable");
        assert_eq!(db.count("(SELECT COUNT(*) FROM decisions)").await, 0);
    }
);

on_both_databases!(
    /// What both signed is what is claimed, and nothing is before the conclusion.
    r103_the_price_is_claimed_as_it_was_offered,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let case = desk.offered().await;
        assert!(desk.text(&case).await.contains("金15,900円"), "the text says what is to be paid");
        desk.sign(&case).await.expect(200);
        desk.seal(&case).await.expect(200);
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 0, "nothing is claimed before the conclusion");
        assert_eq!(code(&desk.confirm(&case).await), "concluded");
        let shown = desk.counter.app.get(&desk.counter.clerk, &case).await.expect(200);
        assert_eq!(shown["invoice"]["total"], 15_900);
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 1);
    }
);

on_both_databases!(
    /// the body is bound by who decides, from the section chief upwards; a seal below is not enough.
    r110_who_only_seals_neither_signs_for_the_body_nor_takes_the_offer_back,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let case = desk.offered().await;
        let reason = json!({ "reason": "都合" });
        for (role, email) in
            [(Role::GroupManager, "manager@example.jp"), (Role::DeputyChief, "deputy@example.jp")]
        {
            let who = desk.colleague(role, email).await;
            assert_eq!(desk.by(&who, &case, "sign", json!({})).await, "403 forbidden");
            assert_eq!(desk.by(&who, &case, "withdraw", reason.clone()).await, "403 forbidden");
        }
        let director = desk.colleague(Role::Director, "director@example.jp").await;
        assert_eq!(desk.by(&director, &case, "withdraw", reason).await, "withdrawn");
    }
);

on_both_databases!(
    /// who decides above the department signs and takes back as who decides in it; who sits anywhere else sees nothing.
    r110_who_decides_above_the_department_signs_for_the_body_and_takes_the_offer_back,
    async |db: TestDb| {
        let line = "approval_route:\n  - { role: section_chief }";
        let above = "  - { role: director, department: somu-jinji }\nstanding_decisions:\n  \
            - { closes_at: section_chief, basis: 試験用の専決規程, sample: true }";
        let longer = [line, above].join("\n");
        let desk = Desk::over_procedure(&db, |procedure| procedure.replace(line, &longer)).await;
        let (signed, withdrawn) = (desk.offered().await, desk.offered().await);
        let none = desk.counter.claimed(ON_ISSUE).await;
        let app = &desk.counter.app;
        let director = app.officer(AOMORI, "somu-jinji", Role::Director, "director@example.jp").await;
        let head = app.officer(AOMORI, AOMORI, Role::Head, "head@example.jp").await;
        for stranger in [
            app.officer(AOMORI, "somu-jinji", Role::SectionChief, "jinji@example.jp").await,
            app.officer(AOMORI, "kankyo-hozen", Role::Director, "kankyo@example.jp").await,
        ] {
            assert_eq!(app.get(&stranger, &format!("{signed}/contract")).await.problem(), "404 not_found");
            assert_eq!(desk.by(&stranger, &signed, "sign", json!({})).await, "404 not_found");
        }
        for who in [&director, &head] {
            let shown = app.get(who, &format!("{signed}/contract")).await.expect(200);
            assert_eq!(shown["state"], "offered");
            let empty = app.get(who, &format!("{none}/contract")).await;
            assert_eq!(empty.problem(), "404 not_found", "there is no contract to see");
            let attested = json!({ "note": "一致" });
            let confirm = desk.by(who, &signed, "counterpart-signature/confirm", attested).await;
            assert_eq!(confirm, "404 not_found", "the department looks at certificates");
        }
        desk.sign(&signed).await.expect(200);
        desk.confirm(&signed).await.expect(200);
        assert_eq!(desk.by(&director, &signed, "sign", json!({})).await, "concluded");
        assert_eq!(desk.by(&head, &withdrawn, "withdraw", json!({ "reason": "公用に供する" })).await, "withdrawn");
    }
);

/// The tasks about contracts that a department has, each with the day it names.
async fn tasks(desk: &Desk, state: &str) -> Vec<(String, Value)> {
    let path = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/tasks?state={state}");
    let page = desk.counter.app.get(&desk.counter.clerk, &path).await.expect(200);
    let items = page["items"].as_array().unwrap().iter();
    let ours = items.filter(|task| task["kind"] == "contract_to_conclude");
    ours.map(|task| (task["state"].as_str().unwrap().to_owned(), task["due_on"].clone())).collect()
}

/// How those that have ended did, by the alphabet: ids of one millisecond have no order.
async fn ended(desk: &Desk) -> Vec<String> {
    let mut states: Vec<_> = tasks(desk, "ended").await.into_iter().map(|(state, _)| state).collect();
    states.sort();
    states
}

fn words(of: &[&str]) -> Vec<String> {
    of.iter().map(|word| (*word).to_owned()).collect()
}

on_both_databases!(
    /// The signature of the other side is a task of the department until something comes of it; each signature has one of its own.
    r103_a_signature_that_waits_for_the_office_is_a_task_until_something_comes_of_it,
    async |db: TestDb| {
        let mut desk = Desk::open(&db).await;
        let case = desk.offered().await;
        assert!(tasks(&desk, "open").await.is_empty(), "an offer alone asks nothing of the office");
        desk.sign(&case).await.expect(200);
        let waits = [("open".to_owned(), json!("2026-04-15"))];
        assert_eq!(tasks(&desk, "open").await, waits);
        desk.reject(&case).await.expect(200);
        assert_eq!((tasks(&desk, "open").await.len(), ended(&desk).await), (0, words(&["not_needed"])));
        desk.sign(&case).await.expect(200);
        desk.confirm(&case).await.expect(200);
        assert_eq!(tasks(&desk, "open").await, waits, "the body has not signed");
        desk.seal(&case).await.expect(200);
        assert_eq!((tasks(&desk, "open").await.len(), ended(&desk).await), (0, words(&["answered", "not_needed"])));

        let (first, taken_back, lapsing) = (desk.offered().await, desk.offered().await, desk.offered().await);
        desk.seal(&first).await.expect(200);
        assert!(tasks(&desk, "open").await.is_empty(), "the body waits for the other side");
        desk.sign(&first).await.expect(200);
        assert_eq!(tasks(&desk, "open").await, waits);
        assert_eq!(code(&desk.confirm(&first).await), "concluded");
        for other in [&taken_back, &lapsing] {
            desk.sign(other).await.expect(200);
        }
        desk.withdraw(&taken_back).await.expect(200);
        assert_eq!(tasks(&desk, "open").await, waits);
        desk.days_later(15).await;
        assert_eq!(desk.contract(&lapsing).await["state"], "lapsed");
        assert!(tasks(&desk, "open").await.is_empty());
        assert_eq!(db.count("(SELECT COUNT(*) FROM case_tasks WHERE kind = 'contract_to_conclude')").await, 5);
    }
);

on_both_databases!(
    /// Whether the body contracts is private law: neither the grant nor the refusal of a lease tells how to appeal.
    r103_what_ends_in_a_contract_is_no_disposition_and_tells_of_no_appeal,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let granted = desk.offered().await;
        let refused = desk.counter.claimed(ON_ISSUE).await;
        desk.counter.propose(&refused, "refuse").await;
        let proposed = desk.counter.app.get(&desk.counter.chief, &format!("{refused}/proposal")).await.expect(200);
        assert_eq!(proposed["issue"]["instruction"], Value::Null);
        assert_eq!(desk.counter.seal(&refused).await, "decided");
        for case in [&granted, &refused] {
            let decision = desk.counter.app.get(&desk.counter.business, &format!("{case}/decision")).await.expect(200);
            assert!(decision["document_number"].is_string() && decision["instruction"].is_null(), "{decision}");
            let path = format!("{case}/documents/decision/page");
            let page = desk.counter.app.raw(Method::GET, &path).bearer_auth(&desk.counter.clerk.token);
            let page = page.send().await.unwrap().text().await.unwrap();
            assert!(page.contains("通知書") && !page.contains("教示") && !page.contains("審査請求"), "{page}");
        }
    }
);

on_both_databases!(
    /// one desk, one act. Who confirms the counterpart's certificate does not sign for the body, in either order.
    r119_one_officer_does_not_both_confirm_and_sign_for_the_body,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let (confirm, note) = ("counterpart-signature/confirm", json!({ "note": "一致" }));
        let chief = &desk.counter.chief;
        let case = desk.offered().await;
        desk.sign(&case).await.expect(200);
        assert_eq!(desk.by(chief, &case, confirm, note.clone()).await, "offered");
        assert_eq!(code(&desk.seal(&case).await), "403 own_contract_act");
        desk.is_not_concluded(&db, &case).await;
        let second = desk.colleague(Role::SectionChief, "second@example.jp").await;
        let other = desk.offered().await;
        desk.seal(&other).await.expect(200);
        desk.sign(&other).await.expect(200);
        assert_eq!(desk.by(chief, &other, confirm, note.clone()).await, "403 own_contract_act");
        desk.is_not_concluded(&db, &other).await;
        assert_eq!(desk.by(&second, &case, "sign", json!({})).await, "concluded");
        assert_eq!(desk.by(&second, &other, confirm, note).await, "concluded");
    }
);

on_both_databases!(
    /// One case that cannot be opened is told at the end of the run, and does not keep the offers behind it open.
    r103_an_offer_that_cannot_be_ended_holds_up_no_other,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        for _ in 0..3 {
            desk.offered().await;
        }
        let first = "(SELECT application_id FROM contracts WHERE id = (SELECT MIN(id) FROM contracts))";
        let key = "(SELECT statement_sha256 FROM contracts LIMIT 1)";
        execute(&db.settings.url, &format!("UPDATE applications SET wrapped_key = {key} WHERE id = {first}"));
        desk.counter.app.advance(SignedDuration::from_hours(24 * 15)).await;
        for _ in 0..2 {
            assert!(lapse_all(&desk.counter.app.core).await.is_err(), "the failure is told");
            assert_eq!(db.count("(SELECT COUNT(*) FROM contracts WHERE state = 'lapsed')").await, 2);
            assert_eq!(db.count("(SELECT COUNT(*) FROM contracts WHERE state = 'offered')").await, 1);
        }
    }
);

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    named: String,
}

/// Every column of a table that holds no bytes, as the migrated schema has it.
fn clear_columns(url: &DatabaseUrl, table: &str) -> Vec<String> {
    let rows: Vec<Named> = match url {
        DatabaseUrl::SqliteFile(path) => {
            let query =
                format!("SELECT name AS named FROM pragma_table_info('{table}') WHERE type <> 'BLOB'");
            let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            diesel::sql_query(query).load(&mut conn).unwrap()
        }
        DatabaseUrl::Postgres(url) => {
            let query = format!(
                "SELECT CAST(column_name AS TEXT) AS named FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}' AND data_type <> 'bytea'"
            );
            let mut conn = PgConnection::establish(url).unwrap();
            diesel::sql_query(query).load(&mut conn).unwrap()
        }
    };
    rows.into_iter().map(|row| row.named).collect()
}

/// The columns of a table in which that text stands in clear.
async fn where_it_stands(db: &TestDb, table: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for column in clear_columns(&db.settings.url, table) {
        let query =
            format!("(SELECT COUNT(*) FROM {table} WHERE CAST(\"{column}\" AS TEXT) LIKE '%{text}%')");
        if db.count(query.leak()).await > 0 {
            found.push(column);
        }
    }
    found
}

on_both_databases!(
    /// From the offer to the conclusion, a rejection and a withdrawal: no part of the party's name stands in any column in clear.
    r103_no_name_of_a_party_stands_in_the_tables_of_a_contract_in_clear,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let (case, other) = (desk.offered().await, desk.offered().await);
        desk.sign(&case).await.expect(200);
        desk.reject(&case).await.expect(200);
        desk.withdraw(&other).await.expect(200);
        for answer in [desk.sign(&case).await, desk.seal(&case).await, desk.confirm(&case).await] {
            answer.expect(200);
        }
        assert!(desk.text(&case).await.contains("工藤 太郎"), "the text itself names it");
        for (table, known, column) in [
            ("contracts", "青森県知事", "authority"),
            ("contract_acts", "signed_by_counterpart", "act"),
            ("events", "contract_concluded", "kind"),
            ("jobs", "notify_contract", "kind"),
        ] {
            assert_eq!(where_it_stands(&db, table, known).await, [column], "the search finds what is there");
        }
        for when in ["before its jobs", "after them"] {
            for table in ["contracts", "contract_acts", "events", "jobs"] {
                for part in ["工藤", "太郎"] {
                    let found = where_it_stands(&db, table, part).await;
                    assert_eq!(found, Vec::<String>::new(), "{part} in {table}, {when}");
                }
            }
            desk.counter.app.drain().await;
        }
    }
);
