//! What a document prints, composed from what is stored. The words are Japanese: it is the text with legal force.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::approval::DecisionKind;
use crate::domain::calendar::jst_day;
use crate::domain::disposition::{Instruction, Reason};
use crate::domain::form::printed::{self, PrintedAnswer};
use crate::domain::invoice::InvoiceLine;
use crate::domain::issued_document::DocumentKind;
use crate::domain::money::Yen;
use crate::domain::wareki;
use crate::seal::{DataKey, sha256};
use crate::service::account::Profile;
use crate::service::decision_correction::{self, VersionText};
use crate::service::{Ctx, Failure, intake};
use crate::store::applications::ApplicationRow;
use crate::store::dispositions::{self, DispositionRow};
use crate::store::{Reads, StoreError, attachments, decisions, invoices, parties};

/// A document before it is set: everything it prints but its proof.
#[derive(Clone, Debug)]
pub(super) struct Paper {
    /// The procedure, which may have a template of its own.
    pub procedure: String,
    /// The instant the document bears.
    pub made_at: Timestamp,
    /// What it prints.
    data: Value,
}

impl Paper {
    /// SHA-256 of everything it prints. The members of the data stand in the order of their names.
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.data.to_string().as_bytes())
    }

    /// What the template gets: the data with the address of its proof.
    pub fn printed(&self, address: &str) -> Value {
        let proof = [
            ("qr_text", json!(address)),
            ("qr_alt", json!("この文書が真正であることを確認するための二次元コード")),
            ("qr_hint", json!("この文書の真正性と現在の状態は、左の二次元コードのページで確認できます。")),
            ("qr_lines", json!(in_lines(address))),
        ];
        let mut data = self.data.clone();
        if let Some(members) = data.as_object_mut() {
            members.extend(proof.map(|(name, value)| (name.to_owned(), value)));
        }
        data
    }
}

/// A long address in lines of so many characters.
fn in_lines(address: &str) -> Vec<String> {
    const LINE: usize = 76;
    let characters: Vec<char> = address.chars().collect();
    characters.chunks(LINE).map(|line| line.iter().collect()).collect()
}

/// Composes a document of a case; nothing before there is one.
pub(super) fn compose(
    tx: &mut impl Reads,
    ctx: &Ctx,
    row: &ApplicationRow,
    key: &DataKey,
    kind: DocumentKind,
) -> Result<Option<Paper>, Failure> {
    match kind {
        DocumentKind::ApplicationCopy => application_copy(tx, ctx, row, key),
        DocumentKind::Decision => decision(tx, ctx, row, key),
    }
}

fn application_copy(
    tx: &mut impl Reads,
    ctx: &Ctx,
    row: &ApplicationRow,
    key: &DataKey,
) -> Result<Option<Paper>, Failure> {
    let Some(arrived_at) = row.arrived_at.map(|at| at.0) else { return Ok(None) };
    let procedure = intake::pinned(ctx, row)?;
    let form: Value = key.open_json(&ApplicationRow::form_place(row.id), &row.sealed_form)?;
    let answers = printed::printed(&procedure.definition.form, &form);
    let mut files = Vec::new();
    for file in attachments::of_case(tx, &row.tenant_id, row.id)? {
        let facts: crate::service::case_view::FileFacts =
            key.open_json(&attachments::name_place(file.id), &file.sealed_name)?;
        let asked = procedure.definition.attachments.iter().find(|asked| asked.code == file.code);
        let label = asked.map_or_else(|| file.code.clone(), |asked| asked.title.ja.clone());
        files.push(line(&label, &format!("{}（SHA-256 {}）", facts.filename, &facts.sha256)));
    }
    // What is owed is settled later and elsewhere; the copy says what was handed in with the application.
    let invoice = invoices::of_case(tx, &row.tenant_id, row.id)?.into_iter().next();
    let fee = invoice.map_or_else(Vec::new, |invoice| fee_lines(&invoice.lines.0, invoice.total));
    let issuer = issuer(ctx, row, arrived_at);
    let data = json!({
        "title": format!("{}（控え）", procedure.definition.title.ja),
        "number": format!("受付番号 {}", row.number.as_deref().unwrap_or_default()),
        "arrived": format!("到達日 {}", wareki::write(jst_day(arrived_at))),
        "addressee": format!("{issuer}　宛て"),
        "issuer": issuer,
        "answers": answers.iter().map(answer).collect::<Vec<_>>(),
        "attachments_label": "添付書類",
        "attachments": files,
        "fee_label": "手数料等",
        "fee": fee,
    });
    Ok(Some(Paper { procedure: row.procedure.clone(), made_at: arrived_at, data }))
}

