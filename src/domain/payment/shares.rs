//! One act of paying for several invoices (納付単位): each invoice has a payment of its own, its share, and what the gateway
//! says of the whole is divided over them.
//!
//! Invariants: the parts come to the whole; the part of a captured sum never falls while the whole grows; the whole alone
//! decides whether the act succeeded, so another amount than the one asked for is no success of any share. A share whose
//! part of such an amount went back has ended; once the last of it did, the act has.

use super::fold::by_returns;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::{Payment, PaymentCounters, PaymentState};

/// Divides an amount over shares in their order: each takes up to its capacity, and what is beyond all of them stays with
/// the first. One part for each capacity.
pub fn divide(whole: Yen, capacities: &[Yen]) -> Result<Vec<Yen>, YenOutOfRange> {
    let mut left = whole;
    let mut parts = Vec::with_capacity(capacities.len());
    for capacity in capacities {
        let part = left.min(*capacity);
        left = left.minus(part)?;
        parts.push(part);
    }
    if let Some(first) = parts.first_mut() {
        *first = first.plus(left)?;
    }
    Ok(parts)
}

/// Divides a signed amount in proportion to weights, to the last yen: no part is more than its weight where the whole is not
/// more than their sum. One part for each weight; without any weight the first bears all.
pub fn divide_in_proportion(whole: i64, weights: &[Yen]) -> Result<Vec<i64>, YenOutOfRange> {
    let sum = Yen::sum(weights.iter().copied())?.amount();
    let (mut weight_so_far, mut divided_so_far) = (0_i64, 0_i64);
    let mut parts = Vec::with_capacity(weights.len());
    for weight in weights {
        weight_so_far += weight.amount();
        let until = if sum == 0 {
            whole
        } else {
            let until = i128::from(whole) * i128::from(weight_so_far);
            i64::try_from(until.div_euclid(i128::from(sum))).map_err(|_| YenOutOfRange)?
        };
        parts.push(until - divided_so_far);
        divided_so_far = until;
    }
    Ok(parts)
}

/// The payment that some shares make together, as its gateway knows it; the first of them leads. None without shares.
pub fn whole_of(shares: &[Payment]) -> Result<Option<Payment>, YenOutOfRange> {
    let Some(lead) = shares.first() else { return Ok(None) };
    let sum = |of: fn(&Payment) -> Yen| Yen::sum(shares.iter().map(of));
    let counters = PaymentCounters {
        authorized: sum(|share| share.counters.authorized)?,
        captured: sum(|share| share.counters.captured)?,
        refunded: sum(|share| share.counters.refunded)?,
        charged_back: sum(|share| share.counters.charged_back)?,
    };
    let amount = sum(|share| share.amount)?;
    let succeeded = lead.state.is_captured() && counters.captured >= amount;
    let state = if succeeded { by_returns(counters) } else { no_success(lead, shares) };
    Ok(Some(Payment { amount, state, counters, ..lead.clone() }))
}

/// The state of an act that is no success: the one of a share whose money waits for a decision, or that all with money share.
fn no_success(lead: &Payment, shares: &[Payment]) -> PaymentState {
    let with_money = || shares.iter().filter(|share| share.counters.captured > Yen::ZERO);
    let waits = with_money().find(|share| share.state.is_live());
    waits.or_else(|| with_money().next()).unwrap_or(lead).state
}

/// What is known of a share beside its counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownOfShare {
    /// Pulled back of it by lost disputes.
    pub pulled_back: Yen,
    /// Gone back of it by ways that no gateway counts, such as a bank transfer.
    pub paid_by_hand: Yen,
}

