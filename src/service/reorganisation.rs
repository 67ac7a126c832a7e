//! Reorganisations (改組, R-127): what lies with a department that has ended goes to the one that does its work now.
//!
//! Done case by case and again and again, so that a stop in the middle loses nothing: whatever still lies with an ended
//! department is found by the next look. Who was in charge stays in charge, and what was sealed stays sealed under the
//! department of that day.

use std::sync::Arc;

use serde_json::json;

use super::approval::move_to_successors;
use super::cases::system_actor;
use super::{Core, Failure, JobEnd};
use crate::catalogue::CatalogueTenant;
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::store::events::{self, NewEvent};
use crate::store::{Reads, Root, Tx, absences, applications, successions};

/// The hourly job that looks for ended departments.
pub const FOLLOW_REORGANISATIONS: &str = "follow_reorganisations";

/// Cases of one look.
const PAGE: i64 = 500;

/// From which department to which.
#[derive(Clone)]
struct Succession {
    tenant: TenantCode,
    body: Arc<CatalogueTenant>,
    from: String,
    to: String,
}

/// Hands over what lies with ended departments of every body; the failure of one body does not hold up the others.
pub async fn follow_all(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut failed = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = follow(core, &tenant.definition.code).await {
            failed = Err(failure);
        }
    }
    failed
}

/// Hands over what lies with the departments of a body that have ended by today, and says how many cases that were.
pub async fn follow(core: &Arc<Core>, tenant: &TenantCode) -> Result<u64, Failure> {
    let catalogue = core.catalogue.current();
    let Some(body) = catalogue.tenant(tenant) else { return Ok(0) };
    let mut moved = 0;
    for (from, to) in body.definition.succeeded_on(jst_day(core.clock.now())) {
        let (from, to) = (from.to_owned(), to.code.clone());
        let succession = Succession { tenant: tenant.clone(), body: Arc::clone(body), from, to };
        move_absences(core, &succession).await?;
        moved += hand_over(core, &succession).await?;
    }
    Ok(moved)
}

/// An absence goes on where the desks went: whoever covers in the department that has ended covers in the one that does its work.
async fn move_absences(core: &Arc<Core>, succession: &Succession) -> Result<(), Failure> {
    let wanted = succession.clone();
    let read = core.db.read(move |tx| {
        let today = jst_day(tx.now());
        Ok::<_, Failure>(absences::from_day(tx, &wanted.tenant, &wanted.from, today)?)
    });
    if read.await?.is_empty() {
        return Ok(());
    }
    let Succession { tenant, from, to, .. } = succession.clone();
    let go = move |tx: &mut Tx<'_>| {
        let today = jst_day(tx.now());
        Ok(absences::move_from_day(tx, &tenant, (&from, &to), today)?)
    };
    core.db.write_alone(vec![], go).await
}

async fn hand_over(core: &Arc<Core>, succession: &Succession) -> Result<u64, Failure> {
    let mut moved = 0;
    loop {
        let wanted = succession.clone();
        let page = core
            .db
            .read(move |tx| {
                successions::left_with(tx, &wanted.tenant, &wanted.from, PAGE).map_err(Failure::from)
            })
            .await?;
        if page.is_empty() {
            return Ok(moved);
        }
        let writes = page.into_iter().map(|id| {
            let (db, succession) = (core.db.clone(), succession.clone());
            tokio::spawn(async move {
                db.write(Root::Application(id), move |tx| move_case(tx, &succession, id)).await
            })
        });
        // All of a page are in flight together, so that they share their commits.
        for write in writes.collect::<Vec<_>>() {
            write.await.map_err(|error| Failure::Internal(error.to_string()))??;
            moved += 1;
        }
    }
}

fn move_case(tx: &mut Tx<'_>, succession: &Succession, id: ApplicationId) -> Result<(), Failure> {
    let Succession { tenant, body, from, to } = succession;
    let Some(mut row) = applications::find(tx, tenant, id)? else { return Ok(()) };
    let proposals = successions::waiting_at(tx, tenant, id, from)?;
    let is_theirs = row.department == *from;
    if !is_theirs && proposals.is_empty() {
        return Ok(());
    }
    for proposal in &proposals {
        move_to_successors(tx, body, *proposal)?;
    }
    if is_theirs {
        to.clone_into(&mut row.department);
    }
    // The record of a case begins with its arrival.
    if row.arrived_at.is_some() {
        let facts = json!({ "from": from, "to": to });
        let actor = system_actor("reorganisation");
        let event = NewEvent { kind: "department_succeeded", actor, facts, sealed_detail: None };
        events::append(tx, &mut row, event)?;
    }
    applications::update(tx, &mut row)?;
    Ok(())
}
