//! Payouts of the agents and credits of the bank: exact, or for a person.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{About, Arrival, Finding, OpenCredit, Payout};
use crate::domain::id::{BankCreditId, SettlementId};
use crate::domain::settlement::ExceptionKind as Kind;

/// How many days before and after its day a payout is looked for. Banks move holidays, agents announce too early.
const BEFORE_DAYS: i32 = 3;
const AFTER_DAYS: i32 = 14;

/// After how many days a payout without a credit, or a credit without a payout, is a matter for a person.
const PATIENCE_DAYS: i32 = 5;

/// The most unmatched payouts of which pairs are tried.
const MOST_PAIRS_OF: usize = 1_000;

/// The most suggestions of one finding.
const MOST_SUGGESTIONS: usize = 3;

/// What came of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayoutMatches {
    /// Payouts with the credits that are exactly theirs.
    pub matches: Vec<(SettlementId, BankCreditId)>,
    /// Everything that does not agree.
    pub findings: Vec<Finding>,
}

/// Holds awaited payouts and open credits against each other, as of the end of `day`.
pub fn match_payouts(payouts: &[Payout], credits: &[OpenCredit], day: Date) -> PayoutMatches {
    let unseen = payouts.iter().filter(|payout| payout.arrival != Arrival::Seen);
    let (payouts, without_credit): (Vec<&Payout>, Vec<&Payout>) = unseen.partition(|payout| payout.net > 0);
    let mut open = Open { payouts, credits: credits.iter().collect(), found: PayoutMatches::default() };
    open.exact(0..=0);
    open.exact(-BEFORE_DAYS..=AFTER_DAYS);
    open.ambiguous();
    open.split();
    open.combined();
    open.left_over(day);
    open.without_credit(&without_credit, day);
    open.found
}

/// Credits that have left the days that are looked at without a payout, and about which nobody was told: one finding each.
pub fn lapsed_credits(credits: &[OpenCredit]) -> Vec<Finding> {
    let find = |credit: &OpenCredit| {
        let facts = credit_facts("a_credit_is_a_payout_while_it_is_looked_for", credit);
        Finding { kind: Kind::BankMismatch, about: About::Credit(credit.id), facts }
    };
    credits.iter().map(find).collect()
}

/// What is not matched yet.
struct Open<'a> {
    payouts: Vec<&'a Payout>,
    credits: Vec<&'a OpenCredit>,
    found: PayoutMatches,
}

/// How many days after the expected day a credit came.
fn delay_days(payout: &Payout, credit: &OpenCredit) -> i32 {
    (credit.credited_on - payout.expected_on).get_days()
}

/// Whether something has waited for longer than it should have.
fn waited(since: Date, day: Date) -> bool {
    (day - since).get_days() > PATIENCE_DAYS
}

fn is_near(payout: &Payout, credit: &OpenCredit) -> bool {
    (-BEFORE_DAYS..=AFTER_DAYS).contains(&delay_days(payout, credit))
}

