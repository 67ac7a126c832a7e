//! Tests of the invoice's rules.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::{
    AttemptFacts, AttemptStanding, ConfirmationKind, DebtEnd, FeeDue, InvoiceState, MoneyBooked, PaymentGate,
    Remittance, Rest, Settles, confirmation_kind, derive_invoice_state, issue_gate, paid_on_after_remittance,
    payment_gate, rest_of,
};
use crate::domain::money::Yen;
use crate::domain::payment::LegalRole;

const TOTAL: i64 = 18_000;

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

/// Money that settled the debt, on a day.
fn settling(captured_on: Date, remittance: Remittance) -> MoneyBooked {
    MoneyBooked { captured_on, remittance, settles: Settles::Debt, lines_back: Yen::ZERO }
}

fn captured(legal_role: LegalRole, amount: i64, refunded: i64, day: Date) -> AttemptFacts {
    let booked = settling(day, Remittance::Awaited);
    let (captured, refunded) = (yen(amount), yen(refunded));
    AttemptFacts { legal_role, standing: AttemptStanding::Captured { captured, refunded, booked } }
}

/// The same money, booked as too much.
fn too_much(facts: AttemptFacts) -> AttemptFacts {
    let AttemptStanding::Captured { captured, refunded, booked } = facts.standing else { return facts };
    let booked = MoneyBooked { settles: Settles::Nothing, ..booked };
    AttemptFacts { standing: AttemptStanding::Captured { captured, refunded, booked }, ..facts }
}

