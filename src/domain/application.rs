//! The case (申請・届出) as a state machine: data lives in the state, a wrong step is a typed refusal.
//!
//! An application (申請) goes `draft → submitted → under_review ⇄ correction_requested → in_approval → decided → closed`.
//! A notification (届出) is complete on arrival and goes `submitted → under_review ⇄ inquiry → closed`; no refusal
//! exists for it (R-1, R-2, R-196). Only the applicant withdraws (R-195). Money is another machine: nothing here pays.

use jiff::Timestamp;
use jiff::civil::Date;

use super::id::{CorrectionId, OfficerId, ProposalId};
use super::procedure::ProcedureKind;

/// The names of the states, as stored and as the public contract says them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateName {
    /// 下書き: the applicant's own; no case yet.
    Draft,
    /// 提出（到達）: arrived.
    Submitted,
    /// 審査中: claimed by an officer.
    UnderReview,
    /// 補正待ち.
    CorrectionRequested,
    /// 照会中 (notifications only).
    Inquiry,
    /// 決裁中.
    InApproval,
    /// 処分済.
    Decided,
    /// 完結.
    Closed,
    /// 取下げ.
    Withdrawn,
    /// 移送.
    Transferred,
}

impl StateName {
    /// All names, for tables and tests.
    pub const ALL: [Self; 10] = [
        Self::Draft,
        Self::Submitted,
        Self::UnderReview,
        Self::CorrectionRequested,
        Self::Inquiry,
        Self::InApproval,
        Self::Decided,
        Self::Closed,
        Self::Withdrawn,
        Self::Transferred,
    ];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::UnderReview => "under_review",
            Self::CorrectionRequested => "correction_requested",
            Self::Inquiry => "inquiry",
            Self::InApproval => "in_approval",
            Self::Decided => "decided",
            Self::Closed => "closed",
            Self::Withdrawn => "withdrawn",
            Self::Transferred => "transferred",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

/// What is fixed once a case has arrived (R-4: the arrival instant never moves).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The number the applicant is told (受付番号).
    pub number: String,
    /// 到達日時.
    pub arrived_at: Timestamp,
    /// The day the standard processing period ends, where one is set; an overrun decides nothing by itself (R-19).
    pub due_on: Option<Date>,
}

/// A case in one of its states, with the data that state has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseState {
    /// Not yet handed in.
    Draft,
    /// Arrived, nobody has taken it up.
    Submitted(Filed),
    /// An officer works on it.
    UnderReview {
        /// The arrival.
        filed: Filed,
        /// Who works on it.
        assignee: OfficerId,
    },
    /// The applicant was asked to correct exact fields (R-10).
    CorrectionRequested {
        /// The arrival.
        filed: Filed,
        /// Who asked.
        assignee: OfficerId,
        /// The request.
        correction: CorrectionId,
    },
    /// The notifier was asked about the entries; the arrival stands (R-2).
    Inquiry {
        /// The arrival.
        filed: Filed,
        /// Who asked.
        assignee: OfficerId,
        /// The question.
        inquiry: CorrectionId,
    },
    /// A proposal is on its approval route.
    InApproval {
        /// The arrival.
        filed: Filed,
        /// The drafter of the proposal.
        assignee: OfficerId,
        /// The proposal.
        proposal: ProposalId,
    },
    /// The disposition is made.
    Decided(Filed),
    /// Everything is done.
    Closed(Filed),
    /// Taken back by the applicant.
    Withdrawn(Filed),
    /// Sent to the authority in charge (R-198).
    Transferred(Filed),
}

/// A step somebody wants to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Hand in (提出).
    Submit(Filed),
    /// Take a waiting case up.
    Claim(OfficerId),
    /// Give a case back to the queue.
    Release,
    /// Hand a case to a colleague.
    Assign(OfficerId),
    /// Ask for a correction of an application, or about the entries of a notification.
    Ask(CorrectionId),
    /// Answer what was asked.
    Answer,
    /// Wait no longer for an answer, or take a mistaken question back, by the office (R-11).
    EndQuestion,
    /// Put a proposal on its approval route (起案).
    Propose(ProposalId),
    /// The route came back without a decision (差戻し, 引戻し).
    ReturnToReview,
    /// The last seal is set: the disposition is made (決裁).
    Decide,
    /// Close: a decided application, or a checked notification (収受).
    Close,
    /// Take back, by the applicant only (取下げ).
    Withdraw,
    /// Hand over to another department of the body: its queue has it then (移送).
    TransferWithin,
    /// Send on to the body that is in charge (移送, R-198).
    Transfer,
}

