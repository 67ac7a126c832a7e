//! Counting calls that need no account, with the rules of [`crate::domain::rate_limit`], in bounded memory.
//!
//! What is counted is a keyed hash, never an address or a secret. Each node counts its own calls and begins anew when it starts:
//! the limit spares the database and slows down guessing; that a secret cannot be guessed is its own length's work. Two
//! generations bound the memory: a full one takes the place of the older, so only callers who were quiet for the longest are forgotten.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::Refusal;
use crate::domain::rate_limit::RateRule;

/// Counts the calls of many callers by one rule.
#[derive(Debug)]
pub struct RateLimiter {
    rule: RateRule,
    capacity: usize,
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    younger: HashMap<Vec<u8>, Timestamp>,
    older: HashMap<Vec<u8>, Timestamp>,
}

impl RateLimiter {
    /// A limiter that remembers at least the last `capacity` callers, and at most twice as many.
    pub fn new(rule: RateRule, capacity: usize) -> Self {
        Self { rule, capacity: capacity.max(1), generations: Mutex::default() }
    }

    /// Counts a call of `caller`, or refuses it with the seconds to wait.
    pub fn admit(&self, caller: Vec<u8>, now: Timestamp) -> Result<(), Refusal> {
        // A panic while counting leaves whole instants behind, so a poisoned lock is as good as any.
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let known = generations.younger.get(&caller).or_else(|| generations.older.get(&caller)).copied();
        let next = self.rule.admit(known, now);
        let next = next.map_err(|retry_after_s| Refusal::TooManyAttempts { retry_after_s })?;
        if generations.younger.len() >= self.capacity && !generations.younger.contains_key(&caller) {
            generations.older = std::mem::take(&mut generations.younger);
        }
        generations.younger.insert(caller, next);
        Ok(())
    }

    /// How many callers are remembered.
    pub fn remembered(&self) -> usize {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.younger.len() + generations.older.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn callers_are_counted_apart_and_memory_is_bounded() {
        let limiter = RateLimiter::new(RateRule { per_minute: 60, burst: 2 }, 10);
        for _ in 0..2 {
            limiter.admit(vec![1], at(0)).unwrap();
        }
        assert_eq!(limiter.admit(vec![1], at(0)), Err(Refusal::TooManyAttempts { retry_after_s: 1 }));
        limiter.admit(vec![2], at(0)).unwrap();
        limiter.admit(vec![1], at(1)).unwrap();
        for caller in 0..10_000_u32 {
            limiter.admit(caller.to_be_bytes().to_vec(), at(2)).unwrap();
            assert!(limiter.remembered() <= 20);
        }
    }

    #[test]
    fn who_called_lately_is_remembered_however_many_came_since() {
        let limiter = RateLimiter::new(RateRule { per_minute: 1, burst: 1 }, 10);
        limiter.admit(vec![1], at(0)).unwrap();
        for caller in 0..10_u32 {
            limiter.admit(caller.to_be_bytes().to_vec(), at(0)).unwrap();
        }
        assert_eq!(limiter.admit(vec![1], at(0)), Err(Refusal::TooManyAttempts { retry_after_s: 60 }));
    }
}
