//! Reading one procedure file: YAML → tree → (template resolved) → definition, with every structural fault at once.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::language::{faults_of_definition, faults_of_extension};
use super::positions::{Position, Positions, TextFault};
use super::template::{self, Extension, Origin, Source, TemplateReference, Traced};
use super::{CatalogueFault, ConfigurationFiles};
use crate::domain::fault::Fault;
use crate::domain::form::escape;
use crate::domain::procedure::ProcedureDefinition;

/// A definition as it was read, not yet checked.
#[derive(Clone, Debug)]
pub struct ReadDefinition {
    /// The definition, with its template resolved.
    pub definition: ProcedureDefinition,
    /// The tree it was read from, with its template resolved.
    pub tree: Value,
    /// SHA-256 of the content in hex, of the resolved tree; comments and layout do not count.
    pub digest: String,
    /// The template it is built on.
    pub template: Option<TemplateReference>,
}

/// Reads a definition; templates are looked up in `files`. Pointers of faults go into the resolved definition, or begin
/// with `/extends` or `/overrides` and go into the text itself; [`locate`] finds the line.
pub fn read(text: &str, files: &ConfigurationFiles) -> Result<ReadDefinition, Vec<Fault>> {
    let tree = tree_of(text).map_err(|faults| faults.into_iter().map(|it| it.fault).collect::<Vec<_>>())?;
    read_tree(tree, files).map_err(|unread| unread.faults)
}

/// A tree that is no definition, given back with the reasons.
pub(super) struct Unread {
    pub(super) tree: Value,
    pub(super) faults: Vec<Fault>,
}

/// As [`read`], from the tree of the text.
pub(super) fn read_tree(tree: Value, files: &ConfigurationFiles) -> Result<ReadDefinition, Unread> {
    if !template::is_extension(&tree) {
        return match typed(&tree, faults_of_definition) {
            Ok(definition) => {
                Ok(ReadDefinition { definition, digest: digest_of(&tree), tree, template: None })
            }
            Err(faults) => Err(Unread { tree, faults }),
        };
    }
    let whole = resolve(&tree, files).and_then(|(extension, traced)| {
        let whole = traced.value();
        let definition = typed(&whole, faults_of_definition)?;
        let (digest, template) = (digest_of(&whole), Some(extension.extends));
        Ok(ReadDefinition { definition, digest, tree: whole, template })
    });
    whole.map_err(|faults| Unread { tree, faults })
}

/// SHA-256 of a tree in hex, whatever its layout.
pub(super) fn digest_of(tree: &Value) -> String {
    HEXLOWER.encode(digest(&SHA256, canonical(tree).as_bytes()).as_ref())
}

/// The extension that a tree is, and the whole definition it makes.
pub(super) fn resolve(tree: &Value, files: &ConfigurationFiles) -> Result<(Extension, Traced), Vec<Fault>> {
    let extension: Extension = typed(tree, faults_of_extension)?;
    let Some(text) = files.get(&extension.extends.file()) else {
        let (ja, en) = ("この雛形はありません", "there is no such template");
        return Err(vec![Fault::new("/extends", "unknown_template", ja, en)]);
    };
    let Ok(template) = tree_of(text) else {
        let (ja, en) = ("雛形が読めません", "the template cannot be read");
        return Err(vec![Fault::new("/extends", "template", ja, en)]);
    };
    let traced = template::resolve(&template, &extension)?;
    Ok((extension, traced))
}

/// The faults of a template by itself: what is local may be missing, nothing may be unknown or mistyped, and the file is
/// named after the content.
pub(super) fn template_faults(file: &str, text: &str) -> Vec<Fault> {
    let tree = match tree_of(text) {
        Ok(tree) => tree,
        Err(faults) => return faults.into_iter().map(|it| it.fault).collect(),
    };
    let mut faults = faults_of_definition(&tree);
    let is_local = |fault: &Fault| fault.code == "missing_key" && fault.pointer.matches('/').count() == 1;
    faults.retain(|fault| !is_local(fault));
    if tree.get("tenant").is_some() {
        let (ja, en) = ("雛形は団体を定めません", "a template belongs to no body");
        faults.push(Fault::new("/tenant", "template", ja, en));
    }
    let name = |tree: &Value| {
        Some((tree.get("id")?.as_str()?.to_owned(), u32::try_from(tree.get("version")?.as_u64()?).ok()?))
    };
    let expected = name(&tree).map(|(template, version)| TemplateReference { template, version }.file());
    if expected.as_deref() != Some(file) {
        let (ja, en) = ("ファイルの名前と内容が合いません", "does not match the name of the file");
        faults.push(Fault::new("/id", "misplaced", ja, en));
    }
    faults
}

