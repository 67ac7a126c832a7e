//! What anybody may see: tenants, procedures, and what something would cost.

use serde_json::Value;
use std::sync::Arc;

use super::{Ctx, Failure, Refusal};
use crate::catalogue::{CatalogueProcedure, CatalogueTenant};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::fee::{self, Channel, FeeAssessment, FeeFault};
use crate::domain::id::TenantCode;

/// The tenant, or not found.
pub fn tenant(ctx: &Ctx, code: &TenantCode) -> Result<Arc<CatalogueTenant>, Refusal> {
    ctx.core.catalogue.tenant(code).cloned().ok_or(Refusal::NotFound)
}

/// The procedures in force today that match `query`.
pub fn procedures(
    ctx: &Ctx,
    tenant: &TenantCode,
    query: &str,
) -> Result<Vec<Arc<CatalogueProcedure>>, Refusal> {
    self::tenant(ctx, tenant)?;
    let today = jst_day(ctx.now());
    Ok(ctx.core.catalogue.search(tenant, query, today).into_iter().cloned().collect())
}

/// The version of a procedure in force today.
pub fn procedure(ctx: &Ctx, tenant: &TenantCode, id: &str) -> Result<Arc<CatalogueProcedure>, Refusal> {
    ctx.core.catalogue.find_procedure(tenant, id, jst_day(ctx.now())).cloned().ok_or(Refusal::NotFound)
}

/// What an application with these answers would cost if it arrived now.
pub fn quote(ctx: &Ctx, tenant: &TenantCode, id: &str, form: Value) -> Result<FeeAssessment, Failure> {
    let procedure = self::procedure(ctx, tenant, id)?;
    let answers = procedure.form.fold_widths(form);
    let faults = procedure.form.validate_draft(&answers);
    if !faults.is_empty() {
        return Err(Refusal::Invalid(form_faults(faults)).into());
    }
    fee::assess(&procedure.definition, &answers, Channel::Online, jst_day(ctx.now()))
        .map_err(|fault| fee_fault(&fault))
}

/// Faults of answers, with pointers into the request's body (`/form/…`).
pub fn form_faults(faults: Vec<Fault>) -> Vec<Fault> {
    faults
        .into_iter()
        .map(|fault| {
            Fault::new(format!("/form{}", fault.pointer), fault.code, fault.message_ja, fault.message_en)
        })
        .collect()
}

/// A fee that cannot be computed: the caller's answer where one is at fault, ours otherwise.
pub fn fee_fault(fault: &FeeFault) -> Failure {
    match fault.field() {
        Some(field) => {
            let ja = "手数料の計算に必要な回答がありません。";
            let en = "An answer that the fee depends on is missing.";
            Refusal::Invalid(vec![Fault::new(format!("/form/{field}"), "fee_input", ja, en)]).into()
        }
        None => Failure::Internal(fault.to_string()),
    }
}
