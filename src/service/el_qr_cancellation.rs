//! What the organisation takes back of the payments that it reported (収納取消, R-82, R-87): people are told of each, and two of them take
//! the payment out of the books (resolution `owed_again`).
//!
//! Invariants: a cancellation is taken in once, in however many files it stands; one that comes before its payment keeps that from being
//! booked by itself ([`super::el_qr_booking`]). Taking back is a correction of the record and no refund: the payment ends without money,
//! its postings are booked back, its receipt ends, and the debt is owed again or as it stood without it.

use std::collections::HashMap;

use serde_json::json;

use super::exceptions::{self, Subject};
use super::payment_standing::settle_invoice;
use super::reconciliation_refusal::ReconciliationRefusal;
use super::striking_out::{self, Strikable};
use super::{Core, Failure};
use crate::domain::audit::EventActor;
use crate::domain::el_qr::{EL_QR, ResultLine};
use crate::domain::id::{ApplicationId, ElQrCancellationId, OfficerId, TenantCode};
use crate::domain::reconciliation::EL_QR_CANCELLATION;
use crate::domain::settlement::ExceptionKind;
use crate::store::el_qr_cancellations::{self, CancellationRow};
use crate::store::el_qr_results::{self, FileRow, LineRow};
use crate::store::events::{self, NewEvent};
use crate::store::invoices::InvoiceRow;
use crate::store::payments::PaymentRow;
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, StoreError, Tx, applications, invoices, payments};

/// Keeps what a file takes back and no earlier file did, and tells people of it; and of what it says otherwise than an earlier one.
pub(super) fn take_in(
    tx: &mut Tx<'_>,
    file: &FileRow,
    lines: &[ResultLine],
    known: &HashMap<String, CancellationRow>,
) -> Result<(), Failure> {
    for line in lines {
        let Some(before) = known.get(&line.payment_key) else {
            let row = CancellationRow {
                tenant_id: file.tenant_id.clone(),
                id: ElQrCancellationId(tx.new_id()),
                file_id: file.id,
                line_no: i64::try_from(line.line_no).unwrap_or(i64::MAX),
                payment_key: line.payment_key.clone(),
                payment_number: line.payment_number.clone(),
                amount: line.amount,
                stated_on: IsoDate(line.paid_on),
                recorded_at: Micros(Reads::now(tx)),
            };
            el_qr_cancellations::insert(tx, &row)?;
            tell(tx, file, row.id, line)?;
            continue;
        };
        if !before.says_the_same(line) {
            tell(tx, file, before.id, line)?;
        }
    }
    Ok(())
}

/// Tells people of a cancellation, beside what the books have of its payment.
fn tell(tx: &mut Tx<'_>, file: &FileRow, id: ElQrCancellationId, line: &ResultLine) -> Result<(), Failure> {
    let reported = line_of(tx, &file.tenant_id, &line.payment_key)?;
    let ours = reported.map(|line| {
        json!({ "state": line.state, "payment_number": line.payment_number, "amount": line.amount.amount(),
            "paid_on": line.paid_on.0.to_string(), "payment": line.payment_id.map(|id| id.to_string()) })
    });
    let facts = json!({ "gateway": EL_QR, "file": file.id.to_string(), "line": line.line_no,
        "payment_key": line.payment_key, "payment_number": line.payment_number,
        "amount": line.amount.amount(), "stated_on": line.paid_on.to_string(), "ours": ours });
    let subject = Subject::Other(EL_QR_CANCELLATION, id.to_string());
    exceptions::raise(tx, &file.tenant_id, ExceptionKind::StatusMismatch, &subject, facts)?;
    Ok(())
}

/// The line that reported a payment of this name.
fn line_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payment_key: &str,
) -> Result<Option<LineRow>, StoreError> {
    let known = el_qr_results::known(tx, tenant, &[payment_key.to_owned()])?;
    Ok(known.into_values().next())
}

/// A cancellation, and the payment of ours that it takes back; none where that is not in the books.
fn found(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ElQrCancellationId,
) -> Result<Option<(CancellationRow, LineRow, PaymentRow)>, Failure> {
    let Some(cancellation) = el_qr_cancellations::find(tx, tenant, id)? else { return Ok(None) };
    let Some(line) = line_of(tx, tenant, &cancellation.payment_key)? else { return Ok(None) };
    let Some(payment) = line.payment_id else { return Ok(None) };
    let payment = payments::find(tx, tenant, payment)?;
    Ok(payment.map(|payment| (cancellation, line, payment)))
}

/// The case in which a cancellation takes something back.
pub(super) fn case_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ElQrCancellationId,
) -> Result<Option<ApplicationId>, Failure> {
    Ok(found(tx, tenant, id)?.map(|(_, _, payment)| payment.application_id))
}

/// What is to be taken back, if it is in the books, is what the cancellation says, and nothing depends on its money.
pub(super) fn judge(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ElQrCancellationId,
) -> Result<(PaymentRow, InvoiceRow, Strikable), Failure> {
    let found = found(tx, tenant, id)?;
    let (cancellation, line, payment) = found.ok_or(ReconciliationRefusal::PaymentNotFound)?;
    let invoice = invoices::find(tx, tenant, payment.invoice_id)?;
    let invoice =
        invoice.ok_or_else(|| StoreError::Inconsistent(format!("no invoice of payment {}", payment.id)))?;
    let strikable = striking_out::judge(tx, &payment, &invoice)?;
    let strikable = strikable.filter(|_| cancellation.says_the_same(&line.line()));
    Ok((payment, invoice, strikable.ok_or(ReconciliationRefusal::NotTakenBackSo)?))
}

/// Takes a payment out of the books that the organisation took back; `by` is the second of the two who agreed. The caller holds the root
/// of its case.
pub(super) fn strike_out(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    id: ElQrCancellationId,
    by: OfficerId,
) -> Result<(), Failure> {
    let (mut payment, mut invoice, strikable) = judge(tx, tenant, id)?;
    let case = applications::find(tx, tenant, payment.application_id)?;
    let mut case =
        case.ok_or_else(|| StoreError::Inconsistent(format!("no case of payment {}", payment.id)))?;
    let facts = json!({ "payment": payment.id.to_string(), "invoice": invoice.id.to_string(),
        "cancellation": id.to_string(), "amount": payment.captured.amount() });
    striking_out::strike_out(tx, &mut payment, strikable)?;
    let actor = EventActor { kind: "officer", id: by.to_string() };
    let event = NewEvent { kind: "el_qr_payment_taken_back", actor, facts, sealed_detail: None };
    events::append(tx, &mut case, event)?;
    settle_invoice(tx, core, &mut case, &mut invoice)?;
    Ok(applications::update(tx, &mut case)?)
}
