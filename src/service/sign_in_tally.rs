//! Counting wrong passwords, with the rules of [`crate::domain::lockout`].

use std::net::{IpAddr, Ipv6Addr};

use jiff::Timestamp;
use uuid::Uuid;

use super::Refusal;
use super::account::email_index;
use crate::config::IdentitySettings;
use crate::domain::id::AccountId;
use crate::domain::lockout::{LockoutRules, Scope, Source, Standing, Tally};
use crate::seal::Keyring;
use crate::store::{Reads, StoreError, Tx, sign_in_failures};

/// Where a connection comes from: an IPv4 address, or the /64 network of an IPv6 address, because whoever has one
/// address of such a network has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceAddress(IpAddr);

impl From<IpAddr> for SourceAddress {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

impl SourceAddress {
    /// A keyed hash of the address, bound to a place.
    pub(super) fn index(self, keys: &Keyring, place: &str) -> Vec<u8> {
        keys.blind_index(place, &self.0.to_string())
    }
}

/// One attempt to sign in, as keyed hashes.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    email: Vec<u8>,
    pair: Vec<u8>,
    everywhere: Vec<u8>,
    known: Vec<u8>,
    rules: LockoutRules,
}

impl Attempt {
    pub(super) fn new(
        keys: &Keyring,
        settings: &IdentitySettings,
        email: &str,
        source: SourceAddress,
    ) -> Self {
        let address = source.0.to_string();
        Self {
            email: email_index(keys, email),
            pair: keys.blind_index("sign_in_failures.source", &address),
            everywhere: keys.blind_index("sign_in_failures.everywhere", ""),
            known: keys.blind_index("sign_in_failures.known_source", &address),
            rules: LockoutRules {
                after_failures: settings.lock_after_failures,
                account_after_failures: settings.lock_account_after_failures,
                first_s: settings.lock_first_s,
                longest_s: settings.lock_longest_s,
            },
        }
    }

    pub(super) fn email_index(&self) -> &[u8] {
        &self.email
    }

    /// In place of the account of an address that has none: always the same one, so that its failures are counted one
    /// after the other too. No row has this id.
    pub(super) fn stand_in(&self) -> AccountId {
        let mut bytes = [0; 16];
        for (slot, byte) in bytes.iter_mut().zip(&self.email) {
            *slot = *byte;
        }
        AccountId(Uuid::from_bytes(bytes))
    }

    pub(super) fn standing(&self, tx: &mut impl Reads) -> Result<Standing, StoreError> {
        let known = sign_in_failures::find(tx, &self.email, &self.known)?;
        Ok(Standing {
            pair: sign_in_failures::find(tx, &self.email, &self.pair)?,
            account: sign_in_failures::find(tx, &self.email, &self.everywhere)?,
            source: if known.is_some() { Source::Known } else { Source::New },
        })
    }

    pub(super) fn count_failure(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let (standing, now) = (self.standing(tx)?, tx.now());
        let pair = Tally::after_failure(standing.pair, Scope::Pair, &self.rules, now);
        let account = Tally::after_failure(standing.account, Scope::Account, &self.rules, now);
        sign_in_failures::put(tx, &self.email, &self.pair, &pair)?;
        sign_in_failures::put(tx, &self.email, &self.everywhere, &account)
    }

    /// Clears the address's failures and remembers the address. What others did elsewhere stays counted.
    pub(super) fn count_success(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let seen = Tally { failures: 0, last_failed_at: tx.now(), locked_until: None };
        sign_in_failures::remove(tx, &self.email, &self.pair)?;
        sign_in_failures::put(tx, &self.email, &self.known, &seen)
    }
}

/// Refuses while a wait lasts.
pub(super) fn refuse_while_waiting(standing: &Standing, now: Timestamp) -> Result<(), Refusal> {
    standing.wait_s(now).map_or(Ok(()), |retry_after_s| Err(Refusal::TooManyAttempts { retry_after_s }))
}

#[cfg(test)]
mod tests {
    use super::SourceAddress;

    #[test]
    fn an_ipv6_network_is_one_source_and_a_mapped_address_is_its_ipv4_address() {
        let source = |text: &str| SourceAddress::from(text.parse::<std::net::IpAddr>().unwrap());
        assert_eq!(source("2001:db8:0:1::1"), source("2001:db8:0:1:ffff::9"));
        assert_ne!(source("2001:db8:0:1::1"), source("2001:db8:0:2::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }
}
