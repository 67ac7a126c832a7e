//! The clock of the standard processing period (標準処理期間, R-16…R-19).
//!
//! Day 1 is the day after arrival. Days off count or not as the procedure says; days of a pause never
//! count. Going over the period is not illegal and decides nothing by itself; every due date can be
//! explained line by line.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::calendar::{Calendar, Coverage, DayOff};
use crate::domain::procedure::{HolidayRule, Processing};

/// Longest walk of the clock, in calendar days: about fifty years.
const MAX_WALK: u32 = 18_300;

/// Why the clock stands still. Days off are the calendar's matter, not a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// 補正に要する期間.
    Correction,
    /// 手数料の納付依頼から納付まで.
    FeePayment,
    /// 申請者の都合による内容の変更.
    ApplicantChange,
    /// 追加資料待ち.
    ExtraDocuments,
    /// 経由機関にある期間.
    InTransit,
}

/// A time the clock stands still: from the day after `asked_on` to `answered_on` inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Why.
    pub reason: PauseReason,
    /// The day the correction, payment or document was asked for; it still counts.
    pub asked_on: Date,
    /// The day the answer arrived; the clock runs again the day after. Nothing while it is awaited.
    pub answered_on: Option<Date>,
}

impl Pause {
    fn covers(&self, day: Date) -> bool {
        self.asked_on < day && self.answered_on.is_none_or(|answered| day <= answered)
    }
}

/// What happened to the days of one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "why", rename_all = "snake_case")]
pub enum LineKind {
    /// The day of arrival; it does not count (初日不算入, R-20).
    Arrival,
    /// The days count.
    Counted,
    /// The days are off and do not count.
    DayOff(DayOff),
    /// The clock stands still.
    Paused(PauseReason),
}

/// One line of the explanation of a due date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplanationLine {
    /// The first day.
    pub from: Date,
    /// The last day; nothing while a pause is open.
    pub to: Option<Date>,
    /// What happened.
    #[serde(flatten)]
    pub kind: LineKind,
    /// Days counted so far, this line included.
    pub counted: u32,
}

/// A due date and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DueDate {
    /// The last day of the period; nothing while a pause is open.
    pub due_on: Option<Date>,
    /// Whether the holidays of every year it passes have been published.
    pub coverage: Coverage,
    /// The explanation, in the order of days.
    pub explanation: Vec<ExplanationLine>,
}

impl Processing {
    /// All days of the period: transit and processing (計, R-16).
    pub fn total_days(&self) -> u32 {
        self.days.saturating_add(self.transit_days)
    }
}

/// The due date of an application that arrived on `arrived_on` and has `days` to run.
pub fn due_date(
    arrived_on: Date,
    days: u32,
    holidays: HolidayRule,
    pauses: &[Pause],
    calendar: &Calendar,
) -> DueDate {
    let mut walk = Walk { lines: Vec::new(), counted: 0 };
    walk.add(arrived_on, LineKind::Arrival);
    let mut day = arrived_on;
    let mut walked = 0;
    let mut open_pause = false;
    while walk.counted < days && walked < MAX_WALK {
        let Ok(next) = day.tomorrow() else { break };
        day = next;
        walked += 1;
        if let Some(pause) = pauses.iter().find(|pause| pause.covers(day)) {
            walk.add(day, LineKind::Paused(pause.reason));
            let open = pauses.iter().find(|pause| pause.answered_on.is_none() && pause.covers(day));
            if let Some(open) = open {
                walk.leave_open(day, open.reason);
                open_pause = true;
                break;
            }
            continue;
        }
        match calendar.day_off(day).filter(|_| holidays == HolidayRule::Exclude) {
            Some(off) => walk.add(day, LineKind::DayOff(off)),
            None => walk.count(day),
        }
    }
    let is_reached = !open_pause && walk.counted == days;
    let first_unknown =
        [arrived_on, day].into_iter().find(|day| calendar.coverage(*day) == Coverage::NotPublished);
    let coverage = match first_unknown {
        Some(_) if holidays == HolidayRule::Exclude => Coverage::NotPublished,
        _ => Coverage::Published,
    };
    DueDate { due_on: is_reached.then_some(day), coverage, explanation: walk.lines }
}

