//! What the organisation took becomes payments (消込, R-82, R-84): line by line, each under the root of its case.
//!
//! A file may be long and the job may die between any two lines: a line is judged once, in the transaction that books it, and the
//! next run goes on from there; a line that fails holds up no other one. The first payment of an invoice wins: other open attempts are closed at their gateways as always,
//! and money for a debt that is covered already makes it overpaid and is proposed to go back. What is no payment by itself is told
//! to the accountants and stays, until two of them say that it is a payment of the slip's debt all the same ([`book_referred`]).

use std::sync::Arc;

use serde_json::json;

use super::cases::system_actor;
use super::counter_terminal::Taker;
use super::el_qr_upload::issued_on;
use super::exceptions::{self, Subject};
use super::payment_standing::{self, Source};
use super::{Core, Failure, JobEnd, counter};
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::el_qr::{EL_QR, KnownSlip, LineTrouble, SlipState, Verdict, latest_begun, verdict};
use crate::domain::id::{ApplicationId, ElQrFileId, ElQrLineId, OfficerId, TenantCode};
use crate::domain::payment::Payment;
use crate::domain::settlement::ExceptionKind;
use crate::store::el_qr_results::{self, LineRow};
use crate::store::el_qr_slips::{self, SlipRow};
use crate::store::events::{self, NewEvent};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, StoreError, Tx, applications, el_qr_cancellations, invoices, payments};

/// Kind of the job that books the payments of a file; its subject is the file's id.
pub const BOOK_EL_QR: &str = "book_el_qr";

/// The state of a line that is left to people.
const REFERRED: &str = "referred";

/// Books every line of a file that waits.
pub async fn run(core: &Arc<Core>, tenant: TenantCode, file: ElQrFileId) -> Result<JobEnd, Failure> {
    let of = tenant.clone();
    let waiting = core.db.read(move |tx| {
        let mut waiting: Vec<(ElQrLineId, Option<ApplicationId>)> = Vec::new();
        for line in el_qr_results::lines(tx, &of, file)? {
            if line.judged_at.is_none() {
                let slip = el_qr_slips::find_by_number(tx, &of, &line.payment_number)?;
                waiting.push((line.id, slip.map(|slip| slip.application_id)));
            }
        }
        Ok::<_, Failure>(waiting)
    });
    let mut end = Ok(JobEnd::Done);
    for (line, case) in waiting.await? {
        let (of, inner) = (tenant.clone(), Arc::clone(core));
        let root = case.map_or(Root::Unlocked(line.0), Root::Application);
        let judged = core.db.write(root, move |tx| judge(tx, &inner, &of, (line, case))).await;
        end = match (judged, end) {
            (Ok(Judged::Done), end) => end,
            (Ok(Judged::OtherCase), Ok(_)) => Ok(JobEnd::Again(core.clock.now())),
            (Ok(Judged::OtherCase), failed) => failed,
            (Err(failure), _) => Err(failure),
        };
    }
    end
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    /// It was judged, now or before.
    Done,
    /// Its slip became known since, of a case whose root is not held: it is judged by the next run.
    OtherCase,
}

/// Judges one line, once; `held` is the case whose root the caller holds.
fn judge(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    (id, held): (ElQrLineId, Option<ApplicationId>),
) -> Result<Judged, Failure> {
    let line = el_qr_results::find_line(tx, tenant, id)?;
    let Some(line) = line.filter(|line| line.judged_at.is_none()) else { return Ok(Judged::Done) };
    let slip = el_qr_slips::find_by_number(tx, tenant, &line.payment_number)?;
    if slip.as_ref().is_some_and(|slip| Some(slip.application_id) != held) {
        return Ok(Judged::OtherCase);
    }
    let known = slip.as_ref().map(known_slip).transpose()?;
    let mut verdict = verdict(known.as_ref(), &line.line());
    // The cancellation may have come first.
    if el_qr_cancellations::of_payment_key(tx, tenant, &line.payment_key)?.is_some() {
        verdict = verdict.of_taken_back();
    }
    match (verdict, slip) {
        (Verdict::Book, Some(slip)) => {
            let by = Booked { actor: system_actor("billing"), keep: el_qr_results::judge };
            book(tx, core, (line, slip), by)?;
        }
        (Verdict::Refer(trouble), slip) => refer(tx, line, slip, trouble)?,
        (Verdict::Book, None) => refer(tx, line, None, LineTrouble::UnknownNumber)?,
    }
    Ok(Judged::Done)
}

/// The slip whose debt a referred line may be booked for, by its number; none where the body has none, or the line is no referred one.
pub(super) fn referred_slip(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ElQrLineId,
) -> Result<Option<(LineRow, SlipRow)>, Failure> {
    let line = el_qr_results::find_line(tx, tenant, id)?.filter(|line| line.state == REFERRED);
    let Some(line) = line else { return Ok(None) };
    let slip = el_qr_slips::find_by_number(tx, tenant, &line.payment_number)?;
    Ok(slip.map(|slip| (line, slip)))
}

