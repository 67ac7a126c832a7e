//! The catalogue: tenants, departments, calendars, municipalities and procedures, read from the configuration.
//!
//! ```text
//! municipalities.csv                       every body by code
//! jurisdictions.yaml                       who is in charge where
//! calendars/japan.yaml                     national holidays, as published
//! tenants/<code>.yaml                      one body with its departments and days off
//! procedures/<code>/<id>.yaml              one procedure; further versions as <id>.v<version>.yaml
//! templates/<id>.v<version>.yaml           what several bodies build their procedures on (`template`)
//! ```
//!
//! Over these files lie the versions and closings that administrators published ([`live`]).
//!
//! Invariants: what is loaded from files is sound (every file checked, every fault named with its file), one catalogue
//! never changes ([`live::LiveCatalogue`] holds the present one), and each procedure version carries the SHA-256 of its
//! content so that a case can prove which text it was started under.

mod compile;
pub mod definition;
mod embedded;
mod examine;
pub mod language;
pub mod live;
pub mod positions;
mod read;
mod renewals;
mod search;
pub mod template;
pub mod upstream;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::calendar::Calendar;
use crate::domain::documents::CompiledDocuments;
use crate::domain::fault::Fault;
use crate::domain::fee::CompiledFees;
use crate::domain::form::CompiledForm;
use crate::domain::id::TenantCode;
use crate::domain::municipality::Municipalities;
use crate::domain::organisation::{Department, Tenant};
use crate::domain::procedure::ProcedureDefinition;
use crate::domain::procedure_version::{self, Span, Standing};
use crate::domain::routing::{CompiledRouting, Jurisdictions};
use crate::domain::validity::CompiledRenewal;

pub use examine::{Examined, TextFault};
pub use live::{Closing, LiveCatalogue, PublishedText, UnusableVersion};

/// The texts of a configuration: file name relative to its folder, with `/`, to content.
pub type ConfigurationFiles = BTreeMap<String, String>;

/// A fault of one file of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueFault {
    /// The file, relative to the configuration folder.
    pub file: String,
    /// What is wrong and where.
    pub fault: Fault,
}

impl fmt::Display for CatalogueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { pointer, code, message_ja, message_en } = &self.fault;
        write!(f, "{}: {pointer}: {code}: {message_en} / {message_ja}", self.file)
    }
}

/// A tenant with its calendar.
#[derive(Debug)]
pub struct CatalogueTenant {
    /// The tenant as configured.
    pub definition: Tenant,
    /// National holidays and its own closing days.
    pub calendar: Calendar,
}

/// A procedure version, ready to use.
#[derive(Debug)]
pub struct CatalogueProcedure {
    /// The procedure as configured.
    pub definition: ProcedureDefinition,
    /// Its form, compiled.
    pub form: CompiledForm,
    /// To which queue its cases go.
    pub routing: CompiledRouting,
    /// Which documents they need.
    pub documents: CompiledDocuments,
    /// When a renewal may be filed, where there are renewals.
    pub renewal: Option<CompiledRenewal>,
    /// What staff fix after review, compiled; without fields where they fix nothing.
    pub office_form: CompiledForm,
    /// Its fees, compiled.
    pub fees: CompiledFees,
    /// SHA-256 of the content in hex; comments and layout of the file do not count.
    pub digest: String,
    /// Titles, law and department, folded for search.
    search_text: String,
}

/// The name of one version: body, procedure, number.
pub type VersionKey = (TenantCode, String, u32);

/// Everything the counter offers.
#[derive(Debug)]
pub struct Catalogue {
    municipalities: Municipalities,
    jurisdictions: Jurisdictions,
    tenants: BTreeMap<TenantCode, Arc<CatalogueTenant>>,
    /// What definitions may extend, by file name.
    templates: Arc<ConfigurationFiles>,
    /// By tenant, then by procedure; versions ascending.
    procedures: BTreeMap<TenantCode, BTreeMap<String, Vec<Arc<CatalogueProcedure>>>>,
    /// Last days and drain dates that were decided after publication.
    closings: BTreeMap<VersionKey, Closing>,
    /// Published versions that this program cannot offer.
    unusable: Vec<UnusableVersion>,
}

