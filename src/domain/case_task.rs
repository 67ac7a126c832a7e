//! Tasks of the office (処理課題): something that somebody has to look at because a day went by.
//!
//! A task decides nothing and moves no case: it stands on a list until what it is about is over, or until somebody
//! says why it needs no more.

/// Why a task was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// The day by which a correction or an answer was asked for went by without one.
    CorrectionMissed,
}

impl TaskKind {
    /// Every kind.
    pub const ALL: [Self; 1] = [Self::CorrectionMissed];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CorrectionMissed => "correction_missed",
        }
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
    /// Somebody of the office closed it and said why.
    Closed,
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Answered, Self::CaseEnded, Self::Closed];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::CaseEnded => "case_ended",
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
