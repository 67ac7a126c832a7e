//! The forecast of a case (R-14, 行政手続法9条1項), for its parties and the department: put together from its state, its clock and
//! what is owed; decided in `domain`.

use jiff::civil::Date;

use super::clock::{self, CaseClock};
use super::{Ctx, Failure, access, billing, cases};
use crate::domain::application::StateName;
use crate::domain::calendar::jst_day;
use crate::domain::forecast::{Awaited, Expectation, ForecastFacts, awaited};
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::policy::Action;
use crate::store::Reads;

/// What can be said of a case.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// Where it stands.
    pub state: StateName,
    /// What is awaited, what the reader can do first.
    pub awaited: Vec<Awaited>,
    /// What is known of the day of the decision.
    pub expectation: Expectation,
    /// The day, if everything that is awaited came today; nothing while nothing is.
    pub if_answered_today: Option<Date>,
    /// The clock that it follows from.
    pub clock: CaseClock,
}

/// The forecast of a case.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Forecast, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        let clock = clock::read(tx, &inner, &case)?;
        let mut owes = false;
        for invoice in billing::standing_invoices(tx, &case)? {
            owes |= matches!(invoice.invoice_state()?, InvoiceState::Unpaid | InvoiceState::Pending);
        }
        let state = case.state.name();
        let open_pauses = clock.open_pauses();
        let awaited = awaited(state, owes, &open_pauses);
        let facts = ForecastFacts {
            state,
            has_period: clock.processing.is_some(),
            due_on: clock.due.as_ref().and_then(|due| due.due_on),
            open_pauses,
            delayed_to: clock.delays.last().map(|delay| delay.row.expected_on.0),
            today: jst_day(tx.now()),
        };
        let expectation = facts.expectation();
        let paused = matches!(expectation, Expectation::Paused(_));
        let forecast = Forecast {
            state,
            awaited,
            if_answered_today: clock.forecast_on.filter(|_| paused),
            expectation,
            clock,
        };
        Ok::<_, Failure>((access::reader(&case.actor), forecast))
    });
    let (reader, forecast) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "forecast", &[id]).await?;
    }
    Ok(forecast)
}
