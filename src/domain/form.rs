//! Forms (様式): fields compiled once to a JSON Schema 2020-12 and a set of conditions; answers judged with all faults at
//! once.
//!
//! # Text
//! Words are kept exactly as written: names and addresses are never normalised, because NFKC destroys the variants of
//! characters people write their names with, and variation selectors (IVS) are part of a name. Only typed answers
//! (kana, phone, postcode, numbers, codes, days) have their widths folded. Lengths count graphemes, characters as people
//! count them; JSON Schema counts code points, so the schema's `maxLength` of words is four times `x-max-length` and the
//! exact bound is checked here. A field may name the character set of a system that takes its answer over; what lies beyond
//! is warned of and never replaced. Free words with what looks like an individual number are refused.
//!
//! # Conditions
//! A field whose `visible_if` is not true is hidden: it needs no answer, may have none when the form is handed in, and
//! counts as absent for everything else. `required_if` asks while the field is visible. `valid_if` is judged when every
//! answer it reads is there. A calculated value is filled in by [`CompiledForm::complete`]; another one sent is a fault.
//! In a draft what is missing may still be written, and conditions between answers are not judged.
//!
//! # The `x-` vocabulary of the schema
//! Validators ignore it; a frontend draws the form from it. Expressions are CEL over `form`, `channel`,
//! `applicant_kind`, `arrived_on`, and `row` within a column.
//!
//! | key | stands on | means |
//! |---|---|---|
//! | `x-order` | an object | its members in the order of display |
//! | `x-pages` | the root | `[{code,title:{ja,en},sections:[{code,title,fields:[name],attachments:[code]}]}]` |
//! | `x-type` | a field | the widget: `text`, `kana`, `person_name`, `address`, `municipality`, `integer`, `decimal`, `money`, `date`, `choice`, `multi_choice`, `boolean`, `statement`, `phone`, `postcode`, `email`, `corporate_number`, `table`, `calculated` |
//! | `x-label-ja`, `x-label-en` | a field, a part | its label; `title` is the Japanese one |
//! | `x-description-ja`, `x-description-en` | a field | help |
//! | `x-choices` | `choice`, `multi_choice` | `[{value,ja,en}]` |
//! | `x-unit` | a number | what is shown behind it |
//! | `x-scale` | `decimal` | digits after the point; expressions see the value times 10^scale |
//! | `x-minimum`, `x-maximum` | `decimal` | its bounds, in whole units |
//! | `x-max-length` | words | the greatest length in graphemes |
//! | `x-charset` | words | the characters a receiving system has: `jis_x_0208` or `jis_x_0213`; others are kept and warned of |
//! | `x-accepts` | `date` | `["wareki"]`: 令和8年4月1日 and R8.4.1 are taken as well and stored as `YYYY-MM-DD` |
//! | `x-visible-if` | a field | it is there only while this is true |
//! | `x-required` | a field with `x-visible-if` | true: an answer is required while it is visible |
//! | `x-required-if` | a field | an answer is required while this is true and it is visible |
//! | `x-valid-if` | a field | `[{rule,message:{ja,en}}]`, each to hold |
//! | `x-calculated` | `calculated` | what computes it; `readOnly`, leave it out or send exactly this |
//! | `x-assurance` | `statement` | the identification it needs: `id`, `user_certificate`, `signature` |

mod circumstances;
mod decimal;
pub mod fold;
mod formats;
mod judge;
mod known;
mod leaves;
mod order;
mod outgoing;
mod parts;
mod places;
pub mod printed;
mod rules;
mod schema;
mod tidy;
mod translate;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Map, Value};

pub use circumstances::Circumstances;
pub use judge::Standing;
use judge::{Judgement, Spot};
use known::Known;
use leaves::Leaf;
use outgoing::Outgoing;
pub(crate) use outgoing::has_words;
pub use places::NamedPlace;
use places::Place;
use rules::{Compiler, FieldRules};
use schema::Layout;
use translate::Translator;
use types::Types;

use crate::domain::expression::{Facts, Scope, ValueType};
use crate::domain::fault::Fault;
use crate::domain::procedure::{Field, FieldType, Page, ProcedureDefinition};

/// The most fields of a form.
pub const MOST_FIELDS: usize = 300;
/// The most columns of a table.
pub const MOST_COLUMNS: usize = 30;
/// The most rows of a table, whatever its definition says.
pub const MOST_ROWS: u16 = 200;
/// The most rows of a table whose definition does not say.
pub const DEFAULT_ROWS: u16 = 50;
/// The most bytes of all answers together.
pub const MOST_BYTES: usize = 1_000_000;

/// The most faults that are looked for in one go; a flood of nonsense is not answered with a greater one.
const MOST_FAULTS: usize = 1_000;

