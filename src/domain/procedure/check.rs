//! Faults of a procedure definition, all at once, so that whoever edits a file sees the whole list.

use super::{Bilingual, ProcedureDefinition};
use crate::domain::expression::Scope;
use crate::domain::fault::Fault;
use crate::domain::fee::CompiledFees;
use crate::domain::form::{self, CompiledForm};

mod attachments;
mod contract;
pub(super) mod examples;
mod fees;
mod fields;
mod flow;
pub(crate) mod identity;
mod public;
pub(crate) mod route;

/// The longest standard processing period, in days.
const MAX_DAYS: u32 = 3_650;

/// A checked definition and what had to be compiled to check it, so that nothing is compiled twice.
#[derive(Debug)]
pub struct CheckedDefinition {
    /// Every fault that the definition has by itself.
    pub faults: Vec<Fault>,
    /// What its expressions may read.
    pub scope: Scope,
    /// The form; absent with a fault that says why.
    pub form: Option<CompiledForm>,
    /// What staff fix after review; absent with a fault that says why.
    pub office_form: Option<CompiledForm>,
    /// The fees; absent with a fault that says why.
    pub fees: Option<CompiledFees>,
}

impl ProcedureDefinition {
    /// Every fault that the definition has by itself. Routing, documents, renewal and examples are judged when the whole
    /// version is put together.
    pub fn check(&self) -> Vec<Fault> {
        self.check_and_compile().faults
    }

    /// As [`ProcedureDefinition::check`], with the form and the fees that were compiled on the way.
    pub fn check_and_compile(&self) -> CheckedDefinition {
        let mut faults = Vec::new();
        let scope = form::scope(self);
        self.check_identity(&mut faults);
        self.check_flow(&mut faults);
        let (form, office_form) = self.check_fields(&mut faults);
        self.check_attachments(&mut faults);
        self.check_public_inspection(&mut faults);
        self.check_contract(&mut faults);
        let fees = self.check_fees(&scope, &mut faults);
        CheckedDefinition { faults, scope, form, office_form, fees }
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
