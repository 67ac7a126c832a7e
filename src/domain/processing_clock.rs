//! The clock of the standard processing period (標準処理期間, R-16…R-19).
//!
//! Day 1 is the day after arrival. Days off count or not as the procedure says; days of a pause never
//! count. A period never ends on a day off: where days off count, an end on one of them moves to the next
//! open day. Going over the period is not illegal and decides nothing by itself; every due date can be
//! explained line by line.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

mod explanation;
mod office_pause;

pub use self::office_pause::{OfficePause, PauseFacts, end_faults};

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
    /// The pause as if the answer had come on `day` at the latest.
    #[must_use]
    pub fn answered_by(self, day: Date) -> Self {
        let answered_on = self.answered_on.map_or(day, |answered| answered.min(day));
        Self { answered_on: Some(answered_on.max(self.asked_on)), ..self }
    }

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
    /// The last day was off, for this reason, so the period ends on the next open day. These days are not counted.
    Extended(DayOff),
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
    let due_on = is_reached.then(|| walk.extend_over_days_off(day, calendar));
    DueDate {
        due_on,
        coverage: coverage(arrived_on, due_on.unwrap_or(day), holidays, calendar),
        explanation: walk.lines,
    }
}

/// Whether every holiday that the walk depended on has been published.
fn coverage(arrived_on: Date, end: Date, holidays: HolidayRule, calendar: &Calendar) -> Coverage {
    // Where days off count, only the end asks whether it is one.
    let depends_on = match holidays {
        HolidayRule::Exclude => [arrived_on, end],
        HolidayRule::Include => [end, end],
    };
    let is_published = |day| calendar.coverage(day) == Coverage::Published;
    if depends_on.into_iter().all(is_published) { Coverage::Published } else { Coverage::NotPublished }
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

    /// The day the period ends that was counted out on `last`: that day, or the next open one with a line that says why.
    fn extend_over_days_off(&mut self, last: Date, calendar: &Calendar) -> Date {
        let Some(off) = calendar.day_off(last) else { return last };
        let end = calendar.roll(last);
        if let Ok(from) = last.tomorrow() {
            let (kind, counted) = (LineKind::Extended(off), self.counted);
            self.lines.push(ExplanationLine { from, to: Some(end), kind, counted });
        }
        end
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

#[cfg(test)]
mod tests;
