//! The agent's money arrives (払込, R-77): who says so, who agrees, and what becomes of each invoice.
//!
//! Invariants: an arrival is exactly what the lines of the payout come to; it stands on the word of two (two officers, or
//! the bank's statement and whoever took it in); money that came by the designated day makes the debt paid on the day of
//! the entrustment, money that came later makes it nothing until two people have accepted it (LAA 231の4).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::json;

use super::exceptions::{self, Subject};
use super::payment_standing::settle_invoice;
use super::settlement_refusal::SettlementRefusal;
use super::{Core, Failure, Refusal};
use crate::domain::audit::EventActor;
use crate::domain::id::{OfficerId, PaymentId, SettlementId, TenantCode};
use crate::domain::invoice::Remittance;
use crate::domain::money::Yen;
use crate::domain::settlement::{ExceptionKind, SignedYen};
use crate::store::events::{self, NewEvent};
use crate::store::payments::PaymentRow;
use crate::store::settlement_matches::{self, MatchRow};
use crate::store::settlements::{self, SettlementRow};
use crate::store::sql::IsoDate;
use crate::store::{Reads, StoreError, Tx, applications, invoices, jobs, payments};

/// Kind of the job that matches a payout and books it once it has arrived.
pub const WORK_SETTLEMENT: &str = "work_settlement";

/// In place of an officer: the bank's statement.
const THE_BANK: &str = "bank";

/// The money of a payout, as it reached the body's account.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The JST day the bank credited it.
    pub arrived_on: Date,
    /// How much, in yen.
    pub amount: i64,
    /// The bank's words for it; no personal data.
    pub reference: String,
}

/// Who says that it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// An officer; another one must confirm it.
    Officer(OfficerId),
    /// The bank's own statement, taken in by an officer: nobody else is needed.
    Statement(OfficerId),
}

/// What became of the word that money arrived.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// It is stored; the payout as it is now. The same word again gives the same.
    Stored(Box<SettlementRow>),
    /// It is another amount than the lines come to; the exception is raised, nothing else is changed.
    Differs {
        /// What the lines come to, in yen.
        net: i64,
    },
}

/// Takes in that the money of a payout arrived. A word that nobody has confirmed gives way to another one: to the bank's
/// statement, or to the officer who corrects the day. The caller holds [`crate::store::Root::settlement`] (or writes alone)
/// and must commit also when the amount differs, so that the exception stays.
pub fn record_arrival(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    id: SettlementId,
    arrival: &Arrival,
    witness: Witness,
) -> Result<Recorded, Failure> {
    let mut row = settlements::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let same = says_the_same(&row, arrival);
    if row.arrival_confirmed_by.is_some() && !same {
        return Err(SettlementRefusal::WrongState.into());
    }
    let net: i64 = settlements::lines(tx, tenant, id)?.iter().map(|line| line.net.amount()).sum();
    if arrival.amount != net {
        let facts = json!({ "settlement": id.to_string(), "gateway": row.gateway, "batch": row.batch_reference,
            "net": net, "arrived": arrival.amount, "arrived_on": arrival.arrived_on.to_string() });
        exceptions::raise(tx, tenant, ExceptionKind::BankMismatch, &Subject::Settlement(id), facts)?;
        return Ok(Recorded::Differs { net });
    }
    match (row.state.as_str(), witness) {
        ("imported", Witness::Officer(officer)) => {
            keep(&mut row, arrival, &officer.to_string())?;
            "arrival_recorded".clone_into(&mut row.state);
        }
        ("arrival_recorded", Witness::Officer(officer)) if !same => {
            keep(&mut row, arrival, &officer.to_string())?;
        }
        ("arrival_recorded", Witness::Statement(_)) if same => {
            row.arrival_confirmed_by = Some(THE_BANK.to_owned());
            "arrived".clone_into(&mut row.state);
        }
        ("imported" | "arrival_recorded", Witness::Statement(officer)) => {
            keep(&mut row, arrival, THE_BANK)?;
            row.arrival_confirmed_by = Some(officer.to_string());
            "arrived".clone_into(&mut row.state);
        }
        // The same word again.
        _ => return Ok(Recorded::Stored(Box::new(row))),
    }
    settlements::update(tx, &mut row)?;
    if row.state == "arrived" {
        ask_for_work(tx, &row)?;
    }
    Ok(Recorded::Stored(Box::new(row)))
}

fn says_the_same(row: &SettlementRow, arrival: &Arrival) -> bool {
    row.arrived_on == Some(IsoDate(arrival.arrived_on))
        && row.arrived_amount.is_some_and(|amount| amount.amount() == arrival.amount)
}

fn keep(row: &mut SettlementRow, arrival: &Arrival, by: &str) -> Result<(), Failure> {
    let amount = SignedYen::new(arrival.amount).map_err(|error| Failure::Internal(error.to_string()))?;
    row.arrived_on = Some(IsoDate(arrival.arrived_on));
    row.arrived_amount = Some(amount);
    row.arrival_reference = Some(arrival.reference.clone());
    row.arrival_recorded_by = Some(by.to_owned());
    Ok(())
}

