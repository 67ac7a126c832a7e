//! The judgement itself is judged: right books are without fault, and each kind of wrong is seen.

use super::*;

fn payment(state: &str, captured: i64, refunded: i64, confirmations: u64) -> PaymentBook {
    let (reference, state) = ("r".to_owned(), state.to_owned());
    PaymentBook {
        reference,
        taker: Taker::Gateway,
        share: None,
        state,
        captured,
        refunded,
        charged_back: 0,
        confirmations,
    }
}

fn receipt(reference: &str, kind: &str, total: i64) -> GivenReceipt {
    let text = str::to_owned;
    GivenReceipt { reference: text(reference), kind: text(kind), state: text("valid"), total }
}

fn seen(given: Vec<GivenReceipt>, mails: u64) -> Confirmed {
    Confirmed::Seen { current: Receipt::Shown, given, mails }
}

const ENTRUSTED: &str = "entrustment_confirmation";

fn books(invoice_state: &str, payment: PaymentBook) -> RunBooks {
    let given = if payment.captured > 0 { vec![receipt("r", ENTRUSTED, payment.captured)] } else { vec![] };
    let mails = u64::from(payment.captured > 0);
    RunBooks {
        total: 100,
        invoice_state: invoice_state.to_owned(),
        payments: vec![payment],
        pays_twice: PaysTwice::No,
        too_much: TooMuch::NotLookedAt,
        confirmed: seen(given, mails),
    }
}

fn truth(captured: i64, refunded: i64, charges: u32) -> BTreeMap<String, TruthLine> {
    BTreeMap::from([("r".to_owned(), TruthLine { captured, refunded, charges, ..TruthLine::default() })])
}

#[test]
fn books_that_tell_the_truth_are_without_fault() {
    let good = [
        (books("entrusted", payment("captured", 100, 0, 1)), truth(100, 0, 1)),
        (books("refunded", payment("refunded", 100, 100, 1)), truth(100, 100, 1)),
        (books("partially_refunded", payment("partially_refunded", 100, 40, 1)), truth(100, 40, 1)),
        (books("unpaid", payment("expired", 0, 0, 0)), truth(0, 0, 0)),
        (books("unpaid", payment("failed", 0, 0, 0)), BTreeMap::new()),
    ];
    for (books, truth) in good {
        assert_eq!(judge(&books, &truth), Counts::default(), "{books:?}");
    }
}

#[test]
fn each_kind_of_fault_is_seen() {
    let lost = judge(&books("unpaid", payment("expired", 0, 0, 0)), &truth(100, 0, 1));
    assert_eq!((lost.lost_payments, lost.wrong_final_states), (1, 2));
    assert_eq!(lost.receipts_missing, 3, "in the record, to read, by mail");
    let invented = judge(&books("entrusted", payment("captured", 100, 0, 1)), &truth(0, 0, 0));
    assert_eq!((invented.lost_payments, invented.wrong_final_states), (0, 2));
    assert_eq!(invented.receipts_duplicated, 2, "a receipt and a mail of money that nobody has");
    let twice = judge(&books("entrusted", payment("captured", 100, 0, 1)), &truth(200, 0, 2));
    assert_eq!((twice.double_charges, twice.lost_payments), (2, 1));
    let too_much_back =
        judge(&books("partially_refunded", payment("partially_refunded", 100, 30, 1)), &truth(100, 60, 1));
    assert_eq!(too_much_back.over_refunds, 1);
    let told_twice = judge(&books("entrusted", payment("captured", 100, 0, 2)), &truth(100, 0, 1));
    assert_eq!(told_twice.receipts_duplicated, 1);
    let unknown = judge(&books("pending", payment("unknown", 0, 0, 0)), &truth(0, 0, 0));
    assert_eq!(unknown.unresolved_unknown, 1);
    let mut unread = books("entrusted", payment("captured", 100, 0, 1));
    unread.confirmed =
        Confirmed::Seen { current: Receipt::Missing, given: vec![receipt("r", ENTRUSTED, 100)], mails: 1 };
    assert_eq!(judge(&unread, &truth(100, 0, 1)).receipts_missing, 1);
}

