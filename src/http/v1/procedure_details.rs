//! What a procedure says about itself beside form and fee: its legal ground, who it is for, what goes with it, how long it
//! takes and what comes of it. Whatever the body has not confirmed carries `sample: true`.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::procedures::word;
use crate::domain::procedure::{
    AttachmentRule, Bilingual, Example, ExampleAttachment, IssuanceChannel, Omission, ProcedureDefinition,
};
use crate::domain::validity::Warning;
use crate::http::locale::Locale;

/// The legal ground (根拠法令).
#[derive(Serialize, ToSchema)]
pub struct LegalBasisItem {
    /// The law.
    law: String,
    /// The article.
    article: String,
    /// `law`, `ordinance`, `rule` or `guideline`.
    basis_kind: String,
    /// Why it may be filed online.
    online_basis: String,
    /// `autonomous`, `entrusted_first` or `entrusted_second`; null where it is not settled.
    clerical_kind: Option<String>,
    /// Where the review criteria (審査基準) are published; null where there are none.
    review_criteria: Option<String>,
    /// Why there are no review criteria; an application has criteria or this reason.
    no_criteria_reason: Option<String>,
}

/// A question to answer before filling the form in (事前確認).
#[derive(Serialize, ToSchema)]
pub struct EligibilityItem {
    /// Its key.
    code: String,
    /// The question, to be answered with yes or no.
    question: String,
    /// The answer that lets one go on.
    expected: bool,
    /// What to do on the other answer.
    otherwise: String,
}

/// The standard processing period (標準処理期間).
#[derive(Serialize, ToSchema)]
pub struct ProcessingItem {
    /// Days at the deciding authority, consultation included.
    days: u32,
    /// Of these, days at the consulted authority.
    consultation_days: u32,
    /// Days at the offices it passes through, on top.
    transit_days: u32,
    /// All days.
    total_days: u32,
    /// `exclude`: days off do not count. `include`: they do.
    holidays: String,
    /// Where the period is published.
    source: String,
    /// True while it has not been confirmed by the body.
    sample: bool,
}

/// How the result is handed over (交付).
#[derive(Serialize, ToSchema)]
pub struct IssuanceItem {
    /// `paper_or_electronic`, `paper_only` or `nothing`.
    channel: String,
    /// Never electronically, by law, although the application is made online.
    paper_only: bool,
    /// The rule.
    basis: String,
    /// The clause that wants a signature of the authority on it; null where none does.
    signature: Option<String>,
}

/// How long what is granted is valid (有効期間).
#[derive(Serialize, ToSchema)]
pub struct ValidityItem {
    /// Whole years from the day of the grant, that day included.
    years: Option<u8>,
    /// Whole months, instead of years.
    months: Option<u8>,
    /// The old permit stays valid until a renewal filed in time is decided, and the new term follows it.
    continues_while_renewal_pending: bool,
    /// The clause.
    basis: String,
    /// True while it has not been confirmed by the body.
    sample: bool,
}

/// When a renewal may be filed (更新); late is a warning, never a refusal.
#[derive(Serialize, ToSchema)]
pub struct RenewalItem {
    /// The condition (CEL over the answers) under which an application is a renewal.
    when: String,
    /// The field with the last day of the present permit.
    expiry_field: String,
    /// The earliest day, in days before expiry; null for none.
    from_days_before: Option<u16>,
    /// The latest day, in days before expiry.
    to_days_before: u16,
    /// The clause.
    basis: String,
}

/// What a notice of the case says in addition (通知).
#[derive(Serialize, ToSchema)]
pub struct NoticeItem {
    /// `arrival`, `correction`, `fee_due` or `decision`.
    on: String,
    /// The text.
    text: String,
}

/// Who is in charge by the place of the facility (管轄).
#[derive(Serialize, ToSchema)]
pub struct JurisdictionItem {
    /// The area of business.
    area: String,
    /// What gives the municipality (CEL over the answers); at a place of another body the answer is refused with
    /// `other_authority`.
    municipality: String,
}

/// How the fee may be paid.
#[derive(Serialize, ToSchema)]
pub struct AllowedMethodsItem {
    /// The ordinance or notice.
    basis: String,
    /// The methods; `counter` says that the fee may be brought to the counter, where staff enter it.
    methods: Vec<String>,
    /// True while the basis has not been confirmed by the body.
    sample: bool,
}

/// A condition under which a document may be left out (添付省略).
#[derive(Serialize, ToSchema)]
pub struct OmissionItem {
    /// The condition (CEL over the answers).
    when: String,
    /// The rule that allows it.
    basis: String,
}

