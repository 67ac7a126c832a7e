//! Madoguchi (窓口): one counter for a prefecture and its municipalities. This page is the map.
//!
//! # The house
//!
//! ```text
//! cli ─► http, jobs ─► service ─► domain
//!                         ├───► store ───► domain
//!                         └───► gateway, documents, files, mail ─► domain      (adapters)
//! ```
//!
//! * [`domain`] decides and does nothing else: no input or output, no clock, no randomness. It imports nothing of ours.
//! * [`service`] is one public function a use case: load, decide, save, record, enqueue, inside one transaction.
//! * [`store`] alone knows diesel, SQLite and PostgreSQL. [`gateway`] alone knows what a payment gateway speaks.
//! * [`http`] parses, calls one use case, presents. [`jobs`] carries out later what a transaction asked for.
//! * [`seal`] keeps personal data unreadable in the database; [`catalogue`] and [`config`] read what is configured.
//! * [`simulator`] is a gateway's stand-in and a house of its own: it imports nothing of ours.
//! * [`documents`] sets PDFs from templates; [`storm`] plays payers, faults and kills against the real server.
//! * [`rehearsal`] plays a year of a prefecture through the use cases, and judges what stands in the database afterwards.
//! * [`drill`] names the places where a test may kill the process; [`storm`] kills it there, and judges what became of the money.
//!
//! `tests/it/tidy.rs` fails when an import goes the wrong way.
//!
//! # The life of an application
//!
//! `POST …/submit` → `http::v1::applications` names the caller and the key → [`service::intake::submit`] opens one
//! write → [`service::cases::open`] asks the policy and unseals → [`service::arrival`] judges: `domain` checks the answers
//! (`domain::form`), prices them (`domain::fee`), sets the due date (`domain::processing_clock`) and moves the state
//! (`domain::application`) → it records: arrival, invoice, ledger entry, chained event, case and idempotency key → the
//! writer commits the batch → 200 with number, due date and invoice. A basket judges all before it records any. A clerk claims it (`service::review`), asks for a correction
//! (`service::correction`), proposes; the section chief seals (`service::approval`) and the decision is made.
//!
//! # The life of a payment
//!
//! `POST …/payments` → [`service::payment::open`] commits a payment and the exact bytes to send, with a lease this process
//! holds → [`service::gateway_call::carry_out`] sends them outside of any transaction and records the answer under the
//! lease → the payer pays at the gateway → [`service::notification::receive`] verifies, stores, acknowledges → a job folds
//! it into the payment ([`service::payment_standing`]): counters, state, invoice, ledger, event, in one transaction → a
//! lost notification is found by [`service::poll`], a crash by the job that was enqueued with the intent.
//!
//! Several invoices paid in one act ([`service::joint_payment`]) are as many payments under one reference: what is heard of
//! the whole is folded once and divided over them, in one transaction under the roots of all their cases.
//!
//! # The life of a refund
//!
//! `POST …/refunds` → [`service::refund::request`] holds ground, ordinance and case against each other and takes up the
//! headroom, which a constraint of the database keeps → another person approves → the gateway is told by the same three
//! steps as above, or [`service::payout`] puts it into a transfer file → [`service::refund_standing`] books what follows,
//! once: decision, payment, or the undoing of both → [`service::ledger_check`] proves that rows and entries agree. Interest is
//! fixed with the approval and leaves by bank transfer; what [`service::set_off`] proposes settles another claim instead.
//!
//! # The life of a payout
//!
//! `POST …/settlements` → [`service::settlement`] takes an agent's report in, or [`service::settlement_fetch`] asks the gateway
//! for it by the clock → [`service::settlement_work`] finds the payment of each line → two people say that the money arrived
//! ([`service::remittance`]) → case by case the lines are booked gross and each invoice is paid on the day of its entrustment,
//! or waits as an exception ([`service::exceptions`]).
//!
//! # The life of a record
//!
//! A case ends, or the year of a book → [`service::records::filing`] puts it into the record file of its procedure or rule, department and
//! year → the register is public → when the last day is over one officer proposes what becomes of the file and another decides
//! ([`service::records::measure`]) → [`service::records::carry_out`] exports what the archive gets, and destroys the key of each case
//! that nothing stands in the way of ([`service::records::block`]): what was sealed is gone, what was chained still verifies.

pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod documents;
pub mod domain;
pub mod drill;
pub mod files;
pub mod gateway;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod rehearsal;
pub mod seal;
pub mod service;
pub mod simulator;
pub mod start;
pub mod store;
pub mod storm;
pub mod telemetry;

/// Judging and pricing a form makes and drops hundreds of small values; a third of the time went into the system's `malloc`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
