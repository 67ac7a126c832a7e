//! Pricing: compiled items and facts to lines.

use jiff::civil::Date;

use super::basket::{SameTimeShare, SameTimeTerms, others, same_time};
use super::compile::{Branch, CompiledFee, CompiledFees, CompiledUse, Formula, LONGEST_CHAIN};
use super::exact::Exact;
use super::pro_rata::{NoPrice, Quantity, pro_rata};
use super::relief;
use super::tiers::tiers;
use super::wording::{both, grouped, yen_en, yen_ja};
use super::{FeeAssessment, FeeEstimate, FeeFault, FeeLine, IncludedTax};
use crate::domain::expression::{Answer, Expression, Facts, Outcome};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::{Bilingual, Fraction, ReliefKind, TaxClass};

/// The standard rate of consumption tax (標準税率), in percent, contained in taxable items.
const STANDARD_TAX_PERCENT: u8 = 10;

/// What a formula gives.
struct Priced {
    amount: Yen,
    tax_percent: Option<u8>,
    same_time: Option<SameTimeShare>,
    lines: Vec<Bilingual>,
}

impl Priced {
    fn plain(amount: Yen, ja: String, en: String) -> Self {
        Self { amount, tax_percent: None, same_time: None, lines: vec![both(ja, en)] }
    }
}

/// See [`super::assess`].
pub(super) fn assess(
    fees: &CompiledFees,
    facts: &Facts,
    day: Date,
    terms: &SameTimeTerms,
) -> Result<FeeAssessment, FeeFault> {
    let gathered = gather(Pricing { fees, facts, day, terms })?;
    refuse_missing(&gathered.missing)?;
    total(fees, facts, day, terms, gathered.lines)
}

/// All missing answers in one fault, whatever item needs them.
fn refuse_missing(missing: &[Missing]) -> Result<(), FeeFault> {
    let Some(first) = missing.first() else { return Ok(()) };
    let mut fields: Vec<String> = missing.iter().flat_map(|one| one.fields.iter().cloned()).collect();
    fields.sort();
    fields.dedup();
    Err(FeeFault::Unanswered { item: first.item.clone(), fields })
}

/// See [`super::estimate`].
pub(super) fn estimate(
    fees: &CompiledFees,
    facts: &Facts,
    day: Date,
    terms: &SameTimeTerms,
) -> Result<FeeEstimate, FeeFault> {
    let gathered = gather(Pricing { fees, facts, day, terms })?;
    let (open, missing): (Vec<Missing>, Vec<Missing>) = gathered
        .missing
        .into_iter()
        .partition(|one| one.fields.iter().all(|field| field.starts_with("office.")));
    refuse_missing(&missing)?;
    let known = total(fees, facts, day, terms, gathered.lines)?;
    Ok(FeeEstimate { known, open: open.into_iter().map(|one| one.label).collect() })
}

/// An item that could not be priced, and the fields it lacks.
struct Missing {
    item: String,
    label: Bilingual,
    fields: Vec<String>,
}

struct Gathered {
    lines: Vec<FeeLine>,
    missing: Vec<Missing>,
}

