//! Tables about numbers, layouts, slips and what is reported of them (R-82, R-83, R-84, T-5).

use jiff::civil::{Date, date};

use super::sample::terms;
use super::*;
use crate::domain::id::TenantCode;
use crate::domain::invoice::InvoiceState;
use crate::domain::money::Yen;
use crate::domain::payment::LegalRole;

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn number(unique: u128, secret: u128) -> ElNumber {
    let body = TenantCode::parse("020001").unwrap();
    let terms = terms();
    let seed = NumberSeed { body: &body, institution: &terms.institution_number, unique, secret };
    terms.layout.number.make(seed).unwrap()
}

#[test]
fn r83_a_number_is_made_of_its_layout_and_keeps_its_zeros() {
    let made = number(1_234, 7);
    assert_eq!(made, number(1_234, 7), "the same seed, the same number");
    assert_eq!(made.institution_number, "00581");
    assert_eq!(made.payment_number, "020001000012348", "body, eight digits of its own, a check digit");
    assert_eq!((made.confirmation_number.as_str(), made.payment_category.len()), ("000007", 3));
    assert_ne!(number(1_235, 7).payment_number, made.payment_number);
    assert_eq!(number(100_001_234, 7).payment_number, made.payment_number, "only so many digits are drawn");
    assert_eq!(ElNumber::grouped(&made.payment_number), "0200 0100 0012 348");
    let names: Vec<&str> = made.parts().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["収納機関番号", "納付番号", "確認番号", "納付区分"]);
}

#[test]
fn check_digits_are_data() {
    let rule = |modulus, weights: &[u32], add_digits, ten_is| CheckRule {
        modulus,
        weights: weights.to_vec(),
        add_digits,
        ten_is,
    };
    for (rule, digits, expected) in [
        // Luhn, as on cards.
        (rule(10, &[2, 1], true, 0), "7992739871", Some('3')),
        // As in codes of goods.
        (rule(10, &[3, 1], false, 0), "490123456789", Some('4')),
        (rule(11, &[2, 3, 4, 5, 6, 7], false, 0), "1", Some('9')),
        (rule(11, &[2, 3], false, 5), "6", Some('5')),
        (rule(7, &[1], false, 0), "7", Some('0')),
        (rule(10, &[2, 1], true, 0), "12a", None),
    ] {
        assert_eq!(rule.digit(digits), expected, "{rule:?} {digits}");
    }
    assert!(!rule(12, &[1], false, 0).is_usable() && !rule(10, &[], false, 0).is_usable());
}

#[test]
fn t5_without_terms_for_every_revenue_the_day_and_the_amount_there_is_no_number() {
    let all = [terms()];
    let offered = |revenues: &[&str], owed: i64, day: Date| {
        terms_for(&all, revenues.iter().copied(), yen(owed), day).is_some()
    };
    let day = date(2026, 10, 1);
    assert!(offered(&["08"], 1, day) && offered(&["08", "08"], 300_000, day));
    assert!(!offered(&["09"], 1, day), "another revenue");
    assert!(!offered(&["08", "09"], 1, day), "one line outside is enough");
    assert!(!offered(&[], 1, day));
    assert!(!offered(&["08"], 300_001, day), "above the ceiling");
    assert!(!offered(&["08"], 0, day), "nothing is owed");
    assert!(!offered(&["08"], 1, date(2026, 8, 31)), "before the first day");
    assert!(!offered(&["08"], 1, date(2026, 9, 9)), "before the form of the slip passed");
    assert!(offered(&["08"], 1, date(2026, 9, 10)));
    let ended = [ElQrTerms { valid_to: Some(date(2026, 9, 30)), ..terms() }];
    assert!(terms_for(&ended, ["08"], yen(1), day).is_none(), "after the last day");
    assert!(latest_begun(&ended, day).is_some(), "what was paid under them is still reported");
    assert!(latest_begun(&ended, date(2026, 8, 31)).is_none());
    assert!(terms_for(&[], ["08"], yen(1), day).is_none());
    assert!(with_layout(&all, "a").is_some() && with_layout(&all, "b").is_none());
}

