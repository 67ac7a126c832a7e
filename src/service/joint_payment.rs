//! Paying several invoices in one act (納付単位): one checkout over their sum, and for each invoice a payment of its own.
//!
//! Invariants: all invoices are of one body and one obligor; the act is opened whole or not at all, under the roots of all
//! their cases; the gateway knows one reference, that of the first share. What is heard later moves all shares together,
//! see [`super::payment_shares`].

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, is_used, once};
use super::payment::{self, BesideOpen, OpenPayment};
use super::payment_ceiling::{self, PayableNow};
use super::payment_link::PaidBy;
use super::{
    Ctx, Effect, Failure, Refusal, catalogue, charge, checkout, intake, payment_method, payment_replacement,
    payment_standing,
};
use crate::catalogue::CatalogueProcedure;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, InvoiceId, OperationId, PaymentId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;
use crate::domain::policy::Action;
use crate::drill::CrashPoint;
use crate::gateway::MerchantAccount;
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::{Reads, Root, Tx};

/// The most invoices of one act.
pub const MOST_INVOICES: usize = 50;

/// The shares of an act that was opened, with the operation it waits for.
#[derive(Clone, Debug)]
struct Opened {
    shares: Vec<PaymentRow>,
    operation: Option<OperationId>,
}

/// An invoice that can be paid with the others.
struct Member {
    invoice: InvoiceRow,
    procedure: Arc<CatalogueProcedure>,
}

/// Opens one payment of several invoices and waits a moment for the gateway.
pub async fn open(
    ctx: Ctx,
    request: IdempotencyRequest,
    ids: Vec<InvoiceId>,
    wanted: OpenPayment,
) -> Result<Effect<Vec<PaymentRow>>, Failure> {
    open_as(ctx, request, ids, wanted, PaidBy::Party).await
}

/// As [`open`], for a party or for the holder of a link.
pub(super) async fn open_as(
    ctx: Ctx,
    request: IdempotencyRequest,
    ids: Vec<InvoiceId>,
    wanted: OpenPayment,
    paid_by: PaidBy,
) -> Result<Effect<Vec<PaymentRow>>, Failure> {
    refuse_list(&ids)?;
    let method = MethodCode::parse(&wanted.method).ok_or(Refusal::MethodNotOffered)?;
    payment::refuse_foreign_return(&ctx, wanted.return_url.as_deref())?;
    let cases = cases_of(&ctx, &request.tenant, &ids).await?;
    if wanted.beside_open == BesideOpen::Replace {
        refuse_before_closing(&ctx, &request, &ids, &method, (&wanted, paid_by)).await?;
        for target in &cases {
            payment_replacement::close_open(&ctx, &request, *target, &method, (None, paid_by)).await?;
        }
    }
    let roots = cases.iter().map(|(_, case)| Root::Application(*case)).collect();
    let (inner, tenant, by) = (ctx.clone(), request.tenant.clone(), method.clone());
    let open = move |tx: &mut Tx<'_>| {
        let begin = |tx: &mut Tx<'_>, now| {
            begin(tx, &inner, (&request.tenant, &ids), &method, (&wanted, paid_by), now)
        };
        let made = once(tx, &request, "joint_payment", begin, |tx, id| {
            Ok(Opened { shares: present(tx, &inner, (&request.tenant, paid_by), id)?, operation: None })
        })?;
        inner.core.drill.reach(CrashPoint::PaymentBeforeIntentCommit);
        Ok::<_, Failure>(made)
    };
    let opened = payment_ceiling::write(&ctx, (&tenant, &by), roots, open).await?;
    let lead = opened.value.shares.first().cloned().ok_or(Refusal::NotFound)?;
    match opened.value.operation {
        Some(operation) => payment::call_and_wait(&ctx, &tenant, operation).await,
        None => drop(payment::await_record(&ctx, &tenant, lead.clone()).await?),
    }
    let value = ctx.core.db.read(move |tx| Ok::<_, Failure>(payments::shares(tx, &lead)?)).await?;
    ctx.core.drill.reach_async(CrashPoint::PaymentAfterRecordBeforeRedirect).await;
    Ok(Effect { value, origin: opened.origin })
}

/// The cases of the invoices, which are the roots to lock; the policy is asked inside the transaction.
pub(super) async fn cases_of(
    ctx: &Ctx,
    tenant: &TenantCode,
    ids: &[InvoiceId],
) -> Result<Vec<(InvoiceId, ApplicationId)>, Failure> {
    let (tenant, ids) = (tenant.clone(), ids.to_vec());
    ctx.core
        .db
        .read(move |tx| {
            let mut found = Vec::new();
            for id in &ids {
                let invoice = invoices::find(tx, &tenant, *id)?;
                found.extend(invoice.map(|invoice| (*id, invoice.application_id)));
            }
            Ok::<_, Failure>(found)
        })
        .await
}

