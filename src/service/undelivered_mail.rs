//! Mail that nobody will get (不達): recorded by the job that gave up, and a work list of the department in charge, because
//! somebody still has to be told.

use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Core, Ctx, Effect, Failure, Refusal, access, cases, queue, review};
use crate::domain::id::{ApplicationId, JobId, TenantCode};
use crate::domain::policy::Action;
use crate::store::sql::Micros;
use crate::store::undelivered_mails::{self, UndeliveredMailRow};
use crate::store::{Root, Tx};

/// Mails of one page.
const PAGE: i64 = 50;

/// Why a mail is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUp {
    /// It was refused for good, by this reply; without one the address itself cannot be used.
    Refused(Option<u16>),
    /// The last attempt failed, too.
    Exhausted,
}

/// A mail that was given up.
#[derive(Clone, Debug)]
pub struct LostMail {
    /// The body.
    pub tenant: TenantCode,
    /// The job that should have sent it.
    pub job: JobId,
    /// The case.
    pub case: ApplicationId,
    /// The name of what it should have told.
    pub mail: &'static str,
}

/// Records a mail that was given up, once.
pub async fn record(core: &Core, lost: LostMail, why: GivenUp) -> Result<(), Failure> {
    tracing::warn!(job.id = %lost.job, mail = lost.mail, ?why, "a mail is given up");
    metrics::counter!("madoguchi_undelivered_mails_total").increment(1);
    let (reason, reply_code) = match why {
        GivenUp::Refused(reply) => ("refused", reply.map(i64::from)),
        GivenUp::Exhausted => ("gave_up", None),
    };
    core.db
        .write(Root::Application(lost.case), move |tx| {
            let row = UndeliveredMailRow {
                tenant_id: lost.tenant.clone(),
                id: lost.job,
                application_id: lost.case,
                mail: lost.mail.to_owned(),
                reason: reason.to_owned(),
                reply_code,
                failed_at: Micros(tx.now()),
                settled_by: None,
                settled_at: None,
            };
            Ok::<_, Failure>(undelivered_mails::insert(tx, &row)?)
        })
        .await
}

/// A mail on the list, with the number of its case.
pub type ListedMail = (UndeliveredMailRow, Option<String>);

/// A page of the list.
#[derive(Clone, Debug)]
pub struct MailPage {
    /// Oldest first.
    pub items: Vec<ListedMail>,
    /// The mail after which the list goes on; none at its end.
    pub next: Option<JobId>,
}

/// The mails that wait for somebody of the department; hidden from everybody else.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    department: String,
    after: Option<JobId>,
) -> Result<MailPage, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let reader = queue::staff(tx, &inner, &body, &department, Action::ReadQueue)?.officer;
        let items = undelivered_mails::open_of_department(tx, &body, &department, after, PAGE)?;
        let is_full = i64::try_from(items.len()).unwrap_or(i64::MAX) >= PAGE;
        let next = items.last().filter(|_| is_full).map(|(row, _)| row.id);
        Ok::<_, Failure>((reader, MailPage { items, next }))
    });
    let (reader, page) = read.await?;
    let cases: Vec<_> = page.items.iter().map(|(row, _)| row.application_id).collect();
    access::record(&ctx, &tenant, reader, "undelivered_mails", &cases).await?;
    Ok(page)
}

/// Says that the person was reached in another way; the first who says so stays.
pub async fn settle(ctx: Ctx, request: IdempotencyRequest, id: JobId) -> Result<Effect<ListedMail>, Failure> {
    let (db, tenant) = (ctx.core.db.clone(), request.tenant.clone());
    let found = db.read(move |tx| Ok::<_, Failure>(undelivered_mails::find(tx, &tenant, id)?)).await?;
    let case = found.ok_or(Refusal::NotFound)?.application_id;
    db.write(Root::Application(case), move |tx| {
        let open = |tx: &mut Tx<'_>| {
            let case = cases::open(tx, &ctx, &request.tenant, case, Action::Review)?;
            let row = undelivered_mails::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            Ok::<_, Failure>((case, row))
        };
        let act = |tx: &mut Tx<'_>, _| {
            let (case, mut row) = open(tx)?;
            undelivered_mails::settle(tx, &mut row, review::officer(&case)?.officer)?;
            Ok(Made { value: (row, case.row.number), resource_id: id.to_string() })
        };
        once(tx, &request, "undelivered_mail", act, |tx, _| {
            let (case, row) = open(tx)?;
            Ok((row, case.row.number))
        })
    })
    .await
}
