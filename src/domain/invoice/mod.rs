//! What is owed (調定) and where it stands.
//!
//! Purpose: derive an invoice's state from all attempts to pay it. Invariants: R-87, a failed attempt never changes
//! it; R-77, `entrusted` is not `paid`: the day of payment is set only when the agent remits by the designated day;
//! money that exceeds the debt is `overpaid`, never silently kept: what a decided refund of lines gave back is no debt any
//! more, and only money that settled the debt pays it, whatever else comes up to. A chargeback is the agent's matter (it
//! guarantees the remittance) and raises an alert on the payment; it does not change the state here.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::fee::{AppliedRelief, IncludedTax};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::{LegalRole, Payment};
use crate::domain::procedure::{FeeDue, Payee};
use crate::domain::revenue::AccountName;

/// Where an invoice stands (調定の状態).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceState {
    /// Nothing has begun.
    Unpaid,
    /// An attempt is open.
    Pending,
    /// A designated agent holds the payer's entrustment (委託済).
    Entrusted,
    /// Paid (納付済).
    Paid,
    /// More came than is owed (過納).
    Overpaid,
    /// A part went back.
    PartiallyRefunded,
    /// All went back.
    Refunded,
    /// Waived by a decision (減免).
    Waived,
    /// The assessment was withdrawn (調定取消).
    Canceled,
    /// Given up by a decision (不納欠損).
    WrittenOff,
}

impl InvoiceState {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Unpaid,
        Self::Pending,
        Self::Entrusted,
        Self::Paid,
        Self::Overpaid,
        Self::PartiallyRefunded,
        Self::Refunded,
        Self::Waived,
        Self::Canceled,
        Self::WrittenOff,
    ];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Pending => "pending",
            Self::Entrusted => "entrusted",
            Self::Paid => "paid",
            Self::Overpaid => "overpaid",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Waived => "waived",
            Self::Canceled => "canceled",
            Self::WrittenOff => "written_off",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the debt is covered, by money, entrustment or waiver.
    pub fn is_covered(self) -> bool {
        match self {
            Self::Entrusted | Self::Paid | Self::Overpaid | Self::Waived => true,
            Self::Unpaid
            | Self::Pending
            | Self::PartiallyRefunded
            | Self::Refunded
            | Self::Canceled
            | Self::WrittenOff => false,
        }
    }
}

/// One line of an invoice (調定の内訳), with what the notice must show. What it was computed from is sealed
/// beside it (T-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceLine {
    /// The fee item's code.
    pub item: String,
    /// Its Japanese name.
    pub label_ja: String,
    /// Its English name.
    pub label_en: String,
    /// What is owed.
    pub amount: Yen,
    /// The clause of the ordinance (条例).
    pub basis: String,
    /// The revenue account (歳入科目).
    pub revenue_account: String,
    /// Its names 款・項・目・節 in that year, where the body keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_name: Option<AccountName>,
    /// The fiscal year it belongs to (所属年度, R-75).
    pub fiscal_year: i16,
    /// The version of the formula that priced it.
    pub formula_version: String,
    /// To whom the money belongs.
    pub payee: Payee,
    /// The consumption tax in the amount.
    pub tax: Option<IncludedTax>,
    /// The application of the same basket that bears the full price instead, by its number (R-58b).
    #[serde(default)]
    pub full_price_in: Option<String>,
    /// The notice that lifted it, in part or whole.
    pub relief: Option<AppliedRelief>,
    /// The amount comes from sample data, not from an ordinance in force.
    pub sample: bool,
}

/// Whether the agent's money arrived by the designated day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remittance {
    /// Not yet.
    Awaited,
    /// By the designated day: the debt was paid on the day of entrustment.
    InTime,
    /// After it: nothing is deemed paid; recovery against the agent (LAA 231の4).
    Late,
    /// After it, and two people took the money all the same: the debt was paid on the day it arrived.
    Accepted {
        /// The JST day it arrived.
        arrived_on: Date,
    },
}