#[test]
fn money_that_comes_twice_by_choice_must_show_as_too_much() {
    let mut both = books("overpaid", payment("captured", 100, 0, 1));
    both.payments.push(PaymentBook { reference: "s".to_owned(), ..payment("captured", 100, 0, 1) });
    both.confirmed = seen(vec![receipt("r", ENTRUSTED, 100), receipt("s", ENTRUSTED, 100)], 2);
    let mut truth = truth(100, 0, 1);
    truth.insert("s".to_owned(), TruthLine { captured: 100, charges: 1, ..TruthLine::default() });
    assert_eq!(judge(&both, &truth).double_charges, 1, "nobody chose that");
    both.pays_twice = PaysTwice::Perhaps;
    assert_eq!(judge(&both, &truth), Counts::default());
    both.invoice_state = "entrusted".to_owned();
    assert_eq!(judge(&both, &truth).double_charges, 1, "nobody would send it back");
    // The fee went back, and then the other payment was all there was: it did not pay what had gone back.
    both.payments[0] = payment("refunded", 100, 100, 1);
    truth.insert("r".to_owned(), TruthLine { refunded: 100, ..truth["r"].clone() });
    assert_eq!(judge(&both, &truth).wrong_final_states, 1, "kept as paid");
    both.invoice_state = "overpaid".to_owned();
    assert_eq!(judge(&both, &truth), Counts::default());
}

/// A slip of a shop, or a number of Pay-easy.
#[test]
fn a_slip_that_lapsed_is_over_and_one_that_was_paid_late_is_money() {
    let (lapsed, paid) = (truth(0, 0, 0), truth(100, 0, 1));
    assert_eq!(judge(&books("unpaid", payment("expired", 0, 0, 0)), &lapsed), Counts::default());
    let still_waiting = judge(&books("pending", payment("awaiting_payment", 0, 0, 0)), &lapsed);
    assert_eq!(still_waiting.wrong_final_states, 2, "nobody can pay it any more");
    assert_eq!(judge(&books("entrusted", payment("captured", 100, 0, 1)), &paid), Counts::default());
    for state in ["awaiting_payment", "expired", "canceled"] {
        let late = judge(&books("unpaid", payment(state, 0, 0, 0)), &paid);
        assert_eq!((late.lost_payments, late.wrong_final_states), (1, 2), "{state}");
    }
    // Called off here, paid at the ATM all the same, and beside it by nanaco: to go back, not to be kept.
    let mut both = books("overpaid", payment("captured", 100, 0, 1));
    both.payments.push(PaymentBook { reference: "s".to_owned(), ..payment("captured", 100, 0, 1) });
    both.confirmed = seen(vec![receipt("r", ENTRUSTED, 100), receipt("s", ENTRUSTED, 100)], 2);
    both.pays_twice = PaysTwice::Perhaps;
    let mut truth = paid;
    truth.insert("s".to_owned(), TruthLine { captured: 100, charges: 1, ..TruthLine::default() });
    assert_eq!(judge(&both, &truth), Counts::default());
    both.payments[1] = PaymentBook { reference: "s".to_owned(), ..payment("canceled", 0, 0, 0) };
    assert_eq!(judge(&both, &truth).lost_payments, 1);
}

/// R-82, R-84: no receipt is due, and what came beside a gateway's money must be proposed to go back.
#[test]
fn money_by_el_number_is_never_lost_proved_elsewhere_and_too_much_is_proposed_to_go_back() {
    let by_number = |state: &str, captured, confirmations| PaymentBook {
        taker: Taker::Organisation,
        ..payment(state, captured, 0, confirmations)
    };
    let mut run = books("paid", by_number("captured", 100, 1));
    run.confirmed = Confirmed::Seen { current: Receipt::Missing, given: vec![], mails: 0 };
    assert_eq!(judge(&run, &truth(100, 0, 1)), Counts::default());
    assert_eq!(judge(&run, &truth(200, 0, 2)).double_charges, 2, "the bank took it twice");
    run.confirmed = seen(vec![receipt("r", "official_receipt", 100)], 1);
    assert_eq!(judge(&run, &truth(100, 0, 1)).receipts_duplicated, 2, "a second proof of the same money");
    let unheard_of = judge(&books("unpaid", by_number("expired", 0, 0)), &truth(100, 0, 1));
    assert_eq!(
        (unheard_of.lost_payments, unheard_of.receipts_missing),
        (1, 1),
        "only the record of the case"
    );

    let mut both = books("overpaid", payment("captured", 100, 0, 1));
    both.payments.push(PaymentBook { reference: "n".to_owned(), ..by_number("captured", 100, 1) });
    both.pays_twice = PaysTwice::Perhaps;
    both.too_much = TooMuch::Proposed;
    let mut twice = truth(100, 0, 1);
    twice.insert("n".to_owned(), TruthLine { captured: 100, charges: 1, ..TruthLine::default() });
    assert_eq!(judge(&both, &twice), Counts::default());
    both.too_much = TooMuch::Untold;
    assert_eq!(judge(&both, &twice), Counts { double_charges: 1, ..Counts::default() }, "nobody is told");
}

