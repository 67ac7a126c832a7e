//! Measuring the work (業務の可視化, BPR): for the staff of a body, by procedure and office, never by person.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Ctx, Failure, Refusal, cases, officer};
use crate::domain::calendar::{jst_day, jst_midnight};
use crate::domain::casework::{GroupFigures, measure};
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::policy::{self, Action, CaseFacts};
use crate::store::Reads;
use crate::store::casework::{self, CaseworkQuery};

/// The most days of one period.
const MOST_DAYS: i32 = 366;

/// Which work is to be measured.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The first day of arrivals, in Japan.
    pub from: Date,
    /// The last day of arrivals.
    pub to: Date,
    /// One procedure, or all.
    pub procedure: Option<String>,
    /// One office, or all.
    pub department: Option<String>,
}

/// What was found, and as of when.
#[derive(Clone, Debug)]
pub struct Casework {
    /// The instant of the reading; a replica may be a little behind it.
    pub as_of: Timestamp,
    /// In the order of procedure and office.
    pub groups: Vec<GroupFigures>,
}

/// Measures the cases that arrived in a period, for everybody who serves the body today.
pub async fn report(ctx: Ctx, tenant: TenantCode, wanted: Wanted) -> Result<Casework, Failure> {
    let faults = faults(&wanted);
    let inner = ctx.clone();
    let body = tenant.clone();
    let db = ctx.core.db.clone();
    // Who may ask is what it is now; the figures may be a little old.
    let asked = db.read(move |tx| {
        let actor = officer::actor(tx, &body, inner.account()?, jst_day(tx.now()))?;
        Ok::<_, Failure>(cases::permit(policy::may(
            &actor,
            Action::ReadStatistics,
            &CaseFacts::of_body(&body),
        ))?)
    });
    asked.await?;
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults).into());
    }
    let calendar =
        ctx.catalogue.tenant(&tenant).map(|body| body.calendar.clone()).ok_or(Refusal::NotFound)?;
    let query = CaseworkQuery {
        tenant,
        from: midnight(wanted.from)?,
        until: midnight(wanted.to.tomorrow().map_err(|_| Refusal::NotFound)?)?,
        procedure: wanted.procedure,
        department: wanted.department,
    };
    let as_of = ctx.now();
    let footprints = db.read_stale(move |tx| Ok::<_, Failure>(casework::footprints(tx, &query)?)).await?;
    Ok(Casework { as_of, groups: measure(footprints, &calendar, jst_day(as_of)) })
}

fn faults(wanted: &Wanted) -> Vec<Fault> {
    let days = wanted.from.until(wanted.to).map_or(i32::MAX, |span| span.get_days());
    if (0..MOST_DAYS).contains(&days) {
        return Vec::new();
    }
    let ja = format!("期間は1日から{MOST_DAYS}日までで指定してください。");
    let en = format!("A period has 1 to {MOST_DAYS} days.");
    vec![Fault::new("/to", "period", ja, en)]
}

/// The first instant of a day in Japan; a day that has none is no day of a period.
fn midnight(day: Date) -> Result<Timestamp, Refusal> {
    jst_midnight(day).ok_or(Refusal::NotFound)
}
