//! The year of a rehearsal, day by day and hour by hour.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use jiff::ToSpan;
use jiff::civil::{Date, Time, time};
use jiff::tz::{Offset, TimeZone};
use secrecy::SecretString;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::case::{Next, Run, Stage, When};
use super::plan::Plan;
use super::prefecture::{
    DEPARTMENTS, REORGANISATION, TENANT, TRANSFER, YEAR_BEGINS, YEAR_ENDS, department_on,
};
use super::report::Report;
use super::staff::{Away, Staff, count};
use super::{RehearsalError, judge};
use crate::clock::{Clock, FixedClock};
use crate::domain::account::AccountKind;
use crate::domain::approval::Verdict;
use crate::domain::id::{AccountId, TenantCode};
use crate::domain::policy::Role;
use crate::service::absence::{self, NewAbsence};
use crate::service::account::{Register, register};
use crate::service::idempotency::IdempotencyRequest;
use crate::service::post_review::{self, NewPostReview};
use crate::service::{Core, checkpoint, incoming, reorganisation};
use crate::storm::Dice;

/// The hours at which something happens; the last of them after the office has closed.
const HOURS: [Time; 3] = [time(9, 30, 0, 0), time(14, 0, 0, 0), time(21, 10, 0, 0)];
/// The hours at which officers work.
const OFFICE_HOURS: u8 = 2;
/// How long it goes on after the transfer, in days.
const DAYS_AFTER_TRANSFER: i32 = 14;
/// Businesses that apply.
const APPLICANTS: usize = 60;
/// How many officers in a hundred are away once in the year.
const AWAY_PER_CENT: u64 = 40;

/// What a rehearsal needs.
#[derive(Clone, Debug)]
pub struct RehearsalSettings {
    /// How many cases arrive.
    pub cases: u64,
    /// From which all plans follow.
    pub seed: u64,
    /// How many cases are worked on at the same instant.
    pub in_flight: usize,
    /// `sqlite` or `postgres`, for the report.
    pub backend: &'static str,
}

/// Plays the year over an empty database on [`super::configuration`], whose clock is `clock`, and judges it.
pub async fn run(
    core: &Arc<Core>,
    clock: &FixedClock,
    settings: &RehearsalSettings,
) -> Result<Report, RehearsalError> {
    let began = Instant::now();
    let tenant =
        TenantCode::parse(TENANT).ok_or_else(|| RehearsalError::Failed("the code of the body".to_owned()))?;
    set(clock, YEAR_BEGINS, time(0, 5, 0, 0))?;
    let mut year = Year::begin(core, &tenant, settings).await?;
    progress(&format!("{} officers, {} cases", count(), settings.cases));
    let mut day = YEAR_BEGINS;
    let last = TRANSFER.checked_add(DAYS_AFTER_TRANSFER.days()).unwrap_or(TRANSFER);
    while day <= last {
        year.play(clock, day).await?;
        day = next_day(day)?;
    }
    year.look_at_the_rest(last).await?;
    checkpoint::seal(core, &tenant).await?;
    progress("judging");
    let counts = judge(core, &tenant, settings.cases).await?;
    Ok(Report {
        backend: settings.backend,
        seed: settings.seed,
        counts,
        former_holder_attempts: year.attempts,
        former_holders_let_in: year.let_in,
        handed_over: year.handed_over,
        absences: year.absences,
        seconds: began.elapsed().as_secs(),
    })
}

/// The year as far as it has come.
struct Year {
    stage: Arc<Stage>,
    /// What is to be done, by day and hour.
    agenda: BTreeMap<(Date, u8), Vec<Run>>,
    /// Who goes away on which day.
    away: BTreeMap<Date, Vec<(usize, Away, String)>>,
    /// Who is back on which day.
    back: BTreeMap<Date, Vec<usize>>,
    permits: Arc<Semaphore>,
    ended: u64,
    attempts: u64,
    let_in: u64,
    handed_over: u64,
    absences: u64,
}

impl Year {
    async fn begin(
        core: &Arc<Core>,
        tenant: &TenantCode,
        settings: &RehearsalSettings,
    ) -> Result<Self, RehearsalError> {
        let staff = Staff::appoint(core, tenant).await?;
        let catalogue = core.catalogue.current();
        let body = catalogue.tenant(tenant);
        let calendar = body.map(|body| body.calendar.clone());
        let calendar = calendar.ok_or_else(|| RehearsalError::Configuration(format!("no body {tenant}")))?;
        let applicants = applicants(core).await?;
        let mut stage = Stage { core: Arc::clone(core), tenant: tenant.clone(), staff, applicants, calendar };
        let away = plan_absences(&mut stage, settings.seed);
        let back = returns(&stage, &away);
        let mut agenda: BTreeMap<(Date, u8), Vec<Run>> = BTreeMap::new();
        for number in 0..settings.cases {
            let plan = Plan::of(settings.seed, number);
            let hour = u8::try_from(number % 3).unwrap_or(0);
            agenda.entry((plan.arrives_on, hour)).or_default().push(Run::new(number, plan));
        }
        let permits = Arc::new(Semaphore::new(settings.in_flight.max(1)));
        let stage = Arc::new(stage);
        let (ended, attempts, let_in, handed_over, absences) = (0, 0, 0, 0, 0);
        Ok(Self { stage, agenda, away, back, permits, ended, attempts, let_in, handed_over, absences })
    }

