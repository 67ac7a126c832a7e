//! `procedures impact FILE`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{over_shipped, read_user_file, report};
use crate::catalogue::{Catalogue, CatalogueProcedure, definition};
use crate::cli::{Common, Stop, say};
use crate::service::impact::{self, Impact, Outcome};

#[derive(Debug, Args)]
pub(in crate::cli) struct ImpactOptions {
    /// The file of the new version
    file: PathBuf,
    /// List every case, and not only those with new faults
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) fn impact(options: &ImpactOptions) -> Result<(), Stop> {
    let new = new_version(options)?;
    let found = options.common.run(async |core| impact::impact(&core, &new).await.map_err(Stop::from))?;
    print(&new, &found, options.all);
    Ok(())
}

fn new_version(options: &ImpactOptions) -> Result<Arc<CatalogueProcedure>, Stop> {
    let file = read_user_file(&options.file)?;
    let (name, path) = (file.name.clone(), file.path.display().to_string());
    let files = over_shipped(&[file]);
    let catalogue = Catalogue::load_files(files.clone()).map_err(|faults| {
        report(&files, &faults, |it| if it == name { path.clone() } else { format!("config/{it}") });
        Stop(format!("誤りが{}件あります / {} faults", faults.len(), faults.len()))
    })?;
    let text = files.get(&name).map(String::as_str).unwrap_or_default();
    let read = definition::read(text, &files).map_err(|faults| Stop(format!("{} faults", faults.len())))?;
    let it = &read.definition;
    let found = catalogue.procedure_version(&it.tenant, &it.id, it.version).cloned();
    found.ok_or_else(|| Stop(format!("{name}: この版がありません / the version was not found")))
}

fn print(new: &CatalogueProcedure, impact: &Impact, all: bool) {
    let definition = &new.definition;
    let (tenant, id, version) = (&definition.tenant, &definition.id, definition.version);
    let count = impact.cases.len();
    say(format!("{tenant}/{id}@{version}: 下書きと未完結の事案 {count}件 / {count} drafts and open cases"));
    for ((version, state), count) in impact.by_version_and_state() {
        say(format!("  第{version}版 {state}: {count}"));
    }
    let of = |outcome| impact.count(outcome);
    say(format!("  そのまま有効 / still valid: {}", of(Outcome::Fits)));
    say(format!("  新たな誤り / new faults: {}", of(Outcome::NewFaults)));
    say(format!("  読めない / unreadable: {}", of(Outcome::Unreadable)));
    for ((pointer, code), count) in &impact.faults {
        say(format!("    {pointer} {code}: {count}"));
    }
    say("手数料（現行 → 新） / fees (own version → new)");
    let yen = |total: Option<i64>| total.map_or_else(|| "未確定".to_owned(), |total| format!("{total}円"));
    for ((own, new), count) in &impact.fees {
        let mark = if own == new { "変更なし / same" } else { "変更 / changed" };
        say(format!("  {} → {}: {count}件 {mark}", yen(*own), yen(*new)));
    }
    let touched = impact.cases.iter().filter(|case| all || case.outcome != Outcome::Fits);
    for case in touched {
        say(format!("  {} {} 第{}版 {:?}", case.id, case.state, case.version, case.outcome));
    }
}
