//! The conditions of a form, compiled once: what is there, what must be answered, what is computed, what must hold.

use super::order;
use super::types::{Types, with_row};
use crate::domain::expression::{self, Expression, ExpressionFault, ExpressionText, Scope, ValueType};
use crate::domain::fault::Fault;
use crate::domain::procedure::{Bilingual, Field, FieldType};

/// When an answer must be given, beyond what the schema already says.
#[derive(Debug)]
pub(super) enum Requirement {
    /// The schema says it all.
    Settled,
    /// Whenever the field is there.
    WhileVisible,
    /// While this is true and the field is there.
    If(Expression),
}

/// A condition and what is said when it does not hold.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) condition: Expression,
    pub(super) message: Bilingual,
}

/// The conditions of one field or column.
#[derive(Debug)]
pub(super) struct FieldRules {
    pub(super) name: String,
    pub(super) field_type: FieldType,
    pub(super) visible: Option<Expression>,
    pub(super) required: Requirement,
    pub(super) value: Option<Expression>,
    pub(super) valid: Vec<Rule>,
    /// Of a table, in the order of judging.
    pub(super) columns: Vec<FieldRules>,
}

impl FieldRules {
    /// Whether there is nothing to judge.
    fn is_empty(&self) -> bool {
        self.visible.is_none()
            && matches!(self.required, Requirement::Settled)
            && self.value.is_none()
            && self.valid.is_empty()
            && self.columns.is_empty()
    }

    /// Every expression of the field and its columns.
    pub(super) fn expressions(&self) -> Vec<&Expression> {
        let required = match &self.required {
            Requirement::If(condition) => Some(condition),
            Requirement::Settled | Requirement::WhileVisible => None,
        };
        let own = self.visible.iter().chain(required).chain(&self.value);
        let valid = self.valid.iter().map(|rule| &rule.condition);
        own.chain(valid).chain(self.columns.iter().flat_map(Self::expressions)).collect()
    }
}

/// Compiles the conditions of fields.
pub(super) struct Compiler<'a> {
    pub(super) types: &'a Types,
    /// `form` or `office`.
    pub(super) root: &'static str,
    pub(super) faults: Vec<Fault>,
}

impl Compiler<'_> {
    /// The rules of the fields that have any, in the order of judging.
    pub(super) fn fields(&mut self, fields: &[Field], scope: &Scope, pointer: &str) -> Vec<FieldRules> {
        self.ordered(fields, scope, pointer, None)
    }

    fn ordered(
        &mut self,
        fields: &[Field],
        scope: &Scope,
        pointer: &str,
        table: Option<&str>,
    ) -> Vec<FieldRules> {
        let root = if table.is_some() { "row" } else { self.root };
        let order = match order::of(fields, root) {
            Ok(order) => order,
            Err(circle) => {
                let circle = circle.join(" → ");
                let ja = format!("表示条件・計算式が循環しています（{circle}）");
                let en = format!("visible_if and calculated values go round in a circle: {circle}");
                self.faults.push(Fault::new(pointer, "cycle", ja, en));
                return Vec::new();
            }
        };
        let rules = order.into_iter().filter_map(|index| {
            let field = fields.get(index)?;
            Some(self.field(field, scope, &format!("{pointer}/{index}"), table))
        });
        rules.filter(|rules| !rules.is_empty()).collect()
    }

    fn field(&mut self, field: &Field, scope: &Scope, pointer: &str, table: Option<&str>) -> FieldRules {
        let key = table.map_or_else(|| field.name.clone(), |table| format!("{table}.{}", field.name));
        if let Some(fault) = self.types.faults.get(&key) {
            self.refuse(&format!("{pointer}/value"), fault);
        }
        let visible = self.condition(field.visible_if.as_ref(), scope, &format!("{pointer}/visible_if"));
        let required =
            match self.condition(field.required_if.as_ref(), scope, &format!("{pointer}/required_if")) {
                _ if field.required && field.visible_if.is_some() => Requirement::WhileVisible,
                Some(condition) if !field.required => Requirement::If(condition),
                _ => Requirement::Settled,
            };
        let mut valid = Vec::new();
        for (index, rule) in field.valid_if.iter().enumerate() {
            let place = format!("{pointer}/valid_if/{index}/rule");
            if let Some(condition) = self.condition(Some(&rule.rule), scope, &place) {
                valid.push(Rule { condition, message: rule.message.clone() });
            }
        }
        let columns = if field.columns.is_empty() {
            Vec::new()
        } else {
            let scope = with_row(scope, self.root, &field.name);
            self.ordered(&field.columns, &scope, &format!("{pointer}/columns"), Some(&field.name))
        };
        let value = self.types.calculations.get(&key).cloned();
        FieldRules {
            name: field.name.clone(),
            field_type: field.field_type,
            visible,
            required,
            value,
            valid,
            columns,
        }
    }

    fn condition(
        &mut self,
        text: Option<&ExpressionText>,
        scope: &Scope,
        pointer: &str,
    ) -> Option<Expression> {
        match expression::compile(text?, scope, &ValueType::Bool) {
            Ok(condition) => Some(condition),
            Err(fault) => {
                self.refuse(pointer, &fault);
                None
            }
        }
    }

    fn refuse(&mut self, pointer: &str, fault: &ExpressionFault) {
        self.faults.push(Fault::new(pointer, fault.code(), fault.message_ja(), fault.message_en()));
    }
}
