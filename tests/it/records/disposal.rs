//! Disposal (廃棄): only after expiry, by two people, case by case; what was recorded stays verifiable.

use madoguchi::domain::id::ApplicationId;
use madoguchi::service::records::carry_out;
use madoguchi::service::{JobEnd, audit, fee_replay};
use madoguchi::store::{Root, StoreError, attachments};
use reqwest::Method;
use serde_json::{Value, json};

use super::archive::{Archive, FILES, codes};
use crate::issued_documents::{checked, page};
use crate::store::hold;
use crate::support::app::new_key;
use crate::support::db::{TestDb, execute};
use crate::support::repeat::everything_again;

/// How many documents of a case can still be read from the store of files.
async fn documents(archive: &Archive, case: &str) -> usize {
    let (tenant, id): (_, ApplicationId) = (Archive::tenant(), case.parse().unwrap());
    let rows = archive.app.core.db.read(move |tx| attachments::ever_of_case(tx, &tenant, id)).await;
    let mut found = 0;
    for row in Result::<_, StoreError>::unwrap(rows) {
        found += usize::from(archive.app.core.files.get(row.object_key.parse().unwrap()).await.is_ok());
    }
    found
}

async fn broken(archive: &Archive) -> usize {
    audit::verify(&archive.app.core, &Archive::tenant(), &[]).await.unwrap().broken.len()
}

on_both_databases!(
    /// Before its last day nothing can be proposed, undecided never goes by itself, and whoever proposes does not approve.
    r124_a_file_goes_only_after_its_last_day_and_by_two_people,
    async |db: TestDb| {
        let mut archive = Archive::open(&db).await;
        let case = archive.withdrawn("denki-koji-torokusho").await;
        archive.file().await;
        let file = archive.file_of(&case).await;
        assert_eq!(archive.propose(&file, "dispose").await.problem(), "409 retention_not_over");
        // Kept for five years from April 2027: the last day is 2032-03-31.
        archive.years_later(6).await;
        archive.app.drain().await;
        archive.sign_in().await;
        let listed = archive.public(&format!("{FILES}?state=expired")).await.expect(200);
        assert_eq!(listed["items"][0]["expires_on"], "2032-03-31", "{listed}");
        assert_eq!(db.count("(SELECT COUNT(*) FROM record_cases WHERE erased_at IS NOT NULL)").await, 0);
        assert_eq!(db.count("(SELECT COUNT(*) FROM record_measures)").await, 0, "the clock proposes nothing");

        let (measures, wanted) =
            (format!("{file}/measures"), json!({ "measure": "dispose", "reason": "満了" }));
        let proposed = archive.app.post(&archive.chief, &measures, wanted).await.expect(201);
        assert_eq!(archive.propose(&file, "transfer").await.problem(), "409 measure_open");
        assert_eq!(archive.decide(&archive.chief, &proposed, "approve").await.problem(), "403 own_proposal");
        assert_eq!(archive.decide(&archive.clerk, &proposed, "approve").await.problem(), "403 forbidden");
        archive.app.drain().await;
        assert_eq!(archive.standing(&proposed).await["state"], "proposed");
        assert!(documents(&archive, &case).await > 0);

        let other = archive.app.officer("020001", "kiki-shobo-hoan", madoguchi::domain::policy::Role::SectionChief, "other@example.jp").await;
        archive.decide(&other, &proposed, "reject").await.expect(200);
        assert_eq!(archive.decide(&other, &proposed, "approve").await.problem(), "409 wrong_state");
        archive.app.drain().await;
        assert_eq!(archive.app.get(&archive.clerk, &format!("/v1/tenants/020001/applications/{case}")).await.status, 200);
    }
);

