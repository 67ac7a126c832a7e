//! Notices that go by letter (書面による通知): the work list of a department, and what its staff say of each letter. An electronic notice
//! that nobody retrieves for some days comes onto the list as well: somebody has to send it by letter, or its case never ends.
//!
//! Of a letter it is recorded when it was posted and whether it came back; what came back waits on the list again. When a letter
//! arrived is not known here and never guessed.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::idempotency::{IdempotencyRequest, Made, once};
use super::notice::{self, OpenNotice};
use super::{Ctx, Effect, Failure, Refusal, access, cases, counter, queue};
use crate::domain::calendar::{jst_day, jst_midnight};
use crate::domain::id::{NoticeId, TenantCode};
use crate::domain::notice::NoticeStep;
use crate::domain::policy::Action;
use crate::domain::procedure::Bilingual;
use crate::store::notices::{self, NoticeRow, WaitingNotice};
use crate::store::{Reads, Root, Tx};

/// Letters of one page.
const PAGE: i64 = 50;

/// To whom a letter goes, as pinned in the case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Addressee {
    /// 氏名又は名称.
    pub name: String,
    /// The address, where the case was entered from paper; of an online case it stands in the answers.
    #[serde(default)]
    pub address: Option<String>,
}

/// A letter that waits to be posted.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The notice.
    pub row: NoticeRow,
    /// 受付番号.
    pub number: Option<String>,
    /// Name of the procedure.
    pub title: Bilingual,
    /// To whom it goes.
    pub addressee: Option<Addressee>,
}

/// A page of the list.
#[derive(Clone, Debug)]
pub struct LetterPage {
    /// Oldest first.
    pub items: Vec<Letter>,
    /// The notice after which the list goes on; none at its end.
    pub next: Option<NoticeId>,
}

/// The letters that wait for somebody of the department, those that came back and electronic notices that nobody retrieves among them;
/// hidden from everybody else.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    department: String,
    after: Option<NoticeId>,
) -> Result<LetterPage, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let reader = queue::staff(tx, &inner, &body, &department, Action::ReadQueue)?.officer;
        let since = unretrieved_since(&inner, &body, jst_day(tx.now()))?;
        let rows = notices::waiting_of_department(tx, &body, &department, since, after, PAGE)?;
        let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= PAGE;
        let next = rows.last().filter(|_| is_full).map(|waiting| waiting.row.id);
        let items = rows.into_iter().map(|row| letter(&inner, &body, row)).collect::<Result<_, Failure>>()?;
        Ok::<_, Failure>((reader, LetterPage { items, next }))
    });
    let (reader, page) = read.await?;
    let cases: Vec<_> = page.items.iter().map(|letter| letter.row.application_id).collect();
    access::record(&ctx, &tenant, reader, "paper_notices", &cases).await?;
    Ok(page)
}

/// Electronic notices made before this instant have lain long enough: as many open days are over as the settings allow.
fn unretrieved_since(ctx: &Ctx, tenant: &TenantCode, today: Date) -> Result<Timestamp, Failure> {
    let body = ctx.catalogue.tenant(tenant).ok_or(Refusal::NotFound)?;
    let days = ctx.core.settings.review.unretrieved_notice_open_days;
    let last = body.calendar.open_days_ago(today, days);
    let end = last.tomorrow().ok().and_then(jst_midnight);
    end.ok_or_else(|| Failure::Internal(format!("no day after {last}")))
}

fn letter(ctx: &Ctx, tenant: &TenantCode, waiting: WaitingNotice) -> Result<Letter, Failure> {
    let version = u32::try_from(waiting.procedure_version).unwrap_or(0);
    let procedure = ctx.catalogue.procedure_version(tenant, &waiting.procedure, version);
    let slug = || Bilingual { ja: waiting.procedure.clone(), en: waiting.procedure.clone() };
    let title = procedure.map_or_else(slug, |procedure| procedure.definition.title.clone());
    let key = ctx.core.keys.open_kept_case_key(tenant, &waiting.wrapped_key)?;
    let addressee = match (&waiting.sealed_party, key) {
        (Some(sealed), Some(key)) => {
            let place = format!("parties.sealed_party:{}:applicant", waiting.row.application_id);
            Some(key.open_json(&place, sealed)?)
        }
        (None, _) | (_, None) => None,
    };
    Ok(Letter { row: waiting.row, number: waiting.number, title, addressee })
}

/// What staff say of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetterAct {
    /// It was posted.
    Posted {
        /// On which day.
        on: Date,
        /// Number of the post, if it has one (書留等の引受番号).
        tracking: Option<String>,
    },
    /// It came back (返戻).
    Returned {
        /// On which day.
        on: Date,
        /// What the post wrote on it.
        reason: String,
    },
    /// Nobody retrieves the electronic notice: it is to go by letter.
    TurnToPaper {
        /// Why.
        reason: String,
    },
}

impl LetterAct {
    fn parts(&self) -> (NoticeStep, Option<Date>, Option<(&'static str, &str)>) {
        match self {
            Self::Posted { on, tracking } => {
                let text = tracking.as_deref().map(|text| ("/tracking", text));
                (NoticeStep::Post(*on), Some(*on), text)
            }
            Self::Returned { on, reason } => (NoticeStep::Return(*on), Some(*on), Some(("/reason", reason))),
            Self::TurnToPaper { reason } => (NoticeStep::TurnToPaper, None, Some(("/reason", reason))),
        }
    }
}

/// Records what staff say of a letter, once.
pub async fn act(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: NoticeId,
    act: LetterAct,
) -> Result<Effect<OpenNotice>, Failure> {
    let root = notice::application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let say = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, &request.tenant, root, Action::Review)?;
            let mut row = notices::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            let (step, day, text) = act.parts();
            if let Some(fault) = text.and_then(|(pointer, text)| counter::text_fault(pointer, text)) {
                return Err(Refusal::Invalid(vec![fault]).into());
            }
            let happened = (day.unwrap_or_else(|| jst_day(now)), text.map(|(_, text)| text));
            notice::take(tx, &ctx, &mut case, &mut row, step, happened)?;
            case.save(tx)?;
            Ok(Made { value: notice::opened(tx, &case, row)?, resource_id: id.to_string() })
        };
        once(tx, &request, "notice", say, |tx, _| {
            let case = cases::open(tx, &ctx, &request.tenant, root, Action::Review)?;
            let row = notices::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            notice::opened(tx, &case, row)
        })
    })
    .await
}
