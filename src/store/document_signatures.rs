//! Signatures of office over issued documents: one a version of a document, never changed.

use diesel::prelude::*;

use super::schema::dispositions::document_signatures;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, SignedSubjectId, TenantCode};
use crate::domain::issued_document::DocumentKind;
use crate::domain::office_key::SignedDocument;

/// A signature as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = document_signatures)]
pub struct DocumentSignatureRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// `decision`, `permit` or `permit_order`.
    pub document: String,
    /// The decision, the permit or the order.
    pub subject_id: SignedSubjectId,
    /// The version of its text.
    pub version: i64,
    /// The case.
    pub application_id: ApplicationId,
    /// In whose name it was made.
    pub authority: String,
    /// The name of the key of office.
    pub key_id: String,
    /// SHA-256 of everything the document prints.
    pub content_sha256: Vec<u8>,
    /// The day of the signature.
    pub signed_on: IsoDate,
    /// Ed25519 over the statement.
    pub signature: Vec<u8>,
    /// The instant of the signature.
    pub signed_at: Micros,
}

impl DocumentSignatureRow {
    /// What was signed.
    pub fn signed(&self) -> Result<SignedDocument, StoreError> {
        let broken = || StoreError::Inconsistent(format!("document_signatures of {}", self.subject_id));
        let content = self.content_sha256.as_slice().try_into();
        Ok(SignedDocument {
            tenant: self.tenant_id.clone(),
            document: DocumentKind::parse(&self.document).ok_or_else(broken)?,
            subject: self.subject_id.0,
            version: self.version,
            authority: self.authority.clone(),
            key: self.key_id.clone(),
            content: content.map_err(|_| broken())?,
            signed_on: self.signed_on.0,
        })
    }
}

/// Stores a signature.
pub fn insert(tx: &mut Tx<'_>, row: &DocumentSignatureRow) -> Result<(), StoreError> {
    diesel::insert_into(document_signatures::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The signatures over the documents of a case, each with the version that was issued last at the end.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<DocumentSignatureRow>, StoreError> {
    Ok(document_signatures::table
        .filter(document_signatures::tenant_id.eq(tenant))
        .filter(document_signatures::application_id.eq(application))
        .order((document_signatures::document, document_signatures::subject_id, document_signatures::version))
        .select(DocumentSignatureRow::as_select())
        .load(tx.read())?)
}