/// What money was booked as when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settles {
    /// It settled the debt, and may have brought more.
    Debt,
    /// All of it is too much until people have decided about it: another sum than was owed, or money beside a settled debt.
    Nothing,
}

/// What the books say of the money of an attempt, beside its counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyBooked {
    /// The JST day on which it was taken.
    pub captured_on: Date,
    /// Whether a designated agent's money arrived; without meaning for other roles.
    pub remittance: Remittance,
    /// What it was booked as.
    pub settles: Settles,
    /// What of the money that went back was paid lines of the debt, by decided refunds.
    pub lines_back: Yen,
}

/// What one attempt contributes to one invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStanding {
    /// It may still take money.
    Open,
    /// It ended without money.
    Ended,
    /// It took money.
    Captured {
        /// This invoice's share of what was taken.
        captured: Yen,
        /// This invoice's share of what went back.
        refunded: Yen,
        /// What the books say of it.
        booked: MoneyBooked,
    },
}

/// One attempt, as an invoice sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptFacts {
    /// In which role the account's owner took the money.
    pub legal_role: LegalRole,
    /// What it contributes.
    pub standing: AttemptStanding,
}

impl AttemptFacts {
    /// The facts of a payment whose payable is this invoice alone.
    pub fn of(payment: &Payment, booked: MoneyBooked) -> Self {
        let standing = if payment.state.is_captured() {
            let (captured, refunded) = (payment.counters.captured, payment.counters.refunded);
            AttemptStanding::Captured { captured, refunded, booked }
        } else if payment.state.is_closed_without_money() {
            AttemptStanding::Ended
        } else {
            AttemptStanding::Open
        };
        Self { legal_role: payment.legal_role, standing }
    }

    /// The facts once what it brought was pulled back and is owed again: it pays nothing.
    #[must_use]
    pub fn pulled_back(self) -> Self {
        Self { standing: AttemptStanding::Ended, ..self }
    }
}

/// What ended the debt without money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebtEnd {
    /// The debt stands.
    Stands,
    /// Waived (減免).
    Waived,
    /// Withdrawn (調定取消).
    Canceled,
    /// Given up (不納欠損).
    WrittenOff,
    /// Settled by stamps that were cancelled on this JST day (証紙, R-71).
    Stamped(Date),
}

/// An invoice's state with its two days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoiceStanding {
    /// The state.
    pub state: InvoiceState,
    /// The day of entrustment (委託日).
    pub entrusted_on: Option<Date>,
    /// The day of payment (納付日).
    pub paid_on: Option<Date>,
}

/// The state of an invoice as a function of all its attempts, in whatever order they happened.
pub fn derive_invoice_state(
    total: Yen,
    attempts: &[AttemptFacts],
    end: DebtEnd,
) -> Result<InvoiceStanding, YenOutOfRange> {
    let kept = kept(attempts);
    let stays = Yen::sum(kept.iter().map(|one| one.stays))?;
    if end != DebtEnd::Stands && stays > Yen::ZERO {
        return with_days(InvoiceState::Overpaid, total, (&kept, |one: &Kept| one.stays));
    }
    match end {
        DebtEnd::Waived => return Ok(without_days(InvoiceState::Waived)),
        DebtEnd::Canceled => return Ok(without_days(InvoiceState::Canceled)),
        DebtEnd::WrittenOff => return Ok(without_days(InvoiceState::WrittenOff)),
        DebtEnd::Stamped(day) => {
            let state = InvoiceState::Paid;
            return Ok(InvoiceStanding { state, entrusted_on: None, paid_on: Some(day) });
        }
        DebtEnd::Stands => {}
    }
    let settling: Vec<Kept> = kept.iter().filter(|one| one.settles == Settles::Debt).copied().collect();
    if Yen::sum(settling.iter().map(|one| one.captured))? < total {
        let open = attempts.iter().any(|attempt| attempt.standing == AttemptStanding::Open);
        return Ok(without_days(if open || stays > Yen::ZERO {
            InvoiceState::Pending
        } else {
            InvoiceState::Unpaid
        }));
    }
    let is_too_much = stays > left_of(total, &kept)?;
    if !is_too_much && Yen::sum(settling.iter().map(|one| one.stays))? == total {
        return with_days(InvoiceState::Paid, total, (&settling, |one: &Kept| one.stays));
    }
    let state = match (is_too_much, stays == Yen::ZERO) {
        (true, _) => InvoiceState::Overpaid,
        (false, true) => InvoiceState::Refunded,
        (false, false) => InvoiceState::PartiallyRefunded,
    };
    // The debt was covered when its money came, also where that went back since.
    with_days(state, total, (&settling, |one: &Kept| one.captured))
}

