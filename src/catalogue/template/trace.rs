//! A JSON tree whose every node knows in which file it was written, and where there.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::form::escape;

/// The file a node was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The template.
    Template,
    /// The file that extends it.
    Own,
}

/// Where a node was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub source: Source,
    /// The JSON pointer in that file.
    pub pointer: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Plain(Value),
    Object(BTreeMap<String, Traced>),
    List(Vec<Traced>),
}

/// A node with its origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    origin: Origin,
    node: Node,
}

impl Traced {
    /// A tree written in one file, at `pointer`.
    pub fn of(value: &Value, source: Source, pointer: &str) -> Self {
        let node = match value {
            Value::Object(members) => Node::Object(
                members
                    .iter()
                    .map(|(name, value)| {
                        let inner = Self::of(value, source, &format!("{pointer}/{}", escape(name)));
                        (name.clone(), inner)
                    })
                    .collect(),
            ),
            Value::Array(items) => Node::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, value)| Self::of(value, source, &format!("{pointer}/{index}")))
                    .collect(),
            ),
            plain => Node::Plain(plain.clone()),
        };
        Self { origin: Origin { source, pointer: pointer.to_owned() }, node }
    }

    /// The tree without origins.
    pub fn value(&self) -> Value {
        match &self.node {
            Node::Plain(value) => value.clone(),
            Node::Object(members) => {
                Value::Object(members.iter().map(|(name, inner)| (name.clone(), inner.value())).collect())
            }
            Node::List(items) => Value::Array(items.iter().map(Self::value).collect()),
        }
    }

    /// Where the node of `pointer` was written; of what is absent, where that would hold it.
    pub fn origin_of(&self, pointer: &str) -> Origin {
        let mut node = self;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let inner = match &node.node {
                Node::Object(members) => members.get(&step),
                Node::List(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
                Node::Plain(_) => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node.origin.clone()
    }

    /// Whether it has members.
    pub(super) fn is_object(&self) -> bool {
        matches!(self.node, Node::Object(_))
    }

    /// The member called `name`.
    pub(super) fn member_mut(&mut self, name: &str) -> Option<&mut Self> {
        match &mut self.node {
            Node::Object(members) => members.get_mut(name),
            _ => None,
        }
    }

    /// Puts a member in; nothing happens to what has no members.
    pub(super) fn insert(&mut self, name: &str, value: Self) {
        if let Node::Object(members) = &mut self.node {
            members.insert(name.to_owned(), value);
        }
    }

    /// Takes a member out.
    pub(super) fn remove(&mut self, name: &str) -> Option<Self> {
        match &mut self.node {
            Node::Object(members) => members.remove(name),
            _ => None,
        }
    }

    /// The items, of a list.
    pub(super) fn items_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.node {
            Node::List(items) => Some(items),
            _ => None,
        }
    }
}