/// What every expression of `definition` may read: `form`, `office`, `channel`, `applicant_kind`, `arrived_on`.
///
/// A table is a list of records, a name or an address a record of texts, a decimal a scaled whole number. A calculated
/// field that has no type is left out; [`CompiledForm::compile`] says why.
pub fn scope(definition: &ProcedureDefinition) -> Scope {
    let form = Types::find(&definition.form, FORM, &circumstances());
    let scope = form.scope(FORM, &circumstances());
    Types::find(&definition.office_form, OFFICE, &scope).scope(OFFICE, &scope)
}

fn circumstances() -> Scope {
    Scope::new()
        .with("channel", ValueType::Text)
        .with("applicant_kind", ValueType::Text)
        .with("arrived_on", ValueType::Date)
}

const FORM: &str = "form";
const OFFICE: &str = "office";

/// A form ready to judge answers; compile once, share in an `Arc`.
#[derive(Debug)]
pub struct CompiledForm {
    root: &'static str,
    schema: Value,
    validator: Validator,
    fields: BTreeMap<String, Known>,
    leaves: Vec<Leaf>,
    places: Vec<Place>,
    outgoing: Vec<Outgoing>,
    rules: Vec<FieldRules>,
    /// Names of fields that some condition reads.
    read: BTreeSet<String>,
    /// Names of calculated fields, and of tables with calculated columns.
    calculated: BTreeSet<String>,
}

impl CompiledForm {
    /// Compiles the applicant's form of `definition`; every fault has a pointer into the definition.
    pub fn compile(definition: &ProcedureDefinition) -> Result<Self, Vec<Fault>> {
        let documents = definition.attachments.iter().map(|rule| rule.code.as_str()).collect();
        let pages = (definition.pages.as_slice(), documents);
        Self::build(FORM, &definition.form, pages, prefecture(definition), &circumstances())
    }

    /// Compiles what staff fix after review; its conditions may read `form` as well.
    pub fn compile_office(definition: &ProcedureDefinition) -> Result<Self, Vec<Fault>> {
        let around = circumstances();
        let around = Types::find(&definition.form, FORM, &around).scope(FORM, &around);
        Self::build(OFFICE, &definition.office_form, (&[], Vec::new()), prefecture(definition), &around)
    }

    /// Whether `answer` is a good answer to `field` of `definition`, whatever the other answers are.
    pub(crate) fn is_good_alone(definition: &ProcedureDefinition, field: &Field, answer: &Value) -> bool {
        let mut alone = field.clone();
        (alone.visible_if, alone.required_if, alone.default) = (None, None, None);
        alone.valid_if.clear();
        let answers = Value::Object([(field.name.clone(), answer.clone())].into_iter().collect());
        let form = Self::build(FORM, &[alone], (&[], Vec::new()), prefecture(definition), &circumstances());
        form.is_ok_and(|form| form.validate(&form.tidy(answers), &Facts::default()).is_empty())
    }

    fn build(
        root: &'static str,
        fields: &[Field],
        (pages, documents): (&[Page], Vec<&str>),
        prefecture: &str,
        around: &Scope,
    ) -> Result<Self, Vec<Fault>> {
        let pointer = if root == FORM { "/form" } else { "/office_form" };
        let types = Types::find(fields, root, around);
        let mut compiler = Compiler { types: &types, root, faults: Vec::new() };
        let rules = compiler.fields(fields, &types.scope(root, around), pointer);
        let mut faults = compiler.faults;
        let calculated_types = types.json_types();
        let schema =
            schema::build(&Layout { fields, pages, documents, calculated: &calculated_types, prefecture });
        let validator = match formats::validator(&schema) {
            Ok(validator) if faults.is_empty() => validator,
            Ok(_) => return Err(faults),
            Err(reason) => {
                let ja = format!("様式を組み立てられません: {reason}");
                faults.push(Fault::new(pointer, "form", ja, format!("the form does not compile: {reason}")));
                return Err(faults);
            }
        };
        let paths = rules.iter().flat_map(FieldRules::expressions).flat_map(|rule| rule.inputs().iter());
        let read = paths
            .filter_map(|path| below(path, root))
            .chain(rules.iter().filter(|rules| !rules.columns.is_empty()).map(|rules| rules.name.clone()));
        Ok(Self {
            root,
            read: read.collect(),
            schema,
            validator,
            fields: known::by_name(fields),
            leaves: leaves::of(fields),
            places: places::of(fields),
            outgoing: outgoing::of(fields),
            rules,
            calculated: calculated(fields),
        })
    }

