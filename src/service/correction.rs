//! Corrections (補正) of applications and inquiries (照会) about notifications.
//!
//! Staff name exact fields; only those unlock, and what was handed in before is kept. The arrival never moves.
//! Missing the day ends nothing: the case waits until the applicant answers or withdraws, or the office ends the request
//! ([`super::correction_end`]) and decides.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::{pinned, refuse_faults};
use super::{Ctx, Effect, Failure, Refusal, clock, review};
use crate::catalogue::CatalogueProcedure;
use crate::domain::application::{CaseState, Command};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, CorrectionId, TenantCode};
use crate::domain::policy::Action;
use crate::domain::procedure::ProcedureKind;
use crate::store::applications::ApplicationRow;
use crate::store::corrections::{self, CorrectionRow};
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::{Reads, Root, Tx, attachments, jobs};

/// The job that tells the applicant of a question; its subject is the case's id and, to tell one question from the next,
/// that of the correction.
pub const NOTIFY_QUESTION: &str = "notify_question";

/// The most items of one request.
const MOST_ITEMS: usize = 100;
/// The most characters of one message.
const LONGEST_MESSAGE: usize = 2_000;

/// One thing that is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionItem {
    /// `/form/{field}`, a place within it such as `/form/{table}/{row}/{column}`, or `/attachments/{code}`.
    pub pointer: String,
    /// What is to be done.
    pub message: String,
}

/// What staff ask.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Item by item.
    pub items: Vec<CorrectionItem>,
    /// The day an answer is asked for (相当の期間, R-10).
    pub due_on: Date,
}

/// A request in clear.
#[derive(Clone, Debug)]
pub struct Correction {
    /// The stored row.
    pub row: CorrectionRow,
    /// What is asked.
    pub items: Vec<CorrectionItem>,
    /// Why the office ended it, where it did.
    pub end_reason: Option<String>,
    /// The case as it is now.
    pub case: ApplicationRow,
}

/// Asks for a correction of an application, or about the entries of a notification.
pub async fn ask(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    ask: Ask,
) -> Result<Effect<Correction>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put_question(tx, &ctx, &request.tenant, id, &ask, now);
        once(tx, &request, "correction", put, |tx, correction| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::ReadCase)?;
            let correction =
                correction.parse().map_err(|_| Failure::Internal("a correction's id".to_owned()))?;
            let row = corrections::find(tx, &request.tenant, correction)?.ok_or(Refusal::NotFound)?;
            open_items(&case, row)
        })
    })
    .await
}

fn put_question(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    ask: &Ask,
    now: Timestamp,
) -> Result<Made<Correction>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    let correction = CorrectionId(tx.new_id());
    let assignee = case.state.assignee();
    case.step(Command::Ask(correction))?;
    let me = review::officer(&case)?.officer;
    if assignee != Some(me) {
        return Err(Refusal::Forbidden.into());
    }
    let items: Vec<_> = ask.items.iter().map(normal).collect();
    let procedure = pinned(ctx, &case.row)?;
    refuse_faults(ask_faults(&procedure, &items, ask.due_on, jst_day(now)))?;
    let (kind, event) = match case.kind {
        ProcedureKind::Application => ("correction", "correction_requested"),
        ProcedureKind::Notification => ("inquiry", "inquiry_made"),
    };
    let present = attachments::of_case(tx, tenant, id)?;
    let row = CorrectionRow {
        tenant_id: tenant.clone(),
        id: correction,
        application_id: id,
        kind: kind.to_owned(),
        state: "open".to_owned(),
        sealed_items: case.key.seal_json(
            &corrections::items_place(correction),
            &items,
            ctx.core.ids.as_ref(),
        ),
        due_on: IsoDate(ask.due_on),
        requested_by: me,
        requested_at: Micros(now),
        answered_at: None,
        ended_at: None,
        ended_by: None,
        sealed_end_reason: None,
        attachments_before: Some(Json(present.iter().map(|file| file.id).collect())),
    };
    corrections::insert(tx, &row)?;
    let pointers: Vec<_> = items.iter().map(|item| &item.pointer).collect();
    let facts = json!({ "correction": correction, "pointers": pointers, "due_on": ask.due_on.to_string() });
    case.record(tx, event, facts, None)?;
    clock::note_pause(tx, &ctx.core, &mut case.row)?;
    jobs::enqueue(tx, tenant.as_str(), NOTIFY_QUESTION, &format!("{id}:{correction}"), now)?;
    case.save(tx)?;
    Ok(Made {
        value: Correction { row, items, end_reason: None, case: case.row },
        resource_id: correction.to_string(),
    })
}

