//! One record of 120 bytes, written and read field by field.

use super::{BankText, Digits, RECORD_BYTES};
use crate::domain::money::Yen;

/// A record being written.
pub(super) struct Record(Vec<u8>);

impl Record {
    /// Begins with the kind of the record (データ区分).
    pub fn new(kind: u8) -> Self {
        Self(vec![kind])
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A number, right-justified with zeros.
    pub fn number(&mut self, width: usize, number: u64) -> &mut Self {
        self.0.extend_from_slice(format!("{number:0width$}").as_bytes());
        self
    }

    /// An amount in yen.
    pub fn yen(&mut self, width: usize, amount: Yen) -> &mut Self {
        self.number(width, u64::try_from(amount.amount()).unwrap_or(0))
    }

    /// A text, left-justified with spaces.
    pub fn text<const N: usize>(&mut self, text: &BankText<N>) -> &mut Self {
        let mut bytes = text.bytes();
        bytes.resize(N, b' ');
        self.raw(&bytes)
    }

    /// The record, filled up with spaces (ダミー).
    pub fn finish(mut self) -> Vec<u8> {
        self.0.resize(RECORD_BYTES, b' ');
        self.0
    }
}

/// A record being read, after its kind.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Begins behind the kind of the record.
    pub fn new(line: &'a [u8]) -> Self {
        Self(line.get(1..).unwrap_or_default())
    }

    /// The next bytes.
    pub fn take(&mut self, width: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(width)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next digits.
    pub fn digits<const N: usize>(&mut self) -> Option<Digits<N>> {
        Digits::parse(std::str::from_utf8(self.take(N)?).ok()?)
    }

    /// The next number.
    pub fn number(&mut self, width: usize) -> Option<u64> {
        let taken = self.take(width)?;
        taken.iter().all(u8::is_ascii_digit).then_some(())?;
        std::str::from_utf8(taken).ok()?.parse().ok()
    }

    /// The next text.
    pub fn text<const N: usize>(&mut self) -> Option<BankText<N>> {
        BankText::of_bytes(self.take(N)?)
    }
}
