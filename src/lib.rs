//! Madoguchi (窓口): one counter for a prefecture and its municipalities.

pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod drill;
pub mod files;
pub mod gateway;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod seal;
pub mod service;
pub mod simulator;
pub mod start;
pub mod store;
pub mod telemetry;
