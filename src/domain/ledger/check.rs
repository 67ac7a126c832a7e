//! The conservation of money as a check (T-3).

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ledger::{Account, Entry, EntryKind, Posting};
use crate::domain::money::Yen;

/// A broken invariant of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// One cause was booked twice.
    BookedTwice {
        /// The kind.
        kind: EntryKind,
        /// The cause.
        source_id: String,
        /// The line.
        line_no: i64,
    },
    /// An entry moves nothing, or moves within one account.
    EmptyEntry {
        /// The cause.
        source_id: String,
    },
    /// An entry's accounts do not fit its kind.
    WrongAccounts {
        /// The kind.
        kind: EntryKind,
        /// The cause.
        source_id: String,
    },
    /// Σ調定 − Σ減額 − Σ収納 − Σ不納欠損 is not what is outstanding, or is below zero: more was received than assessed.
    ReceivableBelowZero {
        /// The fiscal year.
        fiscal_year: i16,
        /// Debits less credits, in yen.
        balance: i64,
    },
    /// More refunds left than were decided.
    RefundWithoutDecision {
        /// The sum too much, in yen.
        excess: i64,
    },
    /// An agent remitted or refunded more than was entrusted to it.
    ClaimBelowZero {
        /// The gateway.
        gateway: String,
        /// Debits less credits, in yen.
        balance: i64,
    },
    /// More overpaid money was refunded than came.
    OverpaymentBelowZero {
        /// The sum too much, in yen.
        excess: i64,
    },
    /// More was taken out of a deposit account than was put in (歳入歳出外).
    DepositBelowZero {
        /// The account's code.
        deposit_account: String,
        /// The fiscal year.
        fiscal_year: i16,
    },
    /// A revenue account of a year went below zero: more reduced or refunded than assessed (歳入 per 科目 per 年度).
    RevenueBelowZero {
        /// The account's code.
        revenue_account: String,
        /// The fiscal year.
        fiscal_year: i16,
    },
}

/// Finds every broken invariant; none in a healthy ledger.
pub fn check(entries: &[Entry]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut seen = BTreeSet::new();
    let mut by_year: BTreeMap<(Account, i16), i64> = BTreeMap::new();
    let mut overall: BTreeMap<Account, i64> = BTreeMap::new();
    for entry in entries {
        inspect(entry, &mut seen, &mut violations);
        let amount = entry.amount.amount();
        for (account, sign) in [(&entry.debit_account, amount), (&entry.credit_account, -amount)] {
            *by_year.entry((account.clone(), entry.fiscal_year)).or_insert(0) += sign;
            *overall.entry(account.clone()).or_insert(0) += sign;
        }
    }
    violations.extend(by_year.into_iter().filter_map(|((account, year), balance)| match account {
        Account::Receivable if balance < 0 => {
            Some(Violation::ReceivableBelowZero { fiscal_year: year, balance })
        }
        Account::Revenue(code) if balance > 0 => {
            Some(Violation::RevenueBelowZero { revenue_account: code, fiscal_year: year })
        }
        Account::Deposit(code) if balance > 0 => {
            Some(Violation::DepositBelowZero { deposit_account: code, fiscal_year: year })
        }
        _ => None,
    }));
    violations.extend(overall.into_iter().filter_map(|(account, balance)| match account {
        Account::RefundPayable if balance > 0 => Some(Violation::RefundWithoutDecision { excess: balance }),
        Account::Overpayment if balance > 0 => Some(Violation::OverpaymentBelowZero { excess: balance }),
        Account::Entrusted(gateway) if balance < 0 => Some(Violation::ClaimBelowZero { gateway, balance }),
        _ => None,
    }));
    violations
}

fn inspect<'a>(
    entry: &'a Entry,
    seen: &mut BTreeSet<(EntryKind, &'a str, i64)>,
    violations: &mut Vec<Violation>,
) {
    if !seen.insert((entry.kind, &entry.source_id, entry.line_no)) {
        violations.push(Violation::BookedTwice {
            kind: entry.kind,
            source_id: entry.source_id.clone(),
            line_no: entry.line_no,
        });
    }
    if entry.amount == Yen::ZERO || entry.debit_account == entry.credit_account {
        violations.push(Violation::EmptyEntry { source_id: entry.source_id.clone() });
    }
    if !fits(entry) {
        violations.push(Violation::WrongAccounts { kind: entry.kind, source_id: entry.source_id.clone() });
    }
}

/// Whether the accounts are those the kind moves between; so the sums by kind and the balances tell one story.
fn fits(entry: &Entry) -> bool {
    use Account as A;
    let (posting, to, from) = match entry.kind {
        EntryKind::Booked(posting) => (posting, &entry.debit_account, &entry.credit_account),
        EntryKind::Reversed(posting) => (posting, &entry.credit_account, &entry.debit_account),
    };
    match posting {
        Posting::Assess => matches!((to, from), (A::Receivable, A::Revenue(_) | A::Deposit(_))),
        Posting::Reduce => matches!((to, from), (A::Revenue(_) | A::Deposit(_), A::Receivable)),
        Posting::WriteOff => matches!((to, from), (A::WrittenOff, A::Receivable)),
        Posting::Entrust => matches!((to, from), (A::Entrusted(_), A::Receivable | A::Overpayment)),
        Posting::Receive => matches!((to, from), (A::Cash(_), A::Receivable | A::Overpayment)),
        Posting::Remit => matches!((to, from), (A::Cash(_), A::Entrusted(_))),
        Posting::RemitFee => matches!((to, from), (A::FeeExpense, A::Entrusted(_))),
        Posting::Refund => {
            matches!((to, from), (A::Revenue(_) | A::Deposit(_) | A::Overpayment, A::RefundPayable))
        }
        Posting::RefundPaid => matches!((to, from), (A::RefundPayable, A::Entrusted(_) | A::Cash(_))),
    }
}
