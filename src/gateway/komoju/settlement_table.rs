//! The table of a settlement: comma-separated values in UTF-8 or Shift_JIS, by the names of its columns.
//!
//! The description is not read: it may be about a person. A table that ends in the middle of a row was cut on its way.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{self, Offset};

use crate::domain::calendar::jst_day;
use crate::domain::settlement::{LineKind, SettlementLine, cells, decode};
use crate::gateway::reports::{LineKeys, yen};

/// KOMOJU's clock, where an instant names none.
const TOKYO: Offset = tz::offset(9);

/// What a table says.
pub(super) struct Table {
    /// Its rows, in their order.
    pub lines: Vec<SettlementLine>,
    /// The day of the bank transfer, where all rows name the same.
    pub transfer_on: Option<Date>,
}

/// Reads a table; none when anything in it is not understood.
pub(super) fn read(bytes: &[u8]) -> Option<Table> {
    let text = decode(bytes)?;
    // A row that is whole has its line's end.
    let rows = rows(text.trim_start_matches('\u{feff}').strip_suffix('\n')?)?;
    let (header, rows) = rows.split_first()?;
    let mut keys = LineKeys::default();
    let (mut lines, mut days) = (Vec::with_capacity(rows.len()), Vec::new());
    for (cells, line_no) in rows.iter().zip(1..) {
        let row = Row { header, cells };
        lines.push(row.line(line_no, &mut keys)?);
        days.push(row.transfer_day()?);
    }
    let first = days.first().copied();
    let transfer_on = first.filter(|first| days.iter().all(|day| day == first)).and_then(TransferDay::known);
    Some(Table { lines, transfer_on })
}

/// The rows as cells; a cell in quotation marks may hold line's ends. None when a row has another number of cells.
fn rows(text: &str) -> Option<Vec<Vec<String>>> {
    let (mut found, mut row): (Vec<Vec<String>>, String) = (Vec::new(), String::new());
    for line in text.split('\n') {
        row.push_str(line.trim_end_matches('\r'));
        if row.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
            row.push('\n');
            continue;
        }
        let read = cells(&std::mem::take(&mut row))?;
        if found.first().is_some_and(|header| header.len() != read.len()) {
            return None;
        }
        found.push(read);
    }
    row.is_empty().then_some(found)
}

struct Row<'a> {
    header: &'a [String],
    cells: &'a [String],
}

impl Row<'_> {
    fn line(&self, line_no: i64, keys: &mut LineKeys) -> Option<SettlementLine> {
        let word = self.cell("Type")?;
        let kind = match word {
            "Capture" => LineKind::Capture,
            "Refund" => LineKind::Refund,
            "Chargeback" => LineKind::Chargeback,
            "Correction" => LineKind::Adjustment,
            _ => return None,
        };
        if self.cell("Processing Currency")? != "JPY" || self.cell("Remittance Currency")? != "JPY" {
            return None;
        }
        let instant = self.cell("Timestamp")?;
        let own = Some(self.cell("Transaction UUID")?).filter(|id| !id.is_empty()).unwrap_or(instant);
        let name = |column| Some(self.cell(column)?.to_owned()).filter(|name| !name.is_empty());
        Some(SettlementLine {
            line_key: keys.unique(format!("{}:{own}", kind.as_str())),
            line_no,
            kind,
            merchant_reference: name("Payment External Order#"),
            gateway_payment_id: name("Payment UUID"),
            gross: yen(self.amount("Transaction Amount")?)?,
            fee: yen(self.amount("Fee Amount")?.checked_neg()?)?,
            tax: yen(self.amount("Fee Tax Amount")?.checked_neg()?)?,
            net: yen(self.amount("Settlement Amount")?)?,
            occurred_on: day(instant)?,
        })
        .filter(|line| {
            !kind.names_a_payment() || line.merchant_reference.is_some() || line.gateway_payment_id.is_some()
        })
    }

    fn cell(&self, column: &str) -> Option<&str> {
        let place = self.header.iter().position(|name| name == column)?;
        self.cells.get(place).map(String::as_str)
    }

    fn amount(&self, column: &str) -> Option<i64> {
        self.cell(column)?.parse().ok()
    }

    /// When it is paid out; none where the cell cannot be read.
    fn transfer_day(&self) -> Option<TransferDay> {
        match self.cell("Transfer Date")? {
            "" => Some(TransferDay::Open),
            text => text.parse().ok().map(TransferDay::On),
        }
    }
}

/// When a row is paid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TransferDay {
    /// Nobody has said yet.
    Open,
    /// On this day.
    On(Date),
}

impl TransferDay {
    fn known(self) -> Option<Date> {
        match self {
            Self::Open => None,
            Self::On(day) => Some(day),
        }
    }
}

/// The day in Japan of an instant, or of a date and time of Japan.
fn day(text: &str) -> Option<Date> {
    let instant = text.parse::<Timestamp>().ok();
    let local = || TOKYO.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    instant.or_else(local).map(jst_day)
}
