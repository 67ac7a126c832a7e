//! Decisions (処分) as they are read, and the steps that wait for an officer's seal.

use super::cases::OpenCase;
use super::decision_correction::{self, VersionText};
use super::notice::{self, Given};
use super::payment_refusal::PaymentRefusal;
use super::{
    Ctx, Failure, Refusal, access, approval, billing, cases, fee_at_issue, intake, invoice_money, officer,
    validity,
};
use crate::domain::approval::DecisionProposal;
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, InvoiceId, NoticeId, OfficerId, ProposalId, TenantCode};
use crate::domain::invoice::{PaymentGate, issue_gate};
use crate::domain::policy::Action;
use crate::domain::procedure::Bilingual;
use crate::domain::validity::Term;
use crate::store::decisions::{self, DecisionRow};
use crate::store::dispositions::{self, DispositionRow};
use crate::store::invoices::InvoiceRow;
use crate::store::waiting_steps::{self, WaitingStep};
use crate::store::{Reads, officers};

/// Whether the fee holds back what was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeStanding {
    /// Nothing is owed.
    NothingOwed,
    /// The document is handed over once the fee is paid or entrusted.
    PaymentAwaited,
    /// The fee is paid or entrusted.
    Covered,
}

impl FeeStanding {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NothingOwed => "nothing_owed",
            Self::PaymentAwaited => "payment_awaited",
            Self::Covered => "covered",
        }
    }
}

/// A decision in clear.
#[derive(Clone, Debug)]
pub struct DecisionText {
    /// The stored row.
    pub row: DecisionRow,
    /// What it says today.
    pub body: DecisionProposal,
    /// 1 as it was issued, more after corrections.
    pub version: i64,
    /// SHA-256 of that text as it is stored.
    pub body_sha256: String,
    /// Whether the fee holds back what was granted.
    pub fee: FeeStanding,
    /// The invoice of its fee, if there is one.
    pub invoice: Option<InvoiceId>,
    /// What was issued with it; decisions made before there were numbers have none.
    pub disposition: Option<DispositionRow>,
    /// How long what it grants is valid.
    pub term: Option<Term>,
}

/// The decision of a case, for its parties and the department; not found before there is one.
pub async fn find(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<DecisionText, Failure> {
    let (reader, waiting, decision) = read(&ctx, &tenant, id).await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "decision", &[id]).await?;
        return Ok(decision);
    }
    if waiting.is_empty() {
        return Ok(decision);
    }
    notice::retrieved(&ctx, &tenant, id, reader, waiting).await?;
    // What is owed for it may have been claimed with the retrieval. What was issued in between is read with it.
    let (_, waiting, decision) = read(&ctx, &tenant, id).await?;
    notice::retrieved(&ctx, &tenant, id, reader, waiting).await?;
    Ok(decision)
}

/// Who reads, which notices are retrieved with it, and the decision.
type Read = (Option<OfficerId>, Vec<NoticeId>, DecisionText);

async fn read(ctx: &Ctx, tenant: &TenantCode, id: ApplicationId) -> Result<Read, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    ctx.core
        .db
        .read(move |tx| {
            let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
            let waiting = notice::waiting(tx, &body, id, Given::Decision)?;
            let row = decisions::of_case(tx, &body, id)?.ok_or(Refusal::NotFound)?;
            let disposition = dispositions::of_case(tx, &body, id)?;
            let VersionText { version, text: body, body_sha256, .. } =
                decision_correction::current(tx, &case.key, &row)?;
            let invoices = billing::standing_invoices(tx, &case)?;
            let fee = fee_standing(tx, &inner, &case, (&body, &invoices))?;
            let invoice = billing::fee_invoice(tx, &case)?.map(|invoice| invoice.id);
            let term = match &disposition {
                Some(issued) => issued_term(issued),
                None if body.decision.grants() => validity::of_grant(tx, &inner, &case, row.decided_at.0)?,
                None => None,
            };
            let decision = DecisionText { row, body, version, body_sha256, fee, invoice, disposition, term };
            Ok::<_, Failure>((access::reader(&case.actor), waiting, decision))
        })
        .await
}

fn issued_term(issued: &DispositionRow) -> Option<Term> {
    Some(Term { from: issued.valid_from?.0, to: issued.valid_to?.0 })
}

