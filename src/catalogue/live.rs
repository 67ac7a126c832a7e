//! The present catalogue (公開中の目録): the shipped files with what administrators published laid over them.
//!
//! Invariants: a use case takes one [`LiveCatalogue::current`] and keeps it, so that one request never mixes two
//! catalogues; a revision never follows a higher one; a published text that this program cannot use (after an upgrade,
//! say) never stops a start: it is listed in [`Catalogue::unusable`], its procedure is not offered to new applications
//! (an older version never takes its place), and where its form still compiles, the cases pinned to it go on as before.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::civil::Date;

use super::{Catalogue, CatalogueProcedure, CatalogueTenant, VersionKey, key_of, read};
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::organisation::Department;
use crate::domain::procedure::{CRITERIA, ProcedureDefinition};

/// A version as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedText {
    /// The body.
    pub tenant: TenantCode,
    /// The procedure's id.
    pub procedure: String,
    /// The version.
    pub version: u32,
    /// Its first day.
    pub effective_from: Date,
    /// SHA-256 of the content in hex.
    pub digest: String,
    /// The text.
    pub text: String,
}

/// The end of a version, decided after its publication (受付終了).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The last day a draft can be begun.
    pub last_day: Date,
    /// Until when a draft begun before may be handed in.
    pub drain_until: Date,
}

/// A published version that this program cannot offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableVersion {
    /// The body.
    pub tenant: TenantCode,
    /// The procedure's id.
    pub procedure: String,
    /// The version.
    pub version: u32,
    /// Its first day.
    pub effective_from: Date,
    /// Why.
    pub faults: Vec<Fault>,
}

impl UnusableVersion {
    /// Whether this version stands, on `day`, where `definition` would otherwise be offered.
    pub(super) fn hides(&self, definition: &ProcedureDefinition, day: Date) -> bool {
        self.version >= definition.version
            && self.effective_from <= day
            && self.procedure == definition.id
            && self.tenant == definition.tenant
    }
}

/// Whether a laying over was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Laid {
    /// It is the present catalogue now.
    Taken,
    /// The present one is as new or newer.
    NotNewer,
}

struct Present {
    revision: i64,
    catalogue: Arc<Catalogue>,
}

/// Holds the present catalogue; reading it is one lock without waiting and one count.
pub struct LiveCatalogue {
    base: Arc<Catalogue>,
    present: RwLock<Present>,
    /// Held while a catalogue is put together, so that two do not do the same work.
    laying: Mutex<()>,
}

impl LiveCatalogue {
    /// Begins with the shipped files alone.
    pub fn new(base: Arc<Catalogue>) -> Self {
        let present = Present { revision: 0, catalogue: Arc::clone(&base) };
        Self { base, present: RwLock::new(present), laying: Mutex::new(()) }
    }

    /// The present catalogue. Take it once a use case.
    pub fn current(&self) -> Arc<Catalogue> {
        Arc::clone(&self.present.read().unwrap_or_else(PoisonError::into_inner).catalogue)
    }

    /// The revision of the database that the present catalogue shows.
    pub fn revision(&self) -> i64 {
        self.present.read().unwrap_or_else(PoisonError::into_inner).revision
    }

    /// Lays what is published over the shipped files, unless the present catalogue is as new. Compiles; not for the reactor.
    pub fn lay(
        &self,
        revision: i64,
        texts: Vec<PublishedText>,
        closings: Vec<(VersionKey, Closing)>,
        departments: Vec<(TenantCode, Department)>,
    ) -> Laid {
        let _alone = self.laying.lock().unwrap_or_else(PoisonError::into_inner);
        if revision <= self.revision() {
            return Laid::NotNewer;
        }
        let before = self.current();
        let catalogue = Arc::new(overlay(&self.base, &before, texts, closings, departments));
        let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
        *present = Present { revision, catalogue };
        Laid::Taken
    }
}

