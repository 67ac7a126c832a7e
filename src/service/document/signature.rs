//! Signatures of office (職責証明書による電子署名, R-40): where the law wants a signature of what is decided, the authority signs what
//! decision, permit and order print in the transaction that issues it, with the key it has on that day.
//!
//! Invariants: a version of a document is signed once, when it is issued, and never later: without a key in force on that day
//! it goes by paper, and a key that comes afterwards does not turn it into an electronic one.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{papers, told_by, told_by_refusal};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, DecisionId, SignedSubjectId, TenantCode};
use crate::domain::issued_document::{DocumentClaims, DocumentKind, DocumentName};
use crate::domain::merge_patch::merge_patch;
use crate::domain::office_key::{OfficeKey, OfficeSignature, SignedDocument, key_of};
use crate::domain::policy::Action;
use crate::domain::procedure::IssuanceChannel;
use crate::seal::signer::SignatureCheck;
use crate::service::cases::{self, OpenCase};
use crate::service::disposition_refusal::DispositionRefusal;
use crate::service::{Ctx, Failure, access, intake, notice};
use crate::store::document_signatures::{self, DocumentSignatureRow};
use crate::store::permit_orders::PermitOrderRow;
use crate::store::sql::Micros;
use crate::store::{Reads, Tx, decision_versions, decisions, permits};

/// The name of the algorithm, as JOSE has it (RFC 8037).
const ALGORITHM: &str = "Ed25519";

/// What must be signed of a case to be handed over electronically: where the rule of its version wants it, the decision and every
/// order about the permit; the permit itself where it may be electronic at all.
fn is_required(ctx: &Ctx, case: &OpenCase, kind: DocumentKind) -> Result<bool, Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    let definition = &procedure.definition;
    let paper_only = || {
        definition.issuance.as_ref().is_some_and(|issuance| issuance.channel == IssuanceChannel::PaperOnly)
    };
    let is_wanted = definition.required_signature().is_some();
    Ok(match kind {
        DocumentKind::Decision | DocumentKind::PermitOrder => is_wanted,
        DocumentKind::Permit => is_wanted && !paper_only(),
        DocumentKind::ApplicationCopy
        | DocumentKind::CorrectionRequest
        | DocumentKind::PaymentNotice
        | DocumentKind::Demand
        | DocumentKind::Receipt => false,
    })
}

fn office_key(ctx: &Ctx, tenant: &TenantCode, authority: &str, at: Timestamp) -> Option<OfficeKey> {
    let body = ctx.catalogue.tenant(tenant)?;
    key_of(&body.definition.office_keys, authority, jst_day(at)).cloned()
}

/// Whether a document that `authority` issues now would lack the signature that it needs: then its notice goes by paper.
pub fn would_lack(
    ctx: &Ctx,
    case: &OpenCase,
    kind: DocumentKind,
    authority: &str,
    now: Timestamp,
) -> Result<bool, Failure> {
    Ok(is_required(ctx, case, kind)? && office_key(ctx, &case.row.tenant_id, authority, now).is_none())
}

/// A document that was issued a moment ago.
struct Issued<'a> {
    kind: DocumentKind,
    subject: Uuid,
    version: i64,
    authority: &'a str,
}

/// Signs a version of a decision that was issued a moment ago in this transaction, and the permit that it gives; gives what its
/// event says of it. Nothing where no signature is wanted, or the authority has no key on that day.
pub fn sign_decision(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    (decision, version): (DecisionId, i64),
    now: Timestamp,
) -> Result<Value, Failure> {
    if !is_required(ctx, case, DocumentKind::Decision)? {
        return Ok(json!({}));
    }
    let (tenant, id) = (&case.row.tenant_id, case.row.id);
    let issued = decisions::of_case(tx, tenant, id)?;
    let authority = issued.map(|row| row.authority).unwrap_or_default();
    let notice = Issued { kind: DocumentKind::Decision, subject: decision.0, version, authority: &authority };
    let mut facts = json!({ "office_signature": sign(tx, ctx, case, &notice, now)? });
    let permit = permits::of_case(tx, tenant, id)?;
    if let (Some(permit), true) = (permit, is_required(ctx, case, DocumentKind::Permit)?) {
        let paper = Issued { kind: DocumentKind::Permit, subject: permit.id.0, ..notice };
        facts = merge_patch(facts, &json!({ "permit_signature": sign(tx, ctx, case, &paper, now)? }));
    }
    Ok(facts)
}

