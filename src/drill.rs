//! Crash points: named places in the code where a test may stop this process for good.
//!
//! Purpose: prove that SIGKILL between any two steps loses nothing and repeats nothing. Invariants: without a
//! drill socket a point costs one atomic load and can never stop; with one, every pass is counted, and an armed point
//! reports and then stays where it is until the process is killed. A point that no test hits fails the suite.

pub mod socket;

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

macro_rules! crash_points {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Where a process can be made to stop.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CrashPoint {
            $($(#[$doc])* $name,)*
        }

        impl CrashPoint {
            /// Every point there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name on the drill socket.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

crash_points! {
    /// The payment and its operation are written, their commit is not sent.
    PaymentBeforeIntentCommit = "payment-before-intent-commit";
    /// The intent is stored, no byte has gone to the gateway.
    PaymentAfterIntentBeforeSend = "payment-after-intent-before-send";
    /// The request has gone out, its answer has not been read.
    PaymentAfterSendBeforeAnswer = "payment-after-send-before-answer";
    /// The answer is read, nothing of it is stored.
    PaymentAfterAnswerBeforeRecord = "payment-after-answer-before-record";
    /// The answer is stored, the payer has not been sent on.
    PaymentAfterRecordBeforeRedirect = "payment-after-record-before-redirect";
    /// A notification is verified, not yet in the inbox.
    NotificationBeforeRecord = "notification-before-record";
    /// A submission is written, its commit is not sent.
    SubmitBeforeCommit = "submit-before-commit";
    /// A submission is stored, its answer is not sent.
    SubmitAfterCommit = "submit-after-commit";
}

impl CrashPoint {
    /// The point of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|point| point.name() == name)
    }

    fn position(self) -> usize {
        Self::ALL.iter().position(|point| *point == self).unwrap_or_default()
    }

    fn bit(self) -> u32 {
        u32::try_from(self.position()).map_or(0, |position| 1 << position)
    }
}

/// Set while somebody listens on the drill socket; the lower bits are the armed points.
const LISTENING: u32 = 1 << 31;

/// Whether a point lets the process go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passage {
    Free,
    Barred,
}

/// The state of all crash points of this process.
#[derive(Debug, Default)]
pub struct Drill {
    mode: AtomicU32,
    hits: [AtomicU64; CrashPoint::ALL.len()],
    listeners: Mutex<Vec<UnixStream>>,
}

impl Drill {
    /// Passes the point, or blocks this thread for ever when the point is armed. For code that cannot await.
    pub fn reach(&self, point: CrashPoint) {
        if self.pass(point) == Passage::Barred {
            loop {
                std::thread::park();
            }
        }
    }

    /// Passes the point, or never becomes ready when the point is armed.
    pub async fn reach_async(&self, point: CrashPoint) {
        if self.pass(point) == Passage::Barred {
            std::future::pending::<()>().await;
        }
    }

    /// How often each point was passed or hit since the drill began.
    pub fn hits(&self) -> Vec<(CrashPoint, u64)> {
        let counts = self.hits.iter().map(|count| count.load(Ordering::SeqCst));
        CrashPoint::ALL.iter().copied().zip(counts).collect()
    }

    /// From now on passes are counted and points can be armed.
    pub fn begin(&self) {
        self.mode.fetch_or(LISTENING, Ordering::SeqCst);
    }

    /// The next pass of `point` is the last; `listener` is told when it happens.
    pub fn arm(&self, point: CrashPoint, listener: Option<UnixStream>) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).extend(listener);
        self.mode.fetch_or(LISTENING | point.bit(), Ordering::SeqCst);
    }

    fn pass(&self, point: CrashPoint) -> Passage {
        let mode = self.mode.load(Ordering::Relaxed);
        if mode == 0 {
            return Passage::Free;
        }
        if let Some(count) = self.hits.get(point.position()) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        if mode & point.bit() == 0 {
            return Passage::Free;
        }
        let line = format!("{}\n", serde_json::json!({ "parked": point.name() }));
        for listener in self.listeners.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            // A listener that has gone away cannot be told; the process stops all the same.
            let _ = listener.write_all(line.as_bytes());
        }
        Passage::Barred
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_point_has_its_own_name_and_bit() {
        for (index, point) in CrashPoint::ALL.iter().enumerate() {
            assert_eq!(CrashPoint::parse(point.name()), Some(*point));
            assert_eq!(point.bit(), 1 << index);
        }
        assert_eq!(CrashPoint::parse("nowhere"), None);
    }

    #[test]
    fn an_idle_drill_counts_nothing_and_stops_nobody() {
        let drill = Drill::default();
        drill.reach(CrashPoint::SubmitBeforeCommit);
        assert!(drill.hits().iter().all(|(_, count)| *count == 0));
    }

    #[test]
    fn an_armed_point_reports_and_parks_and_the_others_let_pass() {
        let drill = Arc::new(Drill::default());
        let (ours, theirs) = UnixStream::pair().unwrap();
        drill.arm(CrashPoint::PaymentAfterIntentBeforeSend, Some(theirs));
        drill.reach(CrashPoint::PaymentBeforeIntentCommit);
        let parked = Arc::clone(&drill);
        let thread = std::thread::spawn(move || parked.reach(CrashPoint::PaymentAfterIntentBeforeSend));
        let mut line = String::new();
        BufReader::new(ours).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), r#"{"parked":"payment-after-intent-before-send"}"#);
        std::thread::sleep(Duration::from_millis(20));
        assert!(!thread.is_finished());
        let hit: Vec<_> = drill.hits().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(hit.len(), 2);
    }
}
