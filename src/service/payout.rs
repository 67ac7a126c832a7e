//! Paying refunds out by bank transfer (口座振込, R-98, R-99): the payee's account, the transfer file, the bank's word.
//!
//! Accounts and files are personal data: sealed, and every look at a file is in the access log. One person makes a file,
//! another confirms that the bank paid it; what the bank returned (組戻し) waits for the next file. Whoever gave a payee's
//! account makes no file with it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::accounting::accountant;
use super::cases::{self, system_actor};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::payout_record::{MOST, PayoutRecord, case_of, move_refund, of_payout, ready};
use super::refund_money::{self, MoneyStanding};
use super::refund_refusal::RefundRefusal;
use super::{Ctx, Effect, Failure, Refusal, access, payment_shares, refund_notice, refund_payee};
use crate::domain::audit::EventActor;
use crate::domain::fault::Fault;
use crate::domain::id::{OfficerId, PayoutId, RefundId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::policy::{Action, Decision};
use crate::domain::refund::{InterestState, RefundCommand, RefundRoute, RefundState};
use crate::domain::zengin::{self, AccountText, BankText, Digits, Transfer, TransferFile};
use crate::seal::{DataKey, sha256_hex};
use crate::store::payouts::{self, PayoutRow};
use crate::store::refunds::{self, RefundRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, events, payments};

/// Kind of the event that a payee's account was given.
const PAYEE_GIVEN: &str = "refund_payee_given";

/// Where a payee wants the money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payee {
    /// The account.
    pub account: AccountText,
    /// 口座名義 in katakana.
    pub holder: String,
}

impl Payee {
    /// The payment of an amount to this payee, or the name of the field that a bank would not take.
    fn transfer(&self, refund: &RefundRow, amount: Yen) -> Result<Transfer, &'static str> {
        let digest = refund.id.0.as_u128() % 10_000_000_000;
        Ok(Transfer {
            to: self.account.read()?,
            payee: BankText::of_name(&self.holder).map_err(|_| "holder")?,
            amount,
            reference: Digits::parse(&format!("{digest:010}")).ok_or("reference")?,
        })
    }
}

/// Stores where a refund is to be paid: by the payer, or by staff who were told.
pub async fn set_payee(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: RefundId,
    payee: Payee,
) -> Result<Effect<RefundRow>, Failure> {
    let tenant = request.tenant.clone();
    let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(refunds::find(tx, &tenant, id)?)).await?;
    let application = found.ok_or(Refusal::NotFound)?.application_id;
    let db = ctx.core.db.clone();
    db.write(Root::Application(application), move |tx| {
        let set = |tx: &mut Tx<'_>, now| keep_payee(tx, &ctx, &request.tenant, (id, &payee), now);
        once(tx, &request, "refund_payee", set, |tx, _| {
            let row = refunds::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            cases::open(tx, &ctx, &request.tenant, row.application_id, Action::ReadMoney)?;
            Ok(row)
        })
    })
    .await
}

fn keep_payee(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, payee): (RefundId, &Payee),
    now: Timestamp,
) -> Result<Made<RefundRow>, Failure> {
    let mut row = refunds::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let case = cases::approach(tx, ctx, tenant, row.application_id)?;
    let decision = match case.may(Action::Pay, &case.row.department) {
        Decision::Allow => Decision::Allow,
        _ => case.may(Action::Refund, &case.row.department),
    };
    let mut case = case.enter(ctx, decision)?;
    let refund = row.refund()?;
    let waits = matches!(refund.state, RefundState::Requested | RefundState::PayoutDue);
    // What goes another way needs an account for its interest alone.
    let interest_waits = matches!(row.interest_to_pay()?, Some((_, InterestState::Due)));
    if !(interest_waits || waits && refund.route == RefundRoute::BankTransfer) {
        let state = refund.state.as_str();
        return Err(Refusal::Refund(RefundRefusal::WrongState { state }).into());
    }
    payee.transfer(&row, row.amount).map_err(|field| {
        let pointer = if field == "holder" { "/holder".to_owned() } else { format!("/account/{field}") };
        let (ja, en) = ("銀行が受け付けられない値です。", "A bank would not take this value.");
        Refusal::Invalid(vec![Fault::new(pointer, "not_for_banks", ja, en)])
    })?;
    row.sealed_payee = Some(case.key.seal_json(&refunds::payee_place(id), payee, ctx.core.ids.as_ref()));
    refunds::update(tx, &mut row)?;
    refund_payee::given(tx, &row)?;
    refund_notice::claim_by_account(tx, &mut case, &row, now)?;
    case.record(tx, PAYEE_GIVEN, payee_facts(id), None)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: row })
}

