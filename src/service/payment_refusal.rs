//! What paying can be refused for, and the sentences of every refusal about money that is paid.

use super::{Failure, Refusal};

impl From<PaymentRefusal> for Failure {
    fn from(refusal: PaymentRefusal) -> Self {
        Self::Refused(Refusal::Payment(refusal))
    }
}

/// A refusal of a payment or about an alert; the general ones are in [`super::Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentRefusal {
    /// What the method may take in this day or month is used up, or open.
    CeilingReached,
    /// A slip would be refused at the shop: the last day of the claim is over.
    PastDueDay,
    /// Somebody has looked at the alert before.
    AlertHandled,
    /// The body has said of no agent that it stands behind the counter's terminal on that day.
    NoCounterTerminal,
    /// Something else is to be paid than the payer saw: of several debts one was paid meanwhile, or less is owed.
    TotalChanged {
        /// What is to be paid now, in yen.
        total: i64,
    },
    /// Whoever fixed what is owed does not record that it came.
    OwnAssessment,
    /// What was granted is handed over once what is owed for it is paid or entrusted.
    HandoverAwaitsFee,
}

impl PaymentRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::CeilingReached => "method_ceiling_reached",
            Self::PastDueDay => "slip_past_due_day",
            Self::AlertHandled => "alert_handled",
            Self::NoCounterTerminal => "no_counter_terminal",
            Self::TotalChanged { .. } => "total_changed",
            Self::OwnAssessment => "own_assessment",
            Self::HandoverAwaitsFee => "payment_awaited",
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::TotalChanged { total } => total.to_string(),
            Self::CeilingReached
            | Self::PastDueDay
            | Self::AlertHandled
            | Self::OwnAssessment
            | Self::HandoverAwaitsFee
            | Self::NoCounterTerminal => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::CeilingReached => (
                "この支払方法の取扱限度額（日・月）に達したため、現在は利用できません。他の支払方法を選んでください。",
                "This payment method has reached what it may take in this day or month; please choose another one.",
            ),
            Self::PastDueDay => (
                "納期限を過ぎた納付には、払込票・納付番号による支払方法は利用できません。他の支払方法を選んでください。",
                "What is past its due day cannot be paid by a slip or number; please choose another payment method.",
            ),
            Self::AlertHandled => {
                ("他の職員が既に処理しています。", "Somebody has handled this alert already.")
            }
            Self::NoCounterTerminal => (
                "この日に使える窓口のキャッシュレス端末の受託者が設定されていません。現金・納付書で収納するか、設定を確認してください。",
                "No agent is set up behind the counter's terminal for this day; take cash or a slip, or have it set up.",
            ),
            Self::TotalChanged { .. } => (
                "納付すべき額が変わりました。現在の額は{}円です。内容を確認し、もう一度お試しください。",
                "What is to be paid has changed; it is {} yen now. Please look at it again.",
            ),
            Self::OwnAssessment => (
                "調定を行った職員は、その収納を記録できません。別の職員が記録してください。",
                "Whoever assessed it does not record that it was paid; another officer does.",
            ),
            Self::HandoverAwaitsFee => (
                "手数料等の納付（委託）が確認でき次第、交付します。",
                "It is handed over once the fee is paid or entrusted.",
            ),
        }
    }
}

impl Refusal {
    /// The sentences about money.
    pub(super) fn payment_text(&self) -> (&'static str, &'static str) {
        match self {
            Self::FeeNotSettled => (
                "手数料の納付（委託）が確認できるまで処分できません。",
                "No decision can be made before the fee is paid or entrusted.",
            ),
            Self::PaymentInProgress => {
                ("支払手続が既に進行中です。", "Another payment of this invoice is in progress.")
            }
            Self::OpenPaymentNotClosed { .. } => (
                "進行中の支払手続をまだ取りやめられません。{}秒後にもう一度お試しください。",
                "The payment that is open cannot be closed yet. Please try again in {} seconds.",
            ),
            Self::InvoiceNotPayable => ("この納入通知は支払えません。", "This invoice cannot be paid."),
            Self::PaymentNotCancelable => {
                ("この支払いは取り消せません。", "This payment cannot be given up any more.")
            }
            Self::OwnEntry => (
                "入力した職員は自らの入力を取り消せません。",
                "Whoever entered it cannot take it back; another officer does.",
            ),
            Self::EntryNotReversible => (
                "この収納の入力は取り消せません（取消済み、還付済み、または他の納付があります）。",
                "This entry cannot be taken back: it was before, or money went back or came beside it.",
            ),
            Self::ReceiptRevoked => (
                "この領収証書（確認）は効力を失っています。",
                "This receipt or confirmation does not hold any more.",
            ),
            Self::FeeNotFixedByStaff => (
                "この手続の手数料は、審査後に職員が定めるものではありません。",
                "The fee of this procedure is not one that staff fix after review.",
            ),
            Self::AlreadyAssessed => {
                ("手数料は既に調定済みです。", "The fee of this case has been assessed already.")
            }
            Self::AgentNotDesignated => (
                "この歳入について本日有効な指定納付受託者の指定（告示）がないため、この支払方法は利用できません。",
                "No agent behind this payment method is designated by a notice in force for this revenue today.",
            ),
            _ => ("この支払方法は利用できません。", "This payment method is not offered here."),
        }
    }
}
