//! Version 1 of the public contract: one file a noun, each with its `configure`.

pub mod accounts;
pub mod applications;
pub mod attachments;
pub mod invoices;
pub mod jwks;
pub mod me;
pub mod procedures;
pub mod sessions;
pub mod tenants;