fn decision(
    tx: &mut impl Reads,
    ctx: &Ctx,
    row: &ApplicationRow,
    key: &DataKey,
) -> Result<Option<Paper>, Failure> {
    let Some(decision) = decisions::of_case(tx, &row.tenant_id, row.id)? else { return Ok(None) };
    let said = decision_correction::current(tx, key, &decision)?;
    let body = &said.text;
    let issued = dispositions::of_case(tx, &row.tenant_id, row.id)?;
    let procedure = intake::pinned(ctx, row)?;
    let title = &procedure.definition.title.ja;
    let (heading, sentence) = opening(body.decision, title);
    let reference = format!("受付番号 {}", row.number.as_deref().unwrap_or_default());
    let number = issued.as_ref().map_or(reference.clone(), |issued| issued.document_number.clone());
    let data = json!({
        "title": format!("{title}　{heading}"),
        "number": number,
        "decided": wareki::write(jst_day(decision.decided_at.0)),
        "addressee": format!("{}　様", applicant(tx, row, key)?),
        "authority": decision.authority,
        "issuer": decision.authority,
        "sentence": sentence,
        "conditions_label": "条件",
        "conditions": body.conditions,
        "reasons_label": "理由",
        "reasons": body.reasons.iter().map(reason_lines).collect::<Vec<_>>(),
        "facts": facts(row, issued.as_ref(), &said),
        "instruction_label": "教示",
        "instruction": issued.iter().filter_map(|issued| instruction(&issued.instruction.0)).collect::<Vec<_>>(),
    });
    Ok(Some(Paper { procedure: row.procedure.clone(), made_at: decision.decided_at.0, data }))
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
fn facts(row: &ApplicationRow, issued: Option<&DispositionRow>, said: &VersionText) -> Vec<Value> {
    let arrived = row.arrived_at.map(|at| wareki::write(jst_day(at.0))).unwrap_or_default();
    let mut facts = vec![
        line("申請の受付番号", row.number.as_deref().unwrap_or_default()),
        line("申請の到達日", &arrived),
    ];
    let term = issued.and_then(|issued| issued.valid_from.map(|from| (from.0, issued.valid_to)));
    if let Some((from, to)) = term {
        let to = to.map(|to| format!("{}まで", wareki::write(to.0))).unwrap_or_default();
        facts.push(line("有効期間", &format!("{}から{to}", wareki::write(from))));
    }
    if let Some(error) = &said.error {
        let day = wareki::write(jst_day(said.decided_at));
        facts.push(line("更正", &format!("{day}更正（第{}版）：{error}", said.version)));
    }
    facts
}

fn instruction(of: &Instruction) -> Option<&str> {
    match of {
        Instruction::NotADisposition => None,
        Instruction::Given(given) => Some(given.text.ja.as_str()),
    }
}

/// The name the applicant had when the case was begun.
fn applicant(tx: &mut impl Reads, row: &ApplicationRow, key: &DataKey) -> Result<String, Failure> {
    let found = parties::of_case(tx, &row.tenant_id, row.id)?;
    let found = found.into_iter().find(|party| party.role == "applicant");
    let party = found.ok_or_else(|| StoreError::Inconsistent(format!("no applicant of {}", row.id)))?;
    let place = format!("parties.sealed_party:{}:{}", party.application_id, party.role);
    Ok(key.open_json::<Profile>(&place, &party.sealed_party)?.name)
}

/// Who is addressed: the authority of the department in charge on that day.
fn issuer(ctx: &Ctx, row: &ApplicationRow, at: Timestamp) -> String {
    let tenant = ctx.catalogue.tenant(&row.tenant_id);
    let department = ctx.catalogue.department(&row.tenant_id, &row.department, jst_day(at));
    let own = department.and_then(|department| department.disposing_authority.as_ref());
    let of_body = tenant.map(|tenant| &tenant.definition.disposing_authority);
    own.or(of_body).map_or_else(|| row.tenant_id.to_string(), |authority| authority.ja.clone())
}

fn fee_lines(lines: &[InvoiceLine], total: Yen) -> Vec<Value> {
    let yen = |amount: Yen| format!("{}円", printed::grouped(&amount.amount().to_string()));
    let each =
        lines.iter().map(|item| line(&item.label_ja, &format!("{}（{}）", yen(item.amount), item.basis)));
    each.chain([line("合計", &yen(total))]).collect()
}

fn answer(answer: &PrintedAnswer) -> Value {
    line(&answer.label, &answer.words)
}

fn line(label: &str, value: &str) -> Value {
    json!({ "label": label, "value": value })
}
