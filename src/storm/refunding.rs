//! Money that the body sends back: asked for by one person, approved by another, sometimes two requests at once.

use std::sync::Arc;

use serde_json::{Value, json};

use super::StormError;
use super::client::new_key;
use super::faults::Step;
use super::payer::{Paid, Payer};
use super::plan::{ByHand, Refunding};
use super::run::Person;

/// The route by which a person pays out.
const BY_HAND: &str = "bank_transfer";

/// Sends back what the plan says, once the money is seen.
pub async fn send_back(payer: &mut Payer) -> Result<(), StormError> {
    if payer.sees_money().await? == Paid::No {
        return Ok(());
    }
    for payment in payer.record.payments.clone() {
        payer.arm(Step::Refund, &payment).await?;
    }
    let people = payer.stand.counter.people();
    let (accountant, chief, total) = (people.accountant, people.chief, payer.record.debt.total);
    match payer.plan.refunding {
        Refunding::None => Ok(()),
        Refunding::Full => refund(payer, (accountant, chief), total).await,
        Refunding::Partial => refund(payer, (accountant, chief), total / 3).await,
        Refunding::RacingSixty => {
            let part = total * 6 / 10;
            let (mut one, mut other) = (request(payer, accountant, part), request(payer, chief, part));
            let (first, second) = tokio::join!(one.ask(), other.ask());
            for (asked, decider) in [(first?, chief), (second?, accountant)] {
                if let Some(refund) = asked {
                    decide(payer, decider, &refund.id, "approve").await?;
                }
            }
            Ok(())
        }
    }
}

/// One refund of that amount. Where the gateway refuses it for good (F26, F27) it is asked for again by bank transfer.
async fn refund(payer: &mut Payer, people: (Person, Person), amount: i64) -> Result<(), StormError> {
    let (asks, decides) = people;
    let Some(asked) = request(payer, asks, amount).ask().await? else { return Ok(()) };
    if asked.route == BY_HAND {
        // The method sends nothing back, and a person is offered to do it (F27).
        payer.record.by_hand.push("F27");
        return by_hand(payer, people, &asked.id).await;
    }
    if decide(payer, decides, &asked.id, "approve").await?.as_deref() != Some("failed") {
        return Ok(());
    }
    let mut again = request(payer, asks, amount);
    if let Some(fields) = again.body.as_object_mut() {
        fields.insert("route".to_owned(), json!(BY_HAND));
    }
    match again.ask().await? {
        Some(asked) => by_hand(payer, people, &asked.id).await,
        None => has_headroom(payer, asks).await,
    }
}

/// A refund that a person pays out: approved it waits for an account; rejected it was never asked for (F29).
async fn by_hand(
    payer: &mut Payer,
    (asks, decides): (Person, Person),
    refund: &str,
) -> Result<(), StormError> {
    if payer.plan.by_hand == ByHand::Approved {
        return decide(payer, decides, refund, "approve").await.map(drop);
    }
    if decide(payer, decides, refund, "reject").await?.as_deref() == Some("rejected") {
        payer.record.by_hand.push("F29");
        has_headroom(payer, asks).await?;
    }
    Ok(())
}

/// After a refund that came to nothing all of the fee can be sent back as before.
async fn has_headroom(payer: &mut Payer, who: Person) -> Result<(), StormError> {
    let path = format!("invoices/{}/refunds", payer.record.debt.invoice);
    let list = payer.stand.counter.get(who, &path).await?;
    let available = list.body.get("refund_amount_available").and_then(Value::as_i64);
    // More than the fee where other money came beside it.
    payer.record.headroom_lost += u64::from(available < Some(payer.record.debt.total));
    Ok(())
}

/// Decides; gives where the refund stands then, or nothing when the decision was refused.
async fn decide(
    payer: &mut Payer,
    who: Person,
    refund: &str,
    verdict: &str,
) -> Result<Option<String>, StormError> {
    let key = new_key(&mut payer.dice);
    let answer =
        payer.stand.counter.post(who, &format!("refunds/{refund}/{verdict}"), &key, &json!({})).await?;
    Ok(answer.text("/state").filter(|_| answer.status == 200).map(str::to_owned))
}

/// A refund that was asked for.
struct Asked {
    id: String,
    route: String,
}

/// One request for a refund.
struct Request {
    stand: Arc<super::payer::Stand>,
    who: Person,
    path: String,
    key: String,
    body: Value,
}

fn request(payer: &mut Payer, who: Person, amount: i64) -> Request {
    Request {
        stand: Arc::clone(&payer.stand),
        who,
        path: format!("invoices/{}/refunds", payer.record.debt.invoice),
        key: new_key(&mut payer.dice),
        body: json!({ "amount": amount, "reason": "assessment_error", "refund_amount_available": payer.record.debt.total }),
    }
}

impl Request {
    /// Asks; gives the refund, or nothing when it is refused.
    async fn ask(&mut self) -> Result<Option<Asked>, StormError> {
        let answer = self.stand.counter.post(self.who, &self.path, &self.key, &self.body).await?;
        let text = |pointer| answer.text(pointer).unwrap_or_default().to_owned();
        Ok((answer.status == 201).then(|| Asked { id: text("/id"), route: text("/route") }))
    }
}