struct Walk {
    lines: Vec<ExplanationLine>,
    counted: u32,
}

impl Walk {
    fn count(&mut self, day: Date) {
        self.counted += 1;
        self.add(day, LineKind::Counted);
    }

    /// Lengthens the last line when the day is of its kind, else begins a new one.
    fn add(&mut self, day: Date, kind: LineKind) {
        let counted = self.counted;
        match self.lines.last_mut().filter(|line| line.kind == kind) {
            Some(line) => {
                line.to = Some(day);
                line.counted = counted;
            }
            None => self.lines.push(ExplanationLine { from: day, to: Some(day), kind, counted }),
        }
    }

    /// The pause that reaches `day` has no end yet.
    fn leave_open(&mut self, day: Date, reason: PauseReason) {
        self.lines.pop_if(|line| line.from == day);
        if let Some(line) = self.lines.last_mut().filter(|line| line.kind == LineKind::Paused(reason)) {
            line.to = None;
            return;
        }
        let (kind, counted) = (LineKind::Paused(reason), self.counted);
        self.lines.push(ExplanationLine { from: day, to: None, kind, counted });
    }
}

impl ExplanationLine {
    /// The line as a Japanese sentence.
    pub fn text_ja(&self) -> String {
        let span = match self.to {
            Some(to) if to == self.from => self.from.to_string(),
            Some(to) => format!("{}〜{to}", self.from),
            None => format!("{}〜", self.from),
        };
        let what = match &self.kind {
            LineKind::Arrival => "到達日（初日は算入しません）".to_owned(),
            LineKind::Counted => format!("算入（累計{}日）", self.counted),
            LineKind::DayOff(DayOff::Weekend) => "土日（算入しません）".to_owned(),
            LineKind::DayOff(DayOff::YearEnd) => "年末年始（算入しません）".to_owned(),
            LineKind::DayOff(DayOff::National(name) | DayOff::Closure(name)) => {
                format!("{name}（算入しません）")
            }
            LineKind::Paused(reason) => format!("{}（停止）", reason.name_ja()),
        };
        format!("{span} {what}")
    }

    /// The line as an English sentence.
    pub fn text_en(&self) -> String {
        let span = match self.to {
            Some(to) if to == self.from => self.from.to_string(),
            Some(to) => format!("{} to {to}", self.from),
            None => format!("from {}", self.from),
        };
        let what = match &self.kind {
            LineKind::Arrival => "arrival (the first day does not count)".to_owned(),
            LineKind::Counted => format!("counted ({} so far)", self.counted),
            LineKind::DayOff(DayOff::Weekend) => "weekend (not counted)".to_owned(),
            LineKind::DayOff(DayOff::YearEnd) => "year-end closing (not counted)".to_owned(),
            LineKind::DayOff(DayOff::National(name) | DayOff::Closure(name)) => {
                format!("{name} (not counted)")
            }
            LineKind::Paused(reason) => format!("{} (clock stopped)", reason.name_en()),
        };
        format!("{span}: {what}")
    }
}

impl PauseReason {
    /// The reason in Japanese.
    pub fn name_ja(self) -> &'static str {
        match self {
            Self::Correction => "補正に要する期間",
            Self::FeePayment => "手数料の納付待ち",
            Self::ApplicantChange => "申請者による内容の変更",
            Self::ExtraDocuments => "追加資料待ち",
            Self::InTransit => "経由機関での期間",
        }
    }

    /// The reason in English.
    pub fn name_en(self) -> &'static str {
        match self {
            Self::Correction => "correction asked for",
            Self::FeePayment => "fee payment awaited",
            Self::ApplicantChange => "change by the applicant",
            Self::ExtraDocuments => "further documents awaited",
            Self::InTransit => "at the office of transit",
        }
    }
}

#[cfg(test)]
mod tests;
