//! Madoguchi (窓口): one counter for a prefecture and its municipalities.

pub mod catalogue;
pub mod clock;
pub mod config;
pub mod domain;
pub mod gateway;
pub mod http;
pub mod seal;
pub mod service;
pub mod gateway;
pub mod seal;
pub mod simulator;
pub mod store;
pub mod simulator;
