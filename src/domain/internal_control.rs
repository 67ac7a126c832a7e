//! Internal control of financial affairs (内部統制, R-129): what the accounting officer and the head are told of a fiscal year.
//!
//! Purpose: a list of what did not go as it should, judged from facts of the database alone and not by the use cases that
//! wrote them. Invariants: only what had happened by the day of judging counts, so a year that is over gives the same list
//! whenever it is asked for; what days a body allows is data of the body, and without it nothing is called late.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::calendar::jst_day;
use crate::domain::csv::field;
use crate::domain::day_close::day_span;
use crate::domain::fault::Fault;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::TenantCode;

/// What stands before the bytes that are signed.
const SNAPSHOT_DOMAIN: &[u8] = b"madoguchi internal control v1\n";

/// How many days a body allows, as dated data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlTerms {
    /// Within so many days a claim is assessed (調定): after the arrival, or after the decision where the fee is due on issue.
    pub assess_within_days: u16,
    /// Within so many days an exception of the reconciliation is resolved.
    pub resolve_within_days: u16,
    /// Within so many days an act in an absent officer's place is looked at (後閲).
    pub review_within_days: u16,
    /// Within so many days a day is closed and confirmed (日締め).
    pub close_within_days: u16,
    /// The first day of use.
    pub valid_from: Date,
    /// Where it was taken from.
    pub source: String,
    /// True while the body has not confirmed it.
    #[serde(default)]
    pub sample: bool,
}

/// Every fault of a body's terms; pointers go into the file of the body.
pub(crate) fn control_faults(terms: &[ControlTerms]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, one) in terms.iter().enumerate() {
        let place = format!("/internal_control/{index}");
        if one.source.trim().is_empty() {
            let pointer = format!("{place}/source");
            faults.push(Fault::new(pointer, "empty", "空にできません", "must not be empty"));
        }
        if terms.iter().take(index).any(|other| other.valid_from == one.valid_from) {
            let pointer = format!("{place}/valid_from");
            faults.push(Fault::new(pointer, "duplicate", "重複しています", "is given twice"));
        }
    }
    faults
}

/// The terms in force on a day.
pub fn terms_on(terms: &[ControlTerms], day: Date) -> Option<&ControlTerms> {
    terms.iter().filter(|one| one.valid_from <= day).max_by_key(|one| one.valid_from)
}

/// What did not go as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControlKind {
    /// 調定の遅れ.
    LateAssessment,
    /// 未照合の収納: an exception nobody resolved in time.
    UnreconciledReceipt,
    /// 決裁なし執行: a decision without a complete approval.
    UnapprovedDecision,
    /// 決裁なし執行: a waiver without a complete approval.
    UnapprovedWaiver,
    /// 決裁なし執行: money that went back without the decision of a second person.
    UnapprovedRefund,
    /// 後閲のない代決.
    ActingWithoutReview,
    /// 日締めの未確認: a closed day that nobody confirmed in time.
    CloseNotConfirmed,
    /// 日締めの遅れ: a day that nobody closed in time.
    DayNotClosed,
}

impl ControlKind {
    /// All, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::LateAssessment,
        Self::UnreconciledReceipt,
        Self::UnapprovedDecision,
        Self::UnapprovedWaiver,
        Self::UnapprovedRefund,
        Self::ActingWithoutReview,
        Self::CloseNotConfirmed,
        Self::DayNotClosed,
    ];

    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LateAssessment => "late_assessment",
            Self::UnreconciledReceipt => "unreconciled_receipt",
            Self::UnapprovedDecision => "unapproved_decision",
            Self::UnapprovedWaiver => "unapproved_waiver",
            Self::UnapprovedRefund => "unapproved_refund",
            Self::ActingWithoutReview => "acting_without_review",
            Self::CloseNotConfirmed => "close_not_confirmed",
            Self::DayNotClosed => "day_not_closed",
        }
    }

    /// How the report for the auditors says it.
    pub fn label_ja(self) -> &'static str {
        match self {
            Self::LateAssessment => "調定の遅れ",
            Self::UnreconciledReceipt => "未照合の収納",
            Self::UnapprovedDecision => "決裁なし執行（処分）",
            Self::UnapprovedWaiver => "決裁なし執行（減免）",
            Self::UnapprovedRefund => "決裁なし執行（還付）",
            Self::ActingWithoutReview => "後閲のない代決",
            Self::CloseNotConfirmed => "日締めの未確認",
            Self::DayNotClosed => "日締めの遅れ",
        }
    }
}

