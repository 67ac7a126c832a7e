//! `GET …/timeline`: what happened to a case, and whether the record is whole.

use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::review::tenant;
use crate::http::contract::{CasePath, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{SignedIn, segment};
use crate::http::respond;
use crate::service::timeline::{self, ActorLabel, TimelineItem};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_timeline);
}

/// Who acted.
#[derive(Serialize, ToSchema)]
pub struct TimelineActor {
    /// `applicant`, `officer`, `gateway` or `system`.
    kind: String,
    /// The actor's id.
    id: String,
    /// The name, where there is one.
    name: Option<String>,
    /// The officer's title on that day.
    title: Option<String>,
    /// The officer's department on that day.
    department: Option<String>,
}

impl From<ActorLabel> for TimelineActor {
    fn from(label: ActorLabel) -> Self {
        let ActorLabel { kind, id, name, title, department } = label;
        Self { kind, id, name, title, department }
    }
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub struct TimelineEntry {
    /// Counted from 1 in the record of the case; what is internal to the office is left out for applicants.
    seq: i64,
    /// What happened, such as `submitted`, `claimed`, `correction_requested`, `resubmitted`, `decided`.
    kind: String,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    at: String,
    /// Who did it.
    actor: TimelineActor,
    /// Facts that name nobody; null where they are internal to the office.
    #[schema(value_type = Option<Object>)]
    facts: Value,
}

impl From<TimelineItem> for TimelineEntry {
    fn from(item: TimelineItem) -> Self {
        let (at, actor) = (item.at.to_string(), item.actor.into());
        Self { seq: item.seq, kind: item.kind, at, actor, facts: item.facts }
    }
}

/// What happened to a case.
#[derive(Serialize, ToSchema)]
pub struct TimelineBody {
    /// `intact` if every event carries the hash of the one before it, `broken` otherwise.
    #[schema(example = "intact")]
    chain: &'static str,
    /// In order.
    items: Vec<TimelineEntry>,
    /// Always null: a case has few events.
    next_cursor: Option<String>,
}

/// What happened to a case
///
/// For the applicant and for staff of the department. The record is checked while it is read.
#[utoipa::path(
    operation_id = "get_timeline", tag = "applications", params(CasePath),
    responses((status = 200, description = "The events", body = TimelineBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/timeline")]
pub async fn get_timeline(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = timeline::read(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.items.into_iter().map(TimelineEntry::from).collect();
    Ok(respond::plain(&TimelineBody { chain: found.chain.as_str(), items, next_cursor: None }))
}
