//! The life of a procedure version (手続の版): drafted, proposed, approved by a second person, in force, then superseded or
//! closed; and what a draft application may still do once its version is no longer in force.
//!
//! ```text
//! draft ─propose─► proposed ─approve (somebody else)─► published ─► superseded (a later version begins)
//!   ▲ ▲               │  │                                     └──► closed (its last day has passed)
//!   │ └────edit───────┘  └─return (somebody else)─► returned ─propose/edit─► …        any of them ─withdraw─► withdrawn
//! ```
//!
//! Invariants: nobody who wrote or proposed approves or returns (four eyes); what is published is byte for byte what was
//! proposed, because an edit voids the proposal; a version that was superseded never comes back: the version in force on
//! a day is the one with the highest number that has begun, or none when that one has ended.

use jiff::civil::Date;

use super::id::OfficerId;

/// Where a publication stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// 作成中: may have faults.
    Draft,
    /// 承認待ち: waits for a second person.
    Proposed,
    /// 差戻し: sent back with a comment.
    Returned,
    /// 取止め: given up.
    Withdrawn,
    /// 公開済: approved; never changes again.
    Published,
}

impl Stage {
    /// All stages, for tables and tests.
    pub const ALL: [Self; 5] =
        [Self::Draft, Self::Proposed, Self::Returned, Self::Withdrawn, Self::Published];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Proposed => "proposed",
            Self::Returned => "returned",
            Self::Withdrawn => "withdrawn",
            Self::Published => "published",
        }
    }

    /// The stage of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

/// A proposal: who made it, and of which text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// Who proposed.
    pub by: OfficerId,
    /// SHA-256 of the text, hexadecimal.
    pub text_sha256: String,
}

/// A version, or the closing of one, on its way to being published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Where it stands.
    pub stage: Stage,
    /// Everybody who wrote on it, the author first.
    pub writers: Vec<OfficerId>,
    /// SHA-256 of the text as it is now, hexadecimal.
    pub text_sha256: String,
    /// The proposal it waits with, or was published with.
    pub proposed: Option<Proposed>,
}

/// Whether a text may be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Soundness {
    /// No fault was found.
    Sound,
    /// There are faults.
    Faulty,
}

/// What somebody does with a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write another text; a proposal is void with it.
    Edit {
        /// SHA-256 of the new text, hexadecimal.
        text_sha256: String,
    },
    /// Ask a second person to approve.
    Propose(Soundness),
    /// Publish what was proposed (承認).
    Approve(Soundness),
    /// Send it back (差戻し).
    Return,
    /// Give it up (取止め).
    Withdraw,
}

/// Why a step was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The step does not exist at this stage.
    WrongStage(Stage),
    /// The second person is the first one.
    OwnWork,
    /// The text has faults.
    Faulty,
    /// The text is not the one that was proposed.
    OtherText,
}

impl Publication {
    /// A new draft.
    pub fn begin(author: OfficerId, text_sha256: String) -> Self {
        Self { stage: Stage::Draft, writers: vec![author], text_sha256, proposed: None }
    }

    /// Takes a step in the name of `by`, or says why not.
    pub fn apply(mut self, by: OfficerId, step: Step) -> Result<Self, Rejection> {
        let open = matches!(self.stage, Stage::Draft | Stage::Proposed | Stage::Returned);
        match step {
            Step::Edit { text_sha256 } if open => {
                if !self.writers.contains(&by) {
                    self.writers.push(by);
                }
                Ok(Self { stage: Stage::Draft, text_sha256, proposed: None, ..self })
            }
            Step::Withdraw if open => Ok(Self { stage: Stage::Withdrawn, ..self }),
            Step::Propose(soundness) if matches!(self.stage, Stage::Draft | Stage::Returned) => {
                refuse_faulty(soundness)?;
                let proposed = Proposed { by, text_sha256: self.text_sha256.clone() };
                Ok(Self { stage: Stage::Proposed, proposed: Some(proposed), ..self })
            }
            Step::Approve(soundness) if self.stage == Stage::Proposed => {
                self.second_person(by)?;
                refuse_faulty(soundness)?;
                if self.proposed.as_ref().map(|proposed| &proposed.text_sha256) != Some(&self.text_sha256) {
                    return Err(Rejection::OtherText);
                }
                Ok(Self { stage: Stage::Published, ..self })
            }
            Step::Return if self.stage == Stage::Proposed => {
                self.second_person(by)?;
                Ok(Self { stage: Stage::Returned, proposed: None, ..self })
            }
            _ => Err(Rejection::WrongStage(self.stage)),
        }
    }

    fn second_person(&self, by: OfficerId) -> Result<(), Rejection> {
        let proposed = self.proposed.as_ref().is_some_and(|proposed| proposed.by == by);
        if proposed || self.writers.contains(&by) { Err(Rejection::OwnWork) } else { Ok(()) }
    }
}

fn refuse_faulty(soundness: Soundness) -> Result<(), Rejection> {
    match soundness {
        Soundness::Sound => Ok(()),
        Soundness::Faulty => Err(Rejection::Faulty),
    }
}

/// From when to when a version takes applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first day.
    pub from: Date,
    /// Its last day, when it is known.
    pub to: Option<Date>,
    /// Until when a draft begun under it may be handed in after the last day.
    pub drain_until: Option<Date>,
}

/// Why a version no longer takes applications, or that it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It begins later.
    Scheduled,
    /// It takes applications.
    InForce,
    /// A later version has begun.
    Superseded,
    /// Its last day has passed.
    Closed,
}

/// The version in force on `day` among (number, span) in rising order of their numbers; see the invariant of the module.
pub fn in_force<'a, T>(versions: impl DoubleEndedIterator<Item = (&'a T, Span)>, day: Date) -> Option<&'a T> {
    let (version, span) = versions.rev().find(|(_, span)| span.from <= day)?;
    span.to.is_none_or(|last| day <= last).then_some(version)
}

/// How a version stands on `day`; `next_from` is the first day of the next higher version, if there is one.
pub fn standing(span: Span, next_from: Option<Date>, day: Date) -> Standing {
    if day < span.from {
        Standing::Scheduled
    } else if next_from.is_some_and(|next| next <= day) {
        Standing::Superseded
    } else if span.to.is_some_and(|last| last < day) {
        Standing::Closed
    } else {
        Standing::InForce
    }
}

/// What an application that arrives under its pinned version meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalTerms {
    /// The pinned version is in force.
    Regular,
    /// It is not, but its drain date has not passed: its own form, the fee of the day (R-52).
    Drained,
    /// Too late: the draft has to move to the version in force.
    TooLate,
}

/// The terms of an arrival on `day` under a version of this standing and span.
pub fn arrival_terms(standing: Standing, span: Span, day: Date) -> ArrivalTerms {
    match standing {
        Standing::InForce => ArrivalTerms::Regular,
        Standing::Superseded | Standing::Closed if span.drain_until.is_some_and(|last| day <= last) => {
            ArrivalTerms::Drained
        }
        Standing::Superseded | Standing::Closed | Standing::Scheduled => ArrivalTerms::TooLate,
    }
}

#[cfg(test)]
mod tests;
