//! What anybody may see: tenants, procedures, and what something would cost.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use super::waiver_place::municipalities_of;
use super::{Ctx, Failure, Refusal, assessment, filing, waiver};
use crate::catalogue::{CatalogueProcedure, CatalogueTenant};
use crate::domain::calendar::jst_day;
use crate::domain::expression::Facts;
use crate::domain::fault::Fault;
use crate::domain::fee::{self, FeeEstimate, FeeFault, SameTimeTerms};
use crate::domain::id::TenantCode;
use crate::domain::procedure::{ApplicantKind, Bilingual, FeeDue, ProcedureKind};
use crate::domain::validity::Warning;
use crate::domain::waiver::{DisasterNotice, WaiverGround, WaiverSituation};

/// The tenant, or not found.
pub fn tenant(ctx: &Ctx, code: &TenantCode) -> Result<Arc<CatalogueTenant>, Refusal> {
    ctx.catalogue.tenant(code).cloned().ok_or(Refusal::NotFound)
}

/// Which procedures are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Words; empty finds all.
    pub query: String,
    /// In force on this day; today when missing.
    pub on: Option<Date>,
    /// The id after which the page begins.
    pub after: Option<String>,
    /// At most this many.
    pub limit: usize,
}

/// A procedure version in force, with the end that is known.
#[derive(Clone, Debug)]
pub struct Offered {
    /// The version.
    pub procedure: Arc<CatalogueProcedure>,
    /// The last day a draft can be begun.
    pub last_day: Option<Date>,
    /// Until when a draft may be handed in after that.
    pub drain_until: Option<Date>,
    /// In whose name its department decides (処分庁); nothing for a notification, which nobody decides.
    pub authority: Option<Bilingual>,
}

/// A page of procedures.
#[derive(Clone, Debug)]
pub struct OfferedPage {
    /// By id.
    pub items: Vec<Offered>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// A page of the procedures in force on the wanted day.
pub fn procedures(ctx: &Ctx, tenant: &TenantCode, wanted: &Wanted) -> Result<OfferedPage, Refusal> {
    self::tenant(ctx, tenant)?;
    let day = wanted.on.unwrap_or_else(|| jst_day(ctx.now()));
    let after = wanted.after.as_deref();
    let page = ctx.catalogue.search_page(tenant, &wanted.query, day, after, wanted.limit);
    let items = page.items.into_iter().map(|procedure| with_end(ctx, procedure, day)).collect();
    Ok(OfferedPage { items, next: page.next })
}

/// The version of a procedure in force on a day, or today.
pub fn offered(ctx: &Ctx, tenant: &TenantCode, id: &str, on: Option<Date>) -> Result<Offered, Refusal> {
    let day = on.unwrap_or_else(|| jst_day(ctx.now()));
    let found = ctx.catalogue.find_procedure(tenant, id, day).ok_or(Refusal::NotFound)?;
    Ok(with_end(ctx, found, day))
}

fn with_end(ctx: &Ctx, procedure: &Arc<CatalogueProcedure>, day: Date) -> Offered {
    let (_, last_day) = ctx.catalogue.standing(procedure, day);
    let drain_until = ctx.catalogue.span(procedure).drain_until;
    let definition = &procedure.definition;
    let body = ctx.catalogue.tenant(&definition.tenant);
    let body = body.filter(|_| definition.kind == ProcedureKind::Application);
    let delegated = definition.legal_basis.disposing_authority.as_ref();
    let authority = body.map(|body| body.definition.authority(delegated, &definition.department, day));
    Offered { procedure: Arc::clone(procedure), last_day, drain_until, authority: authority.cloned() }
}

/// The version of a procedure in force today.
pub fn procedure(ctx: &Ctx, tenant: &TenantCode, id: &str) -> Result<Arc<CatalogueProcedure>, Refusal> {
    ctx.catalogue.find_procedure(tenant, id, jst_day(ctx.now())).cloned().ok_or(Refusal::NotFound)
}

/// What somebody asks the price of.
#[derive(Clone, Debug, Default)]
pub struct Inquiry {
    /// The answers.
    pub form: Value,
    /// What staff would fix after review, as far as the asker can say.
    pub office: Option<Value>,
    /// Who would apply; needed only where several kinds may and the fee depends on it.
    pub applicant_kind: Option<ApplicantKind>,
}

/// What comes of answers if they arrived now.
#[derive(Clone, Debug)]
pub struct Quoted {
    /// What they cost, as far as it can be said.
    pub estimate: FeeEstimate,
    /// What the applicant should know; nothing of it blocks.
    pub warnings: Vec<Warning>,
}

/// Answers ready to be priced.
#[derive(Clone, Debug)]
pub struct Priceable {
    procedure: Arc<CatalogueProcedure>,
    facts: Facts,
    day: Date,
    warnings: Vec<Warning>,
    /// Notices after disasters that fit place and time.
    notices: Vec<WaiverGround>,
}

impl Priceable {
    /// What they cost, alone or where others bear full prices (R-58b).
    pub fn quote(&self, terms: &SameTimeTerms) -> Result<Quoted, Failure> {
        let estimate = fee::estimate(&self.procedure.fees, &self.facts, self.day, terms);
        let mut estimate = estimate.map_err(|fault| fee_fault(&fault))?;
        for ground in &self.notices {
            let waiver = ground.would_leave(&estimate.known.lines);
            estimate.known.waivers.extend(waiver.map_err(|error| Failure::Internal(error.to_string()))?);
        }
        Ok(Quoted { estimate, warnings: self.warnings.clone() })
    }

