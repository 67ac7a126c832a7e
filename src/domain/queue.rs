//! What staff ask of a department's queue (受付簿): criteria, order, where a page ends.
//!
//! The criteria travel as text in three places that must mean the same: the query of a request, the body of a saved view,
//! and the stored view. [`Criteria`] is that text; [`Criteria::read`] is the one meaning of it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::application::StateName;
use super::fault::Fault;
use super::id::{ApplicationId, OfficerId};

/// The most characters of a procedure's slug.
const LONGEST_SLUG: usize = 100;

/// On whom a case waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitingOn {
    /// 担当課: to be taken up, reviewed or completed.
    Office,
    /// 申請者: asked to correct or to answer.
    Applicant,
    /// 決裁者: on its approval route.
    Approver,
}

impl WaitingOn {
    /// All of them, for tables and tests.
    pub const ALL: [Self; 3] = [Self::Office, Self::Applicant, Self::Approver];

    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Applicant => "applicant",
            Self::Approver => "approver",
        }
    }

    /// On whom a case in `state` waits; on nobody when it has ended or has not arrived.
    pub fn of(state: StateName) -> Option<Self> {
        match state {
            StateName::Submitted | StateName::UnderReview | StateName::Decided => Some(Self::Office),
            StateName::CorrectionRequested | StateName::Inquiry => Some(Self::Applicant),
            StateName::InApproval => Some(Self::Approver),
            StateName::Draft | StateName::Closed | StateName::Withdrawn | StateName::Transferred => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|whom| whom.as_str() == text)
    }
}

/// Whose cases are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssigneeFilter {
    /// Everybody's.
    Any,
    /// The caller's own, and those of colleagues whom the caller covers for today.
    Mine,
    /// One officer's.
    Officer(OfficerId),
}

/// Which row comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest arrival first.
    #[default]
    Arrival,
    /// Soonest due first; what has no due date comes last.
    DueDate,
}

/// Which cases are wanted by the age of their due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueFilter {
    /// Whatever the due date.
    Any,
    /// Due on this day or before.
    Until(Date),
    /// The clock runs and the due date is over (R-18; R-19: that decides nothing by itself).
    Overdue,
}

/// Which cases are wanted by their tasks (処理課題).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskFilter {
    /// With or without.
    Any,
    /// Those about which a task is open.
    Open,
}

/// The criteria as they are written; a field left out asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criteria {
    /// Name of a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// An officer's id, or `me`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// `office`, `applicant` or `approver`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_on: Option<String>,
    /// Slug of a procedure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure: Option<String>,
    /// `overdue`, or a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// `open`: with an open task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// `arrived_at` or `due_on`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
}

/// What criteria mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// These states; none: everything that still waits for somebody.
    pub states: Option<Vec<StateName>>,
    /// Whose cases.
    pub assignee: AssigneeFilter,
    /// Of one procedure only.
    pub procedure: Option<String>,
    /// By due date.
    pub due: DueFilter,
    /// By tasks of the office.
    pub task: TaskFilter,
    /// The order.
    pub order: Order,
}

impl Selection {
    /// Everything that waits, oldest arrival first.
    pub const OPEN: Self = Self {
        states: None,
        assignee: AssigneeFilter::Any,
        procedure: None,
        due: DueFilter::Any,
        task: TaskFilter::Any,
        order: Order::Arrival,
    };
}

impl Criteria {
    /// These criteria where they say something, those of `view` elsewhere.
    #[must_use]
    pub fn over(self, view: Self) -> Self {
        Self {
            state: self.state.or(view.state),
            assignee: self.assignee.or(view.assignee),
            waiting_on: self.waiting_on.or(view.waiting_on),
            procedure: self.procedure.or(view.procedure),
            due: self.due.or(view.due),
            task: self.task.or(view.task),
            sort: self.sort.or(view.sort),
        }
    }

    /// What they mean, or every fault of them with a pointer under `base`.
    pub fn read(&self, base: &str) -> Result<Selection, Vec<Fault>> {
        let mut faults = Vec::new();
        let state = read(base, "state", self.state.as_deref(), &mut faults, |text| {
            StateName::parse(text).filter(|state| *state != StateName::Draft)
        });
        let waiting = read(base, "waiting_on", self.waiting_on.as_deref(), &mut faults, WaitingOn::parse);
        let assignee = read(base, "assignee", self.assignee.as_deref(), &mut faults, |text| match text {
            "me" => Some(AssigneeFilter::Mine),
            id => id.parse().ok().map(AssigneeFilter::Officer),
        });
        let procedure = read(base, "procedure", self.procedure.as_deref(), &mut faults, |text| {
            (!text.is_empty() && text.len() <= LONGEST_SLUG).then(|| text.to_owned())
        });
        let due = read(base, "due", self.due.as_deref(), &mut faults, |text| match text {
            "overdue" => Some(DueFilter::Overdue),
            day => day.parse().ok().map(DueFilter::Until),
        });
        let task = read(base, "task", self.task.as_deref(), &mut faults, |text| {
            (text == "open").then_some(TaskFilter::Open)
        });
        let order = read(base, "sort", self.sort.as_deref(), &mut faults, |text| match text {
            "arrived_at" => Some(Order::Arrival),
            "due_on" => Some(Order::DueDate),
            _ => None,
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Selection {
            states: states(state, waiting),
            assignee: assignee.unwrap_or(AssigneeFilter::Any),
            procedure,
            due: due.unwrap_or(DueFilter::Any),
            task: task.unwrap_or(TaskFilter::Any),
            order: order.unwrap_or_default(),
        })
    }
}

/// The states that satisfy both; none where neither was asked for.
fn states(state: Option<StateName>, waiting: Option<WaitingOn>) -> Option<Vec<StateName>> {
    let fits = |name: &StateName| {
        state.is_none_or(|state| state == *name)
            && waiting.is_none_or(|whom| WaitingOn::of(*name) == Some(whom))
    };
    (state.is_some() || waiting.is_some()).then(|| StateName::ALL.into_iter().filter(fits).collect())
}

fn read<T>(
    base: &str,
    name: &'static str,
    text: Option<&str>,
    faults: &mut Vec<Fault>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let text = text?;
    let parsed = parse(text);
    if parsed.is_none() {
        faults.push(not_acceptable(base, name));
    }
    parsed
}

/// The fault of a value that means nothing.
pub fn not_acceptable(base: &str, name: &'static str) -> Fault {
    let ja = format!("{name} の値が正しくありません。");
    let en = format!("The value of {name} is not acceptable.");
    Fault::new(format!("{base}/{name}"), name, ja, en)
}

/// Where a page ends: the sorting key of its last row, and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// In the order of arrivals: 到達日時.
    Arrival(Timestamp, ApplicationId),
    /// In the order of due dates.
    DueDate(Option<Date>, ApplicationId),
}

