//! The ledger (帳簿): double entry as transfers.
//!
//! Purpose: book every movement once, append-only. Each [`Entry`] moves one positive amount from one account to another, so
//! every set of entries balances by construction. Nothing is deleted: a mistake is [`reverse`]d. What the
//! agent keeps as its fee is an expense, never a smaller revenue (gross principle, R-72).

mod agreement;
mod check;
mod interest;
mod lapse;
mod remit;
mod undo;
mod years;

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use crate::domain::invoice::InvoiceLine;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::Payee;

pub use agreement::{Agreement, Disagreement, Fact, InvoiceClaim, LineClaim, PaymentClaim, RefundClaim};
pub use check::{LedgerCheck, Violation, check};
pub use interest::{interest, interest_cause, interest_paid};
pub use lapse::{has_lapsed, numbered_after, standing};
pub use remit::{BANK, RemittedLine, remit, split};
pub use undo::{brought, pull_back, too_much_by_reductions, undo_receipt, undo_refund};
pub use years::{Receipt, carry_claim, carry_over, incomes, of_closed_years, overpaid_source, refund_source};

/// An account of the ledger. Its text form is stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What payers owe (調定済未収).
    Receivable,
    /// A revenue account (歳入科目), by its code.
    Revenue(String),
    /// Money of others in our hands, by the code of its deposit account (歳入歳出外現金, R-59): no revenue of ours.
    Deposit(String),
    /// What a designated agent owes us for entrusted money (委託済), by gateway.
    Entrusted(String),
    /// Money we hold, by place: a bank account, a counter, a collection agent's gateway.
    Cash(String),
    /// Money that came beyond the debt (過誤納金).
    Overpayment,
    /// What we owe to payers (還付未済).
    RefundPayable,
    /// The agents' fees (手数料, 歳出).
    FeeExpense,
    /// Given up (不納欠損).
    WrittenOff,
    /// Cancelled stamps (証紙): what they settled is revenue since they were sold.
    Stamps,
    /// Refunds of a year whose books are closed: an expense of the present year (過年度の還付, R-95).
    RefundExpense,
    /// What comes back of an expense of a year whose books are closed: income of the present year (過年度の支出の戻入, 施行令160条).
    ExpenseReturned,
    /// Interest on refunds (還付加算金), by the code of its expenditure account (歳出科目): never out of a revenue.
    InterestExpense(String),
    /// Interest that we owe to payees.
    InterestPayable,
    /// What years whose books are closed leave to the present one (調定繰越, R-74), owed by payers or by their agents: over all years
    /// it is zero.
    CarriedOver,
}

impl Account {
    /// The account of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        match text.split_once(':') {
            Some(("revenue", code)) => named(code).map(Self::Revenue),
            Some(("deposit", code)) => named(code).map(Self::Deposit),
            Some(("entrusted", gateway)) => named(gateway).map(Self::Entrusted),
            Some(("cash", place)) => named(place).map(Self::Cash),
            Some(("interest_expense", code)) => named(code).map(Self::InterestExpense),
            Some(_) => None,
            None => match text {
                "receivable" => Some(Self::Receivable),
                "overpayment" => Some(Self::Overpayment),
                "refund_payable" => Some(Self::RefundPayable),
                "fee_expense" => Some(Self::FeeExpense),
                "written_off" => Some(Self::WrittenOff),
                "stamps" => Some(Self::Stamps),
                "refund_expense" => Some(Self::RefundExpense),
                "expense_returned" => Some(Self::ExpenseReturned),
                "interest_payable" => Some(Self::InterestPayable),
                "carried_over" => Some(Self::CarriedOver),
                _ => None,
            },
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receivable => f.write_str("receivable"),
            Self::Revenue(code) => write!(f, "revenue:{code}"),
            Self::Deposit(code) => write!(f, "deposit:{code}"),
            Self::Entrusted(gateway) => write!(f, "entrusted:{gateway}"),
            Self::Cash(place) => write!(f, "cash:{place}"),
            Self::Overpayment => f.write_str("overpayment"),
            Self::RefundPayable => f.write_str("refund_payable"),
            Self::FeeExpense => f.write_str("fee_expense"),
            Self::WrittenOff => f.write_str("written_off"),
            Self::Stamps => f.write_str("stamps"),
            Self::RefundExpense => f.write_str("refund_expense"),
            Self::ExpenseReturned => f.write_str("expense_returned"),
            Self::InterestExpense(code) => write!(f, "interest_expense:{code}"),
            Self::InterestPayable => f.write_str("interest_payable"),
            Self::CarriedOver => f.write_str("carried_over"),
        }
    }
}

