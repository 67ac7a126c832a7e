//! Mails: read who gets one, open what is sealed, hand it over.
//!
//! A mail bears the id of its job, which is the same at every attempt: one that was taken although the answer got lost is
//! sent again, and known by that id as the same mail.

use std::sync::Arc;

use super::{JobEnd, LAST_ATTEMPT, tenant};
use crate::domain::case_mail::CaseMail;
use crate::domain::id::{AccountId, ApplicationId, OfficerId, PermitId, TenantCode};
use crate::domain::letter::{Letter, RENEWAL_DUE};
use crate::domain::office_mail::{OVERDUE_SUBJECT, overdue_body};
use crate::domain::party::Meant;
use crate::mail::{DeliveryFault, Mail};
use crate::service::account::open_profile;
use crate::service::case_holder;
use crate::service::escalation;
use crate::service::letter_to_send::{self, NoAddressee};
use crate::service::permit_upkeep::{self, Reminder};
use crate::service::step_deadline::{self, LateStep, StepNotice};
use crate::service::undelivered_mail::{self, GivenUp, LostMail};
use crate::service::{Core, Failure};
use crate::store::accounts::AccountRow;
use crate::store::jobs::ClaimedJob;
use crate::store::{accounts, applications, officers, parties};

/// Tells the owner of an address that somebody tried to register it again. An account that is gone gets no mail; one whose
/// address takes none has nothing to lose by it, so nobody is told.
pub async fn account_exists(
    core: &Arc<Core>,
    account: AccountId,
    claimed: &ClaimedJob,
) -> Result<JobEnd, Failure> {
    let row = core.db.read(move |tx| accounts::find(tx, account).map_err(Failure::from)).await?;
    let Some(row) = row else { return Ok(JobEnd::Done) };
    let profile = open_profile(&core.keys, &row)?;
    let url = &core.settings.http.public_url;
    let mail = Mail {
        message_id: claimed.id.0,
        to: profile.email,
        subject: "【窓口】登録済みのメールアドレスです / This address is registered already".to_owned(),
        body: format!(
            "{name} 様\n\nこのメールアドレスで新しいアカウントの登録が試みられましたが、すでに登録されています。\n\
             お心当たりがある場合は、いままでのパスワードでサインインしてください。\n{url}\n\
             お心当たりがない場合、何もする必要はありません。\n\n\
             Somebody tried to register a new account with this address, which has one already. If it was you, please \
             sign in with the password you have. If not, there is nothing to do.\n",
            name = profile.name
        ),
        written_at: core.clock.now(),
    };
    match core.mail.deliver(&mail).await {
        Ok(()) | Err(DeliveryFault::Permanent { .. }) => Ok(JobEnd::Done),
        Err(fault @ DeliveryFault::Temporary { .. }) => Err(Failure::Internal(fault.to_string())),
    }
}

/// Reminds the holder of a permit to renew it, where that is still to be done. The mail names the number and the day;
/// about whom and what, is read after signing in. What is refused for good goes onto the work list of the department; a holder without
/// an account is told by letter.
pub async fn renewal_due(
    core: &Arc<Core>,
    permit: PermitId,
    days_before: u16,
    claimed: &ClaimedJob,
) -> Result<JobEnd, Failure> {
    let row = match permit_upkeep::reminder(core, tenant(claimed)?, permit, days_before).await? {
        Reminder::Due(row) => row,
        Reminder::Early(at) => return Ok(JobEnd::Again(at)),
        Reminder::Moot => return Ok(JobEnd::Done),
    };
    let Some(last) = row.valid_to else { return Ok(JobEnd::Done) };
    let tenant = tenant(claimed)?;
    let account = match row.holder_id {
        Some(holder) => core.db.read(move |tx| accounts::find(tx, holder).map_err(Failure::from)).await?,
        None => None,
    };
    let Some(account) = account else {
        return by_letter(core, (tenant, row.application_id), RENEWAL_DUE, claimed).await;
    };
    let (number, last) = (&row.document_number, last.0);
    let link = format!("{}/v1/tenants/{}/permits/{}", core.settings.http.public_url, row.tenant_id, row.id);
    let subject = "【窓口】更新の時期が近づいています / Your permit is due for renewal";
    let body = format!(
        "{number} の有効期間は {last} に満了します。サインインして更新の申請を始めると、前回の内容が入力された状態で\
         作成できます。\n{link}\n\nThe term of {number} ends on {last}. After signing in you can begin its renewal; the \
         answers you gave before are filled in.\n"
    );
    let mail = mail_to(core, &account, (subject, body), claimed)?;
    deliver(core, &mail, (tenant, row.application_id), RENEWAL_DUE, claimed).await
}

/// Tells somebody who could act on a step of an approval route that it is past its deadline, where it still is. The mail names
/// the number of the case and the day. An address that takes none loses nothing by it: the list of what waits marks the step.
pub async fn step_overdue(
    core: &Arc<Core>,
    notice: StepNotice,
    claimed: &ClaimedJob,
) -> Result<JobEnd, Failure> {
    let late = step_deadline::late_step(core, tenant(claimed)?, notice).await?;
    let Some(LateStep { account, number, due_on }) = late else { return Ok(JobEnd::Done) };
    let link = format!("{}/v1/me/approvals", core.settings.http.public_url);
    let subject = "【窓口】決裁の期限を過ぎた案件があります / A step of approval is past its deadline";
    let body = format!(
        "受付番号 {number} の決裁が {due_on} の期限を過ぎています。サインインしてご確認ください。\n{link}\n\n\
         A step of approval of application {number} was to be done by {due_on}. Please sign in to see to it.\n"
    );
    to_account(core, &account, (subject, body), claimed).await
}

