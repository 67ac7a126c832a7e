//! The offer of a contract: made with the decision, in its transaction; it is no conclusion.

use jiff::Timestamp;
use serde_json::json;

use super::super::account::Profile;
use super::super::cases::OpenCase;
use super::super::{Ctx, Failure, Refusal, intake};
use super::{ContractRefusal, facts_of};
use crate::domain::calendar::jst_day;
use crate::domain::contract::ContractStanding;
use crate::domain::contract::statement::{Offer, statement};
use crate::domain::contract::trust_anchor::anchors_on;
use crate::domain::fee::FeeAssessment;
use crate::domain::id::{ApplicationId, ContractId, TenantCode};
use crate::domain::merge_patch::merge_patch;
use crate::domain::money::Yen;
use crate::domain::office_key::key_of;
use crate::domain::period::{FirstDay, Length, last_day};
use crate::domain::procedure::{ContractTerms, ProcedureDefinition};
use crate::seal::sha256;
use crate::store::contracts::{self, ContractRow};
use crate::store::decisions::DecisionRow;
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, StoreError, Tx, dispositions, parties};

/// Whether a contract of the case is offered and neither concluded nor ended.
pub fn is_offered(tx: &mut impl Reads, tenant: &TenantCode, id: ApplicationId) -> Result<bool, Failure> {
    let found = contracts::of_case(tx, tenant, id)?;
    Ok(found.is_some_and(|row| row.state == ContractStanding::OFFERED.as_str()))
}

/// The terms of the contract that a grant of the case offers electronically; none where the procedure contracts nothing.
///
/// None of a case on paper either: its applicant has no account to sign with. That contract is concluded on paper outside, and its
/// price is claimed with the grant like any other fee that is due at issue.
pub fn terms_of<'a>(case: &OpenCase, procedure: &'a ProcedureDefinition) -> Option<&'a ContractTerms> {
    procedure.contract.as_ref().filter(|_| case.paper.is_none())
}

/// Refuses a grant whose contract could not be signed on its day: without a trust anchor in force nobody takes the counterpart's
/// signature, without a key of office the body makes none, and the offer would lapse with nobody at fault.
pub fn refuse_unsignable(ctx: &Ctx, case: &OpenCase, now: Timestamp) -> Result<(), Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    let Some(terms) = terms_of(case, &procedure.definition) else { return Ok(()) };
    let body = ctx.catalogue.tenant(&case.row.tenant_id).ok_or(Refusal::NotFound)?;
    let (body, today) = (&body.definition, jst_day(now));
    let has_anchor = !anchors_on(&body.contract_trust_anchors, &terms.trust_anchors, today).is_empty();
    let has_key = key_of(&body.office_keys, &terms.authority, today).is_some();
    if has_anchor && has_key { Ok(()) } else { Err(ContractRefusal::NotSignable.into()) }
}

/// Offers the contract of a grant that was issued a moment ago in this transaction. Nothing is asked for before it is concluded:
/// `fee` is what will be, as it is assessed now. Nothing happens where the grant offers none.
pub fn offer(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    decision: &DecisionRow,
    fee: Option<&FeeAssessment>,
    now: Timestamp,
) -> Result<(), Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    let Some(terms) = terms_of(case, &procedure.definition) else { return Ok(()) };
    let price = fee.map(|fee| fee.total);
    let tenant = case.row.tenant_id.clone();
    let body = ctx.catalogue.tenant(&tenant).ok_or(Refusal::NotFound)?;
    let today = jst_day(now);
    let last = last_day(today, Length::Days(terms.signing_days), FirstDay::Excluded);
    let last = last.ok_or_else(|| Failure::Internal("the end of the calendar".to_owned()))?;
    let sign_by = body.calendar.roll(last);
    let issued = dispositions::of_case(tx, &tenant, case.row.id)?;
    let counterpart = counterpart_of(tx, case)?;
    let id = ContractId(tx.new_id());
    let text = statement(
        &Offer {
            tenant: &tenant,
            id: id.0,
            number: case.row.number.as_deref().unwrap_or_default(),
            document_number: issued.as_ref().map(|row| row.document_number.as_str()).unwrap_or_default(),
            authority: &terms.authority,
            counterpart: &counterpart,
            price,
            offered_on: today,
            sign_by,
        },
        terms,
        &procedure.definition.form,
        &case.form()?,
    );
    let row = ContractRow {
        tenant_id: tenant,
        id,
        application_id: case.row.id,
        decision_id: decision.id,
        state: ContractStanding::OFFERED.as_str().to_owned(),
        authority: terms.authority.clone(),
        sealed_statement: case.key.seal(
            &contracts::statement_place(id),
            text.as_bytes(),
            ctx.core.ids.as_ref(),
        ),
        statement_sha256: sha256(text.as_bytes()).to_vec(),
        price,
        sealed_fee: fee.map(|fee| case.key.seal_json(&contracts::fee_place(id), fee, ctx.core.ids.as_ref())),
        offered_on: IsoDate(today),
        sign_by: IsoDate(sign_by),
        concluded_on: None,
        version: 0,
        offered_at: Micros(now),
    };
    contracts::insert(tx, &row)?;
    let facts = json!({ "sign_by": sign_by.to_string(), "price": price.map(Yen::amount), "authority": row.authority });
    case.record(tx, "contract_offered", merge_patch(facts_of(&row), &facts), None)
}

/// The name of the other side as pinned in the case.
fn counterpart_of(tx: &mut impl Reads, case: &OpenCase) -> Result<String, Failure> {
    let rows = parties::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let found = rows.iter().find(|row| row.role == "applicant");
    let party =
        found.ok_or_else(|| StoreError::Inconsistent(format!("no applicant of case {}", case.row.id)))?;
    let place = format!("parties.sealed_party:{}:{}", case.row.id, party.role);
    Ok(case.key.open_json::<Profile>(&place, &party.sealed_party)?.name)
}
