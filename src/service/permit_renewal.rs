//! Renewing a permit (更新): a draft of the renewal, filled in from the case that the permit was granted in.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cases::OpenCase;
use super::disposition_refusal::DispositionRefusal;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::{begin_draft, circumstances, pinned, present, seal_form};
use super::upgrade::{Upgraded, misfits};
use super::{Ctx, Effect, Failure, Refusal, cases, permit};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, PermitId};
use crate::domain::party::Meant;
use crate::domain::policy::Action;
use crate::domain::procedure::RenewalOffer;
use crate::store::permits::{self, PermitRow, RenewalRow};
use crate::store::sql::Micros;
use crate::store::{Root, Tx};

/// Opens a draft that renews a permit. No answer of the former case is lost: what the form of the renewal does not take is
/// named, and stays in the draft until the applicant edits it.
pub async fn open(ctx: Ctx, request: IdempotencyRequest, id: PermitId) -> Result<Effect<Upgraded>, Failure> {
    let (db, tenant) = (ctx.core.db.clone(), request.tenant.clone());
    // A permit never moves to another case, so what was read before the write still holds in it.
    let read = db.read(move |tx| permits::find(tx, &tenant, id).map_err(Failure::from));
    let row = read.await?.ok_or(Refusal::NotFound)?;
    db.write(Root::Application(row.application_id), move |tx| {
        let tenant = &request.tenant;
        let step = |tx: &mut Tx<'_>, now| begin(tx, &ctx, &row, now);
        once(tx, &request, "application", step, |tx, id| {
            let case = present(tx, &ctx, tenant, id)?;
            let opened = cases::open(tx, &ctx, tenant, case.id, Action::EditCase)?;
            let known = circumstances(opened.filer(), tx.now());
            let misfits = misfits(&*pinned(&ctx, &case)?, &opened.form()?, &case, &known);
            Ok(Upgraded { case, misfits })
        })
    })
    .await
}

fn begin(tx: &mut Tx<'_>, ctx: &Ctx, row: &PermitRow, now: Timestamp) -> Result<Made<Upgraded>, Failure> {
    let (tenant, today) = (&row.tenant_id, jst_day(now));
    let former = cases::open(tx, ctx, tenant, row.application_id, Action::RenewPermit)?;
    permit::untold(tx, &former)?;
    let offer = offer(tx, ctx, row, now)?;
    let found = ctx.catalogue.find_procedure(tenant, &offer.procedure, today).cloned();
    let procedure = found.ok_or(DispositionRefusal::NotRenewable)?;
    let answers = pinned(ctx, &former.row)?.form.without_calculated(former.form()?);
    let answers = filled_in(answers, &offer, row);
    let made = begin_draft(tx, ctx, tenant, &procedure, &json!({}), now)?;
    let id: ApplicationId = made.value.id;
    let mut draft = cases::open(tx, ctx, tenant, id, Action::EditCase)?;
    let known = circumstances(draft.filer(), now);
    let form = procedure.form.complete(answers, &known);
    seal_form(ctx, &mut draft, &form);
    draft.save(tx)?;
    let renewal = RenewalRow {
        tenant_id: tenant.clone(),
        application_id: id,
        permit_id: row.id,
        opened_at: Micros(now),
    };
    permits::insert_renewal(tx, &renewal)?;
    let misfits = misfits(&procedure, &form, &draft.row, &known);
    Ok(Made { resource_id: id.to_string(), value: Upgraded { misfits, case: draft.row } })
}

/// Recognises which permit a case that arrives renews, where the applicant began it from the catalogue: a permit of the same
/// holder whose number stands in the answers, at the place and with the answers that its own offer names. What had ended on the
/// day of the arrival is applied for anew; on paper nobody is known as a holder, so there staff link the cases.
pub(super) fn recognise(tx: &mut Tx<'_>, ctx: &Ctx, case: &OpenCase, now: Timestamp) -> Result<(), Failure> {
    let (tenant, day) = (&case.row.tenant_id, case.arrival_day(now));
    // What renews a permit grants one.
    if case.paper.is_some() || pinned(ctx, &case.row)?.definition.validity.is_none() {
        return Ok(());
    }
    let renewed = ctx.catalogue.renewed_by(tenant, &case.row.procedure);
    let Some(holder) = case.account_of(Meant::Holder).filter(|_| !renewed.is_empty()) else { return Ok(()) };
    if permits::renewed_by(tx, tenant, case.row.id)?.is_some() {
        return Ok(());
    }
    let form = case.form()?;
    for row in permits::of_holder_under(tx, tenant, holder, &renewed)? {
        let view = permit::view(tx, &ctx.catalogue, row, day)?;
        let named =
            view.offer.as_ref().is_some_and(|offer| names(&form, offer, &case.row.procedure, &view.row));
        if named && view.state.is_renewable() && !view.is_followed() {
            let renewal = RenewalRow {
                tenant_id: tenant.clone(),
                application_id: case.row.id,
                permit_id: view.row.id,
                opened_at: Micros(now),
            };
            return Ok(permits::insert_renewal(tx, &renewal)?);
        }
    }
    Ok(())
}

/// Whether answers are a renewal of a permit as its offer says.
fn names(form: &Value, offer: &RenewalOffer, procedure: &str, row: &PermitRow) -> bool {
    let presets = || offer.preset.iter().all(|(field, value)| form.get(field) == Some(&json!(value)));
    let number = offer.number_field.as_ref().and_then(|field| form.get(field)).and_then(Value::as_str);
    let is_same = |number: &str| bare(number) == bare(&row.document_number);
    offer.procedure == procedure && presets() && number.is_some_and(is_same)
}

/// A number without what people write otherwise: spaces, and the width of digits and brackets.
fn bare(number: &str) -> String {
    let narrow = |letter: char| match letter {
        '！'..='～' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
        _ => letter,
    };
    number.chars().filter(|letter| !letter.is_whitespace()).map(narrow).collect()
}

/// How the permit is renewed today: what has expired is applied for anew, not renewed.
fn offer(tx: &mut Tx<'_>, ctx: &Ctx, row: &PermitRow, now: Timestamp) -> Result<RenewalOffer, Failure> {
    let view = permit::view(tx, &ctx.catalogue, row.clone(), jst_day(now))?;
    if !view.state.is_renewable() || view.is_followed() {
        return Err(DispositionRefusal::NotRenewable.into());
    }
    if view.has_open_renewal() {
        return Err(DispositionRefusal::RenewalOpen.into());
    }
    Ok(view.offer.ok_or(DispositionRefusal::NotRenewable)?)
}

/// The former answers with what makes them a renewal.
fn filled_in(mut answers: Value, offer: &RenewalOffer, row: &PermitRow) -> Value {
    if let Some(answers) = answers.as_object_mut() {
        for (field, value) in &offer.preset {
            answers.insert(field.clone(), json!(value));
        }
        if let (Some(field), Some(last)) = (&offer.expiry_field, row.valid_to) {
            answers.insert(field.clone(), json!(last.0.to_string()));
        }
        if let Some(field) = &offer.granted_field {
            answers.insert(field.clone(), json!(row.valid_from.0.to_string()));
        }
        if let Some(field) = &offer.number_field {
            answers.insert(field.clone(), json!(row.document_number));
        }
    }
    answers
}
