//! The access log: each staff request that shows personal data leaves one row that lists the cases (閲覧記録).
//!
//! The row is committed before the answer leaves; if it cannot be written, nothing is shown. Each process writes a
//! chain of its own, so two nodes never wait for each other.

use std::sync::OnceLock;

use uuid::Uuid;

use super::{Ctx, Failure};
use crate::domain::id::{AccountId, ApplicationId, OfficerId, TenantCode};
use crate::domain::policy::Actor;
use crate::store::access_log::{self, NewAccess};
use crate::store::{Root, StoreError, Tx};

/// All rows of a process go through one writer thread, so its chain has one writer; no account has this id.
const CHAIN_ROOT: Root = Root::Account(AccountId(Uuid::nil()));

/// The officer whose reading is to be recorded; an applicant reads the own papers.
pub fn reader(actor: &Actor) -> Option<OfficerId> {
    match actor {
        Actor::Officer(authority) => Some(authority.officer),
        Actor::Person(_) | Actor::Anonymous => None,
    }
}

/// Records that `officer` was shown `cases`; call it before the answer leaves. No cases, no row.
pub async fn record(
    ctx: &Ctx,
    tenant: &TenantCode,
    officer: OfficerId,
    operation: &'static str,
    cases: &[ApplicationId],
) -> Result<(), Failure> {
    if cases.is_empty() {
        return Ok(());
    }
    append(ctx, tenant, officer.to_string(), operation, cases).await
}

/// Records that `officer` was shown personal data that belongs to no case, such as a file of the bank.
pub async fn record_body(
    ctx: &Ctx,
    tenant: &TenantCode,
    officer: OfficerId,
    operation: &'static str,
) -> Result<(), Failure> {
    append(ctx, tenant, officer.to_string(), operation, &[]).await
}

/// Records that somebody who was not asked for a name was shown `cases` that are open to the public; also that there were none.
pub async fn record_public(
    ctx: &Ctx,
    tenant: &TenantCode,
    operation: &'static str,
    cases: &[ApplicationId],
) -> Result<(), Failure> {
    append(ctx, tenant, "public".to_owned(), operation, cases).await
}

async fn append(
    ctx: &Ctx,
    tenant: &TenantCode,
    actor_id: String,
    operation: &'static str,
    cases: &[ApplicationId],
) -> Result<(), Failure> {
    let access = NewAccess {
        tenant: tenant.clone(),
        node: node(ctx).to_owned(),
        actor_id,
        request_id: ctx.request_id.to_string(),
        operation,
        cases: serde_json::json!(cases).to_string(),
    };
    let append = move |tx: &mut Tx<'_>| access_log::append(tx, &access);
    Ok(ctx.core.db.write::<_, StoreError>(CHAIN_ROOT, append).await?)
}

/// The name of this process's chains: that of the settings, else one drawn at the first use.
fn node(ctx: &Ctx) -> &str {
    static NODE: OnceLock<String> = OnceLock::new();
    let named = ctx.core.settings.audit.node_name.as_str();
    if named.is_empty() { NODE.get_or_init(|| ctx.core.ids.uuid(ctx.now()).to_string()) } else { named }
}
