//! The checklist of a review (審査のチェックリスト): staff mark the items that the pinned version of the procedure defines; nothing is
//! granted while a required one is open. Marks are only added, and say which version of the answers was looked at.

use jiff::Timestamp;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::casework_refusal::CaseworkRefusal;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::{pinned, refuse_faults};
use super::officer_labels::{self, OfficerLabel};
use super::{Ctx, Effect, Failure, Refusal, access, review};
use crate::domain::application::StateName;
use crate::domain::checklist::{CheckResult, open_items, standing};
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::policy::Action;
use crate::domain::procedure::ChecklistItem;
use crate::store::checklist_marks::{self, ChecklistMarkRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, Tx};

/// The most marks of one request.
const MOST_MARKS: usize = 200;
/// The most characters of a comment.
const LONGEST_COMMENT: usize = 2_000;

/// A mark that is to be set.
#[derive(Clone, Debug)]
pub struct NewMark {
    /// The key of the item.
    pub item: String,
    /// What was found.
    pub result: CheckResult,
    /// What is said of it.
    pub comment: Option<String>,
}

/// A mark in clear.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The stored row.
    pub row: ChecklistMarkRow,
    /// What was said of it.
    pub comment: Option<String>,
    /// Who marked it.
    pub officer: Option<OfficerLabel>,
}

/// An item with what was found about it.
#[derive(Clone, Debug)]
pub struct CheckedItem {
    /// The item as the procedure defines it.
    pub item: ChecklistItem,
    /// What counts; nothing before the first mark.
    pub result: Option<CheckResult>,
    /// The version of the answers has changed since.
    pub is_outdated: bool,
}

/// The checklist of a case.
#[derive(Clone, Debug)]
pub struct Checklist {
    /// The items, in the order of the definition.
    pub items: Vec<CheckedItem>,
    /// How many required items are open.
    pub open: usize,
    /// Every mark, in the order they were set.
    pub history: Vec<Mark>,
}

/// The checklist of a case, for staff of its department.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Checklist, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::Review)?;
        Ok::<_, Failure>((review::officer(&case)?.officer, read(tx, &inner, &case)?))
    });
    let (reader, found) = read.await?;
    access::record(&ctx, &tenant, reader, "checklist", &[id]).await?;
    Ok(found)
}

fn read(tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase) -> Result<Checklist, Failure> {
    let procedure = pinned(ctx, &case.row)?;
    let items = &procedure.definition.checklist;
    let rows = checklist_marks::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let marks = results(&rows)?;
    let open = open_items(items, &marks).len();
    let checked = |item: &ChecklistItem| {
        let last = rows.iter().rev().find(|row| row.item == item.id);
        CheckedItem {
            result: standing(&item.id, marks.iter().copied()),
            is_outdated: last.is_some_and(|row| row.form_revision != case.row.form_revision),
            item: item.clone(),
        }
    };
    let items = items.iter().map(checked).collect();
    let officers = rows.iter().map(|row| row.officer_id).collect();
    let labels = officer_labels::labels(tx, &ctx.core, &case.row.tenant_id, officers)?;
    let mut history = Vec::with_capacity(rows.len());
    for row in &rows {
        let place = checklist_marks::comment_place(row.application_id, row.mark_no);
        let comment = row.sealed_comment.as_ref().map(|sealed| case.key.open_json(&place, sealed));
        let officer = labels.get(&row.officer_id).cloned();
        history.push(Mark { comment: comment.transpose()?, officer, row: row.clone() });
    }
    Ok(Checklist { items, open, history })
}

fn results(rows: &[ChecklistMarkRow]) -> Result<Vec<(&str, CheckResult)>, Failure> {
    rows.iter().map(|row| Ok((row.item.as_str(), row.check_result()?))).collect()
}

