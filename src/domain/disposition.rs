//! The disposition (処分): what it says, why, and what it tells about appeals.

mod instruction;
mod kind;
mod order;
mod reason;

pub use instruction::{
    AppealFacts, Author, DispositionSubject, FurtherReview, Instructed, Instruction, LegalAct, UnknownAppeal,
    instruct,
};
pub use kind::DecisionKind;
pub use order::{CorrectionProposal, Hearing, HearingForm, OrderKind, OrderProposal};
pub use reason::{Reason, ReasonParts, reason_faults};
