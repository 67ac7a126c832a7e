//! Work that is carried out later: what there is to do, and what doing each of it means.
//!
//! A job's row is written in the transaction of the change that causes it ([`crate::store::jobs::enqueue`]). A job
//! may run more than once (a worker may die after the work and before the record), so each is built to be repeated.

pub mod mail;
pub mod worker;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::domain::case_mail::CaseMail;
use crate::domain::id::{
    AccountId, ApplicationId, CorrectionId, ElQrFileId, InvoiceId, OfficerId, OperationId, OpinionId,
    PaymentId, PermitId, RecordMeasureId, RefundId, SettlementId, TenantCode,
};
use crate::service::account::MAIL_ACCOUNT_EXISTS;
use crate::service::approval::NOTIFY_DECISION;
use crate::service::arrears::{self, ISSUE_DEMANDS, NOTIFY_DEMAND};
use crate::service::assessment::NOTIFY_FEE;
use crate::service::charge::{self, ASSESS_LATE_CHARGE, NOTIFY_CHARGE};
use crate::service::checkpoint::{self, SEAL_CHECKPOINTS};
use crate::service::cleaning::{self, FORGET_SIGN_INS, SWEEP_FILES};
use crate::service::clock_pause::NOTIFY_PAUSE;
use crate::service::closing::{self, CLOSE_CASE};
use crate::service::contract::{self, LAPSE_CONTRACTS, NOTIFY_CONTRACT};
use crate::service::correction::NOTIFY_QUESTION;
use crate::service::correction_chase::{self, CHASE_CORRECTIONS, NOTIFY_MISSED_CORRECTION};
use crate::service::correction_end::NOTIFY_QUESTION_ENDED;
use crate::service::delay_reason::NOTIFY_DELAY;
use crate::service::dispute::{self, REMIND_OF_DISPUTES};
use crate::service::el_qr_booking::{self, BOOK_EL_QR};
use crate::service::el_qr_upload::{self, UPLOAD_EL_QR};
use crate::service::escalation::{self, ESCALATE_OVERDUE, NOTIFY_ESCALATION};
use crate::service::incoming::{self, NUMBER_INCOMING};
use crate::service::inspection::NOTIFY_INSPECTION;
use crate::service::message::{NOTIFY_MESSAGE, NOTIFY_OFFICE};
use crate::service::notification::{self, APPLY_NOTIFICATION};
use crate::service::opinion::{self, RAISE_OPINION};
use crate::service::payment::RECOVER_OPERATION;
use crate::service::payment_watch::{self, WATCH_PAYMENTS};
use crate::service::permit_upkeep::{self, EXPIRE_PERMIT, REMIND_RENEWAL};
use crate::service::poll::{self, POLL_PAYMENT};
use crate::service::receipt_standing::NOTIFY_RECEIPT;
use crate::service::reconciliation::{self, RECONCILE_ALL, RECONCILE_BODY};
use crate::service::records::carry_out::{self, CARRY_OUT_MEASURE};
use crate::service::records::filing::{self, FILE_RECORDS};
use crate::service::refund::NOTIFY_REFUND;
use crate::service::refund_call::{self, POLL_REFUND};
use crate::service::refund_notice::NOTIFY_OVERPAID;
use crate::service::remittance::WORK_SETTLEMENT;
use crate::service::reorganisation::{self, FOLLOW_REORGANISATIONS};
use crate::service::revived_claim::{self, REVIVE_CLAIMS};
use crate::service::set_off::NOTIFY_SET_OFF;
use crate::service::settlement_fetch::{self, Attempt, FETCH_REPORT, FETCH_SETTLEMENTS, LIST_SETTLEMENTS};
use crate::service::settlement_work::{self, CHASE_SETTLEMENTS};
use crate::service::step_deadline::{self, NOTIFY_OVERDUE_STEP, RAISE_OVERDUE_STEPS, StepNotice};
use crate::service::transfer::NOTIFY_MOVE;
use crate::service::transfer_between::NOTIFY_TRANSFER;
use crate::service::waiver::NOTIFY_WAIVER;
use crate::service::waiver_expiry::{self, EXPIRE_WAIVERS};
use crate::service::{Core, Failure, JobEnd, gateway_call};
use crate::store::jobs::{ALL_TENANTS, ClaimedJob, Enqueued, enqueue, forget_periodic};
use crate::store::{StoreError, Tx};

