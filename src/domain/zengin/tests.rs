//! Tests of the transfer file (T-10).

use proptest::prelude::*;

use super::{
    AccountKind, BankAccount, BankText, Digits, NotABankText, NotATransferFile, RECORD_BYTES, Transfer,
    TransferFile, TransferHeader, parse, print,
};
use crate::domain::money::Yen;

fn text<const N: usize>(name: &str) -> BankText<N> {
    BankText::of_name(name).unwrap()
}

fn digits<const N: usize>(number: &str) -> Digits<N> {
    Digits::parse(number).unwrap()
}

fn account(number: &str) -> BankAccount {
    BankAccount {
        bank_code: digits("0117"),
        bank_name: text("アオモリ"),
        branch_code: digits("001"),
        branch_name: text("ホンテン"),
        kind: AccountKind::Ordinary,
        number: digits(number),
    }
}

fn file(transfers: Vec<Transfer>) -> TransferFile {
    let header = TransferHeader {
        requester_code: digits("0000020001"),
        requester_name: text("アオモリケン"),
        transfer_on: (9, 30),
        from: account("0000001"),
    };
    TransferFile { header, transfers }
}

fn transfer(payee: &str, amount: i64) -> Transfer {
    let amount = Yen::new(amount).unwrap();
    Transfer { to: account("1234567"), payee: text(payee), amount, reference: digits("0000000042") }
}

#[test]
fn r99_every_record_is_120_bytes_and_the_trailer_sums_up() {
    let printed = print(&file(vec![transfer("クドウ タロウ", 22_000), transfer("ミウラ", 800)])).unwrap();
    let lines: Vec<&[u8]> = printed.split(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 6, "five records and nothing behind the last line end");
    for line in &lines[..5] {
        assert_eq!(line.len(), RECORD_BYTES + 1);
        assert_eq!(line.last(), Some(&b'\r'));
    }
    let kinds: Vec<u8> = lines[..5].iter().map(|line| line[0]).collect();
    assert_eq!(kinds, b"12289");
    assert_eq!(&lines[0][..14], b"12100000020001");
    assert_eq!(&lines[0][54..58], b"0930", "the day behind a name of forty");
    // 0xB8 is ｸ, 0xC4 ﾄ, 0xDE the voicing mark, 0xB3 ｳ.
    assert_eq!(&lines[1][50..54], [0xB8, 0xC4, 0xDE, 0xB3]);
    assert_eq!(&lines[1][80..90], b"0000022000");
    assert_eq!(&lines[3][..19], b"8000002000000022800");
}

#[test]
fn t10_what_is_no_such_file_is_refused() {
    let good = print(&file(vec![transfer("クドウ", 22_000)])).unwrap();
    assert!(parse(&good).is_ok());
    let joined: Vec<u8> = good.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
    assert_eq!(parse(&joined), parse(&good), "records without line ends");
    let spoilt = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        parse(&bytes)
    };
    assert_eq!(parse(&good[..200]), Err(NotATransferFile::Length));
    assert_eq!(parse(b""), Err(NotATransferFile::Length));
    assert_eq!(spoilt(122, b'3'), Err(NotATransferFile::RecordKind { record: 2 }));
    assert_eq!(spoilt(122 + 1, b'x'), Err(NotATransferFile::Field { record: 2 }));
    assert_eq!(spoilt(122 + 50, 0x80), Err(NotATransferFile::Field { record: 2 }));
    assert_eq!(spoilt(122 + 85, b'9'), Err(NotATransferFile::Trailer));
    assert_eq!(spoilt(0, b'2'), Err(NotATransferFile::Field { record: 1 }));
    assert_eq!(spoilt(54, b'9'), Err(NotATransferFile::Field { record: 1 }), "there is no month 99");
}

#[test]
fn r100_names_become_what_banks_take() {
    for (name, taken) in [
        ("クドウ　タロウ", "ｸﾄﾞｳ ﾀﾛｳ"),
        ("くどう たろう", "ｸﾄﾞｳ ﾀﾛｳ"),
        ("ｸﾄﾞｳ ﾀﾛｳ", "ｸﾄﾞｳ ﾀﾛｳ"),
        ("ジョー・スミス", "ｼﾞﾖ-.ｽﾐｽ"),
        ("ａｂｃ 123", "ABC 123"),
        ("カブシキガイシャ アオモリデンコウ", "ｶ)ｱｵﾓﾘﾃﾞﾝｺｳ"),
        ("アオモリデンコウ　かぶしきがいしゃ", "ｱｵﾓﾘﾃﾞﾝｺｳ(ｶ"),
        ("パピプ", "ﾊﾟﾋﾟﾌﾟ"),
        ("ｷｯﾁｮｳ", "ｷﾂﾁﾖｳ"),
    ] {
        assert_eq!(BankText::<30>::of_name(name).unwrap().as_str(), taken, "{name}");
    }
    assert_eq!(BankText::<30>::of_name("工藤"), Err(NotABankText::Character('工')));
    assert_eq!(BankText::<30>::of_name("ヲ"), Err(NotABankText::Character('ヲ')));
    assert_eq!(BankText::<3>::of_name("ガギ"), Err(NotABankText::TooLong { most: 3 }));
    assert_eq!(BankText::<3>::of_name(" "), Err(NotABankText::Empty));
}

fn any_text<const N: usize>() -> impl Strategy<Value = BankText<N>> {
    let pattern = format!("[ｱ-ﾝA-Z0-9()./-]([ｱ-ﾟA-Z0-9 ()./-]{{0,{}}}[ｱ-ﾟA-Z0-9])?", N - 2);
    proptest::string::string_regex(&pattern).unwrap().prop_map(|name| BankText::of_name(&name).unwrap())
}

fn any_account() -> impl Strategy<Value = BankAccount> {
    let numbers = ("[0-9]{4}", "[0-9]{3}", "[0-9]{7}");
    (numbers, any_text::<15>(), any_text::<15>(), 0..4_usize).prop_map(
        |((bank, branch, number), bank_name, branch_name, kind)| BankAccount {
            bank_code: digits(&bank),
            bank_name,
            branch_code: digits(&branch),
            branch_name,
            kind: AccountKind::ALL[kind],
            number: digits(&number),
        },
    )
}

proptest! {
    #[test]
    fn t10_a_file_that_was_printed_reads_back(
        requester_code in "[0-9]{10}",
        requester_name in any_text::<40>(),
        transfer_on in (1..=12_i8, 1..=31_i8),
        from in any_account(),
        transfers in prop::collection::vec((any_account(), any_text::<30>(), 0..9_999_999_999_i64, "[0-9]{10}"), 0..8),
    ) {
        let header = TransferHeader { requester_code: digits(&requester_code), requester_name, transfer_on, from };
        let transfers = transfers
            .into_iter()
            .map(|(to, payee, amount, reference)| Transfer {
                to, payee, amount: Yen::new(amount).unwrap(), reference: digits(&reference),
            })
            .collect();
        let file = TransferFile { header, transfers };
        prop_assert_eq!(parse(&print(&file).unwrap()), Ok(file));
    }
}
