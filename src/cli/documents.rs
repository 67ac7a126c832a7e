//! `documents …`: what an administrator needs who writes templates of documents.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Stop, say};
use crate::config::Settings;
use crate::service::document::template_check;
use crate::start::StartError;

#[derive(Debug, Subcommand)]
pub(super) enum DocumentsCommand {
    /// Set every installed template on a specimen, and name every fault (文書の雛形の検査)
    Check(CheckOptions),
}

#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// A settings file over the built-in defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of templates; nothing: that of the settings
    folder: Option<PathBuf>,
}

pub(super) fn documents(command: &DocumentsCommand) -> Result<(), Stop> {
    match command {
        DocumentsCommand::Check(options) => check(options),
    }
}

/// The templates of the folder and those of the program: one line each, faults beneath.
fn check(options: &CheckOptions) -> Result<(), Stop> {
    let settings = Settings::load_with(options.config.as_deref(), &[]).map_err(StartError::from)?.documents;
    let folder = options.folder.as_deref().unwrap_or(&settings.templates_directory);
    let own = (!folder.as_os_str().is_empty()).then_some(folder);
    let checked = template_check::run(&settings, own);
    let checked = checked.map_err(|fault| Stop(format!("{}: {fault}", folder.display())))?;
    let mut faults = 0;
    for one in checked {
        match one.fault {
            None => say(format!("ok  {}", one.file)),
            Some(fault) => {
                faults += 1;
                say(format!("{}: {fault}", one.file));
            }
        }
    }
    if faults == 0 {
        Ok(())
    } else {
        Err(Stop(format!("誤りが{faults}件あります / {faults} faults")))
    }
}
