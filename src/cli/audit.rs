//! `audit verify`: are all chains of events and accesses whole?

use std::sync::Arc;

use clap::{Args, Subcommand};

use super::{Common, Stop, say};
use crate::clock::{SystemClock, SystemIds};
use crate::drill::Drill;
use crate::service::audit;
use crate::start::{Migrate, Sources, build_core};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Hash every event and every access anew and hold them against the stored chains
    Verify(VerifyOptions),
}

#[derive(Debug, Args)]
pub(super) struct VerifyOptions {
    #[command(flatten)]
    common: Common,
}

pub(super) fn audit(command: &AuditCommand) -> Result<(), Stop> {
    let AuditCommand::Verify(options) = command;
    let (settings, _throw_away) = options.common.load()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let sources = Sources {
            clock: Arc::new(SystemClock::default()),
            ids: Arc::new(SystemIds::default()),
            drill: Arc::new(Drill::default()),
        };
        let core = build_core(settings, sources, Migrate::Refuse).await?;
        let mut broken = 0;
        for tenant in core.catalogue.tenants() {
            let of = &tenant.definition.code;
            let report = audit::verify(&core, of).await?;
            let (cases, events, accesses) = (report.cases, report.events, report.access_rows);
            say(format!("{of}: {cases} cases, {events} events, {accesses} accesses"));
            for chain in &report.broken {
                say(format!("{of}: BROKEN {chain:?}"));
            }
            broken += report.broken.len();
        }
        if broken == 0 { Ok(()) } else { Err(Stop::because(format!("{broken} chains do not hold"))) }
    })
}
