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
    for email in ["gm@example.jp", "chief@example.jp"] {
        let officer = walk.app.sign_in(email, "").await;
        let version = walk.app.get(clerk, &case).await.etag();
        let (seal, subject) = (format!("{case}/approval/approve"), json!({ "subject": "waiver" }));
        walk.app.post_if(&officer, &seal, &version, subject).await.expect(200);
    }
    let (claims, found) =
        (format!("{}/false-claims", of_waiver(&made)), json!({ "statement": "虚偽の証明書" }));
    let fact = walk.app.post(clerk, &claims, found.clone()).await;
    assert_eq!(fact.status, 201, "{}", fact.body);
    walk.seen("record_false_claim", fact);
    walk.get("list_false_claims", clerk, &claims).await;
    walk.refused("record_false_claim", clerk, &claims, found, "409 false_claim_recorded").await;
    let (revocation, facts) =
        (format!("{}/revocation", of_waiver(&made)), json!({ "reasons": ["証明書は虚偽だった"] }));
    walk.change("propose_waiver_revocation", clerk, &revocation, &case, facts).await;
}
