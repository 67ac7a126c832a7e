//! The words of an explanation: each line of a due date as a sentence.

use super::{ExplanationLine, LineKind, PauseReason};

impl LineKind {
    /// The stable name of the kind.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Counted => "counted",
            Self::DayOff(_) => "day_off",
            Self::Paused(_) => "paused",
            Self::Extended(_) => "extended",
        }
    }
}

impl ExplanationLine {
    /// The line as a Japanese sentence.
    pub fn text_ja(&self) -> String {
        let span = match self.to {
            Some(to) if to == self.from => self.from.to_string(),
            Some(to) => format!("{}〜{to}", self.from),
            None => format!("{}〜", self.from),
        };
        let what = match &self.kind {
            LineKind::Arrival => "到達日（初日は算入しません）".to_owned(),
            LineKind::Counted => format!("算入（累計{}日）", self.counted),
            LineKind::DayOff(off) => format!("{}（算入しません）", off.name_ja()),
            LineKind::Paused(reason) => format!("{}（停止）", reason.name_ja()),
            LineKind::Extended(off) => format!("末日が{}のため翌開庁日まで延長", off.name_ja()),
        };
        format!("{span} {what}")
    }

    /// The line as an English sentence.
    pub fn text_en(&self) -> String {
        let span = match self.to {
            Some(to) if to == self.from => self.from.to_string(),
            Some(to) => format!("{} to {to}", self.from),
            None => format!("from {}", self.from),
        };
        let what = match &self.kind {
            LineKind::Arrival => "arrival (the first day does not count)".to_owned(),
            LineKind::Counted => format!("counted ({} so far)", self.counted),
            LineKind::DayOff(off) => format!("{} (not counted)", off.name_en()),
            LineKind::Paused(reason) => format!("{} (clock stopped)", reason.name_en()),
            LineKind::Extended(off) => {
                format!("the last day is off ({}), so the period ends on the next open day", off.name_en())
            }
        };
        format!("{span}: {what}")
    }
}

impl PauseReason {
    /// The stable name of the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::FeePayment => "fee_payment",
            Self::ApplicantChange => "applicant_change",
            Self::ExtraDocuments => "extra_documents",
            Self::InTransit => "in_transit",
        }
    }

    /// The reason in Japanese.
    pub fn name_ja(self) -> &'static str {
        match self {
            Self::Correction => "補正に要する期間",
            Self::FeePayment => "手数料の納付待ち",
            Self::ApplicantChange => "申請者による内容の変更",
            Self::ExtraDocuments => "追加資料待ち",
            Self::InTransit => "経由機関での期間",
        }
    }

    /// The reason in English.
    pub fn name_en(self) -> &'static str {
        match self {
            Self::Correction => "correction asked for",
            Self::FeePayment => "fee payment awaited",
            Self::ApplicantChange => "change by the applicant",
            Self::ExtraDocuments => "further documents awaited",
            Self::InTransit => "at the office of transit",
        }
    }
}