/// One thing that did not go as it should. The members stand in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlEntry {
    /// What.
    pub kind: String,
    /// What it is about, such as `application:…`, `exception:…`, `refund:…`, `day:…`.
    pub subject: String,
    /// The day from which it counts.
    pub since: Date,
    /// For how many days it lasted, or has lasted by the day of judging.
    pub days: i32,
    /// How it ended by then, such as `assessed`, `explained`; `open` while it lasts.
    pub outcome: String,
}

/// What of a fiscal year is judged, and as of when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first instant of the year.
    pub from: Timestamp,
    /// The first instant after what is judged: the end of the year, or the day of today while the year runs.
    pub until: Timestamp,
    /// The last day that is judged.
    pub last_day: Date,
}

/// What of a fiscal year can be judged at `now`; none before it begins.
pub fn span(year: FiscalYear, now: Timestamp) -> Option<Span> {
    let first_day = Date::new(year.year(), 4, 1).ok()?;
    let last_of_year = Date::new(year.year().checked_add(1)?, 3, 31).ok()?;
    let today = jst_day(now);
    if today < first_day {
        return None;
    }
    let last_day = last_of_year.min(today);
    let (from, _) = day_span(first_day)?;
    let (_, until) = day_span(last_day)?;
    // While the year runs nothing of the future counts; afterwards nothing that came after its end.
    Some(Span { from, until: until.min(now.max(from)), last_day })
}

/// Whether a year is over at `now`.
pub fn is_over(year: FiscalYear, now: Timestamp) -> bool {
    FiscalYear::of(jst_day(now)) > year
}

/// A case whose fee had to be assessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFacts {
    /// The case.
    pub application: String,
    /// The day from which the claim should have been assessed: of the arrival, or of the decision.
    pub due_from: Date,
    /// When it was assessed.
    pub assessed_at: Option<Timestamp>,
    /// When the case ended: without a claim by then it owes none.
    pub ended_at: Option<Timestamp>,
}

/// An exception of the reconciliation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionFacts {
    /// The exception.
    pub id: String,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it was resolved, and how.
    pub resolved: Option<(Timestamp, String)>,
}

/// One desk of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepFacts {
    /// `pass`, `consult` or `seal`.
    pub kind: String,
    /// `waiting`, `approved`, `dissented`, `returned` or `not_needed`.
    pub state: String,
    /// Who acted.
    pub officer: Option<String>,
    /// When.
    pub acted_at: Option<Timestamp>,
}

/// Something that was carried out on a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutedFacts {
    /// What was carried out, such as `decision:…`.
    pub subject: String,
    /// When.
    pub at: Timestamp,
    /// The proposal: its state and who drafted it; none where there is none.
    pub proposal: Option<(String, String)>,
    /// Its desks.
    pub steps: Vec<StepFacts>,
}

/// Whether a proposal was sealed by somebody else than its drafter, and by every desk of its route, before it was carried out.
pub fn is_approved(facts: &ExecutedFacts) -> bool {
    let Some((state, drafter)) = &facts.proposal else { return false };
    let in_time = |step: &StepFacts| step.acted_at.is_some_and(|at| at <= facts.at);
    let acted = |step: &StepFacts| matches!(step.state.as_str(), "approved" | "dissented") && in_time(step);
    let done = |step: &StepFacts| step.state == "not_needed" || acted(step);
    let sealed = |step: &StepFacts| {
        step.kind == "seal"
            && step.state == "approved"
            && in_time(step)
            && step.officer.as_ref() != Some(drafter)
    };
    state == "approved" && facts.steps.iter().all(done) && facts.steps.iter().any(sealed)
}

/// Money that went back, or was decided to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundFacts {
    /// The refund.
    pub id: String,
    /// When it was decided, or asked for where nobody decided.
    pub at: Timestamp,
    /// Who asked.
    pub requested_by: String,
    /// Who decided.
    pub decided_by: Option<String>,
}

