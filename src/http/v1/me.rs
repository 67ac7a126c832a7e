//! `GET /v1/me`.

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::id::TenantCode;
use crate::domain::policy::Post;
use crate::domain::procedure::Assurance;
use crate::http::error::{ApiError, Problem};
use crate::http::extract::SignedIn;
use crate::service::account::{self, Me};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_me);
}

/// The signed-in account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Account {
    /// Its id.
    id: Uuid,
    /// `resident`, `business` or `officer`.
    #[schema(example = "resident")]
    kind: &'static str,
    /// Name of the person or of the business.
    name: String,
    /// The address to sign in with.
    email: String,
    /// How surely this session identifies you: `id` for a password, `user_certificate` or `signature` for more.
    #[schema(example = "id")]
    assurance: &'static str,
    /// Posts in force today; empty for everybody but staff.
    posts: Vec<HeldPost>,
}

/// A post held today.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldPost {
    /// Six-digit code of the body.
    #[schema(example = "020001")]
    tenant: String,
    /// Code of the department.
    department: String,
    /// The role of the post, from `clerk` to `head`, or `accountant` or `administrator`.
    #[schema(example = "clerk")]
    role: &'static str,
    /// The title shown beside a seal.
    #[schema(example = "主事")]
    title: String,
}

impl Account {
    fn of(me: Me, assurance: Assurance) -> Self {
        Self {
            id: me.id.0,
            kind: me.kind.as_str(),
            name: me.profile.name,
            email: me.profile.email,
            assurance: assurance.as_str(),
            posts: me.posts.into_iter().map(HeldPost::from).collect(),
        }
    }
}

impl From<(TenantCode, Post)> for HeldPost {
    fn from((tenant, post): (TenantCode, Post)) -> Self {
        let role = post.role.as_str();
        Self { tenant: tenant.to_string(), department: post.department, role, title: post.title }
    }
}

/// Who am I?
///
/// Shows you what we keep about your account, and, if you are staff, the posts you hold today.
#[utoipa::path(
    operation_id = "get_me",
    tag = "me",
    responses(
        (status = 200, description = "The signed-in account", body = Account),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
#[get("/v1/me")]
pub async fn get_me(caller: SignedIn) -> Result<web::Json<Account>, ApiError> {
    Ok(web::Json(Account::of(account::me(&caller.0).await?, caller.0.assurance)))
}
