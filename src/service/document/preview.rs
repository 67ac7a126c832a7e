//! Papers before the last seal: what the approver would put their seal to, set in type as it would leave the house.
//!
//! They are composed by the very functions that compose what is issued, from the text of the proposal and the letterhead of
//! this moment; only the number is left open, because it is drawn at the issue. They say that they are drafts and carry no proof.

use jiff::Timestamp;

use super::paper::{Letterhead, Paper};
use super::{papers, refused};
use crate::documents::{DocumentOrder, Template, page};
use crate::domain::approval::{ProposalBody, Subject};
use crate::domain::document_number;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::issued_document::DocumentKind;
use crate::service::approval::{self, Proposed};
use crate::service::{Ctx, Failure, Refusal, access, disposition, permit_order};
use crate::store::Reads;

/// Which paper of which proposal.
#[derive(Clone, Debug)]
pub struct PaperWanted {
    /// The body.
    pub tenant: TenantCode,
    /// The case.
    pub application: ApplicationId,
    /// What the proposal is about.
    pub subject: Subject,
    /// Which of the papers that it brings about.
    pub kind: DocumentKind,
}

/// A paper composed before its issue, with what identifies its content.
struct Draft {
    paper: Paper,
    content_sha256: String,
}

async fn compose(ctx: &Ctx, wanted: &PaperWanted) -> Result<Draft, Failure> {
    let (inner, asked) = (ctx.clone(), wanted.clone());
    let read = ctx.core.db.read(move |tx| {
        let proposed = approval::proposed(tx, &inner, (&asked.tenant, asked.application), asked.subject)?;
        let now = tx.now();
        let head = letterhead(&inner, &proposed, now)?;
        let Proposed { case, reader, body, issue } = proposed;
        let composed = papers(tx, &inner, &case.row, &case.key).compose_proposed(asked.kind, &body, head)?;
        let paper = composed.ok_or(Refusal::NotFound)?;
        Ok::<_, Failure>((reader, Draft { paper, content_sha256: issue.content_sha256 }))
    });
    let (reader, draft) = read.await?;
    access::record(ctx, &wanted.tenant, reader, "proposal", &[wanted.application]).await?;
    Ok(draft)
}

/// What would stand on the paper if the last seal were set now, or what is missing for it (T-4).
fn letterhead(ctx: &Ctx, proposed: &Proposed, now: Timestamp) -> Result<Letterhead, Failure> {
    let papers = match proposed.body {
        ProposalBody::PermitOrder(_) => permit_order::papers(ctx, &proposed.case, now)?,
        _ => disposition::papers(ctx, &proposed.case, document_number::DocumentKind::Answer, now)?,
    };
    Ok(Letterhead {
        number: papers.numbering.blank(),
        authority: papers.authority.ja,
        at: now,
        instruction: Some(papers.instruction),
        term: proposed.issue.term.map(|term| (term.from, Some(term.to))),
    })
}

/// The paper as PDF. Errors: those of any document (no font, characters without a font, too many at once), and not found where the
/// proposal is not on its route or brings no such paper about.
pub async fn make(ctx: Ctx, wanted: PaperWanted) -> Result<Vec<u8>, Failure> {
    let Draft { paper, content_sha256 } = compose(&ctx, &wanted).await?;
    let data = paper.printed_as_draft(&content_sha256);
    let template =
        Template::Installed { tenant: wanted.tenant, procedure: paper.procedure, kind: wanted.kind };
    let order = DocumentOrder { template, data, made_at: paper.made_at };
    ctx.core.documents.render(order).await.map_err(refused)
}

/// The paper as a page.
pub async fn make_page(ctx: Ctx, wanted: PaperWanted) -> Result<String, Failure> {
    let Draft { paper, content_sha256 } = compose(&ctx, &wanted).await?;
    page::of(&paper.printed_as_draft(&content_sha256)).map_err(refused)
}
