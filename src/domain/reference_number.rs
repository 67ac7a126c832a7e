//! Numbers people are told (受付番号, 納入通知番号): the day, ten characters of the id's randomness, a check character.
//!
//! They are not drawn from a counter, so that no two submissions wait for one another; the database keeps them
//! unique within a tenant. Gap-free numbers exist only where the law wants them (文書番号).

use jiff::civil::Date;
use uuid::Uuid;

/// Digits and capitals without I, L, O and U: nothing to confuse when read out at a counter.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The number of what has `id` and was made on `day`, such as `20261122-7K3QX9TPAB-M`.
pub fn reference_number(day: Date, id: Uuid) -> String {
    let (_, low) = id.as_u64_pair();
    let characters: Vec<u8> = (0..10_u32).map(|place| symbol(low >> (5 * place))).collect();
    let (year, month, date) = (day.year(), day.month(), day.day());
    let body = format!("{year:04}{month:02}{date:02}-{}", String::from_utf8_lossy(&characters));
    let check = char::from(symbol(check_sum(&body)));
    format!("{body}-{check}")
}

/// Whether the check character of a number fits it.
pub fn is_well_formed(number: &str) -> bool {
    match number.rsplit_once('-') {
        Some((body, check)) => check == char::from(symbol(check_sum(body))).to_string(),
        None => false,
    }
}

/// Each character weighted by its place, so that a swap of neighbours shows.
fn check_sum(body: &str) -> u64 {
    (1_u64..).zip(body.bytes()).map(|(place, byte)| place * u64::from(byte)).sum::<u64>() % 31
}

fn symbol(value: u64) -> u8 {
    let index = usize::try_from(value & 31).unwrap_or(0);
    ALPHABET.get(index).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_shows_a_wrong_character_and_a_swap() {
        let number = reference_number(
            jiff::civil::date(2026, 11, 22),
            Uuid::from_u128(0x0123_4567_89AB_CDEF_8123_4567_89AB_CDEF),
        );
        assert!(is_well_formed(&number), "{number}");
        assert!(number.starts_with("20261122-"));
        let wrong = number.replace("20261122", "20261123");
        assert!(!is_well_formed(&wrong));
        let mut swapped: Vec<char> = number.chars().collect();
        let at = (9..18).find(|at| swapped[*at] != swapped[at + 1]).unwrap();
        swapped.swap(at, at + 1);
        assert!(!is_well_formed(&swapped.into_iter().collect::<String>()));
    }
}
