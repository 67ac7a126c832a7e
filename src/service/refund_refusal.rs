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
    /// The payee was told before.
    AlreadyTold,
    /// The payee was not told yet: there is nothing to ask for.
    NotTold,
    /// The payee asked for the money before.
    AlreadyClaimed,
    /// The claim is another one's, or nobody's account is behind it: only debts of one obligor are set off.
    OtherObligor,
    /// An agent holds the money, and has not sent it in time: it is not paid yet, so nothing is set off with it.
    NotInHand,
    /// What came beyond the debt does not cover the claim, which is only settled whole.
    LessThanClaim {
        /// What is left of it, in yen.
        available: i64,
    },
    /// The claim is settled whole only: it is owed beside another one, or a late charge was assessed on it.
    ClaimNotDivisible,
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
            Self::AlreadyTold => "refund_already_told",
            Self::NotTold => "refund_not_told",
            Self::AlreadyClaimed => "refund_already_claimed",
            Self::OtherObligor => "other_obligor",
            Self::NotInHand => "money_not_in_hand",
            Self::LessThanClaim { .. } => "less_than_claim",
            Self::ClaimNotDivisible => "claim_not_divisible",
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::AmountChanged { available } | Self::LessThanClaim { available } => available.to_string(),
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
            Self::AlreadyTold => ("還付の通知は済んでいます。", "The payee has been told already."),
            Self::NotTold => (
                "還付の通知がまだのため、請求を受け付けられません。",
                "The payee has not been told yet, so there is nothing to ask for.",
            ),
            Self::AlreadyClaimed => {
                ("還付の請求は済んでいます。", "The payee has asked for the money already.")
            }
            Self::OtherObligor => (
                "納入義務者が異なる債権には充当できません。",
                "Only a claim on the same obligor can be set off.",
            ),
            Self::NotInHand => (
                "指定納付受託者からの払込みがまだのため、充当できません。",
                "The agent has not sent this money yet, so it cannot be set off.",
            ),
            Self::ClaimNotDivisible => (
                "督促手数料・延滞金、および延滞金が既に調定された債権は、一部のみを充当することができません。",
                "What is owed beside a claim, and a claim on which a late charge was assessed, is set off whole.",
            ),
            Self::LessThanClaim { .. } => (
                "過誤納金の残額（{}円）は、充当する額に足りません。",
                "What is left of the overpaid money, {} yen, does not cover what is to be set off.",
            ),
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
