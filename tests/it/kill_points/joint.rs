//! SIGKILL between any two steps of paying several invoices in one act.

use madoguchi::drill::CrashPoint;
use serde_json::json;

use super::stand::{Stand, send};
use super::{Dies, pay, rounds, step_of, submit};
use crate::support::app::new_key;
use crate::support::db::TestDb;

on_both_databases!(killed_at_any_step_an_act_over_several_invoices_is_one_charge, async |db: TestDb| {
    let mut stand = Stand::set_up(db).await;
    let mut acts = 0;
    for _ in 0..rounds() {
        for point in CrashPoint::ALL.iter().filter(|point| step_of(**point) == Dies::Paying) {
            acts += 1;
            survives(&mut stand, *point, acts).await;
        }
    }
});

async fn survives(stand: &mut Stand, point: CrashPoint, acts: usize) {
    let invoices = [submit(stand, point).await, submit(stand, point).await];
    let (key, body) = (new_key(), json!({ "invoices": invoices, "method": "card" }));
    stand.die_at(point, stand.post("payments", &key, &body)).await;
    let attempts = [stand.books(&invoices[0]).await, stand.books(&invoices[1]).await];
    let stored = usize::from(point != CrashPoint::PaymentBeforeIntentCommit);
    assert!(attempts.iter().all(|books| books.payments.len() == stored), "all shares or none: {point:?}");
    let opened = send(stand.post("payments", &key, &body)).await.expect(201);
    let first = format!("payments/{}", opened["payments"][0]["id"].as_str().unwrap());
    stand
        .until("the payer has somewhere to go", async || stand.get(&first).await["redirect_url"].is_string())
        .await;
    let page = stand.get(&first).await["redirect_url"].as_str().unwrap().to_owned();
    pay(stand, point, &page).await;
    let mut before = Vec::new();
    for invoice in &invoices {
        let path = format!("invoices/{invoice}");
        stand
            .until("the invoice is entrusted", async || stand.get(&path).await["state"] == "entrusted")
            .await;
        let books = stand.books(invoice).await;
        books.assert_entrusted_once();
        before.push(books);
    }
    let truth = stand.truth().await;
    let orders = truth["orders"].as_array().unwrap();
    assert_eq!(orders.len(), acts, "one checkout an act: {truth}");
    let reference = before[0].payment().merchant_reference.as_str();
    let ours = orders.iter().find(|order| order["external_order_num"] == reference).unwrap();
    let sum: i64 = before.iter().map(|books| books.invoice.total.amount()).sum();
    assert_eq!((&ours["charges"], &ours["captured"]), (&json!(1), &json!(sum)));
    stand.everything_again().await;
    for (invoice, books) in invoices.iter().zip(&before) {
        assert_eq!(stand.books(invoice).await.standing(), books.standing(), "a repetition changes nothing");
    }
    assert_eq!(stand.truth().await, truth);
}
