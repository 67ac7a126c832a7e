//! What a filing must satisfy beyond its form: who is in charge, which queue it reaches, which documents it needs, and what
//! the applicant should know. Decided in `domain`; this only puts together what the rules may read.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::Refusal;
use super::catalogue::form_faults;
use super::intake::circumstances;
use crate::catalogue::{Catalogue, CatalogueProcedure};
use crate::domain::calendar::jst_day;
use crate::domain::documents::{DocumentCheck, OmittedDocument};
use crate::domain::expression::Facts;
use crate::domain::fault::Fault;
use crate::domain::fee::Channel;
use crate::domain::form::NamedPlace;
use crate::domain::paper_filing::PaperFiling;
use crate::domain::procedure::ApplicantKind;
use crate::domain::routing::Route;
use crate::domain::validity::Warning;

/// Who files, and by which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filer {
    /// Who applies, where it is known.
    pub kind: Option<ApplicantKind>,
    /// By which way it comes in.
    pub channel: Channel,
}

impl From<Option<ApplicantKind>> for Filer {
    /// Somebody who files through the system.
    fn from(kind: Option<ApplicantKind>) -> Self {
        Self { kind, channel: Channel::Online }
    }
}

impl From<PaperFiling> for Filer {
    fn from(paper: PaperFiling) -> Self {
        Self { kind: Some(paper.applicant_kind), channel: paper.channel.fee_channel() }
    }
}

/// Answers on their way in.
#[derive(Clone, Debug)]
pub struct Filing<'a> {
    procedure: &'a CatalogueProcedure,
    applicant: Option<ApplicantKind>,
    arrived_on: Date,
    facts: Facts,
    /// The municipalities that the answers name.
    places: Vec<NamedPlace>,
    /// What a system behind the counter cannot write; pointers go into the answers.
    unwritable: Vec<Warning>,
}

/// A filing that may arrive.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The department whose queue it reaches.
    pub department: String,
    /// The documents that were lawfully left out.
    pub omitted: Vec<OmittedDocument>,
}

impl<'a> Filing<'a> {
    /// Completed answers that arrive at `arrived_at`, or would.
    pub fn of(
        procedure: &'a CatalogueProcedure,
        answers: &Value,
        filer: impl Into<Filer>,
        arrived_at: Timestamp,
    ) -> Self {
        let filer = filer.into();
        let facts = procedure.form.facts(answers, &circumstances(filer, arrived_at));
        Self::with_facts(procedure, answers, filer.kind, arrived_at, facts)
    }

    /// As [`Filing::of`] of answers that are handed in, with every fault of them, for the work of one.
    pub fn judged(
        procedure: &'a CatalogueProcedure,
        answers: &Value,
        filer: Filer,
        arrived_at: Timestamp,
    ) -> (Self, Vec<Fault>) {
        let known = circumstances(filer, arrived_at);
        let (faults, facts) = procedure.form.validate_with_facts(answers, &known);
        (Self::with_facts(procedure, answers, filer.kind, arrived_at, facts), faults)
    }

    fn with_facts(
        procedure: &'a CatalogueProcedure,
        answers: &Value,
        applicant: Option<ApplicantKind>,
        arrived_at: Timestamp,
        facts: Facts,
    ) -> Self {
        let places = procedure.form.named_places(answers);
        let unwritable = procedure.form.charset_warnings(answers);
        Self { procedure, applicant, arrived_on: jst_day(arrived_at), facts, places, unwritable }
    }

    /// What conditions read of it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The fault of answers for which another body is in charge: said early, while the rest is still being written.
    pub fn authority_fault(&self, catalogue: &Catalogue) -> Option<Fault> {
        let jurisdictions = catalogue.jurisdictions();
        match self.procedure.routing.route(&self.facts, self.arrived_on, jurisdictions) {
            Route::Department { .. } | Route::PlaceUnanswered { .. } => None,
            elsewhere => elsewhere.department(jurisdictions).err(),
        }
    }

    /// The department whose queue these answers reach; none where another body is in charge or nobody can say.
    pub fn department(&self, catalogue: &Catalogue) -> Option<String> {
        let jurisdictions = catalogue.jurisdictions();
        let route = self.procedure.routing.route(&self.facts, self.arrived_on, jurisdictions);
        route.department(jurisdictions).ok()
    }