/// An act in an absent officer's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActingFacts {
    /// The act.
    pub id: String,
    /// When.
    pub acted_at: Timestamp,
    /// When it was looked at.
    pub reviewed_at: Option<Timestamp>,
}

/// A closed day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFacts {
    /// The day.
    pub day: Date,
    /// When it was closed.
    pub closed_at: Timestamp,
    /// When a second person agreed.
    pub confirmed_at: Option<Timestamp>,
}

/// All facts of a year.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct YearFacts {
    /// Claims that had to be assessed.
    pub claims: Vec<ClaimFacts>,
    /// Exceptions.
    pub exceptions: Vec<ExceptionFacts>,
    /// Decisions.
    pub decisions: Vec<ExecutedFacts>,
    /// Waivers that were granted.
    pub waivers: Vec<ExecutedFacts>,
    /// Refunds under way or done.
    pub refunds: Vec<RefundFacts>,
    /// Acts in the place of absent officers.
    pub acting: Vec<ActingFacts>,
    /// Closed days, oldest first.
    pub closes: Vec<CloseFacts>,
    /// The last day that was closed before the year, where closing had begun by then.
    pub closed_before: Option<Date>,
}

/// Judges a year; entries stand in the order of kind, day and subject.
pub fn judge(facts: &YearFacts, span: Span, terms: Option<&ControlTerms>) -> Vec<ControlEntry> {
    let judge = Judge { span };
    let mut entries: Vec<(ControlKind, ControlEntry)> = Vec::new();
    if let Some(terms) = terms {
        entries.extend(facts.claims.iter().filter_map(|claim| judge.claim(claim, terms)));
        entries.extend(facts.exceptions.iter().filter_map(|exception| judge.exception(exception, terms)));
        entries.extend(facts.acting.iter().filter_map(|acting| judge.acting(acting, terms)));
        entries.extend(judge.closes(facts, terms));
    }
    let executed = [
        (ControlKind::UnapprovedDecision, &facts.decisions),
        (ControlKind::UnapprovedWaiver, &facts.waivers),
    ];
    for (kind, all) in executed {
        let without = all.iter().filter(|one| !is_approved(one));
        entries.extend(without.map(|one| judge.entry(kind, one.subject.clone(), jst_day(one.at), None)));
    }
    for refund in &facts.refunds {
        if refund.decided_by.as_ref().is_none_or(|by| *by == refund.requested_by) {
            let subject = format!("refund:{}", refund.id);
            entries.push(judge.entry(ControlKind::UnapprovedRefund, subject, jst_day(refund.at), None));
        }
    }
    entries.sort_by(|(kind, one), (other_kind, other)| {
        (kind, one.since, &one.subject).cmp(&(other_kind, other.since, &other.subject))
    });
    entries.into_iter().map(|(_, entry)| entry).collect()
}

struct Judge {
    span: Span,
}

impl Judge {
    /// An entry that ended at an instant in some way, or is open by the last day; what came after it has not happened yet.
    fn entry(
        &self,
        kind: ControlKind,
        subject: String,
        since: Date,
        ended: Option<(Timestamp, &str)>,
    ) -> (ControlKind, ControlEntry) {
        let ended = ended.filter(|(at, _)| *at < self.span.until);
        let until = ended.map_or(self.span.last_day, |(at, _)| jst_day(at));
        let outcome = ended.map_or("open", |(_, outcome)| outcome).to_owned();
        let days = (until - since).get_days();
        (kind, ControlEntry { kind: kind.as_str().to_owned(), subject, since, days, outcome })
    }

    fn later_than(allowed: u16, entry: (ControlKind, ControlEntry)) -> Option<(ControlKind, ControlEntry)> {
        (entry.1.days > i32::from(allowed)).then_some(entry)
    }

    fn claim(&self, facts: &ClaimFacts, terms: &ControlTerms) -> Option<(ControlKind, ControlEntry)> {
        let happened = |at: &Timestamp| *at < self.span.until;
        let assessed = facts.assessed_at.filter(happened);
        if assessed.is_none() && facts.ended_at.as_ref().is_some_and(happened) {
            return None;
        }
        let subject = format!("application:{}", facts.application);
        let ended = assessed.map(|at| (at, "assessed"));
        let entry = self.entry(ControlKind::LateAssessment, subject, facts.due_from, ended);
        Self::later_than(terms.assess_within_days, entry)
    }