/// The shares after the whole moved. What went back outside of our refunds, and what was pulled back, is taken off them in
/// their order, as far as they hold it; `known` names what is known of each share.
pub fn divided(
    whole: &Payment,
    shares: &[Payment],
    known: &[KnownOfShare],
) -> Result<Vec<Payment>, YenOutOfRange> {
    let amounts: Vec<Yen> = shares.iter().map(|share| share.amount).collect();
    let captured = divide(whole.counters.captured, &amounts)?;
    let authorized = divide(whole.counters.authorized, &amounts)?;
    let of_share = |index: usize| known.get(index).copied().unwrap_or_default();
    let counted = Yen::sum(shares.iter().map(|share| share.counters.refunded))?;
    let outside = whole.counters.refunded.minus(counted).unwrap_or(Yen::ZERO);
    let mut held = Vec::with_capacity(shares.len());
    for (index, (share, captured)) in shares.iter().zip(&captured).enumerate() {
        let KnownOfShare { pulled_back, paid_by_hand } = of_share(index);
        let gone = share.counters.refunded.plus(paid_by_hand)?.plus(pulled_back)?;
        held.push(captured.minus(gone).unwrap_or(Yen::ZERO));
    }
    let outside = divide(outside, &held)?;
    let mut moved = Vec::with_capacity(shares.len());
    for (index, share) in shares.iter().enumerate() {
        let of = |parts: &[Yen]| parts.get(index).copied().unwrap_or(Yen::ZERO);
        let counters = PaymentCounters {
            authorized: of(&authorized),
            captured: of(&captured),
            refunded: share.counters.refunded.plus(of(&outside))?,
            charged_back: of_share(index).pulled_back,
        };
        let counters = counters.without_double_loss();
        let state = if whole.state.is_captured() {
            by_returns(counters)
        } else if whole.state.is_live() && share.state.is_closed_without_money() {
            // Its own part went back; the act waits for what becomes of the others.
            share.state
        } else {
            whole.state
        };
        moved.push(Payment {
            id: share.id,
            method: share.method.clone(),
            legal_role: share.legal_role,
            amount: share.amount,
            state,
            counters,
            ..whole.clone()
        });
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::{KnownOfShare, divide, divide_in_proportion, divided, whole_of};
    use crate::domain::id::PaymentId;
    use crate::domain::money::Yen;
    use crate::domain::payment::{
        LegalRole, MethodCode, Payment, PaymentCounters, PaymentSnapshot, PaymentState, SnapshotStatus,
    };

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn all(amounts: &[i64]) -> Vec<Yen> {
        amounts.iter().map(|amount| yen(*amount)).collect()
    }

    fn share(number: u128, amount: i64) -> Payment {
        Payment {
            id: PaymentId(Uuid::from_u128(number)),
            merchant_reference: "020001-1".to_owned(),
            method: MethodCode::parse("card").unwrap(),
            legal_role: LegalRole::DesignatedAgent,
            amount: yen(amount),
            state: PaymentState::RequiresAction,
            counters: PaymentCounters::default(),
            raw_status: "pending".to_owned(),
            gateway_session_id: Some("s".to_owned()),
            gateway_payment_id: None,
            redirect_url: None,
            expires_at: None,
        }
    }

    fn snapshot(status: SnapshotStatus, captured: i64, refunded: i64) -> PaymentSnapshot {
        PaymentSnapshot {
            gateway_session_id: None,
            gateway_payment_id: Some("p".to_owned()),
            merchant_reference: Some("020001-1".to_owned()),
            also_captured: Vec::new(),
            raw_status: "said".to_owned(),
            method: None,
            amount: None,
            counters: PaymentCounters {
                authorized: yen(captured),
                captured: yen(captured),
                refunded: yen(refunded),
                charged_back: Yen::ZERO,
            },
            status,
            disputes: Vec::new(),
            slip: None,
            version: None,
            captured_at: None,
            expires_at: None,
            observed_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// The shares after the whole heard these snapshots.
    fn after(shares: Vec<Payment>, heard: &[PaymentSnapshot]) -> Vec<Payment> {
        heard.iter().fold(shares, |shares, snapshot| {
            let whole = whole_of(&shares).unwrap().unwrap();
            let next = whole.fold(snapshot).unwrap().next;
            divided(&next, &shares, &[]).unwrap()
        })
    }

    fn standing(shares: &[Payment]) -> Vec<(&'static str, i64, i64)> {
        let of = |share: &Payment| {
            let counters = share.counters;
            (share.state.as_str(), counters.captured.amount(), counters.refunded.amount())
        };
        shares.iter().map(of).collect()
    }

    #[test]
    fn an_amount_fills_the_shares_in_their_order_and_what_is_beyond_stays_with_the_first() {
        for (whole, capacities, parts) in [
            (0, vec![300, 500], vec![0, 0]),
            (200, vec![300, 500], vec![200, 0]),
            (450, vec![300, 500], vec![300, 150]),
            (800, vec![300, 500], vec![300, 500]),
            (900, vec![300, 500], vec![400, 500]),
        ] {
            assert_eq!(divide(yen(whole), &all(&capacities)).unwrap(), all(&parts), "{whole}");
        }
    }

    #[test]
    fn a_fee_is_borne_in_proportion_to_the_last_yen() {
        assert_eq!(divide_in_proportion(25, &all(&[300, 500])).unwrap(), [9, 16]);
        assert_eq!(divide_in_proportion(10, &all(&[300, 500])).unwrap(), [3, 7]);
        assert_eq!(divide_in_proportion(800, &all(&[300, 500])).unwrap(), [300, 500]);
        assert_eq!(divide_in_proportion(-10, &all(&[300, 500])).unwrap(), [-4, -6]);
        assert_eq!(divide_in_proportion(0, &all(&[0, 0])).unwrap(), [0, 0]);
    }

    #[test]
    fn the_whole_amount_captures_every_share_exactly() {
        let moved = after(vec![share(1, 300), share(2, 500)], &[snapshot(SnapshotStatus::Captured, 800, 0)]);
        assert_eq!(standing(&moved), [("captured", 300, 0), ("captured", 500, 0)]);
    }

    #[test]
    fn f24_another_amount_than_the_whole_is_a_success_of_no_share_not_even_of_one_that_it_would_cover() {
        let moved = after(vec![share(1, 300), share(2, 500)], &[snapshot(SnapshotStatus::Captured, 300, 0)]);
        assert_eq!(standing(&moved), [("unknown", 300, 0), ("unknown", 0, 0)]);
        let whole = after(moved, &[snapshot(SnapshotStatus::Captured, 800, 0)]);
        assert_eq!(standing(&whole), [("captured", 300, 0), ("captured", 500, 0)]);
    }

    #[test]
    fn a_part_of_another_amount_that_went_back_ends_its_share_and_the_last_of_it_ends_the_act() {
        let mut shares = after(
            vec![share(1, 300), share(2, 500), share(3, 100)],
            &[snapshot(SnapshotStatus::Captured, 400, 0)],
        );
        let states = [("unknown", 300, 0), ("unknown", 100, 0), ("unknown", 0, 0)];
        assert_eq!(standing(&shares), states);
        shares[0] = shares[0].clone().with_refunded(yen(300), Yen::ZERO);
        shares = after(shares, &[snapshot(SnapshotStatus::Captured, 400, 300)]);
        assert_eq!(standing(&shares), [("canceled", 300, 300), ("unknown", 100, 0), ("unknown", 0, 0)]);
        // The other part went by bank transfer, which no gateway counts.
        shares[1] = shares[1].clone().with_nothing_left();
        let whole = whole_of(&shares).unwrap().unwrap();
        assert_eq!(whole.state, PaymentState::Canceled);
        shares = divided(&whole, &shares, &[]).unwrap();
        assert_eq!(standing(&shares), [("canceled", 300, 300), ("canceled", 100, 0), ("canceled", 0, 0)]);
        shares = after(shares, &[snapshot(SnapshotStatus::Captured, 400, 300)]);
        assert!(shares.iter().all(|share| share.state == PaymentState::Canceled));
    }

    #[test]
    fn what_went_back_outside_is_never_of_a_share_whose_money_went_by_bank_transfer() {
        let paid = after(vec![share(1, 300), share(2, 500)], &[snapshot(SnapshotStatus::Captured, 800, 0)]);
        let whole = whole_of(&paid).unwrap().unwrap();
        let whole = whole.fold(&snapshot(SnapshotStatus::Captured, 800, 300)).unwrap().next;
        let by_hand = KnownOfShare { paid_by_hand: yen(300), ..KnownOfShare::default() };
        let back = divided(&whole, &paid, &[by_hand, KnownOfShare::default()]).unwrap();
        assert_eq!(standing(&back), [("captured", 300, 0), ("partially_refunded", 500, 300)]);
        let lost = KnownOfShare { pulled_back: yen(300), ..KnownOfShare::default() };
        let back = divided(&whole, &paid, &[lost, KnownOfShare::default()]).unwrap();
        let counters = back.iter().map(|share| (share.counters.charged_back, share.counters.refunded));
        assert_eq!(counters.collect::<Vec<_>>(), [(yen(300), yen(0)), (yen(0), yen(300))]);
    }

    #[test]
    fn what_went_back_outside_is_taken_off_the_shares_in_their_order() {
        let paid = after(vec![share(1, 300), share(2, 500)], &[snapshot(SnapshotStatus::Captured, 800, 0)]);
        let back = after(paid.clone(), &[snapshot(SnapshotStatus::Captured, 800, 400)]);
        assert_eq!(standing(&back), [("refunded", 300, 300), ("partially_refunded", 500, 100)]);
        let whole = whole_of(&back).unwrap().unwrap();
        assert_eq!((whole.state, whole.amount), (PaymentState::PartiallyRefunded, yen(800)));
        let mut ours = paid;
        ours[1].counters.refunded = yen(500);
        ours[1].state = PaymentState::Refunded;
        let heard = after(ours, &[snapshot(SnapshotStatus::Captured, 800, 500)]);
        assert_eq!(standing(&heard), [("captured", 300, 0), ("refunded", 500, 500)]);
    }

    #[test]
    fn an_end_without_money_ends_every_share() {
        let moved = after(vec![share(1, 300), share(2, 500)], &[snapshot(SnapshotStatus::Expired, 0, 0)]);
        assert_eq!(standing(&moved), [("expired", 0, 0), ("expired", 0, 0)]);
    }

    proptest! {
        #[test]
        fn the_parts_come_to_the_whole_and_never_fall_while_it_grows(
            amounts in prop::collection::vec(1_i64..1_000_000, 1..8),
            less in 0_i64..4_000_000,
            more in 0_i64..4_000_000,
        ) {
            let capacities = all(&amounts);
            let before = divide(yen(less), &capacities).unwrap();
            let grown = divide(yen(less + more), &capacities).unwrap();
            prop_assert_eq!(Yen::sum(before.iter().copied()).unwrap(), yen(less));
            prop_assert!(before.iter().zip(&grown).all(|(before, grown)| before <= grown));
        }

        #[test]
        fn a_divided_fee_is_whole_again(
            weights in prop::collection::vec(1_i64..1_000_000, 1..8),
            fee in -100_000_i64..100_000,
        ) {
            let parts = divide_in_proportion(fee, &all(&weights)).unwrap();
            prop_assert_eq!(parts.iter().sum::<i64>(), fee);
            if fee <= weights.iter().sum::<i64>() {
                prop_assert!(parts.iter().zip(&weights).all(|(part, weight)| part <= weight));
            }
        }

        #[test]
        fn any_order_and_repetition_of_what_a_gateway_says_ends_the_same_for_every_share(
            amounts in prop::collection::vec(1_i64..10_000, 2..5),
            steps in prop::collection::vec(0_usize..5, 1..10),
        ) {
            let total: i64 = amounts.iter().sum();
            let shares: Vec<Payment> = (1..).zip(&amounts).map(|(number, amount)| share(number, *amount)).collect();
            let told = [
                snapshot(SnapshotStatus::RequiresAction, 0, 0),
                snapshot(SnapshotStatus::Processing, 0, 0),
                snapshot(SnapshotStatus::Captured, total, 0),
                snapshot(SnapshotStatus::Captured, total, total / 3),
                snapshot(SnapshotStatus::Expired, 0, 0),
            ];
            let mut heard: Vec<PaymentSnapshot> = steps.iter().map(|step| told[*step].clone()).collect();
            heard.push(told[3].clone());
            let once = after(shares.clone(), &told[3..4]);
            prop_assert_eq!(standing(&after(shares, &heard)), standing(&once));
        }
    }
}
