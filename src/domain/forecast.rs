//! The forecast for the applicant (審査の進行状況・処分の時期の見通し, 行政手続法9条1項, R-14): where a case stands in plain words,
//! what is awaited and from whom, and when a decision can be expected.
//!
//! Unknown stays unknown: while an answer or a payment is awaited nobody knows when the clock runs again, and a period that
//! was exceeded says nothing of the day of the decision. Then what would make it known is said instead.

use jiff::civil::Date;

use super::application::StateName;
use super::processing_clock::PauseReason;

/// Who can take the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whom {
    /// The applicant.
    Applicant,
    /// The department in charge.
    Office,
    /// Who decides.
    Approver,
    /// The office that the papers pass through (経由機関).
    TransitOffice,
}

impl Whom {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applicant => "applicant",
            Self::Office => "office",
            Self::Approver => "approver",
            Self::TransitOffice => "transit_office",
        }
    }
}

/// What is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// The draft to be handed in.
    HandIn,
    /// An officer to take the case up.
    TakeUp,
    /// The review.
    Review,
    /// The answer to a correction or an inquiry.
    Answer,
    /// The fee.
    Payment,
    /// Documents beyond those that the application needs (R-18(5)).
    ExtraDocuments,
    /// The content as the applicant wants it changed (R-18(4)).
    ApplicantChange,
    /// The papers, which are at the office they pass through (経由中).
    Transit,
    /// The seals of the approval route.
    Approval,
    /// What is left to do after the decision, such as handing the document over.
    Completion,
}

impl Awaited {
    /// Everything that can be awaited.
    pub const ALL: [Self; 10] = [
        Self::HandIn,
        Self::TakeUp,
        Self::Review,
        Self::Answer,
        Self::Payment,
        Self::ExtraDocuments,
        Self::ApplicantChange,
        Self::Transit,
        Self::Approval,
        Self::Completion,
    ];

    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HandIn => "hand_in",
            Self::TakeUp => "take_up",
            Self::Review => "review",
            Self::Answer => "answer",
            Self::Payment => "payment",
            Self::ExtraDocuments => "extra_documents",
            Self::ApplicantChange => "applicant_change",
            Self::Transit => "transit",
            Self::Approval => "approval",
            Self::Completion => "completion",
        }
    }

    /// From whom.
    pub fn whom(self) -> Whom {
        match self {
            Self::HandIn | Self::Answer | Self::Payment | Self::ExtraDocuments | Self::ApplicantChange => {
                Whom::Applicant
            }
            Self::Transit => Whom::TransitOffice,
            Self::TakeUp | Self::Review | Self::Completion => Whom::Office,
            Self::Approval => Whom::Approver,
        }
    }

    /// In plain words: Japanese, English.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::HandIn => ("申請者による提出", "you to hand the application in"),
            Self::TakeUp => ("担当者の決定", "an officer to take the case up"),
            Self::Review => ("担当課による審査", "the office to review the case"),
            Self::Answer => ("申請者による補正・回答", "your answer to what the office asked"),
            Self::Payment => ("手数料の納付", "the payment of the fee"),
            Self::ExtraDocuments => ("申請者による追加資料の提出", "further documents of yours"),
            Self::ApplicantChange => ("申請者による申請内容の変更", "the change that you want to make"),
            Self::Transit => ("経由機関からの書類の到着", "the office that the papers pass through"),
            Self::Approval => ("決裁", "those who decide to seal the proposal"),
            Self::Completion => ("通知・交付などの手続", "the office to complete what follows the decision"),
        }
    }
}

/// The state of a case in plain words: Japanese, English.
pub fn state_text(state: StateName) -> (&'static str, &'static str) {
    match state {
        StateName::Draft => {
            ("下書きです。まだ提出されていません。", "It is a draft and has not been handed in.")
        }
        StateName::Submitted => {
            ("到達しました。担当者が決まるのを待っています。", "It has arrived and waits for an officer.")
        }
        StateName::UnderReview => ("担当課で審査しています。", "The office is reviewing it."),
        StateName::CorrectionRequested => {
            ("補正をお願いしています。", "You have been asked to correct something.")
        }
        StateName::Inquiry => ("記載事項を確認しています。", "You have been asked about an entry."),
        StateName::InApproval => {
            ("審査を終え、決裁を受けています。", "The review is done; a decision is being sealed.")
        }
        StateName::Decided => ("処分が決まりました。", "A decision has been made."),
        StateName::Closed => ("完結しました。", "Everything is done."),
        StateName::Withdrawn => ("取り下げられました。", "It was withdrawn."),
        StateName::Transferred => {
            ("担当の行政庁に移送されました。", "It was sent to the authority in charge.")
        }
    }
}

