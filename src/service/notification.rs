//! Notifications of gateways: verified, stored, acknowledged; applied later by the worker, once.
//!
//! No rule runs before the acknowledgement, so a gateway never waits for our work, and a notification that was
//! acknowledged is never lost. A forged one is counted and leaves no trace in the case.

use std::net::IpAddr;
use std::sync::Arc;

use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::payment_standing::{Source, apply_snapshot};
use super::poll::POLL_PAYMENT;
use super::{Core, Failure, JobEnd, Refusal, payment_shares};
use crate::domain::id::TenantCode;
use crate::domain::payment::{PaymentSnapshot, SnapshotStatus, tenant_of_reference};
use crate::drill::CrashPoint;
use crate::gateway::{MerchantAccount, Notification, NotificationHead, RawNotification};
use crate::store::gateway_notifications::{self, Delivery, NotificationRow};
use crate::store::payments::PaymentRow;
use crate::store::sql::Micros;
use crate::store::{Reads, Root, Tx, applications, jobs, payments};

/// Kind of the job that applies one notification.
pub const APPLY_NOTIFICATION: &str = "apply_notification";

/// How long news of a payment by the gateway's id wait at least for us to learn the id, and at most.
const SHORTEST_WAIT_FOR_ID: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_WAIT_FOR_ID: SignedDuration = SignedDuration::from_hours(72);

/// Seconds between two questions that hints can cause about one payment.
const HINT_BEAT_S: i64 = 5;

/// The notification as it came, kept sealed so that it can be verified again.
#[derive(Serialize, Deserialize)]
struct Kept {
    headers: Vec<(String, String)>,
    body_base64: String,
    #[serde(default)]
    source: Option<IpAddr>,
}

/// Takes a notification in.
pub async fn receive(
    core: &Arc<Core>,
    tenant: TenantCode,
    gateway: String,
    raw: RawNotification,
) -> Result<Delivery, Failure> {
    let account = core.gateways.find(&tenant, &gateway).ok_or(Refusal::NotFound)?;
    let now = core.clock.now();
    let verified = account.adapter.verify_notification(&raw, now).map_err(|reason| {
        tracing::warn!(gateway, %reason, "a notification was rejected");
        metrics::counter!("madoguchi_notifications_rejected_total", "gateway" => gateway.clone())
            .increment(1);
        Refusal::NotificationRejected
    })?;
    let head = with_reference(core, &tenant, &gateway, account, verified.head()).await?;
    // An account that serves several bodies has one address for its notifications: the reference names the body.
    let named = head.merchant_reference.as_deref().and_then(tenant_of_reference);
    let same_account =
        |body: &TenantCode| core.gateways.find(body, &gateway).is_some_and(|it| Arc::ptr_eq(it, account));
    let tenant = named.filter(same_account).unwrap_or(tenant);
    let row = row(core, &tenant, gateway, &raw, &head)?;
    core.drill.reach_async(CrashPoint::NotificationBeforeRecord).await;
    let inbox = Root::Unlocked(core.ids.uuid(now));
    core.db
        .write(inbox, move |tx| {
            let mut row = row.clone();
            row.received_at = Micros(tx.now());
            let delivery = gateway_notifications::insert(tx, &row)?;
            if delivery == Delivery::New {
                let subject = format!("{}:{}", row.gateway, row.delivery_key);
                jobs::enqueue(tx, row.tenant_id.as_str(), APPLY_NOTIFICATION, &subject, row.received_at.0)?;
            }
            Ok(delivery)
        })
        .await
}

/// What a notification says of itself, with our reference where it names the payment by the gateway's id alone. An id that
/// we do not know yet stands for the reference.
async fn with_reference(
    core: &Arc<Core>,
    tenant: &TenantCode,
    gateway: &str,
    account: &Arc<MerchantAccount>,
    told: &NotificationHead,
) -> Result<NotificationHead, Failure> {
    let mut head = told.clone();
    let (None, Some(id)) = (&head.merchant_reference, &head.gateway_payment_id) else { return Ok(head) };
    let bodies = served_by(core, account, tenant, gateway);
    let (name, wanted) = (gateway.to_owned(), id.clone());
    let found = core.db.read(move |tx| by_gateway_id(tx, &bodies, &name, &wanted)).await?;
    head.merchant_reference = Some(found.map_or_else(|| id.clone(), |payment| payment.merchant_reference));
    Ok(head)
}