fn gather(pricing: Pricing<'_>) -> Result<Gathered, FeeFault> {
    let Pricing { fees, facts, day, .. } = pricing;
    let mut gathered = Gathered { lines: Vec::new(), missing: Vec::new() };
    let mut in_force = fees.fees.iter().filter(|item| item.fee.is_effective_on(day)).peekable();
    // A procedure with a fee never becomes free because its table ran out.
    if in_force.peek().is_none() && !fees.fees.is_empty() {
        return Err(FeeFault::NotInForce { day });
    }
    let notices = relief::holding(fees, ReliefKind::NotCollected, facts, day);
    for item in in_force {
        match pricing.line(item, &notices) {
            Ok(Some(line)) => gathered.lines.push(line),
            Ok(None) => {}
            Err(FeeFault::Unanswered { item: code, fields }) => {
                gathered.missing.push(Missing { item: code, label: item.fee.label.clone(), fields });
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(gathered)
}

fn total(
    fees: &CompiledFees,
    facts: &Facts,
    day: Date,
    terms: &SameTimeTerms,
    lines: Vec<FeeLine>,
) -> Result<FeeAssessment, FeeFault> {
    let total = Yen::sum(lines.iter().map(|line| line.amount)).map_err(FeeFault::out_of_range("total"))?;
    let rules = relief::holding(fees, ReliefKind::Waiver, facts, day);
    let charged: Vec<_> = lines.iter().map(|line| (line.item.as_str(), line.amount)).collect();
    let waivers = relief::waivers(&rules, &charged).map_err(FeeFault::out_of_range("waiver"))?;
    Ok(FeeAssessment {
        procedure_version: fees.procedure_version,
        arrived_on: day,
        lines,
        total,
        waivers,
        facts: facts.narrowed(&fees.reads),
        terms: terms.clone(),
    })
}

#[derive(Clone, Copy)]
struct Pricing<'a> {
    fees: &'a CompiledFees,
    facts: &'a Facts,
    day: Date,
    terms: &'a SameTimeTerms,
}

impl Pricing<'_> {
    /// The line of an item, or none while its condition does not hold.
    fn line(
        self,
        item: &CompiledFee,
        notices: &[&super::compile::CompiledRelief],
    ) -> Result<Option<FeeLine>, FeeFault> {
        let fee = &item.fee;
        if let Some(when) = &item.when
            && !self.is_true(&fee.code, when)?
        {
            return Ok(None);
        }
        let mut priced = self.price(item, LONGEST_CHAIN)?;
        let range = || FeeFault::out_of_range(&fee.code);
        let mut relief = None;
        let mut amount = priced.amount;
        if let Some((left, applied, line)) = relief::apply(notices, &fee.code, amount).map_err(range())? {
            amount = left;
            relief = Some(applied);
            priced.lines.push(line);
        }
        let percent = priced.tax_percent.or(match fee.tax {
            TaxClass::NonTaxable => None,
            TaxClass::StandardIncluded => Some(STANDARD_TAX_PERCENT),
        });
        let tax = percent.map(|percent| included_tax(amount, percent)).transpose().map_err(range())?;
        let concerned = notices.iter().filter(|notice| notice.concerns(&fee.code));
        let also_read = concerned.flat_map(|notice| notice.when.inputs());
        let reads = item.reads.iter().chain(also_read);
        Ok(Some(FeeLine {
            item: fee.code.clone(),
            label_ja: fee.label.ja.clone(),
            label_en: fee.label.en.clone(),
            amount,
            basis: fee.basis.clone(),
            revenue_account: fee.revenue_account.clone(),
            payee: fee.payee,
            refund: fee.refund,
            tax,
            inputs: self.facts.narrowed(reads).into_iter().collect(),
            formula_version: item.version.clone(),
            explanation: priced.lines,
            relief,
            full_price_in: priced
                .same_time
                .and_then(|_| self.terms.full_price_in(&item.version))
                .map(str::to_owned),
            same_time: priced.same_time,
            sample: fee.sample,
        }))
    }

    fn price(self, item: &CompiledFee, chain: u8) -> Result<Priced, FeeFault> {
        let code = item.fee.code.as_str();
        let range = || FeeFault::out_of_range(code);
        match &item.formula {
            Formula::Flat { amount } => {
                let (ja, en) =
                    (format!("1件につき {}", yen_ja(*amount)), format!("{} a case", yen_en(*amount)));
                Ok(Priced::plain(*amount, ja, en))
            }
            Formula::ByChannel { paper, online } => self.by_channel(code, *paper, *online),
            Formula::ByChoice { path, table, labels } => {
                let answer = self.text(code, path)?;
                let no_row = || FeeFault::NoRow { item: code.to_owned(), field: path.clone() };
                let amount = *table.get(&answer).ok_or_else(no_row)?;
                let label = labels.get(&answer).cloned();
                let label = label.unwrap_or_else(|| both(answer.clone(), answer.clone()));
                let (ja, en) = (yen_ja(amount), yen_en(amount));
                Ok(Priced::plain(amount, format!("「{}」 {ja}", label.ja), format!("{}: {en}", label.en)))
            }
            Formula::ByCondition { branches, otherwise } => self.by_condition(code, branches, *otherwise),
            Formula::Linear { base, per_unit, count } => {
                let count = self.count(code, count)?;
                linear(*base, *per_unit, count).map_err(range())
            }
            Formula::PerUnit { unit_amount, count, unit } => {
                let count = self.count(code, count)?;
                per_unit(*unit_amount, count, unit).map_err(range())
            }
            Formula::Tiers { value, unknown_value, tariff } => {
                let (value, note) = self.value(code, value, *unknown_value)?;
                let (amount, mut lines) = tiers(tariff, value).map_err(range())?;
                lines.insert(0, note);
                Ok(Priced { amount, tax_percent: None, same_time: None, lines })
            }
            Formula::SameTime { first, other, count } => {
                let share = SameTimeShare { first: *first, other: *other, count: self.count(code, count)? };
                self.same_time(item, share)
            }
            Formula::Derived { of, fraction } => self.derived(code, of, *fraction, chain),
            Formula::ProRata(it) => self.pro_rata(code, it),
        }
    }

    fn by_condition(self, code: &str, branches: &[Branch], otherwise: Yen) -> Result<Priced, FeeFault> {
        for (number, branch) in (1_usize..).zip(branches) {
            if self.is_true(code, &branch.when)? {
                let unnamed = || both(format!("条件{number}に該当"), format!("condition {number} holds"));
                let Bilingual { ja, en } = branch.label.clone().unwrap_or_else(unnamed);
                let (ja, en) =
                    (format!("{ja} {}", yen_ja(branch.amount)), format!("{en}: {}", yen_en(branch.amount)));
                return Ok(Priced::plain(branch.amount, ja, en));
            }
        }
        let (ja, en) = (yen_ja(otherwise), yen_en(otherwise));
        Ok(Priced::plain(otherwise, format!("その他の場合 {ja}"), format!("otherwise: {en}")))
    }

    fn by_channel(self, code: &str, paper: Yen, online: Yen) -> Result<Priced, FeeFault> {
        let channel = self.text(code, "channel")?;
        let (amount, ja, en) = match channel.as_str() {
            "online" => (online, "電子申請", "online"),
            "window" | "post" => (paper, "書面による申請", "on paper"),
            _ => return Err(FeeFault::NoRow { item: code.to_owned(), field: "channel".to_owned() }),
        };
        Ok(Priced::plain(amount, format!("{ja} {}", yen_ja(amount)), format!("{en}: {}", yen_en(amount))))
    }

    fn value(
        self,
        code: &str,
        value: &Expression,
        unknown_value: Option<i64>,
    ) -> Result<(i64, Bilingual), FeeFault> {
        match (self.count(code, value), unknown_value) {
            (Ok(value), _) => {
                let n = grouped(value);
                Ok((value, both(format!("算定の基礎となる額 {n}"), format!("the value is {n}"))))
            }
            (Err(FeeFault::Unanswered { .. }), Some(value)) => {
                let n = grouped(value);
                let ja = format!("額が不明のため {n} とみなします");
                Ok((value, both(ja, format!("the value is unknown and taken as {n}"))))
            }
            (Err(fault), _) => Err(fault),
        }
    }

    fn same_time(self, item: &CompiledFee, share: SameTimeShare) -> Result<Priced, FeeFault> {
        let code = item.fee.code.as_str();
        if let Some(bearer) = self.terms.full_price_in(&item.version) {
            return borne_elsewhere(share, bearer).map_err(FeeFault::out_of_range(code));
        }
        let amount = same_time(share).map_err(FeeFault::out_of_range(code))?;
        let rest = grouped(share.count.saturating_sub(1).max(0));
        let line = match share.count {
            ..=0 => both("0件", "none"),
            1 => both(yen_ja(amount), yen_en(amount)),
            _ => both(
                format!(
                    "{} + 同時申請 {} × {rest} = {}",
                    yen_ja(share.first),
                    yen_ja(share.other),
                    yen_ja(amount)
                ),
                format!(
                    "{} + at the same time {} × {rest} = {}",
                    yen_en(share.first),
                    yen_en(share.other),
                    yen_en(amount)
                ),
            ),
        };
        Ok(Priced { amount, tax_percent: None, same_time: Some(share), lines: vec![line] })
    }

    /// A fraction of what another fee would be, whether that one is charged here or not.
    fn derived(self, code: &str, of: &str, fraction: Fraction, chain: u8) -> Result<Priced, FeeFault> {
        let Fraction { numerator, denominator } = fraction;
        let range = || FeeFault::out_of_range(code);
        let mut others = self.fees.fees.iter();
        let other = others.find(|other| other.fee.code == of && other.fee.is_effective_on(self.day));
        let other = other.ok_or(FeeFault::NotInForce { day: self.day })?;
        let chain = chain.checked_sub(1).ok_or_else(|| FeeFault::OutOfRange { item: code.to_owned() })?;
        let base = self.price(other, chain).map_err(|fault| fault.of_item(code))?.amount;
        let share = Exact::ratio(i128::from(numerator), i128::from(denominator));
        let amount = share.and_then(|share| Exact::from(base).times(share)?.floor()).map_err(range())?;
        let label = &other.fee.label;
        Ok(Priced::plain(
            amount,
            format!("{} {} × {numerator}/{denominator} = {}", label.ja, yen_ja(base), yen_ja(amount)),
            format!("{} {} × {numerator}/{denominator} = {}", label.en, yen_en(base), yen_en(amount)),
        ))
    }

    fn pro_rata(self, code: &str, it: &CompiledUse) -> Result<Priced, FeeFault> {
        let number = it.quantity.as_ref().map_or(Ok(1), |quantity| self.count(code, quantity))?;
        let scale = if it.quantity.is_some() { it.quantity_scale } else { 0 };
        let (from, to) = (self.date(code, &it.from)?, self.date(code, &it.to)?);
        let priced = pro_rata(&it.tariff, Quantity { number, scale }, from, to).map_err(|no| match no {
            NoPrice::NoUse => FeeFault::NoUse {
                item: code.to_owned(),
                fields: it.from.reads().iter().chain(it.to.reads()).cloned().collect(),
            },
            NoPrice::OutOfRange => FeeFault::OutOfRange { item: code.to_owned() },
        })?;
        let super::pro_rata::ProRata { amount, tax_percent, lines } = priced;
        Ok(Priced { amount, tax_percent, same_time: None, lines })
    }

    fn outcome(self, code: &str, expression: &Expression) -> Result<Outcome, FeeFault> {
        let item = code.to_owned();
        match expression.evaluate(self.facts) {
            Ok(Answer::Known(outcome)) => Ok(outcome),
            Ok(Answer::Unanswered(fields)) => Err(FeeFault::Unanswered { item, fields }),
            Err(fault) => Err(FeeFault::NoValue { item, fields: fields_of(expression), fault }),
        }
    }

    fn is_true(self, code: &str, condition: &Expression) -> Result<bool, FeeFault> {
        Ok(self.outcome(code, condition)? == Outcome::Bool(true))
    }

    /// A number of zero or more.
    fn count(self, code: &str, expression: &Expression) -> Result<i64, FeeFault> {
        match self.outcome(code, expression) {
            Ok(Outcome::Int(count)) if count >= 0 => Ok(count),
            Ok(_) | Err(FeeFault::NoValue { .. }) => {
                Err(FeeFault::NoCount { item: code.to_owned(), fields: fields_of(expression) })
            }
            Err(fault) => Err(fault),
        }
    }

    fn date(self, code: &str, expression: &Expression) -> Result<Date, FeeFault> {
        let no_use = || FeeFault::NoUse { item: code.to_owned(), fields: fields_of(expression) };
        match self.outcome(code, expression)? {
            Outcome::Text(text) => text.parse().map_err(|_| no_use()),
            Outcome::Bool(_) | Outcome::Int(_) => Err(no_use()),
        }
    }

    fn text(self, code: &str, path: &str) -> Result<String, FeeFault> {
        let found = self.facts.get(path);
        let unanswered = || FeeFault::Unanswered { item: code.to_owned(), fields: vec![path.to_owned()] };
        let no_row = || FeeFault::NoRow { item: code.to_owned(), field: path.to_owned() };
        Ok(found.ok_or_else(unanswered)?.as_str().ok_or_else(no_row)?.to_owned())
    }
}

fn linear(base: Yen, per_unit: Yen, count: i64) -> Result<Priced, YenOutOfRange> {
    let (amount, n) = (base.plus(per_unit.times(count)?)?, grouped(count));
    Ok(Priced::plain(
        amount,
        format!("{} + {} × {n} = {}", yen_ja(base), yen_ja(per_unit), yen_ja(amount)),
        format!("{} + {} × {n} = {}", yen_en(base), yen_en(per_unit), yen_en(amount)),
    ))
}

fn per_unit(unit_amount: Yen, count: i64, unit: &str) -> Result<Priced, YenOutOfRange> {
    let (amount, n) = (unit_amount.times(count)?, grouped(count));
    Ok(Priced::plain(
        amount,
        format!("{} × {n}{unit} = {}", yen_ja(unit_amount), yen_ja(amount)),
        format!("{} × {n} = {}", yen_en(unit_amount), yen_en(amount)),
    ))
}

/// The price while another application of the same basket bears the full one (R-58b).
fn borne_elsewhere(share: SameTimeShare, bearer: &str) -> Result<Priced, YenOutOfRange> {
    let (amount, n) = (others(share)?, grouped(share.count.max(0)));
    let line = both(
        format!(
            "同時申請 {} × {n} = {}（満額 {} は申請 {bearer} の分に含む）",
            yen_ja(share.other),
            yen_ja(amount),
            yen_ja(share.first)
        ),
        format!(
            "at the same time {} × {n} = {} (application {bearer} bears the full {})",
            yen_en(share.other),
            yen_en(amount),
            yen_en(share.first)
        ),
    );
    Ok(Priced { amount, tax_percent: None, same_time: Some(share), lines: vec![line] })
}

fn fields_of(expression: &Expression) -> Vec<String> {
    expression.reads().iter().cloned().collect()
}

/// The tax that an amount contains, rounded down.
/// The consumption tax that is contained in an amount, rounded down.
pub fn included_tax(amount: Yen, percent: u8) -> Result<IncludedTax, YenOutOfRange> {
    let share = Exact::ratio(i128::from(percent), 100 + i128::from(percent))?;
    Ok(IncludedTax { percent, amount: Exact::from(amount).times(share)?.floor()? })
}
