//! What a document prints, composed from what is stored. The words are Japanese: it is the text with legal force.
//!
//! Every paper has one shape: what stands at its head, whom it addresses, who speaks, a sentence, sections. Its digest is
//! taken over all of it, so the templates, which are the installation's, decide how it looks and never what it says.

mod decided;
mod demanded;
mod filed;
mod money;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::approval::{DecisionProposal, ProposalBody};
use crate::domain::calendar::jst_day;
use crate::domain::document_number;
use crate::domain::form::printed;
use crate::domain::invoice::InvoiceLine;
use crate::domain::issued_document::{DocumentKind, DocumentName, DocumentStatus};
use crate::domain::money::Yen;
use crate::seal::{DataKey, sha256};
use crate::service::account::Profile;
use crate::service::{Ctx, Failure, disposing_authority, intake};
use crate::store::applications::ApplicationRow;
use crate::store::{Reads, StoreError, parties};

pub(super) use decided::Letterhead;

/// A document before it is set: everything it prints but its proof.
#[derive(Clone, Debug)]
pub(super) struct Paper {
    /// The procedure, which may have a template of its own.
    pub procedure: String,
    /// The instant the document bears.
    pub made_at: Timestamp,
    /// How the thing it proves stands today.
    pub standing: DocumentStatus,
    /// What it prints.
    data: Value,
    /// Sections that are printed beside it today.
    beside: Value,
    /// What the eL-QR says that is printed beside it today.
    el_qr: Option<String>,
}

/// What every paper says, in the words of the templates.
#[derive(Debug, Default, Serialize)]
struct PaperText {
    /// What it is.
    title: String,
    /// Who issues it.
    issuer: String,
    /// Number and day.
    head: Vec<String>,
    /// Whom it addresses.
    addressee: String,
    /// In whose name it speaks; empty where nobody does.
    sender: String,
    /// What it says in one sentence; empty where the sections say all.
    sentence: String,
    /// A sum that stands out; empty where there is none.
    figure: String,
    /// Everything else.
    sections: Vec<Section>,
}

/// A part under a heading.
#[derive(Debug, Default, Serialize)]
struct Section {
    /// The heading; empty where it needs none.
    label: String,
    /// Lines with a label each.
    rows: Vec<Row>,
    /// Counted items of one or more lines.
    items: Vec<Vec<String>>,
    /// Paragraphs.
    text: Vec<String>,
}

impl Section {
    fn rows(label: &str, rows: Vec<Row>) -> Self {
        Self { label: label.to_owned(), rows, ..Self::default() }
    }

    fn items(label: &str, items: Vec<Vec<String>>) -> Self {
        Self { label: label.to_owned(), items, ..Self::default() }
    }

    fn text(label: &str, text: Vec<String>) -> Self {
        Self { label: label.to_owned(), text, ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.items.is_empty() && self.text.is_empty()
    }
}

/// A labelled line.
#[derive(Debug, Serialize)]
struct Row {
    label: String,
    value: String,
}

fn row(label: &str, value: &str) -> Row {
    Row { label: label.to_owned(), value: value.to_owned() }
}

impl Paper {
    fn new(case: &ApplicationRow, made_at: Timestamp, mut text: PaperText) -> Result<Self, Failure> {
        text.sections.retain(|section| !section.is_empty());
        let data = serde_json::to_value(&text).map_err(|error| Failure::Internal(error.to_string()))?;
        let standing = DocumentStatus::Current;
        Ok(Self {
            procedure: case.procedure.clone(),
            made_at,
            standing,
            data,
            beside: Value::Null,
            el_qr: None,
        })
    }

    /// Adds what is printed beside it today: it is no part of what was issued, so the proof does not change with it.
    fn beside(mut self, sections: &[Section]) -> Result<Self, Failure> {
        let sections = serde_json::to_value(sections);
        self.beside = sections.map_err(|error| Failure::Internal(error.to_string()))?;
        Ok(self)
    }