/// The bodies that an account collects for, the one of the address first.
fn served_by(
    core: &Core,
    account: &Arc<MerchantAccount>,
    tenant: &TenantCode,
    gateway: &str,
) -> Vec<TenantCode> {
    let catalogue = core.catalogue.current();
    let all = catalogue.tenants().map(|body| body.definition.code.clone());
    let served = |body: &TenantCode| {
        body != tenant && core.gateways.find(body, gateway).is_some_and(|it| Arc::ptr_eq(it, account))
    };
    std::iter::once(tenant.clone()).chain(all.filter(served)).collect()
}

fn by_gateway_id(
    tx: &mut impl Reads,
    bodies: &[TenantCode],
    gateway: &str,
    id: &str,
) -> Result<Option<PaymentRow>, Failure> {
    for body in bodies {
        if let Some(payment) = payments::find_by_gateway_id(tx, body, gateway, id)? {
            return Ok(Some(payment));
        }
    }
    Ok(None)
}

/// The payment that a stored notification is about: by our reference, or by the gateway's id where we know it by now.
fn meant(
    tx: &mut impl Reads,
    row: &NotificationRow,
    bodies: &[TenantCode],
) -> Result<Option<PaymentRow>, Failure> {
    let Some(reference) = &row.merchant_reference else { return Ok(None) };
    // An account proves only what it collected itself.
    let named = payments::find_by_reference(tx, &row.tenant_id, reference)?;
    match named.filter(|payment| payment.gateway == row.gateway) {
        Some(payment) => Ok(Some(payment)),
        None => by_gateway_id(tx, bodies, &row.gateway, reference),
    }
}

fn row(
    core: &Core,
    tenant: &TenantCode,
    gateway: String,
    raw: &RawNotification,
    verified: &NotificationHead,
) -> Result<NotificationRow, Failure> {
    let key = core.keys.new_case_key(tenant, core.ids.as_ref())?;
    let kept =
        Kept { headers: raw.headers.clone(), body_base64: BASE64.encode(&raw.body), source: raw.source };
    Ok(NotificationRow {
        tenant_id: tenant.clone(),
        sealed_body: key.key.seal_json(&place(&gateway, &verified.delivery_key), &kept, core.ids.as_ref()),
        gateway,
        delivery_key: verified.delivery_key.clone(),
        event_id: verified.event_id.clone(),
        event_kind: verified.event_kind.clone(),
        merchant_reference: verified.merchant_reference.clone(),
        wrapped_key: key.wrapped,
        state: "received".to_owned(),
        received_at: Micros(core.clock.now()),
        applied_at: None,
    })
}

/// Applies one stored notification; a repeat finds it finished and does nothing.
pub async fn apply(core: &Arc<Core>, tenant: TenantCode, subject: &str) -> Result<JobEnd, Failure> {
    let (gateway, delivery_key) =
        subject.split_once(':').ok_or_else(|| Failure::Internal("subject".to_owned()))?;
    let account = core.gateways.find(&tenant, gateway);
    let bodies = account.map_or_else(Vec::new, |account| served_by(core, account, &tenant, gateway));
    let (of, name, delivery) = (tenant.clone(), gateway.to_owned(), delivery_key.to_owned());
    let (row, payment) = core
        .db
        .read(move |tx| {
            let row = gateway_notifications::find(tx, &of, &name, &delivery)?.ok_or(Refusal::NotFound)?;
            let payment = meant(tx, &row, &bodies)?;
            Ok::<_, Failure>((row, payment))
        })
        .await?;
    if row.state != "received" {
        return Ok(JobEnd::Done);
    }
    let Some(payment) = payment else { return wait_or_park(core, row).await };
    let verified = verify_again(core, &row)?;
    let inner = Arc::clone(core);
    let known = payment.clone();
    payment_shares::write(core, &known, move |tx| fold_in(tx, &inner, &row, &payment, verified.as_ref()))
        .await
}

