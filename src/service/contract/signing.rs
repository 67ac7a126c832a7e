//! Signing a contract, judging the counterpart's signature, and taking the offer back.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::Timestamp;
use serde_json::json;

use super::super::cases::{self, OpenCase, event_actor};
use super::super::idempotency::{IdempotencyRequest, Made, once};
use super::super::notice::{self, Given};
use super::super::{Ctx, Effect, Failure, Refusal, billing, intake, review, waiver};
use super::authority::{self, refuse_undeciding};
use super::{
    ActDetail, ContractRefusal, ContractView, CounterpartSignature, Loaded, Step, facts_of, record,
    statement_of, view,
};
use crate::domain::calendar::jst_day;
use crate::domain::contract::certificate::{DetachedSignature, check};
use crate::domain::contract::trust_anchor::anchors_on;
use crate::domain::contract::{ContractAct, ContractStanding};
use crate::domain::fault::Fault;
use crate::domain::fee::FeeAssessment;
use crate::domain::id::ApplicationId;
use crate::domain::merge_patch::merge_patch;
use crate::domain::office_key::key_of;
use crate::domain::policy::Action;
use crate::seal::sha256_hex;
use crate::service::assessment::NOTIFY_FEE;
use crate::store::contracts::{self, ContractRow};
use crate::store::{Root, Tx, jobs};

/// The most characters of a note or a reason.
const LONGEST_WORDS: usize = 2_000;

/// A signature of the counterpart as it is handed in.
#[derive(Clone, Debug)]
pub struct NewSignature {
    /// The detached signature over the exact bytes of the text, base64.
    pub signature: String,
    /// The certificates in DER, base64, the signer's first, each followed by its issuer.
    pub certificates: Vec<String>,
}

/// What an officer finds of the counterpart's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The certificate is the counterpart's and was not revoked.
    Confirm,
    /// It is not taken; another signature may follow.
    Reject,
}

/// Takes the signature of the counterpart: for a party, once; checked over the bytes, the chain and the instant.
pub async fn sign_by_counterpart(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    new: NewSignature,
) -> Result<Effect<ContractView>, Failure> {
    act(ctx, request, id, Action::ReceiveNotices, move |ctx, case, loaded, now| {
        let next = loaded.judge(ContractAct::SignByCounterpart, now)?;
        let taken = checked(ctx, case, &loaded.row, &new, now)?;
        let facts =
            json!({ "signature_sha256": sha256_hex(taken.signature.as_bytes()), "service": taken.service });
        let detail = ActDetail::CounterpartSignature(Box::new(taken));
        Ok((ContractAct::SignByCounterpart, next, detail, facts))
    })
    .await
}

/// Confirms or rejects the counterpart's signature, for an officer of the department, in words that say what was looked up.
pub async fn judge_signature(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    (judgement, words): (Judgement, String),
) -> Result<Effect<ContractView>, Failure> {
    let (what, member) = match judgement {
        Judgement::Confirm => (ContractAct::Confirm, "/note"),
        Judgement::Reject => (ContractAct::Reject, "/reason"),
    };
    act(ctx, request, id, Action::Review, move |_, case, loaded, now| {
        review::officer(case)?;
        let next = loaded.judge(what, now)?;
        if judgement == Judgement::Confirm {
            loaded.refuse_doer_of(ContractAct::SignByOffice, case)?;
        }
        Ok((what, next, words_of(&words, member)?, json!({})))
    })
    .await
}

