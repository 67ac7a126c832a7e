//! The parts of a person's name (氏名, R-165) and of an address (住所, R-170): their keys, their words, their kind.

use crate::domain::procedure::FieldType;

/// What may stand in a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartKind {
    /// Free words, kept as written.
    Words,
    /// Full-width katakana.
    Kana,
    /// Latin letters.
    Roman,
    /// Seven digits.
    Postcode,
    /// 全国地方公共団体コード.
    Municipality,
}

/// One part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) label_ja: &'static str,
    pub(super) label_en: &'static str,
    pub(super) kind: PartKind,
    pub(super) is_required: bool,
    /// The greatest length in graphemes, where the kind does not say it.
    pub(super) max_length: u32,
}

const fn part(
    name: &'static str,
    label_ja: &'static str,
    label_en: &'static str,
    kind: PartKind,
    max_length: u32,
) -> Part {
    Part { name, label_ja, label_en, kind, is_required: false, max_length }
}

const fn required(part: Part) -> Part {
    Part { is_required: true, ..part }
}

/// A name of one part leaves `given` and `given_kana` out.
const NAME: [Part; 8] = [
    required(part("family", "氏", "family name", PartKind::Words, 100)),
    part("given", "名", "given name", PartKind::Words, 100),
    required(part("family_kana", "氏（フリガナ）", "family name in katakana", PartKind::Kana, 100)),
    part("given_kana", "名（フリガナ）", "given name in katakana", PartKind::Kana, 100),
    part("former_family", "旧氏", "former family name", PartKind::Words, 100),
    part("former_family_kana", "旧氏（フリガナ）", "former family name in katakana", PartKind::Kana, 100),
    part("alias", "通称", "registered alias", PartKind::Words, 200),
    part("roman", "ローマ字氏名", "name in Latin letters", PartKind::Roman, 200),
];

const ADDRESS: [Part; 6] = [
    part("postcode", "郵便番号", "postcode", PartKind::Postcode, 8),
    required(part("text", "住所", "address as written", PartKind::Words, 300)),
    part("municipality", "市区町村コード", "municipality code", PartKind::Municipality, 6),
    part("town", "町字", "town", PartKind::Words, 100),
    part("block", "街区・地番", "block or lot number", PartKind::Words, 100),
    part("building", "建物名・部屋番号", "building and room", PartKind::Words, 200),
];

/// The parts of an answer of this type; none for an answer that has no parts.
pub(super) fn of(field_type: FieldType) -> &'static [Part] {
    match field_type {
        FieldType::PersonName => &NAME,
        FieldType::Address => &ADDRESS,
        _ => &[],
    }
}
