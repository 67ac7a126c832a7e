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
    let template = Template::Installed { tenant, procedure: "any".to_owned(), kind };
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
        let order = DocumentOrder {
            template: Template::Text(template.to_owned()),
            ..order(DocumentKind::Decision, "田")
        };
        assert!(matches!(renderer.render_now(&order), Err(RenderFault::Template(_))), "{template}");
    }
    let endless = DocumentOrder {
        template: Template::Text("#while true {}".to_owned()),
        ..order(DocumentKind::Decision, "田")
    };
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

/// A folder that goes when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A folder of templates with these files in it.
fn folder(name: &str, files: &[(&str, &str)]) -> Folder {
    let folder = Folder(std::env::temp_dir().join(format!("madoguchi-{name}-{}", std::process::id())));
    for (file, text) in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn the_most_special_template_of_the_installation_goes_before_that_of_the_program() {
    let own = folder(
        "precedence",
        &[
            ("permit.typ", "= すべての団体"),
            ("020001/permit.typ", "= 青森県"),
            ("020001/denki-koji-toroku/permit.typ", "= 電気工事業"),
            ("022012/receipt.typ", "= 青森市の領収証書"),
        ],
    );
    let found = |directory: &std::path::Path, tenant: &str, procedure: &str, kind| {
        templates::find(directory, &TenantCode::parse(tenant).unwrap(), procedure, kind).unwrap()
    };
    for (tenant, procedure, kind, expected) in [
        ("020001", "denki-koji-toroku", DocumentKind::Permit, "= 電気工事業".to_owned()),
        ("020001", "ryokan-eigyo", DocumentKind::Permit, "= 青森県".to_owned()),
        ("022012", "denki-koji-toroku", DocumentKind::Permit, "= すべての団体".to_owned()),
        ("022012", "any", DocumentKind::Receipt, "= 青森市の領収証書".to_owned()),
        ("020001", "denki-koji-toroku", DocumentKind::Receipt, templates::shipped(DocumentKind::Receipt)),
    ] {
        assert_eq!(found(own.path(), tenant, procedure, kind), expected, "{tenant} {procedure} {kind:?}");
    }
    let none = found(std::path::Path::new(""), "020001", "any", DocumentKind::Permit);
    assert_eq!(none, templates::shipped(DocumentKind::Permit));
    // A document of the installation is set by its own template.
    if renderer().is_some() {
        let settings = DocumentSettings {
            templates_directory: own.path().to_owned(),
            ..settings(&["Noto Sans CJK JP", "Noto Sans JP"])
        };
        let order = order(DocumentKind::Permit, "山田");
        let made = DocumentRenderer::new(&settings).render_now(&order);
        assert!(made != renderer().unwrap().render_now(&order), "{made:?}");
    }
}

#[test]
fn a_template_that_is_there_and_cannot_be_read_is_a_fault_and_not_passed_over() {
    let own = folder("unreadable", &[("permit.typ", "= すべての団体")]);
    std::fs::create_dir(own.path().join("020001")).unwrap();
    std::fs::write(own.path().join("020001/permit.typ"), b"= \xe9").unwrap();
    let tenant = TenantCode::parse("020001").unwrap();
    let refused = templates::find(own.path(), &tenant, "any", DocumentKind::Permit);
    assert!(
        matches!(&refused, Err(RenderFault::Template(fault)) if fault.contains("020001/permit.typ")),
        "{refused:?}"
    );
}

#[test]
fn every_installed_template_is_checked_and_every_fault_of_each_named() {
    let own = folder(
        "checked",
        &[
            ("decision.typ", "#set document(title: \"x\")\n#json(\"data.json\").sentence"),
            ("020001/permit.typ", "#let x = "),
            ("020001/denki-koji-toroku/licence.typ", "= 免許証"),
            ("999999/permit.typ", "= どこか"),
            ("README.md", "no template"),
        ],
    );
    let renderer = DocumentRenderer::new(&settings(&["Noto Sans CJK JP", "Noto Sans JP"]));
    let checked = match check::check(&renderer, own.path()) {
        Err(check::CheckFault::FontMissing) => {
            assert!(self::renderer().is_none());
            return;
        }
        checked => checked.unwrap(),
    };
    let said: Vec<_> = checked.iter().map(|one| (one.file.as_str(), one.fault.as_deref())).collect();
    let names: Vec<_> = said.iter().map(|(file, _)| *file).collect();
    assert_eq!(
        names,
        ["020001/denki-koji-toroku/licence.typ", "020001/permit.typ", "999999/permit.typ", "decision.typ"]
    );
    assert!(said[0].1.unwrap().contains("application_copy"), "the names there are: {said:?}");
    assert!(said[1].1.is_some(), "{said:?}");
    assert!(said[2].1.unwrap().contains("999999"), "{said:?}");
    let shipped = check::shipped(&renderer).unwrap().into_iter();
    assert_eq!(shipped.filter_map(|one| one.fault).collect::<Vec<_>>(), Vec::<String>::new());
}
