//! The armed faults: which of them a call meets, and how often each has hit.
//!
//! A storm orders thousands of faults, nearly all for one payment each, and every call asks: so they are found by the names
//! of the call, and one whose hits are used up is looked at no more. A hit is counted when the fault really happens.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::faults::{FaultKind, FaultOrder, Op};

/// An armed fault and how often it met and hit.
#[derive(Debug, Clone, Serialize)]
pub struct ArmedFault {
    /// The order.
    pub order: FaultOrder,
    /// Matching calls since arming, until the last hit.
    pub seen: u32,
    /// Calls hit.
    pub fired: u32,
    /// Hits that were begun: more than `fired` while a lost answer may still be asked for (F09).
    #[serde(skip)]
    begun: u32,
}

/// What a call is, for the faults it may meet.
#[derive(Debug)]
pub struct Met<'a> {
    /// Its kind.
    pub op: Op,
    /// Every name of what it is about.
    pub names: &'a [String],
    /// The type of the event, where it is a notification.
    pub event: Option<&'a str>,
}

/// An answer that was lost, and that nobody has asked for yet.
#[derive(Debug)]
struct Unheard {
    index: usize,
    forgotten_at: Timestamp,
}

/// All armed faults.
#[derive(Debug, Default)]
pub struct FaultBook {
    armed: Vec<ArmedFault>,
    /// Those with hits left, by the name they wait for; those for anybody under none.
    waiting: BTreeMap<Option<String>, Vec<usize>>,
    /// Lost answers by the merchant's reference (F09).
    unheard: BTreeMap<String, Unheard>,
}

impl FaultBook {
    /// Arms a fault.
    pub fn arm(&mut self, order: FaultOrder) {
        self.waiting.entry(order.on.payment.clone()).or_default().push(self.armed.len());
        self.armed.push(ArmedFault { order, seen: 0, fired: 0, begun: 0 });
    }

    /// Disarms everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Every armed fault with its counts, those with no hits left included.
    pub fn list(&self) -> &[ArmedFault] {
        &self.armed
    }

    /// The fault for this call, if one is due and `possible` here; every matching fault counts the call.
    pub fn take(&mut self, met: &Met<'_>, possible: impl Fn(FaultKind) -> bool) -> Option<FaultOrder> {
        let keys: Vec<Option<String>> =
            std::iter::once(None).chain(met.names.iter().cloned().map(Some)).collect();
        let mut found: Vec<usize> =
            keys.iter().filter_map(|key| self.waiting.get(key)).flatten().copied().collect();
        // A name may be given twice; the fault that was armed first comes first.
        found.sort_unstable();
        found.dedup();
        let (mut hit, mut used_up) = (None, false);
        for index in found {
            let Some(armed) = self.armed.get_mut(index) else { continue };
            if !armed.order.on.fits(met.op, met.event) || !possible(armed.order.fault) {
                continue;
            }
            armed.seen += 1;
            if hit.is_none() && armed.seen >= armed.order.on.nth && armed.begun < armed.order.args.times {
                armed.begun += 1;
                // An answer that is lost is no forgotten key yet.
                armed.fired += u32::from(armed.order.fault != FaultKind::F09);
                used_up = armed.begun >= armed.order.args.times;
                hit = Some((index, armed.order.clone()));
            }
        }
        let (index, order) = hit?;
        if used_up {
            self.rest(index, order.on.payment.as_ref());
        }
        Some(order)
    }

    fn rest(&mut self, index: usize, name: Option<&String>) {
        let key = name.cloned();
        if let Some(waiting) = self.waiting.get_mut(&key) {
            waiting.retain(|other| *other != index);
            if waiting.is_empty() {
                self.waiting.remove(&key);
            }
        }
    }

    /// Notes that the answer about `reference` was lost by `order`; its key is forgotten at that instant.
    pub fn lose(&mut self, reference: &str, order: &FaultOrder, forgotten_at: Timestamp) {
        let same = |armed: &ArmedFault| armed.order == *order && armed.fired < armed.begun;
        if let Some(index) = self.armed.iter().position(same) {
            self.unheard.insert(reference.to_owned(), Unheard { index, forgotten_at });
        }
    }

    /// Somebody was answered about one of these names: what was lost is known now.
    pub fn hear(&mut self, names: &[String]) {
        if !self.unheard.is_empty() {
            self.unheard.retain(|reference, _| !names.contains(reference));
        }
    }

    /// Counts the lost answers whose keys are forgotten by now: whoever sends them again is a stranger (F09).
    pub fn forget(&mut self, now: Timestamp) {
        let forgotten = |unheard: &Unheard| unheard.forgotten_at <= now;
        for unheard in self.unheard.values().filter(|unheard| forgotten(unheard)) {
            if let Some(armed) = self.armed.get_mut(unheard.index) {
                armed.fired += 1;
            }
        }
        self.unheard.retain(|_, unheard| !forgotten(unheard));
    }
}
