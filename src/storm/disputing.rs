//! The payer's bank contests a card payment and decides (F32), also one whose money went back before (F33).

use super::StormError;
use super::payer::{Payer, reference};
use super::plan::Verdict;
use super::simulator::Acted;

/// Lets the bank contest every payment of the run that took money, and decide as planned.
pub async fn contest(payer: &mut Payer, verdict: Verdict) -> Result<(), StormError> {
    for payment in payer.record.payments.clone() {
        let reference = reference(&payment);
        let Some(line) = payer.stand.simulator.truth_of(&reference).await? else { continue };
        if line.captured == 0 {
            continue;
        }
        for state in ["needs_response", verdict.as_str()] {
            if payer.stand.simulator.contest(&reference, state).await? == Acted::Refused {
                return Ok(());
            }
        }
        let after_refund = verdict == Verdict::Lost && line.refunded == line.captured;
        payer.record.by_hand.push(if after_refund { "F33" } else { "F32" });
    }
    Ok(())
}