/// Signs an order about a permit that was issued a moment ago in this transaction; gives what its event says of it.
pub fn sign_order(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    order: &PermitOrderRow,
    now: Timestamp,
) -> Result<Value, Failure> {
    if !is_required(ctx, case, DocumentKind::PermitOrder)? {
        return Ok(json!({}));
    }
    let (kind, authority) = (DocumentKind::PermitOrder, order.authority.as_str());
    let issued = Issued { kind, subject: order.id.0, version: 1, authority };
    Ok(json!({ "office_signature": sign(tx, ctx, case, &issued, now)? }))
}

fn sign(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    issued: &Issued<'_>,
    now: Timestamp,
) -> Result<Value, Failure> {
    let Issued { kind, subject, version, authority } = *issued;
    let tenant = &case.row.tenant_id;
    let Some(key) = office_key(ctx, tenant, authority, now) else { return Ok(json!("no_key_in_force")) };
    let paper = papers(tx, ctx, &case.row, &case.key).compose(DocumentName::new(kind, subject))?;
    let nothing = || Failure::Internal(format!("{} {subject} prints nothing", kind.as_str()));
    let signed = SignedDocument {
        tenant: tenant.clone(),
        document: kind,
        subject,
        version,
        authority: authority.to_owned(),
        key: key.id,
        content: paper.ok_or_else(nothing)?.digest(),
        signed_on: jst_day(now),
    };
    let signature = ctx.core.keys.office(tenant, &signed.key).sign(signed.statement().as_bytes());
    let row = DocumentSignatureRow {
        tenant_id: tenant.clone(),
        document: kind.as_str().to_owned(),
        subject_id: SignedSubjectId(subject),
        version,
        application_id: case.row.id,
        authority: signed.authority,
        key_id: signed.key,
        content_sha256: signed.content.to_vec(),
        signed_on: signed.signed_on.into(),
        signature,
        signed_at: Micros(now),
    };
    document_signatures::insert(tx, &row)?;
    let content = data_encoding::HEXLOWER.encode(&row.content_sha256);
    Ok(json!({ "key": row.key_id, "content_sha256": content }))
}

/// Refuses to hand over electronically what lacks the signature that it needs; on paper it is handed over.
pub(super) fn refuse_unsigned(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    name: DocumentName,
) -> Result<(), Failure> {
    if !is_required(ctx, case, name.kind())? {
        return Ok(());
    }
    if present(tx, &case.row.tenant_id, case.row.id, name)?.is_some() {
        Ok(())
    } else {
        Err(DispositionRefusal::NotSigned.into())
    }
}

/// The signature over the version of a document that stands today; a permit changes with its decision.
fn present(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
    name: DocumentName,
) -> Result<Option<DocumentSignatureRow>, Failure> {
    let (subject, version) = match (name.kind(), name.subject()) {
        (DocumentKind::PermitOrder, Some(order)) => (order, 1),
        (DocumentKind::Decision | DocumentKind::Permit, _) => {
            let Some(decision) = decisions::of_case(tx, tenant, id)? else { return Ok(None) };
            let corrected = decision_versions::of_decision(tx, tenant, decision.id)?;
            let version = corrected.last().map_or(1, |row| row.version);
            let subject = match name.kind() {
                DocumentKind::Permit => permits::of_case(tx, tenant, id)?.map(|permit| permit.id.0),
                _ => Some(decision.id.0),
            };
            let Some(subject) = subject else { return Ok(None) };
            (subject, version)
        }
        _ => return Ok(None),
    };
    let rows = document_signatures::of_case(tx, tenant, id)?;
    let is_it = |row: &DocumentSignatureRow| {
        row.document == name.kind().as_str() && row.subject_id.0 == subject && row.version == version
    };
    Ok(rows.into_iter().find(is_it))
}

