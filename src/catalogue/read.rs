//! Reading the configuration: files to checked definitions, every fault kept with its file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Catalogue, CatalogueFault, CatalogueProcedure, CatalogueTenant};
use crate::domain::calendar::{Calendar, HolidayTable};
use crate::domain::fault::Fault;
use crate::domain::form::CompiledForm;
use crate::domain::id::TenantCode;
use crate::domain::municipality::{Municipalities, fold_for_search};
use crate::domain::organisation::Tenant;
use crate::domain::procedure::ProcedureDefinition;

/// Where the national holidays are.
const HOLIDAYS: &str = "calendars/japan.yaml";
/// Where the bodies are.
const MUNICIPALITIES: &str = "municipalities.csv";

/// File name relative to the configuration folder, with `/`, to its text.
type Files = BTreeMap<String, String>;

/// Reads the files of a folder that the catalogue is made of.
pub(super) fn files_of(folder: &Path) -> Result<Files, Vec<CatalogueFault>> {
    let mut files = Files::new();
    let mut faults = Vec::new();
    for name in [MUNICIPALITIES, HOLIDAYS] {
        read_file(folder, name, &mut files, &mut faults);
    }
    for name in names_in(folder, "tenants", &mut faults) {
        read_file(folder, &name, &mut files, &mut faults);
    }
    for tenant in names_in(folder, "procedures", &mut faults) {
        for name in names_in(folder, &tenant, &mut faults) {
            read_file(folder, &name, &mut files, &mut faults);
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(faults) }
}

fn read_file(folder: &Path, name: &str, files: &mut Files, faults: &mut Vec<CatalogueFault>) {
    match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => {
            files.insert(name.to_owned(), text);
        }
        Err(error) => faults.push(unreadable(name, &error.to_string())),
    }
}

/// The entries of a sub-folder as names below the configuration folder; hidden ones are left out.
fn names_in(folder: &Path, name: &str, faults: &mut Vec<CatalogueFault>) -> Vec<String> {
    let entries = match std::fs::read_dir(folder.join(name)) {
        Ok(entries) => entries,
        Err(error) => {
            faults.push(unreadable(name, &error.to_string()));
            return Vec::new();
        }
    };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|entry| !entry.starts_with('.'))
        .map(|entry| format!("{name}/{entry}"))
        .collect();
    names.sort();
    names
}

/// Makes the catalogue of the files, or names every fault.
pub(super) fn load(files: Files) -> Result<Catalogue, Vec<CatalogueFault>> {
    let mut loader = Loader { files, faults: Vec::new() };
    let municipalities = loader.municipalities();
    let holidays: HolidayTable = loader.holidays();
    let tenants = loader.tenants(&municipalities, &holidays);
    let procedures = loader.procedures(&tenants);
    if loader.faults.is_empty() {
        Ok(Catalogue { municipalities, tenants, procedures })
    } else {
        Err(loader.faults)
    }
}

struct Loader {
    files: Files,
    faults: Vec<CatalogueFault>,
}

type Tenants = BTreeMap<TenantCode, Arc<CatalogueTenant>>;
type Procedures = BTreeMap<TenantCode, BTreeMap<String, Vec<Arc<CatalogueProcedure>>>>;

impl Loader {
    fn fault(&mut self, file: &str, fault: Fault) {
        self.faults.push(CatalogueFault { file: file.to_owned(), fault });
    }

    fn municipalities(&mut self) -> Municipalities {
        let Some(text) = self.files.get(MUNICIPALITIES) else {
            self.faults.push(unreadable(MUNICIPALITIES, "missing"));
            return Municipalities::default();
        };
        match Municipalities::parse(text) {
            Ok(municipalities) => municipalities,
            Err(faults) => {
                for fault in faults {
                    let ja = format!("{}行目を読めません", fault.line);
                    self.fault(MUNICIPALITIES, Fault::new("", "line", ja, fault.to_string()));
                }
                Municipalities::default()
            }
        }
    }

    fn holidays(&mut self) -> HolidayTable {
        let table = self.files.get(HOLIDAYS).cloned().map(|text| parse::<HolidayTable>(&text));
        match table {
            Some(Ok((table, _))) => {
                for day in table.inconsistencies() {
                    let ja = format!("{day}の振替休日・国民の休日が合いません");
                    let en = format!("{day} does not agree with the holiday law (R-25)");
                    self.fault(HOLIDAYS, Fault::new("/holidays", "holiday", ja, en));
                }
                return table;
            }
            Some(Err(fault)) => self.fault(HOLIDAYS, fault),
            None => self.faults.push(unreadable(HOLIDAYS, "missing")),
        }
        HolidayTable { source: String::new(), first_year: 0, last_year: 0, holidays: Vec::new() }
    }

    fn tenants(&mut self, municipalities: &Municipalities, holidays: &HolidayTable) -> Tenants {
        let mut tenants = Tenants::new();
        for (file, stem, text) in self.below("tenants/") {
            let definition = match parse::<Tenant>(&text) {
                Ok((definition, _)) => definition,
                Err(fault) => {
                    self.fault(&file, fault);
                    continue;
                }
            };
            for fault in definition.check() {
                self.fault(&file, fault);
            }
            if stem != definition.code.as_str() {
                self.fault(&file, misplaced("/code"));
            }
            if municipalities.get(&definition.code).is_none() {
                let (ja, en) = ("団体の一覧にありません", "is not in municipalities.csv");
                self.fault(&file, Fault::new("/code", "unknown_tenant", ja, en));
            }
            let calendar = Calendar::new(holidays, &definition.calendar);
            tenants.insert(definition.code.clone(), Arc::new(CatalogueTenant { definition, calendar }));
        }
        tenants
    }

