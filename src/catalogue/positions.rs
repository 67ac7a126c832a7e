//! Where the parts of a YAML text stand: JSON pointer → line and column, so that a fault can be shown in the editor.
//!
//! The walk is stricter than the reader: keys given twice, anchors that are used again and several documents in one text
//! are refused with their line. A definition stands as it is written; nothing in it means something elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, Span};

use crate::domain::fault::Fault;
use crate::domain::form::escape;

/// The longest text in bytes, the deepest nesting, the longest key in characters and the greatest number of nodes: far
/// beyond what a definition needs, and small enough that no text costs much memory.
const MAX_BYTES: usize = 1_048_576;
const MAX_DEPTH: usize = 32;
const MAX_KEY: usize = 100;
const MAX_NODES: usize = 50_000;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The beginning of a text.
    pub const START: Self = Self { line: 1, column: 1 };

    fn of(marker: &Marker) -> Self {
        Self { line: marker.line().max(1), column: marker.col().saturating_add(1) }
    }
}

/// A fault of a text that stands at a known place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFault {
    /// Where it stands.
    pub position: Position,
    /// What is wrong.
    pub fault: Fault,
}

/// The positions of all nodes of one text.
#[derive(Clone, Debug)]
pub struct Positions(BTreeMap<String, Position>);

impl Positions {
    /// Walks through `text`; every key given twice is named, any other fault ends the walk.
    pub fn of(text: &str) -> Result<Self, Vec<TextFault>> {
        let walk = Walk::through(text, Noting::Places);
        if walk.faults.is_empty() { Ok(Self(walk.found)) } else { Err(walk.faults) }
    }

    /// The faults that [`Positions::of`] finds, without noting where everything stands: nearly every text has none.
    pub fn check(text: &str) -> Result<(), Vec<TextFault>> {
        if Walk::through(text, Noting::Nothing).faults.is_empty() { Ok(()) } else { Self::of(text).map(drop) }
    }

    /// Where the node of a JSON pointer stands (the key, for a member); of what is absent, what would hold it.
    pub fn find(&self, pointer: &str) -> Position {
        let mut rest = pointer;
        loop {
            if let Some(position) = self.0.get(rest) {
                return *position;
            }
            let Some((parent, _)) = rest.rsplit_once('/') else { return Position::START };
            rest = parent;
        }
    }
}

const YAML: (&str, &str) = ("YAMLとして読めません", "is not readable as YAML");
const ALIAS: (&str, &str) = (
    "アンカー・エイリアス（&、*、<<）は使えません",
    "anchors that are used again (&, *, <<) are not allowed",
);
const DOCUMENTS: (&str, &str) = ("一つのファイルに文書は一つです", "one file holds one document");
const KEY: (&str, &str) = ("キーは文字列にしてください", "a key must be a plain text");
const SIZE: (&str, &str) = ("大きすぎます", "is too large");
const DEPTH: (&str, &str) = ("入れ子が深すぎます", "is nested too deeply");
const TWICE: (&str, &str) = ("同じキーが二度あります", "the key is given twice");

/// The walk cannot go on.
struct Ended;

struct Frame {
    pointer: String,
    at: Inside,
}

enum Inside {
    /// Keys so far, and the key whose value comes next.
    Mapping { seen: BTreeSet<String>, key: Option<(String, Position)> },
    /// The index of the next item.
    Sequence { next: usize },
}

/// What a walk writes down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Noting {
    /// The place of every node.
    #[default]
    Places,
    /// Nothing: pointers are left empty.
    Nothing,
}

#[derive(Default)]
struct Walk {
    noting: Noting,
    /// How many nodes there were so far.
    nodes: usize,
    found: BTreeMap<String, Position>,
    faults: Vec<TextFault>,
    open: Vec<Frame>,
    documents: usize,
}

