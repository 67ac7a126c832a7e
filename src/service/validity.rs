//! How long what a case was granted is valid (有効期間, R-22, R-41).

use super::cases::OpenCase;
use super::filing::Filing;
use super::{Ctx, Failure, intake, permit};
use crate::domain::calendar::jst_day;
use crate::domain::validity::{Term, term};
use crate::store::Reads;

/// The term of a grant made at `decided_at`, where the procedure states one.
///
/// A renewal that arrived before the old permit expired follows the old term; a later one is a grant of its own.
pub fn of_grant(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    decided_at: jiff::Timestamp,
) -> Result<Option<Term>, Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    let Some(validity) = &procedure.definition.validity else { return Ok(None) };
    let (form, arrived_on) = (case.form()?, case.arrival_day(decided_at));
    let arrived_at = case.row.arrived_at.map_or(decided_at, |at| at.0);
    let filing = Filing::of(&procedure, &form, case.filer(), arrived_at);
    // What our own register says of the old permit goes before what the application says of it.
    let renewed = permit::renewed_by(tx, case)?;
    let old_end = renewed.and_then(|permit| permit.valid_to).map(|day| day.0);
    let old_end = old_end.or_else(|| filing.renewed_term_end());
    let expired_on = old_end.filter(|expires_on| arrived_on <= *expires_on);
    Ok(term(validity, jst_day(decided_at), expired_on))
}
