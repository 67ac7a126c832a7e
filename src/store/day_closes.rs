//! Closed days (日締め), and the entries that a day is made of.

use std::collections::HashMap;

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use jiff::Timestamp;
use jiff::civil::Date;

use super::invoices::EntryRow;
use super::schema::reconciliation::{day_close_confirmations, day_closes};
use super::schema::records::record_books;
use super::schema::refunds::refunds;
use super::schema::settlements::settlement_matches;
use super::schema::{invoices, ledger_entries, payments};
use super::sql::{IsoDate, Json, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::day_close::RecordedEntry;
use crate::domain::id::{
    ApplicationId, InvoiceId, OfficerId, PaymentId, RefundId, SettlementLineId, TenantCode,
};
use crate::domain::invoice::InvoiceLine;
use crate::domain::ledger::Entry;
use crate::domain::records::BookKind;

/// Names looked up in one go.
const AT_ONCE: usize = 500;

/// A close as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = day_closes)]
pub struct CloseRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The JST day.
    pub day: IsoDate,
    /// 1, 2, 3 … without gaps.
    pub close_no: i64,
    /// The canonical JSON of what it states.
    pub statement: String,
    /// Hash of the close before.
    pub prev_hash: Vec<u8>,
    /// Hash of this one.
    pub hash: Vec<u8>,
    /// The key that signed it.
    pub key_id: String,
    /// The signature over the statement.
    pub signature: Vec<u8>,
    /// Who closed.
    pub closed_by: OfficerId,
    /// When.
    pub closed_at: Micros,
}

/// The agreement of a second person.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = day_close_confirmations)]
pub struct ConfirmationRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The JST day.
    pub day: IsoDate,
    /// Who closed.
    pub closed_by: OfficerId,
    /// Who agreed: somebody else.
    pub confirmed_by: OfficerId,
    /// When.
    pub confirmed_at: Micros,
    /// The key that signed it.
    pub key_id: String,
    /// The signature over close, officer and instant.
    pub signature: Vec<u8>,
}

/// A close with the agreement to it, if somebody agreed.
pub type Closed = (CloseRow, Option<ConfirmationRow>);

/// Whether a row was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is new.
    New,
    /// Somebody was faster; nothing was changed.
    Taken,
}

impl Written {
    fn of(added: usize) -> Self {
        if added == 0 { Self::Taken } else { Self::New }
    }
}

/// Stores a close, unless the day is closed.
pub fn insert(tx: &mut Tx<'_>, row: &CloseRow) -> Result<Written, StoreError> {
    Ok(Written::of(or_ignore(diesel::insert_into(day_closes::table).values(row)).execute(tx.change())?))
}

/// Stores an agreement, unless there is one.
pub fn confirm(tx: &mut Tx<'_>, row: &ConfirmationRow) -> Result<Written, StoreError> {
    let insert = or_ignore(diesel::insert_into(day_close_confirmations::table).values(row));
    Ok(Written::of(insert.execute(tx.change())?))
}

/// What joins a close and the agreement to it.
macro_rules! closes {
    ($tenant:expr) => {
        day_closes::table
            .left_join(
                day_close_confirmations::table.on(day_close_confirmations::tenant_id
                    .eq(day_closes::tenant_id)
                    .and(day_close_confirmations::day.eq(day_closes::day))),
            )
            .filter(day_closes::tenant_id.eq($tenant))
            .select((CloseRow::as_select(), Option::<ConfirmationRow>::as_select()))
    };
}

/// The close of a day.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, day: Date) -> Result<Option<Closed>, StoreError> {
    Ok(closes!(tenant).filter(day_closes::day.eq(IsoDate(day))).first(tx.read()).optional()?)
}

/// The youngest closes before a day, youngest first.
pub fn youngest(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    before: Option<Date>,
    limit: i64,
) -> Result<Vec<Closed>, StoreError> {
    let before = IsoDate(before.unwrap_or(Date::MAX));
    let query = closes!(tenant).filter(day_closes::day.lt(before)).order(day_closes::day.desc()).limit(limit);
    Ok(query.load(tx.read())?)
}

/// As [`youngest`], without those that were disposed of as records: they are read by the check of the chain alone.
pub fn youngest_left(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    before: Option<Date>,
    limit: i64,
) -> Result<Vec<Closed>, StoreError> {
    let disposed_of = record_books::table
        .filter(record_books::tenant_id.eq(day_closes::tenant_id))
        .filter(record_books::kind.eq(BookKind::DayClose.as_str()))
        .filter(record_books::subject.eq(day_closes::day))
        .filter(record_books::erased_at.is_not_null());
    let days: Vec<IsoDate> = day_closes::table
        .filter(day_closes::tenant_id.eq(tenant))
        .filter(day_closes::day.lt(IsoDate(before.unwrap_or(Date::MAX))))
        .filter(not(exists(disposed_of)))
        .order(day_closes::day.desc())
        .limit(limit)
        .select(day_closes::day)
        .load(tx.read())?;
    let query = closes!(tenant).filter(day_closes::day.eq_any(days)).order(day_closes::day.desc());
    Ok(query.load(tx.read())?)
}

/// The closes after a number, in order.
pub fn after(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    close_no: i64,
    limit: i64,
) -> Result<Vec<Closed>, StoreError> {
    let query =
        closes!(tenant).filter(day_closes::close_no.gt(close_no)).order(day_closes::close_no).limit(limit);
    Ok(query.load(tx.read())?)
}

/// Where a page of entries goes on.
pub type EntryPosition = (Micros, String);

/// An entry with the case it belongs to.
pub type CaseEntry = (ApplicationId, RecordedEntry);

