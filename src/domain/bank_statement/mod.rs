//! What a bank says came in (入出金取引明細): the banks' own file, or a plain table.
//!
//! Purpose: one shape of a credit, whoever printed it. A file is taken as a whole or not at all: everything that is wrong
//! with it is listed at once, line by line. Only money that came in is of interest; what went out is counted and checked
//! against the trailer, then left.

mod table;
mod zengin;

use jiff::civil::Date;

use crate::domain::money::Yen;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementFormat {
    /// 全銀協規定形式 入出金取引明細: records of 200 bytes in JIS X 0201.
    Zengin,
    /// A table with commas in UTF-8, see [`COLUMNS`].
    Table,
}

impl StatementFormat {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Zengin, Self::Table];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zengin => "zengin",
            Self::Table => "csv",
        }
    }

    /// The format of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }
}

/// The header of a table: day of the credit (ISO 8601), yen, who sent it, the bank's remark.
pub const COLUMNS: [&str; 4] = ["取引日", "入金額", "振込依頼人名", "摘要"];

/// The most lines of one file.
pub const MOST_LINES: usize = 20_000;

/// One credit (入金).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Its place in the file, from 1.
    pub line_no: usize,
    /// The day on which the bank booked it (勘定日).
    pub credited_on: Date,
    /// How much, in yen; never zero.
    pub amount: Yen,
    /// Who sent it (振込依頼人名).
    pub remitter: String,
    /// The bank's remark (摘要).
    pub remark: String,
    /// What tells it from every other credit of the account: the bank's own number (照会番号), or its content with its
    /// place among equal ones of the day. The same credit in two files has the same key.
    pub key: String,
}

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// What came in, in the order of the file.
    pub credits: Vec<Credit>,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineFaultKind {
    /// It is not as long as a record, or has not as many columns.
    Length,
    /// Another record is expected here.
    RecordKind,
    /// A day cannot be read.
    Day,
    /// An amount cannot be read, is zero or too large.
    Amount,
    /// A text has other characters than the format allows.
    Text,
    /// Count or sum of the trailer are not those of the lines.
    Trailer,
    /// There is nothing in it.
    Empty,
    /// There is more than one file may hold.
    TooMany,
}

impl LineFaultKind {
    /// The stable code of the contract.
    pub fn code(self) -> &'static str {
        match self {
            Self::Length => "line_length",
            Self::RecordKind => "record_kind",
            Self::Day => "day",
            Self::Amount => "amount",
            Self::Text => "text",
            Self::Trailer => "trailer",
            Self::Empty => "empty",
            Self::TooMany => "too_many_lines",
        }
    }

    /// The sentences in Japanese and English.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Length => ("長さまたは列の数が違います。", "has a wrong length or number of columns."),
            Self::RecordKind => ("レコードの種類が違います。", "is a record of another kind."),
            Self::Day => ("日付を読み取れません。", "has a day that cannot be read."),
            Self::Amount => ("金額を読み取れません。", "has an amount that cannot be read."),
            Self::Text => ("使えない文字があります。", "has characters that cannot be used."),
            Self::Trailer => ("件数または合計が明細と一致しません。", "does not sum up the lines."),
            Self::Empty => ("明細がありません。", "has nothing in it."),
            Self::TooMany => ("明細が多すぎます。", "has too many lines."),
        }
    }
}

/// A fault with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// The line, from 1.
    pub line_no: usize,
    /// What is wrong.
    pub kind: LineFaultKind,
}

/// Reads a file, or names everything that is wrong with it. `read_on`: the JST day, next to which years of two digits lie.
pub fn read(format: StatementFormat, bytes: &[u8], read_on: Date) -> Result<Statement, Vec<LineFault>> {
    let mut reading = Reading::default();
    match format {
        StatementFormat::Zengin => zengin::read(bytes, read_on, &mut reading),
        StatementFormat::Table => table::read(bytes, &mut reading),
    }
    if reading.lines == 0 && reading.faults.is_empty() {
        reading.fault(1, LineFaultKind::Empty);
    }
    if reading.faults.is_empty() { Ok(Statement { credits: reading.credits }) } else { Err(reading.faults) }
}

/// A file being read.
#[derive(Debug, Default)]
struct Reading {
    credits: Vec<Credit>,
    faults: Vec<LineFault>,
    lines: usize,
}

impl Reading {
    fn fault(&mut self, line_no: usize, kind: LineFaultKind) {
        self.faults.push(LineFault { line_no, kind });
    }

    /// Keeps what is there; a missing value is a fault.
    fn want<T>(&mut self, line_no: usize, kind: LineFaultKind, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.fault(line_no, kind);
        }
        value
    }
}

/// Numbers equal contents, so that each has a key of its own.
#[derive(Debug, Default)]
struct Twins(std::collections::HashMap<String, usize>);

impl Twins {
    fn key(&mut self, content: &str) -> String {
        let seen = self.0.entry(content.to_owned()).or_default();
        *seen += 1;
        format!("{content}#{seen}")
    }
}

#[cfg(test)]
mod tests;
