//! `POST /v1/accounts`.

use actix_web::{HttpResponse, post, web};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::account::AccountKind;
use crate::http::error::{ApiError, Problem};
use crate::http::extract::Body;
use crate::service::Core;
use crate::service::account::{self, Register};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_account);
}

/// Whom a new account stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewAccountKind {
    /// A natural person (個人).
    Resident,
    /// A corporation or a sole trader (法人・事業者).
    Business,
}

impl From<NewAccountKind> for AccountKind {
    fn from(kind: NewAccountKind) -> Self {
        match kind {
            NewAccountKind::Resident => Self::Resident,
            NewAccountKind::Business => Self::Business,
        }
    }
}

/// What we need to know for an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The address to sign in with; upper and lower case are the same.
    #[schema(example = "taro@example.jp")]
    email: String,
    /// At least 8 and at most 256 characters; any characters will do.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Name of the person or of the business, up to 100 characters.
    #[schema(example = "青森 太郎")]
    name: String,
    /// Whom the account stands for.
    kind: NewAccountKind,
    /// The 13 digits of a corporation; only for a business.
    #[schema(example = "2000020020001")]
    corporate_number: Option<String>,
}

/// The account that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedAccount {
    /// Its id.
    id: Uuid,
}

/// Register
///
/// Everybody may have an account: one for all bodies. The answer is the same when the e-mail address has an account
/// already, so that nobody can find out who is registered; its owner is told by mail.
#[utoipa::path(
    operation_id = "create_account",
    tag = "accounts",
    request_body = NewAccount,
    responses(
        (status = 201, description = "The account was made, or its owner was told", body = CreatedAccount),
        (status = 400, description = "Not the expected JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "All faults at once", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
#[post("/v1/accounts")]
pub async fn create_account(core: web::Data<Core>, body: Body<NewAccount>) -> Result<HttpResponse, ApiError> {
    let NewAccount { email, password, name, kind, corporate_number } = body.0;
    let command = Register { email, password, name, kind: kind.into(), corporate_number };
    let registered = account::register(&core, command).await?;
    Ok(HttpResponse::Created().json(CreatedAccount { id: registered.id.0 }))
}