/// Signs for the body with the key of office of the authority, for whoever decides in the department or above it and did not
/// confirm the counterpart's signature.
pub async fn sign_by_office(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
) -> Result<Effect<ContractView>, Failure> {
    act(ctx, request, id, Action::Approve, |ctx, case, loaded, now| {
        refuse_undeciding(ctx, case, jst_day(now))?;
        let next = loaded.judge(ContractAct::SignByOffice, now)?;
        loaded.refuse_doer_of(ContractAct::Confirm, case)?;
        let (tenant, today) = (&case.row.tenant_id, jst_day(now));
        let body = ctx.catalogue.tenant(tenant).ok_or(Refusal::NotFound)?;
        let key = key_of(&body.definition.office_keys, &loaded.row.authority, today);
        let key = key.ok_or(ContractRefusal::NoOfficeKey)?;
        let text = statement_of(case, &loaded.row)?;
        let signature = ctx.core.keys.office(tenant, &key.id).sign(text.as_bytes());
        let facts = json!({ "key": key.id, "authority": loaded.row.authority });
        let signature = BASE64URL_NOPAD.encode(&signature);
        let detail = ActDetail::OfficeSignature { key_id: key.id.clone(), signature, signed_on: today };
        Ok((ContractAct::SignByOffice, next, detail, facts))
    })
    .await
}

/// Takes the offer back before it is concluded, for whoever decides in the department or above it.
pub async fn withdraw(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    reason: String,
) -> Result<Effect<ContractView>, Failure> {
    act(ctx, request, id, Action::Approve, move |ctx, case, loaded, now| {
        refuse_undeciding(ctx, case, jst_day(now))?;
        let next = loaded.judge(ContractAct::Withdraw, now)?;
        Ok((ContractAct::Withdraw, next, words_of(&reason, "/reason")?, json!({})))
    })
    .await
}

/// What was judged: the act, where the contract stands then, what is sealed with it, what its event says beside.
type Judged = (ContractAct, ContractStanding, ActDetail, serde_json::Value);

/// One act in one transaction, once a key: judged first, then stored with all that follows.
async fn act<F>(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    action: Action,
    judge: F,
) -> Result<Effect<ContractView>, Failure>
where
    F: Fn(&Ctx, &OpenCase, &Loaded, Timestamp) -> Result<Judged, Failure> + Send + 'static,
{
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let make = |tx: &mut Tx<'_>, now| {
            let mut case = match action {
                Action::Approve => authority::open(tx, &ctx, &request.tenant, id, action)?,
                action => cases::open(tx, &ctx, &request.tenant, id, action)?,
            };
            let mut loaded = Loaded::of(tx, &request.tenant, id)?;
            let judged = judge(&ctx, &case, &loaded, now)?;
            // Who signs what was offered has been told of the grant.
            notice::retrieve_with_act(tx, &ctx, &mut case, Given::Outcome)?;
            store(tx, &ctx, &mut case, &mut loaded, judged, now)?;
            let value = view(tx, &ctx, &case)?;
            Ok(Made { resource_id: value.row.id.to_string(), value })
        };
        once(tx, &request, "contract", make, |tx, _| {
            let case = authority::open(tx, &ctx, &request.tenant, id, Action::ReadCase)?;
            view(tx, &ctx, &case)
        })
    })
    .await
}

/// Stores what was judged; the act that concludes the contract claims what is to be paid for it.
fn store(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    loaded: &mut Loaded,
    (act, next, detail, facts): Judged,
    now: Timestamp,
) -> Result<(), Failure> {
    let is_concluded = next == ContractStanding::Concluded;
    let price = if is_concluded { price_of(case, &loaded.row)? } else { None };
    let facts = merge_patch(facts_of(&loaded.row), &facts);
    let actor = event_actor(&case.actor);
    let by = Some(actor.id.clone());
    let step = Step { act, next, detail: Some(detail), by, actor, facts };

    // From here on everything changes rows; every refusal stands above.
    record(tx, ctx.core.ids.as_ref(), case, loaded, step, now)?;
    if is_concluded {
        let invoice =
            price.map(|price| billing::issue_invoice(tx, ctx, case, price, None, now)).transpose()?;
        let facts = json!({
            "concluded_on": loaded.row.concluded_on.map(|day| day.0.to_string()),
            "invoice": invoice.as_ref().map(|invoice| invoice.id.to_string()),
            "total": invoice.as_ref().map_or(0, |invoice| invoice.total.amount()),
        });
        case.record(tx, "contract_concluded", merge_patch(facts_of(&loaded.row), &facts), None)?;
        if let Some(invoice) = &invoice {
            waiver::open_by_notice(tx, ctx, case, invoice, now)?;
            let subject = format!("{}:{}", case.row.id, invoice.id);
            jobs::enqueue(tx, case.row.tenant_id.as_str(), NOTIFY_FEE, &subject, now)?;
        }
    }
    case.save(tx)
}