on_both_databases!(
    /// The key goes, and with it everything personal; chain, ledger, numbers and fees still stand, and twice is once.
    r124_a_disposed_case_is_gone_for_everybody_and_everything_recorded_is_still_verifiable,
    async |db: TestDb| {
        let mut archive = Archive::open(&db).await;
        let (case, other) = (archive.withdrawn("denki-koji-torokusho").await, archive.withdrawn("denki-koji-torokusho").await);
        archive.file().await;
        let file = archive.file_of(&case).await;
        assert!(documents(&archive, &case).await > 0);
        // Of another procedure, which is kept for ten years: it is in another file and stays.
        let kept = archive.withdrawn("denki-koji-toroku").await;
        archive.years_later(6).await;

        let (key, body) = (new_key(), json!({ "measure": "dispose", "reason": "保存期間の満了" }));
        let headers = [("idempotency-key", key.as_str())];
        let mut proposed = Value::Null;
        for _ in 0..2 {
            let path = format!("{file}/measures");
            let answer = archive.app.call(Method::POST, &path, Some(&archive.clerk), &headers, Some(body.clone())).await;
            proposed = answer.expect(201);
        }
        archive.decide(&archive.chief, &proposed, "approve").await.expect(200);
        everything_again(&db.db, async || {
            archive.app.drain().await;
        })
        .await;

        assert_eq!(archive.standing(&proposed).await["state"], "done");
        let listed = archive.public(&format!("{FILES}?state=disposed")).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "the register still says what there was: {listed}");
        for gone in [&case, &other] {
            let path = format!("/v1/tenants/020001/applications/{gone}");
            for who in [&archive.clerk, &archive.chief, &archive.business] {
                for of in ["", "/timeline", "/record-holds", "/documents"] {
                    assert_eq!(archive.app.get(who, &format!("{path}{of}")).await.problem(), "404 not_found", "{of}");
                }
            }
            assert_eq!(documents(&archive, gone).await, 0);
        }
        let mine = archive.app.get(&archive.business, "/v1/me/applications").await.expect(200);
        let mine: Vec<_> = mine["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(mine, [kept.as_str()], "lists go on without what is gone");
        assert!(archive.app.get(&archive.business, "/v1/me/invoices").await.status.is_success());
        let cases = archive.app.get(&archive.clerk, &format!("{file}/cases")).await.expect(200);
        let said: Vec<_> = cases["items"].as_array().unwrap().iter().map(|one| (one["erased_at"].is_string(), one["files_removed_at"].is_string())).collect();
        assert_eq!(said, [(true, true), (true, true)]);

        assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'records_erased')").await, 2, "once each");
        assert_eq!(db.count("(SELECT COUNT(*) FROM parties p JOIN record_cases r ON r.application_id = p.application_id WHERE r.erased_at IS NOT NULL AND p.account_id IS NOT NULL)").await, 0);
        assert_eq!(db.count("(SELECT COUNT(*) FROM applications WHERE length(wrapped_key) = 0)").await, 2);
        assert_eq!(broken(&archive).await, 0, "every chain still fits");
        let replayed = fee_replay::replay(&archive.app.core).await.unwrap();
        assert_eq!((replayed.erased, replayed.findings.len()), (2, 0));
        assert_eq!(archive.propose(&file, "dispose").await.problem(), "409 records_gone");
    }
);

on_both_databases!(
    /// Every reason of every case is named; what comes up after the approval holds its case back and nothing else.
    r125_what_stands_in_the_way_of_one_case_is_named_and_holds_its_records_back,
    async |db: TestDb| {
        let mut archive = Archive::open(&db).await;
        let (case, other) = (archive.withdrawn("denki-koji-torokusho").await, archive.withdrawn("denki-koji-torokusho").await);
        archive.file().await;
        let file = archive.file_of(&case).await;
        archive.years_later(6).await;
        let mut holds = Vec::new();
        for ground in ["appeal", "litigation", "disclosure", "audit"] {
            holds.push(archive.hold(&case, ground, "係属中").await);
        }
        let refused = archive.propose(&file, "dispose").await;
        assert_eq!(refused.problem(), "409 disposal_blocked");
        assert_eq!(codes(&refused.body), ["held_for_appeal", "held_for_audit", "held_for_disclosure", "held_for_litigation"]);
        assert_eq!(refused.body["errors"][0]["pointer"], format!("/cases/{case}"));
        for hold in &holds {
            archive.release(hold).await;
        }
        let proposed = archive.propose(&file, "dispose").await.expect(201);
        let hold = archive.hold(&case, "disclosure", "情報公開請求").await;
        assert_eq!(archive.decide(&archive.chief, &proposed, "approve").await.problem(), "409 disposal_blocked");
        archive.release(&hold).await;
        archive.decide(&archive.chief, &proposed, "approve").await.expect(200);

        // The request comes between approval and clock.
        let hold = archive.hold(&case, "disclosure", "情報公開請求").await;
        archive.app.drain().await;
        assert_eq!(archive.standing(&proposed).await["state"], "approved");
        let path = |id: &str| format!("/v1/tenants/020001/applications/{id}");
        assert_eq!(archive.app.get(&archive.clerk, &path(&case)).await.status, 200, "it stays readable");
        assert_eq!(archive.app.get(&archive.clerk, &path(&other)).await.problem(), "404 not_found");
        assert!(documents(&archive, &case).await > 0);

        archive.release(&hold).await;
        archive.app.advance(jiff::SignedDuration::from_hours(25)).await;
        archive.app.drain().await;
        archive.sign_in().await;
        assert_eq!(archive.standing(&proposed).await["state"], "done");
        assert_eq!(archive.app.get(&archive.clerk, &path(&case)).await.problem(), "404 not_found");
        assert_eq!(broken(&archive).await, 0);
    }
);

