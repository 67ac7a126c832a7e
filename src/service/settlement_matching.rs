//! Each line of a payout finds its payment (F34–F36): by the gateway's id, then by our reference, with the exact amount.
//!
//! A payout may be long, so what a piece of lines needs is read at once, and a line costs one insert. What does not match
//! waits as an exception and is tried again.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::exceptions::{self, Subject};
use super::poll::POLL_PAYMENT;
use super::{Failure, Refusal};
use crate::domain::id::{PaymentId, SettlementId, SettlementLineId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::settlement::{ExceptionKind, LineKind};
use crate::store::payments::PaymentRow;
use crate::store::settlement_matches::{self, MatchRow};
use crate::store::settlements::{self, LineRow, SettlementRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Tx, jobs, payments};

/// Matches lines of a payout, or raises why they cannot be; those that are matched already are left alone.
pub(super) fn match_lines(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    id: SettlementId,
    piece: &[SettlementLineId],
) -> Result<(), Failure> {
    let row = settlements::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let done = settlement_matches::matched_lines(tx, tenant, piece)?;
    let mut lines = settlements::some_lines(tx, tenant, piece)?;
    lines.retain(|line| !done.contains(&line.id));
    let payments = Payments::named_by(tx, &row, &lines)?;
    let ids: Vec<PaymentId> = payments.ids().collect();
    let mut settled = settlement_matches::gross_of_payments(tx, tenant, &ids)?;
    lines.iter().try_for_each(|line| match_line(tx, &row, line, &payments, &mut settled))
}

/// The payments that some lines name.
struct Payments {
    /// By the agent's own id; none where it gave the id to more than one.
    by_gateway_id: HashMap<String, Option<PaymentRow>>,
    by_reference: HashMap<String, PaymentRow>,
}

impl Payments {
    fn named_by(tx: &mut impl Reads, row: &SettlementRow, lines: &[LineRow]) -> Result<Self, Failure> {
        let ids: HashSet<&str> = lines.iter().filter_map(|line| line.gateway_payment_id.as_deref()).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let mut by_gateway_id = HashMap::with_capacity(ids.len());
        for payment in payments::of_gateway_ids(tx, &row.tenant_id, &row.gateway, &ids)? {
            let Some(name) = payment.gateway_payment_id.clone() else { continue };
            by_gateway_id.entry(name).and_modify(|one| *one = None).or_insert(Some(payment));
        }
        let names: HashSet<&str> =
            lines.iter().filter_map(|line| line.merchant_reference.as_deref()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let found = payments::of_references(tx, &row.tenant_id, &names)?;
        let by_reference =
            found.into_iter().map(|payment| (payment.merchant_reference.clone(), payment)).collect();
        Ok(Self { by_gateway_id, by_reference })
    }

    fn ids(&self) -> impl Iterator<Item = PaymentId> {
        let by_id = self.by_gateway_id.values().flatten().map(|payment| payment.id);
        let by_reference = self.by_reference.values().map(|payment| payment.id);
        by_id.chain(by_reference).collect::<HashSet<_>>().into_iter()
    }

    /// The payment of a line; where both names are given, both must name the same one.
    fn of(&self, row: &SettlementRow, line: &LineRow) -> Option<&PaymentRow> {
        let by_id = line.gateway_payment_id.as_ref().and_then(|id| self.by_gateway_id.get(id)?.as_ref());
        let by_reference = line.merchant_reference.as_ref().and_then(|name| self.by_reference.get(name));
        let found = match (by_id, by_reference) {
            (Some(one), Some(other)) if one.id != other.id => None,
            (one, other) => one.or(other),
        };
        found.filter(|payment| payment.gateway == row.gateway)
    }
}

/// What keeps a line from being matched to its payment. `settled`: what lines of its kind that are matched come to.
fn objection(
    line: &LineRow,
    kind: LineKind,
    payment: &PaymentRow,
    settled: i64,
) -> Option<(ExceptionKind, Value)> {
    let gross = line.gross.amount();
    let facts =
        |we: i64| json!({ "line": line.id.to_string(), "gross": gross, "settled": settled, "ours": we });
    match kind {
        LineKind::Capture if settled != 0 => {
            Some((ExceptionKind::DuplicateLine, facts(payment.captured.amount())))
        }
        LineKind::Capture if payment.captured == Yen::ZERO => Some((ExceptionKind::StatusMismatch, facts(0))),
        LineKind::Capture if gross != payment.captured.amount() => {
            Some((ExceptionKind::AmountMismatch, facts(payment.captured.amount())))
        }
        LineKind::Refund if -(settled + gross) > payment.refunded.amount() => {
            Some((ExceptionKind::StatusMismatch, facts(payment.refunded.amount())))
        }
        _ => None,
    }
}

fn match_line(
    tx: &mut Tx<'_>,
    row: &SettlementRow,
    line: &LineRow,
    payments: &Payments,
    settled: &mut HashMap<(PaymentId, String), i64>,
) -> Result<(), Failure> {
    let (tenant, id, kind) = (&row.tenant_id, line.id, line.line()?.kind);
    let Some(payment) = payments.of(row, line) else {
        let facts = json!({ "gateway": row.gateway, "batch": row.batch_reference, "line": line.line_key,
            "reference": line.merchant_reference, "gateway_payment": line.gateway_payment_id,
            "gross": line.gross.amount() });
        exceptions::raise(tx, tenant, ExceptionKind::MissingAtUs, &Subject::Line(id), facts)?;
        return Ok(());
    };
    let known = settled.entry((payment.id, line.kind.clone())).or_default();
    if let Some((wrong, facts)) = objection(line, kind, payment, *known) {
        let subject = if wrong == ExceptionKind::DuplicateLine {
            Subject::Line(id)
        } else {
            Subject::Payment(payment.id)
        };
        exceptions::raise(tx, tenant, wrong, &subject, facts)?;
        // Perhaps the gateway knows more than we do.
        let now = tx.now();
        jobs::enqueue_again(tx, tenant.as_str(), POLL_PAYMENT, &payment.id.to_string(), now)?;
        return Ok(());
    }
    *known += line.gross.amount();
    if kind == LineKind::Chargeback && payment.charged_back == Yen::ZERO {
        let facts = json!({ "line": id.to_string(), "gross": line.gross.amount() });
        let subject = Subject::Payment(payment.id);
        exceptions::raise(tx, tenant, ExceptionKind::UnexpectedChargeback, &subject, facts)?;
    }
    let found = new_match(line, Some(payment), Micros(Reads::now(tx)));
    Ok(settlement_matches::insert(tx, &found)?)
}

/// The match of a line that is not booked yet.
pub(super) fn new_match(line: &LineRow, payment: Option<&PaymentRow>, now: Micros) -> MatchRow {
    MatchRow {
        tenant_id: line.tenant_id.clone(),
        line_id: line.id,
        settlement_id: line.settlement_id,
        kind: line.kind.clone(),
        payment_id: payment.map(|payment| payment.id),
        application_id: payment.map(|payment| payment.application_id),
        remittance: None,
        remitted_on: None,
        matched_at: now,
        booked_at: None,
        version: 1,
    }
}
