//! Money that the body sends back: asked for by one person, approved by another, sometimes two requests at once.

use std::sync::Arc;

use serde_json::{Value, json};

use super::StormError;
use super::client::new_key;
use super::faults::Step;
use super::payer::{Paid, Payer};
use super::plan::Refunding;
use super::run::Person;

/// Sends back what the plan says, once the money is seen.
pub async fn send_back(payer: &mut Payer) -> Result<(), StormError> {
    if payer.sees_money().await? == Paid::No {
        return Ok(());
    }
    for payment in payer.record.payments.clone() {
        payer.arm(Step::Refund, &payment).await?;
    }
    let people = payer.stand.counter.people();
    let (accountant, chief, total) = (people.accountant, people.chief, payer.record.total);
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
                    approve(payer, decider, &refund).await?;
                }
            }
            Ok(())
        }
    }
}

async fn refund(payer: &mut Payer, (asks, decides): (Person, Person), amount: i64) -> Result<(), StormError> {
    match request(payer, asks, amount).ask().await? {
        Some(refund) => approve(payer, decides, &refund).await,
        None => Ok(()),
    }
}

async fn approve(payer: &mut Payer, who: Person, refund: &str) -> Result<(), StormError> {
    let key = new_key(&mut payer.dice);
    // Where a person must add to whom the money goes, the refund stays as it is.
    drop(payer.stand.counter.post(who, &format!("refunds/{refund}/approve"), &key, &json!({})).await?);
    Ok(())
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
        path: format!("invoices/{}/refunds", payer.record.invoice),
        key: new_key(&mut payer.dice),
        body: json!({ "amount": amount, "reason": "assessment_error", "refund_amount_available": payer.record.total }),
    }
}

impl Request {
    /// Asks; gives the refund's id, or nothing when it is refused.
    async fn ask(&mut self) -> Result<Option<String>, StormError> {
        let answer = self.stand.counter.post(self.who, &self.path, &self.key, &self.body).await?;
        Ok(answer.text("/id").filter(|_| answer.status == 201).map(str::to_owned))
    }
}
