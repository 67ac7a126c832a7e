//! Waivers that are open when their case comes to its end.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::office::{Office, Owing};
use crate::support::app::TestApp;
use crate::support::db::TestDb;

/// Takes the case up and grants what was applied for.
async fn granted(office: &Office<'_>, owing: &Owing) {
    let case = &owing.case;
    office.app.post(&office.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let version = office.app.get(&office.clerk, case).await.etag();
    let grant = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    office.app.post_if(&office.clerk, &format!("{case}/proposal"), &version, grant).await.expect(201);
    let version = office.app.get(&office.chief, case).await.etag();
    let path = format!("{case}/approval/approve");
    let decided = office.app.post_if(&office.chief, &path, &version, json!({})).await.expect(200);
    assert_eq!(decided["application_state"], "decided");
}

on_both_databases!(
    /// a case whose waiver nobody has answered is not closed: after its end nobody could answer it.
    r195_a_decided_case_stays_open_until_its_waiver_is_answered,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        office.pays(&owing).await;
        let asked = office.ask(&office.business, &owing, "half").await.expect(201);
        granted(&office, &owing).await;
        app.post_letters(&office.clerk, &owing.case).await;
        let days = async |days: i64| {
            for _ in 0..days {
                app.advance(SignedDuration::from_hours(24)).await;
                app.drain().await;
            }
        };
        days(3).await;
        office.sign_in_again().await;
        let state = app.get(&office.business, &owing.case).await.expect(200)["state"].clone();
        assert_eq!(state, "decided", "it waits for the waiver");
        let refuse = json!({ "decision": "refuse", "reasons": ["条例第5条の要件に当たらない"] });
        office.draft(&owing, &asked, refuse).await.expect(201);
        office.seal(&office.manager, &owing).await.expect(200);
        office.seal(&office.chief, &owing).await.expect(200);
        days(1).await;
        office.sign_in_again().await;
        assert_eq!(app.get(&office.business, &owing.case).await.expect(200)["state"], "closed");
    }
);

on_both_databases!(
    /// what waits for a seal ends with the case; nobody finds it on a desk where it can be neither sealed nor sent back.
    r195_a_withdrawn_case_leaves_no_proposal_on_a_desk,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let waiver = office.nearly(&owing, "half").await;
        let waits = async || {
            let list = app.get(&office.chief, "/v1/me/approvals").await.expect(200);
            list["items"].as_array().unwrap().len()
        };
        assert_eq!(waits().await, 1);
        app.post(&office.business, &format!("{}/withdraw", owing.case), json!({})).await.expect(200);
        assert_eq!(waits().await, 0);
        assert_eq!(office.waiver(&waiver).await["state"], "withdrawn");
        let path = format!("{}/proposal?subject=waiver", owing.case);
        assert_eq!(app.get(&office.clerk, &path).await.expect(200)["state"], "recalled");
        assert_eq!(db.count("(SELECT COUNT(*) FROM proposals WHERE state = 'in_approval')").await, 0);
        let own = app.get(&office.business, &format!("{}/timeline", owing.case)).await.expect(200);
        let ended = own["items"].as_array().unwrap().iter().find(|item| item["kind"] == "proposal_ended").unwrap();
        assert_eq!((&ended["facts"], &own["chain"]), (&Value::Null, &json!("intact")));
    }
);
