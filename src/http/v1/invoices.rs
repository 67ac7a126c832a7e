//! `…/invoices`: what is owed.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::payment_notices::{ElQrSlipBody, NoticeTerms};
use super::procedures::{IncludedTaxBody, word};
use crate::domain::id::TenantCode;
use crate::domain::invoice::InvoiceLine;
use crate::domain::revenue::AccountName;
use crate::http::contract::{ReadProblems, ResourcePath, TenantPath};
use crate::http::error::ApiError;
use crate::http::extract::{SignedIn, segment};
use crate::http::locale::{self, Locale};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::invoice::{self, ExplainedInvoice, LineExplanation};
use crate::store::invoices::InvoiceRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(find_invoice).service(get_invoice);
}

/// One line of an invoice.
#[derive(Serialize, ToSchema)]
pub struct InvoiceLineBody {
    /// Code of the fee.
    code: String,
    /// Name of the fee.
    item: String,
    /// In yen.
    amount: i64,
    /// The clause of the ordinance.
    basis: String,
    /// 歳入科目.
    revenue_account: String,
    /// Its names; null for what was issued before they were kept.
    account: Option<AccountNameBody>,
    /// 会計年度.
    fiscal_year: i16,
    /// To whom the money belongs: `own` or `national` (held outside the budget).
    payee: String,
    /// The consumption tax in the amount; null where none is due.
    tax: Option<IncludedTaxBody>,
    /// The application handed in at the same time that bears the full price instead, by its number; null otherwise.
    full_price_in: Option<String>,
    /// The notice by which the fee is not collected, in part or whole; null otherwise.
    relief: Option<String>,
    /// Which version of which formula was used.
    formula_version: String,
    /// How the amount came about, step by step, as the quote says it. Told where one invoice is looked at by somebody who
    /// may see the case; null elsewhere.
    explanation: Option<Vec<String>>,
    /// What the amount was computed from; null where there is no explanation.
    #[schema(value_type = Option<Object>)]
    inputs: Option<Value>,
    /// True while the amount has not been confirmed by the body.
    sample: bool,
}

/// The names of a revenue account, as the budget has them.
#[derive(Serialize, ToSchema)]
pub struct AccountNameBody {
    /// 款.
    #[schema(example = "使用料及び手数料")]
    kan: String,
    /// 項.
    kou: String,
    /// 目.
    moku: String,
    /// 節.
    setsu: String,
}

impl AccountNameBody {
    fn of(name: &AccountName) -> Self {
        let AccountName { kan, kou, moku, setsu } = name.clone();
        Self { kan, kou, moku, setsu }
    }
}

/// What is owed.
#[derive(Serialize, ToSchema)]
pub struct InvoiceSummary {
    /// The invoice.
    pub id: Uuid,
    /// 納付番号: the one number of this debt, whichever way it is paid: shown by every gateway beside what is paid, written
    /// on the slip, and asked for at the counter. The first payment under it wins.
    pub number: String,
    /// What was assessed, in yen.
    pub total: i64,
    /// What was taken off since by waivers.
    pub reduced: i64,
    /// What is to be paid in all: the total less what was taken off.
    pub owed: i64,
    /// `unpaid`, `pending`, `entrusted`, `paid`, `overpaid`, `partially_refunded`, `refunded`, `waived`, `canceled` or
    /// `written_off`.
    pub state: String,
    /// The lines.
    pub lines: Vec<InvoiceLineBody>,
}

impl InvoiceSummary {
    /// Presents an invoice in the caller's language.
    pub fn of(row: &InvoiceRow) -> Self {
        let locale = locale::current().locale;
        Self {
            id: row.id.0,
            number: row.number.clone(),
            total: row.total.amount(),
            reduced: row.reduced.amount(),
            owed: row.owed().amount(),
            state: row.state.clone(),
            lines: row.lines.0.iter().map(|line| line_body(line, locale)).collect(),
        }
    }
}

/// Presents a line in the caller's language.
pub fn line_body(line: &InvoiceLine, locale: Locale) -> InvoiceLineBody {
    InvoiceLineBody {
        code: line.item.clone(),
        item: locale.pick(&line.label_ja, &line.label_en).clone(),
        amount: line.amount.amount(),
        basis: line.basis.clone(),
        revenue_account: line.revenue_account.clone(),
        account: line.account_name.as_ref().map(AccountNameBody::of),
        fiscal_year: line.fiscal_year,
        payee: word(&line.payee),
        tax: line.tax.map(IncludedTaxBody::of),
        full_price_in: line.full_price_in.clone(),
        relief: line.relief.as_ref().map(|relief| relief.basis.clone()),
        formula_version: line.formula_version.clone(),
        explanation: None,
        inputs: None,
        sample: line.sample,
    }
}

