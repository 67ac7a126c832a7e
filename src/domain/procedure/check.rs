//! Faults of a procedure definition, all at once.

use serde::Serialize;

/// One fault of a definition, at a JSON Pointer into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// JSON Pointer (RFC 6901) into the definition.
    pub pointer: String,
    /// A stable machine-readable code.
    pub code: &'static str,
    /// What is wrong, in Japanese.
    pub message_ja: String,
    /// What is wrong, in English.
    pub message_en: String,
}
