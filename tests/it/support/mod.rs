//! What tests share.

pub mod app;
pub mod catalogue;
pub mod choices;
pub mod cluster;
pub mod core;
#[macro_use]
pub mod db;
pub mod font;
pub mod money;
pub mod repeat;
pub mod signing;
pub mod smtp;
pub mod tls_server;
pub mod traces;
