//! `procedures check`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Stop, say};
use crate::catalogue::Catalogue;

#[derive(Debug, Subcommand)]
pub(super) enum ProceduresCommand {
    /// Check procedure files against the shipped configuration, or that configuration itself
    Check {
        /// Procedure files in YAML
        files: Vec<PathBuf>,
    },
}

pub(super) fn procedures(command: &ProceduresCommand) -> Result<(), Stop> {
    let ProceduresCommand::Check { files } = command;
    let mut texts = Vec::new();
    for file in files {
        let text =
            std::fs::read_to_string(file).map_err(|error| Stop(format!("{}: {error}", file.display())))?;
        let written: serde_json::Value =
            yaml_serde::from_str(&text).map_err(|error| Stop(format!("{}: {error}", file.display())))?;
        let tenant = written.get("tenant").and_then(serde_json::Value::as_str).unwrap_or("unknown");
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        texts.push((format!("procedures/{tenant}/{name}"), text));
    }
    match Catalogue::load_embedded_with(texts) {
        Ok(catalogue) => {
            let versions = catalogue.all_versions();
            for version in versions {
                let definition = &version.definition;
                say(format!("ok  {} {} version {}", definition.tenant, definition.id, definition.version));
            }
            Ok(())
        }
        Err(faults) => {
            faults.iter().for_each(say);
            Err(Stop(format!("{} faults", faults.len())))
        }
    }
}
