//! Documents for people to keep: the copy of an application, requests, notices to pay, receipts, decisions, permits and
//! orders, as PDF or as a page to print, with a proof that anybody can check.
//!
//! What a document prints is read in one transaction from what is stored; its digest stands in a signed token, printed as a
//! QR code. The check composes the same document again and compares digests, so a paper says of itself whether it is ours
//! and whether it still says what stands. Setting the type happens after the transaction, on a thread of its own.

pub mod offline;
mod paper;
pub mod preview;
pub mod signature;
pub mod template_check;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::paper::{Paper, Papers};
use self::signature::FoundSignature;
use super::cases::OpenCase;
use super::notice::{self, Given};
use super::untold::Untold;
use super::{Ctx, Failure, Refusal, access, cases, decision, intake, originals};
use crate::documents::{DocumentOrder, RenderFault, Template, page};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, DecisionId, NoticeId, TenantCode};
use crate::domain::issued_document::{
    DocumentAudience, DocumentClaims, DocumentKind, DocumentName, DocumentStatus,
};
use crate::domain::policy::{Action, Actor};
use crate::domain::procedure::IssuanceChannel;
use crate::seal::DataKey;
use crate::seal::signer::{SignatureCheck, check_with_jwks};
use crate::store::Reads;
use crate::store::applications::{self, ApplicationRow};

/// What a browser may do with a page to print: show it.
pub use crate::documents::page::CONTENT_SECURITY_POLICY as PAGE_POLICY;

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
    pub name: DocumentName,
    /// The instant it bears.
    pub made_at: Timestamp,
}

/// Which documents there are of a case, oldest first, as far as the caller may read them.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<DocumentLine>, Failure> {
    let inner = ctx.clone();
    ctx.core
        .db
        .read(move |tx| {
            let case = cases::open(tx, &inner, &tenant, id, Action::ReadCase)?;
            let sees_money = sees_money(tx, &inner, &tenant, id)?;
            let untold = match case.actor {
                Actor::Officer(_) => Untold::default(),
                Actor::Person(_) | Actor::Anonymous => Untold::of_cases(tx, &tenant, &[id])?,
            };
            let mut lines = Vec::new();
            for kind in DocumentKind::ALL {
                let hidden = kind.audience() == DocumentAudience::OfMoney && !sees_money;
                // That there is a permit says what was decided.
                if hidden || (kind == DocumentKind::Permit && untold.hides_decision_of(id)) {
                    continue;
                }
                for (name, made_at) in papers(tx, &inner, &case.row, &case.key).of_kind(kind)? {
                    if refuse_electronic(tx, &inner, &case, name).is_ok() {
                        lines.push(DocumentLine { name, made_at });
                    }
                }
            }
            lines.sort_by_key(|line| line.made_at);
            Ok(lines)
        })
        .await
}

fn sees_money(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<bool, Failure> {
    match cases::open(tx, ctx, tenant, id, Action::ReadMoney) {
        Ok(_) => Ok(true),
        Err(Failure::Refused(_)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// where the law wants the permit on paper, or a signature that is not there, the parties get it on paper; staff print
/// it. The permit itself they get once its fee is paid or entrusted, and what is exchanged for it was seen.
fn refuse_electronic(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    name: DocumentName,
) -> Result<(), Failure> {
    if matches!(case.actor, Actor::Officer(_)) {
        return Ok(());
    }
    let issuance =
        intake::pinned(ctx, &case.row)?.definition.issuance.as_ref().map(|issuance| issuance.channel);
    if name.kind() == DocumentKind::Permit {
        if issuance == Some(IssuanceChannel::PaperOnly) {
            return Err(Refusal::IssuedOnPaperOnly.into());
        }
        decision::refuse_unpaid_handover(tx, ctx, case)?;
        originals::refuse_unexchanged(tx, ctx, case)?;
    }
    signature::refuse_unsigned(tx, ctx, case, name)
}

fn papers<'a, T: Reads>(
    tx: &'a mut T,
    ctx: &'a Ctx,
    case: &'a ApplicationRow,
    key: &'a DataKey,
) -> Papers<'a, T> {
    Papers { tx, ctx, case, key }
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
    /// The notices that arrive with it where a party gets it.
    notices: Vec<NoticeId>,
}

/// Reads what a document of a case prints, for those it is for; not found before there is one.
pub async fn prepare(
    ctx: &Ctx,
    tenant: TenantCode,
    id: ApplicationId,
    name: DocumentName,
) -> Result<PreparedDocument, Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let action = match name.kind().audience() {
            DocumentAudience::OfCase => Action::ReadCase,
            DocumentAudience::OfMoney => Action::ReadMoney,
        };
        let case = cases::open(tx, &inner, &of, id, action)?;
        let composed = composed(tx, &inner, &case, name)?;
        let notices = match &composed {
            Ok(_) => told_by(tx, &case, name)?,
            Err(_) => told_by_refusal(tx, &inner, &case, name)?,
        };
        Ok::<_, Failure>((access::reader(&case.actor), notices, composed))
    });
    let (reader, notices, composed) = read.await?;
    let paper = match composed {
        Ok(paper) => paper,
        Err(refusal) => {
            notice::retrieved(ctx, &tenant, id, reader, notices).await?;
            return Err(refusal.into());
        }
    };
    if let Some(officer) = reader {
        access::record(ctx, &tenant, officer, "document", &[id]).await?;
    }
    let token = token(ctx, &tenant, id, name, &paper);
    let data = paper.printed(&format!("{}/v1/verify/{token}", ctx.core.settings.http.public_url));
    Ok(PreparedDocument { data, token, made_at: paper.made_at, procedure: paper.procedure, notices })
}

