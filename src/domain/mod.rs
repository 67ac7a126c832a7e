//! The rules of the counter, pure: no input or output, no clock, no randomness, nothing of ours imported.
//!
//! A function here takes the present state and a command and returns the next state or a typed refusal.
//! Callers (`service`) load before and save after; that is why every rule can be tested from a table.

pub mod access;
pub mod account;
pub mod application;
pub mod approval;
pub mod audit;
pub mod calendar;
pub mod charset;
pub mod checkpoint;
pub mod corporate_number;
pub mod definition_diff;
pub mod dispute;
pub mod documents;
pub mod expression;
pub mod fault;
pub mod fee;
pub mod fiscal_year;
pub mod form;
pub mod id;
pub mod invoice;
pub mod issued_document;
pub mod ledger;
pub mod lockout;
pub mod merge_patch;
pub mod money;
pub mod municipality;
pub mod my_number;
pub mod organisation;
pub mod payment;
pub mod payment_notice;
pub mod period;
pub mod policy;
pub mod procedure;
pub mod procedure_version;
pub mod processing_clock;
pub mod queue;
pub mod receipt;
pub mod reference_number;
pub mod refund;
pub mod revenue;
pub mod routing;
pub mod settlement;
pub mod takeover;
pub mod validity;
pub mod wareki;
pub mod zengin;
