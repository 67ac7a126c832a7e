//! Judging the conditions of a form on a set of answers.
//!
//! First every field is settled in order: is it there, and what is it if it is computed. A hidden answer counts as
//! absent for everything after it. Then requirements and conditions are judged on what was settled. A condition that
//! reads an answer which is at fault itself is not judged: one mistake is named once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::known::Known;
use super::rules::{FieldRules, Requirement};
use super::translate::{Translator, is_blank};
use super::{decimal, escape};
use crate::domain::expression::{Answer, EvaluationFault, Expression, Facts, Outcome};
use crate::domain::fault::Fault;
use crate::domain::procedure::FieldType;

/// Whether a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is there and may be left out.
    Optional,
    /// It is there and must be answered.
    Required,
    /// It is not there.
    Hidden,
    /// It cannot be said, because an answer it depends on is at fault.
    Unsure,
}

/// Where a computed value belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    Field(String),
    Cell { table: String, row: usize, column: String },
}

/// What came out.
pub(super) struct Judgement {
    pub(super) faults: Vec<Fault>,
    pub(super) computed: Vec<(Spot, Value)>,
    pub(super) facts: Facts,
    /// Of the fields that have rules.
    pub(super) standings: BTreeMap<String, Standing>,
}

/// Judges `rules`; `facts` already holds the answers below `root`, `spoiled` names those at fault.
pub(super) fn judge<'a>(
    rules: &'a [FieldRules],
    root: &'static str,
    fields: &'a BTreeMap<String, Known>,
    answers: &Map<String, Value>,
    facts: Facts,
    spoiled: &BTreeSet<String>,
) -> Judgement {
    let mut judge = Judge {
        translator: Translator { fields },
        root,
        facts,
        spoiled: spoiled.iter().map(|name| format!("{root}.{name}")).collect(),
        faults: Vec::new(),
        computed: Vec::new(),
        rows: BTreeMap::new(),
    };
    let top = Level { root, at: String::new(), row: None };
    let mut standings = judge.settle(rules, &top, answers);
    judge.require(rules, &top, answers, &mut standings);
    let standings = standings.into_iter().map(|(name, standing)| (name.to_owned(), standing)).collect();
    Judgement { faults: judge.faults, computed: judge.computed, facts: judge.facts, standings }
}

/// The answers as expressions read them: decimals scaled, days and texts as they are.
pub(super) fn as_fact(known: &Known, answer: &Value) -> Option<Value> {
    match (known.field_type, answer) {
        (FieldType::Decimal, Value::String(text)) => decimal::scaled(text, known.scale).map(Value::from),
        (FieldType::Table, Value::Array(rows)) => {
            let row = |row: &Value| {
                let cells = row.as_object().into_iter().flatten();
                let cells = cells.filter_map(|(name, cell)| {
                    Some((name.clone(), as_fact(known.columns.get(name)?, cell)?))
                });
                Value::Object(cells.collect())
            };
            Some(Value::Array(rows.iter().map(row).collect()))
        }
        (_, answer) => Some(answer.clone()),
    }
}

/// By the name of the field.
type Standings<'r> = BTreeMap<&'r str, Standing>;

/// Where fields are being judged: the form, or one row of a table.
struct Level {
    /// How expressions call it.
    root: &'static str,
    /// The pointer to it.
    at: String,
    row: Option<(String, usize)>,
}

impl Level {
    fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.at, escape(name))
    }
}

/// What an expression gave.
enum Verdict {
    Known(Outcome),
    /// Something it reads has no answer.
    Open,
    /// Something it reads is at fault.
    Unsure,
}

struct Judge<'a> {
    translator: Translator<'a>,
    root: &'static str,
    facts: Facts,
    /// Paths of answers at fault.
    spoiled: BTreeSet<String>,
    faults: Vec<Fault>,
    computed: Vec<(Spot, Value)>,
    /// What was settled in each row, by the pointer to it.
    rows: BTreeMap<String, Standings<'a>>,
}

