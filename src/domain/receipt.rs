//! What a payer is given for money (領収証書, 納付委託の確認): which, when, and what it says.
//!
//! Purpose: derive from the money of one payment what becomes of its proof. Invariants: money that was taken has exactly one
//! living proof, over exactly that sum; money that was not (any more) has none; the body's own receipt is never given for
//! entrusted money, not even after the agent remitted it. For revenue stamps there is no payment, so nothing here
//! ever gives a receipt for them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::id::OfficerId;
use crate::domain::invoice::{ConfirmationKind, InvoiceLine};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::LegalRole;
use crate::domain::procedure::Bilingual;

/// Why a proof no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationGround {
    /// The payment took no money after all.
    PaymentUndone,
    /// The payment took another sum than the proof says.
    AmountChanged,
    /// It says something wrong; another one was given in its place.
    Replaced,
}

impl RevocationGround {
    /// Every ground.
    pub const ALL: [Self; 3] = [Self::PaymentUndone, Self::AmountChanged, Self::Replaced];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PaymentUndone => "payment_undone",
            Self::AmountChanged => "amount_changed",
            Self::Replaced => "replaced",
        }
    }

    /// The ground of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str() == text)
    }
}

/// What happens to the proof of one payment, first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofStep {
    /// The living proof ends.
    Revoke(RevocationGround),
    /// A new proof is given over this sum.
    Issue(Yen),
}

/// Which proof money of this kind has: never a receipt of the body for entrusted money.
pub fn proof_kind(legal_role: LegalRole) -> ConfirmationKind {
    match legal_role {
        LegalRole::DesignatedAgent => ConfirmationKind::EntrustmentConfirmation,
        LegalRole::CollectionAgent | LegalRole::Direct => ConfirmationKind::OfficialReceipt,
    }
}

/// What must happen so that a payment with this sum taken has exactly the proof it should have, where `living` is the sum of
/// the living proof. Asked again it says nothing more.
pub fn proof_steps(captured: Yen, living: Option<Yen>) -> Vec<ProofStep> {
    let issue = (captured > Yen::ZERO).then_some(ProofStep::Issue(captured));
    match living {
        Some(sum) if sum == captured => Vec::new(),
        Some(_) if captured == Yen::ZERO => vec![ProofStep::Revoke(RevocationGround::PaymentUndone)],
        Some(_) => std::iter::once(ProofStep::Revoke(RevocationGround::AmountChanged)).chain(issue).collect(),
        None => issue.into_iter().collect(),
    }
}

/// What is taxed at one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxedTotal {
    /// The rate in percent.
    pub percent: u8,
    /// The sum of the lines at this rate, the tax included.
    pub total: Yen,
    /// The tax in the sum, rounded down once for the rate.
    pub tax: Yen,
}

/// Consumption tax over all lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxSummary {
    /// By rate, the lowest first.
    pub rates: Vec<TaxedTotal>,
    /// The sum of the lines that are not taxed (非課税・不課税).
    pub not_taxable: Yen,
}

/// The tax over all lines. A qualified invoice rounds once a rate, not once a line.
pub fn tax_summary(lines: &[InvoiceLine]) -> Result<TaxSummary, YenOutOfRange> {
    let mut percents: Vec<u8> = lines.iter().filter_map(|line| line.tax.map(|tax| tax.percent)).collect();
    percents.sort_unstable();
    percents.dedup();
    let sum_of = |percent: Option<u8>| {
        let of_rate = lines.iter().filter(|line| line.tax.map(|tax| tax.percent) == percent);
        Yen::sum(of_rate.map(|line| line.amount))
    };
    let mut rates = Vec::new();
    for percent in percents {
        let total = sum_of(Some(percent))?;
        let rate = i64::from(percent);
        let tax = i128::from(total.amount()) * i128::from(rate) / i128::from(100 + rate);
        let tax = i64::try_from(tax).map_or(Ok(Yen::ZERO), Yen::new)?;
        rates.push(TaxedTotal { percent, total, tax });
    }
    Ok(TaxSummary { rates, not_taxable: sum_of(None)? })
}

/// Where and by whom money was taken at the counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakenAtCounter {
    /// `cash`, `pos` or `bank_slip`.
    pub means: String,
    /// The officer who took it.
    pub officer: OfficerId,
}

/// What a proof says, apart from the names, which lie sealed beside it; it never changes after issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptContent {
    /// The body that issues it.
    pub issuer: Bilingual,
    /// The department in charge.
    pub department: Bilingual,
    /// The number of the notice.
    pub invoice_number: String,
    /// The lines of the invoice with year and account.
    pub lines: Vec<InvoiceLine>,
    /// 所属年度 of the invoice.
    pub fiscal_year: i64,
    /// How it was paid.
    pub method: String,
    /// Through whom.
    pub gateway: String,
    /// Our reference of the payment.
    pub reference: String,
    /// The day in Japan on which the money was taken or entrusted.
    pub received_on: Date,
    /// Who took it, where it came at the counter.
    pub counter: Option<TakenAtCounter>,
    /// Consumption tax; none where the sum is not what the lines come to.
    pub tax: Option<TaxSummary>,
    /// 登録番号 of a qualified invoice, where a line is taxed.
    pub registration_number: Option<String>,
}

#[cfg(test)]
mod tests;
