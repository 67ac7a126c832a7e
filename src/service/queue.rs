//! A department's queue (受付簿): the row staff need, oldest arrival first.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::account::Profile;
use super::officer_labels;
use super::{Ctx, Failure, Refusal, access, cases, officer};
use crate::domain::application::StateName;
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};
use crate::domain::policy::{self, Action, Actor, CaseFacts, Visibility};
use crate::domain::procedure::Bilingual;
use crate::store::queue::{self, QueueQuery, QueueRow};
use crate::store::sql::Micros;
use crate::store::{ReadTx, Reads};

/// The rows of one page.
pub const PAGE: usize = 50;

/// States of cases that still wait for somebody.
pub const OPEN_STATES: [StateName; 6] = [
    StateName::Submitted,
    StateName::UnderReview,
    StateName::CorrectionRequested,
    StateName::Inquiry,
    StateName::InApproval,
    StateName::Decided,
];

/// Whose cases are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssigneeFilter {
    /// Everybody's.
    Any,
    /// The caller's own.
    Mine,
    /// One officer's.
    Officer(OfficerId),
}

/// Where a page ends: the arrival and the id of its last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// 到達日時.
    pub arrived_at: Timestamp,
    /// The case.
    pub id: ApplicationId,
}

impl Cursor {
    /// The cursor as the contract shows it: opaque text.
    pub fn encode(self) -> String {
        let text = format!("{}:{}", self.arrived_at.as_microsecond(), self.id);
        data_encoding::BASE64URL_NOPAD.encode(text.as_bytes())
    }

    /// Reads what [`Cursor::encode`] wrote.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (micros, id) = text.split_once(':')?;
        let arrived_at = Timestamp::from_microsecond(micros.parse().ok()?).ok()?;
        Some(Self { arrived_at, id: id.parse().ok()? })
    }
}

/// Which part of a queue is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The body.
    pub tenant: TenantCode,
    /// Code of the department.
    pub department: String,
    /// One state, or all open ones.
    pub state: Option<StateName>,
    /// Whose cases.
    pub assignee: AssigneeFilter,
    /// The end of the page before.
    pub cursor: Option<Cursor>,
}

/// A row of a queue.
#[derive(Clone, Debug)]
pub struct QueueItem {
    /// The case.
    pub id: ApplicationId,
    /// 受付番号.
    pub number: String,
    /// Slug of the procedure.
    pub procedure: String,
    /// Name of the procedure.
    pub title: Bilingual,
    /// `application` or `notification`.
    pub kind: String,
    /// Name of the state.
    pub state: String,
    /// 到達日時.
    pub arrived_at: Timestamp,
    /// End of the standard processing period.
    pub due_on: Option<Date>,
    /// Who works on it, with the name.
    pub assignee: Option<(OfficerId, Option<String>)>,
    /// The fee: the state of the invoice issued last, none without one.
    pub fee_state: Option<String>,
    /// Name of the applicant.
    pub applicant: Option<String>,
    /// Version of the case, for `If-Match`.
    pub version: i64,
}

