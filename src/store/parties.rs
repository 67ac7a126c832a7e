//! Parties of cases (当事者) and the arrivals of cases (到達).

use diesel::prelude::*;

use super::backend::on_either;
use super::schema::{accounts, applications, arrivals, parties};
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::account::AccountKind;
use crate::domain::id::{AccountId, ApplicationId, TenantCode};
use crate::domain::party::PartyRole;
use crate::store::applications::ApplicationRow;

/// A party pinned in a case.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = parties, treat_none_as_default_value = false)]
pub struct PartyRow {
    /// The body in charge.
    pub tenant_id: TenantCode,
    /// The case.
    pub application_id: ApplicationId,
    /// `applicant`, `agent`, `payer`, `obligor` or `contact`.
    pub role: String,
    /// The account that acts for the party.
    pub account_id: Option<AccountId>,
    /// Name and contact as they were then, sealed with the case's key.
    pub sealed_party: Vec<u8>,
}

/// One leg of a case's arrival; never changed.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = arrivals, treat_none_as_default_value = false)]
pub struct ArrivalRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The case.
    pub application_id: ApplicationId,
    /// 1 for the first office it reached.
    pub leg: i64,
    /// Code of the office.
    pub office: String,
    /// 到達日時.
    pub arrived_at: Micros,
    /// `online`, `counter` or `post`.
    pub channel: String,
    /// Who attests a paper arrival.
    pub attested_by: Option<String>,
    /// When the row was written.
    pub recorded_at: Micros,
}

/// Pins a party.
pub fn insert(tx: &mut Tx<'_>, row: &PartyRow) -> Result<(), StoreError> {
    on_either!(tx.change(), |conn| diesel::insert_into(parties::table).values(row).execute(conn))?;
    Ok(())
}

/// All parties of a case.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<PartyRow>, StoreError> {
    Ok(parties::table
        .filter(parties::tenant_id.eq(tenant))
        .filter(parties::application_id.eq(id))
        .order(parties::role)
        .select(PartyRow::as_select())
        .load(tx.read())?)
}

/// A case with those who stand in it.
#[derive(Clone, Debug)]
pub struct CaseWithParties {
    /// The case.
    pub row: ApplicationRow,
    /// The accounts that act for its parties.
    pub accounts: Vec<AccountId>,
    /// The same, each under the role of its party.
    pub roles: Vec<(PartyRole, AccountId)>,
    /// The kind of the applicant's account.
    pub applicant: Option<AccountKind>,
}

/// A case together with the accounts that act for its parties, in one statement.
pub fn case_with_accounts(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Option<CaseWithParties>, StoreError> {
    let of_case = parties::tenant_id.eq(applications::tenant_id);
    let joined = applications::table
        .inner_join(parties::table.on(of_case.and(parties::application_id.eq(applications::id))))
        .left_join(accounts::table.on(parties::account_id.eq(accounts::id.nullable())))
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::id.eq(id))
        .order(parties::role);
    let rows: Vec<(ApplicationRow, String, Option<AccountId>, Option<String>)> =
        on_either!(tx.read(), |conn| joined
            .select((
                ApplicationRow::as_select(),
                parties::role,
                parties::account_id,
                accounts::kind.nullable()
            ))
            .load(conn))?;
    let with_role = |(_, role, account, _): &(_, String, Option<AccountId>, _)| {
        account.map(|account| {
            let known = PartyRole::parse(role);
            Ok((known.ok_or_else(|| StoreError::Inconsistent(format!("parties.role of {id}")))?, account))
        })
    };
    let roles = rows.iter().filter_map(with_role).collect::<Result<Vec<_>, StoreError>>()?;
    let accounts = roles.iter().map(|(_, account)| *account).collect();
    let applicant = rows.iter().find(|(_, role, ..)| role == "applicant");
    let applicant = applicant.and_then(|(.., kind)| AccountKind::parse(kind.as_deref()?));
    Ok(rows.into_iter().next().map(|(row, ..)| CaseWithParties { row, accounts, roles, applicant }))
}

/// The cases an account acts in, newest first, over all tenants; `before` is the last id of the page before.
pub fn cases_of_account(
    tx: &mut impl Reads,
    account: AccountId,
    before: Option<ApplicationId>,
    limit: i64,
) -> Result<Vec<ApplicationRow>, StoreError> {
    let mut query = applications::table
        .inner_join(parties::table.on(
            parties::tenant_id.eq(applications::tenant_id).and(parties::application_id.eq(applications::id)),
        ))
        .filter(parties::account_id.eq(account))
        // PostgreSQL orders what is distinct only by what is selected.
        .order(applications::id.desc())
        .limit(limit)
        .select(ApplicationRow::as_select())
        .distinct()
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(applications::id.lt(before));
    }
    Ok(query.load(tx.read())?)
}

/// The legs of the arrival of a case, in order.
pub fn arrivals_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<ArrivalRow>, StoreError> {
    Ok(arrivals::table
        .filter(arrivals::tenant_id.eq(tenant))
        .filter(arrivals::application_id.eq(id))
        .order(arrivals::leg)
        .select(ArrivalRow::as_select())
        .load(tx.read())?)
}

/// Records an arrival.
pub fn insert_arrival(tx: &mut Tx<'_>, row: &ArrivalRow) -> Result<(), StoreError> {
    on_either!(tx.change(), |conn| diesel::insert_into(arrivals::table).values(row).execute(conn))?;
    Ok(())
}
