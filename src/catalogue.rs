//! The catalogue: tenants, departments, calendars, municipalities and procedures, read from the configuration.
//!
//! ```text
//! municipalities.csv                       every body by code
//! calendars/japan.yaml                     national holidays, as published
//! tenants/<code>.yaml                      one body with its departments and days off
//! procedures/<code>/<id>.yaml              one procedure; further versions as <id>.v<version>.yaml
//! ```
//!
//! Invariants: what is loaded is sound (every file checked, every fault named with its file), nothing changes
//! afterwards, and each procedure version carries the SHA-256 of its content so that a case can prove which
//! text it was started under.

mod embedded;
mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::calendar::Calendar;
use crate::domain::fault::Fault;
use crate::domain::form::CompiledForm;
use crate::domain::id::TenantCode;
use crate::domain::municipality::{Municipalities, fold_for_search};
use crate::domain::organisation::{Department, Tenant};
use crate::domain::procedure::ProcedureDefinition;

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
    /// SHA-256 of the content in hex; comments and layout of the file do not count.
    pub digest: String,
    /// Titles, law and department, folded for search.
    search_text: String,
}

/// Everything the counter offers.
#[derive(Debug)]
pub struct Catalogue {
    municipalities: Municipalities,
    tenants: BTreeMap<TenantCode, Arc<CatalogueTenant>>,
    /// By tenant, then by procedure; versions ascending.
    procedures: BTreeMap<TenantCode, BTreeMap<String, Vec<Arc<CatalogueProcedure>>>>,
}

impl Catalogue {
    /// The configuration that is shipped inside the program.
    pub fn load_embedded() -> Result<Self, Vec<CatalogueFault>> {
        read::load(
            embedded::FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
        )
    }

    /// The shipped configuration with these files (name relative to `config/`, text) put over it.
    pub fn load_embedded_with(
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Vec<CatalogueFault>> {
        let shipped = embedded::FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        read::load(shipped.chain(files).collect())
    }

    /// The configuration in a folder laid out like `config/`.
    pub fn load_dir(folder: &Path) -> Result<Self, Vec<CatalogueFault>> {
        read::load(read::files_of(folder)?)
    }

    /// All municipalities and the prefecture, tenants or not.
    pub fn municipalities(&self) -> &Municipalities {
        &self.municipalities
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

    /// The newest version of a procedure under which an application arriving on `day` falls.
    pub fn find_procedure(
        &self,
        tenant: &TenantCode,
        procedure: &str,
        day: Date,
    ) -> Option<&Arc<CatalogueProcedure>> {
        newest_on(self.procedures.get(tenant)?.get(procedure)?, day)
    }

    /// One version of a procedure, in force or not; cases pin theirs.
    pub fn procedure_version(
        &self,
        tenant: &TenantCode,
        procedure: &str,
        version: u32,
    ) -> Option<&Arc<CatalogueProcedure>> {
        let versions = self.procedures.get(tenant)?.get(procedure)?;
        versions.iter().find(|candidate| candidate.definition.version == version)
    }

    /// The procedures of a tenant in force on `day`, by id.
    pub fn procedures(&self, tenant: &TenantCode, day: Date) -> Vec<&Arc<CatalogueProcedure>> {
        let Some(procedures) = self.procedures.get(tenant) else { return Vec::new() };
        procedures.values().filter_map(|versions| newest_on(versions, day)).collect()
    }

    /// Every version of every procedure of every tenant.
    pub fn all_versions(&self) -> impl Iterator<Item = &Arc<CatalogueProcedure>> {
        self.procedures.values().flat_map(BTreeMap::values).flatten()
    }

    /// The procedures of a tenant in force on `day` that contain every word of `query`; widths, case and variants of
    /// characters are folded (R-163). An empty query finds all.
    pub fn search(&self, tenant: &TenantCode, query: &str, day: Date) -> Vec<&Arc<CatalogueProcedure>> {
        let words: Vec<String> = query.split_whitespace().map(fold_for_search).collect();
        let mut found = self.procedures(tenant, day);
        found.retain(|procedure| words.iter().all(|word| procedure.search_text.contains(word.as_str())));
        found
    }
}

fn newest_on(versions: &[Arc<CatalogueProcedure>], day: Date) -> Option<&Arc<CatalogueProcedure>> {
    versions.iter().rev().find(|version| version.definition.is_effective_on(day))
}

#[cfg(test)]
mod tests;
