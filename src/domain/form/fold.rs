//! Folding of character widths, only where R-166 allows it: numbers, phone numbers, postcodes and kana.

/// Full-width kana for the half-width block U+FF66..=U+FF9D, in its order.
const WIDE: &str = "ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン";
/// Kana that take a voiced mark, and what they become.
const VOICED: (&str, &str) =
    ("ウカキクケコサシスセソタチツテトハヒフヘホ", "ヴガギグゲゴザジズゼゾダヂヅデドバビブベボ");
/// Kana that take a semi-voiced mark, and what they become.
const SEMI_VOICED: (&str, &str) = ("ハヒフヘホ", "パピプペポ");

/// Full-width ASCII to ASCII; hyphens and long marks of any width to `-`.
pub fn to_narrow(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\u{FF0D}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | 'ー' | 'ｰ' => '-',
            '\u{3000}' => ' ',
            '\u{FF01}'..='\u{FF5E}' => {
                u32::from(character).checked_sub(0xFEE0).and_then(char::from_u32).unwrap_or(character)
            }
            other => other,
        })
        .collect()
}

/// Half-width kana to full-width kana, voiced marks joined; everything else stays.
pub fn to_wide_kana(text: &str) -> String {
    let mut wide = String::with_capacity(text.len());
    for character in text.chars() {
        let joined = match character {
            '\u{FF9E}' => wide.chars().next_back().and_then(|last| counterpart(VOICED, last)),
            '\u{FF9F}' => wide.chars().next_back().and_then(|last| counterpart(SEMI_VOICED, last)),
            _ => None,
        };
        if let Some(joined) = joined {
            wide.pop();
            wide.push(joined);
        } else {
            wide.push(widen(character));
        }
    }
    wide
}

fn widen(character: char) -> char {
    if !('\u{FF66}'..='\u{FF9D}').contains(&character) {
        return character;
    }
    let offset = u32::from(character).checked_sub(0xFF66).and_then(|offset| usize::try_from(offset).ok());
    offset.and_then(|offset| WIDE.chars().nth(offset)).unwrap_or(character)
}

fn counterpart((from, to): (&str, &str), character: char) -> Option<char> {
    from.chars().zip(to.chars()).find(|(plain, _)| *plain == character).map(|(_, marked)| marked)
}

#[cfg(test)]
mod tests {
    use super::{to_narrow, to_wide_kana};

    #[test]
    fn r166_half_width_kana_become_full_width_with_their_marks_joined() {
        assert_eq!(to_wide_kana("ﾜﾀﾞ ﾊﾅｺ"), "ワダ ハナコ");
        assert_eq!(to_wide_kana("ﾊﾟｰﾃｨｰ"), "パーティー");
        assert_eq!(to_wide_kana("アオモリ"), "アオモリ");
    }

    #[test]
    fn r166_full_width_digits_become_ascii() {
        assert_eq!(to_narrow("０１７－７２２－１１１１"), "017-722-1111");
        assert_eq!(to_narrow("〒０３０"), "〒030");
    }
}