/// Tells a member of staff of an overdue case, while it is overdue; an address that takes none is no reason to go on.
pub async fn overdue(
    core: &Arc<Core>,
    case: ApplicationId,
    officer: OfficerId,
    claimed: &ClaimedJob,
) -> Result<JobEnd, Failure> {
    let Some(found) = escalation::still_overdue(core, tenant(claimed)?, case, officer).await? else {
        return Ok(JobEnd::Done);
    };
    let due_on = found.due_on.to_string();
    let body = overdue_body(&found.number, &due_on, &core.settings.http.public_url);
    to_account(core, &found.account, (OVERDUE_SUBJECT, body), claimed).await
}

/// A mail to somebody who finds the same after signing in: an address that takes none loses nothing by it.
async fn to_account(
    core: &Arc<Core>,
    account: &AccountRow,
    (subject, body): (&str, String),
    claimed: &ClaimedJob,
) -> Result<JobEnd, Failure> {
    let mail = mail_to(core, account, (subject, body), claimed)?;
    match core.mail.deliver(&mail).await {
        Ok(()) | Err(DeliveryFault::Permanent { .. }) => Ok(JobEnd::Done),
        Err(fault @ DeliveryFault::Temporary { .. }) => Err(Failure::Internal(fault.to_string())),
    }
}

/// Mails whoever is written to about the case; a case that is gone gets no mail. Without an account it is a letter of
/// the department; what is refused for good, or failed at the last attempt, goes onto its work list.
pub async fn about_case(
    core: &Arc<Core>,
    case: ApplicationId,
    words: CaseMail,
    claimed: &ClaimedJob,
) -> Result<JobEnd, Failure> {
    let tenant = tenant(claimed)?;
    let body = tenant.clone();
    let read = core.db.read(move |tx| {
        let found = parties::case_with_accounts(tx, &body, case)?;
        let Some(case) = found else { return Ok(None) };
        let addressee = Meant::Addressee.among(&case.roles);
        let account = addressee.map(|account| accounts::find(tx, account)).transpose()?;
        Ok::<_, Failure>(Some((case.row.number, account.flatten())))
    });
    let Some((number, account)) = read.await? else { return Ok(JobEnd::Done) };
    let Some(account) = account else {
        return match Letter::instead_of(words) {
            Letter::Elsewhere => Ok(JobEnd::Done),
            Letter::Paper(_) | Letter::Words => {
                by_letter(core, (tenant, case), words.as_str(), claimed).await
            }
        };
    };
    let body = words.body(&number.unwrap_or_default(), &core.settings.http.public_url);
    let mail = mail_to(core, &account, (words.subject(), body), claimed)?;
    deliver(core, &mail, (tenant, case), words.as_str(), claimed).await
}

fn mail_to(
    core: &Core,
    account: &AccountRow,
    (subject, body): (&str, String),
    claimed: &ClaimedJob,
) -> Result<Mail, Failure> {
    Ok(Mail {
        message_id: claimed.id.0,
        to: open_profile(&core.keys, account)?.email,
        subject: subject.to_owned(),
        body,
        written_at: core.clock.now(),
    })
}

/// Sends a mail about a case; `told` is the name of what it tells, under which it stands on the work list if it is given up.
async fn deliver(
    core: &Arc<Core>,
    mail: &Mail,
    (tenant, case): (TenantCode, ApplicationId),
    told: &'static str,
    claimed: &ClaimedJob,
) -> Result<JobEnd, Failure> {
    let why = match core.mail.deliver(mail).await {
        Ok(()) => return Ok(JobEnd::Done),
        Err(DeliveryFault::Permanent { reply_code }) => GivenUp::Refused(reply_code),
        Err(DeliveryFault::Temporary { .. }) if claimed.attempts + 1 >= LAST_ATTEMPT => GivenUp::Exhausted,
        Err(fault @ DeliveryFault::Temporary { .. }) => return Err(Failure::Internal(fault.to_string())),
    };
    let lost = LostMail { tenant, job: claimed.id, case, mail: told };
    undelivered_mail::record(core, lost, why).await?;
    Ok(JobEnd::Done)
}

/// Asks the department for a letter where nobody can be mailed.
async fn by_letter(
    core: &Arc<Core>,
    (tenant, case): (TenantCode, ApplicationId),
    mail: &'static str,
    claimed: &ClaimedJob,
) -> Result<JobEnd, Failure> {
    let about = claimed.subject.clone();
    letter_to_send::ask(core, NoAddressee { tenant, case, mail, about }).await?;
    Ok(JobEnd::Done)
}

/// Mails the officer in charge of the case, or whoever leads the department once that officer has left it (T-7). A case that nobody has
/// gets no mail: its queue shows what is unread; an address that takes none loses nothing by it either.
pub async fn to_officer(
    core: &Arc<Core>,
    case: ApplicationId,
    words: CaseMail,
    claimed: &ClaimedJob,
) -> Result<JobEnd, Failure> {
    let (tenant, catalogue) = (tenant(claimed)?, core.catalogue.current());
    let read = core.db.read(move |tx| {
        let Some(row) = applications::find(tx, &tenant, case)? else { return Ok(None) };
        let Some(officer) = case_holder::to_tell(tx, &catalogue, &row)? else { return Ok(None) };
        let Some(account) = officers::account_of(tx, &tenant, officer)? else { return Ok(None) };
        Ok::<_, Failure>(accounts::find(tx, account)?.map(|account| (row.number, account)))
    });
    let Some((number, account)) = read.await? else { return Ok(JobEnd::Done) };
    let body = words.body(&number.unwrap_or_default(), &core.settings.http.public_url);
    to_account(core, &account, (words.subject(), body), claimed).await
}
