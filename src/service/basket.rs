//! Baskets (同時申請): several drafts of one applicant are handed in at the same time, all or none (R-58b).
//!
//! Invariants: one transaction, one arrival instant; every case keeps its own number, clock and invoice; of each fee with a
//! same-time price exactly one application bears the full amount, whatever the order; what each was relieved of is stored
//! with the case, so every later assessment comes to the same yen.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::arrival::{self, Arriving, Submitted, Together};
use super::catalogue::{self, Inquiry, Quoted};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Ctx, Effect, Failure, Refusal, billing};
use crate::domain::fault::Fault;
use crate::domain::fee::{BasketItem, FeeAssessment, SameTimeTerms, basket_items, same_time_terms};
use crate::domain::id::{ApplicationId, BasketId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::procedure::FeeDue;
use crate::drill::CrashPoint;
use crate::store::baskets::{self, BasketMemberRow, BasketRow};
use crate::store::sql::{Json, Micros};
use crate::store::{Reads, Root, Tx};

/// The most applications of one basket.
pub const MOST_APPLICATIONS: usize = 50;

/// One application of a basket that somebody asks the price of.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Slug of the procedure.
    pub procedure: String,
    /// Answers and circumstances.
    pub inquiry: Inquiry,
}

/// What a basket would cost if it arrived now.
#[derive(Clone, Debug)]
pub struct QuotedBasket {
    /// In the order asked.
    pub applications: Vec<(String, Quoted)>,
    /// What is settled by handing them in: the fees that staff do not fix after review.
    pub total: Yen,
}

/// Which drafts are handed in.
#[derive(Clone, Debug)]
pub struct NewBasket {
    /// The drafts, in the order of the answer.
    pub applications: Vec<ApplicationId>,
    /// The total of the last quote in yen; another total is refused.
    pub expected_total: Option<i64>,
}

/// A basket that was handed in.
#[derive(Clone, Debug)]
pub struct Basket {
    /// The basket.
    pub row: BasketRow,
    /// Its cases, in the order they were given.
    pub applications: Vec<Submitted>,
}

/// What applications of one person would cost, handed in at the same time.
pub fn quote(ctx: &Ctx, tenant: &TenantCode, candidates: Vec<Candidate>) -> Result<QuotedBasket, Failure> {
    refuse_count(candidates.len())?;
    let mut faults = Vec::new();
    let mut priceable = Vec::new();
    for (index, Candidate { procedure, inquiry }) in candidates.into_iter().enumerate() {
        let prepared = catalogue::prepare(ctx, tenant, &procedure, inquiry);
        let alone = prepared.and_then(|prepared| Ok((prepared.quote(&SameTimeTerms::NONE)?, prepared)));
        if let Some((alone, prepared)) = catalogue::member("/applications", index, alone, &mut faults)? {
            priceable.push((index, procedure, alone, prepared));
        }
    }
    refuse(faults)?;
    let items = priceable.iter().flat_map(|(index, _, alone, _)| basket_items(index, &alone.estimate.known));
    // People count from one.
    let terms = same_time_terms(&items.collect::<Vec<_>>(), |index| (index + 1).to_string());
    let mut applications = Vec::new();
    let mut total = Yen::ZERO;
    for (index, procedure, alone, prepared) in priceable {
        let quoted = match terms.get(&index) {
            Some(terms) => prepared.quote(terms)?,
            None => alone,
        };
        if prepared.fee_due() != FeeDue::AfterReview {
            total = sum(total, quoted.estimate.known.total)?;
        }
        applications.push((procedure, quoted));
    }
    Ok(QuotedBasket { applications, total })
}

/// Hands several drafts of the caller in, all or none.
pub async fn submit(
    ctx: Ctx,
    request: IdempotencyRequest,
    new: NewBasket,
) -> Result<Effect<Basket>, Failure> {
    ctx.account()?;
    refuse_count(new.applications.len())?;
    refuse(doubles(&new.applications))?;
    let (db, drill) = (ctx.core.db.clone(), Arc::clone(&ctx.core.drill));
    let roots = new.applications.iter().copied().map(Root::Application).collect();
    let submitted = db
        .write_alone(roots, move |tx| {
            let hand_in = |tx: &mut Tx<'_>, now| hand_in(tx, &ctx, &request.tenant, &new, now);
            let basket = once(tx, &request, "basket", hand_in, |tx, id| {
                let id = id.parse().map_err(|_| Failure::Internal("a basket's id".to_owned()))?;
                present(tx, &ctx, &request.tenant, id)
            })?;
            ctx.core.drill.reach(CrashPoint::SubmitBeforeCommit);
            Ok::<_, Failure>(basket)
        })
        .await?;
    drill.reach_async(CrashPoint::SubmitAfterCommit).await;
    Ok(submitted)
}

/// A basket of the caller.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: BasketId) -> Result<Basket, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| present(tx, &ctx, &tenant, id)).await
}

