//! A deadline a step: said once, to whoever could act, and nothing more.

use jiff::SignedDuration;
use madoguchi::domain::id::TenantCode;
use madoguchi::service::step_deadline;
use serde_json::{Value, json};

use crate::approval_routes::{DEPARTMENT, Office};
use crate::support::app::AOMORI;
use crate::support::db::TestDb;
use crate::support::smtp::SmtpPeer;

const TOLD: &str = "(SELECT COUNT(*) FROM events WHERE kind = 'approval_overdue')";
const ASKED: &str = "(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_overdue_step')";

fn aomori() -> TenantCode {
    TenantCode::parse(AOMORI).unwrap()
}

/// The office on the day after the deadline of the first desk (2026-04-06), with its case.
async fn late(db: &TestDb, peer: &SmtpPeer) -> (Office, String) {
    let mut office = Office::open_with(db, |settings| peer.use_in(settings)).await;
    let case = office.proposed(1, "ordinary").await;
    office.app.drain().await;
    office.later(SignedDuration::from_hours(5 * 24)).await;
    office.app.drain().await;
    assert_eq!(db.count(TOLD).await, 0, "6 April is still within the three open days");
    office.later(SignedDuration::from_hours(24)).await;
    (office, case)
}

on_both_databases!(a_late_step_is_told_once_however_often_and_late_the_job_runs, async |db: TestDb| {
    let peer = SmtpPeer::start();
    let (mut office, case) = late(&db, &peer).await;
    let before = office.app.get(&office.manager, &format!("{case}/proposal")).await.expect(200);
    let body = aomori();
    let (one, other) = tokio::join!(
        step_deadline::run(&office.app.core, &body),
        step_deadline::run(&office.app.core, &body),
    );
    one.and(other).unwrap();
    office.app.drain().await;
    office.app.drain().await;
    assert_eq!((db.count(TOLD).await, db.count(ASKED).await), (1, 1));
    let mails = peer.received();
    assert_eq!((mails.len(), &mails[0].to), (1, &vec!["gm@example.jp".to_owned()]));
    let number = office.app.get(&office.clerk, &case).await.expect(200)["number"].clone();
    assert!(!mails[0].header("Subject").contains(number.as_str().unwrap()));
    assert_eq!(mails[0].body().matches(number.as_str().unwrap()).count(), 2, "{}", mails[0].body());

    let waiting = office.app.get(&office.manager, "/v1/me/approvals").await.expect(200);
    let mark = (&waiting["items"][0]["overdue"], &waiting["items"][0]["step_due_on"]);
    assert_eq!(mark, (&json!(true), &json!("2026-04-06")));
    let proposal = office.app.get(&office.manager, &format!("{case}/proposal")).await.expect(200);
    let late = |proposal: &Value| -> Vec<bool> {
        let steps = proposal["steps"].as_array().unwrap();
        steps.iter().map(|step| step["overdue"].as_bool().unwrap()).collect()
    };
    assert_eq!(late(&proposal), [true, false, false, false]);
    assert_eq!(
        (&proposal["state"], &proposal["steps"][0]["state"]),
        (&json!("in_approval"), &json!("waiting"))
    );
    assert_eq!(proposal["issue"]["content_sha256"], before["issue"]["content_sha256"]);
    office.later(SignedDuration::from_hours(30 * 24)).await;
    office.app.drain().await;
    assert_eq!((db.count(TOLD).await, db.count(ASKED).await), (1, 1), "a month later, too");

    // What comes to its desk again begins its days anew, and is told of anew.
    office.approve(&office.manager, &case).await;
    let back = json!({ "to_step": 1, "comment": "再度" });
    let back = office.act(&office.zaisei, &case, "return", back).await.expect(200);
    assert_eq!((back["steps"][0]["due_on"].as_str().unwrap() > "2026-05", late(&back)[0]), (true, false));
    office.later(SignedDuration::from_hours(15 * 24)).await;
    office.app.drain().await;
    assert_eq!(db.count(TOLD).await, 2);
});

on_both_databases!(a_cover_is_told_and_nobody_is_told_of_what_was_done_or_withdrawn, async |db: TestDb| {
    let peer = SmtpPeer::start();
    let (office, case) = late(&db, &peer).await;
    let withdrawn = office.proposed(1, "ordinary").await;
    let path = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/absences");
    let away = json!({ "officer": office.manager.id, "cover": office.chief.id,
        "from_on": "2026-04-07", "to_on": "2026-04-30" });
    office.app.post(&office.manager, &path, away).await.expect(201);
    step_deadline::run(&office.app.core, &aomori()).await.unwrap();
    assert_eq!(db.count(ASKED).await, 2, "the holder and the cover");
    // The step is done before the mail leaves.
    office.approve(&office.manager, &case).await;
    office.app.drain().await;
    assert_eq!(peer.received().len(), 0);
    office.app.post(&office.business, &format!("{withdrawn}/withdraw"), json!({})).await.expect(200);
    let mut office = office;
    office.later(SignedDuration::from_hours(60 * 24)).await;
    office.app.drain().await;
    let told = db.count(TOLD).await;
    assert_eq!(told, 3, "both consulted desks of the first case, and nothing of the withdrawn one");
});
