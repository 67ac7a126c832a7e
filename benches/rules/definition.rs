//! The configurations the bench works with: a form of forty fields, and as many small procedures or copies of the shipped
//! ones as are asked for.

use madoguchi::catalogue::{Catalogue, ConfigurationFiles};

/// The procedure of forty fields.
pub const FORTY_FIELDS: &str = "bench-forty-fields";

/// A small notification; `@` stands for its number and `%` for its place.
const SMALL: &str = r#"
id: bulk-@
version: 1
tenant: "020001"
title: { ja: "%第@号テニスコートの使用", en: Bulk }
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

/// The shipped configuration and the form of forty fields.
pub fn forty_fields() -> ConfigurationFiles {
    let mut files = Catalogue::shipped_files();
    let text = include_str!("forty_fields.yaml").to_owned();
    files.insert(format!("procedures/020001/{FORTY_FIELDS}.yaml"), text);
    files
}

/// The shipped configuration and small procedures of the prefecture beside it, a thousand in all; every tenth is at a
/// harbour of 鰺ヶ沢, the others in a park. Also how many are at the harbour.
pub fn a_thousand() -> (ConfigurationFiles, usize) {
    let mut files = Catalogue::shipped_files();
    let shipped = files.keys().filter(|file| file.starts_with("procedures/020001/")).count();
    let mut at_harbour = 0;
    for number in shipped..1_000 {
        let place = if number % 10 == 0 { "鰺ヶ沢港" } else { "試験公園" };
        at_harbour += usize::from(number % 10 == 0);
        let text = SMALL.replace('@', &format!("{number:04}")).replace('%', place);
        files.insert(format!("procedures/020001/bulk-{number:04}.yaml"), text);
    }
    (files, at_harbour)
}

/// The configuration with `number` procedures in all: the shipped ones again and again, with their conditions, fees and
/// examples, each under an id of its own. What extends a template has its id from there and is not repeated.
pub fn full_sized(number: usize) -> ConfigurationFiles {
    let mut files = Catalogue::shipped_files();
    let present = files.keys().filter(|file| file.starts_with("procedures/")).count();
    let shipped: Vec<(String, String, String)> = files
        .iter()
        .filter_map(|(file, text)| {
            let (tenant, _) = file.strip_prefix("procedures/")?.split_once('/')?;
            let id_line = text.lines().find(|line| line.starts_with("id: "))?;
            Some((tenant.to_owned(), format!("{id_line}\n"), text.clone()))
        })
        .collect();
    let copies = (0_usize..).zip(shipped.iter().cycle()).take(number.saturating_sub(present));
    for (number, (tenant, id_line, text)) in copies {
        let name = format!("bulk-{number}");
        let version = text.lines().find_map(|line| line.strip_prefix("version: ")).unwrap_or("1");
        let text = text.replacen(id_line.as_str(), &format!("id: {name}\n"), 1);
        files.insert(format!("procedures/{tenant}/{name}.v{version}.yaml"), text);
    }
    files
}
