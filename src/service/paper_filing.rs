//! Entering what came on paper: a clerk begins a draft for somebody without an account; files, submission and answers
//! to corrections are the same commands as online, given by staff of the department.
//!
//! Invariants: it arrives at the instant the officer attests, never in the future; the applicant has no account, so nobody
//! outside the office sees the case, and notices go by letter; who entered it decides nothing by that.

use serde::Serialize;
use serde_json::Value;

use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Ctx, Effect, Failure, Refusal, cases, filing, intake, officer, upgrade};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::identification::must_be_attested;
use crate::domain::paper_filing::{PaperFiling, PartyStatement, statement_faults};
use crate::domain::policy::{self, Action, Actor, CaseFacts};
use crate::store::applications::{self, ApplicationRow};
use crate::store::parties::{self, PartyRow};
use crate::store::{Root, Tx, paper_filings};

/// Who applies on paper, as sealed in the case; read as a profile, its e-mail is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaperParty {
    /// 氏名又は名称.
    pub name: String,
    /// 住所.
    pub address: String,
    /// 電話番号.
    pub phone: Option<String>,
    /// 法人番号 as stated: unverified.
    pub corporate_number: Option<String>,
    /// Always empty: nobody is mailed.
    pub email: String,
}

/// What a clerk enters.
#[derive(Clone, Debug)]
pub struct PaperDraft {
    /// Slug of the procedure.
    pub procedure: String,
    /// The department that received it: the one that does the work of the procedure's department today.
    pub department: String,
    /// Answers so far; may be incomplete.
    pub form: Value,
    /// How and when it came, and who applies.
    pub filing: PaperFiling,
    /// Who applies.
    pub party: PaperParty,
}

/// Begins a draft for somebody without an account.
pub async fn begin(
    ctx: Ctx,
    request: IdempotencyRequest,
    draft: PaperDraft,
) -> Result<Effect<ApplicationRow>, Failure> {
    let account = ctx.account()?;
    let db = ctx.core.db.clone();
    db.write(Root::Account(account), move |tx| {
        let write = |tx: &mut Tx<'_>, _| write(tx, &ctx, &request, &draft);
        once(tx, &request, "application", write, |tx, id| intake::present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn write(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    request: &IdempotencyRequest,
    draft: &PaperDraft,
) -> Result<Made<ApplicationRow>, Failure> {
    let (tenant, now) = (&request.tenant, tx.now());
    let actor = officer::actor(tx, tenant, ctx.account()?, jst_day(now))?;
    let facts = CaseFacts::of_department(tenant, &draft.department);
    cases::permit(policy::may(&actor, Action::EnterForOthers, &facts))?;
    let Actor::Officer(clerk) = &actor else { return Err(Refusal::NotFound.into()) };
    let PaperDraft { filing, party, .. } = draft;
    // What is wrong with the instant is said with the rest; which version is in force is asked of a day that was.
    let received_on = jst_day(filing.received_at.min(now));
    let found = ctx.catalogue.find_procedure(tenant, &draft.procedure, received_on).cloned();
    let procedure = found.ok_or_else(|| upgrade::not_offered(ctx, tenant, &draft.procedure, received_on))?;
    let definition = &procedure.definition;
    // The definition keeps the old name of a department; paper comes to whoever does its work today.
    if ctx.catalogue.in_charge(tenant, &definition.department, jst_day(now)) != draft.department {
        return Err(Refusal::NotFound.into());
    }
    let stated = PartyStatement {
        name: &party.name,
        address: &party.address,
        phone: party.phone.as_deref(),
        corporate_number: party.corporate_number.as_deref(),
    };
    let mut faults = statement_faults(stated, filing.received_at, now);
    if !definition.applicant_kinds.contains(&filing.applicant_kind) {
        let ja = "この手続は、この種別の申請者には開かれていません。";
        let en = "This procedure is not open to this kind of applicant.";
        faults.push(Fault::new("/applicant/kind", "applicant_kind", ja, en));
    }
    if filing.identity_check.is_none() && must_be_attested(definition) {
        let ja = "この手続では、本人確認の方法（identity_check）の記録が必要です。";
        let en = "This procedure needs to be told how the identity was confirmed.";
        faults.push(Fault::new("/identity_check", "required", ja, en));
    }
    intake::refuse_faults(faults)?;
    let (form, _) =
        filing::draft(&ctx.catalogue, &procedure, draft.form.clone(), *filing, filing.received_at)?;
    let (row, key) = intake::new_case(tx, ctx, tenant, &procedure, &form, now)?;
    let place = format!("parties.sealed_party:{}:applicant", row.id);
    let party = PartyRow {
        tenant_id: tenant.clone(),
        application_id: row.id,
        role: "applicant".to_owned(),
        account_id: None,
        sealed_party: key.seal_json(&place, party, ctx.core.ids.as_ref()),
    };
    applications::insert(tx, &row)?;
    parties::insert(tx, &party)?;
    paper_filings::insert(tx, tenant, row.id, *filing, (clerk.officer, now))?;
    Ok(Made { resource_id: row.id.to_string(), value: row })
}
