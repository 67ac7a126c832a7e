//! `…/departments/{department}/queue`: what waits, how much of it, and one act on many cases.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::{Assignee, tenant};
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, OfficerId, QueueViewId};
use crate::domain::queue::{Criteria, Cursor, WaitingOn, not_acceptable};
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::Refusal;
use crate::service::bulk_review::{self, BulkAction, NewBulkReview, Selected};
use crate::service::queue::{self, QueueItem, Wanted};
use crate::store::bulk_reviews::{BulkItem, BulkRefusal, BulkReviewRow};
use crate::store::waiting_steps::WaitingDesk;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_queue)
        .service(count_queue)
        .service(review_in_bulk)
        .configure(super::incoming::configure);
}

/// A department of a tenant in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct DepartmentPath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// Code of the department.
    #[param(example = "kiki-shobo-hoan")]
    department: String,
}

/// Which part of a queue is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueueFilter {
    /// One state; without it everything that still waits for somebody.
    #[param(example = "submitted")]
    state: Option<String>,
    /// An officer's id, or `me`: the own cases and those of colleagues whom one covers for today.
    assignee: Option<String>,
    /// Whom it waits for: `office`, `applicant` or `approver`.
    #[param(example = "applicant")]
    waiting_on: Option<String>,
    /// The slug of a procedure.
    procedure: Option<String>,
    /// `overdue` (the clock runs, and the due date is over), or a day: due then or before.
    #[param(example = "overdue")]
    due: Option<String>,
    /// `open`: only cases about which a task is open.
    #[param(example = "open")]
    task: Option<String>,
    /// `arrived_at` (oldest first, the default) or `due_on` (soonest first).
    #[param(example = "due_on")]
    sort: Option<String>,
    /// A saved view; what is asked for beside it goes before what the view says.
    view: Option<Uuid>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A desk at which the decision of a case lies.
#[derive(Serialize, ToSchema)]
pub struct QueueDesk {
    /// `group_manager`, `section_chief`, `director` or `head`.
    #[schema(example = "section_chief")]
    role: String,
    /// Code of the department of the role.
    department: String,
    /// The day by which the step is to be done; null where the procedure sets none.
    #[schema(format = Date, value_type = Option<String>)]
    due_on: Option<String>,
}

impl From<WaitingDesk> for QueueDesk {
    fn from(desk: WaitingDesk) -> Self {
        let due_on = desk.due_on.map(|day| day.0.to_string());
        Self { role: desk.role, department: desk.department, due_on }
    }
}

/// A row of a queue.
#[derive(Serialize, ToSchema)]
pub struct QueueEntry {
    /// The case.
    id: Uuid,
    /// 受付番号.
    number: String,
    /// 収受番号; null until it is given, within minutes of the arrival.
    incoming_number: Option<String>,
    /// The procedure's slug.
    procedure: String,
    /// Name of the procedure.
    title: String,
    /// `application` or `notification`.
    kind: String,
    /// Where the case stands.
    #[schema(example = "submitted")]
    state: String,
    /// Whom it waits for: `office`, `applicant` or `approver`; null when it has ended.
    #[schema(example = "office")]
    waiting_on: Option<String>,
    /// 到達日時.
    #[schema(format = DateTime, value_type = String)]
    arrived_at: String,
    /// The day the standard processing period ends.
    #[schema(format = Date, value_type = Option<String>)]
    due_on: Option<String>,
    /// Whether that day is over, while the clock runs: a case whose clock stands still is not late.
    overdue: bool,
    /// Why the clock stands still: `correction`, `fee_payment`, `applicant_change`, `extra_documents` or `in_transit`; null while it
    /// runs.
    #[schema(example = "fee_payment")]
    paused: Option<String>,
    /// Who works on it.
    assignee: Option<Assignee>,
    /// While it is under review: the last day on which no colleague may take it over.
    #[schema(format = Date, value_type = Option<String>)]
    claimed_until: Option<String>,
    /// What an open task of the office is about, such as `correction_missed`; null without one.
    #[schema(example = "correction_missed")]
    open_task: Option<String>,
    /// State of the invoice issued last; null without one.
    #[schema(example = "entrusted")]
    fee_state: Option<String>,
    /// Messages of the applicant that nobody of the department has read.
    unread_messages: i64,
    /// By which way it came: `online`, `counter`, `post` or `phone`.
    #[schema(example = "online")]
    channel: String,
    /// At whose desks its decision lies, while it is `in_approval`; those of one stage lie at several.
    desks: Vec<QueueDesk>,
    /// Name of the applicant.
    applicant_name: Option<String>,
    /// Rises with every change.
    version: i64,
}

