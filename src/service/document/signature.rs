//! Signatures of office (職責証明書による電子署名, R-40): where the law wants a signature of a decision, the authority signs what the
//! document prints in the transaction that issues it, with the key it has on that day.
//!
//! Invariants: a version of a decision is signed once, when it is issued, and never later: without a key in force on that day
//! it goes by paper, and a key that comes afterwards does not turn it into an electronic one.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::papers;
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, DecisionId, TenantCode};
use crate::domain::issued_document::{DocumentKind, DocumentName};
use crate::domain::office_key::{OfficeKey, OfficeSignature, SignedDecision, key_of};
use crate::domain::policy::Action;
use crate::seal::signer::SignatureCheck;
use crate::service::cases::{self, OpenCase};
use crate::service::disposition_refusal::DispositionRefusal;
use crate::service::{Ctx, Failure, access, intake};
use crate::store::decision_signatures::{self, DecisionSignatureRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Tx, decision_versions, decisions};

/// The name of the algorithm, as JOSE has it (RFC 8037).
const ALGORITHM: &str = "Ed25519";

/// Whether a decision of a case must be signed to be handed over electronically.
fn is_required(ctx: &Ctx, case: &OpenCase) -> Result<bool, Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    Ok(procedure.definition.required_signature().is_some())
}

fn office_key(ctx: &Ctx, tenant: &TenantCode, authority: &str, at: Timestamp) -> Option<OfficeKey> {
    let body = ctx.catalogue.tenant(tenant)?;
    key_of(&body.definition.office_keys, authority, jst_day(at)).cloned()
}

/// Whether a decision that `authority` makes now would lack the signature that it needs: then its notice goes by paper.
pub fn would_lack(ctx: &Ctx, case: &OpenCase, authority: &str, now: Timestamp) -> Result<bool, Failure> {
    Ok(is_required(ctx, case)? && office_key(ctx, &case.row.tenant_id, authority, now).is_none())
}

/// Signs a version of a decision that was issued a moment ago in this transaction; gives what its event says of it. Nothing where
/// no signature is wanted, or the authority has no key on that day.
pub fn sign(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    (decision, version): (DecisionId, i64),
    now: Timestamp,
) -> Result<Value, Failure> {
    if !is_required(ctx, case)? {
        return Ok(json!({}));
    }
    let (tenant, id) = (&case.row.tenant_id, case.row.id);
    let issued = decisions::of_case(tx, tenant, id)?;
    let authority = issued.map(|row| row.authority).unwrap_or_default();
    let Some(key) = office_key(ctx, tenant, &authority, now) else {
        return Ok(json!({ "office_signature": "no_key_in_force" }));
    };
    let name = DocumentName::new(DocumentKind::Decision, decision.0);
    let paper = papers(tx, ctx, &case.row, &case.key).compose(name)?;
    let paper = paper.ok_or_else(|| Failure::Internal(format!("decision {decision} prints nothing")))?;
    let signed = SignedDecision {
        tenant: tenant.clone(),
        decision: decision.0,
        version,
        authority,
        key: key.id,
        content: paper.digest(),
        signed_on: jst_day(now),
    };
    let signature = ctx.core.keys.office(tenant, &signed.key).sign(signed.statement().as_bytes());
    let row = DecisionSignatureRow {
        tenant_id: tenant.clone(),
        decision_id: decision,
        version,
        application_id: id,
        authority: signed.authority,
        key_id: signed.key,
        content_sha256: signed.content.to_vec(),
        signed_on: signed.signed_on.into(),
        signature,
        signed_at: Micros(now),
    };
    decision_signatures::insert(tx, &row)?;
    let content = data_encoding::HEXLOWER.encode(&row.content_sha256);
    Ok(json!({ "office_signature": { "key": row.key_id, "content_sha256": content } }))
}

/// Refuses to hand over electronically what lacks the signature that it needs; on paper it is handed over.
pub(super) fn refuse_unsigned(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    kind: DocumentKind,
) -> Result<(), Failure> {
    if kind != DocumentKind::Decision || !is_required(ctx, case)? {
        return Ok(());
    }
    if present(tx, &case.row.tenant_id, case.row.id)?.is_some() {
        Ok(())
    } else {
        Err(DispositionRefusal::NotSigned.into())
    }
}

/// The signature over the version of the decision that stands today.
fn present(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Option<DecisionSignatureRow>, Failure> {
    let Some(decision) = decisions::of_case(tx, tenant, id)? else { return Ok(None) };
    let corrected = decision_versions::of_decision(tx, tenant, decision.id)?;
    let version = corrected.last().map_or(1, |row| row.version);
    let rows = decision_signatures::of_case(tx, tenant, id)?;
    Ok(rows.into_iter().find(|row| row.version == version))
}

/// A signature that was looked at.
#[derive(Clone, Debug)]
pub struct FoundSignature {
    /// The stored row.
    pub row: DecisionSignatureRow,
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

fn looked_at(ctx: &Ctx, row: DecisionSignatureRow) -> Result<FoundSignature, Failure> {
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
    (tenant, id): (&TenantCode, ApplicationId),
    content: [u8; 32],
) -> Result<Option<FoundSignature>, Failure> {
    let rows = decision_signatures::of_case(tx, tenant, id)?;
    let found = rows.into_iter().rfind(|row| row.content_sha256 == content);
    found.map(|row| looked_at(ctx, row)).transpose()
}

/// The detached signature of a document of a case as it stands, for its parties and the department. Only a decision bears one, and
/// only where the law wants it.
pub async fn find(
    ctx: Ctx,
    tenant: TenantCode,
    id: ApplicationId,
    name: DocumentName,
) -> Result<FoundSignature, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        let found = match name.kind() {
            DocumentKind::Decision => present(tx, &body, id)?,
            _ => None,
        };
        let row = found.ok_or(DispositionRefusal::NoSignature)?;
        Ok::<_, Failure>((access::reader(&case.actor), looked_at(&inner, row)?))
    });
    let (reader, found) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "document", &[id]).await?;
    }
    Ok(found)
}