fn fold_in(
    tx: &mut Tx<'_>,
    core: &Core,
    row: &NotificationRow,
    seen: &PaymentRow,
    verified: Option<&Notification>,
) -> Result<JobEnd, Failure> {
    let present = gateway_notifications::find(tx, &row.tenant_id, &row.gateway, &row.delivery_key)?;
    let present = present.ok_or(Refusal::NotFound)?;
    // The body of the payment: news that name it by the gateway's id came to the address of the account.
    let tenant = &seen.tenant_id;
    if present.state != "received" {
        return Ok(JobEnd::Done);
    }
    let mut case = applications::find(tx, tenant, seen.application_id)?.ok_or(Refusal::NotFound)?;
    let mut payment = payments::find(tx, tenant, seen.id)?.ok_or(Refusal::NotFound)?;
    let now = tx.now();
    let ask_at = match verified {
        Some(Notification::Signed(signed)) => match &signed.snapshot {
            Some(snapshot) if !closes_a_live_checkout(&payment, snapshot)? => {
                apply_snapshot(tx, core, &mut case, &mut payment, snapshot, Source::Notification)?;
                None
            }
            // One try that ended does not end its checkout: it only makes us ask now.
            _ => Some(now),
        },
        Some(Notification::Hint(_)) | None => Some(next_beat(now)),
    };
    if let Some(at) = ask_at {
        jobs::enqueue_again(tx, tenant.as_str(), POLL_PAYMENT, &payment.id.to_string(), at)?;
    }
    gateway_notifications::finish(tx, row, "applied")?;
    Ok(JobEnd::Done)
}

/// The next of the instants at which hints are followed up, five seconds apart: however many come, and whoever sends
/// them, they make us ask about a payment at most once between two of these.
fn next_beat(now: Timestamp) -> Timestamp {
    let beat = now.as_second().div_euclid(HINT_BEAT_S).saturating_add(1).saturating_mul(HINT_BEAT_S);
    Timestamp::from_second(beat).unwrap_or(now)
}

/// Whether the event would end a payment whose checkout the payer may still be in.
fn closes_a_live_checkout(row: &PaymentRow, snapshot: &PaymentSnapshot) -> Result<bool, Failure> {
    let closing = matches!(snapshot.status, SnapshotStatus::Canceled | SnapshotStatus::Expired);
    Ok(closing && row.gateway_session_id.is_some() && row.payment()?.state.is_live())
}

/// News that name a payment by the gateway's id alone can be here before we know that id: they wait for it, ever longer, as
/// long as gateways themselves go on telling. A reference of ours that we never gave away is not waited for.
async fn wait_or_park(core: &Core, row: NotificationRow) -> Result<JobEnd, Failure> {
    let by_id = row.merchant_reference.as_deref().is_some_and(|name| tenant_of_reference(name).is_none());
    let (now, age) = (core.clock.now(), core.clock.now().duration_since(row.received_at.0));
    if by_id && age < LONGEST_WAIT_FOR_ID {
        return Ok(JobEnd::Again(now.checked_add(age.max(SHORTEST_WAIT_FOR_ID)).unwrap_or(now)));
    }
    park(core, row).await
}

/// About nothing we know: kept for a person when it names a payment, ignored when it names none (`ping`).
async fn park(core: &Core, row: NotificationRow) -> Result<JobEnd, Failure> {
    let state = if row.merchant_reference.is_some() { "parked" } else { "ignored" };
    if state == "parked" {
        tracing::warn!(
            gateway = row.gateway,
            delivery = row.delivery_key,
            "a notification names an unknown payment"
        );
        metrics::counter!("madoguchi_notifications_parked_total", "gateway" => row.gateway.clone())
            .increment(1);
    }
    let inbox = Root::Unlocked(core.ids.uuid(core.clock.now()));
    core.db
        .write(inbox, move |tx| {
            gateway_notifications::finish(tx, &row, state)?;
            Ok(JobEnd::Done)
        })
        .await
}

/// The notification as it is proven by the secrets of today. None where it no longer is: its secret was taken out since it was
/// received and acknowledged. Then it is no more than a hint, and what it told of is asked for.
fn verify_again(core: &Core, row: &NotificationRow) -> Result<Option<Notification>, Failure> {
    let key = core.keys.open_case_key(&row.tenant_id, &row.wrapped_key)?;
    let kept: Kept = key.open_json(&place(&row.gateway, &row.delivery_key), &row.sealed_body)?;
    let body =
        BASE64.decode(kept.body_base64.as_bytes()).map_err(|error| Failure::Internal(error.to_string()))?;
    let account = core.gateways.find(&row.tenant_id, &row.gateway);
    let account = account.ok_or_else(|| Failure::Internal(format!("no gateway {} any more", row.gateway)))?;
    let raw = RawNotification { headers: kept.headers, body, source: kept.source };
    let verified = account.adapter.verify_notification(&raw, row.received_at.0);
    Ok(verified
        .inspect_err(|reason| {
            tracing::warn!(gateway = row.gateway, delivery = row.delivery_key, %reason, "a notification is a hint by now");
        })
        .ok())
}

fn place(gateway: &str, delivery_key: &str) -> String {
    format!("gateway_notifications.sealed_body:{gateway}:{delivery_key}")
}
