//! `procedures …`: what staff use to write procedures. Japanese first, as its readers are.

mod check;
mod compare;
mod hints;
mod impact;
mod schema;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Stop, say};
use crate::catalogue::definition::{self, Located, locate};
use crate::catalogue::{Catalogue, CatalogueFault, ConfigurationFiles};
use crate::domain::procedure::ProcedureDefinition;

#[derive(Debug, Subcommand)]
pub(super) enum ProceduresCommand {
    /// Check procedure files over the shipped configuration, examples included (手続定義の検査)
    Check(check::CheckOptions),
    /// Print the JSON Schema of the language for editors (言語のスキーマ)
    Schema(schema::SchemaOptions),
    /// Show what differs between two versions, or from the template (新旧対照)
    Diff(compare::DiffOptions),
    /// Show newer templates, and what they would change here (雛形の更新)
    Upstream(compare::UpstreamOptions),
    /// Show which drafts and open cases a new version touches; nothing is changed (影響調査)
    Impact(impact::ImpactOptions),
    /// List the shipped versions (一覧)
    List,
}

pub(super) fn procedures(command: &ProceduresCommand) -> Result<(), Stop> {
    match command {
        ProceduresCommand::Check(options) => check::check(options),
        ProceduresCommand::Schema(options) => schema::schema(options),
        ProceduresCommand::Diff(options) => compare::diff(options),
        ProceduresCommand::Upstream(options) => compare::upstream(options),
        ProceduresCommand::Impact(options) => impact::impact(options),
        ProceduresCommand::List => list(),
    }
}

fn list() -> Result<(), Stop> {
    let catalogue = Catalogue::load_embedded().map_err(|faults| Stop(format!("{} faults", faults.len())))?;
    for version in catalogue.all_versions() {
        let ProcedureDefinition { tenant, id, version, title, effective_from, .. } = &version.definition;
        say(format!("{tenant}/{id}@{version}  {}  {effective_from}〜", title.ja));
    }
    Ok(())
}

/// A file of the user's with the name it has within the configuration.
struct UserFile {
    name: String,
    path: PathBuf,
    text: String,
}

/// Reads a file and finds its name within the configuration from its content: a template has no body.
fn read_user_file(path: &Path) -> Result<UserFile, Stop> {
    let bytes = std::fs::read(path).map_err(|error| Stop(format!("{}: {error}", path.display())))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Stop(format!("{}: UTF-8ではありません / {error}", path.display())))?;
    let tree = definition::tree_of(&text).unwrap_or_default();
    let base = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let name = match tree.get("tenant").and_then(serde_json::Value::as_str) {
        Some(tenant) => format!("procedures/{tenant}/{base}"),
        None if folder.as_deref() == Some("templates") => format!("templates/{base}"),
        None => format!("procedures/{}/{base}", folder.unwrap_or_else(|| "unknown".to_owned())),
    };
    Ok(UserFile { name, path: path.to_owned(), text })
}

/// The shipped configuration with files of the user's over it.
fn over_shipped(own: &[UserFile]) -> ConfigurationFiles {
    let mut files = Catalogue::shipped_files();
    files.extend(own.iter().map(|file| (file.name.clone(), file.text.clone())));
    files
}

/// `file:line:column: code: Japanese / English` and a hint.
fn report(files: &ConfigurationFiles, faults: &[CatalogueFault], shown: impl Fn(&str) -> String) {
    let mut located: Vec<Located> = faults.iter().map(|fault| locate(files, fault)).collect();
    located.sort_by(|one, other| (&one.file, one.position).cmp(&(&other.file, other.position)));
    for Located { file, position, fault } in located {
        let place = position.map_or(String::new(), |it| format!(":{}:{}", it.line, it.column));
        let (ja, en) = (&fault.message_ja, &fault.message_en);
        say(format!("{}{place}: {}: {ja} / {en}  ({})", shown(&file), fault.code, fault.pointer));
        let (ja, en) = hints::hint(fault.code);
        say(format!("  hint: {ja} / {en}"));
    }
}
