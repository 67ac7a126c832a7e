//! The one error of the use cases: a refusal the caller is told of, or a failure the operator is told of.
//!
//! Each refusal has a stable `code` and a sentence in Japanese and English. [`crate::http::error`] is the only place
//! that turns them into status codes. What went wrong inside ([`Failure::Internal`]) never reaches the caller.

use crate::domain::application::StateName;
use crate::domain::fault::Fault;
use crate::service::approval::ApprovalRefusal;
use crate::service::arrears_refusal::ArrearsRefusal;
use crate::service::casework_refusal::CaseworkRefusal;
use crate::service::contract::ContractRefusal;
use crate::service::disposition_refusal::DispositionRefusal;
use crate::service::intake_refusal::IntakeRefusal;
use crate::service::office_refusal::OfficeRefusal;
use crate::service::payment_refusal::PaymentRefusal;
use crate::service::reconciliation_refusal::ReconciliationRefusal;
use crate::service::refund_refusal::RefundRefusal;
use crate::service::settlement_refusal::SettlementRefusal;
use crate::service::waiver_refusal::WaiverRefusal;
use crate::store::StoreError;

/// Why a use case gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Refused by a rule; nothing was changed.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// The store could not serve (or cannot say whether it did).
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of ours; the text is for the operator only.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Everything a caller can be refused for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The body is not what the contract asks for; every fault is listed.
    Malformed(Vec<Fault>),
    /// The content breaks rules of the procedure; every fault is listed.
    Invalid(Vec<Fault>),
    /// No valid access token.
    NotSignedIn,
    /// E-mail or password is wrong; which of them is not said.
    WrongCredentials,
    /// Too many wrong passwords from here.
    TooManyAttempts {
        /// Seconds until the next try.
        retry_after_s: i64,
    },
    /// A refresh token was used twice: the whole session is closed.
    RefreshTokenReused,
    /// It does not exist, or the caller may not know of it.
    NotFound,
    /// Seen, but not the caller's to do.
    Forbidden,
    /// The drafter may not seal the own proposal.
    OwnProposal,
    /// The officer has sealed another step of the same route.
    AlreadySealed,
    /// The step is not open in the present state.
    WrongState {
        /// The state the case is in.
        state: StateName,
    },
    /// Nobody decides a notification.
    NotForNotifications,
    /// Another officer has the case.
    AlreadyClaimed,
    /// The version of the procedure that a draft is pinned to takes no more applications; another one does.
    ProcedureVersionClosed,
    /// The procedure takes no more applications at all.
    ProcedureClosed,
    /// Another paper, or a published version, has this version of the procedure.
    VersionTaken,
    /// The step does not exist where the publication of a version stands.
    WrongStage {
        /// Where it stands.
        stage: &'static str,
    },
    /// The fee differs from what the caller expected.
    FeeChanged {
        /// The fee as it is now, in yen.
        total: i64,
    },
    /// The fee of this procedure is not fixed by staff after review.
    FeeNotFixedByStaff,
    /// The fee was fixed already; an invoice is never edited.
    AlreadyAssessed,
    /// The fee is not paid or entrusted yet, so nothing can be decided.
    FeeNotSettled,
    /// Another payment of the same payable is open.
    PaymentInProgress,
    /// The open payment that another was to replace is not closed (yet).
    OpenPaymentNotClosed {
        /// Seconds until the next try.
        retry_after_s: i64,
    },
    /// The invoice cannot be paid (any more).
    InvoiceNotPayable,
    /// Whoever entered money at the counter does not take the entry back.
    OwnEntry,
    /// The entry was taken back before, or other money depends on it.
    EntryNotReversible,
    /// The receipt holds no more.
    ReceiptRevoked,
    /// The payment is past the point where it can be given up.
    PaymentNotCancelable,
    /// A disposition cannot be issued, or a permit not be renewed (so).
    Disposition(DispositionRefusal),
    /// An act on a proposal is not possible (so).
    Approval(ApprovalRefusal),
    /// A notice does not stand where this could be said of it.
    NoticeStandsElsewhere {
        /// Where it stands.
        state: String,
    },
    /// A refund is not possible (so).
    Refund(RefundRefusal),
    /// A payment is not possible (so), or about one.
    Payment(PaymentRefusal),
    /// A demand or a write-off is not possible (so).
    Arrears(ArrearsRefusal),
    /// Working together on a case is not possible (so).
    Office(OfficeRefusal),
    /// A waiver is not possible (so).
    Waiver(WaiverRefusal),
    /// Something cannot be handed in (so).
    Intake(IntakeRefusal),
    /// The office cannot do this about its own work (so).
    Casework(CaseworkRefusal),
    /// Something about a contract is not possible.
    Contract(ContractRefusal),
    /// Something about a payout of an agent is not possible.
    Settlement(SettlementRefusal),
    /// Something about a bank statement, an exception or a closed day is not possible.
    Reconciliation(ReconciliationRefusal),
    /// The method is not offered for this revenue (T-5).
    MethodNotOffered,
    /// No agent behind the method is designated for this revenue today (T-5, R-79).
    AgentNotDesignated,
    /// The server has no font with Japanese characters.
    FontMissing,
    /// The server's fonts lack characters of a document.
    CharactersNotPrintable {
        /// Those characters.
        characters: String,
    },
    /// Not a document that this installation issued.
    DocumentNotAuthentic,
    /// By law the document is handed over on paper.
    IssuedOnPaperOnly,
    /// `If-Match` is missing.
    VersionRequired,
    /// `If-Match` names an old version.
    StaleVersion {
        /// The version as it is now.
        current: i64,
    },
    /// `Idempotency-Key` is missing or not 1–64 visible ASCII characters.
    IdempotencyKeyRequired,
    /// The key was used for another request.
    IdempotencyKeyReused,
    /// The body is larger than allowed.
    TooLarge {
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// The media type is not accepted here.
    UnsupportedMediaType,
    /// A notification that is not from the gateway.
    NotificationRejected,
    /// The server has no room for more slow work now.
    Busy {
        /// Seconds until the next try.
        retry_after_s: i64,
    },
    /// The method is not known for this path.
    MethodNotAllowed,
}