impl Command {
    /// The name used in refusals.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Submit(_) => "submit",
            Self::Claim(_) => "claim",
            Self::Release => "release",
            Self::Assign(_) => "assign",
            Self::Ask(_) => "ask",
            Self::Answer => "answer",
            Self::EndQuestion => "end_question",
            Self::Propose(_) => "propose",
            Self::ReturnToReview => "return_to_review",
            Self::Decide => "decide",
            Self::Close => "close",
            Self::Withdraw => "withdraw",
            Self::TransferWithin => "transfer_within",
            Self::Transfer => "transfer",
        }
    }
}

/// A step that the law or the state of the case does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The case is in a state that does not know this step.
    #[error("{command} is not possible while the case is {state:?}")]
    WrongState {
        /// What was asked.
        command: &'static str,
        /// Where the case stands.
        state: StateName,
    },
    /// The step does not exist for this legal kind (R-2: nobody decides a notification).
    #[error("{command} does not exist for a notification")]
    NotForNotifications {
        /// What was asked.
        command: &'static str,
    },
    /// Another officer has the case.
    #[error("the case is already claimed")]
    AlreadyClaimed {
        /// Who has it.
        by: OfficerId,
    },
}

impl CaseState {
    /// The name of the state.
    pub fn name(&self) -> StateName {
        match self {
            Self::Draft => StateName::Draft,
            Self::Submitted(_) => StateName::Submitted,
            Self::UnderReview { .. } => StateName::UnderReview,
            Self::CorrectionRequested { .. } => StateName::CorrectionRequested,
            Self::Inquiry { .. } => StateName::Inquiry,
            Self::InApproval { .. } => StateName::InApproval,
            Self::Decided(_) => StateName::Decided,
            Self::Closed(_) => StateName::Closed,
            Self::Withdrawn(_) => StateName::Withdrawn,
            Self::Transferred(_) => StateName::Transferred,
        }
    }

    /// What was fixed at the arrival; nothing for a draft.
    pub fn filed(&self) -> Option<&Filed> {
        match self {
            Self::Draft => None,
            Self::Submitted(filed)
            | Self::Decided(filed)
            | Self::Closed(filed)
            | Self::Withdrawn(filed)
            | Self::Transferred(filed)
            | Self::UnderReview { filed, .. }
            | Self::CorrectionRequested { filed, .. }
            | Self::Inquiry { filed, .. }
            | Self::InApproval { filed, .. } => Some(filed),
        }
    }

    /// Who works on the case now.
    pub fn assignee(&self) -> Option<OfficerId> {
        match self {
            Self::UnderReview { assignee, .. }
            | Self::CorrectionRequested { assignee, .. }
            | Self::Inquiry { assignee, .. }
            | Self::InApproval { assignee, .. } => Some(*assignee),
            _ => None,
        }
    }

