//! Overdue cases (期限超過, R-19): who is told, and when. Being late is not illegal and decides nothing: it is told, level by
//! level, to people who can do something about it.
//!
//! Levels are data of the body: how long after the due date, and which desks.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::fault::Fault;
use super::policy::Role;

/// A desk that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationDesk {
    /// Who works on the case.
    Assignee,
    /// グループマネージャー of the department.
    GroupManager,
    /// 課長 of the department.
    SectionChief,
    /// 部長・局長: at the department itself or at its bureau.
    Director,
    /// 知事・市町村長.
    Head,
}

impl EscalationDesk {
    /// The role of the desk; none for whoever works on the case.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Assignee => None,
            Self::GroupManager => Some(Role::GroupManager),
            Self::SectionChief => Some(Role::SectionChief),
            Self::Director => Some(Role::Director),
            Self::Head => Some(Role::Head),
        }
    }
}

/// A level of escalation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationLevel {
    /// The key of the level.
    pub code: String,
    /// How many open days after the due date; 0: as soon as that day is over.
    pub after_open_days: u16,
    /// Who is told.
    pub tell: Vec<EscalationDesk>,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl EscalationLevel {
    /// The day on which a case that was due on `due_on` reaches the level.
    pub fn reached_on(&self, due_on: Date, calendar: &Calendar) -> Date {
        let over = due_on.tomorrow().unwrap_or(due_on);
        calendar.after_open_days(due_on, self.after_open_days).max(over)
    }
}

/// The levels that a case due on `due_on` has reached by `today`, in their order.
pub fn reached<'a>(
    levels: &'a [EscalationLevel],
    due_on: Date,
    today: Date,
    calendar: &Calendar,
) -> Vec<&'a EscalationLevel> {
    levels.iter().filter(|level| level.reached_on(due_on, calendar) <= today).collect()
}

/// Every fault of a body's levels; pointers go into the file of the body.
pub(crate) fn level_faults(levels: &[EscalationLevel]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, level) in levels.iter().enumerate() {
        let place = format!("/escalation/{index}");
        if !seen.insert(&level.code) {
            faults.push(Fault::new(format!("{place}/code"), "duplicate", "重複しています", "is given twice"));
        }
        if !super::procedure::is_slug(&level.code) {
            let (ja, en) = ("英小文字で始まる識別子にしてください", "must be a lower-case identifier");
            faults.push(Fault::new(format!("{place}/code"), "slug", ja, en));
        }
        if level.tell.is_empty() || level.source.trim().is_empty() {
            faults.push(Fault::new(place, "empty", "空にできません", "must not be empty"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::calendar::tests::aomori;

    fn level(code: &str, after_open_days: u16) -> EscalationLevel {
        let tell = vec![EscalationDesk::SectionChief];
        EscalationLevel {
            code: code.to_owned(),
            after_open_days,
            tell,
            source: "試験用".to_owned(),
            sample: true,
        }
    }

    #[test]
    fn r19_a_level_is_reached_after_the_due_date_and_counts_open_days() {
        let levels = [level("due", 0), level("late", 5)];
        let codes = |today: Date| -> Vec<String> {
            let found = reached(&levels, date(2026, 4, 24), today, &aomori());
            found.into_iter().map(|level| level.code.clone()).collect()
        };
        // Due on a Friday; five open days later, over the holidays of May.
        assert_eq!(codes(date(2026, 4, 24)), Vec::<String>::new(), "the day itself is in time");
        assert_eq!(codes(date(2026, 4, 25)), ["due"]);
        assert_eq!(codes(date(2026, 5, 6)), ["due"]);
        assert_eq!(levels[1].reached_on(date(2026, 4, 24), &aomori()), date(2026, 5, 7));
        assert_eq!(codes(date(2026, 5, 7)), ["due", "late"]);
    }

    #[test]
    fn all_faults_of_levels_are_named_at_once() {
        let mut silent = level("due", 3);
        silent.tell.clear();
        let faults = level_faults(&[level("due", 0), silent, level("X y", 1)]);
        let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(
            found,
            [("/escalation/1/code", "duplicate"), ("/escalation/1", "empty"), ("/escalation/2/code", "slug"),]
        );
    }
}
