//! Fee items ready to be priced: every expression parsed and checked once, at load.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::pro_rata::YearlyTariff;
use super::tiers::Tiers;
use crate::domain::expression::{self, Answer, Expression, ExpressionText, Facts, Scope, ValueType};
use crate::domain::fault::Fault;
use crate::domain::money::Yen;
use crate::domain::procedure::{Bilingual, Fee, FeeFormula, Fraction, ProcedureDefinition, Relief};

/// How many fees a derived one may follow, one after the other.
pub(super) const LONGEST_CHAIN: u8 = 8;

/// The fees of one version of a procedure, compiled.
#[derive(Clone, Debug)]
pub struct CompiledFees {
    /// The version of the procedure.
    pub(super) procedure_version: u32,
    /// The items, in the order of the definition.
    pub(super) fees: Vec<CompiledFee>,
    /// The rules that lift fees.
    pub(super) reliefs: Vec<CompiledRelief>,
    /// Everything that any of it reads.
    pub(super) reads: BTreeSet<String>,
}

/// One fee item.
#[derive(Clone, Debug)]
pub(super) struct CompiledFee {
    /// As it is written.
    pub(super) fee: Fee,
    /// Its version: procedure, its version, item, first day in force.
    pub(super) version: String,
    /// The condition under which it is charged.
    pub(super) when: Option<Expression>,
    /// The formula.
    pub(super) formula: Formula,
    /// What it reads, condition and what it is derived from included.
    pub(super) reads: BTreeSet<String>,
}

/// One branch of a fee by condition.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) when: Expression,
    pub(super) label: Option<Bilingual>,
    pub(super) amount: Yen,
}

/// A formula with its expressions compiled.
#[derive(Clone, Debug)]
pub(super) enum Formula {
    Flat { amount: Yen },
    ByChannel { paper: Yen, online: Yen },
    ByChoice { path: String, table: BTreeMap<String, Yen>, labels: BTreeMap<String, Bilingual> },
    ByCondition { branches: Vec<Branch>, otherwise: Yen },
    Linear { base: Yen, per_unit: Yen, count: Expression },
    PerUnit { unit_amount: Yen, count: Expression, unit: String },
    Tiers { value: Expression, unknown_value: Option<i64>, tariff: Tiers },
    SameTime { first: Yen, other: Yen, count: Expression },
    Derived { of: String, fraction: Fraction },
    ProRata(Box<CompiledUse>),
}

/// A yearly amount by quantity and time.
#[derive(Clone, Debug)]
pub(super) struct CompiledUse {
    pub(super) tariff: YearlyTariff,
    pub(super) quantity: Option<Expression>,
    pub(super) quantity_scale: u8,
    pub(super) from: Expression,
    pub(super) to: Expression,
}

/// One rule that lifts fees.
#[derive(Clone, Debug)]
pub(super) struct CompiledRelief {
    pub(super) rule: Relief,
    pub(super) when: Expression,
}

impl CompiledRelief {
    pub(super) fn is_effective_on(&self, day: Date) -> bool {
        self.rule.effective_from <= day && self.rule.effective_to.is_none_or(|last| day <= last)
    }

    pub(super) fn concerns(&self, item: &str) -> bool {
        self.rule.fees.is_empty() || self.rule.fees.iter().any(|code| code == item)
    }
}

/// What one fee item reads, for the check that it is always answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeReads {
    /// By its condition.
    pub condition: BTreeSet<String>,
    /// By its formula, where a missing answer leaves the fee unknown.
    pub formula: BTreeSet<String>,
}

