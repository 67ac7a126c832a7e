//! What is asked and answered about revenue stamps (証紙).

use super::super::*;

pub async fn stamping(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, "ryoju-seizo").await;
    let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
    let uses = format!("{invoice}/stamp-uses");
    let stamps = |count: i64| json!([{ "face": 10_000, "count": count }, { "face": 5_000, "count": 1 }]);
    let wanted = |count: i64| json!({ "stamps": stamps(count), "cancelled_on": "2026-04-01" });
    walk.refused("cancel_stamps", clerk, &uses, wanted(7), "422 validation_failed").await;
    let cancelled = walk.app.post(clerk, &uses, wanted(8)).await;
    assert_eq!(cancelled.status, 201, "{}", cancelled.body);
    let cancelled = walk.seen("cancel_stamps", cancelled);
    walk.get("list_stamp_uses", clerk, &uses).await;
    let reverse = format!("/v1/tenants/020001/stamp-uses/{}/reverse", cancelled["id"].as_str().unwrap());
    let reason = json!({ "reason": "誤入力" });
    walk.refused("reverse_stamp_use", clerk, &reverse, reason.clone(), "403 own_entry").await;
    let reversed = walk.app.post(chief, &reverse, reason).await;
    assert_eq!(reversed.status, 200, "{}", reversed.body);
    walk.seen("reverse_stamp_use", reversed);
    let quote = "/v1/tenants/020001/stamp-refund-quote";
    walk.open("quote_stamp_refund", Method::POST, quote, Some(json!({ "stamps": stamps(1) }))).await;
}