/// What waits to be paid out, and the youngest files.
#[derive(Clone, Debug)]
pub struct PayoutDesk {
    /// Approved refunds that are in no file, oldest first.
    pub due: Vec<RefundRow>,
    /// Refunds that go another way and whose interest is in no file, oldest first.
    pub interest_due: Vec<RefundRow>,
    /// Files, youngest first.
    pub files: Vec<PayoutRow>,
}

/// The work list of the accounting office.
pub async fn desk(ctx: Ctx, tenant: TenantCode) -> Result<PayoutDesk, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        Ok(PayoutDesk {
            due: refunds::in_state(tx, &tenant, RefundState::PayoutDue, MOST)?,
            interest_due: refunds::interest_due(tx, &tenant, MOST)?,
            files: payouts::youngest(tx, &tenant, 50)?,
        })
    })
    .await
}

/// Puts every refund that is due and whose payee is known into one transfer file.
pub async fn export(
    ctx: Ctx,
    request: IdempotencyRequest,
    transfer_on: Date,
) -> Result<Effect<PayoutRow>, Failure> {
    end_pulled_back(&ctx, &request.tenant).await?;
    let tenant = request.tenant.clone();
    let due = ctx.core.db.read(move |tx| ready(tx, &tenant)).await?;
    let roots: BTreeSet<_> = due.iter().map(|record| record.row().application_id).collect();
    let roots = roots.into_iter().map(Root::Application).collect();
    let ids: Vec<RefundId> = due.iter().map(|record| record.row().id).collect();
    let db = ctx.core.db.clone();
    db.write_alone(roots, move |tx| {
        let make = |tx: &mut Tx<'_>, now| make(tx, &ctx, &request.tenant, &ids, transfer_on, now);
        once(tx, &request, "payout", make, |tx, id| {
            accountant(tx, &ctx, &request.tenant)?;
            let id = id.parse().map_err(|_| Failure::Internal("a record names no payout".to_owned()))?;
            Ok(payouts::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?)
        })
    })
    .await
}

/// Ends every due refund whose money was pulled back after its approval (F33): what was booked for it is booked back and its
/// headroom is free. Each is judged again under the roots of its act, so that no more end than must.
async fn end_pulled_back(ctx: &Ctx, tenant: &TenantCode) -> Result<(), Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let gone = ctx.core.db.read(move |tx| {
        accountant(tx, &inner, &of)?;
        let (mut gone, mut after) = (Vec::new(), None);
        loop {
            let page = refunds::payout_due_after(tx, &of, after, MOST)?;
            let Some(last) = page.last() else { return Ok::<_, Failure>(gone) };
            after = Some(last.id);
            for row in page {
                if refund_money::standing(tx, &row)? == MoneyStanding::Gone {
                    let payment = payments::find(tx, &of, row.payment_id)?.ok_or(Refusal::NotFound)?;
                    gone.push((row.id, payment));
                }
            }
        }
    });
    for (id, payment) in gone.await? {
        let (inner, of) = (ctx.clone(), tenant.clone());
        payment_shares::write(&ctx.core, &payment, move |tx| {
            let mut row = refunds::find(tx, &of, id)?.ok_or(Refusal::NotFound)?;
            let waits = row.refund()?.state == RefundState::PayoutDue;
            if !waits || refund_money::standing(tx, &row)? != MoneyStanding::Gone {
                return Ok(());
            }
            tracing::warn!(refund = %row.id, "a refund ends: its money was pulled back before it left");
            row.failure_code = Some("pulled_back".to_owned());
            move_refund(tx, &inner.core, &mut row, RefundCommand::EndPayout, system_actor("billing"))
        })
        .await?;
    }
    Ok(())
}

