//! What the archive gets of a case (移管, R-124): computed from what is stored, the same bytes every time. It is everything that
//! is sealed with the case's key, because that key is destroyed after the hand-over; only what passed between us and the
//! gateways is left out, which is no part of the administrative document (行政文書).

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use uuid::Uuid;

use super::measure::open;
use super::sealed_texts::{self, detail_of, opened};
use super::{RecordsRefusal, book_bundle};
use crate::domain::id::{ApplicationId, RecordBookId, RecordMeasureId, RecordMemberId, TenantCode};
use crate::domain::policy::Action;
use crate::domain::records::{CaseBundle, FileContent, bundle_hash, exported_standing};
use crate::seal::{DataKey, Keyring, sha256_hex};
use crate::service::attachment::object_place;
use crate::service::{Core, Ctx, Failure, Refusal, access};
use crate::store::applications::{self, ApplicationRow};
use crate::store::attachments::{self, AttachmentRow};
use crate::store::record_measures::{self, BundleRow};
use crate::store::{
    Reads, corrections, decisions, document_signatures, events, invoices, messages, notes, parties,
    record_books, record_contents, record_files, resubmissions,
};

/// Exports on a page.
const PAGE: i64 = 200;

/// A case as it stands, with its documents still sealed: those are read outside of any transaction.
pub(super) struct Contents {
    bundle: CaseBundle,
    key: DataKey,
    attachments: Vec<AttachmentRow>,
    /// What this is of, to be held against the case later.
    pub standing: Vec<u8>,
}

/// Reads what the archive gets of a case.
pub(super) fn read(
    tx: &mut impl Reads,
    keys: &Keyring,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Contents, Failure> {
    let row = applications::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let filed = record_files::case_of(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let key = keys.open_case_key(tenant, &row.wrapped_key)?;
    let mut former_forms = Vec::new();
    for former in resubmissions::replaced_forms(tx, tenant, id)? {
        former_forms.push(json!({
            "revision": former.revision,
            "form": opened(&key, &ApplicationRow::form_place(id), &former.sealed_form)?,
            "replaced_at": former.replaced_at.0.to_string(),
        }));
    }
    let mut named = Vec::new();
    for party in parties::of_case(tx, tenant, id)? {
        let place = format!("parties.sealed_party:{id}:{}", party.role);
        named.push(json!({ "role": party.role, "party": opened(&key, &place, &party.sealed_party)? }));
    }
    let mut decided = Vec::new();
    if let Some(decision) = decisions::of_case(tx, tenant, id)? {
        decided.push(json!({
            "decision": decision.decision,
            "authority": decision.authority,
            "body": opened(&key, &decisions::body_place(decision.id), &decision.sealed_body)?,
            "decided_at": decision.decided_at.0.to_string(),
        }));
    }
    let legs = parties::arrivals_of(tx, tenant, id)?;
    let bundle = CaseBundle {
        application: id,
        arrivals: legs
            .iter()
            .map(|leg| {
                json!({ "leg": leg.leg, "office": leg.office, "arrived_at": leg.arrived_at.0.to_string(),
                    "channel": leg.channel })
            })
            .collect(),
        attachments: Vec::new(),
        completed_on: filed.completed_on.0.to_string(),
        decisions: decided,
        events: chain(tx, &key, tenant, id)?,
        form: opened(&key, &ApplicationRow::form_place(id), &row.sealed_form)?,
        former_forms,
        correspondence: correspondence(tx, &key, tenant, id)?,
        incoming: row
            .incoming_number
            .as_ref()
            .map(|number| json!({ "number": number, "on": row.incoming_on.map(|day| day.0.to_string()) })),
        invoices: owed(tx, tenant, id)?,
        number: row.number.clone().unwrap_or_default(),
        parties: named,
        procedure: row.procedure.clone(),
        procedure_version: row.procedure_version,
        sealed_texts: sealed_texts::of_case(tx, &key, tenant, id)?,
        signatures: signatures(tx, tenant, id)?,
        state: row.state.clone(),
        tenant: tenant.clone(),
    };
    let attachments = attachments::ever_of_case(tx, tenant, id)?;
    let standing = exported_standing(&row.event_head, row.incoming_number.as_deref());
    Ok(Contents { bundle, key, attachments, standing })
}

fn signatures(tx: &mut impl Reads, tenant: &TenantCode, id: ApplicationId) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for row in document_signatures::of_case(tx, tenant, id)? {
        all.push(json!({
            "document": row.document,
            "statement": row.signed()?.statement(),
            "signature": BASE64.encode(&row.signature),
            "signed_at": row.signed_at.0.to_string(),
        }));
    }
    Ok(all)
}

/// The chain of a case with its ciphertext, so that whoever has the bundle verifies it alone, and beside it what that says.
fn chain(
    tx: &mut impl Reads,
    key: &DataKey,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for row in events::of_case(tx, tenant, id)? {
        all.push(json!({
            "seq": row.seq,
            "kind": row.kind,
            "actor_kind": row.actor_kind,
            "actor_id": row.actor_id,
            "at": row.at.0.to_string(),
            "facts": row.facts,
            "sealed_detail": row.sealed_detail.as_deref().map(|sealed| BASE64.encode(sealed)),
            "detail": detail_of(key, &row)?,
            "prev_hash": HEXLOWER.encode(&row.prev_hash),
            "hash": HEXLOWER.encode(&row.hash),
        }));
    }
    Ok(all)
}

/// What was asked, written and noted about a case, each with its instant.
fn correspondence(
    tx: &mut impl Reads,
    key: &DataKey,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for asked in corrections::of_case(tx, tenant, id)? {
        all.push(json!({ "kind": asked.kind, "at": asked.requested_at.0.to_string(),
            "items": opened(key, &corrections::items_place(asked.id), &asked.sealed_items)? }));
    }
    for message in record_contents::messages(tx, tenant, id)? {
        let place = messages::text_place(message.id);
        all.push(json!({ "kind": message.kind, "at": message.written_at.0.to_string(), "side": message.side,
            "text": opened(key, &place, &message.sealed_text)? }));
    }
    for note in notes::of_case(tx, tenant, id)? {
        let note_id: Uuid = note.id.parse().map_err(|_| Failure::Internal("a note's id".to_owned()))?;
        all.push(json!({ "kind": "note", "at": note.created_at.0.to_string(),
            "text": opened(key, &notes::text_place(note_id), &note.sealed_text)? }));
    }
    Ok(all)
}

fn owed(tx: &mut impl Reads, tenant: &TenantCode, id: ApplicationId) -> Result<Vec<Value>, Failure> {
    let rows = invoices::all_of_case(tx, tenant, id)?;
    let invoice = |row: &invoices::InvoiceRow| {
        json!({
            "number": row.number,
            "state": row.state,
            "total": row.total.amount(),
            "lines": row.lines.0,
            "issued_at": row.issued_at.0.to_string(),
            "paid_on": row.paid_on.map(|day| day.0.to_string()),
        })
    };
    Ok(rows.iter().map(invoice).collect())
}

/// The bundle of a case as canonical JSON, with its documents read from the store of files one after the other.
pub(super) async fn complete(core: &Core, contents: Contents) -> Result<String, Failure> {
    let Contents { mut bundle, key, attachments, .. } = contents;
    for row in attachments {
        let object_key: Uuid =
            row.object_key.parse().map_err(|_| Failure::Internal(format!("object key of {}", row.id)))?;
        let sealed = core.files.get(object_key).await;
        let sealed = sealed.map_err(|error| Failure::Internal(format!("the file store: {error}")))?;
        if sha256_hex(&sealed) != row.sealed_sha256 {
            return Err(Failure::Internal(format!("attachment {} differs from its digest", row.id)));
        }
        let bytes = key.open(&object_place(object_key), &sealed)?;
        bundle.attachments.push(json!({
            "id": row.id.to_string(),
            "code": row.code,
            "file": opened(&key, &attachments::name_place(row.id), &row.sealed_name)?,
            "media_type": row.media_type,
            "state": row.state,
            "content_base64": BASE64.encode(&bytes),
        }));
    }
    Ok(bundle.to_json())
}

/// A page of the recorded exports of a transfer.
#[derive(Clone, Debug)]
pub struct BundlePage {
    /// What they are exports of.
    pub content: FileContent,
    /// In the order of the ids.
    pub items: Vec<BundleRow>,
    /// Where the list goes on; none at its end.
    pub next: Option<RecordMemberId>,
}

/// The recorded exports of a transfer, for the staff of the department.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    id: RecordMeasureId,
    after: Option<RecordMemberId>,
) -> Result<BundlePage, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let ((_, file), _) = open(tx, &ctx, &tenant, id, Action::ReadQueue)?;
        let mut items = record_measures::bundles(tx, (&tenant, id), after, PAGE + 1)?;
        let more = items.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
        if more {
            items.pop();
        }
        let next = items.last().filter(|_| more).map(|row| row.member_id);
        Ok(BundlePage { content: file.file_content()?, items, next })
    })
    .await
}

