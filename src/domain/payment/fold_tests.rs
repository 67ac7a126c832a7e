//! What a gateway says, in any order, ends in one state.

use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use crate::domain::id::PaymentId;
use crate::domain::money::Yen;
use crate::domain::payment::{
    Alert, Change, Checkout, Decline, EarlierAttempts, LegalRole, MethodCode, Outcome, Payment,
    PaymentCounters, PaymentSnapshot, PaymentState, Rejection, SnapshotStatus, Transport, TransportKind,
    after_create_checkout,
};

use PaymentState as P;
use SnapshotStatus as S;

const AMOUNT: i64 = 18_000;

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

fn payment(state: PaymentState) -> Payment {
    Payment {
        id: PaymentId(Uuid::nil()),
        merchant_reference: "ref-1".to_owned(),
        method: MethodCode::parse("card").unwrap(),
        legal_role: LegalRole::DesignatedAgent,
        amount: yen(AMOUNT),
        state,
        counters: PaymentCounters::default(),
        raw_status: String::new(),
        gateway_session_id: None,
        gateway_payment_id: None,
        redirect_url: None,
        expires_at: None,
    }
}

fn snapshot(status: SnapshotStatus, captured: i64, refunded: i64) -> PaymentSnapshot {
    PaymentSnapshot {
        gateway_session_id: Some("ses1".to_owned()),
        gateway_payment_id: Some("pay1".to_owned()),
        merchant_reference: Some("ref-1".to_owned()),
        also_captured: Vec::new(),
        disputes: Vec::new(),
        slip: None,
        raw_status: format!("{status:?}"),
        method: None,
        amount: Some(yen(AMOUNT)),
        counters: PaymentCounters {
            authorized: yen(if captured > 0 || status == S::Authorized { AMOUNT } else { 0 }),
            captured: yen(captured),
            refunded: yen(refunded),
            charged_back: Yen::ZERO,
        },
        status,
        version: None,
        captured_at: None,
        expires_at: None,
        observed_at: Timestamp::UNIX_EPOCH,
    }
}

/// Captured money, some of which went back and some of which the payer's bank pulled back.
fn pulled_back(refunded: i64, charged_back: i64) -> PaymentSnapshot {
    let mut told = snapshot(S::Captured, AMOUNT, refunded);
    told.counters.charged_back = yen(charged_back);
    told
}

fn folded(payment: Payment, snapshots: &[PaymentSnapshot]) -> Payment {
    snapshots.iter().fold(payment, |payment, snapshot| payment.fold(snapshot).unwrap().next)
}

#[test]
fn late_money_reopens_a_closed_payment_with_an_alert() {
    for state in [P::Failed, P::Canceled, P::Expired] {
        let found = payment(state).fold(&snapshot(S::Captured, AMOUNT, 0)).unwrap();
        assert_eq!(found.next.state, P::Captured);
        assert_eq!(found.alerts, [Alert::LatePayment]);
        let stale = payment(state).fold(&snapshot(S::Authorized, 0, 0)).unwrap();
        assert_eq!(stale.next.state, state);
    }
}

#[test]
fn another_amount_is_never_success() {
    for found in [1, AMOUNT - 1, AMOUNT + 1] {
        let mut wrong = snapshot(S::Captured, found, 0);
        wrong.amount = Some(yen(found));
        wrong.counters.authorized = yen(found);
        let after = payment(P::RequiresAction).fold(&wrong).unwrap();
        assert_eq!(after.next.state, P::Unknown);
        assert_eq!(after.next.counters.captured, yen(found));
        assert_eq!(after.alerts[0], Alert::AmountMismatch { expected: yen(AMOUNT), found: yen(found) });
        assert_eq!(payment(P::Canceled).fold(&wrong).unwrap().next.state, P::Canceled);
    }
}

#[test]
fn captured_without_captured_money_is_not_success() {
    assert_eq!(payment(P::RequiresAction).fold(&snapshot(S::Captured, 0, 0)).unwrap().next.state, P::Unknown);
}