impl Refusal {
    /// The stable code of the contract.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed_request",
            Self::Invalid(_) => "validation_failed",
            Self::NotSignedIn => "not_signed_in",
            Self::WrongCredentials => "wrong_credentials",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::OwnProposal => "own_proposal",
            Self::AlreadySealed => "already_sealed",
            Self::WrongState { .. } => "wrong_state",
            Self::NotForNotifications => "not_for_notifications",
            Self::AlreadyClaimed => "already_claimed",
            Self::ProcedureVersionClosed => "procedure_version_closed",
            Self::ProcedureClosed => "procedure_closed",
            Self::VersionTaken => "version_taken",
            Self::WrongStage { .. } => "wrong_state",
            Self::FeeChanged { .. } => "fee_changed",
            Self::FeeNotFixedByStaff => "fee_not_fixed_by_staff",
            Self::AlreadyAssessed => "already_assessed",
            Self::FeeNotSettled => "fee_not_settled",
            Self::PaymentInProgress => "payment_in_progress",
            Self::OpenPaymentNotClosed { .. } => "open_payment_not_closed",
            Self::InvoiceNotPayable => "invoice_not_payable",
            Self::PaymentNotCancelable => "payment_not_cancelable",
            Self::Disposition(refusal) => refusal.code(),
            Self::Approval(refusal) => refusal.code(),
            Self::NoticeStandsElsewhere { .. } => "notice_stands_elsewhere",
            Self::Refund(refusal) => refusal.code(),
            Self::Payment(refusal) => refusal.code(),
            Self::Arrears(refusal) => refusal.code(),
            Self::Office(refusal) => refusal.code(),
            Self::Waiver(refusal) => refusal.code(),
            Self::Intake(refusal) => refusal.code(),
            Self::Casework(refusal) => refusal.code(),
            Self::Contract(refusal) => refusal.code(),
            Self::Reconciliation(refusal) => refusal.code(),
            Self::Settlement(refusal) => refusal.code(),
            Self::OwnEntry => "own_entry",
            Self::EntryNotReversible => "entry_not_reversible",
            Self::ReceiptRevoked => "receipt_revoked",
            Self::MethodNotOffered => "method_not_offered",
            Self::AgentNotDesignated => "agent_not_designated",
            Self::FontMissing => "font_missing",
            Self::CharactersNotPrintable { .. } => "characters_not_printable",
            Self::DocumentNotAuthentic => "document_not_authentic",
            Self::IssuedOnPaperOnly => "issued_on_paper_only",
            Self::VersionRequired => "version_required",
            Self::StaleVersion { .. } => "stale_version",
            Self::IdempotencyKeyRequired => "idempotency_key_required",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::TooLarge { .. } => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::NotificationRejected => "notification_rejected",
            Self::Busy { .. } => "busy",
            Self::MethodNotAllowed => "method_not_allowed",
        }
    }

    /// The sentence for the caller: Japanese, English.
    pub fn sentence(&self) -> (String, String) {
        let ((ja, en), argument) = (self.text(), self.argument());
        (ja.replace("{}", &argument), en.replace("{}", &argument))
    }

    /// The value that the sentence names, if it names one.
    fn argument(&self) -> String {
        match self {
            Self::TooManyAttempts { retry_after_s } | Self::OpenPaymentNotClosed { retry_after_s } => {
                retry_after_s.to_string()
            }
            Self::WrongState { state } => state.as_str().to_owned(),
            Self::WrongStage { stage } => (*stage).to_owned(),
            Self::FeeChanged { total } => total.to_string(),
            Self::Approval(refusal) => refusal.argument(),
            Self::Disposition(refusal) => refusal.argument(),
            Self::Contract(refusal) => refusal.argument(),
            Self::CharactersNotPrintable { characters } => characters.clone(),
            Self::NoticeStandsElsewhere { state } => state.clone(),
            Self::Refund(refusal) => refusal.argument(),
            Self::Arrears(refusal) => refusal.argument(),
            Self::Office(refusal) => refusal.argument(),
            Self::Waiver(refusal) => refusal.argument(),
            Self::Payment(refusal) => refusal.argument(),
            Self::Reconciliation(refusal) => refusal.argument(),
            Self::Intake(refusal) => refusal.argument(),
            Self::Settlement(refusal) => refusal.argument(),
            Self::StaleVersion { current } => current.to_string(),
            Self::TooLarge { limit_bytes } => limit_bytes.to_string(),
            _ => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    fn text(&self) -> (&'static str, &'static str) {
        match self {
            Self::Malformed(_) => ("リクエストの形式に誤りがあります。", "The request is not well-formed."),
            Self::Invalid(_) => ("入力内容に誤りがあります。", "Some of the answers are not acceptable."),
            Self::NotSignedIn => ("サインインが必要です。", "Please sign in."),
            Self::WrongCredentials => {
                ("メールアドレスまたはパスワードが違います。", "The e-mail address or the password is wrong.")
            }
            Self::RefreshTokenReused => {
                ("更新トークンが再利用されました。", "A refresh token was used twice.")
            }
            Self::NotFound => ("見つかりません。", "Not found."),
            Self::Forbidden => ("この操作を行う権限がありません。", "You are not allowed to do this."),
            Self::OwnProposal | Self::AlreadySealed | Self::NotForNotifications => self.approval_text(),
            Self::AlreadyClaimed => ("他の職員が担当しています。", "Another officer has claimed the case."),
            Self::ProcedureVersionClosed
            | Self::ProcedureClosed
            | Self::VersionTaken
            | Self::WrongStage { .. } => self.publishing_text(),
            Self::FeeNotSettled
            | Self::FeeNotFixedByStaff
            | Self::AlreadyAssessed
            | Self::PaymentInProgress
            | Self::OpenPaymentNotClosed { .. }
            | Self::InvoiceNotPayable
            | Self::PaymentNotCancelable
            | Self::MethodNotOffered
            | Self::AgentNotDesignated
            | Self::OwnEntry
            | Self::ReceiptRevoked
            | Self::EntryNotReversible => self.payment_text(),
            Self::Disposition(refusal) => refusal.text(),
            Self::Approval(refusal) => refusal.text(),
            Self::NoticeStandsElsewhere { .. } => (
                "通知の現在の状態（{}）ではこの操作はできません。",
                "That cannot be said of a notice that is {}.",
            ),
            Self::Refund(refusal) => refusal.text(),
            Self::Payment(refusal) => refusal.text(),
            Self::Reconciliation(refusal) => refusal.text(),
            Self::FontMissing
            | Self::CharactersNotPrintable { .. }
            | Self::DocumentNotAuthentic
            | Self::IssuedOnPaperOnly => self.document_text(),
            Self::Arrears(refusal) => refusal.text(),
            Self::Office(refusal) => refusal.text(),
            Self::Waiver(refusal) => refusal.text(),
            Self::Intake(refusal) => refusal.text(),
            Self::Casework(refusal) => refusal.text(),
            Self::Contract(refusal) => refusal.text(),
            Self::Settlement(refusal) => refusal.text(),
            Self::VersionRequired => ("If-Match ヘッダーが必要です。", "The If-Match header is required."),
            Self::IdempotencyKeyRequired => (
                "Idempotency-Key ヘッダー（1～64文字の英数記号）が必要です。",
                "The Idempotency-Key header (1 to 64 visible ASCII characters) is required.",
            ),
            Self::IdempotencyKeyReused
            | Self::UnsupportedMediaType
            | Self::NotificationRejected
            | Self::MethodNotAllowed => self.request_text(),
            Self::Busy { .. } => {
                ("ただいま混み合っています。", "The server is busy. Please try again shortly.")
            }
            Self::TooManyAttempts { .. }
            | Self::WrongState { .. }
            | Self::FeeChanged { .. }
            | Self::StaleVersion { .. }
            | Self::TooLarge { .. } => self.measured_text(),
        }
    }

    /// The sentences that name a measure or a state.
    fn measured_text(&self) -> (&'static str, &'static str) {
        match self {
            Self::TooManyAttempts { .. } => (
                "試行回数が多すぎます。{}秒後にもう一度お試しください。",
                "Too many attempts. Please try again in {} seconds.",
            ),
            Self::WrongState { .. } => {
                ("現在の状態（{}）ではこの操作はできません。", "This is not possible while the case is {}.")
            }
            Self::FeeChanged { .. } => {
                ("手数料が変わりました。現在の額は{}円です。", "The fee has changed; it is now {} yen.")
            }
            Self::StaleVersion { .. } => (
                "他の更新がありました（現在の版: {}）。再読み込みしてください。",
                "It has been changed meanwhile (version {} now); please reload.",
            ),
            _ => ("データが大きすぎます（上限 {} バイト）。", "The body is too large (limit {} bytes)."),
        }
    }

    /// The sentences about requests that are not taken at all.
    fn request_text(&self) -> (&'static str, &'static str) {
        match self {
            Self::IdempotencyKeyReused => (
                "この Idempotency-Key は使用済みです。",
                "This Idempotency-Key was used for another request.",
            ),
            Self::UnsupportedMediaType => {
                ("このデータ形式は使えません。", "This media type is not accepted.")
            }
            Self::NotificationRejected => ("通知を受け付けません。", "The notification is not accepted."),
            _ => ("このメソッドは使えません。", "This method is not allowed here."),
        }
    }

    /// The sentences about seals, and about what a notification never needs.
    fn approval_text(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotForNotifications => (
                "届出は到達により完了するため、この操作はありません。",
                "A notification is complete on arrival; this step does not exist for it.",
            ),
            Self::OwnProposal => {
                ("起案者は自らの起案を決裁できません。", "The drafter cannot approve the own proposal.")
            }
            _ => ("一つの起案を二度決裁できません。", "Nobody approves one proposal twice."),
        }
    }

    /// The sentences about documents.
    fn document_text(&self) -> (&'static str, &'static str) {
        match self {
            Self::FontMissing => (
                "サーバーに日本語フォントがないため PDF を作成できません（Debian では fonts-noto-cjk を導入してください）。",
                "The server has no Japanese font, so no PDF can be made (on Debian, install fonts-noto-cjk).",
            ),
            Self::CharactersNotPrintable { .. } => (
                "サーバーのフォントにない文字があるため PDF を作成できません: {}",
                "The server's fonts lack characters of this document: {}",
            ),
            Self::IssuedOnPaperOnly => {
                ("この証は、法令により書面で交付します。", "By law this document is handed over on paper.")
            }
            _ => ("この文書は当窓口が発行したものではありません。", "This document was not issued here."),
        }
    }

    /// The sentences about versions of procedures.
    fn publishing_text(&self) -> (&'static str, &'static str) {
        match self {
            Self::ProcedureVersionClosed => (
                "この下書きの様式での受付は終了しました。POST …/upgrade で現在の様式に切り替えると、回答を引き継いで提出できます。",
                "The form of this draft is no longer accepted. POST …/upgrade moves the draft to the present form and keeps \
                 its answers; then submit it.",
            ),
            Self::ProcedureClosed => (
                "この手続の受付は終了しました。担当課にお問い合わせください。",
                "This procedure is closed. Please ask the department in charge.",
            ),
            Self::VersionTaken => (
                "この版は既にあります（作成中・承認待ち・公開済み）。新しい版番号を付けるか、先の案を取り止めてください。",
                "This version exists already (drafted, proposed or published). Take a new number, or withdraw the other one.",
            ),
            _ => (
                "現在の状態（{}）ではこの操作はできません。",
                "This is not possible while the publication is {}.",
            ),
        }
    }

    /// The single faults, where there are some.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Malformed(faults) | Self::Invalid(faults) => faults,
            Self::Intake(refusal) => refusal.faults(),
            Self::Casework(refusal) => refusal.faults(),
            _ => &[],
        }
    }
}
