//! Transfer to the archive (移管): everything is exported and handed over before anything goes.

use jiff::SignedDuration;
use madoguchi::domain::records::{bundle_hash, manifest_hash};
use madoguchi::service::incoming;
use reqwest::Method;
use serde_json::{Value, json};

use super::archive::Archive;
use crate::support::core::core_over;
use crate::support::db::TestDb;

/// The bytes of an export.
pub async fn exported(archive: &Archive, measure: &Value, case: &str) -> (u16, String) {
    let path = format!("{}/bundles/{case}", Archive::measure(measure));
    let answer = archive.app.raw(Method::GET, &path).bearer_auth(&archive.chief.token).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The hash that the archive computes from what it has.
async fn hash_of(archive: &Archive, measure: &Value, cases: &[&str]) -> String {
    let mut hashes = Vec::new();
    for case in cases {
        let (status, text) = exported(archive, measure, case).await;
        assert_eq!(status, 200, "{text}");
        hashes.push((case.parse().unwrap(), bundle_hash(&text)));
    }
    manifest_hash(hashes.iter().map(|(case, hash)| (*case, hash.as_str())))
}

async fn hand_over(archive: &Archive, measure: &Value, hash: &str) -> crate::support::app::Answer {
    let body = json!({ "bundles_sha256": hash, "receipt": "公文書センター受領第1号" });
    archive.app.post(&archive.chief, &format!("{}/hand-over", Archive::measure(measure)), body).await
}

on_both_databases!(
    r124_a_transfer_is_exported_byte_by_byte_the_same_and_handed_over_before_anything_goes,
    async |db: TestDb| {
        let mut archive = Archive::open(&db).await;
        let (case, other) = (
            archive.withdrawn("denki-koji-torokusho").await,
            archive.withdrawn("denki-koji-torokusho").await,
        );
        archive.file().await;
        let file = archive.file_of(&case).await;
        archive.years_later(6).await;
        let proposed = archive.propose(&file, "transfer").await.expect(201);
        assert_eq!(hand_over(&archive, &proposed, "00").await.problem(), "409 wrong_state");
        archive.decide(&archive.chief, &proposed, "approve").await.expect(200);
        for _ in 0..2 {
            archive.app.drain().await;
        }
        let standing = archive.standing(&proposed).await;
        assert_eq!(standing["state"], "exported", "nothing goes yet");
        let listed = archive
            .app
            .get(&archive.clerk, &format!("{}/bundles", Archive::measure(&proposed)))
            .await
            .expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);

        let (_, text) = exported(&archive, &proposed, &case).await;
        assert_eq!(exported(&archive, &proposed, &case).await.1, text, "the same bytes again");
        let bundle: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&bundle["application"], &bundle["state"], &bundle["tenant"]),
            (&json!(case), &json!("withdrawn"), &json!("020001"))
        );
        let incoming = bundle["incoming"]["number"].as_str().unwrap();
        assert!(incoming.starts_with("消保収第"), "R-122: {incoming}");
        assert_eq!(bundle["incoming"]["on"], "2026-04-01");
        assert_eq!(bundle["parties"][0]["party"]["email"], "business@example.jp", "in clear");
        assert!(bundle["form"].is_object() && !bundle["events"].as_array().unwrap().is_empty());
        let document = &bundle["attachments"][0];
        assert!(
            !document["content_base64"].as_str().unwrap().is_empty() && document["file"].is_object(),
            "{document}"
        );
        let clerk =
            archive.app.get(&archive.clerk, &format!("{}/bundles/{case}", Archive::measure(&proposed))).await;
        assert_eq!(clerk.problem(), "403 forbidden");
        assert!(
            db.count("(SELECT COUNT(*) FROM access_log WHERE operation = 'record_bundle')").await > 0,
            "reading is logged"
        );

        let hash = hash_of(&archive, &proposed, &[&case, &other]).await;
        assert_eq!(standing["bundles_sha256"], hash);
        assert_eq!(
            hand_over(&archive, &proposed, &bundle_hash("other")).await.problem(),
            "409 bundles_differ"
        );
        hand_over(&archive, &proposed, &hash).await.expect(200);
        for _ in 0..2 {
            archive.app.drain().await;
        }
        let done = archive.standing(&proposed).await;
        assert_eq!((&done["state"], &done["receipt"]), (&json!("done"), &json!("公文書センター受領第1号")));
        let path = format!("/v1/tenants/020001/applications/{case}");
        assert_eq!(archive.app.get(&archive.clerk, &path).await.problem(), "404 not_found");
        assert_eq!(exported(&archive, &proposed, &case).await.0, 404, "it is the archive's now");
        assert_eq!(db.count("(SELECT COUNT(*) FROM record_files WHERE state = 'transferred')").await, 1);
    }
);

