//! Filing books by the clock: a book whose fiscal year is over comes into the file of its entry, department and year, once.

use std::sync::Arc;

use jiff::civil::Date;

use crate::catalogue::Catalogue;
use crate::domain::calendar::jst_day;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{RecordBookId, RecordFileId, TenantCode};
use crate::domain::records::{BookKind, BookRule, FileContent, FileState, book_rule_for};
use crate::service::{Core, Failure};
use crate::store::record_books::{self, RecordBookRow};
use crate::store::record_files::{self, RecordFileRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, StoreError, Tx};

/// Books read and filed in one go.
const PAGE: i64 = 200;

/// Files the books of a body; without a table for them there is nothing to look for.
pub(super) async fn run(core: &Core, catalogue: &Arc<Catalogue>, tenant: &TenantCode) -> Result<(), Failure> {
    let rules = catalogue.tenant(tenant).map_or(&[][..], |body| body.definition.record_books.as_slice());
    let named = |kind: &BookKind| rules.iter().any(|rule| rule.kinds.contains(kind));
    for kind in BookKind::ALL.into_iter().filter(named) {
        let mut after: Option<String> = None;
        loop {
            let (of, inner, from) = (tenant.clone(), Arc::clone(catalogue), after.clone());
            let make = move |tx: &mut Tx<'_>| files_for(tx, &inner, (&of, kind), from.as_deref());
            // A file must be there before it can be locked, so that nothing comes into one that is just being finished.
            let files = core.db.write_alone(vec![], make).await?;
            let roots = files.iter().copied().map(Root::record_file).collect();
            let (of, inner, from) = (tenant.clone(), Arc::clone(catalogue), after.clone());
            let file = move |tx: &mut Tx<'_>| file_some(tx, &inner, (&of, kind), from.as_deref(), &files);
            after = core.db.write_alone(roots, file).await?;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// A book whose year is over, and the entry of the table that it is filed by.
struct DueBook<'a> {
    subject: String,
    day: Date,
    rule: &'a BookRule,
}

/// Those of the next books of a kind that are to be filed, and the name of the last one that was looked at, if there was one.
fn due<'a>(
    tx: &mut impl Reads,
    catalogue: &'a Catalogue,
    (tenant, kind): (&TenantCode, BookKind),
    after: Option<&str>,
) -> Result<(Vec<DueBook<'a>>, Option<String>), Failure> {
    let this_year = FiscalYear::of(jst_day(tx.now()));
    let rules = catalogue.tenant(tenant).map_or(&[][..], |body| body.definition.record_books.as_slice());
    let some = record_books::unfiled(tx, tenant, kind, after, PAGE)?;
    let mut due = Vec::new();
    for (subject, made_at) in &some {
        let day = day_of(kind, subject, *made_at)?;
        let rule = book_rule_for(rules, kind, day);
        if let Some(rule) = rule.filter(|_| FiscalYear::of(day) < this_year) {
            due.push(DueBook { subject: subject.clone(), day, rule });
        }
    }
    Ok((due, some.into_iter().next_back().map(|(subject, _)| subject)))
}

/// The files that the next books of a kind come into, made where there are none yet.
fn files_for(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    (tenant, kind): (&TenantCode, BookKind),
    after: Option<&str>,
) -> Result<Vec<RecordFileId>, Failure> {
    let mut files = Vec::new();
    for book in due(tx, catalogue, (tenant, kind), after)?.0 {
        let file = file_of(tx, catalogue, tenant, &book)?.id;
        if !files.contains(&file) {
            files.push(file);
        }
    }
    Ok(files)
}

/// Files the next books of a kind, those whose files the caller has locked; gives the name of the last one, or nothing where there was
/// none.
fn file_some(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    (tenant, kind): (&TenantCode, BookKind),
    after: Option<&str>,
    locked: &[RecordFileId],
) -> Result<Option<String>, Failure> {
    let (due, last) = due(tx, catalogue, (tenant, kind), after)?;
    for book in &due {
        let found = file_of(tx, catalogue, tenant, book)?;
        if locked.contains(&found.id) {
            file(tx, (kind, book), &found)?;
        }
    }
    Ok(last)
}

/// The day of a book: that of a close is in its name, any other is of the day on which it was taken in or made.
fn day_of(kind: BookKind, subject: &str, made_at: Micros) -> Result<Date, Failure> {
    match kind {
        BookKind::DayClose => subject.parse().map_err(|_| Failure::Internal(format!("the day of {subject}"))),
        _ => Ok(jst_day(made_at.0)),
    }
}

/// The file of a book, made where there is none yet.
fn file_of(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    tenant: &TenantCode,
    &DueBook { day, rule, .. }: &DueBook<'_>,
) -> Result<RecordFileRow, StoreError> {
    let year = FiscalYear::of(day);
    let body = catalogue.tenant(tenant).map(|body| &body.definition);
    let department = body.and_then(|body| body.department_in_charge(&rule.department, day));
    let name = department.map_or(rule.department.as_str(), |found| found.name.ja.as_str());
    let wanted = RecordFileRow {
        tenant_id: tenant.clone(),
        id: RecordFileId(tx.new_id()),
        rule_code: rule.code.clone(),
        content: FileContent::Books.as_str().to_owned(),
        procedure: String::new(),
        department: rule.department.clone(),
        fiscal_year: i64::from(year.year()),
        retention: rule.retention.as_str().to_owned(),
        expires_on: rule.retention.expires_on(year).map(IsoDate),
        measure: rule.measure.as_str().to_owned(),
        large: rule.large.clone(),
        middle: rule.middle.clone(),
        small: rule.small.clone(),
        standard_file: rule.standard_file.clone(),
        name: rule.name.replace("{year}", &year.label_ja()),
        place: rule.place.clone(),
        manager: rule.manager.replace("{department}", name),
        medium: rule.medium.clone(),
        source: rule.source.clone(),
        state: FileState::Kept.as_str().to_owned(),
        created_at: Micros(Reads::now(tx)),
        version: 1,
    };
    record_files::find_or_make(tx, &wanted)
}

fn file(
    tx: &mut Tx<'_>,
    (kind, book): (BookKind, &DueBook<'_>),
    found: &RecordFileRow,
) -> Result<(), Failure> {
    if found.file_state()?.is_gone() {
        // It came after the others of its year were gone: somebody has to say what becomes of it, too.
        record_files::set_state(tx, found, FileState::Expired)?;
    }
    let book = RecordBookRow {
        tenant_id: found.tenant_id.clone(),
        id: RecordBookId(tx.new_id()),
        record_file_id: found.id,
        kind: kind.as_str().to_owned(),
        subject: book.subject.clone(),
        completed_on: IsoDate(book.day),
        erased_at: None,
    };
    Ok(record_books::put(tx, &book)?)
}
