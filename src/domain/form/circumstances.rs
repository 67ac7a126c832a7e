//! What is known of a filing beside its answers.

use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::domain::expression::Facts;
use crate::domain::fee::Channel;
use crate::domain::procedure::ApplicantKind;

/// What is known of a filing beside its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// How it comes in.
    pub channel: Channel,
    /// Who applies, where it is known.
    pub applicant_kind: Option<ApplicantKind>,
    /// The day it arrives, in Japan; today for a draft.
    pub arrived_on: Date,
}

impl Circumstances {
    /// These circumstances as expressions read them: `channel`, `applicant_kind`, `arrived_on`.
    pub fn facts(&self) -> Facts {
        let channel = match self.channel {
            Channel::Online => "online",
            Channel::Window => "window",
            Channel::Post => "post",
        };
        let mut facts = Map::new();
        facts.insert("channel".to_owned(), Value::from(channel));
        facts.insert("arrived_on".to_owned(), Value::from(self.arrived_on.to_string()));
        if let Some(kind) = self.applicant_kind {
            facts.insert("applicant_kind".to_owned(), Value::from(kind.as_str()));
        }
        Facts::new(facts)
    }
}
