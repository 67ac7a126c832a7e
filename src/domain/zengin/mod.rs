//! The transfer file of the banks (全銀協規定形式 総合振込, R-99): what a bank is asked to pay, as records of 120 bytes.
//!
//! Purpose: print and parse the file exactly. Invariants: every record is 120 bytes of JIS X 0201; numbers are
//! right-justified with zeros, texts left-justified with spaces; the trailer's count and sum are those of the data
//! records; parsing what was printed gives it back. Names hold only what banks take ([`BankText`], R-100).

mod kana;
mod record;

#[cfg(test)]
mod tests;

use crate::domain::money::{Yen, YenOutOfRange};

pub use kana::{BankText, NotABankText};

use record::{Reader, Record};

/// Bytes of one record.
pub const RECORD_BYTES: usize = 120;

/// The kind of an account (預金種目).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// 普通.
    Ordinary,
    /// 当座.
    Checking,
    /// 貯蓄.
    Savings,
    /// その他.
    Other,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Ordinary, Self::Checking, Self::Savings, Self::Other];

    fn digit(self) -> u8 {
        match self {
            Self::Ordinary => b'1',
            Self::Checking => b'2',
            Self::Savings => b'4',
            Self::Other => b'9',
        }
    }

    fn of_digit(digit: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.digit() == digit)
    }
}

/// A number of exactly `N` digits that is kept as text, with its leading zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digits<const N: usize>([u8; N]);

impl<const N: usize> Digits<N> {
    /// Takes exactly `N` digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; N] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_digit).then_some(Self(bytes))
    }

    /// The digits.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// A bank account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BankAccount {
    /// 銀行番号.
    pub bank_code: Digits<4>,
    /// 銀行名, at most 15.
    pub bank_name: BankText<15>,
    /// 支店番号.
    pub branch_code: Digits<3>,
    /// 支店名, at most 15.
    pub branch_name: BankText<15>,
    /// 預金種目.
    pub kind: AccountKind,
    /// 口座番号.
    pub number: Digits<7>,
}

/// A bank account as somebody writes it down.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountText {
    /// 銀行番号, four digits.
    pub bank_code: String,
    /// 銀行名 in katakana.
    pub bank_name: String,
    /// 支店番号, three digits.
    pub branch_code: String,
    /// 支店名 in katakana.
    pub branch_name: String,
    /// 預金種目.
    pub kind: AccountKind,
    /// 口座番号, seven digits.
    pub number: String,
}

impl AccountText {
    /// The account, or the name of the field that cannot be read.
    pub fn read(&self) -> Result<BankAccount, &'static str> {
        Ok(BankAccount {
            bank_code: Digits::parse(&self.bank_code).ok_or("bank_code")?,
            bank_name: BankText::of_name(&self.bank_name).map_err(|_| "bank_name")?,
            branch_code: Digits::parse(&self.branch_code).ok_or("branch_code")?,
            branch_name: BankText::of_name(&self.branch_name).map_err(|_| "branch_name")?,
            kind: self.kind,
            number: Digits::parse(&self.number).ok_or("number")?,
        })
    }
}

/// Who asks the bank, and when it is to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferHeader {
    /// 委託者コード.
    pub requester_code: Digits<10>,
    /// 委託者名.
    pub requester_name: BankText<40>,
    /// 振込指定日: month and day.
    pub transfer_on: (i8, i8),
    /// The account it is paid from.
    pub from: BankAccount,
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The account it goes to.
    pub to: BankAccount,
    /// 受取人名.
    pub payee: BankText<30>,
    /// How much; at most ten digits.
    pub amount: Yen,
    /// 顧客コード1: our own reference.
    pub reference: Digits<10>,
}

/// A whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferFile {
    /// The first record.
    pub header: TransferHeader,
    /// The payments.
    pub transfers: Vec<Transfer>,
}

/// Bytes that are no such file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotATransferFile {
    /// A line has another length.
    #[error("a record is not 120 bytes long")]
    Length,
    /// Another record is expected here.
    #[error("record {record} is of another kind")]
    RecordKind {
        /// Counted from 1.
        record: usize,
    },
    /// A field holds something else.
    #[error("record {record} cannot be read")]
    Field {
        /// Counted from 1.
        record: usize,
    },
    /// The trailer does not sum up the data records.
    #[error("count or sum of the trailer are wrong")]
    Trailer,
}

/// The sum of all payments.
pub fn total(transfers: &[Transfer]) -> Result<Yen, YenOutOfRange> {
    Yen::sum(transfers.iter().map(|transfer| transfer.amount))
}

/// Writes the file: header, data, trailer, end, each followed by CRLF.
pub fn print(file: &TransferFile) -> Result<Vec<u8>, YenOutOfRange> {
    let mut lines = vec![print_header(&file.header)];
    lines.extend(file.transfers.iter().map(print_transfer));
    let count = u64::try_from(file.transfers.len()).map_err(|_| YenOutOfRange)?;
    let sum = total(&file.transfers)?;
    if count > 999_999 || file.transfers.iter().any(|transfer| transfer.amount.amount() > 9_999_999_999) {
        return Err(YenOutOfRange);
    }
    let mut trailer = Record::new(b'8');
    trailer.number(6, count).yen(12, sum);
    lines.push(trailer.finish());
    lines.push(Record::new(b'9').finish());
    Ok(lines.into_iter().flat_map(|line| [line, b"\r\n".to_vec()].concat()).collect())
}

