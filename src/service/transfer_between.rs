//! Sending a case on to another body (移送, R-198, R-6): prefecture to municipality and back.
//!
//! The documents are sealed anew for the receiving body before the transaction, so a crash leaves at worst files that no row
//! names. Then one transaction ends the case here and begins it there: answers, parties and documents under a key of that
//! body, the arrivals so far and the receipt as one more leg, the clock with its pauses, a fee of its own, and what was still
//! owed here canceled. What was paid here is proposed for a refund as of any case that ended without a decision.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::arrival::accept;
use super::cases::{self, OpenCase, event_actor};
use super::filing::Filing;
use super::idempotency::{IdempotencyRequest, Made, is_used, once};
use super::intake::{circumstances, pinned, refuse_open_payment};
use super::opinion::unknown_department;
use super::transfer::{NewTransfer, Transfer, mover, opened, present, seal_grounds};
use super::{Ctx, Effect, Failure, Refusal, attachment, billing, case_task, clock, upgrade, waiver};
use crate::catalogue::CatalogueProcedure;
use crate::domain::application::{CaseState, Command, Filed};
use crate::domain::audit::CHAIN_START;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::fee::{FeeAssessment, SameTimeTerms};
use crate::domain::id::{ApplicationId, AttachmentId, TenantCode, TransferId};
use crate::domain::money::Yen;
use crate::domain::policy::Action;
use crate::domain::procedure::FeeDue;
use crate::domain::processing_clock::Pause;
use crate::domain::reference_number::reference_number;
use crate::domain::transfer::{TransferDirection, office_elsewhere};
use crate::seal::WrappedKey;
use crate::store::applications::{self, ApplicationRow};
use crate::store::attachments::{self, AttachmentRow};
use crate::store::parties::{self, ArrivalRow, PartyRow};
use crate::store::sql::{Json, Micros};
use crate::store::transfers::{self, TransferRow};
use crate::store::{Reads, Root, Tx, jobs, paper_filings};

/// The job that tells the applicant that another body has the case; its subject is the new case's id and the transfer's.
pub const NOTIFY_TRANSFER: &str = "notify_transfer";

/// What was sealed anew before the transaction.
struct Prepared {
    key: WrappedKey,
    files: Vec<CopiedFile>,
}

/// A document whose bytes lie in the file store once more.
struct CopiedFile {
    source: AttachmentId,
    object_key: Uuid,
    sealed_sha256: String,
}

/// A case as the receiving body takes it.
struct Accepted {
    procedure: Arc<CatalogueProcedure>,
    form: Value,
    department: String,
    /// The version whose fees it pays.
    fee_version: u32,
    /// What it owes there by its receipt; nothing where staff fix it later, or it is due on issue.
    fee: Option<FeeAssessment>,
}

/// Sends a case on to `to`.
pub(super) async fn transfer(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    to: TenantCode,
    new: NewTransfer,
) -> Result<Effect<Transfer>, Failure> {
    let (db, repeated) = (ctx.core.db.clone(), request.clone());
    // A repeat is not judged again and stores nothing again.
    let prepared = if db.read(move |tx| is_used(tx, &repeated)).await? {
        None
    } else {
        Some(prepare(&ctx, &request.tenant, id, &to, &new).await?)
    };
    db.write_alone(vec![Root::Application(id)], move |tx| {
        let go = |tx: &mut Tx<'_>, now| match &prepared {
            Some(prepared) => send(tx, &ctx, &request.tenant, id, (&to, &new, prepared), now),
            None => Err(Failure::Internal("a used key is not there any more".to_owned())),
        };
        once(tx, &request, "transfer", go, |tx, made| present(tx, &ctx, &request.tenant, made))
    })
    .await
}

/// Everything that can be refused before documents are copied; then the copies under a new key of the receiving body.
async fn prepare(
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    to: &TenantCode,
    new: &NewTransfer,
) -> Result<Prepared, Failure> {
    let (inner, body, there, wanted) = (ctx.clone(), tenant.clone(), to.clone(), new.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::Review)?;
        mover(&case)?;
        case.state.clone().apply(case.kind, Command::Transfer)?;
        let files = attachments::of_case(tx, &body, id)?;
        judge(&inner, &case, &files, &there, &wanted, tx.now())?;
        Ok::<_, Failure>((case, files))
    });
    let (case, rows) = read.await?;
    let key = ctx.core.keys.new_case_key(to, ctx.core.ids.as_ref())?;
    let mut files = Vec::with_capacity(rows.len());
    for row in rows {
        let (object_key, sealed_sha256) = attachment::copy_bytes(ctx, &case.key, &row, &key.key).await?;
        files.push(CopiedFile { source: row.id, object_key, sealed_sha256 });
    }
    Ok(Prepared { key, files })
}

