//! Files that go to the organisation and come from it, as their layout of the configuration says (U-6).
//!
//! One layout writes and reads: what it writes it reads back. A file is read as a whole or not at all, with every fault that
//! it has, each at its line and column.

use std::collections::BTreeMap;

use encoding_rs::SHIFT_JIS;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::file_fault::{FileFault, FileFaultKind};
use crate::domain::money::Yen;
use crate::domain::settlement::cells;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The same text in every line.
    Literal,
    /// What is asked of the organisation about a slip.
    Operation,
    /// 収納機関番号.
    InstitutionNumber,
    /// 納付番号.
    PaymentNumber,
    /// 確認番号.
    ConfirmationNumber,
    /// 納付区分.
    PaymentCategory,
    /// How much, in yen.
    Amount,
    /// The last day on which the slip is taken.
    PayableUntil,
    /// 納付番号 of the slip that this one takes the place of.
    Replaces,
    /// The number of our notice.
    NoticeNumber,
    /// The code of the body.
    Body,
    /// 歳入科目 of the first line.
    Revenue,
    /// How many lines the file has.
    Count,
    /// What the amounts come to.
    Total,
    /// Whether the organisation takes a slip.
    Outcome,
    /// Why not, in its own code.
    Reason,
    /// The organisation's name of one payment.
    PaymentKey,
    /// The day on which the payer paid.
    PaidOn,
    /// By which way the payer paid.
    Channel,
    /// Whether the line says that a payment came, or takes one back.
    Kind,
    /// Nothing that is asked for.
    Ignored,
}

impl Field {
    /// The name in the configuration and in the place of a fault.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Literal => "literal",
            Self::Operation => "operation",
            Self::InstitutionNumber => "institution_number",
            Self::PaymentNumber => "payment_number",
            Self::ConfirmationNumber => "confirmation_number",
            Self::PaymentCategory => "payment_category",
            Self::Amount => "amount",
            Self::PayableUntil => "payable_until",
            Self::Replaces => "replaces",
            Self::NoticeNumber => "notice_number",
            Self::Body => "body",
            Self::Revenue => "revenue",
            Self::Count => "count",
            Self::Total => "total",
            Self::Outcome => "outcome",
            Self::Reason => "reason",
            Self::PaymentKey => "payment_key",
            Self::PaidOn => "paid_on",
            Self::Channel => "channel",
            Self::Kind => "kind",
            Self::Ignored => "ignored",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Amount | Self::Count | Self::Total)
    }

    fn is_day(self) -> bool {
        matches!(self, Self::PayableUntil | Self::PaidOn)
    }
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text; zeros in front count.
    Text(String),
    /// A number.
    Number(i64),
    /// A day.
    Day(Date),
}

/// The values of a line.
pub type Record = BTreeMap<Field, Cell>;

/// What fills a column up to its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pad {
    /// Zeros in front.
    Zero,
    /// Spaces behind.
    Space,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What it holds.
    pub value: Field,
    /// The text of a literal.
    #[serde(default)]
    pub text: Option<String>,
    /// How many characters; none: as many as there are.
    #[serde(default)]
    pub width: Option<usize>,
    /// What fills it up; none: zeros in front of numbers, spaces behind everything else.
    #[serde(default)]
    pub pad: Option<Pad>,
}

/// How columns are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileForm {
    /// By commas.
    Csv,
    /// By their widths.
    Fixed,
}

/// How characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileEncoding {
    /// UTF-8 without a mark.
    Utf8,
    /// Shift_JIS.
    ShiftJis,
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// With LF.
    Lf,
    /// With CR LF.
    Crlf,
}

impl LineEnd {
    fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::Crlf => "\r\n",
        }
    }
}

/// How a day is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateForm {
    /// `20261001`.
    Compact,
    /// `2026-10-01`.
    Iso,
}

impl DateForm {
    fn write(self, day: Date) -> String {
        match self {
            Self::Compact => day.strftime("%Y%m%d").to_string(),
            Self::Iso => day.to_string(),
        }
    }

    fn read(self, text: &str) -> Option<Date> {
        match self {
            Self::Compact => {
                let is_whole = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
                is_whole.then(|| Date::strptime("%Y%m%d", text).ok()).flatten()
            }
            Self::Iso => text.parse().ok().filter(|day: &Date| day.to_string() == text),
        }
    }
}

/// The layout of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLayout {
    /// How columns are told apart.
    pub form: FileForm,
    /// How characters are written.
    pub encoding: FileEncoding,
    /// How a line ends.
    pub line_end: LineEnd,
    /// How a day is written.
    pub date: DateForm,
    /// The first line, where there is one.
    #[serde(default)]
    pub header: Vec<Column>,
    /// The lines.
    pub columns: Vec<Column>,
    /// The last line, where there is one.
    #[serde(default)]
    pub trailer: Vec<Column>,
}

