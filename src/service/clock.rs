//! The clock of a case (標準処理期間): its pauses as they really were, its due date, and how that came about (R-14…R-19).
//!
//! Of it the due date is stored, and why the clock stands still now. The due date counts the pauses that have ended; it moves when
//! a pause ends, and while one is open it stays, because nobody knows yet when the answer comes. What is late is found by both
//! a case whose clock stands still is not.

use std::sync::Arc;

use jiff::civil::Date;

use super::cases::{self, OpenCase};
use super::delay_reason::{self, Delay};
use super::{Core, Ctx, Failure, access, intake};
use crate::catalogue::CatalogueProcedure;
use crate::domain::application::StateName;
use crate::domain::calendar::{Calendar, jst_day};
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::policy::Action;
use crate::domain::procedure::{FeeDue, Processing};
use crate::domain::processing_clock::{DueDate, Pause, PauseReason, due_date};
use crate::store::applications::{self, ApplicationRow};
use crate::store::invoices::InvoiceRow;
use crate::store::sql::IsoDate;
use crate::store::{
    Reads, Root, StoreError, Tx, clock_pauses, corrections, events, invoices, open_cases, transfers,
};

/// Cases read in one go.
const PAGE: i64 = 50;

/// The events after which nothing is owed any more.
const ENDS: [&str; 4] = ["decided", "closed", "withdrawn", "transferred"];

/// The clock of a case as it stands.
#[derive(Clone, Debug)]
pub struct CaseClock {
    /// 到達日; nothing for a draft.
    pub arrived_on: Option<Date>,
    /// The period, where the procedure has one.
    pub processing: Option<Processing>,
    /// The due date with its explanation; nothing for a draft or without a period.
    pub due: Option<DueDate>,
    /// The due date if everything that is awaited came today; the due date itself while nothing is.
    pub forecast_on: Option<Date>,
    /// The times the clock stood or stands still, in the order they began.
    pub pauses: Vec<Pause>,
    /// The day the case was decided, closed or taken back.
    pub ended_on: Option<Date>,
    /// Why it takes longer than the period, as the office recorded, oldest first.
    pub delays: Vec<Delay>,
}

impl CaseClock {
    /// Why the clock stands still now, in the order the pauses began.
    pub fn open_pauses(&self) -> Vec<PauseReason> {
        let open = self.pauses.iter().filter(|pause| pause.answered_on.is_none());
        let mut reasons: Vec<PauseReason> = Vec::new();
        for pause in open {
            if !reasons.contains(&pause.reason) {
                reasons.push(pause.reason);
            }
        }
        reasons
    }
}

/// The clock of a case, for its parties and the department.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<CaseClock, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, clock) = ctx
        .core
        .db
        .read(move |tx| {
            let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
            Ok::<_, Failure>((access::reader(&case.actor), read(tx, &inner, &case)?))
        })
        .await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "clock", &[id]).await?;
    }
    Ok(clock)
}

/// The clock of an opened case.
pub(super) fn read(tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase) -> Result<CaseClock, Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    let processing = procedure.definition.processing.clone();
    let Some(arrived_at) = case.row.arrived_at else {
        let (due, pauses) = (None, Vec::new());
        return Ok(CaseClock {
            arrived_on: None,
            processing,
            due,
            forecast_on: None,
            pauses,
            ended_on: None,
            delays: Vec::new(),
        });
    };
    let arrived_on = jst_day(arrived_at.0);
    let ended_on = ended_on(tx, &case.row)?;
    let pauses = pauses(tx, &case.row, &procedure, ended_on)?;
    let today = jst_day(tx.now());
    let tenant = ctx.catalogue.tenant(&case.row.tenant_id);
    let walked = processing.as_ref().zip(tenant).map(|(processing, tenant)| {
        let due = due_of(arrived_on, processing, &pauses, &tenant.calendar);
        let answered: Vec<Pause> = pauses.iter().map(|pause| pause.answered_by(today)).collect();
        let forecast = due_of(arrived_on, processing, &answered, &tenant.calendar);
        (due, forecast.due_on)
    });
    let (due, forecast_on) = walked.map_or((None, None), |(due, forecast)| (Some(due), forecast));
    let delays = delay_reason::of_case(tx, case)?;
    Ok(CaseClock { arrived_on: Some(arrived_on), processing, due, forecast_on, pauses, ended_on, delays })
}

/// The end of the standard processing period of a case that has just arrived, where the procedure has one (R-16…R-19).
pub fn first_due_on(calendar: &Calendar, procedure: &CatalogueProcedure, arrived_on: Date) -> Option<Date> {
    due_on_after(calendar, procedure, arrived_on, &[])
}

