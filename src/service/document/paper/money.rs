//! Papers about money: the notice to pay and the proof that money was taken.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Paper, PaperText, Papers, Row, Section, fee_rows, row, yen};
use crate::domain::calendar::jst_day;
use crate::domain::el_qr::ElNumber;
use crate::domain::id::{InvoiceId, ReceiptId};
use crate::domain::issued_document::DocumentStatus;
use crate::domain::payment::MethodCode;
use crate::domain::payment_notice::NoticeContent;
use crate::domain::procedure::Bilingual;
use crate::domain::receipt::ReceiptContent;
use crate::domain::revenue::AccountName;
use crate::domain::wareki;
use crate::service::payment_notice::{WaitingSlip, waiting_slips};
use crate::service::receipt_standing::{Names, names_of};
use crate::service::{Failure, el_qr};
use crate::store::el_qr_slips::SlipRow;
use crate::store::receipts::{self, Receipt};
use crate::store::{Reads, invoices, payment_notices};

/// The notices of a case, oldest first.
pub(super) fn payment_notices<T: Reads>(
    papers: &mut Papers<'_, T>,
) -> Result<Vec<(Uuid, Timestamp)>, Failure> {
    let tenant = &papers.case.tenant_id;
    let mut found = Vec::new();
    for invoice in invoices::all_of_case(papers.tx, tenant, papers.case.id)? {
        let notice = payment_notices::of_invoice(papers.tx, tenant, invoice.id)?;
        found.extend(notice.map(|notice| (notice.invoice_id.0, notice.issued_at.0)));
    }
    Ok(found)
}

/// 納入通知書: every item that the law asks for, as it was issued.
pub(super) fn payment_notice<T: Reads>(
    papers: &mut Papers<'_, T>,
    subject: Uuid,
) -> Result<Option<Paper>, Failure> {
    let case = papers.case;
    let found = payment_notices::of_invoice(papers.tx, &case.tenant_id, InvoiceId(subject))?;
    let Some(notice) = found.filter(|notice| notice.application_id == case.id) else { return Ok(None) };
    let content = &notice.content.0;
    let slips = waiting_slips(papers.tx, &case.tenant_id, notice.invoice_id)?;
    let text = PaperText {
        title: "納入通知書".to_owned(),
        issuer: content.issuer.ja.clone(),
        sender: content.authority.ja.clone(),
        head: vec![
            format!("納入通知番号 {}", notice.number),
            format!("発行日 {}", wareki::write(jst_day(notice.issued_at.0))),
        ],
        addressee: format!("{}　様", names_of(papers.tx, case, papers.key)?.obligor),
        sentence: "次のとおり納入してください。".to_owned(),
        figure: yen(content.total),
        sections: vec![
            Section::rows("", notice_rows(content)),
            Section::rows("内訳", fee_rows(&content.lines, content.total)),
            Section::rows("歳入科目", accounts(content)),
        ],
    };
    let invoice = InvoiceId(subject);
    let el_qr = el_qr::payable_of(papers.tx, &papers.ctx.catalogue, &case.tenant_id, invoice)?;
    let mut slips: Vec<Section> = slips.iter().map(slip_section).collect();
    slips.extend(el_qr.as_ref().map(el_qr_section));
    let paper = Paper::new(case, notice.issued_at.0, text)?.beside(&slips)?;
    Ok(Some(paper.with_el_qr(el_qr.map(|slip| slip.code_text))))
}

fn notice_rows(content: &NoticeContent) -> Vec<Row> {
    let mut rows = vec![
        row("納入すべき金額", &yen(content.total)),
        row("所属年度", &fiscal_year(content.fiscal_year)),
        row("請求の事由", &content.reason.ja),
    ];
    let day = |label: &str, day: Option<_>| day.map(|day| row(label, &wareki::write(day)));
    rows.extend(day("納期限", content.due_on));
    rows.extend(day("納付できる最終日", content.payable_until.filter(|day| Some(*day) != content.due_on)));
    let places: Vec<&str> = content.places.iter().map(|place| place.ja.as_str()).collect();
    if !places.is_empty() {
        rows.push(row("納入場所", &places.join("、")));
    }
    rows
}

/// The numbers by which it can be paid now, as text; they are no part of what was issued.
fn slip_section(waiting: &WaitingSlip) -> Section {
    let mut rows: Vec<Row> =
        waiting.slip.printed().into_iter().map(|(label, value)| row(label, value)).collect();
    if let Some(until) = waiting.payment.expires_at {
        rows.push(row("支払期限", &wareki::write(jst_day(until.0))));
    }
    Section::rows(&format!("払込みの番号（{}）", MethodCode::printed(waiting.slip.kind().as_str())), rows)
}

/// The eL mark in words, and the eL number in groups of digits; its code stands below.
fn el_qr_section(slip: &SlipRow) -> Section {
    let number = slip.number();
    let mut rows = vec![row("eLマーク", "eL（地方税お支払サイト・eL-QR対応金融機関で納付できます）")];
    rows.extend(number.parts().map(|(label, digits)| row(label, &ElNumber::grouped(digits))));
    rows.push(row("金額", &yen(slip.amount)));
    rows.extend(slip.payable_until.map(|day| row("取扱期限", &wareki::write(day.0))));
    Section::rows("eL番号", rows)
}

