//! `openapi`.

use std::path::Path;

use clap::Args;

use super::{Stop, say};
use crate::http::openapi;

/// Where the checked-in copy is.
const FILE: &str = "openapi/madoguchi.yaml";

#[derive(Debug, Args)]
pub(super) struct OpenapiOptions {
    /// Write openapi/madoguchi.yaml instead of printing
    #[arg(long)]
    write: bool,
}

pub(super) fn openapi(options: &OpenapiOptions) -> Result<(), Stop> {
    let yaml = openapi::yaml().map_err(Stop)?;
    if !options.write {
        say(yaml.trim_end());
        return Ok(());
    }
    if let Some(folder) = Path::new(FILE).parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(FILE, yaml)?;
    say(format!("{FILE} written"));
    Ok(())
}
