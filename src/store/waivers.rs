//! Requests for waivers (減免の申請): one row a request, with the ground as it was when it was named.

use diesel::prelude::*;
use jiff::civil::Date;

use super::schema::waivers::waivers;
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::disposition::Instruction;
use crate::domain::id::{ApplicationId, AttachmentId, InvoiceId, ProposalId, TenantCode, WaiverId};
use crate::domain::money::Yen;
use crate::domain::waiver::{WaiverGround, WaiverState};

/// A request as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = waivers, treat_none_as_default_value = false)]
pub struct WaiverRow {
    /// The body owed to.
    pub tenant_id: TenantCode,
    /// The request.
    pub id: WaiverId,
    /// The case.
    pub application_id: ApplicationId,
    /// What it is asked for.
    pub invoice_id: InvoiceId,
    /// Name of the state.
    pub state: String,
    /// The clause or notice, as it was when it was named.
    pub ground: Json<WaiverGround>,
    /// Why the ground holds, sealed with the case's key.
    pub sealed_statement: Vec<u8>,
    /// Attachments of the case that prove it.
    pub attachments: Json<Vec<AttachmentId>>,
    /// `party`, `officer` or `notice`.
    pub filed_by: String,
    /// The account or the officer; nobody for a notice.
    pub filed_by_id: Option<String>,
    /// The last draft about it.
    pub proposal_id: Option<ProposalId>,
    /// How much was waived.
    pub amount: Option<Yen>,
    /// Why it was granted or refused, sealed with the case's key.
    pub sealed_reasons: Option<Vec<u8>>,
    /// 教示 of a refusal as it was on the day; what was refused before it was kept has none.
    pub instruction: Option<Json<Instruction>>,
    /// The last day on which the rest can be paid under a grant.
    pub valid_until: Option<IsoDate>,
    /// When the last seal was set.
    pub decided_at: Option<Micros>,
    /// Rises with every change.
    pub version: i64,
    /// When it was asked for.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

impl WaiverRow {
    /// The state.
    pub fn waiver_state(&self) -> Result<WaiverState, StoreError> {
        WaiverState::parse(&self.state)
            .ok_or_else(|| StoreError::Inconsistent(format!("waivers.state of {}", self.id)))
    }
}

/// The place that a sealed statement is bound to.
pub fn statement_place(id: WaiverId) -> String {
    format!("waivers.sealed_statement:{id}")
}

/// The place that sealed reasons are bound to.
pub fn reasons_place(id: WaiverId) -> String {
    format!("waivers.sealed_reasons:{id}")
}

/// Stores a new request; a second one that is open on the same invoice is refused by an index.
pub fn insert(tx: &mut Tx<'_>, row: &WaiverRow) -> Result<(), StoreError> {
    diesel::insert_into(waivers::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One request.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: WaiverId) -> Result<Option<WaiverRow>, StoreError> {
    Ok(waivers::table
        .filter(waivers::tenant_id.eq(tenant))
        .filter(waivers::id.eq(id))
        .select(WaiverRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The requests of an invoice, oldest first.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<WaiverRow>, StoreError> {
    Ok(waivers::table
        .filter(waivers::tenant_id.eq(tenant))
        .filter(waivers::invoice_id.eq(id))
        .order((waivers::created_at, waivers::id))
        .select(WaiverRow::as_select())
        .load(tx.read())?)
}

/// The requests of these cases, oldest first, in one statement.
pub fn of_cases(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[ApplicationId],
) -> Result<Vec<WaiverRow>, StoreError> {
    Ok(waivers::table
        .filter(waivers::tenant_id.eq(tenant))
        .filter(waivers::application_id.eq_any(ids))
        .order((waivers::created_at, waivers::id))
        .select(WaiverRow::as_select())
        .load(tx.read())?)
}

/// The requests of a case, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<WaiverRow>, StoreError> {
    Ok(waivers::table
        .filter(waivers::tenant_id.eq(tenant))
        .filter(waivers::application_id.eq(id))
        .order((waivers::created_at, waivers::id))
        .select(WaiverRow::as_select())
        .load(tx.read())?)
}

/// The request that a draft is about.
pub fn of_proposal(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
    proposal: ProposalId,
) -> Result<Option<WaiverRow>, StoreError> {
    Ok(waivers::table
        .filter(waivers::tenant_id.eq(tenant))
        .filter(waivers::application_id.eq(application))
        .filter(waivers::proposal_id.eq(proposal))
        .select(WaiverRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Grants whose last day lies before `day`, in the order of their ids, after `after`.
pub fn overdue(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    day: Date,
    after: Option<WaiverId>,
    limit: i64,
) -> Result<Vec<WaiverRow>, StoreError> {
    let mut query = waivers::table
        .filter(waivers::tenant_id.eq(tenant))
        .filter(waivers::state.eq(WaiverState::Granted.as_str()))
        .filter(waivers::valid_until.lt(IsoDate(day)))
        .order(waivers::id)
        .limit(limit)
        .select(WaiverRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(waivers::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// Stores the changed standing of a request under the next version.
pub fn update(tx: &mut Tx<'_>, row: &mut WaiverRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    row.updated_at = Micros(tx.now());
    let target = waivers::table
        .filter(waivers::tenant_id.eq(&row.tenant_id))
        .filter(waivers::id.eq(row.id))
        .filter(waivers::version.eq(before));
    let affected = diesel::update(target)
        .set((
            waivers::state.eq(&row.state),
            waivers::proposal_id.eq(row.proposal_id),
            waivers::amount.eq(row.amount),
            waivers::sealed_reasons.eq(&row.sealed_reasons),
            waivers::instruction.eq(&row.instruction),
            waivers::valid_until.eq(row.valid_until),
            waivers::decided_at.eq(row.decided_at),
            waivers::version.eq(row.version),
            waivers::updated_at.eq(row.updated_at),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("waivers.version of {}", row.id)))
    }
}
