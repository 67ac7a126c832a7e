//! Character sets of systems that take over answers (文字集合, R-167).
//!
//! An answer keeps every character as typed. Where a system behind the counter knows fewer, what it lacks is found
//! here and said; nothing is ever replaced (縮退), because one character may have several replacements, or none: that is for a
//! person to settle, and both spellings are kept.

use encoding_rs::EUC_JP;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// What JIS X 0213:2004 has beyond JIS X 0208.
const BEYOND_0208: &str = include_str!("charset/jis_x_0213.txt");

/// Signs of JIS X 0208 that some keyboards write with another code point of Unicode than the encoder knows.
const OTHER_SPELLINGS: [char; 8] = ['〜', '‖', '—', '¢', '£', '¬', '¥', '‾'];

/// A character set of an outgoing system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Charset {
    /// JIS X 0208:1997, first and second level: no 髙, no 﨑, no 𠮷.
    #[serde(rename = "jis_x_0208")]
    JisX0208,
    /// JIS X 0213:2004, up to the fourth level: 﨑 and 𠀋, but no 髙, no 𠮷 and no variation selectors.
    #[serde(rename = "jis_x_0213")]
    JisX0213,
}

impl Charset {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::JisX0208 => "JIS X 0208",
            Self::JisX0213 => "JIS X 0213",
        }
    }

    /// The characters of `text`, as people count them, that the set lacks; each once, in their order.
    pub fn lacks(self, text: &str) -> Vec<&str> {
        let mut lacking: Vec<&str> = Vec::new();
        if text.is_ascii() {
            return lacking;
        }
        for character in text.graphemes(true) {
            if !character.chars().all(|point| self.has(point)) && !lacking.contains(&character) {
                lacking.push(character);
            }
        }
        lacking
    }

    fn has(self, point: char) -> bool {
        point.is_ascii()
            || OTHER_SPELLINGS.contains(&point)
            || is_in_0208(point)
            || (self == Self::JisX0213 && BEYOND_0208.contains(point))
    }
}

/// Whether a character stands in rows 1 to 8 or 16 to 84; what vendors put into the other rows is no part of the standard.
fn is_in_0208(point: char) -> bool {
    let mut buffer = [0; 4];
    let (bytes, _, had_errors) = EUC_JP.encode(point.encode_utf8(&mut buffer));
    match *bytes {
        [row, _] if !had_errors => matches!(row.wrapping_sub(0xA0), 1..=8 | 16..=84),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{BEYOND_0208, Charset, is_in_0208};

    #[test]
    fn r167_what_an_old_system_lacks_is_found_character_by_character() {
        for (text, jis_x_0208, jis_x_0213) in [
            ("Aomori 1-1", vec![], vec![]),
            ("青森県弘前市　カタカナ・ひらがな〜～①", vec!["①"], vec![]),
            // はしご高 and つちよし are in neither set: both take them for 高 and 吉.
            ("髙橋 﨑山 髙", vec!["髙", "﨑"], vec!["髙"]),
            ("𠮷田 𠀋", vec!["𠮷", "𠀋"], vec!["𠮷"]),
            // A character with its variation selector (IVS) is one character, and in neither set.
            ("葛\u{E0100}飾", vec!["葛\u{E0100}"], vec!["葛\u{E0100}"]),
            ("한글", vec!["한", "글"], vec!["한", "글"]),
        ] {
            assert_eq!(Charset::JisX0208.lacks(text), jis_x_0208, "{text}");
            assert_eq!(Charset::JisX0213.lacks(text), jis_x_0213, "{text}");
        }
    }

    #[test]
    fn r167_the_sets_are_as_large_as_the_standards_say() {
        let ideographs = |set: &dyn Fn(char) -> bool| {
            let points = (0x3400_u32..0xA000).chain(0xF900..0xFB00).chain(0x2_0000..0x3_0000);
            points.filter_map(char::from_u32).filter(|point| set(*point)).count()
        };
        // Levels 1 and 2 with 仝, which stands among the signs; then 3 and 4.
        assert_eq!(ideographs(&is_in_0208), 2_965 + 3_390 + 1);
        assert_eq!(ideographs(&|point| BEYOND_0208.contains(point)), 1_259 + 2_436);
        assert!(!BEYOND_0208.chars().any(is_in_0208), "nothing stands in both");
    }
}