    /// A fault for each answer that names a municipality which does not exist; pointers go into the answers.
    pub fn unknown_places(&self, catalogue: &Catalogue) -> Vec<Fault> {
        let unknown = |place: &&NamedPlace| !catalogue.jurisdictions().may_exist(&place.code);
        let unknown = self.places.iter().filter(unknown);
        unknown.map(|place| self.procedure.form.unknown_place(&place.pointer)).collect()
    }

    /// Where complete answers with these documents go, or every fault of place and documents; pointers go into the request.
    pub fn accept(&self, catalogue: &Catalogue, present: &[String]) -> Result<Accepted, Vec<Fault>> {
        let jurisdictions = catalogue.jurisdictions();
        let route = self.procedure.routing.route(&self.facts, self.arrived_on, jurisdictions);
        let mut faults = form_faults(self.unknown_places(catalogue));
        let department =
            route.department(jurisdictions).map_err(|fault| add_new(&mut faults, form_faults(vec![fault])));
        let documents = self.documents(present);
        faults.extend(documents.faults);
        match department {
            Ok(department) if faults.is_empty() => Ok(Accepted { department, omitted: documents.omitted }),
            _ => Err(faults),
        }
    }

    /// A fault for each document that these answers need and that is not there.
    pub fn missing_documents(&self, present: &[String]) -> Vec<Fault> {
        self.documents(present).faults
    }

    fn documents(&self, present: &[String]) -> DocumentCheck {
        self.procedure.documents.check(&self.facts, self.applicant, present)
    }

    /// The last day of the permit that these answers renew; nothing where they renew none.
    pub fn renewed_term_end(&self) -> Option<Date> {
        self.procedure.renewal.as_ref()?.expires_on(&self.facts)
    }

    /// What the applicant should know and what blocks nothing; pointers go into the request.
    pub fn warnings(&self) -> Vec<Warning> {
        let renewal = self.procedure.renewal.as_ref();
        let renewal = renewal.and_then(|renewal| renewal.warning(&self.facts, self.arrived_on));
        let found = renewal.into_iter().chain(self.unwritable.iter().cloned());
        found.map(|it| Warning { pointer: format!("/form{}", it.pointer), ..it }).collect()
    }

    /// What conditions read of it, for good.
    pub fn into_facts(self) -> Facts {
        self.facts
    }

    /// The answers that a person must confirm for a system that cannot write them as typed.
    pub fn unwritable(&self) -> Vec<String> {
        self.unwritable.iter().map(|warning| format!("/form{}", warning.pointer)).collect()
    }
}

/// Answers of a draft, tidied and completed, or every fault of them: of what is written so far, and of a place that another
/// body is in charge of.
pub fn draft<'a>(
    catalogue: &Catalogue,
    procedure: &'a CatalogueProcedure,
    written: Value,
    filer: impl Into<Filer>,
    now: Timestamp,
) -> Result<(Value, Filing<'a>), Refusal> {
    let filer = filer.into();
    let known = circumstances(filer, now);
    let written = procedure.form.tidy(written);
    let mut faults = procedure.form.validate_draft(&written, &known);
    let answers = procedure.form.complete(written, &known);
    let filing = Filing::of(procedure, &answers, filer, now);
    faults.extend(filing.unknown_places(catalogue));
    add_new(&mut faults, filing.authority_fault(catalogue));
    if faults.is_empty() { Ok((answers, filing)) } else { Err(Refusal::Invalid(form_faults(faults))) }
}

/// Adds faults of places that have none yet: one mistake is named once.
fn add_new(faults: &mut Vec<Fault>, others: impl IntoIterator<Item = Fault>) {
    for other in others {
        if !faults.iter().any(|fault| fault.pointer == other.pointer) {
            faults.push(other);
        }
    }
}

/// The one kind of applicant a procedure is open to.
pub fn sole_applicant_kind(procedure: &CatalogueProcedure) -> Option<ApplicantKind> {
    match procedure.definition.applicant_kinds.as_slice() {
        [kind] => Some(*kind),
        _ => None,
    }
}
