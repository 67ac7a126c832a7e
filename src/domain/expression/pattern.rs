//! A regular expression compiled when its expression is loaded, as a value CEL can hand to a function.

use std::any::Any;
use std::sync::Arc;

use cel::common::types::Type;
use cel::common::value::{StaticVal, Val};
use regex::{Regex, RegexBuilder};

/// The type CEL sees; no other value has it.
pub(super) const PATTERN_TYPE: Type = Type::new_unspecified_type("pattern");
static PATTERN: Type = PATTERN_TYPE;
/// The greatest size of a compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// A compiled regular expression; matching takes time linear in the text.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Arc<Regex>);

impl Pattern {
    /// The pattern of `source`; none when it is not one, or too large.
    pub(super) fn compile(source: &str) -> Option<Self> {
        let regex = RegexBuilder::new(source).size_limit(MAX_PATTERN_BYTES).build().ok()?;
        Some(Self(Arc::new(regex)))
    }

    /// Whether some part of `text` matches; `^` and `$` anchor.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl Val for Pattern {
    fn get_type(&self) -> &Type {
        &PATTERN
    }

    fn cel_type() -> &'static Type {
        &PATTERN
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Pattern {}
