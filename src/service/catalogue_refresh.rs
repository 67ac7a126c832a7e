//! Following what is published: every process looks at one small row now and then, and loads what is new.
//!
//! The node that publishes looks right after its commit. A look is one read of one row that only publishing writes, so
//! it costs submissions nothing.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::{Core, Failure};
use crate::catalogue::live::Laid;
use crate::catalogue::{Catalogue, Closing, PublishedText, VersionKey};
use crate::domain::id::TenantCode;
use crate::domain::organisation::Department;
use crate::domain::procedure::Bilingual;
use crate::store::departments::{self, DepartmentRow};
use crate::store::publications::{self, PublicationRow};

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Loads what is published if it is newer than what this process shows.
pub async fn refresh(core: &Arc<Core>) -> Result<Laid, Failure> {
    let known = core.catalogue.revision();
    let newer = core
        .db
        .read(move |tx| {
            let revision = publications::revision(tx)?;
            if revision <= known {
                return Ok((revision, Vec::new(), Vec::new()));
            }
            Ok::<_, Failure>((revision, publications::published(tx)?, departments::all(tx)?))
        })
        .await?;
    let (revision, rows, imported) = newer;
    if revision <= known {
        return Ok(Laid::NotNewer);
    }
    let mut texts = Vec::new();
    let mut closings = Vec::new();
    for row in rows {
        match part(row)? {
            Part::Text(text) => texts.push(text),
            Part::Closing(closing) => closings.push(closing),
        }
    }
    let imported: Vec<_> = imported.into_iter().map(department).collect();
    let holder = Arc::clone(core);
    let laying = move || holder.catalogue.lay(revision, texts, closings, imported);
    let laid = tokio::task::spawn_blocking(laying).await;
    let laid = laid.map_err(|error| Failure::Internal(error.to_string()))?;
    if laid == Laid::Taken {
        report(&core.catalogue.current(), revision);
    }
    Ok(laid)
}

/// Looks again and again, as long as the core lives.
pub fn follow(core: &Arc<Core>, poll_ms: u64) {
    if poll_ms == 0 {
        return;
    }
    let (core, usual) = (Arc::downgrade(core), Duration::from_millis(poll_ms));
    tokio::spawn(look_again(core, usual));
}

async fn look_again(core: Weak<Core>, usual: Duration) {
    let mut pause = usual;
    loop {
        tokio::time::sleep(pause).await;
        let Some(core) = core.upgrade() else { return };
        pause = match refresh(&core).await {
            Ok(_) => usual,
            Err(failure) => {
                tracing::warn!(error.internal = %failure, "could not look at what is published");
                pause.saturating_mul(2).min(LONGEST_PAUSE.max(usual))
            }
        };
    }
}

/// An imported record as the catalogue knows departments.
fn department(row: DepartmentRow) -> (TenantCode, Department) {
    let department = Department {
        code: row.code,
        name: Bilingual { ja: row.name_ja, en: row.name_en },
        bureau: row.parent,
        disposing_authority: None,
        independent_authority: false,
        valid_from: row.valid_from.0,
        valid_to: row.valid_to.map(|to| to.0),
        successor: row.successor,
        source: format!("取込み {}", row.import_id),
        sample: false,
    };
    (row.tenant_id, department)
}

enum Part {
    Text(PublishedText),
    Closing((VersionKey, Closing)),
}

fn part(row: PublicationRow) -> Result<Part, Failure> {
    let broken = |what: &str| Failure::Internal(format!("publications.{what} of {}", row.id));
    let procedure = row.procedure.clone().ok_or_else(|| broken("procedure"))?;
    let version = row.version.and_then(|version| u32::try_from(version).ok());
    let version = version.ok_or_else(|| broken("version"))?;
    if row.kind == "closing" {
        let last_day = row.last_day.ok_or_else(|| broken("last_day"))?.0;
        let drain_until = row.drain_until.ok_or_else(|| broken("drain_until"))?.0;
        return Ok(Part::Closing(((row.tenant_id, procedure, version), Closing { last_day, drain_until })));
    }
    let effective_from = row.effective_from.ok_or_else(|| broken("effective_from"))?.0;
    let digest = row.digest.clone().ok_or_else(|| broken("digest"))?;
    Ok(Part::Text(PublishedText {
        tenant: row.tenant_id,
        procedure,
        version,
        effective_from,
        digest,
        text: row.source,
    }))
}

fn report(catalogue: &Catalogue, revision: i64) {
    let unusable = catalogue.unusable();
    metrics::gauge!("madoguchi_unusable_procedure_versions")
        .set(f64::from(u32::try_from(unusable.len()).unwrap_or(u32::MAX)));
    tracing::info!(revision, "procedures were published");
    for version in unusable {
        let reasons: Vec<String> =
            version.faults.iter().map(|fault| format!("{}: {}", fault.pointer, fault.message_en)).collect();
        tracing::error!(
            tenant = %version.tenant,
            procedure = version.procedure,
            version = version.version,
            reasons = reasons.join("; "),
            "a published procedure version cannot be offered by this program"
        );
    }
}
