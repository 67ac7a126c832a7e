//! Corrections (補正) of applications and inquiries (照会) about notifications.
//!
//! Staff name exact fields; only those unlock, and what was handed in before is kept. The arrival never moves.
//! Missing the day ends nothing: the case waits until the applicant answers or withdraws, or staff decide.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cases::{self, OpenCase};
use super::catalogue::form_faults;
use super::filing::Filing;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::{self, pinned, refuse_faults, seal_form};
use super::{Ctx, Effect, Failure, Refusal, access, clock, review};
use crate::catalogue::CatalogueProcedure;
use crate::domain::application::{CaseState, Command};
use crate::domain::calendar::jst_day;
use crate::domain::expression::Facts;
use crate::domain::fault::Fault;
use crate::domain::form::{CompiledForm, escape};
use crate::domain::id::{ApplicationId, CorrectionId, TenantCode};
use crate::domain::merge_patch::merge_patch;
use crate::domain::policy::Action;
use crate::domain::procedure::ProcedureKind;
use crate::store::applications::{self, ApplicationRow};
use crate::store::corrections::{self, CorrectionRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, jobs};

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
    };
    corrections::insert(tx, &row)?;
    let pointers: Vec<_> = items.iter().map(|item| &item.pointer).collect();
    let facts = json!({ "correction": correction, "pointers": pointers, "due_on": ask.due_on.to_string() });
    case.record(tx, event, facts, None)?;
    jobs::enqueue(tx, tenant.as_str(), NOTIFY_QUESTION, &format!("{id}:{correction}"), now)?;
    case.save(tx)?;
    Ok(Made { value: Correction { row, items, case: case.row }, resource_id: correction.to_string() })
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

/// All requests of a case with what they ask, oldest first.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<Correction>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, found) = ctx
        .core
        .db
        .read(move |tx| {
            let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
            let rows = corrections::of_case(tx, &body, id)?;
            let found = rows.into_iter().map(|row| open_items(&case, row)).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, Failure>((access::reader(&case.actor), found))
        })
        .await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "corrections", &[id]).await?;
    }
    Ok(found)
}

fn open_items(case: &OpenCase, row: CorrectionRow) -> Result<Correction, Failure> {
    let items = case.key.open_json(&corrections::items_place(row.id), &row.sealed_items)?;
    Ok(Correction { row, items, case: case.row.clone() })
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

/// Answers the open request: `form` holds the corrected answers, the others stay (JSON Merge Patch).
///
/// Only what was asked may differ; the answers before are kept, and the arrival stays where it is.
pub async fn resubmit(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    version: i64,
    form: Value,
) -> Result<Effect<ApplicationRow>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let answer = |tx: &mut Tx<'_>, now| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::EditCase)?;
            case.expect_version(version)?;
            answer(tx, &ctx, case, &form, now)
        };
        once(tx, &request, "application", answer, |tx, id| intake::present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn answer(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mut case: OpenCase,
    form: &Value,
    now: Timestamp,
) -> Result<Made<ApplicationRow>, Failure> {
    let open = open_request(tx, &case)?.ok_or(Refusal::WrongState { state: case.state.name() })?;
    let procedure = pinned(ctx, &case.row)?;
    // Who applies and when it arrived stay; the answers are judged as on that day.
    let arrived_at = case.row.arrived_at.as_ref().map_or(now, |arrived_at| arrived_at.0);
    let known = intake::circumstances(case.filer(), arrived_at);
    let before = case.form()?;
    let written = merge_patch(procedure.form.without_calculated(before.clone()), form);
    let after = procedure.form.tidy(written);
    let faults_of_answers = form_faults(procedure.form.validate(&after, &known));
    let after = procedure.form.complete(after, &known);
    let changed = changes(&procedure.form, &before, &after);
    let mut faults = not_asked(&changed, &open.items, &unlocked(&procedure.form, &before, &after, &known));
    faults.extend(faults_of_answers);
    // Who is in charge is not judged again: a case that turns out to be another body's is transferred, not refused.
    let filing = Filing::of(&procedure, &after, case.filer(), arrived_at);
    faults.extend(form_faults(filing.unknown_places(&ctx.catalogue)));
    faults.extend(filing.missing_documents(&case.row.attachment_codes.0));
    refuse_faults(faults)?;

    case.step(Command::Answer)?;
    applications::keep_revision(tx, &case.row)?;
    corrections::mark_answered(tx, &case.row.tenant_id, open.row.id)?;
    let revision = case.row.form_revision;
    case.row.form_revision += 1;
    seal_form(ctx, &mut case, &after);
    clock::move_due_date(tx, &ctx.core, &mut case.row)?;
    let facts = json!({
        "correction": open.row.id,
        "due_on": case.row.due_on.map(|due| due.0.to_string()),
        "revision_before": revision,
        "revision_after": case.row.form_revision,
        "changed": changed,
        "form_sha256": crate::seal::sha256_hex(&case.row.sealed_form),
    });
    case.record(tx, "resubmitted", facts, None)?;
    case.save(tx)?;
    Ok(Made { resource_id: case.row.id.to_string(), value: case.row })
}

/// Pointers of the answers people changed, as deep as they differ: `/form/{field}`, `/form/{table}/{row}/{column}`.
fn changes(form: &CompiledForm, before: &Value, after: &Value) -> Vec<String> {
    let (before, after) = (form.without_calculated(before.clone()), form.without_calculated(after.clone()));
    let mut changed = Vec::new();
    differences("/form", Some(&before), Some(&after), &mut changed);
    changed
}

/// A list that has grown or shrunk differs as a whole: its rows have no names to know them by.
fn differences(pointer: &str, before: Option<&Value>, after: Option<&Value>, changed: &mut Vec<String>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let mut names: Vec<_> = old.keys().chain(new.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let pointer = format!("{pointer}/{}", escape(name));
                differences(&pointer, old.get(name), new.get(name), changed);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                differences(&format!("{pointer}/{index}"), Some(old), Some(new), changed);
            }
        }
        _ => changed.push(pointer.to_owned()),
    }
}

