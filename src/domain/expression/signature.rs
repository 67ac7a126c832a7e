//! What every operator and function takes and gives. CEL itself knows no types before it evaluates.

use std::collections::BTreeSet;

use cel::common::ast::operators;

use super::{ExpressionFault, ValueType};

/// Rows of a table that a value came from, so that its cells can be looked after.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// The path of the table.
    pub(super) table: String,
    /// The columns known to be filled, because a filter asked with `has`.
    pub(super) proven: BTreeSet<String>,
}

/// What is known of a part of an expression.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    /// Its type.
    pub(super) value_type: ValueType,
    /// Whether it is a literal text (or a list of them) that may stand for a day.
    pub(super) day_literal: bool,
    /// The rows it came from.
    pub(super) rows: Option<Rows>,
}

impl Typed {
    /// A value of `value_type`.
    pub(super) fn of(value_type: ValueType) -> Self {
        Self { value_type, day_literal: false, rows: None }
    }

    /// Whether it can stand where `value_type` is asked for.
    pub(super) fn fits(&self, value_type: &ValueType) -> bool {
        match value_type {
            ValueType::Text => self.value_type.is_text(),
            ValueType::Date => self.is_day(),
            other => self.value_type == *other,
        }
    }

    fn is_day(&self) -> bool {
        self.value_type == ValueType::Date || self.value_type == ValueType::Text && self.day_literal
    }

    /// What both are: the same scalar type, or a day and a literal that is one.
    pub(super) fn common(&self, other: &Self) -> Option<Self> {
        if !self.value_type.is_scalar() {
            return None;
        }
        if self.value_type == other.value_type {
            let day_literal = self.day_literal && other.day_literal;
            return Some(Self { day_literal, ..Self::of(self.value_type.clone()) });
        }
        (self.is_day() && other.is_day()).then(|| Self::of(ValueType::Date))
    }

    /// A fault when it is not of `value_type`.
    pub(super) fn expect(&self, value_type: &ValueType, place: &str) -> Result<(), ExpressionFault> {
        if self.fits(value_type) { Ok(()) } else { Err(self.mismatch(place, &value_type.to_string())) }
    }

    /// The fault that something else stands at `place`.
    pub(super) fn mismatch(&self, place: &str, expected: &str) -> ExpressionFault {
        let found = self.value_type.to_string();
        ExpressionFault::WrongType { place: symbol(place), expected: expected.to_owned(), found }
    }
}

/// An operator as it is written.
fn symbol(name: &str) -> String {
    let is_operator = name.starts_with(['_', '@', '!', '-']);
    if is_operator { name.replace(['_', '@'], "") } else { name.to_owned() }
}

/// The result of the operator `name` on two values.
pub(super) fn binary(name: &str, left: &Typed, right: &Typed) -> Option<Result<Typed, ExpressionFault>> {
    let result = match name {
        operators::ADD if left.value_type.is_text() => {
            right.expect(&ValueType::Text, name).map(|()| ValueType::Text)
        }
        operators::ADD
        | operators::SUBSTRACT
        | operators::MULTIPLY
        | operators::DIVIDE
        | operators::MODULO => left
            .expect(&ValueType::Int, name)
            .and_then(|()| right.expect(&ValueType::Int, name))
            .map(|()| ValueType::Int),
        operators::EQUALS | operators::NOT_EQUALS => match left.common(right) {
            Some(_) => Ok(ValueType::Bool),
            None => Err(right.mismatch(name, &left.value_type.to_string())),
        },
        operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS => {
            match left.common(right).map(|both| both.value_type) {
                Some(ValueType::Int | ValueType::Date) => Ok(ValueType::Bool),
                Some(_) => Err(left.mismatch(name, "int or date")),
                None => Err(right.mismatch(name, &left.value_type.to_string())),
            }
        }
        operators::IN => membership(left, right),
        operators::INDEX => return Some(element_at(left, right)),
        _ => return None,
    };
    Some(result.map(Typed::of))
}

fn membership(item: &Typed, list: &Typed) -> Result<ValueType, ExpressionFault> {
    let ValueType::List(element) = &list.value_type else { return Err(list.mismatch("in", "list")) };
    let element = Typed { day_literal: list.day_literal, ..Typed::of((**element).clone()) };
    match item.common(&element) {
        Some(_) => Ok(ValueType::Bool),
        None => Err(element.mismatch("in", &item.value_type.to_string())),
    }
}

fn element_at(list: &Typed, index: &Typed) -> Result<Typed, ExpressionFault> {
    index.expect(&ValueType::Int, operators::INDEX)?;
    match &list.value_type {
        ValueType::List(element) => Ok(Typed {
            value_type: (**element).clone(),
            day_literal: list.day_literal,
            rows: list.rows.clone(),
        }),
        _ => Err(list.mismatch(operators::INDEX, "list")),
    }
}

/// The result of the operator `name` on one value.
pub(super) fn unary(name: &str, operand: &Typed) -> Option<Result<Typed, ExpressionFault>> {
    let value_type = match name {
        operators::LOGICAL_NOT => ValueType::Bool,
        operators::NEGATE => ValueType::Int,
        _ => return None,
    };
    Some(operand.expect(&value_type, name).map(|()| Typed::of(value_type)))
}

/// The result of calling `name`; `on` is the value before the dot.
pub(super) fn function(
    name: &str,
    on: Option<&Typed>,
    arguments: &[Typed],
) -> Result<Typed, ExpressionFault> {
    use ValueType::{Bool, Date, Int, Text};
    let result = match (name, on, arguments) {
        ("size", None, [one]) | ("size", Some(one), []) => {
            (one.value_type.is_text() || matches!(one.value_type, ValueType::List(_))).then_some(Int)
        }
        ("sum", None, [list]) => (list.value_type == ValueType::list(Int)).then_some(Int),
        ("age_on" | "days_between" | "months_between", None, [from, to]) => {
            (from.fits(&Date) && to.fits(&Date)).then_some(Int)
        }
        ("year_of", None, [day]) => day.fits(&Date).then_some(Int),
        ("min" | "max", None, [a, b]) if a.fits(&Int) && b.fits(&Int) => Some(Int),
        ("min" | "max", None, [a, b]) => (a.fits(&Date) && b.fits(&Date)).then_some(Date),
        ("startsWith" | "endsWith" | "contains", Some(text), [part]) => {
            (text.fits(&Text) && part.fits(&Text)).then_some(Bool)
        }
        _ => None,
    };
    result.map(Typed::of).ok_or_else(|| unknown_call(name, on, arguments))
}

/// The fault that there is no function `name` for these values.
pub(super) fn unknown_call(name: &str, on: Option<&Typed>, arguments: &[Typed]) -> ExpressionFault {
    let arguments: Vec<String> = arguments.iter().map(|argument| argument.value_type.to_string()).collect();
    let on = on.map(|on| format!("{}.", on.value_type)).unwrap_or_default();
    ExpressionFault::UnknownFunction { call: format!("{on}{}({})", symbol(name), arguments.join(", ")) }
}
