//! Papers about what was decided: the notice of the decision, the permit, an order about it.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Paper, PaperText, Papers, Row, Section, row};
use crate::domain::approval::DecisionKind;
use crate::domain::calendar::jst_day;
use crate::domain::disposition::{Instruction, OrderKind, OrderProposal, Reason};
use crate::domain::form::printed;
use crate::domain::issued_document::DocumentStatus;
use crate::domain::wareki;
use crate::service::decision_correction::{self, VersionText};
use crate::service::{Failure, intake, permit};
use crate::store::applications::ApplicationRow;
use crate::store::decisions::{self, DecisionRow};
use crate::store::dispositions::{self, DispositionRow};
use crate::store::permit_orders::{self, PermitOrderRow};
use crate::store::permits::{self, PermitRow};
use crate::store::{Reads, StoreError};

fn found_decision<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Option<DecisionRow>, Failure> {
    Ok(decisions::of_case(papers.tx, &papers.case.tenant_id, papers.case.id)?)
}

/// The decision of a case, if it was made.
pub(super) fn decisions<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Vec<(Uuid, Timestamp)>, Failure> {
    Ok(found_decision(papers)?.map(|row| (row.id.0, row.decided_at.0)).into_iter().collect())
}

/// 決定の通知書. Where a permit came of it, it is worth what the permit is.
pub(super) fn decision<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Option<Paper>, Failure> {
    let Some(decision) = found_decision(papers)? else { return Ok(None) };
    let case = papers.case;
    let said = decision_correction::current(papers.tx, papers.key, &decision)?;
    let body = &said.text;
    let issued = dispositions::of_case(papers.tx, &case.tenant_id, case.id)?;
    let title = &intake::pinned(papers.ctx, case)?.definition.title.ja;
    let (heading, sentence) = opening(body.decision, title);
    let number = issued.as_ref().map_or_else(|| papers.reference(), |issued| issued.document_number.clone());
    let text = PaperText {
        title: format!("{title}　{heading}"),
        issuer: decision.authority.clone(),
        sender: decision.authority.clone(),
        head: vec![number, wareki::write(jst_day(decision.decided_at.0))],
        addressee: papers.applicant()?,
        sentence,
        sections: vec![
            Section::items("条件", body.conditions.iter().map(|one| vec![one.clone()]).collect()),
            Section::items("理由", body.reasons.iter().map(reason_lines).collect()),
            Section::rows("", facts(case, issued.as_ref(), &said)),
            Section::text("教示", issued.iter().filter_map(|it| instruction(&it.instruction.0)).collect()),
        ],
        ..PaperText::default()
    };
    let paper = Paper::new(case, decision.decided_at.0, text)?;
    let standing = match found_permit(papers)? {
        Some(permit) => standing(papers, permit)?,
        None => DocumentStatus::Current,
    };
    Ok(Some(Paper { standing, ..paper }))
}

/// The heading and the sentence that say what is decided.
fn opening(decision: DecisionKind, title: &str) -> (&'static str, String) {
    let (heading, rest) = match decision {
        DecisionKind::Grant => ("通知書", "次のとおり認めます。"),
        DecisionKind::ConditionalGrant => ("通知書", "次の条件を付けて認めます。"),
        DecisionKind::PartialRefusal => ("一部拒否通知書", "次の理由により、その一部を認めません。"),
        DecisionKind::Refuse => ("拒否通知書", "次の理由により認めません。"),
    };
    (heading, format!("申請のあった「{title}」について、{rest}"))
}

/// A reason as lines: facts, clause and standard of review.
fn reason_lines(reason: &Reason) -> Vec<String> {
    match reason {
        Reason::Text(text) => vec![text.clone()],
        Reason::Parts(parts) => vec![
            format!("原因となる事実：{}", parts.fact),
            format!("適用した条項：{}", parts.clause),
            format!("審査基準：{}", parts.criterion),
        ],
    }
}

/// What the decision answers, and how long what it grants is valid.
fn facts(case: &ApplicationRow, issued: Option<&DispositionRow>, said: &VersionText) -> Vec<Row> {
    let arrived = case.arrived_at.map(|at| wareki::write(jst_day(at.0))).unwrap_or_default();
    let mut facts = vec![
        row("申請の受付番号", case.number.as_deref().unwrap_or_default()),
        row("申請の到達日", &arrived),
    ];
    let term = issued.and_then(|issued| issued.valid_from.map(|from| (from.0, issued.valid_to)));
    if let Some((from, to)) = term {
        facts.push(row("有効期間", &written_term(from, to.map(|day| day.0))));
    }
    if let Some(error) = &said.error {
        let day = wareki::write(jst_day(said.decided_at));
        facts.push(row("更正", &format!("{day}更正（第{}版）：{error}", said.version)));
    }
    facts
}

fn written_term(from: jiff::civil::Date, to: Option<jiff::civil::Date>) -> String {
    let to = to.map(|to| format!("{}まで", wareki::write(to))).unwrap_or_default();
    format!("{}から{to}", wareki::write(from))
}

fn instruction(of: &Instruction) -> Option<String> {
    match of {
        Instruction::NotADisposition => None,
        Instruction::Given(given) => Some(given.text.ja.clone()),
    }
}

