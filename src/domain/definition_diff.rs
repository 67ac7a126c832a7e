//! What differs between two definitions (新旧対照), as a list of changes that can be applied.
//!
//! Lists whose items carry a key (`name`, `code` with or without `effective_from`, or `value`, the `ja` of `title`) are compared by key, so a
//! field that moved is one line and not the noise of everything after it. Other lists of objects are compared place by
//! place, and lists of plain values as a whole. Invariants: `diff(a, a)` is empty, `apply(a, diff(a, b))` is `b`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

/// One step from a node to a node within it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A member of an object.
    Member(String),
    /// The item of a list that has this key.
    Item(String),
    /// The item of a list at this place, counted from 0.
    Index(usize),
}

/// Where something is. It reads like a JSON pointer, with keys instead of numbers where a list has keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub Vec<Step>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                Step::Member(name) | Step::Item(name) => {
                    write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))?;
                }
                Step::Index(index) => write!(f, "/{index}")?,
            }
        }
        Ok(())
    }
}

impl Place {
    /// Whether one of the two places lies within the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one == other)
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Only the second has it.
    Added {
        /// Where.
        at: Place,
        /// What.
        value: Value,
    },
    /// Only the first has it.
    Removed {
        /// Where.
        at: Place,
        /// What.
        value: Value,
    },
    /// Both have it, with different content.
    Changed {
        /// Where.
        at: Place,
        /// What it is in the first.
        from: Value,
        /// What it is in the second.
        to: Value,
    },
    /// The items of a list with keys stand in another order.
    Reordered {
        /// The list.
        at: Place,
        /// The keys in the order of the second.
        order: Vec<String>,
    },
}

impl Change {
    /// Where the change is.
    pub fn at(&self) -> &Place {
        match self {
            Self::Added { at, .. }
            | Self::Removed { at, .. }
            | Self::Changed { at, .. }
            | Self::Reordered { at, .. } => at,
        }
    }

    /// Whether both changes speak of the same thing; another order collides only with another order.
    pub fn collides_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Reordered { at: one, .. }, Self::Reordered { at: other, .. }) => one == other,
            (Self::Reordered { .. }, _) | (_, Self::Reordered { .. }) => false,
            _ => self.at().overlaps(other.at()),
        }
    }
}

/// The member or members that tell the items of a list apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyedBy {
    /// `name`, e.g. of fields.
    Name,
    /// `code` and `effective_from`, of what has versions in time: `koseki@2020-04-01`.
    CodeAndDay,
    /// `code`.
    Code,
    /// `value`, of choices.
    Value,
    /// `title.ja`, of examples.
    Title,
}

/// The key of an item, if it has one.
pub fn item_key(item: &Value) -> Option<(KeyedBy, String)> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    if let Some(name) = text("name") {
        return Some((KeyedBy::Name, name.to_owned()));
    }
    match (text("code"), text("effective_from")) {
        (Some(code), Some(day)) => Some((KeyedBy::CodeAndDay, format!("{code}@{day}"))),
        (Some(code), None) => Some((KeyedBy::Code, code.to_owned())),
        (None, _) => text("value").map(|value| (KeyedBy::Value, value.to_owned())).or_else(|| {
            let title = item.pointer("/title/ja").and_then(Value::as_str)?;
            Some((KeyedBy::Title, title.to_owned()))
        }),
    }
}

/// How the items of a list are told apart.
enum Keys {
    /// There is none.
    Empty,
    /// Every item has a key of the same kind, no two the same.
    Keyed(KeyedBy, Vec<String>),
    /// Objects without such keys.
    Objects,
    /// Plain values, or a mixture.
    Plain,
}

fn keys_of(list: &[Value]) -> Keys {
    if list.is_empty() {
        return Keys::Empty;
    }
    if !list.iter().all(Value::is_object) {
        return Keys::Plain;
    }
    let Some(keys) = list.iter().map(item_key).collect::<Option<Vec<_>>>() else { return Keys::Objects };
    let Some(kind) = keys.first().map(|(kind, _)| *kind) else { return Keys::Empty };
    let is_same_kind = keys.iter().all(|(other, _)| *other == kind);
    let texts: Vec<String> = keys.into_iter().map(|(_, key)| key).collect();
    let is_unique = texts.iter().collect::<BTreeSet<_>>().len() == texts.len();
    if is_same_kind && is_unique { Keys::Keyed(kind, texts) } else { Keys::Objects }
}

/// A definition without what it does not say: an absent member, null and an empty list are the same in it.
pub fn without_nothing(value: Value) -> Value {
    let is_nothing = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, value)| !is_nothing(value))
                .map(|(name, value)| (name, without_nothing(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nothing).collect()),
        plain => plain,
    }
}

/// Every difference of `new` from `old`.
pub fn diff(old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&Place::default(), old, new, &mut changes);
    changes
}

fn compare(at: &Place, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => compare_members(at, old, new, changes),
        (Value::Array(before), Value::Array(after)) => match (keys_of(before), keys_of(after)) {
            (Keys::Keyed(one, _), Keys::Keyed(other, _)) if one != other => replace(at, old, new, changes),
            (Keys::Keyed(_, one), Keys::Keyed(_, other)) => {
                compare_keyed(at, (before, one), (after, other), changes);
            }
            (Keys::Keyed(_, one), Keys::Empty) => {
                compare_keyed(at, (before, one), (after, vec![]), changes);
            }
            (Keys::Empty, Keys::Keyed(_, other)) => {
                compare_keyed(at, (before, vec![]), (after, other), changes);
            }
            (Keys::Objects | Keys::Empty, Keys::Objects | Keys::Empty) => {
                compare_by_place(at, before, after, changes);
            }
            _ => replace(at, old, new, changes),
        },
        _ => replace(at, old, new, changes),
    }
}

