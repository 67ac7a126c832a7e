//! `audit verify`: are all chains of events and accesses whole?

use clap::{Args, Subcommand};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use super::{Common, Stop, say};
use crate::domain::id::TenantCode;
use crate::service::audit;
use crate::service::audit_checkpoints::Witness;
use crate::start::checkpoint_keys;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Hash every event and every access anew and hold them against the stored chains
    Verify(VerifyOptions),
    /// Print the public key that checkpoints are signed with, as a JWK set
    Key(Common),
}

#[derive(Debug, Args)]
pub(super) struct VerifyOptions {
    #[command(flatten)]
    common: Common,
    /// A checkpoint noted at an earlier check, TENANT:NUMBER:HASH; it must still be there. May be repeated
    #[arg(long, value_name = "NOTE", value_parser = note)]
    witness: Vec<(TenantCode, Witness)>,
}

/// Reads what `verify` printed of a newest checkpoint.
fn note(text: &str) -> Result<(TenantCode, Witness), String> {
    let read = || {
        let (tenant, rest) = text.split_once(':')?;
        let (number, hash) = rest.split_once(':')?;
        let hash = HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).ok()?.try_into().ok()?;
        Some((TenantCode::parse(tenant)?, Witness { checkpoint_no: number.parse().ok()?, hash }))
    };
    read().ok_or_else(|| "wanted: TENANT:NUMBER:HASH, as `audit verify` prints it".to_owned())
}

pub(super) fn audit(command: &AuditCommand) -> Result<(), Stop> {
    match command {
        AuditCommand::Verify(options) => verify(options),
        AuditCommand::Key(common) => {
            let (settings, _throw_away) = common.load()?;
            say(checkpoint_keys(&settings)?);
            Ok(())
        }
    }
}

fn verify(options: &VerifyOptions) -> Result<(), Stop> {
    options.common.run(async |core| {
        let mut broken = 0;
        for tenant in core.catalogue.current().tenants() {
            let of = &tenant.definition.code;
            let noted = options.witness.iter().filter(|(tenant, _)| tenant == of);
            let noted: Vec<_> = noted.map(|(_, witness)| witness.clone()).collect();
            let report = audit::verify(&core, of, &noted).await?;
            let (cases, events, accesses) = (report.cases, report.events, report.access_rows);
            let checkpoints = report.checkpoints;
            say(format!(
                "{of}: {cases} cases, {events} events, {accesses} accesses, {checkpoints} checkpoints"
            ));
            if let Some((number, hash)) = &report.newest_checkpoint {
                say(format!("{of}: newest checkpoint {of}:{number}:{}", HEXLOWER.encode(hash)));
            }
            for chain in &report.broken {
                say(format!("{of}: BROKEN {chain:?}"));
            }
            broken += report.broken.len();
        }
        if broken == 0 { Ok(()) } else { Err(Stop::because(format!("{broken} chains do not hold"))) }
    })
}
