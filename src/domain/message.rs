//! Messages between the applicant's side and the office, and guidance among them (行政指導).
//!
//! Guidance to withdraw or alter an application stops when the applicant has said not to follow it; guidance that was
//! given by word of mouth is written down on request, with its purpose, its content and who answers for it.

use serde::{Deserialize, Serialize};

use super::application::StateName;
use super::fault::Fault;
use super::id::OfficerId;
use super::my_number;

/// The most characters of a text.
pub const LONGEST_TEXT: usize = 5_000;
/// The most attachments that one message names.
pub const MOST_ATTACHMENTS: usize = 20;

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The applicant, or an agent.
    Applicant,
    /// The department in charge.
    Office,
}

impl Side {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applicant => "applicant",
            Self::Office => "office",
        }
    }

    /// Who reads what this side writes.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Applicant => Self::Office,
            Self::Office => Self::Applicant,
        }
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A question, an answer, word of something.
    Message,
    /// Guidance to withdraw or to alter the application (APA 33).
    GuidanceToWithdraw,
    /// Oral guidance, written down (APA 35③).
    OralGuidance,
}

impl MessageKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Message, Self::GuidanceToWithdraw, Self::OralGuidance];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::GuidanceToWithdraw => "guidance_to_withdraw",
            Self::OralGuidance => "oral_guidance",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Oral guidance in writing: its mandatory parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuidanceRecord {
    /// 趣旨.
    pub purpose: String,
    /// 内容.
    pub content: String,
    /// 責任者.
    pub responsible: OfficerId,
}

/// What a message says; stored sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageText {
    /// The text; may be empty beside a record of guidance.
    pub text: String,
    /// The record, of oral guidance.
    pub guidance: Option<GuidanceRecord>,
}

impl MessageText {
    /// Every fault of a text of this kind written by this side; pointers go into the request.
    pub fn faults(&self, kind: MessageKind, side: Side) -> Vec<Fault> {
        let mut faults = Vec::new();
        if kind != MessageKind::Message && side == Side::Applicant {
            let (ja, en) = ("行政指導を行うのは行政庁です。", "Only the office gives guidance.");
            faults.push(Fault::new("/kind", "office_only", ja, en));
        }
        match (kind, &self.guidance) {
            (MessageKind::OralGuidance, Some(record)) => {
                faults.extend(text_faults("/guidance/purpose", &record.purpose, 1));
                faults.extend(text_faults("/guidance/content", &record.content, 1));
                faults.extend(text_faults("/text", &self.text, 0));
            }
            (MessageKind::OralGuidance, None) => {
                let ja = "口頭の行政指導の書面には、趣旨・内容・責任者の記載が必要です。";
                let en = "The record of oral guidance names its purpose, its content and who is responsible.";
                faults.push(Fault::new("/guidance", "required", ja, en));
            }
            (MessageKind::Message | MessageKind::GuidanceToWithdraw, record) => {
                faults.extend(text_faults("/text", &self.text, 1));
                if record.is_some() {
                    let ja = "口頭の行政指導の記録にだけ記載できます。";
                    let en = "Only the record of oral guidance has this.";
                    faults.push(Fault::new("/guidance", "not_expected", ja, en));
                }
            }
        }
        faults
    }
}

/// The faults of a free text: its length, and an individual number in it.
pub fn text_faults(pointer: &str, text: &str, shortest: usize) -> Vec<Fault> {
    let mut faults = Vec::new();
    let length = text.trim().chars().count();
    if length < shortest || length > LONGEST_TEXT {
        let ja = format!("{shortest}～{LONGEST_TEXT}文字で入力してください。");
        faults.push(Fault::new(pointer, "length", ja, format!("{shortest} to {LONGEST_TEXT} characters.")));
    }
    if my_number::stands_in(text) {
        let ja = "個人番号（マイナンバー）は記載しないでください。";
        let en = "This looks like an individual number (My Number); please leave it out.";
        faults.push(Fault::new(pointer, "individual_number", ja, en));
    }
    faults
}

/// What the applicant said of guidance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// Nothing.
    Silent,
    /// Not to follow it (行政指導に従わない意思の表明).
    Unwilling,
}

/// Why a message may not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    /// The case stands where nothing of this kind is written.
    State(StateName),
    /// The applicant has stated not to follow guidance.
    GuidanceRefused,
}

