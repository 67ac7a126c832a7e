//! Spoiling trees: what people mistype, and what somebody writes who means harm.

use serde_json::{Map, Value, json};

use crate::expressions::grammar;
use crate::support::choices::Choices;

const NUMBERS: [i64; 14] = [
    0,
    1,
    -1,
    2,
    6,
    7,
    200,
    201,
    65_536,
    999_999_999,
    4_294_967_296,
    9_007_199_254_740_993,
    i64::MAX,
    i64::MIN,
];
const DAYS: [&str; 8] = [
    "2026-02-29",
    "0001-01-01",
    "-9999-01-01",
    "9999-12-31",
    "2026-4-1",
    "令和8年4月1日",
    "R99.1.1",
    "2027-03-31",
];
const TEXTS: [&str; 14] = [
    "",
    " ",
    "\u{0}",
    "../../etc/passwd",
    "form",
    "a.b",
    "a/b~c",
    "個人番号",
    "123456789018",
    "🏳️‍🌈\u{202e}\u{feff}",
    "{{constructor}}",
    "'; DROP TABLE applications; --",
    "true",
    "<script>",
];
/// Expressions that should be refused, or must be cheap.
const EXPRESSIONS: [&str; 22] = [
    "",
    "form",
    "form.nothing > 1",
    "office.area",
    "1/0 == 1",
    "form.trades / (form.trades - 3)",
    "9223372036854775807 + form.trades",
    "-9223372036854775808 * form.trades",
    "form.trades * 1.5",
    "form.items.all(i, form.items.all(j, j.quantity == i.quantity))",
    "form.items[99].quantity",
    "form.items.map(i, i).map(i, i).size()",
    "form.kind.matches('(a+)+$')",
    "form.kind.matches('(\\\\w{1000}){1000}')",
    "form.kind.matches('(?i)[\\\\p{L}]{500}')",
    "row.quantity",
    "sum(form.items.map(i, i.quantity * 4611686018427387904))",
    "days_between('0001-01-01', '9999-12-31')",
    "size(form.kind + form.kind + form.kind)",
    "form.count + 1",
    "{'a': 1}",
    "[form, office, channel]",
];
const FIELD_TYPES: [&str; 20] = [
    "integer",
    "text",
    "kana",
    "person_name",
    "address",
    "municipality",
    "decimal",
    "money",
    "date",
    "choice",
    "multi_choice",
    "boolean",
    "statement",
    "phone",
    "postcode",
    "email",
    "corporate_number",
    "table",
    "calculated",
    "float",
];
const NAMES: [&str; 10] =
    ["trades", "items", "form", "row", "no-such", "kind", "whole", "part", "constructor", "__proto__"];
/// Keys whose values are expressions.
const EXPRESSION_KEYS: [&str; 9] =
    ["when", "value", "count", "visible_if", "required_if", "rule", "from", "to", "quantity"];

/// Changes one node of `tree`; twice in three times to something of the same type.
pub fn spoil(tree: &mut Value, choices: &mut Choices<'_>) {
    let mut pointers = Vec::new();
    places(tree, &mut String::new(), &mut pointers);
    let pointer = pointers[choices.below(pointers.len())].clone();
    if choices.once_in(3) {
        break_structure(tree, &pointer, choices);
        return;
    }
    let key = pointer.rsplit('/').next().unwrap_or_default();
    let Some(node) = tree.pointer_mut(&pointer) else { return };
    match node {
        Value::Number(number) => *number = NUMBERS[choices.below(NUMBERS.len())].into(),
        Value::Bool(flag) => *flag = !*flag,
        Value::String(text) => *text = hostile_text(key, text, choices),
        Value::Array(items) => shuffle(items, choices),
        Value::Object(members) => swap_members(members, choices),
        Value::Null => {}
    }
}

/// Every place of a tree, scalars thrice, because there the language is.
fn places(tree: &Value, at: &mut String, found: &mut Vec<String>) {
    let length = at.len();
    let times = if tree.is_object() || tree.is_array() { 1 } else { 3 };
    found.extend(std::iter::repeat_n(at.clone(), times));
    match tree {
        Value::Object(members) => {
            for (name, member) in members {
                at.push('/');
                at.push_str(&name.replace('~', "~0").replace('/', "~1"));
                places(member, at, found);
                at.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate().take(40) {
                at.push('/');
                at.push_str(&index.to_string());
                places(item, at, found);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

fn hostile_text(key: &str, text: &str, choices: &mut Choices<'_>) -> String {
    if EXPRESSION_KEYS.contains(&key) {
        return match choices.below(4) {
            0 => choices.one_of(&EXPRESSIONS).to_owned(),
            1 => format!("({text}) {} form.trades", choices.one_of(&["+", "==", "&&", "-", "in", "?"])),
            2 => nested(text, choices),
            _ => grammar::typed_text(choices).1,
        };
    }
    match key {
        "type" => choices.one_of(&FIELD_TYPES).to_owned(),
        "name" | "code" | "of" | "field" => choices.one_of(&NAMES).to_owned(),
        _ if text.parse::<jiff::civil::Date>().is_ok() => choices.one_of(&DAYS).to_owned(),
        _ if choices.once_in(12) => "長".repeat(20_000),
        _ => choices.one_of(&TEXTS).to_owned(),
    }
}

/// Deeper than anybody reads.
fn nested(text: &str, choices: &mut Choices<'_>) -> String {
    match choices.below(4) {
        0 => format!("{}{text}{}", "(".repeat(400), ")".repeat(400)),
        1 => vec!["1"; 490].join("+"),
        2 => format!("{}{text}", "!".repeat(900)),
        _ => format!("form{}", ".a".repeat(400)),
    }
}

fn shuffle(items: &mut Vec<Value>, choices: &mut Choices<'_>) {
    let Some(first) = items.first().cloned() else { return };
    match choices.below(4) {
        0 => items.reverse(),
        1 => items.push(first),
        2 => items.clear(),
        _ if choices.once_in(8) => items.resize(301, first),
        _ => {
            items.pop();
        }
    }
}

fn swap_members(members: &mut Map<String, Value>, choices: &mut Choices<'_>) {
    let names: Vec<String> = members.keys().cloned().collect();
    if names.is_empty() {
        return;
    }
    let (one, other) = (&names[choices.below(names.len())], &names[choices.below(names.len())]);
    let taken = members[one].clone();
    let given = std::mem::replace(&mut members[other], taken);
    members[one] = given;
}

fn break_structure(tree: &mut Value, pointer: &str, choices: &mut Choices<'_>) {
    let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
    let choice = choices.below(10);
    if choice < 3 {
        match tree.pointer_mut(parent) {
            Some(Value::Object(members)) if choice == 0 => drop(members.remove(key)),
            Some(Value::Object(members)) if choice == 1 => {
                let member = members.remove(key).unwrap_or_default();
                members.insert(choices.one_of(&TEXTS).to_owned(), member);
            }
            Some(Value::Object(members)) => drop(members.insert("colour".to_owned(), json!("red"))),
            _ => {}
        }
        return;
    }
    let Some(node) = tree.pointer_mut(pointer) else { return };
    *node = match choice {
        3 => Value::Null,
        4 => json!([]),
        5 => json!({}),
        6 => json!(u64::MAX),
        7 => json!(1.5e300),
        8 => json!(choices.one_of(&TEXTS)),
        _ => (0..=choices.below(60)).fold(node.take(), |inner, _| json!([inner])),
    };
}
