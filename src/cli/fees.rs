//! `fees replay`: does every stored fee still follow from its ordinance version and its inputs?

use clap::{Args, Subcommand};

use super::{Common, Stop, say};
use crate::domain::money::Yen;
use crate::service::fee_replay::{self, Finding, InvoiceFinding};

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
    options.common.run(async |core| {
        let report = fee_replay::replay(&core).await?;
        report.findings.iter().for_each(|finding| say(line(finding)));
        let (invoices, lines, found) = (report.invoices, report.lines, report.findings.len());
        say(format!("{invoices} invoices, {lines} lines computed again, {found} findings"));
        if report.erased > 0 {
            say(format!("{} invoices of erased cases were not computed again", report.erased));
        }
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
