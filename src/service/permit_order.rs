//! Orders about permits (取消し・効力の停止, R-29): dispositions of their own, with number, authority and instruction (T-4).

use jiff::Timestamp;
use serde_json::json;

use super::approval::NOTIFY_DECISION;
use super::cases::OpenCase;
use super::disposition::{self, Papers};
use super::disposition_refusal::DispositionRefusal;
use super::document::signature;
use super::notice::{self, Given, Issued};
use super::{Ctx, Failure, Refusal, access, cases, document_number, permit, review};
use crate::domain::calendar::jst_day;
use crate::domain::disposition::{OrderKind, OrderProposal};
use crate::domain::document_number::DocumentKind;
use crate::domain::id::{DecisionId, PermitId, ProposalId, TenantCode};
use crate::domain::merge_patch::merge_patch;
use crate::domain::permit::{PermitEvent, PermitHappening};
use crate::domain::policy::Action;
use crate::seal::sha256_hex;
use crate::store::permit_orders::{self, PermitOrderRow};
use crate::store::permits::{self, PermitRow};
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::{Reads, Tx, jobs};

/// Refuses an order that does not fit how the permit stands: on the day from which a suspension or its end counts, so that several
/// can be ordered one behind the other and lifted before they begin; today, where the permit is taken away.
pub fn refuse_misfit(
    tx: &mut impl Reads,
    ctx: &Ctx,
    row: PermitRow,
    body: &OrderProposal,
    now: Timestamp,
) -> Result<(), Failure> {
    let today = jst_day(now);
    let day = match body.order {
        OrderKind::Revocation => today,
        OrderKind::Suspension | OrderKind::Resumption => body.effective_on.max(today),
    };
    let state = permit::view(tx, &ctx.catalogue, row, day)?.state;
    if body.order.fits(state) { Ok(()) } else { Err(DispositionRefusal::OrderDoesNotFit { state }.into()) }
}

/// An order whose last seal is being set.
pub struct Ordered {
    permit: PermitRow,
    row: PermitOrderRow,
    papers: Papers,
    order: OrderKind,
}

/// The permit that an order of the case is about, or what stands against the order today.
pub fn ordered_permit(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    body: &OrderProposal,
    now: Timestamp,
) -> Result<PermitRow, Failure> {
    let found = permits::find(tx, &case.row.tenant_id, body.permit)?;
    let found = found.filter(|permit| permit.application_id == case.row.id);
    let permit = found.ok_or_else(|| Failure::Internal(format!("no permit {} of the case", body.permit)))?;
    refuse_misfit(tx, ctx, permit.clone(), body, now)?;
    if !body.day_faults(jst_day(now), permit.valid_from.0).is_empty() {
        return Err(DispositionRefusal::OrderDayPassed.into());
    }
    Ok(permit)
}

/// What stands on the order whatever it says: number, authority, 教示. The look before the seal, the draft of the paper and the issue
/// ask here.
pub fn papers(ctx: &Ctx, case: &OpenCase, now: Timestamp) -> Result<Papers, Failure> {
    disposition::papers(ctx, case, DocumentKind::Order, now)
}

/// Makes the order ready, or says what stands against it today; changes nothing.
pub fn judge(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    proposal: ProposalId,
    body: &OrderProposal,
    (sealer_title, now): (Option<&str>, Timestamp),
) -> Result<Ordered, Failure> {
    let (tenant, today) = (&case.row.tenant_id, jst_day(now));
    let permit = ordered_permit(tx, ctx, case, body, now)?;
    let papers = papers(ctx, case, now)?;
    let id = DecisionId(tx.new_id());
    let sealed_body = case.key.seal_json(&permit_orders::body_place(id), body, ctx.core.ids.as_ref());
    let row = PermitOrderRow {
        tenant_id: tenant.clone(),
        id,
        permit_id: permit.id,
        application_id: case.row.id,
        proposal_id: proposal,
        kind: body.order.as_str().to_owned(),
        document_number: String::new(),
        authority: papers.authority.ja.clone(),
        authority_en: papers.authority.en.clone(),
        sealer_title: sealer_title.unwrap_or_default().to_owned(),
        instruction: Json(papers.instruction.clone()),
        body_sha256: sha256_hex(&sealed_body),
        sealed_body,
        issued_on: IsoDate(today),
        effective_on: IsoDate(body.effective_on),
        until: body.until.map(IsoDate),
        decided_by: review::officer(case)?.officer,
        decided_at: Micros(now),
    };
    Ok(Ordered { permit, row, papers, order: body.order })
}

