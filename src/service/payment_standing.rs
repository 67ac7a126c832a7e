//! What a gateway says becomes our standing: payment, invoice, ledger and events, in one transaction.
//!
//! Counters only grow, so the same news applied twice or out of order ends in the same standing, and the ledger's
//! unique cause (kind, payment and sum, line) books a capture once. Callers hold the case's root lock.

use jiff::civil::Date;
use serde_json::json;

use super::cases::system_actor;
use super::payment_shares::Shares;
use super::{
    Core, Failure, charge, clock, dispute, ended_debt, invoice_money, outside_refund, payment, payment_alert,
    payment_closing, poll, receipt_standing, refund_standing, second_charge, stamp, waiver_claim,
};
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::invoice::{DebtEnd, InvoiceState, derive_invoice_state};
use crate::domain::ledger::{self, Account, Cause, Entry, EntryKind, Portion, Posting};
use crate::domain::money::Yen;
use crate::domain::payment::{Alert, Change, Folded, LegalRole, MethodCode, Payment, PaymentSnapshot};
use crate::domain::refund::SET_OFF;
use crate::gateway::PaymentRef;
use crate::store::applications::{self, ApplicationRow};
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::sql::IsoDate;
use crate::store::{Reads, StoreError, Tx, payment_slips, reassessments};

/// Where a piece of news came from, for the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The answer to a call of ours.
    Answer,
    /// A signed notification.
    Notification,
    /// A question of ours.
    Query,
    /// A clerk at the counter.
    Counter,
    /// A refund that took the last of its money.
    Refund,
    /// What came beyond another debt (充当).
    SetOff,
    /// A report of the organisation that takes public money by eL-QR.
    ElQr,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Notification => "notification",
            Self::Query => "query",
            Self::Counter => "counter",
            Self::Refund => "refund",
            Self::SetOff => "set_off",
            Self::ElQr => "el_qr",
        }
    }
}

/// What a gateway is asked with about a payment.
pub fn payment_ref(row: &PaymentRow) -> PaymentRef {
    PaymentRef {
        merchant_reference: row.gateway_reference(),
        method: MethodCode::parse(&row.method),
        // By its checkout a gateway shows the payment that was asked for, and never what it took beside that.
        gateway_session_id: row.gateway_session_id.clone().filter(|_| row.charged_beside.is_none()),
        gateway_payment_id: row.gateway_payment_id.clone(),
        expires_at: row.expires_at.map(|at| at.0),
    }
}

/// Folds a snapshot into a payment and everything that follows from it: into every share, where several invoices are paid
/// in one act.
pub fn apply_snapshot(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    row: &mut PaymentRow,
    snapshot: &PaymentSnapshot,
    source: Source,
) -> Result<Change, Failure> {
    let mut shares = Shares::of(tx, case, row)?;
    let before = shares.whole()?;
    let change = match before.own_word(snapshot) {
        Some(word) => hear(tx, core, &mut shares, (before.clone(), word), source)?,
        None => Change::Unchanged,
    };
    let after = shares.whole()?;
    if let Some((case, lead)) = shares.at(0) {
        for charge in after.second_charges(snapshot) {
            second_charge::take_in(tx, core, case, lead, (charge, source))?;
        }
    }
    *row = shares.own(row);
    if change == Change::Changed {
        poll::schedule(tx, row)?;
    }
    Ok(change)
}

/// Folds what a gateway says of an act itself, which stands as `before`, into its shares.
fn hear(
    tx: &mut Tx<'_>,
    core: &Core,
    shares: &mut Shares<'_>,
    (before, word): (Payment, &PaymentSnapshot),
    source: Source,
) -> Result<Change, Failure> {
    let mut news = refund_standing::without_own_refunds(tx, shares.rows(), word)?;
    news.counters.charged_back = dispute::take_in(tx, shares, &word.disputes)?;
    let folded = before.clone().fold(&news);
    let mut folded =
        folded.map_err(|reason| Failure::Internal(format!("payment {}: {reason}", before.id)))?;
    let succeeds = !before.state.is_captured() && folded.next.state.is_captured();
    if succeeds && refund_standing::is_going_back(tx, shares.rows())? {
        folded = folded.without_success(&before);
    }
    if let Some(slip) = &word.slip {
        for share in shares.rows() {
            payment_slips::keep(tx, share, slip)?;
        }
    }
    let captured_at = word.captured_at.unwrap_or(word.observed_at);
    let change = move_shares(tx, core, shares, &folded, (jst_day(captured_at), source))?;
    // Whether nobody guarantees what was lost is known once the money is booked.
    if before.counters.captured == Yen::ZERO && news.counters.charged_back > Yen::ZERO {
        dispute::tell_of_losses(tx, shares.rows())?;
    }
    Ok(change)
}

