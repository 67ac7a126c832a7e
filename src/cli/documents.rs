//! `documents …`: what an administrator needs who writes templates of documents.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Stop, say};
use crate::config::Settings;
use crate::documents::{DocumentRenderer, check};
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
    let renderer = DocumentRenderer::new(&settings);
    let folder = options.folder.clone().unwrap_or(settings.templates_directory);
    let mut checked = Vec::new();
    if !folder.as_os_str().is_empty() {
        let own = check::check(&renderer, &folder);
        checked.extend(own.map_err(|fault| Stop(format!("{}: {fault}", folder.display())))?);
    }
    checked.extend(check::shipped(&renderer));
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
