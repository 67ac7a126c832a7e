//! Document numbers (文書番号, R-120, R-121): symbol and number, one sequence per office and year, without gaps.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::fiscal_year::FiscalYear;

/// What kind of document a number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// 指令: what answers an application.
    Answer,
    /// 達: what orders something of, or takes something from, one person.
    Order,
    /// 収受: what came in.
    Incoming,
    /// 号外: light matters, such as a request for a correction, which bear the symbol and draw no number.
    Light,
}

impl DocumentKind {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Order => "order",
            Self::Incoming => "incoming",
            Self::Light => "light",
        }
    }
}

/// By which year numbers begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberYear {
    /// 年度.
    Fiscal,
    /// 暦年.
    Calendar,
}

impl NumberYear {
    /// The year of a day.
    fn of(self, day: Date) -> i16 {
        match self {
            Self::Fiscal => FiscalYear::of(day).year(),
            Self::Calendar => day.year(),
        }
    }
}

/// How a body writes the numbers of its documents, as dated data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberRule {
    /// The documents it is for.
    pub kind: DocumentKind,
    /// The department it is for; without one it is for every department that has no rule of its own.
    #[serde(default)]
    pub department: Option<String>,
    /// 記号, e.g. `青森県指令（消保）`; `{department}` stands for the name of the department.
    pub symbol: String,
    /// By which year numbers begin anew.
    pub year: NumberYear,
    /// The first day it is in force.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// A sequence of numbers: what is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// Kind and department, e.g. `answer:kiki-shobo-hoan`; a new symbol goes on counting, and so does whoever issues under the symbol
    /// of a department whose work it took over.
    pub key: String,
    /// The year.
    pub year: i64,
}

impl Series {
    /// The sequence of the documents of a kind that `department` counts in `year`.
    pub fn of(kind: DocumentKind, department: &str, year: i64) -> Self {
        Self { key: format!("{}:{department}", kind.as_str()), year }
    }
}

/// The sequence of a document and how its number is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbering {
    /// The sequence.
    pub series: Series,
    symbol: String,
}

impl Numbering {
    /// The number as it stands on the document: 青森県指令（消保）第12号.
    pub fn text(&self, number: i64) -> String {
        format!("{}第{number}号", self.symbol)
    }

    /// What stands on a document that draws no number (号外).
    pub fn unnumbered(&self) -> &str {
        &self.symbol
    }

    /// What stands in its place before there is one: the number is drawn at the issue.
    pub fn blank(&self) -> String {
        format!("{}第　　号", self.symbol)
    }
}

/// The numbering of a document of `department` (its code and name) on `day`; nothing where no rule is in force.
///
/// The department's own rule goes before the one for every department. Where there is neither, a department that took over the work of
/// others goes on under theirs, as long as that is one symbol: `in_charge` says who does the work of a department that day.
pub fn numbering<'a>(
    rules: &[NumberRule],
    kind: DocumentKind,
    (department, name): (&str, &str),
    day: Date,
    in_charge: impl Fn(&str) -> Option<&'a str>,
) -> Option<Numbering> {
    let in_force = |rule: &&NumberRule| {
        rule.kind == kind && rule.valid_from <= day && rule.valid_to.is_none_or(|last| day <= last)
    };
    let rule_of =
        |of: Option<&str>| rules.iter().filter(in_force).find(|rule| rule.department.as_deref() == of);
    let inherited = || {
        let took_over = |rule: &&NumberRule| {
            let of = rule.department.as_deref();
            of.is_some_and(|of| of != department && in_charge(of) == Some(department))
        };
        let mut found = rules.iter().filter(in_force).filter(took_over);
        let first = found.next()?;
        found.all(|other| other.symbol == first.symbol).then_some(first)
    };
    let rule = rule_of(Some(department)).or_else(|| rule_of(None)).or_else(inherited)?;
    let year = rule.year.of(day);
    // Under the symbol of the former department its sequence goes on, and so does its register of what came in: begun anew, one number
    // would stand twice in one year.
    let counted_by = match (kind, &rule.department) {
        (DocumentKind::Answer | DocumentKind::Order | DocumentKind::Incoming, Some(former)) => {
            former.as_str()
        }
        (DocumentKind::Light, _) | (_, None) => department,
    };
    let series = Series::of(kind, counted_by, i64::from(year));
    Some(Numbering { series, symbol: rule.symbol.replace("{department}", name) })
}

