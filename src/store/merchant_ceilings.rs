//! What a merchant account took, and the locks under which payments are opened at one that has a ceiling.
//!
//! The sums are asked of an index each time: no row counts them. Whoever opens under a ceiling holds the account's row as a root
//! meanwhile, so that of two who see the same rest one waits for the other.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::civil::Date;
use uuid::Uuid;

use super::roots::{Root, RootTable};
use super::schema::payment_desk::merchant_ceilings;
use super::schema::payments;
use super::sql::{IsoDate, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::TenantCode;
use crate::domain::money::Yen;
use crate::domain::payment::{MethodCode, PaymentState, Taken};

/// The roots of some accounts of a body; an account without one has none yet.
pub fn roots(tx: &mut impl Reads, tenant: &TenantCode, gateways: &[String]) -> Result<Vec<Root>, StoreError> {
    let ids: Vec<String> = merchant_ceilings::table
        .filter(merchant_ceilings::tenant_id.eq(tenant))
        .filter(merchant_ceilings::gateway.eq_any(gateways))
        .order(merchant_ceilings::id)
        .select(merchant_ceilings::id)
        .load(tx.read())?;
    let root = |id: &String| {
        let id: Uuid =
            id.parse().map_err(|_| StoreError::Inconsistent(format!("merchant_ceilings.id {id}")))?;
        Ok(Root::Aggregate { table: RootTable::MerchantCeilings, id })
    };
    ids.iter().map(root).collect()
}

/// Makes the root of an account of a body, unless there is one.
pub fn make_root(tx: &mut Tx<'_>, tenant: &TenantCode, gateway: &str) -> Result<(), StoreError> {
    let id = tx.new_id().to_string();
    let row = (
        merchant_ceilings::tenant_id.eq(tenant),
        merchant_ceilings::gateway.eq(gateway),
        merchant_ceilings::id.eq(id),
    );
    or_ignore(diesel::insert_into(merchant_ceilings::table).values(row)).execute(tx.change())?;
    Ok(())
}

/// What an account took of a body by each method, on `today` and since the first day of its month, with what is open.
pub fn taken(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    today: Date,
) -> Result<BTreeMap<MethodCode, Taken>, StoreError> {
    let mut sums: BTreeMap<MethodCode, Taken> = BTreeMap::new();
    let mut add = |method: &str, part: Taken| -> Result<(), StoreError> {
        let broken = || StoreError::Inconsistent(format!("payments of {gateway} by {method}"));
        let sum = sums.entry(MethodCode::parse(method).ok_or_else(broken)?).or_default();
        *sum = sum.plus(part).map_err(|_| broken())?;
        Ok(())
    };
    for (method, amount) in captured_since(tx, tenant, gateway, today.first_of_month())? {
        add(&method, Taken { today: Yen::ZERO, this_month: amount })?;
    }
    for (method, amount) in captured_since(tx, tenant, gateway, today)? {
        add(&method, Taken { today: amount, this_month: Yen::ZERO })?;
    }
    let live = PaymentState::ALL.into_iter().filter(|state| state.is_live()).map(PaymentState::as_str);
    let open: Vec<(String, Yen)> = payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::gateway.eq(gateway))
        .filter(payments::state.eq_any(live.collect::<Vec<_>>()))
        .filter(payments::captured_on.is_null())
        .group_by(payments::method)
        .select((payments::method, sql::<BigInt>("CAST(SUM(payments.amount) AS BIGINT)")))
        .load(tx.read())?;
    for (method, amount) in open {
        add(&method, Taken::open(amount))?;
    }
    Ok(sums)
}

/// What was taken by each method on `first` and since.
fn captured_since(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    first: Date,
) -> Result<Vec<(String, Yen)>, StoreError> {
    Ok(payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::gateway.eq(gateway))
        .filter(payments::captured_on.ge(IsoDate(first)))
        .group_by(payments::method)
        .select((payments::method, sql::<BigInt>("CAST(SUM(payments.captured) AS BIGINT)")))
        .load(tx.read())?)
}
