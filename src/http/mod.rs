//! HTTP: parse, call one use case, present. No rule lives here.

pub mod contract;
pub mod error;
pub mod extract;
pub mod faults;
pub mod locale;
pub mod respond;
pub mod v1;