/// Issues the order, with its notice: from its day on the permit stands as it says.
pub fn issue(tx: &mut Tx<'_>, ctx: &Ctx, case: &mut OpenCase, ordered: Ordered) -> Result<(), Failure> {
    let Ordered { permit, mut row, papers, order } = ordered;
    row.document_number = document_number::assign(tx, &row.tenant_id, &papers.numbering, row.id)?;
    permit_orders::insert(tx, &row)?;
    notice::make(tx, ctx, case, Issued::Order(&row, permit.decision_id), row.decided_at.0)?;
    let (happening, kind) = match order {
        OrderKind::Revocation => (PermitHappening::Revoked, "permit_revoked"),
        OrderKind::Suspension => (PermitHappening::Suspended, "permit_suspended"),
        OrderKind::Resumption => (PermitHappening::Resumed, "permit_resumed"),
    };
    let event = |happening, effective_on| PermitEvent { happening, effective_on, cause: Some(row.id.0) };
    permits::append(tx, &permit, event(happening, row.effective_on.0))?;
    // A suspension with a last day ends by itself.
    if let Some(day) = row.until.and_then(|until| until.0.tomorrow().ok()) {
        permits::append(tx, &permit, event(PermitHappening::Resumed, day))?;
    }
    let subject = format!("{}:{}", case.row.id, row.id);
    jobs::enqueue(tx, row.tenant_id.as_str(), NOTIFY_DECISION, &subject, row.decided_at.0)?;
    let signed = signature::sign_order(tx, ctx, case, &row, row.decided_at.0)?;
    let facts = json!({
        "permit": row.permit_id,
        "order": row.id,
        "proposal": row.proposal_id,
        "document_number": row.document_number,
        "authority": row.authority,
        "effective_on": row.effective_on.0.to_string(),
        "until": row.until.map(|day| day.0.to_string()),
        "body_sha256": row.body_sha256,
    });
    case.record(tx, kind, merge_patch(facts, &signed), None)
}

/// An order with its text.
#[derive(Clone, Debug)]
pub struct OrderText {
    /// What was issued.
    pub row: PermitOrderRow,
    /// Ground, hearing and reasons.
    pub body: OrderProposal,
}

/// The orders about a permit, for the parties of its case and the department; for a party it is their retrieval.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: PermitId) -> Result<Vec<OrderText>, Failure> {
    read(&ctx, &tenant, Wanted::Permit(id)).await
}

/// One order, for the same people; for a party it is its retrieval.
pub(super) async fn find(ctx: &Ctx, tenant: &TenantCode, id: DecisionId) -> Result<OrderText, Failure> {
    let found = read(ctx, tenant, Wanted::Order(id)).await?.pop();
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// Which orders are read.
#[derive(Clone, Copy)]
enum Wanted {
    /// Those about this permit.
    Permit(PermitId),
    /// This one.
    Order(DecisionId),
}

async fn read(ctx: &Ctx, tenant: &TenantCode, wanted: Wanted) -> Result<Vec<OrderText>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let (permit, given) = match wanted {
            Wanted::Permit(id) => (id, Given::Orders),
            Wanted::Order(id) => {
                let order = permit_orders::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
                (order.permit_id, Given::Order(id))
            }
        };
        let permit = permits::find(tx, &body, permit)?.ok_or(Refusal::NotFound)?;
        let case = cases::open(tx, &inner, &body, permit.application_id, Action::ReadCase)?;
        let waiting = notice::waiting(tx, &body, case.row.id, given)?;
        let open = |row: PermitOrderRow| {
            let body = case.key.open_json(&permit_orders::body_place(row.id), &row.sealed_body)?;
            Ok(OrderText { row, body })
        };
        let meant = |row: &PermitOrderRow| match wanted {
            Wanted::Permit(_) => true,
            Wanted::Order(id) => row.id == id,
        };
        let rows = permit_orders::of_permit(tx, &body, permit.id)?;
        let found = rows.into_iter().filter(meant).map(open).collect::<Result<Vec<_>, Failure>>()?;
        Ok::<_, Failure>((access::reader(&case.actor), permit.application_id, waiting, found))
    });
    let (reader, case, waiting, found) = read.await?;
    if let Some(officer) = reader {
        access::record(ctx, tenant, officer, "permit", &[case]).await?;
    }
    notice::retrieved(ctx, tenant, case, reader, waiting).await?;
    Ok(found)
}
