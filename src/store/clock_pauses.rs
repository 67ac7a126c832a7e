//! Times the clock of a case stands still, as the office recorded them. Append-only: an end is a row of its own.

use diesel::prelude::*;

use super::schema::clock_pauses::{clock_pause_ends, clock_pauses};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, ClockPauseId, CorrectionId, OfficerId, TenantCode};
use crate::domain::processing_clock::{OfficePause, Pause};

/// A pause as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = clock_pauses)]
pub struct ClockPauseRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The record.
    pub id: ClockPauseId,
    /// The case.
    pub application_id: ApplicationId,
    /// Why: the name of an [`OfficePause`].
    pub reason: String,
    /// The last day that still counts.
    pub asked_on: IsoDate,
    /// What is awaited, in words for the applicant, sealed with the case's key.
    pub sealed_note: Vec<u8>,
    /// Who recorded it.
    pub recorded_by: OfficerId,
    /// When.
    pub recorded_at: Micros,
}

/// The end of a pause as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = clock_pause_ends)]
pub struct ClockPauseEndRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The pause.
    pub pause_id: ClockPauseId,
    /// The last day of the pause.
    pub ended_on: IsoDate,
    /// The officer who recorded the end.
    pub ended_by: Option<OfficerId>,
    /// The correction with whose answer it ended.
    pub correction_id: Option<CorrectionId>,
    /// When.
    pub ended_at: Micros,
}

/// A pause with its last day, where it has ended.
#[derive(Clone, Debug)]
pub struct RecordedPause {
    /// The pause.
    pub row: ClockPauseRow,
    /// Its last day.
    pub ended_on: Option<IsoDate>,
}

impl RecordedPause {
    /// Why the clock stands still.
    pub fn office_pause(&self) -> Result<OfficePause, StoreError> {
        OfficePause::parse(&self.row.reason)
            .ok_or_else(|| StoreError::Inconsistent(format!("clock_pauses.reason of {}", self.row.id)))
    }

    /// As the clock knows it.
    pub fn pause(&self) -> Result<Pause, StoreError> {
        Ok(Pause {
            reason: self.office_pause()?.reason(),
            asked_on: self.row.asked_on.0,
            answered_on: self.ended_on.map(|day| day.0),
        })
    }
}

/// The place that the sealed note is bound to.
pub fn note_place(id: ClockPauseId) -> String {
    format!("clock_pauses.sealed_note:{id}")
}

/// Stores a pause.
pub fn insert(tx: &mut Tx<'_>, row: &ClockPauseRow) -> Result<(), StoreError> {
    diesel::insert_into(clock_pauses::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Stores the end of a pause; a pause ends once.
pub fn insert_end(tx: &mut Tx<'_>, row: &ClockPauseEndRow) -> Result<(), StoreError> {
    diesel::insert_into(clock_pause_ends::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One pause.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ClockPauseId,
) -> Result<Option<ClockPauseRow>, StoreError> {
    let found = clock_pauses::table.find((tenant, id)).select(ClockPauseRow::as_select());
    Ok(found.first(tx.read()).optional()?)
}

/// The pauses of a case that the office recorded, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<RecordedPause>, StoreError> {
    let of_pause = clock_pause_ends::tenant_id
        .eq(clock_pauses::tenant_id)
        .and(clock_pause_ends::pause_id.eq(clock_pauses::id));
    let found: Vec<(ClockPauseRow, Option<IsoDate>)> = clock_pauses::table
        .left_join(clock_pause_ends::table.on(of_pause))
        .filter(clock_pauses::tenant_id.eq(tenant))
        .filter(clock_pauses::application_id.eq(application))
        .order((clock_pauses::recorded_at, clock_pauses::id))
        .select((ClockPauseRow::as_select(), clock_pause_ends::ended_on.nullable()))
        .load(tx.read())?;
    Ok(found.into_iter().map(|(row, ended_on)| RecordedPause { row, ended_on }).collect())
}