#[test]
fn f40_an_unrecognised_status_unsettles_a_live_payment_only() {
    let strange = snapshot(S::Unrecognised, 0, 0);
    let live = payment(P::AwaitingPayment).fold(&strange).unwrap();
    assert_eq!((live.next.state, live.alerts.len()), (P::Unknown, 1));
    assert_eq!(live.next.raw_status, strange.raw_status, "the word that unsettled it");
    assert_eq!(live.next.clone().fold(&strange).unwrap().change, Change::Unchanged, "heard again");
    assert_eq!(folded(live.next, &[snapshot(S::AwaitingPayment, 0, 0)]).state, P::AwaitingPayment);
    let paid = folded(payment(P::Processing), &[snapshot(S::Captured, AMOUNT, 0), strange.clone()]);
    assert_eq!(paid.state, P::Captured);
    assert_eq!(payment(P::Expired).fold(&strange).unwrap().next.state, P::Expired);
}

#[test]
fn refunds_are_told_by_sum_and_never_exceed_the_capture() {
    let paid = folded(payment(P::Processing), &[snapshot(S::Captured, AMOUNT, 0)]);
    assert_eq!(folded(paid.clone(), &[snapshot(S::Captured, AMOUNT, 1)]).state, P::PartiallyRefunded);
    assert_eq!(folded(paid.clone(), &[snapshot(S::Captured, AMOUNT, AMOUNT)]).state, P::Refunded);
    let too_much = paid.fold(&snapshot(S::Captured, AMOUNT, AMOUNT + 1));
    assert_eq!(too_much.unwrap_err(), Rejection::ReturnsExceedCapture);
}

#[test]
fn f25_another_payments_snapshot_is_refused_and_a_second_charge_is_seen() {
    let mut other = snapshot(S::Captured, AMOUNT, 0);
    other.merchant_reference = Some("ref-2".to_owned());
    assert_eq!(payment(P::Unknown).fold(&other).unwrap_err(), Rejection::OtherPayment);
    let ours = snapshot(S::Captured, AMOUNT, 0);
    let paid = folded(payment(P::Unknown), std::slice::from_ref(&ours));
    assert_eq!((paid.own_word(&ours), paid.second_charges(&ours)), (Some(&ours), vec![]));
    let mut second = ours.clone();
    second.gateway_payment_id = Some("pay2".to_owned());
    let heard = paid.clone().fold(&second).unwrap();
    assert_eq!((heard.next, heard.change, heard.alerts), (paid.clone(), Change::Unchanged, vec![]));
    assert_eq!((paid.own_word(&second), paid.second_charges(&second)), (None, vec![&second]));

    // A list may name either of them first; ours is never the other one, and what took nothing is no charge.
    let mut refused = second.clone();
    (refused.gateway_payment_id, refused.counters) = (Some("pay3".to_owned()), PaymentCounters::default());
    let listed = PaymentSnapshot { also_captured: vec![ours.clone(), refused], ..second.clone() };
    let found: Vec<_> = paid.second_charges(&listed).iter().map(|it| &it.gateway_payment_id).collect();
    assert_eq!((paid.own_word(&listed), found), (Some(&ours), vec![&second.gateway_payment_id]));
    // Whichever of them is heard of first is ours from then on.
    let waiting = payment(P::AwaitingPayment);
    assert_eq!(waiting.own_word(&listed), Some(&listed));
    let adopted = waiting.fold(&listed).unwrap().next;
    let found: Vec<_> = adopted.second_charges(&listed).iter().map(|it| &it.gateway_payment_id).collect();
    assert_eq!((adopted.state, found), (P::Captured, vec![&ours.gateway_payment_id]));
}

#[test]
fn another_amount_that_went_back_is_no_success_and_bars_nothing() {
    for found in [300, AMOUNT - 1, AMOUNT + 1, AMOUNT + 900] {
        let wrong = folded(payment(P::Processing), &[snapshot(S::Captured, found, 0)]);
        assert_eq!(wrong.state, P::Unknown);
        let part = wrong.clone().with_refunded(yen(1), Yen::ZERO);
        assert_eq!(part.state, P::Unknown, "what is left of it waits for a decision");
        let back = wrong.clone().with_refunded(yen(found), Yen::ZERO);
        assert_eq!(back.state, P::Canceled);
        assert_eq!(
            folded(back.clone(), &[snapshot(S::Captured, found, found)]),
            back,
            "kept when heard again"
        );
        assert_eq!(folded(wrong.clone(), &[snapshot(S::Captured, found, found)]).state, P::Canceled);
        assert_eq!(wrong.clone().with_nothing_left().state, P::Canceled);
        // Half of it pulled back by the payer's bank, the rest sent back.
        assert_eq!(wrong.clone().with_refunded(yen(found - 2), yen(2)).state, P::Canceled);
        // A refund that failed after all makes it neither live nor a success again.
        assert_eq!(back.with_refunded(Yen::ZERO, Yen::ZERO).state, P::Canceled);
        let mut late = wrong;
        late.state = P::Expired;
        assert_eq!(late.with_refunded(yen(found), Yen::ZERO).state, P::Expired);
    }
}