/// Moves a payment by what follows from its standing, every share of it.
pub fn apply(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    row: &mut PaymentRow,
    follow: impl FnOnce(&Payment) -> Folded,
    source: Source,
) -> Result<Change, Failure> {
    let mut shares = Shares::of(tx, case, row)?;
    let folded = follow(&shares.whole()?);
    let today = jst_day(Reads::now(tx));
    let change = move_shares(tx, core, &mut shares, &folded, (today, source))?;
    *row = shares.own(row);
    if change == Change::Changed {
        poll::schedule(tx, row)?;
    }
    Ok(change)
}

/// Moves a payment that is no success and of whose money nothing is left to its end: its invoice is free to be paid again.
/// Of an act of several invoices the shares without money end with the last one that had some.
///
/// Callers hold the roots of all its shares, and store the case.
pub(super) fn end_without_money(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    row: &mut PaymentRow,
) -> Result<(), Failure> {
    let before = row.state.clone();
    row.take_over(&row.payment()?.with_nothing_left());
    if row.state != before {
        payments::update(tx, row)?;
        record_move(tx, case, row, &before, Source::Refund)?;
    }
    if row.share_of.is_none() || !row.payment()?.state.is_closed_without_money() {
        return Ok(());
    }
    let mut shares = Shares::of(tx, case, row)?;
    let folded = Folded { next: shares.whole()?, change: Change::Changed, alerts: Vec::new() };
    let today = jst_day(Reads::now(tx));
    move_shares(tx, core, &mut shares, &folded, (today, Source::Refund))?;
    *row = shares.own(row);
    Ok(())
}

/// Tells people what the whole asks of them, on the record of the first share, and gives every share its part.
fn move_shares(
    tx: &mut Tx<'_>,
    core: &Core,
    shares: &mut Shares<'_>,
    folded: &Folded,
    (captured_on, source): (Date, Source),
) -> Result<Change, Failure> {
    if let Some((case, row)) = shares.at(0) {
        let events_before = case.event_count;
        for alert in &folded.alerts {
            raise(tx, case, row, alert)?;
        }
        if case.event_count != events_before {
            applications::update(tx, case)?;
        }
    }
    if folded.change == Change::Unchanged {
        return Ok(Change::Unchanged);
    }
    let mut change = Change::Unchanged;
    for (index, next) in shares.divided(tx, &folded.next)?.iter().enumerate() {
        let Some((case, row)) = shares.at(index) else { continue };
        if row.captured_on.is_none() && next.counters.captured > Yen::ZERO {
            row.captured_on = Some(IsoDate(captured_on));
        }
        if move_share(tx, core, case, row, next, source)? == Change::Changed {
            change = Change::Changed;
        }
    }
    Ok(change)
}

/// Takes a payment's new standing over: row, events, ledger, invoice.
fn move_share(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    row: &mut PaymentRow,
    next: &Payment,
    source: Source,
) -> Result<Change, Failure> {
    let before = row.payment()?;
    if before == *next {
        return Ok(Change::Unchanged);
    }
    let captured_before = before.counters.captured;
    let money_came = captured_before == Yen::ZERO && next.counters.captured > Yen::ZERO;
    let invoice = invoices::find(tx, &row.tenant_id, row.invoice_id)?;
    let mut invoice =
        invoice.ok_or_else(|| StoreError::Inconsistent(format!("no invoice of payment {}", row.id)))?;
    if money_came && comes_after_end(tx, case, &invoice)? {
        raise(tx, case, row, &Alert::PaidAfterEnd)?;
    }
    row.take_over(next);
    if before.state != next.state {
        record_move(tx, case, row, before.state.as_str(), source)?;
    }
    payments::update(tx, row)?;
    // A share may have had its part before the whole of its act was a success, and a sum may come before all that is said
    // of it agrees.
    let succeeded = !before.state.is_captured() && next.state.is_captured();
    if next.counters.captured > captured_before || succeeded {
        book_capture(tx, row, next, captured_before, &invoice)?;
    }
    settle_invoice(tx, core, case, &mut invoice)?;
    applications::update(tx, case)?;
    Ok(Change::Changed)
}

