//! Violations of the schema as faults with sentences in Japanese and in English.

use std::collections::BTreeMap;

use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::known::{self, Known};
use super::leaves::LeafFault;
use super::{escape, schema};
use crate::domain::fault::Fault;
use crate::domain::procedure::FieldType;
use crate::domain::wareki::{self, WarekiFault};

/// Says what is wrong, with the words of the form's fields. A value is never repeated in a message.
pub(super) struct Translator<'a> {
    pub(super) fields: &'a BTreeMap<String, Known>,
}

impl Translator<'_> {
    /// A fault whose sentences follow the words of the place.
    pub(super) fn fault(&self, pointer: &str, code: &'static str, ja: &str, en: &str) -> Fault {
        let (label_ja, label_en) = known::words(self.fields, pointer);
        Fault::new(pointer, code, format!("{label_ja}{ja}"), format!("{label_en} {en}"))
    }

    /// An answer that must be given.
    pub(super) fn required(&self, pointer: &str) -> Fault {
        let name = known::steps(pointer).next().unwrap_or_default();
        let is_statement =
            self.fields.get(&name).is_some_and(|known| known.field_type == FieldType::Statement);
        if is_statement {
            return self.fault(pointer, "required", "に同意してください", "must be agreed to");
        }
        self.fault(pointer, "required", "は必須です", "is required")
    }

    /// What a leaf check found.
    pub(super) fn leaf(&self, pointer: &str, fault: LeafFault) -> Fault {
        match fault {
            LeafFault::NotWhole => {
                self.fault(pointer, "type", "は整数で入力してください", "must be a whole number")
            }
            LeafFault::Below(limit) => self.minimum(pointer, &limit.to_string()),
            LeafFault::Above(limit) => self.maximum(pointer, &limit.to_string()),
            LeafFault::TooLong(limit) => self.too_long(pointer, u64::from(limit)),
            LeafFault::IndividualNumber => self.fault(
                pointer,
                "individual_number",
                "に個人番号（マイナンバー）と思われる数字があります。削除するか、伏せてください",
                "seems to contain an individual number (My Number); remove or mask it",
            ),
        }
    }

    /// One violation of the schema; more than one fault where it names several members.
    pub(super) fn schema(&self, pointer: &str, instance: &Value, kind: &ValidationErrorKind) -> Vec<Fault> {
        let one = |code, ja: &str, en: &str| vec![self.fault(pointer, code, ja, en)];
        match kind {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                unexpected.iter().map(|name| self.unknown(&format!("{pointer}/{}", escape(name)))).collect()
            }
            ValidationErrorKind::Required { property } => {
                vec![self.required(&format!("{pointer}/{}", escape(property.as_str().unwrap_or_default())))]
            }
            ValidationErrorKind::MinLength { .. } => vec![self.required(pointer)],
            // Only a statement has a constant: it is agreed to, or there is no answer.
            ValidationErrorKind::Constant { .. } if *instance == Value::Bool(false) => {
                vec![self.required(pointer)]
            }
            ValidationErrorKind::Custom { keyword, .. } if keyword == schema::PATTERN => {
                if is_blank(instance) {
                    vec![self.required(pointer)]
                } else {
                    one("pattern", "の形式が正しくありません", "does not have the expected form")
                }
            }
            ValidationErrorKind::Constant { .. } => {
                one("type", "の型が正しくありません", "has the wrong type")
            }
            ValidationErrorKind::Enum { .. } => {
                one("choice", "は選択肢から選んでください", "must be one of the choices")
            }
            ValidationErrorKind::UniqueItems => {
                one("duplicate", "に同じものが二度あります", "names something twice")
            }
            ValidationErrorKind::Type { .. } => one("type", "の型が正しくありません", "has the wrong type"),
            ValidationErrorKind::Minimum { limit } => vec![self.minimum(pointer, &limit.to_string())],
            ValidationErrorKind::Maximum { limit } => vec![self.maximum(pointer, &limit.to_string())],
            ValidationErrorKind::MinItems { .. } if is_blank(instance) => vec![self.required(pointer)],
            ValidationErrorKind::MinItems { limit } => one(
                "too_few",
                &format!("は{limit}件以上にしてください"),
                &format!("must have at least {limit} entries"),
            ),
            ValidationErrorKind::MaxItems { limit } => one(
                "too_many",
                &format!("は{limit}件以内にしてください"),
                &format!("must have at most {limit} entries"),
            ),
            ValidationErrorKind::MaxLength { limit } => {
                vec![self.too_long(pointer, self.length(pointer, *limit))]
            }
            ValidationErrorKind::Format { format } => vec![self.format(pointer, instance, format)],
            _ => one("invalid", "が正しくありません", "is not valid"),
        }
    }

    fn unknown(&self, pointer: &str) -> Fault {
        let (ja, en) = ("という項目はありません", "is not a field of this form");
        self.fault(pointer, "unknown_field", ja, en)
    }

    fn minimum(&self, pointer: &str, limit: &str) -> Fault {
        let (ja, en) = (format!("は{limit}以上にしてください"), format!("must be at least {limit}"));
        self.fault(pointer, "minimum", &ja, &en)
    }

    fn maximum(&self, pointer: &str, limit: &str) -> Fault {
        let (ja, en) = (format!("は{limit}以下にしてください"), format!("must be at most {limit}"));
        self.fault(pointer, "maximum", &ja, &en)
    }

    fn too_long(&self, pointer: &str, limit: u64) -> Fault {
        let ja = format!("は{limit}文字以内にしてください");
        self.fault(pointer, "too_long", &ja, &format!("must have at most {limit} characters"))
    }

    /// The limit people are told: words are counted in graphemes, of which the schema only bounds the code points.
    fn length(&self, pointer: &str, code_points: u64) -> u64 {
        let mut steps = known::steps(pointer);
        let known = steps.next().and_then(|name| self.fields.get(&name));
        let in_words = known.is_some_and(|known| match known.field_type {
            FieldType::Text => true,
            FieldType::PersonName | FieldType::Address => {
                let part = steps.next();
                super::parts::of(known.field_type).iter().any(|candidate| {
                    part.as_deref() == Some(candidate.name) && candidate.kind == super::parts::PartKind::Words
                })
            }
            FieldType::Table => {
                let column = steps.nth(1).and_then(|column| known.columns.get(&column));
                column.is_some_and(|column| column.field_type == FieldType::Text)
            }
            _ => false,
        });
        if in_words { code_points / u64::from(schema::CODE_POINTS_A_GRAPHEME) } else { code_points }
    }

    fn format(&self, pointer: &str, instance: &Value, format: &str) -> Fault {
        match format {
            schema::CORPORATE_NUMBER => self.fault(
                pointer,
                "corporate_number",
                "の検査数字が正しくありません",
                "has a wrong check digit",
            ),
            schema::MUNICIPALITY => self.fault(
                pointer,
                "municipality_code",
                "は実在する市区町村の6桁のコードにしてください",
                "must be the six-digit code of a municipality, with its check digit",
            ),
            schema::PRINTABLE => {
                self.fault(pointer, "characters", "に使えない文字があります", "contains control characters")
            }
            "email" => self.fault(
                pointer,
                "email",
                "はメールアドレスの形式で入力してください",
                "must be an e-mail address",
            ),
            _ => match instance.as_str().map(wareki::parse) {
                Some(Err(WarekiFault::NotInEra { era })) => {
                    let ja = format!("は{era}の期間にない日です");
                    self.fault(pointer, "date", &ja, "is not a day of the era it names")
                }
                _ => self.fault(
                    pointer,
                    "date",
                    "は実在する日付にしてください",
                    "must be an existing day, YYYY-MM-DD",
                ),
            },
        }
    }
}

/// Whether nothing was really answered; `false` is an answer.
pub(super) fn is_blank(answer: &Value) -> bool {
    match answer {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
