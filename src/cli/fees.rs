//! `fees replay`: does every stored fee still follow from its ordinance version and its inputs?

use std::sync::Arc;

use clap::{Args, Subcommand};

use super::{Common, Stop, say};
use crate::clock::{SystemClock, SystemIds};
use crate::domain::money::Yen;
use crate::drill::Drill;
use crate::service::fee_replay::{self, Finding, InvoiceFinding};
use crate::start::{Migrate, Sources, build_core};

#[derive(Debug, Subcommand)]
pub(super) enum FeesCommand {
    /// Compute every stored invoice again from its pinned version and its stored inputs, and compare to the yen
    Replay(ReplayOptions),
}

#[derive(Debug, Args)]
pub(super) struct ReplayOptions {
    #[command(flatten)]
    common: Common,
}

pub(super) fn fees(command: &FeesCommand) -> Result<(), Stop> {
    let FeesCommand::Replay(options) = command;
    let (settings, _throw_away) = options.common.load()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let sources = Sources {
            clock: Arc::new(SystemClock::default()),
            ids: Arc::new(SystemIds::default()),
            drill: Arc::new(Drill::default()),
        };
        let core = build_core(settings, sources, Migrate::Refuse).await?;
        let report = fee_replay::replay(&core).await?;
        report.findings.iter().for_each(|finding| say(line(finding)));
        let (invoices, lines, found) = (report.invoices, report.lines, report.findings.len());
        say(format!("{invoices} invoices, {lines} lines computed again, {found} findings"));
        if found == 0 { Ok(()) } else { Err(Stop::because(format!("{found} findings"))) }
    })
}

fn line(found: &InvoiceFinding) -> String {
    let InvoiceFinding { tenant, number, finding } = found;
    match finding {
        Finding::Differs(difference) => {
            let yen = |amount: Option<Yen>| {
                amount.map_or_else(|| "nothing".to_owned(), |amount| amount.amount().to_string())
            };
            let (stored, computed) = (yen(difference.stored), yen(difference.computed));
            format!("{tenant} {number} {}: stored {stored}, computed {computed}", difference.line)
        }
        Finding::NotComputable(reason) => format!("{tenant} {number}: {reason}"),
    }
}
