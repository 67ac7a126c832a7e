//! Contracts (契約, R-103): what was offered with a decision, who has signed it, and what a third party needs to check that.
//!
//! Invariants: nothing is concluded by one signature; both are over the same bytes, which are kept as they were offered; what is to
//! be paid at issue is claimed with the conclusion and not before.

mod authority;
mod lapse;
mod offer;
mod refusal;
mod signing;
mod task;

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::lapse::{LAPSE_CONTRACTS, lapse_all};
pub use self::offer::{is_offered, offer, refuse_unsignable, terms_of};
pub use self::refusal::ContractRefusal;
pub use self::signing::{
    Judgement, NewSignature, judge_signature, sign_by_counterpart, sign_by_office, withdraw,
};
use super::cases::OpenCase;
use super::notice::{self, Given};
use super::untold::Untold;
use super::{Ctx, Failure, access, intake, review};
use crate::catalogue::CatalogueProcedure;
use crate::clock::IdGen;
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::contract::{ContractAct, ContractStanding, Timeliness, concluded_on};
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};
use crate::domain::office_key::{OfficeSignature, key_of};
use crate::domain::policy::Action;
use crate::seal::signer::SignatureCheck;
use crate::store::contracts::{self, ContractActRow, ContractRow};
use crate::store::events::{self, NewEvent};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Tx, jobs};

/// The job that tells the applicant of a contract; its subject is the case's id and the number of the act.
pub const NOTIFY_CONTRACT: &str = "notify_contract";

/// A signature of the counterpart as it was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CounterpartSignature {
    /// The detached signature, base64.
    pub signature: String,
    /// DER in base64, leaf first.
    pub certificates: Vec<String>,
    /// The subject of the leaf as printed.
    pub subject: String,
    /// Its issuer as printed.
    pub issuer: String,
    /// Its serial number in hexadecimal.
    pub serial: String,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// How the signature was made.
    pub algorithm: String,
    /// The certification service that it is traced back to.
    pub service: String,
    /// What kind of certification that is.
    pub kind: String,
    /// The clause by which its signatures qualify.
    pub legal_basis: String,
}

/// What an act says, as it is sealed with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum ActDetail {
    /// The signature of the counterpart.
    CounterpartSignature(Box<CounterpartSignature>),
    /// The signature of the body.
    OfficeSignature {
        /// The name of the key of office.
        key_id: String,
        /// Ed25519, base64url.
        signature: String,
        /// The day of the signature.
        signed_on: Date,
    },
    /// What an officer attests, or why.
    Words {
        /// The words.
        text: String,
    },
}

/// An act in clear.
#[derive(Clone, Debug)]
pub struct DoneAct {
    /// What was done.
    pub act: ContractAct,
    /// By whom: an account or an officer; none where the clock did it.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub detail: Option<ActDetail>,
}

/// The signature of the body with what is needed to check it.
#[derive(Clone, Debug)]
pub struct SignedByOffice {
    /// The name of the key of office.
    pub key_id: String,
    /// Ed25519, base64url.
    pub signature: String,
    /// The day of the signature.
    pub signed_on: Date,
    /// What the configuration says of the certificate; none where it does not know the key.
    pub certificate: Option<String>,
    /// The public half of the key as a JWK.
    pub public_key: Value,
    /// What it turned out to be.
    pub check: OfficeSignature,
}

/// A contract in clear.
#[derive(Clone, Debug)]
pub struct ContractView {
    /// The stored row.
    pub row: ContractRow,
    /// Where it stands.
    pub standing: ContractStanding,
    /// The exact text that both sides sign.
    pub statement: String,
    /// What was done, in order.
    pub acts: Vec<DoneAct>,
    /// The signature of the body.
    pub office: Option<SignedByOffice>,
    /// The officer who reads it; none where a party does.
    pub reader: Option<OfficerId>,
}

impl ContractView {
    /// The last act of a kind.
    pub fn last(&self, wanted: ContractAct) -> Option<&DoneAct> {
        self.acts.iter().rfind(|done| done.act == wanted)
    }
}

/// A contract with its acts, before anything is done.
struct Loaded {
    row: ContractRow,
    done: Vec<(ContractAct, Date)>,
    /// Who did what of it by hand.
    by_hand: Vec<(ContractAct, String)>,
}