/// A document that goes with an application.
#[derive(Serialize, ToSchema)]
pub struct AttachmentItem {
    /// Given as `code` when the file is uploaded.
    code: String,
    /// Name of the document.
    title: String,
    /// Without it the application cannot be submitted, unless one of `omissions` holds.
    required: bool,
    /// It is required while this condition (CEL over the answers) holds.
    required_if: Option<String>,
    /// Whom it concerns; everybody when empty.
    applicant_kinds: Vec<String>,
    /// When it may be left out.
    omissions: Vec<OmissionItem>,
    /// `copy`; `original`: the original is shown or sent apart before anything is granted; `original_on_handover`: it is
    /// exchanged for what is handed over.
    form: String,
    /// How old it may be, in months.
    validity_months: Option<u8>,
    /// What must be heeded.
    note: Option<String>,
    /// Accepted media types.
    media_types: Vec<String>,
    /// Largest size in bytes.
    max_bytes: u64,
}

/// An application that can be submitted as it is.
#[derive(Serialize, ToSchema)]
pub struct ExampleItem {
    /// What it shows.
    title: String,
    /// `resident` or `business`.
    applicant_kind: String,
    /// The answers.
    #[schema(value_type = Object)]
    form: Value,
    /// What staff fix after review; null where nothing is.
    #[schema(value_type = Option<Object>)]
    office: Option<Value>,
    /// The files.
    attachments: Vec<ExampleFile>,
    /// The day it arrives; null for the first day of the version.
    #[schema(format = Date, value_type = Option<String>)]
    arrived_on: Option<String>,
    /// The fee in yen; 0 without a fee.
    total: i64,
    /// The last day of the standard processing period, where the example says it.
    #[schema(format = Date, value_type = Option<String>)]
    due_on: Option<String>,
    /// The department whose queue it reaches.
    queue: String,
}

/// A file of an example.
#[derive(Serialize, ToSchema)]
pub struct ExampleFile {
    /// Which document it is.
    code: String,
    /// Its name.
    filename: String,
    /// Its media type.
    media_type: String,
    /// Its bytes.
    content_base64: String,
}

/// Something to know; it blocks nothing.
#[derive(Serialize, ToSchema)]
pub struct WarningItem {
    /// `renewal_early`, `renewal_late`, `renewal_expired`, or `outside_charset` for an answer that a system behind the
    /// counter cannot write as typed: it is kept, and staff confirm how it is written there.
    code: &'static str,
    /// The answer it is about.
    pointer: String,
    /// The sentence.
    message: String,
    /// The clause.
    basis: String,
}

impl WarningItem {
    /// Presents a warning.
    pub fn of(warning: Warning, locale: Locale) -> Self {
        let Warning { code, pointer, message, basis } = warning;
        Self { code, pointer, message: locale.pick(message.ja, message.en), basis }
    }
}

/// What a procedure says about itself beside form and fee.
#[derive(Serialize, ToSchema)]
pub struct ProcedureDetails {
    /// What it is for, in plain words.
    summary: Option<String>,
    /// Words to find it by.
    keywords: Vec<String>,
    /// The legal ground.
    legal_basis: LegalBasisItem,
    /// What to ask oneself first.
    eligibility: Vec<EligibilityItem>,
    /// The standard processing period; null where none is set.
    processing: Option<ProcessingItem>,
    /// The documents.
    attachments: Vec<AttachmentItem>,
    /// The clause by which the applicant comes in person before anything is granted; null where nobody has to.
    identity_in_person: Option<String>,
    /// How the result is handed over.
    issuance: Option<IssuanceItem>,
    /// How long it is valid.
    validity: Option<ValidityItem>,
    /// When it may be renewed.
    renewal: Option<RenewalItem>,
    /// What notices say in addition.
    notices: Vec<NoticeItem>,
    /// Who is in charge where.
    jurisdiction: Option<JurisdictionItem>,
    /// How the fee may be paid; null without a fee.
    allowed_methods: Option<AllowedMethodsItem>,
    /// The clause by which filings are open to the public (see `…/public-inspection`); null where they are not.
    public_inspection: Option<String>,
    /// For how many years the file is kept.
    retention_years: u8,
    /// Where this was taken from.
    sources: Vec<String>,
    /// True while anything of it has not been confirmed by the body: a fee, a period, a term, a way to pay.
    sample: bool,
    /// Examples that can be submitted as they are.
    examples: Vec<ExampleItem>,
}