/// Nothing is closed for an act that could not be opened afterwards, such as one whose sum no account takes, or is another
/// than the payer saw. A repeat finds
/// the act that it opened.
async fn refuse_before_closing(
    ctx: &Ctx,
    request: &IdempotencyRequest,
    ids: &[InvoiceId],
    method: &MethodCode,
    (wanted, paid_by): (&OpenPayment, PaidBy),
) -> Result<(), Failure> {
    let (inner, request, ids, method) = (ctx.clone(), request.clone(), ids.to_vec(), method.clone());
    let wanted = wanted.clone();
    ctx.core
        .db
        .read(move |tx| {
            if is_used(tx, &request)? {
                return Ok(());
            }
            let asked = (&request.tenant, BesideOpen::Replace, paid_by);
            let members = judge(tx, &inner, asked, &ids, &mut BTreeMap::new())?;
            wanted.refuse_other_total(total(&members)?)?;
            // What is open of them is closed first.
            let mut leaving = Vec::new();
            for member in &members {
                leaving.extend(payments::of_invoice(tx, &request.tenant, member.invoice.id)?);
            }
            account(tx, &inner, &members, (&method, paid_by), &leaving).map(drop)
        })
        .await
}

/// What is owed of all of them.
fn total(members: &[Member]) -> Result<Yen, Failure> {
    let total = Yen::sum(members.iter().map(|member| member.invoice.owed()));
    total.map_err(|error| Failure::Internal(error.to_string()))
}

/// The account that takes the whole, and the last day on which it may; what is open of `leaving` is closed before.
fn account<'a>(
    tx: &mut impl Reads,
    ctx: &'a Ctx,
    members: &[Member],
    (method, paid_by): (&MethodCode, PaidBy),
    leaving: &[PaymentRow],
) -> Result<(&'a Arc<MerchantAccount>, Option<Date>), Failure> {
    let invoices: Vec<&InvoiceRow> = members.iter().map(|member| &member.invoice).collect();
    let today = PayableNow::of(tx, ctx, &invoices, leaving)?;
    let priced = members.iter().map(|member| (&member.procedure.definition, &member.invoice));
    let account = payment_method::account_for_all(ctx, &priced.collect::<Vec<_>>(), method, &today)?;
    paid_by.refuse_unreachable(account, method)?;
    Ok((account, payment_method::last_payable_day(ctx, account, &invoices, method, &today)))
}

/// First everything is judged, then everything is written: a refusal has changed nothing.
fn begin(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, ids): (&TenantCode, &[InvoiceId]),
    method: &MethodCode,
    (wanted, paid_by): (&OpenPayment, PaidBy),
    now: Timestamp,
) -> Result<Made<Opened>, Failure> {
    let mut cases = BTreeMap::new();
    let members = judge(tx, ctx, (tenant, BesideOpen::Refuse, paid_by), ids, &mut cases)?;
    let (account, payable_until) = account(tx, ctx, &members, (method, paid_by), &[])?;
    let first = members.first().ok_or(Refusal::NotFound)?;
    let total = total(&members)?;
    wanted.refuse_other_total(total)?;
    // In the order of their ids, which is the one that shares are found in.
    let mut share_ids: Vec<PaymentId> = ids.iter().map(|_| PaymentId(tx.new_id())).collect();
    share_ids.sort_unstable();
    let lead = *share_ids.first().ok_or(Refusal::NotFound)?;
    let title = &first.procedure.definition.title.ja;
    let description = description(first, title, ids.len());
    let subject = checkout::Subject { payment: lead, amount: total, description, payable_until };
    let checkout = checkout::wanted(tx, ctx, tenant, (account, method), subject, wanted, now)?;
    let operation = OperationId(tx.new_id());
    let prepared = account.adapter.prepare_create_checkout(&operation.to_string(), &checkout);
    let prepared =
        prepared.map_err(|reason| Failure::Internal(format!("cannot prepare a checkout: {reason}")))?;

    // From here on everything changes rows; every refusal stands above.
    let payable = payments::insert_payable(tx, tenant, first.invoice.application_id, ids, total)?;
    let mut shares = Vec::new();
    for (member, id) in members.iter().zip(share_ids) {
        let bare = payment::new_payment(&member.invoice, payable, id, account, &checkout, wanted);
        let row = PaymentRow { share_of: (ids.len() > 1).then_some(lead), ..bare };
        payments::insert(tx, &row)?;
        shares.push(row);
    }
    let key = cases.get(&first.invoice.application_id).map(|case| &case.key);
    if let (Some(key), Some(share)) = (key, shares.first()) {
        payment::insert_operation(
            tx,
            &ctx.core,
            key,
            share,
            &prepared,
            (operation, payment::own_lease(ctx, now)),
        )?;
    }
    for (share, mut member) in shares.iter().zip(members) {
        let Some(case) = cases.get_mut(&share.application_id) else { continue };
        let facts = json!({ "payment": share.id.to_string(), "invoice": share.invoice_id.to_string(),
            "method": share.method, "gateway": share.gateway, "amount": share.amount.amount(),
            "share_of": lead.to_string(), "total": total.amount() });
        paid_by.note(tx, share)?;
        let actor = paid_by.event_actor(case);
        let event = NewEvent { kind: "payment_opened", actor, facts, sealed_detail: None };
        events::append(tx, &mut case.row, event)?;
        payment_standing::settle_invoice(tx, &ctx.core, &mut case.row, &mut member.invoice)?;
    }
    for case in cases.values_mut() {
        case.save(tx)?;
    }
    Ok(Made { resource_id: lead.to_string(), value: Opened { shares, operation: Some(operation) } })
}