impl Cursor {
    /// The order it belongs to.
    pub fn order(self) -> Order {
        match self {
            Self::Arrival(..) => Order::Arrival,
            Self::DueDate(..) => Order::DueDate,
        }
    }

    /// The cursor as the contract shows it: opaque text.
    pub fn encode(self) -> String {
        let text = match self {
            Self::Arrival(at, id) => format!("a:{}:{id}", at.as_microsecond()),
            Self::DueDate(day, id) => {
                format!("d:{}:{id}", day.map(|day| day.to_string()).unwrap_or_default())
            }
        };
        data_encoding::BASE64URL_NOPAD.encode(text.as_bytes())
    }

    /// Reads what [`Cursor::encode`] wrote.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (kind, rest) = text.split_once(':')?;
        let (key, id) = rest.split_once(':')?;
        let id = id.parse().ok()?;
        match (kind, key) {
            ("a", micros) => Some(Self::Arrival(Timestamp::from_microsecond(micros.parse().ok()?).ok()?, id)),
            ("d", "") => Some(Self::DueDate(None, id)),
            ("d", day) => Some(Self::DueDate(Some(day.parse().ok()?), id)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;

    fn criteria(set: impl FnOnce(&mut Criteria)) -> Criteria {
        let mut criteria = Criteria::default();
        set(&mut criteria);
        criteria
    }

    #[test]
    fn a_cursor_survives_its_way_out_and_back_and_nonsense_is_none() {
        let id = ApplicationId(Uuid::from_u128(7));
        for cursor in [
            Cursor::Arrival(Timestamp::UNIX_EPOCH, id),
            Cursor::DueDate(Some(date(2026, 4, 1)), id),
            Cursor::DueDate(None, id),
        ] {
            assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }
        for nonsense in ["", "x", "!!", "MTIz", "OjEyMw"] {
            assert_eq!(Cursor::decode(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn every_open_state_waits_on_exactly_one_and_every_ended_one_on_nobody() {
        let waits: Vec<_> = StateName::ALL
            .into_iter()
            .filter_map(|state| {
                WaitingOn::of(state).map(|whom| format!("{} {}", state.as_str(), whom.as_str()))
            })
            .collect();
        assert_eq!(
            waits,
            [
                "submitted office",
                "under_review office",
                "correction_requested applicant",
                "inquiry applicant",
                "in_approval approver",
                "decided office",
            ]
        );
    }

    #[test]
    fn criteria_that_say_nothing_ask_for_everything_that_waits() {
        assert_eq!(Criteria::default().read(""), Ok(Selection::OPEN));
    }

    #[test]
    fn a_state_and_whom_it_waits_on_are_asked_for_together() {
        let applicant = criteria(|criteria| criteria.waiting_on = Some("applicant".into()));
        let states = applicant.read("").unwrap().states;
        assert_eq!(states, Some(vec![StateName::CorrectionRequested, StateName::Inquiry]));
        let never = criteria(|criteria| {
            criteria.waiting_on = Some("approver".into());
            criteria.state = Some("submitted".into());
        });
        assert_eq!(never.read("").unwrap().states, Some(vec![]));
    }

    #[test]
    fn all_faults_of_criteria_are_told_at_once() {
        let wrong = || Some("x y".to_owned());
        let all = Criteria {
            state: Some("draft".into()),
            assignee: wrong(),
            waiting_on: wrong(),
            procedure: Some(String::new()),
            due: Some("2026-13-01".into()),
            task: wrong(),
            sort: wrong(),
        };
        let pointers: Vec<_> =
            all.read("/criteria").unwrap_err().into_iter().map(|fault| fault.pointer).collect();
        let names = ["state", "waiting_on", "assignee", "procedure", "due", "task", "sort"];
        assert_eq!(pointers, names.map(|name| format!("/criteria/{name}")));
    }

    #[test]
    fn what_is_asked_for_goes_before_what_the_view_says() {
        let view =
            Criteria { state: Some("submitted".into()), sort: Some("due_on".into()), ..Criteria::default() };
        let asked = criteria(|criteria| criteria.state = Some("decided".into())).over(view).read("").unwrap();
        assert_eq!((asked.states, asked.order), (Some(vec![StateName::Decided]), Order::DueDate));
    }
}
