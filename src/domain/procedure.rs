//! Procedures (手続) as data: what is asked, what is attached, what it costs, how long it takes, who decides.
//!
//! One [`ProcedureDefinition`] is one immutable version; a case pins the version it was started under, so
//! a later change of law never rewrites an old case. Nothing here is read from a file: the catalogue reads
//! and calls [`ProcedureDefinition::check`], which names every fault at once.

mod attachments;
mod check;
mod checklist;
mod contract;
mod fees;
mod fields;
mod inspection;
mod legal;
mod public_inspection;
mod routing;
#[cfg(test)]
pub(crate) mod specimen;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use attachments::{AttachmentRule, DocumentForm, Example, ExampleAttachment, IdentityInPerson, Omission};
pub use check::CheckedDefinition;
pub use check::examples::ExampleStand;
pub(crate) use check::identity::CRITERIA;
pub(crate) use check::is_slug;
#[cfg(test)]
pub(crate) use check::route::OF_PROCEDURE;
pub(crate) use check::route::{OF_WAIVERS, RouteData};
pub use checklist::ChecklistItem;
pub use contract::ContractTerms;
pub use fees::{
    Fee, FeeBand, FeeCase, FeeFormula, Fraction, MinimumStep, Payee, ProRataMode, RefundPolicy, Relief,
    ReliefKind, TaxClass,
};
pub use fields::{AnswerRule, Choice, Field, FieldType, Page, Section};
pub use inspection::RequiredInspection;
pub use legal::{
    ApplicantKind, Assurance, BasisKind, ClericalKind, DispositionSubject, EligibilityQuestion, Issuance,
    IssuanceChannel, LegalBasis, NoticeMoment, NoticeText, RenewalOffer, RenewalWindow, RequiredSignature,
    Validity,
};
pub use public_inspection::{OnlineView, OpensOn, PublicInspection};
pub use routing::{
    ApprovalStep, HolidayRule, Jurisdiction, JurisdictionRow, JurisdictionTable, Processing, RoutingRule,
    StandingDecision, StepKind,
};

use crate::domain::id::TenantCode;

/// A text in Japanese and in English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Japanese, the text with legal force.
    pub ja: String,
    /// English, a courtesy translation.
    pub en: String,
}

/// The legal kind of a procedure; it selects the state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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

/// When the fee becomes due (R-68, 三沢市 P31).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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

/// The ways the fee may be paid and the ordinance that allows them (R-70, T-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// One immutable version of a procedure (手続の版).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// Words people search for beside the title (キーワード).
    #[serde(default)]
    pub keywords: Vec<String>,
    /// What it is for, in plain words.
    #[serde(default)]
    pub summary: Option<Bilingual>,
    /// The code of the department in charge; it has every case that no rule of `routing` sends elsewhere.
    pub department: String,
    /// Jurisdiction by the place of the facility.
    #[serde(default)]
    pub jurisdiction: Option<Jurisdiction>,
    /// To which queue a case goes.
    #[serde(default)]
    pub routing: Vec<RoutingRule>,
    /// Who may apply.
    pub applicant_kinds: Vec<ApplicantKind>,
    /// The identification required.
    pub assurance: Assurance,
    /// What is asked before the form is opened.
    #[serde(default)]
    pub eligibility: Vec<EligibilityQuestion>,
    /// When the fee is due.
    pub fee_due: FeeDue,
    /// The fields of the form, in the order of display.
    pub form: Vec<Field>,
    /// The pages of the form.
    #[serde(default)]
    pub pages: Vec<Page>,
    /// What staff fix after review and the fee depends on (`office` in expressions), e.g. a measured area.
    #[serde(default)]
    pub office_form: Vec<Field>,
    /// The files asked for.
    #[serde(default)]
    pub attachments: Vec<AttachmentRule>,
    /// The fee items; the fee is their sum, and an empty list means no fee.
    #[serde(default)]
    pub fees: Vec<Fee>,
    /// Rules that lift fees.
    #[serde(default)]
    pub reliefs: Vec<Relief>,
    /// The standard processing period; none for a notification or an immediate answer.
    #[serde(default)]
    pub processing: Option<Processing>,
    /// Who approves, in order; empty for a notification.
    #[serde(default)]
    pub approval_route: Vec<ApprovalStep>,
    /// Who closes the route early (専決): the first that fits; the whole route when none does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing_decisions: Vec<StandingDecision>,
    /// What staff look at in the review; nothing is granted while a required item is open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<ChecklistItem>,
    /// The inspection without which nothing is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspection: Option<RequiredInspection>,
    /// That the applicant comes in person before anything is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_in_person: Option<IdentityInPerson>,
    /// How the fee may be paid.
    #[serde(default)]
    pub allowed_methods: Option<AllowedMethods>,
    /// What is added to the standard notices.
    #[serde(default)]
    pub notices: Vec<NoticeText>,
    /// How the result is handed over.
    #[serde(default)]
    pub issuance: Option<Issuance>,
    /// How long what was granted is valid.
    #[serde(default)]
    pub validity: Option<Validity>,
    /// When a renewal may be filed.
    #[serde(default)]
    pub renewal: Option<RenewalWindow>,
    /// The contract that a grant offers (契約, R-103).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractTerms>,
    /// That filings are open to the public by law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_inspection: Option<PublicInspection>,
    /// How many years the file is kept (保存期間, R-124).
    pub retention_years: u8,
    /// The first day applications arrive under this version.
    pub effective_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub effective_to: Option<Date>,
    /// Until when a draft begun under this version may still be handed in after its last day (the drain date).
    #[serde(default)]
    pub drain_until: Option<Date>,
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

    /// Whether anything in it has not been confirmed by the body.
    pub fn has_samples(&self) -> bool {
        self.fees.iter().any(|fee| fee.sample)
            || self.reliefs.iter().any(|relief| relief.sample)
            || self.processing.as_ref().is_some_and(|processing| processing.sample)
            || self.validity.as_ref().is_some_and(Validity::is_sample)
            || self.allowed_methods.as_ref().is_some_and(|allowed| allowed.sample)
            || self.standing_decisions.iter().any(|rule| rule.sample)
            || self.required_signature().is_some_and(|signature| signature.sample)
            || self.inspection.as_ref().is_some_and(|inspection| inspection.sample)
            || self.public_inspection.as_ref().is_some_and(|rule| rule.sample)
            || self.identity_in_person.as_ref().is_some_and(|identity| identity.sample)
            || self.contract.as_ref().is_some_and(|terms| terms.sample)
    }

    /// The last day on which a case can arrive under this version; nothing while it is open.
    pub fn last_arrival(&self) -> Option<Date> {
        self.effective_to.map(|last| self.drain_until.map_or(last, |drain| drain.max(last)))
    }

    /// The signature that what is issued needs to be handed over electronically, where it needs one.
    pub fn required_signature(&self) -> Option<&RequiredSignature> {
        self.issuance.as_ref().and_then(|issuance| issuance.signature.as_ref())
    }

    /// The field called `name`.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.form.iter().find(|field| field.name == name)
    }

    /// The rule of the attachment called `code`.
    pub fn attachment(&self, code: &str) -> Option<&AttachmentRule> {
        self.attachments.iter().find(|rule| rule.code == code)
    }
}
