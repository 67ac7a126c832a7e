//! What the archive gets of a book (移管, R-124): its bytes in clear, and what is recorded of it.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};

use crate::domain::records::{BookBundle, BookKind};
use crate::seal::{Keyring, sha256_hex};
use crate::service::{Failure, Refusal};
use crate::store::record_books::RecordBookRow;
use crate::store::{Reads, bank_statements, day_closes, el_qr_results, el_qr_uploads, payouts, settlements};

/// Bytes that are sealed with a key of their own.
struct Sealed {
    wrapped_key: Vec<u8>,
    bytes: Vec<u8>,
    place: String,
}

/// What is recorded of a book, and what was sealed of it.
fn contents(tx: &mut impl Reads, row: &RecordBookRow) -> Result<(Value, Option<Sealed>), Failure> {
    let tenant = &row.tenant_id;
    let sealed = |wrapped_key: &[u8], bytes: &[u8], place: String| {
        Some(Sealed { wrapped_key: wrapped_key.to_vec(), bytes: bytes.to_vec(), place })
    };
    Ok(match row.book_kind()? {
        BookKind::SettlementReport => {
            let (gateway, sha256) = row.report()?;
            let source = settlements::find_source(tx, tenant, gateway, sha256)?.ok_or(Refusal::NotFound)?;
            let payouts = settlements::of_source(tx, tenant, gateway, sha256)?;
            let payouts: Vec<Value> = payouts
                .iter()
                .map(|payout| json!({ "batch": payout.batch_reference, "net": payout.net.amount(), "state": payout.state }))
                .collect();
            let facts = json!({ "gateway": gateway, "sha256": sha256, "origin": source.origin, "payouts": payouts,
                "imported_by": source.imported_by.map(|by| by.to_string()), "recorded_at": source.recorded_at.0.to_string() });
            let file = source.wrapped_key.zip(source.sealed_file);
            (facts, file.and_then(|(key, file)| sealed(&key, &file, settlements::source_place(sha256))))
        }
        BookKind::BankStatement => {
            let id = row.named()?;
            let file = bank_statements::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
            let facts = json!({ "sha256": file.sha256, "format": file.format, "credits": file.credit_count,
                "imported_by": file.imported_by.to_string(), "recorded_at": file.recorded_at.0.to_string() });
            (facts, sealed(&file.wrapped_key, &file.sealed_file, bank_statements::file_place(id)))
        }
        BookKind::TransferFile => {
            let id = row.named()?;
            let file = payouts::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
            let facts = json!({ "sha256": file.file_sha256, "transfer_on": file.transfer_on.0.to_string(), "count": file.refund_count,
                "total": file.total.amount(), "state": file.state, "made_by": file.made_by.to_string(),
                "confirmed_by": file.confirmed_by.map(|by| by.to_string()), "made_at": file.created_at.0.to_string() });
            (facts, sealed(&file.wrapped_key, &file.sealed_file, payouts::file_place(id)))
        }
        BookKind::DayClose => (day_close(tx, row)?, None),
        BookKind::ElQrUpload => {
            let id = row.named()?;
            let file = el_qr_uploads::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
            let facts = json!({ "sha256": file.file_sha256, "layout": file.layout_version, "records": file.record_count,
                "made_by": file.made_by.map(|by| by.to_string()), "made_at": file.made_at.0.to_string() });
            (facts, sealed(&file.wrapped_key, &file.sealed_file, el_qr_uploads::file_place(id)))
        }
        BookKind::ElQrFile => {
            let id = row.named()?;
            let file = el_qr_results::find_any(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
            let facts = json!({ "sha256": file.sha256, "kind": file.kind, "lines": file.line_count,
                "upload": file.upload_id.map(|id| id.to_string()), "imported_by": file.imported_by.to_string(),
                "recorded_at": file.recorded_at.0.to_string() });
            (facts, sealed(&file.wrapped_key, &file.sealed_file, el_qr_results::file_place(id)))
        }
    })
}

/// A close with its signatures: whoever has it verifies it alone.
fn day_close(tx: &mut impl Reads, row: &RecordBookRow) -> Result<Value, Failure> {
    let found = day_closes::find(tx, &row.tenant_id, row.completed_on.0)?.ok_or(Refusal::NotFound)?;
    let (close, confirmation) = found;
    let confirmation = confirmation.map(|agreed| {
        json!({ "confirmed_by": agreed.confirmed_by.to_string(), "confirmed_at": agreed.confirmed_at.0.to_string(),
            "key_id": agreed.key_id, "signature": BASE64.encode(&agreed.signature) })
    });
    Ok(
        json!({ "close_no": close.close_no, "statement": close.statement, "hash": HEXLOWER.encode(&close.hash),
        "prev_hash": HEXLOWER.encode(&close.prev_hash), "key_id": close.key_id,
        "signature": BASE64.encode(&close.signature), "confirmation": confirmation }),
    )
}

/// The digest of what is recorded of a book: what was sealed of it never changes, so it tells whether an export still holds.
pub(super) fn head(tx: &mut impl Reads, row: &RecordBookRow) -> Result<Vec<u8>, Failure> {
    let (facts, _) = contents(tx, row)?;
    Ok(sha256_hex(facts.to_string().as_bytes()).into_bytes())
}

/// The bundle of a book as canonical JSON; of one that is gone there is none.
pub(super) fn read(tx: &mut impl Reads, keys: &Keyring, row: &RecordBookRow) -> Result<String, Failure> {
    if row.erased_at.is_some() {
        return Err(Refusal::NotFound.into());
    }
    let (facts, sealed) = contents(tx, row)?;
    let content_base64 = match sealed {
        None => None,
        Some(sealed) => {
            let key = keys.open_case_key(&row.tenant_id, &sealed.wrapped_key)?;
            Some(BASE64.encode(&key.open(&sealed.place, &sealed.bytes)?))
        }
    };
    let bundle = BookBundle {
        book: row.id,
        completed_on: row.completed_on.0.to_string(),
        content_base64,
        facts,
        kind: row.book_kind()?,
        subject: row.subject.clone(),
        tenant: row.tenant_id.clone(),
    };
    Ok(bundle.to_json())
}
