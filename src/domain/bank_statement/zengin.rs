//! 全銀協規定形式 入出金取引明細 (種別コード 03): records of 200 bytes.
//!
//! ```text
//! 1 header   データ区分 1 · 種別 2 (03) · コード区分 1 · 作成日 6 · 勘定日自 6 · 至 6 · 銀行 4 · 銀行名 15 · 支店 3 · 支店名 15 ·
//!            ダミー 3 · 預金種目 1 · 口座番号 10 · 口座名 40 · 貸越区分 1 · 通帳区分 1 · 取引前残高 14 · ダミー 71
//! 2 data     データ区分 1 · 照会番号 8 · 勘定日 6 · 起算日 6 · 入払区分 1 · 取引区分 2 · 取引金額 12 · うち他店券 12 · 呈示日 6 ·
//!            不渡返還日 6 · 手形区分 1 · 手形番号 7 · 僚店番号 3 · 依頼人コード 10 · 依頼人名 48 · 仕向銀行 15 · 仕向店 15 ·
//!            摘要 20 · EDI情報 20 · ダミー 1
//! 8 trailer  データ区分 1 · 入金件数 6 · 入金額 13 · 出金件数 6 · 出金額 13 · 貸越区分 1 · 取引後残高 14 · データ件数 7 · ダミー 139
//! 9 end      データ区分 1 · ダミー 199
//! ```
//!
//! Days are YYMMDD. Some banks write the year of the era, some the last digits of the Christian year; the two are eighteen
//! years apart in 令和, so the one nearer to the day of reading is meant.

use jiff::civil::Date;

use super::{Credit, LineFaultKind, Reading, Twins};
use crate::domain::money::Yen;

/// Bytes of a record.
const RECORD_BYTES: usize = 200;

/// What the lines of an account come to: count and sum of what came in, then of what went out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    came: (u64, u64),
    went: (u64, u64),
}

/// The account that is being read.
#[derive(Debug, Default)]
struct Account {
    name: String,
    sums: Sums,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Header,
    DataOrTrailer,
    HeaderOrEnd,
    Nothing,
}

pub(super) fn read(bytes: &[u8], read_on: Date, reading: &mut Reading) {
    let (mut expect, mut account, mut twins) = (Expect::Header, Account::default(), Twins::default());
    let mut last = 0;
    for (line, line_no) in split(bytes).into_iter().zip(1..) {
        last = line_no;
        if line.len() != RECORD_BYTES {
            reading.fault(line_no, LineFaultKind::Length);
            continue;
        }
        match (line.first(), expect) {
            (Some(b'1'), Expect::Header | Expect::HeaderOrEnd) => {
                let header = header(line);
                account = Account { name: header.clone().unwrap_or_default(), sums: Sums::default() };
                reading.want(line_no, LineFaultKind::RecordKind, header);
                expect = Expect::DataOrTrailer;
            }
            (Some(b'2'), Expect::DataOrTrailer) => {
                reading.lines += 1;
                if reading.lines > super::MOST_LINES {
                    return reading.fault(line_no, LineFaultKind::TooMany);
                }
                data((line, line_no), read_on, &mut account, &mut twins, reading);
            }
            (Some(b'8'), Expect::DataOrTrailer) => {
                let stated = trailer(line);
                if stated.is_none_or(|stated| stated != account.sums) {
                    reading.fault(line_no, LineFaultKind::Trailer);
                }
                expect = Expect::HeaderOrEnd;
            }
            (Some(b'9'), Expect::HeaderOrEnd) => expect = Expect::Nothing,
            _ => reading.fault(line_no, LineFaultKind::RecordKind),
        }
    }
    // A file that stops before its end record was cut off.
    if expect != Expect::Nothing {
        reading.fault(last + 1, LineFaultKind::RecordKind);
    }
}

/// The records: a line each, or one after the other without line ends.
fn split(bytes: &[u8]) -> Vec<&[u8]> {
    if !bytes.contains(&b'\n') {
        return bytes.chunks(RECORD_BYTES).collect();
    }
    // Some banks' programs still append the end-of-file character.
    let bytes = bytes.strip_suffix(b"\x1a").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
}

