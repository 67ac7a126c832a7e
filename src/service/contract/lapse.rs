//! Offers whose last day went by without both signatures (契約の不成立): they lapse, and the other side is told.
//!
//! What both had signed by then waits for its confirmation, however late that comes. Run twice it has one effect.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::cases::{self, system_actor};
use super::super::{Core, Failure, JobEnd};
use super::{Loaded, Step, facts_of, record};
use crate::domain::calendar::jst_day;
use crate::domain::contract::ContractAct;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::store::{Reads, Root, Tx, contracts};

/// Kind of the daily job that ends offers whose last day is over.
pub const LAPSE_CONTRACTS: &str = "lapse_contracts";

/// Offers read in one go.
const PAGE: i64 = 50;

/// Ends what lapsed at every body; the failure of one case or one body does not hold up the others. Fails with the first one.
pub async fn lapse_all(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut ended = Ok(());
    for tenant in core.catalogue.current().tenants() {
        ended = ended.and(run(core, &tenant.definition.code).await);
    }
    ended.map(|()| JobEnd::Done)
}

async fn run(core: &Arc<Core>, tenant: &TenantCode) -> Result<(), Failure> {
    let (mut after, mut ended) = (None, Ok(()));
    loop {
        let of = tenant.clone();
        let overdue = core.db.read(move |tx| {
            let today = jst_day(tx.now());
            Ok::<_, Failure>(contracts::overdue(tx, &of, today, after, PAGE)?)
        });
        let page = overdue.await?;
        let Some(last) = page.last() else { return ended };
        after = Some(last.id);
        for row in page {
            let (inner, id) = (Arc::clone(core), row.application_id);
            let end = move |tx: &mut Tx<'_>| {
                let now = tx.now();
                lapse(tx, &inner, &row.tenant_id, id, now)
            };
            ended = ended.and(core.db.write(Root::Application(id), end).await);
        }
    }
}

/// Ends an offer, unless it was signed by both or ended since it was seen.
fn lapse(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    id: ApplicationId,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut loaded = Loaded::of(tx, tenant, id)?;
    let next = match loaded.judge(ContractAct::Lapse, now) {
        Ok(next) => next,
        Err(Failure::Refused(_)) => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let mut case = cases::open_for_system(tx, core, tenant, id)?;
    let step = Step {
        act: ContractAct::Lapse,
        next,
        detail: None,
        by: None,
        actor: system_actor("contracts"),
        facts: facts_of(&loaded.row),
    };
    record(tx, core.ids.as_ref(), &mut case, &mut loaded, step, now)?;
    case.save(tx)
}
