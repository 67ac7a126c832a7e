//! Records management (文書管理, R-123…R-125): ended cases and books are filed by the clock, files are published, and what becomes of a
//! file at its expiry is proposed by one officer, decided by another and carried out case by case.

pub mod block;
mod book_block;
mod book_bundle;
mod book_carry_out;
mod book_filing;
pub mod bundle;
pub mod carry_out;
pub mod file_hold;
pub mod filing;
pub mod hold;
pub mod measure;
mod refusal;
pub mod register;
mod sealed_texts;

use super::{Ctx, Failure, Refusal, queue};
use crate::domain::calendar::jst_day;
use crate::domain::id::{OfficerId, RecordFileId, TenantCode};
use crate::domain::policy::Action;
use crate::store::Reads;
use crate::store::record_files::{self, RecordFileRow};

pub use refusal::RecordsRefusal;

/// A file with the officer who asks for it: staff of the department that does today the work of the one it was filed by.
/// To everybody else there is nothing.
fn file_for(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: RecordFileId,
    action: Action,
) -> Result<(RecordFileRow, OfficerId), Failure> {
    ctx.account()?;
    let file = record_files::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let department = ctx.catalogue.in_charge(tenant, &file.department, jst_day(tx.now()));
    let officer = queue::staff(tx, ctx, tenant, &department, action)?.officer;
    Ok((file, officer))
}
