//! Tests of the invoice's rules.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::{
    AttemptFacts, AttemptStanding, ConfirmationKind, DebtEnd, FeeDue, InvoiceState, PaymentGate, Remittance,
    confirmation_kind, derive_invoice_state, issue_gate, paid_on_after_remittance, payment_gate,
};
use crate::domain::money::Yen;
use crate::domain::payment::LegalRole;

const TOTAL: i64 = 18_000;

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

fn captured(legal_role: LegalRole, amount: i64, refunded: i64, day: Date) -> AttemptFacts {
    let standing = AttemptStanding::Captured {
        captured: yen(amount),
        refunded: yen(refunded),
        captured_on: day,
        remittance: Remittance::Awaited,
    };
    AttemptFacts { legal_role, standing }
}

fn standing(standing: AttemptStanding) -> AttemptFacts {
    AttemptFacts { legal_role: LegalRole::DesignatedAgent, standing }
}

fn state(attempts: &[AttemptFacts]) -> InvoiceState {
    derive_invoice_state(yen(TOTAL), attempts, DebtEnd::Stands).unwrap().state
}

#[test]
fn every_name_reads_back() {
    for state in InvoiceState::ALL {
        assert_eq!(InvoiceState::parse(state.as_str()), Some(state));
    }
}

#[test]
fn r77_a_designated_agents_capture_is_entrusted_and_not_paid() {
    let day = date(2026, 3, 30);
    let found = derive_invoice_state(
        yen(TOTAL),
        &[captured(LegalRole::DesignatedAgent, TOTAL, 0, day)],
        DebtEnd::Stands,
    )
    .unwrap();
    assert_eq!((found.state, found.entrusted_on, found.paid_on), (InvoiceState::Entrusted, Some(day), None));
}

#[test]
fn r77_remittance_by_the_designated_day_pays_on_the_day_of_entrustment() {
    let (entrusted, designated) = (date(2026, 3, 30), date(2026, 4, 25));
    assert_eq!(paid_on_after_remittance(entrusted, designated, date(2026, 4, 24)), Some(entrusted));
    assert_eq!(paid_on_after_remittance(entrusted, designated, date(2026, 4, 25)), Some(entrusted));
    assert_eq!(paid_on_after_remittance(entrusted, designated, date(2026, 4, 26)), None);
    for (remittance, expected) in [
        (Remittance::InTime, (InvoiceState::Paid, Some(entrusted), Some(entrusted))),
        (Remittance::Late, (InvoiceState::Entrusted, Some(entrusted), None)),
    ] {
        let facts = standing(AttemptStanding::Captured {
            captured: yen(TOTAL),
            refunded: Yen::ZERO,
            captured_on: entrusted,
            remittance,
        });
        let found = derive_invoice_state(yen(TOTAL), &[facts], DebtEnd::Stands).unwrap();
        assert_eq!((found.state, found.entrusted_on, found.paid_on), expected);
    }
}

/// what the body or a collection agent receives is received at once; what a designated agent holds is only entrusted, and paid
/// once it is remitted in time.
#[test]
fn r199_only_money_that_was_received_or_remitted_in_time_pays_an_invoice() {
    let day = date(2026, 7, 1);
    let of = |attempts: &[AttemptFacts]| state(attempts).as_str();
    let agent = |remittance| {
        let (captured, refunded) = (yen(TOTAL), Yen::ZERO);
        standing(AttemptStanding::Captured { captured, refunded, captured_on: day, remittance })
    };
    assert_eq!(of(&[]), "unpaid");
    assert_eq!(of(&[standing(AttemptStanding::Open)]), "pending");
    assert_eq!(of(&[captured(LegalRole::DesignatedAgent, TOTAL, 0, day)]), "entrusted");
    assert_eq!(of(&[agent(Remittance::Late)]), "entrusted", "what came late pays nothing by itself");
    assert_eq!(of(&[agent(Remittance::InTime)]), "paid");
    for role in [LegalRole::Direct, LegalRole::CollectionAgent] {
        assert_eq!(of(&[captured(role, TOTAL, 0, day)]), "paid");
        assert_eq!(of(&[captured(role, TOTAL, 0, day); 2]), "overpaid", "過納");
    }
}

#[test]
fn r81_money_taken_by_a_collection_agent_or_the_body_pays_at_once() {
    let day = date(2026, 7, 1);
    for role in [LegalRole::CollectionAgent, LegalRole::Direct] {
        let found =
            derive_invoice_state(yen(TOTAL), &[captured(role, TOTAL, 0, day)], DebtEnd::Stands).unwrap();
        assert_eq!((found.state, found.entrusted_on, found.paid_on), (InvoiceState::Paid, None, Some(day)));
    }
}

#[test]
fn r87_an_attempt_that_ended_leaves_the_invoice_unpaid() {
    assert_eq!(state(&[]), InvoiceState::Unpaid);
    assert_eq!(state(&[standing(AttemptStanding::Ended)]), InvoiceState::Unpaid);
    assert_eq!(
        state(&[standing(AttemptStanding::Ended), standing(AttemptStanding::Open)]),
        InvoiceState::Pending
    );
}

#[test]
fn two_captured_attempts_are_overpaid_until_one_went_back() {
    let (first, second) = (date(2026, 7, 1), date(2026, 7, 2));
    let role = LegalRole::DesignatedAgent;
    let both = [captured(role, TOTAL, 0, second), captured(role, TOTAL, 0, first)];
    let found = derive_invoice_state(yen(TOTAL), &both, DebtEnd::Stands).unwrap();
    assert_eq!((found.state, found.entrusted_on), (InvoiceState::Overpaid, Some(first)));
    let cured = [captured(role, TOTAL, 0, first), captured(role, TOTAL, TOTAL, second)];
    assert_eq!(state(&cured), InvoiceState::Entrusted);
}

