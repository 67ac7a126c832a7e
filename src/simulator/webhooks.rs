//! Sending notifications: in order, with the vendor's time-out, again after each wait of its schedule.
//!
//! Waits run on the virtual clock, so `POST /_sim/clock` brings the next try forward. What is still to be
//! sent is in the journal; a restart goes on with it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::core::{Inner, Simulator};
use super::engine::after_seconds;
use super::facade;
use super::state::{Delivery, DeliveryState, Entry};

/// How often deadlines and due notifications are looked at when nothing wakes us.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A client that goes straight to the merchant: no proxy, no redirects.
pub fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()
}

/// Sends what is due, for ever.
pub async fn deliver_for_ever(simulator: Arc<Simulator>, client: reqwest::Client) {
    loop {
        for (url, delivery) in due(&simulator) {
            let status = send_copies(&client, &url, &delivery).await;
            note(&simulator, delivery, status);
        }
        // Either branch only means: look again.
        let _ = tokio::time::timeout(LOOK_EVERY, simulator.wake.notified()).await;
    }
}

fn due(simulator: &Simulator) -> Vec<(String, Delivery)> {
    let mut guard = simulator.lock();
    let inner = &mut *guard;
    if let Err(error) = simulator.tick(inner) {
        tracing::error!(%error, "the simulator's journal cannot be written");
        return Vec::new();
    }
    let now = inner.now();
    let url = |delivery: &Delivery| inner.state.webhook_urls.get(&delivery.vendor).cloned();
    let ready = |delivery: &Delivery| {
        let mut ready = delivery.clone();
        if let Some(headers) = facade::of(delivery.vendor).headers_at_send {
            ready.headers.extend(headers(&simulator.settings, delivery, now));
        }
        ready
    };
    let due = due_at(inner, now);
    let mut found: Vec<_> = due.filter_map(|delivery| Some((url(delivery)?, ready(delivery)))).collect();
    found.sort_by_key(|(_, delivery)| (delivery.due_at, delivery.seq));
    found
}

/// What is to be sent at `now`.
pub fn due_at(inner: &Inner, now: Timestamp) -> impl Iterator<Item = &Delivery> {
    let open = inner.state.open.iter().filter_map(|seq| inner.state.deliveries.get(seq));
    open.filter(move |delivery| delivery.due_at <= now)
}

/// Sends every copy; the last answer counts, 0 stands for none.
async fn send_copies(client: &reqwest::Client, url: &str, delivery: &Delivery) -> u16 {
    let mut last = 0;
    if delivery.concurrent {
        let tasks: Vec<_> = (0..delivery.copies)
            .map(|_| tokio::spawn(send(client.clone(), url.to_owned(), delivery.clone())))
            .collect();
        for task in tasks {
            last = task.await.unwrap_or(0);
        }
    } else {
        for _ in 0..delivery.copies {
            last = send(client.clone(), url.to_owned(), delivery.clone()).await;
        }
    }
    last
}

async fn send(client: reqwest::Client, url: String, delivery: Delivery) -> u16 {
    let within = facade::of(delivery.vendor).answer_within;
    let mut request = client.post(&url).timeout(within);
    // A vendor that sends anything but JSON says so itself.
    if !delivery.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        request = request.header("Content-Type", "application/json");
    }
    request = request.body(delivery.body);
    for (name, value) in delivery.headers {
        request = request.header(name, value);
    }
    match request.send().await {
        Ok(answer) => answer.status().as_u16(),
        Err(error) => {
            tracing::debug!(%error, "a notification found nobody");
            0
        }
    }
}

fn note(simulator: &Simulator, mut delivery: Delivery, status: u16) {
    let mut inner = simulator.lock();
    let known = inner.state.deliveries.get(&delivery.seq).filter(|known| known.id == delivery.id);
    let Some(known) = known else { return }; // a reset came between
    // What was added for this try belongs to this try alone.
    delivery.headers.clone_from(&known.headers);
    delivery.last_status = status;
    delivery.attempts += 1;
    let tries = usize::try_from(delivery.attempts - 1).unwrap_or(usize::MAX);
    let own = facade::of(delivery.vendor).retry_seconds;
    let wait = own.unwrap_or(&simulator.settings.webhook_retry_seconds).get(tries);
    match (status, wait) {
        (200..=299, _) => delivery.state = DeliveryState::Delivered,
        (_, Some(seconds)) => {
            delivery.state = DeliveryState::Waiting;
            delivery.due_at = after_seconds(inner.now(), *seconds);
        }
        (_, None) => delivery.state = DeliveryState::GivenUp,
    }
    if let Err(error) = inner.record(vec![Entry::Delivery(delivery)]) {
        tracing::error!(%error, "the simulator's journal cannot be written");
    }
}
