//! Asking a gateway for its payouts (払込の報告, R-78): which there are, and what one is made of.
//!
//! Asking has no effect and needs no intent. A report is whole or it is none: what is cut short, in no known writing, or says
//! something that is not understood, is an unknown outcome, and nothing of it is used.

use std::fmt;

use jiff::{Timestamp, civil::Date};

use super::Answer;
use crate::domain::calendar::jst_day;
use crate::domain::day_close::day_span;
use crate::domain::settlement::{SettlementReport, SignedYen};

/// The most pages of one list; what is longer is not read in part.
pub(super) const MOST_PAGES: u32 = 100;

/// Days in Japan, the first and the last of them included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportedDays {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

impl ReportedDays {
    /// The instants at which they begin and end; none outside of the calendar.
    pub(super) fn span(self) -> Option<(Timestamp, Timestamp)> {
        Some((day_span(self.from)?.0, day_span(self.to)?.1))
    }
}

/// A payout as a gateway lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSettlement {
    /// The gateway's id of it, by which its report is asked for.
    pub gateway_settlement_id: String,
    /// The name of it that an accountant knows.
    pub batch_reference: String,
    /// What is paid out.
    pub net: SignedYen,
    /// The day in Japan on which it was made.
    pub made_on: Date,
}

/// A report of one payout.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchedReport {
    /// The payout and its lines; which merchant account it is of, the adapter does not know.
    pub report: SettlementReport,
    /// What the gateway answered, byte for byte; several answers follow each other, each ended by a line's end.
    pub file: Vec<u8>,
}

impl fmt::Debug for FetchedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (batch, lines) = (&self.report.batch.batch_reference, self.report.lines.len());
        f.debug_struct("FetchedReport").field("batch", batch).field("lines", &lines).finish_non_exhaustive()
    }
}

/// A gateway whose interface gives its payouts.
pub trait SettlementReports: Send + Sync {
    /// The payouts that were made on some days and can be itemised, in any order.
    fn list_settlements(&self, days: ReportedDays) -> Answer<'_, Vec<ListedSettlement>>;

    /// One payout with its lines.
    fn settlement_report<'a>(&'a self, gateway_settlement_id: &'a str) -> Answer<'a, FetchedReport>;
}

/// The day in Japan of an RFC 3339 instant.
pub(super) fn day_of(instant: &str) -> Option<Date> {
    instant.parse::<Timestamp>().ok().map(jst_day)
}

/// Yen with a sign from a whole number.
pub(super) fn yen(amount: i64) -> Option<SignedYen> {
    SignedYen::new(amount).ok()
}

/// Gives every name once: what is there again gets a number behind it.
#[derive(Default)]
pub(super) struct LineKeys(std::collections::HashMap<String, u32>);

impl LineKeys {
    /// The name, or the name with its number from the second time on.
    pub fn unique(&mut self, name: String) -> String {
        let seen = self.0.entry(name.clone()).or_default();
        *seen += 1;
        if *seen == 1 { name } else { format!("{name}:{seen}") }
    }
}

/// Answers one after the other, each ended by a line's end.
pub(super) fn file<'a>(answers: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut whole = Vec::new();
    for answer in answers {
        whole.extend_from_slice(answer);
        if !answer.ends_with(b"\n") {
            whole.push(b'\n');
        }
    }
    whole
}