/// Whether the receiving body takes the case as it is: every fault at once, of the request and of answers and documents.
fn judge(
    ctx: &Ctx,
    case: &OpenCase,
    files: &[AttachmentRow],
    to: &TenantCode,
    new: &NewTransfer,
    now: Timestamp,
) -> Result<Accepted, Failure> {
    let today = jst_day(now);
    let mut faults = new.grounds.faults();
    if ctx.catalogue.tenant(to).is_none() {
        let (ja, en) = ("この窓口にない団体です。", "There is no such body at this counter.");
        faults.push(Fault::new("/tenant", "unknown_tenant", ja, en));
    } else if new.department.as_ref().is_some_and(|it| {
        ctx.catalogue.department(to, &ctx.catalogue.in_charge(to, it, today), today).is_none()
    }) {
        faults.push(unknown_department("/department"));
    }
    let named = new.procedure.as_deref().unwrap_or_default();
    let Some(procedure) = ctx.catalogue.find_procedure(to, named, today).cloned() else {
        let ja = "移送先の団体の手続を指定してください。";
        let en = "Name a procedure that the receiving body offers today.";
        faults.push(Fault::new("/procedure", "unknown_procedure", ja, en));
        return Err(Refusal::Invalid(faults).into());
    };
    faults.extend(misfits(case, &procedure, files));
    let arrived_at = case.row.arrived_at.map_or(now, |at| at.0);
    let known = circumstances(case.filer(), arrived_at);
    // What the receiving form calculates it calculates itself; what the sending one did is no answer.
    let answers = pinned(ctx, &case.row)?.form.without_calculated(case.form()?);
    let form = procedure.form.complete(procedure.form.tidy(answers), &known);
    let (filing, of_form) = Filing::judged(&procedure, &form, case.filer(), arrived_at);
    match accept(&ctx.catalogue, &filing, of_form, &case.row.attachment_codes.0) {
        Ok(accepted) if faults.is_empty() => {
            let department = new.department.as_ref().unwrap_or(&accepted.department);
            let department = ctx.catalogue.in_charge(to, department, today);
            let priced_by = upgrade::priced_by(ctx, &procedure, jst_day(arrived_at))?;
            let fee = match procedure.definition.fee_due {
                FeeDue::OnSubmit => {
                    let (by, day) = ((&*procedure, &*priced_by), jst_day(arrived_at));
                    Some(billing::price(&filing.into_facts(), by, day, &SameTimeTerms::NONE)?)
                }
                FeeDue::AfterReview | FeeDue::OnIssue | FeeDue::None => None,
            };
            let fee = fee.filter(|fee| fee.total > Yen::ZERO);
            Ok(Accepted { department, fee_version: priced_by.definition.version, fee, form, procedure })
        }
        Ok(_) => Err(Refusal::Invalid(faults).into()),
        Err(Refusal::Invalid(more)) => {
            faults.extend(more);
            Err(Refusal::Invalid(faults).into())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// What of a case a procedure does not take: its legal kind, who applies, documents that it does not know.
fn misfits(case: &OpenCase, procedure: &CatalogueProcedure, files: &[AttachmentRow]) -> Vec<Fault> {
    let definition = &procedure.definition;
    let mut faults = Vec::new();
    if definition.kind != case.kind {
        let ja = "申請と届出の別が異なる手続には移送できません。";
        let en =
            "An application goes to a procedure for applications, a notification to one for notifications.";
        faults.push(Fault::new("/procedure", "other_kind", ja, en));
    }
    if case.applicant.is_some_and(|kind| !definition.applicant_kinds.contains(&kind)) {
        let ja = "この手続は、この申請者の種別では申請できません。";
        let en = "The procedure is not open to this kind of applicant.";
        faults.push(Fault::new("/procedure", "applicant_kind", ja, en));
    }
    for file in files {
        let pointer = || format!("/attachments/{}", file.code);
        match definition.attachment(&file.code) {
            None => {
                let (ja, en) = ("移送先の手続にない書類です。", "The procedure has no such document.");
                faults.push(Fault::new(pointer(), "unknown_code", ja, en));
            }
            Some(rule) => {
                let fits = u64::try_from(file.size).is_ok_and(|size| size <= rule.max_bytes);
                if !fits || !rule.media_types.contains(&file.media_type) {
                    let ja = "移送先の手続が受け付けない形式または大きさの書類です。";
                    let en = "The procedure does not take a document of this type or size.";
                    faults.push(Fault::new(pointer(), "not_accepted", ja, en));
                }
            }
        }
    }
    faults
}

/// Ends the case here and begins it there, in the caller's transaction.
fn send(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    (to, new, prepared): (&TenantCode, &NewTransfer, &Prepared),
    now: Timestamp,
) -> Result<Made<Transfer>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    let me = mover(&case)?;
    let from_state = case.state.name().as_str();
    case.state.clone().apply(case.kind, Command::Transfer)?;
    refuse_open_payment(tx, &case)?;
    let files = attachments::of_case(tx, tenant, id)?;
    let accepted = judge(ctx, &case, &files, to, new, now)?;
    if !files.iter().map(|row| row.id).eq(prepared.files.iter().map(|file| file.source)) {
        // A document was exchanged while the others were copied: the copies are of another case.
        return Err(Refusal::Busy { retry_after_s: 1 }.into());
    }
    let from_department = case.row.department.clone();
    // A fee that is canceled was never waited for, so what paused the clock is read before anything is.
    let pauses = clock::pauses_until(tx, ctx, &case.row, jst_day(now))?;
    case.step(Command::Transfer)?;
    billing::cancel_unpaid_invoices(tx, &mut case, now)?;
    case_task::end_with_case(tx, &case)?;
    let mut there = begin(tx, ctx, &case, &accepted, (to, prepared), &pauses, now)?;
    copy_documents(tx, ctx, &case, &there, &files, prepared)?;
    let transfer = TransferId(tx.new_id());
    let sent = TransferRow {
        tenant_id: tenant.clone(),
        id: transfer,
        application_id: id,
        direction: TransferDirection::Sent.as_str().to_owned(),
        from_tenant: tenant.clone(),
        from_department,
        to_tenant: to.clone(),
        to_department: accepted.department.clone(),
        other_application_id: Some(there.row.id),
        sealed_grounds: seal_grounds(ctx, &case.key, transfer, &new.grounds),
        pauses: Json(pauses.clone()),
        officer_id: me,
        transferred_at: Micros(now),
    };
    let received = TransferRow {
        tenant_id: to.clone(),
        application_id: there.row.id,
        direction: TransferDirection::Received.as_str().to_owned(),
        other_application_id: Some(id),
        sealed_grounds: seal_grounds(ctx, &there.key, transfer, &new.grounds),
        ..sent.clone()
    };
    transfers::insert(tx, &sent)?;
    transfers::insert(tx, &received)?;
    record_there(tx, ctx, &mut there, accepted, &received, now)?;
    let facts = json!({
        "transfer": transfer,
        "from": from_state,
        "tenant": to,
        "department": sent.to_department,
        "application": there.row.id,
    });
    case.record(tx, "transferred", facts, Some(sent.sealed_grounds.clone()))?;
    case.save(tx)?;
    let subject = format!("{}:{transfer}", there.row.id);
    jobs::enqueue(tx, to.as_str(), NOTIFY_TRANSFER, &subject, now)?;
    Ok(Made { value: opened(&case, sent)?, resource_id: transfer.to_string() })
}

/// Stores the case at the receiving body with its parties and arrivals.
fn begin(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    accepted: &Accepted,
    (to, prepared): (&TenantCode, &Prepared),
    pauses: &[Pause],
    now: Timestamp,
) -> Result<OpenCase, Failure> {
    let (id, definition) = (ApplicationId(tx.new_id()), &accepted.procedure.definition);
    let (ids, key) = (ctx.core.ids.as_ref(), &prepared.key.key);
    let arrived_at = case.row.arrived_at.map_or(now, |at| at.0);
    let calendar = ctx.catalogue.tenant(to).map(|body| &body.calendar);
    let state = CaseState::Submitted(Filed {
        number: reference_number(jst_day(now), id.0),
        arrived_at,
        due_on: calendar.and_then(|calendar| {
            clock::due_on_after(calendar, &accepted.procedure, jst_day(arrived_at), pauses)
        }),
    });
    let mut row = ApplicationRow {
        tenant_id: to.clone(),
        id,
        number: None,
        procedure: definition.id.clone(),
        procedure_version: i64::from(definition.version),
        kind: definition.kind.as_str().to_owned(),
        state: String::new(),
        department: accepted.department.clone(),
        assignee_id: None,
        correction_id: None,
        proposal_id: None,
        wrapped_key: prepared.key.wrapped.clone(),
        sealed_form: key.seal_json(&ApplicationRow::form_place(id), &accepted.form, ids),
        form_revision: 1,
        attachment_codes: case.row.attachment_codes.clone(),
        arrived_at: None,
        due_on: None,
        event_count: 0,
        event_head: CHAIN_START.to_vec(),
        version: 1,
        created_at: Micros(now),
        updated_at: Micros(now),
        incoming_number: None,
        incoming_on: None,
        paused_for: None,
    };
    row.set_state(&state);
    applications::insert(tx, &row)?;
    copy_parties(tx, ctx, case, &row, prepared)?;
    copy_arrivals(tx, case, &row, now)?;
    if let Some(paper) = case.paper {
        paper_filings::insert(tx, to, id, paper, (mover(case)?, now))?;
    }
    Ok(OpenCase {
        kind: case.kind,
        state,
        key: prepared.key.key.clone(),
        actor: case.actor.clone(),
        parties: case.parties.clone(),
        roles: case.roles.clone(),
        applicant: case.applicant,
        paper: case.paper,
        row,
    })
}

/// Every party stays one, sealed anew.
fn copy_parties(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    to: &ApplicationRow,
    prepared: &Prepared,
) -> Result<(), Failure> {
    for party in parties::of_case(tx, &case.row.tenant_id, case.row.id)? {
        let place = |id: ApplicationId| format!("parties.sealed_party:{id}:{}", party.role);
        let text = case.key.open(&place(case.row.id), &party.sealed_party)?;
        let row = PartyRow {
            tenant_id: to.tenant_id.clone(),
            application_id: to.id,
            role: party.role.clone(),
            account_id: party.account_id,
            sealed_party: prepared.key.key.seal(&place(to.id), &text, ctx.core.ids.as_ref()),
        };
        parties::insert(tx, &row)?;
    }
    Ok(())
}

/// The legs so far, unchanged, and the receipt as one more: attested by whoever sent the case on.
fn copy_arrivals(
    tx: &mut Tx<'_>,
    case: &OpenCase,
    to: &ApplicationRow,
    now: Timestamp,
) -> Result<(), Failure> {
    let legs = parties::arrivals_of(tx, &case.row.tenant_id, case.row.id)?;
    let last = legs.last().map_or(0, |leg| leg.leg);
    for leg in legs {
        let row = ArrivalRow {
            tenant_id: to.tenant_id.clone(),
            application_id: to.id,
            office: office_elsewhere(case.row.tenant_id.as_str(), &leg.office),
            recorded_at: Micros(now),
            ..leg
        };
        parties::insert_arrival(tx, &row)?;
    }
    let row = ArrivalRow {
        tenant_id: to.tenant_id.clone(),
        application_id: to.id,
        leg: last + 1,
        office: to.department.clone(),
        arrived_at: Micros(now),
        channel: "online".to_owned(),
        attested_by: Some(event_actor(&case.actor).id),
        recorded_at: Micros(now),
    };
    Ok(parties::insert_arrival(tx, &row)?)
}

fn copy_documents(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    there: &OpenCase,
    files: &[AttachmentRow],
    prepared: &Prepared,
) -> Result<(), Failure> {
    for (file, copy) in files.iter().zip(&prepared.files) {
        let id = AttachmentId(tx.new_id());
        let name = case.key.open(&attachments::name_place(file.id), &file.sealed_name)?;
        let row = AttachmentRow {
            tenant_id: there.row.tenant_id.clone(),
            id,
            application_id: there.row.id,
            sealed_name: there.key.seal(&attachments::name_place(id), &name, ctx.core.ids.as_ref()),
            sealed_sha256: copy.sealed_sha256.clone(),
            object_key: copy.object_key.to_string(),
            ..file.clone()
        };
        attachments::insert(tx, &row)?;
    }
    Ok(())
}

/// The first event of the case at the receiving body, with the fee it asks for by itself.
fn record_there(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    there: &mut OpenCase,
    accepted: Accepted,
    received: &TransferRow,
    now: Timestamp,
) -> Result<(), Failure> {
    let definition = &accepted.procedure.definition;
    let issue = |fee| billing::issue_invoice(tx, ctx, there, fee, None, now);
    let invoice = accepted.fee.map(issue).transpose()?;
    let facts = json!({
        "transfer": received.id,
        "from_tenant": received.from_tenant,
        "from_department": received.from_department,
        "from_application": received.other_application_id,
        "number": there.row.number,
        "procedure": definition.id,
        "procedure_version": definition.version,
        "procedure_digest": accepted.procedure.digest,
        "fee_version": accepted.fee_version,
        "first_arrived_at": there.row.arrived_at.map(|at| at.0),
        "form_sha256": crate::seal::sha256_hex(&there.row.sealed_form),
        "due_on": there.row.due_on.map(|due| due.0.to_string()),
        "department": there.row.department,
        "invoice": invoice.as_ref().map(|invoice| invoice.id.to_string()),
        "total": invoice.as_ref().map_or(0, |invoice| invoice.total.amount()),
    });
    there.record(tx, "received_by_transfer", facts, Some(received.sealed_grounds.clone()))?;
    if let Some(invoice) = &invoice {
        clock::note_pause(tx, &ctx.core, &mut there.row)?;
        waiver::open_by_notice(tx, ctx, there, invoice, now)?;
    }
    there.save(tx)
}
