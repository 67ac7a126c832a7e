//! A text before its transaction: read, checked and measured on a thread for slow work.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use super::super::{Ctx, Failure, Refusal};
use crate::catalogue::{Catalogue, TextFault};
use crate::domain::fault::Fault;
use crate::domain::id::{PublicationId, TenantCode};
use crate::domain::procedure::{ProcedureDefinition, is_slug};
use crate::store::publications::{self, PublicationRow};
use crate::store::sql::IsoDate;

/// The longest text, in bytes.
const LONGEST_TEXT: usize = 512 * 1024;

/// A text and what it turned out to be.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// Exactly as written.
    source: Arc<str>,
    /// SHA-256 of the text, hexadecimal.
    pub(super) sha256: String,
    procedure: Option<String>,
    /// The number of the version.
    pub(super) version: Option<u32>,
    effective_from: Option<Date>,
    /// SHA-256 of the content, hexadecimal.
    pub(super) digest: Option<String>,
    /// The content as JSON text, where it is one of a procedure version.
    pub(super) definition: Option<String>,
    /// The same as a tree.
    pub(super) tree: Option<Value>,
    /// What is wrong with it by itself.
    pub(super) faults: Vec<TextFault>,
}

impl Text {
    /// Reads a text that somebody sent; one that names another body, or that is none, is refused.
    pub(super) async fn read(ctx: &Ctx, tenant: &TenantCode, source: String) -> Result<Self, Failure> {
        if source.len() > LONGEST_TEXT {
            return Err(Refusal::TooLarge { limit_bytes: LONGEST_TEXT }.into());
        }
        if source.contains('\0') {
            let (ja, en) = ("使えない文字（NUL）があります。", "The text contains a NUL character.");
            return Err(Refusal::Invalid(vec![Fault::new("/source", "control_character", ja, en)]).into());
        }
        let (text, named) = examine(ctx, source).await?;
        if named.iter().any(|named| named != tenant.as_str()) {
            let (ja, en) = ("他の団体の手続です。", "The text is about a procedure of another body.");
            return Err(Refusal::Invalid(vec![Fault::new("/source/tenant", "other_tenant", ja, en)]).into());
        }
        Ok(text)
    }

    /// Writes what the text says into a row.
    pub(super) fn put(&self, row: &mut PublicationRow) {
        self.source.as_ref().clone_into(&mut row.source);
        row.source_sha256.clone_from(&self.sha256);
        row.procedure.clone_from(&self.procedure);
        row.version = self.version.map(i64::from);
        row.digest.clone_from(&self.digest);
        row.effective_from = self.effective_from.map(IsoDate);
    }

    /// Everything that stands in the way of publishing `row` today, the text's own faults included.
    pub(super) fn faults_of(&self, row: &PublicationRow, catalogue: &Catalogue, today: Date) -> Vec<Fault> {
        if row.kind == "closing" {
            let version = row.version.and_then(|version| u32::try_from(version).ok()).unwrap_or(0);
            let known = catalogue.procedure_version(
                &row.tenant_id,
                row.procedure.as_deref().unwrap_or_default(),
                version,
            );
            let dates = row.last_day.zip(row.drain_until);
            return match (known, dates) {
                (Some(known), Some((last_day, drain))) => {
                    closing_faults(&known.definition, last_day.0, drain.0, today)
                }
                _ => vec![Fault::new(
                    "/version",
                    "unknown_version",
                    "この版はありません。",
                    "There is no such version.",
                )],
            };
        }
        let mut faults: Vec<Fault> = self.faults.iter().map(|found| found.fault.clone()).collect();
        faults.extend(self.order_faults(&row.tenant_id, catalogue, today));
        faults
    }

    /// A new version comes after the ones before it, in number and in time, and never begins in the past of another.
    pub(super) fn order_faults(&self, tenant: &TenantCode, catalogue: &Catalogue, today: Date) -> Vec<Fault> {
        let mut faults = Vec::new();
        let procedure = self.procedure.as_deref().unwrap_or_default();
        let Some(newest) = catalogue.newest_version(tenant, procedure) else { return faults };
        let newest = &newest.definition;
        if self.version.is_some_and(|version| version <= newest.version) {
            let ja = format!("版番号は{}より大きくしてください", newest.version);
            let en = format!("must be higher than {}", newest.version);
            faults.push(Fault::new("/version", "version_order", ja, en));
        }
        let earliest = newest.effective_from.max(today);
        if self.effective_from.is_some_and(|from| from < earliest) {
            let ja = format!("施行日は{earliest}以後にしてください");
            let en = format!("must not be before {earliest}");
            faults.push(Fault::new("/effective_from", "effective_from", ja, en));
        }
        faults
    }
}

/// What is wrong with the dates of a closing.
pub(super) fn closing_faults(
    definition: &ProcedureDefinition,
    last_day: Date,
    drain_until: Date,
    today: Date,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if last_day < today.max(definition.effective_from) {
        let (ja, en) = ("今日以後の日にしてください。", "The last day must not lie in the past.");
        faults.push(Fault::new("/last_day", "past", ja, en));
    }
    if drain_until < last_day {
        let (ja, en) = ("最終日以後の日にしてください。", "The drain date must not be before the last day.");
        faults.push(Fault::new("/drain_until", "span", ja, en));
    }
    faults
}

/// The text of a stored publication, examined by the present program.
pub(super) async fn stored(ctx: &Ctx, tenant: &TenantCode, id: PublicationId) -> Result<Text, Failure> {
    let tenant = tenant.clone();
    let row = ctx.core.db.read(move |tx| Ok::<_, Failure>(publications::find(tx, &tenant, id)?)).await?;
    of_row(ctx, &row.ok_or(Refusal::NotFound)?).await
}

/// The text of a row; the text of a closing has nothing to be examined.
pub(super) async fn of_row(ctx: &Ctx, row: &PublicationRow) -> Result<Text, Failure> {
    if row.kind == "closing" {
        return Ok(Text {
            source: row.source.as_str().into(),
            sha256: row.source_sha256.clone(),
            procedure: row.procedure.clone(),
            version: None,
            effective_from: None,
            digest: None,
            definition: None,
            tree: None,
            faults: Vec::new(),
        });
    }
    Ok(examine(ctx, row.source.clone()).await?.0)
}

/// Reads a text on a thread for slow work; also gives the bodies that it names, by itself and with its template.
async fn examine(ctx: &Ctx, source: String) -> Result<(Text, Vec<String>), Failure> {
    let catalogue = ctx.core.catalogue.current();
    let work = move || {
        let examined = catalogue.examine(&source);
        let definition = examined.procedure.as_ref().map(|procedure| &procedure.definition);
        let tree = definition.and_then(|definition| serde_json::to_value(definition).ok());
        let resolved = definition.map(|definition| definition.tenant.to_string());
        let named = examined.tenant.into_iter().chain(resolved).collect();
        let number = definition.map(|definition| definition.version).or(examined.version);
        let text = Text {
            sha256: crate::seal::sha256_hex(source.as_bytes()),
            procedure: examined.id.filter(|id| is_slug(id)),
            version: number.filter(|version| *version > 0),
            effective_from: definition.map(|definition| definition.effective_from),
            digest: examined.digest,
            definition: tree.as_ref().map(Value::to_string),
            tree,
            faults: examined.faults,
            source: source.into(),
        };
        (text, named)
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| Failure::Internal(error.to_string()))
}
