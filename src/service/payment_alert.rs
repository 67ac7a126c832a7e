//! The desk of alerts (要確認の支払): what was raised about payments, and who looked at it.
//!
//! An alert is raised with the event of its case ([`super::payment_standing`]), once however often it is heard. An accountant
//! handles it once, with a word; it stays as it was raised.

use jiff::Timestamp;
use serde_json::json;

use super::accounting::{accountant, comment_fault};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::payment_refusal::PaymentRefusal;
use super::{Ctx, Effect, Failure, Refusal};
use crate::domain::audit::EventActor;
use crate::domain::id::{PaymentAlertId, TenantCode};
use crate::domain::payment::Alert;
use crate::store::events::{self, NewEvent};
use crate::store::payment_alerts::{self, AlertFilter, PaymentAlertRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, StoreError, Tx, applications};

/// Alerts on a page.
pub const PAGE: i64 = 50;

/// An alert with the payment that it is about.
#[derive(Clone, Debug)]
pub struct OpenAlert {
    /// The alert.
    pub row: PaymentAlertRow,
    /// The payment as it stands now.
    pub payment: PaymentRow,
}

/// Puts an alert on the desk; the caller has recorded the event of the case.
pub(super) fn put(tx: &mut Tx<'_>, payment: &PaymentRow, alert: &Alert) -> Result<(), StoreError> {
    let row = PaymentAlertRow {
        tenant_id: payment.tenant_id.clone(),
        id: PaymentAlertId(tx.new_id()),
        application_id: payment.application_id,
        payment_id: payment.id,
        code: alert.code().to_owned(),
        found: alert.found(),
        raised_at: Micros(tx.now()),
        handled_at: None,
        handled_by: None,
        comment: None,
    };
    payment_alerts::insert(tx, &row)
}

/// A page of the desk, oldest first.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    filter: AlertFilter,
    after: Option<PaymentAlertId>,
) -> Result<Vec<OpenAlert>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        let rows = payment_alerts::page(tx, &tenant, &filter, after, PAGE)?;
        let ids: Vec<_> = rows.iter().map(|row| row.payment_id).collect();
        let found = payments::of_ids(tx, &tenant, &ids)?;
        let open = rows.into_iter().map(|row| {
            let payment = found.iter().find(|payment| payment.id == row.payment_id).cloned();
            payment.map(|payment| OpenAlert { row, payment })
        });
        let open: Option<Vec<OpenAlert>> = open.collect();
        Ok(open.ok_or_else(|| StoreError::Inconsistent("a payment alert without a payment".to_owned()))?)
    })
    .await
}

/// Says that an alert was looked at, once.
pub async fn handle(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: PaymentAlertId,
    comment: String,
) -> Result<Effect<OpenAlert>, Failure> {
    let (inner, tenant) = (ctx.clone(), request.tenant.clone());
    let application = ctx.core.db.read(move |tx| {
        accountant(tx, &inner, &tenant)?;
        Ok::<_, Failure>(payment_alerts::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?.application_id)
    });
    let root = Root::Application(application.await?);
    let db = ctx.core.db.clone();
    db.write(root, move |tx| {
        let end = |tx: &mut Tx<'_>, now| end(tx, &ctx, &request.tenant, id, &comment, now);
        once(tx, &request, "payment_alert", end, |tx, _| {
            accountant(tx, &ctx, &request.tenant)?;
            open(tx, &request.tenant, id)
        })
    })
    .await
}

fn open(tx: &mut impl Reads, tenant: &TenantCode, id: PaymentAlertId) -> Result<OpenAlert, Failure> {
    let row = payment_alerts::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let payment = payments::find(tx, tenant, row.payment_id)?.ok_or(Refusal::NotFound)?;
    Ok(OpenAlert { row, payment })
}

fn end(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: PaymentAlertId,
    comment: &str,
    now: Timestamp,
) -> Result<Made<OpenAlert>, Failure> {
    let officer = accountant(tx, ctx, tenant)?;
    let OpenAlert { mut row, payment } = open(tx, tenant, id)?;
    if row.handled_at.is_some() {
        return Err(PaymentRefusal::AlertHandled.into());
    }
    if let Some(fault) = comment_fault(comment) {
        return Err(Refusal::Invalid(vec![fault]).into());
    }
    let mut case = applications::find(tx, tenant, row.application_id)?.ok_or(Refusal::NotFound)?;

    // From here on everything changes rows; every refusal stands above.
    row.handled_at = Some(Micros(now));
    row.handled_by = Some(officer);
    row.comment = Some(comment.trim().to_owned());
    payment_alerts::handle(tx, &row)?;
    // The record of the case says who looked at what; the word stays at the desk.
    let facts = json!({ "payment": row.payment_id.to_string(), "alert": row.code, "found": row.found });
    let actor = EventActor { kind: "officer", id: officer.to_string() };
    let event = NewEvent { kind: "payment_alert_handled", actor, facts, sealed_detail: None };
    events::append(tx, &mut case, event)?;
    applications::update(tx, &mut case)?;
    Ok(Made { resource_id: id.to_string(), value: OpenAlert { row, payment } })
}
