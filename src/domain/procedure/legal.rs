//! The legal ground of a procedure, who may use it and how its result is handed over.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bilingual;
use crate::domain::expression::ExpressionText;

/// What kind of rule a procedure rests on (根拠の種別, R-30).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// In whose name it is decided (処分庁), where that is neither the head of the body nor the authority of the department
    /// in charge: authority is delegated (委任) procedure by procedure.
    #[serde(default)]
    pub disposing_authority: Option<Bilingual>,
    /// The minister in charge of the law (所管大臣), to whom reviews of business entrusted to a prefecture go.
    #[serde(default)]
    pub competent_minister: Option<Bilingual>,
    /// What is disposed of, where appeals follow rules of their own.
    #[serde(default)]
    pub disposition_subject: DispositionSubject,
    /// Where the review criteria (審査基準) are published; an application has these or a reason for having none.
    #[serde(default)]
    pub review_criteria: Option<String>,
    /// Why there are no review criteria, e.g. 法令の規定により判断基準が言い尽くされている.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_criteria_reason: Option<String>,
}

impl LegalBasis {
    /// Whether it says what an application is judged by, or why nothing beyond the law does: one of both, not both.
    pub fn accounts_for_criteria(&self) -> bool {
        self.review_criteria.is_some() != self.no_criteria_reason.is_some()
    }
}

/// What is disposed of, as far as appeals differ by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DispositionSubject {
    /// Anything else.
    #[default]
    General,
    /// 分担金、使用料、加入金及び手数料の徴収 (地方自治法第229条): a suit only after the review.
    Fee,
    /// 公の施設を利用する権利 (地方自治法第244条の4): the head of the body reviews.
    FacilityUse,
}

impl DispositionSubject {
    /// All subjects, for tables and tests.
    pub const ALL: [Self; 3] = [Self::General, Self::Fee, Self::FacilityUse];
}

/// Who may apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicantKind {
    /// A natural person (個人).
    Resident,
    /// A corporation or a sole proprietor acting as a business (事業者).
    Business,
}

impl ApplicantKind {
    /// The stored and public name, also what expressions see as `applicant_kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Business => "business",
        }
    }
}

/// How surely the applicant must be identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
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

impl Assurance {
    /// All levels, the surer the later.
    pub const ALL: [Self; 4] = [Self::None, Self::Id, Self::UserCertificate, Self::Signature];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Id => "id",
            Self::UserCertificate => "user_certificate",
            Self::Signature => "signature",
        }
    }

    /// The level of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }

    /// What identifies somebody so, in Japanese.
    pub fn name_ja(self) -> &'static str {
        match self {
            Self::None => "本人確認なし",
            Self::Id => "IDとパスワード",
            Self::UserCertificate => "利用者証明用電子証明書",
            Self::Signature => "署名用電子証明書による電子署名",
        }
    }

    /// What identifies somebody so, in English.
    pub fn name_en(self) -> &'static str {
        match self {
            Self::None => "no identification",
            Self::Id => "ID and password",
            Self::UserCertificate => "a user certificate",
            Self::Signature => "an electronic signature with a certificate",
        }
    }
}

/// A question asked before the form is opened (事前確認); a wrong answer explains why applying is of no use here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EligibilityQuestion {
    /// The key of the question.
    pub code: String,
    /// The question, to be answered with yes or no.
    pub question: Bilingual,
    /// The answer that lets the applicant go on.
    pub expected: bool,
    /// What is shown on the other answer: where to go instead.
    pub otherwise: Bilingual,
}

/// How the result is handed over (交付の方法, R-37, R-39).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssuanceChannel {
    /// On paper unless the recipient opted in to electronic notice.
    PaperOrElectronic,
    /// Never electronically, by law (政令別表, R-39).
    PaperOnly,
    /// Nothing is handed over (届出).
    Nothing,
}

/// How the result is handed over, and the rule that says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Issuance {
    /// The channel.
    pub channel: IssuanceChannel,
    /// The rule, e.g. 古物営業法第5条第2項.
    pub basis: String,
    /// That decision, permit and orders about it must be signed to be handed over electronically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<RequiredSignature>,
}

/// That the law wants a signature of the authority on what it issues (署名・記名押印, R-40); electronically it is one with its key of
/// office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequiredSignature {
    /// The clause that wants it.
    pub basis: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// How long what was granted is valid (有効期間, R-22, R-41).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// Whole years from the day of the grant; R-22: 5 years from 2024-08-19 end on 2029-08-18.
    #[serde(default)]
    pub years: Option<u8>,
    /// Whole months, instead of years.
    #[serde(default)]
    pub months: Option<u8>,
    /// The clause.
    pub basis: String,
    /// The old permit stays valid until a renewal in time is decided, and the new term follows it.
    #[serde(default)]
    pub continues_while_renewal_pending: bool,
    /// How it is renewed; without it nobody is reminded and no renewal is opened from the permit.
    #[serde(default)]
    pub renewal: Option<RenewalOffer>,
    /// True while the term has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl Validity {
    /// Whether the term or its renewal has not been confirmed by the body.
    pub fn is_sample(&self) -> bool {
        self.sample || self.renewal.as_ref().is_some_and(|renewal| renewal.sample)
    }
}

/// How a permit is renewed: by which procedure, with what filled in, and when the holder is reminded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalOffer {
    /// Slug of the procedure, which may be the same one.
    pub procedure: String,
    /// Answers that make the application a renewal, e.g. `licence_kind: renewal`.
    #[serde(default)]
    pub preset: BTreeMap<String, String>,
    /// The date field of that form which takes the last day of the present permit.
    #[serde(default)]
    pub expiry_field: Option<String>,
    /// The date field which takes its first day.
    #[serde(default)]
    pub granted_field: Option<String>,
    /// The text field which takes its document number.
    #[serde(default)]
    pub number_field: Option<String>,
    /// On which days before expiry the holder is reminded.
    #[serde(default)]
    pub remind_days_before: Vec<u16>,
    /// Where the days were taken from.
    pub source: String,
    /// True while they have not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// When a renewal may be filed, counted back from the day of expiry. Late is a warning, never a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalWindow {
    /// The condition under which the application is a renewal.
    pub when: ExpressionText,
    /// The field that holds the day of expiry of the present permit, e.g. `expires_on`.
    pub expiry_field: String,
    /// The earliest day, in days before expiry.
    #[serde(default)]
    pub from_days_before: Option<u16>,
    /// The latest day, in days before expiry.
    pub to_days_before: u16,
    /// The clause.
    pub basis: String,
}

/// A notice the counter sends at a point of the case (通知).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeText {
    /// When it is sent.
    pub on: NoticeMoment,
    /// What is added to the standard text.
    pub text: Bilingual,
}

/// The points of a case at which a notice is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeMoment {
    /// The case arrived.
    Arrival,
    /// A correction was asked for.
    Correction,
    /// The fee was fixed and may be paid.
    FeeDue,
    /// The decision was made.
    Decision,
}