/// What a pause says is awaited beyond what the state says; an answer and a fee follow from state and money.
fn awaited_in(pause: PauseReason) -> Option<Awaited> {
    match pause {
        PauseReason::ApplicantChange => Some(Awaited::ApplicantChange),
        PauseReason::ExtraDocuments => Some(Awaited::ExtraDocuments),
        PauseReason::InTransit => Some(Awaited::Transit),
        PauseReason::Correction | PauseReason::FeePayment => None,
    }
}

/// What is awaited in a state, the first step first; `owes` says whether a fee is owed, `pauses` why the clock stands still.
pub fn awaited(state: StateName, owes: bool, pauses: &[PauseReason]) -> Vec<Awaited> {
    let step = match state {
        StateName::Draft => return vec![Awaited::HandIn],
        StateName::Submitted => Awaited::TakeUp,
        StateName::UnderReview => Awaited::Review,
        StateName::CorrectionRequested | StateName::Inquiry => Awaited::Answer,
        StateName::InApproval => Awaited::Approval,
        StateName::Decided => Awaited::Completion,
        StateName::Closed | StateName::Withdrawn | StateName::Transferred => return Vec::new(),
    };
    let mut all = vec![step];
    if owes {
        // The applicant's own step is named first: it is what they can do.
        all.insert(usize::from(step == Awaited::Answer), Awaited::Payment);
    }
    // What stops the clock comes before what the office does meanwhile.
    let stopped: Vec<Awaited> = pauses.iter().filter_map(|pause| awaited_in(*pause)).collect();
    all.splice(0..0, stopped);
    all
}

/// What is known of when a decision comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// By this day, as the period and its pauses give it.
    By(Date),
    /// By this day, as the office said when it recorded why it takes longer (遅延理由, R-19).
    Delayed(Date),
    /// Not known while this is awaited: the clock stands still, and nobody knows when it runs again.
    Paused(Vec<PauseReason>),
    /// Not known: the period is over.
    Overdue,
    /// Not known: no period is set.
    NoPeriod,
    /// Not known: nothing has been handed in.
    NotArrived,
    /// Nothing is expected any more.
    Ended,
}

/// What the forecast follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastFacts {
    /// Where the case stands.
    pub state: StateName,
    /// Whether the procedure has a period.
    pub has_period: bool,
    /// The end of the period; nothing while the clock stands still or where there is none.
    pub due_on: Option<Date>,
    /// Why the clock stands still.
    pub open_pauses: Vec<PauseReason>,
    /// The day that the office named when it recorded a delay last.
    pub delayed_to: Option<Date>,
    /// Today.
    pub today: Date,
}

impl ForecastFacts {
    /// What can be said of the day of the decision.
    pub fn expectation(&self) -> Expectation {
        match self.state {
            StateName::Draft => return Expectation::NotArrived,
            StateName::Decided | StateName::Closed | StateName::Withdrawn | StateName::Transferred => {
                return Expectation::Ended;
            }
            _ => {}
        }
        if !self.open_pauses.is_empty() {
            return Expectation::Paused(self.open_pauses.clone());
        }
        let named = self.delayed_to.filter(|day| *day >= self.today);
        match (self.due_on, named) {
            // A pause may have moved the period beyond the day that was named.
            (Some(due), Some(named)) if named <= due => Expectation::By(due),
            (_, Some(named)) => Expectation::Delayed(named),
            (Some(due), None) if due >= self.today => Expectation::By(due),
            (Some(_), None) => Expectation::Overdue,
            (None, None) if self.has_period => Expectation::Overdue,
            (None, None) => Expectation::NoPeriod,
        }
    }
}