impl CompiledFees {
    /// Compiles the fees and reliefs of a definition. Faults carry pointers into it.
    pub fn compile(definition: &ProcedureDefinition, scope: &Scope) -> Result<Self, Vec<Fault>> {
        let mut compiler = Compiler { definition, scope, faults: Vec::new() };
        let fees: Vec<_> = (0_usize..)
            .zip(&definition.fees)
            .filter_map(|(index, fee)| compiler.fee(&format!("/fees/{index}"), fee))
            .collect();
        let reliefs: Vec<_> = (0_usize..)
            .zip(&definition.reliefs)
            .filter_map(|(index, rule)| {
                let when =
                    compiler.expression(&format!("/reliefs/{index}/when"), &rule.when, &ValueType::Bool)?;
                Some(CompiledRelief { rule: rule.clone(), when })
            })
            .collect();
        compiler.circles();
        if !compiler.faults.is_empty() {
            return Err(compiler.faults);
        }
        let mut fees = fees;
        let spread = follow_derived(&fees, fees.iter().map(|fee| fee.formula.reads()).collect());
        for (fee, formula) in fees.iter_mut().zip(spread) {
            fee.reads = formula;
            fee.reads.extend(fee.when.iter().flat_map(all_paths));
        }
        let mut reads: BTreeSet<String> = fees.iter().flat_map(|fee| fee.reads.iter().cloned()).collect();
        reads.extend(reliefs.iter().flat_map(|relief| all_paths(&relief.when)));
        Ok(Self { procedure_version: definition.version, fees, reliefs, reads })
    }

    /// What each item reads, in the order of the definition.
    pub fn reads_by_item(&self) -> Vec<FeeReads> {
        let condition = |fee: &CompiledFee| fee.when.iter().flat_map(needs_of).collect();
        let formulas = follow_derived(&self.fees, self.fees.iter().map(|fee| fee.formula.needs()).collect());
        let both = self.fees.iter().zip(formulas);
        both.map(|(fee, formula)| FeeReads { condition: condition(fee), formula }).collect()
    }

    /// Whether other applications handed in at the same time may change what an application costs (R-58b).
    pub fn has_same_time_price(&self) -> bool {
        self.fees.iter().any(|fee| matches!(fee.formula, Formula::SameTime { .. }))
    }

    /// Whether the procedure has any fee, in force or not.
    pub fn is_empty(&self) -> bool {
        self.fees.is_empty()
    }
}

/// A derived fee reads what the formula reads that it is a fraction of, by however many steps.
fn follow_derived(fees: &[CompiledFee], mut reads: Vec<BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    for _ in 0..LONGEST_CHAIN {
        let mut by_code: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (fee, own) in fees.iter().zip(&reads) {
            by_code.entry(fee.fee.code.as_str()).or_default().extend(own.iter().cloned());
        }
        for (fee, own) in fees.iter().zip(&mut reads) {
            if let Formula::Derived { of, .. } = &fee.formula {
                own.extend(by_code.get(of.as_str()).into_iter().flatten().cloned());
            }
        }
    }
    reads
}

impl Formula {
    /// Every expression of the formula.
    pub(super) fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Flat { .. } | Self::ByChannel { .. } | Self::ByChoice { .. } | Self::Derived { .. } => {
                vec![]
            }
            Self::ByCondition { branches, .. } => branches.iter().map(|branch| &branch.when).collect(),
            Self::Linear { count, .. } | Self::PerUnit { count, .. } | Self::SameTime { count, .. } => {
                vec![count]
            }
            Self::Tiers { value, .. } => vec![value],
            Self::ProRata(it) => it.quantity.iter().chain([&it.from, &it.to]).collect(),
        }
    }

    /// What it cannot do without; an unknown value of tiers has its own amount.
    fn needs(&self) -> BTreeSet<String> {
        match self {
            Self::Tiers { unknown_value: Some(_), .. } => BTreeSet::new(),
            Self::ByChoice { path, .. } => BTreeSet::from([path.clone()]),
            other => other.expressions().into_iter().flat_map(needs_of).collect(),
        }
    }

    fn reads(&self) -> BTreeSet<String> {
        match self {
            Self::ByChannel { .. } => BTreeSet::from(["channel".to_owned()]),
            Self::ByChoice { path, .. } => BTreeSet::from([path.clone()]),
            other => other.expressions().into_iter().flat_map(all_paths).collect(),
        }
    }
}

