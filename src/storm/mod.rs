//! The storm (嵐): what becomes of the money when everything goes wrong at once.
//!
//! Many payers pay at the real server by all gateways, the gateways fail as ordered, notifications are doubled, lost,
//! late and forged, and again and again the server is killed (SIGKILL) at a crash point and started over the same data.
//! Then the faults end, time passes, and every run is judged by the simulator's own ledger, which is the truth. A careless
//! adapter ([`naive`]) goes through the same plans and is judged by the same function.
//!
//! The room talks to the server over HTTP and the drill socket only, and to the simulator over its façades, its hosted
//! pages and its admin API; after the healing it reads the database. The plan of a run follows from seed and number
//! ([`plan`]); which request the server dies over does not.
//!
//! ```text
//! cli::storm ─► run ─► payer (plan, client, refunding, el_qr) ─► server ◄─ killer (child), treasury
//!                 │            │ (gate: the server's way to the gateways)
//!                 └──► healing ─► confirmations, books, judge ─► report
//! ```

mod books;
mod child;
mod client;
mod confirmations;
mod dice;
mod disputing;
mod el_qr;
mod examples;
mod faults;
mod gate;
mod healing;
mod judge;
mod killer;
mod looks;
mod naive;
mod naive_webhooks;
mod payer;
mod plan;
mod refunding;
mod report;
mod run;
mod simulator;
mod stranger;
mod time;
mod treasury;

pub use child::{Gateways, ServerPlace};
pub use dice::Dice;
pub use report::Report;
pub use run::{People, Person, StormSettings, run};

/// Why a storm could not be carried out; a missed bar is no such failure.
#[derive(Debug, thiserror::Error)]
pub enum StormError {
    /// A file, a process or a socket failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Nobody answered where somebody has to.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    /// The database could not be read.
    #[error("{0}")]
    Store(#[from] crate::store::StoreError),
    /// Anything else that stops it.
    #[error("{0}")]
    Failed(String),
}

/// The body whose counter the payers use: 青森県.
const TENANT: &str = "020001";
