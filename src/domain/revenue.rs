//! The revenue side of a body's accounts as dated master data: 歳入科目, 納期, 納入場所, and who issues qualified invoices.
//!
//! Codes and names of revenue accounts belong to a fiscal year, so a body keeps them as a table; a fee may only name
//! what stands in it for every year in which it can be assessed. Which year a claim belongs to follows from the last day of
//! the period of payment without any move off a day off; the move counts for paying only.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::corporate_number;
use crate::domain::fault::Fault;
use crate::domain::fiscal_year::{FiscalYear, RevenueTiming, revenue_year};
use crate::domain::period::{FirstDay, Length, last_day};
use crate::domain::procedure::{Bilingual, ProcedureDefinition};

/// In place of a list: every revenue account, or every method.
const EVERY: &str = "*";

/// The names of a revenue account (款・項・目・節), as the notice shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountName {
    /// 款.
    pub kan: String,
    /// 項.
    pub kou: String,
    /// 目.
    pub moku: String,
    /// 節.
    pub setsu: String,
}

impl AccountName {
    /// 款・項・目・節 in one line, as a notice prints them.
    pub fn written(&self) -> String {
        let Self { kan, kou, moku, setsu } = self;
        format!("（款）{kan}（項）{kou}（目）{moku}（節）{setsu}")
    }
}

/// One revenue account in the years in which it exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevenueAccount {
    /// The code that fees name, e.g. `08-02-01-01`.
    pub code: String,
    /// Its names.
    pub name: AccountName,
    /// The first fiscal year in which it exists.
    pub first_year: i16,
    /// The last fiscal year, when it is known.
    #[serde(default)]
    pub last_year: Option<i16>,
}

impl RevenueAccount {
    fn exists_in(&self, year: i16) -> bool {
        self.first_year <= year && self.last_year.is_none_or(|last| year <= last)
    }
}

/// How a claim comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimTiming {
    /// 随時の収入: it belongs to the year in which the notice is issued.
    Occasional,
    /// 納期の一定している収入: it belongs to the year of the last day of the period of payment.
    FixedDue,
}

/// Until when a revenue is to be paid (納期限).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentTerm {
    /// The revenue accounts it is for; `*`: all that no other term names.
    pub revenues: Vec<String>,
    /// How the claim comes about.
    pub timing: ClaimTiming,
    /// How long after the day of issue, which does not count.
    pub within: Length,
    /// The rule that says so.
    pub basis: String,
    /// The first day of issue it is for.
    pub valid_from: Date,
    /// The last one, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
}

impl PaymentTerm {
    fn is_in_force(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }

    fn names(&self, account: &str) -> bool {
        self.revenues.iter().any(|revenue| revenue == account)
    }
}

/// Where payment is taken (納入場所).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentPlace {
    /// What the notice calls it.
    pub name: Bilingual,
    /// The methods by which it takes payment; `*`: every one.
    pub methods: Vec<String>,
    /// The first day.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
}

/// Under which number a body issues qualified invoices (適格請求書, R-102).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualifiedIssuer {
    /// 登録番号: `T` and the thirteen digits of the corporate number.
    pub registration_number: String,
    /// The first day of the registration.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
}

/// The master data of one body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevenueMasters {
    /// 歳入科目 by fiscal year.
    pub accounts: Vec<RevenueAccount>,
    /// 納期.
    pub terms: Vec<PaymentTerm>,
    /// 納入場所.
    pub places: Vec<PaymentPlace>,
    /// 登録番号 of qualified invoices; without one no use fee carries consumption tax data.
    #[serde(default)]
    pub qualified_issuers: Vec<QualifiedIssuer>,
    /// Where all this was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// Until when a line is to be paid, and to which year it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The last day of the period, not moved off a day off; none where no term is known.
    pub last_day: Option<Date>,
    /// 所属年度.
    pub fiscal_year: FiscalYear,
}

impl RevenueMasters {
    /// The account with this code in a fiscal year.
    pub fn account(&self, code: &str, year: FiscalYear) -> Option<&RevenueAccount> {
        self.accounts.iter().find(|account| account.code == code && account.exists_in(year.year()))
    }

    /// Until when a claim of a revenue is to be paid whose notice is issued on `issued_on`, and its year.
    ///
    /// A term that names the account goes before one for all. Where no term is known, the claim is occasional and says no
    /// day.
    pub fn due(&self, account: &str, issued_on: Date) -> Due {
        let in_force = || self.terms.iter().filter(|term| term.is_in_force(issued_on));
        let named = in_force().find(|term| term.names(account));
        let term = named.or_else(|| in_force().find(|term| term.names(EVERY)));
        let last = term.and_then(|term| last_day(issued_on, term.within, FirstDay::Excluded));
        let timing = match (term.map(|term| term.timing), last) {
            (Some(ClaimTiming::FixedDue), Some(last_day)) => {
                RevenueTiming::FixedDue { last_day, notice_issued_on: issued_on }
            }
            _ => RevenueTiming::WithNotice { issued_on },
        };
        Due { last_day: last, fiscal_year: revenue_year(timing) }
    }