#[test]
fn a_success_that_went_back_stays_one() {
    let paid = folded(payment(P::Processing), &[snapshot(S::Captured, AMOUNT, 0)]);
    for (refunded, state) in [(AMOUNT, P::Refunded), (1, P::PartiallyRefunded), (0, P::Captured)] {
        assert_eq!(paid.clone().with_refunded(yen(refunded), Yen::ZERO).state, state);
    }
    assert_eq!(paid.clone().with_nothing_left(), paid);
    let more = folded(paid, &[snapshot(S::Captured, AMOUNT + 900, 0)]);
    assert_eq!(more.clone().with_refunded(yen(900), Yen::ZERO).state, P::PartiallyRefunded);
    assert_eq!(more.with_refunded(yen(AMOUNT + 900), Yen::ZERO).state, P::Refunded);
}

#[test]
fn more_than_was_asked_for_ends_the_same_whichever_sum_is_heard_first() {
    let (exact, more) = (snapshot(S::Captured, AMOUNT, 0), snapshot(S::Captured, AMOUNT + 100, 0));
    for begin in [P::Processing, P::Expired, P::Canceled] {
        let in_order = folded(payment(begin), &[exact.clone(), more.clone()]);
        assert_eq!((in_order.state, in_order.counters.captured), (P::Captured, yen(AMOUNT + 100)));
        let other_way = folded(payment(begin), &[more.clone(), exact.clone()]);
        assert_eq!((other_way.state, other_way.counters), (in_order.state, in_order.counters), "{begin:?}");
        // Nobody ever said the sum that was asked for: a person decides.
        let alone = folded(payment(begin), std::slice::from_ref(&more));
        assert_eq!(alone.state, if begin == P::Processing { P::Unknown } else { begin });
    }
    // A word about another price proves nothing, whatever sum it names.
    let mut other_price = exact;
    other_price.amount = Some(yen(AMOUNT + 100));
    assert_eq!(folded(payment(P::Processing), &[more, other_price]).state, P::Unknown);
}

#[test]
fn r95_what_is_taken_after_money_went_back_makes_no_success_of_it() {
    let exact = snapshot(S::Captured, AMOUNT, 0);
    let part = folded(payment(P::Processing), &[snapshot(S::Captured, 800, 0)]);
    let back = part.clone().with_refunded(yen(800), Yen::ZERO);
    let mut rest = exact.clone();
    rest.counters.refunded = yen(800);
    for (before, news, state) in [(&part, &exact, P::Unknown), (&back, &rest, P::Canceled)] {
        let found = before.clone().fold(news).unwrap();
        assert!(found.next.state.is_captured(), "by itself it would be one");
        let found = found.without_success(before);
        assert_eq!(
            (found.next.state, found.next.counters.captured, found.change),
            (state, yen(AMOUNT), Change::Changed)
        );
        assert_eq!(found.alerts.contains(&Alert::LatePayment), state == P::Canceled);
        let again = found.next.clone().fold(news).unwrap().without_success(&found.next);
        assert_eq!(again.change, Change::Unchanged, "heard again");
    }
    let paid = folded(payment(P::Processing), &[exact]);
    let more = snapshot(S::Captured, AMOUNT + 1, 0);
    assert_eq!(paid.clone().fold(&more).unwrap().without_success(&paid).next.state, P::Captured);
}

fn opened() -> Outcome<Checkout> {
    Outcome::Done(Checkout {
        gateway_session_id: "ses1".to_owned(),
        gateway_payment_id: None,
        redirect_url: Some("https://pay.example/ses1".to_owned()),
        expires_at: None,
        raw_status: "pending".to_owned(),
        status: S::RequiresAction,
    })
}

fn lost(kind: TransportKind) -> Transport {
    Transport { kind, detail: String::new(), retry_after_s: None }
}

