//! `backup`.

use std::path::PathBuf;

use clap::Args;

use super::{Common, Stop, say};
use crate::start::StartError;
use crate::store::{DatabaseUrl, backup};

#[derive(Debug, Args)]
pub(super) struct BackupOptions {
    #[command(flatten)]
    common: Common,
    /// The new file; an existing one is refused
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
}

pub(super) fn backup(options: &BackupOptions) -> Result<(), Stop> {
    let (settings, _throw_away) = options.common.load()?;
    let url: DatabaseUrl = settings.database.url.parse().map_err(StartError::from)?;
    say(format!("copying {url}"));
    backup::backup(&url, &options.to)?;
    let size = std::fs::metadata(&options.to)?.len();
    say(format!("{} written and checked, {size} bytes", options.to.display()));
    say("keep it apart from the installation key: neither is of use without the other");
    Ok(())
}
