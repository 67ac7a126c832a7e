//! What the organisation decides about slips and payments: pure, from the memory as it is.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::super::state::State;
use super::files::{Line, Operation, Upload};

/// What the organisation keeps of a payment, in yen.
pub const FEE: u64 = 20;

/// A slip as the organisation knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElSlip {
    /// The body it is of.
    pub body: String,
    /// 収納機関番号.
    pub institution_number: String,
    /// 納付番号.
    pub payment_number: String,
    /// 確認番号.
    pub confirmation_number: String,
    /// In yen.
    pub amount: u64,
    /// The last day on which it is taken.
    pub payable_until: Option<Date>,
    /// Whether it is taken no more.
    pub withdrawn: bool,
}

/// A payment that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElPayment {
    /// Its name.
    pub key: String,
    /// The body it is for.
    pub body: String,
    /// 納付番号 of the slip.
    pub payment_number: String,
    /// In yen.
    pub amount: u64,
    /// The day in Japan.
    pub paid_on: Date,
    /// `01` on the site, `02` at a window.
    pub channel: String,
    /// The file that told of it.
    pub told: Option<u64>,
    /// The payout it was in.
    pub payout: Option<u64>,
}

/// What payers really paid by one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ElTruth {
    /// 納付番号.
    pub payment_number: String,
    /// Yen taken.
    pub captured: u64,
    /// How many times: more than one is a double payment.
    pub charges: u32,
}

/// What payers really paid, number by number.
pub fn truth(state: &State) -> Vec<ElTruth> {
    let paid = |slip: &ElSlip| {
        let of_slip = state.el_payments.values().filter(|paid| paid.payment_number == slip.payment_number);
        let (captured, charges) =
            of_slip.fold((0, 0), |(captured, charges), paid| (captured + paid.amount, charges + 1));
        ElTruth { payment_number: slip.payment_number.clone(), captured, charges }
    };
    state.el_slips.values().map(paid).collect()
}

/// What becomes of one line of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// 納付番号.
    pub payment_number: String,
    /// Why not; none: it is taken.
    pub refused: Option<&'static str>,
}

/// Judges the lines of a file in their order; gives the slips that change.
pub fn take(state: &State, file: &Upload) -> (Vec<ElSlip>, Vec<Outcome>) {
    let (mut changed, mut outcomes) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for Line { operation, slip } in &file.lines {
        let known = state.el_slips.get(&slip.payment_number);
        let is_paid = state.el_payments.values().any(|paid| paid.payment_number == slip.payment_number);
        let again = !seen.insert(slip.payment_number.clone());
        let refused = match (operation, known) {
            _ if again => Some("E01"),
            (Operation::Add, Some(_)) => Some("E01"),
            (Operation::Add, None) if slip.amount == 0 => Some("E02"),
            (Operation::Add, None) => None,
            (Operation::Withdraw, None) => Some("E03"),
            (Operation::Withdraw, Some(_)) if is_paid => Some("E04"),
            (Operation::Withdraw, Some(_)) => None,
        };
        if refused.is_none() {
            let withdrawn = *operation == Operation::Withdraw;
            let slip = known.filter(|_| withdrawn).unwrap_or(slip).clone();
            changed.push(ElSlip { withdrawn, ..slip });
        }
        outcomes.push(Outcome { payment_number: slip.payment_number.clone(), refused });
    }
    (changed, outcomes)
}

/// Whether a slip is read at the moment of the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// It is: what was withdrawn, paid or past its day is not taken.
    Reads,
    /// It had been before that, and takes the money all the same.
    HadReadIt,
}

/// Why a payment is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayRefusal {
    /// HTTP status.
    pub status: u16,
    /// What it is.
    pub code: &'static str,
}

/// Takes a payment by a number.
pub fn pay(
    state: &State,
    (number, confirmation): (&str, Option<&str>),
    channel: &str,
    (today, window): (Date, Window),
) -> Result<ElPayment, PayRefusal> {
    let refuse = |status, code| Err(PayRefusal { status, code });
    let Some(slip) = state.el_slips.get(number) else { return refuse(404, "unknown_number") };
    if confirmation.is_some_and(|given| given != slip.confirmation_number) {
        return refuse(404, "unknown_number");
    }
    if window == Window::Reads {
        if slip.withdrawn {
            return refuse(410, "withdrawn");
        }
        if slip.payable_until.is_some_and(|last| last < today) {
            return refuse(410, "expired");
        }
        if state.el_payments.values().any(|paid| paid.payment_number == number) {
            return refuse(409, "paid");
        }
    }
    Ok(ElPayment {
        key: format!("P{:012}", state.el_payments.len() + 1),
        body: slip.body.clone(),
        payment_number: slip.payment_number.clone(),
        amount: slip.amount,
        paid_on: today,
        channel: channel.chars().filter(char::is_ascii_digit).take(2).collect(),
        told: None,
        payout: None,
    })
}