    /// Plays one day.
    async fn play(&mut self, clock: &FixedClock, day: Date) -> Result<(), RehearsalError> {
        let core = Arc::clone(&self.stage.core);
        if day == REORGANISATION || day == TRANSFER {
            set(clock, day, time(0, 5, 0, 0))?;
            self.handed_over += reorganisation::follow(&core, &self.stage.tenant).await?;
        }
        for (hour, at) in (0_u8..).zip(HOURS) {
            set(clock, day, at)?;
            if hour == 0 {
                self.enter_absences(day).await?;
                let back = self.back.remove(&day).unwrap_or_default();
                self.look_afterwards(back).await?;
            }
            if hour == 0 && day == TRANSFER {
                self.try_former_holders().await?;
            }
            let due = self.agenda.remove(&(day, hour)).unwrap_or_default();
            for (run, when) in self.work(due, day).await? {
                self.put_back(run, when, (day, hour))?;
            }
        }
        incoming::number(&core, &self.stage.tenant).await?;
        if next_day(day)?.day() == 1 {
            checkpoint::seal(&core, &self.stage.tenant).await?;
            let open: usize = self.agenda.values().map(Vec::len).sum();
            progress(&format!("{day}: {} cases have ended, {open} are open or to come", self.ended));
        }
        Ok(())
    }

    /// Takes the next step of every case that is due, many at the same time.
    async fn work(&self, due: Vec<Run>, day: Date) -> Result<Vec<(Run, When)>, RehearsalError> {
        let mut steps = JoinSet::new();
        for mut run in due {
            let (stage, permits) = (Arc::clone(&self.stage), Arc::clone(&self.permits));
            steps.spawn(async move {
                let _permit = permits.acquire_owned().await;
                let when = run.step(&stage, day).await?;
                Ok::<_, RehearsalError>((run, when))
            });
        }
        let mut done = Vec::with_capacity(steps.len());
        while let Some(step) = steps.join_next().await {
            done.push(step.map_err(|error| RehearsalError::Failed(error.to_string()))??);
        }
        // Who is served next does not depend on who was faster.
        done.sort_by_key(|(run, _)| run.number());
        Ok(done)
    }

    fn put_back(&mut self, run: Run, when: When, (day, hour): (Date, u8)) -> Result<(), RehearsalError> {
        let days = match when {
            When::Never => {
                self.ended += 1;
                return Ok(());
            }
            When::Days(days) => {
                let later = day.checked_add(i32::from(days.max(1)).days());
                let later = later.map_err(|error| RehearsalError::Failed(error.to_string()))?;
                self.agenda.entry((later, 2)).or_default().push(run);
                return Ok(());
            }
            When::OpenDays(days) => days,
        };
        // The next hour of the same day, where there is one.
        let (days, hour) =
            if days == 0 && hour + 1 < OFFICE_HOURS { (0, hour + 1) } else { (days.max(1), 0) };
        let day = self.stage.calendar.after_open_days(day, days);
        self.agenda.entry((self.stage.calendar.roll(day), hour)).or_default().push(run);
        Ok(())
    }

    async fn enter_absences(&mut self, day: Date) -> Result<(), RehearsalError> {
        for (number, away, department) in self.away.remove(&day).unwrap_or_default() {
            let staff = &self.stage.staff;
            let (Some(me), Some(cover)) = (staff.member(number), staff.member(away.cover)) else { continue };
            let new = NewAbsence {
                department,
                officer: me.officer,
                cover: cover.officer,
                from_on: away.from,
                to_on: away.to,
            };
            let (tenant, actor) = (self.stage.tenant.clone(), me.account);
            let request =
                IdempotencyRequest { tenant, actor, key: format!("away-{day}"), fingerprint: [0; 32] };
            absence::record(self.stage.ctx(actor), request, new).await?;
            self.absences += 1;
        }
        Ok(())
    }