    /// The places that take one of these methods on a day.
    pub fn places(&self, methods: &[String], day: Date) -> Vec<&PaymentPlace> {
        let takes = |place: &&PaymentPlace| {
            place.valid_from <= day
                && place.valid_to.is_none_or(|last| day <= last)
                && place.methods.iter().any(|method| method == EVERY || methods.contains(method))
        };
        self.places.iter().filter(takes).collect()
    }

    /// The number under which the body issued qualified invoices on a day.
    pub fn registration_number(&self, day: Date) -> Option<&str> {
        let registered = |issuer: &&QualifiedIssuer| {
            issuer.valid_from <= day && issuer.valid_to.is_none_or(|last| day <= last)
        };
        self.qualified_issuers.iter().find(registered).map(|issuer| issuer.registration_number.as_str())
    }

    /// Every fault of the master data; empty when it may be used.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut check = |ok: bool, pointer: String, code: &'static str, ja: &str, en: &str| {
            if !ok {
                faults.push(Fault::new(format!("/revenue{pointer}"), code, ja, en));
            }
        };
        check(
            !self.source.trim().is_empty(),
            "/source".into(),
            "empty",
            "空にできません",
            "must not be empty",
        );
        let mut seen = BTreeSet::new();
        for (index, account) in self.accounts.iter().enumerate() {
            let place = format!("/accounts/{index}");
            let AccountName { kan, kou, moku, setsu } = &account.name;
            let named = [&account.code, kan, kou, moku, setsu].iter().all(|text| !text.trim().is_empty());
            check(named, place.clone(), "empty", "空にできません", "must not be empty");
            let ordered = account.last_year.is_none_or(|last| account.first_year <= last);
            let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
            check(ordered, format!("{place}/last_year"), "span", ja, en);
            let fresh = seen.insert((&account.code, account.first_year));
            check(fresh, format!("{place}/code"), "duplicate", "重複しています", "is given twice");
        }
        for (index, term) in self.terms.iter().enumerate() {
            let ordered = term.valid_to.is_none_or(|to| term.valid_from <= to);
            let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
            check(ordered, format!("/terms/{index}/valid_to"), "span", ja, en);
            let (ja, en) = ("空にできません", "must not be empty");
            check(!term.revenues.is_empty(), format!("/terms/{index}/revenues"), "empty", ja, en);
        }
        for (index, issuer) in self.qualified_issuers.iter().enumerate() {
            let number = issuer.registration_number.strip_prefix('T');
            let (ja, en) = (
                "登録番号は T と13桁の法人番号（検査数字付き）です",
                "must be T and the thirteen digits of a corporate number (R-151)",
            );
            let pointer = format!("/qualified_issuers/{index}/registration_number");
            check(number.is_some_and(corporate_number::is_valid), pointer, "registration_number", ja, en);
        }
        faults
    }

    /// The fees of a procedure whose revenue account does not exist in a year in which they can be assessed.
    pub fn account_faults(&self, procedure: &ProcedureDefinition) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (index, fee) in procedure.fees.iter().enumerate() {
            let from = FiscalYear::of(fee.effective_from.max(procedure.effective_from)).year();
            let last = [fee.effective_to, procedure.effective_to].into_iter().flatten().min();
            let last = last.map(|day| FiscalYear::of(day).year());
            if let Some(year) = self.first_year_without(&fee.revenue_account, from, last) {
                let code = &fee.revenue_account;
                let ja = format!(
                    "歳入科目「{code}」は{}の歳入科目表にありません",
                    FiscalYear::starting_in(year).label_ja()
                );
                let en =
                    format!("the revenue account {code} is not in the table of fiscal year {year} (R-73)");
                let pointer = format!("/fees/{index}/revenue_account");
                faults.push(Fault::new(pointer, "unknown_revenue_account", ja, en));
            }
        }
        faults
    }

    /// Whether an account of this code exists in any year.
    pub fn knows(&self, code: &str) -> bool {
        self.accounts.iter().any(|account| account.code == code)
    }

    /// The first year of a span in which the account does not exist; a span without an end never ends.
    fn first_year_without(&self, code: &str, from: i16, last: Option<i16>) -> Option<i16> {
        let mut year = from;
        while last.is_none_or(|last| year <= last) {
            let Some(found) = self.account(code, FiscalYear::starting_in(year)) else { return Some(year) };
            // One row follows another when the budget renames an account.
            year = found.last_year?.checked_add(1)?;
        }
        None
    }
}

#[cfg(test)]
mod tests;
