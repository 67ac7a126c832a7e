//! The answer to a correction or an inquiry (再提出): judged against what was asked, and everything that depends on the answers
//! computed again with it: the fee, the route and the clock.
//!
//! Invariants: only what was asked differs; what was handed in before is kept, answers and documents alike; the arrival never
//! moves. Who answers sees at once what the answer changed.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cases::{self, OpenCase};
use super::catalogue::form_faults;
use super::correction::{CorrectionItem, open_request};
use super::filing::Filing;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::{self, pinned, refuse_faults, seal_form};
use super::recalculation::{self, FeeChange};
use super::{Ctx, Effect, Failure, Refusal, access, arrival, case_task, clock, clock_pause};
use crate::domain::application::Command;
use crate::domain::calendar::jst_day;
use crate::domain::expression::Facts;
use crate::domain::fault::Fault;
use crate::domain::form::{CompiledForm, escape};
use crate::domain::id::{ApplicationId, CorrectionId, TenantCode};
use crate::domain::merge_patch::merge_patch;
use crate::domain::paper_filing::{AnswerStatement, ReceivedAnswer};
use crate::domain::policy::Action;
use crate::store::applications::{self, ApplicationRow};
use crate::store::resubmissions::{self, ResubmissionRow};
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::{Reads, Root, Tx, attachments, corrections};

/// An answer as it is given.
#[derive(Clone, Debug)]
pub struct GivenAnswer {
    /// The corrected answers; the others stay (JSON Merge Patch).
    pub form: Value,
    /// How and when it came to the office, where it did.
    pub statement: AnswerStatement,
}

impl From<Value> for GivenAnswer {
    /// An answer through the system, of which nothing is to be stated.
    fn from(form: Value) -> Self {
        Self { form, statement: AnswerStatement::default() }
    }
}

/// Answers the open request.
///
/// Only what was asked may differ; the answers before are kept, and the arrival stays where it is. What came on paper was
/// answered when the office received it, as the officer who enters it attests: the clock runs again from there.
pub async fn resubmit(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    version: i64,
    given: GivenAnswer,
) -> Result<Effect<ApplicationRow>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let answer = |tx: &mut Tx<'_>, now| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::EditCase)?;
            case.expect_version(version)?;
            answer(tx, &ctx, case, &given, now)
        };
        once(tx, &request, "application", answer, |tx, _| answered_case(tx, &ctx, &request.tenant, id))
    })
    .await
}

