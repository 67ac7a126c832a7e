//! The lines of a payout as an accountant uploads them: a table of comma-separated values with a header.
//!
//! For agents whose report has no documented interface. Columns may stand in any order; all faults are found at once.

use std::collections::BTreeSet;

use encoding_rs::SHIFT_JIS;
use jiff::civil::Date;

use super::{LineKind, SettlementLine, SignedYen};
use crate::domain::fault::Fault;

/// The columns; `line_key`, `merchant_reference`, `gateway_payment_id` and `tax` may be empty.
const COLUMNS: [&str; 9] = [
    "line_key",
    "kind",
    "merchant_reference",
    "gateway_payment_id",
    "gross",
    "fee",
    "tax",
    "net",
    "occurred_on",
];

/// The longest reference, in characters.
const LONGEST: usize = 100;

/// The text of a file in UTF-8, or else in Shift_JIS; none when it is in neither.
pub fn decode(bytes: &[u8]) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.to_owned());
    }
    let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(text.into_owned())
}

/// Reads the lines, numbered from 1 as they stand below the header. Empty rows count for nothing.
pub fn read_csv(text: &str) -> Result<Vec<SettlementLine>, Vec<Fault>> {
    let mut rows = text.trim_start_matches('\u{feff}').lines().map(str::trim_end).zip(0_i64..);
    let Some(header) = rows.next().and_then(|(header, _)| cells(header)) else {
        return Err(vec![fault(0, "header", "見出し行がありません。", "There is no header.")]);
    };
    let missing = COLUMNS.iter().filter(|column| !header.iter().any(|name| name == *column));
    let faults: Vec<Fault> =
        missing.map(|column| fault(0, column, "この列がありません。", "This column is missing.")).collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    let (mut lines, mut faults, mut keys) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (row, number) in rows.filter(|(row, _)| !row.is_empty()) {
        let Some(cells) = cells(row).filter(|cells| cells.len() == header.len()) else {
            faults.push(fault(
                number,
                "row",
                "列の数が違います。",
                "This row has another number of columns.",
            ));
            continue;
        };
        let mut reader = Row { number, header: &header, cells: &cells, faults: Vec::new() };
        let line = reader.line();
        faults.append(&mut reader.faults);
        let Some(line) = line else { continue };
        if keys.insert(line.line_key.clone()) {
            lines.push(line);
        } else {
            faults.push(fault(number, "line_key", "同じ番号の行があります。", "This key stands twice."));
        }
    }
    if lines.is_empty() && faults.is_empty() {
        faults.push(fault(0, "row", "明細がありません。", "There is no line."));
    }
    if faults.is_empty() { Ok(lines) } else { Err(faults) }
}

fn fault(row: i64, column: &str, ja: &str, en: &str) -> Fault {
    Fault::new(format!("/content_base64/{row}/{column}"), "bad_settlement_line", ja, en)
}

/// The cells of a row; a cell may be put in quotation marks. None when a quotation does not end.
pub fn cells(row: &str) -> Option<Vec<String>> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = row.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    (!quoted).then(|| cells.into_iter().map(|cell| cell.trim().to_owned()).collect())
}

/// One row being read.
struct Row<'a> {
    number: i64,
    header: &'a [String],
    cells: &'a [String],
    faults: Vec<Fault>,
}

impl Row<'_> {
    fn line(&mut self) -> Option<SettlementLine> {
        let kind = self.read("kind", LineKind::parse);
        let (gross, fee, net) = (self.amount("gross"), self.amount("fee"), self.amount("net"));
        let tax = if self.cell("tax").is_empty() { Some(SignedYen::ZERO) } else { self.amount("tax") };
        let occurred_on = self.read("occurred_on", |text| text.parse::<Date>().ok());
        let key = self.reference("line_key");
        let merchant_reference = self.reference("merchant_reference");
        let gateway_payment_id = self.reference("gateway_payment_id");
        if !self.faults.is_empty() {
            return None;
        }
        let line = SettlementLine {
            line_key: key.unwrap_or_else(|| self.number.to_string()),
            line_no: self.number,
            kind: kind?,
            merchant_reference,
            gateway_payment_id,
            gross: gross?,
            fee: fee?,
            tax: tax?,
            net: net?,
            occurred_on: occurred_on?,
        };
        let named = line.merchant_reference.is_some() || line.gateway_payment_id.is_some();
        if line.kind.names_a_payment() && !named {
            let (ja, en) = ("支払いの番号がありません。", "The payment is not named.");
            self.faults.push(fault(self.number, "merchant_reference", ja, en));
            return None;
        }
        Some(line)
    }

    fn cell(&self, column: &str) -> &str {
        let place = self.header.iter().position(|name| name == column);
        place.and_then(|place| self.cells.get(place)).map_or("", String::as_str)
    }

    fn read<T>(&mut self, column: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = read(self.cell(column));
        if value.is_none() {
            self.faults.push(fault(
                self.number,
                column,
                "値が正しくありません。",
                "This value is not usable.",
            ));
        }
        value
    }

    fn amount(&mut self, column: &str) -> Option<SignedYen> {
        self.read(column, |text| SignedYen::new(text.parse().ok()?).ok())
    }

    fn reference(&mut self, column: &str) -> Option<String> {
        let usable =
            |text: &str| text.chars().count() <= LONGEST && text.chars().all(|c| c.is_ascii_graphic());
        self.read(column, |text| usable(text).then(|| text.to_owned())).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "line_key,kind,merchant_reference,gateway_payment_id,gross,fee,tax,net,occurred_on";

    #[test]
    fn r78_a_table_is_read_line_by_line() {
        let text = format!(
            "\u{feff}{HEADER}\r\nL1,capture,020001-a,,33000,600,60,32340,2026-03-30\r\n\r\n,fee,,,0,\"500\",,-500,2026-03-31\n"
        );
        let lines = read_csv(&text).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].line_key.as_str(), lines[0].kept(), lines[0].net.amount()), ("L1", 660, 32_340));
        assert_eq!((lines[1].line_key.as_str(), lines[1].kind), ("3", LineKind::Fee));
    }

    #[test]
    fn f37_a_file_in_no_known_writing_is_not_read() {
        assert_eq!(decode("払込".as_bytes()).as_deref(), Some("払込"));
        assert_eq!(decode(&[0x95, 0xa5, 0x8d, 0x9e]).as_deref(), Some("払込"));
        assert_eq!(decode(&[0x95, 0xa5, 0x8d]), None);
    }

    #[test]
    fn every_fault_of_a_table_is_found_at_once() {
        let text = format!(
            "{HEADER}\nL1,capture,,,1,0,0,1,2026-03-30\nL2,gift,a,,x,0,0,1,2026-02-30\nL3,fee\nL4,fee,,,0,1,0,-1,2026-03-31\nL4,fee,,,0,1,0,-1,2026-03-31"
        );
        let places: Vec<String> =
            read_csv(&text).unwrap_err().into_iter().map(|fault| fault.pointer).collect();
        let expected = ["1/merchant_reference", "2/kind", "2/gross", "2/occurred_on", "3/row", "5/line_key"];
        assert_eq!(places, expected.map(|place| format!("/content_base64/{place}")));
        assert_eq!(read_csv("").unwrap_err().len(), 1);
        assert_eq!(read_csv("kind,gross\n").unwrap_err().len(), 7);
        assert!(read_csv(HEADER).is_err());
        assert!(read_csv(&format!("{HEADER}\n\"open,fee,,,0,1,0,-1,2026-03-31")).is_err());
    }
}
