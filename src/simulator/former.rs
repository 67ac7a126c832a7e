//! How each session and its payment stood before they last changed: what a query shows that lags behind (F13).
//!
//! In memory only, as faults are: a restarted simulator remembers the present alone.

use std::collections::BTreeMap;

use super::model::{Payment, Session};
use super::state::{Entry, State};

/// A session and its payment at an earlier moment.
#[derive(Debug)]
struct Former {
    session: Session,
    payment: Option<Payment>,
}

/// The former standing of everything that has changed, by session.
#[derive(Debug, Default)]
pub struct Formers(BTreeMap<String, Former>);

impl Formers {
    /// Keeps what entries are about to change, as it stands in `state`.
    pub fn keep(&mut self, state: &State, entries: &[Entry]) {
        for entry in entries {
            let id = match entry {
                Entry::Session(session) => &session.id,
                Entry::Payment(payment) => &payment.session_id,
                Entry::Reset => {
                    self.0.clear();
                    continue;
                }
                _ => continue,
            };
            // What is opened only now was never otherwise.
            if let Some(session) = state.sessions.get(id) {
                let former = Former { session: session.clone(), payment: state.payment_of(session).cloned() };
                self.0.insert(id.clone(), former);
            }
        }
    }

    /// A memory that holds nothing but the former standing of whatever bears one of these names.
    pub fn of(&self, names: &[String]) -> Option<State> {
        let former = names.iter().find_map(|name| self.0.get(name))?;
        let mut state = State::default();
        state.apply(Entry::Session(former.session.clone()));
        if let Some(payment) = &former.payment {
            state.apply(Entry::Payment(payment.clone()));
        }
        Some(state)
    }

    /// Whether there is a former standing of what bears one of these names.
    pub fn knows(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.0.contains_key(name))
    }
}
