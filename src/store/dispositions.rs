//! What was issued with a decision (処分の施行): number, instruction on appeals, term; never changed.

use diesel::prelude::*;

use super::schema::dispositions::dispositions;
use super::sql::{IsoDate, Json};
use super::{Reads, StoreError, Tx};
use crate::domain::disposition::Instruction;
use crate::domain::id::{ApplicationId, DecisionId, TenantCode};

/// A disposition as stored, beside the row of its decision.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = dispositions)]
pub struct DispositionRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The decision.
    pub decision_id: DecisionId,
    /// The case.
    pub application_id: ApplicationId,
    /// The full kind, e.g. `conditional_grant`.
    pub kind: String,
    /// 文書番号.
    pub document_number: String,
    /// The English title of the authority; the Japanese one stands in the decision.
    pub authority_en: String,
    /// The title under which the last seal was set.
    pub sealer_title: String,
    /// 教示 as it was on the day.
    pub instruction: Json<Instruction>,
    /// The day, in Japan.
    pub issued_on: IsoDate,
    /// The first day what it grants is valid.
    pub valid_from: Option<IsoDate>,
    /// The last day.
    pub valid_to: Option<IsoDate>,
}

/// Stores what was issued with a decision.
pub fn insert(tx: &mut Tx<'_>, row: &DispositionRow) -> Result<(), StoreError> {
    diesel::insert_into(dispositions::table).values(row).execute(tx.change())?;
    Ok(())
}

/// What was issued with the decision of a case; decisions made before there were numbers have none.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Option<DispositionRow>, StoreError> {
    Ok(dispositions::table
        .filter(dispositions::tenant_id.eq(tenant))
        .filter(dispositions::application_id.eq(application))
        .select(DispositionRow::as_select())
        .first(tx.read())
        .optional()?)
}
