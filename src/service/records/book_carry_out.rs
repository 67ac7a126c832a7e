//! Carrying a measure out for the books of a file, as [`super::carry_out`] does for cases.
//!
//! What is sealed of a book lies in the database with its key: both go in the transaction that says so, and nothing lies in the store
//! of files.

use std::sync::Arc;

use super::carry_out::{Left, Outcome, PAGE};
use super::{book_block, book_bundle};
use crate::domain::id::RecordBookId;
use crate::domain::records::{Measure, bundle_hash};
use crate::service::{Core, Failure};
use crate::store::record_books::{self, BooksWanted, RecordBookRow};
use crate::store::record_measures::{self, BundleRow, MeasureRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, StoreError, Tx};

/// A page of the books of a measure's file that are still here.
async fn page(
    core: &Core,
    measure: &MeasureRow,
    after: Option<RecordBookId>,
) -> Result<Vec<RecordBookRow>, Failure> {
    let (of, file) = (measure.tenant_id.clone(), measure.record_file_id);
    core.db.read(move |tx| Ok(record_books::of_file(tx, (&of, file), BooksWanted::Left, after, PAGE)?)).await
}

/// Exports every book of a transfer that was not exported as it stands.
pub(super) async fn export(core: &Core, measure: &MeasureRow) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let books = page(core, measure, after).await?;
        let Some(last) = books.last() else { return Ok(()) };
        after = Some(last.id);
        for book in books {
            export_book(core, measure, book).await?;
        }
    }
}

async fn export_book(core: &Core, measure: &MeasureRow, book: RecordBookRow) -> Result<(), Failure> {
    let (measure, member) = (measure.id, book.id.into());
    let (of, keys) = (book.clone(), Arc::clone(&core.keys));
    let read = core.db.read(move |tx| {
        let head = book_bundle::head(tx, &of)?;
        let earlier = record_measures::bundle(tx, (&of.tenant_id, measure), member)?;
        if earlier.is_some_and(|earlier| earlier.event_head == head) {
            return Ok(None);
        }
        Ok::<_, Failure>(Some((head, book_bundle::read(tx, &keys, &of)?)))
    });
    let Some((event_head, json)) = read.await? else { return Ok(()) };
    let sha256 = bundle_hash(&json);
    core.db
        .write(Root::record_file(book.record_file_id), move |tx| {
            let row = BundleRow {
                tenant_id: book.tenant_id.clone(),
                measure_id: measure,
                member_id: member,
                sha256: sha256.clone(),
                event_head: event_head.clone(),
                exported_at: Micros(tx.now()),
            };
            Ok(record_measures::put_bundle(tx, &row)?)
        })
        .await
}

/// How many books of an exported transfer are no more what was exported.
pub(super) async fn changed_since_export(core: &Core, measure: &MeasureRow) -> Result<usize, Failure> {
    let (mut after, mut changed) = (None, 0_usize);
    loop {
        let books = page(core, measure, after).await?;
        let Some(last) = books.last() else { return Ok(changed) };
        after = Some(last.id);
        let of = measure.clone();
        let read = core.db.read(move |tx| {
            let mut old = 0_usize;
            for book in &books {
                old += usize::from(!is_exported_as_it_stands(tx, &of, book)?);
            }
            Ok::<_, Failure>(old)
        });
        changed += read.await?;
    }
}

/// Whether the recorded export of a book is one of the book as it stands.
fn is_exported_as_it_stands(
    tx: &mut impl Reads,
    measure: &MeasureRow,
    row: &RecordBookRow,
) -> Result<bool, Failure> {
    let exported = record_measures::bundle(tx, (&measure.tenant_id, measure.id), row.id.into())?;
    let head = book_bundle::head(tx, row)?;
    Ok(exported.is_some_and(|exported| exported.event_head == head))
}

/// Destroys what nothing stands in the way of, and counts the rest.
pub(super) async fn destroy(core: &Arc<Core>, measure: &MeasureRow, left: &mut Left) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let books = page(core, measure, after).await?;
        let Some(last) = books.last() else { return Ok(()) };
        after = Some(last.id);
        for book in books {
            let (inner, of) = (Arc::clone(core), measure.clone());
            let work = move |tx: &mut Tx<'_>| erase(tx, &inner, &of, book.id);
            let roots = vec![Root::record_file(measure.record_file_id)];
            left.count(core.db.write_alone(roots, work).await?);
        }
    }
}

fn erase(tx: &mut Tx<'_>, core: &Core, measure: &MeasureRow, id: RecordBookId) -> Result<Outcome, Failure> {
    let tenant = &measure.tenant_id;
    let missing = || StoreError::Inconsistent(format!("a filed book that is not there: {id}"));
    let row = record_books::find(tx, tenant, id)?.ok_or_else(missing)?;
    if row.erased_at.is_some() {
        return Ok(Outcome::Erased);
    }
    if !book_block::of_book(tx, &core.catalogue.current(), &row)?.is_empty() {
        return Ok(Outcome::Blocked);
    }
    if measure.kind()? == Measure::Transfer && !is_exported_as_it_stands(tx, measure, &row)? {
        return Ok(Outcome::Changed);
    }
    record_books::erase(tx, &row)?;
    Ok(Outcome::Erased)
}
