//! What is known of each field, by name: its words for messages, its type, and the words for a pointer into an answer.

use std::collections::BTreeMap;

use super::parts;
use crate::domain::procedure::{Bilingual, Field, FieldType};

/// A field or a column.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) label: Bilingual,
    pub(super) field_type: FieldType,
    /// Digits after the point of a decimal.
    pub(super) scale: u8,
    /// Where it stands in the form.
    pub(super) position: usize,
    /// The columns of a table.
    pub(super) columns: BTreeMap<String, Known>,
}

/// The fields by name.
pub(super) fn by_name(fields: &[Field]) -> BTreeMap<String, Known> {
    let known = |(position, field): (usize, &Field)| {
        let known = Known {
            label: field.label.clone(),
            field_type: field.field_type,
            scale: field.scale.unwrap_or(1),
            position,
            columns: by_name(&field.columns),
        };
        (field.name.clone(), known)
    };
    fields.iter().enumerate().map(known).collect()
}

/// The steps of a JSON Pointer (RFC 6901), unescaped.
pub(super) fn steps(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"))
}

/// How people call the place of `pointer`, in Japanese and in English.
pub(super) fn words(fields: &BTreeMap<String, Known>, pointer: &str) -> (String, String) {
    let mut steps = steps(pointer);
    let Some(name) = steps.next() else { return ("申請内容".to_owned(), "The form".to_owned()) };
    let Some(known) = fields.get(&name) else { return (name.clone(), name) };
    let (mut ja, mut en) = (known.label.ja.clone(), known.label.en.clone());
    let Some(step) = steps.next() else { return (ja, en) };
    if known.field_type == FieldType::Table {
        let row = step.parse::<usize>().map_or(step, |row| row.saturating_add(1).to_string());
        ja = format!("{ja}の{row}行目");
        en = format!("{en}, row {row}");
        let Some(column) = steps.next() else { return (ja, en) };
        let label = known.columns.get(&column).map(|column| &column.label);
        let (column_ja, column_en) = label.map_or((&column, &column), |label| (&label.ja, &label.en));
        return (format!("{ja}の{column_ja}"), format!("{en}: {column_en}"));
    }
    if known.field_type == FieldType::MultiChoice {
        return (ja, en);
    }
    let part = parts::of(known.field_type).iter().find(|part| part.name == step);
    let (part_ja, part_en) =
        part.map_or((step.as_str(), step.as_str()), |part| (part.label_ja, part.label_en));
    (format!("{ja}の{part_ja}"), format!("{en}: {part_en}"))
}
