//! Random expressions, well typed for the most part, and random facts for them.

use madoguchi::domain::expression::{Scope, ValueType};
use serde_json::{Map, Value, json};

use crate::support::choices::Choices;

/// A form with a field of every kind an expression may read.
pub fn scope() -> Scope {
    let applicant = ValueType::record([("family", ValueType::Text), ("family_kana", ValueType::Text)]);
    let item = ValueType::record([
        ("kind", ValueType::Text),
        ("quantity", ValueType::Int),
        ("discount", ValueType::Int),
        ("since", ValueType::Date),
    ]);
    let form = ValueType::record([
        ("trades", ValueType::Int),
        ("copies", ValueType::Int),
        ("kind", ValueType::Text),
        ("agreed", ValueType::Bool),
        ("born_on", ValueType::Date),
        ("ends_on", ValueType::Date),
        ("purposes", ValueType::list(ValueType::Text)),
        ("items", ValueType::list(item)),
        ("applicant", applicant),
    ]);
    Scope::new()
        .with("form", form)
        .with("office", ValueType::record([("area", ValueType::Int)]))
        .with("channel", ValueType::Text)
        .with("arrived_on", ValueType::Date)
}

const INTS: [i64; 9] = [0, 1, 3, -1, 200, 1_000_000, i64::MAX, i64::MIN, i64::MIN + 1];
const TEXTS: [&str; 7] = ["a", "road", "", "髙﨑", "2026-02-27", "タカサキ", "'\\\"\n"];
const DAYS: [&str; 7] =
    ["2026-02-27", "2024-02-29", "0001-01-01", "9999-12-31", "2000-02-29", "1900-12-31", "2026-04-01"];

/// Facts as the scope promises them, with anything of them absent.
pub fn facts(choices: &mut Choices<'_>) -> Map<String, Value> {
    let mut form = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| form.insert(name.to_owned(), value));
    for name in ["trades", "copies"] {
        put(name, int_fact(choices));
    }
    put("kind", text_fact(choices));
    put("agreed", (!choices.once_in(4)).then(|| json!(choices.once_in(2))));
    for name in ["born_on", "ends_on"] {
        put(name, day_fact(choices));
    }
    let purposes: Vec<Value> = (0..choices.below(4)).filter_map(|_| text_fact(choices)).collect();
    put("purposes", (!choices.once_in(5)).then_some(Value::Array(purposes)));
    let rows: Vec<Value> = (0..choices.below(4)).map(|_| row(choices)).collect();
    put("items", (!choices.once_in(5)).then_some(Value::Array(rows)));
    put("applicant", text_fact(choices).map(|family| json!({"family": family, "family_kana": null})));
    let mut facts = Map::new();
    facts.insert("form".to_owned(), Value::Object(form));
    facts.insert("office".to_owned(), json!({"area": int_fact(choices)}));
    facts.insert("channel".to_owned(), json!(choices.one_of(&["online", "window", "post"])));
    facts.insert("arrived_on".to_owned(), json!(choices.one_of(&DAYS)));
    facts
}

fn row(choices: &mut Choices<'_>) -> Value {
    let (kind, quantity) = (text_fact(choices), int_fact(choices));
    json!({"kind": kind, "quantity": quantity, "discount": int_fact(choices), "since": day_fact(choices)})
}

fn int_fact(choices: &mut Choices<'_>) -> Option<Value> {
    (!choices.once_in(6)).then(|| json!(INTS[choices.below(INTS.len())]))
}

fn text_fact(choices: &mut Choices<'_>) -> Option<Value> {
    (!choices.once_in(6)).then(|| json!(choices.one_of(&TEXTS)))
}

fn day_fact(choices: &mut Choices<'_>) -> Option<Value> {
    (!choices.once_in(6)).then(|| json!(choices.one_of(&DAYS)))
}

/// A type an expression may be asked for, and the text of one that should have it.
pub fn typed_text(choices: &mut Choices<'_>) -> (ValueType, String) {
    let mut writer = Writer { choices, inside: Inside::Form };
    match writer.choices.below(4) {
        0 => (ValueType::Bool, writer.bool(4)),
        1 => (ValueType::Int, writer.int(4)),
        2 => (ValueType::Date, writer.day(3)),
        _ => (ValueType::Text, writer.text(3)),
    }
}

/// Where an expression is being written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Form,
    /// In a loop over rows, as `i`.
    Rows,
    /// In a loop over texts, as `i`.
    Texts,
}

struct Writer<'c, 'b> {
    choices: &'c mut Choices<'b>,
    inside: Inside,
}

