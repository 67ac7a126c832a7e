//! A document as a page that any browser prints, for machines without a Japanese font and readers without a PDF viewer.
//!
//! Pure: the same data give the same page. It holds everything in itself, runs nothing and loads nothing; what people
//! entered stands in it as text only.

use std::fmt::Write;

use serde_json::Value;

use super::RenderFault;
use super::typesetting::{EL_QR, PROOF, qr_code};

/// What a browser may do with the page: show it.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

const STYLE: &str = "@page{size:A4;margin:22mm}body{font-family:serif;max-width:170mm;margin:10mm auto;padding:0 4mm;\
line-height:1.7}h1{font-size:1.3rem;text-align:center}.right{text-align:right}.figure{font-size:1.5rem;\
text-align:center}table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border:1px solid #777;\
padding:.3rem .5rem;text-align:left;vertical-align:top}th{width:28%;background:#f5f5f5;font-weight:normal}\
.proof{display:flex;gap:1rem;align-items:center;margin-top:2rem;font-size:.8rem;break-inside:avoid}\
.proof svg{width:30mm;height:30mm;flex:none}.proof p{overflow-wrap:anywhere}";

/// The page of a document's data, its QR code included. Errors: [`RenderFault::Template`] where the code cannot be drawn.
pub fn of(data: &Value) -> Result<String, RenderFault> {
    let title = escape(text(data, "title"));
    let mut body = String::new();
    paragraph(&mut body, "right", &lines(data.get("head")));
    paragraph(&mut body, "", &escape(text(data, "addressee")));
    paragraph(&mut body, "right", &escape(text(data, "sender")));
    body.push_str(&format_heading(&title));
    paragraph(&mut body, "figure", &escape(text(data, "figure")));
    paragraph(&mut body, "", &escape(text(data, "sentence")));
    for section in array(data.get("sections")) {
        body.push_str(&section_of(section));
    }
    if data.get(EL_QR).is_some() {
        body.push_str(&el_qr(data)?);
    }
    let proof = format!(
        "<div class=\"proof\">{}<p>{}<br>{}</p></div>",
        qr_code(data, PROOF)?,
        escape(text(data, "qr_hint")),
        lines(data.get("qr_lines"))
    );
    Ok(format!(
        "<!doctype html><html lang=\"ja\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><main>{body}{proof}\
         </main></body></html>"
    ))
}

/// The code that is paid by (eL-QR).
fn el_qr(data: &Value) -> Result<String, RenderFault> {
    let alt = escape(text(data, "el_qr_alt"));
    Ok(format!("<div class=\"proof\">{}<p>{alt}</p></div>", qr_code(data, EL_QR)?))
}

fn format_heading(title: &str) -> String {
    format!("<h1>{title}</h1>")
}

fn section_of(section: &Value) -> String {
    let mut html = String::new();
    let label = text(section, "label");
    if !label.is_empty() {
        html = format!("<h2>{}</h2>", escape(label));
    }
    let rows = array(section.get("rows")).map(|row| {
        format!("<tr><th>{}</th><td>{}</td></tr>", escape(text(row, "label")), escape(text(row, "value")))
    });
    let items = array(section.get("items")).map(|item| format!("<li>{}</li>", lines(Some(item))));
    for (tag, parts) in [("table", rows.collect::<Vec<_>>()), ("ol", items.collect())] {
        if !parts.is_empty() {
            html = format!("{html}<{tag}>{}</{tag}>", parts.concat());
        }
    }
    let paragraphs = array(section.get("text")).filter_map(Value::as_str);
    paragraphs.fold(html, |html, words| format!("{html}<p>{}</p>", escape(words)))
}

fn paragraph(body: &mut String, class: &str, html: &str) {
    if !html.is_empty() {
        // Writing to a text never fails.
        let _ = write!(body, "<p class=\"{class}\">{html}</p>");
    }
}

fn text<'a>(data: &'a Value, name: &str) -> &'a str {
    data.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn array(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn lines(value: Option<&Value>) -> String {
    let lines: Vec<String> = array(value).filter_map(Value::as_str).map(escape).collect();
    lines.join("<br>")
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
