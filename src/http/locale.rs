//! The language and the id of the request being answered, known to whatever answers it.

use uuid::Uuid;

tokio::task_local! {
    static REQUEST: RequestFacts;
}

/// The two languages of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// 日本語, the default.
    Ja,
    /// English.
    En,
}

impl Locale {
    /// The first of Japanese and English that `Accept-Language` names; Japanese if it names neither.
    pub fn from_header(accept_language: &str) -> Self {
        let mut best = (Self::Ja, 0_u32);
        for part in accept_language.split(',') {
            let mut pieces = part.trim().split(';');
            let locale =
                match pieces.next().and_then(|tag| tag.split('-').next()).map(str::to_ascii_lowercase) {
                    Some(tag) if tag == "en" => Self::En,
                    Some(tag) if tag == "ja" => Self::Ja,
                    _ => continue,
                };
            let weight = pieces.find_map(|piece| piece.trim().strip_prefix("q=")).map_or(1000, thousandths);
            if weight > best.1 {
                best = (locale, weight);
            }
        }
        best.0
    }

    /// The text of this language.
    pub fn pick<T>(self, ja: T, en: T) -> T {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }
}

/// A weight such as `0.75` in thousandths; anything else counts as nothing.
fn thousandths(weight: &str) -> u32 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    whole
        .parse::<u32>()
        .unwrap_or(0)
        .saturating_mul(1000)
        .saturating_add(fraction.parse().unwrap_or(0))
        .min(1000)
}

/// What the answer needs to know of its request.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts {
    /// The id in the log and in problems.
    pub request_id: Uuid,
    /// The language of sentences.
    pub locale: Locale,
}

/// Runs `future` with these facts at hand.
pub async fn with_facts<F: Future>(facts: RequestFacts, future: F) -> F::Output {
    REQUEST.scope(facts, future).await
}

/// The facts of the request being answered; a nil id outside any request.
pub fn current() -> RequestFacts {
    REQUEST.try_with(|facts| *facts).unwrap_or(RequestFacts { request_id: Uuid::nil(), locale: Locale::Ja })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_the_highest_weight_wins_and_japanese_is_the_default() {
        for (header, expected) in [
            ("", Locale::Ja),
            ("en", Locale::En),
            ("en-US,en;q=0.9,ja;q=0.8", Locale::En),
            ("ja,en;q=0.5", Locale::Ja),
            ("fr, en;q=0.3, ja;q=0.4", Locale::Ja),
            ("en;q=0", Locale::Ja),
            ("de", Locale::Ja),
        ] {
            assert_eq!(Locale::from_header(header), expected, "{header}");
        }
    }
}
