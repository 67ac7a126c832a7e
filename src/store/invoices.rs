//! Invoices (調定＋納入通知) and the ledger entries that book them.

use std::collections::HashMap;

use diesel::prelude::*;

use super::backend::on_either;
use super::schema::{applications, invoices, ledger_entries, payments};
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{AccountId, ApplicationId, InvoiceId, TenantCode};
use crate::domain::invoice::{InvoiceLine, InvoiceState};
use crate::domain::ledger::{Account, Entry, EntryKind, Posting};
use crate::domain::money::Yen;

/// An invoice as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoices, treat_none_as_default_value = false)]
pub struct InvoiceRow {
    /// The body owed to.
    pub tenant_id: TenantCode,
    /// The invoice.
    pub id: InvoiceId,
    /// The case it arises from.
    pub application_id: ApplicationId,
    /// The number the payer is told.
    pub number: String,
    /// Name of the state.
    pub state: String,
    /// What was assessed (調定額).
    pub total: Yen,
    /// What was taken off since by decisions (減額調定); never more than the total.
    pub reduced: Yen,
    /// What was given up of it (不納欠損): all that was owed, or nothing.
    pub written_off: Yen,
    /// 会計年度 it belongs to.
    pub fiscal_year: i64,
    /// The account of the 納入義務者.
    pub obligor_account_id: Option<AccountId>,
    /// The lines; an amount never changes, a change is a new assessment.
    pub lines: Json<Vec<InvoiceLine>>,
    /// What it was computed from, sealed with the case's key (T-2 computes the fee again from it).
    pub sealed_inputs: Vec<u8>,
    /// When it was issued.
    pub issued_at: Micros,
    /// 納期限, not moved off a day off; unknown for what was issued before it was kept.
    pub due_on: Option<IsoDate>,
    /// 委託日.
    pub entrusted_on: Option<IsoDate>,
    /// 納付日.
    pub paid_on: Option<IsoDate>,
    /// The claim beside which it was assessed (督促手数料・延滞金); none for what arises from the case itself.
    pub principal_id: Option<InvoiceId>,
    /// What cancelled stamps settled of it (証紙): all that was owed, or nothing.
    pub stamped: Yen,
    /// Rises with every change.
    pub version: i64,
}

impl InvoiceRow {
    /// What is to be paid of it in all: what was assessed less what was taken off.
    pub fn owed(&self) -> Yen {
        self.total.minus(self.reduced).unwrap_or(Yen::ZERO)
    }

    /// Whether one and the same person owes it and another invoice, by the obligors that their notices named: whoever stands in the
    /// cases by now may be somebody else. Of what names no account it is not known who owes it.
    pub fn has_obligor_of(&self, other: &Self) -> bool {
        self.obligor_account_id.is_some() && self.obligor_account_id == other.obligor_account_id
    }

    /// Whether it is owed and not covered yet.
    pub fn is_open(&self) -> Result<bool, StoreError> {
        Ok(matches!(self.invoice_state()?, InvoiceState::Unpaid | InvoiceState::Pending))
    }

    /// The state.
    pub fn invoice_state(&self) -> Result<InvoiceState, StoreError> {
        InvoiceState::parse(&self.state)
            .ok_or_else(|| StoreError::Inconsistent(format!("invoices.state of {}", self.id)))
    }
}

/// The place that the sealed inputs are bound to.
pub fn inputs_place(id: InvoiceId) -> String {
    format!("invoices.sealed_inputs:{id}")
}

/// Stores a new invoice.
pub fn insert(tx: &mut Tx<'_>, row: &InvoiceRow) -> Result<(), StoreError> {
    on_either!(tx.change(), |conn| diesel::insert_into(invoices::table).values(row).execute(conn))?;
    Ok(())
}

/// One invoice.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Option<InvoiceRow>, StoreError> {
    Ok(invoices::table
        .filter(invoices::tenant_id.eq(tenant))
        .filter(invoices::id.eq(id))
        .select(InvoiceRow::as_select())
        .get_result(tx.read())
        .optional()?)
}

/// The invoice of a number that a payer was told.
pub fn find_by_number(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    number: &str,
) -> Result<Option<InvoiceRow>, StoreError> {
    Ok(invoices::table
        .filter(invoices::tenant_id.eq(tenant))
        .filter(invoices::number.eq(number))
        .select(InvoiceRow::as_select())
        .get_result(tx.read())
        .optional()?)
}

