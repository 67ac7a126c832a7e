//! Time and identifiers as parameters.
//!
//! Nothing else in the crate reads the machine's clock or draws randomness for identifiers: a use case
//! receives its instant from `Tx::now()` (writes) or from `Ctx` (reads), and its identifiers from [`IdGen`].
//! Instants are truncated to microseconds because that is what PostgreSQL keeps; a row read back
//! equals the row written on both databases.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// The source of the present instant.
pub trait Clock: Send + Sync {
    /// The present instant, truncated to microseconds.
    fn now(&self) -> Timestamp;
}

/// The source of new identifiers and of secret random bytes.
pub trait IdGen: Send + Sync {
    /// A new UUIDv7 whose time part is `at`; ids made later sort later.
    fn uuid(&self, at: Timestamp) -> Uuid;
    /// Fills `bytes` with random bytes fit for keys, nonces and tokens.
    fn fill(&self, bytes: &mut [u8]);
}

/// Cuts an instant down to whole microseconds.
pub fn truncate_to_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// The machine's clock plus a shift in milliseconds that only the drill socket can set.
#[derive(Debug, Default)]
pub struct SystemClock {
    shift_ms: AtomicI64,
}

impl SystemClock {
    /// Moves the clock: every later `now()` is `shift_ms` away from the machine's clock.
    pub fn set_shift_ms(&self, shift_ms: i64) {
        self.shift_ms.store(shift_ms, Ordering::Relaxed);
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let shift = SignedDuration::from_millis(self.shift_ms.load(Ordering::Relaxed));
        let now = Timestamp::now();
        truncate_to_microseconds(now.checked_add(shift).unwrap_or(now))
    }
}

/// A clock that stands still until it is moved; for tests.
#[derive(Debug)]
pub struct FixedClock {
    at: Mutex<Timestamp>,
}

impl FixedClock {
    /// A clock that stands at `at`.
    pub fn new(at: Timestamp) -> Self {
        Self { at: Mutex::new(truncate_to_microseconds(at)) }
    }

    /// Moves the clock forward (or back) by `by`.
    pub fn advance(&self, by: SignedDuration) {
        let mut at = lock(&self.at);
        *at = at.checked_add(by).unwrap_or(*at);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *lock(&self.at)
    }
}

/// Identifiers from the operating system's random source.
#[derive(Debug, Default)]
pub struct SystemIds {
    random: SystemRandom,
}

impl IdGen for SystemIds {
    fn uuid(&self, at: Timestamp) -> Uuid {
        let mut random = [0_u8; 10];
        self.fill(&mut random);
        uuid_v7(at, &random)
    }

    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no key may be made: better no server than a weak one.
        assert!(self.random.fill(bytes).is_ok(), "the operating system gives no random bytes");
    }
}

/// Reproducible identifiers for tests: the same seed gives the same ids.
#[derive(Debug)]
pub struct SeededIds {
    state: AtomicU64,
}

impl SeededIds {
    /// Starts the sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    /// One step of SplitMix64, a well-known small generator; no secrecy is claimed.
    fn next(&self) -> u64 {
        let step = 0x9E37_79B9_7F4A_7C15_u64;
        let mut z = self.state.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl IdGen for SeededIds {
    fn uuid(&self, at: Timestamp) -> Uuid {
        let mut random = [0_u8; 10];
        self.fill(&mut random);
        uuid_v7(at, &random)
    }

    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            for (byte, value) in chunk.iter_mut().zip(word) {
                *byte = value;
            }
        }
    }
}

fn uuid_v7(at: Timestamp, random: &[u8; 10]) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
