//! Answers as a person reads them on paper: labels and words in the order of the form, days in the Japanese calendar.

use jiff::civil::Date;
use serde_json::Value;

use super::parts;
use crate::domain::procedure::{Field, FieldType};
use crate::domain::wareki;

/// One line of a printed form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedAnswer {
    /// The Japanese label; a row of a table carries its number, a part of a name or an address its own.
    pub label: String,
    /// What was answered.
    pub words: String,
}

/// The answers that were given, field by field; what was not answered is not printed.
pub fn printed(fields: &[Field], answers: &Value) -> Vec<PrintedAnswer> {
    let mut lines = Vec::new();
    for field in fields {
        if let Some(answer) = answers.get(&field.name).filter(|answer| !answer.is_null()) {
            print_field(field, &field.label.ja, answer, &mut lines);
        }
    }
    lines
}

/// The label of a place `/form/{field}` or `/form/{table}/{row}/{column}`, as the form prints it; none where the form has no
/// such field.
pub fn label_of(fields: &[Field], pointer: &str) -> Option<String> {
    let mut steps = pointer.strip_prefix("/form/")?.split('/');
    let name = steps.next()?;
    let field = fields.iter().find(|field| field.name == name)?;
    let label = field.label.ja.as_str();
    let inner = steps.next();
    let part = parts::of(field.field_type).iter().find(|part| Some(part.name) == inner);
    let number = inner.and_then(|step| step.parse::<u16>().ok()).map(|number| u32::from(number) + 1);
    let wanted = steps.next();
    let column = field.columns.iter().find(|column| Some(column.name.as_str()) == wanted);
    Some(match (part, number, column) {
        (Some(part), ..) => format!("{label}（{}）", part.label_ja),
        (None, Some(number), Some(column)) => format!("{label} {number}　{}", column.label.ja),
        (None, Some(number), None) => format!("{label} {number}"),
        (None, None, _) => label.to_owned(),
    })
}

fn print_field(field: &Field, label: &str, answer: &Value, lines: &mut Vec<PrintedAnswer>) {
    let of_parts = parts::of(field.field_type);
    if !of_parts.is_empty() {
        for part in of_parts {
            if let Some(words) = answer.get(part.name).and_then(Value::as_str) {
                lines.push(PrintedAnswer {
                    label: format!("{label}（{}）", part.label_ja),
                    words: words.to_owned(),
                });
            }
        }
        return;
    }
    if field.field_type == FieldType::Table {
        for (number, row) in answer.as_array().into_iter().flatten().enumerate() {
            for column in &field.columns {
                if let Some(answer) = row.get(&column.name).filter(|answer| !answer.is_null()) {
                    let label = format!("{label} {}　{}", number + 1, column.label.ja);
                    print_field(column, &label, answer, lines);
                }
            }
        }
        return;
    }
    lines.push(PrintedAnswer { label: label.to_owned(), words: words(field, answer) });
}

fn words(field: &Field, answer: &Value) -> String {
    let unit = field.unit.as_deref().unwrap_or_default();
    match (field.field_type, answer) {
        (FieldType::Choice, Value::String(value)) => choice(field, value),
        (FieldType::MultiChoice, Value::Array(values)) => {
            let chosen: Vec<String> =
                values.iter().filter_map(Value::as_str).map(|it| choice(field, it)).collect();
            chosen.join("、")
        }
        (FieldType::Date, Value::String(day)) => {
            day.parse::<Date>().map_or_else(|_| day.clone(), wareki::write)
        }
        (FieldType::Money, Value::Number(number)) => format!("{}円", grouped(&number.to_string())),
        (_, Value::Number(number)) => format!("{}{unit}", grouped(&number.to_string())),
        (FieldType::Statement, Value::Bool(true)) => "同意します".to_owned(),
        (_, Value::Bool(yes)) => if *yes { "はい" } else { "いいえ" }.to_owned(),
        (FieldType::Decimal, Value::String(text)) => format!("{text}{unit}"),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

fn choice(field: &Field, value: &str) -> String {
    let found = field.choices.iter().find(|choice| choice.value == value);
    found.map_or_else(|| value.to_owned(), |choice| choice.label.ja.clone())
}

/// A whole number with a comma after every three digits: `1234567` is `1,234,567`.
pub fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(name: &str, kind: &str, more: &Value) -> Field {
        let mut field =
            json!({ "name": name, "label": { "ja": format!("「{name}」"), "en": name }, "type": kind });
        for (key, value) in more.as_object().unwrap() {
            field[key] = value.clone();
        }
        serde_json::from_value(field).unwrap()
    }

    fn lines(fields: &[Field], answers: &Value) -> Vec<(String, String)> {
        printed(fields, answers).into_iter().map(|line| (line.label, line.words)).collect()
    }

    #[test]
    fn answers_are_printed_in_the_order_of_the_form_and_in_words() {
        let choices = json!({ "choices": [{ "value": "a", "label": { "ja": "甲", "en": "A" } },
            { "value": "b", "label": { "ja": "乙", "en": "B" } }] });
        let fields = [
            field("kind", "choice", &choices),
            field("kinds", "multi_choice", &choices),
            field("day", "date", &json!({})),
            field("price", "money", &json!({})),
            field("area", "decimal", &json!({ "scale": 2, "unit": "㎡" })),
            field("agreed", "statement", &json!({})),
            field("left_out", "text", &json!({})),
        ];
        let answers = json!({ "price": 1_234_567, "kind": "b", "kinds": ["a", "b"], "day": "2026-11-29",
            "area": "12.50", "agreed": true, "left_out": null });
        let found = lines(&fields, &answers);
        let words: Vec<&str> = found.iter().map(|(_, words)| words.as_str()).collect();
        assert_eq!(words, ["乙", "甲、乙", "令和8年11月29日", "1,234,567円", "12.50㎡", "同意します"]);
    }

    #[test]
    fn names_addresses_and_tables_are_printed_part_by_part() {
        let columns =
            json!({ "columns": [{ "name": "item", "label": { "ja": "品", "en": "item" }, "type": "text" }] });
        let fields = [field("who", "person_name", &json!({})), field("list", "table", &columns)];
        let answers =
            json!({ "who": { "family": "髙橋", "family_kana": "タカハシ" }, "list": [{ "item": "鍋" }, {}] });
        assert_eq!(
            lines(&fields, &answers),
            [
                ("「who」（氏）".to_owned(), "髙橋".to_owned()),
                ("「who」（氏（フリガナ））".to_owned(), "タカハシ".to_owned()),
                ("「list」 1　品".to_owned(), "鍋".to_owned()),
            ]
        );
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (digits, text) in [("0", "0"), ("999", "999"), ("1000", "1,000"), ("-1234567", "-1,234,567")] {
            assert_eq!(grouped(digits), text);
        }
    }
}
