//! Mails: read who gets one, open what is sealed, put it into the pick-up folder.

use std::sync::Arc;

use super::JobEnd;
use crate::domain::id::{AccountId, JobId};
use crate::mail::{self, Mail};
use crate::service::account::open_profile;
use crate::service::{Core, Failure};
use crate::store::accounts;

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
