//! What a party has not been told yet: its electronic notice waits to be retrieved, and no other door tells it before.
//!
//! A notice that goes by letter hides nothing: reading here is no arrival of a letter. That a notice waits, its addressee sees in
//! the list of notices.

use serde_json::Value;

use super::Failure;
use crate::domain::id::{ApplicationId, DecisionId, TenantCode};
use crate::domain::notice::About;
use crate::store::Reads;
use crate::store::events::EventRow;
use crate::store::notices::{self, NoticeRow};

/// The notices of some cases that wait to be retrieved.
#[derive(Clone, Debug, Default)]
pub(super) struct Untold {
    waiting: Vec<(About, NoticeRow)>,
}

/// How much of an event a party is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// All that is shown of such events.
    All,
    /// That it happened, when, and by whom.
    WithoutFacts,
    /// Not even that: its name says it already.
    Nothing,
}

impl Untold {
    /// What waits in these cases of one body, in one statement.
    pub(super) fn of_cases(
        tx: &mut impl Reads,
        tenant: &TenantCode,
        cases: &[ApplicationId],
    ) -> Result<Self, Failure> {
        let rows = notices::available_of_cases(tx, tenant, cases)?;
        let with_subject = |row: NoticeRow| Ok((row.gives_notice_of()?, row));
        Ok(Self { waiting: rows.into_iter().map(with_subject).collect::<Result<_, Failure>>()? })
    }

    /// Whether it has not been told what was decided in a case.
    pub(super) fn hides_decision_of(&self, case: ApplicationId) -> bool {
        self.waiting.iter().any(|(about, row)| *about == About::Decision && row.application_id == case)
    }

    /// The orders about permits that have not been told.
    pub(super) fn orders(&self) -> impl Iterator<Item = DecisionId> {
        self.waiting.iter().filter_map(|(_, row)| row.permit_order_id)
    }

    /// How much of an event of one of the cases is told.
    pub(super) fn telling(&self, event: &EventRow) -> Telling {
        let facts = || serde_json::from_str::<Value>(&event.facts).unwrap_or_default();
        match event.kind.as_str() {
            "decided" if self.hides_decision_of(event.application_id) => Telling::WithoutFacts,
            // A contract is offered with a grant only.
            kind if kind.starts_with("contract_") && self.hides_decision_of(event.application_id) => {
                Telling::Nothing
            }
            "decision_corrected" => {
                let version = facts().get("version").and_then(Value::as_i64);
                let waits = self.waiting.iter().any(|(about, row)| {
                    *about == About::Correction && version.is_some() && row.decision_version == version
                });
                if waits { Telling::WithoutFacts } else { Telling::All }
            }
            "permit_revoked" | "permit_suspended" | "permit_resumed" => {
                let order =
                    facts().get("order").and_then(Value::as_str).and_then(|id| id.parse::<DecisionId>().ok());
                let waits = order.is_some_and(|order| self.orders().any(|waiting| waiting == order));
                if waits { Telling::Nothing } else { Telling::All }
            }
            _ => Telling::All,
        }
    }
}