/// What an entry books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Posting {
    /// A debt arises (調定).
    Assess,
    /// A debt shrinks (減額調定).
    Reduce,
    /// Money that covered a debt is more than it, since the debt shrank (過納の発生).
    Overpay,
    /// What payers or their agents owe of a year whose books are closed is owed to the present year (調定繰越).
    CarryOver,
    /// A debt is given up (不納欠損).
    WriteOff,
    /// Cancelled stamps settle a debt (証紙の消印).
    UseStamps,
    /// An agent takes the payer's entrustment (委託).
    Entrust,
    /// Money arrives directly (収納).
    Receive,
    /// Money that had arrived was pulled back by the payer's bank: the debt is owed again.
    PullBack,
    /// An agent sends entrusted money (払込).
    Remit,
    /// An agent keeps its fee.
    RemitFee,
    /// An agent sends less, for what it gave back, lost or holds back (差引).
    Withhold,
    /// A refund is decided (還付決定).
    Refund,
    /// A refund leaves (還付).
    RefundPaid,
    /// Interest on a refund is decided (還付加算金の支出決定).
    Interest,
    /// Interest on a refund leaves.
    InterestPaid,
}

impl Posting {
    /// Every posting.
    pub const ALL: [Self; 16] = [
        Self::Assess,
        Self::Reduce,
        Self::Overpay,
        Self::CarryOver,
        Self::WriteOff,
        Self::UseStamps,
        Self::Entrust,
        Self::Receive,
        Self::PullBack,
        Self::Remit,
        Self::RemitFee,
        Self::Withhold,
        Self::Refund,
        Self::RefundPaid,
        Self::Interest,
        Self::InterestPaid,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Assess => "assess",
            Self::Reduce => "reduce",
            Self::Overpay => "overpay",
            Self::CarryOver => "carry_over",
            Self::WriteOff => "write_off",
            Self::UseStamps => "use_stamps",
            Self::Entrust => "entrust",
            Self::Receive => "receive",
            Self::PullBack => "pull_back",
            Self::Remit => "remit",
            Self::RemitFee => "remit_fee",
            Self::Withhold => "withhold",
            Self::Refund => "refund",
            Self::RefundPaid => "refund_paid",
            Self::Interest => "interest",
            Self::InterestPaid => "interest_paid",
        }
    }
}

/// The kind of an entry: a posting, or the undoing of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A movement.
    Booked(Posting),
    /// The movement undone.
    Reversed(Posting),
}

impl EntryKind {
    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        let posting = |name: &str| Posting::ALL.into_iter().find(|posting| posting.as_str() == name);
        match text.strip_prefix("reverse_") {
            Some(name) => posting(name).map(Self::Reversed),
            None => posting(text).map(Self::Booked),
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booked(posting) => f.write_str(posting.as_str()),
            Self::Reversed(posting) => write!(f, "reverse_{}", posting.as_str()),
        }
    }
}

