//! The only place that knows diesel, SQLite and PostgreSQL.
//!
//! A use case hands [`Db::write`] or [`Db::read`] a closure; the closure runs on a database thread inside
//! one transaction and may run more than once, so it changes nothing but that transaction. Writes that
//! wait together are committed together (group commit), and every caller is answered only after the
//! commit. All differences between the two databases live in `backend.rs` (connections, locks, the fate of
//! a lost commit), its child `migrations` and `sql.rs` (clauses and column types); no other file may match on the backend.

pub mod absences;
pub mod access_log;
pub mod accounts;
pub mod applications;
pub mod approval_acts;
pub mod attachments;
pub mod audit_pages;
pub mod backend;
pub mod backup;
pub mod bank_statements;
pub mod baskets;
pub mod bulk_reviews;
pub mod case_links;
pub mod casework;
pub mod checkpoints;
pub mod corrections;
pub mod counter_payments;
pub mod day_closes;
mod db;
pub mod decision_versions;
pub mod decisions;
pub mod demands;
pub mod dispositions;
pub mod disputes;
pub mod document_numbers;
mod error;
pub mod events;
pub mod exception_desk;
pub mod gateway_notifications;
pub mod gateway_operations;
pub mod idempotency_keys;
pub mod inspections;
mod instrument;
pub mod invoices;
pub mod jobs;
pub mod ledger;
pub mod messages;
pub mod notes;
pub mod notices;
pub mod officer_names;
pub mod officers;
pub mod open_cases;
pub mod opinions;
pub mod paper_filings;
pub mod parties;
pub mod payment_links;
pub mod payment_notices;
pub mod payments;
pub mod payouts;
pub mod permit_orders;
pub mod permits;
pub mod private_cluster;
pub mod procedure_versions;
pub mod proposals;
pub mod publications;
pub mod queue;
pub mod queue_views;
mod reader;
pub mod reassessments;
pub mod receipts;
pub mod reconciliation;
pub mod reconciliation_exceptions;
pub mod refunds;
mod roots;
pub mod schema;
pub mod sessions;
mod settings;
pub mod settlement_matches;
pub mod settlements;
pub mod sign_in_failures;
pub mod sql;
mod task;
pub mod tenant_keys;
pub mod transfers;
mod tx;
pub mod undelivered_mails;
mod url;
pub mod waiting_steps;
pub mod waivers;
mod writer;

pub use backend::{AnyConn, MultiBackend, migrations};
pub use db::Db;
pub use error::StoreError;
pub use instrument::Statistics;
pub use roots::{Root, RootTable};
pub use settings::{CommitHook, CommitPoint, DatabaseSettings};
pub use tx::{ReadTx, Reads, Tx};
pub use url::{DatabaseUrl, DatabaseUrlError};
