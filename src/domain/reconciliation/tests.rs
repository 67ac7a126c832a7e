//! A clean day gives no alarm, and every kind of difference that is put into it is found.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::settlement::{LineKind, SignedYen};

/// A day with payments of two agents, their lines, their payouts and the bank's credits.
#[derive(Clone, Debug)]
struct Day {
    payments: Vec<OurPayment>,
    lines: Vec<ReportedLine>,
    payouts: Vec<Payout>,
    credits: Vec<OpenCredit>,
    scope: Scope,
}

const TAKEN_ON: Date = date(2026, 3, 31);
const PAID_ON: Date = date(2026, 4, 10);
const LOOKED_ON: Date = date(2026, 4, 20);
const GATEWAYS: [&str; 2] = ["komoju", "stripe"];

fn settlement(agent: usize) -> SettlementId {
    SettlementId(Uuid::from_u128(900 + u128::try_from(agent).unwrap()))
}

fn credit(number: u128, amount: i64) -> OpenCredit {
    OpenCredit { id: BankCreditId(Uuid::from_u128(5_000 + number)), credited_on: PAID_ON, amount }
}

fn line(
    number: u128,
    payment: &OurPayment,
    agent: usize,
    kind: LineKind,
    gross: i64,
    fee: i64,
) -> ReportedLine {
    let yen = |amount: i64| SignedYen::new(amount).unwrap();
    ReportedLine {
        id: SettlementLineId(Uuid::from_u128(number)),
        settlement: settlement(agent),
        gateway: payment.gateway.clone(),
        line: SettlementLine {
            line_key: number.to_string(),
            line_no: i64::try_from(number).unwrap(),
            kind,
            merchant_reference: Some(payment.merchant_reference.clone()),
            gateway_payment_id: payment.gateway_payment_id.clone(),
            gross: yen(gross),
            fee: yen(fee),
            tax: yen(0),
            net: yen(gross - fee),
            occurred_on: TAKEN_ON,
        },
    }
}

/// A day on which everything agrees; some amounts are equal, every third payment was refunded in part, one was pulled back.
fn clean(amounts: &[i64]) -> Day {
    let mut day = Day {
        payments: vec![],
        lines: vec![],
        payouts: vec![],
        credits: vec![],
        scope: Scope { from: date(2026, 1, 1), day: LOOKED_ON },
    };
    for (number, amount) in (1_u128..).zip(amounts) {
        let agent = usize::from(number % 2 == 0);
        let back = if number % 3 == 0 { amount / 2 } else { 0 };
        let pulled = if number == 7 { *amount } else { 0 };
        let payment = OurPayment {
            id: PaymentId(Uuid::from_u128(number)),
            gateway: GATEWAYS[agent].to_owned(),
            merchant_reference: format!("m{number}"),
            gateway_payment_id: (number % 5 != 0).then(|| format!("g{number}")),
            charged_beside: None,
            captured: *amount,
            refunded: back,
            charged_back: pulled,
            captured_on: Some(TAKEN_ON),
            refunded_on: (back > 0).then_some(TAKEN_ON),
            due_on: Some(date(2026, 4, 15)),
        };
        day.lines.push(line(number * 10, &payment, agent, LineKind::Capture, *amount, amount / 50));
        for (offset, kind, gross) in [(1, LineKind::Refund, back), (2, LineKind::Chargeback, pulled)] {
            if gross > 0 {
                day.lines.push(line(number * 10 + offset, &payment, agent, kind, -gross, 0));
            }
        }
        day.payments.push(payment);
    }
    for (agent, gateway) in GATEWAYS.iter().enumerate() {
        let ours = day.lines.iter().filter(|line| line.settlement == settlement(agent));
        let net: i64 = ours.map(|line| line.line.net.amount()).sum();
        day.payouts.push(Payout {
            id: settlement(agent),
            gateway: (*gateway).to_owned(),
            batch_reference: format!("b{agent}"),
            period: Some((date(2026, 3, 25), date(2026, 4, 1))),
            net,
            expected_on: PAID_ON,
            arrival: if net > 0 { Arrival::Awaited } else { Arrival::Attested },
        });
        if net > 0 {
            day.credits.push(credit(u128::try_from(agent).unwrap(), net));
        }
    }
    day
}

impl Day {
    fn findings(&self) -> Vec<Finding> {
        let lines = match_lines(&self.payments, &self.lines, &self.payouts, self.scope);
        let payouts = match_payouts(&self.payouts, &self.credits, self.scope.day);
        lines.findings.into_iter().chain(payouts.findings).collect()
    }

