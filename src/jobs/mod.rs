//! Work that is carried out later: what there is to do, and what doing each of it means.
//!
//! A job's row is written in the transaction of the change that causes it ([`crate::store::jobs::enqueue`]). A job
//! may run more than once (a worker may die after the work and before the record), so each is built to be repeated.

pub mod mail;
pub mod worker;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::domain::id::{
    AccountId, ApplicationId, OperationId, PaymentId, RefundId, SettlementId, TenantCode,
};
use crate::service::account::MAIL_ACCOUNT_EXISTS;
use crate::service::approval::NOTIFY_DECISION;
use crate::service::assessment::NOTIFY_FEE;
use crate::service::checkpoint::{self, SEAL_CHECKPOINTS};
use crate::service::cleaning::{self, FORGET_SIGN_INS, SWEEP_FILES};
use crate::service::correction::NOTIFY_QUESTION;
use crate::service::dispute::{self, REMIND_OF_DISPUTES};
use crate::service::notification::{self, APPLY_NOTIFICATION};
use crate::service::payment::RECOVER_OPERATION;
use crate::service::poll::{self, POLL_PAYMENT};
use crate::service::receipt_standing::NOTIFY_RECEIPT;
use crate::service::refund::NOTIFY_REFUND;
use crate::service::refund_call::{self, POLL_REFUND};
use crate::service::remittance::WORK_SETTLEMENT;
use crate::service::settlement_work::{self, CHASE_SETTLEMENTS};
use crate::service::{Core, Failure, JobEnd, gateway_call};
use crate::store::jobs::{ALL_TENANTS, ClaimedJob, Enqueued, enqueue, forget_periodic};
use crate::store::{StoreError, Tx};

pub use worker::Worker;

/// Kind of the daily job that forgets old periodic jobs.
pub const FORGET_PERIODIC: &str = "forget_periodic";

/// Everything the worker can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Mail to somebody whose address was used for another registration.
    MailAccountExists(AccountId),
    /// Look after a call to a gateway whose caller died or got no answer.
    RecoverOperation(OperationId),
    /// Ask a gateway about an open payment.
    PollPayment(PaymentId),
    /// Ask a gateway about a refund that may still fail.
    PollRefund(RefundId),
    /// Apply a stored notification; the subject names account and delivery.
    ApplyNotification(String),
    /// Tell the applicant that the decision is there.
    NotifyDecision(ApplicationId),
    /// Tell the applicant that the fee was fixed and may be paid.
    NotifyFee(ApplicationId),
    /// Tell the payer that a receipt or confirmation is there.
    NotifyReceipt(ApplicationId),
    /// Tell the applicant that a refund was decided.
    NotifyRefund(ApplicationId),
    /// Forget periodic jobs that were done more than a week ago.
    ForgetPeriodic,
    /// Seal the chains of every tenant that grew.
    SealCheckpoints,
    /// Remove files that a crash left without a row.
    SweepFiles,
    /// Forget old tallies of wrong passwords, and sessions that expired long ago.
    ForgetSignIns,
    /// Match a payout of an agent to its payments, and book it once it has arrived.
    WorkSettlement(SettlementId),
    /// Look at every payout that is not settled.
    ChaseSettlements,
    /// Tell the applicant that the office asks something.
    NotifyQuestion(ApplicationId),
    /// Look after the open disputes of every tenant.
    RemindOfDisputes,
}

/// A row that names no work known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such job: {kind}")]
pub struct UnknownJob {
    kind: String,
}

