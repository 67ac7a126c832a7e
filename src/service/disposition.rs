//! The issue of a disposition (施行): its number, its instruction on appeals, its term, its permit (T-4).
//!
//! Everything that could be missing is asked for before the first change ([`prepare`]); then all of it is stored in the
//! transaction of the decision ([`issue`]), so that no decision is ever without it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cases::OpenCase;
use super::disposing_authority::{self, DisposingAuthority};
use super::disposition_refusal::DispositionRefusal;
use super::{Ctx, Failure, closing, document_number, intake, permit, validity};
use crate::catalogue::{CatalogueProcedure, CatalogueTenant};
use crate::domain::approval::{DecisionKind, DecisionProposal};
use crate::domain::calendar::jst_day;
use crate::domain::disposition::{AppealFacts, DispositionSubject, Instruction, LegalAct, instruct};
use crate::domain::document_number::{DocumentKind, Numbering};
use crate::domain::organisation::TenantKind;
use crate::domain::procedure::{BasisKind, Bilingual};
use crate::domain::validity::Term;
use crate::store::decisions::DecisionRow;
use crate::store::dispositions::{self, DispositionRow};
use crate::store::permits::PermitRow;
use crate::store::sql::{IsoDate, Json};
use crate::store::{Reads, Tx};

/// What a disposition will be issued with.
#[derive(Debug)]
pub struct Prepared {
    kind: DecisionKind,
    papers: Papers,
    sealer_title: String,
    permit: Option<Granted>,
}

impl Prepared {
    /// In whose name it is made (処分庁).
    pub fn authority(&self) -> &Bilingual {
        &self.papers.authority
    }
}

/// What is granted, where the procedure grants something that lasts.
#[derive(Debug)]
pub struct Granted {
    /// How long; none where the law states no term.
    pub term: Option<Term>,
    /// The permit that the application was opened to renew.
    pub renews: Option<PermitRow>,
    /// On which days before its end the holder is reminded.
    pub remind_days_before: Vec<u16>,
}

/// What stands on any disposition of a department, whatever it says (T-4).
#[derive(Debug)]
pub struct Papers {
    /// How its number is drawn and written.
    pub numbering: Numbering,
    /// 教示.
    pub instruction: Instruction,
    /// In whose name it is made (処分庁).
    pub authority: Bilingual,
}

/// The papers of a disposition that is made now in a case, or what is missing. A department that has ended decides nothing: the one
/// that does its work does, also in the hour before the case lies there.
pub fn papers(ctx: &Ctx, case: &OpenCase, kind: DocumentKind, now: Timestamp) -> Result<Papers, Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    let day = jst_day(now);
    let acting = disposing_authority::of_case(ctx, &case.row, day)?;
    let numbering = acting.body.definition.numbering(kind, &acting.department, day);
    let numbering = numbering.ok_or(DispositionRefusal::NoNumberRule)?;
    let instruction = instruction(ctx, &acting, &procedure, now)?;
    Ok(Papers { numbering, instruction, authority: acting.title })
}

/// Makes ready what the disposition is issued with, or says what is missing; changes nothing.
pub fn prepare(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    body: &DecisionProposal,
    sealer_title: Option<&str>,
    now: Timestamp,
) -> Result<Prepared, Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    let papers = papers(ctx, case, DocumentKind::Answer, now)?;
    let permit = match &procedure.definition.validity {
        Some(validity) if body.decision.grants() => Some(Granted {
            term: validity::of_grant(tx, ctx, case, now)?,
            renews: permit::renewed_by(tx, case)?,
            remind_days_before: validity
                .renewal
                .iter()
                .flat_map(|offer| offer.remind_days_before.iter().copied())
                .collect(),
        }),
        _ => None,
    };
    let sealer_title = sealer_title.unwrap_or_default().to_owned();
    Ok(Prepared { kind: body.decision, papers, sealer_title, permit })
}

