//! What the last seal on a proposal would issue today, as an approver looks at it before sealing.

use serde::Serialize;
use utoipa::ToSchema;

use super::decisions::{InstructionBody, instruction};
use super::invoices::InvoiceSummary;
use super::queues::BulkProblem;
use crate::domain::fee::{FeeAssessment, FeeLine};
use crate::http::locale;
use crate::service::Refusal;
use crate::service::approval::Issue;

/// A fee that would be assessed with the issue.
#[derive(Serialize, ToSchema)]
pub struct IssueFeeLine {
    /// Code of the fee.
    code: String,
    /// Name of the fee.
    item: String,
    /// In yen.
    amount: i64,
    /// The clause of the ordinance.
    basis: String,
}

impl From<FeeLine> for IssueFeeLine {
    fn from(line: FeeLine) -> Self {
        Self {
            code: line.item,
            item: locale::current().locale.pick(line.label_ja, line.label_en),
            amount: line.amount.amount(),
            basis: line.basis,
        }
    }
}

/// Fees that would be assessed with the issue.
#[derive(Serialize, ToSchema)]
pub struct IssueFee {
    /// In yen.
    total: i64,
    /// The lines.
    lines: Vec<IssueFeeLine>,
}

impl From<FeeAssessment> for IssueFee {
    fn from(fee: FeeAssessment) -> Self {
        Self { total: fee.total.amount(), lines: fee.lines.into_iter().map(IssueFeeLine::from).collect() }
    }
}

/// What would be issued if the last seal were set now.
#[derive(Serialize, ToSchema)]
pub struct IssueBody {
    /// In whose name (処分庁) a decision or an order about a permit would be made; null where it is not known, and for other subjects.
    #[schema(example = "青森県知事")]
    authority: Option<String>,
    /// The title of who sits at the last desk today, under which it would be sealed.
    sealed_as: Option<String>,
    /// Where and until when to appeal (教示); null where it is no disposition.
    instruction: Option<InstructionBody>,
    /// The first day what is granted would be valid; null where no term is stated.
    #[schema(format = Date, value_type = Option<String>)]
    valid_from: Option<String>,
    /// The last day.
    #[schema(format = Date, value_type = Option<String>)]
    valid_to: Option<String>,
    /// What is owed or was paid for the case, line by line, with where it stands.
    invoices: Vec<InvoiceSummary>,
    /// What would be assessed with the issue; null where nothing is.
    fee: Option<IssueFee>,
    /// What the last seal would be refused for now; all of it.
    missing: Vec<BulkProblem>,
    /// SHA-256 of all that would be issued; a seal that names another one is refused (412 `content_changed`).
    content_sha256: String,
}

impl From<Issue> for IssueBody {
    fn from(issue: Issue) -> Self {
        let (authority, told) = match issue.papers {
            None => (None, None),
            Some((authority, told)) => (Some(authority.ja), instruction(told)),
        };
        Self {
            authority,
            sealed_as: issue.sealer_title,
            instruction: told,
            valid_from: issue.term.map(|term| term.from.to_string()),
            valid_to: issue.term.map(|term| term.to.to_string()),
            invoices: issue.invoices.iter().map(InvoiceSummary::of).collect(),
            fee: issue.fee.map(IssueFee::from),
            missing: issue.missing.iter().map(problem).collect(),
            content_sha256: issue.content_sha256,
        }
    }
}

fn problem(refusal: &Refusal) -> BulkProblem {
    let (ja, en) = refusal.sentence();
    BulkProblem::new(refusal.code(), ja, en)
}
