//! Public inspection of filings (閲覧, R-47): anybody sees what the rule of the case's own version shows, and every look is logged.
//!
//! A filing opens in the transaction of what opens it. What the rule does not name is never read into an answer; whoever
//! looks is not asked who it is (the log says `public`).

use std::sync::Arc;

use jiff::Timestamp;

use super::cases::OpenCase;
use super::office_refusal::OfficeRefusal;
use super::untold::Untold;
use super::{Ctx, Failure, Refusal, access, attachment, intake};
use crate::catalogue::CatalogueProcedure;
use crate::domain::calendar::{jst_datetime, jst_day};
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::procedure::{Bilingual, PublicInspection};
use crate::domain::public_inspection::{
    Moment, ShownAnswer, is_open_at, is_shown_in, is_within_period, opens, shown, tells_grant,
};
use crate::store::applications::{self, ApplicationRow};
use crate::store::public_filings::{self, PublicFiling};
use crate::store::{Reads, Tx, attachments};

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
    /// Documents that can be looked at in the place.
    pub documents: Vec<PublicDocument>,
}

/// A document of a filing.
#[derive(Clone, Debug)]
pub struct PublicDocument {
    /// The code of the attachment.
    pub code: String,
    /// Name of the document.
    pub title: Bilingual,
    /// Its media type and size in bytes, where its file is given out here.
    pub file: Option<(String, i64)>,
}

/// A file that is given out to anybody.
pub struct PublicFile {
    /// A name that says nothing of who handed it in.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes, as they were handed in.
    pub bytes: Vec<u8>,
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
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let page = public_filings::page(tx, &body, &procedure, after, PAGE)?;
        let full = i64::try_from(page.len()).unwrap_or(i64::MAX) == PAGE;
        let next = page.last().filter(|_| full).map(|filing| filing.application);
        let ids: Vec<_> = page.iter().map(|filing| filing.application).collect();
        let mut cases = applications::find_each(tx, &body, &ids)?;
        let untold = Untold::of_cases(tx, &body, &ids)?;
        let mut items = Vec::with_capacity(page.len());
        for filing in page {
            let Some(case) = cases.remove(&filing.application) else { continue };
            items.extend(visible(tx, &inner, (filing, case), &untold)?.map(|open| open.listed));
        }
        Ok::<_, Failure>((items, next))
    });
    let (items, next) = read.await?;
    let cases: Vec<_> = items.iter().map(|item| item.id).collect();
    access::record_public(&ctx, &tenant, "public_filings", &cases).await?;
    Ok(FilingPage { rule, items, next })
}

/// A filing that can be seen now.
struct OpenFiling {
    case: ApplicationRow,
    listed: ListedFiling,
    procedure: Arc<CatalogueProcedure>,
    /// The rule of its own version.
    rule: PublicInspection,
}

/// A filing that can be seen; none where the case was taken back or went to another body, and after its period. What opens with a
/// grant tells it, so it is seen once the applicant was told.
fn visible(
    tx: &mut impl Reads,
    ctx: &Ctx,
    (filing, case): (PublicFiling, ApplicationRow),
    untold: &Untold,
) -> Result<Option<OpenFiling>, Failure> {
    let state = case.case_state()?;
    let Some(filed) = state.filed().filter(|_| is_shown_in(state.name())) else { return Ok(None) };
    // Where this program no longer reads the version, nothing says what is masked.
    let Ok(procedure) = intake::pinned(ctx, &case) else { return Ok(None) };
    let Some(rule) = procedure.definition.public_inspection.clone() else { return Ok(None) };
    if tells_grant(&rule) && untold.hides_decision_of(case.id) {
        return Ok(None);
    }
    let Some(body) = ctx.catalogue.tenant(&case.tenant_id) else { return Ok(None) };
    if !is_within_period(&rule, &body.calendar, jst_datetime(filing.opened_at), jst_day(tx.now())) {
        return Ok(None);
    }
    let listed = ListedFiling {
        id: case.id,
        number: filed.number.clone(),
        arrived_at: filed.arrived_at,
        opened_at: filing.opened_at,
    };
    Ok(Some(OpenFiling { case, listed, procedure, rule }))
}

fn opened(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    (procedure, id): (&str, ApplicationId),
) -> Result<OpenFiling, Failure> {
    let filing = public_filings::find(tx, tenant, procedure, id)?.ok_or(Refusal::NotFound)?;
    let case = applications::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let untold = Untold::of_cases(tx, tenant, &[id])?;
    Ok(visible(tx, ctx, (filing, case), &untold)?.ok_or(Refusal::NotFound)?)
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
        let OpenFiling { case, listed, procedure, rule } = opened(tx, &inner, &body, (&procedure, id))?;
        let definition = &procedure.definition;
        let key = inner.core.keys.open_case_key(&case.tenant_id, &case.wrapped_key)?;
        let form = key.open_json(&ApplicationRow::form_place(case.id), &case.sealed_form)?;
        let answers = shown(&rule, &definition.form, &form);
        let files = attachments::of_case(tx, &body, id)?;
        let document = |code: &String| {
            let row = files.iter().find(|row| row.code == *code)?;
            let title = definition.attachment(code)?.title.clone();
            let file = rule.files.contains(code).then(|| (row.media_type.clone(), row.size));
            Some(PublicDocument { code: code.clone(), title, file })
        };
        let documents = rule.documents.iter().filter_map(document).collect();
        Ok::<_, Failure>(PublicView { filing: listed, rule, answers, documents })
    });
    let found = read.await?;
    access::record_public(&ctx, &tenant, "public_filing", &[id]).await?;
    Ok(found)
}

/// The file of a document that the rule of the filing's own version gives out; not found where it gives out none.
pub async fn file(
    ctx: Ctx,
    tenant: TenantCode,
    procedure: String,
    (id, code): (ApplicationId, String),
) -> Result<PublicFile, Failure> {
    rule_today(&ctx, &tenant, &procedure)?;
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let OpenFiling { case, rule, procedure, .. } = opened(tx, &inner, &body, (&procedure, id))?;
        let asked = procedure.definition.attachment(&code).filter(|asked| !asked.personal_data);
        if asked.is_none() || !rule.files.contains(&code) {
            return Err(Refusal::NotFound.into());
        }
        let row = attachments::of_case(tx, &body, id)?.into_iter().find(|row| row.code == code);
        let key = inner.core.keys.open_case_key(&case.tenant_id, &case.wrapped_key)?;
        Ok::<_, Failure>((key, row.ok_or(Refusal::NotFound)?))
    });
    let (key, row) = read.await?;
    // A look is logged before anything of it is shown.
    access::record_public(&ctx, &tenant, "public_file", &[id]).await?;
    let bytes = attachment::bytes_of(&ctx, &key, &row).await?;
    let name = format!("{}{}", row.code, extension(&row.media_type));
    Ok(PublicFile { name, media_type: row.media_type, bytes })
}

/// How the name of a file of a media type ends.
fn extension(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => ".pdf",
        "image/png" => ".png",
        "image/jpeg" => ".jpg",
        _ => "",
    }
}
