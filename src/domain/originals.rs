//! What of a case cannot be done online: originals that are shown or sent apart (原本確認), an identity that is confirmed in
//! person (対面本人確認).
//!
//! Such a case is hybrid: the part that was filed online keeps its arrival, and the rest is awaited. An officer records what
//! was seen; records are only added, the last one of a part counts, and one about a file that was replaced since counts no
//! more. A grant waits for every part that is needed for it; a refusal does not, and no clock stops by itself.

use jiff::civil::Date;

use super::application::StateName;
use super::fault::Fault;
use super::id::AttachmentId;
use super::identification::IdentityCheck;
use super::message::text_faults;
use super::procedure::{Bilingual, DocumentForm, ProcedureDefinition};

/// A part that is done apart from the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginalPart {
    /// The original of the document of this code.
    Document(String),
    /// The applicant in person.
    Identity,
}

impl OriginalPart {
    /// The stored and public name of its kind.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Document(_) => "document",
            Self::Identity => "identity",
        }
    }

    /// The code of the document, of one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Document(code) => Some(code),
            Self::Identity => None,
        }
    }
}

/// Until when a part is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeededFor {
    /// Nothing is granted before.
    Grant,
    /// It is exchanged for what is handed over (引換え).
    Handover,
}

impl NeededFor {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Handover => "handover",
        }
    }

    /// Whether something can be recorded in this state: what a grant rests on stays as it was once it was proposed.
    fn is_open_in(self, state: StateName) -> bool {
        match state {
            StateName::Submitted
            | StateName::UnderReview
            | StateName::CorrectionRequested
            | StateName::Inquiry => true,
            StateName::InApproval | StateName::Decided | StateName::Closed => self == Self::Handover,
            StateName::Draft | StateName::Withdrawn | StateName::Transferred => false,
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginalResult {
    /// 相違なし: the original says what the file says; the person is the applicant.
    Agrees,
    /// 相違あり.
    Differs,
}

impl OriginalResult {
    /// Both results.
    pub const ALL: [Self; 2] = [Self::Agrees, Self::Differs];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
        }
    }

    /// The result of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.as_str() == text)
    }
}

/// How it came to the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownBy {
    /// 対面.
    InPerson,
    /// 郵送.
    Post,
}

impl ShownBy {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::InPerson, Self::Post];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::Post => "by_post",
        }
    }

    /// The way of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }
}

/// A part that a case needs, and the file that the original is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededPart {
    /// Which part.
    pub part: OriginalPart,
    /// What is shown.
    pub title: Bilingual,
    /// Until when.
    pub needed_for: NeededFor,
    /// The present file of a document.
    pub attachment: Option<AttachmentId>,
}

/// A record as far as rules read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPart {
    /// Which part.
    pub part: OriginalPart,
    /// The file it was held against, of a document.
    pub attachment: Option<AttachmentId>,
    /// What was found.
    pub result: OriginalResult,
}

/// The parts that a case with these files (oldest first) needs: each document whose original is asked for and of which a file
/// was handed in, and the applicant in person where the procedure says so.
pub fn needed(definition: &ProcedureDefinition, files: &[(String, AttachmentId)]) -> Vec<NeededPart> {
    let documents = definition.attachments.iter().filter_map(|rule| {
        let needed_for = match rule.form {
            DocumentForm::Copy => return None,
            DocumentForm::Original => NeededFor::Grant,
            DocumentForm::OriginalOnHandover => NeededFor::Handover,
        };
        let (_, attachment) = files.iter().rfind(|(code, _)| *code == rule.code)?;
        Some(NeededPart {
            part: OriginalPart::Document(rule.code.clone()),
            title: rule.title.clone(),
            needed_for,
            attachment: Some(*attachment),
        })
    });
    let in_person = definition.identity_in_person.as_ref().map(|_| NeededPart {
        part: OriginalPart::Identity,
        title: Bilingual { ja: "対面での本人確認".to_owned(), en: "Identity in person".to_owned() },
        needed_for: NeededFor::Grant,
        attachment: None,
    });
    documents.chain(in_person).collect()
}

