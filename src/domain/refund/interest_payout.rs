//! The way of the interest to the payee: only ever by bank transfer, whichever way the refund itself takes.
//!
//! Invariants: it is paid once; a refund that came to nothing takes its interest with it unless that has left, or is in a
//! file that the bank has: then the bank's word decides.

/// Where the interest of a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InterestState {
    /// It waits for a transfer file.
    Due,
    /// It is in a file that was handed to the bank.
    Sent,
    /// The bank paid it.
    Paid,
    /// Its refund came to nothing before it left: what was booked is booked back.
    Undone,
}

impl InterestState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Due, Self::Sent, Self::Paid, Self::Undone];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sent => "sent",
            Self::Paid => "paid",
            Self::Undone => "undone",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the ledger owes it or has paid it.
    pub fn is_decided(self) -> bool {
        self != Self::Undone
    }

    /// Whether somebody still has to do something for it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Due | Self::Sent)
    }
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterestStep {
    /// It goes into a transfer file.
    Send,
    /// The bank paid it.
    Confirm,
    /// The bank could not pay it (組戻し).
    Return {
        /// Its refund.
        refund: RefundFate,
    },
    /// Its refund came to nothing.
    End,
}

/// Whether the refund that bore the interest still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundFate {
    /// It does.
    Stands,
    /// It came to nothing.
    Failed,
}

/// What follows from a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterestEffect {
    /// Nothing beyond the state.
    Nothing,
    /// It left: book it.
    Pay,
    /// What was booked for it is booked back.
    Undo,
}

impl InterestState {
    /// Takes a step; none where it does not exist in this state.
    pub fn apply(self, step: InterestStep) -> Option<(Self, InterestEffect)> {
        match (self, step) {
            (Self::Due, InterestStep::Send) => Some((Self::Sent, InterestEffect::Nothing)),
            (Self::Sent, InterestStep::Confirm) => Some((Self::Paid, InterestEffect::Pay)),
            (Self::Sent, InterestStep::Return { refund: RefundFate::Stands }) => {
                Some((Self::Due, InterestEffect::Nothing))
            }
            (Self::Sent, InterestStep::Return { refund: RefundFate::Failed })
            | (Self::Due, InterestStep::End) => Some((Self::Undone, InterestEffect::Undo)),
            // The bank has it, or has paid it: nothing calls it back.
            (state, InterestStep::End) => Some((state, InterestEffect::Nothing)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r96_the_table_of_interest_is_exactly_this() {
        use InterestState as S;
        let steps = [
            ("send", InterestStep::Send),
            ("confirm", InterestStep::Confirm),
            ("return", InterestStep::Return { refund: RefundFate::Stands }),
            ("return of a failed refund", InterestStep::Return { refund: RefundFate::Failed }),
            ("end", InterestStep::End),
        ];
        let mut table = Vec::new();
        for state in S::ALL {
            for (name, step) in steps {
                if let Some((next, effect)) = state.apply(step) {
                    table.push(format!("{} + {name} = {} {effect:?}", state.as_str(), next.as_str()));
                }
            }
        }
        assert_eq!(
            table,
            [
                "due + send = sent Nothing",
                "due + end = undone Undo",
                "sent + confirm = paid Pay",
                "sent + return = due Nothing",
                "sent + return of a failed refund = undone Undo",
                "sent + end = sent Nothing",
                "paid + end = paid Nothing",
                "undone + end = undone Nothing",
            ]
        );
    }

    #[test]
    fn every_name_of_a_state_of_interest_reads_back() {
        for state in InterestState::ALL {
            assert_eq!(InterestState::parse(state.as_str()), Some(state));
        }
        assert_eq!(InterestState::parse("owed"), None);
    }
}
