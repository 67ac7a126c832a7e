//! Erasing a case (廃棄): its key is destroyed, and what else leads to a person. Numbers, money, the chain of events and the
//! ciphertext it hashes stay as they are, so that everything that was ever recorded can still be verified.

use diesel::prelude::*;

use super::schema::{applications, gateway_notifications, invoices, parties, payments};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{AccountId, ApplicationId, PaymentId, TenantCode};
use crate::store::applications::ApplicationRow;

/// What a destroyed key is: no bytes.
const DESTROYED: Vec<u8> = Vec::new();

/// References looked up in one go.
const AT_ONCE: usize = 500;

/// Destroys the key of a case and takes everybody's account off it; the caller has recorded the event and stored the row.
pub fn erase(tx: &mut Tx<'_>, row: &ApplicationRow) -> Result<(), StoreError> {
    let (tenant, id) = (&row.tenant_id, row.id);
    let case = applications::table.filter(applications::tenant_id.eq(tenant)).filter(applications::id.eq(id));
    diesel::update(case).set(applications::wrapped_key.eq(DESTROYED)).execute(tx.change())?;
    let of_case = parties::table.filter(parties::tenant_id.eq(tenant)).filter(parties::application_id.eq(id));
    diesel::update(of_case).set(parties::account_id.eq(None::<AccountId>)).execute(tx.change())?;
    let owed = invoices::table.filter(invoices::tenant_id.eq(tenant)).filter(invoices::application_id.eq(id));
    diesel::update(owed).set(invoices::obligor_account_id.eq(None::<AccountId>)).execute(tx.change())?;
    erase_notifications(tx, tenant, id)
}

/// What gateways sent about the payments of a case is sealed with keys of its own. What they sent about several cases goes with
/// the last of them.
fn erase_notifications(tx: &mut Tx<'_>, tenant: &TenantCode, id: ApplicationId) -> Result<(), StoreError> {
    let own: Vec<(String, Option<PaymentId>)> = payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::application_id.eq(id))
        .select((payments::merchant_reference, payments::share_of))
        .load(tx.read())?;
    let mut references = Vec::with_capacity(own.len());
    let mut leads = Vec::new();
    for (reference, lead) in own {
        match lead {
            None => references.push(reference),
            Some(lead) => leads.push(lead),
        }
    }
    for lead in leads {
        references.extend(shared_references(tx, tenant, lead)?);
    }
    for some in references.chunks(AT_ONCE) {
        let about = gateway_notifications::table
            .filter(gateway_notifications::tenant_id.eq(tenant))
            .filter(gateway_notifications::merchant_reference.eq_any(some));
        diesel::update(about).set(gateway_notifications::wrapped_key.eq(DESTROYED)).execute(tx.change())?;
    }
    Ok(())
}

/// The references of a payment that was divided over several cases; none while one of the cases still has its key.
fn shared_references(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    lead: PaymentId,
) -> Result<Vec<String>, StoreError> {
    let of_case =
        payments::tenant_id.eq(applications::tenant_id).and(payments::application_id.eq(applications::id));
    let shares: Vec<(String, Vec<u8>)> = payments::table
        .inner_join(applications::table.on(of_case))
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::share_of.eq(lead))
        .select((payments::merchant_reference, applications::wrapped_key))
        .load(tx.read())?;
    let is_last = shares.iter().all(|(_, key)| *key == DESTROYED);
    Ok(if is_last { shares.into_iter().map(|(reference, _)| reference).collect() } else { Vec::new() })
}
