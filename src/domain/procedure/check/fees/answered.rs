//! Is everything that prices sure to be answered?
//!
//! A fee that reads an optional answer could not be computed for whoever leaves it out. So a field that a formula cannot
//! do without is required, or required under exactly the condition under which the item is charged.

use std::collections::BTreeSet;

use crate::domain::expression::{self, Scope, ValueType};
use crate::domain::fault::Fault;
use crate::domain::fee::{CompiledFees, needs_of};
use crate::domain::procedure::{Fee, FeeFormula, Field, FieldType, ProcedureDefinition};

/// How many calculated fields may stand behind one another.
const LONGEST_CHAIN: u8 = 8;

/// Adds a fault for each answer that a fee needs and may not get.
pub(super) fn check(
    definition: &ProcedureDefinition,
    scope: &Scope,
    fees: &CompiledFees,
    faults: &mut Vec<Fault>,
) {
    for (index, (fee, reads)) in (0_usize..).zip(definition.fees.iter().zip(fees.reads_by_item())) {
        let pointer = format!("/fees/{index}");
        let condition = fee.when.as_ref().map(|when| when.0.as_str());
        let mut asked = Asked { definition, scope, condition: None, faults };
        asked.check(&format!("{pointer}/when"), &reads.condition);
        asked.condition = condition;
        asked.check(&format!("{pointer}/formula"), &reads.formula);
        check_countable(definition, &format!("{pointer}/formula"), fee, faults);
    }
}

struct Asked<'a> {
    definition: &'a ProcedureDefinition,
    scope: &'a Scope,
    /// The text of the condition under which the answers are read.
    condition: Option<&'a str>,
    faults: &'a mut Vec<Fault>,
}

impl Asked<'_> {
    fn check(&mut self, pointer: &str, needs: &BTreeSet<String>) {
        let mut reported = BTreeSet::new();
        for path in needs {
            if self.is_sure(path, LONGEST_CHAIN) {
                continue;
            }
            // A cell of row 0 stands for its column.
            let name = path.replace(".0.", ".");
            if reported.insert(name.clone()) {
                let ja =
                    format!("手数料の算定に使う項目「{name}」は必須にしてください（同じ条件での必須も可）");
                let en =
                    format!("{name} prices, so it must be required, or required under the same condition");
                self.faults.push(Fault::new(pointer, "field_not_required", ja, en));
            }
        }
    }

    fn is_sure(&self, path: &str, chain: u8) -> bool {
        let mut segments = path.split('.');
        let (fields, name) = match (segments.next(), segments.next()) {
            (Some("form"), Some(name)) => (&self.definition.form, name),
            (Some("office"), Some(name)) if self.definition.has_review_before_fee() => {
                (&self.definition.office_form, name)
            }
            (Some("office"), _) => return false,
            // Channel, kind of applicant and day of arrival are always known.
            _ => return true,
        };
        let Some(field) = fields.iter().find(|field| field.name == name) else { return false };
        let rest: Vec<&str> = segments.collect();
        match (field.field_type, rest.as_slice()) {
            (FieldType::Calculated, _) => self.is_computable(field, chain),
            (FieldType::Table, [_, column]) => {
                let mut columns = field.columns.iter();
                columns.find(|it| it.name == *column).is_some_and(|column| self.is_required(column))
            }
            (FieldType::PersonName, [part]) => {
                self.is_required(field) && matches!(*part, "family" | "family_kana")
            }
            (FieldType::Address, [part]) => self.is_required(field) && *part == "text",
            _ => self.is_required(field),
        }
    }

    fn is_required(&self, field: &Field) -> bool {
        let same = |text: &Option<expression::ExpressionText>| {
            text.as_ref().is_some_and(|text| Some(text.0.as_str()) == self.condition)
        };
        let is_shown = field.visible_if.is_none() || same(&field.visible_if);
        is_shown && (field.required || same(&field.required_if))
    }

    /// A calculated field is there when what it is computed from is there.
    fn is_computable(&self, field: &Field, chain: u8) -> bool {
        let (Some(text), Some(chain)) = (&field.value, chain.checked_sub(1)) else { return false };
        let types = [ValueType::Int, ValueType::Bool, ValueType::Date, ValueType::Text];
        let compiled = types.iter().find_map(|expected| expression::compile(text, self.scope, expected).ok());
        compiled.is_some_and(|compiled| needs_of(&compiled).iter().all(|path| self.is_sure(path, chain)))
    }
}

/// What is counted straight from a field has bounds, so that nobody asks for minus one or for a billion.
fn check_countable(definition: &ProcedureDefinition, pointer: &str, fee: &Fee, faults: &mut Vec<Fault>) {
    let (FeeFormula::Linear { count, .. }
    | FeeFormula::PerUnit { count, .. }
    | FeeFormula::SameTime { count, .. }) = &fee.formula
    else {
        return;
    };
    let (fields, name) = match count.0.trim().split_once('.') {
        Some(("form", name)) => (&definition.form, name),
        Some(("office", name)) => (&definition.office_form, name),
        _ => return,
    };
    // Anything else than a bare field counts by its own arithmetic.
    let Some(field) = fields.iter().find(|field| field.name == name) else { return };
    let is_bounded = field.min.is_some_and(|min| min >= 0) && field.max.is_some();
    if field.field_type == FieldType::Integer && !is_bounded {
        let (ja, en) = (
            "0以上の下限と上限のある整数項目にしてください",
            "must be an integer with min (0 or more) and max",
        );
        faults.push(Fault::new(format!("{pointer}/count"), "field_not_countable", ja, en));
    }
}
