//! What is asked and answered about a department's work: counts, views, absences, many cases at once.

use uuid::Uuid;

use super::*;

/// The desk of a clerk whom the chief covers for.
pub async fn desk(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    let department = format!("/v1/tenants/020001/departments/{DEPARTMENT}");
    walk.get("count_queue", clerk, &format!("{department}/queue/counts")).await;
    walk.get("list_incoming", clerk, &format!("{department}/incoming")).await;
    let claim = json!({ "action": "claim", "applications": [submitted["id"], Uuid::nil()] });
    let claimed = walk.app.post(clerk, &format!("{department}/queue/bulk"), claim).await;
    assert_eq!(claimed.status, 200, "{}", claimed.body);
    walk.seen("review_in_bulk", claimed);
    walk.change("take_over_application", chief, &format!("{case}/takeover"), &case, json!({})).await;
    let views = format!("{department}/queue-views");
    let view = json!({ "name": "期限切れ", "audience": "own", "criteria": { "due": "overdue" } });
    let view = walk.app.post(clerk, &views, view).await;
    assert_eq!(view.status, 201, "{}", view.body);
    let view = walk.seen("create_queue_view", view);
    walk.get("list_queue_views", clerk, &views).await;
    let (key, path) = (new_key(), format!("{views}/{}", view["id"].as_str().unwrap()));
    let gone =
        walk.app.call(Method::DELETE, &path, Some(clerk), &[("idempotency-key", key.as_str())], None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    walk.seen("delete_queue_view", gone);
    let absences = format!("{department}/absences");
    let away =
        json!({ "officer": clerk.id, "cover": chief.id, "from_on": "2026-04-20", "to_on": "2026-04-20" });
    let away = walk.app.post(clerk, &absences, away).await;
    assert_eq!(away.status, 201, "{}", away.body);
    let away = walk.seen("record_absence", away);
    walk.get("list_absences", clerk, &absences).await;
    let ended = format!("{absences}/{}/end", away["id"].as_str().unwrap());
    let ended = walk.app.post(chief, &ended, json!({})).await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    walk.seen("end_absence", ended);
}
