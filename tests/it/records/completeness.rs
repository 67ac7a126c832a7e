//! Nothing of a case is lost when it is handed to the archive: whatever is sealed with its key is in the bundle in clear.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use jiff::Timestamp;
use madoguchi::domain::policy::Role;
use madoguchi::store::DatabaseUrl;
use madoguchi::store::sealed_texts::SEALED_TEXTS;
use serde_json::{Value, json};

use super::archive::Archive;
use super::transfer::exported;
use crate::policy_coverage::world::PROCEDURE;
use crate::support::app::AOMORI;
use crate::support::db::{Contents, TestDb};

/// Sealed columns that are not among the texts of a bundle, each with the reason.
const ELSEWHERE: [(&str, &str); 19] = [
    ("accounts.sealed_profile", "sealed with the account's key, which stays"),
    ("applications.sealed_form", "the bundle's `form`"),
    ("attachments.sealed_name", "the bundle's `attachments`"),
    ("attachments.sealed_sha256", "the digest of the sealed document, itself in clear"),
    ("bank_credits.sealed_details", "sealed with the statement's key, which goes with its own record file"),
    ("bank_statements.sealed_file", "sealed with a key of its own, which goes with its own record file"),
    ("corrections.sealed_items", "the bundle's `correspondence`"),
    ("decisions.sealed_body", "the bundle's `decisions`"),
    ("el_qr_files.sealed_file", "sealed with a key of its own, which goes with its own record file"),
    ("el_qr_uploads.sealed_file", "sealed with a key of its own, which goes with its own record file"),
    ("events.sealed_detail", "`detail` of the bundle's `events`"),
    ("form_revisions.sealed_form", "the bundle's `former_forms`"),
    ("gateway_notifications.sealed_body", "a technical message with a key of its own, which stays"),
    ("gateway_operations.sealed_request", "a technical message, no part of the administrative document"),
    ("messages.sealed_text", "the bundle's `correspondence`"),
    ("notes.sealed_text", "the bundle's `correspondence`"),
    ("parties.sealed_party", "the bundle's `parties`"),
    ("payouts.sealed_file", "sealed with a key of its own, which goes with its own record file"),
    ("settlement_sources.sealed_file", "sealed with a key of its own, which goes with its own record file"),
];

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    named: String,
}

/// Every column of the migrated schema whose name says that it is sealed.
fn sealed_columns() -> BTreeSet<String> {
    const QUERY: &str = "SELECT m.name || '.' || c.name AS named FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND substr(c.name, 1, 7) = 'sealed_'";
    let db = TestDb::sqlite(Contents::Migrated);
    let DatabaseUrl::SqliteFile(path) = &db.settings.url else { panic!("no file") };
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let rows: Vec<Named> = diesel::sql_query(QUERY).load(&mut conn).unwrap();
    rows.into_iter().map(|row| row.named).collect()
}

#[test]
fn r124_every_sealed_column_of_the_schema_is_in_the_bundle_or_says_why_not() {
    let listed: Vec<String> = SEALED_TEXTS.iter().map(|of| format!("{}.{}", of.table, of.column)).collect();
    let elsewhere = ELSEWHERE.iter().map(|(column, _)| *column);
    let told: Vec<String> = listed.into_iter().chain(elsewhere.map(ToOwned::to_owned)).collect();
    let once: BTreeSet<String> = told.iter().cloned().collect();
    assert_eq!(told.len(), once.len(), "each column once");
    let stored = sealed_columns();
    let missing: Vec<_> = stored.difference(&once).collect();
    assert!(missing.is_empty(), "lost when a case is handed over: {missing:?}");
    let gone: Vec<_> = once.difference(&stored).collect();
    assert!(gone.is_empty(), "no such column: {gone:?}");
}