fn print_header(header: &TransferHeader) -> Vec<u8> {
    let mut record = Record::new(b'1');
    record.raw(b"210").raw(&header.requester_code.0).text(&header.requester_name);
    let (month, day) = header.transfer_on;
    record.number(2, u64::try_from(month).unwrap_or(0)).number(2, u64::try_from(day).unwrap_or(0));
    let from = &header.from;
    record.raw(&from.bank_code.0).text(&from.bank_name).raw(&from.branch_code.0).text(&from.branch_name);
    record.raw(&[from.kind.digit()]).raw(&from.number.0);
    record.finish()
}

fn print_transfer(transfer: &Transfer) -> Vec<u8> {
    let mut record = Record::new(b'2');
    let to = &transfer.to;
    record.raw(&to.bank_code.0).text(&to.bank_name).raw(&to.branch_code.0).text(&to.branch_name);
    // 手形交換所番号 is not used; 新規コード 0: no first transfer to be marked.
    record.raw(b"    ").raw(&[to.kind.digit()]).raw(&to.number.0).text(&transfer.payee);
    record.yen(10, transfer.amount).raw(b"0").raw(&transfer.reference.0).raw(b"0000000000");
    // 振込指定区分 7: by wire (電信).
    record.raw(b"7");
    record.finish()
}

/// Reads a file; the lines end with CRLF or follow each other without an end.
pub fn parse(bytes: &[u8]) -> Result<TransferFile, NotATransferFile> {
    let lines = split(bytes)?;
    let (Some((first, rest)), true) = (lines.split_first(), lines.len() >= 3) else {
        return Err(NotATransferFile::Length);
    };
    let last = rest.len();
    let header = parse_header(first).ok_or(NotATransferFile::Field { record: 1 })?;
    let (data, ends) = rest.split_at(last.saturating_sub(2));
    let mut transfers = Vec::with_capacity(data.len());
    for (line, record) in data.iter().zip(2..) {
        if line.first() != Some(&b'2') {
            return Err(NotATransferFile::RecordKind { record });
        }
        transfers.push(parse_transfer(line).ok_or(NotATransferFile::Field { record })?);
    }
    let [trailer, end] = ends else { return Err(NotATransferFile::Length) };
    if trailer.first() != Some(&b'8') {
        return Err(NotATransferFile::RecordKind { record: last });
    }
    if end.first() != Some(&b'9') {
        return Err(NotATransferFile::RecordKind { record: last.saturating_add(1) });
    }
    let mut reader = Reader::new(trailer);
    let stated = (reader.number(6), reader.number(12));
    let sum = total(&transfers).ok().and_then(|sum| u64::try_from(sum.amount()).ok());
    if stated != (u64::try_from(transfers.len()).ok(), sum) {
        return Err(NotATransferFile::Trailer);
    }
    Ok(TransferFile { header, transfers })
}

fn split(bytes: &[u8]) -> Result<Vec<&[u8]>, NotATransferFile> {
    let lines: Vec<&[u8]> = if bytes.contains(&b'\n') {
        let bytes = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
        bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
    } else {
        bytes.chunks(RECORD_BYTES).collect()
    };
    if lines.iter().all(|line| line.len() == RECORD_BYTES) {
        Ok(lines)
    } else {
        Err(NotATransferFile::Length)
    }
}

fn parse_header(line: &[u8]) -> Option<TransferHeader> {
    let mut reader = Reader::new(line);
    (line.first() == Some(&b'1') && reader.take(3)? == b"210").then_some(())?;
    let requester_code = reader.digits()?;
    let requester_name = reader.text()?;
    let month = i8::try_from(reader.number(2)?).ok().filter(|month| (1..=12).contains(month))?;
    let day = i8::try_from(reader.number(2)?).ok().filter(|day| (1..=31).contains(day))?;
    let (bank_code, bank_name, branch_code, branch_name) =
        (reader.digits()?, reader.text()?, reader.digits()?, reader.text()?);
    let kind = reader.take(1)?.first().and_then(|digit| AccountKind::of_digit(*digit))?;
    let from = BankAccount { bank_code, bank_name, branch_code, branch_name, kind, number: reader.digits()? };
    Some(TransferHeader { requester_code, requester_name, transfer_on: (month, day), from })
}

fn parse_transfer(line: &[u8]) -> Option<Transfer> {
    let mut reader = Reader::new(line);
    let (bank_code, bank_name, branch_code, branch_name) =
        (reader.digits()?, reader.text()?, reader.digits()?, reader.text()?);
    reader.take(4)?;
    let kind = reader.take(1)?.first().and_then(|digit| AccountKind::of_digit(*digit))?;
    let to = BankAccount { bank_code, bank_name, branch_code, branch_name, kind, number: reader.digits()? };
    let payee = reader.text()?;
    let amount = Yen::new(i64::try_from(reader.number(10)?).ok()?).ok()?;
    reader.take(1)?;
    Some(Transfer { to, payee, amount, reference: reader.digits()? })
}
