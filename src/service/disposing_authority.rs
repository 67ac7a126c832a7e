//! In whose name a case is dealt with on a day (処分庁): the one place that answers it.
//!
//! It is the authority that the procedure names, because the business is delegated (委任, R-111); else that of the department; else
//! the head of the body (T-4). A department that has ended does nothing: the one that does its work on that day does.

use std::sync::Arc;

use jiff::civil::Date;

use super::{Ctx, Failure, intake};
use crate::catalogue::CatalogueTenant;
use crate::domain::disposition::Author;
use crate::domain::procedure::Bilingual;
use crate::store::applications::ApplicationRow;

/// Who deals with a case on a day, and in whose name.
#[derive(Clone, Debug)]
pub struct DisposingAuthority {
    /// The body.
    pub body: Arc<CatalogueTenant>,
    /// The code of the department that does the work on that day.
    pub department: String,
    /// In whose name it does.
    pub title: Bilingual,
    /// What that is to the body: it decides to whom appeals go.
    pub author: Author,
}

/// In whose name the department that has the case deals with it on `day`.
pub fn of_case(ctx: &Ctx, case: &ApplicationRow, day: Date) -> Result<DisposingAuthority, Failure> {
    of_department(ctx, case, &case.department, day)
}

/// In whose name `department`, which has or had the case, dealt with it on `day`.
pub fn of_department(
    ctx: &Ctx,
    case: &ApplicationRow,
    department: &str,
    day: Date,
) -> Result<DisposingAuthority, Failure> {
    let procedure = intake::pinned(ctx, case)?;
    let of_procedure = procedure.definition.legal_basis.disposing_authority.as_ref();
    let tenant = &case.tenant_id;
    let found = ctx.catalogue.tenant(tenant).cloned();
    let body = found.ok_or_else(|| Failure::Internal(format!("no tenant {tenant} in the catalogue")))?;
    let department = ctx.catalogue.in_charge(tenant, department, day);
    let title = body.definition.authority(of_procedure, &department, day).clone();
    let author = body.definition.author(of_procedure, &department, day);
    Ok(DisposingAuthority { body, department, title, author })
}
