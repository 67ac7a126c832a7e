//! Our payments and the lines of the agents' payouts.

use std::collections::HashMap;

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{About, Finding, OurPayment, Payout, ReportedLine, Scope};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{PaymentId, SettlementId, SettlementLineId};
use crate::domain::settlement::{ExceptionKind as Kind, LineKind};

/// The most suggestions of one finding.
const MOST_SUGGESTIONS: usize = 3;

/// What came of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineMatches {
    /// The payment of each line that has one.
    pub matches: Vec<(SettlementLineId, PaymentId)>,
    /// Everything that does not agree.
    pub findings: Vec<Finding>,
}

/// Holds payments and lines against each other. `payouts`: those that the lines are of.
pub fn match_lines(
    payments: &[OurPayment],
    lines: &[ReportedLine],
    payouts: &[Payout],
    scope: Scope,
) -> LineMatches {
    let index = Index::of(payments);
    let mut found = LineMatches::default();
    let mut of_payment: HashMap<PaymentId, Vec<&ReportedLine>> = HashMap::with_capacity(payments.len());
    let mut strangers = Vec::new();
    for reported in lines {
        if !adds_up(reported) {
            let facts = json!({ "rule": "net_is_gross_less_fee", "gross": reported.line.gross.amount(),
                "kept": reported.line.kept(), "net": reported.line.net.amount() });
            found.raise(Kind::FeeMismatch, About::Line(reported.id), facts);
        }
        if !reported.line.kind.names_a_payment() {
            continue;
        }
        match index.find(reported) {
            Found::One(payment) => {
                found.matches.push((reported.id, payment.id));
                of_payment.entry(payment.id).or_default().push(reported);
            }
            Found::Two(by_id, by_reference) => {
                let facts = json!({ "rule": "id_and_reference_name_two_payments",
                    "by_gateway_id": by_id.id.to_string(), "by_reference": by_reference.id.to_string() });
                found.raise(Kind::StatusMismatch, About::Line(reported.id), facts);
            }
            Found::None => strangers.push(reported),
        }
    }
    let covered = Coverage::of(payouts);
    let nothing = Vec::new();
    for payment in payments {
        let its = of_payment.get(&payment.id).unwrap_or(&nothing);
        Held { payment, lines: its }.check(&covered, scope, &mut found);
    }
    found.sums_of_payouts(lines, payouts);
    found.strangers(&strangers, payments, &of_payment);
    found
}

fn adds_up(reported: &ReportedLine) -> bool {
    let line = &reported.line;
    line.net.amount() == line.gross.amount() - line.kept()
}

/// Payments by the names that lines may use.
struct Index<'a> {
    by_gateway_id: HashMap<(&'a str, &'a str), &'a OurPayment>,
    by_reference: HashMap<(&'a str, &'a str), &'a OurPayment>,
}

enum Found<'a> {
    One(&'a OurPayment),
    Two(&'a OurPayment, &'a OurPayment),
    None,
}

impl<'a> Index<'a> {
    fn of(payments: &'a [OurPayment]) -> Self {
        let (mut by_gateway_id, mut by_reference) =
            (HashMap::with_capacity(payments.len()), HashMap::with_capacity(payments.len()));
        for payment in payments {
            if let Some(id) = &payment.gateway_payment_id {
                by_gateway_id.insert((payment.gateway.as_str(), id.as_str()), payment);
            }
            by_reference.insert((payment.gateway.as_str(), payment.merchant_reference.as_str()), payment);
        }
        Self { by_gateway_id, by_reference }
    }

    fn find(&self, reported: &ReportedLine) -> Found<'a> {
        let gateway = reported.gateway.as_str();
        let named = |name: &Option<String>, by: &HashMap<(&str, &str), &'a OurPayment>| {
            name.as_deref().and_then(|name| by.get(&(gateway, name)).copied())
        };
        let by_id = named(&reported.line.gateway_payment_id, &self.by_gateway_id);
        let by_reference = named(&reported.line.merchant_reference, &self.by_reference);
        match (by_id, by_reference) {
            // A second charge has no reference of its own: the agent names it by that of the checkout.
            (Some(one), Some(other)) if one.id != other.id && one.charged_beside != Some(other.id) => {
                Found::Two(one, other)
            }
            (Some(one), _) | (None, Some(one)) => Found::One(one),
            (None, None) => Found::None,
        }
    }
}

