//! Typed identifiers: a payment's id cannot be handed where an application's is wanted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

typed_id! {
    /// A person or business known to all tenants (アカウント).
    AccountId;
    /// A member of staff of one tenant (職員).
    OfficerId;
    /// A case (申請・届出).
    ApplicationId;
    /// A file handed in with an application (添付書類).
    AttachmentId;
    /// One request to correct an application (補正の求め) or to explain a notification (照会).
    CorrectionId;
    /// What somebody of the office has to look at (処理課題).
    CaseTaskId;
    /// Why a decision takes longer than the standard period (遅延理由).
    DelayReasonId;
    /// A time the clock stands still, as the office recorded it (標準処理期間の停止).
    ClockPauseId;
    /// Applications that were handed in at the same time (同時申請).
    BasketId;
    /// A drafted decision on its approval route (起案).
    ProposalId;
    /// A procedure version, or the closing of one, on its way to being published (版の公開).
    PublicationId;
    /// A contract (契約).
    ContractId;
    /// A decision (処分).
    DecisionId;
    /// What an issued document that can be signed is about: a decision, a permit, or an order about one.
    SignedSubjectId;
    /// The notice of a decision (処分の通知).
    NoticeId;
    /// What a grant gave (許可・登録).
    PermitId;
    /// An assessment with its notice (調定＋納入通知).
    InvoiceId;
    /// A request for a waiver (減免の申請).
    WaiverId;
    /// That a waiver was got by a false statement (不正な減免).
    FalseClaimId;
    /// A reduction of what was assessed (減額調定), or the end of one.
    ReassessmentId;
    /// What is paid in one act (納付単位).
    PayableId;
    /// One attempt to pay a payable at one gateway (支払).
    PaymentId;
    /// What a person must look at about a payment (要確認の支払).
    PaymentAlertId;
    /// A link that somebody pays by (納付用リンク).
    PaymentLinkId;
    /// Stamps that were cancelled for a fee (証紙の消印).
    StampUseId;
    /// That a debtor acknowledged what is owed (債務承認).
    AcknowledgementId;
    /// A payment that the payer's bank contests (異議申立て).
    DisputeId;
    /// Money going back (還付).
    RefundId;
    /// What the payer is given for money (領収証書, or the confirmation of an entrustment).
    ReceiptId;
    /// Refunds that one transfer file asks the bank to pay (口座振込).
    PayoutId;
    /// One payout of an agent (払込).
    SettlementId;
    /// One line of such a payout.
    SettlementLineId;
    /// Something that a person must look at when books, gateway and bank differ (照合の例外).
    ExceptionId;
    /// Criteria of a queue that staff keep under a name (保存した表示条件).
    QueueViewId;
    /// Days on which an officer is away (不在).
    AbsenceId;
    /// One act on many cases (一括処理).
    BulkReviewId;
    /// An act in the place of an absent officer (代決).
    ActingDecisionId;
    /// Many seals at once (一括決裁).
    BulkApprovalId;
    /// What an officer said beforehand to whoever acts in the own place (あらかじめの指示).
    ActingInstructionId;
    /// A file of the bank (入出金取引明細).
    BankStatementId;
    /// One credit of the bank (入金).
    BankCreditId;
    /// A slip under one eL number (納付書).
    ElQrSlipId;
    /// A file of slips for the organisation (納付書情報のアップロード).
    ElQrUploadId;
    /// A file that came from the organisation.
    ElQrFileId;
    /// A payment that the organisation reported (納付情報).
    ElQrLineId;
    /// What the organisation took back of what it had reported (収納取消).
    ElQrCancellationId;
    /// A message between applicant and office.
    MessageId;
    /// A request for the opinion of another office (意見照会・合議).
    OpinionId;
    /// An inspection (現地調査).
    InspectionId;
    /// A link between two cases (関連案件).
    CaseLinkId;
    /// A case that went to another office or body (移送).
    TransferId;
    /// A record file (標準行政文書ファイル).
    RecordFileId;
    /// A book in a record file.
    RecordBookId;
    /// A case or a book in a record file.
    RecordMemberId;
    /// What is proposed to become of a record file.
    RecordMeasureId;
    /// A hold on the records of a case.
    RecordHoldId;
    /// One call to a gateway, written before it is made.
    OperationId;
    /// A piece of work to be carried out later.
    JobId;
}

impl From<ApplicationId> for RecordMemberId {
    fn from(case: ApplicationId) -> Self {
        Self(case.0)
    }
}

impl From<RecordBookId> for RecordMemberId {
    fn from(book: RecordBookId) -> Self {
        Self(book.0)
    }
}

/// A tenant (団体): its six-digit 全国地方公共団体コード, kept as text.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct TenantCode(String);

impl TenantCode {
    /// Takes a six-digit code whose check digit is right; anything else is refused.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u32> = text.chars().map(|c| c.to_digit(10)).collect::<Option<_>>()?;
        let [d1, d2, d3, d4, d5, check] = digits.as_slice() else { return None };
        let sum = d1 * 6 + d2 * 5 + d3 * 4 + d4 * 3 + d5 * 2;
        ((11 - sum % 11) % 10 == *check).then(|| Self(text.to_owned()))
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not a tenant code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a six-digit code with its check digit")]
pub struct NotATenantCode;

impl FromStr for TenantCode {
    type Err = NotATenantCode;
    fn from_str(text: &str) -> Result<Self, NotATenantCode> {
        Self::parse(text).ok_or(NotATenantCode)
    }
}

impl fmt::Display for TenantCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::TenantCode;

    #[test]
    fn r160_a_tenant_code_carries_a_check_digit() {
        for good in ["020001", "022012", "022021", "022039", "024503"] {
            assert!(TenantCode::parse(good).is_some(), "{good}");
        }
        for bad in ["020002", "02000", "0200011", "０２０００１", "", "abcdef"] {
            assert!(TenantCode::parse(bad).is_none(), "{bad}");
        }
    }
}
