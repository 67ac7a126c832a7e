//! Templates and what was made of them: what a body overrides, and what a newer template would bring.

use serde_json::Value;

use super::ConfigurationFiles;
use super::definition::{resolve, tree_of};
use super::template::{self, TemplateReference};
use crate::domain::definition_diff::{Change, diff};
use crate::domain::fault::Fault;

/// What a file makes of its template.
#[derive(Clone, Debug)]
pub struct Overridden {
    /// The template.
    pub extends: TemplateReference,
    /// Every difference of the whole definition from the template.
    pub changes: Vec<Change>,
}

/// What the file called `name` overrides; nothing if it extends no template.
pub fn overridden(files: &ConfigurationFiles, name: &str) -> Result<Option<Overridden>, Vec<Fault>> {
    let Some(text) = files.get(name) else { return Ok(None) };
    let tree = tree_of(text).map_err(|faults| faults.into_iter().map(|it| it.fault).collect::<Vec<_>>())?;
    if !template::is_extension(&tree) {
        return Ok(None);
    }
    let (extension, traced) = resolve(&tree, files)?;
    let extends = extension.extends;
    let template = template_tree(files, &extends).unwrap_or_default();
    let changes = diff(&without_numbers(template), &without_numbers(traced.value()));
    Ok(Some(Overridden { extends, changes }))
}

/// A newer version of a template that a file is built on.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// What the file is built on.
    pub extends: TemplateReference,
    /// The newest version there is.
    pub newest: u32,
    /// What would change here if the file took the newest version.
    pub offered: Vec<Change>,
    /// What changed in the template where the file has its own; it would stay as it is here.
    pub kept: Vec<Change>,
}

/// What a newer template offers to the file called `name`; nothing if there is none. Nothing is imposed: the file goes on
/// with its own version of the template until somebody changes that number.
pub fn upstream(files: &ConfigurationFiles, name: &str) -> Result<Option<Upstream>, Vec<Fault>> {
    let Some(Overridden { extends, changes: own }) = overridden(files, name)? else { return Ok(None) };
    let Some(newest) = newest_of(files, &extends.template).filter(|newest| *newest > extends.version) else {
        return Ok(None);
    };
    let there = TemplateReference { template: extends.template.clone(), version: newest };
    let trees = (template_tree(files, &extends), template_tree(files, &there));
    let (Some(before), Some(after)) = trees else { return Ok(None) };
    let changes = diff(&without_numbers(before), &without_numbers(after));
    let (kept, offered) =
        changes.into_iter().partition(|change| own.iter().any(|mine| mine.collides_with(change)));
    Ok(Some(Upstream { extends, newest, offered, kept }))
}

fn template_tree(files: &ConfigurationFiles, reference: &TemplateReference) -> Option<Value> {
    tree_of(files.get(&reference.file())?).ok()
}

fn newest_of(files: &ConfigurationFiles, template: &str) -> Option<u32> {
    let prefix = format!("templates/{template}.v");
    let versions = files.keys().filter_map(|name| {
        let number: u32 = name.strip_prefix(&prefix)?.strip_suffix(".yaml")?.parse().ok()?;
        Some(number)
    });
    versions.max()
}

/// A template and a body count their versions apart, and a template has no body.
fn without_numbers(mut tree: Value) -> Value {
    if let Some(members) = tree.as_object_mut() {
        members.remove("version");
        members.remove("tenant");
    }
    tree
}

#[cfg(test)]
mod tests;