on_both_databases!(
    /// a hold on the whole file bars every case of it, also after the approval and also those that come into it later; who placed
    /// and released it, when and why, stays.
    r125_a_hold_on_a_record_file_bars_every_case_in_it_until_it_is_released,
    async |db: TestDb| {
        let mut archive = Archive::open(&db).await;
        let (case, other) = (archive.withdrawn("denki-koji-torokusho").await, archive.withdrawn("denki-koji-torokusho").await);
        archive.file().await;
        let file = archive.file_of(&case).await;
        archive.years_later(6).await;
        let holds = format!("{file}/holds");
        let today = madoguchi::domain::calendar::jst_day(madoguchi::clock::Clock::now(archive.app.clock.as_ref()));
        let wanted = |ground: &str, note: &str| json!({ "ground": ground, "from_on": today.to_string(), "note": note });
        let refused = archive.app.post(&archive.clerk, &holds, wanted("claim", "番号 1234 5678 9018")).await;
        assert_eq!(codes(&refused.body), ["individual_number"], "R-154: a file has no key of its own");
        let claim = archive.app.post(&archive.clerk, &holds, wanted("claim", "令和8年度未収金の督促")).await.expect(201);
        assert_eq!((&claim["stands"], &claim["placed_by"]), (&json!(true), &json!(archive.clerk.id)));
        for held in [&case, &other] {
            assert_eq!(archive.blocks(held).await, ["held_for_claim"]);
        }
        let refused = archive.propose(&file, "dispose").await;
        assert_eq!(refused.problem(), "409 disposal_blocked");
        assert_eq!(codes(&refused.body), ["held_for_claim", "held_for_claim"], "of every case");
        let release = |hold: &Value| format!("/v1/tenants/020001/record-file-holds/{}/release", hold["id"].as_str().unwrap());
        let why = json!({ "reason": "収入済み" });
        let released = archive.app.post(&archive.chief, &release(&claim), why.clone()).await.expect(200);
        assert_eq!((&released["stands"], &released["release_reason"], &released["released_by"]), (&json!(false), &json!("収入済み"), &json!(archive.chief.id)));
        assert_eq!(archive.app.post(&archive.clerk, &release(&claim), why.clone()).await.problem(), "409 hold_released");

        let proposed = archive.propose(&file, "dispose").await.expect(201);
        archive.decide(&archive.chief, &proposed, "approve").await.expect(200);
        // The suit comes between approval and clock, and after the claim.
        archive.app.advance(jiff::SignedDuration::from_secs(1)).await;
        let suit = archive.app.post(&archive.clerk, &holds, wanted("litigation", "令和14年（行ウ）第1号")).await.expect(201);
        archive.app.drain().await;
        assert_eq!(archive.standing(&proposed).await["state"], "approved");
        assert_eq!(db.count("(SELECT COUNT(*) FROM record_cases WHERE erased_at IS NOT NULL)").await, 0);
        archive.app.post(&archive.clerk, &release(&suit), why).await.expect(200);
        archive.app.advance(jiff::SignedDuration::from_hours(25)).await;
        archive.app.drain().await;
        archive.sign_in().await;
        assert_eq!(archive.standing(&proposed).await["state"], "done");
        assert_eq!(db.count("(SELECT COUNT(*) FROM record_cases WHERE erased_at IS NOT NULL)").await, 2);
        let late = archive.app.post(&archive.clerk, &holds, wanted("audit", "定期監査")).await;
        assert_eq!(late.problem(), "409 records_gone", "there is nothing left to hold");
        let listed = archive.app.get(&archive.clerk, &holds).await.expect(200);
        let grounds: Vec<_> = listed["items"].as_array().unwrap().iter().map(|hold| hold["ground"].as_str().unwrap()).collect();
        assert_eq!(grounds, ["claim", "litigation"]);
        let (url, rewrite) = (db.settings.url.clone(), "UPDATE record_file_holds SET ground = 'audit'");
        assert!(std::panic::catch_unwind(move || crate::support::db::execute(&url, rewrite)).is_err());
    }
);

