//! Requests for the opinion of another office of the same body (意見照会・合議).
//!
//! The office that is asked may read the case while the request is open, answers once, and decides nothing. An open request
//! pauses no clock: that another office is asked is the body's own affair. Nothing is proposed over its head: whoever does
//! not wait for the answer says why.

use jiff::civil::Date;

use super::application::StateName;
use super::fault::Fault;
use super::message::text_faults;
use super::procedure::Bilingual;

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

/// What stands against proposing a decision while the answers of `awaited` offices have not come: nothing once `reason` says why it is
/// decided without them. A reason where nothing is awaited is a fault too: what came in the meantime is read first.
pub fn unheard_faults(awaited: &[Bilingual], reason: Option<&str>) -> Vec<Fault> {
    let fault = |code, ja: String, en: String| vec![Fault::new("/without_opinion", code, ja, en)];
    match (awaited, reason) {
        ([], None) | ([_, ..], Some(_)) => Vec::new(),
        ([], Some(_)) => {
            let ja = "回答を待っている照会はありません。回答をご確認の上、理由を外して起案してください。";
            let en = "No opinion is awaited. Please read what was answered, and leave the reason out.";
            fault("nothing_awaited", ja.to_owned(), en.to_owned())
        }
        ([_, ..], None) => {
            let names = |name: fn(&Bilingual) -> &str, between: &str| {
                awaited.iter().map(name).collect::<Vec<_>>().join(between)
            };
            let (ja, en) = (names(|name| &name.ja, "、"), names(|name| &name.en, ", "));
            let ja = format!(
                "{ja}への意見照会に回答がありません。回答を待つか、照会を取り消すか、回答を待たずに処分する理由を示してください。"
            );
            let en = format!(
                "The opinion of {en} is still awaited. Wait for it, take the request back, or say why it is decided without it."
            );
            fault("opinion_awaited", ja, en)
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// nothing is proposed over the head of an office that was asked, unless the drafter says why.
    #[test]
    fn r116_who_does_not_wait_for_an_opinion_says_why() {
        let office = Bilingual { ja: "道路課".to_owned(), en: "Road Division".to_owned() };
        let found = |awaited: &[Bilingual], reason| -> Vec<&'static str> {
            let faults = unheard_faults(awaited, reason);
            assert!(faults.iter().all(|fault| fault.pointer == "/without_opinion"));
            faults.iter().map(|fault| fault.code).collect()
        };
        assert_eq!(found(&[], None), Vec::<&str>::new());
        assert_eq!(found(&[], Some("急施")), ["nothing_awaited"]);
        assert_eq!(found(std::slice::from_ref(&office), None), ["opinion_awaited"]);
        assert_eq!(found(std::slice::from_ref(&office), Some("急施")), Vec::<&str>::new());
        let said = &unheard_faults(&[office.clone(), office], None)[0];
        assert!(said.message_ja.starts_with("道路課、道路課への"), "{}", said.message_ja);
        assert!(said.message_en.contains("Road Division, Road Division is"), "{}", said.message_en);
    }

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
