//! What a person must look at when books, gateway and bank do not tell one story (照合の例外).

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionKind {
    /// We hold a payment as taken, the gateway does not.
    MissingAtGateway,
    /// The gateway settles a payment that we do not know.
    MissingAtUs,
    /// An amount differs.
    AmountMismatch,
    /// The same thing is settled twice.
    DuplicateLine,
    /// Payment and line stand differently.
    StatusMismatch,
    /// A fee does not add up.
    FeeMismatch,
    /// A payment was taken and is in no payout after the agreed days.
    OverdueSettlement,
    /// Money was pulled back and we heard of no dispute.
    UnexpectedChargeback,
    /// The payer's bank pulled money back that the body had received: nobody guarantees it.
    LostDispute,
    /// The bank shows another amount than the payout.
    BankMismatch,
    /// The agent sent entrusted money after the designated day (R-77, LAA 231の4).
    LateRemittance,
    /// The agent holds money back or corrects without naming a payment.
    UnexplainedLine,
    /// A payout was reported again with other contents.
    BatchReissued,
    /// A report cannot be fetched or read.
    UnreadableReport,
}

impl ExceptionKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::MissingAtGateway,
        Self::MissingAtUs,
        Self::AmountMismatch,
        Self::DuplicateLine,
        Self::StatusMismatch,
        Self::FeeMismatch,
        Self::OverdueSettlement,
        Self::UnexpectedChargeback,
        Self::LostDispute,
        Self::BankMismatch,
        Self::LateRemittance,
        Self::UnexplainedLine,
        Self::BatchReissued,
        Self::UnreadableReport,
    ];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingAtGateway => "missing_at_gateway",
            Self::MissingAtUs => "missing_at_us",
            Self::AmountMismatch => "amount_mismatch",
            Self::DuplicateLine => "duplicate_line",
            Self::StatusMismatch => "status_mismatch",
            Self::FeeMismatch => "fee_mismatch",
            Self::OverdueSettlement => "overdue_settlement",
            Self::UnexpectedChargeback => "unexpected_chargeback",
            Self::LostDispute => "lost_dispute",
            Self::BankMismatch => "bank_mismatch",
            Self::LateRemittance => "late_remittance",
            Self::UnexplainedLine => "unexplained_line",
            Self::BatchReissued => "batch_reissued",
            Self::UnreadableReport => "unreadable_report",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Where an exception stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExceptionState {
    /// Nobody has said what to do.
    Open,
    /// Somebody proposed a resolution.
    Proposed,
    /// Somebody else agreed.
    Resolved,
}

impl ExceptionState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Proposed, Self::Resolved];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Proposed => "proposed",
            Self::Resolved => "resolved",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}
