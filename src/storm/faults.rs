//! The faults of the project's catalogue (F01–F40) that can befall a payment, as orders for the simulator.
//!
//! Not in the table, because no call of a payment is hit: F34–F37 are faults of settlement reports. F21–F25 are made by
//! strangers ([`super::stranger`]), F30 and F31 by what payers do, F29 by whoever decides, F32 and F33 by the payer's bank
//! ([`super::disputing`]), F39 by a gate that is shut ([`super::gate`]). F09 is ordered here and happens where the server
//! stays dead for longer than a key lives ([`super::killer`]).

use serde_json::{Value, json};

use super::dice::Dice;

/// The step of a payment that a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Opening the checkout.
    Create,
    /// Asking about it.
    Query,
    /// Closing it.
    Cancel,
    /// Sending money back.
    Refund,
    /// A notification.
    Webhook,
}

/// One entry of the catalogue at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its id.
    pub id: &'static str,
    /// What it hits.
    pub step: Step,
    /// Particulars, JSON.
    args: &'static str,
}

const DROP: &str = r#"{"hold_ms":0,"end":"drop"}"#;
const SILENT: &str = r#"{"hold_ms":2000}"#;
const LATE: &str = r#"{"hold_ms":1500}"#;
const NOTHING: &str = "{}";

const fn fault(id: &'static str, step: Step, args: &'static str) -> Fault {
    Fault { id, step, args }
}

/// What can be ordered.
pub const FAULTS: &[Fault] = &[
    fault("F01", Step::Create, DROP),
    fault("F01", Step::Create, SILENT),
    fault("F02", Step::Create, DROP),
    fault("F02", Step::Create, SILENT),
    fault("F03", Step::Create, NOTHING),
    fault("F04", Step::Create, r#"{"style":"truncated"}"#),
    fault("F04", Step::Create, r#"{"style":"html"}"#),
    fault("F05", Step::Create, r#"{"status":500}"#),
    fault("F06", Step::Create, r#"{"status":503}"#),
    fault("F07", Step::Create, NOTHING),
    fault("F08", Step::Create, NOTHING),
    fault("F09", Step::Create, NOTHING),
    fault("F10", Step::Create, NOTHING),
    fault("F11", Step::Create, LATE),
    fault("F38", Step::Create, NOTHING),
    fault("F40", Step::Create, NOTHING),
    fault("F01", Step::Query, DROP),
    fault("F03", Step::Query, NOTHING),
    fault("F04", Step::Query, r#"{"style":"html"}"#),
    fault("F06", Step::Query, r#"{"status":502}"#),
    fault("F08", Step::Query, NOTHING),
    fault("F10", Step::Query, NOTHING),
    fault("F12", Step::Query, NOTHING),
    fault("F13", Step::Query, r#"{"times":2}"#),
    fault("F38", Step::Query, NOTHING),
    fault("F40", Step::Query, NOTHING),
    fault("F01", Step::Cancel, DROP),
    fault("F02", Step::Cancel, DROP),
    fault("F04", Step::Cancel, NOTHING),
    fault("F05", Step::Cancel, r#"{"status":504}"#),
    fault("F10", Step::Cancel, NOTHING),
    fault("F06", Step::Cancel, r#"{"status":500}"#),
    fault("F01", Step::Refund, DROP),
    fault("F02", Step::Refund, DROP),
    fault("F02", Step::Refund, SILENT),
    fault("F03", Step::Refund, NOTHING),
    fault("F04", Step::Refund, NOTHING),
    fault("F05", Step::Refund, r#"{"status":500}"#),
    fault("F06", Step::Refund, r#"{"status":503}"#),
    fault("F07", Step::Refund, NOTHING),
    fault("F08", Step::Refund, NOTHING),
    fault("F10", Step::Refund, NOTHING),
    fault("F11", Step::Refund, LATE),
    fault("F26", Step::Refund, NOTHING),
    fault("F27", Step::Refund, NOTHING),
    fault("F38", Step::Refund, NOTHING),
    fault("F28", Step::Refund, r#"{"delay_seconds":600}"#),
    fault("F40", Step::Refund, NOTHING),
    fault("F14", Step::Webhook, r#"{"copies":4}"#),
    fault("F15", Step::Webhook, r#"{"copies":4}"#),
    fault("F16", Step::Webhook, r#"{"delay_seconds":120}"#),
    fault("F17", Step::Webhook, r#"{"delay_seconds":7200}"#),
    fault("F17", Step::Webhook, r#"{"delay_seconds":172800}"#),
    fault("F18", Step::Webhook, r#"{"times":3}"#),
    fault("F19", Step::Webhook, NOTHING),
    fault("F20", Step::Webhook, NOTHING),
];

impl Fault {
    /// One of those that hit `step`.
    pub fn draw(step: Step, dice: &mut Dice) -> Option<Self> {
        let choices: Vec<(u64, Self)> =
            FAULTS.iter().filter(|fault| fault.step == step).map(|fault| (1, *fault)).collect();
        dice.one_of(&choices)
    }

    /// The order for `POST /_sim/faults`: for the next call of `op`, or only for what is called `target`.
    pub fn order(&self, op: &str, target: Option<&str>) -> Value {
        let args: Value = serde_json::from_str(self.args).unwrap_or_default();
        let mut on = json!({ "op": op });
        if let (Some(target), Some(fields)) = (target, on.as_object_mut()) {
            fields.insert("payment".to_owned(), json!(target));
        }
        json!({ "match": on, "fault": self.id, "args": args })
    }
}