impl ProcedureDetails {
    /// Presents a definition.
    pub fn of(definition: &ProcedureDefinition, locale: Locale) -> Self {
        let text = |text: &Bilingual| pick(text, locale);
        Self {
            summary: definition.summary.as_ref().map(text),
            keywords: definition.keywords.clone(),
            legal_basis: legal_basis(definition),
            eligibility: definition
                .eligibility
                .iter()
                .map(|it| EligibilityItem {
                    code: it.code.clone(),
                    question: text(&it.question),
                    expected: it.expected,
                    otherwise: text(&it.otherwise),
                })
                .collect(),
            processing: processing(definition),
            attachments: definition.attachments.iter().map(|rule| attachment_item(rule, locale)).collect(),
            identity_in_person: definition.identity_in_person.as_ref().map(|it| it.basis.clone()),
            issuance: issuance(definition),
            validity: validity(definition),
            renewal: renewal(definition),
            notices: definition
                .notices
                .iter()
                .map(|it| NoticeItem { on: word(&it.on), text: text(&it.text) })
                .collect(),
            jurisdiction: definition.jurisdiction.as_ref().map(|it| JurisdictionItem {
                area: it.area.clone(),
                municipality: it.municipality.0.clone(),
            }),
            allowed_methods: definition.allowed_methods.as_ref().map(|it| AllowedMethodsItem {
                basis: it.basis.clone(),
                methods: it.methods.clone(),
                sample: it.sample,
            }),
            public_inspection: definition.public_inspection.as_ref().map(|rule| rule.basis.clone()),
            retention_years: definition.retention_years,
            sources: definition.sources.clone(),
            sample: definition.has_samples(),
            examples: definition.examples.iter().map(|it| example_item(it, definition, locale)).collect(),
        }
    }
}

fn pick(text: &Bilingual, locale: Locale) -> String {
    locale.pick(&text.ja, &text.en).clone()
}

fn legal_basis(definition: &ProcedureDefinition) -> LegalBasisItem {
    let basis = &definition.legal_basis;
    LegalBasisItem {
        law: basis.law.clone(),
        article: basis.article.clone(),
        basis_kind: word(&basis.basis_kind),
        online_basis: basis.online_basis.clone(),
        clerical_kind: basis.clerical_kind.as_ref().map(word),
        review_criteria: basis.review_criteria.clone(),
        no_criteria_reason: basis.no_criteria_reason.clone(),
    }
}

fn processing(definition: &ProcedureDefinition) -> Option<ProcessingItem> {
    definition.processing.as_ref().map(|period| ProcessingItem {
        days: period.days,
        consultation_days: period.consultation_days,
        transit_days: period.transit_days,
        total_days: period.total_days(),
        holidays: word(&period.holidays),
        source: period.source.clone(),
        sample: period.sample,
    })
}

fn issuance(definition: &ProcedureDefinition) -> Option<IssuanceItem> {
    definition.issuance.as_ref().map(|it| IssuanceItem {
        channel: word(&it.channel),
        paper_only: it.channel == IssuanceChannel::PaperOnly,
        basis: it.basis.clone(),
        signature: it.signature.as_ref().map(|signature| signature.basis.clone()),
    })
}

fn validity(definition: &ProcedureDefinition) -> Option<ValidityItem> {
    definition.validity.as_ref().map(|it| ValidityItem {
        years: it.years,
        months: it.months,
        continues_while_renewal_pending: it.continues_while_renewal_pending,
        basis: it.basis.clone(),
        sample: it.sample,
    })
}

fn renewal(definition: &ProcedureDefinition) -> Option<RenewalItem> {
    definition.renewal.as_ref().map(|it| RenewalItem {
        when: it.when.0.clone(),
        expiry_field: it.expiry_field.clone(),
        from_days_before: it.from_days_before,
        to_days_before: it.to_days_before,
        basis: it.basis.clone(),
    })
}

fn attachment_item(rule: &AttachmentRule, locale: Locale) -> AttachmentItem {
    let omission = |it: &Omission| OmissionItem { when: it.when.0.clone(), basis: it.basis.clone() };
    AttachmentItem {
        code: rule.code.clone(),
        title: pick(&rule.title, locale),
        required: rule.required,
        required_if: rule.required_if.as_ref().map(|when| when.0.clone()),
        applicant_kinds: rule.applicant_kinds.iter().map(word).collect(),
        omissions: rule.omissions.iter().map(omission).collect(),
        form: word(&rule.form),
        validity_months: rule.validity_months,
        note: rule.note.as_ref().map(|note| pick(note, locale)),
        media_types: rule.media_types.clone(),
        max_bytes: rule.max_bytes,
    }
}

fn example_item(example: &Example, definition: &ProcedureDefinition, locale: Locale) -> ExampleItem {
    let file = |file: &ExampleAttachment| ExampleFile {
        code: file.code.clone(),
        filename: file.filename.clone(),
        media_type: file.media_type.clone(),
        content_base64: file.content().to_owned(),
    };
    ExampleItem {
        title: pick(&example.title, locale),
        applicant_kind: word(&example.applicant_kind),
        form: example.form.clone(),
        office: example.office.clone(),
        attachments: example.attachments.iter().map(file).collect(),
        arrived_on: example.arrived_on.map(|day| day.to_string()),
        total: example.total.amount(),
        due_on: example.due_on.map(|day| day.to_string()),
        queue: example.queue.clone().unwrap_or_else(|| definition.department.clone()),
    }
}
