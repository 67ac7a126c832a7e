//! Drafts whose version ends: in the drain with the fee of the day, afterwards by moving to the present version.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use super::{Office, PROCEDURE, id, text};
use crate::policy_coverage::world::{DEPARTMENT, paper_draft};
use crate::support::app::{AOMORI, Person, new_key};
use crate::support::db::TestDb;
use reqwest::Method;

const CASES: &str = "/v1/tenants/020001/applications";
const CLOSE: &str = "/v1/tenants/020001/procedures/denki-koji-toroku/versions/1/close";

async fn close(office: &Office, path: &str, last_day: &str, drain_until: &str) {
    let dates = json!({ "last_day": last_day, "drain_until": drain_until });
    let closing = office.app.post(&office.first, path, dates).await.expect(201);
    assert_eq!((&closing["kind"], &closing["state"]), (&json!("closing"), &json!("proposed")));
    let own = office.act(&office.first, &id(&closing), "approve").await;
    assert_eq!(own.problem(), "403 own_proposal");
    office.act(&office.second, &id(&closing), "approve").await.expect(200);
}

async fn to_day(office: &mut Office, days: i64) -> Person {
    office.app.advance(SignedDuration::from_hours(24 * days)).await;
    office.sign_in_again().await;
    office.app.sign_in("business@example.jp", "").await
}

async fn submit(office: &Office, who: &Person, case: &str) -> crate::support::app::Answer {
    office.app.post(who, &format!("{CASES}/{case}/submit"), json!({})).await
}

on_both_databases!(
    r52_a_draft_in_the_drain_keeps_its_form_and_pays_the_fee_of_the_day,
    async |db: TestDb| {
        let mut office = Office::open(&db).await;
        let business = office.app.register("business@example.jp", "business").await;
        let early = office.app.draft(&business, AOMORI, PROCEDURE).await;
        let late = office.app.draft(&business, AOMORI, PROCEDURE).await;
        office.publish(&id(&office.write(&text(2, "2026-05-01", 25000)).await)).await;
        close(&office, CLOSE, "2026-04-30", "2026-05-10").await;

        let business = to_day(&mut office, 34).await;
        let submitted = submit(&office, &business, &early).await.expect(200);
        assert_eq!(submitted["procedure_version"], 1, "its own form");
        assert_eq!(submitted["invoice"]["total"], 25000, "the fee in force on 2026-05-05");

        let business = to_day(&mut office, 7).await;
        let refused = submit(&office, &business, &late).await;
        assert_eq!(refused.problem(), "409 procedure_version_closed");
        assert!(refused.body["detail"].as_str().unwrap().contains("upgrade"), "it says what to do");
        moves_to_the_present_version(&office, &business, &late).await;
        let submitted = submit(&office, &business, &late).await.expect(200);
        assert_eq!(
            (&submitted["procedure_version"], &submitted["invoice"]["total"]),
            (&json!(2), &json!(25000))
        );
    }
);

