//! The values an expression is evaluated on.

use std::collections::BTreeSet;

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
    pub fn narrowed(&self, paths: &BTreeSet<String>) -> Map<String, Value> {
        let mut narrowed = Map::new();
        for path in paths {
            if let Some(value) = self.get(path) {
                let segments: Vec<&str> = path.split('.').collect();
                insert(&mut narrowed, &segments, value);
            }
        }
        narrowed
    }
}

fn insert(into: &mut Map<String, Value>, segments: &[&str], value: &Value) {
    let Some((first, rest)) = segments.split_first() else { return };
    if rest.is_empty() {
        into.insert((*first).to_owned(), value.clone());
        return;
    }
    let entry = into.entry(*first).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = entry {
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
