//! The conservation of money as a check (T-3).

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::fiscal_year::FiscalYear;
use crate::domain::ledger::undo::OWED_AGAIN;
use crate::domain::ledger::{Account, Entry, EntryKind, Posting};
use crate::domain::money::Yen;
use crate::domain::refund::SET_OFF;

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
    /// More interest on refunds left than was decided.
    InterestWithoutDecision {
        /// The sum too much, in yen.
        excess: i64,
    },
    /// What a set-off took from one case did not come to another one whole (充当, R-96).
    SetOffInPart {
        /// What came less what was taken, in yen.
        balance: i64,
    },
    /// An agent remitted, or gave back, more than was entrusted to it. The claim as a whole may be below zero for a while:
    /// what was given back is taken off a later payout.
    ClaimBelowZero {
        /// The gateway.
        gateway: String,
        /// What was entrusted less what was remitted, or less what was given back, in yen.
        balance: i64,
    },
    /// More uses of stamps were taken back than there were.
    StampsBelowZero {
        /// The sum too much, in yen.
        excess: i64,
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
    /// Money came, or was missing, in a year whose books were closed by then (出納閉鎖, R-74).
    MovedInClosedYear {
        /// The cause.
        source_id: String,
        /// The fiscal year.
        fiscal_year: i16,
    },
    /// What one year left was not taken on by another, or the other way round (調定繰越).
    CarriedOverInPart {
        /// Debits less credits over all years, in yen.
        balance: i64,
    },
    /// A revenue account of a year went below zero: more reduced or refunded than assessed in it (歳入 per 科目 per 年度) or taken
    /// on of closed years (調定繰越).
    RevenueBelowZero {
        /// The account's code.
        revenue_account: String,
        /// The fiscal year.
        fiscal_year: i16,
    },
    /// Over all years more of a revenue account was reduced or refunded than assessed.
    RevenueBelowZeroInAll {
        /// The account's code.
        revenue_account: String,
    },
}

impl Violation {
    /// A short name, for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BookedTwice { .. } => "booked_twice",
            Self::EmptyEntry { .. } => "empty_entry",
            Self::WrongAccounts { .. } => "wrong_accounts",
            Self::ReceivableBelowZero { .. } => "receivable_below_zero",
            Self::RefundWithoutDecision { .. } => "refund_without_decision",
            Self::InterestWithoutDecision { .. } => "interest_without_decision",
            Self::SetOffInPart { .. } => "set_off_in_part",
            Self::ClaimBelowZero { .. } => "claim_below_zero",
            Self::StampsBelowZero { .. } => "stamps_below_zero",
            Self::OverpaymentBelowZero { .. } => "overpayment_below_zero",
            Self::DepositBelowZero { .. } => "deposit_below_zero",
            Self::RevenueBelowZero { .. } => "revenue_below_zero",
            Self::RevenueBelowZeroInAll { .. } => "revenue_below_zero_in_all",
            Self::CarriedOverInPart { .. } => "carried_over_in_part",
            Self::MovedInClosedYear { .. } => "moved_in_closed_year",
        }
    }
}

/// Finds every broken invariant; none in a healthy ledger.
pub fn check(entries: &[Entry]) -> Vec<Violation> {
    let mut check = LedgerCheck::default();
    check.entries(entries);
    check.finish()
}

/// The check of a ledger that is read piece by piece: it keeps sums, never the entries.
#[derive(Debug, Default)]
pub struct LedgerCheck {
    by_year: BTreeMap<i16, BTreeMap<Account, i64>>,
    claims: BTreeMap<String, Claim>,
    /// What each year took on of closed ones; what it handed back to them was never its own.
    taken_on: BTreeMap<i16, i64>,
    violations: Vec<Violation>,
}

