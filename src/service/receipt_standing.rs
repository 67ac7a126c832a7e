//! Proofs follow the money (領収証書, 納付委託の確認): issued and ended in the transaction that makes them true or untrue.
//!
//! Callers hold the case's root lock and store the case afterwards. Asked again nothing happens, so whatever is heard twice
//! or out of order leaves one living proof a payment; it also serves payments taken before proofs were kept.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account::Profile;
use super::cases::system_actor;
use super::{Core, Failure, pulled_back};
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::el_qr::{EL_QR, ProofGiver};
use crate::domain::id::{OfficerId, ReceiptId};
use crate::domain::invoice::ConfirmationKind;
use crate::domain::money::Yen;
use crate::domain::procedure::Bilingual;
use crate::domain::receipt::{
    ProofStep, ReceiptContent, RevocationGround, TakenAtCounter, proof_kind, proof_steps, tax_summary,
};
use crate::domain::reference_number::reference_number;
use crate::domain::refund::SET_OFF;
use crate::seal::{DataKey, sha256_hex};
use crate::store::applications::ApplicationRow;
use crate::store::events::{self, NewEvent};
use crate::store::invoices::InvoiceRow;
use crate::store::payments::{self, PaymentRow};
use crate::store::receipts::{self, Receipt, ReceiptRow, RevocationRow};
use crate::store::sql::{Json, Micros};
use crate::store::{
    Reads, StoreError, Tx, counter_payments, el_qr_results, jobs, parties, payment_links, reassessments,
};

/// The job that tells the payer of a proof; its subject is the application's id and the receipt's.
pub const NOTIFY_RECEIPT: &str = "notify_receipt";

/// Who paid where that was whoever held a link: nobody asked for a name.
const BY_LINK: &str = "納付用リンクによる納付者";

/// Who a proof names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// 納入義務者.
    pub obligor: String,
    /// Who paid.
    pub payer: String,
}

/// Why a person ends a proof, and who.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// Who.
    pub officer: OfficerId,
    /// Why.
    pub reason: String,
}

/// Gives every payment of an invoice the proof that its money asks for, and ends what is no longer true.
pub fn follow(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    invoice: &InvoiceRow,
) -> Result<(), Failure> {
    let attempts = payments::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    let known = receipts::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    for payment in attempts {
        let living = living_of(&known, &payment);
        for step in proof_steps(certain(tx, &payment)?, living.map(|receipt| receipt.row.amount)) {
            match (step, living) {
                (ProofStep::Issue(sum), _) => {
                    issue(tx, core, case, invoice, &payment, sum)?;
                }
                (ProofStep::Revoke(ground), Some(living)) => {
                    revoke(tx, core, case, &living.row, ground, None)?;
                }
                (ProofStep::Revoke(_), None) => {}
            }
        }
    }
    Ok(())
}

/// Whether a payment lacks a proof: its money was taken before proofs were kept.
pub fn is_missing(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<bool, Failure> {
    let attempts = payments::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    let known = receipts::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    for payment in &attempts {
        if certain(tx, payment)? > Yen::ZERO && living_of(&known, payment).is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The money of a payment that a proof may speak of: none while the outcome is unknown, such as another sum than was asked
/// for, none of what was set off: nobody handed it in, and its proof is the notice of the set-off (充当通知), and none of what
/// came by eL-QR where somebody else gives the proof, or was pulled back and is owed again.
fn certain(tx: &mut impl Reads, payment: &PaymentRow) -> Result<Yen, Failure> {
    if payment.method == SET_OFF {
        return Ok(Yen::ZERO);
    }
    if payment.method == EL_QR {
        let proof = el_qr_results::proof_of(tx, &payment.tenant_id, payment.id)?;
        if proof.as_deref() != Some(ProofGiver::Body.as_str()) {
            return Ok(Yen::ZERO);
        }
    }
    if pulled_back::of_attempts(tx, std::slice::from_ref(payment))?.contains(&payment.id) {
        return Ok(Yen::ZERO);
    }
    let payment = payment.payment()?;
    Ok(if payment.state.is_captured() { payment.counters.captured } else { Yen::ZERO })
}

fn living_of<'a>(known: &'a [Receipt], payment: &PaymentRow) -> Option<&'a Receipt> {
    known.iter().find(|receipt| receipt.row.payment_id == payment.id && receipt.revocation.is_none())
}

/// Ends a proof that says something wrong and gives another one in its place; the caller knows that it lives.
pub fn replace(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    (invoice, payment): (&InvoiceRow, &PaymentRow),
    wrong: &ReceiptRow,
    by: &Replacement,
) -> Result<ReceiptId, Failure> {
    revoke(tx, core, case, wrong, RevocationGround::Replaced, Some(by))?;
    issue(tx, core, case, invoice, payment, payment.captured)
}

fn issue(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    invoice: &InvoiceRow,
    payment: &PaymentRow,
    amount: Yen,
) -> Result<ReceiptId, Failure> {
    let now = Reads::now(tx);
    let (id, tenant) = (ReceiptId(tx.new_id()), &invoice.tenant_id);
    let earlier = receipts::of_invoice(tx, tenant, invoice.id)?;
    let earlier = earlier.iter().filter(|receipt| receipt.row.payment_id == payment.id);
    let sequence_no = earlier.map(|receipt| receipt.row.sequence_no).max().unwrap_or(0) + 1;
    let key = core.keys.open_case_key(tenant, &case.wrapped_key)?;
    let mut names = names_of(tx, case, &key)?;
    if payment_links::link_of_payment(tx, tenant, payment.id)?.is_some() {
        BY_LINK.clone_into(&mut names.payer);
    }
    let kind = proof_kind(payment.payment()?.legal_role);
    let content = content_of(tx, core, case, invoice, payment, amount)?;
    let text = serde_json::to_string(&content).map_err(|error| Failure::Internal(error.to_string()))?;
    let row = ReceiptRow {
        tenant_id: tenant.clone(),
        id,
        application_id: case.id,
        invoice_id: invoice.id,
        payment_id: payment.id,
        sequence_no,
        kind: kind_name(kind).to_owned(),
        legal_role: payment.legal_role.clone(),
        number: reference_number(jst_day(now), id.0),
        amount,
        content: Json(content),
        content_sha256: sha256_hex(text.as_bytes()),
        sealed_names: key.seal_json(&receipts::names_place(id), &names, core.ids.as_ref()),
        issued_at: Micros(now),
    };
    receipts::insert(tx, &row)?;
    let facts = json!({ "receipt": id.to_string(), "number": row.number, "kind": row.kind,
        "payment": payment.id.to_string(), "amount": amount.amount(), "content_sha256": row.content_sha256 });
    let event =
        NewEvent { kind: "receipt_issued", actor: system_actor("billing"), facts, sealed_detail: None };
    events::append(tx, case, event)?;
    jobs::enqueue(tx, tenant.as_str(), NOTIFY_RECEIPT, &format!("{}:{id}", case.id), now)?;
    Ok(id)
}

fn revoke(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    receipt: &ReceiptRow,
    ground: RevocationGround,
    by: Option<&Replacement>,
) -> Result<(), Failure> {
    let place = receipts::revocation_place(receipt.id);
    let key = core.keys.open_case_key(&case.tenant_id, &case.wrapped_key)?;
    let seal = |by: &Replacement| key.seal(&place, by.reason.as_bytes(), core.ids.as_ref());
    let row = RevocationRow {
        tenant_id: receipt.tenant_id.clone(),
        receipt_id: receipt.id,
        ground: ground.as_str().to_owned(),
        revoked_by: by.map(|by| by.officer),
        sealed_reason: by.map(seal),
        revoked_at: Micros(Reads::now(tx)),
    };
    receipts::revoke(tx, &row)?;
    let facts = json!({ "receipt": receipt.id.to_string(), "number": receipt.number,
        "payment": receipt.payment_id.to_string(), "ground": row.ground });
    let actor = by.map_or_else(
        || system_actor("billing"),
        |by| EventActor { kind: "officer", id: by.officer.to_string() },
    );
    Ok(events::append(tx, case, NewEvent { kind: "receipt_revoked", actor, facts, sealed_detail: None })?)
}

/// The name under which a kind is stored and shown.
pub fn kind_name(kind: ConfirmationKind) -> &'static str {
    match kind {
        ConfirmationKind::OfficialReceipt => "official_receipt",
        ConfirmationKind::EntrustmentConfirmation => "entrustment_confirmation",
    }
}

