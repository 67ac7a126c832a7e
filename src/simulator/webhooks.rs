//! Sending notifications: in order, with a time-out of 5 seconds, again after each wait of the schedule.
//!
//! Waits run on the virtual clock, so `POST /_sim/clock` brings the next try forward. What is still to be
//! sent is in the journal; a restart goes on with it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::core::{Inner, Simulator};
use super::engine::after_seconds;
use super::state::{Delivery, DeliveryState, Entry};

/// How often deadlines and due notifications are looked at when nothing wakes us.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long the merchant may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A client that goes straight to the merchant: no proxy, no redirects.
pub fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ANSWER_WITHIN)
        .build()
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
    let Some(url) = inner.state.webhook_url.clone() else { return Vec::new() };
    let mut found: Vec<Delivery> = due_at(inner, now).cloned().collect();
    found.sort_by_key(|delivery| (delivery.due_at, delivery.seq));
    found.into_iter().map(|delivery| (url.clone(), delivery)).collect()
}

fn due_at(inner: &Inner, now: Timestamp) -> impl Iterator<Item = &Delivery> {
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
    let mut request = client.post(&url).header("Content-Type", "application/json").body(delivery.body);
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
    let known = inner.state.deliveries.get(&delivery.seq);
    if known.is_none_or(|known| known.id != delivery.id) {
        return; // a reset came between
    }
    delivery.last_status = status;
    delivery.attempts += 1;
    let tries = usize::try_from(delivery.attempts - 1).unwrap_or(usize::MAX);
    let wait = simulator.settings.webhook_retry_seconds.get(tries);
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
