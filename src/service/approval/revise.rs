//! Another text while the proposal is on its route (変更起案): it takes the place of the one before, whose seals are void and
//! stay on record; everybody is asked again.

use serde_json::json;

use super::acting::Desk;
use super::draft::{Draft, put_on_route};
use super::readiness::refuse_unready;
use super::{Standing, open_body, refuse, standing};
use crate::domain::application::Command;
use crate::domain::approval::{DecisionKind, DecisionProposal, ProposalBody};
use crate::domain::calendar::jst_day;
use crate::domain::disposition::Reason;
use crate::domain::fault::Fault;
use crate::domain::id::ProposalId;
use crate::domain::opinion::unheard_faults;
use crate::service::intake::refuse_faults;
use crate::service::{Failure, Refusal, opinion};
use crate::store::Tx;
use crate::store::proposals;

/// What of a proposed decision is to be said in another way; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextChange {
    /// What is decided.
    pub decision: Option<DecisionKind>,
    /// Why.
    pub reasons: Option<Vec<Reason>>,
    /// Under which conditions.
    pub conditions: Option<Vec<String>>,
    /// Why it is decided before an opinion that was asked for has come.
    pub without_opinion: Option<String>,
}

impl TextChange {
    /// The whole text after the change.
    fn apply(&self, before: &DecisionProposal) -> DecisionProposal {
        DecisionProposal {
            decision: self.decision.unwrap_or(before.decision),
            reasons: self.reasons.clone().unwrap_or_else(|| before.reasons.clone()),
            conditions: self.conditions.clone().unwrap_or_else(|| before.conditions.clone()),
            without_opinion: self.without_opinion.clone().or_else(|| before.without_opinion.clone()),
        }
    }
}

impl Desk<'_> {
    /// Puts another text in the place of the present one: a new version with a route of its own, from its first desk.
    pub(super) fn revise(mut self, tx: &mut Tx<'_>, change: &TextChange) -> Result<Standing, Failure> {
        let before = self.routed.proposal()?;
        let weight = before.weight;
        let replaced = before.supersede(self.me.officer).map_err(|no| refuse(&self.case, no))?;
        let ProposalBody::Decision(old) = open_body(&self.case, &self.routed.row)? else {
            return Err(Refusal::WrongState { state: self.case.state.name() }.into());
        };
        let mut text = change.apply(&old);
        if text == old {
            let (ja, en) = ("現在の案と内容が同じです。", "This says what is on its route already.");
            return Err(Refusal::Invalid(vec![Fault::new("", "nothing_changed", ja, en)]).into());
        }
        // What was waited for may have come since the draft: then nothing is left to give a reason for.
        let awaited = opinion::awaited_names(tx, self.ctx, &self.case, jst_day(self.now))?;
        if awaited.is_empty() && change.without_opinion.is_none() {
            text.without_opinion = None;
        }
        let mut faults = text.faults();
        faults.extend(unheard_faults(&awaited, text.without_opinion.as_deref()));
        refuse_faults(faults)?;
        refuse_unready(tx, self.ctx, &self.case, text.decision, self.now)?;
        let void = self.sealed_from(1);
        self.take_over(&replaced)?;

        // From here on everything changes rows; every refusal stands above.
        let id = ProposalId(tx.new_id());
        proposals::update(tx, &mut self.routed)?;
        self.void(tx, &void)?;
        let facts = json!({ "proposal": self.routed.row.id, "subject": self.routed.row.subject, "by": id,
            "body_sha256": self.routed.row.body_sha256, "void": void });
        self.case.record(tx, "superseded", facts, None)?;
        self.case.step(Command::ReturnToReview)?;
        self.case.step(Command::Propose(id))?;
        let draft = Draft { body: ProposalBody::Decision(text), weight };
        let (ctx, now) = (self.ctx, self.now);
        let routed = put_on_route(tx, ctx, &mut self.case, id, &draft, now)?;
        self.case.save(tx)?;
        standing(tx, ctx, self.case, routed)
    }
}
