//! Arrival (到達): a draft is judged as it would arrive, priced, and then recorded.
//!
//! Three steps, so that several drafts can arrive together: [`judge`] changes nothing and names every fault,
//! [`Arriving::fee`] prices (alone or with what others bear, R-58b), [`record`] writes arrival, invoice, event and case in the
//! caller's transaction. The arrival instant is the instant of that transaction, or on paper the attested one, the fee the one in force on its day
//!

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::cases::{self, OpenCase};
use super::catalogue::{fee_fault, form_faults};
use super::filing::{Accepted, Filing};
use super::intake::{circumstances, pinned, seal_form};
use super::intake_refusal::IntakeRefusal;
use super::{
    Ctx, Failure, Refusal, access, billing, clock, permit_renewal, public_inspection, upgrade, waiver,
};
use crate::catalogue::{Catalogue, CatalogueProcedure};
use crate::domain::application::{Command, Filed};
use crate::domain::calendar::jst_day;
use crate::domain::expression::Facts;
use crate::domain::fault::Fault;
use crate::domain::fee::{self, FeeAssessment, FeeEstimate, SameTimeTerms};
use crate::domain::id::{ApplicationId, BasketId, TenantCode};
use crate::domain::identification::{must_be_attested, shortfall};
use crate::domain::money::Yen;
use crate::domain::policy::Action;
use crate::domain::procedure::FeeDue;
use crate::domain::public_inspection::Moment;
use crate::domain::reference_number::reference_number;
use crate::domain::validity::Warning;
use crate::store::applications::ApplicationRow;
use crate::store::invoices::InvoiceRow;
use crate::store::parties::{self, ArrivalRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Tx, invoices};

/// A case after it was handed in.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The case.
    pub case: ApplicationRow,
    /// What is owed now, if anything.
    pub invoice: Option<InvoiceRow>,
    /// What the applicant should know; nothing of it blocks.
    pub warnings: Vec<Warning>,
}

/// A draft that may arrive now; nothing is stored yet.
#[derive(Debug)]
pub struct Arriving {
    /// The case, moved to where it will be.
    pub case: OpenCase,
    procedure: Arc<CatalogueProcedure>,
    priced_by: Arc<CatalogueProcedure>,
    arrival_day: Date,
    /// The department that received it, under its name of the day of arrival.
    office: String,
    accepted: Accepted,
    facts: Facts,
    warnings: Vec<Warning>,
    unwritable: Vec<String>,
}

/// What several drafts that arrive together have in common.
#[derive(Clone, Copy, Debug)]
pub struct Together<'a> {
    /// The basket.
    pub basket: BasketId,
    /// The full prices that other applications of it bear.
    pub terms: &'a SameTimeTerms,
}

/// Judges a draft as it would arrive at `now`: every fault of answers, place and documents, or what arrives.
pub fn judge(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    now: Timestamp,
) -> Result<Arriving, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::EditCase)?;
    let procedure = pinned(ctx, &case.row)?;
    let arrived_at = case.arrives_at(now);
    let arrival_day = jst_day(arrived_at);
    let body = ctx.catalogue.tenant(tenant);
    case.step(Command::Submit(Filed {
        number: reference_number(arrival_day, id.0),
        arrived_at,
        due_on: body.and_then(|body| clock::first_due_on(&body.calendar, &procedure, arrival_day)),
    }))?;
    let priced_by = upgrade::priced_by(ctx, &procedure, arrival_day)?;
    // What depends on the day is computed anew on the day of arrival.
    let known = circumstances(case.filer(), arrived_at);
    let written = case.form()?;
    let form = procedure.form.complete(written.clone(), &known);
    refuse_unidentified(ctx, &case, &procedure, &form)?;
    let (filing, faults) = Filing::judged(&procedure, &form, case.filer(), arrived_at);
    let accepted = accept(&ctx.catalogue, &filing, faults, &case.row.attachment_codes.0)?;
    let (warnings, unwritable) = (filing.warnings(), filing.unwritable());
    let facts = filing.into_facts();
    // Law and procedure keep the old name of a department; the case reaches who does its work today. Paper that is entered later was
    // received by who did it on that day.
    let in_charge = |day| ctx.catalogue.in_charge(tenant, &accepted.department, day);
    case.row.department = in_charge(jst_day(now));
    let office = in_charge(arrival_day);
    if form != written {
        seal_form(ctx, &mut case, &form);
    }
    Ok(Arriving { case, procedure, priced_by, arrival_day, office, accepted, facts, warnings, unwritable })
}

/// Refuses what asks for a surer identification than the session has; on paper an officer attests it instead.
pub(super) fn refuse_unidentified(
    ctx: &Ctx,
    case: &OpenCase,
    procedure: &CatalogueProcedure,
    form: &Value,
) -> Result<(), Failure> {
    let definition = &procedure.definition;
    if let Some(paper) = case.paper {
        let attested = paper.identity_check.is_some() || !must_be_attested(definition);
        return if attested { Ok(()) } else { Err(IntakeRefusal::IdentityNotAttested.into()) };
    }
    match shortfall(definition, form, ctx.assurance) {
        Some(short) => Err(IntakeRefusal::AssuranceTooLow(short).into()),
        None => Ok(()),
    }
}

