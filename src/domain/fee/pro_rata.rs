//! A yearly amount cut to the time of use (月割・日割, R-60, R-61).
//!
//! By months, each fiscal year stands by itself (a part of a month counts as one, the minimum holds for each year) and
//! the years are summed; by days, whole years are whole and the rest goes by 365 days. The sum is rounded down once.
//!
//! A use shorter than a month bears consumption tax. 道路法施行令第19条第2項 multiplies by the tax first and raises to the
//! minimum after, year by year; an ordinance that says it the other way round says so in its tariff ([`MinimumStep`]).

use jiff::civil::{Date, date};

use super::exact::Exact;
use super::wording::{both, decimal, yen_en, yen_ja};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::period::{FirstDay, Length, last_day};
use crate::domain::procedure::{Bilingual, MinimumStep, ProRataMode};

/// The longest use, in years: far beyond any permit, so that a typing error costs no time.
const LONGEST_USE_YEARS: u16 = 100;

/// The tariff.
#[derive(Clone, Copy, Debug)]
pub(super) struct YearlyTariff {
    /// For one year and one unit.
    pub(super) yearly: Yen,
    /// By months or by days.
    pub(super) mode: ProRataMode,
    /// A smaller result is raised to this.
    pub(super) minimum: Option<Yen>,
    /// Whether the tax comes before the minimum or after it.
    pub(super) minimum_step: MinimumStep,
    /// Consumption tax in percent added to a use shorter than a month.
    pub(super) tax_percent_below_one_month: Option<u8>,
}

/// How much is used, with its digits after the point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantity {
    /// The number without its point.
    pub(super) number: i64,
    /// Digits after the point.
    pub(super) scale: u8,
}

/// The amount, with the tax it contains and a line for each part.
#[derive(Clone, Debug)]
pub(super) struct ProRata {
    /// What is owed.
    pub(super) amount: Yen,
    /// The percentage that was added.
    pub(super) tax_percent: Option<u8>,
    /// How it came about.
    pub(super) lines: Vec<Bilingual>,
}

/// Why a time of use has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPrice {
    /// It ends before it begins, or lasts longer than [`LONGEST_USE_YEARS`].
    NoUse,
    /// The amount leaves the range.
    OutOfRange,
}

impl From<YenOutOfRange> for NoPrice {
    fn from(_: YenOutOfRange) -> Self {
        Self::OutOfRange
    }
}

/// The price of using `quantity` from `from` to `to`, both inclusive.
pub(super) fn pro_rata(
    tariff: &YearlyTariff,
    quantity: Quantity,
    from: Date,
    to: Date,
) -> Result<ProRata, NoPrice> {
    let longest = last_day(from, Length::Years(LONGEST_USE_YEARS), FirstDay::Included);
    if to < from || longest.is_none_or(|longest| longest < to) {
        return Err(NoPrice::NoUse);
    }
    let ten = 10_i128.checked_pow(u32::from(quantity.scale)).ok_or(NoPrice::OutOfRange)?;
    let a_year = Exact::from(tariff.yearly).times(Exact::ratio(i128::from(quantity.number), ten)?)?;
    let price = format!("{} × {}", yen_ja(tariff.yearly), decimal(quantity.number, quantity.scale));
    let price_en = format!("{} × {}", yen_en(tariff.yearly), decimal(quantity.number, quantity.scale));
    let tax_percent = tariff.tax_percent_below_one_month.filter(|_| is_shorter_than_a_month(from, to));
    let mut sum = Sum { total: Exact::ZERO, tax_percent, lines: Vec::new(), price: (price, price_en) };
    match tariff.mode {
        ProRataMode::MonthlyByFiscalYear => {
            for (begin, end) in fiscal_years(from, to) {
                sum.add(tariff, a_year, (months(begin, end), 12), (begin, end))?;
            }
        }
        ProRataMode::Daily => {
            let (years, days) = years_and_days(from, to);
            let parts = i128::from(years) * 365 + i128::from(days);
            sum.add(tariff, a_year, (parts, 365), (from, to))?;
        }
    }
    sum.close()
}

