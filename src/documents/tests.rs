//! Tests of setting documents, with the fonts of this machine; `.ci/run` installs them. Without a Japanese font they fail, unless
//! `MADOGUCHI_TEST_WITHOUT_FONT` says that there is none to be had.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::domain::id::TenantCode;
use crate::domain::issued_document::DocumentKind;

fn settings(families: &[&str]) -> DocumentSettings {
    DocumentSettings {
        font_directories: vec![PathBuf::from("/usr/share/fonts"), PathBuf::from("/usr/local/share/fonts")],
        font_families: families.iter().map(|name| (*name).to_owned()).collect(),
        templates_directory: PathBuf::new(),
        rendering_at_once: 1,
    }
}

/// A renderer, where the machine has a Japanese font. Without one nothing can be set, which is no success: it must have been permitted.
fn renderer() -> Option<DocumentRenderer> {
    let renderer = DocumentRenderer::new(&settings(&["Noto Sans CJK JP", "Noto Sans JP"]));
    match renderer.render_now(&order(DocumentKind::Decision, "山田")) {
        Err(RenderFault::FontMissing) => {
            assert!(
                std::env::var_os("MADOGUCHI_TEST_WITHOUT_FONT").is_some(),
                "no Japanese font is installed (Debian: fonts-noto-cjk), so no document was tested; \
                 MADOGUCHI_TEST_WITHOUT_FONT=1 permits that"
            );
            None
        }
        _ => Some(renderer),
    }
}

fn data(name: &str) -> Value {
    let rows = json!([{ "label": "氏名", "value": name }]);
    let section =
        |label: &str| json!({ "label": label, "rows": rows, "items": [["一", "二"]], "text": ["三", "四"] });
    let empty = json!({ "label": "", "rows": [], "items": [], "text": ["この処分に不服がある場合は、"] });
    json!({
        "title": "許可書", "issuer": "青森県知事", "head": ["第1号", "令和8年11月29日"], "addressee": "青森県知事",
        "sender": "青森県知事", "sentence": "次のとおり許可します。", "figure": "1,000円",
        "sections": [section("条件"), section(""), empty],
        "qr_text": "http://127.0.0.1:8080/v1/verify/1~020001~x", "qr_alt": "二次元コード", "qr_hint": "確認できます。",
        "qr_lines": ["http", "://"],
    })
}

fn order(kind: DocumentKind, name: &str) -> DocumentOrder {
    let tenant = TenantCode::parse("020001").unwrap();
    let data = data(name);
    let template = templates::find(std::path::Path::new(""), &tenant, "any", kind);
    DocumentOrder { template, data, made_at: "2026-11-29T00:00:00Z".parse().unwrap() }
}

#[test]
fn every_document_is_an_archivable_accessible_pdf_and_the_same_bytes_again() {
    let Some(renderer) = renderer() else { return };
    for kind in DocumentKind::ALL {
        // 𠮷 髙 﨑: characters that lesser fonts lack.
        let first = renderer.render_now(&order(kind, "𠮷田　髙﨑")).unwrap();
        assert!(first.starts_with(b"%PDF-1.7"), "{kind:?}");
        let text = String::from_utf8_lossy(&first);
        assert!(text.contains("pdfaid:part>2<") && text.contains("pdfaid:conformance>A<"), "PDF/A-2a");
        assert!(text.contains("pdfuaid:part>1<"), "PDF/UA-1");
        for _ in 0..12 {
            assert_eq!(renderer.render_now(&order(kind, "𠮷田　髙﨑")).unwrap(), first, "{kind:?}");
        }
        assert_ne!(renderer.render_now(&order(kind, "別人")).unwrap(), first, "other words, other bytes");
    }
}

#[test]
fn a_character_that_no_font_has_refuses_the_document_by_name() {
    let Some(renderer) = renderer() else { return };
    let refused = renderer.render_now(&order(DocumentKind::Decision, "田\u{10FFFD}"));
    assert_eq!(refused, Err(RenderFault::CharactersMissing("\u{10FFFD}".to_owned())));
}

#[test]
fn without_the_configured_fonts_there_is_no_document() {
    let renderer = DocumentRenderer::new(&settings(&["A Family Nobody Has"]));
    let refused = renderer.render_now(&order(DocumentKind::Decision, "田"));
    assert_eq!(refused, Err(RenderFault::FontMissing));
}

#[test]
fn a_template_reads_its_data_and_nothing_else() {
    let Some(renderer) = renderer() else { return };
    for template in
        ["#read(\"/etc/hostname\")", "#read(\"../../etc/hostname\")", "#import \"@preview/x:1.0.0\": *"]
    {
        let order = DocumentOrder { template: template.to_owned(), ..order(DocumentKind::Decision, "田") };
        assert!(matches!(renderer.render_now(&order), Err(RenderFault::Template(_))), "{template}");
    }
    let endless =
        DocumentOrder { template: "#while true {}".to_owned(), ..order(DocumentKind::Decision, "田") };
    assert!(matches!(renderer.render_now(&endless), Err(RenderFault::Template(_))));
}

#[test]
fn what_people_enter_is_printed_and_never_read_as_a_template() {
    let Some(renderer) = renderer() else { return };
    let plain = renderer.render_now(&order(DocumentKind::Decision, "#panic(1) *x* $y$ ]"));
    assert!(plain.is_ok(), "{plain:?}");
}

#[test]
fn a_page_to_print_holds_the_same_words_as_text_only_and_needs_no_font() {
    let page = page::of(&data("<script>alert('x')</script> & \"田\"")).unwrap();
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;田&quot;"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    for words in [
        "許可書",
        "第1号<br>令和8年11月29日",
        "次のとおり許可します。",
        "1,000円",
        "<li>一<br>二</li>",
        "<svg",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert_eq!(page, page::of(&data("<script>alert('x')</script> & \"田\"")).unwrap());
}
