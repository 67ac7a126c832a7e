//! The slip of a notice under one eL number: when it is made, and whether it can be paid now.
//!
//! It is made in the transaction that issues the notice, or at the first reading of a notice that is older than the terms.
//! Asked again nothing happens. A number is made only where terms are in force for every revenue of the invoice and the
//! procedure lets it be paid so (T-5); an invoice has one slip at a time, and an act over several invoices has none of its own:
//! each is paid by its own number.

use std::sync::Arc;

use jiff::civil::Date;

use super::cases::OpenCase;
use super::{Core, Ctx, Failure, charge, intake};
use crate::catalogue::{Catalogue, CatalogueTenant};
use crate::domain::calendar::jst_day;
use crate::domain::el_qr::{
    Cell, EL_QR, ElNumber, ElQrTerms, Field, NumberSeed, Record, SlipFacts, SlipOffer, SlipState,
    latest_begun, terms_for, why_withdrawn,
};
use crate::domain::id::{ElQrSlipId, InvoiceId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::procedure::ProcedureDefinition;
use crate::domain::waiver::WaiverState;
use crate::store::el_qr_slips::{self, SlipRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Tx, waivers};

/// What the keyed hashes of numbers are for.
const UNIQUE_PURPOSE: &str = "el_qr_slips.payment_number";
/// What the keyed hashes of 確認番号 are for.
const SECRET_PURPOSE: &str = "el_qr_slips.confirmation_number";

/// How many numbers are tried before it is said that none is free.
const MOST_ATTEMPTS: u32 = 20;

/// The terms of the body under which an invoice is offered by eL-QR on a day, whichever procedure it comes from.
pub(super) fn offer<'a>(body: &'a CatalogueTenant, invoice: &InvoiceRow, day: Date) -> Option<&'a ElQrTerms> {
    let revenues = invoice.lines.0.iter().map(|line| line.revenue_account.as_str());
    terms_for(&body.definition.el_qr, revenues, invoice.owed(), day)
}

/// What decides whether a slip stands today.
pub(super) fn facts(
    body: Option<&Arc<CatalogueTenant>>,
    slip: &SlipRow,
    invoice: &InvoiceRow,
    today: Date,
) -> Result<SlipFacts, Failure> {
    let offered = body.and_then(|body| offer(body, invoice, today)).is_some();
    Ok(SlipFacts {
        amount: slip.amount,
        payable_until: slip.payable_until.map(|day| day.0),
        invoice: invoice.invoice_state()?,
        owed: invoice.owed(),
        offer: if offered { SlipOffer::Offered } else { SlipOffer::NotOffered },
        today,
    })
}

