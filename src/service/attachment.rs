//! Documents of a case (添付書類): handed in, read, taken out again.
//!
//! The sealed bytes are durable in the file store before the row that names them commits, so a document that was
//! acknowledged cannot be missing; a crash in between leaves at worst a sealed file that no row names.

use serde_json::json;
use uuid::Uuid;

use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, is_used, once};
use super::{Ctx, Effect, Failure, Refusal, access, correction, intake};
use crate::domain::application::{CaseState, StateName};
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, AttachmentId, TenantCode};
use crate::domain::policy::Action;
use crate::domain::procedure::AttachmentRule;
use crate::seal::{DataKey, sha256_hex};
use crate::service::case_view::{AttachmentView, FileFacts};
use crate::store::attachments::{self, AttachmentRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, Tx};

/// A file as it was handed in.
#[derive(Clone)]
pub struct Upload {
    /// Which document of the procedure it is.
    pub code: String,
    /// Its name.
    pub filename: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A document with its bytes.
pub struct Download {
    /// What is known of it.
    pub view: AttachmentView,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What is remembered of an upload once its bytes are stored.
struct Stored {
    code: String,
    facts: FileFacts,
    media_type: String,
    size: i64,
    sealed_sha256: String,
    object_key: Uuid,
}

/// Hands a document in; a document of the same code is replaced.
pub async fn attach(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    upload: Upload,
) -> Result<Effect<AttachmentView>, Failure> {
    let db = ctx.core.db.clone();
    let repeated = request.clone();
    // A repeat is not judged again and stores nothing again.
    let stored = if db.read(move |tx| is_used(tx, &repeated)).await? {
        None
    } else {
        let key = check(&ctx, &request.tenant, id, &upload).await?;
        Some(store_bytes(&ctx, &key, upload).await?)
    };
    db.write(Root::Application(id), move |tx| {
        let record = |tx: &mut Tx<'_>, _| match &stored {
            Some(stored) => record(tx, &ctx, &request.tenant, id, stored),
            None => Err(Failure::Internal("a used key is not there any more".to_owned())),
        };
        once(tx, &request, "attachment", record, |tx, attachment| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::ReadCase)?;
            let attachment = attachment.parse().map_err(|_| Refusal::NotFound)?;
            let row = attachments::find(tx, &request.tenant, id, attachment)?.ok_or(Refusal::NotFound)?;
            view(&case, row)
        })
    })
    .await
}

/// Everything that can be refused before the bytes are stored; gives the case's key.
async fn check(
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    upload: &Upload,
) -> Result<DataKey, Failure> {
    let (inner, tenant) = (ctx.clone(), tenant.clone());
    let code = upload.code.clone();
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &tenant, id, Action::EditCase)?;
        require_open(tx, &case, &code)?;
        Ok::<_, Failure>(case)
    });
    let case = read.await?;
    let procedure = intake::pinned(ctx, &case.row)?;
    let rule = procedure.definition.attachment(&upload.code);
    intake::refuse_faults(match rule {
        Some(rule) => file_faults(rule, upload),
        None => vec![Fault::new(
            "/code",
            "unknown_code",
            "この手続にない添付書類です。",
            "The procedure has no document of this code.",
        )],
    })?;
    Ok(case.key)
}

async fn store_bytes(ctx: &Ctx, key: &DataKey, upload: Upload) -> Result<Stored, Failure> {
    let object_key = ctx.core.ids.uuid(ctx.now());
    let sealed = key.seal(&object_place(object_key), &upload.bytes, ctx.core.ids.as_ref());
    let sealed_sha256 = sha256_hex(&sealed);
    let put = ctx.core.files.put(object_key, sealed).await;
    put.map_err(|error| Failure::Internal(format!("the file store: {error}")))?;
    Ok(Stored {
        size: i64::try_from(upload.bytes.len()).unwrap_or(i64::MAX),
        facts: FileFacts { sha256: sha256_hex(&upload.bytes), filename: upload.filename },
        sealed_sha256,
        code: upload.code,
        media_type: upload.media_type,
        object_key,
    })
}

fn record(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    stored: &Stored,
) -> Result<Made<AttachmentView>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::EditCase)?;
    require_open(tx, &case, &stored.code)?;
    let earlier = attachments::of_case(tx, tenant, id)?;
    let attachment = AttachmentId(tx.new_id());
    let row = AttachmentRow {
        tenant_id: tenant.clone(),
        id: attachment,
        application_id: id,
        code: stored.code.clone(),
        sealed_name: case.key.seal_json(
            &attachments::name_place(attachment),
            &stored.facts,
            ctx.core.ids.as_ref(),
        ),
        media_type: stored.media_type.clone(),
        size: stored.size,
        sealed_sha256: stored.sealed_sha256.clone(),
        object_key: stored.object_key.to_string(),
        state: "present".to_owned(),
        created_at: Micros(tx.now()),
    };
    for replaced in earlier.iter().filter(|other| other.code == stored.code) {
        attachments::remove(tx, tenant, replaced.id)?;
    }
    attachments::insert(tx, &row)?;
    if !case.row.attachment_codes.0.contains(&stored.code) {
        case.row.attachment_codes.0.push(stored.code.clone());
    }
    note(tx, &mut case, "attachment_added", &row)?;
    Ok(Made {
        resource_id: attachment.to_string(),
        value: AttachmentView { row, facts: stored.facts.clone() },
    })
}