impl LedgerCheck {
    /// Takes in the entries of whole causes: a second booking is looked for among these. The store's unique constraint
    /// keeps one cause out of two pieces.
    pub fn entries<'a>(&mut self, entries: impl IntoIterator<Item = &'a Entry>) {
        let mut seen = BTreeSet::new();
        for entry in entries {
            inspect(entry, &mut seen, &mut self.violations);
            self.follow_claim(entry);
            self.follow_carried_over(entry);
            let balances = self.by_year.entry(entry.fiscal_year).or_default();
            move_balance(balances, &entry.debit_account, entry.amount.amount());
            move_balance(balances, &entry.credit_account, -entry.amount.amount());
        }
    }

    /// Everything that does not hold, now that all entries are in.
    pub fn finish(self) -> Vec<Violation> {
        let Self { by_year, claims, taken_on, mut violations } = self;
        violations.extend(claims.into_iter().filter_map(|(gateway, claim)| {
            let balance = claim.unremitted.min(claim.unreturned);
            (balance < 0).then_some(Violation::ClaimBelowZero { gateway, balance })
        }));
        let mut overall: BTreeMap<Account, i64> = BTreeMap::new();
        let mut below_zero = BTreeSet::new();
        for (fiscal_year, balances) in by_year {
            // What a year took on of closed ones was assessed in those, and goes back out of its own revenue.
            let mut taken_on = taken_on.get(&fiscal_year).map_or(0, |sum| (*sum).max(0));
            for (account, balance) in balances {
                move_balance(&mut overall, &account, balance);
                let mut beyond = balance;
                if matches!(account, Account::Revenue(_)) && balance > 0 {
                    beyond -= balance.min(taken_on);
                    taken_on -= balance - beyond;
                }
                if let Some(violation) = of_a_year(account.clone(), fiscal_year, beyond) {
                    below_zero.insert(account);
                    violations.push(violation);
                }
            }
        }
        let of_all = overall.into_iter().filter(|(account, _)| !below_zero.contains(account));
        violations.extend(of_all.filter_map(|(account, balance)| over_all_years(&account, balance)));
        violations
    }
}

/// What an agent was entrusted with, less what it sent, and less what it gave back.
#[derive(Debug, Default)]
struct Claim {
    unremitted: i64,
    unreturned: i64,
}

impl LedgerCheck {
    fn follow_carried_over(&mut self, entry: &Entry) {
        if entry.source_id.ends_with(OWED_AGAIN) {
            return;
        }
        let amount = entry.amount.amount();
        for (account, moved) in [(&entry.debit_account, -amount), (&entry.credit_account, amount)] {
            if *account == Account::CarriedOver {
                *self.taken_on.entry(entry.fiscal_year).or_default() += moved;
            }
        }
    }

    fn follow_claim(&mut self, entry: &Entry) {
        let (EntryKind::Booked(posting) | EntryKind::Reversed(posting)) = entry.kind;
        let amount = entry.amount.amount();
        for (account, moved) in [(&entry.debit_account, amount), (&entry.credit_account, -amount)] {
            let Account::Entrusted(gateway) = account else { continue };
            let claim = self.claims.entry(gateway.clone()).or_default();
            match posting {
                Posting::Withhold => {}
                Posting::Remit | Posting::RemitFee => claim.unremitted += moved,
                Posting::Entrust => {
                    claim.unremitted += moved;
                    claim.unreturned += moved;
                }
                _ => claim.unreturned += moved,
            }
        }
    }
}

/// Adds to a balance; a name is copied only when it is met first.
fn move_balance(balances: &mut BTreeMap<Account, i64>, account: &Account, amount: i64) {
    match balances.get_mut(account) {
        Some(balance) => *balance += amount,
        None => drop(balances.insert(account.clone(), amount)),
    }
}

fn of_a_year(account: Account, fiscal_year: i16, balance: i64) -> Option<Violation> {
    match account {
        Account::Receivable if balance < 0 => Some(Violation::ReceivableBelowZero { fiscal_year, balance }),
        Account::Revenue(revenue_account) if balance > 0 => {
            Some(Violation::RevenueBelowZero { revenue_account, fiscal_year })
        }
        Account::Deposit(deposit_account) if balance > 0 => {
            Some(Violation::DepositBelowZero { deposit_account, fiscal_year })
        }
        _ => None,
    }
}