/// A page of a queue.
#[derive(Clone, Debug)]
pub struct QueuePage {
    /// The rows.
    pub items: Vec<QueueItem>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// A page of a department's queue; who is not of the department does not learn that it exists.
pub async fn list(ctx: Ctx, wanted: Wanted) -> Result<QueuePage, Failure> {
    let (inner, tenant) = (ctx.clone(), wanted.tenant.clone());
    let (reader, page) = ctx.core.db.read(move |tx| read_page(tx, &inner, &wanted)).await?;
    let cases: Vec<_> = page.items.iter().map(|item| item.id).collect();
    access::record(&ctx, &tenant, reader, "queue", &cases).await?;
    Ok(page)
}

fn read_page(tx: &mut ReadTx<'_>, ctx: &Ctx, wanted: &Wanted) -> Result<(OfficerId, QueuePage), Failure> {
    let reader = permitted(tx, ctx, wanted)?;
    let states = wanted.state.map_or(OPEN_STATES.to_vec(), |state| vec![state]);
    let query = QueueQuery {
        tenant: wanted.tenant.clone(),
        department: wanted.department.clone(),
        states: states.into_iter().map(|state| state.as_str().to_owned()).collect(),
        assignee: match wanted.assignee {
            AssigneeFilter::Any => None,
            AssigneeFilter::Mine => Some(reader),
            AssigneeFilter::Officer(officer) => Some(officer),
        },
        after: wanted.cursor.map(|cursor| (Micros(cursor.arrived_at), cursor.id)),
        limit: i64::try_from(PAGE).unwrap_or(i64::MAX).saturating_add(1),
    };
    let mut rows = queue::page(tx, &query)?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let cases: Vec<_> = rows.iter().map(|row| row.id).collect();
    let fees: HashMap<_, _> = queue::invoice_states(tx, &wanted.tenant, &cases)?.into_iter().collect();
    let assignees = rows.iter().filter_map(|row| row.assignee).collect();
    let labels = officer_labels::labels(tx, &ctx.core, &wanted.tenant, assignees)?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let mut item = present(ctx, &wanted.tenant, row)?;
        item.fee_state = fees.get(&item.id).cloned();
        if let Some((officer, name)) = &mut item.assignee {
            *name = labels.get(officer).map(|label| label.name.clone());
        }
        items.push(item);
    }
    let last = items.last().filter(|_| more);
    let next = last.map(|item| Cursor { arrived_at: item.arrived_at, id: item.id });
    Ok((reader, QueuePage { items, next }))
}

fn permitted(tx: &mut ReadTx<'_>, ctx: &Ctx, wanted: &Wanted) -> Result<OfficerId, Failure> {
    let actor = officer::actor(tx, &wanted.tenant, ctx.account()?, jst_day(tx.now()))?;
    let facts = CaseFacts {
        tenant: wanted.tenant.clone(),
        department: wanted.department.clone(),
        parties: Vec::new(),
        visibility: Visibility::Arrived,
    };
    cases::permit(policy::may(&actor, Action::ReadQueue, &facts))?;
    match actor {
        Actor::Officer(authority) => Ok(authority.officer),
        Actor::Person(_) | Actor::Anonymous => Err(Refusal::NotFound.into()),
    }
}

fn present(ctx: &Ctx, tenant: &TenantCode, row: QueueRow) -> Result<QueueItem, Failure> {
    let version = u32::try_from(row.procedure_version).unwrap_or(0);
    let procedure = ctx.catalogue.procedure_version(tenant, &row.procedure, version);
    let title = procedure.map(|procedure| procedure.definition.title.clone());
    let incomplete = || Failure::Internal(format!("an arrived case without number or instant: {}", row.id));
    let applicant = match &row.sealed_party {
        Some(sealed) => {
            let key = ctx.core.keys.open_case_key(tenant, &row.wrapped_key)?;
            let party: Profile =
                key.open_json(&format!("parties.sealed_party:{}:applicant", row.id), sealed)?;
            Some(party.name)
        }
        None => None,
    };
    Ok(QueueItem {
        id: row.id,
        number: row.number.clone().ok_or_else(incomplete)?,
        title: title.unwrap_or_else(|| Bilingual { ja: row.procedure.clone(), en: row.procedure.clone() }),
        arrived_at: row.arrived_at.ok_or_else(incomplete)?.0,
        procedure: row.procedure,
        kind: row.kind,
        state: row.state,
        due_on: row.due_on.map(|day| day.0),
        assignee: row.assignee.map(|officer| (officer, None)),
        fee_state: None,
        applicant,
        version: row.version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_way_out_and_back_and_nonsense_is_none() {
        let cursor =
            Cursor { arrived_at: Timestamp::UNIX_EPOCH, id: ApplicationId(uuid::Uuid::from_u128(7)) };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        for nonsense in ["", "x", "!!", "MTIz", "OjEyMw"] {
            assert_eq!(Cursor::decode(nonsense), None, "{nonsense}");
        }
    }
}
