//! What stands in the way of a disposal, read from holds and from money.

use std::collections::{BTreeSet, HashMap};

use super::{RecordsRefusal, book_block};
use crate::catalogue::Catalogue;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, RecordFileId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::records::{DisposalBlock, Hold, grounds_at};
use crate::service::closing::is_open;
use crate::service::{Core, Failure, arrears, permit};
use crate::store::applications::ApplicationRow;
use crate::store::disputes::{self, DisputeRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::record_files::{self, CasesWanted};
use crate::store::refunds::{self, RefundRow};
use crate::store::{Reads, StoreError, permits, record_file_holds, record_holds, waivers};

/// The reasons why a case or a book cannot be disposed of, each once, in a fixed order.
pub type Blocks = BTreeSet<DisposalBlock>;

/// Cases or books looked at in one go.
pub(super) const PAGE: i64 = 100;

/// The most faults that a refusal names; whoever mends these is told of the rest.
pub(super) const MOST_FAULTS: usize = 200;

/// Everything that stands in the way of a case now.
pub fn of_case(tx: &mut impl Reads, catalogue: &Catalogue, case: &ApplicationRow) -> Result<Blocks, Failure> {
    let mut found = of_cases(tx, catalogue, &case.tenant_id, &[case.id])?;
    Ok(found.remove(&case.id).unwrap_or_default())
}

/// Everything that stands in the way of each of these cases of a body now. It takes as many statements for many cases as for one; only
/// where a claim is unpaid it is asked one by one whether that is extinct.
pub(super) fn of_cases(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<HashMap<ApplicationId, Blocks>, Failure> {
    let now = tx.now();
    let mut own: HashMap<ApplicationId, Vec<Hold>> = HashMap::new();
    for hold in record_holds::of_cases(tx, tenant, cases)? {
        own.entry(hold.0.application_id).or_default().push(record_holds::judged(&hold)?);
    }
    let mut of_file: HashMap<ApplicationId, Vec<Hold>> = HashMap::new();
    for (case, hold) in record_file_holds::over_cases(tx, tenant, cases)? {
        of_file.entry(case).or_default().push(record_file_holds::judged(&hold)?);
    }
    let mut found: HashMap<ApplicationId, Blocks> = HashMap::new();
    for case in cases {
        let holds = (own.remove(case).unwrap_or_default(), of_file.remove(case).unwrap_or_default());
        found.insert(*case, grounds_at(holds.0, holds.1, now));
    }
    for waiver in waivers::of_cases(tx, tenant, cases)? {
        if waiver.waiver_state()?.is_open() {
            found.entry(waiver.application_id).or_default().insert(DisposalBlock::OpenWaiver);
        }
    }
    let invoices = invoices::all_of_cases(tx, tenant, cases)?;
    let money = Money::of(tx, tenant, &invoices)?;
    for invoice in &invoices {
        money.judge(tx, catalogue, invoice, found.entry(invoice.application_id).or_default())?;
    }
    let permits = permits::of_cases(tx, tenant, cases)?;
    for permit in permit::views(tx, catalogue, permits, jst_day(now))? {
        if permit.state.is_renewable() {
            found.entry(permit.row.application_id).or_default().insert(DisposalBlock::PermitInForce);
        }
    }
    Ok(found)
}

/// What is open of an invoice: the claim itself, attempts to pay it, money that goes back, disputes.
pub(super) fn of_money(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    invoice: &InvoiceRow,
    blocks: &mut Blocks,
) -> Result<(), Failure> {
    let money = Money::of(tx, &invoice.tenant_id, std::slice::from_ref(invoice))?;
    money.judge(tx, catalogue, invoice, blocks)
}

/// What moved on some invoices of a body: attempts to pay, disputes of them, money that went back.
struct Money {
    payments: Vec<PaymentRow>,
    disputes: Vec<DisputeRow>,
    refunds: Vec<RefundRow>,
}

impl Money {
    /// In three statements, however many invoices they are.
    fn of(tx: &mut impl Reads, tenant: &TenantCode, invoices: &[InvoiceRow]) -> Result<Self, StoreError> {
        let ids: Vec<_> = invoices.iter().map(|invoice| invoice.id).collect();
        let payments = payments::of_invoices(tx, tenant, &ids)?;
        let paid: Vec<_> = payments.iter().map(|payment| payment.id).collect();
        let disputes = disputes::of_payments(tx, tenant, &paid)?;
        Ok(Self { payments, disputes, refunds: refunds::of_invoices(tx, tenant, &ids)? })
    }

    fn judge(
        &self,
        tx: &mut impl Reads,
        catalogue: &Catalogue,
        invoice: &InvoiceRow,
        blocks: &mut Blocks,
    ) -> Result<(), Failure> {
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
        for payment in self.payments.iter().filter(|payment| payment.invoice_id == invoice.id) {
            if payment.payment()?.state.is_live() {
                blocks.insert(DisposalBlock::OpenPayment);
            }
            for dispute in self.disputes.iter().filter(|dispute| dispute.payment_id == payment.id) {
                if dispute.dispute()?.state.is_open() {
                    blocks.insert(DisposalBlock::OpenDispute);
                }
            }
        }
        for refund in self.refunds.iter().filter(|refund| refund.invoice_id == invoice.id) {
            if is_open(refund.refund()?.state) {
                blocks.insert(DisposalBlock::OpenRefund);
            }
        }
        Ok(())
    }
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
            let left = cases.iter().filter(|(row, _)| row.erased_at.is_none()).map(|(_, case)| case.id);
            let left: Vec<_> = left.collect();
            let mut blocks = of_cases(tx, &catalogue, &of, &left)?;
            let mut found = Vec::new();
            for case in left {
                let blocks = blocks.remove(&case).unwrap_or_default();
                found.extend(blocks.into_iter().map(|block| block.fault(format!("/cases/{case}"))));
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