#[test]
fn every_fault_of_the_terms_is_found_at_once() {
    assert_eq!(el_qr_faults(&[terms()]), []);
    let mut wrong = terms();
    wrong.basis = " ".to_owned();
    wrong.institution_number = "58a".to_owned();
    wrong.legal_role = LegalRole::Direct;
    wrong.pays_in_within = None;
    wrong.valid_to = Some(date(2026, 8, 1));
    wrong.layout.number.payment_number = vec![Segment::Body];
    wrong.layout.results.columns.retain(|column| column.value != Field::PaidOn);
    wrong.layout.upload.operations.withdraw = "1".to_owned();
    wrong.layout.acceptance.accepted = Vec::new();
    let places = |all: &[ElQrTerms]| -> Vec<String> {
        el_qr_faults(all).into_iter().map(|fault| fault.pointer.replace("/el_qr/", "")).collect()
    };
    let expected = [
        "0/basis",
        "0/valid_to",
        "0/institution_number",
        "0/pays_in_within",
        "0/legal_role",
        "0/layout/number",
        "0/layout/results",
        "0/layout/upload/operations",
        "0/layout/acceptance/accepted",
    ];
    assert_eq!(places(&[wrong]), expected);
    let next = ElQrTerms { valid_from: date(2027, 4, 1), ..terms() };
    let before = ElQrTerms { valid_to: Some(date(2027, 3, 31)), ..terms() };
    assert_eq!(places(&[before.clone(), next.clone()]), Vec::<String>::new());
    assert_eq!(places(&[terms(), next.clone()]), ["1/valid_from"], "one day has one set of terms");
    let mut other = next;
    other.layout.code.columns.pop();
    assert_eq!(places(&[before, other]), ["1/layout/version"], "a version is one layout");
}

fn slips() -> Vec<Record> {
    let slip = |operation: &str, number: &str, amount| {
        Record::from([
            (Field::Operation, text(operation)),
            (Field::PaymentNumber, text(number)),
            (Field::Amount, Cell::Number(amount)),
        ])
    };
    let mut first = slip("1", "020001000012348", 22_000);
    first.insert(Field::PayableUntil, Cell::Day(date(2026, 10, 31)));
    let mut second = slip("2", "020001000012350", 11_000);
    second.insert(Field::Replaces, text("020001000012348"));
    vec![first, second]
}

#[test]
fn what_a_layout_writes_it_reads_back_and_the_same_again_is_the_same_bytes() {
    let layout = terms().layout.upload.file;
    let head = Record::from([(Field::Body, text("020001"))]);
    let bytes = layout.write(&slips(), &head).unwrap();
    assert_eq!(bytes, layout.write(&slips(), &head).unwrap());
    let (as_text, _, broken) = encoding_rs::SHIFT_JIS.decode(&bytes);
    assert!(!broken && std::str::from_utf8(&bytes).is_err(), "Shift_JIS");
    assert_eq!(
        as_text,
        "納付書情報,020001,2\r\n1,020001000012348,00022000,2026-10-31,\r\n2,020001000012350,00011000,,020001000012348\r\n合計,33000\r\n"
    );
    let (read, faults) = layout.read(&bytes, "020001");
    let read: Vec<Record> = read.into_iter().map(|(_, record)| record).collect();
    assert_eq!((read, faults), (slips(), Vec::new()));
    let (_, faults) = layout.read(&bytes, "022012");
    let faults: Vec<_> = faults.into_iter().map(|fault| (fault.line_no, fault.field, fault.kind)).collect();
    assert_eq!(faults, [(1, Some(Field::Body), FileFaultKind::OtherBody)], "the file of another body");
    let mut wide = slips();
    wide[0].insert(Field::Amount, Cell::Number(100_000_000));
    assert_eq!(layout.write(&wide, &head), None, "an amount that does not fit is not cut");
    wide[0].insert(Field::Amount, Cell::Number(-1));
    assert_eq!(layout.write(&wide, &head), None);
}

#[test]
fn the_code_is_one_line_of_its_layout() {
    let code = terms().layout.code;
    let bytes = code.write(&slips()[..1], &Record::new()).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), "EL020001000012348 0002200020261031\n");
}

