//! What can be refused about bank statements, exceptions and closed days.

use jiff::civil::Date;

use super::{Failure, Refusal};
use crate::domain::day_close::NotClosable;

impl From<ReconciliationRefusal> for Failure {
    fn from(refusal: ReconciliationRefusal) -> Self {
        Self::Refused(Refusal::Reconciliation(refusal))
    }
}

impl From<NotClosable> for ReconciliationRefusal {
    fn from(reason: NotClosable) -> Self {
        match reason {
            NotClosable::Closed => Self::DayClosed,
            NotClosable::NotOver => Self::DayNotOver,
            NotClosable::EarlierOpen(day) => Self::EarlierDayOpen { day },
        }
    }
}

/// A refusal about reconciliation; the general ones are in [`super::Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReconciliationRefusal {
    /// Whoever proposed a resolution does not agree to it.
    OwnResolution,
    /// The step does not exist where the exception stands.
    ExceptionState {
        /// Where it stands.
        state: &'static str,
    },
    /// The payment that the exception is about is not in the books.
    PaymentNotFound,
    /// The line that the exception is about is booked, or no slip of the body has its number.
    NoSlip,
    /// Not the whole of a payment that settled a debt was pulled back, or it is owed again already.
    NotPulledBackWhole,
    /// What the organisation took back is another amount than the payment's, or something depends on the payment's money.
    NotTakenBackSo,
    /// Nothing went back without a refund of ours, or more than is left of the payment's parts, or it is a share of an act of several invoices.
    NothingReturnedOutside,
    /// The day is closed.
    DayClosed,
    /// The day is not over, or only just.
    DayNotOver,
    /// An earlier day is open, or waits for a second person.
    EarlierDayOpen {
        /// That day.
        day: Date,
    },
    /// Whoever closed a day does not confirm it.
    OwnClose,
    /// Somebody confirmed the close before.
    CloseConfirmed,
    /// The fiscal year has not begun.
    YearNotBegun,
    /// The fiscal year is not over.
    YearNotOver,
    /// Somebody else issued a snapshot of the year at the same time.
    SnapshotTaken,
}

impl ReconciliationRefusal {
    /// Every code, with what it says.
    pub fn code(self) -> &'static str {
        match self {
            Self::OwnResolution => "own_resolution",
            Self::ExceptionState { .. } => "wrong_state",
            Self::PaymentNotFound => "exception_without_payment",
            Self::NoSlip => "exception_without_slip",
            Self::NotPulledBackWhole => "not_pulled_back_whole",
            Self::NotTakenBackSo => "not_taken_back_so",
            Self::NothingReturnedOutside => "nothing_returned_outside",
            Self::DayClosed => "day_closed",
            Self::DayNotOver => "day_not_over",
            Self::EarlierDayOpen { .. } => "earlier_day_open",
            Self::OwnClose => "own_close",
            Self::CloseConfirmed => "close_confirmed",
            Self::YearNotBegun => "year_not_begun",
            Self::YearNotOver => "year_not_over",
            Self::SnapshotTaken => "snapshot_taken",
        }
    }

    /// Whether it is refused because of who asks.
    pub fn is_about_the_person(self) -> bool {
        matches!(self, Self::OwnResolution | Self::OwnClose)
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::ExceptionState { state } => state.to_owned(),
            Self::EarlierDayOpen { day } => day.to_string(),
            _ => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::OwnResolution => (
                "処理を起案した職員は自らの起案を承認できません。",
                "Whoever proposed the resolution cannot agree to it; another officer does.",
            ),
            Self::ExceptionState { .. } => (
                "例外の現在の状態（{}）ではこの操作はできません。",
                "This is not possible while the exception is {}.",
            ),
            Self::PaymentNotFound => (
                "例外の対象の支払いが記録にないため、この処理は承認できません。差し戻して別の処理を起案してください。",
                "The payment that this exception is about is not in the books; send the proposal back and propose another one.",
            ),
            Self::NoSlip => (
                "計上済みであるか、この番号の納付書がないため、この処理は承認できません。差し戻して別の処理を起案してください。",
                "It is booked already, or no slip has this number; send the proposal back and propose another resolution.",
            ),
            Self::NotPulledBackWhole => (
                "債務に充てた支払いの全額が取り戻されたものではないか、処理済みであるため、この処理は承認できません。差し戻して別の処理を起案してください。",
                "Not the whole of a payment that settled a debt was pulled back, or that is done; send the proposal back and propose another one.",
            ),
            Self::NotTakenBackSo => (
                "取消しの番号・金額が収納と一致しないか、還付・払込み・他の入金があるか、処理済みであるため、この処理は承認できません。差し戻して別の処理を起案してください。",
                "The cancellation is not of this number and amount, or the money is refunded, in a payout, beside other money, or taken back already; send the proposal back and propose another one.",
            ),
            Self::NothingReturnedOutside => (
                "還付の手続によらない返金がないか、還付できる残額を超えるか、複数の納付を一括した支払いであるため、この処理は承認できません。差し戻して別の処理を起案してください。",
                "Nothing went back without a refund, or more than is left, or several invoices were paid in one act; send the proposal back and propose another one.",
            ),
            Self::DayClosed => ("この日は締め済みです。", "The day is closed."),
            Self::DayNotOver => (
                "この日はまだ終わっていません。翌日0時10分以降に締めてください。",
                "The day is not over; it can be closed ten minutes after midnight.",
            ),
            Self::EarlierDayOpen { .. } => {
                ("先に{}の締めと確認を済ませてください。", "First {} must be closed and confirmed.")
            }
            Self::OwnClose => (
                "締めを行った職員は自らの締めを確認できません。",
                "Whoever closed the day cannot confirm it; another officer does.",
            ),
            Self::CloseConfirmed => ("この締めは確認済みです。", "The close was confirmed before."),
            Self::YearNotBegun => ("この会計年度はまだ始まっていません。", "The fiscal year has not begun."),
            Self::YearNotOver => ("この会計年度はまだ終わっていません。", "The fiscal year is not over."),
            Self::SnapshotTaken => (
                "同時に別の記録が発行されました。もう一度お試しください。",
                "Another snapshot of the year was issued at the same time; please try again.",
            ),
        }
    }
}