impl FileLayout {
    /// The bytes of a file of these lines; none where a value does not fit into its column. `head` is what header and
    /// trailer say beside count and sum.
    pub fn write(&self, records: &[Record], head: &Record) -> Option<Vec<u8>> {
        let mut around = head.clone();
        around.insert(Field::Count, Cell::Number(i64::try_from(records.len()).ok()?));
        around.insert(Field::Total, Cell::Number(sum(records)?));
        let mut text = String::new();
        let mut line = |columns: &[Column], record: &Record| {
            text.push_str(&self.line(columns, record)?);
            text.push_str(self.line_end.text());
            Some(())
        };
        if !self.header.is_empty() {
            line(&self.header, &around)?;
        }
        for record in records {
            line(&self.columns, record)?;
        }
        if !self.trailer.is_empty() {
            line(&self.trailer, &around)?;
        }
        match self.encoding {
            FileEncoding::Utf8 => Some(text.into_bytes()),
            FileEncoding::ShiftJis => {
                let (bytes, _, lossy) = SHIFT_JIS.encode(&text);
                (!lossy).then(|| bytes.into_owned())
            }
        }
    }

    fn line(&self, columns: &[Column], record: &Record) -> Option<String> {
        let cells = columns.iter().map(|column| column.write(record, self.date));
        let cells: Vec<String> = cells.collect::<Option<_>>()?;
        let is_plain = |cell: &String| !cell.contains([',', '"', '\n', '\r']);
        match self.form {
            FileForm::Fixed => Some(cells.concat()),
            FileForm::Csv => cells.iter().all(is_plain).then(|| cells.join(",")),
        }
    }

    /// The lines of a file that can be read, each with its number, and every fault: the caller uses the lines only where there is
    /// none, but may look for more faults in them. A file or line that names another body than `body` is none of its.
    pub fn read(&self, bytes: &[u8], body: &str) -> (Vec<(usize, Record)>, Vec<FileFault>) {
        let whole = |kind| (Vec::new(), vec![FileFault { line_no: 0, field: None, kind }]);
        let Some(text) = self.decode(bytes) else { return whole(FileFaultKind::Unreadable) };
        let end = self.line_end.text();
        let text = text.strip_suffix(end).unwrap_or(&text);
        if text.is_empty() {
            return whole(FileFaultKind::Empty);
        }
        let lines: Vec<(usize, &str)> = (1..).zip(text.split(end)).collect();
        let first = usize::from(!self.header.is_empty());
        let last = lines.len().saturating_sub(usize::from(!self.trailer.is_empty()));
        let (mut records, mut around, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (line_no, line)) in lines.into_iter().enumerate() {
            let is_body = (first..last).contains(&index);
            let columns = match index {
                _ if is_body => &self.columns,
                0 if first == 1 => &self.header,
                _ => &self.trailer,
            };
            match self.read_line(columns, line_no, line) {
                Ok(record) if is_body => records.push((line_no, record)),
                Ok(record) => around.push((line_no, record)),
                Err(found) => faults.extend(found),
            }
        }
        if !faults.is_empty() {
            return (records, faults);
        }
        if records.is_empty() {
            return whole(FileFaultKind::Empty);
        }
        let mut faults = does_not_add(&records, &around);
        faults.extend(of_another_body(around.iter().chain(&records), body));
        (records, faults)
    }

    fn decode(&self, bytes: &[u8]) -> Option<String> {
        let text = match self.encoding {
            FileEncoding::Utf8 => std::str::from_utf8(bytes).ok()?.to_owned(),
            FileEncoding::ShiftJis => {
                SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)?.into_owned()
            }
        };
        let (breaks, ends) = (text.matches(['\n', '\r']).count(), text.matches(self.line_end.text()).count());
        (breaks == ends * self.line_end.text().len()).then_some(text)
    }

    fn read_line(&self, columns: &[Column], line_no: usize, line: &str) -> Result<Record, Vec<FileFault>> {
        let fault = |field, kind| FileFault { line_no, field, kind };
        let Some(cells) = self.cells(columns, line) else {
            return Err(vec![fault(None, FileFaultKind::Columns)]);
        };
        let (mut record, mut faults) = (Record::new(), Vec::new());
        for (column, cell) in columns.iter().zip(&cells) {
            match column.read(cell, self.date) {
                Ok(Some(value)) => {
                    record.insert(column.value, value);
                }
                Ok(None) => {}
                Err(kind) => faults.push(fault(Some(column.value), kind)),
            }
        }
        if faults.is_empty() { Ok(record) } else { Err(faults) }
    }

    fn cells(&self, columns: &[Column], line: &str) -> Option<Vec<String>> {
        let found: Vec<String> = match self.form {
            FileForm::Csv => cells(line)?,
            FileForm::Fixed => {
                let mut rest = line.chars();
                let cut =
                    columns.iter().map(|column| rest.by_ref().take(column.width.unwrap_or(0)).collect());
                let cut: Vec<String> = cut.collect();
                let width: usize = columns.iter().filter_map(|column| column.width).sum();
                (line.chars().count() == width).then_some(cut)?
            }
        };
        (found.len() == columns.len()).then_some(found)
    }

    /// Whether files can be written and read by it that hold these columns.
    pub fn is_usable(&self, needed: &[Field]) -> bool {
        let has = |field: &Field| self.columns.iter().any(|column| column.value == *field);
        let all = || self.header.iter().chain(&self.columns).chain(&self.trailer);
        let is_whole = |column: &Column| {
            (column.value == Field::Literal) == column.text.is_some()
                && column.width.is_none_or(|width| (1..=400).contains(&width))
                && (self.form == FileForm::Csv || column.width.is_some())
                && column.text.as_ref().is_none_or(|text| !text.contains(['\n', '\r', '"', ',']))
        };
        let mut fields: Vec<Field> = self.columns.iter().map(|column| column.value).collect();
        fields.retain(|field| !matches!(field, Field::Literal | Field::Ignored));
        fields.sort_unstable();
        let count = fields.len();
        fields.dedup();
        needed.iter().all(has) && all().all(is_whole) && fields.len() == count
    }
}