    fn procedures(&mut self, tenants: &Tenants) -> Procedures {
        let mut procedures = Procedures::new();
        for (file, stem, text) in self.below("procedures/") {
            let (definition, digest) = match parse::<ProcedureDefinition>(&text) {
                Ok(parsed) => parsed,
                Err(fault) => {
                    self.fault(&file, fault);
                    continue;
                }
            };
            for fault in definition.check() {
                self.fault(&file, fault);
            }
            // `<tenant>/<id>.yaml`, or `<tenant>/<id>.v<version>.yaml` for the other versions of a procedure.
            let plain = format!("{}/{}", definition.tenant, definition.id);
            if stem != plain && stem != format!("{plain}.v{}", definition.version) {
                self.fault(&file, misplaced("/id"));
            }
            let search_text = self.check_departments(&file, &definition, tenants);
            let Ok(form) = CompiledForm::compile(&definition.form) else { continue };
            let versions = procedures
                .entry(definition.tenant.clone())
                .or_default()
                .entry(definition.id.clone())
                .or_default();
            if versions.iter().any(|other| other.definition.version == definition.version) {
                let (ja, en) = ("同じ版が二つあります", "the version is given twice");
                self.fault(&file, Fault::new("/version", "duplicate", ja, en));
            }
            versions.push(Arc::new(CatalogueProcedure { definition, form, digest, search_text }));
            versions.sort_by_key(|version| version.definition.version);
        }
        procedures
    }

    /// Every department the procedure names must exist on its first day; returns its text for search.
    fn check_departments(
        &mut self,
        file: &str,
        definition: &ProcedureDefinition,
        tenants: &Tenants,
    ) -> String {
        let ProcedureDefinition { title, legal_basis, id, department, .. } = definition;
        let mut text = format!("{} {} {id} {}", title.ja, title.en, legal_basis.law);
        let Some(tenant) = tenants.get(&definition.tenant) else {
            let (ja, en) = ("この団体の設定がありません", "the tenant is not configured");
            self.fault(file, Fault::new("/tenant", "unknown_tenant", ja, en));
            return fold_for_search(&text);
        };
        let first_day = definition.effective_from;
        let steps = definition.approval_route.iter().enumerate().filter_map(|(index, step)| {
            Some((format!("/approval_route/{index}/department"), step.department.as_deref()?))
        });
        for (pointer, code) in steps.chain([("/department".to_owned(), department.as_str())]) {
            if let Some(found) = tenant.definition.department(code, first_day) {
                text.push_str(&tenant.definition.full_name_ja(found));
            } else {
                let (ja, en) = ("この日にこの課はありません", "no such department on the first day");
                self.fault(file, Fault::new(pointer, "unknown_department", ja, en));
            }
        }
        fold_for_search(&text)
    }

    /// The YAML files below a folder: name, name without folder and ending, text. Any other file is a fault.
    fn below(&mut self, folder: &str) -> Vec<(String, String, String)> {
        let mut found = Vec::new();
        let mut strangers = Vec::new();
        for (file, text) in self.files.iter().filter(|(file, _)| file.starts_with(folder)) {
            match file.strip_prefix(folder).and_then(|name| name.strip_suffix(".yaml")) {
                Some(stem) => found.push((file.clone(), stem.to_owned(), text.clone())),
                None => strangers.push(unreadable(file, "only .yaml files belong here")),
            }
        }
        self.faults.extend(strangers);
        found
    }
}

/// Reads YAML by way of its value tree, which refuses duplicate keys; returns the digest of the tree.
fn parse<T: DeserializeOwned>(text: &str) -> Result<(T, String), Fault> {
    let fault = |reason: &str| {
        let ja = format!("読めません: {reason}");
        Fault::new("", "yaml", ja, reason.to_owned())
    };
    let tree: yaml_serde::Value = yaml_serde::from_str(text).map_err(|error| fault(&error.to_string()))?;
    let tree: Value = yaml_serde::from_value(tree).map_err(|error| fault(&error.to_string()))?;
    let hash = digest(&SHA256, canonical(&tree).as_bytes());
    let parsed = serde_json::from_value(tree).map_err(|error| fault(&error.to_string()))?;
    Ok((parsed, HEXLOWER.encode(hash.as_ref())))
}

/// JSON with sorted keys and no blanks, whatever the order in the file.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let members: Vec<String> = sorted
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}

fn unreadable(file: &str, reason: &str) -> CatalogueFault {
    let fault = Fault::new("", "unreadable", format!("読めません: {reason}"), reason);
    CatalogueFault { file: file.to_owned(), fault }
}

fn misplaced(pointer: &str) -> Fault {
    let (ja, en) = ("ファイルの名前と内容が合いません", "does not match the name of the file");
    Fault::new(pointer, "misplaced", ja, en)
}
