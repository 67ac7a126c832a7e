//! Demands (督促状): one an invoice, never rewritten; and the invoices that are late.

use diesel::prelude::*;
use jiff::civil::Date;

use super::invoices::InvoiceRow;
use super::schema::demands::demands;
use super::schema::invoices;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::arrears::Debt;
use crate::domain::id::{ApplicationId, InvoiceId, OfficerId, TenantCode};
use crate::domain::money::Yen;

/// A demand as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = demands, treat_none_as_default_value = false)]
pub struct DemandRow {
    /// The body that claims.
    pub tenant_id: TenantCode,
    /// What is demanded.
    pub invoice_id: InvoiceId,
    /// The case.
    pub application_id: ApplicationId,
    /// 納期限, not moved off a day off.
    pub due_on: IsoDate,
    /// When it was issued.
    pub issued_on: IsoDate,
    /// 指定期限: the day by which it asks to be paid.
    pub pay_until: IsoDate,
    /// What was owed then.
    pub principal: Yen,
    /// 督促手数料.
    pub demand_fee: Yen,
    /// The ordinance.
    pub basis: String,
    /// The officer, unless it went out by itself.
    pub issued_by: Option<OfficerId>,
    /// When it was recorded.
    pub issued_at: Micros,
}

/// Stores a demand; a second one of the same invoice is refused by the key.
pub fn insert(tx: &mut Tx<'_>, row: &DemandRow) -> Result<(), StoreError> {
    diesel::insert_into(demands::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The demand of an invoice.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Option<DemandRow>, StoreError> {
    Ok(demands::table
        .filter(demands::tenant_id.eq(tenant))
        .filter(demands::invoice_id.eq(id))
        .select(DemandRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The demands of a case, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
) -> Result<Vec<DemandRow>, StoreError> {
    Ok(demands::table
        .filter(demands::tenant_id.eq(tenant))
        .filter(demands::application_id.eq(case))
        .order((demands::issued_at, demands::invoice_id))
        .select(DemandRow::as_select())
        .load(tx.read())?)
}

/// The unpaid claims of a body that were due before `day`, or what was assessed beside late ones and is unpaid, in the order of
/// their ids, after `after`. What names no due day may have been due at any time.
pub fn late(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (debt, day): (Debt, Date),
    after: Option<InvoiceId>,
    limit: i64,
) -> Result<Vec<InvoiceRow>, StoreError> {
    let mut query = invoices::table
        .filter(invoices::tenant_id.eq(tenant))
        .filter(invoices::state.eq("unpaid"))
        .order(invoices::id)
        .limit(limit)
        .select(InvoiceRow::as_select())
        .into_boxed();
    let was_due = invoices::due_on.lt(IsoDate(day));
    query = match debt {
        Debt::Principal => query.filter(was_due).filter(invoices::principal_id.is_null()),
        Debt::Charge => {
            let may_be_due = was_due.or(invoices::due_on.is_null());
            query.filter(may_be_due).filter(invoices::principal_id.is_not_null())
        }
    };
    if let Some(after) = after {
        query = query.filter(invoices::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}
