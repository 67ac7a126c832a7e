//! What the office received on paper and entered itself: one row a case, never changed.

use diesel::prelude::*;
use jiff::Timestamp;

use super::schema::notices::paper_filings;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};
use crate::domain::identification::IdentityCheck;
use crate::domain::paper_filing::{PaperChannel, PaperFiling};
use crate::domain::procedure::ApplicantKind;

/// Stores how a case came in.
pub fn insert(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    application: ApplicationId,
    filing: PaperFiling,
    (entered_by, now): (OfficerId, Timestamp),
) -> Result<(), StoreError> {
    let row = (
        paper_filings::tenant_id.eq(tenant),
        paper_filings::application_id.eq(application),
        paper_filings::channel.eq(filing.channel.as_str()),
        paper_filings::applicant_kind.eq(filing.applicant_kind.as_str()),
        paper_filings::received_at.eq(Micros(filing.received_at)),
        paper_filings::identity_check.eq(filing.identity_check.map(IdentityCheck::as_str)),
        paper_filings::entered_by.eq(entered_by),
        paper_filings::entered_at.eq(Micros(now)),
    );
    diesel::insert_into(paper_filings::table).values(row).execute(tx.change())?;
    Ok(())
}

/// How a case came in, where the office entered it.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Option<PaperFiling>, StoreError> {
    let row: Option<(String, String, Micros, Option<String>)> = paper_filings::table
        .find((tenant, application))
        .select((
            paper_filings::channel,
            paper_filings::applicant_kind,
            paper_filings::received_at,
            paper_filings::identity_check,
        ))
        .first(tx.read())
        .optional()?;
    let Some((channel, kind, received_at, check)) = row else { return Ok(None) };
    let broken = || StoreError::Inconsistent(format!("paper_filings of {application}"));
    let kinds = [ApplicantKind::Resident, ApplicantKind::Business];
    Ok(Some(PaperFiling {
        channel: PaperChannel::parse(&channel).ok_or_else(broken)?,
        applicant_kind: kinds.into_iter().find(|it| it.as_str() == kind).ok_or_else(broken)?,
        received_at: received_at.0,
        identity_check: check.map(|it| IdentityCheck::parse(&it).ok_or_else(broken)).transpose()?,
    }))
}

/// By which way those of `cases` came that the office entered, in one statement.
pub fn channels(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<Vec<(ApplicationId, String)>, StoreError> {
    Ok(paper_filings::table
        .filter(paper_filings::tenant_id.eq(tenant))
        .filter(paper_filings::application_id.eq_any(cases))
        .select((paper_filings::application_id, paper_filings::channel))
        .load(tx.read())?)
}
