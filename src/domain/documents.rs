//! Documents (添付書類): which of them a case needs, and which it may leave out (R-43…R-46).
//!
//! A document is needed while it is required, concerns this applicant and no omission holds. A condition that lacks an
//! answer does not hold: nothing is required, and nothing may be left out, because of what nobody has said.

use super::expression::{Expression, Facts, Scope, ValueType, compile};
use super::fault::Fault;
use super::procedure::{ApplicantKind, Bilingual, ProcedureDefinition};
use super::routing::{expression_fault, is_true};

#[derive(Debug)]
struct CompiledDocument {
    code: String,
    title: Bilingual,
    required: bool,
    required_if: Option<Expression>,
    applicant_kinds: Vec<ApplicantKind>,
    omissions: Vec<(Expression, String)>,
}

/// The rules of the documents of a procedure version, ready to use.
#[derive(Debug)]
pub struct CompiledDocuments {
    documents: Vec<CompiledDocument>,
}

/// A document that would be needed and was lawfully left out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OmittedDocument {
    /// The document.
    pub code: String,
    /// The rule that allows it.
    pub basis: String,
}

/// What the documents of a case lack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentCheck {
    /// A fault for each document that is missing, at `/attachments/{code}`.
    pub faults: Vec<Fault>,
    /// What was left out and why it may be.
    pub omitted: Vec<OmittedDocument>,
}

impl CompiledDocuments {
    /// Compiles every condition; faults point into the definition.
    pub fn compile(definition: &ProcedureDefinition, scope: &Scope) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut documents = Vec::new();
        for (index, rule) in definition.attachments.iter().enumerate() {
            let pointer = format!("/attachments/{index}");
            let mut condition = |text, pointer: String| {
                compile(text, scope, &ValueType::Bool)
                    .map_err(|fault| faults.push(expression_fault(pointer, &fault)))
                    .ok()
            };
            let required_if =
                rule.required_if.as_ref().and_then(|when| condition(when, format!("{pointer}/required_if")));
            let mut omissions = Vec::new();
            for (place, omission) in rule.omissions.iter().enumerate() {
                let when = condition(&omission.when, format!("{pointer}/omissions/{place}/when"));
                omissions.extend(when.map(|when| (when, omission.basis.clone())));
            }
            documents.push(CompiledDocument {
                code: rule.code.clone(),
                title: rule.title.clone(),
                required: rule.required,
                required_if,
                applicant_kinds: rule.applicant_kinds.clone(),
                omissions,
            });
        }
        if faults.is_empty() { Ok(Self { documents }) } else { Err(faults) }
    }

    /// What is missing among the documents `present`, for these answers of such an applicant; an unknown one needs what any
    /// would.
    pub fn check(
        &self,
        facts: &Facts,
        applicant: Option<ApplicantKind>,
        present: &[String],
    ) -> DocumentCheck {
        let mut check = DocumentCheck::default();
        for document in &self.documents {
            if present.contains(&document.code) || !document.is_needed(facts, applicant) {
                continue;
            }
            match document.omissions.iter().find(|(when, _)| is_true(when, facts)) {
                Some((_, basis)) => {
                    check.omitted.push(OmittedDocument { code: document.code.clone(), basis: basis.clone() });
                }
                None => check.faults.push(document.missing()),
            }
        }
        check
    }
}

impl CompiledDocument {
    fn is_needed(&self, facts: &Facts, applicant: Option<ApplicantKind>) -> bool {
        let concerns = applicant
            .is_none_or(|kind| self.applicant_kinds.is_empty() || self.applicant_kinds.contains(&kind));
        concerns && (self.required || self.required_if.as_ref().is_some_and(|when| is_true(when, facts)))
    }

    fn missing(&self) -> Fault {
        let ja = format!("添付書類「{}」が必要です。", self.title.ja);
        let en = format!("The document \"{}\" is required.", self.title.en);
        Fault::new(format!("/attachments/{}", self.code), "required", ja, en)
    }
}

#[cfg(test)]
mod tests;
