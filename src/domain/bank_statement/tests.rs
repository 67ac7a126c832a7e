//! What a bank's file says, and what is said about a broken one.

use jiff::civil::{Date, date};

use super::*;

const READ_ON: Date = date(2026, 4, 30);

/// A record of 200 bytes from its beginning.
fn record(beginning: &str) -> Vec<u8> {
    let mut bytes = beginning.as_bytes().to_vec();
    bytes.resize(200, b' ');
    bytes
}

fn header() -> Vec<u8> {
    record(&format!(
        "1030260430260401260430{}{:<15}{}{:<15}   1{:>010}",
        "0117", "AOMORI", "001", "HONTEN", 1_234_567
    ))
}

fn line(inquiry: u64, day: &str, came: bool, kind: &str, amount: u64, remitter: &[u8]) -> Vec<u8> {
    let direction = if came { 1 } else { 2 };
    let beginning =
        format!("2{inquiry:08}{day}{day}{direction}{kind}{amount:012}{:012}{:0>20}   {:010}", 0, "", 0);
    let mut bytes = beginning.into_bytes();
    bytes.resize(81, b' ');
    bytes.extend_from_slice(remitter);
    bytes.resize(159, b' ');
    bytes.extend_from_slice(b"FURIKOMI");
    bytes.resize(200, b' ');
    bytes
}

fn trailer(came: (u64, u64), went: (u64, u64), lines: u64) -> Vec<u8> {
    record(&format!("8{:06}{:013}{:06}{:013}1{:014}{lines:07}", came.0, came.1, went.0, went.1, 0))
}

fn file(records: &[Vec<u8>]) -> Vec<u8> {
    records.iter().flat_map(|record| [record.as_slice(), b"\r\n"].concat()).collect()
}

fn good() -> Vec<Vec<u8>> {
    vec![
        header(),
        line(1, "260424", true, "11", 97_020, b"\xba\xd3\xbc\xde\xad"),
        line(2, "080425", false, "11", 500, b"X"),
        line(0, "080425", true, "11", 300, b"DG"),
        line(0, "080425", true, "11", 300, b"DG"),
        trailer((3, 97_620), (1, 500), 4),
        record("9"),
    ]
}

fn faults(records: &[Vec<u8>]) -> Vec<(usize, LineFaultKind)> {
    let read = read(StatementFormat::Zengin, &file(records), READ_ON);
    read.map_or_else(
        |faults| faults.into_iter().map(|fault| (fault.line_no, fault.kind)).collect(),
        |_| vec![],
    )
}

#[test]
fn what_came_in_is_read_whichever_year_the_bank_counts() {
    let statement = read(StatementFormat::Zengin, &file(&good()), READ_ON).unwrap();
    let seen: Vec<_> = statement
        .credits
        .iter()
        .map(|credit| (credit.line_no, credit.credited_on, credit.amount.amount(), credit.remitter.as_str()))
        .collect();
    let expected = [
        (2, date(2026, 4, 24), 97_020, "ｺﾓｼﾞｭ"),
        (4, date(2026, 4, 25), 300, "DG"),
        (5, date(2026, 4, 25), 300, "DG"),
    ];
    assert_eq!(seen, expected);
    let keys: Vec<_> = statement.credits.iter().map(|credit| credit.key.as_str()).collect();
    assert_eq!(keys[0], "0117-001-1-0001234567:2026-04-24:1");
    assert_ne!(keys[1], keys[2], "two equal credits of a day are two");
    let without_ends: Vec<u8> = good().concat();
    assert_eq!(read(StatementFormat::Zengin, &without_ends, READ_ON), Ok(statement));
}

#[test]
fn everything_that_is_wrong_with_a_file_is_named_at_once_with_its_line() {
    use LineFaultKind as F;
    let mut broken = good();
    broken[1] = line(1, "261324", true, "11", 97_020, b"X");
    broken[2] = line(2, "260425", false, "11", 0, b"X");
    broken[3].truncate(199);
    broken[4] = line(0, "260425", true, "11", 300, b"\xff");
    let found = faults(&broken);
    assert_eq!(found, [(2, F::Day), (3, F::Amount), (4, F::Length), (5, F::Text), (6, F::Trailer)]);
    let with = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut records = good();
        change(&mut records);
        faults(&records)
    };
    assert_eq!(with(&|records| drop(records.pop())), [(7, F::RecordKind)], "cut off");
    assert_eq!(with(&|records| drop(records.remove(0)))[0], (1, F::RecordKind));
    assert_eq!(with(&|records| records[5] = trailer((3, 97_621), (1, 500), 4)), [(6, F::Trailer)]);
    assert_eq!(
        with(&|records| records[0][1..3].copy_from_slice(b"01")),
        [(1, F::RecordKind)],
        "another file"
    );
    assert_eq!(with(&|records| records.push(record("9"))), [(8, F::RecordKind)]);
    assert_eq!(read(StatementFormat::Zengin, b"", READ_ON).unwrap_err()[0].kind, F::RecordKind);
    for length in 0..file(&good()).len() - 202 {
        assert!(read(StatementFormat::Zengin, &file(&good())[..length], READ_ON).is_err(), "{length}");
    }
}

#[test]
fn a_table_is_read_and_its_broken_lines_are_named() {
    use LineFaultKind as F;
    let header = COLUMNS.join(",");
    let text = format!(
        "\u{feff}{header}\r\n2026-04-24,97020,\"ｺﾓｼﾞｭ, \"\"KK\"\"\",振込\r\n2026-04-24,300,DG,\n2026-04-24,300,DG,\n"
    );
    let statement = read(StatementFormat::Table, text.as_bytes(), READ_ON).unwrap();
    assert_eq!(statement.credits[0].remitter, "ｺﾓｼﾞｭ, \"KK\"");
    assert_eq!(statement.credits[0].amount.amount(), 97_020);
    assert_ne!(statement.credits[1].key, statement.credits[2].key);
    let broken =
        format!("{header}\n2026-02-30,1,a,b\n2026-04-01,-1,a,b\n2026-04-01,1,a\n2026-04-01,1,\"a,b\n,,,\n");
    let found: Vec<_> = read(StatementFormat::Table, broken.as_bytes(), READ_ON).unwrap_err();
    let found: Vec<_> = found.into_iter().map(|fault| (fault.line_no, fault.kind)).collect();
    assert_eq!(
        found,
        [(2, F::Day), (3, F::Amount), (4, F::Length), (5, F::Length), (6, F::Day), (6, F::Amount)]
    );
    for (bytes, kind) in [
        (&b"\xff"[..], F::Text),
        (b"a,b,c,d\n", F::RecordKind),
        (header.as_bytes(), F::Empty),
        (b"", F::Empty),
    ] {
        assert_eq!(read(StatementFormat::Table, bytes, READ_ON).unwrap_err()[0].kind, kind);
    }
}
