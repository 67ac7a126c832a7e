//! Carrying out an approved measure, case by case and book by book; the books are in [`super::book_carry_out`].
//!
//! A disposal destroys the key of each case and then its documents. A transfer exports every case first and waits until the
//! archive has them. Whatever a crash leaves undone is done by the next run; a case that something stands in the way of stays.
//!
//! What is written into an exported case or recorded of an exported book, and the number that a case is given late because the rule for
//! it came late, makes the export an old one: a daily look has it exported anew, and without one nothing goes. What has gone
//! gets no number any more.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;

use super::{block, book_carry_out, bundle};
use crate::domain::id::{ApplicationId, RecordMeasureId, TenantCode};
use crate::domain::records::{
    Measure, MeasureState, MeasureStep, bundle_hash, exported_standing, manifest_hash,
};
use crate::service::cases::system_actor;
use crate::service::{Core, Failure, JobEnd, incoming};
use crate::store::applications::{self, ApplicationRow};
use crate::store::events::{self, NewEvent};
use crate::store::record_books::{self, BooksWanted};
use crate::store::record_files::{self, CasesWanted, RecordCaseRow};
use crate::store::record_measures::{self, BundleRow, MeasureRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, StoreError, Tx, attachments, erasure};

/// The job that carries a measure out; its subject is the measure's id.
pub const CARRY_OUT_MEASURE: &str = "carry_out_measure";

/// Cases or books read in one go.
pub(super) const PAGE: i64 = 100;

/// When what something stands in the way of is looked at again, and an export that nobody has handed over.
const LOOK_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Carries a measure on as far as it goes now.
pub async fn run(core: &Arc<Core>, tenant: TenantCode, id: RecordMeasureId) -> Result<JobEnd, Failure> {
    let of = tenant.clone();
    let row = core.db.read(move |tx| Ok::<_, Failure>(record_measures::find(tx, &of, id)?)).await?;
    let Some(row) = row else { return Ok(JobEnd::Done) };
    let (kind, state) = (row.kind()?, row.measure_state()?);
    if state.destroys(kind) {
        return destroy(core, &row).await;
    }
    match (kind, state) {
        (Measure::Transfer, MeasureState::Approved) => {
            // Numbers that are still to come would make the exports old at once.
            incoming::number(core, &row.tenant_id).await?;
            export(core, &row).await?;
            Ok(look_again(core))
        }
        (Measure::Transfer, MeasureState::Exported) => {
            let cases = changed_since_export(core, &row).await?;
            let books = book_carry_out::changed_since_export(core, &row).await?;
            if cases > 0 || books > 0 { export_anew(core, &row).await } else { Ok(look_again(core)) }
        }
        _ => Ok(JobEnd::Done),
    }
}

fn look_again(core: &Core) -> JobEnd {
    let now = core.clock.now();
    JobEnd::Again(now.checked_add(LOOK_AGAIN_AFTER).unwrap_or(now))
}

/// How many cases of an exported transfer are no more what was exported.
async fn changed_since_export(core: &Core, measure: &MeasureRow) -> Result<usize, Failure> {
    let (mut after, mut changed) = (None, 0_usize);
    loop {
        let cases = page(core, measure, after).await?;
        let Some(last) = cases.last() else { return Ok(changed) };
        after = Some(last.application_id);
        let of = measure.clone();
        let left: Vec<_> = cases.iter().filter(|case| case.erased_at.is_none()).cloned().collect();
        let read = core.db.read(move |tx| {
            let mut old = 0_usize;
            for case in &left {
                let row = applications::find(tx, &of.tenant_id, case.application_id)?;
                let row = row.ok_or_else(|| missing(case.application_id))?;
                old += usize::from(!is_exported_as_it_stands(tx, &of, &row)?);
            }
            Ok::<_, Failure>(old)
        });
        changed += read.await?;
    }
}

/// Whether the recorded export of a case is one of the case as it stands.
fn is_exported_as_it_stands(
    tx: &mut impl Reads,
    measure: &MeasureRow,
    row: &ApplicationRow,
) -> Result<bool, StoreError> {
    let exported = record_measures::bundle(tx, (&measure.tenant_id, measure.id), row.id.into())?;
    let standing = exported_standing(&row.event_head, row.incoming_number.as_deref());
    Ok(exported.is_some_and(|exported| exported.event_head == standing))
}

fn missing(id: ApplicationId) -> StoreError {
    StoreError::Inconsistent(format!("a filed case that is not there: {id}"))
}

