//! The gateways' stand-in (決済シミュレーター): a separate HTTP service that behaves as the vendor does.
//!
//! A room of its own: it imports nothing of the rest of the crate, and nothing but the command line starts
//! it. What our adapter believes about a vendor is therefore written twice, by two sides.
//!
//! ```text
//! komoju/, paypay/, … (façade: wire format, auth, signing)   hosted (the payer)   admin (the test bench)
//!        └──────────────┬──────────────────────────────┘                     │
//!                    calls (faults, keys)                                     │
//!                     core (mutex, journal, idempotency, faults) ────────────┘
//!                       └─► engine, payer, ledger (pure) ─► state, model
//! webhooks (sends what is due)
//! ```
//!
//! `el_qr` is no vendor: nobody opens a session there; it has its own slips and payments, and no notifications.
//!
//! A further vendor is a sibling of `komoju` (routes, wire format, signing), a variant of `Vendor`, and an arm in
//! `facade`.
//!
//! Invariants: an answer is given only after the journal is on the disk; the journal rebuilds everything
//! but armed faults; no card number is kept; the listener is on loopback.
//!
//! Admin API (JSON): `POST /_sim/faults {match:{op,nth?,payment?,event?},fault,args?}`, `GET` and `DELETE`
//! of the same; `GET /_sim/ledger?external_order_num=`; `GET /_sim/settlements`; `GET /_sim/clock`, `POST /_sim/clock
//! {advance_seconds?,shift_ms?}`; `POST /_sim/disputes {payment,state,amount?,reason?,respond_in_seconds?}`;
//! `POST /_sim/second-charges {payment}`; `POST /_sim/webhook {url,vendor?}`; `GET /_sim/webhooks`; `GET /_sim/due`; `POST /_sim/reset`; `GET /healthz`.

mod admin;
mod calls;
mod clock;
mod core;
mod disputes;
mod el_qr;
mod engine;
mod facade;
mod fault_book;
mod faults;
mod former;
mod hosted;
mod html;
mod journal;
mod komoju;
mod ledger;
mod model;
mod payer;
mod paypay;
mod second_charge;
mod server;
mod settings;
mod settlement;
mod shaping;
mod state;
mod stripe;
mod veritrans;
mod webhooks;

pub use model::Vendor;
pub use server::{RunningSimulator, run, start};
pub use settings::{SimulatorSettings, VendorAccount};