/// Reads a document back, as it was handed in.
pub async fn download(
    ctx: Ctx,
    tenant: TenantCode,
    id: ApplicationId,
    attachment: AttachmentId,
) -> Result<Download, Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let (case, row) = ctx
        .core
        .db
        .read(move |tx| {
            let case = cases::open(tx, &inner, &of, id, Action::ReadCase)?;
            let row = present(attachments::find(tx, &of, id, attachment)?)?;
            Ok::<_, Failure>((case, row))
        })
        .await?;
    if let Some(officer) = access::reader(&case.actor) {
        access::record(&ctx, &tenant, officer, "get_attachment", &[id]).await?;
    }
    let bytes = bytes_of(&ctx, &case.key, &row).await?;
    let view = view(&case, row)?;
    if sha256_hex(&bytes) != view.facts.sha256 {
        return Err(Failure::Internal(format!("attachment {attachment} differs from its digest")));
    }
    Ok(Download { view, bytes })
}

/// Takes a document out of a draft or of an answer in the making.
pub async fn remove(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    attachment: AttachmentId,
) -> Result<Effect<()>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let take_out = |tx: &mut Tx<'_>, _| {
            let tenant = &request.tenant;
            let mut case = cases::open(tx, &ctx, tenant, id, Action::EditCase)?;
            let row = present(attachments::find(tx, tenant, id, attachment)?)?;
            require_open(tx, &case, &row.code)?;
            attachments::remove(tx, tenant, attachment)?;
            case.row.attachment_codes.0.retain(|code| *code != row.code);
            note(tx, &mut case, "attachment_removed", &row)?;
            Ok(Made { value: (), resource_id: attachment.to_string() })
        };
        once(tx, &request, "attachment_removal", take_out, |_, _| Ok(()))
    })
    .await
}

fn present(row: Option<AttachmentRow>) -> Result<AttachmentRow, Refusal> {
    row.filter(|row| row.state == "present").ok_or(Refusal::NotFound)
}

/// Documents change in a draft, and while the applicant answers a request that names the document.
fn require_open(tx: &mut impl Reads, case: &OpenCase, code: &str) -> Result<(), Failure> {
    let asked = match case.state.name() {
        StateName::Draft => true,
        StateName::CorrectionRequested | StateName::Inquiry => {
            correction::is_attachment_asked(tx, case, code)?
        }
        _ => false,
    };
    if asked { Ok(()) } else { Err(Refusal::WrongState { state: case.state.name() }.into()) }
}

/// Stores the case; after the arrival the change is an event of its chain.
fn note(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    kind: &'static str,
    row: &AttachmentRow,
) -> Result<(), Failure> {
    if case.state != CaseState::Draft {
        let facts =
            json!({ "attachment": row.id.to_string(), "code": row.code, "sealed_sha256": row.sealed_sha256 });
        case.record(tx, kind, facts, None)?;
    }
    case.save(tx)
}

fn file_faults(rule: &AttachmentRule, upload: &Upload) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !rule.media_types.contains(&upload.media_type) {
        let accepted = rule.media_types.join(", ");
        let ja = format!("使えないファイル形式です（{accepted}）。");
        faults.push(Fault::new("/file", "media_type", ja, format!("Accepted media types: {accepted}.")));
    }
    if u64::try_from(upload.bytes.len()).unwrap_or(u64::MAX) > rule.max_bytes {
        let limit = rule.max_bytes;
        let ja = format!("ファイルが大きすぎます（上限{limit}バイト）。");
        faults.push(Fault::new("/file", "too_large", ja, format!("The file exceeds {limit} bytes.")));
    }
    if upload.bytes.is_empty() {
        faults.push(Fault::new("/file", "empty", "ファイルが空です。", "The file is empty."));
    }
    let named = !upload.filename.trim().is_empty() && upload.filename.chars().count() <= 255;
    if !named || upload.filename.chars().any(char::is_control) {
        faults.push(Fault::new(
            "/file",
            "filename",
            "ファイル名が正しくありません。",
            "The file name is not usable.",
        ));
    }
    faults
}

/// The bytes of a document, opened.
pub(super) async fn bytes_of(ctx: &Ctx, key: &DataKey, row: &AttachmentRow) -> Result<Vec<u8>, Failure> {
    let broken = |what: &str| Failure::Internal(format!("{what} of attachment {}", row.id));
    let held: Uuid = row.object_key.parse().map_err(|_| broken("the object key"))?;
    let sealed = ctx.core.files.get(held).await.map_err(|_| broken("the file"))?;
    Ok(key.open(&object_place(held), &sealed)?)
}

/// Stores the bytes of a document once more, sealed with another key; gives their name in the file store and the digest of
/// the sealed bytes. Until a row names them, nobody misses them.
pub(super) async fn copy_bytes(
    ctx: &Ctx,
    from: &DataKey,
    row: &AttachmentRow,
    to: &DataKey,
) -> Result<(Uuid, String), Failure> {
    let bytes = bytes_of(ctx, from, row).await?;
    let object_key = ctx.core.ids.uuid(ctx.now());
    let sealed = to.seal(&object_place(object_key), &bytes, ctx.core.ids.as_ref());
    let digest = sha256_hex(&sealed);
    let put = ctx.core.files.put(object_key, sealed).await;
    put.map_err(|error| Failure::Internal(format!("the file store: {error}")))?;
    Ok((object_key, digest))
}

pub(super) fn object_place(object_key: Uuid) -> String {
    format!("files:{object_key}")
}

fn view(case: &OpenCase, row: AttachmentRow) -> Result<AttachmentView, Failure> {
    let facts = case.key.open_json(&attachments::name_place(row.id), &row.sealed_name)?;
    Ok(AttachmentView { row, facts })
}
