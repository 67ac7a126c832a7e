//! Papers about what was handed in: the copy of the application, what staff ask to have corrected.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{Paper, PaperText, Papers, Row, Section, fee_rows, row};
use crate::domain::calendar::jst_day;
use crate::domain::department_trail;
use crate::domain::form::printed;
use crate::domain::id::CorrectionId;
use crate::domain::procedure::{FeeDue, ProcedureDefinition};
use crate::domain::transfer::is_own_office;
use crate::domain::wareki;
use crate::service::correction::CorrectionItem;
use crate::service::{Failure, case_view, intake};
use crate::store::applications::ApplicationRow;
use crate::store::parties::{self, ArrivalRow};
use crate::store::{Reads, attachments, corrections, events, invoices};

/// 申請書の控え: what arrived, as it stands after corrections.
pub(super) fn application_copy<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Option<Paper>, Failure> {
    let case = papers.case;
    let Some(arrived_at) = case.arrived_at.map(|at| at.0) else { return Ok(None) };
    let procedure = intake::pinned(papers.ctx, case)?;
    let form: Value = papers.key.open_json(&ApplicationRow::form_place(case.id), &case.sealed_form)?;
    let answers = printed::printed(&procedure.definition.form, &form);
    let definition = &procedure.definition;
    let receipt = own_receipt(papers)?;
    let fee = match (definition.fee_due, &receipt) {
        (FeeDue::OnSubmit, Some(receipt)) => fee_on_submission(papers, receipt)?,
        // Fixed later, due later, or nothing is owed: the copy says what was handed in, and stays true when the fee is fixed.
        _ => Vec::new(),
    };
    // Addressed to whom it was handed in, wherever the case has gone since; one that another body sent on, to whom here.
    let (office, received_at) =
        receipt.map_or_else(|| (case.department.clone(), arrived_at), |it| (it.office, it.arrived_at.0));
    let issuer = papers.authority(&office, received_at)?;
    let text = PaperText {
        title: format!("{}（控え）", definition.title.ja),
        head: vec![papers.reference(), format!("到達日 {}", wareki::write(jst_day(arrived_at)))],
        addressee: format!("{issuer}　宛て"),
        issuer,
        sections: vec![
            Section::rows("", answers.iter().map(|answer| row(&answer.label, &answer.words)).collect()),
            Section::rows("添付書類", files(papers, definition)?),
            Section::rows("手数料等", fee),
        ],
        ..PaperText::default()
    };
    Paper::new(case, arrived_at, text)?.beside(stamp_of_receipt(case).as_slice()).map(Some)
}

/// The first leg of the arrival at an office of the body that has the case.
fn own_receipt<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Option<ArrivalRow>, Failure> {
    let legs = parties::arrivals_of(papers.tx, &papers.case.tenant_id, papers.case.id)?;
    Ok(legs.into_iter().find(|leg| is_own_office(&leg.office)))
}

/// The fee that was settled by the arrival: its invoice was written in the same transaction. What is charged later, because an answer
/// was corrected or a waiver revoked, is told elsewhere.
fn fee_on_submission<T: Reads>(
    papers: &mut Papers<'_, T>,
    receipt: &ArrivalRow,
) -> Result<Vec<Row>, Failure> {
    let invoices = invoices::of_case(papers.tx, &papers.case.tenant_id, papers.case.id)?;
    let first = invoices.into_iter().next().filter(|first| first.issued_at == receipt.recorded_at);
    Ok(first.map_or_else(Vec::new, |invoice| fee_rows(&invoice.lines.0, invoice.total)))
}

/// 収受印, as soon as the office has numbered what came in. The number comes after the copy may have been taken, and the copy
/// says the same of what was handed in with it and without.
fn stamp_of_receipt(case: &ApplicationRow) -> Option<Section> {
    let (number, on) = (case.incoming_number.as_ref()?, case.incoming_on?);
    Some(Section::rows("", vec![row("収受番号", number), row("収受日", &wareki::write(on.0))]))
}

