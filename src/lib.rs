//! Madoguchi (窓口): one counter for a prefecture and its municipalities.

pub mod catalogue;
pub mod clock;
pub mod domain;
