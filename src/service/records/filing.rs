//! Filing by the clock: ended cases and books come into their record files, and files whose last day is over are marked.
//!
//! Both are done as often as anybody likes: a case is in one file, once, and a mark is a mark. Nothing is destroyed here.

use std::sync::Arc;

use jiff::civil::Date;

use super::book_filing;
use crate::catalogue::Catalogue;
use crate::domain::calendar::jst_day;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{ApplicationId, RecordFileId, TenantCode};
use crate::domain::records::{FileContent, FileState, rule_for};
use crate::service::{Core, Failure, JobEnd};
use crate::store::record_files::{self, RecordCaseRow, RecordFileRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Root, Tx, applications};

/// Kind of the daily job that files ended cases and books and marks what has expired.
pub const FILE_RECORDS: &str = "file_records";

/// Rows read in one go.
const PAGE: i64 = 200;

/// Files the ended cases and the books of every body and marks its expired files; the failure of one body does not hold up the others.
pub async fn run_all(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut failed = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = run(core, &tenant.definition.code).await {
            failed = Err(failure);
        }
    }
    failed
}

/// Files the ended cases and the books of a body and marks its expired files.
pub async fn run(core: &Arc<Core>, tenant: &TenantCode) -> Result<JobEnd, Failure> {
    let catalogue = core.catalogue.current();
    // A body without a table has no files: there is nothing to look for.
    let has_table = catalogue.tenant(tenant).is_some_and(|body| !body.definition.record_files.is_empty());
    if has_table {
        file_ended(core, &catalogue, tenant).await?;
    }
    book_filing::run(core, &catalogue, tenant).await?;
    mark_expired(core, tenant).await
}

async fn file_ended(
    core: &Arc<Core>,
    catalogue: &Arc<Catalogue>,
    tenant: &TenantCode,
) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let of = tenant.clone();
        let page =
            core.db.read(move |tx| Ok::<_, Failure>(record_files::unfiled(tx, &of, after, PAGE)?)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        for case in page {
            let (of, inner) = (tenant.clone(), Arc::clone(catalogue));
            let make = move |tx: &mut Tx<'_>| {
                let found = file_for(tx, &inner, &of, case)?;
                Ok::<_, Failure>(found.map(|(file, _)| file.id))
            };
            // A file must be there before it can be locked, so that nothing comes into one that is just being finished.
            let Some(id) = core.db.write(Root::Application(case), make).await? else { continue };
            let (of, inner) = (tenant.clone(), Arc::clone(catalogue));
            let file = move |tx: &mut Tx<'_>| file(tx, &inner, &of, (case, id));
            core.db.write_alone(vec![Root::Application(case), Root::record_file(id)], file).await?;
        }
    }
}

/// Puts an ended case into its file, which the caller has locked; one that belongs elsewhere by now is filed by the next look.
fn file(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    tenant: &TenantCode,
    (id, locked): (ApplicationId, RecordFileId),
) -> Result<(), Failure> {
    let Some((found, completed_on)) = file_for(tx, catalogue, tenant, id)? else { return Ok(()) };
    if found.id != locked {
        return Ok(());
    }
    if found.file_state()?.is_gone() {
        // It came after the others of its year were gone: somebody has to say what becomes of it, too.
        record_files::set_state(tx, &found, FileState::Expired)?;
    }
    let case = RecordCaseRow {
        tenant_id: tenant.clone(),
        application_id: id,
        record_file_id: found.id,
        completed_on: IsoDate(completed_on),
        erased_at: None,
        files_removed_at: None,
    };
    Ok(record_files::put_case(tx, &case)?)
}

/// The file of an ended case that is in none, made where there is none yet, and the day of its end; none where no entry of the table
/// is for it.
fn file_for(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Option<(RecordFileRow, Date)>, Failure> {
    let Some(row) = applications::find(tx, tenant, id)? else { return Ok(None) };
    let Some(at) = record_files::ended_at(tx, tenant, id)? else { return Ok(None) };
    if record_files::case_of(tx, tenant, id)?.is_some() {
        return Ok(None);
    }
    let completed_on = jst_day(at.0);
    let Some(body) = catalogue.tenant(tenant) else { return Ok(None) };
    let rule = rule_for(&body.definition.record_files, &row.procedure, completed_on);
    let version = u32::try_from(row.procedure_version).unwrap_or(0);
    let procedure = catalogue.procedure_version(tenant, &row.procedure, version);
    let (Some(rule), Some(procedure)) = (rule, procedure) else { return Ok(None) };
    let year = FiscalYear::of(completed_on);
    let retention = rule.class(procedure.definition.retention_years);
    let department = body.definition.department(&row.department, completed_on);
    let department_name = department.map_or(row.department.as_str(), |found| found.name.ja.as_str());
    let title = &procedure.definition.title.ja;
    let written = |text: &str| {
        text.replace("{procedure}", title)
            .replace("{year}", &year.label_ja())
            .replace("{department}", department_name)
    };
    let wanted = RecordFileRow {
        tenant_id: tenant.clone(),
        id: RecordFileId(tx.new_id()),
        rule_code: rule.code.clone(),
        content: FileContent::Cases.as_str().to_owned(),
        procedure: row.procedure.clone(),
        department: row.department.clone(),
        fiscal_year: i64::from(year.year()),
        retention: retention.as_str().to_owned(),
        expires_on: retention.expires_on(year).map(IsoDate),
        measure: rule.measure.as_str().to_owned(),
        large: rule.large.clone(),
        middle: rule.middle.clone(),
        small: rule.small.clone(),
        standard_file: written(&rule.standard_file),
        name: written(&rule.name),
        place: rule.place.clone(),
        manager: written(&rule.manager),
        medium: rule.medium.clone(),
        source: rule.source.clone(),
        state: FileState::Kept.as_str().to_owned(),
        created_at: Micros(tx.now()),
        version: 1,
    };
    Ok(Some((record_files::find_or_make(tx, &wanted)?, completed_on)))
}

/// Marks the files whose last day is over, so that somebody says what becomes of them.
async fn mark_expired(core: &Core, tenant: &TenantCode) -> Result<JobEnd, Failure> {
    loop {
        let of = tenant.clone();
        let marked = core.db.write_alone(vec![], move |tx| {
            let due = record_files::to_expire(tx, &of, jst_day(tx.now()), PAGE)?;
            for file in &due {
                record_files::set_state(tx, file, FileState::Expired)?;
            }
            Ok::<_, Failure>(due.len())
        });
        let marked = marked.await?;
        if marked > 0 {
            tracing::info!(%tenant, marked, "record files have expired");
        }
        if i64::try_from(marked).unwrap_or(i64::MAX) < PAGE {
            return Ok(JobEnd::Done);
        }
    }
}