/// Whether what stays of the money is all that is owed, where decided refunds gave paid lines back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// It is: what went back is owed no more.
    Covered,
    /// It is not: money went back that is owed as before, or nothing stays.
    Short,
}

/// What stays of a debt of which a part went back. `total` is what is owed by the assessment.
pub fn rest_of(total: Yen, attempts: &[AttemptFacts]) -> Result<Rest, YenOutOfRange> {
    let kept = kept(attempts);
    let settling = kept.iter().filter(|one| one.settles == Settles::Debt);
    let stays = Yen::sum(settling.map(|one| one.stays))?;
    Ok(if stays > Yen::ZERO && stays == left_of(total, &kept)? { Rest::Covered } else { Rest::Short })
}

/// What is left of a debt after decided refunds of its lines.
fn left_of(total: Yen, kept: &[Kept]) -> Result<Yen, YenOutOfRange> {
    let back = Yen::sum(kept.iter().map(|one| one.lines_back))?;
    Ok(total.minus(back).unwrap_or(Yen::ZERO))
}

/// The money of all attempts, oldest first.
fn kept(attempts: &[AttemptFacts]) -> Vec<Kept> {
    let mut kept: Vec<Kept> = attempts.iter().filter_map(Kept::of).collect();
    kept.sort_by_key(|one| one.captured_on);
    kept
}

/// One attempt's money.
#[derive(Clone, Copy)]
struct Kept {
    legal_role: LegalRole,
    captured: Yen,
    stays: Yen,
    lines_back: Yen,
    settles: Settles,
    captured_on: Date,
    remittance: Remittance,
}

impl Kept {
    fn of(attempt: &AttemptFacts) -> Option<Self> {
        let AttemptStanding::Captured { captured, refunded, booked } = attempt.standing else {
            return None;
        };
        let MoneyBooked { captured_on, remittance, settles, lines_back } = booked;
        let stays = captured.minus(refunded).unwrap_or(Yen::ZERO);
        let legal_role = attempt.legal_role;
        Some(Self { legal_role, captured, stays, lines_back, settles, captured_on, remittance })
    }

    /// The day on which this money pays the debt; none while it does not.
    fn pays_on(self) -> Option<Date> {
        match (self.legal_role, self.remittance) {
            (LegalRole::CollectionAgent | LegalRole::Direct, _)
            | (LegalRole::DesignatedAgent, Remittance::InTime) => Some(self.captured_on),
            (LegalRole::DesignatedAgent, Remittance::Accepted { arrived_on }) => Some(arrived_on),
            (LegalRole::DesignatedAgent, Remittance::Awaited | Remittance::Late) => None,
        }
    }
}

fn without_days(state: InvoiceState) -> InvoiceStanding {
    InvoiceStanding { state, entrusted_on: None, paid_on: None }
}

