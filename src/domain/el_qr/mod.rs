//! Public money other than tax by eL-QR (地方税以外の公金の収納, R-82): on which terms a body takes part, the numbers, the files.
//!
//! The organisation (地方税共同機構) takes the money for the body (地方自治法243条の2の7). Which revenues, since when, in which
//! legal role, and the layout of number, code and files are dated configuration with its source: the layouts are not public
//! (U-6), so not one digit of them stands in the program. Without terms in force for every revenue of a claim no number is
//! ever made (T-5).

mod check_digit;
mod file;
mod file_fault;
mod number;
mod results;
mod slip;
mod terms;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use check_digit::CheckRule;
pub use file::{Cell, Column, DateForm, Field, FileEncoding, FileForm, FileLayout, LineEnd, Pad, Record};
pub use file_fault::{FileFault, FileFaultKind};
pub use number::{ElNumber, NumberLayout, NumberSeed, Segment};
pub use results::{
    Answer, KnownSlip, LineTrouble, Outcome, ResultLine, Results, Verdict, read_acceptance, read_results,
    verdict,
};
pub use slip::{SlipFacts, SlipOffer, SlipState, SlipStep, WithdrawalReason, next_step, why_withdrawn};
pub use terms::{
    AcceptanceLayout, ElQrLayout, ElQrTerms, OperationCodes, ProofGiver, ReportedWithin, ResultKinds,
    SlipForm, SlipOperation, UploadLayout, el_qr_faults, latest_begun, terms_for, with_layout,
};

/// The code of the method, and the name of the organisation in `payments.gateway`.
pub const EL_QR: &str = "el_qr";
