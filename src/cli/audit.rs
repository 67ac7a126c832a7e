//! `audit verify`: are all chains of events and accesses whole?

use clap::{Args, Subcommand};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use super::{Common, Stop, say};
use crate::domain::id::TenantCode;
use crate::service::Core;
use crate::service::audit;
use crate::service::audit_checkpoints::Witness;
use crate::service::day_close_audit;
use crate::service::document_number;
use crate::start::public_keys;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Hash every event and every access anew and hold them against the stored chains
    Verify(VerifyOptions),
    /// Print the public keys of checkpoints, of proofs of documents and of the offices that sign, as a JWK set
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
            say(public_keys(&settings)?);
            Ok(())
        }
    }
}

fn verify(options: &VerifyOptions) -> Result<(), Stop> {
    options.common.run(async |core| {
        let (mut broken, mut irregular) = (0, 0);
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
            broken += verify_closes(&core, of).await?;
            irregular += check_document_numbers(&core, of).await?;
        }
        match (broken, irregular) {
            (0, 0) => Ok(()),
            (0, _) => Err(Stop::because(format!("{irregular} document numbers are missing or double"))),
            _ => Err(Stop::because(format!("{broken} chains do not hold"))),
        }
    })
}

/// Says what is wrong with the closed days of a body; gives their number.
async fn verify_closes(core: &Core, of: &TenantCode) -> Result<usize, Stop> {
    let closed = day_close_audit::verify(core, of).await?;
    if closed.closes > 0 {
        say(format!("{of}: {} closed days", closed.closes));
    }
    for (day, fault) in &closed.broken {
        say(format!("{of}: BROKEN close of {day}: {fault:?}"));
    }
    Ok(closed.broken.len())
}

/// Says which document numbers of a body are missing or double; gives their number.
async fn check_document_numbers(core: &Core, of: &TenantCode) -> Result<usize, Stop> {
    let documents = document_number::check(core, of).await?;
    say(format!("{of}: {} document numbers, {} incoming numbers", documents.numbers, documents.incoming));
    for irregularity in &documents.irregularities {
        say(format!("{of}: DOCUMENT NUMBER {irregularity:?}"));
    }
    Ok(documents.irregularities.len())
}