impl Catalogue {
    /// The texts of the configuration that is shipped inside the program.
    pub fn shipped_files() -> ConfigurationFiles {
        embedded::FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    /// The texts of a configuration in a folder laid out like `config/`.
    pub fn files_of(folder: &Path) -> Result<ConfigurationFiles, Vec<CatalogueFault>> {
        read::files_of(folder)
    }

    /// The configuration made of these texts.
    pub fn load_files(files: ConfigurationFiles) -> Result<Self, Vec<CatalogueFault>> {
        read::load(files)
    }

    /// The configuration that is shipped inside the program.
    pub fn load_embedded() -> Result<Self, Vec<CatalogueFault>> {
        read::load(Self::shipped_files())
    }

    /// The shipped configuration with these files (name relative to `config/`, text) put over it.
    pub fn load_embedded_with(
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Vec<CatalogueFault>> {
        read::load(Self::shipped_files().into_iter().chain(files).collect())
    }

    /// The configuration in a folder laid out like `config/`.
    pub fn load_dir(folder: &Path) -> Result<Self, Vec<CatalogueFault>> {
        read::load(read::files_of(folder)?)
    }

    /// All municipalities and the prefecture, tenants or not.
    pub fn municipalities(&self) -> &Municipalities {
        &self.municipalities
    }

    /// Who is in charge of what, where and when.
    pub fn jurisdictions(&self) -> &Jurisdictions {
        &self.jurisdictions
    }

    /// The tenants, by code.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<CatalogueTenant>> {
        self.tenants.values()
    }

    /// The tenant with this code.
    pub fn tenant(&self, code: &TenantCode) -> Option<&Arc<CatalogueTenant>> {
        self.tenants.get(code)
    }

    /// A department of a tenant as it is on `day`.
    pub fn department(&self, tenant: &TenantCode, code: &str, day: Date) -> Option<&Department> {
        self.tenant(tenant)?.definition.department(code, day)
    }

    /// The code of the department that does on `day` the work of the one called `code` (R-127); `code` where nobody took it over.
    pub fn in_charge(&self, tenant: &TenantCode, code: &str, day: Date) -> String {
        let body = self.tenant(tenant).map(|body| &body.definition);
        let found = body.and_then(|body| body.department_in_charge(code, day));
        found.map_or(code, |department| department.code.as_str()).to_owned()
    }

    /// `code` and the departments that have ended by `day` whose work it does.
    pub fn names_of_work(&self, tenant: &TenantCode, code: &str, day: Date) -> Vec<String> {
        let ended = self.tenant(tenant).map(|body| body.definition.succeeded_on(day)).unwrap_or_default();
        let theirs = ended.into_iter().filter(|(_, successor)| successor.code == code);
        std::iter::once(code).chain(theirs.map(|(ended, _)| ended)).map(str::to_owned).collect()
    }

    /// The version of a procedure under which an application arriving on `day` falls.
    ///
    /// A version that this program cannot offer is never replaced by an older one: the procedure is then not offered.
    pub fn find_procedure(
        &self,
        tenant: &TenantCode,
        procedure: &str,
        day: Date,
    ) -> Option<&Arc<CatalogueProcedure>> {
        self.in_force(self.procedures.get(tenant)?.get(procedure)?, day)
    }

    fn in_force<'a>(
        &self,
        versions: &'a [Arc<CatalogueProcedure>],
        day: Date,
    ) -> Option<&'a Arc<CatalogueProcedure>> {
        let spans = versions.iter().map(|version| (version, self.span(version)));
        let found = procedure_version::in_force(spans, day)?;
        let hidden = self.unusable.iter().any(|unusable| unusable.hides(&found.definition, day));
        (!hidden).then_some(found)
    }

    /// From when to when a version takes applications: as it says itself, cut short by a closing.
    pub fn span(&self, version: &CatalogueProcedure) -> Span {
        let definition = &version.definition;
        let mut span = Span {
            from: definition.effective_from,
            to: definition.effective_to,
            drain_until: definition.drain_until,
        };
        // Nearly always empty, and the look-up needs owned names.
        if !self.closings.is_empty()
            && let Some(closing) = self.closings.get(&key_of(definition))
        {
            span.to = Some(span.to.map_or(closing.last_day, |to| to.min(closing.last_day)));
            span.drain_until = Some(closing.drain_until);
        }
        span
    }

    /// How a version stands on `day`, and its last day as far as it is known: by itself, by a closing, or because a later
    /// version begins.
    pub fn standing(&self, version: &CatalogueProcedure, day: Date) -> (Standing, Option<Date>) {
        let ProcedureDefinition { tenant, id, version: number, .. } = &version.definition;
        let versions = self.procedures.get(tenant).and_then(|procedures| procedures.get(id));
        let later = versions.into_iter().flatten().filter(|other| other.definition.version > *number);
        let next_from = later.map(|other| other.definition.effective_from).min();
        let span = self.span(version);
        let before_next = next_from.and_then(|next| next.yesterday().ok());
        let last_day = [span.to, before_next].into_iter().flatten().min();
        (procedure_version::standing(span, next_from, day), last_day)
    }

    /// Whether a procedure was offered before `day` and has no version in force any more.
    pub fn has_ended(&self, tenant: &TenantCode, procedure: &str, day: Date) -> bool {
        let versions = self.procedures.get(tenant).and_then(|procedures| procedures.get(procedure));
        let begun = |versions: &Vec<Arc<CatalogueProcedure>>| {
            versions.iter().any(|version| version.definition.effective_from <= day)
        };
        versions.is_some_and(begun) && self.find_procedure(tenant, procedure, day).is_none()
    }

    /// The newest version of a procedure by number, in force or not.
    pub fn newest_version(&self, tenant: &TenantCode, procedure: &str) -> Option<&Arc<CatalogueProcedure>> {
        self.procedures.get(tenant)?.get(procedure)?.last()
    }

    /// Published versions that this program cannot offer, with the reasons.
    pub fn unusable(&self) -> &[UnusableVersion] {
        &self.unusable
    }

    /// Reads, checks and compiles a text of a procedure version as a file of the configuration would be.
    pub fn examine(&self, text: &str) -> Examined {
        examine::examine(text, &self.tenants, &self.jurisdictions, &self.templates)
    }

    /// One version of a procedure, in force or not; cases pin theirs.
    pub fn procedure_version(
        &self,
        tenant: &TenantCode,
        procedure: &str,
        version: u32,
    ) -> Option<&Arc<CatalogueProcedure>> {
        let versions = self.procedures.get(tenant)?.get(procedure)?;
        let place = versions.binary_search_by_key(&version, |candidate| candidate.definition.version);
        versions.get(place.ok()?)
    }

    /// The procedures of a tenant in force on `day`, by id.
    pub fn procedures(&self, tenant: &TenantCode, day: Date) -> Vec<&Arc<CatalogueProcedure>> {
        let Some(procedures) = self.procedures.get(tenant) else { return Vec::new() };
        procedures.values().filter_map(|versions| self.in_force(versions, day)).collect()
    }

    /// The procedures of a tenant of which some version says that its permits are renewed by `procedure`.
    pub fn renewed_by(&self, tenant: &TenantCode, procedure: &str) -> Vec<&str> {
        let names_it = |version: &Arc<CatalogueProcedure>| {
            let validity = version.definition.validity.as_ref();
            let offer = validity.and_then(|validity| validity.renewal.as_ref());
            offer.is_some_and(|offer| offer.procedure == procedure)
        };
        let found = self.procedures.get(tenant).into_iter().flatten();
        found.filter(|(_, versions)| versions.iter().any(names_it)).map(|(slug, _)| slug.as_str()).collect()
    }

    /// Every version of every procedure of every tenant.
    pub fn all_versions(&self) -> impl Iterator<Item = &Arc<CatalogueProcedure>> {
        self.procedures.values().flat_map(BTreeMap::values).flatten()
    }
}

fn key_of(definition: &ProcedureDefinition) -> VersionKey {
    (definition.tenant.clone(), definition.id.clone(), definition.version)
}

#[cfg(test)]
mod tests;