/// The body's own money that settled the debt, and of which a decided refund gave lines back.
fn lines_back(amount: i64, back: i64, day: Date) -> AttemptFacts {
    let booked = MoneyBooked { lines_back: yen(back), ..settling(day, Remittance::Awaited) };
    let standing = AttemptStanding::Captured { captured: yen(amount), refunded: yen(back), booked };
    AttemptFacts { legal_role: LegalRole::Direct, standing }
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
        let booked = settling(entrusted, remittance);
        let (captured, refunded) = (yen(TOTAL), Yen::ZERO);
        let facts = standing(AttemptStanding::Captured { captured, refunded, booked });
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
        standing(AttemptStanding::Captured { captured, refunded, booked: settling(day, remittance) })
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

/// What a refund of lines gave back is owed no more: what stays beyond the rest is too much, however little was taken off since.
#[test]
fn r95_what_stays_beyond_the_debt_that_refunds_of_lines_left_is_overpaid() {
    let (card, slip) = (date(2026, 7, 1), date(2026, 7, 9));
    let of = |owed: i64, attempts: &[AttemptFacts]| {
        derive_invoice_state(yen(owed), attempts, DebtEnd::Stands).unwrap()
    };
    // 300 went back of one line, then 300 were taken off another one; then they went back, too.
    assert_eq!(of(1_000, &[lines_back(1_000, 300, card)]).state, InvoiceState::PartiallyRefunded);
    let reduced = of(700, &[lines_back(1_000, 300, card)]);
    assert_eq!((reduced.state, reduced.paid_on), (InvoiceState::Overpaid, Some(card)));
    let (captured, refunded) = (yen(1_000), yen(600));
    let booked = MoneyBooked { lines_back: yen(300), ..settling(card, Remittance::Awaited) };
    let standing = AttemptStanding::Captured { captured, refunded, booked };
    let cured = AttemptFacts { legal_role: LegalRole::Direct, standing };
    assert_eq!(of(700, &[cured]).state, InvoiceState::PartiallyRefunded);
    // All of it went back, then a slip was paid all the same, and went back as well.
    let late = |refunded| too_much(captured_of(1_000, refunded, slip));
    let beside = of(1_000, &[lines_back(1_000, 1_000, card), late(0)]);
    assert_eq!((beside.state, beside.paid_on), (InvoiceState::Overpaid, Some(card)), "it pays nothing");
    assert_eq!(of(1_000, &[lines_back(1_000, 1_000, card), late(1_000)]).state, InvoiceState::Refunded);
}

fn captured_of(amount: i64, refunded: i64, day: Date) -> AttemptFacts {
    captured(LegalRole::Direct, amount, refunded, day)
}

/// Two sums of which none is the debt come to it only by chance: the debt is open until one settles it.
#[test]
fn r87_money_that_settles_nothing_never_adds_up_to_a_payment() {
    let day = date(2026, 7, 1);
    let part = |amount, refunded| too_much(captured_of(amount, refunded, day));
    for sums in [[TOTAL - 400, 400], [TOTAL, 0], [TOTAL - 1, 400]] {
        let found = sums.map(|amount| part(amount, 0));
        assert_eq!(state(&found), InvoiceState::Pending, "{sums:?}");
        let gone = sums.map(|amount| part(amount, amount));
        assert_eq!(state(&gone), InvoiceState::Unpaid, "{sums:?}");
        let beside = [found[0], found[1], captured_of(TOTAL, 0, day)];
        assert_eq!(state(&beside), InvoiceState::Overpaid, "{sums:?}");
        assert_eq!(state(&[gone[0], gone[1], captured_of(TOTAL, 0, day)]), InvoiceState::Paid, "{sums:?}");
    }
}

/// what a decided refund of lines left is all that is owed; what went back otherwise is owed as before.
#[test]
fn r68_the_rest_of_a_fee_covers_it_only_where_what_went_back_was_decided() {
    let day = date(2026, 7, 1);
    let of = |attempts: &[AttemptFacts]| rest_of(yen(TOTAL), attempts).unwrap();
    assert_eq!(of(&[lines_back(TOTAL, 300, day)]), Rest::Covered);
    assert_eq!(of(&[captured_of(TOTAL, 300, day)]), Rest::Short, "nobody decided it");
    assert_eq!(of(&[lines_back(TOTAL, TOTAL, day)]), Rest::Short, "nothing stays");
    assert_eq!(of(&[too_much(captured_of(TOTAL, 0, day))]), Rest::Short, "it settled nothing");
    assert_eq!(of(&[]), Rest::Short);
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
        let sum = |of: fn(&Money) -> i64| attempts.iter().filter_map(Money::of).map(|one| of(&one)).sum::<i64>();
        let (stays, settling) = (sum(|one| one.stays), sum(|one| one.settling));
        match found.state {
            InvoiceState::Paid | InvoiceState::Entrusted => prop_assert_eq!((stays, settling), (TOTAL, TOTAL)),
            InvoiceState::Overpaid => prop_assert!(stays > (TOTAL - sum(|one| one.lines_back)).max(0)),
            InvoiceState::Refunded | InvoiceState::Unpaid => prop_assert_eq!(stays, 0),
            _ => {}
        }
        let places = attempts.len().max(1);
        attempts.rotate_left(shift % places);
        prop_assert_eq!(derive_invoice_state(yen(TOTAL), &attempts, DebtEnd::Stands).unwrap().state, found.state);
    }
}

/// What an attempt holds, in yen.
struct Money {
    stays: i64,
    settling: i64,
    lines_back: i64,
}

impl Money {
    fn of(facts: &AttemptFacts) -> Option<Self> {
        let AttemptStanding::Captured { captured, refunded, booked } = facts.standing else { return None };
        let stays = captured.amount() - refunded.amount();
        let settling = if booked.settles == Settles::Debt { stays } else { 0 };
        Some(Self { stays, settling, lines_back: booked.lines_back.amount() })
    }
}

fn any_attempt() -> impl Strategy<Value = AttemptFacts> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let money = (0..3_usize, 0..=TOTAL, 1..28_i8, flags).prop_map(|(role, refunded, day, flags)| {
        let (in_time, settles, by_lines) = flags;
        let booked = MoneyBooked {
            captured_on: date(2026, 7, day),
            remittance: if in_time { Remittance::InTime } else { Remittance::Awaited },
            settles: if settles { Settles::Debt } else { Settles::Nothing },
            lines_back: if settles && by_lines { yen(refunded) } else { Yen::ZERO },
        };
        let (captured, refunded) = (yen(TOTAL), yen(refunded));
        let standing = AttemptStanding::Captured { captured, refunded, booked };
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
