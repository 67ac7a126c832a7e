//! `procedures diff` and `procedures upstream`.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::{over_shipped, read_user_file, report};
use crate::catalogue::definition;
use crate::catalogue::upstream::{self, Upstream};
use crate::catalogue::{Catalogue, CatalogueFault, ConfigurationFiles};
use crate::cli::{Stop, say};
use crate::domain::definition_diff::{self, Change, without_nothing};
use crate::domain::fault::Fault;

#[derive(Debug, Args)]
pub(in crate::cli) struct DiffOptions {
    /// The older: a file, or TENANT/ID@VERSION of the shipped configuration
    #[arg(required_unless_present = "template")]
    old: Option<String>,
    /// The newer: a file, or TENANT/ID@VERSION of the shipped configuration
    #[arg(required_unless_present = "template")]
    new: Option<String>,
    /// What a file, or TENANT/ID@VERSION, overrides of its template
    #[arg(long, value_name = "FILE", conflicts_with_all = ["old", "new"])]
    template: Option<String>,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct UpstreamOptions {
    /// A configuration folder; nothing: the shipped configuration
    folder: Option<std::path::PathBuf>,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn diff(options: &DiffOptions) -> Result<(), Stop> {
    let changes = match (&options.template, &options.old, &options.new) {
        (Some(name), _, _) => overridden(name)?,
        (None, Some(old), Some(new)) => definition_diff::diff(&definition_of(old)?, &definition_of(new)?),
        _ => Vec::new(),
    };
    if options.json {
        say(json!(changes.iter().map(as_json).collect::<Vec<_>>()));
    } else {
        for change in &changes {
            say(as_text(change));
        }
        let count = changes.len();
        say(if count == 0 {
            "同じ内容です / no difference".to_owned()
        } else {
            format!("{count}件の相違 / {count} differences")
        });
    }
    if changes.is_empty() || options.template.is_some() { Ok(()) } else { Err(Stop::silent()) }
}

pub(super) fn upstream(options: &UpstreamOptions) -> Result<(), Stop> {
    let files = match &options.folder {
        None => Catalogue::shipped_files(),
        Some(folder) => Catalogue::files_of(folder).map_err(|faults| {
            report(&ConfigurationFiles::new(), &faults, str::to_owned);
            Stop(format!("{} faults", faults.len()))
        })?,
    };
    let mut found = Vec::new();
    for name in files.keys().filter(|name| name.starts_with("procedures/")) {
        let offer = upstream::upstream(&files, name).map_err(|faults| refused(&files, name, faults))?;
        found.extend(offer.map(|offer| (name, offer)));
    }
    if options.json {
        let one = |(name, offer): &(&String, Upstream)| {
            let changes = |changes: &[Change]| changes.iter().map(as_json).collect::<Vec<_>>();
            json!({"file": name, "template": offer.extends.template, "version": offer.extends.version,
                   "newest": offer.newest, "offered": changes(&offer.offered), "kept": changes(&offer.kept)})
        };
        say(json!(found.iter().map(one).collect::<Vec<_>>()));
        return Ok(());
    }
    for (name, Upstream { extends, newest, offered, kept }) in &found {
        say(format!("{name}: {} v{} → v{newest}", extends.template, extends.version));
        for change in offered {
            say(format!("  取り込める / offered  {}", as_text(change)));
        }
        for change in kept {
            say(format!("  独自のまま / kept     {}", as_text(change)));
        }
    }
    let count = found.len();
    say(format!("雛形に新しい版がある手続 {count}件 / {count} files with a newer template"));
    Ok(())
}

fn refused(files: &ConfigurationFiles, name: &str, faults: Vec<Fault>) -> Stop {
    let faults: Vec<CatalogueFault> =
        faults.into_iter().map(|fault| CatalogueFault { file: name.to_owned(), fault }).collect();
    report(files, &faults, str::to_owned);
    Stop(format!("{name}: {} faults", faults.len()))
}

/// The name within the configuration of a file or of `TENANT/ID@VERSION`, with the texts it belongs to.
fn find(reference: &str) -> Result<(ConfigurationFiles, String), Stop> {
    let path = Path::new(reference);
    if path.is_file() {
        let file = read_user_file(path)?;
        let name = file.name.clone();
        return Ok((over_shipped(&[file]), name));
    }
    let files = Catalogue::shipped_files();
    let (plain, wanted) = match reference.rsplit_once('@') {
        Some((plain, version)) => (plain, Some(version)),
        None => (reference, None),
    };
    let is_wanted = |text: &String| {
        let read = definition::read(text, &files).ok();
        read.is_some_and(|read| wanted.is_none_or(|version| read.definition.version.to_string() == version))
    };
    let stem = format!("procedures/{plain}");
    let candidates = files.iter().filter(|(name, _)| {
        let rest = name.strip_prefix(&stem).and_then(|rest| rest.strip_suffix(".yaml"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(".v"))
    });
    let found = candidates.filter(|(_, text)| is_wanted(text)).map(|(name, _)| name.clone()).next_back();
    let name = found.ok_or_else(|| {
        Stop(format!("{reference}: ファイルも手続の版もありません / neither a file nor TENANT/ID@VERSION"))
    })?;
    Ok((files, name))
}

/// The whole definition without what is not said, so that an absent key and its default are the same.
fn definition_of(reference: &str) -> Result<Value, Stop> {
    let (files, name) = find(reference)?;
    let text = files.get(&name).map(String::as_str).unwrap_or_default();
    let read = definition::read(text, &files).map_err(|faults| refused(&files, &name, faults))?;
    let whole = serde_json::to_value(&read.definition).map_err(Stop::because)?;
    Ok(without_nothing(whole))
}

fn overridden(reference: &str) -> Result<Vec<Change>, Stop> {
    let (files, name) = find(reference)?;
    let found = upstream::overridden(&files, &name).map_err(|faults| refused(&files, &name, faults))?;
    let found = found.ok_or_else(|| Stop(format!("{name}: 雛形を使っていません / extends no template")))?;
    Ok(found.changes)
}

fn as_text(change: &Change) -> String {
    match change {
        Change::Added { at, value } => format!("追加 + {at}: {value}"),
        Change::Removed { at, value } => format!("削除 - {at}: {value}"),
        Change::Changed { at, from, to } => format!("変更 ~ {at}: {from} → {to}"),
        Change::Reordered { at, order } => format!("順序 = {at}: {}", order.join(", ")),
    }
}

fn as_json(change: &Change) -> Value {
    match change {
        Change::Added { at, value } => json!({"op": "added", "at": at.to_string(), "value": value}),
        Change::Removed { at, value } => json!({"op": "removed", "at": at.to_string(), "value": value}),
        Change::Changed { at, from, to } => {
            json!({"op": "changed", "at": at.to_string(), "from": from, "to": to})
        }
        Change::Reordered { at, order } => json!({"op": "reordered", "at": at.to_string(), "order": order}),
    }
}
