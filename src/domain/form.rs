//! Forms (様式): fields compiled once to a JSON Schema 2020-12 and validated with all faults at once.
//!
//! Text is kept exactly as written: names and addresses are never normalised, because NFKC destroys the variants
//! of characters people write their names with. Lengths count Unicode code points, as JSON Schema does.

pub mod fold;
mod schema;

use std::collections::BTreeMap;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::domain::corporate_number;
use crate::domain::fault::Fault;
use crate::domain::procedure::{Bilingual, Field, FieldType};

/// The fields do not make a schema; the reason is for whoever writes the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the form does not compile: {reason}")]
pub struct FormNotCompilable {
    /// What the schema compiler said.
    pub reason: String,
}

#[derive(Debug)]
struct FieldFacts {
    label: Bilingual,
    field_type: FieldType,
}

/// A form ready to validate answers; compile once, share in an `Arc`.
#[derive(Debug)]
pub struct CompiledForm {
    schema: Value,
    validator: Validator,
    fields: BTreeMap<String, FieldFacts>,
}

impl CompiledForm {
    /// Compiles `fields`.
    pub fn compile(fields: &[Field]) -> Result<Self, FormNotCompilable> {
        let schema = schema::build(fields);
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .with_format(schema::CORPORATE_NUMBER, |text: &str| {
                text.len() != 13 || corporate_number::is_valid(text)
            })
            .with_format(schema::PRINTABLE, |text: &str| !text.chars().any(is_forbidden))
            .build(&schema)
            .map_err(|error| FormNotCompilable { reason: error.to_string() })?;
        let fields = fields
            .iter()
            .map(|field| {
                let facts = FieldFacts { label: field.label.clone(), field_type: field.field_type };
                (field.name.clone(), facts)
            })
            .collect();
        Ok(Self { schema, validator, fields })
    }

    /// The JSON Schema 2020-12 of the answers, as the public API shows it.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Folds the width of phone numbers, postcodes, corporate numbers and kana; everything else stays as written
    ///
    #[must_use]
    pub fn fold_widths(&self, mut answers: Value) -> Value {
        let Some(object) = answers.as_object_mut() else { return answers };
        for (name, answer) in object.iter_mut() {
            let (Some(facts), Value::String(text)) = (self.fields.get(name), &*answer) else { continue };
            let folded = match facts.field_type {
                FieldType::Kana => fold::to_wide_kana(text),
                FieldType::Phone | FieldType::Postcode | FieldType::CorporateNumber | FieldType::Date => {
                    fold::to_narrow(text)
                }
                FieldType::Text | FieldType::Integer | FieldType::Choice | FieldType::Boolean => continue,
            };
            *answer = Value::String(folded);
        }
        answers
    }

    /// Every fault of a complete set of answers; empty when they may be submitted.
    pub fn validate(&self, answers: &Value) -> Vec<Fault> {
        let mut faults = self.fractions(answers);
        if faults.is_empty() && self.validator.is_valid(answers) {
            return faults;
        }
        faults.extend(self.validator.iter_errors(answers).flat_map(|error| {
            let pointer = error.instance_path().to_string();
            self.translate(&pointer, error.instance(), error.kind())
        }));
        faults
    }

    /// Every fault of a draft: like [`Self::validate`], but what is missing may still be written.
    pub fn validate_draft(&self, answers: &Value) -> Vec<Fault> {
        let mut faults = self.validate(answers);
        faults.retain(|fault| fault.code != "required");
        faults
    }

    /// JSON Schema calls `3.0` an integer; money is counted in true integers only, so it is refused here.
    fn fractions(&self, answers: &Value) -> Vec<Fault> {
        let Some(object) = answers.as_object() else { return Vec::new() };
        object
            .iter()
            .filter(|(name, value)| {
                value.is_number()
                    && value.as_i64().is_none()
                    && value.as_f64().is_some_and(|number| number.fract() == 0.0)
                    && self.fields.get(*name).is_some_and(|facts| facts.field_type == FieldType::Integer)
            })
            .map(|(name, _)| {
                let pointer = format!("/{}", escape(name));
                self.fault(&pointer, "type", "は整数で入力してください", "must be a whole number")
            })
            .collect()
    }

    fn translate(&self, pointer: &str, instance: &Value, kind: &ValidationErrorKind) -> Vec<Fault> {
        let one = |code, ja: &str, en: &str| vec![self.fault(pointer, code, ja, en)];
        match kind {
            ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
                .iter()
                .map(|name| {
                    let pointer = format!("{pointer}/{}", escape(name));
                    self.fault(
                        &pointer,
                        "unknown_field",
                        "という項目はありません",
                        "is not a field of this form",
                    )
                })
                .collect(),
            ValidationErrorKind::Required { property } => {
                let pointer = format!("{pointer}/{}", escape(property.as_str().unwrap_or_default()));
                vec![self.fault(&pointer, "required", "は必須です", "is required")]
            }
            ValidationErrorKind::MinLength { .. } => one("required", "は必須です", "is required"),
            ValidationErrorKind::Pattern { .. } if is_blank(instance) => {
                one("required", "は必須です", "is required")
            }
            ValidationErrorKind::Pattern { .. } => {
                one("pattern", "の形式が正しくありません", "does not have the expected form")
            }
            ValidationErrorKind::Enum { .. } => {
                one("choice", "は選択肢から選んでください", "must be one of the choices")
            }
            ValidationErrorKind::Type { .. } => one("type", "の型が正しくありません", "has the wrong type"),
            ValidationErrorKind::Minimum { limit } => {
                one("minimum", &format!("は{limit}以上にしてください"), &format!("must be at least {limit}"))
            }
            ValidationErrorKind::Maximum { limit } => {
                one("maximum", &format!("は{limit}以下にしてください"), &format!("must be at most {limit}"))
            }
            ValidationErrorKind::MaxLength { limit } => one(
                "too_long",
                &format!("は{limit}文字以内にしてください"),
                &format!("must have at most {limit} characters"),
            ),
            ValidationErrorKind::Format { format } if format == schema::CORPORATE_NUMBER => {
                one("corporate_number", "の検査数字が正しくありません", "has a wrong check digit")
            }
            ValidationErrorKind::Format { format } if format == schema::PRINTABLE => {
                one("characters", "に使えない文字があります", "contains control characters")
            }
            ValidationErrorKind::Format { .. } => {
                one("date", "は実在する日付にしてください", "must be an existing day, YYYY-MM-DD")
            }
            _ => one("invalid", "が正しくありません", "is not valid"),
        }
    }

    fn fault(&self, pointer: &str, code: &'static str, ja: &str, en: &str) -> Fault {
        let name = pointer.strip_prefix('/').unwrap_or_default();
        let (label_ja, label_en) = match self.fields.get(name) {
            Some(facts) => (facts.label.ja.as_str(), facts.label.en.as_str()),
            None if name.is_empty() => ("申請内容", "The form"),
            None => (name, name),
        };
        Fault {
            pointer: pointer.to_owned(),
            code,
            message_ja: format!("{label_ja}{ja}"),
            message_en: format!("{label_en} {en}"),
        }
    }
}

fn is_blank(instance: &Value) -> bool {
    instance.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Control characters have no place in an answer; line breaks and tabs do.
fn is_forbidden(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t')
}

/// Escapes one step of a JSON Pointer (RFC 6901).
pub(crate) fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
