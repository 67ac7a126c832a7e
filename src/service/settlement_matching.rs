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
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::{divide, divide_in_proportion};
use crate::domain::settlement::{ExceptionKind, LineKind, SignedYen, SignedYenOutOfRange};
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
    // A line that only our reference finds may be of a second charge that is not known yet: the payment that was asked for has its own.
    lines.sort_by_key(|line| !payments.knows_by_id(line));
    lines.iter().try_for_each(|line| match_line(tx, &row, line, &payments, &mut settled))
}

/// The payments that some lines name.
struct Payments {
    /// By the agent's own id; none where it gave the id to more than one.
    by_gateway_id: HashMap<String, Option<PaymentRow>>,
    by_reference: HashMap<String, PaymentRow>,
    /// All shares of those that lead several, by the first.
    shares: HashMap<PaymentId, Vec<PaymentRow>>,
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
        let by_reference: HashMap<String, PaymentRow> =
            found.into_iter().map(|payment| (payment.merchant_reference.clone(), payment)).collect();
        let all = by_gateway_id.values().flatten().chain(by_reference.values());
        let leads: HashSet<PaymentId> = all.filter_map(|payment| payment.share_of).collect();
        let mut shares: HashMap<PaymentId, Vec<PaymentRow>> = HashMap::new();
        if !leads.is_empty() {
            let leads: Vec<PaymentId> = leads.into_iter().collect();
            for share in payments::of_leads(tx, &row.tenant_id, &leads)? {
                let Some(lead) = share.share_of else { continue };
                shares.entry(lead).or_default().push(share);
            }
        }
        Ok(Self { by_gateway_id, by_reference, shares })
    }

    fn ids(&self) -> impl Iterator<Item = PaymentId> {
        let by_id = self.by_gateway_id.values().flatten().map(|payment| payment.id);
        let by_reference = self.by_reference.values().map(|payment| payment.id);
        let shares = self.shares.values().flatten().map(|share| share.id);
        by_id.chain(by_reference).chain(shares).collect::<HashSet<_>>().into_iter()
    }

    fn knows_by_id(&self, line: &LineRow) -> bool {
        line.gateway_payment_id.as_ref().is_some_and(|id| matches!(self.by_gateway_id.get(id), Some(Some(_))))
    }

    /// The shares of the payment of a line, the first in front; where both names are given, both must name the same one.
    fn of(&self, row: &SettlementRow, line: &LineRow) -> Option<&[PaymentRow]> {
        let by_id = line.gateway_payment_id.as_ref().and_then(|id| self.by_gateway_id.get(id)?.as_ref());
        let by_reference = line.merchant_reference.as_ref().and_then(|name| self.by_reference.get(name));
        let found = match (by_id, by_reference) {
            // A second charge has no reference of its own: the agent names it by that of the checkout.
            (Some(one), Some(other)) if one.id != other.id && one.charged_beside != Some(other.id) => None,
            (one, other) => one.or(other),
        };
        let found = found.filter(|payment| payment.gateway == row.gateway)?;
        let shares = found.share_of.and_then(|lead| self.shares.get(&lead));
        Some(shares.map_or(std::slice::from_ref(found), Vec::as_slice))
    }
}

/// What a payment comes to, and what lines of one kind that are matched to it come to, share by share, in yen.
struct Standing<'a> {
    shares: &'a [PaymentRow],
    settled: Vec<i64>,
}

impl<'a> Standing<'a> {
    fn of(shares: &'a [PaymentRow], kind: &str, settled: &HashMap<(PaymentId, String), i64>) -> Self {
        let known =
            |share: &PaymentRow| settled.get(&(share.id, kind.to_owned())).copied().unwrap_or_default();
        Self { shares, settled: shares.iter().map(known).collect() }
    }

    fn sum(&self, of: fn(&PaymentRow) -> Yen) -> i64 {
        self.shares.iter().map(|share| of(share).amount()).sum()
    }

    /// What keeps a line from being matched.
    fn objection(&self, line: &LineRow, kind: LineKind) -> Option<(ExceptionKind, Value)> {
        let gross = line.gross.amount();
        let settled: i64 = self.settled.iter().sum();
        let (captured, refunded) = (self.sum(|share| share.captured), self.sum(|share| share.refunded));
        let charged_back = self.sum(|share| share.charged_back);
        let facts =
            |we: i64| json!({ "line": line.id.to_string(), "gross": gross, "settled": settled, "ours": we });
        match kind {
            LineKind::Capture if settled != 0 => Some((ExceptionKind::DuplicateLine, facts(captured))),
            LineKind::Capture if captured == 0 => Some((ExceptionKind::StatusMismatch, facts(0))),
            LineKind::Capture if gross != captured => Some((ExceptionKind::AmountMismatch, facts(captured))),
            LineKind::Refund if -(settled + gross) > refunded => {
                Some((ExceptionKind::StatusMismatch, facts(refunded)))
            }
            LineKind::Chargeback if settled != 0 && -(settled + gross) > charged_back => {
                Some((ExceptionKind::DuplicateLine, facts(charged_back)))
            }
            _ => None,
        }
    }