/// The slip by which an invoice can be paid now; none where it cannot, or where another debt is to be paid first.
pub(super) fn payable(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    invoice: &InvoiceRow,
) -> Result<Option<SlipRow>, Failure> {
    let Some(slip) = el_qr_slips::youngest(tx, &invoice.tenant_id, invoice.id)? else { return Ok(None) };
    let (body, today) = (catalogue.tenant(&invoice.tenant_id), jst_day(tx.now()));
    let stands = slip.slip_state()?.is_open() && why_withdrawn(facts(body, &slip, invoice, today)?).is_none();
    if !stands {
        return Ok(None);
    }
    match charge::refuse_out_of_order(tx, catalogue, invoice, &[]) {
        Ok(()) => Ok(Some(slip)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Whether somebody may have paid an invoice by its slip without that having been reported: until the organisation has said that the
/// slip is taken no more, and for as long afterwards as its reports take.
pub(super) fn may_be_paid(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    invoice: &InvoiceRow,
) -> Result<bool, Failure> {
    let Some(slip) = el_qr_slips::youngest(tx, &invoice.tenant_id, invoice.id)? else { return Ok(false) };
    Ok(match slip.slip_state()? {
        SlipState::Uploaded | SlipState::Accepted | SlipState::Withdrawing | SlipState::WithdrawalRefused => {
            true
        }
        SlipState::Withdrawn => jst_day(tx.now()) <= last_report(catalogue, &slip),
        SlipState::Issued | SlipState::Refused | SlipState::Paid => false,
    })
}

/// The last day on which a payment by a slip that was withdrawn is still reported.
fn last_report(catalogue: &Catalogue, slip: &SlipRow) -> Date {
    let withdrawn_on = jst_day(slip.updated_at.0);
    let terms = catalogue.tenant(&slip.tenant_id).map_or(&[][..], |body| body.definition.el_qr.as_slice());
    let lag = latest_begun(terms, withdrawn_on).and_then(|terms| terms.reported_within.as_ref());
    let days = lag.map_or(0, |lag| i64::from(lag.days));
    withdrawn_on.checked_add(jiff::Span::new().days(days)).unwrap_or(withdrawn_on)
}

/// The slip by which the invoice of this id can be paid now, as [`payable`].
pub(super) fn payable_of(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Option<SlipRow>, Failure> {
    match invoices::find(tx, tenant, id)? {
        Some(invoice) => payable(tx, catalogue, &invoice),
        None => Ok(None),
    }
}

/// Makes the slip of an invoice that is offered by eL-QR and has none; nothing otherwise.
pub(super) fn ensure(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    invoice: &InvoiceRow,
) -> Result<(), Failure> {
    if is_missing(tx, ctx, case, invoice)? {
        make(tx, &ctx.core, invoice)?;
    }
    Ok(())
}

/// Whether an invoice is offered by eL-QR and has no slip for what is owed now.
pub(super) fn is_missing(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    invoice: &InvoiceRow,
) -> Result<bool, Failure> {
    let (body, today) = (ctx.catalogue.tenant(&invoice.tenant_id), jst_day(tx.now()));
    let Some(body) = body.filter(|body| !body.definition.el_qr.is_empty()) else { return Ok(false) };
    let open = matches!(invoice.invoice_state()?, InvoiceState::Unpaid | InvoiceState::Pending);
    let Some(terms) = offer(body, invoice, today).filter(|_| open) else { return Ok(false) };
    let is_late = last_day(tx, terms, body, invoice)?.is_some_and(|last| last < today);
    if is_late || !allows(&intake::pinned(ctx, &case.row)?.definition) {
        return Ok(false);
    }
    let Some(slip) = el_qr_slips::youngest(tx, &invoice.tenant_id, invoice.id)? else { return Ok(true) };
    Ok(match slip.slip_state()? {
        // What was refused a person looks at first: another number would be refused as well, or paid beside this one.
        SlipState::Issued
        | SlipState::Uploaded
        | SlipState::Accepted
        | SlipState::Refused
        | SlipState::WithdrawalRefused => slip.amount != invoice.owed(),
        SlipState::Withdrawing | SlipState::Withdrawn | SlipState::Paid => true,
    })
}

/// Whether the ordinance lets the procedure be paid so.
fn allows(procedure: &ProcedureDefinition) -> bool {
    procedure.allowed_methods.iter().flat_map(|allowed| &allowed.methods).any(|code| code == EL_QR)
}

/// The last day on which a slip of the invoice is taken; none where the claim says no day. Under a grant also the day by which its rest
/// must be paid, after which another amount is owed.
fn last_day(
    tx: &mut impl Reads,
    terms: &ElQrTerms,
    body: &CatalogueTenant,
    invoice: &InvoiceRow,
) -> Result<Option<Date>, Failure> {
    let in_time = invoice.due_on.map(|due| body.calendar.roll(due.0));
    let more = jiff::Span::new().days(i64::from(terms.days_after_due));
    let last = in_time.map(|day| day.checked_add(more).unwrap_or(day));
    let rows = waivers::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    let granted = rows.iter().filter(|row| row.state == WaiverState::Granted.as_str());
    let until = granted.filter_map(|row| row.valid_until.map(|day| day.0));
    Ok(until.chain(last).min())
}

/// Makes the next slip of an invoice under the terms of today; none where there are none, or where its day is over.
pub(super) fn make(tx: &mut Tx<'_>, core: &Core, invoice: &InvoiceRow) -> Result<Option<SlipRow>, Failure> {
    let (catalogue, now) = (core.catalogue.current(), Reads::now(tx));
    let (tenant, today) = (&invoice.tenant_id, jst_day(now));
    let Some(body) = catalogue.tenant(tenant) else { return Ok(None) };
    let Some(terms) = offer(body, invoice, today) else { return Ok(None) };
    let payable_until = last_day(tx, terms, body, invoice)?;
    if payable_until.is_some_and(|last| last < today) {
        return Ok(None);
    }
    let before = el_qr_slips::youngest(tx, tenant, invoice.id)?;
    let id = ElQrSlipId(tx.new_id());
    let number = free_number(tx, core, terms, tenant, id)?;
    let row = SlipRow {
        tenant_id: tenant.clone(),
        id,
        application_id: invoice.application_id,
        invoice_id: invoice.id,
        sequence_no: before.as_ref().map_or(1, |before| before.sequence_no + 1),
        code_text: code_text(terms, &number, invoice, payable_until)?,
        institution_number: number.institution_number,
        payment_number: number.payment_number,
        confirmation_number: number.confirmation_number,
        payment_category: number.payment_category,
        amount: invoice.owed(),
        payable_until: payable_until.map(IsoDate),
        layout_version: terms.layout.version.clone(),
        replaces: before.map(|before| before.id),
        state: SlipState::Issued.as_str().to_owned(),
        withdrawal_reason: None,
        version: 1,
        issued_at: Micros(now),
        updated_at: Micros(now),
    };
    el_qr_slips::insert(tx, &row)?;
    Ok(Some(row))
}

/// A number that no other slip of the body has.
fn free_number(
    tx: &mut impl Reads,
    core: &Core,
    terms: &ElQrTerms,
    tenant: &TenantCode,
    id: ElQrSlipId,
) -> Result<ElNumber, Failure> {
    let keyed = |purpose: &str, text: &str| {
        let bytes = core.keys.blind_index(purpose, text);
        bytes.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte))
    };
    let secret = keyed(SECRET_PURPOSE, &format!("{tenant}:{id}"));
    for attempt in 0..MOST_ATTEMPTS {
        let unique = keyed(UNIQUE_PURPOSE, &format!("{tenant}:{id}:{attempt}"));
        let seed = NumberSeed { body: tenant, institution: &terms.institution_number, unique, secret };
        let number = terms.layout.number.make(seed);
        let number = number.ok_or_else(|| Failure::Internal(format!("the eL number of slip {id}")))?;
        if el_qr_slips::find_by_number(tx, tenant, &number.payment_number)?.is_none() {
            return Ok(number);
        }
    }
    Err(Failure::Internal(format!("no eL number is free for slip {id}")))
}

/// The values that a slip has in a code or in a line of a file.
pub(super) fn record_of(
    number: &ElNumber,
    invoice: &InvoiceRow,
    (amount, payable_until): (i64, Option<Date>),
) -> Record {
    let text = |text: &str| Cell::Text(text.to_owned());
    let revenue = invoice.lines.0.first().map(|line| line.revenue_account.as_str()).unwrap_or_default();
    let mut record = Record::from([
        (Field::InstitutionNumber, text(&number.institution_number)),
        (Field::PaymentNumber, text(&number.payment_number)),
        (Field::ConfirmationNumber, text(&number.confirmation_number)),
        (Field::PaymentCategory, text(&number.payment_category)),
        (Field::Amount, Cell::Number(amount)),
        (Field::NoticeNumber, text(&invoice.number)),
        (Field::Body, text(invoice.tenant_id.as_str())),
        (Field::Revenue, text(revenue)),
    ]);
    record.extend(payable_until.map(|day| (Field::PayableUntil, Cell::Day(day))));
    record
}

fn code_text(
    terms: &ElQrTerms,
    number: &ElNumber,
    invoice: &InvoiceRow,
    payable_until: Option<Date>,
) -> Result<String, Failure> {
    let record = record_of(number, invoice, (invoice.owed().amount(), payable_until));
    let written = terms.layout.code.write(std::slice::from_ref(&record), &record);
    let text = written.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| Failure::Internal(format!("the eL-QR of invoice {}", invoice.id)))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
