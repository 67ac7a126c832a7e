//! `procedures schema`.

use std::path::Path;

use clap::Args;

use crate::catalogue::language::{SCHEMA_FILE, schema_text};
use crate::cli::{Stop, say};

#[derive(Debug, Args)]
pub(in crate::cli) struct SchemaOptions {
    /// Write config/procedures/procedure.schema.json instead of printing
    #[arg(long)]
    write: bool,
}

pub(super) fn schema(options: &SchemaOptions) -> Result<(), Stop> {
    if !options.write {
        say(schema_text().trim_end());
        return Ok(());
    }
    let file = Path::new("config").join(SCHEMA_FILE);
    std::fs::write(&file, schema_text()).map_err(|error| Stop(format!("{}: {error}", file.display())))?;
    say(format!("{} を書きました / written", file.display()));
    Ok(())
}