/// What was read of a case or a book.
enum Exported {
    Case(ApplicationId, Box<Contents>),
    Book(String),
}

/// The bundle of a case or a book that a transfer has exported, in clear, for whoever approves for the department. It is what was
/// hashed, or nothing: what changed since is exported anew.
pub async fn show(
    ctx: Ctx,
    tenant: TenantCode,
    id: RecordMeasureId,
    member: RecordMemberId,
) -> Result<String, Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let ((_, file), officer) = open(tx, &inner, &of, id, Action::Approve)?;
        let recorded = record_measures::bundle(tx, (&of, id), member)?.ok_or(Refusal::NotFound)?;
        let exported = match file.file_content()? {
            FileContent::Cases => {
                let case = ApplicationId(member.0);
                Exported::Case(case, Box::new(read(tx, &inner.core.keys, &of, case)?))
            }
            FileContent::Books => {
                let book = record_books::find(tx, &of, RecordBookId(member.0))?.ok_or(Refusal::NotFound)?;
                Exported::Book(book_bundle::read(tx, &inner.core.keys, &book)?)
            }
        };
        Ok::<_, Failure>((officer, recorded, exported))
    });
    let (officer, recorded, exported) = read.await?;
    let (json, case) = match exported {
        Exported::Case(case, contents) => (complete(&ctx.core, *contents).await?, Some(case)),
        Exported::Book(json) => (json, None),
    };
    if bundle_hash(&json) != recorded.sha256 {
        return Err(RecordsRefusal::BundlesDiffer.into());
    }
    match case {
        Some(case) => access::record(&ctx, &tenant, officer, "record_bundle", &[case]).await?,
        None => access::record_body(&ctx, &tenant, officer, "record_bundle").await?,
    }
    Ok(json)
}