fn over_all_years(account: &Account, balance: i64) -> Option<Violation> {
    match account {
        Account::Revenue(revenue_account) if balance > 0 => {
            Some(Violation::RevenueBelowZeroInAll { revenue_account: revenue_account.clone() })
        }
        Account::RefundPayable if balance > 0 => Some(Violation::RefundWithoutDecision { excess: balance }),
        Account::InterestPayable if balance > 0 => {
            Some(Violation::InterestWithoutDecision { excess: balance })
        }
        Account::Cash(place) if place == SET_OFF && balance != 0 => Some(Violation::SetOffInPart { balance }),
        Account::Stamps if balance < 0 => Some(Violation::StampsBelowZero { excess: -balance }),
        Account::CarriedOver if balance != 0 => Some(Violation::CarriedOverInPart { balance }),
        Account::Overpayment if balance > 0 => Some(Violation::OverpaymentBelowZero { excess: balance }),
        _ => None,
    }
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
    if moves_in_closed_year(entry) {
        let (source_id, fiscal_year) = (entry.source_id.clone(), entry.fiscal_year);
        violations.push(Violation::MovedInClosedYear { source_id, fiscal_year });
    }
    if !fits(entry) {
        violations.push(Violation::WrongAccounts { kind: entry.kind, source_id: entry.source_id.clone() });
    }
}

/// Whether money moves in a year whose books are closed on the day of its booking. What is given back of others' money stays outside
/// of the years, and its entry does not show whose it was.
fn moves_in_closed_year(entry: &Entry) -> bool {
    let (EntryKind::Booked(posting) | EntryKind::Reversed(posting)) = entry.kind;
    let moves_money = match posting {
        Posting::Receive
        | Posting::PullBack
        | Posting::Remit
        | Posting::RemitFee
        | Posting::Withhold
        | Posting::InterestPaid => true,
        Posting::Assess
        | Posting::Reduce
        | Posting::Overpay
        | Posting::CarryOver
        | Posting::WriteOff
        | Posting::UseStamps
        | Posting::Entrust
        | Posting::Refund
        | Posting::RefundPaid
        | Posting::Interest => false,
    };
    let is_money = |account: &Account| matches!(account, Account::Cash(_) | Account::FeeExpense);
    let moves_money = moves_money && (is_money(&entry.debit_account) || is_money(&entry.credit_account));
    moves_money && FiscalYear::starting_in(entry.fiscal_year).is_closed_on(entry.booked_on)
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
        // What was paid in a year whose books are closed comes out of the present year.
        Posting::Reduce => {
            matches!((to, from), (A::Revenue(_) | A::Deposit(_) | A::RefundExpense, A::Receivable))
        }
        Posting::Overpay => matches!((to, from), (A::Receivable, A::Overpayment)),
        Posting::CarryOver => {
            let is_owed = |account: &A| matches!(account, A::Receivable | A::Entrusted(_));
            (*to == A::CarriedOver && is_owed(from)) || (is_owed(to) && *from == A::CarriedOver)
        }
        Posting::WriteOff => matches!((to, from), (A::WrittenOff, A::Receivable)),
        Posting::UseStamps => matches!((to, from), (A::Stamps, A::Receivable)),
        Posting::Entrust => matches!((to, from), (A::Entrusted(_), A::Receivable | A::Overpayment)),
        Posting::Receive => matches!((to, from), (A::Cash(_), A::Receivable | A::Overpayment)),
        Posting::PullBack => {
            matches!((to, from), (A::Receivable | A::Overpayment, A::Cash(_) | A::Entrusted(_)))
        }
        // A collection agent's money was cash already, at another place.
        Posting::Remit => matches!((to, from), (A::Cash(_), A::Entrusted(_) | A::Cash(_))),
        Posting::RemitFee => matches!((to, from), (A::FeeExpense, A::Entrusted(_) | A::Cash(_))),
        Posting::Withhold => matches!((to, from), (A::Entrusted(_) | A::Cash(_), A::Cash(_))),
        Posting::Refund => {
            let out_of = matches!(to, A::Revenue(_) | A::Deposit(_) | A::Overpayment | A::RefundExpense);
            let back_to = matches!(entry.kind, EntryKind::Reversed(_)) && *to == A::ExpenseReturned;
            (out_of || back_to) && *from == A::RefundPayable
        }
        Posting::RefundPaid => matches!((to, from), (A::RefundPayable, A::Entrusted(_) | A::Cash(_))),
        Posting::Interest => matches!((to, from), (A::InterestExpense(_), A::InterestPayable)),
        Posting::InterestPaid => matches!((to, from), (A::InterestPayable, A::Cash(_))),
    }
}
