//! Routing (振り分け): to which queue a case goes, by the place of the facility, by the answers and by the day.
//!
//! Every case reaches some queue: rules are tried in order, and the procedure's own department has what no rule takes. A
//! rule whose answers are missing does not apply. What another body is in charge of never reaches a queue here: it is
//! refused with the name of that body (R-172…R-175), because an application at the wrong authority starts no clock.

mod jurisdictions;

use jiff::civil::Date;

use super::expression::{Answer, Expression, ExpressionFault, Facts, Outcome, Scope, ValueType, compile};
use super::fault::Fault;
use super::id::TenantCode;
use super::procedure::{FieldType, ProcedureDefinition};

pub use jurisdictions::{InCharge, JurisdictionFile, Jurisdictions, NamedDepartment};

/// Where a case goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To a department of the body itself.
    Department {
        /// Its code.
        code: String,
        /// The rule that said so, counted from 0; nothing for the procedure's own department.
        rule: Option<usize>,
        /// Why.
        basis: Option<String>,
    },
    /// Another body is in charge.
    Elsewhere {
        /// That body.
        authority: TenantCode,
        /// Why.
        basis: String,
        /// The answer that says so, as a pointer into the answers, e.g. `/facility/municipality`.
        pointer: String,
    },
    /// The place is in no municipality of the prefecture.
    Outside {
        /// The answer that says so.
        pointer: String,
    },
    /// Nobody can say who is in charge before this answer is there.
    PlaceUnanswered {
        /// The answer that is missing.
        pointer: String,
    },
}

#[derive(Debug)]
struct CompiledJurisdiction {
    area: String,
    municipality: Expression,
    pointer: String,
}

#[derive(Debug)]
struct CompiledRule {
    when: Option<Expression>,
    department: String,
    from: Option<Date>,
    to: Option<Date>,
    basis: String,
}

/// The routing of a procedure version, ready to use.
#[derive(Debug)]
pub struct CompiledRouting {
    tenant: TenantCode,
    department: String,
    jurisdiction: Option<CompiledJurisdiction>,
    rules: Vec<CompiledRule>,
}

