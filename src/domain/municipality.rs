//! The prefecture and its forty municipalities (団体), read from the configuration, and folding for search.

use std::collections::BTreeMap;

use crate::domain::form::fold::{to_narrow, to_wide_kana};
use crate::domain::id::TenantCode;

/// One body (地方公共団体).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Municipality {
    /// 全国地方公共団体コード.
    pub code: TenantCode,
    /// The name as officially written.
    pub name: String,
    /// Its reading; data, never derived: 町 is まち or ちょう.
    pub name_kana: String,
    /// The name in English.
    pub name_en: String,
}

/// A line of the list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct MunicipalityFault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// All bodies, by code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Municipalities {
    by_code: BTreeMap<TenantCode, Municipality>,
}

impl Municipalities {
    /// Reads `code,name,name_kana,name_en` lines below a header; every bad line is named.
    pub fn parse(csv: &str) -> Result<Self, Vec<MunicipalityFault>> {
        let mut by_code = BTreeMap::new();
        let mut faults = Vec::new();
        for (index, line) in csv.lines().enumerate() {
            let fault = |reason: &str| MunicipalityFault { line: index + 1, reason: reason.to_owned() };
            if index == 0 {
                if line.trim() != "code,name,name_kana,name_en" {
                    faults.push(fault("the header must be code,name,name_kana,name_en"));
                }
                continue;
            }
            let cells: Vec<&str> = line.trim().split(',').collect();
            let [code, name, name_kana, name_en] = cells.as_slice() else {
                faults.push(fault("four cells are expected"));
                continue;
            };
            let Some(code) = TenantCode::parse(code) else {
                faults.push(fault("the check digit of the code is wrong (R-160)"));
                continue;
            };
            let body = Municipality {
                code: code.clone(),
                name: (*name).to_owned(),
                name_kana: (*name_kana).to_owned(),
                name_en: (*name_en).to_owned(),
            };
            if by_code.insert(code, body).is_some() {
                faults.push(fault("the code is given twice"));
            }
        }
        if faults.is_empty() { Ok(Self { by_code }) } else { Err(faults) }
    }

    /// The body with this code.
    pub fn get(&self, code: &TenantCode) -> Option<&Municipality> {
        self.by_code.get(code)
    }

    /// All bodies, by code.
    pub fn iter(&self) -> impl Iterator<Item = &Municipality> {
        self.by_code.values()
    }

    /// The bodies whose name, reading or code contains `query`, widths and variants folded.
    pub fn search(&self, query: &str) -> Vec<&Municipality> {
        let query = fold_for_search(query);
        self.iter()
            .filter(|body| {
                body.code.as_str().contains(&query)
                    || fold_for_search(&body.name).contains(&query)
                    || fold_for_search(&body.name_kana).contains(&query)
            })
            .collect()
    }
}

/// Completes a five-digit code with its check digit, or takes a six-digit one; a wrong check is refused.
pub fn complete_code(text: &str) -> Option<TenantCode> {
    if text.len() != 5 {
        return TenantCode::parse(text);
    }
    (0..=9).find_map(|check| TenantCode::parse(&format!("{text}{check}")))
}

/// Folds a text for search only; what is stored keeps its characters.
///
/// Widths, case, hiragana and katakana, ヶ/ケ/が/ガ and the common variants of kanji fall together; blanks go.
pub fn fold_for_search(text: &str) -> String {
    to_narrow(&to_wide_kana(text))
        .chars()
        .filter(|character| !character.is_whitespace())
        .flat_map(char::to_lowercase)
        .map(to_katakana)
        .map(|character| match character {
            'ヶ' | 'ガ' | 'ヵ' => 'ケ',
            '鰺' => '鯵',
            '髙' => '高',
            '﨑' => '崎',
            '𠮷' => '吉',
            other => other,
        })
        .collect()
}

fn to_katakana(character: char) -> char {
    if ('ぁ'..='ゖ').contains(&character) {
        return u32::from(character).checked_add(0x60).and_then(char::from_u32).unwrap_or(character);
    }
    character
}

#[cfg(test)]
mod tests {
    use super::{Municipalities, complete_code, fold_for_search};

    fn shipped() -> Municipalities {
        Municipalities::parse(include_str!("../../config/municipalities.csv")).unwrap()
    }

    #[test]
    fn r161_there_are_ten_cities_twenty_two_towns_and_eight_villages() {
        let count = |end: char| shipped().iter().filter(|body| body.name.ends_with(end)).count();
        assert_eq!((count('市'), count('町'), count('村'), count('県')), (10, 22, 8, 1));
    }

    #[test]
    fn r162_five_digits_are_completed_and_a_wrong_check_is_refused() {
        assert_eq!(complete_code("02201").unwrap().as_str(), "022012");
        assert_eq!(complete_code("02000").unwrap().as_str(), "020001");
        assert_eq!(complete_code("022013"), None);
        assert_eq!(complete_code("2201"), None);
    }

    #[test]
    fn r163_variants_of_characters_find_the_same_town() {
        let found = |query: &str| -> Vec<String> {
            shipped().search(query).iter().map(|body| body.code.to_string()).collect()
        };
        for query in ["鯵ケ沢町", "鰺ヶ沢町", "鯵が沢", "鰺ガ沢", "ｱｼﾞｶﾞｻﾜ", "あじがさわ"]
        {
            assert_eq!(found(query), ["023213"], "{query}");
        }
        assert_eq!(found("六ケ所"), ["024112"]);
        assert_eq!(found("０２２０１２"), ["022012"]);
    }

    #[test]
    fn r163_names_with_variants_fold_together() {
        assert_eq!(fold_for_search("髙﨑 𠮷"), fold_for_search("高崎吉"));
    }

    #[test]
    fn every_bad_line_is_named() {
        let faults =
            Municipalities::parse("code,name,name_kana,name_en\n022013,青森市,アオモリシ,Aomori City\nx\n")
                .unwrap_err();
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 3]);
    }
}