#[test]
fn an_outcome_moves_a_payment_only_as_far_as_it_proves() {
    let refused = || Outcome::Declined(Decline { code: "x".to_owned(), message: String::new() });
    let none = EarlierAttempts::NoneSent;
    let after = |earlier, outcome: &Outcome<Checkout>| {
        after_create_checkout(&payment(P::Submitting), earlier, outcome).next.state
    };
    assert_eq!(after(none, &opened()), P::RequiresAction);
    assert_eq!(after(none, &refused()), P::Failed);
    assert_eq!(after(EarlierAttempts::SomeUnknown, &refused()), P::Unknown);
    assert_eq!(after(none, &Outcome::NotSent(lost(TransportKind::Connect))), P::Submitting);
    assert_eq!(after(none, &Outcome::Unknown(lost(TransportKind::Timeout))), P::Unknown);
}

#[test]
fn an_outcome_never_lowers_what_a_notification_proved() {
    let paid = folded(payment(P::Submitting), &[snapshot(S::Captured, AMOUNT, 0)]);
    let late = after_create_checkout(&paid, EarlierAttempts::NoneSent, &opened()).next;
    assert_eq!((late.state, late.raw_status.as_str()), (P::Captured, "Captured"));
    assert!(late.redirect_url.is_some());
    let lost = Outcome::Unknown(lost(TransportKind::Timeout));
    assert_eq!(after_create_checkout(&paid, EarlierAttempts::NoneSent, &lost).next.state, P::Captured);
}

/// One true history, oldest first.
fn history() -> impl Strategy<Value = Vec<PaymentSnapshot>> {
    let start = [snapshot(S::RequiresAction, 0, 0)];
    let online = [&start[..], &[snapshot(S::Processing, 0, 0), snapshot(S::Authorized, 0, 0)]].concat();
    let slip = [&start[..], &[snapshot(S::AwaitingPayment, 0, 0)]].concat();
    let closed = prop::sample::select(vec![S::Failed, S::Canceled, S::Expired]);
    let late = prop::sample::select(vec![S::Failed, S::Canceled, S::Expired]);
    let ending = prop_oneof![
        closed.prop_map(|status| vec![snapshot(status, 0, 0)]),
        late.prop_map(|status| vec![snapshot(status, 0, 0), snapshot(S::Captured, AMOUNT, 0)]),
        (1..AMOUNT).prop_map(|part| vec![
            snapshot(S::Captured, AMOUNT, 0),
            snapshot(S::Captured, AMOUNT, part),
            snapshot(S::Captured, AMOUNT, AMOUNT),
        ]),
        Just(vec![snapshot(S::Captured, AMOUNT, 0)]),
        (1..AMOUNT)
            .prop_map(|more| vec![snapshot(S::Captured, AMOUNT, 0), snapshot(S::Captured, AMOUNT + more, 0)]),
        // A part goes back, the bank pulls a part of the rest back, and then all of it.
        (1..AMOUNT - 1).prop_flat_map(|back| (Just(back), 1..AMOUNT - back)).prop_map(|(back, lost)| vec![
            snapshot(S::Captured, AMOUNT, 0),
            pulled_back(back, 0),
            pulled_back(back, lost),
            pulled_back(back, AMOUNT - back),
        ]),
        // All of it went back before the bank pulled it back once more (F33).
        (1..=AMOUNT).prop_map(|lost| vec![
            snapshot(S::Captured, AMOUNT, 0),
            pulled_back(AMOUNT, 0),
            pulled_back(AMOUNT, lost),
        ]),
    ];
    let begin = prop_oneof![Just(online), Just(slip)].boxed();
    let ended = (begin.clone(), ending, prop::option::of(any::<prop::sample::Index>()));
    let ended = ended.prop_map(|(begin, end, strange)| {
        let mut history = [begin, end].concat();
        if let Some(at) = strange {
            // A word that nobody knows proves nothing, wherever it is said (F40).
            history.insert(at.index(history.len() + 1), snapshot(S::Unrecognised, 0, 0));
        }
        history
    });
    prop_oneof![1 => begin, 6 => ended]
}

