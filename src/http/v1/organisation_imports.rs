//! `…/organisation/imports`: administrators import departments, officers and posts, and look at the difference before.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::domain::organisation_import::{Change, ChangeKind};
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, TenantPath};
use crate::http::error::ApiError;
use crate::http::extract::Mutation;
use crate::http::respond;
use crate::service::organisation::{self, Format, Imported, Mode, Source};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(import_organisation);
}

/// In which format a file is.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportFormat {
    /// One record a row, with a header.
    Csv,
    /// The lists `departments`, `officers` and `holdings`.
    Yaml,
}

/// A file with the organisation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganisationFile {
    /// Its format.
    format: ImportFormat,
    /// Its text, at most 1 MiB.
    #[schema(max_length = 1_048_576)]
    source: String,
}

/// Whether it is only to be shown.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DryRun {
    /// True: say what it would change, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// One line of the difference.
#[derive(Serialize, ToSchema)]
pub struct OrganisationChange {
    /// `added`, `ended` or `changed`.
    kind: String,
    /// `department`, `officer` or `holding`.
    record: String,
    /// Where it stands in the file: `/rows/{line}` of CSV, `/{list}/{index}` of YAML.
    pointer: String,
    /// The key of the record: code or address, department and role.
    subject: Vec<String>,
    /// The first day.
    #[schema(format = Date)]
    valid_from: Option<String>,
    /// The last day from now on.
    #[schema(format = Date)]
    valid_to: Option<String>,
    /// The line for people, in Japanese.
    text_ja: String,
    /// The line for people, in English.
    text_en: String,
}

/// The first password of a new officer.
#[derive(Serialize, ToSchema)]
pub struct FirstPassword {
    /// The address to sign in with.
    email: String,
    /// Shown once, stored nowhere.
    password: String,
}

/// What an import did, or would do.
#[derive(Serialize, ToSchema)]
pub struct OrganisationImportBody {
    /// The import; null when nothing was changed.
    id: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    imported_at: Option<String>,
    /// Records that came.
    added: i64,
    /// Records that got their end.
    ended: i64,
    /// Records that say something else.
    changed: i64,
    /// The difference, in the order of the file; empty when a repeated key is answered.
    changes: Vec<OrganisationChange>,
    /// Of new officers; empty when a repeated key is answered.
    first_passwords: Vec<FirstPassword>,
}

impl OrganisationImportBody {
    fn of(imported: Imported) -> Self {
        let Imported { row, changes, first_passwords } = imported;
        let count = |kind: ChangeKind| {
            let of_kind = changes.iter().filter(|change| change.kind == kind).count();
            i64::try_from(of_kind).unwrap_or(i64::MAX)
        };
        let counted = || (count(ChangeKind::Added), count(ChangeKind::Ended), count(ChangeKind::Changed));
        let (added, ended, changed) =
            row.as_ref().map_or_else(counted, |row| (row.added, row.ended, row.changed));
        Self {
            imported_at: row.as_ref().map(|row| row.imported_at.0.to_string()),
            id: row.map(|row| row.id),
            added,
            ended,
            changed,
            changes: changes.into_iter().map(OrganisationChange::of).collect(),
            first_passwords: first_passwords
                .into_iter()
                .map(|(email, password)| FirstPassword { email, password })
                .collect(),
        }
    }
}

impl OrganisationChange {
    fn of(change: Change) -> Self {
        let kind = match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Ended => "ended",
            ChangeKind::Changed => "changed",
        };
        Self {
            kind: kind.to_owned(),
            record: change.record.to_owned(),
            pointer: change.place,
            subject: change.subject,
            valid_from: change.valid_from.map(|day| day.to_string()),
            valid_to: change.valid_to.map(|day| day.to_string()),
            text_ja: change.text_ja,
            text_en: change.text_en,
        }
    }
}

/// Import departments, officers and posts
///
/// For administrators of the body. A file states records, and what it does not name is left alone: an earlier last day ends a
/// record, and what began before today keeps its words. All contradictions are told at once, each with its row and column. The same
/// file twice changes nothing. With `dry_run` it only says what it would change.
#[utoipa::path(
    operation_id = "import_organisation", tag = "organisation", params(TenantPath, DryRun, IdempotencyKeyHeader),
    request_body = OrganisationFile,
    responses(
        (status = 200, description = "Nothing was changed: a dry run, or no difference", body = OrganisationImportBody),
        (status = 201, description = "The difference was made", body = OrganisationImportBody),
        ChangeProblems,
    ),
)]
#[post("/v1/tenants/{tenant}/organisation/imports")]
pub async fn import_organisation(
    mutation: Mutation<OrganisationFile>,
    asked: web::Query<DryRun>,
    _: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let format = match mutation.body.format {
        ImportFormat::Csv => Format::Csv,
        ImportFormat::Yaml => Format::Yaml,
    };
    let source = Source { format, text: mutation.body.source };
    let mode = if asked.dry_run { Mode::DryRun } else { Mode::Apply };
    let done = organisation::import(mutation.ctx, mutation.idempotency, source, mode).await?;
    let status = if done.value.row.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok(respond::effect(status, done.origin, None, &OrganisationImportBody::of(done.value)))
}