/// Who owes and who pays, as pinned in the case: the party of that role, else the applicant; never whoever only acts for one.
pub fn names_of(tx: &mut impl Reads, case: &ApplicationRow, key: &DataKey) -> Result<Names, Failure> {
    let rows = parties::of_case(tx, &case.tenant_id, case.id)?;
    let applicant = rows.iter().find(|row| row.role == "applicant");
    let name = |role: &str| -> Result<String, Failure> {
        let found = rows.iter().find(|row| row.role == role).or(applicant);
        let party = found.ok_or_else(|| StoreError::Inconsistent(format!("no party of case {}", case.id)))?;
        let place = format!("parties.sealed_party:{}:{}", case.id, party.role);
        let profile: Profile = key.open_json(&place, &party.sealed_party)?;
        Ok(profile.name)
    };
    Ok(Names { obligor: name("obligor")?, payer: name("payer")? })
}

fn content_of(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &ApplicationRow,
    invoice: &InvoiceRow,
    payment: &PaymentRow,
    amount: Yen,
) -> Result<ReceiptContent, Failure> {
    let today = jst_day(Reads::now(tx));
    let received_on = payment.captured_on.map_or(today, |day| day.0);
    let catalogue = core.catalogue.current();
    let named = || Bilingual { ja: invoice.tenant_id.to_string(), en: invoice.tenant_id.to_string() };
    let tenant = catalogue.tenant(&invoice.tenant_id).map(|tenant| &tenant.definition);
    let department = catalogue.department(&invoice.tenant_id, &case.department, today);
    let by_hand = counter_payments::find(tx, &invoice.tenant_id, payment.id)?;
    let is_taxed = invoice.lines.0.iter().any(|line| line.tax.is_some());
    let revenue = tenant.and_then(|tenant| tenant.revenue.as_ref()).filter(|_| is_taxed);
    let lines = if amount == invoice.total {
        invoice.lines.0.clone()
    } else {
        reassessments::owed_lines(tx, invoice)?
    };
    let is_whole = amount == invoice.total || amount == invoice.owed();
    let tax = is_whole.then(|| tax_summary(&lines)).transpose();
    Ok(ReceiptContent {
        issuer: tenant.map_or_else(named, |tenant| tenant.name.clone()),
        department: department.map_or_else(named, |department| department.name.clone()),
        invoice_number: invoice.number.clone(),
        lines,
        fiscal_year: invoice.fiscal_year,
        method: payment.method.clone(),
        gateway: payment.gateway.clone(),
        reference: payment.gateway_reference(),
        received_on,
        counter: by_hand.map(|by_hand| TakenAtCounter { means: by_hand.means, officer: by_hand.recorded_by }),
        tax: tax.map_err(|error| Failure::Internal(error.to_string()))?,
        registration_number: revenue.and_then(|it| it.registration_number(received_on)).map(str::to_owned),
    })
}
