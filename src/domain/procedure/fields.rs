//! The form (様式) as data: fields, the pages they stand on, and the conditions between them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Assurance, Bilingual};
use crate::domain::charset::Charset;
use crate::domain::expression::ExpressionText;

/// The type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Free text; kept exactly as written. Answered with a string.
    Text,
    /// Full-width katakana, spaces and the long mark. Answered with a string; half-width kana are widened.
    Kana,
    /// A person's name (氏名, R-165). Answered with `{family, given?, family_kana, given_kana?, former_family?,
    /// former_family_kana?, alias?, roman?}`; a name of one part leaves `given` and `given_kana` out, `alias` is a 通称.
    PersonName,
    /// An address (住所・所在地, R-170). Answered with `{postcode?, text, municipality?, town?, block?, building?}`;
    /// `text` is the 原文 and stays as written, `municipality` is a 全国地方公共団体コード of six digits.
    Address,
    /// A municipality of the prefecture by its six-digit code (R-160…R-162). Answered with a string.
    Municipality,
    /// A whole number. Answered with a JSON integer.
    Integer,
    /// A decimal number with `scale` digits after the point. Answered with a string such as `"12.50"`; expressions see
    /// the integer `1250`, so that nothing is ever a float.
    Decimal,
    /// Whole yen, zero or more. Answered with a JSON integer.
    Money,
    /// A day. Answered with `YYYY-MM-DD`; 和暦 such as `令和8年4月1日` or `R8.4.1` is turned into it.
    Date,
    /// One of `choices`. Answered with the value.
    Choice,
    /// Some of `choices`. Answered with a list of different values.
    MultiChoice,
    /// Yes or no. Answered with a JSON boolean.
    Boolean,
    /// A statement to agree to (誓約・同意). Only `true` is an answer.
    Statement,
    /// Digits and `+`, display hyphens allowed, 内線 with its number behind. Answered with a string.
    Phone,
    /// Seven digits, with or without the hyphen. Answered with a string.
    Postcode,
    /// An e-mail address. Answered with a string.
    Email,
    /// Thirteen digits with a check digit (法人番号, R-151). Answered with a string.
    CorporateNumber,
    /// A table of repeating rows (明細). Answered with a list of objects, one property for each of `columns`.
    Table,
    /// Computed by the counter from the other answers; nobody fills it in. What is sent must equal what is computed.
    Calculated,
}

/// One of the answers a choice field allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What is shown.
    pub label: Bilingual,
}

/// A condition that a complete answer must meet, and what is said when it does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRule {
    /// True when the answer is good. Judged only when every answer it reads is there.
    pub rule: ExpressionText,
    /// What the applicant is told otherwise; it follows no label and stands alone.
    pub message: Bilingual,
}

/// One field of a form (記載事項), or one column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The key of the answer, lower-case ASCII with underscores.
    pub name: String,
    /// What is shown next to the field.
    pub label: Bilingual,
    /// The type of the answer.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Whether an answer must be given (while the field is visible).
    #[serde(default)]
    pub required: bool,
    /// The least value of an integer or of money; of a decimal in whole units.
    #[serde(default)]
    pub min: Option<i64>,
    /// The greatest value of an integer or of money; of a decimal in whole units.
    #[serde(default)]
    pub max: Option<i64>,
    /// The greatest length of a text, in graphemes: characters as people count them (not bytes, R-166). 1,000 when absent.
    #[serde(default)]
    pub max_length: Option<u32>,
    /// The character set of a system that takes over the words of this answer: what lies beyond is kept as typed
    /// and warned of, and a person confirms how it is written there.
    #[serde(default)]
    pub charset: Option<Charset>,
    /// Digits after the point of a decimal, 1 to 6.
    #[serde(default)]
    pub scale: Option<u8>,
    /// The unit shown behind a number, e.g. ㎡.
    #[serde(default)]
    pub unit: Option<String>,
    /// The answers a choice or multi_choice allows.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// The columns of a table; no tables, names or addresses within.
    #[serde(default)]
    pub columns: Vec<Field>,
    /// The least number of rows of a table.
    #[serde(default)]
    pub min_rows: Option<u16>,
    /// The greatest number of rows of a table, at most 200; 50 when absent.
    #[serde(default)]
    pub max_rows: Option<u16>,
    /// What a calculated field is: an expression that gives a whole number, a text or a truth value.
    #[serde(default)]
    pub value: Option<ExpressionText>,
    /// The field is there only while this is true. A hidden field must have no answer when the form is handed in.
    #[serde(default)]
    pub visible_if: Option<ExpressionText>,
    /// An answer must be given while this is true.
    #[serde(default)]
    pub required_if: Option<ExpressionText>,
    /// Conditions between the answers. Within a column, `row` is the row.
    #[serde(default)]
    pub valid_if: Vec<AnswerRule>,
    /// The identification needed to make a statement; not above that of the procedure.
    #[serde(default)]
    pub assurance: Option<Assurance>,
    /// What the portal fills in before the applicant writes.
    #[serde(default)]
    pub default: Option<serde_json::Value>,
    /// Help shown below the field.
    #[serde(default)]
    pub description: Option<Bilingual>,
}

/// A page of the form as a frontend shows it. Without pages there is one, with all fields and documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The key of the page.
    pub code: String,
    /// Its heading.
    pub title: Bilingual,
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

/// A section of a page. Every field stands in exactly one section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The key of the section.
    pub code: String,
    /// Its heading.
    pub title: Bilingual,
    /// Names of fields, in order.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Codes of documents whose upload stands here, in order.
    #[serde(default)]
    pub attachments: Vec<String>,
}