    fn kinds(&self) -> BTreeSet<&'static str> {
        self.findings().iter().map(|finding| finding.kind.as_str()).collect()
    }

    /// The rules that are broken, as the facts name them.
    fn rules(&self) -> BTreeSet<String> {
        self.findings().iter().map(|finding| finding.facts["rule"].as_str().unwrap().to_owned()).collect()
    }

    fn change_line(&mut self, index: usize, gross: i64, kept: i64) {
        let line = &mut self.lines[index].line;
        line.gross = SignedYen::new(gross).unwrap();
        line.fee = SignedYen::new(kept).unwrap();
        line.net = SignedYen::new(gross - kept).unwrap();
    }

    /// Payouts and credits say again what the lines say, so that only the difference that was put in is left.
    fn restate(&mut self) {
        for payout in &mut self.payouts {
            let ours = self.lines.iter().filter(|line| line.settlement == payout.id);
            payout.net = ours.map(|line| line.line.net.amount()).sum();
        }
        self.credits = (0..).zip(&self.payouts).map(|(number, payout)| credit(number, payout.net)).collect();
    }

    fn renamed(&mut self, index: usize, name: &str) {
        self.lines[index].line.merchant_reference = Some(name.to_owned());
        self.lines[index].line.gateway_payment_id = None;
    }
}

const AMOUNTS: [i64; 9] = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 1_000, 9_000];

/// The index of the line with this number in the clean day of [`AMOUNTS`].
fn at(day: &Day, number: u128) -> usize {
    day.lines.iter().position(|line| line.id == SettlementLineId(Uuid::from_u128(number))).unwrap()
}

/// What is put into a clean day: its name, how, and exactly what must be found.
type Injected = (&'static str, fn(&mut Day), &'static [(&'static str, &'static str)]);

const INJECTED: &[Injected] = &[
    (
        "a line is missing",
        |day| {
            day.lines.remove(at(day, 10));
        },
        &[
            ("missing_at_gateway", "a_captured_payment_is_in_the_payout_of_its_day"),
            ("amount_mismatch", "net_of_the_lines_is_the_payout"),
        ],
    ),
    (
        "the agent knows nothing of a payment and pays less",
        |day| {
            day.lines.remove(at(day, 10));
            day.restate();
        },
        &[("missing_at_gateway", "a_captured_payment_is_in_the_payout_of_its_day")],
    ),
    (
        "a payment is unknown to us",
        |day| drop(day.payments.remove(0)),
        &[("missing_at_us", "a_line_names_a_payment_of_ours")],
    ),
    (
        "a line comes twice",
        |day| {
            let mut twin = day.lines[at(day, 10)].clone();
            twin.id = SettlementLineId(Uuid::from_u128(77_777));
            day.lines.push(twin);
            day.restate();
        },
        &[("duplicate_line", "a_payment_is_settled_once")],
    ),
    (
        "an amount differs by one yen",
        |day| {
            day.change_line(at(day, 10), 1_001, 20);
            day.restate();
        },
        &[("amount_mismatch", "captured_amounts_are_equal")],
    ),
    (
        "only a part was captured",
        |day| {
            day.change_line(at(day, 20), 1_200, 40);
            day.restate();
        },
        &[("amount_mismatch", "captured_amounts_are_equal")],
    ),
    (
        "a capture moved over midnight and into another fiscal year",
        |day| {
            let index = at(day, 10);
            day.lines[index].line.occurred_on = TAKEN_ON + 1.day();
        },
        &[("status_mismatch", "days_of_receipt_are_equal")],
    ),
    (
        "a refund of which we know nothing",
        |day| {
            let refund = line(78, &day.payments[0], 0, LineKind::Refund, -300, 0);
            day.lines.push(refund);
            day.restate();
        },
        &[("status_mismatch", "a_refund_at_the_gateway_is_ours")],
    ),
    (
        "more went back than came",
        |day| {
            let refund = line(78, &day.payments[0], 0, LineKind::Refund, -1_001, 0);
            day.lines.push(refund);
            day.restate();
        },
        &[("amount_mismatch", "refunds_do_not_exceed_the_capture")],
    ),
    (
        "a refund of ours that the agent does not know",
        |day| {
            day.lines.remove(at(day, 31));
            day.restate();
        },
        &[("missing_at_gateway", "a_refund_is_in_the_payout_of_its_day")],
    ),
    (
        "a refund of a payment that never came",
        |day| {
            let mut payment = day.payments[0].clone();
            payment.id = PaymentId(Uuid::from_u128(88));
            (payment.merchant_reference, payment.gateway_payment_id) = ("m88".to_owned(), None);
            (payment.captured, payment.captured_on) = (0, None);
            day.lines.push(line(880, &payment, 0, LineKind::Refund, -300, 0));
            day.payments.push(payment);
            day.restate();
        },
        &[("amount_mismatch", "refunds_do_not_exceed_the_capture")],
    ),
    (
        "a fee that does not add up",
        |day| {
            let index = at(day, 10);
            day.lines[index].line.fee = SignedYen::new(21).unwrap();
        },
        &[("fee_mismatch", "net_is_gross_less_fee")],
    ),
    (
        "money was pulled back",
        |day| {
            let pulled = line(79, &day.payments[1], 1, LineKind::Chargeback, -2_000, 0);
            day.lines.push(pulled);
            day.restate();
        },
        &[("unexpected_chargeback", "chargeback_is_known")],
    ),
    (
        "the agent took what we hold as not paid",
        |day| {
            (day.payments[0].captured, day.payments[0].captured_on) = (0, None);
        },
        &[("status_mismatch", "settled_means_captured")],
    ),
    (
        "a payment is in no payout for too long",
        |day| {
            day.lines.remove(at(day, 10));
            day.payouts[0].period = None;
            day.restate();
        },
        &[("overdue_settlement", "a_captured_payment_is_paid_out_in_time")],
    ),
    (
        "a line names two payments",
        |day| {
            day.renamed(at(day, 10), "m3");
            let index = at(day, 10);
            day.lines[index].line.gateway_payment_id = Some("g1".to_owned());
        },
        &[
            ("status_mismatch", "id_and_reference_name_two_payments"),
            ("missing_at_gateway", "a_captured_payment_is_in_the_payout_of_its_day"),
        ],
    ),
    (
        "one payout came as two credits",
        |day| {
            let whole = day.credits[0].amount;
            day.credits[0].amount = 100;
            day.credits.push(credit(9, whole - 100));
        },
        &[("bank_mismatch", "one_payout_is_one_credit")],
    ),
    (
        "two payouts came as one credit",
        |day| {
            let sum = day.credits.iter().map(|credit| credit.amount).sum();
            day.credits = vec![credit(9, sum)];
        },
        &[("bank_mismatch", "one_credit_is_one_payout")],
    ),
    (
        "the bank shows one yen less",
        |day| day.credits[0].amount -= 1,
        &[("bank_mismatch", "a_payout_is_a_credit"), ("bank_mismatch", "a_credit_is_a_payout")],
    ),
    (
        "a payout never arrived",
        |day| {
            day.credits.remove(0);
        },
        &[("bank_mismatch", "a_payout_is_a_credit")],
    ),
    (
        "a credit nobody announced",
        |day| day.credits.push(credit(9, 12_345_678)),
        &[("bank_mismatch", "a_credit_is_a_payout")],
    ),
    (
        "two equal credits for one payout",
        |day| {
            let again = OpenCredit { id: BankCreditId(Uuid::from_u128(9)), ..day.credits[0] };
            day.credits.push(again);
        },
        &[("bank_mismatch", "which_of_equal_credits_is_not_clear")],
    ),
];