/// Bytes from `from` (counted from 0), `width` of them.
fn field(line: &[u8], from: usize, width: usize) -> &[u8] {
    line.get(from..from + width).unwrap_or_default()
}

fn number(line: &[u8], from: usize, width: usize) -> Option<u64> {
    let digits = field(line, from, width);
    digits.iter().all(u8::is_ascii_digit).then_some(())?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A text of JIS X 0201: what is Latin stays, the upper half is half-width katakana.
fn text(line: &[u8], from: usize, width: usize) -> Option<String> {
    let character = |byte: &u8| match byte {
        0x20..=0x7e => Some(char::from(*byte)),
        0xa1..=0xdf => char::from_u32(0xff61 + u32::from(*byte) - 0xa1),
        _ => None,
    };
    let characters: Option<String> = field(line, from, width).iter().map(character).collect();
    characters.map(|text| text.trim().to_owned())
}

/// The account of a header of the right kind: bank, branch, kind, number.
fn header(line: &[u8]) -> Option<String> {
    (field(line, 1, 2) == b"03").then_some(())?;
    let parts = [(22, 4), (41, 3), (62, 1), (63, 10)];
    let parts: Option<Vec<String>> = parts.into_iter().map(|(from, width)| text(line, from, width)).collect();
    parts.map(|parts| parts.join("-"))
}

fn data(
    (line, line_no): (&[u8], usize),
    read_on: Date,
    account: &mut Account,
    twins: &mut Twins,
    reading: &mut Reading,
) {
    let day = reading.want(line_no, LineFaultKind::Day, day(line, 9, read_on));
    let amount = number(line, 24, 12).and_then(|amount| Some((amount, yen(amount)?)));
    let amount = reading.want(line_no, LineFaultKind::Amount, amount);
    let texts = text(line, 81, 48).zip(text(line, 159, 20));
    let texts = reading.want(line_no, LineFaultKind::Text, texts);
    let came = match field(line, 21, 1) {
        b"1" => true,
        b"2" => false,
        _ => return reading.fault(line_no, LineFaultKind::RecordKind),
    };
    let (Some(day), Some((amount, yen)), Some((remitter, remark))) = (day, amount, texts) else { return };
    let sum = if came { &mut account.sums.came } else { &mut account.sums.went };
    *sum = (sum.0 + 1, sum.1 + amount);
    // 訂正: the bank takes its own line back; people look at it, it is no credit to match.
    if !came || field(line, 22, 2) == b"19" {
        return;
    }
    let inquiry = number(line, 1, 8).filter(|number| *number > 0);
    let key = match inquiry {
        Some(number) => format!("{}:{day}:{number}", account.name),
        None => twins.key(&format!("{}:{day}:{amount}:{remitter}:{remark}", account.name)),
    };
    reading.credits.push(Credit { line_no, credited_on: day, amount: yen, remitter, remark, key });
}

fn yen(amount: u64) -> Option<Yen> {
    Yen::new(i64::try_from(amount).ok()?).ok().filter(|amount| *amount > Yen::ZERO)
}

fn trailer(line: &[u8]) -> Option<Sums> {
    let came = (number(line, 1, 6)?, number(line, 7, 13)?);
    let went = (number(line, 20, 6)?, number(line, 26, 13)?);
    Some(Sums { came, went })
}

/// A day of six digits, in the year that lies nearer to `read_on`.
fn day(line: &[u8], from: usize, read_on: Date) -> Option<Date> {
    let part = |offset: usize| i16::try_from(number(line, from + offset, 2)?).ok();
    let (year, month, day) = (part(0)?, i8::try_from(part(2)?).ok()?, i8::try_from(part(4)?).ok()?);
    let candidates =
        [2_000, 2_018].into_iter().filter_map(|first: i16| Date::new(first + year, month, day).ok());
    candidates.min_by_key(|candidate| (candidate.year() - read_on.year()).abs())
}