/// The next entries that were recorded in a span, in the order of instant and id.
pub fn entries(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (from, until): (Option<Timestamp>, Timestamp),
    after: Option<&EntryPosition>,
    limit: i64,
) -> Result<Vec<CaseEntry>, StoreError> {
    let mut query = ledger_entries::table
        .filter(ledger_entries::tenant_id.eq(tenant))
        .filter(ledger_entries::recorded_at.lt(Micros(until)))
        .order((ledger_entries::recorded_at, ledger_entries::id))
        .limit(limit)
        .select((
            ledger_entries::id,
            ledger_entries::application_id,
            ledger_entries::recorded_at,
            EntryRow::as_select(),
        ))
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(ledger_entries::recorded_at.ge(Micros(from)));
    }
    if let Some((at, id)) = after {
        let later = ledger_entries::recorded_at.eq(*at).and(ledger_entries::id.gt(id.clone()));
        query = query.filter(ledger_entries::recorded_at.ge(*at));
        query = query.filter(ledger_entries::recorded_at.gt(*at).or(later));
    }
    let rows: Vec<(String, ApplicationId, Micros, EntryRow)> = query.load(tx.read())?;
    let recorded = |(id, case, at, row): (String, ApplicationId, Micros, EntryRow)| {
        Ok((case, RecordedEntry { id, recorded_at: at.0, entry: Entry::try_from(row)? }))
    };
    rows.into_iter().map(recorded).collect()
}

/// The lines of the invoices of some cases, oldest invoice first, each with its invoice.
pub fn invoice_lines(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<HashMap<ApplicationId, Vec<(InvoiceId, InvoiceLine)>>, StoreError> {
    let mut found: HashMap<ApplicationId, Vec<(InvoiceId, InvoiceLine)>> = HashMap::new();
    for some in cases.chunks(AT_ONCE) {
        let rows: Vec<(ApplicationId, InvoiceId, Json<Vec<InvoiceLine>>)> = invoices::table
            .filter(invoices::tenant_id.eq(tenant))
            .filter(invoices::application_id.eq_any(some))
            .order((invoices::issued_at, invoices::id))
            .select((invoices::application_id, invoices::id, invoices::lines))
            .load(tx.read())?;
        for (case, invoice, lines) in rows {
            found.entry(case).or_default().extend(lines.0.into_iter().map(|line| (invoice, line)));
        }
    }
    Ok(found)
}

/// The payment that each of some causes is about: a line of a payout or a refund; another cause is left out.
pub fn payments_of_causes(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    causes: &[uuid::Uuid],
) -> Result<HashMap<String, PaymentId>, StoreError> {
    let mut found = HashMap::new();
    for some in causes.chunks(AT_ONCE) {
        let lines: Vec<SettlementLineId> = some.iter().map(|id| SettlementLineId(*id)).collect();
        let rows: Vec<(SettlementLineId, Option<PaymentId>)> = settlement_matches::table
            .filter(settlement_matches::tenant_id.eq(tenant))
            .filter(settlement_matches::line_id.eq_any(lines))
            .select((settlement_matches::line_id, settlement_matches::payment_id))
            .load(tx.read())?;
        found.extend(rows.into_iter().filter_map(|(line, payment)| Some((line.to_string(), payment?))));
        let ids: Vec<RefundId> = some.iter().map(|id| RefundId(*id)).collect();
        let rows: Vec<(RefundId, PaymentId)> = refunds::table
            .filter(refunds::tenant_id.eq(tenant))
            .filter(refunds::id.eq_any(ids))
            .select((refunds::id, refunds::payment_id))
            .load(tx.read())?;
        found.extend(rows.into_iter().map(|(refund, payment)| (refund.to_string(), payment)));
    }
    Ok(found)
}

/// By which way a payment came, and for what.
#[derive(Clone, Debug)]
pub struct WayOfPayment {
    /// The merchant account.
    pub gateway: String,
    /// The method.
    pub method: String,
    /// The invoice it pays.
    pub invoice_id: InvoiceId,
}

/// The ways of some payments.
pub fn ways_of_payment(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[PaymentId],
) -> Result<HashMap<PaymentId, WayOfPayment>, StoreError> {
    let mut found = HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let rows: Vec<(PaymentId, String, String, InvoiceId)> = payments::table
            .filter(payments::tenant_id.eq(tenant))
            .filter(payments::id.eq_any(some))
            .select((payments::id, payments::gateway, payments::method, payments::invoice_id))
            .load(tx.read())?;
        found.extend(
            rows.into_iter()
                .map(|(id, gateway, method, invoice_id)| (id, WayOfPayment { gateway, method, invoice_id })),
        );
    }
    Ok(found)
}

/// The entries by which some refunds were decided, and booked back: what they are taken from, and what they come back to.
pub fn refund_decisions(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    refunds: &[String],
) -> Result<Vec<Entry>, StoreError> {
    let mut found = Vec::new();
    for some in refunds.chunks(AT_ONCE) {
        let rows: Vec<EntryRow> = ledger_entries::table
            .filter(ledger_entries::tenant_id.eq(tenant))
            .filter(ledger_entries::kind.eq_any(["refund", "interest", "reverse_refund"]))
            .filter(ledger_entries::source_id.eq_any(some))
            .order((ledger_entries::source_id, ledger_entries::line_no))
            .select(EntryRow::as_select())
            .load(tx.read())?;
        let entries: Result<Vec<Entry>, StoreError> = rows.into_iter().map(Entry::try_from).collect();
        found.extend(entries?);
    }
    Ok(found)
}
