//! What a way to pay (納付方法) can do, as data.

use serde::{Deserialize, Serialize};

/// When money is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// At once.
    Immediate,
    /// Held first when asked to.
    CanHold,
}

/// What the payer goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayerFlow {
    /// Pays on the spot, online.
    Online,
    /// Gets a slip or a number and pays later.
    Slip,
}

/// How money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundSupport {
    /// Any part, through the gateway.
    Partial,
    /// All of it, through the gateway.
    FullOnly,
    /// By bank transfer outside the method.
    Manual,
}
