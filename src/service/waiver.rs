//! Waivers (減免): asked for with a ground and its evidence, decided on the route of approval, booked by a reassessment.
//!
//! A party asks, or a clerk for somebody who asked in another way, or a notice after a disaster by itself. An officer drafts
//! what is decided ([`super::waiver_decision`]); the last seal grants or refuses it.

use jiff::Timestamp;
use serde_json::json;

use super::cases::{self, OpenCase, system_actor};
use super::catalogue::faults_below;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::waiver_refusal::WaiverRefusal;
use super::waiver_revocation::{self, OpenRevocation};
use super::{Ctx, Effect, Failure, Refusal, access, approval, billing, intake, payment, reassessment};
use crate::domain::approval::{ProposalBody, ProposalState, Subject};
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{AttachmentId, InvoiceId, TenantCode, WaiverId};
use crate::domain::invoice::InvoiceState;
use crate::domain::my_number;
use crate::domain::policy::{Action, Actor};
use crate::domain::procedure::{Bilingual, Relief};
use crate::domain::waiver::{
    DisasterNotice, NoticeUse, WaiverGround, WaiverSituation, WaiverStep, possible_grounds,
};
use crate::service::waiver_place::municipalities_of;
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::sql::{Json, Micros};
use crate::store::waivers::{self, WaiverRow};
use crate::store::{Reads, Root, Tx, attachments, jobs, proposals};

/// The job that tells the applicant what was decided about a waiver; its subject is the application's id and the waiver's.
pub const NOTIFY_WAIVER: &str = "notify_waiver";

/// The most characters of a statement.
const LONGEST_STATEMENT: usize = 4_000;

/// The most attachments that one request names.
const MOST_ATTACHMENTS: usize = 20;

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct RequestWaiver {
    /// The code of the ground.
    pub ground: String,
    /// Why it holds.
    pub statement: String,
    /// Attachments of the case that prove it.
    pub attachments: Vec<AttachmentId>,
}

/// A request in clear.
#[derive(Clone, Debug)]
pub struct OpenWaiver {
    /// The request.
    pub row: WaiverRow,
    /// Why the ground holds.
    pub statement: String,
    /// Why it was granted or refused, once it was.
    pub reasons: Vec<String>,
    /// Its revocation, where it was revoked.
    pub revocation: Option<OpenRevocation>,
}

/// The waivers of an invoice.
#[derive(Clone, Debug)]
pub struct WaiversOfInvoice {
    /// The grounds that can be named now.
    pub grounds: Vec<WaiverGround>,
    /// Every request, oldest first.
    pub items: Vec<OpenWaiver>,
}

