//! A thousand procedures: found at once, page by page, however they are written.

use std::sync::OnceLock;
use std::time::Instant;

use jiff::civil::date;
use madoguchi::catalogue::Catalogue;
use madoguchi::domain::id::TenantCode;

use super::AOMORI;

/// A small notification; `@` stands for its number and `%` for its title.
const SMALL: &str = r#"
id: bulk-@
version: 1
tenant: "020001"
title: { ja: "%", en: Bulk }
kind: notification
legal_basis: { law: 試験法, article: 第1条, basis_kind: law, online_basis: 試験法第2条, review_criteria: 試験用の審査基準 }
keywords: [合言葉@]
department: kiki-shobo-hoan
applicant_kinds: [resident]
assurance: none
fee_due: none
form:
  - { name: note, label: { ja: 内容, en: Note }, type: text, required: true, max_length: 100 }
retention_years: 1
effective_from: 2025-04-01
sources: [試験]
"#;

/// The shipped procedures and a thousand more of one body; read once.
fn thousand() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let names = [
            "鰺ヶ沢港の使用許可",
            "髙﨑地区の占用許可",
            "𠮷野川の流水占用",
            "ガス灯の設置の届出",
            "試験公園の使用許可",
        ];
        let files = (0..1_000).map(|number| {
            let text = SMALL.replace('@', &format!("{number:04}")).replace('%', names[number % names.len()]);
            (format!("procedures/020001/bulk-{number:04}.yaml"), text)
        });
        Catalogue::load_embedded_with(files).unwrap()
    })
}

#[test]
fn r163_a_thousand_procedures_are_searched_within_five_milliseconds() {
    let (catalogue, tenant, day) = (thousand(), TenantCode::parse(AOMORI).unwrap(), date(2026, 4, 1));
    let count = |query: &str| catalogue.search(&tenant, query, day).len();
    for query in ["鯵ケ沢", "鰺ヶ沢", "鯵が沢", "鰺ガ沢"] {
        assert_eq!(count(query), 200, "{query}");
    }
    for (query, expected) in [
        ("高崎", 200),
        ("吉野", 200),
        ("ｶﾞｽ　灯の設置", 200),
        ("合言葉０１２３", 1),
        ("消防保安課 試験公園", 200),
    ] {
        assert_eq!(count(query), expected, "{query}");
    }
    assert_eq!(count("無い手続"), 0);
    let mut fastest = u128::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        assert_eq!(count("試験公園の使用"), 200);
        fastest = fastest.min(began.elapsed().as_micros());
    }
    assert!(fastest <= 5_000, "{fastest} µs");
}

#[test]
fn pages_follow_each_other_without_gap_or_repeat() {
    let (catalogue, tenant, day) = (thousand(), TenantCode::parse(AOMORI).unwrap(), date(2026, 4, 1));
    let whole: Vec<&str> =
        catalogue.search(&tenant, "許可", day).iter().map(|one| one.definition.id.as_str()).collect();
    let mut paged = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = catalogue.search_page(&tenant, "許可", day, after.as_deref(), 97);
        paged.extend(page.items.iter().map(|one| one.definition.id.as_str()));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(paged, whole);
    assert!(catalogue.search_page(&tenant, "許可", day, Some("zzz"), 10).items.is_empty());
}