/// Every invoice that can be paid now, or once what is open of it is closed, or the faults of all of them at once. The cases
/// are opened on the way.
fn judge(
    tx: &mut impl Reads,
    ctx: &Ctx,
    (tenant, beside_open, paid_by): (&TenantCode, BesideOpen, PaidBy),
    ids: &[InvoiceId],
    cases: &mut BTreeMap<ApplicationId, OpenCase>,
) -> Result<Vec<Member>, Failure> {
    let (mut faults, mut members) = (Vec::new(), Vec::<Member>::new());
    for (index, id) in ids.iter().enumerate() {
        let judged = judge_one(tx, ctx, (tenant, beside_open, paid_by), (*id, ids), cases);
        let Some(member) = catalogue::member("/invoices", index, judged, &mut faults)? else { continue };
        let first = members.first().unwrap_or(&member);
        if !member.invoice.has_obligor_of(&first.invoice) {
            let ja = "納入義務者が異なります。まとめて納付できるのは同じ納入義務者のものに限ります。";
            let en = "Another obligor: only what one person owes is paid in one act.";
            faults.push(Fault::new(format!("/invoices/{index}"), "another_obligor", ja, en));
        }
        members.push(member);
    }
    if faults.is_empty() { Ok(members) } else { Err(Refusal::Invalid(faults).into()) }
}

fn judge_one(
    tx: &mut impl Reads,
    ctx: &Ctx,
    (tenant, beside_open, paid_by): (&TenantCode, BesideOpen, PaidBy),
    (id, together): (InvoiceId, &[InvoiceId]),
    cases: &mut BTreeMap<ApplicationId, OpenCase>,
) -> Result<Member, Failure> {
    let invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let application = invoice.application_id;
    let case = match cases.entry(application) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => new.insert(paid_by.case(tx, ctx, (tenant, application), Action::Pay)?),
    };
    let attempts = match beside_open {
        BesideOpen::Refuse => payments::of_invoice(tx, tenant, id)?,
        BesideOpen::Replace => Vec::new(),
    };
    payment::refuse_unpayable(tx, case, &invoice, &attempts)?;
    charge::refuse_out_of_order(tx, &ctx.catalogue, &invoice, together)?;
    Ok(Member { procedure: intake::pinned(ctx, &case.row)?, invoice })
}

/// What the gateway shows: the number of the first debt, how many others, and what the first is for.
fn description(first: &Member, title: &str, count: usize) -> String {
    let number = &first.invoice.number;
    let others = count.saturating_sub(1);
    checkout::description(
        &if others > 0 { format!("{number} ほか{others}件") } else { number.clone() },
        title,
    )
}

/// The shares as they are now, for whoever may see the money of all their cases.
fn present(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, paid_by): (&TenantCode, PaidBy),
    id: &str,
) -> Result<Vec<PaymentRow>, Failure> {
    let id: PaymentId =
        id.parse().map_err(|_| Failure::Internal("an idempotency record names no payment".to_owned()))?;
    let lead = payments::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let shares = payments::shares(tx, &lead)?;
    for share in &shares {
        paid_by.case(tx, ctx, (tenant, share.application_id), Action::ReadMoney)?;
    }
    Ok(shares)
}

/// The other shares of a payment's act, as far as the caller may see the money of their cases.
pub(super) fn beside(tx: &mut impl Reads, ctx: &Ctx, row: &PaymentRow) -> Result<Vec<PaymentRow>, Failure> {
    let mut seen = Vec::new();
    for share in payments::shares(tx, row)? {
        if share.id == row.id {
            continue;
        }
        match cases::open(tx, ctx, &row.tenant_id, share.application_id, Action::ReadMoney) {
            Ok(_) => seen.push(share),
            Err(Failure::Refused(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(seen)
}

/// What is wrong with the list itself: too few or too many invoices, or one of them twice.
pub(super) fn refuse_list(ids: &[InvoiceId]) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    if !(1..=MOST_INVOICES).contains(&ids.len()) {
        let ja = format!("1～{MOST_INVOICES}件の納付対象を指定してください。");
        let en = format!("Name 1 to {MOST_INVOICES} invoices.");
        faults.push(Fault::new("/invoices", "count", ja, en));
    }
    for (index, id) in ids.iter().enumerate() {
        if ids.iter().take(index).any(|other| other == id) {
            let (ja, en) = ("重複しています。", "It is named twice.");
            faults.push(Fault::new(format!("/invoices/{index}"), "duplicate", ja, en));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}
