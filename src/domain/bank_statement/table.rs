//! A plain table with commas, for banks whose files are others: UTF-8, a header of [`COLUMNS`], RFC 4180.

use jiff::civil::Date;

use super::{COLUMNS, Credit, LineFaultKind, MOST_LINES, Reading, Twins};
use crate::domain::money::Yen;

/// The longest text of a field, in characters.
const LONGEST_TEXT: usize = 200;

pub(super) fn read(bytes: &[u8], reading: &mut Reading) {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let Ok(text) = text else { return reading.fault(1, LineFaultKind::Text) };
    let mut twins = Twins::default();
    for (line, line_no) in text.lines().zip(1..) {
        let Some(fields) = fields(line) else {
            reading.fault(line_no, LineFaultKind::Length);
            continue;
        };
        if line_no == 1 {
            if fields != COLUMNS {
                return reading.fault(1, LineFaultKind::RecordKind);
            }
            continue;
        }
        reading.lines += 1;
        if reading.lines > MOST_LINES {
            return reading.fault(line_no, LineFaultKind::TooMany);
        }
        row(&fields, line_no, &mut twins, reading);
    }
}

fn row(fields: &[String], line_no: usize, twins: &mut Twins, reading: &mut Reading) {
    let [day, amount, remitter, remark] = fields else {
        return reading.fault(line_no, LineFaultKind::Length);
    };
    let day = reading.want(line_no, LineFaultKind::Day, day.parse::<Date>().ok());
    let amount = reading.want(line_no, LineFaultKind::Amount, yen(amount));
    let fits = |text: &String| text.chars().count() <= LONGEST_TEXT && !text.chars().any(char::is_control);
    let texts = Some((remitter, remark)).filter(|(remitter, remark)| fits(remitter) && fits(remark));
    let texts = reading.want(line_no, LineFaultKind::Text, texts);
    let (Some(credited_on), Some(amount), Some((remitter, remark))) = (day, amount, texts) else { return };
    let key = twins.key(&format!("{credited_on}:{}:{remitter}:{remark}", amount.amount()));
    let (remitter, remark) = (remitter.clone(), remark.clone());
    reading.credits.push(Credit { line_no, credited_on, amount, remitter, remark, key });
}

fn yen(text: &str) -> Option<Yen> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    Yen::new(text.parse().ok()?).ok().filter(|amount| *amount > Yen::ZERO)
}

/// The fields of a line; a quoted one may hold commas and doubled quotes. Line ends inside of quotes are not taken.
fn fields(line: &str) -> Option<Vec<String>> {
    let (mut fields, mut rest) = (Vec::new(), line);
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => match rest.split_once(',') {
                Some((field, after)) => (field.to_owned(), Some(after)),
                None => (rest.to_owned(), None),
            },
        };
        fields.push(field.trim().to_owned());
        match after {
            Some(after) => rest = after,
            None => return Some(fields),
        }
    }
}

/// The content of a quoted field and what comes after its comma.
fn unquote(text: &str) -> Option<(String, Option<&str>)> {
    let (mut field, mut rest) = (String::new(), text);
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        if let Some(more) = after.strip_prefix('"') {
            field.push('"');
            rest = more;
        } else if after.is_empty() {
            return Some((field, None));
        } else {
            return Some((field, Some(after.strip_prefix(',')?)));
        }
    }
}