/// A signature that was looked at.
#[derive(Clone, Debug)]
pub struct FoundSignature {
    /// The stored row.
    pub row: DocumentSignatureRow,
    /// What was signed.
    pub statement: String,
    /// What the configuration says of the certificate; none where it does not know the key.
    pub certificate: Option<String>,
    /// The public half of the key as a JWK.
    pub public_key: Value,
    /// What it turned out to be.
    pub check: OfficeSignature,
}

impl FoundSignature {
    /// The name of the algorithm.
    pub fn algorithm(&self) -> &'static str {
        ALGORITHM
    }

    /// The signature in base64url.
    pub fn encoded(&self) -> String {
        BASE64URL_NOPAD.encode(&self.row.signature)
    }
}

fn looked_at(ctx: &Ctx, row: DocumentSignatureRow) -> Result<FoundSignature, Failure> {
    let signed = row.signed()?;
    let statement = signed.statement();
    let keys = ctx.catalogue.tenant(&row.tenant_id).map(|body| body.definition.office_keys.as_slice());
    let key = keys.and_then(|keys| key_of(keys, &row.authority, row.signed_on.0));
    let key = key.filter(|key| key.id == row.key_id);
    let private = ctx.core.keys.office(&row.tenant_id, &row.key_id);
    let check = match (key, private.check(statement.as_bytes(), &row.signature)) {
        (None, _) => OfficeSignature::UnknownKey,
        (Some(_), SignatureCheck::Valid) => OfficeSignature::Valid,
        (Some(_), SignatureCheck::Invalid) => OfficeSignature::Invalid,
    };
    let certificate = key.map(|key| key.certificate.clone());
    Ok(FoundSignature { certificate, statement, public_key: private.jwk(), check, row })
}

/// The signature over a document of that content, for whoever holds the paper; none where it bears none.
pub(super) fn over(
    tx: &mut impl Reads,
    ctx: &Ctx,
    claims: &DocumentClaims,
) -> Result<Option<FoundSignature>, Failure> {
    let rows = document_signatures::of_case(tx, &claims.tenant, ApplicationId(claims.application))?;
    let is_over = |row: &DocumentSignatureRow| {
        row.document == claims.name.kind().as_str() && row.content_sha256 == claims.digest
    };
    let found = rows.into_iter().rfind(is_over);
    found.map(|row| looked_at(ctx, row)).transpose()
}

/// The detached signature of a document of a case as it stands, for its parties and the department. A decision, a
/// permit and an order about one bear one, and only where the law wants it. What it is over is given with it, so a party has been
/// told what was decided.
pub async fn find(
    ctx: Ctx,
    tenant: TenantCode,
    id: ApplicationId,
    name: DocumentName,
) -> Result<FoundSignature, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        let found = present(tx, &body, id, name)?.map(|row| looked_at(&inner, row)).transpose()?;
        let waiting = match &found {
            Some(_) => told_by(tx, &case, name)?,
            None if is_required(&inner, &case, name.kind())? => told_by_refusal(tx, &inner, &case, name)?,
            None => Vec::new(),
        };
        Ok::<_, Failure>((access::reader(&case.actor), waiting, found))
    });
    let (reader, waiting, found) = read.await?;
    let Some(found) = found else {
        notice::retrieved(&ctx, &tenant, id, reader, waiting).await?;
        return Err(DispositionRefusal::NoSignature.into());
    };
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "document", &[id]).await?;
    }
    notice::retrieved(&ctx, &tenant, id, reader, waiting).await?;
    Ok(found)
}
