//! Permits (許可・登録): what grants gave, where it stands, and how it is renewed.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::applications::UpgradedApplication;
use super::review::tenant;
use crate::domain::fault::Fault;
use crate::domain::id::{AccountId, PermitId};
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems, ResourcePath, TenantPath,
};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::permit::{self, PermitTelling, PermitView};
use crate::service::{Refusal, permit_renewal};
use crate::store::permits::{PermitEventRow, RenewalCase};

/// Items on a page.
const PAGE: i64 = 50;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(my_permits).service(list_permits).service(get_permit).service(renew_permit);
}

/// Something that happened to a permit.
#[derive(Serialize, ToSchema)]
pub struct PermitEventBody {
    /// `issued`, `suspended`, `resumed`, `revoked`, `superseded` or `expired`.
    #[schema(example = "issued")]
    happening: String,
    /// From which day it counts.
    #[schema(format = Date, value_type = String)]
    effective_on: String,
    /// When it was recorded.
    #[schema(format = DateTime, value_type = String)]
    recorded_at: String,
}

impl From<PermitEventRow> for PermitEventBody {
    fn from(row: PermitEventRow) -> Self {
        Self {
            happening: row.happening,
            effective_on: row.effective_on.0.to_string(),
            recorded_at: row.created_at.0.to_string(),
        }
    }
}

/// An application that renews a permit.
#[derive(Serialize, ToSchema)]
pub struct PermitRenewalBody {
    /// The application.
    application: Uuid,
    /// Where it stands.
    #[schema(example = "draft")]
    state: String,
}

impl From<RenewalCase> for PermitRenewalBody {
    fn from(renewal: RenewalCase) -> Self {
        Self { application: renewal.application.0, state: renewal.state }
    }
}

/// A permit as it stands today.
#[derive(Serialize, ToSchema)]
pub struct PermitBody {
    /// The permit.
    id: Uuid,
    /// Six-digit code of the body.
    tenant: String,
    /// The case it was granted in.
    application: Uuid,
    /// The procedure's slug.
    procedure: String,
    /// Name of the procedure.
    title: String,
    /// The department that granted it.
    department: String,
    /// The account of the holder.
    holder: Option<Uuid>,
    /// 文書番号 of the grant.
    #[schema(example = "青森県指令（消保）第12号")]
    document_number: String,
    /// `upcoming`, `valid`, `continued` (past its last day while a renewal is not decided), `suspended`, `revoked`,
    /// `superseded` or `expired`; null for its holder while the notice of an order about it waits to be retrieved.
    #[schema(example = "valid")]
    state: Option<String>,
    /// The first day.
    #[schema(format = Date, value_type = String)]
    valid_from: String,
    /// The last day; null where the law states no term.
    #[schema(format = Date, value_type = Option<String>)]
    valid_to: Option<String>,
    /// The permit whose place it took.
    renews: Option<Uuid>,
    /// The procedure by which it is renewed; null where nothing says so.
    renewal_procedure: Option<String>,
    /// Applications that renew it, oldest first.
    renewals: Vec<PermitRenewalBody>,
    /// What happened to it, in order.
    events: Vec<PermitEventBody>,
}

impl From<PermitView> for PermitBody {
    fn from(view: PermitView) -> Self {
        let row = view.row;
        Self {
            id: row.id.0,
            tenant: row.tenant_id.to_string(),
            application: row.application_id.0,
            procedure: row.procedure,
            title: locale::current().locale.pick(view.title.ja, view.title.en),
            department: row.department,
            holder: row.holder_id.map(|holder| holder.0),
            document_number: row.document_number,
            state: (view.telling == PermitTelling::All).then(|| view.state.as_str().to_owned()),
            valid_from: row.valid_from.0.to_string(),
            valid_to: row.valid_to.map(|day| day.0.to_string()),
            renews: row.renews_id.map(|permit| permit.0),
            renewal_procedure: view.offer.map(|offer| offer.procedure),
            renewals: view.renewals.into_iter().map(PermitRenewalBody::from).collect(),
            events: view.events.into_iter().map(PermitEventBody::from).collect(),
        }
    }
}

/// A page of permits.
#[derive(Serialize, ToSchema)]
pub struct PermitPage {
    /// Newest first.
    items: Vec<PermitBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

impl PermitPage {
    fn of(found: Vec<PermitView>) -> Self {
        let full = i64::try_from(found.len()).unwrap_or(i64::MAX) >= PAGE;
        let next_cursor = found.last().filter(|_| full).map(|view| view.row.id.to_string());
        Self { items: found.into_iter().map(PermitBody::from).collect(), next_cursor }
    }
}

/// Which permits are wanted.
#[derive(IntoParams, Deserialize)]
#[into_params(parameter_in = Query)]
pub struct PermitQuery {
    /// Only those of this account.
    holder: Option<Uuid>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn cursor(text: Option<&str>) -> Result<Option<PermitId>, Refusal> {
    let fault = || {
        Fault::new("/cursor", "cursor", "カーソルが正しくありません。", "This is not a cursor of this list.")
    };
    text.map(|text| text.parse().map_err(|_| Refusal::Malformed(vec![fault()]))).transpose()
}

/// List my permits
///
/// What I was granted, over all counters, newest first. A permit shows once the notice of its grant, where that is electronic, was
/// retrieved.
#[utoipa::path(
    operation_id = "my_permits", tag = "me", params(PageQuery),
    responses((status = 200, description = "A page", body = PermitPage), ReadProblems),
)]
#[get("/v1/me/permits")]
pub async fn my_permits(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let before = cursor(page.cursor.as_deref())?;
    Ok(respond::plain(&PermitPage::of(permit::mine(ctx, before, PAGE).await?)))
}

/// List the permits of my departments
///
/// For staff, newest first, those of departments whose work mine do now included; with `holder`, those of one account only.
#[utoipa::path(
    operation_id = "list_permits", tag = "review", params(TenantPath, PermitQuery),
    responses((status = 200, description = "A page", body = PermitPage), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/permits")]
pub async fn list_permits(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    query: web::Query<PermitQuery>,
) -> Result<HttpResponse, ApiError> {
    let before = cursor(query.cursor.as_deref())?;
    let found = permit::of_staff(ctx, tenant(&request)?, query.holder.map(AccountId), before, PAGE).await?;
    Ok(respond::plain(&PermitPage::of(found)))
}

/// A permit
///
/// For the parties of its case and for staff of the department, as it stands today.
#[utoipa::path(
    operation_id = "get_permit", tag = "applications", params(ResourcePath),
    responses((status = 200, description = "The permit", body = PermitBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/permits/{id}")]
pub async fn get_permit(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = permit::find(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&PermitBody::from(found)))
}

/// Begin the renewal of a permit
///
/// Opens a draft of the procedure that renews it, with the answers of the case in which it was granted. What the form does
/// not take as it is, is named in `misfits` and stays until the draft is edited. What has expired cannot be renewed.
#[utoipa::path(
    operation_id = "renew_permit", tag = "applications", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 201, description = "The draft", body = UpgradedApplication), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/permits/{id}/renewal")]
pub async fn renew_permit(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = permit_renewal::open(mutation.ctx, mutation.idempotency, id).await?;
    let body = UpgradedApplication::of(&made.value);
    Ok(respond::effect(StatusCode::CREATED, made.origin, Some(made.value.case.version), &body))
}