/// The instruction on appeals of a refusal that concerns what is owed (減免の不承認, R-63). It rests on the clause of an ordinance and
/// belongs to the collection of the fee (地方自治法第229条), so the head of the body reviews it and a suit follows the review
/// only, whatever the business behind the fee.
pub fn instruction_about_fees(ctx: &Ctx, case: &OpenCase, now: Timestamp) -> Result<Instruction, Failure> {
    let acting = disposing_authority::of_case(ctx, &case.row, jst_day(now))?;
    let body = &acting.body.definition;
    let facts = AppealFacts {
        act: LegalAct::Disposition,
        basis_kind: BasisKind::Ordinance,
        clerical_kind: None,
        subject: DispositionSubject::Fee,
        body_kind: body.kind,
        body: &body.name,
        head: &body.disposing_authority,
        authority: &acting.title,
        author: acting.author.clone(),
        minister: None,
        governor: None,
    };
    Ok(instruct(&facts).map_err(DispositionRefusal::InstructionUnknown)?)
}

/// The instruction on appeals; none where the procedure contracts, be it here or on paper. Whose business a procedure is by law is no matter of its form: where the pinned version
/// does not say it yet, the version in force does.
fn instruction(
    ctx: &Ctx,
    acting: &DisposingAuthority,
    procedure: &CatalogueProcedure,
    now: Timestamp,
) -> Result<Instruction, Failure> {
    let (body, day, pinned) = (&acting.body.definition, jst_day(now), &procedure.definition);
    let in_force = ctx.catalogue.find_procedure(&body.code, &pinned.id, day);
    let in_force = in_force.map(|procedure| &procedure.definition.legal_basis);
    let basis = &pinned.legal_basis;
    let clerical_kind = basis.clerical_kind.or_else(|| in_force.and_then(|basis| basis.clerical_kind));
    let minister = basis.competent_minister.as_ref();
    let contracts = pinned.contract.is_some();
    let facts = AppealFacts {
        act: if contracts { LegalAct::Contract } else { LegalAct::Disposition },
        basis_kind: basis.basis_kind,
        clerical_kind,
        subject: basis.disposition_subject,
        body_kind: body.kind,
        body: &body.name,
        head: &body.disposing_authority,
        authority: &acting.title,
        author: acting.author.clone(),
        minister: minister.or_else(|| in_force.and_then(|basis| basis.competent_minister.as_ref())),
        governor: governor(ctx, &acting.body),
    };
    Ok(instruct(&facts).map_err(DispositionRefusal::InstructionUnknown)?)
}

/// The head of the prefecture that a body lies in; the first two digits of a code name it.
fn governor<'a>(ctx: &'a Ctx, tenant: &CatalogueTenant) -> Option<&'a Bilingual> {
    let prefecture = tenant.definition.code.as_str().get(..2)?;
    let same = |other: &&std::sync::Arc<CatalogueTenant>| {
        other.definition.kind == TenantKind::Prefecture
            && other.definition.code.as_str().starts_with(prefecture)
    };
    ctx.catalogue.tenants().find(same).map(|found| &found.definition.disposing_authority)
}

/// Issues a decision that was just stored; gives the facts for its event.
pub fn issue(
    tx: &mut Tx<'_>,
    case: &OpenCase,
    decision: &DecisionRow,
    prepared: Prepared,
) -> Result<Value, Failure> {
    let (tenant, now) = (&case.row.tenant_id, decision.decided_at.0);
    closing::enqueue(tx, &case.row, now)?;
    let document_number = document_number::assign(tx, tenant, &prepared.papers.numbering, decision.id)?;
    let term = prepared.permit.as_ref().and_then(|granted| granted.term);
    let row = DispositionRow {
        tenant_id: tenant.clone(),
        decision_id: decision.id,
        application_id: case.row.id,
        kind: prepared.kind.name().to_owned(),
        document_number: document_number.clone(),
        authority_en: prepared.papers.authority.en,
        sealer_title: prepared.sealer_title,
        instruction: Json(prepared.papers.instruction),
        issued_on: IsoDate(jst_day(now)),
        valid_from: term.map(|term| IsoDate(term.from)),
        valid_to: term.map(|term| IsoDate(term.to)),
    };
    dispositions::insert(tx, &row)?;
    let permit = match prepared.permit {
        Some(granted) => Some(permit::grant(tx, case, decision, granted, document_number)?),
        None => None,
    };
    Ok(json!({
        "kind": row.kind,
        "document_number": row.document_number,
        "permit": permit,
    }))
}
