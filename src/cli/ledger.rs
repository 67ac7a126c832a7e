//! `ledger check`: does the money of every body add up?

use clap::{Args, Subcommand};

use super::serve::Machine;
use super::{Common, Stop, say};
use crate::service::ledger_check::{self, LedgerFinding};
use crate::start::open_database;

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Check that money is conserved in every ledger and that invoices, payments and refunds say what was booked
    Check(CheckOptions),
}

#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    #[command(flatten)]
    common: Common,
}

pub(super) fn ledger(command: &LedgerCommand) -> Result<(), Stop> {
    let LedgerCommand::Check(options) = command;
    let (settings, _throw_away) = options.common.load()?;
    let db = open_database(&settings, &Machine::new().sources())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checked = runtime.block_on(ledger_check::check(&db));
    db.shutdown();
    let mut found = 0;
    for report in checked? {
        let (of, entries, claims) = (&report.tenant, report.entries, report.claims);
        say(format!("{of}: {entries} entries, {claims} invoices, payments and refunds"));
        report.findings.iter().for_each(|finding| say(format!("{of}: {}", line(finding))));
        found += report.findings.len();
    }
    say(format!("{found} findings"));
    if found == 0 { Ok(()) } else { Err(Stop::because(format!("{found} findings"))) }
}

fn line(finding: &LedgerFinding) -> String {
    match finding {
        LedgerFinding::Violation(violation) => format!("BROKEN {violation:?}"),
        LedgerFinding::Disagreement(found) => {
            format!("DISAGREES {:?}: booked less stated {} yen", found.fact, found.difference)
        }
    }
}