/// The end of the standard processing period of a case whose clock stood still before.
pub fn due_on_after(
    calendar: &Calendar,
    procedure: &CatalogueProcedure,
    arrived_on: Date,
    pauses: &[Pause],
) -> Option<Date> {
    let processing = procedure.definition.processing.as_ref()?;
    due_of(arrived_on, processing, pauses, calendar).due_on
}

/// The times the clock of a case stood still until `day`, on which it leaves the body.
pub fn pauses_until(
    tx: &mut impl Reads,
    ctx: &Ctx,
    row: &ApplicationRow,
    day: Date,
) -> Result<Vec<Pause>, Failure> {
    let procedure = intake::pinned(ctx, row)?;
    pauses(tx, row, &procedure, Some(day))
}

/// Notes why the clock of an open case stands still, after a pause may have begun: what is late is found by it. The caller
/// stores the row.
pub(super) fn note_pause(tx: &mut impl Reads, core: &Core, row: &mut ApplicationRow) -> Result<(), Failure> {
    let (catalogue, version) = (core.catalogue.current(), u32::try_from(row.procedure_version).unwrap_or(0));
    let procedure = catalogue.procedure_version(&row.tenant_id, &row.procedure, version);
    if let (Some(procedure), false) = (procedure, is_ended(row)) {
        row.paused_for = paused_for(&pauses(tx, row, procedure, None)?);
    }
    Ok(())
}

/// As [`note_pause`], of a case that arrives with a fee to be paid: from the notice to the payment the clock stands still. Nothing
/// else can stop it yet, so nothing is looked up on the way in. The caller stores the row.
pub(super) fn note_fee_pause(row: &mut ApplicationRow) {
    row.paused_for = Some(PauseReason::FeePayment.as_str().to_owned());
}

/// Notes anew why the clocks of a body's open cases stand still, and moves their due dates: a pause that ended while the version of
/// the procedure could not be read ended unnoticed. Done again it changes nothing.
pub(super) async fn note_pauses_anew(core: &Arc<Core>, tenant: &TenantCode) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let (of, inner) = (tenant.clone(), Arc::clone(core));
        let read = core.db.read(move |tx| {
            let page = open_cases::standing_still(tx, &of, after, PAGE)?;
            let last = page.last().map(|row| row.id);
            let mut outdated = Vec::new();
            for mut row in page {
                let noted = row.paused_for.clone();
                note_pause(tx, &inner, &mut row)?;
                if row.paused_for != noted {
                    outdated.push(row.id);
                }
            }
            Ok::<_, Failure>((last, outdated))
        });
        let (last, outdated) = read.await?;
        if last.is_none() {
            return Ok(());
        }
        after = last;
        for id in outdated {
            let (of, inner) = (tenant.clone(), Arc::clone(core));
            core.db.write(Root::Application(id), move |tx| note_anew(tx, &inner, &of, id)).await?;
        }
    }
}

fn note_anew(tx: &mut Tx<'_>, core: &Core, tenant: &TenantCode, id: ApplicationId) -> Result<(), Failure> {
    let Some(mut row) = applications::find(tx, tenant, id)? else { return Ok(()) };
    let noted = row.paused_for.clone();
    move_due_date(tx, core, &mut row)?;
    if row.paused_for != noted {
        applications::update(tx, &mut row)?;
    }
    Ok(())
}

/// The name of the pause that began first of those that are still open.
fn paused_for(pauses: &[Pause]) -> Option<String> {
    let open = pauses.iter().find(|pause| pause.answered_on.is_none());
    open.map(|pause| pause.reason.as_str().to_owned())
}

/// Moves the due date of an open case after a pause has ended, and notes whether the clock runs again. The caller stores
/// the row.
pub fn move_due_date(tx: &mut impl Reads, core: &Core, row: &mut ApplicationRow) -> Result<(), Failure> {
    let (Some(arrived_at), false) = (row.arrived_at, is_ended(row)) else { return Ok(()) };
    let (catalogue, version) = (core.catalogue.current(), u32::try_from(row.procedure_version).unwrap_or(0));
    // Money is taken in even while the version cannot be read: its due date then stays where it was.
    let Some(procedure) = catalogue.procedure_version(&row.tenant_id, &row.procedure, version) else {
        return Ok(());
    };
    let mut ended = pauses(tx, row, procedure, None)?;
    row.paused_for = paused_for(&ended);
    let (Some(processing), Some(tenant)) =
        (&procedure.definition.processing, catalogue.tenant(&row.tenant_id))
    else {
        return Ok(());
    };
    ended.retain(|pause| pause.answered_on.is_some());
    let due = due_of(jst_day(arrived_at.0), processing, &ended, &tenant.calendar);
    row.due_on = due.due_on.map(IsoDate);
    Ok(())
}