fn make(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    locked: &[RefundId],
    transfer_on: Date,
    now: Timestamp,
) -> Result<Made<PayoutRow>, Failure> {
    let officer = accountant(tx, ctx, tenant)?;
    let body = ctx.catalogue.tenant(tenant).map(|body| &body.definition);
    if body.is_none_or(|body| body.designated_bank(transfer_on).is_none()) {
        return Err(RefundRefusal::NoDesignatedBank.into());
    }
    let account = body.and_then(|body| body.paying_account.as_ref());
    let header = account.and_then(|account| account.header(transfer_on)).ok_or_else(|| {
        Failure::Internal(format!("body {tenant} has no account that refunds are paid out of"))
    })?;
    let mut due = ready(tx, tenant)?;
    due.retain(|record| locked.contains(&record.row().id));
    if due.is_empty() {
        return Err(Refusal::Refund(RefundRefusal::NothingDue).into());
    }
    refuse_own_payees(tx, &due, officer)?;
    let mut transfers = Vec::with_capacity(due.len());
    for record in &due {
        let row = record.row();
        let payee: Payee = open_payee(tx, ctx, row)?;
        let transfer = payee.transfer(row, record.amount()?);
        transfers.push(transfer.map_err(|field| Failure::Internal(format!("{field} of {}", row.id)))?);
    }
    let out_of_range = |_| Failure::Internal("the sum of a transfer file".to_owned());
    let total = zengin::total(&transfers).map_err(out_of_range)?;
    let file = zengin::print(&TransferFile { header, transfers }).map_err(out_of_range)?;
    let id = PayoutId(tx.new_id());
    let key = ctx.core.keys.new_case_key(tenant, ctx.core.ids.as_ref())?;
    let row = PayoutRow {
        tenant_id: tenant.clone(),
        id,
        state: "exported".to_owned(),
        transfer_on: IsoDate(transfer_on),
        refund_count: i64::try_from(due.len()).unwrap_or(i64::MAX),
        total,
        wrapped_key: key.wrapped,
        sealed_file: key.key.seal(&payouts::file_place(id), &file, ctx.core.ids.as_ref()),
        file_sha256: sha256_hex(&file),
        made_by: officer,
        confirmed_by: None,
        version: 1,
        created_at: Micros(now),
        updated_at: Micros(now),
    };
    payouts::insert(tx, &row)?;
    for record in due {
        record.send(tx, &ctx.core, id, by(officer))?;
    }
    Ok(Made { resource_id: id.to_string(), value: row })
}

/// Whoever named an account does not also have money sent to it: each such refund is named.
fn refuse_own_payees(tx: &mut impl Reads, due: &[PayoutRecord], officer: OfficerId) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for row in due.iter().map(PayoutRecord::row) {
        let given =
            events::last_of(tx, &row.tenant_id, row.application_id, PAYEE_GIVEN, &payee_facts(row.id))?;
        if given.is_some_and(|event| event.actor_kind == "officer" && event.actor_id == officer.to_string()) {
            let ja = "振込先口座を登録した職員は、その還付の振込データを作成できません。";
            let en = "The officer who gave the payee's account does not make the file that pays it.";
            faults.push(Fault::new(format!("/refunds/{}", row.id), "own_payee", ja, en));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults).into()) }
}

/// What the record of a case says of a payee's account: for which refund, never which account.
fn payee_facts(id: RefundId) -> serde_json::Value {
    serde_json::json!({ "refund": id.to_string() })
}

