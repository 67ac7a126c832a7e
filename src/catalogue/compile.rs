//! From a checked definition to a version that is ready to use, and the proofs that need more than the definition: that
//! every department it names exists as long as the version lives, and that its examples come out as it says.

use jiff::civil::Date;

use super::{CatalogueProcedure, CatalogueTenant};
use crate::domain::documents::CompiledDocuments;
use crate::domain::fault::Fault;
use crate::domain::organisation::Tenant;
use crate::domain::procedure::{CheckedDefinition, ExampleStand, ProcedureDefinition};
use crate::domain::routing::{CompiledRouting, Jurisdictions};
use crate::domain::validity::CompiledRenewal;

/// Puts a version together: `checked` holds forms and fees of the definition; routing, documents and renewal are compiled
/// here, with every fault of their expressions at once. What the check has said already is not said again.
pub(super) fn compile(
    definition: ProcedureDefinition,
    checked: CheckedDefinition,
    digest: String,
    search_text: String,
) -> Result<CatalogueProcedure, Vec<Fault>> {
    let CheckedDefinition { scope, form, office_form, fees, .. } = checked;
    let mut faults = Vec::new();
    let mut keep = |found: Vec<Fault>| faults.extend(found);
    let routing = CompiledRouting::compile(&definition, &scope).map_err(&mut keep);
    let documents = CompiledDocuments::compile(&definition, &scope).map_err(&mut keep);
    let renewal = CompiledRenewal::compile(&definition, &scope).map_err(&mut keep);
    match (form, office_form, fees, routing, documents, renewal) {
        (Some(form), Some(office_form), Some(fees), Ok(routing), Ok(documents), Ok(renewal)) => {
            Ok(CatalogueProcedure {
                definition,
                form,
                routing,
                documents,
                renewal,
                office_form,
                fees,
                digest,
                search_text,
            })
        }
        _ => Err(faults),
    }
}

/// Runs every example of a version at the counter of its tenant.
pub(super) fn run_examples(
    procedure: &CatalogueProcedure,
    tenant: &CatalogueTenant,
    jurisdictions: &Jurisdictions,
) -> Vec<Fault> {
    let CatalogueProcedure { definition, form, office_form, fees, routing, documents, .. } = procedure;
    let calendar = &tenant.calendar;
    ExampleStand { definition, form, office_form, fees, routing, documents, calendar, jurisdictions }.run()
}

/// A fault for each department that does not exist as long as a case can reach it: so every case reaches some queue.
pub(super) fn department_faults(
    definition: &ProcedureDefinition,
    tenant: &Tenant,
    jurisdictions: &Jurisdictions,
) -> Vec<Fault> {
    let (first, last) = (definition.effective_from, definition.last_arrival());
    let mut named = vec![("/department".to_owned(), definition.department.as_str(), first, last)];
    for (index, step) in definition.approval_route.iter().enumerate() {
        let pointer = format!("/approval_route/{index}/department");
        named.extend(step.department.as_deref().map(|code| (pointer, code, first, last)));
    }
    for (index, rule) in definition.routing.iter().enumerate() {
        let pointer = format!("/routing/{index}/department");
        let from = rule.effective_from.map_or(first, |from| from.max(first));
        named.push((pointer, &rule.department, from, earlier(last, rule.effective_to)));
    }
    let mut faults = Vec::new();
    if let Some(jurisdiction) = &definition.jurisdiction {
        if !jurisdictions.has_area(&jurisdiction.area) {
            let (ja, en) = ("管轄表にない区分です", "there is no such table in jurisdictions.yaml");
            faults.push(Fault::new("/jurisdiction/area", "unknown_area", ja, en));
        }
        for department in jurisdictions.departments(&jurisdiction.area, &tenant.code) {
            let (from, to) = (department.from.max(first), earlier(last, department.to));
            named.push(("/jurisdiction/area".to_owned(), department.code, from, to));
        }
    }
    faults.extend(named.into_iter().filter_map(|(pointer, code, from, to)| {
        let day = tenant.first_day_without(code, from, to)?;
        let ja = format!("{day}に課「{code}」がありません（版の有効期間を通じて必要です）");
        let en = format!("no department {code} on {day}; it must exist as long as a case can reach it");
        Some(Fault::new(pointer, "unknown_department", ja, en))
    }));
    faults
}

/// A fault for whoever signs a contract for the body without ever having a key of office, and for each trust anchor that the body
/// does not have.
pub(super) fn contract_faults(definition: &ProcedureDefinition, tenant: &Tenant) -> Vec<Fault> {
    let Some(terms) = &definition.contract else { return Vec::new() };
    let mut faults = Vec::new();
    if !tenant.office_keys.iter().any(|key| key.authority == terms.authority) {
        let ja = format!("「{}」の職責証明書の鍵がありません", terms.authority);
        let en = format!("{} has no key of office", terms.authority);
        faults.push(Fault::new("/contract/authority", "unknown_authority", ja, en));
    }
    for (index, name) in terms.trust_anchors.iter().enumerate() {
        if !tenant.contract_trust_anchors.iter().any(|anchor| anchor.id == *name) {
            let (ja, en) =
                (format!("認証業務「{name}」がありません"), format!("no trust anchor is called {name}"));
            faults.push(Fault::new(format!("/contract/trust_anchors/{index}"), "unknown_anchor", ja, en));
        }
    }
    faults
}

fn earlier(one: Option<Date>, other: Option<Date>) -> Option<Date> {
    one.into_iter().chain(other).min()
}
