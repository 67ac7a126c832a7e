//! Papers about what was decided: the notice of the decision, the permit, an order about it.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::{Paper, PaperText, Papers, Row, Section, row};
use crate::domain::approval::{DecisionKind, DecisionProposal};
use crate::domain::calendar::jst_day;
use crate::domain::disposition::{CorrectionProposal, Instruction, OrderKind, OrderProposal, Reason};
use crate::domain::form::printed;
use crate::domain::issued_document::{DocumentKind, DocumentStatus};
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

/// What stands on a paper about a disposition whatever it decides (T-4).
pub struct Letterhead {
    /// 文書番号, or the reference of the case where there is none.
    pub number: String,
    /// In whose name.
    pub authority: String,
    /// The instant it bears.
    pub at: Timestamp,
    /// 教示, where there is one.
    pub instruction: Option<Instruction>,
    /// How long what it grants is valid, where a term is stated.
    pub term: Option<(Date, Option<Date>)>,
}

/// 決定の通知書. Where a permit came of it, it is worth what the permit is.
pub(super) fn decision<T: Reads>(papers: &mut Papers<'_, T>) -> Result<Option<Paper>, Failure> {
    let Some(decision) = found_decision(papers)? else { return Ok(None) };
    let said = decision_correction::current(papers.tx, papers.key, &decision)?;
    let head = head_of(papers, decision)?;
    let paper = decision_notice(papers, head, &said)?;
    let standing = match found_permit(papers)? {
        Some(permit) => standing(papers, permit)?,
        None => DocumentStatus::Current,
    };
    Ok(Some(Paper { standing, ..paper }))
}

/// What stands on the notice of a decision that was made.
fn head_of<T: Reads>(papers: &mut Papers<'_, T>, decision: DecisionRow) -> Result<Letterhead, Failure> {
    let issued = dispositions::of_case(papers.tx, &papers.case.tenant_id, papers.case.id)?;
    Ok(Letterhead {
        number: issued.as_ref().map_or_else(|| papers.reference(), |issued| issued.document_number.clone()),
        authority: decision.authority,
        at: decision.decided_at.0,
        term: issued.as_ref().and_then(term_of),
        instruction: issued.map(|issued| issued.instruction.0),
    })
}

fn term_of(issued: &DispositionRow) -> Option<(Date, Option<Date>)> {
    issued.valid_from.map(|from| (from.0, issued.valid_to.map(|to| to.0)))
}

/// The notice of a decision that says `said`, made or to be made.
pub(super) fn decision_notice<T: Reads>(
    papers: &mut Papers<'_, T>,
    head: Letterhead,
    said: &VersionText,
) -> Result<Paper, Failure> {
    let (case, body) = (papers.case, &said.text);
    let title = &intake::pinned(papers.ctx, case)?.definition.title.ja;
    let (heading, sentence) = opening(body.decision, title);
    let text = PaperText {
        title: format!("{title}　{heading}"),
        issuer: head.authority.clone(),
        sender: head.authority,
        head: vec![head.number, wareki::write(jst_day(head.at))],
        addressee: papers.applicant()?,
        sentence,
        sections: vec![
            Section::items("条件", body.conditions.iter().map(|one| vec![one.clone()]).collect()),
            Section::items("理由", body.reasons.iter().map(reason_lines).collect()),
            Section::rows("", facts(case, head.term, said)),
            Section::text("教示", head.instruction.iter().filter_map(instruction).collect()),
        ],
        ..PaperText::default()
    };
    Paper::new(case, head.at, text)
}