/// The place of the record that counts for a part among the records in their order; nothing while it is awaited.
pub fn counts(part: &NeededPart, seen: &[SeenPart]) -> Option<usize> {
    seen.iter().rposition(|record| record.part == part.part && record.attachment == part.attachment)
}

/// A fault for each part that stands against a grant: all of them at once, in the order of the procedure.
pub fn missing(parts: &[NeededPart], seen: &[SeenPart]) -> Vec<Fault> {
    missing_for(NeededFor::Grant, parts, seen)
}

/// A fault for each part that stands against what it is needed for.
pub fn missing_for(purpose: NeededFor, parts: &[NeededPart], seen: &[SeenPart]) -> Vec<Fault> {
    let needed = parts.iter().filter(|part| part.needed_for == purpose);
    needed
        .filter_map(|part| {
            let found = counts(part, seen).and_then(|place| seen.get(place)).map(|record| record.result);
            let (code, ja, en) = match found {
                Some(OriginalResult::Agrees) => return None,
                Some(OriginalResult::Differs) => ("differs", "相違があります", "differs"),
                None => ("awaited", "まだ確認していません", "has not been seen yet"),
            };
            let pointer = match part.part.code() {
                Some(code) => format!("/originals/document/{code}"),
                None => "/originals/identity".to_owned(),
            };
            let ja = format!("「{}」の原本等を{ja}。", part.title.ja);
            let en = format!("\"{}\" {en}.", part.title.en);
            Some(Fault::new(pointer, code, ja, en))
        })
        .collect()
}

/// What an officer states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalStatement {
    /// Which part.
    pub part: OriginalPart,
    /// How it came.
    pub shown_by: ShownBy,
    /// By what the person was known, of an identity.
    pub identity_check: Option<IdentityCheck>,
    /// What was found.
    pub result: OriginalResult,
    /// On which day.
    pub seen_on: Date,
    /// What is said of it; needed where something differs.
    pub note: String,
}

/// What is wrong with a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unrecordable {
    /// The case does not stand where this part could be recorded.
    WrongState,
    /// The statement has faults; pointers go into the request.
    Faults(Vec<Fault>),
}

/// The part that a statement is about, or why it cannot be recorded: every fault at once.
pub fn recordable<'a>(
    parts: &'a [NeededPart],
    statement: &OriginalStatement,
    state: StateName,
    (arrived_on, today): (Date, Date),
) -> Result<&'a NeededPart, Unrecordable> {
    let mut faults =
        text_faults("/note", &statement.note, usize::from(statement.result == OriginalResult::Differs));
    if statement.seen_on > today || statement.seen_on < arrived_on {
        let ja = "到達の日から今日までの日を指定してください。";
        let en = "A day from the arrival until today.";
        faults.push(Fault::new("/seen_on", "day", ja, en));
    }
    let is_identity = statement.part == OriginalPart::Identity;
    if is_identity != statement.identity_check.is_some() {
        let ja = "本人確認の方法は、対面での本人確認のときに（そのときは必ず）入力してください。";
        let en = "How a person was identified belongs to an identity, and an identity needs it.";
        faults.push(Fault::new("/identity_check", "identity_check", ja, en));
    }
    if is_identity && statement.shown_by == ShownBy::Post {
        let (ja, en) = ("対面での本人確認は郵送ではできません。", "Nobody is identified in person by post.");
        faults.push(Fault::new("/shown_by", "in_person", ja, en));
    }
    let Some(part) = parts.iter().find(|part| part.part == statement.part) else {
        let ja = "この申請で原本等の確認を要するものではありません。";
        let en = "This is not awaited in this case.";
        faults.push(Fault::new("/part", "not_awaited", ja, en));
        return Err(Unrecordable::Faults(faults));
    };
    if !part.needed_for.is_open_in(state) {
        return Err(Unrecordable::WrongState);
    }
    if faults.is_empty() { Ok(part) } else { Err(Unrecordable::Faults(faults)) }
}

#[cfg(test)]
#[path = "originals_tests.rs"]
mod tests;
