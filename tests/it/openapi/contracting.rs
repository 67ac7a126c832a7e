//! A contract is offered, signed by both sides, rejected once, and another one taken back.

use super::*;
use crate::support::signing::{GOOD, KeyKind};

/// The file of the prefecture, in which that certification service is taken; other files as they are.
pub fn trusting((name, text): (String, String), service: &SigningService) -> (String, String) {
    let is_body = name == "tenants/020001.yaml";
    let text = if is_body { crate::contracts::trusting(&text, service) } else { text };
    (name, text)
}

/// A case whose grant offers a contract; gives its path.
async fn offered(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person) -> String {
    let submitted = walk.app.submitted(business, AOMORI, "futsu-zaisan-kashitsuke").await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    walk.app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let proposal = json!({ "decision": "grant" });
    walk.change("create_proposal", clerk, &format!("{case}/proposal"), &case, proposal).await;
    walk.change("approve_proposal", chief, &format!("{case}/approval/approve"), &case, json!({})).await;
    case
}

pub async fn contracting(walk: &mut Walk<'_>, business: &Person, service: &SigningService) {
    let clerk = walk.app.officer(AOMORI, "zaimu-zaisei", Role::Clerk, "zaisan@example.jp").await;
    let chief = walk.app.officer(AOMORI, "zaimu-zaisei", Role::SectionChief, "zaisei@example.jp").await;
    let case = offered(walk, business, &clerk, &chief).await;
    let contract = format!("{case}/contract");
    let text = walk.get("get_contract", business, &contract).await["statement"].as_str().unwrap().to_owned();
    let signer = service.certify("工藤 太郎", KeyKind::P256, "signer", GOOD);
    let signature = signer.body(&text);
    let own = format!("{contract}/counterpart-signature");
    let other = signer.body("another text");
    walk.refused("sign_contract_as_counterpart", business, &own, other, "422 signature_invalid").await;
    let (note, reason) =
        (json!({ "note": "氏名が一致し、失効していない。" }), json!({ "reason": "名義が異なる" }));
    for (operation, path, who, body) in [
        ("sign_contract_as_counterpart", own.clone(), business, signature.clone()),
        ("reject_counterpart_signature", format!("{own}/reject"), &clerk, reason.clone()),
        ("sign_contract_as_counterpart", own.clone(), business, signature),
        ("confirm_counterpart_signature", format!("{own}/confirm"), &clerk, note),
        ("sign_contract", format!("{contract}/sign"), &chief, json!({})),
    ] {
        walk.change(operation, who, &path, &case, body).await;
    }
    let concluded = walk.get("get_contract", &clerk, &contract).await;
    assert_eq!(concluded["state"], "concluded");
    walk.refused(
        "withdraw_contract",
        &chief,
        &format!("{contract}/withdraw"),
        reason.clone(),
        "409 contract_ended",
    )
    .await;
    let other = offered(walk, business, &clerk, &chief).await;
    walk.change("withdraw_contract", &chief, &format!("{other}/contract/withdraw"), &other, reason).await;
    walk.get("get_contract", business, &format!("{other}/contract")).await;
}