pub use worker::Worker;

/// Kind of the daily job that forgets old periodic jobs.
pub const FORGET_PERIODIC: &str = "forget_periodic";

/// The jobs that only tell, each with what is said.
const TOLD: [(&str, CaseMail); 18] = [
    (NOTIFY_DECISION, CaseMail::DecisionMade),
    (NOTIFY_FEE, CaseMail::FeeFixed),
    (NOTIFY_RECEIPT, CaseMail::ReceiptIssued),
    (NOTIFY_REFUND, CaseMail::RefundDecided),
    (NOTIFY_OVERPAID, CaseMail::RefundTold),
    (NOTIFY_SET_OFF, CaseMail::SetOffDecided),
    (NOTIFY_QUESTION, CaseMail::QuestionAsked),
    (NOTIFY_QUESTION_ENDED, CaseMail::QuestionEnded),
    (NOTIFY_MESSAGE, CaseMail::MessageWritten),
    (NOTIFY_INSPECTION, CaseMail::InspectionArranged),
    (NOTIFY_TRANSFER, CaseMail::CaseTransferred),
    (NOTIFY_MOVE, CaseMail::CaseMoved),
    (NOTIFY_PAUSE, CaseMail::ClockStopped),
    (NOTIFY_DELAY, CaseMail::DecisionDelayed),
    (NOTIFY_WAIVER, CaseMail::WaiverDecided),
    (NOTIFY_DEMAND, CaseMail::DemandIssued),
    (NOTIFY_CHARGE, CaseMail::ChargeAssessed),
    (NOTIFY_CONTRACT, CaseMail::ContractMoved),
];

