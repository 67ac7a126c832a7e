//! `…/originals`: what is shown apart from the system, and what was seen of it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::paper_filings::IdentityCheckWord;
use super::review::tenant;
use crate::domain::identification::IdentityCheck;
use crate::domain::originals::{OriginalPart, OriginalResult, OriginalStatement, ShownBy};
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::locale::{self, Locale};
use crate::http::respond;
use crate::service::originals::{self, OriginalItem, OriginalRecord, Originals};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_originals).service(record_original);
}

/// How it came to the office.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShownByWord {
    /// 対面.
    InPerson,
    /// 郵送.
    ByPost,
}

/// What was found.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OriginalResultWord {
    /// 相違なし.
    Agrees,
    /// 相違あり; a note says what.
    Differs,
}

/// Which part.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OriginalPartWord {
    /// The original of a document; `code` says of which.
    Document,
    /// The applicant in person.
    Identity,
}

/// What an officer saw.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordOriginal {
    /// Which part.
    part: OriginalPartWord,
    /// The document, of a document.
    #[serde(default)]
    #[schema(required = false, example = "certificate")]
    code: Option<String>,
    /// How it came; a person comes in person.
    shown_by: ShownByWord,
    /// By what the person was known, of an identity.
    #[serde(default)]
    #[schema(required = false)]
    identity_check: Option<IdentityCheckWord>,
    /// What was found.
    result: OriginalResultWord,
    /// The day, from the arrival until today.
    #[schema(value_type = String, format = Date, example = "2026-04-02")]
    seen_on: Date,
    /// What is said of it; needed where something differs.
    #[serde(default)]
    #[schema(required = false)]
    note: Option<String>,
}

impl RecordOriginal {
    fn statement(self) -> OriginalStatement {
        let part = match (self.part, self.code) {
            (OriginalPartWord::Identity, None) => OriginalPart::Identity,
            (OriginalPartWord::Document, Some(code)) => OriginalPart::Document(code),
            // No document is called so: it is named as one that nobody awaits, with whatever else is wrong.
            (OriginalPartWord::Document, None) | (OriginalPartWord::Identity, Some(_)) => {
                OriginalPart::Document(String::new())
            }
        };
        OriginalStatement {
            part,
            shown_by: match self.shown_by {
                ShownByWord::InPerson => ShownBy::InPerson,
                ShownByWord::ByPost => ShownBy::Post,
            },
            identity_check: self.identity_check.map(IdentityCheck::from),
            result: match self.result {
                OriginalResultWord::Agrees => OriginalResult::Agrees,
                OriginalResultWord::Differs => OriginalResult::Differs,
            },
            seen_on: self.seen_on,
            note: self.note.unwrap_or_default(),
        }
    }
}

/// A part that is shown apart, with what counts of it.
#[derive(Serialize, ToSchema)]
pub struct OriginalEntry {
    /// `document` or `identity`.
    #[schema(example = "document")]
    part: &'static str,
    /// Which document; null for an identity.
    #[schema(example = "certificate")]
    code: Option<String>,
    /// What it is called.
    title: String,
    /// `grant`: nothing is granted before. `handover`: it is exchanged for what is handed over.
    #[schema(example = "grant")]
    needed_for: &'static str,
    /// `awaited`, `agrees` or `differs`.
    #[schema(example = "awaited")]
    state: String,
    /// On which day it was seen; null while it is awaited.
    #[schema(format = Date, value_type = Option<String>)]
    seen_on: Option<String>,
}

/// What was recorded; for staff.
#[derive(Serialize, ToSchema)]
pub struct OriginalCheck {
    /// 1, 2, 3 …
    check_no: i64,
    /// `document` or `identity`.
    part: String,
    /// Which document.
    code: Option<String>,
    /// The file that the original was held against; one that was replaced since counts no more.
    attachment: Option<Uuid>,
    /// `in_person` or `by_post`.
    shown_by: String,
    /// By what the person was known.
    identity_check: Option<String>,
    /// `agrees` or `differs`.
    result: String,
    /// The day.
    #[schema(format = Date, value_type = String)]
    seen_on: String,
    /// What was said of it.
    note: Option<String>,
    /// Who saw it.
    officer: Uuid,
    /// The name of the officer.
    officer_name: Option<String>,
    /// When it was recorded.
    #[schema(format = DateTime, value_type = String)]
    recorded_at: String,
}

/// The originals of a case.
#[derive(Serialize, ToSchema)]
pub struct OriginalsBody {
    /// The parts, in the order of the procedure; empty where everything is done online.
    items: Vec<OriginalEntry>,
    /// How many stand against a grant.
    open: usize,
    /// Every record, oldest first, none ever changed; empty for the applicant.
    history: Vec<OriginalCheck>,
}

impl OriginalsBody {
    fn of(originals: Originals, locale: Locale) -> Self {
        let entry = |item: OriginalItem| OriginalEntry {
            seen_on: item.check.as_ref().map(|check| check.seen_on.0.to_string()),
            state: item.check.map_or_else(|| "awaited".to_owned(), |check| check.result),
            part: item.needed.part.as_str(),
            code: item.needed.part.code().map(str::to_owned),
            needed_for: item.needed.needed_for.as_str(),
            title: locale.pick(item.needed.title.ja, item.needed.title.en),
        };
        let check = |record: OriginalRecord| OriginalCheck {
            check_no: record.row.check_no,
            part: record.row.part,
            code: record.row.code,
            attachment: record.row.attachment_id.map(|id| id.0),
            shown_by: record.row.way,
            identity_check: record.row.identity_check,
            result: record.row.result,
            seen_on: record.row.seen_on.0.to_string(),
            note: record.note,
            officer: record.row.officer_id.0,
            officer_name: record.officer.map(|officer| officer.name),
            recorded_at: record.row.recorded_at.0.to_string(),
        };
        Self {
            items: originals.items.into_iter().map(entry).collect(),
            open: originals.open,
            history: originals.history.into_iter().map(check).collect(),
        }
    }
}

/// The originals of a case
///
/// What is shown or sent apart from the system: originals of documents, and the applicant where the procedure wants a person
/// to come. The applicant sees what is still awaited; staff see also who saw what.
#[utoipa::path(
    operation_id = "get_originals", tag = "review", params(CasePath),
    responses((status = 200, description = "The originals", body = OriginalsBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/originals")]
pub async fn get_originals(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = originals::get(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&OriginalsBody::of(found, locale::current().locale)))
}

/// Record that an original was seen
///
/// For staff of the department: which original was held against the file, or that the applicant was identified in person, on
/// which day and with what result. Records are only added, and the last one about the present file counts. A proposal to
/// grant is refused with `originals_not_seen` while one is awaited or differs; a refusal waits for none of them.
#[utoipa::path(
    operation_id = "record_original", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = RecordOriginal,
    responses((status = 200, description = "The originals", body = OriginalsBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/originals")]
pub async fn record_original(
    mutation: Mutation<RecordOriginal>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let statement = mutation.body.statement();
    let recorded = originals::record(mutation.ctx, mutation.idempotency, id, statement).await?;
    let body = OriginalsBody::of(recorded.value, locale::current().locale);
    Ok(respond::effect(StatusCode::OK, recorded.origin, None, &body))
}
