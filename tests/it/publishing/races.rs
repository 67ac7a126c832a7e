//! Two who publish at once.

use serde_json::json;

use super::{Office, PAPERS, SHIPPED, id, text};
use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::AOMORI;
use crate::support::db::TestDb;
use crate::support::traces::rounds;
use madoguchi::domain::policy::Role;

on_both_databases!(two_approvals_at_once_publish_once, async |db: TestDb| {
    let office = Office::open(&db).await;
    let third = office.app.officer(AOMORI, DEPARTMENT, Role::Administrator, "third@example.jp").await;
    for round in 0..rounds(2) {
        let version = u32::try_from(round).unwrap() + 2;
        let paper = id(&office.write(&text(version, "2026-05-01", 25000)).await);
        office.act(&office.first, &paper, "propose").await.expect(200);
        let path = format!("{PAPERS}/{paper}/approve");
        let (one, other) = tokio::join!(
            office.app.post_if(&office.second, &path, "\"2\"", json!({})),
            office.app.post_if(&third, &path, "\"2\"", json!({}))
        );
        let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
        assert_eq!(
            (won.status.as_u16(), lost.problem().as_str()),
            (200, "412 stale_version"),
            "{}",
            lost.body
        );
    }
    let published = db.count("(SELECT COUNT(*) FROM publication_events WHERE kind = 'approved')").await;
    assert_eq!(published, i64::try_from(rounds(2)).unwrap());
});

on_both_databases!(an_approval_and_an_edit_at_once_leave_one_of_them, async |db: TestDb| {
    let office = Office::open(&db).await;
    for round in 0..rounds(3) {
        let version = u32::try_from(round).unwrap() + 2;
        let paper = id(&office.write(&text(version, "2026-05-01", 25000)).await);
        office.act(&office.first, &paper, "propose").await.expect(200);
        let path = format!("{PAPERS}/{paper}/approve");
        let other_text = text(version, "2026-05-01", 99000);
        let (approved, edited) = tokio::join!(
            office.app.post_if(&office.second, &path, "\"2\"", json!({})),
            office.edit(&office.first, &paper, "\"2\"", &other_text)
        );
        let now = office.app.get(&office.first, &format!("{PAPERS}/{paper}")).await.expect(200);
        if approved.status == 200 {
            assert_eq!(
                (edited.problem().as_str(), &now["state"]),
                ("412 stale_version", &json!("published"))
            );
            assert!(!now["source"].as_str().unwrap().contains("99000"));
        } else {
            assert_eq!((approved.problem().as_str(), edited.status.as_u16()), ("412 stale_version", 200));
            assert_eq!(now["state"], "draft");
            office.act(&office.first, &paper, "withdraw").await.expect(200);
        }
    }
});

on_both_databases!(two_drafts_of_one_number_at_once_make_one, async |db: TestDb| {
    let office = Office::open(&db).await;
    for round in 0..rounds(3) {
        let version = u32::try_from(round).unwrap() + 2;
        let body = |amount| json!({ "source": text(version, "2026-05-01", amount) });
        let (one, other) = tokio::join!(
            office.app.post(&office.first, PAPERS, body(25000)),
            office.app.post(&office.second, PAPERS, body(26000))
        );
        let (won, lost) = if one.status == 201 { (one, other) } else { (other, one) };
        assert_eq!(
            (won.status.as_u16(), lost.problem().as_str()),
            (201, "409 version_taken"),
            "{}",
            lost.body
        );
    }
    let shipped = office.app.post(&office.first, PAPERS, json!({ "source": SHIPPED })).await;
    assert_eq!(shipped.problem(), "409 version_taken", "the shipped number is taken too");
});

on_both_databases!(a_withdrawn_number_is_free_again, async |db: TestDb| {
    let office = Office::open(&db).await;
    let paper = id(&office.write(&text(2, "2026-05-01", 25000)).await);
    office.act(&office.second, &paper, "withdraw").await.expect(200);
    let again = office.write(&text(2, "2026-05-01", 26000)).await;
    assert_eq!(again["state"], "draft");
});