/// Everything the worker can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Tell the person whom a case concerns of something that can be read about it.
    Tell(ApplicationId, CaseMail),
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
    /// Look at what every gateway lists as paid out.
    FetchSettlements,
    /// List the payouts of the merchant account of this name.
    ListSettlements(String),
    /// Fetch the report of one payout; the subject names account and payout.
    FetchReport(String),
    /// Tell the officer in charge of a message.
    NotifyOffice(ApplicationId),
    /// Raise an opinion of another office that did not come in time.
    RaiseOpinion(OpinionId),
    /// Look for corrections whose day is over.
    ChaseCorrections,
    /// Tell the applicant that the day of a correction is over.
    NotifyMissedCorrection(ApplicationId, CorrectionId),
    /// Look for overdue cases.
    EscalateOverdue,
    /// Tell an officer of an overdue case.
    NotifyEscalation(ApplicationId, OfficerId),
    /// Reconcile every body as of yesterday.
    ReconcileAll,
    /// Reconcile one body as of today.
    ReconcileBody,
    /// Close a decided case once nothing of it is open.
    CloseCase(ApplicationId),
    /// Remind the holder of a permit, so many days before its end, to renew it.
    RemindRenewal(PermitId, u16),
    /// End a permit whose term is over.
    ExpirePermit(PermitId),
    /// Look after the open disputes of every tenant.
    RemindOfDisputes,
    /// Look for attempts to pay that stay open or held for too long.
    WatchPayments,
    /// Assess the late charge of a claim that was paid after its demand.
    AssessLateCharge(InvoiceId),
    /// Assess the claims of an invoice's revoked waivers again, whose refund came to nothing.
    ReviveClaims(InvoiceId),
    /// Send the demands of every tenant whose day has come.
    IssueDemands,
    /// End the grants of every tenant whose rest was not paid in time.
    ExpireWaivers,
    /// Say of every tenant's steps past their deadline that they are.
    RaiseOverdueSteps,
    /// Tell somebody who could act on a step that it is past its deadline.
    NotifyOverdueStep(StepNotice),
    /// Hand over what lies with departments that have ended.
    FollowReorganisations,
    /// Put slips under eL numbers that are new, or taken no more, into files for the organisation.
    UploadElQr,
    /// Book the payments of a file of the organisation.
    BookElQr(ElQrFileId),
    /// File ended cases, and mark the record files that have expired.
    FileRecords,
    /// Number what came in at every body.
    NumberIncoming,
    /// End the offers of contracts whose last day is over.
    LapseContracts,
    /// Carry out what was approved to become of a record file.
    CarryOutMeasure(RecordMeasureId),
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
        if let Some((_, words)) = TOLD.iter().find(|(told, _)| *told == kind) {
            return Ok(Self::Tell(ApplicationId(id()?), *words));
        }
        match kind {
            MAIL_ACCOUNT_EXISTS => Ok(Self::MailAccountExists(AccountId(id()?))),
            RECOVER_OPERATION => Ok(Self::RecoverOperation(OperationId(id()?))),
            POLL_REFUND => Ok(Self::PollRefund(RefundId(id()?))),
            POLL_PAYMENT => Ok(Self::PollPayment(PaymentId(id()?))),
            APPLY_NOTIFICATION => Ok(Self::ApplyNotification(subject.to_owned())),
            WORK_SETTLEMENT => Ok(Self::WorkSettlement(SettlementId(id()?))),
            CHASE_SETTLEMENTS => Ok(Self::ChaseSettlements),
            FETCH_SETTLEMENTS => Ok(Self::FetchSettlements),
            LIST_SETTLEMENTS => Ok(Self::ListSettlements(subject.to_owned())),
            FETCH_REPORT => Ok(Self::FetchReport(subject.to_owned())),
            FORGET_PERIODIC => Ok(Self::ForgetPeriodic),
            SEAL_CHECKPOINTS => Ok(Self::SealCheckpoints),
            SWEEP_FILES => Ok(Self::SweepFiles),
            FORGET_SIGN_INS => Ok(Self::ForgetSignIns),
            RECONCILE_ALL => Ok(Self::ReconcileAll),
            RECONCILE_BODY => Ok(Self::ReconcileBody),
            NOTIFY_OFFICE => Ok(Self::NotifyOffice(ApplicationId(id()?))),
            RAISE_OPINION => Ok(Self::RaiseOpinion(OpinionId(id()?))),
            CHASE_CORRECTIONS => Ok(Self::ChaseCorrections),
            ESCALATE_OVERDUE => Ok(Self::EscalateOverdue),
            NOTIFY_ESCALATION => {
                let officer = subject.split(':').nth(2).and_then(|id| id.parse().ok());
                Ok(Self::NotifyEscalation(ApplicationId(id()?), officer.ok_or_else(unknown)?))
            }
            NOTIFY_MISSED_CORRECTION => {
                let correction = subject.split(':').nth(1).and_then(|id| id.parse().ok());
                Ok(Self::NotifyMissedCorrection(ApplicationId(id()?), correction.ok_or_else(unknown)?))
            }
            CLOSE_CASE => Ok(Self::CloseCase(ApplicationId(id()?))),
            REMIND_RENEWAL => {
                let days = subject.split(':').nth(1).and_then(|days| days.parse().ok());
                Ok(Self::RemindRenewal(PermitId(id()?), days.ok_or_else(unknown)?))
            }
            EXPIRE_PERMIT => Ok(Self::ExpirePermit(PermitId(id()?))),
            REMIND_OF_DISPUTES => Ok(Self::RemindOfDisputes),
            WATCH_PAYMENTS => Ok(Self::WatchPayments),
            EXPIRE_WAIVERS => Ok(Self::ExpireWaivers),
            ASSESS_LATE_CHARGE => Ok(Self::AssessLateCharge(InvoiceId(id()?))),
            REVIVE_CLAIMS => Ok(Self::ReviveClaims(InvoiceId(id()?))),
            ISSUE_DEMANDS => Ok(Self::IssueDemands),
            RAISE_OVERDUE_STEPS => Ok(Self::RaiseOverdueSteps),
            NOTIFY_OVERDUE_STEP => {
                Ok(Self::NotifyOverdueStep(StepNotice::parse(subject).ok_or_else(unknown)?))
            }
            FOLLOW_REORGANISATIONS => Ok(Self::FollowReorganisations),
            UPLOAD_EL_QR => Ok(Self::UploadElQr),
            BOOK_EL_QR => Ok(Self::BookElQr(ElQrFileId(id()?))),
            FILE_RECORDS => Ok(Self::FileRecords),
            NUMBER_INCOMING => Ok(Self::NumberIncoming),
            LAPSE_CONTRACTS => Ok(Self::LapseContracts),
            CARRY_OUT_MEASURE => Ok(Self::CarryOutMeasure(RecordMeasureId(id()?))),
            _ => Err(unknown()),
        }
    }
}