#[test]
fn refunds_are_told_by_sum() {
    let role = LegalRole::Direct;
    let day = date(2026, 7, 1);
    assert_eq!(state(&[captured(role, TOTAL, 1, day)]), InvoiceState::PartiallyRefunded);
    assert_eq!(state(&[captured(role, TOTAL, TOTAL, day)]), InvoiceState::Refunded);
}

#[test]
fn money_for_a_waived_or_canceled_debt_is_overpaid() {
    let money = captured(LegalRole::Direct, TOTAL, 0, date(2026, 7, 1));
    for (end, quiet) in [(DebtEnd::Waived, InvoiceState::Waived), (DebtEnd::Canceled, InvoiceState::Canceled)]
    {
        assert_eq!(derive_invoice_state(yen(TOTAL), &[], end).unwrap().state, quiet);
        assert_eq!(derive_invoice_state(yen(TOTAL), &[money], end).unwrap().state, InvoiceState::Overpaid);
    }
}

#[test]
fn r68_the_decision_waits_for_entrustment() {
    use InvoiceState as S;
    // A fee of which a part went back is not covered: a reduction would have lowered the invoice instead.
    let closed = [S::Unpaid, S::Pending, S::PartiallyRefunded, S::Refunded, S::WrittenOff];
    for state in S::ALL {
        let expected = if closed.contains(&state) { PaymentGate::ClosedUnpaid } else { PaymentGate::Open };
        assert_eq!(payment_gate(FeeDue::OnSubmit, &[state]), expected, "{state:?}");
        assert_eq!(payment_gate(FeeDue::AfterReview, &[S::Paid, state]), expected, "{state:?}");
        assert_eq!(payment_gate(FeeDue::OnIssue, &[state]), PaymentGate::Open);
        assert_eq!(issue_gate(FeeDue::OnIssue, &[state]), expected);
    }
    assert_eq!(payment_gate(FeeDue::OnSubmit, &[]), PaymentGate::Open);
    assert_eq!(payment_gate(FeeDue::AfterReview, &[]), PaymentGate::ClosedUnpaid);
    assert_eq!(payment_gate(FeeDue::None, &[]), PaymentGate::Open);
}

#[test]
fn r80_entrusted_money_never_gets_the_bodys_receipt() {
    for state in InvoiceState::ALL {
        assert_ne!(
            confirmation_kind(LegalRole::DesignatedAgent, state),
            Some(ConfirmationKind::OfficialReceipt)
        );
    }
    let paid = InvoiceState::Paid;
    assert_eq!(confirmation_kind(LegalRole::Direct, paid), Some(ConfirmationKind::OfficialReceipt));
    assert_eq!(confirmation_kind(LegalRole::Direct, InvoiceState::Unpaid), None);
}

#[test]
fn t6_days_are_cut_in_japan() {
    assert_eq!(crate::domain::calendar::jst_day("2027-03-31T14:59:59Z".parse().unwrap()), date(2027, 3, 31));
    assert_eq!(crate::domain::calendar::jst_day("2027-03-31T15:00:00Z".parse().unwrap()), date(2027, 4, 1));
}

proptest! {
    #[test]
    fn the_order_of_attempts_does_not_matter_and_the_days_fit_the_state(
        mut attempts in prop::collection::vec(any_attempt(), 0..5),
        shift in 0_usize..5,
    ) {
        let found = derive_invoice_state(yen(TOTAL), &attempts, DebtEnd::Stands).unwrap();
        if found.state == InvoiceState::Entrusted {
            prop_assert!(found.entrusted_on.is_some() && found.paid_on.is_none());
        }
        if found.state == InvoiceState::Paid {
            prop_assert!(found.paid_on.is_some());
        }
        let places = attempts.len().max(1);
        attempts.rotate_left(shift % places);
        prop_assert_eq!(derive_invoice_state(yen(TOTAL), &attempts, DebtEnd::Stands).unwrap().state, found.state);
    }
}

fn any_attempt() -> impl Strategy<Value = AttemptFacts> {
    let money =
        (0..3_usize, 0..=TOTAL, 1..28_i8, any::<bool>()).prop_map(|(role, refunded, day, in_time)| {
            let remittance = if in_time { Remittance::InTime } else { Remittance::Awaited };
            let standing = AttemptStanding::Captured {
                captured: yen(TOTAL),
                refunded: yen(refunded),
                captured_on: date(2026, 7, day),
                remittance,
            };
            AttemptFacts { legal_role: LegalRole::ALL[role], standing }
        });
    let ended = Just(standing(AttemptStanding::Ended));
    prop_oneof![money, ended, Just(standing(AttemptStanding::Open))]
}

#[test]
fn r94_a_debt_that_was_given_up_stays_so_and_money_that_still_comes_is_too_much() {
    let of = |attempts: &[AttemptFacts]| {
        derive_invoice_state(yen(TOTAL), attempts, DebtEnd::WrittenOff).unwrap().state
    };
    assert_eq!(of(&[]), InvoiceState::WrittenOff);
    let day = date(2031, 6, 1);
    assert_eq!(of(&[captured(LegalRole::Direct, TOTAL, 0, day)]), InvoiceState::Overpaid);
    assert_eq!(of(&[captured(LegalRole::Direct, TOTAL, TOTAL, day)]), InvoiceState::WrittenOff);
    assert!(!InvoiceState::WrittenOff.is_covered());
    assert_eq!(issue_gate(FeeDue::OnIssue, &[InvoiceState::WrittenOff]), PaymentGate::ClosedUnpaid);
}