/// Faults of a body's rules: empty symbols, and two rules for the same documents on the same day.
pub fn rule_faults(rules: &[NumberRule]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let pointer = format!("/document_numbers/{index}");
        if rule.symbol.trim().is_empty() {
            faults.push(Fault::new(
                format!("{pointer}/symbol"),
                "empty",
                "空にできません",
                "must not be empty",
            ));
        }
        if rule.valid_to.is_some_and(|to| to < rule.valid_from) {
            let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
            faults.push(Fault::new(format!("{pointer}/valid_to"), "span", ja, en));
        }
        let meets = |other: &NumberRule| {
            rule.kind == other.kind
                && rule.department == other.department
                && rule.valid_to.is_none_or(|to| other.valid_from <= to)
                && other.valid_to.is_none_or(|to| rule.valid_from <= to)
        };
        if rules.iter().take(index).any(meets) {
            let (ja, en) = ("同じ日に二つの記号があります", "meets another rule for the same documents");
            faults.push(Fault::new(format!("{pointer}/valid_from"), "duplicate", ja, en));
        }
    }
    faults
}

/// A department as long as it bears a name.
#[derive(Clone, Copy, Debug)]
pub struct NamedOffice<'a> {
    /// Its code.
    pub code: &'a str,
    /// What stands in the place of `{department}`.
    pub name: &'a str,
    /// The first day.
    pub from: Date,
    /// The last day, when it is known.
    pub to: Option<Date>,
}

/// What is counted under a symbol: by whom, and in which years.
struct SymbolUse<'a> {
    rule: usize,
    counted: (&'a str, &'a str),
    years: (i16, i16),
}

/// Faults of a body's rules that let two sequences bear one symbol in one year: a general symbol without `{department}`, two
/// departments of one name, or two rules with the same symbol. Their numbers would stand on two documents each.
pub fn shared_symbol_faults(rules: &[NumberRule], offices: &[NamedOffice<'_>]) -> Vec<Fault> {
    let mut uses: BTreeMap<(bool, String), Vec<SymbolUse<'_>>> = BTreeMap::new();
    let counted = |(_, rule): &(usize, &NumberRule)| rule.kind != DocumentKind::Light;
    for (index, rule) in rules.iter().enumerate().filter(counted) {
        for (office, name, (from, to)) in bearers(rules, rule, offices) {
            let symbol = rule.symbol.replace("{department}", name);
            let years = (rule.year.of(from), to.map_or(i16::MAX, |to| rule.year.of(to)));
            let found = SymbolUse { rule: index, counted: (rule.kind.as_str(), office), years };
            // What came in stands in a book of its own.
            uses.entry((rule.kind == DocumentKind::Incoming, symbol)).or_default().push(found);
        }
    }
    let mut faults: BTreeMap<usize, Fault> = BTreeMap::new();
    for ((_, symbol), bearers) in &uses {
        for (index, one) in bearers.iter().enumerate() {
            let shares = |other: &&SymbolUse<'_>| {
                let same_year = one.years.0 <= other.years.1 && other.years.0 <= one.years.1;
                one.counted != other.counted && same_year
            };
            if let Some(other) = bearers.iter().take(index).find(shares) {
                let (rule, both) = (one.rule.max(other.rule), (one.counted.1, other.counted.1));
                let ja =
                    format!("同じ年に二つの番号の系列が記号「{symbol}」を使います（{}・{}）", both.0, both.1);
                let en = format!("two sequences bear {symbol} in one year ({}, {})", both.0, both.1);
                let pointer = format!("/document_numbers/{rule}/symbol");
                faults.entry(rule).or_insert_with(|| Fault::new(pointer, "shared_symbol", ja, en));
            }
        }
    }
    faults.into_values().collect()
}