    /// What of a line's gross and net is about each share: what was taken of it, else what went back of it and no other
    /// line is about.
    fn parts(&self, line: &LineRow, kind: LineKind) -> Result<Vec<(SignedYen, SignedYen)>, Failure> {
        if self.shares.len() == 1 {
            return Ok(vec![(line.gross, line.net)]);
        }
        let internal = |error: YenOutOfRange| Failure::Internal(error.to_string());
        let gone = |of: fn(&PaymentRow) -> Yen| {
            let left = |(share, settled): (&PaymentRow, &i64)| Yen::new(of(share).amount() + settled);
            self.shares.iter().zip(&self.settled).map(move |pair| left(pair).unwrap_or(Yen::ZERO)).collect()
        };
        let capacities: Vec<Yen> = match kind {
            LineKind::Capture => self.shares.iter().map(|share| share.captured).collect(),
            LineKind::Refund => gone(|share| share.refunded),
            _ => gone(|share| share.charged_back),
        };
        let gross = line.gross.amount();
        let parts = divide(Yen::new(gross.abs()).map_err(internal)?, &capacities).map_err(internal)?;
        let kept = divide_in_proportion(gross - line.net.amount(), &parts).map_err(internal)?;
        let signed = |(part, kept): (&Yen, &i64)| {
            let gross = part.amount() * gross.signum();
            Ok((SignedYen::new(gross)?, SignedYen::new(gross - kept)?))
        };
        let signed: Result<Vec<_>, SignedYenOutOfRange> = parts.iter().zip(&kept).map(signed).collect();
        signed.map_err(|error| Failure::Internal(error.to_string()))
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
    let shares = payments.of(row, line).unwrap_or_default();
    let Some(lead) = shares.first() else {
        let facts = json!({ "gateway": row.gateway, "batch": row.batch_reference, "line": line.line_key,
            "reference": line.merchant_reference, "gateway_payment": line.gateway_payment_id,
            "gross": line.gross.amount() });
        exceptions::raise(tx, tenant, ExceptionKind::MissingAtUs, &Subject::Line(id), facts)?;
        return Ok(());
    };
    let standing = Standing::of(shares, &line.kind, settled);
    if let Some((wrong, facts)) = standing.objection(line, kind) {
        // Before the second charge was known, its line was taken for that of the payment beside it: the sums are the same.
        if wrong == ExceptionKind::DuplicateLine && match_beside(tx, line, lead, settled)? == Beside::Matched
        {
            return Ok(());
        }
        let subject =
            if wrong == ExceptionKind::DuplicateLine { Subject::Line(id) } else { Subject::Payment(lead.id) };
        exceptions::raise(tx, tenant, wrong, &subject, facts)?;
        // Perhaps the gateway knows more than we do.
        let now = tx.now();
        jobs::enqueue_again(tx, tenant.as_str(), POLL_PAYMENT, &lead.id.to_string(), now)?;
        return Ok(());
    }
    if kind == LineKind::Chargeback && standing.sum(|share| share.charged_back) == 0 {
        let facts = json!({ "line": id.to_string(), "gross": line.gross.amount() });
        let subject = Subject::Payment(lead.id);
        exceptions::raise(tx, tenant, ExceptionKind::UnexpectedChargeback, &subject, facts)?;
    }
    let now = Micros(Reads::now(tx));
    let parts = standing.parts(line, kind)?;
    let all_empty = parts.iter().all(is_empty);
    for ((share_no, share), part) in (0..).zip(shares).zip(parts) {
        // What a share has no part in is not about it; the line is about the first one at least.
        if is_empty(&part) && !(all_empty && share_no == 0) {
            continue;
        }
        let (gross, net) = part;
        *settled.entry((share.id, line.kind.clone())).or_default() += gross.amount();
        let found = MatchRow { share_no, gross, net, ..new_match(line, Some(share), now) };
        settlement_matches::insert(tx, &found)?;
    }
    Ok(())
}

/// Whether a line found a second charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Matched,
    NotFound,
}

/// Matches the line of a payment that is settled already to what was charged beside it, if that is of the same sum and has no line.
fn match_beside(
    tx: &mut Tx<'_>,
    line: &LineRow,
    lead: &PaymentRow,
    settled: &mut HashMap<(PaymentId, String), i64>,
) -> Result<Beside, Failure> {
    let (gross, now) = (line.gross.amount(), Micros(Reads::now(tx)));
    for row in payments::charged_beside(tx, lead)? {
        let known = settlement_matches::gross_of_payments(tx, &line.tenant_id, &[row.id])?;
        let has_line = known.contains_key(&(row.id, line.kind.clone()));
        if !has_line && row.captured.amount() == gross && row.gateway == lead.gateway {
            *settled.entry((row.id, line.kind.clone())).or_default() += gross;
            let found = MatchRow { gross: line.gross, net: line.net, ..new_match(line, Some(&row), now) };
            settlement_matches::insert(tx, &found)?;
            return Ok(Beside::Matched);
        }
    }
    Ok(Beside::NotFound)
}

fn is_empty((gross, net): &(SignedYen, SignedYen)) -> bool {
    gross.amount() == 0 && net.amount() == 0
}

/// The match of a whole line that is not booked yet.
pub(super) fn new_match(line: &LineRow, payment: Option<&PaymentRow>, now: Micros) -> MatchRow {
    MatchRow {
        tenant_id: line.tenant_id.clone(),
        line_id: line.id,
        share_no: 0,
        settlement_id: line.settlement_id,
        kind: line.kind.clone(),
        payment_id: payment.map(|payment| payment.id),
        application_id: payment.map(|payment| payment.application_id),
        gross: line.gross,
        net: line.net,
        remittance: None,
        remitted_on: None,
        matched_at: now,
        booked_at: None,
        version: 1,
    }
}
