//! The links of an invoice as its parties see them, and taking one back.
//!
//! A link may be for invoices of several cases. Who is a party of one of them sees what is theirs of it and may take the whole
//! back: it was given out for their debt, too.

use std::collections::BTreeSet;

use serde_json::json;

use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::payment_link::{Member, roots};
use super::{Ctx, Effect, Failure, Refusal};
use crate::domain::id::{ApplicationId, InvoiceId, PaymentLinkId, TenantCode};
use crate::domain::policy::Action;
use crate::store::payment_links::{self, PaymentLinkRow};
use crate::store::{Reads, Root, Tx, invoices};

/// The links of an invoice for its parties, each with what is paid by it as far as it is the caller's to pay.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    id: InvoiceId,
) -> Result<Vec<(PaymentLinkRow, Vec<Member>)>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let invoice = invoices::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        cases::open(tx, &ctx, &tenant, invoice.application_id, Action::Pay)?;
        let rows = payment_links::of_invoice(tx, &tenant, id)?;
        let mut found = Vec::new();
        for row in rows {
            let mut own = Vec::new();
            for (invoice, application) in payment_links::members(tx, &row)? {
                let case = case_to_pay(tx, &ctx, &tenant, application)?;
                own.extend(case.ok().map(|_| (invoice, application)));
            }
            found.push((row, own));
        }
        Ok(found)
    })
    .await
}

/// A case, where it is the caller's to pay; else why it is not.
fn case_to_pay(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Result<OpenCase, Refusal>, Failure> {
    match cases::open(tx, ctx, tenant, application, Action::Pay) {
        Ok(case) => Ok(Ok(case)),
        Err(Failure::Refused(refusal)) => Ok(Err(refusal)),
        Err(failure) => Err(failure),
    }
}

/// Takes a link back: from now on it is not found. What was opened by it goes on. Whoever gave it out may, and a party of any case that
/// is paid by it.
pub async fn revoke(ctx: Ctx, request: IdempotencyRequest, id: PaymentLinkId) -> Result<Effect<()>, Failure> {
    let tenant = request.tenant.clone();
    let members = ctx.core.db.read(move |tx| {
        let row = payment_links::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        Ok::<_, Failure>(payment_links::members(tx, &row)?)
    });
    let members = members.await?;
    let (db, of) = (ctx.core.db.clone(), members.clone());
    let write = move |tx: &mut Tx<'_>| {
        let end = |tx: &mut Tx<'_>, _| end(tx, &ctx, (&request.tenant, id), &of);
        once(tx, &request, "payment_link_revocation", end, |_, _| Ok(()))
    };
    match members.as_slice() {
        [(_, only)] => db.write(Root::Application(*only), write).await,
        _ => db.write_alone(roots(&members), write).await,
    }
}

fn end(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, PaymentLinkId),
    members: &[Member],
) -> Result<Made<()>, Failure> {
    let row = payment_links::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut may_end = ctx.account().is_ok_and(|account| account == row.created_by);
    // Whoever sees one of the cases is told that it is not theirs to do; to everybody else there is no such link.
    let mut refused = Refusal::NotFound;
    let mut cases = Vec::new();
    for application in members.iter().map(|(_, case)| *case).collect::<BTreeSet<_>>() {
        let own = case_to_pay(tx, ctx, tenant, application)?;
        may_end = may_end || own.is_ok();
        cases.push(match own {
            Ok(case) => case,
            // It ends there as well, and the record of that case names nobody who is no party of it.
            Err(refusal) => {
                refused = if refusal == Refusal::Forbidden { refusal } else { refused };
                cases::open_for_bearer(tx, ctx, tenant, application)?
            }
        });
    }
    if !may_end {
        return Err(refused.into());
    }
    if row.revoked_at.is_none() {
        payment_links::revoke(tx, &row)?;
        for case in &mut cases {
            case.record(tx, "payment_link_revoked", json!({ "link": id.to_string() }), None)?;
            case.save(tx)?;
        }
    }
    Ok(Made { resource_id: id.to_string(), value: () })
}