    /// When the fee is due.
    pub fn fee_due(&self) -> FeeDue {
        self.procedure.definition.fee_due
    }
}

/// What an application with these answers would cost if it arrived now; refused where another body is in charge.
pub fn quote(ctx: &Ctx, tenant: &TenantCode, id: &str, inquiry: Inquiry) -> Result<Quoted, Failure> {
    prepare(ctx, tenant, id, inquiry)?.quote(&SameTimeTerms::NONE)
}

/// Checks answers before they are priced.
pub fn prepare(ctx: &Ctx, tenant: &TenantCode, id: &str, inquiry: Inquiry) -> Result<Priceable, Failure> {
    let procedure = self::procedure(ctx, tenant, id)?;
    // Nobody needs an account to ask; where only one kind may apply, it is that one.
    let notices = notices(ctx, &procedure, &inquiry.form);
    let kind = filing::sole_applicant_kind(&procedure).or(inquiry.applicant_kind);
    let (facts, warnings) = {
        let (_, filing) = filing::draft(&ctx.catalogue, &procedure, inquiry.form, kind, ctx.now())?;
        let warnings = filing.warnings();
        (filing.into_facts(), warnings)
    };
    let facts = match inquiry.office {
        Some(office) => {
            let office = assessment::office_answers(&procedure, office, &facts)?;
            procedure.office_form.facts(&office, &facts)
        }
        None => facts,
    };
    Ok(Priceable { procedure, facts, day: jst_day(ctx.now()), warnings, notices })
}

/// The notices after disasters that concern an application with these answers that arrives today.
fn notices(ctx: &Ctx, procedure: &CatalogueProcedure, form: &Value) -> Vec<WaiverGround> {
    let today = jst_day(ctx.now());
    let municipalities = municipalities_of(&procedure.definition, form);
    let situation = WaiverSituation {
        procedure: &procedure.definition.id,
        municipalities: &municipalities,
        arrived_on: today,
        today,
    };
    let (_, notices) = waiver::rules(ctx, &procedure.definition.tenant);
    notices.iter().filter(|notice| notice.concerns(&situation)).map(DisasterNotice::ground).collect()
}

/// Faults of answers, with pointers into the request's body (`/form/…`).
pub fn form_faults(faults: Vec<Fault>) -> Vec<Fault> {
    faults_below("/form", faults)
}

/// Faults with pointers below `place`.
pub fn faults_below(place: &str, faults: Vec<Fault>) -> Vec<Fault> {
    let below = |fault: Fault| Fault { pointer: format!("{place}{}", fault.pointer), ..fault };
    faults.into_iter().map(below).collect()
}

/// What a member of a list gave, or its refusal among the faults of the list; what is no refusal ends everything.
pub fn member<T>(
    list: &str,
    index: usize,
    judged: Result<T, Failure>,
    faults: &mut Vec<Fault>,
) -> Result<Option<T>, Failure> {
    let pointer = format!("{list}/{index}");
    match judged {
        Ok(found) => return Ok(Some(found)),
        Err(Failure::Refused(Refusal::Invalid(own))) => faults.extend(faults_below(&pointer, own)),
        Err(Failure::Refused(refusal)) => {
            let (ja, en) = refusal.sentence();
            faults.push(Fault::new(pointer, refusal.code(), ja, en));
        }
        Err(failure) => return Err(failure),
    }
    Ok(None)
}

/// A fee that cannot be computed: the caller's answer where one is at fault, ours otherwise.
pub fn fee_fault(fault: &FeeFault) -> Failure {
    if let FeeFault::OutOfRange { .. } = fault {
        let (ja, en) = (fault.message_ja(), "These answers give an amount that is out of range.");
        return Refusal::Invalid(vec![Fault::new("", "fee_input", ja, en)]).into();
    }
    // A path such as `form.items.0.copies` is the pointer `/form/items/0/copies`.
    let pointer = |field: &String| format!("/{}", field.replace('.', "/"));
    let one = |field| Fault::new(pointer(field), "fee_input", fault.message_ja(), fault.to_string());
    let faults: Vec<Fault> = fault.fields().iter().map(one).collect();
    if faults.is_empty() { Failure::Internal(fault.to_string()) } else { Refusal::Invalid(faults).into() }
}
