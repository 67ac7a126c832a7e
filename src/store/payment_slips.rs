//! The numbers of slips and of Pay-easy, one row a payment; text, so that zeros in front count.

use diesel::prelude::*;

use super::payments::PaymentRow;
use super::schema::payment_desk::payment_slips;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, PaymentId, TenantCode};
use crate::domain::payment::{Slip, SlipKind, SlipParts};

/// A slip as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = payment_slips, primary_key(tenant_id, payment_id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
struct SlipRow {
    tenant_id: TenantCode,
    payment_id: PaymentId,
    application_id: ApplicationId,
    kind: String,
    biller_number: Option<String>,
    payment_number: Option<String>,
    confirmation_number: Option<String>,
    payment_category: Option<String>,
    store: Option<String>,
    receipt_number: Option<String>,
    instructions_url: Option<String>,
    seen_at: Micros,
}

impl SlipRow {
    fn of(payment: &PaymentRow, slip: &Slip, now: Micros) -> Self {
        let parts = slip.parts().clone();
        Self {
            tenant_id: payment.tenant_id.clone(),
            payment_id: payment.id,
            application_id: payment.application_id,
            kind: slip.kind().as_str().to_owned(),
            biller_number: parts.biller_number,
            payment_number: parts.payment_number,
            confirmation_number: parts.confirmation_number,
            payment_category: parts.payment_category,
            store: parts.store,
            receipt_number: parts.receipt_number,
            instructions_url: parts.instructions_url,
            seen_at: now,
        }
    }

    fn slip(self) -> Result<Slip, StoreError> {
        let broken = || StoreError::Inconsistent(format!("payment_slips of {}", self.payment_id));
        let kind = SlipKind::parse(&self.kind).ok_or_else(broken)?;
        let parts = SlipParts {
            biller_number: self.biller_number.clone(),
            payment_number: self.payment_number.clone(),
            confirmation_number: self.confirmation_number.clone(),
            payment_category: self.payment_category.clone(),
            store: self.store.clone(),
            receipt_number: self.receipt_number.clone(),
            instructions_url: self.instructions_url.clone(),
        };
        Slip::read(kind, parts).map_err(|_| broken())
    }
}

/// Keeps the slip of a payment, in place of another one that the payer took before; what is known already changes nothing.
pub fn keep(tx: &mut Tx<'_>, payment: &PaymentRow, slip: &Slip) -> Result<(), StoreError> {
    let known = of_payment(tx, &payment.tenant_id, payment.id)?;
    if known.as_ref() == Some(slip) {
        return Ok(());
    }
    let row = SlipRow::of(payment, slip, Micros(tx.now()));
    if known.is_none() {
        diesel::insert_into(payment_slips::table).values(&row).execute(tx.change())?;
    } else {
        let target = payment_slips::table
            .filter(payment_slips::tenant_id.eq(&row.tenant_id))
            .filter(payment_slips::payment_id.eq(row.payment_id));
        diesel::update(target).set(&row).execute(tx.change())?;
    }
    Ok(())
}

/// The slip of a payment, where one was issued.
pub fn of_payment(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PaymentId,
) -> Result<Option<Slip>, StoreError> {
    let found: Option<SlipRow> = payment_slips::table
        .filter(payment_slips::tenant_id.eq(tenant))
        .filter(payment_slips::payment_id.eq(id))
        .select(SlipRow::as_select())
        .first(tx.read())
        .optional()?;
    found.map(SlipRow::slip).transpose()
}
