//! Procedures (手続) as data: what is asked, what is attached, what it costs, how long it takes, who decides.
//!
//! One [`ProcedureDefinition`] is one immutable version; a case pins the version it was started under, so
//! a later change of law never rewrites an old case. Nothing here is read from a file: the catalogue reads
//! and calls [`ProcedureDefinition::check`], which names every fault at once.

mod check;
mod fees;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::id::TenantCode;
use crate::domain::money::Yen;
pub(crate) use check::is_slug;
pub use fees::{Fee, FeeFormula};

/// A text in Japanese and in English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Japanese, the text with legal force.
    pub ja: String,
    /// English, a courtesy translation.
    pub en: String,
}

/// The legal kind of a procedure; it selects the state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcedureKind {
    /// 申請: the authority owes an answer.
    Application,
    /// 届出: complete on arrival, no answer is owed and no refusal exists.
    Notification,
}

impl ProcedureKind {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Notification => "notification",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Application, Self::Notification].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What kind of rule a procedure rests on (根拠の種別, R-30).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BasisKind {
    /// 法律・政省令: the national administrative procedure act applies.
    Law,
    /// 条例: the body's own administrative procedure ordinance applies.
    Ordinance,
    /// 規則 of the body.
    Rule,
    /// 要綱: usually not a disposition.
    Guideline,
}

/// Whose business a procedure is by law (事務区分, R-34); it decides to whom an appeal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClericalKind {
    /// 自治事務.
    Autonomous,
    /// 第1号法定受託事務.
    EntrustedFirst,
    /// 第2号法定受託事務.
    EntrustedSecond,
}

/// The legal ground of a procedure and of filing it online.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// The law, e.g. 電気工事業の業務の適正化に関する法律.
    pub law: String,
    /// The article, e.g. 第3条第1項.
    pub article: String,
    /// Law, ordinance, rule or guideline.
    pub basis_kind: BasisKind,
    /// Why it may be filed online (法6条 or an ordinance of the same effect).
    pub online_basis: String,
    /// 事務区分, where it is settled.
    #[serde(default)]
    pub clerical_kind: Option<ClericalKind>,
}

/// Who may apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicantKind {
    /// A natural person (個人).
    Resident,
    /// A corporation or a sole proprietor acting as a business (事業者).
    Business,
}

/// How surely the applicant must be identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// No identification.
    None,
    /// ID and password.
    Id,
    /// 利用者証明用電子証明書.
    UserCertificate,
    /// 署名用電子証明書.
    Signature,
}

/// When the fee becomes due (R-68, 三沢市 P31).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeDue {
    /// With the submission (前納).
    OnSubmit,
    /// After the review of form.
    AfterReview,
    /// When the document is issued.
    OnIssue,
    /// There is no fee.
    None,
}

/// The type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Free text; kept exactly as written.
    Text,
    /// Full-width katakana, spaces and the long mark.
    Kana,
    /// A whole number.
    Integer,
    /// An ISO 8601 day.
    Date,
    /// One of `choices`.
    Choice,
    /// Yes or no.
    Boolean,
    /// Digits and `+`, display hyphens allowed.
    Phone,
    /// Seven digits, with or without the hyphen.
    Postcode,
    /// Thirteen digits with a check digit (法人番号, R-151).
    CorporateNumber,
}

/// One of the answers a choice field allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What is shown.
    pub label: Bilingual,
}

/// One field of a form (記載事項).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The key of the answer, lower-case ASCII with underscores.
    pub name: String,
    /// What is shown next to the field.
    pub label: Bilingual,
    /// The type of the answer.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Whether an answer must be given.
    #[serde(default)]
    pub required: bool,
    /// The least value of an integer.
    #[serde(default)]
    pub min: Option<i64>,
    /// The greatest value of an integer.
    #[serde(default)]
    pub max: Option<i64>,
    /// The greatest length of a text, in characters (not bytes, R-166).
    #[serde(default)]
    pub max_length: Option<u32>,
    /// The answers a choice allows.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// What the portal fills in before the applicant writes.
    #[serde(default)]
    pub default: Option<serde_json::Value>,
    /// Help shown below the field.
    #[serde(default)]
    pub description: Option<Bilingual>,
}

/// A file that is asked for (添付書類, R-46).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachmentRule {
    /// The key of the attachment.
    pub code: String,
    /// What is shown.
    pub title: Bilingual,
    /// Whether the case is incomplete without it.
    pub required: bool,
    /// Accepted media types, e.g. `application/pdf`.
    pub media_types: Vec<String>,
    /// The greatest size in bytes.
    pub max_bytes: u64,
    /// How old the document may be, in months (有効期間).
    #[serde(default)]
    pub validity_months: Option<u8>,
}