/// May a message of this kind be written now?
///
/// A decided case still takes messages: the fee, the notice and the time to contest it are running. A closed one takes none,
/// because its record is complete (完結); a withdrawn one has no wish of the applicant any more, and of a transferred one
/// another body is in charge. What was written stays readable. Guidance about an application ends with the decision on it.
pub fn may_write(kind: MessageKind, state: StateName, stance: Stance) -> Result<(), NotNow> {
    use StateName as S;
    match state {
        S::Draft | S::Closed | S::Withdrawn | S::Transferred => Err(NotNow::State(state)),
        S::Decided if kind == MessageKind::GuidanceToWithdraw => Err(NotNow::State(state)),
        S::Submitted | S::UnderReview | S::CorrectionRequested | S::Inquiry | S::InApproval | S::Decided => {
            match (kind, stance) {
                (MessageKind::GuidanceToWithdraw, Stance::Unwilling) => Err(NotNow::GuidanceRefused),
                _ => Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn record(purpose: &str, content: &str) -> GuidanceRecord {
        let responsible = OfficerId(Uuid::nil());
        GuidanceRecord { purpose: purpose.to_owned(), content: content.to_owned(), responsible }
    }

    #[test]
    fn r12_nobody_is_asked_to_withdraw_who_said_not_to_follow_guidance() {
        use StateName as S;
        let open = [S::Submitted, S::UnderReview, S::CorrectionRequested, S::Inquiry, S::InApproval];
        for state in S::ALL {
            for kind in MessageKind::ALL {
                for stance in [Stance::Silent, Stance::Unwilling] {
                    let guidance = kind == MessageKind::GuidanceToWithdraw;
                    let expected = match state {
                        S::Draft | S::Closed | S::Withdrawn | S::Transferred => Err(NotNow::State(state)),
                        S::Decided if guidance => Err(NotNow::State(state)),
                        _ if guidance && stance == Stance::Unwilling => Err(NotNow::GuidanceRefused),
                        _ => Ok(()),
                    };
                    assert!(expected.is_err() || open.contains(&state) || state == S::Decided);
                    assert_eq!(may_write(kind, state, stance), expected, "{kind:?} {state:?} {stance:?}");
                }
            }
        }
    }

    /// Kind, text, record and side of a message, and the faults it has.
    type Wanted = (MessageKind, &'static str, Option<GuidanceRecord>, Side, &'static [&'static str]);

    #[test]
    fn r13_a_record_of_oral_guidance_has_all_its_parts() {
        use MessageKind as K;
        let cases: [Wanted; 9] = [
            (K::OralGuidance, "", Some(record("趣旨", "内容")), Side::Office, &[]),
            (K::OralGuidance, "追記", Some(record("趣旨", "内容")), Side::Office, &[]),
            (
                K::OralGuidance,
                "",
                Some(record(" ", "")),
                Side::Office,
                &["/guidance/purpose length", "/guidance/content length"],
            ),
            (K::OralGuidance, "書面", None, Side::Office, &["/guidance required"]),
            (K::OralGuidance, "", Some(record("趣旨", "内容")), Side::Applicant, &["/kind office_only"]),
            (K::GuidanceToWithdraw, "取下げを", None, Side::Applicant, &["/kind office_only"]),
            (K::Message, "", None, Side::Applicant, &["/text length"]),
            (K::Message, "質問", Some(record("趣旨", "内容")), Side::Office, &["/guidance not_expected"]),
            (K::Message, "番号は123456789018です", None, Side::Applicant, &["/text individual_number"]),
        ];
        for (kind, text, guidance, side, expected) in cases {
            let text = MessageText { text: text.to_owned(), guidance };
            let found: Vec<_> = text
                .faults(kind, side)
                .into_iter()
                .map(|fault| format!("{} {}", fault.pointer, fault.code))
                .collect();
            assert_eq!(found, expected, "{kind:?} {text:?}");
        }
    }

    #[test]
    fn a_text_is_neither_empty_nor_endless() {
        let text = |length: usize| text_faults("/text", &"字".repeat(length), 1).len();
        assert_eq!([text(0), text(1), text(LONGEST_TEXT), text(LONGEST_TEXT + 1)], [1, 0, 0, 1]);
    }
}
