//! What the simulator signs, before a judge of its own: the receiver of the crate `async-stripe-webhook`.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;
use stripe_webhook::{Webhook, WebhookError};

use super::signature;
use crate::simulator::model::Vendor;
use crate::simulator::settings::{SimulatorSettings, VendorAccount};
use crate::simulator::state::{Delivery, DeliveryState, Signing};

const SECRET: &str = "whsec_judged";

/// An event's envelope as [`super::notification`] writes it, of a kind whose object the judge does not read.
fn body() -> String {
    json!({ "id": "evt_1", "object": "event", "type": "climate.order.created",
        "api_version": "2026-10-28.endive", "created": 1_790_000_000, "livemode": false, "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null }, "data": { "object": { "id": "cs_1" } } })
    .to_string()
}

/// Body and header as they leave.
fn leaving(signing: Signing) -> (String, String) {
    leaving_under(SECRET, signing)
}

/// As [`leaving`], with these secrets in use.
fn leaving_under(secrets: &str, signing: Signing) -> (String, String) {
    let settings = SimulatorSettings {
        bind: ([127, 0, 0, 1], 0).into(),
        data_dir: PathBuf::new(),
        accounts: vec![VendorAccount::new(Vendor::Stripe, &[("webhook_secret", secrets)], None)],
        merchant_name: String::new(),
        seed: 1,
        webhook_retry_seconds: Vec::new(),
    };
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let delivery = Delivery {
        seq: 1,
        vendor: Vendor::Stripe,
        id: "evt_1".to_owned(),
        event_type: "climate.order.created".to_owned(),
        payment_id: "pi_1".to_owned(),
        headers: Vec::new(),
        body: body(),
        signing,
        copies: 1,
        concurrent: false,
        state: DeliveryState::Waiting,
        attempts: 0,
        due_at: now,
        last_status: 0,
    };
    let headers = signature(&settings, &delivery, now);
    let [(name, value)] = headers.as_slice() else { panic!("one header: {headers:?}") };
    assert_eq!(name, "Stripe-Signature");
    (delivery.body, value.clone())
}

fn judged(signing: Signing, seconds_later: i64) -> Result<String, WebhookError> {
    let (body, header) = leaving(signing);
    let at = 1_790_000_000 + seconds_later;
    Webhook::construct_event_with_timestamp(&body, &header, SECRET, at).map(|event| event.id.to_string())
}

#[test]
fn another_receiver_believes_what_the_simulator_signs() {
    assert_eq!(judged(Signing::Right, 0).unwrap(), "evt_1");
}

#[test]
fn f19_f20_f21_another_receiver_refuses_what_the_simulator_forges_changes_or_sends_late() {
    assert!(matches!(judged(Signing::WrongKey, 0), Err(WebhookError::BadSignature)));
    assert!(matches!(judged(Signing::ChangedBody, 0), Err(WebhookError::BadSignature)));
    assert!(matches!(judged(Signing::Right, 301), Err(WebhookError::BadTimestamp(1_790_000_000))));
}

#[test]
fn while_a_secret_is_rotated_whoever_believes_either_believes_the_simulator() {
    let (body, header) = leaving_under("whsec_new whsec_old", Signing::Right);
    assert_eq!(header.matches("v1=").count(), 2, "{header}");
    let judge = |header: &str, secret: &str| {
        Webhook::construct_event_with_timestamp(&body, header, secret, 1_790_000_000)
            .map(|event| event.id.to_string())
    };
    // The judge reads one signature of a header: each by itself is believed under its own secret, and under no other.
    let [at, new, old] = header.split(',').collect::<Vec<_>>().try_into().unwrap();
    for (tag, secret, other) in [(new, "whsec_new", "whsec_old"), (old, "whsec_old", "whsec_new")] {
        assert_eq!(judge(&format!("{at},{tag}"), secret).unwrap(), "evt_1");
        assert!(matches!(judge(&format!("{at},{tag}"), other), Err(WebhookError::BadSignature)));
    }
}

#[test]
fn an_event_is_told_for_three_days() {
    assert_eq!(crate::simulator::stripe::RETRY_SECONDS.iter().sum::<u32>(), 3 * 86_400);
    assert!(crate::simulator::stripe::FACADE.retry_seconds.is_some());
}