/// Whether money comes for what nobody owes, since its case ended without an answer.
fn comes_after_end(
    tx: &mut impl Reads,
    case: &ApplicationRow,
    invoice: &InvoiceRow,
) -> Result<bool, Failure> {
    let ended = matches!(case.state.as_str(), "withdrawn" | "transferred");
    Ok(ended && !(invoice.is_open()? && payment::outlives(tx, case.case_state()?.name(), invoice)?))
}

fn record_move(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    row: &PaymentRow,
    from: &str,
    source: Source,
) -> Result<(), Failure> {
    let facts = json!({ "payment": row.id.to_string(), "from": from, "to": row.state,
        "captured": row.captured.amount(), "source": source.as_str() });
    let event = NewEvent { kind: "payment_moved", actor: gateway_actor(row), facts, sealed_detail: None };
    Ok(events::append(tx, case, event)?)
}

/// Moves the invoice to where all attempts put it, and gives each of them the proof that its money asks for.
pub fn settle_invoice(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    invoice: &mut InvoiceRow,
) -> Result<(), Failure> {
    move_invoice(tx, core, case, invoice)?;
    receipt_standing::follow(tx, core, case, invoice)
}

/// Derives the invoice's state from all attempts and stores it with an event when it moved; the case's clock runs again
/// once the fee is paid, what else is open of a covered invoice is closed, and what a withdrawal left owed beside it ends
/// once it was given back whole, and comes back where it was not after all. What is unpaid after its case ended without a
/// decision is booked back.
fn move_invoice(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    invoice: &mut InvoiceRow,
) -> Result<(), Failure> {
    let end = match invoice.invoice_state()? {
        InvoiceState::Canceled => DebtEnd::Canceled,
        _ if invoice.written_off > Yen::ZERO => DebtEnd::WrittenOff,
        _ if invoice.stamped > Yen::ZERO => {
            stamp::cancelled_on(tx, invoice)?.map_or(DebtEnd::Stands, DebtEnd::Stamped)
        }
        // Money that came for a canceled invoice made it overpaid; the debt is as canceled as before.
        InvoiceState::Overpaid if invoices::is_assessment_reversed(tx, invoice)? => DebtEnd::Canceled,
        _ if invoice.owed() == Yen::ZERO => DebtEnd::Waived,
        _ => DebtEnd::Stands,
    };
    // Of what was waived whole, the days are those of the money that had covered it.
    let total = if end == DebtEnd::Waived { invoice.total } else { invoice.owed() };
    let attempts = payments::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    let facts = invoice_money::of_attempts(tx, invoice, &attempts)?;
    let standing = derive_invoice_state(total, &facts, end);
    let standing = standing.map_err(|error| Failure::Internal(format!("invoice {}: {error}", invoice.id)))?;
    let wanted = (standing.state, &*invoice);
    payment_closing::close_what_no_longer_fits(tx, core, case, wanted, &attempts)?;
    let next = standing.state.as_str();
    let days = (invoice.entrusted_on.map(|day| day.0), invoice.paid_on.map(|day| day.0));
    if invoice.state == next && days == (standing.entrusted_on, standing.paid_on) {
        return Ok(());
    }
    let from = std::mem::replace(&mut invoice.state, next.to_owned());
    invoice.entrusted_on = standing.entrusted_on.map(IsoDate);
    invoice.paid_on = standing.paid_on.map(IsoDate);
    invoices::update_standing(tx, invoice)?;
    charge::follow(tx, invoice)?;
    clock::move_due_date(tx, core, case)?;
    let facts = json!({ "invoice": invoice.id.to_string(), "from": from, "to": next,
        "due_on": case.due_on.map(|due| due.0.to_string()),
        "entrusted_on": standing.entrusted_on.map(|day| day.to_string()),
        "paid_on": standing.paid_on.map(|day| day.to_string()) });
    let event =
        NewEvent { kind: "invoice_moved", actor: system_actor("billing"), facts, sealed_detail: None };
    events::append(tx, case, event)?;
    waiver_claim::follow_refund(tx, case, invoice)?;
    ended_debt::follow(tx, case, invoice)
}

