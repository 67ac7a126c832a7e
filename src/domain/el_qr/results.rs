//! What the organisation says was paid (納付情報・消込), and whether a slip was taken: read as a whole, judged line by line.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::file::{Cell, Field, Record};
use super::file_fault::{FileFault, FileFaultKind};
use super::slip::SlipState;
use super::terms::{AcceptanceLayout, ElQrLayout};
use crate::domain::money::Yen;

/// A payment as the organisation reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultLine {
    /// Its line in the file, from 1.
    pub line_no: usize,
    /// The organisation's name of the payment.
    pub payment_key: String,
    /// 収納機関番号, where the layout has it.
    pub institution_number: Option<String>,
    /// 納付番号.
    pub payment_number: String,
    /// 確認番号, where the layout has it.
    pub confirmation_number: Option<String>,
    /// How much.
    pub amount: Yen,
    /// The day on which the payer paid.
    pub paid_on: Date,
    /// By which way, in the organisation's own code.
    pub channel: Option<String>,
}

/// What a file of results says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// Payments that came.
    pub paid: Vec<ResultLine>,
    /// Payments that are taken back (収納取消), each as the line states it; its day may be that of the cancellation.
    pub canceled: Vec<ResultLine>,
}

fn text(record: &Record, field: Field) -> Option<String> {
    match record.get(&field) {
        Some(Cell::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

/// What a line says of its payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum LineKind {
    Paid,
    Canceled,
}

/// What a line says of its payment; none where it says something that the layout does not know.
fn line_kind(layout: &ElQrLayout, record: &Record) -> Option<LineKind> {
    let Some(kinds) = &layout.result_kinds else { return Some(LineKind::Paid) };
    let code = text(record, Field::Kind)?;
    if kinds.canceled.contains(&code) {
        return Some(LineKind::Canceled);
    }
    kinds.paid.contains(&code).then_some(LineKind::Paid)
}

/// What a file of results of a body says, or every fault; a payment comes in it once and is taken back once at most, and nothing is on
/// a day that has not come.
pub fn read_results(
    layout: &ElQrLayout,
    bytes: &[u8],
    (body, today): (&str, Date),
) -> Result<Results, Vec<FileFault>> {
    let (records, mut faults) = layout.results.read(bytes, body);
    let (mut results, mut keys) = (Results::default(), BTreeSet::new());
    for (line_no, record) in records {
        let mut missing = |field: Field, kind| faults.push(FileFault { line_no, field: Some(field), kind });
        let Some(kind) = line_kind(layout, &record) else {
            missing(Field::Kind, FileFaultKind::Value);
            continue;
        };
        let amount = match record.get(&Field::Amount) {
            Some(Cell::Number(amount)) => Yen::new(*amount).ok().filter(|amount| *amount > Yen::ZERO),
            _ => None,
        };
        let paid_on = match record.get(&Field::PaidOn) {
            Some(Cell::Day(day)) => Some(*day),
            _ => None,
        };
        let (key, number) = (text(&record, Field::PaymentKey), text(&record, Field::PaymentNumber));
        for (field, is_there) in [
            (Field::PaymentKey, key.is_some()),
            (Field::PaymentNumber, number.is_some()),
            (Field::Amount, amount.is_some()),
            (Field::PaidOn, paid_on.is_some()),
        ] {
            if !is_there {
                missing(field, FileFaultKind::Value);
            }
        }
        if paid_on.is_some_and(|day| day > today) {
            missing(Field::PaidOn, FileFaultKind::InTheFuture);
        }
        if key.as_ref().is_some_and(|key| !keys.insert((kind, key.clone()))) {
            missing(Field::PaymentKey, FileFaultKind::Duplicate);
        }
        let (Some(payment_key), Some(payment_number), Some(amount), Some(paid_on)) =
            (key, number, amount, paid_on)
        else {
            continue;
        };
        let lines = match kind {
            LineKind::Paid => &mut results.paid,
            LineKind::Canceled => &mut results.canceled,
        };
        lines.push(ResultLine {
            line_no,
            payment_key,
            institution_number: text(&record, Field::InstitutionNumber),
            payment_number,
            confirmation_number: text(&record, Field::ConfirmationNumber),
            amount,
            paid_on,
            channel: text(&record, Field::Channel),
        });
    }
    in_order(results, faults)
}

/// What was read where nothing is wrong, else every fault in the order of the lines.
fn in_order<T>(read: T, mut faults: Vec<FileFault>) -> Result<T, Vec<FileFault>> {
    faults.sort_by_key(|fault| fault.line_no);
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// What the organisation says of one slip of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The line of the report, from 1.
    pub line_no: usize,
    /// 納付番号 of the slip.
    pub payment_number: String,
    /// What became of what was asked.
    pub outcome: Outcome,
}

/// Whether the organisation took what was asked about a slip, with its own code of the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did.
    Accepted,
    /// It did not.
    Refused {
        /// Its own code of the reason, else of the outcome.
        code: String,
    },
}

/// The lines of a report about an upload of a body, or every fault; a slip stands in it once.
pub fn read_acceptance(
    layout: &AcceptanceLayout,
    bytes: &[u8],
    body: &str,
) -> Result<Vec<Answer>, Vec<FileFault>> {
    let (records, mut faults) = layout.file.read(bytes, body);
    let (mut answers, mut numbers) = (Vec::new(), BTreeSet::new());
    for (line_no, record) in records {
        let number = text(&record, Field::PaymentNumber);
        let outcome = text(&record, Field::Outcome);
        for (field, value) in [(Field::PaymentNumber, &number), (Field::Outcome, &outcome)] {
            if value.is_none() {
                faults.push(FileFault { line_no, field: Some(field), kind: FileFaultKind::Value });
            }
        }
        let (Some(payment_number), Some(outcome)) = (number, outcome) else { continue };
        if !numbers.insert(payment_number.clone()) {
            let kind = FileFaultKind::Duplicate;
            faults.push(FileFault { line_no, field: Some(Field::PaymentNumber), kind });
        }
        let outcome = if layout.accepted.contains(&outcome) {
            Outcome::Accepted
        } else {
            Outcome::Refused { code: text(&record, Field::Reason).unwrap_or(outcome) }
        };
        answers.push(Answer { line_no, payment_number, outcome });
    }
    in_order(answers, faults)
}

/// A slip that a line names.
#[derive(Clone, Debug)]
pub struct KnownSlip {
    /// Where it stands.
    pub state: SlipState,
    /// What it is over.
    pub amount: Yen,
    /// The day on which its number was made.
    pub issued_on: Date,
    /// 収納機関番号.
    pub institution_number: String,
    /// 確認番号.
    pub confirmation_number: String,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its money is a payment of the slip's debt, whether or not that is paid already: then it is too much.
    Book,
    /// A person must look at it; the line stays.
    Refer(LineTrouble),
}

impl Verdict {
    /// The verdict where the organisation has taken the payment back before it was booked: nothing is booked by itself.
    #[must_use]
    pub fn of_taken_back(self) -> Self {
        match self {
            Self::Book => Self::Refer(LineTrouble::TakenBack),
            Self::Refer(trouble) => Self::Refer(trouble),
        }
    }
}

/// Why a line is no payment by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineTrouble {
    /// No slip of the body has this number.
    UnknownNumber,
    /// The slip was withdrawn, and the organisation had agreed to that.
    Withdrawn,
    /// The amount is not that of the slip.
    AmountDiffers,
    /// It was paid before there was a number.
    BeforeIssue,
    /// The organisation took it back before it was booked (収納取消).
    TakenBack,
}

