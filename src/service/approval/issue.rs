//! What the last seal would issue today: what an approver looks at before sealing, and its hash.
//!
//! Text, authority, instruction, term and fee are computed by the very functions that the last seal uses, at the instant of the
//! look. A seal that names the hash of what was looked at is refused when anything of it is no longer so.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ApprovalRefusal, readiness};
use crate::domain::approval::{DecisionKind, DecisionProposal, ProposalBody};
use crate::domain::calendar::jst_day;
use crate::domain::disposition::Instruction;
use crate::domain::document_number::DocumentKind;
use crate::domain::fee::FeeAssessment;
use crate::domain::procedure::{Bilingual, FeeDue};
use crate::domain::validity::Term;
use crate::seal::sha256_hex;
use crate::service::cases::OpenCase;
use crate::service::disposition::Papers;
use crate::service::intake::pinned;
use crate::service::{Ctx, Failure, Refusal, billing, disposition, permit_order, validity};
use crate::store::invoices::InvoiceRow;
use crate::store::proposals::Routed;
use crate::store::sql::Micros;
use crate::store::{Reads, approval_acts, officers};

/// What would be issued.
#[derive(Clone, Debug)]
pub struct Issue {
    /// In whose name (処分庁) and with which instruction on appeals (教示); of a decision or an order, where both are known.
    pub papers: Option<(Bilingual, Instruction)>,
    /// How long what is granted would be valid, if it began today.
    pub term: Option<Term>,
    /// What is owed or was paid for the case.
    pub invoices: Vec<InvoiceRow>,
    /// What would be assessed with the issue.
    pub fee: Option<FeeAssessment>,
    /// The title of who sits at the last desk today.
    pub sealer_title: Option<String>,
    /// What the last seal would be refused for today; all of it.
    pub missing: Vec<Refusal>,
    /// SHA-256 of all that would be issued, in lower-case hexadecimal.
    pub content_sha256: String,
}

/// What the last seal on a proposal would issue at `now`.
pub(super) fn of(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    (routed, body): (&Routed, &ProposalBody),
    now: Timestamp,
) -> Result<Issue, Failure> {
    let mut issue = Issue {
        papers: None,
        term: None,
        invoices: billing::standing_invoices(tx, case)?,
        fee: None,
        sealer_title: sealer_title(tx, routed, now)?,
        missing: Vec::new(),
        content_sha256: String::new(),
    };
    match body {
        ProposalBody::Decision(text) => issue.look_at(tx, ctx, case, text, now)?,
        ProposalBody::PermitOrder(order) => {
            issue.known(permit_order::ordered_permit(tx, ctx, case, order, now))?;
            issue.print(permit_order::papers(ctx, case, now))?;
        }
        ProposalBody::Waiver(_)
        | ProposalBody::WaiverRevocation(_)
        | ProposalBody::WriteOff(_)
        | ProposalBody::Correction(_) => {}
    }
    issue.content_sha256 = issue.sha256(&routed.row.body_sha256, issue.term);
    Ok(issue)
}

/// Refuses another seal when one on this route, that still counts, saw something else that would be issued. Sending it back
/// voids those seals, so that everybody is asked about what is true now.
pub(super) fn refuse_other_matter(tx: &mut impl Reads, routed: &Routed, matter: &str) -> Result<(), Failure> {
    let seen = approval_acts::matters_seen(tx, &routed.row.tenant_id, routed.row.id)?;
    let counts = |step_no: i64, at: Micros| {
        let seals =
            routed.steps.iter().filter(|step| matches!(step.state.as_str(), "approved" | "dissented"));
        let mut seals = seals.filter(|step| step.step_no == step_no);
        seals.any(|step| step.acted_at == Some(at))
    };
    // What was sealed before this was kept says nothing.
    let other = |seen: &Option<String>| seen.as_deref().is_some_and(|seen| seen != matter);
    if seen.iter().any(|(step_no, at, seen)| counts(*step_no, *at) && other(seen)) {
        return Err(ApprovalRefusal::SealedOtherContent.into());
    }
    Ok(())
}

/// Who would set the last seal if it were set today.
fn sealer_title(tx: &mut impl Reads, routed: &Routed, now: Timestamp) -> Result<Option<String>, Failure> {
    let Some(last) = routed.steps.last() else { return Ok(None) };
    let holders = officers::holders(tx, &last.tenant_id, &last.role, &last.department, jst_day(now))?;
    Ok(holders.into_iter().next().map(|holder| holder.title))
}

impl Issue {
    fn look_at(
        &mut self,
        tx: &mut impl Reads,
        ctx: &Ctx,
        case: &OpenCase,
        text: &DecisionProposal,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let procedure = pinned(ctx, &case.row)?;
        self.missing = readiness::missing(tx, ctx, case, text.decision, now)?;
        self.print(disposition::papers(ctx, case, DocumentKind::Answer, now))?;
        if !DecisionKind::grants(text.decision) {
            return Ok(());
        }
        let term = validity::of_grant(tx, ctx, case, now);
        self.term = self.known(term)?.flatten();
        if procedure.definition.fee_due == FeeDue::OnIssue {
            let priced_by = billing::priced_by(ctx, case, &procedure, now);
            let fee = billing::assess_case(tx, case, (&procedure, &priced_by), None, now);
            self.fee = self.known(fee)?;
        }
        Ok(())
    }

    /// Takes over what would be printed beside the text.
    fn print(&mut self, papers: Result<Papers, Failure>) -> Result<(), Failure> {
        let papers = self.known(papers)?;
        self.papers = papers.map(|papers| (papers.authority, papers.instruction));
        Ok(())
    }

    /// What could be found out; a refusal is kept among what is missing.
    fn known<T>(&mut self, found: Result<T, Failure>) -> Result<Option<T>, Failure> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(Failure::Refused(refusal)) => {
                self.missing.push(refusal);
                Ok(None)
            }
            Err(broken) => Err(broken),
        }
    }

    /// SHA-256 of what would be issued, the same from day to day while nothing of it changes: a term that begins with the day of issue
    /// is taken as if that were the day of the arrival.
    pub(super) fn matter_sha256(
        &self,
        tx: &mut impl Reads,
        ctx: &Ctx,
        case: &OpenCase,
        body_sha256: &str,
    ) -> Result<String, Failure> {
        let (term, arrived_at) = (self.term, case.row.arrived_at);
        let fixed =
            term.zip(arrived_at).map(|(_, at)| validity::of_grant(tx, ctx, case, at.0)).transpose()?;
        Ok(self.sha256(body_sha256, fixed.flatten()))
    }

    /// The hash of all that would be issued, in one form: the order of its members is fixed here.
    fn sha256(&self, body_sha256: &str, term: Option<Term>) -> String {
        sha256_hex(self.content(body_sha256, term).to_string().as_bytes())
    }

    fn content(&self, body_sha256: &str, term: Option<Term>) -> Value {
        let papers = self.papers.as_ref();
        let owed = |row: &InvoiceRow| json!([row.id, row.owed().amount()]);
        let lines = self.fee.iter().flat_map(|fee| &fee.lines);
        let lines: Vec<_> = lines.map(|line| json!([line.item, line.basis, line.amount.amount()])).collect();
        json!([
            body_sha256,
            papers.map(|(authority, _)| [&authority.ja, &authority.en]),
            papers.map(|(_, instruction)| json!(instruction)),
            term.map(|term| [term.from.to_string(), term.to.to_string()]),
            self.invoices.iter().map(owed).collect::<Vec<_>>(),
            lines,
        ])
    }
}
