//! Related cases: both show the link to whoever may see both, and to nobody else.

use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::support::app::{AOMORI, AOMORI_CITY, ON_ISSUE, Person};
use crate::support::db::TestDb;
use crate::support::traces::{rounds, traces};

async fn case_of(counter: &Counter, who: &Person) -> (String, String) {
    let submitted = counter.app.submitted(who, AOMORI, ON_ISSUE).await;
    let id = submitted["id"].as_str().unwrap().to_owned();
    (format!("/v1/tenants/020001/applications/{id}"), id)
}

async fn links(counter: &Counter, who: &Person, case: &str) -> Vec<Value> {
    let list = counter.app.get(who, &format!("{case}/links")).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn link(counter: &Counter, case: &str, other: &str, kind: &str) -> Value {
    let body = json!({ "application": other, "kind": kind, "reason": "同一敷地の案件" });
    counter.app.post(&counter.clerk, &format!("{case}/links"), body).await.expect(201)
}

on_both_databases!(
    /// Both sides, from both ends; ended for a reason, it is gone from both and stays on record.
    both_cases_show_the_link_until_it_is_ended,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (first, first_id) = case_of(&counter, &counter.business).await;
        let (second, second_id) = case_of(&counter, &counter.business).await;
        let made = link(&counter, &first, &second_id, "renewal_of").await;
        assert_eq!((made["application"].as_str(), made["side"].as_str()), (Some(second_id.as_str()), Some("subject")));
        for who in [&counter.business, &counter.clerk, &counter.chief] {
            let (here, there) = (links(&counter, who, &first).await, links(&counter, who, &second).await);
            assert_eq!((here.len(), there.len()), (1, 1));
            assert_eq!((there[0]["application"].as_str(), there[0]["side"].as_str()), (Some(first_id.as_str()), Some("object")));
            let reason = if who.id == counter.business.id { Value::Null } else { json!("同一敷地の案件") };
            assert_eq!((&here[0]["reason"], &there[0]["reason"]), (&reason, &reason));
        }
        let backwards = json!({ "application": first_id, "kind": "renewal_of", "reason": "逆" });
        let refused = counter.app.post(&counter.clerk, &format!("{second}/links"), backwards).await;
        assert_eq!(refused.problem(), "409 already_linked");
        let end = format!("/v1/tenants/020001/case-links/{}/end", made["id"].as_str().unwrap());
        for _ in 0..2 {
            let ended = counter.app.post(&counter.chief, &end, json!({ "reason": "別敷地と判明" })).await;
            assert_eq!(ended.status.as_u16(), 204);
        }
        assert!(links(&counter, &counter.clerk, &first).await.is_empty());
        assert!(links(&counter, &counter.business, &second).await.is_empty());
        assert_eq!(db.count("(SELECT COUNT(*) FROM case_links)").await, 1, "ended, not erased");
        for case in [&first, &second] {
            let timeline = counter.app.get(&counter.clerk, &format!("{case}/timeline")).await.expect(200);
            let kinds: Vec<_> = timeline["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
            assert_eq!(kinds, ["submitted", "case_linked", "case_unlinked"]);
            assert_eq!(timeline["chain"], "intact");
        }
        link(&counter, &first, &second_id, "renewal_of").await;
    }
);

on_both_databases!(
    /// T-8: a reader of one case learns nothing of the other: not in the list, not in the record of events.
    t8_a_link_does_not_reveal_a_hidden_case,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let rival = counter.app.register("rival@example.jp", "business").await;
        let (mine, mine_id) = case_of(&counter, &counter.business).await;
        let (theirs, theirs_id) = case_of(&counter, &rival).await;
        link(&counter, &mine, &theirs_id, "same_matter").await;
        assert_eq!(links(&counter, &counter.clerk, &mine).await.len(), 1);
        for (who, case, hidden) in [(&counter.business, &mine, &theirs_id), (&rival, &theirs, &mine_id)] {
            assert!(links(&counter, who, case).await.is_empty());
            let timeline = counter.app.get(who, &format!("{case}/timeline")).await.expect(200);
            assert!(!timeline.to_string().contains(hidden.as_str()), "{timeline}");
        }
    }
);

on_both_databases!(
    /// Another body's case, a hidden one, a draft, the case itself and none at all get the same answer.
    t8_what_cannot_be_linked_is_answered_alike,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let resident = counter.app.register("resident@example.jp", "resident").await;
        let (case, id) = case_of(&counter, &counter.business).await;
        let city = counter.app.submitted(&resident, AOMORI_CITY, "koseki-shomei").await;
        let elsewhere = counter.app.submitted(&resident, AOMORI, "chorishi-menkyo").await;
        let draft = counter.app.draft(&counter.business, AOMORI, ON_ISSUE).await;
        let clerk = counter.app.officer(AOMORI, "kendo-doro", Role::Clerk, "doro@example.jp").await;
        let before = traces(&db).await;
        let mut answers = Vec::new();
        let nothing = uuid::Uuid::nil().to_string();
        let others = [&city["id"], &elsewhere["id"]].map(|other| other.as_str().unwrap());
        let others = others.into_iter().chain([draft.as_str(), id.as_str(), nothing.as_str()]);
        for other in others {
            let body = json!({ "application": other, "kind": "same_matter", "reason": "同一" });
            let answer = counter.app.post(&counter.clerk, &format!("{case}/links"), body).await;
            assert_eq!(answer.problem(), "422 validation_failed");
            answers.push(answer.body["errors"].clone());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(answers[0][0]["code"], "unknown_application");
        let stranger = counter.app.post(&clerk, &format!("{case}/links"), json!({ "application": id, "kind": "precedes", "reason": "x" })).await;
        assert_eq!(stranger.problem(), "404 not_found");
        assert_eq!(traces(&db).await, before);
    }
);

on_both_databases!(
    /// Two links of one pair at once, from either end: one stands.
    two_who_link_the_same_pair_make_one_link,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        for _ in 0..rounds(3) {
            let (first, first_id) = case_of(&counter, &counter.business).await;
            let (second, second_id) = case_of(&counter, &counter.business).await;
            let body = |other: &str| json!({ "application": other, "kind": "duplicate_of", "reason": "二重" });
            let (here, there) = (format!("{first}/links"), format!("{second}/links"));
            let (one, other) = futures_util::future::join(
                counter.app.post(&counter.clerk, &here, body(&second_id)),
                counter.app.post(&counter.chief, &there, body(&first_id)),
            )
            .await;
            let mut statuses = [one.status.as_u16(), other.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409], "{} {}", one.body, other.body);
            assert_eq!(links(&counter, &counter.clerk, &first).await.len(), 1);
        }
    }
);
