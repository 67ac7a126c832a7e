//! Tasks of the office (処理課題): something that somebody has to look at because a day went by, or because
//! something is missing.
//!
//! A task decides nothing and moves no case: it stands on a list until what it is about is over, or until somebody
//! says why it needs no more.

/// Why a task was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// The day by which a correction or an answer was asked for went by without one.
    CorrectionMissed,
    /// A refund by bank transfer was decided, and nobody said to which account.
    PayeeMissing,
    /// Somebody without an account is to be told something by letter.
    LetterToSend,
    /// The other side of a contract has signed: the office confirms the signature, and signs.
    ContractToConclude,
}

impl TaskKind {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::CorrectionMissed, Self::PayeeMissing, Self::LetterToSend, Self::ContractToConclude];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CorrectionMissed => "correction_missed",
            Self::PayeeMissing => "payee_missing",
            Self::LetterToSend => "letter_to_send",
            Self::ContractToConclude => "contract_to_conclude",
        }
    }

    /// Whether it is over once the case is: money that goes back is owed after that too, and what a letter tells is to be told.
    pub fn ends_with_its_case(self) -> bool {
        match self {
            Self::CorrectionMissed | Self::ContractToConclude => true,
            Self::PayeeMissing | Self::LetterToSend => false,
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskState {
    /// It waits for somebody.
    Open,
    /// What was awaited came after all.
    Answered,
    /// The case ended.
    CaseEnded,
    /// What it was about came to nothing.
    NotNeeded,
    /// Somebody of the office closed it and said why.
    Closed,
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Open, Self::Answered, Self::CaseEnded, Self::NotNeeded, Self::Closed];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::CaseEnded => "case_ended",
            Self::NotNeeded => "not_needed",
            Self::Closed => "closed",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Ends an open task so; a task that has ended stays as it ended.
    pub fn end(self, so: Self) -> Option<Self> {
        (self == Self::Open && so != Self::Open).then_some(so)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_is_concluded_while_its_case_is_there() {
        assert!(TaskKind::ContractToConclude.ends_with_its_case());
    }

    #[test]
    fn money_that_goes_back_is_asked_about_after_the_case_too() {
        for kind in TaskKind::ALL {
            assert_eq!(TaskKind::parse(kind.as_str()), Some(kind));
        }
        assert!(!TaskKind::LetterToSend.ends_with_its_case());
        assert!(
            TaskKind::CorrectionMissed.ends_with_its_case() && !TaskKind::PayeeMissing.ends_with_its_case()
        );
    }

    #[test]
    fn a_task_ends_once_and_never_opens_again() {
        for state in TaskState::ALL {
            assert_eq!(TaskState::parse(state.as_str()), Some(state));
            for so in TaskState::ALL {
                let ended = state.end(so);
                assert_eq!(
                    ended.is_some(),
                    state == TaskState::Open && so != TaskState::Open,
                    "{state:?} {so:?}"
                );
                assert!(ended.is_none_or(|ended| ended == so));
            }
        }
    }
}