/// `base` with the published versions and closings over it; what `before` has compiled already is taken from there.
fn overlay(
    base: &Catalogue,
    before: &Catalogue,
    texts: Vec<PublishedText>,
    closings: Vec<(VersionKey, Closing)>,
    departments: Vec<(TenantCode, Department)>,
) -> Catalogue {
    let mut procedures = base.procedures.clone();
    let mut unusable = Vec::new();
    let failed: HashSet<VersionKey> =
        before.unusable.iter().map(|one| (one.tenant.clone(), one.procedure.clone(), one.version)).collect();
    for published in texts {
        let key = (published.tenant.clone(), published.procedure.clone(), published.version);
        let known = before.procedure_version(&key.0, &key.1, key.2).cloned();
        let known = known.filter(|known| known.digest == published.digest && !failed.contains(&key));
        let (procedure, faults) = match known {
            Some(known) => (Some(known), Vec::new()),
            None => compile(before, &published),
        };
        let taken = procedure.map_or(Ok(()), |procedure| read::insert(&mut procedures, procedure));
        let clash = taken.is_err_and(|clash| !is_same(base, &clash));
        let mut faults = faults;
        if clash {
            let (ja, en) = ("同じ版が設定ファイルにあります", "a shipped file has the same version");
            faults.push(Fault::new("/version", "duplicate", ja, en));
        }
        if !faults.is_empty() {
            let PublishedText { tenant, procedure, version, effective_from, .. } = published;
            unusable.push(UnusableVersion { tenant, procedure, version, effective_from, faults });
        }
    }
    Catalogue {
        municipalities: base.municipalities.clone(),
        jurisdictions: base.jurisdictions.clone(),
        tenants: with_departments(base, departments),
        templates: Arc::clone(&base.templates),
        procedures,
        // Later ones replace earlier ones.
        closings: closings.into_iter().collect::<BTreeMap<_, _>>(),
        unusable,
    }
}

/// The bodies of `base` with imported departments over those of their files: a record takes the place of the one with its code and
/// first day and keeps of it what no import says, such as the authority it decides in the name of.
fn with_departments(
    base: &Catalogue,
    departments: Vec<(TenantCode, Department)>,
) -> BTreeMap<TenantCode, Arc<CatalogueTenant>> {
    let mut tenants = base.tenants.clone();
    for (code, imported) in departments {
        // A body that this program no longer serves has no departments.
        let Some(tenant) = tenants.get_mut(&code) else { continue };
        let (definition, calendar) = (tenant.definition.clone(), tenant.calendar.clone());
        let mut changed = CatalogueTenant { definition, calendar };
        let same = |it: &&mut Department| it.code == imported.code && it.valid_from == imported.valid_from;
        if let Some(before) = changed.definition.departments.iter_mut().find(same) {
            let Department { name, bureau, valid_to, successor, source, .. } = imported;
            *before = Department { name, bureau, valid_to, successor, source, ..before.clone() };
        } else {
            // A department of the same code that goes on keeps its authority.
            let of_code = |it: &&Department| it.code == imported.code;
            let last = changed.definition.departments.iter().filter(of_code).max_by_key(|it| it.valid_from);
            let authority = last.map(|it| (it.disposing_authority.clone(), it.independent_authority));
            let (disposing_authority, independent_authority) = authority.unwrap_or_default();
            let added = Department { disposing_authority, independent_authority, ..imported };
            changed.definition.departments.push(added);
        }
        *tenant = Arc::new(changed);
    }
    tenants
}

/// The shipped file of the same number has the same content.
fn is_same(base: &Catalogue, published: &CatalogueProcedure) -> bool {
    let (tenant, id, version) = key_of(&published.definition);
    base.procedure_version(&tenant, &id, version).is_some_and(|shipped| shipped.digest == published.digest)
}

fn compile(
    catalogue: &Catalogue,
    published: &PublishedText,
) -> (Option<Arc<CatalogueProcedure>>, Vec<Fault>) {
    let examined = catalogue.examine(&published.text);
    let mut faults: Vec<Fault> = examined.faults.into_iter().map(|found| found.fault).collect();
    // Demanded of what is published from now on; what was published before goes on.
    faults.retain(|fault| fault.code != CRITERIA);
    let key = (published.tenant.clone(), published.procedure.clone(), published.version);
    // A text that was swapped in the database is not what was approved: nothing is read out of it.
    let approved = examined
        .procedure
        .filter(|procedure| key_of(&procedure.definition) == key && procedure.digest == published.digest);
    if approved.is_none() && faults.is_empty() {
        let (ja, en) = ("公開された内容と一致しません", "is not the content that was published");
        faults.push(Fault::new("", "other_content", ja, en));
    }
    (approved, faults)
}

#[cfg(test)]
mod tests;