/// Whether the body's holidays count as days of the standard processing period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolidayRule {
    /// 期間中の休日を含まない.
    Exclude,
    /// 期間中の休日を含む.
    Include,
}

/// The standard processing period (標準処理期間, R-16), in days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Processing {
    /// Days at the deciding authority (処理機関での期間), consultation included.
    pub days: u32,
    /// Days at the offices it passes through (経由機関での期間).
    #[serde(default)]
    pub transit_days: u32,
    /// Whether holidays count.
    pub holidays: HolidayRule,
    /// Where the number of days is published.
    pub source: String,
    /// True while the number has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// One step of the approval route (決裁の段).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStep {
    /// The role that approves, e.g. `section_chief` 課長.
    pub role: String,
    /// The department whose role it is; the procedure's own when absent.
    #[serde(default)]
    pub department: Option<String>,
}

/// The ways the fee may be paid and the ordinance that allows them (R-70, T-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedMethods {
    /// The ordinance or notice; without it no cashless method is shown.
    pub basis: String,
    /// Method codes, e.g. `card`, `nanaco`.
    pub methods: Vec<String>,
    /// True while the basis has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// A file of an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleAttachment {
    /// The code of the attachment rule it answers.
    pub code: String,
    /// The name of the file.
    pub filename: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes in base64.
    pub content_base64: String,
}

/// Answers that can be submitted as they are (記入例).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the example shows.
    pub title: Bilingual,
    /// Who applies in it.
    pub applicant_kind: ApplicantKind,
    /// The answers.
    pub form: serde_json::Value,
    /// The files.
    #[serde(default)]
    pub attachments: Vec<ExampleAttachment>,
    /// What it costs online on `priced_on`; 0 without a fee.
    pub total: Yen,
    /// The day `total` is computed for; the first day of the version when absent.
    #[serde(default)]
    pub priced_on: Option<Date>,
}

/// One immutable version of a procedure (手続の版).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcedureDefinition {
    /// A stable slug, e.g. `denki-koji-toroku`.
    pub id: String,
    /// The version, counted from 1.
    pub version: u32,
    /// The body whose procedure it is.
    pub tenant: TenantCode,
    /// The name of the procedure.
    pub title: Bilingual,
    /// 申請 or 届出.
    pub kind: ProcedureKind,
    /// Its legal ground.
    pub legal_basis: LegalBasis,
    /// The code of the department in charge.
    pub department: String,
    /// Who may apply.
    pub applicant_kinds: Vec<ApplicantKind>,
    /// The identification required.
    pub assurance: Assurance,
    /// When the fee is due.
    pub fee_due: FeeDue,
    /// The fields of the form, in the order of display.
    pub form: Vec<Field>,
    /// The files asked for.
    #[serde(default)]
    pub attachments: Vec<AttachmentRule>,
    /// The fee items; the fee is their sum, and an empty list means no fee.
    #[serde(default)]
    pub fees: Vec<Fee>,
    /// The standard processing period; none for a notification or an immediate answer.
    #[serde(default)]
    pub processing: Option<Processing>,
    /// Who approves, in order; empty for a notification.
    #[serde(default)]
    pub approval_route: Vec<ApprovalStep>,
    /// How the fee may be paid.
    #[serde(default)]
    pub allowed_methods: Option<AllowedMethods>,
    /// How many years the file is kept (保存期間, R-124).
    pub retention_years: u8,
    /// The first day applications arrive under this version.
    pub effective_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub effective_to: Option<Date>,
    /// Examples that can be submitted as they are.
    #[serde(default)]
    pub examples: Vec<Example>,
    /// Where the content of this file was taken from.
    pub sources: Vec<String>,
}

impl ProcedureDefinition {
    /// Whether an application arriving on `day` falls under this version.
    pub fn is_effective_on(&self, day: Date) -> bool {
        self.effective_from <= day && self.effective_to.is_none_or(|last| day <= last)
    }

    /// The field called `name`.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.form.iter().find(|field| field.name == name)
    }

    /// The rule of the attachment called `code`.
    pub fn attachment(&self, code: &str) -> Option<&AttachmentRule> {
        self.attachments.iter().find(|rule| rule.code == code)
    }

    /// The department that holds `step` of the approval route.
    pub fn step_department<'a>(&'a self, step: &'a ApprovalStep) -> &'a str {
        step.department.as_deref().unwrap_or(&self.department)
    }
}
