//! `…/record-files/{id}/books`: the books of a record file.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::record_files::RecordBlock;
use super::review::tenant;
use crate::domain::id::RecordBookId;
use crate::http::contract::{PageQuery, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::records::register::{self, FiledBook};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_record_books);
}

/// A book of a record file.
#[derive(Serialize, ToSchema)]
pub struct RecordBookBody {
    /// The book.
    book: Uuid,
    /// `settlement_report`, `bank_statement`, `transfer_file`, `day_close`, `el_qr_upload` or `el_qr_file`.
    kind: String,
    /// Its name among its kind: its id; of a close its day; of a report its account and SHA-256.
    subject: String,
    /// Its day.
    #[schema(format = Date)]
    completed_on: String,
    /// When what is sealed of it was destroyed.
    #[schema(format = DateTime)]
    erased_at: Option<String>,
    /// Everything that stands in the way of its disposal.
    blocks: Vec<RecordBlock>,
}

impl RecordBookBody {
    fn of(book: &FiledBook) -> Self {
        Self {
            book: book.row.id.0,
            kind: book.row.kind.clone(),
            subject: book.row.subject.clone(),
            completed_on: book.row.completed_on.0.to_string(),
            erased_at: book.row.erased_at.map(|at| at.0.to_string()),
            blocks: book.blocks.iter().copied().map(RecordBlock::of).collect(),
        }
    }
}

/// A page of the books of a file.
#[derive(Serialize, ToSchema)]
pub struct RecordBookList {
    /// In the order of their ids.
    items: Vec<RecordBookBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List the books of a record file
///
/// For staff of the department: each book with every reason why it cannot be disposed of.
#[utoipa::path(
    operation_id = "list_record_books", tag = "review", params(ResourcePath, PageQuery),
    responses((status = 200, description = "A page", body = RecordBookList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/record-files/{id}/books")]
pub async fn list_record_books(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let after: Option<RecordBookId> =
        page.cursor.as_deref().map(str::parse).transpose().map_err(|_| Refusal::NotFound)?;
    let found = register::books(ctx, tenant(&request)?, segment(&request, "id")?, after).await?;
    let items = found.items.iter().map(RecordBookBody::of).collect();
    Ok(respond::plain(&RecordBookList { items, next_cursor: found.next.map(|id| id.to_string()) }))
}