/// `/field` is taken as `/form/field`.
fn normal(item: &CorrectionItem) -> CorrectionItem {
    let single = item.pointer.strip_prefix('/').is_some_and(|rest| !rest.is_empty() && !rest.contains('/'));
    let pointer = if single { format!("/form{}", item.pointer) } else { item.pointer.clone() };
    CorrectionItem { pointer, message: item.message.trim().to_owned() }
}

fn ask_faults(
    procedure: &CatalogueProcedure,
    items: &[CorrectionItem],
    due_on: Date,
    today: Date,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if items.is_empty() || items.len() > MOST_ITEMS {
        let ja = format!("1～{MOST_ITEMS}件の項目を指定してください。");
        faults.push(Fault::new("/items", "count", ja, format!("Name 1 to {MOST_ITEMS} items.")));
    }
    for (index, item) in items.iter().enumerate() {
        let at = |member: &str| format!("/items/{index}/{member}");
        if !exists(procedure, &item.pointer) {
            let ja =
                "この手続にない項目です（/form/項目名、/form/表/行/列 または /attachments/書類コード）。";
            let en = "The procedure has no such item (/form/{field}, /form/{table}/{row}/{column} or /attachments/{code}).";
            faults.push(Fault::new(at("pointer"), "unknown_pointer", ja, en));
        } else if items.iter().take(index).any(|before| before.pointer == item.pointer) {
            faults.push(Fault::new(at("pointer"), "duplicate", "重複しています。", "It is named twice."));
        }
        let length = item.message.chars().count();
        if length == 0 || length > LONGEST_MESSAGE {
            let ja = format!("1～{LONGEST_MESSAGE}文字で入力してください。");
            let en = format!("A message has 1 to {LONGEST_MESSAGE} characters.");
            faults.push(Fault::new(at("message"), "length", ja, en));
        }
    }
    if due_on <= today {
        let (ja, en) = ("期限は明日以降にしてください。", "The day must be in the future.");
        faults.push(Fault::new("/due_on", "not_future", ja, en));
    }
    faults
}

fn exists(procedure: &CatalogueProcedure, pointer: &str) -> bool {
    let definition = &procedure.definition;
    match (pointer.strip_prefix("/form"), pointer.strip_prefix("/attachments/")) {
        (Some(place), _) => procedure.form.has_place(place),
        (None, Some(code)) => definition.attachment(code).is_some(),
        (None, None) => false,
    }
}

/// A request of the case in clear.
pub(super) fn open_items(case: &OpenCase, row: CorrectionRow) -> Result<Correction, Failure> {
    let items = case.key.open_json(&corrections::items_place(row.id), &row.sealed_items)?;
    let place = corrections::end_reason_place(row.id);
    let reason = row.sealed_end_reason.as_ref().map(|sealed| case.key.open_json(&place, sealed));
    Ok(Correction { end_reason: reason.transpose()?, row, items, case: case.row.clone() })
}

/// The open request of a case, if it waits for an answer.
pub fn open_request(tx: &mut impl Reads, case: &OpenCase) -> Result<Option<Correction>, Failure> {
    let asked = match &case.state {
        CaseState::CorrectionRequested { correction: id, .. } | CaseState::Inquiry { inquiry: id, .. } => *id,
        _ => return Ok(None),
    };
    let row = corrections::find(tx, &case.row.tenant_id, asked)?;
    let row = row.ok_or_else(|| Failure::Internal(format!("no correction {asked}")))?;
    open_items(case, row).map(Some)
}

/// Whether the document `code` may be exchanged now because it was asked for.
pub fn is_attachment_asked(tx: &mut impl Reads, case: &OpenCase, code: &str) -> Result<bool, Failure> {
    let pointer = format!("/attachments/{code}");
    Ok(open_request(tx, case)?.is_some_and(|open| open.items.iter().any(|item| item.pointer == pointer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_field_means_the_form() {
        let named =
            |pointer: &str| normal(&CorrectionItem { pointer: pointer.into(), message: " x ".into() });
        assert_eq!(named("/a").pointer, "/form/a");
        assert_eq!(named("/form/a").pointer, "/form/a");
        assert_eq!(named("/attachments/a").pointer, "/attachments/a");
        assert_eq!(named("/a").message, "x");
    }
}
