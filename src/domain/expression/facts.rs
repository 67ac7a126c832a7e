//! The values an expression is evaluated on.

use serde_json::{Map, Value};

/// What is known when an expression is evaluated: `{"form": {..}, "office": {..}, "channel": "online", ..}`.
///
/// An answer is absent when it is missing or null; an empty text or list is an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    values: Map<String, Value>,
}

impl Facts {
    /// The facts in `values`.
    pub fn new(values: Map<String, Value>) -> Self {
        Self { values }
    }

    /// The value at `path`, e.g. `form.trades`; none when it is absent.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let mut segments = path.split('.');
        let root = self.values.get(segments.next()?)?;
        segments.try_fold(root, |value, segment| value.get(segment)).filter(|value| !value.is_null())
    }

    /// Only what stands at `paths`: enough to evaluate again later what depends on nothing else.
    pub fn narrowed<'a>(&self, paths: impl IntoIterator<Item = &'a String>) -> Map<String, Value> {
        let mut narrowed = Map::new();
        for path in paths {
            if let Some(value) = self.get(path) {
                insert(&mut narrowed, path, value);
            }
        }
        narrowed
    }
}

fn insert(into: &mut Map<String, Value>, path: &str, value: &Value) {
    let Some((first, rest)) = path.split_once('.') else {
        into.insert(path.to_owned(), value.clone());
        return;
    };
    if !into.contains_key(first) {
        into.insert(first.to_owned(), Value::Object(Map::new()));
    }
    if let Some(Value::Object(inner)) = into.get_mut(first) {
        insert(inner, rest, value);
    }
}

/// Facts that are still being settled, field by field.
impl Facts {
    /// Sets the top-level `name`.
    pub fn put(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// Takes the top-level `name` away.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name)
    }

    /// Sets `name` in the top-level `record`.
    pub fn put_in(&mut self, record: &str, name: &str, value: Value) {
        if let Some(Value::Object(members)) = self.values.get_mut(record) {
            members.insert(name.to_owned(), value);
        }
    }

    /// Takes `name` out of the top-level `record`.
    pub fn take_in(&mut self, record: &str, name: &str) -> Option<Value> {
        self.values.get_mut(record)?.as_object_mut()?.remove(name)
    }
}
