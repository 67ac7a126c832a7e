//! `…/checklist`: what staff look at in the review, and what they found.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::checklist::CheckResult;
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::locale::{self, Locale};
use crate::http::respond;
use crate::service::checklist::{self, CheckedItem, Checklist, Mark, NewMark};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_checklist).service(mark_checklist);
}

/// What was found about an item.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckWord {
    /// It is met.
    Met,
    /// It is not met; a comment says why.
    NotMet,
    /// It does not apply; a comment says why.
    NotApplicable,
    /// The mark before is taken back.
    Open,
}

impl From<CheckWord> for CheckResult {
    fn from(word: CheckWord) -> Self {
        match word {
            CheckWord::Met => Self::Met,
            CheckWord::NotMet => Self::NotMet,
            CheckWord::NotApplicable => Self::NotApplicable,
            CheckWord::Open => Self::Open,
        }
    }
}

/// A mark to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMark {
    /// The key of the item.
    #[schema(example = "width")]
    item: String,
    /// What was found.
    result: CheckWord,
    /// What is said of it; needed for `not_met` and `not_applicable`.
    #[serde(default)]
    #[schema(required = false)]
    comment: Option<String>,
}

/// Marks to be set, all of them or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkChecklist {
    /// One an item.
    #[schema(min_items = 1)]
    marks: Vec<SetMark>,
}

/// An item with what counts of its marks.
#[derive(Serialize, ToSchema)]
pub struct ChecklistEntry {
    /// The key of the item.
    #[schema(example = "width")]
    id: String,
    /// What is looked at.
    text: String,
    /// The clause or criterion it comes from.
    clause: String,
    /// Whether nothing is granted while it is open.
    required: bool,
    /// `met`, `not_met`, `not_applicable` or `open`; null before the first mark.
    #[schema(example = "met")]
    result: Option<String>,
    /// Whether the answers have changed since it was marked.
    outdated: bool,
}

/// A mark as it was set.
#[derive(Serialize, ToSchema)]
pub struct ChecklistMark {
    /// 1, 2, 3 …
    mark_no: i64,
    /// The key of the item.
    item: String,
    /// What was found.
    result: String,
    /// What was said of it.
    comment: Option<String>,
    /// The version of the answers that was looked at.
    form_revision: i64,
    /// Who marked it.
    officer: Uuid,
    /// The name of the officer.
    officer_name: Option<String>,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    marked_at: String,
}

/// The checklist of a case.
#[derive(Serialize, ToSchema)]
pub struct ChecklistBody {
    /// The items, in the order of the procedure; empty where it defines none.
    items: Vec<ChecklistEntry>,
    /// How many required items are open.
    open: usize,
    /// Every mark, oldest first; none is ever changed.
    history: Vec<ChecklistMark>,
}

impl ChecklistBody {
    fn of(checklist: Checklist, locale: Locale) -> Self {
        let entry = |checked: CheckedItem| ChecklistEntry {
            text: locale.pick(checked.item.text.ja, checked.item.text.en),
            id: checked.item.id,
            clause: checked.item.clause,
            required: checked.item.required,
            result: checked.result.map(|result| result.as_str().to_owned()),
            outdated: checked.is_outdated,
        };
        let mark = |mark: Mark| ChecklistMark {
            mark_no: mark.row.mark_no,
            item: mark.row.item,
            result: mark.row.result,
            comment: mark.comment,
            form_revision: mark.row.form_revision,
            officer: mark.row.officer_id.0,
            officer_name: mark.officer.map(|officer| officer.name),
            marked_at: mark.row.marked_at.0.to_string(),
        };
        Self {
            items: checklist.items.into_iter().map(entry).collect(),
            open: checklist.open,
            history: checklist.history.into_iter().map(mark).collect(),
        }
    }
}

/// The checklist of a review
///
/// For staff of the department: the items that the procedure defines, what was found about each, and every mark that was
/// ever set.
#[utoipa::path(
    operation_id = "get_checklist", tag = "review", params(CasePath),
    responses((status = 200, description = "The checklist", body = ChecklistBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/checklist")]
pub async fn get_checklist(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = checklist::get(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&ChecklistBody::of(found, locale::current().locale)))
}

/// Mark items of the checklist
///
/// For staff of the department, while the case is under review. The last mark of an item counts; a proposal to grant is
/// refused while a required item is neither met nor not applicable, and every such item is named.
#[utoipa::path(
    operation_id = "mark_checklist", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = MarkChecklist,
    responses((status = 200, description = "The checklist", body = ChecklistBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/checklist")]
pub async fn mark_checklist(
    mutation: Mutation<MarkChecklist>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let mark = |mark: SetMark| NewMark { item: mark.item, result: mark.result.into(), comment: mark.comment };
    let marks = mutation.body.marks.into_iter().map(mark).collect();
    let marked = checklist::mark(mutation.ctx, mutation.idempotency, id, marks).await?;
    let body = ChecklistBody::of(marked.value, locale::current().locale);
    Ok(respond::effect(StatusCode::OK, marked.origin, None, &body))
}
