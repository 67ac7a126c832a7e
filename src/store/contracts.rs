//! Contracts (契約, R-103): what was offered, and every act about it in order.

use diesel::prelude::*;
use jiff::civil::Date;

use super::schema::contracts::{contract_acts, contracts};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::contract::{ContractAct, ContractStanding};
use crate::domain::id::{ApplicationId, ContractId, DecisionId, TenantCode};
use crate::domain::money::Yen;

/// A contract as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = contracts, treat_none_as_default_value = false)]
pub struct ContractRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The contract.
    pub id: ContractId,
    /// The case.
    pub application_id: ApplicationId,
    /// The decision that offers it.
    pub decision_id: DecisionId,
    /// `offered`, `concluded`, `lapsed` or `withdrawn`; it follows from the acts.
    pub state: String,
    /// Who signs for the body.
    pub authority: String,
    /// The exact text that both sides sign, sealed with the case's key.
    pub sealed_statement: Vec<u8>,
    /// SHA-256 of the text.
    pub statement_sha256: Vec<u8>,
    /// What is asked for with the conclusion, in yen; none where nothing is.
    pub price: Option<Yen>,
    /// The assessment of the price as it was offered, sealed with the case's key; none where nothing is asked for.
    pub sealed_fee: Option<Vec<u8>>,
    /// The day of the offer.
    pub offered_on: IsoDate,
    /// The last day for the signatures.
    pub sign_by: IsoDate,
    /// The day of the later signature, once it is concluded.
    pub concluded_on: Option<IsoDate>,
    /// The number of acts.
    pub version: i64,
    /// When it was offered.
    pub offered_at: Micros,
}

/// An act as stored; never changed. Its number is the version of the contract after it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = contract_acts, treat_none_as_default_value = false)]
pub struct ContractActRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The contract.
    pub contract_id: ContractId,
    /// 1, 2, 3 …
    pub act_no: i64,
    /// The name of the act.
    pub act: String,
    /// The account or the officer; none where the clock did it.
    pub actor_id: Option<String>,
    /// Signature and certificates, a note or a reason, sealed with the case's key.
    pub sealed_detail: Option<Vec<u8>>,
    /// When.
    pub acted_at: Micros,
}

impl ContractActRow {
    /// What was done.
    pub fn contract_act(&self) -> Result<ContractAct, StoreError> {
        let unknown = || StoreError::Inconsistent(format!("contract_acts.act of {}", self.contract_id));
        ContractAct::parse(&self.act).ok_or_else(unknown)
    }
}

/// The place that the sealed text is bound to.
pub fn statement_place(id: ContractId) -> String {
    format!("contracts.sealed_statement:{id}")
}

/// The place that the sealed assessment is bound to.
pub fn fee_place(id: ContractId) -> String {
    format!("contracts.sealed_fee:{id}")
}

/// The place that the sealed detail of an act is bound to.
pub fn detail_place(id: ContractId, act_no: i64) -> String {
    format!("contract_acts.sealed_detail:{id}:{act_no}")
}

/// Stores a new contract; a second one of the same case is refused by the table.
pub fn insert(tx: &mut Tx<'_>, row: &ContractRow) -> Result<(), StoreError> {
    diesel::insert_into(contracts::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Stores an act.
pub fn insert_act(tx: &mut Tx<'_>, row: &ContractActRow) -> Result<(), StoreError> {
    diesel::insert_into(contract_acts::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The contract of a case.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
) -> Result<Option<ContractRow>, StoreError> {
    Ok(contracts::table
        .filter(contracts::tenant_id.eq(tenant))
        .filter(contracts::application_id.eq(case))
        .select(ContractRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The acts about a contract, in their order.
pub fn acts_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ContractId,
) -> Result<Vec<ContractActRow>, StoreError> {
    Ok(contract_acts::table
        .filter(contract_acts::tenant_id.eq(tenant))
        .filter(contract_acts::contract_id.eq(id))
        .order(contract_acts::act_no)
        .select(ContractActRow::as_select())
        .load(tx.read())?)
}

/// Offers whose last day lies before `day`, in the order of their ids, after `after`.
pub fn overdue(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    day: Date,
    after: Option<ContractId>,
    limit: i64,
) -> Result<Vec<ContractRow>, StoreError> {
    let mut query = contracts::table
        .filter(contracts::tenant_id.eq(tenant))
        .filter(contracts::state.eq(ContractStanding::OFFERED.as_str()))
        .filter(contracts::sign_by.lt(IsoDate(day)))
        .order(contracts::id)
        .limit(limit)
        .select(ContractRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(contracts::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// Stores where a contract stands after one more act.
pub fn update(tx: &mut Tx<'_>, row: &ContractRow) -> Result<(), StoreError> {
    let target = contracts::table
        .filter(contracts::tenant_id.eq(&row.tenant_id))
        .filter(contracts::id.eq(row.id))
        .filter(contracts::version.eq(row.version - 1));
    let changes = (
        contracts::state.eq(&row.state),
        contracts::concluded_on.eq(row.concluded_on),
        contracts::version.eq(row.version),
    );
    match diesel::update(target).set(changes).execute(tx.change())? {
        1 => Ok(()),
        _ => Err(StoreError::Inconsistent(format!("contracts.version of {}", row.id))),
    }
}
