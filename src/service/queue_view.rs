//! Views of a queue that staff keep under a name (保存した表示条件).

use super::idempotency::{IdempotencyRequest, Made, once};
use super::queue::{Wanted, staff};
use super::{Ctx, Effect, Failure, Refusal};
use crate::domain::fault::Fault;
use crate::domain::id::{OfficerId, QueueViewId, TenantCode};
use crate::domain::policy::Action;
use crate::domain::queue::Criteria;
use crate::store::queue_views::{self, QueueViewRow};
use crate::store::sql::{Json, Micros};
use crate::store::{Reads, Root, Tx};

/// The most characters of a name.
const LONGEST_NAME: usize = 50;
/// The most views that one officer sees in a department.
const MOST_VIEWS: usize = 100;

/// Who sees a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Whoever made it.
    Own,
    /// All staff of the department.
    Department,
}

impl Audience {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Department => "department",
        }
    }
}

/// A view that somebody wants to keep.
#[derive(Clone, Debug)]
pub struct NewView {
    /// Code of the department.
    pub department: String,
    /// How it is to be called.
    pub name: String,
    /// Who sees it.
    pub audience: Audience,
    /// What it asks for.
    pub criteria: Criteria,
}

/// The views that the caller sees in a department.
pub async fn list(ctx: Ctx, tenant: TenantCode, department: String) -> Result<Vec<QueueViewRow>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let me = staff(tx, &ctx, &tenant, &department, Action::ReadQueue)?.officer;
        Ok(queue_views::visible_to(tx, &tenant, &department, me)?)
    })
    .await
}

/// Keeps a view.
pub async fn create(
    ctx: Ctx,
    request: IdempotencyRequest,
    new: NewView,
) -> Result<Effect<QueueViewRow>, Failure> {
    let root = Root::Account(ctx.account()?);
    let db = ctx.core.db.clone();
    db.write(root, move |tx| {
        let me = staff(tx, &ctx, &request.tenant, &new.department, Action::ReadQueue)?.officer;
        let keep = |tx: &mut Tx<'_>, now| {
            refuse(tx, &request.tenant, &new, me)?;
            let row = QueueViewRow {
                tenant_id: request.tenant.clone(),
                id: QueueViewId(tx.new_id()),
                department: new.department.clone(),
                officer_id: me,
                audience: new.audience.as_str().to_owned(),
                name: new.name.trim().to_owned(),
                criteria: Json(new.criteria.clone()),
                created_at: Micros(now),
            };
            queue_views::insert(tx, &row)?;
            Ok(Made { resource_id: row.id.to_string(), value: row })
        };
        once(tx, &request, "queue_view", keep, |tx, id| {
            let found = visible(tx, &request.tenant, &new.department, me, |row| row.id.to_string() == id)?;
            found.ok_or(Failure::Refused(Refusal::NotFound))
        })
    })
    .await
}

/// Takes an own view away.
pub async fn delete(
    ctx: Ctx,
    request: IdempotencyRequest,
    department: String,
    id: QueueViewId,
) -> Result<Effect<()>, Failure> {
    let root = Root::Account(ctx.account()?);
    let db = ctx.core.db.clone();
    db.write(root, move |tx| {
        let me = staff(tx, &ctx, &request.tenant, &department, Action::ReadQueue)?.officer;
        let take_away = |tx: &mut Tx<'_>, _| {
            let found = visible(tx, &request.tenant, &department, me, |row| row.id == id)?;
            let row = found.ok_or(Refusal::NotFound)?;
            if row.officer_id != me {
                return Err(Refusal::Forbidden.into());
            }
            queue_views::delete(tx, &request.tenant, id)?;
            Ok(Made { value: (), resource_id: id.to_string() })
        };
        once(tx, &request, "deleted_queue_view", take_away, |_, _| Ok(()))
    })
    .await
}

/// What a view asks for, if the reader sees it.
pub(super) fn criteria(
    tx: &mut impl Reads,
    wanted: &Wanted,
    id: QueueViewId,
    reader: OfficerId,
) -> Result<Criteria, Failure> {
    let found = visible(tx, &wanted.tenant, &wanted.department, reader, |row| row.id == id)?;
    Ok(found.ok_or(Refusal::NotFound)?.criteria.0)
}

fn visible(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    officer: OfficerId,
    is_wanted: impl Fn(&QueueViewRow) -> bool,
) -> Result<Option<QueueViewRow>, Failure> {
    Ok(queue_views::visible_to(tx, tenant, department, officer)?.into_iter().find(is_wanted))
}

/// All faults of a new view at once.
fn refuse(tx: &mut Tx<'_>, tenant: &TenantCode, new: &NewView, me: OfficerId) -> Result<(), Failure> {
    let mut faults = new.criteria.read("/criteria").err().unwrap_or_default();
    let name = new.name.trim();
    if !(1..=LONGEST_NAME).contains(&name.chars().count()) {
        let ja = format!("名前は1～{LONGEST_NAME}文字で入力してください。");
        let en = format!("A name has 1 to {LONGEST_NAME} characters.");
        faults.push(Fault::new("/name", "length", ja, en));
    }
    let known = queue_views::visible_to(tx, tenant, &new.department, me)?;
    if known.iter().any(|row| row.officer_id == me && row.name == name) {
        let (ja, en) = ("同じ名前の表示条件があります。", "You keep a view of this name already.");
        faults.push(Fault::new("/name", "duplicate", ja, en));
    }
    if known.len() >= MOST_VIEWS {
        let (ja, en) = ("表示条件が多すぎます。", "There are too many views already.");
        faults.push(Fault::new("", "too_many", ja, en));
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults).into()) }
}
