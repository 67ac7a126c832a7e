//! Requests for the opinion of another office of the same body (意見照会・合議).
//!
//! The office that is asked may read the case while the request is open, answers once, and decides nothing. An open request
//! pauses no clock: that another office is asked is the body's own affair.

use jiff::civil::Date;

use super::application::StateName;
use super::fault::Fault;
use super::message::text_faults;

/// What the office that was asked thinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpinionStance {
    /// 異議なし.
    Agree,
    /// 条件付き.
    AgreeWithConditions,
    /// 異議あり.
    Object,
    /// 意見なし.
    NoOpinion,
}

impl OpinionStance {
    /// Every stance.
    pub const ALL: [Self; 4] = [Self::Agree, Self::AgreeWithConditions, Self::Object, Self::NoOpinion];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::AgreeWithConditions => "agree_with_conditions",
            Self::Object => "object",
            Self::NoOpinion => "no_opinion",
        }
    }

    /// The shortest text it needs: who sets conditions or objects says which and why.
    fn shortest_text(self) -> usize {
        match self {
            Self::AgreeWithConditions | Self::Object => 1,
            Self::Agree | Self::NoOpinion => 0,
        }
    }
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpinionState {
    /// 照会中.
    Open,
    /// 回答済.
    Given,
    /// 取消し.
    Recalled,
}

impl OpinionState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Given, Self::Recalled];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Given => "given",
            Self::Recalled => "recalled",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Ends an open request in this way; an end is an end.
    pub fn end(self, by: Self) -> Result<Self, Self> {
        match (self, by) {
            (Self::Open, Self::Given | Self::Recalled) => Ok(by),
            (state, _) => Err(state),
        }
    }
}

/// Whether an opinion still matters to a case: it arrived, and nothing has ended it. With the end of the case every open
/// request loses its point, and nobody reads the case by it any more.
pub fn matters(case: StateName) -> bool {
    use StateName as S;
    match case {
        S::Submitted | S::UnderReview | S::CorrectionRequested | S::Inquiry | S::InApproval => true,
        S::Draft | S::Decided | S::Closed | S::Withdrawn | S::Transferred => false,
    }
}

/// Every fault of a question, to be answered by `due_on`; pointers go into the request.
pub fn question_faults(question: &str, due_on: Date, today: Date) -> Vec<Fault> {
    let mut faults = text_faults("/question", question, 1);
    if due_on <= today {
        let (ja, en) = ("期限は明日以降にしてください。", "The day must be in the future.");
        faults.push(Fault::new("/due_on", "not_future", ja, en));
    }
    faults
}

/// Every fault of an answer; pointers go into the request.
pub fn answer_faults(stance: OpinionStance, text: &str) -> Vec<Fault> {
    text_faults("/text", text, stance.shortest_text())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_request_ends_once() {
        use OpinionState as S;
        for state in S::ALL {
            for by in S::ALL {
                let expected = if state == S::Open && by != S::Open { Ok(by) } else { Err(state) };
                assert_eq!(state.end(by), expected);
            }
        }
    }

    #[test]
    fn conditions_and_objections_are_explained() {
        for stance in OpinionStance::ALL {
            let needs = matches!(stance, OpinionStance::AgreeWithConditions | OpinionStance::Object);
            assert_eq!(answer_faults(stance, " ").len(), usize::from(needs), "{stance:?}");
            assert_eq!(answer_faults(stance, "側溝の付替えを条件とする。"), Vec::new());
        }
    }

    #[test]
    fn every_fault_of_a_question_is_named() {
        let (today, tomorrow) = (date(2026, 4, 1), date(2026, 4, 2));
        let pointers = |question: &str, due_on| -> Vec<String> {
            question_faults(question, due_on, today).into_iter().map(|fault| fault.pointer).collect()
        };
        assert_eq!(pointers("", today), ["/question", "/due_on"]);
        assert_eq!(pointers("支障の有無", tomorrow), Vec::<String>::new());
    }

    #[test]
    fn an_opinion_matters_until_the_case_has_ended() {
        let open: Vec<_> =
            StateName::ALL.into_iter().filter(|state| matters(*state)).map(StateName::as_str).collect();
        assert_eq!(open, ["submitted", "under_review", "correction_requested", "inquiry", "in_approval"]);
    }
}