    /// The JSON Schema 2020-12 of the answers, as the public API shows it.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Puts answers into the form they are judged and stored in: widths folded where R-166 allows it, 和暦 turned into
    /// ISO 8601, codes of municipalities completed, empty texts left out. Words stay exactly as written.
    #[must_use]
    pub fn tidy(&self, mut answers: Value) -> Value {
        if let Some(answers) = answers.as_object_mut() {
            tidy::members(&self.fields, answers);
        }
        answers
    }

    /// Every fault of a complete set of answers, in the order of the form; empty when it may be handed in.
    ///
    /// `known` is what expressions may read beside these answers: [`Circumstances::facts`], and for the office form the
    /// facts of the applicant's.
    pub fn validate(&self, answers: &Value, known: &Facts) -> Vec<Fault> {
        self.examine(answers, known, Breadth::WhatIsRead).faults
    }

    /// What [`CompiledForm::validate`] and [`CompiledForm::facts`] say, for the work of one.
    pub fn validate_with_facts(&self, answers: &Value, known: &Facts) -> (Vec<Fault>, Facts) {
        let judgement = self.examine(answers, known, Breadth::Everything);
        (judgement.faults, judgement.facts)
    }

    /// Every fault of a draft: what is missing may still be written, what does not apply may still be taken away, and
    /// conditions between answers are not judged yet.
    pub fn validate_draft(&self, answers: &Value, known: &Facts) -> Vec<Fault> {
        let mut faults = self.validate(answers, known);
        faults.retain(|fault| !matches!(fault.code, "required" | "too_few" | "not_applicable" | "rule"));
        faults
    }

    /// The answers with every calculated value filled in; those that cannot be computed yet are left out.
    #[must_use]
    pub fn complete(&self, answers: Value, known: &Facts) -> Value {
        let mut answers = self.without_calculated(answers);
        if self.calculated.is_empty() {
            return answers;
        }
        for (spot, value) in self.examine(&answers, known, Breadth::WhatIsRead).computed {
            let (members, name) = match spot {
                Spot::Field(name) => (answers.as_object_mut(), name),
                Spot::Cell { table, row, column } => {
                    let row = answers.get_mut(&table).and_then(|rows| rows.get_mut(row));
                    (row.and_then(Value::as_object_mut), column)
                }
            };
            if let Some(members) = members {
                members.insert(name, value);
            }
        }
        answers
    }

    /// The answers without calculated values: what people wrote, to be changed and completed anew.
    #[must_use]
    pub fn without_calculated(&self, mut answers: Value) -> Value {
        let Some(members) = answers.as_object_mut() else { return answers };
        for name in &self.calculated {
            let Some(known) = self.fields.get(name) else { continue };
            if known.field_type == FieldType::Calculated {
                members.remove(name);
            }
            let rows = members.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten();
            for row in rows.filter_map(Value::as_object_mut) {
                row.retain(|column, _| {
                    known.columns.get(column).is_none_or(|known| known.field_type != FieldType::Calculated)
                });
            }
        }
        answers
    }

    /// `known` with these answers in it, as expressions read them: decimals scaled, calculated values filled in, hidden
    /// answers and answers at fault left out.
    pub fn facts(&self, answers: &Value, known: &Facts) -> Facts {
        let (_, spoiled) = self.answer_faults(answers);
        self.judge(answers, known, &spoiled, Breadth::Everything).facts
    }

    /// How each field stands with these answers: there or hidden, to be answered or not.
    pub fn standings(&self, answers: &Value, known: &Facts) -> BTreeMap<String, Standing> {
        let always = self.schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let always: BTreeSet<&str> = always.filter_map(Value::as_str).collect();
        let mut standings: BTreeMap<String, Standing> = self
            .fields
            .keys()
            .map(|name| {
                let standing =
                    if always.contains(name.as_str()) { Standing::Required } else { Standing::Optional };
                (name.clone(), standing)
            })
            .collect();
        for (name, standing) in self.examine(answers, known, Breadth::WhatIsRead).standings {
            if standing != Standing::Optional {
                standings.insert(name, standing);
            }
        }
        standings
    }

    /// Whether people may write an answer at `pointer`: a field, a part of a name or an address, a row or a cell, but
    /// nothing that is computed.
    pub fn has_place(&self, pointer: &str) -> bool {
        let steps: Vec<String> = known::steps(pointer).collect();
        let Some((name, within)) = steps.split_first() else { return false };
        let Some(known) = self.fields.get(name) else { return false };
        let is_row =
            |step: &str| step.parse::<u16>().is_ok_and(|row| row < MOST_ROWS && row.to_string() == step);
        match within {
            [] => known.field_type != FieldType::Calculated,
            [part] if known.field_type != FieldType::Table => {
                parts::of(known.field_type).iter().any(|known| known.name == part)
            }
            [row] => is_row(row),
            [row, column] => {
                let column = known.columns.get(column);
                is_row(row) && column.is_some_and(|column| column.field_type != FieldType::Calculated)
            }
            _ => false,
        }
    }