fn due_of(arrived_on: Date, processing: &Processing, pauses: &[Pause], calendar: &Calendar) -> DueDate {
    due_date(arrived_on, processing.total_days(), processing.holidays, pauses, calendar)
}

/// Whether the clock of a case that has arrived runs now: nothing is awaited of the applicant. Where the version of its
/// procedure cannot be read nobody knows, and it counts as standing still.
pub(super) fn is_running(tx: &mut impl Reads, core: &Core, row: &ApplicationRow) -> Result<bool, Failure> {
    let (catalogue, version) = (core.catalogue.current(), u32::try_from(row.procedure_version).unwrap_or(0));
    let Some(procedure) = catalogue.procedure_version(&row.tenant_id, &row.procedure, version) else {
        return Ok(false);
    };
    let pauses = pauses(tx, row, procedure, None)?;
    Ok(pauses.iter().all(|pause| pause.answered_on.is_some()))
}

/// Whether nothing is owed of a case any more.
pub(super) fn is_ended(row: &ApplicationRow) -> bool {
    StateName::parse(&row.state).is_some_and(has_ended)
}

/// Whether nothing is owed of a case in this state any more.
pub(super) fn has_ended(state: StateName) -> bool {
    use StateName as S;
    matches!(state, S::Decided | S::Closed | S::Withdrawn | S::Transferred)
}

fn ended_on(tx: &mut impl Reads, row: &ApplicationRow) -> Result<Option<Date>, Failure> {
    if !is_ended(row) {
        return Ok(None);
    }
    let events = events::of_case(tx, &row.tenant_id, row.id)?;
    let end = events.iter().find(|event| ENDS.contains(&event.kind.as_str()));
    Ok(end.map(|event| jst_day(event.at.0)))
}

/// The pauses of a case: corrections that were asked for, the time from the notice of a fee to its payment, and what the office
/// recorded.
///
/// What was still awaited when the case ended paused it up to that day.
fn pauses(
    tx: &mut impl Reads,
    row: &ApplicationRow,
    procedure: &CatalogueProcedure,
    ended_on: Option<Date>,
) -> Result<Vec<Pause>, Failure> {
    // What another body waited for before it sent the case on still does not count.
    let mut pauses = transfers::pauses_before(tx, &row.tenant_id, row.id)?;
    for correction in corrections::of_case(tx, &row.tenant_id, row.id)? {
        pauses.push(Pause {
            reason: PauseReason::Correction,
            asked_on: jst_day(correction.requested_at.0),
            // One that the office ended was awaited until then.
            answered_on: correction.answered_at.or(correction.ended_at).map(|at| jst_day(at.0)),
        });
    }
    for recorded in clock_pauses::of_case(tx, &row.tenant_id, row.id)? {
        pauses.push(recorded.pause()?);
    }
    // A fee that is due on issue is asked for with the decision, when the period is over.
    if procedure.definition.fee_due != FeeDue::OnIssue {
        for invoice in invoices::of_case(tx, &row.tenant_id, row.id)? {
            pauses.extend(fee_pause(&invoice)?);
        }
    }
    if let Some(end) = ended_on {
        pauses.retain(|pause| pause.asked_on <= end);
        pauses = pauses.iter().map(|pause| pause.answered_by(end)).collect();
    }
    pauses.sort_by_key(|pause| pause.asked_on);
    Ok(pauses)
}

/// From the notice to the payment; entrusting it to an agent is all the payer can do.
fn fee_pause(invoice: &InvoiceRow) -> Result<Option<Pause>, StoreError> {
    let paid_on = invoice.entrusted_on.or(invoice.paid_on).map(|day| day.0);
    let answered_on = match invoice.invoice_state()? {
        InvoiceState::Unpaid | InvoiceState::Pending => None,
        // What is not owed any more was never waited for.
        InvoiceState::Waived | InvoiceState::Canceled | InvoiceState::WrittenOff => return Ok(None),
        InvoiceState::Entrusted
        | InvoiceState::Paid
        | InvoiceState::Overpaid
        | InvoiceState::PartiallyRefunded
        | InvoiceState::Refunded => paid_on,
    };
    let asked_on = jst_day(invoice.issued_at.0);
    Ok(Some(Pause { reason: PauseReason::FeePayment, asked_on, answered_on }))
}
