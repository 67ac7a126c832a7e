//! What stands in the way of the disposal of a book: holds on its file, and whatever is open of what it is about.

use std::collections::HashSet;

use jiff::civil::Date;

use super::block::{Blocks, MOST_FAULTS, PAGE, of_money};
use crate::catalogue::Catalogue;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{
    ElQrCancellationId, ElQrUploadId, PaymentId, RecordFileId, SettlementLineId, TenantCode,
};
use crate::domain::reconciliation::EL_QR_CANCELLATION;
use crate::domain::records::{BookKind, DisposalBlock, Hold, grounds_at};
use crate::domain::settlement::ExceptionState;
use crate::service::closing::is_open;
use crate::service::exceptions::Subject;
use crate::service::{Core, Failure};
use crate::store::record_books::{self, BooksWanted, RecordBookRow};
use crate::store::settlements::SettlementRow;
use crate::store::{
    Reads, bank_statements, day_closes, el_qr_cancellations, el_qr_results, el_qr_uploads, invoices, payouts,
    reconciliation_exceptions, record_file_holds, refunds, settlement_matches, settlements,
};

/// Everything that stands in the way of a book now.
pub(super) fn of_book(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    row: &RecordBookRow,
) -> Result<Blocks, Failure> {
    FileFacts::read(tx, &row.tenant_id, row.record_file_id)?.of_book(tx, catalogue, row)
}

/// What is the same for every book of a file, read once for all of them: a file holds a close for every day of its year.
pub(super) struct FileFacts {
    /// Holds on the file that stand now.
    held: Blocks,
    /// The last day that was closed.
    last_close: Option<Date>,
}

impl FileFacts {
    /// In two statements.
    pub(super) fn read(
        tx: &mut impl Reads,
        tenant: &TenantCode,
        file: RecordFileId,
    ) -> Result<Self, Failure> {
        let holds = record_file_holds::of_file(tx, tenant, file)?;
        let holds: Vec<Hold> = holds.iter().map(record_file_holds::judged).collect::<Result<_, _>>()?;
        let youngest = day_closes::youngest(tx, tenant, None, 1)?;
        let last_close = youngest.first().map(|(close, _)| close.day.0);
        Ok(Self { held: grounds_at([], holds, tx.now()), last_close })
    }

    /// Everything that stands in the way of one of the books now.
    pub(super) fn of_book(
        &self,
        tx: &mut impl Reads,
        catalogue: &Catalogue,
        row: &RecordBookRow,
    ) -> Result<Blocks, Failure> {
        let mut blocks = self.held.clone();
        of_kind(tx, catalogue, (row, self.last_close), &mut blocks)?;
        Ok(blocks)
    }
}

/// What is open of what a book is about; `last_close` is the last day that was closed.
fn of_kind(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    (row, last_close): (&RecordBookRow, Option<Date>),
    blocks: &mut Blocks,
) -> Result<(), Failure> {
    let tenant = &row.tenant_id;
    match row.book_kind()? {
        BookKind::SettlementReport => {
            let (gateway, sha256) = row.report()?;
            for settlement in settlements::of_source(tx, tenant, gateway, sha256)? {
                of_settlement(tx, &settlement, blocks)?;
            }
            // A report that differs from an earlier one leaves no lines of its own.
            if reconciliation_exceptions::unresolved_naming(tx, tenant, sha256)? > 0 {
                blocks.insert(DisposalBlock::OpenException);
            }
        }
        BookKind::BankStatement => of_statement(tx, row, blocks)?,
        BookKind::TransferFile => of_transfer_file(tx, row, blocks)?,
        BookKind::DayClose => {
            if last_close.is_none_or(|last| last <= row.completed_on.0) {
                blocks.insert(DisposalBlock::LastDayClose);
            }
            if !FiscalYear::of(row.completed_on.0).is_closed_on(jst_day(tx.now())) {
                blocks.insert(DisposalBlock::OpenFiscalYear);
            }
        }
        BookKind::ElQrUpload => of_upload(tx, catalogue, (tenant, row.named()?), blocks)?,
        BookKind::ElQrFile => of_el_qr_file(tx, catalogue, row, blocks)?,
    }
    Ok(())
}

/// A line is done with once it is booked, or two people have said why it never will be.
fn of_settlement(
    tx: &mut impl Reads,
    settlement: &SettlementRow,
    blocks: &mut Blocks,
) -> Result<(), Failure> {
    let (tenant, id) = (&settlement.tenant_id, settlement.id);
    let (lines, matches) =
        (settlements::lines(tx, tenant, id)?, settlement_matches::of_settlement(tx, tenant, id)?);
    let mut payments: Vec<PaymentId> = matches.iter().filter_map(|found| found.payment_id).collect();
    payments.sort_unstable();
    payments.dedup();
    let of_lines = lines.iter().map(|line| Subject::Line(line.id).text());
    let mut subjects: Vec<String> = of_lines.collect();
    subjects.push(Subject::Settlement(id).text());
    subjects.extend(payments.into_iter().map(|payment| Subject::Payment(payment).text()));
    let standing = reconciliation_exceptions::standing(tx, tenant, &subjects)?;
    if standing.values().any(|state| *state != ExceptionState::Resolved) {
        blocks.insert(DisposalBlock::OpenException);
    }
    let (booked, waiting): (Vec<_>, Vec<_>) = matches.iter().partition(|found| found.booked_at.is_some());
    let booked: HashSet<SettlementLineId> = booked.into_iter().map(|found| found.line_id).collect();
    let waiting: HashSet<SettlementLineId> = waiting.into_iter().map(|found| found.line_id).collect();
    let is_done = |line: &settlements::LineRow| {
        booked.contains(&line.id) && !waiting.contains(&line.id)
            || standing.get(&Subject::Line(line.id).text()) == Some(&ExceptionState::Resolved)
    };
    let worked_through = matches!(settlement.state.as_str(), "settled" | "mismatch");
    if !worked_through || !lines.iter().all(is_done) {
        blocks.insert(DisposalBlock::OpenLines);
    }
    Ok(())
}