fn open_payee(tx: &mut impl Reads, ctx: &Ctx, row: &RefundRow) -> Result<Payee, Failure> {
    let case = case_of(tx, row)?;
    let key = ctx.core.keys.open_case_key(&row.tenant_id, &case.wrapped_key)?;
    let sealed = row.sealed_payee.as_ref().ok_or(Refusal::Refund(RefundRefusal::NoPayee))?;
    Ok(key.open_json(&refunds::payee_place(row.id), sealed)?)
}

fn by(officer: OfficerId) -> EventActor {
    EventActor { kind: "officer", id: officer.to_string() }
}

/// The bytes of a file, for the bank's upload; the look is recorded for each case in it.
pub async fn file(ctx: Ctx, tenant: TenantCode, id: PayoutId) -> Result<Vec<u8>, Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let (officer, cases, bytes) = ctx
        .core
        .db
        .read(move |tx| {
            let officer = accountant(tx, &inner, &of)?;
            let row = payouts::find(tx, &of, id)?.ok_or(Refusal::NotFound)?;
            let key: DataKey = inner.core.keys.open_case_key(&of, &row.wrapped_key)?;
            let bytes = key.open(&payouts::file_place(id), &row.sealed_file)?;
            let records = of_payout(tx, &of, id)?;
            let cases: Vec<_> = records.iter().map(|record| record.row().application_id).collect();
            Ok::<_, Failure>((officer, cases, bytes))
        })
        .await?;
    access::record(&ctx, &tenant, officer, "payout_file", &cases).await?;
    Ok(bytes)
}

/// Confirms that the bank paid a file, but for what it returned. Never by the person who made the file.
pub async fn confirm(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: PayoutId,
    returned: Vec<RefundId>,
) -> Result<Effect<PayoutRow>, Failure> {
    let tenant = request.tenant.clone();
    let cases = ctx.core.db.read(move |tx| {
        // A refund that takes the last of its money ends the act that was paid with it.
        let mut cases = BTreeSet::new();
        for record in of_payout(tx, &tenant, id)? {
            let payment = payments::find(tx, &tenant, record.row().payment_id)?.ok_or(Refusal::NotFound)?;
            cases.extend(payments::shares(tx, &payment)?.iter().map(|share| share.application_id));
        }
        Ok::<_, Failure>(cases)
    });
    let roots = cases.await?.into_iter().map(Root::Application).collect();
    let db = ctx.core.db.clone();
    db.write_alone(roots, move |tx| {
        let settle = |tx: &mut Tx<'_>, _| settle(tx, &ctx, &request.tenant, id, &returned);
        once(tx, &request, "payout_confirmation", settle, |tx, _| {
            accountant(tx, &ctx, &request.tenant)?;
            Ok(payouts::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?)
        })
    })
    .await
}

fn settle(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: PayoutId,
    returned: &[RefundId],
) -> Result<Made<PayoutRow>, Failure> {
    let officer = accountant(tx, ctx, tenant)?;
    let mut row = payouts::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    if row.state != "exported" {
        return Err(Refusal::Refund(RefundRefusal::WrongState { state: "paid_out" }).into());
    }
    if row.made_by == officer {
        return Err(Refusal::Refund(RefundRefusal::OwnRequest).into());
    }
    let paid = of_payout(tx, tenant, id)?;
    let is_in = |back: &RefundId| paid.iter().any(|record| record.row().id == *back);
    if let Some(stranger) = returned.iter().position(|back| !is_in(back)) {
        let (ja, en) = ("この振込データに含まれない還付です。", "This refund is not in the file.");
        let fault = Fault::new(format!("/returned/{stranger}"), "not_in_file", ja, en);
        return Err(Refusal::Invalid(vec![fault]).into());
    }
    payouts::confirm(tx, &mut row, officer)?;
    for record in paid {
        if returned.contains(&record.row().id) {
            record.give_back(tx, &ctx.core, id, by(officer))?;
        } else {
            record.confirm(tx, &ctx.core, by(officer))?;
        }
    }
    Ok(Made { resource_id: id.to_string(), value: row })
}