/// The case of a key that was used before: whoever entered an answer may not see a case any more that went to another department by
/// it, but sees what became of the act.
fn answered_case(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<ApplicationRow, Failure> {
    Ok(cases::open_for_system(tx, &ctx.core, tenant, id)?.row)
}

fn answer(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mut case: OpenCase,
    given: &GivenAnswer,
    now: Timestamp,
) -> Result<Made<ApplicationRow>, Failure> {
    let open = open_request(tx, &case)?.ok_or(Refusal::WrongState { state: case.state.name() })?;
    let procedure = pinned(ctx, &case.row)?;
    // Who applies and when it arrived stay; the answers are judged as on that day.
    let arrived_at = case.row.arrived_at.as_ref().map_or(now, |arrived_at| arrived_at.0);
    let known = intake::circumstances(case.filer(), arrived_at);
    let before = case.form()?;
    let written = merge_patch(procedure.form.without_calculated(before.clone()), &given.form);
    let after = procedure.form.tidy(written);
    let faults_of_answers = form_faults(procedure.form.validate(&after, &known));
    let after = procedure.form.complete(after, &known);
    arrival::refuse_unidentified(ctx, &case, &procedure, &after)?;
    let changed = changes(&procedure.form, &before, &after);
    let mut faults = not_asked(&changed, &open.items, &unlocked(&procedure.form, &before, &after, &known));
    faults.extend(faults_of_answers);
    // A case that turns out to be another body's is transferred, not refused; within the body it goes to the queue that
    // the corrected answers name.
    let filing = Filing::of(&procedure, &after, case.filer(), arrived_at);
    let route_before = Filing::of(&procedure, &before, case.filer(), arrived_at).department(&ctx.catalogue);
    let moved_to = filing
        .department(&ctx.catalogue)
        .filter(|department| route_before.as_ref() != Some(department))
        .map(|department| ctx.catalogue.in_charge(&case.row.tenant_id, &department, jst_day(now)))
        .filter(|department| *department != case.row.department);
    faults.extend(form_faults(filing.unknown_places(&ctx.catalogue)));
    faults.extend(filing.missing_documents(&case.row.attachment_codes.0));
    let stated = receipt(&case, given.statement, open.row.requested_at.0, now);
    let received = stated.unwrap_or_else(|wrong| {
        faults.extend(wrong);
        None
    });
    refuse_faults(faults)?;

    let expected = recalculation::expected(tx, ctx, &case, &procedure, now);
    let standing = case.row.clone();
    case.step(Command::Answer)?;
    seal_form(ctx, &mut case, &after);
    case.row.form_revision += 1;
    let mut fee = recalculation::judge(tx, ctx, &case, &procedure, now)?;
    fee.before = fee.before.or(expected);
    if let Some(department) = moved_to {
        // Whoever asked serves elsewhere: the case waits in the queue of the new department.
        case.step(Command::Release)?;
        case.row.department = department;
    }
    let answered = Answered { correction: open.row.id, received, standing, changed };
    record(tx, ctx, case, (answered, fee), now)
}

/// How and when an answer came to the office, where it did and the officer who enters it says so; or everything wrong with that.
fn receipt(
    case: &OpenCase,
    statement: AnswerStatement,
    asked_at: Timestamp,
    now: Timestamp,
) -> Result<Option<ReceivedAnswer>, Vec<Fault>> {
    if case.paper.is_some() && access::reader(&case.actor).is_some() {
        return statement.accept(asked_at, now);
    }
    let faults = statement.faults_of_own();
    if faults.is_empty() { Ok(None) } else { Err(faults) }
}

/// An answer that was judged.
struct Answered {
    correction: CorrectionId,
    /// How it came to the office, where that is stated.
    received: Option<ReceivedAnswer>,
    /// The case as it was asked.
    standing: ApplicationRow,
    /// Pointers of the answers that differ.
    changed: Vec<String>,
}

/// Stores an answer and what follows from it.
fn record(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mut case: OpenCase,
    (answered, fee): (Answered, FeeChange),
    now: Timestamp,
) -> Result<Made<ApplicationRow>, Failure> {
    let Answered { correction, received, standing, changed } = answered;
    let answered_at = received.map_or(now, |received| received.received_at);
    let (tenant, id) = (case.row.tenant_id.clone(), case.row.id);
    applications::keep_revision(tx, &standing)?;
    corrections::mark_answered(tx, &tenant, correction, answered_at)?;
    case_task::end_with_answer(tx, &tenant, correction)?;
    let (fee_before, fee_after) = (fee.before, fee.after);
    recalculation::carry_out(tx, ctx, &mut case, fee, correction, now)?;
    let ended_by = (correction, jst_day(answered_at));
    let pauses_ended = clock_pause::end_with_answer(tx, &case, ended_by, now)?;
    clock::move_due_date(tx, &ctx.core, &mut case.row)?;
    let present = attachments::of_case(tx, &tenant, id)?;
    let row = ResubmissionRow {
        tenant_id: tenant,
        correction_id: correction,
        application_id: id,
        revision_before: standing.form_revision,
        revision_after: case.row.form_revision,
        attachments_after: Json(present.iter().map(|file| file.id).collect()),
        department_before: standing.department,
        department_after: case.row.department.clone(),
        due_on_before: standing.due_on,
        due_on_after: case.row.due_on,
        fee_before,
        fee_after,
        answered_at: Micros(answered_at),
    };
    resubmissions::insert(tx, &row)?;
    let day = |day: Option<IsoDate>| day.map(|day| day.0.to_string());
    let mut facts = json!({
        "correction": correction,
        "due_on_before": day(row.due_on_before),
        "due_on": day(row.due_on_after),
        "department_before": row.department_before,
        "department": row.department_after,
        "fee_before": row.fee_before,
        "fee": row.fee_after,
        "revision_before": row.revision_before,
        "revision_after": row.revision_after,
        "changed": changed,
        "clock_pauses_ended": pauses_ended,
        "form_sha256": crate::seal::sha256_hex(&case.row.sealed_form),
    });
    if let (Some(received), Some(officer), Value::Object(facts)) =
        (received, access::reader(&case.actor), &mut facts)
    {
        facts.insert("channel".to_owned(), json!(received.channel.as_str()));
        facts.insert("received_at".to_owned(), json!(received.received_at));
        facts.insert("attested_by".to_owned(), json!(officer.to_string()));
    }
    case.record(tx, "resubmitted", facts, None)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: case.row })
}

/// Pointers of the answers people changed, as deep as they differ: `/form/{field}`, `/form/{table}/{row}/{column}`.
pub(super) fn changes(form: &CompiledForm, before: &Value, after: &Value) -> Vec<String> {
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
    let unasked = changed.iter().filter(|pointer| !open.iter().any(|asked| is_within(pointer, asked)));
    unasked
        .map(|pointer| {
            let (ja, en) =
                ("補正を求められていない項目は変更できません。", "This was not asked for and cannot change.");
            Fault::new(pointer, "not_asked", ja, en)
        })
        .collect()
}

/// Whether `pointer` is the place that was asked, or lies within it.
pub(super) fn is_within(pointer: &str, asked: &str) -> bool {
    pointer.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
}