    fn examine(&self, answers: &Value, known: &Facts, breadth: Breadth) -> Judgement {
        let (mut faults, spoiled) = self.answer_faults(answers);
        let mut judgement = self.judge(answers, known, &spoiled, breadth);
        if !faults.is_empty() || !judgement.faults.is_empty() {
            faults.append(&mut judgement.faults);
            judgement.faults = self.in_order(faults);
        }
        judgement
    }

    /// Faults of the answers one by one, and the names of those with a wrong value.
    fn answer_faults(&self, answers: &Value) -> (Vec<Fault>, BTreeSet<String>) {
        let translator = Translator { fields: &self.fields };
        if weight(answers, 0) > MOST_BYTES {
            let (ja, en) = ("が大きすぎます（1MBまで）", "is too large (up to 1 MB)");
            let faults = vec![translator.fault("", "too_large", ja, en)];
            return (faults, self.fields.keys().cloned().collect());
        }
        let mut found = Vec::new();
        for leaf in &self.leaves {
            leaf.judge(answers, &mut found);
        }
        let leaves = found.iter().take(MOST_FAULTS);
        let mut faults: Vec<Fault> =
            leaves.map(|(pointer, fault)| translator.leaf(pointer, *fault)).collect();
        if !self.validator.is_valid(answers) {
            let errors = self.validator.iter_errors(answers).flat_map(|error| {
                let pointer = error.instance_path().to_string();
                translator.schema(&pointer, error.instance(), error.kind())
            });
            faults.extend(errors.take(MOST_FAULTS));
        }
        let wrong = faults.iter().filter(|fault| fault.code != "required" && fault.code != "unknown_field");
        let spoiled = wrong.filter_map(|fault| known::steps(&fault.pointer).next()).collect();
        (faults, spoiled)
    }

    fn judge(
        &self,
        answers: &Value,
        known: &Facts,
        spoiled: &BTreeSet<String>,
        breadth: Breadth,
    ) -> Judgement {
        let nothing = Map::new();
        let answers = answers.as_object().unwrap_or(&nothing);
        let mut facts = known.clone();
        if breadth == Breadth::Everything || !self.rules.is_empty() {
            let is_wanted = |name: &String| breadth == Breadth::Everything || self.read.contains(name);
            let members = answers.iter().filter(|(name, _)| is_wanted(name) && !spoiled.contains(*name));
            let members = members.filter_map(|(name, answer)| {
                Some((name.clone(), judge::as_fact(self.fields.get(name)?, answer)?))
            });
            facts.put(self.root, Value::Object(members.collect()));
        }
        judge::judge(&self.rules, self.root, &self.fields, answers, facts, spoiled)
    }

    /// In the order of the form, each fault once; what belongs to no field comes last.
    fn in_order(&self, mut faults: Vec<Fault>) -> Vec<Fault> {
        let position = |fault: &Fault| {
            let name = known::steps(&fault.pointer).next();
            name.map_or(0, |name| self.fields.get(&name).map_or(usize::MAX, |known| known.position))
        };
        faults.sort_by_cached_key(position);
        let mut seen = BTreeSet::new();
        faults.retain(|fault| fault.code == "rule" || seen.insert((fault.pointer.clone(), fault.code)));
        faults
    }
}

/// The first two digits of the body's code.
fn prefecture(definition: &ProcedureDefinition) -> &str {
    definition.tenant.as_str().get(..2).unwrap_or_default()
}

/// Which answers become facts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Breadth {
    WhatIsRead,
    Everything,
}

fn calculated(fields: &[Field]) -> BTreeSet<String> {
    let is_calculated = |field: &Field| field.field_type == FieldType::Calculated;
    let found = fields.iter().filter(|field| is_calculated(field) || field.columns.iter().any(is_calculated));
    found.map(|field| field.name.clone()).collect()
}

/// The field a path below `root` begins with.
fn below(path: &str, root: &str) -> Option<String> {
    let name = path.strip_prefix(root)?.strip_prefix('.')?;
    name.split('.').next().map(str::to_owned)
}

/// About how many bytes a value takes; counting stops where it is too much anyway.
fn weight(value: &Value, counted: usize) -> usize {
    if counted > MOST_BYTES {
        return counted;
    }
    let counted = counted.saturating_add(4);
    match value {
        Value::String(text) => counted.saturating_add(text.len()),
        Value::Array(items) => items.iter().fold(counted, |counted, item| weight(item, counted)),
        Value::Object(members) => members
            .iter()
            .fold(counted, |counted, (name, member)| weight(member, counted.saturating_add(name.len()))),
        _ => counted,
    }
}

/// Escapes one step of a JSON Pointer (RFC 6901).
pub(crate) fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