fn replace(at: &Place, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    if old != new {
        changes.push(Change::Changed { at: at.clone(), from: old.clone(), to: new.clone() });
    }
}

fn compare_members(
    at: &Place,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    changes: &mut Vec<Change>,
) {
    for (name, before) in old {
        let at = at.then(Step::Member(name.clone()));
        match new.get(name) {
            Some(after) => compare(&at, before, after, changes),
            None => changes.push(Change::Removed { at, value: before.clone() }),
        }
    }
    for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        changes.push(Change::Added { at: at.then(Step::Member(name.clone())), value: value.clone() });
    }
}

fn compare_keyed(
    at: &Place,
    (before, old_keys): (&[Value], Vec<String>),
    (after, new_keys): (&[Value], Vec<String>),
    changes: &mut Vec<Change>,
) {
    let old: BTreeMap<&String, &Value> = old_keys.iter().zip(before).collect();
    let new: BTreeMap<&String, &Value> = new_keys.iter().zip(after).collect();
    let place = |key: &str| at.then(Step::Item(key.to_owned()));
    for (key, value) in old_keys.iter().zip(before) {
        match new.get(key) {
            Some(after) => compare(&place(key), value, after, changes),
            None => changes.push(Change::Removed { at: place(key), value: value.clone() }),
        }
    }
    for (key, value) in new_keys.iter().zip(after).filter(|(key, _)| !old.contains_key(*key)) {
        changes.push(Change::Added { at: place(key), value: value.clone() });
    }
    // What stayed in its old order, then what came: any other order has to be told.
    let stayed = old_keys.iter().filter(|key| new.contains_key(*key));
    let came = new_keys.iter().filter(|key| !old.contains_key(*key));
    if !stayed.chain(came).eq(new_keys.iter()) {
        changes.push(Change::Reordered { at: at.clone(), order: new_keys });
    }
}

fn compare_by_place(at: &Place, before: &[Value], after: &[Value], changes: &mut Vec<Change>) {
    for (index, (old, new)) in before.iter().zip(after).enumerate() {
        compare(&at.then(Step::Index(index)), old, new, changes);
    }
    for (index, value) in before.iter().enumerate().skip(after.len()).rev() {
        changes.push(Change::Removed { at: at.then(Step::Index(index)), value: value.clone() });
    }
    for (index, value) in after.iter().enumerate().skip(before.len()) {
        changes.push(Change::Added { at: at.then(Step::Index(index)), value: value.clone() });
    }
}

/// A change speaks of a place that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing to change at {0}")]
pub struct DoesNotApply(pub Place);

/// `value` with the changes made, in their order.
pub fn apply(mut value: Value, changes: &[Change]) -> Result<Value, DoesNotApply> {
    for change in changes {
        apply_one(&mut value, change).ok_or_else(|| DoesNotApply(change.at().clone()))?;
    }
    Ok(value)
}

fn apply_one(root: &mut Value, change: &Change) -> Option<()> {
    match change {
        Change::Changed { at, to, .. } => *walk(root, &at.0)? = to.clone(),
        Change::Reordered { at, order } => {
            let places: BTreeMap<&str, usize> =
                order.iter().enumerate().map(|(place, key)| (key.as_str(), place)).collect();
            let place = |item: &Value| item_key(item).and_then(|(_, key)| places.get(key.as_str()).copied());
            walk(root, &at.0)?.as_array_mut()?.sort_by_key(place);
        }
        Change::Added { at, value } => {
            let (last, parent) = at.0.split_last()?;
            match (last, walk(root, parent)?) {
                (Step::Member(name), Value::Object(members)) => {
                    members.insert(name.clone(), value.clone());
                }
                (Step::Item(_) | Step::Index(_), Value::Array(items)) => items.push(value.clone()),
                _ => return None,
            }
        }
        Change::Removed { at, .. } => {
            let (last, parent) = at.0.split_last()?;
            match (last, walk(root, parent)?) {
                (Step::Member(name), Value::Object(members)) => drop(members.remove(name)?),
                (step, Value::Array(items)) => {
                    let index = index_of(items, step)?;
                    items.remove(index);
                }
                _ => return None,
            }
        }
    }
    Some(())
}

fn walk<'a>(root: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    steps.iter().try_fold(root, |node, step| match (step, node) {
        (Step::Member(name), Value::Object(members)) => members.get_mut(name),
        (step, Value::Array(items)) => {
            let index = index_of(items, step)?;
            items.get_mut(index)
        }
        _ => None,
    })
}

fn index_of(items: &[Value], step: &Step) -> Option<usize> {
    match step {
        Step::Member(_) => None,
        Step::Index(index) => (*index < items.len()).then_some(*index),
        Step::Item(key) => {
            items.iter().position(|item| item_key(item).is_some_and(|(_, other)| other == *key))
        }
    }
}

#[cfg(test)]
mod tests;