/// Fields that appear, vanish or become required through what was changed may be answered with it; else an answer could
/// be neither given nor left out.
fn unlocked(form: &CompiledForm, before: &Value, after: &Value, known: &Facts) -> Vec<String> {
    let old = form.standings(before, known);
    let differs = |name: &str, standing| old.get(name) != Some(&standing);
    form.standings(after, known)
        .into_iter()
        .filter(|(name, standing)| differs(name, *standing))
        .map(|(name, _)| format!("/form/{}", escape(&name)))
        .collect()
}

fn not_asked(changed: &[String], items: &[CorrectionItem], unlocked: &[String]) -> Vec<Fault> {
    let open: Vec<&str> =
        items.iter().map(|item| item.pointer.as_str()).chain(unlocked.iter().map(String::as_str)).collect();
    let is_within = |pointer: &str, asked: &str| {
        pointer.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let unasked = changed.iter().filter(|pointer| !open.iter().any(|asked| is_within(pointer, asked)));
    unasked
        .map(|pointer| {
            let (ja, en) =
                ("補正を求められていない項目は変更できません。", "This was not asked for and cannot change.");
            Fault::new(pointer, "not_asked", ja, en)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pointers: &[&str]) -> Vec<CorrectionItem> {
        let item = |pointer: &&str| CorrectionItem { pointer: (*pointer).to_owned(), message: "x".into() };
        pointers.iter().map(item).collect()
    }

    #[test]
    fn r10_each_changed_answer_that_was_not_asked_is_named() {
        let before =
            json!({"a": 1, "b": 2, "c": 3, "rows": [{"x": 1, "y": 1}, {"x": 2}], "name": {"family": "甲"}});
        let after =
            json!({"a": 1, "b": 4, "d": 5, "rows": [{"x": 1, "y": 9}, {"x": 3}], "name": {"family": "乙"}});
        let mut changed = Vec::new();
        differences("/form", Some(&before), Some(&after), &mut changed);
        let all = ["/form/b", "/form/c", "/form/d", "/form/name/family", "/form/rows/0/y", "/form/rows/1/x"];
        assert_eq!(changed, all);
        for (items, unlocked, left) in [
            (asked(&["/form/b"]), vec![], &all[1..]),
            (asked(&["/form/b", "/form/c", "/form/d", "/form/name"]), vec![], &all[4..]),
            (asked(&["/form/rows/0", "/form/rows/1/x", "/form/name/family"]), vec![], &all[..3]),
            (asked(&["/form/rows/1", "/form/nam"]), vec![], &all[..5]),
            (asked(&["/form/rows", "/form/name"]), vec!["/form/d".to_owned()], &all[..2]),
        ] {
            let found: Vec<_> =
                not_asked(&changed, &items, &unlocked).into_iter().map(|fault| fault.pointer).collect();
            assert_eq!(found, left);
        }
    }

    #[test]
    fn r10_a_row_more_is_a_change_of_the_whole_table() {
        let mut changed = Vec::new();
        let (before, after) = (json!({"rows": [{"x": 1}]}), json!({"rows": [{"x": 1}, {"x": 2}]}));
        differences("/form", Some(&before), Some(&after), &mut changed);
        assert_eq!(changed, ["/form/rows"]);
        assert_eq!(not_asked(&changed, &asked(&["/form/rows/0/x"]), &[]).len(), 1);
    }

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
