//! The rehearsal (通し稽古): a year of a prefecture with 200 officers, played through the services, and the judgement.
//!
//! Applications and notifications arrive on every day of a fiscal year; officers take them up, ask, propose, send back, recall and
//! seal on open days; some are away, while whoever covers seals in their place and they look at it afterwards (代決, 後閲), some move
//! in summer, a department is reorganised in autumn, the terms of fixed-term staff end
//! with March, and on the first of April everybody has another post while cases are open (R-126…R-128, T-7). The play goes through
//! the use cases of [`crate::service`] and nothing else. Who tries on that morning what only the former post allowed must be refused.
//!
//! [`judge`] then reads the database alone, not what the players believe: whether each seal was set by somebody who held the desk on
//! that day, whether numbers of documents are missing or double, whether due dates are what a second and plain calendar says
//! ([`plain_calendar`]), whether the chain of events is whole.
//!
//! ```text
//! cli::rehearse ─► year ─► case ─► service::{intake, review, correction, approval, absence, reorganisation}
//!                    │       └─ plan, dice: all follows from seed and number
//!                    └───► judge (store::evidence) ─► report
//! ```

mod case;
mod judge;
mod plain_calendar;
mod plan;
mod prefecture;
mod report;
mod staff;
mod year;

use crate::service::Failure;

pub use judge::{Counts, judge};
pub use plain_calendar::PlainCalendar;
pub use prefecture::{TENANT, configuration};
pub use report::Report;
pub use year::{RehearsalSettings, run};

/// Why a rehearsal could not be carried out; a missed bar is no such failure.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// A use case failed or refused what it ought to allow.
    #[error("{what}: {failure}")]
    Refused {
        /// What was tried.
        what: String,
        /// What it said.
        failure: Failure,
    },
    /// The database could not be read.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The configuration of the rehearsal cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// Anything else that stops it.
    #[error("{0}")]
    Failed(String),
}