    /// Adds the eL-QR that is printed beside it today.
    fn with_el_qr(mut self, text: Option<String>) -> Self {
        self.el_qr = text;
        self
    }

    /// SHA-256 of everything it prints, but for what stands beside it today. The members of the data stand in the order of their
    /// names.
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.data.to_string().as_bytes())
    }

    /// What the template gets: the data with the address of its proof.
    pub fn printed(&self, address: &str) -> Value {
        let mut printed = self.with([
            ("qr_text", json!(address)),
            ("qr_alt", json!("この文書が真正であることを確認するための二次元コード")),
            ("qr_hint", json!("この文書の真正性と現在の状態は、左の二次元コードのページで確認できます。")),
            ("qr_lines", json!(in_lines(address))),
        ]);
        let sections = printed.get_mut("sections").and_then(Value::as_array_mut);
        if let (Some(sections), Some(beside)) = (sections, self.beside.as_array()) {
            sections.extend(beside.iter().cloned());
        }
        if let (Some(members), Some(text)) = (printed.as_object_mut(), &self.el_qr) {
            members.insert("el_qr_text".to_owned(), json!(text));
            members.insert("el_qr_alt".to_owned(), json!("eL-QR（地方税統一QRコード）"));
        }
        printed
    }

    /// What the template gets of a paper that is not issued yet: it says so, and proves nothing. Its code names the content that a
    /// seal would be about.
    pub fn printed_as_draft(&self, content_sha256: &str) -> Value {
        let title = self.data.get("title").and_then(Value::as_str).unwrap_or_default();
        self.with([
            ("title", json!(format!("【案】{title}"))),
            ("qr_text", json!(content_sha256)),
            ("qr_alt", json!("施行しようとする内容のハッシュ値")),
            ("qr_hint", json!("決裁前の案であり、効力はありません。文書番号と日付は施行のときに付きます。内容のハッシュ値：")),
            ("qr_lines", json!(in_lines(content_sha256))),
        ])
    }

    fn with<const N: usize>(&self, members: [(&str, Value); N]) -> Value {
        let mut data = self.data.clone();
        if let Some(known) = data.as_object_mut() {
            known.extend(members.map(|(name, value)| (name.to_owned(), value)));
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

/// A case whose papers are composed: the policy has spoken before.
pub(super) struct Papers<'a, T> {
    /// The transaction that reads.
    pub tx: &'a mut T,
    /// The catalogue and the keys.
    pub ctx: &'a Ctx,
    /// The case.
    pub case: &'a ApplicationRow,
    /// Its key.
    pub key: &'a DataKey,
}

impl<T: Reads> Papers<'_, T> {
    /// Composes a document; nothing before there is one.
    pub fn compose(&mut self, name: DocumentName) -> Result<Option<Paper>, Failure> {
        let subject = name.subject().unwrap_or_default();
        match name.kind() {
            DocumentKind::ApplicationCopy => filed::application_copy(self),
            DocumentKind::CorrectionRequest => filed::correction_request(self, subject),
            DocumentKind::PaymentNotice => money::payment_notice(self, subject),
            DocumentKind::Demand => demanded::demand(self, subject),
            DocumentKind::Receipt => money::receipt(self, subject),
            DocumentKind::Decision => decided::decision(self),
            DocumentKind::Permit => decided::permit(self),
            DocumentKind::PermitOrder => decided::permit_order(self, subject),
        }
    }

    /// Composes a paper as the last seal on a proposal would issue it under `head`; nothing where the proposal brings no such
    /// paper about.
    pub fn compose_proposed(
        &mut self,
        kind: DocumentKind,
        body: &ProposalBody,
        head: Letterhead,
    ) -> Result<Option<Paper>, Failure> {
        match (kind, body) {
            (DocumentKind::Decision, ProposalBody::Decision(text)) => {
                let said = decided::first_version(text, head.at);
                decided::decision_notice(self, head, &said).map(Some)
            }
            (DocumentKind::Permit, ProposalBody::Decision(text)) if self.grants_permit(text)? => {
                decided::permit_certificate(self, head, &text.conditions).map(Some)
            }
            (DocumentKind::PermitOrder, ProposalBody::PermitOrder(body)) => {
                decided::order_notice(self, head, body).map(Some)
            }
            (_, ProposalBody::Correction(body)) => decided::corrected(self, kind, body, head.at),
            _ => Ok(None),
        }
    }

    /// Whether a decision gives a permit: it grants, and what the procedure grants lasts.
    fn grants_permit(&self, text: &DecisionProposal) -> Result<bool, Failure> {
        let lasts = intake::pinned(self.ctx, self.case)?.definition.validity.is_some();
        Ok(lasts && text.decision.grants())
    }

    /// Which documents of a kind there are, each with the instant it bears, oldest first.
    pub fn of_kind(&mut self, kind: DocumentKind) -> Result<Vec<(DocumentName, Timestamp)>, Failure> {
        let found: Vec<(Uuid, Timestamp)> = match kind {
            DocumentKind::ApplicationCopy => {
                self.case.arrived_at.map(|at| (self.case.id.0, at.0)).into_iter().collect()
            }
            DocumentKind::CorrectionRequest => filed::correction_requests(self)?,
            DocumentKind::PaymentNotice => money::payment_notices(self)?,
            DocumentKind::Demand => demanded::demands(self)?,
            DocumentKind::Receipt => money::receipts(self)?,
            DocumentKind::Decision => decided::decisions(self)?,
            DocumentKind::Permit => decided::permits(self)?,
            DocumentKind::PermitOrder => decided::permit_orders(self)?,
        };
        Ok(found.into_iter().map(|(subject, at)| (DocumentName::new(kind, subject), at)).collect())
    }

    /// In whose name `department` spoke in the case at an instant: it had the case then, and may have sent it on since.
    fn authority(&self, department: &str, at: Timestamp) -> Result<String, Failure> {
        let acting = disposing_authority::of_department(self.ctx, self.case, department, jst_day(at))?;
        Ok(acting.title.ja)
    }

    /// The name the applicant had when the case was begun, as a letter addresses it.
    fn applicant(&mut self) -> Result<String, Failure> {
        let found = parties::of_case(self.tx, &self.case.tenant_id, self.case.id)?;
        let found = found.into_iter().find(|party| party.role == "applicant");
        let party =
            found.ok_or_else(|| StoreError::Inconsistent(format!("no applicant of {}", self.case.id)))?;
        let place = format!("parties.sealed_party:{}:{}", party.application_id, party.role);
        Ok(format!("{}　様", self.key.open_json::<Profile>(&place, &party.sealed_party)?.name))
    }

    /// What a light matter of `department` bears in the place of a number (号外, R-120); nothing where the body has no such mark.
    fn light_mark(&self, department: &str, at: Timestamp) -> Option<String> {
        let (tenant, day) = (&self.case.tenant_id, jst_day(at));
        let department = self.ctx.catalogue.in_charge(tenant, department, day);
        let body = &self.ctx.catalogue.tenant(tenant)?.definition;
        let mark = body.numbering(document_number::DocumentKind::Light, &department, day)?;
        Some(mark.unnumbered().to_owned())
    }

    /// 「受付番号 …」.
    fn reference(&self) -> String {
        format!("受付番号 {}", self.case.number.as_deref().unwrap_or_default())
    }
}

fn yen(amount: Yen) -> String {
    format!("{}円", printed::grouped(&amount.amount().to_string()))
}

fn fee_rows(lines: &[InvoiceLine], total: Yen) -> Vec<Row> {
    let each =
        lines.iter().map(|line| row(&line.label_ja, &format!("{}（{}）", yen(line.amount), line.basis)));
    each.chain([row("合計", &yen(total))]).collect()
}
