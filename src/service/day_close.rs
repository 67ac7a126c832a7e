//! Closing a day (日締め): one accountant closes, another confirms, and the accounting system takes the totals over.

use std::collections::{HashMap, HashSet};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::accounting::accountant;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::reconciliation_refusal::ReconciliationRefusal;
use super::{Ctx, Effect, Failure, Refusal};
use crate::domain::audit::CHAIN_START;
use crate::domain::day_close::{
    self, CloseStatement, DayTotals, EntryContext, LastClose, RecordedEntry, Share, confirmation_bytes,
    day_span, may_close, signed_bytes,
};
use crate::domain::id::{ApplicationId, InvoiceId, PaymentId, TenantCode};
use crate::domain::ledger::{Account, Entry, EntryKind, Posting, account_of};
use crate::domain::records::BookKind;
use crate::store::day_closes::{self, CaseEntry, CloseRow, Closed, ConfirmationRow, WayOfPayment, Written};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Tx, exception_desk, record_books};

/// Closes on a page.
pub const PAGE: i64 = 50;

/// Entries read in one go.
const PIECE: i64 = 10_000;

/// Closes a day: everything that was recorded on it, and for the first close everything before.
pub async fn close(ctx: Ctx, request: IdempotencyRequest, day: Date) -> Result<Effect<Closed>, Failure> {
    let db = ctx.core.db.clone();
    db.write_alone(vec![], move |tx| {
        let close = |tx: &mut Tx<'_>, now| make(tx, &ctx, &request.tenant, day, now);
        once(tx, &request, "day_close", close, |tx, _| present(tx, &ctx, &request.tenant, day))
    })
    .await
}

fn present(tx: &mut impl Reads, ctx: &Ctx, tenant: &TenantCode, day: Date) -> Result<Closed, Failure> {
    accountant(tx, ctx, tenant)?;
    // A close that was disposed of as a record is read by the check of the chain alone.
    let filed = record_books::of_subject(tx, tenant, BookKind::DayClose, &day.to_string())?;
    if filed.is_some_and(|book| book.erased_at.is_some()) {
        return Err(Refusal::NotFound.into());
    }
    Ok(day_closes::find(tx, tenant, day)?.ok_or(Refusal::NotFound)?)
}

fn make(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    day: Date,
    now: Timestamp,
) -> Result<Made<Closed>, Failure> {
    let officer = accountant(tx, ctx, tenant)?;
    let before = day_closes::youngest(tx, tenant, None, 1)?.pop();
    let last = match &before {
        None => LastClose::None,
        Some((row, None)) => LastClose::Unconfirmed(row.day.0),
        Some((row, Some(_))) => LastClose::Confirmed(row.day.0),
    };
    may_close(day, last, now).map_err(ReconciliationRefusal::from)?;
    let (begins, ends) = day_span(day).ok_or(ReconciliationRefusal::DayNotOver)?;
    let (close_no, prev_hash, recorded_from) = match before {
        Some((row, _)) => (row.close_no + 1, row.hash, Some(begins)),
        None => (1, CHAIN_START.to_vec(), None),
    };
    let (rows, entry_count, entries_sha256) = totals(tx, tenant, (recorded_from, ends))?.finish();
    let signer = ctx.core.keys.checkpoints();
    let statement = CloseStatement {
        close_no,
        closed_at: now,
        closed_by: officer.to_string(),
        day,
        entries_sha256,
        entry_count,
        key_id: signer.key_id().to_owned(),
        open_exceptions: exception_desk::waiting(tx, tenant)?,
        prev_hash: HEXLOWER.encode(&prev_hash),
        recorded_from,
        recorded_until: ends,
        rows,
        tenant: tenant.clone(),
    };
    let statement = statement.to_json();
    let row = CloseRow {
        tenant_id: tenant.clone(),
        day: IsoDate(day),
        close_no,
        prev_hash,
        hash: day_close::hash(&statement).to_vec(),
        key_id: signer.key_id().to_owned(),
        signature: signer.sign(&signed_bytes(&statement)),
        statement,
        closed_by: officer,
        closed_at: Micros(now),
    };
    match day_closes::insert(tx, &row)? {
        Written::New => Ok(Made { resource_id: day.to_string(), value: (row, None) }),
        Written::Taken => Err(ReconciliationRefusal::DayClosed.into()),
    }
}

