//! Who of the office is told about a case (R-126, R-130, T-7): its officer as long as that officer serves in the department, after that
//! whoever leads it. A mail to somebody who has left reaches nobody who may open the case.

use super::review;
use crate::catalogue::Catalogue;
use crate::domain::calendar::jst_day;
use crate::domain::id::OfficerId;
use crate::domain::policy::Role;
use crate::store::applications::ApplicationRow;
use crate::store::{Reads, StoreError, officers};

/// Who is asked in the place of an officer who has left, the first desk that somebody sits at.
const LEADING: [Role; 3] = [Role::SectionChief, Role::DeputyChief, Role::GroupManager];

/// The officer to be told about a case today; nobody where nobody has it, and where nobody leads the department either.
pub fn to_tell(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    case: &ApplicationRow,
) -> Result<Option<OfficerId>, StoreError> {
    let Some(assignee) = case.assignee_id else { return Ok(None) };
    let (tenant, today) = (&case.tenant_id, jst_day(tx.now()));
    let department = catalogue.in_charge(tenant, &case.department, today);
    let posts = officers::posts_in_force(tx, tenant, assignee, today)?;
    if review::serves(&posts, &department) {
        return Ok(Some(assignee));
    }
    for role in LEADING {
        let holders = officers::holders(tx, tenant, role.as_str(), &department, today)?;
        if let Some(longest) = holders.first() {
            return Ok(Some(longest.officer));
        }
    }
    Ok(None)
}