/// Sets the days from the earliest money that covers the debt, as far as each counts; covered but not remitted is `entrusted`.
fn with_days(
    state: InvoiceState,
    total: Yen,
    (in_order, counts): (&[Kept], impl Fn(&Kept) -> Yen),
) -> Result<InvoiceStanding, YenOutOfRange> {
    let mut covering = Vec::new();
    let mut sum = Yen::ZERO;
    for one in in_order.iter().filter(|one| counts(one) > Yen::ZERO) {
        if sum >= total {
            break;
        }
        sum = sum.plus(counts(one))?;
        covering.push(*one);
    }
    let entrusted_on = covering
        .iter()
        .filter(|one| one.legal_role == LegalRole::DesignatedAgent)
        .map(|one| one.captured_on)
        .max();
    let days: Option<Vec<Date>> = covering.iter().map(|one| one.pays_on()).collect();
    let paid_on = days.and_then(|days| days.into_iter().max());
    let state =
        if state == InvoiceState::Paid && paid_on.is_none() { InvoiceState::Entrusted } else { state };
    Ok(InvoiceStanding { state, entrusted_on, paid_on })
}

/// What the agent's remittance makes of an entrusted debt: `InTime` when it came by the designated day.
pub fn remittance_of(designated_day: Date, remitted_on: Date) -> Remittance {
    if remitted_on <= designated_day { Remittance::InTime } else { Remittance::Late }
}

/// The day of payment after a remittance: the day of entrustment, or none when the agent was late.
pub fn paid_on_after_remittance(entrusted_on: Date, designated_day: Date, remitted_on: Date) -> Option<Date> {
    (remittance_of(designated_day, remitted_on) == Remittance::InTime).then_some(entrusted_on)
}

/// Whether payment lets a case go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentGate {
    /// It does.
    Open,
    /// The fee is unpaid: a defect to correct, never a lost arrival.
    ClosedUnpaid,
}

/// The gate before the decision: open once every standing invoice is at least entrusted. A fee due at issue
/// does not hold the decision back, see [`issue_gate`]. A fee fixed by staff keeps it shut until there is an invoice.
pub fn payment_gate(fee_due: FeeDue, invoices: &[InvoiceState]) -> PaymentGate {
    match fee_due {
        FeeDue::None | FeeDue::OnIssue => PaymentGate::Open,
        FeeDue::AfterReview if invoices.is_empty() => PaymentGate::ClosedUnpaid,
        FeeDue::OnSubmit | FeeDue::AfterReview => all_covered(invoices),
    }
}

/// The gate before the document is handed over: whatever is owed must be covered by then.
pub fn issue_gate(fee_due: FeeDue, invoices: &[InvoiceState]) -> PaymentGate {
    match fee_due {
        FeeDue::None => PaymentGate::Open,
        FeeDue::OnSubmit | FeeDue::AfterReview | FeeDue::OnIssue => all_covered(invoices),
    }
}

fn all_covered(invoices: &[InvoiceState]) -> PaymentGate {
    let covered = invoices.iter().all(|state| state.is_covered() || *state == InvoiceState::Canceled);
    if covered { PaymentGate::Open } else { PaymentGate::ClosedUnpaid }
}

/// What the payer may be shown as proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationKind {
    /// The body's own receipt (領収証書).
    OfficialReceipt,
    /// A confirmation that an agent holds the entrustment; the receipt is the agent's to give.
    EntrustmentConfirmation,
}

/// Which proof an invoice carries: never a receipt of the body for entrusted money, even after remittance.
pub fn confirmation_kind(legal_role: LegalRole, state: InvoiceState) -> Option<ConfirmationKind> {
    let money_is_here = match state {
        InvoiceState::Entrusted
        | InvoiceState::Paid
        | InvoiceState::Overpaid
        | InvoiceState::PartiallyRefunded => true,
        InvoiceState::Unpaid
        | InvoiceState::Pending
        | InvoiceState::Refunded
        | InvoiceState::Waived
        | InvoiceState::Canceled
        | InvoiceState::WrittenOff => false,
    };
    money_is_here.then_some(match legal_role {
        LegalRole::DesignatedAgent => ConfirmationKind::EntrustmentConfirmation,
        LegalRole::CollectionAgent | LegalRole::Direct => ConfirmationKind::OfficialReceipt,
    })
}

#[cfg(test)]
mod tests;