/// A refusal hands nothing over, so nothing is held back.
fn fee_standing(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    (body, invoices): (&DecisionProposal, &[InvoiceRow]),
) -> Result<FeeStanding, Failure> {
    if !body.decision.grants() {
        return Ok(FeeStanding::NothingOwed);
    }
    if invoices.is_empty() {
        return match fee_at_issue::awaited(tx, ctx, case) {
            Ok(Some(_)) => Ok(FeeStanding::PaymentAwaited),
            // A decision is read even where this program no longer reads its version.
            Ok(None) | Err(Failure::Refused(_)) => Ok(FeeStanding::NothingOwed),
            Err(broken) => Err(broken),
        };
    }
    let states = invoice_money::as_gated(tx, invoices)?;
    let due = intake::pinned(ctx, &case.row)?.definition.fee_due;
    Ok(match issue_gate(due, &states) {
        PaymentGate::Open => FeeStanding::Covered,
        PaymentGate::ClosedUnpaid => FeeStanding::PaymentAwaited,
    })
}

/// Refuses to hand over what was granted while what is owed for it is neither paid nor entrusted: the gate before the handing
/// over, whatever held back the decision.
pub(super) fn refuse_unpaid_handover(tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase) -> Result<(), Failure> {
    if fee_at_issue::awaited(tx, ctx, case)?.is_some() {
        return Err(PaymentRefusal::HandoverAwaitsFee.into());
    }
    let invoices = billing::standing_invoices(tx, case)?;
    let states = invoice_money::as_gated(tx, &invoices)?;
    match issue_gate(intake::pinned(ctx, &case.row)?.definition.fee_due, &states) {
        PaymentGate::Open => Ok(()),
        PaymentGate::ClosedUnpaid => Err(PaymentRefusal::HandoverAwaitsFee.into()),
    }
}

/// A step that waits for the caller.
#[derive(Clone, Debug)]
pub struct WaitingForMe {
    /// The step with its case.
    pub step: WaitingStep,
    /// Name of the procedure.
    pub title: Bilingual,
    /// The absent officer in whose place the caller may act (代決); none where it is the caller's own desk.
    pub acting_for: Option<OfficerId>,
    /// Whether the step is past its deadline.
    pub overdue: bool,
}

/// The most steps of one page.
const PAGE: usize = 50;

/// What waits for the caller's seal, over all bodies served today, oldest first; with where the next page begins. What the
/// caller may seal in the place of somebody absent today is among it.
pub async fn waiting_for_me(
    ctx: Ctx,
    after: Option<ProposalId>,
) -> Result<(Vec<WaitingForMe>, Option<ProposalId>), Failure> {
    let account = ctx.account()?;
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let today = jst_day(tx.now());
        let mut bodies: Vec<_> = officers::posts_of_account(tx, account, today)?;
        bodies.dedup_by(|one, other| one.0 == other.0);
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX).saturating_add(1);
        let mut steps = Vec::new();
        // Nobody serves more than a few bodies.
        for (tenant, _) in bodies {
            let Some(me) = officer::authority(tx, &tenant, account, today)? else { continue };
            let own = waiting_steps::waiting_for(tx, &tenant, &[me.officer], &me.posts, after, limit)?;
            steps.extend(own.into_iter().map(|step| (step, None)));
            for (absent, posts) in approval::covered_by(tx, &tenant, &me, today)? {
                let barred = [me.officer, absent];
                let theirs = waiting_steps::waiting_for(tx, &tenant, &barred, &posts, after, limit)?;
                steps.extend(theirs.into_iter().map(|step| (step, Some(absent))));
            }
        }
        // The sort keeps the order of equals: the own desk goes before that of somebody absent.
        steps.sort_by_key(|(step, _)| step.proposal);
        steps.dedup_by_key(|(step, _)| step.proposal);
        let more = steps.len() > PAGE;
        steps.truncate(PAGE);
        let next = steps.last().filter(|_| more).map(|(step, _)| step.proposal);
        let titled = steps.into_iter().map(|(step, acting_for)| {
            let title = procedure_title(&ctx, &step.tenant, &step.procedure, step.procedure_version);
            let overdue = step.step_due_on.is_some_and(|last| last.0 < today);
            WaitingForMe { step, title, acting_for, overdue }
        });
        Ok((titled.collect(), next))
    })
    .await
}

/// The name of a version of a procedure; its slug where the catalogue has it no more.
pub(super) fn procedure_title(ctx: &Ctx, tenant: &TenantCode, slug: &str, version: i64) -> Bilingual {
    let version = u32::try_from(version).unwrap_or(0);
    let found = ctx.catalogue.procedure_version(tenant, slug, version);
    let slug = || Bilingual { ja: slug.to_owned(), en: slug.to_owned() };
    found.map_or_else(slug, |procedure| procedure.definition.title.clone())
}