/// Results of these lines, with what the header and the trailer say.
fn results(count: &str, lines: &[&str], total: &str) -> Vec<u8> {
    format!("H{count}\n{}\nT{total}\n", lines.join("\n")).into_bytes()
}

const GOOD: &str = "Dk0001 00581020001000012348 000220002026100101";

#[test]
fn r82_results_are_read_line_by_line() {
    let layout = terms().layout;
    let file = results("0001", &[GOOD], "0000022000");
    let Results { paid: lines, canceled } =
        read_results(&layout, &file, ("020001", date(2026, 10, 1))).unwrap();
    assert_eq!(canceled, [], "a layout without kinds knows payments only");
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((line.line_no, line.payment_key.as_str(), line.amount), (2, "k0001", yen(22_000)));
    assert_eq!((line.payment_number.as_str(), line.paid_on), ("020001000012348", date(2026, 10, 1)));
    assert_eq!((line.institution_number.as_deref(), line.channel.as_deref()), (Some("00581"), Some("01")));
}

#[test]
fn r82_a_line_that_takes_a_payment_back_is_told_from_one_that_says_that_it_came() {
    let mut terms = terms();
    let kind = Column { value: Field::Kind, text: None, width: Some(1), pad: None };
    terms.layout.results.columns.push(kind);
    let faults = |terms: &ElQrTerms| -> Vec<String> {
        el_qr_faults(std::slice::from_ref(terms)).into_iter().map(|fault| fault.pointer).collect()
    };
    assert_eq!(faults(&terms), ["/el_qr/0/layout/result_kinds"], "a column without its codes");
    let codes = |code: &str| vec![code.to_owned()];
    terms.layout.result_kinds = Some(ResultKinds { paid: codes("1"), canceled: codes("1") });
    assert_eq!(faults(&terms), ["/el_qr/0/layout/result_kinds"], "they cannot be told apart");
    terms.layout.result_kinds = Some(ResultKinds { paid: codes("1"), canceled: codes("9") });
    assert_eq!(faults(&terms), Vec::<String>::new());

    let read = |kinds: &[&str]| {
        let lines: Vec<String> = kinds.iter().map(|kind| format!("{GOOD}{kind}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let total = format!("{:010}", 22_000 * kinds.len());
        let file = results(&format!("{:04}", kinds.len()), &lines, &total);
        read_results(&terms.layout, &file, ("020001", date(2026, 10, 1)))
    };
    let both = read(&["9", "1"]).unwrap();
    let places = |lines: &[ResultLine]| lines.iter().map(|line| line.line_no).collect::<Vec<_>>();
    assert_eq!((places(&both.paid), places(&both.canceled)), (vec![3], vec![2]), "in whatever order");
    assert_eq!(both.canceled[0].payment_key, both.paid[0].payment_key);
    let kinds = |kinds: &[&str]| -> Vec<(usize, Option<Field>, FileFaultKind)> {
        let faults = read(kinds).unwrap_err();
        faults.into_iter().map(|fault| (fault.line_no, fault.field, fault.kind)).collect()
    };
    let expected = [(3, Some(Field::PaymentKey), FileFaultKind::Duplicate)];
    assert_eq!(kinds(&["9", "9"]), expected, "taken back once");
    let value = FileFaultKind::Value;
    assert_eq!(kinds(&["5", " "]), [(2, Some(Field::Kind), value), (3, Some(Field::Kind), value)]);
}

#[test]
fn every_fault_of_a_file_is_found_at_once_at_its_line_and_column() {
    let layout = terms().layout;
    let faults = |file: &[u8]| -> Vec<String> {
        let found = read_results(&layout, file, ("020001", date(2026, 10, 1))).unwrap_err();
        found
            .into_iter()
            .map(FileFault::fault)
            .map(|fault| format!("{} {}", fault.pointer.replace("/content_base64/", ""), fault.code))
            .collect()
    };
    let file = results(
        "0004",
        &[
            "Xk0001 00581020001000012348 000220002026100101",
            "Dk0002 00581020001000012348 0002x0002026100101",
            "Dk0003 00581020001000012348 00022000202610010",
            "Dk0004 00581020001000012348 000220002026134001",
        ],
        "0000088000",
    );
    let expected =
        ["2/literal not_of_this_layout", "3/amount bad_value", "4/row columns", "5/paid_on bad_value"];
    assert_eq!(faults(&file), expected);
    let lines = [
        GOOD,
        GOOD,
        "Dk0002 00581020001000012348 000220002026100201",
        "D      00581020001000012348 000000002026100101",
    ];
    let file = results("0004", &lines, "0000066000");
    let expected = [
        "3/payment_key duplicate",
        "4/paid_on in_the_future",
        "5/payment_key bad_value",
        "5/amount bad_value",
    ];
    assert_eq!(faults(&file), expected);
    let mixed = [GOOD, "Dk0002 00581020001000012348 0002x0002026100101", GOOD];
    let expected = ["3/amount bad_value", "4/payment_key duplicate"];
    assert_eq!(faults(&results("0003", &mixed, "0000066000")), expected);
    let file = results("0002", &[GOOD], "0000022001");
    assert_eq!(faults(&file), ["1/count does_not_add", "3/total does_not_add"]);
    assert_eq!(faults(b""), ["0/row empty"]);
    assert_eq!(faults(b"H0000\nT0000000000\n"), ["0/row empty"]);
    assert_eq!(faults(b"H0001\r\nx\r\n"), ["0/row unreadable"]);
    assert_eq!(faults(&[0xff, 0xfe]), ["0/row unreadable"]);
}

#[test]
fn r82_a_report_says_of_each_slip_whether_it_was_taken() {
    let layout = terms().layout.acceptance;
    let answers = read_acceptance(&layout, b"0201,0,\n0202,5,E12\n0203,7,\n", "020001").unwrap();
    let outcomes: Vec<Outcome> = answers.into_iter().map(|answer| answer.outcome).collect();
    let refused = |code: &str| Outcome::Refused { code: code.to_owned() };
    assert_eq!(outcomes, [Outcome::Accepted, refused("E12"), refused("7")]);
    let faults = read_acceptance(&layout, b"0201,0,\n0201,0,\n,0,\n", "020001").unwrap_err();
    let kinds: Vec<(usize, FileFaultKind)> = faults.iter().map(|fault| (fault.line_no, fault.kind)).collect();
    assert_eq!(kinds, [(2, FileFaultKind::Duplicate), (3, FileFaultKind::Value)]);
}

#[test]
fn r84_a_slip_is_withdrawn_for_whatever_ends_its_debt_its_amount_or_its_day() {
    use InvoiceState as State;
    use WithdrawalReason as Reason;
    let stands = SlipFacts {
        amount: yen(22_000),
        payable_until: Some(date(2026, 10, 31)),
        invoice: State::Unpaid,
        owed: yen(22_000),
        offer: SlipOffer::Offered,
        today: date(2026, 10, 31),
    };
    for (state, reason) in [
        (State::Unpaid, None),
        (State::Pending, None),
        (State::Entrusted, Some(Reason::PaidOtherwise)),
        (State::Paid, Some(Reason::PaidOtherwise)),
        (State::Overpaid, Some(Reason::PaidOtherwise)),
        (State::PartiallyRefunded, Some(Reason::PaidOtherwise)),
        (State::Refunded, Some(Reason::PaidOtherwise)),
        (State::Waived, Some(Reason::Waived)),
        (State::Canceled, Some(Reason::Canceled)),
        (State::WrittenOff, Some(Reason::WrittenOff)),
    ] {
        assert_eq!(why_withdrawn(SlipFacts { invoice: state, ..stands }), reason, "{state:?}");
    }
    let changed = SlipFacts { owed: yen(11_000), ..stands };
    assert_eq!(why_withdrawn(changed), Some(Reason::AmountChanged));
    let late = SlipFacts { today: date(2026, 11, 1), ..stands };
    assert_eq!(why_withdrawn(late), Some(Reason::Expired));
    assert_eq!(why_withdrawn(SlipFacts { payable_until: None, ..late }), None);
    let off = SlipFacts { offer: SlipOffer::NotOffered, ..stands };
    assert_eq!(why_withdrawn(off), Some(Reason::NotOffered));
}

#[test]
fn a_slip_goes_one_way_and_what_is_said_of_an_older_request_changes_nothing() {
    use SlipState as State;
    let why = Some(WithdrawalReason::PaidOtherwise);
    for state in State::ALL {
        assert_eq!(State::parse(state.as_str()), Some(state));
        let (stands, ends) = (next_step(state, None), next_step(state, why));
        let expected = match state {
            State::Issued => (SlipStep::Add, SlipStep::Drop(WithdrawalReason::PaidOtherwise)),
            State::Uploaded | State::Accepted => {
                (SlipStep::Nothing, SlipStep::Withdraw(WithdrawalReason::PaidOtherwise))
            }
            _ => (SlipStep::Nothing, SlipStep::Nothing),
        };
        assert_eq!((stands, ends), expected, "{state:?}");
        let refused = || Outcome::Refused { code: "E".to_owned() };
        for operation in SlipOperation::ALL {
            for outcome in [Outcome::Accepted, refused()] {
                let withdrawal = operation == SlipOperation::Withdraw;
                let expected = match (state, withdrawal, outcome == Outcome::Accepted) {
                    (State::Uploaded, false, true) => State::Accepted,
                    (State::Uploaded, false, false) => State::Refused,
                    (State::Withdrawing, true, true) => State::Withdrawn,
                    (State::Withdrawing, true, false) => State::WithdrawalRefused,
                    _ => state,
                };
                assert_eq!(
                    state.answered(operation, &outcome),
                    expected,
                    "{state:?} {operation:?} {outcome:?}"
                );
            }
        }
    }
    for reason in WithdrawalReason::ALL {
        assert_eq!(WithdrawalReason::parse(reason.as_str()), Some(reason));
    }
    for operation in SlipOperation::ALL {
        assert_eq!(SlipOperation::parse(operation.as_str()), Some(operation));
    }
}

#[test]
fn r84_a_line_is_a_payment_unless_its_number_amount_or_day_is_not_that_of_a_slip() {
    let known = |state| KnownSlip {
        state,
        amount: yen(22_000),
        issued_on: date(2026, 10, 1),
        institution_number: "00581".to_owned(),
        confirmation_number: "000007".to_owned(),
    };
    let line = ResultLine {
        line_no: 1,
        payment_key: "k".to_owned(),
        institution_number: Some("00581".to_owned()),
        payment_number: "0200".to_owned(),
        confirmation_number: None,
        amount: yen(22_000),
        paid_on: date(2026, 10, 1),
        channel: None,
    };
    for state in SlipState::ALL {
        let expected = if state == SlipState::Withdrawn {
            Verdict::Refer(LineTrouble::Withdrawn)
        } else {
            // Paid twice, or beside another payment: it is booked, and then too much.
            Verdict::Book
        };
        assert_eq!(verdict(Some(&known(state)), &line), expected, "{state:?}");
    }
    let slip = known(SlipState::Accepted);
    let refers = |line: &ResultLine| verdict(Some(&slip), line);
    let unknown = Verdict::Refer(LineTrouble::UnknownNumber);
    assert_eq!(verdict(None, &line), unknown);
    let elsewhere = ResultLine { institution_number: Some("00582".to_owned()), ..line.clone() };
    assert_eq!(refers(&elsewhere), unknown);
    let wrong = ResultLine { confirmation_number: Some("000008".to_owned()), ..line.clone() };
    assert_eq!(refers(&wrong), unknown);
    for amount in [21_999, 22_001] {
        let other = ResultLine { amount: yen(amount), ..line.clone() };
        assert_eq!(refers(&other), Verdict::Refer(LineTrouble::AmountDiffers));
    }
    let early = ResultLine { paid_on: date(2026, 9, 30), ..line.clone() };
    assert_eq!(refers(&early), Verdict::Refer(LineTrouble::BeforeIssue));
    assert_eq!(refers(&early).of_taken_back(), refers(&early), "what is no payment anyhow stays so");
    assert_eq!(refers(&line).of_taken_back(), Verdict::Refer(LineTrouble::TakenBack));
}