impl From<QueueItem> for QueueEntry {
    fn from(item: QueueItem) -> Self {
        Self {
            id: item.id.0,
            number: item.number,
            incoming_number: item.incoming_number,
            procedure: item.procedure,
            title: locale::current().locale.pick(item.title.ja, item.title.en),
            kind: item.kind,
            state: item.state.as_str().to_owned(),
            waiting_on: WaitingOn::of(item.state).map(|whom| whom.as_str().to_owned()),
            arrived_at: item.arrived_at.to_string(),
            due_on: item.due_on.map(|day| day.to_string()),
            overdue: item.overdue,
            paused: item.paused,
            assignee: item.assignee.map(|(officer, name)| Assignee { id: officer.0, name }),
            claimed_until: item.claimed_until.map(|day| day.to_string()),
            open_task: item.open_task,
            fee_state: item.fee_state,
            unread_messages: item.unread_messages,
            channel: item.channel,
            desks: item.desks.into_iter().map(QueueDesk::from).collect(),
            applicant_name: item.applicant,
            version: item.version,
        }
    }
}

/// A page of a queue.
#[derive(Serialize, ToSchema)]
pub struct QueueList {
    /// The rows.
    items: Vec<QueueEntry>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// How many waiting cases stand in one state.
#[derive(Serialize, ToSchema)]
pub struct StateCount {
    /// The state.
    #[schema(example = "under_review")]
    state: String,
    /// How many.
    count: i64,
}

/// How much waits in a department.
#[derive(Serialize, ToSchema)]
pub struct QueueCountsBody {
    /// Each state in which a case waits.
    states: Vec<StateCount>,
    /// The due date is over, and the clock runs.
    overdue: i64,
    /// Due today, and the clock runs.
    due_today: i64,
    /// One's own, and those of colleagues whom one covers for today.
    mine: i64,
}

/// What can be done with many cases at once.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkWord {
    /// Take them up.
    Claim,
    /// Give them back.
    Release,
    /// Hand them to `officer`.
    Assign,
    /// Take them over.
    TakeOver,
}

/// One act on many cases.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewInBulk {
    /// What is to be done.
    action: BulkWord,
    /// To whom the cases go; for `assign` only.
    #[serde(default)]
    #[schema(required = false)]
    officer: Option<Uuid>,
    /// The cases, 200 at the most.
    #[serde(default)]
    #[schema(required = false)]
    applications: Option<Vec<Uuid>>,
    /// In place of `applications`: the waiting cases of this officer, oldest first, 200 at the most; cases on their approval
    /// route stay with their drafter.
    #[serde(default)]
    #[schema(required = false)]
    assigned_to: Option<Uuid>,
}

/// Why a case was left as it was.
#[derive(Serialize, ToSchema)]
pub struct BulkProblem {
    /// A code for programs, as a problem has it.
    #[schema(example = "already_claimed")]
    code: String,
    /// In the language of `Accept-Language`.
    detail: String,
}

impl BulkProblem {
    /// A problem in the language of the caller.
    pub fn new(code: &str, ja: String, en: String) -> Self {
        Self { code: code.to_owned(), detail: locale::current().locale.pick(ja, en) }
    }
}

impl From<BulkRefusal> for BulkProblem {
    fn from(refused: BulkRefusal) -> Self {
        Self::new(&refused.code, refused.ja, refused.en)
    }
}

/// What became of one case.
#[derive(Serialize, ToSchema)]
pub struct BulkItemBody {
    /// The case.
    application: Uuid,
    /// `done` or `refused`.
    #[schema(example = "done")]
    outcome: String,
    /// Why it was left as it was.
    problem: Option<BulkProblem>,
}

/// What became of many cases.
#[derive(Serialize, ToSchema)]
pub struct BulkReviewBody {
    /// The act.
    id: Uuid,
    /// In the order asked.
    items: Vec<BulkItemBody>,
    /// Cases of `assigned_to` that were too many for one act.
    left_over: i64,
}

impl BulkReviewBody {
    fn of(row: BulkReviewRow) -> Self {
        let item = |item: BulkItem| BulkItemBody {
            application: item.application.0,
            outcome: if item.refused.is_none() { "done" } else { "refused" }.to_owned(),
            problem: item.refused.map(BulkProblem::from),
        };
        Self { id: row.id.0, items: row.items.0.into_iter().map(item).collect(), left_over: row.left_over }
    }
}

