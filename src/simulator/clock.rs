//! The machine's clock and randomness, read here and nowhere else in this room.
//!
//! The virtual clock is the machine's clock plus a shift that `POST /_sim/clock` moves forward; the shift
//! lives in the journal, so a restart keeps it.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::Timestamp;

/// The machine's present instant, without the virtual shift.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the simulator that reads the machine's clock"
)]
pub fn machine_now() -> Timestamp {
    Timestamp::now()
}

/// Draws identifiers; the same seed and the same count give the same identifier.
///
/// The journal remembers how many were drawn, so that a restart with the same seed never repeats one.
#[derive(Debug)]
pub struct IdSource {
    key: hmac::Key,
    drawn: u64,
}

impl IdSource {
    /// A source for `seed`, continuing after `drawn` identifiers; seed 0 means a fresh random sequence.
    pub fn new(seed: u64, drawn: u64) -> Self {
        let mut secret = [0_u8; 32];
        if seed == 0 {
            assert!(
                SystemRandom::new().fill(&mut secret).is_ok(),
                "the operating system gives no random bytes"
            );
        } else {
            for (byte, value) in secret.iter_mut().zip(seed.to_le_bytes()) {
                *byte = value;
            }
        }
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &secret), drawn }
    }

    /// How many identifiers were drawn so far.
    pub fn drawn(&self) -> u64 {
        self.drawn
    }

    /// A new identifier of 25 lowercase letters and digits, the length KOMOJU's have.
    pub fn next(&mut self) -> String {
        self.drawn += 1;
        let tag = hmac::sign(&self.key, &self.drawn.to_le_bytes());
        let mut text = data_encoding::BASE32_NOPAD.encode(tag.as_ref()).to_lowercase();
        text.truncate(25);
        text
    }
}
