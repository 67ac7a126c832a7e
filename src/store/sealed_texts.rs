//! What is sealed with the key of a case, column by column: for whoever needs all of a case in clear (移管, R-124).
//!
//! The tables are named here and not asked of one by one, so that a new sealed column costs one line. A test compares the list
//! with the migrated schema.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use super::backend::{AnyConn, MultiBackend};
use super::sql::Micros;
use super::{Reads, StoreError};
use crate::domain::id::{ApplicationId, TenantCode};

/// A column that is sealed with the key of the case that its row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedColumn {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What names a row within its body; the place of the text is bound to it.
    key: &'static [&'static str],
    /// When the text was written, as SQL. Of a text whose own instant is not kept: when what it belongs to was recorded.
    at: &'static str,
    /// How the row is reached from its case: a column of it, the table whose `id` that is, then a column of that one, and so
    /// on; the last table has `application_id`. None: the table itself has it. Whoever has no index by case is reached over
    /// one that has.
    path: &'static [(&'static str, &'static str)],
}

impl SealedColumn {
    /// The place that a text of this column is bound to.
    pub fn place(&self, id: &str) -> String {
        format!("{}.{}:{id}", self.table, self.column)
    }
}

/// A column of a table that has the `application_id` and a key of one column, `id`.
const fn text(table: &'static str, column: &'static str, at: &'static str) -> SealedColumn {
    SealedColumn { table, column, key: &["id"], at, path: &[] }
}

/// A column of a table with another key, or that is reached over others.
const fn keyed(
    (table, column, at): (&'static str, &'static str, &'static str),
    key: &'static [&'static str],
    path: &'static [(&'static str, &'static str)],
) -> SealedColumn {
    SealedColumn { table, column, key, at, path }
}

const INVOICE: &[(&str, &str)] = &[("invoice_id", "invoices")];
const PROPOSAL: &[(&str, &str)] = &[("proposal_id", "proposals")];
const RECEIPT: &[(&str, &str)] = &[("receipt_id", "receipts"), ("invoice_id", "invoices")];
/// An inspection keeps the day it is planned for, not when that was written; the step that brought it does, and so with findings.
const PLANNED_AT: &str = "(SELECT MIN(acts.acted_at) FROM inspection_acts AS acts WHERE acts.tenant_id = inspections.tenant_id \
     AND acts.inspection_id = inspections.id AND acts.act = 'planned')";
const FOUND_AT: &str = "(SELECT MAX(acts.acted_at) FROM inspection_acts AS acts WHERE acts.tenant_id = inspections.tenant_id \
     AND acts.inspection_id = inspections.id AND acts.act = 'carried_out')";