impl Expectation {
    /// The public name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::By(_) => "expected",
            Self::Delayed(_) => "delayed",
            Self::Paused(_) => "paused",
            Self::Overdue => "overdue",
            Self::NoPeriod => "no_period",
            Self::NotArrived => "not_arrived",
            Self::Ended => "ended",
        }
    }

    /// The day, where one can be named.
    pub fn expected_on(&self) -> Option<Date> {
        match self {
            Self::By(day) | Self::Delayed(day) => Some(*day),
            _ => None,
        }
    }

    /// In plain words: Japanese, English.
    pub fn text(&self) -> (String, String) {
        let both = |ja: &str, en: &str| (ja.to_owned(), en.to_owned());
        match self {
            Self::By(day) => (
                format!("{day}までに処分がされる見込みです。"),
                format!("A decision can be expected by {day}."),
            ),
            Self::Delayed(day) => (
                format!("標準処理期間を超えて時間を要しており、{day}までに処分がされる見込みです。"),
                format!("It takes longer than the standard period; a decision can be expected by {day}."),
            ),
            Self::Paused(reasons) => paused_text(reasons),
            Self::Overdue => both(
                "標準処理期間を過ぎています。処分の時期は分かりません。担当課が理由と見込みをお知らせします。",
                "The standard period is over and the day of the decision is not known. The office will say why and when.",
            ),
            Self::NoPeriod => both(
                "この手続には標準処理期間の定めがなく、処分の時期は分かりません。",
                "No standard period is set for this procedure, so the day of a decision is not known.",
            ),
            Self::NotArrived => {
                both("提出されると、見込みをお知らせできます。", "Once it is handed in, a day can be named.")
            }
            Self::Ended => both("これ以上の処分の予定はありません。", "No further decision is expected."),
        }
    }
}

fn paused_text(reasons: &[PauseReason]) -> (String, String) {
    let ends: Vec<(&str, &str)> = reasons.iter().map(|reason| ends(*reason)).collect();
    let ja: Vec<&str> = ends.iter().map(|(ja, _)| *ja).collect();
    let en: Vec<&str> = ends.iter().map(|(_, en)| *en).collect();
    (
        format!(
            "期間の進行が止まっているため、処分の時期は分かりません。{}と再び進みます。",
            ja.join("、かつ")
        ),
        format!(
            "The clock stands still, so the day of the decision is not known. It runs again once {}.",
            en.join(" and ")
        ),
    )
}