/// Carries out one job. A failure is tried again later.
pub async fn carry_out(core: &Arc<Core>, job: Job, claimed: &ClaimedJob) -> Result<JobEnd, Failure> {
    let attempt = Attempt(claimed.attempts + 1);
    match job {
        Job::Tell(case, words) => mail::about_case(core, case, words, claimed).await,
        Job::MailAccountExists(account) => mail::account_exists(core, account, claimed).await,
        Job::RecoverOperation(id) => gateway_call::recover(core, tenant(claimed)?, id).await,
        Job::PollRefund(id) => refund_call::poll(core, tenant(claimed)?, id).await,
        Job::PollPayment(id) => poll::run(core, tenant(claimed)?, id).await,
        Job::ApplyNotification(subject) => notification::apply(core, tenant(claimed)?, &subject).await,
        Job::NotifyOffice(case) => mail::to_officer(core, case, CaseMail::MessageWritten, claimed).await,
        Job::RaiseOpinion(id) => opinion::raise_overdue(core, tenant(claimed)?, id).await,
        Job::ChaseCorrections => correction_chase::run(core).await,
        Job::EscalateOverdue => escalation::run(core).await,
        Job::NotifyEscalation(case, officer) => mail::overdue(core, case, officer, claimed).await,
        Job::NotifyMissedCorrection(case, correction) => {
            if !correction_chase::is_still_missed(core, tenant(claimed)?, correction).await? {
                return Ok(JobEnd::Done);
            }
            mail::about_case(core, case, CaseMail::CorrectionMissed, claimed).await
        }
        Job::CloseCase(case) => closing::close(core, tenant(claimed)?, case).await,
        Job::RemindRenewal(permit, days) => mail::renewal_due(core, permit, days, claimed).await,
        Job::ExpirePermit(permit) => permit_upkeep::expire(core, tenant(claimed)?, permit).await,
        Job::WorkSettlement(id) => settlement_work::run(core, tenant(claimed)?, id).await,
        Job::ChaseSettlements => settlement_work::chase(core).await,
        Job::FetchSettlements => settlement_fetch::ask_all(core).await,
        Job::ListSettlements(name) => settlement_fetch::list(core, tenant(claimed)?, &name, attempt).await,
        Job::FetchReport(subject) => settlement_fetch::fetch(core, tenant(claimed)?, &subject, attempt).await,
        Job::SealCheckpoints => seal_all(core).await,
        Job::ReconcileAll => reconciliation::run_all(core).await,
        Job::ReconcileBody => reconciliation::run_job(core, tenant(claimed)?).await,
        Job::RemindOfDisputes => remind_of_disputes(core).await,
        Job::WatchPayments => payment_watch::run_all(core).await,
        Job::ExpireWaivers => expire_waivers(core).await,
        Job::AssessLateCharge(id) => charge::assess_after_payment(core, tenant(claimed)?, id).await,
        Job::ReviveClaims(id) => revived_claim::assess_again(core, tenant(claimed)?, id).await,
        Job::IssueDemands => issue_demands(core).await,
        Job::RaiseOverdueSteps => raise_overdue_steps(core).await,
        Job::NotifyOverdueStep(notice) => mail::step_overdue(core, notice, claimed).await,
        Job::FollowReorganisations => reorganisation::follow_all(core).await,
        Job::UploadElQr => el_qr_upload::run_all(core).await,
        Job::BookElQr(id) => el_qr_booking::run(core, tenant(claimed)?, id).await,
        Job::FileRecords => filing::run_all(core).await,
        Job::NumberIncoming => incoming::number_all(core).await,
        Job::LapseContracts => contract::lapse_all(core).await,
        Job::CarryOutMeasure(id) => carry_out::run(core, tenant(claimed)?, id).await,
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
        Job::ForgetPeriodic => forget_old_jobs(core).await,
    }
}

