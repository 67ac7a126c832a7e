//! Somebody who pays by the eL number of the claim (eL-QR, R-82): at a bank, with nothing opened here, and told of in a file that
//! the organisation makes later. Sometimes beside a page of a gateway: then too much comes, and must be proposed to go back.

use std::sync::Arc;

use super::StormError;
use super::faults::Step;
use super::payer::{Payer, Stand};
use super::plan::{Behaviour, Method};
use super::simulator::Acted;

/// A 確認番号 that nobody has.
const WRONG: &str = "------";

/// What a bank asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElNumber {
    /// 納付番号.
    pub payment_number: String,
    /// 確認番号.
    pub confirmation_number: String,
}

/// Goes through a plan with the number of the claim, once the organisation knows it.
pub async fn go_through(payer: &mut Payer) -> Result<(), StormError> {
    // Outside of the terms there is none, and nobody can pay so.
    let Some(number) = number(payer).await? else { return Ok(()) };
    let stand = Arc::clone(&payer.stand);
    payer.record.el_number = Some(number.clone());
    stand.treasury.tell(&stand).await?;
    match payer.plan.behaviour {
        Behaviour::Pays => {
            pays(&stand, &number).await?;
        }
        Behaviour::FailsThenPays => {
            mistypes(&stand, &number).await?;
            pays(&stand, &number).await?;
        }
        Behaviour::Fails => mistypes(&stand, &number).await?,
        Behaviour::Abandons => {}
        Behaviour::GivesUpAtGateway => {
            if let Some((_, page)) = opens(payer).await? {
                stand.simulator.act(&page, &[("cancel", "")]).await?;
            }
            pays(&stand, &number).await?;
        }
        Behaviour::Switches => pays_twice(payer, &number).await?,
        Behaviour::CancelRacesPaying => {
            let opened = opens(payer).await?;
            let cancels = async {
                match opened {
                    Some((payment, _)) => payer.cancel(&payment).await,
                    None => Ok(()),
                }
            };
            let (paid, canceled) = tokio::join!(pays(&stand, &number), cancels);
            paid?;
            canceled?;
        }
        Behaviour::PaysLate => payer.record.comes_back = Some(Method::ElQr),
    }
    // The file is fetched now and then; what was in none is told of when the storm is over.
    if payer.dice.happens(50) { stand.treasury.collect(&stand).await } else { Ok(()) }
}

/// Pays at a bank.
pub async fn pays(stand: &Stand, number: &ElNumber) -> Result<Acted, StormError> {
    stand.simulator.pay_by_number(&number.payment_number, &number.confirmation_number).await
}

/// The number that the notice shows.
async fn number(payer: &Payer) -> Result<Option<ElNumber>, StormError> {
    let shown = payer.get(&format!("invoices/{}/notice", payer.record.debt.invoice)).await?;
    let part = |name: &str| shown.text(&format!("/el_qr/{name}")).map(str::to_owned);
    let parts = part("payment_number").zip(part("confirmation_number"));
    Ok(parts.map(|(payment_number, confirmation_number)| ElNumber { payment_number, confirmation_number }))
}

/// Nobody's 確認番号: the bank takes no money.
async fn mistypes(stand: &Stand, number: &ElNumber) -> Result<(), StormError> {
    let wrong = ElNumber { confirmation_number: WRONG.to_owned(), ..number.clone() };
    pays(stand, &wrong).await?;
    Ok(())
}

/// Opens a payment at a gateway beside the number; none where the payer loses patience.
async fn opens(payer: &mut Payer) -> Result<Option<(String, String)>, StormError> {
    let opened = payer.page(payer.plan.other_method).await?;
    if let Some((payment, _)) = &opened {
        payer.arm(Step::Query, payment).await?;
        payer.arm(Step::Webhook, payment).await?;
    }
    Ok(opened)
}

/// Pays at the bank and at a page that was opened before, in this order or the other.
async fn pays_twice(payer: &mut Payer, number: &ElNumber) -> Result<(), StormError> {
    let (stand, acts) = (Arc::clone(&payer.stand), payer.plan.other_method.acts());
    let Some((_, page)) = opens(payer).await? else {
        pays(&stand, number).await?;
        return Ok(());
    };
    let both = if payer.dice.happens(50) {
        [pays(&stand, number).await?, stand.simulator.act(&page, acts).await?]
    } else {
        [stand.simulator.act(&page, acts).await?, pays(&stand, number).await?]
    };
    if both == [Acted::Taken, Acted::Taken] {
        payer.record.by_hand.push("F31");
    }
    Ok(())
}