/// The payments of a body that no file has told of, as the next file tells of them.
pub fn to_tell(state: &State, body: &str) -> Vec<ElPayment> {
    let last = state.el_payments.values().filter_map(|paid| paid.told).max().unwrap_or(0);
    let waiting = state.el_payments.values().filter(|paid| paid.body == body && paid.told.is_none());
    waiting.map(|paid| ElPayment { told: Some(last + 1), ..paid.clone() }).collect()
}

/// The payments of a body that were told and are in no payout, as the next one has them.
pub fn to_pay_out(state: &State, body: &str) -> Vec<ElPayment> {
    let last = state.el_payments.values().filter_map(|paid| paid.payout).max().unwrap_or(0);
    let due = |paid: &&ElPayment| paid.body == body && paid.told.is_some() && paid.payout.is_none();
    let waiting = state.el_payments.values().filter(due);
    waiting.map(|paid| ElPayment { payout: Some(last + 1), ..paid.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::el_qr::files::{read_upload, results};
    use crate::simulator::state::Entry;

    const FILE: &str = "1,020001,納付書情報\r\n\
        2,1,58191,02000100000000000011,000123,001,00000022000,20261031,,N1,08\r\n\
        2,1,58191,02000100000000000029,000456,001,00000011000,,,N2,08\r\n8,2,33000\r\n";

    fn file(text: &str) -> Option<Upload> {
        read_upload(&encoding_rs::SHIFT_JIS.encode(text).0)
    }

    fn taken(state: &mut State, text: &str) -> Vec<Option<&'static str>> {
        let (slips, outcomes) = take(state, &file(text).unwrap());
        for slip in slips {
            state.apply(Entry::ElSlip(slip));
        }
        outcomes.into_iter().map(|outcome| outcome.refused).collect()
    }

    #[test]
    fn a_slip_is_taken_once_paid_once_and_taken_back_until_then() {
        let mut state = State::default();
        let today: Date = "2026-10-31".parse().unwrap();
        assert_eq!(taken(&mut state, FILE), [None, None]);
        assert_eq!(taken(&mut state, FILE), [Some("E01"), Some("E01")]);
        let (one, two) = ("02000100000000000011", "02000100000000000029");
        let pays = |state: &State, number, confirmation, day, window| {
            pay(state, (number, confirmation), "02", (day, window)).map_err(|refusal| refusal.code)
        };
        assert_eq!(pays(&state, "0", None, today, Window::Reads), Err("unknown_number"));
        assert_eq!(pays(&state, one, Some("000124"), today, Window::Reads), Err("unknown_number"));
        assert_eq!(pays(&state, one, None, "2026-11-01".parse().unwrap(), Window::Reads), Err("expired"));
        let paid = pays(&state, one, Some("000123"), today, Window::Reads).unwrap();
        assert_eq!((paid.amount, paid.paid_on), (22_000, today));
        state.apply(Entry::ElPayment(paid));
        assert_eq!(pays(&state, one, None, today, Window::Reads), Err("paid"));
        let withdrawn = "1,020001,納付書情報\r\n2,9,58191,02000100000000000011,000123,001,00000022000,20261031,,N1,08\r\n\
            2,9,58191,02000100000000000029,000456,001,00000011000,,,N2,08\r\n8,2,33000\r\n";
        assert_eq!(taken(&mut state, withdrawn), [Some("E04"), None]);
        assert_eq!(pays(&state, two, None, today, Window::Reads), Err("withdrawn"));
        state.apply(Entry::ElPayment(pays(&state, two, None, today, Window::HadReadIt).unwrap()));
        let truth: Vec<(u64, u32)> = truth(&state).into_iter().map(|of| (of.captured, of.charges)).collect();
        assert_eq!(truth, [(22_000, 1), (11_000, 1)]);

        assert_eq!(to_pay_out(&state, "020001"), [], "what nobody was told of is not paid out");
        let told = to_tell(&state, "020001");
        assert_eq!(to_tell(&state, "022012"), [], "another body");
        let text = String::from_utf8(results("020001", &told, &state.el_slips)).unwrap();
        assert_eq!(
            text,
            "1020001\r\n2P000000000001       58191020001000000000000110001230000002200020261031021\r\n\
             2P000000000002       58191020001000000000000290004560000001100020261031021\r\n80000020000000033000\r\n"
        );
        for paid in told {
            state.apply(Entry::ElPayment(paid));
        }
        assert_eq!(to_tell(&state, "020001"), [], "told once");
        assert_eq!(to_pay_out(&state, "020001").len(), 2);
    }

    #[test]
    fn a_file_of_another_layout_is_no_upload() {
        for wrong in [
            FILE.replace("8,2,33000", "8,3,33000"),
            FILE.replace("8,2,33000", "8,2,33001"),
            FILE.replace("1,020001", "0,020001"),
            FILE.replace("2,1,58191", "2,5,58191"),
            FILE.replace("20261031", "20261331"),
            FILE.replace("\r\n", "\n"),
        ] {
            assert_eq!(file(&wrong), None, "{wrong}");
        }
    }
}
