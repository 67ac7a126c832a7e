//! What the simulated acquirer pays out, and how its reports go wrong on order (F34–F37).

use encoding_rs::SHIFT_JIS;
use serde_json::{Value, json};

use super::stand::{SECRET_KEY, Stand, read};

const DAY_S: u32 = 86_400;

/// The truth about batches.
async fn batches(stand: &Stand) -> Vec<Value> {
    let url = format!("{}/_sim/settlements", stand.base);
    let (_, body) = read(stand.client.get(url).send().await.unwrap()).await;
    body["items"].as_array().unwrap().clone()
}

/// The table of a settlement, as it came.
async fn table(stand: &Stand, id: &str) -> (u16, Vec<u8>) {
    let request = stand.client.get(format!("{}/api/v1/settlements/{id}/csv", stand.base));
    let answer = request.basic_auth(SECRET_KEY, Some("")).send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

fn text(bytes: &[u8]) -> Option<String> {
    SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

#[tokio::test]
async fn a_day_is_paid_out_once_after_its_end_with_what_went_back() {
    let stand = Stand::set_up();
    let (one, two) = (stand.paid("A-1").await, stand.paid("A-2").await);
    stand.paid("A-3").await;
    let (status, _) =
        stand.posted(&format!("/payments/{one}/refund"), None, &json!({ "amount": 5_000 })).await;
    assert_eq!(status, 200);
    assert_eq!(stand.admin("disputes", &json!({ "payment": two, "state": "lost" })).await, 201);
    assert_eq!(batches(&stand).await.len(), 0, "the day has not ended");
    assert_eq!(stand.got("/settlements").await.1["total"], json!(0));
    stand.advance(DAY_S).await;
    let (_, listed) = stand.got("/settlements").await;
    assert_eq!((&listed["resource"], &listed["total"]), (&json!("settlement_list"), &json!(1)));
    let id = listed["data"][0]["id"].as_str().unwrap().to_owned();
    let (_, shown) = stand.got(&format!("/settlements/{id}")).await;
    let sum = |field: &str| shown[field].as_i64().unwrap();
    assert_eq!(sum("transaction_amount_cents"), 3 * 18_000 - 5_000 - 18_000);
    assert_eq!((sum("fee_amount_cents"), sum("fee_tax_amount_cents")), (-3 * 648 - 1_300, -3 * 64 - 130));
    let net = sum("transaction_amount_cents") + sum("fee_amount_cents") + sum("fee_tax_amount_cents");
    assert_eq!((sum("settlement_amount_cents"), sum("remittance_amount_cents")), (net, net - 250));
    let (status, bytes) = table(&stand, &id).await;
    let text = text(&bytes).unwrap();
    let kinds: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!((status, kinds), (200, vec!["Capture", "Capture", "Capture", "Refund", "Chargeback"]));
    let nets = text.lines().skip(1).map(|line| line.split(',').rev().nth(1).unwrap().parse::<i64>().unwrap());
    assert_eq!(nets.sum::<i64>(), net);
    stand.advance(DAY_S).await;
    assert_eq!(batches(&stand).await.len(), 1, "what was paid out is not paid out again");
    let stranger = stand.client.get(format!("{}/api/v1/settlements/{id}/csv", stand.base));
    assert_eq!(stranger.basic_auth("sk_other", Some("")).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_restart_pays_nothing_out_twice_and_a_day_of_refunds_waits() {
    let mut stand = Stand::set_up();
    let one = stand.paid("A-1").await;
    stand.advance(DAY_S).await;
    let first = batches(&stand).await;
    stand.posted(&format!("/payments/{one}/refund"), None, &json!({})).await;
    stand.advance(DAY_S).await;
    assert_eq!(batches(&stand).await, first, "a day that comes to less than nothing waits");
    stand.paid("A-2").await;
    stand.paid("A-3").await;
    stand.advance(DAY_S).await;
    let both = batches(&stand).await;
    let young = both.iter().find(|batch| !first.contains(batch)).unwrap();
    let kinds: Vec<&str> =
        young["rows"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["refund", "capture", "capture"]);
    stand.restart().await;
    assert_eq!(batches(&stand).await, both);
}

#[tokio::test]
async fn f34_to_f36_a_report_lacks_a_line_repeats_one_or_has_another_fee() {
    let stand = Stand::set_up();
    stand.paid("A-1").await;
    stand.paid("A-2").await;
    stand.advance(DAY_S).await;
    let id = batches(&stand).await[0]["id"].as_str().unwrap().to_owned();
    let whole = text(&table(&stand, &id).await.1).unwrap();
    for (fault, lines) in [("F34", 2), ("F35", 4), ("F36", 3)] {
        stand.fault(json!({ "op": "get_report", "payment": id }), fault, json!({})).await;
        let spoilt = text(&table(&stand, &id).await.1).unwrap();
        assert_eq!(spoilt.lines().count(), lines, "{fault}");
        assert_ne!(spoilt, whole);
        assert_eq!(text(&table(&stand, &id).await.1).unwrap(), whole, "one answer only");
    }
    for unfit in [("create", "F34"), ("settle", "F35"), ("settle", "F01"), ("list_settlements", "F37")] {
        let order = json!({ "match": { "op": unfit.0 }, "fault": unfit.1 });
        assert_eq!(stand.admin("faults", &order).await, 400, "{unfit:?}");
    }
}

#[tokio::test]
async fn f34_a_payment_that_is_settled_in_no_batch_stays_out_for_good() {
    let mut stand = Stand::set_up();
    let lost = stand.paid("A-1").await;
    stand.paid("A-2").await;
    stand.fault(json!({ "op": "settle", "payment": "A-1" }), "F34", json!({})).await;
    stand.advance(DAY_S).await;
    batches(&stand).await;
    stand.restart().await;
    stand.advance(DAY_S).await;
    let all = batches(&stand).await;
    assert_eq!((all.len(), all[0]["rows"].as_array().unwrap().len()), (1, 1));
    assert_ne!(all[0]["rows"][0]["payment_id"], json!(lost));
}

#[tokio::test]
async fn f37_a_batch_is_issued_anew_its_file_expires_or_breaks() {
    let stand = Stand::set_up();
    stand.paid("A-1").await;
    stand.advance(DAY_S).await;
    let id = batches(&stand).await[0]["id"].as_str().unwrap().to_owned();
    let head = async || stand.got(&format!("/settlements/{id}")).await.1;
    let before = head().await["remittance_amount_cents"].as_i64().unwrap();
    stand.fault(json!({ "op": "get_settlement" }), "F37", json!({ "report": "reissued" })).await;
    assert_eq!(head().await["remittance_amount_cents"], json!(before - 100));
    assert_eq!(head().await["remittance_amount_cents"], json!(before - 100), "from then on");
    let again = text(&table(&stand, &id).await.1).unwrap();
    assert!(again.lines().last().unwrap().starts_with("Correction,"));
    stand.fault(json!({ "op": "get_report" }), "F37", json!({ "report": "link_expired" })).await;
    assert_eq!(table(&stand, &id).await.0, 404);
    stand.fault(json!({ "op": "get_report" }), "F37", json!({ "report": "broken_text" })).await;
    assert_eq!(text(&table(&stand, &id).await.1), None);
    assert_eq!(text(&table(&stand, &id).await.1).unwrap(), again);
}
