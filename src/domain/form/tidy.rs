//! Putting answers into the form they are stored in, only where R-166 allows it: typed answers have their widths folded,
//! days become ISO 8601, codes of municipalities are completed. Words stay exactly as written.

use serde_json::{Map, Value};

use super::known::Known;
use super::parts::{self, PartKind};
use super::{decimal, fold};
use crate::domain::municipality::complete_code;
use crate::domain::procedure::FieldType;
use crate::domain::wareki;

/// Tidies the members that are known; an empty text or an empty name is no answer and goes.
pub(super) fn members(fields: &std::collections::BTreeMap<String, Known>, answers: &mut Map<String, Value>) {
    answers.retain(|name, answer| {
        let Some(known) = fields.get(name) else { return true };
        value(known, answer);
        !is_nothing(answer)
    });
}

fn value(known: &Known, answer: &mut Value) {
    match answer {
        Value::String(text) => {
            let tidied = text_of(known, text);
            if let Some(tidied) = tidied {
                *text = tidied;
            }
        }
        Value::Object(members) => members.retain(|name, answer| {
            let part = parts::of(known.field_type).iter().find(|part| part.name == name.as_str());
            if let (Some(part), Value::String(text)) = (part, &mut *answer)
                && let Some(tidied) = part_text(part.kind, text)
            {
                *text = tidied;
            }
            part.is_none() || !is_nothing(answer)
        }),
        Value::Array(rows) => {
            for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                self::members(&known.columns, row);
            }
        }
        _ => {}
    }
}

fn text_of(known: &Known, text: &str) -> Option<String> {
    match known.field_type {
        FieldType::Kana => Some(fold::to_wide_kana(text)),
        FieldType::Phone | FieldType::CorporateNumber => Some(fold::to_narrow(text.trim())),
        FieldType::Postcode => part_text(PartKind::Postcode, text),
        FieldType::Municipality => part_text(PartKind::Municipality, text),
        FieldType::Date => {
            Some(wareki::parse(text).map_or_else(|_| fold::to_narrow(text), |day| day.to_string()))
        }
        FieldType::Decimal => Some(decimal::tidy(&fold::to_narrow(text.trim()), known.scale)),
        _ => None,
    }
}

fn part_text(kind: PartKind, text: &str) -> Option<String> {
    match kind {
        PartKind::Words | PartKind::Roman => None,
        PartKind::Kana => Some(fold::to_wide_kana(text)),
        PartKind::Postcode => Some(fold::to_narrow(text.trim().trim_start_matches(['〒', ' ', '　']))),
        PartKind::Municipality => {
            let narrow = fold::to_narrow(text.trim());
            Some(complete_code(&narrow).map_or(narrow, |code| code.to_string()))
        }
    }
}

fn is_nothing(answer: &Value) -> bool {
    match answer {
        Value::String(text) => text.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