impl Job {
    /// Reads a row's kind and subject.
    pub fn parse(kind: &str, subject: &str) -> Result<Self, UnknownJob> {
        let unknown = || UnknownJob { kind: kind.to_owned() };
        // What comes after the id only tells one occasion from the next.
        let id = || subject.split(':').next().and_then(|id| id.parse::<Uuid>().ok()).ok_or_else(unknown);
        match kind {
            MAIL_ACCOUNT_EXISTS => Ok(Self::MailAccountExists(AccountId(id()?))),
            RECOVER_OPERATION => Ok(Self::RecoverOperation(OperationId(id()?))),
            POLL_REFUND => Ok(Self::PollRefund(RefundId(id()?))),
            POLL_PAYMENT => Ok(Self::PollPayment(PaymentId(id()?))),
            APPLY_NOTIFICATION => Ok(Self::ApplyNotification(subject.to_owned())),
            NOTIFY_DECISION => Ok(Self::NotifyDecision(ApplicationId(id()?))),
            NOTIFY_FEE => Ok(Self::NotifyFee(ApplicationId(id()?))),
            NOTIFY_RECEIPT => Ok(Self::NotifyReceipt(ApplicationId(id()?))),
            NOTIFY_REFUND => Ok(Self::NotifyRefund(ApplicationId(id()?))),
            WORK_SETTLEMENT => Ok(Self::WorkSettlement(SettlementId(id()?))),
            CHASE_SETTLEMENTS => Ok(Self::ChaseSettlements),
            FORGET_PERIODIC => Ok(Self::ForgetPeriodic),
            SEAL_CHECKPOINTS => Ok(Self::SealCheckpoints),
            SWEEP_FILES => Ok(Self::SweepFiles),
            FORGET_SIGN_INS => Ok(Self::ForgetSignIns),
            NOTIFY_QUESTION => Ok(Self::NotifyQuestion(ApplicationId(id()?))),
            REMIND_OF_DISPUTES => Ok(Self::RemindOfDisputes),
            _ => Err(unknown()),
        }
    }
}

/// Carries out one job. A failure is tried again later.
pub async fn carry_out(core: &Arc<Core>, job: Job, claimed: &ClaimedJob) -> Result<JobEnd, Failure> {
    match job {
        Job::MailAccountExists(account) => mail::account_exists(core, account, claimed.id).await,
        Job::RecoverOperation(id) => gateway_call::recover(core, tenant(claimed)?, id).await,
        Job::PollRefund(id) => refund_call::poll(core, tenant(claimed)?, id).await,
        Job::PollPayment(id) => poll::run(core, tenant(claimed)?, id).await,
        Job::ApplyNotification(subject) => notification::apply(core, tenant(claimed)?, &subject).await,
        Job::NotifyDecision(case) => mail::decision_made(core, tenant(claimed)?, case, claimed.id).await,
        Job::NotifyFee(case) => mail::fee_fixed(core, tenant(claimed)?, case, claimed.id).await,
        Job::NotifyReceipt(case) => mail::receipt_issued(core, tenant(claimed)?, case, claimed.id).await,
        Job::NotifyRefund(case) => mail::refund_decided(core, tenant(claimed)?, case, claimed.id).await,
        Job::NotifyQuestion(case) => mail::question_asked(core, tenant(claimed)?, case, claimed.id).await,
        Job::WorkSettlement(id) => settlement_work::run(core, tenant(claimed)?, id).await,
        Job::ChaseSettlements => settlement_work::chase(core).await,
        Job::SealCheckpoints => seal_all(core).await,
        Job::RemindOfDisputes => remind_of_disputes(core).await,
        Job::SweepFiles => {
            let removed = cleaning::sweep_files(core).await?;
            tracing::info!(removed, "files without a row are swept");
            Ok(JobEnd::Done)
        }
        Job::ForgetSignIns => {
            let removed = cleaning::forget_sign_ins(core).await?;
            tracing::info!(removed, "old sign-ins are forgotten");
            Ok(JobEnd::Done)
        }
        Job::ForgetPeriodic => {
            let week = SignedDuration::from_hours(24 * 7);
            core.db
                .write_alone(vec![], move |tx| {
                    let now = tx.now();
                    forget_periodic(tx, now.checked_sub(week).unwrap_or(now)).map_err(Failure::from)
                })
                .await?;
            Ok(JobEnd::Done)
        }
    }
}

