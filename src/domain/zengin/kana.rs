//! Names as banks take them (受取人名, R-100): half-width katakana, capital letters, digits and a few signs.

/// A text of at most `N` bytes of JIS X 0201 that banks take.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BankText<const N: usize>(String);

/// A name that banks cannot take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotABankText {
    /// Nothing is left of it.
    #[error("the name is empty")]
    Empty,
    /// A character has no half-width form that banks take, such as a Chinese character.
    #[error("'{0}' has no half-width form")]
    Character(char),
    /// Too many bytes.
    #[error("at most {most} half-width characters fit")]
    TooLong {
        /// How many fit.
        most: usize,
    },
}

/// Full-width katakana with their half-width forms; small ones become large.
const KATAKANA: &[(&str, &str)] = &[
    ("アイウエオ", "ｱｲｳｴｵ"),
    ("ァィゥェォ", "ｱｲｳｴｵ"),
    ("カキクケコ", "ｶｷｸｹｺ"),
    ("サシスセソ", "ｻｼｽｾｿ"),
    ("タチツテト", "ﾀﾁﾂﾃﾄ"),
    ("ッ", "ﾂ"),
    ("ナニヌネノ", "ﾅﾆﾇﾈﾉ"),
    ("ハヒフヘホ", "ﾊﾋﾌﾍﾎ"),
    ("マミムメモ", "ﾏﾐﾑﾒﾓ"),
    ("ヤユヨ", "ﾔﾕﾖ"),
    ("ャュョ", "ﾔﾕﾖ"),
    ("ラリルレロ", "ﾗﾘﾙﾚﾛ"),
    ("ワン", "ﾜﾝ"),
    ("ヮ", "ﾜ"),
    ("ヶヵ", "ｹｶ"),
    ("ｧｨｩｪｫ", "ｱｲｳｴｵ"),
    ("ｯｬｭｮ", "ﾂﾔﾕﾖ"),
];

/// Voiced katakana and the plain ones they are written with.
const VOICED: (&str, &str) = ("ガギグゲゴザジズゼゾダヂヅデドバビブベボヴ", "ｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾊﾋﾌﾍﾎｳ");
const HALF_VOICED: (&str, &str) = ("パピプペポ", "ﾊﾋﾌﾍﾎ");

/// Kinds of bodies with their abbreviations (法人略語).
const BODIES: &[(&str, &str)] = &[
    ("カブシキガイシヤ", "ｶ"),
    ("ユウゲンガイシヤ", "ﾕ"),
    ("ゴウドウガイシヤ", "ﾄﾞ"),
    ("ゴウシガイシヤ", "ｼ"),
    ("ゴウメイガイシヤ", "ﾒ"),
    ("イリヨウホウジン", "ｲ"),
    ("シヤカイフクシホウジン", "ﾌｸ"),
    ("ガツコウホウジン", "ｶﾞｸ"),
];

impl<const N: usize> BankText<N> {
    /// Takes a name in katakana of whichever width, or in hiragana, with letters and digits; abbreviates kinds of bodies.
    pub fn of_name(name: &str) -> Result<Self, NotABankText> {
        let mut text = String::new();
        for character in abbreviated(name).chars() {
            push(&mut text, character)?;
        }
        let text = text.trim().to_owned();
        match text.chars().count() {
            0 => Err(NotABankText::Empty),
            length if length > N => Err(NotABankText::TooLong { most: N }),
            _ => Ok(Self(text)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes in JIS X 0201.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.chars().map(byte_of).collect()
    }

    /// A field of a record without its filling; none when it holds what banks do not take.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let text: String = bytes.iter().map(|byte| character_of(*byte)).collect::<Option<_>>()?;
        let text = text.trim_end();
        (!text.starts_with(' ') && !text.is_empty()).then(|| Self(text.to_owned()))
    }
}

/// Appends the half-width form of a character.
fn push(text: &mut String, character: char) -> Result<(), NotABankText> {
    let character = match character {
        // Full-width ASCII, and hiragana as katakana.
        '！'..='～' => shifted(character, 0xFEE0, false),
        'ぁ'..='ゖ' => shifted(character, 0x60, true),
        '　' => ' ',
        'ー' | 'ｰ' | '‐' | '−' | '―' => '-',
        '・' | '･' => '.',
        other => other,
    };
    let upper = character.to_ascii_uppercase();
    if is_taken(upper) {
        text.push(upper);
        return Ok(());
    }
    if let Some(plain) = paired(VOICED, character) {
        text.extend([plain, 'ﾞ']);
        return Ok(());
    }
    if let Some(plain) = paired(HALF_VOICED, character) {
        text.extend([plain, 'ﾟ']);
        return Ok(());
    }
    let half = KATAKANA.iter().find_map(|pair| paired(*pair, character));
    text.push(half.ok_or(NotABankText::Character(character))?);
    Ok(())
}

/// A character a fixed way up or down the table of characters.
fn shifted(character: char, distance: u32, up: bool) -> char {
    let code = u32::from(character);
    let code = if up { code.saturating_add(distance) } else { code.saturating_sub(distance) };
    char::from_u32(code).unwrap_or(character)
}

fn paired((from, to): (&str, &str), character: char) -> Option<char> {
    from.chars().zip(to.chars()).find(|(one, _)| *one == character).map(|(_, other)| other)
}

/// What banks take: ｱ to ﾝ, the two marks, capitals, digits, space and `()-./`.
fn is_taken(character: char) -> bool {
    matches!(character, 'ｱ'..='ﾟ' | 'A'..='Z' | '0'..='9' | ' ' | '(' | ')' | '-' | '.' | '/')
}

/// 「カブシキガイシャ」 in front becomes 「ｶ)」, behind it 「(ｶ」.
fn abbreviated(name: &str) -> String {
    let name = name.trim();
    let katakana = name.chars().map(|character| match character {
        'ぁ'..='ゖ' => shifted(character, 0x60, true),
        other => other,
    });
    let large: String = katakana
        .map(|character| match character {
            'ッ' => 'ツ',
            'ャ' => 'ヤ',
            'ュ' => 'ユ',
            'ョ' => 'ヨ',
            other => other,
        })
        .collect();
    for (body, short) in BODIES {
        if let Some(rest) = large.strip_prefix(body) {
            return format!("{short}){}", rest.trim_start());
        }
        if let Some(rest) = large.strip_suffix(body) {
            return format!("{}({short}", rest.trim_end());
        }
    }
    name.to_owned()
}

/// The byte of JIS X 0201; half-width katakana stand in their order from 0xA1.
fn byte_of(character: char) -> u8 {
    let code = u32::from(character);
    let code = if code >= 0xFF61 { code.saturating_sub(0xFF61).saturating_add(0xA1) } else { code };
    u8::try_from(code).unwrap_or(b' ')
}

fn character_of(byte: u8) -> Option<char> {
    let character = match byte {
        0xA1..=0xDF => char::from_u32(u32::from(byte).saturating_sub(0xA1).saturating_add(0xFF61))?,
        _ => char::from(byte),
    };
    is_taken(character).then_some(character)
}
