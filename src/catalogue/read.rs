//! Reading the configuration: files to checked definitions, every fault kept with its file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::definition;
use super::examine::examine_all;
use super::renewals;
use super::{Catalogue, CatalogueFault, CatalogueProcedure, CatalogueTenant, ConfigurationFiles as Files};
use crate::domain::calendar::{Calendar, HolidayTable};
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::municipality::{Municipalities, Municipality};
use crate::domain::organisation::Tenant;
use crate::domain::procedure::{Bilingual, ProcedureDefinition};
use crate::domain::routing::{JurisdictionFile, Jurisdictions};

/// Where the national holidays are.
const HOLIDAYS: &str = "calendars/japan.yaml";
/// Where the bodies are.
const MUNICIPALITIES: &str = "municipalities.csv";
/// Who is in charge where.
const JURISDICTIONS: &str = "jurisdictions.yaml";

/// Reads the files of a folder that the catalogue is made of.
pub(super) fn files_of(folder: &Path) -> Result<Files, Vec<CatalogueFault>> {
    let mut files = Files::new();
    let mut faults = Vec::new();
    for name in [MUNICIPALITIES, HOLIDAYS, JURISDICTIONS] {
        read_file(folder, name, &mut files, &mut faults);
    }
    for name in names_in(folder, "tenants", &mut faults) {
        read_file(folder, &name, &mut files, &mut faults);
    }
    if folder.join("templates").is_dir() {
        for name in names_in(folder, "templates", &mut faults) {
            read_file(folder, &name, &mut files, &mut faults);
        }
    }
    // Beside the folders of the tenants stands the schema for editors.
    for tenant in names_in(folder, "procedures", &mut faults)
        .into_iter()
        .filter(|name| name.strip_suffix(".json").is_none())
    {
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
    let jurisdictions = loader.jurisdictions(&municipalities);
    loader.templates();
    let procedures = loader.procedures(&tenants, &jurisdictions);
    if loader.faults.is_empty() {
        Ok(Catalogue {
            municipalities,
            jurisdictions,
            tenants,
            procedures,
            templates: Arc::new(templates_of(loader.files)),
            closings: BTreeMap::new(),
            unusable: Vec::new(),
        })
    } else {
        Err(loader.faults)
    }
}

struct Loader {
    files: Files,
    faults: Vec<CatalogueFault>,
}

pub(super) type Tenants = BTreeMap<TenantCode, Arc<CatalogueTenant>>;
pub(super) type Procedures = BTreeMap<TenantCode, BTreeMap<String, Vec<Arc<CatalogueProcedure>>>>;

fn templates_of(files: Files) -> Files {
    files.into_iter().filter(|(file, _)| file.starts_with("templates/")).collect()
}

impl Loader {
    fn fault(&mut self, file: &str, fault: Fault) {
        self.faults.push(CatalogueFault { file: file.to_owned(), fault });
    }

    fn all_faults(&mut self, file: &str, faults: Vec<Fault>) {
        for fault in faults {
            self.fault(file, fault);
        }
    }

    /// A template that nobody uses yet must be sound, too.
    fn templates(&mut self) {
        for (file, _, text) in self.below("templates/") {
            self.all_faults(&file, definition::template_faults(&file, &text));
        }
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
            Some(Ok(table)) => {
                for day in table.inconsistencies() {
                    let ja = format!("{day}の振替休日・国民の休日が合いません");
                    let en = format!("{day} does not agree with the holiday law (R-25)");
                    self.fault(HOLIDAYS, Fault::new("/holidays", "holiday", ja, en));
                }
                return table;
            }
            Some(Err(faults)) => self.all_faults(HOLIDAYS, faults),
            None => self.faults.push(unreadable(HOLIDAYS, "missing")),
        }
        HolidayTable { source: String::new(), first_year: 0, last_year: 0, holidays: Vec::new() }
    }

    fn tenants(&mut self, municipalities: &Municipalities, holidays: &HolidayTable) -> Tenants {
        let mut tenants = Tenants::new();
        for (file, stem, text) in self.below("tenants/") {
            let definition = match parse::<Tenant>(&text) {
                Ok(definition) => definition,
                Err(faults) => {
                    self.all_faults(&file, faults);
                    continue;
                }
            };
            self.all_faults(&file, definition.check());
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

    fn jurisdictions(&mut self, municipalities: &Municipalities) -> Jurisdictions {
        let named = |body: &Municipality| Bilingual { ja: body.name.clone(), en: body.name_en.clone() };
        let bodies = municipalities.iter().map(|body| (body.code.clone(), named(body))).collect();
        let Some(text) = self.files.get(JURISDICTIONS).cloned() else {
            self.faults.push(unreadable(JURISDICTIONS, "missing"));
            return Jurisdictions::default();
        };
        let read = parse::<JurisdictionFile>(&text);
        read.and_then(|file| Jurisdictions::new(file, bodies)).unwrap_or_else(|faults| {
            for fault in faults {
                self.fault(JURISDICTIONS, fault);
            }
            Jurisdictions::default()
        })
    }

    fn procedures(&mut self, tenants: &Tenants, jurisdictions: &Jurisdictions) -> Procedures {
        let mut procedures = Procedures::new();
        let mut files = Vec::new();
        let texts = self.below("procedures/");
        let examined = examine_all(&texts, tenants, jurisdictions, &self.files);
        for ((file, stem, _), (faults, procedure)) in texts.into_iter().zip(examined) {
            self.all_faults(&file, faults.into_iter().map(|found| found.fault).collect());
            let Some(procedure) = procedure else { continue };
            let definition = &procedure.definition;
            // `<tenant>/<id>.yaml`, or `<tenant>/<id>.v<version>.yaml` for the other versions of a procedure.
            let plain = format!("{}/{}", definition.tenant, definition.id);
            if stem != plain && stem != format!("{plain}.v{}", definition.version) {
                self.fault(&file, misplaced("/id"));
            }
            files.push((file.clone(), Arc::clone(&procedure)));
            if insert(&mut procedures, procedure).is_err() {
                let (ja, en) = ("同じ版が二つあります", "the version is given twice");
                self.fault(&file, Fault::new("/version", "duplicate", ja, en));
            }
        }
        for (file, procedure) in files {
            self.all_faults(&file, renewals::faults(&procedure.definition, &procedures));
        }
        procedures
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

/// Adds a version in the order of the numbers; a number that is there already gives the version back.
pub(super) fn insert(
    procedures: &mut Procedures,
    procedure: Arc<CatalogueProcedure>,
) -> Result<(), Arc<CatalogueProcedure>> {
    let ProcedureDefinition { tenant, id, version, .. } = &procedure.definition;
    let versions = procedures.entry(tenant.clone()).or_default().entry(id.clone()).or_default();
    match versions.binary_search_by_key(version, |other| other.definition.version) {
        Ok(_) => Err(procedure),
        Err(place) => {
            versions.insert(place, procedure);
            Ok(())
        }
    }
}

/// Reads YAML by way of its value tree.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Vec<Fault>> {
    let tree = definition::tree_of(text);
    let tree = tree.map_err(|faults| faults.into_iter().map(|it| it.fault).collect::<Vec<_>>())?;
    definition::typed(&tree, |_| Vec::new())
}

fn unreadable(file: &str, reason: &str) -> CatalogueFault {
    let fault = Fault::new("", "unreadable", format!("読めません: {reason}"), reason);
    CatalogueFault { file: file.to_owned(), fault }
}

fn misplaced(pointer: &str) -> Fault {
    let (ja, en) = ("ファイルの名前と内容が合いません", "does not match the name of the file");
    Fault::new(pointer, "misplaced", ja, en)
}
