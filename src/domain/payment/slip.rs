//! What somebody needs to pay cash or by Pay-easy (払込票・ペイジー, R-83): numbers, read as text.
//!
//! Invariant: zeros in front count, so nothing here is ever a number; what is not of the shape that banks and shops know is no
//! slip, and nobody is shown half of one.

/// What a slip is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlipKind {
    /// Cash at a convenience store (コンビニエンスストア).
    Konbini,
    /// At an ATM or by internet banking (ペイジー).
    PayEasy,
}

impl SlipKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Konbini, Self::PayEasy];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Konbini => "konbini",
            Self::PayEasy => "pay_easy",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Digits of 収納機関番号.
const BILLER_DIGITS: usize = 5;
/// The most digits of 納付番号, and of the numbers that go with it.
const MOST_DIGITS: usize = 20;
/// The most characters of a shop's own number or name.
const MOST_CHARACTERS: usize = 32;
/// The most characters of an address.
const MOST_URL: usize = 1_000;

/// The parts of a slip as a gateway gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlipParts {
    /// 収納機関番号.
    pub biller_number: Option<String>,
    /// 納付番号 (お客様番号).
    pub payment_number: Option<String>,
    /// 確認番号.
    pub confirmation_number: Option<String>,
    /// 納付区分.
    pub payment_category: Option<String>,
    /// The shop that was chosen.
    pub store: Option<String>,
    /// The number that the shop asks for (受付番号・払込票番号).
    pub receipt_number: Option<String>,
    /// Where the gateway explains how to pay.
    pub instructions_url: Option<String>,
}

/// A slip that can be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    kind: SlipKind,
    parts: SlipParts,
}

/// A part that is missing or has not the shape that it must have; the value is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the slip's {part} is missing or malformed")]
pub struct SlipFault {
    /// The name of the part.
    pub part: &'static str,
}

/// Whether a part has the shape that it must have.
type Shape = fn(&str) -> bool;

impl Slip {
    /// The slip of these parts, or the first part that is wrong.
    ///
    /// Pay-easy needs its three numbers: 収納機関番号 of five digits, 納付番号 and 確認番号 of at most twenty.
    pub fn read(kind: SlipKind, parts: SlipParts) -> Result<Self, SlipFault> {
        let wrong = |part| Err(SlipFault { part });
        let named: [(_, _, Shape); 7] = [
            ("biller_number", &parts.biller_number, is_biller),
            ("payment_number", &parts.payment_number, is_number),
            ("confirmation_number", &parts.confirmation_number, confirmation(kind)),
            ("payment_category", &parts.payment_category, is_number),
            ("store", &parts.store, is_word),
            ("receipt_number", &parts.receipt_number, is_word),
            ("instructions_url", &parts.instructions_url, is_url),
        ];
        for (part, value, fits) in named {
            if value.as_deref().is_some_and(|value| !fits(value)) {
                return wrong(part);
            }
        }
        if kind == SlipKind::PayEasy {
            let needed = [
                ("biller_number", &parts.biller_number),
                ("payment_number", &parts.payment_number),
                ("confirmation_number", &parts.confirmation_number),
            ];
            if let Some((part, _)) = needed.into_iter().find(|(_, value)| value.is_none()) {
                return wrong(part);
            }
        }
        Ok(Self { kind, parts })
    }

    /// What it is for.
    pub fn kind(&self) -> SlipKind {
        self.kind
    }

    /// Its parts.
    pub fn parts(&self) -> &SlipParts {
        &self.parts
    }

    /// As a Japanese paper prints it: label and value, in the order in which a machine asks for them.
    pub fn printed(&self) -> Vec<(&'static str, &str)> {
        let parts = &self.parts;
        let rows = match self.kind {
            SlipKind::PayEasy => vec![
                ("収納機関番号", &parts.biller_number),
                ("納付番号", &parts.payment_number),
                ("確認番号", &parts.confirmation_number),
                ("納付区分", &parts.payment_category),
            ],
            SlipKind::Konbini => vec![
                ("コンビニエンスストア", &parts.store),
                ("払込票番号", &parts.receipt_number),
                ("確認番号", &parts.confirmation_number),
            ],
        };
        rows.into_iter().filter_map(|(label, value)| Some((label, value.as_deref()?))).collect()
    }
}