impl LineTrouble {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::UnknownNumber, Self::Withdrawn, Self::AmountDiffers, Self::BeforeIssue, Self::TakenBack];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownNumber => "unknown_number",
            Self::Withdrawn => "withdrawn",
            Self::AmountDiffers => "amount_differs",
            Self::BeforeIssue => "before_issue",
            Self::TakenBack => "taken_back",
        }
    }
}

/// Judges a line. A number that is right but for its institution or its 確認番号 is no number of ours.
pub fn verdict(slip: Option<&KnownSlip>, line: &ResultLine) -> Verdict {
    let fits = |said: Option<&str>, ours: &str| said.is_none_or(|said| said == ours);
    let slip = slip.filter(|slip| {
        fits(line.institution_number.as_deref(), &slip.institution_number)
            && fits(line.confirmation_number.as_deref(), &slip.confirmation_number)
    });
    let Some(slip) = slip else { return Verdict::Refer(LineTrouble::UnknownNumber) };
    if slip.amount != line.amount {
        return Verdict::Refer(LineTrouble::AmountDiffers);
    }
    if line.paid_on < slip.issued_on {
        return Verdict::Refer(LineTrouble::BeforeIssue);
    }
    if slip.state == SlipState::Withdrawn {
        return Verdict::Refer(LineTrouble::Withdrawn);
    }
    Verdict::Book
}
