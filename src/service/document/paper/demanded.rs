//! 督促状: the demand for what was not paid in time, as it was issued.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Paper, PaperText, Papers, Section, row, yen};
use crate::domain::calendar::jst_day;
use crate::domain::id::InvoiceId;
use crate::domain::money::Yen;
use crate::domain::payment_notice::reason;
use crate::domain::wareki;
use crate::service::receipt_standing::names_of;
use crate::service::{Failure, intake};
use crate::store::{Reads, StoreError, demands, invoices, payment_notices};

/// The demands of a case, oldest first.
pub(super) fn demands<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Vec<(Uuid, Timestamp)>, Failure> {
    let rows = demands::of_case(papers.tx, &papers.case.tenant_id, papers.case.id)?;
    Ok(rows.into_iter().map(|row| (row.invoice_id.0, row.issued_at.0)).collect())
}

/// 督促状 of an invoice: what was owed that day, and by when it is to be paid. Whether it was paid since is no matter of the paper.
pub(super) fn demand<T: Reads>(papers: &mut Papers<'_, T>, subject: Uuid) -> Result<Option<Paper>, Failure> {
    let case = papers.case;
    let found = demands::of_invoice(papers.tx, &case.tenant_id, InvoiceId(subject))?;
    let Some(demand) = found.filter(|demand| demand.application_id == case.id) else { return Ok(None) };
    let invoice = invoices::find(papers.tx, &case.tenant_id, demand.invoice_id)?;
    let invoice = invoice.ok_or_else(|| StoreError::Inconsistent(format!("no invoice {subject}")))?;
    let title = &intake::pinned(papers.ctx, case)?.definition.title;
    // Who asked for it demands it: a case that moved since changes nothing of the paper.
    let notice = payment_notices::of_invoice(papers.tx, &case.tenant_id, demand.invoice_id)?;
    let asked = notice.map(|notice| notice.content.0.authority.ja);
    let sender = asked.unwrap_or_else(|| papers.authority(demand.issued_at.0));
    let until = wareki::write(demand.pay_until.0);
    let mut rows = vec![
        row("納入通知番号", &invoice.number),
        row("請求の事由", &reason(title, case.number.as_deref().unwrap_or_default()).ja),
        row("納期限", &wareki::write(demand.due_on.0)),
        row("指定期限", &until),
        row("根拠条項", &demand.basis),
    ];
    if demand.demand_fee > Yen::ZERO {
        rows.insert(4, row("督促手数料", &yen(demand.demand_fee)));
    }
    let text = PaperText {
        title: "督促状".to_owned(),
        issuer: sender.clone(),
        sender,
        head: vec![papers.reference(), wareki::write(jst_day(demand.issued_at.0))],
        addressee: format!("{}　様", names_of(papers.tx, case, papers.key)?.obligor),
        sentence: format!("次の金額が納期限までに納付されていません。{until}までに納付してください。"),
        figure: yen(demand.principal),
        sections: vec![Section::rows("", rows)],
    };
    Paper::new(case, demand.issued_at.0, text).map(Some)
}