/// Every column that is sealed with a case's key, but for those that have a use case of their own to list them whole: form and
/// former forms, parties, documents, questions to the applicant, messages, notes, the decision.
///
/// Requests to gateways (`gateway_operations`) and what gateways tell are left out on purpose: technical messages with data of
/// the payer, made by machines for machines, are no part of the administrative document (行政文書). What they came to stands
/// in the chain of events and in the invoices.
pub const SEALED_TEXTS: &[SealedColumn] = &[
    keyed(
        ("acknowledgement_reversals", "sealed_reason", "struck_at"),
        &["acknowledgement_id"],
        &[("acknowledgement_id", "acknowledgements"), ("invoice_id", "invoices")],
    ),
    keyed(("acknowledgements", "sealed_evidence", "recorded_at"), &["id"], INVOICE),
    keyed(("acting_instructions", "sealed_text", "given_at"), &["id"], PROPOSAL),
    keyed(("approval_acts", "sealed_comment", "acted_at"), &["id"], PROPOSAL),
    keyed(("approval_steps", "sealed_comment", "acted_at"), &["proposal_id", "step_no"], PROPOSAL),
    text("case_links", "sealed_end_reason", "ended_at"),
    text("case_links", "sealed_reason", "linked_at"),
    text("case_tasks", "sealed_reason", "ended_at"),
    keyed(("checklist_marks", "sealed_comment", "marked_at"), &["application_id", "mark_no"], &[]),
    text("clock_pauses", "sealed_note", "recorded_at"),
    keyed(
        ("contract_acts", "sealed_detail", "acted_at"),
        &["contract_id", "act_no"],
        &[("contract_id", "contracts")],
    ),
    text("contracts", "sealed_fee", "offered_at"),
    text("contracts", "sealed_statement", "offered_at"),
    text("corrections", "sealed_end_reason", "ended_at"),
    keyed(("counter_payments", "sealed_reason", "reversed_at"), &["payment_id"], INVOICE),
    keyed(("counter_payments", "sealed_reference", "recorded_at"), &["payment_id"], INVOICE),
    keyed(
        ("decision_versions", "sealed_body", "decided_at"),
        &["decision_id", "version"],
        &[("decision_id", "decisions")],
    ),
    text("delay_reasons", "sealed_reason", "recorded_at"),
    text("false_claims", "sealed_statement", "recorded_at"),
    keyed(("guidance_refusals", "sealed_statement", "stated_at"), &["application_id"], &[]),
    keyed(
        ("inspection_acts", "sealed_reason", "acted_at"),
        &["inspection_id", "act_no"],
        &[("inspection_id", "inspections")],
    ),
    text("inspections", "sealed_findings", FOUND_AT),
    text("inspections", "sealed_plan", PLANNED_AT),
    text("invoices", "sealed_inputs", "issued_at"),
    keyed(("notice_acts", "sealed_text", "acted_at"), &["notice_id", "act_no"], &[("notice_id", "notices")]),
    text("opinions", "sealed_answer", "ended_at"),
    text("opinions", "sealed_question", "asked_at"),
    keyed(("original_checks", "sealed_note", "recorded_at"), &["application_id", "check_no"], &[]),
    text("permit_orders", "sealed_body", "decided_at"),
    keyed(
        ("post_reviews", "sealed_comment", "reviewed_at"),
        &["acting_decision_id"],
        &[("acting_decision_id", "acting_decisions"), ("proposal_id", "proposals")],
    ),
    text("proposals", "sealed_body", "created_at"),
    keyed(("receipt_reissues", "sealed_reason", "reissued_at"), &["receipt_id", "reissue_no"], RECEIPT),
    keyed(("receipt_revocations", "sealed_reason", "revoked_at"), &["receipt_id"], RECEIPT),
    keyed(("receipts", "sealed_names", "issued_at"), &["id"], INVOICE),
    keyed(
        ("record_hold_releases", "sealed_reason", "released_at"),
        &["hold_id"],
        &[("hold_id", "record_holds")],
    ),
    text("record_holds", "sealed_note", "placed_at"),
    keyed(("refunds", "sealed_payee", "created_at"), &["id"], INVOICE),
    keyed(("stamp_uses", "sealed_reason", "reversed_at"), &["id"], INVOICE),
    text("transfers", "sealed_grounds", "transferred_at"),
    keyed(("waiver_revocations", "sealed_reasons", "revoked_at"), &["waiver_id"], &[]),
    text("waivers", "sealed_reasons", "decided_at"),
    text("waivers", "sealed_statement", "created_at"),
];

/// A sealed text with where it stands.
#[derive(Clone, Debug)]
pub struct SealedText {
    /// The column it stands in.
    pub column: &'static SealedColumn,
    /// The key of its row, its parts joined by colons.
    pub id: String,
    /// When it was written; none where the row does not know.
    pub at: Option<Micros>,
    /// The text, sealed with the case's key.
    pub sealed: Vec<u8>,
}

/// The texts of one column in a case.
#[derive(Clone, Debug)]
struct TextsOfCase {
    column: &'static SealedColumn,
    tenant: TenantCode,
    case: ApplicationId,
}

impl QueryFragment<MultiBackend> for TextsOfCase {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let SealedColumn { table, column, key, at, path } = self.column;
        let parts: Vec<String> = key.iter().map(|part| format!("CAST({part} AS TEXT)")).collect();
        let id = parts.join(" || ':' || ");
        out.push_sql(&format!(
            "SELECT {id}, {at}, {column} FROM {table} WHERE {column} IS NOT NULL AND tenant_id = "
        ));
        out.push_bind_param::<Text, TenantCode>(&self.tenant)?;
        for (link, parent) in *path {
            out.push_sql(&format!(" AND {link} IN (SELECT id FROM {parent} WHERE tenant_id = "));
            out.push_bind_param::<Text, TenantCode>(&self.tenant)?;
        }
        out.push_sql(" AND application_id = ");
        out.push_bind_param::<Text, ApplicationId>(&self.case)?;
        out.push_sql(&")".repeat(path.len()));
        Ok(())
    }
}

impl QueryId for TextsOfCase {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for TextsOfCase {
    type SqlType = (Text, Nullable<BigInt>, Binary);
}

impl RunQueryDsl<AnyConn> for TextsOfCase {}

/// All sealed texts of a case, sorted by instant, table, key and column; those without an instant come first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
) -> Result<Vec<SealedText>, StoreError> {
    let mut all = Vec::new();
    for column in SEALED_TEXTS {
        let query = TextsOfCase { column, tenant: tenant.clone(), case };
        let rows: Vec<(String, Option<Micros>, Vec<u8>)> = query.load(tx.read())?;
        all.extend(rows.into_iter().map(|(id, at, sealed)| SealedText { column, id, at, sealed }));
    }
    let order =
        |text: &SealedText| (text.at.map(|at| at.0), text.column.table, text.id.clone(), text.column.column);
    all.sort_by_cached_key(order);
    Ok(all)
}
