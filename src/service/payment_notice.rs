//! Issuing the notice to pay (納入の通知, R-66, R-67) with an invoice, and reading it.

use jiff::Timestamp;

use super::cases::{self, OpenCase};
use super::receipt_standing::{Names, names_of};
use super::{Ctx, Failure, Refusal, access, billing, disposing_authority, el_qr, intake};
use crate::domain::calendar::jst_day;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{InvoiceId, OfficerId, TenantCode};
use crate::domain::payment::{PaymentState, Slip};
use crate::domain::payment_notice::{NoticeContent, NoticeWay, reason};
use crate::domain::policy::Action;
use crate::domain::revenue::Due;
use crate::seal::sha256_hex;
use crate::store::el_qr_slips::SlipRow;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payment_notices::{self, PaymentNoticeRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::sql::Json;
use crate::store::{Reads, Root, Tx, payment_slips, set_offs};

/// A notice with whom it names.
#[derive(Clone, Debug)]
pub struct OpenNotice {
    /// The notice.
    pub row: PaymentNoticeRow,
    /// Who owes.
    pub names: Names,
    /// The slips that wait to be paid, oldest first: they are no part of what was issued.
    pub slips: Vec<WaitingSlip>,
    /// The slip by which it can be paid by eL-QR now; no part of what was issued either.
    pub el_qr: Option<SlipRow>,
}

/// A slip that waits to be paid.
#[derive(Clone, Debug)]
pub struct WaitingSlip {
    /// The payment.
    pub payment: PaymentRow,
    /// Its numbers.
    pub slip: Slip,
}

/// The slips of an invoice that wait to be paid, oldest first.
pub(super) fn waiting_slips(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    invoice: InvoiceId,
) -> Result<Vec<WaitingSlip>, Failure> {
    let mut found = Vec::new();
    for payment in payments::of_invoice(tx, tenant, invoice)? {
        if payment.payment()?.state != PaymentState::AwaitingPayment {
            continue;
        }
        let slip = payment_slips::of_payment(tx, tenant, payment.id)?;
        found.extend(slip.map(|slip| WaitingSlip { payment, slip }));
    }
    Ok(found)
}

/// Issues the notice of an invoice: once, in the transaction that issues the invoice. Whoever has an account reads it there
/// (その他の方法); whoever has none gets it on paper. Its slip under an eL number is made with it, where it is offered.
pub fn issue(tx: &mut Tx<'_>, ctx: &Ctx, case: &OpenCase, invoice: &InvoiceRow) -> Result<(), Failure> {
    let content = content_of(ctx, case, invoice)?;
    let text = serde_json::to_string(&content).map_err(|error| Failure::Internal(error.to_string()))?;
    let way = if billing::obligor(case).is_some() { NoticeWay::Electronic } else { NoticeWay::Paper };
    let row = PaymentNoticeRow {
        tenant_id: invoice.tenant_id.clone(),
        invoice_id: invoice.id,
        application_id: invoice.application_id,
        number: invoice.number.clone(),
        way: way.as_str().to_owned(),
        content: Json(content),
        content_sha256: sha256_hex(text.as_bytes()),
        issued_at: invoice.issued_at,
    };
    payment_notices::insert(tx, &row)?;
    el_qr::ensure(tx, ctx, case, invoice)
}

fn content_of(ctx: &Ctx, case: &OpenCase, invoice: &InvoiceRow) -> Result<NoticeContent, Failure> {
    let day = jst_day(invoice.issued_at.0);
    let acting = disposing_authority::of_case(ctx, &case.row, day)?;
    let body = &acting.body.definition;
    let definition = &intake::pinned(ctx, &case.row)?.definition;
    let methods =
        definition.allowed_methods.as_ref().map_or_else(Vec::new, |allowed| allowed.methods.clone());
    let revenue = body.revenue.as_ref();
    let places = revenue.map_or_else(Vec::new, |revenue| revenue.places(&methods, day));
    Ok(NoticeContent {
        issuer: body.name.clone(),
        authority: acting.title.clone(),
        fiscal_year: i16::try_from(invoice.fiscal_year).unwrap_or_default(),
        lines: invoice.lines.0.clone(),
        total: invoice.total,
        due_on: invoice.due_on.map(|due| due.0),
        payable_until: invoice.due_on.map(|due| acting.body.calendar.roll(due.0)),
        places: places.into_iter().map(|place| place.name.clone()).collect(),
        methods,
        reason: reason(&definition.title, case.row.number.as_deref().unwrap_or_default()),
    })
}

/// The notice of an invoice, for whoever may see its money. One that was issued before notices were kept is put together
/// at the first reading, as of the day of the invoice; so is the slip under an eL number of one that was issued before that was
/// offered.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<OpenNotice, Failure> {
    let mut found = read(&ctx, &tenant, id).await?;
    if let Read { lacking: Some(invoice), .. } = &found {
        make_up_for(&ctx, &tenant, invoice).await?;
        found = read(&ctx, &tenant, id).await?;
    }
    let (reader, notice) = found.notice.ok_or(Refusal::NotFound)?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "payment_notice", &[notice.row.application_id]).await?;
    }
    Ok(notice)
}

