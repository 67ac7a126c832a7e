//! Mail as RFC 5322 files in a pick-up folder, for whatever mail system takes them from there.
//!
//! Invariants: the file's name is the message's id, so a repeated delivery writes the same mail again instead of a
//! second one; a mail system never sees half a file.

use std::fs::{self, File};
use std::io::{Result, Write};
use std::path::Path;

use crate::files::sync_folder;

/// Puts a mail into the folder; when it answers, a power cut cannot lose it.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(folder)?;
    let half = folder.join(format!(".{name}.half"));
    let mut file = File::create(&half)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&half, folder.join(name))?;
    sync_folder(folder)
}