/// The tree of a YAML text.
pub fn tree_of(text: &str) -> Result<Value, Vec<TextFault>> {
    Positions::check(text)?;
    let fault = |error: &yaml_serde::Error| {
        let place = error.location();
        let position = place.map_or(Position::START, |it| Position { line: it.line(), column: it.column() });
        let (ja, en) = (format!("YAMLとして読めません: {error}"), error.to_string());
        vec![TextFault { position, fault: Fault::new("", "yaml", ja, en) }]
    };
    let tree: yaml_serde::Value = yaml_serde::from_str(text).map_err(|error| fault(&error))?;
    yaml_serde::from_value(tree).map_err(|error| fault(&error))
}

/// Deserializes a tree; if that fails, names every structural fault, or at least the place where it failed.
pub(super) fn typed<T: DeserializeOwned>(
    tree: &Value,
    structure: impl FnOnce(&Value) -> Vec<Fault>,
) -> Result<T, Vec<Fault>> {
    // Nearly every tree is sound; only where one is not does it matter where.
    T::deserialize(tree).or_else(|_| serde_path_to_error::deserialize(tree)).map_err(|error| {
        let faults = structure(tree);
        if !faults.is_empty() {
            return faults;
        }
        let pointer = pointer_of(error.path());
        let reason = error.inner().to_string();
        vec![Fault::new(pointer, "yaml", format!("読めません: {reason}"), reason)]
    })
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map_while(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", escape(key))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// JSON with sorted keys and no blanks, whatever the order in the file.
pub(super) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                text.push_str(if index == 0 { "{" } else { "," });
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_canonical(value, text);
            }
            text.push_str(if map.is_empty() { "{}" } else { "}" });
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "[" } else { "," });
                write_canonical(item, text);
            }
            text.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// A fault with the file and the place in it where the faulty value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The file, relative to the configuration folder; the template's, if that set the value.
    pub file: String,
    /// Where in it; none if the file is not there or is no YAML.
    pub position: Option<Position>,
    /// What is wrong.
    pub fault: Fault,
}

/// Finds the place of a fault in the text it comes from.
pub fn locate(files: &ConfigurationFiles, fault: &CatalogueFault) -> Located {
    let own = |position| Located { file: fault.file.clone(), position, fault: fault.fault.clone() };
    let Some(text) = files.get(&fault.file).filter(|_| fault.file.strip_suffix(".yaml").is_some()) else {
        return own(None);
    };
    match Locator::new(text, files).place_of(&fault.fault) {
        (None, position) => own(Some(position)),
        (Some(file), position) => Located { file, position: Some(position), fault: fault.fault.clone() },
    }
}

/// Finds the places of the faults of one text.
pub(super) struct Locator {
    own: Result<Positions, Vec<TextFault>>,
    /// The file of the template with its positions, and where every node was written.
    template: Option<(String, Option<Positions>, Traced)>,
}

impl Locator {
    pub(super) fn new(text: &str, files: &ConfigurationFiles) -> Self {
        let tree = tree_of(text);
        let resolved = tree.as_ref().ok().filter(|tree| template::is_extension(tree));
        let template = resolved.and_then(|tree| resolve(tree, files).ok()).map(|(extension, traced)| {
            let file = extension.extends.file();
            let positions = files.get(&file).and_then(|text| Positions::of(text).ok());
            (file, positions, traced)
        });
        Self { own: tree.and_then(|_| Positions::of(text)), template }
    }

    /// The line in the text itself.
    pub(super) fn line_of(&self, fault: &Fault) -> Option<usize> {
        match self.place_of(fault) {
            (None, position) => Some(position.line),
            (Some(_), _) => None,
        }
    }

    /// The file, if it is the template's, and the place in it.
    fn place_of(&self, fault: &Fault) -> (Option<String>, Position) {
        let positions = match &self.own {
            Ok(positions) => positions,
            Err(faults) => {
                let same = faults.iter().find(|it| it.fault == *fault).or(faults.first());
                return (None, same.map_or(Position::START, |it| it.position));
            }
        };
        let pointer = &fault.pointer;
        let is_own = ["/extends", "/overrides"].iter().any(|own| pointer.starts_with(own));
        let Some((file, there, traced)) = self.template.as_ref().filter(|_| !is_own) else {
            return (None, positions.find(pointer));
        };
        let Origin { source, pointer } = traced.origin_of(pointer);
        match source {
            Source::Own => (None, positions.find(&pointer)),
            // What the whole lacks is for the municipality to write.
            Source::Template if pointer.is_empty() => (None, positions.find("/overrides")),
            Source::Template => {
                let position = there.as_ref().map_or(Position::START, |there| there.find(&pointer));
                (Some(file.clone()), position)
            }
        }
    }
}

#[cfg(test)]
mod tests;