    fn exception(&self, facts: &ExceptionFacts, terms: &ControlTerms) -> Option<(ControlKind, ControlEntry)> {
        let ended = facts.resolved.as_ref().map(|(at, how)| (*at, how.as_str()));
        let subject = format!("exception:{}", facts.id);
        let since = jst_day(facts.raised_at);
        let entry = self.entry(ControlKind::UnreconciledReceipt, subject, since, ended);
        Self::later_than(terms.resolve_within_days, entry)
    }

    fn acting(&self, facts: &ActingFacts, terms: &ControlTerms) -> Option<(ControlKind, ControlEntry)> {
        let ended = facts.reviewed_at.map(|at| (at, "reviewed"));
        let subject = format!("acting_decision:{}", facts.id);
        let since = jst_day(facts.acted_at);
        let entry = self.entry(ControlKind::ActingWithoutReview, subject, since, ended);
        Self::later_than(terms.review_within_days, entry)
    }

    /// Days that were confirmed too late or never, and the first day that nobody has closed.
    fn closes(&self, facts: &YearFacts, terms: &ControlTerms) -> Vec<(ControlKind, ControlEntry)> {
        let known = facts.closes.iter().filter(|close| close.closed_at < self.span.until);
        let late = known.clone().filter_map(|close| {
            let ended = close.confirmed_at.map(|at| (at, "confirmed"));
            let subject = format!("day:{}", close.day);
            let entry = self.entry(ControlKind::CloseNotConfirmed, subject, close.day, ended);
            Self::later_than(terms.close_within_days, entry)
        });
        let mut entries: Vec<_> = late.collect();
        let last = known.map(|close| close.day).max().or(facts.closed_before);
        if let Some(next) = last.and_then(|day| day.tomorrow().ok()) {
            let entry = self.entry(ControlKind::DayNotClosed, format!("day:{next}"), next, None);
            entries.extend(Self::later_than(terms.close_within_days, entry));
        }
        entries
    }
}

/// What a snapshot states. The members stand in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlStatement {
    /// How many entries of each kind.
    pub counts: BTreeMap<String, usize>,
    /// The entries.
    pub entries: Vec<ControlEntry>,
    /// The fiscal year.
    pub fiscal_year: i16,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The officer who issued it.
    pub issued_by: String,
    /// The key that signed it.
    pub key_id: String,
    /// Hash of the snapshot of the year before this one, in hex; of zeros for the first.
    pub prev_hash: String,
    /// 1 for the first snapshot of the year, then without gaps.
    pub snapshot_no: i64,
    /// The body.
    pub tenant: TenantCode,
    /// The days that were allowed; null where the body set none.
    pub terms: Option<ControlTerms>,
}

impl ControlStatement {
    /// The canonical JSON.
    pub fn to_json(&self) -> String {
        // Our own types always have a JSON form; nothing would verify against an empty one.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// How many entries of each kind; kinds without any count 0.
pub fn counts(entries: &[ControlEntry]) -> BTreeMap<String, usize> {
    let count = |kind: ControlKind| entries.iter().filter(|entry| entry.kind == kind.as_str()).count();
    ControlKind::ALL.into_iter().map(|kind| (kind.as_str().to_owned(), count(kind))).collect()
}

/// The bytes of a snapshot that are hashed and signed.
pub fn snapshot_bytes(statement: &str) -> Vec<u8> {
    [SNAPSHOT_DOMAIN, statement.as_bytes()].concat()
}

/// The entries as CSV (RFC 4180, UTF-8, CRLF).
pub fn csv(tenant: &TenantCode, year: FiscalYear, entries: &[ControlEntry]) -> String {
    let mut text = "団体コード,会計年度,種別,対象,発生日,日数,結果\r\n".to_owned();
    for entry in entries {
        let kind = ControlKind::ALL.into_iter().find(|kind| kind.as_str() == entry.kind);
        let label: &str = match kind {
            Some(kind) => kind.label_ja(),
            None => &entry.kind,
        };
        let (year, since, days) = (year.year().to_string(), entry.since.to_string(), entry.days.to_string());
        let fields = [tenant.as_str(), &year, label, &entry.subject, &since, &days, &entry.outcome];
        text.push_str(&fields.map(field).join(","));
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests;