#[test]
fn r8_each_of_the_injected_differences_is_found_and_nothing_else() {
    assert!(INJECTED.len() >= 12);
    assert_eq!(clean(&AMOUNTS).findings(), []);
    for (name, inject, expected) in INJECTED {
        let mut day = clean(&AMOUNTS);
        inject(&mut day);
        let kinds: BTreeSet<&str> = expected.iter().map(|(kind, _)| *kind).collect();
        let rules: BTreeSet<String> = expected.iter().map(|(_, rule)| (*rule).to_owned()).collect();
        assert_eq!((day.kinds(), day.rules()), (kinds, rules), "{name}: {:#?}", day.findings());
    }
}

#[test]
fn a_line_that_names_nothing_is_matched_to_nothing_but_says_what_it_may_be() {
    let mut day = clean(&AMOUNTS);
    let index = at(&day, 20);
    day.renamed(index, "nobody");
    let found = match_lines(&day.payments, &day.lines, &day.payouts, day.scope);
    assert!(found.matches.iter().all(|(line, _)| *line != day.lines[index].id));
    let of_line = About::Line(day.lines[index].id);
    let stranger = found.findings.iter().find(|finding| finding.about == of_line).unwrap();
    assert_eq!(stranger.facts["suggestions"], serde_json::json!([day.payments[1].id.to_string()]));
    day.lines[index].line.occurred_on = TAKEN_ON + 2.days();
    let found = match_lines(&day.payments, &day.lines, &day.payouts, day.scope);
    let stranger = found.findings.iter().find(|finding| finding.about == of_line).unwrap();
    assert_eq!(stranger.facts["suggestions"], serde_json::json!([]), "two days are too far");
}

#[test]
fn payments_of_the_last_hours_and_of_last_year_raise_nothing() {
    let mut day = clean(&AMOUNTS);
    // The payout of the next day is not reported yet: what was taken around midnight may be in that.
    day.lines.remove(at(&day, 10));
    for payout in &mut day.payouts {
        payout.period = Some((date(2026, 3, 25), TAKEN_ON));
    }
    day.restate();
    day.scope.day = date(2026, 4, 12);
    assert_eq!(day.findings(), []);
    day.scope.from = TAKEN_ON + 1.day();
    day.scope.day = LOOKED_ON;
    assert_eq!(day.findings(), [], "of older payments only some lines are here");
}