/// One transfer. `(kind, source_id, line_no)` is unique: one cause is booked once, whatever is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it books.
    pub kind: EntryKind,
    /// The id of its cause: invoice, payment, refund, settlement line.
    pub source_id: String,
    /// Its place among the entries of that cause, from 1.
    pub line_no: i64,
    /// The account that receives.
    pub debit_account: Account,
    /// The account that gives.
    pub credit_account: Account,
    /// How much; never zero.
    pub amount: Yen,
    /// The fiscal year it belongs to (所属年度).
    pub fiscal_year: i16,
    /// The JST day it is booked on.
    pub booked_on: Date,
}

/// The cause of a posting.
#[derive(Clone, Debug)]
pub struct Cause {
    /// Its id.
    pub source_id: String,
    /// The JST day it is booked on.
    pub booked_on: Date,
}

/// A part of an amount that belongs to one fiscal year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// The fiscal year.
    pub fiscal_year: i16,
    /// How much.
    pub amount: Yen,
}

/// The portions of an invoice's lines, one a fiscal year.
pub fn portions(lines: &[InvoiceLine]) -> Result<Vec<Portion>, YenOutOfRange> {
    let mut years: BTreeMap<i16, Yen> = BTreeMap::new();
    for line in lines {
        let sum = years.entry(line.fiscal_year).or_default();
        *sum = sum.plus(line.amount)?;
    }
    Ok(years.into_iter().map(|(fiscal_year, amount)| Portion { fiscal_year, amount }).collect())
}

/// One transfer to be numbered.
struct Transfer {
    debit: Account,
    credit: Account,
    portion: Portion,
}

/// Numbers the transfers of one cause and leaves out empty ones.
fn book(posting: Posting, cause: &Cause, transfers: impl IntoIterator<Item = Transfer>) -> Vec<Entry> {
    let real = transfers.into_iter().filter(|transfer| transfer.portion.amount > Yen::ZERO);
    real.zip(1_i64..)
        .map(|(transfer, line_no)| Entry {
            kind: EntryKind::Booked(posting),
            source_id: cause.source_id.clone(),
            line_no,
            debit_account: transfer.debit,
            credit_account: transfer.credit,
            amount: transfer.portion.amount,
            fiscal_year: transfer.portion.fiscal_year,
            booked_on: cause.booked_on,
        })
        .collect()
}

/// What a line is owed for: revenue of the body, or money it takes for somebody else.
pub fn account_of(line: &InvoiceLine) -> Account {
    match line.payee {
        Payee::Own => Account::Revenue(line.revenue_account.clone()),
        Payee::National => Account::Deposit(line.revenue_account.clone()),
    }
}

/// A debt arises: one entry a line, receivable from its revenue or deposit account. Cause: the invoice.
pub fn assess(cause: &Cause, lines: &[InvoiceLine]) -> Vec<Entry> {
    let transfer = |line: &InvoiceLine| Transfer {
        debit: Account::Receivable,
        credit: account_of(line),
        portion: Portion { fiscal_year: line.fiscal_year, amount: line.amount },
    };
    book(Posting::Assess, cause, lines.iter().map(transfer))
}

/// A debt shrinks (減額調定): what is taken off, and out of which account. Cause: the invoice and the reassessment.
pub fn reduce(cause: &Cause, sources: &[RefundSource]) -> Vec<Entry> {
    let transfer = |source: &RefundSource| Transfer {
        debit: source.account.clone(),
        credit: Account::Receivable,
        portion: source.portion,
    };
    book(Posting::Reduce, cause, sources.iter().map(transfer))
}

/// Money that covered a debt is too much since the debt shrank: it stands as overpaid from now on. Cause: the payment and the
/// reassessment.
pub fn overpay(cause: &Cause, portions: &[Portion]) -> Vec<Entry> {
    let transfer = |portion: &Portion| Transfer {
        debit: Account::Receivable,
        credit: Account::Overpayment,
        portion: *portion,
    };
    book(Posting::Overpay, cause, portions.iter().map(transfer))
}