/// Who counts, by which name, from when until when.
type Bearer<'a> = (&'a str, &'a str, (Date, Option<Date>));

/// Who counts under a rule: its department, or every department without a rule of its own.
fn bearers<'a>(rules: &[NumberRule], rule: &'a NumberRule, offices: &[NamedOffice<'a>]) -> Vec<Bearer<'a>> {
    let covers = |own: &NumberRule, (from, to): (Date, Option<Date>)| {
        own.valid_from <= from && own.valid_to.is_none_or(|last| to.is_some_and(|to| to <= last))
    };
    let mut found = Vec::new();
    for office in offices {
        if rule.department.as_ref().is_some_and(|of| of != office.code) {
            continue;
        }
        let from = rule.valid_from.max(office.from);
        let to = match (rule.valid_to, office.to) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let own = |own: &NumberRule| own.kind == rule.kind && own.department.as_deref() == Some(office.code);
        let has_own = || rules.iter().any(|other| own(other) && covers(other, (from, to)));
        if to.is_none_or(|to| from <= to) && (rule.department.is_some() || !has_own()) {
            found.push((office.code, office.name, (from, to)));
        }
    }
    found
}

/// What is wrong with a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Irregularity {
    /// Numbers that were counted and stand on no document.
    Gap {
        /// The sequence.
        series: Series,
        /// The first missing number.
        from: i64,
        /// The last missing number.
        to: i64,
    },
    /// A number that stands on two documents.
    Duplicate {
        /// The sequence.
        series: Series,
        /// The number.
        number: i64,
    },
    /// A number that nobody counted.
    Uncounted {
        /// The sequence.
        series: Series,
        /// The number.
        number: i64,
    },
}

