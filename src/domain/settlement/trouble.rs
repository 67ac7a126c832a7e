//! When a report that cannot be had is a person's matter: a machine asks again by itself.

use crate::domain::payment::{OutcomeKind, TransportKind};

/// Whose matter a report is that was not had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// The machine's: it asks again.
    Machine,
    /// A person's, too: an exception is raised. The machine goes on asking.
    Person,
}

/// Attempts in a row after which an answer that cannot be read is no accident of the way.
const UNREADABLE_ATTEMPTS: i64 = 2;

/// Attempts in a row after which a gateway that does not answer is more than a moment's trouble.
const SILENT_ATTEMPTS: i64 = 4;

/// Whose matter it is, by what came of attempt number `attempt` (from 1). A refusal in the gateway's own words (a file that is
/// not to be had any more, a key that is not believed) does not heal by waiting.
pub fn report_concern(kind: OutcomeKind, attempt: i64) -> Concern {
    let patience = match kind {
        OutcomeKind::Done => return Concern::Machine,
        OutcomeKind::Declined | OutcomeKind::Rejected => 1,
        OutcomeKind::Unknown(TransportKind::Unreadable) => UNREADABLE_ATTEMPTS,
        OutcomeKind::NotSent | OutcomeKind::Unknown(_) => SILENT_ATTEMPTS,
    };
    if attempt >= patience { Concern::Person } else { Concern::Machine }
}

#[cfg(test)]
mod tests {
    use super::{Concern, report_concern};
    use crate::domain::payment::{OutcomeKind, TransportKind};

    #[test]
    fn f37_a_refusal_is_a_persons_matter_at_once_and_silence_after_a_while() {
        use OutcomeKind::{Declined, Done, NotSent, Rejected, Unknown};
        for (kind, first) in [
            (Rejected, 1),
            (Declined, 1),
            (Unknown(TransportKind::Unreadable), 2),
            (Unknown(TransportKind::Timeout), 4),
            (Unknown(TransportKind::ServerError), 4),
            (Unknown(TransportKind::Throttled), 4),
            (NotSent, 4),
        ] {
            let told = (1..10).find(|attempt| report_concern(kind, *attempt) == Concern::Person);
            assert_eq!(told, Some(first), "{kind:?}");
        }
        assert_eq!(report_concern(Done, 9), Concern::Machine);
    }
}