impl Loaded {
    fn of(tx: &mut impl Reads, tenant: &TenantCode, id: ApplicationId) -> Result<Self, Failure> {
        let row = contracts::of_case(tx, tenant, id)?.ok_or(ContractRefusal::NoContract)?;
        let acts = contracts::acts_of(tx, tenant, row.id)?;
        let (mut done, mut by_hand) = (Vec::new(), Vec::new());
        for stored in acts {
            let act = stored.contract_act()?;
            done.push((act, jst_day(stored.acted_at.0)));
            by_hand.extend(stored.actor_id.map(|by| (act, by)));
        }
        Ok(Self { row, done, by_hand })
    }

    /// Refuses to let the officer who did the other of two acts do this one as well: who finds that the counterpart's certificate
    /// holds does not sign for the body.
    fn refuse_doer_of(&self, other: ContractAct, case: &OpenCase) -> Result<(), Failure> {
        let officer = review::officer(case)?.officer.to_string();
        let own = self.by_hand.iter().any(|(act, by)| *act == other && *by == officer);
        if own { Err(ContractRefusal::OwnAct.into()) } else { Ok(()) }
    }

    /// Where it would stand after one more act, or why that cannot be done; changes nothing.
    fn judge(&self, act: ContractAct, now: Timestamp) -> Result<ContractStanding, Failure> {
        let acts: Vec<_> = self.done.iter().map(|(act, _)| *act).collect();
        let standing = ContractStanding::after(&acts)?;
        Ok(standing.apply(act, Timeliness::on(jst_day(now), self.row.sign_by.0))?)
    }
}

/// An act that was judged, ready to be stored.
struct Step {
    act: ContractAct,
    next: ContractStanding,
    detail: Option<ActDetail>,
    by: Option<String>,
    actor: EventActor,
    facts: Value,
}

/// Stores an act with its event, and where the contract stands then. The caller stores the case.
fn record(
    tx: &mut Tx<'_>,
    ids: &dyn IdGen,
    case: &mut OpenCase,
    loaded: &mut Loaded,
    step: Step,
    now: Timestamp,
) -> Result<(), Failure> {
    let Step { act, next, detail, by, actor, facts } = step;
    let row = &mut loaded.row;
    row.version += 1;
    next.as_str().clone_into(&mut row.state);
    loaded.done.push((act, jst_day(now)));
    row.concluded_on = match next {
        ContractStanding::Concluded => concluded_on(&loaded.done).map(IsoDate),
        _ => None,
    };
    let place = contracts::detail_place(row.id, row.version);
    contracts::insert_act(
        tx,
        &ContractActRow {
            tenant_id: row.tenant_id.clone(),
            contract_id: row.id,
            act_no: row.version,
            act: act.as_str().to_owned(),
            actor_id: by,
            sealed_detail: detail.map(|detail| case.key.seal_json(&place, &detail, ids)),
            acted_at: Micros(now),
        },
    )?;
    contracts::update(tx, row)?;
    task::follow(tx, row, (act, next), now)?;
    let kind = match act {
        ContractAct::SignByCounterpart => "contract_signed_by_counterpart",
        ContractAct::Confirm => "contract_signature_confirmed",
        ContractAct::Reject => "contract_signature_rejected",
        ContractAct::SignByOffice => "contract_signed_by_office",
        ContractAct::Withdraw => "contract_withdrawn",
        ContractAct::Lapse => "contract_lapsed",
    };
    events::append(tx, &mut case.row, NewEvent { kind, actor, facts, sealed_detail: None })?;
    let is_told = !matches!(act, ContractAct::SignByCounterpart | ContractAct::Confirm);
    // A mail about a contract tells that it was granted: before the notice of that is retrieved, none is sent.
    let untold = Untold::of_cases(tx, &row.tenant_id, &[case.row.id])?;
    if (is_told || next == ContractStanding::Concluded) && !untold.hides_decision_of(case.row.id) {
        let subject = format!("{}:{}", case.row.id, row.version);
        jobs::enqueue(tx, row.tenant_id.as_str(), NOTIFY_CONTRACT, &subject, now)?;
    }
    Ok(())
}

