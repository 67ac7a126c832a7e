//! The validator of a form's schema, with our own formats.

use jsonschema::{EmailOptions, PatternOptions, Validator};
use serde_json::Value;

use super::schema;
use crate::domain::corporate_number;
use crate::domain::municipality::complete_code;

/// The validator of `schema`, or what the schema compiler said.
pub(super) fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        // Linear in the length of the answer, whatever the pattern.
        .with_pattern_options(PatternOptions::regex())
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
