//! How fast a notification is acknowledged when many come.
//!
//! The release server on a private SQLite file (fsync on) with the simulator beside it: real cases, real KOMOJU payments,
//! paid on the hosted page. Then 500 signed notifications a second for 20 seconds, each an event of its own about one of
//! them, sent at its instant whether or not those before it were answered; a notification's time runs from that instant.
//!
//! `cargo bench --bench webhooks`; `BENCH_SECS` (20) is the time of load. One JSON line on standard output; the run fails on
//! errors and when p99 is over 50 ms.

mod stand;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use self::stand::{Stand, WEBHOOK_SECRET};

/// Notifications a second.
const RATE: u32 = 500;
/// Payments they speak of.
const PAYMENTS: usize = 200;
/// The bar.
const P99_MS: f64 = 50.0;

fn main() -> ExitCode {
    match bench() {
        Ok(met) if met => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            progress(&format!("the bench failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a bench lasts is no setting of the service")]
fn seconds() -> u32 {
    std::env::var("BENCH_SECS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(20)
}

fn bench() -> Result<bool, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        progress("starting server and simulator");
        let stand = Stand::start().await?;
        progress(&format!("making {PAYMENTS} payments"));
        let mut payments = Vec::new();
        for _ in 0..PAYMENTS {
            payments.push(stand.paid().await?);
        }
        progress("sending");
        let (mut times, errors) = load(&stand, &payments, RATE * seconds()).await;
        times.sort();
        let (p50_ms, p99_ms) = (percentile(&times, 50), percentile(&times, 99));
        let longest_ms = percentile(&times, 100);
        let line = json!({ "backend": "sqlite", "rate_per_s": RATE, "notifications": times.len(), "errors": errors,
            "p50_ms": p50_ms, "p99_ms": p99_ms, "longest_ms": longest_ms });
        writeln!(std::io::stdout(), "{line}")?;
        if p99_ms > P99_MS {
            progress(&format!("missed: p99 {p99_ms} ms is over {P99_MS} ms"));
        }
        Ok(errors == 0 && p99_ms <= P99_MS)
    })
}

/// Sends `count` notifications at their instants; gives the times of those that were acknowledged, and how many were not.
async fn load(stand: &Stand, payments: &[Value], count: u32) -> (Vec<Duration>, u64) {
    let key = hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes());
    let began = Instant::now() + Duration::from_millis(100);
    let mut sent = Vec::new();
    for (number, payment) in (0..count).zip(payments.iter().cycle()) {
        let event = format!("bench-{number}");
        let kind = if number % 2 == 0 { "payment.captured" } else { "payment.updated" };
        let body =
            json!({ "id": event, "type": kind, "resource": "event", "created_at": "2026-04-01T00:00:00Z",
            "data": payment })
            .to_string();
        let signature = HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref());
        let request = stand.notification(&event, kind, &signature, body);
        let due = began + Duration::from_secs(1) * number / RATE;
        sleep_until(due).await;
        sent.push(tokio::spawn(async move {
            let answered = request.send().await.is_ok_and(|answer| answer.status().is_success());
            answered.then(|| due.elapsed())
        }));
    }
    let (mut times, mut errors) = (Vec::new(), 0);
    for one in sent {
        match one.await {
            Ok(Some(time)) => times.push(time),
            _ => errors += 1,
        }
    }
    (times, errors)
}

/// The time that so many per cent did not exceed, in milliseconds.
fn percentile(sorted: &[Duration], per_cent: usize) -> f64 {
    let index = (sorted.len() * per_cent / 100).min(sorted.len().saturating_sub(1));
    let time = sorted.get(index).copied().unwrap_or_default();
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

/// A line for whoever watches.
fn progress(line: &str) {
    // A terminal that is gone cannot be told anything.
    let _ = writeln!(std::io::stderr(), "webhooks: {line}");
}
