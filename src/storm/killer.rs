//! The lives of the server: each ends by SIGKILL at the crash point whose turn it is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::StormError;
use super::child::{DrillSocket, Parked, Server, ServerPlace};
use super::dice::Dice;
use super::payer::Stand;
use crate::drill::CrashPoint;

/// Longer than the lease of a gateway call and of a job.
const PAST_THE_LEASE: Duration = Duration::from_secs(91);
/// Longer than any gateway remembers a key (24 hours), so that sending again what was in hand would be a new payment (F09).
const PAST_THE_KEYS: Duration = Duration::from_hours(25);
/// The lives after which the server stays dead for so long. Few, for every checkout that is open ends with such a day.
const LONG_DEATHS: [u64; 4] = [3, 21, 150, 700];
/// Whose answers are lost right before it.
const LOST_ANSWERS: u32 = 6;
/// How long an armed point is waited for.
const HIT_WITHIN: Duration = Duration::from_secs(15);
/// How often the clock is moved on, and by how much.
pub const TICK: Duration = Duration::from_millis(50);
const TICK_BY: Duration = Duration::from_secs(3);

/// Whether a point lies on the way of money; a new point must be placed here.
fn concerns_money(point: CrashPoint) -> bool {
    match point {
        CrashPoint::PaymentBeforeIntentCommit
        | CrashPoint::PaymentAfterIntentBeforeSend
        | CrashPoint::PaymentAfterSendBeforeAnswer
        | CrashPoint::PaymentAfterAnswerBeforeRecord
        | CrashPoint::PaymentAfterRecordBeforeRedirect
        | CrashPoint::NotificationBeforeRecord
        | CrashPoint::SubmitBeforeCommit
        | CrashPoint::SubmitAfterCommit => true,
    }
}

/// The server of the moment, and how those before it ended.
pub struct Lives {
    place: ServerPlace,
    server: Server,
    life: u64,
    points: Vec<CrashPoint>,
    kills: BTreeMap<&'static str, u64>,
    elsewhere: u64,
    dice: Dice,
}

impl Lives {
    /// Starts the first.
    pub async fn begin(place: ServerPlace, seed: u64) -> Result<Self, StormError> {
        let server = Server::start(&place, 0, 0).await?;
        let mut points: Vec<CrashPoint> =
            CrashPoint::ALL.iter().copied().filter(|point| concerns_money(*point)).collect();
        // Everybody hands in first and pays then: late in a storm nobody comes by at these two any more.
        points.sort_by_key(|point| {
            !matches!(point, CrashPoint::SubmitBeforeCommit | CrashPoint::SubmitAfterCommit)
        });
        let kills = points.iter().map(|point| (point.name(), 0)).collect();
        Ok(Self { place, server, life: 0, points, kills, elsewhere: 0, dice: Dice::new(seed, u64::MAX) })
    }

    /// The way to the server that lives now.
    pub fn drill(&self) -> DrillSocket {
        self.server.drill()
    }

    /// How often the server was killed at each point.
    pub fn kills(&self) -> &BTreeMap<&'static str, u64> {
        &self.kills
    }

    /// All kills, those included where the point did not come by.
    pub fn deaths(&self) -> u64 {
        self.life
    }

    /// Kills where the armed point did not come by in time.
    pub fn elsewhere(&self) -> u64 {
        self.elsewhere
    }

    /// A moment passes.
    pub async fn tick(&self, stand: &Stand) -> Result<(), StormError> {
        stand.time.advance(TICK_BY, &stand.simulator, Some(&self.drill())).await
    }

    /// Arms the point that was hit least, kills the server there, and starts the next over the same data.
    pub async fn kill(mut self, stand: &Stand) -> Result<Self, StormError> {
        let least = |point: &&CrashPoint| self.kills.get(point.name()).copied().unwrap_or(0);
        let Some(mut point) = self.points.iter().min_by_key(least).copied() else { return Ok(self) };
        let is_long = LONG_DEATHS.contains(&self.life);
        if is_long {
            // With a checkout in hand: sent, carried out, never answered.
            point = CrashPoint::PaymentAfterSendBeforeAnswer;
            let lost =
                json!({ "match": { "op": "create" }, "fault": "F09", "args": { "times": LOST_ANSWERS } });
            stand.simulator.fault(&lost).await?;
        }
        let mut talk = self.drill().arm(point).await?;
        let found = {
            let mut hit = std::pin::pin!(talk.parked(HIT_WITHIN));
            loop {
                tokio::select! {
                    found = &mut hit => break found,
                    () = sleep(TICK) => self.tick(stand).await?,
                }
            }
        };
        // What was under way is let go on for a moment: a request may reach the gateway, or may not.
        sleep(Duration::from_millis(self.dice.below(120))).await;
        match found {
            Parked::AtThePoint => *self.kills.entry(point.name()).or_default() += 1,
            Parked::Elsewhere => {
                self.elsewhere += 1;
                // Its turn is over; the others come first until they were missed as often.
                self.points.rotate_left(1);
            }
        }
        self.server.kill().await?;
        let dead_for = if is_long { PAST_THE_KEYS } else { PAST_THE_LEASE };
        stand.time.advance(dead_for, &stand.simulator, None).await?;
        self.life += 1;
        self.server = Server::start(&self.place, self.life, stand.time.shift_ms()).await?;
        Ok(self)
    }

    /// The last kill: nothing is started any more.
    pub async fn end(self) -> Result<(), StormError> {
        self.server.kill().await
    }
}
