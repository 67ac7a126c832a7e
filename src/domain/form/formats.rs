//! The validator of a form's schema, with our own formats.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::{EmailOptions, Keyword, ValidationError, Validator};
use regex::Regex;
use serde_json::Value;

use super::schema;
use crate::domain::corporate_number;
use crate::domain::municipality::complete_code;

/// The validator of `schema`, or what the schema compiler said.
pub(super) fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_keyword(schema::PATTERN, |_, pattern, _| {
            let text = pattern.as_str().unwrap_or_default();
            let pattern = pattern_of(text).map_err(|error| ValidationError::custom(error.to_string()))?;
            Ok(Box::new(Pattern(pattern)))
        })
        .with_email_options(
            EmailOptions::default().with_required_tld().without_domain_literal().without_display_text(),
        )
        .with_format(schema::CORPORATE_NUMBER, |text: &str| {
            text.len() != 13 || corporate_number::is_valid(text)
        })
        .with_format(schema::MUNICIPALITY, |text: &str| {
            // The code of a prefecture itself ends in 000 and names no municipality.
            text.len() != 6 || (complete_code(text).is_some() && text.get(2..5) != Some("000"))
        })
        .with_format(schema::PRINTABLE, |text: &str| !text.chars().any(is_forbidden))
        .build(schema)
        .map_err(|error| error.to_string())
}

/// Control characters have no place in an answer; line breaks and tabs do.
fn is_forbidden(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t')
}

/// `pattern` of JSON Schema, with one compiled pattern for all forms: the few that [`schema`] writes come again and again.
struct Pattern(Arc<Regex>);

impl<'i> Keyword<'i> for Pattern {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("does not match")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_str().is_none_or(|text| self.0.is_match(text))
    }
}

/// The compiled pattern, linear in the length of the answer whatever it is.
fn pattern_of(text: &str) -> Result<Arc<Regex>, regex::Error> {
    static COMPILED: LazyLock<Mutex<BTreeMap<String, Arc<Regex>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = compiled.get(text) {
        return Ok(Arc::clone(known));
    }
    // ECMA-262, whose patterns a schema has, counts the byte order mark among the blanks.
    let pattern = Arc::new(Regex::new(if text == schema::NOT_BLANK { r"[^\s\x{FEFF}]" } else { text })?);
    compiled.insert(text.to_owned(), Arc::clone(&pattern));
    Ok(pattern)
}
