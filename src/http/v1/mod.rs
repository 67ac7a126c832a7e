//! Version 1 of the public contract: one file a noun, each with its `configure`.