    /// 後閲: these look at what was done in their place, or at their desk before they sat there.
    async fn look_afterwards(&self, officers: Vec<usize>) -> Result<(), RehearsalError> {
        for number in officers {
            let Some(me) = self.stage.staff.member(number) else { continue };
            let (owed, _) = post_review::owed_by_me(self.stage.ctx(me.account), None).await?;
            for act in owed {
                let (tenant, actor) = (self.stage.tenant.clone(), me.account);
                let key = format!("look-{}", act.act.id);
                let request = IdempotencyRequest { tenant, actor, key, fingerprint: [0; 32] };
                let new = NewPostReview { verdict: Verdict::Agreed, comment: None };
                post_review::carry_out(self.stage.ctx(actor), request, act.act.id, new).await?;
            }
        }
        Ok(())
    }

    /// Whoever sits at the desks on the last day looks at what those who left did not.
    async fn look_at_the_rest(&self, day: Date) -> Result<(), RehearsalError> {
        let mut holders = Vec::new();
        for place in 0..DEPARTMENTS.len() {
            for role in [Role::GroupManager, Role::SectionChief, Role::Director] {
                holders.extend(self.stage.staff.holders(role, department_on(place, day), day));
            }
        }
        holders.sort_unstable();
        holders.dedup();
        self.look_afterwards(holders).await
    }

    /// T-7: before anybody works, those who sat at the desks until yesterday try what only their former post allowed.
    async fn try_former_holders(&mut self) -> Result<(), RehearsalError> {
        for run in self.agenda.values_mut().flatten().filter(|run| run.next != Next::HandIn) {
            match run.try_as_former_holder(&self.stage, (YEAR_ENDS, TRANSFER)).await? {
                None => {}
                Some(Err(_)) => self.attempts += 1,
                Some(Ok(())) => {
                    self.attempts += 1;
                    self.let_in += 1;
                    progress(&format!("case {}: a former holder was let in", run.id()));
                }
            }
        }
        Ok(())
    }
}

/// Who is away when: follows from the seed.
fn plan_absences(stage: &mut Stage, seed: u64) -> BTreeMap<Date, Vec<(usize, Away, String)>> {
    let mut planned: BTreeMap<Date, Vec<(usize, Away, String)>> = BTreeMap::new();
    for number in 0..count() {
        let mut dice = Dice::new(seed ^ 0x00A8_5E7C, u64::try_from(number).unwrap_or(0));
        if !dice.happens(AWAY_PER_CENT) {
            continue;
        }
        let after = i32::try_from(dice.below(350)).unwrap_or(0);
        let from = YEAR_BEGINS.checked_add(after.days()).map_or(YEAR_BEGINS, |day| stage.calendar.roll(day));
        let length = i32::try_from(dice.below(7) + 1).unwrap_or(1);
        let to = from.checked_add(length.days()).unwrap_or(from).min(YEAR_ENDS);
        let Some((department, covers)) = stage.staff.covers(number, from) else { continue };
        let index = dice.below(u64::try_from(covers.len()).unwrap_or(0));
        let Some(cover) = covers.get(usize::try_from(index).unwrap_or(0)).copied() else { continue };
        let away = Away { from, to, cover };
        stage.staff.note_absence(number, away);
        planned.entry(from).or_default().push((number, away, department));
    }
    planned
}

/// Who is back on which day: the first open day after the absence.
fn returns(stage: &Stage, away: &BTreeMap<Date, Vec<(usize, Away, String)>>) -> BTreeMap<Date, Vec<usize>> {
    let mut back: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
    for (number, away, _) in away.values().flatten() {
        let day = away.to.tomorrow().map_or(away.to, |day| stage.calendar.roll(day));
        back.entry(day).or_default().push(*number);
    }
    back
}

async fn applicants(core: &Core) -> Result<Vec<AccountId>, RehearsalError> {
    let mut accounts = Vec::with_capacity(APPLICANTS);
    for number in 0..APPLICANTS {
        let registration = Register {
            email: format!("business-{number}@rehearsal.example.jp"),
            password: SecretString::from(format!("business-{number}-{}", Uuid::nil())),
            name: format!("稽古事業者 {number}"),
            kind: AccountKind::Business,
            corporate_number: None,
        };
        accounts.push(register(core, registration).await?.id);
    }
    Ok(accounts)
}

fn next_day(day: Date) -> Result<Date, RehearsalError> {
    day.tomorrow().map_err(|error| RehearsalError::Failed(error.to_string()))
}

/// Moves the clock to an hour of a day in Japan.
fn set(clock: &FixedClock, day: Date, at: Time) -> Result<(), RehearsalError> {
    let zone = TimeZone::fixed(Offset::constant(9));
    let to =
        zone.to_timestamp(day.to_datetime(at)).map_err(|error| RehearsalError::Failed(error.to_string()))?;
    clock.advance(to.duration_since(clock.now()));
    Ok(())
}

/// A line for whoever watches.
fn progress(line: &str) {
    // A terminal that is gone cannot be told anything.
    let _ = writeln!(std::io::stderr(), "rehearsal: {line}");
}