/// A credit is done with once it is a payout, or two people have said what else it is.
fn of_statement(tx: &mut impl Reads, row: &RecordBookRow, blocks: &mut Blocks) -> Result<(), Failure> {
    let credits = bank_statements::credits_of(tx, &row.tenant_id, row.named()?)?;
    let named = |(credit, _): &(bank_statements::CreditRow, _)| {
        Subject::Other("bank_credit", credit.id.to_string()).text()
    };
    let subjects: Vec<String> = credits.iter().map(named).collect();
    let standing = reconciliation_exceptions::standing(tx, &row.tenant_id, &subjects)?;
    for ((_, payout), subject) in credits.iter().zip(&subjects) {
        match standing.get(subject) {
            Some(ExceptionState::Resolved) => {}
            Some(ExceptionState::Open | ExceptionState::Proposed) => {
                blocks.insert(DisposalBlock::OpenException);
            }
            None if payout.is_none() => {
                blocks.insert(DisposalBlock::OpenLines);
            }
            None => {}
        }
    }
    Ok(())
}

fn of_transfer_file(tx: &mut impl Reads, row: &RecordBookRow, blocks: &mut Blocks) -> Result<(), Failure> {
    let (tenant, id) = (&row.tenant_id, row.named()?);
    if payouts::find(tx, tenant, id)?.is_none_or(|file| file.state != "paid") {
        blocks.insert(DisposalBlock::UnconfirmedTransfer);
    }
    for refund in refunds::of_payout(tx, tenant, id)? {
        if is_open(refund.refund()?.state) {
            blocks.insert(DisposalBlock::OpenRefund);
        }
    }
    Ok(())
}

/// The slips of a file stand for claims: what is open of those, and of what the organisation refused.
fn of_upload(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    (tenant, id): (&TenantCode, ElQrUploadId),
    blocks: &mut Blocks,
) -> Result<(), Failure> {
    let mut subjects = Vec::new();
    for (_, slip) in el_qr_uploads::records(tx, tenant, id)? {
        subjects.push(Subject::Other("el_qr_slip", slip.id.to_string()).text());
        if let Some(invoice) = invoices::find(tx, tenant, slip.invoice_id)? {
            of_money(tx, catalogue, &invoice, blocks)?;
        }
    }
    let standing = reconciliation_exceptions::standing(tx, tenant, &subjects)?;
    if standing.values().any(|state| *state != ExceptionState::Resolved) {
        blocks.insert(DisposalBlock::OpenException);
    }
    Ok(())
}

fn of_el_qr_file(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    row: &RecordBookRow,
    blocks: &mut Blocks,
) -> Result<(), Failure> {
    let (tenant, id) = (&row.tenant_id, row.named()?);
    let about = el_qr_results::find_any(tx, tenant, id)?.and_then(|file| file.upload_id);
    if let Some(upload) = about {
        return of_upload(tx, catalogue, (tenant, upload), blocks);
    }
    let lines = el_qr_results::lines(tx, tenant, id)?;
    if lines.iter().any(|line| line.judged_at.is_none()) {
        blocks.insert(DisposalBlock::OpenLines);
    }
    let of_lines = lines.iter().map(|line| Subject::Other("el_qr_line", line.id.to_string()).text());
    let mut subjects: Vec<String> = of_lines.collect();
    let cancellations = el_qr_cancellations::of_file(tx, tenant, id)?;
    let of_cancellation = |id: ElQrCancellationId| Subject::Other(EL_QR_CANCELLATION, id.to_string()).text();
    subjects.extend(cancellations.iter().map(|cancellation| of_cancellation(cancellation.id)));
    let standing = reconciliation_exceptions::standing(tx, tenant, &subjects)?;
    if standing.values().any(|state| *state != ExceptionState::Resolved) {
        blocks.insert(DisposalBlock::OpenException);
    }
    Ok(())
}

/// Every reason why a book of a file cannot go, each with its book.
pub(super) async fn faults(
    core: &Core,
    tenant: &TenantCode,
    file: RecordFileId,
) -> Result<Vec<Fault>, Failure> {
    let (mut faults, mut after) = (Vec::new(), None);
    loop {
        let (of, catalogue) = (tenant.clone(), core.catalogue.current());
        let page = core.db.read(move |tx| {
            let books = record_books::of_file(tx, (&of, file), BooksWanted::Left, after, PAGE)?;
            let facts = FileFacts::read(tx, &of, file)?;
            let mut found = Vec::new();
            for book in &books {
                let blocks = facts.of_book(tx, &catalogue, book)?;
                found.extend(blocks.into_iter().map(|block| block.fault(format!("/books/{}", book.id))));
            }
            Ok::<_, Failure>((books.last().map(|book| book.id), found))
        });
        let (last, found) = page.await?;
        faults.extend(found);
        if last.is_none() || faults.len() >= MOST_FAULTS {
            return Ok(faults);
        }
        after = last;
    }
}