#[test]
fn r77_money_that_went_back_as_a_whole_is_not_overdue() {
    let mut day = clean(&AMOUNTS);
    day.lines.remove(at(&day, 10));
    for payout in &mut day.payouts {
        payout.period = None;
    }
    day.restate();
    assert_eq!(day.kinds(), BTreeSet::from(["overdue_settlement"]));
    day.payments[0].refunded = day.payments[0].captured - 1;
    assert_eq!(day.kinds(), BTreeSet::from(["overdue_settlement"]), "the agent has a yen of it");
    day.payments[0].refunded += 1;
    assert_eq!(day.findings(), []);
}

#[test]
fn equal_payouts_are_matched_by_their_day_and_a_known_arrival_is_left_alone() {
    let mut day = clean(&AMOUNTS);
    day.payouts[1].net = day.payouts[0].net;
    day.payouts[1].expected_on = PAID_ON + 1.day();
    day.credits = vec![credit(0, day.payouts[0].net), credit(1, day.payouts[0].net)];
    day.credits[0].credited_on = PAID_ON + 1.day();
    let found = match_payouts(&day.payouts, &day.credits, LOOKED_ON);
    let expected = vec![(settlement(0), day.credits[1].id), (settlement(1), day.credits[0].id)];
    assert_eq!((found.matches, found.findings), (expected.clone(), vec![]));
    day.payouts[0].arrival = Arrival::Attested;
    assert_eq!(
        match_payouts(&day.payouts, &day.credits, LOOKED_ON).matches,
        expected,
        "the credit of it is known too"
    );
    for arrival in [Arrival::Attested, Arrival::Seen] {
        day.payouts[0].arrival = arrival;
        let without = [day.credits[0]];
        assert_eq!(match_payouts(&day.payouts, &without, LOOKED_ON).findings, [], "{arrival:?}");
    }
}

#[test]
fn a_payout_that_comes_to_nothing_or_less_is_a_matter_for_a_person_after_some_days() {
    for net in [0, -500] {
        let mut day = clean(&AMOUNTS);
        day.payouts.truncate(1);
        day.payouts[0].net = net;
        day.payouts[0].arrival = Arrival::Awaited;
        let found = |day: &Day, after_days: i32| {
            match_payouts(&day.payouts, &[], PAID_ON + after_days.days()).findings
        };
        assert_eq!(found(&day, 5), []);
        let findings = found(&day, 6);
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!(
            (finding.kind, finding.about),
            (ExceptionKind::BankMismatch, About::Settlement(settlement(0)))
        );
        let facts = (&finding.facts["rule"], &finding.facts["payout"]);
        assert_eq!(
            facts,
            (&serde_json::json!("a_payout_without_money_is_settled_by_a_person"), &serde_json::json!(net))
        );
        for arrival in [Arrival::Attested, Arrival::Seen] {
            day.payouts[0].arrival = arrival;
            assert_eq!(found(&day, 6), [], "{arrival:?}");
        }
    }
}

proptest! {
    /// Whatever came: no alarm on a clean day, in whatever order the rows are, and every line has its payment.
    #[test]
    fn r8_a_clean_day_gives_no_alarm((amounts, turn) in (prop::collection::vec(50_i64..99_999, 1..60), 0_usize..60)) {
        let mut day = clean(&amounts);
        let (lines, payments) = (day.lines.len(), day.payments.len());
        day.lines.rotate_left(turn % lines);
        day.payments.rotate_left(turn % payments);
        let equal = day.payouts[0].net == day.payouts[1].net;
        prop_assume!(!equal);
        prop_assert_eq!(day.findings(), vec![]);
        prop_assert_eq!(match_lines(&day.payments, &day.lines, &day.payouts, day.scope).matches.len(), lines);
    }

    /// Whichever line is spoilt in whichever way, it is found.
    #[test]
    fn r8_no_spoilt_line_slips_through(
        (amounts, index, way, by) in (prop::collection::vec(50_i64..99_999, 1..40), 0_usize..100, 0..5, 1_i64..500)
    ) {
        let mut day = clean(&amounts);
        let index = index % day.lines.len();
        let gross = day.lines[index].line.gross.amount();
        match way {
            0 => drop(day.lines.remove(index)),
            1 => day.change_line(index, gross + by, 0),
            2 => day.change_line(index, gross, day.lines[index].line.kept() + by),
            3 => day.renamed(index, "nobody"),
            _ => day.lines[index].line.net = SignedYen::new(gross - day.lines[index].line.kept() - by).unwrap(),
        }
        prop_assert!(!day.findings().is_empty());
    }
}