impl Walk {
    fn through(text: &str, noting: Noting) -> Self {
        let mut walk = Self { noting, ..Self::default() };
        if text.len() > MAX_BYTES {
            walk.fault(Position::START, "", "yaml", SIZE.0, SIZE.1);
            return walk;
        }
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            match event {
                Ok((event, span)) => {
                    if walk.step(&event, span).is_err() {
                        break;
                    }
                }
                Err(error) => {
                    walk.fault(Position::of(error.marker()), "", "yaml", YAML.0, error.info());
                    break;
                }
            }
        }
        walk
    }

    fn fault(&mut self, position: Position, pointer: &str, code: &'static str, ja: &str, en: &str) {
        self.faults.push(TextFault { position, fault: Fault::new(pointer, code, ja, en) });
    }

    fn stop(&mut self, position: Position, code: &'static str, (ja, en): (&str, &str)) -> Ended {
        let pointer = self.open.last().map(|frame| frame.pointer.clone()).unwrap_or_default();
        self.fault(position, &pointer, code, ja, en);
        Ended
    }

    fn step(&mut self, event: &Event<'_>, span: Span) -> Result<(), Ended> {
        let position = Position::of(&span.start);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(self.stop(position, "yaml", DOCUMENTS));
                }
            }
            Event::Alias(_) => return Err(self.stop(position, "yaml_alias", ALIAS)),
            Event::Scalar(text, ..) => {
                if !self.take_key(text, position)? {
                    self.place(position)?;
                }
            }
            Event::SequenceStart(..) => self.enter(position, Inside::Sequence { next: 0 })?,
            Event::MappingStart(..) => {
                self.enter(position, Inside::Mapping { seen: BTreeSet::new(), key: None })?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// Takes a text as the key of the open mapping, if one is expected.
    fn take_key(&mut self, text: &str, position: Position) -> Result<bool, Ended> {
        let Some(Frame { pointer, at: Inside::Mapping { seen, key } }) = self.open.last_mut() else {
            return Ok(false);
        };
        if key.is_some() {
            return Ok(false);
        }
        if text == "<<" {
            return Err(self.stop(position, "yaml_alias", ALIAS));
        }
        if text.chars().count() > MAX_KEY {
            return Err(self.stop(position, "yaml", SIZE));
        }
        *key = Some((text.to_owned(), position));
        if !seen.insert(text.to_owned()) {
            let pointer = format!("{pointer}/{}", escape(text));
            self.fault(position, &pointer, "duplicate_key", TWICE.0, TWICE.1);
        }
        Ok(true)
    }

    /// Notes where the next node stands and gives its pointer.
    fn place(&mut self, position: Position) -> Result<String, Ended> {
        if self.nodes >= MAX_NODES {
            return Err(self.stop(position, "yaml", SIZE));
        }
        self.nodes += 1;
        if self.noting == Noting::Nothing {
            if let Some(Frame { at: Inside::Mapping { key, .. }, .. }) = self.open.last_mut() {
                *key = None;
            }
            return Ok(String::new());
        }
        let (pointer, position) = match self.open.last_mut() {
            None => (String::new(), position),
            Some(Frame { pointer, at: Inside::Sequence { next } }) => {
                let pointer = format!("{pointer}/{next}");
                *next += 1;
                (pointer, position)
            }
            Some(Frame { pointer, at: Inside::Mapping { key, .. } }) => match key.take() {
                Some((name, position)) => (format!("{pointer}/{}", escape(&name)), position),
                None => (pointer.clone(), position),
            },
        };
        self.found.entry(pointer.clone()).or_insert(position);
        Ok(pointer)
    }

    fn enter(&mut self, position: Position, at: Inside) -> Result<(), Ended> {
        if matches!(self.open.last(), Some(Frame { at: Inside::Mapping { key: None, .. }, .. })) {
            return Err(self.stop(position, "yaml", KEY));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.stop(position, "yaml", DEPTH));
        }
        let pointer = self.place(position)?;
        self.open.push(Frame { pointer, at });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
