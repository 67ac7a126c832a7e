//! The one integration binary: every test of a database runs on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as the tests themselves do"
)]

#[macro_use]
mod support;

mod account_routing;
mod acknowledgements;
mod acting_decisions;
mod approval_content;
mod approval_routes;
mod arrears;
mod attempts;
mod authority;
mod bad_input;
mod baskets;
mod case_holders;
mod case_links;
mod casework;
mod catalogue_load;
mod ceilings;
mod charges;
mod checklists;
mod clock;
mod clock_pauses;
mod contracts;
mod counter;
mod counter_terminals;
mod counter_together;
mod deadlines;
mod decision_changes;
mod demand_fees;
mod designated_agents;
mod dispositions;
mod disputes;
mod el_qr;
mod ended_cases;
mod expressions;
mod false_claims;
mod fee_replay;
mod fee_timing;
mod filing;
mod forms;
mod handover;
mod hostile_definitions;
mod hostile_expressions;
mod identification;
mod identity;
mod identity_http;
mod impact;
mod incoming;
mod inspections;
mod internal_control;
mod invoice_lines;
mod issued_documents;
mod joint_links;
mod joint_payments;
mod journey;
mod kill_points;
mod later_notices;
mod ledger_check;
mod letters;
mod mail;
mod mail_tls;
mod messages;
mod notices;
mod office_signatures;
mod openapi;
mod opinions;
mod organisation;
mod originals;
mod paper;
mod papers_over_time;
mod parties;
mod payment_alerts;
mod payment_faults;
mod payment_links;
mod permit_life;
mod platform;
mod policy_coverage;
mod procedures_cli;
mod proposal_papers;
mod public_inspection;
mod publishing;
mod queues;
mod receipts;
mod reconciliation;
mod records;
mod refunds;
mod refusals;
mod rehearsal;
mod reorganisations;
mod resubmissions;
mod review;
mod rulebook;
mod schema_parity;
mod settlement_reports;
mod settlements;
mod simulator;
mod slips;
mod stamps;
mod step_deadlines;
mod store;
mod storm;
mod tidy;
mod transfer;
mod transfers;
mod untold;
mod verify_cli;
mod waiver_revocations;
mod waivers;