/// An invoice with what opens its inputs and names its procedure.
#[derive(Clone, Debug)]
pub struct InvoiceOfCase {
    /// The invoice.
    pub invoice: InvoiceRow,
    /// Slug of the procedure.
    pub procedure: String,
    /// The case's key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// Invoices of all tenants that were priced by a procedure, in the order of tenant and id, after `after`.
pub fn page(
    tx: &mut impl Reads,
    after: Option<&(TenantCode, InvoiceId)>,
    limit: i64,
) -> Result<Vec<InvoiceOfCase>, StoreError> {
    let mut query = invoices::table
        .filter(invoices::principal_id.is_null())
        .order((invoices::tenant_id, invoices::id))
        .limit(limit)
        .select(InvoiceRow::as_select())
        .into_boxed();
    if let Some((tenant, id)) = after {
        let later = invoices::tenant_id.eq(tenant).and(invoices::id.gt(id));
        query = query.filter(invoices::tenant_id.gt(tenant).or(later));
    }
    let rows: Vec<InvoiceRow> = query.load(tx.read())?;
    let mut tenants: Vec<TenantCode> = rows.iter().map(|row| row.tenant_id.clone()).collect();
    tenants.dedup();
    let cases: Vec<ApplicationId> = rows.iter().map(|row| row.application_id).collect();
    let cases: Vec<(ApplicationId, String, Vec<u8>)> = applications::table
        .filter(applications::tenant_id.eq_any(tenants))
        .filter(applications::id.eq_any(cases))
        .select((applications::id, applications::procedure, applications::wrapped_key))
        .load(tx.read())?;
    let cases: HashMap<ApplicationId, (String, Vec<u8>)> =
        cases.into_iter().map(|(id, procedure, wrapped_key)| (id, (procedure, wrapped_key))).collect();
    let of_case = |invoice: InvoiceRow| {
        let found = cases.get(&invoice.application_id).cloned();
        let (procedure, wrapped_key) =
            found.ok_or_else(|| StoreError::Inconsistent(format!("the case of invoice {}", invoice.id)))?;
        Ok(InvoiceOfCase { invoice, procedure, wrapped_key })
    };
    rows.into_iter().map(of_case).collect()
}

/// The invoices that arise from a case itself, oldest first; what was assessed beside a late one is left out.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<InvoiceRow>, StoreError> {
    let mut rows = all_of_case(tx, tenant, id)?;
    rows.retain(|row| row.principal_id.is_none());
    Ok(rows)
}

