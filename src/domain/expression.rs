//! Expressions (式) of the procedure language: CEL, checked when loaded, bounded in cost.
//!
//! [`compile`] parses an [`ExpressionText`], checks it against a [`Scope`] and refuses whatever has not the expected
//! type, reads what is not there or could run long. [`Expression::evaluate`] is total: on any [`Facts`] it gives an
//! outcome, the list of what is not answered yet, or an [`EvaluationFault`].
//!
//! Beside CEL's operators there are `has`, `size`, `in`, `all`, `exists`, `map`, `filter` (one level), `startsWith`,
//! `endsWith`, `contains`, `matches` (a literal pattern), and our own: `sum(list)`, `age_on(born_on, day)` (年齢計算法),
//! `days_between(from, to)`, `months_between(from, to)`, `year_of(day)`, `min(a, b)` and `max(a, b)`.
//!
//! No other module knows the crate that parses and computes.

mod binding;
mod check;
mod facts;
mod fault;
mod functions;
mod pattern;
mod scope;
mod signature;

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::common::ast::IdedExpr;
use cel::parser::Parser;
use cel::{Context, ExecutionError, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use binding::{Bound, Presence, Slot};
pub use facts::Facts;
pub use fault::{EvaluationFault, ExpressionFault};
use pattern::Pattern;
pub use scope::{Scope, ValueType};

/// The longest expression.
const MAX_CHARACTERS: usize = 1_000;
/// How deeply parentheses, arguments and alternatives may nest in the text.
const MAX_PARSE_DEPTH: u16 = 24;
/// How many levels the tree of an expression may have, e.g. the terms of a sum.
const MAX_DEPTH: u32 = 64;
/// The longest list (rows of a table) an expression works on.
pub const MAX_LIST: usize = 200;
/// The same, as steps of evaluation.
const MAX_LIST_STEPS: u64 = 200;
/// The longest text an expression works on, in bytes.
pub const MAX_TEXT_BYTES: usize = 16_384;
/// The most steps an evaluation may take; a step takes about a tenth of a microsecond.
const MAX_COST: u64 = 20_000;
/// How many mistakes the parser looks for before it gives up.
const MAX_RECOVERIES: u32 = 4;

/// The text of an expression in CEL (Common Expression Language), at most 1,000 characters.
///
/// It may read `form` (the answers), `office` (what staff fix after review), `channel` (`online`, `window` or `post`),
/// `applicant_kind` (`resident` or `business`) and `arrived_on` (a day as `YYYY-MM-DD`). Numbers are whole; there is
/// no floating point. `has(form.x)` asks whether an answer is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ExpressionText(pub String);

/// A checked expression, cheap to clone and to share between threads.
#[derive(Clone, Debug)]
pub struct Expression(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    text: String,
    tree: IdedExpr,
    slots: Vec<Slot>,
    presences: Vec<Presence>,
    patterns: Vec<(String, Pattern)>,
    reads: BTreeSet<String>,
    inputs: BTreeSet<String>,
}

/// What came of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The result.
    Known(Outcome),
    /// The paths of what has no answer yet, e.g. `form.trades`, or `form.items.2.quantity` for a cell of row 2 (from 0).
    Unanswered(Vec<String>),
}

/// The result of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text, or a day as `YYYY-MM-DD`.
    Text(String),
}

/// The expression of `text`, when it reads only what `scope` has and gives `expected`, which is one value, not a list.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn compile(
    text: &ExpressionText,
    scope: &Scope,
    expected: &ValueType,
) -> Result<Expression, ExpressionFault> {
    let text = text.0.as_str();
    if text.chars().nth(MAX_CHARACTERS).is_some() {
        return Err(ExpressionFault::TooLong);
    }
    let mut tree = parse(text)?;
    let checked = check::check(&mut tree, scope)?;
    checked.result.expect(expected, "result")?;
    if !expected.is_scalar() {
        return Err(checked.result.mismatch("result", "a single value"));
    }
    let reads: BTreeSet<String> = checked.slots.iter().map(|slot| slot.path.clone()).collect();
    let asked = checked.presences.iter().map(|presence| presence.path.clone());
    let inputs = reads.iter().cloned().chain(asked).collect();
    Ok(Expression(Arc::new(Compiled {
        text: text.to_owned(),
        tree,
        slots: checked.slots,
        presences: checked.presences,
        patterns: checked.patterns,
        reads,
        inputs,
    })))
}

