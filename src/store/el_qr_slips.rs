//! Slips under one eL number (納付書, R-82).

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use jiff::civil::Date;

use super::invoices::InvoiceRow;
use super::schema::el_qr::el_qr_slips;
use super::schema::invoices;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::el_qr::{ElNumber, SlipState};
use crate::domain::id::{ApplicationId, ElQrSlipId, InvoiceId, TenantCode};
use crate::domain::money::Yen;

/// A slip as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = el_qr_slips, treat_none_as_default_value = false)]
pub struct SlipRow {
    /// The body paid.
    pub tenant_id: TenantCode,
    /// The slip.
    pub id: ElQrSlipId,
    /// The case.
    pub application_id: ApplicationId,
    /// What it pays.
    pub invoice_id: InvoiceId,
    /// 1 for the first slip of the invoice.
    pub sequence_no: i64,
    /// 収納機関番号.
    pub institution_number: String,
    /// 納付番号.
    pub payment_number: String,
    /// 確認番号.
    pub confirmation_number: String,
    /// 納付区分.
    pub payment_category: String,
    /// What it is over.
    pub amount: Yen,
    /// The last day on which it is taken.
    pub payable_until: Option<IsoDate>,
    /// What the code says.
    pub code_text: String,
    /// The version of the layouts it was made by.
    pub layout_version: String,
    /// The slip whose place it takes.
    pub replaces: Option<ElQrSlipId>,
    /// Name of the state.
    pub state: String,
    /// Name of the reason for which it is, or is to be, taken no more.
    pub withdrawal_reason: Option<String>,
    /// Rises with every change.
    pub version: i64,
    /// When its number was made.
    pub issued_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

impl SlipRow {
    /// Where it stands.
    pub fn slip_state(&self) -> Result<SlipState, StoreError> {
        let broken = || StoreError::Inconsistent(format!("el_qr_slips.state of {}", self.id));
        SlipState::parse(&self.state).ok_or_else(broken)
    }

    /// Its number.
    pub fn number(&self) -> ElNumber {
        ElNumber {
            institution_number: self.institution_number.clone(),
            payment_number: self.payment_number.clone(),
            confirmation_number: self.confirmation_number.clone(),
            payment_category: self.payment_category.clone(),
        }
    }
}

/// Stores a new slip; a number that another slip of the body has is refused by the key.
pub fn insert(tx: &mut Tx<'_>, row: &SlipRow) -> Result<(), StoreError> {
    diesel::insert_into(el_qr_slips::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One slip.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: ElQrSlipId) -> Result<Option<SlipRow>, StoreError> {
    Ok(el_qr_slips::table
        .filter(el_qr_slips::tenant_id.eq(tenant))
        .filter(el_qr_slips::id.eq(id))
        .select(SlipRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The slip of a 納付番号.
pub fn find_by_number(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payment_number: &str,
) -> Result<Option<SlipRow>, StoreError> {
    Ok(el_qr_slips::table
        .filter(el_qr_slips::tenant_id.eq(tenant))
        .filter(el_qr_slips::payment_number.eq(payment_number))
        .select(SlipRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The youngest slip of an invoice.
pub fn youngest(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    invoice: InvoiceId,
) -> Result<Option<SlipRow>, StoreError> {
    Ok(el_qr_slips::table
        .filter(el_qr_slips::tenant_id.eq(tenant))
        .filter(el_qr_slips::invoice_id.eq(invoice))
        .order(el_qr_slips::sequence_no.desc())
        .select(SlipRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Which open slips are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenSlips {
    /// Every one.
    All,
    /// Those of which something is to be said today, whatever the terms of the body are: nobody was told of them, their debt does not
    /// wait for them any more, another amount is owed, or their last day is over.
    WithNews(Date),
}

/// As the partial index of open slips says it, so that it is used.
const IS_OPEN: &str = "el_qr_slips.state IN ('issued', 'uploaded', 'accepted')";

/// What is to be said of a slip, up to the day that follows.
const HAS_NEWS: &str = "(el_qr_slips.state = 'issued' OR invoices.state NOT IN ('unpaid', 'pending') \
     OR el_qr_slips.amount <> invoices.total - invoices.reduced OR el_qr_slips.payable_until < ";

/// Slips that can be paid as far as is known, each with what it pays, oldest first, after one of them.
pub fn open(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    wanted: OpenSlips,
    after: Option<ElQrSlipId>,
    limit: i64,
) -> Result<Vec<(SlipRow, InvoiceRow)>, StoreError> {
    let same = invoices::id.eq(el_qr_slips::invoice_id).and(invoices::tenant_id.eq(el_qr_slips::tenant_id));
    let mut query = el_qr_slips::table
        .inner_join(invoices::table.on(same))
        .filter(el_qr_slips::tenant_id.eq(tenant))
        .filter(sql::<Bool>(IS_OPEN))
        .order(el_qr_slips::id)
        .limit(limit)
        .select((SlipRow::as_select(), InvoiceRow::as_select()))
        .into_boxed();
    if let OpenSlips::WithNews(today) = wanted {
        query = query.filter(sql::<Bool>(HAS_NEWS).bind::<Text, _>(today.to_string()).sql(")"));
    }
    if let Some(after) = after {
        query = query.filter(el_qr_slips::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// Stores where a slip stands under the next version.
pub fn update(tx: &mut Tx<'_>, row: &mut SlipRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    row.updated_at = Micros(tx.now());
    let target = el_qr_slips::table
        .filter(el_qr_slips::tenant_id.eq(&row.tenant_id))
        .filter(el_qr_slips::id.eq(row.id))
        .filter(el_qr_slips::version.eq(before));
    let affected = diesel::update(target)
        .set((
            el_qr_slips::state.eq(&row.state),
            el_qr_slips::withdrawal_reason.eq(&row.withdrawal_reason),
            el_qr_slips::version.eq(row.version),
            el_qr_slips::updated_at.eq(row.updated_at),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("el_qr_slips.version of {}", row.id)))
    }
}
