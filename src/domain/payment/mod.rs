//! One attempt to pay (支払) at one gateway, as a state machine over amount counters.
//!
//! Purpose: turn what a gateway says, in whatever order and however often it says it, into one state.
//! Invariants: counters never fall; a captured payment never becomes failed, canceled or expired; an amount that
//! differs from the one asked for is never success; an operation whose key is older than
//! [`KEY_LIFETIME_HOURS`] hours is never sent again. R-87: nothing here changes a case's legal state.

mod counter;
mod counter_terminal;
mod designation;
mod fold;
mod link;
mod method;
mod outcome;
mod payer_email;
mod poll;
mod reference;
mod retry;
mod shares;
mod slip;
mod snapshot;
mod state;
mod terms;

#[cfg(test)]
mod fold_tests;

pub use counter::{COUNTER_METHOD, CounterMeans, counter_faults, day_faults};
pub use counter_terminal::{CounterTerminal, terminal_faults, terminal_on};
pub use designation::{Designation, designation_faults, may_take, refund_after_remittance, remit_by};
pub use fold::{Alert, Change, Folded, Rejection};
pub use link::{end_of_day, last_day_of_link, link_is_good};
pub use method::{CaptureMode, PayerFlow, RefundSupport};
pub use outcome::{
    Checkout, Decline, EarlierAttempts, Outcome, OutcomeKind, Problem, Transport, TransportKind,
    after_create_checkout,
};
pub use payer_email::PayerEmail;
pub use poll::{PayerPresence, PollFacts, late_check, next_poll, next_refund_poll};
pub use reference::{merchant_reference, tenant_of_reference};
pub use retry::{
    KEY_LIFETIME_HOURS, NextStep, NothingFound, RetryFacts, TRIES, after_nothing_found, backoff,
    late_arrival_guard, may_send, next_step,
};
pub use shares::{KnownOfShare, divide, divide_in_proportion, divided, whole_of};
pub use slip::{Slip, SlipFault, SlipKind, SlipParts};
pub use snapshot::{MethodCode, PaymentSnapshot, RefundSnapshot, RefundStatus, SnapshotStatus};
pub use state::{LegalRole, Payment, PaymentCounters, PaymentState};
pub use terms::{AccountTerms, Ceiling, MethodTerms, Taken};