/// Up to which day each agent has reported everything.
struct Coverage<'a>(HashMap<&'a str, Vec<(Date, Date)>>);

impl<'a> Coverage<'a> {
    fn of(payouts: &'a [Payout]) -> Self {
        let mut periods: HashMap<&str, Vec<(Date, Date)>> = HashMap::new();
        for payout in payouts {
            if let Some(period) = payout.period {
                periods.entry(payout.gateway.as_str()).or_default().push(period);
            }
        }
        Self(periods)
    }

    /// Whether a payout covers the day and another day after it was reported too.
    fn includes(&self, gateway: &str, day: Date) -> bool {
        let periods = self.0.get(gateway).map(Vec::as_slice).unwrap_or_default();
        periods.iter().any(|(from, to)| (*from..=*to).contains(&day))
            && periods.iter().any(|(_, to)| *to > day)
    }
}

/// A payment with everything that agents say of it.
struct Held<'a> {
    payment: &'a OurPayment,
    lines: &'a [&'a ReportedLine],
}

impl Held<'_> {
    fn check(&self, covered: &Coverage<'_>, scope: Scope, found: &mut LineMatches) {
        self.captures(covered, scope, found);
        self.refunds(covered, scope, found);
        let sum = self.gone(LineKind::Chargeback);
        if sum > self.payment.charged_back {
            let facts =
                json!({ "rule": "chargeback_is_known", "ours": self.payment.charged_back, "theirs": sum });
            found.raise(Kind::UnexpectedChargeback, About::Payment(self.payment.id), facts);
        }
    }

    fn of_kind(&self, kind: LineKind) -> impl Iterator<Item = &ReportedLine> {
        self.lines.iter().copied().filter(move |reported| reported.line.kind == kind)
    }

    /// What went away by lines of a kind, in yen.
    fn gone(&self, kind: LineKind) -> i64 {
        self.of_kind(kind).map(|reported| -reported.line.gross.amount()).sum()
    }

    fn captures(&self, covered: &Coverage<'_>, scope: Scope, found: &mut LineMatches) {
        let ours = self.payment;
        let mut captures = self.of_kind(LineKind::Capture);
        let Some(first) = captures.next() else { return self.no_capture(covered, scope, found) };
        for again in captures {
            let facts = json!({ "rule": "a_payment_is_settled_once", "first": first.id.to_string(),
                "first_settlement": first.settlement.to_string() });
            found.raise(Kind::DuplicateLine, About::Line(again.id), facts);
        }
        let theirs = first.line.gross.amount();
        if ours.captured == 0 {
            let facts = json!({ "rule": "settled_means_captured", "ours": 0, "theirs": theirs });
            return found.raise(Kind::StatusMismatch, About::Payment(ours.id), facts);
        }
        if theirs != ours.captured {
            let facts =
                json!({ "rule": "captured_amounts_are_equal", "ours": ours.captured, "theirs": theirs });
            found.raise(Kind::AmountMismatch, About::Payment(ours.id), facts);
        }
        if let Some(day) = ours.captured_on.filter(|day| *day != first.line.occurred_on) {
            let theirs = first.line.occurred_on;
            let facts = json!({ "rule": "days_of_receipt_are_equal", "ours": day.to_string(),
                "theirs": theirs.to_string(), "fiscal_years":
                [FiscalYear::of(day).year(), FiscalYear::of(theirs).year()] });
            found.raise(Kind::StatusMismatch, About::Line(first.id), facts);
        }
    }

    fn no_capture(&self, covered: &Coverage<'_>, scope: Scope, found: &mut LineMatches) {
        let ours = self.payment;
        let Some(day) = ours.captured_on.filter(|day| ours.captured > 0 && *day >= scope.from) else {
            return;
        };
        let facts = |rule: &str| {
            json!({ "rule": rule, "gateway": ours.gateway, "ours": ours.captured, "captured_on": day.to_string(),
                "due_on": ours.due_on.map(|day| day.to_string()) })
        };
        if covered.includes(&ours.gateway, day) {
            let facts = facts("a_captured_payment_is_in_the_payout_of_its_day");
            found.raise(Kind::MissingAtGateway, About::Payment(ours.id), facts);
        } else if ours.held() > 0 && ours.due_on.is_some_and(|due| due < scope.day) {
            let facts = facts("a_captured_payment_is_paid_out_in_time");
            found.raise(Kind::OverdueSettlement, About::Payment(ours.id), facts);
        }
    }

    fn refunds(&self, covered: &Coverage<'_>, scope: Scope, found: &mut LineMatches) {
        let ours = self.payment;
        let theirs = self.gone(LineKind::Refund);
        let facts = |rule: &str| json!({ "rule": rule, "captured": ours.captured, "ours": ours.refunded, "theirs": theirs });
        if theirs > ours.captured {
            let facts = facts("refunds_do_not_exceed_the_capture");
            found.raise(Kind::AmountMismatch, About::RefundsOf(ours.id), facts);
        } else if theirs > ours.refunded {
            let facts = facts("a_refund_at_the_gateway_is_ours");
            found.raise(Kind::StatusMismatch, About::Payment(ours.id), facts);
        }
        let whole = ours.captured_on.is_some_and(|day| day >= scope.from);
        let reported = ours.refunded_on.is_some_and(|day| covered.includes(&ours.gateway, day));
        if whole && reported && theirs < ours.refunded {
            let facts = facts("a_refund_is_in_the_payout_of_its_day");
            found.raise(Kind::MissingAtGateway, About::RefundsOf(ours.id), facts);
        }
    }
}

