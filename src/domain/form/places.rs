//! Municipalities that answers name: fields of the type, parts of addresses, columns of tables.
//!
//! A schema can check the digits of a code but does not know which municipalities there are, so the places
//! are told to whoever has the list.

use serde_json::Value;

use super::parts::{self, PartKind};
use super::translate::Translator;
use super::{CompiledForm, escape};
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::procedure::{Field, FieldType};

/// Where a form asks for a municipality.
#[derive(Debug)]
pub(super) enum Place {
    /// A field.
    Field(String),
    /// A part of an address: field and part.
    Part(String, &'static str),
    /// A column of a table: table and column.
    Column(String, String),
}

/// A municipality that an answer names; its check digit is right, whether it exists is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPlace {
    /// The answer, as a pointer into the answers.
    pub pointer: String,
    /// The code.
    pub code: TenantCode,
}

/// The places of a form.
pub(super) fn of(fields: &[Field]) -> Vec<Place> {
    let mut places = Vec::new();
    for field in fields {
        if field.field_type == FieldType::Municipality {
            places.push(Place::Field(field.name.clone()));
        }
        let parts = parts::of(field.field_type).iter().filter(|part| part.kind == PartKind::Municipality);
        places.extend(parts.map(|part| Place::Part(field.name.clone(), part.name)));
        let columns = field.columns.iter().filter(|column| column.field_type == FieldType::Municipality);
        places.extend(columns.map(|column| Place::Column(field.name.clone(), column.name.clone())));
    }
    places
}

impl CompiledForm {
    /// Every municipality that tidied answers name.
    pub fn named_places(&self, answers: &Value) -> Vec<NamedPlace> {
        let mut named = Vec::new();
        let mut add = |pointer: &dyn Fn() -> String, answer: Option<&Value>| {
            let code = answer.and_then(Value::as_str).and_then(TenantCode::parse);
            named.extend(code.map(|code| NamedPlace { pointer: pointer(), code }));
        };
        for place in &self.places {
            match place {
                Place::Field(name) => add(&|| format!("/{}", escape(name)), answers.get(name)),
                Place::Part(name, part) => {
                    let answer = answers.get(name).and_then(|address| address.get(part));
                    add(&|| format!("/{}/{part}", escape(name)), answer);
                }
                Place::Column(name, column) => {
                    let rows = answers.get(name).and_then(Value::as_array).into_iter().flatten();
                    for (index, row) in rows.enumerate() {
                        let pointer = || format!("/{}/{index}/{}", escape(name), escape(column));
                        add(&pointer, row.get(column));
                    }
                }
            }
        }
        named
    }

    /// The fault of an answer that names a municipality which is in no list.
    pub fn unknown_place(&self, pointer: &str) -> Fault {
        let (ja, en) = ("は県内市町村の一覧にないコードです", "names no municipality of the prefecture");
        Translator { fields: &self.fields }.fault(pointer, "unknown_municipality", ja, en)
    }
}