/// What is claimed with the conclusion: the assessment that was offered, to the yen. Nothing is computed again, because both signed
/// that price.
fn price_of(case: &OpenCase, row: &ContractRow) -> Result<Option<FeeAssessment>, Failure> {
    let open = |sealed: &[u8]| case.key.open_json(&contracts::fee_place(row.id), sealed);
    Ok(row.sealed_fee.as_deref().map(open).transpose()?)
}

/// The signature as it is kept, once it is checked.
fn checked(
    ctx: &Ctx,
    case: &OpenCase,
    row: &ContractRow,
    new: &NewSignature,
    now: Timestamp,
) -> Result<CounterpartSignature, Failure> {
    let (signature, chain) = decoded(new)?;
    let procedure = intake::pinned(ctx, &case.row)?;
    let named = procedure.definition.contract.as_ref().map(|terms| terms.trust_anchors.as_slice());
    let body = ctx.catalogue.tenant(&row.tenant_id).ok_or(Refusal::NotFound)?;
    let all = &body.definition.contract_trust_anchors;
    let anchors = anchors_on(all, named.unwrap_or_default(), jst_day(now));
    if anchors.is_empty() {
        return Err(ContractRefusal::NoTrustAnchor.into());
    }
    let text = statement_of(case, row)?;
    let given = DetachedSignature { signed: text.as_bytes(), signature: &signature, chain: &chain };
    let certified = check(&given, &anchors, now)?;
    let anchor = anchors.iter().find(|anchor| anchor.id == certified.anchor);
    let anchor = anchor.ok_or_else(|| Failure::Internal(format!("no anchor {}", certified.anchor)))?;
    Ok(CounterpartSignature {
        signature: BASE64.encode(&signature),
        certificates: chain.iter().map(|der| BASE64.encode(der)).collect(),
        subject: certified.subject,
        issuer: certified.issuer,
        serial: certified.serial,
        not_before: certified.not_before,
        not_after: certified.not_after,
        algorithm: certified.algorithm.to_owned(),
        service: anchor.service.clone(),
        kind: anchor.kind.as_str().to_owned(),
        legal_basis: anchor.legal_basis.clone(),
    })
}

/// Signature and certificates as bytes, or every text that is no base64.
fn decoded(new: &NewSignature) -> Result<(Vec<u8>, Vec<Vec<u8>>), Refusal> {
    let mut faults = Vec::new();
    let mut bytes = |pointer: String, text: &str| {
        BASE64.decode(text.trim().as_bytes()).unwrap_or_else(|_| {
            let (ja, en) = ("base64として読めません。", "This is not base64.");
            faults.push(Fault::new(pointer, "base64", ja, en));
            Vec::new()
        })
    };
    let signature = bytes("/signature".to_owned(), &new.signature);
    let chain = new.certificates.iter().enumerate();
    let chain = chain.map(|(index, text)| bytes(format!("/certificates/{index}"), text)).collect();
    intake::refuse_faults(faults)?;
    Ok((signature, chain))
}

fn words_of(words: &str, pointer: &str) -> Result<ActDetail, Refusal> {
    let text = words.trim().to_owned();
    let length = text.chars().count();
    if length == 0 || length > LONGEST_WORDS {
        let ja = format!("1～{LONGEST_WORDS}文字で入力してください。");
        let en = format!("1 to {LONGEST_WORDS} characters are needed.");
        return Err(Refusal::Invalid(vec![Fault::new(pointer, "length", ja, en)]));
    }
    Ok(ActDetail::Words { text })
}
