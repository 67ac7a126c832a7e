//! Everything once more: every notification is applied and every job is run again, and out of order.

use diesel::prelude::*;
use madoguchi::domain::id::JobId;
use madoguchi::store::jobs::ALL_TENANTS;
use madoguchi::store::schema::{gateway_notifications, jobs};
use madoguchi::store::sql::Micros;
use madoguchi::store::{Db, Reads, StoreError};

/// Runs every job of the tenants again, the youngest first, each to its end before the next; `drain` runs what is due.
///
/// Notifications count as not yet applied, so each of them is folded in again, after those that came later.
pub async fn everything_again(db: &Db, drain: impl AsyncFn()) {
    db.write_alone(vec![], |tx| {
        diesel::update(gateway_notifications::table.filter(gateway_notifications::state.eq("applied")))
            .set((
                gateway_notifications::state.eq("received"),
                gateway_notifications::applied_at.eq(None::<Micros>),
            ))
            .execute(tx.change())
            .map_err(StoreError::from)
    })
    .await
    .unwrap();
    for id in jobs_from_the_youngest(db).await {
        db.write_alone(vec![], move |tx| {
            diesel::update(jobs::table.filter(jobs::id.eq(id)))
                .set((
                    jobs::state.eq("ready"),
                    jobs::run_at.eq(jobs::created_at),
                    jobs::leased_until.eq(None::<Micros>),
                    jobs::lease_no.eq(jobs::lease_no + 1),
                ))
                .execute(tx.change())
                .map_err(StoreError::from)
        })
        .await
        .unwrap();
        drain().await;
    }
}

async fn jobs_from_the_youngest(db: &Db) -> Vec<JobId> {
    db.read(|tx| {
        let rows = jobs::table.filter(jobs::tenant_id.ne(ALL_TENANTS));
        rows.order((jobs::created_at.desc(), jobs::id.desc()))
            .select(jobs::id)
            .load(tx.read())
            .map_err(StoreError::from)
    })
    .await
    .unwrap()
}