/// Books money that has just been taken: entrusted to an agent, or received.
///
/// A first sum is booked under the payment; what a gateway adds later is booked by its difference under the payment and
/// the sum it reached, so that hearing of it again books nothing. Only the exact sum of a success settles the claim, or more
/// where the attempt was opened before a waiver and brought all that it was opened for, or where it succeeded and its gateway took
/// more since: then the rest is too much. Any other
/// sum, what is no success, and what comes beside a settled claim, is too much until a person has decided. When the rest of
/// the total arrives, what stood as too much is booked back and the whole settles the claim.
fn book_capture(
    tx: &mut Tx<'_>,
    row: &PaymentRow,
    payment: &Payment,
    captured_before: Yen,
    invoice: &InvoiceRow,
) -> Result<(), Failure> {
    let internal = |error: crate::domain::money::YenOutOfRange| Failure::Internal(error.to_string());
    let captured = payment.counters.captured;
    let first = captured_before == Yen::ZERO;
    let today = jst_day(Reads::now(tx));
    let source_id = match captured {
        _ if first => row.id.to_string(),
        known if known == captured_before => format!("{}:{}:settled", row.id, known.amount()),
        grown => format!("{}:{}", row.id, grown.amount()),
    };
    // What is set off moves in the books when it is decided, whatever day it counts from.
    let came_on = row.captured_on.filter(|_| first && row.method != SET_OFF);
    let booked_on = came_on.map_or(today, |day| day.0);
    let cause = Cause { source_id, booked_on };
    let open = matches!(invoice.invoice_state()?, InvoiceState::Unpaid | InvoiceState::Pending);
    let owed = invoice.owed();
    let claimed = ledger::portions(&reassessments::owed_lines(tx, invoice)?).map_err(internal)?;
    // Money that comes after the books of its year are closed is revenue of the present one.
    let portions = ledger::incomes(&claimed, booked_on).map_err(internal)?;
    let fiscal_year = portions.first().map_or(0, |portion| portion.fiscal_year);
    let mut entries = Vec::new();
    // Of a share the act as a whole says whether it is what was asked for.
    let settles =
        payment.state.is_captured() && (captured == owed || (captured > owed && captured >= row.amount));
    let (applied, excess) = if open && settles {
        if !first {
            entries = undo_excess(tx, row, today)?;
        }
        entries.extend(ledger::carry_over(&cause, &claimed));
        let beyond = captured.minus(owed).map_err(internal)?;
        (portions, vec![Portion { fiscal_year, amount: beyond }])
    } else {
        let amount = captured.minus(captured_before).map_err(internal)?;
        (Vec::new(), vec![Portion { fiscal_year, amount }])
    };
    entries.extend(match payment.legal_role {
        LegalRole::DesignatedAgent => ledger::entrust(&cause, &row.gateway, &applied, &excess),
        LegalRole::CollectionAgent | LegalRole::Direct => {
            ledger::receive(&cause, &row.gateway, &applied, &excess)
        }
    });
    Ok(invoices::book(tx, &row.tenant_id, row.application_id, &entries)?)
}

/// The entries that book back what a payment's earlier sums were booked as.
fn undo_excess(tx: &mut Tx<'_>, row: &PaymentRow, today: Date) -> Result<Vec<Entry>, Failure> {
    let (first, later) = (row.id.to_string(), format!("{}:", row.id));
    let entries = invoices::entries_of_case(tx, &row.tenant_id, row.application_id)?;
    let ours = |entry: &Entry| entry.source_id == first || entry.source_id.starts_with(&later);
    // What was carried over of the claim on its agent stays so: the whole is owed by the agent as before.
    let kinds = [Posting::Entrust, Posting::Receive].map(EntryKind::Booked);
    let took = |entry: &Entry| {
        ours(entry) && kinds.contains(&entry.kind) && entry.credit_account == Account::Overpayment
    };
    let took: Vec<Entry> = ledger::standing(&entries).into_iter().filter(took).collect();
    Ok(ledger::undo_receipt(&first, &took, today))
}

/// Tells the operator, and the record of the case, what a person must look at: once, however often it is heard.
pub(super) fn raise(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    row: &PaymentRow,
    alert: &Alert,
) -> Result<(), Failure> {
    let facts = json!({ "payment": row.id.to_string(), "alert": alert.code(), "found": alert.found() });
    if events::is_recorded(tx, case, "payment_alert", &facts)? {
        return Ok(());
    }
    tracing::error!(payment = %row.id, alert = alert.code(), "a payment needs a person");
    metrics::counter!("madoguchi_payment_alerts_total", "alert" => alert.code()).increment(1);
    let event = NewEvent { kind: "payment_alert", actor: gateway_actor(row), facts, sealed_detail: None };
    events::append(tx, case, event)?;
    payment_alert::put(tx, row, alert)?;
    match alert {
        Alert::ReturnedOutside { total } => outside_refund::raise(tx, row, *total),
        _ => Ok(()),
    }
}

fn gateway_actor(row: &PaymentRow) -> EventActor {
    EventActor { kind: "gateway", id: row.gateway.clone() }
}
