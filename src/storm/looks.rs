//! Looking again and again, at first often and then less: what comes at once is seen at once, and whoever waits long does
//! not take the machine from the others.

use std::time::Duration;

use tokio::time::sleep;

/// The first pause and the longest.
const FIRST: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_millis(200);

/// The pauses between looks.
#[derive(Debug)]
pub struct Looks(Duration);

impl Default for Looks {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Looks {
    /// Waits until the next look.
    pub async fn pause(&mut self) {
        sleep(self.0).await;
        self.0 = self.0.saturating_mul(2).min(LONGEST);
    }
}