on_both_databases!(
    /// Something is written into a case between the hand-over and the clock: the archive gets it anew before it goes.
    r124_a_case_that_changed_after_its_export_is_exported_anew_before_it_goes,
    async |db: TestDb| {
        let mut archive = Archive::open(&db).await;
        let (case, other) = (archive.withdrawn("denki-koji-torokusho").await, archive.withdrawn("denki-koji-torokusho").await);
        archive.file().await;
        let file = archive.file_of(&case).await;
        archive.years_later(6).await;
        let proposed = archive.propose(&file, "transfer").await.expect(201);
        archive.decide(&archive.chief, &proposed, "approve").await.expect(200);
        archive.app.drain().await;
        let first = hash_of(&archive, &proposed, &[&case, &other]).await;
        hand_over(&archive, &proposed, &first).await.expect(200);
        let hold = archive.hold(&case, "audit", "監査").await;
        archive.release(&hold).await;
        archive.app.drain().await;
        archive.app.drain().await;
        let again = archive.standing(&proposed).await;
        assert_eq!(again["state"], "exported");
        assert_ne!(again["bundles_sha256"], first, "the archive has an older state of it");
        assert_eq!(archive.app.get(&archive.clerk, &format!("/v1/tenants/020001/applications/{case}")).await.status, 200);
        assert_eq!(hand_over(&archive, &again, &first).await.problem(), "409 bundles_differ");
        // What had not changed went with the first hand-over.
        let listed = archive.app.get(&archive.clerk, &format!("{}/bundles", Archive::measure(&proposed))).await.expect(200);
        let hashes: Vec<(_, String)> = listed["items"].as_array().unwrap().iter().map(|one| (one["application"].as_str().unwrap().parse().unwrap(), one["sha256"].as_str().unwrap().to_owned())).collect();
        let second = manifest_hash(hashes.iter().map(|(case, hash)| (*case, hash.as_str())));
        assert_eq!(again["bundles_sha256"], second);
        let (_, text) = exported(&archive, &proposed, &case).await;
        assert!(hashes.iter().any(|(_, hash)| *hash == bundle_hash(&text)), "the export says what was written");
        hand_over(&archive, &proposed, &second).await.expect(200);
        archive.app.drain().await;
        assert_eq!(archive.standing(&proposed).await["state"], "done");
        assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'records_erased')").await, 2);
    }
);

/// Two cases that were exported while no rule numbered what came in.
async fn exported_without_numbers(db: &TestDb) -> (Archive, Value, [String; 2]) {
    let mut archive = Archive::open_without_incoming_numbers(db).await;
    let one = archive.withdrawn("denki-koji-torokusho").await;
    let other = archive.withdrawn("denki-koji-torokusho").await;
    archive.file().await;
    let file = archive.file_of(&one).await;
    archive.years_later(6).await;
    let proposed = archive.propose(&file, "transfer").await.expect(201);
    archive.decide(&archive.chief, &proposed, "approve").await.expect(200);
    archive.app.drain().await;
    assert_eq!(archive.standing(&proposed).await["state"], "exported");
    (archive, proposed, [one, other])
}