/// Books a line that was left to people, with its own amount, as two of them agreed: it came, so it stands in the books, and what is too
/// much of it goes back (R-84, T-3). The caller holds the root of the slip's case; `officer` is the second of them.
pub(super) fn book_referred(
    tx: &mut Tx<'_>,
    core: &Core,
    referred: (LineRow, SlipRow),
    officer: OfficerId,
) -> Result<(), Failure> {
    let actor = EventActor { kind: "officer", id: officer.to_string() };
    book(tx, core, referred, Booked { actor, keep: el_qr_results::book_referred })
}

fn known_slip(slip: &SlipRow) -> Result<KnownSlip, StoreError> {
    Ok(KnownSlip {
        state: slip.slip_state()?,
        amount: slip.amount,
        issued_on: issued_on(slip),
        institution_number: slip.institution_number.clone(),
        confirmation_number: slip.confirmation_number.clone(),
    })
}

/// Leaves a line to people.
fn refer(
    tx: &mut Tx<'_>,
    mut line: LineRow,
    slip: Option<SlipRow>,
    trouble: LineTrouble,
) -> Result<(), Failure> {
    let kind = match trouble {
        LineTrouble::UnknownNumber => ExceptionKind::MissingAtUs,
        LineTrouble::AmountDiffers => ExceptionKind::AmountMismatch,
        LineTrouble::Withdrawn | LineTrouble::BeforeIssue | LineTrouble::TakenBack => {
            ExceptionKind::StatusMismatch
        }
    };
    let facts = json!({ "gateway": EL_QR, "file": line.file_id.to_string(), "line": line.line_no,
        "trouble": trouble.as_str(), "payment_key": line.payment_key, "payment_number": line.payment_number,
        "amount": line.amount.amount(), "paid_on": line.paid_on.0.to_string(),
        "ours": slip.as_ref().map(|slip| slip.amount.amount()),
        "invoice": slip.as_ref().map(|slip| slip.invoice_id.to_string()) });
    let subject = Subject::Other("el_qr_line", line.id.to_string());
    exceptions::raise(tx, &line.tenant_id, kind, &subject, facts)?;
    REFERRED.clone_into(&mut line.state);
    line.trouble = Some(trouble.as_str().to_owned());
    line.slip_id = slip.filter(|_| trouble != LineTrouble::UnknownNumber).map(|slip| slip.id);
    line.judged_at = Some(Micros(Reads::now(tx)));
    Ok(el_qr_results::judge(tx, &line)?)
}

/// By whom a line is booked, and how it is stored.
struct Booked {
    actor: EventActor,
    keep: fn(&mut Tx<'_>, &LineRow) -> Result<(), StoreError>,
}

/// Makes a line a payment of the slip's invoice, taken on the day on which the payer paid.
fn book(
    tx: &mut Tx<'_>,
    core: &Core,
    (mut line, mut slip): (LineRow, SlipRow),
    by: Booked,
) -> Result<(), Failure> {
    let tenant = line.tenant_id.clone();
    let missing = || StoreError::Inconsistent(format!("no case or invoice of slip {}", line.payment_number));
    let mut case = applications::find(tx, &tenant, slip.application_id)?.ok_or_else(missing)?;
    let invoice = invoices::find(tx, &tenant, slip.invoice_id)?.ok_or_else(missing)?;
    let (catalogue, now) = (core.catalogue.current(), Reads::now(tx));
    let terms = catalogue.tenant(&tenant).map_or(&[][..], |body| body.definition.el_qr.as_slice());
    // The role is that of the day of the payment; what was paid before all terms cannot have a number.
    let terms = latest_begun(terms, line.paid_on.0).or_else(|| latest_begun(terms, jst_day(now)));
    let terms = terms.ok_or_else(|| Failure::Internal(format!("no terms of eL-QR of body {tenant}")))?;
    let organisation = Taker { place: EL_QR.to_owned(), legal_role: terms.legal_role };
    let mut row = counter::new_payment(tx, &invoice, (&organisation, EL_QR), line.paid_on.0, now)?;
    row.amount = line.amount;
    row.gateway_payment_id = Some(line.payment_key.clone());
    payments::insert(tx, &row)?;
    "booked".clone_into(&mut line.state);
    line.slip_id = Some(slip.id);
    line.payment_id = Some(row.id);
    line.proof = Some(terms.proof.as_str().to_owned());
    line.trouble = None;
    line.judged_at = Some(Micros(now));
    (by.keep)(tx, &line)?;
    // A slip that was withdrawn stays so, and money beside its amount does not end it.
    if line.amount == slip.amount && slip.slip_state()? != SlipState::Withdrawn {
        SlipState::Paid.as_str().clone_into(&mut slip.state);
        el_qr_slips::update(tx, &mut slip)?;
    }
    let facts = json!({ "payment": row.id.to_string(), "invoice": invoice.id.to_string(),
        "slip": slip.id.to_string(), "amount": line.amount.amount(), "paid_on": line.paid_on.0.to_string() });
    let event = NewEvent { kind: "el_qr_payment_received", actor: by.actor, facts, sealed_detail: None };
    events::append(tx, &mut case, event)?;
    let received = |payment: &Payment| payment.received_whole(EL_QR);
    payment_standing::apply(tx, core, &mut case, &mut row, received, Source::ElQr)?;
    Ok(())
}