/// A page of the cases of a measure's file of which something is left here.
async fn page(
    core: &Core,
    measure: &MeasureRow,
    after: Option<ApplicationId>,
) -> Result<Vec<RecordCaseRow>, Failure> {
    let (of, file) = (measure.tenant_id.clone(), measure.record_file_id);
    core.db
        .read(move |tx| {
            let cases = record_files::cases(tx, (&of, file), CasesWanted::Left, after, PAGE)?;
            Ok(cases.into_iter().map(|(row, _)| row).collect())
        })
        .await
}

/// Exports everything of a transfer that was not exported as it stands, and records the hash over all of them.
async fn export(core: &Core, measure: &MeasureRow) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let cases = page(core, measure, after).await?;
        let Some(last) = cases.last() else { break };
        after = Some(last.application_id);
        for case in cases.iter().filter(|case| case.erased_at.is_none()) {
            export_case(core, measure, case.application_id).await?;
        }
    }
    book_carry_out::export(core, measure).await?;
    let (tenant, id) = (measure.tenant_id.clone(), measure.id);
    let recorded = move |tx: &mut Tx<'_>| {
        let Some(mut row) = record_measures::find(tx, &tenant, id)? else { return Ok(()) };
        let Ok(next) = row.measure_state()?.apply(row.kind()?, MeasureStep::Export) else { return Ok(()) };
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let some = record_measures::bundles(tx, (&tenant, id), after, PAGE)?;
            let Some(last) = some.last() else { break };
            after = Some(last.member_id);
            all.extend(some);
        }
        let hash = manifest_hash(all.iter().map(|bundle| (bundle.member_id, bundle.sha256.as_str())));
        row.bundles_sha256 = Some(hash);
        next.as_str().clone_into(&mut row.state);
        record_measures::update(tx, &mut row)?;
        Ok::<_, Failure>(())
    };
    core.db.write_alone(vec![], recorded).await
}

async fn export_case(core: &Core, measure: &MeasureRow, case: ApplicationId) -> Result<(), Failure> {
    let (tenant, id, keys) = (measure.tenant_id.clone(), measure.id, Arc::clone(&core.keys));
    let read = core.db.read(move |tx| {
        let contents = bundle::read(tx, &keys, &tenant, case)?;
        let earlier = record_measures::bundle(tx, (&tenant, id), case.into())?;
        let same = earlier.is_some_and(|earlier| earlier.event_head == contents.standing);
        Ok::<_, Failure>((!same).then_some(contents))
    });
    let Some(contents) = read.await? else { return Ok(()) };
    let standing = contents.standing.clone();
    let json = bundle::complete(core, contents).await?;
    let (tenant, sha256) = (measure.tenant_id.clone(), bundle_hash(&json));
    core.db
        .write(Root::Application(case), move |tx| {
            let row = BundleRow {
                tenant_id: tenant.clone(),
                measure_id: id,
                member_id: case.into(),
                sha256: sha256.clone(),
                event_head: standing.clone(),
                exported_at: Micros(tx.now()),
            };
            Ok(record_measures::put_bundle(tx, &row)?)
        })
        .await
}

/// What became of a case or a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its key is destroyed.
    Erased,
    /// Something stands in its way.
    Blocked,
    /// It changed after its export.
    Changed,
}

/// How much of a file a run could not destroy.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Left {
    blocked: usize,
    changed: usize,
}

impl Left {
    /// Counts what became of one of them.
    pub(super) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Erased => {}
            Outcome::Blocked => self.blocked += 1,
            Outcome::Changed => self.changed += 1,
        }
    }
}

/// Destroys what is left of the cases and books of a file, and ends the measure once nothing is.
async fn destroy(core: &Arc<Core>, measure: &MeasureRow) -> Result<JobEnd, Failure> {
    let (mut after, mut left) = (None, Left::default());
    loop {
        let cases = page(core, measure, after).await?;
        let Some(last) = cases.last() else { break };
        after = Some(last.application_id);
        for case in cases {
            let id = case.application_id;
            let (inner, of) = (Arc::clone(core), measure.clone());
            let work = move |tx: &mut Tx<'_>| erase(tx, &inner, &of, id);
            // A hold on the case bars it, and so does one on its file.
            let roots = vec![Root::Application(id), Root::record_file(measure.record_file_id)];
            let outcome = core.db.write_alone(roots, work).await?;
            if outcome == Outcome::Erased {
                remove_files(core, &measure.tenant_id, id).await?;
            }
            left.count(outcome);
        }
    }
    book_carry_out::destroy(core, measure, &mut left).await?;
    let Left { blocked, changed } = left;
    if changed > 0 {
        return export_anew(core, measure).await;
    }
    if blocked > 0 {
        tracing::warn!(measure = %measure.id, blocked, "records stay, something stands in their way");
        return Ok(look_again(core));
    }
    finish(core, measure).await
}