/// What a document prints, or why it is not given.
fn composed(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    name: DocumentName,
) -> Result<Result<Paper, Refusal>, Failure> {
    let Some(paper) = papers(tx, ctx, &case.row, &case.key).compose(name)? else {
        return Ok(Err(Refusal::NotFound));
    };
    match refuse_electronic(tx, ctx, case, name) {
        Ok(()) => Ok(Ok(paper)),
        Err(Failure::Refused(refusal)) => Ok(Err(refusal)),
        Err(broken) => Err(broken),
    }
}

/// The notices that are retrieved with a document.
fn told_by(tx: &mut impl Reads, case: &OpenCase, name: DocumentName) -> Result<Vec<NoticeId>, Failure> {
    let Some(given) = given(name) else { return Ok(Vec::new()) };
    notice::waiting(tx, &case.row.tenant_id, case.row.id, given)
}

/// The notices of which a party is told where a permit, or its signature, is not given: where what is granted lasts, whether there
/// is a permit says what was decided as well as the paper does.
fn told_by_refusal(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    name: DocumentName,
) -> Result<Vec<NoticeId>, Failure> {
    let lasts = intake::pinned(ctx, &case.row).is_ok_and(|procedure| procedure.definition.validity.is_some());
    if name.kind() == DocumentKind::Permit && lasts {
        notice::waiting(tx, &case.row.tenant_id, case.row.id, Given::Outcome)
    } else {
        Ok(Vec::new())
    }
}

/// Makes a document of a case as PDF. Errors: no font (503), characters that no font has (422), too many at once (503).
pub async fn make(
    ctx: Ctx,
    tenant: TenantCode,
    id: ApplicationId,
    name: DocumentName,
) -> Result<MadeDocument, Failure> {
    let PreparedDocument { data, token, made_at, procedure, notices } =
        prepare(&ctx, tenant.clone(), id, name).await?;
    let template = Template::Installed { tenant: tenant.clone(), procedure, kind: name.kind() };
    let order = DocumentOrder { template, data, made_at };
    let pdf = ctx.core.documents.render(order).await.map_err(refused)?;
    // A party that was given what was decided has it.
    notice::retrieved(&ctx, &tenant, id, None, notices).await?;
    Ok(MadeDocument { pdf, token })
}

/// Makes a document of a case as a page that a browser prints: the same words and the same proof, without a font of the
/// server.
pub async fn make_page(
    ctx: Ctx,
    tenant: TenantCode,
    id: ApplicationId,
    name: DocumentName,
) -> Result<String, Failure> {
    let prepared = prepare(&ctx, tenant.clone(), id, name).await?;
    let page = page::of(&prepared.data).map_err(refused)?;
    notice::retrieved(&ctx, &tenant, id, None, prepared.notices).await?;
    Ok(page)
}

/// Which notices are retrieved with a document.
fn given(name: DocumentName) -> Option<Given> {
    match (name.kind(), name.subject()) {
        // The permit says number, term and conditions of what was decided.
        (DocumentKind::Decision | DocumentKind::Permit, _) => Some(Given::Decision),
        (DocumentKind::PermitOrder, Some(order)) => Some(Given::Order(DecisionId(order))),
        _ => None,
    }
}

fn token(ctx: &Ctx, tenant: &TenantCode, id: ApplicationId, name: DocumentName, paper: &Paper) -> String {
    let claims = DocumentClaims {
        tenant: tenant.clone(),
        name,
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
    /// The signature of office over it, where it bears one.
    pub signature: Option<FoundSignature>,
}

/// Checks by public keys (a JWK set) alone that a token was signed by one of them; what it is worth today is not known then.
pub fn verify_offline(keys: &Value, token: &str) -> Result<DocumentClaims, Failure> {
    let not_ours = || Failure::Refused(Refusal::DocumentNotAuthentic);
    let (claims, signature) = DocumentClaims::parse(token).map_err(|_| not_ours())?;
    // A key of office signs papers, never their proofs.
    let all = keys.get("keys").and_then(Value::as_array);
    let own: Vec<&Value> = all.into_iter().flatten().filter(|key| key.get("office").is_none()).collect();
    match check_with_jwks(&json!({ "keys": own }), claims.statement().as_bytes(), &signature) {
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
        let status = worth(tx, &inner, &row, &asked)?;
        let signature = signature::over(tx, &inner, &asked)?;
        Ok::<_, Failure>((row.number.unwrap_or_default(), status, signature))
    });
    let (number, status, signature) = read.await?;
    Ok(VerifiedDocument { claims, number, status, signature })
}

/// What a paper of ours about a case is worth today.
fn worth(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &ApplicationRow,
    claims: &DocumentClaims,
) -> Result<DocumentStatus, Failure> {
    // A paper outlives the records of its case: it stays ours when they are gone.
    let Some(key) = ctx.core.keys.open_kept_case_key(&case.tenant_id, &case.wrapped_key)? else {
        return Ok(DocumentStatus::RecordsGone);
    };
    let today = papers(tx, ctx, case, &key).compose(claims.name)?;
    Ok(today.map_or(DocumentStatus::Superseded, |paper| {
        DocumentStatus::of(claims.digest, paper.digest(), paper.standing)
    }))
}
