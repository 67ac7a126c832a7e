//! Public inspection of filings (閲覧, R-47): anybody sees what the rule of the case's own version shows, and every look is logged.
//!
//! A filing opens in the transaction of what opens it. What the rule does not name is never read into an answer; whoever
//! looks is not asked who it is (the log says `public`).

use jiff::Timestamp;

use super::cases::OpenCase;
use super::office_refusal::OfficeRefusal;
use super::{Ctx, Failure, Refusal, access};
use crate::catalogue::CatalogueProcedure;
use crate::domain::calendar::{jst_datetime, jst_day};
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::procedure::{Bilingual, PublicInspection};
use crate::domain::public_inspection::{Moment, ShownAnswer, is_open_at, is_shown_in, opens, shown};
use crate::store::applications::{self, ApplicationRow};
use crate::store::public_filings::{self, PublicFiling};
use crate::store::{Reads, Tx};

/// Filings of one page.
const PAGE: i64 = 50;

/// Opens the filing of a case to the public, where that is what the rule of its version says of what has just happened.
pub(super) fn open(
    tx: &mut Tx<'_>,
    case: &OpenCase,
    procedure: &CatalogueProcedure,
    moment: Moment,
    now: Timestamp,
) -> Result<(), Failure> {
    let rule = procedure.definition.public_inspection.as_ref();
    if rule.is_some_and(|rule| opens(rule, moment)) {
        let filing = PublicFiling { application: case.row.id, opened_at: now };
        public_filings::insert(tx, &case.row.tenant_id, &case.row.procedure, filing)?;
    }
    Ok(())
}

/// A filing as the list shows it.
#[derive(Clone, Debug)]
pub struct ListedFiling {
    /// The case.
    pub id: ApplicationId,
    /// Its number.
    pub number: String,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// Since when it is open.
    pub opened_at: Timestamp,
}

/// A page of filings with the rule.
#[derive(Clone, Debug)]
pub struct FilingPage {
    /// The rule, as it is today.
    pub rule: PublicInspection,
    /// The filings.
    pub items: Vec<ListedFiling>,
    /// Where the next page begins.
    pub next: Option<ApplicationId>,
}

/// A filing as anybody may see it.
#[derive(Clone, Debug)]
pub struct PublicView {
    /// What the list says of it.
    pub filing: ListedFiling,
    /// The rule of its own version.
    pub rule: PublicInspection,
    /// What is shown of the answers.
    pub answers: Vec<ShownAnswer>,
    /// Documents that can be looked at in the place: code and title.
    pub documents: Vec<(String, Bilingual)>,
}

/// The rule of a procedure as it is today; not found where its filings are not public, refused outside of the hours where they bind.
fn rule_today(ctx: &Ctx, tenant: &TenantCode, procedure: &str) -> Result<PublicInspection, Failure> {
    let now = ctx.now();
    let in_force = ctx.catalogue.find_procedure(tenant, procedure, jst_day(now));
    let found = in_force.or_else(|| ctx.catalogue.newest_version(tenant, procedure));
    let rule = found.and_then(|found| found.definition.public_inspection.clone()).ok_or(Refusal::NotFound)?;
    let body = ctx.catalogue.tenant(tenant).ok_or(Refusal::NotFound)?;
    if is_open_at(&rule, &body.calendar, jst_datetime(now)) {
        Ok(rule)
    } else {
        Err(OfficeRefusal::InspectionClosed.into())
    }
}

/// The filings of a procedure that are open to the public.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    procedure: String,
    after: Option<ApplicationId>,
) -> Result<FilingPage, Failure> {
    let rule = rule_today(&ctx, &tenant, &procedure)?;
    let body = tenant.clone();
    let read = ctx.core.db.read(move |tx| {
        let page = public_filings::page(tx, &body, &procedure, after, PAGE)?;
        let full = i64::try_from(page.len()).unwrap_or(i64::MAX) == PAGE;
        let next = page.last().filter(|_| full).map(|filing| filing.application);
        let mut items = Vec::with_capacity(page.len());
        for filing in page {
            items.extend(visible(tx, &body, filing)?.map(|(_, listed)| listed));
        }
        Ok::<_, Failure>((items, next))
    });
    let (items, next) = read.await?;
    let cases: Vec<_> = items.iter().map(|item| item.id).collect();
    access::record_public(&ctx, &tenant, "public_filings", &cases).await?;
    Ok(FilingPage { rule, items, next })
}

/// A filing that can be seen, with its case; none where the case was taken back or went to another body.
fn visible(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    filing: PublicFiling,
) -> Result<Option<(ApplicationRow, ListedFiling)>, Failure> {
    let Some(row) = applications::find(tx, tenant, filing.application)? else { return Ok(None) };
    let state = row.case_state()?;
    let Some(filed) = state.filed().filter(|_| is_shown_in(state.name())) else { return Ok(None) };
    let listed = ListedFiling {
        id: row.id,
        number: filed.number.clone(),
        arrived_at: filed.arrived_at,
        opened_at: filing.opened_at,
    };
    Ok(Some((row, listed)))
}

/// One filing, masked by the rule of its own version; not found where it is not open.
pub async fn get(
    ctx: Ctx,
    tenant: TenantCode,
    procedure: String,
    id: ApplicationId,
) -> Result<PublicView, Failure> {
    rule_today(&ctx, &tenant, &procedure)?;
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let opened = public_filings::find(tx, &body, &procedure, id)?.ok_or(Refusal::NotFound)?;
        let (row, filing) = visible(tx, &body, opened)?.ok_or(Refusal::NotFound)?;
        let pinned = super::intake::pinned(&inner, &row)?;
        let definition = &pinned.definition;
        let rule = definition.public_inspection.clone().ok_or(Refusal::NotFound)?;
        let key = inner.core.keys.open_case_key(&row.tenant_id, &row.wrapped_key)?;
        let form = key.open_json(&ApplicationRow::form_place(row.id), &row.sealed_form)?;
        let answers = shown(&rule, &definition.form, &form);
        let present = |code: &&String| row.attachment_codes.0.contains(*code);
        let titled = |code: &String| Some((code.clone(), definition.attachment(code)?.title.clone()));
        let documents = rule.documents.iter().filter(present).filter_map(titled).collect();
        Ok::<_, Failure>(PublicView { filing, rule, answers, documents })
    });
    let found = read.await?;
    access::record_public(&ctx, &tenant, "public_filing", &[id]).await?;
    Ok(found)
}
