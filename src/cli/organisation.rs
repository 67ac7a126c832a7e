//! `organisation import` and `organisation convert`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::{Common, Stop, say};
use crate::domain::id::TenantCode;
use crate::service::Failure;
use crate::service::organisation::{self, Format, Mode, Source};

#[derive(Debug, Subcommand)]
pub(super) enum OrganisationCommand {
    /// Import departments, officers and posts from CSV or YAML (組織・人事異動の取込み)
    Import(ImportOptions),
    /// Print a file in the other format
    Convert {
        /// A file ending with .csv, .yaml or .yml
        file: PathBuf,
        /// The format wanted
        #[arg(long)]
        to: Wanted,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Wanted {
    Csv,
    Yaml,
}

#[derive(Debug, Args)]
pub(super) struct ImportOptions {
    #[command(flatten)]
    common: Common,
    /// A file ending with .csv, .yaml or .yml
    file: PathBuf,
    /// Code of the body, e.g. 020001
    #[arg(long)]
    tenant: String,
    /// Say what it would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// One line of JSON instead of lines for people
    #[arg(long)]
    json: bool,
}

pub(super) fn organisation(command: &OrganisationCommand) -> Result<(), Stop> {
    match command {
        OrganisationCommand::Import(options) => import(options),
        OrganisationCommand::Convert { file, to } => {
            let format = match to {
                Wanted::Csv => Format::Csv,
                Wanted::Yaml => Format::Yaml,
            };
            let statement = organisation::read(&source(file)?).map_err(refused)?;
            say(organisation::write(&statement, format)?.trim_end());
            Ok(())
        }
    }
}

/// All faults, each with its place, in both languages.
fn refused(refusal: impl Into<Failure>) -> Stop {
    match refusal.into() {
        Failure::Refused(refusal) => {
            for fault in refusal.faults() {
                say(format!(
                    "{}: {}: {} / {}",
                    fault.pointer, fault.code, fault.message_ja, fault.message_en
                ));
            }
            Stop(format!("{} / {}", refusal.sentence().0, refusal.sentence().1))
        }
        other => Stop::because(other),
    }
}

fn source(file: &Path) -> Result<Source, Stop> {
    let format = match file.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Format::Csv,
        Some("yaml" | "yml") => Format::Yaml,
        _ => return Err(Stop(format!("{}: wanted: .csv, .yaml or .yml", file.display()))),
    };
    let text = std::fs::read_to_string(file).map_err(|error| Stop(format!("{}: {error}", file.display())))?;
    Ok(Source { format, text })
}

fn import(options: &ImportOptions) -> Result<(), Stop> {
    let tenant = &options.tenant;
    let tenant = TenantCode::parse(tenant).ok_or_else(|| Stop(format!("{tenant} is no code of a body")))?;
    let source = source(&options.file)?;
    let mode = if options.dry_run { Mode::DryRun } else { Mode::Apply };
    options.common.run(async |core| {
        let done = organisation::import_as_operator(&core, &tenant, source, mode).await.map_err(refused)?;
        if options.json {
            let id = done.row.map(|row| row.id);
            let passwords: std::collections::BTreeMap<_, _> = done.first_passwords.into_iter().collect();
            say(serde_json::json!({ "id": id, "changes": done.changes, "first_passwords": passwords }));
            return Ok(());
        }
        for change in &done.changes {
            say(format!("{}: {} / {}", change.place, change.text_ja, change.text_en));
        }
        for (email, password) in &done.first_passwords {
            say(format!("{email}: {password}"));
        }
        match (&done.row, done.changes.is_empty()) {
            (_, true) => say("変更はありません / no difference"),
            (None, false) => say("試行のため、何も変えていません / a dry run: nothing was changed"),
            (Some(row), false) => say(format!("取り込みました / imported: {}", row.id)),
        }
        Ok(())
    })
}