impl Open<'_> {
    /// Which credits of exactly its amount each payout may be, and which payouts each credit.
    fn candidates(
        &self,
        days: &std::ops::RangeInclusive<i32>,
    ) -> (HashMap<SettlementId, Vec<BankCreditId>>, HashMap<BankCreditId, usize>) {
        let mut by_amount: HashMap<i64, Vec<&OpenCredit>> = HashMap::with_capacity(self.credits.len());
        for credit in &self.credits {
            by_amount.entry(credit.amount).or_default().push(credit);
        }
        let (mut of_payout, mut of_credit) = (HashMap::new(), HashMap::new());
        for payout in &self.payouts {
            let alike = by_amount.get(&payout.net).map(Vec::as_slice).unwrap_or_default();
            let near: Vec<BankCreditId> = alike
                .iter()
                .filter(|credit| days.contains(&delay_days(payout, credit)))
                .map(|credit| credit.id)
                .collect();
            for credit in &near {
                *of_credit.entry(*credit).or_default() += 1;
            }
            of_payout.insert(payout.id, near);
        }
        (of_payout, of_credit)
    }

    /// Pairs that are each other's only candidates within these days.
    fn exact(&mut self, days: std::ops::RangeInclusive<i32>) {
        let (of_payout, of_credit) = self.candidates(&days);
        let only = |payout: &&Payout| match of_payout.get(&payout.id).map(Vec::as_slice) {
            Some([credit]) if of_credit.get(credit) == Some(&1) => Some((payout.id, *credit)),
            _ => None,
        };
        let pairs: Vec<_> = self.payouts.iter().filter_map(only).collect();
        self.found.matches.extend(&pairs);
        self.forget(pairs.iter().map(|pair| pair.0), pairs.iter().map(|pair| pair.1));
    }

    fn forget(
        &mut self,
        payouts: impl IntoIterator<Item = SettlementId>,
        credits: impl IntoIterator<Item = BankCreditId>,
    ) {
        let (payouts, credits): (HashSet<_>, HashSet<_>) =
            (payouts.into_iter().collect(), credits.into_iter().collect());
        self.payouts.retain(|payout| !payouts.contains(&payout.id));
        self.credits.retain(|credit| !credits.contains(&credit.id));
    }

    fn raise(&mut self, about: About, facts: Value) {
        self.found.findings.push(Finding { kind: Kind::BankMismatch, about, facts });
    }

    /// As [`Self::raise`], about a payout; what two officers have attested is no matter for a third.
    fn raise_payout(&mut self, payout: &Payout, facts: Value) {
        if payout.arrival == Arrival::Awaited {
            self.raise(About::Settlement(payout.id), facts);
        }
    }

    /// Equal amounts that cannot be told apart: a person says which is which.
    fn ambiguous(&mut self) {
        let (of_payout, _) = self.candidates(&(-BEFORE_DAYS..=AFTER_DAYS));
        let (mut payouts, mut credits) = (HashSet::new(), HashSet::new());
        for payout in self.payouts.clone() {
            let candidates = of_payout.get(&payout.id).map(Vec::as_slice).unwrap_or_default();
            if !candidates.is_empty() {
                let facts = facts("which_of_equal_credits_is_not_clear", payout, candidates);
                self.raise_payout(payout, facts);
                payouts.insert(payout.id);
                credits.extend(candidates.iter().copied());
            }
        }
        self.forget(payouts, credits);
    }

    /// One payout that came as two credits.
    fn split(&mut self) {
        for payout in self.payouts.clone() {
            let mut seen: HashMap<i64, BankCreditId> = HashMap::new();
            let near = self.credits.iter().filter(|credit| is_near(payout, credit));
            let pair = near.copied().find_map(|credit| {
                let other = seen.get(&(payout.net - credit.amount)).copied();
                seen.insert(credit.amount, credit.id);
                other.map(|other| [other, credit.id])
            });
            let Some(pair) = pair else { continue };
            let facts = facts("one_payout_is_one_credit", payout, &pair);
            self.raise_payout(payout, facts);
            self.forget([payout.id], pair);
        }
    }

    /// Two payouts that came as one credit.
    fn combined(&mut self) {
        let by_amount: HashMap<i64, &OpenCredit> =
            self.credits.iter().map(|credit| (credit.amount, *credit)).collect();
        let tried: Vec<&Payout> = self.payouts.iter().copied().take(MOST_PAIRS_OF).collect();
        let (mut payouts, mut credits) = (HashSet::new(), HashSet::new());
        for (index, one) in tried.iter().enumerate() {
            let others = tried.iter().skip(index + 1);
            let pair = others.filter(|other| !payouts.contains(&other.id)).find_map(|other| {
                let credit = by_amount.get(&(one.net + other.net))?;
                let fits = is_near(one, credit) && is_near(other, credit) && !credits.contains(&credit.id);
                fits.then_some((*other, credit.id))
            });
            let Some((other, credit)) = pair.filter(|_| !payouts.contains(&one.id)) else { continue };
            for (payout, with) in [(*one, other), (other, *one)] {
                let rule = "one_credit_is_one_payout";
                let facts = facts(rule, payout, &[credit]);
                let facts = json!({ "rule": rule, "payout": facts, "together_with": with.id.to_string() });
                self.raise_payout(payout, facts);
                payouts.insert(payout.id);
            }
            credits.insert(credit);
        }
        self.forget(payouts, credits);
    }

    /// A payout that comes to nothing, or less, is no credit that a bank could show: a person says what became of it.
    fn without_credit(&mut self, payouts: &[&Payout], day: Date) {
        for payout in payouts.iter().filter(|payout| waited(payout.expected_on, day)) {
            let facts = facts("a_payout_without_money_is_settled_by_a_person", payout, &[]);
            self.raise_payout(payout, facts);
        }
    }

    /// What has waited too long on either side.
    fn left_over(&mut self, day: Date) {
        for payout in self.payouts.clone() {
            if waited(payout.expected_on, day) {
                let near = self.credits.iter().filter(|credit| is_near(payout, credit));
                let near: Vec<BankCreditId> = near.map(|credit| credit.id).take(MOST_SUGGESTIONS).collect();
                let facts = facts("a_payout_is_a_credit", payout, &near);
                self.raise_payout(payout, facts);
            }
        }
        for credit in self.credits.clone() {
            if waited(credit.credited_on, day) {
                self.raise(About::Credit(credit.id), credit_facts("a_credit_is_a_payout", credit));
            }
        }
    }
}

fn credit_facts(rule: &str, credit: &OpenCredit) -> Value {
    json!({ "rule": rule, "amount": credit.amount, "credited_on": credit.credited_on.to_string() })
}

fn facts(rule: &str, payout: &Payout, credits: &[BankCreditId]) -> Value {
    let credits: Vec<_> = credits.iter().take(MOST_SUGGESTIONS).map(ToString::to_string).collect();
    json!({ "rule": rule, "gateway": payout.gateway, "batch": payout.batch_reference, "payout": payout.net,
        "expected_on": payout.expected_on.to_string(), "suggestions": credits })
}