/// An invoice with its days.
#[derive(Serialize, ToSchema)]
pub struct InvoiceView {
    /// What is owed.
    #[serde(flatten)]
    summary: InvoiceSummary,
    /// The body owed to.
    tenant: String,
    /// The case it arises from.
    application: Uuid,
    /// 会計年度.
    fiscal_year: i64,
    /// When the notice was issued.
    #[schema(format = DateTime)]
    issued_at: String,
    /// 納期限; null where the body says none.
    #[schema(format = Date)]
    due_on: Option<String>,
    /// The day a designated agent took the entrustment.
    #[schema(format = Date)]
    entrusted_on: Option<String>,
    /// The day it counts as paid; open while the agent has not remitted.
    #[schema(format = Date)]
    paid_on: Option<String>,
    /// The claim beside which it was assessed because that was not paid in time; null for what arises from the case itself.
    principal: Option<Uuid>,
    /// Rises with every change; also the `ETag`.
    version: i64,
}

impl InvoiceView {
    /// Presents an invoice.
    pub fn of(row: &InvoiceRow) -> Self {
        Self {
            summary: InvoiceSummary::of(row),
            tenant: row.tenant_id.to_string(),
            application: row.application_id.0,
            fiscal_year: row.fiscal_year,
            issued_at: row.issued_at.0.to_string(),
            due_on: row.due_on.map(|day| day.0.to_string()),
            entrusted_on: row.entrusted_on.map(|day| day.0.to_string()),
            paid_on: row.paid_on.map(|day| day.0.to_string()),
            principal: row.principal_id.map(|id| id.0),
            version: row.version,
        }
    }

    fn explained(found: ExplainedInvoice) -> Self {
        let locale = locale::current().locale;
        let mut view = Self::of(&found.invoice);
        for (line, LineExplanation { steps, inputs }) in
            view.summary.lines.iter_mut().zip(found.explanations.into_iter().flatten())
        {
            line.explanation = Some(steps.into_iter().map(|step| locale.pick(step.ja, step.en)).collect());
            line.inputs = Some(Value::Object(inputs.into_iter().collect()));
        }
        view
    }
}

/// An invoice with the ways to pay it.
#[derive(Serialize, ToSchema)]
pub struct PayableInvoice {
    /// The invoice.
    #[serde(flatten)]
    invoice: InvoiceView,
    /// The methods by which it can be paid now: allowed by the ordinance, through an agent designated for its revenues by
    /// a notice in force, at a gateway that answers.
    payable_by: Vec<String>,
    /// The number by which it can be paid by eL-QR now; null where it cannot.
    el_qr: Option<ElQrSlipBody>,
    /// What was assessed beside it because it was not paid in time: the fee of the demand, the late charge. Each is an invoice of
    /// its own and paid as such.
    charges: Vec<InvoiceSummary>,
    /// What is open of the invoice and of what was assessed beside it, in yen; what goes on accruing is told at `…/arrears`.
    balance: i64,
    /// What the notice says beside lines and total; null where nothing is owed.
    notice: Option<NoticeTerms>,
}

/// What is looked for.
#[derive(IntoParams, Deserialize)]
#[into_params(parameter_in = Query)]
pub struct NumberQuery {
    /// 納付番号, as the payer was told it.
    number: Option<String>,
}

/// Find an invoice by its number
///
/// For whoever receives money at the counter: the payer brings the number, by whichever way it was to be paid. A number
/// that does not exist, and one that is none of your business, are both 404.
#[utoipa::path(
    operation_id = "find_invoice", tag = "payments", params(TenantPath, NumberQuery),
    responses((status = 200, description = "The invoice", body = PayableInvoice), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices")]
pub async fn find_invoice(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    query: web::Query<NumberQuery>,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let number = query.into_inner().number.ok_or(Refusal::NotFound)?;
    Ok(present(invoice::find_by_number(ctx, tenant, number).await?))
}

/// Look at an invoice
///
/// What is owed, for what, by which clause, from which answers, and where it stands.
#[utoipa::path(
    operation_id = "get_invoice", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The invoice", body = PayableInvoice), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}")]
pub async fn get_invoice(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    Ok(present(invoice::get(ctx, tenant, id).await?))
}

fn present(found: ExplainedInvoice) -> HttpResponse {
    let (version, payable_by) = (found.invoice.version, found.payable_by.clone());
    let notice = found.notice.as_ref().map(|row| NoticeTerms::of(&row.way, &row.content.0));
    let el_qr = found.el_qr.as_ref().map(ElQrSlipBody::of);
    let charges: Vec<_> = found.charges.iter().map(InvoiceSummary::of).collect();
    let rows = std::iter::once(&found.invoice).chain(&found.charges);
    let balance = rows.filter(|row| row.is_open().unwrap_or(false)).map(|row| row.owed().amount()).sum();
    let body = PayableInvoice {
        invoice: InvoiceView::explained(found),
        payable_by,
        el_qr,
        charges,
        balance,
        notice,
    };
    respond::versioned(version, &body)
}