/// A debt is given up (不納欠損). Cause: the decision.
pub fn write_off(cause: &Cause, portions: &[Portion]) -> Vec<Entry> {
    let transfer = |portion: &Portion| Transfer {
        debit: Account::WrittenOff,
        credit: Account::Receivable,
        portion: *portion,
    };
    book(Posting::WriteOff, cause, portions.iter().map(transfer))
}

/// Cancelled stamps settle a debt: no money comes, for the revenue was the sale of the stamps. Cause: the invoice and the use.
pub fn use_stamps(cause: &Cause, portions: &[Portion]) -> Vec<Entry> {
    let transfer = |portion: &Portion| Transfer {
        debit: Account::Stamps,
        credit: Account::Receivable,
        portion: *portion,
    };
    book(Posting::UseStamps, cause, portions.iter().map(transfer))
}

/// A designated agent took the entrustment: `applied` covers the debt, `excess` is beyond it. Cause: the payment.
pub fn entrust(cause: &Cause, gateway: &str, applied: &[Portion], excess: &[Portion]) -> Vec<Entry> {
    book(Posting::Entrust, cause, incoming(&Account::Entrusted(gateway.to_owned()), applied, excess))
}

/// Money arrived at the body or its collection agent, at `place`. Cause: the payment.
pub fn receive(cause: &Cause, place: &str, applied: &[Portion], excess: &[Portion]) -> Vec<Entry> {
    book(Posting::Receive, cause, incoming(&Account::Cash(place.to_owned()), applied, excess))
}

fn incoming(to: &Account, applied: &[Portion], excess: &[Portion]) -> Vec<Transfer> {
    let from = |portions: &[Portion], credit: &Account| -> Vec<Transfer> {
        let transfer =
            |portion: &Portion| Transfer { debit: to.clone(), credit: credit.clone(), portion: *portion };
        portions.iter().map(transfer).collect()
    };
    let mut transfers = from(applied, &Account::Receivable);
    transfers.extend(from(excess, &Account::Overpayment));
    transfers
}

/// What a refund, or a reduction of what is owed, takes out of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundSource {
    /// A revenue or deposit account, [`Account::Overpayment`] or [`Account::RefundExpense`].
    pub account: Account,
    /// How much, and of which year.
    pub portion: Portion,
}

/// A refund is decided. Cause: the refund.
pub fn refund(cause: &Cause, sources: &[RefundSource]) -> Vec<Entry> {
    let transfer = |source: &RefundSource| Transfer {
        debit: source.account.clone(),
        credit: Account::RefundPayable,
        portion: source.portion,
    };
    book(Posting::Refund, cause, sources.iter().map(transfer))
}

/// A refund left: through the agent ([`Account::Entrusted`], it remits less) or from a bank account. Cause: the refund.
pub fn refund_paid(cause: &Cause, through: &Account, portions: &[Portion]) -> Vec<Entry> {
    let transfer = |portion: &Portion| Transfer {
        debit: Account::RefundPayable,
        credit: through.clone(),
        portion: *portion,
    };
    book(Posting::RefundPaid, cause, portions.iter().map(transfer))
}

/// Undoes an entry; an undone entry cannot be undone again.
pub fn reverse(entry: &Entry, booked_on: Date) -> Option<Entry> {
    let EntryKind::Booked(posting) = entry.kind else { return None };
    let mut undone = entry.clone();
    undone.kind = EntryKind::Reversed(posting);
    undone.booked_on = booked_on;
    std::mem::swap(&mut undone.debit_account, &mut undone.credit_account);
    Some(undone)
}

/// What each account holds: debits less credits. Sums to zero over all accounts, always.
pub fn balances<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> BTreeMap<Account, i64> {
    let mut balances = BTreeMap::new();
    for entry in entries {
        *balances.entry(entry.debit_account.clone()).or_insert(0_i64) += entry.amount.amount();
        *balances.entry(entry.credit_account.clone()).or_insert(0_i64) -= entry.amount.amount();
    }
    balances
}

#[cfg(test)]
mod tests;