/// Agrees to a close that somebody else made.
pub async fn confirm(ctx: Ctx, request: IdempotencyRequest, day: Date) -> Result<Effect<Closed>, Failure> {
    let db = ctx.core.db.clone();
    db.write_alone(vec![], move |tx| {
        let agree = |tx: &mut Tx<'_>, now| agree(tx, &ctx, &request.tenant, day, now);
        once(tx, &request, "day_close_confirmation", agree, |tx, _| present(tx, &ctx, &request.tenant, day))
    })
    .await
}

fn agree(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    day: Date,
    now: Timestamp,
) -> Result<Made<Closed>, Failure> {
    let officer = accountant(tx, ctx, tenant)?;
    let (close, confirmation) = day_closes::find(tx, tenant, day)?.ok_or(Refusal::NotFound)?;
    if confirmation.is_some() {
        return Err(ReconciliationRefusal::CloseConfirmed.into());
    }
    if close.closed_by == officer {
        return Err(ReconciliationRefusal::OwnClose.into());
    }
    let signer = ctx.core.keys.checkpoints();
    let row = ConfirmationRow {
        tenant_id: tenant.clone(),
        day: close.day,
        closed_by: close.closed_by,
        confirmed_by: officer,
        confirmed_at: Micros(now),
        key_id: signer.key_id().to_owned(),
        signature: signer.sign(&confirmation_bytes(&close.hash, &officer.to_string(), now)),
    };
    match day_closes::confirm(tx, &row)? {
        Written::New => Ok(Made { resource_id: day.to_string(), value: (close, Some(row)) }),
        Written::Taken => Err(ReconciliationRefusal::CloseConfirmed.into()),
    }
}

/// The youngest closes before a day, youngest first; none that was disposed of as a record.
pub async fn list(ctx: Ctx, tenant: TenantCode, before: Option<Date>) -> Result<Vec<Closed>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        Ok(day_closes::youngest_left(tx, &tenant, before, PAGE)?)
    })
    .await
}

/// The close of a day.
pub async fn show(ctx: Ctx, tenant: TenantCode, day: Date) -> Result<Closed, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| present(tx, &ctx, &tenant, day)).await
}

/// The sums of everything that was recorded in a span, read piece by piece.
pub(super) fn totals(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    span: (Option<Timestamp>, Timestamp),
) -> Result<DayTotals, Failure> {
    let (mut totals, mut after) = (DayTotals::default(), None);
    loop {
        let piece = day_closes::entries(tx, tenant, span, after.as_ref(), PIECE)?;
        let Some((_, last)) = piece.last() else { return Ok(totals) };
        after = Some((Micros(last.recorded_at), last.id.clone()));
        let known = Known::of(tx, tenant, &piece)?;
        for (case, recorded) in &piece {
            totals.add(recorded, &known.context(*case, recorded));
        }
    }
}

/// What the store knows of the causes of some entries.
struct Known {
    shares: HashMap<ApplicationId, Vec<(InvoiceId, Share)>>,
    parts: HashMap<(String, Way), Vec<Share>>,
    payments: HashMap<String, PaymentId>,
    ways: HashMap<PaymentId, WayOfPayment>,
}

impl Known {
    fn of(tx: &mut impl Reads, tenant: &TenantCode, piece: &[CaseEntry]) -> Result<Self, Failure> {
        let cases: HashSet<ApplicationId> = piece.iter().map(|(case, _)| *case).collect();
        let lines = day_closes::invoice_lines(tx, tenant, &cases.into_iter().collect::<Vec<_>>())?;
        let share = |(invoice, line): &(InvoiceId, crate::domain::invoice::InvoiceLine)| {
            let share = Share {
                account: day_close::account_label(&account_of(line)),
                fiscal_year: line.fiscal_year,
                amount: line.amount.amount(),
            };
            (*invoice, share)
        };
        let shares = lines.iter().map(|(case, lines)| (*case, lines.iter().map(share).collect())).collect();
        let source_ids: HashSet<Uuid> =
            piece.iter().flat_map(|(_, recorded)| named_by(&recorded.entry)).collect();
        let source_ids: Vec<Uuid> = source_ids.into_iter().collect();
        let payments = day_closes::payments_of_causes(tx, tenant, &source_ids)?;
        // A cause may be the payment itself.
        let ids: HashSet<PaymentId> =
            payments.values().copied().chain(source_ids.iter().map(|id| PaymentId(*id))).collect();
        let ways = day_closes::ways_of_payment(tx, tenant, &ids.into_iter().collect::<Vec<_>>())?;
        Ok(Self { shares, parts: refund_parts(tx, tenant, piece)?, payments, ways })
    }

