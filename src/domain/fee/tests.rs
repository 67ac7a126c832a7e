//! Fees against the vectors of the rulebook.

mod by_amount;
mod by_answer;
mod over_time;
mod plain;
mod properties;
mod reliefs;

use jiff::civil::{Date, date};
use serde_json::{Value, json};

use self::plain::{Circumstances, facts, scope};
use super::{Channel, CompiledFees, FeeAssessment, FeeFault, SameTimeTerms, assess, assess_in_basket};
use crate::domain::expression::Facts;
use crate::domain::fault::Fault;
use crate::domain::procedure::ProcedureDefinition;

pub(super) const DAY: Date = date(2026, 6, 1);

/// A field of the form that answers may be given for.
pub(super) fn field(name: &str, kind: &str) -> Value {
    json!({"name": name, "label": {"ja": name, "en": name}, "type": kind})
}

pub(super) fn definition(form: &Value, fees: &Value, reliefs: &Value) -> ProcedureDefinition {
    serde_json::from_value(json!({
        "id": "p", "version": 1, "tenant": "020001", "title": {"ja": "手続", "en": "Procedure"},
        "kind": "application",
        "legal_basis": {"law": "法", "article": "第1条", "basis_kind": "law", "online_basis": "法6条", "review_criteria": "審査基準"},
        "department": "d", "applicant_kinds": ["business"], "assurance": "id", "fee_due": "on_submit",
        "form": form, "fees": fees, "reliefs": reliefs, "retention_years": 5, "effective_from": "2020-01-01",
        "sources": [],
    }))
    .unwrap()
}

/// A fee item in force from 2020 on.
pub(super) fn fee(code: &str, formula: &Value) -> Value {
    json!({"code": code, "label": {"ja": code, "en": code}, "basis": "条例第1条", "revenue_account": "08-02-01-01",
           "formula": formula, "effective_from": "2020-01-01", "source": "test"})
}

/// A fee item with other members.
pub(super) fn fee_with(code: &str, formula: &Value, members: &Value) -> Value {
    let mut fee = fee(code, formula);
    for (name, value) in members.as_object().unwrap() {
        fee[name] = value.clone();
    }
    fee
}

pub(super) struct Case {
    pub(super) definition: ProcedureDefinition,
    pub(super) fees: CompiledFees,
    pub(super) channel: Channel,
    pub(super) day: Date,
}

impl Case {
    pub(super) fn new(form: &Value, fees: &Value) -> Self {
        Self::with_reliefs(form, fees, &json!([]))
    }

    pub(super) fn with_reliefs(form: &Value, fees: &Value, reliefs: &Value) -> Self {
        let definition = definition(form, fees, reliefs);
        let compiled = CompiledFees::compile(&definition, &scope(&definition));
        let fees = compiled.unwrap_or_else(|faults| panic!("{faults:?}"));
        Self { definition, fees, channel: Channel::Online, day: DAY }
    }

    pub(super) fn through(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    pub(super) fn on(mut self, day: Date) -> Self {
        self.day = day;
        self
    }

    pub(super) fn assess(&self, answers: &Value) -> Result<FeeAssessment, FeeFault> {
        assess(&self.fees, &self.facts(answers), self.day)
    }

    /// As it is assessed where others bear full prices.
    pub(super) fn assess_in_basket(
        &self,
        answers: &Value,
        terms: &SameTimeTerms,
    ) -> Result<FeeAssessment, FeeFault> {
        assess_in_basket(&self.fees, &self.facts(answers), self.day, terms)
    }

    fn facts(&self, answers: &Value) -> Facts {
        let known =
            Circumstances { office: None, channel: self.channel, applicant_kind: None, arrived_on: self.day };
        facts(&self.definition, answers, known)
    }

    pub(super) fn total(&self, answers: &Value) -> Result<i64, FeeFault> {
        self.assess(answers).map(|assessment| assessment.total.amount())
    }

    /// The amounts of the lines, by item.
    pub(super) fn amounts(&self, answers: &Value) -> Vec<(String, i64)> {
        let lines = self.assess(answers).unwrap().lines;
        lines.into_iter().map(|line| (line.item, line.amount.amount())).collect()
    }

    /// The explanation of the only line, in Japanese.
    pub(super) fn explanation(&self, answers: &Value) -> Vec<String> {
        let mut lines = self.assess(answers).unwrap().lines;
        assert_eq!(lines.len(), 1);
        lines.remove(0).explanation.into_iter().map(|line| line.ja).collect()
    }
}

/// The faults of fees that do not compile.
pub(super) fn faults(form: &Value, fees: &Value) -> Vec<Fault> {
    let definition = definition(form, fees, &json!([]));
    CompiledFees::compile(&definition, &scope(&definition)).err().unwrap_or_default()
}