/// Forgets periodic jobs that were done more than a week ago.
async fn forget_old_jobs(core: &Core) -> Result<JobEnd, Failure> {
    let week = SignedDuration::from_hours(24 * 7);
    let forget = move |tx: &mut Tx<'_>| {
        let now = tx.now();
        forget_periodic(tx, now.checked_sub(week).unwrap_or(now)).map_err(Failure::from)
    };
    core.db.write_alone(vec![], forget).await?;
    Ok(JobEnd::Done)
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
    let every_fetch_s = core.settings.payments.payout_fetch_minutes.saturating_mul(60);
    // Nobody need be asked where no account pays out to a body.
    let is_wanted = every_fetch_s > 0 && core.gateways.paying_out().next().is_some();
    let fetching = is_wanted.then_some(Periodic { kind: FETCH_SETTLEMENTS, every_s: every_fetch_s });
    let mut all = vec![
        Periodic { kind: FORGET_PERIODIC, every_s: 86_400 },
        Periodic { kind: SEAL_CHECKPOINTS, every_s: seal_s },
        Periodic { kind: SWEEP_FILES, every_s: 86_400 },
        Periodic { kind: FORGET_SIGN_INS, every_s: 86_400 },
        Periodic { kind: RECONCILE_ALL, every_s: 86_400 },
        Periodic { kind: REMIND_OF_DISPUTES, every_s: 86_400 },
        Periodic { kind: WATCH_PAYMENTS, every_s: 86_400 },
        Periodic { kind: CHASE_SETTLEMENTS, every_s: 86_400 },
        Periodic { kind: EXPIRE_WAIVERS, every_s: 86_400 },
        Periodic { kind: ISSUE_DEMANDS, every_s: 86_400 },
        Periodic { kind: RAISE_OVERDUE_STEPS, every_s: 86_400 },
        Periodic { kind: CHASE_CORRECTIONS, every_s: 86_400 },
        Periodic { kind: ESCALATE_OVERDUE, every_s: 86_400 },
        Periodic { kind: FILE_RECORDS, every_s: 86_400 },
        Periodic { kind: LAPSE_CONTRACTS, every_s: 86_400 },
        Periodic { kind: NUMBER_INCOMING, every_s: 120 },
        // By the hour, so that whoever pays at once by a slip of today finds it known before long.
        Periodic { kind: UPLOAD_EL_QR, every_s: 3_600 },
        // Days begin at 15:00 UTC: what works by the hour begins with the day in Japan, too.
        Periodic { kind: FOLLOW_REORGANISATIONS, every_s: 3_600 },
    ];
    all.extend(fetching);
    all
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

/// Sends what is to be demanded in every tenant; the failure of one does not hold up the others.
async fn issue_demands(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut failed = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = arrears::issue_due(core, &tenant.definition.code).await {
            failed = Err(failure);
        }
    }
    failed
}

/// Ends what was not paid in time in every tenant; the failure of one does not hold up the others.
async fn expire_waivers(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut failed = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = waiver_expiry::run(core, &tenant.definition.code).await {
            failed = Err(failure);
        }
    }
    failed
}

/// Looks for steps past their deadline in every tenant; the failure of one does not hold up the others.
async fn raise_overdue_steps(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut failed = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = step_deadline::run(core, &tenant.definition.code).await {
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