/// Sets marks, all of them or none.
pub async fn mark(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    marks: Vec<NewMark>,
) -> Result<Effect<Checklist>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            set(tx, &ctx, &mut case, &marks, now)?;
            Ok(Made { resource_id: id.to_string(), value: read(tx, &ctx, &case)? })
        };
        once(tx, &request, "checklist", put, |tx, _| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            read(tx, &ctx, &case)
        })
    })
    .await
}

fn set(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    marks: &[NewMark],
    now: Timestamp,
) -> Result<(), Failure> {
    let state = case.state.name();
    if !matches!(state, StateName::UnderReview | StateName::CorrectionRequested | StateName::Inquiry) {
        return Err(Refusal::WrongState { state }.into());
    }
    let procedure = pinned(ctx, &case.row)?;
    refuse_faults(faults(&procedure.definition.checklist, marks))?;
    let officer_id = review::officer(case)?.officer;
    let (tenant, id) = (case.row.tenant_id.clone(), case.row.id);
    let before = checklist_marks::of_case(tx, &tenant, id)?.last().map_or(0, |row| row.mark_no);
    let mut set = Vec::with_capacity(marks.len());
    for (mark, mark_no) in marks.iter().zip(before.saturating_add(1)..) {
        let place = checklist_marks::comment_place(id, mark_no);
        let comment = mark.comment.as_deref().map(str::trim).filter(|comment| !comment.is_empty());
        let row = ChecklistMarkRow {
            tenant_id: tenant.clone(),
            application_id: id,
            mark_no,
            item: mark.item.clone(),
            result: mark.result.as_str().to_owned(),
            sealed_comment: comment.map(|text| case.key.seal_json(&place, &text, ctx.core.ids.as_ref())),
            form_revision: case.row.form_revision,
            officer_id,
            marked_at: Micros(now),
        };
        checklist_marks::insert(tx, &row)?;
        set.push(json!({ "item": row.item, "result": row.result }));
    }
    case.record(
        tx,
        "checklist_marked",
        json!({ "marks": set, "form_revision": case.row.form_revision }),
        None,
    )?;
    case.save(tx)
}

fn faults(items: &[ChecklistItem], marks: &[NewMark]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if marks.is_empty() || marks.len() > MOST_MARKS {
        let ja = format!("1～{MOST_MARKS}件の項目を指定してください。");
        faults.push(Fault::new("/marks", "count", ja, format!("Name 1 to {MOST_MARKS} items.")));
    }
    for (index, mark) in marks.iter().enumerate() {
        let at = |member: &str| format!("/marks/{index}/{member}");
        if !items.iter().any(|item| item.id == mark.item) {
            let (ja, en) = ("この手続のチェックリストにない項目です。", "The checklist has no such item.");
            faults.push(Fault::new(at("item"), "unknown_item", ja, en));
        } else if marks.iter().take(index).any(|before| before.item == mark.item) {
            faults.push(Fault::new(at("item"), "duplicate", "重複しています。", "It is named twice."));
        }
        let length = mark.comment.as_deref().map_or(0, |comment| comment.trim().chars().count());
        if length > LONGEST_COMMENT || (length == 0 && mark.result.needs_comment()) {
            let ja = format!("「否」「該当なし」には1～{LONGEST_COMMENT}文字の所見が必要です。");
            let en = format!(
                "A comment has 1 to {LONGEST_COMMENT} characters; not met and not applicable need one."
            );
            faults.push(Fault::new(at("comment"), "comment", ja, en));
        }
    }
    faults
}

/// Refuses a grant while required items are open; all of them are named.
pub(super) fn refuse_open(tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase) -> Result<(), Failure> {
    let procedure = pinned(ctx, &case.row)?;
    let items = &procedure.definition.checklist;
    if items.is_empty() {
        return Ok(());
    }
    let rows = checklist_marks::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let open = open_items(items, &results(&rows)?);
    if open.is_empty() { Ok(()) } else { Err(CaseworkRefusal::ChecklistOpen(open).into()) }
}
