//! Terms for tests: numbers with two kinds of check digits, a table with a header and a trailer, a file of fixed widths.

use super::ElQrTerms;

/// Terms from 2026-09-01 on for the account `08`, up to 300,000 yen.
pub(super) fn terms() -> ElQrTerms {
    yaml_serde::from_str(include_str!("sample.yaml")).unwrap()
}