/// Destroys the key of a case, if nothing stands in its way; one that was erased before only has its files left.
fn erase(tx: &mut Tx<'_>, core: &Core, measure: &MeasureRow, id: ApplicationId) -> Result<Outcome, Failure> {
    let tenant = &measure.tenant_id;
    let filed = record_files::case_of(tx, tenant, id)?.ok_or_else(|| missing(id))?;
    if filed.erased_at.is_some() {
        return Ok(Outcome::Erased);
    }
    let mut row = applications::find(tx, tenant, id)?.ok_or_else(|| missing(id))?;
    if !block::of_case(tx, &core.catalogue.current(), &row)?.is_empty() {
        return Ok(Outcome::Blocked);
    }
    if measure.kind()? == Measure::Transfer && !is_exported_as_it_stands(tx, measure, &row)? {
        return Ok(Outcome::Changed);
    }
    let facts = json!({ "record_file": measure.record_file_id.to_string(),
        "measure": measure.id.to_string(), "kind": measure.measure });
    let actor = system_actor("records");
    events::append(tx, &mut row, NewEvent { kind: "records_erased", actor, facts, sealed_detail: None })?;
    applications::update(tx, &mut row)?;
    erasure::erase(tx, &row)?;
    record_files::mark_erased(tx, tenant, id)?;
    Ok(Outcome::Erased)
}

/// Removes the documents of an erased case from the store of files: nobody can open them any more.
async fn remove_files(core: &Core, tenant: &TenantCode, id: ApplicationId) -> Result<(), Failure> {
    let of = tenant.clone();
    let read = core.db.read(move |tx| Ok::<_, Failure>(attachments::ever_of_case(tx, &of, id)?));
    let rows = read.await?;
    for row in &rows {
        let key: Uuid =
            row.object_key.parse().map_err(|_| Failure::Internal(format!("object key of {}", row.id)))?;
        let removed = core.files.remove(key).await;
        removed.map_err(|error| Failure::Internal(format!("the file store: {error}")))?;
    }
    let of = tenant.clone();
    core.db
        .write(Root::Application(id), move |tx| {
            for row in &rows {
                attachments::remove(tx, &of, row.id)?;
            }
            Ok::<_, Failure>(record_files::mark_files_removed(tx, &of, id)?)
        })
        .await
}

/// Something changed after its export: the archive gets it anew before it goes.
async fn export_anew(core: &Core, measure: &MeasureRow) -> Result<JobEnd, Failure> {
    let (tenant, id) = (measure.tenant_id.clone(), measure.id);
    let again = move |tx: &mut Tx<'_>| {
        let Some(mut row) = record_measures::find(tx, &tenant, id)? else { return Ok(JobEnd::Done) };
        let Ok(next) = row.measure_state()?.apply(row.kind()?, MeasureStep::ExportAnew) else {
            return Ok(JobEnd::Done);
        };
        next.as_str().clone_into(&mut row.state);
        row.bundles_sha256 = None;
        record_measures::update(tx, &mut row)?;
        Ok::<_, Failure>(JobEnd::Again(tx.now()))
    };
    core.db.write_alone(vec![], again).await
}

/// Nothing of the file is left: the measure is done, and the register says so.
async fn finish(core: &Core, measure: &MeasureRow) -> Result<JobEnd, Failure> {
    let (tenant, id, file) = (measure.tenant_id.clone(), measure.id, measure.record_file_id);
    let end = move |tx: &mut Tx<'_>| {
        let Some(mut row) = record_measures::find(tx, &tenant, id)? else { return Ok(JobEnd::Done) };
        let kind = row.kind()?;
        let Ok(next) = row.measure_state()?.apply(kind, MeasureStep::Finish) else {
            return Ok(JobEnd::Done);
        };
        // What was filed late belongs to the file all the same.
        if !record_files::cases(tx, (&tenant, file), CasesWanted::Left, None, 1)?.is_empty()
            || !record_books::of_file(tx, (&tenant, file), BooksWanted::Left, None, 1)?.is_empty()
        {
            return Ok(JobEnd::Again(tx.now()));
        }
        let Some(found) = record_files::find(tx, &tenant, file)? else { return Ok(JobEnd::Done) };
        next.as_str().clone_into(&mut row.state);
        record_measures::update(tx, &mut row)?;
        record_files::set_state(tx, &found, kind.leaves())?;
        Ok::<_, Failure>(JobEnd::Done)
    };
    // Whoever files something takes the same root.
    core.db.write_alone(vec![Root::record_file(file)], end).await
}