/// What was assessed beside a claim (督促手数料・延滞金), oldest first.
pub fn of_principal(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<InvoiceRow>, StoreError> {
    Ok(invoices::table
        .filter(invoices::tenant_id.eq(tenant))
        .filter(invoices::principal_id.eq(id))
        .order((invoices::issued_at, invoices::id))
        .select(InvoiceRow::as_select())
        .load(tx.read())?)
}

/// Every invoice of a case, oldest first, with what was assessed beside late ones.
pub fn all_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<InvoiceRow>, StoreError> {
    Ok(invoices::table
        .filter(invoices::tenant_id.eq(tenant))
        .filter(invoices::application_id.eq(id))
        .order((invoices::issued_at, invoices::id))
        .select(InvoiceRow::as_select())
        .load(tx.read())?)
}

/// Every invoice of these cases, oldest first, with what was assessed beside late ones, in one statement.
pub fn all_of_cases(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[ApplicationId],
) -> Result<Vec<InvoiceRow>, StoreError> {
    Ok(invoices::table
        .filter(invoices::tenant_id.eq(tenant))
        .filter(invoices::application_id.eq_any(ids))
        .order((invoices::issued_at, invoices::id))
        .select(InvoiceRow::as_select())
        .load(tx.read())?)
}

/// The invoices an account owes, newest first, over all tenants; `before` is the last id of the page before.
pub fn of_obligor(
    tx: &mut impl Reads,
    account: AccountId,
    before: Option<InvoiceId>,
    limit: i64,
) -> Result<Vec<InvoiceRow>, StoreError> {
    let mut query = invoices::table
        .filter(invoices::obligor_account_id.eq(account))
        .order(invoices::id.desc())
        .limit(limit)
        .select(InvoiceRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(invoices::id.lt(before));
    }
    Ok(query.load(tx.read())?)
}

/// The invoices of a body that more was paid of than is owed, or of which a payment holds money without being a success, or that are
/// owed although a payment was one, oldest first, after `after`.
pub fn with_too_much(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<InvoiceId>,
    limit: i64,
) -> Result<Vec<InvoiceRow>, StoreError> {
    // Only what took money has a day of capture, which is what the index knows.
    let no_success = payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::captured_on.is_not_null())
        .filter(payments::captured.gt(Yen::ZERO))
        .filter(payments::state.ne_all(["captured", "partially_refunded", "refunded"]))
        .select(payments::invoice_id);
    let settled_nothing = payments::table
        .filter(payments::tenant_id.eq(tenant))
        .filter(payments::captured_on.is_not_null())
        .filter(payments::state.eq_any(["captured", "partially_refunded"]))
        .select(payments::invoice_id);
    let too_much = invoices::state
        .eq("overpaid")
        .or(invoices::id.eq_any(no_success))
        .or(invoices::state.eq("pending").and(invoices::id.eq_any(settled_nothing)));
    let mut query = invoices::table
        .filter(invoices::tenant_id.eq(tenant))
        .filter(too_much)
        .order(invoices::id)
        .limit(limit)
        .select(InvoiceRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(invoices::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// Stores the state, the days, and what was taken off, given up or settled by stamps of an invoice under the next version.
pub fn update_standing(tx: &mut Tx<'_>, row: &mut InvoiceRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    let target = invoices::table
        .filter(invoices::tenant_id.eq(&row.tenant_id))
        .filter(invoices::id.eq(row.id))
        .filter(invoices::version.eq(before));
    let affected = diesel::update(target)
        .set((
            invoices::state.eq(&row.state),
            invoices::entrusted_on.eq(row.entrusted_on),
            invoices::paid_on.eq(row.paid_on),
            invoices::reduced.eq(row.reduced),
            invoices::written_off.eq(row.written_off),
            invoices::stamped.eq(row.stamped),
            invoices::version.eq(row.version),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("invoices.version of {}", row.id)))
    }
}

/// Books entries; the unique cause (kind, source, line) refuses a second booking of the same thing.
pub fn book(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    application: ApplicationId,
    entries: &[Entry],
) -> Result<(), StoreError> {
    for entry in entries {
        let (id, now) = (tx.new_id().to_string(), Micros(tx.now()));
        let insert = diesel::insert_into(ledger_entries::table).values((
            ledger_entries::tenant_id.eq(tenant),
            ledger_entries::id.eq(id),
            ledger_entries::application_id.eq(application),
            ledger_entries::kind.eq(entry.kind.to_string()),
            ledger_entries::source_id.eq(&entry.source_id),
            ledger_entries::line_no.eq(entry.line_no),
            ledger_entries::debit_account.eq(entry.debit_account.to_string()),
            ledger_entries::credit_account.eq(entry.credit_account.to_string()),
            ledger_entries::amount.eq(entry.amount),
            ledger_entries::fiscal_year.eq(i64::from(entry.fiscal_year)),
            ledger_entries::booked_on.eq(IsoDate(entry.booked_on)),
            ledger_entries::recorded_at.eq(now),
        ));
        on_either!(tx.change(), |conn| insert.execute(conn))?;
    }
    Ok(())
}

/// Whether the assessment of an invoice was booked back (調定取消).
pub fn is_assessment_reversed(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<bool, StoreError> {
    let reversed = ledger_entries::table
        .filter(ledger_entries::tenant_id.eq(&invoice.tenant_id))
        .filter(ledger_entries::kind.eq(EntryKind::Reversed(Posting::Assess).to_string()))
        .filter(ledger_entries::source_id.eq(invoice.id.to_string()));
    Ok(reversed.count().get_result::<i64>(tx.read())? > 0)
}

/// All entries of a case, in the order they were booked.
pub fn entries_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<EntryRow> = ledger_entries::table
        .filter(ledger_entries::tenant_id.eq(tenant))
        .filter(ledger_entries::application_id.eq(application))
        .order((ledger_entries::recorded_at, ledger_entries::id))
        .select(EntryRow::as_select())
        .load(tx.read())?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// All entries of a tenant, for the check of the whole ledger.
pub fn entries_of_tenant(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<EntryRow> = ledger_entries::table
        .filter(ledger_entries::tenant_id.eq(tenant))
        .order((ledger_entries::recorded_at, ledger_entries::id))
        .select(EntryRow::as_select())
        .load(tx.read())?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// An entry as stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = ledger_entries)]
pub(super) struct EntryRow {
    kind: String,
    source_id: String,
    line_no: i64,
    debit_account: String,
    credit_account: String,
    amount: Yen,
    fiscal_year: i64,
    booked_on: IsoDate,
}

impl TryFrom<EntryRow> for Entry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        let broken =
            |column: &str| StoreError::Inconsistent(format!("ledger_entries.{column} of {}", row.source_id));
        Ok(Self {
            kind: EntryKind::parse(&row.kind).ok_or_else(|| broken("kind"))?,
            line_no: row.line_no,
            debit_account: Account::parse(&row.debit_account).ok_or_else(|| broken("debit_account"))?,
            credit_account: Account::parse(&row.credit_account).ok_or_else(|| broken("credit_account"))?,
            amount: row.amount,
            fiscal_year: i16::try_from(row.fiscal_year).map_err(|_| broken("fiscal_year"))?,
            booked_on: row.booked_on.0,
            source_id: row.source_id,
        })
    }
}