/// Asks for a waiver of what is owed.
pub async fn request(
    ctx: Ctx,
    request: IdempotencyRequest,
    invoice: InvoiceId,
    wanted: RequestWaiver,
) -> Result<Effect<OpenWaiver>, Failure> {
    let root = payment::application_of(&ctx, &request.tenant, invoice).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let ask = |tx: &mut Tx<'_>, now| ask(tx, &ctx, &request.tenant, invoice, &wanted, now);
        once(tx, &request, "waiver", ask, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn ask(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: InvoiceId,
    wanted: &RequestWaiver,
    now: Timestamp,
) -> Result<Made<OpenWaiver>, Failure> {
    let invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, invoice.application_id, Action::RequestWaiver)?;
    refuse_ended(&case, &invoice)?;
    refuse_content(tx, &case, wanted)?;
    let found = grounds(ctx, &case, now)?.into_iter().find(|ground| ground.code == wanted.ground);
    let Some(ground) = found else {
        let (ja, en) = ("この事由による減免は申請できません。", "This ground cannot be named here.");
        return Err(Refusal::Invalid(vec![Fault::new("/ground", "unknown_value", ja, en)]).into());
    };
    if !ground.is_in_time(jst_day(invoice.issued_at.0), jst_day(now)) {
        return Err(WaiverRefusal::TooLate.into());
    }
    if waivers::of_invoice(tx, tenant, id)?.iter().any(is_open) {
        return Err(WaiverRefusal::InProgress.into());
    }

    // From here on everything changes rows; every refusal stands above.
    let filer = match &case.actor {
        Actor::Officer(officer) => ("officer", Some(officer.officer.to_string())),
        Actor::Person(account) => ("party", Some(account.to_string())),
        Actor::Anonymous => return Err(Refusal::NotSignedIn.into()),
    };
    let request = NewWaiver { ground, statement: &wanted.statement, attachments: &wanted.attachments, filer };
    let actor = cases::event_actor(&case.actor);
    let row = insert(tx, ctx, &mut case, &invoice, request, actor, now)?;
    case.save(tx)?;
    Ok(Made { resource_id: row.id.to_string(), value: open(tx, &case, row)? })
}

/// A request that is about to be stored.
struct NewWaiver<'a> {
    ground: WaiverGround,
    statement: &'a str,
    attachments: &'a [AttachmentId],
    filer: (&'static str, Option<String>),
}

fn insert(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    invoice: &InvoiceRow,
    new: NewWaiver<'_>,
    actor: EventActor,
    now: Timestamp,
) -> Result<WaiverRow, Failure> {
    let id = WaiverId(tx.new_id());
    let statement = new.statement.as_bytes();
    let row = WaiverRow {
        tenant_id: invoice.tenant_id.clone(),
        id,
        application_id: invoice.application_id,
        invoice_id: invoice.id,
        state: "requested".to_owned(),
        ground: Json(new.ground),
        sealed_statement: case.key.seal(&waivers::statement_place(id), statement, ctx.core.ids.as_ref()),
        attachments: Json(new.attachments.to_vec()),
        filed_by: new.filer.0.to_owned(),
        filed_by_id: new.filer.1,
        proposal_id: None,
        amount: None,
        sealed_reasons: None,
        instruction: None,
        valid_until: None,
        decided_at: None,
        version: 1,
        created_at: Micros(now),
        updated_at: Micros(now),
    };
    waivers::insert(tx, &row)?;
    let facts = json!({ "waiver": id.to_string(), "invoice": invoice.id.to_string(),
        "ground": row.ground.0.code, "basis": row.ground.0.basis, "filed_by": row.filed_by,
        "attachments": row.attachments.0 });
    let event = NewEvent { kind: "waiver_requested", actor, facts, sealed_detail: None };
    events::append(tx, &mut case.row, event)?;
    Ok(row)
}

fn is_open(row: &WaiverRow) -> bool {
    row.waiver_state().is_ok_and(crate::domain::waiver::WaiverState::is_open)
}

/// A waiver is of something that is or was owed, while the case goes on.
fn refuse_ended(case: &OpenCase, invoice: &InvoiceRow) -> Result<(), Failure> {
    if !Subject::Waiver.fits(case.kind, case.state.name()) {
        return Err(Refusal::WrongState { state: case.state.name() }.into());
    }
    match invoice.invoice_state()? {
        InvoiceState::Waived | InvoiceState::Canceled | InvoiceState::Refunded | InvoiceState::WrittenOff => {
            Err(WaiverRefusal::NothingToWaive.into())
        }
        _ => Ok(()),
    }
}

fn refuse_content(tx: &mut impl Reads, case: &OpenCase, wanted: &RequestWaiver) -> Result<(), Failure> {
    let mut faults: Vec<Fault> = statement_fault(&wanted.statement).into_iter().collect();
    if wanted.attachments.len() > MOST_ATTACHMENTS {
        let ja = format!("{MOST_ATTACHMENTS}件以内にしてください。");
        let en = format!("At most {MOST_ATTACHMENTS} are possible.");
        faults.push(Fault::new("/attachments", "too_many", ja, en));
    }
    let present = attachments::of_case(tx, &case.row.tenant_id, case.row.id)?;
    for (index, id) in wanted.attachments.iter().enumerate() {
        if !present.iter().any(|row| row.id == *id) {
            let (ja, en) = ("この申請の添付書類ではありません。", "This is no attachment of the case.");
            let unknown = Fault::new(format!("/{index}"), "unknown_value", ja, en);
            faults.extend(faults_below("/attachments", vec![unknown]));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults).into()) }
}

/// What is wrong with a statement: empty, too long, unreadable, or with an individual number in it.
pub(super) fn statement_fault(text: &str) -> Option<Fault> {
    let fits = !text.trim().is_empty()
        && text.chars().count() <= LONGEST_STATEMENT
        && !text.chars().any(|it| it.is_control() && it != '\n');
    if !fits {
        let ja = format!("1～{LONGEST_STATEMENT}文字で入力してください。");
        let en = format!("Please enter 1 to {LONGEST_STATEMENT} characters.");
        return Some(Fault::new("/statement", "bad_text", ja, en));
    }
    let (ja, en) = ("個人番号は入力できません。", "An individual number must not be entered.");
    my_number::stands_in(text).then(|| Fault::new("/statement", "individual_number", ja, en))
}

/// The grounds that can be named for a waiver in this case today.
pub(super) fn grounds(ctx: &Ctx, case: &OpenCase, now: Timestamp) -> Result<Vec<WaiverGround>, Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    let priced_by = billing::priced_by(ctx, case, &procedure, now);
    let places = municipalities_of(&procedure.definition, &case.form()?);
    let situation = WaiverSituation {
        procedure: &case.row.procedure,
        municipalities: &places,
        arrived_on: case.arrival_day(now),
        today: jst_day(now),
    };
    let (clauses, notices) = rules(ctx, &case.row.tenant_id);
    let reliefs: &[Relief] = &priced_by.definition.reliefs;
    Ok(possible_grounds(clauses, notices, reliefs, &situation))
}