fn found_permit<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Option<PermitRow>, Failure> {
    Ok(permits::of_case(papers.tx, &papers.case.tenant_id, papers.case.id)?)
}

/// How a paper stands today that rests on a permit.
fn standing<T: Reads>(papers: &mut Papers<'_, T>, permit: PermitRow) -> Result<DocumentStatus, Failure> {
    let today = jst_day(papers.tx.now());
    let view = permit::view(papers.tx, &papers.ctx.catalogue, permit, today)?;
    Ok(DocumentStatus::of_permit(view.state))
}

/// The permit of a case, if one was granted.
pub(super) fn permits<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Vec<(Uuid, Timestamp)>, Failure> {
    Ok(found_permit(papers)?.map(|row| (row.id.0, row.created_at.0)).into_iter().collect())
}

/// 許可証: who holds what, from when until when, under which conditions.
pub(super) fn permit<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Option<Paper>, Failure> {
    let (Some(permit), Some(decision)) = (found_permit(papers)?, found_decision(papers)?) else {
        return Ok(None);
    };
    let case = papers.case;
    let said = decision_correction::current(papers.tx, papers.key, &decision)?;
    let definition = &intake::pinned(papers.ctx, case)?.definition;
    let form = papers.key.open_json(&ApplicationRow::form_place(case.id), &case.sealed_form)?;
    let answers = printed::printed(&definition.form, &form);
    let term = written_term(permit.valid_from.0, permit.valid_to.map(|day| day.0));
    let basis = format!("{}{}", definition.legal_basis.law, definition.legal_basis.article);
    let holder = papers.applicant()?;
    let holder = holder.strip_suffix("　様").unwrap_or(&holder).to_owned();
    let conditions = said.text.conditions.iter().map(|one| vec![one.clone()]).collect();
    let text = PaperText {
        title: format!("{}　許可証", definition.title.ja),
        issuer: decision.authority.clone(),
        sender: decision.authority.clone(),
        head: vec![permit.document_number.clone(), wareki::write(jst_day(permit.created_at.0))],
        sentence: format!("{basis}の規定により、次のとおり認めたことを証します。"),
        sections: vec![
            Section::rows("", vec![row("氏名又は名称", &holder), row("有効期間", &term)]),
            Section::items("条件", conditions),
            Section::rows("認めた内容", answers.iter().map(|it| row(&it.label, &it.words)).collect()),
        ],
        ..PaperText::default()
    };
    let paper = Paper::new(case, permit.created_at.0, text)?;
    Ok(Some(Paper { standing: standing(papers, permit)?, ..paper }))
}

fn found_orders<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Vec<PermitOrderRow>, Failure> {
    match found_permit(papers)? {
        Some(permit) => Ok(permit_orders::of_permit(papers.tx, &permit.tenant_id, permit.id)?),
        None => Ok(Vec::new()),
    }
}

/// The orders about the permit of a case, oldest first.
pub(super) fn permit_orders<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Vec<(Uuid, Timestamp)>, Failure> {
    Ok(found_orders(papers)?.into_iter().map(|order| (order.id.0, order.decided_at.0)).collect())
}

/// 達: what an order does to a permit, since when, on which ground and why.
pub(super) fn permit_order<T: Reads>(
    papers: &mut Papers<'_, T>,
    subject: Uuid,
) -> Result<Option<Paper>, Failure> {
    let orders = found_orders(papers)?;
    let Some(order) = orders.into_iter().find(|order| order.id.0 == subject) else { return Ok(None) };
    let case = papers.case;
    let body: OrderProposal =
        papers.key.open_json(&permit_orders::body_place(order.id), &order.sealed_body)?;
    let permit = found_permit(papers)?
        .ok_or_else(|| StoreError::Inconsistent(format!("no permit of order {}", order.id)))?;
    let title = &intake::pinned(papers.ctx, case)?.definition.title.ja;
    let (heading, verb) = match body.order {
        OrderKind::Revocation => ("取消通知書", "取り消します"),
        OrderKind::Suspension => ("効力停止通知書", "その効力を停止します"),
        OrderKind::Resumption => ("効力停止解除通知書", "その効力の停止を解除します"),
    };
    let from = wareki::write(order.effective_on.0);
    let until = order.until.map(|day| row("停止の期限", &format!("{}まで", wareki::write(day.0))));
    let facts = [row("効力の発生日", &from), row("根拠条項", &body.ground)];
    let text = PaperText {
        title: format!("{title}　{heading}"),
        issuer: order.authority.clone(),
        sender: order.authority.clone(),
        head: vec![order.document_number.clone(), wareki::write(order.issued_on.0)],
        addressee: papers.applicant()?,
        sentence: format!("{}による「{title}」について、{from}から{verb}。", permit.document_number),
        sections: vec![
            Section::rows("", facts.into_iter().chain(until).collect()),
            Section::items("理由", body.reasons.iter().map(reason_lines).collect()),
            Section::text("教示", instruction(&order.instruction.0).into_iter().collect()),
        ],
        ..PaperText::default()
    };
    Paper::new(case, order.decided_at.0, text).map(Some)
}
