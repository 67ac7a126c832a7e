//! Individual numbers (個人番号, R-153…R-155): they may be asked for, kept and stored only for the work 番号法 lists, and
//! nothing this counter does is on that list.
//!
//! Invariant: a number that is found is never repeated; callers learn only that there is one. Typed answers (phone,
//! corporate number …) are exempt, because one in eleven other numbers of twelve digits passes the check by chance.

/// Characters that people put between the groups of a number; at most [`LONGEST_GAP`] in a row.
const GAPS: [char; 8] = [' ', '\u{3000}', '-', '_', '.', '・', '\u{a0}', '\u{2009}'];
const LONGEST_GAP: usize = 3;
/// Groups shorter than this belong to dates, house numbers and lists.
const SHORTEST_GROUP: usize = 3;
const LENGTH: usize = 12;

/// Whether `digits` are twelve digits whose check digit is right: with Pn the n-th digit from the right of the
/// first eleven, and Qn = n + 1 up to n = 6, n − 5 from there, r = Σ Pn·Qn mod 11; the digit is 0 if r ≤ 1, else 11 − r.
fn is_individual_number(digits: &[u32]) -> bool {
    if digits.len() != LENGTH {
        return false;
    }
    let Some((check, base)) = digits.split_last() else { return false };
    let weights = [2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6];
    let sum: u32 = base.iter().rev().zip(weights).map(|(digit, weight)| digit * weight).sum();
    let rest = sum % 11;
    *check == if rest <= 1 { 0 } else { 11_u32.saturating_sub(rest) }
}

/// Whether a free text holds what looks like an individual number: twelve digits of any width that pass the
/// check, in one run, in groups of four, or in groups of at least three that make twelve together.
pub fn stands_in(text: &str) -> bool {
    if text.chars().filter(|character| digit(*character).is_some()).nth(LENGTH - 1).is_none() {
        return false;
    }
    chains(text).iter().any(|chain| is_suspicious(chain))
}

/// Groups of digits that belong together.
type Chain = Vec<Vec<u32>>;

fn is_suspicious(chain: &[Vec<u32>]) -> bool {
    let together = |groups: &[Vec<u32>]| is_individual_number(&groups.concat());
    chain.iter().any(|group| is_individual_number(group))
        || chain.windows(3).any(|groups| groups.iter().all(|group| group.len() == 4) && together(groups))
        || (chain.iter().all(|group| group.len() >= SHORTEST_GROUP)
            && chain.iter().map(Vec::len).sum::<usize>() == LENGTH
            && together(chain))
}

fn chains(text: &str) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    let mut gap = LONGEST_GAP + 1;
    for character in text.chars().filter(|character| !is_invisible(*character)) {
        let Some(digit) = digit(character) else {
            gap = if is_gap(character) { gap.saturating_add(1) } else { LONGEST_GAP + 1 };
            continue;
        };
        if gap > LONGEST_GAP {
            chains.push(Vec::new());
        }
        let Some(chain) = chains.last_mut() else { continue };
        match chain.last_mut() {
            Some(group) if gap == 0 => group.push(digit),
            _ => chain.push(vec![digit]),
        }
        gap = 0;
    }
    chains
}

fn digit(character: char) -> Option<u32> {
    match character {
        '0'..='9' => character.to_digit(10),
        '０'..='９' => u32::from(character).checked_sub(u32::from('０')),
        _ => None,
    }
}

/// Hyphens and dots of any width count as gaps, like blanks.
fn is_gap(character: char) -> bool {
    GAPS.contains(&character)
        || matches!(character, '\u{FF0D}' | '\u{FF0E}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | 'ー' | 'ｰ')
}

/// Marks without width, which would hide a number from the eye of the program only.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::stands_in;

    #[test]
    fn r153_the_check_digit_of_an_individual_number() {
        for (base, check) in [("12345678901", 8), ("98765432109", 3), ("12345678904", 2), ("11111111111", 8)]
        {
            for digit in 0..=9 {
                assert_eq!(stands_in(&format!("{base}{digit}")), digit == check, "{base}{digit}");
            }
        }
    }

    #[test]
    fn r154_a_number_is_found_however_it_is_written() {
        for text in [
            "個人番号は123456789018です",
            "１２３４５６７８９０１８",
            "1234-5678-9018",
            "1234 5678 9018",
            "１２３４　５６７８　９０１８",
            "1234 - 5678 - 9018",
            "1234－5678ー9018",
            "123-456-789-018",
            "123456 789018",
            "12345\u{200B}6789018",
            "0000 1234 5678 9018",
        ] {
            assert!(stands_in(text), "{text}");
        }
    }

    #[test]
    fn r155_other_numbers_are_left_alone() {
        for text in [
            "123456789017",
            "1234567890189",
            "2000020020001",
            "017-722-1111",
            "2025-04-01 1030",
            "030-8570 青森県青森市長島一丁目1番1号",
            "1、2、3、4、5、6、7、8、9、0、1、8",
            "12345678901 と 8",
            "",
        ] {
            assert!(!stands_in(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn r153_every_base_has_exactly_one_check_digit(base in "[0-9]{11}") {
            prop_assert_eq!((0..=9).filter(|digit| stands_in(&format!("{base}{digit}"))).count(), 1);
        }

        #[test]
        fn no_text_makes_the_search_panic(text in "[0-9０-９ ー-]{0,60}|\\PC*") {
            let _ = stands_in(&text);
        }
    }
}