/// First everything is judged and priced, then everything is written: a refusal has changed nothing.
fn hand_in(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    new: &NewBasket,
    now: Timestamp,
) -> Result<Made<Basket>, Failure> {
    let arriving = judge(tx, ctx, tenant, &new.applications, now)?;
    let terms = terms(&arriving)?;
    let alone = SameTimeTerms::NONE;
    let terms_of = |member: &Arriving| terms.get(&member.case.row.id).unwrap_or(&alone);
    let mut total = Yen::ZERO;
    let mut fees: Vec<Option<FeeAssessment>> = Vec::new();
    for member in &arriving {
        let fee = member.fee(terms_of(member))?;
        total = sum(total, fee.as_ref().map_or(Yen::ZERO, |fee| fee.total))?;
        fees.push(fee);
    }
    if new.expected_total.is_some_and(|expected| expected != total.amount()) {
        return Err(Refusal::FeeChanged { total: total.amount() }.into());
    }
    let row = BasketRow {
        tenant_id: tenant.clone(),
        id: BasketId(tx.new_id()),
        account_id: ctx.account()?,
        total,
        created_at: Micros(now),
    };
    baskets::insert(tx, &row)?;
    let mut applications = Vec::new();
    for ((position, member), fee) in (0_i64..).zip(arriving).zip(fees) {
        let (application_id, terms) = (member.case.row.id, terms_of(&member).clone());
        let together = Together { basket: row.id, terms: &terms };
        applications.push(arrival::record(tx, ctx, member, fee, Some(together), now)?);
        let member = BasketMemberRow {
            tenant_id: tenant.clone(),
            application_id,
            basket_id: row.id,
            position,
            terms: Json(terms),
        };
        baskets::insert_member(tx, &member)?;
    }
    Ok(Made { resource_id: row.id.to_string(), value: Basket { row, applications } })
}

/// Every draft that may arrive, or the faults of all of them at once.
fn judge(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    ids: &[ApplicationId],
    now: Timestamp,
) -> Result<Vec<Arriving>, Failure> {
    let mut faults = Vec::new();
    let mut arriving: Vec<Arriving> = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let judged = arrival::judge(tx, ctx, tenant, *id, now);
        let priced = judged.and_then(|member| member.fee(&SameTimeTerms::NONE).map(|_| member));
        let Some(found) = catalogue::member("/applications", index, priced, &mut faults)? else { continue };
        let applicant = billing::obligor(&found.case);
        // Of those without an account nobody knows whether they are one person.
        let unknown = ids.len() > 1 && applicant.is_none();
        if unknown || arriving.first().is_some_and(|first| billing::obligor(&first.case) != applicant) {
            let ja = "申請者が異なります。同時申請は同じ申請者のものに限ります。";
            let en = "Another applicant: only applications of one person are handed in at the same time.";
            faults.push(Fault::new(format!("/applications/{index}"), "another_applicant", ja, en));
        }
        arriving.push(found);
    }
    refuse(faults)?;
    Ok(arriving)
}

/// The full prices that others bear, by application.
fn terms(arriving: &[Arriving]) -> Result<BTreeMap<ApplicationId, SameTimeTerms>, Failure> {
    let mut items: Vec<BasketItem<ApplicationId>> = Vec::new();
    for member in arriving {
        // What staff fix after review and cannot be said yet shares nothing.
        match member.known_fee() {
            Ok(estimate) => items.extend(basket_items(&member.case.row.id, &estimate.known)),
            Err(Failure::Refused(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    let number = |id: &ApplicationId| {
        let member = arriving.iter().find(|member| member.case.row.id == *id);
        member.and_then(|member| member.case.row.number.clone()).unwrap_or_else(|| id.to_string())
    };
    Ok(same_time_terms(&items, number))
}

/// The basket as it is now, for its owner; to everybody else there is none.
fn present(tx: &mut impl Reads, ctx: &Ctx, tenant: &TenantCode, id: BasketId) -> Result<Basket, Failure> {
    let account = ctx.account()?;
    let row = baskets::find(tx, tenant, id)?.filter(|row| row.account_id == account);
    let row = row.ok_or(Refusal::NotFound)?;
    let mut applications = Vec::new();
    for member in baskets::members(tx, tenant, id)? {
        applications.push(arrival::present(tx, ctx, tenant, member.application_id)?);
    }
    Ok(Basket { row, applications })
}

fn refuse(faults: Vec<Fault>) -> Result<(), Refusal> {
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

fn refuse_count(count: usize) -> Result<(), Refusal> {
    if (1..=MOST_APPLICATIONS).contains(&count) {
        return Ok(());
    }
    let ja = format!("1～{MOST_APPLICATIONS}件の申請を指定してください。");
    let en = format!("Name 1 to {MOST_APPLICATIONS} applications.");
    refuse(vec![Fault::new("/applications", "count", ja, en)])
}

fn doubles(ids: &[ApplicationId]) -> Vec<Fault> {
    let is_double = |(index, id): &(usize, &ApplicationId)| ids.iter().take(*index).any(|other| other == *id);
    let doubles = ids.iter().enumerate().filter(is_double);
    let fault = |(index, _)| {
        Fault::new(format!("/applications/{index}"), "duplicate", "重複しています。", "It is named twice.")
    };
    doubles.map(fault).collect()
}

fn sum(one: Yen, other: Yen) -> Result<Yen, Failure> {
    one.plus(other).map_err(|_| Failure::Internal("the total of a basket is out of range".to_owned()))
}