/// R-80: an entrusted payment is confirmed as such, once, and what is not certain is not confirmed at all.
#[test]
fn what_the_payer_has_in_hand_is_judged_by_number_kind_and_sum() {
    let (missing, doubled) =
        (|counts: Counts| counts.receipts_missing, |counts: Counts| counts.receipts_duplicated);
    let right = receipt("r", ENTRUSTED, 100);
    let revoked = GivenReceipt { state: "revoked".to_owned(), ..right.clone() };
    for (given, mails, expected) in [
        (vec![right.clone()], 1, (0, 0)),
        (vec![], 1, (1, 0)),
        (vec![right.clone()], 0, (1, 0)),
        (vec![right.clone()], 2, (0, 1)),
        (vec![right.clone(), right.clone()], 1, (0, 1)),
        (vec![revoked.clone()], 1, (1, 0)),
        (vec![revoked, right.clone()], 1, (0, 1)),
        (vec![receipt("r", "official_receipt", 100)], 1, (1, 0)),
        (vec![receipt("r", ENTRUSTED, 99)], 1, (1, 0)),
        (vec![right, receipt("s", ENTRUSTED, 100)], 1, (0, 1)),
    ] {
        let mut run = books("entrusted", payment("captured", 100, 0, 1));
        run.confirmed = seen(given.clone(), mails);
        let found = judge(&run, &truth(100, 0, 1));
        assert_eq!((missing(found), doubled(found)), expected, "{given:?} {mails}");
    }
    let mut cash = books("paid", payment("captured", 100, 0, 1));
    cash.payments[0].taker = Taker::Clerk(100);
    cash.confirmed = seen(vec![receipt("r", "official_receipt", 100)], 1);
    assert_eq!(judge(&cash, &BTreeMap::new()), Counts::default());
    cash.confirmed = seen(vec![receipt("r", ENTRUSTED, 100)], 1);
    assert_eq!(missing(judge(&cash, &BTreeMap::new())), 1);
}

#[test]
fn f09_a_second_checkout_under_one_reference_is_a_double_charge_to_come() {
    let mut truth = truth(0, 0, 0);
    let run = books("unpaid", payment("failed", 0, 0, 0));
    assert_eq!(judge(&run, &truth), Counts::default());
    truth.insert("r".to_owned(), TruthLine { checkouts: 2, ..TruthLine::default() });
    assert_eq!(judge(&run, &truth).double_charges, 1);
}

#[test]
fn f32_f33_what_was_pulled_back_stands_once_and_only_of_what_was_left() {
    for (refunded, lost, charged_back, wrong) in [
        (0, 100, 100, 0),
        (0, 100, 0, 1),
        (0, 0, 100, 1),
        (100, 100, 0, 0),
        (100, 100, 100, 1),
        (40, 100, 60, 0),
    ] {
        let state = ["captured", "partially_refunded", "refunded"]
            [usize::from(refunded > 0) + usize::from(refunded == 100)];
        let mut run = books("entrusted", payment(state, 100, refunded, 1));
        if refunded > 0 {
            run.invoice_state = state.to_owned();
        }
        run.payments[0].charged_back = charged_back;
        let line =
            TruthLine { captured: 100, refunded, charged_back: lost, charges: 1, ..TruthLine::default() };
        let found = judge(&run, &BTreeMap::from([("r".to_owned(), line)]));
        assert_eq!(found, Counts { wrong_final_states: wrong, ..Counts::default() }, "{refunded} {lost}");
    }
}

/// The gateway took 300 of which this invoice is owed 100.
#[test]
fn a_share_of_an_act_is_judged_by_its_part_of_the_whole() {
    let first = Share { amount: 100, whole: 300, is_first: true };
    let share = |is_first, state: &str, captured, refunded| {
        let mut run = books("entrusted", payment(state, captured, refunded, 1));
        run.payments[0].share = Some(Share { is_first, ..first });
        run
    };
    let paid = share(true, "captured", 100, 0);
    assert_eq!(judge(&paid, &truth(300, 0, 1)), Counts::default());
    let all_of_it = judge(&share(true, "captured", 300, 0), &truth(300, 0, 1));
    assert_eq!((all_of_it.wrong_final_states, all_of_it.receipts_missing), (1, 1), "more than its part");
    let part = judge(&paid, &truth(100, 0, 1));
    assert_eq!(
        (part.wrong_final_states, part.receipts_missing),
        (2, 1),
        "100 of 300 is a success of no share"
    );
    let mut back = share(true, "partially_refunded", 100, 40);
    back.invoice_state = "partially_refunded".to_owned();
    assert_eq!(judge(&back, &truth(300, 40, 1)), Counts::default());
    assert_eq!(judge(&share(false, "captured", 100, 0), &truth(300, 40, 1)), Counts::default());
    assert_eq!(judge(&share(false, "captured", 100, 0), &truth(600, 0, 2)).double_charges, 2);
    let lost = judge(&share(false, "expired", 0, 0), &truth(300, 0, 1));
    assert_eq!((lost.lost_payments, lost.wrong_final_states), (1, 1));
}