fn tenant(claimed: &ClaimedJob) -> Result<TenantCode, Failure> {
    TenantCode::parse(&claimed.tenant)
        .ok_or_else(|| Failure::Internal(format!("tenant of job {}", claimed.id)))
}

/// Work that comes back by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periodic {
    /// The kind of its jobs.
    pub kind: &'static str,
    /// How long a period lasts, in seconds; periods count from 1970-01-01T00:00:00Z.
    pub every_s: i64,
}

/// All periodic work, as often as the settings say.
pub fn periodic(core: &Core) -> Vec<Periodic> {
    let seal_s = core.settings.audit.checkpoint_minutes.saturating_mul(60);
    vec![
        Periodic { kind: FORGET_PERIODIC, every_s: 86_400 },
        Periodic { kind: SEAL_CHECKPOINTS, every_s: seal_s },
        Periodic { kind: SWEEP_FILES, every_s: 86_400 },
        Periodic { kind: FORGET_SIGN_INS, every_s: 86_400 },
        Periodic { kind: REMIND_OF_DISPUTES, every_s: 86_400 },
        Periodic { kind: CHASE_SETTLEMENTS, every_s: 86_400 },
    ]
}

/// Seals every tenant; the failure of one does not hold up the others, and is tried again with all of them.
async fn seal_all(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut failed = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = checkpoint::seal(core, &tenant.definition.code).await {
            failed = Err(failure);
        }
    }
    failed
}

/// Looks after the disputes of every tenant; the failure of one does not hold up the others.
async fn remind_of_disputes(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut failed = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = dispute::look_after(core, &tenant.definition.code).await {
            failed = Err(failure);
        }
    }
    failed
}

impl Periodic {
    /// The number of the period that `at` lies in.
    pub fn period(self, at: Timestamp) -> i64 {
        at.as_second().div_euclid(self.every_s.max(1))
    }

    /// Asks for the job of the period that `at` lies in; every worker may ask, one row comes of it.
    pub fn enqueue(self, tx: &mut Tx<'_>, at: Timestamp) -> Result<Enqueued, StoreError> {
        enqueue(tx, ALL_TENANTS, self.kind, &self.period(at).to_string(), at)
    }
}

/// Waits before the second and each later attempt, in seconds; the last one is repeated.
const BACKOFF_S: [i64; 6] = [5, 30, 120, 600, 3_600, 21_600];

/// Attempts before a job is left to a person.
pub const LAST_ATTEMPT: i64 = 10;

/// How long to wait after the failure of attempt number `attempt` (from 1).
pub fn backoff(attempt: i64) -> SignedDuration {
    let index = usize::try_from(attempt - 1).unwrap_or(0).min(BACKOFF_S.len() - 1);
    SignedDuration::from_secs(BACKOFF_S.get(index).copied().unwrap_or(21_600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_between_attempts_grow_and_then_stay() {
        let waits: Vec<_> = (1..=8).map(|attempt| backoff(attempt).as_secs()).collect();
        assert_eq!(waits, [5, 30, 120, 600, 3_600, 21_600, 21_600, 21_600]);
    }

    #[test]
    fn a_period_is_the_same_for_every_worker_in_it() {
        let daily = Periodic { kind: FORGET_PERIODIC, every_s: 86_400 };
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(daily.period(at(86_399)), 0);
        assert_eq!(daily.period(at(86_400)), 1);
        assert_eq!(daily.period(at(-1)), -1);
    }

    #[test]
    fn a_row_that_names_unknown_work_is_refused() {
        assert!(Job::parse("nonsense", "").is_err());
        assert!(Job::parse(MAIL_ACCOUNT_EXISTS, "not an id").is_err());
        assert_eq!(
            Job::parse(MAIL_ACCOUNT_EXISTS, "00000000-0000-0000-0000-000000000000:29000000"),
            Ok(Job::MailAccountExists(AccountId(Uuid::nil())))
        );
    }
}
