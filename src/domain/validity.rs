//! How long what was granted is valid (有効期間, R-22, R-41) and when its renewal may be filed (更新期間, R-42).

use jiff::Span;
use jiff::civil::Date;

use super::expression::{Expression, Facts, Scope, ValueType, compile};
use super::fault::Fault;
use super::period::{FirstDay, Length, last_day};
use super::procedure::{Bilingual, FieldType, ProcedureDefinition, RenewalWindow, Validity};
use super::routing::{expression_fault, is_true};

/// A term of validity, both days included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

/// The term of a grant of `granted_on`; nothing where the validity states none or the calendar ends before it.
///
/// It begins on the day of the grant, which counts. A renewal that was filed in time follows the old term, which
/// ended on `expired_on`, whenever it is decided.
pub fn term(validity: &Validity, granted_on: Date, expired_on: Option<Date>) -> Option<Term> {
    let length = match (validity.years, validity.months) {
        (Some(years), _) => Length::Years(u16::from(years)),
        (None, Some(months)) => Length::Months(u16::from(months)),
        (None, None) => return None,
    };
    let from = match expired_on.filter(|_| validity.continues_while_renewal_pending) {
        Some(expired) => expired.tomorrow().ok()?,
        None => granted_on,
    };
    Some(Term { from, to: last_day(from, length, FirstDay::Included)? })
}

/// Something the applicant should know before filing; it blocks nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// A stable code: `renewal_early`, `renewal_late`, `renewal_expired` or `outside_charset`.
    pub code: &'static str,
    /// The answer it is about, as a pointer into the answers.
    pub pointer: String,
    /// The sentence.
    pub message: Bilingual,
    /// The clause.
    pub basis: String,
}

/// The renewal window of a procedure version, ready to use.
#[derive(Debug)]
pub struct CompiledRenewal {
    window: RenewalWindow,
    when: Expression,
    expiry: String,
}

impl CompiledRenewal {
    /// Compiles the window, where the procedure has one; faults point into the definition.
    pub fn compile(definition: &ProcedureDefinition, scope: &Scope) -> Result<Option<Self>, Vec<Fault>> {
        let Some(window) = &definition.renewal else { return Ok(None) };
        let mut faults = Vec::new();
        let field = definition.field(&window.expiry_field);
        if field.is_none_or(|field| field.field_type != FieldType::Date) {
            let (ja, en) = ("日付の項目ではありません", "is no date field of the form");
            faults.push(Fault::new("/renewal/expiry_field", "expiry_field", ja, en));
        }
        if window.from_days_before.is_some_and(|from| from < window.to_days_before) {
            let (ja, en) = ("始まりが終わりより後です", "begins after it ends");
            faults.push(Fault::new("/renewal/from_days_before", "span", ja, en));
        }
        let when = compile(&window.when, scope, &ValueType::Bool);
        let when = when.map_err(|fault| faults.push(expression_fault("/renewal/when", &fault)));
        let expiry = format!("form.{}", window.expiry_field);
        match when {
            Ok(when) if faults.is_empty() => Ok(Some(Self { window: window.clone(), when, expiry })),
            _ => Err(faults),
        }
    }

    /// The last day of the permit that is renewed; nothing where the answers renew none or do not say.
    pub fn expires_on(&self, facts: &Facts) -> Option<Date> {
        if !is_true(&self.when, facts) {
            return None;
        }
        facts.get(&self.expiry)?.as_str()?.parse().ok()
    }

    /// What must be said of a renewal that arrives on `day`; nothing in the window or where it is no renewal.
    pub fn warning(&self, facts: &Facts, day: Date) -> Option<Warning> {
        let expires_on = self.expires_on(facts)?;
        let before = |days: u16| expires_on.checked_sub(Span::new().days(days)).ok();
        let latest = before(self.window.to_days_before)?;
        let earliest = self.window.from_days_before.and_then(before);
        let (code, ja, en) = if day > expires_on {
            let ja = format!("有効期間は{expires_on}に満了しています。新規の申請が必要な場合があります。");
            let en = format!("It expired on {expires_on}; a new application may be needed.");
            ("renewal_expired", ja, en)
        } else if day > latest {
            let ja = format!("更新の申請は{latest}までにすることとされています。");
            let en = format!("A renewal should be filed by {latest}.");
            ("renewal_late", ja, en)
        } else if let Some(earliest) = earliest.filter(|earliest| day < *earliest) {
            let ja = format!("更新の申請は{earliest}から受け付けています。");
            let en = format!("A renewal can be filed from {earliest} on.");
            ("renewal_early", ja, en)
        } else {
            return None;
        };
        let pointer = format!("/{}", self.window.expiry_field);
        Some(Warning { code, pointer, message: Bilingual { ja, en }, basis: self.window.basis.clone() })
    }
}

#[cfg(test)]
mod tests;
