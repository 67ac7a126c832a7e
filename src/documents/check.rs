//! The check of an installation's templates: each one sets a specimen, so that its author sees every fault before anybody needs the
//! document.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{DocumentOrder, DocumentRenderer, RenderFault, Template, templates};
use crate::domain::id::TenantCode;
use crate::domain::issued_document::DocumentKind;

/// A template that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedTemplate {
    /// The file, relative to the folder, with `/`; of a template of the program its name.
    pub file: String,
    /// What is wrong with it, if anything.
    pub fault: Option<String>,
}

/// Why templates cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum CheckFault {
    /// Nothing can be set without a font.
    #[error("{}", RenderFault::FontMissing)]
    FontMissing,
    /// The folder cannot be read.
    #[error(transparent)]
    Folder(#[from] std::io::Error),
}

/// Tries every template of a folder, in the order of their names. Files that do not end in `.typ` are no templates.
pub fn check(renderer: &DocumentRenderer, folder: &Path) -> Result<Vec<CheckedTemplate>, CheckFault> {
    let mut paths = Vec::new();
    collect(folder, &mut paths)?;
    paths.sort();
    let mut checked = Vec::with_capacity(paths.len());
    for path in paths {
        let parts: Vec<String> = path
            .strip_prefix(folder)
            .unwrap_or(&path)
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        let fault = match place_fault(&parts) {
            Some(fault) => Some(fault),
            None => match templates::read(&path) {
                Ok(Some(text)) => fault_of(renderer, Template::Text(text))?,
                Ok(None) => None,
                Err(fault) => Some(fault.to_string()),
            },
        };
        checked.push(CheckedTemplate { file: parts.join("/"), fault });
    }
    Ok(checked)
}

/// Tries the templates of the program.
pub fn shipped(renderer: &DocumentRenderer) -> Result<Vec<CheckedTemplate>, CheckFault> {
    let one = |kind: DocumentKind| {
        let fault = fault_of(renderer, Template::Text(templates::shipped(kind)))?;
        Ok(CheckedTemplate { file: kind.as_str().to_owned(), fault })
    };
    DocumentKind::ALL.into_iter().map(one).collect()
}

fn fault_of(renderer: &DocumentRenderer, template: Template) -> Result<Option<String>, CheckFault> {
    let order = DocumentOrder { template, data: specimen(), made_at: Timestamp::UNIX_EPOCH };
    match renderer.render_now(&order) {
        Ok(_) => Ok(None),
        Err(RenderFault::FontMissing) => Err(CheckFault::FontMissing),
        Err(fault) => Ok(Some(fault.to_string())),
    }
}

/// Why a file at this place takes the place of no document: it would be passed over in silence.
fn place_fault(parts: &[String]) -> Option<String> {
    let (file, folders) = parts.split_last()?;
    let kind = file.strip_suffix(".typ").and_then(DocumentKind::parse);
    let kinds: Vec<&str> = DocumentKind::ALL.into_iter().map(DocumentKind::as_str).collect();
    let body = folders.first();
    if kind.is_none() {
        return Some(format!("sets no document; there are {}", kinds.join(", ")));
    }
    if let Some(body) = body.filter(|body| TenantCode::parse(body).is_none()) {
        return Some(format!("{body} is no code of a body"));
    }
    (folders.len() > 2).then(|| "lies too deep: <body>/<procedure>/<document>.typ".to_owned())
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Result<(), CheckFault> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|ending| ending == "typ") {
            into.push(path);
        }
    }
    Ok(())
}

/// A document with everything that any document has.
fn specimen() -> Value {
    let rows = json!([{ "label": "氏名又は名称", "value": "見本　太郎" }, { "label": "有効期間", "value": "令和8年4月1日から" }]);
    let items = json!([["原因となる事実：見本", "適用した条項：第1条"], ["二つ目"]]);
    let section = |label: &str| json!({ "label": label, "rows": rows, "items": items, "text": ["見本の文です。", "二行目です。"] });
    json!({
        "title": "見本", "issuer": "見本知事", "head": ["見本第1号", "令和8年4月1日"], "addressee": "見本　太郎　様",
        "sender": "見本知事", "sentence": "見本として印刷したものです。", "figure": "1,000円",
        "sections": [section("内容"), section(""), { "label": "教示", "rows": [], "items": [], "text": ["見本の教示です。"] }],
        "qr_text": "https://madoguchi.example/v1/verify/1~000000~x", "qr_alt": "見本の二次元コード", "qr_hint": "見本です。",
        "qr_lines": ["https://madoguchi.example/", "v1/verify/1~000000~x"], "el_qr_text": "見本", "el_qr_alt": "見本のeL-QR",
    })
}
