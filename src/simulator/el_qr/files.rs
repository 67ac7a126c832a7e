//! The files of the sample layout `mihon-1`, as the organisation reads and writes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use encoding_rs::SHIFT_JIS;
use jiff::civil::Date;

use super::office::{ElPayment, ElSlip, FEE, Outcome};

/// What a line asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Take the slip, also in the place of another.
    Add,
    /// Take it no more.
    Withdraw,
}

/// A line of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it asks.
    pub operation: Operation,
    /// The slip.
    pub slip: ElSlip,
}

/// An upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The body it is of.
    pub body: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// An upload of this layout; none where it is not.
pub fn read_upload(bytes: &[u8]) -> Option<Upload> {
    let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)?;
    let mut lines: Vec<&str> = text.strip_suffix("\r\n")?.split("\r\n").collect();
    let trailer = lines.pop()?;
    let mut rest = lines.into_iter();
    let head: Vec<&str> = rest.next()?.split(',').collect();
    let ["1", body, "納付書情報"] = head.as_slice() else { return None };
    let lines: Vec<Line> = rest.map(|line| read_line(body, line)).collect::<Option<_>>()?;
    let total: u64 = lines.iter().map(|line| line.slip.amount).sum();
    (trailer == format!("8,{},{total}", lines.len())).then(|| Upload { body: (*body).to_owned(), lines })
}

fn read_line(body: &str, line: &str) -> Option<Line> {
    let cells: Vec<&str> = line.split(',').collect();
    let [
        "2",
        operation,
        institution,
        number,
        confirmation,
        _category,
        amount,
        until,
        _replaces,
        _notice,
        _revenue,
    ] = cells.as_slice()
    else {
        return None;
    };
    let operation = match *operation {
        "1" | "2" => Operation::Add,
        "9" => Operation::Withdraw,
        _ => return None,
    };
    let payable_until = if until.is_empty() { None } else { Some(Date::strptime("%Y%m%d", until).ok()?) };
    let slip = ElSlip {
        body: body.to_owned(),
        institution_number: (*institution).to_owned(),
        payment_number: (*number).to_owned(),
        confirmation_number: (*confirmation).to_owned(),
        amount: amount.parse().ok().filter(|_| amount.len() == 11)?,
        payable_until,
        withdrawn: false,
    };
    Some(Line { operation, slip })
}

/// The report about an upload.
pub fn acceptance(body: &str, outcomes: &[Outcome]) -> Vec<u8> {
    let mut text = format!("1,{body},受付結果\r\n");
    for Outcome { payment_number, refused } in outcomes {
        let (outcome, reason) = refused.map_or(("0", ""), |code| ("1", code));
        // Writing to a text never fails.
        let _ = write!(text, "2,{payment_number},{outcome},{reason}\r\n");
    }
    let _ = write!(text, "8,{}\r\n", outcomes.len());
    SHIFT_JIS.encode(&text).0.into_owned()
}

/// The code of a line that says that a payment came; the organisation of the tests takes none back.
const PAID: &str = "1";

/// The file of payments.
pub fn results(body: &str, told: &[ElPayment], slips: &BTreeMap<String, ElSlip>) -> Vec<u8> {
    let mut text = format!("1{body}\r\n");
    for paid in told {
        let slip = slips.get(&paid.payment_number);
        let institution = slip.map_or("", |slip| slip.institution_number.as_str());
        let confirmation = slip.map_or("", |slip| slip.confirmation_number.as_str());
        let day = paid.paid_on.strftime("%Y%m%d");
        // Writing to a text never fails.
        let _ = write!(
            text,
            "2{:<20}{institution:<5}{:<20}{confirmation:<6}{:011}{day}{:<2}{PAID}\r\n",
            paid.key, paid.payment_number, paid.amount, paid.channel
        );
    }
    let total: u64 = told.iter().map(|paid| paid.amount).sum();
    let _ = write!(text, "8{:06}{total:013}\r\n", told.len());
    text.into_bytes()
}

/// The lines of a payout, as the table that accountants upload.
pub fn payout(sent: &[ElPayment]) -> String {
    let mut text =
        "line_key,kind,merchant_reference,gateway_payment_id,gross,fee,tax,net,occurred_on\n".to_owned();
    for paid in sent {
        let net = paid.amount.saturating_sub(FEE);
        // Writing to a text never fails.
        let _ = writeln!(text, "{0},capture,,{0},{1},{FEE},0,{net},{2}", paid.key, paid.amount, paid.paid_on);
    }
    text
}
