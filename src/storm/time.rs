//! One clock for server, simulator and payers, which runs ahead of the machine's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::StormError;
use super::child::DrillSocket;
use super::simulator::Simulator;
use crate::clock::{Clock, SystemClock};

/// The clock of a storm.
#[derive(Debug, Default)]
pub struct VirtualTime {
    clock: SystemClock,
    shift_ms: AtomicI64,
    turning: Mutex<()>,
}

impl VirtualTime {
    /// How far it is ahead of the machine's.
    pub fn shift_ms(&self) -> i64 {
        self.shift_ms.load(Ordering::SeqCst)
    }

    /// The present of the storm.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves it on, for the gateway and, where it lives, for the server.
    pub async fn advance(
        &self,
        by: Duration,
        simulator: &Simulator,
        server: Option<&DrillSocket>,
    ) -> Result<(), StormError> {
        let _turning = self.turning.lock().await;
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let shift_ms = self.shift_ms.fetch_add(by_ms, Ordering::SeqCst).saturating_add(by_ms);
        self.clock.set_shift_ms(shift_ms);
        simulator.shift_clock(shift_ms).await?;
        match server {
            Some(server) => server.shift_clock(shift_ms).await,
            None => Ok(()),
        }
    }
}