/// A history with copies, in an order of its own, every snapshot at least once.
fn told() -> impl Strategy<Value = (Vec<PaymentSnapshot>, Vec<PaymentSnapshot>)> {
    history().prop_flat_map(|history| {
        let copies = prop::collection::vec(prop::sample::select(history.clone()), 0..6);
        copies.prop_flat_map(move |copies| {
            let all = [history.clone(), copies].concat();
            (Just(history.clone()), Just(all).prop_shuffle())
        })
    })
}

/// A history in which another amount was taken, told in an order of its own with copies.
fn wrong_told() -> impl Strategy<Value = (Vec<PaymentSnapshot>, Vec<PaymentSnapshot>, i64)> {
    let closed = prop::option::of(prop::sample::select(vec![S::Failed, S::Canceled, S::Expired]));
    let found = prop_oneof![1..AMOUNT, AMOUNT + 1..2 * AMOUNT];
    let seen = any::<bool>();
    (closed, found, seen).prop_flat_map(|(closed, found, seen)| {
        let mut history = vec![snapshot(S::RequiresAction, 0, 0), snapshot(S::Processing, 0, 0)];
        history.extend(closed.map(|status| snapshot(status, 0, 0)));
        history.push(snapshot(S::Captured, found, 0));
        history.extend(seen.then(|| snapshot(S::Captured, found, found)));
        let copies = prop::collection::vec(prop::sample::select(history.clone()), 0..6);
        copies.prop_flat_map(move |copies| {
            let all = [history.clone(), copies].concat();
            (Just(history.clone()), Just(all).prop_shuffle(), Just(found))
        })
    })
}

/// The payment after these snapshots, and a refund of ours of all that came once `when` of them are heard or the money is
/// known. What our refund explains is taken off what is heard, as it is counted by its own step.
fn sent_back(told: &[PaymentSnapshot], found: i64, when: usize) -> Payment {
    sent_back_from(payment(P::Submitting), told, found, when)
}

fn sent_back_from(begin: Payment, told: &[PaymentSnapshot], found: i64, when: usize) -> Payment {
    let mut current = begin;
    let refund = |current: Payment| {
        let known = current.counters.captured == yen(found) && current.counters.refunded == Yen::ZERO;
        if known { current.with_refunded(yen(found), Yen::ZERO) } else { current }
    };
    for (index, snapshot) in told.iter().enumerate() {
        if index >= when {
            current = refund(current);
        }
        let mut news = snapshot.clone();
        news.counters.refunded = current.counters.refunded;
        let before = current.clone();
        current = current.fold(&news).unwrap().next;
        assert_eq!(before.counters.grown_to(current.counters), current.counters);
        assert!(!current.state.is_captured(), "{:?}", current.state);
    }
    refund(current)
}

proptest! {
    #[test]
    fn order_copies_and_delay_do_not_matter((history, told) in told()) {
        let straight = folded(payment(P::Submitting), &history);
        let shuffled = folded(payment(P::Submitting), &told);
        prop_assert_eq!(straight.state, shuffled.state);
        prop_assert_eq!(straight.counters, shuffled.counters);
    }

    #[test]
    fn counters_never_fall_and_money_never_becomes_a_failure((_, told) in told()) {
        let mut current = payment(P::Submitting);
        for snapshot in &told {
            let before = current.clone();
            current = current.fold(snapshot).unwrap().next;
            prop_assert_eq!(before.counters.grown_to(current.counters), current.counters);
            prop_assert!(!before.state.is_captured() || current.state.is_captured());
        }
    }

    #[test]
    fn the_same_snapshot_again_changes_nothing((_, told) in told()) {
        let mut current = payment(P::Submitting);
        for snapshot in &told {
            current = current.fold(snapshot).unwrap().next;
            let again = current.clone().fold(snapshot).unwrap();
            prop_assert_eq!(again.change, Change::Unchanged);
        }
    }

    #[test]
    fn another_amount_that_we_send_back_ends_the_same_in_any_order_and_is_never_a_success(
        (history, told, found) in wrong_told(),
        when in 0_usize..8,
    ) {
        let straight = sent_back(&history, found, history.len());
        let shuffled = sent_back(&told, found, when);
        prop_assert!(straight.state.is_closed_without_money());
        prop_assert_eq!(straight.state, shuffled.state);
        prop_assert_eq!(straight.counters, shuffled.counters);
        let again = sent_back_from(shuffled.clone(), &told, found, 0);
        prop_assert_eq!((again.state, again.counters), (shuffled.state, shuffled.counters));
    }
}