/// The clauses and the notices of a body.
pub(super) fn rules<'a>(ctx: &'a Ctx, tenant: &TenantCode) -> (&'a [WaiverGround], &'a [DisasterNotice]) {
    ctx.catalogue.tenant(tenant).map_or((&[], &[]), |body| {
        (body.definition.waiver_grounds.as_slice(), body.definition.disaster_notices.as_slice())
    })
}

/// Opens the request that a notice after a disaster asks for by itself: once an invoice, in the transaction that
/// issues it. The caller stores the case.
pub fn open_by_notice(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    invoice: &InvoiceRow,
    now: Timestamp,
) -> Result<(), Failure> {
    let (_, notices) = rules(ctx, &invoice.tenant_id);
    if notices.is_empty() || invoice.invoice_state()? != InvoiceState::Unpaid {
        return Ok(());
    }
    let procedure = intake::pinned(ctx, &case.row)?;
    let places = municipalities_of(&procedure.definition, &case.form()?);
    let situation = WaiverSituation {
        procedure: &case.row.procedure,
        municipalities: &places,
        arrived_on: case.arrival_day(now),
        today: jst_day(now),
    };
    let automatic =
        |notice: &&DisasterNotice| notice.used == NoticeUse::Automatic && notice.concerns(&situation);
    let Some(notice) = notices.iter().find(automatic) else { return Ok(()) };
    let ground = notice.ground();
    match reassessment::lift(tx, invoice, &ground, None) {
        // Where the notice leaves the amount to the decision, people name it.
        Ok(_) | Err(Failure::Refused(Refusal::Waiver(WaiverRefusal::AmountNeeded))) => {}
        Err(Failure::Refused(_)) => return Ok(()),
        Err(failure) => return Err(failure),
    }
    let Bilingual { ja, .. } = &notice.status;
    let statement =
        format!("{}（{}）に該当する住所・所在地のため。確認: {ja}", notice.label.ja, notice.notice);
    let request = NewWaiver { ground, statement: &statement, attachments: &[], filer: ("notice", None) };
    insert(tx, ctx, case, invoice, request, system_actor("disaster_notice"), now).map(drop)
}

/// Takes an open request back: a party any of the case, staff what staff or a notice opened.
pub async fn withdraw(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: WaiverId,
) -> Result<Effect<OpenWaiver>, Failure> {
    let root = root_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(root, move |tx| {
        let back = |tx: &mut Tx<'_>, _| take_back(tx, &ctx, &request.tenant, id);
        once(tx, &request, "waiver_withdrawal", back, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn take_back(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: WaiverId,
) -> Result<Made<OpenWaiver>, Failure> {
    let mut row = waivers::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, row.application_id, Action::RequestWaiver)?;
    if access::reader(&case.actor).is_some() && row.filed_by == "party" {
        return Err(Refusal::Forbidden.into());
    }
    let next = row.waiver_state()?.apply(WaiverStep::Withdraw)?;
    if let Some(proposal) = row.proposal_id
        && proposals::find(tx, tenant, proposal)?.is_some_and(|found| found.row.state == "in_approval")
    {
        return Err(WaiverRefusal::WrongState { state: "in_approval" }.into());
    }
    next.as_str().clone_into(&mut row.state);
    waivers::update(tx, &mut row)?;
    case.record(tx, "waiver_withdrawn", json!({ "waiver": id.to_string() }), None)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: open(tx, &case, row)? })
}

/// Ends what is still open of a case that ended without a decision, with the proposals that wait for a seal: nobody could give
/// one any more. The caller stores the case.
pub(super) fn end_with_case(tx: &mut Tx<'_>, case: &mut OpenCase) -> Result<(), Failure> {
    for (proposal, subject) in proposals::end_live_of_case(tx, &case.row.tenant_id, case.row.id)? {
        let facts = json!({ "proposal": proposal, "subject": subject });
        case.record(tx, "proposal_ended", facts, None)?;
    }
    for mut row in waivers::of_case(tx, &case.row.tenant_id, case.row.id)? {
        let Ok(next) = row.waiver_state()?.apply(WaiverStep::Withdraw) else { continue };
        next.as_str().clone_into(&mut row.state);
        waivers::update(tx, &mut row)?;
        case.record(tx, "waiver_withdrawn", json!({ "waiver": row.id.to_string() }), None)?;
    }
    Ok(())
}

/// Ends what was asked and what waits for a seal about invoices that are canceled: nothing is left to be waived or given up. The
/// caller stores the case.
pub(super) fn end_with_invoices(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    ended: &[InvoiceId],
) -> Result<(), Failure> {
    let (tenant, id) = (case.row.tenant_id.clone(), case.row.id);
    for subject in [Subject::Waiver, Subject::WriteOff] {
        let Some(mut routed) = proposals::latest_of_case(tx, &tenant, id, subject)? else { continue };
        let is_about_them = match approval::open_body(case, &routed.row)? {
            ProposalBody::Waiver(body) => ended.contains(&body.invoice),
            ProposalBody::WriteOff(body) => ended.contains(&body.invoice),
            _ => false,
        };
        if !is_about_them || routed.row.state != "in_approval" {
            continue;
        }
        ProposalState::Recalled.as_str().clone_into(&mut routed.row.state);
        proposals::update(tx, &mut routed)?;
        let facts = json!({ "proposal": routed.row.id, "subject": routed.row.subject });
        case.record(tx, "proposal_ended", facts, None)?;
    }
    for mut row in waivers::of_case(tx, &tenant, id)? {
        if !ended.contains(&row.invoice_id) {
            continue;
        }
        let Ok(next) = row.waiver_state()?.apply(WaiverStep::Withdraw) else { continue };
        next.as_str().clone_into(&mut row.state);
        waivers::update(tx, &mut row)?;
        case.record(tx, "waiver_withdrawn", json!({ "waiver": row.id.to_string() }), None)?;
    }
    Ok(())
}

/// The waivers of an invoice and the grounds that can be named, for parties and the department.
pub async fn of_invoice(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<WaiversOfInvoice, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, application, found) = ctx
        .core
        .db
        .read(move |tx| {
            let invoice = invoices::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
            let case = cases::open(tx, &inner, &body, invoice.application_id, Action::ReadCase)?;
            let rows = waivers::of_invoice(tx, &body, id)?;
            let items = rows.into_iter().map(|row| open(tx, &case, row)).collect::<Result<Vec<_>, _>>()?;
            let now = tx.now();
            let mut grounds = match refuse_ended(&case, &invoice) {
                Ok(()) => grounds(&inner, &case, now)?,
                Err(Failure::Refused(_)) => Vec::new(),
                Err(failure) => return Err(failure),
            };
            let issued_on = jst_day(invoice.issued_at.0);
            grounds.retain(|ground| ground.is_in_time(issued_on, jst_day(now)));
            let found = WaiversOfInvoice { grounds, items };
            Ok::<_, Failure>((access::reader(&case.actor), case.row.id, found))
        })
        .await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "waivers", &[application]).await?;
    }
    Ok(found)
}

