//! Examining the text of one procedure version: read, checked, compiled, its examples handed in; every fault with its line.

use std::cell::LazyCell;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::Arc;

use serde_json::Value;

use super::compile::{compile, contract_faults, department_faults, run_examples};
use super::definition::{self, Locator, ReadDefinition, Unread};
use super::read::Tenants;
use super::{CatalogueProcedure, ConfigurationFiles as Files, positions};
use crate::domain::fault::Fault;
use crate::domain::municipality::fold_for_search;
use crate::domain::procedure::ProcedureDefinition;
use crate::domain::routing::Jurisdictions;

/// A fault of a text, with the line where the reader stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFault {
    /// What is wrong and where in the content.
    pub fault: Fault,
    /// The line of the text, counted from 1; none where its template set the value.
    pub line: Option<usize>,
}

impl From<Fault> for TextFault {
    fn from(fault: Fault) -> Self {
        Self { fault, line: None }
    }
}

/// What a text of a procedure version turned out to be.
#[derive(Debug, Default)]
pub struct Examined {
    /// What the text says of itself, as far as it can be read: tenant, procedure, version.
    pub tenant: Option<String>,
    /// The procedure's id.
    pub id: Option<String>,
    /// The version.
    pub version: Option<u32>,
    /// SHA-256 of the content in hex.
    pub digest: Option<String>,
    /// The content as a tree; with its template resolved, once it can be read.
    pub tree: Option<Value>,
    /// Every fault that was found.
    pub faults: Vec<TextFault>,
    /// The version; it can be there with faults, good enough for old cases but not for new ones.
    pub procedure: Option<Arc<CatalogueProcedure>>,
}

/// The faults of a text, and the version that came of it.
pub(super) type Usable = (Vec<TextFault>, Option<Arc<CatalogueProcedure>>);

/// Examines texts (the last of each three) on all processors, because every start waits for it; the results are in order.
pub(super) fn examine_all(
    texts: &[(String, String, String)],
    tenants: &Tenants,
    jurisdictions: &Jurisdictions,
    files: &Files,
) -> Vec<Usable> {
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    // The texts of one body stand together and resemble each other, so each worker takes every so many.
    let examine_part = |first: usize| -> Vec<(usize, Usable)> {
        let part = texts.iter().enumerate().skip(first).step_by(workers);
        part.map(|(index, (_, _, text))| {
            let Examined { faults, procedure, .. } = examine(text, tenants, jurisdictions, files);
            (index, (faults, procedure))
        })
        .collect()
    };
    let examine_part = &examine_part;
    let mut examined: Vec<(usize, Usable)> = std::thread::scope(|scope| {
        let working: Vec<_> = (0..workers).map(|first| scope.spawn(move || examine_part(first))).collect();
        let done = working.into_iter().map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic)));
        done.flatten().collect()
    });
    examined.sort_by_key(|(index, _)| *index);
    examined.into_iter().map(|(_, usable)| usable).collect()
}

/// Reads, checks and compiles one text against the tenants; templates are looked up in `files`.
pub(super) fn examine(
    text: &str,
    tenants: &Tenants,
    jurisdictions: &Jurisdictions,
    files: &Files,
) -> Examined {
    let tree = match definition::tree_of(text) {
        Ok(tree) => tree,
        Err(faults) => {
            let at = |found: positions::TextFault| TextFault {
                fault: found.fault,
                line: Some(found.position.line),
            };
            return Examined { faults: faults.into_iter().map(at).collect(), ..Examined::default() };
        }
    };
    let mut examined = said_by(&tree);
    let read = definition::read_tree(tree, files);
    // Looked for only where there is a fault.
    let lines = LazyCell::new(|| Locator::new(text, files));
    let place = |fault: Fault| TextFault { line: lines.line_of(&fault), fault };
    let ReadDefinition { definition, tree, digest, .. } = match read {
        Ok(read) => read,
        Err(Unread { tree, faults }) => {
            examined.digest = Some(definition::digest_of(&tree));
            examined.tree = Some(tree);
            examined.faults.extend(faults.into_iter().map(place));
            return examined;
        }
    };
    examined.id = Some(definition.id.clone());
    examined.digest = Some(digest.clone());
    examined.tree = Some(tree);
    let (procedure, faults) = judge(definition, digest, tenants, jurisdictions);
    examined.faults.extend(faults.into_iter().map(place));
    examined.procedure = procedure;
    examined
}

/// What a tree says of itself.
fn said_by(tree: &Value) -> Examined {
    let said = |name: &str| tree.get(name).and_then(Value::as_str).map(str::to_owned);
    let version = tree.get("version").and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    Examined { tenant: said("tenant"), id: said("id"), version, ..Examined::default() }
}

/// Checks and compiles a definition and hands its examples in; it can be usable for old cases with faults that bar new
/// ones.
fn judge(
    definition: ProcedureDefinition,
    digest: String,
    tenants: &Tenants,
    jurisdictions: &Jurisdictions,
) -> (Option<Arc<CatalogueProcedure>>, Vec<Fault>) {
    let mut checked = definition.check_and_compile();
    let mut faults = std::mem::take(&mut checked.faults);
    let (search_text, unknown) = check_departments(&definition, tenants, jurisdictions);
    faults.extend(unknown);
    let tenant = tenants.get(&definition.tenant);
    let revenue = tenant.and_then(|tenant| tenant.definition.revenue.as_ref());
    faults.extend(revenue.into_iter().flat_map(|revenue| revenue.account_faults(&definition)));
    match compile(definition, checked, digest, search_text) {
        Ok(procedure) => {
            let found = tenant.map(|tenant| run_examples(&procedure, tenant, jurisdictions));
            faults.extend(found.unwrap_or_default());
            (Some(Arc::new(procedure)), faults)
        }
        Err(found) => {
            faults.extend(found);
            (None, faults)
        }
    }
}

/// Every department the procedure names must exist as long as it is in force; returns its text for search.
fn check_departments(
    definition: &ProcedureDefinition,
    tenants: &Tenants,
    jurisdictions: &Jurisdictions,
) -> (String, Vec<Fault>) {
    let ProcedureDefinition { title, legal_basis, id, department, keywords, .. } = definition;
    let mut text = format!("{} {} {id} {} {}", title.ja, title.en, legal_basis.law, keywords.join(" "));
    let Some(tenant) = tenants.get(&definition.tenant) else {
        let (ja, en) = ("この団体の設定がありません", "the tenant is not configured");
        return (fold_for_search(&text), vec![Fault::new("/tenant", "unknown_tenant", ja, en)]);
    };
    let tenant = &tenant.definition;
    let steps = definition.approval_route.iter().filter_map(|step| step.department.as_deref());
    let queues = definition.routing.iter().map(|rule| rule.department.as_str());
    for code in steps.chain(queues).chain([department.as_str()]) {
        if let Some(found) = tenant.department(code, definition.effective_from) {
            text.push_str(&tenant.full_name_ja(found));
        }
    }
    let mut faults = department_faults(definition, tenant, jurisdictions);
    faults.extend(contract_faults(definition, tenant));
    (fold_for_search(&text), faults)
}
