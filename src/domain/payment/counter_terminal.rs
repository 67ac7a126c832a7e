//! Card or e-money at the counter's terminal: who takes it, for which days, as data of the body.
//!
//! Whoever is behind a terminal is an agent: what a payer taps there is entrusted to a designated agent, or taken by a collection
//! agent, and comes later in a payout. So the terminal has an account of its own, and a body without one takes nothing by it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::counter::CounterMeans;
use super::{Designation, LegalRole};
use crate::domain::fault::Fault;

/// What the name of a terminal's account begins with: no merchant account is called so, and nobody asks a gateway about it.
const PREFIX: &str = "counter_";

/// The account behind the terminals of a body, for its days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterTerminal {
    /// The account by which ledger, designation and payouts know the agent; it begins with `counter_`.
    pub account: String,
    /// In which legal role the agent takes the money; never the body itself.
    pub legal_role: LegalRole,
    /// The first day.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Where this was taken from.
    pub source: String,
    /// True while it has not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

/// The terminal in use on a day.
pub fn terminal_on(terminals: &[CounterTerminal], day: Date) -> Option<&CounterTerminal> {
    terminals.iter().find(|one| one.valid_from <= day && one.valid_to.is_none_or(|last| day <= last))
}

/// Every fault of a body's terminals; empty when they may be used.
pub fn terminal_faults(terminals: &[CounterTerminal], agents: &[Designation]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, one) in terminals.iter().enumerate() {
        let mut check = |ok: bool, field: &str, code: &'static str, ja: &str, en: &str| {
            if !ok {
                faults.push(Fault::new(format!("/counter_terminals/{index}/{field}"), code, ja, en));
            }
        };
        let taken = [CounterMeans::Cash, CounterMeans::BankSlip].map(CounterMeans::place);
        let is_own = one.account.starts_with(PREFIX) && !taken.contains(&one.account.as_str());
        let (ja, en) = (
            "counter_で始まる、現金・納付書と別の名前にしてください",
            "must begin with counter_ and be no place of cash or slips",
        );
        check(is_own, "account", "account", ja, en);
        let (ja, en) = ("空にできません", "must not be empty");
        check(!one.source.trim().is_empty(), "source", "empty", ja, en);
        let (ja, en) =
            ("端末の決済を団体自らが収納することはありません", "the body itself takes nothing by a terminal");
        check(one.legal_role != LegalRole::Direct, "legal_role", "legal_role", ja, en);
        let ordered = one.valid_to.is_none_or(|to| one.valid_from <= to);
        check(ordered, "valid_to", "span", "終わりが始まりより前です", "ends before it begins");
        let before = terminals.iter().take(index);
        let apart = before.into_iter().all(|other| !overlap(one, other));
        check(apart, "valid_from", "overlap", "期間が重なっています", "overlaps with another terminal");
        let designated = agents.iter().any(|agent| agent.account == one.account);
        let (ja, en) = ("受託者の告示がありません", "no notice designates the agent behind it");
        check(designated, "account", "not_designated", ja, en);
    }
    faults
}

fn overlap(one: &CounterTerminal, other: &CounterTerminal) -> bool {
    let ends_before = |first: &CounterTerminal, then: &CounterTerminal| {
        first.valid_to.is_some_and(|to| to < then.valid_from)
    };
    !ends_before(one, other) && !ends_before(other, one)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{CounterTerminal, terminal_faults, terminal_on};
    use crate::domain::payment::{Designation, LegalRole};

    fn terminal() -> CounterTerminal {
        CounterTerminal {
            account: "counter_pos".to_owned(),
            legal_role: LegalRole::DesignatedAgent,
            valid_from: date(2026, 4, 1),
            valid_to: Some(date(2027, 3, 31)),
            source: "見本".to_owned(),
            sample: true,
        }
    }

    fn agent() -> Designation {
        serde_json::from_value(serde_json::json!({
            "account": "counter_pos", "agent": "見本カード株式会社", "address": "東京都", "revenues": ["*"],
            "methods": ["counter"], "valid_from": "2026-04-01", "notice": "見本県告示", "sample": true,
        }))
        .unwrap()
    }

    #[test]
    fn r76_a_terminal_takes_money_from_its_first_to_its_last_day() {
        let all = [terminal()];
        for (day, takes) in [
            (date(2026, 3, 31), false),
            (date(2026, 4, 1), true),
            (date(2027, 3, 31), true),
            (date(2027, 4, 1), false),
        ] {
            assert_eq!(terminal_on(&all, day).is_some(), takes, "{day}");
        }
    }

    #[test]
    fn r79_a_terminal_is_of_a_designated_agent_and_never_of_the_body_itself() {
        let codes = |all: &[CounterTerminal], agents: &[Designation]| -> Vec<&str> {
            terminal_faults(all, agents).iter().map(|fault| fault.code).collect()
        };
        assert!(codes(&[terminal()], &[agent()]).is_empty());
        assert_eq!(codes(&[terminal()], &[]), ["not_designated"]);
        let own = CounterTerminal { legal_role: LegalRole::Direct, ..terminal() };
        assert_eq!(codes(&[own], &[agent()]), ["legal_role"]);
        let beside = CounterTerminal { valid_from: date(2027, 3, 31), valid_to: None, ..terminal() };
        assert_eq!(codes(&[terminal(), beside], &[agent()]), ["overlap"]);
        for name in ["stripe", "counter_cash", "counter_bank_slip"] {
            let named = CounterTerminal { account: name.to_owned(), ..terminal() };
            let known = Designation { account: name.to_owned(), ..agent() };
            assert_eq!(codes(&[named], &[known]), ["account"], "{name}");
        }
        let bad = CounterTerminal { source: " ".to_owned(), valid_to: Some(date(2026, 3, 31)), ..terminal() };
        assert_eq!(codes(&[bad], &[agent()]), ["empty", "span"]);
    }
}
