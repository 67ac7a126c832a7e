//! What is sealed with a case's key, opened for the archive (移管, R-124): once the case is handed over its key is destroyed, and
//! whatever the bundle lacks in clear is lost for good.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::domain::id::{ActingDecisionId, ApplicationId, CorrectionId, ProposalId, TenantCode, TransferId};
use crate::seal::{DataKey, SealError};
use crate::service::Failure;
use crate::store::events::{self, EventRow};
use crate::store::{Reads, acting_decisions, corrections, proposals, sealed_texts, transfers};

/// What sealed bytes hold: JSON, else text, else bytes as base64. A text of digits alone stays a text: it may be a reference, of
/// which no digit may be lost.
pub(super) fn opened(key: &DataKey, place: &str, sealed: &[u8]) -> Result<Value, SealError> {
    let plain = key.open(place, sealed)?;
    Ok(match (serde_json::from_slice(&plain), std::str::from_utf8(&plain)) {
        (Ok(value @ (Value::String(_) | Value::Array(_) | Value::Object(_))), _) => value,
        (_, Ok(text)) => Value::from(text),
        (_, Err(_)) => Value::from(BASE64.encode(&plain)),
    })
}

/// Every text of a case that no other part of the bundle lists, each with where and when it was written. One that does not open
/// fails the export: a case goes whole or not at all.
pub(super) fn of_case(
    tx: &mut impl Reads,
    key: &DataKey,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for text in sealed_texts::of_case(tx, tenant, id)? {
        all.push(json!({
            "table": text.column.table,
            "id": text.id,
            "column": text.column.column,
            "at": text.at.map(|at| at.0.to_string()),
            "text": opened(key, &text.column.place(&text.id), &text.sealed)?,
        }));
    }
    Ok(all)
}

/// The detail of an event in clear; none where it has none. It is what was sealed for the row that the event tells of, and
/// bound to that row's place; the row itself may say something else by now.
pub(super) fn detail_of(key: &DataKey, event: &EventRow) -> Result<Option<Value>, Failure> {
    let Some(sealed) = event.sealed_detail.as_deref() else { return Ok(None) };
    let unknown =
        || Failure::Internal(format!("the detail of event {} of {}", event.seq, event.application_id));
    let facts = serde_json::from_str(&event.facts).map_err(|_| unknown())?;
    let place = detail_place(event, &facts).ok_or_else(unknown)?;
    Ok(Some(opened(key, &place, sealed)?))
}

/// The place that the detail of an event with these facts is bound to.
fn detail_place(event: &EventRow, facts: &Value) -> Option<String> {
    let named = |fact: &str| facts.get(fact).and_then(Value::as_str);
    match event.kind.as_str() {
        "withdrawn" => Some(events::withdrawal_place(event.application_id)),
        "dissented" | "returned" => {
            let proposal: ProposalId = named("proposal")?.parse().ok()?;
            Some(proposals::comment_place(proposal, facts.get("step")?.as_i64()?))
        }
        "post_reviewed" => {
            let act: ActingDecisionId = named("act")?.parse().ok()?;
            Some(acting_decisions::comment_place(act))
        }
        "question_ended" => {
            let correction: CorrectionId = named("correction")?.parse().ok()?;
            Some(corrections::end_reason_place(correction))
        }
        "transferred" | "transferred_within" | "received_by_transfer" => {
            let transfer: TransferId = named("transfer")?.parse().ok()?;
            Some(transfers::grounds_place(transfer))
        }
        _ => None,
    }
}