/// 款・項・目・節 of each line, once; the code where the body keeps no names.
fn accounts(content: &NoticeContent) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for line in &content.lines {
        let name =
            line.account_name.as_ref().map_or_else(|| line.revenue_account.clone(), AccountName::written);
        if rows.iter().all(|known| known.label != line.label_ja) {
            rows.push(row(&line.label_ja, &name));
        }
    }
    rows
}

fn fiscal_year(year: i16) -> String {
    let first = jiff::civil::date(year, 4, 1);
    let written = wareki::write(first);
    let era_year = written.split_once('年').map_or(written.as_str(), |(year, _)| year);
    format!("{era_year}年度")
}

/// The proofs of a case, oldest first, with those that ended.
pub(super) fn receipts<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Vec<(Uuid, Timestamp)>, Failure> {
    let tenant = &papers.case.tenant_id;
    let mut found = Vec::new();
    for invoice in invoices::all_of_case(papers.tx, tenant, papers.case.id)? {
        let given = receipts::of_invoice(papers.tx, tenant, invoice.id)?;
        found.extend(given.into_iter().map(|receipt| (receipt.row.id.0, receipt.row.issued_at.0)));
    }
    Ok(found)
}

/// 領収証書, or the confirmation of a payment that was entrusted to a designated agent, which is no receipt.
pub(super) fn receipt<T: Reads>(papers: &mut Papers<'_, T>, subject: Uuid) -> Result<Option<Paper>, Failure> {
    let case = papers.case;
    let found = receipts::find(papers.tx, &case.tenant_id, ReceiptId(subject))?;
    let Some(Receipt { row: proof, revocation, reissues }) =
        found.filter(|receipt| receipt.row.application_id == case.id)
    else {
        return Ok(None);
    };
    let names: Names = papers.key.open_json(&receipts::names_place(proof.id), &proof.sealed_names)?;
    let content = &proof.content.0;
    let (title, sentence) = match proof.kind.as_str() {
        "official_receipt" => ("領収証書", "次の金額を領収しました。"),
        _ => (
            "納付委託確認書",
            "次の金額の納付の委託を確認しました。この書面は領収証書ではありません。領収の証明は、納付を委託した指定納付受託者が交付します。",
        ),
    };
    let copy = reissues.last().map(|copy| {
        format!("再発行 第{}号（{}）", copy.reissue_no, wareki::write(jst_day(copy.reissued_at.0)))
    });
    let number = [format!("番号 {}", proof.number), wareki::write(jst_day(proof.issued_at.0))];
    let text = PaperText {
        title: title.to_owned(),
        issuer: content.issuer.ja.clone(),
        sender: speaker(content),
        head: number.into_iter().chain(copy).collect(),
        addressee: format!("{}　様", names.payer),
        sentence: sentence.to_owned(),
        figure: yen(proof.amount),
        sections: vec![
            Section::rows("", receipt_rows(content, &names)),
            Section::rows("内訳", line_rows(content)),
            Section::rows("消費税及び地方消費税", tax_rows(content)),
        ],
    };
    let paper = Paper::new(case, proof.issued_at.0, text)?;
    let standing = revocation.map_or(DocumentStatus::Current, |_| DocumentStatus::Revoked);
    Ok(Some(Paper { standing, ..paper }))
}

fn speaker(content: &ReceiptContent) -> String {
    let Bilingual { ja: department, .. } = &content.department;
    format!("{}　{department}", content.issuer.ja)
}

fn receipt_rows(content: &ReceiptContent, names: &Names) -> Vec<Row> {
    let year = i16::try_from(content.fiscal_year).map(fiscal_year).unwrap_or_default();
    let mut rows = vec![
        row("納入義務者", &names.obligor),
        row("納入通知番号", &content.invoice_number),
        row("所属年度", &year),
        row("領収又は委託の日", &wareki::write(content.received_on)),
        row("納付の方法", MethodCode::printed(&content.method)),
        row("参照番号", &content.reference),
    ];
    rows.extend(content.registration_number.as_ref().map(|number| row("登録番号", number)));
    rows
}

fn line_rows(content: &ReceiptContent) -> Vec<Row> {
    let words = |line: &crate::domain::invoice::InvoiceLine| {
        let rate = line.tax.map(|tax| format!("、{}%対象", tax.percent)).unwrap_or_default();
        row(&line.label_ja, &format!("{}（{}{rate}）", yen(line.amount), line.basis))
    };
    content.lines.iter().map(words).collect()
}

/// By rate, rounded once a rate; nothing where nothing is taxed.
fn tax_rows(content: &ReceiptContent) -> Vec<Row> {
    let Some(summary) = content.tax.as_ref().filter(|summary| !summary.rates.is_empty()) else {
        return Vec::new();
    };
    let rates = summary.rates.iter().map(|rate| {
        let words = format!("{}（うち消費税額等 {}）", yen(rate.total), yen(rate.tax));
        row(&format!("{}%対象", rate.percent), &words)
    });
    rates.chain([row("対象外", &yen(summary.not_taxable))]).collect()
}