/// The contract of an opened case.
fn view(tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase) -> Result<ContractView, Failure> {
    let tenant = &case.row.tenant_id;
    let row = contracts::of_case(tx, tenant, case.row.id)?.ok_or(ContractRefusal::NoContract)?;
    let open = |act: ContractActRow| {
        let place = contracts::detail_place(act.contract_id, act.act_no);
        let detail =
            act.sealed_detail.as_ref().map(|sealed| case.key.open_json(&place, sealed)).transpose()?;
        Ok(DoneAct { act: act.contract_act()?, by: act.actor_id, at: act.acted_at.0, detail })
    };
    let acts = contracts::acts_of(tx, tenant, row.id)?;
    let acts = acts.into_iter().map(open).collect::<Result<Vec<_>, Failure>>()?;
    let done: Vec<_> = acts.iter().map(|done| done.act).collect();
    let statement = statement_of(case, &row)?;
    let standing = ContractStanding::after(&done)?;
    let reader = access::reader(&case.actor);
    let mut view = ContractView { row, standing, statement, acts, office: None, reader };
    view.office = office_signature(ctx, &view);
    Ok(view)
}

/// The exact text as it was offered.
fn statement_of(case: &OpenCase, row: &ContractRow) -> Result<String, Failure> {
    let plain = case.key.open(&contracts::statement_place(row.id), &row.sealed_statement)?;
    String::from_utf8(plain).map_err(|_| Failure::Internal(format!("the text of contract {}", row.id)))
}

/// The signature of the body, looked at again.
fn office_signature(ctx: &Ctx, view: &ContractView) -> Option<SignedByOffice> {
    let ContractView { row, statement, .. } = view;
    let Some(ActDetail::OfficeSignature { key_id, signature, signed_on }) =
        view.last(ContractAct::SignByOffice)?.detail.clone()
    else {
        return None;
    };
    let keys = ctx.catalogue.tenant(&row.tenant_id).map(|body| body.definition.office_keys.as_slice());
    let key = keys.and_then(|keys| key_of(keys, &row.authority, signed_on)).filter(|key| key.id == key_id);
    let private = ctx.core.keys.office(&row.tenant_id, &key_id);
    let bytes = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap_or_default();
    let check = match (key, private.check(statement.as_bytes(), &bytes)) {
        (None, _) => OfficeSignature::UnknownKey,
        (Some(_), SignatureCheck::Valid) => OfficeSignature::Valid,
        (Some(_), SignatureCheck::Invalid) => OfficeSignature::Invalid,
    };
    let certificate = key.map(|key| key.certificate.clone());
    Some(SignedByOffice { key_id, signature, signed_on, certificate, public_key: private.jwk(), check })
}

/// The contract of a case, for its parties, the department and who decides above it. It is offered with a grant only, so whoever is
/// given it, or is told that there is none, has been told what was decided.
pub async fn find(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<ContractView, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = authority::open(tx, &inner, &body, id, Action::ReadCase)?;
        // Where a grant offers none, that there is none says nothing.
        let offers = |pinned: Arc<CatalogueProcedure>| terms_of(&case, &pinned.definition).is_some();
        let waiting = if intake::pinned(&inner, &case.row).is_ok_and(offers) {
            notice::waiting(tx, &body, id, Given::Outcome)?
        } else {
            Vec::new()
        };
        let found = match view(tx, &inner, &case) {
            Ok(found) => Ok(found),
            Err(Failure::Refused(refusal)) => Err(refusal),
            Err(broken) => return Err(broken),
        };
        Ok::<_, Failure>((access::reader(&case.actor), waiting, found))
    });
    let (reader, waiting, found) = read.await?;
    if let (Some(officer), Ok(_)) = (reader, &found) {
        access::record(&ctx, &tenant, officer, "contract", &[id]).await?;
    }
    notice::retrieved(&ctx, &tenant, id, reader, waiting).await?;
    found.map_err(Failure::from)
}

/// What every event about a contract says.
fn facts_of(row: &ContractRow) -> Value {
    json!({ "contract": row.id.to_string(), "statement_sha256": data_encoding::HEXLOWER.encode(&row.statement_sha256) })
}
