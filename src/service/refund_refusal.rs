//! What a refund can be refused for.

use super::{Failure, Refusal};

impl From<RefundRefusal> for Failure {
    fn from(refusal: RefundRefusal) -> Self {
        Self::Refused(Refusal::Refund(refusal))
    }
}

/// A refusal of a refund; the general ones are in [`super::Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundRefusal {
    /// Whoever asked for it, or made the transfer file, is not the one who decides.
    OwnRequest,
    /// What is left changed since the caller looked.
    AmountChanged {
        /// What is left now, in yen.
        available: i64,
    },
    /// The ordinance, or where the case stands, does not allow this ground.
    NotPermitted,
    /// Nothing was paid that could go back.
    NothingPaid,
    /// Another refund of the same payment is with the gateway.
    InProgress,
    /// The step does not exist in this state.
    WrongState {
        /// Where the refund stands.
        state: &'static str,
    },
    /// The gateway cannot send this back by this method: pay it out by bank transfer.
    NotByGateway,
    /// The agent has sent the money: by the body's rule it goes back by bank transfer.
    Remitted,
    /// A payee's account is missing.
    NoPayee,
    /// The body has no designated bank on that day, so nothing is paid by bank transfer.
    NoDesignatedBank,
    /// Nothing waits to be paid out.
    NothingDue,
    /// The payer's bank pulled the money back meanwhile.
    PulledBack,
    /// What came beyond the debt settles it by now: nothing of it is too much.
    Settled,
}

impl RefundRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::OwnRequest => "own_refund",
            Self::AmountChanged { .. } => "refund_amount_changed",
            Self::NotPermitted => "refund_not_permitted",
            Self::NothingPaid => "nothing_paid",
            Self::InProgress => "refund_in_progress",
            Self::WrongState { .. } => "wrong_state",
            Self::NotByGateway => "refund_not_by_gateway",
            Self::Remitted => "refund_after_remittance",
            Self::NoPayee => "payee_missing",
            Self::NoDesignatedBank => "no_designated_bank",
            Self::NothingDue => "nothing_due",
            Self::PulledBack => "refund_pulled_back",
            Self::Settled => "refund_money_settled",
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::AmountChanged { available } => available.to_string(),
            Self::WrongState { state } => state.to_owned(),
            _ => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::OwnRequest => (
                "還付を請求した職員は、その還付を決定できません。",
                "The officer who asked for a refund cannot decide it.",
            ),
            Self::AmountChanged { .. } => (
                "還付できる額が変わりました。現在の額は{}円です。",
                "What can be refunded has changed; it is now {} yen.",
            ),
            Self::NotPermitted => (
                "条例または申請の状態により、この事由では還付できません。",
                "Neither the ordinance nor the state of the case allows a refund for this reason.",
            ),
            Self::NothingPaid => ("還付できる納付がありません。", "Nothing was paid that could be refunded."),
            Self::InProgress => (
                "この納付の別の還付が処理中です。",
                "Another refund of the same payment is being carried out.",
            ),
            Self::WrongState { .. } => {
                ("現在の状態（{}）ではこの操作はできません。", "This is not possible while the refund is {}.")
            }
            Self::NotByGateway => (
                "この納付方法では還付できません。口座振込で還付してください。",
                "This method cannot send money back; refund it by bank transfer.",
            ),
            Self::Remitted => (
                "指定納付受託者が既に払い込んだ納付です。過誤納還付として口座振込で還付してください。",
                "The agent has sent this money already; refund it by bank transfer.",
            ),
            Self::NoPayee => ("振込先口座が登録されていません。", "The payee's bank account is missing."),
            Self::NoDesignatedBank => (
                "振込指定日に有効な指定金融機関がないため、口座振込による支払はできません。",
                "The body has no designated bank in force on that day, so nothing can be paid by bank transfer.",
            ),
            Self::NothingDue => ("振込を待つ還付がありません。", "No refund waits to be paid out."),
            Self::PulledBack => (
                "チャージバックにより引き戻された納付です。この還付は決定できません。",
                "The payer's bank has pulled this money back; it cannot be refunded as well.",
            ),
            Self::Settled => (
                "請求後に残額が納付されて債権に充てられたため、過納ではなくなりました。この還付は決定できません。",
                "The rest arrived after the request and the money settles the debt now; nothing of it is too much.",
            ),
        }
    }
}
