//! Faults of a procedure definition, all at once, so that whoever edits a file sees the whole list.

use super::{Bilingual, ProcedureDefinition};
use crate::domain::fault::Fault;

mod attachments;
pub(super) mod examples;
mod fees;
mod fields;
mod flow;
mod identity;

/// The longest standard processing period, in days.
const MAX_DAYS: u32 = 3_650;

impl ProcedureDefinition {
    /// Every fault that the definition has by itself. Its expressions and examples are judged when it is compiled.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.check_identity(&mut faults);
        self.check_flow(&mut faults);
        self.check_fields(&mut faults);
        self.check_attachments(&mut faults);
        self.check_fees(&mut faults);
        faults
    }
}

fn check_text(pointer: &str, text: &Bilingual, faults: &mut Vec<Fault>) {
    for (name, text) in [("ja", &text.ja), ("en", &text.en)] {
        if text.trim().is_empty() {
            faults.push(empty_fault(format!("{pointer}/{name}")));
        }
    }
}

fn check_span(
    pointer: &str,
    from: jiff::civil::Date,
    to: Option<jiff::civil::Date>,
    faults: &mut Vec<Fault>,
) {
    if to.is_some_and(|to| to < from) {
        let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
        faults.push(Fault::new(format!("{pointer}/effective_to"), "span", ja, en));
    }
}

fn slug_fault(pointer: impl Into<String>) -> Fault {
    Fault::new(pointer, "slug", "英小文字で始まる識別子にしてください", "must be a lower-case identifier")
}

fn empty_fault(pointer: impl Into<String>) -> Fault {
    Fault::new(pointer, "empty", "空にできません", "must not be empty")
}

fn duplicate_fault(pointer: impl Into<String>) -> Fault {
    Fault::new(pointer, "duplicate", "重複しています", "is given twice")
}

/// A slug: lower-case letters, digits and hyphens, a letter first, at most 64.
pub(crate) fn is_slug(text: &str) -> bool {
    is_identifier(text, '-')
}

/// A name: lower-case letters, digits and underscores, a letter first, at most 64.
fn is_name(text: &str) -> bool {
    is_identifier(text, '_')
}

fn is_identifier(text: &str, joiner: char) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joiner)
}

#[cfg(test)]
mod tests;