impl LineMatches {
    fn raise(&mut self, kind: Kind, about: About, facts: Value) {
        self.findings.push(Finding { kind, about, facts });
    }

    /// Σ net of the lines is the payout.
    fn sums_of_payouts(&mut self, lines: &[ReportedLine], payouts: &[Payout]) {
        let mut sums: HashMap<SettlementId, i64> = HashMap::with_capacity(payouts.len());
        for reported in lines {
            *sums.entry(reported.settlement).or_default() += reported.line.net.amount();
        }
        for payout in payouts {
            let sum = sums.get(&payout.id).copied().unwrap_or_default();
            if sum != payout.net {
                let facts =
                    json!({ "rule": "net_of_the_lines_is_the_payout", "payout": payout.net, "lines": sum });
                self.raise(Kind::AmountMismatch, About::Settlement(payout.id), facts);
            }
        }
    }

    /// Lines that name no payment of ours, each with what it may be about.
    fn strangers(
        &mut self,
        strangers: &[&ReportedLine],
        payments: &[OurPayment],
        of_payment: &HashMap<PaymentId, Vec<&ReportedLine>>,
    ) {
        if strangers.is_empty() {
            return;
        }
        let mut alike: HashMap<(&str, i64), Vec<&OurPayment>> = HashMap::new();
        for payment in payments.iter().filter(|payment| !of_payment.contains_key(&payment.id)) {
            alike.entry((payment.gateway.as_str(), payment.captured)).or_default().push(payment);
        }
        for stranger in strangers {
            let key = (stranger.gateway.as_str(), stranger.line.gross.amount());
            let near = |payment: &&&OurPayment| {
                let days = payment.captured_on.map(|day| (day - stranger.line.occurred_on).get_days().abs());
                days.is_some_and(|days| days <= 1)
            };
            let suggestions = alike.get(&key).map(Vec::as_slice).unwrap_or_default().iter().filter(near);
            let suggestions: Vec<_> =
                suggestions.take(MOST_SUGGESTIONS).map(|payment| payment.id.to_string()).collect();
            let facts = json!({ "rule": "a_line_names_a_payment_of_ours", "gateway": stranger.gateway,
                "kind": stranger.line.kind.as_str(), "gross": stranger.line.gross.amount(),
                "occurred_on": stranger.line.occurred_on.to_string(), "suggestions": suggestions });
            self.raise(Kind::MissingAtUs, About::Line(stranger.id), facts);
        }
    }
}
