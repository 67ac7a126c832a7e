//! The check of the templates of an installation, for whoever writes them: no database, no case, a specimen only.

use std::path::Path;

use crate::config::DocumentSettings;
use crate::documents::{DocumentRenderer, check};

pub use crate::documents::check::{CheckFault, CheckedTemplate};

/// Tries the templates of `folder`, where the installation has one, and those of the program, with the fonts of the settings. Errors:
/// no font at all, or a folder that cannot be read.
pub fn run(settings: &DocumentSettings, folder: Option<&Path>) -> Result<Vec<CheckedTemplate>, CheckFault> {
    let renderer = DocumentRenderer::new(settings);
    let mut checked = folder.map_or(Ok(Vec::new()), |folder| check::check(&renderer, folder))?;
    checked.extend(check::shipped(&renderer)?);
    Ok(checked)
}
