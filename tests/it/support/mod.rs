//! What tests share.

pub mod cluster;
pub mod core;
#[macro_use]
pub mod db;