impl<'a> Judge<'a> {
    fn settle(
        &mut self,
        rules: &'a [FieldRules],
        level: &Level,
        answers: &Map<String, Value>,
    ) -> Standings<'a> {
        let mut standings = Standings::new();
        for field in rules {
            let mut standing = self.visibility(field, level, answers);
            if let (Standing::Optional, Some(value)) = (standing, &field.value) {
                standing = self.compute(field, value, level, answers);
            }
            match standing {
                Standing::Optional | Standing::Required if field.columns.is_empty() => {}
                Standing::Optional | Standing::Required => self.settle_rows(field, level, answers),
                Standing::Hidden => {
                    self.facts.take_in(level.root, &field.name);
                }
                Standing::Unsure => {
                    self.facts.take_in(level.root, &field.name);
                    self.spoil(level, &field.name);
                }
            }
            standings.insert(field.name.as_str(), standing);
        }
        standings
    }

    /// Optional stands for "there" until the requirements are judged.
    fn visibility(&mut self, field: &FieldRules, level: &Level, answers: &Map<String, Value>) -> Standing {
        let Some(visible) = &field.visible else { return Standing::Optional };
        match self.ask(visible, level, &field.name) {
            Verdict::Known(Outcome::Bool(true)) => Standing::Optional,
            Verdict::Unsure => Standing::Unsure,
            Verdict::Known(_) | Verdict::Open => {
                if answers.get(&field.name).is_some_and(|answer| !is_blank(answer)) {
                    let (ja, en) = ("は、この回答では入力できません", "does not apply to these answers");
                    let pointer = level.pointer(&field.name);
                    self.faults.push(self.translator.fault(&pointer, "not_applicable", ja, en));
                }
                Standing::Hidden
            }
        }
    }

    fn compute(
        &mut self,
        field: &FieldRules,
        value: &Expression,
        level: &Level,
        answers: &Map<String, Value>,
    ) -> Standing {
        let computed = match self.ask(value, level, &field.name) {
            Verdict::Known(Outcome::Bool(value)) => Some(Value::from(value)),
            Verdict::Known(Outcome::Int(value)) => Some(Value::from(value)),
            Verdict::Known(Outcome::Text(value)) => Some(Value::from(value)),
            Verdict::Open => None,
            Verdict::Unsure => return Standing::Unsure,
        };
        let sent = answers.get(&field.name);
        if sent.is_some_and(|sent| Some(sent) != computed.as_ref()) {
            let (ja, en) =
                ("は自動計算される値と一致しません", "differs from the value the counter computes");
            let pointer = level.pointer(&field.name);
            self.faults.push(self.translator.fault(&pointer, "calculated", ja, en));
        }
        let Some(computed) = computed else {
            self.facts.take_in(level.root, &field.name);
            return Standing::Optional;
        };
        self.facts.put_in(level.root, &field.name, computed.clone());
        let column = field.name.clone();
        let spot = match &level.row {
            Some((table, row)) => Spot::Cell { table: table.clone(), row: *row, column },
            None => Spot::Field(column),
        };
        self.computed.push((spot, computed));
        Standing::Optional
    }

    fn settle_rows(&mut self, table: &'a FieldRules, level: &Level, answers: &Map<String, Value>) {
        let Some(Value::Array(rows)) = self.facts.take_in(level.root, &table.name) else { return };
        let sent = answers.get(&table.name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut settled = Vec::with_capacity(rows.len());
        for (index, (row, sent)) in rows.into_iter().zip(sent).enumerate() {
            let Some(sent) = sent.as_object() else { continue };
            self.facts.put("row", row);
            let level = row_level(table, index);
            let standings = self.settle(&table.columns, &level, sent);
            self.rows.insert(level.at, standings);
            self.leave_row();
            settled.extend(self.facts.take("row"));
        }
        self.facts.put_in(level.root, &table.name, Value::Array(settled));
    }

    fn require(
        &mut self,
        rules: &'a [FieldRules],
        level: &Level,
        answers: &Map<String, Value>,
        standings: &mut Standings<'a>,
    ) {
        for field in rules {
            if standings.get(field.name.as_str()) != Some(&Standing::Optional) {
                continue;
            }
            if self.is_required(field, level) {
                standings.insert(&field.name, Standing::Required);
                if answers.get(&field.name).is_none_or(|answer| is_missing(field.field_type, answer)) {
                    self.faults.push(self.translator.required(&level.pointer(&field.name)));
                }
            }
            for rule in &field.valid {
                if let Verdict::Known(Outcome::Bool(false)) = self.ask(&rule.condition, level, &field.name) {
                    let (ja, en) = (rule.message.ja.clone(), rule.message.en.clone());
                    self.faults.push(Fault::new(level.pointer(&field.name), "rule", ja, en));
                }
            }
            if !field.columns.is_empty() {
                self.require_rows(field, level, answers);
            }
        }
    }

    fn is_required(&mut self, field: &FieldRules, level: &Level) -> bool {
        match &field.required {
            Requirement::Settled => false,
            Requirement::WhileVisible => true,
            Requirement::If(condition) => {
                matches!(self.ask(condition, level, &field.name), Verdict::Known(Outcome::Bool(true)))
            }
        }
    }

    fn require_rows(&mut self, table: &'a FieldRules, level: &Level, answers: &Map<String, Value>) {
        let Some(sent) = answers.get(&table.name).and_then(Value::as_array) else { return };
        for (index, sent) in sent.iter().enumerate() {
            let row =
                level_rows(&self.facts, level.root, &table.name).and_then(|rows| rows.get(index)).cloned();
            let (Some(row), Some(sent)) = (row, sent.as_object()) else { continue };
            let level = row_level(table, index);
            let Some(mut standings) = self.rows.remove(&level.at) else { continue };
            self.facts.put("row", row);
            let unsure = standings.iter().filter(|(_, standing)| **standing == Standing::Unsure);
            self.spoiled.extend(unsure.map(|(name, _)| format!("row.{name}")));
            self.require(&table.columns, &level, sent, &mut standings);
            self.leave_row();
            self.facts.take("row");
        }
    }

    /// What was at fault in one row says nothing of the next.
    fn leave_row(&mut self) {
        self.spoiled.retain(|path| !path.starts_with("row."));
    }

    /// What is unsure makes everything unsure that reads it.
    fn spoil(&mut self, level: &Level, name: &str) {
        self.spoiled.insert(format!("{}.{name}", level.root));
        if let Some((table, row)) = &level.row {
            self.spoiled.insert(format!("{}.{table}.{row}.{name}", self.root));
        }
    }

    /// Evaluates for the field `name`; what cannot be computed is a fault of its own.
    fn ask(&mut self, expression: &Expression, level: &Level, name: &str) -> Verdict {
        match expression.evaluate(&self.facts) {
            Ok(Answer::Known(outcome)) => Verdict::Known(outcome),
            Ok(Answer::Unanswered(paths)) if paths.iter().any(|path| self.is_spoiled(path)) => {
                Verdict::Unsure
            }
            Ok(Answer::Unanswered(_)) => Verdict::Open,
            Err(fault) => {
                self.cannot_compute(&level.pointer(name), &fault);
                Verdict::Unsure
            }
        }
    }

    fn cannot_compute(&mut self, pointer: &str, fault: &EvaluationFault) {
        let ja = format!("の条件または値を計算できません（{}）", fault.message_ja());
        let en = format!("cannot be computed: {}", fault.message_en());
        self.faults.push(self.translator.fault(pointer, fault.code(), &ja, &en));
    }

    fn is_spoiled(&self, path: &str) -> bool {
        let mut path = path;
        loop {
            if self.spoiled.contains(path) {
                return true;
            }
            let Some((head, _)) = path.rsplit_once('.') else { return false };
            path = head;
        }
    }
}

fn row_level(table: &FieldRules, index: usize) -> Level {
    Level {
        root: "row",
        at: format!("/{}/{index}", escape(&table.name)),
        row: Some((table.name.clone(), index)),
    }
}

fn level_rows<'a>(facts: &'a Facts, root: &str, table: &str) -> Option<&'a Vec<Value>> {
    facts.get(&format!("{root}.{table}"))?.as_array()
}

/// Whether a required field is without an answer; a statement is answered by agreeing.
fn is_missing(field_type: FieldType, answer: &Value) -> bool {
    is_blank(answer) || (field_type == FieldType::Statement && *answer == Value::Bool(false))
}
