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
use crate::store::{Reads, Tx};

/// Books read and filed in one go.
const PAGE: i64 = 200;

/// Files the books of a body; without a table for them there is nothing to look for.
pub(super) async fn run(core: &Core, catalogue: &Arc<Catalogue>, tenant: &TenantCode) -> Result<(), Failure> {
    let rules = catalogue.tenant(tenant).map_or(&[][..], |body| body.definition.record_books.as_slice());
    let named = |kind: &BookKind| rules.iter().any(|rule| rule.kinds.contains(kind));
    for kind in BookKind::ALL.into_iter().filter(named) {
        let mut after: Option<String> = None;
        loop {
            let (of, catalogue) = (tenant.clone(), Arc::clone(catalogue));
            let from = after.clone();
            let file = move |tx: &mut Tx<'_>| file_some(tx, &catalogue, &of, kind, from.as_deref());
            after = core.db.write_alone(vec![], file).await?;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Files the next books of a kind; gives the name of the last one, or nothing where there was none.
fn file_some(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    tenant: &TenantCode,
    kind: BookKind,
    after: Option<&str>,
) -> Result<Option<String>, Failure> {
    let this_year = FiscalYear::of(jst_day(Reads::now(tx)));
    let some = record_books::unfiled(tx, tenant, kind, after, PAGE)?;
    for (subject, made_at) in &some {
        let day = day_of(kind, subject, *made_at)?;
        let Some(body) = catalogue.tenant(tenant) else { continue };
        let rule = book_rule_for(&body.definition.record_books, kind, day);
        if let Some(rule) = rule.filter(|_| FiscalYear::of(day) < this_year) {
            file(tx, catalogue, tenant, rule, (kind, subject, day))?;
        }
    }
    Ok(some.into_iter().next_back().map(|(subject, _)| subject))
}

/// The day of a book: that of a close is in its name, any other is of the day on which it was taken in or made.
fn day_of(kind: BookKind, subject: &str, made_at: Micros) -> Result<Date, Failure> {
    match kind {
        BookKind::DayClose => subject.parse().map_err(|_| Failure::Internal(format!("the day of {subject}"))),
        _ => Ok(jst_day(made_at.0)),
    }
}

fn file(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    tenant: &TenantCode,
    rule: &BookRule,
    (kind, subject, day): (BookKind, &str, Date),
) -> Result<(), Failure> {
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
    let found = record_files::find_or_make(tx, &wanted)?;
    if found.file_state()?.is_gone() {
        // It came after the others of its year were gone: somebody has to say what becomes of it, too.
        record_files::set_state(tx, &found, FileState::Expired)?;
    }
    let book = RecordBookRow {
        tenant_id: tenant.clone(),
        id: RecordBookId(tx.new_id()),
        record_file_id: found.id,
        kind: kind.as_str().to_owned(),
        subject: subject.to_owned(),
        completed_on: IsoDate(day),
        erased_at: None,
    };
    Ok(record_books::put(tx, &book)?)
}
