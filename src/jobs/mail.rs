//! Mails: read who gets one, open what is sealed, put it into the pick-up folder.

use std::sync::Arc;

use super::JobEnd;
use crate::domain::id::{AccountId, ApplicationId, JobId, TenantCode};
use crate::mail::{self, Mail};
use crate::service::account::open_profile;
use crate::service::{Core, Failure};
use crate::store::{accounts, parties};

/// Tells the owner of an address that somebody tried to register it again. An account that is gone gets no mail.
pub async fn account_exists(core: &Arc<Core>, account: AccountId, job: JobId) -> Result<JobEnd, Failure> {
    let row = core.db.read(move |tx| accounts::find(tx, account).map_err(Failure::from)).await?;
    let Some(row) = row else { return Ok(JobEnd::Done) };
    let profile = open_profile(&core.keys, &row)?;
    let url = &core.settings.http.public_url;
    let mail = Mail {
        // The job's id is the same at every attempt, so a repetition is the same mail.
        message_id: job.0,
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
    let delivered = mail::deliver(&core.settings.mail, &mail).await;
    delivered.map_err(|error| Failure::Internal(format!("the mail cannot be written: {error}")))?;
    Ok(JobEnd::Done)
}

/// Tells the applicant that a decision can be read. The mail names the number only: what was decided, and about whom, is
/// read after signing in, and a mail is never the arrival of the notice.
pub async fn decision_made(
    core: &Arc<Core>,
    tenant: TenantCode,
    case: ApplicationId,
    job: JobId,
) -> Result<JobEnd, Failure> {
    tell(core, tenant, case, job, &DECISION).await
}

/// Tells the applicant that staff fixed the fee. Amount, clause and place of payment stand in the notice itself.
pub async fn fee_fixed(
    core: &Arc<Core>,
    tenant: TenantCode,
    case: ApplicationId,
    job: JobId,
) -> Result<JobEnd, Failure> {
    tell(core, tenant, case, job, &FEE).await
}

/// Tells the applicant that a correction (補正) is asked for, or an entry of a notification inquired about; what it is, and
/// by which day, is read after signing in.
pub async fn question_asked(
    core: &Arc<Core>,
    tenant: TenantCode,
    case: ApplicationId,
    job: JobId,
) -> Result<JobEnd, Failure> {
    tell(core, tenant, case, job, &QUESTION).await
}

/// Tells the applicant that a refund was decided. How much, and where to say the account it is paid to, is read after
/// signing in.
pub async fn refund_decided(
    core: &Arc<Core>,
    tenant: TenantCode,
    case: ApplicationId,
    job: JobId,
) -> Result<JobEnd, Failure> {
    tell(core, tenant, case, job, &REFUND).await
}

/// Tells the payer that a receipt, or the confirmation of an entrustment, can be read; what it proves stands there.
pub async fn receipt_issued(
    core: &Arc<Core>,
    tenant: TenantCode,
    case: ApplicationId,
    job: JobId,
) -> Result<JobEnd, Failure> {
    tell(core, tenant, case, job, &RECEIPT).await
}

/// A mail about a case; `{}` stands for its number.
struct CaseMail {
    subject: &'static str,
    ja: &'static str,
    en: &'static str,
}

const DECISION: CaseMail = CaseMail {
    subject: "【窓口】通知が届いています / A notice is waiting for you",
    ja: "受付番号 {} の手続について、通知が届いています。サインインしてご確認ください。",
    en: "A notice about your application {} is waiting. Please sign in to read it.",
};

const FEE: CaseMail = CaseMail {
    subject: "【窓口】手数料のお支払いのお願い / Your fee has been assessed",
    ja: "受付番号 {} の手続の手数料が決まりました。サインインして納入通知をご確認のうえ、お支払いください。",
    en: "The fee of your application {} has been assessed. Please sign in to read the notice and to pay.",
};

const RECEIPT: CaseMail = CaseMail {
    subject: "【窓口】納付を確認しました / Your payment has been confirmed",
    ja: "受付番号 {} の手続の納付を確認し、領収証書（指定納付受託者を通じた納付の場合は納付委託の確認）を発行しました。サイン\
         インしてご確認ください。",
    en: "The payment for your application {} has been confirmed, and its receipt (or, through a designated agent, the \
         confirmation of the entrustment) issued. Please sign in to read it.",
};

const REFUND: CaseMail = CaseMail {
    subject: "【窓口】還付のお知らせ / A refund for you",
    ja: "受付番号 {} の手続について、納付された手数料の還付が決まりました。サインインして内容をご確認ください。口座への振込\
         となる場合は、振込先の口座をお知らせください。",
    en: "A refund of what was paid for your application {} has been decided. Please sign in to see it; where it is paid by \
         bank transfer, please say to which account.",
};

const QUESTION: CaseMail = CaseMail {
    subject: "【窓口】確認をお願いします / The office has a question",
    ja: "受付番号 {} の手続について、担当課から補正または確認の依頼があります。サインインして内容と期限をご確認ください。",
    en: "The office has asked for a correction of, or a word about, your application {}. Please sign in to see what is \
         asked and by when.",
};

/// Mails the first account that acts for a party of the case; a case or account that is gone gets no mail.
async fn tell(
    core: &Arc<Core>,
    tenant: TenantCode,
    case: ApplicationId,
    job: JobId,
    words: &CaseMail,
) -> Result<JobEnd, Failure> {
    let read = core.db.read(move |tx| {
        let found = parties::case_with_accounts(tx, &tenant, case)?;
        let Some(case) = found else { return Ok(None) };
        let Some(account) = case.accounts.first() else { return Ok(None) };
        Ok::<_, Failure>(accounts::find(tx, *account)?.map(|account| (case.row.number, account)))
    });
    let Some((number, account)) = read.await? else { return Ok(JobEnd::Done) };
    let number = number.unwrap_or_default();
    let (ja, en) = (words.ja.replace("{}", &number), words.en.replace("{}", &number));
    let mail = Mail {
        message_id: job.0,
        to: open_profile(&core.keys, &account)?.email,
        subject: words.subject.to_owned(),
        body: format!("{ja}\n{url}\n\n{en}\n", url = core.settings.http.public_url),
        written_at: core.clock.now(),
    };
    let delivered = mail::deliver(&core.settings.mail, &mail).await;
    delivered.map_err(|error| Failure::Internal(format!("the mail cannot be written: {error}")))?;
    Ok(JobEnd::Done)
}
