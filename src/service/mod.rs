//! The use cases: one public function each. Load, decide in `domain`, save, append events, enqueue.
//!
//! Everything inside a transaction closure is plain synchronous Rust that changes nothing but the transaction, because
//! the closure may run again. Calling a gateway there is impossible by construction: a closure cannot await.

pub mod absence;
pub mod access;
pub mod account;
mod accounting;
mod accrual;
pub mod acknowledgement;
pub mod approval;
pub mod arrears;
pub mod arrears_refusal;
pub mod arrival;
pub mod assessment;
pub mod attachment;
pub mod audit;
pub mod audit_checkpoints;
pub mod bank_statement;
pub mod basket;
pub mod billing;
pub mod bulk_review;
pub mod case_holder;
pub mod case_link;
pub mod case_task;
pub mod case_view;
pub mod cases;
pub mod casework;
pub mod casework_refusal;
pub mod catalogue;
pub mod catalogue_refresh;
pub mod charge;
pub mod checklist;
mod checkout;
pub mod checkpoint;
mod claim_part;
pub mod cleaning;
pub mod clock;
pub mod clock_pause;
pub mod closing;
pub mod contract;
pub mod core;
pub mod correction;
pub mod correction_chase;
pub mod correction_end;
pub mod correction_view;
pub mod counter;
pub mod counter_balance;
mod counter_terminal;
pub mod counter_together;
pub mod day_close;
pub mod day_close_audit;
pub mod decision;
pub mod decision_correction;
pub mod delay_reason;
mod disposing_authority;
pub mod disposition;
pub mod disposition_refusal;
pub mod dispute;
pub mod document;
pub mod document_number;
pub mod el_qr;
pub mod el_qr_acceptance;
pub mod el_qr_booking;
mod el_qr_cancellation;
pub mod el_qr_results;
pub mod el_qr_upload;
mod ended_debt;
pub mod error;
pub mod escalation;
pub mod exception_desk;
pub mod exceptions;
pub mod false_claim;
pub mod fee_at_issue;
pub mod fee_replay;
pub mod filing;
pub mod forecast;
pub mod gateway_call;
pub mod idempotency;
pub mod impact;
pub mod incoming;
pub mod inspection;
pub mod intake;
pub mod intake_refusal;
pub mod internal_control;
pub mod invoice;
mod invoice_money;
pub mod joint_payment;
pub mod ledger_check;
pub mod letter_to_send;
pub mod message;
pub mod notice;
pub mod notification;
pub mod office_refusal;
pub mod officer;
pub mod officer_labels;
pub mod opinion;
pub mod organisation;
pub mod originals;
mod outside_refund;
pub mod paper_filing;
pub mod paper_notice;
pub mod password;
pub mod payment;
pub mod payment_alert;
mod payment_ceiling;
pub mod payment_closing;
pub mod payment_link;
pub mod payment_link_upkeep;
pub mod payment_link_view;
pub mod payment_method;
pub mod payment_notice;
pub mod payment_refusal;
pub mod payment_replacement;
mod payment_shares;
pub mod payment_standing;
pub mod payment_watch;
pub mod payout;
mod payout_record;
pub mod permit;
pub mod permit_order;
pub mod permit_renewal;
pub mod permit_upkeep;
pub mod poll;
pub mod post_review;
pub mod public_inspection;
pub mod publishing;
mod pulled_back;
pub mod queue;
pub mod queue_view;
pub mod rate_limit;
pub mod reassessment;
pub mod recalculation;
pub mod receipt;
pub mod receipt_standing;
mod receipt_year;
pub mod reconciliation;
pub mod reconciliation_refusal;
pub mod records;
pub mod refund;
pub mod refund_call;
mod refund_interest;
mod refund_interest_standing;
pub mod refund_money;
pub mod refund_notice;
mod refund_opening;
mod refund_payee;
pub mod refund_proposals;
pub mod refund_refusal;
pub mod refund_route;
pub mod refund_standing;
pub mod remittance;
pub mod reorganisation;
pub mod resubmission;
pub mod review;
pub mod revived_claim;
mod second_charge;
mod separation;
pub mod session;
pub mod set_off;
pub mod settlement;
pub mod settlement_fetch;
mod settlement_intake;
mod settlement_matching;
pub mod settlement_refusal;
pub mod settlement_work;
mod sign_in_tally;
pub mod stamp;
pub mod step_deadline;
mod striking_out;
pub mod takeover;
pub mod timeline;
pub mod token;
pub mod transfer;
pub mod transfer_between;
pub mod undelivered_mail;
mod untold;
pub mod upgrade;
pub mod validity;
pub mod waiver;
mod waiver_claim;
pub mod waiver_decision;
pub mod waiver_expiry;
mod waiver_place;
pub mod waiver_refusal;
pub mod waiver_revocation;
pub mod write_off;

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

pub use self::core::Core;
pub use self::error::{Failure, Refusal};
use crate::catalogue::Catalogue;
use crate::domain::id::AccountId;
use crate::domain::procedure::Assurance;

/// Who a request comes from, as its access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// No token.
    Anonymous,
    /// A signed-in account; whether it is staff somewhere is looked up when it matters.
    Account(AccountId),
}

/// What a use case knows of the request it serves.
#[derive(Clone)]
pub struct Ctx {
    /// The parts of the running program.
    pub core: Arc<Core>,
    /// The catalogue as it was when the request came in: one request never mixes two.
    pub catalogue: Arc<Catalogue>,
    /// Who asks.
    pub caller: Caller,
    /// How surely the session of the caller says who that is.
    pub assurance: Assurance,
    /// The id that stands in the answer and in the log.
    pub request_id: Uuid,
}

impl Ctx {
    /// The context of a request that comes in now.
    pub fn new(core: Arc<Core>, caller: Caller, request_id: Uuid) -> Self {
        let catalogue = core.catalogue.current();
        // A password, until a session says that it knows better.
        let assurance = match caller {
            Caller::Anonymous => Assurance::None,
            Caller::Account(_) => Assurance::Id,
        };
        Self { core, catalogue, caller, assurance, request_id }
    }

    /// The same, for a caller whose session identifies as surely as that.
    #[must_use]
    pub fn identified(self, assurance: Assurance) -> Self {
        Self { assurance, ..self }
    }

    /// The present instant, for reads. Writes take theirs from the transaction.
    pub fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    /// The signed-in account, or a refusal.
    pub fn account(&self) -> Result<AccountId, Refusal> {
        match self.caller {
            Caller::Account(id) => Ok(id),
            Caller::Anonymous => Err(Refusal::NotSignedIn),
        }
    }
}

/// How a piece of later work that went well wants to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// It is finished.
    Done,
    /// Run it again at that instant.
    Again(Timestamp),
}

/// A result together with whether it was made now or given again for a repeated key.
#[derive(Clone, Debug)]
pub struct Effect<T> {
    /// The resource as it is now.
    pub value: T,
    /// Whether this call made it.
    pub origin: Origin,
}

/// Whether an effect is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This call made it.
    Fresh,
    /// An earlier call with the same key made it.
    Replayed,
}

impl<T> Effect<T> {
    /// The same origin with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Effect<U> {
        Effect { value: f(self.value), origin: self.origin }
    }
}