    fn context(&self, case: ApplicationId, recorded: &RecordedEntry) -> EntryContext {
        let entry = &recorded.entry;
        let of_cause = self.payments.get(&entry.source_id).copied();
        let is_known = |id: &PaymentId| self.ways.contains_key(id);
        let payment = of_cause.or_else(|| named_by(entry).map(PaymentId).find(is_known));
        let way = payment.and_then(|payment| self.ways.get(&payment));
        let (gateway, method) = match way {
            Some(way) => (way.gateway.clone(), way.method.clone()),
            None => (agent_of(recorded), String::new()),
        };
        // What comes after the id only tells one occasion from the next.
        let named = entry.source_id.split(':').next().and_then(|id| id.parse().ok());
        let invoice = way.map(|way| way.invoice_id).or(named);
        let (posting, way) = way_of(entry);
        let shares = match posting {
            Posting::RefundPaid | Posting::InterestPaid => {
                self.parts.get(&(entry.source_id.clone(), way)).cloned().unwrap_or_default()
            }
            _ => self.shares_of(case, invoice),
        };
        EntryContext { gateway, method, shares }
    }

    /// The lines of an invoice of a case; of all its invoices where none of them is meant.
    fn shares_of(&self, case: ApplicationId, invoice: Option<InvoiceId>) -> Vec<Share> {
        let all = self.shares.get(&case).map_or(&[][..], Vec::as_slice);
        let meant = invoice.filter(|invoice| all.iter().any(|(of, _)| of == invoice));
        let ours = all.iter().filter(|(of, _)| meant.is_none_or(|meant| *of == meant));
        ours.map(|(_, share)| share.clone()).collect()
    }
}

/// The ids that the cause of an entry names: of what it arose from, and of the occasion.
fn named_by(entry: &Entry) -> impl Iterator<Item = Uuid> {
    entry.source_id.split(':').filter_map(|id| id.parse().ok())
}

/// The agent of an entry that is about no payment, such as a fee for none.
fn agent_of(recorded: &RecordedEntry) -> String {
    let accounts = [&recorded.entry.debit_account, &recorded.entry.credit_account];
    let agent = accounts.into_iter().find_map(|account| match account {
        Account::Entrusted(gateway) => Some(gateway.clone()),
        _ => None,
    });
    agent.unwrap_or_default()
}

/// Which way the money of a refund goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    Out,
    Back,
}

fn way_of(entry: &Entry) -> (Posting, Way) {
    match entry.kind {
        EntryKind::Booked(posting) => (posting, Way::Out),
        EntryKind::Reversed(posting) => (posting, Way::Back),
    }
}

/// What each refund that left is taken from, and what each that came back goes to.
fn refund_parts(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    piece: &[CaseEntry],
) -> Result<HashMap<(String, Way), Vec<Share>>, Failure> {
    let left = |recorded: &RecordedEntry| {
        let leaves = matches!(way_of(&recorded.entry).0, Posting::RefundPaid | Posting::InterestPaid);
        leaves.then(|| recorded.entry.source_id.clone())
    };
    let refunds: HashSet<String> = piece.iter().filter_map(|(_, recorded)| left(recorded)).collect();
    let mut parts: HashMap<(String, Way), Vec<Share>> = HashMap::new();
    for entry in day_closes::refund_decisions(tx, tenant, &refunds.into_iter().collect::<Vec<_>>())? {
        let (_, way) = way_of(&entry);
        let account = if way == Way::Out { &entry.debit_account } else { &entry.credit_account };
        let share = Share {
            account: day_close::account_label(account),
            fiscal_year: entry.fiscal_year,
            amount: entry.amount.amount(),
        };
        parts.entry((entry.source_id, way)).or_default().push(share);
    }
    Ok(parts)
}