impl Writer<'_, '_> {
    fn int(&mut self, depth: usize) -> String {
        if self.choices.once_in(60) {
            return self.text(depth);
        }
        let choice = if depth == 0 { 0 } else { self.choices.below(11) };
        let next = depth.saturating_sub(1);
        match choice {
            0 if self.inside == Inside::Rows && self.choices.once_in(2) => {
                self.choices.one_of(&["i.quantity", "(has(i.discount) ? i.discount : 0)"]).to_owned()
            }
            0 => {
                let leaves = [
                    "1",
                    "form.trades",
                    "0",
                    "7",
                    "9223372036854775807",
                    "office.area",
                    "size(form.purposes)",
                ];
                self.choices.one_of(&leaves).to_owned()
            }
            1 | 2 => {
                let operator = self.choices.one_of(&["+", "-", "*", "/", "%"]);
                format!("({} {operator} {})", self.int(next), self.int(next))
            }
            3 => format!("-({})", self.int(next)),
            4 => format!("({} ? {} : {})", self.bool(next), self.int(next), self.int(next)),
            5 => {
                let function = self.choices.one_of(&["min", "max"]);
                format!("{function}({}, {})", self.int(next), self.int(next))
            }
            6 => {
                let function = self.choices.one_of(&["age_on", "days_between", "months_between"]);
                format!("{function}({}, {})", self.day(next), self.day(next))
            }
            7 => format!("year_of({})", self.day(next)),
            8 => format!("size({})", self.text(next)),
            9 => "(has(form.copies) ? form.copies : 1)".to_owned(),
            _ => self.over_rows(next),
        }
    }

    /// A number made of a loop, which is written once only.
    fn over_rows(&mut self, depth: usize) -> String {
        if self.inside != Inside::Form {
            return "2".to_owned();
        }
        self.inside = Inside::Rows;
        let (item, condition) = (self.int(depth), self.bool(depth));
        self.inside = Inside::Form;
        match self.choices.below(4) {
            0 => format!("sum(form.items.map(i, {item}))"),
            1 => format!("sum(form.items.map(i, {condition}, {item}))"),
            2 => format!("size(form.items.filter(i, {condition}))"),
            _ => "form.items[0].quantity".to_owned(),
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        let choice = if depth == 0 { 0 } else { self.choices.below(10) };
        let next = depth.saturating_sub(1);
        match choice {
            0 if self.inside == Inside::Rows => {
                self.choices.one_of(&["has(i.discount)", "i.kind == 'a'"]).to_owned()
            }
            0 => {
                let leaves = ["true", "form.agreed", "has(form.copies)", "channel == 'online'", "false"];
                self.choices.one_of(&leaves).to_owned()
            }
            1 => {
                let operator = self.choices.one_of(&["&&", "||"]);
                format!("({} {operator} {})", self.bool(next), self.bool(next))
            }
            2 => format!("!({})", self.bool(next)),
            3 => {
                let operator = self.choices.one_of(&["==", "!=", "<", "<=", ">", ">="]);
                format!("({} {operator} {})", self.int(next), self.int(next))
            }
            4 => {
                let operator = self.choices.one_of(&["==", "<", ">="]);
                format!("({} {operator} {})", self.day(next), self.day(next))
            }
            5 => format!("({} == {})", self.text(next), self.text(next)),
            6 => format!("{} in form.purposes", self.text(next)),
            7 => {
                let function = self.choices.one_of(&["startsWith", "endsWith", "contains"]);
                format!("({}).{function}({})", self.text(next), self.text(next))
            }
            8 => format!("({}).matches('^[ァ-ヶa-z]+$')", self.text(next)),
            _ => self.over_all(next),
        }
    }

    fn over_all(&mut self, depth: usize) -> String {
        if self.inside != Inside::Form {
            return "false".to_owned();
        }
        let (list, inside) = if self.choices.once_in(2) {
            ("form.purposes", Inside::Texts)
        } else {
            ("form.items", Inside::Rows)
        };
        self.inside = inside;
        let condition = self.bool(depth);
        self.inside = Inside::Form;
        let function = self.choices.one_of(&["all", "exists"]);
        format!("{list}.{function}(i, {condition})")
    }

    fn text(&mut self, depth: usize) -> String {
        let choice = if depth == 0 { 0 } else { self.choices.below(4) };
        let next = depth.saturating_sub(1);
        match choice {
            0 if self.inside == Inside::Rows => "i.kind".to_owned(),
            0 if self.inside == Inside::Texts => "i".to_owned(),
            0 => {
                let leaves =
                    ["'a'", "form.kind", "channel", "form.applicant.family", "'髙﨑'", "'2026-02-27'"];
                self.choices.one_of(&leaves).to_owned()
            }
            1 => format!("({} + {})", self.text(next), self.text(next)),
            2 => format!("({} ? {} : {})", self.bool(next), self.text(next), self.text(next)),
            _ => format!("('期限 ' + {})", self.day(next)),
        }
    }

    fn day(&mut self, depth: usize) -> String {
        let choice = if depth == 0 { 0 } else { self.choices.below(3) };
        let next = depth.saturating_sub(1);
        match choice {
            0 if self.inside == Inside::Rows => "i.since".to_owned(),
            0 => {
                let leaves = ["arrived_on", "form.born_on", "form.ends_on", "'2024-02-29'", "'9999-12-31'"];
                self.choices.one_of(&leaves).to_owned()
            }
            1 => {
                let function = self.choices.one_of(&["min", "max"]);
                format!("{function}({}, {})", self.day(next), self.day(next))
            }
            _ => format!("({} ? {} : {})", self.bool(next), self.day(next), self.day(next)),
        }
    }
}