/// Confirms an arrival that another officer recorded, as the confirming one has read it: of another version than `read` it is
/// refused. The caller holds [`crate::store::Root::settlement`].
pub fn confirm_arrival(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    id: SettlementId,
    officer: OfficerId,
    read: Option<i64>,
) -> Result<SettlementRow, Failure> {
    let mut row = settlements::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    if read.is_some_and(|version| version != row.version) {
        return Err(Refusal::StaleVersion { current: row.version }.into());
    }
    if row.state != "arrival_recorded" {
        return Err(SettlementRefusal::WrongState.into());
    }
    if row.arrival_recorded_by == Some(officer.to_string()) {
        return Err(SettlementRefusal::OwnArrival.into());
    }
    row.arrival_confirmed_by = Some(officer.to_string());
    "arrived".clone_into(&mut row.state);
    settlements::update(tx, &mut row)?;
    ask_for_work(tx, &row)?;
    Ok(row)
}

/// Asks for the job that works through a payout.
pub fn ask_for_work(tx: &mut Tx<'_>, row: &SettlementRow) -> Result<(), StoreError> {
    let now = tx.now();
    jobs::enqueue_again(tx, row.tenant_id.as_str(), WORK_SETTLEMENT, &row.id.to_string(), now).map(drop)
}

/// What the agents' remittances make of some attempts to pay; those of which nothing arrived are left out.
pub fn of_attempts(
    tx: &mut impl Reads,
    attempts: &[PaymentRow],
) -> Result<BTreeMap<PaymentId, Remittance>, Failure> {
    let taken = attempts.iter().filter(|attempt| attempt.captured > Yen::ZERO);
    let ids: Vec<PaymentId> = taken.map(|attempt| attempt.id).collect();
    let Some(tenant) = attempts.first().map(|attempt| &attempt.tenant_id).filter(|_| !ids.is_empty()) else {
        return Ok(BTreeMap::new());
    };
    let matches = settlement_matches::of_payments(tx, tenant, &ids)?;
    matches.iter().filter_map(|row| remittance(row).transpose()).collect()
}

fn remittance(row: &MatchRow) -> Result<Option<(PaymentId, Remittance)>, Failure> {
    let broken = || StoreError::Inconsistent(format!("settlement_matches.remittance of {}", row.line_id));
    let (Some(payment), Some(name)) = (row.payment_id, row.remittance.as_deref()) else { return Ok(None) };
    let remittance = match name {
        "in_time" => Remittance::InTime,
        "late" => Remittance::Late,
        "accepted" => Remittance::Accepted { arrived_on: row.remitted_on.ok_or_else(broken)?.0 },
        _ => return Err(broken().into()),
    };
    Ok(Some((payment, remittance)))
}

/// The stored name of what a remittance is.
pub(super) fn name(remittance: Remittance) -> Option<&'static str> {
    match remittance {
        Remittance::Awaited => None,
        Remittance::InTime => Some("in_time"),
        Remittance::Late => Some("late"),
        Remittance::Accepted { .. } => Some("accepted"),
    }
}

/// Takes late money all the same: the debt is paid on the day it arrived. For the resolution `accept_late` of a
/// `late_remittance` that two people agreed on; `by` is the second of them. The caller holds the root of the payment's
/// case. Doing it again changes nothing.
pub fn accept_late(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    payment: PaymentId,
    by: OfficerId,
) -> Result<(), Failure> {
    let found = settlement_matches::of_payments(tx, tenant, &[payment])?;
    let late = |row: &&MatchRow| row.remittance.is_some();
    let mut row = found.iter().find(late).cloned().ok_or(SettlementRefusal::NothingLate)?;
    match row.remittance.as_deref() {
        Some("late") => {}
        Some("accepted") => return Ok(()),
        _ => return Err(SettlementRefusal::NothingLate.into()),
    }
    let missing = || StoreError::Inconsistent(format!("no case or invoice of payment {payment}"));
    let paid = payments::find(tx, tenant, payment)?.ok_or_else(missing)?;
    let mut case = applications::find(tx, tenant, paid.application_id)?.ok_or_else(missing)?;
    let mut invoice = invoices::find(tx, tenant, paid.invoice_id)?.ok_or_else(missing)?;
    row.remittance = Some("accepted".to_owned());
    settlement_matches::update(tx, &mut row)?;
    let facts = json!({ "payment": payment.to_string(), "line": row.line_id.to_string(),
        "remitted_on": row.remitted_on.map(|day| day.0.to_string()) });
    let actor = EventActor { kind: "officer", id: by.to_string() };
    let event = NewEvent { kind: "late_remittance_accepted", actor, facts, sealed_detail: None };
    events::append(tx, &mut case, event)?;
    settle_invoice(tx, core, &mut case, &mut invoice)?;
    Ok(applications::update(tx, &mut case)?)
}