/// Asks another office and the applicant's house, drafts, sends back and takes back; gives the case.
async fn busy_case(archive: &Archive) -> String {
    let (app, clerk) = (&archive.app, &archive.clerk);
    let submitted = app.submitted(&archive.business, AOMORI, PROCEDURE).await;
    let id = submitted["id"].as_str().unwrap().to_owned();
    let case = format!("/v1/tenants/020001/applications/{id}");
    app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);

    let other = app.officer(AOMORI, "kendo-doro", Role::Clerk, "doro@example.jp").await;
    let question =
        json!({ "department": "kendo-doro", "question": "道路管理上の支障の有無", "due_on": "2026-04-10" });
    let asked = app.post(clerk, &format!("{case}/opinions"), question).await.expect(201);
    let answer = json!({ "stance": "agree_with_conditions", "text": "側溝を付け替えること" });
    let opinion = format!("/v1/tenants/020001/opinions/{}/answer", asked["id"].as_str().unwrap());
    app.post(&other, &opinion, answer).await.expect(200);

    let plan = json!({ "planned_at": "2026-04-10T01:00:00Z", "place": "青森市長島一丁目1番1号",
        "purpose": "施設基準の確認", "officers": [clerk.id] });
    let planned = app.post(clerk, &format!("{case}/inspections"), plan).await.expect(201);
    let inspection = format!("/v1/tenants/020001/inspections/{}/reschedule", planned["id"].as_str().unwrap());
    let moved = json!({ "planned_at": "2026-04-12T01:00:00Z", "reason": "担当者の都合" });
    app.post(clerk, &inspection, moved).await.expect(200);

    let invoice = submitted["invoice"]["id"].as_str().unwrap();
    let wanted = json!({ "ground": "half", "statement": "災害により納付が困難" });
    let waivers = format!("/v1/tenants/020001/invoices/{invoice}/waivers");
    app.post(&archive.business, &waivers, wanted).await.expect(201);

    let version = app.get(clerk, &case).await.etag();
    let draft = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    app.post_if(clerk, &format!("{case}/proposal"), &version, draft).await.expect(201);
    let version = app.get(&archive.chief, &case).await.etag();
    let back = json!({ "to_step": 0, "comment": "図面を補記のこと" });
    app.post_if(&archive.chief, &format!("{case}/approval/return"), &version, back).await.expect(200);
    app.post(&archive.business, &format!("{case}/withdraw"), json!({})).await.expect(200);
    id
}

on_both_databases!(
    /// A case with a bit of everything: each text is in the bundle with its table and column, in the order of time.
    r124_what_was_written_in_approvals_opinions_inspections_waivers_and_holds_goes_to_the_archive_in_clear,
    async |db: TestDb| {
        let mut archive = Archive::open(&db).await;
        let case = busy_case(&archive).await;
        archive.file().await;
        let hold = archive.hold(&case, "audit", "監査委員の定期監査").await;
        archive.release(&hold).await;
        let file = archive.file_of(&case).await;
        archive.years_later(12).await;
        let proposed = archive.propose(&file, "transfer").await.expect(201);
        archive.decide(&archive.chief, &proposed, "approve").await.expect(200);
        for _ in 0..2 {
            archive.app.drain().await;
        }
        let (status, text) = exported(&archive, &proposed, &case).await;
        assert_eq!(status, 200, "{text}");
        let bundle: Value = serde_json::from_str(&text).unwrap();
        let texts = bundle["sealed_texts"].as_array().unwrap();
        for (table, column, says) in [
            ("approval_acts", "sealed_comment", "図面を補記のこと"),
            ("approval_steps", "sealed_comment", "図面を補記のこと"),
            ("inspection_acts", "sealed_reason", "担当者の都合"),
            ("inspections", "sealed_plan", "施設基準の確認"),
            ("invoices", "sealed_inputs", "{"),
            ("opinions", "sealed_answer", "側溝を付け替えること"),
            ("opinions", "sealed_question", "道路管理上の支障の有無"),
            ("proposals", "sealed_body", "grant"),
            ("record_hold_releases", "sealed_reason", "終結"),
            ("record_holds", "sealed_note", "監査委員の定期監査"),
            ("waivers", "sealed_statement", "災害により納付が困難"),
        ] {
            let found = texts.iter().find(|one| one["table"] == table && one["column"] == column);
            let found = found.unwrap_or_else(|| panic!("no {table}.{column} in {texts:#?}"));
            assert!(found["text"].to_string().contains(says), "{found}");
        }
        let at = |one: &Value| one["at"].as_str().map(|at| at.parse::<Timestamp>().unwrap());
        let instants: Vec<Option<Timestamp>> = texts.iter().map(at).collect();
        assert!(instants.is_sorted() && instants.last().unwrap().is_some(), "{instants:?}");
        let returned = bundle["events"].as_array().unwrap().iter().find(|event| event["kind"] == "returned");
        let returned = returned.unwrap();
        assert_eq!(returned["detail"], "図面を補記のこと");
        assert!(returned["sealed_detail"].is_string(), "the chain is verified over the ciphertext");
    }
);
