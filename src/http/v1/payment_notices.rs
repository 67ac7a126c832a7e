//! `…/invoices/{id}/notice`: the notice to pay (納入通知書) as it was issued.

use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::invoices::{InvoiceLineBody, line_body};
use super::payments::SlipBody;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::TenantCode;
use crate::domain::payment_notice::NoticeContent;
use crate::http::contract::{ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{SignedIn, segment};
use crate::http::locale;
use crate::http::respond;
use crate::service::payment_notice::{self, OpenNotice, WaitingSlip};
use crate::store::el_qr_slips::SlipRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_payment_notice);
}

/// What every place where one pays must show beside lines and total.
#[derive(Serialize, ToSchema)]
pub struct NoticeTerms {
    /// In which way the notice was given: `electronic`, `paper` or `oral`.
    way: String,
    /// 納期限: the last day of the period of payment; null where the body says none.
    #[schema(format = Date)]
    due_on: Option<String>,
    /// The day by which paying is in time: the due day, moved off days off.
    #[schema(format = Date)]
    payable_until: Option<String>,
    /// 納入場所.
    places: Vec<String>,
    /// The methods that the ordinance allows.
    methods: Vec<String>,
    /// 請求の事由.
    reason: String,
}

impl NoticeTerms {
    /// Presents what a notice says in the caller's language.
    pub fn of(way: &str, content: &NoticeContent) -> Self {
        let locale = locale::current().locale;
        Self {
            way: way.to_owned(),
            due_on: content.due_on.map(|day| day.to_string()),
            payable_until: content.payable_until.map(|day| day.to_string()),
            places: content.places.iter().map(|place| locale.pick(&place.ja, &place.en).clone()).collect(),
            methods: content.methods.clone(),
            reason: locale.pick(&content.reason.ja, &content.reason.en).clone(),
        }
    }
}

/// A slip that waits to be paid.
#[derive(Serialize, ToSchema)]
pub struct WaitingSlipBody {
    /// The payment.
    payment: Uuid,
    /// Until when it can be paid, as far as the gateway says.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Its numbers.
    #[serde(flatten)]
    slip: SlipBody,
}

impl WaitingSlipBody {
    fn of(waiting: &WaitingSlip) -> Self {
        Self {
            payment: waiting.payment.id.0,
            expires_at: waiting.payment.expires_at.map(|at| at.0.to_string()),
            slip: SlipBody::of(&waiting.slip),
        }
    }
}

/// The number by which a notice can be paid by eL-QR: on the payment site for local taxes, and at every bank that takes it. Text:
/// zeros in front count.
#[derive(Serialize, ToSchema)]
pub struct ElQrSlipBody {
    /// 収納機関番号.
    #[schema(example = "58191")]
    institution_number: String,
    /// 納付番号.
    payment_number: String,
    /// 確認番号.
    confirmation_number: String,
    /// 納付区分.
    payment_category: String,
    /// What is to be shown as a QR code.
    code_text: String,
    /// What is to be paid, in yen.
    amount: i64,
    /// The last day on which it is taken; null where there is none.
    #[schema(format = Date)]
    payable_until: Option<String>,
}

impl ElQrSlipBody {
    /// Presents a slip.
    pub fn of(slip: &SlipRow) -> Self {
        Self {
            institution_number: slip.institution_number.clone(),
            payment_number: slip.payment_number.clone(),
            confirmation_number: slip.confirmation_number.clone(),
            payment_category: slip.payment_category.clone(),
            code_text: slip.code_text.clone(),
            amount: slip.amount.amount(),
            payable_until: slip.payable_until.map(|day| day.0.to_string()),
        }
    }
}

/// A notice to pay.
#[derive(Serialize, ToSchema)]
pub struct PaymentNoticeView {
    /// The number the payer is told.
    number: String,
    /// The body that claims.
    tenant: String,
    /// Its name.
    issuer: String,
    /// In whose name.
    authority: String,
    /// 納入義務者.
    obligor: String,
    /// 所属年度.
    fiscal_year: i16,
    /// The year in the Japanese calendar.
    #[schema(example = "令和8年度")]
    fiscal_year_label: String,
    /// The lines with 歳入科目 and clause.
    lines: Vec<InvoiceLineBody>,
    /// 納入すべき金額 in yen.
    total: i64,
    /// 納期限, 納入場所, 請求の事由.
    #[serde(flatten)]
    terms: NoticeTerms,
    /// When it was issued.
    #[schema(format = DateTime)]
    issued_at: String,
    /// SHA-256 of what it says, as stored.
    content_sha256: String,
    /// The slips that wait to be paid now; they are no part of what was issued.
    slips: Vec<WaitingSlipBody>,
    /// The number by which it can be paid by eL-QR now; null where it cannot. It is no part of what was issued.
    el_qr: Option<ElQrSlipBody>,
}

impl PaymentNoticeView {
    fn of(open: &OpenNotice) -> Self {
        let locale = locale::current().locale;
        let (row, content) = (&open.row, &open.row.content.0);
        Self {
            number: row.number.clone(),
            tenant: row.tenant_id.to_string(),
            issuer: locale.pick(&content.issuer.ja, &content.issuer.en).clone(),
            authority: locale.pick(&content.authority.ja, &content.authority.en).clone(),
            obligor: open.names.obligor.clone(),
            fiscal_year: content.fiscal_year,
            fiscal_year_label: FiscalYear::starting_in(content.fiscal_year).label_ja(),
            lines: content.lines.iter().map(|line| line_body(line, locale)).collect(),
            total: content.total.amount(),
            terms: NoticeTerms::of(&row.way, content),
            issued_at: row.issued_at.0.to_string(),
            content_sha256: row.content_sha256.clone(),
            slips: open.slips.iter().map(WaitingSlipBody::of).collect(),
            el_qr: open.el_qr.as_ref().map(ElQrSlipBody::of),
        }
    }
}

/// Read the notice to pay
///
/// Year, account, sum, due day, place and reason, as they were on the day of issue; it reads the same for ever. Beside it stand
/// the numbers of slips and of Pay-easy that wait to be paid now, and the number by which it can be paid by eL-QR.
#[utoipa::path(
    operation_id = "get_payment_notice", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The notice", body = PaymentNoticeView), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}/notice")]
pub async fn get_payment_notice(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let found = payment_notice::get(ctx, tenant, id).await?;
    Ok(respond::plain(&PaymentNoticeView::of(&found)))
}
