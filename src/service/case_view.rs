//! A case as those who may see it see it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cases::{self, OpenCase};
use super::filing::Filing;
use super::{Ctx, Failure, access, billing, intake};
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::message::Side;
use crate::domain::policy::Action;
use crate::domain::procedure::Bilingual;
use crate::domain::validity::Warning;
use crate::store::applications::ApplicationRow;
use crate::store::attachments::{self, AttachmentRow};
use crate::store::invoices::InvoiceRow;
use crate::store::{Reads, messages, parties};

/// A case with its answers, documents and invoice.
#[derive(Clone, Debug)]
pub struct CaseView {
    /// The row.
    pub row: ApplicationRow,
    /// Title of the pinned procedure version.
    pub title: Bilingual,
    /// The answers.
    pub form: Value,
    /// The documents that are present.
    pub attachments: Vec<AttachmentView>,
    /// The latest invoice.
    pub invoice: Option<InvoiceRow>,
    /// What is to be known of the answers; nothing of it blocks.
    pub warnings: Vec<Warning>,
}

/// A document of a case.
#[derive(Clone, Debug)]
pub struct AttachmentView {
    /// The row.
    pub row: AttachmentRow,
    /// What is personal about it.
    pub facts: FileFacts,
}

/// What is personal about a document; a digest tells who handed in a known file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its file name.
    pub filename: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// The case, if the caller may see it.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<CaseView, Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &of, id, Action::ReadCase)?;
        let reader = access::reader(&case.actor);
        Ok::<_, Failure>((build(tx, &inner, case)?, reader))
    });
    let (view, reader) = read.await?;
    // An officer who sees personal data leaves a record of it.
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "get_application", &[id]).await?;
    }
    Ok(view)
}

/// Puts the view of an opened case together.
pub fn build(tx: &mut impl Reads, ctx: &Ctx, case: OpenCase) -> Result<CaseView, Failure> {
    let files = attachments::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let invoice = billing::shown_invoice(tx, &case)?;
    let open = |row: AttachmentRow| -> Result<AttachmentView, Failure> {
        let facts = case.key.open_json(&attachments::name_place(row.id), &row.sealed_name)?;
        Ok(AttachmentView { row, facts })
    };
    let form = case.form()?;
    let arrived_at = case.row.arrived_at.as_ref().map_or_else(|| tx.now(), |at| at.0);
    // A case whose version this program no longer reads is still shown.
    let warnings = intake::pinned(ctx, &case.row).map_or_else(
        |_| Vec::new(),
        |procedure| Filing::of(&procedure, &form, case.filer(), arrived_at).warnings(),
    );
    Ok(CaseView {
        title: title(ctx, &case.row),
        form,
        warnings,
        attachments: files.into_iter().map(open).collect::<Result<_, _>>()?,
        invoice,
        row: case.row,
    })
}

/// One line of the list of one's own cases.
#[derive(Clone, Debug)]
pub struct CaseLine {
    /// The row.
    pub row: ApplicationRow,
    /// Title of the pinned procedure version.
    pub title: Bilingual,
    /// Messages of the office that nobody of the applicant's side has read.
    pub unread_messages: i64,
}

/// The cases the caller acts in, over all tenants, newest first; `before` is the last id of the page before.
pub async fn mine(ctx: Ctx, before: Option<ApplicationId>, limit: i64) -> Result<Vec<CaseLine>, Failure> {
    let account = ctx.account()?;
    let db = ctx.core.db.clone();
    let read = db.read(move |tx| {
        let rows = parties::cases_of_account(tx, account, before, limit)?;
        let tenants: Vec<_> = rows.iter().map(|row| row.tenant_id.clone()).collect();
        let cases: Vec<_> = rows.iter().map(|row| row.id).collect();
        Ok::<_, Failure>((messages::unread(tx, &tenants, &cases, Side::Office)?, rows))
    });
    let (unread, rows) = read.await?;
    let unread: HashMap<_, _> = unread.into_iter().collect();
    let line = |row: ApplicationRow| CaseLine {
        title: title(&ctx, &row),
        unread_messages: unread.get(&row.id).copied().unwrap_or(0),
        row,
    };
    Ok(rows.into_iter().map(line).collect())
}

/// The title of the pinned version; a case can be looked at even where this program no longer reads its version.
fn title(ctx: &Ctx, row: &ApplicationRow) -> Bilingual {
    let slug = |_| Bilingual { ja: row.procedure.clone(), en: row.procedure.clone() };
    super::intake::pinned(ctx, row).map_or_else(slug, |procedure| procedure.definition.title.clone())
}