/// What ends a pause: Japanese, English.
fn ends(reason: PauseReason) -> (&'static str, &'static str) {
    match reason {
        PauseReason::Correction => ("補正・回答が提出される", "your answer has come"),
        PauseReason::FeePayment => ("手数料が納付される", "the fee has been paid"),
        PauseReason::ApplicantChange => ("内容の変更が終わる", "your change is complete"),
        PauseReason::ExtraDocuments => ("追加の資料が提出される", "the further documents have come"),
        PauseReason::InTransit => ("経由機関から届く", "it has come from the office of transit"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn facts() -> ForecastFacts {
        ForecastFacts {
            state: StateName::UnderReview,
            has_period: true,
            due_on: Some(date(2026, 4, 15)),
            open_pauses: Vec::new(),
            delayed_to: None,
            today: date(2026, 4, 10),
        }
    }

    #[test]
    fn r14_and_r18_what_stops_the_clock_is_awaited_first_and_an_ended_case_awaits_nothing() {
        use PauseReason::{ApplicantChange, Correction, ExtraDocuments, FeePayment, InTransit};
        let names = |state, owes, pauses: &[PauseReason]| {
            let all = awaited(state, owes, pauses).into_iter();
            all.map(|it| format!("{} {}", it.as_str(), it.whom().as_str())).collect::<Vec<_>>().join(", ")
        };
        for (state, owes, pauses, expected) in [
            (StateName::UnderReview, false, vec![ExtraDocuments], "extra_documents applicant, review office"),
            (
                StateName::UnderReview,
                true,
                vec![FeePayment, ApplicantChange],
                "applicant_change applicant, payment applicant, review office",
            ),
            (StateName::Submitted, false, vec![InTransit], "transit transit_office, take_up office"),
            (StateName::CorrectionRequested, false, vec![Correction], "answer applicant"),
            (StateName::Closed, false, vec![ExtraDocuments], ""),
        ] {
            assert_eq!(names(state, owes, &pauses), expected);
        }
    }

    #[test]
    fn r14_what_is_awaited_and_from_whom_follows_from_the_state() {
        let lines: Vec<String> = StateName::ALL
            .into_iter()
            .map(|state| {
                let of = |owes| -> Vec<String> {
                    let one = |it: Awaited| format!("{} {}", it.as_str(), it.whom().as_str());
                    awaited(state, owes, &[]).into_iter().map(one).collect()
                };
                format!("{}: {} | {}", state.as_str(), of(false).join(", "), of(true).join(", "))
            })
            .collect();
        assert_eq!(
            lines,
            [
                "draft: hand_in applicant | hand_in applicant",
                "submitted: take_up office | payment applicant, take_up office",
                "under_review: review office | payment applicant, review office",
                "correction_requested: answer applicant | answer applicant, payment applicant",
                "inquiry: answer applicant | answer applicant, payment applicant",
                "in_approval: approval approver | payment applicant, approval approver",
                "decided: completion office | payment applicant, completion office",
                "closed:  | ",
                "withdrawn:  | ",
                "transferred:  | ",
            ]
        );
    }

    #[test]
    fn r14_a_day_is_named_only_where_one_is_known() {
        let (due, later) = (date(2026, 4, 15), date(2026, 5, 8));
        let named = |change: fn(&mut ForecastFacts)| {
            let mut facts = facts();
            change(&mut facts);
            facts.expectation()
        };
        assert_eq!(named(|_| {}), Expectation::By(due));
        let paused = named(|facts| facts.open_pauses = vec![PauseReason::Correction]);
        assert_eq!(paused, Expectation::Paused(vec![PauseReason::Correction]));
        assert_eq!(paused.expected_on(), None);
        assert!(paused.text().1.ends_with("It runs again once your answer has come."), "{}", paused.text().1);
        assert_eq!(
            named(|facts| facts.today = date(2026, 4, 15)),
            Expectation::By(due),
            "the day itself is in time"
        );
        assert_eq!(named(|facts| facts.today = date(2026, 4, 16)), Expectation::Overdue);
        let recorded = named(|facts| {
            facts.today = date(2026, 4, 16);
            facts.delayed_to = Some(date(2026, 5, 8));
        });
        assert_eq!(recorded, Expectation::Delayed(later));
        let over = named(|facts| {
            facts.today = date(2026, 5, 9);
            facts.delayed_to = Some(date(2026, 5, 8));
        });
        assert_eq!(over, Expectation::Overdue, "the day that was named is over, too");
        assert_eq!(named(|facts| facts.delayed_to = Some(date(2026, 4, 13))), Expectation::By(due));
        let none = named(|facts| (facts.has_period, facts.due_on) = (false, None));
        assert_eq!(none, Expectation::NoPeriod);
        assert_eq!(named(|facts| facts.state = StateName::Draft), Expectation::NotArrived);
        assert_eq!(named(|facts| facts.state = StateName::Decided), Expectation::Ended);
    }

    #[test]
    fn every_word_is_there_in_both_languages() {
        for state in StateName::ALL {
            let (ja, en) = state_text(state);
            assert!(!ja.is_ascii() && en.is_ascii());
        }
        for one in Awaited::ALL {
            let (ja, en) = one.text();
            assert!(!ja.is_ascii() && en.is_ascii());
        }
    }

    proptest! {
        /// no day is ever named that is over, and none while the clock stands still.
        #[test]
        fn r14_no_forecast_names_a_day_that_is_over(
            state in prop::sample::select(StateName::ALL.to_vec()), due in prop::option::of(0_i64..60),
            delay in prop::option::of(0_i64..60), today in 0_i64..60, paused in any::<bool>(),
        ) {
            let day = |offset: i64| date(2026, 4, 1) + jiff::Span::new().days(offset);
            let open_pauses = if paused { vec![PauseReason::FeePayment] } else { Vec::new() };
            let facts = ForecastFacts {
                state, has_period: due.is_some(), due_on: due.map(day), open_pauses,
                delayed_to: delay.map(day), today: day(today),
            };
            let expectation = facts.expectation();
            if let Some(on) = expectation.expected_on() {
                prop_assert!(on >= facts.today);
                prop_assert!(!paused);
            }
            let (ja, en) = expectation.text();
            prop_assert!(!ja.is_empty() && en.is_ascii());
        }
    }
}