fn files<T: Reads>(
    papers: &mut Papers<'_, T>,
    definition: &ProcedureDefinition,
) -> Result<Vec<Row>, Failure> {
    let mut found = Vec::new();
    for file in attachments::of_case(papers.tx, &papers.case.tenant_id, papers.case.id)? {
        let facts: case_view::FileFacts =
            papers.key.open_json(&attachments::name_place(file.id), &file.sealed_name)?;
        let asked = definition.attachment(&file.code);
        let label = asked.map_or(file.code.as_str(), |asked| asked.title.ja.as_str());
        found.push(row(label, &format!("{}（SHA-256 {}）", facts.filename, &facts.sha256)));
    }
    Ok(found)
}

/// The requests of a case, oldest first.
pub(super) fn correction_requests<T: Reads>(
    papers: &mut Papers<'_, T>,
) -> Result<Vec<(Uuid, Timestamp)>, Failure> {
    let rows = corrections::of_case(papers.tx, &papers.case.tenant_id, papers.case.id)?;
    Ok(rows.into_iter().map(|asked| (asked.id.0, asked.requested_at.0)).collect())
}

/// 補正の求め or 照会: item by item, with the day an answer is asked for. Missing it ends nothing by itself.
pub(super) fn correction_request<T: Reads>(
    papers: &mut Papers<'_, T>,
    subject: Uuid,
) -> Result<Option<Paper>, Failure> {
    let case = papers.case;
    let found = corrections::find(papers.tx, &case.tenant_id, CorrectionId(subject))?;
    let Some(asked) = found.filter(|asked| asked.application_id == case.id) else { return Ok(None) };
    let items: Vec<CorrectionItem> =
        papers.key.open_json(&corrections::items_place(asked.id), &asked.sealed_items)?;
    let definition = &intake::pinned(papers.ctx, case)?.definition;
    let (heading, verb) = match asked.kind.as_str() {
        "inquiry" => ("記載事項の照会", "確認の上、回答してください"),
        _ => ("補正の求め", "補正してください"),
    };
    let department = asking_department(papers, asked.id)?;
    let sender = papers.authority(&department, asked.requested_at.0)?;
    let due = wareki::write(asked.due_on.0);
    let basis = row("根拠法令", &format!("{}{}", definition.legal_basis.law, definition.legal_basis.article));
    let text = PaperText {
        title: format!("{}　{heading}", definition.title.ja),
        issuer: sender.clone(),
        sender,
        head: papers
            .light_mark(&department, asked.requested_at.0)
            .into_iter()
            .chain([papers.reference(), wareki::write(jst_day(asked.requested_at.0))])
            .collect(),
        addressee: papers.applicant()?,
        sentence: format!(
            "提出のあった「{}」について、次の事項を{due}までに{verb}。期限を過ぎても、申請が取り下げられたものとはみなしません。",
            definition.title.ja
        ),
        sections: vec![
            Section::items("求める事項", items.iter().map(|item| asked_lines(definition, item)).collect()),
            Section::rows("", vec![row("回答の期限", &due), basis]),
        ],
        ..PaperText::default()
    };
    Paper::new(case, asked.requested_at.0, text).map(Some)
}

/// The department that asked: it had the case then, and the answer itself may have sent it on.
fn asking_department<T: Reads>(papers: &mut Papers<'_, T>, asked: CorrectionId) -> Result<String, Failure> {
    let (case, asked) = (papers.case, asked.to_string());
    let mut lies_with = None;
    for event in events::of_case(papers.tx, &case.tenant_id, case.id)? {
        let facts: Value = serde_json::from_str(&event.facts).map_err(|error| {
            Failure::Internal(format!("facts of event {} of {}: {error}", event.seq, case.id))
        })?;
        // The first that names the request is that it was made.
        if facts.get("correction").and_then(Value::as_str) == Some(asked.as_str()) {
            break;
        }
        lies_with = department_trail::after(lies_with, &event.kind, &facts);
    }
    Ok(lies_with.unwrap_or_else(|| case.department.clone()))
}

/// The place in the words of the form, then what is to be done.
fn asked_lines(definition: &ProcedureDefinition, item: &CorrectionItem) -> Vec<String> {
    let code = item.pointer.strip_prefix("/attachments/");
    let file = code.and_then(|code| definition.attachment(code)).map(|file| file.title.ja.clone());
    let place = file.or_else(|| printed::label_of(&definition.form, &item.pointer));
    vec![format!("{}：", place.unwrap_or_else(|| item.pointer.clone())), item.message.clone()]
}