fn sum(records: &[Record]) -> Option<i64> {
    let amount = |record: &Record| match record.get(&Field::Amount) {
        Some(Cell::Number(amount)) => Some(*amount),
        _ => None,
    };
    records.iter().filter_map(amount).try_fold(0_i64, i64::checked_add)
}

/// What header and trailer say that the lines do not come to.
fn does_not_add(records: &[(usize, Record)], around: &[(usize, Record)]) -> Vec<FileFault> {
    let lines: Vec<Record> = records.iter().map(|(_, record)| record.clone()).collect();
    let is = [(Field::Count, i64::try_from(lines.len()).ok()), (Field::Total, sum(&lines))];
    let mut faults = Vec::new();
    for (line_no, record) in around {
        for (field, is) in is {
            let says = record.get(&field);
            if says.is_some_and(|says| is.map(Cell::Number).as_ref() != Some(says)) {
                let kind = FileFaultKind::DoesNotAdd;
                faults.push(FileFault { line_no: *line_no, field: Some(field), kind });
            }
        }
    }
    faults
}

/// Where a file says that it is about another body.
fn of_another_body<'a>(lines: impl Iterator<Item = &'a (usize, Record)>, body: &str) -> Vec<FileFault> {
    let ours = Cell::Text(body.to_owned());
    let others = lines.filter(|(_, record)| record.get(&Field::Body).is_some_and(|named| *named != ours));
    let fault = |line_no| FileFault { line_no, field: Some(Field::Body), kind: FileFaultKind::OtherBody };
    others.map(|(line_no, _)| fault(*line_no)).collect()
}

impl Column {
    fn pad(&self) -> Pad {
        self.pad.unwrap_or(if self.value.is_number() { Pad::Zero } else { Pad::Space })
    }

    fn write(&self, record: &Record, date: DateForm) -> Option<String> {
        let text = match (self.value, record.get(&self.value)) {
            (Field::Literal, _) => self.text.clone().unwrap_or_default(),
            (_, Some(Cell::Text(text))) => text.clone(),
            (_, Some(Cell::Number(number))) if *number >= 0 => number.to_string(),
            (_, Some(Cell::Number(_))) => return None,
            (_, Some(Cell::Day(day))) => date.write(*day),
            (_, None) => String::new(),
        };
        let Some(width) = self.width else { return Some(text) };
        let length = text.chars().count();
        let fill = width.checked_sub(length)?;
        Some(match self.pad() {
            Pad::Zero if length > 0 => format!("{}{text}", "0".repeat(fill)),
            _ => format!("{text}{}", " ".repeat(fill)),
        })
    }

    /// The value of a cell; nothing where it is empty or of no matter.
    fn read(&self, cell: &str, date: DateForm) -> Result<Option<Cell>, FileFaultKind> {
        let text = cell.trim_end_matches(' ');
        let is_written_so = self.width.is_none_or(|width| cell.chars().count() <= width);
        if !is_written_so {
            return Err(FileFaultKind::Value);
        }
        if self.value == Field::Literal {
            let same = self.text.as_deref().is_some_and(|expected| expected.trim_end_matches(' ') == text);
            return if same { Ok(None) } else { Err(FileFaultKind::Literal) };
        }
        if text.is_empty() || self.value == Field::Ignored {
            return Ok(None);
        }
        if self.value.is_number() {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|number| digits && Yen::new(*number).is_ok());
            return number.map(|number| Some(Cell::Number(number))).ok_or(FileFaultKind::Value);
        }
        if self.value.is_day() {
            return date.read(text).map(|day| Some(Cell::Day(day))).ok_or(FileFaultKind::Value);
        }
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_plain { Ok(Some(Cell::Text(text.to_owned()))) } else { Err(FileFaultKind::Value) }
    }
}