/// The shape of 確認番号: digits with Pay-easy, whatever the shop asks for otherwise.
fn confirmation(kind: SlipKind) -> fn(&str) -> bool {
    match kind {
        SlipKind::PayEasy => is_number,
        SlipKind::Konbini => is_word,
    }
}

fn is_biller(text: &str) -> bool {
    text.len() == BILLER_DIGITS && is_number(text)
}

fn is_number(text: &str) -> bool {
    (1..=MOST_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MOST_CHARACTERS).contains(&text.len()) && text.bytes().all(known)
}

fn is_url(text: &str) -> bool {
    let web = ["https://", "http://127.0.0.1:", "http://localhost:"];
    web.iter().any(|prefix| text.starts_with(prefix))
        && text.len() <= MOST_URL
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::{Slip, SlipFault, SlipKind, SlipParts};

    fn pay_easy() -> SlipParts {
        SlipParts {
            biller_number: Some("00581".to_owned()),
            payment_number: Some("00012345678901234567".to_owned()),
            confirmation_number: Some("000123".to_owned()),
            ..SlipParts::default()
        }
    }

    fn fault(kind: SlipKind, parts: SlipParts) -> &'static str {
        Slip::read(kind, parts).unwrap_err().part
    }

    #[test]
    fn r83_numbers_are_text_and_keep_their_zeros() {
        let slip = Slip::read(SlipKind::PayEasy, pay_easy()).unwrap();
        let printed = slip.printed();
        assert_eq!(
            printed,
            [("収納機関番号", "00581"), ("納付番号", "00012345678901234567"), ("確認番号", "000123")]
        );
        let category = SlipParts { payment_category: Some("001".to_owned()), ..pay_easy() };
        let slip = Slip::read(SlipKind::PayEasy, category).unwrap();
        assert_eq!(slip.printed().last(), Some(&("納付区分", "001")));
    }

    #[test]
    fn r83_a_number_of_another_shape_is_no_slip() {
        let text = |value: &str| Some(value.to_owned());
        for wrong in ["0058", "005811", "0058a", "", "００５８１"] {
            let parts = SlipParts { biller_number: text(wrong), ..pay_easy() };
            assert_eq!(fault(SlipKind::PayEasy, parts), "biller_number", "{wrong}");
        }
        for wrong in ["", "123456789012345678901", "12 34", "-1"] {
            let parts = SlipParts { payment_number: text(wrong), ..pay_easy() };
            assert_eq!(fault(SlipKind::PayEasy, parts), "payment_number", "{wrong}");
        }
        let without = SlipParts { confirmation_number: None, ..pay_easy() };
        assert_eq!(fault(SlipKind::PayEasy, without), "confirmation_number");
        let script = SlipParts { instructions_url: text("javascript:alert(1)"), ..SlipParts::default() };
        assert_eq!(Slip::read(SlipKind::Konbini, script), Err(SlipFault { part: "instructions_url" }));
        let markup = SlipParts { receipt_number: text("<b>1</b>"), ..SlipParts::default() };
        assert_eq!(fault(SlipKind::Konbini, markup), "receipt_number");
    }

    #[test]
    fn r83_a_shop_asks_for_its_own_numbers() {
        let parts = SlipParts {
            store: Some("family-mart".to_owned()),
            receipt_number: Some("0AB123".to_owned()),
            confirmation_number: Some("0001".to_owned()),
            instructions_url: Some("https://komoju.com/instructions/1".to_owned()),
            ..SlipParts::default()
        };
        let slip = Slip::read(SlipKind::Konbini, parts).unwrap();
        let values: Vec<&str> = slip.printed().into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["family-mart", "0AB123", "0001"]);
    }
}
