//! What stands in the way of a disposal, read from holds and from money.

use std::collections::BTreeSet;

use super::{RecordsRefusal, book_block};
use crate::catalogue::Catalogue;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{RecordFileId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::records::{DisposalBlock, Hold, grounds_at};
use crate::service::closing::is_open;
use crate::service::{Core, Failure, arrears, permit};
use crate::store::applications::ApplicationRow;
use crate::store::invoices::InvoiceRow;
use crate::store::record_files::{self, CasesWanted};
use crate::store::{
    Reads, disputes, invoices, payments, permits, record_file_holds, record_holds, refunds, waivers,
};

/// The reasons why a case or a book cannot be disposed of, each once, in a fixed order.
pub type Blocks = BTreeSet<DisposalBlock>;

/// Cases or books looked at in one go.
pub(super) const PAGE: i64 = 100;

/// The most faults that a refusal names; whoever mends these is told of the rest.
pub(super) const MOST_FAULTS: usize = 200;

/// Everything that stands in the way of a case now.
pub fn of_case(tx: &mut impl Reads, catalogue: &Catalogue, case: &ApplicationRow) -> Result<Blocks, Failure> {
    let (tenant, now) = (&case.tenant_id, tx.now());
    let own: Vec<Hold> = record_holds::of_case(tx, tenant, case.id)?
        .iter()
        .map(record_holds::judged)
        .collect::<Result<_, _>>()?;
    let of_file = record_file_holds::over_case(tx, tenant, case.id)?;
    let of_file: Vec<Hold> = of_file.iter().map(record_file_holds::judged).collect::<Result<_, _>>()?;
    let mut blocks = grounds_at(own, of_file, now);
    for waiver in waivers::of_case(tx, tenant, case.id)? {
        if waiver.waiver_state()?.is_open() {
            blocks.insert(DisposalBlock::OpenWaiver);
        }
    }
    for invoice in invoices::all_of_case(tx, tenant, case.id)? {
        of_money(tx, catalogue, &invoice, &mut blocks)?;
    }
    if let Some(row) = permits::of_case(tx, tenant, case.id)? {
        let state = permit::view(tx, catalogue, row, jst_day(now))?.state;
        if state.is_renewable() {
            blocks.insert(DisposalBlock::PermitInForce);
        }
    }
    Ok(blocks)
}

/// What is open of an invoice: the claim itself, attempts to pay it, money that goes back, disputes.
pub(super) fn of_money(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    invoice: &InvoiceRow,
    blocks: &mut Blocks,
) -> Result<(), Failure> {
    let tenant = &invoice.tenant_id;
    match invoice.invoice_state()? {
        // What an agent holds has not arrived yet.
        InvoiceState::Entrusted => {
            blocks.insert(DisposalBlock::UnpaidClaim);
        }
        InvoiceState::Unpaid | InvoiceState::Pending => {
            if !is_extinct(tx, catalogue, invoice)? {
                blocks.insert(DisposalBlock::UnpaidClaim);
            }
        }
        InvoiceState::Overpaid => {
            blocks.insert(DisposalBlock::OpenRefund);
        }
        InvoiceState::Paid
        | InvoiceState::PartiallyRefunded
        | InvoiceState::Refunded
        | InvoiceState::Waived
        | InvoiceState::WrittenOff
        | InvoiceState::Canceled => {}
    }
    for payment in payments::of_invoice(tx, tenant, invoice.id)? {
        if payment.payment()?.state.is_live() {
            blocks.insert(DisposalBlock::OpenPayment);
        }
        for dispute in disputes::of_payment(tx, tenant, payment.id)? {
            if dispute.dispute()?.state.is_open() {
                blocks.insert(DisposalBlock::OpenDispute);
            }
        }
    }
    for refund in refunds::of_invoice(tx, tenant, invoice.id)? {
        if is_open(refund.refund()?.state) {
            blocks.insert(DisposalBlock::OpenRefund);
        }
    }
    Ok(())
}

/// Whether a claim is extinct by limitation. Where nothing says when it is, it is not.
fn is_extinct(tx: &mut impl Reads, catalogue: &Catalogue, invoice: &InvoiceRow) -> Result<bool, Failure> {
    let today = jst_day(tx.now());
    let found = arrears::read(tx, catalogue, invoice)?;
    Ok(found.and_then(|found| found.limitation.extinct_after).is_some_and(|last| last < today))
}

/// Refuses while anything stands in the way of a case or a book of a file: every reason of each is named.
pub async fn refuse_blocked(core: &Core, tenant: &TenantCode, file: RecordFileId) -> Result<(), Failure> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut after = None;
    loop {
        let (of, catalogue) = (tenant.clone(), core.catalogue.current());
        let page = core.db.read(move |tx| {
            let cases = record_files::cases(tx, (&of, file), CasesWanted::Left, after, PAGE)?;
            let mut found = Vec::new();
            for (row, case) in &cases {
                if row.erased_at.is_some() {
                    continue;
                }
                let pointer = || format!("/cases/{}", case.id);
                let blocks = of_case(tx, &catalogue, case)?;
                found.extend(blocks.into_iter().map(|block| block.fault(pointer())));
            }
            Ok::<_, Failure>((cases.last().map(|(row, _)| row.application_id), found))
        });
        let (last, found) = page.await?;
        faults.extend(found);
        if last.is_none() || faults.len() >= MOST_FAULTS {
            break;
        }
        after = last;
    }
    faults.extend(book_block::faults(core, tenant, file).await?);
    if faults.is_empty() { Ok(()) } else { Err(RecordsRefusal::Blocked(faults).into()) }
}