/// The rule for what came in comes after all, on a node that is started with it; gives how many cases it numbers.
async fn number(db: &TestDb) -> u64 {
    let node = core_over(db.another_node(|_| {}), db.clock.clone(), |_| {});
    incoming::number(&node, &Archive::tenant()).await.unwrap()
}

/// The numbers of what came in that the archive gets, sorted.
async fn numbers(archive: &Archive, measure: &Value, cases: &[String; 2]) -> Vec<Value> {
    let mut numbers = Vec::new();
    for case in cases {
        let bundle: Value = serde_json::from_str(&exported(archive, measure, case).await.1).unwrap();
        numbers.push(bundle["incoming"]["number"].clone());
    }
    numbers.sort_by_key(ToString::to_string);
    numbers
}

on_both_databases!(
    /// what was exported before its number came does not go with the hand-over of that export; the archive gets the number,
    /// which is given once.
    r122_a_number_that_comes_after_the_export_goes_to_the_archive_before_anything_is_erased,
    async |db: TestDb| {
        let (archive, measure, cases) = exported_without_numbers(&db).await;
        let both = [cases[0].as_str(), cases[1].as_str()];
        assert_eq!(numbers(&archive, &measure, &cases).await, [Value::Null, Value::Null]);
        let first = hash_of(&archive, &measure, &both).await;
        assert_eq!(number(&db).await, 2);
        assert_eq!(exported(&archive, &measure, &cases[0]).await.0, 409, "it is no more what was exported");
        hand_over(&archive, &measure, &first).await.expect(200);
        archive.app.drain().await;
        archive.app.drain().await;
        let again = archive.standing(&measure).await;
        assert_eq!(again["state"], "exported", "nothing went with the old export");
        assert_eq!(numbers(&archive, &measure, &cases).await, ["消保収第1号", "消保収第2号"]);
        let second = hash_of(&archive, &measure, &both).await;
        assert_eq!((again["bundles_sha256"] == second, first == second), (true, false));
        hand_over(&archive, &measure, &second).await.expect(200);
        archive.app.drain().await;
        assert_eq!(archive.standing(&measure).await["state"], "done");
        assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'records_erased')").await, 2);
        assert_eq!((number(&db).await, db.count("(SELECT COUNT(*) FROM incoming_documents)").await), (0, 2));
    }
);

on_both_databases!(
    /// an export that has become old is made anew by the clock, so that the archive can fetch it before anything is handed over.
    r124_what_changed_before_the_hand_over_is_exported_anew_by_the_daily_look,
    async |db: TestDb| {
        let (mut archive, measure, cases) = exported_without_numbers(&db).await;
        let both = [cases[0].as_str(), cases[1].as_str()];
        let first = hash_of(&archive, &measure, &both).await;
        number(&db).await;
        archive.app.advance(SignedDuration::from_hours(25)).await;
        archive.sign_in().await;
        archive.app.drain().await;
        archive.app.drain().await;
        let again = archive.standing(&measure).await;
        let second = hash_of(&archive, &measure, &both).await;
        assert_eq!((&again["state"], &again["bundles_sha256"]), (&json!("exported"), &json!(second)));
        assert_eq!(hand_over(&archive, &measure, &first).await.problem(), "409 bundles_differ");
        hand_over(&archive, &measure, &second).await.expect(200);
        archive.app.drain().await;
        assert_eq!(archive.standing(&measure).await["state"], "done");
    }
);

on_both_databases!(
    /// of what has gone to the archive without a number nothing more is said here.
    r122_what_has_gone_to_the_archive_gets_no_number_any_more,
    async |db: TestDb| {
        let (archive, measure, cases) = exported_without_numbers(&db).await;
        let hash = hash_of(&archive, &measure, &[&cases[0], &cases[1]]).await;
        hand_over(&archive, &measure, &hash).await.expect(200);
        archive.app.drain().await;
        assert_eq!(archive.standing(&measure).await["state"], "done");
        assert_eq!((number(&db).await, db.count("(SELECT COUNT(*) FROM incoming_documents)").await), (0, 0));
    }
);
