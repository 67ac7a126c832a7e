//! How long a paper takes to be set, as PDF/A with its QR code, after the first ones have warmed it up.
//!
//! `cargo bench --bench papers`, on a machine with a Japanese font. One JSON line on standard output; the run fails when the
//! median is over 20 ms.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use jiff::Timestamp;
use madoguchi::config::DocumentSettings;
use madoguchi::documents::{DocumentOrder, DocumentRenderer, Template};
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::issued_document::DocumentKind;
use serde_json::{Value, json};

/// Papers set before the time counts.
const WARM_UP: u32 = 10;
/// Papers of each kind that are timed.
const ROUNDS: u32 = 50;
/// The bar.
const MEDIAN_MS: f64 = 20.0;

fn main() -> ExitCode {
    match bench() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // A terminal that is gone cannot be told anything.
            let _ = writeln!(std::io::stderr(), "papers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<bool, Box<dyn Error>> {
    let renderer = DocumentRenderer::new(&DocumentSettings {
        font_directories: vec![PathBuf::from("/usr/share/fonts"), PathBuf::from("/usr/local/share/fonts")],
        font_families: vec!["Noto Sans CJK JP".to_owned(), "Noto Sans JP".to_owned()],
        templates_directory: PathBuf::new(),
        rendering_at_once: 1,
    });
    for number in 0..WARM_UP {
        renderer.render_now(&order(DocumentKind::Decision, number)?)?;
    }
    let mut times_ms = Vec::new();
    for kind in DocumentKind::ALL {
        for number in 0..ROUNDS {
            let order = order(kind, number)?;
            let started = Instant::now();
            renderer.render_now(&order)?;
            times_ms.push(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    times_ms.sort_by(f64::total_cmp);
    let median_ms = times_ms.get(times_ms.len() / 2).copied().unwrap_or(f64::INFINITY);
    let longest_ms = times_ms.last().copied().unwrap_or(f64::INFINITY);
    let line = json!({ "papers": times_ms.len(), "median_ms": median_ms, "longest_ms": longest_ms });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(median_ms <= MEDIAN_MS)
}

/// A paper that differs from the one before, so that nothing of it can be taken from there.
fn order(kind: DocumentKind, number: u32) -> Result<DocumentOrder, Box<dyn Error>> {
    let tenant = TenantCode::parse("020001").ok_or("no tenant")?;
    let made_at: Timestamp = "2026-11-29T00:00:00Z".parse()?;
    let template = Template::Installed { tenant, procedure: "any".to_owned(), kind };
    Ok(DocumentOrder { template, data: data(number), made_at })
}

fn data(number: u32) -> Value {
    let rows: Vec<Value> = (0..12)
        .map(|row| json!({ "label": format!("項目{row}"), "value": format!("第{number}号の申請に係る内容{row}") }))
        .collect();
    let instruction = "この処分に不服がある場合は、この処分があったことを知った日の翌日から起算して3か月以内に、審査請求をすることができます。";
    json!({
        "title": format!("許可証　第{number}号"), "issuer": "青森県知事", "head": [format!("第{number}号"), "令和8年11月29日"],
        "addressee": "工藤　太郎　様", "sender": "青森県知事", "sentence": "次のとおり認めます。", "figure": "1,000円",
        "sections": [
            { "label": "", "rows": rows, "items": [], "text": [] },
            { "label": "条件", "rows": [], "items": [["毎年報告すること"], ["変更を届け出ること"]], "text": [] },
            { "label": "教示", "rows": [], "items": [], "text": [instruction] },
        ],
        "qr_text": format!("https://madoguchi.example.jp/v1/verify/1~020001~permit~{number}"), "qr_alt": "二次元コード",
        "qr_hint": "この文書の真正性を確認できます。", "qr_lines": ["https://madoguchi.example.jp/v1/verify/"],
    })
}
