//! One thing wrong with an input: where, what kind, and a sentence in Japanese and English.

use serde::Serialize;

/// A fault with the place it was found at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// JSON pointer (RFC 6901) to the place; empty for the whole document.
    pub pointer: String,
    /// A stable code such as `required`.
    pub code: &'static str,
    /// The sentence in Japanese.
    pub message_ja: String,
    /// The sentence in English.
    pub message_en: String,
}

impl Fault {
    /// Puts a fault together.
    pub fn new(
        pointer: impl Into<String>,
        code: &'static str,
        ja: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Self { pointer: pointer.into(), code, message_ja: ja.into(), message_en: en.into() }
    }
}
