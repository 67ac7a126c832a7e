//! Cleaning: what a crash left behind and what is of no use any more goes, and nothing else, however often it runs.

use std::io::ErrorKind;

use jiff::SignedDuration;
use madoguchi::clock::{Clock, IdGen, SystemIds};
use madoguchi::service::cleaning::{forget_sign_ins, sweep_files};
use reqwest::Method;
use serde_json::json;

use crate::support::app::{AOMORI, PASSWORD, TestApp};
use crate::support::db::TestDb;

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

on_both_databases!(a_file_without_a_row_is_swept_after_a_day_and_no_other, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let resident = app.register("resident@example.jp", "resident").await;
    let id = app.draft(&resident, AOMORI, "kikenbutsu-menjo").await;
    let (old, ids) = (app.clock.now(), SystemIds::default());
    let orphan = ids.uuid(old);
    app.core.files.put(orphan, b"sealed".to_vec()).await.unwrap();
    assert_eq!(sweep_files(&app.core).await.unwrap(), 0, "an upload may still be on its way");
    app.advance(days(2)).await;
    let young = ids.uuid(app.clock.now());
    app.core.files.put(young, b"sealed".to_vec()).await.unwrap();

    app.drain().await;
    assert_eq!(app.core.files.get(orphan).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(app.core.files.get(young).await.is_ok());
    for _ in 0..2 {
        assert_eq!(sweep_files(&app.core).await.unwrap(), 0);
    }
    let resident = app.sign_in("resident@example.jp", &resident.id).await;
    let case = app.get(&resident, &format!("/v1/tenants/020001/applications/{id}")).await.expect(200);
    let photo = case["attachments"][0]["id"].as_str().unwrap();
    let path = format!("/v1/tenants/020001/applications/{id}/attachments/{photo}");
    assert_eq!(app.get(&resident, &path).await.status.as_u16(), 200);
});

on_both_databases!(old_sign_ins_are_forgotten_and_what_still_counts_is_kept, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let resident = app.register("resident@example.jp", "resident").await;
    let wrong = json!({ "email": "nobody@example.jp", "password": "wrong wrong wrong" });
    let refused = app.call(Method::POST, "/v1/sessions", None, &[], Some(wrong)).await;
    assert_eq!(refused.status.as_u16(), 401);
    let counts = async || {
        (
            db.count("(SELECT COUNT(*) FROM sign_in_failures WHERE failures > 0)").await,
            db.count("(SELECT COUNT(*) FROM sign_in_failures WHERE failures = 0)").await,
            db.count("(SELECT COUNT(*) FROM sessions)").await,
            db.count("(SELECT COUNT(*) FROM refresh_tokens)").await,
        )
    };
    assert_eq!(counts().await, (2, 1, 1, 1));
    app.advance(SignedDuration::from_hours(47)).await;
    assert_eq!(forget_sign_ins(&app.core).await.unwrap(), 0);

    // The tally is of no use any more; the known address, the session and its token are.
    app.advance(SignedDuration::from_hours(2)).await;
    app.drain().await;
    assert_eq!(counts().await, (0, 1, 1, 1));
    assert_eq!(forget_sign_ins(&app.core).await.unwrap(), 0);

    // The session ends after 30 days and is kept for 30 more; a new one beside it stays.
    app.advance(days(57)).await;
    assert_eq!(forget_sign_ins(&app.core).await.unwrap(), 0);
    app.advance(days(3)).await;
    let body = json!({ "email": "resident@example.jp", "password": PASSWORD });
    let tokens = app.call(Method::POST, "/v1/sessions", None, &[], Some(body)).await.expect(200);
    assert_eq!(counts().await, (0, 1, 2, 2));
    assert_eq!(forget_sign_ins(&app.core).await.unwrap(), 1);
    assert_eq!(forget_sign_ins(&app.core).await.unwrap(), 0);
    assert_eq!(counts().await, (0, 1, 1, 1));
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    app.call(Method::POST, "/v1/sessions/refresh", None, &[], Some(refresh)).await.expect(200);

    // An address from which nobody signed in for a year is a new one again.
    app.advance(days(366)).await;
    app.drain().await;
    assert_eq!(counts().await, (0, 0, 0, 0));
    app.sign_in("resident@example.jp", &resident.id).await;
});
