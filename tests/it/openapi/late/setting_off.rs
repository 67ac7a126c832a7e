//! What was overpaid settles a claim in arrears.

use super::super::*;

/// An invoice that was paid at the counter and waived after that; gives its path.
pub async fn overpaid(walk: &Walk<'_>, business: &Person, clerk: &Person) -> String {
    let app = walk.app;
    let manager = app.officer(AOMORI, DEPARTMENT, Role::GroupManager, "juto-gm@example.jp").await;
    let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "juto-chief@example.jp").await;
    let submitted = app.submitted(business, AOMORI, PROCEDURE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
    let today = app.get(business, &invoice).await.expect(200)["issued_at"].as_str().unwrap()[..10].to_owned();
    let entry = json!({ "means": "cash", "amount": 22_000, "received_on": today });
    app.post(clerk, &format!("{invoice}/counter-payments"), entry).await.expect(201);
    let wanted = json!({ "ground": "hardship", "statement": "災害により納付が困難" });
    let waiver = app.post(business, &format!("{invoice}/waivers"), wanted).await.expect(201);
    let proposal = format!("/v1/tenants/020001/waivers/{}/proposal", waiver["id"].as_str().unwrap());
    let version = app.get(clerk, &case).await.etag();
    let grant = json!({ "decision": "grant", "reasons": ["罹災証明書を確認した"] });
    app.post_if(clerk, &proposal, &version, grant).await.expect(201);
    for who in [&manager, &chief] {
        let version = app.get(clerk, &case).await.etag();
        let subject = json!({ "subject": "waiver" });
        app.post_if(who, &format!("{case}/approval/approve"), &version, subject).await.expect(200);
    }
    invoice
}

/// Sets it off against a claim.
pub async fn setting_off(walk: &mut Walk<'_>, accountant: &Person, from: &str, claim: &str) {
    let path = format!("{from}/set-offs");
    let wanted = |available: i64| json!({ "claim": claim, "refund_amount_available": available });
    walk.refused("propose_set_off", accountant, &path, wanted(1), "409 refund_amount_changed").await;
    let proposed = walk.app.post(accountant, &path, wanted(22_000)).await;
    assert_eq!(proposed.status, 201, "{}", proposed.body);
    walk.seen("propose_set_off", proposed);
    walk.get("list_set_offs", accountant, &path).await;
}