/// A department's queue
///
/// For staff of the department: what waits, with everything a row needs. That you looked is recorded. The hundredth page
/// takes no longer than the first one.
#[utoipa::path(
    operation_id = "list_queue", tag = "review", params(DepartmentPath, QueueFilter),
    responses((status = 200, description = "A page of the queue", body = QueueList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/queue")]
pub async fn list_queue(
    SignedIn(ctx): SignedIn,
    filter: web::Query<QueueFilter>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let QueueFilter { view, cursor, state, assignee, waiting_on, procedure, due, task, sort } =
        filter.into_inner();
    let wanted = Wanted {
        tenant: tenant(&request)?,
        department: segment(&request, "department")?,
        view: view.map(QueueViewId),
        criteria: Criteria { state, assignee, waiting_on, procedure, due, task, sort },
        cursor: cursor.as_deref().map(read_cursor).transpose()?,
    };
    let page = queue::list(ctx, wanted).await?;
    let items = page.items.into_iter().map(QueueEntry::from).collect();
    Ok(respond::plain(&QueueList { items, next_cursor: page.next.map(Cursor::encode) }))
}

fn read_cursor(text: &str) -> Result<Cursor, Refusal> {
    Cursor::decode(text).ok_or_else(|| Refusal::Invalid(vec![not_acceptable("", "cursor")]))
}

/// How much waits
///
/// For staff of the department: how many cases wait in each state, are overdue, due today, and the caller's own.
#[utoipa::path(
    operation_id = "count_queue", tag = "review", params(DepartmentPath),
    responses((status = 200, description = "The counts", body = QueueCountsBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/queue/counts")]
pub async fn count_queue(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let counts = queue::counts(ctx, tenant(&request)?, segment(&request, "department")?).await?;
    let state = |(state, count): (crate::domain::application::StateName, i64)| StateCount {
        state: state.as_str().to_owned(),
        count,
    };
    Ok(respond::plain(&QueueCountsBody {
        states: counts.states.into_iter().map(state).collect(),
        overdue: counts.overdue,
        due_today: counts.due_today,
        mine: counts.mine,
    }))
}

/// One act on many cases
///
/// Claim, give back, hand over or take over up to 200 cases; each is judged for itself and answered for itself. What one
/// officer has goes to another with `assigned_to` and `assign`.
#[utoipa::path(
    operation_id = "review_in_bulk", tag = "review", params(DepartmentPath, IdempotencyKeyHeader),
    request_body = ReviewInBulk,
    responses((status = 200, description = "What became of each", body = BulkReviewBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/departments/{department}/queue/bulk")]
pub async fn review_in_bulk(
    mutation: Mutation<ReviewInBulk>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let new = new_bulk(segment(&request, "department")?, mutation.body)?;
    let done = bulk_review::run(mutation.ctx, mutation.idempotency, new).await?;
    Ok(respond::effect(StatusCode::OK, done.origin, None, &BulkReviewBody::of(done.value)))
}

fn new_bulk(department: String, body: ReviewInBulk) -> Result<NewBulkReview, Refusal> {
    let mut faults = Vec::new();
    let action = match (body.action, body.officer) {
        (BulkWord::Claim, None) => Some(BulkAction::Claim),
        (BulkWord::Release, None) => Some(BulkAction::Release),
        (BulkWord::TakeOver, None) => Some(BulkAction::TakeOver),
        (BulkWord::Assign, Some(officer)) => Some(BulkAction::Assign(OfficerId(officer))),
        (BulkWord::Assign, None) | (_, Some(_)) => {
            let (ja, en) =
                ("officer は assign の場合にだけ指定します。", "officer goes with assign, and only with it.");
            faults.push(Fault::new("/officer", "officer_and_action", ja, en));
            None
        }
    };
    let selected = match (body.applications, body.assigned_to) {
        (Some(cases), None) => Some(Selected::Cases(cases.into_iter().map(ApplicationId).collect())),
        (None, Some(officer)) => Some(Selected::AssignedTo(OfficerId(officer))),
        _ => {
            let ja = "applications と assigned_to のどちらか一方を指定してください。";
            let en = "Name either applications or assigned_to.";
            faults.push(Fault::new("/applications", "one_of", ja, en));
            None
        }
    };
    match (action, selected) {
        (Some(action), Some(selected)) => Ok(NewBulkReview { department, action, selected }),
        _ => Err(Refusal::Invalid(faults)),
    }
}