/// Accepts complete answers with their documents, or refuses with every fault at once, those of the form (`faults`) first.
pub(super) fn accept(
    catalogue: &Catalogue,
    filing: &Filing<'_>,
    faults: Vec<Fault>,
    present: &[String],
) -> Result<Accepted, Refusal> {
    let mut faults = form_faults(faults);
    match filing.accept(catalogue, present) {
        Ok(accepted) if faults.is_empty() => return Ok(accepted),
        Ok(_) => {}
        Err(others) => {
            // A place that is missing is a fault of the form already.
            let is_new = |other: &Fault| !faults.iter().any(|it| it.pointer == other.pointer);
            let others: Vec<Fault> = others.into_iter().filter(is_new).collect();
            faults.extend(others);
        }
    }
    Err(Refusal::Invalid(faults))
}

impl Arriving {
    /// The fee as it is settled by the arrival; nothing where staff fix it after review.
    pub fn fee(&self, terms: &SameTimeTerms) -> Result<Option<FeeAssessment>, Failure> {
        match self.procedure.definition.fee_due {
            FeeDue::AfterReview => Ok(None),
            FeeDue::OnSubmit | FeeDue::OnIssue | FeeDue::None => {
                let by = (&*self.procedure, &*self.priced_by);
                billing::price(&self.facts, by, self.arrival_day, terms).map(Some)
            }
        }
    }

    /// What is known of the fee, also where staff fix it after review: what others share of it is settled by the arrival.
    pub fn known_fee(&self) -> Result<FeeEstimate, Failure> {
        let estimate =
            fee::estimate(&self.priced_by.fees, &self.facts, self.arrival_day, &SameTimeTerms::NONE);
        let failure = |fault| upgrade::fee_failure(&self.procedure, &self.priced_by, fee_fault(&fault));
        estimate.map_err(failure)
    }
}

/// Records an arrival with its fee, in the transaction of `now`.
pub fn record(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    arriving: Arriving,
    fee: Option<FeeAssessment>,
    together: Option<Together<'_>>,
    now: Timestamp,
) -> Result<Submitted, Failure> {
    let Arriving { mut case, procedure, priced_by, office, accepted, warnings, unwritable, .. } = arriving;
    let definition = &procedure.definition;
    let invoice = match fee {
        Some(fee) if definition.fee_due == FeeDue::OnSubmit && fee.total > Yen::ZERO => {
            clock::note_fee_pause(&mut case.row);
            Some(billing::issue_invoice(tx, ctx, &case, fee, None, now)?)
        }
        _ => None,
    };
    let mut facts = json!({
        "number": case.row.number,
        "procedure": definition.id,
        "procedure_version": definition.version,
        "procedure_digest": procedure.digest,
        "fee_version": priced_by.definition.version,
        "form_sha256": crate::seal::sha256_hex(&case.row.sealed_form),
        "due_on": case.row.due_on.map(|due| due.0.to_string()),
        "department": case.row.department,
        "omissions": accepted.omitted,
        "outside_charset": unwritable,
        "invoice": invoice.as_ref().map(|invoice| invoice.id.to_string()),
        "total": invoice.as_ref().map_or(0, |invoice| invoice.total.amount()),
    });
    if let (Some(together), Value::Object(facts)) = (together, &mut facts) {
        facts.insert("basket".to_owned(), json!(together.basket));
        facts.insert("full_price_in".to_owned(), json!(together.terms));
    }
    let arrival = arrival_of(&case, office, now);
    if let (Some(officer), Value::Object(facts)) = (&arrival.attested_by, &mut facts) {
        facts.insert("channel".to_owned(), json!(arrival.channel));
        facts.insert("received_at".to_owned(), json!(arrival.arrived_at.0));
        facts.insert("attested_by".to_owned(), json!(officer));
        let identity_check = case.paper.and_then(|paper| paper.identity_check);
        facts.insert("identity_check".to_owned(), json!(identity_check));
    } else if let Value::Object(facts) = &mut facts {
        facts.insert("assurance".to_owned(), json!(ctx.assurance));
    }
    parties::insert_arrival(tx, &arrival)?;
    permit_renewal::recognise(tx, ctx, &case, now)?;
    public_inspection::open(tx, &case, &procedure, Moment::Arrival, now)?;
    case.record(tx, "submitted", facts, None)?;
    if let Some(invoice) = &invoice {
        waiver::open_by_notice(tx, ctx, &mut case, invoice, now)?;
    }
    case.save(tx)?;
    Ok(Submitted { case: case.row, invoice, warnings })
}

/// A case that was handed in before, as it is now.
pub fn present(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Submitted, Failure> {
    let case = cases::open(tx, ctx, tenant, id, Action::ReadCase)?;
    let invoice = invoices::of_case(tx, tenant, id)?.into_iter().next();
    let (procedure, form) = (pinned(ctx, &case.row)?, case.form()?);
    let arrived_at = case.row.arrived_at.as_ref().map_or_else(|| tx.now(), |at| at.0);
    let warnings = Filing::of(&procedure, &form, case.filer(), arrived_at).warnings();
    Ok(Submitted { case: case.row, invoice, warnings })
}

/// The first leg of an arrival: now through the system, or on paper when the officer who hands it in attests.
fn arrival_of(case: &OpenCase, office: String, now: Timestamp) -> ArrivalRow {
    let attested_by = case.paper.and(access::reader(&case.actor)).map(|officer| officer.to_string());
    let channel = case.paper.map_or("online", |paper| paper.channel.arrival_channel());
    ArrivalRow {
        tenant_id: case.row.tenant_id.clone(),
        application_id: case.row.id,
        leg: 1,
        office,
        arrived_at: Micros(case.arrives_at(now)),
        channel: channel.to_owned(),
        attested_by,
        recorded_at: Micros(now),
    }
}
