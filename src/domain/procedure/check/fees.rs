//! Faults of the fee items and of the rules that lift them.
//!
//! What the arithmetic relies on is proven here, when a definition is loaded: every expression compiles, every answer that
//! prices is sure to be there, every number has its sense.

mod answered;
mod numbers;

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{check_span, check_text, empty_fault, is_name, slug_fault};
use crate::domain::expression::Scope;
use crate::domain::fault::Fault;
use crate::domain::fee::CompiledFees;
use crate::domain::procedure::{Fee, FeeDue, FeeFormula, FieldType, ProcedureDefinition, ReliefKind};

impl ProcedureDefinition {
    /// Adds the faults; gives the fees compiled where that is possible.
    pub(super) fn check_fees(&self, scope: &Scope, faults: &mut Vec<Fault>) -> Option<CompiledFees> {
        for (index, fee) in (0_usize..).zip(&self.fees) {
            let pointer = format!("/fees/{index}");
            if !is_name(&fee.code) {
                faults.push(slug_fault(format!("{pointer}/code")));
            }
            check_text(&format!("{pointer}/label"), &fee.label, faults);
            check_filled(
                &pointer,
                &[("basis", &fee.basis), ("revenue_account", &fee.revenue_account), ("source", &fee.source)],
                faults,
            );
            check_span(&pointer, fee.effective_from, fee.effective_to, faults);
            let earlier = self.fees.iter().take(index);
            if earlier.filter(|other| other.code == fee.code).any(|other| overlap(other, fee)) {
                let (ja, en) =
                    ("同じ手数料の適用期間が重なっています", "two versions of one fee overlap (R-52)");
                faults.push(Fault::new(format!("{pointer}/effective_from"), "fee_overlap", ja, en));
            }
            numbers::check(&format!("{pointer}/formula"), &fee.formula, faults);
            self.check_fee_table(&pointer, &fee.formula, faults);
            self.check_derived(&pointer, fee, faults);
        }
        self.check_reliefs(faults);
        match CompiledFees::compile(self, scope) {
            Ok(fees) => {
                answered::check(self, scope, &fees, faults);
                Some(fees)
            }
            Err(found) => {
                faults.extend(found);
                None
            }
        }
    }

    /// A table has a row for each choice of its field.
    fn check_fee_table(&self, pointer: &str, formula: &FeeFormula, faults: &mut Vec<Fault>) {
        let FeeFormula::ByChoice { field, table } = formula else { return };
        let mut fields = self.form.iter().chain(&self.office_form);
        // A field that is not there is a fault of the formula itself.
        let Some(field) = fields.find(|candidate| candidate.name == *field) else { return };
        let choices: BTreeSet<&str> = field.choices.iter().map(|choice| choice.value.as_str()).collect();
        let rows: BTreeSet<&str> = table.keys().map(String::as_str).collect();
        if field.field_type != FieldType::Choice || choices != rows {
            let (ja, en) = ("金額表と選択肢が一致しません", "the table must have one row for each choice");
            faults.push(Fault::new(format!("{pointer}/formula/table"), "fee_table", ja, en));
        }
    }

    /// The fee that another one is derived from must be in force as long as that one is.
    fn check_derived(&self, pointer: &str, fee: &Fee, faults: &mut Vec<Fault>) {
        let FeeFormula::Derived { of, .. } = &fee.formula else { return };
        if !self.fees.iter().any(|other| other.code == *of) {
            return;
        }
        let mut day = Some(fee.effective_from);
        while let Some(begin) = day.filter(|day| fee.is_effective_on(*day)) {
            let mut others = self.fees.iter();
            let Some(other) = others.find(|other| other.code == *of && other.is_effective_on(begin)) else {
                let ja = format!("{begin}に手数料「{of}」の適用がありません");
                let en = format!("the fee {of} is not in force on {begin}");
                faults.push(Fault::new(format!("{pointer}/formula/of"), "fee_gap", ja, en));
                return;
            };
            day = other.effective_to.and_then(|last: Date| last.tomorrow().ok());
        }
    }

    fn check_reliefs(&self, faults: &mut Vec<Fault>) {
        for (index, relief) in (0_usize..).zip(&self.reliefs) {
            let pointer = format!("/reliefs/{index}");
            if !is_name(&relief.code) {
                faults.push(slug_fault(format!("{pointer}/code")));
            }
            check_text(&format!("{pointer}/label"), &relief.label, faults);
            check_filled(&pointer, &[("basis", &relief.basis), ("source", &relief.source)], faults);
            check_span(&pointer, relief.effective_from, relief.effective_to, faults);
            if relief.kind == ReliefKind::NotCollected && relief.effective_to.is_none() {
                let (ja, en) = (
                    "不徴収の告示には終わりの日が必要です",
                    "a notice that lifts fees must have a last day (R-64)",
                );
                faults.push(Fault::new(format!("{pointer}/effective_to"), "relief_without_end", ja, en));
            }
            for (place, code) in (0_usize..).zip(&relief.fees) {
                if !self.fees.iter().any(|fee| fee.code == *code) {
                    let (ja, en) =
                        (format!("手数料「{code}」はありません"), format!("there is no fee {code}"));
                    faults.push(Fault::new(format!("{pointer}/fees/{place}"), "unknown_fee", ja, en));
                }
            }
            if let Some(remaining) = &relief.remaining {
                numbers::check_share(&format!("{pointer}/remaining"), *remaining, faults);
            }
        }
    }

    /// Whether staff will have answered the office form when the fee is computed.
    fn has_review_before_fee(&self) -> bool {
        self.fee_due == FeeDue::AfterReview
    }
}

fn check_filled(pointer: &str, texts: &[(&str, &String)], faults: &mut Vec<Fault>) {
    for (name, text) in texts {
        if text.trim().is_empty() {
            faults.push(empty_fault(format!("{pointer}/{name}")));
        }
    }
}

fn overlap(one: &Fee, other: &Fee) -> bool {
    let starts_before_end = |a: &Fee, b: &Fee| b.effective_to.is_none_or(|to| a.effective_from <= to);
    starts_before_end(one, other) && starts_before_end(other, one)
}

#[cfg(test)]
mod tests;
