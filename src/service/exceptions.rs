//! Raising what a person must look at (照合の例外). Finding the same thing again changes nothing, also after two people have answered
//! it; a trouble that comes back in another shape is raised again, and says what it follows.

use serde_json::Value;

use super::Failure;
use crate::domain::id::{ExceptionId, PaymentId, SettlementId, SettlementLineId, TenantCode};
use crate::domain::reconciliation::is_same_trouble;
use crate::domain::settlement::{ExceptionKind, ExceptionState};
use crate::store::Tx;
use crate::store::reconciliation_exceptions::{self, ExceptionRow, Raised};
use crate::store::sql::{Json, Micros};

/// What an exception is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A payment.
    Payment(PaymentId),
    /// A line of a payout.
    Line(SettlementLineId),
    /// A payout.
    Settlement(SettlementId),
    /// Something else, by kind and name: the bank's statement, a report.
    Other(&'static str, String),
}

impl Subject {
    /// As it is stored.
    pub fn text(&self) -> String {
        match self {
            Self::Payment(id) => format!("payment:{id}"),
            Self::Line(id) => format!("line:{id}"),
            Self::Settlement(id) => format!("settlement:{id}"),
            Self::Other(kind, name) => format!("{kind}:{name}"),
        }
    }
}

/// Raises an exception, once for each kind and subject while it waits for a person, and anew where what was answered has changed.
/// `facts` hold no personal data. The operator is told.
pub fn raise(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    kind: ExceptionKind,
    subject: &Subject,
    facts: Value,
) -> Result<Raised, Failure> {
    let before = reconciliation_exceptions::of_subject(tx, tenant, kind, &subject.text())?;
    if let Some(before) = &before
        && (before.exception_state()? != ExceptionState::Resolved || is_same_trouble(&before.facts.0, &facts))
    {
        return Ok(Raised::Known);
    }
    let row = ExceptionRow {
        tenant_id: tenant.clone(),
        id: ExceptionId(tx.new_id()),
        kind: kind.as_str().to_owned(),
        subject: subject.text(),
        facts: Json(facts),
        state: ExceptionState::Open.as_str().to_owned(),
        owner: None,
        raised_at: Micros(tx.now()),
        proposed_by: None,
        proposed_at: None,
        resolution: None,
        comment: None,
        resolved_by: None,
        resolved_at: None,
        version: 1,
        follows: before.map(|before| before.id),
    };
    let raised = reconciliation_exceptions::insert(tx, &row)?;
    if raised == Raised::New {
        tracing::warn!(exception = %row.id, kind = kind.as_str(), subject = row.subject, "books, gateway and bank differ");
        metrics::counter!("madoguchi_reconciliation_exceptions_total", "kind" => kind.as_str()).increment(1);
    }
    Ok(raised)
}