impl CompiledRouting {
    /// Compiles jurisdiction and rules; faults point into the definition.
    pub fn compile(definition: &ProcedureDefinition, scope: &Scope) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut jurisdiction = None;
        if let Some(source) = &definition.jurisdiction {
            let pointer = "/jurisdiction/municipality";
            match compile(&source.municipality, scope, &ValueType::Text) {
                Ok(municipality) => {
                    if let Some(pointer) = place_pointer(definition, &municipality) {
                        let area = source.area.clone();
                        jurisdiction = Some(CompiledJurisdiction { area, municipality, pointer });
                    } else {
                        let (ja, en) = ("様式の項目を参照していません", "reads no field of the form");
                        faults.push(Fault::new(pointer, "no_place", ja, en));
                    }
                }
                Err(fault) => faults.push(expression_fault(pointer, &fault)),
            }
        }
        let mut rules = Vec::new();
        for (index, rule) in definition.routing.iter().enumerate() {
            let compiled = rule.when.as_ref().map(|when| compile(when, scope, &ValueType::Bool)).transpose();
            match compiled {
                Ok(when) => rules.push(CompiledRule {
                    when,
                    department: rule.department.clone(),
                    from: rule.effective_from,
                    to: rule.effective_to,
                    basis: rule.basis.clone(),
                }),
                Err(fault) => faults.push(expression_fault(format!("/routing/{index}/when"), &fault)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let (tenant, department) = (definition.tenant.clone(), definition.department.clone());
        Ok(Self { tenant, department, jurisdiction, rules })
    }

    /// Where a case with these answers goes that arrives on `day`.
    pub fn route(&self, facts: &Facts, day: Date, jurisdictions: &Jurisdictions) -> Route {
        let settled = match self.place(facts, day, jurisdictions) {
            Ok(settled) => settled,
            Err(route) => return route,
        };
        let applies = |rule: &CompiledRule| {
            rule.from.is_none_or(|from| from <= day)
                && rule.to.is_none_or(|to| day <= to)
                && rule.when.as_ref().is_none_or(|when| is_true(when, facts))
        };
        if let Some((index, rule)) = self.rules.iter().enumerate().find(|(_, rule)| applies(rule)) {
            let basis = Some(rule.basis.clone());
            return Route::Department { code: rule.department.clone(), rule: Some(index), basis };
        }
        match settled {
            Some((code, basis)) => Route::Department { code, rule: None, basis: Some(basis) },
            None => Route::Department { code: self.department.clone(), rule: None, basis: None },
        }
    }

    /// The department that the table of jurisdictions settles, or where else the case belongs.
    fn place(
        &self,
        facts: &Facts,
        day: Date,
        jurisdictions: &Jurisdictions,
    ) -> Result<Option<(String, String)>, Route> {
        let Some(jurisdiction) = &self.jurisdiction else { return Ok(None) };
        let pointer = || jurisdiction.pointer.clone();
        let place = match jurisdiction.municipality.evaluate(facts) {
            Ok(Answer::Known(Outcome::Text(place))) if !place.is_empty() => place,
            _ => return Err(Route::PlaceUnanswered { pointer: pointer() }),
        };
        let Some(in_charge) = jurisdictions.in_charge(&jurisdiction.area, &place, day) else {
            return Err(Route::Outside { pointer: pointer() });
        };
        if in_charge.authority != self.tenant {
            let basis = in_charge.basis.to_owned();
            return Err(Route::Elsewhere { authority: in_charge.authority, basis, pointer: pointer() });
        }
        Ok(in_charge.department.map(|code| (code.to_owned(), in_charge.basis.to_owned())))
    }
}

impl Route {
    /// The department of the case, or the fault that its answers have; pointers go into the answers.
    pub fn department(self, jurisdictions: &Jurisdictions) -> Result<String, Fault> {
        match self {
            Self::Department { code, .. } => Ok(code),
            Self::Elsewhere { authority, basis, pointer } => {
                let name = jurisdictions.name(&authority);
                let ja = format!(
                    "この所在地の手続は{}が所管しています。{}へ申請してください（{basis}）。",
                    name.ja, name.ja
                );
                let en = format!("{} is in charge at this place; please apply there ({basis}).", name.en);
                Err(Fault::new(pointer, "other_authority", ja, en))
            }
            Self::Outside { pointer } => {
                let (ja, en) = ("県内の市町村ではありません。", "This is no municipality of the prefecture.");
                Err(Fault::new(pointer, "unknown_municipality", ja, en))
            }
            Self::PlaceUnanswered { pointer } => {
                let ja = "所管を決めるため、所在地の市町村が必要です。";
                let en = "The municipality is needed to know who is in charge.";
                Err(Fault::new(pointer, "required", ja, en))
            }
        }
    }
}

/// Whether a condition holds; where an answer is missing it does not, and neither where it cannot be computed.
pub(super) fn is_true(condition: &Expression, facts: &Facts) -> bool {
    matches!(condition.evaluate(facts), Ok(Answer::Known(Outcome::Bool(true))))
}

/// A fault of an expression of a definition.
pub(super) fn expression_fault(pointer: impl Into<String>, fault: &ExpressionFault) -> Fault {
    Fault::new(pointer, fault.code(), fault.message_ja(), fault.message_en())
}

/// The answer that names the place: of the fields the expression reads, a municipality or an address before any other.
fn place_pointer(definition: &ProcedureDefinition, municipality: &Expression) -> Option<String> {
    let read = || municipality.reads().iter().filter_map(|path| path.strip_prefix("form."));
    let is_place = |path: &&str| {
        let name = path.split('.').next().unwrap_or(path);
        let field = definition.field(name);
        field.is_some_and(|field| matches!(field.field_type, FieldType::Municipality | FieldType::Address))
    };
    let path = read().find(is_place).or_else(|| read().next())?;
    Some(format!("/{}", path.replace('.', "/")))
}

#[cfg(test)]
pub(crate) mod tests;