/// All that an expression looks at: what it reads, and what it only asks for with `has`.
fn all_paths(expression: &Expression) -> Vec<String> {
    expression.inputs().iter().cloned().collect()
}

/// What an expression cannot do without, found by asking it on facts that hold nothing, then on a table of one empty row:
/// `form.items` and `form.items.0.quantity`.
pub fn needs_of(expression: &Expression) -> BTreeSet<String> {
    let missing = |facts: &Facts| match expression.evaluate(facts) {
        Ok(Answer::Unanswered(paths)) => paths,
        Ok(Answer::Known(_)) | Err(_) => Vec::new(),
    };
    let mut needs: BTreeSet<String> = missing(&Facts::default()).into_iter().collect();
    for path in expression.reads() {
        // One at a time: what is no table is at fault then, and says nothing.
        if let Some((root, name)) = path.split_once('.') {
            let table: Map<String, Value> = [(name.to_owned(), json!([{}]))].into_iter().collect();
            needs.extend(missing(&Facts::new(
                [(root.to_owned(), Value::Object(table))].into_iter().collect(),
            )));
        }
    }
    needs
}

struct Compiler<'a> {
    definition: &'a ProcedureDefinition,
    scope: &'a Scope,
    faults: Vec<Fault>,
}

impl Compiler<'_> {
    fn expression(
        &mut self,
        pointer: &str,
        text: &ExpressionText,
        expected: &ValueType,
    ) -> Option<Expression> {
        match expression::compile(text, self.scope, expected) {
            Ok(compiled) => Some(compiled),
            Err(fault) => {
                self.faults.push(Fault::new(pointer, fault.code(), fault.message_ja(), fault.message_en()));
                None
            }
        }
    }

    fn fee(&mut self, pointer: &str, fee: &Fee) -> Option<CompiledFee> {
        let when =
            fee.when.as_ref().map(|text| self.expression(&format!("{pointer}/when"), text, &ValueType::Bool));
        let formula = self.formula(&format!("{pointer}/formula"), &fee.formula);
        let (when, formula) = (when.map_or(Some(None), |when| when.map(Some))?, formula?);
        let ProcedureDefinition { id, version, .. } = self.definition;
        let version = format!("{id}/{version}/{}@{}", fee.code, fee.effective_from);
        Some(CompiledFee { fee: fee.clone(), version, when, formula, reads: BTreeSet::new() })
    }

    fn formula(&mut self, pointer: &str, formula: &FeeFormula) -> Option<Formula> {
        let int = |it: &mut Self, name: &str, text: &ExpressionText| {
            it.expression(&format!("{pointer}/{name}"), text, &ValueType::Int)
        };
        Some(match formula {
            FeeFormula::Flat { amount } => Formula::Flat { amount: *amount },
            FeeFormula::ByChannel { paper, online } => Formula::ByChannel { paper: *paper, online: *online },
            FeeFormula::ByChoice { field, table } => self.by_choice(pointer, field, table)?,
            FeeFormula::ByCondition { cases, otherwise } => {
                let branches: Vec<_> = (0_usize..)
                    .zip(cases)
                    .map(|(index, case)| {
                        let at = format!("{pointer}/cases/{index}/when");
                        let when = self.expression(&at, &case.when, &ValueType::Bool)?;
                        Some(Branch { when, label: case.label.clone(), amount: case.amount })
                    })
                    .collect();
                let branches = branches.into_iter().collect::<Option<_>>()?;
                Formula::ByCondition { branches, otherwise: *otherwise }
            }
            FeeFormula::Linear { base, per_unit, count } => {
                Formula::Linear { base: *base, per_unit: *per_unit, count: int(self, "count", count)? }
            }
            FeeFormula::PerUnit { unit_amount, count, unit } => Formula::PerUnit {
                unit_amount: *unit_amount,
                count: int(self, "count", count)?,
                unit: unit.clone(),
            },
            FeeFormula::Tiers { value, unknown_value, base, base_up_to, bands } => Formula::Tiers {
                value: int(self, "value", value)?,
                unknown_value: *unknown_value,
                tariff: Tiers { base: *base, base_up_to: *base_up_to, bands: bands.clone() },
            },
            FeeFormula::SameTime { first, other, count } => {
                Formula::SameTime { first: *first, other: *other, count: int(self, "count", count)? }
            }
            FeeFormula::Derived { of, fraction } => self.derived(pointer, of, *fraction)?,
            FeeFormula::ProRata { .. } => self.pro_rata(pointer, formula)?,
        })
    }

    fn by_choice(&mut self, pointer: &str, field: &str, table: &BTreeMap<String, Yen>) -> Option<Formula> {
        let ProcedureDefinition { form, office_form, .. } = self.definition;
        let named = |root: &str, fields: &[crate::domain::procedure::Field]| {
            let found = fields.iter().find(|candidate| candidate.name == field)?;
            let labels = found.choices.iter().map(|choice| (choice.value.clone(), choice.label.clone()));
            Some((format!("{root}.{field}"), labels.collect()))
        };
        let Some((path, labels)) = named("form", form).or_else(|| named("office", office_form)) else {
            let (ja, en) = (format!("項目「{field}」はありません"), format!("there is no field {field}"));
            self.faults.push(Fault::new(format!("{pointer}/field"), "unknown_field", ja, en));
            return None;
        };
        Some(Formula::ByChoice { path, table: table.clone(), labels })
    }

    fn derived(&mut self, pointer: &str, of: &str, fraction: Fraction) -> Option<Formula> {
        if self.definition.fees.iter().any(|fee| fee.code == of) {
            return Some(Formula::Derived { of: of.to_owned(), fraction });
        }
        let (ja, en) = (format!("手数料「{of}」はありません"), format!("there is no fee {of}"));
        self.faults.push(Fault::new(format!("{pointer}/of"), "unknown_fee", ja, en));
        None
    }

    fn pro_rata(&mut self, pointer: &str, formula: &FeeFormula) -> Option<Formula> {
        let FeeFormula::ProRata {
            yearly,
            quantity,
            quantity_scale,
            from,
            to,
            mode,
            minimum,
            minimum_step,
            tax_percent_below_one_month,
        } = formula
        else {
            return None;
        };
        let quantity = quantity
            .as_ref()
            .map(|text| self.expression(&format!("{pointer}/quantity"), text, &ValueType::Int));
        let from = self.expression(&format!("{pointer}/from"), from, &ValueType::Date);
        let to = self.expression(&format!("{pointer}/to"), to, &ValueType::Date);
        let quantity = quantity.map_or(Some(None), |quantity| quantity.map(Some))?;
        let tariff = YearlyTariff {
            yearly: *yearly,
            mode: *mode,
            minimum: *minimum,
            minimum_step: *minimum_step,
            tax_percent_below_one_month: *tax_percent_below_one_month,
        };
        let compiled =
            CompiledUse { tariff, quantity, quantity_scale: *quantity_scale, from: from?, to: to? };
        Some(Formula::ProRata(Box::new(compiled)))
    }

    /// A fee may not be a fraction of itself, by whatever detour.
    fn circles(&mut self) {
        let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for fee in &self.definition.fees {
            if let FeeFormula::Derived { of, .. } = &fee.formula {
                edges.entry(fee.code.as_str()).or_default().insert(of.as_str());
            }
        }
        for (index, fee) in (0_usize..).zip(&self.definition.fees) {
            let FeeFormula::Derived { of, .. } = &fee.formula else { continue };
            // After so many steps a chain has ended, unless it is a circle or longer than anybody can follow.
            let mut front = BTreeSet::from([of.as_str()]);
            for _ in 0..LONGEST_CHAIN {
                front = front.iter().filter_map(|code| edges.get(code)).flatten().copied().collect();
            }
            if !front.is_empty() {
                let (ja, en) = (
                    "手数料の参照が循環しているか、長すぎます",
                    "is derived from itself, or by too many steps",
                );
                self.faults.push(Fault::new(format!("/fees/{index}/formula/of"), "fee_circle", ja, en));
            }
        }
    }
}