    /// Takes one step, or says why it cannot be taken. The case is unchanged by a refusal.
    pub fn apply(self, kind: ProcedureKind, command: Command) -> Result<Self, Rejection> {
        use CaseState as S;
        use Command as C;
        if kind == ProcedureKind::Notification && matches!(command, C::Propose(_) | C::Decide) {
            return Err(Rejection::NotForNotifications { command: command.name() });
        }
        let name = command.name();
        Ok(match (self, command) {
            (S::Draft, C::Submit(filed)) => S::Submitted(filed),
            (S::Submitted(filed), C::Claim(assignee) | C::Assign(assignee)) => {
                S::UnderReview { filed, assignee }
            }
            (S::UnderReview { assignee, .. }, C::Claim(_)) => {
                return Err(Rejection::AlreadyClaimed { by: assignee });
            }
            (S::UnderReview { filed, .. }, C::Assign(assignee)) => S::UnderReview { filed, assignee },
            // Who waits for the applicant can fall ill, too: the request stays, somebody else takes its answer.
            (S::CorrectionRequested { filed, correction, .. }, C::Assign(assignee)) => {
                S::CorrectionRequested { filed, assignee, correction }
            }
            (S::Inquiry { filed, inquiry, .. }, C::Assign(assignee)) => {
                S::Inquiry { filed, assignee, inquiry }
            }
            (S::UnderReview { filed, .. }, C::Release) => S::Submitted(filed),
            (S::UnderReview { filed, assignee }, C::Ask(id)) => match kind {
                ProcedureKind::Application => S::CorrectionRequested { filed, assignee, correction: id },
                ProcedureKind::Notification => S::Inquiry { filed, assignee, inquiry: id },
            },
            (
                S::CorrectionRequested { filed, assignee, .. } | S::Inquiry { filed, assignee, .. },
                C::Answer | C::EndQuestion,
            ) => S::UnderReview { filed, assignee },
            (S::UnderReview { filed, assignee }, C::Propose(proposal)) => {
                S::InApproval { filed, assignee, proposal }
            }
            (S::InApproval { filed, assignee, .. }, C::ReturnToReview) => S::UnderReview { filed, assignee },
            (S::InApproval { filed, .. }, C::Decide) => S::Decided(filed),
            (S::Decided(filed), C::Close) => S::Closed(filed),
            (S::UnderReview { filed, .. }, C::Close) if kind == ProcedureKind::Notification => {
                S::Closed(filed)
            }
            (
                S::Submitted(filed)
                | S::UnderReview { filed, .. }
                | S::CorrectionRequested { filed, .. }
                | S::Inquiry { filed, .. }
                | S::InApproval { filed, .. },
                C::Withdraw,
            ) => S::Withdrawn(filed),
            (S::Submitted(filed) | S::UnderReview { filed, .. }, C::TransferWithin) => S::Submitted(filed),
            // What is on its approval route is recalled first: a decision half made belongs to whoever makes it.
            (
                S::Submitted(filed)
                | S::UnderReview { filed, .. }
                | S::CorrectionRequested { filed, .. }
                | S::Inquiry { filed, .. },
                C::Transfer,
            ) => S::Transferred(filed),
            (state, _) => return Err(Rejection::WrongState { command: name, state: state.name() }),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const CLERK: OfficerId = OfficerId(Uuid::from_u128(1));
    const OTHER: OfficerId = OfficerId(Uuid::from_u128(2));

    fn filed() -> Filed {
        Filed { number: "20260918-X".to_owned(), arrived_at: Timestamp::UNIX_EPOCH, due_on: None }
    }

    fn states() -> [CaseState; 10] {
        let (correction, proposal) = (CorrectionId(Uuid::nil()), ProposalId(Uuid::nil()));
        [
            CaseState::Draft,
            CaseState::Submitted(filed()),
            CaseState::UnderReview { filed: filed(), assignee: CLERK },
            CaseState::CorrectionRequested { filed: filed(), assignee: CLERK, correction },
            CaseState::Inquiry { filed: filed(), assignee: CLERK, inquiry: correction },
            CaseState::InApproval { filed: filed(), assignee: CLERK, proposal },
            CaseState::Decided(filed()),
            CaseState::Closed(filed()),
            CaseState::Withdrawn(filed()),
            CaseState::Transferred(filed()),
        ]
    }

    fn commands() -> [Command; 14] {
        [
            Command::Submit(filed()),
            Command::Claim(OTHER),
            Command::Release,
            Command::Assign(OTHER),
            Command::Ask(CorrectionId(Uuid::nil())),
            Command::Answer,
            Command::EndQuestion,
            Command::Propose(ProposalId(Uuid::nil())),
            Command::ReturnToReview,
            Command::Decide,
            Command::Close,
            Command::Withdraw,
            Command::TransferWithin,
            Command::Transfer,
        ]
    }

    /// One row a state that some step leaves; what is not in the table is refused.
    fn table(kind: ProcedureKind) -> Vec<String> {
        let steps = |state: &CaseState| -> Vec<String> {
            let step = |command: Command| {
                let name = command.name();
                state.clone().apply(kind, command).ok().map(|next| format!("{name}>{}", next.name().as_str()))
            };
            commands().into_iter().filter_map(step).collect()
        };
        let rows = states().into_iter().map(|state| (state.name().as_str(), steps(&state)));
        rows.filter(|(_, steps)| !steps.is_empty())
            .map(|(name, steps)| format!("{name}: {}", steps.join(" ")))
            .collect()
    }

    /// R-3: no step and no state stands for a refused acceptance. What has arrived can be reviewed at once; a defect is corrected
    /// or decided about, and only the applicant takes the case back.
    #[test]
    fn r3_r195_an_application_takes_exactly_these_steps() {
        insta::assert_snapshot!(table(ProcedureKind::Application).join("\n"), @r"
        draft: submit>submitted
        submitted: claim>under_review assign>under_review withdraw>withdrawn transfer_within>submitted transfer>transferred
        under_review: release>submitted assign>under_review ask>correction_requested propose>in_approval withdraw>withdrawn transfer_within>submitted transfer>transferred
        correction_requested: assign>correction_requested answer>under_review end_question>under_review withdraw>withdrawn transfer>transferred
        inquiry: assign>inquiry answer>under_review end_question>under_review withdraw>withdrawn transfer>transferred
        in_approval: return_to_review>under_review decide>decided withdraw>withdrawn
        decided: close>closed
        ");
    }

    /// R-1: an application is owed an answer and gets one by a decision; a notification is owed none and is checked off.
    #[test]
    fn r1_an_application_ends_with_an_answer_and_a_notification_without_one() {
        let answers =
            |kind| table(kind).iter().any(|row| row.contains("decide>") || row.contains("propose>"));
        let reviewed = CaseState::UnderReview { filed: filed(), assignee: CLERK };
        let checked_off = |kind| reviewed.clone().apply(kind, Command::Close).map(|next| next.name());
        assert!(answers(ProcedureKind::Application));
        assert!(checked_off(ProcedureKind::Application).is_err(), "no application is put away unanswered");
        assert!(!answers(ProcedureKind::Notification));
        assert_eq!(checked_off(ProcedureKind::Notification), Ok(StateName::Closed));
    }

    #[test]
    fn r2_r196_a_notification_is_never_proposed_decided_or_refused() {
        insta::assert_snapshot!(table(ProcedureKind::Notification).join("\n"), @r"
        draft: submit>submitted
        submitted: claim>under_review assign>under_review withdraw>withdrawn transfer_within>submitted transfer>transferred
        under_review: release>submitted assign>under_review ask>inquiry close>closed withdraw>withdrawn transfer_within>submitted transfer>transferred
        correction_requested: assign>correction_requested answer>under_review end_question>under_review withdraw>withdrawn transfer>transferred
        inquiry: assign>inquiry answer>under_review end_question>under_review withdraw>withdrawn transfer>transferred
        in_approval: return_to_review>under_review withdraw>withdrawn
        decided: close>closed
        ");
        let refused = CaseState::Submitted(filed()).apply(ProcedureKind::Notification, Command::Decide);
        assert_eq!(refused, Err(Rejection::NotForNotifications { command: "decide" }));
    }

    #[test]
    fn a_claimed_case_names_its_holder_to_the_second_claimant() {
        let claimed = CaseState::UnderReview { filed: filed(), assignee: CLERK };
        let refused = claimed.apply(ProcedureKind::Application, Command::Claim(OTHER));
        assert_eq!(refused, Err(Rejection::AlreadyClaimed { by: CLERK }));
    }

    proptest! {
        /// R-4, R-10: whatever happens to a case, in any order, its arrival never moves, and an end is an end.
        #[test]
        fn r4_no_walk_moves_the_arrival_or_leaves_an_end(
            walk in prop::collection::vec(0_usize..14, 0..40),
            notification in any::<bool>(),
        ) {
            let kind = if notification { ProcedureKind::Notification } else { ProcedureKind::Application };
            let mut state = CaseState::Draft;
            for step in walk {
                let before = state.clone();
                let Ok(next) = state.clone().apply(kind, commands()[step].clone()) else { continue };
                if let Some(arrived) = before.filed() {
                    prop_assert_eq!(Some(arrived), next.filed());
                }
                let ended = matches!(before.name(), StateName::Closed | StateName::Withdrawn | StateName::Transferred);
                prop_assert!(!ended);
                if notification {
                    let never = [StateName::CorrectionRequested, StateName::InApproval, StateName::Decided];
                    prop_assert!(!never.contains(&next.name()));
                }
                state = next;
            }
        }
    }
}