struct Sum {
    total: Exact,
    /// The percentage that a short use bears.
    tax_percent: Option<u8>,
    lines: Vec<Bilingual>,
    /// `1,900円 × 1.25`, in both languages.
    price: (String, String),
}

impl Sum {
    /// Adds `parts` of a year, taxed and raised to the minimum in the order of the tariff.
    fn add(
        &mut self,
        tariff: &YearlyTariff,
        a_year: Exact,
        (parts, of): (i128, i128),
        (begin, end): (Date, Date),
    ) -> Result<(), NoPrice> {
        let exact = a_year.times(Exact::ratio(parts, of)?)?;
        let (ja, en) = &self.price;
        self.lines.push(both(
            format!("{begin}〜{end}: 年額 {ja} × {parts}/{of}"),
            format!("{begin} to {end}: yearly {en} × {parts}/{of}"),
        ));
        let part = match tariff.minimum_step {
            MinimumStep::AfterTax => {
                let taxed = self.taxed(exact)?;
                self.raised(taxed, tariff.minimum)
            }
            MinimumStep::BeforeTax => {
                let raised = self.raised(exact, tariff.minimum);
                self.taxed(raised)?
            }
        };
        self.total = self.total.plus(part)?;
        Ok(())
    }

    fn taxed(&mut self, amount: Exact) -> Result<Exact, NoPrice> {
        let Some(percent) = self.tax_percent else { return Ok(amount) };
        self.lines.push(both(
            format!("1月未満の使用のため消費税 {percent}% を加算"),
            format!("shorter than a month: {percent} % consumption tax is added"),
        ));
        Ok(amount.times(Exact::ratio(100 + i128::from(percent), 100)?)?)
    }

    fn raised(&mut self, amount: Exact, minimum: Option<Yen>) -> Exact {
        let Some(minimum) = minimum.filter(|minimum| amount.is_below(*minimum)) else { return amount };
        self.lines.push(both(
            format!("{}に満たないため {}", yen_ja(minimum), yen_ja(minimum)),
            format!("less than {}, so {}", yen_en(minimum), yen_en(minimum)),
        ));
        Exact::from(minimum)
    }

    fn close(mut self) -> Result<ProRata, NoPrice> {
        let amount = self.total.floor()?;
        self.lines.push(both(
            format!("合計 {}（1円未満切捨て）", yen_ja(amount)),
            format!("together {} (rounded down)", yen_en(amount)),
        ));
        Ok(ProRata { amount, tax_percent: self.tax_percent, lines: self.lines })
    }
}

/// The parts of a time that lie in one fiscal year each.
fn fiscal_years(from: Date, to: Date) -> Vec<(Date, Date)> {
    let mut parts = Vec::new();
    let mut begin = from;
    loop {
        let last = date(FiscalYear::of(begin).year().saturating_add(1), 3, 31);
        parts.push((begin, last.min(to)));
        match last.tomorrow() {
            Ok(next) if last < to => begin = next,
            _ => return parts,
        }
    }
}

/// Months from `begin` to `end`, inclusive; a part of a month counts as one.
fn months(begin: Date, end: Date) -> i128 {
    let covers = |count: u16| {
        last_day(begin, Length::Months(count), FirstDay::Included).is_none_or(|last| end <= last)
    };
    (1..=12).find(|count| covers(*count)).map_or(12, i128::from)
}

/// Whole years from `from` to `to`, and the days left over.
fn years_and_days(from: Date, to: Date) -> (u16, i64) {
    let ends = |count: u16| last_day(from, Length::Years(count), FirstDay::Included);
    let years = (1..=LONGEST_USE_YEARS).take_while(|count| ends(*count).is_some_and(|end| end <= to)).last();
    let years = years.unwrap_or(0);
    let counted = match years {
        0 => from.yesterday().unwrap_or(from),
        count => ends(count).unwrap_or(to),
    };
    (years, counted.duration_until(to).as_hours() / 24)
}

fn is_shorter_than_a_month(from: Date, to: Date) -> bool {
    last_day(from, Length::Months(1), FirstDay::Included).is_some_and(|month| to < month)
}
