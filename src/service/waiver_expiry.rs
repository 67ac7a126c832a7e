//! Grants whose rest was not paid in time (減免の失効): what was taken off is owed again.
//!
//! Never while an attempt is open or its fate is unknown, or a payment by an eL number may not have been reported yet, and never
//! where money is left that was paid: a grant ends only over
//! a debt that nobody is about to pay. Run twice it has one effect.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::cases::system_actor;
use super::waiver::tell;
use super::{Core, Failure, JobEnd, Refusal, cases, el_qr, reassessment, refund_money};
use crate::domain::calendar::jst_day;
use crate::domain::id::TenantCode;
use crate::domain::invoice::InvoiceState;
use crate::domain::money::Yen;
use crate::domain::waiver::{WaiverState, WaiverStep};
use crate::store::events::{self, NewEvent};
use crate::store::waivers::{self, WaiverRow};
use crate::store::{Reads, Root, Tx, invoices, payments};

/// Kind of the daily job that ends grants whose rest was not paid in time.
pub const EXPIRE_WAIVERS: &str = "expire_waivers";

/// Grants read in one go.
const PAGE: i64 = 50;

/// Ends the grants of a body whose last day is over; the failure of one does not hold up the others. Fails with the first one.
pub async fn run(core: &Arc<Core>, tenant: &TenantCode) -> Result<JobEnd, Failure> {
    let (mut after, mut ended) = (None, Ok(()));
    loop {
        let of = tenant.clone();
        let page: Vec<WaiverRow> = core
            .db
            .read(move |tx| {
                let today = jst_day(tx.now());
                Ok::<_, Failure>(waivers::overdue(tx, &of, today, after, PAGE)?)
            })
            .await?;
        let Some(last) = page.last() else { return ended.map(|()| JobEnd::Done) };
        after = Some(last.id);
        for row in page {
            let inner = Arc::clone(core);
            let root = Root::Application(row.application_id);
            let end = move |tx: &mut Tx<'_>| {
                let now = tx.now();
                expire(tx, &inner, &row, now)
            };
            ended = ended.and(core.db.write(root, end).await);
        }
    }
}

fn expire(tx: &mut Tx<'_>, core: &Core, seen: &WaiverRow, now: Timestamp) -> Result<(), Failure> {
    let tenant = &seen.tenant_id;
    let mut row = waivers::find(tx, tenant, seen.id)?.ok_or(Refusal::NotFound)?;
    let over = row.valid_until.is_some_and(|last| last.0 < jst_day(now));
    if row.waiver_state()? != WaiverState::Granted || !over {
        return Ok(());
    }
    let mut invoice = invoices::find(tx, tenant, row.invoice_id)?.ok_or(Refusal::NotFound)?;
    if invoice.invoice_state()? != InvoiceState::Unpaid {
        return Ok(());
    }
    for attempt in payments::of_invoice(tx, tenant, invoice.id)? {
        if attempt.payment()?.state.is_live() || refund_money::left_of(tx, &attempt)? > Yen::ZERO {
            return Ok(());
        }
    }
    // Paid in time by its number, it is reported days later: until then the rest may have been paid.
    if el_qr::may_be_paid(tx, &core.catalogue.current(), &invoice)? {
        return Ok(());
    }
    let mut case = cases::open_for_system(tx, core, tenant, row.application_id)?;

    // From here on everything changes rows.
    row.waiver_state()?.apply(WaiverStep::Expire)?.as_str().clone_into(&mut row.state);
    waivers::update(tx, &mut row)?;
    let facts = json!({ "waiver": row.id.to_string(), "invoice": invoice.id.to_string(),
        "valid_until": row.valid_until.map(|day| day.0.to_string()) });
    let event =
        NewEvent { kind: "waiver_expired", actor: system_actor("billing"), facts, sealed_detail: None };
    events::append(tx, &mut case.row, event)?;
    reassessment::restore(tx, core, &mut case, &mut invoice, &row, now)?;
    tell(tx, &row, now)?;
    case.save(tx)
}
