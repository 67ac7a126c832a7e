//! Proofs follow the money: whatever is heard, in any order and any number of times.

use proptest::prelude::*;
use serde_json::json;

use super::{ProofStep, RevocationGround, proof_kind, proof_steps, tax_summary};
use crate::domain::invoice::{ConfirmationKind, InvoiceLine};
use crate::domain::money::Yen;
use crate::domain::payment::LegalRole;

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

#[test]
fn r80_entrusted_money_never_has_a_receipt_of_the_body() {
    for (role, kind) in [
        (LegalRole::DesignatedAgent, ConfirmationKind::EntrustmentConfirmation),
        (LegalRole::CollectionAgent, ConfirmationKind::OfficialReceipt),
        (LegalRole::Direct, ConfirmationKind::OfficialReceipt),
    ] {
        assert_eq!(proof_kind(role), kind, "{role:?}");
    }
}

#[test]
fn a_proof_is_given_ended_or_replaced_as_the_money_says() {
    use ProofStep::{Issue, Revoke};
    use RevocationGround::{AmountChanged, PaymentUndone};
    for (captured, living, steps) in [
        (0, None, vec![]),
        (22_000, None, vec![Issue(yen(22_000))]),
        (22_000, Some(22_000), vec![]),
        (0, Some(22_000), vec![Revoke(PaymentUndone)]),
        (22_000, Some(10_000), vec![Revoke(AmountChanged), Issue(yen(22_000))]),
    ] {
        assert_eq!(proof_steps(yen(captured), living.map(yen)), steps, "{captured} {living:?}");
    }
}

/// The proofs that were ever given for one payment: sum, and whether it lives.
fn take(proofs: &mut Vec<(Yen, bool)>, captured: Yen) {
    let living = proofs.iter().find(|(_, lives)| *lives).map(|(sum, _)| *sum);
    for step in proof_steps(captured, living) {
        match step {
            ProofStep::Revoke(_) => proofs.iter_mut().for_each(|proof| proof.1 = false),
            ProofStep::Issue(sum) => proofs.push((sum, true)),
        }
    }
}

proptest! {
    /// Snapshots, entries and reversals of one payment in any order, each heard any number of times.
    #[test]
    fn money_that_was_taken_has_exactly_one_living_proof(
        heard in prop::collection::vec((0_i64..4, 1_usize..4), 1..40),
    ) {
        let mut proofs = Vec::new();
        for (step, times) in heard {
            let captured = yen(step * 11_000);
            for _ in 0..times {
                let before = proofs.len();
                take(&mut proofs, captured);
                prop_assert!(proofs.len() <= before + 1);
                let living: Vec<Yen> = proofs.iter().filter(|(_, lives)| *lives).map(|(sum, _)| *sum).collect();
                let expected: Vec<Yen> = (captured > Yen::ZERO).then_some(captured).into_iter().collect();
                prop_assert_eq!(living, expected);
            }
            let settled = proofs.clone();
            take(&mut proofs, captured);
            prop_assert_eq!(&proofs, &settled, "hearing it again changes nothing");
        }
    }
}

fn line(amount: i64, percent: Option<u8>) -> InvoiceLine {
    let tax = percent.map(|percent| {
        json!({"percent": percent, "amount": amount * i64::from(percent) / (100 + i64::from(percent))})
    });
    serde_json::from_value(json!({
        "item": "hall", "label_ja": "使用料", "label_en": "Use", "amount": amount, "basis": "条例別表",
        "revenue_account": "08-01-10-02", "fiscal_year": 2026, "formula_version": "x", "payee": "own", "tax": tax,
        "relief": null, "sample": true,
    }))
    .unwrap()
}

#[test]
fn r101_and_r102_a_fee_is_not_taxable_and_use_is_taxed_once_a_rate() {
    let fee = tax_summary(&[line(22_000, None)]).unwrap();
    assert!(fee.rates.is_empty());
    assert_eq!(fee.not_taxable, yen(22_000));

    // 3 × 105 yen: 9 a line would be 27, the tax in 315 is 28.
    let lines = [
        line(105, Some(10)),
        line(105, Some(10)),
        line(105, Some(10)),
        line(500, None),
        line(1_080, Some(8)),
    ];
    let summary = tax_summary(&lines).unwrap();
    let rates: Vec<_> =
        summary.rates.iter().map(|rate| (rate.percent, rate.total.amount(), rate.tax.amount())).collect();
    assert_eq!(rates, [(8, 1_080, 80), (10, 315, 28)]);
    assert_eq!(summary.not_taxable, yen(500));
}