/// A text that nothing has corrected.
pub(super) fn first_version(text: &DecisionProposal, now: Timestamp) -> VersionText {
    VersionText { version: 1, text: text.clone(), error: None, decided_at: now, body_sha256: String::new() }
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
fn facts(case: &ApplicationRow, term: Option<(Date, Option<Date>)>, said: &VersionText) -> Vec<Row> {
    let arrived = case.arrived_at.map(|at| wareki::write(jst_day(at.0))).unwrap_or_default();
    let mut facts = vec![
        row("申請の受付番号", case.number.as_deref().unwrap_or_default()),
        row("申請の到達日", &arrived),
    ];
    if let Some((from, to)) = term {
        facts.push(row("有効期間", &written_term(from, to)));
    }
    if let Some(error) = &said.error {
        let day = wareki::write(jst_day(said.decided_at));
        facts.push(row("更正", &format!("{day}更正（第{}版）：{error}", said.version)));
    }
    facts
}

fn written_term(from: Date, to: Option<Date>) -> String {
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
    let said = decision_correction::current(papers.tx, papers.key, &decision)?;
    let paper = permit_certificate(papers, head_of_permit(&permit, decision), &said.text.conditions)?;
    Ok(Some(Paper { standing: standing(papers, permit)?, ..paper }))
}

fn head_of_permit(permit: &PermitRow, decision: DecisionRow) -> Letterhead {
    Letterhead {
        number: permit.document_number.clone(),
        authority: decision.authority,
        at: permit.created_at.0,
        instruction: None,
        term: Some((permit.valid_from.0, permit.valid_to.map(|day| day.0))),
    }
}

/// The notice of the decision, or the permit, as a correction (更正) would make it say.
pub(super) fn corrected<T: Reads>(
    papers: &mut Papers<'_, T>,
    kind: DocumentKind,
    body: &CorrectionProposal,
    now: Timestamp,
) -> Result<Option<Paper>, Failure> {
    let Some(decision) = found_decision(papers)? else { return Ok(None) };
    let version = decision_correction::current(papers.tx, papers.key, &decision)?.version.saturating_add(1);
    let CorrectionProposal { error, decision: kept, reasons, conditions } = body.clone();
    match (kind, found_permit(papers)?) {
        (DocumentKind::Decision, _) => {
            let text = DecisionProposal { decision: kept, reasons, conditions, without_opinion: None };
            let said = VersionText { version, error: Some(error), ..first_version(&text, now) };
            let head = head_of(papers, decision)?;
            decision_notice(papers, head, &said).map(Some)
        }
        (DocumentKind::Permit, Some(permit)) => {
            permit_certificate(papers, head_of_permit(&permit, decision), &conditions).map(Some)
        }
        _ => Ok(None),
    }
}

/// The certificate of a permit, granted or to be granted, under conditions.
pub(super) fn permit_certificate<T: Reads>(
    papers: &mut Papers<'_, T>,
    head: Letterhead,
    conditions: &[String],
) -> Result<Paper, Failure> {
    let case = papers.case;
    let definition = &intake::pinned(papers.ctx, case)?.definition;
    let form = papers.key.open_json(&ApplicationRow::form_place(case.id), &case.sealed_form)?;
    let answers = printed::printed(&definition.form, &form);
    let (from, to) = head.term.unwrap_or((jst_day(head.at), None));
    let basis = format!("{}{}", definition.legal_basis.law, definition.legal_basis.article);
    let holder = papers.applicant()?;
    let holder = holder.strip_suffix("　様").unwrap_or(&holder).to_owned();
    let text = PaperText {
        title: format!("{}　許可証", definition.title.ja),
        issuer: head.authority.clone(),
        sender: head.authority,
        head: vec![head.number, wareki::write(jst_day(head.at))],
        sentence: format!("{basis}の規定により、次のとおり認めたことを証します。"),
        sections: vec![
            Section::rows("", vec![row("氏名又は名称", &holder), row("有効期間", &written_term(from, to))]),
            Section::items("条件", conditions.iter().map(|one| vec![one.clone()]).collect()),
            Section::rows("認めた内容", answers.iter().map(|it| row(&it.label, &it.words)).collect()),
        ],
        ..PaperText::default()
    };
    Paper::new(case, head.at, text)
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
    let body: OrderProposal =
        papers.key.open_json(&permit_orders::body_place(order.id), &order.sealed_body)?;
    let head = Letterhead {
        number: order.document_number,
        authority: order.authority,
        at: order.decided_at.0,
        instruction: Some(order.instruction.0),
        term: None,
    };
    order_notice(papers, head, &body).map(Some)
}

/// The notice of an order about the permit of the case, made or to be made.
pub(super) fn order_notice<T: Reads>(
    papers: &mut Papers<'_, T>,
    head: Letterhead,
    body: &OrderProposal,
) -> Result<Paper, Failure> {
    let case = papers.case;
    let permit = found_permit(papers)?
        .ok_or_else(|| StoreError::Inconsistent(format!("no permit of the order in {}", case.id)))?;
    let title = &intake::pinned(papers.ctx, case)?.definition.title.ja;
    let (heading, verb) = match body.order {
        OrderKind::Revocation => ("取消通知書", "取り消します"),
        OrderKind::Suspension => ("効力停止通知書", "その効力を停止します"),
        OrderKind::Resumption => ("効力停止解除通知書", "その効力の停止を解除します"),
    };
    let from = wareki::write(body.effective_on);
    let until = body.until.map(|day| row("停止の期限", &format!("{}まで", wareki::write(day))));
    let facts = [row("効力の発生日", &from), row("根拠条項", &body.ground)];
    let text = PaperText {
        title: format!("{title}　{heading}"),
        issuer: head.authority.clone(),
        sender: head.authority,
        head: vec![head.number, wareki::write(jst_day(head.at))],
        addressee: papers.applicant()?,
        sentence: format!("{}による「{title}」について、{from}から{verb}。", permit.document_number),
        sections: vec![
            Section::rows("", facts.into_iter().chain(until).collect()),
            Section::items("理由", body.reasons.iter().map(reason_lines).collect()),
            Section::text("教示", head.instruction.iter().filter_map(instruction).collect()),
        ],
        ..PaperText::default()
    };
    Paper::new(case, head.at, text)
}
