//! `…/attachments`: documents of an application.

use actix_multipart::Multipart;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, idempotency, segment};
use crate::http::respond;
use crate::seal::sha256_hex;
use crate::service::Refusal;
use crate::service::attachment::{self, Upload};
use crate::service::case_view::AttachmentView;

/// Longest value of the form field `code`.
const CODE_LIMIT_BYTES: usize = 100;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(add_attachment).service(get_attachment).service(remove_attachment);
}

/// A document of an application.
#[derive(Serialize, ToSchema)]
pub struct AttachmentBody {
    /// The attachment.
    id: Uuid,
    /// Which document of the procedure it is.
    code: String,
    /// Its file name.
    filename: String,
    /// Its media type.
    media_type: String,
    /// Its size in bytes.
    size: i64,
    /// SHA-256 of its bytes, lowercase hexadecimal.
    sha256: String,
}

impl AttachmentBody {
    /// Presents a document.
    pub fn of(view: AttachmentView) -> Self {
        let row = view.row;
        Self {
            id: row.id.0,
            code: row.code,
            filename: view.facts.filename,
            media_type: row.media_type,
            size: row.size,
            sha256: view.facts.sha256,
        }
    }
}

/// A document to hand in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart form, which is read field by field")]
pub struct AttachmentForm {
    /// Which document of the procedure it is.
    code: String,
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Attach a document
///
/// A document of the same code is replaced. The answer repeats the SHA-256 of the bytes, so that you can see that they
/// arrived whole. The key's fingerprint covers code, file name and bytes, not the multipart boundary.
#[utoipa::path(
    operation_id = "add_attachment", tag = "applications", params(CasePath, IdempotencyKeyHeader),
    request_body(content = AttachmentForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "The document", body = AttachmentBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/attachments")]
pub async fn add_attachment(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    form: Multipart,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let upload = read_form(form, ctx.core.settings.http.upload_limit_bytes).await?;
    let signed = format!("{}\n{}\n{}", upload.code, upload.filename, sha256_hex(&upload.bytes));
    let key = idempotency(&request, &ctx, signed.as_bytes())?;
    let made = attachment::attach(ctx, key, id, upload).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &AttachmentBody::of(made.value)))
}

/// Read a document
///
/// The bytes as they were handed in.
#[utoipa::path(
    operation_id = "get_attachment", tag = "applications",
    params(CasePath, ("attachment" = Uuid, Path, description = "The attachment")),
    responses(
        (status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/attachments/{attachment}")]
pub async fn get_attachment(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let (id, wanted) = (segment(&request, "id")?, segment(&request, "attachment")?);
    let file = attachment::download(ctx, tenant, id, wanted).await?;
    // Never shown in place: what a stranger uploaded must not run in the counter's own origin.
    let disposition = format!("attachment; filename*=UTF-8''{}", percent_encode(&file.view.facts.filename));
    Ok(HttpResponse::Ok()
        .content_type(file.view.row.media_type)
        .insert_header((CONTENT_DISPOSITION, disposition))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(file.bytes))
}

/// Take a document out
///
/// While the application is a draft, or while you answer a request.
#[utoipa::path(
    operation_id = "remove_attachment", tag = "applications",
    params(CasePath, ("attachment" = Uuid, Path, description = "The attachment"), IdempotencyKeyHeader),
    responses((status = 204, description = "It is gone"), ChangeProblems),
)]
#[delete("/v1/tenants/{tenant}/applications/{id}/attachments/{attachment}")]
pub async fn remove_attachment(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, wanted) = (segment(&request, "id")?, segment(&request, "attachment")?);
    let gone = attachment::remove(mutation.ctx, mutation.idempotency, id, wanted).await?;
    Ok(respond::nothing(gone.origin))
}

/// Reads `code` and `file`; the file up to `limit_bytes`.
async fn read_form(mut form: Multipart, limit_bytes: usize) -> Result<Upload, ApiError> {
    let (mut code, mut file) = (None, None);
    while let Some(mut field) = form.try_next().await.map_err(|_| broken_form())? {
        let name = field.name().unwrap_or_default().to_owned();
        let filename =
            field.content_disposition().and_then(|value| value.get_filename()).unwrap_or("").to_owned();
        let media_type = field.content_type().map_or(String::new(), |mime| mime.essence_str().to_owned());
        let limit = if name == "file" { limit_bytes } else { CODE_LIMIT_BYTES };
        let mut bytes = Vec::new();
        while let Some(chunk) = field.next().await {
            let chunk = chunk.map_err(|_| broken_form())?;
            if bytes.len() + chunk.len() > limit {
                return Err(Refusal::TooLarge { limit_bytes: limit }.into());
            }
            bytes.extend_from_slice(&chunk);
        }
        match name.as_str() {
            "code" => code = Some(String::from_utf8(bytes).map_err(|_| broken_form())?),
            "file" => file = Some((filename, media_type, bytes)),
            _ => {
                return Err(fault(
                    &format!("/{name}"),
                    "unknown_field",
                    "不明な項目です。",
                    "Unknown field.",
                )
                .into());
            }
        }
    }
    let missing = |pointer| fault(pointer, "required", "必須です。", "This is required.");
    let code = code.ok_or_else(|| missing("/code"))?;
    let (filename, media_type, bytes) = file.ok_or_else(|| missing("/file"))?;
    Ok(Upload { code, filename, media_type, bytes })
}

fn broken_form() -> Refusal {
    fault(
        "",
        "not_multipart",
        "multipart/form-data として読み取れません。",
        "The body is not multipart/form-data.",
    )
}

fn fault(pointer: &str, code: &'static str, ja: &str, en: &str) -> Refusal {
    Refusal::Malformed(vec![Fault::new(pointer, code, ja, en)])
}

/// RFC 8187: everything but letters and digits as `%XX`.
fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() || byte == b'.' {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(encode).collect()
}
