//! The list of what somebody may want to do.

/// What somebody wants to do with a case or a department's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// See a case, its attachments, corrections and timeline.
    ReadCase,
    /// Change or hand in one's draft, answer a correction, attach files.
    EditCase,
    /// Take a case back (取下げ).
    WithdrawCase,
    /// Enter what came on paper for somebody without an account.
    EnterForOthers,
    /// See how long the work of the body takes, by procedure and office.
    ReadStatistics,
    /// Say how one wants to be told of decisions.
    ReceiveNotices,
    /// See an invoice, a payment, a confirmation.
    ReadMoney,
    /// Open or cancel a payment.
    Pay,
    /// See a department's queue.
    ReadQueue,
    /// Claim, release, assign, ask, note, close.
    Review,
    /// Draft a decision (起案).
    Propose,
    /// Seal or return a proposal at a step of its route (決裁, 差戻し).
    Approve,
    /// Ask for a refund, decide one that somebody else asked for, pay refunds out.
    Refund,
    /// Write, propose, withdraw and look at versions of procedures.
    ManageProcedures,
    /// Import departments, officers and the posts they hold.
    ManageOrganisation,
    /// Approve or return what somebody else proposed for publication.
    ApproveProcedures,
    /// Ask for a waiver of what is owed (減免申請), or for the applicant who asked in another way; take such a request back.
    RequestWaiver,
    /// Open an application that renews a permit of the case (更新).
    RenewPermit,
    /// Send a demand for what was not paid in time (督促).
    Collect,
    /// Enter money that came at the counter (窓口収納), or take such an entry of somebody else back.
    ReceiveAtCounter,
    /// Write to the other side, and read what it wrote (連絡); say not to follow guidance.
    Converse,
    /// Say what one's own office thinks of a case that another one is in charge of (意見照会への回答).
    GiveOpinion,
    /// Keep the accounts of the whole body: transfer files, payouts of agents, the bank's statements, exceptions, disputes,
    /// closed days.
    KeepAccounts,
}

impl Action {
    /// All actions, for tables and tests.
    pub const ALL: [Self; 23] = [
        Self::ReadCase,
        Self::EditCase,
        Self::WithdrawCase,
        Self::ReadMoney,
        Self::Pay,
        Self::ReadQueue,
        Self::Review,
        Self::Propose,
        Self::Approve,
        Self::ManageProcedures,
        Self::ApproveProcedures,
        Self::Refund,
        Self::ReceiveAtCounter,
        Self::RequestWaiver,
        Self::KeepAccounts,
        Self::RenewPermit,
        Self::Collect,
        Self::ReceiveNotices,
        Self::EnterForOthers,
        Self::ReadStatistics,
        Self::Converse,
        Self::GiveOpinion,
        Self::ManageOrganisation,
    ];
}