async fn moves_to_the_present_version(office: &Office, business: &Person, case: &str) {
    let path = format!("{CASES}/{case}");
    let before = office.app.get(business, &path).await.expect(200);
    let moved = office.app.post(business, &format!("{path}/upgrade"), json!({})).await.expect(200);
    assert_eq!(moved["procedure_version"], 2);
    let misfits: Vec<&str> =
        moved["misfits"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(misfits, ["/form/licence_number"], "{moved}");
    let after = office.app.get(business, &path).await;
    assert_eq!(after.body["form"], before["form"], "nothing is lost");
    let again = office.app.post(business, &format!("{path}/upgrade"), json!({})).await.expect(200);
    assert_eq!(again["version"], moved["version"], "a second move changes nothing");
    let (key, etag) = (new_key(), after.etag());
    let headers = [("idempotency-key", key.as_str()), ("if-match", etag.as_str())];
    let answer = Some(json!({ "form": { "licence_no": "青森県第12345号" } }));
    office.app.call(Method::PATCH, &path, Some(business), &headers, answer).await.expect(200);
    let edited = office.app.get(business, &path).await.expect(200);
    assert_eq!(edited["form"]["licence_number"], Value::Null, "the edit tidies up");
    assert_eq!(edited["form"]["phone"], before["form"]["phone"]);
}

on_both_databases!(
    a_closed_procedure_takes_no_draft_and_old_drafts_until_the_drain_date,
    async |db: TestDb| {
        let mut office = Office::open(&db).await;
        let business = office.app.register("business@example.jp", "business").await;
        let (in_time, too_late) = (
            office.app.draft(&business, AOMORI, PROCEDURE).await,
            office.app.draft(&business, AOMORI, PROCEDURE).await,
        );
        for (last_day, drain_until) in [("2026-03-31", "2026-05-10"), ("2026-04-30", "2026-04-29")] {
            let dates = json!({ "last_day": last_day, "drain_until": drain_until });
            let refused = office.app.post(&office.first, CLOSE, dates).await;
            assert_eq!(refused.problem(), "422 validation_failed", "{last_day} {drain_until}");
        }
        close(&office, CLOSE, "2026-04-01", "2026-04-03").await;
        let today = json!({ "procedure": PROCEDURE, "form": {} });
        office.app.post(&business, CASES, today.clone()).await.expect(201);

        let business = to_day(&mut office, 2).await;
        assert_eq!(office.offered("").await.status, 404);
        let refused = office.app.post(&business, CASES, today).await;
        assert_eq!(refused.problem(), "409 procedure_closed");
        let submitted = submit(&office, &business, &in_time).await.expect(200);
        assert_eq!(submitted["invoice"]["total"], 22000, "no other version is in force");
        let business = to_day(&mut office, 1).await;
        assert_eq!(submit(&office, &business, &too_late).await.problem(), "409 procedure_closed");
        let upgrade = office.app.post(&business, &format!("{CASES}/{too_late}/upgrade"), json!({})).await;
        assert_eq!(upgrade.problem(), "409 procedure_closed");
        office.app.get(&business, &format!("{CASES}/{in_time}")).await.expect(200);
    }
);

on_both_databases!(a_case_keeps_its_version_whatever_is_published_after_it, async |db: TestDb| {
    let mut office = Office::open(&db).await;
    let business = office.app.register("business@example.jp", "business").await;
    let submitted = office.app.submitted(&business, AOMORI, PROCEDURE).await;
    let case = submitted["id"].as_str().unwrap().to_owned();
    office.publish(&id(&office.write(&text(2, "2026-04-02", 25000)).await)).await;
    let business = to_day(&mut office, 1).await;
    let kept = office.app.get(&business, &format!("{CASES}/{case}")).await.expect(200);
    assert_eq!((&kept["procedure_version"], &kept["invoice"]["total"]), (&json!(1), &json!(22000)));
    let upgrade = office.app.post(&business, &format!("{CASES}/{case}/upgrade"), json!({})).await;
    assert_eq!(upgrade.problem(), "409 wrong_state", "only a draft moves");
    let fresh = office.app.draft(&business, AOMORI, PROCEDURE).await;
    let fresh = office.app.get(&business, &format!("{CASES}/{fresh}")).await.expect(200);
    assert_eq!(fresh["procedure_version"], 2);
});

on_both_databases!(
    /// what came on paper arrived on the day it was received, so it moves to the version of that day, whenever it moves.
    r194_a_paper_draft_moves_to_the_version_of_the_day_it_was_received,
    async |db: TestDb| {
        let office = Office::open(&db).await;
        let clerk = office.app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let example = office.app.example(AOMORI, PROCEDURE).await;
        let mut body = paper_draft();
        body["form"] = example["form"].clone();
        let begin = format!("/v1/tenants/020001/departments/{DEPARTMENT}/applications");
        let draft = office.app.post(&clerk, &begin, body).await.expect(201);
        for file in example["attachments"].as_array().unwrap() {
            office.app.attach(&clerk, AOMORI, &id(&draft), file).await.expect(201);
        }
        office.publish(&id(&office.write(&text(2, "2026-04-02", 25000)).await)).await;
        office.app.advance(SignedDuration::from_hours(24)).await;
        let clerk = office.app.sign_in("clerk@example.jp", &clerk.id).await;
        assert_eq!(office.offered("").await.expect(200)["version"], 2, "today another one is in force");
        let upgrade = format!("{CASES}/{}/upgrade", id(&draft));
        let moved = office.app.post(&clerk, &upgrade, json!({})).await.expect(200);
        assert_eq!((&moved["procedure_version"], &moved["misfits"]), (&json!(1), &json!([])));
        let submitted = submit(&office, &clerk, &id(&draft)).await.expect(200);
        assert_eq!((&submitted["procedure_version"], &submitted["invoice"]["total"]), (&json!(1), &json!(22000)));
    }
);
