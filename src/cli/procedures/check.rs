//! `procedures check [FILE…]`: every fault with file, line, column and a hint; the examples are run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{UserFile, over_shipped, read_user_file, report};
use crate::catalogue::{Catalogue, ConfigurationFiles};
use crate::cli::{Stop, say};

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckOptions {
    /// Procedure files, folders of them, or a whole configuration folder; nothing: the shipped configuration
    files: Vec<PathBuf>,
}

pub(super) fn check(options: &CheckOptions) -> Result<(), Stop> {
    if let [folder] = options.files.as_slice()
        && folder.join("tenants").is_dir()
        && folder.join("procedures").is_dir()
    {
        let files = Catalogue::files_of(folder).map_err(|faults| {
            report(&ConfigurationFiles::new(), &faults, |file| folder.join(file).display().to_string());
            stop(faults.len())
        })?;
        return judge(&files, None, |file| folder.join(file).display().to_string());
    }
    if options.files.is_empty() {
        return judge(&Catalogue::shipped_files(), None, |file| format!("config/{file}"));
    }
    let mut paths = Vec::new();
    for path in &options.files {
        collect(path, &mut paths)?;
    }
    let own = paths.iter().map(|path| read_user_file(path)).collect::<Result<Vec<UserFile>, Stop>>()?;
    let shown: BTreeMap<String, String> =
        own.iter().map(|file| (file.name.clone(), file.path.display().to_string())).collect();
    if shown.len() < own.len() {
        return Err(Stop("同じ手続のファイルが二つあります / two files are the same version".to_owned()));
    }
    let names: Vec<String> = shown.keys().cloned().collect();
    judge(&over_shipped(&own), Some(&names), |file| {
        shown.get(file).cloned().unwrap_or_else(|| format!("config/{file}"))
    })
}

/// The YAML files at or below a path, in order.
fn collect(path: &Path, into: &mut Vec<PathBuf>) -> Result<(), Stop> {
    if !path.is_dir() {
        into.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).map_err(|error| Stop(format!("{}: {error}", path.display())))?;
    let mut inner = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    inner.sort();
    for path in inner {
        if path.is_dir() || path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            collect(&path, into)?;
        }
    }
    Ok(())
}

/// Loads and reports; `only` names the files whose versions are listed.
fn judge(
    files: &ConfigurationFiles,
    only: Option<&[String]>,
    shown: impl Fn(&str) -> String,
) -> Result<(), Stop> {
    let catalogue = match Catalogue::load_files(files.clone()) {
        Ok(catalogue) => catalogue,
        Err(faults) => {
            report(files, &faults, shown);
            return Err(stop(faults.len()));
        }
    };
    let (mut versions, mut examples) = (0, 0);
    for version in catalogue.all_versions() {
        let definition = &version.definition;
        let plain = format!("procedures/{}/{}", definition.tenant, definition.id);
        let is_asked = |names: &[String]| {
            let numbered = format!("{plain}.v{}.yaml", definition.version);
            names.iter().any(|name| *name == format!("{plain}.yaml") || *name == numbered)
        };
        if only.is_none_or(is_asked) {
            let (number, count) = (definition.version, definition.examples.len());
            let (tenant, id, title) = (&definition.tenant, &definition.id, &definition.title.ja);
            say(format!("ok  {tenant}/{id}@{number}  {title}（記入例{count}件）"));
            versions += 1;
            examples += count;
        }
    }
    say(format!(
        "手続{versions}版、記入例{examples}件、誤りなし / {versions} versions, {examples} examples, no faults"
    ));
    Ok(())
}

fn stop(count: usize) -> Stop {
    Stop(format!("誤りが{count}件あります / {count} faults"))
}
