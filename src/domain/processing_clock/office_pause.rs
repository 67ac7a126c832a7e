//! Pauses that an office records: what no event of the case itself shows.

use jiff::civil::Date;

use super::PauseReason;
use crate::domain::fault::Fault;
use crate::domain::message::text_faults;

/// Why an office says that the clock stands still. That another authority is busy with a matter is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfficePause {
    /// The applicant changes the content on the own initiative (R-18(4)).
    ApplicantChange,
    /// Documents are awaited beyond those that the application needs (R-18(5)).
    ExtraDocuments,
    /// The papers are at the office they pass through (経由中).
    InTransit,
}

/// What a pause that is recorded now is held against.
#[derive(Clone, Copy, Debug)]
pub struct PauseFacts {
    /// The day the case arrived.
    pub arrived_on: Date,
    /// The last day of the period as the clock stands, unless it stands still.
    pub due_on: Option<Date>,
    /// Days of transit that the period counts.
    pub transit_days: u32,
    /// Today.
    pub today: Date,
}

impl OfficePause {
    /// All, for tables and tests.
    pub const ALL: [Self; 3] = [Self::ApplicantChange, Self::ExtraDocuments, Self::InTransit];

    /// The reason as the clock knows it.
    pub fn reason(self) -> PauseReason {
        match self {
            Self::ApplicantChange => PauseReason::ApplicantChange,
            Self::ExtraDocuments => PauseReason::ExtraDocuments,
            Self::InTransit => PauseReason::InTransit,
        }
    }

    /// The reason of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pause| pause.reason().as_str() == text)
    }

    /// Whether it ends when the applicant hands something in: then nothing is awaited of them, and a clock is never left standing
    /// because somebody forgot it.
    pub fn ends_with_answer(self) -> bool {
        match self {
            Self::ApplicantChange | Self::ExtraDocuments => true,
            Self::InTransit => false,
        }
    }

    /// Everything wrong with a pause from the day after `asked_on` on, for `note`.
    pub fn faults(self, asked_on: Date, note: &str, facts: PauseFacts) -> Vec<Fault> {
        let mut faults = text_faults("/note", note, 1);
        if self == Self::InTransit && facts.transit_days > 0 {
            let ja = format!("経由機関での期間（{}日）は標準処理期間に含まれています。", facts.transit_days);
            let en = format!("The period counts {} days of transit already.", facts.transit_days);
            faults.push(Fault::new("/reason", "counted_already", ja, en));
        }
        let fault = if asked_on < facts.arrived_on {
            Some(("before_arrival", "到達日以後の日にしてください。", "It must not be before the arrival."))
        } else if asked_on > facts.today {
            Some(("future", "本日以前の日にしてください。", "It must not be after today."))
        } else if facts.due_on.is_some_and(|due| due <= asked_on) {
            let ja = "標準処理期間は既に満了しています。";
            Some(("after_period", ja, "The period had ended by then: nothing of it is left to stand still."))
        } else {
            None
        };
        faults.extend(fault.map(|(code, ja, en)| Fault::new("/asked_on", code, ja, en)));
        faults
    }
}

/// Everything wrong with the last day of a pause that began with `asked_on`.
pub fn end_faults(asked_on: Date, ended_on: Date, today: Date) -> Vec<Fault> {
    let fault = if ended_on < asked_on {
        ("before_pause", "停止の始まりの日以後にしてください。", "It must not be before the pause.")
    } else if ended_on > today {
        ("future", "本日以前の日にしてください。", "It must not be after today.")
    } else {
        return Vec::new();
    };
    let (code, ja, en) = fault;
    vec![Fault::new("/ended_on", code, ja, en)]
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const FACTS: PauseFacts = PauseFacts {
        arrived_on: date(2026, 4, 1),
        due_on: Some(date(2026, 4, 23)),
        transit_days: 0,
        today: date(2026, 4, 30),
    };

    fn found(faults: &[Fault]) -> Vec<String> {
        faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect()
    }

    /// The reasons of the rule and no other: corrections, fees and days off are seen by the clock itself, and that another
    /// authority is busy is none.
    #[test]
    fn r15_r18_an_office_can_stop_the_clock_for_these_reasons_only() {
        let names = OfficePause::ALL.map(|pause| pause.reason().as_str());
        assert_eq!(names, ["applicant_change", "extra_documents", "in_transit"]);
        for pause in OfficePause::ALL {
            assert_eq!(OfficePause::parse(pause.reason().as_str()), Some(pause));
        }
        for other in ["correction", "fee_payment", "related_case", "other_agency", ""] {
            assert_eq!(OfficePause::parse(other), None, "{other}");
        }
        assert_eq!(OfficePause::ALL.map(OfficePause::ends_with_answer), [true, true, false]);
    }

    #[test]
    fn r18_a_pause_lies_between_the_arrival_and_the_end_of_the_period_and_says_what_is_awaited() {
        use OfficePause::{ExtraDocuments, InTransit};
        let late = PauseFacts { today: date(2026, 4, 10), ..FACTS };
        let paused = PauseFacts { due_on: None, ..FACTS };
        let counted = PauseFacts { transit_days: 4, ..FACTS };
        for (pause, asked_on, note, facts, expected) in [
            (ExtraDocuments, date(2026, 4, 1), "図面", FACTS, vec![]),
            (ExtraDocuments, date(2026, 4, 22), "図面", FACTS, vec![]),
            (ExtraDocuments, date(2026, 4, 23), "図面", FACTS, vec!["/asked_on after_period"]),
            (ExtraDocuments, date(2026, 4, 23), "図面", paused, vec![]),
            (ExtraDocuments, date(2026, 3, 31), " ", FACTS, vec!["/note length", "/asked_on before_arrival"]),
            (ExtraDocuments, date(2026, 4, 11), "図面", late, vec!["/asked_on future"]),
            (InTransit, date(2026, 4, 2), "町で確認中", FACTS, vec![]),
            (InTransit, date(2026, 4, 2), "町で確認中", counted, vec!["/reason counted_already"]),
            (ExtraDocuments, date(2026, 4, 2), "図面", counted, vec![]),
        ] {
            assert_eq!(found(&pause.faults(asked_on, note, facts)), expected, "{pause:?} {asked_on}");
        }
        let end = |ended_on| found(&end_faults(date(2026, 4, 10), ended_on, date(2026, 4, 20)));
        assert_eq!(end(date(2026, 4, 10)), [""; 0]);
        assert_eq!(end(date(2026, 4, 20)), [""; 0]);
        assert_eq!(end(date(2026, 4, 9)), ["/ended_on before_pause"]);
        assert_eq!(end(date(2026, 4, 21)), ["/ended_on future"]);
    }
}