/// Holds the numbers of a sequence, in any order, against how far it was counted.
pub fn irregularities(series: &Series, last: i64, mut numbers: Vec<i64>) -> Vec<Irregularity> {
    numbers.sort_unstable();
    let mut found = Vec::new();
    let mut expected = 1;
    for number in numbers {
        let series = series.clone();
        if number < expected {
            found.push(Irregularity::Duplicate { series, number });
        } else if number > last {
            found.push(Irregularity::Uncounted { series, number });
        } else {
            if number > expected {
                found.push(Irregularity::Gap { series, from: expected, to: number - 1 });
            }
            expected = number + 1;
        }
    }
    if expected <= last {
        found.push(Irregularity::Gap { series: series.clone(), from: expected, to: last });
    }
    found
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn rule(department: Option<&str>, symbol: &str, year: NumberYear) -> NumberRule {
        NumberRule {
            kind: DocumentKind::Answer,
            department: department.map(ToOwned::to_owned),
            symbol: symbol.to_owned(),
            year,
            valid_from: date(2024, 4, 1),
            valid_to: None,
            source: "試験用".to_owned(),
            sample: true,
        }
    }

    #[test]
    fn r120_light_matters_bear_the_symbol_and_draw_no_number() {
        let light =
            NumberRule { kind: DocumentKind::Light, ..rule(None, "{department}号外", NumberYear::Fiscal) };
        let shared = NumberRule { symbol: "号外".to_owned(), ..light.clone() };
        let found =
            numbering(&[light], DocumentKind::Light, ("doro", "道路課"), date(2026, 4, 1), |_| None);
        assert_eq!(found.unwrap().unnumbered(), "道路課号外");
        let office = |code, name| NamedOffice { code, name, from: date(2024, 4, 1), to: None };
        let offices = [office("doro", "道路課"), office("kasen", "河川課")];
        assert_eq!(
            shared_symbol_faults(&[shared], &offices),
            vec![],
            "what counts nothing counts nothing twice"
        );
    }

    #[test]
    fn r120_a_number_is_symbol_and_count_of_office_and_year() {
        let mut old = rule(Some("shobo"), "青森県指令（消）", NumberYear::Fiscal);
        old.valid_to = Some(date(2025, 12, 31));
        let mut new = rule(Some("shobo"), "青森県指令（消保）", NumberYear::Fiscal);
        new.valid_from = date(2026, 1, 1);
        let rules = [rule(None, "青森県指令（{department}）", NumberYear::Calendar), old, new];
        assert_eq!(rule_faults(&rules), vec![]);
        let says = |department, day| {
            let found = numbering(&rules, DocumentKind::Answer, (department, "道路課"), day, |_| None);
            found.map(|found| (found.text(12), found.series.key.clone(), found.series.year))
        };
        let expected = |text: &str, key: &str, year| Some((text.to_owned(), key.to_owned(), year));
        assert_eq!(
            says("doro", date(2026, 3, 31)),
            expected("青森県指令（道路課）第12号", "answer:doro", 2026)
        );
        assert_eq!(
            says("shobo", date(2025, 12, 31)),
            expected("青森県指令（消）第12号", "answer:shobo", 2025)
        );
        // Another symbol within the year goes on counting; the next year begins anew.
        assert_eq!(
            says("shobo", date(2026, 3, 31)),
            expected("青森県指令（消保）第12号", "answer:shobo", 2025)
        );
        assert_eq!(
            says("shobo", date(2026, 4, 1)),
            expected("青森県指令（消保）第12号", "answer:shobo", 2026)
        );
        assert_eq!(says("shobo", date(2024, 3, 31)), None);
        let order = numbering(&rules, DocumentKind::Order, ("doro", "道路課"), date(2026, 4, 1), |_| None);
        assert_eq!(order, None);
    }

    #[test]
    fn r127_who_took_work_over_numbers_by_the_own_rule_by_the_general_one_or_goes_on_under_the_former_symbol()
    {
        let of = |department, symbol| rule(department, symbol, NumberYear::Fiscal);
        let (shobo, kankyo) = (of(Some("shobo"), "指令（消保）"), of(Some("kankyo"), "指令（環）"));
        let (own, general) = (of(Some("bosai"), "指令（防）"), of(None, "指令（{department}）"));
        let successor = |ended: &str| ["shobo", "kankyo"].contains(&ended).then_some("bosai");
        for (rules, department, expected) in [
            (vec![shobo.clone(), general.clone(), own.clone()], "bosai", Some(("指令（防）第1号", "bosai"))),
            (vec![shobo.clone(), general], "bosai", Some(("指令（防災課）第1号", "bosai"))),
            // under the former symbol the former sequence goes on.
            (vec![shobo.clone()], "bosai", Some(("指令（消保）第1号", "shobo"))),
            (vec![shobo.clone()], "doro", None),
            (vec![shobo, kankyo], "bosai", None),
        ] {
            let office = (department, "防災課");
            // What comes in goes on in the same way.
            for kind in [DocumentKind::Answer, DocumentKind::Incoming] {
                let rules: Vec<_> = rules.iter().map(|rule| NumberRule { kind, ..rule.clone() }).collect();
                let found = numbering(&rules, kind, office, date(2026, 5, 1), successor);
                let found = found.map(|found| (found.text(1), found.series.key));
                let expected =
                    expected.map(|(text, by)| (text.to_owned(), format!("{}:{by}", kind.as_str())));
                assert_eq!(found, expected, "{rules:?}");
            }
        }
    }

    #[test]
    fn two_rules_for_one_document_are_a_fault() {
        let mut ends_early = rule(None, " ", NumberYear::Fiscal);
        ends_early.valid_to = Some(date(2024, 3, 31));
        let rules = [rule(None, "x", NumberYear::Fiscal), rule(None, "y", NumberYear::Fiscal), ends_early];
        let found: Vec<_> = rule_faults(&rules).into_iter().map(|fault| fault.pointer).collect();
        let expected = ["1/valid_from", "2/symbol", "2/valid_to"];
        assert_eq!(found, expected.map(|rest| format!("/document_numbers/{rest}")));
    }

    #[test]
    fn r120_no_two_sequences_bear_one_symbol_in_one_year() {
        let office = |code: &'static str, name, from, to| NamedOffice { code, name, from, to };
        let here = |code, name| office(code, name, date(2024, 4, 1), None);
        let apart = [here("doro", "道路課"), here("kasen", "河川課")];
        let namesakes = [here("ken-somu", "総務課"), here("kyo-somu", "総務課")];
        let of = |department, symbol| rule(department, symbol, NumberYear::Fiscal);
        let (general, bare) = (of(None, "指令（{department}）"), of(None, "指令"));
        let (own, other) = (of(Some("doro"), "指令（土）"), of(Some("kasen"), "指令（土）"));
        let order = NumberRule { kind: DocumentKind::Order, ..general.clone() };
        let incoming = NumberRule { kind: DocumentKind::Incoming, ..general.clone() };
        let until = |rule: &NumberRule, last| NumberRule { valid_to: Some(last), ..rule.clone() };
        let from = |rule: &NumberRule, valid_from| NumberRule { valid_from, ..rule.clone() };
        let named = of(Some("ken-somu"), "指令（県総）");
        let successor = [
            office("doro", "道路課", date(2024, 4, 1), Some(date(2025, 9, 30))),
            office("doro-2", "道路課", date(2025, 10, 1), None),
        ];
        let next_year = [
            office("doro", "道路課", date(2024, 4, 1), Some(date(2026, 3, 31))),
            office("doro-2", "道路課", date(2026, 4, 1), None),
        ];
        for (rules, offices, faulty) in [
            (vec![general.clone()], &apart, vec![]),
            (vec![bare], &apart, vec![0]),
            (vec![general.clone()], &namesakes, vec![0]),
            (vec![general.clone(), named], &namesakes, vec![]),
            (vec![general.clone(), own.clone()], &apart, vec![]),
            (vec![own.clone(), other.clone()], &apart, vec![1]),
            (vec![until(&own, date(2026, 3, 31)), from(&other, date(2026, 4, 1))], &apart, vec![]),
            (vec![until(&own, date(2026, 3, 30)), from(&other, date(2026, 3, 31))], &apart, vec![1]),
            (vec![general.clone(), order], &apart, vec![1]),
            (vec![general.clone(), incoming], &apart, vec![]),
            (vec![general.clone()], &successor, vec![0]),
            (vec![general], &next_year, vec![]),
        ] {
            let found: Vec<_> =
                shared_symbol_faults(&rules, offices).into_iter().map(|fault| fault.pointer).collect();
            let expected: Vec<_> =
                faulty.iter().map(|index: &usize| format!("/document_numbers/{index}/symbol")).collect();
            assert_eq!(found, expected, "{rules:?} {offices:?}");
        }
    }

    #[test]
    fn r120_gaps_and_duplicates_are_found() {
        let series = Series { key: "answer:doro".to_owned(), year: 2026 };
        let gap = |from, to| Irregularity::Gap { series: series.clone(), from, to };
        for (last, numbers, expected) in [
            (0, vec![], vec![]),
            (3, vec![3, 1, 2], vec![]),
            (5, vec![2, 5], vec![gap(1, 1), gap(3, 4)]),
            (3, vec![1], vec![gap(2, 3)]),
            (2, vec![1, 1, 2], vec![Irregularity::Duplicate { series: series.clone(), number: 1 }]),
            (1, vec![1, 2], vec![Irregularity::Uncounted { series: series.clone(), number: 2 }]),
        ] {
            assert_eq!(irregularities(&series, last, numbers.clone()), expected, "{last} {numbers:?}");
        }
    }
}
