//! Version 1 of the public contract: one file a noun, each with its `configure`.

pub mod accounts;
pub mod jwks;
pub mod me;
pub mod sessions;
