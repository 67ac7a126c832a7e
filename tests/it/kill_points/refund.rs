//! SIGKILL around the call that sends money back: the next start sends it once, and says so.

use madoguchi::drill::CrashPoint;
use serde_json::json;

use super::stand::{Stand, send};
use super::{open_payment, pay, rounds, submit};
use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::new_key;
use crate::support::db::TestDb;

macro_rules! killed_at {
    ($($name:ident = $point:ident;)*) => {
        $(on_both_databases!($name, async |db: TestDb| {
            let mut stand = Stand::set_up(db).await;
            for round in 1..=rounds() {
                survives(&mut stand, CrashPoint::$point, round).await;
            }
        });)*
    };
}

killed_at! {
    killed_before_the_gateway_is_told_of_a_refund = PaymentAfterIntentBeforeSend;
    killed_while_the_gateway_sends_money_back = PaymentAfterSendBeforeAnswer;
    killed_before_the_answer_to_a_refund_is_stored = PaymentAfterAnswerBeforeRecord;
}

async fn survives(stand: &mut Stand, point: CrashPoint, round: usize) {
    // No step before the refund dies: these points belong to other steps.
    let invoice = submit(stand, CrashPoint::NotificationBeforeRecord).await;
    let page = open_payment(stand, CrashPoint::NotificationBeforeRecord, &invoice).await;
    pay(stand, CrashPoint::SubmitBeforeCommit, &page).await;
    stand
        .until("the invoice is entrusted", async || {
            stand.get(&format!("invoices/{invoice}")).await["state"] == "entrusted"
        })
        .await;
    let email = |who: &str| format!("{who}{round}@example.jp");
    let accountant = stand.officer("suito-kaikei-kanri", "accountant", &email("kaikei")).await;
    let chief = stand.officer(DEPARTMENT, "section_chief", &email("chief")).await;
    let total = stand.get(&format!("invoices/{invoice}")).await["total"].clone();
    let wanted = json!({ "amount": 5000, "reason": "assessment_error", "refund_amount_available": total });
    let asked = stand.post_as(&accountant, &format!("invoices/{invoice}/refunds"), &new_key(), &wanted);
    let asked = send(asked).await.expect(201);
    let path = format!("refunds/{}/approve", asked["id"].as_str().unwrap());
    let (key, body) = (new_key(), json!({}));
    stand.die_at(point, stand.post_as(&chief, &path, &key, &body)).await;

    send(stand.post_as(&chief, &path, &key, &body)).await.expect(200);
    let refunds = format!("invoices/{invoice}/refunds");
    stand
        .until("the refund is done", async || stand.get(&refunds).await["items"][0]["state"] == "succeeded")
        .await;
    let (books, truth) = (stand.books(&invoice).await, stand.truth().await);
    books.assert_agrees_with(&truth);
    assert_eq!(books.payment().refunded.amount(), 5_000, "sent back once");
    assert_eq!(books.invoice.state, "partially_refunded");

    stand.everything_again().await;
    assert_eq!(stand.books(&invoice).await.standing(), books.standing(), "a repetition changes nothing");
    assert_eq!(stand.truth().await, truth, "nor does it at the gateway");
}