on_both_databases!(
    /// whoever files and whoever finishes a measure wait for each other, so nothing comes into a file that is just being
    /// finished.
    r124_filing_into_a_file_and_finishing_it_wait_for_each_other,
    async |db: TestDb| {
        let mut archive = Archive::open(&db).await;
        let first = archive.withdrawn("denki-koji-torokusho").await;
        archive.file().await;
        let file = archive.file_of(&first).await;
        let root = Root::record_file(file.rsplit('/').next().unwrap().parse().unwrap());
        archive.withdrawn("denki-koji-torokusho").await;
        let (filed, open) = (
            "(SELECT COUNT(*) FROM record_cases)",
            "(SELECT COUNT(*) FROM record_measures WHERE state = 'approved')",
        );
        // What stands after a while in which somebody else is at the file.
        let meanwhile = async |count: &'static str, release: std::sync::mpsc::Sender<()>| {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            let stands = db.count(count).await;
            release.send(()).unwrap();
            stands
        };
        let (release, holder) = hold(&archive.app.core.db, root).await;
        let ((), stood) = tokio::join!(archive.file(), meanwhile(filed, release));
        holder.await.unwrap();
        assert_eq!((stood, db.count(filed).await), (1, 2));

        archive.years_later(6).await;
        let proposed = archive.propose(&file, "dispose").await.expect(201);
        archive.decide(&archive.chief, &proposed, "approve").await.expect(200);
        archive.app.drain().await;
        assert_eq!(archive.standing(&proposed).await["state"], "done");
        // As if it had stopped before its last step.
        execute(&db.settings.url, "UPDATE record_measures SET state = 'approved'");
        let (release, holder) = hold(&archive.app.core.db, root).await;
        let id = proposed["id"].as_str().unwrap().parse().unwrap();
        let run = carry_out::run(&archive.app.core, Archive::tenant(), id);
        let (ended, stood) = tokio::join!(run, meanwhile(open, release));
        holder.await.unwrap();
        assert_eq!((ended.unwrap(), stood, db.count(open).await), (JobEnd::Done, 1, 0));
    }
);

on_both_databases!(
    /// a paper outlives the records of its case. It stays ours, and the check says that nothing more can be told of it.
    r124_a_paper_of_a_disposed_case_stays_authentic,
    async |db: TestDb| {
        let mut archive = Archive::open(&db).await;
        let case = archive.withdrawn("denki-koji-torokusho").await;
        let path = format!("/v1/tenants/020001/applications/{case}");
        let (_, paper) = page(&archive.app, &archive.business, &path, "application_copy").await;
        assert_eq!(checked(&archive.app, &paper).await.1["status"], "current");
        archive.file().await;
        let file = archive.file_of(&case).await;
        archive.years_later(6).await;
        let proposed = archive.propose(&file, "dispose").await.expect(201);
        archive.decide(&archive.chief, &proposed, "approve").await.expect(200);
        for _ in 0..2 {
            archive.app.drain().await;
        }
        assert_eq!(db.count("(SELECT COUNT(*) FROM applications WHERE length(wrapped_key) = 0)").await, 1);
        let (status, found) = checked(&archive.app, &paper).await;
        assert_eq!((status, &found["authentic"], &found["status"]), (200, &json!(true), &json!("records_gone")), "{found}");
        let forged = paper.replacen(&paper[60..64], "AAAA", 1);
        assert_eq!(checked(&archive.app, &forged).await.0, 404);
    }
);