fn parse(text: &str) -> Result<IdedExpr, ExpressionFault> {
    let parser = Parser::new().max_recursion_depth(MAX_PARSE_DEPTH).error_recovery_limit(MAX_RECOVERIES);
    parser.parse(text).map_err(|faults| {
        let first = faults.errors.first().map(|fault| {
            let (line, column) = fault.pos;
            format!("{line}:{column} {}", fault.msg.lines().next().unwrap_or_default())
        });
        ExpressionFault::DoesNotParse { detail: first.unwrap_or_default() }
    })
}

impl Expression {
    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The paths of what it reads outside of `has`, e.g. `form.trades`, `form.applicant.kana`, `channel`; of a table
    /// only the table itself.
    pub fn reads(&self) -> &BTreeSet<String> {
        &self.0.reads
    }

    /// Everything its result depends on: what it reads and what it asks for with `has`. [`Facts::narrowed`] to these
    /// paths gives the same answer again.
    pub fn inputs(&self) -> &BTreeSet<String> {
        &self.0.inputs
    }

    /// Computes it on `facts`.
    ///
    /// When something it reads has no answer, the result is [`Answer::Unanswered`], decided before anything is
    /// computed. What is read only where `has` of the same path holds (`has(form.x) && form.x > 3`,
    /// `has(form.x) ? form.x : 0`) may be absent. In a loop over a table every row must fill the columns that are read
    /// without such a guard.
    ///
    /// # Errors
    /// An overflow, a division by zero, a value outside its range, or a fact of another type or size than promised.
    pub fn evaluate(&self, facts: &Facts) -> Result<Answer, EvaluationFault> {
        let compiled = &*self.0;
        let mut bound = Bound::new(&compiled.patterns, compiled.slots.len() + compiled.presences.len());
        let mut missing = Vec::new();
        for slot in &compiled.slots {
            bound.fill(slot, facts, &mut missing)?;
        }
        if !missing.is_empty() {
            return Ok(Answer::Unanswered(missing));
        }
        for presence in &compiled.presences {
            bound.ask(presence, facts);
        }
        let mut context = Context::with_env(Arc::clone(&functions::ENVIRONMENT));
        context.set_variable_resolver(&bound);
        match Value::resolve(&compiled.tree, &context) {
            Ok(Value::Bool(value)) => Ok(Answer::Known(Outcome::Bool(value))),
            Ok(Value::Int(value)) => Ok(Answer::Known(Outcome::Int(value))),
            Ok(Value::String(value)) => Ok(Answer::Known(Outcome::Text(value.as_ref().clone()))),
            Ok(_) => Err(EvaluationFault::Failed { detail: "not a single value".to_owned() }),
            Err(error) => Err(fault_of(&error)),
        }
    }
}

fn fault_of(error: &ExecutionError) -> EvaluationFault {
    match error {
        ExecutionError::Overflow(..) => EvaluationFault::Overflow,
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            EvaluationFault::DivisionByZero
        }
        ExecutionError::IndexOutOfBounds(_) => EvaluationFault::OutOfRange,
        ExecutionError::FunctionError { message, .. } if message == functions::OUT_OF_RANGE => {
            EvaluationFault::OutOfRange
        }
        ExecutionError::FunctionError { message, .. } if message == functions::OVERFLOW => {
            EvaluationFault::Overflow
        }
        other => EvaluationFault::Failed { detail: other.to_string() },
    }
}

#[cfg(test)]
mod tests;
