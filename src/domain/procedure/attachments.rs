//! Documents (添付書類) and worked examples as data.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApplicantKind, Bilingual};
use crate::domain::expression::ExpressionText;
use crate::domain::money::Yen;

/// An empty page, for examples.
const ONE_PAGE_PDF: &str = concat!(
    "JVBERi0xLjQKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZy9QYWdlcyAyIDAgUj4+ZW5kb2JqCjIgMCBvYmo8PC9UeXBlL1BhZ2VzL0tp",
    "ZHNbMyAwIFJdL0NvdW50IDE+PmVuZG9iagozIDAgb2JqPDwvVHlwZS9QYWdlL1BhcmVudCAyIDAgUi9NZWRpYUJveFswIDAgMjAw",
    "IDIwMF0+PmVuZG9iagp4cmVmCjAgNAowMDAwMDAwMDAwIDY1NTM1IGYgCjAwMDAwMDAwMDkgMDAwMDAgbiAKMDAwMDAwMDA1MiAw",
    "MDAwMCBuIAowMDAwMDAwMTAxIDAwMDAwIG4gCnRyYWlsZXI8PC9TaXplIDQvUm9vdCAxIDAgUj4+CnN0YXJ0eHJlZgoxNjQKJSVF",
    "T0YK",
);
/// One grey pixel, for examples.
const ONE_PIXEL_PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==";

/// Whether the original itself must be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentForm {
    /// A copy or a scan is enough (写し).
    #[default]
    Copy,
    /// The original is shown or sent apart, and nothing is granted before (原本, R-9).
    Original,
    /// The original is given back in exchange for what is handed over (引換え), so the grant does not wait for it.
    OriginalOnHandover,
}

/// That the applicant comes in person before anything is granted (対面本人確認, R-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityInPerson {
    /// The clause.
    pub basis: String,
    /// True while the basis has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// When a document may be left out because the authority can get the facts itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Omission {
    /// The document may be left out while this is true, e.g. `has(form.corporate_number)`.
    pub when: ExpressionText,
    /// The rule, e.g. 情報通信技術を活用した行政の推進等に関する法律第11条.
    pub basis: String,
}

/// A file that is asked for (添付書類, R-46).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentRule {
    /// The key of the attachment.
    pub code: String,
    /// What is shown.
    pub title: Bilingual,
    /// Whether the case is incomplete without it.
    #[serde(default)]
    pub required: bool,
    /// The case is incomplete without it while this is true.
    #[serde(default)]
    pub required_if: Option<ExpressionText>,
    /// Whom it concerns; everybody when empty.
    #[serde(default)]
    pub applicant_kinds: Vec<ApplicantKind>,
    /// When it may be left out.
    #[serde(default)]
    pub omissions: Vec<Omission>,
    /// Copy or original.
    #[serde(default)]
    pub form: DocumentForm,
    /// Accepted media types, e.g. `application/pdf`.
    pub media_types: Vec<String>,
    /// The greatest size in bytes.
    pub max_bytes: u64,
    /// How old the document may be, in months (有効期間).
    #[serde(default)]
    pub validity_months: Option<u8>,
    /// Whether the document has, or may have, personal data in it; a document is taken to have some unless this says that it has none,
    /// and what has some is never given out at a public inspection.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub personal_data: bool,
    /// What must be heeded, e.g. 個人番号の記載のないもの.
    #[serde(default)]
    pub note: Option<Bilingual>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_yes(answer: &bool) -> bool {
    *answer
}

/// A file of an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExampleAttachment {
    /// The code of the attachment rule it answers.
    pub code: String,
    /// The name of the file.
    pub filename: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes in base64; a one-page PDF or a one-pixel picture of that media type when absent.
    #[serde(default)]
    pub content_base64: Option<String>,
}

impl ExampleAttachment {
    /// The bytes of the file in base64.
    pub fn content(&self) -> &str {
        match (&self.content_base64, self.media_type.as_str()) {
            (Some(content), _) => content,
            (None, "application/pdf") => ONE_PAGE_PDF,
            (None, _) => ONE_PIXEL_PNG,
        }
    }
}

/// Answers that can be submitted as they are, with what must come of them (記入例).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the example shows.
    pub title: Bilingual,
    /// Who applies in it.
    pub applicant_kind: ApplicantKind,
    /// The answers.
    pub form: serde_json::Value,
    /// What staff fix after review (`office`), where the fee needs it.
    #[serde(default)]
    pub office: Option<serde_json::Value>,
    /// The files.
    #[serde(default)]
    pub attachments: Vec<ExampleAttachment>,
    /// The day it arrives, online; the first day of the version when absent.
    #[serde(default)]
    pub arrived_on: Option<Date>,
    /// What it costs; 0 without a fee.
    pub total: Yen,
    /// The last day of the standard processing period, where there is one.
    #[serde(default)]
    pub due_on: Option<Date>,
    /// The department whose queue it reaches; the procedure's own when absent.
    #[serde(default)]
    pub queue: Option<String>,
}
