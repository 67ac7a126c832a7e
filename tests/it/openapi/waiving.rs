//! What is asked and answered about waivers.

use super::*;

pub async fn waiving(walk: &mut Walk<'_>, business: &Person, clerk: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    let path =
        format!("/v1/tenants/020001/invoices/{}/waivers", submitted["invoice"]["id"].as_str().unwrap());
    let wanted = json!({ "ground": "half", "statement": "災害により納付が困難" });
    let made = walk.app.post(business, &path, wanted.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = walk.seen("create_waiver", made);
    walk.refused("create_waiver", business, &path, wanted.clone(), "409 waiver_in_progress").await;
    let of_waiver = |waiver: &Value| format!("/v1/tenants/020001/waivers/{}", waiver["id"].as_str().unwrap());
    let back = walk.app.post(business, &format!("{}/withdraw", of_waiver(&made)), json!({})).await;
    assert_eq!(back.status, 200, "{}", back.body);
    walk.seen("withdraw_waiver", back);
    let made = walk.app.post(clerk, &path, wanted).await.expect(201);
    let draft =
        json!({ "decision": "grant", "reasons": ["罹災証明書を確認した"], "valid_until": "2026-04-30" });
    walk.change("propose_waiver", clerk, &format!("{}/proposal", of_waiver(&made)), &case, draft).await;
    walk.get("get_waiver", business, &of_waiver(&made)).await;
    walk.get("list_waivers", clerk, &path).await;
}