/// One waiver, for parties and the department.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: WaiverId) -> Result<OpenWaiver, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, found) = ctx
        .core
        .db
        .read(move |tx| {
            let row = waivers::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
            let case = cases::open(tx, &inner, &body, row.application_id, Action::ReadCase)?;
            Ok::<_, Failure>((access::reader(&case.actor), open(tx, &case, row)?))
        })
        .await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "waivers", &[found.row.application_id]).await?;
    }
    Ok(found)
}

/// The case of a waiver, which is the root to lock; the policy is asked again inside the transaction.
pub(super) async fn root_of(ctx: &Ctx, tenant: &TenantCode, id: WaiverId) -> Result<Root, Failure> {
    let tenant = tenant.clone();
    let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(waivers::find(tx, &tenant, id)?)).await?;
    Ok(Root::Application(found.ok_or(Refusal::NotFound)?.application_id))
}

pub(super) fn present(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: &str,
) -> Result<OpenWaiver, Failure> {
    let id = id.parse().map_err(|_| Failure::Internal("a record names no waiver".to_owned()))?;
    let row = waivers::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let case = cases::open(tx, ctx, tenant, row.application_id, Action::ReadCase)?;
    open(tx, &case, row)
}

/// Opens what is sealed of a request.
pub(super) fn open(tx: &mut impl Reads, case: &OpenCase, row: WaiverRow) -> Result<OpenWaiver, Failure> {
    let statement = case.key.open(&waivers::statement_place(row.id), &row.sealed_statement)?;
    let statement = String::from_utf8_lossy(&statement).into_owned();
    let reasons = match &row.sealed_reasons {
        Some(sealed) => case.key.open_json(&waivers::reasons_place(row.id), sealed)?,
        None => Vec::new(),
    };
    let revocation = waiver_revocation::of_waiver(tx, case, &row)?;
    Ok(OpenWaiver { row, statement, reasons, revocation })
}

/// Enqueues the mail about where a waiver stands now.
pub(super) fn tell(tx: &mut Tx<'_>, row: &WaiverRow, now: Timestamp) -> Result<(), Failure> {
    let subject = format!("{}:{}:{}", row.application_id, row.id, row.state);
    jobs::enqueue(tx, row.tenant_id.as_str(), NOTIFY_WAIVER, &subject, now)?;
    Ok(())
}
