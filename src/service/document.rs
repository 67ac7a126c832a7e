//! Documents for people to keep: the copy of an application, the decision, as PDF with a proof anybody can check.
//!
//! What a document prints is read in one transaction from what is stored; its digest stands in a signed token, printed as a
//! QR code. The check composes the same document again and compares digests, so a paper says of itself whether it is ours
//! and whether it still says what stands. Setting the type happens after the transaction, on a thread of its own.

mod paper;

use jiff::Timestamp;
use serde_json::Value;

use self::paper::Paper;
use super::{Ctx, Failure, Refusal, access, cases, notice};
use crate::documents::{DocumentOrder, RenderFault, templates};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::issued_document::{DocumentClaims, DocumentKind, DocumentStatus};
use crate::domain::policy::Action;
use crate::seal::signer::{SignatureCheck, check_with_jwks};
use crate::store::{applications, decisions};

/// A document that was made.
#[derive(Clone, Debug)]
pub struct MadeDocument {
    /// Its bytes; the same for the same document.
    pub pdf: Vec<u8>,
    /// The token that stands in its QR code.
    pub token: String,
}

/// A document there is of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentLine {
    /// Which.
    pub kind: DocumentKind,
    /// The instant it bears.
    pub made_at: Timestamp,
}

/// Which documents there are of a case, for its parties and the department.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<DocumentLine>, Failure> {
    let inner = ctx.clone();
    ctx.core
        .db
        .read(move |tx| {
            let case = cases::open(tx, &inner, &tenant, id, Action::ReadCase)?;
            let copy = case.row.arrived_at.map(|at| (DocumentKind::ApplicationCopy, at.0));
            let decided =
                decisions::of_case(tx, &tenant, id)?.map(|row| (DocumentKind::Decision, row.decided_at.0));
            let found = copy.into_iter().chain(decided);
            Ok(found.map(|(kind, made_at)| DocumentLine { kind, made_at }).collect())
        })
        .await
}

/// A document before its type is set.
#[derive(Clone, Debug)]
pub struct PreparedDocument {
    /// Everything it prints, as its template gets it.
    pub data: Value,
    /// The token that stands in its QR code.
    pub token: String,
    /// The instant it bears.
    made_at: Timestamp,
    /// The procedure, which may have a template of its own.
    procedure: String,
}

/// Reads what a document of a case prints, for its parties and the department; not found before there is one.
pub async fn prepare(
    ctx: &Ctx,
    tenant: TenantCode,
    id: ApplicationId,
    kind: DocumentKind,
) -> Result<PreparedDocument, Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &of, id, Action::ReadCase)?;
        let reader = access::reader(&case.actor);
        let paper = paper::compose(tx, &inner, &case.row, &case.key, kind)?.ok_or(Refusal::NotFound)?;
        Ok::<_, Failure>((reader, paper))
    });
    let (reader, paper) = read.await?;
    if let Some(officer) = reader {
        access::record(ctx, &tenant, officer, "document", &[id]).await?;
    }
    let token = token(ctx, &tenant, id, kind, &paper);
    let data = paper.printed(&format!("{}/v1/verify/{token}", ctx.core.settings.http.public_url));
    Ok(PreparedDocument { data, token, made_at: paper.made_at, procedure: paper.procedure })
}

/// Makes a document of a case, as [`prepare`] reads it. Errors: no font (503), characters that no font has (422), too many
/// at once (503).
pub async fn make(
    ctx: Ctx,
    tenant: TenantCode,
    id: ApplicationId,
    kind: DocumentKind,
) -> Result<MadeDocument, Failure> {
    let PreparedDocument { data, token, made_at, procedure } =
        prepare(&ctx, tenant.clone(), id, kind).await?;
    let folder = &ctx.core.settings.documents.templates_directory;
    let order = DocumentOrder { template: templates::find(folder, &tenant, &procedure, kind), data, made_at };
    let pdf = ctx.core.documents.render(order).await.map_err(refused)?;
    if kind == DocumentKind::Decision {
        notice::retrieved(&ctx, &tenant, id, None).await?;
    }
    Ok(MadeDocument { pdf, token })
}

fn token(ctx: &Ctx, tenant: &TenantCode, id: ApplicationId, kind: DocumentKind, paper: &Paper) -> String {
    let claims = DocumentClaims {
        tenant: tenant.clone(),
        kind,
        application: id.0,
        issued_on: jst_day(paper.made_at),
        digest: paper.digest(),
    };
    let signature = ctx.core.keys.documents().sign(claims.statement().as_bytes());
    claims.token(&signature)
}

fn refused(fault: RenderFault) -> Failure {
    match fault {
        RenderFault::FontMissing => Refusal::FontMissing.into(),
        RenderFault::CharactersMissing(characters) => Refusal::CharactersNotPrintable { characters }.into(),
        RenderFault::Busy => Refusal::Busy { retry_after_s: 1 }.into(),
        RenderFault::Template(fault) => Failure::Internal(format!("a document's template: {fault}")),
    }
}

/// A document that is ours.
#[derive(Clone, Debug)]
pub struct VerifiedDocument {
    /// What its token says.
    pub claims: DocumentClaims,
    /// The number of its case.
    pub number: String,
    /// What it is worth today.
    pub status: DocumentStatus,
}

/// Checks by public keys (a JWK set) alone that a token was signed by one of them; what it is worth today is not known then.
pub fn verify_offline(keys: &Value, token: &str) -> Result<DocumentClaims, Failure> {
    let not_ours = || Failure::Refused(Refusal::DocumentNotAuthentic);
    let (claims, signature) = DocumentClaims::parse(token).map_err(|_| not_ours())?;
    match check_with_jwks(keys, claims.statement().as_bytes(), &signature) {
        SignatureCheck::Valid => Ok(claims),
        SignatureCheck::Invalid => Err(not_ours()),
    }
}

/// Checks a document by its token: ours, and what it is worth today. Anybody may; what it prints is not told. A token that
/// this installation did not sign is refused.
pub async fn verify(ctx: Ctx, token: &str) -> Result<VerifiedDocument, Failure> {
    let not_ours = || Failure::Refused(Refusal::DocumentNotAuthentic);
    let (claims, signature) = DocumentClaims::parse(token).map_err(|_| not_ours())?;
    if ctx.core.keys.documents().check(claims.statement().as_bytes(), &signature) == SignatureCheck::Invalid {
        return Err(not_ours());
    }
    let (inner, asked) = (ctx.clone(), claims.clone());
    let read = ctx.core.db.read(move |tx| {
        let id = ApplicationId(asked.application);
        let row = applications::find(tx, &asked.tenant, id)?;
        let Some(row) = row else { return Err(Refusal::DocumentNotAuthentic.into()) };
        let key = inner.core.keys.open_case_key(&row.tenant_id, &row.wrapped_key)?;
        let today = paper::compose(tx, &inner, &row, &key, asked.kind)?;
        let status = today
            .map_or(DocumentStatus::Superseded, |paper| DocumentStatus::of(asked.digest, paper.digest()));
        Ok::<_, Failure>((row.number.unwrap_or_default(), status))
    });
    let (number, status) = read.await?;
    Ok(VerifiedDocument { claims, number, status })
}
