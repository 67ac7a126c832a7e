//! Payments that a payout names and whose money has not come by its day: a report is no money.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use serde_json::json;

use super::{About, Finding, OurPayment, Payout, ReportedLine, Scope};
use crate::domain::id::{PaymentId, SettlementId, SettlementLineId};
use crate::domain::settlement::{ExceptionKind, LineKind};

/// One finding a payout that has not arrived and names payments past their day. `matches`: the payment of each line; `arrived`: the
/// payouts whose money is here.
pub fn overdue_payouts(
    payments: &[OurPayment],
    (lines, matches): (&[ReportedLine], &[(SettlementLineId, PaymentId)]),
    payouts: &[Payout],
    arrived: &BTreeSet<SettlementId>,
    scope: Scope,
) -> Vec<Finding> {
    let of_line: HashMap<SettlementLineId, PaymentId> = matches.iter().copied().collect();
    let late = |payment: &&OurPayment| {
        payment.held() > 0
            && payment.captured_on.is_some_and(|day| day >= scope.from)
            && payment.due_on.is_some_and(|due| due < scope.day)
    };
    let late: HashMap<PaymentId, &OurPayment> =
        payments.iter().filter(late).map(|payment| (payment.id, payment)).collect();
    let mut held: HashMap<SettlementId, Held> = HashMap::new();
    for reported in lines.iter().filter(|reported| reported.line.kind == LineKind::Capture) {
        let payment = of_line.get(&reported.id).and_then(|id| late.get(id));
        if let Some(payment) = payment.filter(|_| !arrived.contains(&reported.settlement)) {
            held.entry(reported.settlement).or_default().add(payment);
        }
    }
    let find = |payout: &Payout| {
        let found = held.get(&payout.id)?;
        let facts = json!({ "rule": "a_reported_payment_arrives_in_time", "gateway": payout.gateway,
            "batch": payout.batch_reference, "payments": found.payments, "ours": found.sum,
            "due_on": found.due_on.map(|day| day.to_string()) });
        let kind = ExceptionKind::OverdueSettlement;
        Some(Finding { kind, about: About::Settlement(payout.id), facts })
    };
    payouts.iter().filter_map(find).collect()
}

/// What a payout that has not come is over, of payments past their day.
#[derive(Default)]
struct Held {
    payments: usize,
    sum: i64,
    due_on: Option<Date>,
}

impl Held {
    fn add(&mut self, payment: &OurPayment) {
        self.payments += 1;
        self.sum += payment.held();
        self.due_on = self.due_on.into_iter().chain(payment.due_on).min();
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;
    use crate::domain::reconciliation::Arrival;
    use crate::domain::settlement::{SettlementLine, SignedYen};

    #[test]
    fn r77_a_payout_that_was_reported_and_has_not_come_is_overdue_after_the_earliest_day_of_its_payments() {
        let (id, payout) = (PaymentId(Uuid::from_u128(1)), SettlementId(Uuid::from_u128(2)));
        let payment = OurPayment {
            id,
            gateway: "komoju".to_owned(),
            merchant_reference: "m".to_owned(),
            gateway_payment_id: None,
            charged_beside: None,
            captured: 1_000,
            refunded: 0,
            charged_back: 0,
            captured_on: Some(date(2026, 3, 30)),
            refunded_on: None,
            due_on: Some(date(2026, 4, 25)),
        };
        let yen = |amount| SignedYen::new(amount).unwrap();
        let line = ReportedLine {
            id: SettlementLineId(Uuid::from_u128(3)),
            settlement: payout,
            gateway: "komoju".to_owned(),
            line: SettlementLine {
                line_key: "a".to_owned(),
                line_no: 1,
                kind: LineKind::Capture,
                merchant_reference: Some("m".to_owned()),
                gateway_payment_id: None,
                gross: yen(1_000),
                fee: yen(0),
                tax: yen(0),
                net: yen(1_000),
                occurred_on: date(2026, 3, 30),
            },
        };
        let stated = Payout {
            id: payout,
            gateway: "komoju".to_owned(),
            batch_reference: "b".to_owned(),
            period: None,
            net: 1_000,
            expected_on: date(2026, 4, 20),
            arrival: Arrival::Awaited,
        };
        let found = |payment: &OurPayment, arrived: &[SettlementId], day| {
            let scope = Scope { from: date(2026, 1, 1), day };
            let arrived = arrived.iter().copied().collect();
            let (lines, matches) = ([line.clone()], [(line.id, id)]);
            let (payments, payouts) = ([payment.clone()], [stated.clone()]);
            overdue_payouts(&payments, (&lines, &matches), &payouts, &arrived, scope)
        };
        assert_eq!(found(&payment, &[], date(2026, 4, 25)), [], "the designated day itself");
        let late = found(&payment, &[], date(2026, 4, 26));
        let [one] = late.as_slice() else { panic!("{late:?}") };
        assert_eq!((one.kind, one.about), (ExceptionKind::OverdueSettlement, About::Settlement(payout)));
        assert_eq!((&one.facts["ours"], &one.facts["due_on"]), (&json!(1_000), &json!("2026-04-25")));
        assert_eq!(found(&payment, &[payout], date(2026, 4, 26)), [], "its money is here");
        let back = OurPayment { refunded: 1_000, ..payment };
        assert_eq!(found(&back, &[], date(2026, 4, 26)), [], "nothing is held of it");
    }
}