/// What is there of a notice, and the invoice whose notice or slip is to be made yet.
struct Read {
    notice: Option<(Option<OfficerId>, OpenNotice)>,
    lacking: Option<Box<InvoiceRow>>,
}

async fn read(ctx: &Ctx, tenant: &TenantCode, id: InvoiceId) -> Result<Read, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let invoice = invoices::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
        let case = cases::open(tx, &inner, &body, invoice.application_id, Action::ReadMoney)?;
        let Some(row) = payment_notices::of_invoice(tx, &body, id)? else {
            // What was divided off to be set off is owed under the notice of its claim, and is paid already.
            let parts = set_offs::parts_of_case(tx, &body, invoice.application_id)?;
            let lacking = (!parts.contains(&id)).then(|| Box::new(invoice));
            return Ok::<_, Failure>(Read { notice: None, lacking });
        };
        let names = names_of(tx, &case.row, &case.key)?;
        let slips = waiting_slips(tx, &body, id)?;
        let el_qr = el_qr::payable(tx, &inner.catalogue, &invoice)?;
        let lacks = el_qr.is_none() && el_qr::is_missing(tx, &inner, &case, &invoice)?;
        Ok(Read {
            notice: Some((access::reader(&case.actor), OpenNotice { row, names, slips, el_qr })),
            lacking: lacks.then(|| Box::new(invoice)),
        })
    })
    .await
}

async fn make_up_for(ctx: &Ctx, tenant: &TenantCode, invoice: &InvoiceRow) -> Result<(), Failure> {
    let (inner, body, invoice) = (ctx.clone(), tenant.clone(), invoice.clone());
    let db = ctx.core.db.clone();
    db.write(Root::Application(invoice.application_id), move |tx| {
        let case = cases::open(tx, &inner, &body, invoice.application_id, Action::ReadMoney)?;
        let invoice = invoices::find(tx, &body, invoice.id)?.ok_or(Refusal::NotFound)?;
        if payment_notices::of_invoice(tx, &body, invoice.id)?.is_none() {
            issue(tx, &inner, &case, &invoice)
        } else {
            el_qr::ensure(tx, &inner, &case, &invoice)
        }
    })
    .await
}

/// Until when a claim is to be paid, as [`billing`] needs it for a new invoice: per account the last day and the year.
pub fn due_of(ctx: &Ctx, tenant: &TenantCode, account: &str, now: Timestamp) -> Due {
    let day = jst_day(now);
    let body = ctx.catalogue.tenant(tenant);
    let revenue = body.and_then(|body| body.definition.revenue.as_ref());
    let unknown = Due { last_day: None, fiscal_year: FiscalYear::of(day) };
    revenue.map_or(unknown, |revenue| revenue.due(account, day))
}
